/* SPDX-License-Identifier: BSD-2-Clause */
/* Operations of a session: what begins, ends and does not end them (PKCS#11 5.2,
 * 5.10, 5.11), and what keys that want consent list. */
#include <string.h>
#include <openssl/evp.h>
#include "tests/check_case.h"
#include "tests/module/rig.h"

CK_RV C_GetInterface(CK_UTF8CHAR *name, CK_VERSION *version, CK_INTERFACE **out, CK_FLAGS flags);

static const struct setting {
	enum vcard_kind kind;
	enum vcard_app app;
} settings[] = {
	{VCARD_HPKI, VCARD_AUTH}, {VCARD_HPKI, VCARD_SIGN}, {VCARD_JPKI, VCARD_AUTH}, {VCARD_JPKI, VCARD_SIGN},
};

#define N_SETTINGS (sizeof settings / sizeof *settings)

static CK_MECHANISM rsa = {CKM_RSA_PKCS, NULL, 0}, rsa_sha256 = {CKM_SHA256_RSA_PKCS, NULL, 0},
                    sha256 = {CKM_SHA256, NULL, 0};
static CK_BYTE text[] = "A referral letter.";
static uint8_t out[4096];
static CK_ULONG len;

static CK_FUNCTION_LIST_3_0 *v3(void)
{
	static CK_UTF8CHAR pkcs11[] = "PKCS 11";
	CK_INTERFACE *i;

	ok(C_GetInterface(pkcs11, &(CK_VERSION){3, 0}, &i, 0));
	return i->pFunctionList;
}

static void start(struct rig *r, struct vcard_spec *spec, int i)
{
	rig_spec(spec, settings[i].kind);
	rig_start(r, spec, settings[i].app);
}

static void start_logged_in(struct rig *r, int i)
{
	struct vcard_spec spec;

	start(r, &spec, i);
	ok(rig_login(r, CKU_USER, spec.pin[r->app]));
}

static void sign_init(const struct rig *r, CK_MECHANISM *m)
{
	ok(p11->C_SignInit(r->session, m, rig_find(r->session, CKO_PRIVATE_KEY)));
	len = sizeof out;
	memset(out, 0, sizeof out);
}

/* No signature is under way, none came out, and the next one works. */
static void signature_is_over(struct rig *r)
{
	static const uint8_t nothing[sizeof out];

	ck_assert_mem_eq(out, nothing, sizeof out);
	len = sizeof out;
	is(p11->C_SignUpdate(r->session, text, 1), CKR_OPERATION_NOT_INITIALIZED);
	is(p11->C_SignFinal(r->session, out, &len), CKR_OPERATION_NOT_INITIALIZED);
	is(p11->C_Sign(r->session, text, 1, out, &len), CKR_OPERATION_NOT_INITIALIZED);
	ck_assert_uint_eq(vcard_signatures(r->card, r->app), 0);
	sign_init(r, &rsa_sha256);
	ok(p11->C_SignInit(r->session, NULL, 0));
}

static CK_RV sign_null_data(struct rig *r)
{
	sign_init(r, &rsa_sha256);
	return p11->C_Sign(r->session, NULL, 5, out, &len);
}

static CK_RV sign_no_length(struct rig *r)
{
	sign_init(r, &rsa_sha256);
	return p11->C_Sign(r->session, text, 5, out, NULL);
}

static CK_RV sign_too_long(struct rig *r)
{
	static CK_BYTE data[300];

	sign_init(r, &rsa);
	return p11->C_Sign(r->session, data, sizeof data, out, &len);
}

static CK_RV sign_empty_block(struct rig *r)
{
	sign_init(r, &rsa);
	return p11->C_Sign(r->session, text, 0, out, &len);
}

static CK_RV sign_after_update(struct rig *r)
{
	sign_init(r, &rsa_sha256);
	ok(p11->C_SignUpdate(r->session, text, 5));
	return p11->C_Sign(r->session, text, 5, out, &len);
}

static CK_RV sign_length_after_update(struct rig *r)
{
	sign_init(r, &rsa_sha256);
	ok(p11->C_SignUpdate(r->session, text, 5));
	return p11->C_Sign(r->session, text, 5, NULL, &len);
}

