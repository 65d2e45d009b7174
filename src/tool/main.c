/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"
#include <errno.h>
#include <getopt.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include "base/log.h"
#include "say.h"
#include "tool.h"

static const struct verb {
	const char *name;
	enum exit_code (*run)(int argc, char **argv);
	const char *what;
} verbs[] = {
	{"list", verb_list, N_("list readers, cards and tokens: holder, role, PIN tries left")},
	{"show", verb_show, N_("show a certificate, of a card or in a file")},
	{"pin", verb_pin, N_("verify or change a PIN")},
	{"verify", verb_verify, N_("decide whether to accept a certificate")},
	{"trust", verb_trust, N_("add, list and remove the CA certificates that are trusted")},
	{"doctor", verb_doctor, N_("find out what is wrong, and what helps")},
	{"status", verb_status, N_("fetch, import and export revocation lists")},
	{"watch", verb_watch, N_("write a line for each HPKI card that is put in")},
	{"portal", verb_portal, N_("get CA certificates and revocation lists for a web server")},
	{"setup", verb_setup, N_("set up browsers, SSH, OpenSSL, PAM and others to use a card")},
};

#define N_VERBS (sizeof verbs / sizeof *verbs)

static void help(void)
{
	printf("%s\n\n", _("Usage: inkan COMMAND [OPTIONS]"));
	printf("%s\n\n", _("For HPKI cards (medical doctors and other health professions) and the My Number Card."));
	for (size_t i = 0; i < N_VERBS; i++)
		printf("  inkan %-6s %s\n", verbs[i].name, _(verbs[i].what));
	printf("\n%s\n", _("inkan COMMAND --help tells more; so does the manual: man inkan"));
}

static void version(void)
{
	printf("inkan %s\n", PACKAGE_VERSION);
}

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

/* A full disk or a closed pipe must not look like success. */
static enum exit_code finish(enum exit_code code)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return code;
	if (code != EXIT_DONE)
		return code;
	complain(_("The output could not be written: %s."), strerror(errno));
	return EXIT_OUTPUT;
}

static enum exit_code run(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";

	for (size_t i = 0; i < N_VERBS; i++)
		if (strcmp(name, verbs[i].name) == 0)
			return verbs[i].run(argc - 1, argv + 1);
	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
		help();
		return EXIT_DONE;
	}
	if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0) {
		version();
		return EXIT_DONE;
	}
	if (argc > 1)
		complain(_("There is no command \"%s\"."), name);
	else
		complain(_("No command is given."));
	advise(_("See: inkan --help"));
	return EXIT_USAGE;
}

int main(int argc, char **argv)
{
	setlocale(LC_ALL, "");
	bindtextdomain(INKAN_DOMAIN, LOCALEDIR);
	bind_textdomain_codeset(INKAN_DOMAIN, "UTF-8");
	log_start("inkan");
	signal(SIGCHLD, SIG_DFL); /* else nobody could tell how a program that we run has ended */
	return (int)finish(run(argc, argv));
}
