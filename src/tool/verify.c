/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "input.h"
#include "say.h"
#include "show.h"
#include "tool.h"

#define TEN_YEARS (10L * 366 * 24 * 60 * 60)
#define MANY 32 /* of an option that may be repeated */

enum {
	OPTION_ROLE = 256,
	OPTION_PURPOSE,
	OPTION_AT,
	OPTION_STATUS,
	OPTION_GRACE,
	OPTION_LIST,
	OPTION_CHAIN,
	OPTION_ALLOW_TEST,
	OPTION_JSON,
	OPTION_IDENTITY,
	OPTION_READER,
	OPTION_TOKEN,
};

static const struct option options[] = {
	{"help", no_argument, NULL, 'h'},
	{"role", required_argument, NULL, OPTION_ROLE},
	{"purpose", required_argument, NULL, OPTION_PURPOSE},
	{"at", required_argument, NULL, OPTION_AT},
	{"status", required_argument, NULL, OPTION_STATUS},
	{"grace", required_argument, NULL, OPTION_GRACE},
	{"list", required_argument, NULL, OPTION_LIST},
	{"chain", required_argument, NULL, OPTION_CHAIN},
	{"allow-test", no_argument, NULL, OPTION_ALLOW_TEST},
	{"json", no_argument, NULL, OPTION_JSON},
	{"identity", no_argument, NULL, OPTION_IDENTITY},
	{"reader", required_argument, NULL, OPTION_READER},
	{"token", required_argument, NULL, OPTION_TOKEN},
	{NULL, 0, NULL, 0},
};

struct request {
	struct inkan_rules rules;
	const char *roles[MANY + 1], *lists[MANY + 1], *chains[MANY + 1]; /* each ends with NULL */
	const char *what, *reader;
	enum use use;
	bool json, identity, help;
};

static void help(void)
{
	printf("%s\n\n", _("Usage: inkan verify [OPTIONS] FILE|-|card"));
	printf("%s\n", _("Decides whether to accept a certificate, and tells every reason against it: chain to an\n"
	                 "installed anchor, policy, use, validity, roles, and status (by the revocation lists on this\n"
	                 "machine; no network)."));
	printf("\n  --role ROLE            %s\n", _("it must state this role (hcRole); of several: one of them"));
	printf("  --purpose login|sign   %s\n", _("it must be made for that"));
	printf("  --status require|prefer|off\n                         %s\n",
	       _("known not to be revoked (the default); not known to be\n"
	         "                         revoked; not looked at"));
	printf("  --grace DURATION       %s\n", _("use lists for that much longer: 90s, 30m, 12h, 4d, 2w"));
	printf("  --at TIME              %s\n", _("decide for that time: 2026-11-20, 2026-11-20T12:00:00Z"));
	printf("  --list FILE            %s\n", _("use these revocation lists, too, and do not store them"));
	printf("  --chain FILE           %s\n", _("use these CA certificates, too, below an installed anchor"));
	printf("  --allow-test           %s\n", _("accept a test certificate"));
	printf("  --json                 %s\n", _("one JSON object"));
	printf("  --identity             %s\n", _("in JSON: the person, too"));
	printf("  --token auth|sign      %s\n", _("this token of the card"));
	printf("  --reader NAME          %s\n", _("the card in the reader with NAME in its name"));
	printf("  --help\n\n%s\n", _("The exit status is the answer: 0 accepted, 1 no such role, 2 revoked,\n"
	                             "3 status not known, 4 chain, policy or use, 5 validity,\n"
	                             "6 test certificate, 7 no certificate."));
}

/* "90s", "30m", "12h", "4d", "2w"; at most ten years. */
static bool read_duration(const char *text, int64_t *out)
{
	static const struct {
		char unit;
		long seconds;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800}};
	char *end;
	long n;

	errno = 0;
	n = strtol(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || errno != 0 || end[0] == '\0' || end[1] != '\0')
		return false;
	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		if (end[0] == units[i].unit && n <= TEN_YEARS / units[i].seconds) {
			*out = n * units[i].seconds;
			return true;
		}
	}
	return false;
}

/* The index of a word, or -1. */
static int find_word(const char *const *words, const char *word)
{
	for (int i = 0; words[i]; i++)
		if (strcmp(words[i], word) == 0)
			return i;
	return -1;
}

static bool append(const char **list, const char *item)
{
	size_t n = 0;

	while (list[n])
		n++;
	if (n == MANY || !item[0])
		return false;
	list[n] = item;
	return true;
}

