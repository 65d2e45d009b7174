/* SPDX-License-Identifier: BSD-2-Clause */
/* A reader with a script instead of a card: each command must be the next line. */
#ifndef INKAN_TESTS_UNIT_FAKE_READER_H
#define INKAN_TESTS_UNIT_FAKE_READER_H

#include "card/reader.h"

/* Command and answer in hex, spaces allowed. In an answer "*N:M" stands for M
 * bytes of fake.file from N on (as many as there are). An answer of NULL breaks
 * the link. A command of "begin" or "end" or "end off" is a connection begun or
 * ended (leaving the card powered, or not); "begin" takes as answer NULL for
 * the insertion as it is, or the name of an error (see fake_reader.c). A
 * command may end in "..": any bytes may follow. */
struct step {
	const char *command, *answer;
};

extern struct fake {
	const struct step *steps;
	size_t n, at;
	uint32_t insertion;
	size_t max_apdu;
	const uint8_t *file;
	size_t file_len;
	unsigned apdus;        /* commands seen */
} fake;

extern const struct reader_ops fake_reader_ops;

void fake_play(const struct step *steps, size_t n);
void fake_over(void); /* fails the test unless the whole script was played */

/* Hex to bytes; the length. */
size_t from_hex(const char *hex, uint8_t *out, size_t room);

#define PLAY(steps) fake_play((steps), sizeof(steps) / sizeof *(steps))

#endif
