/* SPDX-License-Identifier: BSD-2-Clause */
/* The modules of JAHIS 24-002 5.2.2: info structures to the byte, objects, slots,
 * and the orders of calls of the programs that hospitals have. */
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>
#include "tests/check_case.h"
#include "pkcs11/personality.h"
#include "pkcs11/slot.h"
#include "tests/module/rig.h"
#include "tests/vcard_reader.h"

/* What stands in the tests' own library for other programs is not linked then. */
const struct personality personality = {
	.program = "inkan-test",
	.description = "HPKI 3.0",
	.profiles = &rig_set,
	.readers = &vcard_reader_ops,
	.conventions = &conventions_jahis,
};

static struct vcard_spec hpki;

static struct profile_set tokens_of(enum vcard_app app)
{
	return app == VCARD_AUTH ? profiles_hpki_auth : profiles_hpki_sign;
}

static struct vreader *start(enum vcard_app app, enum vcard_layout layout)
{
	struct vreader *r;

	rig_profiles(tokens_of(app));
	rig_spec(&hpki, VCARD_HPKI);
	hpki.layout = layout;
	r = rig_reader("Virtual Reader 00", &hpki);
	ok(p11->C_Initialize(NULL));
	return r;
}

static void take_away(struct vreader *r)
{
	vcard_readers_remove(r);
	vreader_free(r);
}

static void stop(struct vreader *r)
{
	ok(p11->C_Finalize(NULL));
	take_away(r);
}

static void text_is(const CK_UTF8CHAR *field, size_t size, const char *text)
{
	char padded[64];

	memset(padded, ' ', sizeof padded);
	memcpy(padded, text, strlen(text));
	ck_assert_msg(memcmp(field, padded, size) == 0, "'%.*s' is not '%s'", (int)size, (const char *)field, text);
}

static void version_is(CK_VERSION v, int major, int minor)
{
	ck_assert_int_eq(v.major, major);
	ck_assert_int_eq(v.minor, minor);
}

START_TEST(test_info)
{
	struct vreader *r = start((enum vcard_app)_i, VCARD_JMA);
	CK_INFO info;

	version_is(p11->version, 2, 20);
	is(p11->C_GetInfo(NULL), CKR_ARGUMENTS_BAD);
	memset(&info, 0xA5, sizeof info);
	ok(p11->C_GetInfo(&info));
	version_is(info.cryptokiVersion, 2, 20);
	ck_assert_uint_eq(info.flags, 0);
	text_is(info.libraryDescription, sizeof info.libraryDescription, "HPKI 3.0");
	stop(r);
}
END_TEST

START_TEST(test_slot_info)
{
	struct vreader *r = start((enum vcard_app)_i, VCARD_JMA);
	CK_SLOT_INFO info;
	CK_SLOT_ID slot = rig_first_slot();

	memset(&info, 0xA5, sizeof info);
	ok(p11->C_GetSlotInfo(slot, &info));
	text_is(info.slotDescription, sizeof info.slotDescription, "Virtual Reader 00");
	text_is(info.manufacturerID, sizeof info.manufacturerID, "");
	version_is(info.hardwareVersion, 0, 0);
	version_is(info.firmwareVersion, 0, 0);
	ck_assert_uint_eq(info.flags, CKF_TOKEN_PRESENT | CKF_REMOVABLE_DEVICE | CKF_HW_SLOT);
	stop(r);
}
END_TEST

