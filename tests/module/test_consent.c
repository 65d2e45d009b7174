/* SPDX-License-Identifier: BSD-2-Clause */
/* One signature per consent, in the session that gave it. */
#include <string.h>
#include "pkcs11/module.h"
#include "pkcs11/token.h"
#include "tests/module/rig.h"

static void start(struct rig *r, struct vcard_spec *spec, int kind)
{
	rig_spec(spec, kind ? VCARD_JPKI : VCARD_HPKI);
	rig_start(r, spec, VCARD_SIGN);
}

static CK_RV sign(CK_SESSION_HANDLE session)
{
	uint8_t signature[256];
	CK_ULONG len = sizeof signature;

	return rig_sign(session, CKM_SHA256_RSA_PKCS, signature, &len);
}

static void begin(CK_SESSION_HANDLE session)
{
	ok(p11->C_SignInit(session, &(CK_MECHANISM){CKM_SHA256_RSA_PKCS, NULL, 0},
	                   rig_find(session, CKO_PRIVATE_KEY)));
}

static CK_RV end(CK_SESSION_HANDLE session)
{
	uint8_t signature[256];
	CK_ULONG len = sizeof signature;

	return p11->C_Sign(session, (CK_BYTE *)"x", 1, signature, &len);
}

START_TEST(test_one_signature)
{
	struct vcard_spec spec;
	struct rig r;

	start(&r, &spec, _i);
	ok(rig_login(&r, CKU_USER, spec.pin[VCARD_SIGN]));
	ck_assert_ptr_null(module.slots[r.slot].token->pin); /* nothing is kept but the consent */
	ok(rig_sign_checked(&r, r.session, CKM_SHA256_RSA_PKCS));
	is(sign(r.session), CKR_USER_NOT_LOGGED_IN);
	is(end(r.session), CKR_OPERATION_NOT_INITIALIZED); /* a refused C_Sign ends the operation */
	begin(r.session);
	ok(rig_login(&r, CKU_CONTEXT_SPECIFIC, spec.pin[VCARD_SIGN]));
	ok(end(r.session));
	is(sign(r.session), CKR_USER_NOT_LOGGED_IN);
	ck_assert_uint_eq(vcard_signatures(r.card, VCARD_SIGN), 2);
	rig_stop(&r);
}
END_TEST

/* NSS logs in on one session and signs on another; its dialog cancelled, nothing
 * may be signed. */
START_TEST(test_other_session)
{
	CK_SESSION_HANDLE other;
	struct vcard_spec spec;
	struct rig r;

	start(&r, &spec, _i);
	ok(rig_login(&r, CKU_USER, spec.pin[VCARD_SIGN]));
	other = rig_session(r.slot);
	is(sign(other), CKR_USER_NOT_LOGGED_IN);
	ck_assert_uint_eq(vcard_signatures(r.card, VCARD_SIGN), 0);
	begin(other);
	ok(rig_login_in(other, CKU_CONTEXT_SPECIFIC, spec.pin[VCARD_SIGN]));
	is(sign(r.session) == CKR_OK ? sign(r.session) : CKR_GENERAL_ERROR, CKR_USER_NOT_LOGGED_IN);
	ok(end(other));
	is(sign(other), CKR_USER_NOT_LOGGED_IN);
	rig_stop(&r);
}
END_TEST

/* The card was asked, and refused: the consent is used up by that. */
START_TEST(test_refused_signature)
{
	unsigned commands;
	struct vcard_spec spec;
	struct rig r;

	start(&r, &spec, _i);
	ok(rig_login(&r, CKU_USER, spec.pin[VCARD_SIGN]));
	commands = vreader_apdus(r.reader);
	ok(sign(r.session));
	commands = vreader_apdus(r.reader) - commands;
	ok(p11->C_Logout(r.session));
	ok(rig_login(&r, CKU_USER, spec.pin[VCARD_SIGN]));
	vreader_fault(r.reader, commands - 1, VFAULT_STATUS, 0x6581); /* before the card is left */
	is(sign(r.session), CKR_DEVICE_ERROR);
	is(sign(r.session), CKR_USER_NOT_LOGGED_IN);
	ck_assert_uint_eq(vcard_signatures(r.card, VCARD_SIGN), 1);
	rig_stop(&r);
}
END_TEST

