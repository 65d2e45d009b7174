/* SPDX-License-Identifier: BSD-2-Clause */
/* PINs: the counter before each try, one VERIFY at most, and what it answered. */
#include <string.h>
#include "base/log.h"
#include "card/op.h"

enum { INS_VERIFY = 0x20, INS_CHANGE = 0x24 };

#define PIN_FIELD_MAX 255

static bool char_fits(uint8_t c, enum pin_alphabet a)
{
	if (a == PIN_DIGITS)
		return c >= '0' && c <= '9';
	if (a == PIN_UPPER_ALNUM)
		return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
	return c >= 0x20 && c <= 0x7E;
}

enum error card_check_pin(const struct card *card, struct bytes pin)
{
	const struct pin_profile *rule = &card->pin.rule;

	if (pin.len < rule->min || pin.len > rule->max)
		return E_PIN_LENGTH;
	for (size_t i = 0; i < pin.len; i++)
		if (!char_fits(pin.data[i], rule->alphabet))
			return E_PIN_CHARACTERS;
	return E_OK;
}

/* The PIN's bytes as the card wants them; their number. */
static size_t pin_field(const struct pin_profile *rule, struct bytes pin, uint8_t *out)
{
	size_t n = 0;

	for (; n < pin.len && n < PIN_FIELD_MAX; n++) {
		uint8_t c = pin.data[n];

		out[n] = rule->alphabet == PIN_UPPER_ALNUM && c >= 'a' && c <= 'z' ? (uint8_t)(c - 0x20) : c;
	}
	while (n < rule->stored)
		out[n++] = rule->pad;
	return n;
}

/* 63CX and the status words of a locked PIN; false when it says neither. */
static bool learn_tries(struct card_pin *pin, uint16_t sw)
{
	if ((sw & 0xFFF0) == 0x63C0)
		pin->tries = sw & 0x0F;
	else if (sw == 0x6983 || sw == 0x6984)
		pin->tries = 0;
	else
		return false;
	return true;
}

static enum error select_pin_file(struct op *op)
{
	uint16_t fid = op->card->pin.rule.file.fid, sw;

	return fid ? op_select_file(op, fid, &sw) : E_OK;
}

/* Cards that do not tell their counter in this way, or not in this state. */
static bool counter_untold(uint16_t sw)
{
	return sw == 0x9000 || sw == 0x6300 || sw == 0x6700 || sw == 0x6A80 || sw == 0x6A81 || sw == 0x6A86 ||
	       sw == 0x6B00 || sw == 0x6D00;
}

/* VERIFY without data (case 1, nothing after P2) asks for the counter and
 * costs no try. pin.tries becomes -1 when the card does not tell. The PIN's
 * file is selected. */
static enum error query(struct op *op)
{
	struct card_pin *pin = &op->card->pin;
	struct apdu c = {.ins = INS_VERIFY, .p2 = pin->rule.reference};
	uint16_t sw;
	enum error e;

	e = apdu_exchange(&op->link, &c, NULL, &sw);
	if (e == E_LINK || e == E_MEMORY)
		return e;
	if (learn_tries(pin, sw))
		return E_OK;
	pin->tries = -1;
	return counter_untold(sw) ? E_OK : e;
}

static enum error select_and_query(struct op *op)
{
	enum error e = select_pin_file(op);

	return e == E_OK ? query(op) : e;
}

/* A refusal without a number: ask, and where the card does not say, count. */
static void count_refusal(struct op *op, int before)
{
	struct card_pin *pin = &op->card->pin;

	if (query(op) == E_OK && pin->tries >= 0)
		return;
	pin->tries = (before > 0 ? before : pin->rule.tries) - 1;
}

static enum error verify_result(struct op *op, enum error e, uint16_t sw)
{
	struct card_pin *pin = &op->card->pin;
	int before = pin->tries;

	if (e == E_OK && sw == 0x9000) {
		pin->tries = before > pin->rule.tries ? before : pin->rule.tries;
		return E_OK;
	}
	if (e == E_LINK || e == E_MEMORY)
		return e;
	if (sw == 0x6300)
		count_refusal(op, before);
	else if (!learn_tries(pin, sw))
		return e == E_OK ? E_PROTOCOL : e;
	return pin->tries ? E_PIN_WRONG : E_PIN_LOCKED;
}

