/* SPDX-License-Identifier: BSD-2-Clause */
/* inkan trust add|list|remove: the CA certificates that others are verified with. */
#include "config.h"
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <openssl/pem.h>
#include "base/file.h"
#include "base/text.h"
#include "cards/family.h"
#include "cert/file.h"
#include "ask.h"
#include "find.h"
#include "input.h"
#include "lib/names.h"
#include "lib/object.h"
#include "say.h"
#include "show.h"
#include "tool.h"

#define FINGERPRINT_SIZE 65 /* hexadecimal, lower case */

enum { OPTION_YES = 256, OPTION_SYSTEM, OPTION_JSON, OPTION_READER, OPTION_OUTPUT, OPTION_TSA };

static const struct option options[] = {
	{"help", no_argument, NULL, 'h'},
	{"yes", no_argument, NULL, OPTION_YES},
	{"system", no_argument, NULL, OPTION_SYSTEM},
	{"json", no_argument, NULL, OPTION_JSON},
	{"reader", required_argument, NULL, OPTION_READER},
	{"output", required_argument, NULL, OPTION_OUTPUT},
	{"tsa", no_argument, NULL, OPTION_TSA},
	{NULL, 0, NULL, 0},
};

struct run {
	char **args;
	int n_args;
	const char *reader, *output;
	bool yes, system, json, tsa;
	struct crypto *crypto;
	struct trust *trust; /* what is installed, in both folders */
	const char *file;    /* that is being added */
};

static void help(void)
{
	printf("%s\n\n", _("Usage: inkan trust add [--tsa] [--yes] [--system] [--reader NAME] FILE|-|card...\n"
	                   "       inkan trust list [--tsa] [--json]\n"
	                   "       inkan trust remove [--tsa] [--yes] [--system] FINGERPRINT|FILE\n"
	                   "       inkan trust export [--system] --output FILE"));
	printf("%s\n", _("The CA certificates that certificates are verified with: a self-signed one is an anchor,\n"
	                 "the others help to build chains. None is there unless somebody has added it."));
	printf("\n  --yes      %s\n", _("do not ask (scripts: compare the fingerprint first)"));
	printf("  --system   %s\n", _("for everybody on this machine"));
	printf("  --tsa      %s\n", _("those of time stamp authorities, which vouch for nothing else"));
	printf("  --reader   %s\n", _("the card in the reader with NAME in its name"));
	printf("  --output   %s\n", _("write the CA certificates for logins there, as PEM, for a web server"));
	printf("  --json     %s\n  --help\n", _("one JSON object"));
	printf("\n%s\n", _("card: the CA certificates on the card in the reader. A file that is called card: ./card"));
}

/* What a published certificate is, translated; NULL for any other. */
static const char *known_name(const struct cert *cert)
{
	char hex[FINGERPRINT_SIZE];

	hex_write(cert->sha256, sizeof cert->sha256, hex);
	for (const struct family *const *f = families; *f; f++)
		for (size_t i = 0; i < (*f)->n_cas; i++)
			if (strcmp((*f)->cas[i].sha256, hex) == 0)
				return _((*f)->cas[i].name);
	return NULL;
}

static void put_certificate(const struct cert *cert)
{
	const char *name = known_name(cert);
	char *subject = name_text(X509_get_subject_name(cert->x509)); /* of a key for lists, too */
	char text[LOCAL_TIME_SIZE], print[3 * sizeof cert->sha256 + 1];

	put_text(stdout, subject ? subject : "");
	putchar('\n');
	free(subject);
	for (size_t i = 0; i < sizeof cert->sha256; i++)
		snprintf(print + 3 * i, 4, "%02X:", cert->sha256[i]);
	print[sizeof print - 2] = '\0';
	put_field(_("SHA-256"), "%s", print);
	put_field(_("Known as"), "%s", name ? name : _("nothing that Inkan knows"));
	put_field(_("Valid until"), "%s", time_text(cert->not_after, true, text));
}

/* True when a person at the terminal said yes. */
static bool confirm(const struct run *run, const char *question)
{
	return run->yes ||
	       ask_yes(question, _("Compare the fingerprint with the one that the CA publishes, then use --yes."));
}

