/* SPDX-License-Identifier: BSD-2-Clause */
/* A signature: the ways of the profile in turn, in one transaction, with one
 * VERIFY as close to the signature as it can be. */
#include <string.h>
#include "base/log.h"
#include "card/op.h"

struct signing {
	const struct card_sign *in;
	struct bytes pin;
	struct buf out;
	bool verified;   /* this PIN was accepted in this transaction */
	bool used;       /* and a command that came after was refused: it may count as used up */
	bool reverified; /* and was sent once more for that */
	bool refused[CARD_WAYS_MAX];
};

static struct bytes input_of(const struct card_sign *in, enum sign_input kind)
{
	return kind == INPUT_BLOCK ? in->block : kind == INPUT_HASH ? in->hash : in->message;
}

static bool fits(const struct card *card, const struct sign_way *w, const struct card_sign *in)
{
	struct bytes data = input_of(in, w->input);
	size_t room = card->key.bits / 8;

	if (w->scheme != in->scheme || data.len == 0)
		return false;
	if (w->input == INPUT_DIGEST_INFO && data.len + 11 > room)
		return false; /* PKCS#1 v1.5 needs that much for its padding */
	if (w->input_len && data.len != w->input_len)
		return false;
	if (w->input == INPUT_HASH && w->scheme == SCHEME_PSS && in->salt_len != w->salt_len)
		return false;
	return true;
}

/* Where the directory gives a short identifier alone, the file is taken to have
 * the same number: JAHIS 24-002 has it so. */
static uint16_t key_fid(const struct card_key *key)
{
	return key->file.fid ? key->file.fid : key->file.sfi;
}

/* Tag 84 takes the key's reference, tag 81 its file; cards whose directory
 * gives no reference take the file identifier for one. */
static unsigned key_number(const struct card_key *key, uint8_t mse_tag)
{
	if (mse_tag == 0x84 && key->reference)
		return key->reference;
	return key_fid(key);
}

/* MANAGE SECURITY ENVIRONMENT: SET, digital signature template. */
static enum error set_environment(struct op *op, uint8_t tag)
{
	unsigned n = key_number(&op->card->key, tag);
	uint8_t data[] = {tag, 2, (uint8_t)(n >> 8), (uint8_t)(n & 0xFF)};
	struct apdu c = {.ins = 0x22, .p1 = 0x41, .p2 = 0xB6, .data = {data, sizeof data}};
	uint16_t sw;

	return apdu_exchange(&op->link, &c, NULL, &sw);
}

/* Not this command, not this key reference, not this length: another way may do. */
static bool way_is_refused(uint16_t sw)
{
	switch (sw) {
	case 0x6700:
	case 0x6981:
	case 0x6985:
	case 0x6A80:
	case 0x6A81:
	case 0x6A82:
	case 0x6A86:
	case 0x6A88:
	case 0x6D00:
	case 0x6E00:
		return true;
	default:
		return sw >> 8 == 0x68; /* chaining, class */
	}
}

static enum error command(struct op *op, const struct sign_way *w, struct signing *s, uint16_t *sw)
{
	struct apdu c = {w->cla, w->ins, w->p1, w->p2, .data = input_of(s->in, w->input), .le = 256};
	size_t length = op->card->key.bits / 8;

	if (length > 256)
		c.le = APDU_LE_ALL;
	s->out.len = 0;
	return apdu_exchange(&op->link, &c, &s->out, sw);
}

/* Of a command before the signature's own: its refusal says nothing of the
 * scheme, which must not be given up for it. */
static enum error preparing(enum error e)
{
	return e == E_REFUSED ? E_PROTOCOL : e;
}

static enum error select_and_command(struct op *op, const struct sign_way *w, struct signing *s, uint16_t *sw)
{
	enum error e = w->select_key ? op_select_file(op, key_fid(&op->card->key), sw) : E_OK;

	return e == E_OK ? command(op, w, s, sw) : preparing(e);
}

