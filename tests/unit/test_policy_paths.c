/* SPDX-License-Identifier: BSD-2-Clause */
/* Paths as NIST's PKITS has them, made by our own PKI: rollover, self-issued certificates, path
 * lengths, policies, depth, keys for lists. What libinkan decides, and beside it X509_verify_cert. */
#include <check.h>
#include <stdio.h>
#include <string.h>
#include <openssl/x509v3.h>
#include "make_pki.h"

#define POLICY "1.2.392.100495.1.5.1.2.3.1"
#define POLICIES(oids) "certificatePolicies=critical," oids "\n"
#define USAGE "keyUsage=critical,keyCertSign,cRLSign\n"
#define CA_EXTS "basicConstraints=critical,CA:TRUE\n" USAGE POLICIES(POLICY)
#define LENGTH(n) "basicConstraints=critical,CA:TRUE,pathlen:" #n "\n" USAGE POLICIES(POLICY)
#define EE_EXTS "keyUsage=critical,digitalSignature\n" POLICIES(POLICY)

enum {
	ROOT, C1, C2, C3, C4, C5, C6, C7, C8, C9, C10, UNDER_C7, UNDER_C9, UNDER_C10,
	NEW_ROOT, NEW_WITH_OLD, OLD_WITH_NEW, NEW_CA, UNDER_C1, UNDER_NEW,
	P0, P0_NEW, P0_SUB, P0_NEW_SUB, UNDER_P0, UNDER_P0_NEW, UNDER_P0_SUB, UNDER_P0_NEW_SUB,
	TWIN_A, TWIN_B, UNDER_TWIN_B, OLD_CERT, RENEWED, UNDER_RENEWED, CROSSED, CROSS, OLD_CROSS, UNDER_CROSSED, LOOP_A, LOOP_B, UNDER_LOOP,
	NAMES, UNDER_NAMES, MAPPED, UNDER_MAPPED, INHIBIT, UNDER_INHIBIT, EXPLICIT, UNDER_EXPLICIT, BARE, UNDER_BARE,
	ANY, UNDER_ANY, NO_SIGN, UNDER_NO_SIGN, SERVER, UNDER_SERVER,
	SPLIT, SPLIT_LISTS, UNDER_SPLIT, REVOKED_SPLIT, ROLLED, UNDER_OLD_KEY, UNDER_LISTS, NAMED, OTHER_ROOT, NAMESAKE, N_CERTS,
	CROWD = N_CERTS, CROWD_CA = CROWD + 16, WEB, UNDER_WEB = WEB + 9 * 9
};

#define EE(issuer_, key_) {.subject = "Holder", .issuer = issuer_, .key = 31, .signer = key_, .exts = EE_EXTS}
#define SUB(name, key_, above, signer_) {.subject = name, .issuer = above, .key = key_, .signer = signer_, .exts = CA_EXTS}
#define ODD(name, key_, exts_) {.subject = name, .issuer = "Root", .key = key_, .exts = exts_}

