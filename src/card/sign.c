/* SPDX-License-Identifier: BSD-2-Clause */
/* A signature: the methods of the profile in turn, in one transaction, with VERIFY
 * as late as possible. */
#include <string.h>
#include "base/log.h"
#include "card/gate.h"

struct signing {
	const struct scheme_params *params;
	const struct encoded *in;
	struct bytes pin;
	struct buf out;
	unsigned verified;              /* how many times: at most twice */
	bool fresh;                     /* no command was refused since VERIFY; a refused one may have ended it */
	bool refused[CARD_METHODS_MAX]; /* methods that were refused directly after VERIFY, or before it */
	bool doubted;                   /* a method was refused when an earlier refusal may have ended VERIFY */
};

static struct bytes input_of(const struct encoded *in, enum sign_input kind)
{
	return kind == INPUT_BLOCK ? in->block : kind == INPUT_HASH ? in->hash : in->message;
}

/* A card that pads uses the same hash for MGF1, and a fixed length of salt. */
static bool fits(const struct card *card, const struct sign_method *m, const struct signing *s)
{
	const struct scheme_params *p = s->params;
	struct bytes data = input_of(s->in, m->input);

	if (m->scheme != p->scheme || data.len == 0 || (m->input_len && data.len != m->input_len))
		return false;
	if (m->input == INPUT_DIGEST_INFO && data.len + 11 > p->signature_len)
		return false; /* PKCS#1 v1.5 needs that much for its padding */
	if (m->input == INPUT_HASH && m->scheme == SCHEME_PSS && (p->salt_len != m->salt_len || p->mgf1 != p->hash))
		return false;
	return !m->mse_tag || m->key_by != KEY_BY_REFERENCE || card->key.reference;
}

/* Command, key, length or state is not accepted: another method may work. Cards answer
 * with all of these, even 6982 after an accepted VERIFY. */
static bool method_is_refused(uint16_t sw)
{
	unsigned sw1 = sw >> 8;

	return sw1 == 0x63 || (sw1 >= 0x67 && sw1 <= 0x6B) || sw1 == 0x6D || sw1 == 0x6E;
}

/* Where the directory gives only a short identifier, it is the FID too, as in
 * JAHIS 24-002. */
static uint16_t key_fid(const struct card_key *key)
{
	return key->file.fid ? key->file.fid : key->file.sfi;
}

/* The error of a command before the signature itself. Its refusal must not be taken for a
 * refusal of the scheme. */
static enum error preparing(enum error e)
{
	return e == E_REFUSED ? E_PROTOCOL : e;
}

/* What comes before the PIN: the key's file and MANAGE SECURITY ENVIRONMENT SET,
 * digital signature template. */
static enum error prepare(struct op *op, const struct sign_method *m, uint16_t *sw)
{
	const struct card_key *key = &op->card->key;
	unsigned n = m->key_by == KEY_BY_REFERENCE ? key->reference : key_fid(key);
	uint8_t mse[] = {0x00, 0x22, 0x41, 0xB6, 4, m->mse_tag, 2, (uint8_t)(n >> 8), (uint8_t)(n & 0xFF)};
	enum error e = E_OK;

	*sw = 0;
	if (m->mse_tag && m->select_key)
		e = op_select_file(op, key_fid(key), sw);
	if (m->mse_tag && e == E_OK)
		e = apdu_send(&op->link, (struct bytes){mse, sizeof mse}, NULL, sw);
	return preparing(e == E_OK && m->mse_tag ? apdu_error(*sw) : e);
}

/* E_UNSUPPORTED: the card refused this method, and another may be tried. A refused VERIFY
 * ends the operation. A card that needs VERIFY before each signature may treat a refused
 * command as one: the PIN, which it has just accepted, is then verified once more. */
static enum error try_method(struct op *op, const struct sign_method *m, struct signing *s)
{
	struct apdu c = {m->cla,
	                 m->ins,
	                 m->p1,
	                 m->p2,
	                 .data = input_of(s->in, m->input),
	                 .le = s->params->signature_len > 256 ? APDU_LE_ALL : 256};
	bool unverified = s->verified == 0;
	uint16_t sw;
	enum error e = prepare(op, m, &sw);

	if (e != E_OK)
		return e != E_LINK && method_is_refused(sw) ? E_UNSUPPORTED : e;
	do {
		if (unverified) {
			e = preparing(gate_verify(op, s->pin, PIN_STORED, false));
			s->verified++;
			s->fresh = e == E_OK;
		}
		if (e != E_OK)
			return e;
		if (!m->mse_tag && m->select_key)
			e = preparing(op_select_file(op, key_fid(&op->card->key), &sw));
		s->out.len = 0;
		if (e == E_OK)
			e = apdu_exchange(&op->link, &c, &s->out, &sw);
		unverified = sw == 0x6982 && !s->fresh && s->verified == 1;
	} while (unverified);
	if (e == E_OK || e == E_LINK || !method_is_refused(sw))
		return e;
	s->doubted |= !s->fresh && sw >> 8 == 0x69; /* perhaps because VERIFY has ended */
	s->fresh = false;
	return E_UNSUPPORTED;
}

static enum error sign_step(struct op *op, void *arg)
{
	struct signing *s = arg;
	const struct card *card = op->card;
	const struct profile *p = card->profile;
	enum error e = E_UNSUPPORTED;
	bool doubted;

	memset(s->refused, 0, sizeof s->refused);
	s->verified = 0;
	s->fresh = s->doubted = false;
	for (size_t i = 0; e == E_UNSUPPORTED && i < p->n_methods && i < CARD_METHODS_MAX; i++) {
		if (card->method_refused[i] || !fits(card, &p->methods[i], s))
			continue;
		doubted = s->doubted;
		e = try_method(op, &p->methods[i], s);
		s->refused[i] = e == E_UNSUPPORTED && s->doubted == doubted;
	}
	return e;
}

/* A refused method is not tried again when another has worked, or may work directly after
 * VERIFY. When none has worked, the cause is another, and all are tried again. */
enum error card_sign(struct card *card, struct bytes pin, const struct scheme_params *params, const struct encoded *in,
                     uint8_t *signature, size_t *len)
{
	struct signing s = {.params = params, .in = in, .pin = pin};
	const struct profile *p = card->profile;
	enum error e = card_check_pin(card, pin);
	bool any = false;

	for (size_t i = 0; i < p->n_methods; i++)
		any |= fits(card, &p->methods[i], &s);
	if (e == E_OK && !any)
		return E_UNSUPPORTED;
	if (e == E_OK)
		e = op_run(card, sign_step, &s);
	for (size_t i = 0; i < p->n_methods && i < CARD_METHODS_MAX; i++) {
		if ((e == E_OK || (e == E_UNSUPPORTED && s.doubted)) && s.refused[i])
			card->method_refused[i] = true;
		if (e == E_UNSUPPORTED && !s.doubted && p->methods[i].scheme == params->scheme)
			card->method_refused[i] = false;
	}
	if (e == E_OK && s.out.len != params->signature_len) {
		log_error("%s: a signature of %zu bytes, not %zu", card->reader, s.out.len, params->signature_len);
		e = E_SIGNATURE;
	} else if (e == E_OK && *len < s.out.len) {
		e = E_TOO_LONG;
	} else if (e == E_OK) {
		memcpy(signature, s.out.data, s.out.len);
		*len = s.out.len;
	}
	buf_wipe(&s.out);
	return e;
}
