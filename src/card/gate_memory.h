/* SPDX-License-Identifier: BSD-2-Clause */
/* What the gate remembers, for the whole process. For gate.c alone. */
#ifndef INKAN_CARD_GATE_MEMORY_H
#define INKAN_CARD_GATE_MEMORY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>
#include "card/card.h"

#define REFUSED_MAX 64
#define COUNTERS_MAX 32
#define GIVEN_MAX 16

/* A PIN that a card refused. Hashes of PINs are SHA-256 of the salt and the PIN as the card gets it. */
struct refused {
	uint8_t pin_id[32], pin_hash[32];
	int tries;                    /* what the refusal left */
};

/* A PIN that was typed for a card, whether that took it or not. */
struct given {
	uint8_t pin_id[32], pin_hash[32];
	char reader[READER_NAME_MAX];
	uint32_t insertion;
	int64_t at_ms;                /* of apdu_now_ms; 0: none */
};

/* What is known of the counter of one PIN. */
struct counter {
	uint8_t pin_id[32];
	char reader[READER_NAME_MAX]; /* where the card was then; another insertion: it was out since */
	uint32_t insertion;
	int said;                     /* as the card told last, or counted from that; -1: it never told */
	bool locked;                  /* nothing is sent during this insertion */
	bool uncertain;               /* a PIN was cut off; then: */
	uint8_t sent_hash[32];        /* which, */
	int before;                   /* and the counter before it */
};

struct gate_memory {
	_Atomic pid_t holder;         /* the process that is in here; 0: none. A spin lock, since nobody stays */
	uint8_t salt[32];             /* of every hash of a PIN in here */
	struct refused refused[REFUSED_MAX];
	struct counter counters[COUNTERS_MAX];
	struct given given[GIVEN_MAX];
	unsigned n_refused, n_counters, n_given; /* ever recorded */
};

/* The memory of this process, locked. NULL: there is no memory to be had. */
struct gate_memory *gate_memory_lock(void);
void gate_memory_unlock(struct gate_memory *m);

#endif
