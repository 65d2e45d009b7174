/* SPDX-License-Identifier: BSD-2-Clause */
/* inkan trust add|list|remove: whose word counts. */
#include "config.h"
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "cards/family.h"
#include "ask.h"
#include "facts.h"
#include "find.h"
#include "input.h"
#include "say.h"
#include "show.h"
#include "tool.h"
#include "trust.h"

enum { OPTION_YES = 256, OPTION_SYSTEM, OPTION_JSON, OPTION_READER };

static const struct option options[] = {
	{"help", no_argument, NULL, 'h'},
	{"yes", no_argument, NULL, OPTION_YES},
	{"system", no_argument, NULL, OPTION_SYSTEM},
	{"json", no_argument, NULL, OPTION_JSON},
	{"reader", required_argument, NULL, OPTION_READER},
	{NULL, 0, NULL, 0},
};

struct wish {
	const char *act, *what; /* what: the first argument, NULL without */
	char **files;
	int n_files;
	const char *reader;
	bool yes, system, json, help;
};

static void help(void)
{
	printf("%s\n\n", _("Usage: inkan trust add [--yes] [--system] [--reader NAME] FILE|-|card...\n"
	                   "       inkan trust list [--json]\n"
	                   "       inkan trust remove [--yes] [--system] FINGERPRINT|FILE"));
	printf("%s\n", _("The CA certificates that certificates are verified with: a self-signed one is an anchor,\n"
	                 "the others help to build chains. None is there unless somebody has added it."));
	printf("\n  --yes      %s\n", _("do not ask (scripts: compare the fingerprint first)"));
	printf("  --system   %s\n", _("for everybody on this machine"));
	printf("  --reader   %s\n", _("the card in the reader with NAME in its name"));
	printf("  --json     %s\n  --help\n", _("one JSON object"));
	printf("\n%s\n", _("card: the CA certificates on the card in the reader. A file that is called card: ./card"));
}

const char *trust_known_name(const struct cert *cert)
{
	char hex[FINGERPRINT_SIZE];

	trust_fingerprint(cert, hex);
	for (const struct family *const *f = families; *f; f++)
		for (size_t i = 0; i < (*f)->n_cas; i++)
			if (strcmp((*f)->cas[i].sha256, hex) == 0)
				return _((*f)->cas[i].name);
	return NULL;
}

void trust_fingerprint(const struct cert *cert, char hex[FINGERPRINT_SIZE])
{
	for (size_t i = 0; i < sizeof cert->sha256; i++)
		snprintf(hex + 2 * i, 3, "%02x", cert->sha256[i]);
}

void trust_put_certificate(const struct cert *cert)
{
	char *subject = fact_dn(X509_get_subject_name(cert->x509));
	const char *name = trust_known_name(cert);
	char text[FACT_TIME_SIZE], print[3 * sizeof cert->sha256 + 1];

	put_text(stdout, subject ? subject : "");
	putchar('\n');
	free(subject);
	for (size_t i = 0; i < sizeof cert->sha256; i++)
		snprintf(print + 3 * i, 4, "%02X:", cert->sha256[i]);
	print[sizeof print - 2] = '\0';
	put_field(_("SHA-256"), "%s", print);
	put_field(_("Known as"), "%s", name ? name : _("nothing that Inkan knows"));
	if (fact_local_time(X509_get0_notAfter(cert->x509), true, text))
		put_field(_("Valid until"), "%s", text);
}

/* True when it was said, on a terminal, that it shall be. */
static bool confirm(const struct wish *wish, const char *question)
{
	return wish->yes || ask_yes(question, _("Compare the fingerprint with the one that the CA publishes, then use --yes."));
}

/* What is there, in both folders. What went wrong has been said. */
static enum exit_code open_all(struct crypto **crypto, struct trust **trust)
{
	char folders[2][4096];
	const char *list[2] = {folders[0], folders[1]};
	enum error e = crypto_new(crypto);

	if (e == E_OK)
		e = trust_open(*crypto, list, trust_folders(folders), trust);
	if (e != E_OK)
		complain("%s", _(error_text(e)));
	return e == E_OK ? EXIT_DONE : EXIT_INTERNAL;
}

struct adding {
	const struct wish *wish;
	const struct trust *trust;
	const char *file;
	const struct find *find; /* of a card */
};

