/* SPDX-License-Identifier: BSD-2-Clause */
/* One slot per reader and, by personality, one more without. Slots never vanish
 * while the module is initialized; a new reader takes one that has none. */
#ifndef INKAN_PKCS11_SLOT_H
#define INKAN_PKCS11_SLOT_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/error.h"
#include "card/reader.h"
#include "pkcs11/pkcs11.h"

struct token;

struct slot {
	CK_SLOT_ID id;
	pthread_mutex_t lock;         /* held across the card's I/O */

	/* under the table lock */
	char reader[READER_NAME_MAX]; /* "": never had one */
	uint32_t insertion;           /* of the card that is in; 0: none */
	uint32_t strange;             /* the insertion that was looked at and is no card of ours */
	bool event;                   /* for C_WaitForSlotEvent */
	uint32_t info_insertion;      /* for which info holds; 0: it does not */
	CK_TOKEN_INFO info;

	struct token *token;          /* under the slot lock; NULL: not looked at */
	bool logged_in;               /* written with both locks held, read with either */
	CK_OBJECT_HANDLE before;      /* under the slot lock: the first object of the card */
	size_t n_before;              /* that was in before this one, and how many it had */
};

/* Looks at the readers (no APDU) and brings the slots up to date. With `grow`,
 * readers without a slot get one, and there is an empty one to spare
 * where the personality has that. */
void slots_refresh(bool grow);

/* The same, and hands out what was seen. *n: in, the room; out, how many. False
 * when another thread's look was newer: what was seen is old news. */
bool slots_look(bool grow, struct reader_state *states, size_t *n);

/* The first look: what is in already is no event. */
void slots_start(void);

/* When several cards are in: looks at those that have not been looked at yet, so
 * that cards of ours are told from others. With no lock held. */
void slots_sort_cards(void);

/* At C_Finalize: tokens are freed; numbers and readers stay. */
void slots_end(void);

/* In a forked child: the same without touching what was the parent's; new locks. */
void slots_forget(void);

/* module_enter, a look at the readers, and the slot's lock. Sessions and PIN of
 * a card that is gone are gone when it returns. */
CK_RV slot_enter(CK_SLOT_ID id, struct slot **slot);
void slot_leave(struct slot *slot);

/* With the table lock held: NULL when there is no such slot. */
struct slot *slot_find(CK_SLOT_ID id);

/* With the table lock held: a card is in and it is not known as a strange one. */
bool slot_has_token(const struct slot *slot);

/* With the slot lock held: the token, which is read from the card when this
 * insertion's has not been. CKR_TOKEN_NOT_PRESENT, CKR_TOKEN_NOT_RECOGNIZED … */
CK_RV slot_token(struct slot *slot, struct token **token);

/* With the slot lock held: drops the token, its sessions and its PIN when the
 * insertion is over. */
void slot_drop_stale(struct slot *slot);

/* With the slot lock held: an object of the card that was in before this one. */
bool slot_had(const struct slot *slot, CK_OBJECT_HANDLE object);

/* With the slot lock held: sets logged_in, and makes info new. */
void slot_set_login(struct slot *slot, bool logged_in);

/* With the slot lock held: the PIN and every consent are wiped. */
void slot_logout(struct slot *slot);

/* With the slot lock held: the token is that of the card that is in. */
bool slot_is_current(struct slot *slot);

/* With the slot lock held: all sessions end, and the login with them. */
void slot_end_sessions(struct slot *slot);

#endif
