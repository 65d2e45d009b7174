/* SPDX-License-Identifier: BSD-2-Clause */
/* inkan sign: documents signed with an HPKI card, by libinkan. */
#include <errno.h>
#include <getopt.h>
#include <iconv.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <openssl/sha.h>
#include <inkan-sign.h>
#include "base/file.h"
#include "base/text.h"
#include "cards/family.h"
#include "ask.h"
#include "find.h"
#include "input.h"
#include "pinentry.h"
#include "say.h"
#include "show.h"
#include "signer/document.h"
#include "signer/signer.h"
#include "status/fetch.h"

#define MANY 32
#define BATCH_MAX 10000

enum {
	OPTION_PROFILE = 256,
	OPTION_ENCLOSED,
	OPTION_DETACHED,
	OPTION_PRESCRIPTION,
	OPTION_OUTPUT,
	OPTION_FORCE,
	OPTION_TSA,
	OPTION_STATUS,
	OPTION_ROLE,
	OPTION_TEST,
	OPTION_PIN_FD,
	OPTION_PINENTRY,
	OPTION_BATCH,
	OPTION_SHOW,
	OPTION_JSON,
	OPTION_READER,
};

static const struct option options[] = {
	{"help", no_argument, NULL, 'h'},
	{"profile", required_argument, NULL, OPTION_PROFILE},
	{"enclosed", no_argument, NULL, OPTION_ENCLOSED},
	{"detached", no_argument, NULL, OPTION_DETACHED},
	{"prescription", required_argument, NULL, OPTION_PRESCRIPTION},
	{"output", required_argument, NULL, OPTION_OUTPUT},
	{"force", no_argument, NULL, OPTION_FORCE},
	{"tsa", required_argument, NULL, OPTION_TSA},
	{"status", required_argument, NULL, OPTION_STATUS},
	{"role", required_argument, NULL, OPTION_ROLE},
	{"allow-test", no_argument, NULL, OPTION_TEST},
	{"pin-fd", required_argument, NULL, OPTION_PIN_FD},
	{"pinentry", required_argument, NULL, OPTION_PINENTRY},
	{"batch", required_argument, NULL, OPTION_BATCH},
	{"show", no_argument, NULL, OPTION_SHOW},
	{"json", no_argument, NULL, OPTION_JSON},
	{"reader", required_argument, NULL, OPTION_READER},
	{NULL, 0, NULL, 0},
};

static const struct profile_row {
	const char *name, *suffix; /* of the signed file */
	enum inkan_sign_form form;
	bool enclosed, detached; /* the options that choose it */
	const char *covers, *covers_not;
} rows[] = {
	{"prescription", ".xml", INKAN_SIGN_PRESCRIPTION, false, false, N_("the CSV of the prescription, every byte"),
         N_("the prescription's number, the version and the codes that the service adds")},
	{"dispensing", ".xml", INKAN_SIGN_DISPENSING, false, false,
         N_("the prescription as received, with the doctor's signature, and the CSV of what was dispensed"),
         N_("the dispensing's number and the codes that the service adds")},
	{"cades", ".p7s", INKAN_SIGN_CADES_DETACHED, false, false, N_("the file, every byte"), N_("the file's name")},
	{"cades", ".p7m", INKAN_SIGN_CADES, true, false, N_("the file, every byte"), N_("the file's name")},
	{"xades", ".xml", INKAN_SIGN_XADES, false, false, N_("the whole XML document"), N_("the file's name")},
	{"xades", ".xml", INKAN_SIGN_XADES_DETACHED, false, true, N_("the files, every byte, and their names"), NULL},
};

struct file {
	const char *path, *name; /* name: without its folder */
	struct buf content;
	struct stat read; /* as it was then */
};

struct run {
	struct inkan_rules rules;
	const char *roles[MANY + 1];
	size_t n_roles;
	const struct profile_row *profile;
	const char *name, *prescription, *output, *reader, *pinentry;
	struct inkan_signer_options options;
	int pin_fd; /* -1: the terminal, or standard input */
	bool enclosed, detached, force, show, json, help;
	struct find find;
	struct token *token;
	struct inkan *ctx;
	struct inkan_signer *signer;
	char **paths;
	int n_paths, signed_now, at; /* at: of the first file that nothing has been told of */
	int out;      /* standard output while people's text goes to standard error; -1: it has that itself */
	json_t *list; /* with json: an object for each file */
};

