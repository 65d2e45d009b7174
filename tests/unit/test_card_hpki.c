/* SPDX-License-Identifier: BSD-2-Clause */
/* HPKI cards by script: which commands they get, and how many. */
#include "tests/check_case.h"
#include "card_script.h"

#define MSE84 "002241B6 04 8402000C"
#define MSE81 "002241B6 04 8102000C"
#define VERIFY "00200088 " PIN1234
#define PIN_OK {"00200088", "63CF"}, {VERIFY, "9000"}
#define MSE_REFUSED(sw) {MSE84, sw}, {MSE81, sw}, {FILE_("000C"), "9000"}, {MSE84, sw}
#define PSO "002A9E9A 00 0100 0001FF.."
#define SIGNED "*0:256 9000"

static unsigned sent; /* commands since the card was opened */

static void play(const struct step *steps, size_t n)
{
	fake_play(steps, n);
}

static void played(void)
{
	fake_over();
	sent += fake.apdus;
}

static void setup(void)
{
	static const struct step steps[] = {OPEN_JMA};

	make_file(1414);
	sent = 0;
	play(steps, sizeof steps / sizeof *steps);
	ck_assert_int_eq(open_card(profiles_auth), E_OK);
	played();
	card->login_tries = 15; /* for the tests that sign without logging in */
}

static void teardown(void)
{
	card_free(&card);
}

START_TEST(directories_are_obeyed)
{
	ck_assert_ptr_eq(card->profile, &hpki_auth);
	ck_assert_str_eq(card->model, "ISO 7816-15:2016");
	ck_assert_uint_eq(card->pin.rule.reference, 0x88);
	ck_assert_uint_eq(card->pin.rule.min, 4);
	ck_assert_uint_eq(card->pin.rule.max, 16);
	ck_assert_int_eq(card->pin.tries, -1);
	ck_assert_str_eq(card->key.label, "K");
	ck_assert_uint_eq(card->key.file.fid, 0x000C);
	ck_assert_uint_eq(card->n_certs, 1);
	ck_assert_str_eq(card->certs[0].label, "C");
	ck_assert_uint_eq(card->certs[0].der_len, 1414);
	ck_assert_mem_eq(card->certs[0].der, fake.file, 1414);
	ck_assert(card->extended_taken && !card->short_only);
}
END_TEST

START_TEST(budget_with_extended_length)
{
	static const struct step login[] = {
		BEGIN, {SELECT_HPKI_AUTH, FCI(HPKI_AUTH_AID)}, PIN_OK,
		{SELECT_HPKI_SIGN, FCI(HPKI_SIGN_AID)}, END};
	static const struct step signing[] = {
		BEGIN, {SELECT_HPKI_AUTH, FCI(HPKI_AUTH_AID)}, {MSE84, "9000"}, PIN_OK, {PSO, SIGNED},
		{SELECT_HPKI_SIGN, FCI(HPKI_SIGN_AID)}, END};

	PLAY(login);
	ck_assert_int_eq(log_in("1234", false), E_OK);
	played();
	ck_assert_int_eq(card->pin.tries, 15);
	PLAY(signing);
	ck_assert_int_eq(sign("1234", SCHEME_PKCS1), E_OK);
	played();
	ck_assert_uint_le(sent, 21); /* and one of the look at the slot */
	ck_assert_uint_le(fake.apdus, 7);
	ck_assert_uint_eq(signature_len, 256);
	ck_assert_mem_eq(signature, fake.file, 256);
	PLAY(signing);
	ck_assert_int_eq(sign("1234", SCHEME_PSS), E_OK);
	fake_over();
}
END_TEST

