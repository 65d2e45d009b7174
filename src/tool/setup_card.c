/* SPDX-License-Identifier: BSD-2-Clause */
/* Which cards the programs of a client see: sections of inkan.conf, all of them in one block of ours,
 * which ends with [general]: a line that a person adds below it is for all programs, as before. */
#include "config.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "cards/family.h"
#include "find.h"
#include "say.h"
#include "setup_plan.h"

#define CLOSE "[general]\n"

static const char *const programs[SETUP_CLIENTS] = {
	[SETUP_FIREFOX] = "firefox firefox-esr firefox-bin",
	[SETUP_CHROME] = "chromium chrome msedge brave opera vivaldi-bin",
	[SETUP_SSH] = "ssh ssh-add ssh-agent ssh-keygen ssh-pkcs11-helper",
	[SETUP_OPENSSL] = "openssl curl",
	/* whatever asks PAM, and what pam_pkcs11 has to look at a card */
	[SETUP_PAM] = "login su sudo doas sshd sshd-session sshd-auth gdm-session-worker lightdm sddm-helper "
		"greetd xrdp-sesman cockpit-session polkit-agent-helper-1 kscreenlocker_greet kcheckpass "
		"xscreensaver-auth xfce4-screensaver-dialog mate-screensaver-dialog cinnamon-screensaver-pam-helper "
		"swaylock i3lock vlock pkcs11_inspect pkcs11_listcerts pklogin_finder",
	[SETUP_P11KIT] = "gnutls-cli p11-kit p11-kit-remote p11-kit-server p11tool wget",
	[SETUP_SIGNERS] = "pdfsig soffice.bin",
};

bool setup_knows_program(const char *name)
{
	size_t n = strlen(name);

	for (int i = 0; i < SETUP_CLIENTS; i++)
		for (const char *p = programs[i]; (p = strstr(p, name)); p += n)
			if ((p == programs[i] || p[-1] == ' ') && (p[n] == ' ' || !p[n]))
				return true;
	return false;
}

static bool is_kind(const char *word)
{
	for (size_t i = 0; conf_cards[i]; i++)
		if (strcmp(word, conf_cards[i]) == 0)
			return true;
	return false;
}

/* How many kinds of cards are in the readers now. */
static size_t count_kinds(void)
{
	struct find f;
	size_t n = 0;
	bool seen;

	if (find_all(&f, NULL) == E_OK)
		for (size_t k = 1; conf_cards[k]; k++, n += seen) {
			seen = false;
			for (size_t i = 0; i < f.n; i++)
				seen |= f.places[i].n > 0 &&
					strcmp(f.places[i].tokens[0].card->profile->family->word, conf_cards[k]) == 0;
		}
	find_free(&f);
	return n;
}

static char *settings_file(const struct setup_wish *w)
{
	return w->system ? format("%s" SYSCONFDIR "/inkan/inkan.conf", w->dirs->root) :
	       format("%s/inkan/inkan.conf", w->dirs->config);
}

/* The section may be there already, put by us or by hand. */
static bool has_section(const struct setup_wish *w, const char *head)
{
	char *path = settings_file(w);
	struct buf text = {0};
	bool has = path && file_read_all(path, &text) == E_OK && memmem(text.data, text.len, head, strlen(head));

	buf_free(&text);
	free(path);
	return has;
}

/* w->card, asked for where that matters. */
static enum exit_code choose(const struct setup_wish *w, char *card, size_t room)
{
	snprintf(card, room, "%s", w->card ? w->card : "");
	if (!w->card && !w->yes && isatty(STDIN_FILENO) && count_kinds() > 1) {
		printf("%s", _("Cards of several kinds are in the readers. "
		               "Which shall these programs see: hpki, jpki or any? "));
		fflush(stdout);
		if (!fgets(card, (int)room, stdin))
			snprintf(card, room, "?");
		card[strcspn(card, "\n")] = '\0';
	} else if (!w->card) {
		return EXIT_DONE;
	}
	if (is_kind(card))
		return EXIT_DONE;
	complain(_("Which cards shall these programs see?"));
	advise(_("Say it: --card hpki, --card jpki, or --card any."));
	return EXIT_USAGE;
}

/* In the place of the one with that head, else as the last; section: "" takes it away. */
static enum exit_code set_section(struct change *c, const char *head, const char *section)
{
	char *now = block_text(c), *text = now ? now : strdup(CLOSE), *at, *rest, *out = NULL;
	enum exit_code code = EXIT_DONE;

	if (text) {
		at = strstr(text, head);
		rest = at ? strstr(at, "\n[") : strstr(text, CLOSE);
		rest = !rest ? text + strlen(text) : at ? rest + 1 : rest;
		out = format("%.*s%s%s", (int)((at ? at : rest) - text), text, section, rest);
	}
	if (!out)
		code = setup_no_memory();
	else
		code = strcmp(out, CLOSE) == 0 ? block_drop(c) : block_set(c, BLOCK_LAST, out);
	free(out);
	free(text);
	return code;
}

enum exit_code setup_card(struct plan *p, const struct setup_wish *w)
{
	char *head = format("[program %s]", programs[w->client]), *section = NULL, card[16] = "";
	enum exit_code code = head ? EXIT_DONE : setup_no_memory();
	bool there = head && has_section(w, head);
	struct change *c;

	if (code == EXIT_DONE && !w->undo && (w->card || !there))
		code = choose(w, card, sizeof card);
	if (code == EXIT_DONE && (card[0] || (there && w->undo && !w->user)))
		code = plan_file(p, settings_file(w), 0644, &c);
	else
		goto out;
	section = card[0] ? format("%s\ncard = %s\n", head, card) : strdup("");
	if (code == EXIT_DONE)
		code = section ? set_section(c, head, section) : setup_no_memory();
out:
	free(section);
	free(head);
	return code;
}
