/* SPDX-License-Identifier: BSD-2-Clause */
/* libinkan as a program sees it: by inkan.h and the shared library alone, on
 * certificates that make_chain makes. */
#include "config.h"
#include <check.h>
#include <errno.h>
#include <inkan.h>
#include <libintl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <openssl/pem.h>
#include "make_chain.h"

#if !defined __GLIBC__ || defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#define NO_LIBC_FREE /* they have a free of their own */
#endif

static char folder[64], empty[80];
static X509 *chain[3];
static unsigned char *leaf;
static int leaf_len;

static void write_pem(const char *name, X509 *x)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	ck_assert(PEM_write_X509(f, x));
	fclose(f);
	ck_assert_int_eq(chmod(path, 0644), 0);
}

static void make(void)
{
	struct link links[3];

	strcpy(folder, "/tmp/test-lib-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(empty, sizeof empty, "%s/no-lists", folder);
	chain_plan(links, 3, POLICY_LOGIN, time(NULL));
	links[2].key = CHAIN_KEY_RSA; /* as on every card */
	links[2].unknown = "crlDistributionPoints=URI:http://a.example/one.crl,URI:ldap://a.example/x,"
	                   "URI:HTTPS://b.example/two.crl";
	chain_make(links, 3, chain);
	leaf_len = i2d_X509(chain[2], &leaf);
	ck_assert_int_gt(leaf_len, 0);
	write_pem("root.pem", chain[0]);
	write_pem("ca.pem", chain[1]);
}

static void clear(void)
{
	char command[128];

	snprintf(command, sizeof command, "rm -rf %s", folder);
	ck_assert_int_eq(system(command), 0);
}

static struct inkan *context(void)
{
	const char *const anchors[] = {folder, NULL}, *const lists[] = {empty, NULL};
	const struct inkan_options options = {.size = sizeof options, .anchors = anchors, .lists = lists};
	struct inkan *ctx;

	ck_assert_int_eq(inkan_new(&options, &ctx), INKAN_OK);
	ck_assert_uint_eq(inkan_anchor_count(ctx), 1);
	return ctx;
}

static struct inkan_cert *holder(struct inkan *ctx)
{
	struct inkan_cert *cert;

	ck_assert_int_eq(inkan_cert_from_der(ctx, leaf, (size_t)leaf_len, &cert), INKAN_OK);
	return cert;
}

START_TEST(what_it_says)
{
	struct inkan *ctx = context();
	struct inkan_cert *cert = holder(ctx);
	size_t n;

	ck_assert_mem_eq(inkan_cert_der(cert, &n), leaf, (size_t)leaf_len);
	ck_assert_uint_eq(n, (size_t)leaf_len);
	ck_assert_int_eq(inkan_cert_profile(cert), INKAN_PROFILE_HPKI_AUTH_PERSON);
	ck_assert_int_eq(inkan_cert_is_production(cert), 1);
	ck_assert_int_eq(inkan_cert_is_ca(cert), 0);
	ck_assert_str_eq(inkan_cert_policy(cert), POLICY_LOGIN);
	ck_assert(inkan_cert_not_before(cert) < time(NULL) && inkan_cert_not_after(cert) > time(NULL));
	ck_assert_uint_eq(inkan_role_count(cert), 0);
	ck_assert_int_eq(inkan_roles_malformed(cert), 0);
	ck_assert_ptr_null(inkan_role_text(cert, 0));
	ck_assert_ptr_null(inkan_role_der(cert, 0, &n));
	ck_assert_int_eq(inkan_has_role(cert, "Medical Doctor"), 0);
	ck_assert_str_eq(inkan_cert_profile_word(cert), "hpki-auth-person");
	ck_assert_str_eq(inkan_cert_issuer(cert), "CN=CA one, C=JP");
	ck_assert_str_eq(inkan_cert_subject(cert), ""); /* a person's */
	ck_assert_int_eq(inkan_cert_is_personal(cert), 0);
	ck_assert_uint_eq(inkan_cert_key_usage(cert), 1 << 0);
	ck_assert_str_eq(inkan_cert_key_type(cert), "RSA");
	ck_assert_int_eq(inkan_cert_key_bits(cert), 2048);
	ck_assert_str_eq(inkan_cert_list_url(cert, 0), "http://a.example/one.crl");
	ck_assert_str_eq(inkan_cert_list_url(cert, 1), "HTTPS://b.example/two.crl");
	ck_assert_ptr_null(inkan_cert_list_url(cert, 2));
	inkan_cert_free(&cert);
	ck_assert_ptr_null(cert);
	inkan_cert_free(&cert);
	inkan_free(&ctx);
	inkan_free(&ctx);
}
END_TEST

static enum inkan_verdict decided(struct inkan *ctx, const struct inkan_rules *rules, const char **reason)
{
	struct inkan_cert *cert = holder(ctx);
	struct inkan_decision *d;
	enum inkan_verdict v;

	ck_assert_int_eq(inkan_decide(ctx, cert, rules, &d), INKAN_OK);
	inkan_cert_free(&cert); /* a decision does not need it any more */
	v = inkan_decision_verdict(d);
	*reason = inkan_decision_reason(d, 0); /* constant */
	ck_assert_int_eq(*reason == NULL, v == INKAN_VERDICT_ACCEPTED);
	ck_assert_int_eq(inkan_decision_reason_text(d, 0) == NULL, v == INKAN_VERDICT_ACCEPTED);
	inkan_decision_free(&d);
	ck_assert_ptr_null(d);
	return v;
}

START_TEST(verdicts)
{
	static const char *const roles[] = {"Medical Doctor", NULL};
	const int64_t century = 3155760000;
	const struct {
		struct inkan_rules rules;
		enum inkan_verdict verdict;
		const char *reason;
	} rows[] = {
		{{.status = INKAN_STATUS_IGNORE}, INKAN_VERDICT_ACCEPTED, NULL},
		{{.status = INKAN_STATUS_PREFER, .purpose = INKAN_PURPOSE_LOGIN}, INKAN_VERDICT_ACCEPTED, NULL},
		{{.status = INKAN_STATUS_REQUIRE}, INKAN_VERDICT_NO_STATUS, "status-unknown"},
		{{.status = INKAN_STATUS_IGNORE, .purpose = INKAN_PURPOSE_SIGN}, INKAN_VERDICT_BAD_CHAIN, "usage"},
		{{.status = INKAN_STATUS_IGNORE, .at = time(NULL) + century}, INKAN_VERDICT_NOT_VALID, "expired"},
		{{.status = INKAN_STATUS_IGNORE, .at = 1}, INKAN_VERDICT_NOT_VALID, "not-yet-valid"},
		{{.status = INKAN_STATUS_IGNORE, .roles = roles}, INKAN_VERDICT_NO_ROLE, "role"},
	};
	struct inkan *ctx = context();
	const char *reason;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct inkan_rules rules = rows[i].rules;

		rules.size = sizeof rules;
		ck_assert_int_eq(decided(ctx, &rules, &reason), rows[i].verdict);
		ck_assert_pstr_eq(reason, rows[i].reason);
	}
	ck_assert_int_eq(decided(ctx, NULL, &reason), INKAN_VERDICT_NO_STATUS);
	inkan_free(&ctx);
}
END_TEST

