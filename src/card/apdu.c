/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>
#include "base/log.h"
#include "card/apdu.h"

#define SHORT_DATA_MAX 255
#define SHORT_LE_MAX 256
#define SHORT_APDU_MAX 261
#define ROUNDS_MAX 300 /* of GET RESPONSE: more than the longest answer takes */

enum error apdu_error(uint16_t sw)
{
	unsigned sw1 = sw >> 8;

	if (sw == 0x9000 || sw1 == 0x61 || sw == 0x6281 || sw == 0x6282)
		return E_OK;
	if (sw == 0x6982)
		return E_SECURITY;
	if (sw == 0x6A82 || sw == 0x6A88)
		return E_NOT_FOUND;
	return (sw1 >= 0x62 && sw1 <= 0x6F) || (sw1 >= 0x90 && sw1 <= 0x9F) ? E_REFUSED : E_PROTOCOL;
}

/* The bytes of one command; both APDU forms fit. */
struct encoded {
	uint8_t bytes[4 + 3 + APDU_DATA_MAX + 2];
	size_t len;
};

static void put(struct encoded *e, size_t byte)
{
	e->bytes[e->len++] = (uint8_t)(byte & 0xFF);
}

static void put_data(struct encoded *e, struct bytes data)
{
	if (data.len)
		memcpy(e->bytes + e->len, data.data, data.len);
	e->len += data.len;
}

static void put_header(struct encoded *e, const struct apdu *c)
{
	e->len = 0;
	put(e, c->cla);
	put(e, c->ins);
	put(e, c->p1);
	put(e, c->p2);
}

static void encode_short(struct encoded *e, const struct apdu *c)
{
	put_header(e, c);
	if (c->data.len) {
		put(e, c->data.len);
		put_data(e, c->data);
	}
	if (c->le)
		put(e, c->le < SHORT_LE_MAX ? c->le : 0);
}

static void encode_extended(struct encoded *e, const struct apdu *c)
{
	size_t le = c->le < APDU_LE_ALL ? c->le : 0;

	put_header(e, c);
	put(e, 0);
	if (c->data.len) {
		put(e, c->data.len >> 8);
		put(e, c->data.len);
		put_data(e, c->data);
	}
	if (c->le) {
		put(e, le >> 8);
		put(e, le);
	}
}

/* One command as it is, one answer as it comes. */
static enum error send_one(struct apdu_link *l, const struct encoded *cmd, struct buf *out, uint16_t *sw)
{
	size_t len = READER_RESPONSE_MAX;
	enum error e;

	*sw = 0;
	log_command(l->reader, cmd->bytes, cmd->len);
	e = l->ops->transmit(&l->link, cmd->bytes, cmd->len, l->response, &len);
	if (e == E_OK && (len < 2 || len > READER_RESPONSE_MAX))
		e = E_LINK;
	if (e != E_OK) {
		log_error("%s: transmit: %s", l->reader, error_text(e));
		return e;
	}
	log_response(l->reader, l->response, len, l->hide);
	*sw = (uint16_t)(l->response[len - 2] << 8 | l->response[len - 1]);
	if (out)
		e = buf_append(out, l->response, len - 2);
	mem_wipe(l->response, len);
	return e;
}

static enum error send_short(struct apdu_link *l, const struct apdu *c, struct buf *out, uint16_t *sw)
{
	struct encoded cmd;
	enum error e;

	encode_short(&cmd, c);
	e = send_one(l, &cmd, out, sw);
	mem_wipe(&cmd, sizeof cmd);
	return e;
}

/* Command chaining: all links but the last carry bit 5 of CLA (7816-4, 5.3.3). */
static enum error send_chained(struct apdu_link *l, const struct apdu *c, struct buf *out, uint16_t *sw)
{
	struct apdu part = *c;
	struct bytes rest = c->data;
	enum error e;

