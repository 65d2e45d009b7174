/* SPDX-License-Identifier: BSD-2-Clause */
/* Every mechanism on every kind of card, each signature checked by libcrypto. */
#include <stdio.h>
#include <string.h>
#include "tests/check_case.h"
#include "tests/module/rig.h"

static const struct variant {
	const char *name;
	enum vcard_kind kind;
	bool no_pss;
	void (*set)(struct vcard_spec *spec);
} variants[];

static void annex_b(struct vcard_spec *s)
{
	s->layout = VCARD_ANNEX_B;
}
static void short_apdus(struct vcard_spec *s)
{
	s->no_extended = true;
}
static void get_response(struct vcard_spec *s)
{
	s->no_extended = s->get_response = s->exact_le = true;
}
static void tag_81(struct vcard_spec *s)
{
	s->mse_tag = 0x81;
}
static void tag_84(struct vcard_spec *s)
{
	s->mse_tag = 0x84;
}
static void old_dialect(struct vcard_spec *s)
{
	s->dialect = VCARD_OLD;
}
static void old_short(struct vcard_spec *s)
{
	s->dialect = VCARD_OLD;
	s->no_extended = true;
}
static void no_directory(struct vcard_spec *s)
{
	s->directory = VCARD_DIR_MISSING;
}
static void broken_directory(struct vcard_spec *s)
{
	s->directory = VCARD_DIR_BROKEN;
}
static void no_sfi(struct vcard_spec *s)
{
	s->no_sfi = true;
}
static void phone(struct vcard_spec *s)
{
	s->phone = true;
}
static void sleepy(struct vcard_spec *s)
{
	s->first_6f00 = true;
}
static void real_size(struct vcard_spec *s)
{
	s->certificate_size[0] = s->certificate_size[1] = s->kind == VCARD_HPKI ? 1414 : 1573;
}

static const struct variant variants[] = {
	{"HPKI, JMA layout", VCARD_HPKI, false, NULL},
	{"HPKI, Annex B layout", VCARD_HPKI, false, annex_b},
	{"HPKI, short APDUs, chained", VCARD_HPKI, false, short_apdus},
	{"HPKI, 61xx and 6Cxx", VCARD_HPKI, false, get_response},
	{"HPKI, MSE tag 81 alone", VCARD_HPKI, false, tag_81},
	{"HPKI, MSE tag 84 alone", VCARD_HPKI, false, tag_84},
	{"HPKI, older dialect", VCARD_HPKI, true, old_dialect},
	{"HPKI, older dialect, short APDUs", VCARD_HPKI, true, old_short},
	{"HPKI, no directory", VCARD_HPKI, false, no_directory},
	{"HPKI, broken directory", VCARD_HPKI, false, broken_directory},
	{"HPKI, real size", VCARD_HPKI, false, real_size},
	{"JPKI", VCARD_JPKI, false, NULL},
	{"JPKI, no short file identifiers", VCARD_JPKI, false, no_sfi},
	{"JPKI, phone", VCARD_JPKI, false, phone},
	{"JPKI, asleep", VCARD_JPKI, false, sleepy},
	{"JPKI, 61xx and 6Cxx", VCARD_JPKI, false, get_response},
	{"JPKI, real size", VCARD_JPKI, false, real_size},
};

#define N_VARIANTS (sizeof variants / sizeof *variants)

static const CK_MECHANISM_TYPE pkcs1[] = {CKM_RSA_PKCS, CKM_SHA1_RSA_PKCS, CKM_SHA224_RSA_PKCS,
                                          CKM_SHA256_RSA_PKCS, CKM_SHA384_RSA_PKCS, CKM_SHA512_RSA_PKCS};
static const CK_MECHANISM_TYPE pss[] = {CKM_RSA_PKCS_PSS, CKM_SHA256_RSA_PKCS_PSS, CKM_SHA1_RSA_PKCS_PSS,
                                        CKM_SHA224_RSA_PKCS_PSS, CKM_SHA384_RSA_PKCS_PSS,
                                        CKM_SHA512_RSA_PKCS_PSS};

static void start(struct rig *r, const struct variant *v, enum vcard_app app)
{
	struct vcard_spec spec;

	rig_spec(&spec, v->kind);
	if (v->set)
		v->set(&spec);
	rig_start(r, &spec, app);
	ok(rig_login(r, CKU_USER, spec.pin[app]));
}

