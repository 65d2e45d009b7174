/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines: src/status/crl.c src/status/status.c */
/* Revocation lists past their signature, whose check the input turns off, and with it: then no list is accepted that
 * its CA has not signed. libcrypto says on its own who is on a list. */
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include "fuzz.h"
#include "status/status.h"
#include "tests/unit/make_crl.h"

#define NOW ((time_t)1790000000)
#define DAY ((time_t)86400)
#define POINT "http://example.jp/crl"

static struct {
	struct crypto *crypto;
	struct trusted_ca cas[3], *list[3]; /* Test CA, another of its name, Other CA */
	struct trust trust;
	struct store *store;
	struct cert *people[3]; /* serials 5 (listed), 6, and 7 of another point */
	struct bytes lists[3];
	bool trusting; /* signatures are not looked at */
} world;

enum error __real_crl_check(struct crl *crl, const struct cert *issuer);
enum error __wrap_crl_check(struct crl *crl, const struct cert *issuer);

enum error __wrap_crl_check(struct crl *crl, const struct cert *issuer)
{
	if (world.trusting)
		atomic_store(&crl->verified, true);
	return __real_crl_check(crl, issuer);
}

enum error __real_crl_open(const struct crypto *c, struct bytes der, const struct cert *issuer, struct crl **out);
enum error __wrap_crl_open(const struct crypto *c, struct bytes der, const struct cert *issuer, struct crl **out);

enum error __wrap_crl_open(const struct crypto *c, struct bytes der, const struct cert *issuer, struct crl **out)
{
	uint8_t spki[32];
	enum error e;

	if (!world.trusting)
		return __real_crl_open(c, der, issuer, out);
	MUST(crypto_hash(c, HASH_SHA256, issuer->spki, spki) == E_OK);
	e = crl_parse(c, der, spki, out);
	if (e == E_OK && (e = __wrap_crl_check(*out, issuer)) != E_OK)
		crl_free(out);
	return e;
}

time_t __wrap_time(time_t *out);
time_t __wrap___time64(time_t *out);

time_t __wrap_time(time_t *out)
{
	if (out)
		*out = NOW;
	return NOW;
}

time_t __wrap___time64(time_t *out)
{
	return __wrap_time(out);
}

/* Nobody who is on the list by libcrypto's own search is good by it. */
static void check_answer(struct bytes der, const struct cert *who, const struct status *s)
{
	const uint8_t *p = der.data;
	X509_REVOKED *r = NULL;
	X509_CRL *x;
	int listed;

	MUST(s->result == STATUS_UNKNOWN || s->this_update);
	if (s->result == STATUS_UNKNOWN)
		return;
	ERR_set_mark();
	x = d2i_X509_CRL(NULL, &p, (long)der.len);
	MUST(x != NULL);
	MUST(X509_NAME_cmp(X509_CRL_get_issuer(x), X509_get_issuer_name(who->x509)) == 0);
	listed = X509_CRL_get0_by_serial(x, &r, X509_get_serialNumber(who->x509));
	MUST(s->result == STATUS_GOOD ? listed != 1 : listed != 0);
	MUST(X509_CRL_get_ext_by_NID(x, NID_delta_crl, -1) < 0);
	if (s->result == STATUS_GOOD) {
		MUST(s->freshness != STATUS_EXPIRED && X509_CRL_get0_nextUpdate(x));
		MUST(s->this_update <= NOW + 300 && NOW <= s->next_update + DAY);
	}
	X509_CRL_free(x);
	ERR_pop_to_mark();
}