static CK_RV sign_after_empty_update(struct rig *r)
{
	sign_init(r, &rsa_sha256);
	ok(p11->C_SignUpdate(r->session, NULL, 0));
	return p11->C_Sign(r->session, text, 5, out, &len);
}

static CK_RV update_null_part(struct rig *r)
{
	sign_init(r, &rsa_sha256);
	return p11->C_SignUpdate(r->session, NULL, 5);
}

static CK_RV update_too_long(struct rig *r)
{
	static CK_BYTE data[200];

	sign_init(r, &rsa);
	ok(p11->C_SignUpdate(r->session, data, sizeof data));
	return p11->C_SignUpdate(r->session, data, sizeof data);
}

static CK_RV final_no_length(struct rig *r)
{
	sign_init(r, &rsa_sha256);
	ok(p11->C_SignUpdate(r->session, text, 5));
	return p11->C_SignFinal(r->session, out, NULL);
}

static CK_RV final_empty_block(struct rig *r)
{
	sign_init(r, &rsa);
	return p11->C_SignFinal(r->session, out, &len);
}

/* The data came with a question for the length, and has not been kept: there is
 * nothing that C_SignFinal could end. */
static CK_RV final_after_length(struct rig *r)
{
	sign_init(r, &rsa_sha256);
	ok(p11->C_Sign(r->session, text, 5, NULL, &len));
	ck_assert_uint_eq(len, 256);
	return p11->C_SignFinal(r->session, out, &len);
}

static CK_RV final_after_small_buffer(struct rig *r)
{
	sign_init(r, &rsa_sha256);
	len = 255;
	is(p11->C_Sign(r->session, text, 5, out, &len), CKR_BUFFER_TOO_SMALL);
	ck_assert_uint_eq(len, 256);
	return p11->C_SignFinal(r->session, out, &len);
}

static CK_RV sign_without_login(struct rig *r)
{
	sign_init(r, &rsa_sha256);
	ok(p11->C_Logout(r->session));
	return p11->C_Sign(r->session, text, 5, out, &len);
}

static const struct misuse {
	const char *name;
	CK_RV (*make)(struct rig *r);
	CK_RV rv; /* 0: any error */
} misuses[] = {
	{"C_Sign, data NULL", sign_null_data, CKR_ARGUMENTS_BAD},
	{"C_Sign, length NULL", sign_no_length, CKR_ARGUMENTS_BAD},
	{"C_Sign, too long", sign_too_long, CKR_DATA_LEN_RANGE},
	{"C_Sign, empty block", sign_empty_block, CKR_DATA_LEN_RANGE},
	{"C_Sign after C_SignUpdate", sign_after_update, CKR_OPERATION_ACTIVE},
	{"C_Sign for the length after C_SignUpdate", sign_length_after_update, CKR_OPERATION_ACTIVE},
	{"C_Sign after C_SignUpdate of nothing", sign_after_empty_update, CKR_OPERATION_ACTIVE},
	{"C_SignUpdate, part NULL", update_null_part, CKR_ARGUMENTS_BAD},
	{"C_SignUpdate, too long", update_too_long, CKR_DATA_LEN_RANGE},
	{"C_SignFinal, length NULL", final_no_length, CKR_ARGUMENTS_BAD},
	{"C_SignFinal, empty block", final_empty_block, CKR_DATA_LEN_RANGE},
	{"C_SignFinal after C_Sign for the length", final_after_length, 0},
	{"C_SignFinal after C_Sign into a small buffer", final_after_small_buffer, 0},
};

#define N_MISUSES (sizeof misuses / sizeof *misuses)

/* Any error but CKR_BUFFER_TOO_SMALL ends the operation (5.11). */
START_TEST(test_errors_end_the_signature)
{
	const struct misuse *m = &misuses[_i / (int)N_SETTINGS];
	struct rig r;
	CK_RV rv;

	if (rig_sample() > 1 && _i % 7)
		return;
	start_logged_in(&r, _i % (int)N_SETTINGS);
	rv = m->make(&r);
	ck_assert_msg(rv != CKR_OK, "%s: CKR_OK", m->name);
	if (m->rv)
		ck_assert_msg(rv == m->rv, "%s: 0x%lx", m->name, rv);
	signature_is_over(&r);
	rig_stop(&r);
}
END_TEST

