/* SPDX-License-Identifier: BSD-2-Clause */
/* PIN tries are sacred: what never reaches the card, what the card saw, and what
 * the application is told. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "tests/check_case.h"
#include "pkcs11/ckr.h"
#include "pkcs11/module.h"
#include "pkcs11/session.h"
#include "pkcs11/token.h"
#include "tests/module/rig.h"
#include "tests/vcard_reader.h"

#define AUTH VCARD_AUTH
#define SIGN VCARD_SIGN

static void start(struct rig *r, struct vcard_spec *spec, enum vcard_kind kind, enum vcard_app app)
{
	rig_spec(spec, kind);
	rig_start(r, spec, app);
}

static unsigned verifies(const struct rig *r)
{
	return vcard_verifies(vreader_card(r->reader), r->app);
}

START_TEST(test_form)
{
	struct vcard_spec spec;
	struct rig r;

	start(&r, &spec, VCARD_HPKI, AUTH);
	is(rig_login(&r, CKU_USER, "123"), CKR_PIN_LEN_RANGE);
	is(rig_login(&r, CKU_USER, "12345678901234567"), CKR_PIN_LEN_RANGE);
	is(rig_login(&r, CKU_USER, ""), CKR_PIN_LEN_RANGE);
	is(rig_login(&r, CKU_USER, "12\xE3\x81\x82"), CKR_PIN_INVALID);
	is(rig_login(&r, CKU_USER, "12\n4"), CKR_PIN_INVALID);
	is(p11->C_Login(r.session, CKU_USER, NULL, 0), CKR_ARGUMENTS_BAD);
	is(rig_login(&r, CKU_SO, "1234"), CKR_USER_TYPE_INVALID);
	is(rig_login(&r, CKU_CONTEXT_SPECIFIC, "1234"), CKR_OPERATION_NOT_INITIALIZED);
	is(p11->C_Logout(r.session), CKR_USER_NOT_LOGGED_IN);
	ck_assert_uint_eq(verifies(&r), 0);
	ok(rig_login(&r, CKU_USER, "1234"));
	ck_assert_ptr_null(module.sessions->consent); /* this key wants none: one PIN is enough in memory */
	is(rig_login(&r, CKU_USER, "1234"), CKR_USER_ALREADY_LOGGED_IN);
	ck_assert_uint_eq(verifies(&r), 1);
	rig_stop(&r);
}
END_TEST

START_TEST(test_form_jpki)
{
	struct vcard_spec spec;
	struct rig r;

	start(&r, &spec, VCARD_JPKI, AUTH);
	is(rig_login(&r, CKU_USER, "12345"), CKR_PIN_LEN_RANGE);
	is(rig_login(&r, CKU_USER, "12a4"), CKR_PIN_INVALID);
	ck_assert_uint_eq(verifies(&r), 0);
	rig_stop(&r);
	start(&r, &spec, VCARD_JPKI, SIGN);
	is(rig_login(&r, CKU_USER, "ABC12"), CKR_PIN_LEN_RANGE);
	is(rig_login(&r, CKU_USER, "ABC-123"), CKR_PIN_INVALID);
	ck_assert_uint_eq(verifies(&r), 0);
	ok(rig_login(&r, CKU_USER, "abc123")); /* the card takes capitals only */
	ck_assert_uint_eq(verifies(&r), 1);
	rig_stop(&r);
}
END_TEST

/* The same wrong PIN again and again costs one try; another one costs another;
 * the right one is taken and the flags are clean again. */
