/* SPDX-License-Identifier: BSD-2-Clause */
/* What the tokens show: objects, attributes, hcRole, and what only a login shows. */
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "tests/check_case.h"
#include "inkan-pkcs11.h"
#include "pkcs11/slot.h"
#include "pkcs11/token.h"
#include "tests/module/rig.h"

static void start(struct rig *r, struct vcard_spec *spec, enum vcard_kind kind, enum vcard_app app)
{
	rig_spec(spec, kind);
	rig_start(r, spec, app);
}

static CK_ULONG count(CK_SESSION_HANDLE session, CK_OBJECT_CLASS class)
{
	CK_ATTRIBUTE by_class = {CKA_CLASS, &class, sizeof class};

	return rig_count(session, &by_class, 1);
}

static size_t get(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, uint8_t *out)
{
	CK_ATTRIBUTE a = {type, out, 4096};

	ok(p11->C_GetAttributeValue(session, object, &a, 1));
	return a.ulValueLen;
}

static void is_text(const CK_UTF8CHAR *field, size_t size, const char *text)
{
	ck_assert_int_eq(memcmp(field, text, strlen(text)), 0);
	for (size_t i = strlen(text); i < size; i++)
		ck_assert_int_eq(field[i], ' ');
}

static void serial_of(const struct rig *r, enum vcard_app app, char *out)
{
	uint8_t hash[32];
	size_t len;
	const uint8_t *der = vcard_certificate(r->card, app, &len);

	ck_assert_int_eq(EVP_Digest(der, len, hash, NULL, EVP_sha256(), NULL), 1);
	for (int i = 0; i < 8; i++)
		sprintf(out + 2 * i, "%02X", hash[i]);
}

static const struct expected {
	enum vcard_kind kind;
	enum vcard_app app;
	const char *label, *manufacturer;
	CK_ULONG min, max;
} tokens[] = {
	{VCARD_HPKI, VCARD_AUTH, "HPKI Authentication", "HPKI", 4, 16},
	{VCARD_HPKI, VCARD_SIGN, "HPKI Signature", "HPKI", 4, 16},
	{VCARD_JPKI, VCARD_AUTH, "JPKI Authentication", "JPKI", 4, 4},
	{VCARD_JPKI, VCARD_SIGN, "JPKI Signature", "JPKI", 6, 16},
};

START_TEST(test_token_info)
{
	const struct expected *t = &tokens[_i];
	char serial[17];
	CK_TOKEN_INFO info;
	struct vcard_spec spec;
	struct rig r;

	start(&r, &spec, t->kind, t->app);
	ok(p11->C_GetTokenInfo(r.slot, &info));
	is_text(info.label, sizeof info.label, t->label);
	is_text(info.manufacturerID, sizeof info.manufacturerID, t->manufacturer);
	if (t->kind == VCARD_HPKI)
		is_text(info.model, sizeof info.model, "ISO 7816-15:2016");
	/* JPKI's signature token too is told by the certificate that needs no PIN */
	serial_of(&r, t->kind == VCARD_HPKI ? t->app : VCARD_AUTH, serial);
	is_text(info.serialNumber, sizeof info.serialNumber, serial);
	ck_assert_uint_eq(info.flags, CKF_LOGIN_REQUIRED | CKF_USER_PIN_INITIALIZED | CKF_TOKEN_INITIALIZED);
	ck_assert_uint_eq(info.ulMinPinLen, t->min);
	ck_assert_uint_eq(info.ulMaxPinLen, t->max);
	rig_stop(&r);
}
END_TEST

static void is_date(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, const ASN1_TIME *time)
{
	uint8_t value[4096];
	char want[16];
	struct tm tm;

	ck_assert_int_eq(ASN1_TIME_to_tm(time, &tm), 1);
	strftime(want, sizeof want, "%Y%m%d", &tm);
	ck_assert_uint_eq(get(session, object, type, value), 8);
	ck_assert_mem_eq(value, want, 8);
}

