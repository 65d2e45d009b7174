/* SPDX-License-Identifier: BSD-2-Clause */
/* Sessions: a list under the table lock; what one is doing, and its consent, under
 * its slot's lock. Handles are counters and never come back. */
#ifndef INKAN_PKCS11_SESSION_H
#define INKAN_PKCS11_SESSION_H

#include "base/mem.h"
#include "pkcs11/pkcs11.h"
#include "pkcs11/digest.h"
#include "pkcs11/mech.h"
#include "pkcs11/slot.h"

/* One operation at a time: a search, a signature or a hash. */
enum operation { OPERATION_NONE, OPERATION_FIND, OPERATION_SIGN, OPERATION_DIGEST };

struct find {
	CK_OBJECT_HANDLE *list;
	size_t n, next;
};

struct session {
	struct session *next;
	CK_SESSION_HANDLE handle;  /* constant, like the next three */
	struct slot *slot;
	uint32_t insertion;
	CK_FLAGS flags;

	struct secret *consent;    /* the PIN, for one signature in this session */
	bool consent_bound;        /* to the operation under way: a context-specific login's */
	enum operation operation;
	struct find find;
	struct sign sign;
	struct digest digest;
};

/* module_enter, a look at the readers if `look`, and the lock of the session's
 * slot. CKR_SESSION_HANDLE_INVALID; CKR_DEVICE_REMOVED when this call finds
 * that the card is gone. */
CK_RV session_enter(CK_SESSION_HANDLE handle, bool look, struct session **session);
void session_leave(struct session *session);

/* Ends the operation that is under way, if any. With the slot lock held. */
void session_end_operation(struct session *session);

/* With the slot lock held. */
void sessions_wipe_consent(struct slot *slot);

/* All sessions of a slot (with its lock held), and all of the module. */
void sessions_close(struct slot *slot);
void sessions_free(void);

#endif
