/* SPDX-License-Identifier: BSD-2-Clause */
/* One APDU: its fields, command chaining, GET RESPONSE, and which command it is. */
#include <string.h>
#include "vcard/iso7816.h"

/* ISO/IEC 7816-4, 5.1: the seven forms of a command. */
static bool parse_short(struct command *c, const uint8_t *body, size_t n)
{
	size_t nc = 0;

	if (n > 1) {
		nc = body[0];
		if (nc == 0 || n < 1 + nc || n > 2 + nc)
			return false;
		c->data = (struct bytes){body + 1, nc};
		body += 1 + nc;
		n -= 1 + nc;
	}
	if (n == 1) {
		c->le_all = body[0] == 0;
		c->ne = body[0] ? body[0] : 256;
	}
	return true;
}

static bool parse_extended(struct command *c, const uint8_t *body, size_t n)
{
	size_t word = (size_t)body[1] << 8 | body[2];

	c->extended = true;
	if (n > 3) {
		if (word == 0 || (n != 3 + word && n != 5 + word))
			return false;
		c->data = (struct bytes){body + 3, word};
		if (n == 3 + word)
			return true;
		word = (size_t)body[3 + word] << 8 | body[4 + word];
	}
	c->le_all = word == 0;
	c->ne = word ? word : 65536;
	return true;
}

static bool parse(struct command *c, const uint8_t *apdu, size_t n)
{
	*c = (struct command){0};
	if (n < 4)
		return false;
	c->cla = apdu[0];
	c->ins = apdu[1];
	c->p1 = apdu[2];
	c->p2 = apdu[3];
	if (n >= 7 && apdu[4] == 0)
		return parse_extended(c, apdu + 4, n - 4);
	return parse_short(c, apdu + 4, n - 4);
}

uint16_t exact_le(const struct vcard *card, const struct command *c, size_t n)
{
	if (!card->spec.exact_le || c->ne == 0 || n == 0 || n > 256 || c->ne == n)
		return SW_OK;
	if (c->ne < n || (c->extended && c->le_all))
		return SW_OK;
	return (uint16_t)(SW_EXACT | (n & 0xFF));
}

static uint16_t more(size_t left)
{
	return (uint16_t)(SW_MORE | (left >= 256 ? 0 : left));
}

static uint16_t get_response(struct vcard *card, const struct command *c, struct answer *a)
{
	struct buf *p = &card->pending;
	size_t n = c->ne < p->len ? c->ne : p->len;
	uint16_t sw;

	if (c->p1 || c->p2)
		return SW_P1P2;
	if (p->len == 0)
		return SW_CONDITIONS;
	if (c->ne == 0 || c->data.len)
		return SW_LENGTH;
	sw = exact_le(card, c, p->len);
	if (sw != SW_OK)
		return sw;
	memcpy(a->data, p->data, n);
	a->len = n;
	memmove(p->data, p->data + n, p->len - n);
	p->len -= n;
	return p->len ? more(p->len) : SW_OK;
}

/* True when the command is complete: its data is then what all parts had. */
static bool chain(struct vcard *card, struct command *c, uint16_t *sw)
{
	const uint8_t head[3] = {c->ins, c->p1, c->p2};
	bool going = card->chain.len > 0;

	*sw = SW_OK;
	if (!(c->cla & 0x10) && !going)
		return true;
	if (card->spec.no_chaining)
		*sw = SW_CHAINING;
	else if (going && memcmp(head, card->chain_head, sizeof head) != 0)
		*sw = SW_LAST_EXPECTED;
	else if (card->chain.len + c->data.len > VCARD_CHAIN_MAX)
		*sw = SW_LENGTH;
	else if (buf_append(&card->chain, c->data.data, c->data.len) != E_OK)
		*sw = SW_UNKNOWN;
	memcpy(card->chain_head, head, sizeof head);
	if (*sw != SW_OK)
		buf_wipe(&card->chain);
	if (*sw != SW_OK || c->cla & 0x10)
		return false;
	c->data = (struct bytes){card->chain.data, card->chain.len};
	return true;
}

static uint16_t check_class(uint8_t cla)
{
	if (cla & 0x60)
		return SW_CLA;
	if (cla & 0x0C)
		return SW_SECURE_MESSAGING;
	return cla & 0x03 ? SW_CHANNEL : SW_OK;
}

static uint16_t dispatch(struct vcard *card, const struct command *c, struct answer *a)
{
	bool proprietary = c->cla & 0x80;

	if (proprietary && c->ins != 0x2A)
		return SW_CLA;
	switch (c->ins) {
	case 0xA4:
		return vfile_select(card, c, a);
	case 0xB0:
		return vfile_read(card, c, a);
	case 0x20:
		return pin_verify(card, c);
	case 0x24:
		return pin_change(card, c);
	case 0x22:
		return key_manage(card, c);
	case 0x2A:
		return key_sign(card, c, a);
	default:
		return SW_INS;
	}
}

/* What does not fit into the response waits for GET RESPONSE. */
static uint16_t deliver(struct vcard *card, const struct command *c, struct answer *a)
{
	size_t now = a->len < c->ne ? a->len : c->ne;

	if (c->ne == 0 && a->len) { /* T=1: no Le, no data */
		a->len = 0;
		return SW_OK;
	}
	if (c->data.len && card->spec.get_response)
		now = 0;
	if (now == a->len || c->ins == 0xB0)
		return SW_OK;
	if (buf_append(&card->pending, a->data + now, a->len - now) != E_OK)
		return SW_UNKNOWN;
	a->len = now;
	return more(card->pending.len);
}

static uint16_t run(struct vcard *card, const uint8_t *apdu, size_t n, struct answer *a)
{
	struct command c;
	uint16_t sw;

	if (!parse(&c, apdu, n) || (c.extended && card->spec.no_extended))
		return SW_LENGTH;
	sw = check_class((uint8_t)(c.cla & ~0x90));
	if (sw != SW_OK)
		return sw;
	if (card->spec.kind == VCARD_JPKI && card->spec.first_6f00 && !card->awake)
		return SW_UNKNOWN;
	if (c.ins == 0xC0)
		return get_response(card, &c, a);
	buf_wipe(&card->pending);
	if (!chain(card, &c, &sw))
		return sw;
	sw = dispatch(card, &c, a);
	if (sw == SW_OK)
		sw = deliver(card, &c, a);
	else if (sw == SW_DEACTIVATED && c.ne == 0)
		a->len = 0;
	buf_wipe(&card->chain);
	return sw;
}

void vcard_transmit(struct vcard *card, const uint8_t *apdu, size_t n, uint8_t *response, size_t *len)
{
	struct answer a;
	size_t room = *len;
	uint16_t sw;

	a.len = 0;
	*len = 0;
	if (card->spec.cut_extended && n >= 7 && apdu[4] == 0)
		return;
	sw = run(card, apdu, n, &a);
	card->awake = true;
	if (room < 2)
		return;
	if (a.len > room - 2) {
		a.len = 0;
		sw = SW_UNKNOWN;
	}
	memcpy(response, a.data, a.len);
	response[a.len] = (uint8_t)(sw >> 8);
	response[a.len + 1] = (uint8_t)sw;
	*len = a.len + 2;
}
