/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "status_verb.h"

#define DAY ((time_t)86400)

enum {
	OPTION_JSON = 256,
	OPTION_QUIET,
	OPTION_DUE,
	OPTION_SYSTEM,
	OPTION_CERTIFICATE,
	OPTION_BUNDLE,
	OPTION_OUTPUT,
	OPTION_RELOAD,
	OPTION_OLDER
};

static const struct option options[] = {
	{"help", no_argument, NULL, 'h'},
	{"json", no_argument, NULL, OPTION_JSON},
	{"quiet", no_argument, NULL, OPTION_QUIET},
	{"due", no_argument, NULL, OPTION_DUE},
	{"system", no_argument, NULL, OPTION_SYSTEM},
	{"certificate", required_argument, NULL, OPTION_CERTIFICATE},
	{"bundle", required_argument, NULL, OPTION_BUNDLE},
	{"output", required_argument, NULL, OPTION_OUTPUT},
	{"reload", required_argument, NULL, OPTION_RELOAD},
	{"older-than", required_argument, NULL, OPTION_OLDER},
	{NULL, 0, NULL, 0},
};

enum exit_code status_complain(const struct status_run *run, enum error e)
{
	const char *problem = run->store ? store_problem(run->store) : "";

	if (e == E_DENIED || e == E_IO) {
		complain(_("The revocation lists cannot be written: %s."), problem[0] ? problem : strerror(errno));
		advise(_("Their folders belong to root or to you, and nobody else may write there. See: inkan doctor"));
		return EXIT_OUTPUT;
	}
	complain(_("It failed: %s."), _(error_text(e)));
	advise(_("INKAN_DEBUG=info says where it failed."));
	return exit_of(e);
}

enum exit_code status_need_trust(const struct status_run *run)
{
	for (size_t i = 0; i < run->trust->n; i++)
		if (run->trust->list[i]->sound)
			return EXIT_DONE;
	complain(_("No CA certificate is installed: no revocation list could be verified."));
	advise(_("Install the root and the CA certificates: inkan trust add FILE"));
	return EXIT_UNAVAILABLE;
}

void status_time(time_t at, bool local, char out[LOCAL_TIME_SIZE])
{
	struct tm tm;

	out[0] = '\0';
	if (local ? localtime_r(&at, &tm) : gmtime_r(&at, &tm))
		strftime(out, LOCAL_TIME_SIZE, local ? "%Y-%m-%d %H:%M %Z" : "%Y-%m-%dT%H:%M:%SZ", &tm);
}

static enum exit_code archive(struct status_run *run)
{
	enum error e = store_archive(run->store, run->trust);

	return e == E_OK ? EXIT_DONE : status_complain(run, e);
}

static enum exit_code purge(struct status_run *run)
{
	size_t removed = 0;
	enum error e = store_purge(run->store, time(NULL) - run->older_than, &removed);

	if (!run->quiet)
		printf(P_("%zu file removed.\n", "%zu files removed.\n", removed), removed);
	return e == E_OK ? EXIT_DONE : status_complain(run, e);
}

#define BIT(option) (1u << ((option)-OPTION_JSON))
#define ANY_NUMBER 1000

static const struct command {
	const char *name;
	enum exit_code (*run)(struct status_run *run);
	unsigned takes;  /* options; --system and --help all do */
	int least, most; /* arguments */
} commands[] = {
	{"list", status_list, BIT(OPTION_JSON), 0, 0},
	{"refresh", status_refresh, BIT(OPTION_JSON) | BIT(OPTION_QUIET) | BIT(OPTION_DUE) | BIT(OPTION_CERTIFICATE), 0,
         0},
	{"add", status_add, BIT(OPTION_QUIET), 1, ANY_NUMBER},
	{"import", status_import, BIT(OPTION_QUIET), 1, ANY_NUMBER},
	{"export", status_export, BIT(OPTION_QUIET) | BIT(OPTION_BUNDLE) | BIT(OPTION_OUTPUT) | BIT(OPTION_RELOAD), 0,
         0},
	{"archive", archive, 0, 0, 0},
	{"purge", purge, BIT(OPTION_QUIET) | BIT(OPTION_OLDER), 0, 0},
};

static void help(void)
{
	printf("%s\n%s\n%s\n%s\n%s\n%s\n%s\n\n", _("Usage: inkan status list [--json]"),
	       "       inkan status refresh [--due] [--certificate FILE]... [--json] [--quiet]",
	       "       inkan status add URL...", "       inkan status import FILE...",
	       "       inkan status export --bundle nginx|apache --output FILE [--reload COMMAND]",
	       "       inkan status archive", "       inkan status purge [--older-than DAYS]");
	printf("%s\n", _("Keeps the revocation lists (CRLs) by which certificates are checked. refresh alone uses\n"
	                 "the network."));
	printf("\n  --due               %s\n", _("ask only the servers whose time has come (for timers)"));
	printf("  --certificate FILE  %s\n", _("remember where this certificate's lists are, and fetch them too"));
	printf("  --bundle, --output  %s\n", _("write the lists that this server needs to FILE, as PEM"));
	printf("  --reload COMMAND    %s\n", _("run it when FILE has changed"));
	printf("  --older-than DAYS   %s\n", _("remove lists that ended so long ago [30]"));
	printf("  --system            %s\n", _("use the system's folders only, not the user's"));
	printf("  --json              %s\n", _("write one JSON object"));
	printf("  --quiet             %s\n  --help\n", _("write errors only"));
}

