/* SPDX-License-Identifier: BSD-2-Clause */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "der.h"

static void put(struct der *d, const void *p, size_t n)
{
	if (n > DER_MAX - d->len)
		abort();
	memcpy(d->data + d->len, p, n);
	d->len += n;
}

static uint8_t hex_byte(const char *p)
{
	char digits[3] = {p[0], p[0] ? p[1] : '\0', '\0'};

	if (!isxdigit((unsigned char)digits[0]) || !isxdigit((unsigned char)digits[1]))
		abort();
	return (uint8_t)strtoul(digits, NULL, 16);
}

/* Puts length and contents of an object whose tag is there already. */
static void put_value(struct der *d, const struct der *value)
{
	const uint8_t head[3] = {0x82, (uint8_t)(value->len >> 8), (uint8_t)value->len};
	const uint8_t one = 0x81;

	if (value->len > 0xFF)
		put(d, head, 3);
	else if (value->len > 0x7F)
		put(d, &one, 1);
	if (value->len <= 0xFF)
		put(d, head + 2, 1);
	put(d, value->data, value->len);
}

static void draw(const char **p, struct der *out)
{
	while (**p && **p != '}') {
		if (**p == '{') {
			struct der value = {.len = 0};

			++*p;
			draw(p, &value);
			if (*(*p)++ != '}')
				abort();
			put_value(out, &value);
		} else if (**p == '"') {
			size_t n = strcspn(++*p, "\"");

			put(out, *p, n);
			*p += n + 1;
		} else if (isspace((unsigned char)**p)) {
			++*p;
		} else {
			uint8_t byte = hex_byte(*p);

			put(out, &byte, 1);
			*p += 2;
		}
	}
}

struct der der_draw(const char *drawing)
{
	struct der out = {.len = 0};

	draw(&drawing, &out);
	if (*drawing)
		abort();
	return out;
}