static struct pki_cert certs[N_CERTS] = {
	[ROOT] = SUB("Root", 0, "Root", 0),
	[C1] = SUB("C1", 1, "Root", 0), [C2] = SUB("C2", 2, "C1", 1), [C3] = SUB("C3", 3, "C2", 2), [C4] = SUB("C4", 4, "C3", 3),
	[C5] = SUB("C5", 5, "C4", 4), [C6] = SUB("C6", 6, "C5", 5), [C7] = SUB("C7", 7, "C6", 6), [C8] = SUB("C8", 8, "C7", 7),
	[C9] = SUB("C9", 9, "C8", 8), [C10] = SUB("C10", 10, "C9", 9),
	[UNDER_C7] = EE("C7", 7), [UNDER_C9] = EE("C9", 9), [UNDER_C10] = EE("C10", 10),
	[NEW_ROOT] = SUB("Root", 11, "Root", 11), [NEW_WITH_OLD] = SUB("Root", 11, "Root", 0),
	[OLD_WITH_NEW] = SUB("Root", 0, "Root", 11), [NEW_CA] = SUB("New CA", 12, "Root", 11),
	[UNDER_C1] = EE("C1", 1), [UNDER_NEW] = EE("New CA", 12),
	[P0] = {.subject = "P0", .issuer = "Root", .key = 13, .exts = LENGTH(0)},
	[P0_NEW] = {.subject = "P0", .issuer = "P0", .key = 14, .signer = 13, .exts = LENGTH(0)},
	[P0_SUB] = SUB("P0 sub", 15, "P0", 13), [P0_NEW_SUB] = SUB("P0 sub", 16, "P0", 14),
	[UNDER_P0] = EE("P0", 13), [UNDER_P0_NEW] = EE("P0", 14), [UNDER_P0_SUB] = EE("P0 sub", 15),
	[UNDER_P0_NEW_SUB] = EE("P0 sub", 16),
	[TWIN_A] = {.subject = "Twin", .issuer = "Root", .key = 17, .exts = CA_EXTS, .no_key_ids = true},
	[TWIN_B] = {.subject = "Twin", .issuer = "Root", .key = 18, .exts = CA_EXTS, .no_key_ids = true},
	[UNDER_TWIN_B] = {.subject = "Holder", .issuer = "Twin", .key = 31, .signer = 18, .exts = EE_EXTS, .no_key_ids = true},
	[OLD_CERT] = SUB("Renewed", 19, "Root", 0), [RENEWED] = SUB("Renewed", 19, "Root", 0), [UNDER_RENEWED] = EE("Renewed", 19),
	[CROSSED] = SUB("Crossed", 20, "Nobody", 30), [CROSS] = SUB("Crossed", 20, "Root", 0), [OLD_CROSS] = SUB("Crossed", 20, "Root", 0), [UNDER_CROSSED] = EE("Crossed", 20),
	[LOOP_A] = SUB("Loop A", 21, "Loop B", 22), [LOOP_B] = SUB("Loop B", 22, "Loop A", 21), [UNDER_LOOP] = EE("Loop A", 21),
	[NAMES] = ODD("Odd", 23, CA_EXTS "nameConstraints=permitted;DNS:example.jp\n"), [UNDER_NAMES] = EE("Odd", 23),
	[MAPPED] = ODD("Odd", 24, CA_EXTS "policyMappings=1.2.3.4:" POLICY "\n"), [UNDER_MAPPED] = EE("Odd", 24),
	[INHIBIT] = ODD("Odd", 25, CA_EXTS "inhibitAnyPolicy=0\n"), [UNDER_INHIBIT] = EE("Odd", 25),
	[EXPLICIT] = ODD("Odd", 26, CA_EXTS "policyConstraints=critical,requireExplicitPolicy:0\n"), [UNDER_EXPLICIT] = EE("Odd", 26),
	[BARE] = ODD("Odd", 27, "basicConstraints=critical,CA:TRUE\n" USAGE), [UNDER_BARE] = EE("Odd", 27),
	[ANY] = ODD("Odd", 28, "basicConstraints=critical,CA:TRUE\n" USAGE POLICIES("2.5.29.32.0")), [UNDER_ANY] = EE("Odd", 28),
	[NO_SIGN] = ODD("Odd", 29, "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,cRLSign\n" POLICIES(POLICY)),
	[UNDER_NO_SIGN] = EE("Odd", 29),
	[SERVER] = ODD("Odd", 12, CA_EXTS "extendedKeyUsage=serverAuth\n"), [UNDER_SERVER] = EE("Odd", 12),
	[SPLIT] = ODD("Split", 2, "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n" POLICIES(POLICY)),
	[SPLIT_LISTS] = ODD("Split", 3, "keyUsage=critical,cRLSign\n"),
	[UNDER_SPLIT] = EE("Split", 2), [REVOKED_SPLIT] = EE("Split", 2),
	[ROLLED] = SUB("C1", 4, "C1", 1), [UNDER_OLD_KEY] = EE("C1", 1), [UNDER_LISTS] = EE("Split", 3),
	/* names a certificate of its CA that is not the one installed */
	[NAMED] = {.subject = "Holder", .issuer = "C1", .key = 31, .signer = 1, .exts = EE_EXTS, .aki_issuer = "Elsewhere"},
	[OTHER_ROOT] = SUB("Other Root", 30, "Other Root", 30), [NAMESAKE] = SUB("C1", 29, "Other Root", 30),
};