static void sign_all(struct rig *r, const struct variant *v, const CK_MECHANISM_TYPE *types, size_t n)
{
	struct vcard_spec spec;

	rig_spec(&spec, v->kind);
	for (size_t i = 0; i < n; i++) {
		ck_assert_msg(rig_sign_checked(r, r->session, types[i]) == CKR_OK, "%s: %lx", v->name, types[i]);
		if (r->app == VCARD_AUTH)
			continue;
		ok(p11->C_Logout(r->session));
		ok(rig_login(r, CKU_USER, spec.pin[r->app]));
	}
	ck_assert_msg(rig_is_locked(r), "%s: left unlocked", v->name);
}

START_TEST(test_signatures)
{
	const struct variant *v = &variants[_i / 2];
	enum vcard_app app = _i % 2 ? VCARD_SIGN : VCARD_AUTH;
	struct rig r;

	if (rig_sample() > 1 && _i % 11)
		return;
	start(&r, v, app);
	sign_all(&r, v, pkcs1, sizeof pkcs1 / sizeof *pkcs1);
	if (!v->no_pss)
		sign_all(&r, v, pss, v->kind == VCARD_JPKI ? 2 : sizeof pss / sizeof *pss);
	ck_assert_uint_eq(vcard_tries(r.card, app), v->kind == VCARD_HPKI ? 15 : app == VCARD_AUTH ? 3 : 5);
	rig_stop(&r);
}
END_TEST

/* JPKI pads RSASSA-PSS itself, in one form only: the others are not offered. */
START_TEST(test_jpki_pss_parameters)
{
	CK_RSA_PKCS_PSS_PARAMS params = {CKM_SHA256, CKG_MGF1_SHA256, 20};
	CK_MECHANISM mechanism = {CKM_RSA_PKCS_PSS, &params, sizeof params};
	CK_MECHANISM_INFO info;
	CK_OBJECT_HANDLE key;
	struct rig r;

	start(&r, &variants[11], VCARD_AUTH);
	key = rig_find(r.session, CKO_PRIVATE_KEY);
	is(p11->C_SignInit(r.session, &mechanism, key), CKR_MECHANISM_PARAM_INVALID);
	params = (CK_RSA_PKCS_PSS_PARAMS){CKM_SHA256, CKG_MGF1_SHA1, 32};
	is(p11->C_SignInit(r.session, &mechanism, key), CKR_MECHANISM_PARAM_INVALID);
	params = (CK_RSA_PKCS_PSS_PARAMS){CKM_SHA384, CKG_MGF1_SHA384, 48};
	is(p11->C_SignInit(r.session, &mechanism, key), CKR_MECHANISM_PARAM_INVALID);
	is(p11->C_GetMechanismInfo(r.slot, CKM_SHA384_RSA_PKCS_PSS, &info), CKR_MECHANISM_INVALID);
	ok(p11->C_GetMechanismInfo(r.slot, CKM_SHA256_RSA_PKCS_PSS, &info));
	ck_assert_uint_eq(info.ulMinKeySize, 2048);
	ck_assert_uint_eq(info.flags, CKF_HW | CKF_SIGN);
	rig_stop(&r);
}
END_TEST

/* As NSS does it: the hash of a PSS signature, and a DigestInfo, byte by byte. */
START_TEST(test_in_parts)
{
	CK_RSA_PKCS_PSS_PARAMS params = {CKM_SHA256, CKG_MGF1_SHA256, 32};
	CK_MECHANISM mechanism = {CKM_SHA256_RSA_PKCS_PSS, &params, sizeof params};
	char text[] = "A referral letter.";
	uint8_t signature[256];
	CK_ULONG len = 0;
	struct rig r;

	start(&r, &variants[_i], VCARD_AUTH);
	ok(p11->C_SignInit(r.session, &mechanism, rig_find(r.session, CKO_PRIVATE_KEY)));
	for (size_t i = 0; i < sizeof text; i++)
		ok(p11->C_SignUpdate(r.session, (CK_BYTE *)text + i, 1));
	ok(p11->C_SignFinal(r.session, NULL, &len));
	ck_assert_uint_eq(len, 256);
	len = 255;
	is(p11->C_SignFinal(r.session, signature, &len), CKR_BUFFER_TOO_SMALL);
	ck_assert_uint_eq(len, 256);
	ok(p11->C_SignFinal(r.session, signature, &len));
	ck_assert(rig_verifies(&r, mechanism.mechanism, signature, len));
	is(p11->C_SignFinal(r.session, signature, &len), CKR_OPERATION_NOT_INITIALIZED);
	rig_stop(&r);
}
END_TEST