START_TEST(budget_with_short_length)
{
	static const struct step steps[] = {
		BEGIN, {SELECT_HPKI_AUTH, FCI(HPKI_AUTH_AID)}, {"00B09100 00 0000", "6700"}, {"00B09100 00", JMA_OD},
		{FILE_("0002"), "9000"}, {"00B00000 00", JMA_PRKD}, {FILE_("0001"), "9000"},
		{"00B00000 00", JMA_AOD}, {FILE_("0004"), "9000"}, {"00B00000 00", JMA_CD}, {FILE_("0016"), "9000"},
		{"00B00000 00", "*0:256 9000"}, {"00B00100 00", "*256:256 9000"}, {"00B00200 00", "*512:256 9000"},
		{"00B00300 00", "*768:256 9000"}, {"00B00400 00", "*1024:256 9000"},
		{"00B00500 00", "*1280:256 9000"}, END,
		BEGIN, {SELECT_HPKI_AUTH, FCI(HPKI_AUTH_AID)}, PIN_OK,
		{SELECT_HPKI_SIGN, FCI(HPKI_SIGN_AID)}, END,
		BEGIN, {SELECT_HPKI_AUTH, FCI(HPKI_AUTH_AID)}, {MSE84, "9000"}, PIN_OK,
		{"102A9E9A FF 0001FF..", "9000"}, {"002A9E9A 01 00 00", SIGNED},
		{SELECT_HPKI_SIGN, FCI(HPKI_SIGN_AID)}, END};

	card_free(&card);
	PLAY(steps);
	ck_assert_int_eq(open_card(profiles_auth), E_OK);
	ck_assert_uint_eq(card->certs[0].der_len, 1414);
	ck_assert_int_eq(log_in("1234", false), E_OK);
	ck_assert_int_eq(sign("1234", SCHEME_PKCS1), E_OK);
	fake_over();
	ck_assert_uint_le(fake.apdus, 28); /* and one of the look at the slot */
}
END_TEST

START_TEST(the_other_tag_for_the_key)
{
	static const struct step steps[] = {
		BEGIN, {SELECT_HPKI_AUTH, FCI(HPKI_AUTH_AID)}, {MSE84, "6A80"}, {MSE81, "9000"}, PIN_OK, {PSO, SIGNED},
		{SELECT_HPKI_SIGN, FCI(HPKI_SIGN_AID)}, END,
		BEGIN, {SELECT_HPKI_AUTH, FCI(HPKI_AUTH_AID)}, {MSE81, "9000"}, PIN_OK, {PSO, SIGNED},
		{SELECT_HPKI_SIGN, FCI(HPKI_SIGN_AID)}, END};

	PLAY(steps);
	ck_assert_int_eq(sign("1234", SCHEME_PKCS1), E_OK);
	ck_assert_int_eq(sign("1234", SCHEME_PKCS1), E_OK);
	fake_over();
}
END_TEST

/* The directory's keyReference first, where there is one; then the FID. */
START_TEST(the_key_by_its_reference)
{
	static const struct step steps[] = {
		BEGIN, {SELECT_HPKI_AUTH, FCI(HPKI_AUTH_AID)}, {"002241B6 04 8402008C", "6A88"}, {MSE84, "9000"}, PIN_OK,
		{PSO, SIGNED}, {SELECT_HPKI_SIGN, FCI(HPKI_SIGN_AID)}, END,
		BEGIN, {SELECT_HPKI_AUTH, FCI(HPKI_AUTH_AID)}, {MSE84, "9000"}, PIN_OK, {PSO, SIGNED},
		{SELECT_HPKI_SIGN, FCI(HPKI_SIGN_AID)}, END};

	card->key.reference = 0x8C;
	PLAY(steps);
	ck_assert_int_eq(sign("1234", SCHEME_PKCS1), E_OK);
	ck_assert_int_eq(sign("1234", SCHEME_PKCS1), E_OK);
	fake_over();
}
END_TEST

START_TEST(the_key_by_its_file)
{
	static const struct step steps[] = {
		BEGIN, {SELECT_HPKI_AUTH, FCI(HPKI_AUTH_AID)}, {MSE84, "9000"}, PIN_OK, {PSO, "6985"}, {MSE81, "6981"},
		{FILE_("000C"), "9000"}, {MSE84, "9000"}, {PSO, SIGNED}, {SELECT_HPKI_SIGN, FCI(HPKI_SIGN_AID)},
		END,
		BEGIN, {SELECT_HPKI_AUTH, FCI(HPKI_AUTH_AID)}, {FILE_("000C"), "9000"}, {MSE84, "9000"}, PIN_OK,
		{PSO, SIGNED}, {SELECT_HPKI_SIGN, FCI(HPKI_SIGN_AID)}, END};

	PLAY(steps);
	ck_assert_int_eq(sign("1234", SCHEME_PKCS1), E_OK);
	ck_assert_int_eq(sign("1234", SCHEME_PKCS1), E_OK);
	fake_over();
}
END_TEST

