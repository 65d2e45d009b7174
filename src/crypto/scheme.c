/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include "base/log.h"
#include "crypto/scheme.h"

/* DigestInfo up to the hash (RFC 8017 9.2). */
#define SHA2(oid_end, len) \
	{ \
		19, \
		{ \
			0x30, 0x11 + (len), 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, \
				(oid_end), 0x05, 0x00, 0x04, (len) \
		} \
	}
static const struct {
	uint8_t len, bytes[19];
} digest_infos[HASH_COUNT + 1] = {
	[HASH_SHA1] = {15, {0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2B, 0x0E, 0x03, 0x02, 0x1A, 0x05, 0x00, 0x04, 0x14}},
	[HASH_SHA224] = SHA2(4, 28),
	[HASH_SHA256] = SHA2(1, 32),
	[HASH_SHA384] = SHA2(2, 48),
	[HASH_SHA512] = SHA2(3, 64),
	[HASH_NONE] = {0},
};

static size_t longest_pkcs1(const struct scheme_params *p)
{
	size_t room = p->signature_len - 11; /* RFC 8017 9.2: eight FF at the least */

	return p->hash == HASH_NONE ? room : crypto_hash_len(p->hash);
}

/* EMSA-PKCS1-v1_5 (RFC 8017 9.2): 00 01 FF … FF 00 message */
static enum error prepare_pkcs1(const struct crypto *c, const struct scheme_params *p, struct bytes input,
                                struct encoded *out)
{
	size_t prefix = digest_infos[p->hash].len, len = prefix + input.len;
	uint8_t *message = out->data + p->signature_len - len;

	(void)c;
	memset(out->data, 0xFF, p->signature_len);
	out->data[0] = 0x00;
	out->data[1] = 0x01;
	message[-1] = 0x00;
	memcpy(message, digest_infos[p->hash].bytes, prefix);
	memcpy(message + prefix, input.data, input.len);
	out->message = (struct bytes){message, len};
	out->block = (struct bytes){out->data, p->signature_len};
	return E_OK;
}

static size_t longest_pss(const struct scheme_params *p)
{
	size_t hash_len = crypto_hash_len(p->hash);

	if (hash_len == 0 || crypto_hash_len(p->mgf1) == 0 || p->salt_len > p->signature_len - hash_len - 2)
		return 0;
	return hash_len;
}

/* EMSA-PSS-ENCODE (RFC 8017 9.1.1): libcrypto pads only where it also holds the
 * private key. The block is DB = 00 … 00 01 salt, masked; H; BC. */
static enum error prepare_pss(const struct crypto *c, const struct scheme_params *p, struct bytes input,
                              struct encoded *out)
{
	size_t hash_len = input.len, db_len = p->signature_len - hash_len - 1, step = crypto_hash_len(p->mgf1);
	uint8_t in[8 + EVP_MAX_MD_SIZE + SIGNATURE_MAX] = {0}, mask[EVP_MAX_MD_SIZE];
	uint8_t *db = out->data, *h = db + db_len, *salt = h - p->salt_len;
	enum error ok;

	memset(db, 0, db_len);
	salt[-1] = 0x01;
	h[hash_len] = 0xBC;
	if ((ok = crypto_random(c, salt, p->salt_len)) != E_OK)
		return ok;
	/* H = Hash(eight zeros || hash || salt) */
	memcpy(in + 8, input.data, hash_len);
	memcpy(in + 8 + hash_len, salt, p->salt_len);
	if ((ok = crypto_hash(c, p->hash, (struct bytes){in, 8 + hash_len + p->salt_len}, h)) != E_OK)
		return ok;
	/* MGF1 (B.2.1): Hash(H || counter), which has no more than 511 / 20 values */
	memcpy(in, h, hash_len);
	memset(in + hash_len, 0, 4);
	for (size_t done = 0; done < db_len; in[hash_len + 3]++) {
		if ((ok = crypto_hash(c, p->mgf1, (struct bytes){in, hash_len + 4}, mask)) != E_OK)
			return ok;
		for (size_t i = 0; i < step && done < db_len; i++)
			db[done++] ^= mask[i];
	}
	db[0] &= 0x7F; /* emBits is one less than the modulus has */
	out->hash = input;
	out->block = (struct bytes){out->data, p->signature_len};
	return E_OK;
}

