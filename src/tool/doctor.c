/* SPDX-License-Identifier: BSD-2-Clause */
/* inkan doctor: what is wrong with this machine, these programs and this card. */
#include "config.h"
#include <getopt.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "doctor.h"
#include "say.h"

enum {
	OPTION_JSON = 256, OPTION_QUIET, OPTION_READER, OPTION_ROOT, OPTION_TRY_PSS, OPTION_YES,
	OPTION_CARD_REPORT, OPTION_SIGN,
};

static const struct option options[] = {
	{"card-report", no_argument, NULL, OPTION_CARD_REPORT},
	{"help", no_argument, NULL, 'h'},
	{"json", no_argument, NULL, OPTION_JSON},
	{"quiet", no_argument, NULL, OPTION_QUIET},
	{"reader", required_argument, NULL, OPTION_READER},
	{"root", required_argument, NULL, OPTION_ROOT},
	{"sign", no_argument, NULL, OPTION_SIGN},
	{"try-pss", no_argument, NULL, OPTION_TRY_PSS},
	{"yes", no_argument, NULL, OPTION_YES},
	{NULL, 0, NULL, 0},
};

/* In the order in which they are told: each stands on those before it. */
static void (*const checks[])(struct doctor *d) = {
	check_settings, check_modules,
	check_service, check_usb, check_readers,
	check_cards, check_pins,
	check_clock, check_certificates,
	check_anchors, check_lists, check_revocation,
	check_sandboxes, check_clients, check_rivals,
};

struct wish {
	const char *reader, *root, *file;
	bool json, quiet, try_pss, yes, card_report, sign, help;
};

static void help(void)
{
	printf("%s\n%s\n%s\n\n", _("Usage: inkan doctor [OPTIONS]"),
	       "       inkan doctor --try-pss [--yes] [--reader NAME]",
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
	printf("  --sign              %s\n", _("and which ways of signing it takes; asks for the PIN"));
	printf("  --yes               %s\n  --help\n", _("and write what came out into inkan.conf, without asking"));
}

static enum exit_code parse(int argc, char **argv, struct wish *wish)
{
	int option;

	while ((option = next_option(argc, argv, options)) != -1) {
		if (option == '?')
			return EXIT_USAGE;
		wish->help |= option == 'h';
		wish->json |= option == OPTION_JSON;
		wish->quiet |= option == OPTION_QUIET;
		wish->try_pss |= option == OPTION_TRY_PSS;
		wish->yes |= option == OPTION_YES;
		wish->card_report |= option == OPTION_CARD_REPORT;
		wish->sign |= option == OPTION_SIGN;
		if (option == OPTION_READER)
			wish->reader = optarg;
		if (option == OPTION_ROOT)
			wish->root = optarg;
	}
	if (wish->card_report && optind < argc)
		wish->file = argv[optind++];
	if (optind < argc)
		return refuse_argument(argv[0], argv[optind]);
	if (wish->card_report && (wish->json || wish->quiet || wish->root || wish->try_pss))
		return refuse_argument(argv[0], wish->json ? "--json" : wish->quiet ? "--quiet" :
		                                wish->root ? "--root" : "--try-pss");
	if (wish->sign && !wish->card_report)
		return refuse_argument(argv[0], "--sign");
	if (wish->try_pss && (wish->json || wish->quiet || wish->root))
		return refuse_argument(argv[0], wish->json ? "--json" : wish->quiet ? "--quiet" : "--root");
	return wish->yes && !wish->try_pss ? refuse_argument(argv[0], "--yes") : EXIT_DONE;
}

/* ---- Where things are */

char *doctor_path(const struct doctor *d, const char *path)
{
	return format("%s%s", d->dirs.root, path);
}

bool doctor_has(const struct doctor *d, const char *path)
{
	char *full = doctor_path(d, path);
	bool there = full && access(full, F_OK) == 0;

	free(full);
	return there;
}

void doctor_remedy_others(struct report *r, const char *path, bool system)
{
	const char *sudo = system ? "sudo " : "";

	remedy(r, _("Take it from the others: sudo chown %s %s; %schmod go-w %s"), system ? "root" : "$(id -u)", path,
	       sudo, path);
}

/* What a report must hide. Accounts of services are no persons' names. */
static void hide_person(struct doctor *d)
{
	struct report *r = &d->report;
	const struct passwd *user = getpwuid(getuid());

	report_hide_home(r, d->dirs.home);
	report_hide_home(r, getenv("HOME"));
	if (!user)
		return;
	report_hide_home(r, user->pw_dir);
	if (user->pw_uid >= 1000)
		report_hide_user(r, user->pw_name);
}

/* ---- The examination */

static enum error look(struct doctor *d, const char *reader)
{
	enum error e;

	d->looked = find_all(&d->find, reader);
	if (!d->find.crypto || !d->find.cards.self)
		return d->looked;
	d->n_readers = READER_COUNT_MAX;
	pcsc_reader_ops.list(d->find.cards.self, d->readers, &d->n_readers);
	e = rows_read(&d->dirs, &d->rows);
	if (e == E_OK)
		e = judge_open(d->find.crypto, &d->judge);
	if (e == E_OK)
		doctor_look_at_lists(d);
	return e;
}

static enum exit_code tell(const struct report *r, const struct wish *wish)
{
	enum exit_code code = EXIT_DONE;

	if (wish->json)
		code = report_json(r, wish->quiet);
	else
		report_text(r, wish->quiet);
	if (code != EXIT_DONE || r->incomplete)
		return EXIT_INTERNAL;
	return report_count(r, RESULT_PROBLEM) ? EXIT_TO_MEND : EXIT_DONE;
}

static enum exit_code examine(const struct wish *wish)
{
	static struct doctor d;
	enum exit_code code;
	enum error e;

	d.now = time(NULL);
	e = dirs_find(&d.dirs, wish->root);
	hide_person(&d);
	if (e == E_OK)
		e = look(&d, wish->reader);
	if (e == E_OK && d.looked == E_NO_READER && wish->reader) {
		complain_reader(d.looked, wish->reader);
		code = EXIT_UNAVAILABLE;
	} else if (e == E_OK) {
		for (size_t i = 0; i < sizeof checks / sizeof *checks; i++)
			checks[i](&d);
		code = tell(&d.report, wish);
	} else {
		complain("%s", _(error_text(e)));
		code = EXIT_INTERNAL;
	}
	judge_free(&d.judge);
	find_free(&d.find);
	setup_rows_free(&d.rows);
	dirs_free(&d.dirs);
	report_free(&d.report);
	return code;
}

enum exit_code verb_doctor(int argc, char **argv)
{
	struct wish wish = {.help = false};
	enum exit_code code = parse(argc, argv, &wish);

	if (code != EXIT_DONE)
		return code;
	if (wish.help)
		help();
	else if (wish.card_report)
		code = doctor_card_report(&(struct card_report_wish){wish.reader, wish.file, wish.sign});
	else if (wish.try_pss)
		code = doctor_try_pss(&(struct pss_wish){wish.reader, wish.yes});
	else
		code = examine(&wish);
	return code;
}
