/* SPDX-License-Identifier: BSD-2-Clause */
/* The throw-away PKI, read and judged by libcrypto. */
#include "config.h"
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include "tests/check_case.h"
#include "tests/unit/test_vcard.h"

static char folder[64];

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void remove_folder(void)
{
	nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
	folder[0] = '\0';
}

static void make_folder(void)
{
	strcpy(folder, "/tmp/test-vcard-pki-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
}

/* The first one makes it, main removes it: new keys for each test would cost more than the tests. */
static void share_folder(void)
{
	if (!folder[0])
		make_folder();
}

static struct vcard_spec here(enum vcard_kind kind)
{
	struct vcard_spec spec = spec_of(kind);

	spec.pki = folder;
	return spec;
}

static FILE *open_file(const char *name)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	f = fopen(path, "r");
	ck_assert_msg(f, "%s", path);
	return f;
}

static X509 *pem(const char *name)
{
	FILE *f = open_file(name);
	X509 *x = PEM_read_X509(f, NULL, NULL, NULL);

	fclose(f);
	ck_assert_ptr_nonnull(x);
	return x;
}

static X509_CRL *crl(const char *name)
{
	FILE *f = open_file(name);
	X509_CRL *list = d2i_X509_CRL_fp(f, NULL);

	fclose(f);
	ck_assert_ptr_nonnull(list);
	return list;
}

/* X509_V_OK, or why not; policy NULL: none is asked for. */
static int judge(X509 *x, const char *ca, const char *root, const char *policy)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	STACK_OF(X509) *others = sk_X509_new_null();
	X509 *issuer = pem(ca), *anchor = pem(root);
	X509_VERIFY_PARAM *param;
	int error;

	X509_STORE_add_cert(store, anchor);
	sk_X509_push(others, issuer);
	X509_STORE_CTX_init(ctx, store, x, others);
	param = X509_STORE_CTX_get0_param(ctx);
	X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_X509_STRICT);
	if (policy) {
		X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_POLICY_CHECK | X509_V_FLAG_EXPLICIT_POLICY);
		X509_VERIFY_PARAM_add0_policy(param, OBJ_txt2obj(policy, 1));
	}
	X509_verify_cert(ctx);
	error = X509_STORE_CTX_get_error(ctx);
	X509_STORE_CTX_free(ctx);
	sk_X509_free(others);
	X509_free(issuer);
	X509_free(anchor);
	X509_STORE_free(store);
	return error;
}

static int critical_of(const X509 *x, int nid)
{
	int i = X509_get_ext_by_NID(x, nid, -1);

	return i < 0 ? -1 : X509_EXTENSION_get_critical(X509_get_ext(x, i));
}

static void extension_is(const X509 *x, int nid, const char *hex)
{
	uint8_t want[512];
	size_t n = from_hex(hex, want, sizeof want);
	int i = X509_get_ext_by_NID(x, nid, -1);
	const ASN1_OCTET_STRING *value;

	ck_assert_int_ge(i, 0);
	value = X509_EXTENSION_get_data(X509_get_ext(x, i));
	ck_assert_uint_eq((size_t)ASN1_STRING_length(value), n);
	ck_assert_mem_eq(ASN1_STRING_get0_data(value), want, n);
}

/* "C=JP,O=…" with the string types in front of the values. */
static void name_is(const X509_NAME *name, const char *want)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char text[512] = {0};

	X509_NAME_print_ex(bio, name, 0, XN_FLAG_SEP_COMMA_PLUS | XN_FLAG_FN_SN | ASN1_STRFLGS_SHOW_TYPE |
	                                         ASN1_STRFLGS_UTF8_CONVERT);
	BIO_read(bio, text, sizeof text - 1);
	BIO_free(bio);
	ck_assert_str_eq(text, want);
}

