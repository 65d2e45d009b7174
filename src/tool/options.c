/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line and the exit code, for each program of the tool. */
#include "config.h"
#include <errno.h>
#include <getopt.h>
#include <string.h>
#include "say.h"
#include "tool.h"

enum exit_code exit_of(enum error e)
{
	switch (e) {
	case E_OK: return EXIT_DONE;
	case E_FORMAT: return EXIT_MALFORMED;
	case E_NO_SERVICE:
	case E_NO_READER:
	case E_NO_CARD:
	case E_FOREIGN:
	case E_UNSUPPORTED:
	case E_NOT_FOUND:
	case E_PROTOCOL:
	case E_REFUSED:
	case E_TIMEOUT: return EXIT_UNAVAILABLE;
	case E_BUSY:
	case E_MUTE:
	case E_LINK:
	case E_CHANGED: return EXIT_BUSY;
	case E_DENIED:
	case E_SECURITY:
	case E_PIN_LENGTH:
	case E_PIN_CHARACTERS:
	case E_PIN_WRONG:
	case E_PIN_REPEATED:
	case E_PIN_ELSEWHERE:
	case E_PIN_LAST_TRY:
	case E_PIN_STALE:
	case E_PIN_UNCERTAIN:
	case E_PIN_LOCKED:
	case E_CANCELLED: return EXIT_REFUSED;
	default: return EXIT_INTERNAL;
	}
}

static const char *last_option;

int next_option(int argc, char **argv, const struct option *options)
{
	int option, i = -1;

	opterr = 0;
	option = getopt_long(argc, argv, ":h", options, &i);
	last_option = i < 0 ? "" : options[i].name;
	if (option == ':')
		complain(_("The option %s wants a value."), argv[optind - 1]);
	else if (option == '?' && optopt > ' ' && optopt < 0x7F)
		complain(_("There is no option -%c."), optopt);
	else if (option == '?' && optopt)
		complain(_("The option %s is wrong: it takes no value."), argv[optind - 1]);
	else if (option == '?')
		complain(_("There is no option %s."), argv[optind - 1]);
	if (option == ':' || option == '?')
		advise(_("See: inkan %s --help"), argv[0]);
	return option == ':' ? '?' : option;
}

enum exit_code refuse_argument(const char *verb, const char *argument)
{
	complain(_("inkan %s: \"%s\" is not expected here."), verb, argument);
	advise(_("See: inkan %s --help"), verb);
	return EXIT_USAGE;
}

enum exit_code refuse_value(const char *verb, const char *value)
{
	complain(_("The option --%s does not take \"%s\"."), last_option, value);
	advise(_("See: inkan %s --help"), verb);
	return EXIT_USAGE;
}

enum exit_code fetches(void)
{
	if (WITH_CURL)
		return EXIT_DONE;
	complain(_("This build of Inkan fetches nothing from the network (--without-curl)."));
	advise(_("Revocation lists that you have got otherwise: inkan status import FILE"));
	return EXIT_UNAVAILABLE;
}

enum exit_code finish(enum exit_code code)
{
	if (is_incomplete() && code < EXIT_USAGE) { /* half an answer could pass for another one */
		complain("%s", _(error_text(E_MEMORY)));
		return EXIT_INTERNAL;
	}
	if (fflush(stdout) == 0 && !ferror(stdout))
		return code;
	if (code != EXIT_DONE)
		return code;
	complain(_("The output could not be written: %s."), strerror(errno));
	return EXIT_OUTPUT;
}
