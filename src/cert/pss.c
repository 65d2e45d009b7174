/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>
#include "base/mem.h"
#include "cert/pss.h"

/* MGF1 (RFC 8017 B.2.1), XORed onto `out`. */
static enum error xor_mgf1(const struct crypto *crypto, enum hash h, struct bytes seed, uint8_t *out,
                           size_t len)
{
	uint8_t in[EVP_MAX_MD_SIZE + 4], digest[EVP_MAX_MD_SIZE];
	size_t step = crypto_hash_len(h), done = 0;
	enum error e;

	memcpy(in, seed.data, seed.len);
	for (uint32_t counter = 0; done < len; counter++) {
		in[seed.len] = (uint8_t)(counter >> 24);
		in[seed.len + 1] = (uint8_t)(counter >> 16);
		in[seed.len + 2] = (uint8_t)(counter >> 8);
		in[seed.len + 3] = (uint8_t)counter;
		e = crypto_hash(crypto, h, (struct bytes){in, seed.len + 4}, digest);
		if (e != E_OK)
			return e;
		for (size_t i = 0; i < step && done < len; i++)
			out[done++] ^= digest[i];
	}
	return E_OK;
}

/* H = Hash(eight zeros || mHash || salt). */
static enum error hash_with_salt(const struct crypto *crypto, enum hash h, struct bytes hash,
                                 struct bytes salt, uint8_t *out)
{
	struct buf m = {0};
	enum error e = E_MEMORY;

	if (buf_append(&m, "\0\0\0\0\0\0\0", 8) == E_OK && buf_append(&m, hash.data, hash.len) == E_OK &&
	    buf_append(&m, salt.data, salt.len) == E_OK)
		e = crypto_hash(crypto, h, (struct bytes){m.data, m.len}, out);
	buf_free(&m);
	return e;
}

enum error pss_encode(const struct crypto *crypto, const struct pss *pss, struct bytes hash, uint8_t *block,
                      size_t len)
{
	size_t h_len = crypto_hash_len(pss->hash), db_len = len - h_len - 1;
	uint8_t *h, *salt;
	enum error e;

	if (hash.len != h_len || len < h_len + 2 || pss->salt_len > len - h_len - 2)
		return E_TOO_LONG;
	/* DB = PS || 01 || salt, then H, then BC */
	h = block + db_len;
	salt = h - pss->salt_len;
	memset(block, 0, db_len);
	salt[-1] = 0x01;
	e = crypto_random(crypto, salt, pss->salt_len);
	if (e == E_OK)
		e = hash_with_salt(crypto, pss->hash, hash, (struct bytes){salt, pss->salt_len}, h);
	if (e == E_OK)
		e = xor_mgf1(crypto, pss->mgf1, (struct bytes){h, h_len}, block, db_len);
	block[0] &= 0x7F; /* emBits is one less than the modulus has */
	block[len - 1] = 0xBC;
	return e;
}