START_TEST(test_repeated)
{
	struct vcard_spec spec;
	struct rig r;

	start(&r, &spec, VCARD_JPKI, AUTH);
	ck_assert_uint_eq(rig_token_flags(&r) & CKF_USER_PIN_COUNT_LOW, 0);
	for (int i = 0; i < 5; i++)
		is(rig_login(&r, CKU_USER, "9999"), CKR_PIN_INCORRECT);
	ck_assert_uint_eq(verifies(&r), 1);
	ck_assert_uint_eq(vcard_tries(r.card, AUTH), 2);
	ck_assert(rig_token_flags(&r) & CKF_USER_PIN_COUNT_LOW);
	ck_assert(!(rig_token_flags(&r) & CKF_USER_PIN_FINAL_TRY));
	ok(rig_login(&r, CKU_USER, "1234"));
	ck_assert_uint_eq(verifies(&r), 2);
	ck_assert_uint_eq(rig_token_flags(&r) & (CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY), 0);
	ok(p11->C_Logout(r.session));
	is(rig_login(&r, CKU_USER, "9999"), CKR_PIN_INCORRECT); /* the counter has risen: it is asked */
	ck_assert_uint_eq(verifies(&r), 3);
	ck_assert_uint_eq(vcard_tries(r.card, AUTH), 2);
	rig_stop(&r);
}
END_TEST

/* A program that asks for ever is told to stop, on every eighth round; people are not. */
START_TEST(test_repeated_for_ever)
{
	struct vcard_spec spec;
	struct rig r;

	start(&r, &spec, VCARD_JPKI, SIGN);
	is(rig_login(&r, CKU_USER, "WRONG99"), CKR_PIN_INCORRECT);
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 7; i++)
			is(rig_login(&r, CKU_USER, "WRONG99"), CKR_PIN_INCORRECT);
		is(rig_login(&r, CKU_USER, "WRONG99"), CKR_FUNCTION_REJECTED);
	}
	ck_assert_uint_eq(verifies(&r), 1);
	for (int i = 0; i < 7; i++)
		is(rig_login(&r, CKU_USER, "WRONG99"), CKR_PIN_INCORRECT);
	is(rig_login(&r, CKU_USER, "WRONG98"), CKR_PIN_INCORRECT);
	is(rig_login(&r, CKU_USER, "WRONG99"), CKR_PIN_INCORRECT);
	ck_assert_uint_eq(verifies(&r), 2);
	rig_stop(&r);
}
END_TEST

/* A second wrong PIN must not make the first one new. */
START_TEST(test_repeated_in_turn)
{
	struct vcard_spec spec;
	struct rig r;

	start(&r, &spec, VCARD_HPKI, AUTH);
	for (int i = 0; i < 4; i++) {
		is(rig_login(&r, CKU_USER, "9999"), CKR_PIN_INCORRECT);
		is(rig_login(&r, CKU_USER, "8888"), CKR_PIN_INCORRECT);
	}
	ck_assert_uint_eq(verifies(&r), 2);
	ck_assert_uint_eq(vcard_tries(r.card, AUTH), 13);
	rig_stop(&r);
}
END_TEST

/* Case is folded before the card sees it, so a repetition in capitals is one. */
START_TEST(test_repeated_in_capitals)
{
	struct vcard_spec spec;
	struct rig r;

	start(&r, &spec, VCARD_JPKI, SIGN);
	is(rig_login(&r, CKU_USER, "wrong99"), CKR_PIN_INCORRECT);
	is(rig_login(&r, CKU_USER, "WRONG99"), CKR_PIN_INCORRECT);
	ck_assert_uint_eq(verifies(&r), 1);
	rig_stop(&r);
}
END_TEST

/* Another card that comes into the reader has not refused it. */
START_TEST(test_repeated_on_another_card)
{
	struct vcard_spec spec;
	struct rig r;

	start(&r, &spec, VCARD_JPKI, AUTH);
	is(rig_login(&r, CKU_USER, "9999"), CKR_PIN_INCORRECT);
	vcard_free(vreader_remove(r.reader));
	spec.pin[AUTH] = "9999";
	spec.name = "HANAKO SAMPLE";
	vreader_insert(r.reader, rig_card(&spec));
	sleep(4); /* a PIN that comes for two cards at once is one program's for all */
	r.session = rig_session(r.slot);
	ok(rig_login(&r, CKU_USER, "9999"));
	rig_stop(&r);
}
END_TEST