START_TEST(test_logout_ends_the_signature)
{
	struct vcard_spec spec;
	struct rig r;

	start(&r, &spec, _i);
	ok(rig_login(&r, CKU_USER, spec.pin[r.app]));
	is(sign_without_login(&r), CKR_USER_NOT_LOGGED_IN);
	ok(rig_login(&r, CKU_USER, spec.pin[r.app]));
	signature_is_over(&r);
	rig_stop(&r);
}
END_TEST

/* Questions for the length and small buffers leave everything as it was, and cost
 * no command and no consent. */
START_TEST(test_length_ends_nothing)
{
	unsigned before;
	struct rig r;

	start_logged_in(&r, _i);
	sign_init(&r, &rsa_sha256);
	before = vreader_apdus(r.reader);
	for (int i = 0; i < 3; i++) {
		ok(p11->C_Sign(r.session, text, sizeof text, NULL, &len));
		ck_assert_uint_eq(len, 256);
		len = (CK_ULONG)i;
		is(p11->C_Sign(r.session, text, sizeof text, out, &len), CKR_BUFFER_TOO_SMALL);
		ck_assert_uint_eq(len, 256);
	}
	ck_assert_uint_eq(vreader_apdus(r.reader), before);
	ok(p11->C_Sign(r.session, text, sizeof text, out, &len));
	ck_assert(rig_verifies(&r, CKM_SHA256_RSA_PKCS, out, len));
	rig_stop(&r);

	start_logged_in(&r, _i);
	sign_init(&r, &rsa_sha256);
	ok(p11->C_SignUpdate(r.session, text, 4));
	ok(p11->C_SignFinal(r.session, NULL, &len));
	ok(p11->C_SignUpdate(r.session, text + 4, sizeof text - 4));
	len = 1;
	is(p11->C_SignFinal(r.session, out, &len), CKR_BUFFER_TOO_SMALL);
	ck_assert_uint_eq(len, 256);
	ok(p11->C_SignFinal(r.session, out, &len));
	ck_assert(rig_verifies(&r, CKM_SHA256_RSA_PKCS, out, len));
	is(p11->C_SignFinal(r.session, out, &len), CKR_OPERATION_NOT_INITIALIZED);
	rig_stop(&r);
}
END_TEST

/* What is refused at the start leaves nothing begun. */
START_TEST(test_refused_begins_nothing)
{
	CK_RSA_PKCS_PSS_PARAMS params = {CKM_SHA256, CKG_MGF1_SHA1, 500};
	CK_MECHANISM unknown = {CKM_RSA_X_509, NULL, 0}, bad = {CKM_RSA_PKCS, text, 1},
	             bad_pss = {CKM_RSA_PKCS_PSS, &params, sizeof params}, no_params = {CKM_RSA_PKCS_PSS, NULL, 0};
	CK_OBJECT_HANDLE key;
	struct vcard_spec spec;
	struct rig r;

	start(&r, &spec, _i);
	is(p11->C_SignInit(r.session, &rsa, 1), CKR_USER_NOT_LOGGED_IN);
	is(p11->C_SignUpdate(r.session, text, 1), CKR_OPERATION_NOT_INITIALIZED);
	ok(rig_login(&r, CKU_USER, spec.pin[r.app]));
	key = rig_find(r.session, CKO_PRIVATE_KEY);
	is(p11->C_SignInit(r.session, &unknown, key), CKR_MECHANISM_INVALID);
	is(p11->C_SignUpdate(r.session, text, 1), CKR_OPERATION_NOT_INITIALIZED);
	is(p11->C_SignInit(r.session, &bad, key), CKR_MECHANISM_PARAM_INVALID);
	is(p11->C_SignInit(r.session, &bad_pss, key), CKR_MECHANISM_PARAM_INVALID);
	is(p11->C_SignInit(r.session, &no_params, key), CKR_MECHANISM_PARAM_INVALID);
	is(p11->C_SignInit(r.session, &rsa, 4711), CKR_KEY_HANDLE_INVALID);
	is(p11->C_SignInit(r.session, &rsa, rig_own_certificate(r.session)), CKR_KEY_HANDLE_INVALID);
	is(p11->C_DigestInit(r.session, &rsa), CKR_MECHANISM_INVALID);
	is(p11->C_FindObjectsInit(r.session, NULL, 1), CKR_ARGUMENTS_BAD);
	memset(out, 0, sizeof out);
	signature_is_over(&r);
	rig_stop(&r);
}
END_TEST

