/* SPDX-License-Identifier: BSD-2-Clause */
/* Signature schemes: the input that a card signs, and the check of its signature.
 * Another scheme is another row in scheme.c. */
#ifndef INKAN_CRYPTO_SCHEME_H
#define INKAN_CRYPTO_SCHEME_H

#include "cards/profile.h"
#include "crypto/key.h"

#define SIGNATURE_MAX 512 /* bytes: RSA 4096 */

struct scheme_params {
	enum scheme scheme;
	enum hash hash; /* of the input; HASH_NONE: SCHEME_PKCS1 of any message, as it is */
	enum hash mgf1; /* of SCHEME_PSS (RFC 8017 A.2.3), as the next */
	unsigned salt_len;
	size_t signature_len; /* bytes; these two are written by scheme_begin */
	size_t input_max;
};

/* The input to sign, in every form that a card may take. len 0: the scheme has no such form. */
struct encoded {
	struct bytes block;   /* INPUT_BLOCK, in data */
	struct bytes message; /* INPUT_DIGEST_INFO, in data */
	struct bytes hash;    /* INPUT_HASH: the input itself */
	uint8_t data[SIGNATURE_MAX];
};

enum key_kind scheme_key_kind(enum scheme scheme);

/* E_UNSUPPORTED: not with a key of this kind or size. E_ARGUMENT: the other
 * parameters are not valid, or hash and salt do not fit into the key's size. */
enum error scheme_begin(struct scheme_params *p, const struct key *key);

/* Input: a hash, or with HASH_NONE a message of 1 to input_max bytes; else E_ARGUMENT. */
enum error scheme_prepare(const struct crypto *c, const struct scheme_params *p, struct bytes input,
                          struct encoded *out);

/* Verifies a signature. E_SIGNATURE when it does not verify. */
enum error scheme_check(const struct crypto *c, const struct scheme_params *p, const struct key *key,
                        const struct encoded *encoded, struct bytes signature);

#endif