static bool is_there(const struct trust *trust, const struct cert *cert)
{
	for (size_t i = 0; i < trust->n; i++) {
		if (memcmp(trust->list[i]->cert->sha256, cert->sha256, sizeof cert->sha256) == 0) {
			put_field(_("There already"), "%s", trust->list[i]->file);
			return true;
		}
	}
	return false;
}

static enum exit_code add_certificate(void *arg, const struct cert *cert)
{
	const struct adding *a = arg;

	if (!cert->ca) {
		complain(_("This is not the certificate of a CA."));
		advise(_("Anchors are CA certificates, such as the root of HPKI; see what this one is: inkan show %s"),
		       a->file);
		return EXIT_MALFORMED;
	}
	trust_put_certificate(cert);
	if (is_there(a->trust, cert))
		return EXIT_DONE;
	if (!confirm(a->wish, _("Compare the fingerprint with the one that the CA publishes. Trust it? [yes/no] ")))
		return EXIT_REFUSED;
	return anchor_write(cert, a->wish->system);
}

struct taken { /* from a card */
	uint8_t sha256[TOKENS_MAX * CARD_CERTS_MAX][32];
	size_t n;
};

/* Two tokens of a card may have one CA. */
static bool is_new(struct taken *taken, const struct cert *cert)
{
	for (size_t i = 0; i < taken->n; i++)
		if (memcmp(taken->sha256[i], cert->sha256, sizeof cert->sha256) == 0)
			return false;
	memcpy(taken->sha256[taken->n++], cert->sha256, sizeof cert->sha256);
	return true;
}

/* The CA certificates of one token. What cannot be read is not there. */
static enum exit_code add_of_token(struct adding *a, struct token *t, struct taken *taken)
{
	enum exit_code code = EXIT_DONE;

	for (size_t i = 0; i < t->card->n_certs; i++) {
		const struct card_cert *c = &t->card->certs[i];
		struct cert *cert = NULL;

		if (c->role == CERT_OWN || card_read_cert(t->card, i) != E_OK ||
		    cert_parse(a->find->crypto, (struct bytes){c->der, c->der_len}, &cert) != E_OK)
			continue;
		if (cert->ca && is_new(taken, cert)) {
			enum exit_code one = add_certificate(a, cert);

			code = code == EXIT_DONE ? one : code;
		}
		cert_free(&cert);
	}
	return code;
}

/* Nothing is trusted because a card has it: each is shown and asked about. */
static enum exit_code add_of_card(struct adding *a)
{
	struct taken taken = {.n = 0};
	struct find f = {.n = 0};
	struct place *place;
	const enum exit_code found = find_card(&f, a->wish->reader, &place);
	enum exit_code code = found;

	a->find = &f;
	for (size_t i = 0; found == EXIT_DONE && i < place->n; i++) {
		enum exit_code one = add_of_token(a, &place->tokens[i], &taken);

		code = code == EXIT_DONE ? one : code;
	}
	if (found == EXIT_DONE && taken.n == 0) {
		complain(_("No CA certificate can be read from the card in %s."), place->state.name);
		advise(_("Its CA publishes them; then: inkan trust add FILE"));
		code = EXIT_UNAVAILABLE;
	}
	find_free(&f);
	return code;
}

/* Each certificate of each file; what went wrong first gives the exit code. */
static enum exit_code add(const struct wish *wish)
{
	struct crypto *crypto = NULL;
	struct trust *trust = NULL;
	enum exit_code code = open_all(&crypto, &trust);
	struct adding adding = {.wish = wish, .trust = trust};

	for (int i = 0; trust && i < wish->n_files; i++) {
		enum exit_code one;

		adding.file = wish->files[i];
		one = strcmp(adding.file, "card") == 0 ? add_of_card(&adding) :
		      input_each_certificate(crypto, adding.file, add_certificate, &adding);
		code = code == EXIT_DONE ? one : code;
	}
	trust_free(&trust);
	crypto_free(&crypto);
	return code;
}

static enum exit_code list(const struct wish *wish)
{
	struct crypto *crypto = NULL;
	struct trust *trust = NULL;
	enum exit_code code = open_all(&crypto, &trust);

	if (code == EXIT_DONE && wish->json)
		code = trust_list_json(trust);
	else if (code == EXIT_DONE)
		trust_list_text(trust);
	trust_free(&trust);
	crypto_free(&crypto);
	return code;
}

