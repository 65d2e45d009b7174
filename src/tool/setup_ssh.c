/* SPDX-License-Identifier: BSD-2-Clause */
/* ssh takes the first value that it finds. Lines for certain hosts therefore stand
 * first, and are closed by a "Host *" so that what was first still holds for all
 * hosts; lines for all hosts stand last, and anything that was said before wins. */
#include "config.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "say.h"
#include "setup_plan.h"

/* Patterns, with spaces between them: no quotes, no comment, no control character. */
static bool is_pattern(const char *host)
{
	size_t n = strlen(host);

	if (n == 0 || n > 1000 || strspn(host, " ") == n)
		return false;
	for (const char *p = host; *p; p++)
		if ((unsigned char)*p <= 0x1F || *p == 0x7F || strchr("\"'#\\=", *p))
			return false;
	return true;
}

/* To be freed. NULL: nobody to ask, or no answer. */
static char *ask_host(void)
{
	char line[1024] = "";

	if (!isatty(STDIN_FILENO))
		return NULL;
	printf("%s", _("For which hosts shall ssh use the card? Names or patterns as in ssh_config(5), * for all: "));
	fflush(stdout);
	if (!fgets(line, sizeof line, stdin))
		return NULL;
	line[strcspn(line, "\n")] = '\0';
	return strdup(line);
}

/* The hosts of the block that is there; to be freed. */
static char *present_host(const struct change *c)
{
	char *text = block_text(c), *host = NULL;

	if (text && strncmp(text, "Host ", 5) == 0)
		host = strndup(text + 5, strcspn(text + 5, "\n"));
	free(text);
	return host;
}

static enum exit_code choose_host(const struct change *c, const struct setup_wish *w, char **host)
{
	*host = w->host ? strdup(w->host) : present_host(c);
	if (!*host)
		*host = ask_host();
	if (*host && is_pattern(*host))
		return EXIT_DONE;
	complain(_("For which hosts shall ssh use the card?"));
	advise(_("Say it: inkan setup ssh --host PATTERN, such as --host '*.example.jp' or --host '*' for all."));
	return EXIT_USAGE;
}

static enum exit_code put_block(struct change *c, const char *host, const char *module)
{
	bool all = strcmp(host, "*") == 0;
	const char *quote = strpbrk(module, " \t") ? "\"" : "";
	char *text = format("Host %s\n    PKCS11Provider %s%s%s\n%s", host, quote, module, quote,
	                    all ? "" : "Host *\n");
	enum exit_code code = text ? block_set(c, all ? BLOCK_LAST : BLOCK_FIRST, text) : setup_no_memory();

	free(text);
	return code;
}

static char *config_name(const struct setup_wish *w)
{
	return w->system ? format("%s/etc/ssh/ssh_config.d/inkan.conf", w->dirs->root) :
	       format("%s/.ssh/config", w->dirs->home);
}

/* Where ssh_config includes it. */
static enum exit_code check_folder(const struct setup_wish *w)
{
	char *folder = format("%s/etc/ssh/ssh_config.d", w->dirs->root);
	bool there = folder && (w->dirs->root[0] || access(folder, F_OK) == 0);

	free(folder);
	if (there)
		return EXIT_DONE;
	complain(_("This machine's ssh reads no folder /etc/ssh/ssh_config.d."));
	advise(_("Each user can do it alone: inkan setup ssh, without --system."));
	return EXIT_UNAVAILABLE;
}

enum exit_code setup_ssh(struct plan *p, const struct setup_wish *w)
{
	struct change *c;
	enum exit_code code = plan_file(p, config_name(w), w->system ? 0644 : 0600, &c);
	char *host = NULL;

	if (code == EXIT_DONE && w->system && !w->undo)
		code = check_folder(w);
	if (code != EXIT_DONE)
		return code;
	if (w->undo)
		return block_drop(c);
	plan_next(p, _("The card's public key, for the server: ssh-keygen -D %s"), w->module);
	code = choose_host(c, w, &host);
	if (code == EXIT_DONE)
		code = put_block(c, host, w->module);
	free(host);
	return code;
}
