/* SPDX-License-Identifier: BSD-2-Clause */
/* One list: what is read of it, whom it is about, what is refused. */
#include "config.h"
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/err.h>
#include "make_crl.h"
#include "status/crl.h"

#define NOW ((time_t)1790000000)
#define DAY ((time_t)86400)
#define CA "Test CA"

static struct crypto *crypto;
static struct trusted_ca ca;

static void start(void)
{
	ck_assert_int_eq(crypto_new(&crypto), E_OK);
	ca = make_ca(crypto, CA, 0, NULL);
}

static void stop(void)
{
	cert_free(&ca.cert);
	crypto_free(&crypto);
}

static struct list_spec plain(const char *conf)
{
	return (struct list_spec){.issuer = CA, .from = NOW - DAY, .to = NOW + DAY, .number = "0102", .conf = conf};
}

static enum error try_open(const struct list_spec *spec, struct crl **crl)
{
	struct bytes der = make_list(spec);
	enum error ok = crl_open(crypto, der, ca.cert, crl);

	made_free(&der);
	return ok;
}

static struct crl *opened(const struct list_spec *spec)
{
	struct crl *crl;

	ck_assert_int_eq(try_open(spec, &crl), E_OK);
	return crl;
}

static struct cert *person(long serial, const char *conf)
{
	return make_person(crypto, &(struct cert_spec){CA, "Person", 0, 1, serial, conf});
}

START_TEST(fields)
{
	struct list_spec spec = plain("[exts]\nissuingDistributionPoint = critical,@idp\n[idp]\n"
	                              "fullname = URI:http://a.example/\nonlyuser = TRUE\n");
	struct crl *crl = opened(&spec);
	uint8_t key[64];

	ck_assert_int_eq(crl->this_update, NOW - DAY);
	ck_assert_int_eq(crl->next_update, NOW + DAY);
	ck_assert_uint_eq(crl->number_len, 2);
	ck_assert_mem_eq(crl->number, "\x01\x02", 2);
	ck_assert(crl->point && crl->only_users && !crl->only_cas);
	ck_assert_int_eq(crl->only_reasons, -1);
	ck_assert_uint_eq(crl->defects, 0);
	ck_assert_uint_eq(crl->n, 0);
	/* SEQUENCE { [0] { [0] { [6] "http://a.example/" } }, [1] TRUE }, by hand */
	EVP_Digest(ca.cert->spki.data, ca.cert->spki.len, key, NULL, EVP_sha256(), NULL);
	EVP_Digest("\x30\x1a\xa0\x15\xa0\x13\x86\x11http://a.example/\x81\x01\xff", 28, key + 32, NULL, EVP_sha256(), NULL);
	ck_assert_mem_eq(crl->key, key, 64);
	crl_free(&crl);
}
END_TEST

START_TEST(numbers)
{
	static const struct {
		const char *hex;
		size_t len; /* 99: refused */
	} rows[] = {{"00", 1}, {"7F", 1}, {"80", 1}, {"FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF", 20},
	            {"01FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF", 99}, {"-05", 99}, {NULL, 0}};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct list_spec spec = plain(NULL);
		struct crl *crl;

		spec.number = rows[i].hex;
		ck_assert_int_eq(try_open(&spec, &crl), rows[i].len == 99 ? E_FORMAT : E_OK);
		ck_assert(!crl || crl->number_len == rows[i].len);
		crl_free(&crl);
	}
}
END_TEST

START_TEST(order)
{
	static const struct {
		const char *number;
		int from;
		bool newer; /* than number 0102 of day 0 */
	} rows[] = {{"0103", 0, true},  {"0103", 1, true},  {"0102", 1, true}, {"0102", 0, false}, {"0101", 1, false},
	            {"0103", -1, false}, {"FF", 1, false}, {"010000", 0, true}, {NULL, 1, true},    {NULL, 0, false}};
	struct list_spec spec = plain(NULL);
	struct crl *held = opened(&spec), *crl;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		spec = plain(NULL);
		spec.number = rows[i].number;
		spec.from += rows[i].from * DAY / 2;
		crl = opened(&spec);
		ck_assert_msg(crl_newer(crl, held, NOW) == rows[i].newer, "row %zu", i);
		crl_free(&crl);
	}
	crl_free(&held);
}
END_TEST

