/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>
#include "base/mem.h"
#include "pkcs11/ckr.h"
#include "pkcs11/mech.h"
#include "pkcs11/personality.h"

static const struct mech mechs[] = {
	{CKM_RSA_PKCS, SCHEME_PKCS1, false, 0},
	{CKM_SHA1_RSA_PKCS, SCHEME_PKCS1, true, HASH_SHA1},
	{CKM_SHA224_RSA_PKCS, SCHEME_PKCS1, true, HASH_SHA224},
	{CKM_SHA256_RSA_PKCS, SCHEME_PKCS1, true, HASH_SHA256},
	{CKM_SHA384_RSA_PKCS, SCHEME_PKCS1, true, HASH_SHA384},
	{CKM_SHA512_RSA_PKCS, SCHEME_PKCS1, true, HASH_SHA512},
	{CKM_RSA_PKCS_PSS, SCHEME_PSS, false, 0},
	{CKM_SHA1_RSA_PKCS_PSS, SCHEME_PSS, true, HASH_SHA1},
	{CKM_SHA224_RSA_PKCS_PSS, SCHEME_PSS, true, HASH_SHA224},
	{CKM_SHA256_RSA_PKCS_PSS, SCHEME_PSS, true, HASH_SHA256},
	{CKM_SHA384_RSA_PKCS_PSS, SCHEME_PSS, true, HASH_SHA384},
	{CKM_SHA512_RSA_PKCS_PSS, SCHEME_PSS, true, HASH_SHA512},
};

#define N_MECHS (sizeof mechs / sizeof *mechs)

/* Names of one hash in PKCS#11, and its DigestInfo up to the hash (RFC 8017 9.2). */
static const struct hash_names {
	CK_MECHANISM_TYPE mechanism;
	CK_RSA_PKCS_MGF_TYPE mgf1;
	uint8_t prefix_len;
	uint8_t prefix[19];
} hashes[HASH_COUNT] = {
	[HASH_SHA1] = {CKM_SHA_1, CKG_MGF1_SHA1, 15,
	               {0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2B, 0x0E, 0x03, 0x02, 0x1A, 0x05, 0x00, 0x04, 0x14}},
	[HASH_SHA224] = {CKM_SHA224, CKG_MGF1_SHA224, 19,
	                 {0x30, 0x2D, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x04,
	                  0x05, 0x00, 0x04, 0x1C}},
	[HASH_SHA256] = {CKM_SHA256, CKG_MGF1_SHA256, 19,
	                 {0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01,
	                  0x05, 0x00, 0x04, 0x20}},
	[HASH_SHA384] = {CKM_SHA384, CKG_MGF1_SHA384, 19,
	                 {0x30, 0x41, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02,
	                  0x05, 0x00, 0x04, 0x30}},
	[HASH_SHA512] = {CKM_SHA512, CKG_MGF1_SHA512, 19,
	                 {0x30, 0x51, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03,
	                  0x05, 0x00, 0x04, 0x40}},
};

/* A way that takes a padded block can do everything of its scheme; one to whose
 * card the bare hash is given can do hashes of its length alone. */
static bool way_fits(const struct sign_way *way, const struct mech *m)
{
	if (way->scheme != m->scheme)
		return false;
	return way->input != INPUT_HASH || !m->hashes || crypto_hash_len(m->hash) == way->input_len;
}

static bool offered(const struct profile *profile, bool pss, const struct mech *m)
{
	if (m->scheme == SCHEME_PSS && !pss)
		return false;
	if (personality.conventions->rsa_pkcs_only && m->type != CKM_RSA_PKCS)
		return false;
	for (size_t i = 0; i < profile->n_ways; i++)
		if (way_fits(&profile->ways[i], m))
			return true;
	return false;
}

