/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "card/gate.h"
#include "card/op.h"

#define WAIT_MS 60000       /* for other programs, at the most */
#define SAY_WAITING_MS 2000 /* until the person is told */
#define WAIT_LOOK_MS 150    /* of a look: pcscd asks each 100 ms whether a transaction has ended */

/* An unlocked card stays so for every program until something else is selected
 * or its power is gone. */
static void op_end(struct op *op, enum error e)
{
	op->card->sys->ops->end(&op->link.link, op->lock && (e == E_LINK || e == E_TIMEOUT || !op_leave(op)));
	pages_free(op->link.response);
}

/* A connection, and a transaction on the card's insertion. */
static enum error op_begin(struct op *op, bool look)
{
	struct card *card = op->card;
	const struct card_system *sys = card->sys;
	struct apdu_link *l = &op->link;
	int64_t start = apdu_now_ms();
	enum error e;

	*l = (struct apdu_link){.ops = sys->ops, .reader = card->reader, .short_only = &card->short_only,
				.extended_taken = &card->extended_taken};
	l->response = pages_new(READER_RESPONSE_MAX);
	if (!l->response)
		return E_MEMORY;
	e = sys->ops->begin(sys->self, card->reader, look ? WAIT_LOOK_MS : SAY_WAITING_MS, &l->link);
	/* an exclusive connection is refused at once: there is no waiting for its end */
	if (e == E_BUSY && !look && apdu_now_ms() - start >= SAY_WAITING_MS) {
		log_info("%s: another program holds the card; waiting", card->reader);
		if (sys->waiting)
			sys->waiting(card->reader);
		e = sys->ops->begin(sys->self, card->reader, WAIT_MS - SAY_WAITING_MS, &l->link);
	}
	if (e != E_OK) {
		log_info("%s: no transaction: %s", card->reader, error_text(e));
		pages_free(l->response);
		return e;
	}
	if (card->insertion == 0)
		card->insertion = l->link.insertion;
	if (card->insertion == l->link.insertion)
		return E_OK;
	op_end(op, E_CHANGED);
	return E_CHANGED;
}

/* True when the file control information (6F, DF name 84) is that of the application. */
static bool names(const struct buf *fci, const struct select_cmd *s)
{
	struct tlv t, name;

	return tlv_find((struct bytes){fci->data, fci->len}, 0x6F, &t) && tlv_find(t.value, 0x84, &name) &&
	       name.value.len == s->aid_len && memcmp(name.value.data, s->aid, s->aid_len) == 0;
}

static struct apdu select_command(const struct select_cmd *s)
{
	return (struct apdu){.ins = 0xA4, .p1 = s->p1, .p2 = s->p2, .data = {s->aid, s->aid_len},
	                     .le = s->le ? 256 : 0};
}

/* A card that names what it selects must name that. */
bool op_leave(struct op *op)
{
	const struct select_cmd *s = &op->card->profile->leave;
	struct apdu c = select_command(s);
	struct buf fci = {0};
	uint16_t sw;
	enum error e = apdu_exchange(&op->link, &c, s->le ? &fci : NULL, &sw);
	bool left = e == E_OK && sw == 0x9000 && (!op->card->names_itself || names(&fci, s));

	buf_free(&fci);
	return left;
}

enum error op_run(struct card *card, op_step step, void *arg)
{
	struct op op = {.card = card};
	enum error e = E_LINK;

	for (int i = 0; e == E_LINK && !op.verify_sent && i < 2; i++) {
		if (i > 0)
			log_info("%s: the link broke; trying once more", card->reader);
		op = (struct op){.card = card};
		e = op_begin(&op, false);
		if (e != E_OK)
			continue;
		if (card->profile)
			e = op_select(&op, card->profile);
		if (e == E_REFUSED)
			e = E_PROTOCOL; /* it was there a moment ago */
		if (e == E_OK)
			e = step(&op, arg);
		op_end(&op, e);
	}
	if (e == E_LINK && op.verify_sent)
		gate_recount(card);
	return e;
}

enum error op_run_look(struct card *card, op_step step, void *arg)
{
	struct op op = {.card = card};
	enum error e = op_begin(&op, true);

	if (e != E_OK)
		return e;
	e = step(&op, arg);
	op_end(&op, e);
	return e;
}

/* A card that has once named the application that it selected must do so each
 * time: the two applications of an HPKI card have PINs of the same reference,
 * and neither may get the other's. */
static enum error select_once(struct op *op, const struct select_cmd *s, uint16_t *sw)
{
	struct apdu c = select_command(s);
	struct buf fci = {0};
	enum error e = apdu_exchange(&op->link, &c, s->le ? &fci : NULL, sw);

	if (*sw == 0x6283)
		e = E_OK; /* the application is there, and says that it is deactivated: JMA's first SELECT does */
	if (e == E_OK && s->le) {
		bool named = names(&fci, s);

		if (!named && op->card->names_itself) {
			log_error("%s: another application than the one that was selected answers", op->card->reader);
			e = E_PROTOCOL;
		}
		op->card->names_itself |= named;
	}
	buf_free(&fci);
	return e;
}

/* After power-up a card may fail its first command with 6F00. */
enum error op_select(struct op *op, const struct profile *profile)
{
	struct apdu wake = {.ins = 0xA4};
	uint16_t sw;
	enum error e;

	op->link.extended = profile->extended;
	e = select_once(op, &profile->select, &sw);
	if (sw == 0x6F00 && profile->wake_on_6f00) {
		if (apdu_exchange(&op->link, &wake, NULL, &sw) == E_LINK)
			return E_LINK;
		e = select_once(op, &profile->select, &sw);
	}
	return e == E_NOT_FOUND || e == E_SECURITY ? E_REFUSED : e;
}

enum error op_select_file(struct op *op, uint16_t fid, uint16_t *sw)
{
	uint8_t command[] = {0x00, 0xA4, 0x02, 0x0C, 2, (uint8_t)(fid >> 8), (uint8_t)(fid & 0xFF)};
	enum error e;

	*sw = 0x9000;
	if (fid == 0)
		return E_OK;
	e = apdu_send(&op->link, (struct bytes){command, sizeof command}, NULL, sw);
	return e == E_OK ? apdu_error(*sw) : e;
}
