/* SPDX-License-Identifier: BSD-2-Clause */
/* What is sent of a PIN, when, and how often; and what a broken link leaves. */
#include <inttypes.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
#include "tests/check_case.h"
#include "card/gate.h"
#include "card_script.h"

#define QUERY "00200088"
#define VERIFY "00200088 " PIN1234
#define MSE84 "002241B6 04 8402000C"
#define LEAVE {SELECT_HPKI_SIGN, FCI(HPKI_SIGN_AID)}
#define ASK(answer) BEGIN, {SELECT_HPKI_AUTH, FCI(HPKI_AUTH_AID)}, {QUERY, answer}

/* A card whose certificate has another length is another card. */
static void open_another(size_t certificate, uint32_t insertion)
{
	static const struct step steps[] = {OPEN_JMA};

	card_free(&card);
	make_file(certificate);
	fake.insertion = insertion;
	PLAY(steps);
	ck_assert_int_eq(open_card(profiles_auth), E_OK);
	fake_over();
	card->login_tries = 15; /* for the tests that sign without logging in */
}

static void open_again(uint32_t insertion)
{
	open_another(1414, insertion);
}

static void setup(void)
{
	open_again(0x10001);
}

static void teardown(void)
{
	fake_over();
	card_free(&card);
}

START_TEST(malformed_pins_are_not_sent)
{
	fake_play(NULL, 0);
	ck_assert_int_eq(log_in("123", true), E_PIN_LENGTH);
	ck_assert_int_eq(log_in("12345678901234567", true), E_PIN_LENGTH);
	ck_assert_int_eq(log_in("12\n4", true), E_PIN_CHARACTERS);
	ck_assert_int_eq(log_in("12\x7F""4", true), E_PIN_CHARACTERS);
	ck_assert_int_eq(log_in("印鑑", true), E_PIN_CHARACTERS);
	ck_assert_int_eq(sign("123", SCHEME_PKCS1), E_PIN_LENGTH);
}
END_TEST

/* Capitals are JPKI's matter. */
START_TEST(letters_are_sent_as_typed)
{
	static const struct step steps[] = {ASK("63CF"), {"00200088 04 6162635A", "9000"}, LEAVE, END};

	PLAY(steps);
	ck_assert_int_eq(log_in("abcZ", false), E_OK);
}
END_TEST

START_TEST(a_wrong_pin)
{
	static const struct step steps[] = {ASK("63CF"), {VERIFY, "63CE"}, LEAVE, END};

	PLAY(steps);
	ck_assert_int_eq(log_in("1234", false), E_PIN_WRONG);
	ck_assert_int_eq(card->pin.tries, 14);
}
END_TEST

START_TEST(a_wrong_pin_without_a_number)
{
	static const struct step told[] = {ASK("63C8"), {VERIFY, "6300"}, {QUERY, "63C7"}, LEAVE, END};
	static const struct step untold[] = {ASK("6700"), {"00200088 04 38383838", "6300"}, {QUERY, "6700"}, LEAVE, END,
					     ASK("6700"), END, ASK("6700"), {"00200088 04 39393939", "9000"}, LEAVE, END,
					     ASK("6700"), {VERIFY, "9000"}, LEAVE, END};

	PLAY(told);
	ck_assert_int_eq(log_in("1234", false), E_PIN_WRONG);
	ck_assert_int_eq(card->pin.tries, 7);
	fake_over();
	open_again(0x10003);
	PLAY(untold);
	ck_assert_int_eq(log_in("8888", false), E_PIN_WRONG);
	ck_assert_int_eq(card->pin.tries, 6);
	ck_assert_int_eq(log_in("8888", false), E_PIN_REPEATED);
	ck_assert_int_eq(log_in("9999", false), E_OK);
	ck_assert_int_eq(card->pin.tries, 15);
	ck_assert_int_eq(log_in("1234", false), E_OK);
}
END_TEST

