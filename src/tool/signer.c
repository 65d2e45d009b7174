/* SPDX-License-Identifier: BSD-2-Clause */
/* inkan-signer: inkan sign and inkan check. */
#include "config.h"
#include <locale.h>
#include <signal.h>
#include <string.h>
#include "base/log.h"
#include "say.h"
#include "tool.h"

int main(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";

	setlocale(LC_ALL, "");
	bindtextdomain(INKAN_DOMAIN, LOCALEDIR);
	bind_textdomain_codeset(INKAN_DOMAIN, "UTF-8");
	log_start("inkan");
	signal(SIGCHLD, SIG_DFL);
	signal(SIGXFSZ, SIG_IGN); /* a file too long for its limit is an error of write, as a full disk is */
	if (strcmp(verb, "sign") == 0)
		return (int)finish(verb_sign(argc - 1, argv + 1));
	if (strcmp(verb, "check") == 0)
		return (int)finish(verb_check(argc - 1, argv + 1));
	complain(_("inkan sign and inkan check run this program; nobody else needs it."));
	return EXIT_USAGE;
}
