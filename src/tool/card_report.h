/* SPDX-License-Identifier: BSD-2-Clause */
/* inkan doctor --card-report: what a card answers to commands of our own.
 * doc/CARD-REPORT.md is the format, and says what is never in it. */
#ifndef INKAN_TOOL_CARD_REPORT_H
#define INKAN_TOOL_CARD_REPORT_H

#include <stdio.h>
#include "find.h"

#define RECORDED_MAX 64

/* Readers that remember the answers to the commands that pass; for one thread and one link. */
struct recorder {
	const struct reader_ops *ops; /* of the readers themselves */
	void *self;
	struct reader_link inner;
	FILE *steps;                /* commands of a signature are written here; NULL: not */
	bool signing;               /* the last command but GET RESPONSE was a signature's */
	uint16_t sw[RECORDED_MAX];  /* 0: no answer */
	size_t n, bytes, first_len; /* of answers without status words; of the first command */
	unsigned ms;
};

extern const struct reader_ops recording_ops; /* self is the struct recorder */

enum shown {
	SHOW_NOTHING,
	SHOW_BYTES,
	SHOW_TOKEN_INFO,
	SHOW_CIA_INFO,
	SHOW_CERTIFICATES,
	SHOW_DIRECTORY,
	SHOW_FCI, /* put_masked */
};

void put_hex(FILE *out, const uint8_t *p, size_t n);

/* Hexadecimal; ** for a byte that may tell who the holder is or which card it is: names,
 * serial numbers, key identifiers, dates, and all that is not understood. */
void put_masked(FILE *out, struct bytes in, enum shown kind);

/* Of a certificate what it is, its length and key; of anything else nothing. */
void put_certificate(FILE *out, struct bytes der);

/* "hpki-auth", "jpki": the section of this profile's application. */
const char *report_section(const struct profile *profile, char out[32]);

/* Tries each method of signing with the holder's PIN. What went wrong has been said. */
enum exit_code report_signing(FILE *out, const struct find *f, struct token *t);

#endif
