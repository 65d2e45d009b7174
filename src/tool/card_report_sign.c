/* SPDX-License-Identifier: BSD-2-Clause */
/* The second part of a card report: each way of signing that is known for such a card,
 * tried by itself with the holder's PIN. Every VERIFY is src/card's. */
#include <stdio.h>
#include <string.h>
#include "ask.h"
#include "card_report.h"
#include "crypto/scheme.h"
#include "say.h"

/* What is signed, in all forms. */
struct sample {
	struct scheme_params params;
	uint8_t hash[32];
	struct encoded encoded;
};

static enum error make_sample(const struct find *f, const struct token *t, enum scheme scheme, struct sample *s)
{
	static const char text[] = "inkan doctor: this text is thrown away";
	struct bytes hash = {s->hash, sizeof s->hash};
	enum error e;

	*s = (struct sample){.params = {scheme, HASH_SHA256, .mgf1 = HASH_SHA256, .salt_len = 32}};
	e = scheme_begin(&s->params, &t->cert->key);
	if (e == E_OK)
		e = crypto_hash(f->crypto, s->params.hash, (struct bytes){(const uint8_t *)text, sizeof text - 1},
		                s->hash);
	return e == E_OK ? scheme_prepare(f->crypto, &s->params, hash, &s->encoded) : e;
}

/* ---- What went over the link */

/* The commands that belong to the signature; a PIN was never kept. */
static void put_steps(FILE *out, const struct recorder *r)
{
	bool signing = false;

	for (size_t i = 0; i < r->n; i++) {
		const struct exchange *x = &r->list[i];
		uint8_t ins = x->header[1];
		bool verify = ins == 0x20 && x->sent > 5, select = ins == 0xA4 && x->header[2] == 0x02;

		if (ins != 0xC0)
			signing = ins == 0x2A;
		if (ins != 0x22 && !signing && !select && !verify)
			continue;
		for (size_t k = 0; k < 4; k++)
			fprintf(out, "%02X", x->header[k]);
		fputs(x->data_len ? " " : ins == 0x20 ? " PIN" : "", out);
		for (size_t k = 0; k < x->data_len; k++)
			fprintf(out, "%02X", x->data[k]);
		if (x->sw)
			fprintf(out, " %04X; ", x->sw);
		else
			fputs(" -; ", out);
	}
}

static unsigned duration(const struct recorder *r)
{
	unsigned ms = 0;

	for (size_t i = 0; i < r->n; i++)
		ms += r->list[i].ms;
	return ms;
}

static bool is_right(const struct find *f, const struct token *t, const struct sample *s, struct bytes signature)
{
	return scheme_check(f->crypto, &s->params, &t->cert->key, &s->encoded, signature) == E_OK;
}

/* A card that pads does not tell the salt's length: it is the one with which the
 * signature is right. */
static void put_verdict(FILE *out, const struct find *f, const struct token *t, struct sample *s,
                        struct bytes signature)
{
	bool pss = s->params.scheme == SCHEME_PSS, right = is_right(f, t, s, signature);

	for (unsigned salt = 0; pss && !right && salt + sizeof s->hash + 2 <= signature.len; salt++) {
		s->params.salt_len = salt;
		right = is_right(f, t, s, signature);
	}
	fputs(right ? "right" : "wrong", out);
	if (pss && right)
		fprintf(out, ", salt %u", s->params.salt_len);
}

/* ---- One way */

/* A profile that knows this way alone, on a card that is opened for it: nothing that
 * an earlier way has taught counts. */
static enum error try_way(FILE *out, const struct find *f, const struct token *t, const struct sign_way *way,
                          struct bytes pin)
{
	struct recorder recorder = {.ops = &pcsc_reader_ops, .self = f->cards.self};
	struct card_system cards = {&recording_ops, &recorder, f->crypto, say_waiting};
	struct profile profile = *t->card->profile;
	const struct profile *list = &profile;
	struct sample sample;
	struct card *card = NULL;
	uint8_t signature[SIGNATURE_MAX];
	size_t len = sizeof signature;
	enum error e = make_sample(f, t, way->scheme, &sample);

	profile.ways = way;
	profile.n_ways = 1;
	if (e == E_OK)
		e = card_open(&cards, t->card->reader, (struct profile_set){&list, 1}, &card);
	if (e == E_OK && card->insertion != t->card->insertion)
		e = E_CHANGED;
	if (e == E_OK)
		e = card_login(card, pin, false);
	if (e != E_OK)
		goto out;
	recorder.n = 0;
	e = card_sign(card, pin, &sample.params, &sample.encoded, signature, &len);
	if (e == E_UNSUPPORTED && recorder.n == 0)
		goto out; /* the card does not tell what this way takes */
	fputs(way->scheme == SCHEME_PSS ? "pss: " : "pkcs1: ", out);
	put_steps(out, &recorder);
	if (e == E_OK)
		put_verdict(out, f, t, &sample, (struct bytes){signature, len});
	else
		fputs(e == E_SIGNATURE ? "wrong" : "refused", out);
	fprintf(out, ", %u ms\n", duration(&recorder));
out:
	if (card)
		t->card->pin.tries = card->pin.tries;
	card_free(&card);
	return e;
}

/* A refusal is what is looked for; a PIN that is not taken ends it. */
static bool ends_it(enum error e)
{
	switch (e) {
	case E_OK:
	case E_UNSUPPORTED:
	case E_SIGNATURE:
	case E_SECURITY:
	case E_REFUSED:
	case E_NOT_FOUND:
	case E_PROTOCOL:
		return false;
	default:
		return true;
	}
}

static void explain(const struct token *t)
{
	fprintf(stderr, _("Each way of signing that is known for this card is tried once, %zu in all, over a text\n"
	                  "that is thrown away, with the PIN of %s.\n"
	                  "A wrong PIN uses one try. The last try is never used.\n"),
	        t->card->profile->n_ways, token_text(t->card->profile));
}

enum error report_signing(FILE *out, const struct find *f, struct token *t)
{
	const struct profile *profile = t->card->profile;
	char section[32];
	struct bytes typed;
	struct secret *pin = NULL;
	enum error e;

	if ((e = check_tries(t->card, false)) != E_OK)
		return e;
	explain(t);
	if ((e = ask_card_pin(t->card, ASK_PIN, &pin)) != E_OK)
		return e;
	typed.data = secret_bytes(pin, &typed.len);
	e = card_login(t->card, typed, false);
	if (e == E_OK && !t->cert)
		token_read_cert(f, t); /* a phone shows it after the PIN */
	if (e == E_OK && !t->cert) {
		complain(_("The certificate of %s was not read: %s."), token_text(profile),
		         _(error_text(t->cert_error)));
		advise(_("Without it no signature can be checked."));
		secret_free(&pin);
		return t->cert_error;
	}
	fprintf(out, "\n[%s signing]\n", report_section(profile, section));
	for (size_t i = 0; e == E_OK && i < profile->n_ways; i++) {
		e = try_way(out, f, t, &profile->ways[i], typed);
		e = ends_it(e) ? e : E_OK;
	}
	secret_free(&pin);
	if (e != E_OK)
		complain_pin(e, t->card);
	return e;
}