START_TEST(signers)
{
	struct trusted_ca twin = make_ca(crypto, CA, 2, NULL), other = make_ca(crypto, "Other CA", 0, NULL),
	                  mute = make_ca(crypto, CA, 0, "keyUsage = critical,keyCertSign"),
	                  free_ca = make_ca(crypto, CA, 0, "subjectKeyIdentifier = hash");
	struct list_spec spec = plain(NULL);
	struct bytes der = make_list(&spec);
	struct crl *crl;

	ck_assert_int_eq(crl_open(crypto, der, twin.cert, &crl), E_SIGNATURE);
	ck_assert_ptr_null(crl);
	ck_assert_int_eq(crl_open(crypto, der, other.cert, &crl), E_NOT_FOUND);
	ck_assert_int_eq(crl_open(crypto, der, mute.cert, &crl), E_SIGNATURE);
	ck_assert_int_eq(crl_open(crypto, der, free_ca.cert, &crl), E_OK);
	crl_free(&crl);
	made_free(&der);
	cert_free(&twin.cert);
	cert_free(&other.cert);
	cert_free(&mute.cert);
	cert_free(&free_ca.cert);
}
END_TEST

/* RFC 5280 5.1.1.2: signed properly, but the algorithm inside is said to be
 * another one (ecdsa-with-SHA384) than outside. */
START_TEST(two_algorithms)
{
	struct list_spec spec = plain(NULL);
	struct bytes der = make_list(&spec), in = der;
	uint8_t tbs[1024], out[2048], signature[128];
	size_t n = sizeof signature - 1, body;
	struct tlv list, part, algorithm;
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	struct crl *crl;

	ck_assert(tlv_next(&in, &list) && tlv_next(&list.value, &part) && tlv_next(&list.value, &algorithm));
	memcpy(tbs, part.whole.data, part.whole.len);
	for (size_t i = 0; i < part.whole.len - algorithm.whole.len; i++) {
		if (memcmp(tbs + i, algorithm.whole.data, algorithm.whole.len) == 0)
			tbs[i + algorithm.whole.len - 1] = 3;
	}
	ck_assert_mem_ne(tbs, part.whole.data, part.whole.len);
	signature[0] = 0;
	ck_assert_int_eq(EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, make_ec_key(0)), 1);
	ck_assert_int_eq(EVP_DigestSign(md, signature + 1, &n, tbs, part.whole.len), 1);
	body = 4;
	memcpy(out + body, tbs, part.whole.len);
	body += part.whole.len;
	memcpy(out + body, algorithm.whole.data, algorithm.whole.len);
	body += algorithm.whole.len;
	out[body++] = 0x03;
	out[body++] = (uint8_t)(1 + n); /* a signature by P-256 is that short */
	memcpy(out + body, signature, 1 + n);
	body += 1 + n;
	memcpy(out, (uint8_t[]){0x30, 0x82, (uint8_t)((body - 4) >> 8), (uint8_t)(body - 4)}, 4);
	EVP_MD_CTX_reset(md);
	ck_assert_int_eq(EVP_DigestVerifyInit(md, NULL, EVP_sha256(), NULL, make_ec_key(0)), 1);
	ck_assert_int_eq(EVP_DigestVerify(md, signature + 1, n, out + 4, part.whole.len), 1);
	ck_assert_int_ne(crl_open(crypto, (struct bytes){out, body}, ca.cert, &crl), E_OK);
	EVP_MD_CTX_free(md);
	made_free(&der);
}
END_TEST

