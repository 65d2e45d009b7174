/* SPDX-License-Identifier: BSD-2-Clause */
/* chain_check beside X509_verify_cert: one thing wrong at each place of a chain,
 * and thousands of chains with up to three. Where the answers differ on purpose,
 * the difference is in the table `ours` with the paragraph that it stands on. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/x509v3.h>
#include "cert/chain.h"
#include "make_chain.h"

#define AT ((time_t)1790000000)

static struct crypto *crypto;

struct trial {
	struct link links[LINKS_MAX];
	enum mutation mutations[3];
	size_t places[3], changes;
	size_t n;
	enum purpose purpose;
	const char *policy;
	X509 *x509[LINKS_MAX];
	struct cert *cert[LINKS_MAX];
};

static void start(void)
{
	ck_assert_int_eq(crypto_new(&crypto), E_OK);
}

static void stop(void)
{
	crypto_free(&crypto);
}

static struct cert *parse(X509 *x)
{
	unsigned char *der = NULL;
	int len = i2d_X509(x, &der);
	struct cert *cert;

	ck_assert_int_gt(len, 0);
	ck_assert_int_eq(cert_parse(crypto, (struct bytes){der, (size_t)len}, &cert), E_OK);
	OPENSSL_free(der);
	return cert;
}

static void plan(struct trial *t, size_t n, enum purpose purpose)
{
	*t = (struct trial){.n = n, .purpose = purpose,
	                    .policy = purpose == PURPOSE_SIGN ? POLICY_SIGN : POLICY_LOGIN};
	chain_plan(t->links, n, t->policy, AT);
}

static void change(struct trial *t, size_t place, enum mutation m)
{
	t->places[t->changes] = place;
	t->mutations[t->changes++] = m;
	chain_mutate(t->links, t->n, place, m, AT);
}

static void finish(struct trial *t)
{
	for (size_t i = 0; i < t->n; i++) {
		X509_free(t->x509[i]);
		cert_free(&t->cert[i]);
	}
}

static unsigned ours(struct trial *t, size_t *length)
{
	struct trust *trust;
	struct chain chain;

	for (size_t i = 0; i < t->n; i++)
		t->cert[i] = parse(t->x509[i]);
	ck_assert_int_eq(trust_of(crypto, (const struct cert *const *)t->cert, t->n - 1, &trust), E_OK);
	chain_check(trust, t->cert[t->n - 1], t->purpose, AT, &chain);
	*length = chain.n;
	trust_free(&trust);
	return chain.flaws;
}

/* The same question to libcrypto: strength of 112 bits, the policy that the leaf is
 * known by, the purpose. */
static bool theirs(const struct trial *t, int *error)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	STACK_OF(X509) *between = sk_X509_new_null();
	X509 *leaf = t->x509[t->n - 1];
	X509_VERIFY_PARAM *param;
	bool accepted;

	ck_assert(store && ctx && between && X509_STORE_add_cert(store, t->x509[0]));
	for (size_t i = 1; i + 1 < t->n; i++)
		ck_assert(sk_X509_push(between, t->x509[i]) > 0);
	ck_assert(X509_STORE_CTX_init(ctx, store, leaf, between));
	param = X509_STORE_CTX_get0_param(ctx);
	X509_VERIFY_PARAM_set_time(param, AT);
	X509_VERIFY_PARAM_set_auth_level(param, 2);
	X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_POLICY_CHECK | X509_V_FLAG_EXPLICIT_POLICY);
	X509_VERIFY_PARAM_add0_policy(param, OBJ_txt2obj(t->policy, 1));
	if (t->purpose == PURPOSE_LOGIN)
		X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_SSL_CLIENT);
	accepted = X509_verify_cert(ctx) > 0;
	*error = X509_STORE_CTX_get_error(ctx);
	if (t->purpose == PURPOSE_SIGN && !(X509_get_key_usage(leaf) & KU_NON_REPUDIATION))
		accepted = false; /* libcrypto has no such purpose */
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	sk_X509_free(between);
	return accepted;
}

