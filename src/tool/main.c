/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"
#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/file.h"
#include "base/log.h"
#include "say.h"
#include "tool.h"

/* A program of its own: the libraries that it is linked with would slow down every other command. */
static enum exit_code verb_signer(int argc, char **argv)
{
	char path[4096];

	(void)argc;
	execv(program_path("inkan-signer", path), argv - 1);
	complain("%s: %s", path, strerror(errno));
	advise(_("Install Inkan anew: a part of it is missing."));
	return EXIT_UNAVAILABLE;
}

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
	{"sign", verb_signer, N_("sign documents with an HPKI card")},
	{"check", verb_signer, N_("check signed documents: by whom, and whether it held")},
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
	signal(SIGXFSZ, SIG_IGN); /* a file too long for its limit is an error of write, as a full disk is */
	return (int)finish(run(argc, argv));
}
