/* SPDX-License-Identifier: BSD-2-Clause */
#include <check.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include "cert/x509.h"
#include "make_cert.h"

static struct crypto *crypto;

static void start(void)
{
	ck_assert_int_eq(crypto_new(&crypto), E_OK);
}

static void stop(void)
{
	crypto_free(&crypto);
}

/* Parses and gives back what was made of it; the input is freed first, so that
 * nothing may point into it. */
static struct cert *made(EVP_PKEY *key, const struct made_extension *extensions)
{
	struct bytes der = make_cert(key, extensions);
	struct cert *cert;

	ck_assert_int_eq(cert_parse(crypto, der, &cert), E_OK);
	OPENSSL_free((void *)(uintptr_t)der.data);
	return cert;
}

/* *der is what libcrypto's encoder made of the field. */
static void same(struct bytes field, int len, unsigned char **der)
{
	ck_assert_int_eq((int)field.len, len);
	ck_assert_mem_eq(field.data, *der, field.len);
	OPENSSL_free(*der);
	*der = NULL;
}

START_TEST(fields)
{
	struct cert *cert = made(make_rsa_key(), NULL);
	unsigned char *p = NULL;

	same(cert->subject, i2d_X509_NAME(X509_get_subject_name(cert->x509), &p), &p);
	same(cert->issuer, i2d_X509_NAME(X509_get_issuer_name(cert->x509), &p), &p);
	same(cert->serial, i2d_ASN1_INTEGER(X509_get_serialNumber(cert->x509), &p), &p);
	same(cert->spki, i2d_PUBKEY(cert->key, &p), &p);
	ck_assert_mem_eq(cert->serial.data, "\x02\x02\x12\x34", 4);
	ck_assert_uint_eq(cert->modulus.len, 256);
	ck_assert_uint_ne(cert->modulus.data[0], 0);
	ck_assert_uint_eq(cert->exponent.len, 3);
	ck_assert_mem_eq(cert->exponent.data, "\x01\x00\x01", 3);
	ck_assert_str_eq(cert->start, "20260102");
	ck_assert_str_eq(cert->end, "20510102");
	ck_assert_int_eq(cert->kind, CERT_UNKNOWN);
	ck_assert(!cert->ca && !cert->production && !cert->roles_broken);
	cert_free(&cert);
	ck_assert_ptr_null(cert);
	cert_free(&cert);
}
END_TEST

static const struct {
	const char *policies, *policy;
	enum cert_kind kind;
	bool production;
} kinds[] = {
	{"1.2.392.100495.1.5.1.1.3.1", "1.2.392.100495.1.5.1.1.3.1", CERT_HPKI_SIGN, true},
	{"1.2.392.100495.1.5.1.1.0.1", "1.2.392.100495.1.5.1.1.0.1", CERT_HPKI_SIGN, false},
	{"1.2.392.100495.1.5.1.2.3.1", "1.2.392.100495.1.5.1.2.3.1", CERT_HPKI_AUTH_PERSON, true},
	{"1.2.392.100495.1.5.1.3.0.1", "1.2.392.100495.1.5.1.3.0.1", CERT_HPKI_AUTH_ORGANISATION, false},
	{"1.2.392.200149.8.5.1.3.30", "1.2.392.200149.8.5.1.3.30", CERT_JPKI_AUTH, true},
	{"1.2.392.200149.8.5.1.1.20", "1.2.392.200149.8.5.1.1.20", CERT_JPKI_SIGN, true},
	{"1.2.3.4, 1.2.392.100495.1.5.1.2.3.1", "1.2.392.100495.1.5.1.2.3.1", CERT_HPKI_AUTH_PERSON, true},
	{"1.2.392.100495.1.5.1.4.3.1", "", CERT_UNKNOWN, false},
	{"1.2.392.100495.1.5.1.0.3.1", "", CERT_UNKNOWN, false},
	{"1.2.392.100495.1.5.1.1.3", "", CERT_UNKNOWN, false},
	{"1.2.392.100495.1.5.1.1.3.1.1", "", CERT_UNKNOWN, false},
	{"1.2.392.100495.1.5.11.3.1", "", CERT_UNKNOWN, false},
	{"1.2.392.200149.8.5.1.2.20", "", CERT_UNKNOWN, false},
	{"1.2.3.4", "", CERT_UNKNOWN, false},
};

START_TEST(kind)
{
	const struct made_extension e[] = {{"certificatePolicies", kinds[_i].policies}, {NULL, NULL}};
	struct cert *cert = made(make_rsa_key(), e);

	ck_assert_int_eq(cert->kind, kinds[_i].kind);
	ck_assert_str_eq(cert->policy, kinds[_i].policy);
	ck_assert_int_eq(cert->production, kinds[_i].production);
	cert_free(&cert);
}
END_TEST

