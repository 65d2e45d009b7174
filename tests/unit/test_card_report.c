/* SPDX-License-Identifier: BSD-2-Clause */
/* What a card report shows of a card's bytes, and what it hides: directories that have
 * everything in them for which ISO/IEC 7816-15 has a place. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "src/tool/card_report.h"

static char *text;
static size_t size;

static struct bytes bytes_of(const char *hex, uint8_t *out)
{
	size_t n = 0;

	for (; *hex; hex++) {
		unsigned byte;

		if (*hex == ' ')
			continue;
		ck_assert_int_eq(sscanf(hex, "%2x", &byte), 1);
		out[n++] = (uint8_t)byte;
		hex++;
	}
	return (struct bytes){out, n};
}

static const char *masked(const char *hex, enum shown kind)
{
	static uint8_t bytes[512];
	FILE *f;

	free(text);
	text = NULL;
	f = open_memstream(&text, &size);
	put_masked(f, bytes_of(hex, bytes), kind);
	fclose(f);
	return text;
}

START_TEST(labels_paths_and_references_are_shown)
{
	ck_assert_str_eq(masked("A006300404020002 A80530030401C8", SHOW_DIRECTORY), "A006300404020002A80530030401C8");
	ck_assert_str_eq(masked("3012 30050C0350494E 3003040108 A104 80020088", SHOW_DIRECTORY),
	                 "301230050C0350494E3003040108A10480020088");
	/* PrKD: label, iD, keyReference, path, modulusLength */
	ck_assert_str_eq(masked("3020 30050C034B6579 300B040117 03020520 0202008C A10A 3008 04023F00 02020800",
	                        SHOW_DIRECTORY),
	                 "302030050C034B6579300B040117030205200202008CA10A300804023F0002020800");
}
END_TEST

START_TEST(names_and_numbers_are_hidden)
{
	/* CIAInfo.serialNumber and manufacturerID */
	ck_assert_str_eq(masked("3016 020101 040412345678 0C034A4D41 8004 48504B49 0500", SHOW_CIA_INFO),
	                 "30160201010404********0C034A4D41800448504B490500");
	/* an iD of twenty bytes is made of the key */
	ck_assert_str_eq(masked("3016 0414 000102030405060708090A0B0C0D0E0F10111213", SHOW_DIRECTORY),
	                 "30160414****************************************");
	/* a Name: SET { SEQUENCE { OID, UTF8String } }, and one in PrintableString */
	ck_assert_str_eq(masked("3012 310E 300C 0603550403 0C0548414E414B 0500", SHOW_CERTIFICATES),
	                 "3012310E300C06035504030C05**********0500");
	ck_assert_str_eq(masked("1305 48414E414B", SHOW_DIRECTORY), "1305**********");
	/* a certificate's serial number beside its path; a path's own numbers stay */
	ck_assert_str_eq(masked("3010 300A 04020016 020100 8001 20 0202 1234", SHOW_CERTIFICATES),
	                 "3010300A04020016020100800120" "0202****");
	/* dates */
	ck_assert_str_eq(masked("180F 32303236303130313030303030305A", SHOW_DIRECTORY),
	                 "180F******************************");
	/* FCI: nothing but the name */
	ck_assert_str_eq(masked("6F08 8402E828 5F200112", SHOW_FCI), "6F088402E8285F2001**");
}
END_TEST

START_TEST(what_is_not_understood_is_hidden)
{
	ck_assert_str_eq(masked("0C0848414E41", SHOW_DIRECTORY), "************");
	ck_assert_str_eq(masked("48414E414B4F", SHOW_DIRECTORY), "************");
	ck_assert_str_eq(masked("3003020101 0000 4841", SHOW_DIRECTORY), "3003020101********");
	ck_assert_str_eq(masked("", SHOW_DIRECTORY), "");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("card report");
	TCase *c = tcase_create("text");
	SRunner *runner;
	int failed;

	tcase_add_test(c, labels_paths_and_references_are_shown);
	tcase_add_test(c, names_and_numbers_are_hidden);
	tcase_add_test(c, what_is_not_understood_is_hidden);
	suite_add_tcase(suite, c);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	free(text);
	return failed ? 1 : 0;
}