static enum error check_rsa(const struct crypto *c, const struct scheme_params *p, const struct key *key,
                            const struct encoded *encoded, struct bytes signature)
{
	bool pss = p->scheme == SCHEME_PSS;
	struct bytes in = pss ? encoded->hash : encoded->message;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(c->lib, key->pkey, NULL);
	enum error ok = E_INTERNAL;

	if (!ctx || EVP_PKEY_verify_init(ctx) <= 0 ||
	    EVP_PKEY_CTX_set_rsa_padding(ctx, pss ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING) <= 0 ||
	    (pss && (EVP_PKEY_CTX_set_signature_md(ctx, c->md[p->hash]) <= 0 ||
	             EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, c->md[p->mgf1]) <= 0 ||
	             EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, (int)p->salt_len) <= 0))) {
		log_error("EVP_PKEY_verify_init: the check of a signature does not start");
		goto out;
	}
	ok = E_OK;
	if (EVP_PKEY_verify(ctx, signature.data, signature.len, in.data, in.len) != 1) {
		log_info("EVP_PKEY_verify: the signature does not verify");
		ok = E_SIGNATURE;
	}
out:
	EVP_PKEY_CTX_free(ctx);
	return ok;
}

static const struct {
	enum key_kind key;
	unsigned bits_min, bits_max;
	unsigned numbers;                                 /* a signature is that many numbers as long as the key */
	size_t (*longest)(const struct scheme_params *p); /* input, in bytes; 0: the parameters do not fit */
	enum error (*prepare)(const struct crypto *c, const struct scheme_params *p, struct bytes input,
	                      struct encoded *out);
	enum error (*check)(const struct crypto *c, const struct scheme_params *p, const struct key *key,
	                    const struct encoded *encoded, struct bytes signature);
} rows[] = {
	[SCHEME_PKCS1] = {KEY_RSA, 1024, 4096, 1, longest_pkcs1, prepare_pkcs1, check_rsa},
	[SCHEME_PSS] = {KEY_RSA, 1024, 4096, 1, longest_pss, prepare_pss, check_rsa},
};

enum key_kind scheme_key_kind(enum scheme scheme)
{
	return rows[scheme].key;
}

enum error scheme_begin(struct scheme_params *p, const struct key *key)
{
	if (key->kind != rows[p->scheme].key || key->bits % 8 != 0 || key->bits < rows[p->scheme].bits_min ||
	    key->bits > rows[p->scheme].bits_max)
		return E_UNSUPPORTED;
	p->signature_len = key->bits / 8 * rows[p->scheme].numbers;
	p->input_max = rows[p->scheme].longest(p);
	return p->input_max > 0 ? E_OK : E_ARGUMENT;
}

enum error scheme_prepare(const struct crypto *c, const struct scheme_params *p, struct bytes input,
                          struct encoded *out)
{
	*out = (struct encoded){0};
	if (input.len == 0 || input.len > p->input_max || (p->hash != HASH_NONE && input.len != p->input_max))
		return E_ARGUMENT;
	return rows[p->scheme].prepare(c, p, input, out);
}

enum error scheme_check(const struct crypto *c, const struct scheme_params *p, const struct key *key,
                        const struct encoded *encoded, struct bytes signature)
{
	enum error ok;

	if (key->kind != rows[p->scheme].key)
		return E_UNSUPPORTED;
	ERR_set_mark();
	ok = rows[p->scheme].check(c, p, key, encoded, signature);
	ERR_pop_to_mark();
	return ok;
}