/* A card that wants the PIN for each signature may count a refused command as
 * one. The PIN that it has just accepted may then be sent once more: no try can
 * be lost by it. */
static enum error command_verified(struct op *op, const struct sign_way *w, struct signing *s, uint16_t *sw)
{
	enum error e;

	if (!s->verified) {
		e = preparing(op_verify(op, s->pin));
		if (e != E_OK)
			return e;
		s->verified = true;
	}
	e = select_and_command(op, w, s, sw);
	if (e != E_SECURITY || !s->used || s->reverified)
		return e;
	s->reverified = true;
	e = preparing(op_verify(op, s->pin));
	return e == E_OK ? select_and_command(op, w, s, sw) : e;
}

/* E_UNSUPPORTED: the card refused this way; nothing speaks against another. */
static enum error try_way(struct op *op, const struct sign_way *w, struct signing *s)
{
	uint16_t sw = 0;
	enum error e = w->mse_tag ? set_environment(op, w->mse_tag) : E_OK;

	if (e == E_REFUSED || e == E_NOT_FOUND || e == E_SECURITY)
		return E_UNSUPPORTED;
	if (e == E_OK)
		e = command_verified(op, w, s, &sw);
	if (!way_is_refused(sw))
		return e;
	s->used = true;
	return E_UNSUPPORTED;
}

static enum error sign_step(struct op *op, void *arg)
{
	struct signing *s = arg;
	struct card *card = op->card;
	const struct profile *p = card->profile;
	enum error e = preparing(op_select(op, p));

	s->verified = s->used = s->reverified = false;
	memset(s->refused, 0, sizeof s->refused);
	if (e != E_OK)
		return e;
	e = E_UNSUPPORTED;
	for (size_t i = 0; e == E_UNSUPPORTED && i < p->n_ways && i < CARD_WAYS_MAX; i++) {
		if (card->way_refused[i] || !fits(card, &p->ways[i], s->in))
			continue;
		e = try_way(op, &p->ways[i], s);
		s->refused[i] = e == E_UNSUPPORTED;
	}
	return e;
}

/* Refusals are learned when another way has worked; when none did, something
 * else is wrong, and what was learned before is in doubt too. */
static void learn_ways(struct card *card, const struct signing *s, enum error e)
{
	const struct profile *p = card->profile;

	for (size_t i = 0; i < p->n_ways && i < CARD_WAYS_MAX; i++) {
		if (e == E_OK && s->refused[i])
			card->way_refused[i] = true;
		if (e == E_UNSUPPORTED && p->ways[i].scheme == s->in->scheme)
			card->way_refused[i] = false;
	}
}

static bool any_way(const struct card *card, const struct card_sign *in)
{
	for (size_t i = 0; i < card->profile->n_ways; i++)
		if (fits(card, &card->profile->ways[i], in))
			return true;
	return false;
}

/* A signature is as long as the modulus. */
static enum error take(const struct card *card, const struct signing *s, uint8_t *signature, size_t *len)
{
	size_t expected = s->in->block.len ? s->in->block.len : card->key.bits / 8;

	if (s->out.len != expected)
		return E_SIGNATURE;
	if (*len < s->out.len)
		return E_TOO_LONG;
	memcpy(signature, s->out.data, s->out.len);
	*len = s->out.len;
	return E_OK;
}

enum error card_sign(struct card *card, struct bytes pin, const struct card_sign *in,
                     uint8_t *signature, size_t *len)
{
	struct signing s = {.in = in, .pin = pin};
	enum error e = card_check_pin(card, pin);

	if (e == E_OK && !any_way(card, in))
		return E_UNSUPPORTED;
	if (e != E_OK)
		return e;
	e = op_run(card, sign_step, &s);
	learn_ways(card, &s, e);
	if (e == E_OK)
		e = take(card, &s, signature, len);
	buf_wipe(&s.out);
	return e;
}