START_TEST(every_chain_holds)
{
	struct vcard_spec hpki = here(VCARD_HPKI), jpki = here(VCARD_JPKI);
	struct vcard *doctor = card_of(&hpki), *patient = card_of(&jpki);
	X509 *x;

	x = certificate_of(doctor, VCARD_AUTH);
	is(judge(x, "hpki-auth-ca.pem", "root.pem", "1.2.392.100495.1.5.1.2.3.1"), X509_V_OK);
	is(judge(x, "hpki-auth-ca.pem", "root.pem", "1.2.392.100495.1.5.1.1.3.1"), X509_V_ERR_NO_EXPLICIT_POLICY);
	is(judge(x, "hpki-sign-ca.pem", "root.pem", NULL), X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY);
	X509_free(x);
	x = certificate_of(doctor, VCARD_SIGN);
	is(judge(x, "hpki-sign-ca.pem", "root.pem", "1.2.392.100495.1.5.1.1.3.1"), X509_V_OK);
	X509_free(x);
	x = certificate_of(patient, VCARD_AUTH);
	is(judge(x, "jpki-auth-ca.pem", "jpki-auth-ca.pem", "1.2.392.200149.8.5.1.3.30"), X509_V_OK);
	X509_free(x);
	x = certificate_of(patient, VCARD_SIGN);
	is(judge(x, "jpki-sign-ca.pem", "jpki-sign-ca.pem", "1.2.392.200149.8.5.1.1.20"), X509_V_OK);
	X509_free(x);
	vcard_free(doctor);
	vcard_free(patient);
}
END_TEST

START_TEST(authorities_are_like_the_ministrys)
{
	struct vcard_spec spec = here(VCARD_HPKI);
	X509 *root, *ca;

	vcard_free(card_of(&spec));
	root = pem("root.pem");
	ca = pem("hpki-sign-ca.pem");
	name_is(X509_get_subject_name(root),
	        "C=PRINTABLESTRING:JP,O=UTF8STRING:Inkan Virtual Card,"
	        "OU=UTF8STRING:Throw-away PKI for Tests,OU=UTF8STRING:Inkan Virtual HPKI Root CA V2");
	ck_assert_int_eq(critical_of(ca, NID_certificate_policies), 1);
	ck_assert_int_eq(critical_of(root, NID_certificate_policies), -1);
	ck_assert_int_eq(critical_of(ca, NID_basic_constraints), 1);
	ck_assert_int_eq(critical_of(ca, NID_key_usage), 1);
	extension_is(ca, NID_basic_constraints, "30030101FF");
	extension_is(ca, NID_key_usage, "03020106");
	ck_assert_int_eq(ASN1_INTEGER_get(X509_get0_authority_serial(ca)), 1);
	CRL_DIST_POINTS *points = X509_get_ext_d2i(ca, NID_crl_distribution_points, NULL, NULL);
	ck_assert_int_eq(sk_DIST_POINT_num(points), 2);
	ck_assert_int_eq(sk_GENERAL_NAME_value(sk_DIST_POINT_value(points, 0)->distpoint->name.fullname, 0)->type,
	                 GEN_DIRNAME);
	ck_assert_int_eq(sk_GENERAL_NAME_value(sk_DIST_POINT_value(points, 1)->distpoint->name.fullname, 0)->type,
	                 GEN_URI);
	CRL_DIST_POINTS_free(points);
	X509_free(root);
	X509_free(ca);
}
END_TEST