START_TEST(every_reason_and_the_chain)
{
	static const char *const roles[] = {"Medical Doctor", NULL};
	const struct inkan_rules rules = {.size = sizeof rules, .purpose = INKAN_PURPOSE_SIGN, .at = 1, .roles = roles};
	static const char *const words[] = {"usage", "not-yet-valid", "status-unknown", "role"};
	struct inkan_status_info info = {.size = sizeof info};
	struct inkan *ctx = context();
	struct inkan_cert *cert = holder(ctx);
	struct inkan_decision *d;
	size_t n;

	ck_assert_int_eq(inkan_decide(ctx, cert, &rules, &d), INKAN_OK);
	for (size_t i = 0; i < 4; i++)
		ck_assert_str_eq(inkan_decision_reason(d, i), words[i]);
	ck_assert_ptr_null(inkan_decision_reason(d, 4));
	for (size_t i = 0; i < 3; i++) {
		const unsigned char *der = inkan_cert_der(inkan_decision_cert(d, i), &n);
		unsigned char *own = NULL;

		ck_assert_int_eq(i2d_X509(chain[2 - i], &own), (int)n);
		ck_assert_mem_eq(der, own, n);
		ck_assert_int_eq(inkan_decision_is_anchor(d, i), i == 2);
		OPENSSL_free(own);
	}
	ck_assert_ptr_null(inkan_decision_cert(d, 3));
	ck_assert_ptr_null(inkan_decision_missing_issuer(d));
	ck_assert_str_eq(inkan_cert_subject(inkan_decision_cert(d, 1)), "CN=CA one, C=JP");
	ck_assert_str_eq(inkan_cert_issuer(inkan_decision_cert(d, 1)), "CN=Root, C=JP");
	ck_assert_str_eq(inkan_status_word(INKAN_STATUS_UNKNOWN), "unknown");
	ck_assert_str_eq(inkan_status_word(INKAN_STATUS_GOOD), "good");
	ck_assert_str_eq(inkan_status_word(INKAN_STATUS_REVOKED), "revoked");
	ck_assert_str_eq(inkan_status_word(INKAN_STATUS_ON_HOLD), "on-hold");
	ck_assert_str_eq(inkan_status_word((enum inkan_status)4), "unknown");
	ck_assert_str_eq(inkan_status_word((enum inkan_status)-1), "unknown");
	ck_assert_int_eq(inkan_decision_status(d, &info), INKAN_OK);
	ck_assert_int_eq(info.result, INKAN_STATUS_UNKNOWN);
	ck_assert_str_ne(info.why, "");
	ck_assert_int_eq(info.reason, -1);
	for (size_t i = 0; i < 2; i++) {
		ck_assert_int_eq(inkan_decision_cert_status(d, i, &info), INKAN_OK);
		ck_assert_uint_eq(info.about, i);
	}
	ck_assert_int_eq(inkan_decision_cert_status(d, 2, &info), INKAN_E_ARGUMENT); /* the anchor */
	info.size = 4;
	ck_assert_int_eq(inkan_decision_status(d, &info), INKAN_E_ARGUMENT);
	inkan_decision_free(&d);
	inkan_cert_free(&cert);
	inkan_free(&ctx);
}
END_TEST

/* Who looks at the freshness alone must not be told of a fresh list. */
START_TEST(a_status_that_was_not_looked_at_is_not_fresh)
{
	const struct inkan_rules rules = {.size = sizeof rules, .status = INKAN_STATUS_IGNORE};
	struct inkan_status_info info = {.size = sizeof info};
	struct inkan *ctx = context();
	struct inkan_cert *cert = holder(ctx);
	struct inkan_decision *d;

	ck_assert_int_eq(inkan_decide(ctx, cert, &rules, &d), INKAN_OK);
	ck_assert_int_eq(inkan_decision_status(d, &info), INKAN_OK);
	ck_assert_int_eq(info.result, INKAN_STATUS_UNKNOWN);
	ck_assert_int_eq(info.freshness, INKAN_FRESHNESS_EXPIRED);
	ck_assert_int_eq(info.reason, -1);
	ck_assert_str_eq(info.why, "");
	inkan_decision_free(&d);
	inkan_cert_free(&cert);
	inkan_free(&ctx);
}
END_TEST

