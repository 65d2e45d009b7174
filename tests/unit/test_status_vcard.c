/* SPDX-License-Identifier: BSD-2-Clause */
/* The lists of an HPKI that is like the Ministry's: SARL and RARL of one root with
 * a critical IDP of a directoryName alone; and JPKI's. libcrypto has a say. */
#include "config.h"
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <sys/stat.h>
#include <unistd.h>
#include <openssl/pem.h>
#include "status/status.h"
#include "tests/unit/test_vcard.h"

static char folder[64], place[80];
static struct crypto *crypto;
static struct trust *trust;
static struct store *store;
static struct status_rules rules;

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static struct cert *cert_of(X509 *x)
{
	unsigned char *der = NULL;
	int n = i2d_X509(x, &der);
	struct cert *cert;

	ck_assert_int_gt(n, 0);
	ck_assert_int_eq(cert_parse(crypto, (struct bytes){der, (size_t)n}, &cert), E_OK);
	OPENSSL_free(der);
	X509_free(x);
	return cert;
}

static struct cert *holder(enum vcard_kind kind, const char *name, bool revoked)
{
	struct vcard_spec spec = spec_of(kind);
	struct vcard *card;
	struct cert *cert;

	spec.pki = folder;
	if (name)
		spec.name = name;
	spec.revoked = revoked;
	card = card_of(&spec);
	cert = cert_of(certificate_of(card, VCARD_AUTH));
	vcard_free(card);
	return cert;
}