START_TEST(a_doctor_is_described)
{
	struct vcard_spec spec = here(VCARD_HPKI);
	struct vcard *card;
	X509 *x;

	spec.organisation = "Sample Hospital";
	spec.japanese_name = "見本　太郎";
	card = card_of(&spec);
	x = certificate_of(card, VCARD_SIGN);
	ck_assert_int_eq((int)X509_get_key_usage(x), KU_NON_REPUDIATION);
	ck_assert_int_eq(critical_of(x, NID_key_usage), 1);
	ck_assert_int_eq(critical_of(x, NID_certificate_policies), 1);
	ck_assert_int_eq(critical_of(x, NID_subject_directory_attributes), 0);
	ck_assert_int_eq(critical_of(x, NID_ext_key_usage), -1);
	ck_assert_int_eq(critical_of(x, NID_basic_constraints), -1);
	ck_assert_int_eq(critical_of(x, NID_info_access), -1);
	/* hpki.md 3.3, from a real test certificate */
	extension_is(x, NID_subject_directory_attributes,
	             "303430320606288185420001312831263024A0223120A00C060A2A830886910F01060101"
	             "A2100C0E4D65646963616C20446F63746F72");
	extension_is(x, NID_subject_alt_name,
	             "301EA41C301A3118301606035504030C0FE8A68BE69CACE38080E5A4AAE9838E");
	name_is(X509_get_subject_name(x), "C=PRINTABLESTRING:JP,O=UTF8STRING:Sample Hospital,"
	                                  "CN=UTF8STRING:TARO SAMPLE,serialNumber=PRINTABLESTRING:85230433");
	X509_free(x);
	x = certificate_of(card, VCARD_AUTH);
	ck_assert_int_eq((int)X509_get_key_usage(x), KU_DIGITAL_SIGNATURE);
	X509_free(x);
	vcard_free(card);
}
END_TEST

START_TEST(roles_as_asked_for)
{
	struct vcard_spec spec = here(VCARD_HPKI);
	struct vcard *card;
	X509 *x;

	spec.roles[0] = "Pharmacist";
	card = card_of(&spec);
	x = certificate_of(card, VCARD_AUTH);
	extension_is(x, NID_subject_directory_attributes,
	             "3030302E0606288185420001312431223020A01E311CA00C060A2A830886910F01060101"
	             "A20C0C0A506861726D6163697374");
	X509_free(x);
	vcard_free(card);
	spec.roles[0] = "Director of Clinic"; /* DER has the shorter one first */
	spec.roles[1] = "Medical Doctor";
	spec.organisation = "Sample Clinic";
	card = card_of(&spec);
	x = certificate_of(card, VCARD_AUTH);
	name_is(X509_get_subject_name(x),
	        "C=PRINTABLESTRING:JP,O=UTF8STRING:Sample Clinic,OU=UTF8STRING:Director,"
	        "CN=UTF8STRING:TARO SAMPLE,serialNumber=PRINTABLESTRING:85230433");
	extension_is(x, NID_subject_directory_attributes,
	             "305E305C0606288185420001 3152 3150"
	             "3024A0223120A00C060A2A830886910F01060101A2100C0E4D65646963616C20446F63746F72"
	             "3028A0263124A00C060A2A830886910F01060101A2140C124469726563746F72206F6620436C696E6963");
	X509_free(x);
	vcard_free(card);
	memset(spec.roles, 0, sizeof spec.roles);
	card = card_of(&spec);
	x = certificate_of(card, VCARD_AUTH);
	ck_assert_int_eq(critical_of(x, NID_subject_directory_attributes), -1);
	X509_free(x);
	vcard_free(card);
}
END_TEST

static void other_is(const GENERAL_NAME *name, unsigned n, const char *text)
{
	char oid[64], want[64];

	ck_assert_int_eq(name->type, GEN_OTHERNAME);
	OBJ_obj2txt(oid, sizeof oid, name->d.otherName->type_id, 1);
	snprintf(want, sizeof want, "1.2.392.200149.8.5.5.%u", n);
	ck_assert_str_eq(oid, want);
	ck_assert_int_eq(name->d.otherName->value->type, V_ASN1_UTF8STRING);
	if (text)
		ck_assert_str_eq((const char *)ASN1_STRING_get0_data(name->d.otherName->value->value.utf8string), text);
}