static void make(void)
{
	static const char *const folders[] = {"own", "split", "rolled", "stranger", "later", "namesake"};

	pki_start();
	certs[OLD_CERT].to = certs[OLD_CROSS].to = pki.at - 1000;
	for (size_t i = 0; i < N_CERTS; i++)
		pki_make(i, &certs[i]);
	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
		pki_publish(folders[i], &(struct pki_list){.issuer = "Root", .from = pki.at - 90000});
	pki_publish("own", &(struct pki_list){.issuer = "C1", .signer = 1});
	pki_publish("own", &(struct pki_list){.issuer = "Split", .signer = 2}); /* by a key that may not */
	pki_publish("split", &(struct pki_list){.issuer = "Split", .signer = 3,
	                                        .entries = {{.serial = REVOKED_SPLIT + 1, .revoked = pki.at - 7200}}});
	pki_publish("rolled", &(struct pki_list){.issuer = "C1", .signer = 4});
	pki_publish("stranger", &(struct pki_list){.issuer = "C1", .signer = 30});
	pki_publish("namesake", &(struct pki_list){.issuer = "C1", .signer = 29});
	pki_publish("namesake", &(struct pki_list){.issuer = "Other Root", .signer = 30});
	/* at first nothing is known; later the key is said to have been somebody else's since 50000 seconds */
	pki_publish("later", &(struct pki_list){.issuer = "C1", .signer = 1, .from = pki.at - 80000, .to = pki.at - 20000});
	pki_publish("later2", &(struct pki_list){.issuer = "C1", .signer = 1, .from = pki.at - 10000, .entries = {
		{.serial = UNDER_C1 + 1, .revoked = pki.at - 20000, .reason = 1, .invalidity = pki.at - 50000}}});
	pki_publish("mixed", &(struct pki_list){.issuer = "Root", .from = pki.at - 90000});
	pki_publish("mixed", &(struct pki_list){.issuer = "C1", .signer = 1});
	pki_publish("mixed", &(struct pki_list){.issuer = "C1", .signer = 30});
	pki_publish("odd", &(struct pki_list){.issuer = "C1", .signer = 1});
	pki_publish("odd", &(struct pki_list){.issuer = "Root", .from = pki.at - 90000});
	for (int i = 0; i < 2; i++) /* two numbers, and another scope; by the name some lists come before it, some after */
		pki_publish("odd", &(struct pki_list){.issuer = i ? "C1" : "Root", .signer = i,
		                                      .exts = "2.5.29.20=DER:020105\n2.5.29.28=critical,DER:30038101FF\n"});
	pki_publish("ca-later", &(struct pki_list){.issuer = "Root", .from = pki.at - 10000, .entries = {
		{.serial = C1 + 1, .revoked = pki.at - 20000, .reason = 2, .invalidity = pki.at - 50000}}});
}

#define FIRST_OF_ITS_NAME "it takes the first CA of the name; RFC 5280 6.1 asks whose key signed"
#define PROCESSES "it processes that; here it is refused as RFC 5280 4.2 has it"

