/* SPDX-License-Identifier: BSD-2-Clause */
/* What the two halves of the way to PC/SC share: cards (pcsc.c) and the state
 * of readers (pcsc_watch.c). */
#ifndef INKAN_CARD_PCSC_H
#define INKAN_CARD_PCSC_H

#include <pthread.h>
#include <stdatomic.h>
#include <winscard.h>
#include "card/reader.h"

/* What is remembered of a reader by its name. */
struct pcsc_reader {
	char name[READER_NAME_MAX];
	bool gone;            /* was not in the last list */
	uint16_t plugged;     /* how often it came back: pcscd counts from 0 again */
	uint32_t channel;     /* where it is plugged in; 0: not known */
	bool asked;           /* for max_apdu */
	size_t max_apdu;
};

struct hold;

struct pcsc {
	pthread_mutex_t lock; /* guards everything here; never held while waiting */
	pthread_cond_t woken; /* cancel was called, or the waiter came out */
	SCARDCONTEXT status;  /* for looking at readers, never for cards */
	bool connected;       /* status is valid */
	uint16_t epoch;       /* rises when status was lost: pcscd began anew */
	struct pcsc_reader readers[READER_COUNT_MAX];
	size_t n_readers;
	SCARDCONTEXT waiter;  /* of the one thread that waits */
	bool waiter_open, waiting, cancelled;
	bool may_create_threads; /* constant */
	struct hold *left[READER_COUNT_MAX]; /* threads that still wait for a card, which nobody wants now */
	_Atomic bool closing; /* cancel was called: nobody waits for a card any more */
};

enum error pcsc_error(LONG rc);

/* True when pcscd is not at the other end any more. */
bool pcsc_is_lost(LONG rc);

/* That reader's state now, with the lock held; E_NO_CARD, E_NO_READER,
 * E_NO_SERVICE. channel: where the caller found the reader plugged in; 0: it
 * does not know. */
enum error pcsc_state(struct pcsc *p, const char *reader, uint32_t channel, struct reader_state *state);

/* The memory of that reader, with the lock held; NULL when there is no room. */
struct pcsc_reader *pcsc_known(struct pcsc *p, const char *reader);

/* A wait until then (of apdu_now_ms), or until it is signalled. */
void pcsc_sleep(pthread_cond_t *cond, pthread_mutex_t *lock, int64_t until_ms);

enum error pcsc_list(void *self, struct reader_state *states, size_t *count);
enum error pcsc_wait(void *self, const struct reader_state *seen, size_t count, int timeout_ms);
void pcsc_cancel(void *self);

#endif