/* The folder that is written to; false: said. */
static bool choose_folder(const struct run *run, char out[4096])
{
	char folders[2][4096];
	size_t n = run->tsa ? trust_stamp_folders(folders) : trust_folders(folders);

	if (n == 0) {
		complain("%s", _(error_text(E_IO)));
		return false;
	}
	if (!run->system && n < 2) {
		complain(_("There is no folder for anchors of your own: HOME is not set."));
		advise(_("Set HOME, or use --system."));
		return false;
	}
	memcpy(out, folders[run->system ? 0 : 1], 4096);
	return true;
}

static enum exit_code refuse_write(const char *path)
{
	bool denied = errno == EACCES || errno == EPERM;

	complain(_("%s could not be written: %s."), path, strerror(errno));
	if (denied)
		advise(_("The system's folder is its administrator's: sudo inkan trust … --system."));
	else
		advise(_("Nothing was changed."));
	return denied || errno == EROFS ? EXIT_REFUSED : EXIT_OUTPUT;
}

/* ---- add */

static enum exit_code write_certificate(const struct run *run, const struct cert *cert)
{
	char folder[4096], hex[FINGERPRINT_SIZE], path[4096 + FINGERPRINT_SIZE + 8];
	enum exit_code code = EXIT_DONE;
	BIO *pem = NULL;
	struct stat st;
	char *text;
	long n;

	if (!choose_folder(run, folder))
		return EXIT_USAGE;
	if (path_make_folders(folder, 0755) != E_OK || stat(folder, &st) != 0)
		return refuse_write(folder);
	if ((st.st_uid != 0 && st.st_uid != geteuid()) || (st.st_mode & (S_IWGRP | S_IWOTH))) {
		complain(_("Nothing in %s is used: it is another user's, or other users may write there."), folder);
		advise(_("Look at what is in it, then: chmod go-w %s; nothing was changed."), folder);
		return EXIT_REFUSED;
	}
	hex_write(cert->sha256, sizeof cert->sha256, hex);
	snprintf(path, sizeof path, "%s/%s.pem", folder, hex);
	pem = BIO_new(BIO_s_mem());
	if (!pem || PEM_write_bio(pem, PEM_STRING_X509, "", cert->der.data, (long)cert->der.len) <= 0) {
		complain("%s", _(error_text(E_MEMORY)));
		code = EXIT_INTERNAL;
		goto out;
	}
	n = BIO_get_mem_data(pem, &text);
	if (path_replace(path, (struct bytes){(const uint8_t *)text, (size_t)n}, 0644) != E_OK)
		code = refuse_write(path);
	else
		put_field(_("Added"), "%s", path);
out:
	BIO_free(pem);
	return code;
}

static enum exit_code add_certificate(void *arg, const struct cert *cert)
{
	const struct run *run = arg;

	if (!trust_takes(cert)) {
		complain(_("%s: not the certificate of a CA."), run->file);
		advise(_("Anchors are CA certificates, such as the root of HPKI; see what this one is: inkan show %s"),
		       run->file);
		return EXIT_MALFORMED;
	}
	put_certificate(cert);
	if (!cert->ca)
		put_field(_("Used as"), "%s", _("key for revocation lists"));
	for (size_t i = 0; i < run->trust->n; i++) {
		if (memcmp(run->trust->list[i]->cert->sha256, cert->sha256, sizeof cert->sha256) == 0) {
			put_field(_("There already"), "%s", run->trust->list[i]->file);
			return EXIT_DONE;
		}
	}
	if (!confirm(run, _("Compare the fingerprint with the one that the CA publishes. Trust it? [yes/no] ")))
		return EXIT_REFUSED;
	return write_certificate(run, cert);
}

/* Nothing is trusted because a card has it: each is shown and asked about, once, though two
 * tokens of a card may have one CA. What cannot be read is not there. */
static enum exit_code add_of_card(struct run *run)
{
	uint8_t seen[TOKENS_MAX * CARD_CERTS_MAX][32];
	struct find f = {.n = 0};
	struct place *place;
	enum exit_code code = find_card(&f, run->reader, &place), one;
	size_t n = 0;

