/* SPDX-License-Identifier: BSD-2-Clause */
/* One command to the card and its whole answer: short, extended or chained,
 * 61xx and 6Cxx followed (ISO/IEC 7816-4, 5.1 and 5.3.4). */
#ifndef INKAN_CARD_APDU_H
#define INKAN_CARD_APDU_H

#include "base/error.h"
#include "base/mem.h"
#include "base/tlv.h"
#include "card/reader.h"

#define APDU_DATA_MAX 1024 /* a block of RSA 8192 */
#define APDU_LE_ALL 65536  /* as much as one answer holds */

/* Limits of one transaction. */
#define APDU_COMMANDS_MAX 4096
#define APDU_TIME_MAX_MS 60000

/* The state of one transaction with a card. */
struct apdu_link {
	const struct reader_ops *ops;
	struct reader_link link;
	const char *reader;   /* for the log */
	uint8_t *response;    /* READER_RESPONSE_MAX bytes, of pages_new */
	bool extended;        /* the profile allows extended length */
	bool *short_only;     /* set when extended length was refused */
	bool *extended_taken; /* set when extended length has worked */
	bool hide;            /* answers are personal data: kept out of the log */
	unsigned commands;    /* sent so far */
	int64_t deadline_ms;  /* of apdu_now_ms; set with the first command */
};

struct apdu {
	uint8_t cla, ins, p1, p2;
	struct bytes data;
	size_t le;     /* 0: no answer expected */
	bool personal; /* the answer is kept out of the log */
};

/* Sends the command and appends the answer's data to out, which may be NULL:
 * then no data is fetched. *sw is the last status word, 0 without one. The
 * error is that of apdu_error(*sw), or E_LINK, E_TIMEOUT, E_PROTOCOL, E_MEMORY,
 * E_TOO_LONG. Every error is logged here, once. */
enum error apdu_exchange(struct apdu_link *l, const struct apdu *c, struct buf *out, uint16_t *sw);

/* One whole command as it is, sent once, and its answer as it comes; E_OK whatever
 * the status word. */
enum error apdu_send(struct apdu_link *l, struct bytes command, struct buf *out, uint16_t *sw);

/* The meaning of a status word, the same for every command: E_OK for 9000, 61xx, 6281
 * and 6282; E_SECURITY for 6982; E_NOT_FOUND for 6A82 and 6A88; E_REFUSED for
 * every other 6xxx and 9xxx; E_PROTOCOL for a value that is no status word. */
enum error apdu_error(uint16_t sw);

/* Milliseconds of CLOCK_MONOTONIC. */
int64_t apdu_now_ms(void);

#endif
