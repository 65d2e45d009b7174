/* SPDX-License-Identifier: BSD-2-Clause */
/* The mandatory test cases of OASIS' PKCS #11 Profiles 3.1 and 3.2 that a token without writing can run: BL-M-1 (Baseline
 * Provider), AUTH-M-1 (Authentication Token), CERT-M-1 (Public Certificates Token), and of EXT-M-1 (Extended Provider), which
 * the tokens do not claim, what is there. The calls and the return values are those of the published sequences; names,
 * labels, handles and keys are the token's own, as the profiles allow. */
#include <string.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include "tests/check_case.h"
#include "tests/module/rig.h"

CK_RV C_GetInterface(CK_UTF8CHAR *name, CK_VERSION *version, CK_INTERFACE **out, CK_FLAGS flags);

/* The table of 2.40, and that of 3.0, in which the cases of 3.1 and 3.2 would be run. */
enum { TABLES = 2, KINDS = 2 };

static struct rig r;
static struct vcard_spec spec;
static bool young;

static void setup(int table, int kind)
{
	static CK_UTF8CHAR name[] = "PKCS 11";
	CK_INTERFACE *interface;
	CK_VERSION version = {3, 0};

	rig_profiles(profiles_auth);
	rig_spec(&spec, kind ? VCARD_JPKI : VCARD_HPKI);
	r = (struct rig){.app = VCARD_AUTH, .reader = rig_reader("Virtual Reader 00", &spec)};
	r.card = vreader_card(r.reader);
	young = table;
	if (!young)
		return;
	ok(C_GetInterface(name, &version, &interface, 0));
	p11 = interface->pFunctionList; /* it begins as that of 2.40 does */
}

static void teardown(void)
{
	vcard_readers_remove(r.reader);
	vreader_free(r.reader);
}

static bool is_padded(const CK_UTF8CHAR *text, size_t n)
{
	return memchr(text, 0, n) == NULL && text[0] != ' ';
}

/* What all cases begin with. */
static void begin(void)
{
	CK_SLOT_ID slots[4];
	CK_ULONG n = 0;
	CK_INFO info;

	ok(p11->C_Initialize(NULL));
	ok(p11->C_GetInfo(&info));
	ck_assert_int_eq(info.cryptokiVersion.major, young ? 3 : 2);
	ck_assert(is_padded(info.manufacturerID, sizeof info.manufacturerID));
	ck_assert_uint_eq(info.flags, 0);
	ok(p11->C_GetSlotList(CK_TRUE, NULL, &n));
	ck_assert_uint_eq(n, 1);
	ok(p11->C_GetSlotList(CK_TRUE, slots, &n));
	ck_assert_uint_eq(n, 1);
	r.slot = slots[0];
}

static void open_session(CK_FLAGS flags)
{
	ok(p11->C_OpenSession(r.slot, CKF_SERIAL_SESSION | flags, NULL, NULL, &r.session));
	ck_assert_uint_ne(r.session, CK_INVALID_HANDLE);
}

/* And end with. */
static void end(void)
{
	ok(p11->C_CloseSession(r.session));
	ok(p11->C_CloseAllSessions(r.slot));
	ok(p11->C_Finalize(NULL));
	teardown();
}

static void look_at_token(void)
{
	const CK_FLAGS must = CKF_LOGIN_REQUIRED | CKF_USER_PIN_INITIALIZED | CKF_TOKEN_INITIALIZED;
	CK_SLOT_INFO slot;
	CK_TOKEN_INFO token;

	ok(p11->C_GetSlotInfo(r.slot, &slot));
	ck_assert(slot.flags & CKF_TOKEN_PRESENT);
	ck_assert(is_padded(slot.slotDescription, sizeof slot.slotDescription));
	ok(p11->C_GetTokenInfo(r.slot, &token));
	ck_assert(is_padded(token.label, sizeof token.label));
	ck_assert(is_padded(token.serialNumber, sizeof token.serialNumber));
	ck_assert_uint_eq(token.flags & must, must);
	ck_assert_uint_ge(token.ulMaxPinLen, token.ulMinPinLen);
}

static CK_ULONG find(CK_ATTRIBUTE *template, CK_ULONG n, CK_OBJECT_HANDLE *found, CK_ULONG room)
{
	ok(p11->C_FindObjectsInit(r.session, template, n));
	ok(p11->C_FindObjects(r.session, found, room, &n));
	ok(p11->C_FindObjectsFinal(r.session));
	return n;
}

static CK_BBOOL yes = CK_TRUE;

START_TEST(bl_m_1)
{
	CK_ATTRIBUTE template = {CKA_TOKEN, &yes, sizeof yes};
	CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;

	setup(_i % TABLES, _i / TABLES);
	begin();
	look_at_token();
	open_session(0);
	ck_assert_uint_eq(find(&template, 1, &object, 1), 1);
	ck_assert_uint_ne(object, CK_INVALID_HANDLE);
	end();
}
END_TEST

