/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include "tests/unit/test_vcard.h"

uint8_t answer[65536];
size_t answer_len;

struct vcard_spec spec_of(enum vcard_kind kind)
{
	const char *pki = getenv("INKAN_TEST_PKI");
	struct vcard_spec spec;

	vcard_spec_init(&spec, kind);
	spec.pki = pki ? pki : "tests/pki";
	return spec;
}

struct vcard *card_of(const struct vcard_spec *spec)
{
	char why[512] = "";
	struct vcard *card = vcard_new(spec, why, sizeof why);

	ck_assert_msg(card, "%s", why);
	return card;
}

struct vcard *plain_card(enum vcard_kind kind)
{
	struct vcard_spec spec = spec_of(kind);

	return card_of(&spec);
}

size_t from_hex(const char *hex, uint8_t *out, size_t room)
{
	size_t n = 0;

	while (*hex) {
		char pair[3] = {0};
		if (*hex == ' ') {
			hex++;
			continue;
		}
		pair[0] = hex[0];
		pair[1] = hex[1];
		ck_assert_uint_lt(n, room);
		out[n++] = (uint8_t)strtoul(pair, NULL, 16);
		hex += 2;
	}
	return n;
}

bool answered(const char *hex)
{
	uint8_t want[2048];
	size_t n = from_hex(hex, want, sizeof want);

	return answer_len == n && memcmp(answer, want, n) == 0;
}

unsigned send_bytes(struct vcard *card, const uint8_t *apdu, size_t n)
{
	static uint8_t response[65536 + 2];
	size_t len = sizeof response;

	vcard_transmit(card, apdu, n, response, &len);
	ck_assert_uint_ge(len, 2);
	answer_len = len - 2;
	memcpy(answer, response, answer_len);
	return (unsigned)response[len - 2] << 8 | response[len - 1];
}

unsigned send_hex(struct vcard *card, const char *hex)
{
	uint8_t apdu[1024];
	size_t n = from_hex(hex, apdu, sizeof apdu);

	return send_bytes(card, apdu, n);
}

unsigned send_extended(struct vcard *card, const char *header, const uint8_t *p, size_t n, bool le)
{
	uint8_t apdu[2048] = {0};
	size_t at = from_hex(header, apdu, sizeof apdu);

	ck_assert_uint_le(n, sizeof apdu - 16);
	apdu[at + 1] = (uint8_t)(n >> 8);
	apdu[at + 2] = (uint8_t)n;
	memcpy(apdu + at + 3, p, n);
	return send_bytes(card, apdu, at + 3 + n + (le ? 2 : 0));
}

X509 *certificate_of(const struct vcard *card, enum vcard_app app)
{
	size_t len;
	const uint8_t *der = vcard_certificate(card, app, &len), *p = der;
	X509 *x = d2i_X509(NULL, &p, (long)len);

	ck_assert_ptr_nonnull(x);
	ck_assert_ptr_eq(p, der + len);
	return x;
}

static EVP_PKEY_CTX *key_of(const struct vcard *card, enum vcard_app app)
{
	X509 *x = certificate_of(card, app);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(X509_get0_pubkey(x), NULL);

	ck_assert_ptr_nonnull(ctx);
	X509_free(x);
	return ctx;
}

bool signed_raw(const struct vcard *card, enum vcard_app app, const uint8_t *block, size_t n)
{
	EVP_PKEY_CTX *ctx = key_of(card, app);
	uint8_t back[512];
	size_t len = sizeof back;
	bool ok = EVP_PKEY_encrypt_init(ctx) > 0 && EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING) > 0 &&
	          EVP_PKEY_encrypt(ctx, back, &len, answer, answer_len) > 0 && len == n &&
	          memcmp(back, block, n) == 0;

	EVP_PKEY_CTX_free(ctx);
	return ok;
}

bool signed_pkcs1(const struct vcard *card, enum vcard_app app, const uint8_t *message, size_t n)
{
	EVP_PKEY_CTX *ctx = key_of(card, app);
	bool ok = EVP_PKEY_verify_init(ctx) > 0 && EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) > 0 &&
	          EVP_PKEY_verify(ctx, answer, answer_len, message, n) == 1;

	EVP_PKEY_CTX_free(ctx);
	return ok;
}

bool signed_pss(const struct vcard *card, enum vcard_app app, const uint8_t hash[32])
{
	EVP_PKEY_CTX *ctx = key_of(card, app);
	bool ok = EVP_PKEY_verify_init(ctx) > 0 && EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) > 0 &&
	          EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) > 0 &&
	          EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, 32) > 0 &&
	          EVP_PKEY_verify(ctx, answer, answer_len, hash, 32) == 1;

	EVP_PKEY_CTX_free(ctx);
	return ok;
}

int run_suite(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
