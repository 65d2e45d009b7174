/* SPDX-License-Identifier: BSD-2-Clause */
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include "base/text.h"
#include "input.h"
#include "say.h"
#include "show.h"
#include "tool.h"
#include "verify.h"
#include "when.h"

enum {
	OPTION_ROLE = 256, OPTION_PURPOSE, OPTION_AT, OPTION_STATUS, OPTION_GRACE, OPTION_JSON, OPTION_IDENTITY,
	OPTION_READER, OPTION_TOKEN,
};

static const struct option options[] = {
	{"help", no_argument, NULL, 'h'},
	{"role", required_argument, NULL, OPTION_ROLE},
	{"purpose", required_argument, NULL, OPTION_PURPOSE},
	{"at", required_argument, NULL, OPTION_AT},
	{"status", required_argument, NULL, OPTION_STATUS},
	{"grace", required_argument, NULL, OPTION_GRACE},
	{"json", no_argument, NULL, OPTION_JSON},
	{"identity", no_argument, NULL, OPTION_IDENTITY},
	{"reader", required_argument, NULL, OPTION_READER},
	{"token", required_argument, NULL, OPTION_TOKEN},
	{NULL, 0, NULL, 0},
};

#define ROLES_MAX 32

struct wish {
	struct rules rules;
	const char *roles[ROLES_MAX];
	const char *what, *reader;
	enum use use;
	bool json, identity, help;
};

static void help(void)
{
	printf("%s\n\n", _("Usage: inkan verify [OPTIONS] FILE|-|card"));
	printf("%s\n", _("Decides about a certificate: its chain to an installed anchor, policy, use, validity,\n"
			 "status (from the lists that are held; no network) and roles. Every reason is told."));
	printf("\n  --role ROLE            %s\n", _("it states this role (hcRole); of several: one of them"));
	printf("  --purpose login|sign   %s\n", _("it is made for that"));
	printf("  --status require|prefer|off\n                         %s\n",
	       _("known not to be revoked (this is the default); not known\n"
	         "                         to be revoked; not looked at"));
	printf("  --grace DURATION       %s\n", _("lists count for that much longer: 90s, 30m, 12h, 4d, 2w"));
	printf("  --at TIME              %s\n", _("as it was then: 2026-11-20, 2026-11-20T12:00:00Z"));
	printf("  --json                 %s\n", _("one JSON object"));
	printf("  --identity             %s\n", _("in JSON: the person too"));
	printf("  --token auth|sign      %s\n", _("this token of the card"));
	printf("  --reader NAME          %s\n", _("the card in the reader with NAME in its name"));
	printf("  --help\n\n%s\n", _("The answer is in the exit status: 0 accepted, 1 no such role, 2 revoked,\n"
	                             "3 status not known, 4 chain, policy or use, 5 validity,\n"
	                             "6 test certificate, 7 no certificate."));
}

/* The index of a word, or -1. */
static int find_word(const char *const *words, const char *word)
{
	for (int i = 0; words[i]; i++)
		if (strcmp(words[i], word) == 0)
			return i;
	return -1;
}

static bool take_purpose(struct wish *wish, const char *word)
{
	static const char *const words[] = {"any", "login", "sign", NULL};
	int i = find_word(words, word);

	wish->rules.purpose = (enum purpose)i;
	return i >= 0;
}

static bool take_status(struct wish *wish, const char *word)
{
	static const char *const words[] = {"require", "prefer", "off", NULL};
	int i = find_word(words, word);

	wish->rules.need = (enum status_need)i;
	return i >= 0;
}

static bool take_role(struct wish *wish, const char *role)
{
	if (wish->rules.n_roles == ROLES_MAX || !role[0])
		return false;
	wish->roles[wish->rules.n_roles++] = role;
	return true;
}

/* False: the value makes no sense. */
static bool take(struct wish *wish, int option)
{
	switch (option) {
	case OPTION_ROLE:
		return take_role(wish, optarg);
	case OPTION_PURPOSE:
		return take_purpose(wish, optarg);
	case OPTION_STATUS:
		return take_status(wish, optarg);
	case OPTION_AT:
		return time_read(optarg, &wish->rules.at);
	case OPTION_GRACE:
		return when_duration(optarg, &wish->rules.grace);
	case OPTION_TOKEN:
		return use_of(optarg, &wish->use);
	case OPTION_READER:
		wish->reader = optarg;
		return true;
	default:
		wish->help |= option == 'h';
		wish->json |= option == OPTION_JSON;
		wish->identity |= option == OPTION_IDENTITY;
		return true;
	}
}

