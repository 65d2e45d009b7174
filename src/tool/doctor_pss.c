/* SPDX-License-Identifier: BSD-2-Clause */
/* inkan doctor --try-pss: does this card make RSASSA-PSS signatures? One PIN, one
 * signature, checked by libcrypto; then the setting, if it shall be. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "ask.h"
#include "crypto/scheme.h"
#include "doctor.h"
#include "say.h"
#include "setup_plan.h"

/* ---- The trial */

static void explain(const struct card *card)
{
	printf(_("The card is to make one signature of the kind that TLS 1.3 needs (RSASSA-PSS), over a\n"
	         "text that is thrown away. That takes the PIN of %s once;\n"
	         "a wrong PIN uses one try. The last try is never used.\n"),
	       token_text(card->profile));
	fflush(stdout);
}

/* In both forms: padded here, and as a hash for cards that pad themselves. */
static enum error sign(const struct find *f, const struct token *t, struct bytes pin)
{
	static const char text[] = "inkan doctor: this text is thrown away";
	struct scheme_params pss = {SCHEME_PSS, HASH_SHA256, .mgf1 = HASH_SHA256, .salt_len = 32};
	uint8_t hash[32], signature[SIGNATURE_MAX];
	size_t got = sizeof signature;
	struct encoded encoded = {0};
	enum error e = scheme_begin(&pss, &t->cert->key);

	if (e == E_OK)
		e = crypto_hash(f->crypto, pss.hash, (struct bytes){(const uint8_t *)text, sizeof text - 1}, hash);
	if (e == E_OK)
		e = scheme_prepare(f->crypto, &pss, (struct bytes){hash, sizeof hash}, &encoded);
	if (e == E_OK)
		e = card_login(t->card, pin, false);
	if (e == E_OK)
		e = card_sign(t->card, pin, &pss, &encoded, signature, &got);
	if (e == E_OK)
		e = scheme_check(f->crypto, &pss, &t->cert->key, &encoded, (struct bytes){signature, got});
	return e;
}

/* E_OK: it does. E_UNSUPPORTED, E_SIGNATURE: it does not. What else went wrong has been said. */
static enum error try_card(const struct find *f, const struct token *t)
{
	struct secret *pin = NULL;
	struct bytes bytes = {0};
	enum error e = check_tries(t->card, false);

	if (e != E_OK)
		return e;
	explain(t->card);
	e = ask_card_pin(t->card, ASK_PIN, &pin);
	if (e != E_OK)
		return e;
	bytes.data = secret_bytes(pin, &bytes.len);
	e = sign(f, t, bytes);
	secret_free(&pin);
	if (e != E_OK && e != E_UNSUPPORTED && e != E_SIGNATURE)
		complain_pin(e, t->card);
	return e;
}

/* ---- The setting */

#define NAME "pss"

static size_t count_blanks(const char *line, size_t n)
{
	size_t at = 0;

	while (at < n && (line[at] == ' ' || line[at] == '\t'))
		at++;
	return at;
}

/* "pss = …" or "pss:…", as base/conf.c reads it. */
static bool is_setting(const char *line, size_t n)
{
	size_t blanks = count_blanks(line, n), at = blanks + sizeof NAME - 1;

	if (n <= at || memcmp(line + blanks, NAME, sizeof NAME - 1) != 0)
		return false;
	at += count_blanks(line + at, n - at);
	return at < n && (line[at] == '=' || line[at] == ':');
}

static enum error add_setting(struct buf *out, const char *value)
{
	enum error e = buf_append(out, NAME " = ", sizeof NAME + 2);

	if (e == E_OK)
		e = buf_append(out, value, strlen(value));
	return e == E_OK ? buf_append(out, "\n", 1) : e;
}

/* Each line of that name in the general part is replaced, for the last one counts; without any, one is
 * added there, before the first section. What else is there stays. */
static enum error write_setting(struct change *c, const char *value)
{
	const char *p = (const char *)c->before.data;
	struct buf out = {0};
	enum error e = E_OK;
	bool there = false, general = true, head, ours;

