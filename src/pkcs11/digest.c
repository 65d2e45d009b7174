/* SPDX-License-Identifier: BSD-2-Clause */
/* PKCS#11 5.10, hashing: on the host, without a look at the card. */
#include "pkcs11/attr.h"
#include "pkcs11/digest.h"
#include "pkcs11/functions.h"
#include "pkcs11/module.h"
#include "pkcs11/session.h"

static const CK_MECHANISM_TYPE types[HASH_COUNT] = {
	[HASH_SHA1] = CKM_SHA_1,     [HASH_SHA224] = CKM_SHA224, [HASH_SHA256] = CKM_SHA256,
	[HASH_SHA384] = CKM_SHA384, [HASH_SHA512] = CKM_SHA512,
};

void digest_list(CK_MECHANISM_TYPE *list, CK_ULONG *n)
{
	if (personality.conventions->rsa_pkcs_only)
		return;
	for (size_t h = 0; h < HASH_COUNT; h++) {
		if (list)
			list[*n] = types[h];
		++*n;
	}
}

static bool find_hash(CK_MECHANISM_TYPE type, enum hash *hash)
{
	for (size_t h = 0; h < HASH_COUNT; h++) {
		if (types[h] != type)
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
	if (digest->md && crypto_alive())
		EVP_MD_CTX_free(digest->md);
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
	digest->md = EVP_MD_CTX_new();
	if (!digest->md || EVP_DigestInit_ex2(digest->md, module.crypto->md[digest->hash], NULL) != 1) {
		digest_clear(digest);
		return CKR_HOST_MEMORY;
	}
	session->operation = OPERATION_DIGEST;
	return CKR_OK;
}

/* Without a mechanism: the hash under way ends (PKCS#11 3.0, 5.10.1). */
static CK_RV cancel(struct session *session)
{
	if (session->operation != OPERATION_DIGEST)
		return CKR_ARGUMENTS_BAD;
	session_end_operation(session);
	return CKR_OK;
}

/* C_DigestInit (PKCS#11 5.10): needs no login. */
CK_RV inkan_C_DigestInit(CK_SESSION_HANDLE handle, CK_MECHANISM *mechanism)
{
	struct session *session;
	CK_RV rv = session_enter(handle, false, &session);

	if (rv != CKR_OK)
		return rv;
	rv = mechanism ? begin(session, mechanism) : cancel(session);
	session_leave(session);
	return rv;
}

static CK_RV add(struct session *session, const CK_BYTE *data, CK_ULONG len)
{
	if (!data && len > 0)
		return CKR_ARGUMENTS_BAD;
	return EVP_DigestUpdate(session->digest.md, data, len) == 1 ? CKR_OK : CKR_FUNCTION_FAILED;
}

/* The end of a hash, in one part or several. The operation ends, too, unless only
 * the length was asked for or the buffer was too small (PKCS#11 5.2). */
static CK_RV finish(struct session *session, CK_BYTE *out, CK_ULONG *out_len)
{
	bool done;
	CK_RV rv = output_room(out, out_len, crypto_hash_len(session->digest.hash), &done);

	if (done)
		return rv;
	if (EVP_DigestFinal_ex(session->digest.md, out, NULL) != 1)
		rv = CKR_FUNCTION_FAILED;
	session_end_operation(session);
	return rv;
}

/* Data that comes with a question for the length is not added: it comes again. */
static CK_RV one_part(struct session *session, const CK_BYTE *data, CK_ULONG len, CK_BYTE *out, CK_ULONG *out_len)
{
	CK_RV rv = CKR_ARGUMENTS_BAD;

	if (session->operation != OPERATION_DIGEST)
		return CKR_OPERATION_NOT_INITIALIZED;
	if (session->digest.in_parts)
		return CKR_OPERATION_ACTIVE;
	if (out_len && (!out || *out_len < crypto_hash_len(session->digest.hash)))
		return finish(session, out, out_len);
	if (out_len)
		rv = add(session, data, len);
	if (rv == CKR_OK)
		return finish(session, out, out_len);
	session_end_operation(session);
	return rv;
}

/* C_Digest (PKCS#11 5.10). */
CK_RV inkan_C_Digest(CK_SESSION_HANDLE handle, CK_BYTE *data, CK_ULONG len, CK_BYTE *digest, CK_ULONG *digest_len)
{
	struct session *session;
	CK_RV rv = session_enter(handle, false, &session);

	if (rv != CKR_OK)
		return rv;
	rv = one_part(session, data, len, digest, digest_len);
	session_leave(session);
	return rv;
}

static CK_RV update(struct session *session, const CK_BYTE *part, CK_ULONG len)
{
	CK_RV rv;

	if (session->operation != OPERATION_DIGEST)
		return CKR_OPERATION_NOT_INITIALIZED;
	session->digest.in_parts = true;
	rv = add(session, part, len);
	if (rv != CKR_OK)
		session_end_operation(session);
	return rv;
}

/* C_DigestUpdate (PKCS#11 5.10). */
CK_RV inkan_C_DigestUpdate(CK_SESSION_HANDLE handle, CK_BYTE *part, CK_ULONG len)
{
	struct session *session;
	CK_RV rv = session_enter(handle, false, &session);

	if (rv != CKR_OK)
		return rv;
	rv = update(session, part, len);
	session_leave(session);
	return rv;
}

static CK_RV digest_final(struct session *session, CK_BYTE *out, CK_ULONG *out_len)
{
	if (session->operation != OPERATION_DIGEST)
		return CKR_OPERATION_NOT_INITIALIZED;
	if (out_len)
		return finish(session, out, out_len);
	session_end_operation(session);
	return CKR_ARGUMENTS_BAD;
}

/* C_DigestFinal (PKCS#11 5.10). */
CK_RV inkan_C_DigestFinal(CK_SESSION_HANDLE handle, CK_BYTE *digest, CK_ULONG *digest_len)
{
	struct session *session;
	CK_RV rv = session_enter(handle, false, &session);

	if (rv != CKR_OK)
		return rv;
	rv = digest_final(session, digest, digest_len);
	session_leave(session);
	return rv;
}
