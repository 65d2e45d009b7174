/* SPDX-License-Identifier: BSD-2-Clause */
/* libinkan's check of Web eID tokens, which are made here by libcrypto's own signing functions. */
#include <check.h>
#include <inkan.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include "make_chain.h"

#define ORIGIN "https://portal.example.jp"
#define NONCE "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="

enum { RSA_KEY, P256, P384, P521, SIGN_KEY, EXPIRED, SERVER, OTHER_CURVE, HOLDERS };
static struct {
	EVP_PKEY *key;
	unsigned char *der;
	int len;
} holders[HOLDERS];

static const struct row {
	const char *name, *hash;
	int holder, half; /* half: of an ECDSA signature, in bytes */
	bool pss;
} rows[] = {
	{"RS256", "SHA256", RSA_KEY, 0, false}, {"RS384", "SHA384", RSA_KEY, 0, false}, {"RS512", "SHA512", RSA_KEY, 0, false},
	{"PS256", "SHA256", RSA_KEY, 0, true},  {"PS384", "SHA384", RSA_KEY, 0, true},  {"PS512", "SHA512", RSA_KEY, 0, true},
	{"ES256", "SHA256", P256, 32, false},   {"ES384", "SHA384", P384, 48, false},   {"ES512", "SHA512", P521, 66, false},
};
#define N_ROWS (sizeof rows / sizeof *rows)

static char folder[64], empty[80];
static struct inkan *ctx;

static void make(void)
{
	static const int keys[HOLDERS] = {CHAIN_KEY_RSA, 2, CHAIN_KEY_P384, CHAIN_KEY_P521, CHAIN_KEY_RSA, CHAIN_KEY_RSA, CHAIN_KEY_RSA,
	                                   CHAIN_KEY_K256};
	const char *const anchors[] = {folder, NULL}, *const lists[] = {empty, NULL};
	const struct inkan_options options = {.size = sizeof options, .anchors = anchors, .lists = lists};
	time_t now = time(NULL);

	strcpy(folder, "/tmp/test-web-eid-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(empty, sizeof empty, "%s/no-lists", folder);
	for (int i = 0; i < HOLDERS; i++) {
		struct link links[3];
		X509 *chain[3];

		chain_plan(links, 3, i == SIGN_KEY ? POLICY_SIGN : POLICY_LOGIN, now);
		links[1].policies = POLICY_LOGIN "," POLICY_SIGN;
		links[2].key = keys[i];
		if (i == EXPIRED)
			chain_mutate(links, 3, 2, M_EXPIRED, now);
		if (i == SERVER)
			chain_mutate(links, 3, 2, M_EKU_SERVER, now);
		chain_make(links, 3, chain);
		for (int k = 0; k < 2 && i == 0; k++) {
			char path[96];
			FILE *f;

			snprintf(path, sizeof path, "%s/%d.pem", folder, k);
			f = fopen(path, "w");
			ck_assert_ptr_nonnull(f);
			ck_assert(PEM_write_X509(f, chain[k]));
			fclose(f);
			ck_assert_int_eq(chmod(path, 0644), 0);
		}
		holders[i].key = chain_key(keys[i]);
		holders[i].len = i2d_X509(chain[2], &holders[i].der);
		for (int k = 0; k < 3; k++)
			X509_free(chain[k]);
	}
	ck_assert_int_eq(inkan_new(&options, &ctx), INKAN_OK);
}

static void clear(void)
{
	char command[128];

	inkan_free(&ctx);
	for (int i = 0; i < HOLDERS; i++)
		OPENSSL_free(holders[i].der);
	snprintf(command, sizeof command, "rm -rf %s", folder);
	ck_assert_int_eq(system(command), 0);
}

/* Of both hashes, one behind the other. */
static size_t sign_data(const struct row *r, EVP_PKEY *key, const unsigned char *data, size_t n, int salt, unsigned char out[600])
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pctx;
	size_t len = 600;

	ck_assert_int_eq(EVP_DigestSignInit_ex(md, &pctx, r->hash, NULL, NULL, key, NULL), 1);
	if (r->pss) {
		ck_assert_int_gt(EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING), 0);
		ck_assert_int_gt(EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, salt), 0);
	}
	ck_assert_int_eq(EVP_DigestSign(md, out, &len, data, n), 1);
	EVP_MD_CTX_free(md);
	return len;
}

static size_t hashes(const struct row *r, const char *a, const char *b, unsigned char data[128])
{
	unsigned n = 0, m = 0;

	ck_assert(EVP_Digest(a, strlen(a), data, &n, EVP_get_digestbyname(r->hash), NULL));
	ck_assert(EVP_Digest(b, strlen(b), data + n, &m, EVP_get_digestbyname(r->hash), NULL));
	return n + m;
}