START_TEST(what_it_does_not_take)
{
	static const char *const nothing[] = {NULL}, *const nine[] = {"/1", "/2", "/3", "/4", "/5", "/6", "/7", "/8", "/9", NULL};
	static const struct inkan_rules no_rules[] = {{.grace = -1}, {.at = -1}, {.purpose = (enum inkan_purpose)9},
	                                              {.status = (enum inkan_status_rule)3}, {.allow_test = 2},
	                                              {.allow_test = -1}, {.roles = nothing}};
	struct inkan_options bad_options = {.size = 1};
	struct inkan_rules bad = {.size = 1};
	struct inkan *ctx = context(), *none = ctx;
	struct inkan_decision *d = (struct inkan_decision *)ctx;
	struct inkan_cert *cert = holder(ctx), *other = cert;

	/* what a caller frees on every path is NULL then */
	ck_assert_int_eq(inkan_new(NULL, NULL), INKAN_E_ARGUMENT);
	ck_assert_int_eq(inkan_new(&bad_options, &none), INKAN_E_ARGUMENT);
	ck_assert_ptr_null(none);
	bad_options = (struct inkan_options){.size = sizeof bad_options, .anchors = nothing, .lists = nine};
	none = ctx;
	ck_assert_int_eq(inkan_new(&bad_options, &none), INKAN_E_ARGUMENT);
	ck_assert_ptr_null(none);
	bad_options.lists = nine + 1;
	ck_assert_int_eq(inkan_new(&bad_options, &none), INKAN_OK);
	inkan_free(&none);
	ck_assert_int_eq(inkan_decide(ctx, cert, &bad, &d), INKAN_E_ARGUMENT);
	ck_assert_ptr_null(d);
	ck_assert_int_eq(inkan_cert_from_der(ctx, NULL, 1, &other), INKAN_E_ARGUMENT);
	ck_assert_ptr_null(other);
	other = cert;
	ck_assert_int_eq(inkan_cert_from_pem(ctx, NULL, 1, &other), INKAN_E_ARGUMENT);
	ck_assert_ptr_null(other);
	other = cert;
	ck_assert_int_eq(inkan_cert_from_file(ctx, NULL, &other), INKAN_E_ARGUMENT);
	ck_assert_ptr_null(other);
	other = cert;
	ck_assert_int_eq(inkan_cert_from_card(ctx, NULL, (enum inkan_purpose)9, &other), INKAN_E_ARGUMENT);
	ck_assert_ptr_null(other);
	for (size_t i = 0; i < sizeof no_rules / sizeof *no_rules; i++) {
		bad = no_rules[i];
		bad.size = sizeof bad;
		ck_assert_msg(inkan_decide(ctx, cert, &bad, &d) == INKAN_E_ARGUMENT, "row %zu", i);
	}
	ck_assert_int_eq(inkan_cert_from_der(ctx, leaf, (size_t)leaf_len - 1, &other), INKAN_E_FORMAT);
	ck_assert_ptr_null(other);
	ck_assert_int_eq(inkan_cert_from_der(ctx, leaf, 0, &other), INKAN_E_FORMAT);
	ck_assert_int_eq(inkan_cert_from_pem(ctx, "hello", 5, &other), INKAN_E_FORMAT);
	errno = 0;
	ck_assert_int_eq(inkan_cert_from_file(ctx, "/does/not/exist", &other), INKAN_E_IO);
	ck_assert_int_eq(errno, ENOENT);
	inkan_cert_free(&cert);
	inkan_free(&ctx);
}
END_TEST