	for (size_t left = c->before.len, n, at; left > 0 && e == E_OK; p += n, left -= n) {
		const char *end = memchr(p, '\n', left);

		n = end ? (size_t)(end - p) + 1 : left;
		at = count_blanks(p, n);
		head = at < n && p[at] == '[';
		ours = general && is_setting(p, n);
		if (head && !there)
			e = add_setting(&out, value);
		if (head)
			general = n - at >= 9 && memcmp(p + at, "[general]", 9) == 0;
		there |= head || ours;
		if (e == E_OK)
			e = ours ? add_setting(&out, value) : buf_append(&out, p, n);
		if (e == E_OK && out.data[out.len - 1] != '\n')
			e = buf_append(&out, "\n", 1);
	}
	if (e == E_OK && !there)
		e = add_setting(&out, value);
	if (e == E_OK)
		e = change_to(c, (const char *)out.data, out.len);
	buf_free(&out);
	return e;
}

static enum exit_code settle(const struct pss_wish *wish, const char *value)
{
	char paths[2][4096];
	struct plan plan = {0};
	struct change *c;
	enum exit_code code;

	if (conf_files(paths) < 2) {
		complain(_("There is no folder for settings of your own: HOME is not set."));
		advise(_("Write it by hand into the system's inkan.conf: pss = %s"), value);
		return EXIT_REFUSED;
	}
	if (!wish->yes && !isatty(STDIN_FILENO)) {
		complain(_("Nothing was changed: standard input is no terminal, so nobody can be asked."));
		advise(_("Write it with --yes, or by hand into inkan.conf: pss = %s"), value);
		return EXIT_REFUSED;
	}
	code = check_whose(paths[1]);
	if (code == EXIT_DONE)
		code = plan_file(&plan, strdup(paths[1]), 0644, &c);
	if (code == EXIT_DONE && write_setting(c, value) != E_OK)
		code = setup_no_memory();
	if (code == EXIT_DONE) {
		plan_next(&plan, "%s", _("Programs that run read it when they are started again."));
		code = plan_carry_out(&plan, &(struct setup_wish){.yes = wish->yes});
	}
	plan_free(&plan);
	return code;
}

static enum exit_code conclude(const struct pss_wish *wish, const struct find *f, enum error e)
{
	if (e == E_OK) {
		puts(_("The card made it, and it is right: TLS 1.3 works with this card."));
		if (f->conf.pss == PSS_OFF)
			return settle(wish, "on");
		puts(_("Nothing needs to be set."));
		return EXIT_DONE;
	}
	if (e == E_SIGNATURE)
		puts(_("The card's answer is no right signature: with this card TLS goes up to 1.2."));
	else
		puts(_("The card refuses: with this card TLS goes up to 1.2."));
	if (f->conf.pss != PSS_OFF)
		return settle(wish, "off");
	puts(_("Nothing needs to be set: pss = off is set already."));
	return EXIT_DONE;
}

static enum exit_code try_place(const struct pss_wish *wish, const struct find *f, struct place *place)
{
	const struct token *t = place_token(place, USE_AUTH);
	enum error e;

	if (!t) {
		complain(_("The card in %s has no such token."), place->state.name);
		advise(_("See what it has: inkan list"));
		return EXIT_UNAVAILABLE;
	}
	if (!t->cert) {
		complain(_("The certificate of %s was not read: %s."), token_text(t->card->profile),
		         _(error_text(t->cert_error)));
		advise(_("Without it no signature can be checked."));
		return exit_of(t->cert_error);
	}
	e = try_card(f, t);
	return e == E_OK || e == E_UNSUPPORTED || e == E_SIGNATURE ? conclude(wish, f, e) : exit_of(e);
}

enum exit_code doctor_try_pss(const struct pss_wish *wish)
{
	struct find f = {.n = 0};
	struct place *place;
	enum exit_code code = find_card(&f, wish->reader, &place);

	if (code == EXIT_DONE)
		code = try_place(wish, &f, place);
	find_free(&f);
	return code;
}
