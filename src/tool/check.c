/* SPDX-License-Identifier: BSD-2-Clause */
/* inkan check: signed documents, by libinkan. */
#include "config.h"
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <inkan-sign.h>
#include "base/file.h"
#include "base/text.h"
#include "input.h"
#include "lib/object.h"
#include "say.h"
#include "show.h"
#include "signer/document.h"
#include "status/fetch.h"

#define MANY 32

enum {
	OPTION_ROLE = 256,
	OPTION_AT,
	OPTION_STATUS,
	OPTION_CONTENT,
	OPTION_EXTRACT,
	OPTION_FORCE,
	OPTION_TEST,
	OPTION_JSON,
	OPTION_FETCH
};

static const struct option options[] = {
	{"help", no_argument, NULL, 'h'},
	{"role", required_argument, NULL, OPTION_ROLE},
	{"at", required_argument, NULL, OPTION_AT},
	{"status", required_argument, NULL, OPTION_STATUS},
	{"content", required_argument, NULL, OPTION_CONTENT},
	{"extract", required_argument, NULL, OPTION_EXTRACT},
	{"force", no_argument, NULL, OPTION_FORCE},
	{"allow-test", no_argument, NULL, OPTION_TEST},
	{"json", no_argument, NULL, OPTION_JSON},
	{"fetch", no_argument, NULL, OPTION_FETCH},
	{NULL, 0, NULL, 0},
};

struct run {
	struct inkan_rules rules;
	const char *roles[MANY + 1], *content, *extract;
	size_t n_roles;
	bool force, json, fetch, help;
	struct inkan *ctx;
	json_t *list; /* with json: an object for each file */
};

static void help(void)
{
	printf("%s\n\n", _("Usage: inkan check [OPTIONS] FILE..."));
	printf("%s\n",
	       _("Tells of each signature in a document (XAdES, CAdES) who made it, with which licence, when, what it\n"
	         "covers and what not, and whether it holds: valid, not to be decided (why, and what would decide\n"
	         "it) or invalid. By the installed anchors and the revocation lists at hand; no network."));
	printf("\n  --content FILE   %s\n", _("what a detached .p7s covers; FILE without .p7s unless told"));
	printf("  --role ROLE      %s\n", _("the signer must state this role (hcRole); of several: one of them"));
	printf("  --status require|prefer|off\n                   %s\n",
	       _("known not to be revoked (the default); not known to be\n"
	         "                   revoked; not looked at"));
	printf("  --at TIME        %s\n", _("decide for that time: 2026-11-20, 2026-11-20T12:00:00Z"));
	printf("  --allow-test     %s\n", _("accept a test certificate"));
	printf("  --extract FILE   %s\n", _("write what the signature encloses (a prescription's CSV) there"));
	printf("  --force          %s\n", _("replace files that are there"));
	printf("  --fetch          %s\n", _("fetch the signers' revocation lists first"));
	printf("  --json           %s\n", _("one JSON object"));
	printf("  --help\n\n%s\n",
	       _("The exit status: 0 valid, 1 no such role, 2 revoked, 3 status or content not known,\n"
	         "4 chain, policy or use, 5 validity, 6 test certificate, 7 invalid or no signature."));
}

static enum exit_code parse(int argc, char **argv, struct run *r)
{
	int option;
	time_t at;