/* All files under one signature. */
static bool together(const struct run *r)
{
	return r->profile->form == INKAN_SIGN_XADES_DETACHED;
}

static void help(void)
{
	printf("%s\n\n", _("Usage: inkan sign --profile PROFILE [OPTIONS] FILE..."));
	printf("%s\n",
	       _("Signs documents with the signature key of an HPKI card: each FILE becomes a signed file beside\n"
	         "it. The certificate is looked at first; then the PIN is asked, once for each signature."));
	printf("\n  --profile prescription   %s\n",
	       _("an electronic prescription: FILE is its CSV, or its unsigned XML"));
	printf("  --profile dispensing     %s\n",
	       _("a dispensing: FILE is its CSV; the prescription as received with"));
	printf("    --prescription FILE\n");
	printf("  --profile cades          %s\n",
	       _("any file: a detached .p7s, or with --enclosed a .p7m with the file in it"));
	printf("  --profile xades          %s\n",
	       _("XML: the signature in it, or with --detached one beside all FILEs"));
	printf("  --tsa URL                %s\n",
	       _("and a time stamp of that authority (inkan trust add --tsa its root)"));
	printf("  --output FILE            %s\n", _("write one signed file there (- standard output)"));
	printf("  --force                  %s\n", _("replace files that are there"));
	printf("  --show                   %s\n", _("show what will be signed first"));
	printf("  --batch N                %s\n", _("one PIN entry for up to N signatures"));
	printf("  --pin-fd N               %s\n", _("read the PIN, a line for each entry, from this file descriptor"));
	printf("  --pinentry PROGRAM       %s\n", _("ask with this program of GnuPG's: pinentry"));
	printf("  --status require|prefer|off\n                           %s\n",
	       _("of the card's certificate: known not to be revoked; not known\n"
	         "                           to be revoked (the default); not looked at"));
	printf("  --role ROLE              %s\n", _("it must state this role (hcRole); of several: one of them"));
	printf("  --allow-test             %s\n", _("sign with a test card"));
	printf("  --reader NAME            %s\n", _("the card in the reader with NAME in its name"));
	printf("  --json                   %s\n", _("one JSON object"));
	printf("  --help\n\n%s\n", _("The PIN is read from the terminal, or from standard input when that is none."));
}

/* A number in that range; -1: none. */
static long number(const char *text, long least, long most)
{
	char *end;
	long n = strtol(text, &end, 10);

	return text[0] >= '0' && text[0] <= '9' && !*end && n >= least && n <= most ? n : -1;
}

/* False: the value makes no sense. */
static bool take(struct run *r, int option)
{
	long n = 0;

	switch (option) {
	case OPTION_PROFILE: r->name = optarg; break;
	case OPTION_PRESCRIPTION: r->prescription = optarg; break;
	case OPTION_OUTPUT: r->output = optarg; return *optarg;
	case OPTION_TSA: r->options.tsa = optarg; return fetch_url_valid(optarg);
	case OPTION_PINENTRY: r->pinentry = optarg; break;
	case OPTION_READER: r->reader = optarg; break;
	case OPTION_PIN_FD: r->pin_fd = (int)(n = number(optarg, 0, 65535)); break;
	case OPTION_BATCH:
		n = number(optarg, 1, BATCH_MAX);
		r->options.batch = (unsigned)n;
		break;
	case OPTION_ROLE:
		if (r->n_roles == MANY || !optarg[0])
			return false;
		r->roles[r->n_roles++] = optarg;
		r->rules.roles = r->roles;
		break;
	case OPTION_STATUS: return input_status_rule(optarg, &r->rules.status);
	default:
		r->help |= option == 'h';
		r->enclosed |= option == OPTION_ENCLOSED;
		r->detached |= option == OPTION_DETACHED;
		r->force |= option == OPTION_FORCE;
		r->show |= option == OPTION_SHOW;
		r->json |= option == OPTION_JSON;
		r->rules.allow_test |= option == OPTION_TEST;
	}
	return n >= 0;
}

