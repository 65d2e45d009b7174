/* SPDX-License-Identifier: BSD-2-Clause */
/* The policy table: certificate, purpose, anchors, status, level, roles and time, and
 * what libinkan decides, with every reason. Whoever changes a rule changes a row. */
#include <check.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "make_pki.h"

#define YEAR (365L * 24 * 60 * 60)
#define CA_EXTS "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n"
#define LOGIN "keyUsage=critical,digitalSignature\n"
#define SIGN "keyUsage=critical,nonRepudiation\n"
#define POLICY(oid) "certificatePolicies=critical," oid "\n"
#define HPKI_LOGIN "1.2.392.100495.1.5.1.2."
#define HPKI_SIGN "1.2.392.100495.1.5.1.1."
#define JPKI_LOGIN "1.2.392.200149.8.5.1.3.30"
#define JPKI_SIGN "1.2.392.200149.8.5.1.1.20"

/* HCActors, the first as in a real doctor's certificate (hpki.md 3.3); the scheme twice, no name. */
#define DOCTOR "3024A0223120A00C060A2A830886910F01060101A2100C0E4D65646963616C20446F63746F72"
#define SCHEME "A00C060A2A830886910F01060101"
#define DOCTOR_SCHEME_TWICE "3032A030312E" SCHEME SCHEME "A2100C0E4D65646963616C20446F63746F72"
#define NAMELESS "3012A010310E" SCHEME
#define TYPE "0606288185420001"

enum {
	ROOT, BAD_ROOT, LOGIN_CA, SIGN_CA, JPKI_LOGIN_CA, JPKI_SIGN_CA, EDGE_CA, OTHER_ROOT,
	DOCTOR_LOGIN, DOCTOR_SIGN, OFFICE_LOGIN, PATIENT_LOGIN, PATIENT_SIGN, PATIENT_BOTH_USES, TEST_LOGIN, TEST_SIGN, TEST_SIGN_OF_LOGIN_CA,
	NO_POLICY, OTHER_POLICY, NO_VERSION, LONG_VERSION, BIG_VERSION, BIG_LEVEL, NOT_OF_ITS_CA, SERVER, CLIENT, ANY_EKU, NO_KEY_USAGE,
	ONLY_ENCIPHER, CRITICAL, PROXY, A_CA, EDGE, UNDER_EDGE, REVOKED, HELD, UNDER_NOBODY, FORGED, OWN_WORD, TWO_ROLES, ROLE_TWICE,
	TWO_ATTRIBUTES, SCHEME_TWICE, NO_ROLES, N_CERTS
};

#define HOLDER(extensions) {.subject = "Holder", .issuer = "Login CA", .key = 20, .signer = 1, .exts = extensions}
#define ROLES(hex) "2.5.29.9=DER:" hex "\n"