START_TEST(test_lengths)
{
	CK_MECHANISM mechanism = {CKM_RSA_PKCS, NULL, 0};
	uint8_t data[246] = {0}, signature[256];
	CK_ULONG len = 0;
	CK_OBJECT_HANDLE key;
	struct rig r;

	start(&r, &variants[_i], VCARD_AUTH);
	key = rig_find(r.session, CKO_PRIVATE_KEY);
	ok(p11->C_SignInit(r.session, &mechanism, key));
	is(p11->C_SignInit(r.session, &mechanism, key), CKR_OPERATION_ACTIVE);
	ok(p11->C_Sign(r.session, data, 245, NULL, &len));
	ck_assert_uint_eq(len, 256);
	len = 10;
	is(p11->C_Sign(r.session, data, 245, signature, &len), CKR_BUFFER_TOO_SMALL);
	ok(p11->C_Sign(r.session, data, 245, signature, &len));
	ok(p11->C_SignInit(r.session, &mechanism, key));
	is(p11->C_Sign(r.session, data, 246, signature, &len), CKR_DATA_LEN_RANGE);
	is(p11->C_Sign(r.session, data, 20, signature, &len), CKR_OPERATION_NOT_INITIALIZED);
	ok(p11->C_SignInit(r.session, &mechanism, key));
	is(p11->C_Sign(r.session, data, 0, signature, &len), CKR_DATA_LEN_RANGE);
	is(p11->C_SignInit(r.session, &mechanism, rig_find(r.session, CKO_CERTIFICATE)), CKR_KEY_HANDLE_INVALID);
	is(p11->C_SignInit(r.session, NULL, key), CKR_ARGUMENTS_BAD);
	mechanism.mechanism = CKM_RSA_X_509;
	is(p11->C_SignInit(r.session, &mechanism, key), CKR_MECHANISM_INVALID);
	rig_stop(&r);
}
END_TEST

/* The question that the other tests ask of a locked card is one that an unlocked
 * card answers otherwise: after a VERIFY by somebody else, selecting anew
 * leaves JPKI open. */
START_TEST(test_the_question)
{
	struct vcard_spec spec;
	struct rig r;

	rig_spec(&spec, VCARD_JPKI);
	rig_start(&r, &spec, VCARD_AUTH);
	ck_assert(rig_is_locked(&r));
	ck_assert_uint_eq(rig_verify_raw(&r, spec.pin[VCARD_AUTH]), 0x9000);
	ck_assert(!rig_is_locked(&r));
	rig_stop(&r);
}
END_TEST

static bool offers(CK_SLOT_ID slot, CK_MECHANISM_TYPE type)
{
	CK_MECHANISM_TYPE list[32];
	CK_ULONG n = 32;

	ok(p11->C_GetMechanismList(slot, list, &n));
	for (CK_ULONG i = 0; i < n; i++)
		if (list[i] == type)
			return true;
	return false;
}

/* Refused, or answered with a wrong signature: the first attempt fails, no
 * signature comes out, and what is left works on. */
START_TEST(test_pss_withdrawn)
{
	enum vcard_kind kind = _i % 2 ? VCARD_JPKI : VCARD_HPKI;
	uint8_t signature[256] = {0};
	CK_ULONG len = sizeof signature;
	CK_MECHANISM_TYPE types[32];
	CK_ATTRIBUTE allowed = {CKA_ALLOWED_MECHANISMS, types, sizeof types};
	struct vcard_spec spec;
	CK_SESSION_INFO info;
	struct rig r;

	rig_spec(&spec, kind);
	*(_i / 2 ? &spec.wrong_pss : &spec.no_pss) = true;
	rig_start(&r, &spec, VCARD_AUTH);
	ok(rig_login(&r, CKU_USER, spec.pin[VCARD_AUTH]));
	ck_assert(offers(r.slot, CKM_RSA_PKCS_PSS));
	is(rig_sign(r.session, CKM_SHA256_RSA_PKCS_PSS, signature, &len), CKR_DEVICE_ERROR);
	for (size_t i = 0; i < sizeof signature; i++)
		ck_assert_uint_eq(signature[i], 0);
	is(p11->C_GetSessionInfo(r.session, &info), CKR_SESSION_HANDLE_INVALID);
	ck_assert(!offers(r.slot, CKM_RSA_PKCS_PSS));
	ck_assert(!offers(r.slot, CKM_SHA256_RSA_PKCS_PSS));
	ck_assert(rig_is_locked(&r));
	r.session = rig_session(r.slot);
	is(rig_sign(r.session, CKM_SHA256_RSA_PKCS, signature, &len), CKR_USER_NOT_LOGGED_IN);
	ok(rig_login(&r, CKU_USER, spec.pin[VCARD_AUTH]));
	ok(rig_sign_checked(&r, r.session, CKM_SHA256_RSA_PKCS));
	is(rig_sign(r.session, CKM_SHA256_RSA_PKCS_PSS, signature, &len), CKR_MECHANISM_INVALID);
	ok(p11->C_GetAttributeValue(r.session, rig_find(r.session, CKO_PRIVATE_KEY), &allowed, 1));
	ck_assert_uint_ge(allowed.ulValueLen, sizeof *types);
	for (CK_ULONG i = 0; i < allowed.ulValueLen / sizeof *types; i++)
		ck_assert(types[i] != CKM_RSA_PKCS_PSS && types[i] != CKM_SHA256_RSA_PKCS_PSS);
	rig_stop(&r);
}
END_TEST

