/* SPDX-License-Identifier: BSD-2-Clause */
/* A public key, read once, for checking many signatures. */
#ifndef INKAN_CRYPTO_KEY_H
#define INKAN_CRYPTO_KEY_H

#include "crypto/crypto.h"

/* The kinds that src/crypto/scheme.c has schemes for. */
enum key_kind { KEY_OTHER, KEY_RSA };

struct key {
	enum key_kind kind;
	unsigned bits;
	EVP_PKEY *pkey;        /* owned; NULL when libcrypto cannot read the key */
	struct bytes parts[2]; /* KEY_RSA: modulus, public exponent: big-endian, no leading zero, in the input */
};

/* `spki`: a SubjectPublicKeyInfo in DER, which must outlive the key. `pkey`: the
 * same key if libcrypto has parsed it already, or NULL. A key that libcrypto cannot read or
 * that no scheme knows is KEY_OTHER, and no error. E_FORMAT. */
enum error key_read(const struct crypto *c, struct bytes spki, EVP_PKEY *pkey, struct key *key);
void key_free(struct key *key); /* key is {0} again */

#endif
