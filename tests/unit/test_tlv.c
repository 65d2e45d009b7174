/* SPDX-License-Identifier: BSD-2-Clause */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "base/tlv.h"

#define BYTES(...) ((struct bytes){(const uint8_t[]){__VA_ARGS__}, sizeof((uint8_t[]){__VA_ARGS__})})

START_TEST(takes_objects_off_the_front)
{
	struct bytes in = BYTES(0x30, 0x02, 0xAA, 0xBB, 0x7F, 0x21, 0x81, 0x01, 0xCC, 0x04, 0x00, 0xFF);
	struct tlv t;

	ck_assert(tlv_next(&in, &t));
	ck_assert_uint_eq(t.tag, 0x30);
	ck_assert_uint_eq(t.value.len, 2);
	ck_assert_uint_eq(t.value.data[0], 0xAA);
	ck_assert_uint_eq(t.whole.len, 4);
	ck_assert(tlv_next(&in, &t));
	ck_assert_uint_eq(t.tag, 0x7F21);
	ck_assert_uint_eq(t.value.len, 1);
	ck_assert_uint_eq(t.whole.len, 5);
	ck_assert(tlv_next(&in, &t));
	ck_assert_uint_eq(t.tag, 0x04);
	ck_assert_uint_eq(t.value.len, 0);
	ck_assert(!tlv_next(&in, &t));
	ck_assert_uint_eq(in.len, 1);
}
END_TEST

START_TEST(lengths)
{
	struct tlv t;
	struct bytes two = BYTES(0x04, 0x82, 0x00, 0x01, 0xAA), four = BYTES(0x04, 0x84, 0, 0, 0, 1, 0xAA);

	ck_assert(tlv_next(&two, &t) && t.value.len == 1);
	ck_assert(tlv_next(&four, &t) && t.value.len == 1);
}
END_TEST

START_TEST(what_does_not_parse_stays)
{
	const struct bytes rows[] = {
		BYTES(0x00, 0x01, 0x00),             /* padding */
		BYTES(0xFF, 0xFF),                   /* padding */
		BYTES(0x30),                         /* no length */
		BYTES(0x30, 0x80, 0x00, 0x00),       /* indefinite */
		BYTES(0x30, 0x03, 0x01, 0x02),       /* past the end */
		BYTES(0x30, 0x82, 0x01),             /* a length cut short */
		BYTES(0x30, 0x85, 0, 0, 0, 0, 1, 0), /* a length of five bytes */
		BYTES(0x30, 0x84, 0xFF, 0xFF, 0xFF, 0xFF),
		BYTES(0x1F),                         /* a tag cut short */
		BYTES(0x1F, 0x81),
		BYTES(0x1F, 0x81, 0x82, 0x03, 0x00), /* a tag of four bytes */
	};
	struct tlv t;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct bytes in = rows[i];

		ck_assert_msg(!tlv_next(&in, &t), "row %zu", i);
		ck_assert(in.data == rows[i].data && in.len == rows[i].len);
	}
	ck_assert(!tlv_next(&(struct bytes){NULL, 0}, &t));
}
END_TEST

START_TEST(finds_the_first_of_a_tag)
{
	struct bytes in = BYTES(0x02, 0x01, 0x01, 0x04, 0x01, 0xAA, 0x04, 0x01, 0xBB);
	struct tlv t;

	ck_assert(tlv_find(in, 0x04, &t));
	ck_assert_uint_eq(t.value.data[0], 0xAA);
	ck_assert(!tlv_find(in, 0x05, &t));
	ck_assert(!tlv_find((struct bytes){NULL, 0}, 0x04, &t));
}
END_TEST

START_TEST(announces_lengths)
{
	ck_assert_uint_eq(tlv_announced(BYTES(0x30, 0x82, 0x05, 0x82)), 0x0586);
	ck_assert_uint_eq(tlv_announced(BYTES(0x30, 0x05)), 7);
	ck_assert_uint_eq(tlv_announced(BYTES(0x30, 0x82, 0x05)), 0);
	ck_assert_uint_eq(tlv_announced(BYTES(0x30, 0x80)), 0);
	/* which is 5 in 32 bits */
	ck_assert_uint_ne(tlv_announced(BYTES(0x30, 0x84, 0xFF, 0xFF, 0xFF, 0xFF)), 5);
	ck_assert_uint_eq(tlv_announced(BYTES(0xFF, 0x05)), 0);
	ck_assert_uint_eq(tlv_announced(BYTES(0x00, 0x05)), 0);
	ck_assert_uint_eq(tlv_announced((struct bytes){NULL, 0}), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("tlv");
	TCase *tc = tcase_create("tlv");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tc, takes_objects_off_the_front);
	tcase_add_test(tc, lengths);
	tcase_add_test(tc, what_does_not_parse_stays);
	tcase_add_test(tc, finds_the_first_of_a_tag);
	tcase_add_test(tc, announces_lengths);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