/* The one CA whose fingerprint (colons or not, at least eight digits) or file it is. */
static const struct trusted_ca *find(const struct trust *trust, const char *what, size_t *n)
{
	const struct trusted_ca *found = NULL;
	char hex[FINGERPRINT_SIZE], typed[FINGERPRINT_SIZE] = "";
	size_t len = 0;

	for (const char *p = what; *p && len < sizeof typed - 1; p++)
		if (*p != ':')
			typed[len++] = *p >= 'A' && *p <= 'F' ? (char)(*p - 'A' + 'a') : *p;
	*n = 0;
	for (size_t i = 0; i < trust->n; i++) {
		trust_fingerprint(trust->list[i]->cert, hex);
		if (strcmp(trust->list[i]->file, what) != 0 && (len < 8 || strncmp(hex, typed, len) != 0))
			continue;
		found = trust->list[i];
		++*n;
	}
	return found;
}

static enum exit_code remove_one(const struct wish *wish, const struct trust *trust)
{
	size_t n;
	const struct trusted_ca *ca = find(trust, wish->what, &n);

	if (n != 1) {
		complain(n == 0 ? _("No such certificate is installed: %s.") :
		         _("Several certificates are meant by %s."), wish->what);
		advise(_("See what is there: inkan trust list. Name a fingerprint, or its beginning, or the file."));
		return n == 0 ? EXIT_NO_INPUT : EXIT_USAGE;
	}
	trust_put_certificate(ca->cert);
	put_field(_("File"), "%s", ca->file);
	if (!confirm(wish, _("Remove it? [yes/no] ")))
		return EXIT_REFUSED;
	return anchor_remove(ca->file, wish->system);
}

static enum exit_code remove_(const struct wish *wish)
{
	struct crypto *crypto = NULL;
	struct trust *trust = NULL;
	enum exit_code code = open_all(&crypto, &trust);

	if (code == EXIT_DONE)
		code = remove_one(wish, trust);
	trust_free(&trust);
	crypto_free(&crypto);
	return code;
}

static const struct act {
	const char *name;
	enum exit_code (*run)(const struct wish *wish);
	int least, most; /* arguments */
} acts[] = {{"add", add, 1, INT_MAX}, {"list", list, 0, 0}, {"remove", remove_, 1, 1}};

static const struct act *find_act(const char *name)
{
	for (size_t i = 0; i < sizeof acts / sizeof *acts; i++)
		if (strcmp(acts[i].name, name) == 0)
			return &acts[i];
	return NULL;
}

static enum exit_code parse(int argc, char **argv, struct wish *wish)
{
	bool card = false;
	int option;

	while ((option = next_option(argc, argv, options)) != -1) {
		if (option == '?')
			return EXIT_USAGE;
		wish->help |= option == 'h';
		wish->yes |= option == OPTION_YES;
		wish->system |= option == OPTION_SYSTEM;
		wish->json |= option == OPTION_JSON;
		if (option == OPTION_READER)
			wish->reader = optarg;
	}
	wish->act = optind < argc ? argv[optind++] : "";
	wish->what = optind < argc ? argv[optind] : NULL;
	wish->files = argv + optind;
	wish->n_files = argc - optind;
	for (int i = 0; strcmp(wish->act, "add") == 0 && i < wish->n_files; i++)
		card |= strcmp(wish->files[i], "card") == 0;
	return wish->reader && !card && !wish->help ? refuse_argument(argv[0], wish->reader) : EXIT_DONE;
}

enum exit_code verb_trust(int argc, char **argv)
{
	struct wish wish = {.yes = false};
	enum exit_code code = parse(argc, argv, &wish);
	const struct act *act;

	if (code != EXIT_DONE)
		return code;
	if (wish.help) {
		help();
		return EXIT_DONE;
	}
	act = find_act(wish.act);
	if (!act && wish.act[0])
		return refuse_argument(argv[0], wish.act);
	if (!act || wish.n_files < act->least) {
		complain(!act ? _("What shall it do? There are add, list and remove.") :
		         _("Which certificate?"));
		advise(_("See: inkan %s --help"), argv[0]);
		return EXIT_USAGE;
	}
	if (wish.n_files > act->most)
		return refuse_argument(argv[0], wish.files[act->most]);
	if (wish.system)
		umask(S_IWGRP | S_IWOTH); /* what is everybody's everybody may read, whatever root's umask is */
	return act->run(&wish);
}