static const struct path {
	const char *answer;
	int leaf;
	int cas[12];          /* that are installed; 0 (the root) is the end, and installed but in `without_root` */
	bool without_root;
	const char *libcrypto; /* why its answer is another one; NULL: it is the same */
} paths[] = {
	/* eight CAs, the anchor with them, and no more than ten */
	{"0", UNDER_C7, {C1, C2, C3, C4, C5, C6, C7}, false, NULL},
	{"0", UNDER_C9, {C9, C8, C7, C6, C5, C4, C3, C2, C1}, false, NULL},
	{"4 no-anchor", UNDER_C10, {C1, C2, C3, C4, C5, C6, C7, C8, C9, C10}, false, "it allows a hundred"},
	{"4 no-anchor", UNDER_C7, {C1, C2, C3, C5, C6, C7}, false, NULL},

	/* a root that changed its key: below the old anchor what the new key signed, and the other way round */
	{"0", UNDER_NEW, {NEW_WITH_OLD, NEW_CA}, false, NULL},
	{"0", UNDER_C1, {NEW_ROOT, OLD_WITH_NEW, C1}, true, NULL},
	{"4 no-anchor", UNDER_NEW, {NEW_CA}, false, NULL},
	{"4 no-anchor", UNDER_NEW, {NEW_WITH_OLD, NEW_CA}, true, NULL},
	{"0", UNDER_NEW, {NEW_ROOT, NEW_WITH_OLD, OLD_WITH_NEW, NEW_CA}, false, NULL},

	/* pathLenConstraint: what is self-issued is not counted (PKITS 4.6.15, 4.6.16) */
	{"0", UNDER_P0, {P0}, false, NULL},
	{"4 ca", UNDER_P0_SUB, {P0, P0_SUB}, false, NULL},
	{"0", UNDER_P0_NEW, {P0, P0_NEW}, false, NULL},
	{"4 ca", UNDER_P0_NEW_SUB, {P0, P0_NEW, P0_NEW_SUB}, false, NULL},

	/* several certificates of one CA */
	{"0", UNDER_TWIN_B, {TWIN_A, TWIN_B}, false, FIRST_OF_ITS_NAME},
	{"0", UNDER_TWIN_B, {TWIN_B}, false, NULL},
	{"4 signature", UNDER_TWIN_B, {TWIN_A}, false, NULL},
	{"0", UNDER_RENEWED, {OLD_CERT, RENEWED}, false, NULL},
	{"5 expired", UNDER_RENEWED, {OLD_CERT}, false, NULL},
	{"0", UNDER_CROSSED, {CROSSED, CROSS}, false, "it takes the first certificate of the key"},
	{"4 no-anchor", UNDER_CROSSED, {CROSSED}, false, NULL},
	{"5 expired", UNDER_CROSSED, {CROSSED, OLD_CROSS}, false, NULL},
	{"0", NAMED, {C1}, false, "RFC 5280 4.2.1.1: identifiers help to find a CA; it takes them as a condition"},
	{"4 no-anchor", UNDER_LOOP, {LOOP_A, LOOP_B}, false, NULL},

	/* extensions and policies of CAs */
	{"4 critical-extension", UNDER_NAMES, {NAMES}, false, PROCESSES},
	{"4 critical-extension", UNDER_MAPPED, {MAPPED}, false, PROCESSES},
	{"4 critical-extension", UNDER_INHIBIT, {INHIBIT}, false, PROCESSES},
	{"0", UNDER_EXPLICIT, {EXPLICIT}, false, NULL},
	{"4 policy", UNDER_BARE, {BARE}, false, NULL},
	{"0", UNDER_ANY, {ANY}, false, NULL},
	{"4 ca", UNDER_NO_SIGN, {NO_SIGN}, false, NULL},
	{"4 usage", UNDER_SERVER, {SERVER}, false, NULL},
	{"4 ca,policy", UNDER_LISTS, {SPLIT_LISTS, SPLIT}, false, NULL},
};

static bool libcrypto_accepts(const struct path *p)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	STACK_OF(X509) *between = sk_X509_new_null();
	X509_VERIFY_PARAM *param;
	bool accepted;

	ck_assert(store && ctx && between);
	if (!p->without_root)
		ck_assert(X509_STORE_add_cert(store, pki.x509[ROOT]));
	for (size_t i = 0; i < 12 && p->cas[i]; i++) {
		X509 *x = pki.x509[p->cas[i]];

		ck_assert(X509_self_signed(x, 1) == 1 ? X509_STORE_add_cert(store, x) : sk_X509_push(between, x) > 0);
	}
	ck_assert(X509_STORE_CTX_init(ctx, store, pki.x509[p->leaf], between));
	param = X509_STORE_CTX_get0_param(ctx);
	X509_VERIFY_PARAM_set_auth_level(param, 2);
	X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_SSL_CLIENT);
	X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_POLICY_CHECK | X509_V_FLAG_EXPLICIT_POLICY | X509_V_FLAG_TRUSTED_FIRST);
	X509_VERIFY_PARAM_add0_policy(param, OBJ_txt2obj(POLICY, 1));
	accepted = X509_verify_cert(ctx) > 0;
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	sk_X509_free(between);
	return accepted;
}

static void install(const char *folder, const int cas[12], bool without_root)
{
	if (!without_root)
		pki_install(folder, ROOT);
	for (size_t i = 0; i < 12 && cas[i]; i++)
		pki_install(folder, (size_t)cas[i]);
}

START_TEST(one_path)
{
	const struct inkan_rules rules = {.purpose = INKAN_PURPOSE_LOGIN, .status = INKAN_STATUS_IGNORE};
	const struct path *p = &paths[_i];
	char folder[16];

	snprintf(folder, sizeof folder, "path-%d", _i);
	install(folder, p->cas, p->without_root);
	ck_assert_str_eq(pki_decide(folder, NULL, (size_t)p->leaf, &rules), p->answer);
	ck_assert(p->leaf != UNDER_LOOP || pki.length == 3);
	ck_assert_msg(libcrypto_accepts(p) == ((p->answer[0] == '0') == !p->libcrypto), "libcrypto: %s", p->answer);
}
END_TEST

