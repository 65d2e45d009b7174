/* SPDX-License-Identifier: BSD-2-Clause */
/* The real CA certificates of HPKI, from $INKAN_TEST_DATA/hpki-ca; what is
 * expected of them stands in the Ministry's and the CAs' publications. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "cert/x509.h"
#include "der.h"

static const struct {
	const char *file, *sha256, *policy, *start, *end;
	enum cert_kind kind;
} cas[] = {
	{"mhlw_hpki_root_ca_v2.cer", "6ED2796B1B101736D952185787CB36DA9CE80522CC8CB7B5CE728B61BE1B674C", "",
	 "20140117", "20440116", CERT_UNKNOWN},
	{"medis_sign_ca.cer", "5F497E73F986C4503EB25EB94851A79193D2EDC8F829F32E930A61F0B569E033",
	 "1.2.392.100495.1.5.1.1.3.1", "20150420", "20350419", CERT_HPKI_SIGN},
	{"medis_auth_ca.cer", "476B64DDD92129CAD257906D206FFF4E8E32390FAF2F64892F6C810CFFF54BC3",
	 "1.2.392.100495.1.5.1.2.3.1", "20170317", "20370316", CERT_HPKI_AUTH_PERSON},
};

static void path_of(const char *file, char path[4096])
{
	const char *data = getenv("INKAN_TEST_DATA"), *srcdir = getenv("srcdir");

	if (data)
		snprintf(path, 4096, "%s/hpki-ca/%s", data, file);
	else
		snprintf(path, 4096, "%s/../shared/data/hpki-ca/%s", srcdir ? srcdir : ".", file);
}

static struct cert *load(const struct crypto *c, const char *file)
{
	uint8_t data[4096];
	char path[4096];
	struct cert *cert;
	size_t n;
	FILE *f;

	path_of(file, path);
	f = fopen(path, "rb");
	ck_assert_ptr_nonnull(f);
	n = fread(data, 1, sizeof data, f);
	fclose(f);
	ck_assert_int_eq(cert_parse(c, (struct bytes){data, n}, &cert), E_OK);
	return cert;
}

START_TEST(what_it_says)
{
	struct der sha256 = der_draw(cas[_i].sha256);
	struct crypto *c;
	struct cert *cert;

	ck_assert_int_eq(crypto_new(&c), E_OK);
	cert = load(c, cas[_i].file);
	ck_assert_mem_eq(cert->sha256, sha256.data, 32);
	ck_assert_str_eq(cert->policy, cas[_i].policy);
	ck_assert_str_eq(cert->start, cas[_i].start);
	ck_assert_str_eq(cert->end, cas[_i].end);
	ck_assert_int_eq(cert->kind, cas[_i].kind);
	ck_assert(cert->ca && cert->roles.n == 0 && !cert->roles_broken);
	ck_assert_int_eq(cert->production, cert->kind != CERT_UNKNOWN);
	ck_assert_uint_eq(cert->modulus.len, 256);
	cert_free(&cert);
	crypto_free(&c);
}
END_TEST

START_TEST(the_root_has_signed_it)
{
	struct cert *root, *cert;
	struct crypto *c;

	ck_assert_int_eq(crypto_new(&c), E_OK);
	root = load(c, cas[0].file);
	cert = load(c, cas[_i].file);
	ck_assert_uint_eq(cert->issuer.len, root->subject.len);
	ck_assert_mem_eq(cert->issuer.data, root->subject.data, root->subject.len);
	ck_assert_int_eq(X509_verify(cert->x509, root->key), 1);
	cert_free(&cert);
	cert_free(&root);
	crypto_free(&c);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("hpki_ca");
	TCase *t = tcase_create("hpki_ca");
	SRunner *r = srunner_create(s);
	char path[4096];
	int failed;

	suite_add_tcase(s, t);
	tcase_add_loop_test(t, what_it_says, 0, sizeof cas / sizeof *cas);
	tcase_add_loop_test(t, the_root_has_signed_it, 0, sizeof cas / sizeof *cas);
	path_of(cas[0].file, path);
	if (access(path, R_OK) != 0) {
		printf("skipped: %s is not there (set INKAN_TEST_DATA)\n", path);
		srunner_free(r);
		return 77;
	}
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