/* Against libcrypto's reading of the card's own certificate. */
START_TEST(test_certificate)
{
	const struct expected *t = &tokens[_i];
	uint8_t value[4096], want[4096], *p = want;
	const uint8_t *der;
	CK_OBJECT_HANDLE cert;
	struct vcard_spec spec;
	struct rig r;
	size_t len;
	X509 *x;

	start(&r, &spec, t->kind, t->app);
	ok(rig_login(&r, CKU_USER, spec.pin[t->app]));
	cert = rig_find(r.session, CKO_CERTIFICATE);
	der = vcard_certificate(r.card, t->app, &len);
	ck_assert_uint_eq(get(r.session, cert, CKA_VALUE, value), len);
	ck_assert_int_eq(memcmp(value, der, len), 0);
	x = d2i_X509(NULL, &der, (long)len);
	len = (size_t)i2d_X509_NAME(X509_get_subject_name(x), &p);
	ck_assert_uint_eq(get(r.session, cert, CKA_SUBJECT, value), len);
	ck_assert_int_eq(memcmp(value, want, len), 0);
	p = want;
	len = (size_t)i2d_X509_NAME(X509_get_issuer_name(x), &p);
	ck_assert_uint_eq(get(r.session, cert, CKA_ISSUER, value), len);
	ck_assert_int_eq(memcmp(value, want, len), 0);
	p = want;
	len = (size_t)i2d_ASN1_INTEGER(X509_get0_serialNumber(x), &p);
	ck_assert_uint_eq(get(r.session, cert, CKA_SERIAL_NUMBER, value), len);
	ck_assert_int_eq(memcmp(value, want, len), 0);
	p = want;
	len = (size_t)i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &p);
	ck_assert_uint_eq(get(r.session, cert, CKA_PUBLIC_KEY_INFO, value), len);
	ck_assert_int_eq(memcmp(value, want, len), 0);
	is_date(r.session, cert, CKA_START_DATE, X509_get0_notBefore(x));
	is_date(r.session, cert, CKA_END_DATE, X509_get0_notAfter(x));
	der = vcard_certificate(r.card, t->app, &len);
	ck_assert_int_eq(EVP_Digest(der, len, want, NULL, EVP_sha1(), NULL), 1);
	ck_assert_uint_eq(get(r.session, cert, CKA_CHECK_VALUE, value), 3);
	ck_assert_int_eq(memcmp(value, want, 3), 0);
	X509_free(x);
	rig_stop(&r);
}
END_TEST

START_TEST(test_keys)
{
	const struct expected *t = &tokens[_i];
	uint8_t private[4096], public[4096];
	CK_OBJECT_HANDLE key;
	CK_ATTRIBUTE secret = {CKA_PRIVATE_EXPONENT, private, sizeof private};
	CK_BBOOL always = 7;
	struct vcard_spec spec;
	struct rig r;

	start(&r, &spec, t->kind, t->app);
	ck_assert_uint_eq(count(r.session, CKO_PRIVATE_KEY), 0);
	ok(rig_login(&r, CKU_USER, spec.pin[t->app]));
	key = rig_find(r.session, CKO_PRIVATE_KEY);
	ck_assert_uint_eq(get(r.session, key, CKA_MODULUS, private), 256);
	ck_assert_uint_eq(get(r.session, rig_find(r.session, CKO_PUBLIC_KEY), CKA_MODULUS, public), 256);
	ck_assert_int_eq(memcmp(private, public, 256), 0);
	ck_assert_uint_ge(private[0], 0x80);
	ck_assert_uint_eq(get(r.session, key, CKA_ID, private), 1);
	ck_assert_uint_eq(get(r.session, rig_find(r.session, CKO_CERTIFICATE), CKA_ID, public), 1);
	ck_assert_uint_eq(private[0], public[0]);
	get(r.session, key, CKA_ALWAYS_AUTHENTICATE, &always);
	ck_assert_uint_eq(always, t->app == VCARD_SIGN);
	is(p11->C_GetAttributeValue(r.session, key, &secret, 1), CKR_ATTRIBUTE_SENSITIVE);
	ck_assert_uint_eq(secret.ulValueLen, CK_UNAVAILABLE_INFORMATION);
	rig_stop(&r);
}
END_TEST

