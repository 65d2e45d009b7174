/* SPDX-License-Identifier: BSD-2-Clause */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "status_verb.h"

#define DAY 86400L

enum { OPTION_JSON = 256, OPTION_QUIET, OPTION_DUE, OPTION_SYSTEM, OPTION_CERTIFICATE, OPTION_BUNDLE, OPTION_OUTPUT,
       OPTION_RELOAD, OPTION_OLDER };

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

static enum exit_code archive(struct status_room *room, const struct status_wish *wish)
{
	enum error e = store_archive(room->store, room->trust);

	(void)wish;
	return e == E_OK ? EXIT_DONE : status_complain(e);
}

static enum exit_code purge(struct status_room *room, const struct status_wish *wish)
{
	size_t removed = 0;
	enum error e = store_purge(room->store, time(NULL) - wish->older_than, &removed);

	if (!wish->quiet)
		printf(P_("%zu file removed.\n", "%zu files removed.\n", removed), removed);
	return e == E_OK ? EXIT_DONE : status_complain(e);
}

#define BIT(option) (1u << ((option) - OPTION_JSON))
#define ANY_NUMBER 1000

static const struct word {
	const char *name;
	enum exit_code (*run)(struct status_room *room, const struct status_wish *wish);
	unsigned takes; /* options; --system and --help all do */
	int least, most; /* arguments */
} words[] = {
	{"list", status_list, BIT(OPTION_JSON), 0, 0},
	{"refresh", status_refresh,
	 BIT(OPTION_JSON) | BIT(OPTION_QUIET) | BIT(OPTION_DUE) | BIT(OPTION_CERTIFICATE), 0, 0},
	{"add", status_add, BIT(OPTION_QUIET), 1, ANY_NUMBER},
	{"import", status_import, BIT(OPTION_QUIET), 1, ANY_NUMBER},
	{"export", status_export,
	 BIT(OPTION_QUIET) | BIT(OPTION_BUNDLE) | BIT(OPTION_OUTPUT) | BIT(OPTION_RELOAD), 0, 0},
	{"archive", archive, 0, 0, 0},
	{"purge", purge, BIT(OPTION_QUIET) | BIT(OPTION_OLDER), 0, 0},
};

#define N_WORDS (sizeof words / sizeof *words)

static void help(void)
{
	printf("%s\n%s\n%s\n%s\n%s\n%s\n%s\n\n",
	       _("Usage: inkan status list [--json]"),
	       "       inkan status refresh [--due] [--certificate FILE]... [--json] [--quiet]",
	       "       inkan status add URL...",
	       "       inkan status import FILE...",
	       "       inkan status export --bundle nginx|apache --output FILE [--reload COMMAND]",
	       "       inkan status archive", "       inkan status purge [--older-than DAYS]");
	printf("%s\n", _("Keeps the revocation lists (CRLs) by which certificates are checked. refresh alone uses\n"
			 "the network."));
	printf("\n  --due               %s\n", _("ask only those servers whose time has come (for timers)"));
	printf("  --certificate FILE  %s\n", _("note where this certificate's lists are, and fetch them too"));
	printf("  --bundle, --output  %s\n", _("write the lists that this server needs to FILE, as PEM"));
	printf("  --reload COMMAND    %s\n", _("run it when FILE has changed"));
	printf("  --older-than DAYS   %s\n", _("remove lists that ended so long ago [30]"));
	printf("  --system            %s\n", _("the system's folders alone, not the user's"));
	printf("  --json              %s\n", _("one JSON object"));
	printf("  --quiet             %s\n  --help\n", _("say nothing but complaints"));
}

static bool take_days(const char *text, long *seconds)
{
	char *end;
	long days = strtol(text, &end, 10);

	if (end == text || *end || days < 0 || days > 36500)
		return false;
	*seconds = days * DAY;
	return true;
}