static size_t raw(int half, const unsigned char *der, size_t n, unsigned char *out)
{
	ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, (long)n);

	ck_assert_ptr_nonnull(sig);
	ck_assert_int_eq(BN_bn2binpad(ECDSA_SIG_get0_r(sig), out, half), half);
	ck_assert_int_eq(BN_bn2binpad(ECDSA_SIG_get0_s(sig), out + half, half), half);
	ECDSA_SIG_free(sig);
	return (size_t)(2 * half);
}

static size_t sign(const struct row *r, int holder, const char *origin, const char *nonce, unsigned char out[600])
{
	unsigned char data[128], der[600];
	size_t n = hashes(r, origin, nonce, data);

	if (!r->half)
		return sign_data(r, holders[holder].key, data, n, RSA_PSS_SALTLEN_DIGEST, out);
	n = sign_data(r, holders[holder].key, data, n, 0, der);
	return raw(r->half, der, n, out);
}

static const struct inkan_rules login = {.size = sizeof login, .purpose = INKAN_PURPOSE_LOGIN, .status = INKAN_STATUS_IGNORE};

/* What the call gives; 100 and the verdict where it is decided. */
static int result(const struct inkan_web_eid *t, const struct inkan_rules *rules)
{
	struct inkan_cert *cert = NULL;
	struct inkan_decision *d = NULL;
	int e = (int)inkan_web_eid_decide(ctx, t, rules, &cert, &d);

	ck_assert_int_eq(cert != NULL, e == INKAN_OK);
	ck_assert_int_eq(d != NULL, e == INKAN_OK);
	if (e == INKAN_OK)
		e = 100 + (int)inkan_decision_verdict(d);
	inkan_decision_free(&d);
	inkan_cert_free(&cert);
	return e;
}
#define ACCEPTED (100 + INKAN_VERDICT_ACCEPTED)

static struct inkan_web_eid token(int row, int holder, unsigned char signature[600])
{
	return (struct inkan_web_eid){.size = sizeof(struct inkan_web_eid), .format = "web-eid:1.0", .algorithm = rows[row].name,
	                              .certificate = holders[holder].der, .certificate_len = (size_t)holders[holder].len,
	                              .signature = signature, .signature_len = sign(&rows[row], holder, ORIGIN, NONCE, signature),
	                              .origin = ORIGIN, .nonce = NONCE};
}

static void flip(unsigned char *bytes, size_t i)
{
	bytes[i] = (unsigned char)(bytes[i] ^ 1U << i % 8);
}

START_TEST(good_ones_and_each_byte_of_the_signature)
{
	unsigned char signature[600];
	struct inkan_web_eid t = token(_i, rows[_i].holder, signature);

	ck_assert_int_eq(result(&t, &login), ACCEPTED);
	ck_assert_int_eq(result(&t, NULL), 100 + INKAN_VERDICT_NO_STATUS); /* there are no lists */
	for (size_t i = 0; i < t.signature_len; i++) {
		flip(signature, i);
		ck_assert_int_eq(result(&t, &login), INKAN_E_SIGNATURE);
		flip(signature, i);
	}
	for (size_t n = 0; n <= t.signature_len + 1; n++) {
		struct inkan_web_eid other = t;

		other.signature_len = n;
		ck_assert_int_eq(result(&other, &login), n == t.signature_len ? ACCEPTED : INKAN_E_SIGNATURE);
	}
	/* the same signature by every other name */
	for (size_t i = 0; i < N_ROWS; i++) {
		t.algorithm = rows[i].name;
		ck_assert_int_eq(result(&t, &login), (int)i == _i ? ACCEPTED : INKAN_E_SIGNATURE);
	}
}
END_TEST

START_TEST(each_byte_of_the_rest)
{
	unsigned char signature[600], der[4096];
	struct inkan_web_eid t = token(_i, rows[_i].holder, signature);
	char text[sizeof NONCE];

	strcpy(text, NONCE);
	t.nonce = text;
	for (size_t i = 0; i < strlen(NONCE); i++) {
		text[i] ^= 1;
		ck_assert_int_eq(result(&t, &login), INKAN_E_SIGNATURE);
		text[i] ^= 1;
	}
	ck_assert_int_eq(result(&t, &login), ACCEPTED);
	memcpy(der, t.certificate, t.certificate_len);
	t.certificate = der;
	for (size_t i = 0; i < t.certificate_len; i++) {
		int e;

		flip(der, i);
		e = result(&t, &login);
		ck_assert_msg(e == INKAN_E_FORMAT || e == INKAN_E_SIGNATURE || (e > 100 && e != ACCEPTED), "byte %zu: %d", i, e);
		flip(der, i);
	}
	ck_assert_int_eq(result(&t, &login), ACCEPTED);
	t.certificate_len--;
	ck_assert_int_eq(result(&t, &login), INKAN_E_FORMAT);
	t.certificate_len += 2;
	ck_assert_int_eq(result(&t, &login), INKAN_E_FORMAT);
}
END_TEST