/* A program of an older version has a smaller struct, one of a newer version a larger one. */
START_TEST(structs_of_other_versions)
{
	struct {
		struct inkan_rules rules;
		char later[16];
	} newer = {.rules = {.size = sizeof newer, .status = INKAN_STATUS_IGNORE}};
	struct {
		struct inkan_options options;
		void *later;
	} options = {.options = {.size = sizeof options}};
	struct {
		struct inkan_status_info info;
		char later[16];
	} info = {.info = {.size = sizeof info}};
	union {
		struct inkan_rules rules;
		char whole[4097];
	} largest = {.whole = {0}};
	const size_t wrong[] = {0, 1, sizeof(size_t), 5000, SIZE_MAX};
	const char *const anchors[] = {folder, NULL};
	struct inkan_rules older;
	struct inkan *ctx = context(), *other;
	struct inkan_cert *cert = holder(ctx);
	struct inkan_decision *d;

	memset(&older, 0xFF, sizeof older); /* what is behind its end is no member */
	older.size = offsetof(struct inkan_rules, at);
	older.purpose = INKAN_PURPOSE_SIGN;
	older.status = INKAN_STATUS_IGNORE;
	ck_assert_int_eq(inkan_decide(ctx, cert, &older, &d), INKAN_OK);
	ck_assert_int_eq(inkan_decision_verdict(d), INKAN_VERDICT_BAD_CHAIN);
	inkan_decision_free(&d);
	ck_assert_int_eq(inkan_decide(ctx, cert, &newer.rules, &d), INKAN_OK);
	ck_assert_int_eq(inkan_decision_verdict(d), INKAN_VERDICT_ACCEPTED);

	ck_assert_int_eq(inkan_decision_status(d, &info.info), INKAN_OK);
	ck_assert_uint_eq(info.info.size, sizeof info);
	ck_assert_int_eq(info.info.reason, -1);
	info.info = (struct inkan_status_info){.size = offsetof(struct inkan_status_info, reason), .reason = 77};
	ck_assert_int_eq(inkan_decision_status(d, &info.info), INKAN_OK);
	ck_assert_int_eq(info.info.freshness, INKAN_FRESHNESS_EXPIRED);
	ck_assert_int_eq(info.info.reason, 77);
	info.info.size = sizeof info;
	info.later[15] = 1;
	ck_assert_int_eq(inkan_decision_status(d, &info.info), INKAN_E_ARGUMENT);
	inkan_decision_free(&d);

	/* a size that no version will have is one that was not set */
	largest.rules = (struct inkan_rules){.size = 4096, .status = INKAN_STATUS_IGNORE};
	ck_assert_int_eq(inkan_decide(ctx, cert, &largest.rules, &d), INKAN_OK);
	inkan_decision_free(&d);
	largest.rules.size = 4097;
	ck_assert_int_eq(inkan_decide(ctx, cert, &largest.rules, &d), INKAN_E_ARGUMENT);

	newer.later[15] = 1; /* it asks for something that this library cannot do */
	ck_assert_int_eq(inkan_decide(ctx, cert, &newer.rules, &d), INKAN_E_ARGUMENT);
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		older.size = options.options.size = wrong[i];
		ck_assert_int_eq(inkan_decide(ctx, cert, &older, &d), INKAN_E_ARGUMENT);
		ck_assert_int_eq(inkan_new(&options.options, &other), INKAN_E_ARGUMENT);
	}
	options.options = (struct inkan_options){.size = sizeof options, .anchors = anchors};
	ck_assert_int_eq(inkan_new(&options.options, &other), INKAN_OK);
	inkan_free(&other);
	options.options.size = offsetof(struct inkan_options, lists);
	options.options.lists = (const char *const *)&options; /* not looked at */
	ck_assert_int_eq(inkan_new(&options.options, &other), INKAN_OK);
	ck_assert_uint_eq(inkan_anchor_count(other), 1);
	inkan_free(&other);
	options.options = (struct inkan_options){.size = sizeof options, .anchors = anchors};
	options.later = &options;
	ck_assert_int_eq(inkan_new(&options.options, &other), INKAN_E_ARGUMENT);
	inkan_cert_free(&cert);
	inkan_free(&ctx);
}
END_TEST

/* As the header's rules have it: nothing crashes, nothing is accepted. */
START_TEST(nothing_where_something_is_wanted)
{
	struct inkan_status_info info = {.size = sizeof info};
	struct inkan *ctx = context();
	struct inkan_cert *cert = holder(ctx), *c;
	struct inkan_person *person;
	struct inkan_evidence *evidence;
	struct inkan_decision *d;
	size_t n = 7;

	inkan_free(NULL);
	inkan_cert_free(NULL);
	inkan_person_free(NULL);
	inkan_evidence_free(NULL);
	inkan_decision_free(NULL);
	ck_assert_uint_eq(inkan_anchor_count(NULL), 0);
	ck_assert_int_eq(inkan_cert_from_der(NULL, leaf, 1, &c), INKAN_E_ARGUMENT);
	ck_assert_int_eq(inkan_cert_from_der(ctx, leaf, 1, NULL), INKAN_E_ARGUMENT);
	ck_assert_int_eq(inkan_cert_from_pem(NULL, "", 0, &c), INKAN_E_ARGUMENT);
	ck_assert_int_eq(inkan_cert_from_file(NULL, "/", &c), INKAN_E_ARGUMENT);
	ck_assert_int_eq(inkan_cert_from_card(NULL, NULL, INKAN_PURPOSE_ANY, &c), INKAN_E_ARGUMENT);
	ck_assert_ptr_null(inkan_cert_der(NULL, &n));
	ck_assert_uint_eq(n, 0);
	ck_assert_ptr_nonnull(inkan_cert_der(cert, NULL));
	ck_assert_ptr_null(inkan_cert_sha256(NULL));
	ck_assert(inkan_cert_not_before(NULL) == 0 && inkan_cert_not_after(NULL) == 0);
	ck_assert(inkan_cert_is_ca(NULL) == 0 && inkan_cert_is_production(NULL) == 0 && inkan_cert_is_personal(NULL) == 0);
	ck_assert(!inkan_cert_issuer(NULL) && !inkan_cert_subject(NULL) && !inkan_cert_list_url(NULL, 0));
	ck_assert(!inkan_cert_key_type(NULL) && inkan_cert_key_bits(NULL) == 0 && inkan_cert_key_usage(NULL) == 0);
	ck_assert_int_eq(inkan_cert_profile(NULL), INKAN_PROFILE_UNKNOWN);
	ck_assert(!inkan_cert_profile_word(NULL) && !inkan_cert_profile_text(NULL) && !inkan_cert_policy(NULL));
	ck_assert(inkan_role_count(NULL) == 0 && inkan_roles_malformed(NULL) == 0);
	ck_assert(!inkan_role_text(NULL, 0) && !inkan_role_scheme(NULL, 0) && !inkan_role_code(NULL, 0));
	n = 7;
	ck_assert_ptr_null(inkan_role_der(NULL, 0, &n));
	ck_assert_uint_eq(n, 0);
	ck_assert_ptr_null(inkan_role_der(cert, 0, NULL));
	ck_assert(inkan_has_role(NULL, "x") == 0 && inkan_has_role(cert, NULL) == 0);
	ck_assert_int_eq(inkan_person_new(NULL, &person), INKAN_E_ARGUMENT);
	ck_assert_ptr_null(person);
	ck_assert_int_eq(inkan_person_new(cert, NULL), INKAN_E_ARGUMENT);
	ck_assert_ptr_null(inkan_person_get(NULL, INKAN_PERSON_NAME));
	ck_assert_int_eq(inkan_person_malformed(NULL), 0);
	ck_assert_int_eq(inkan_evidence_new(NULL, &evidence), INKAN_E_ARGUMENT);
	ck_assert_ptr_null(evidence);
	ck_assert_int_eq(inkan_evidence_new(ctx, NULL), INKAN_E_ARGUMENT);
	ck_assert_int_eq(inkan_evidence_add_certs(NULL, "x", 1), INKAN_E_ARGUMENT);
	ck_assert_int_eq(inkan_evidence_add_lists(NULL, "x", 1), INKAN_E_ARGUMENT);
	ck_assert_int_eq(inkan_decide(NULL, cert, NULL, &d), INKAN_E_ARGUMENT);
	ck_assert_int_eq(inkan_decide(ctx, NULL, NULL, &d), INKAN_E_ARGUMENT);
	ck_assert_int_eq(inkan_decide(ctx, cert, NULL, NULL), INKAN_E_ARGUMENT);
	ck_assert_int_eq(inkan_decision_verdict(NULL), INKAN_VERDICT_BAD_CHAIN);
	ck_assert(inkan_decision_at(NULL) == 0 && inkan_decision_is_test(NULL) == 0);
	ck_assert(!inkan_decision_reason(NULL, 0) && !inkan_decision_reason_text(NULL, 0));
	ck_assert(!inkan_decision_cert(NULL, 0) && inkan_decision_is_anchor(NULL, 0) == 0);
	ck_assert_ptr_null(inkan_decision_missing_issuer(NULL));
	ck_assert_int_eq(inkan_decision_status(NULL, &info), INKAN_E_ARGUMENT);
	ck_assert_int_eq(inkan_decision_cert_status(NULL, 0, &info), INKAN_E_ARGUMENT);
	ck_assert_int_eq(inkan_decide(ctx, cert, NULL, &d), INKAN_OK);
	ck_assert_int_eq(inkan_decision_status(d, NULL), INKAN_E_ARGUMENT);
	ck_assert_int_eq(inkan_decision_cert_status(d, 0, NULL), INKAN_E_ARGUMENT);
	inkan_decision_free(&d);
	inkan_cert_free(&cert);
	inkan_free(&ctx);
}
END_TEST

