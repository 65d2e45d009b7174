/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>
#include "vcard/der.h"

void der_raw(struct der *d, const void *p, size_t n)
{
	if (!d->failed && buf_append(&d->b, p, n) != E_OK)
		d->failed = true;
}

static size_t length_field(size_t n, uint8_t *out)
{
	size_t count = 0;

	if (n < 0x80) {
		out[0] = (uint8_t)n;
		return 1;
	}
	for (size_t rest = n; rest; rest >>= 8)
		count++;
	out[0] = (uint8_t)(0x80 | count);
	for (size_t i = 0; i < count; i++)
		out[count - i] = (uint8_t)(n >> (8 * i));
	return 1 + count;
}

void der_put(struct der *d, uint8_t tag, const void *p, size_t n)
{
	uint8_t field[1 + sizeof n];
	size_t len = length_field(n, field);

	der_raw(d, &tag, 1);
	der_raw(d, field, len);
	der_raw(d, p, n);
}

void der_text(struct der *d, uint8_t tag, const char *text)
{
	der_put(d, tag, text, strlen(text));
}

void der_int(struct der *d, uint8_t tag, unsigned value)
{
	uint8_t b[4] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8), (uint8_t)value};
	size_t skip = 0;

	while (skip < 3 && b[skip] == 0 && !(b[skip + 1] & 0x80))
		skip++;
	der_put(d, tag, b + skip, sizeof b - skip);
}

/* One arc in base 128. */
static void oid_arc(struct buf *out, unsigned long arc, bool *failed)
{
	uint8_t b[10];
	size_t at = sizeof b;

	b[--at] = arc & 0x7F;
	while (arc >>= 7)
		b[--at] = (uint8_t)(0x80 | (arc & 0x7F));
	if (buf_append(out, b + at, sizeof b - at) != E_OK)
		*failed = true;
}

void der_oid(struct der *d, const char *dotted)
{
	struct buf arcs = {0};
	char *end;
	unsigned long first = strtoul(dotted, &end, 10);

	oid_arc(&arcs, first * 40 + strtoul(end + 1, &end, 10), &d->failed);
	while (*end == '.')
		oid_arc(&arcs, strtoul(end + 1, &end, 10), &d->failed);
	der_put(d, 0x06, arcs.data, arcs.len);
	buf_free(&arcs);
}

void der_flags(struct der *d, unsigned flags)
{
	uint8_t b[5] = {0};
	unsigned top = 0;

	for (unsigned i = 0; i < 32; i++) {
		if (flags >> i & 1) {
			b[1 + i / 8] |= (uint8_t)(0x80 >> i % 8);
			top = i + 1;
		}
	}
	b[0] = (uint8_t)((8 - top % 8) % 8);
	der_put(d, 0x03, b, 1 + (top + 7) / 8);
}

size_t der_open(struct der *d, uint8_t tag)
{
	der_raw(d, &tag, 1);
	return d->b.len;
}

void der_close(struct der *d, size_t mark)
{
	uint8_t field[1 + sizeof mark];
	size_t n, len;

	if (d->failed)
		return;
	n = d->b.len - mark;
	len = length_field(n, field);
	der_raw(d, field, len);
	if (d->failed)
		return;
	memmove(d->b.data + mark + len, d->b.data + mark, n);
	memcpy(d->b.data + mark, field, len);
}