void mech_list(const struct profile *profile, bool pss, bool hashing, CK_MECHANISM_TYPE *list, CK_ULONG *count)
{
	CK_ULONG n = 0;

	for (size_t i = 0; i < N_MECHS; i++) {
		if (!offered(profile, pss, &mechs[i]) || (mechs[i].hashes && !hashing))
			continue;
		if (n < *count)
			list[n] = mechs[i].type;
		n++;
	}
	*count = n;
}

static const struct mech *find_mech(CK_MECHANISM_TYPE type)
{
	for (size_t i = 0; i < N_MECHS; i++)
		if (mechs[i].type == type)
			return &mechs[i];
	return NULL;
}

bool mech_offered(const struct profile *profile, bool pss, bool hashing, CK_MECHANISM_TYPE type)
{
	const struct mech *m = find_mech(type);

	return m && offered(profile, pss, m) && (hashing || !m->hashes);
}

/* The card must be able to do these parameters: all, where the block is padded
 * here; its own salt and MGF1 with the same hash, where the card pads. */
static bool card_can(const struct profile *profile, const struct pss *pss)
{
	for (size_t i = 0; i < profile->n_ways; i++) {
		const struct sign_way *way = &profile->ways[i];

		if (way->scheme != SCHEME_PSS)
			continue;
		if (way->input == INPUT_BLOCK)
			return true;
		if (pss->hash == pss->mgf1 && pss->salt_len == way->salt_len &&
		    crypto_hash_len(pss->hash) == way->input_len)
			return true;
	}
	return false;
}

static bool read_pss(const CK_RSA_PKCS_PSS_PARAMS *params, size_t modulus_len, struct pss *pss)
{
	bool hash = false, mgf1 = false;

	for (size_t h = 0; h < HASH_COUNT; h++) {
		if (hashes[h].mechanism == params->hashAlg) {
			pss->hash = (enum hash)h;
			hash = true;
		}
		if (hashes[h].mgf1 == params->mgf) {
			pss->mgf1 = (enum hash)h;
			mgf1 = true;
		}
	}
	if (!hash || !mgf1 || params->sLen > modulus_len)
		return false;
	pss->salt_len = (unsigned)params->sLen;
	return crypto_hash_len(pss->hash) + pss->salt_len + 2 <= modulus_len;
}

static CK_RV take_parameters(struct sign *sign, const struct profile *profile, const CK_MECHANISM *mechanism)
{
	CK_RSA_PKCS_PSS_PARAMS params;

	if (sign->mech->scheme == SCHEME_PKCS1)
		return mechanism->ulParameterLen == 0 ? CKR_OK : CKR_MECHANISM_PARAM_INVALID;
	if (!mechanism->pParameter || mechanism->ulParameterLen != sizeof params)
		return CKR_MECHANISM_PARAM_INVALID;
	memcpy(&params, mechanism->pParameter, sizeof params);
	if (!read_pss(&params, sign->modulus_len, &sign->pss) || !card_can(profile, &sign->pss))
		return CKR_MECHANISM_PARAM_INVALID;
	if (sign->mech->hashes && sign->mech->hash != sign->pss.hash)
		return CKR_MECHANISM_PARAM_INVALID;
	return CKR_OK;
}

CK_RV sign_begin(struct sign *sign, const struct crypto *crypto, const struct profile *profile, bool pss,
                 const CK_MECHANISM *mechanism, size_t modulus_len)
{
	CK_RV rv;

	*sign = (struct sign){.mech = find_mech(mechanism->mechanism), .modulus_len = modulus_len};
	if (!sign->mech || !offered(profile, pss, sign->mech))
		return CKR_MECHANISM_INVALID;
	if (modulus_len < 128 || modulus_len > MODULUS_MAX)
		return CKR_KEY_SIZE_RANGE;
	rv = take_parameters(sign, profile, mechanism);
	if (rv != CKR_OK || !sign->mech->hashes)
		return rv;
	sign->md = EVP_MD_CTX_new();
	if (!sign->md || EVP_DigestInit_ex2(sign->md, crypto->md[sign->mech->hash], NULL) != 1) {
		sign_clear(sign);
		return CKR_HOST_MEMORY;
	}
	return CKR_OK;
}