START_TEST(words_for_every_error)
{
	static const struct {
		enum inkan_error e;
		const char *words; /* of libinkan(3) */
	} some[] = {{INKAN_E_FORMAT, "no certificate or list"}, {INKAN_E_IO, "the file cannot be read"}, {INKAN_E_NO_SERVICE, "pcscd is not running"},
	            {INKAN_E_NO_CARD, "no card in the reader"}, {INKAN_E_NO_CERTIFICATE, "no certificate for this purpose"},
	            {INKAN_E_CARD, "refused a command, took too long"}, {INKAN_E_SIGNATURE, "signature does not verify"}};

	for (size_t i = 0; i < sizeof some / sizeof *some; i++)
		ck_assert_msg(strstr(inkan_error_text(some[i].e), some[i].words) != NULL, "%s", inkan_error_text(some[i].e));
	for (int e = INKAN_OK; e <= INKAN_E_SIGNATURE; e++) {
		ck_assert_str_ne(inkan_error_text((enum inkan_error)e), "");
		for (int other = INKAN_OK; other < e; other++)
			ck_assert_str_ne(inkan_error_text((enum inkan_error)e), inkan_error_text((enum inkan_error)other));
	}
	ck_assert_str_eq(inkan_error_text((enum inkan_error)99), inkan_error_text(INKAN_E_INTERNAL));
}
END_TEST

#define MEMBER(type, member, at) {#type "." #member, offsetof(struct type, member), at}