/* One that differs in any one digit is another. */
START_TEST(a_refused_pin_is_no_other)
{
	static const struct step steps[] = {ASK("63C8"), {"00200088 04 39323334", "63C7"}, LEAVE, END,
					    ASK("63C7"), {"00200088 04 31323339", "63C6"}, LEAVE, END,
					    ASK("63C6"), {VERIFY, "9000"}, {QUERY, "63CF"}, LEAVE, END};

	PLAY(steps);
	ck_assert_int_eq(log_in("9234", false), E_PIN_WRONG);
	ck_assert_int_eq(log_in("1239", false), E_PIN_WRONG);
	ck_assert_int_eq(log_in("1234", false), E_OK);
}
END_TEST

START_TEST(a_refused_pin_is_not_repeated)
{
	static const struct step steps[] = {ASK("63C8"), {VERIFY, "63C7"}, LEAVE, END, ASK("63C7"), END, ASK("63C6"), END,
					    ASK("63C8"), {VERIFY, "9000"}, {QUERY, "63CF"}, LEAVE, END,
					    ASK("63C7"), {VERIFY, "9000"}, {QUERY, "63CF"}, LEAVE, END};

	PLAY(steps);
	ck_assert_int_eq(log_in("1234", true), E_PIN_WRONG);
	ck_assert_int_eq(log_in("1234", true), E_PIN_REPEATED);
	ck_assert_int_eq(log_in("1234", true), E_PIN_REPEATED);
	ck_assert_int_eq(log_in("1234", true), E_OK);
	ck_assert_int_eq(log_in("1234", true), E_OK); /* it has been right since */
}
END_TEST

/* What a card has said stays when it was out, but for "locked": that it may say again. */
START_TEST(a_card_that_was_out)
{
	static const struct step wrong[] = {ASK("63C8"), {VERIFY, "63C7"}, LEAVE, END};
	static const struct step untold[] = {ASK("6700"), END};
	static const struct step locked[] = {ASK("6700"), {"00200088 04 39393939", "6983"}, LEAVE, END, BEGIN,
					     {SELECT_HPKI_AUTH, FCI(HPKI_AUTH_AID)}, END};
	static const struct step unlocked[] = {ASK("6700"), {"00200088 04 35353535", "9000"}, LEAVE, END};

	PLAY(wrong);
	ck_assert_int_eq(log_in("1234", false), E_PIN_WRONG);
	fake_over();
	open_again(0x10003);
	PLAY(untold);
	ck_assert_int_eq(log_in("1234", false), E_PIN_REPEATED);
	ck_assert_int_eq(card->pin.tries, 7);
	fake_over();
	PLAY(locked);
	ck_assert_int_eq(log_in("9999", false), E_PIN_LOCKED);
	ck_assert_int_eq(log_in("5555", false), E_PIN_LOCKED);
	fake_over();
	open_again(0x10005);
	PLAY(unlocked);
	ck_assert_int_eq(log_in("5555", false), E_OK);
}
END_TEST

/* A card that refuses a PIN and does not count it has refused it all the same. */
START_TEST(a_refusal_that_is_not_counted)
{
	static const struct step steps[] = {ASK("63C8"), {VERIFY, "63C8"}, LEAVE, END, ASK("63C8"), END};

	PLAY(steps);
	ck_assert_int_eq(log_in("1234", false), E_PIN_WRONG);
	ck_assert_int_eq(log_in("1234", false), E_PIN_REPEATED);
}
END_TEST

/* What is remembered is not to be had from a core dump, nor by a table of all PINs. */
START_TEST(the_memory_of_pins)
{
	static const struct step steps[] = {ASK("63C8"), {VERIFY, "63C7"}, LEAVE, END};
	bool here = false, not_dumped = false;
	struct gate_memory *m;
	char line[512];
	uint8_t hash[32];
	FILE *maps;

	PLAY(steps);
	ck_assert_int_eq(log_in("1234", false), E_PIN_WRONG);
	m = gate_memory_lock();
	ck_assert_ptr_nonnull(m);
	gate_memory_unlock(m);
	ck_assert_uint_eq(m->n_refused, 1);
	ck_assert_int_eq(crypto_hash(card->sys->crypto, HASH_SHA256, (struct bytes){(const uint8_t *)"1234", 4}, hash), E_OK);
	ck_assert_mem_ne(m->refused[0].pin_hash, hash, sizeof hash);
	maps = fopen("/proc/self/smaps", "re");
	ck_assert_ptr_nonnull(maps);
	while (fgets(line, sizeof line, maps)) {
		uintptr_t from, to;

		if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " ", &from, &to) == 2)
			here = from <= (uintptr_t)m && (uintptr_t)m < to;
		else if (here && strncmp(line, "VmFlags:", 8) == 0)
			not_dumped = strstr(line, " dd") != NULL;
	}
	fclose(maps);
	ck_assert(not_dumped);
}
END_TEST

