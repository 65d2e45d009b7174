/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tests/check_case.h"
#include "card/apdu.h"
#include "fake_reader.h"

static uint8_t response[READER_RESPONSE_MAX], file[600], data[APDU_DATA_MAX + 1];
static bool short_only, extended_taken;
static struct apdu_link l;
static struct buf out;
static uint16_t sw;

static void setup(void)
{
	for (size_t i = 0; i < sizeof file; i++)
		file[i] = (uint8_t)(i * 7);
	for (size_t i = 0; i < sizeof data; i++)
		data[i] = (uint8_t)i;
	fake.file = file;
	fake.file_len = sizeof file;
	short_only = extended_taken = false;
	l = (struct apdu_link){.ops = &fake_reader_ops, .reader = "Fake reader", .response = response,
			       .short_only = &short_only, .extended_taken = &extended_taken};
}

static void teardown(void)
{
	fake_over();
	buf_free(&out);
}

static struct apdu command(uint8_t ins, size_t len, size_t le)
{
	return (struct apdu){.ins = ins, .p1 = 0x11, .p2 = 0x22, .data = {data, len}, .le = le};
}

START_TEST(the_four_short_cases)
{
	static const struct step steps[] = {
		{"00AA1122", "9000"},
		{"00AA1122 05", "0102030405 9000"},
		{"00AA1122 00", "9000"},
		{"00AA1122 03 000102", "9000"},
		{"00AA1122 03 000102 00", "0A 9000"},
	};
	static const struct {
		size_t len, le;
	} cases[] = {{0, 0}, {0, 5}, {0, 256}, {3, 0}, {3, APDU_LE_ALL}};

	PLAY(steps);
	for (size_t i = 0; i < 5; i++) {
		struct apdu c = command(0xAA, cases[i].len, cases[i].le);

		ck_assert_int_eq(apdu_exchange(&l, &c, &out, &sw), E_OK);
		ck_assert_uint_eq(sw, 0x9000);
	}
	ck_assert_uint_eq(out.len, 6);
	ck_assert_mem_eq(out.data, "\1\2\3\4\5\12", 6);
}
END_TEST

START_TEST(extended_when_it_is_needed)
{
	static const struct step steps[] = {
		{"00AA1122 00 0000", "*0:600 9000"},
		{"00AA1122 00 0200", "9000"},
		{"00AA1122 FF ..", "9000"},
		{"00AA1122 00 0100 000102030405..", "9000"},
	};
	struct apdu c[] = {command(0xAA, 0, APDU_LE_ALL), command(0xAA, 0, 512), command(0xAA, 255, 256),
			   command(0xAA, 256, 256)};

	l.extended = true;
	PLAY(steps);
	for (size_t i = 0; i < 4; i++)
		ck_assert_int_eq(apdu_exchange(&l, &c[i], &out, &sw), E_OK);
	ck_assert_uint_eq(out.len, 600);
	ck_assert_mem_eq(out.data, file, 600);
	ck_assert(extended_taken && !short_only);
}
END_TEST

/* Each of these is how some card or reader says no; afterwards it is not tried again. */
START_TEST(extended_refused_once)
{
	static const char *const refusals[] = {"6700", "6E00", "6F00"};
	struct step steps[] = {
		{"00AA1122 00 0000", refusals[_i]}, {"00AA1122 00", "0102 9000"}, {"00AA1122 00", "9000"}};
	struct apdu c = command(0xAA, 0, APDU_LE_ALL);

	l.extended = true;
	PLAY(steps);
	ck_assert_int_eq(apdu_exchange(&l, &c, &out, &sw), E_OK);
	ck_assert_uint_eq(out.len, 2);
	ck_assert(short_only);
	ck_assert_int_eq(apdu_exchange(&l, &c, &out, &sw), E_OK);
}
END_TEST

START_TEST(extended_refused_by_a_broken_link)
{
	static const struct step steps[] = {{"00AA1122 00 0000", NULL}};
	struct apdu c = command(0xAA, 0, APDU_LE_ALL);

	l.extended = true;
	PLAY(steps);
	ck_assert_int_eq(apdu_exchange(&l, &c, &out, &sw), E_LINK);
	ck_assert(short_only);
	ck_assert_uint_eq(sw, 0);
}
END_TEST

START_TEST(an_error_is_an_error_once_extended_has_worked)
{
	static const struct step steps[] = {{"00AA1122 00 0000", "9000"}, {"00AA1122 00 0000", "6F00"}};
	struct apdu c = command(0xAA, 0, APDU_LE_ALL);

	l.extended = true;
	PLAY(steps);
	ck_assert_int_eq(apdu_exchange(&l, &c, &out, &sw), E_OK);
	ck_assert_int_eq(apdu_exchange(&l, &c, &out, &sw), E_REFUSED);
	ck_assert(!short_only);
}
END_TEST