/* False: the value makes no sense. */
static bool take(struct request *r, int option)
{
	static const char *const purposes[] = {"any", "login", "sign", NULL};
	time_t at;
	int i;

	switch (option) {
	case OPTION_ROLE: r->rules.roles = r->roles; return append(r->roles, optarg);
	case OPTION_LIST: return append(r->lists, optarg);
	case OPTION_CHAIN: return append(r->chains, optarg);
	case OPTION_PURPOSE:
		i = find_word(purposes, optarg);
		r->rules.purpose = (enum inkan_purpose)i;
		return i >= 0;
	case OPTION_STATUS: return input_status_rule(optarg, &r->rules.status);
	case OPTION_AT:
		if (!time_read(optarg, &at))
			return false;
		r->rules.at = at;
		return true;
	case OPTION_GRACE: return read_duration(optarg, &r->rules.grace);
	case OPTION_TOKEN: return use_of(optarg, &r->use);
	case OPTION_READER: r->reader = optarg; return true;
	default:
		r->help |= option == 'h';
		r->json |= option == OPTION_JSON;
		r->identity |= option == OPTION_IDENTITY;
		r->rules.allow_test |= option == OPTION_ALLOW_TEST;
		return true;
	}
}

static enum exit_code parse(int argc, char **argv, struct request *r)
{
	int option;

	while ((option = next_option(argc, argv, options)) != -1) {
		if (option == '?')
			return EXIT_USAGE;
		if (!take(r, option))
			return refuse_value(argv[0], optarg);
	}
	if (optind == argc && !r->help) {
		complain(_("No certificate is named."));
		advise(_("Name a file with a certificate (PEM or DER), - for standard input, or card."));
		return EXIT_USAGE;
	}
	r->what = optind < argc ? argv[optind] : "";
	if (optind + 1 < argc)
		return refuse_argument(argv[0], argv[optind + 1]);
	if ((r->reader || r->use != USE_ANY) && strcmp(r->what, "card") != 0 && !r->help)
		return refuse_argument(argv[0], r->what);
	return EXIT_DONE;
}

static enum exit_code read_card(const struct request *r, struct inkan *ctx, struct inkan_evidence *evidence,
                                struct inkan_cert **cert)
{
	enum use use = r->use != USE_ANY ? r->use : r->rules.purpose == INKAN_PURPOSE_SIGN ? USE_SIGN : USE_AUTH;
	struct find f = {.n = 0};
	struct place *place = NULL;
	enum exit_code code = find_card(&f, r->reader, &place);
	const struct token *t = code == EXIT_DONE ? place_token(place, use) : NULL;

	if (code == EXIT_DONE)
		code = !t ? refuse_no_token(place) : !t->cert ? refuse_unread(t, NULL) : input_token(ctx, t, cert);
	if (code == EXIT_DONE)
		input_card_cas(t, evidence);
	find_free(&f);
	return code;
}

static enum exit_code answer(const struct request *r, const struct inkan_cert *cert, const struct inkan_decision *d)
{
	enum exit_code code = EXIT_DONE;
	json_t *json;

	if (r->json) {
		json = json_certificate(cert, r->identity);
		json_add_decision(json, d, r->identity, true);
		code = json_print(json);
	} else {
		text_decision(cert, d);
	}
	return code == EXIT_DONE ? (enum exit_code)inkan_decision_verdict(d) : code;
}

static enum exit_code verify(struct request *r)
{
	struct inkan_evidence *evidence = NULL;
	struct inkan_decision *decision = NULL;
	struct inkan_cert *cert = NULL;
	struct inkan *ctx = NULL;
	enum exit_code code = input_open(false, &ctx);

	if (code == EXIT_DONE && inkan_evidence_new(ctx, &evidence) != INKAN_OK)
		code = EXIT_INTERNAL;
	for (size_t i = 0; r->chains[i] && code == EXIT_DONE; i++)
		code = input_evidence(evidence, r->chains[i], inkan_evidence_add_certs);
	for (size_t i = 0; r->lists[i] && code == EXIT_DONE; i++)
		code = input_evidence(evidence, r->lists[i], inkan_evidence_add_lists);
	if (code == EXIT_DONE) {
		code = strcmp(r->what, "card") == 0 ? read_card(r, ctx, evidence, &cert)
		                                    : input_cert(ctx, r->what, &cert);
		if (code == EXIT_MALFORMED && r->json)
			json_print(json_pack("{s:i, s:s, s:[s]}", "version", 1, "decision", "refused", "reasons",
			                     "malformed"));
	}
	r->rules.evidence = evidence;
	if (code == EXIT_DONE && inkan_decide(ctx, cert, &r->rules, &decision) != INKAN_OK)
		code = EXIT_INTERNAL;
	if (code == EXIT_DONE)
		code = answer(r, cert, decision);
	inkan_decision_free(&decision);
	inkan_cert_free(&cert);
	inkan_evidence_free(&evidence);
	inkan_free(&ctx);
	return code;
}

enum exit_code verb_verify(int argc, char **argv)
{
	struct request r = {.rules = {.size = sizeof r.rules}, .use = USE_ANY};
	enum exit_code code = parse(argc, argv, &r);

	if (code == EXIT_DONE && r.help)
		help();
	else if (code == EXIT_DONE)
		code = verify(&r);
	return code;
}
