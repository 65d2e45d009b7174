/* SPDX-License-Identifier: BSD-2-Clause */
/* PKCS#11 5.6, session management: login, logout; 5.5: C_SetPIN. */
#include "pkcs11/ckr.h"
#include "pkcs11/functions.h"
#include "pkcs11/session.h"
#include "pkcs11/token.h"

#define REPEATS_MAX 8

/* The PIN, where the key signs with one that is kept. */
static CK_RV keep(struct secret **kept, struct bytes pin, bool wanted)
{
	secret_free(kept);
	return !wanted || secret_new(kept, pin.data, pin.len) == E_OK ? CKR_OK : CKR_HOST_MEMORY;
}

/* What a VERIFY has changed in what can be seen. Its success counts for nothing
 * when the session was closed or the card taken out meanwhile. */
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
 * A program that takes "incorrect" for "once more" and has but one PIN to give, as
 * pdfsig on NSS, is told to stop on every eighth round. */
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
		rv = keep(&session->consent, pin, consent);
	}
	if (rv == CKR_OK && user == CKU_USER)
		rv = keep(&token->pin, pin, !consent);
	if (user == CKU_USER)
		logged_in = rv == CKR_OK;
	else
		logged_in = !ends_login(e);
	return show_login(session, logged_in, rv);
}

/* C_Login (PKCS#11 5.6). No PIN pads: the PIN is always given. What may not go to the
 * card is refused by its gate: a PIN of wrong length or alphabet, one that the card
 * has refused before, one meant for another card, the last try
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

/* C_LoginUser (PKCS#11 3.0, 5.6): these tokens have one user without a name. */
CK_RV inkan_C_LoginUser(CK_SESSION_HANDLE handle, CK_USER_TYPE user, CK_UTF8CHAR *pin, CK_ULONG len,
                        CK_UTF8CHAR *name, CK_ULONG name_len)
{
	if (name || name_len)
		return CKR_ARGUMENTS_BAD;
	return inkan_C_Login(handle, user, pin, len);
}

/* C_Logout (PKCS#11 5.6): the PIN and every consent are wiped; what was behind
 * the PIN is gone. The card needs no command: it has been locked all along. */
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

/* Whoever is logged in stays so, with the new PIN; when it is not known which
 * PIN holds now, nobody is. A consent is the old PIN, which would cost a try. */
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
		rv = keep(&slot->token->pin, new_pin, !slot->token->card->key.user_consent);
	if (e == E_OK ? rv != CKR_OK : ends_login(e) || rv == CKR_DEVICE_ERROR)
		logged_in = false;
	return show_login(session, logged_in, rv);
}

/* C_SetPIN (PKCS#11 5.5), for cards whose command is known (JPKI); others answer
 * CKR_FUNCTION_NOT_SUPPORTED. Both PINs are checked for length and alphabet
 * before anything is sent, and the old one goes by the rules of C_Login. */
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
