/* SPDX-License-Identifier: BSD-2-Clause */
/* libcrypto inside other people's processes: a library context of our own and
 * explicit fetches only, so that neither the host's configuration reaches us nor
 * ours the host. One struct crypto may be used by many threads at once. */
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

/* Fetches everything and makes one digest. Hold no lock: a configuration of
 * OpenSSL may load an engine or a provider that loads our module again. */
enum error crypto_new(struct crypto **c);
void crypto_free(struct crypto **c); /* leaks on purpose once libcrypto has cleaned itself up */

/* False once libcrypto has cleaned itself up, or is about to, at the end of the
 * process: nothing of it may be freed any more, only left. */
bool crypto_alive(void);

size_t crypto_hash_len(enum hash h);
enum error crypto_hash(const struct crypto *c, enum hash h, struct bytes in, uint8_t *out);

/* A hash in parts; NULL: no memory. EVP_DigestUpdate and EVP_DigestFinal_ex go on. */
EVP_MD_CTX *crypto_hash_begin(const struct crypto *c, enum hash h);
void crypto_hash_free(EVP_MD_CTX **md); /* *md may be NULL; afterwards it is */

enum error crypto_random(const struct crypto *c, uint8_t *out, size_t n);

#endif