/* What each object says of itself, whatever card it is of. */
START_TEST(test_flags)
{
	static const struct {
		CK_OBJECT_CLASS class;
		CK_ATTRIBUTE_TYPE type;
		CK_BBOOL value;
	} flags[] = {
		{CKO_PRIVATE_KEY, CKA_TOKEN, CK_TRUE}, {CKO_PRIVATE_KEY, CKA_PRIVATE, CK_TRUE},
		{CKO_PRIVATE_KEY, CKA_MODIFIABLE, CK_FALSE}, {CKO_PRIVATE_KEY, CKA_COPYABLE, CK_FALSE},
		{CKO_PRIVATE_KEY, CKA_DESTROYABLE, CK_FALSE}, {CKO_PRIVATE_KEY, CKA_SENSITIVE, CK_TRUE},
		{CKO_PRIVATE_KEY, CKA_ALWAYS_SENSITIVE, CK_TRUE}, {CKO_PRIVATE_KEY, CKA_EXTRACTABLE, CK_FALSE},
		{CKO_PRIVATE_KEY, CKA_NEVER_EXTRACTABLE, CK_TRUE}, {CKO_PRIVATE_KEY, CKA_SIGN, CK_TRUE},
		{CKO_PRIVATE_KEY, CKA_SIGN_RECOVER, CK_FALSE}, {CKO_PRIVATE_KEY, CKA_DECRYPT, CK_FALSE},
		{CKO_PRIVATE_KEY, CKA_UNWRAP, CK_FALSE}, {CKO_PRIVATE_KEY, CKA_DERIVE, CK_FALSE},
		{CKO_PRIVATE_KEY, CKA_WRAP_WITH_TRUSTED, CK_FALSE}, {CKO_PRIVATE_KEY, CKA_LOCAL, CK_FALSE},
		{CKO_PUBLIC_KEY, CKA_TOKEN, CK_TRUE}, {CKO_PUBLIC_KEY, CKA_VERIFY, CK_TRUE},
		{CKO_PUBLIC_KEY, CKA_VERIFY_RECOVER, CK_FALSE}, {CKO_PUBLIC_KEY, CKA_ENCRYPT, CK_FALSE},
		{CKO_PUBLIC_KEY, CKA_WRAP, CK_FALSE}, {CKO_PUBLIC_KEY, CKA_DERIVE, CK_FALSE},
		{CKO_PUBLIC_KEY, CKA_TRUSTED, CK_FALSE}, {CKO_PUBLIC_KEY, CKA_LOCAL, CK_FALSE},
		{CKO_CERTIFICATE, CKA_TOKEN, CK_TRUE}, {CKO_CERTIFICATE, CKA_MODIFIABLE, CK_FALSE},
		{CKO_CERTIFICATE, CKA_TRUSTED, CK_FALSE},
	};
	const struct expected *t = &tokens[_i];
	uint8_t value[4096];
	CK_ULONG number = 77;
	CK_OBJECT_HANDLE cert;
	struct vcard_spec spec;
	struct rig r;

	start(&r, &spec, t->kind, t->app);
	ok(rig_login(&r, CKU_USER, spec.pin[t->app]));
	for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
		ck_assert_uint_eq(get(r.session, rig_find(r.session, flags[i].class), flags[i].type, value), 1);
		ck_assert_msg(value[0] == flags[i].value, "class %lu, attribute %lX", flags[i].class, flags[i].type);
	}
	/* of certificate and public key, what was behind the PIN is private */
	cert = rig_own_certificate(r.session);
	get(r.session, cert, CKA_PRIVATE, value);
	ck_assert_uint_eq(value[0], _i == 3);
	get(r.session, rig_find(r.session, CKO_PUBLIC_KEY), CKA_PRIVATE, value);
	ck_assert_uint_eq(value[0], _i == 3);
	get(r.session, cert, CKA_CERTIFICATE_CATEGORY, (uint8_t *)&number);
	ck_assert_uint_eq(number, CK_CERTIFICATE_CATEGORY_TOKEN_USER);
	get(r.session, cert, CKA_CERTIFICATE_TYPE, (uint8_t *)&number);
	ck_assert_uint_eq(number, CKC_X_509);
	rig_stop(&r);
}
END_TEST

