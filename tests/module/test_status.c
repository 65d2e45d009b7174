/* SPDX-License-Identifier: BSD-2-Clause */
/* CKA_INKAN_STATUS: from the lists and anchors of this machine, with no command
 * to the card. The lists are the virtual PKI's; their dates are read by libcrypto. */
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "tests/check_case.h"
#include "inkan-pkcs11.h"
#include "pkcs11/module.h"
#include "status/store.h"
#include "tests/module/rig.h"

static char home[64], anchors[128], cache[128];

static void make_folders(void)
{
	char path[200];

	snprintf(home, sizeof home, "/tmp/inkan-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(home));
	snprintf(path, sizeof path, "%s/inkan", home);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	snprintf(anchors, sizeof anchors, "%s/inkan/anchors", home);
	ck_assert_int_eq(mkdir(anchors, 0700), 0);
	snprintf(cache, sizeof cache, "%s/inkan", home);
	setenv("XDG_DATA_HOME", home, 1);
	setenv("XDG_CACHE_HOME", home, 1);
}

static void remove_folders(void)
{
	char command[128];

	snprintf(command, sizeof command, "rm -rf '%s'", home);
	ck_assert_int_eq(system(command), 0);
}

static size_t read_file(const char *path, uint8_t *out, size_t room)
{
	FILE *f = fopen(path, "rb");
	size_t n;

	ck_assert_msg(f != NULL, "%s is not there", path);
	n = fread(out, 1, room, f);
	fclose(f);
	return n;
}

static void install_anchor(const char *pki, const char *name)
{
	uint8_t pem[8192];
	char path[300];
	size_t n;
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", pki, name);
	n = read_file(path, pem, sizeof pem);
	snprintf(path, sizeof path, "%s/%s", anchors, name);
	f = fopen(path, "wb");
	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(pem, 1, n, f), n);
	fclose(f);
	ck_assert_int_eq(chmod(path, 0600), 0);
}

/* Into the store, as `inkan status import` does. */
static void import(const char *pki, const char *name)
{
	const char *data[] = {anchors}, *lists[] = {cache};
	enum store_put what = STORE_BAD;
	struct crypto *crypto;
	struct trust *trust;
	struct store *store;
	uint8_t der[65536];
	char path[300];
	size_t n;

	snprintf(path, sizeof path, "%s/%s", pki, name);
	n = read_file(path, der, sizeof der);
	ck_assert_int_eq(crypto_new(&crypto), E_OK);
	ck_assert_int_eq(trust_open(crypto, data, 1, &trust), E_OK);
	ck_assert_int_eq(store_open(crypto, lists, 1, &store), E_OK);
	ck_assert_int_eq(store_put(store, trust, (struct bytes){der, n}, &what), E_OK);
	ck_assert_int_eq(what, STORE_NEW);
	store_free(&store);
	trust_free(&trust);
	crypto_free(&crypto);
}

static CK_ULONG status_of_card(const struct rig *r)
{
	CK_ULONG status = 77;
	CK_ATTRIBUTE a = {CKA_INKAN_STATUS, &status, sizeof status};
	unsigned before = vreader_apdus(r->reader);

	ok(p11->C_GetAttributeValue(r->session, rig_find(r->session, CKO_CERTIFICATE), &a, 1));
	ck_assert_uint_eq(vreader_apdus(r->reader), before);
	return status;
}

static CK_ULONG ask(const struct vcard_spec *spec, enum vcard_app app)
{
	CK_ULONG status;
	struct rig r;

	rig_start(&r, spec, app);
	status = status_of_card(&r);
	rig_stop(&r);
	return status;
}

/* What is missing is unknown, never good. */
START_TEST(test_good_only_with_everything)
{
	const char *list = _i ? "hpki-sign.crl" : "hpki-auth.crl", *ca = _i ? "hpki-sign-ca.pem" : "hpki-auth-ca.pem";
	enum vcard_app app = _i ? VCARD_SIGN : VCARD_AUTH;
	struct vcard_spec spec;

	make_folders();
	rig_spec(&spec, VCARD_HPKI);
	ck_assert_uint_eq(ask(&spec, app), CKI_STATUS_UNKNOWN);
	install_anchor(spec.pki, ca);
	ck_assert_uint_eq(ask(&spec, app), CKI_STATUS_UNKNOWN);
	install_anchor(spec.pki, "root.pem");
	ck_assert_uint_eq(ask(&spec, app), CKI_STATUS_UNKNOWN);
	import(spec.pki, list);
	ck_assert_uint_eq(ask(&spec, app), CKI_STATUS_UNKNOWN); /* the CA's own status is not known */
	import(spec.pki, "sarl.crl");
	ck_assert_uint_eq(ask(&spec, app), CKI_STATUS_GOOD);
	remove_folders();
}
END_TEST