static enum exit_code refuse_usage(const char *verb, const char *what)
{
	complain("%s", what);
	advise(_("See: inkan %s --help"), verb);
	return EXIT_USAGE;
}

static enum exit_code parse(int argc, char **argv, struct run *r)
{
	bool several;
	int option;

	while ((option = next_option(argc, argv, options)) != -1) {
		if (option == '?')
			return EXIT_USAGE;
		if (!take(r, option))
			return refuse_value(argv[0], optarg);
	}
	if (r->help)
		return EXIT_DONE;
	for (size_t i = 0; r->name && !r->profile && i < sizeof rows / sizeof *rows; i++)
		if (strcmp(rows[i].name, r->name) == 0 && rows[i].enclosed == r->enclosed &&
		    rows[i].detached == r->detached)
			r->profile = &rows[i];
	if (!r->profile)
		return refuse_usage(argv[0], r->name ? _("There is no such profile with these options.")
		                                     : _("The option --profile is missing."));
	r->paths = argv + optind;
	r->n_paths = argc - optind;
	several = r->n_paths > 1 && !together(r);
	if (r->n_paths == 0)
		return refuse_usage(argv[0], _("Name the files to sign."));
	if (r->output && several)
		return refuse_usage(argv[0], _("The option --output is for one signed file."));
	if (together(r) && (!r->output || r->n_paths > INKAN_SIGN_FILES_MAX))
		return refuse_usage(argv[0],
		                    _("--detached makes one signature over up to 64 files: name it with --output."));
	if (r->json && r->output && strcmp(r->output, "-") == 0)
		return refuse_usage(argv[0], _("--json and --output - both write on standard output."));
	if (!r->prescription != (r->profile->form != INKAN_SIGN_DISPENSING))
		return refuse_usage(argv[0], _("--prescription FILE belongs to --profile dispensing."));
	return r->options.tsa ? fetches() : EXIT_DONE;
}

/* ---- The PIN */

static int ask(void *self, const struct inkan_pin_question *question, char *pin, size_t room)
{
	struct run *r = self;
	char *tries = tries_text(question->tries), *prompt = NULL;
	unsigned left = (unsigned)(r->n_paths - r->at), covers = r->options.batch < left ? r->options.batch : left;
	struct pinentry dialog = {.program = r->pinentry, .prompt = _("PIN:")};
	struct secret *typed = NULL;
	const uint8_t *bytes;
	int got = -1;
	enum error e;
	size_t n;

	if (together(r) || covers == 0)
		covers = 1;
	if (covers == 1
	            ? asprintf(&prompt, _("PIN of %s, to sign %s (%s): "), token_text(r->token->card->profile),
	                       together(r) ? r->output : r->paths[r->at], tries ? tries : "") < 0
	            : asprintf(&prompt,
	                       P_("PIN of %s, for %u signature (%s): ", "PIN of %s, for %u signatures (%s): ", covers),
	                       token_text(r->token->card->profile), covers, tries ? tries : "") < 0)
		prompt = NULL;
	dialog.text = prompt;
	e = !prompt          ? E_MEMORY
	    : r->pinentry    ? pinentry_ask(&dialog, &typed)
	    : r->pin_fd >= 0 ? ask_pin_fd(r->pin_fd, &typed)
	                     : ask_pin(prompt, &typed);
	if (e == E_IO || e == E_CANCELLED)
		complain(_("No PIN was given."));
	if (e == E_IO && r->pinentry)
		advise(_("See that the program %s is there and answers as a pinentry."), r->pinentry);
	else if (e == E_IO || (e == E_CANCELLED && !r->pinentry))
		advise(_("Type it on the terminal, or give it as a line on standard input."));
	if (e == E_OK) {
		bytes = secret_bytes(typed, &n);
		if (n <= room)
			memcpy(pin, bytes, n);
		got = n <= room ? (int)n : (int)room + 1;
	} else if (e == E_PIN_LENGTH) { /* longer than any: the library says so, and that nothing was sent */
		got = (int)room + 1;
	} else if (e == E_MEMORY) {
		complain("%s", _(error_text(e)));
	}
	secret_free(&typed);
	free(prompt);
	free(tries);
	return got;
}