/* A certificate that needs no PIN, and its public key, outlast the login. */
START_TEST(test_public_after_logout)
{
	uint8_t before[4096], after[4096];
	CK_OBJECT_HANDLE cert;
	struct vcard_spec spec;
	struct rig r;
	size_t len;

	start(&r, &spec, tokens[_i].kind, tokens[_i].app);
	cert = rig_own_certificate(r.session);
	len = get(r.session, cert, CKA_VALUE, before);
	ok(rig_login(&r, CKU_USER, spec.pin[tokens[_i].app]));
	ok(p11->C_Logout(r.session));
	ck_assert_uint_eq(get(r.session, cert, CKA_VALUE, after), len);
	ck_assert_mem_eq(before, after, len);
	ck_assert_uint_eq(get(r.session, rig_find(r.session, CKO_PUBLIC_KEY), CKA_MODULUS, after), 256);
	rig_stop(&r);
}
END_TEST

/* The four outcomes of one call, each attribute on its own. */
START_TEST(test_get_attribute_value)
{
	uint8_t small[1], label[64], big[64];
	CK_ATTRIBUTE t[] = {{CKA_LABEL, NULL, 0}, {CKA_VALUE, small, 1}, {0xCE534363, big, 64}, {CKA_LABEL, label, 64}};
	CK_OBJECT_HANDLE cert;
	struct vcard_spec spec;
	struct rig r;

	start(&r, &spec, VCARD_HPKI, VCARD_AUTH);
	cert = rig_find(r.session, CKO_CERTIFICATE);
	ck_assert_uint_ne(p11->C_GetAttributeValue(r.session, cert, t, 4), CKR_OK);
	ck_assert_uint_eq(t[0].ulValueLen, strlen("HPKI END ENTITY CERTIFICATE"));
	ck_assert_uint_eq(t[1].ulValueLen, CK_UNAVAILABLE_INFORMATION);
	ck_assert_uint_eq(t[2].ulValueLen, CK_UNAVAILABLE_INFORMATION);
	ck_assert_int_eq(memcmp(label, "HPKI END ENTITY CERTIFICATE", t[3].ulValueLen), 0);
	t[2].ulValueLen = 64;
	is(p11->C_GetAttributeValue(r.session, cert, &t[2], 1), CKR_ATTRIBUTE_TYPE_INVALID);
	t[1].ulValueLen = 1;
	is(p11->C_GetAttributeValue(r.session, cert, &t[1], 1), CKR_BUFFER_TOO_SMALL);
	is(p11->C_GetAttributeValue(r.session, 4711, &t[0], 1), CKR_OBJECT_HANDLE_INVALID);
	is(p11->C_GetAttributeValue(r.session, cert, NULL, 1), CKR_ARGUMENTS_BAD);
	rig_stop(&r);
}
END_TEST

/* Not hidden alone: the bytes are no longer in the module's memory. */
static void nothing_is_kept(const struct token *token)
{
	ck_assert_ptr_null(token->cert);
	ck_assert_ptr_null(token->card->certs[0].der);
	for (size_t i = 0; i < token->n_objects; i++) {
		ck_assert_ptr_null(attrs_find(&token->objects[i].attrs, CKA_VALUE));
		ck_assert_ptr_null(attrs_find(&token->objects[i].attrs, CKA_SUBJECT));
	}
}

/* The JPKI signature certificate is a person's name and address: there only while
 * logged in, with the same handle each time. */