/* The link broke while the PIN of a consent was sent: the login has ended. */
START_TEST(test_consent_cut_off)
{
	struct rig_line count = {0}, line = {.broken = 1, .outcome = VCARD_CUT};
	CK_SESSION_INFO info;
	struct vcard_spec spec;
	struct rig r;

	start(&r, &spec, _i);
	ok(rig_login(&r, CKU_USER, spec.pin[VCARD_SIGN]));
	begin(r.session);
	rig_line(&count);
	ok(rig_login(&r, CKU_CONTEXT_SPECIFIC, spec.pin[VCARD_SIGN]));
	rig_line(NULL);
	line.nth = count.commands - 1; /* VERIFY, and what leaves the card after it */
	rig_line(&line);
	is(rig_login(&r, CKU_CONTEXT_SPECIFIC, spec.pin[VCARD_SIGN]), CKR_DEVICE_ERROR);
	rig_line(NULL);
	ck_assert(line.verify_broken);
	ok(p11->C_GetSessionInfo(r.session, &info));
	ck_assert_uint_eq(info.state, CKS_RW_PUBLIC_SESSION);
	is(end(r.session), CKR_USER_NOT_LOGGED_IN);
	rig_stop(&r);
}
END_TEST

/* Neither C_SignInit nor asking for the length needs or uses consent. */
START_TEST(test_length_is_free)
{
	CK_ULONG len = 0;
	unsigned before;
	struct vcard_spec spec;
	struct rig r;

	start(&r, &spec, _i);
	ok(rig_login(&r, CKU_USER, spec.pin[VCARD_SIGN]));
	ok(sign(r.session));
	before = vreader_apdus(r.reader);
	begin(r.session);
	ok(p11->C_Sign(r.session, (CK_BYTE *)"x", 1, NULL, &len));
	ck_assert_uint_eq(len, 256);
	ck_assert_uint_eq(vreader_apdus(r.reader), before);
	ok(rig_login(&r, CKU_CONTEXT_SPECIFIC, spec.pin[VCARD_SIGN]));
	ok(p11->C_Sign(r.session, (CK_BYTE *)"x", 1, NULL, &len));
	ok(end(r.session));
	rig_stop(&r);
}
END_TEST

START_TEST(test_wrong_consent)
{
	struct vcard_spec spec;
	struct rig r;

	start(&r, &spec, _i);
	ok(rig_login(&r, CKU_USER, spec.pin[VCARD_SIGN]));
	ok(sign(r.session));
	begin(r.session);
	is(rig_login(&r, CKU_CONTEXT_SPECIFIC, "WRONG999"), CKR_PIN_INCORRECT);
	is(rig_login(&r, CKU_CONTEXT_SPECIFIC, "WRONG999"), CKR_PIN_INCORRECT);
	is(end(r.session), CKR_USER_NOT_LOGGED_IN);
	ck_assert_uint_eq(vcard_verifies(r.card, VCARD_SIGN), 3);
	begin(r.session);
	ok(rig_login(&r, CKU_CONTEXT_SPECIFIC, spec.pin[VCARD_SIGN]));
	ok(end(r.session));
	rig_stop(&r);
}
END_TEST

START_TEST(test_logout_takes_consent)
{
	CK_SESSION_HANDLE other;
	struct vcard_spec spec;
	struct rig r;

	start(&r, &spec, _i % 2);
	ok(rig_login(&r, CKU_USER, spec.pin[VCARD_SIGN]));
	other = rig_session(r.slot);
	begin(other);
	ok(rig_login_in(other, CKU_CONTEXT_SPECIFIC, spec.pin[VCARD_SIGN]));
	if (_i >= 2) { /* so does the end of its session, though it is not the last one */
		ok(p11->C_CloseSession(other));
		ck_assert_ptr_null(module.slots[r.slot].closed);
		rig_stop(&r);
		return;
	}
	ok(p11->C_Logout(r.session));
	is(rig_login_in(other, CKU_CONTEXT_SPECIFIC, spec.pin[VCARD_SIGN]), CKR_USER_NOT_LOGGED_IN);
	is(end(other), CKR_USER_NOT_LOGGED_IN);
	is(sign(other), CKR_USER_NOT_LOGGED_IN);
	ck_assert_uint_eq(vcard_signatures(r.card, VCARD_SIGN), 0);
	rig_stop(&r);
}
END_TEST

