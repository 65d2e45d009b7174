/* SPDX-License-Identifier: BSD-2-Clause */
/* inkan doctor --card-report: what a card answers to commands of our own.
 * doc/CARD-REPORT.md is the format, and says what is never in it. */
#ifndef INKAN_TOOL_CARD_REPORT_H
#define INKAN_TOOL_CARD_REPORT_H

#include <stdio.h>
#include "find.h"

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

/* Logs in once with the PIN that is typed: *pin (secret_free), *typed is in it. What went wrong has been said. */
enum exit_code sign_login(const struct find *f, struct token *t, struct secret **pin, struct bytes *typed);

/* Has the card sign a text that is thrown away. params: the scheme; out, how the card signed, the length of the salt
 * too. E_SIGNATURE: the card's answer is wrong. */
enum error sign_text(const struct find *f, const struct token *t, struct card *card, struct bytes pin,
                     struct scheme_params *params);

#endif
