/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include "base/log.h"
#include "crypto/crypto.h"

static const struct {
	const char *name;
	size_t len;
} hashes[HASH_COUNT] = {
	[HASH_SHA1] = {"SHA1", 20},       [HASH_SHA224] = {"SHA2-224", 28}, [HASH_SHA256] = {"SHA2-256", 32},
	[HASH_SHA384] = {"SHA2-384", 48}, [HASH_SHA512] = {"SHA2-512", 64},
};

/* OSSL_LIB_CTX_new reads no configuration. The provider is named because the host's libcrypto may have been built with
 * another default. */
static enum error fetch_all(struct crypto *c)
{
	c->lib = OSSL_LIB_CTX_new();
	c->provider = c->lib ? OSSL_PROVIDER_load(c->lib, "default") : NULL;
	if (!c->provider) {
		log_error("OSSL_PROVIDER_load: libcrypto's default provider does not load");
		return E_INTERNAL;
	}
	for (size_t i = 0; i < HASH_COUNT; i++) {
		c->md[i] = EVP_MD_fetch(c->lib, hashes[i].name, NULL);
		if (!c->md[i]) {
			log_error("EVP_MD_fetch: no %s", hashes[i].name);
			return E_INTERNAL;
		}
	}
	return E_OK;
}

enum error crypto_new(struct crypto **out)
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	struct crypto *c = calloc(1, sizeof *c);
	enum error ok;

	*out = NULL;
	if (!c)
		return E_MEMORY;
	ERR_set_mark();
	ok = fetch_all(c);
	ERR_pop_to_mark();
	if (ok == E_OK)
		ok = crypto_hash(c, HASH_SHA256, (struct bytes){0}, digest);
	if (ok != E_OK)
		crypto_free(&c);
	*out = c;
	return ok;
}

bool crypto_alive(void)
{
	bool alive;

	ERR_set_mark();
	alive = OPENSSL_init_crypto(0, NULL) == 1;
	ERR_pop_to_mark();
	return alive;
}

void crypto_free(struct crypto **out)
{
	struct crypto *c = *out;

	*out = NULL;
	if (!c)
		return;
	if (crypto_alive()) {
		for (size_t i = 0; i < HASH_COUNT; i++)
			EVP_MD_free(c->md[i]);
		if (c->provider)
			OSSL_PROVIDER_unload(c->provider);
		OSSL_LIB_CTX_free(c->lib);
	}
	free(c);
}

size_t crypto_hash_len(enum hash h)
{
	return (size_t)h < HASH_COUNT ? hashes[h].len : 0;
}

enum error crypto_hash(const struct crypto *c, enum hash h, struct bytes in, uint8_t *out)
{
	int done;

	if ((size_t)h >= HASH_COUNT)
		return E_ARGUMENT;
	ERR_set_mark();
	done = EVP_Digest(in.data, in.len, out, NULL, c->md[h], NULL);
	ERR_pop_to_mark();
	if (!done) {
		log_error("EVP_Digest: %s failed", hashes[h].name);
		return E_INTERNAL;
	}
	return E_OK;
}

EVP_MD_CTX *crypto_hash_begin(const struct crypto *c, enum hash h)
{
	EVP_MD_CTX *md;

	ERR_set_mark();
	md = EVP_MD_CTX_new();
	if (md && EVP_DigestInit_ex2(md, c->md[h], NULL) != 1) {
		log_error("EVP_DigestInit_ex2: %s failed", hashes[h].name);
		crypto_hash_free(&md);
	}
	ERR_pop_to_mark();
	return md;
}

void crypto_hash_free(EVP_MD_CTX **md)
{
	if (*md && crypto_alive())
		EVP_MD_CTX_free(*md);
	*md = NULL;
}

/* From the kernel, not from RAND_bytes_ex: libcrypto attaches a generator of our context
 * to each thread that calls it, and would use the context at that thread's exit, after
 * crypto_free. */
enum error crypto_random(const struct crypto *c, uint8_t *out, size_t n)
{
	(void)c;
	while (n > 0) {
		ssize_t got = getrandom(out, n, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			log_error("getrandom: %s", strerror(errno));
			return E_INTERNAL;
		}
		out += got;
		n -= (size_t)got;
	}
	return E_OK;
}