START_TEST(damaged)
{
	const struct entry_spec entry = {.serial = 5, .revoked = NOW, .reason = 1};
	struct list_spec spec = plain("[exts]\nissuingDistributionPoint = critical,@idp\n[idp]\nonlyuser = TRUE\n");
	struct bytes der;
	struct crl *crl;
	uint8_t *copy;

	spec.entries = &entry;
	spec.n = 1;
	der = make_list(&spec);
	copy = malloc(der.len + 1);
	ERR_clear_error();
	for (size_t n = 0; n < der.len; n++) {
		memcpy(copy, der.data, der.len);
		ck_assert_int_eq(crl_open(crypto, (struct bytes){copy, n}, ca.cert, &crl), E_FORMAT);
		for (int bit = 0; bit < 8; bit++) {
			copy[n] = (uint8_t)(der.data[n] ^ 1 << bit);
			ck_assert_int_ne(crl_open(crypto, (struct bytes){copy, der.len}, ca.cert, &crl), E_OK);
			ck_assert_ptr_null(crl);
		}
	}
	memcpy(copy, der.data, der.len);
	copy[der.len] = 0;
	ck_assert_int_eq(crl_open(crypto, (struct bytes){copy, der.len + 1}, ca.cert, &crl), E_FORMAT);
	ck_assert_uint_eq(ERR_peek_error(), 0);
	free(copy);
	made_free(&der);
}
END_TEST

START_TEST(defects)
{
	static const struct {
		const char *conf;
		unsigned defects;
	} rows[] = {
		{"[exts]\n2.5.29.27 = critical,DER:020101\n", CRL_DELTA},
		{"[exts]\nissuingDistributionPoint = critical,@i\n[i]\nindirectCRL = TRUE\n", CRL_INDIRECT},
		{"[exts]\nissuingDistributionPoint = critical,@i\n[i]\nonlyAA = TRUE\n", CRL_ATTRIBUTES},
		{"[exts]\n1.2.3.4 = critical,DER:0500\n", CRL_CRITICAL},
		{"[exts]\n1.2.3.4 = DER:0500\n", 0},
		{"[exts]\nfreshestCRL = URI:http://a.example/\n", 0},
	};
	struct list_spec spec;
	struct crl *crl;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		spec = plain(rows[i].conf);
		crl = opened(&spec);
		ck_assert_uint_eq(crl->defects, rows[i].defects);
		crl_free(&crl);
	}
	spec = plain(NULL);
	spec.to = 0;
	crl = opened(&spec);
	ck_assert_uint_eq(crl->defects, CRL_NO_NEXT);
	ck_assert_int_eq(crl->next_update, 0);
	crl_free(&crl);
}
END_TEST

START_TEST(defects_of_entries)
{
	static const struct {
		const char *extension;
		unsigned defects;
	} rows[] = {{"1.2.3.4 = critical,DER:0500", CRL_CRITICAL},
	            {"1.2.3.4 = DER:0500", 0},
	            {"2.5.29.21 = critical,DER:0A0101", 0},
	            {"2.5.29.29 = critical,DER:3011A40F300D310B300906035504030C025858", CRL_INDIRECT}};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct entry_spec entry = {.serial = 7, .revoked = NOW, .reason = -1, .extension = rows[i].extension};
		struct list_spec spec = plain(NULL);
		struct crl *crl;

		spec.entries = &entry;
		spec.n = 1;
		crl = opened(&spec);
		ck_assert_uint_eq(crl->defects, rows[i].defects);
		crl_free(&crl);
	}
}
END_TEST

