/* SPDX-License-Identifier: BSD-2-Clause */
/* Files as cards give them, and what their directories add up to. */
#include <stdio.h>
#include <unistd.h>
#include "tests/check_case.h"
#include "base/log.h"
#include "card_script.h"

#define READ_OWN BEGIN, {SELECT_HPKI_AUTH, FCI(HPKI_AUTH_AID)}, {FILE_("0016"), "9000"}

static void setup(void)
{
	static const struct step steps[] = {OPEN_JMA};

	make_file(1414);
	PLAY(steps);
	ck_assert_int_eq(open_card(profiles_auth), E_OK);
	fake_over();
	pages_free(card->certs[0].der);
	card->certs[0].der = NULL;
}

static void teardown(void)
{
	fake_over();
	card_free(&card);
}

static void check_read(enum error e)
{
	ck_assert_int_eq(card_read_cert(card, 0), e);
	if (e == E_OK) {
		ck_assert_uint_eq(card->certs[0].der_len, 1414);
		ck_assert_mem_eq(card->certs[0].der, fake.file, 1414);
	} else {
		ck_assert_ptr_null(card->certs[0].der);
	}
}

START_TEST(read_once)
{
	static const struct step steps[] = {READ_OWN, {"00B00000 00 0000", "*0:1414 9000"}, END};

	PLAY(steps);
	check_read(E_OK);
	check_read(E_OK);
	ck_assert_int_eq(card_read_cert(card, 1), E_ARGUMENT);
}
END_TEST

START_TEST(in_blocks_of_any_size)
{
	static const struct step steps[] = {
		READ_OWN, {"00B00000 00 0000", "*0:4 9000"}, {"00B00004 00 0000", "*4:999 9000"},
		{"00B003EB 00 0000", "*1003:300 6282"}, {"00B00517 00 0000", "*1303:500 9000"}, END};

	PLAY(steps);
	check_read(E_OK);
}
END_TEST

START_TEST(a_file_that_ends_early)
{
	static const struct step steps[] = {
		READ_OWN, {"00B00000 00 0000", "*0:1000 6282"}, {"00B003E8 00 0000", "6B00"}, END,
		READ_OWN, {"00B00000 00 0000", "*0:1000 9000"}, {"00B003E8 00 0000", "9000"}, END,
		READ_OWN, {"00B00000 00 0000", "*0:1000 9000"}, {"00B003E8 00 0000", "6F00"}, END};

	PLAY(steps);
	check_read(E_FORMAT);
	check_read(E_FORMAT);
	check_read(E_REFUSED);
}
END_TEST

START_TEST(what_is_no_certificate)
{
	static const struct {
		const char *answer;
		enum error e;
	} rows[] = {
		{"FFFFFFFF 9000", E_NOT_FOUND}, {"00000000 9000", E_NOT_FOUND}, {"9000", E_NOT_FOUND},
		{"6B00", E_NOT_FOUND},          {"6982", E_SECURITY},           {"04820582 00 9000", E_FORMAT},
		{"3080 00 9000", E_FORMAT},     {"30837FFF FF 9000", E_FORMAT}, {"3084FFFFFFFF 9000", E_FORMAT},
		{"30 9000", E_FORMAT},          {"6581", E_REFUSED},
	};
	struct step steps[] = {READ_OWN, {"00B00000 00 0000", rows[_i].answer}, END};

	PLAY(steps);
	check_read(rows[_i].e);
}
END_TEST

START_TEST(no_such_file)
{
	static const struct step steps[] = {
		BEGIN, {SELECT_HPKI_AUTH, FCI(HPKI_AUTH_AID)}, {FILE_("0016"), "6A82"}, END};

	PLAY(steps);
	check_read(E_NOT_FOUND);
}
END_TEST

/* An HPKI card is opened with these directories; 6A82 for one that is not there. */
static void open_with(const char *prkd, const char *aod, const char *cd, const char *own)
{
	struct step steps[] = {
		BEGIN, {SELECT_HPKI_AUTH, FCI(HPKI_AUTH_AID)}, {"00B09100 00 0000", JMA_OD}, {FILE_("0002"), "9000"},
		{"00B00000 00 0000", prkd}, {FILE_("0001"), "9000"}, {"00B00000 00 0000", aod}, {FILE_("0004"), "9000"},
		{"00B00000 00 0000", cd}, {own, "9000"}, {"00B00000 00 0000", "*0:5000 9000"}, END};

	card_free(&card);
	PLAY(steps);
	ck_assert_int_eq(open_card(profiles_auth), E_OK);
}

/* Objects of EF.CD: label of one letter, iD, FID, with and without authority. */
#define CERT(label, id, fid) "3014 3003 0C01" label " 3003 0401" id " A108 3006 3004 0402" fid " "
#define AUTHORITY(label, id, fid) "3017 3003 0C01" label " 3006 0401" id " 0101FF A108 3006 3004 0402" fid " "
#define MHLW "3029 3015 0C13 4D484C57204341204345525449464943415445 3006 040119 0101FF A108 3006 3004 04020019 "
#define OK "9000"

