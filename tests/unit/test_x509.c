/* SPDX-License-Identifier: BSD-2-Clause */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/err.h>
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
	same(cert->spki, i2d_PUBKEY(cert->key.pkey, &p), &p);
	ck_assert_mem_eq(cert->serial.data, "\x02\x02\x12\x34", 4);
	ck_assert_int_eq(cert->key.kind, KEY_RSA);
	ck_assert_uint_eq(cert->key.parts[0].len, 256);
	ck_assert_uint_ne(cert->key.parts[0].data[0], 0);
	ck_assert_uint_eq(cert->key.parts[1].len, 3);
	ck_assert_mem_eq(cert->key.parts[1].data, "\x01\x00\x01", 3);
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
	{"1.2.392.100495.1.5.1.2.12.34", "1.2.392.100495.1.5.1.2.12.34", CERT_HPKI_AUTH_PERSON, true},
	{"1.2.392.100495.1.5.1.2.3.100", "", CERT_UNKNOWN, false},
	{"1.2.392.100495.1.5.1.2.100.1", "", CERT_UNKNOWN, false},
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

/* RFC 5280 4.1.2.5: seconds and Z, and no fractions. A certificate with another form is never valid, or none at all:
 * OpenSSL 3.5 does not read those that are too short. */
START_TEST(times_of_other_forms)
{
	static const struct {
		int type;
		const char *text;
	} forms[] = {{V_ASN1_UTCTIME, "4901020304Z"}, {V_ASN1_UTCTIME, "490102030405+0900"}, {V_ASN1_GENERALIZEDTIME, "20510102030405.5Z"},
	             {V_ASN1_GENERALIZEDTIME, "205101020304Z"}, {V_ASN1_GENERALIZEDTIME, "20511302030405Z"}};

	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		struct bytes der = make_cert(make_rsa_key(), NULL);
		const unsigned char *p = der.data;
		X509 *x = d2i_X509(NULL, &p, (long)der.len);
		ASN1_TIME *ends[] = {X509_getm_notBefore(x), X509_getm_notAfter(x)};
		unsigned char *other = NULL;
		struct cert *cert;
		enum error e;
		int n;

		for (size_t k = 0; k < 2; k++) {
			ck_assert(ASN1_STRING_set(ends[k], forms[i].text, -1));
			ends[k]->type = forms[i].type;
		}
		ck_assert_int_gt(X509_sign(x, make_rsa_key(), EVP_sha256()), 0);
		n = i2d_X509(x, &other);
		e = cert_parse(crypto, (struct bytes){other, (size_t)n}, &cert);
		ck_assert_msg(e == E_FORMAT || (e == E_OK && cert->not_before == INT64_MAX && cert->not_after == INT64_MIN),
		              "%s", forms[i].text);
		if (e == E_OK)
			cert_free(&cert);
		OPENSSL_free(other);
		OPENSSL_free((void *)(uintptr_t)der.data);
		X509_free(x);
	}
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

	ck_assert_int_eq(cert->key.kind, KEY_OTHER);
	ck_assert_int_eq(EVP_PKEY_eq(cert->key.pkey, key), 1);
	ck_assert_uint_gt(cert->spki.len, 0);
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
	cert_free(&cert);
	ck_assert_int_eq(ERR_GET_REASON(ERR_get_error()), 7);
	ck_assert_uint_eq(ERR_get_error(), 0);
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
	tcase_add_test(t, times_of_other_forms);
	tcase_add_test(t, constraints);
	tcase_add_test(t, roles);
	tcase_add_test(t, other_key);
	tcase_add_test(t, cut_and_padded);
	tcase_add_test(t, host_errors_stay);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	EVP_PKEY_free(make_rsa_key());
	return failed != 0;
}