	if (code != EXIT_DONE) {
		find_free(&f);
		return code;
	}
	for (size_t t = 0; t < place->n; t++) {
		struct card *card = place->tokens[t].card;

		for (size_t i = 0; i < card->n_certs; i++) {
			const struct card_cert *c = &card->certs[i];
			struct cert *cert = NULL;
			size_t k = 0;

			if (c->role == CERT_OWN || card_read_cert(card, i) != E_OK ||
			    cert_parse(f.crypto, (struct bytes){c->der, c->der_len}, &cert) != E_OK)
				continue;
			while (k < n && memcmp(seen[k], cert->sha256, sizeof seen[k]) != 0)
				k++;
			if (cert->ca && k == n) {
				memcpy(seen[n++], cert->sha256, sizeof seen[0]);
				one = add_certificate(run, cert);
				code = code == EXIT_DONE ? one : code;
			}
			cert_free(&cert);
		}
	}
	if (n == 0) {
		complain(_("No CA certificate can be read from the card in %s."), place->state.name);
		advise(_("Its CA publishes them; then: inkan trust add FILE"));
		code = EXIT_UNAVAILABLE;
	}
	find_free(&f);
	return code;
}

/* Each certificate of each file; what went wrong first gives the exit code. */
static enum exit_code add(struct run *run)
{
	enum exit_code code = EXIT_DONE, one;

	for (int i = 0; i < run->n_args; i++) {
		run->file = run->args[i];
		one = strcmp(run->file, "card") == 0
		              ? add_of_card(run)
		              : input_each_certificate(run->crypto, run->file, add_certificate, run);
		code = code == EXIT_DONE ? one : code;
	}
	return code;
}

/* ---- list */

static enum exit_code list_json(const struct trust *trust)
{
	json_t *json = json_object(), *list = json_array(), *passed = json_array();

	for (size_t i = 0; i < trust->n; i++) {
		const struct trusted_ca *ca = trust->list[i];
		const char *name = known_name(ca->cert);
		char *subject = name_text(X509_get_subject_name(ca->cert->x509));
		json_t *one, *flaws = json_array();
		struct inkan_cert view;
		unsigned flaw;

		inkan_cert_view(ca->cert, &view);
		one = json_certificate(&view, false);
		cert_texts_free(view.texts);
		json_object_set_new(one, "subject", json_text(subject ? subject : ""));
		free(subject);
		for (unsigned k = 0; (flaw = reason_next(ca->flaws, k)); k++)
			json_array_append_new(flaws, json_string(reason_word(flaw)));
		json_object_set_new(one, "file", json_text(ca->file));
		json_object_set_new(one, "anchor", json_boolean(ca->anchor));
		json_object_set_new(one, "sound", json_boolean(ca->sound));
		json_object_set_new(one, "flaws", flaws);
		json_object_set_new(one, "known_as", name ? json_text(name) : json_null());
		json_array_append_new(list, one);
	}
	for (size_t i = 0; i < trust->n_passed; i++) {
		enum error why = trust->passed[i].why;
		json_t *one = json_object();

		json_object_set_new(one, "file", json_text(trust->passed[i].path));
		json_object_set_new(one, "why",
		                    json_string(why == E_DENIED                        ? "writable-by-others"
		                                : why == E_UNSUPPORTED                 ? "not-a-ca"
		                                : why == E_FORMAT || why == E_TOO_LONG ? "no-certificate"
		                                                                       : "unreadable"));
		json_array_append_new(passed, one);
	}
	json_object_set_new(json, "version", json_integer(1));
	json_object_set_new(json, "certificates", list);
	json_object_set_new(json, "passed_over", passed);
	return json_print(json);
}

static enum exit_code list(struct run *run)
{
	const struct trust *trust = run->trust;