START_TEST(test_token_info)
{
	enum vcard_app app = (enum vcard_app)(_i % 2);
	struct vreader *r = start(app, _i < 2 ? VCARD_JMA : VCARD_ANNEX_B);
	CK_FLAGS flags = CKF_RNG | CKF_LOGIN_REQUIRED | CKF_USER_PIN_INITIALIZED;
	CK_TOKEN_INFO info;
	CK_SLOT_ID slot = rig_first_slot();

	memset(&info, 0xA5, sizeof info);
	ok(p11->C_GetTokenInfo(slot, &info));
	text_is(info.label, sizeof info.label, "HPKI Application");
	text_is(info.model, sizeof info.model, "ISO 7816-15:2016");
	text_is(info.utcTime, sizeof info.utcTime, "");
	version_is(info.hardwareVersion, 0, 0);
	version_is(info.firmwareVersion, 0, 0);
	ck_assert_uint_eq(info.flags, flags);
	ck_assert_uint_eq(info.ulMinPinLen, 4);
	ck_assert_uint_eq(info.ulMaxPinLen, 16);
	is(rig_login_in(rig_session(slot), CKU_USER, "999999"), CKR_PIN_INCORRECT);
	ok(p11->C_GetTokenInfo(slot, &info));
	ck_assert_uint_eq(info.flags, flags | CKF_USER_PIN_COUNT_LOW);
	stop(r);
}
END_TEST

/* A card without EF.CIAInfo: the label is blank, and the card works. */
START_TEST(test_no_label)
{
	struct vreader *r;
	CK_TOKEN_INFO info;

	rig_profiles(profiles_hpki_sign);
	rig_spec(&hpki, VCARD_HPKI);
	hpki.directory = VCARD_DIR_MISSING;
	r = rig_reader("Virtual Reader 00", &hpki);
	ok(p11->C_Initialize(NULL));
	ok(p11->C_GetTokenInfo(rig_first_slot(), &info));
	text_is(info.label, sizeof info.label, "");
	text_is(info.model, sizeof info.model, "ISO 7816-15:2016");
	stop(r);
}
END_TEST

START_TEST(test_mechanisms)
{
	struct vreader *r = start((enum vcard_app)_i, VCARD_JMA);
	CK_MECHANISM sha256 = {CKM_SHA256_RSA_PKCS, NULL, 0};
	CK_SLOT_ID slot = rig_first_slot();
	CK_SESSION_HANDLE session = rig_session(slot);
	CK_MECHANISM_TYPE list[8];
	CK_MECHANISM_INFO info;
	CK_ULONG n = 8;

	ok(p11->C_GetMechanismList(slot, list, &n));
	ck_assert_uint_eq(n, 1);
	ck_assert_uint_eq(list[0], CKM_RSA_PKCS);
	ok(p11->C_GetMechanismInfo(slot, CKM_RSA_PKCS, &info));
	ck_assert_uint_eq(info.ulMinKeySize, 2048);
	ck_assert_uint_eq(info.ulMaxKeySize, 2048);
	ck_assert_uint_eq(info.flags, CKF_SIGN);
	is(p11->C_GetMechanismInfo(slot, CKM_SHA256_RSA_PKCS, &info), CKR_MECHANISM_INVALID);
	ok(rig_login_in(session, CKU_USER, hpki.pin[_i]));
	is(p11->C_SignInit(session, &sha256, rig_find(session, CKO_PRIVATE_KEY)), CKR_MECHANISM_INVALID);
	stop(r);
}
END_TEST

/* One of each shape; that no entry is empty is seen by going over all. */
START_TEST(test_unsupported)
{
	uint8_t bytes[8];
	CK_SLOT_ID slot;
	CK_ULONG n = 8;
	void *entry;

	rig_profiles(profiles_hpki_auth);
	for (size_t at = sizeof entry; at < sizeof *p11; at += sizeof entry) {
		memcpy(&entry, (char *)p11 + at, sizeof entry);
		ck_assert_ptr_nonnull(entry);
	}
	is(p11->C_SetPIN(1, bytes, 4, bytes, 4), CKR_FUNCTION_NOT_SUPPORTED);
	is(p11->C_SignUpdate(1, bytes, 8), CKR_FUNCTION_NOT_SUPPORTED);
	is(p11->C_SignFinal(1, bytes, &n), CKR_FUNCTION_NOT_SUPPORTED);
	is(p11->C_SeedRandom(1, bytes, 8), CKR_FUNCTION_NOT_SUPPORTED);
	is(p11->C_GenerateRandom(1, bytes, 8), CKR_FUNCTION_NOT_SUPPORTED);
	is(p11->C_GetFunctionStatus(1), CKR_FUNCTION_NOT_SUPPORTED);
	is(p11->C_CancelFunction(1), CKR_FUNCTION_NOT_SUPPORTED);
	is(p11->C_WaitForSlotEvent(CKF_DONT_BLOCK, &slot, NULL), CKR_FUNCTION_NOT_SUPPORTED);
	is(p11->C_DigestInit(1, NULL), CKR_FUNCTION_NOT_SUPPORTED);
}
END_TEST