/* RFC 5280 5.3.1: an ENUMERATED, once. What is neither takes no entry away. */
START_TEST(odd_reasons)
{
	static const struct {
		int reason;
		const char *extension;
		int read;
	} rows[] = {{6, NULL, 6},
	            {-1, "2.5.29.21 = DER:0A0106", 6},
	            {-1, "2.5.29.21 = DER:020106", -1},
	            {-1, "2.5.29.21 = DER:0A020006", -1},
	            {-1, "2.5.29.21 = DER:0A010B", -1},
	            {1, "2.5.29.21 = DER:0A0106", -1},
	            {8, "2.5.29.21 = DER:0A0108", -1}};
	struct cert *cert = person(7, NULL);

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct entry_spec entry = {.serial = 7, .revoked = NOW, .reason = rows[i].reason, .extension = rows[i].extension};
		struct list_spec spec = plain(NULL);
		struct crl *crl;

		spec.entries = &entry;
		spec.n = 1;
		crl = opened(&spec);
		ck_assert_msg(crl_find(crl, cert)->reason == rows[i].read, "row %zu: %d", i, crl_find(crl, cert)->reason);
		crl_free(&crl);
	}
	cert_free(&cert);
}
END_TEST

/* RFC 5280 5.1.2.4: seconds and Z, and no fractions. */
START_TEST(times_of_other_forms)
{
	static const struct {
		int type;
		const char *text;
		bool taken;
	} forms[] = {{V_ASN1_UTCTIME, "260102030405Z", true}, {V_ASN1_UTCTIME, "2601020304Z", false},
	             {V_ASN1_UTCTIME, "260102030405+0900", false}, {V_ASN1_GENERALIZEDTIME, "20260102030405Z", true},
	             {V_ASN1_GENERALIZEDTIME, "20260102030405.5Z", false}};

	for (size_t i = 0; i < 2 * sizeof forms / sizeof *forms; i++) {
		struct list_spec spec = plain(NULL);
		struct bytes der = make_list(&spec);
		const unsigned char *p = der.data;
		X509_CRL *x = d2i_X509_CRL(NULL, &p, (long)der.len);
		ASN1_TIME *t = (ASN1_TIME *)(uintptr_t)(i % 2 ? X509_CRL_get0_nextUpdate(x) : X509_CRL_get0_lastUpdate(x));
		unsigned char *other = NULL;
		struct crl *crl;
		int n;

		ck_assert(ASN1_STRING_set(t, forms[i / 2].text, -1));
		t->type = forms[i / 2].type;
		ck_assert_int_gt(X509_CRL_sign(x, make_ec_key(0), EVP_sha256()), 0);
		n = i2d_X509_CRL(x, &other);
		ck_assert_msg(crl_open(crypto, (struct bytes){other, (size_t)n}, ca.cert, &crl) == (forms[i / 2].taken ? E_OK : E_FORMAT),
		              "%s", forms[i / 2].text);
		crl_free(&crl);
		OPENSSL_free(other);
		X509_CRL_free(x);
		made_free(&der);
	}
}
END_TEST

START_TEST(found)
{
	struct entry_spec entries[300];
	struct list_spec spec = plain(NULL);
	struct crl *crl;

	for (long i = 0; i < 300; i++) /* odd ones, in no order */
		entries[i] = (struct entry_spec){.serial = (i * 7 % 300) * 2 + 1, .revoked = NOW - i, .reason = (int)(i % 3) - 1};
	spec.entries = entries;
	spec.n = 300;
	crl = opened(&spec);
	ck_assert_uint_eq(crl->n, 300);
	for (long serial = 0; serial <= 601; serial++) {
		struct cert *cert = person(serial, NULL);
		const struct crl_entry *e = crl_find(crl, cert);

		ck_assert_msg((e != NULL) == (serial % 2 == 1 && serial < 600), "%ld", serial);
		for (size_t i = 0; e && i < 300; i++) {
			if (entries[i].serial == serial) {
				ck_assert_int_eq(e->revoked, entries[i].revoked);
				ck_assert_int_eq(e->reason, entries[i].reason);
			}
		}
		cert_free(&cert);
	}
	crl_free(&crl);
}
END_TEST

