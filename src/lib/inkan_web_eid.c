/* SPDX-License-Identifier: BSD-2-Clause */
/* inkan.h: Web eID. */
#include <string.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include "base/log.h"
#include "base/text.h"
#include "lib/object.h"

#define NONCE_MIN 44
#define NONCE_MAX 128
#define ECDSA_DER_MAX 160 /* of two numbers of 66 bytes */

/* RFC 7518 3.1. Each ES belongs to one curve (3.4). */
static const struct algorithm {
	const char *name;
	enum hash hash;
	int padding;       /* of RSA; 0: ECDSA */
	const char *curve; /* libcrypto's name */
	size_t half;       /* bytes of r, and of s */
} algorithms[] = {
	{"ES256", HASH_SHA256, 0, "prime256v1", 32},
	{"ES384", HASH_SHA384, 0, "secp384r1", 48},
	{"ES512", HASH_SHA512, 0, "secp521r1", 66},
	{"PS256", HASH_SHA256, RSA_PKCS1_PSS_PADDING, NULL, 0},
	{"PS384", HASH_SHA384, RSA_PKCS1_PSS_PADDING, NULL, 0},
	{"PS512", HASH_SHA512, RSA_PKCS1_PSS_PADDING, NULL, 0},
	{"RS256", HASH_SHA256, RSA_PKCS1_PADDING, NULL, 0},
	{"RS384", HASH_SHA384, RSA_PKCS1_PADDING, NULL, 0},
	{"RS512", HASH_SHA512, RSA_PKCS1_PADDING, NULL, 0},
};

static const struct algorithm *algorithm_of(const char *name)
{
	for (size_t i = 0; i < sizeof algorithms / sizeof *algorithms; i++)
		if (strcmp(algorithms[i].name, name) == 0)
			return &algorithms[i];
	return NULL;
}

/* r || s as the DER that libcrypto verifies. 0: it cannot be made. */
static size_t ecdsa_der(struct bytes signature, uint8_t der[ECDSA_DER_MAX])
{
	int half = (int)signature.len / 2, n = 0;
	ECDSA_SIG *sig = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(signature.data, half, NULL), *s = BN_bin2bn(signature.data + half, half, NULL);

	if (sig && r && s && ECDSA_SIG_set0(sig, r, s) == 1) {
		r = s = NULL;
		n = i2d_ECDSA_SIG(sig, &der);
	}
	BN_free(r);
	BN_free(s);
	ECDSA_SIG_free(sig);
	return n > 0 ? (size_t)n : 0;
}

/* E_SIGNATURE: it does not verify, or the algorithm is not for this key. */
static enum error verify(const struct crypto *c, const struct key *key, const struct algorithm *a,
                         struct bytes signed_data, struct bytes signature)
{
	size_t want = a->padding ? (key->bits + 7) / 8 : 2 * a->half, n;
	uint8_t der[ECDSA_DER_MAX];
	char curve[80];
	EVP_MD_CTX *ctx = NULL;
	EVP_PKEY_CTX *pctx; /* ctx's */
	enum error ok = E_SIGNATURE;

	if (!key->pkey || !EVP_PKEY_is_a(key->pkey, a->padding ? "RSA" : "EC") || signature.len != want ||
	    (a->curve &&
	     (EVP_PKEY_get_group_name(key->pkey, curve, sizeof curve, &n) != 1 || strcmp(curve, a->curve) != 0)))
		return E_SIGNATURE;
	if (!a->padding)
		signature = (struct bytes){der, ecdsa_der(signature, der)};
	ctx = EVP_MD_CTX_new();
	if (!ctx)
		return E_MEMORY;
	if (EVP_DigestVerifyInit_ex(ctx, &pctx, EVP_MD_get0_name(c->md[a->hash]), c->lib, NULL, key->pkey, NULL) != 1 ||
	    (a->padding && EVP_PKEY_CTX_set_rsa_padding(pctx, a->padding) <= 0) ||
	    (a->padding == RSA_PKCS1_PSS_PADDING &&
	     EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, RSA_PSS_SALTLEN_DIGEST) <= 0)) /* RFC 7518 3.5 */
		log_error("EVP_DigestVerifyInit_ex: the check of a signature does not start");
	else if (EVP_DigestVerify(ctx, signature.data, signature.len, signed_data.data, signed_data.len) == 1)
		ok = E_OK;
	else
		log_info("EVP_DigestVerify: the token's signature does not verify");
	EVP_MD_CTX_free(ctx);
	return ok;
}

enum inkan_error inkan_web_eid_decide(struct inkan *ctx, const struct inkan_web_eid *token,
                                      const struct inkan_rules *rules, struct inkan_cert **cert,
                                      struct inkan_decision **out)
{
	struct inkan_web_eid t = {.size = sizeof t};
	struct inkan_rules r = {.size = sizeof r};
	const struct algorithm *a;
	uint8_t data[2 * EVP_MAX_MD_SIZE];
	enum inkan_error ok;
	size_t n;
	enum error e;

	if (cert)
		*cert = NULL;
	if (out)
		*out = NULL;
	if (!ctx || !token || !cert || !out || !struct_take(&t, sizeof t, token) ||
	    (rules && !struct_take(&r, sizeof r, rules)) || !t.format || !t.algorithm || !t.signature || !t.origin ||
	    !origin_host(t.origin, "https") || !t.nonce || strlen(t.nonce) < NONCE_MIN || strlen(t.nonce) > NONCE_MAX)
		return INKAN_E_ARGUMENT;
	a = algorithm_of(t.algorithm);
	if (!a || strncmp(t.format, "web-eid:1", 9) != 0 || (t.format[9] && t.format[9] != '.'))
		return INKAN_E_FORMAT;
	ok = inkan_cert_from_der(ctx, t.certificate, t.certificate_len, cert);
	if (ok != INKAN_OK)
		return ok;
	n = crypto_hash_len(a->hash);
	e = crypto_hash(ctx->crypto, a->hash, (struct bytes){(const uint8_t *)t.origin, strlen(t.origin)}, data);
	if (e == E_OK)
		e = crypto_hash(ctx->crypto, a->hash, (struct bytes){(const uint8_t *)t.nonce, strlen(t.nonce)},
		                data + n);
	ERR_set_mark();
	if (e == E_OK)
		e = verify(ctx->crypto, &(*cert)->cert->key, a, (struct bytes){data, 2 * n},
		           (struct bytes){t.signature, t.signature_len});
	ERR_pop_to_mark();
	r.size = sizeof r;               /* a newer program's is longer */
	r.purpose = INKAN_PURPOSE_LOGIN; /* never a signature certificate, whose key signs documents */
	ok = e == E_OK ? inkan_decide(ctx, *cert, &r, out) : inkan_error_of(e);
	if (ok != INKAN_OK)
		inkan_cert_free(cert);
	return ok;
}