/* A program that starts the module anew for each attempt is told the same. */
START_TEST(test_repeated_after_finalize)
{
	struct vcard_spec spec;
	struct rig r;

	start(&r, &spec, VCARD_JPKI, AUTH);
	is(rig_login(&r, CKU_USER, "9999"), CKR_PIN_INCORRECT);
	ok(p11->C_Finalize(NULL));
	ok(p11->C_Initialize(NULL));
	r.session = rig_session(r.slot);
	is(rig_login(&r, CKU_USER, "9999"), CKR_PIN_INCORRECT);
	ck_assert_uint_eq(verifies(&r), 1);
	rig_stop(&r);
}
END_TEST

START_TEST(test_last_try)
{
	struct vcard_spec spec;
	struct rig r;

	start(&r, &spec, _i ? VCARD_JPKI : VCARD_HPKI, AUTH);
	vcard_set_tries(r.card, AUTH, 2);
	is(rig_login(&r, CKU_USER, "9999"), CKR_PIN_INCORRECT);
	ck_assert(rig_token_flags(&r) & CKF_USER_PIN_FINAL_TRY);
	ck_assert(rig_token_flags(&r) & CKF_USER_PIN_COUNT_LOW);
	is(rig_login(&r, CKU_USER, "8888"), CKR_FUNCTION_REJECTED);
	is(rig_login(&r, CKU_USER, "1234"), CKR_FUNCTION_REJECTED);
	ck_assert_uint_eq(verifies(&r), 1);
	ck_assert_uint_eq(vcard_tries(r.card, AUTH), 1);
	rig_stop(&r);
}
END_TEST

START_TEST(test_locked)
{
	struct vcard_spec spec;
	struct rig r;

	start(&r, &spec, _i ? VCARD_JPKI : VCARD_HPKI, AUTH);
	vcard_set_tries(r.card, AUTH, 0);
	is(rig_login(&r, CKU_USER, "1234"), CKR_PIN_LOCKED);
	ck_assert_uint_eq(verifies(&r), 0);
	ck_assert(rig_token_flags(&r) & CKF_USER_PIN_LOCKED);
	ck_assert(rig_find(r.session, CKO_CERTIFICATE) != CK_INVALID_HANDLE);
	rig_stop(&r);
}
END_TEST

/* A blocked signature PIN takes nothing from the authentication token. */
START_TEST(test_other_pin_locked)
{
	struct vcard_spec spec;
	struct rig r;

	start(&r, &spec, _i ? VCARD_JPKI : VCARD_HPKI, AUTH);
	vcard_set_tries(r.card, SIGN, 0);
	ok(rig_login(&r, CKU_USER, "1234"));
	ok(rig_sign_checked(&r, r.session, CKM_SHA256_RSA_PKCS));
	rig_stop(&r);
}
END_TEST

/* After login, signature, logout and C_Finalize, each. */
START_TEST(test_locked_at_every_step)
{
	struct vcard_spec spec;
	enum vcard_app app = _i % 2 ? SIGN : AUTH;
	struct rig r;

	start(&r, &spec, _i / 2 ? VCARD_JPKI : VCARD_HPKI, app);
	ok(rig_login(&r, CKU_USER, spec.pin[app]));
	ck_assert(rig_is_locked(&r));
	ok(rig_sign_checked(&r, r.session, CKM_SHA256_RSA_PKCS));
	ck_assert(rig_is_locked(&r));
	ok(p11->C_Logout(r.session));
	ck_assert(rig_is_locked(&r));
	ok(rig_login(&r, CKU_USER, spec.pin[app]));
	ok(p11->C_Finalize(NULL));
	ck_assert(rig_is_locked(&r));
	vcard_readers_remove(r.reader);
	vreader_free(r.reader);
}
END_TEST

/* The card in the reader is another of the same kind: it never gets the PIN. */
START_TEST(test_swapped)
{
	struct vcard_spec spec;
	uint8_t signature[256];
	CK_ULONG len = sizeof signature;
	struct rig r;
	CK_RV rv;

	start(&r, &spec, _i ? VCARD_JPKI : VCARD_HPKI, AUTH);
	ok(rig_login(&r, CKU_USER, "1234"));
	ok(rig_sign_checked(&r, r.session, CKM_SHA256_RSA_PKCS));
	vcard_free(vreader_remove(r.reader));
	vreader_insert(r.reader, rig_card(&spec));
	rv = p11->C_SignInit(r.session, &(CK_MECHANISM){CKM_SHA256_RSA_PKCS, NULL, 0}, 1);
	ck_assert(rv == CKR_DEVICE_REMOVED || rv == CKR_SESSION_HANDLE_INVALID);
	ck_assert_uint_eq(verifies(&r), 0);
	r.session = rig_session(r.slot);
	is(rig_sign(r.session, CKM_SHA256_RSA_PKCS, signature, &len), CKR_USER_NOT_LOGGED_IN);
	ck_assert_uint_eq(verifies(&r), 0);
	rig_stop(&r);
}
END_TEST

