/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "card/gate.h"
#include "card/op.h"
#include "cards/family.h"

#define WAIT_MS 60000       /* for other programs, at the most */
#define SAY_WAITING_MS 2000 /* until the person is told */
#define WAIT_LOOK_MS 150    /* of card_look: pcscd checks every 100 ms whether a transaction has ended */

#define FILE_MAX 32768 /* 15 bits of offset; no certificate is near it */
#define BLOCK 256      /* of a short READ BINARY */
#define HEADER_MAX 8   /* tag and length of an object */

/* A card that was unlocked stays unlocked for every program until something else is
 * selected or it is powered off. */
static void op_end(struct op *op, enum error e)
{
	op->card->sys->ops->end(&op->link.link, op->lock && (e == E_LINK || e == E_TIMEOUT || !op_leave(op)));
	pages_free(op->link.response);
}

/* Connects and begins a transaction, if the insertion is still the card's. */
static enum error op_begin(struct op *op, bool look)
{
	struct card *card = op->card;
	const struct card_system *sys = card->sys;
	struct apdu_link *l = &op->link;
	int64_t start = apdu_now_ms();
	enum error e;

	*l = (struct apdu_link){.ops = sys->ops,
	                        .reader = card->reader,
	                        .short_only = &card->short_only,
	                        .extended_taken = &card->extended_taken};
	l->response = pages_new(READER_RESPONSE_MAX);
	if (!l->response)
		return E_MEMORY;
	e = sys->ops->begin(sys->self, card->reader, look ? WAIT_LOOK_MS : SAY_WAITING_MS, &l->link);
	/* E_BUSY at once means an exclusive connection, whose end cannot be waited for */
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
	e = card->insertion != l->link.insertion ? E_CHANGED : sys->gone && sys->gone() ? E_CANCELLED : E_OK;
	if (e != E_OK)
		op_end(op, e);
	return e;
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
	return (struct apdu){.ins = 0xA4,
	                     .p1 = s->p1,
	                     .p2 = s->p2,
	                     .data = {s->aid, s->aid_len},
	                     .le = s->le ? 256 : 0};
}

/* Where the card's answers name the application, this one must be named. */
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
			log_info("%s: the connection broke; trying once more", card->reader);
		op = (struct op){.card = card};
		e = op_begin(&op, false);
		if (e != E_OK)
			continue;
		if (card->profile)
			e = op_select(&op, card->profile);
		if (e == E_REFUSED)
			e = E_PROTOCOL; /* the application was there when the card was opened */
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

/* A card that has once named the selected application in its answer must do so each
 * time: the PINs of the two applications of an HPKI card have the same reference,
 * and neither application may get the other's PIN. */
static enum error select_once(struct op *op, const struct select_cmd *s, uint16_t *sw)
{
	struct apdu c = select_command(s);
	struct buf fci = {0};
	enum error e = apdu_exchange(&op->link, &c, s->le ? &fci : NULL, sw);

	if (*sw == 0x6283)
		e = E_OK; /* "deactivated": the first SELECT on JMA's cards answers so, and the application works */
	if (e == E_OK && s->le) {
		bool named = names(&fci, s);

		if (!named && op->card->names_itself) {
			log_error("%s: SELECT: the answer names another application", op->card->reader);
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

/* ---- Elementary files: READ BINARY by short identifier or after SELECT */

/* One READ BINARY. Reading past the end is no error and gives no data. */
static enum error read_block(struct op *op, uint8_t p1, uint8_t p2, size_t le, struct buf *out)
{
	struct apdu c = {.ins = 0xB0, .p1 = p1, .p2 = p2, .le = le};
	uint16_t sw;
	enum error e;

	c.personal = op->card->profile->family->personal;
	e = apdu_exchange(&op->link, &c, out, &sw);
	return sw == 0x6B00 && e == E_REFUSED ? E_OK : e;
}

static enum error read_at(struct op *op, size_t offset, size_t le, struct buf *out)
{
	return read_block(op, (uint8_t)(offset >> 8 & 0x7F), (uint8_t)(offset & 0xFF), le, out);
}

/* The short identifier saves a SELECT. Cards that do not support it answer with various
 * status words, one of which (6B00) looks like an empty file; when the file is then found by
 * its FID, short identifiers are not tried again on this card. */
static enum error first_block(struct op *op, struct file_ref f, size_t le, struct buf *out)
{
	struct card *card = op->card;
	uint16_t sw;
	enum error e = E_NOT_FOUND;

	if (f.sfi && !(card->sfi_refused && f.fid)) {
		e = read_block(op, (uint8_t)(0x80 | f.sfi), 0, le, out);
		if (!f.fid || is_fatal(e) || (e == E_OK && out->len > 0))
			return e;
		if (op_select_file(op, f.fid, &sw) != E_OK)
			return sw ? e : E_LINK;
		e = read_at(op, 0, le, out);
		card->sfi_refused = e == E_OK && out->len > 0;
		return e;
	}
	if (f.fid)
		e = op_select_file(op, f.fid, &sw);
	return f.fid && e == E_OK ? read_at(op, 0, le, out) : e;
}

/* True when no more needs to be read: of an object, it is whole; of a row, its end is there: padding, bytes that are no
 * object, or an object's end in an answer that is shorter than a full block. */
static bool complete(const struct buf *b, enum op_content content)
{
	struct bytes in = {b->data, b->len};
	size_t announced;
	struct tlv t;

	if (content == CONTENT_OBJECT)
		return b->len >= tlv_announced(in);
	if (content == CONTENT_BLOCK)
		return true;
	while (tlv_next(&in, &t))
		;
	if (in.len == 0)
		return b->len % BLOCK != 0;
	if (in.data[0] == 0x00 || in.data[0] == 0xFF)
		return true;
	announced = tlv_announced(in);
	return announced == 0 ? in.len >= HEADER_MAX : announced > FILE_MAX;
}

/* The length of an object must be plausible before the rest is read. */
static enum error read_content(struct op *op, struct file_ref f, enum op_content content, struct buf *out)
{
	size_t announced = 0, before = 0, le = content == CONTENT_BLOCK ? BLOCK : APDU_LE_ALL;
	enum error e = first_block(op, f, le, out);

	if (e != E_OK)
		return e;
	if (content != CONTENT_BLOCK && (out->len == 0 || out->data[0] == 0x00 || out->data[0] == 0xFF))
		return E_NOT_FOUND; /* nothing, or padding from the start */
	if (content == CONTENT_OBJECT) {
		announced = tlv_announced((struct bytes){out->data, out->len});
		if (out->data[0] != 0x30 || announced == 0 || announced > FILE_MAX)
			return E_FORMAT;
	}
	while (e == E_OK && out->len > before && out->len < FILE_MAX && !complete(out, content)) {
		before = out->len;
		e = read_at(op, out->len, le, out);
	}
	if (e != E_OK || content != CONTENT_OBJECT)
		return e;
	if (out->len < announced)
		return E_FORMAT;
	mem_wipe(out->data + announced, out->len - announced);
	out->len = announced;
	return E_OK;
}

enum error op_read_file(struct op *op, struct file_ref file, enum op_content content, struct buf *out)
{
	enum error e;

	mem_wipe(out->data, out->len);
	out->len = 0;
	e = read_content(op, file, content, out);
	if (e != E_OK)
		log_info("%s: file %04X/%02X: %s", op->card->reader, file.fid, file.sfi, error_text(e));
	return e;
}
