/* SPDX-License-Identifier: BSD-2-Clause */
/* One reader behind pcscd: a virtual reader, the socket on which the driver
 * speaks to it, and what pcscd has been told so far. */
#ifndef INKAN_VCARD_SLOT_H
#define INKAN_VCARD_SLOT_H

#include <limits.h>
#include <pthread.h>
#include "vcard/vcard.h"

#define SLOTS_MAX 15 /* pcsc-lite takes 16 readers */

struct slot {
	struct vreader *reader;
	struct vcard *out;     /* taken out and not put back */
	enum vcard_kind kind;  /* of the card last put in */
	bool empty;            /* begins without a card */
	char path[108];

	int listener, stop[2];
	pthread_t thread;
	bool running;

	pthread_mutex_t lock;  /* guards what follows */
	pthread_cond_t moved;
	int events;            /* connection to the driver; -1: none */
	unsigned told;         /* insertions and removals that pcscd has seen */
	bool hiding;           /* the card is told to be gone though another is in */
	bool met;              /* pcscd has powered this card up */
	bool idle;             /* pcscd has acted on all of it and waits again */
};

/* The reader in slot->reader, served at path. False with errno. */
bool slot_start(struct slot *slot, const char *path);
void slot_stop(struct slot *slot); /* the reader and its cards are freed */

/* Presence has changed: pcscd is woken. */
void slot_changed(struct slot *slot);

/* Waits until pcscd knows of every change. False: it does not within the time,
 * or it is not running. */
bool slot_settle(struct slot *slot, unsigned timeout_ms);

#endif