/* Between C_SignInit and C_Sign, and inside the transaction's very window. */
START_TEST(test_swapped_during_signature)
{
	CK_MECHANISM mechanism = {CKM_SHA256_RSA_PKCS, NULL, 0};
	uint8_t signature[256];
	CK_ULONG len = sizeof signature;
	struct vcard_spec spec;
	struct rig r;

	start(&r, &spec, _i ? VCARD_JPKI : VCARD_HPKI, AUTH);
	ok(rig_login(&r, CKU_USER, "1234"));
	ok(p11->C_SignInit(r.session, &mechanism, rig_find(r.session, CKO_PRIVATE_KEY)));
	vcard_free(vreader_remove(r.reader));
	vreader_insert(r.reader, rig_card(&spec));
	is(p11->C_Sign(r.session, (CK_BYTE *)"x", 1, signature, &len), CKR_DEVICE_REMOVED);
	is(p11->C_Sign(r.session, (CK_BYTE *)"x", 1, signature, &len), CKR_SESSION_HANDLE_INVALID);
	ck_assert_uint_eq(verifies(&r), 0);
	rig_stop(&r);
}
END_TEST

/* The PIN was changed elsewhere while somebody is logged in: one VERIFY, then
 * nobody is logged in, and the old PIN is not tried again. */
START_TEST(test_refused_again)
{
	struct vcard_spec spec;
	uint8_t signature[256];
	CK_ULONG len = sizeof signature;
	struct rig r;

	start(&r, &spec, VCARD_JPKI, AUTH);
	ok(rig_login(&r, CKU_USER, "1234"));
	ck_assert_uint_eq(rig_change_pin_raw(&r, "1234", "4321"), 0x9000);
	is(rig_sign(r.session, CKM_SHA256_RSA_PKCS, signature, &len), CKR_USER_NOT_LOGGED_IN);
	ck_assert_uint_eq(vcard_tries(r.card, AUTH), 2);
	ck_assert(rig_token_flags(&r) & CKF_USER_PIN_COUNT_LOW);
	is(rig_sign(r.session, CKM_SHA256_RSA_PKCS, signature, &len), CKR_USER_NOT_LOGGED_IN);
	is(rig_login(&r, CKU_USER, "1234"), CKR_PIN_INCORRECT);
	ck_assert_uint_eq(vcard_tries(r.card, AUTH), 2);
	ok(rig_login(&r, CKU_USER, "4321"));
	rig_stop(&r);
}
END_TEST

static CK_RV set_pin(CK_SESSION_HANDLE session, const char *old_pin, const char *new_pin)
{
	return p11->C_SetPIN(session, (CK_UTF8CHAR *)old_pin, strlen(old_pin), (CK_UTF8CHAR *)new_pin,
	                     strlen(new_pin));
}