START_TEST(constraints)
{
	const struct made_extension yes[] = {{"basicConstraints", "critical,CA:TRUE"}, {NULL, NULL}};
	const struct made_extension no[] = {{"basicConstraints", "CA:FALSE"}, {NULL, NULL}};
	struct cert *cert = made(make_rsa_key(), yes);

	ck_assert(cert->ca);
	cert_free(&cert);
	cert = made(make_rsa_key(), no);
	ck_assert(!cert->ca);
	cert_free(&cert);
}
END_TEST

#define DOCTOR "DER:30343032060628818542000131283126302" \
	"4A0223120A00C060A2A830886910F01060101A2100C0E4D65646963616C20446F63746F72"

START_TEST(roles)
{
	const struct made_extension good[] = {{"2.5.29.9", DOCTOR}, {NULL, NULL}};
	const struct made_extension bad[] = {{"2.5.29.9", DOCTOR "00"}, {NULL, NULL}};
	const struct made_extension twice[] = {{"2.5.29.9", DOCTOR}, {"2.5.29.9", DOCTOR}, {NULL, NULL}};
	struct cert *cert = made(make_rsa_key(), good);

	ck_assert_uint_eq(cert->roles.n, 1);
	ck_assert_str_eq(cert->roles.list[0].text, "Medical Doctor");
	ck_assert(!cert->roles_broken);
	cert_free(&cert);
	cert = made(make_rsa_key(), bad);
	ck_assert(cert->roles.n == 0 && cert->roles_broken);
	cert_free(&cert);
	cert = made(make_rsa_key(), twice);
	ck_assert(cert->roles.n == 0 && cert->roles_broken);
	cert_free(&cert);
}
END_TEST

START_TEST(other_key)
{
	EVP_PKEY *key = EVP_EC_gen("P-384");
	struct cert *cert = made(key, NULL);
	const struct bytes any = {(const uint8_t *)"any", 3};

	ck_assert_uint_eq(cert->modulus.len, 0);
	ck_assert_uint_gt(cert->spki.len, 0);
	ck_assert_int_eq(cert_check_pkcs1(crypto, cert, any, any), E_UNSUPPORTED);
	cert_free(&cert);
	EVP_PKEY_free(key);
}
END_TEST

START_TEST(cut_and_padded)
{
	struct bytes der = make_cert(make_rsa_key(), NULL);
	uint8_t *more = calloc(1, der.len + 1);
	struct cert *cert;

	for (size_t n = 0; n < der.len; n++) {
		uint8_t *cut = malloc(n ? n : 1);

		memcpy(cut, der.data, n);
		ck_assert_int_eq(cert_parse(crypto, (struct bytes){cut, n}, &cert), E_FORMAT);
		ck_assert_ptr_null(cert);
		free(cut);
	}
	memcpy(more, der.data, der.len);
	ck_assert_int_eq(cert_parse(crypto, (struct bytes){more, der.len + 1}, &cert), E_FORMAT);
	free(more);
	OPENSSL_free((void *)(uintptr_t)der.data);
}
END_TEST

START_TEST(host_errors_stay)
{
	struct cert *cert;

	ERR_clear_error();
	ERR_raise(ERR_LIB_USER, 7);
	ck_assert_int_eq(cert_parse(crypto, (struct bytes){(const uint8_t *)"\x30\x03\x02\x01", 4}, &cert), E_FORMAT);
	cert = made(make_rsa_key(), NULL);
	ck_assert_int_eq(cert_check_pkcs1(crypto, cert, cert->serial, cert->modulus), E_SIGNATURE);
	cert_free(&cert);
	ck_assert_int_eq(ERR_GET_REASON(ERR_get_error()), 7);
	ck_assert_uint_eq(ERR_get_error(), 0);
}
END_TEST

static uint8_t signature[256];
static const struct bytes signature_bytes = {signature, sizeof signature};

static void sign(const EVP_MD *md, const EVP_MD *mgf1, int salt, struct bytes in)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(make_rsa_key(), NULL);
	size_t len = sizeof signature;

	ck_assert_int_eq(EVP_PKEY_sign_init(ctx), 1);
	ck_assert_int_gt(EVP_PKEY_CTX_set_rsa_padding(ctx, md ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING), 0);
	if (md) {
		ck_assert_int_gt(EVP_PKEY_CTX_set_signature_md(ctx, md), 0);
		ck_assert_int_gt(EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, mgf1), 0);
		ck_assert_int_gt(EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, salt), 0);
	}
	ck_assert_int_eq(EVP_PKEY_sign(ctx, signature, &len, in.data, in.len), 1);
	ck_assert_uint_eq(len, sizeof signature);
	EVP_PKEY_CTX_free(ctx);
}

