/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "card/op.h"

static enum error op_begin(struct op *op)
{
	struct card *card = op->card;
	struct apdu_link *l = &op->link;
	enum error e;

	l->ops = card->ops;
	l->reader = card->reader;
	l->short_only = &card->short_only;
	l->extended_taken = &card->extended_taken;
	l->response = malloc(READER_RESPONSE_MAX);
	if (!l->response)
		return E_MEMORY;
	e = card->ops->begin(card->self, card->reader, 60000, &l->link);
	if (e != E_OK)
		free(l->response);
	return e;
}

static struct apdu select_apdu(const struct select_cmd *s)
{
	return (struct apdu){.ins = 0xA4, .p1 = s->p1, .p2 = s->p2, .data = {s->aid, s->aid_len},
			     .le = s->le ? 256 : 0};
}

/* True when the file control information (6F, DF name 84) is that of the application. */
static bool names(const struct buf *fci, const struct select_cmd *s)
{
	struct tlv t, name;

	return tlv_find((struct bytes){fci->data, fci->len}, 0x6F, &t) && tlv_find(t.value, 0x84, &name) &&
	       name.value.len == s->aid_len && memcmp(name.value.data, s->aid, s->aid_len) == 0;
}

/* True when the card says that something else is selected, and names it if it
 * is one that names what it selects. */
static bool leave(struct op *op)
{
	const struct select_cmd *s = &op->card->profile->leave;
	struct apdu c = select_apdu(s);
	struct buf fci = {0};
	uint16_t sw;
	enum error e = apdu_exchange(&op->link, &c, s->le ? &fci : NULL, &sw);
	bool left = e == E_OK && sw == 0x9000 && (!op->card->names_itself || names(&fci, s));

	buf_free(&fci);
	return left;
}

/* An unlocked card stays so for every program until something else is
 * selected or its power is gone. */
static void op_end(struct op *op, enum error e)
{
	bool power_off = op->lock && (e == E_LINK || !leave(op));

	op->card->ops->end(&op->link.link, power_off);
	free(op->link.response);
}

static enum error run_once(struct op *op, op_step step, void *arg)
{
	struct card *card = op->card;
	enum error e = op_begin(op);

	if (e != E_OK)
		return e;
	if (card->insertion == 0)
		card->insertion = op->link.link.insertion;
	e = card->insertion == op->link.link.insertion ? step(op, arg) : E_CHANGED;
	op_end(op, e);
	return e;
}

enum error op_run(struct card *card, op_step step, void *arg)
{
	struct op op = {.card = card};
	enum error e = run_once(&op, step, arg);

	if (e == E_LINK && !op.verify_sent) {
		log_info("%s: the link broke; trying once more", card->reader);
		op = (struct op){.card = card};
		e = run_once(&op, step, arg);
	}
	if (e == E_LINK && op.verify_sent)
		op_recount(card);
	return e;
}

/* After power-up a card may fail its first command with 6F00. */
static enum error wake(struct op *op)
{
	struct apdu c = {.ins = 0xA4, .p1 = 0x00, .p2 = 0x00};
	uint16_t sw;
	enum error e = apdu_exchange(&op->link, &c, NULL, &sw);

	op->stirred = false;
	return e == E_LINK ? e : E_OK;
}

/* A card that has once named the application that it selected must do so each
 * time: the two applications of an HPKI card have PINs of the same reference,
 * and neither may get the other's. */
static enum error check_name(struct card *card, const struct select_cmd *s, const struct buf *fci)
{
	bool named = names(fci, s);

	if (!named && card->names_itself)
		return E_PROTOCOL;
	card->names_itself = named;
	return E_OK;
}

static enum error select_once(struct op *op, const struct select_cmd *s, uint16_t *sw)
{
	struct apdu c = select_apdu(s);
	struct buf fci = {0};
	enum error e = apdu_exchange(&op->link, &c, s->le ? &fci : NULL, sw);

	op->stirred = *sw == 0x6F00;
	if (e == E_OK && s->le)
		e = check_name(op->card, s, &fci);
	buf_free(&fci);
	return e;
}

enum error op_select(struct op *op, const struct profile *profile)
{
	uint16_t sw;
	enum error e = E_OK;
	bool woken = false;

	op->link.extended = profile->extended;
	if (op->stirred && profile->wake_on_6f00) {
		e = wake(op);
		woken = true;
	}
	if (e == E_OK)
		e = select_once(op, &profile->select, &sw);
	if (op->stirred && profile->wake_on_6f00 && !woken) {
		e = wake(op);
		if (e == E_OK)
			e = select_once(op, &profile->select, &sw);
	}
	return e == E_NOT_FOUND || e == E_SECURITY ? E_REFUSED : e;
}

enum error op_select_file(struct op *op, uint16_t fid, uint16_t *sw)
{
	uint8_t id[] = {(uint8_t)(fid >> 8), (uint8_t)(fid & 0xFF)};
	struct apdu c = {.ins = 0xA4, .p1 = 0x02, .p2 = 0x0C, .data = {id, sizeof id}};

	return apdu_exchange(&op->link, &c, NULL, sw);
}