START_TEST(test_set_pin)
{
	CK_SESSION_HANDLE read_only;
	CK_SESSION_INFO info;
	struct vcard_spec spec;
	struct rig r;

	start(&r, &spec, VCARD_JPKI, AUTH);
	ok(p11->C_OpenSession(r.slot, CKF_SERIAL_SESSION, NULL, NULL, &read_only));
	is(set_pin(read_only, "1234", "4321"), CKR_SESSION_READ_ONLY);
	is(set_pin(r.session, "1234", "43210"), CKR_PIN_LEN_RANGE);
	is(set_pin(r.session, "1234", "432x"), CKR_PIN_INVALID);
	is(p11->C_SetPIN(r.session, NULL, 0, (CK_UTF8CHAR *)"4321", 4), CKR_ARGUMENTS_BAD);
	ck_assert_uint_eq(verifies(&r), 0);
	is(set_pin(r.session, "9999", "4321"), CKR_PIN_INCORRECT);
	is(set_pin(r.session, "9999", "4321"), CKR_PIN_INCORRECT);
	ck_assert_uint_eq(verifies(&r), 1);
	ok(rig_login(&r, CKU_USER, "1234"));
	ok(set_pin(r.session, "1234", "4321"));
	ck_assert(rig_is_locked(&r));
	ok(rig_sign_checked(&r, r.session, CKM_SHA256_RSA_PKCS)); /* still logged in, with the new PIN */
	ok(p11->C_Logout(r.session));
	is(rig_login(&r, CKU_USER, "1234"), CKR_PIN_INCORRECT);
	ok(rig_login(&r, CKU_USER, "4321"));
	vreader_fault(r.reader, 5, VFAULT_STATUS, 0x6581); /* CHANGE: nobody knows which PIN holds now */
	is(set_pin(r.session, "4321", "1234"), CKR_DEVICE_ERROR);
	ok(p11->C_GetSessionInfo(r.session, &info));
	ck_assert_uint_eq(info.state, CKS_RW_PUBLIC_SESSION);
	ck_assert_ptr_null(module.slots[r.slot].token->pin);
	rig_stop(&r);
	start(&r, &spec, VCARD_HPKI, AUTH);
	is(set_pin(r.session, "1234", "4321"), CKR_FUNCTION_NOT_SUPPORTED);
	ck_assert_uint_eq(verifies(&r), 0);
	rig_stop(&r);
}
END_TEST

/* A login is over when it is not known whether the card, or the PIN, is what it was. */
START_TEST(test_what_ends_a_login)
{
	static const enum error over[] = {E_LINK, E_TIMEOUT, E_CHANGED, E_NO_CARD, E_NO_READER, E_NO_SERVICE, E_SECURITY,
	                                  E_CANCELLED, E_PIN_LOCKED, E_PIN_STALE, E_PIN_UNCERTAIN};
	static const enum error not_over[] = {E_OK, E_BUSY, E_MEMORY, E_REFUSED, E_UNSUPPORTED, E_PIN_LENGTH,
	                                      E_PIN_CHARACTERS, E_PIN_REPEATED, E_PIN_ELSEWHERE, E_PIN_LAST_TRY};

	for (size_t i = 0; i < sizeof over / sizeof *over; i++)
		ck_assert_msg(ends_login(over[i]), "%s", error_text(over[i]));
	for (size_t i = 0; i < sizeof not_over / sizeof *not_over; i++)
		ck_assert_msg(!ends_login(not_over[i]), "%s", error_text(not_over[i]));
	is(ckr_of_session(E_CHANGED), CKR_DEVICE_REMOVED);
	is(ckr_of_session(E_NO_CARD), CKR_DEVICE_REMOVED);
	is(ckr_of_session(E_FOREIGN), CKR_DEVICE_ERROR);
	is(ckr_of_session(E_PIN_STALE), CKR_USER_NOT_LOGGED_IN);
	is(ckr_of_session(E_PIN_ELSEWHERE), CKR_PIN_INCORRECT);
	is(ckr_of_session(E_PIN_LAST_TRY), CKR_FUNCTION_REJECTED);
	is(ckr_of_session(E_CANCELLED), CKR_CRYPTOKI_NOT_INITIALIZED);
}
END_TEST

/* One PIN is meant for one card, though one card takes capitals alone and the other
 * the letters as they are typed: the second gets nothing. */
/* PKCS#11 5.6: the last session logs out. Those of a card that was pulled are none, though
 * their program has not been told yet. */
