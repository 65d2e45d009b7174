/* SPDX-License-Identifier: BSD-2-Clause */
/* The real CA certificates of HPKI, from $INKAN_TEST_DATA/hpki-ca; what is
 * expected of them stands in the Ministry's and the CAs' publications. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <openssl/x509v3.h>
#include "cert/chain.h"
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
	ck_assert_uint_eq(cert->key.parts[0].len, 256);
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
	ck_assert_int_eq(X509_verify(cert->x509, root->key.pkey), 1);
	cert_free(&cert);
	cert_free(&root);
	crypto_free(&c);
}
END_TEST

/* hpki.md 3.1: a directoryName, and a URL; the root's own list is another. */
START_TEST(two_distribution_points)
{
	const char *url = _i == 0 ? "http://hpki.mhlw.go.jp/repository/rlist/rarl2.crl" :
	                            "http://hpki.mhlw.go.jp/repository/rlist/sarl2.crl";
	bool name = false, same_url = false;
	CRL_DIST_POINTS *points;
	struct crypto *c;
	struct cert *cert;

	ck_assert_int_eq(crypto_new(&c), E_OK);
	cert = load(c, cas[_i].file);
	points = X509_get_ext_d2i(cert->x509, NID_crl_distribution_points, NULL, NULL);
	ck_assert_int_eq(sk_DIST_POINT_num(points), 2);
	for (int i = 0; i < 2; i++) {
		const GENERAL_NAMES *names = sk_DIST_POINT_value(points, i)->distpoint->name.fullname;
		const GENERAL_NAME *first = sk_GENERAL_NAME_value(names, 0);

		name = name || first->type == GEN_DIRNAME;
		same_url = same_url || (first->type == GEN_URI &&
		                        strcmp((const char *)ASN1_STRING_get0_data(first->d.ia5), url) == 0);
	}
	ck_assert(name && same_url);
	CRL_DIST_POINTS_free(points);
	cert_free(&cert);
	crypto_free(&c);
}
END_TEST

/* Nothing speaks against them but that they are CAs; the root has no policy. */
START_TEST(chains_to_the_root)
{
	const time_t at = 1790000000; /* 2026-09-21 */
	struct cert *all[3];
	struct trust *trust;
	struct chain chain;
	struct crypto *c;

	ck_assert_int_eq(crypto_new(&c), E_OK);
	for (size_t i = 0; i < 3; i++)
		all[i] = load(c, cas[i].file);
	ck_assert_int_eq(trust_of(c, (const struct cert *const *)all, 3, &trust), E_OK);
	ck_assert_uint_eq(trust->n, 3);
	for (size_t i = 0; i < 3; i++) {
		ck_assert(trust->list[i]->sound);
		ck_assert_int_eq(trust->list[i]->anchor, i == 0);
		chain_check(trust, all[i], PURPOSE_ANY, at, &chain);
		ck_assert_uint_eq(chain.flaws, i == 0 ? FLAW_IS_CA | FLAW_POLICY : FLAW_IS_CA);
		ck_assert_uint_eq(chain.n, 1);
		ck_assert_ptr_eq(chain.cas[0], trust->list[0]);
		chain_check(trust, all[i], PURPOSE_ANY, at + (time_t)100 * 366 * 86400, &chain);
		ck_assert(chain.flaws & FLAW_EXPIRED);
	}
	trust_free(&trust);
	for (size_t i = 0; i < 3; i++)
		cert_free(&all[i]);
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
	tcase_add_loop_test(t, two_distribution_points, 0, sizeof cas / sizeof *cas);
	tcase_add_test(t, chains_to_the_root);
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