START_TEST(a_reader_for_short_apdus)
{
	static const struct step steps[] = {{"00AA1122 00", "9000"}, {"00AA1122 00 0000", "9000"},
					    {"00AA1122 00 0100 ..", "9000"}, {"10AA1122 FF ..", "9000"},
					    {"00AA1122 01 FF 00", "9000"}};
	struct apdu c = command(0xAA, 0, APDU_LE_ALL);

	l.extended = true;
	l.link.max_apdu = 261;
	PLAY(steps);
	ck_assert_int_eq(apdu_exchange(&l, &c, &out, &sw), E_OK);
	l.link.max_apdu = 2048;
	ck_assert_int_eq(apdu_exchange(&l, &c, &out, &sw), E_OK);
	c = command(0xAA, 256, 256);
	l.link.max_apdu = 265; /* header, two lengths and the data, to the byte */
	ck_assert_int_eq(apdu_exchange(&l, &c, &out, &sw), E_OK);
	l.link.max_apdu = 264;
	ck_assert_int_eq(apdu_exchange(&l, &c, &out, &sw), E_OK);
}
END_TEST

START_TEST(chaining)
{
	char first[600] = "10AA1122 FF "; /* whole: no Le in it */
	struct step steps[] = {
		{first, "9000"},
		{"10AA1122 FF FF0001..", "9000"},
		{"00AA1122 02 FEFF 00", "*0:256 9000"},
		{"10AA1122 FF 000102..", "6884"},
	};
	struct apdu c = command(0xAA, 512, 256);

	for (unsigned i = 0; i < 255; i++)
		sprintf(first + strlen(first), "%02X", i);
	PLAY(steps);
	ck_assert_int_eq(apdu_exchange(&l, &c, &out, &sw), E_OK);
	ck_assert_uint_eq(out.len, 256);
	ck_assert_int_eq(apdu_exchange(&l, &c, &out, &sw), E_REFUSED);
	ck_assert_uint_eq(sw, 0x6884);
}
END_TEST

START_TEST(more_to_come)
{
	static const struct step steps[] = {
		{"00AA1122 00", "0102 6103"},
		{"00C00000 03", "03 6102"},
		{"00C00000 02", "6C01"},
		{"00C00000 01", "04 6100"},
		{"00C00000 00", "05 9000"},
	};
	struct apdu c = command(0xAA, 0, 256);

	PLAY(steps);
	ck_assert_int_eq(apdu_exchange(&l, &c, &out, &sw), E_OK);
	ck_assert_uint_eq(out.len, 5);
	ck_assert_mem_eq(out.data, "\1\2\3\4\5", 5);
}
END_TEST

START_TEST(nobody_wants_more)
{
	static const struct step steps[] = {{"00AA1122 00", "6114"}};
	struct apdu c = command(0xAA, 0, 256);

	PLAY(steps);
	ck_assert_int_eq(apdu_exchange(&l, &c, NULL, &sw), E_OK);
}
END_TEST

START_TEST(more_without_end)
{
	static const struct step steps[] = {{"00AA1122 00", "6101"}, {"00C00000 01", "6101"}};
	struct apdu c = command(0xAA, 0, 256);

	PLAY(steps);
	ck_assert_int_eq(apdu_exchange(&l, &c, &out, &sw), E_PROTOCOL);
}
END_TEST

START_TEST(more_than_an_answer_holds)
{
	static struct step steps[258];
	struct apdu c = command(0xAA, 0, 256);

	for (size_t i = 0; i < 258; i++)
		steps[i] = (struct step){i ? "00C00000 00" : "00AA1122 00", "*0:256 6100"};
	PLAY(steps);
	ck_assert_int_eq(apdu_exchange(&l, &c, &out, &sw), E_PROTOCOL);
	fake.at = fake.n;
}
END_TEST

START_TEST(the_right_length)
{
	static const struct step steps[] = {
		{"00AA1122 00", "6C05"}, {"00AA1122 05", "0102030405 9000"},
		{"00AA1122 00", "6C05"}, {"00AA1122 05", "6C06"}, {"00AA1122 00", "6C00"}, {"00AA1122 00", "*0:256 9000"},
		{"00AA1122", "6C05"},
	};
	struct apdu c = command(0xAA, 0, APDU_LE_ALL);

	PLAY(steps);
	ck_assert_int_eq(apdu_exchange(&l, &c, &out, &sw), E_OK);
	ck_assert_uint_eq(out.len, 5);
	ck_assert_int_eq(apdu_exchange(&l, &c, &out, &sw), E_REFUSED);
	ck_assert_int_eq(apdu_exchange(&l, &c, &out, &sw), E_OK);
	c.le = 0;
	ck_assert_int_eq(apdu_exchange(&l, &c, &out, &sw), E_REFUSED);
}
END_TEST