enum { ANCHOR = 1, CA = 2, LEAF = 4 };

/* Where chain_check refuses or accepts on its own. */
static struct {
	enum mutation m, with; /* with M_NONE: alone */
	unsigned places;
	bool accepted;         /* by us */
	const char *why;
	unsigned seen;
} differences[] = {
	{M_LAST_SECOND, M_NONE, ANCHOR | CA | LEAF, true,
	 "RFC 5280 4.1.2.5: notAfter belongs to the validity; libcrypto counts it as over", 0},
	{M_SELF_ISSUED, M_NO_KEY_IDS, CA, true,
	 "RFC 5280 6.1, 4.2.1.1: of CAs of one name the one whose key signed; libcrypto takes the first", 0},
	{M_TWICE, M_NONE, ANCHOR | CA | LEAF, false,
	 "RFC 5280 4.2: no extension may be there twice; libcrypto looks at those it knows only", 0},
	{M_NO_BASIC, M_NONE, ANCHOR, false,
	 "RFC 5280 4.2.1.9, 6.1.4 (k): a CA has basicConstraints; libcrypto takes keyCertSign alone for it", 0},
	{M_VERSION_1, M_NONE, ANCHOR, false,
	 "the same: libcrypto takes a self-signed certificate of version 1 for a CA", 0},
	{M_MANGLED, M_NONE, ANCHOR, false,
	 "RFC 5280 6.1.1 (d) leaves open how an anchor is trusted: here by being self-signed and whole", 0},
	{M_SHA1, M_NONE, ANCHOR, false, "the same: by a signature of 112 bits", 0},
	{M_WRONG_SIGNER, M_NONE, ANCHOR, false, "the same: by its own key", 0},
	{M_NAMES_IN, M_NONE, ANCHOR | CA | LEAF, false,
	 "RFC 5280 4.2: critical and not processed; libcrypto knows of nameConstraints", 0},
	{M_NAMES_OUT, M_NONE, LEAF, false, "the same: in a person's certificate", 0},
	{M_INHIBIT_ANY, M_NONE, ANCHOR | CA | LEAF, false, "the same: inhibitAnyPolicy", 0},
	{M_MAPPING, M_NONE, ANCHOR | CA | LEAF, false, "the same: policyMappings", 0},
	{M_ANY_POLICY, M_NONE, LEAF, false,
	 "RFC 5280 4.2.1.4: a person's certificate says under which policy it was issued", 0},
};

#define N_DIFFERENCES (sizeof differences / sizeof *differences)

static bool has(const struct trial *t, enum mutation m)
{
	for (size_t i = 0; i < t->changes; i++)
		if (t->mutations[i] == m)
			return true;
	return m == M_NONE;
}

static bool may_differ(const struct trial *t, bool accepted)
{
	for (size_t i = 0; i < t->changes; i++)
		for (size_t k = 0; k < N_DIFFERENCES; k++) {
			unsigned place = t->places[i] == 0 ? ANCHOR : t->places[i] + 1 < t->n ? CA : LEAF;

			if (differences[k].m == t->mutations[i] && differences[k].accepted == accepted &&
			    (differences[k].places & place) && has(t, differences[k].with)) {
				differences[k].seen++;
				return true;
			}
		}
	return false;
}

static void compare(struct trial *t, unsigned *accepted, unsigned *differ, unsigned *wrong)
{
	size_t length;
	unsigned flaws;
	bool yes;
	int error;

	chain_make(t->links, t->n, t->x509);
	flaws = ours(t, &length) & ~(unsigned)FLAW_IS_CA; /* libcrypto has no such question */
	yes = theirs(t, &error);
	*accepted += flaws == 0;
	if ((flaws == 0) != yes && may_differ(t, flaws == 0)) {
		++*differ;
	} else if ((flaws == 0) != yes) {
		++*wrong;
		printf("%zu certificates, purpose %d:", t->n, t->purpose);
		for (size_t i = 0; i < t->changes; i++)
			printf(" %d at %zu", t->mutations[i], t->places[i]);
		printf(": flaws %#x, libcrypto: %s\n", flaws, X509_verify_cert_error_string(error));
	}
	finish(t);
}