START_TEST(listed_twice)
{
	const struct entry_spec entries[] = {{.serial = 5, .revoked = NOW, .reason = 8},
	                                     {.serial = 5, .revoked = NOW, .reason = 6},
	                                     {.serial = 5, .revoked = NOW, .reason = 4}};
	struct cert *cert = person(5, NULL);
	struct list_spec spec = plain(NULL);
	struct crl *crl;

	spec.entries = entries;
	for (spec.n = 1; spec.n <= 3; spec.n++) {
		crl = opened(&spec);
		ck_assert_int_eq(crl_find(crl, cert)->reason, entries[spec.n - 1].reason);
		crl_free(&crl);
	}
	cert_free(&cert);
}
END_TEST

/* ---- 6.3.3 (b): the list's IDP, the certificate's points, the reasons */

#define IDP(text) "[exts]\nissuingDistributionPoint = critical,@i\n[dn]\nC=JP\nCN=List 1\n[rel]\nCN=Part\n[i]\n" text "\n"
#define POINTS(text) "[exts]\ncrlDistributionPoints = " text "\n[dn]\nC=JP\nCN=LIST  1\n[dn2]\nC=JP\nCN=List 2\n" \
	"[ca]\nC=JP\nCN=Test CA\n[rel]\nCN=Part\n[relfull]\nC=JP\nCN=Test CA\n1.CN=Part\n" \
	"[p1]\nfullname=dirName:dn\n[p2]\nfullname=dirName:dn2,URI:http://b.example/\n[pr]\nrelativename=rel\n" \
	"[pf]\nfullname=dirName:relfull\n[pi]\nfullname=dirName:dn\nCRLissuer=dirName:ca\n[pn]\nCRLissuer=dirName:dn\n" \
	"[pk]\nfullname=dirName:dn\nreasons=keyCompromise,CACompromise\n[ps]\nfullname=dirName:dn\nreasons=superseded\n" \
	"[pca]\nfullname=dirName:ca\n"
#define KEYS ((1U << 1) | (1U << 2))

static const struct {
	const char *list, *cert;
	unsigned reasons;
} scopes[] = {
	{NULL, NULL, CRL_ALL_REASONS},
	{NULL, POINTS("p2"), CRL_ALL_REASONS},
	{NULL, POINTS("pi"), CRL_ALL_REASONS},
	{NULL, POINTS("pk"), CRL_ALL_REASONS},
	{NULL, "[exts]\n2.5.29.31 = DER:3003020101\n", 0},
	/* as in real HPKI CA certificates: a directory name, then a URL; compared canonically */
	{IDP("fullname=dirName:dn"), POINTS("p1,URI:http://a.example/"), CRL_ALL_REASONS},
	{IDP("fullname=dirName:dn"), POINTS("URI:http://a.example/,p1"), CRL_ALL_REASONS},
	{IDP("fullname=dirName:dn"), POINTS("URI:http://a.example/"), 0},
	{IDP("fullname=dirName:dn"), POINTS("p2"), 0},
	{IDP("fullname=URI:http://b.example/"), POINTS("p1,p2"), CRL_ALL_REASONS},
	{IDP("fullname=URI:http://b.example/"), POINTS("URI:http://B.example/"), 0},
	{IDP("fullname=URI:http://c.example/,dirName:dn"), POINTS("p2,p1"), CRL_ALL_REASONS},
	{IDP("fullname=dirName:dn"), NULL, 0},
	/* names relative to the issuer */
	{IDP("relativename=rel"), POINTS("pr"), CRL_ALL_REASONS},
	{IDP("relativename=rel"), POINTS("pf"), CRL_ALL_REASONS},
	{IDP("relativename=rel"), POINTS("p1"), 0},
	{IDP("fullname=dirName:dn"), POINTS("pr"), 0},
	/* points of another issuer's indirect list, or without a name */
	{IDP("fullname=dirName:dn"), POINTS("pi"), 0},
	{IDP("fullname=dirName:dn"), POINTS("pn"), 0},
	{IDP("fullname=dirName:dn"), POINTS("pi,p1"), CRL_ALL_REASONS},
	/* reasons: of the point, of the list, of both, of several points */
	{IDP("fullname=dirName:dn"), POINTS("pk"), KEYS},
	{IDP("fullname=dirName:dn"), POINTS("pk,ps"), KEYS | 1U << 4},
	{IDP("fullname=dirName:dn\nonlysomereasons=keyCompromise,superseded"), POINTS("pk"), 1U << 1},
	{IDP("fullname=dirName:dn\nonlysomereasons=keyCompromise,superseded"), POINTS("p1"), 1U << 1 | 1U << 4},
	{IDP("onlysomereasons=CACompromise,keyCompromise"), NULL, KEYS},
	{IDP("fullname=dirName:dn\nonlysomereasons=affiliationChanged"), POINTS("pk"), 0},
	/* users and authorities */
	{IDP("onlyuser=TRUE"), NULL, CRL_ALL_REASONS},
	{IDP("onlyCA=TRUE"), NULL, 0},
	{IDP("onlyAA=TRUE"), NULL, 0},
	{IDP("onlyCA=TRUE"), "[exts]\nbasicConstraints=CA:true\n", CRL_ALL_REASONS},
	{IDP("onlyuser=TRUE"), "[exts]\nbasicConstraints=CA:true\n", 0},
	{IDP("onlyuser=TRUE\nonlyCA=TRUE"), "[exts]\nbasicConstraints=CA:true\n", 0},
};

