/* SPDX-License-Identifier: BSD-2-Clause */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "ask.h"
#include "input.h"
#include "say.h"
#include "show.h"
#include "tool.h"

enum { OPTION_JSON = 256, OPTION_LOGIN, OPTION_IDENTITY, OPTION_READER, OPTION_TOKEN };

static const struct option options[] = {
	{"help", no_argument, NULL, 'h'},
	{"json", no_argument, NULL, OPTION_JSON},
	{"login", no_argument, NULL, OPTION_LOGIN},
	{"identity", no_argument, NULL, OPTION_IDENTITY},
	{"reader", required_argument, NULL, OPTION_READER},
	{"token", required_argument, NULL, OPTION_TOKEN},
	{NULL, 0, NULL, 0},
};

struct request {
	const char *what; /* a path, "-", "card" */
	const char *reader;
	enum use use;
	bool json, login, identity, help;
};

static void help(void)
{
	printf("%s\n\n", _("Usage: inkan show [OPTIONS] [FILE|-|card]"));
	printf("%s\n", _("Shows the certificate in a file (PEM or DER), on standard input, or on the card:\n"
	                 "holder, role (hcRole), profile, issuer, validity. Without an argument: the card."));
	printf("\n  --json              %s\n", _("one JSON object"));
	printf("  --identity          %s\n", _("the whole subject and the serial number, too; in JSON: \"person\""));
	printf("  --login             %s\n", _("ask for the PIN and show the holder of a My Number Card;\n"
	                                       "                      only on a terminal"));
	printf("  --token auth|sign   %s\n", _("this token of the card alone"));
	printf("  --reader NAME       %s\n", _("the card in the reader with NAME in its name"));
	printf("  --help\n\n%s\n", _("A file that is called card: ./card"));
}

static enum exit_code parse(int argc, char **argv, struct request *r)
{
	int option;

	while ((option = next_option(argc, argv, options)) != -1) {
		if (option == '?')
			return EXIT_USAGE;
		if (option == OPTION_TOKEN && !use_of(optarg, &r->use))
			return refuse_value(argv[0], optarg);
		if (option == OPTION_READER)
			r->reader = optarg;
		r->help |= option == 'h';
		r->json |= option == OPTION_JSON;
		r->login |= option == OPTION_LOGIN;
		r->identity |= option == OPTION_IDENTITY;
	}
	r->what = optind < argc ? argv[optind] : "card";
	if (optind + 1 < argc)
		return refuse_argument(argv[0], argv[optind + 1]);
	/* options that mean nothing for a file are a mistake about what is shown */
	if ((r->login || r->reader || r->use != USE_ANY) && strcmp(r->what, "card") != 0 && !r->help)
		return refuse_argument(argv[0], r->what);
	return EXIT_DONE;
}

/* The object of design 5: what the certificate says, and what this machine knows of
 * its chain and status. No network. */
static enum exit_code print_json(struct inkan *ctx, const struct inkan_cert *cert, const struct token *token,
                                 bool identity)
{
	struct inkan_rules rules = {.size = sizeof rules, .status = INKAN_STATUS_PREFER};
	json_t *json = json_certificate(cert, identity);
	struct inkan_evidence *evidence = NULL;
	struct inkan_decision *decision = NULL;

	if (token && inkan_evidence_new(ctx, &evidence) == INKAN_OK)
		input_card_cas(token, evidence);
	rules.evidence = evidence;
	if (inkan_decide(ctx, cert, &rules, &decision) == INKAN_OK)
		json_add_decision(json, decision, identity, false);
	if (token)
		json_object_set_new(json, "token", json_token(token));
	inkan_decision_free(&decision);
	inkan_evidence_free(&evidence);
	return json_print(json);
}

static enum exit_code unlock(const struct find *f, struct token *t)
{
	enum error e;

	if (t->cert_error != E_SECURITY)
		return EXIT_DONE;
	e = log_in(t->card, f->conf.last_try_allowed);
	if (e == E_OK)
		token_read_cert(f, t);
	return exit_of(e);
}

static enum exit_code put_token(struct inkan *ctx, const struct token *t, bool identity)
{
	char *tries = tries_text(t->card->pin.tries);
	struct inkan_cert *cert = NULL;
	enum exit_code code = t->cert ? input_token(ctx, t, &cert) : EXIT_DONE;

