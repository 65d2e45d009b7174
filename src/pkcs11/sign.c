/* SPDX-License-Identifier: BSD-2-Clause */
/* PKCS#11 5.11, signing. */
#include <string.h>
#include "base/log.h"
#include "pkcs11/ckr.h"
#include "pkcs11/functions.h"
#include "pkcs11/session.h"
#include "pkcs11/token.h"

static CK_RV begin(struct session *session, const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
	struct token *token = session->slot->token;
	struct object *o;
	CK_RV rv;

	if (session->operation != OPERATION_NONE)
		return CKR_OPERATION_ACTIVE;
	if (!session->slot->logged_in)
		return CKR_USER_NOT_LOGGED_IN;
	o = object_find(token, key, true);
	if (!o || o->kind != OBJECT_PRIVATE_KEY || !token->cert)
		return CKR_KEY_HANDLE_INVALID;
	rv = sign_begin(&session->sign, module.crypto, token->card->profile, token_offers_pss(token), mechanism,
	                &token->cert->key);
	if (rv == CKR_OK)
		session->operation = OPERATION_SIGN;
	return rv;
}

/* Without a mechanism: the signature under way ends (PKCS#11 3.0, 5.13.1). */
static CK_RV cancel(struct session *session)
{
	if (session->operation != OPERATION_SIGN)
		return CKR_ARGUMENTS_BAD;
	session_end_operation(session);
	return CKR_OK;
}

/* C_SignInit (PKCS#11 5.11): neither needs nor uses consent. The key of the card
 * that was in before ends every session: NSS may open one and log in without seeing
 * that the card is another, and looks for its objects anew only when they end. */
CK_RV inkan_C_SignInit(CK_SESSION_HANDLE handle, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
	struct session *session;
	struct slot *slot;
	CK_RV rv = session_enter(handle, true, &session);

	if (rv != CKR_OK)
		return rv;
	slot = session->slot;
	rv = mechanism ? begin(session, mechanism, key) : cancel(session);
	if (rv == CKR_KEY_HANDLE_INVALID && slot_had(slot, key))
		slot_end_sessions(slot);
	slot_leave(slot);
	return rv;
}

/* The PIN that may be used now: kept for the login, or, where the key wants
 * consent, given in this session and not used up. */
static struct secret *pin_for(struct session *session)
{
	struct token *token = session->slot->token;

	if (!session->slot->logged_in)
		return NULL;
	return token->card->key.user_consent ? session->consent : token->pin;
}

/* What a failed signature does to the login: a PIN that the card takes no more
 * and a card that was away end it. */
static CK_RV after_failure(struct slot *slot, enum error e)
{
	switch (e) {
	case E_PIN_WRONG:
	case E_PIN_LOCKED:
	case E_PIN_STALE:
	case E_SECURITY:
		slot_logout(slot);
		return CKR_USER_NOT_LOGGED_IN;
	case E_LINK:
	case E_CHANGED:
	case E_NO_CARD:
	case E_NO_READER:
	case E_NO_SERVICE:
		slot_logout(slot);
		slots_refresh(false);
		return slot_is_current(slot) ? CKR_DEVICE_ERROR : CKR_DEVICE_REMOVED;
	default:
		return ckr_of_session(e);
	}
}

/* A card that cannot do RSASSA-PSS after all: it is withdrawn, and every session
 * ends, which makes NSS read the list of mechanisms again. */
static bool is_pss_failure(const struct session *session, enum error e)
{
	return session->sign.params.scheme == SCHEME_PSS && module.conf.pss == PSS_AUTO &&
	       (e == E_UNSUPPORTED || e == E_REFUSED || e == E_SIGNATURE);
}

static CK_RV make_signature(struct session *session, uint8_t *signature, size_t *len, bool *end_sessions)
{
	struct slot *slot = session->slot;
	struct secret *pin = pin_for(session);
	struct prepared prepared;
	enum error e;
	CK_RV rv;

	if (!pin)
		return CKR_USER_NOT_LOGGED_IN;
	rv = mech_prepare(&session->sign, module.crypto, &prepared);
	if (rv != CKR_OK)
		return rv;
	e = token_sign(slot->token, pin, &session->sign, &prepared, signature, len);
	secret_free(&session->consent);
	mem_wipe(&prepared, sizeof prepared);
	if (e == E_OK)
		return CKR_OK;
	log_error("signature: %s", error_text(e));
	*end_sessions = is_pss_failure(session, e);
	if (*end_sessions && token_withdraw_pss(slot->token) != E_OK)
		return CKR_HOST_MEMORY;
	return after_failure(slot, e);
}

