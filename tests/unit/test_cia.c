/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tests/check_case.h"
#include "card/cia.h"
#include "der.h"

/* The directories of JMA cards, as far as dumps of them are public, and of the
 * example in JAHIS 24-002, Annex B, where paths are short identifiers. */
#define JMA_OD "A0{30{04{0002}}} A1{30{04{0003}}} A4{30{04{0004}}} A7{30{04{0005}}} A8{30{04{0001}}} FFFFFF"
#define JMA_AOD \
	"30{30{0C{\"PIN\"} 03{0780}} 30{04{08}} A1{03{03C8} 0A{02} 02{04} 02{00} 02{10} 80{0088}}} FFFF"
#define ANNEX_B_OD "A0{30{04{A0}}} A4{30{04{A8}}} A8{30{04{98}}}"
#define ANNEX_B_AOD \
	"30{30{0C{\"PIN \"} 03{0640}} 30{04{16}} A1{30{03{03C8} 0A{02} 02{04} 02{10} 02{10} 80{96}}}}"
#define ANNEX_B_PRKD \
	"30{30{0C{\"Private key of HPKI\"} 03{0780} 04{16} 02{01} 30{30{03{0520} 04{16}}}}" \
	"   30{04{17} 03{060040}} A1{30{30{04{B8}} 02{0800}}}}"
#define CERT(label, id, flag, path) "30{30{0C{\"" label "\"}} 30{04{" id "} " flag "} A1{30{30{04{" path "}}}}}"
#define ANNEX_B_CD \
	CERT("HPKI END ENTITY CERTIFICATE", "17", "", "C0") CERT(" MHLW CA CERTIFICATE ", "19", "01{FF}", "C8") \
	CERT(" HPKI ROOT CA CERTIFICATE", "1A", "01{FF}", "D0") CERT(" HPKI CA CERTIFICATE ", "1B", "01{FF}", "D8")

static struct der der;

static struct bytes draw(const char *drawing)
{
	der = der_draw(drawing);
	return (struct bytes){der.data, der.len};
}

static void check_file(struct file_ref f, uint16_t fid, uint8_t sfi)
{
	ck_assert_uint_eq(f.fid, fid);
	ck_assert_uint_eq(f.sfi, sfi);
}

START_TEST(object_directory)
{
	struct cia_od od;

	cia_read_od(draw(JMA_OD), &od);
	check_file(od.keys, 0x0002, 0);
	check_file(od.pins, 0x0001, 0);
	ck_assert_uint_eq(od.n_certs, 1);
	check_file(od.certs[0], 0x0004, 0);
	cia_read_od(draw(ANNEX_B_OD), &od);
	check_file(od.keys, 0, 0x14);
	check_file(od.pins, 0, 0x13);
	check_file(od.certs[0], 0, 0x15);
}
END_TEST

START_TEST(object_directory_of_another_kind)
{
	struct cia_od od;

	/* bare OCTET STRINGs, trusted and useful certificates, unknown choices, a second key directory */
	cia_read_od(draw("AB{30{04{0009}}} A0{04{3F0050150002}} A0{30{04{0007}}} A4{30{04{0004}}} "
	                 "A5{30{04{0005}}} A6{30{04{0006}}} A8{30{02{05} 04{0001}}}"),
	            &od);
	check_file(od.keys, 0x0002, 0);
	check_file(od.pins, 0x0001, 0);
	ck_assert_uint_eq(od.n_certs, 3);
	check_file(od.certs[2], 0x0006, 0);
	cia_read_od(draw("FFFFFF"), &od);
	ck_assert_uint_eq(od.n_certs + od.keys.fid + od.pins.fid, 0);
	cia_read_od(draw("A4{30{04{01}}} A4{30{04{0001}}} A4{30{04{0001}}} A4{30{04{0001}}} A4{30{04{0001}}} "
	                 "A4{30{04{0001}}}"),
	            &od);
	ck_assert_uint_eq(od.n_certs, CIA_CERT_DIRS_MAX);
}
END_TEST

START_TEST(paths)
{
	static const struct {
		const char *path;
		uint16_t fid;
		uint8_t sfi;
	} rows[] = {
		{"08", 0, 1},      {"F0", 0, 30},          {"F8", 0, 0},   {"00", 0, 0},         {"B9", 0, 0},
		{"0016", 0x16, 0}, {"3F0050150016", 0x16, 0}, {"0000", 0, 0}, {"3F00", 0, 0},       {"FFFF", 0, 0},
		{"", 0, 0},        {"08500016", 0x16, 0},  {"3FFF", 0, 0}, {"0850150016", 0x16, 0},
	};
	char drawing[100];
	struct cia_od od;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		snprintf(drawing, sizeof drawing, "A0{30{04{%s}}}", rows[i].path);
		cia_read_od(draw(drawing), &od);
		check_file(od.keys, rows[i].fid, rows[i].sfi);
	}
}
END_TEST

