/* SPDX-License-Identifier: BSD-2-Clause */
/* Certificates in the forms of proxies: written here by libcrypto's own encoders, read by inkan-authd's. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include "authd/header.h"

#define TEXT_MAX 200000

static X509 *x509[3];
static unsigned char *der[3];
static int der_len[3];
static char text[TEXT_MAX];

static void make(void)
{
	for (int i = 0; i < 3; i++) {
		EVP_PKEY *key = EVP_RSA_gen(2048);

		x509[i] = X509_new();
		ck_assert(key && x509[i]);
		ASN1_INTEGER_set(X509_get_serialNumber(x509[i]), i + 1);
		X509_gmtime_adj(X509_getm_notBefore(x509[i]), 0);
		X509_gmtime_adj(X509_getm_notAfter(x509[i]), 1000);
		X509_NAME_add_entry_by_txt(X509_get_subject_name(x509[i]), "CN", MBSTRING_ASC, (const unsigned char *)"Holder", -1, -1, 0);
		X509_set_pubkey(x509[i], key);
		ck_assert_int_gt(X509_sign(x509[i], key, EVP_sha256()), 0);
		der_len[i] = i2d_X509(x509[i], &der[i]);
		ck_assert_int_gt(der_len[i], 0);
		EVP_PKEY_free(key);
	}
}

/* ---- The forms, appended to `text` */

static void put(const char *s)
{
	ck_assert_uint_lt(strlen(text) + strlen(s) + 1, sizeof text);
	strcat(text, s);
}

static char *pem(int i)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *data, *copy;
	long n;

	ck_assert(PEM_write_bio_X509(bio, x509[i]));
	n = BIO_get_mem_data(bio, &data);
	copy = strndup(data, (size_t)n);
	BIO_free(bio);
	return copy;
}

/* As nginx encodes: everything but the unreserved of RFC 3986. `all`: those, too, in lower case. */
static void put_percent(const char *s, bool all)
{
	char hex[4];

	for (; *s; s++) {
		bool plain = !all && (strchr("-._~", *s) || (*s >= '0' && *s <= '9') || (*s >= 'A' && *s <= 'Z') || (*s >= 'a' && *s <= 'z'));

		snprintf(hex, sizeof hex, plain ? "%c" : all ? "%%%02x" : "%%%02X", (unsigned char)*s);
		put(hex);
	}
}

static void put_pem_url(int i)
{
	char *p = pem(i);

	put_percent(p, false);
	free(p);
}

static void put_pem_with(int i, char newline)
{
	char *p = pem(i);

	for (char *c = p; *c; c++)
		*c = *c == '\n' ? newline : *c;
	put(p);
	free(p);
}

static void put_base64(const void *data, int n)
{
	char *out = malloc((size_t)n * 2 + 8);

	EVP_EncodeBlock((unsigned char *)out, data, n);
	put(out);
	free(out);
}

/* ---- What is read */

static enum header read_text(enum form form, struct certs *certs)
{
	*certs = (struct certs){0};
	return header_read(form, text, strlen(text), certs);
}

static void holds(const struct certs *certs, size_t at, int i)
{
	ck_assert_uint_lt(at, certs->n);
	ck_assert_uint_eq(certs->der[at].len, (size_t)der_len[i]);
	ck_assert_mem_eq(certs->der[at].data, der[i], (size_t)der_len[i]);
}

/* Reads `text`, by this form and, but for XFCC, by its look: the first n certificates. */
static void reads(enum form form, int n)
{
	enum form forms[] = {form, FORM_AUTO};
	struct certs certs;

	for (int k = 0; k < (form == FORM_XFCC ? 1 : 2); k++) {
		ck_assert_int_eq(read_text(forms[k], &certs), HEADER_READ);
		ck_assert_uint_eq(certs.n, (size_t)n);
		for (int i = 0; i < n; i++)
			holds(&certs, (size_t)i, i);
		certs_free(&certs);
	}
	text[0] = '\0';
}

static void refuses_as(enum form form, const char *value, enum header want)
{
	struct certs certs;

	text[0] = '\0';
	put(value);
	ck_assert_msg(read_text(form, &certs) == want, "form %d: %.60s", (int)form, value);
	certs_free(&certs);
	text[0] = '\0';
}