/* What one card cannot do is not taken from another. */
START_TEST(test_pss_of_another_card)
{
	enum vcard_kind kind = _i ? VCARD_JPKI : VCARD_HPKI;
	uint8_t signature[256];
	CK_ULONG len = sizeof signature;
	struct vcard_spec spec;
	struct vcard *first;
	struct rig r;

	rig_spec(&spec, kind);
	rig_start(&r, &spec, VCARD_AUTH);
	ck_assert(offers(r.slot, CKM_RSA_PKCS_PSS));
	first = vreader_remove(r.reader);
	spec.no_pss = true;
	spec.name = "HANAKO SAMPLE";
	vreader_insert(r.reader, rig_card(&spec));
	r.session = rig_session(r.slot);
	ok(rig_login(&r, CKU_USER, spec.pin[VCARD_AUTH]));
	is(rig_sign(r.session, CKM_SHA256_RSA_PKCS_PSS, signature, &len), CKR_DEVICE_ERROR);
	ck_assert(!offers(r.slot, CKM_RSA_PKCS_PSS));
	vcard_free(vreader_remove(r.reader));
	vreader_insert(r.reader, first);
	ck_assert(offers(r.slot, CKM_RSA_PKCS_PSS));
	rig_stop(&r);
}
END_TEST

/* A command before the signature's own that goes wrong once says nothing of
 * RSASSA-PSS, which stays; an answer of another length than a signature's does, and
 * any refusal. */
START_TEST(test_pss_kept)
{
	enum vcard_kind kind = _i % 2 ? VCARD_JPKI : VCARD_HPKI;
	unsigned commands;
	uint8_t signature[256];
	CK_ULONG len = sizeof signature;
	struct vcard_spec spec;
	struct rig r;

	rig_spec(&spec, kind);
	rig_start(&r, &spec, VCARD_AUTH);
	ok(rig_login(&r, CKU_USER, spec.pin[VCARD_AUTH]));
	commands = vreader_apdus(r.reader);
	ok(rig_sign(r.session, CKM_SHA256_RSA_PKCS_PSS, signature, &len));
	commands = vreader_apdus(r.reader) - commands - 2; /* but the signature, and leaving the card */
	for (unsigned nth = 1; nth <= commands && _i < 2; nth++) {
		vreader_fault(r.reader, nth, VFAULT_STATUS, 0x6581);
		len = sizeof signature;
		rig_sign(r.session, CKM_SHA256_RSA_PKCS_PSS, signature, &len);
		ck_assert_msg(offers(r.slot, CKM_SHA256_RSA_PKCS_PSS), "command %u", nth);
		if (rig_login(&r, CKU_USER, spec.pin[VCARD_AUTH]) != CKR_OK)
			ck_assert_uint_eq(vcard_tries(r.card, VCARD_AUTH), kind == VCARD_JPKI ? 3 : 15);
	}
	vreader_fault(r.reader, commands + 1, VFAULT_STATUS, _i / 2 ? 0x6F00 : 0x9000);
	len = sizeof signature;
	is(rig_sign(r.session, CKM_SHA256_RSA_PKCS_PSS, signature, &len), CKR_DEVICE_ERROR);
	ck_assert(!offers(r.slot, CKM_SHA256_RSA_PKCS_PSS));
	rig_stop(&r);
}
END_TEST

/* PKCS#11 3.0 5.13.1: C_SignInit without a mechanism ends what is under way. */
START_TEST(test_cancel)
{
	CK_MECHANISM mechanism = {CKM_RSA_PKCS, NULL, 0};
	CK_OBJECT_HANDLE key;
	struct rig r;

	start(&r, &variants[0], VCARD_AUTH);
	key = rig_find(r.session, CKO_PRIVATE_KEY);
	is(p11->C_SignInit(r.session, NULL, key), CKR_ARGUMENTS_BAD);
	ok(p11->C_SignInit(r.session, &mechanism, key));
	ok(p11->C_SignInit(r.session, NULL, key));
	ok(p11->C_SignInit(r.session, &mechanism, key));
	rig_stop(&r);
}
END_TEST

