/* SPDX-License-Identifier: BSD-2-Clause */
/* PKCS#11 5.13 (3.0; 5.11 before), signing. */
#include <string.h>
#include "pkcs11/attr.h"
#include "pkcs11/ckr.h"
#include "pkcs11/functions.h"
#include "pkcs11/session.h"
#include "pkcs11/token.h"

/* The key of the previous card ends every session: NSS may open a session and
 * log in without noticing the change of card, and searches for objects again
 * only after its sessions have ended. */
static CK_RV check_key(struct slot *slot, CK_OBJECT_HANDLE handle)
{
	const struct object *o;
	bool is_key;

	module_lock();
	o = object_find(slot->token, handle, true);
	is_key = o && o->kind == OBJECT_PRIVATE_KEY && slot->token->cert;
	if (!is_key && handle >= slot->before && handle - slot->before < slot->n_before)
		sessions_close(slot);
	module_unlock();
	return is_key ? CKR_OK : CKR_KEY_HANDLE_INVALID;
}

/* C_SignInit (PKCS#11 5.13): does not need consent and does not use it. Without a mechanism
 * the signature under way ends. */
CK_RV inkan_C_SignInit(CK_SESSION_HANDLE handle, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
	const struct token *token;
	struct session *s;
	struct call call;
	CK_RV rv = session_enter_init(&call, "C_SignInit", handle, OPERATION_SIGN, mechanism != NULL);

	if (rv != CKR_OK || !mechanism)
		return call_leave(&call, rv);
	s = call.session;
	token = call.slot->token;
	rv = call.slot->logged_in ? check_key(call.slot, key) : CKR_USER_NOT_LOGGED_IN;
	if (rv == CKR_OK)
		rv = sign_begin(&s->sign, module.crypto, token->card->profile, token_offers_pss(token), mechanism,
		                &token->cert->key);
	if (rv != CKR_OK)
		session_end_operation(s);
	return call_leave(&call, rv);
}

/* Ends the login if the error says so, and returns the CKR value. When a card turns out not to
 * support RSASSA-PSS, that is withdrawn and every session ends, which makes
 * NSS read the list of mechanisms again. */
static CK_RV after_failure(struct session *session, enum error e)
{
	struct slot *slot = session->slot;
	bool pss_failed = session->sign.params.scheme == SCHEME_PSS && module.conf.pss == PSS_AUTO &&
	                  (e == E_UNSUPPORTED || e == E_REFUSED || e == E_SIGNATURE);
	bool over = ends_login(e) || e == E_PIN_WRONG;
	CK_RV rv = ckr_of_session(e);

	if (over)
		slots_refresh(false); /* was the card removed, or did only the link break? */
	module_lock();
	if (pss_failed) {
		token_withdraw_pss(slot->token);
		sessions_close(slot);
	}
	if (over)
		slot_end_login(slot);
	if (slot->token->gone)
		rv = CKR_DEVICE_REMOVED;
	else if (rv == CKR_DEVICE_REMOVED)
		rv = CKR_DEVICE_ERROR;
	else if (e == E_PIN_WRONG || e == E_PIN_LOCKED)
		rv = CKR_USER_NOT_LOGGED_IN;
	token_info(slot->token, &slot->info);
	module_unlock();
	return rv;
}

/* Makes the signature, of one part or several, with the PIN stored at the
 * login or, where the key needs consent, the one given in this session for it.
 * The operation ends, unless only the length was asked for or the buffer was
 * too small (PKCS#11 5.2). */
static CK_RV finish(struct session *session, CK_BYTE *out, CK_ULONG *out_len)
{
	const struct scheme_params *params = &session->sign.params;
	struct token *token = session->slot->token;
	struct secret *stored = token->card->key.user_consent ? session->consent : token->pin;
	struct bytes pin;
	struct encoded in = {0};
	uint8_t signature[SIGNATURE_MAX];
	size_t len = sizeof signature;
	bool done;
	enum error e = E_OK;
	CK_RV rv = CKR_ARGUMENTS_BAD;

	if (!out_len)
		goto out;
	rv = output_room(out, out_len, params->signature_len, &done);
	if (done)
		return rv;
	rv = stored && session->slot->logged_in ? sign_end(&session->sign, module.crypto, &in) : CKR_USER_NOT_LOGGED_IN;
	if (rv == CKR_OK) {
		pin.data = secret_bytes(stored, &pin.len);
		e = card_sign(token->card, pin, params, &in, signature, &len);
		if (e == E_OK)
			e = scheme_check(module.crypto, params, &token->cert->key, &in, (struct bytes){signature, len});
		secret_free(&session->consent);
	}
	mem_wipe(&in, sizeof in);
	if (rv == CKR_OK && e != E_OK)
		rv = after_failure(session, e);
	if (rv == CKR_OK && out) {
		memcpy(out, signature, len);
		*out_len = len;
	}
out:
	session_end_operation(session);
	return rv;
}

/* C_Sign (PKCS#11 5.13): one part; after C_SignUpdate it ends the signature with
 * CKR_OPERATION_ACTIVE. In a call for the length the data is not
 * used: it comes again. Every signature is checked against the certificate's key
 * before it is returned. */
CK_RV inkan_C_Sign(CK_SESSION_HANDLE handle, CK_BYTE *data, CK_ULONG len, CK_BYTE *signature, CK_ULONG *signature_len)
{
	struct session *s;
	struct call call;
	CK_RV rv = session_enter_step(&call, "C_Sign", handle, OPERATION_SIGN, STEP_WHOLE);

	if (rv != CKR_OK)
		return call_leave(&call, rv);
	s = call.session;
	if (signature && signature_len && *signature_len >= s->sign.params.signature_len)
		rv = data || len == 0 ? sign_add(&s->sign, data, len) : CKR_ARGUMENTS_BAD;
	if (rv == CKR_OK)
		rv = finish(s, signature, signature_len);
	else
		session_end_operation(s);
	return call_leave(&call, rv);
}

/* C_SignUpdate (PKCS#11 5.13): for CKM_RSA_PKCS and CKM_RSA_PKCS_PSS too, whose
 * data NSS passes in parts. An error ends the signature. */
CK_RV inkan_C_SignUpdate(CK_SESSION_HANDLE handle, CK_BYTE *part, CK_ULONG len)
{
	struct call call;
	CK_RV rv = session_enter_step(&call, "C_SignUpdate", handle, OPERATION_SIGN, STEP_UPDATE);

	if (rv != CKR_OK)
		return call_leave(&call, rv);
	rv = part || len == 0 ? sign_add(&call.session->sign, part, len) : CKR_ARGUMENTS_BAD;
	if (rv != CKR_OK)
		session_end_operation(call.session);
	return call_leave(&call, rv);
}

/* C_SignFinal (PKCS#11 5.13): of a signature in several parts, or of no data at all.
 * After C_Sign has been asked for the length it does not sign the empty message
 * but ends the operation. */
CK_RV inkan_C_SignFinal(CK_SESSION_HANDLE handle, CK_BYTE *signature, CK_ULONG *signature_len)
{
	struct call call;
	CK_RV rv = session_enter_step(&call, "C_SignFinal", handle, OPERATION_SIGN, STEP_FINAL);

	if (rv == CKR_OK)
		rv = finish(call.session, signature, signature_len);
	return call_leave(&call, rv);
}