/* The end of a signature, in one part or several. The operation ends, too, unless
 * only the length was asked for or the buffer was too small (PKCS#11 5.11). */
static CK_RV finish(struct session *session, CK_BYTE *out, CK_ULONG *out_len, bool *end_sessions)
{
	uint8_t signature[SIGNATURE_MAX];
	size_t len = sizeof signature;
	bool done;
	CK_RV rv = output_room(out, out_len, session->sign.params.signature_len, &done);

	if (done)
		return rv;
	rv = make_signature(session, signature, &len, end_sessions);
	if (rv == CKR_OK) {
		memcpy(out, signature, len);
		*out_len = len;
	}
	session_end_operation(session);
	return rv;
}

/* Only now is it one part or a length that was asked for: adding the data must
 * not happen twice. */
static CK_RV sign_one_part(struct session *session, const CK_BYTE *data, CK_ULONG len, CK_BYTE *out,
                           CK_ULONG *out_len, bool *end_sessions)
{
	CK_RV rv = CKR_ARGUMENTS_BAD;

	if (session->operation != OPERATION_SIGN)
		return CKR_OPERATION_NOT_INITIALIZED;
	if (session->sign.in_parts)
		return CKR_OPERATION_ACTIVE;
	if (out_len && (data || len == 0)) {
		if (!out || *out_len < session->sign.params.signature_len)
			return finish(session, out, out_len, end_sessions);
		rv = sign_add(&session->sign, data, len);
	}
	if (rv == CKR_OK)
		return finish(session, out, out_len, end_sessions);
	session_end_operation(session);
	return rv;
}

static void leave(struct slot *slot, bool end_sessions)
{
	if (end_sessions)
		slot_end_sessions(slot);
	slot_leave(slot);
}

/* C_Sign (PKCS#11 5.11). Every signature is checked against the certificate's
 * key before it is returned. */
CK_RV inkan_C_Sign(CK_SESSION_HANDLE handle, CK_BYTE *data, CK_ULONG len, CK_BYTE *signature,
                   CK_ULONG *signature_len)
{
	struct session *session;
	struct slot *slot;
	bool end_sessions = false;
	CK_RV rv = session_enter(handle, true, &session);

	if (rv != CKR_OK)
		return rv;
	slot = session->slot;
	rv = sign_one_part(session, data, len, signature, signature_len, &end_sessions);
	log_debug("C_Sign: 0x%lx", rv);
	leave(slot, end_sessions);
	return rv;
}

static CK_RV update(struct session *session, const CK_BYTE *part, CK_ULONG len)
{
	CK_RV rv = CKR_ARGUMENTS_BAD;

	if (session->operation != OPERATION_SIGN)
		return CKR_OPERATION_NOT_INITIALIZED;
	if (part || len == 0)
		rv = sign_add(&session->sign, part, len);
	session->sign.in_parts = true;
	if (rv != CKR_OK)
		session_end_operation(session);
	return rv;
}

/* C_SignUpdate (PKCS#11 5.11): for CKM_RSA_PKCS and CKM_RSA_PKCS_PSS too, whose
 * data NSS sends in parts. */
CK_RV inkan_C_SignUpdate(CK_SESSION_HANDLE handle, CK_BYTE *part, CK_ULONG len)
{
	struct session *session;
	CK_RV rv = session_enter(handle, false, &session);

	if (rv != CKR_OK)
		return rv;
	rv = update(session, part, len);
	session_leave(session);
	return rv;
}

static CK_RV sign_final(struct session *session, CK_BYTE *out, CK_ULONG *out_len, bool *end_sessions)
{
	if (session->operation != OPERATION_SIGN)
		return CKR_OPERATION_NOT_INITIALIZED;
	if (out_len)
		return finish(session, out, out_len, end_sessions);
	session_end_operation(session);
	return CKR_ARGUMENTS_BAD;
}

/* C_SignFinal (PKCS#11 5.11). */
CK_RV inkan_C_SignFinal(CK_SESSION_HANDLE handle, CK_BYTE *signature, CK_ULONG *signature_len)
{
	struct session *session;
	struct slot *slot;
	bool end_sessions = false;
	CK_RV rv = session_enter(handle, true, &session);

	if (rv != CKR_OK)
		return rv;
	slot = session->slot;
	rv = sign_final(session, signature, signature_len, &end_sessions);
	log_debug("C_SignFinal: 0x%lx", rv);
	leave(slot, end_sessions);
	return rv;
}