static struct pki_cert certs[N_CERTS] = {
	[ROOT] = {.subject = "Root", .issuer = "Root", .exts = CA_EXTS},
	[BAD_ROOT] = {.subject = "Bad Root", .issuer = "Bad Root", .key = 8, .signer = 8, .exts = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,cRLSign\n"},
	[OTHER_ROOT] = {.subject = "Other Root", .issuer = "Other Root", .key = 6, .signer = 6, .exts = CA_EXTS},
	[LOGIN_CA] = {.subject = "Login CA", .issuer = "Root", .key = 1, .exts = CA_EXTS POLICY(HPKI_LOGIN "3.1," HPKI_LOGIN "12.34,1.2.392.100495.1.5.1.3.3.1")},
	[SIGN_CA] = {.subject = "Sign CA", .issuer = "Root", .key = 2, .exts = CA_EXTS POLICY(HPKI_SIGN "3.1")},
	[JPKI_LOGIN_CA] = {.subject = "JPKI A", .issuer = "JPKI A", .key = 3, .signer = 3, .exts = CA_EXTS},
	[JPKI_SIGN_CA] = {.subject = "JPKI S", .issuer = "JPKI S", .key = 4, .signer = 4, .exts = CA_EXTS},
	[EDGE_CA] = {.subject = "Edge CA", .issuer = "Root", .key = 5, .exts = CA_EXTS POLICY(HPKI_LOGIN "3.1")},
	[DOCTOR_LOGIN] = HOLDER(LOGIN POLICY(HPKI_LOGIN "3.1") ROLES("3034303206062881854200013128" "3126" DOCTOR)),
	[DOCTOR_SIGN] = {.subject = "Holder", .issuer = "Sign CA", .key = 21, .signer = 2, .exts = SIGN POLICY(HPKI_SIGN "3.1")},
	[OFFICE_LOGIN] = HOLDER(LOGIN POLICY("1.2.392.100495.1.5.1.3.3.1")),
	[PATIENT_LOGIN] = {.subject = "P", .issuer = "JPKI A", .key = 22, .signer = 3, .exts = LOGIN "extendedKeyUsage=clientAuth\n" POLICY(JPKI_LOGIN)},
	[PATIENT_SIGN] = {.subject = "P", .issuer = "JPKI S", .key = 23, .signer = 4, .exts = "keyUsage=critical,digitalSignature,nonRepudiation\n" POLICY(JPKI_SIGN)},
	[PATIENT_BOTH_USES] = {.subject = "P", .issuer = "JPKI A", .key = 22, .signer = 3, .exts = "keyUsage=critical,digitalSignature,nonRepudiation\n" POLICY(JPKI_LOGIN)},
	[TEST_LOGIN] = HOLDER(LOGIN POLICY(HPKI_LOGIN "0.1") ROLES("3034303206062881854200013128" "3126" DOCTOR)),
	[TEST_SIGN] = {.subject = "Holder", .issuer = "Sign CA", .key = 21, .signer = 2, .exts = SIGN POLICY(HPKI_SIGN "0.1")},
	[TEST_SIGN_OF_LOGIN_CA] = HOLDER(SIGN POLICY(HPKI_SIGN "0.1")),
	[NO_POLICY] = HOLDER(LOGIN),
	[OTHER_POLICY] = HOLDER(LOGIN POLICY("1.2.3.4")),
	[NO_VERSION] = HOLDER(LOGIN POLICY(HPKI_LOGIN "3")),
	[LONG_VERSION] = HOLDER(LOGIN POLICY(HPKI_LOGIN "3.1.1")),
	[BIG_VERSION] = HOLDER(LOGIN POLICY(HPKI_LOGIN "3.100")),
	[BIG_LEVEL] = HOLDER(LOGIN POLICY(HPKI_LOGIN "12.34")),
	[NOT_OF_ITS_CA] = HOLDER(LOGIN POLICY(HPKI_LOGIN "3.2")),
	[SERVER] = HOLDER(LOGIN "extendedKeyUsage=serverAuth\n" POLICY(HPKI_LOGIN "3.1")),
	[CLIENT] = HOLDER(LOGIN "extendedKeyUsage=critical,clientAuth\n" POLICY(HPKI_LOGIN "3.1")),
	[ANY_EKU] = HOLDER(LOGIN "extendedKeyUsage=anyExtendedKeyUsage\n" POLICY(HPKI_LOGIN "3.1")),
	[NO_KEY_USAGE] = HOLDER(POLICY(HPKI_LOGIN "3.1")),
	[ONLY_ENCIPHER] = HOLDER("keyUsage=critical,keyEncipherment\n" POLICY(HPKI_LOGIN "3.1")),
	[CRITICAL] = HOLDER(LOGIN "1.2.3.4.5=critical,DER:0500\n" POLICY(HPKI_LOGIN "3.1")),
	[PROXY] = HOLDER(LOGIN "proxyCertInfo=language:id-ppl-anyLanguage\n" POLICY(HPKI_LOGIN "3.1")),
	[A_CA] = HOLDER(CA_EXTS POLICY(HPKI_LOGIN "3.1")),
	[EDGE] = HOLDER(LOGIN POLICY(HPKI_LOGIN "3.1")),
	[UNDER_EDGE] = {.subject = "Holder", .issuer = "Edge CA", .key = 20, .signer = 5, .exts = LOGIN POLICY(HPKI_LOGIN "3.1")},
	[REVOKED] = HOLDER(LOGIN POLICY(HPKI_LOGIN "3.1")),
	[HELD] = HOLDER(LOGIN POLICY(HPKI_LOGIN "3.1")),
	[UNDER_NOBODY] = {.subject = "Holder", .issuer = "Nobody", .key = 20, .signer = 7, .exts = LOGIN POLICY(HPKI_LOGIN "3.1")},
	[FORGED] = {.subject = "Holder", .issuer = "Login CA", .key = 20, .signer = 7, .exts = LOGIN POLICY(HPKI_LOGIN "3.1"), .no_key_ids = true},
	[OWN_WORD] = {.subject = "Holder", .issuer = "Holder", .key = 20, .signer = 20, .exts = LOGIN POLICY(HPKI_LOGIN "3.1")},
	[TWO_ROLES] = HOLDER(LOGIN POLICY(HPKI_LOGIN "3.1") ROLES("30483046" TYPE "313C313A" NAMELESS DOCTOR)),
	[ROLE_TWICE] = HOLDER(LOGIN POLICY(HPKI_LOGIN "3.1") ROLES("305A3058" TYPE "314E314C" DOCTOR DOCTOR)),
	[TWO_ATTRIBUTES] = HOLDER(LOGIN POLICY(HPKI_LOGIN "3.1") ROLES("30683032" TYPE "31283126" DOCTOR "3032" TYPE "31283126" DOCTOR)),
	[SCHEME_TWICE] = HOLDER(LOGIN POLICY(HPKI_LOGIN "3.1") ROLES("30423040" TYPE "31363134" DOCTOR_SCHEME_TWICE)),
	[NO_ROLES] = HOLDER(LOGIN POLICY(HPKI_LOGIN "3.1")),
};

/* Times around the edges of validity, list and revocation; all are over, or the rows could not stand still. */
#define FROM (pki.at - 50000)
#define TO (pki.at - 40000)
#define NEXT (pki.at - 30000)
#define GONE (pki.at - 20000)

static const char *const none[] = {NULL}, *const good[] = {"good", NULL}, *const user_only[] = {"user", NULL},
	*const stale[] = {"stale", NULL}, *const later[] = {"past", "later", NULL}, *const ca_gone[] = {"ca-gone", NULL},
	*const ended[] = {"ended", NULL}, *const both[] = {"held-and-ca-gone", NULL};

static void publish(const char *folder, const char *issuer, int signer, time_t from, time_t to, struct pki_entry a,
                    struct pki_entry b)
{
	pki_publish(folder, &(struct pki_list){.issuer = issuer, .signer = signer, .from = from, .to = to, .entries = {a, b}});
}

static void make(void)
{
	static const size_t cas[] = {LOGIN_CA, SIGN_CA, EDGE_CA};
	static const char *const everywhere[] = {"good", "stale", "past", "later", "ended"};
	const struct pki_entry no = {0};
	struct pki_entry revoked = {.serial = REVOKED + 1, .reason = 1}, held = {.serial = HELD + 1, .reason = 6};

	pki_start();
	revoked.revoked = held.revoked = pki.at - 7200;
	certs[EDGE].from = certs[EDGE_CA].from = FROM;
	certs[EDGE].to = certs[EDGE_CA].to = TO;
	for (size_t i = 0; i < N_CERTS; i++)
		pki_make(i, &certs[i]);
	pki_install("all", ROOT);
	pki_install("root", ROOT);
	for (size_t i = 0; i < 3; i++) {
		pki_install("all", cas[i]);
		pki_install("cas", cas[i]);
		pki_install("other", cas[i]);
	}
	pki_install("all", JPKI_LOGIN_CA);
	pki_install("all", JPKI_SIGN_CA);
	pki_install("other", OTHER_ROOT);
	pki_install("bad-root", BAD_ROOT);
	pki_install("two-roots", BAD_ROOT);
	pki_install("two-roots", ROOT);
	pki_install("all", OWN_WORD);

	for (size_t i = 0; i < 5; i++)
		publish(everywhere[i], "Root", 0, pki.at - 90000, 0, no, no);
	publish("user", "Login CA", 1, 0, 0, no, no);
	publish("ca-gone", "Login CA", 1, 0, 0, no, no);
	publish("ca-gone", "Root", 0, 0, 0, (struct pki_entry){.serial = LOGIN_CA + 1, .revoked = pki.at - 7200}, no);
	publish("held-and-ca-gone", "Login CA", 1, 0, 0, held, no);
	publish("held-and-ca-gone", "Root", 0, 0, 0, (struct pki_entry){.serial = LOGIN_CA + 1, .revoked = pki.at - 7200}, no);
	publish("good", "Login CA", 1, 0, 0, revoked, held);
	publish("good", "Sign CA", 2, 0, 0, no, no);
	publish("good", "JPKI A", 3, 0, 0, no, no);
	publish("stale", "Login CA", 1, pki.at - 90000, NEXT, revoked, held);
	publish("ended", "Login CA", 1, pki.at - 90000, pki.at - 86400, no, no);
	publish("past", "Login CA", 1, pki.at - 80000, pki.at, no, no);
	publish("later", "Login CA", 1, pki.at - 10000, 0, (struct pki_entry){REVOKED + 1, GONE, 5, 0},
	        (struct pki_entry){HELD + 1, GONE, 6, 0});
}

static const char *const doctor[] = {"Medical Doctor", NULL}, *const either[] = {"Dentist", "Medical Doctor", NULL},
	*const dentist[] = {"Dentist", NULL}, *const beginning[] = {"Medical Docto", NULL};

enum edge { NOW, AT_FROM, AT_TO, AT_NEXT, AT_GONE };

static const struct row {
	int cert;
	enum inkan_purpose purpose;
	const char *anchors;
	enum inkan_status_rule need;
	const char *const *lists;
	const char *answer;
	const char *const *roles;
	enum edge edge;
	int offset;
	int64_t grace;
	int allow_test;
} rows[] = {
	/* certificate and purpose */
	{DOCTOR_LOGIN, INKAN_PURPOSE_ANY, "all", INKAN_STATUS_IGNORE, none, .answer = "0"},
	{DOCTOR_LOGIN, INKAN_PURPOSE_LOGIN, "all", INKAN_STATUS_IGNORE, none, .answer = "0"},
	{DOCTOR_LOGIN, INKAN_PURPOSE_SIGN, "all", INKAN_STATUS_IGNORE, none, .answer = "4 usage"},
	{DOCTOR_SIGN, INKAN_PURPOSE_ANY, "all", INKAN_STATUS_IGNORE, none, .answer = "0"},
	{DOCTOR_SIGN, INKAN_PURPOSE_LOGIN, "all", INKAN_STATUS_IGNORE, none, .answer = "4 usage"},
	{DOCTOR_SIGN, INKAN_PURPOSE_SIGN, "all", INKAN_STATUS_IGNORE, none, .answer = "0"},
	{OFFICE_LOGIN, INKAN_PURPOSE_LOGIN, "all", INKAN_STATUS_IGNORE, none, .answer = "0"},
	{PATIENT_LOGIN, INKAN_PURPOSE_LOGIN, "all", INKAN_STATUS_IGNORE, none, .answer = "0"},
	{PATIENT_LOGIN, INKAN_PURPOSE_SIGN, "all", INKAN_STATUS_IGNORE, none, .answer = "4 usage"},
	{PATIENT_SIGN, INKAN_PURPOSE_LOGIN, "all", INKAN_STATUS_IGNORE, none, .answer = "4 usage"},
	{PATIENT_SIGN, INKAN_PURPOSE_SIGN, "all", INKAN_STATUS_IGNORE, none, .answer = "0"},
	{PATIENT_BOTH_USES, INKAN_PURPOSE_LOGIN, "all", INKAN_STATUS_IGNORE, none, .answer = "0"},
	{SERVER, INKAN_PURPOSE_LOGIN, "all", INKAN_STATUS_IGNORE, none, .answer = "4 usage"},
	{SERVER, INKAN_PURPOSE_ANY, "all", INKAN_STATUS_IGNORE, none, .answer = "0"},
	{CLIENT, INKAN_PURPOSE_LOGIN, "all", INKAN_STATUS_IGNORE, none, .answer = "0"},
	{ANY_EKU, INKAN_PURPOSE_LOGIN, "all", INKAN_STATUS_IGNORE, none, .answer = "4 usage"},
	{NO_KEY_USAGE, INKAN_PURPOSE_LOGIN, "all", INKAN_STATUS_IGNORE, none, .answer = "0"},
	{NO_KEY_USAGE, INKAN_PURPOSE_SIGN, "all", INKAN_STATUS_IGNORE, none, .answer = "0"},
	{ONLY_ENCIPHER, INKAN_PURPOSE_LOGIN, "all", INKAN_STATUS_IGNORE, none, .answer = "4 usage"},
	{ONLY_ENCIPHER, INKAN_PURPOSE_ANY, "all", INKAN_STATUS_IGNORE, none, .answer = "0"},
	{A_CA, INKAN_PURPOSE_ANY, "all", INKAN_STATUS_IGNORE, none, .answer = "4 is-ca"},
	{LOGIN_CA, INKAN_PURPOSE_ANY, "all", INKAN_STATUS_IGNORE, none, .answer = "4 is-ca"},
	{CRITICAL, INKAN_PURPOSE_ANY, "all", INKAN_STATUS_IGNORE, none, .answer = "4 critical-extension"},
	{PROXY, INKAN_PURPOSE_ANY, "all", INKAN_STATUS_IGNORE, none, .answer = "4 no-issuer,critical-extension"}, /* RFC 3820 3.8 */

	/* policy and level */
	{TEST_LOGIN, INKAN_PURPOSE_LOGIN, "all", INKAN_STATUS_IGNORE, none, .answer = "6 test-certificate"},
	{TEST_LOGIN, INKAN_PURPOSE_SIGN, "all", INKAN_STATUS_IGNORE, none, .answer = "4 usage,test-certificate"},
	{TEST_SIGN, INKAN_PURPOSE_SIGN, "all", INKAN_STATUS_IGNORE, none, .answer = "6 test-certificate"},
	{NO_POLICY, INKAN_PURPOSE_ANY, "all", INKAN_STATUS_IGNORE, none, .answer = "4 policy"},
	{OTHER_POLICY, INKAN_PURPOSE_ANY, "all", INKAN_STATUS_IGNORE, none, .answer = "4 policy"},
	{NO_VERSION, INKAN_PURPOSE_ANY, "all", INKAN_STATUS_IGNORE, none, .answer = "4 policy"},
	{LONG_VERSION, INKAN_PURPOSE_ANY, "all", INKAN_STATUS_IGNORE, none, .answer = "4 policy"},
	{BIG_VERSION, INKAN_PURPOSE_ANY, "all", INKAN_STATUS_IGNORE, none, .answer = "4 policy"},
	{BIG_LEVEL, INKAN_PURPOSE_ANY, "all", INKAN_STATUS_IGNORE, none, .answer = "0"},
	{NOT_OF_ITS_CA, INKAN_PURPOSE_ANY, "all", INKAN_STATUS_IGNORE, none, .answer = "4 policy"},

	{TEST_LOGIN, INKAN_PURPOSE_LOGIN, "all", INKAN_STATUS_IGNORE, none, .answer = "0", .allow_test = 1},
	{TEST_LOGIN, INKAN_PURPOSE_SIGN, "all", INKAN_STATUS_IGNORE, none, .answer = "4 usage", .allow_test = 1},
	{TEST_SIGN_OF_LOGIN_CA, INKAN_PURPOSE_SIGN, "all", INKAN_STATUS_IGNORE, none, .answer = "4 policy", .allow_test = 1},
	{TEST_LOGIN, INKAN_PURPOSE_LOGIN, "cas", INKAN_STATUS_IGNORE, none, .answer = "4 no-anchor", .allow_test = 1},
	{TEST_LOGIN, INKAN_PURPOSE_LOGIN, "all", INKAN_STATUS_REQUIRE, none, .answer = "3 status-unknown", .allow_test = 1},
	{OTHER_POLICY, INKAN_PURPOSE_ANY, "all", INKAN_STATUS_IGNORE, none, .answer = "4 policy", .allow_test = 1},

	/* anchors */
	{DOCTOR_LOGIN, INKAN_PURPOSE_LOGIN, "nothing", INKAN_STATUS_IGNORE, none, .answer = "4 no-issuer"},
	{DOCTOR_LOGIN, INKAN_PURPOSE_LOGIN, "root", INKAN_STATUS_IGNORE, none, .answer = "4 no-issuer"},
	{DOCTOR_LOGIN, INKAN_PURPOSE_LOGIN, "cas", INKAN_STATUS_IGNORE, none, .answer = "4 no-anchor"},
	{DOCTOR_LOGIN, INKAN_PURPOSE_LOGIN, "other", INKAN_STATUS_IGNORE, none, .answer = "4 no-anchor"},
	{UNDER_NOBODY, INKAN_PURPOSE_LOGIN, "all", INKAN_STATUS_IGNORE, none, .answer = "4 no-issuer"},
	{FORGED, INKAN_PURPOSE_LOGIN, "all", INKAN_STATUS_IGNORE, none, .answer = "4 signature"},
	{OWN_WORD, INKAN_PURPOSE_LOGIN, "all", INKAN_STATUS_IGNORE, none, .answer = "4 no-issuer"},

	/* status */
	{DOCTOR_LOGIN, INKAN_PURPOSE_LOGIN, "all", INKAN_STATUS_REQUIRE, good, .answer = "0"},
	{DOCTOR_SIGN, INKAN_PURPOSE_SIGN, "all", INKAN_STATUS_REQUIRE, good, .answer = "0"},
	{PATIENT_LOGIN, INKAN_PURPOSE_LOGIN, "all", INKAN_STATUS_REQUIRE, good, .answer = "0"},
	{PATIENT_SIGN, INKAN_PURPOSE_SIGN, "all", INKAN_STATUS_REQUIRE, good, .answer = "3 status-unknown"},
	{DOCTOR_LOGIN, INKAN_PURPOSE_LOGIN, "all", INKAN_STATUS_REQUIRE, none, .answer = "3 status-unknown"},
	{DOCTOR_LOGIN, INKAN_PURPOSE_LOGIN, "all", INKAN_STATUS_PREFER, none, .answer = "0"},
	{DOCTOR_LOGIN, INKAN_PURPOSE_LOGIN, "all", INKAN_STATUS_REQUIRE, user_only, .answer = "3 status-unknown"},
	{DOCTOR_LOGIN, INKAN_PURPOSE_LOGIN, "all", INKAN_STATUS_PREFER, user_only, .answer = "0"},
	{REVOKED, INKAN_PURPOSE_LOGIN, "all", INKAN_STATUS_REQUIRE, good, .answer = "2 revoked"},
	{REVOKED, INKAN_PURPOSE_LOGIN, "all", INKAN_STATUS_PREFER, good, .answer = "2 revoked"},
	{REVOKED, INKAN_PURPOSE_LOGIN, "all", INKAN_STATUS_IGNORE, good, .answer = "0"},
	{HELD, INKAN_PURPOSE_LOGIN, "all", INKAN_STATUS_REQUIRE, good, .answer = "2 on-hold"},
	{HELD, INKAN_PURPOSE_LOGIN, "all", INKAN_STATUS_PREFER, good, .answer = "2 on-hold"},
	{HELD, INKAN_PURPOSE_LOGIN, "all", INKAN_STATUS_IGNORE, good, .answer = "0"},
	{DOCTOR_LOGIN, INKAN_PURPOSE_LOGIN, "all", INKAN_STATUS_REQUIRE, ca_gone, .answer = "2 revoked"},
	{DOCTOR_LOGIN, INKAN_PURPOSE_LOGIN, "all", INKAN_STATUS_PREFER, ca_gone, .answer = "2 revoked"},
	{HELD, INKAN_PURPOSE_LOGIN, "all", INKAN_STATUS_PREFER, both, .answer = "2 revoked"},
	{DOCTOR_LOGIN, INKAN_PURPOSE_LOGIN, "all", INKAN_STATUS_REQUIRE, ended, .answer = "3 status-stale"},
	{DOCTOR_LOGIN, INKAN_PURPOSE_LOGIN, "all", INKAN_STATUS_PREFER, ended, .answer = "0"},
	{REVOKED, INKAN_PURPOSE_LOGIN, "all", INKAN_STATUS_REQUIRE, stale, .answer = "2 revoked"},
	{DOCTOR_LOGIN, INKAN_PURPOSE_LOGIN, "cas", INKAN_STATUS_REQUIRE, good, .answer = "4 no-anchor,status-unknown"},
	{TEST_LOGIN, INKAN_PURPOSE_LOGIN, "all", INKAN_STATUS_REQUIRE, none, .answer = "6 test-certificate,status-unknown"},

	/* roles */
	{DOCTOR_LOGIN, INKAN_PURPOSE_LOGIN, "all", INKAN_STATUS_IGNORE, none, .answer = "0", doctor},
	{DOCTOR_LOGIN, INKAN_PURPOSE_LOGIN, "all", INKAN_STATUS_IGNORE, none, .answer = "0", either},
	{DOCTOR_LOGIN, INKAN_PURPOSE_LOGIN, "all", INKAN_STATUS_IGNORE, none, .answer = "1 role", dentist},
	{DOCTOR_LOGIN, INKAN_PURPOSE_LOGIN, "all", INKAN_STATUS_IGNORE, none, .answer = "1 role", beginning},
	{NO_ROLES, INKAN_PURPOSE_LOGIN, "all", INKAN_STATUS_IGNORE, none, .answer = "1 role", doctor},
	{TEST_LOGIN, INKAN_PURPOSE_LOGIN, "all", INKAN_STATUS_IGNORE, none, .answer = "6 test-certificate", doctor},
	{REVOKED, INKAN_PURPOSE_LOGIN, "all", INKAN_STATUS_REQUIRE, good, .answer = "2 revoked,role", doctor},
	{ROLE_TWICE, INKAN_PURPOSE_LOGIN, "all", INKAN_STATUS_IGNORE, none, .answer = "0", doctor},
	{TWO_ATTRIBUTES, INKAN_PURPOSE_LOGIN, "all", INKAN_STATUS_IGNORE, none, .answer = "1 roles-malformed,role", doctor},
	{TWO_ATTRIBUTES, INKAN_PURPOSE_LOGIN, "all", INKAN_STATUS_IGNORE, none, .answer = "0"},
	{SCHEME_TWICE, INKAN_PURPOSE_LOGIN, "all", INKAN_STATUS_IGNORE, none, .answer = "1 roles-malformed,role", doctor},
	{TWO_ROLES, INKAN_PURPOSE_LOGIN, "all", INKAN_STATUS_IGNORE, none, .answer = "0", doctor},
	{TWO_ROLES, INKAN_PURPOSE_LOGIN, "all", INKAN_STATUS_IGNORE, none, .answer = "1 roles-malformed,role", dentist},

	/* the very second */
	{EDGE, INKAN_PURPOSE_LOGIN, "all", INKAN_STATUS_IGNORE, none, .answer = "0", .edge = AT_FROM, 0},
	{EDGE, INKAN_PURPOSE_LOGIN, "all", INKAN_STATUS_IGNORE, none, .answer = "5 not-yet-valid", .edge = AT_FROM, -1},
	{EDGE, INKAN_PURPOSE_LOGIN, "all", INKAN_STATUS_IGNORE, none, .answer = "0", .edge = AT_TO, 0},
	{EDGE, INKAN_PURPOSE_LOGIN, "all", INKAN_STATUS_IGNORE, none, .answer = "5 expired", .edge = AT_TO, 1},
	{UNDER_EDGE, INKAN_PURPOSE_LOGIN, "all", INKAN_STATUS_IGNORE, none, .answer = "0", .edge = AT_FROM, 0},
	{UNDER_EDGE, INKAN_PURPOSE_LOGIN, "all", INKAN_STATUS_IGNORE, none, .answer = "5 not-yet-valid", .edge = AT_FROM, -1},
	{UNDER_EDGE, INKAN_PURPOSE_LOGIN, "all", INKAN_STATUS_IGNORE, none, .answer = "0", .edge = AT_TO, 0},
	{UNDER_EDGE, INKAN_PURPOSE_LOGIN, "all", INKAN_STATUS_IGNORE, none, .answer = "5 expired", .edge = AT_TO, 1},
	{EDGE, INKAN_PURPOSE_SIGN, "all", INKAN_STATUS_REQUIRE, none, .answer = "4 usage,expired,status-unknown"},
	{DOCTOR_LOGIN, INKAN_PURPOSE_LOGIN, "all", INKAN_STATUS_REQUIRE, stale, .answer = "0", .edge = AT_NEXT, 0},
	{DOCTOR_LOGIN, INKAN_PURPOSE_LOGIN, "all", INKAN_STATUS_REQUIRE, stale, .answer = "3 status-stale", .edge = AT_NEXT, 1},
	{DOCTOR_LOGIN, INKAN_PURPOSE_LOGIN, "all", INKAN_STATUS_REQUIRE, stale, .answer = "0", .edge = AT_NEXT, 1, 1},
	{DOCTOR_LOGIN, INKAN_PURPOSE_LOGIN, "all", INKAN_STATUS_REQUIRE, stale, .answer = "3 status-stale", .edge = AT_NEXT, 2, 1},
	{REVOKED, INKAN_PURPOSE_LOGIN, "all", INKAN_STATUS_REQUIRE, later, .answer = "2 revoked", .edge = AT_GONE, 0},
	{REVOKED, INKAN_PURPOSE_LOGIN, "all", INKAN_STATUS_REQUIRE, later, .answer = "0", .edge = AT_GONE, -1},
	{REVOKED, INKAN_PURPOSE_LOGIN, "all", INKAN_STATUS_REQUIRE, later, .answer = "2 revoked"},
	{HELD, INKAN_PURPOSE_LOGIN, "all", INKAN_STATUS_REQUIRE, later, .answer = "2 on-hold", .edge = AT_GONE, 0},
	{HELD, INKAN_PURPOSE_LOGIN, "all", INKAN_STATUS_REQUIRE, later, .answer = "0", .edge = AT_GONE, -1},
};

START_TEST(one_row)
{
	const struct row *row = &rows[_i];
	const int64_t edges[] = {0, FROM, TO, NEXT, GONE};
	const struct inkan_rules rules = {.purpose = row->purpose, .status = row->need, .roles = row->roles,
	                                  .at = row->edge ? edges[row->edge] + row->offset : 0, .grace = row->grace,
	                                  .allow_test = row->allow_test};
	const char *answer = pki_decide(row->anchors, row->lists, (size_t)row->cert, &rules);

	ck_assert_msg(strcmp(answer, row->answer) == 0, "row %d, certificate %d: \"%s\", not \"%s\"", _i, row->cert, answer,
	              row->answer);
}
END_TEST

/* Nothing is accepted that is not in a row: a certificate for no purpose, by no anchor. */
START_TEST(nobody_without_an_anchor)
{
	const struct inkan_rules rules = {.status = INKAN_STATUS_IGNORE};

	for (size_t i = 0; i < N_CERTS; i++)
		ck_assert_int_eq(pki_decide("nothing", NULL, i, &rules)[0], '4');
}
END_TEST

/* CA certificates that came with a document: they build the chain, and none becomes an anchor. */
static const struct {
	const char *anchors, *answer;
	struct pki_evidence came;
} came[] = {
	{"nothing", "4 no-anchor,policy", {{LOGIN_CA, ROOT, PKI_END}, {NULL}}},
	{"nothing", "4 no-issuer", {{PKI_END}, {"good"}}},
	{"nothing", "4 no-anchor,policy", {{ROOT, LOGIN_CA, PKI_END}, {NULL}}},
	{"root", "0", {{LOGIN_CA, PKI_END}, {NULL}}},
	{"root", "0", {{LOGIN_CA, ROOT, OTHER_ROOT, PKI_END}, {NULL}}},
	{"other", "4 no-anchor,policy", {{ROOT, PKI_END}, {NULL}}},
	{"root", "4 no-issuer", {{SIGN_CA, DOCTOR_SIGN, PKI_END}, {NULL}}},
};

START_TEST(what_came_along_is_no_anchor)
{
	const struct inkan_rules rules = {.status = INKAN_STATUS_IGNORE};

	ck_assert_str_eq(pki_decide_with(came[_i].anchors, NULL, &came[_i].came, DOCTOR_LOGIN, &rules), came[_i].answer);
}
END_TEST

static enum inkan_verdict verdict(struct inkan *ctx, const struct inkan_cert *cert)
{
	struct inkan_decision *d;
	enum inkan_verdict v;

