/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>
#include "tests/check_case.h"
#include "base/text.h"

START_TEST(hex_both_ways)
{
	static const uint8_t bytes[] = {0x00, 0x9F, 0xA0, 0xFF};
	uint8_t back[4];
	char text[9];

	hex_write(bytes, sizeof bytes, text);
	ck_assert_str_eq(text, "009fa0ff");
	hex_write_upper(bytes, sizeof bytes, text);
	ck_assert_str_eq(text, "009FA0FF");
	ck_assert(hex_read("009fA0Ff", back, sizeof back));
	ck_assert_mem_eq(back, bytes, sizeof bytes);
	ck_assert(!hex_read("009fA0F", back, sizeof back));
	ck_assert(!hex_read("009fA0Ff0", back, sizeof back));
	ck_assert(!hex_read("009fA0Fg", back, sizeof back));
	ck_assert(!hex_read("009fA0/f", back, sizeof back));
}
END_TEST

static const struct {
	const char *in;
	size_t n;
	uint32_t c;
} characters[] = {
	{"A", 1, 'A'}, {"\xC2\x80", 2, 0x80}, {"\xE0\xA0\x80", 3, 0x800}, {"\xED\x9F\xBF", 3, 0xD7FF}, {"\xEF\xBF\xBF", 3, 0xFFFF},
	{"\xF0\x90\x80\x80", 4, 0x10000}, {"\xF4\x8F\xBF\xBF", 4, 0x10FFFF},
	{"\xC1\xBF", 0, 0}, {"\xE0\x9F\xBF", 0, 0}, {"\xED\xA0\x80", 0, 0}, {"\xF0\x8F\xBF\xBF", 0, 0}, {"\xF4\x90\x80\x80", 0, 0},
	{"\xF5\x80\x80\x80", 0, 0}, {"\x80", 0, 0}, {"\xC2", 0, 0}, {"\xE3\x81", 0, 0}, {"\xE3\x41\x81", 0, 0}, {"\xFF", 0, 0},
};

START_TEST(utf8_characters)
{
	uint32_t c;
	size_t n = utf8_next((const uint8_t *)characters[_i].in, strlen(characters[_i].in), &c);

	ck_assert_uint_eq(n, characters[_i].n);
	if (n > 0)
		ck_assert_uint_eq(c, characters[_i].c);
}
END_TEST

static const struct {
	const char *in, *out;
} shown[] = {
	{"", ""},
	{"Medical Doctor", "Medical Doctor"},
	{"印鑑 太郎", "印鑑 太郎"},
	{"a\tb\n", "a\\x09b\\x0A"},
	{"\x1B[2J", "\\x1B[2J"},
	{"a\xC2\x85", "a\\u0085"},
	{"a\xE2\x80\xAE" "b", "a\\u202Eb"},             /* direction */
	{"a\xE2\x81\xA6" "b", "a\\u2066b"},
	{"a\xD8\x9C" "b", "a\\u061Cb"},
	{"a\xE2\x80\x8B" "b", "a\\u200Bb"},             /* without a shape */
	{"a\xC2\xAD" "b", "a\\u00ADb"},
	{"a\xE3\x85\xA4" "b", "a\\u3164b"},
	{"a\xEF\xBE\xA0" "b", "a\\uFFA0b"},
	{"a\xE1\x85\x9F\xE1\x85\xA0", "a\\u115F\\u1160"},
	{"a\xE2\x81\xA0\xE2\x80\x8D", "a\\u2060\\u200D"},
	{"a\xE2\xA0\x80", "a\\u2800"},
	{"a\xCD\x8F", "a\\u034F"},
	{"\xEF\xBB\xBF" "a", "\\uFEFFa"},
	{"a\xF3\xA0\x81\x81", "a\\U000E0041"},          /* a tag */
	{"\xE8\x91\x9B\xF3\xA0\x84\x80\xE9\xA3\xBE", "\xE8\x91\x9B\xF3\xA0\x84\x80\xE9\xA3\xBE"}, /* 葛󠄀飾 */
	{"a\xF3\xA0\x84\x80", "a\\U000E0100"},          /* a selector that selects nothing */
	{"\xE8\x91\x9B\xF3\xA0\x84\x80\xF3\xA0\x84\x80", "\xE8\x91\x9B\xF3\xA0\x84\x80\\U000E0100"},
	{"\xEF\xB8\x8F", "\\uFE0F"},
	{"a\xFFz\xC2", "a\\xFFz\\xC2"},
	{"\xF3\xA0\x81\x81\xF3\xA0\x81\x81", "\\U000E0041\\U000E0041"},
};

START_TEST(nothing_hides)
{
	char *text = text_visible(shown[_i].in);

	ck_assert_str_eq(text, shown[_i].out);
	free(text);
}
END_TEST

