/* SPDX-License-Identifier: BSD-2-Clause */
/* What the fuzz targets share. Each is one function over bytes, for libFuzzer or for the driver in main.c. */
#ifndef INKAN_TESTS_FUZZ_H
#define INKAN_TESTS_FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/tlv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An oracle: what must hold for every input. */
#define MUST(holds) \
	do { \
		if (!(holds)) { \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #holds); \
			abort(); \
		} \
	} while (0)

/* Takes the input piece by piece; an empty one gives zeros. */
static inline uint8_t feed_byte(struct bytes *in)
{
	if (in->len == 0)
		return 0;
	in->len--;
	return *in->data++;
}

static inline struct bytes feed_take(struct bytes *in, size_t n)
{
	struct bytes out = {in->data, n < in->len ? n : in->len};

	if (out.len) {
		in->data += out.len;
		in->len -= out.len;
	}
	return out;
}

static inline size_t feed_number(struct bytes *in)
{
	size_t high = feed_byte(in);

	return high << 8 | feed_byte(in);
}

static inline bool lies_in(struct bytes part, struct bytes whole)
{
	return part.len == 0 || (part.data >= whole.data && part.data + part.len <= whole.data + whole.len);
}

/* Edits of a text or of DER that is good: rows of a place (two bytes; FFFF: the end), a kind and a length, and what the kind wants.
 * The result is to be freed. */
uint8_t *fuzz_edit(struct bytes good, struct bytes *edits, size_t *n);

/* Whether the signed part is that of one of these certificates or lists. */
bool fuzz_was_signed(struct bytes der, const struct bytes *good, size_t n);

/* A folder of this process's own, empty, removed at exit. */
const char *fuzz_folder(void);
void fuzz_write(const char *path, struct bytes content);
void fuzz_remove(const char *path); /* a folder with all that is in it */

#endif