	while ((option = next_option(argc, argv, options)) != -1) {
		bool fine = true;

		if (option == OPTION_ROLE && (fine = r->n_roles < MANY && optarg[0])) {
			r->roles[r->n_roles++] = optarg;
			r->rules.roles = r->roles;
		} else if (option == OPTION_AT && (fine = time_read(optarg, &at))) {
			r->rules.at = at;
		} else if (option == OPTION_STATUS) {
			fine = input_status_rule(optarg, &r->rules.status);
		} else if (option == OPTION_CONTENT) {
			r->content = optarg;
		} else if (option == OPTION_EXTRACT) {
			r->extract = optarg;
		} else if (option == '?') {
			return EXIT_USAGE;
		}
		r->help |= option == 'h';
		r->force |= option == OPTION_FORCE;
		r->json |= option == OPTION_JSON;
		r->fetch |= option == OPTION_FETCH;
		r->rules.allow_test |= option == OPTION_TEST;
		if (!fine)
			return refuse_value(argv[0], optarg);
	}
	if (r->help)
		return EXIT_DONE;
	if (optind == argc || ((r->content || r->extract) && optind + 1 < argc)) {
		complain(optind == argc ? _("Name the files to check.")
		                        : _("The options --content and --extract are for one file."));
		advise(_("See: inkan %s --help"), argv[0]);
		return EXIT_USAGE;
	}
	return r->fetch ? fetches() : EXIT_DONE;
}

/* ---- The answer */

/* What a problem means, and what would decide it or what to do; a word without a row: EXIT_MALFORMED. */
static const struct row {
	const char *problem;
	int code;
	const char *advice; /* NULL: what inkan_decide says; "": nothing */
} rows[] = {
	{"no-anchor", INKAN_VERDICT_BAD_CHAIN, NULL},
	{"chain", INKAN_VERDICT_BAD_CHAIN, NULL},
	{"revoked", INKAN_VERDICT_REVOKED, NULL},
	{"revoked-since", INKAN_VERDICT_REVOKED, N_("A time stamp from before the revocation would decide it.")},
	{"validity", INKAN_VERDICT_NOT_VALID, NULL},
	{"expired-since", INKAN_VERDICT_NOT_VALID, N_("A time stamp from before the expiry would decide it.")},
	{"test-certificate", INKAN_VERDICT_TEST_ONLY, NULL},
	{"status-unknown", INKAN_VERDICT_NO_STATUS, NULL},
	{"no-content", EXIT_LACKING, N_("Name the signed file: --content FILE")},
	{"no-file", EXIT_LACKING, N_("Put the files that it names beside it.")},
	{"elsewhere", EXIT_LACKING, N_("Use only the element that it covers.")},
	{"role", INKAN_VERDICT_NO_ROLE, NULL},
	{"time-stamp-anchor", EXIT_MALFORMED,
         N_("Install the certificate of the authority's root: inkan trust add --tsa FILE")},
};

static const struct row *row_of(const char *problem)
{
	static const struct row other = {"", EXIT_MALFORMED, ""};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (strcmp(rows[i].problem, problem) == 0)
			return &rows[i];
	return &other;
}

/* In the order of `inkan verify`, after what is no answer about a document. */
static enum exit_code worse(enum exit_code a, enum exit_code b)
{
	static const char order[] = {7, 4, 2, 5, 6, 3, 1};

	if (a >= EXIT_USAGE || b >= EXIT_USAGE)
		return a >= EXIT_USAGE ? a : b;
	for (size_t i = 0; i < sizeof order; i++)
		if ((int)a == order[i] || (int)b == order[i])
			return (enum exit_code)order[i];
	return EXIT_DONE;
}

static enum exit_code exit_of_check(const struct inkan_check *c)
{
	enum exit_code code = EXIT_DONE;

	for (size_t i = 0; i <= inkan_check_count(c); i++) {
		enum inkan_check_result means;
		const char *word;

		for (size_t k = 0; (word = inkan_check_problem(c, i, k, &means)); k++)
			if (means != INKAN_CHECK_VALID)
				code = worse(code, (enum exit_code)row_of(word)->code);
	}
	return code;
}

static const char *result_text(enum inkan_check_result result)
{
	return result == INKAN_CHECK_VALID       ? _("valid")
	       : result == INKAN_CHECK_UNDECIDED ? _("cannot be decided")
	                                         : _("INVALID");
}