/* ---- Objects */

static CK_OBJECT_HANDLE find_one(CK_SESSION_HANDLE session, CK_ATTRIBUTE *template, CK_ULONG n)
{
	CK_OBJECT_HANDLE found = CK_INVALID_HANDLE;
	CK_ULONG count = 0;

	ok(p11->C_FindObjectsInit(session, template, n));
	ok(p11->C_FindObjects(session, &found, 1, &count));
	ok(p11->C_FindObjectsFinal(session));
	return count == 1 ? found : CK_INVALID_HANDLE;
}

static CK_OBJECT_HANDLE find_labelled(CK_SESSION_HANDLE session, CK_OBJECT_CLASS class, const char *label)
{
	CK_BBOOL yes = CK_TRUE;
	CK_ATTRIBUTE template[] = {{CKA_CLASS, &class, sizeof class}, {CKA_TOKEN, &yes, sizeof yes},
	                           {CKA_LABEL, (char *)label, strlen(label)}};

	return find_one(session, template, 3);
}

static void id_is(CK_SESSION_HANDLE session, CK_OBJECT_CLASS class, const char *label, uint8_t wanted)
{
	uint8_t id[16];
	CK_ATTRIBUTE a = {CKA_ID, id, sizeof id};
	CK_OBJECT_HANDLE found = find_labelled(session, class, label);

	ck_assert_msg(found != CK_INVALID_HANDLE, "no '%s'", label);
	ok(p11->C_GetAttributeValue(session, found, &a, 1));
	ck_assert_uint_eq(a.ulValueLen, 1);
	ck_assert_uint_eq(id[0], wanted);
}

static void consent_is(CK_SESSION_HANDLE session, CK_BBOOL wanted)
{
	CK_BBOOL consent = 77;
	CK_ATTRIBUTE a = {CKA_ALWAYS_AUTHENTICATE, &consent, sizeof consent};

	ok(p11->C_GetAttributeValue(session, find_labelled(session, CKO_PRIVATE_KEY, "Private key of HPKI"), &a, 1));
	ck_assert_uint_eq(consent, wanted);
}

static bool self_signed(CK_SESSION_HANDLE session, const char *label)
{
	uint8_t subject[512], issuer[512];
	CK_ATTRIBUTE a[] = {{CKA_SUBJECT, subject, sizeof subject}, {CKA_ISSUER, issuer, sizeof issuer}};

	ok(p11->C_GetAttributeValue(session, find_labelled(session, CKO_CERTIFICATE, label), a, 2));
	return a[0].ulValueLen == a[1].ulValueLen && memcmp(subject, issuer, a[0].ulValueLen) == 0;
}

/* The root too; nothing that 2.20 does not know. The iDs are Annex B's. */
START_TEST(test_objects)
{
	struct vreader *r = start((enum vcard_app)_i, VCARD_ANNEX_B);
	CK_SESSION_HANDLE session = rig_session(rig_first_slot());

	ck_assert_uint_eq(rig_count(session, NULL, 0), 3);
	ok(rig_login_in(session, CKU_USER, hpki.pin[_i]));
	ck_assert_uint_eq(rig_count(session, NULL, 0), 4);
	id_is(session, CKO_PRIVATE_KEY, "Private key of HPKI", 0x17);
	id_is(session, CKO_CERTIFICATE, "HPKI END ENTITY CERTIFICATE", 0x17);
	id_is(session, CKO_CERTIFICATE, "MHLW CA CERTIFICATE", 0x19);
	id_is(session, CKO_CERTIFICATE, "HPKI ROOT CA CERTIFICATE", 0x1A);
	ck_assert(self_signed(session, "MHLW CA CERTIFICATE"));
	ck_assert(!self_signed(session, "HPKI ROOT CA CERTIFICATE"));
	consent_is(session, _i == VCARD_SIGN);
	stop(r);
}
END_TEST