/* A card that fails ends the operation too. */
START_TEST(test_card_errors_end_the_signature)
{
	struct vcard_spec spec;
	struct rig r;

	for (unsigned nth = 1; nth <= 6; nth++) {
		start(&r, &spec, _i);
		ok(rig_login(&r, CKU_USER, spec.pin[r.app]));
		sign_init(&r, &rsa_sha256);
		vreader_fault(r.reader, nth, VFAULT_STATUS, 0x6581);
		if (p11->C_Sign(r.session, text, 5, out, &len) != CKR_OK) {
			CK_RV rv = p11->C_SignFinal(r.session, out, &len);

			ck_assert(rv == CKR_OPERATION_NOT_INITIALIZED || rv == CKR_SESSION_HANDLE_INVALID);
		}
		vreader_fault(r.reader, 0, VFAULT_NONE, 0);
		rig_stop(&r);
	}
}
END_TEST

static void digest_is_over(const struct rig *r)
{
	len = sizeof out;
	is(p11->C_DigestUpdate(r->session, text, 1), CKR_OPERATION_NOT_INITIALIZED);
	is(p11->C_DigestFinal(r->session, out, &len), CKR_OPERATION_NOT_INITIALIZED);
	is(p11->C_Digest(r->session, text, 1, out, &len), CKR_OPERATION_NOT_INITIALIZED);
	ok(p11->C_DigestInit(r->session, &sha256));
	len = sizeof out;
}

START_TEST(test_errors_end_the_hash)
{
	uint8_t expected[32];
	struct vcard_spec spec;
	struct rig r;

	start(&r, &spec, _i);
	ok(p11->C_DigestInit(r.session, &sha256));
	len = sizeof out;
	is(p11->C_Digest(r.session, NULL, 5, out, &len), CKR_ARGUMENTS_BAD);
	digest_is_over(&r);
	is(p11->C_Digest(r.session, text, 5, out, NULL), CKR_ARGUMENTS_BAD);
	digest_is_over(&r);
	ok(p11->C_DigestUpdate(r.session, text, 5));
	is(p11->C_Digest(r.session, text, 5, out, &len), CKR_OPERATION_ACTIVE);
	digest_is_over(&r);
	ok(p11->C_DigestUpdate(r.session, NULL, 0));
	is(p11->C_Digest(r.session, text, 5, NULL, &len), CKR_OPERATION_ACTIVE);
	digest_is_over(&r);
	is(p11->C_DigestUpdate(r.session, NULL, 5), CKR_ARGUMENTS_BAD);
	digest_is_over(&r);
	is(p11->C_DigestFinal(r.session, out, NULL), CKR_ARGUMENTS_BAD);
	digest_is_over(&r);
	ok(p11->C_Digest(r.session, text, 5, NULL, &len));
	ck_assert_uint_ne(p11->C_DigestFinal(r.session, out, &len), CKR_OK); /* not the hash of nothing */
	digest_is_over(&r);
	len = 31;
	is(p11->C_Digest(r.session, text, 5, out, &len), CKR_BUFFER_TOO_SMALL);
	ck_assert_uint_eq(len, 32);
	ok(p11->C_Digest(r.session, text, 5, out, &len));
	ck_assert_int_eq(EVP_Digest(text, 5, expected, NULL, EVP_sha256(), NULL), 1);
	ck_assert_mem_eq(out, expected, 32);
	digest_is_over(&r);
	rig_stop(&r);
}
END_TEST