START_TEST(the_last_try)
{
	static const struct step steps[] = {ASK("63C1"), END, ASK("63C1"), {VERIFY, "9000"}, {QUERY, "9000"}, LEAVE,
					    {SELECT_HPKI_AUTH, FCI(HPKI_AUTH_AID)}, {QUERY, "9000"}, LEAVE, END,
					    BEGIN, {SELECT_HPKI_AUTH, FCI(HPKI_AUTH_AID)}, {MSE84, "9000"}, {QUERY, "63C1"}, END};

	PLAY(steps);
	ck_assert_int_eq(log_in("1234", false), E_PIN_LAST_TRY);
	ck_assert_int_eq(card->pin.tries, 1);
	ck_assert_int_eq(log_in("1234", true), E_OK);
	ck_assert_int_eq(sign("1234", SCHEME_PKCS1), E_PIN_STALE);
}
END_TEST

START_TEST(counters_that_are_not_told)
{
	static const char *const words[] = {"9000", "6300", "6700", "6A80", "6A81", "6A86", "6B00", "6D00"};
	struct step steps[] = {ASK(words[_i]), {VERIFY, "9000"}, LEAVE, END};

	PLAY(steps);
	ck_assert_int_eq(log_in("1234", false), E_OK);
}
END_TEST

START_TEST(counters_that_are_an_error)
{
	static const struct {
		const char *answer;
		enum error e;
	} rows[] = {{"6A88", E_NOT_FOUND}, {"6F00", E_REFUSED}, {"6581", E_REFUSED}, {"0000", E_PROTOCOL},
		    {"6982", E_SECURITY}};
	struct step steps[] = {ASK(rows[_i].answer), END};

	PLAY(steps);
	ck_assert_int_eq(log_in("1234", true), rows[_i].e);
}
END_TEST

START_TEST(other_answers_to_a_pin)
{
	static const struct {
		const char *answer;
		enum error e;
	} rows[] = {{"6A88", E_NOT_FOUND}, {"6700", E_REFUSED}, {"6F00", E_REFUSED}, {"6982", E_SECURITY},
		    {"6282", E_PROTOCOL}, {"61FF", E_PROTOCOL}, {"ABCD", E_PROTOCOL}};
	struct step steps[] = {ASK("63CF"), {VERIFY, rows[_i].answer}, LEAVE, END};

	PLAY(steps);
	ck_assert_int_eq(log_in("1234", true), rows[_i].e);
	ck_assert_int_eq(card->pin.tries, 15);
}
END_TEST

/* It has answered, so there is nothing uncertain about the next PIN. */
START_TEST(another_answer_and_no_counter)
{
	static const struct step steps[] = {ASK("6700"), {VERIFY, "6F00"}, LEAVE, END, ASK("6700"), {VERIFY, "9000"}, LEAVE,
					    END};

	PLAY(steps);
	ck_assert_int_eq(log_in("1234", true), E_REFUSED);
	ck_assert_int_eq(log_in("1234", true), E_OK);
}
END_TEST

START_TEST(a_card_that_will_not_be_left)
{
	static const char *const words[] = {"6A82", "6F00", "1234", NULL, "9000", FCI(HPKI_AUTH_AID)};
	struct step steps[] = {ASK("63CF"), {VERIFY, "9000"}, {SELECT_HPKI_SIGN, words[_i]}, END_OFF};

	PLAY(steps);
	ck_assert_int_eq(log_in("1234", true), E_OK);
}
END_TEST