/* Once: its keys cost more than all that is done with them. */
static void make_pki(void)
{
	char why[512] = "";

	strcpy(folder, "/tmp/test-status-vcard-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(place, sizeof place, "%s/store", folder);
	ck_assert_msg(vcard_pki(folder, why, sizeof why), "%s", why);
}

static void remove_pki(void)
{
	nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static void start(void)
{
	const char *anchors = folder, *stores = place;

	ck_assert_int_eq(crypto_new(&crypto), E_OK);
	ck_assert_int_eq(trust_open(crypto, &anchors, 1, &trust), E_OK);
	ck_assert_int_eq(store_open(crypto, &stores, 1, &store), E_OK);
	rules.at = time(NULL);
}

static void stop(void)
{
	store_free(&store);
	trust_free(&trust);
	crypto_free(&crypto);
	nftw(place, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static void put(const char *file)
{
	uint8_t data[8192];
	char path[128];
	enum store_put what;
	size_t n;
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", folder, file);
	f = fopen(path, "rb");
	ck_assert_msg(f, "%s", path);
	n = fread(data, 1, sizeof data, f);
	fclose(f);
	ck_assert_int_eq(store_put(store, trust, (struct bytes){data, n}, &what), E_OK);
	ck_assert_int_eq(what, STORE_NEW);
}

static struct status asked(const struct cert *cert)
{
	struct status_chain whole;
	struct chain chain;

	chain_check(trust, cert, PURPOSE_LOGIN, rules.at, &chain);
	ck_assert_uint_eq(chain.flaws, 0);
	status_of_chain(store, trust, &chain, &rules, &whole);
	return whole.all;
}

/* X509_verify_cert with -crl_check_all, of all that lies in the folder. */
static int theirs(const struct cert *cert)
{
	static const char *const files[] = {"root.pem", "hpki-auth-ca.pem"}, *const lists[] = {"sarl.crl", "rarl.crl", "hpki-auth.crl"};
	X509_STORE *s = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	const uint8_t *p = cert->der.data;
	X509 *x = d2i_X509(NULL, &p, (long)cert->der.len);
	char path[128];
	int error;

	for (size_t i = 0; i < 2; i++) {
		snprintf(path, sizeof path, "%s/%s", folder, files[i]);
		ck_assert_int_eq(X509_STORE_load_file(s, path), 1);
	}
	for (size_t i = 0; i < 3; i++) {
		X509_CRL *crl;
		FILE *f;

		snprintf(path, sizeof path, "%s/%s", folder, lists[i]);
		f = fopen(path, "rb");
		crl = d2i_X509_CRL_fp(f, NULL);
		fclose(f);
		ck_assert_int_eq(X509_STORE_add_crl(s, crl), 1);
		X509_CRL_free(crl);
	}
	X509_STORE_CTX_init(ctx, s, x, NULL);
	X509_STORE_CTX_set_flags(ctx, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
	X509_verify_cert(ctx);
	error = X509_STORE_CTX_get_error(ctx);
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(s);
	X509_free(x);
	return error;
}

START_TEST(doctor)
{
	struct cert *good = holder(VCARD_HPKI, NULL, false), *bad = holder(VCARD_HPKI, "HANAKO MIHON", true);
	const struct trusted_ca *ca = trust_next_issuer(trust, good, &(struct issuers){0});
	struct status s = asked(good);

	ck_assert_int_eq(s.why, STATUS_NO_LIST);
	ck_assert_ptr_eq(s.about, good);
	put("hpki-auth.crl");
	put("rarl.crl");
	s = asked(good); /* the RARL says nothing about a subordinate CA */
	ck_assert_int_eq(s.why, STATUS_NO_LIST);
	ck_assert_ptr_eq(s.about, ca->cert);
	ck_assert_int_eq(asked(bad).result, STATUS_REVOKED);
	put("sarl.crl");
	s = asked(good);
	ck_assert_int_eq(s.result, STATUS_GOOD);
	ck_assert_int_eq(s.freshness, STATUS_FRESH);
	ck_assert_int_eq(theirs(good), X509_V_OK);
	s = asked(bad);
	ck_assert_int_eq(s.result, STATUS_REVOKED);
	ck_assert_int_eq(s.reason, 1);
	ck_assert_int_eq(theirs(bad), X509_V_ERR_CERT_REVOKED);
	rules.at += 5 * 24 * 3600L; /* they are valid for four days */
	ck_assert_int_eq(asked(good).why, STATUS_TOO_OLD);
	ck_assert_int_eq(asked(bad).result, STATUS_REVOKED);
	cert_free(&good);
	cert_free(&bad);
}
END_TEST

START_TEST(both_lists_of_the_root)
{
	struct cert *good = holder(VCARD_HPKI, NULL, false);
	const struct trusted_ca *ca = trust_next_issuer(trust, good, &(struct issuers){0}), *root = ca->issuer;
	unsigned of_ca = 0, of_root = 0;
	struct store_lists held;

	put("sarl.crl");
	put("rarl.crl");
	store_lists(store, &(struct list_query){.ca = root, .trust = trust}, &held);
	ck_assert_uint_eq(held.n, 2);
	for (size_t i = 0; i < 2; i++) {
		ck_assert_uint_eq(held.list[i]->defects, 0);
		ck_assert(held.list[i]->only_cas && held.list[i]->point->distpoint);
		of_ca += crl_reasons(held.list[i], ca->cert) != 0;
		of_root += crl_reasons(held.list[i], root->cert) != 0;
		ck_assert((crl_reasons(held.list[i], ca->cert) != 0) != (crl_reasons(held.list[i], root->cert) != 0));
		ck_assert(crl_reasons(held.list[i], good) == 0);
	}
	ck_assert_uint_eq(of_ca, 1);
	ck_assert_uint_eq(of_root, 1);
	store_lists_free(&held);
	cert_free(&good);
}
END_TEST

START_TEST(patient)
{
	struct cert *good = holder(VCARD_JPKI, NULL, false);

	ck_assert_int_eq(good->kind, CERT_JPKI_AUTH);
	ck_assert_int_eq(asked(good).result, STATUS_UNKNOWN);
	ck_assert_int_eq(asked(good).why, STATUS_NOT_PERMITTED);
	put("jpki-auth.crl"); /* a registered verifier has it */
	ck_assert_int_eq(asked(good).result, STATUS_GOOD);
	cert_free(&good);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("status of virtual cards");
	TCase *t = tcase_create("status of virtual cards");

	suite_add_tcase(s, t);
	tcase_set_timeout(t, 300);
	tcase_add_unchecked_fixture(t, make_pki, remove_pki);
	tcase_add_checked_fixture(t, start, stop);
	tcase_add_test(t, doctor);
	tcase_add_test(t, both_lists_of_the_root);
	tcase_add_test(t, patient);
	return run_suite(s);
}
