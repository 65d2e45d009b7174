/* SPDX-License-Identifier: BSD-2-Clause */
/* inkan doctor: what is wrong with this machine, these programs and this card. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include "doctor.h"
#include "say.h"

enum { CARD_REPORT = 1, JSON = 2, QUIET = 4, READER_NAME = 8, ROOT = 16, SIGN = 32, TRY_PSS = 64 };

static const struct option options[] = {
	{"card-report", no_argument, NULL, CARD_REPORT},
	{"help", no_argument, NULL, 'h'},
	{"json", no_argument, NULL, JSON},
	{"quiet", no_argument, NULL, QUIET},
	{"reader", required_argument, NULL, READER_NAME},
	{"root", required_argument, NULL, ROOT},
	{"sign", no_argument, NULL, SIGN},
	{"try-pss", no_argument, NULL, TRY_PSS},
	{NULL, 0, NULL, 0},
};

static void help(void)
{
	printf("%s\n%s\n%s\n\n", _("Usage: inkan doctor [OPTIONS]"), "       inkan doctor --try-pss [--reader NAME]",
	       "       inkan doctor --card-report [--sign] [--reader NAME] [FILE]");
	printf("%s\n", _("Looks for what may be wrong with the smartcard service, the reader, the card, its\n"
	                 "certificates, the settings and the programs that should use the card, and says what\n"
	                 "helps. It asks for no PIN, uses no try and opens no connection to the network."));
	printf("\n  --quiet             %s\n", _("only what is not in order"));
	printf("  --json              %s\n", _("one JSON object"));
	printf("  --reader NAME       %s\n", _("only readers with NAME in their names"));
	printf("  --root DIR          %s\n", _("look for other programs' files below DIR instead of /"));
	printf("  --try-pss           %s\n",
	       _("try whether the card makes the signatures that TLS 1.3 needs; asks for the PIN"));
	printf("  --card-report       %s\n",
	       _("write down what this card answers, without its holder, for those who have no such card"));
	printf("  --sign              %s\n", _("and which methods of signing it takes; asks for the PIN"));
	printf("  --help\n");
}

enum exit_code verb_doctor(int argc, char **argv)
{
	const char *reader = NULL, *root = "", *file = NULL;
	struct findings findings = {.n = 0};
	enum exit_code code = EXIT_DONE;
	int option, given = 0, allowed = JSON | QUIET | READER_NAME | ROOT;
	enum error e;

	while ((option = next_option(argc, argv, options)) != -1) {
		if (option == '?')
			return EXIT_USAGE;
		if (option == 'h') {
			help();
			return EXIT_DONE;
		}
		given |= option;
		if (option == READER_NAME)
			reader = optarg;
		if (option == ROOT)
			root = strcmp(optarg, "/") == 0 ? "" : optarg;
	}
	if (given & CARD_REPORT)
		allowed = CARD_REPORT | SIGN | READER_NAME;
	else if (given & TRY_PSS)
		allowed = TRY_PSS | READER_NAME;
	for (const struct option *o = options; o->name; o++)
		if (o->val != 'h' && given & o->val & ~allowed) {
			char name[16];

			snprintf(name, sizeof name, "--%s", o->name);
			return refuse_argument(argv[0], name);
		}
	if (given & CARD_REPORT && optind < argc)
		file = argv[optind++];
	if (optind < argc)
		return refuse_argument(argv[0], argv[optind]);
	if (given & CARD_REPORT)
		return doctor_card_report(reader, file, given & SIGN);
	if (given & TRY_PSS)
		return doctor_try_pss(reader);

	e = findings_find(root, reader, &findings);
	if (e == E_OK) {
		code = findings_print(&findings, given & JSON, given & QUIET);
	} else {
		if (e == E_NO_READER)
			complain_reader(e, reader);
		else
			complain("%s", _(error_text(e)));
		code = exit_of(e);
	}
	findings_free(&findings);
	return code;
}