/* Misuse of one operation never ends another. */
START_TEST(test_two_operations)
{
	CK_OBJECT_HANDLE found[8], key;
	CK_SESSION_HANDLE other;
	CK_ULONG n = 0;
	struct rig r;

	start_logged_in(&r, _i);
	key = rig_find(r.session, CKO_PRIVATE_KEY);
	sign_init(&r, &rsa_sha256);
	ok(p11->C_SignUpdate(r.session, text, 4));
	is(p11->C_SignInit(r.session, &rsa, key), CKR_OPERATION_ACTIVE);
	is(p11->C_DigestInit(r.session, &sha256), CKR_OPERATION_ACTIVE);
	is(p11->C_DigestInit(r.session, NULL), CKR_ARGUMENTS_BAD);
	is(p11->C_FindObjectsInit(r.session, NULL, 0), CKR_OPERATION_ACTIVE);
	is(p11->C_Digest(r.session, text, 5, out, &len), CKR_OPERATION_NOT_INITIALIZED);
	is(p11->C_DigestUpdate(r.session, text, 5), CKR_OPERATION_NOT_INITIALIZED);
	is(p11->C_DigestFinal(r.session, out, &len), CKR_OPERATION_NOT_INITIALIZED);
	is(p11->C_FindObjects(r.session, found, 8, &n), CKR_OPERATION_NOT_INITIALIZED);
	is(p11->C_FindObjectsFinal(r.session), CKR_OPERATION_NOT_INITIALIZED);
	other = rig_session(r.slot);
	ok(p11->C_FindObjectsInit(other, NULL, 0)); /* another session has operations of its own */
	ok(p11->C_SignUpdate(r.session, text + 4, sizeof text - 4));
	len = sizeof out;
	ok(p11->C_SignFinal(r.session, out, &len));
	ck_assert(rig_verifies(&r, CKM_SHA256_RSA_PKCS, out, len));
	ok(p11->C_FindObjects(other, found, 8, &n));
	ck_assert_uint_gt(n, 0);

	ok(p11->C_FindObjectsInit(r.session, NULL, 0));
	is(p11->C_SignInit(r.session, &rsa, key), CKR_OPERATION_ACTIVE);
	is(p11->C_SignInit(r.session, NULL, key), CKR_ARGUMENTS_BAD);
	is(p11->C_Sign(r.session, text, 5, out, &len), CKR_OPERATION_NOT_INITIALIZED);
	is(p11->C_SignFinal(r.session, out, &len), CKR_OPERATION_NOT_INITIALIZED);
	ok(p11->C_FindObjects(r.session, found, 8, &n));
	ck_assert_uint_gt(n, 0);
	ok(p11->C_FindObjectsFinal(r.session));
	rig_stop(&r);
}
END_TEST

/* 3.0: of the operations named, the one that is active ends, and a consent that
 * was given for it. */
START_TEST(test_session_cancel)
{
	static const CK_FLAGS others = CKF_ENCRYPT | CKF_DECRYPT | CKF_VERIFY;
	CK_OBJECT_HANDLE found[8];
	CK_ULONG n = 0;
	CK_FUNCTION_LIST_3_0 *f = v3();
	struct vcard_spec spec;
	struct rig r;

	start(&r, &spec, _i);
	ok(rig_login(&r, CKU_USER, spec.pin[r.app]));
	is(f->C_SessionCancel(r.session + 100, CKF_SIGN), CKR_SESSION_HANDLE_INVALID);
	sign_init(&r, &rsa_sha256);
	ok(f->C_SessionCancel(r.session, CKF_DIGEST | CKF_FIND_OBJECTS | others));
	ok(f->C_SessionCancel(r.session, 0));
	ok(p11->C_SignUpdate(r.session, text, 4));
	ok(f->C_SessionCancel(r.session, CKF_SIGN | others));
	signature_is_over(&r);
	ok(p11->C_DigestInit(r.session, &sha256));
	ok(f->C_SessionCancel(r.session, CKF_SIGN | CKF_FIND_OBJECTS | others));
	ok(p11->C_DigestUpdate(r.session, text, 4));
	ok(f->C_SessionCancel(r.session, CKF_DIGEST));
	is(p11->C_DigestFinal(r.session, out, &len), CKR_OPERATION_NOT_INITIALIZED);
	ok(p11->C_FindObjectsInit(r.session, NULL, 0));
	ok(f->C_SessionCancel(r.session, CKF_SIGN | CKF_DIGEST | others));
	ok(p11->C_FindObjects(r.session, found, 8, &n));
	ok(f->C_SessionCancel(r.session, CKF_FIND_OBJECTS));
	is(p11->C_FindObjects(r.session, found, 8, &n), CKR_OPERATION_NOT_INITIALIZED);
	if (r.app == VCARD_SIGN) {
		ok(rig_sign_checked(&r, r.session, CKM_RSA_PKCS)); /* the login's own consent */
		sign_init(&r, &rsa_sha256);
		ok(rig_login(&r, CKU_CONTEXT_SPECIFIC, spec.pin[r.app]));
		ok(f->C_SessionCancel(r.session, CKF_SIGN));
		sign_init(&r, &rsa_sha256);
		is(p11->C_Sign(r.session, text, 5, out, &len), CKR_USER_NOT_LOGGED_IN);
		ck_assert_uint_eq(vcard_signatures(r.card, r.app), 1);
	}
	rig_stop(&r);
}
END_TEST