START_TEST(the_older_dialect)
{
	static const struct step steps[] = {
		BEGIN, {SELECT_HPKI_AUTH, FCI(HPKI_AUTH_AID)}, MSE_REFUSED("6D00"), PIN_OK, {FILE_("000C"), "9000"},
		{"802A0080 33 0001FF..", SIGNED}, {SELECT_HPKI_SIGN, FCI(HPKI_SIGN_AID)}, END,
		BEGIN, {SELECT_HPKI_AUTH, FCI(HPKI_AUTH_AID)}, PIN_OK, {FILE_("000C"), "9000"},
		{"802A0080 33 0001FF..", SIGNED}, {SELECT_HPKI_SIGN, FCI(HPKI_SIGN_AID)}, END,
		BEGIN, {SELECT_HPKI_AUTH, FCI(HPKI_AUTH_AID)}, MSE_REFUSED("6D00"), END,
		BEGIN, {SELECT_HPKI_AUTH, FCI(HPKI_AUTH_AID)}, PIN_OK, {FILE_("000C"), "9000"},
		{"802A0080 33 0001FF..", SIGNED}, {SELECT_HPKI_SIGN, FCI(HPKI_SIGN_AID)}, END};

	PLAY(steps);
	ck_assert_int_eq(sign("1234", SCHEME_PKCS1), E_OK);
	ck_assert_int_eq(sign("1234", SCHEME_PKCS1), E_OK);
	ck_assert_int_eq(sign("1234", SCHEME_PSS), E_UNSUPPORTED);
	ck_assert_int_eq(sign("1234", SCHEME_PKCS1), E_OK); /* what was learned of the other scheme stays */
	fake_over();
}
END_TEST

/* Any of these after an accepted PIN may mean "not this way". */
START_TEST(refused_after_an_accepted_pin)
{
	static const char *const words[] = {"6982", "6985", "6986", "6A80", "6A86", "6A88", "6B00", "6700", "6884"};
	struct step steps[] = {
		BEGIN, {SELECT_HPKI_AUTH, FCI(HPKI_AUTH_AID)}, {MSE84, "9000"}, PIN_OK, {PSO, words[_i]}, {MSE81, "9000"},
		{PSO, SIGNED}, {SELECT_HPKI_SIGN, FCI(HPKI_SIGN_AID)}, END,
		BEGIN, {SELECT_HPKI_AUTH, FCI(HPKI_AUTH_AID)}, {MSE81, "9000"}, PIN_OK, {PSO, SIGNED},
		{SELECT_HPKI_SIGN, FCI(HPKI_SIGN_AID)}, END};

	PLAY(steps);
	ck_assert_int_eq(sign("1234", SCHEME_PKCS1), E_OK);
	ck_assert_int_eq(sign("1234", SCHEME_PKCS1), E_OK);
	fake_over();
}
END_TEST

/* The card counts the refused command as the one that the PIN was for. */
START_TEST(an_accepted_pin_goes_once_more)
{
	static const struct step steps[] = {
		BEGIN, {SELECT_HPKI_AUTH, FCI(HPKI_AUTH_AID)}, {MSE84, "9000"}, PIN_OK, {PSO, "6985"}, {MSE81, "9000"},
		{PSO, "6982"}, PIN_OK, {PSO, SIGNED}, {SELECT_HPKI_SIGN, FCI(HPKI_SIGN_AID)}, END,
		BEGIN, {SELECT_HPKI_AUTH, FCI(HPKI_AUTH_AID)}, {MSE81, "9000"}, PIN_OK, {PSO, SIGNED},
		{SELECT_HPKI_SIGN, FCI(HPKI_SIGN_AID)}, END};

	PLAY(steps);
	ck_assert_int_eq(sign("1234", SCHEME_PKCS1), E_OK);
	ck_assert_int_eq(sign("1234", SCHEME_PKCS1), E_OK);
	fake_over();
}
END_TEST

/* At most once more: the methods that were refused directly after VERIFY are left out
 * the next time. */
