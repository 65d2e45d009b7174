/* SPDX-License-Identifier: BSD-2-Clause */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "cards/family.h"
#include "ask.h"
#include "find.h"
#include "say.h"
#include "tool.h"

enum { OPTION_READER = 256, OPTION_TOKEN, OPTION_LAST_TRY };

static const struct option options[] = {
	{"help", no_argument, NULL, 'h'},
	{"reader", required_argument, NULL, OPTION_READER},
	{"token", required_argument, NULL, OPTION_TOKEN},
	{"last-try", no_argument, NULL, OPTION_LAST_TRY},
	{NULL, 0, NULL, 0},
};

struct request {
	const char *action, *reader;
	enum use use;
	bool last_try, help;
};

static void help(void)
{
	printf("%s\n\n", _("Usage: inkan pin verify|change [OPTIONS]"));
	printf("%s\n", _("Verifies a PIN of the card, or changes it (My Number Card only). It says how many\n"
	                 "tries are left before it asks, and never uses the last one unless told."));
	printf("\n  --token auth|sign   %s\n", _("which PIN; the authentication PIN unless told"));
	printf("  --reader NAME       %s\n", _("the card in the reader with NAME in its name"));
	printf("  --last-try          %s\n", _("use the last try; a wrong PIN then locks the card"));
	printf("  --help\n\n%s\n", _("The PIN is read from the terminal, or from standard input when that is none."));
}

static enum exit_code parse(int argc, char **argv, struct request *request)
{
	int option;

	while ((option = next_option(argc, argv, options)) != -1) {
		if (option == 'h')
			request->help = true;
		else if (option == OPTION_READER)
			request->reader = optarg;
		else if (option == OPTION_LAST_TRY)
			request->last_try = true;
		else if (option != OPTION_TOKEN)
			return EXIT_USAGE;
		else if (!use_of(optarg, &request->use))
			return refuse_value(argv[0], optarg);
	}
	if (request->help)
		return EXIT_DONE;
	if (optind == argc) {
		complain(_("What about the PIN? Say verify or change."));
		advise(_("See: inkan %s --help"), argv[0]);
		return EXIT_USAGE;
	}
	request->action = argv[optind];
	if (strcmp(request->action, "verify") != 0 && strcmp(request->action, "change") != 0)
		return refuse_argument(argv[0], request->action);
	return optind + 1 < argc ? refuse_argument(argv[0], argv[optind + 1]) : EXIT_DONE;
}

static enum exit_code verify(struct card *card, bool last_try)
{
	enum error e = log_in(card, last_try);
	char *tries;

	if (e != E_OK)
		return exit_of(e);
	card_forget_protected(card);
	tries = tries_text(card->pin.tries);
	printf(_("The PIN of %s is right: %s.\n"), token_text(card->profile), tries ? tries : "");
	free(tries);
	return EXIT_DONE;
}

static bool same(const struct secret *a, const struct secret *b)
{
	size_t n, m;
	const uint8_t *p = secret_bytes(a, &n), *q = secret_bytes(b, &m);

	return n == m && memcmp(p, q, n) == 0;
}

/* Twice on a terminal, where nobody sees what is typed. */
static enum error ask_new(struct card *card, const struct secret *old, struct secret **pin)
{
	struct secret *again = NULL;
	enum error e = ask_card_pin(card, ASK_NEW, pin);

	if (e == E_OK && same(*pin, old)) {
		complain(_("The new PIN is the old one; nothing was changed."));
		e = E_CANCELLED;
	}
	if (e == E_OK && isatty(STDIN_FILENO))
		e = ask_card_pin(card, ASK_AGAIN, &again);
	if (e == E_OK && again && !same(*pin, again)) {
		complain(_("The two new PINs differ; nothing was changed."));
		e = E_CANCELLED;
	}
	secret_free(&again);
	return e;
}

static void complain_change(enum error e, const struct card *card)
{
	if (e == E_REFUSED || e == E_UNSUPPORTED || e == E_SECURITY) {
		complain(_("The card refused the new PIN; the old one holds."));
		advise("%s", _(card->profile->family->pin_office));
		advise(_("Please report this card to the project."));
		return;
	}
	complain_pin(e, card);
	if (e == E_LINK)
		advise(_("It is not known which PIN holds now: try the new one first, with inkan pin verify."));
}

static enum exit_code change(struct card *card, bool last_try)
{
	struct secret *old = NULL, *pin = NULL;
	struct bytes old_pin, new_pin;
	enum error e;

	complain(_("Changing a PIN is experimental: it has not been seen on a real card yet."));
	if ((e = check_tries(card, last_try)) != E_OK || (e = ask_card_pin(card, ASK_PIN, &old)) != E_OK ||
	    (e = ask_new(card, old, &pin)) != E_OK)
		goto out;
	old_pin.data = secret_bytes(old, &old_pin.len);
	new_pin.data = secret_bytes(pin, &new_pin.len);
	e = card_change_pin(card, old_pin, last_try, new_pin);
	if (e == E_OK)
		printf(_("The PIN of %s is changed.\n"), token_text(card->profile));
	else
		complain_change(e, card);
out:
	secret_free(&old);
	secret_free(&pin);
	return exit_of(e);
}

static enum exit_code run(struct find *f, const struct request *request)
{
	struct place *place;
	struct token *token;
	enum exit_code code = find_card(f, request->reader, &place);

	if (code != EXIT_DONE)
		return code;
	token = place_token(place, request->use);
	if (!token) {
		complain(_("The card in %s has no such PIN."), place->state.name);
		advise(_("See what it has: inkan list"));
		return EXIT_UNAVAILABLE;
	}
	if (strcmp(request->action, "verify") == 0)
		return verify(token->card, request->last_try);
	if (token->card->pin.rule.change)
		return change(token->card, request->last_try);
	complain(_("The PIN of %s cannot be changed with this software."), token_text(token->card->profile));
	advise("%s", _(token->card->profile->family->pin_office));
	return EXIT_UNAVAILABLE;
}

enum exit_code verb_pin(int argc, char **argv)
{
	struct request request = {.use = USE_ANY};
	struct find f = {.n = 0};
	enum exit_code code = parse(argc, argv, &request);

	if (request.help && code == EXIT_DONE)
		help();
	else if (code == EXIT_DONE)
		code = run(&f, &request);
	find_free(&f);
	return code;
}