/* Where the key wants consent, NSS must not see a mechanism that hashes, though
 * every one can be used. */
START_TEST(test_listed_mechanisms)
{
	static const CK_MECHANISM_TYPE hashing[] = {
		CKM_SHA1_RSA_PKCS, CKM_SHA224_RSA_PKCS, CKM_SHA256_RSA_PKCS, CKM_SHA384_RSA_PKCS, CKM_SHA512_RSA_PKCS,
		CKM_SHA256_RSA_PKCS_PSS, CKM_SHA1_RSA_PKCS_PSS, CKM_SHA224_RSA_PKCS_PSS, CKM_SHA384_RSA_PKCS_PSS,
		CKM_SHA512_RSA_PKCS_PSS};
	static const CK_MECHANISM_TYPE always[] = {CKM_RSA_PKCS, CKM_RSA_PKCS_PSS, CKM_SHA_1, CKM_SHA224, CKM_SHA256,
	                                           CKM_SHA384, CKM_SHA512};
	CK_MECHANISM_TYPE list[64];
	CK_MECHANISM_INFO info;
	CK_ULONG n = 0, room = 64;
	struct vcard_spec spec;
	struct rig r;
	size_t usable = settings[_i].kind == VCARD_HPKI ? 10 : 6; /* JPKI pads PSS with SHA-256 alone */

	start(&r, &spec, _i);
	for (size_t i = 0; i < sizeof always / sizeof *always; i++) {
		ck_assert(rig_lists(r.slot, always[i]));
		ok(p11->C_GetMechanismInfo(r.slot, always[i], &info));
	}
	for (size_t i = 0; i < 10; i++) {
		bool listed = i < usable && r.app == VCARD_AUTH;

		ck_assert_msg(rig_lists(r.slot, hashing[i]) == listed, "%lx", hashing[i]);
		is(p11->C_GetMechanismInfo(r.slot, hashing[i], &info), listed ? CKR_OK : CKR_MECHANISM_INVALID);
	}
	ok(p11->C_GetMechanismList(r.slot, NULL, &n));
	ck_assert_uint_eq(n, 7 + (r.app == VCARD_AUTH ? usable : 0));
	n--;
	is(p11->C_GetMechanismList(r.slot, list, &n), CKR_BUFFER_TOO_SMALL);
	ok(p11->C_GetMechanismList(r.slot, list, &room));
	ck_assert_uint_eq(n, room);
	for (size_t i = 0; i < usable; i++) {
		ok(rig_login(&r, CKU_USER, spec.pin[r.app]));
		ck_assert_msg(rig_sign_checked(&r, r.session, hashing[i]) == CKR_OK, "%lx", hashing[i]);
		ok(p11->C_Logout(r.session));
	}
	rig_stop(&r);
}
END_TEST

/* The sessions of one slot end, and its login; those of the other go on, in the
 * middle of a signature. Closing a slot's last session logs out there alone. */
