/* SPDX-License-Identifier: BSD-2-Clause */
/* The state of a module in one process, and the way in and out of it.
 *
 * Two kinds of lock. A slot's lock is held across the card's I/O. The table lock
 * (module.lock) guards everything in struct module and, in slots and sessions,
 * what says so; it is never held across I/O. Order: slot, then table; nobody
 * waits for a slot while holding the table. */
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
#define WITHDRAWN_MAX 16
#define KNOWN_MAX 16
#define SERIAL_LEN CARD_SERIAL_LEN

struct session;
struct store;
struct trust;

/* The handles of a token's objects, while it is in and when it comes back. */
struct known {
	char serial[SERIAL_LEN + 1];
	CK_OBJECT_HANDLE first;
	size_t n;
};

struct module {
	pthread_mutex_t lock;
	pthread_cond_t changed;    /* active, waiting or finalizing */
	_Atomic pid_t pid;         /* of the process that initialized; 0: none */
	pthread_t starter;         /* the thread that did */
	struct module *parent;     /* of a forked child: what was the parent's, untouched */
	bool finalizing;
	bool waiting;              /* a thread is in readers->wait */
	unsigned active;           /* calls under way */

	struct crypto *crypto;     /* constant while initialized, like the next two */
	struct conf conf;
	struct trust *trust;       /* opened when a status is first asked for */
	struct store *store;
	void *readers;
	struct card_system cards;

	struct slot slots[SLOTS_MAX]; /* for the life of the process, C_Finalize notwithstanding */
	size_t n_slots;
	unsigned long looks, merged; /* the order of looks at the readers */
	struct session *sessions;
	CK_ULONG last_session, last_object;

	char withdrawn[WITHDRAWN_MAX][SERIAL_LEN + 1]; /* tokens that lost RSASSA-PSS */
	size_t n_withdrawn;        /* ever recorded */
	struct known known[KNOWN_MAX];
	size_t n_known;            /* ever recorded */
};

extern struct module module;

/* Every C_ function but C_Initialize and the ones that hand out tables begins
 * and ends with these two. CKR_CRYPTOKI_NOT_INITIALIZED in a forked child too. */
CK_RV module_enter(void);
void module_leave(void);

void module_lock(void);
void module_unlock(void);

#endif