/* A logout of one card takes nothing from another. */
START_TEST(test_consents_of_two_cards)
{
	struct vcard_spec spec, other_spec;
	struct vreader *reader;
	CK_SLOT_ID slots[8];
	CK_ULONG n = 8;
	CK_SESSION_HANDLE other;
	struct rig r;

	rig_spec(&other_spec, VCARD_HPKI);
	reader = rig_reader("Another reader", &other_spec);
	start(&r, &spec, 1);
	ok(p11->C_GetSlotList(CK_TRUE, slots, &n));
	ck_assert_uint_eq(n, 2);
	for (CK_ULONG i = 0; i < n; i++) {
		CK_TOKEN_INFO info;

		ok(p11->C_GetTokenInfo(slots[i], &info));
		*(info.ulMinPinLen == 6 ? &r.session : &other) = rig_session(slots[i]);
	}
	ok(rig_login_in(r.session, CKU_USER, spec.pin[VCARD_SIGN]));
	ok(rig_login_in(other, CKU_USER, other_spec.pin[VCARD_SIGN]));
	ok(p11->C_Logout(r.session));
	ok(sign(other));
	vcard_readers_remove(reader);
	rig_stop(&r);
	vreader_free(reader);
}
END_TEST

/* A consent that takes the place of another leaves nothing of that in memory. */
START_TEST(test_consents_are_wiped)
{
	static const uint8_t masked[] = {'Q' ^ RIG_MASK, '8' ^ RIG_MASK, 'Z' ^ RIG_MASK, '3' ^ RIG_MASK, 'W' ^ RIG_MASK,
	                                 '7' ^ RIG_MASK, 'K' ^ RIG_MASK, '5' ^ RIG_MASK, 'V' ^ RIG_MASK, '2' ^ RIG_MASK};
	volatile char pin[sizeof masked + 1] = "";
	CK_SESSION_HANDLE other;
	struct vcard_spec spec;
	unsigned of_card;
	struct rig r;

	for (size_t i = 0; i < sizeof masked; i++)
		pin[i] = (char)(masked[i] ^ RIG_MASK);
	rig_spec(&spec, _i ? VCARD_JPKI : VCARD_HPKI);
	spec.pin[VCARD_SIGN] = (const char *)pin;
	rig_start(&r, &spec, VCARD_SIGN);
	of_card = rig_copies(masked, sizeof masked);
	ok(rig_login(&r, CKU_USER, (const char *)pin));
	begin(r.session);
	for (int i = 0; i < 2; i++)
		ok(rig_login(&r, CKU_CONTEXT_SPECIFIC, (const char *)pin));
	ck_assert_uint_gt(rig_copies(masked, sizeof masked), of_card);
	ok(end(r.session));
	ok(p11->C_Logout(r.session));
	ck_assert_uint_eq(rig_copies(masked, sizeof masked), of_card);
	/* nor does one of a session that is closed, or of a login that is over */
	ok(rig_login(&r, CKU_USER, (const char *)pin));
	other = rig_session(r.slot);
	begin(other);
	ok(rig_login_in(other, CKU_CONTEXT_SPECIFIC, (const char *)pin));
	ok(p11->C_CloseSession(other));
	ok(p11->C_Logout(r.session));
	ck_assert_uint_eq(rig_copies(masked, sizeof masked), of_card);
	rig_stop(&r);
}
END_TEST

/* What Japanese medical software does for each signature: C_Login, C_SignInit,
 * C_Sign for the length, C_Sign, C_Logout, with no context-specific login. */
START_TEST(test_existing_programs)
{
	CK_MECHANISM mechanism = {CKM_RSA_PKCS, NULL, 0};
	uint8_t info[51] = {0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
	                    0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20};
	uint8_t signature[256];
	CK_OBJECT_HANDLE key;
	struct vcard_spec spec;
	struct rig r;

	start(&r, &spec, _i);
	for (int i = 0; i < 3; i++) {
		CK_ULONG len = 0;

		ok(rig_login(&r, CKU_USER, spec.pin[VCARD_SIGN]));
		key = rig_find(r.session, CKO_PRIVATE_KEY);
		ok(p11->C_SignInit(r.session, &mechanism, key));
		ok(p11->C_Sign(r.session, info, sizeof info, NULL, &len));
		ok(p11->C_Sign(r.session, info, sizeof info, signature, &len));
		ok(p11->C_Logout(r.session));
	}
	ck_assert_uint_eq(vcard_signatures(r.card, VCARD_SIGN), 3);
	rig_stop(&r);
}
END_TEST

/* {CLASS, TOKEN, LABEL}, and {CLASS, TOKEN, MODULUS, PUBLIC_EXPONENT} with the
 * leading zero that BigInteger puts before a modulus. */
