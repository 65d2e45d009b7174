/* SPDX-License-Identifier: BSD-2-Clause */
/* The state of a module in one process, and the beginning and the end of each call.
 *
 * Two kinds of lock. A slot's lock is held across the card's I/O. The table lock
 * (module.lock) guards everything in struct module and the members of slots, sessions and
 * tokens that are marked so; it is never held across I/O. Order: slot, then table. */
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

/* What is known of a card, until the process ends, also after C_Finalize. */
struct card_record {
	char serial[CARD_SERIAL_LEN + 1];
	CK_OBJECT_HANDLE first; /* its objects' handles, the same when it is inserted again */
	size_t n_objects;
	bool no_pss; /* it cannot do RSASSA-PSS */
};

struct module {
	pthread_mutex_t lock;
	pthread_cond_t changed; /* active, waiting, looking, finalizing, events */
	_Atomic pid_t pid;      /* that initialised; 0: none; -n: process n is abandoning its parent's state */
	pthread_t starter;      /* the thread that initialised */
	struct module *parent;  /* of a forked child: the parent's state, unchanged */
	bool finalizing;        /* no call can begin; the last that ends cleans up */
	bool waiting;           /* a thread is in readers->wait */
	bool looking;           /* a thread is in card_look */
	unsigned active;        /* calls under way */

	struct crypto *crypto; /* constant while initialized, like the next four */
	struct conf conf;
	struct card_system cards;
	const struct profile *profiles[PROFILES_MAX];
	struct profile_set shown; /* the personality's profiles that the settings allow */
	struct trust *trust;      /* opened when a status is first asked for */
	struct store *store;

	struct slot slots[SLOTS_MAX]; /* until the process ends, also after C_Finalize */
	size_t n_slots;
	unsigned long looks, merged; /* the numbers of the last list of readers begun, and of the last one used */
	struct session *sessions;
	CK_ULONG last_session, last_object;
	struct card_record records[CARDS_MAX];
	size_t n_records; /* ever made */
};

extern struct module module;

void module_lock(void);
void module_unlock(void);

/* Waits for module.changed with the table lock held. False after `until`. */
bool module_wait(const struct timespec *until);
struct timespec module_time(long milliseconds_from_now);

/* One call of a C_ function and the locks that it holds. Cancellation of the thread is off
 * until it ends. */
struct call {
	const char *name;
	struct session *session;
	struct slot *slot;
	bool entered, has_table, has_slot;
	int cancel_state;
};

/* Every C_ function but those that return tables begins with call_enter and ends
 * with call_leave, also after an error: locks are released, and
 * the result is logged. CKR_CRYPTOKI_NOT_INITIALIZED in a forked child too. */
CK_RV call_enter(struct call *call, const char *name);
CK_RV call_leave(struct call *call, CK_RV rv);

/* Takes the table lock; releases the locks that the call holds. */
void call_lock_table(struct call *call);
void call_unlock(struct call *call);

/* At C_Finalize: closes the stores of certificate status (objects.c). */
void status_end(void);

#endif
