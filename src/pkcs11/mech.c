/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>
#include "base/mem.h"
#include "pkcs11/mech.h"
#include "pkcs11/personality.h"

static const struct mech {
	CK_MECHANISM_TYPE type;
	enum scheme scheme;
	enum hash hash; /* HASH_NONE: the application has hashed already */
} mechs[] = {
	{CKM_RSA_PKCS, SCHEME_PKCS1, HASH_NONE},
	{CKM_SHA1_RSA_PKCS, SCHEME_PKCS1, HASH_SHA1},
	{CKM_SHA224_RSA_PKCS, SCHEME_PKCS1, HASH_SHA224},
	{CKM_SHA256_RSA_PKCS, SCHEME_PKCS1, HASH_SHA256},
	{CKM_SHA384_RSA_PKCS, SCHEME_PKCS1, HASH_SHA384},
	{CKM_SHA512_RSA_PKCS, SCHEME_PKCS1, HASH_SHA512},
	{CKM_RSA_PKCS_PSS, SCHEME_PSS, HASH_NONE},
	{CKM_SHA1_RSA_PKCS_PSS, SCHEME_PSS, HASH_SHA1},
	{CKM_SHA224_RSA_PKCS_PSS, SCHEME_PSS, HASH_SHA224},
	{CKM_SHA256_RSA_PKCS_PSS, SCHEME_PSS, HASH_SHA256},
	{CKM_SHA384_RSA_PKCS_PSS, SCHEME_PSS, HASH_SHA384},
	{CKM_SHA512_RSA_PKCS_PSS, SCHEME_PSS, HASH_SHA512},
};

#define N_MECHS (sizeof mechs / sizeof *mechs)

const struct hash_names hash_names[HASH_COUNT] = {
	[HASH_SHA1] = {CKM_SHA_1, CKG_MGF1_SHA1},      [HASH_SHA224] = {CKM_SHA224, CKG_MGF1_SHA224},
	[HASH_SHA256] = {CKM_SHA256, CKG_MGF1_SHA256}, [HASH_SHA384] = {CKM_SHA384, CKG_MGF1_SHA384},
	[HASH_SHA512] = {CKM_SHA512, CKG_MGF1_SHA512},
};

static const struct key_names {
	CK_KEY_TYPE type;
	CK_ATTRIBUTE_TYPE parts[2], bits; /* the size is an attribute of the public key alone */
} key_names[] = {
	[KEY_RSA] = {CKK_RSA, {CKA_MODULUS, CKA_PUBLIC_EXPONENT}, CKA_MODULUS_BITS},
};

/* A method with the padded block supports every mechanism of its scheme; one with the
 * bare hash only hashes of its length. */
static bool offered(const struct profile *profile, bool pss, bool hashing, const struct mech *m)
{
	if ((m->scheme == SCHEME_PSS && !pss) || (m->hash != HASH_NONE && !hashing) ||
	    (personality.conventions->rsa_pkcs_only && m->type != CKM_RSA_PKCS))
		return false;
	for (size_t i = 0; i < profile->n_methods; i++) {
		const struct sign_method *method = &profile->methods[i];

		if (method->scheme == m->scheme && (method->input != INPUT_HASH || m->hash == HASH_NONE ||
		                                    method->input_len == crypto_hash_len(m->hash)))
			return true;
	}
	return false;
}

_Static_assert(N_MECHS + HASH_COUNT <= MECHS_MAX, "room for all mechanisms");

CK_ULONG mech_list(const struct profile *profile, bool pss, bool hashing, CK_MECHANISM_TYPE list[MECHS_MAX])
{
	CK_ULONG n = 0;

	for (size_t i = 0; i < N_MECHS; i++)
		if (offered(profile, pss, hashing, &mechs[i]))
			list[n++] = mechs[i].type;
	return n;
}

/* The card must support these parameters: a method with the padded block supports all, one
 * whose card pads only its own salt length, and MGF1 with the same hash. */
static bool card_can(const struct profile *profile, const struct scheme_params *pss)
{
	for (size_t i = 0; i < profile->n_methods; i++) {
		const struct sign_method *method = &profile->methods[i];

		if (method->scheme == SCHEME_PSS &&
		    (method->input == INPUT_BLOCK || (pss->hash == pss->mgf1 && pss->salt_len == method->salt_len &&
		                                      crypto_hash_len(pss->hash) == method->input_len)))
			return true;
	}
	return false;
}