START_TEST(a_link_that_breaks_before_the_pin)
{
	static const struct step again[] = {BEGIN, {SELECT_HPKI_AUTH, NULL}, END, ASK("63CF"), {VERIFY, "9000"}, LEAVE,
					    END};
	static const struct step twice[] = {ASK(NULL), END, ASK(NULL), END};
	static const struct step pulled[] = {ASK(NULL), END, {"begin", "no card"}};
	static const struct step at_begin[] = {{"begin", "link"}, ASK("63CF"), END};

	PLAY(again);
	ck_assert_int_eq(log_in("1234", true), E_OK);
	fake_over();
	PLAY(twice);
	ck_assert_int_eq(log_in("1234", true), E_LINK);
	fake_over();
	PLAY(pulled);
	ck_assert_int_eq(log_in("1234", true), E_NO_CARD);
	fake_over();
	PLAY(at_begin);
	ck_assert_int_eq(card_tries(card), E_OK);
}
END_TEST

START_TEST(another_card_gets_nothing)
{
	static const struct step steps[] = {BEGIN, END, BEGIN, END, BEGIN, END, BEGIN, END};

	fake.insertion++;
	PLAY(steps);
	ck_assert_int_eq(log_in("1234", true), E_CHANGED);
	ck_assert_int_eq(sign("1234", SCHEME_PKCS1), E_CHANGED);
	ck_assert_int_eq(card_tries(card), E_CHANGED);
	ck_assert_int_eq(card_read_label(card), E_CHANGED);
	ck_assert_uint_eq(fake.apdus, 0);
}
END_TEST

/* The two applications of a card have PINs of the same reference. */
START_TEST(the_other_application_gets_nothing)
{
	static const char *const answers[] = {"9000", FCI(HPKI_SIGN_AID), "6F00 9000", "6F02 8400 9000",
	                                      "6F138411" HPKI_AUTH_AID "00 9000"};
	struct step steps[] = {BEGIN, {SELECT_HPKI_AUTH, answers[_i]}, END, BEGIN, {SELECT_HPKI_AUTH, answers[_i]}, END};

	PLAY(steps);
	ck_assert_int_eq(log_in("1234", true), E_PROTOCOL);
	ck_assert_int_eq(log_in("1234", true), E_PROTOCOL); /* nor the second time */
}
END_TEST

START_TEST(errors_of_a_connection)
{
	static const struct {
		const char *answer;
		enum error e;
	} rows[] = {{"busy", E_BUSY}, {"no card", E_NO_CARD}, {"no reader", E_NO_READER}, {"no service", E_NO_SERVICE}};
	struct step steps[] = {{"begin", rows[_i].answer}};

	PLAY(steps);
	ck_assert_int_eq(log_in("1234", true), rows[_i].e);
}
END_TEST

/* Never the PIN again; the counter is read on a new connection, and the card,
 * which may have taken the PIN, is left locked. A counter that has fallen says
 * that the PIN was refused. */
START_TEST(a_link_that_breaks_at_the_pin)
{
	static const struct step steps[] = {ASK("63CF"), {VERIFY, NULL}, END_OFF, ASK("63CE"), LEAVE, END, ASK("63CE"),
					    END};

	PLAY(steps);
	ck_assert_int_eq(log_in("1234", true), E_LINK);
	ck_assert_int_eq(card->pin.tries, 14);
	ck_assert_int_eq(log_in("1234", true), E_PIN_REPEATED);
}
END_TEST

/* Nothing is sent before the counter has been read, or the card was out. */
START_TEST(a_pin_whose_fate_is_not_known)
{
	static const struct step steps[] = {ASK("63CF"), {VERIFY, NULL}, END_OFF, {"begin", "no card"},
					    ASK("6700"), END, ASK("63CF"), {VERIFY, "9000"}, LEAVE, END};
	static const struct step out[] = {ASK("63CF"), {VERIFY, NULL}, END_OFF, {"begin", "no card"}};
	static const struct step in_again[] = {ASK("6700"), {VERIFY, "9000"}, LEAVE, END};

	PLAY(steps);
	ck_assert_int_eq(log_in("1234", true), E_LINK);
	ck_assert_int_eq(log_in("1234", true), E_PIN_UNCERTAIN);
	ck_assert_int_eq(log_in("1234", true), E_OK);
	fake_over();
	PLAY(out);
	ck_assert_int_eq(log_in("1234", true), E_LINK);
	fake_over();
	open_again(0x10003);
	PLAY(in_again);
	ck_assert_int_eq(log_in("1234", true), E_OK);
}
END_TEST

