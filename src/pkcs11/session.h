/* SPDX-License-Identifier: BSD-2-Clause */
/* Sessions. Handles are counters and are never used again. */
#ifndef INKAN_PKCS11_SESSION_H
#define INKAN_PKCS11_SESSION_H

#include "base/mem.h"
#include "pkcs11/pkcs11.h"
#include "pkcs11/mech.h"
#include "pkcs11/module.h"

/* One operation at a time: a search, a signature or a hash. */
enum operation { OPERATION_NONE, OPERATION_FIND, OPERATION_SIGN, OPERATION_DIGEST };

/* The last step of a signature or a hash: C_Sign, C_SignUpdate, C_SignFinal. */
enum step { STEP_NONE, STEP_WHOLE, STEP_UPDATE, STEP_FINAL };

struct find {
	CK_OBJECT_HANDLE *list;
	size_t n, next;
};

/* A hash under way. {0}: none. */
struct digest {
	EVP_MD_CTX *md;
	enum hash hash;
};

struct session {
	struct session *next;
	CK_SESSION_HANDLE handle; /* constant, like the next two */
	struct slot *slot;
	CK_FLAGS flags;

	/* under the table lock */
	bool removed;                     /* its card was removed: the next call reports it */
	bool closed;                      /* not in the list any more; freed with the slot's lock held */
	_Atomic enum operation operation; /* may be read without it */
	struct find find;

	/* under the slot's lock */
	struct secret *consent; /* the PIN, for one signature in this session */
	bool consent_bound;     /* to the operation under way: a context-specific login's */
	enum step last;         /* of the operation under way */
	struct sign sign;
	struct digest digest;
};

/* Checks the readers and finds the session: call->session, with the table lock
 * held (session_find), or with the lock of its slot (session_lock), whose token is then
 * valid. CKR_SESSION_HANDLE_INVALID; CKR_DEVICE_REMOVED once, in the first call
 * after the card was removed. */
CK_RV session_find(struct call *call, CK_SESSION_HANDLE handle);
CK_RV session_lock(struct call *call, CK_SESSION_HANDLE handle);

/* The beginning of a C_ function with a session: call_enter, then session_find or session_lock. */
CK_RV session_enter(struct call *call, const char *name, CK_SESSION_HANDLE handle);
CK_RV session_enter_locked(struct call *call, const char *name, CK_SESSION_HANDLE handle);

/* session_enter_locked, then begins the operation, if none is under way, or ends it. */
CK_RV session_enter_init(struct call *call, const char *name, CK_SESSION_HANDLE handle, enum operation operation,
                         bool begin);

/* session_enter_locked; CKR_OK when this operation is under way and may
 * take this step. C_Sign after C_SignUpdate, and C_SignFinal after C_Sign alone (which
 * has returned the length), end it with CKR_OPERATION_ACTIVE (PKCS#11 5.2, 5.13). */
CK_RV session_enter_step(struct call *call, const char *name, CK_SESSION_HANDLE handle, enum operation operation,
                         enum step step);

/* With the slot's lock held: ends the operation that is under way, if any. */
void session_end_operation(struct session *session);

/* With the table lock held: takes a session, or all of a slot, off the list. The last
 * one of a slot ends the login. */
void session_close(struct session *session);
void sessions_close(struct slot *slot);

/* With the slot's lock and the table lock held. */
void sessions_wipe_consent(const struct slot *slot);

/* Frees sessions that are not in the list of the module any more. */
void sessions_free_list(struct session *list);

#endif