START_TEST(a_patient_is_described)
{
	struct vcard_spec spec = here(VCARD_JPKI);
	struct vcard *card = card_of(&spec);
	X509 *x = certificate_of(card, VCARD_SIGN);
	GENERAL_NAMES *names = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);

	ck_assert_int_eq((int)X509_get_key_usage(x), KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION);
	ck_assert_int_eq(critical_of(x, NID_subject_alt_name), 0);
	ck_assert_int_eq(sk_GENERAL_NAME_num(names), 6);
	other_is(sk_GENERAL_NAME_value(names, 0), 1, "見本　太郎");
	other_is(sk_GENERAL_NAME_value(names, 1), 4, "319700101");
	other_is(sk_GENERAL_NAME_value(names, 2), 3, "1");
	other_is(sk_GENERAL_NAME_value(names, 3), 5, NULL);
	other_is(sk_GENERAL_NAME_value(names, 4), 2, "00000");
	other_is(sk_GENERAL_NAME_value(names, 5), 6, "0000000000000000");
	GENERAL_NAMES_free(names);
	X509_free(x);
	x = certificate_of(card, VCARD_AUTH);
	ck_assert_int_eq((int)X509_get_key_usage(x), KU_DIGITAL_SIGNATURE);
	ck_assert_int_eq((int)X509_get_extended_key_usage(x), XKU_SSL_CLIENT);
	ck_assert_int_eq(critical_of(x, NID_certificate_policies), 1);
	ck_assert_int_eq(critical_of(x, NID_subject_alt_name), -1);
	ck_assert_int_eq(X509_NAME_entry_count(X509_get_subject_name(x)), 2);
	X509_free(x);
	vcard_free(card);
}
END_TEST

static void check_list(const char *name, const char *ca, const char *cn, int authorities)
{
	X509_CRL *list = crl(name);
	X509 *issuer = pem(ca);
	int critical = 0;
	ISSUING_DIST_POINT *idp = X509_CRL_get_ext_d2i(list, NID_issuing_distribution_point, &critical, NULL);
	ASN1_INTEGER *number = X509_CRL_get_ext_d2i(list, NID_crl_number, NULL, NULL);
	int days, seconds;

	ck_assert_int_eq(X509_CRL_verify(list, X509_get0_pubkey(issuer)), 1);
	ck_assert_int_eq(X509_CRL_get_version(list), X509_CRL_VERSION_2);
	ck_assert_ptr_nonnull(number);
	ck_assert_int_eq(ASN1_TIME_diff(&days, &seconds, X509_CRL_get0_lastUpdate(list), X509_CRL_get0_nextUpdate(list)), 1);
	ck_assert_int_eq(days, 4);
	ck_assert_int_eq(idp != NULL, cn != NULL);
	if (idp) {
		const GENERAL_NAME *point = sk_GENERAL_NAME_value(idp->distpoint->name.fullname, 0);
		char text[64];
		ck_assert_int_eq(critical, 1);
		ck_assert_int_eq(sk_GENERAL_NAME_num(idp->distpoint->name.fullname), 1);
		ck_assert_int_eq(point->type, GEN_DIRNAME);
		X509_NAME_get_text_by_NID(point->d.directoryName, NID_commonName, text, sizeof text);
		ck_assert_str_eq(text, cn);
		ck_assert_int_eq(idp->onlyCA > 0, authorities);
		ck_assert_int_le(idp->onlyuser, 0);
	}
	ISSUING_DIST_POINT_free(idp);
	ASN1_INTEGER_free(number);
	X509_CRL_free(list);
	X509_free(issuer);
}

START_TEST(lists_are_like_the_ministrys)
{
	struct vcard_spec hpki = here(VCARD_HPKI), jpki = here(VCARD_JPKI);

	vcard_free(card_of(&hpki));
	vcard_free(card_of(&jpki));
	check_list("sarl.crl", "root.pem", "SARL", 1);
	check_list("rarl.crl", "root.pem", "RARL", 1);
	check_list("hpki-auth.crl", "hpki-auth-ca.pem", NULL, 0);
	check_list("hpki-sign.crl", "hpki-sign-ca.pem", NULL, 0);
	check_list("jpki-auth.crl", "jpki-auth-ca.pem", "CRL", 0);
	check_list("jpki-sign.crl", "jpki-sign-ca.pem", "CRL", 0);
}
END_TEST