/* ---- The card */

/* An HPKI card with a signature key. A My Number Card beside it is not looked at. */
static bool can_sign(struct place *p)
{
	const struct token *t = place_token(p, USE_SIGN);

	return t && !t->card->profile->family->personal;
}

/* Whether the holder's certificate will do, before a PIN is asked. That nobody has installed its root keeps no doctor
 * from signing, unless the status or a role is required; without an anchor, no policy of the CAs counts either. */
static enum exit_code look_at_certificate(struct run *r)
{
	const struct inkan_cert *cert = inkan_signer_cert(r->signer);
	struct inkan_decision *d = NULL;
	bool unknown = r->rules.status != INKAN_STATUS_REQUIRE && r->n_roles == 0, refused = false;
	enum exit_code code = EXIT_DONE;
	const char *reason;
	char *advice;

	if (!r->token->cert || memcmp(r->token->cert->sha256, inkan_cert_sha256(cert), 32) != 0) {
		complain(_("The card was changed meanwhile; nothing was signed."));
		return EXIT_BUSY;
	}
	if (inkan_decide(r->ctx, cert, &r->rules, &d) != INKAN_OK)
		return EXIT_INTERNAL;
	if (!r->json)
		text_holder(put_field, cert, false);
	if (inkan_decision_is_test(d))
		complain(_("This is a test card: its signature proves nothing about anybody."));
	for (size_t i = 0; (reason = inkan_decision_reason(d, i)); i++) {
		if (i == 0)
			unknown &= strcmp(reason, "no-issuer") == 0 || strcmp(reason, "no-anchor") == 0;
		if (unknown && (i == 0 || strcmp(reason, "no-anchor") == 0 || strcmp(reason, "policy") == 0))
			continue;
		complain(_("Not signed: %s."), inkan_decision_reason_text(d, i));
		refused = true;
	}
	if (refused) {
		advice = decision_advice(d);
		if (advice)
			advise("%s", advice);
		free(advice);
		code = (enum exit_code)inkan_decision_verdict(d);
	}
	inkan_decision_free(&d);
	return code;
}

/* ---- A file */

static enum exit_code read_file(const char *path, struct file *f)
{
	const char *slash = strrchr(path, '/');

	f->path = path;
	f->name = slash ? slash + 1 : path;
	if (stat(path, &f->read) == 0)
		return input_file(path, DOCUMENT_MAX, &f->content);
	complain("%s: %s", path, strerror(errno));
	return EXIT_NO_INPUT;
}

/* A CSV in UTF-8, for people: what is not UTF-8 is taken for Shift_JIS; what is neither stays, byte for byte. */
static void decode(struct bytes csv, struct buf *text)
{
	iconv_t shift_jis = (iconv_t)-1;
	size_t len, n = csv.len, room = 3 * n;
	char *from = (char *)(uintptr_t)csv.data, *to, *start = NULL;
	uint32_t c;
	bool done;

	while (n > 0 && (len = utf8_next(csv.data + csv.len - n, n, &c)) > 0)
		n -= len;
	if (n > 0)
		shift_jis = iconv_open("UTF-8", "CP932");
	if (shift_jis != (iconv_t)-1)
		start = malloc(room);
	n = csv.len;
	to = start;
	done = start && iconv(shift_jis, &from, &n, &to, &room) == 0;
	if (buf_append(text, done ? (uint8_t *)start : csv.data, done ? (size_t)(to - start) : csv.len) != E_OK ||
	    (shift_jis != (iconv_t)-1 && !start))
		mark_incomplete();
	if (start)
		mem_wipe(start, (size_t)(to - start));
	free(start);
	if (shift_jis != (iconv_t)-1)
		iconv_close(shift_jis);
}

static void put_lines(struct bytes csv)
{
	struct buf text = {0};
	const char *p, *end;

	decode(csv, &text);
	if (buf_append(&text, "", 1) != E_OK)
		mark_incomplete();
	p = (const char *)text.data;
	for (end = p ? p + text.len - 1 : p; p < end; p++) {
		char *line = (char *)(uintptr_t)p, *stop = memchr(p, '\n', (size_t)(end - p));

		stop = stop ? stop : line + (end - p);
		*stop = '\0';
		printf("  | ");
		for (; p < stop; p++) { /* a line may have a NUL in it */
			put_text(stdout, p);
			p += strlen(p);
			if (p < stop)
				printf("\\x00");
		}
		p = stop;
		putchar('\n');
	}
	buf_wipe(&text);
}

