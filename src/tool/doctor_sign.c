/* SPDX-License-Identifier: BSD-2-Clause */
/* Signatures to try a card, with the holder's PIN: inkan doctor --try-pss, and the last part of a card report.
 * Every VERIFY is src/card's, which never uses the last try. */
#include <stdlib.h>
#include "ask.h"
#include "card_report.h"
#include "crypto/scheme.h"
#include "doctor.h"
#include "say.h"

#define SALT_LEN 32 /* that of TLS 1.3 with SHA-256 */

enum exit_code sign_login(const struct find *f, struct token *t, struct secret **pin, struct bytes *typed)
{
	enum error e = check_tries(t->card, false);

	if (e != E_OK)
		return exit_of(e);
	fprintf(stderr,
	        _("The card is to sign a text that is thrown away, with the PIN of %s.\n"
	          "A wrong PIN uses one try. The last try is never used.\n"),
	        token_text(t->card->profile));
	e = ask_card_pin(t->card, ASK_PIN, pin);
	if (e != E_OK)
		return exit_of(e);
	typed->data = secret_bytes(*pin, &typed->len);
	e = card_login(t->card, *typed, false);
	if (e != E_OK)
		complain_pin(e, t->card);
	else if (!t->cert)
		token_read_cert(f, t); /* a phone shows it after the PIN */
	return e != E_OK ? exit_of(e) : t->cert ? EXIT_DONE : refuse_unread(t, NULL);
}

/* A card that pads does not tell the length of the salt: it is the one with which the signature is right. */
enum error sign_text(const struct find *f, const struct token *t, struct card *card, struct bytes pin,
                     struct scheme_params *params)
{
	static const char text[] = "inkan doctor: this text is thrown away";
	const enum scheme scheme = params->scheme;
	uint8_t hash[SALT_LEN], signature[SIGNATURE_MAX];
	struct encoded encoded = {0};
	size_t len = sizeof signature;
	enum error e;

	*params = (struct scheme_params){scheme, HASH_SHA256, .mgf1 = HASH_SHA256, .salt_len = SALT_LEN};
	e = scheme_begin(params, &t->cert->key);
	if (e == E_OK)
		e = crypto_hash(f->crypto, params->hash, (struct bytes){(const uint8_t *)text, sizeof text - 1}, hash);
	if (e == E_OK)
		e = scheme_prepare(f->crypto, params, (struct bytes){hash, sizeof hash}, &encoded);
	if (e == E_OK)
		e = card_sign(card, pin, params, &encoded, signature, &len);
	if (e != E_OK)
		return e;
	e = scheme_check(f->crypto, params, &t->cert->key, &encoded, (struct bytes){signature, len});
	for (unsigned n = 0; e != E_OK && scheme == SCHEME_PSS && n + sizeof hash + 2 <= len; n++) {
		params->salt_len = n;
		e = scheme_check(f->crypto, params, &t->cert->key, &encoded, (struct bytes){signature, len});
	}
	return e == E_OK ? E_OK : E_SIGNATURE;
}

/* ---- inkan doctor --try-pss */

enum exit_code doctor_try_pss(const char *reader)
{
	static struct find f;
	struct scheme_params params = {.scheme = SCHEME_PSS};
	struct place *place;
	struct token *t;
	struct secret *pin = NULL;
	struct bytes typed = {0};
	enum exit_code code = find_card(&f, reader, &place);
	bool works;
	enum error e;

	if (code != EXIT_DONE)
		goto out;
	t = place_token(place, USE_AUTH);
	code = t ? sign_login(&f, t, &pin, &typed) : refuse_no_token(place);
	if (code != EXIT_DONE || !t)
		goto out;
	e = sign_text(&f, t, t->card, typed, &params);
	if (e != E_OK && e != E_UNSUPPORTED && e != E_SIGNATURE) {
		complain_pin(e, t->card);
		code = exit_of(e);
		goto out;
	}
	works = e == E_OK && params.salt_len == SALT_LEN;
	puts(works ? _("The card makes RSASSA-PSS signatures: TLS 1.3 works with it.")
	     : e == E_UNSUPPORTED
	             ? _("The card refuses RSASSA-PSS: with it TLS works up to version 1.2.")
	             : _("The card's RSASSA-PSS signature is wrong: with it TLS works up to version 1.2."));
	if (works == (f.conf.pss != PSS_OFF)) {
		puts(_("The settings fit the card."));
	} else {
		printf(_("Write this line into inkan.conf, before the first section: pss = %s"), works ? "on" : "off");
		putchar('\n');
		code = EXIT_TO_MEND;
	}
out:
	secret_free(&pin);
	find_free(&f);
	return code;
}