/* By Perl's Unicode tables (14.0): Cc, Zl, Zp and Default_Ignorable_Code_Point; and U+2800, U+FFF9 to U+FFFB, U+FFFE, U+FFFF. */
static const uint32_t invisible[][2] = {
	{0x1, 0x1F}, {0x7F, 0x9F}, {0xAD, 0xAD}, {0x34F, 0x34F}, {0x61C, 0x61C}, {0x115F, 0x1160}, {0x17B4, 0x17B5}, {0x180B, 0x180F},
	{0x200B, 0x200F}, {0x2028, 0x202E}, {0x2060, 0x206F}, {0x2800, 0x2800}, {0x3164, 0x3164}, {0xFE00, 0xFE0F}, {0xFEFF, 0xFEFF},
	{0xFFA0, 0xFFA0}, {0xFFF0, 0xFFFB}, {0xFFFE, 0xFFFF}, {0x1BCA0, 0x1BCA3}, {0x1D173, 0x1D17A}, {0xE0000, 0xE0FFF},
};

START_TEST(every_character)
{
	size_t at = 0;

	for (uint32_t c = 1; c <= 0x10FFFF; c++) {
		uint8_t in[5] = {0};
		bool hides;
		char *text;

		if (c < 0x80) {
			in[0] = (uint8_t)c;
		} else if (c < 0x800) {
			in[0] = (uint8_t)(0xC0 | c >> 6);
			in[1] = (uint8_t)(0x80 | (c & 0x3F));
		} else if (c < 0x10000) {
			in[0] = (uint8_t)(0xE0 | c >> 12);
			in[1] = (uint8_t)(0x80 | (c >> 6 & 0x3F));
			in[2] = (uint8_t)(0x80 | (c & 0x3F));
		} else {
			in[0] = (uint8_t)(0xF0 | c >> 18);
			in[1] = (uint8_t)(0x80 | (c >> 12 & 0x3F));
			in[2] = (uint8_t)(0x80 | (c >> 6 & 0x3F));
			in[3] = (uint8_t)(0x80 | (c & 0x3F));
		}
		at += at + 1 < sizeof invisible / sizeof *invisible && c > invisible[at][1];
		hides = (c >= invisible[at][0] && c <= invisible[at][1]) || (c >= 0xD800 && c < 0xE000);
		text = text_visible((const char *)in);
		ck_assert_msg((strcmp(text, (const char *)in) != 0) == hides, "U+%04X: %s", (unsigned)c, text);
		free(text);
	}
}
END_TEST

static const struct {
	const char *text;
	time_t t; /* 0: refused */
} times[] = {
	{"2026-11-20T12:00:00Z", 1795176000}, {"2026-11-20T21:00:00+0900", 1795176000}, {"2026-11-20T21:00:00+09:00", 1795176000},
	{"2024-02-29", 1709132400}, {"2024-02-29T00:00:00Z", 1709164800}, {"1970-01-01T00:00:01Z", 1},
	{"1970-01-01T00:00:00Z", 0}, {"2026-02-29", 0}, {"2026-02-30T00:00:00Z", 0}, {"2026-13-01", 0}, {"2026-11-20 ", 0},
	{"2026-11-20T06:30:00-05:30", 1795176000}, {"2026-11-20T21:00:00+09", 1795176000}, {"2026-11-20T02:00:00+1400", 1795089600},
	{"2026-11-20T12:00:00+9", 0}, {"2026-11-20T12:00:00+090", 0}, {"2026-11-20T12:00:00+09:0", 0}, {"2026-11-20T12:00:00+0960", 0},
	{"2026-11-20T12:00:00+1500", 0}, {"2026-11-20T12:00:00+09:00:00", 0}, {"2026-11-20T12:00:00+09x", 0}, {"2026-11-20T12:00:00+", 0},
	{"2026-11-20T12:00:00", 0}, {"2026-11-20T12:00:00Zz", 0}, {"", 0}, {"today", 0},
};

START_TEST(times_are_read)
{
	time_t t = 0;

	setenv("TZ", "Asia/Tokyo", 1);
	tzset();
	ck_assert_int_eq(time_read(times[_i].text, &t), times[_i].t != 0);
	if (times[_i].t)
		ck_assert_int_eq(t, times[_i].t);
}
END_TEST

START_TEST(times_are_written)
{
	char text[TIME_TEXT_SIZE];

	time_write(1795176000, text);
	ck_assert_str_eq(text, "2026-11-20T12:00:00Z");
	time_write(253402300799, text);
	ck_assert_str_eq(text, "9999-12-31T23:59:59Z");
	time_write(253402300800, text); /* a year of five digits */
	ck_assert_str_eq(text, "");
}
END_TEST

int main(void)
{
	const struct cases cases = {.suite = suite_create("text"), .seconds = 60};
	SRunner *runner = srunner_create(cases.suite);
	int failed;

	add_case(&cases, hex_both_ways);
	add_loop_case(&cases, utf8_characters, sizeof characters / sizeof *characters);
	add_loop_case(&cases, nothing_hides, sizeof shown / sizeof *shown);
	add_case(&cases, every_character);
	add_loop_case(&cases, times_are_read, sizeof times / sizeof *times);
	add_case(&cases, times_are_written);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