START_TEST(names_and_texts)
{
	static const char *const algorithms[] = {"none", "", "HS256", "rs256", "RS256 ", "RS1", "ES256K", "EdDSA", "RS256,none"};
	static const char *const formats[] = {"", "web-eid", "web-eid:", "web-eid:0.9", "web-eid:2.0", "web-eid:10", "Web-eID:1.0", " web-eid:1.0"};
	static const char *const origins[] = {"", "https://", "http://portal.example.jp", "wss://portal.example.jp", "portal.example.jp",
	                                      ORIGIN "/", ORIGIN "/x", ORIGIN "?", ORIGIN "#", ORIGIN ":443", ORIGIN ":", ORIGIN ":0443",
	                                      ORIGIN ":123456", ORIGIN ":80x", "https://Portal.example.jp", "https://a@portal.example.jp",
	                                      "https://ポータル.example.jp", ORIGIN " ", ORIGIN "\n", "https://[", "https://[]", "https://[::1]x", "https://::1", ORIGIN ":65536", "https://a..b", "https:///x"};
	unsigned char signature[600];
	struct inkan_web_eid t = token(0, RSA_KEY, signature);
	char nonce[140], origin[300];

	for (size_t i = 0; i < sizeof algorithms / sizeof *algorithms; i++) {
		t.algorithm = algorithms[i];
		ck_assert_int_eq(result(&t, &login), INKAN_E_FORMAT);
	}
	t.algorithm = "RS256";
	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
		t.format = formats[i];
		ck_assert_int_eq(result(&t, &login), INKAN_E_FORMAT);
	}
	t.format = "web-eid:1.1";
	ck_assert_int_eq(result(&t, &login), ACCEPTED);
	t.format = "web-eid:1";
	ck_assert_int_eq(result(&t, &login), ACCEPTED);
	for (size_t i = 0; i < sizeof origins / sizeof *origins; i++) {
		t.origin = origins[i];
		ck_assert_msg(result(&t, &login) == INKAN_E_ARGUMENT, "%s", origins[i]);
	}
	for (int n = 230; n <= 231; n++) { /* 255 and 256 characters */
		snprintf(origin, sizeof origin, "%s%0*d", ORIGIN, n, 0);
		t.origin = origin;
		t.signature_len = sign(&rows[0], RSA_KEY, origin, NONCE, signature);
		ck_assert_int_eq(result(&t, &login), strlen(origin) <= 255 ? ACCEPTED : INKAN_E_ARGUMENT);
	}
	t.origin = ORIGIN ":8443";
	t.signature_len = sign(&rows[0], RSA_KEY, t.origin, NONCE, signature);
	ck_assert_int_eq(result(&t, &login), ACCEPTED);
	t.origin = ORIGIN;
	ck_assert_int_eq(result(&t, &login), INKAN_E_SIGNATURE);
	for (int n = 43; n <= 129; n++) {
		snprintf(nonce, sizeof nonce, "%0*d", n, 0);
		t.nonce = nonce;
		t.signature_len = sign(&rows[0], RSA_KEY, ORIGIN, nonce, signature);
		ck_assert_int_eq(result(&t, &login), n >= 44 && n <= 128 ? ACCEPTED : INKAN_E_ARGUMENT);
	}
}
END_TEST

