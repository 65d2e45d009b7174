/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes DER front to back: open an object, put others into it, close it. A
 * failure sticks, so that it is asked for once, at the end. */
#ifndef INKAN_VCARD_DER_H
#define INKAN_VCARD_DER_H

#include <stdbool.h>
#include "base/mem.h"

struct der { /* {0} is empty; whoever has it frees b */
	struct buf b;
	bool failed;
};

void der_raw(struct der *d, const void *p, size_t n);
void der_put(struct der *d, uint8_t tag, const void *p, size_t n);
void der_text(struct der *d, uint8_t tag, const char *text);
void der_int(struct der *d, uint8_t tag, unsigned value); /* below 2^31 */
void der_oid(struct der *d, const char *dotted);

/* BIT STRING of named bits, bit 0 of ASN.1 being the lowest bit of flags. */
void der_flags(struct der *d, unsigned flags);

size_t der_open(struct der *d, uint8_t tag); /* returns what der_close wants */
void der_close(struct der *d, size_t mark);

#endif