START_TEST(test_private_certificate)
{
	uint8_t value[4096];
	CK_ATTRIBUTE a = {CKA_VALUE, value, sizeof value};
	CK_BBOOL yes = CK_TRUE;
	CK_OBJECT_CLASS class = CKO_CERTIFICATE;
	CK_ATTRIBUTE own[] = {{CKA_CLASS, &class, sizeof class}, {CKA_PRIVATE, &yes, 1}};
	CK_OBJECT_HANDLE cert;
	struct vcard_spec spec;
	struct rig r;

	start(&r, &spec, VCARD_JPKI, VCARD_SIGN);
	ck_assert_uint_eq(rig_count(r.session, own, 2), 0);
	ck_assert_uint_eq(count(r.session, CKO_PUBLIC_KEY), 0);
	ok(rig_login(&r, CKU_USER, spec.pin[VCARD_SIGN]));
	cert = rig_find(r.session, CKO_CERTIFICATE);
	ok(p11->C_GetAttributeValue(r.session, cert, &a, 1));
	ok(p11->C_Logout(r.session));
	is(p11->C_GetAttributeValue(r.session, cert, &a, 1), CKR_OBJECT_HANDLE_INVALID);
	ck_assert_uint_eq(rig_count(r.session, own, 2), 0);
	nothing_is_kept(module.slots[r.slot].token);
	ok(rig_login(&r, CKU_USER, spec.pin[VCARD_SIGN]));
	ck_assert_uint_eq(rig_find(r.session, CKO_CERTIFICATE), cert);
	rig_stop(&r);
}
END_TEST

static bool has_profile(CK_SESSION_HANDLE session, CK_ULONG id)
{
	CK_OBJECT_CLASS class = CKO_PROFILE;
	CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	CK_ATTRIBUTE template[] = {{CKA_CLASS, &class, sizeof class}, {CKA_TOKEN, &yes, 1}, {CKA_PRIVATE, &no, 1},
	                           {CKA_PROFILE_ID, &id, sizeof id}};

	return rig_count(session, template, 4) == 1;
}

/* NSS looks for the fourth before any login; JPKI's signature token has it not. */
START_TEST(test_profile_objects)
{
	const struct expected *t = &tokens[_i];
	struct vcard_spec spec;
	struct rig r;

	start(&r, &spec, t->kind, t->app);
	ck_assert(has_profile(r.session, CKP_BASELINE_PROVIDER));
	ck_assert(has_profile(r.session, CKP_EXTENDED_PROVIDER));
	ck_assert(has_profile(r.session, CKP_AUTHENTICATION_TOKEN));
	ck_assert_int_eq(has_profile(r.session, CKP_PUBLIC_CERTIFICATES_TOKEN), _i != 3);
	ck_assert_uint_eq(count(r.session, CKO_PROFILE), _i != 3 ? 4 : 3);
	rig_stop(&r);
}
END_TEST

/* PKCS#11 3.0, 4.4: each object its own, and the same when the card comes back. */
START_TEST(test_unique_ids)
{
	const struct expected *t = &tokens[_i];
	uint8_t ids[2][32][128] = {{{0}}};
	CK_OBJECT_HANDLE found[32];
	CK_ULONG n = 0, size;
	struct vcard_spec spec;
	struct rig r;

	start(&r, &spec, t->kind, t->app);
	for (int round = 0; round < 2; round++) {
		ok(rig_login(&r, CKU_USER, spec.pin[t->app]));
		ok(p11->C_FindObjectsInit(r.session, NULL, 0));
		ok(p11->C_FindObjects(r.session, found, 32, &n));
		ok(p11->C_FindObjectsFinal(r.session));
		ck_assert_uint_gt(n, 4);
		for (CK_ULONG i = 0; i < n; i++) {
			uint8_t id[4096] = {0};

			ck_assert_uint_gt(get(r.session, found[i], CKA_UNIQUE_ID, id), 0);
			memcpy(ids[round][i], id, sizeof ids[round][i]);
			ok(p11->C_GetObjectSize(r.session, found[i], &size));
			ck_assert_uint_gt(size, 0);
			for (CK_ULONG k = 0; k < i; k++)
				ck_assert_str_ne((char *)ids[round][k], (char *)id);
		}
		vreader_insert(r.reader, vreader_remove(r.reader));
		r.session = rig_session(r.slot);
	}
	ck_assert_int_eq(memcmp(ids[0], ids[1], sizeof ids[0]), 0);
	is(p11->C_GetObjectSize(r.session, 4711, &size), CKR_OBJECT_HANDLE_INVALID);
	is(p11->C_GetObjectSize(r.session, found[0], NULL), CKR_ARGUMENTS_BAD);
	rig_stop(&r);
}
END_TEST