static void put_problems(const struct inkan_check *c, size_t i, const struct inkan_decision *decision)
{
	enum inkan_check_result means;
	char *decided = decision && inkan_decision_reason(decision, 0) ? decision_advice(decision) : NULL;
	const char *word, *advice, *last = ""; /* several problems may have one remedy */

	for (size_t k = 0; inkan_check_problem(c, i, k, &means); k++)
		put_field(means == INKAN_CHECK_VALID ? _("Note") : _("Reason"), "%s",
		          inkan_check_problem_text(c, i, k));
	for (size_t k = 0; (word = inkan_check_problem(c, i, k, NULL)); k++) {
		advice = row_of(word)->advice;
		advice = !advice ? decided : *advice ? _(advice) : NULL;
		if (advice && strcmp(advice, last) != 0)
			put_field(_("What to do"), "%s", advice);
		last = advice ? advice : last;
	}
	free(decided);
}

static void put_signature(const struct inkan_check *c, size_t i)
{
	struct inkan_signature_info s = {.size = sizeof s};
	struct inkan_stamp_info stamp = {.size = sizeof stamp};
	char text[LOCAL_TIME_SIZE];
	const char *what;

	inkan_check_signature(c, i, &s);
	printf(_("Signature %zu of %zu (%s, %s): %s\n"), i + 1, inkan_check_count(c), s.form, s.what,
	       result_text(s.result));
	put_problems(c, i, s.decision);
	if (s.cert)
		text_holder(put_field, s.cert, false);
	if (s.claimed)
		put_field(_("Signed"), _("%s, as the signer claims"), time_text((time_t)s.claimed, false, text));
	for (size_t k = 0; k < s.n_stamps; k++) {
		inkan_check_stamp(c, i, k, &stamp);
		if (stamp.time)
			put_field(stamp.archive ? _("Archive stamp") : _("Time stamp"), _("%s by %s (%s)"),
			          time_text((time_t)stamp.time, false, text), stamp.authority,
			          stamp.accepted ? _("verified") : _("not used"));
		else
			put_field(stamp.archive ? _("Archive stamp") : _("Time stamp"), "%s", _("cannot be read"));
	}
	put_field(_("Decided for"), _("%s (%s)"), time_text((time_t)s.at, false, text),
	          s.proven ? _("proven") : _("nothing proves an earlier time"));
	if (s.decision)
		text_status(put_field, s.decision);
	for (size_t k = 0; (what = inkan_check_covered(c, i, k)); k++)
		put_field(_("Covers"), "%s", what);
	for (size_t k = 0; (what = inkan_check_not_covered(c, i, k)); k++)
		put_field(_("Not covered"), "%s", what);
}

static json_t *texts_json(const struct inkan_check *c, size_t i,
                          const char *(*get)(const struct inkan_check *, size_t, size_t))
{
	json_t *list = json_array();

	for (size_t k = 0; get(c, i, k); k++)
		json_array_append_new(list, json_text(get(c, i, k)));
	return list;
}

static json_t *problems_json(const struct inkan_check *c, size_t i)
{
	json_t *list = json_array();
	enum inkan_check_result means;
	const char *word;

	for (size_t k = 0; (word = inkan_check_problem(c, i, k, &means)); k++)
		json_array_append_new(list,
		                      json_pack("{ss ss}", "problem", word, "means", inkan_check_result_word(means)));
	return list;
}

