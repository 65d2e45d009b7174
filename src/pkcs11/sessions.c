/* SPDX-License-Identifier: BSD-2-Clause */
/* PKCS#11 5.6, session management: open, close, info, cancel. */
#include <stdlib.h>
#include <string.h>
#include "pkcs11/functions.h"
#include "pkcs11/module.h"
#include "pkcs11/session.h"
#include "pkcs11/token.h"

static struct session *find_session(CK_SESSION_HANDLE handle)
{
	struct session *s = module.sessions;

	while (s && s->handle != handle)
		s = s->next;
	return s;
}

static struct slot *slot_of(CK_SESSION_HANDLE handle)
{
	struct session *s;
	struct slot *slot;

	module_lock();
	s = find_session(handle);
	slot = s ? s->slot : NULL;
	module_unlock();
	return slot;
}

/* With the slot's lock held nobody else can free the session. */
static CK_RV lock_session(CK_SESSION_HANDLE handle, struct session **session)
{
	struct slot *slot = slot_of(handle);

	if (!slot)
		return CKR_SESSION_HANDLE_INVALID;
	pthread_mutex_lock(&slot->lock);
	if (slot_of(handle)) {
		slot_drop_stale(slot);
		module_lock();
		*session = find_session(handle);
		module_unlock();
		if (*session)
			return CKR_OK;
		pthread_mutex_unlock(&slot->lock);
		return CKR_DEVICE_REMOVED;
	}
	pthread_mutex_unlock(&slot->lock);
	return CKR_SESSION_HANDLE_INVALID;
}

CK_RV session_enter(CK_SESSION_HANDLE handle, bool look, struct session **session)
{
	CK_RV rv = module_enter();

	if (rv != CKR_OK)
		return rv;
	if (look)
		slots_refresh(false);
	rv = lock_session(handle, session);
	if (rv != CKR_OK)
		module_leave();
	return rv;
}

void session_leave(struct session *session)
{
	slot_leave(session->slot);
}

void session_end_operation(struct session *session)
{
	if (session->consent_bound)
		secret_free(&session->consent);
	session->consent_bound = false;
	free(session->find.list);
	session->find = (struct find){0};
	sign_clear(&session->sign);
	digest_clear(&session->digest);
	session->operation = OPERATION_NONE;
}

static void free_session(struct session *session)
{
	session_end_operation(session);
	secret_free(&session->consent);
	free(session);
}

/* Takes the sessions of a slot (NULL: of all) off the list. */
static struct session *take_sessions(const struct slot *slot)
{
	struct session **p = &module.sessions, *taken = NULL;

	module_lock();
	while (*p) {
		struct session *s = *p;

		if (slot && s->slot != slot) {
			p = &s->next;
			continue;
		}
		*p = s->next;
		s->next = taken;
		taken = s;
	}
	module_unlock();
	return taken;
}

static void free_list(struct session *list)
{
	while (list) {
		struct session *next = list->next;

		free_session(list);
		list = next;
	}
}

void sessions_wipe_consent(struct slot *slot)
{
	module_lock();
	for (struct session *s = module.sessions; s; s = s->next)
		if (s->slot == slot)
			secret_free(&s->consent);
	module_unlock();
}

void sessions_close(struct slot *slot)
{
	free_list(take_sessions(slot));
}

void sessions_free(void)
{
	free_list(take_sessions(NULL));
}

static CK_RV open_session(struct slot *slot, CK_FLAGS flags, CK_SESSION_HANDLE *handle)
{
	struct session *s;
	struct token *token;
	CK_RV rv = slot_token(slot, &token);

	if (rv != CKR_OK)
		return rv;
	s = calloc(1, sizeof *s);
	if (!s)
		return CKR_HOST_MEMORY;
	s->slot = slot;
	s->insertion = token->card->insertion;
	s->flags = flags;
	module_lock();
	s->handle = ++module.last_session;
	s->next = module.sessions;
	module.sessions = s;
	module_unlock();
	*handle = s->handle;
	return CKR_OK;
}

/* C_OpenSession (PKCS#11 5.6): serial sessions only; the token is read if it has
 * not been. Read/write sessions are allowed, since old programs open nothing
 * else; there is nothing to write. */