START_TEST(test_close_all_sessions)
{
	struct vcard_spec spec[2];
	struct rig r[2];
	CK_SLOT_ID slots[4];
	CK_ULONG n = 4;
	CK_SESSION_INFO info;
	CK_SESSION_HANDLE second;
	int other = 1 - _i % 2;

	rig_profiles(profiles_auth);
	for (int i = 0; i < 2; i++) {
		rig_spec(&spec[i], i ? VCARD_JPKI : VCARD_HPKI);
		spec[i].pin[VCARD_AUTH] = i ? "5678" : "1234";
		r[i].app = VCARD_AUTH;
		r[i].reader = rig_reader(i ? "B" : "A", &spec[i]);
		r[i].card = vreader_card(r[i].reader);
	}
	ok(p11->C_Initialize(NULL));
	ok(p11->C_GetSlotList(CK_TRUE, slots, &n));
	ck_assert_uint_eq(n, 2);
	for (int i = 0; i < 2; i++) {
		r[i].slot = slots[i];
		r[i].session = rig_session(slots[i]);
		ok(rig_login(&r[i], CKU_USER, spec[i].pin[VCARD_AUTH]));
	}
	second = rig_session(r[1 - other].slot);
	sign_init(&r[other], &rsa_sha256);
	ok(p11->C_SignUpdate(r[other].session, text, 4));
	if (_i / 2 == 0) {
		ok(p11->C_CloseAllSessions(r[1 - other].slot));
	} else {
		ok(p11->C_CloseSession(r[1 - other].session));
		ok(p11->C_GetSessionInfo(second, &info));
		ck_assert_uint_eq(info.state, CKS_RW_USER_FUNCTIONS);
		ok(p11->C_CloseSession(second));
	}
	is(p11->C_GetSessionInfo(r[1 - other].session, &info), CKR_SESSION_HANDLE_INVALID);
	is(p11->C_GetSessionInfo(second, &info), CKR_SESSION_HANDLE_INVALID);
	ok(p11->C_GetSessionInfo(rig_session(r[1 - other].slot), &info));
	ck_assert_uint_eq(info.state, CKS_RW_PUBLIC_SESSION);
	ok(p11->C_GetSessionInfo(r[other].session, &info));
	ck_assert_uint_eq(info.state, CKS_RW_USER_FUNCTIONS);
	ok(p11->C_SignUpdate(r[other].session, text + 4, sizeof text - 4));
	len = sizeof out;
	ok(p11->C_SignFinal(r[other].session, out, &len));
	ck_assert(rig_verifies(&r[other], CKM_SHA256_RSA_PKCS, out, len));
	ok(p11->C_Finalize(NULL));
	for (int i = 0; i < 2; i++) {
		vcard_readers_remove(r[i].reader);
		vreader_free(r[i].reader);
	}
}
END_TEST

/* A session that is none is said to be none, before what the token lacks (5.1.6, 5.15). */
START_TEST(test_random)
{
	struct vcard_spec spec;
	struct rig r;
	CK_RV rv;

	rig_profiles(profiles_auth);
	is(p11->C_GenerateRandom(1, out, 8), CKR_CRYPTOKI_NOT_INITIALIZED);
	is(p11->C_SeedRandom(1, out, 8), CKR_CRYPTOKI_NOT_INITIALIZED);
	start(&r, &spec, _i);
	is(p11->C_GenerateRandom(r.session, out, 8), CKR_RANDOM_NO_RNG);
	rv = p11->C_SeedRandom(r.session, out, 8);
	ck_assert(rv == CKR_RANDOM_NO_RNG || rv == CKR_RANDOM_SEED_NOT_SUPPORTED);
	is(p11->C_GenerateRandom(r.session + 100, out, 8), CKR_SESSION_HANDLE_INVALID);
	is(p11->C_SeedRandom(r.session + 100, out, 8), CKR_SESSION_HANDLE_INVALID);
	vcard_free(vreader_remove(r.reader));
	r.card = NULL;
	rv = p11->C_GenerateRandom(r.session, out, 8);
	ck_assert(rv == CKR_DEVICE_REMOVED || rv == CKR_SESSION_HANDLE_INVALID);
	rig_stop(&r);
}
END_TEST

int main(void)
{
	const struct cases cases = {.suite = suite_create("states"), .seconds = 120};

	add_loop_case(&cases, test_errors_end_the_signature, N_MISUSES * N_SETTINGS);
	add_loop_case(&cases, test_logout_ends_the_signature, N_SETTINGS);
	add_loop_case(&cases, test_length_ends_nothing, N_SETTINGS);
	add_loop_case(&cases, test_refused_begins_nothing, N_SETTINGS);
	add_loop_case(&cases, test_card_errors_end_the_signature, N_SETTINGS);
	add_loop_case(&cases, test_errors_end_the_hash, N_SETTINGS);
	add_loop_case(&cases, test_two_operations, N_SETTINGS);
	add_loop_case(&cases, test_session_cancel, N_SETTINGS);
	add_loop_case(&cases, test_listed_mechanisms, N_SETTINGS);
	add_loop_case(&cases, test_close_all_sessions, 4);
	add_loop_case(&cases, test_random, N_SETTINGS);
	return rig_run(cases.suite);
}