static json_t *signature_json(const struct inkan_check *c, size_t i)
{
	struct inkan_signature_info s = {.size = sizeof s};
	struct inkan_stamp_info t = {.size = sizeof t};
	json_t *stamps = json_array(), *signer;
	char at[TIME_TEXT_SIZE], claimed[TIME_TEXT_SIZE] = "";

	inkan_check_signature(c, i, &s);
	for (size_t k = 0; k < s.n_stamps; k++) {
		inkan_check_stamp(c, i, k, &t);
		time_write((time_t)t.time, at);
		json_array_append_new(stamps, json_pack("{ss? so sb sb ss}", "time", t.time ? at : NULL, "authority",
		                                        json_text(t.authority), "archive", t.archive, "accepted",
		                                        t.accepted, "problem", t.problem));
	}
	time_write((time_t)s.at, at);
	if (s.claimed)
		time_write((time_t)s.claimed, claimed);
	signer = s.cert ? json_certificate(s.cert, !inkan_cert_is_personal(s.cert)) : json_null();
	if (s.decision)
		json_add_decision(signer, s.decision, false, true);
	return json_pack("{ss ss ss ss ss sb so so so so so}", "result", inkan_check_result_word(s.result), "form",
	                 s.form, "what", s.what, "claimed", claimed, "at", at, "proven", s.proven, "stamps", stamps,
	                 "signer", signer, "covered", texts_json(c, i, inkan_check_covered), "not_covered",
	                 texts_json(c, i, inkan_check_not_covered), "problems", problems_json(c, i));
}

static void put_document(const struct run *r, const struct inkan_check *c, const char *path)
{
	size_t n = inkan_check_count(c);
	json_t *signatures;

	if (!r->json) {
		put_text(stdout, path);
		printf(": %s\n", result_text(inkan_check_result(c)));
		put_problems(c, n, NULL);
		for (size_t i = 0; i < n; i++)
			put_signature(c, i);
		return;
	}
	signatures = json_array();
	for (size_t i = 0; i < n; i++)
		json_array_append_new(signatures, signature_json(c, i));
	json_array_append_new(r->list, json_pack("{so ss so so}", "file", json_text(path), "result",
	                                         inkan_check_result_word(inkan_check_result(c)), "problems",
	                                         problems_json(c, n), "signatures", signatures));
}

/* ---- A file */

/* Fetches what the certificates of the chains name, into the store. What fails is seen in the status afterwards. */
static void fetch_lists(const struct run *r, const struct inkan_check *c)
{
	char folders[2][4096], program[4096];
	const char *const list[] = {folders[0], folders[1]};
	struct fetch_job job = {.program = program_path("inkan-fetch", program),
	                        .store = r->ctx->store,
	                        .trust = r->ctx->trust,
	                        .folders = list,
	                        .n = store_folders(folders),
	                        .seconds = 30,
	                        .bytes = (long)DOCUMENT_MAX};
	struct sources sources = {0};

	for (size_t i = 0; i < inkan_check_count(c); i++) {
		struct inkan_signature_info s = {.size = sizeof s};
		const struct inkan_cert *cert;

		inkan_check_signature(c, i, &s);
		if (!s.decision || inkan_decision_missing_issuer(s.decision))
			continue; /* of nobody that is trusted: its addresses could be anybody's */
		for (size_t k = 0; (cert = inkan_decision_cert(s.decision, k)); k++)
			sources_of_cert(&sources, cert->cert);
	}
	fetch_all(&job, &sources);
	sources_free(&sources);
}

/* What is extracted replaces no file unasked, and never one that is read here. */
static enum exit_code look_at_extract(const struct run *r, const char *path)
{
	const char *const inputs[] = {path, r->content};
	struct stat out, in;
	bool input = false;

	if (r->extract && output_look(r->extract) != EXIT_DONE)
		return EXIT_OUTPUT;
	if (!r->extract || stat(r->extract, &out) != 0)
		return EXIT_DONE;
	for (size_t i = 0; i < 2; i++)
		if (inputs[i] && (strcmp(inputs[i], "-") == 0 ? fstat(STDIN_FILENO, &in) : stat(inputs[i], &in)) == 0 &&
		    in.st_dev == out.st_dev && in.st_ino == out.st_ino)
			input = true;
	if (r->force && !input)
		return EXIT_DONE;
	complain(_("%s is there already."), r->extract);
	advise(input ? _("It is one of the files to check: name another one with --extract.")
	             : _("Name another file with --extract, or replace it with --force."));
	return EXIT_OUTPUT;
}

