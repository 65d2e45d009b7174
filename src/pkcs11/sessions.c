/* SPDX-License-Identifier: BSD-2-Clause */
/* PKCS#11 5.6, session management, and C_SetPIN (5.5). */
#include <stdlib.h>
#include "pkcs11/ckr.h"
#include "pkcs11/functions.h"
#include "pkcs11/session.h"
#include "pkcs11/token.h"

#define REPEATS_MAX 8

/* C_OpenSession (PKCS#11 5.6): serial sessions only; the token is read if it has
 * not been. Read/write sessions are allowed, since old programs open only
 * these; nothing can be written. */
CK_RV inkan_C_OpenSession(CK_SLOT_ID id, CK_FLAGS flags, void *application, CK_NOTIFY notify, CK_SESSION_HANDLE *handle)
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

/* Wipes the old PIN and, if wanted, stores the new one. */
static CK_RV store_pin(struct secret **stored, struct bytes pin, bool wanted)
{
	secret_free(stored);
	return !wanted || secret_new(stored, pin.data, pin.len) == E_OK ? CKR_OK : CKR_HOST_MEMORY;
}

/* Publishes the result of a VERIFY. Its success is discarded when the session was closed or
 * the card removed meanwhile. */
static CK_RV show_login(struct session *session, bool logged_in, CK_RV rv)
{
	struct slot *slot = session->slot;

	module_lock();
	token_info(slot->token, &slot->info);
	if (rv == CKR_OK && slot->token->gone)
		rv = CKR_DEVICE_REMOVED;
	else if (rv == CKR_OK && session->closed)
		rv = CKR_SESSION_CLOSED;
	slot->logged_in = logged_in && !slot->token->gone && !session->closed;
	if (!slot->logged_in)
		slot_end_login(slot);
	module_unlock();
	return rv;
}

/* CKU_USER, which is consent for one signature in this session too, where the key
 * wants it; and consent for the signature that C_SignInit has begun, and for no other.
 * A program that sends the same PIN again after each CKR_PIN_INCORRECT, as pdfsig with NSS
 * does, gets CKR_FUNCTION_REJECTED every eighth time, which stops it. */
static CK_RV login(struct session *session, CK_USER_TYPE user, struct bytes pin)
{
	struct token *token = session->slot->token;
	bool logged_in = session->slot->logged_in, consent = token->card->key.user_consent;
	enum error e;
	CK_RV rv;

	if (user != CKU_USER && user != CKU_CONTEXT_SPECIFIC)
		return CKR_USER_TYPE_INVALID;
	if (user == CKU_USER && logged_in)
		return CKR_USER_ALREADY_LOGGED_IN;
	if (user == CKU_CONTEXT_SPECIFIC && session->operation != OPERATION_SIGN)
		return CKR_OPERATION_NOT_INITIALIZED;
	if (user == CKU_CONTEXT_SPECIFIC && !logged_in)
		return CKR_USER_NOT_LOGGED_IN;
	e = token_verify(token, pin);
	rv = ckr_of_session(e);
	token->repeats = e == E_PIN_REPEATED ? token->repeats + 1 : 0;
	if (e == E_PIN_REPEATED && token->repeats % REPEATS_MAX == 0)
		rv = CKR_FUNCTION_REJECTED;
	if (rv == CKR_OK) {
		session->consent_bound = user == CKU_CONTEXT_SPECIFIC;
		rv = store_pin(&session->consent, pin, consent);
	}
	if (rv == CKR_OK && user == CKU_USER)
		rv = store_pin(&token->pin, pin, !consent);
	if (user == CKU_USER)
		logged_in = rv == CKR_OK;
	else
		logged_in = !ends_login(e);
	return show_login(session, logged_in, rv);
}

/* C_Login (PKCS#11 5.6). No PIN pads: the PIN is always given. What must not be sent to the
 * card is refused by the gate: a PIN of wrong length or alphabet, one that the card
 * has refused before, one typed for another card, the last try
 * (CKR_FUNCTION_REJECTED). The card is locked again when this returns. */