static const struct pin_profile usual = {.reference = 0x42, .min = 5, .max = 9, .tries = 15, .change = true};
static const struct card_id nobody;

static struct pin_profile pin_of(const char *drawing, bool found)
{
	struct pin_profile rule = usual;

	ck_assert_int_eq(cia_read_pin(draw(drawing), &nobody, &rule), found);
	ck_assert_uint_eq(rule.tries, 15);
	ck_assert(rule.change);
	return rule;
}

static void check_pin(struct pin_profile p, uint8_t reference, uint8_t min, uint8_t stored, uint8_t max)
{
	ck_assert_uint_eq(p.reference, reference);
	ck_assert_uint_eq(p.min, min);
	ck_assert_uint_eq(p.stored, stored);
	ck_assert_uint_eq(p.max, max);
}

START_TEST(pins)
{
	check_pin(pin_of(JMA_AOD, true), 0x88, 4, 0, 16);
	check_pin(pin_of(ANNEX_B_AOD, true), 0x96, 4, 0, 16);
	ck_assert_int_eq(pin_of(JMA_AOD, true).alphabet, PIN_ASCII);
}
END_TEST

#define AOD(content) "30{30{} 30{} A1{30{" content "}}}"

START_TEST(pins_of_another_kind)
{
	struct pin_profile p;

	/* needs-padding (bit 5), numeric, pad character, lengths that padding limits */
	p = pin_of(AOD("03{02CC} 0A{01} 02{04} 02{08} 02{0C} 80{81} 04{20}"), true);
	check_pin(p, 0x81, 4, 8, 8);
	ck_assert_int_eq(p.alphabet, PIN_DIGITS);
	ck_assert_uint_eq(p.pad, 0x20);
	/* padding without a character: FF; no longest length: the stored one; reference as it was */
	p = pin_of(AOD("03{02CC} 0A{02} 02{04} 02{08}"), true);
	check_pin(p, 0x42, 4, 8, 8);
	ck_assert_uint_eq(p.pad, 0xFF);
	/* lengths that make no sense leave those of the profile */
	check_pin(pin_of(AOD("03{03C8} 0A{02} 02{10} 02{00} 02{04} 80{88}"), true), 0x88, 5, 0, 9);
	check_pin(pin_of(AOD("03{03C8} 0A{02} 02{04} 02{00} 02{0100} 80{88}"), true), 0x88, 5, 0, 9);
	check_pin(pin_of(AOD("03{03C8} 0A{02} 02{00} 02{00} 02{08} 80{88}"), true), 0x88, 5, 0, 9);
	check_pin(pin_of(AOD("03{03C8} 0A{02}"), true), 0x42, 5, 0, 9);
	/* codings that are not sent as typed, a reference that is no byte, no flags */
	check_pin(pin_of(AOD("03{03C8} 0A{00} 02{04} 02{00} 02{10} 80{88}"), false), 0x42, 5, 0, 9);
	check_pin(pin_of(AOD("03{03C8} 0A{02} 02{04} 02{00} 02{10} 80{0188}"), false), 0x42, 5, 0, 9);
	check_pin(pin_of(AOD("0A{02} 02{04} 02{00} 02{10} 80{88}"), false), 0x42, 5, 0, 9);
}
END_TEST

#define PIN(id, flags, reference) \
	"30{30{} 30{04{" id "}} A1{30{03{" flags "} 0A{02} 02{04} 02{00} 02{10} 80{" reference "}}}}"

START_TEST(the_pin_that_the_key_names)
{
	/* an unblocking code (bit 6), a security officer's (bit 7), a biometric template, two PINs */
	const char *row = PIN("01", "0102", "81") PIN("02", "0001", "82") "A0{30{} 30{}}"
			  PIN("03", "03C8", "83") PIN("04", "03C8", "84");
	struct card_id four = {.data = {4}, .len = 1}, nine = {.data = {9}, .len = 1};
	struct pin_profile rule = usual;

	ck_assert(cia_read_pin(draw(row), &four, &rule));
	ck_assert_uint_eq(rule.reference, 0x84);
	ck_assert(cia_read_pin(draw(row), &nine, &rule));
	ck_assert_uint_eq(rule.reference, 0x83);
	ck_assert(cia_read_pin(draw(row), &nobody, &rule));
	ck_assert_uint_eq(rule.reference, 0x83);
}
END_TEST