START_TEST(test_existing_searches)
{
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_BBOOL yes = CK_TRUE;
	CK_BYTE modulus[257] = {0}, exponent[4] = {0, 1, 0, 1};
	char label[] = "Private key of HPKI";
	CK_ATTRIBUTE by_label[] = {{CKA_CLASS, &class, sizeof class}, {CKA_TOKEN, &yes, 1},
	                           {CKA_LABEL, label, sizeof label - 1}};
	CK_ATTRIBUTE by_key[] = {{CKA_CLASS, &class, sizeof class}, {CKA_TOKEN, &yes, 1},
	                         {CKA_MODULUS, modulus, 257}, {CKA_PUBLIC_EXPONENT, exponent, 4}};
	CK_ATTRIBUTE get = {CKA_MODULUS, modulus + 1, 256};
	struct vcard_spec spec;
	struct rig r;

	rig_spec(&spec, VCARD_HPKI);
	spec.layout = VCARD_ANNEX_B;
	rig_start(&r, &spec, VCARD_SIGN);
	ck_assert_uint_eq(rig_count(r.session, by_label, 3), 0); /* private */
	ok(rig_login(&r, CKU_USER, spec.pin[VCARD_SIGN]));
	ck_assert_uint_eq(rig_count(r.session, by_label, 3), 1);
	ok(p11->C_GetAttributeValue(r.session, rig_find(r.session, CKO_PRIVATE_KEY), &get, 1));
	ck_assert_uint_eq(rig_count(r.session, by_key, 4), 1);
	modulus[200] ^= 1;
	ck_assert_uint_eq(rig_count(r.session, by_key, 4), 0);
	rig_stop(&r);
}
END_TEST

/* The consent that C_Login gave holds the old PIN: sent after C_SetPIN it would
 * cost a try. */
START_TEST(test_new_pin_ends_consent)
{
	struct vcard_spec spec;
	struct rig r;

	start(&r, &spec, 1);
	ok(rig_login(&r, CKU_USER, spec.pin[VCARD_SIGN]));
	ok(p11->C_SetPIN(r.session, (CK_UTF8CHAR *)spec.pin[VCARD_SIGN], strlen(spec.pin[VCARD_SIGN]),
	                 (CK_UTF8CHAR *)"NEWPIN1", 7));
	is(sign(r.session), CKR_USER_NOT_LOGGED_IN);
	ck_assert_uint_eq(vcard_tries(r.card, VCARD_SIGN), 5);
	begin(r.session);
	ok(rig_login(&r, CKU_CONTEXT_SPECIFIC, "NEWPIN1"));
	ok(end(r.session));
	rig_stop(&r);
}
END_TEST

/* A context-specific login is consent for the signature that is begun, not for
 * a later one, however the first one ended. */
START_TEST(test_consent_ends_with_operation)
{
	uint8_t data[246] = {0}, signature[256];
	CK_ULONG len = sizeof signature;
	CK_MECHANISM mechanism = {CKM_RSA_PKCS, NULL, 0};
	struct vcard_spec spec;
	struct rig r;

	start(&r, &spec, _i);
	ok(rig_login(&r, CKU_USER, spec.pin[VCARD_SIGN]));
	ok(sign(r.session));
	ok(p11->C_SignInit(r.session, &mechanism, rig_find(r.session, CKO_PRIVATE_KEY)));
	ok(rig_login(&r, CKU_CONTEXT_SPECIFIC, spec.pin[VCARD_SIGN]));
	is(p11->C_Sign(r.session, data, sizeof data, signature, &len), CKR_DATA_LEN_RANGE);
	is(sign(r.session), CKR_USER_NOT_LOGGED_IN);
	ck_assert_uint_eq(vcard_signatures(r.card, VCARD_SIGN), 1);
	rig_stop(&r);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("consent");
	TCase *t = tcase_create("consent");

	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, test_one_signature, 0, 2);
	tcase_add_loop_test(t, test_other_session, 0, 2);
	tcase_add_loop_test(t, test_refused_signature, 0, 2);
	tcase_add_loop_test(t, test_consent_cut_off, 0, 2);
	tcase_add_loop_test(t, test_length_is_free, 0, 2);
	tcase_add_loop_test(t, test_wrong_consent, 0, 2);
	tcase_add_loop_test(t, test_logout_takes_consent, 0, 4);
	tcase_add_test(t, test_consents_of_two_cards);
	tcase_add_loop_test(t, test_existing_programs, 0, 2);
	tcase_add_test(t, test_existing_searches);
	tcase_add_test(t, test_new_pin_ends_consent);
	tcase_add_loop_test(t, test_consent_ends_with_operation, 0, 2);
	suite_add_tcase(s, t);
	t = tcase_create("memory");
	tcase_set_tags(t, "memory"); /* not valgrind's, which has copies of its own */
	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, test_consents_are_wiped, 0, 2);
	suite_add_tcase(s, t);
	return rig_run(s);
}
