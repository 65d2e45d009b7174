/* SPDX-License-Identifier: BSD-2-Clause */
/* A signature: the ways of the profile in turn, in one transaction, with a VERIFY
 * as close to the signature as it can be. */
#include <string.h>
#include "base/log.h"
#include "card/gate.h"

struct signing {
	const struct scheme_params *params;
	const struct encoded *in;
	struct bytes pin;
	struct buf out;
	unsigned verified;           /* so many times: twice at the most */
	bool fresh;                  /* and no command was refused since, which may have used the PIN up */
	bool refused[CARD_WAYS_MAX]; /* ways that were refused straight after a VERIFY, or before any */
	bool doubted;                /* a way was refused when the PIN may have been used up */
};

static struct bytes input_of(const struct encoded *in, enum sign_input kind)
{
	return kind == INPUT_BLOCK ? in->block : kind == INPUT_HASH ? in->hash : in->message;
}

/* A card that pads itself takes the same hash for MGF1, and a salt of its own length. */
static bool fits(const struct card *card, const struct sign_way *w, const struct signing *s)
{
	const struct scheme_params *p = s->params;
	struct bytes data = input_of(s->in, w->input);

	if (w->scheme != p->scheme || data.len == 0 || (w->input_len && data.len != w->input_len))
		return false;
	if (w->input == INPUT_DIGEST_INFO && data.len + 11 > p->signature_len)
		return false; /* PKCS#1 v1.5 needs that much for its padding */
	if (w->input == INPUT_HASH && w->scheme == SCHEME_PSS && (p->salt_len != w->salt_len || p->mgf1 != p->hash))
		return false;
	return !w->mse_tag || w->key_by != KEY_BY_REFERENCE || card->key.reference;
}

/* Not this command, not this key, not this length, not in this state: another
 * way may do. Cards say all of these, even 6982 after an accepted VERIFY. */
static bool way_is_refused(uint16_t sw)
{
	unsigned sw1 = sw >> 8;

	return sw1 == 0x63 || (sw1 >= 0x67 && sw1 <= 0x6B) || sw1 == 0x6D || sw1 == 0x6E;
}

/* Where the directory gives a short identifier alone, the file is taken to have
 * the same number: JAHIS 24-002 has it so. */
static uint16_t key_fid(const struct card_key *key)
{
	return key->file.fid ? key->file.fid : key->file.sfi;
}

/* Of a command before the signature's own: its refusal says nothing of the
 * scheme, which must not be given up for it. */
static enum error preparing(enum error e)
{
	return e == E_REFUSED ? E_PROTOCOL : e;
}

/* What comes before the PIN: the key's file and MANAGE SECURITY ENVIRONMENT SET,
 * digital signature template. */
static enum error prepare(struct op *op, const struct sign_way *w, uint16_t *sw)
{
	const struct card_key *key = &op->card->key;
	unsigned n = w->key_by == KEY_BY_REFERENCE ? key->reference : key_fid(key);
	uint8_t mse[] = {0x00, 0x22, 0x41, 0xB6, 4, w->mse_tag, 2, (uint8_t)(n >> 8), (uint8_t)(n & 0xFF)};
	enum error e = E_OK;

	*sw = 0;
	if (w->mse_tag && w->select_key)
		e = op_select_file(op, key_fid(key), sw);
	if (w->mse_tag && e == E_OK)
		e = apdu_send(&op->link, (struct bytes){mse, sizeof mse}, NULL, sw);
	return preparing(e == E_OK && w->mse_tag ? apdu_error(*sw) : e);
}

/* E_UNSUPPORTED: the card refused this way; nothing speaks against another. A
 * refused VERIFY is the end: it says nothing of the scheme. A card that wants the
 * PIN for each signature may count a refused command as one: the PIN, which it
 * has just accepted, is then verified once more. */
static enum error try_way(struct op *op, const struct sign_way *w, struct signing *s)
{
	struct apdu c = {w->cla, w->ins, w->p1, w->p2, .data = input_of(s->in, w->input),
	                 .le = s->params->signature_len > 256 ? APDU_LE_ALL : 256};
	bool unverified = s->verified == 0;
	uint16_t sw;
	enum error e = prepare(op, w, &sw);

	if (e != E_OK)
		return e != E_LINK && way_is_refused(sw) ? E_UNSUPPORTED : e;
	do {
		if (unverified) {
			e = preparing(gate_verify(op, s->pin, PIN_KEPT, false));
			s->verified++;
			s->fresh = e == E_OK;
		}
		if (e != E_OK)
			return e;
		if (!w->mse_tag && w->select_key)
			e = preparing(op_select_file(op, key_fid(&op->card->key), &sw));
		s->out.len = 0;
		if (e == E_OK)
			e = apdu_exchange(&op->link, &c, &s->out, &sw);
		unverified = sw == 0x6982 && !s->fresh && s->verified == 1;
	} while (unverified);
	if (e == E_OK || e == E_LINK || !way_is_refused(sw))
		return e;
	s->doubted |= !s->fresh && sw >> 8 == 0x69; /* for want of a PIN, it may be */
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
	for (size_t i = 0; e == E_UNSUPPORTED && i < p->n_ways && i < CARD_WAYS_MAX; i++) {
		if (card->way_refused[i] || !fits(card, &p->ways[i], s))
			continue;
		doubted = s->doubted;
		e = try_way(op, &p->ways[i], s);
		s->refused[i] = e == E_UNSUPPORTED && s->doubted == doubted;
	}
	return e;
}

/* Refusals are learned when another way has worked, or may work when it is asked
 * with a fresh PIN; when none did, something else is wrong, and what was learned
 * before is in doubt too. */
static void learn_ways(struct card *card, const struct signing *s, enum error e)
{
	const struct profile *p = card->profile;

	for (size_t i = 0; i < p->n_ways && i < CARD_WAYS_MAX; i++) {
		if ((e == E_OK || (e == E_UNSUPPORTED && s->doubted)) && s->refused[i])
			card->way_refused[i] = true;
		if (e == E_UNSUPPORTED && !s->doubted && p->ways[i].scheme == s->params->scheme)
			card->way_refused[i] = false;
	}
}

enum error card_sign(struct card *card, struct bytes pin, const struct scheme_params *params, const struct encoded *in,
                     uint8_t *signature, size_t *len)
{
	struct signing s = {.params = params, .in = in, .pin = pin};
	enum error e = card_check_pin(card, pin);
	bool any = false;

	for (size_t i = 0; i < card->profile->n_ways; i++)
		any |= fits(card, &card->profile->ways[i], &s);
	if (e == E_OK && !any)
		return E_UNSUPPORTED;
	if (e == E_OK)
		e = op_run(card, sign_step, &s);
	learn_ways(card, &s, e);
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