/* hash and mgf1 become HASH_COUNT when the name is not in the table. */
static CK_RV read_pss(struct scheme_params *p, const struct profile *profile, const CK_MECHANISM *mechanism)
{
	CK_RSA_PKCS_PSS_PARAMS params;
	enum hash hash = 0, mgf1 = 0;

	if (!mechanism->pParameter || mechanism->ulParameterLen != sizeof params)
		return CKR_MECHANISM_PARAM_INVALID;
	memcpy(&params, mechanism->pParameter, sizeof params);
	while (hash < HASH_COUNT && hash_names[hash].mechanism != params.hashAlg)
		hash++;
	while (mgf1 < HASH_COUNT && hash_names[mgf1].mgf1 != params.mgf)
		mgf1++;
	if (hash == HASH_COUNT || mgf1 == HASH_COUNT || params.sLen > SIGNATURE_MAX ||
	    (p->hash != HASH_NONE && p->hash != hash))
		return CKR_MECHANISM_PARAM_INVALID;
	*p = (struct scheme_params){SCHEME_PSS, hash, mgf1, (unsigned)params.sLen, 0, 0};
	return card_can(profile, p) ? CKR_OK : CKR_MECHANISM_PARAM_INVALID;
}

CK_RV sign_begin(struct sign *sign, const struct crypto *crypto, const struct profile *profile, bool pss,
                 const CK_MECHANISM *mechanism, const struct key *key)
{
	const struct mech *m = mechs;
	enum error e;
	CK_RV rv;

	*sign = (struct sign){0};
	while (m < mechs + N_MECHS && m->type != mechanism->mechanism)
		m++;
	if (m == mechs + N_MECHS || !offered(profile, pss, true, m))
		return CKR_MECHANISM_INVALID;
	if (scheme_key_kind(m->scheme) != key->kind)
		return CKR_KEY_TYPE_INCONSISTENT;
	sign->params = (struct scheme_params){.scheme = m->scheme, .hash = m->hash, .mgf1 = m->hash};
	if (m->scheme == SCHEME_PSS)
		rv = read_pss(&sign->params, profile, mechanism);
	else
		rv = mechanism->ulParameterLen == 0 ? CKR_OK : CKR_MECHANISM_PARAM_INVALID;
	if (rv != CKR_OK)
		return rv;
	e = scheme_begin(&sign->params, key);
	if (e != E_OK)
		return e == E_UNSUPPORTED ? CKR_KEY_SIZE_RANGE : CKR_MECHANISM_PARAM_INVALID;
	if (m->hash == HASH_NONE)
		return CKR_OK;
	sign->md = crypto_hash_begin(crypto, m->hash);
	return sign->md ? CKR_OK : CKR_HOST_MEMORY;
}

CK_RV sign_add(struct sign *sign, const void *data, size_t len)
{
	if (len == 0)
		return CKR_OK;
	if (sign->md)
		return EVP_DigestUpdate(sign->md, data, len) == 1 ? CKR_OK : CKR_FUNCTION_FAILED;
	if (len > sign->params.input_max - sign->len)
		return CKR_DATA_LEN_RANGE;
	memcpy(sign->data + sign->len, data, len);
	sign->len += len;
	return CKR_OK;
}

CK_RV sign_end(struct sign *sign, const struct crypto *crypto, struct encoded *out)
{
	unsigned len = 0;
	enum error e;

	if (sign->md) {
		if (EVP_DigestFinal_ex(sign->md, sign->data, &len) != 1)
			return CKR_FUNCTION_FAILED;
		sign->len = len;
	}
	e = scheme_prepare(crypto, &sign->params, (struct bytes){sign->data, sign->len}, out);
	if (e == E_ARGUMENT)
		return CKR_DATA_LEN_RANGE;
	return e == E_OK ? CKR_OK : CKR_FUNCTION_FAILED;
}

void sign_clear(struct sign *sign)
{
	crypto_hash_free(&sign->md);
	mem_wipe(sign, sizeof *sign);
}

CK_KEY_TYPE mech_key_type(const struct profile *profile)
{
	return key_names[scheme_key_kind(profile->methods[0].scheme)].type;
}

void mech_add_key(struct attrs *a, const struct key *key, bool public)
{
	const struct key_names *names = &key_names[key->kind];

	attrs_add_bytes(a, names->parts[0], key->parts[0]);
	attrs_add_bytes(a, names->parts[1], key->parts[1]);
	if (public)
		attrs_add_ulong(a, names->bits, key->bits);
}
