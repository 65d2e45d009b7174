/* SPDX-License-Identifier: BSD-2-Clause */
/* PKCS#11 5.10, hashing: on the host, without the card. Programs hash themselves, but
 * Java uses a token for RSASSA-PSS, and so for TLS 1.3, only with hashes that the token
 * lists. */
#include "pkcs11/attr.h"
#include "pkcs11/functions.h"
#include "pkcs11/module.h"
#include "pkcs11/session.h"

/* C_DigestInit (PKCS#11 5.12): needs no login. Without a mechanism the hash under
 * way ends. */
CK_RV inkan_C_DigestInit(CK_SESSION_HANDLE handle, CK_MECHANISM *mechanism)
{
	struct digest *digest;
	struct call call;
	CK_RV rv = session_enter_init(&call, "C_DigestInit", handle, OPERATION_DIGEST, mechanism != NULL);

	if (rv != CKR_OK || !mechanism)
		return call_leave(&call, rv);
	digest = &call.session->digest;
	while (digest->hash < HASH_COUNT && hash_names[digest->hash].mechanism != mechanism->mechanism)
		digest->hash++;
	if (digest->hash == HASH_NONE)
		rv = CKR_MECHANISM_INVALID;
	else if (mechanism->ulParameterLen != 0)
		rv = CKR_MECHANISM_PARAM_INVALID;
	else if (!(digest->md = crypto_hash_begin(module.crypto, digest->hash)))
		rv = CKR_HOST_MEMORY;
	if (rv != CKR_OK)
		session_end_operation(call.session);
	return call_leave(&call, rv);
}

static CK_RV add(struct session *session, const CK_BYTE *data, CK_ULONG len)
{
	if (!data && len > 0)
		return CKR_ARGUMENTS_BAD;
	return EVP_DigestUpdate(session->digest.md, data, len) == 1 ? CKR_OK : CKR_FUNCTION_FAILED;
}

/* Returns the hash of one part or several. The operation ends, unless only
 * the length was asked for or the buffer was too small (PKCS#11 5.2). */
static CK_RV finish(struct session *session, CK_BYTE *out, CK_ULONG *out_len)
{
	CK_RV rv = CKR_ARGUMENTS_BAD;
	bool done;

	if (!out_len)
		goto out;
	rv = output_room(out, out_len, crypto_hash_len(session->digest.hash), &done);
	if (done)
		return rv;
	if (EVP_DigestFinal_ex(session->digest.md, out, NULL) != 1)
		rv = CKR_FUNCTION_FAILED;
out:
	session_end_operation(session);
	return rv;
}

/* C_Digest (PKCS#11 5.12): one part; after C_DigestUpdate it ends the hash with
 * CKR_OPERATION_ACTIVE. In a call for the length the data is not used: it comes
 * again. */
CK_RV inkan_C_Digest(CK_SESSION_HANDLE handle, CK_BYTE *data, CK_ULONG len, CK_BYTE *digest, CK_ULONG *digest_len)
{
	struct session *s;
	struct call call;
	CK_RV rv = session_enter_step(&call, "C_Digest", handle, OPERATION_DIGEST, STEP_WHOLE);

	if (rv != CKR_OK)
		return call_leave(&call, rv);
	s = call.session;
	if (digest && digest_len && *digest_len >= crypto_hash_len(s->digest.hash))
		rv = add(s, data, len);
	if (rv == CKR_OK)
		rv = finish(s, digest, digest_len);
	else
		session_end_operation(s);
	return call_leave(&call, rv);
}

/* C_DigestUpdate (PKCS#11 5.12). An error ends the hash. */
CK_RV inkan_C_DigestUpdate(CK_SESSION_HANDLE handle, CK_BYTE *part, CK_ULONG len)
{
	struct call call;
	CK_RV rv = session_enter_step(&call, "C_DigestUpdate", handle, OPERATION_DIGEST, STEP_UPDATE);

	if (rv != CKR_OK)
		return call_leave(&call, rv);
	rv = add(call.session, part, len);
	if (rv != CKR_OK)
		session_end_operation(call.session);
	return call_leave(&call, rv);
}

/* C_DigestFinal (PKCS#11 5.12). After a C_Digest that has only returned the length, it ends
 * the operation: the hash of no data would be mistaken for that of the data. */
CK_RV inkan_C_DigestFinal(CK_SESSION_HANDLE handle, CK_BYTE *digest, CK_ULONG *digest_len)
{
	struct call call;
	CK_RV rv = session_enter_step(&call, "C_DigestFinal", handle, OPERATION_DIGEST, STEP_FINAL);

	if (rv == CKR_OK)
		rv = finish(call.session, digest, digest_len);
	return call_leave(&call, rv);
}