static enum exit_code parse(int argc, char **argv, struct wish *wish)
{
	int option;

	wish->rules.roles = wish->roles;
	while ((option = next_option(argc, argv, options)) != -1) {
		if (option == '?')
			return EXIT_USAGE;
		if (!take(wish, option))
			return refuse_argument(argv[0], optarg);
	}
	if (optind == argc && !wish->help) {
		complain(_("What is to be verified?"));
		advise(_("Name a file with a certificate (PEM or DER), - for standard input, or card."));
		return EXIT_USAGE;
	}
	wish->what = optind < argc ? argv[optind] : "";
	return optind + 1 < argc ? refuse_argument(argv[0], argv[optind + 1]) : EXIT_DONE;
}

/* Exit code 7 for programs that read the JSON. */
static enum exit_code malformed(const struct wish *wish, enum exit_code code)
{
	if (code == EXIT_MALFORMED && wish->json)
		json_print(json_pack("{s:i, s:s, s:[s]}", "version", 1, "decision", "refused", "reasons", "malformed"));
	return code;
}

static enum exit_code answer(const struct wish *wish, const struct judge *judge, const struct cert *cert)
{
	enum exit_code code = EXIT_DONE;
	struct decision decision;
	json_t *json;

	decide(judge->trust, judge->store, cert, &wish->rules, &decision);
	if (wish->json) {
		json = json_certificate(cert, wish->identity);
		json_add_decision(json, &decision);
		code = json_print(json);
	} else {
		text_decision(cert, &decision);
	}
	return code == EXIT_DONE ? (enum exit_code)decision.verdict : code;
}

static enum exit_code verify_file(const struct wish *wish)
{
	struct judge judge = {.trust = NULL};
	struct crypto *crypto = NULL;
	struct cert *cert = NULL;
	enum error e = crypto_new(&crypto);
	enum exit_code code = exit_of(e);

	if (e != E_OK)
		complain("%s", _(error_text(e)));
	else
		code = malformed(wish, input_certificate(crypto, wish->what, &cert));
	if (code == EXIT_DONE && (e = judge_open(crypto, &judge)) != E_OK)
		code = EXIT_INTERNAL;
	if (code == EXIT_DONE)
		code = answer(wish, &judge, cert);
	judge_free(&judge);
	cert_free(&cert);
	crypto_free(&crypto);
	return code;
}

static enum exit_code verify_card(const struct wish *wish)
{
	enum use use = wish->use != USE_ANY ? wish->use :
	               wish->rules.purpose == PURPOSE_SIGN ? USE_SIGN : USE_AUTH;
	struct judge judge = {.trust = NULL};
	struct find f = {.n = 0};
	struct place *place = NULL;
	enum exit_code code = find_card(&f, wish->reader, &place);
	struct token *t = NULL;

	if (code == EXIT_DONE) {
		t = place_token(place, use);
		if (!t)
			code = refuse_no_token(place);
		else if (!t->cert)
			code = malformed(wish, refuse_unread(t, NULL));
		else if (judge_open(f.crypto, &judge) != E_OK)
			code = EXIT_INTERNAL;
	}
	if (code == EXIT_DONE) {
		judge_lend_card(f.crypto, &judge, t->card);
		code = answer(wish, &judge, t->cert);
	}
	judge_free(&judge);
	find_free(&f);
	return code;
}

enum exit_code verb_verify(int argc, char **argv)
{
	struct wish wish = {.use = USE_ANY};
	enum exit_code code = parse(argc, argv, &wish);

	if (code != EXIT_DONE)
		return code;
	if (wish.help)
		help();
	else if (strcmp(wish.what, "card") == 0)
		code = verify_card(&wish);
	else if (wish.reader || wish.use != USE_ANY)
		code = refuse_argument(argv[0], wish.what);
	else
		code = verify_file(&wish);
	return code;
}