	ck_assert_int_eq(inkan_decide(ctx, cert, NULL, &d), INKAN_OK);
	v = inkan_decision_verdict(d);
	inkan_decision_free(&d);
	return v;
}

/* A list that arrives revokes as soon as check_seconds says. */
START_TEST(lists_that_come_later)
{
	static const struct pki_list root = {.issuer = "Root", .signer = 0},
	                             revoking = {.issuer = "Login CA", .signer = 1, .entries = {{.serial = DOCTOR_LOGIN + 1}}};
	char folder[128], held[128];
	const char *const anchors[] = {folder, NULL}, *const lists[] = {held, NULL};
	struct inkan_options options = {.size = sizeof options, .anchors = anchors, .lists = lists};
	unsigned char *der = NULL;
	int len = i2d_X509(pki.x509[DOCTOR_LOGIN], &der);
	struct inkan_cert *cert, *cert_seldom;
	struct inkan *ctx, *seldom;

	snprintf(folder, sizeof folder, "%s", pki_path("all"));
	snprintf(held, sizeof held, "%s", pki_path("arriving"));
	ck_assert_int_eq(inkan_new(&options, &seldom), INKAN_OK);
	options.check_seconds = -1;
	ck_assert_int_eq(inkan_new(&options, &ctx), INKAN_E_ARGUMENT);
	options.check_seconds = 86401;
	ck_assert_int_eq(inkan_new(&options, &ctx), INKAN_E_ARGUMENT);
	options.check_seconds = 1;
	ck_assert_int_eq(inkan_new(&options, &ctx), INKAN_OK);
	ck_assert_int_eq(inkan_cert_from_der(ctx, der, (size_t)len, &cert), INKAN_OK);
	ck_assert_int_eq(inkan_cert_from_der(seldom, der, (size_t)len, &cert_seldom), INKAN_OK);
	ck_assert_int_eq(verdict(ctx, cert), INKAN_VERDICT_NO_STATUS);
	ck_assert_int_eq(verdict(seldom, cert_seldom), INKAN_VERDICT_NO_STATUS);
	pki_publish("arriving", &root);
	pki_publish("arriving", &revoking);
	usleep(2100000);
	ck_assert_int_eq(verdict(ctx, cert), INKAN_VERDICT_REVOKED);
	ck_assert_int_eq(verdict(seldom, cert_seldom), INKAN_VERDICT_NO_STATUS);
	inkan_cert_free(&cert);
	inkan_cert_free(&cert_seldom);
	inkan_free(&ctx);
	inkan_free(&seldom);
	OPENSSL_free(der);
}
END_TEST

/* An anchor that may not issue certificates is none: "with 0 nothing can be accepted". */
START_TEST(anchors_that_can_be_used)
{
	static const char *const folders[] = {"nothing", "bad-root", "cas", "two-roots", "all"};
	static const size_t counts[] = {0, 0, 0, 1, 3};

	for (size_t i = 0; i < 5; i++) {
		char folder[256];
		const char *const anchors[] = {folder, NULL}, *const lists[] = {NULL};
		const struct inkan_options options = {.size = sizeof options, .anchors = anchors, .lists = lists};
		struct inkan *ctx;

		strcpy(folder, pki_path(folders[i]));
		ck_assert_int_eq(inkan_new(&options, &ctx), INKAN_OK);
		ck_assert_msg(inkan_anchor_count(ctx) == counts[i], "%s: %zu", folders[i], inkan_anchor_count(ctx));
		inkan_free(&ctx);
	}
}
END_TEST

static size_t read_file(const char *path, unsigned char data[65536])
{
	FILE *f = fopen(path, "r");
	size_t n = f ? fread(data, 1, 65536, f) : 0;

	if (f)
		fclose(f);
	return n;
}

/* test_policy card ANCHORS [CA [LIST...]]: the certificate of the card in the reader, "4 no-issuer", with what is said to have
 * come along; with lists its status is asked for. For scripts. */
static int of_card(char **args)
{
	static unsigned char data[65536];
	const char *const folders[] = {args[0], NULL};
	const struct inkan_options options = {.size = sizeof options, .anchors = folders};
	struct inkan_rules rules = {.size = sizeof rules, .status = INKAN_STATUS_IGNORE, .purpose = INKAN_PURPOSE_LOGIN};
	struct inkan_evidence *evidence = NULL;
	struct inkan_decision *d = NULL;
	struct inkan_cert *cert = NULL;
	struct inkan *ctx = NULL;
	enum inkan_error e = inkan_new(&options, &ctx);

	if (e == INKAN_OK)
		e = inkan_cert_from_card(ctx, NULL, INKAN_PURPOSE_LOGIN, &cert);
	if (e == INKAN_OK && args[1]) {
		e = inkan_evidence_new(ctx, &evidence);
		if (e == INKAN_OK)
			e = inkan_evidence_add_certs(evidence, data, read_file(args[1], data));
		for (size_t i = 2; e == INKAN_OK && args[i]; i++) {
			e = inkan_evidence_add_lists(evidence, data, read_file(args[i], data));
			rules.status = INKAN_STATUS_REQUIRE;
		}
		rules.evidence = evidence;
	}
	if (e == INKAN_OK)
		e = inkan_decide(ctx, cert, &rules, &d);
	if (e == INKAN_OK)
		printf("%d %s\n", (int)inkan_decision_verdict(d), inkan_decision_reason(d, 0) ? inkan_decision_reason(d, 0) : "");
	inkan_decision_free(&d);
	inkan_evidence_free(&evidence);
	inkan_cert_free(&cert);
	inkan_free(&ctx);
	return (int)e;
}

int main(int argc, char **argv)
{
	Suite *s = suite_create("policy");
	TCase *t = tcase_create("policy");
	SRunner *r;
	int failed;

	if (argc >= 3 && strcmp(argv[1], "card") == 0)
		return of_card(argv + 2);
	suite_add_tcase(s, t);
	tcase_set_timeout(t, 120);
	tcase_add_unchecked_fixture(t, make, pki_stop);
	tcase_add_loop_test(t, one_row, 0, sizeof rows / sizeof *rows);
	tcase_add_test(t, nobody_without_an_anchor);
	tcase_add_test(t, anchors_that_can_be_used);
	tcase_add_loop_test(t, what_came_along_is_no_anchor, 0, sizeof came / sizeof *came);
	tcase_add_test(t, lists_that_come_later);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