/* ---- Orders of calls */

static CK_ULONG digest_info(const char *text, uint8_t *out)
{
	static const uint8_t prefix[] = {0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
	                                 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20};

	memcpy(out, prefix, sizeof prefix);
	SHA256((const uint8_t *)text, strlen(text), out + sizeof prefix);
	return sizeof prefix + 32;
}

static bool verifies(const uint8_t *der, size_t der_len, const char *text, const uint8_t *signature, CK_ULONG len)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	X509 *x = d2i_X509(NULL, &der, (long)der_len);
	bool good = x && EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, X509_get0_pubkey(x)) == 1 &&
	            EVP_DigestVerify(ctx, signature, len, (const uint8_t *)text, strlen(text)) == 1;

	X509_free(x);
	EVP_MD_CTX_free(ctx);
	return good;
}

static CK_OBJECT_HANDLE key_of(CK_SESSION_HANDLE session, const uint8_t *der, size_t len)
{
	X509 *x = d2i_X509(NULL, &der, (long)len);
	uint8_t modulus[512], exponent[8];
	BIGNUM *n = NULL, *e = NULL;
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_BBOOL yes = CK_TRUE;
	CK_ATTRIBUTE template[] = {{CKA_CLASS, &class, sizeof class}, {CKA_TOKEN, &yes, sizeof yes},
	                           {CKA_MODULUS, modulus, 0}, {CKA_PUBLIC_EXPONENT, exponent, 0}};

	EVP_PKEY_get_bn_param(X509_get0_pubkey(x), "n", &n);
	EVP_PKEY_get_bn_param(X509_get0_pubkey(x), "e", &e);
	template[2].ulValueLen = (CK_ULONG)BN_bn2bin(n, modulus);
	template[3].ulValueLen = (CK_ULONG)BN_bn2bin(e, exponent);
	BN_free(n);
	BN_free(e);
	X509_free(x);
	return find_one(session, template, 4);
}

/* Signs as the samples do: the length is asked for first, when `asks`. */
static void sign(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key, const char *text, bool asks, uint8_t *signature,
                 CK_ULONG *len)
{
	CK_MECHANISM mechanism = {CKM_RSA_PKCS, NULL, 0};
	uint8_t info[64];
	CK_ULONG n = digest_info(text, info);

	*len = 512;
	ok(p11->C_SignInit(session, &mechanism, key));
	if (asks) {
		ok(p11->C_Sign(session, info, n, NULL, len));
		ck_assert_uint_eq(*len, 256);
	}
	ok(p11->C_Sign(session, info, n, signature, len));
	ck_assert_uint_eq(*len, 256);
}

static CK_ULONG read_value(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE cert, uint8_t *der, size_t room)
{
	CK_ATTRIBUTE a = {CKA_VALUE, NULL, 0};

	ok(p11->C_GetAttributeValue(session, cert, &a, 1));
	ck_assert_uint_le(a.ulValueLen, room);
	a.pValue = der;
	ok(p11->C_GetAttributeValue(session, cert, &a, 1));
	return a.ulValueLen;
}

/* JAHIS 24-002 A.4: slots are told by their readers' names and tokens, the key is
 * found by the certificate's modulus and exponent, each signature has a login and
 * a logout of its own. Taken as: (C) with the authentication application, (D) with the
 * signature; the calls are those that 5.2.2 names, not compared with A.4's listing. */