static size_t longest_input(const struct sign *sign)
{
	if (sign->mech->scheme == SCHEME_PSS)
		return crypto_hash_len(sign->pss.hash);
	return sign->modulus_len - 11; /* RFC 8017 8.2.1: eight FF at the least */
}

CK_RV sign_add(struct sign *sign, const void *data, size_t len)
{
	if (len == 0)
		return CKR_OK;
	if (sign->md)
		return EVP_DigestUpdate(sign->md, data, len) == 1 ? CKR_OK : CKR_FUNCTION_FAILED;
	if (len > longest_input(sign) - sign->len)
		return CKR_DATA_LEN_RANGE;
	memcpy(sign->data + sign->len, data, len);
	sign->len += len;
	return CKR_OK;
}

/* 00 01 FF … FF 00 message */
static void pad_pkcs1(const struct prepared *p, uint8_t *block, size_t len)
{
	memset(block, 0xFF, len);
	block[0] = 0x00;
	block[1] = 0x01;
	block[len - p->message_len - 1] = 0x00;
	memcpy(block + len - p->message_len, p->message, p->message_len);
}

static CK_RV prepare_pkcs1(struct sign *sign, struct prepared *p)
{
	const struct hash_names *h = &hashes[sign->mech->hash];

	if (sign->len == 0)
		return CKR_DATA_LEN_RANGE; /* JPKI cannot, and libcrypto takes no such signature */
	if (sign->mech->hashes) {
		memcpy(p->message, h->prefix, h->prefix_len);
		memcpy(p->message + h->prefix_len, sign->data, sign->len);
		p->message_len = h->prefix_len + sign->len;
	} else {
		memcpy(p->message, sign->data, sign->len);
		p->message_len = sign->len;
	}
	pad_pkcs1(p, p->block, sign->modulus_len);
	p->in.message = (struct bytes){p->message, p->message_len};
	return CKR_OK;
}

static CK_RV prepare_pss(struct sign *sign, const struct crypto *crypto, struct prepared *p)
{
	const struct pss *pss = &sign->pss;
	struct bytes hash = {p->hash, sign->len};

	if (sign->len != crypto_hash_len(pss->hash))
		return CKR_DATA_LEN_RANGE;
	memcpy(p->hash, sign->data, sign->len);
	p->hash_len = sign->len;
	if (pss->hash == pss->mgf1)
		p->in.hash = hash;
	p->in.salt_len = pss->salt_len;
	return pss_encode(crypto, pss, hash, p->block, sign->modulus_len) == E_OK ? CKR_OK : CKR_FUNCTION_FAILED;
}

CK_RV mech_prepare(struct sign *sign, const struct crypto *crypto, struct prepared *out)
{
	unsigned len = 0;

	*out = (struct prepared){.in.scheme = sign->mech->scheme};
	out->in.block = (struct bytes){out->block, sign->modulus_len};
	if (sign->md) {
		if (EVP_DigestFinal_ex(sign->md, sign->data, &len) != 1)
			return CKR_FUNCTION_FAILED;
		sign->len = len;
	}
	if (sign->mech->scheme == SCHEME_PSS)
		return prepare_pss(sign, crypto, out);
	return prepare_pkcs1(sign, out);
}

enum error mech_check(const struct sign *sign, const struct crypto *crypto, const struct cert *cert,
                      const struct prepared *prepared, struct bytes signature)
{
	if (sign->mech->scheme == SCHEME_PSS)
		return cert_check_pss(crypto, cert, sign->pss.hash, sign->pss.mgf1, sign->pss.salt_len,
		                      (struct bytes){prepared->hash, prepared->hash_len}, signature);
	return cert_check_pkcs1(crypto, cert, prepared->in.message, signature);
}

void sign_clear(struct sign *sign)
{
	if (sign->md && crypto_alive())
		EVP_MD_CTX_free(sign->md);
	mem_wipe(sign, sizeof *sign);
}