/* What is to be signed: its bytes by their hash, and of a prescription its lines. */
static void show(const struct run *r, const struct file *f)
{
	const bool prescription = r->profile->form == INKAN_SIGN_PRESCRIPTION;
	struct bytes what = {f->content.data ? f->content.data : (const uint8_t *)"", f->content.len};
	uint8_t hash[SHA256_DIGEST_LENGTH];
	char hex[2 * sizeof hash + 1];
	struct buf csv = {0};
	bool lines = prescription || r->profile->form == INKAN_SIGN_DISPENSING;

	if (prescription && what.len > 0 && what.data[0] == '<') { /* its unsigned XML: of which the CSV is signed */
		lines = prescription_csv(what, &csv) == E_OK && csv.len > 0;
		if (lines)
			what = (struct bytes){csv.data, csv.len};
	}
	SHA256(what.data, what.len, hash);
	hex_write(hash, sizeof hash, hex);
	put_text(stdout, f->path);
	putchar('\n');
	put_field(_("Size"), P_("%zu byte", "%zu bytes", what.len), what.len);
	put_field(_("SHA-256"), "%s", hex);
	put_field(_("Covers"), "%s", _(r->profile->covers));
	if (r->profile->covers_not)
		put_field(_("Not covered"), "%s", _(r->profile->covers_not));
	if (lines)
		put_lines(what);
	buf_wipe(&csv);
}

static enum exit_code exit_of_library(enum inkan_error e)
{
	switch (e) {
	case INKAN_E_FORMAT:
	case INKAN_E_TOO_LONG: return EXIT_MALFORMED;
	case INKAN_E_PIN_WRONG:
	case INKAN_E_PIN_LOCKED:
	case INKAN_E_PIN_KEPT:
	case INKAN_E_CANCELLED:
	case INKAN_E_DENIED: return EXIT_REFUSED;
	case INKAN_E_LINK:
	case INKAN_E_BUSY:
	case INKAN_E_MUTE: return EXIT_BUSY;
	case INKAN_E_TSA: return EXIT_PARTLY;
	case INKAN_E_MEMORY:
	case INKAN_E_ARGUMENT:
	case INKAN_E_INTERNAL: return EXIT_INTERNAL;
	default: return EXIT_UNAVAILABLE;
	}
}

/* A file that a program has written to since it was read is not what the person saw. */
static bool unchanged(const struct file *files, size_t n)
{
	struct stat now;

	for (size_t i = 0; i < n; i++)
		if (stat(files[i].path, &now) != 0 || !file_same(&now, &files[i].read)) {
			complain(_("%s was changed while it was being signed; nothing was written."), files[i].path);
			return false;
		}
	return true;
}

/* What is not for people: a signed file, JSON. */
static void begin_output(const struct run *r)
{
	fflush(stdout);
	if (r->out >= 0)
		dup2(r->out, STDOUT_FILENO);
}

/* Before a PIN is asked for. `together`: under one signature, which names them by their names alone. */
static enum exit_code look_at_output(const struct run *r, const char *output, const struct file *files, size_t together)
{
	const char *slash = strrchr(output, '/');
	int n = slash ? (int)(slash - output) + 1 : 2;
	enum exit_code code = EXIT_DONE;
	char path[4096];
	struct stat out, in;
	bool there;

