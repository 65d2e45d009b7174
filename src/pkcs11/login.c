/* SPDX-License-Identifier: BSD-2-Clause */
/* PKCS#11 5.6, session management: login, logout; 5.5: C_SetPIN. */
#include "base/log.h"
#include "pkcs11/functions.h"
#include "pkcs11/session.h"
#include "pkcs11/token.h"

/* The PIN is consent for one signature in this session, where the key wants it;
 * bound, for none but the one that is under way. */
static CK_RV keep_consent(struct session *session, struct bytes pin, bool bound)
{
	secret_free(&session->consent);
	session->consent_bound = bound;
	if (!session->slot->token->card->key.user_consent)
		return CKR_OK;
	return secret_new(&session->consent, pin.data, pin.len) == E_OK ? CKR_OK : CKR_HOST_MEMORY;
}

/* VERIFY, whose result also shows in the token's flags. */
static CK_RV verify(struct slot *slot, struct bytes pin)
{
	CK_RV rv = token_verify(slot->token, pin);

	slot_set_login(slot, slot->logged_in);
	return rv;
}

static CK_RV login_user(struct session *session, struct bytes pin)
{
	struct slot *slot = session->slot;
	CK_RV rv;

	if (slot->logged_in)
		return CKR_USER_ALREADY_LOGGED_IN;
	rv = verify(slot, pin);
	if (rv == CKR_OK)
		rv = token_keep_pin(slot->token, pin);
	if (rv == CKR_OK)
		rv = keep_consent(session, pin, false);
	if (rv == CKR_OK)
		slot_set_login(slot, true);
	else
		token_logout(slot->token);
	return rv;
}

static CK_RV login_context(struct session *session, struct bytes pin)
{
	CK_RV rv;

	if (session->operation != OPERATION_SIGN)
		return CKR_OPERATION_NOT_INITIALIZED;
	if (!session->slot->logged_in)
		return CKR_USER_NOT_LOGGED_IN;
	rv = verify(session->slot, pin);
	return rv == CKR_OK ? keep_consent(session, pin, true) : rv;
}

static CK_RV login(struct session *session, CK_USER_TYPE user, struct bytes pin)
{
	switch (user) {
	case CKU_USER:
		return login_user(session, pin);
	case CKU_CONTEXT_SPECIFIC:
		return login_context(session, pin);
	default:
		return CKR_USER_TYPE_INVALID;
	}
}

/* C_Login (PKCS#11 5.6). No PIN pads: the PIN is always given. A PIN of wrong
 * length or alphabet, one that the card has refused before, and the last try
 * (CKR_FUNCTION_REJECTED) never reach the card. CKU_CONTEXT_SPECIFIC is consent
 * for the signature that C_SignInit has begun in this session; CKU_USER is
 * consent for one signature in this session too. The card is locked again when
 * this returns. */
CK_RV inkan_C_Login(CK_SESSION_HANDLE handle, CK_USER_TYPE user, CK_UTF8CHAR *pin, CK_ULONG len)
{
	struct session *session;
	CK_RV rv = session_enter(handle, true, &session);

	if (rv != CKR_OK)
		return rv;
	rv = pin ? login(session, user, (struct bytes){pin, len}) : CKR_ARGUMENTS_BAD;
	log_debug("C_Login(%lu): 0x%lx", user, rv);
	session_leave(session);
	return rv;
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
	struct session *session;
	CK_RV rv = session_enter(handle, true, &session);

	if (rv != CKR_OK)
		return rv;
	if (session->slot->logged_in)
		slot_logout(session->slot);
	else
		rv = CKR_USER_NOT_LOGGED_IN;
	session_leave(session);
	return rv;
}

/* Whoever is logged in stays so, with the new PIN; when it is not known which
 * PIN holds now, nobody is. A consent is the old PIN, which would cost a try. */
static CK_RV set_pin(struct slot *slot, struct bytes old_pin, struct bytes new_pin)
{
	bool logged_in = slot->logged_in;
	CK_RV rv = token_change_pin(slot->token, old_pin, new_pin);

	if (rv == CKR_OK)
		sessions_wipe_consent(slot);
	if (rv == CKR_OK && logged_in)
		rv = token_keep_pin(slot->token, new_pin);
	else if (rv == CKR_DEVICE_ERROR || rv == CKR_DEVICE_REMOVED)
		slot_logout(slot);
	slot_set_login(slot, slot->logged_in);
	return rv;
}

/* C_SetPIN (PKCS#11 5.5), for cards whose command is known (JPKI); others answer
 * CKR_FUNCTION_NOT_SUPPORTED. Both PINs are checked for length and alphabet
 * before anything is sent, and the old one goes by the rules of C_Login. */
CK_RV inkan_C_SetPIN(CK_SESSION_HANDLE handle, CK_UTF8CHAR *old_pin, CK_ULONG old_len, CK_UTF8CHAR *new_pin,
                     CK_ULONG new_len)
{
	struct session *session;
	CK_RV rv = session_enter(handle, true, &session);

	if (rv != CKR_OK)
		return rv;
	if (!old_pin || !new_pin)
		rv = CKR_ARGUMENTS_BAD;
	else if (!(session->flags & CKF_RW_SESSION))
		rv = CKR_SESSION_READ_ONLY;
	else if (!session->slot->token->card->pin.rule.change)
		rv = CKR_FUNCTION_NOT_SUPPORTED;
	else
		rv = set_pin(session->slot, (struct bytes){old_pin, old_len}, (struct bytes){new_pin, new_len});
	session_leave(session);
	return rv;
}