CK_RV inkan_C_OpenSession(CK_SLOT_ID id, CK_FLAGS flags, void *application, CK_NOTIFY notify,
                          CK_SESSION_HANDLE *session)
{
	struct slot *slot;
	CK_RV rv = slot_enter(id, &slot);

	(void)application;
	(void)notify;
	if (rv != CKR_OK)
		return rv;
	if (!session)
		rv = CKR_ARGUMENTS_BAD;
	else if (!(flags & CKF_SERIAL_SESSION))
		rv = CKR_SESSION_PARALLEL_NOT_SUPPORTED;
	else
		rv = open_session(slot, flags, session);
	slot_leave(slot);
	return rv;
}

/* Takes one session off the list; true when it was its slot's last. */
static bool unlink_session(struct session *session)
{
	struct session **p = &module.sessions;
	bool last = true;

	module_lock();
	while (*p) {
		if (*p == session) {
			*p = session->next;
			continue;
		}
		if ((*p)->slot == session->slot)
			last = false;
		p = &(*p)->next;
	}
	module_unlock();
	return last;
}

/* C_CloseSession (PKCS#11 5.6): closing the last session with a token logs out. */
CK_RV inkan_C_CloseSession(CK_SESSION_HANDLE handle)
{
	struct session *session;
	struct slot *slot;
	CK_RV rv = session_enter(handle, false, &session);

	if (rv != CKR_OK)
		return rv;
	slot = session->slot;
	if (unlink_session(session))
		slot_end_sessions(slot);
	free_session(session);
	slot_leave(slot);
	return CKR_OK;
}

/* C_CloseAllSessions (PKCS#11 5.6): logs out as well. */
CK_RV inkan_C_CloseAllSessions(CK_SLOT_ID id)
{
	struct slot *slot;
	CK_RV rv = slot_enter(id, &slot);

	if (rv != CKR_OK)
		return rv;
	slot_end_sessions(slot);
	slot_leave(slot);
	return CKR_OK;
}

static CK_STATE state_of(const struct session *s)
{
	if (s->flags & CKF_RW_SESSION)
		return s->slot->logged_in ? CKS_RW_USER_FUNCTIONS : CKS_RW_PUBLIC_SESSION;
	return s->slot->logged_in ? CKS_RO_USER_FUNCTIONS : CKS_RO_PUBLIC_SESSION;
}

static CK_RV session_info(CK_SESSION_HANDLE handle, CK_SESSION_INFO *info)
{
	struct session *s;
	CK_RV rv = CKR_OK;

	module_lock();
	s = find_session(handle);
	if (!s)
		rv = CKR_SESSION_HANDLE_INVALID;
	else if (s->insertion != s->slot->insertion)
		rv = CKR_DEVICE_REMOVED;
	else
		*info = (CK_SESSION_INFO){s->slot->id, state_of(s), s->flags, 0};
	module_unlock();
	return rv;
}

/* The PIN of a card that is gone is wiped at the first call that sees it; when
 * the slot is busy, the call that holds it does so. */
static void drop_if_free(CK_SESSION_HANDLE handle)
{
	struct slot *slot = slot_of(handle);

	if (slot && pthread_mutex_trylock(&slot->lock) == 0) {
		slot_drop_stale(slot);
		pthread_mutex_unlock(&slot->lock);
	}
}

/* C_GetSessionInfo (PKCS#11 5.6). NSS calls it on its user-interface thread: it
 * never waits for a card. */
CK_RV inkan_C_GetSessionInfo(CK_SESSION_HANDLE handle, CK_SESSION_INFO *info)
{
	CK_RV rv = module_enter();

	if (rv != CKR_OK)
		return rv;
	slots_refresh(false);
	rv = info ? session_info(handle, info) : CKR_ARGUMENTS_BAD;
	if (rv == CKR_DEVICE_REMOVED)
		drop_if_free(handle);
	module_leave();
	return rv;
}

/* C_SessionCancel (PKCS#11 3.0, 5.6): of the operations named, the one that is
 * active ends. */
CK_RV inkan_C_SessionCancel(CK_SESSION_HANDLE handle, CK_FLAGS flags)
{
	struct session *session;
	CK_RV rv = session_enter(handle, false, &session);

	if (rv != CKR_OK)
		return rv;
	if ((session->operation == OPERATION_SIGN && (flags & CKF_SIGN)) ||
	    (session->operation == OPERATION_DIGEST && (flags & CKF_DIGEST)) ||
	    (session->operation == OPERATION_FIND && (flags & CKF_FIND_OBJECTS)))
		session_end_operation(session);
	session_leave(session);
	return CKR_OK;
}
