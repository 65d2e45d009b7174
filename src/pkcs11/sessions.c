/* SPDX-License-Identifier: BSD-2-Clause */
/* PKCS#11 5.6, session management: open, close, info, cancel. */
#include <stdlib.h>
#include "pkcs11/functions.h"
#include "pkcs11/session.h"

/* C_OpenSession (PKCS#11 5.6): serial sessions only; the token is read if it has
 * not been. Read/write sessions are allowed, since old programs open nothing
 * else; there is nothing to write. */
CK_RV inkan_C_OpenSession(CK_SLOT_ID id, CK_FLAGS flags, void *application, CK_NOTIFY notify,
                          CK_SESSION_HANDLE *handle)
{
	struct session *s = NULL;
	struct call call;
	CK_RV rv = slot_enter(&call, "C_OpenSession", id);

	(void)application;
	(void)notify;
	if (rv == CKR_OK && !handle)
		rv = CKR_ARGUMENTS_BAD;
	else if (rv == CKR_OK && !(flags & CKF_SERIAL_SESSION))
		rv = CKR_SESSION_PARALLEL_NOT_SUPPORTED;
	else if (rv == CKR_OK && !(s = calloc(1, sizeof *s)))
		rv = CKR_HOST_MEMORY;
	if (rv == CKR_OK) {
		s->slot = call.slot;
		s->flags = flags;
		s->handle = *handle = ++module.last_session;
		s->next = module.sessions;
		module.sessions = s;
	}
	return call_leave(&call, rv);
}

/* C_CloseSession (PKCS#11 5.6): closing the last session with a token logs out. A
 * call that another thread has under way in it ends with CKR_SESSION_CLOSED, or as
 * it would have. */
CK_RV inkan_C_CloseSession(CK_SESSION_HANDLE handle)
{
	struct call call;
	CK_RV rv = session_enter(&call, "C_CloseSession", handle);

	if (rv == CKR_OK)
		session_close(call.session);
	return call_leave(&call, rv);
}

/* C_CloseAllSessions (PKCS#11 5.6): those of this slot alone; logs out as well. */
CK_RV inkan_C_CloseAllSessions(CK_SLOT_ID id)
{
	struct slot *slot;
	struct call call;
	CK_RV rv = call_enter(&call, "C_CloseAllSessions");

	if (rv != CKR_OK)
		return call_leave(&call, rv);
	slots_refresh(false);
	call_lock_table(&call);
	slot = slot_find(id);
	if (slot)
		sessions_close(slot);
	return call_leave(&call, slot ? CKR_OK : CKR_SLOT_ID_INVALID);
}

/* C_GetSessionInfo (PKCS#11 5.6). NSS calls it on its user-interface thread: it
 * never waits for a card. */
CK_RV inkan_C_GetSessionInfo(CK_SESSION_HANDLE handle, CK_SESSION_INFO *info)
{
	const struct session *s;
	struct call call;
	CK_STATE state;
	CK_RV rv = session_enter(&call, "C_GetSessionInfo", handle);

	if (rv == CKR_OK && !info)
		rv = CKR_ARGUMENTS_BAD;
	if (rv != CKR_OK)
		return call_leave(&call, rv);
	s = call.session;
	if (s->flags & CKF_RW_SESSION)
		state = s->slot->logged_in ? CKS_RW_USER_FUNCTIONS : CKS_RW_PUBLIC_SESSION;
	else
		state = s->slot->logged_in ? CKS_RO_USER_FUNCTIONS : CKS_RO_PUBLIC_SESSION;
	*info = (CK_SESSION_INFO){s->slot->id, state, s->flags, 0};
	return call_leave(&call, rv);
}

/* C_SessionCancel (PKCS#11 3.0, 5.6): of the operations named, the one that is
 * active ends. */
CK_RV inkan_C_SessionCancel(CK_SESSION_HANDLE handle, CK_FLAGS flags)
{
	struct call call;
	CK_RV rv = session_enter_locked(&call, "C_SessionCancel", handle);

	if (rv == CKR_OK && ((call.session->operation == OPERATION_SIGN && (flags & CKF_SIGN)) ||
	                     (call.session->operation == OPERATION_DIGEST && (flags & CKF_DIGEST)) ||
	                     (call.session->operation == OPERATION_FIND && (flags & CKF_FIND_OBJECTS))))
		session_end_operation(call.session);
	return call_leave(&call, rv);
}
