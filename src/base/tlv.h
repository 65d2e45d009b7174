/* SPDX-License-Identifier: BSD-2-Clause */
/* BER-TLV as ISO/IEC 7816-4 and X.690 have it: enough to read a card's files.
 * Certificates are parsed by libcrypto. */
#ifndef INKAN_BASE_TLV_H
#define INKAN_BASE_TLV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bytes {
	const uint8_t *data; /* not owned */
	size_t len;
};

struct tlv {
	uint32_t tag;       /* the tag's bytes, high first: 0x30, 0x7F21, … (at most 3 bytes) */
	struct bytes value; /* inside the input */
	struct bytes whole; /* tag and length included */
};

/* Reads the next object and moves *in past it. False, with *in unchanged, at the
 * end, at 00 or FF padding, and at anything that does not parse or does not
 * fit: indefinite lengths, lengths over 4 bytes, values past the end. */
bool tlv_next(struct bytes *in, struct tlv *out);

/* The first object of that tag in `in`, skipping others. */
bool tlv_find(struct bytes in, uint32_t tag, struct tlv *out);

/* Length of the whole object (tag, length and value) whose header begins here; 0 when
 * the header is not complete or not valid. */
size_t tlv_announced(struct bytes head);

#endif