/* hcRole leaves byte for byte; the bytes are those of a real doctor's certificate. */
START_TEST(test_hcrole)
{
	static const uint8_t actor[] = {
		0x30, 0x24, 0xA0, 0x22, 0x31, 0x20, 0xA0, 0x0C, 0x06, 0x0A, 0x2A, 0x83, 0x08, 0x86, 0x91, 0x0F, 0x01, 0x06,
		0x01, 0x01, 0xA2, 0x10, 0x0C, 0x0E, 'M', 'e', 'd', 'i', 'c', 'a', 'l', ' ', 'D', 'o', 'c', 't', 'o', 'r'};
	uint8_t value[4096];
	char role[] = "Medical Doctor", other[] = "Medical";
	CK_ATTRIBUTE by_role = {CKA_INKAN_HCROLE, role, strlen(role)}, by_other = {CKA_INKAN_HCROLE, other, strlen(other)};
	CK_OBJECT_HANDLE cert, data;
	CK_BBOOL production = 7;
	CK_ULONG kind = 77;
	struct vcard_spec spec;
	struct rig r;

	start(&r, &spec, VCARD_HPKI, _i ? VCARD_SIGN : VCARD_AUTH);
	cert = rig_find(r.session, CKO_CERTIFICATE);
	ck_assert_uint_eq(get(r.session, cert, CKA_INKAN_HCROLE, value), strlen(role));
	ck_assert_int_eq(memcmp(value, role, strlen(role)), 0);
	ck_assert_uint_eq(get(r.session, cert, CKA_INKAN_HCROLE_DER, value), sizeof actor + 2);
	ck_assert_int_eq(memcmp(value + 2, actor, sizeof actor), 0);
	ck_assert_uint_eq(rig_count(r.session, &by_role, 1), 1);
	ck_assert_uint_eq(rig_count(r.session, &by_other, 1), 0);
	data = rig_find(r.session, CKO_DATA);
	ck_assert_uint_eq(get(r.session, data, CKA_VALUE, value), sizeof actor);
	ck_assert_int_eq(memcmp(value, actor, sizeof actor), 0);
	ck_assert_uint_eq(get(r.session, data, CKA_APPLICATION, value), 4);
	ck_assert_uint_eq(get(r.session, data, CKA_LABEL, value), strlen(role));
	get(r.session, cert, CKA_INKAN_PROFILE, (uint8_t *)&kind);
	ck_assert_uint_eq(kind, _i ? CKI_PROFILE_HPKI_SIGN : CKI_PROFILE_HPKI_AUTH_PERSON);
	get(r.session, cert, CKA_INKAN_PRODUCTION, &production);
	ck_assert_uint_eq(production, CK_TRUE);
	rig_stop(&r);
}
END_TEST

START_TEST(test_several_roles)
{
	static const char both[] = "Pharmacist\nDirector of Hospital";
	uint8_t value[4096];
	char role[] = "Director of Hospital";
	CK_ATTRIBUTE by_role = {CKA_INKAN_HCROLE, role, strlen(role)};
	struct vcard_spec spec;
	struct rig r;

	rig_spec(&spec, VCARD_HPKI);
	spec.roles[0] = "Pharmacist";
	spec.roles[1] = role;
	rig_start(&r, &spec, VCARD_AUTH);
	ck_assert_uint_eq(get(r.session, rig_find(r.session, CKO_CERTIFICATE), CKA_INKAN_HCROLE, value), strlen(both));
	ck_assert_int_eq(memcmp(value, both, strlen(both)), 0);
	ck_assert_uint_eq(rig_count(r.session, &by_role, 1), 1);
	ck_assert_uint_eq(count(r.session, CKO_DATA), 2);
	rig_stop(&r);
}
END_TEST