	if (run->json)
		return list_json(trust);
	for (size_t i = 0; i < trust->n; i++) {
		const struct trusted_ca *ca = trust->list[i];
		unsigned flaw;

		if (i > 0)
			putchar('\n');
		put_certificate(ca->cert);
		put_field(_("Used as"), "%s",
		          ca->anchor                      ? _("anchor")
		          : ca->sound || !ca->signs_lists ? _("part of chains")
		                                          : _("key for revocation lists"));
		put_field(_("File"), "%s", ca->file);
		for (unsigned k = 0; !ca->signs_lists && (flaw = reason_next(ca->flaws, k)); k++)
			put_field(_("NOT USABLE"), "%s", _(reason_text(flaw)));
	}
	if (trust->n == 0)
		printf("%s\n", _("No CA certificate is installed; inkan trust add FILE adds one."));
	for (size_t i = 0; i < trust->n_passed; i++) {
		putchar('\n');
		put_text(stdout, trust->passed[i].path);
		putchar('\n');
		put_field(_("Passed over"), "%s", _(passed_over_text(trust->passed[i].why)));
		if (trust->passed[i].why == E_DENIED)
			put_field(_("What helps"), "%s", _("chmod go-w, and chown where it is another user's"));
	}
	return EXIT_DONE;
}

/* ---- remove */

/* The one CA whose fingerprint (colons or not, at least eight digits) or file it is. */
static enum exit_code remove_(struct run *run)
{
	char hex[FINGERPRINT_SIZE], typed[FINGERPRINT_SIZE] = "", folder[4096];
	const struct trust *trust = run->trust;
	const struct trusted_ca *ca = NULL;
	size_t len = 0, n = 0;
	uint8_t *der;
	BIO *bio;

	for (const char *p = run->args[0]; *p && len < sizeof typed - 1; p++)
		if (*p != ':')
			typed[len++] = *p >= 'A' && *p <= 'F' ? (char)(*p - 'A' + 'a') : *p;
	for (size_t i = 0; i < trust->n; i++) {
		hex_write(trust->list[i]->cert->sha256, sizeof trust->list[i]->cert->sha256, hex);
		if (strcmp(trust->list[i]->file, run->args[0]) == 0 || (len >= 8 && strncmp(hex, typed, len) == 0)) {
			ca = trust->list[i];
			n++;
		}
	}
	if (n != 1) {
		complain(n == 0 ? _("No such certificate is installed: %s.")
		                : _("Several certificates are meant by %s."),
		         run->args[0]);
		advise(_("See what is there: inkan trust list. Name a fingerprint, or its beginning, or the file."));
		return n == 0 ? EXIT_NO_INPUT : EXIT_USAGE;
	}
	put_certificate(ca->cert);
	put_field(_("File"), "%s", ca->file);
	if (!confirm(run, _("Remove it? [yes/no] ")))
		return EXIT_REFUSED;
	if (!choose_folder(run, folder))
		return EXIT_USAGE;
	len = strlen(folder);
	if (strncmp(ca->file, folder, len) != 0 || ca->file[len] != '/') {
		complain(run->system ? _("%s is not in the system's folder.") : _("%s is not in your own folder."),
		         ca->file);
		advise(run->system ? _("Without --system your own are removed.")
		                   : _("The system's are removed with --system."));
		return EXIT_REFUSED;
	}
	/* a file that a person has put there may hold several */
	bio = BIO_new_file(ca->file, "r");
	for (n = 0; bio && cert_pem_next(bio, &der, &len); n++)
		OPENSSL_free(der);
	BIO_free(bio);
	if (n > 1) {
		complain(_("The file %s holds other certificates too."), ca->file);
		advise(_("Take this one out of it with an editor."));
		return EXIT_REFUSED;
	}
	if (unlink(ca->file) != 0)
		return refuse_write(ca->file);
	put_field(_("Removed"), "%s", ca->file);
	return EXIT_DONE;
}

/* ---- export */

/* What a web server names when it asks for a certificate: not the CAs of signature certificates, and nothing that
 * cannot be used. In the order of the folder, so that the same certificates make the same file. */
static enum exit_code export_(struct run *run)
{
	enum exit_code code = output_look(run->output);
	BIO *pem = code == EXIT_DONE ? BIO_new(BIO_s_mem()) : NULL;
	bool good = pem != NULL;
	size_t count = 0;
	char *text;
	long n;