START_TEST(test_a4)
{
	enum vcard_app app = (enum vcard_app)_i;
	struct vreader *r = start(app, VCARD_ANNEX_B);
	uint8_t der[4096], signature[512];
	CK_ULONG n = 0, len;
	CK_SLOT_ID slots[32];
	CK_SLOT_INFO slot_info;
	CK_TOKEN_INFO token_info;
	CK_SESSION_INFO session_info;
	CK_SESSION_HANDLE session;
	CK_OBJECT_HANDLE key;

	ok(p11->C_GetSlotList(CK_TRUE, NULL, &n));
	ck_assert_uint_eq(n, 1);
	ok(p11->C_GetSlotList(CK_TRUE, slots, &n));
	ok(p11->C_GetSlotInfo(slots[0], &slot_info));
	ok(p11->C_GetTokenInfo(slots[0], &token_info));
	ok(p11->C_OpenSession(slots[0], CKF_SERIAL_SESSION, NULL, NULL, &session));
	n = read_value(session, find_labelled(session, CKO_CERTIFICATE, "HPKI END ENTITY CERTIFICATE"), der, sizeof der);
	for (int i = 0; i < 2; i++) {
		ok(rig_login_in(session, CKU_USER, hpki.pin[app]));
		ok(p11->C_GetSessionInfo(session, &session_info));
		ck_assert_uint_eq(session_info.state, CKS_RO_USER_FUNCTIONS);
		key = key_of(session, der, n);
		ck_assert_uint_ne(key, CK_INVALID_HANDLE);
		sign(session, key, "A prescription.", true, signature, &len);
		ck_assert(verifies(der, n, "A prescription.", signature, len));
		ok(p11->C_Logout(session));
	}
	ck_assert_uint_eq(vcard_signatures(vreader_card(r), app), 2);
	ok(p11->C_CloseSession(session));
	stop(r);
}
END_TEST

/* MEDIS: four slots' room, a read-only session, objects by class, token and label,
 * the value read while the search is still open, one login, one signature. */
START_TEST(test_medis)
{
	enum vcard_app app = (enum vcard_app)_i;
	struct vreader *r = start(app, VCARD_JMA);
	uint8_t der[4096], signature[512];
	char label[] = "HPKI END ENTITY CERTIFICATE";
	CK_OBJECT_CLASS class = CKO_CERTIFICATE;
	CK_BBOOL yes = CK_TRUE;
	CK_ATTRIBUTE template[] = {{CKA_CLASS, &class, sizeof class}, {CKA_TOKEN, &yes, sizeof yes},
	                           {CKA_LABEL, label, strlen(label)}};
	CK_ULONG n = 0, len, der_len;
	CK_SLOT_ID slots[4];
	CK_TOKEN_INFO info;
	CK_SESSION_HANDLE session;
	CK_OBJECT_HANDLE cert, key;

	ok(p11->C_GetSlotList(CK_TRUE, NULL, &n));
	ck_assert_uint_le(n, 4);
	ok(p11->C_GetSlotList(CK_TRUE, slots, &n));
	ok(p11->C_OpenSession(slots[0], CKF_SERIAL_SESSION, NULL, NULL, &session));
	ok(p11->C_FindObjectsInit(session, template, 3));
	ok(p11->C_FindObjects(session, &cert, 1, &n));
	ck_assert_uint_eq(n, 1);
	der_len = read_value(session, cert, der, sizeof der);
	ok(p11->C_FindObjectsFinal(session));
	ok(p11->C_GetTokenInfo(slots[0], &info));
	ck_assert(info.flags & CKF_LOGIN_REQUIRED);
	ok(rig_login_in(session, CKU_USER, hpki.pin[app]));
	key = find_labelled(session, CKO_PRIVATE_KEY, "Private key of HPKI");
	ck_assert_uint_ne(key, CK_INVALID_HANDLE);
	sign(session, key, "hello", false, signature, &len);
	ck_assert(verifies(der, der_len, "hello", signature, len));
	ok(p11->C_Logout(session));
	ok(p11->C_CloseSession(session));
	stop(r);
}
END_TEST

/* The e-prescription signer: a card of another kind in the first reader, all slots
 * asked for and the first one taken, a read/write session, by class alone. */
