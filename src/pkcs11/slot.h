/* SPDX-License-Identifier: BSD-2-Clause */
/* One slot per reader and, by personality, one more without. Slots never vanish
 * while the module is initialized; a new reader takes one that has none. */
#ifndef INKAN_PKCS11_SLOT_H
#define INKAN_PKCS11_SLOT_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/error.h"
#include "card/reader.h"
#include "cards/profile.h"
#include "pkcs11/pkcs11.h"

struct call;
struct session;
struct token;

struct slot {
	CK_SLOT_ID id;
	pthread_mutex_t lock;          /* held across the card's I/O */

	/* under the table lock */
	char reader[READER_NAME_MAX];  /* "": never had one */
	uint32_t insertion;            /* of the card that is in; 0: none */
	uint32_t settled;              /* the insertion for which profile holds; 0: none */
	const struct profile *profile; /* what the card is; NULL: none of ours */
	bool event;                    /* for C_WaitForSlotEvent */
	_Atomic bool logged_in;        /* these two may be read without it */
	_Atomic bool unfinished;       /* the next to hold the slot's lock has something to free or wipe */
	struct session *closed;        /* to be freed */
	CK_TOKEN_INFO info;            /* of token */
	CK_OBJECT_HANDLE before;       /* the first object of the card that was in before this one, */
	size_t n_before;               /* and how many it had */

	struct token *token;           /* replaced with both locks held; NULL: not read */
};

/* Looks at the readers (no APDU) and brings the slots up to date. With `grow`,
 * readers without a slot get one, and there is an empty one to spare where the
 * personality has that. Tokens and sessions of cards that are gone are no longer
 * to be found when it returns. */
void slots_refresh(bool grow);

/* The same, and hands out what was seen. *n: in, the room; out, how many. False
 * when another thread's look was newer: what was seen is old news. */
bool slots_look(bool grow, struct reader_state *states, size_t *n);

/* Finds out what the cards are that have just come in (`only` NULL: all of them):
 * SELECTs, once per insertion. A card that another program holds stays unsettled
 * until the next call. With no lock held. */
void slots_recognize(const struct slot *only);

/* The first look: what is in already is no event. */
void slots_start(void);

/* At C_Finalize: tokens are freed; numbers and readers stay. */
void slots_end(void);

/* In a forked child: the same without touching what was the parent's; new locks. */
void slots_forget(void);

/* Frees and wipes what was left for whoever holds a slot's lock; slots at work do
 * it themselves when they are done. slots_logout ends every login before. */
void slots_finish(void);
void slots_logout(void);

/* With the table lock held. */
struct slot *slot_find(CK_SLOT_ID id); /* NULL: no such slot */
bool slot_is_occupied(const struct slot *slot); /* a card of ours is known to be in */
void slot_end_login(struct slot *slot); /* PIN and consents are wiped when the slot's lock is given back */

/* How a C_ function begins that takes a slot: call->slot, with the table lock held.
 * CKR_SLOT_ID_INVALID. slot_enter: its token must have been read, which happens now if
 * need be. CKR_TOKEN_NOT_PRESENT, CKR_TOKEN_NOT_RECOGNIZED … */
CK_RV slot_enter_unread(struct call *call, const char *name, CK_SLOT_ID id);
CK_RV slot_enter(struct call *call, const char *name, CK_SLOT_ID id);

/* The lock across I/O. What is left of a card that is gone is freed by both. */
void slot_lock(struct slot *slot);
void slot_unlock(struct slot *slot);

#endif