static enum exit_code check_file(struct run *r, const char *path)
{
	struct inkan_check_options o = {.size = sizeof o, .rules = &r->rules};
	struct buf data = {0}, content = {0};
	char *folder = strdup(path), *slash = folder ? strrchr(folder, '/') : NULL;
	struct inkan_check *c = NULL;
	const unsigned char *inside;
	enum exit_code code = look_at_extract(r, path);
	size_t n = strlen(path);
	bool here = r->content; /* the content of a detached signature, which may be empty */
	enum inkan_error e;

	if (code == EXIT_DONE)
		code = input_file(path, DOCUMENT_MAX, &data);
	if (code == EXIT_DONE && r->content)
		code = input_file(r->content, DOCUMENT_MAX, &content);
	else if (code == EXIT_DONE && folder && n > 4 && strcmp(path + n - 4, ".p7s") == 0) {
		folder[n - 4] = '\0';
		here = path_read(folder, DOCUMENT_MAX, &content) == E_OK;
	}
	o.content = !here ? NULL : content.data ? content.data : (const uint8_t *)"";
	if (code != EXIT_DONE)
		goto out;
	if (slash)
		slash[1] = '\0';
	o.folder = slash ? folder : ".";
	o.content_n = content.len;
	e = inkan_check(r->ctx, data.data ? data.data : (const uint8_t *)"", data.len, &o, &c);
	if (e == INKAN_OK && r->fetch) {
		fetch_lists(r, c);
		inkan_check_free(&c);
		e = inkan_check(r->ctx, data.data, data.len, &o, &c);
	}
	if (e != INKAN_OK) {
		complain("%s: %s", path,
		         e != INKAN_E_FORMAT ? inkan_error_text(e)
		         : WITH_XMLSEC       ? _("neither XML nor signed CMS (PKCS#7)")
		                       : _("not CMS (PKCS#7); this build has no XML signatures (--without-xmlsec)"));
		if (e == INKAN_E_FORMAT)
			advise("%s", data.data && data.len > 4 && memcmp(data.data, "%PDF", 4) == 0
			                     ? _("It is a PDF: pdfsig checks its signatures; see the guide.")
			                     : _("Of a mail, save what is attached (smime.p7s, smime.p7m); CMS that is "
			                         "encrypted, compressed or a digest alone has no signature."));
		code = e == INKAN_E_FORMAT ? EXIT_MALFORMED : EXIT_INTERNAL;
		goto out;
	}
	put_document(r, c, path);
	code = exit_of_check(c);
	inside = inkan_check_content(c, &n);
	if (r->extract && (!inside || inkan_check_result(c) == INKAN_CHECK_INVALID)) {
		complain(_("Nothing was written to %s: there is no content, or it does not hold."), r->extract);
		code = code == EXIT_DONE ? EXIT_OUTPUT : code;
	} else if (r->extract && path_replace(r->extract, (struct bytes){inside, n}, 0600) != E_OK) {
		complain("%s: %s", r->extract, strerror(errno));
		code = EXIT_OUTPUT;
	}
out:
	if (!c) /* not looked at */
		json_array_append_new(r->list, json_pack("{so sn s[] s[]}", "file", json_text(path), "result",
		                                         "problems", "signatures"));
	inkan_check_free(&c);
	buf_wipe(&data);
	buf_wipe(&content);
	free(folder);
	return code;
}

enum exit_code verb_check(int argc, char **argv)
{
	struct run r = {.rules.size = sizeof r.rules};
	enum exit_code code = parse(argc, argv, &r), one;

	if (r.help && code == EXIT_DONE)
		help();
	if (r.help || code != EXIT_DONE || (code = input_open(false, &r.ctx)) != EXIT_DONE)
		return code;
	r.list = json_array();
	for (int i = optind; i < argc; i++)
		code = worse(code, check_file(&r, argv[i]));
	if (r.json && (one = json_print(json_pack("{si sO}", "version", 1, "files", r.list))) != EXIT_DONE)
		code = one;
	json_decref(r.list);
	inkan_free(&r.ctx);
	return code;
}