START_TEST(pkcs1)
{
	struct cert *cert = made(make_rsa_key(), NULL);
	static const uint8_t message[245] = "any message, as long as PKCS#1 v1.5 can pad";

	for (size_t n = 1; n <= sizeof message; n += 61) {
		struct bytes in = {message, n};

		sign(NULL, NULL, 0, in);
		ck_assert_int_eq(cert_check_pkcs1(crypto, cert, in, signature_bytes), E_OK);
		in.len--;
		ck_assert_int_eq(cert_check_pkcs1(crypto, cert, in, signature_bytes), E_SIGNATURE);
		in.len++;
		signature[100] ^= 1;
		ck_assert_int_eq(cert_check_pkcs1(crypto, cert, in, signature_bytes), E_SIGNATURE);
		signature[100] ^= 1;
		ck_assert_int_eq(cert_check_pkcs1(crypto, cert, in, (struct bytes){signature, 255}), E_SIGNATURE);
		ck_assert_int_eq(cert_check_pkcs1(crypto, cert, in, (struct bytes){signature, 0}), E_SIGNATURE);
	}
	cert_free(&cert);
}
END_TEST

START_TEST(pss)
{
	struct cert *cert = made(make_rsa_key(), NULL);
	uint8_t digest[48] = {1, 2, 3};
	const struct bytes hash = {digest, 32}, other = {digest, 48};

	sign(EVP_sha256(), EVP_sha1(), 20, hash);
	ck_assert_int_eq(cert_check_pss(crypto, cert, HASH_SHA256, HASH_SHA1, 20, hash, signature_bytes), E_OK);
	ck_assert_int_eq(cert_check_pss(crypto, cert, HASH_SHA256, HASH_SHA256, 20, hash, signature_bytes), E_SIGNATURE);
	ck_assert_int_eq(cert_check_pss(crypto, cert, HASH_SHA256, HASH_SHA1, 32, hash, signature_bytes), E_SIGNATURE);
	ck_assert_int_eq(cert_check_pss(crypto, cert, HASH_SHA256, HASH_SHA1, 20, other, signature_bytes), E_ARGUMENT);
	ck_assert_int_eq(cert_check_pss(crypto, cert, HASH_COUNT, HASH_SHA1, 20, hash, signature_bytes), E_ARGUMENT);
	digest[0]++;
	ck_assert_int_eq(cert_check_pss(crypto, cert, HASH_SHA256, HASH_SHA1, 20, hash, signature_bytes), E_SIGNATURE);
	sign(EVP_sha384(), EVP_sha384(), 0, other);
	ck_assert_int_eq(cert_check_pss(crypto, cert, HASH_SHA384, HASH_SHA384, 0, other, signature_bytes), E_OK);
	cert_free(&cert);
}
END_TEST

static struct cert *shared;

static void *check_much(void *digest)
{
	for (int i = 0; i < 100; i++)
		ck_assert_int_eq(cert_check_pss(crypto, shared, HASH_SHA256, HASH_SHA256, 32,
		                                (struct bytes){digest, 32}, signature_bytes), E_OK);
	return NULL;
}

START_TEST(many_threads)
{
	uint8_t digest[32] = {4, 5, 6};
	pthread_t threads[4];

	shared = made(make_rsa_key(), NULL);
	sign(EVP_sha256(), EVP_sha256(), 32, (struct bytes){digest, sizeof digest});
	for (size_t i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, check_much, digest), 0);
	for (size_t i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	cert_free(&shared);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("x509");
	TCase *t = tcase_create("x509");
	SRunner *r = srunner_create(s);
	int failed;

	make_rsa_key();
	suite_add_tcase(s, t);
	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, start, stop);
	tcase_add_test(t, fields);
	tcase_add_loop_test(t, kind, 0, sizeof kinds / sizeof *kinds);
	tcase_add_test(t, constraints);
	tcase_add_test(t, roles);
	tcase_add_test(t, other_key);
	tcase_add_test(t, cut_and_padded);
	tcase_add_test(t, host_errors_stay);
	tcase_add_test(t, pkcs1);
	tcase_add_test(t, pss);
	tcase_add_test(t, many_threads);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	EVP_PKEY_free(make_rsa_key());
	return failed != 0;
}
