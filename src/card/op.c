/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "card/gate.h"
#include "card/op.h"

#define WAIT_MS 60000       /* for other programs, at the most */
#define SAY_WAITING_MS 2000 /* until the person is told */
#define WAIT_LOOK_MS 150    /* of a look: pcscd asks each 100 ms whether a transaction has ended */

static enum error op_begin(struct op *op, bool look)
{
	const struct card_system *sys = op->card->sys;
	struct apdu_link *l = &op->link;
	int64_t start = apdu_now_ms();
	enum error e;

	*l = (struct apdu_link){.ops = sys->ops, .reader = op->card->reader, .short_only = &op->card->short_only,
				.extended_taken = &op->card->extended_taken};
	l->response = pages_new(READER_RESPONSE_MAX);
	if (!l->response)
		return E_MEMORY;
	e = sys->ops->begin(sys->self, op->card->reader, look ? WAIT_LOOK_MS : SAY_WAITING_MS, &l->link);
	/* an exclusive connection is refused at once: there is no waiting for its end */
	if (e == E_BUSY && !look && apdu_now_ms() - start >= SAY_WAITING_MS) {
		log_info("%s: another program holds the card; waiting", op->card->reader);
		if (sys->waiting)
			sys->waiting(op->card->reader);
		e = sys->ops->begin(sys->self, op->card->reader, WAIT_MS - SAY_WAITING_MS, &l->link);
	}
	if (e != E_OK) {
		log_info("%s: no transaction: %s", op->card->reader, error_text(e));
		pages_free(l->response);
	}
	return e;
}

/* True when the file control information (6F, DF name 84) is that of the application. */
static bool names(const struct buf *fci, const struct select_cmd *s)
{
	struct tlv t, name;

	return tlv_find((struct bytes){fci->data, fci->len}, 0x6F, &t) && tlv_find(t.value, 0x84, &name) &&
	       name.value.len == s->aid_len && memcmp(name.value.data, s->aid, s->aid_len) == 0;
}

static enum error send_select(struct op *op, const struct select_cmd *s, struct buf *fci, uint16_t *sw)
{
	struct apdu c = {.ins = 0xA4, .p1 = s->p1, .p2 = s->p2, .data = {s->aid, s->aid_len}, .le = s->le ? 256 : 0};

	return apdu_exchange(&op->link, &c, s->le ? fci : NULL, sw);
}

/* A card that names what it selects must name that. */
bool op_leave(struct op *op)
{
	const struct select_cmd *s = &op->card->profile->leave;
	struct buf fci = {0};
	uint16_t sw;
	enum error e = send_select(op, s, &fci, &sw);
	bool left = e == E_OK && sw == 0x9000 && (!op->card->names_itself || names(&fci, s));

	buf_free(&fci);
	return left;
}

static enum error run_once(struct op *op, op_step step, void *arg, bool look)
{
	struct card *card = op->card;
	enum error e = op_begin(op, look);

	if (e != E_OK)
		return e;
	if (card->insertion == 0)
		card->insertion = op->link.link.insertion;
	if (card->insertion != op->link.link.insertion)
		e = E_CHANGED;
	else if (card->profile)
		e = op_select(op, card->profile);
	if (e == E_REFUSED)
		e = E_PROTOCOL; /* it was there a moment ago */
	if (e == E_OK)
		e = step(op, arg);
	card->sys->ops->end(&op->link.link, op->lock && (e == E_LINK || e == E_TIMEOUT || !op_leave(op)));
	pages_free(op->link.response);
	return e;
}

enum error op_run(struct card *card, op_step step, void *arg)
{
	struct op op = {.card = card};
	enum error e = run_once(&op, step, arg, false);

	if (e == E_LINK && !op.verify_sent) {
		log_info("%s: the link broke; trying once more", card->reader);
		op = (struct op){.card = card};
		e = run_once(&op, step, arg, false);
	}
	if (e == E_LINK && op.verify_sent)
		gate_recount(card);
	return e;
}

enum error op_run_look(struct card *card, op_step step, void *arg)
{
	struct op op = {.card = card};

	return run_once(&op, step, arg, true);
}

/* A card that has once named the application that it selected must do so each
 * time: the two applications of an HPKI card have PINs of the same reference,
 * and neither may get the other's. */
static enum error select_once(struct op *op, const struct select_cmd *s, uint16_t *sw)
{
	struct buf fci = {0};
	enum error e = send_select(op, s, &fci, sw);

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
	uint8_t id[] = {(uint8_t)(fid >> 8), (uint8_t)(fid & 0xFF)};
	struct apdu c = {.ins = 0xA4, .p1 = 0x02, .p2 = 0x0C, .data = {id, sizeof id}};

	return apdu_exchange(&op->link, &c, NULL, sw);
}