START_TEST(five_forms)
{
	char *p;

	text[0] = '\0';
	put_pem_url(0);
	reads(FORM_PEM_URL, 1);
	p = pem(0);
	put_percent(p, true);
	free(p);
	reads(FORM_PEM_URL, 1);
	for (int i = 0; i < 3; i++) {
		put_pem_with(0, "\n\t "[i]);
		reads(FORM_PEM_BLANKS, 1);
	}
	put_base64(der[0], der_len[0]);
	reads(FORM_DER_BASE64, 1);
	p = pem(0); /* Apache: %{base64:%{SSL_CLIENT_CERT}} */
	put_base64(p, (int)strlen(p));
	free(p);
	reads(FORM_DER_BASE64, 1);
	put("  :");
	put_base64(der[0], der_len[0]);
	put(": ");
	reads(FORM_RFC9440, 1);
	put("By=spiffe://a;Hash=0a1b;Cert=\"");
	put_pem_url(0);
	put("\";Subject=\"CN=\\\"A, B\\\";O=x,y\";URI=");
	reads(FORM_XFCC, 1);
	put("Cert=");
	put_pem_url(0);
	reads(FORM_XFCC, 1);
}
END_TEST

START_TEST(several)
{
	struct certs certs;

	text[0] = '\0';
	for (int i = 0; i < 3; i++)
		put_pem_url(i);
	reads(FORM_PEM_URL, 3);
	for (int i = 0; i < 3; i++)
		put_pem_with(i, ' ');
	reads(FORM_PEM_BLANKS, 3);
	for (int i = 0; i < 3; i++) {
		put_pem_with(i, ' ');
		put(i < 2 ? "," : "");
	}
	reads(FORM_PEM_BLANKS, 3);
	for (int i = 0; i < 3; i++) {
		put(i ? "," : "");
		put_base64(der[i], der_len[i]);
	}
	reads(FORM_DER_BASE64, 3);
	for (int i = 0; i < 3; i++) {
		put(i ? ", :" : ":");
		put_base64(der[i], der_len[i]);
		put(":");
	}
	reads(FORM_RFC9440, 3);
	put("Cert=\"");
	put_pem_url(0);
	put("\";Chain=\"");
	put_pem_url(1);
	put_pem_url(2);
	put("\"");
	reads(FORM_XFCC, 3);
	put("Chain=\"");
	put_pem_url(0);
	put_pem_url(1);
	put("\"");
	reads(FORM_XFCC, 2);

	/* a header, then a chain header: Client-Cert, Client-Cert-Chain */
	put_base64(der[0], der_len[0]);
	ck_assert_int_eq(read_text(FORM_AUTO, &certs), HEADER_READ);
	text[0] = '\0';
	put_pem_url(1);
	ck_assert_int_eq(header_read(FORM_AUTO, text, strlen(text), &certs), HEADER_READ);
	ck_assert_uint_eq(certs.n, 2);
	holds(&certs, 0, 0);
	holds(&certs, 1, 1);
	certs_free(&certs);
}
END_TEST

START_TEST(nothing)
{
	static const char *const empty[] = {"", " ", "-", " - ", "(null)", "{http.request.tls.client.certificate_der_base64}", "{}"};

	for (size_t i = 0; i < sizeof empty / sizeof *empty; i++)
		for (enum form form = FORM_AUTO; form <= FORM_XFCC; form++)
			refuses_as(form, empty[i], HEADER_EMPTY);
}
END_TEST

START_TEST(malformed)
{
	static const char *const bad[] = {
		"x", "=", "====", "A===", "AA=A", "AAA", "AAAA=", "AAAA====", "AA AA", ",", "AAAA,", ",AAAA", "AAAA,,AAAA", "AAAA, ,AAAA",
		":", "::", ":AAAA", "AAAA:", ":AAAA:,", ":AAAA: :AAAA:", ":AA_A:", ":A A A A:", ":AAAA:;a=1",
		"-----BEGIN CERTIFICATE-----", "-----BEGIN CERTIFICATE----- AAAA", "-----BEGIN CERTIFICATE----------END CERTIFICATE-----",
		"-----BEGIN CERTIFICATE-----AAAA-----END CERTIFICATE-----x", "x-----BEGIN CERTIFICATE-----AAAA-----END CERTIFICATE-----",
		"-----BEGIN CERTIFICATE-----AAAA-----BEGIN CERTIFICATE-----AAAA-----END CERTIFICATE-----",
		"-----BEGIN PRIVATE KEY-----AAAA-----END PRIVATE KEY-----", "-----BEGIN CERTIFICATE-----AAAA-----END CERTIFICATE-----,",
		"%", "%4", "%4G", "%%41", "%00", "AAA%", "AAA%0", "%2D%2D%2D%2D%2DBEGIN CERTIFICATE-----", "\xFF\xFE", "AAA\xC3\xA9",
	};
	static const char *const bad_xfcc[] = {
		"AAAA", "Cert", "Cert=", "Cert=\"", "Cert=\"AAAA", "Cert=\"AAAA\"x", "=AAAA", "Hash=00", "Cert=AAAA,Cert=AAAA", "Hash=1,Cert=AAAA",
		"Cert=AAAA;Cert=AAAA", "Chain=AAAA;Chain=AAAA", "Cert=AAAA,", "Cert=\"AAAA\\\"", "Subject=\"a\\", "Subject=\"a;Cert=AAAA",
		"Cert=\"%4\"", "Cert=AAAA,AAAA", "Cert=\"AAAA\",By=x", "Cert=-----BEGIN CERTIFICATE-----",
	};

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		refuses_as(FORM_AUTO, bad[i], HEADER_MALFORMED);
		refuses_as(FORM_XFCC, bad[i], HEADER_MALFORMED);
	}
	for (size_t i = 0; i < sizeof bad_xfcc / sizeof *bad_xfcc; i++)
		refuses_as(FORM_XFCC, bad_xfcc[i], HEADER_MALFORMED);
	/* XFCC must be named; a form that is named is the only one */
	refuses_as(FORM_AUTO, "Cert=\"AAAA\"", HEADER_MALFORMED);
	refuses_as(FORM_PEM_BLANKS, "AAAA", HEADER_MALFORMED);
	refuses_as(FORM_RFC9440, "AAAA", HEADER_MALFORMED);
	refuses_as(FORM_DER_BASE64, ":AAAA:", HEADER_MALFORMED);
	refuses_as(FORM_DER_BASE64, "-----BEGIN CERTIFICATE-----AAAA-----END CERTIFICATE-----", HEADER_MALFORMED);
}
END_TEST