START_TEST(test_e_prescription)
{
	CK_C_INITIALIZE_ARGS args = {.flags = CKF_OS_LOCKING_OK};
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_ATTRIBUTE template = {CKA_CLASS, &class, sizeof class};
	CK_OBJECT_HANDLE keys[10];
	CK_SLOT_ID slots[32];
	struct vcard_spec jpki;
	struct vreader *patient, *doctor;
	uint8_t signature[512];
	CK_SESSION_HANDLE session;
	CK_ULONG n = 0, len;
	const uint8_t *der;
	size_t der_len;

	rig_profiles(profiles_hpki_sign);
	rig_spec(&jpki, VCARD_JPKI);
	rig_spec(&hpki, VCARD_HPKI);
	patient = rig_reader("A", &jpki);
	doctor = rig_reader("B", &hpki);
	ok(p11->C_Initialize(&args));
	ok(p11->C_GetSlotList(CK_FALSE, NULL, &n));
	ck_assert_uint_eq(n, 2);
	ok(p11->C_GetSlotList(CK_FALSE, slots, &n));
	ok(p11->C_OpenSession(slots[0], CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session));
	ok(rig_login_in(session, CKU_USER, hpki.pin[VCARD_SIGN]));
	ok(p11->C_FindObjectsInit(session, &template, 1));
	ok(p11->C_FindObjects(session, keys, 10, &n));
	ck_assert_uint_eq(n, 1);
	ok(p11->C_FindObjectsFinal(session));
	sign(session, keys[0], "An e-prescription.", true, signature, &len);
	der = vcard_certificate(vreader_card(doctor), VCARD_SIGN, &der_len);
	ck_assert(verifies(der, der_len, "An e-prescription.", signature, len));
	ok(p11->C_Logout(session));
	ok(p11->C_CloseSession(session));
	ck_assert_uint_eq(vcard_tries(vreader_card(patient), VCARD_SIGN), jpki.tries[VCARD_SIGN]);
	ck_assert_uint_eq(vcard_verifies(vreader_card(patient), VCARD_SIGN), 0);
	stop(patient);
	take_away(doctor);
}
END_TEST

/* The signature PIN's consent: the next signature without a login is refused. */
START_TEST(test_consent)
{
	struct vreader *r = start(VCARD_SIGN, VCARD_JMA);
	CK_SESSION_HANDLE session = rig_session(rig_first_slot());
	CK_MECHANISM mechanism = {CKM_RSA_PKCS, NULL, 0};
	uint8_t info[64], signature[512];
	CK_ULONG n = digest_info("x", info), len;
	CK_OBJECT_HANDLE key;

	ok(rig_login_in(session, CKU_USER, hpki.pin[VCARD_SIGN]));
	key = rig_find(session, CKO_PRIVATE_KEY);
	sign(session, key, "x", true, signature, &len);
	ok(p11->C_SignInit(session, &mechanism, key));
	is(p11->C_Sign(session, info, n, signature, &len), CKR_USER_NOT_LOGGED_IN);
	ok(p11->C_Logout(session));
	ok(rig_login_in(session, CKU_USER, hpki.pin[VCARD_SIGN]));
	sign(session, key, "x", true, signature, &len);
	ck_assert_uint_eq(vcard_signatures(vreader_card(r), VCARD_SIGN), 2);
	stop(r);
}
END_TEST

/* ---- Slots */

static CK_ULONG list(CK_BBOOL present, CK_SLOT_ID *slots)
{
	CK_ULONG n = 0, room = 32;

	ok(p11->C_GetSlotList(present, NULL, &n));
	ok(p11->C_GetSlotList(present, slots, &room));
	ck_assert_uint_eq(n, room);
	return n;
}

static void reader_is(CK_SLOT_ID slot, const char *name)
{
	CK_SLOT_INFO info;

	ok(p11->C_GetSlotInfo(slot, &info));
	text_is(info.slotDescription, sizeof info.slotDescription, name);
}

/* Readers A (empty), B (a My Number card), C and D (HPKI cards), E (something else):
 * tokens are C and D in the readers' order, and they lead the list of all. */
