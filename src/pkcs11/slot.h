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
	pthread_mutex_t lock; /* held across the card's I/O */

	/* under the table lock */
	char reader[READER_NAME_MAX];  /* "": never had one */
	uint32_t insertion;            /* of the card that is in; 0: none */
	uint32_t settled;              /* the insertion that profile is of; 0: none */
	const struct profile *profile; /* of the card; NULL: the card is not supported */
	bool event;                    /* for C_WaitForSlotEvent */
	_Atomic bool logged_in;        /* these two may be read without it */
	_Atomic bool unfinished;       /* the next holder of the slot's lock must free or wipe something */
	struct session *closed;        /* to be freed */
	CK_TOKEN_INFO info;            /* of token */
	CK_OBJECT_HANDLE before;       /* the first object handle of the card before this one, */
	size_t n_before;               /* and how many it had */

	struct token *token; /* replaced with both locks held; NULL: not read */
};

/* Lists the readers (no APDU) and updates the slots. With `grow`,
 * readers without a slot get one, and a spare empty slot is added where the
 * personality has that. Tokens and sessions of removed cards are not found any more
 * when it returns. */
void slots_refresh(bool grow);

/* The same, and returns the states of the readers. *n: in, the room; out, how many. False
 * when another thread had a newer list: these states are out of date. */
bool slots_look(bool grow, struct reader_state *states, size_t *n);

/* Finds the profile of each new card (`only` NULL: in all slots) by SELECT, once per
 * insertion. For a card that another program holds, the next call tries again. With no
 * lock held. */
void slots_recognize(const struct slot *only);

/* The first list of readers: cards that are inserted already are no event. */
void slots_start(void);

/* At C_Finalize: tokens are freed; numbers and readers stay. */
void slots_end(void);

/* In a forked child: the same without freeing what was the parent's; new locks. */
void slots_forget(void);

/* Frees and wipes what was left to the next holder of a slot's lock; in a slot in use,
 * its call does so at its end. slots_logout ends every login before. */
void slots_finish(void);
void slots_logout(void);

/* With the table lock held. */
struct slot *slot_find(CK_SLOT_ID id);          /* NULL: no such slot */
bool slot_is_occupied(const struct slot *slot); /* a supported card is known to be inserted */
void slot_end_login(struct slot *slot);         /* PIN and consents are wiped when the slot's lock is released */

/* The beginning of a C_ function with a slot: call->slot, with the table lock held.
 * CKR_SLOT_ID_INVALID. slot_enter also reads the token, unless it has been read.
 * CKR_TOKEN_NOT_PRESENT, CKR_TOKEN_NOT_RECOGNIZED … */
CK_RV slot_enter_unread(struct call *call, const char *name, CK_SLOT_ID id);
CK_RV slot_enter(struct call *call, const char *name, CK_SLOT_ID id);

/* The lock across I/O. Both free what is left of a removed card. */
void slot_lock(struct slot *slot);
void slot_unlock(struct slot *slot);

#endif
