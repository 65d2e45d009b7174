/* SPDX-License-Identifier: BSD-2-Clause */
/* Every allocation of a decision, libinkan's and libcrypto's, fails in turn, alone and with
 * all that follow, or no file can be opened: nobody is let in whom the whole run keeps out, and the next run is whole. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include "make_pki.h"
#include "tests/check_case.h"
#include "tests/no_memory.h"

enum { ROOT, LOGIN_CA, GOOD, REVOKED, CERTS };

#define CA_EXTS "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n"
#define POLICY "certificatePolicies=critical,1.2.392.100495.1.5.1.2.3.1\n"
/* hcRole: a medical doctor */
#define HOLDER                                                                                                     \
	"keyUsage=critical,digitalSignature\n" POLICY                                                              \
	"2.5.29.9=DER:30343032060628818542000131283126"                                                            \
	"3024A0223120A00C060A2A830886910F01060101A2100C0E4D65646963616C20446F63746F72\n"

static const struct pki_cert certs[CERTS] = {
	[ROOT] = {.subject = "Root", .issuer = "Root", .exts = CA_EXTS},
	[LOGIN_CA] = {.subject = "CA", .issuer = "Root", .key = 1, .exts = CA_EXTS POLICY},
	[GOOD] = {.subject = "Holder", .issuer = "CA", .key = 2, .signer = 1, .exts = HOLDER},
	[REVOKED] = {.subject = "Holder", .issuer = "CA", .key = 2, .signer = 1, .exts = HOLDER},
};

static void make(void)
{
	pki_start();
	for (size_t i = 0; i < CERTS; i++)
		pki_make(i, &certs[i]);
	pki_install("all", ROOT);
	pki_install("all", LOGIN_CA);
	pki_publish("lists", &(struct pki_list){.issuer = "Root"});
	pki_publish("lists", &(struct pki_list){.issuer = "CA", .signer = 1,
	                                        .entries = {{.serial = REVOKED + 1, .revoked = pki.at - 7200}}});
}

static const char *const doctor[] = {"Medical Doctor", NULL}, *const dentist[] = {"Dentist", NULL};

static const struct row {
	size_t cert;
	enum inkan_status_rule need;
	const char *const *roles;
	enum inkan_verdict verdict;
} rows[] = {
	{GOOD, INKAN_STATUS_REQUIRE, doctor, INKAN_VERDICT_ACCEPTED},
	{GOOD, INKAN_STATUS_REQUIRE, dentist, INKAN_VERDICT_NO_ROLE},
	{REVOKED, INKAN_STATUS_REQUIRE, doctor, INKAN_VERDICT_REVOKED},
	{REVOKED, INKAN_STATUS_PREFER, NULL, INKAN_VERDICT_REVOKED},
};

enum { ROWS = sizeof rows / sizeof *rows };

static rlim_t files; /* that a decision may have open; 0: as many as usual */

static void limit_files(rlim_t n)
{
	struct rlimit limit;

	/* no assertion: it would need memory */
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = n ? n : limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

/* E_OK: there is a verdict. */
static enum inkan_error decide(const struct row *row, enum inkan_verdict *verdict)
{
	char all[128], held[128];
	const char *const anchors[] = {all, NULL}, *const lists[] = {held, NULL};
	const struct inkan_options options = {.size = sizeof options, .anchors = anchors, .lists = lists};
	const struct inkan_rules rules = {.size = sizeof rules, .status = row->need, .roles = row->roles};
	unsigned char *der = NULL;
	int len = i2d_X509(pki.x509[row->cert], &der);
	struct inkan_decision *d = NULL;
	struct inkan_cert *cert = NULL;
	struct inkan *ctx = NULL;
	enum inkan_error e;

	snprintf(all, sizeof all, "%s", pki_path("all"));
	snprintf(held, sizeof held, "%s", pki_path("lists"));
	no_memory.count = 0;
	no_memory.failed = false;
	no_memory.on = true;
	e = inkan_new(&options, &ctx);
	if (e == INKAN_OK)
		e = inkan_cert_from_der(ctx, der, (size_t)len, &cert);
	if (files)
		limit_files(files);
	if (e == INKAN_OK)
		e = inkan_decide(ctx, cert, &rules, &d);
	limit_files(0);
	if (e == INKAN_OK)
		*verdict = inkan_decision_verdict(d);
	inkan_decision_free(&d);
	inkan_cert_free(&cert);
	inkan_free(&ctx);
	no_memory.on = false;
	OPENSSL_free(der);
	return e;
}

/* Of libcrypto's, which are thousands, one in 127; INKAN_TEST_SAMPLE=1: each. */
static void each_fails(int i, bool libcrypto)
{
	const char *sample = getenv("INKAN_TEST_SAMPLE");
	const struct row *row = &rows[i % ROWS];
	unsigned n = 1, step, runs = 0, decided = 0;
	enum inkan_verdict v;

	no_memory.ours = true;
	no_memory.libcrypto = libcrypto;
	no_memory.lasting = i / ROWS;
	step = libcrypto && !(sample && atoi(sample) == 1) ? 127 * SLOW : 1;
	for (;; n += step, runs++) {
		enum inkan_error e;

		no_memory.fail_at = n;
		e = decide(row, &v);
		if (!no_memory.failed)
			break;
		decided += e == INKAN_OK;
		ck_assert_msg(e != INKAN_OK || v != INKAN_VERDICT_ACCEPTED || row->verdict == INKAN_VERDICT_ACCEPTED,
		              "allocation %u: accepted", n);
		if (!libcrypto)
			ck_assert_msg(e == INKAN_OK || e == INKAN_E_MEMORY, "allocation %u: error %d", n, (int)e);
		no_memory.fail_at = 0;
		ck_assert_int_eq(decide(row, &v), INKAN_OK);
		ck_assert_int_eq(v, row->verdict);
	}
	ck_assert_int_eq(v, row->verdict);
	ck_assert_uint_gt(runs, 20 / SLOW);
	printf("%u allocations, %u of them failed, %u times there was a verdict\n", n, runs, decided);
}

START_TEST(ours)
{
	each_fails(_i, false);
}
END_TEST

/* Not yet where a status is only preferred: libcrypto does not say that a list does not parse
 * or verify for want of memory, and so it counts as one that cannot be used. */
START_TEST(libcryptos_too)
{
	if (rows[_i % ROWS].need == INKAN_STATUS_REQUIRE)
		each_fails(_i, true);
}
END_TEST

START_TEST(no_files)
{
	const struct row *row = &rows[_i];
	enum inkan_verdict v = INKAN_VERDICT_ACCEPTED;
	bool whole = false;

	for (files = 1; files < 64 && !whole; files++) {
		ck_assert_int_eq(decide(row, &v), INKAN_OK);
		whole = v == row->verdict;
		ck_assert_msg(whole || v != INKAN_VERDICT_ACCEPTED, "%lu files: accepted", (unsigned long)files);
	}
	ck_assert(whole);
}
END_TEST

int main(void)
{
	const struct cases cases = {.suite = suite_create("no memory"), .setup = make, .teardown = pki_stop, .seconds = 300};
	SRunner *r = srunner_create(cases.suite);
	int failed;

	no_memory_init();
	add_loop_case(&cases, ours, 2 * ROWS);
	add_loop_case(&cases, libcryptos_too, 2 * ROWS);
	add_loop_case(&cases, no_files, ROWS);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
