/* SPDX-License-Identifier: BSD-2-Clause */
/* inkan doctor --try-pss: does this card make RSASSA-PSS signatures? One PIN, one
 * signature, checked by libcrypto; then the setting, if it shall be. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "ask.h"
#include "cert/pss.h"
#include "doctor.h"
#include "say.h"

#define MODULUS_MAX 512 /* bytes: RSA 4096 */

static const struct pss pss = {.hash = HASH_SHA256, .mgf1 = HASH_SHA256, .salt_len = 32};

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
	uint8_t hash[EVP_MAX_MD_SIZE], block[MODULUS_MAX], signature[MODULUS_MAX];
	size_t len = t->cert->modulus.len, hash_len = crypto_hash_len(pss.hash), got = sizeof signature;
	struct bytes digest = {hash, hash_len};
	struct card_sign in = {.scheme = SCHEME_PSS, .hash = digest, .salt_len = pss.salt_len};
	enum error e;

	if (len == 0 || len > sizeof block)
		return E_UNSUPPORTED;
	e = crypto_hash(f->crypto, pss.hash, (struct bytes){(const uint8_t *)text, sizeof text - 1}, hash);
	if (e == E_OK)
		e = pss_encode(f->crypto, &pss, digest, block, len);
	in.block = (struct bytes){block, len};
	if (e == E_OK)
		e = card_sign(t->card, pin, &in, signature, &got);
	if (e == E_OK)
		e = cert_check_pss(f->crypto, t->cert, pss.hash, pss.mgf1, pss.salt_len, digest,
		                   (struct bytes){signature, got});
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

static bool agrees(const struct pss_wish *wish, const char *path, const char *value)
{
	char line[16] = "";

	if (wish->yes)
		return true;
	if (!isatty(STDIN_FILENO)) {
		advise(_("Write it with --yes, or by hand: pss = %s in inkan.conf"), value);
		return false;
	}
	printf(_("Write \"pss = %s\" into %s? [y/N] "), value, path);
	fflush(stdout);
	return fgets(line, sizeof line, stdin) && (strcmp(line, "y\n") == 0 || strcmp(line, "yes\n") == 0);
}

static enum exit_code settle(const struct pss_wish *wish, const char *value)
{
	char paths[2][4096];

	if (conf_files(paths) < 2) {
		complain(_("There is no folder for settings of your own: HOME is not set."));
		advise(_("Write it with --yes, or by hand: pss = %s in inkan.conf"), value);
		return EXIT_TO_MEND;
	}
	if (!agrees(wish, paths[1], value)) {
		complain(_("Nothing was changed."));
		return EXIT_TO_MEND;
	}
	if (doctor_write_setting(paths[1], "pss", value) != E_OK) {
		complain(_("%s could not be written: %s."), paths[1], strerror(errno));
		advise(_("Nothing was changed."));
		return EXIT_OUTPUT;
	}
	printf(_("Written: pss = %s, in %s. Start browsers and the like again.\n"), value, paths[1]);
	return EXIT_DONE;
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