/* What programs have been compiled with: numbers, and where members lie, counted by hand for a machine of 64 bits. */
START_TEST(what_never_changes)
{
	static const struct {
		const char *name;
		size_t is, was;
	} members[] = {
		MEMBER(inkan_options, anchors, 8), MEMBER(inkan_options, lists, 16),
		MEMBER(inkan_rules, purpose, 8), MEMBER(inkan_rules, status, 12), MEMBER(inkan_rules, at, 16),
		MEMBER(inkan_rules, grace, 24), MEMBER(inkan_rules, roles, 32), MEMBER(inkan_rules, evidence, 40),
		MEMBER(inkan_rules, allow_test, 48),
		MEMBER(inkan_status_info, result, 8), MEMBER(inkan_status_info, freshness, 12), MEMBER(inkan_status_info, reason, 16),
		MEMBER(inkan_status_info, revoked, 24), MEMBER(inkan_status_info, this_update, 32),
		MEMBER(inkan_status_info, next_update, 40), MEMBER(inkan_status_info, crl_number, 48),
		MEMBER(inkan_status_info, source, 56), MEMBER(inkan_status_info, why, 64), MEMBER(inkan_status_info, why_word, 72),
		MEMBER(inkan_status_info, about, 80), MEMBER(inkan_status_info, invalid_from, 88),
	};
	static const int numbers[][20] = {
		{INKAN_OK, INKAN_E_ARGUMENT, INKAN_E_MEMORY, INKAN_E_FORMAT, INKAN_E_IO, INKAN_E_NO_CARD, INKAN_E_PIN, INKAN_E_CARD,
		 INKAN_E_INTERNAL, INKAN_E_TOO_LONG, INKAN_E_NO_SERVICE, INKAN_E_DENIED, INKAN_E_NO_READER, INKAN_E_FOREIGN,
		 INKAN_E_NO_CERTIFICATE, INKAN_E_MUTE, INKAN_E_BUSY, INKAN_E_LINK, INKAN_E_SIGNATURE, -1},
		{INKAN_PURPOSE_ANY, INKAN_PURPOSE_LOGIN, INKAN_PURPOSE_SIGN, -1},
		{INKAN_PROFILE_UNKNOWN, INKAN_PROFILE_HPKI_SIGN, INKAN_PROFILE_HPKI_AUTH_PERSON,
		 INKAN_PROFILE_HPKI_AUTH_ORGANISATION, INKAN_PROFILE_JPKI_AUTH, INKAN_PROFILE_JPKI_SIGN, -1},
		{INKAN_PERSON_NAME, INKAN_PERSON_JAPANESE_NAME, INKAN_PERSON_ID, INKAN_PERSON_ORGANISATION, INKAN_PERSON_SUBJECT,
		 INKAN_PERSON_SERIAL, INKAN_PERSON_BIRTH, INKAN_PERSON_BIRTH_DATE, INKAN_PERSON_SEX, INKAN_PERSON_ADDRESS,
		 INKAN_PERSON_NAME_SUBSTITUTES, INKAN_PERSON_ADDRESS_SUBSTITUTES, -1},
		{INKAN_STATUS_REQUIRE, INKAN_STATUS_PREFER, INKAN_STATUS_IGNORE, -1},
		{INKAN_VERDICT_ACCEPTED, INKAN_VERDICT_NO_ROLE, INKAN_VERDICT_REVOKED, INKAN_VERDICT_NO_STATUS,
		 INKAN_VERDICT_BAD_CHAIN, INKAN_VERDICT_NOT_VALID, INKAN_VERDICT_TEST_ONLY, -1},
		{INKAN_STATUS_UNKNOWN, INKAN_STATUS_GOOD, INKAN_STATUS_REVOKED, INKAN_STATUS_ON_HOLD, -1},
		{INKAN_FRESHNESS_FRESH, INKAN_FRESHNESS_STALE, INKAN_FRESHNESS_EXPIRED, -1},
		{INKAN_LOG_OFF, INKAN_LOG_ERROR, INKAN_LOG_INFO, INKAN_LOG_DEBUG, INKAN_LOG_TRACE, -1},
	};

	for (size_t i = 0; sizeof(void *) == 8 && i < sizeof members / sizeof *members; i++)
		ck_assert_msg(members[i].is == members[i].was, "%s: %zu, and was %zu", members[i].name, members[i].is, members[i].was);
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		for (int k = 0; numbers[i][k] >= 0; k++)
			ck_assert_msg(numbers[i][k] == k, "enum %zu: %d, and was %d", i, numbers[i][k], k);
}
END_TEST

/* The header's macros, configure.ac and the library are of one version. */
START_TEST(versions)
{
	char text[32];

	snprintf(text, sizeof text, "%d.%d.%d", INKAN_VERSION_MAJOR, INKAN_VERSION_MINOR, INKAN_VERSION_PATCH);
	ck_assert_str_eq(text, PACKAGE_VERSION);
	ck_assert_str_eq(inkan_version(), PACKAGE_VERSION);
}
END_TEST

/* Of a header whose version is 3.4.5. */
#undef INKAN_VERSION_MAJOR
#undef INKAN_VERSION_MINOR
#undef INKAN_VERSION_PATCH
#define INKAN_VERSION_MAJOR 3
#define INKAN_VERSION_MINOR 4
#define INKAN_VERSION_PATCH 5

START_TEST(version_number)
{
	ck_assert_int_eq(INKAN_VERSION_NUMBER, 3004005);
}
END_TEST

/* A program binds its own domain at most. */
START_TEST(messages_come_from_where_it_was_installed)
{
	struct inkan *ctx;

	ck_assert_ptr_nonnull(bindtextdomain("inkan", "/somewhere/else"));
	ctx = context();
	ck_assert_str_eq(bindtextdomain("inkan", NULL), LOCALEDIR);
#ifdef __GLIBC__ /* musl has no other, and does not tell it */
	ck_assert_str_eq(bind_textdomain_codeset("inkan", NULL), "UTF-8");
#endif
	inkan_free(&ctx);
}
END_TEST

#ifndef NO_LIBC_FREE
static void *watched;
static size_t watched_len;
static int freed_wiped = -1; /* 0: with content */

void __libc_free(void *p);
__attribute__((visibility("default"))) void free(void *p);

/* Of all libraries in this process, too. */
void free(void *p)
{
	if (p && p == watched) {
		freed_wiped = 1;
		for (size_t i = 0; i < watched_len; i++)
			if (((const char *)p)[i])
				freed_wiped = 0;
		watched = NULL;
	}
	__libc_free(p);
}
#endif

START_TEST(the_holder)
{
	struct inkan *ctx = context();
	struct inkan_cert *cert = holder(ctx);
	struct inkan_person *person;
	BIGNUM *bn = ASN1_INTEGER_to_BN(X509_get0_serialNumber(chain[2]), NULL);
	char *serial = BN_bn2hex(bn);

	ck_assert_int_eq(inkan_person_new(cert, &person), INKAN_OK);
	ck_assert_str_eq(inkan_person_get(person, INKAN_PERSON_NAME), "Holder");
	ck_assert_str_eq(inkan_person_get(person, INKAN_PERSON_SUBJECT), "CN=Holder, C=JP");
	ck_assert_str_eq(inkan_person_get(person, INKAN_PERSON_SERIAL), serial);
	ck_assert_ptr_null(inkan_person_get(person, INKAN_PERSON_JAPANESE_NAME));
	ck_assert_ptr_null(inkan_person_get(person, INKAN_PERSON_BIRTH_DATE));
	ck_assert_ptr_null(inkan_person_get(person, (enum inkan_person_field)99));
	ck_assert_int_eq(inkan_person_malformed(person), 0);
#ifndef NO_LIBC_FREE
	watched_len = strlen(inkan_person_get(person, INKAN_PERSON_NAME));
	watched = (void *)(uintptr_t)inkan_person_get(person, INKAN_PERSON_NAME);
	inkan_person_free(&person);
	ck_assert_int_eq(freed_wiped, 1);
#endif
	inkan_person_free(&person);
	ck_assert_ptr_null(person);
	OPENSSL_free(serial);
	BN_free(bn);
	inkan_cert_free(&cert);
	inkan_free(&ctx);
}
END_TEST

