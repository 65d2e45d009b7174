/* SPDX-License-Identifier: BSD-2-Clause */
/* Access to card readers: PC/SC in what is shipped, the virtual card or a
 * fuzzer's bytes in tests. No other code knows which. */
#ifndef INKAN_CARD_READER_H
#define INKAN_CARD_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/error.h"

#define READER_NAME_MAX 128
#define READER_ATR_MAX 33
#define READER_COUNT_MAX 16 /* pcsc-lite's own limit */

/* A response's data and status word, with extended length. */
#define READER_RESPONSE_MAX (65536 + 2)

struct reader_state {
	char name[READER_NAME_MAX];  /* UTF-8, NUL-terminated */
	bool present;                /* a card is in */
	bool mute;                   /* a card is in and does not answer to reset */
	bool in_use;                 /* a program is connected to the card now */
	uint8_t atr[READER_ATR_MAX]; /* of the card; shown to people, never used for a decision */
	size_t atr_len;
	uint32_t insertion; /* changes with every insertion and removal, and
	                             * with a restart of pcscd; 0 = no card */
};

/* One connection to a card with its one transaction. */
struct reader_link {
	void *self;
	uint32_t insertion; /* of the card that this transaction is on */
	size_t max_apdu;    /* longest command the reader takes; 0 = not known */
};

/* Every function may be called from any thread, also at the same time on one self.
 * No handle on a card is kept outside of begin and end. */
struct reader_ops {
	/* Succeeds without pcscd: list reports that. Where it may not create threads,
	 * begin may wait without limit. */
	enum error (*open)(void **self, bool may_create_threads);
	void (*close)(void *self);

	/* In a forked child: frees the memory and sends nothing to pcscd. */
	void (*forget)(void *self);

	/* The readers as they are now; no command goes to a card. *count: in, the
	 * room; out, how many. E_NO_SERVICE and E_DENIED with *count = 0; no reader
	 * at all is E_OK with *count = 0. */
	enum error (*list)(void *self, struct reader_state *states, size_t *count);

	/* Blocks until the readers or their cards may differ from `seen` (an
	 * earlier answer of list), at most timeout_ms (-1: for ever). E_OK: call list
	 * again. E_CANCELLED: cancel was called, before or during the wait. Without
	 * pcscd it waits for pcscd. One waiter at a time. */
	enum error (*wait)(void *self, const struct reader_state *seen, size_t count, int timeout_ms);

	/* Ends wait, and every later begin, with E_CANCELLED. */
	void (*cancel)(void *self);

	/* Connects (shared) and begins a transaction. Waits at most wait_ms for the
	 * transactions of other programs to end: then E_BUSY. */
	enum error (*begin)(void *self, const char *reader, int wait_ms, struct reader_link *link);

	/* One APDU as it is. *len: in, the room in response; out, its length.
	 * An answer under two bytes is E_LINK. */
	enum error (*transmit)(struct reader_link *link, const uint8_t *apdu, size_t n, uint8_t *response, size_t *len);

	/* Ends the transaction and disconnects, leaving the card as it is or
	 * powering it off. */
	void (*end)(struct reader_link *link, bool power_off);
};

extern const struct reader_ops pcsc_reader_ops;

#endif