#define NO_EVIDENCE {{PKI_END}, {NULL}}, 0

/* RFC 5280 6.3.3 (f): whose lists speak about a certificate. PKITS 4.4.19 to 4.4.21, 4.5. */
static const struct {
	const char *answer;
	int leaf;
	int cas[12];
	const char *lists[3];
	enum inkan_purpose purpose;
	int64_t before;            /* the time, before pki.at; 0: now */
	struct pki_evidence came;
	size_t refused;            /* of the lists that came along */
} lists[] = {
	{"0", UNDER_C1, {C1}, {"own"}, INKAN_PURPOSE_LOGIN, 0, NO_EVIDENCE},
	{"3 status-unknown", UNDER_SPLIT, {SPLIT}, {"own"}, INKAN_PURPOSE_LOGIN, 0, NO_EVIDENCE},
	{"0", UNDER_SPLIT, {SPLIT, SPLIT_LISTS}, {"split"}, INKAN_PURPOSE_LOGIN, 0, NO_EVIDENCE},
	{"2 revoked", REVOKED_SPLIT, {SPLIT_LISTS, SPLIT}, {"split"}, INKAN_PURPOSE_LOGIN, 0, NO_EVIDENCE},
	{"3 status-unknown", UNDER_SPLIT, {SPLIT}, {"split"}, INKAN_PURPOSE_LOGIN, 0, NO_EVIDENCE},
	{"0", UNDER_OLD_KEY, {C1, ROLLED}, {"rolled"}, INKAN_PURPOSE_LOGIN, 0, NO_EVIDENCE},
	{"3 status-unknown", UNDER_OLD_KEY, {C1}, {"rolled"}, INKAN_PURPOSE_LOGIN, 0, NO_EVIDENCE},
	{"3 status-unknown", UNDER_OLD_KEY, {C1, ROLLED}, {"stranger"}, INKAN_PURPOSE_LOGIN, 0, NO_EVIDENCE},
	/* sound, of the same name, and below another anchor */
	{"3 status-unknown", UNDER_OLD_KEY, {C1, OTHER_ROOT, NAMESAKE}, {"namesake"}, INKAN_PURPOSE_LOGIN, 0, NO_EVIDENCE},
	/* invalidityDate (5.3.2): of a signature of then, and to the second */
	{"0", UNDER_C1, {C1}, {"later", "later2"}, INKAN_PURPOSE_LOGIN, 40000, NO_EVIDENCE},
	{"4 usage,invalid", UNDER_C1, {C1}, {"later", "later2"}, INKAN_PURPOSE_SIGN, 40000, NO_EVIDENCE},
	{"4 usage,invalid", UNDER_C1, {C1}, {"later", "later2"}, INKAN_PURPOSE_SIGN, 50000, NO_EVIDENCE},
	{"4 usage", UNDER_C1, {C1}, {"later", "later2"}, INKAN_PURPOSE_SIGN, 50001, NO_EVIDENCE},
	{"2 revoked", UNDER_C1, {C1}, {"later", "later2"}, INKAN_PURPOSE_LOGIN, 0, NO_EVIDENCE},
	{"0", UNDER_C1, {C1}, {"later", "ca-later"}, INKAN_PURPOSE_LOGIN, 40000, NO_EVIDENCE},
	{"4 usage,invalid", UNDER_C1, {C1}, {"later", "ca-later"}, INKAN_PURPOSE_SIGN, 40000, NO_EVIDENCE}, /* its CA's key */
	{"4 usage", UNDER_C1, {C1}, {"later", "ca-later"}, INKAN_PURPOSE_SIGN, 50001, NO_EVIDENCE},
	/* of a CA that has more than the eight keys which are tried, the others of other names */
	{"0", UNDER_SPLIT, {C1, C2, C3, C4, C5, C6, C7, C8, SPLIT, SPLIT_LISTS}, {"split"}, INKAN_PURPOSE_LOGIN, 0, NO_EVIDENCE},
	/* keys and lists that came along, verified like the others */
	{"0", UNDER_C1, {C1}, {NULL}, INKAN_PURPOSE_LOGIN, 0, {{PKI_END}, {"own"}}, 0},
	{"3 status-unknown", UNDER_C1, {C1}, {NULL}, INKAN_PURPOSE_LOGIN, 0, {{PKI_END}, {"stranger"}}, 1},
	{"0", UNDER_C1, {C1}, {NULL}, INKAN_PURPOSE_LOGIN, 0, {{PKI_END}, {"stranger", "own"}}, 1},
	{"0", UNDER_C1, {C1}, {NULL}, INKAN_PURPOSE_LOGIN, 0, {{PKI_END}, {"mixed"}}, 1},
	{"0", UNDER_C1, {C1}, {NULL}, INKAN_PURPOSE_LOGIN, 0, {{PKI_END}, {"odd"}}, 1},
	{"0", UNDER_SPLIT, {SPLIT}, {NULL}, INKAN_PURPOSE_LOGIN, 0, {{SPLIT_LISTS, PKI_END}, {"split"}}, 0},
	{"2 revoked", REVOKED_SPLIT, {SPLIT}, {NULL}, INKAN_PURPOSE_LOGIN, 0, {{SPLIT_LISTS, PKI_END}, {"split"}}, 0},
	{"3 status-unknown", UNDER_SPLIT, {SPLIT}, {NULL}, INKAN_PURPOSE_LOGIN, 0, {{PKI_END}, {"split"}}, 1},
};