START_TEST(test_revoked)
{
	struct vcard_spec spec;
	struct rig r;

	make_folders();
	rig_spec(&spec, VCARD_HPKI);
	spec.revoked = true;
	rig_start(&r, &spec, VCARD_AUTH); /* puts it on the list */
	rig_stop(&r);
	install_anchor(spec.pki, "root.pem");
	install_anchor(spec.pki, "hpki-auth-ca.pem");
	import(spec.pki, "hpki-auth.crl");
	ck_assert_uint_eq(ask(&spec, VCARD_AUTH), CKI_STATUS_REVOKED);
	spec.revoked = false;
	spec.name = "HANAKO SAMPLE";
	import(spec.pki, "sarl.crl");
	ck_assert_uint_eq(ask(&spec, VCARD_AUTH), CKI_STATUS_GOOD);
	remove_folders();
}
END_TEST

START_TEST(test_jpki_is_unknown)
{
	struct vcard_spec spec;

	make_folders();
	rig_spec(&spec, VCARD_JPKI);
	vcard_free(rig_card(&spec)); /* makes the PKI */
	install_anchor(spec.pki, "jpki-auth-ca.pem");
	ck_assert_uint_eq(ask(&spec, VCARD_AUTH), CKI_STATUS_UNKNOWN);
	remove_folders();
}
END_TEST

/* The certificate behind the PIN is not asked for, though all is there that could tell:
 * libcrypto would keep the person in its memory. */
START_TEST(test_behind_the_pin)
{
	struct vcard_spec spec;
	struct rig r;

	make_folders();
	rig_spec(&spec, VCARD_JPKI);
	rig_start(&r, &spec, VCARD_SIGN);
	install_anchor(spec.pki, "jpki-sign-ca.pem");
	import(spec.pki, "jpki-sign.crl");
	ok(rig_login(&r, CKU_USER, spec.pin[VCARD_SIGN]));
	ck_assert_uint_eq(status_of_card(&r), CKI_STATUS_UNKNOWN);
	rig_stop(&r);
	remove_folders();
}
END_TEST

START_TEST(test_next_update)
{
	uint8_t der[65536], text[15];
	const uint8_t *p = der;
	CK_ATTRIBUTE a = {CKA_INKAN_STATUS_NEXT_UPDATE, text, sizeof text};
	char want[16], path[300];
	struct vcard_spec spec;
	struct rig r;
	struct tm tm;
	X509_CRL *crl;

	make_folders();
	rig_spec(&spec, VCARD_HPKI);
	install_anchor(spec.pki, "root.pem");
	install_anchor(spec.pki, "hpki-auth-ca.pem");
	import(spec.pki, "hpki-auth.crl");
	import(spec.pki, "sarl.crl");
	rig_start(&r, &spec, VCARD_AUTH);
	ok(p11->C_GetAttributeValue(r.session, rig_find(r.session, CKO_CERTIFICATE), &a, 1));
	ck_assert_uint_eq(a.ulValueLen, 15);
	snprintf(path, sizeof path, "%s/%s", spec.pki, "hpki-auth.crl");
	crl = d2i_X509_CRL(NULL, &p, (long)read_file(path, der, sizeof der));
	ck_assert_ptr_nonnull(crl);
	ASN1_TIME_to_tm(X509_CRL_get0_nextUpdate(crl), &tm);
	strftime(want, sizeof want, "%Y%m%d%H%M%SZ", &tm);
	ck_assert_int_eq(memcmp(text, want, 15), 0);
	X509_CRL_free(crl);
	rig_stop(&r);
	remove_folders();
}
END_TEST

int main(void)
{
	const struct cases cases = {.suite = suite_create("status"), .seconds = 60};

	add_loop_case(&cases, test_good_only_with_everything, 2);
	add_case(&cases, test_revoked);
	add_case(&cases, test_jpki_is_unknown);
	add_case(&cases, test_behind_the_pin);
	add_case(&cases, test_next_update);
	return rig_run(cases.suite);
}