START_TEST(test_slot_order)
{
	static const char *const names[] = {"A", "B", "C", "D", "E"};
	struct vreader *readers[5];
	struct vcard_spec jpki, foreign;
	CK_SLOT_ID slots[32];
	unsigned apdus;

	rig_profiles(profiles_hpki_auth);
	rig_spec(&jpki, VCARD_JPKI);
	rig_spec(&foreign, VCARD_FOREIGN);
	rig_spec(&hpki, VCARD_HPKI);
	for (int i = 0; i < 5; i++)
		readers[i] = rig_reader(names[i], i == 0 ? NULL : i == 1 ? &jpki : i == 4 ? &foreign : &hpki);
	ok(p11->C_Initialize(NULL));
	ck_assert_uint_eq(list(CK_TRUE, slots), 2);
	reader_is(slots[0], "C");
	reader_is(slots[1], "D");
	ck_assert_uint_eq(list(CK_FALSE, slots), 5);
	reader_is(slots[0], "C");
	reader_is(slots[1], "D");
	reader_is(slots[2], "A");
	reader_is(slots[3], "B");
	reader_is(slots[4], "E");
	ck_assert_uint_le(vreader_apdus(readers[1]), 3);
	ck_assert_uint_le(vreader_apdus(readers[4]), 3);
	apdus = vreader_apdus(readers[1]) + vreader_apdus(readers[2]);
	/* nor is a signature under way waited for */
	pthread_mutex_lock(&slot_find(slots[0])->lock);
	list(CK_TRUE, slots);
	pthread_mutex_unlock(&slot_find(slots[0])->lock);
	ck_assert_uint_eq(vreader_apdus(readers[1]) + vreader_apdus(readers[2]), apdus);
	stop(readers[0]);
	for (int i = 1; i < 5; i++)
		take_away(readers[i]);
}
END_TEST

/* As many slots as readers: none without, and four readers fit where four do. A
 * reader that is plugged in again under another name takes the place it left. */
START_TEST(test_no_slot_to_spare)
{
	static const char *const names[] = {"A", "B", "C", "D"};
	struct vreader *readers[4], *again;
	CK_SLOT_ID slots[32], first[4];
	CK_ULONG n = 4;

	rig_profiles(profiles_hpki_auth);
	ok(p11->C_Initialize(NULL));
	ck_assert_uint_eq(list(CK_FALSE, slots), 0);
	for (int i = 0; i < 4; i++)
		readers[i] = rig_reader(names[i], NULL);
	ck_assert_uint_eq(list(CK_FALSE, slots), 4);
	ok(p11->C_GetSlotList(CK_FALSE, first, &n));
	take_away(readers[1]);
	again = rig_reader("B again", NULL);
	ck_assert_uint_eq(list(CK_FALSE, slots), 4);
	reader_is(first[1], "B again");
	stop(again);
	take_away(readers[0]);
	take_away(readers[2]);
	take_away(readers[3]);
}
END_TEST

int main(void)
{
	const struct cases cases = {.suite = suite_create("jahis"), .seconds = 60};

	tcase_add_loop_test(new_case(&cases, "test_info"), test_info, VCARD_AUTH, VCARD_SIGN + 1);
	tcase_add_loop_test(new_case(&cases, "test_slot_info"), test_slot_info, VCARD_AUTH, VCARD_SIGN + 1);
	add_loop_case(&cases, test_token_info, 4);
	add_case(&cases, test_no_label);
	tcase_add_loop_test(new_case(&cases, "test_mechanisms"), test_mechanisms, VCARD_AUTH, VCARD_SIGN + 1);
	add_case(&cases, test_unsupported);
	tcase_add_loop_test(new_case(&cases, "test_objects"), test_objects, VCARD_AUTH, VCARD_SIGN + 1);
	tcase_add_loop_test(new_case(&cases, "test_a4"), test_a4, VCARD_AUTH, VCARD_SIGN + 1);
	tcase_add_loop_test(new_case(&cases, "test_medis"), test_medis, VCARD_AUTH, VCARD_SIGN + 1);
	add_case(&cases, test_e_prescription);
	add_case(&cases, test_consent);
	add_case(&cases, test_slot_order);
	add_case(&cases, test_no_slot_to_spare);
	return rig_run(cases.suite);
}