static bool is_revoked(const struct vcard *card, enum vcard_app app, const char *list_name)
{
	X509 *x = certificate_of(card, app);
	X509_CRL *list = crl(list_name);
	X509_REVOKED *entry;
	bool revoked = X509_CRL_get0_by_cert(list, &entry, x) == 1;

	X509_CRL_free(list);
	X509_free(x);
	return revoked;
}

START_TEST(revoked_expired_and_test_level)
{
	struct vcard_spec spec = here(VCARD_HPKI);
	struct vcard *card = card_of(&spec), *again;
	X509 *x;

	spec.revoked = true;
	again = card_of(&spec);
	ck_assert(is_revoked(again, VCARD_AUTH, "hpki-auth.crl"));
	ck_assert(is_revoked(again, VCARD_SIGN, "hpki-sign.crl"));
	ck_assert(!is_revoked(card, VCARD_AUTH, "hpki-auth.crl"));
	check_list("hpki-auth.crl", "hpki-auth-ca.pem", NULL, 0);
	spec.name = "JIRO SAMPLE"; /* one more does not take the others off */
	vcard_free(card_of(&spec));
	ck_assert(is_revoked(again, VCARD_AUTH, "hpki-auth.crl"));
	vcard_free(again);
	vcard_free(card);
	spec = here(VCARD_HPKI);
	spec.expired = true;
	card = card_of(&spec);
	x = certificate_of(card, VCARD_AUTH);
	is(judge(x, "hpki-auth-ca.pem", "root.pem", NULL), X509_V_ERR_CERT_HAS_EXPIRED);
	X509_free(x);
	vcard_free(card);
	spec = here(VCARD_HPKI);
	spec.test_level = true;
	card = card_of(&spec);
	x = certificate_of(card, VCARD_SIGN);
	is(judge(x, "hpki-sign-test-ca.pem", "root.pem", "1.2.392.100495.1.5.1.1.0.1"), X509_V_OK);
	X509_free(x);
	vcard_free(card);
}
END_TEST

START_TEST(the_same_person_has_the_same_card)
{
	struct vcard_spec spec = here(VCARD_HPKI);
	struct vcard *a = card_of(&spec), *b = card_of(&spec), *c;
	size_t na, nb;
	const uint8_t *da = vcard_certificate(a, VCARD_AUTH, &na), *db = vcard_certificate(b, VCARD_AUTH, &nb);

	ck_assert_uint_eq(na, nb);
	ck_assert_mem_eq(da, db, na);
	spec.name = "HANAKO SAMPLE";
	c = card_of(&spec);
	X509 *xa = certificate_of(a, VCARD_AUTH), *xc = certificate_of(c, VCARD_AUTH);
	ck_assert_int_ne(X509_cmp(xa, xc), 0);
	ck_assert_int_eq(EVP_PKEY_eq(X509_get0_pubkey(xa), X509_get0_pubkey(xc)), 0);
	X509_free(xc);
	vcard_free(c);
	spec.name = "山田";
	c = card_of(&spec);
	xc = certificate_of(c, VCARD_AUTH);
	spec.name = "田中";
	struct vcard *d = card_of(&spec);
	X509 *xd = certificate_of(d, VCARD_AUTH);
	ck_assert_int_eq(EVP_PKEY_eq(X509_get0_pubkey(xc), X509_get0_pubkey(xd)), 0);
	X509_free(xa);
	X509_free(xc);
	X509_free(xd);
	vcard_free(d);
	vcard_free(a);
	vcard_free(b);
	vcard_free(c);
}
END_TEST