CK_RV inkan_C_Login(CK_SESSION_HANDLE handle, CK_USER_TYPE user, CK_UTF8CHAR *pin, CK_ULONG len)
{
	struct call call;
	const char *name = user == CKU_CONTEXT_SPECIFIC ? "C_Login (context-specific)" : "C_Login";
	CK_RV rv = session_enter_locked(&call, name, handle);

	if (rv == CKR_OK)
		rv = pin ? login(call.session, user, (struct bytes){pin, len}) : CKR_ARGUMENTS_BAD;
	return call_leave(&call, rv);
}

/* C_LoginUser (PKCS#11 3.0, 5.6): these tokens have one user, without a name. */
CK_RV inkan_C_LoginUser(CK_SESSION_HANDLE handle, CK_USER_TYPE user, CK_UTF8CHAR *pin, CK_ULONG len, CK_UTF8CHAR *name,
                        CK_ULONG name_len)
{
	if (name || name_len)
		return CKR_ARGUMENTS_BAD;
	return inkan_C_Login(handle, user, pin, len);
}

/* C_Logout (PKCS#11 5.6): the PIN and every consent are wiped; what was behind
 * the PIN is gone. The card needs no command: it is locked after each operation. */
CK_RV inkan_C_Logout(CK_SESSION_HANDLE handle)
{
	struct call call;
	CK_RV rv = session_enter_locked(&call, "C_Logout", handle);

	if (rv != CKR_OK)
		return call_leave(&call, rv);
	module_lock();
	if (!call.slot->logged_in)
		rv = CKR_USER_NOT_LOGGED_IN;
	slot_end_login(call.slot);
	module_unlock();
	return call_leave(&call, rv);
}

/* The login stays, with the new PIN; it ends when it is not known which PIN the card has
 * now. Consents are wiped: they are the old PIN, which would cost a try. */
static CK_RV set_pin(struct session *session, struct bytes old_pin, struct bytes new_pin)
{
	struct slot *slot = session->slot;
	bool logged_in = slot->logged_in;
	enum error e = card_change_pin(slot->token->card, old_pin, module.conf.last_try_allowed, new_pin);
	CK_RV rv = e == E_UNSUPPORTED ? CKR_FUNCTION_NOT_SUPPORTED : ckr_of_session(e);

	if (e == E_OK) {
		module_lock();
		sessions_wipe_consent(slot);
		module_unlock();
	}
	if (e == E_OK && logged_in)
		rv = store_pin(&slot->token->pin, new_pin, !slot->token->card->key.user_consent);
	if (e == E_OK ? rv != CKR_OK : ends_login(e) || rv == CKR_DEVICE_ERROR)
		logged_in = false;
	return show_login(session, logged_in, rv);
}

/* C_SetPIN (PKCS#11 5.5), for cards whose command is known (JPKI); others answer
 * CKR_FUNCTION_NOT_SUPPORTED. Both PINs are checked for length and alphabet
 * before anything is sent, and the rules of C_Login hold for the old one. */
CK_RV inkan_C_SetPIN(CK_SESSION_HANDLE handle, CK_UTF8CHAR *old_pin, CK_ULONG old_len, CK_UTF8CHAR *new_pin,
                     CK_ULONG new_len)
{
	struct call call;
	CK_RV rv = session_enter_locked(&call, "C_SetPIN", handle);

	if (rv != CKR_OK)
		return call_leave(&call, rv);
	if (!old_pin || !new_pin)
		rv = CKR_ARGUMENTS_BAD;
	else if (!(call.session->flags & CKF_RW_SESSION))
		rv = CKR_SESSION_READ_ONLY;
	else if (!call.slot->token->card->pin.rule.change)
		rv = CKR_FUNCTION_NOT_SUPPORTED;
	else
		rv = set_pin(call.session, (struct bytes){old_pin, old_len}, (struct bytes){new_pin, new_len});
	return call_leave(&call, rv);
}