START_TEST(one_list)
{
	const struct inkan_rules rules = {.purpose = lists[_i].purpose,
	                                  .at = lists[_i].before ? pki.at - lists[_i].before : 0};
	char folder[16];

	snprintf(folder, sizeof folder, "lists-%d", _i);
	install(folder, lists[_i].cas, false);
	ck_assert_str_eq(pki_decide_with(folder, lists[_i].lists, &lists[_i].came, (size_t)lists[_i].leaf, &rules), lists[_i].answer);
	ck_assert_uint_eq(pki.refused, lists[_i].refused);
}
END_TEST

/* Whoever hands in CA certificates of one name must not have this machine try all their keys. */
START_TEST(a_crowd_of_one_name)
{
	const struct inkan_rules rules = {.status = INKAN_STATUS_IGNORE};
	struct pki_cert ca = {.subject = "Twin", .issuer = "Root", .key = 17, .exts = CA_EXTS, .no_key_ids = true};

	pki_install("crowd", ROOT);
	for (size_t i = CROWD; i <= CROWD_CA; i++) {
		ca.key = i == CROWD_CA ? 18 : 17;
		pki_make(i, &ca);
		if (i > CROWD)
			pki_install("crowd", i);
	}
	ck_assert_str_eq(pki_decide("crowd", NULL, UNDER_TWIN_B, &rules), "0"); /* the sixteenth */
	pki_install("crowd", CROWD);
	ck_assert_str_eq(pki_decide("crowd", NULL, UNDER_TWIN_B, &rules), "4 signature");
}
END_TEST

/* Nine CAs that have all certified each other make a million chains. */
START_TEST(a_web_of_cross_certificates)
{
	static const char *const names[] = {"W0", "W1", "W2", "W3", "W4", "W5", "W6", "W7", "W8"};
	const struct inkan_rules rules = {.status = INKAN_STATUS_IGNORE};
	const time_t start = time(NULL);

	for (int i = 0; i < 9; i++)
		for (int k = 0; k < 9; k++) {
			size_t at = (size_t)(WEB + 9 * i + k);
			struct pki_cert ca = SUB(names[i], i + 1, names[k], k + 1);

			if (i == k)
				continue;
			pki_make(at, &ca);
			pki_install("web", at);
		}
	pki_make(UNDER_WEB, &(struct pki_cert)EE("W0", 1));
	ck_assert_str_eq(pki_decide("web", NULL, UNDER_WEB, &rules), "4 no-anchor");
	ck_assert_int_le(time(NULL) - start, 10);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("paths");
	TCase *t = tcase_create("paths");
	SRunner *r = srunner_create(s);
	int failed;

	suite_add_tcase(s, t);
	tcase_set_timeout(t, 120);
	tcase_add_unchecked_fixture(t, make, pki_stop);
	tcase_add_loop_test(t, one_path, 0, sizeof paths / sizeof *paths);
	tcase_add_loop_test(t, one_list, 0, sizeof lists / sizeof *lists);
	tcase_add_test(t, a_crowd_of_one_name);
	tcase_add_test(t, a_web_of_cross_certificates);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