START_TEST(scope)
{
	struct list_spec spec = plain(scopes[_i].list);
	struct crl *crl = opened(&spec);
	struct cert *cert = person(5, scopes[_i].cert);

	ck_assert_uint_eq(crl_reasons(crl, cert), scopes[_i].reasons);
	cert_free(&cert);
	crl_free(&crl);
}
END_TEST

/* 6.3.3, end: a certificate without points has its issuer's name as one. */
START_TEST(scope_by_issuer)
{
	struct list_spec spec = plain("[exts]\nissuingDistributionPoint=critical,@i\n[ca]\nC=JP\nCN=Test CA\n[i]\nfullname=dirName:ca\n");
	struct crl *crl = opened(&spec);
	struct cert *bare = person(5, NULL), *elsewhere = person(5, POINTS("p1")), *here = person(5, POINTS("pca")),
	            *foreign = make_person(crypto, &(struct cert_spec){"Other CA", "Person", 0, 1, 5, NULL});

	ck_assert(crl_reasons(crl, bare) != 0);
	ck_assert(crl_reasons(crl, here) != 0);
	ck_assert(crl_reasons(crl, elsewhere) == 0);
	ck_assert(crl_reasons(crl, foreign) == 0);
	cert_free(&bare);
	cert_free(&here);
	cert_free(&elsewhere);
	cert_free(&foreign);
	crl_free(&crl);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("crl");
	TCase *t = tcase_create("crl");
	SRunner *r = srunner_create(s);
	int failed;

	suite_add_tcase(s, t);
	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, start, stop);
	tcase_add_test(t, fields);
	tcase_add_test(t, numbers);
	tcase_add_test(t, order);
	tcase_add_test(t, signers);
	tcase_add_test(t, two_algorithms);
	tcase_add_test(t, damaged);
	tcase_add_test(t, defects);
	tcase_add_test(t, defects_of_entries);
	tcase_add_test(t, odd_reasons);
	tcase_add_test(t, times_of_other_forms);
	tcase_add_test(t, found);
	tcase_add_test(t, listed_twice);
	tcase_add_loop_test(t, scope, 0, sizeof scopes / sizeof *scopes);
	tcase_add_test(t, scope_by_issuer);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