	if (strcmp(output, "-") == 0)
		output = slash = "";
	for (size_t i = 0; i < together; i++) {
		snprintf(path, sizeof path, "%.*s%s", n, slash ? output : "./", files[i].name);
		if (stat(path, &in) != 0 || !file_same(&in, &files[i].read)) {
			complain(_("%s is not beside the signed file, where a checker looks for it."), files[i].path);
			return EXIT_MALFORMED;
		}
	}
	if (!*output)
		return EXIT_DONE;
	snprintf(path, sizeof path, "%.*s", n, slash ? output : "./");
	if (output_look(output) != EXIT_DONE)
		return EXIT_OUTPUT;
	there = stat(output, &out) == 0;
	if (!there && (errno != ENOENT || access(path, W_OK) != 0)) {
		complain(_("%s cannot be written: %s."), output, strerror(errno));
		return EXIT_OUTPUT;
	}
	for (int i = 0; i <= r->n_paths && there; i++) {
		const char *one = i < r->n_paths ? r->paths[i] : r->prescription;

		if (one && stat(one, &in) == 0 && in.st_dev == out.st_dev && in.st_ino == out.st_ino)
			code = EXIT_OUTPUT;
	}
	if (!there || (r->force && code == EXIT_DONE))
		return EXIT_DONE;
	complain(_("%s is there already."), output);
	advise(code != EXIT_DONE ? _("It is one of the files to sign: name another one with --output.")
	                         : _("Name another file with --output, or replace it with --force."));
	return EXIT_OUTPUT;
}

static enum exit_code write_signed(const struct run *r, const char *path, const struct file *from,
                                   struct bytes document)
{
	if (strcmp(path, "-") == 0) {
		begin_output(r);
		return fwrite(document.data, 1, document.len, stdout) == document.len ? EXIT_DONE : EXIT_OUTPUT;
	}
	if (path_replace(path, document, from->read.st_mode & 0666) == E_OK)
		return EXIT_DONE;
	complain(_("%s could not be written: %s."), path, strerror(errno));
	return EXIT_OUTPUT;
}

static void tell_signed(struct run *r, const char *path, const char *output, enum exit_code code)
{
	char *text = NULL;

	if (r->json) {
		json_array_append_new(r->list, json_pack("{so so si}", "file", json_text(path), "signed",
		                                         code == EXIT_DONE ? json_text(output) : json_null(), "code",
		                                         (int)code));
	} else if (code == EXIT_DONE && output && strcmp(output, "-") != 0 &&
	           asprintf(&text, _("%s: signed, in %s"), path, output) >= 0) {
		put_text(stdout, text);
		putchar('\n');
		free(text);
	}
	r->signed_now += code == EXIT_DONE;
}

/* One signature over these files, which the first gives its name; *output: to be freed. */
static enum exit_code sign(struct run *r, struct file *files, size_t n, const struct file *received, char **output)
{
	struct inkan_part parts[INKAN_SIGN_FILES_MAX];
	unsigned char *signature = NULL;
	enum exit_code code;
	enum inkan_error e;
	size_t len = 0, k = 0;

	if (asprintf(output, "%s%s%s", r->output ? r->output : files[0].path,
	             !r->output && strcmp(r->profile->suffix, ".xml") == 0 ? ".signed" : "",
	             r->output ? "" : r->profile->suffix) < 0)
		return EXIT_INTERNAL;
	if ((code = look_at_output(r, *output, files, together(r) ? n : 0)) != EXIT_DONE)
		return code;
	if (received)
		parts[k++] = (struct inkan_part){NULL, received->content.data, received->content.len};
	for (size_t i = 0; i < n; i++) {
		const uint8_t *data = files[i].content.data;

		parts[k++] =
			(struct inkan_part){files[i].name, data ? data : (const uint8_t *)"", files[i].content.len};
	}
	e = inkan_sign(r->signer, r->profile->form, parts, k, &signature, &len);
	code = e == INKAN_OK ? EXIT_DONE : exit_of_library(e);
	if (e != INKAN_OK && e != INKAN_E_CANCELLED) /* ask has told that */
		complain("%s: %s.", files[0].path, inkan_signer_why(r->signer));
	if (e == INKAN_E_PIN_KEPT)
		advise(_("Nothing was sent to the card; no try was used."));
	else if (e == INKAN_E_LINK)
		advise(_("See how many tries are left before the next one: inkan list"));
	else if (e == INKAN_OK && !unchanged(files, n))
		code = EXIT_NO_INPUT;
	else if (e == INKAN_OK)
		code = write_signed(r, *output, &files[0], (struct bytes){signature, len});
	inkan_sign_free(&signature);
	return code;
}