START_TEST(test_last_session)
{
	struct vcard_spec spec;
	CK_SESSION_INFO info;
	struct rig r;

	start(&r, &spec, VCARD_HPKI, AUTH);
	vreader_insert(r.reader, vreader_remove(r.reader));
	r.session = rig_session(r.slot);
	ok(rig_login(&r, CKU_USER, spec.pin[AUTH]));
	ok(p11->C_CloseSession(r.session));
	r.session = rig_session(r.slot);
	ok(p11->C_GetSessionInfo(r.session, &info));
	ck_assert_uint_eq(info.state, CKS_RW_PUBLIC_SESSION);
	ck_assert_ptr_null(module.slots[r.slot].token->pin);
	rig_stop(&r);
}
END_TEST

START_TEST(test_one_pin_for_two_cards)
{
	struct vcard_spec jpki, hpki;
	struct vreader *other;
	CK_SLOT_ID list[8];
	CK_ULONG n = 8;
	struct rig r;

	rig_spec(&jpki, VCARD_JPKI);
	rig_spec(&hpki, VCARD_HPKI);
	rig_start(&r, &jpki, VCARD_SIGN);
	other = rig_reader("Virtual Reader 01", &hpki);
	ok(rig_login(&r, CKU_USER, "abc123"));
	ok(p11->C_GetSlotList(CK_TRUE, NULL, &n));
	n = 8;
	ok(p11->C_GetSlotList(CK_TRUE, list, &n));
	ck_assert_uint_eq(n, 2);
	is(rig_login_in(rig_session(list[list[0] == r.slot]), CKU_USER, "abc123"), CKR_PIN_INCORRECT);
	ck_assert_uint_eq(vcard_verifies(vreader_card(other), VCARD_SIGN), 0);
	rig_stop(&r);
	vcard_readers_remove(other);
	vreader_free(other);
}
END_TEST

/* How much memory is kept out of core dumps: where PINs are. */
static unsigned long hidden_memory(void)
{
	FILE *f = fopen("/proc/self/smaps", "re");
	unsigned long size = 0, sum = 0;
	char line[512];

	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof line, f)) {
		sscanf(line, "Size: %lu", &size);
		if (strncmp(line, "VmFlags:", 8) == 0 && strstr(line, " dd"))
			sum += size;
	}
	fclose(f);
	return sum;
}

/* The stored PIN is wiped when another replaces it. */
START_TEST(test_no_old_pin_stays)
{
	static CK_UTF8CHAR old_pin[] = "1234", new_pin[] = "5678";
	struct vcard_spec spec;
	unsigned long before;
	struct rig r;

	rig_spec(&spec, VCARD_JPKI);
	rig_start(&r, &spec, VCARD_AUTH);
	ok(rig_login(&r, CKU_USER, "1234"));
	before = hidden_memory();
	for (int i = 0; i < 4; i++) {
		ok(p11->C_SetPIN(r.session, i % 2 ? new_pin : old_pin, 4, i % 2 ? old_pin : new_pin, 4));
		ck_assert_uint_eq(hidden_memory(), before);
	}
	ok(p11->C_Logout(r.session));
	ck_assert(hidden_memory() < before || before == 0); /* valgrind does not tell */
	rig_stop(&r);
}
END_TEST

int main(void)
{
	const struct cases cases = {.suite = suite_create("login"), .seconds = 120};

	add_case(&cases, test_form);
	add_case(&cases, test_form_jpki);
	add_case(&cases, test_repeated);
	add_case(&cases, test_repeated_for_ever);
	add_case(&cases, test_repeated_in_turn);
	add_case(&cases, test_repeated_in_capitals);
	add_case(&cases, test_repeated_on_another_card);
	add_case(&cases, test_repeated_after_finalize);
	add_loop_case(&cases, test_last_try, 2);
	add_loop_case(&cases, test_locked, 2);
	add_loop_case(&cases, test_other_pin_locked, 2);
	add_loop_case(&cases, test_locked_at_every_step, 4);
	add_loop_case(&cases, test_swapped, 2);
	add_loop_case(&cases, test_swapped_during_signature, 2);
	add_case(&cases, test_refused_again);
	add_case(&cases, test_set_pin);
	add_case(&cases, test_what_ends_a_login);
	add_case(&cases, test_no_old_pin_stays);
	add_case(&cases, test_last_session);
	add_case(&cases, test_one_pin_for_two_cards);
	return rig_run(cases.suite);
}