/* Whatever the card answers to a PIN, it does not get it again. */
START_TEST(a_command_that_goes_once)
{
	static const char *const answers[] = {"6C04", "6700", "6F00", "6E00", "6104", "63C2", NULL};
	static const uint8_t verify[] = {0x00, 0x20, 0x11, 0x22, 0x04, 0x00, 0x01, 0x02, 0x03};
	struct step steps[] = {{"00201122 04 00010203", answers[_i]}};

	l.extended = true;
	PLAY(steps);
	apdu_send(&l, (struct bytes){verify, sizeof verify}, NULL, &sw);
	ck_assert(!short_only);
}
END_TEST

START_TEST(more_data_than_a_command_takes)
{
	struct apdu c = command(0xAA, APDU_DATA_MAX + 1, 0);

	fake_play(NULL, 0);
	ck_assert_int_eq(apdu_exchange(&l, &c, NULL, &sw), E_TOO_LONG);
}
END_TEST

/* A card that has always more to send costs so many commands, and no more. */
START_TEST(a_card_without_end)
{
	static struct step steps[APDU_COMMANDS_MAX];
	struct apdu c = command(0xAA, 0, 256);

	for (size_t i = 0; i < APDU_COMMANDS_MAX; i++)
		steps[i] = (struct step){"00AA1122 00", "9000"};
	PLAY(steps);
	for (size_t i = 0; i < APDU_COMMANDS_MAX; i++)
		ck_assert_int_eq(apdu_exchange(&l, &c, NULL, &sw), E_OK);
	ck_assert_int_eq(apdu_exchange(&l, &c, NULL, &sw), E_TIMEOUT);
	l.commands = 1;
	l.deadline_ms = apdu_now_ms() - 1;
	ck_assert_int_eq(apdu_exchange(&l, &c, NULL, &sw), E_TIMEOUT);
	fake_over();
}
END_TEST

START_TEST(less_than_a_status_word)
{
	static const struct step steps[] = {{"00AA1122", ""}, {"00AA1122", "90"}};
	struct apdu c = command(0xAA, 0, 0);

	PLAY(steps);
	ck_assert_int_eq(apdu_exchange(&l, &c, NULL, &sw), E_LINK);
	ck_assert_int_eq(apdu_exchange(&l, &c, NULL, &sw), E_LINK);
}
END_TEST

START_TEST(status_words)
{
	static const struct {
		uint16_t sw;
		enum error e;
	} rows[] = {
		{0x9000, E_OK}, {0x6100, E_OK}, {0x6281, E_OK}, {0x6282, E_OK}, {0x6283, E_REFUSED},
		{0x6982, E_SECURITY}, {0x6A82, E_NOT_FOUND}, {0x6A88, E_NOT_FOUND}, {0x63C3, E_REFUSED},
		{0x6983, E_REFUSED}, {0x6D00, E_REFUSED}, {0x6F00, E_REFUSED}, {0x9404, E_REFUSED},
		{0x0000, E_PROTOCOL}, {0x6000, E_PROTOCOL}, {0x7000, E_PROTOCOL}, {0xFFFF, E_PROTOCOL},
	};

	fake_play(NULL, 0);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		ck_assert_msg(apdu_error(rows[i].sw) == rows[i].e, "%04X", rows[i].sw);
}
END_TEST

int main(void)
{
	const struct cases cases = {.suite = suite_create("apdu"), .setup = setup, .teardown = teardown};
	SRunner *runner = srunner_create(cases.suite);
	int failed;

	add_case(&cases, the_four_short_cases);
	add_case(&cases, extended_when_it_is_needed);
	add_loop_case(&cases, extended_refused_once, 3);
	add_case(&cases, extended_refused_by_a_broken_link);
	add_case(&cases, an_error_is_an_error_once_extended_has_worked);
	add_case(&cases, a_reader_for_short_apdus);
	add_case(&cases, chaining);
	add_case(&cases, more_to_come);
	add_case(&cases, nobody_wants_more);
	add_case(&cases, more_without_end);
	add_case(&cases, more_than_an_answer_holds);
	add_case(&cases, the_right_length);
	add_loop_case(&cases, a_command_that_goes_once, 7);
	add_case(&cases, more_data_than_a_command_takes);
	add_case(&cases, a_card_without_end);
	add_case(&cases, less_than_a_status_word);
	add_case(&cases, status_words);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