	if (cert) {
		text_certificate(cert, identity);
	} else {
		put_text(stdout, token_text(t->card->profile));
		putchar('\n');
		put_field(_("Holder"), "%s",
		          t->cert_error == E_SECURITY ? _("behind the PIN (--login shows it)")
		                                      : _(error_text(t->cert_error)));
	}
	put_field(_("Token"), "%s", token_text(t->card->profile));
	put_field(_("Reader"), "%s", t->card->reader);
	put_field(_("PIN"), "%s", tries ? tries : "");
	inkan_cert_free(&cert);
	free(tries);
	return code;
}

static enum exit_code show_tokens(struct inkan *ctx, const struct find *f, struct place *p, const struct request *r)
{
	enum exit_code code = EXIT_DONE;
	bool first = true;

	for (size_t i = 0; i < p->n && code == EXIT_DONE; i++) {
		struct token *t = &p->tokens[i];
		bool locked = r->login && t->cert_error == E_SECURITY;
		enum exit_code unlocked;

		if (!token_is(t, r->use))
			continue;
		unlocked = locked ? unlock(f, t) : EXIT_DONE;
		if (!first)
			putchar('\n');
		first = false;
		code = put_token(ctx, t, r->identity || (locked && unlocked == EXIT_DONE));
		code = unlocked != EXIT_DONE ? unlocked : code;
	}
	return code;
}

/* One object: the token that was named, else the one whose PIN is to be asked
 * for, else the one that logs in. */
static enum exit_code show_token_json(struct inkan *ctx, const struct find *f, struct place *p, const struct request *r)
{
	struct token *t = place_token(p, r->use);
	struct inkan_cert *cert = NULL;
	enum exit_code code;

	for (size_t i = p->n; r->login && i-- > 0;)
		if (token_is(&p->tokens[i], r->use) && p->tokens[i].cert_error == E_SECURITY)
			t = &p->tokens[i];
	code = r->login ? unlock(f, t) : EXIT_DONE;
	if (code == EXIT_DONE)
		code = t->cert ? input_token(ctx, t, &cert)
		               : refuse_unread(t, _("With --login the PIN is asked for; only on a terminal."));
	if (code == EXIT_DONE)
		code = print_json(ctx, cert, t, r->identity);
	inkan_cert_free(&cert);
	return code;
}

static enum exit_code show_card(struct inkan *ctx, const struct request *r)
{
	struct find f = {.n = 0};
	struct place *place = NULL;
	enum exit_code code;

	/* Name, address and birth date go to the eyes of who typed the PIN, and not
	 * into a file or a pipe by an oversight. */
	if (r->login && !isatty(STDOUT_FILENO)) {
		complain(_("--login shows a person's data, and standard output is not a terminal."));
		advise(_("Run it on a terminal, without a pipe or a file; no PIN was asked for."));
		return EXIT_REFUSED;
	}
	code = find_card(&f, r->reader, &place);
	if (code == EXIT_DONE && !place_token(place, r->use))
		code = refuse_no_token(place);
	if (code == EXIT_DONE)
		code = r->json ? show_token_json(ctx, &f, place, r) : show_tokens(ctx, &f, place, r);
	find_free(&f);
	return code;
}

enum exit_code verb_show(int argc, char **argv)
{
	struct request r = {.use = USE_ANY};
	struct inkan_cert *cert = NULL;
	struct inkan *ctx = NULL;
	enum exit_code code = parse(argc, argv, &r);

	if (code != EXIT_DONE)
		return code;
	if (r.help) {
		help();
		return EXIT_DONE;
	}
	code = input_open(!r.json, &ctx);
	if (code == EXIT_DONE && strcmp(r.what, "card") == 0) {
		code = show_card(ctx, &r);
	} else if (code == EXIT_DONE && (code = input_cert(ctx, r.what, &cert)) == EXIT_DONE) {
		if (r.json)
			code = print_json(ctx, cert, NULL, r.identity);
		else
			text_certificate(cert, r.identity);
	}
	inkan_cert_free(&cert);
	inkan_free(&ctx);
	return code;
}