START_TEST(an_accepted_pin_goes_but_once_more)
{
	static const struct step steps[] = {
		BEGIN, {SELECT_HPKI_AUTH, FCI(HPKI_AUTH_AID)}, {MSE84, "9000"}, PIN_OK, {PSO, "6A80"}, {MSE81, "9000"},
		{PSO, "6982"}, PIN_OK, {PSO, "6A80"}, {FILE_("000C"), "9000"}, {MSE84, "9000"}, {PSO, "6982"},
		{FILE_("000C"), "9000"}, {"802A0080 ..", "6982"}, {SELECT_HPKI_SIGN, FCI(HPKI_SIGN_AID)}, END,
		BEGIN, {SELECT_HPKI_AUTH, FCI(HPKI_AUTH_AID)}, {FILE_("000C"), "9000"}, {MSE84, "9000"}, PIN_OK,
		{PSO, SIGNED}, {SELECT_HPKI_SIGN, FCI(HPKI_SIGN_AID)}, END};

	PLAY(steps);
	ck_assert_int_eq(sign("1234", SCHEME_PKCS1), E_UNSUPPORTED);
	ck_assert_int_eq(sign("1234", SCHEME_PKCS1), E_OK);
	fake_over();
}
END_TEST

START_TEST(refused_and_then_the_pin_too)
{
	static const struct step steps[] = {
		BEGIN, {SELECT_HPKI_AUTH, FCI(HPKI_AUTH_AID)}, {MSE84, "9000"}, PIN_OK, {PSO, "6A80"}, {MSE81, "9000"},
		{PSO, "6982"}, {"00200088", "63CF"}, {VERIFY, "63CE"}, {SELECT_HPKI_SIGN, FCI(HPKI_SIGN_AID)}, END,
		BEGIN, {SELECT_HPKI_AUTH, FCI(HPKI_AUTH_AID)}, {MSE84, "9000"}, {"00200088", "63CE"}, END};

	PLAY(steps);
	ck_assert_int_eq(sign("1234", SCHEME_PKCS1), E_PIN_WRONG);
	ck_assert_int_eq(card->pin.tries, 14);
	ck_assert_int_eq(sign("1234", SCHEME_PKCS1), E_PIN_STALE); /* and the way is not given up for it */
	fake_over();
}
END_TEST

START_TEST(nothing_is_learned_when_nothing_works)
{
	static const struct step all_refused[] = {
		BEGIN, {SELECT_HPKI_AUTH, FCI(HPKI_AUTH_AID)}, {MSE84, "9000"}, PIN_OK, {PSO, "6A86"}, {MSE81, "6A88"},
		{FILE_("000C"), "6A82"}, {FILE_("000C"), "6A82"}, {SELECT_HPKI_SIGN, FCI(HPKI_SIGN_AID)}, END,
		BEGIN, {SELECT_HPKI_AUTH, FCI(HPKI_AUTH_AID)}, {MSE84, "9000"}, PIN_OK, {PSO, SIGNED},
		{SELECT_HPKI_SIGN, FCI(HPKI_SIGN_AID)}, END};

	PLAY(all_refused);
	ck_assert_int_eq(sign("1234", SCHEME_PKCS1), E_UNSUPPORTED);
	ck_assert_int_eq(sign("1234", SCHEME_PKCS1), E_OK);
	fake_over();
}
END_TEST