/* Every mutation at every place of every chain. */
START_TEST(one_thing_wrong)
{
	unsigned accepted = 0, differ = 0, wrong = 0, n = 0;

	for (size_t length = 2; length <= LINKS_MAX; length++)
		for (size_t place = 0; place < length; place++)
			for (enum mutation m = M_NONE; m < M_COUNT; m++)
				for (enum purpose p = PURPOSE_ANY; p <= PURPOSE_SIGN; p++, n++) {
					struct trial t;

					plan(&t, length, p);
					change(&t, place, m);
					compare(&t, &accepted, &differ, &wrong);
				}
	printf("%u chains, %u accepted, %u on purpose not as libcrypto\n", n, accepted, differ);
	ck_assert_uint_eq(wrong, 0);
}
END_TEST

static unsigned next(unsigned n)
{
	static uint64_t state = 20261120;

	state = state * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(state >> 33) % n;
}

/* What is in the table and never happens has no place there. */
static void tell_differences(void)
{
	for (size_t i = 0; i < N_DIFFERENCES; i++) {
		printf("  %4u %s\n", differences[i].seen, differences[i].why);
		ck_assert_uint_gt(differences[i].seen, 0);
	}
}

START_TEST(several_things_wrong)
{
	const char *wanted = getenv("INKAN_TEST_CHAINS");
	unsigned accepted = 0, differ = 0, wrong = 0, n = wanted ? (unsigned)atoi(wanted) : getenv("INKAN_SANITIZERS") ? 300 : 3000;

	for (unsigned i = 0; i < n; i++) {
		struct trial t;

		plan(&t, 2 + next(LINKS_MAX - 1), (enum purpose)next(3));
		for (unsigned changes = 1 + next(3); changes > 0; changes--)
			change(&t, next((unsigned)t.n), (enum mutation)next(M_COUNT));
		compare(&t, &accepted, &differ, &wrong);
	}
	printf("%u chains, %u accepted, %u on purpose not as libcrypto\n", n, accepted, differ);
	ck_assert_uint_eq(wrong, 0);
	if (n >= 3000)
		tell_differences();
}
END_TEST