	part.cla |= 0x10;
	part.le = 0;
	part.data.len = SHORT_DATA_MAX;
	while (rest.len > SHORT_DATA_MAX) {
		part.data.data = rest.data;
		e = send_short(l, &part, NULL, sw);
		if (e != E_OK || *sw != 0x9000)
			return e;
		rest.data += SHORT_DATA_MAX;
		rest.len -= SHORT_DATA_MAX;
	}
	part.cla = c->cla;
	part.le = c->le;
	part.data = rest;
	return send_short(l, &part, out, sw);
}

static bool wants_extended(const struct apdu_link *l, const struct apdu *c)
{
	size_t longest = l->link.max_apdu;

	if (!l->extended || *l->short_only || c->secret)
		return false;
	if (longest && (longest <= SHORT_APDU_MAX || longest < 4 + 3 + c->data.len + 2))
		return false;
	return c->data.len > SHORT_DATA_MAX || c->le > SHORT_LE_MAX;
}

/* Cards and readers refuse extended length in many ways, a broken link among
 * them. Until it has worked once, each of these is taken for that. */
static bool extended_refused(const struct apdu_link *l, enum error e, uint16_t sw)
{
	if (*l->extended_taken)
		return false;
	return e == E_LINK || sw == 0x6700 || sw == 0x6E00 || sw == 0x6F00;
}

static enum error send_extended(struct apdu_link *l, const struct apdu *c, struct buf *out, uint16_t *sw)
{
	struct encoded cmd;
	enum error e;

	encode_extended(&cmd, c);
	e = send_one(l, &cmd, out, sw);
	if (extended_refused(l, e, *sw)) {
		log_debug("%s: extended length is not taken", l->reader);
		*l->short_only = true;
	} else if (e == E_OK && apdu_error(*sw) == E_OK) {
		*l->extended_taken = true;
	}
	return e;
}

/* In the form that fits, changing over when extended length is refused. */
static enum error send(struct apdu_link *l, const struct apdu *c, struct buf *out, uint16_t *sw)
{
	enum error e;

	if (wants_extended(l, c)) {
		e = send_extended(l, c, out, sw);
		if (e != E_OK || !*l->short_only)
			return e;
	}
	return c->data.len > SHORT_DATA_MAX ? send_chained(l, c, out, sw) : send_short(l, c, out, sw);
}

/* GET RESPONSE for as long as the card has more. */
static enum error fetch(struct apdu_link *l, struct buf *out, uint16_t *sw)
{
	struct apdu more = {.ins = 0xC0};
	unsigned sw1 = *sw >> 8;
	enum error e = E_OK;

	for (int i = 0; i < ROUNDS_MAX && e == E_OK && (sw1 == 0x61 || (i && sw1 == 0x6C)); i++) {
		more.le = *sw & 0xFF ? *sw & 0xFF : SHORT_LE_MAX;
		e = send_short(l, &more, out, sw);
		sw1 = *sw >> 8;
		if (out->len > READER_RESPONSE_MAX)
			return E_PROTOCOL;
	}
	return e == E_OK && sw1 == 0x61 ? E_PROTOCOL : e;
}

enum error apdu_exchange(struct apdu_link *l, const struct apdu *c, struct buf *out, uint16_t *sw)
{
	struct apdu again = *c;
	enum error e;

	*sw = 0;
	if (c->data.len > (c->secret ? SHORT_DATA_MAX : APDU_DATA_MAX))
		return E_TOO_LONG;
	l->hide = c->personal;
	e = send(l, c, out, sw);
	if (e == E_OK && *sw >> 8 == 0x6C && c->le && !c->secret) {
		again.le = *sw & 0xFF ? *sw & 0xFF : SHORT_LE_MAX;
		e = send(l, &again, out, sw);
	}
	if (e == E_OK && *sw >> 8 == 0x61 && out)
		e = fetch(l, out, sw);
	return e == E_OK ? apdu_error(*sw) : e;
}