static void add_pem(struct inkan_evidence *evidence, X509 *x, X509 *other)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;
	long n;

	ck_assert_int_gt(BIO_puts(bio, "Bag Attributes\n"), 0);
	ck_assert(PEM_write_bio_X509(bio, x) && PEM_write_bio_X509(bio, other));
	n = BIO_get_mem_data(bio, &text);
	ck_assert_int_eq(inkan_evidence_add_certs(evidence, text, (size_t)n), INKAN_OK);
	BIO_free(bio);
}

/* The CA between comes with the certificate; what comes along is no anchor, and nothing of it stays. */
START_TEST(evidence_of_certificates)
{
	char own[80], path[128];
	const char *const anchors[] = {own, NULL}, *const lists[] = {empty, NULL}, *const none[] = {NULL};
	struct inkan_options options = {.size = sizeof options, .anchors = anchors, .lists = lists};
	struct inkan_rules rules = {.size = sizeof rules, .status = INKAN_STATUS_IGNORE};
	const unsigned char *zeros = calloc(1, (64 << 20) + 1);
	struct inkan_evidence *evidence;
	struct inkan_decision *d;
	struct inkan_cert *cert;
	struct inkan *ctx;

	ck_assert_ptr_nonnull(zeros);
	snprintf(own, sizeof own, "%s/only-root", folder);
	ck_assert_int_eq(mkdir(own, 0755), 0);
	snprintf(path, sizeof path, "only-root/root.pem");
	write_pem(path, chain[0]);
	for (int installed = 1; installed >= 0; installed--) {
		options.anchors = installed ? anchors : none;
		ck_assert_int_eq(inkan_new(&options, &ctx), INKAN_OK);
		ck_assert_uint_eq(inkan_anchor_count(ctx), (size_t)installed);
		cert = holder(ctx);
		ck_assert_int_eq(inkan_evidence_new(ctx, &evidence), INKAN_OK);
		ck_assert_int_eq(inkan_evidence_add_certs(evidence, "hello", 5), INKAN_E_FORMAT);
		ck_assert_int_eq(inkan_evidence_add_lists(evidence, "hello", 5), INKAN_E_FORMAT);
		ck_assert_int_eq(inkan_evidence_add_certs(evidence, zeros, (1 << 20) + 1), INKAN_E_TOO_LONG);
		ck_assert_int_eq(inkan_evidence_add_certs(evidence, zeros, 1 << 20), INKAN_E_FORMAT);
		ck_assert_int_eq(inkan_evidence_add_lists(evidence, zeros, (64 << 20) + 1), INKAN_E_TOO_LONG);
		ck_assert_int_eq(inkan_evidence_add_certs(evidence, leaf, (size_t)leaf_len), INKAN_OK);
		add_pem(evidence, chain[1], chain[0]);

		rules.evidence = NULL;
		ck_assert_int_eq(inkan_decide(ctx, cert, &rules, &d), INKAN_OK);
		ck_assert_str_eq(inkan_decision_reason(d, 0), "no-issuer");
		ck_assert_str_eq(inkan_decision_missing_issuer(d), "CN=CA one, C=JP");
		inkan_decision_free(&d);
		rules.evidence = evidence;
		ck_assert_int_eq(inkan_decide(ctx, cert, &rules, &d), INKAN_OK);
		if (installed) {
			ck_assert_int_eq(inkan_decision_verdict(d), INKAN_VERDICT_ACCEPTED);
		} else {
			ck_assert_str_eq(inkan_decision_reason(d, 0), "no-anchor");
			ck_assert_str_eq(inkan_decision_missing_issuer(d), "CN=Root, C=JP");
		}
		inkan_decision_free(&d);
		rules.evidence = NULL;
		ck_assert_int_eq(inkan_decide(ctx, cert, &rules, &d), INKAN_OK);
		ck_assert_int_eq(inkan_decision_verdict(d), INKAN_VERDICT_BAD_CHAIN);
		inkan_decision_free(&d);
		inkan_evidence_free(&evidence);
		ck_assert_ptr_null(evidence);
		inkan_cert_free(&cert);
		inkan_free(&ctx);
	}
	free((void *)(uintptr_t)zeros);
}
END_TEST

/* As a server's file for its own certificate has it: the person's first. */
START_TEST(anchors_in_a_bundle)
{
	char own[80], path[128];
	const char *const anchors[] = {own, NULL}, *const lists[] = {empty, NULL};
	const struct inkan_options options = {.size = sizeof options, .anchors = anchors, .lists = lists};
	struct inkan *ctx;
	FILE *f;

	snprintf(own, sizeof own, "%s/bundle", folder);
	ck_assert_int_eq(mkdir(own, 0755), 0);
	snprintf(path, sizeof path, "%s/all.pem", own);
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	ck_assert(PEM_write_X509(f, chain[2]));
	ck_assert_int_ge(fputs("-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n", f), 0);
	ck_assert(PEM_write_X509(f, chain[1]) && PEM_write_X509(f, chain[0]));
	fclose(f);
	ck_assert_int_eq(chmod(path, 0644), 0);
	ck_assert_int_eq(inkan_new(&options, &ctx), INKAN_OK);
	ck_assert_uint_eq(inkan_anchor_count(ctx), 1);
	inkan_free(&ctx);
}
END_TEST