/* The PIN was typed for a card in a reader, the key is one that a program has kept. */
static CK_RV sign_with(struct rig *r, const char *pin, CK_OBJECT_HANDLE key)
{
	CK_MECHANISM m = {CKM_SHA256_RSA_PKCS, NULL, 0};
	uint8_t signature[512];
	CK_ULONG len = sizeof signature;
	CK_RV rv;

	r->session = rig_session(r->slot);
	ok(rig_login(r, CKU_USER, pin));
	rv = p11->C_SignInit(r->session, &m, key);
	return rv == CKR_OK ? p11->C_Sign(r->session, (CK_BYTE *)"x", 1, signature, &len) : rv;
}

/* NSS keeps a key over an insertion that it did not see. */
START_TEST(test_card_comes_back)
{
	struct vcard_spec spec;
	struct vcard *card;
	CK_OBJECT_HANDLE key;
	struct rig r;

	rig_spec(&spec, _i ? VCARD_JPKI : VCARD_HPKI);
	rig_start(&r, &spec, VCARD_AUTH);
	ok(rig_login(&r, CKU_USER, "1234"));
	key = rig_find(r.session, CKO_PRIVATE_KEY);
	card = vreader_remove(r.reader);
	vreader_insert(r.reader, card);
	ok(sign_with(&r, "1234", key));
	ck_assert_uint_eq(rig_find(r.session, CKO_PRIVATE_KEY), key);
	rig_stop(&r);
}
END_TEST

/* With the key of the card before it, sessions end, so that NSS looks anew; a handle
 * that was never one ends nothing. */
START_TEST(test_key_of_the_card_before)
{
	struct vcard_spec spec;
	CK_SESSION_INFO info;
	CK_OBJECT_HANDLE key;
	struct rig r;

	rig_spec(&spec, _i ? VCARD_JPKI : VCARD_HPKI);
	rig_start(&r, &spec, VCARD_AUTH);
	ok(rig_login(&r, CKU_USER, "1234"));
	key = rig_find(r.session, CKO_PRIVATE_KEY);
	vcard_free(vreader_remove(r.reader));
	spec.name = "HANAKO SAMPLE";
	spec.pin[VCARD_AUTH] = "4321";
	vreader_insert(r.reader, r.card = rig_card(&spec));
	is(sign_with(&r, "4321", 4711), CKR_KEY_HANDLE_INVALID);
	/* its own first object, whose handle follows those of the card before, is no key either */
	is(p11->C_SignInit(r.session, &(CK_MECHANISM){CKM_RSA_PKCS, NULL, 0}, rig_find(r.session, CKO_CERTIFICATE)),
	   CKR_KEY_HANDLE_INVALID);
	ok(p11->C_Logout(r.session));
	is(sign_with(&r, "4321", key), CKR_KEY_HANDLE_INVALID);
	is(p11->C_GetSessionInfo(r.session, &info), CKR_SESSION_HANDLE_INVALID);
	r.session = rig_session(r.slot);
	ok(p11->C_GetSessionInfo(r.session, &info));
	ck_assert_uint_eq(info.state, CKS_RW_PUBLIC_SESSION);
	ok(rig_login(&r, CKU_USER, "4321"));
	ok(rig_sign_checked(&r, r.session, CKM_SHA256_RSA_PKCS));
	rig_stop(&r);
}
END_TEST

int main(void)
{
	const struct cases cases = {.suite = suite_create("sign"), .seconds = 120};

	add_loop_case(&cases, test_signatures, 2 * N_VARIANTS);
	add_case(&cases, test_the_question);
	add_case(&cases, test_jpki_pss_parameters);
	add_loop_case(&cases, test_in_parts, 1);
	tcase_add_loop_test(new_case(&cases, "test_in_parts"), test_in_parts, 11, 12);
	add_loop_case(&cases, test_lengths, 1);
	tcase_add_loop_test(new_case(&cases, "test_lengths"), test_lengths, 11, 12);
	add_loop_case(&cases, test_pss_withdrawn, 4);
	add_loop_case(&cases, test_pss_of_another_card, 2);
	add_loop_case(&cases, test_pss_kept, 4);
	add_case(&cases, test_cancel);
	add_loop_case(&cases, test_card_comes_back, 2);
	add_loop_case(&cases, test_key_of_the_card_before, 2);
	return rig_run(cases.suite);
}
