/* SPDX-License-Identifier: BSD-2-Clause */
#include <limits.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include "base/log.h"
#include "crypto/key.h"

/* The content of an INTEGER without the zero that keeps it positive. */
static bool take_number(struct bytes *in, struct bytes *out)
{
	struct tlv t;

	if (!tlv_next(in, &t) || t.tag != 0x02)
		return false;
	*out = t.value;
	while (out->len > 0 && out->data[0] == 0) {
		out->data++;
		out->len--;
	}
	return out->len > 0;
}

/* RSAPublicKey (RFC 8017 A.1.1). EVP_PKEY_get_bn_param takes longer than the check of a
 * signature. */
static bool read_rsa(struct bytes in, struct key *key)
{
	struct tlv t;

	if (!tlv_next(&in, &t) || !tlv_find(t.value, 0x03, &t) || t.value.len == 0)
		return false;
	in = (struct bytes){t.value.data + 1, t.value.len - 1}; /* without the count of unused bits */
	if (!tlv_next(&in, &t) || t.tag != 0x30)
		return false;
	in = t.value;
	return take_number(&in, &key->parts[0]) && take_number(&in, &key->parts[1]);
}

static const struct {
	enum key_kind kind;
	const char *name; /* libcrypto's */
	bool (*read)(struct bytes spki, struct key *key);
} kinds[] = {
	{KEY_RSA, "RSA", read_rsa},
};

enum error key_read(const struct crypto *c, struct bytes spki, EVP_PKEY *pkey, struct key *key)
{
	const uint8_t *p = spki.data;
	enum error ok = E_OK;

	*key = (struct key){0};
	ERR_set_mark();
	if (pkey && EVP_PKEY_up_ref(pkey))
		key->pkey = pkey;
	else if (spki.len <= LONG_MAX)
		key->pkey = d2i_PUBKEY_ex(NULL, &p, (long)spki.len, c->lib, NULL);
	if (key->pkey)
		key->bits = (unsigned)EVP_PKEY_get_bits(key->pkey);
	for (size_t i = 0; key->pkey && i < sizeof kinds / sizeof *kinds; i++) {
		if (!EVP_PKEY_is_a(key->pkey, kinds[i].name))
			continue;
		key->kind = kinds[i].kind;
		if (!kinds[i].read(spki, key)) {
			log_info("key_read: the numbers of the key do not parse");
			key_free(key);
			ok = E_FORMAT;
		}
	}
	ERR_pop_to_mark();
	return ok;
}

void key_free(struct key *key)
{
	if (key->pkey && crypto_alive())
		EVP_PKEY_free(key->pkey);
	*key = (struct key){0};
}