/* Each file by itself, or all of them under one signature. A file that cannot be signed keeps none of the others from
 * it; the card, or its PIN, does, and the time stamp authority: each file would cost a PIN entry and a signature that
 * nobody gets. */
static enum exit_code sign_all(struct run *r, const struct file *received)
{
	const int n = together(r) ? r->n_paths : 1;
	struct file files[INKAN_SIGN_FILES_MAX] = {0};
	enum exit_code code = EXIT_DONE, one = EXIT_DONE;
	bool ended = false;

	while (r->at < r->n_paths && !ended) {
		char *output = NULL;

		one = EXIT_DONE;
		for (int i = 0; i < n && one == EXIT_DONE; i++) {
			one = read_file(r->paths[r->at + i], &files[i]);
			if (one == EXIT_DONE && r->show)
				show(r, &files[i]);
			if (one == EXIT_DONE && is_incomplete()) /* nobody has seen what they would sign */
				one = EXIT_INTERNAL;
		}
		if (one == EXIT_DONE)
			one = sign(r, files, (size_t)n, received, &output);
		for (int i = 0; i < n; i++) {
			tell_signed(r, r->paths[r->at++], output, one);
			buf_wipe(&files[i].content);
		}
		free(output);
		code = code == EXIT_DONE ? one : code;
		ended = one == EXIT_REFUSED || one == EXIT_BUSY || one == EXIT_UNAVAILABLE || one == EXIT_INTERNAL ||
		        one == EXIT_PARTLY;
	}
	if (one == EXIT_PARTLY && r->at < r->n_paths)
		advise(_("The other files were not tried: run the command again when time stamps can be had."));
	for (; r->at < r->n_paths; r->at++)
		tell_signed(r, r->paths[r->at], NULL, one);
	if (r->n_paths > 1)
		fprintf(stderr, _("%d of %d signed\n"), r->signed_now, r->n_paths);
	return code != EXIT_DONE && r->signed_now > 0 ? EXIT_PARTLY : code;
}

enum exit_code verb_sign(int argc, char **argv)
{
	static struct run r = {.rules = {.size = sizeof r.rules,
	                                 .purpose = INKAN_PURPOSE_SIGN,
	                                 .status = INKAN_STATUS_PREFER},
	                       .options = {.size = sizeof r.options, .ask_pin = ask, .arg = &r},
	                       .pin_fd = -1,
	                       .out = -1};
	struct file received = {0};
	struct place *place;
	enum exit_code code = parse(argc, argv, &r), said;
	enum inkan_error e;

	if (r.help && code == EXIT_DONE)
		help();
	if (r.help || code != EXIT_DONE)
		return code;
	r.list = json_array();
	if (r.json || (r.output && strcmp(r.output, "-") == 0)) {
		r.out = dup(STDOUT_FILENO);
		dup2(STDERR_FILENO, STDOUT_FILENO);
	}
	if (r.prescription)
		code = read_file(r.prescription, &received);
	if (code == EXIT_DONE)
		code = find_wanted(&r.find, r.reader, can_sign, &place);
	if (code == EXIT_DONE)
		code = input_open(false, &r.ctx);
	if (code == EXIT_DONE) {
		r.token = place_token(place, USE_SIGN);
		r.options.reader = r.token->card->reader;
		e = inkan_signer_new(r.ctx, &r.options, &r.signer);
		if (e != INKAN_OK)
			complain("%s: %s.", r.options.reader, inkan_error_text(e));
		code = e == INKAN_OK ? look_at_certificate(&r) : exit_of_library(e);
	}
	if (code == EXIT_DONE)
		code = sign_all(&r, r.prescription ? &received : NULL);
	for (; r.at < r.n_paths; r.at++)
		tell_signed(&r, r.paths[r.at], NULL, code);
	if (r.json) {
		begin_output(&r);
		said = json_print(json_pack("{si sO si si}", "version", 1, "files", r.list, "signed", r.signed_now,
		                            "of", r.n_paths));
		code = said == EXIT_DONE ? code : said;
	}
	json_decref(r.list);
	inkan_signer_free(&r.signer);
	inkan_free(&r.ctx);
	find_free(&r.find);
	buf_wipe(&received.content);
	return code;
}
