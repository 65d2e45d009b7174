/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include "pkcs11/session.h"

/* With the table lock held. The removal of a card is reported once, and its sessions are
 * closed. */
static CK_RV look_up(CK_SESSION_HANDLE handle, struct session **session)
{
	struct session *s = module.sessions, *next;
	const struct slot *slot;

	while (s && s->handle != handle)
		s = s->next;
	*session = s;
	if (!s)
		return CKR_SESSION_HANDLE_INVALID;
	if (!s->removed)
		return CKR_OK;
	slot = s->slot;
	for (s = module.sessions; s; s = next) {
		next = s->next;
		if (s->slot == slot && s->removed)
			session_close(s);
	}
	return CKR_DEVICE_REMOVED;
}

CK_RV session_find(struct call *call, CK_SESSION_HANDLE handle)
{
	slots_refresh(false);
	call_lock_table(call);
	return look_up(handle, &call->session);
}

/* With the slot's lock held nobody else can free the session. */
CK_RV session_lock(struct call *call, CK_SESSION_HANDLE handle)
{
	CK_RV rv = session_find(call, handle);

	if (rv != CKR_OK)
		return rv;
	call->slot = call->session->slot;
	call_unlock(call);
	slot_lock(call->slot);
	call->has_slot = true;
	module_lock();
	rv = look_up(handle, &call->session);
	module_unlock();
	return rv;
}

CK_RV session_enter(struct call *call, const char *name, CK_SESSION_HANDLE handle)
{
	CK_RV rv = call_enter(call, name);

	return rv == CKR_OK ? session_find(call, handle) : rv;
}

CK_RV session_enter_locked(struct call *call, const char *name, CK_SESSION_HANDLE handle)
{
	CK_RV rv = call_enter(call, name);

	return rv == CKR_OK ? session_lock(call, handle) : rv;
}

CK_RV session_enter_init(struct call *call, const char *name, CK_SESSION_HANDLE handle, enum operation operation,
                         bool begin)
{
	CK_RV rv = session_enter_locked(call, name, handle);
	struct session *s = call->session;

	if (rv != CKR_OK)
		return rv;
	if (!begin) {
		if (s->operation != operation)
			return CKR_ARGUMENTS_BAD;
		session_end_operation(s);
		return CKR_OK;
	}
	module_lock();
	if (s->operation == OPERATION_NONE)
		s->operation = operation;
	else
		rv = CKR_OPERATION_ACTIVE;
	module_unlock();
	return rv;
}

CK_RV session_enter_step(struct call *call, const char *name, CK_SESSION_HANDLE handle, enum operation operation,
                         enum step step)
{
	CK_RV rv = session_enter_locked(call, name, handle);
	enum step last;

	if (rv != CKR_OK)
		return rv;
	if (call->session->operation != operation)
		return CKR_OPERATION_NOT_INITIALIZED;
	last = call->session->last;
	call->session->last = step;
	if (step == STEP_WHOLE ? last == STEP_UPDATE || last == STEP_FINAL : step == STEP_FINAL && last == STEP_WHOLE) {
		session_end_operation(call->session);
		return CKR_OPERATION_ACTIVE;
	}
	return CKR_OK;
}

void session_end_operation(struct session *session)
{
	if (session->consent_bound)
		secret_free(&session->consent);
	session->consent_bound = false;
	session->last = STEP_NONE;
	sign_clear(&session->sign);
	crypto_hash_free(&session->digest.md);
	session->digest = (struct digest){0};
	module_lock();
	free(session->find.list);
	session->find = (struct find){0};
	session->operation = OPERATION_NONE;
	module_unlock();
}

void session_close(struct session *session)
{
	struct session **p = &module.sessions;
	struct slot *slot = session->slot;
	bool last = true;

	while (*p) {
		if (*p == session) {
			*p = session->next;
			continue;
		}
		last = last && ((*p)->slot != slot || (*p)->removed);
		p = &(*p)->next;
	}
	session->closed = true;
	session->next = slot->closed;
	slot->closed = session;
	slot->unfinished = true;
	if (last)
		slot_end_login(slot);
}

void sessions_close(struct slot *slot)
{
	struct session *next;

	for (struct session *s = module.sessions; s; s = next) {
		next = s->next;
		if (s->slot == slot)
			session_close(s);
	}
	slot_end_login(slot);
}

void sessions_wipe_consent(const struct slot *slot)
{
	for (struct session *s = module.sessions; s; s = s->next)
		if (s->slot == slot)
			secret_free(&s->consent);
}

void sessions_free_list(struct session *list)
{
	while (list) {
		struct session *next = list->next;

		session_end_operation(list);
		secret_free(&list->consent);
		free(list);
		list = next;
	}
}