	if (code != EXIT_DONE)
		return code;
	for (size_t i = 0; good && i < run->trust->n; i++) {
		const struct trusted_ca *ca = run->trust->list[i];

		if (!ca->sound || ca->cert->profile->use == USE_SIGN)
			continue;
		good = PEM_write_bio(pem, PEM_STRING_X509, "", ca->cert->der.data, (long)ca->cert->der.len) > 0;
		count++;
	}
	if (!good) {
		complain("%s", _(error_text(E_MEMORY)));
		BIO_free(pem);
		return EXIT_INTERNAL;
	}
	n = BIO_get_mem_data(pem, &text);
	if (count == 0) {
		complain(_("There is no CA certificate to export. %s stays as it was."), run->output);
		advise(_("Install the root and the CA certificates: inkan trust add FILE"));
		code = EXIT_LACKING;
	} else if (path_replace(run->output, (struct bytes){(const uint8_t *)text, (size_t)n}, 0644) != E_OK) {
		complain(_("%s cannot be written: %s."), run->output, strerror(errno));
		advise(_("What was there stays as it was."));
		code = EXIT_OUTPUT;
	} else {
		put_text(stdout, run->output);
		printf(P_(": %zu CA certificate\n", ": %zu CA certificates\n", count), count);
	}
	BIO_free(pem);
	return code;
}

static const struct act {
	const char *name;
	enum exit_code (*run)(struct run *run);
	int least, most; /* arguments */
} acts[] = {{"add", add, 1, INT_MAX}, {"list", list, 0, 0}, {"remove", remove_, 1, 1}, {"export", export_, 0, 0}};

enum exit_code verb_trust(int argc, char **argv)
{
	char folders[2][4096];
	const char *paths[2] = {folders[0], folders[1]}, *word;
	const struct act *act = NULL;
	struct run run = {.n_args = 0};
	bool wants_help = false, card = false;
	enum exit_code code;
	enum error e;
	size_t n;
	int option;

	while ((option = next_option(argc, argv, options)) != -1) {
		if (option == '?')
			return EXIT_USAGE;
		wants_help |= option == 'h';
		run.yes |= option == OPTION_YES;
		run.system |= option == OPTION_SYSTEM;
		run.json |= option == OPTION_JSON;
		run.tsa |= option == OPTION_TSA;
		if (option == OPTION_READER)
			run.reader = optarg;
		if (option == OPTION_OUTPUT)
			run.output = optarg;
	}
	if (wants_help) {
		help();
		return EXIT_DONE;
	}
	word = optind < argc ? argv[optind++] : "";
	run.args = argv + optind;
	run.n_args = argc - optind;
	for (size_t i = 0; i < sizeof acts / sizeof *acts; i++)
		if (strcmp(acts[i].name, word) == 0)
			act = &acts[i];
	for (int i = 0; act && act->run == add && i < run.n_args; i++)
		card |= strcmp(run.args[i], "card") == 0;
	if (!act && *word)
		return refuse_argument(argv[0], word);
	if (run.tsa && act && act->run == export_)
		return refuse_argument(argv[0], "--tsa");
	if (run.reader && !card)
		return refuse_argument(argv[0], run.reader);
	if (!act || run.n_args < act->least || (act->run == export_) != (run.output != NULL)) {
		complain(!act                  ? _("No command is given: add, list, remove or export.")
		         : act->run == export_ ? _("inkan trust export: --output FILE is missing.")
		         : run.output          ? _("--output is for inkan trust export.")
		                               : _("Which certificate?"));
		advise(_("See: inkan %s --help"), argv[0]);
		return EXIT_USAGE;
	}
	if (run.n_args > act->most)
		return refuse_argument(argv[0], run.args[act->most]);
	if (run.system)
		umask(S_IWGRP | S_IWOTH); /* everybody may read what is everybody's, whatever root's umask is */
	e = crypto_new(&run.crypto);
	n = run.tsa ? trust_stamp_folders(folders) : trust_folders(folders);
	if (e == E_OK)
		e = trust_open(run.crypto, paths, run.system && act->run == export_ ? 1 : n, &run.trust);
	if (e != E_OK)
		complain("%s", _(error_text(e)));
	code = e == E_OK ? act->run(&run) : EXIT_INTERNAL;
	trust_free(&run.trust);
	crypto_free(&run.crypto);
	return code;
}