static struct card_key key_of(const char *drawing, bool found, struct card_id *auth)
{
	struct card_key key = {.label = "usual", .file = {.fid = 0x0C}, .bits = 2048};

	*auth = (struct card_id){0};
	ck_assert_int_eq(cia_read_key(draw(drawing), &key, auth), found);
	return key;
}

START_TEST(keys)
{
	struct card_id auth;
	struct card_key key = key_of(ANNEX_B_PRKD, true, &auth);

	ck_assert_str_eq(key.label, "Private key of HPKI");
	ck_assert(auth.len == 1 && auth.data[0] == 0x16);
	ck_assert(key.id.len == 1 && key.id.data[0] == 0x17);
	ck_assert(key.user_consent);
	ck_assert_uint_eq(key.bits, 2048);
	ck_assert_uint_eq(key.reference, 0);
	check_file(key.file, 0, 0x17);
}
END_TEST

START_TEST(keys_of_another_kind)
{
	struct card_id auth;
	struct card_key key;

	/* an EC key first; IMPLICIT attributes; a key reference; 4096 bits; no label, no consent */
	key = key_of("A0{30{} 30{04{01}}} 30{30{} 30{04{4501} 03{0520} 01{FF} 03{0340} 02{008C}} A0{30{}} "
	             "A1{30{04{3F000012}} 02{1000}}}",
	             true, &auth);
	ck_assert_str_eq(key.label, "usual");
	ck_assert(key.id.len == 2 && key.id.data[1] == 1);
	ck_assert(!key.user_consent);
	ck_assert_uint_eq(key.bits, 4096);
	ck_assert_uint_eq(key.reference, 0x8C);
	check_file(key.file, 0x12, 0);
	/* what is not there or makes no sense stays */
	key = key_of("30{30{} 30{04{0102030405060708090A0B0C0D0E0F1011}} A1{30{30{04{3F00}} 02{0801}}}}", true, &auth);
	ck_assert_uint_eq(key.id.len, 0);
	ck_assert_uint_eq(key.bits, 2048);
	check_file(key.file, 0x0C, 0);
	key_of("30{30{} 30{}}", false, &auth);
	key_of("30{02{01}}", false, &auth);
	key_of("", false, &auth);
}
END_TEST

START_TEST(certificates)
{
	struct card_cert certs[CARD_CERTS_MAX];
	size_t n = 0;

	cia_read_certs(draw(ANNEX_B_CD), certs, &n);
	ck_assert_uint_eq(n, 4);
	ck_assert_str_eq(certs[0].label, "HPKI END ENTITY CERTIFICATE");
	ck_assert_str_eq(certs[1].label, " MHLW CA CERTIFICATE ");
	ck_assert_str_eq(certs[3].label, " HPKI CA CERTIFICATE ");
	check_file(certs[0].file, 0, 0x18);
	check_file(certs[3].file, 0, 0x1B);
	ck_assert_int_eq(certs[0].role, CERT_OWN);
	ck_assert_int_eq(certs[1].role, CERT_CA);
	ck_assert(certs[2].id.len == 1 && certs[2].id.data[0] == 0x1A);
	ck_assert_ptr_null(certs[0].der);
}
END_TEST

START_TEST(certificates_of_another_kind)
{
	struct card_cert certs[CARD_CERTS_MAX];
	size_t n = 0;

	/* IMPLICIT, without a path, authority FALSE, an attribute certificate, an id that is too long */
	cia_read_certs(draw("30{30{} 30{04{01}} A1{30{04{0016}}}} 30{30{} 30{04{02}} A1{30{0C{\"url\"}}}} "
	                    "30{30{} 30{04{03} 01{00}} A1{30{30{04{0017}}}}} A0{30{} 30{} A1{30{30{04{0018}}}}} "
	                    "30{30{} 30{04{000102030405060708090A0B0C0D0E0F10}} A1{30{30{04{0019}}}}}"),
	               certs, &n);
	ck_assert_uint_eq(n, 3);
	check_file(certs[0].file, 0x16, 0);
	check_file(certs[1].file, 0x17, 0);
	ck_assert_int_eq(certs[1].role, CERT_OWN);
	check_file(certs[2].file, 0x19, 0);
	ck_assert_uint_eq(certs[2].id.len, 0);
	for (int i = 0; i < 4; i++)
		cia_read_certs(draw(ANNEX_B_CD), certs, &n);
	ck_assert_uint_eq(n, CARD_CERTS_MAX);
}
END_TEST