START_TEST(ext_m_1)
{
	CK_ATTRIBUTE template = {CKA_TOKEN, &yes, sizeof yes};
	CK_MECHANISM_TYPE types[64];
	CK_OBJECT_HANDLE object;
	CK_MECHANISM_INFO info;
	CK_ULONG n = 0;

	setup(_i % TABLES, _i / TABLES);
	begin();
	look_at_token();
	ok(p11->C_GetMechanismList(r.slot, NULL, &n));
	ck_assert_uint_le(n, 64);
	ok(p11->C_GetMechanismList(r.slot, types, &n));
	for (CK_ULONG i = 0; i < n; i++)
		ok(p11->C_GetMechanismInfo(r.slot, types[i], &info));
	ok(p11->C_GetMechanismInfo(r.slot, CKM_SHA512, &info));
	ck_assert_uint_eq(info.flags, CKF_DIGEST);
	ok(p11->C_GetMechanismInfo(r.slot, CKM_RSA_PKCS, &info));
	ck_assert(info.flags & CKF_SIGN);
	is(p11->C_GetMechanismInfo(r.slot, 0 /* CKM_RSA_PKCS_KEY_PAIR_GEN */, &info), CKR_MECHANISM_INVALID);
	open_session(CKF_RW_SESSION);
	ok(rig_login(&r, CKU_USER, spec.pin[VCARD_AUTH]));
	ck_assert_uint_eq(find(&template, 1, &object, 1), 1);
	ok(p11->C_Logout(r.session));
	end();
}
END_TEST

/* The modulus that the public key shows is that of the certificate that the card has, and libcrypto takes the signature. */
START_TEST(auth_m_1)
{
	CK_OBJECT_CLASS public = CKO_PUBLIC_KEY;
	CK_BYTE modulus[1024], exponent[1024];
	CK_ATTRIBUTE template[] = {{CKA_TOKEN, &yes, sizeof yes}, {CKA_CLASS, &public, sizeof public}};
	CK_ATTRIBUTE values[] = {{CKA_MODULUS, modulus, sizeof modulus}, {CKA_PUBLIC_EXPONENT, exponent, sizeof exponent}};
	CK_OBJECT_HANDLE key;
	size_t len;
	const uint8_t *der;
	BIGNUM *n = NULL, *shown;
	X509 *x;

	setup(_i % TABLES, _i / TABLES);
	begin();
	open_session(CKF_RW_SESSION);
	ok(rig_login(&r, CKU_USER, spec.pin[VCARD_AUTH]));
	ck_assert_uint_eq(find(template, 2, &key, 1), 1);
	ok(p11->C_GetAttributeValue(r.session, key, values, 2));
	der = vcard_certificate(r.card, VCARD_AUTH, &len);
	x = d2i_X509(NULL, &der, (long)len);
	ck_assert_int_eq(EVP_PKEY_get_bn_param(X509_get0_pubkey(x), "n", &n), 1);
	shown = BN_bin2bn(modulus, (int)values[0].ulValueLen, NULL);
	ck_assert_int_eq(BN_cmp(n, shown), 0);
	ck_assert(values[1].ulValueLen == 3 && memcmp(exponent, "\1\0\1", 3) == 0);
	BN_free(n);
	BN_free(shown);
	X509_free(x);
	ok(rig_sign_checked(&r, r.session, CKM_SHA256_RSA_PKCS)); /* C_FindObjects, C_SignInit, C_Sign */
	ok(p11->C_Logout(r.session));
	end();
}
END_TEST

/* Label and value of certificates, length first, without a login and while the search goes on. */
START_TEST(cert_m_1)
{
	CK_OBJECT_CLASS class = CKO_CERTIFICATE;
	CK_ATTRIBUTE template[] = {{CKA_TOKEN, &yes, sizeof yes}, {CKA_CLASS, &class, sizeof class}};
	CK_OBJECT_HANDLE found[5];
	CK_BYTE label[256], value[8192];
	CK_ULONG n;
	size_t len;
	const uint8_t *der;

	setup(_i % TABLES, _i / TABLES);
	begin();
	open_session(0);
	ok(p11->C_FindObjectsInit(r.session, template, 2));
	ok(p11->C_FindObjects(r.session, found, 5, &n));
	ck_assert_uint_ge(n, 1);
	for (CK_ULONG i = 0; i < n; i++) {
		CK_ATTRIBUTE a = {CKA_LABEL, NULL, 0}, v = {CKA_VALUE, NULL, 0};
		const uint8_t *p = value;
		CK_ULONG size;
		X509 *x;

		ok(p11->C_GetAttributeValue(r.session, found[i], &a, 1));
		ck_assert(a.ulValueLen && a.ulValueLen <= sizeof label);
		a.pValue = label;
		ok(p11->C_GetAttributeValue(r.session, found[i], &a, 1));
		ok(p11->C_GetAttributeValue(r.session, found[i], &v, 1));
		ck_assert(v.ulValueLen && v.ulValueLen <= sizeof value);
		v.pValue = value;
		size = v.ulValueLen;
		ok(p11->C_GetAttributeValue(r.session, found[i], &v, 1));
		ck_assert_uint_eq(v.ulValueLen, size);
		x = d2i_X509(NULL, &p, (long)v.ulValueLen);
		ck_assert(x && p == value + v.ulValueLen);
		X509_free(x);
		der = vcard_certificate(r.card, VCARD_AUTH, &len);
		if (i == 0)
			ck_assert(size == len && memcmp(value, der, len) == 0);
	}
	ok(p11->C_FindObjectsFinal(r.session));
	end();
}
END_TEST

int main(void)
{
	const struct cases cases = {.suite = suite_create("profiles"), .seconds = 60};

	add_loop_case(&cases, bl_m_1, TABLES * KINDS);
	add_loop_case(&cases, ext_m_1, TABLES * KINDS);
	add_loop_case(&cases, auth_m_1, TABLES * KINDS);
	add_loop_case(&cases, cert_m_1, TABLES * KINDS);
	return rig_run(cases.suite);
}