static void check_list(struct bytes der)
{
	struct snapshot *extra = NULL;
	struct status_rules rules = {.at = NOW, .grace = DAY};
	struct crl *crl;
	char name[CRL_NAME_SIZE];

	if (crl_parse(world.crypto, der, world.cas[0].spki_sha256, &crl) == E_OK) {
		crl_name(crl, name);
		MUST(strlen(name) == CRL_NAME_SIZE - 1 && lies_in(crl->tbs, crl->der) && lies_in(crl->signature, crl->der));
		for (size_t i = 0; i < crl->n; i++)
			MUST(lies_in(crl->entries[i].serial, crl->der) && crl->entries[i].reason >= -1 && crl->entries[i].reason <= 10);
		MUST(!crl_newer(crl, crl, NOW));
		crl_free(&crl);
	}
	crl_next_update(der);
	if (extra_lists_add(&extra, &world.trust, der) != E_OK) {
		MUST(extra == NULL);
		return;
	}
	MUST(world.trusting || fuzz_was_signed(der, world.lists, 3));
	rules.extra = extra;
	for (size_t i = 0; i < 3; i++) {
		struct status_chain all;
		struct chain chain;
		struct status s;

		rules.historic = false;
		status_of(world.store, &world.trust, world.people[i], &world.cas[0], &rules, &s);
		check_answer(der, world.people[i], &s);
		MUST(status_result_text(s.result) && status_freshness_text(s.freshness) && status_why_text(s.why));
		chain_check(&world.trust, world.people[i], PURPOSE_ANY, NOW, &chain);
		status_of_chain(world.store, &world.trust, &chain, &rules, &all);
		MUST(all.all.result == s.result || chain.n > 1);
		MUST(world.trusting || s.result == STATUS_UNKNOWN || fuzz_was_signed(der, world.lists, 3));
		rules.historic = true;
		status_of(world.store, &world.trust, world.people[i], &world.cas[0], &rules, &s);
	}
	extra_lists_free(&extra);
}

/* A list that another key has signed is not this CA's, whatever it says. */
static void check_other(struct bytes der)
{
	world.trusting = false;
	for (size_t i = 1; i < 3; i++) {
		struct crl *crl;

		MUST(crl_open(world.crypto, world.lists[i], world.cas[0].cert, &crl) != E_OK);
	}
	for (size_t i = 0; i < 3; i++) {
		struct crl *crl;

		if (crl_open(world.crypto, der, world.cas[i].cert, &crl) == E_OK) {
			MUST(fuzz_was_signed(der, world.lists, 3));
			crl_free(&crl);
		}
	}
}

static void start(void)
{
	static const char *const names[] = {"Test CA", "Test CA", "Other CA"};
	static const struct entry_spec entries[] = {{5, NOW - DAY, 1, NULL},
	                                            {1000, NOW - DAY, 6, "2.5.29.24 = DER:180F32303236303130313030303030305A"},
	                                            {2, NOW - DAY, -1, NULL}};
	static const char scope[] = "[exts]\nissuingDistributionPoint=critical,@i\n[i]\nfullname=URI:" POINT "\n";

	MUST(crypto_new(&world.crypto) == E_OK);
	for (unsigned i = 0; i < 3; i++) {
		const char *conf = i == 2 ? "[exts]\ncrlDistributionPoints=URI:http://example.jp/other\n"
		                          : "[exts]\ncrlDistributionPoints=URI:" POINT "\n";

		world.cas[i] = make_ca(world.crypto, names[i], i, NULL);
		world.cas[i].top = &world.cas[i];
		world.list[i] = &world.cas[i];
		world.people[i] = make_person(world.crypto, &(struct cert_spec){"Test CA", "Holder", 0, 3, 5 + (long)i, conf});
		world.lists[i] = make_list(&(struct list_spec){names[i], i, NOW - DAY, NOW + DAY, "1234", i == 1 ? NULL : scope, entries, 3});
	}
	world.trust = (struct trust){.crypto = world.crypto, .list = world.list, .n = 3};
	MUST(store_open(world.crypto, NULL, 0, &world.store) == E_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = {data, size}, der;
	uint8_t what, *edited;

	if (!world.crypto) {
		setenv("XDG_CONFIG_HOME", "/nowhere", 1);
		start();
	}
	what = feed_byte(&in);
	world.trusting = what & 1;
	if (what & 2) {
		check_list(in);
		return 0;
	}
	edited = fuzz_edit(world.lists[(what >> 2) % 3], &in, &der.len);
	der.data = edited;
	check_list(der);
	check_other(der);
	free(edited);
	return 0;
}