START_TEST(the_own_certificate_is_the_keys)
{
	open_with(JMA_PRKD, JMA_AOD, AUTHORITY("41", "19", "0019") CERT("42", "18", "0018") CERT("43", "17", "0016") OK,
	          FILE_("0016"));
	ck_assert_uint_eq(card->n_certs, 3);
	ck_assert_str_eq(card->certs[0].label, "C");
	ck_assert_str_eq(card->certs[1].label, "A");
	ck_assert_str_eq(card->certs[2].label, "B");
	ck_assert_int_eq(card->certs[0].role, CERT_OWN);
	ck_assert_int_eq(card->certs[1].role, CERT_CA);
	ck_assert_int_eq(card->certs[2].role, CERT_CA);
}
END_TEST

START_TEST(the_own_certificate_is_no_authoritys)
{
	open_with(JMA_PRKD, JMA_AOD, AUTHORITY("41", "17", "0019") CERT("42", "18", "0018") CERT("43", "19", "0016") OK,
	          FILE_("0018"));
	ck_assert_str_eq(card->certs[0].label, "B");
	ck_assert_int_eq(card->certs[2].role, CERT_CA);
}
END_TEST

START_TEST(only_authorities_are_listed)
{
	open_with(JMA_PRKD, JMA_AOD, AUTHORITY("41", "19", "0019") OK, FILE_("0016"));
	ck_assert_uint_eq(card->n_certs, 2);
	ck_assert_str_eq(card->certs[0].label, "HPKI END ENTITY CERTIFICATE");
	ck_assert_str_eq(card->certs[1].label, "A");
	ck_assert_uint_eq(card->certs[0].id.data[0], 0x17);
}
END_TEST

START_TEST(the_root_is_known_by_its_label)
{
	open_with(JMA_PRKD, JMA_AOD, CERT("43", "17", "0016") MHLW AUTHORITY("41", "1A", "001A") OK, FILE_("0016"));
	ck_assert_str_eq(card->certs[1].label, "MHLW CA CERTIFICATE");
	ck_assert_int_eq(card->certs[1].role, CERT_ROOT);
	ck_assert_int_eq(card->certs[2].role, CERT_CA);
}
END_TEST

/* Key and certificate belong together whichever directory is missing. */
START_TEST(ids_that_only_one_directory_tells)
{
	open_with("6A82", JMA_AOD, CERT("43", "45", "0018") OK, FILE_("0018"));
	ck_assert_uint_eq(card->key.id.data[0], 0x45);
	ck_assert_str_eq(card->key.label, "Private key of HPKI");
	fake_over();
	open_with(JMA_PRKD, JMA_AOD, "3011 3000 3003 040117 A108 3006 3004 04020016 9000", FILE_("0016"));
	ck_assert_str_eq(card->certs[0].label, "HPKI END ENTITY CERTIFICATE");
	fake_over();
	open_with("301B 3006 0C014B 040108 3003 040145 A10C 300A 3004 0402000E 02020800 9000", JMA_AOD, "6A82",
	          FILE_("0016"));
	ck_assert_uint_eq(card->key.file.fid, 0x000E);
	ck_assert_uint_eq(card->key.id.data[0], 0x45);
	ck_assert_uint_eq(card->certs[0].id.data[0], 0x45);
}
END_TEST

START_TEST(a_broken_pin_directory)
{
	static const char *const rows[] = {"30020101 9000", "3080 123456789ABC 9000", "3083FFFFFF 9000", "FFFF 9000"};

	open_with(JMA_PRKD, rows[_i], JMA_CD, FILE_("0016"));
	ck_assert_uint_eq(card->pin.rule.reference, 0x88);
	ck_assert_uint_eq(card->pin.rule.max, 16);
}
END_TEST

/* A row that fills its blocks exactly is read on; padding ends it. */
START_TEST(a_directory_of_many_blocks)
{
	static uint8_t row[600];
	struct step steps[] = {
		BEGIN, {SELECT_HPKI_AUTH, FCI(HPKI_AUTH_AID)}, {"00B09100 00 0000", JMA_OD}, {FILE_("0002"), "9000"},
		{"00B00000 00 0000", "*0:256 9000"}, {"00B00100 00 0000", "*256:256 9000"},
		{FILE_("0001"), "9000"}, {"00B00000 00 0000", JMA_AOD}, {FILE_("0004"), "9000"},
		{"00B00000 00 0000", "6A82"}, {FILE_("0016"), "9000"}, {"00B00000 00 0000", "30021234 9000"}, END};

	card_free(&card);
	memset(row, 0xFF, sizeof row);
	row[0] = 0xBF; /* an object of 256 bytes that nobody knows, then the key */
	row[1] = 0x21;
	row[2] = 0x81;
	row[3] = 252;
	from_hex("301B 3006 0C014B 040108 3003 040145 A10C 300A 3004 0402000E 02020800", row + 256, 40);
	fake.file = row;
	fake.file_len = sizeof row;
	PLAY(steps);
	ck_assert_int_eq(open_card(profiles_auth), E_OK);
	ck_assert_uint_eq(card->key.file.fid, 0x000E);
	ck_assert_uint_eq(card->certs[0].der_len, 4);
}
END_TEST