/* Office staff: no hcRole, no attribute. */
START_TEST(test_no_role)
{
	uint8_t value[64];
	CK_ATTRIBUTE a = {CKA_INKAN_HCROLE, value, sizeof value};
	struct vcard_spec spec;
	struct rig r;

	rig_spec(&spec, VCARD_HPKI);
	spec.roles[0] = NULL;
	rig_start(&r, &spec, VCARD_AUTH);
	is(p11->C_GetAttributeValue(r.session, rig_find(r.session, CKO_CERTIFICATE), &a, 1), CKR_ATTRIBUTE_TYPE_INVALID);
	ck_assert_uint_eq(count(r.session, CKO_DATA), 0);
	rig_stop(&r);
}
END_TEST

/* The issuing CA is there; the self-signed root is not. */
START_TEST(test_ca_certificates)
{
	CK_OBJECT_CLASS class = CKO_CERTIFICATE;
	CK_ULONG authority = 2;
	CK_ATTRIBUTE cas[] = {{CKA_CLASS, &class, sizeof class}, {CKA_CERTIFICATE_CATEGORY, &authority, sizeof authority}};
	uint8_t subject[4096], issuer[4096];
	CK_OBJECT_HANDLE found[8];
	CK_ULONG n = 0;
	struct vcard_spec spec;
	struct rig r;

	rig_spec(&spec, VCARD_HPKI);
	spec.layout = VCARD_ANNEX_B;
	rig_start(&r, &spec, VCARD_AUTH);
	ok(p11->C_FindObjectsInit(r.session, cas, 2));
	ok(p11->C_FindObjects(r.session, found, 8, &n));
	ok(p11->C_FindObjectsFinal(r.session));
	ck_assert_uint_ge(n, 1);
	for (CK_ULONG i = 0; i < n; i++) {
		size_t len = get(r.session, found[i], CKA_SUBJECT, subject);

		ck_assert(get(r.session, found[i], CKA_ISSUER, issuer) != len || memcmp(subject, issuer, len) != 0);
	}
	rig_stop(&r);
}
END_TEST

/* JPKI's signature module shows the CA of the certificate that is behind the PIN: to
 * anybody, read when its bytes are asked for, and there without them. */
START_TEST(test_jpki_ca)
{
	CK_OBJECT_CLASS class = CKO_CERTIFICATE;
	CK_ULONG authority = 2;
	CK_ATTRIBUTE cas[] = {{CKA_CLASS, &class, sizeof class}, {CKA_CERTIFICATE_CATEGORY, &authority, sizeof authority}};
	uint8_t subject[4096], issuer[4096], label[64];
	CK_OBJECT_HANDLE ca;
	struct vcard_spec spec;
	unsigned apdus;
	CK_ULONG n;
	size_t len;
	struct rig r;

	start(&r, &spec, VCARD_JPKI, VCARD_SIGN);
	apdus = vreader_apdus(r.reader);
	ck_assert_uint_eq(rig_count(r.session, cas, 2), 1);
	ok(p11->C_FindObjectsInit(r.session, cas, 2));
	ok(p11->C_FindObjects(r.session, &ca, 1, &n));
	ok(p11->C_FindObjectsFinal(r.session));
	ck_assert_uint_eq(get(r.session, ca, CKA_LABEL, label), strlen("Digital Signature CA Certificate"));
	ck_assert_uint_eq(vreader_apdus(r.reader), apdus);
	len = get(r.session, ca, CKA_SUBJECT, subject);
	ck_assert_uint_gt(vreader_apdus(r.reader), apdus);
	ok(rig_login(&r, CKU_USER, spec.pin[VCARD_SIGN]));
	ck_assert_uint_eq(get(r.session, rig_find(r.session, CKO_CERTIFICATE), CKA_ISSUER, issuer), len);
	ck_assert_int_eq(memcmp(subject, issuer, len), 0);
	rig_stop(&r);
}
END_TEST