/* 3072 bits: neither the block nor the signature fits into a short command. */
START_TEST(a_longer_key)
{
	static const struct step steps[] = {
		BEGIN, {SELECT_HPKI_AUTH, FCI(HPKI_AUTH_AID)}, {MSE84, "9000"}, PIN_OK, {"002A9E9A 00 0180 0001FF..", "*0:384 9000"},
		{SELECT_HPKI_SIGN, FCI(HPKI_SIGN_AID)}, END,
		BEGIN, {SELECT_HPKI_AUTH, FCI(HPKI_AUTH_AID)}, {"002241B6 04 8402000C", "6D00"}, {MSE81, "6D00"},
		{FILE_("000C"), "9000"}, {MSE84, "6D00"}, PIN_OK, {FILE_("000C"), "9000"},
		{"802A0080 00 0003 0001FF 0000", "*0:384 9000"}, {SELECT_HPKI_SIGN, FCI(HPKI_SIGN_AID)}, END,
		BEGIN, {SELECT_HPKI_AUTH, FCI(HPKI_AUTH_AID)}, PIN_OK, {FILE_("000C"), "9000"},
		{"802A0080 00 0003 0001FF 0000", "*0:384 9000"}, {SELECT_HPKI_SIGN, FCI(HPKI_SIGN_AID)}, END};
	static const uint8_t bytes[384] = {0x00, 0x01, 0xFF};
	struct scheme_params params = {.scheme = SCHEME_PKCS1, .signature_len = 384};
	struct encoded in = {.block = {bytes, 384}, .message = {bytes, 3}};

	PLAY(steps);
	for (int i = 0; i < 2; i++) {
		signature_len = sizeof signature;
		ck_assert_int_eq(card_sign(card, (struct bytes){(const uint8_t *)"1234", 4}, &params, &in, signature,
		                           &signature_len), E_OK);
		ck_assert_uint_eq(signature_len, 384);
	}
	signature_len = 383;
	ck_assert_int_eq(card_sign(card, (struct bytes){(const uint8_t *)"1234", 4}, &params, &in, signature,
	                           &signature_len), E_TOO_LONG);
	fake_over();
}
END_TEST

/* An error that speaks against no way ends the operation. */
START_TEST(other_errors_of_a_signature)
{
	static const struct {
		const char *answer;
		enum error e;
	} rows[] = {{"6F00", E_REFUSED}, {"6581", E_REFUSED}, {"*0:255 9000", E_SIGNATURE},
		    {"9000", E_SIGNATURE}, {"1234", E_PROTOCOL}};
	struct step steps[] = {BEGIN, {SELECT_HPKI_AUTH, FCI(HPKI_AUTH_AID)}, {MSE84, "9000"}, PIN_OK,
			       {PSO, rows[_i].answer}, {SELECT_HPKI_SIGN, FCI(HPKI_SIGN_AID)}, END};

	PLAY(steps);
	ck_assert_int_eq(sign("1234", SCHEME_PKCS1), rows[_i].e);
	fake_over();
}
END_TEST

START_TEST(a_foreign_card)
{
	static const struct step steps[] = {
		BEGIN, {SELECT_HPKI_AUTH, "6A82"}, {SELECT_JPKI, "6D00"}, END,
		BEGIN, {SELECT_HPKI_AUTH, "6F00"}, {SELECT_JPKI, "6F00"}, {"00A40000", "6F00"}, {SELECT_JPKI, "6F00"}, END,
		BEGIN, {SELECT_HPKI_AUTH, "9404"}, {SELECT_JPKI, "6E00"}, END,
		BEGIN, {SELECT_HPKI_SIGN, "6A82"}, END};

	card_free(&card);
	PLAY(steps);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(open_card(profiles_auth), E_FOREIGN);
	ck_assert_int_eq(open_card(profiles_hpki_sign), E_FOREIGN);
	ck_assert_ptr_null(card);
	fake_over();
}
END_TEST

#define NO_DIRECTORY {"00B09100 00 0000", "6A82"}, {FILE_("5031"), "6A82"}
#define BROKEN_DIRECTORY {"00B09100 00 0000", "A0 06 30 04 04 FFFFFF 9000"}
#define USUAL_PLACES {FILE_("0016"), "9000"}, {"00B00000 00 0000", "*0:5000 9000"}, END

START_TEST(without_directories)
{
	static const struct step missing[] = {BEGIN, {SELECT_HPKI_SIGN, "9000"}, NO_DIRECTORY, USUAL_PLACES};
	static const struct step broken[] = {BEGIN, {SELECT_HPKI_SIGN, "9000"}, BROKEN_DIRECTORY, USUAL_PLACES};

	card_free(&card);
	if (_i)
		PLAY(broken);
	else
		PLAY(missing);
	ck_assert_int_eq(open_card(profiles_sign), E_OK);
	fake_over();
	ck_assert_ptr_eq(card->profile, &hpki_sign);
	ck_assert_uint_eq(card->pin.rule.reference, 0x88);
	ck_assert_uint_eq(card->key.file.fid, 0x000C);
	ck_assert(card->key.user_consent);
	ck_assert_str_eq(card->certs[0].label, "HPKI END ENTITY CERTIFICATE");
	ck_assert_str_eq(card->key.label, "Private key of HPKI");
	ck_assert(card->certs[0].id.len == 1 && card->certs[0].id.data[0] == card->key.id.data[0]);
	ck_assert_uint_eq(card->n_certs, 1);
}
END_TEST