START_TEST(a_link_that_breaks_after_the_pin)
{
	static const struct step steps[] = {BEGIN, {SELECT_HPKI_AUTH, FCI(HPKI_AUTH_AID)}, {MSE84, "9000"}, {QUERY, "63CF"},
					    {VERIFY, "9000"}, {"002A9E9A ..", NULL}, END_OFF, ASK("63CF"), LEAVE, END};

	PLAY(steps);
	ck_assert_int_eq(sign("1234", SCHEME_PKCS1), E_LINK);
}
END_TEST

/* Begun anew from the start, with its one VERIFY. */
START_TEST(a_signature_whose_link_breaks_before_the_pin)
{
	static const struct step steps[] = {
		BEGIN, {SELECT_HPKI_AUTH, FCI(HPKI_AUTH_AID)}, {MSE84, "9000"}, {QUERY, NULL}, END,
		BEGIN, {SELECT_HPKI_AUTH, FCI(HPKI_AUTH_AID)}, {MSE84, "9000"}, {QUERY, "63CF"}, {VERIFY, "9000"},
		{"002A9E9A ..", "*0:256 9000"}, LEAVE, END};
	static const struct step earlier[] = {BEGIN, {SELECT_HPKI_AUTH, FCI(HPKI_AUTH_AID)}, {MSE84, NULL}, END,
					      BEGIN, {SELECT_HPKI_AUTH, FCI(HPKI_AUTH_AID)}, {MSE84, "6F00"}, END};

	PLAY(steps);
	ck_assert_int_eq(sign("1234", SCHEME_PKCS1), E_OK);
	fake_over();
	PLAY(earlier);
	ck_assert_int_eq(sign("1234", SCHEME_PKCS1), E_PROTOCOL); /* no other way is tried for that */
}
END_TEST

START_TEST(a_signature_with_a_wrong_pin)
{
	static const struct step steps[] = {BEGIN, {SELECT_HPKI_AUTH, FCI(HPKI_AUTH_AID)}, {MSE84, "9000"}, {QUERY, "63CF"},
					    {VERIFY, "63C2"}, LEAVE,
					    END};

	PLAY(steps);
	ck_assert_int_eq(sign("1234", SCHEME_PKCS1), E_PIN_WRONG);
	ck_assert_int_eq(card->pin.tries, 2);
}
END_TEST