START_TEST(what_else_could_be_signed)
{
	const struct row *rs = &rows[0], *ps = &rows[3], *es = &rows[6];
	unsigned char signature[600], data[128], other[600];
	struct inkan_web_eid t = token(0, RSA_KEY, signature);
	size_t n;

	/* the two in another order, the texts without their hashes, the origin alone */
	n = hashes(rs, NONCE, ORIGIN, data);
	sign_data(rs, holders[RSA_KEY].key, data, n, 0, signature);
	ck_assert_int_eq(result(&t, &login), INKAN_E_SIGNATURE);
	sign_data(rs, holders[RSA_KEY].key, (const unsigned char *)ORIGIN NONCE, strlen(ORIGIN NONCE), 0, signature);
	ck_assert_int_eq(result(&t, &login), INKAN_E_SIGNATURE);
	n = hashes(rs, ORIGIN, NONCE, data);
	sign_data(rs, holders[RSA_KEY].key, data, n / 2, 0, signature);
	ck_assert_int_eq(result(&t, &login), INKAN_E_SIGNATURE);
	/* another salt (RFC 7518 3.5); the DER of ECDSA; r and s of zero */
	t = token(3, RSA_KEY, signature);
	sign_data(ps, holders[RSA_KEY].key, data, n, 20, signature);
	ck_assert_int_eq(result(&t, &login), INKAN_E_SIGNATURE);
	t = token(6, P256, signature);
	t.signature_len = sign_data(es, holders[P256].key, data, n, 0, other);
	t.signature = other;
	ck_assert_int_eq(result(&t, &login), INKAN_E_SIGNATURE);
	memset(signature, 0, 64);
	t.signature = signature;
	t.signature_len = 64;
	ck_assert_int_eq(result(&t, &login), INKAN_E_SIGNATURE);
	/* another curve of that size (3.4) */
	t = token(6, OTHER_CURVE, signature);
	ck_assert_int_eq(result(&t, &login), INKAN_E_SIGNATURE);
	/* another one's certificate */
	t = token(0, RSA_KEY, signature);
	t.certificate = holders[P256].der;
	t.certificate_len = (size_t)holders[P256].len;
	ck_assert_int_eq(result(&t, &login), INKAN_E_SIGNATURE);
}
END_TEST

START_TEST(decided_as_a_login)
{
	unsigned char signature[600];
	struct inkan_rules rules = login;
	struct inkan_web_eid t = token(0, SIGN_KEY, signature);
	struct {
		struct inkan_rules rules;
		char more[64];
	} longer = {.rules = login};

	/* without digitalSignature: whatever the purpose is said to be */
	for (int p = INKAN_PURPOSE_ANY; p <= INKAN_PURPOSE_SIGN; p++) {
		rules.purpose = (enum inkan_purpose)p;
		ck_assert_int_eq(result(&t, &rules), 100 + INKAN_VERDICT_BAD_CHAIN);
	}
	t = token(0, SERVER, signature);
	ck_assert_int_eq(result(&t, &login), 100 + INKAN_VERDICT_BAD_CHAIN);
	t = token(0, EXPIRED, signature);
	ck_assert_int_eq(result(&t, &login), 100 + INKAN_VERDICT_NOT_VALID);
	rules = login;
	rules.roles = (const char *const[]){"Medical Doctor", NULL};
	t = token(0, RSA_KEY, signature);
	ck_assert_int_eq(result(&t, &rules), 100 + INKAN_VERDICT_NO_ROLE);
	/* programs of other versions */
	longer.rules.size = sizeof longer;
	ck_assert_int_eq(result(&t, &longer.rules), ACCEPTED);
	longer.more[0] = 1;
	ck_assert_int_eq(result(&t, &longer.rules), INKAN_E_ARGUMENT);
	t.size = 4;
	ck_assert_int_eq(result(&t, &login), INKAN_E_ARGUMENT);
}
END_TEST

START_TEST(nothing_where_something_is_wanted)
{
	unsigned char signature[600];
	struct inkan_web_eid good = token(0, RSA_KEY, signature);
	struct inkan_cert *cert;
	struct inkan_decision *d;

	for (int i = 0; i < 6; i++) {
		struct inkan_web_eid t = good;
		const char **texts[] = {&t.format, &t.algorithm, &t.origin, &t.nonce};
		const void **bytes[] = {&t.certificate, &t.signature};

		if (i < 4)
			*texts[i] = NULL;
		else
			*bytes[i - 4] = NULL;
		ck_assert_int_eq(result(&t, &login), INKAN_E_ARGUMENT);
	}
	ck_assert_int_eq(result(NULL, &login), INKAN_E_ARGUMENT);
	ck_assert_int_eq(inkan_web_eid_decide(NULL, &good, &login, &cert, &d), INKAN_E_ARGUMENT);
	ck_assert_int_eq(inkan_web_eid_decide(ctx, &good, &login, NULL, &d), INKAN_E_ARGUMENT);
	ck_assert_int_eq(inkan_web_eid_decide(ctx, &good, &login, &cert, NULL), INKAN_E_ARGUMENT);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("web-eid");
	TCase *t = tcase_create("tokens");
	SRunner *runner = srunner_create(s);
	int failed;

	suite_add_tcase(s, t);
	tcase_set_timeout(t, 60);
	tcase_add_unchecked_fixture(t, make, clear);
	tcase_add_loop_test(t, good_ones_and_each_byte_of_the_signature, 0, N_ROWS);
	tcase_add_loop_test(t, each_byte_of_the_rest, 0, N_ROWS);
	tcase_add_test(t, names_and_texts);
	tcase_add_test(t, what_else_could_be_signed);
	tcase_add_test(t, decided_as_a_login);
	tcase_add_test(t, nothing_where_something_is_wanted);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