/* All of them are told, each as what it is. The chain has three certificates. */
static const struct {
	enum purpose purpose;
	struct {
		size_t place;
		enum mutation m;
	} changes[3];
	unsigned flaws;
	size_t length;
} told[] = {
	{PURPOSE_ANY, {{0, M_NONE}}, 0, 2},
	{PURPOSE_LOGIN, {{0, M_NONE}}, 0, 2},
	{PURPOSE_SIGN, {{0, M_NONE}}, 0, 2},
	{PURPOSE_ANY, {{2, M_EXPIRED}}, FLAW_EXPIRED, 2},
	{PURPOSE_ANY, {{1, M_EXPIRED}}, FLAW_EXPIRED, 2},
	{PURPOSE_ANY, {{0, M_EXPIRED}}, FLAW_EXPIRED, 2},
	{PURPOSE_ANY, {{2, M_EXPIRED}, {1, M_FUTURE}}, FLAW_EXPIRED | FLAW_NOT_YET_VALID, 2},
	{PURPOSE_ANY, {{2, M_MANGLED}}, FLAW_SIGNATURE, 0},
	{PURPOSE_ANY, {{2, M_WRONG_SIGNER}, {2, M_EXPIRED}}, FLAW_SIGNATURE | FLAW_EXPIRED, 0},
	{PURPOSE_ANY, {{2, M_OTHER_ISSUER}}, FLAW_NO_ISSUER, 0},
	{PURPOSE_ANY, {{2, M_WRONG_AKI}}, FLAW_NO_ISSUER, 0},
	{PURPOSE_ANY, {{1, M_OTHER_ISSUER}}, FLAW_NO_ANCHOR, 1},
	{PURPOSE_ANY, {{1, M_MANGLED}}, FLAW_NO_ANCHOR, 1},
	{PURPOSE_ANY, {{0, M_MANGLED}}, FLAW_NO_ANCHOR | FLAW_POLICY, 2},
	{PURPOSE_ANY, {{2, M_BROKEN}}, FLAW_NO_ISSUER | FLAW_CRITICAL, 0},
	{PURPOSE_ANY, {{1, M_WRONG_USAGE}}, FLAW_CA, 2},
	{PURPOSE_ANY, {{0, M_WRONG_USAGE}}, FLAW_CA, 2},
	{PURPOSE_ANY, {{0, M_PATHLEN_0}}, FLAW_CA, 2},
	{PURPOSE_ANY, {{0, M_PATHLEN_1}}, 0, 2},
	{PURPOSE_ANY, {{1, M_UNKNOWN_CRITICAL}}, FLAW_CRITICAL, 2},
	{PURPOSE_ANY, {{2, M_UNKNOWN_CRITICAL}, {2, M_EXPIRED}}, FLAW_CRITICAL | FLAW_EXPIRED, 2},
	{PURPOSE_ANY, {{2, M_TWICE}}, FLAW_CRITICAL, 2},
	{PURPOSE_ANY, {{2, M_SHA1}}, FLAW_SIGNATURE, 2},
	{PURPOSE_ANY, {{1, M_SMALL_KEY}}, FLAW_SIGNATURE, 2},
	{PURPOSE_ANY, {{2, M_NO_POLICY}}, FLAW_POLICY, 2},
	{PURPOSE_ANY, {{1, M_OTHER_POLICY}}, FLAW_POLICY, 2},
	{PURPOSE_ANY, {{1, M_NO_POLICY}}, FLAW_POLICY, 2},
	{PURPOSE_ANY, {{1, M_NAMES_IN}}, FLAW_CRITICAL, 2},
	{PURPOSE_ANY, {{1, M_NAMES_OUT}, {2, M_EXPIRED}}, FLAW_CRITICAL | FLAW_EXPIRED, 2},
	{PURPOSE_LOGIN, {{2, M_EKU_SERVER}}, FLAW_USAGE, 2},
	{PURPOSE_LOGIN, {{2, M_EKU_CLIENT}}, 0, 2},
	{PURPOSE_LOGIN, {{2, M_WRONG_USAGE}, {1, M_EXPIRED}}, FLAW_USAGE | FLAW_EXPIRED, 2},
	{PURPOSE_SIGN, {{2, M_WRONG_USAGE}, {1, M_OTHER_POLICY}, {1, M_UNKNOWN_CRITICAL}},
	 FLAW_USAGE | FLAW_POLICY | FLAW_CRITICAL, 2},
};

START_TEST(every_reason_is_told)
{
	struct trial t;
	size_t length;

	plan(&t, 3, told[_i].purpose);
	for (size_t i = 0; i < 3; i++)
		change(&t, told[_i].changes[i].place, told[_i].changes[i].m);
	chain_make(t.links, t.n, t.x509);
	ck_assert_uint_eq(ours(&t, &length), told[_i].flaws);
	ck_assert_uint_eq(length, told[_i].length);
	finish(&t);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("chain");
	TCase *t = tcase_create("chain");
	SRunner *r = srunner_create(s);
	int failed;

	suite_add_tcase(s, t);
	tcase_set_timeout(t, 600);
	tcase_add_checked_fixture(t, start, stop);
	tcase_add_loop_test(t, every_reason_is_told, 0, sizeof told / sizeof *told);
	tcase_add_test(t, one_thing_wrong);
	tcase_add_test(t, several_things_wrong);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