/* The thread of the parent that was at the gate is not there to leave it. */
START_TEST(a_child_of_a_process_at_the_gate)
{
	struct gate_memory *m = gate_memory_lock();
	int status = -1;
	pid_t child;

	ck_assert_ptr_nonnull(m);
	child = fork();
	if (child == 0) {
		alarm(3);
		_exit(gate_memory_lock() == m ? 0 : 1);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	gate_memory_unlock(m);
}
END_TEST

/* A PIN that is typed for one card is not for another at the same moment; one that is
 * only kept for a card hinders nobody who types it for another. */
START_TEST(the_pin_of_another_card)
{
	static const struct step signing[] = {BEGIN, {SELECT_HPKI_AUTH, FCI(HPKI_AUTH_AID)}, {MSE84, "9000"}, {QUERY, "63CF"},
					      {VERIFY, "9000"}, {"002A9E9A ..", "*0:256 9000"}, LEAVE, END};
	static const struct step login[] = {ASK("63CF"), {VERIFY, "9000"}, LEAVE, END};
	static const struct step nothing[] = {ASK("63CF"), END};

	PLAY(signing);
	ck_assert_int_eq(sign("1234", SCHEME_PKCS1), E_OK);
	fake_over();
	open_another(1300, 0x10003);
	PLAY(login);
	ck_assert_int_eq(log_in("1234", false), E_OK);
	fake_over();
	open_another(1200, 0x10005);
	PLAY(nothing);
	ck_assert_int_eq(log_in("1234", false), E_PIN_ELSEWHERE);
	fake_over();
	open_again(0x10007); /* the first card, which has kept it */
	PLAY(signing);
	ck_assert_int_eq(sign("1234", SCHEME_PKCS1), E_OK);
}
END_TEST

/* Nor are the two applications of one card two cards, whose PINs may be the same. */
START_TEST(the_pin_of_the_other_application)
{
	static const struct step login[] = {ASK("63CF"), {VERIFY, "9000"}, LEAVE, END};
	static const struct step other[] = {
		BEGIN, {SELECT_HPKI_SIGN, FCI(HPKI_SIGN_AID)}, {"00B09100 00 0000", "6A82"}, {FILE_("5031"), "6A82"},
		{FILE_("0016"), "9000"}, {"00B00000 00 0000", "*0:5000 9000"}, END,
		BEGIN, {SELECT_HPKI_SIGN, FCI(HPKI_SIGN_AID)}, {QUERY, "63CF"}, {VERIFY, "9000"},
		{SELECT_HPKI_AUTH, FCI(HPKI_AUTH_AID)}, END};

	PLAY(login);
	ck_assert_int_eq(log_in("1234", false), E_OK);
	fake_over();
	card_free(&card);
	PLAY(other);
	ck_assert_int_eq(open_card(profiles_sign), E_OK);
	ck_assert_int_eq(log_in("1234", false), E_OK);
}
END_TEST

/* Kept by whom? This card has not accepted any since it came in. */
START_TEST(a_kept_pin_without_a_login)
{
	static const struct step steps[] = {BEGIN, {SELECT_HPKI_AUTH, FCI(HPKI_AUTH_AID)}, {MSE84, "9000"}, {QUERY, "63CF"}, END};

	card->login_tries = -1;
	PLAY(steps);
	ck_assert_int_eq(sign("1234", SCHEME_PKCS1), E_PIN_STALE);
}
END_TEST

START_TEST(padded_pins)
{
	static const struct step steps[] = {ASK("63CF"), {"00200088 08 31323334 FFFFFFFF", "9000"}, LEAVE, END};

	card->pin.rule.stored = 8;
	card->pin.rule.pad = 0xFF;
	PLAY(steps);
	ck_assert_int_eq(log_in("1234", true), E_OK);
}
END_TEST

START_TEST(no_command_for_changing)
{
	struct bytes pin = {(const uint8_t *)"1234", 4};

	fake_play(NULL, 0);
	ck_assert_int_eq(card_change_pin(card, pin, true, pin), E_UNSUPPORTED);
}
END_TEST

int main(void)
{
	const struct cases cases = {.suite = suite_create("card: PINs"), .setup = setup, .teardown = teardown};

	add_case(&cases, malformed_pins_are_not_sent);
	add_case(&cases, letters_are_sent_as_typed);
	add_case(&cases, a_wrong_pin);
	add_case(&cases, a_wrong_pin_without_a_number);
	add_case(&cases, a_refused_pin_is_no_other);
	add_case(&cases, a_refused_pin_is_not_repeated);
	add_case(&cases, a_card_that_was_out);
	add_case(&cases, a_refusal_that_is_not_counted);
	add_case(&cases, the_memory_of_pins);
	add_case(&cases, the_last_try);
	add_loop_case(&cases, counters_that_are_not_told, 8);
	add_loop_case(&cases, counters_that_are_an_error, 5);
	add_loop_case(&cases, other_answers_to_a_pin, 7);
	add_case(&cases, another_answer_and_no_counter);
	add_loop_case(&cases, a_card_that_will_not_be_left, 6);
	add_case(&cases, a_link_that_breaks_before_the_pin);
	add_case(&cases, another_card_gets_nothing);
	add_loop_case(&cases, the_other_application_gets_nothing, 5);
	add_loop_case(&cases, errors_of_a_connection, 4);
	add_case(&cases, a_link_that_breaks_at_the_pin);
	add_case(&cases, a_pin_whose_fate_is_not_known);
	add_case(&cases, a_link_that_breaks_after_the_pin);
	add_case(&cases, a_signature_whose_link_breaks_before_the_pin);
	add_case(&cases, a_signature_with_a_wrong_pin);
	add_case(&cases, a_child_of_a_process_at_the_gate);
	add_case(&cases, the_pin_of_another_card);
	add_case(&cases, the_pin_of_the_other_application);
	add_case(&cases, a_kept_pin_without_a_login);
	add_case(&cases, padded_pins);
	add_case(&cases, no_command_for_changing);
	return run_suite(cases.suite);
}
