/* SPDX-License-Identifier: BSD-2-Clause */
/* inkan setup: tells programs of our modules. */
#include "config.h"
#include <getopt.h>
#include <stdio.h>
#include "say.h"
#include "setup_dirs.h"
#include "tool.h"

static const struct option options[] = {
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

static void put_row(const struct setup_row *row)
{
	const char *library = row->library ? row->library : _("no module of Inkan");

	put_field(setup_client_word(row->client), "%s: %s", row->file, library);
	if (row->gone)
		put_subfield(_("Not there"), "%s", library);
}

static enum exit_code list(void)
{
	struct setup_rows rows;
	enum error e = setup_registered(&rows);

	for (size_t i = 0; i < rows.n; i++)
		if (rows.list[i].kind != SETUP_FOREIGN)
			put_row(&rows.list[i]);
	if (rows.n == 0)
		printf("%s\n", _("No program has been told of Inkan yet."));
	setup_rows_free(&rows);
	return exit_of(e);
}

static void help(void)
{
	printf("%s\n", _("Usage: inkan setup"));
}

enum exit_code verb_setup(int argc, char **argv)
{
	int option;

	while ((option = next_option(argc, argv, options)) != -1) {
		if (option == '?')
			return EXIT_USAGE;
		help();
		return EXIT_DONE;
	}
	return optind < argc ? refuse_argument(argv[0], argv[optind]) : list();
}