/* Whichever of a CA certificate's attributes is asked for first, the card is read for it. */
START_TEST(test_ca_attributes)
{
	static const CK_ATTRIBUTE_TYPE types[] = {
		CKA_VALUE, CKA_SUBJECT, CKA_ISSUER, CKA_SERIAL_NUMBER, CKA_START_DATE, CKA_END_DATE, CKA_CHECK_VALUE,
		CKA_PUBLIC_KEY_INFO, CKA_INKAN_PROFILE, CKA_INKAN_PRODUCTION, CKA_INKAN_STATUS};
	CK_OBJECT_CLASS class = CKO_CERTIFICATE;
	CK_ULONG authority = 2, n;
	CK_ATTRIBUTE cas[] = {{CKA_CLASS, &class, sizeof class}, {CKA_CERTIFICATE_CATEGORY, &authority, sizeof authority}};
	CK_OBJECT_HANDLE ca;
	uint8_t value[4096];
	struct vcard_spec spec;
	struct rig r;

	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		start(&r, &spec, VCARD_JPKI, VCARD_SIGN);
		ok(p11->C_FindObjectsInit(r.session, cas, 2));
		ok(p11->C_FindObjects(r.session, &ca, 1, &n));
		ok(p11->C_FindObjectsFinal(r.session));
		ck_assert_uint_eq(n, 1);
		ck_assert_uint_gt(get(r.session, ca, types[i], value), 0);
		rig_stop(&r);
	}
}
END_TEST

START_TEST(test_search_rules)
{
	CK_OBJECT_HANDLE found[2];
	CK_OBJECT_CLASS class = CKO_CERTIFICATE;
	CK_ATTRIBUTE bad = {CKA_CLASS, NULL, 8}, by_class = {CKA_CLASS, &class, sizeof class};
	CK_ULONG n = 9;
	struct vcard_spec spec;
	struct rig r;

	start(&r, &spec, VCARD_HPKI, VCARD_AUTH);
	is(p11->C_FindObjects(r.session, found, 2, &n), CKR_OPERATION_NOT_INITIALIZED);
	is(p11->C_FindObjectsFinal(r.session), CKR_OPERATION_NOT_INITIALIZED);
	is(p11->C_FindObjectsInit(r.session, NULL, 1), CKR_ARGUMENTS_BAD);
	ck_assert_uint_eq(rig_count(r.session, &bad, 1), 0);
	ok(p11->C_FindObjectsInit(r.session, &by_class, 1));
	is(p11->C_FindObjectsInit(r.session, &by_class, 1), CKR_OPERATION_ACTIVE);
	is(p11->C_FindObjects(r.session, found, 2, NULL), CKR_ARGUMENTS_BAD);
	ok(p11->C_FindObjects(r.session, found, 0, &n));
	ck_assert_uint_eq(n, 0);
	ok(p11->C_FindObjects(r.session, found, 1, &n));
	ck_assert_uint_eq(n, 1);
	ok(p11->C_FindObjectsFinal(r.session));
	rig_stop(&r);
}
END_TEST

int main(void)
{
	const struct cases cases = {.suite = suite_create("objects"), .seconds = 60};

	add_loop_case(&cases, test_token_info, 4);
	add_loop_case(&cases, test_certificate, 4);
	add_loop_case(&cases, test_keys, 4);
	add_loop_case(&cases, test_flags, 4);
	add_loop_case(&cases, test_public_after_logout, 3);
	add_case(&cases, test_get_attribute_value);
	add_case(&cases, test_private_certificate);
	add_loop_case(&cases, test_profile_objects, 4);
	add_loop_case(&cases, test_unique_ids, 4);
	add_loop_case(&cases, test_hcrole, 2);
	add_case(&cases, test_several_roles);
	add_case(&cases, test_no_role);
	add_case(&cases, test_ca_certificates);
	add_case(&cases, test_jpki_ca);
	add_case(&cases, test_ca_attributes);
	add_case(&cases, test_search_rules);
	return rig_run(cases.suite);
}
