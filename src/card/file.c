/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading elementary files: READ BINARY by short identifier or after SELECT. */
#include "base/log.h"
#include "card/op.h"
#include "cards/family.h"

#define FILE_MAX 32768 /* 15 bits of offset; no certificate is near it */
#define BLOCK 256      /* of a short READ BINARY */
#define HEADER_MAX 8   /* tag and length of an object */

/* One READ BINARY; P1 and P2 as given. Past the end is no error: nothing comes. */
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

/* The short identifier saves a SELECT. Cards without them refuse it in many ways,
 * one of which (6B00) looks like an empty file; where the file is there by its
 * FID, short identifiers are not tried again on this card. */
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

/* True when the row's end has been read: padding, bytes that are no object, or
 * an object's end in an answer that is shorter than a full block. */
static bool row_complete(const struct buf *b)
{
	struct bytes in = {b->data, b->len};
	struct tlv t;
	size_t announced;

	while (tlv_next(&in, &t))
		;
	if (in.len == 0)
		return b->len % BLOCK != 0;
	if (in.data[0] == 0x00 || in.data[0] == 0xFF)
		return true;
	announced = tlv_announced(in);
	return announced == 0 ? in.len >= HEADER_MAX : announced > FILE_MAX;
}

static bool complete(const struct buf *b, enum op_content content)
{
	if (content == CONTENT_OBJECT)
		return b->len >= tlv_announced((struct bytes){b->data, b->len});
	return content == CONTENT_BLOCK || row_complete(b);
}

static enum error read_content(struct op *op, struct file_ref f, enum op_content content, struct buf *out)
{
	size_t announced = 0, before = 0, le = content == CONTENT_BLOCK ? BLOCK : APDU_LE_ALL;
	enum error e = first_block(op, f, le, out);

	if (e != E_OK)
		return e;
	if (content != CONTENT_BLOCK && (out->len == 0 || out->data[0] == 0x00 || out->data[0] == 0xFF))
		return E_NOT_FOUND; /* nothing, or padding from the start */
	if (content == CONTENT_OBJECT) {
		/* an object's length must make sense before the rest is asked for */
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

enum error op_read_cert(struct op *op, size_t i)
{
	struct card_cert *c = &op->card->certs[i];
	struct buf b = {.hidden = true};
	enum error e = op_read_file(op, c->file, CONTENT_OBJECT, &b);

	if (e == E_OK) {
		c->der = b.data;
		c->der_len = b.len;
		return E_OK;
	}
	c->pin_protected |= e == E_SECURITY;
	buf_wipe(&b);
	return e;
}
