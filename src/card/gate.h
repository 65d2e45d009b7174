/* SPDX-License-Identifier: BSD-2-Clause */
/* Every PIN goes to a card through these functions. A locked PIN means a visit to
 * the registration authority or to the town hall: so the gate reads the
 * counter first, in the same transaction, and may refuse. Only for the files of
 * src/card.
 *
 * Its memory is shared by all our modules of a process: PINs that a card refused
 * and PINs that were typed (salted hashes), and the last known counter of each
 * card. It remains after C_Finalize and dlclose. */
#ifndef INKAN_CARD_GATE_H
#define INKAN_CARD_GATE_H

#include <stdatomic.h>
#include <sys/types.h>
#include "card/op.h"

enum pin_use {
	PIN_TYPED,  /* by a person, for this card */
	PIN_STORED, /* accepted by this card before, and stored since */
};

/* VERIFY, once, or not at all. The PIN's form has been checked.
 * E_PIN_LOCKED     known before, or by the counter: nothing more is sent until the card was removed
 * E_PIN_UNCERTAIN  the link broke during an earlier VERIFY, and the card does not tell the counter
 * E_PIN_REPEATED   typed, and this card refused it before at this counter or a higher one
 * E_PIN_ELSEWHERE  typed, and given to another card less than three seconds ago
 * E_PIN_LAST_TRY   typed, and one try is left, whose use is not allowed
 * E_PIN_STALE      stored, and this card has refused it since the login, or the counter is lower than the login
 *                  left it, or one
 * E_PIN_WRONG, E_PIN_LOCKED: the card's answer. pin.tries is the number of tries left. */
enum error gate_verify(struct op *op, struct bytes pin, enum pin_use use, bool last_try_allowed);

/* CHANGE REFERENCE DATA to this PIN, directly after gate_verify. */
enum error gate_change(struct op *op, struct bytes new_pin);

/* Reads the counter into pin.tries, from the card or, once that has said
 * "locked", from memory. If the card does not tell: its last value, or -1. */
enum error gate_tries(struct op *op);

/* Reads the counter on a new connection, after the link broke during a VERIFY. */
void gate_recount(struct card *card);

/* ---- What is remembered, for the whole process. For gate.c and its tests. */

#define REFUSED_MAX 64
#define COUNTERS_MAX 32
#define GIVEN_MAX 16

/* A PIN that a card refused. Hashes of PINs are SHA-256 of the salt and the PIN as the card gets it. */
struct refused {
	uint8_t pin_id[32], pin_hash[32];
	int tries; /* what the refusal left */
};

/* A PIN that was typed for a card, accepted or not. */
struct given {
	uint8_t pin_id[32], pin_hash[32];
	char reader[READER_NAME_MAX];
	uint32_t insertion;
	int64_t at_ms; /* of apdu_now_ms; 0: none */
};

/* The counter of one PIN. */
struct counter {
	uint8_t pin_id[32];
	char reader[READER_NAME_MAX]; /* where the card was then; another insertion: it was removed since */
	uint32_t insertion;
	int said;              /* the last value from the card, or counted from it; -1: none yet */
	bool locked;           /* nothing is sent during this insertion */
	bool uncertain;        /* the link broke during a VERIFY; then: */
	uint8_t sent_hash[32]; /* the hash of that PIN */
	int before;            /* the counter before it */
};

struct gate_memory {
	_Atomic pid_t holder; /* the process that has it locked; 0: none. A spin lock: it is held briefly */
	uint8_t salt[32];     /* of every hash of a PIN below */
	struct refused refused[REFUSED_MAX];
	struct counter counters[COUNTERS_MAX];
	struct given given[GIVEN_MAX];
	unsigned n_refused, n_counters, n_given; /* ever recorded */
};

/* The memory of this process, locked. NULL: it could not be made. */
struct gate_memory *gate_memory_lock(void);
void gate_memory_unlock(struct gate_memory *m);

#endif