/* inkan_new(3): the environment's INKAN_DEBUG tells which files are passed over. */
START_TEST(the_log_says_what_is_passed_over)
{
	char path[128], text[1000] = "";
	struct inkan *ctx;
	FILE *f;

	write_pem("open.pem", chain[1]);
	snprintf(path, sizeof path, "%s/open.pem", folder);
	ck_assert_int_eq(chmod(path, 0666), 0);
	snprintf(path, sizeof path, "%s/log", folder);
	setenv("INKAN_DEBUG", "error", 1);
	setenv("INKAN_DEBUG_FILE", path, 1);
	ctx = context();
	f = fopen(path, "r");
	ck_assert_ptr_nonnull(f);
	ck_assert_uint_gt(fread(text, 1, sizeof text - 1, f), 0);
	ck_assert_ptr_nonnull(strstr(text, "open.pem: passed over"));
	fclose(f);
	inkan_free(&ctx);
}
END_TEST

static void keep_line(void *arg, enum inkan_log_level level, const char *line)
{
	char *text = arg;

	ck_assert_int_eq(level, INKAN_LOG_ERROR);
	if (strstr(line, "open.pem"))
		strcpy(text, line);
}

START_TEST(the_log_of_a_program)
{
	char text[2000] = "", path[128];
	struct inkan *ctx;

	write_pem("open.pem", chain[1]);
	snprintf(path, sizeof path, "%s/open.pem", folder);
	ck_assert_int_eq(chmod(path, 0666), 0);
	inkan_log_to(INKAN_LOG_ERROR, keep_line, text);
	ctx = context();
	inkan_free(&ctx);
	ck_assert_ptr_nonnull(strstr(text, path));
	ck_assert_ptr_null(strchr(text, '\n'));
	text[0] = '\0';
	inkan_log_to(INKAN_LOG_OFF, keep_line, text);
	ctx = context();
	inkan_free(&ctx);
	inkan_log_to(INKAN_LOG_TRACE, NULL, NULL);
	ctx = context();
	inkan_free(&ctx);
	ck_assert_str_eq(text, "");
	ck_assert_int_eq(unlink(path), 0);
}
END_TEST

START_TEST(from_a_file)
{
	struct inkan *ctx = context();
	struct inkan_cert *cert;
	char path[128];

	write_pem("holder.txt", chain[2]); /* not an ending that anchors have */
	snprintf(path, sizeof path, "%s/holder.txt", folder);
	ck_assert_int_eq(inkan_cert_from_file(ctx, path, &cert), INKAN_OK);
	ck_assert_int_eq(inkan_cert_profile(cert), INKAN_PROFILE_HPKI_AUTH_PERSON);
	inkan_cert_free(&cert);
	inkan_free(&ctx);
}
END_TEST

struct shared {
	struct inkan *ctx;
	struct inkan_cert *cert;
};

static void *decide_often(void *arg)
{
	const struct inkan_rules rules = {.size = sizeof rules, .status = INKAN_STATUS_PREFER,
	                                  .purpose = INKAN_PURPOSE_LOGIN};
	const struct shared *s = arg;
	struct inkan_decision *d;
	intptr_t accepted = 0;

	for (int i = 0; i < 200; i++) {
		if (inkan_decide(s->ctx, s->cert, &rules, &d) != INKAN_OK)
			break;
		accepted += inkan_decision_verdict(d) == INKAN_VERDICT_ACCEPTED;
		inkan_decision_free(&d);
	}
	return (void *)accepted;
}

START_TEST(many_threads)
{
	struct shared s = {.ctx = context()};
	pthread_t threads[8];
	void *accepted;

	s.cert = holder(s.ctx);
	for (size_t i = 0; i < 8; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, decide_often, &s), 0);
	for (size_t i = 0; i < 8; i++) {
		ck_assert_int_eq(pthread_join(threads[i], &accepted), 0);
		ck_assert_int_eq((intptr_t)accepted, 200);
	}
	inkan_cert_free(&s.cert);
	inkan_free(&s.ctx);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("lib");
	TCase *t = tcase_create("lib");
	SRunner *r = srunner_create(s);
	int failed;

	suite_add_tcase(s, t);
	tcase_set_timeout(t, 120);
	tcase_add_unchecked_fixture(t, make, clear);
	tcase_add_test(t, what_it_says);
	tcase_add_test(t, verdicts);
	tcase_add_test(t, every_reason_and_the_chain);
	tcase_add_test(t, a_status_that_was_not_looked_at_is_not_fresh);
	tcase_add_test(t, what_it_does_not_take);
	tcase_add_test(t, structs_of_other_versions);
	tcase_add_test(t, nothing_where_something_is_wanted);
	tcase_add_test(t, words_for_every_error);
	tcase_add_test(t, what_never_changes);
	tcase_add_test(t, versions);
	tcase_add_test(t, version_number);
	tcase_add_test(t, messages_come_from_where_it_was_installed);
	tcase_add_test(t, the_holder);
	tcase_add_test(t, evidence_of_certificates);
	tcase_add_test(t, anchors_in_a_bundle);
	tcase_add_test(t, the_log_says_what_is_passed_over);
	tcase_add_test(t, the_log_of_a_program);
	tcase_add_test(t, from_a_file);
	tcase_add_test(t, many_threads);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