/* Nor is it hidden what went wrong: command and status word, or that none came, once. */
/* A directory of which the card gives but a part is as good as none. */
START_TEST(a_directory_that_breaks_off)
{
	static uint8_t row[256];
	struct step steps[] = {
		BEGIN, {SELECT_HPKI_AUTH, FCI(HPKI_AUTH_AID)}, {"00B09100 00 0000", JMA_OD}, {FILE_("0002"), "9000"},
		{"00B00000 00 0000", "*0:256 9000"}, {"00B00100 00 0000", "6581"},
		{FILE_("0001"), "9000"}, {"00B00000 00 0000", JMA_AOD}, {FILE_("0004"), "9000"},
		{"00B00000 00 0000", "6A82"}, {FILE_("0016"), "9000"}, {"00B00000 00 0000", "30021234 9000"}, END};

	card_free(&card);
	from_hex("301B 3006 0C014B 040108 3003 040145 A10C 300A 3004 0402000E 02020800", row, 29);
	row[29] = 0xBF; /* and an object of 227 bytes that nobody knows */
	row[30] = 0x21;
	row[31] = 0x81;
	row[32] = 223;
	fake.file = row;
	fake.file_len = sizeof row;
	PLAY(steps);
	ck_assert_int_eq(open_card(profiles_auth), E_OK);
	ck_assert_uint_eq(card->key.file.fid, 0x000C);
}
END_TEST

START_TEST(personal_files_are_not_logged)
{
	static const char refused[] = "READ BINARY 8A 00: status word 6700", cut[] = "SELECT 04 00: ";
	static const struct step steps[] = {BEGIN, {SELECT_HPKI_AUTH, NULL}, END, OPEN_JPKI_SHORT("*0:256 9000"),
					    {"00B00100 00", "*256:44 9000"}, END};
	char path[] = "/tmp/inkan-test-card-XXXXXX", text[8192];
	int fd = mkstemp(path);
	size_t n;
	FILE *f;

	ck_assert_int_ge(fd, 0);
	close(fd);
	setenv("INKAN_DEBUG", "trace", 1);
	setenv("INKAN_DEBUG_FILE", path, 1);
	log_start("test");
	make_file(300);
	card_free(&card);
	PLAY(steps);
	ck_assert_int_eq(open_card(profiles_auth), E_OK);
	f = fopen(path, "re");
	n = fread(text, 1, sizeof text - 1, f);
	text[n] = '\0';
	fclose(f);
	unlink(path);
	ck_assert_ptr_nonnull(strstr(text, "00B08A0000"));
	ck_assert_ptr_nonnull(strstr(text, "(256 bytes not shown) 9000"));
	ck_assert_ptr_nonnull(strstr(text, refused));
	ck_assert_ptr_null(strstr(strstr(text, refused) + 1, refused));
	ck_assert_ptr_nonnull(strstr(text, cut)); /* error_text of a broken link comes then */
	ck_assert_ptr_eq(strstr(text, error_text(E_LINK)), strstr(text, cut) + strlen(cut));
	ck_assert_ptr_null(strstr(text, "2C37424D58")); /* bytes of the file */
	ck_assert_ptr_null(strstr(text, "4A504B49"));   /* and of EF 0006 */
}
END_TEST

int main(void)
{
	const struct cases cases = {.suite = suite_create("card: files"), .setup = setup, .teardown = teardown};

	add_case(&cases, read_once);
	add_case(&cases, in_blocks_of_any_size);
	add_case(&cases, a_file_that_ends_early);
	add_loop_case(&cases, what_is_no_certificate, 11);
	add_case(&cases, no_such_file);
	add_case(&cases, the_own_certificate_is_the_keys);
	add_case(&cases, the_own_certificate_is_no_authoritys);
	add_case(&cases, only_authorities_are_listed);
	add_case(&cases, the_root_is_known_by_its_label);
	add_case(&cases, ids_that_only_one_directory_tells);
	add_loop_case(&cases, a_broken_pin_directory, 4);
	add_case(&cases, a_directory_of_many_blocks);
	add_case(&cases, a_directory_that_breaks_off);
	add_case(&cases, personal_files_are_not_logged);
	return run_suite(cases.suite);
}