/* The PIN's file is selected. */
static enum error send_pin(struct op *op, uint8_t ins, uint8_t p1, struct bytes pin, uint16_t *sw)
{
	const struct pin_profile *rule = &op->card->pin.rule;
	uint8_t field[PIN_FIELD_MAX];
	struct apdu c = {.ins = ins, .p1 = p1, .p2 = rule->reference, .secret = true};
	enum error e;

	c.data = (struct bytes){field, pin_field(rule, pin, field)};
	op->lock = true;
	op->verify_sent = true;
	e = apdu_exchange(&op->link, &c, NULL, sw);
	mem_wipe(field, sizeof field);
	return e;
}

static enum error verify_selected(struct op *op, struct bytes pin)
{
	uint16_t sw;
	enum error e = send_pin(op, INS_VERIFY, 0x00, pin, &sw);

	return verify_result(op, e, sw);
}

enum error op_verify(struct op *op, struct bytes pin)
{
	enum error e = select_pin_file(op);

	return e == E_OK ? verify_selected(op, pin) : e;
}

static enum error tries_step(struct op *op, void *arg)
{
	const bool *lock = arg;
	enum error e = op_select(op, op->card->profile);

	op->lock = *lock;
	return e == E_OK ? select_and_query(op) : e;
}

enum error card_tries(struct card *card)
{
	bool lock = false;

	return op_run(card, tries_step, &lock);
}

void op_recount(struct card *card)
{
	bool lock = true;

	card->pin.tries = -1;
	if (op_run(card, tries_step, &lock) != E_OK)
		log_error("%s: the link broke at the PIN, and the counter cannot be read", card->reader);
}

/* What must hold before a PIN is sent. */
static enum error may_try(const struct card *card, const struct card_login *login)
{
	int tries = card->pin.tries;

	if (tries == 0)
		return E_PIN_LOCKED;
	if (login->refused_at >= 0 && tries <= login->refused_at)
		return E_PIN_REPEATED; /* an untold counter (-1) has not risen either */
	if (tries == 1 && !login->last_try_allowed)
		return E_PIN_LAST_TRY;
	return E_OK;
}

static enum error verify_carefully(struct op *op, const struct card_login *login)
{
	enum error e = op_select(op, op->card->profile);

	if (e == E_OK)
		e = select_and_query(op);
	if (e == E_OK)
		e = may_try(op->card, login);
	return e == E_OK ? verify_selected(op, login->pin) : e;
}

/* The card's own certificate must be there; others may be missing. */
static enum error read_protected(struct op *op)
{
	struct card *card = op->card;
	enum error e = E_OK;

	for (size_t i = 0; i < card->n_certs; i++) {
		if (!card->certs[i].pin_protected || card->certs[i].der)
			continue;
		e = op_read_cert(op, i);
		if (e != E_OK && (i == 0 || e == E_LINK || e == E_MEMORY))
			return e;
	}
	return E_OK;
}

static enum error login_step(struct op *op, void *arg)
{
	enum error e = verify_carefully(op, arg);

	return e == E_OK ? read_protected(op) : e;
}

enum error card_login(struct card *card, const struct card_login *login)
{
	struct card_login copy = *login;
	enum error e = card_check_pin(card, login->pin);

	if (e != E_OK)
		return e;
	return op_run(card, login_step, &copy);
}

struct change {
	struct card_login old;
	struct bytes new_pin;
};

static enum error change_step(struct op *op, void *arg)
{
	const struct change *change = arg;
	uint16_t sw;
	enum error e = verify_carefully(op, &change->old);

	if (e == E_OK)
		e = send_pin(op, INS_CHANGE, 0x01, change->new_pin, &sw);
	return e;
}

enum error card_change_pin(struct card *card, const struct card_login *old, struct bytes new_pin)
{
	struct change change = {*old, new_pin};
	enum error e = card->pin.rule.change ? card_check_pin(card, old->pin) : E_UNSUPPORTED;

	if (e == E_OK)
		e = card_check_pin(card, new_pin);
	return e == E_OK ? op_run(card, change_step, &change) : e;
}