/* False: the option does not take this value. */
static bool take_option(struct status_run *run, int option)
{
	char *end;
	long days;

	run->help |= option == 'h';
	run->json |= option == OPTION_JSON;
	run->quiet |= option == OPTION_QUIET;
	run->due |= option == OPTION_DUE;
	run->system |= option == OPTION_SYSTEM;
	if (option == OPTION_OUTPUT) {
		run->output = optarg;
	} else if (option == OPTION_RELOAD) {
		run->reload = optarg;
	} else if (option == OPTION_OLDER) {
		days = strtol(optarg, &end, 10);
		if (end == optarg || *end || days < 0 || days > 36500)
			return false;
		run->older_than = days * DAY;
	} else if (option == OPTION_BUNDLE) {
		run->bundle = optarg;
		return strcmp(optarg, "nginx") == 0 || strcmp(optarg, "apache") == 0;
	} else if (option == OPTION_CERTIFICATE) {
		if (run->n_certificates == STATUS_CERTIFICATES_MAX)
			return false;
		run->certificates[run->n_certificates++] = optarg;
	}
	return true;
}

static enum exit_code refuse_command(const char *verb, const char *name)
{
	if (name)
		return refuse_argument(verb, name);
	complain(_("No command given: list, refresh, add, import, export, archive or purge."));
	advise(_("See: inkan %s --help"), verb);
	return EXIT_USAGE;
}

static enum exit_code check(const struct command *command, const struct status_run *run, unsigned seen,
                            const char *verb)
{
	for (size_t i = 0; i < sizeof options / sizeof *options - 1; i++)
		if (options[i].val >= OPTION_JSON && options[i].val != OPTION_SYSTEM &&
		    (seen & ~command->takes & BIT(options[i].val))) {
			complain(_("inkan status %s does not take the option --%s."), command->name, options[i].name);
			advise(_("See: inkan %s --help"), verb);
			return EXIT_USAGE;
		}
	if (run->n_args > command->most)
		return refuse_argument(verb, run->args[command->most]);
	if (run->n_args >= command->least && (command->run != status_export || (run->bundle && run->output)))
		return EXIT_DONE;
	complain(_("inkan status %s: %s is missing."), command->name,
	         command->run != status_export ? command->run == status_add ? "URL" : "FILE"
	         : run->bundle                 ? "--output FILE"
	                                       : "--bundle nginx|apache");
	advise(_("See: inkan %s --help"), verb);
	return EXIT_USAGE;
}

static enum error enter(struct status_run *run)
{
	char anchors[2][4096];
	const char *names[2] = {anchors[0], anchors[1]};
	size_t n = trust_folders(anchors);
	enum error e = crypto_new(&run->crypto);

	conf_load(&run->conf);
	run->n = store_folders(run->folders);
	if (run->system)
		n = run->n = 1;
	for (size_t i = 0; i < run->n; i++)
		run->names[i] = run->folders[i];
	if (e == E_OK)
		e = trust_open(run->crypto, names, n, &run->trust);
	if (e == E_OK)
		e = store_open(run->crypto, run->names, run->n, &run->store);
	return e;
}

enum exit_code verb_status(int argc, char **argv)
{
	static struct status_run run;
	const struct command *command = NULL;
	unsigned seen = 0;
	enum exit_code code;
	enum error e;
	int option;

	run = (struct status_run){.older_than = 30 * DAY}; /* inkan portal comes twice */
	while ((option = next_option(argc, argv, options)) != -1) {
		if (option == '?')
			return EXIT_USAGE;
		if (!take_option(&run, option))
			return refuse_value(argv[0], optarg);
		if (option != 'h' && option != OPTION_SYSTEM)
			seen |= BIT(option);
	}
	if (run.help) {
		help();
		return EXIT_DONE;
	}
	for (size_t i = 0; optind < argc && i < sizeof commands / sizeof *commands; i++)
		if (strcmp(commands[i].name, argv[optind]) == 0)
			command = &commands[i];
	if (!command)
		return refuse_command(argv[0], optind < argc ? argv[optind] : NULL);
	run.args = argv + optind + 1;
	run.n_args = argc - optind - 1;
	code = check(command, &run, seen, argv[0]);
	if (code != EXIT_DONE)
		return code;
	if (run.system)
		umask(S_IWGRP | S_IWOTH); /* what is everybody's everybody may read, whatever root's umask is */
	e = enter(&run);
	code = e == E_OK ? command->run(&run) : status_complain(&run, e);
	store_free(&run.store);
	trust_free(&run.trust);
	crypto_free(&run.crypto);
	return code;
}
