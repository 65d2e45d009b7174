/* SPDX-License-Identifier: BSD-2-Clause */
/* The state of a module in one process, and the way in and out of each call.
 *
 * Two kinds of lock. A slot's lock is held across the card's I/O. The table lock
 * (module.lock) guards everything in struct module and, in slots, sessions and
 * tokens, what says so; it is never held across I/O. Order: slot, then table. */
#ifndef INKAN_PKCS11_MODULE_H
#define INKAN_PKCS11_MODULE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>
#include "base/conf.h"
#include "card/card.h"
#include "crypto/crypto.h"
#include "pkcs11/pkcs11.h"
#include "pkcs11/personality.h"
#include "pkcs11/slot.h"

#define SLOTS_MAX (2 * READER_COUNT_MAX)
#define PROFILES_MAX 8
#define CARDS_MAX 64

struct session;
struct store;
struct trust;

/* What a card has shown, kept for the life of the process: C_Finalize or not. */
struct card_record {
	char serial[CARD_SERIAL_LEN + 1];
	CK_OBJECT_HANDLE first; /* its objects' handles, while it is in and when it comes back */
	size_t n_objects;
	bool no_pss;            /* it cannot do RSASSA-PSS */
};

struct module {
	pthread_mutex_t lock;
	pthread_cond_t changed;    /* active, waiting, looking, finalizing, events */
	_Atomic pid_t pid;         /* of the process that initialized; 0: none; -n: process n forgets its parent's */
	pthread_t starter;         /* the thread that did */
	struct module *parent;     /* of a forked child: what was the parent's, untouched */
	bool finalizing;           /* no call gets in; the last that leaves cleans up */
	bool waiting;              /* a thread is in readers->wait */
	bool looking;              /* a thread is in card_look */
	unsigned active;           /* calls under way */

	struct crypto *crypto;     /* constant while initialized, like the next four */
	struct conf conf;
	struct card_system cards;
	const struct profile *profiles[PROFILES_MAX];
	struct profile_set shown;  /* of the personality's profiles, those that the settings show */
	struct trust *trust;       /* opened when a status is first asked for */
	struct store *store;

	struct slot slots[SLOTS_MAX]; /* for the life of the process, C_Finalize notwithstanding */
	size_t n_slots;
	unsigned long looks, merged; /* the order of looks at the readers */
	struct session *sessions;
	CK_ULONG last_session, last_object;
	struct card_record records[CARDS_MAX];
	size_t n_records;          /* ever made */
};

extern struct module module;

void module_lock(void);
void module_unlock(void);

/* Waits for module.changed with the table lock held. False when it is `until`. */
bool module_wait(const struct timespec *until);
struct timespec module_time(long milliseconds_from_now);

/* One call of a C_ function: what it holds. Cancellation of the thread is off
 * until it leaves. */
struct call {
	const char *name;
	struct session *session;
	struct slot *slot;
	bool entered, has_table, has_slot;
	int cancel_state;
};

/* Every C_ function but those that hand out tables begins with call_enter and ends
 * with call_leave, whatever was the result in between: locks are given back, and
 * the result is logged. CKR_CRYPTOKI_NOT_INITIALIZED in a forked child too. */
CK_RV call_enter(struct call *call, const char *name);
CK_RV call_leave(struct call *call, CK_RV rv);

/* Takes the table lock, and gives back whichever lock the call holds. */
void call_lock_table(struct call *call);
void call_unlock(struct call *call);

#endif