START_TEST(too_long)
{
	struct certs certs;

	text[0] = '\0';
	memset(text, 'A', VALUE_MAX);
	text[VALUE_MAX] = '\0';
	ck_assert_int_eq(read_text(FORM_AUTO, &certs), HEADER_READ);
	certs_free(&certs);
	strcat(text, "AAAA");
	ck_assert_int_eq(read_text(FORM_AUTO, &certs), HEADER_TOO_LONG);
	certs_free(&certs);
	text[0] = '\0';
	for (int i = 0; i < CERTS_MAX; i++)
		put(i ? ",AAAA" : "AAAA");
	ck_assert_int_eq(read_text(FORM_AUTO, &certs), HEADER_READ);
	certs_free(&certs);
	put(",AAAA");
	ck_assert_int_eq(read_text(FORM_AUTO, &certs), HEADER_TOO_LONG);
	certs_free(&certs);
}
END_TEST

/* One byte of each form is another one: never more than its certificates, and none of another length unnoticed. */
START_TEST(mangled)
{
	static const enum form forms[] = {FORM_PEM_URL, FORM_PEM_BLANKS, FORM_DER_BASE64, FORM_RFC9440, FORM_XFCC};
	unsigned seed = 1;

	for (size_t f = 0; f < sizeof forms / sizeof *forms; f++) {
		char *whole;
		size_t n;

		text[0] = '\0';
		put(forms[f] == FORM_XFCC ? "Cert=\"" : forms[f] == FORM_RFC9440 ? ":" : "");
		if (forms[f] == FORM_PEM_URL || forms[f] == FORM_XFCC)
			put_pem_url(0);
		else if (forms[f] == FORM_PEM_BLANKS)
			put_pem_with(0, ' ');
		else
			put_base64(der[0], der_len[0]);
		put(forms[f] == FORM_XFCC ? "\"" : forms[f] == FORM_RFC9440 ? ":" : "");
		whole = strdup(text);
		n = strlen(whole);
		for (int i = 0; i < 20000; i++) {
			size_t cut = n - (i % 3 ? 0 : (size_t)rand_r(&seed) % (n - 1));
			struct certs certs = {0};
			char *copy = malloc(cut + 1); /* of its size: a byte behind it is a fault for sanitizers */

			memcpy(copy, whole, cut);
			copy[(size_t)rand_r(&seed) % cut] = (char)rand_r(&seed);
			if (header_read(i % 2 ? forms[f] : FORM_AUTO, copy, cut, &certs) == HEADER_READ)
				ck_assert_uint_ge(certs.n, 1);
			ck_assert_uint_le(certs.n, CERTS_MAX);
			certs_free(&certs);
			free(copy);
		}
		free(whole);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("authd header");
	TCase *t = tcase_create("header");
	SRunner *r;
	int failed;

	suite_add_tcase(s, t);
	tcase_set_timeout(t, 120);
	tcase_add_unchecked_fixture(t, make, NULL);
	tcase_add_test(t, five_forms);
	tcase_add_test(t, several);
	tcase_add_test(t, nothing);
	tcase_add_test(t, malformed);
	tcase_add_test(t, too_long);
	tcase_add_test(t, mangled);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
