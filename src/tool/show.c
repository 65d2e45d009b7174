/* SPDX-License-Identifier: BSD-2-Clause */
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "ask.h"
#include "input.h"
#include "say.h"
#include "show.h"
#include "tool.h"
#include "verify.h"

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

struct wish {
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
	printf("  --identity          %s\n", _("whole subject and serial number too; in JSON: \"person\""));
	printf("  --login             %s\n", _("ask for the PIN and show the holder of a My Number Card;\n"
					       "                      only on a terminal"));
	printf("  --token auth|sign   %s\n", _("this token of the card alone"));
	printf("  --reader NAME       %s\n", _("the card in the reader with NAME in its name"));
	printf("  --help\n\n%s\n", _("A file that is called card: ./card"));
}

static enum exit_code parse(int argc, char **argv, struct wish *wish)
{
	int option;

	while ((option = next_option(argc, argv, options)) != -1) {
		if (option == '?')
			return EXIT_USAGE;
		if (option == OPTION_TOKEN && !use_of(optarg, &wish->use))
			return refuse_argument(argv[0], optarg);
		if (option == OPTION_READER)
			wish->reader = optarg;
		wish->help |= option == 'h';
		wish->json |= option == OPTION_JSON;
		wish->login |= option == OPTION_LOGIN;
		wish->identity |= option == OPTION_IDENTITY;
	}
	wish->what = optind < argc ? argv[optind] : "card";
	return optind + 1 < argc ? refuse_argument(argv[0], argv[optind + 1]) : EXIT_DONE;
}

/* Options that mean nothing for a file are a mistake about what is shown. */
static bool is_for_cards(const struct wish *wish)
{
	return wish->login || wish->reader || wish->use != USE_ANY;
}

/* The object of design 5: what the certificate says, and what this machine knows of
 * its chain and status. No network. */
static enum exit_code print_json(const struct crypto *crypto, const struct cert *cert, const struct token *token,
                                 bool identity)
{
	const struct rules rules = {.need = STATUS_PREFER};
	struct judge judge = {.trust = NULL};
	json_t *json = json_certificate(cert, identity);
	struct decision decision;

	if (judge_open(crypto, &judge) == E_OK) {
		if (token)
			judge_lend_card(crypto, &judge, token->card);
		decide(judge.trust, judge.store, cert, &rules, &decision);
		json_add_findings(json, &decision);
	}
	judge_free(&judge);
	if (token)
		json_object_set_new(json, "token", json_token(token));
	return json_print(json);
}

static enum exit_code show_file(const struct wish *wish)
{
	struct crypto *crypto = NULL;
	struct cert *cert = NULL;
	enum error e = crypto_new(&crypto);
	enum exit_code code = exit_of(e);

	if (e != E_OK)
		complain("%s", _(error_text(e)));
	else
		code = input_certificate(crypto, wish->what, &cert);
	if (code == EXIT_DONE && wish->json)
		code = print_json(crypto, cert, NULL, wish->identity);
	else if (code == EXIT_DONE)
		text_certificate(cert, wish->identity);
	cert_free(&cert);
	crypto_free(&crypto);
	return code;
}

/* Name, address and birth date go to the eyes of who typed the PIN, and not
 * into a file or a pipe by an oversight. */
static enum exit_code check_screen(void)
{
	if (isatty(STDOUT_FILENO))
		return EXIT_DONE;
	complain(_("--login shows a person's data, and standard output is not a terminal."));
	advise(_("Run it on a terminal, without a pipe or a file; no PIN was asked for."));
	return EXIT_REFUSED;
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

static void put_token(const struct token *t, bool identity)
{
	char *tries = tries_text(t->card->pin.tries);

	if (t->cert) {
		text_certificate(t->cert, identity);
	} else {
		put_text(stdout, token_text(t->card->profile));
		putchar('\n');
		put_field(_("Holder"), "%s", t->cert_error == E_SECURITY ?
			  _("behind the PIN (--login shows it)") : _(error_text(t->cert_error)));
	}
	put_field(_("Token"), "%s", token_text(t->card->profile));
	put_field(_("Reader"), "%s", t->card->reader);
	put_field(_("PIN"), "%s", tries ? tries : "");
	free(tries);
}

static enum exit_code show_text(const struct find *f, struct place *p, const struct wish *wish)
{
	enum exit_code code = EXIT_DONE;
	bool first = true;

	for (size_t i = 0; i < p->n && code == EXIT_DONE; i++) {
		struct token *t = &p->tokens[i];
		bool unlocked = wish->login && t->cert_error == E_SECURITY;

		if (!token_is(t, wish->use))
			continue;
		if (unlocked)
			code = unlock(f, t);
		if (!first)
			putchar('\n');
		first = false;
		put_token(t, wish->identity || (unlocked && code == EXIT_DONE));
	}
	return code;
}

/* One object: the token that was named, else the one whose PIN is to be asked
 * for, else the one that logs in. */
static struct token *choose(struct place *p, const struct wish *wish)
{
	for (size_t i = 0; i < p->n; i++)
		if (wish->login && token_is(&p->tokens[i], wish->use) && p->tokens[i].cert_error == E_SECURITY)
			return &p->tokens[i];
	return place_token(p, wish->use);
}

static enum exit_code show_json(const struct find *f, struct place *p, const struct wish *wish)
{
	struct token *t = choose(p, wish);
	enum exit_code code = wish->login ? unlock(f, t) : EXIT_DONE;

	if (code != EXIT_DONE)
		return code;
	if (!t->cert)
		return refuse_unread(t, _("With --login the PIN is asked for; only on a terminal."));
	return print_json(f->crypto, t->cert, t, wish->identity);
}

static enum exit_code show_card(const struct wish *wish)
{
	struct find f = {.n = 0};
	struct place *place = NULL;
	enum exit_code code = wish->login ? check_screen() : EXIT_DONE;

	if (code == EXIT_DONE)
		code = find_card(&f, wish->reader, &place);
	if (code == EXIT_DONE && !place_token(place, wish->use))
		code = refuse_no_token(place);
	if (code == EXIT_DONE)
		code = wish->json ? show_json(&f, place, wish) : show_text(&f, place, wish);
	find_free(&f);
	return code;
}

enum exit_code verb_show(int argc, char **argv)
{
	struct wish wish = {.use = USE_ANY};
	enum exit_code code = parse(argc, argv, &wish);

	if (code != EXIT_DONE)
		return code;
	if (wish.help)
		help();
	else if (strcmp(wish.what, "card") == 0)
		code = show_card(&wish);
	else if (is_for_cards(&wish))
		code = refuse_argument(argv[0], wish.what);
	else
		code = show_file(&wish);
	return code;
}
