/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>
#include <time.h>
#include "base/log.h"
#include "card/apdu.h"

#define SHORT_DATA_MAX 255
#define SHORT_LE_MAX 256
#define SHORT_APDU_MAX 261
#define COMMAND_MAX (4 + 3 + APDU_DATA_MAX + 2)

enum {
	INS_VERIFY = 0x20,
	INS_MSE = 0x22,
	INS_CHANGE = 0x24,
	INS_PSO = 0x2A,
	INS_SELECT = 0xA4,
	INS_READ = 0xB0,
	INS_GET_RESPONSE = 0xC0
};

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

int64_t apdu_now_ms(void)
{
	struct timespec t = {0};

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static const char *name_of(uint8_t ins)
{
	static const char *const names[256] = {
		[INS_VERIFY] = "VERIFY",
		[INS_MSE] = "MANAGE SECURITY ENVIRONMENT",
		[INS_CHANGE] = "CHANGE REFERENCE DATA",
		[INS_PSO] = "PERFORM SECURITY OPERATION",
		[INS_SELECT] = "SELECT",
		[INS_READ] = "READ BINARY",
		[INS_GET_RESPONSE] = "GET RESPONSE",
	};

	return names[ins] ? names[ins] : "command";
}

enum error apdu_send(struct apdu_link *l, struct bytes command, struct buf *out, uint16_t *sw)
{
	size_t len = READER_RESPONSE_MAX;
	int64_t start = apdu_now_ms();
	enum error e;

	*sw = 0;
	if (l->commands == 0)
		l->deadline_ms = start + APDU_TIME_MAX_MS;
	if (l->commands++ >= APDU_COMMANDS_MAX || start > l->deadline_ms) {
		log_error("%s: stopped after %u commands", l->reader, l->commands - 1);
		return E_TIMEOUT;
	}
	log_command(l->reader, command.data, command.len);
	e = l->ops->transmit(&l->link, command.data, command.len, l->response, &len);
	if (e == E_OK && (len < 2 || len > READER_RESPONSE_MAX))
		e = E_LINK;
	if (e != E_OK) {
		log_error("%s: %s %02X %02X: %s, after %lld ms", l->reader, name_of(command.data[1]), command.data[2],
		          command.data[3], error_text(e), (long long)(apdu_now_ms() - start));
		return e;
	}
	log_response(l->reader, l->response, len, l->hide);
	*sw = (uint16_t)(l->response[len - 2] << 8 | l->response[len - 1]);
	if (out)
		e = buf_append(out, l->response, len - 2);
	mem_wipe(l->response, len);
	if (apdu_error(*sw) != E_OK && *sw >> 8 != 0x6C)
		log_info("%s: %s %02X %02X: status word %04X, after %lld ms", l->reader, name_of(command.data[1]),
		         command.data[2], command.data[3], *sw, (long long)(apdu_now_ms() - start));
	return e;
}

/* Both forms of ISO/IEC 7816-4, 5.1; b has room for the longest. */
static struct bytes encode(const struct apdu *c, bool extended, uint8_t *b)
{
	size_t n = 4, le = c->le < (extended ? APDU_LE_ALL : SHORT_LE_MAX) ? c->le : 0;

	memcpy(b, (uint8_t[]){c->cla, c->ins, c->p1, c->p2}, n);
	if (extended)
		b[n++] = 0;
	if (c->data.len) {
		if (extended)
			b[n++] = (uint8_t)(c->data.len >> 8);
		b[n++] = (uint8_t)(c->data.len & 0xFF);
		memcpy(b + n, c->data.data, c->data.len);
		n += c->data.len;
	}
	if (c->le) {
		if (extended)
			b[n++] = (uint8_t)(le >> 8 & 0xFF);
		b[n++] = (uint8_t)(le & 0xFF);
	}
	return (struct bytes){b, n};
}

static bool wants_extended(const struct apdu_link *l, const struct apdu *c)
{
	size_t longest = l->link.max_apdu;

	if (!l->extended || *l->short_only)
		return false;
	if (longest && (longest <= SHORT_APDU_MAX || longest < 4 + 3 + c->data.len + 2))
		return false;
	return c->data.len > SHORT_DATA_MAX || c->le > SHORT_LE_MAX;
}

/* Cards and readers refuse extended length with various answers, or break the link.
 * Until it has worked once, each of these is taken for a refusal; for READ BINARY, every
 * error that is not about the file. */
static bool extended_refused(const struct apdu_link *l, const struct apdu *c, enum error e, uint16_t sw)
{
	if (*l->extended_taken)
		return false;
	if (e == E_LINK || sw == 0x6700 || sw == 0x6E00 || sw == 0x6F00)
		return true;
	return e == E_OK && c->ins == INS_READ && apdu_error(sw) == E_REFUSED && sw != 0x6B00 && sw >> 8 != 0x69;
}

/* Extended if needed; short, with command chaining, when that is refused. In a chain
 * all commands but the last have bit 5 of CLA (7816-4, 5.3.3). */
static enum error send(struct apdu_link *l, const struct apdu *c, struct buf *out, uint16_t *sw)
{
	uint8_t b[COMMAND_MAX];
	struct apdu part = *c;
	struct bytes rest = c->data;
	enum error e;

	if (wants_extended(l, c)) {
		e = apdu_send(l, encode(c, true, b), out, sw);
		if (!extended_refused(l, c, e, *sw)) {
			if (e == E_OK && apdu_error(*sw) == E_OK)
				*l->extended_taken = true;
			return e;
		}
		log_info("%s: extended length is refused", l->reader);
		*l->short_only = true;
		if (e == E_LINK)
			return e;
	}
	part.cla |= 0x10;
	part.le = 0;
	part.data.len = SHORT_DATA_MAX;
	while (rest.len > SHORT_DATA_MAX) {
		part.data.data = rest.data;
		e = apdu_send(l, encode(&part, false, b), NULL, sw);
		if (e != E_OK || *sw != 0x9000)
			return e;
		rest.data += SHORT_DATA_MAX;
		rest.len -= SHORT_DATA_MAX;
	}
	part.cla = c->cla;
	part.le = c->le;
	part.data = rest;
	return apdu_send(l, encode(&part, false, b), out, sw);
}

/* GET RESPONSE for as long as the card has more. */
static enum error fetch(struct apdu_link *l, struct buf *out, uint16_t *sw)
{
	struct apdu more = {.ins = INS_GET_RESPONSE};
	uint8_t b[COMMAND_MAX];
	unsigned sw1 = *sw >> 8;
	enum error e = E_OK;

	for (bool first = true; e == E_OK && (sw1 == 0x61 || (!first && sw1 == 0x6C)); first = false) {
		size_t before = out->len;

		more.le = *sw & 0xFF ? *sw & 0xFF : SHORT_LE_MAX;
		e = apdu_send(l, encode(&more, false, b), out, sw);
		if (e == E_OK && (out->len > READER_RESPONSE_MAX || (*sw >> 8 == 0x61 && out->len == before)))
			e = E_PROTOCOL;
		sw1 = *sw >> 8;
	}
	return e;
}

enum error apdu_exchange(struct apdu_link *l, const struct apdu *c, struct buf *out, uint16_t *sw)
{
	struct apdu again = *c;
	enum error e;

	*sw = 0;
	if (c->data.len > APDU_DATA_MAX)
		return E_TOO_LONG;
	l->hide = c->personal;
	e = send(l, c, out, sw);
	if (e == E_OK && *sw >> 8 == 0x6C && c->le) {
		again.le = *sw & 0xFF ? *sw & 0xFF : SHORT_LE_MAX;
		e = send(l, &again, out, sw);
	}
	if (e == E_OK && *sw >> 8 == 0x61 && out)
		e = fetch(l, out, sw);
	l->hide = false;
	return e == E_OK ? apdu_error(*sw) : e;
}
