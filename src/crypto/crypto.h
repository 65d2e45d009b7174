/* SPDX-License-Identifier: BSD-2-Clause */
/* libcrypto inside other programs' processes: a library context of our own and
 * explicit fetches only, so that the program's configuration does not affect us, nor
 * we the program. One struct crypto may be used by many threads at once. */
#ifndef INKAN_CRYPTO_CRYPTO_H
#define INKAN_CRYPTO_CRYPTO_H

#include <stdbool.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include "base/error.h"
#include "base/tlv.h"

enum hash { HASH_SHA1, HASH_SHA224, HASH_SHA256, HASH_SHA384, HASH_SHA512, HASH_COUNT, HASH_NONE = HASH_COUNT };

struct crypto {
	OSSL_LIB_CTX *lib;
	OSSL_PROVIDER *provider;
	EVP_MD *md[HASH_COUNT];
};

/* Fetches the algorithms and makes one digest. Call it with no lock held: OpenSSL's
 * configuration may load an engine or a provider that loads our module again. */
enum error crypto_new(struct crypto **c);
void crypto_free(struct crypto **c); /* frees nothing of libcrypto once crypto_alive is false */

/* False once libcrypto has begun to clean up at the end of the process: its objects
 * must not be freed any more. */
bool crypto_alive(void);

size_t crypto_hash_len(enum hash h);
enum error crypto_hash(const struct crypto *c, enum hash h, struct bytes in, uint8_t *out);

/* Begins a hash in parts, to be continued with EVP_DigestUpdate and EVP_DigestFinal_ex. NULL: no memory. */
EVP_MD_CTX *crypto_hash_begin(const struct crypto *c, enum hash h);
void crypto_hash_free(EVP_MD_CTX **md); /* *md may be NULL; it is set to NULL */

enum error crypto_random(const struct crypto *c, uint8_t *out, size_t n);

#endif