/* False when the value is none that it takes. */
static bool take_option(struct status_wish *w, int option)
{
	w->help |= option == 'h';
	w->json |= option == OPTION_JSON;
	w->quiet |= option == OPTION_QUIET;
	w->due |= option == OPTION_DUE;
	w->system |= option == OPTION_SYSTEM;
	if (option == OPTION_OUTPUT)
		w->output = optarg;
	else if (option == OPTION_RELOAD)
		w->reload = optarg;
	else if (option == OPTION_OLDER)
		return take_days(optarg, &w->older_than);
	else if (option == OPTION_BUNDLE)
		w->bundle = optarg;
	else if (option == OPTION_CERTIFICATE && w->n_certificates < STATUS_CERTIFICATES_MAX)
		w->certificates[w->n_certificates++] = optarg;
	else if (option == OPTION_CERTIFICATE)
		return false;
	return option != OPTION_BUNDLE || strcmp(optarg, "nginx") == 0 || strcmp(optarg, "apache") == 0;
}

static enum exit_code parse(int argc, char **argv, struct status_wish *wish, unsigned *seen)
{
	int option;

	while ((option = next_option(argc, argv, options)) != -1) {
		if (option == '?')
			return EXIT_USAGE;
		if (!take_option(wish, option))
			return refuse_argument(argv[0], optarg);
		if (option != 'h' && option != OPTION_SYSTEM)
			*seen |= BIT(option);
	}
	return EXIT_DONE;
}

static const struct word *find_word(const char *name)
{
	for (size_t i = 0; i < N_WORDS; i++)
		if (strcmp(words[i].name, name) == 0)
			return &words[i];
	return NULL;
}

static enum exit_code refuse_word(const char *verb, const char *name)
{
	if (name)
		return refuse_argument(verb, name);
	complain(_("What shall it do? There are list, refresh, add, import, export, archive and purge."));
	advise(_("See: inkan %s --help"), verb);
	return EXIT_USAGE;
}

static enum exit_code check(const struct word *word, const struct status_wish *wish, unsigned seen, const char *verb)
{
	for (size_t i = 0; i < sizeof options / sizeof *options - 1; i++)
		if (options[i].val >= OPTION_JSON && options[i].val != OPTION_SYSTEM &&
		    (seen & ~word->takes & BIT(options[i].val)))
			return refuse_argument(verb, options[i].name);
	if (wish->n_args > word->most)
		return refuse_argument(verb, wish->args[word->most]);
	if (wish->n_args >= word->least && (word->run != status_export || (wish->bundle && wish->output)))
		return EXIT_DONE;
	complain(_("inkan status %s wants more: say for what."), word->name);
	advise(_("See: inkan %s --help"), verb);
	return EXIT_USAGE;
}

static enum error enter(struct status_room *room, bool system)
{
	char anchors[2][4096];
	const char *names[2] = {anchors[0], anchors[1]};
	size_t n = trust_folders(anchors);
	enum error e = crypto_new(&room->crypto);

	room->n = store_folders(room->folders);
	if (system)
		n = room->n = 1;
	for (size_t i = 0; i < room->n; i++)
		room->names[i] = room->folders[i];
	if (e == E_OK)
		e = trust_open(room->crypto, names, n, &room->trust);
	if (e == E_OK)
		e = store_open(room->crypto, room->names, room->n, &room->store);
	return e;
}

static void leave(struct status_room *room)
{
	store_free(&room->store);
	trust_free(&room->trust);
	crypto_free(&room->crypto);
}

enum exit_code verb_status(int argc, char **argv)
{
	struct status_wish wish = {.older_than = 30 * DAY};
	static struct status_room room;
	const struct word *word;
	unsigned seen = 0;
	enum exit_code code = parse(argc, argv, &wish, &seen);
	enum error e;

	if (code != EXIT_DONE)
		return code;
	if (wish.help) {
		help();
		return EXIT_DONE;
	}
	word = optind < argc ? find_word(argv[optind]) : NULL;
	if (!word)
		return refuse_word(argv[0], optind < argc ? argv[optind] : NULL);
	wish.args = argv + optind + 1;
	wish.n_args = argc - optind - 1;
	code = check(word, &wish, seen, argv[0]);
	if (code != EXIT_DONE)
		return code;
	if (wish.system)
		umask(S_IWGRP | S_IWOTH); /* what is everybody's everybody may read, whatever root's umask is */
	e = enter(&room, wish.system);
	code = e == E_OK ? word->run(&room, &wish) : status_complain(e);
	leave(&room);
	return code;
}