/* JAHIS prints labels with spaces around them, and programs look for them byte by byte. */
START_TEST(labels_of_the_standard)
{
	static const struct step steps[] = {
		BEGIN, {SELECT_HPKI_AUTH, FCI(HPKI_AUTH_AID)}, {"00B09100 00 0000", JMA_OD}, {FILE_("0002"), "9000"},
		{"00B00000 00 0000", "302F 301A 0C15 20 50726976617465206B6579206F662048504B49 20 040108 3003 040117 A10C 300A "
				     "3004 0402000C 02020800 9000"},
		{FILE_("0001"), "9000"}, {"00B00000 00 0000", JMA_AOD}, {FILE_("0004"), "9000"},
		{"00B00000 00 0000", "3030 301F 0C1D 2020 48504B4920454E4420454E54495459204345525449464943415445 3003 040117 A108 "
				     "3006 3004 04020016 9000"},
		{FILE_("0016"), "9000"}, {"00B00000 00 0000", "*0:5000 9000"}, END};

	card_free(&card);
	PLAY(steps);
	ck_assert_int_eq(open_card(profiles_auth), E_OK);
	fake_over();
	ck_assert_str_eq(card->key.label, "Private key of HPKI");
	ck_assert_str_eq(card->certs[0].label, "HPKI END ENTITY CERTIFICATE");
}
END_TEST

/* What JMA's card answers to the first SELECT. */
START_TEST(deactivated_and_yet_there)
{
	static const struct step steps[] = {BEGIN, {SELECT_HPKI_AUTH, "6F128410" HPKI_AUTH_AID "6283"},
					    {"00200088", "63CF"}, END};

	PLAY(steps);
	ck_assert_int_eq(card_tries(card), E_OK);
	fake_over();
}
END_TEST

START_TEST(label_of_the_application)
{
	static const struct step steps[] = {
		BEGIN, {SELECT_HPKI_AUTH, FCI(HPKI_AUTH_AID)},
		{"00B09200 00 0000", "3015 020101 8010 48504B49204170706C69636174696F6E FFFF 9000"}, END,
		BEGIN, {SELECT_HPKI_AUTH, FCI(HPKI_AUTH_AID)}, {"00B09200 00 0000", "6A82"}, {FILE_("5032"), "6A82"}, END};

	PLAY(steps);
	ck_assert_int_eq(card_read_label(card), E_OK);
	ck_assert_str_eq(card->label, "HPKI Application");
	ck_assert_int_eq(card_read_label(card), E_OK);
	ck_assert_str_eq(card->label, "");
	fake_over();
}
END_TEST

int main(void)
{
	const struct cases cases = {.suite = suite_create("card: HPKI"), .setup = setup, .teardown = teardown};

	add_case(&cases, directories_are_obeyed);
	add_case(&cases, budget_with_extended_length);
	add_case(&cases, budget_with_short_length);
	add_case(&cases, the_other_tag_for_the_key);
	add_case(&cases, the_older_dialect);
	add_case(&cases, the_key_by_its_reference);
	add_case(&cases, the_key_by_its_file);
	add_loop_case(&cases, refused_after_an_accepted_pin, 9);
	add_case(&cases, an_accepted_pin_goes_once_more);
	add_case(&cases, an_accepted_pin_goes_but_once_more);
	add_case(&cases, refused_and_then_the_pin_too);
	add_case(&cases, nothing_is_learned_when_nothing_works);
	add_case(&cases, a_longer_key);
	add_loop_case(&cases, other_errors_of_a_signature, 5);
	add_case(&cases, a_foreign_card);
	add_loop_case(&cases, without_directories, 2);
	add_case(&cases, labels_of_the_standard);
	add_case(&cases, deactivated_and_yet_there);
	add_case(&cases, label_of_the_application);
	return run_suite(cases.suite);
}
