/* SPDX-License-Identifier: BSD-2-Clause */
/* PKCS#11 5.10, hashing: on the host, without a look at the card. */
#include "pkcs11/attr.h"
#include "pkcs11/digest.h"
#include "pkcs11/functions.h"
#include "pkcs11/module.h"
#include "pkcs11/session.h"

void digest_list(CK_MECHANISM_TYPE *list, CK_ULONG *n)
{
	if (personality.conventions->rsa_pkcs_only)
		return;
	for (size_t h = 0; h < HASH_COUNT; h++) {
		if (list)
			list[*n] = hash_names[h].mechanism;
		++*n;
	}
}

static bool find_hash(CK_MECHANISM_TYPE type, enum hash *hash)
{
	for (size_t h = 0; h < HASH_COUNT; h++) {
		if (hash_names[h].mechanism != type)
			continue;
		*hash = (enum hash)h;
		return !personality.conventions->rsa_pkcs_only;
	}
	return false;
}

bool digest_offered(CK_MECHANISM_TYPE type)
{
	enum hash hash;

	return find_hash(type, &hash);
}

void digest_clear(struct digest *digest)
{
	crypto_hash_free(&digest->md);
	*digest = (struct digest){0};
}

static CK_RV begin(struct session *session, const CK_MECHANISM *mechanism)
{
	struct digest *digest = &session->digest;

	if (session->operation != OPERATION_NONE)
		return CKR_OPERATION_ACTIVE;
	if (!find_hash(mechanism->mechanism, &digest->hash))
		return CKR_MECHANISM_INVALID;
	if (mechanism->ulParameterLen != 0)
		return CKR_MECHANISM_PARAM_INVALID;
	digest->md = crypto_hash_begin(module.crypto, digest->hash);
	if (!digest->md)
		return CKR_HOST_MEMORY;
	session->operation = OPERATION_DIGEST;
	return CKR_OK;
}

/* C_DigestInit (PKCS#11 5.10): needs no login. Without a mechanism the hash under
 * way ends (3.0, 5.10.1). */
CK_RV inkan_C_DigestInit(CK_SESSION_HANDLE handle, CK_MECHANISM *mechanism)
{
	struct session *session;
	CK_RV rv = session_enter(handle, false, &session);

	if (rv != CKR_OK)
		return rv;
	if (mechanism)
		rv = begin(session, mechanism);
	else if (session->operation == OPERATION_DIGEST)
		session_end_operation(session);
	else
		rv = CKR_ARGUMENTS_BAD;
	session_leave(session);
	return rv;
}

static CK_RV add(struct session *session, const CK_BYTE *data, CK_ULONG len)
{
	if (!data && len > 0)
		return CKR_ARGUMENTS_BAD;
	return EVP_DigestUpdate(session->digest.md, data, len) == 1 ? CKR_OK : CKR_FUNCTION_FAILED;
}

/* The end of a hash, of C_Digest with its data, and of the operation: whatever comes of
 * it, unless only the length was asked for or the buffer was too small (PKCS#11 5.2,
 * 5.10). Data that came with such a call is not added: it comes again. */
static CK_RV finish(struct session *session, const CK_BYTE *data, CK_ULONG len, CK_BYTE *out, CK_ULONG *out_len)
{
	CK_RV rv = CKR_ARGUMENTS_BAD;
	bool asked = false;

	if (out_len)
		rv = output_room(out, out_len, crypto_hash_len(session->digest.hash), &asked);
	if (asked)
		return rv;
	if (rv == CKR_OK)
		rv = add(session, data, len);
	if (rv == CKR_OK && EVP_DigestFinal_ex(session->digest.md, out, NULL) != 1)
		rv = CKR_FUNCTION_FAILED;
	session_end_operation(session);
	return rv;
}

/* C_Digest (PKCS#11 5.10): "cannot be used to terminate a multi-part operation", and
 * "always terminates the active digest operation" all the same. */
CK_RV inkan_C_Digest(CK_SESSION_HANDLE handle, CK_BYTE *data, CK_ULONG len, CK_BYTE *digest, CK_ULONG *digest_len)
{
	struct session *session;
	CK_RV rv = session_enter(handle, false, &session);

	if (rv != CKR_OK)
		return rv;
	if (session->operation != OPERATION_DIGEST) {
		rv = CKR_OPERATION_NOT_INITIALIZED;
	} else if (session->digest.in_parts) {
		session_end_operation(session);
		rv = CKR_OPERATION_ACTIVE;
	} else {
		session->digest.asked = true;
		rv = finish(session, data, len, digest, digest_len);
	}
	session_leave(session);
	return rv;
}

/* C_DigestUpdate (PKCS#11 5.10). */
CK_RV inkan_C_DigestUpdate(CK_SESSION_HANDLE handle, CK_BYTE *part, CK_ULONG len)
{
	struct session *session;
	CK_RV rv = session_enter(handle, false, &session);

	if (rv != CKR_OK)
		return rv;
	if (session->operation != OPERATION_DIGEST) {
		rv = CKR_OPERATION_NOT_INITIALIZED;
	} else {
		session->digest.in_parts = true;
		rv = add(session, part, len);
		if (rv != CKR_OK)
			session_end_operation(session);
	}
	session_leave(session);
	return rv;
}

/* C_DigestFinal (PKCS#11 5.10). After a C_Digest that has only told the length, the hash
 * of nothing would be taken for that of the data. */
CK_RV inkan_C_DigestFinal(CK_SESSION_HANDLE handle, CK_BYTE *digest, CK_ULONG *digest_len)
{
	struct session *session;
	CK_RV rv = session_enter(handle, false, &session);

	if (rv != CKR_OK)
		return rv;
	if (session->operation != OPERATION_DIGEST) {
		rv = CKR_OPERATION_NOT_INITIALIZED;
	} else if (session->digest.asked && !session->digest.in_parts) {
		session_end_operation(session);
		rv = CKR_OPERATION_ACTIVE;
	} else {
		rv = finish(session, NULL, 0, digest, digest_len);
	}
	session_leave(session);
	return rv;
}