static void check_label(const char *drawing, const char *label)
{
	struct card_id auth;
	char text[300];

	snprintf(text, sizeof text, "30{30{0C{%s}} 30{} A1{30{}}}", drawing);
	ck_assert_str_eq(key_of(text, true, &auth).label, label);
}

START_TEST(labels)
{
	check_label("E58DB0E99191", "印鑑");
	check_label("61 00 62 1B 7F", "a?b??");
	check_label("80 C0AF EDA080 F8 FF F4908080 E08080", "???????????????");
	check_label("E58D", "??");
	check_label("E58D} 80{80", "??"); /* the label ends in the middle of a character */
	check_label("F09F94 8F", "🔏");
	/* 63 letters and a character that would not fit */
	check_label("61616161616161616161616161616161 61616161616161616161616161616161"
	            "61616161616161616161616161616161 616161616161616161616161616161 E58DB0",
	            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
}
END_TEST

START_TEST(application_label)
{
	char label[33];

	cia_read_label(draw("30{02{01} 80{\"HPKI Application\"} 03{0506}} FFFF"), label);
	ck_assert_str_eq(label, "HPKI Application");
	cia_read_label(draw("30{02{01} 03{0506}}"), label);
	ck_assert_str_eq(label, "");
	cia_read_label(draw("FFFF"), label);
	ck_assert_str_eq(label, "");
	cia_read_label(draw("30{80{\"0123456789012345678901234567890123456789\"}}"), label);
	ck_assert_str_eq(label, "01234567890123456789012345678901");
}
END_TEST

/* In memory of exactly its size, for the sanitizers and valgrind to watch. */
static void read_all(const uint8_t *data, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);
	struct bytes in = {copy, len};
	struct card_cert certs[CARD_CERTS_MAX];
	struct pin_profile rule = usual;
	struct card_key key = {0};
	struct card_id id = {0};
	struct cia_od od;
	char label[33];
	size_t n = 0;

	memcpy(copy, data, len);
	cia_read_od(in, &od);
	cia_read_key(in, &key, &id);
	cia_read_pin(in, &id, &rule);
	cia_read_certs(in, certs, &n);
	cia_read_label(in, label);
	ck_assert(n <= CARD_CERTS_MAX && od.n_certs <= CIA_CERT_DIRS_MAX && id.len <= CARD_ID_MAX);
	ck_assert(rule.min >= 1 && rule.min <= rule.max && rule.max <= CARD_PIN_MAX && rule.stored <= CARD_PIN_MAX);
	ck_assert(memchr(key.label, 0, sizeof key.label) && memchr(label, 0, sizeof label));
	free(copy);
}

static const char *const all[] = {JMA_OD, JMA_AOD, ANNEX_B_OD, ANNEX_B_AOD, ANNEX_B_PRKD, ANNEX_B_CD};

START_TEST(cut_short)
{
	draw(all[_i]);
	for (size_t len = 0; len <= der.len; len++)
		read_all(der.data, len);
}
END_TEST

START_TEST(spoiled)
{
	uint8_t bytes[DER_MAX];
	uint32_t x = 0x2545F491;

	draw(all[_i]);
	for (int round = 0; round < 20000; round++) {
		memcpy(bytes, der.data, der.len);
		for (int k = 0; k < 1 + round % 4; k++) {
			x ^= x << 13;
			x ^= x >> 17;
			x ^= x << 5;
			bytes[x % der.len] = (uint8_t)(x >> 24);
		}
		read_all(bytes, der.len);
	}
}
END_TEST

int main(void)
{
	const struct cases cases = {.suite = suite_create("cia"), .seconds = 60};
	SRunner *runner = srunner_create(cases.suite);
	int failed;

	add_case(&cases, object_directory);
	add_case(&cases, object_directory_of_another_kind);
	add_case(&cases, paths);
	add_case(&cases, pins);
	add_case(&cases, pins_of_another_kind);
	add_case(&cases, the_pin_that_the_key_names);
	add_case(&cases, keys);
	add_case(&cases, keys_of_another_kind);
	add_case(&cases, certificates);
	add_case(&cases, certificates_of_another_kind);
	add_case(&cases, labels);
	add_case(&cases, application_label);
	add_loop_case(&cases, cut_short, sizeof all / sizeof *all);
	add_loop_case(&cases, spoiled, sizeof all / sizeof *all);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