/* Where a length field grows a byte, too: 1,130 to 1,330 crosses several. */
START_TEST(every_size_can_be_had)
{
	struct vcard_spec spec = here(VCARD_HPKI);
	size_t len;

	spec.no_app[VCARD_SIGN] = true;
	for (size_t size = 1130; size < 1330; size++) {
		struct vcard *card;
		spec.certificate_size[VCARD_AUTH] = size;
		card = card_of(&spec);
		vcard_certificate(card, VCARD_AUTH, &len);
		ck_assert_uint_eq(len, size);
		X509 *x = certificate_of(card, VCARD_AUTH);
		is(judge(x, "hpki-auth-ca.pem", "root.pem", NULL), X509_V_OK);
		X509_free(x);
		vcard_free(card);
	}
	spec = here(VCARD_JPKI);
	spec.certificate_size[VCARD_AUTH] = spec.certificate_size[VCARD_SIGN] = 1573;
	struct vcard *card = card_of(&spec);
	vcard_certificate(card, VCARD_SIGN, &len);
	ck_assert_uint_eq(len, 1573);
	vcard_free(card);
}
END_TEST

START_TEST(a_server_for_localhost)
{
	char why[256] = "";
	X509 *x;

	ck_assert_msg(vcard_pki(folder, why, sizeof why), "%s", why);
	x = pem("server.pem");
	is(judge(x, "server-ca.pem", "server-ca.pem", NULL), X509_V_OK);
	ck_assert_int_eq(X509_check_host(x, "localhost", 0, 0, NULL), 1);
	ck_assert_int_eq(X509_check_ip_asc(x, "127.0.0.1", 0), 1);
	ck_assert_int_eq(X509_check_purpose(x, X509_PURPOSE_SSL_SERVER, 0), 1);
	X509_free(x);
}
END_TEST

START_TEST(keys_are_their_owners_alone)
{
	struct vcard_spec spec = here(VCARD_HPKI);
	char path[256];
	struct stat st;

	snprintf(path, sizeof path, "%s/new/er", folder);
	spec.pki = path;
	vcard_free(card_of(&spec));
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0700);
	strcat(path, "/hpki-auth-taro-sample.key");
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
}
END_TEST

/* Several processes on one empty folder: one PKI comes of it. */
START_TEST(many_at_once)
{
	struct vcard_spec spec = here(VCARD_HPKI);
	char path[256], root_path[300];
	pid_t children[4];

	snprintf(path, sizeof path, "%s/race", folder);
	spec.pki = path;
	for (size_t i = 0; i < 4; i++) {
		children[i] = fork();
		if (children[i] == 0) {
			char why[256];
			_exit(vcard_new(&spec, why, sizeof why) ? 0 : 1);
		}
	}
	for (size_t i = 0; i < 4; i++) {
		int status;
		ck_assert_int_eq(waitpid(children[i], &status, 0), children[i]);
		ck_assert_int_eq(status, 0);
	}
	struct vcard *card = card_of(&spec);
	X509 *x = certificate_of(card, VCARD_AUTH);
	snprintf(root_path, sizeof root_path, "race/%s", "hpki-auth-ca.pem");
	is(judge(x, root_path, "race/root.pem", NULL), X509_V_OK);
	ck_assert_int_eq((int)ASN1_INTEGER_get(X509_get0_serialNumber(x)), 0x10000);
	X509_free(x);
	vcard_free(card);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("vcard: PKI");
	const struct cases fresh = {.suite = suite, .setup = make_folder, .teardown = remove_folder, .once = true, .seconds = 300},
	                   shared = {.suite = suite, .setup = share_folder, .once = true, .seconds = 300};
	int failed;

	add_case(&fresh, lists_are_like_the_ministrys);
	add_case(&fresh, revoked_expired_and_test_level);
	add_case(&fresh, the_same_person_has_the_same_card);
	add_case(&fresh, keys_are_their_owners_alone);
	add_case(&fresh, many_at_once);
	add_case(&shared, every_chain_holds);
	add_case(&shared, authorities_are_like_the_ministrys);
	add_case(&shared, a_doctor_is_described);
	add_case(&shared, roles_as_asked_for);
	add_case(&shared, a_patient_is_described);
	add_case(&shared, every_size_can_be_had);
	add_case(&shared, a_server_for_localhost);
	failed = run_suite(suite);
	if (folder[0])
		remove_folder();
	return failed;
}
