/* SPDX-License-Identifier: BSD-2-Clause */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cert/hcrole.h"
#include "der.h"

/* Extension values of two real test certificates (hpki.md 3.3), as they are. */
#define DOCTOR "3034303206062881854200013128312630" \
	"24A0223120A00C060A2A830886910F01060101A2100C0E4D65646963616C20446F63746F72"
#define PHARMACIST "3030302E0606288185420001312431223020" \
	"A01E311CA00C060A2A830886910F01060101A20C0C0A506861726D6163697374"

#define SCHEME "A0{06{2A830886910F01060101}}"
#define ACTORS(list) "30{30{06{288185420001} 31{31{" list "}}}}"
#define ACTOR(fields) "30{A0{31{" fields "}}}"
#define ROLE(string) ACTORS(ACTOR(SCHEME "A2{" string "}"))

static enum error parse(const struct der *d, struct hcroles *roles)
{
	/* a copy of its own, so that a read past the end is seen by the sanitizers */
	static uint8_t *copy;

	free(copy);
	copy = malloc(d->len ? d->len : 1);
	memcpy(copy, d->data, d->len);
	return hcrole_parse((struct bytes){copy, d->len}, roles);
}

static void accept(const char *drawing, const char *text)
{
	struct der d = der_draw(drawing);
	struct hcroles roles;

	ck_assert_msg(parse(&d, &roles) == E_OK, "refused: %s", drawing);
	ck_assert_uint_eq(roles.n, 1);
	ck_assert_str_eq(roles.list[0].text, text);
	ck_assert_str_eq(roles.list[0].coding_scheme, "1.2.392.100495.1.6.1.1");
	hcrole_free(&roles);
}

static void refuse(const char *drawing)
{
	struct der d = der_draw(drawing);
	struct hcroles roles;

	ck_assert_msg(parse(&d, &roles) == E_FORMAT, "not refused: %s", drawing);
	ck_assert_uint_eq(roles.n, 0);
	ck_assert_ptr_null(roles.list);
}

/* One HCActor that is malformed is noted as it stands; the one after it is read. */
static void breaks(const char *drawing)
{
	struct der d = der_draw(drawing);
	struct hcroles roles;

	ck_assert_msg(parse(&d, &roles) == E_OK && roles.n == 0, "not refused: %s", drawing);
	ck_assert_uint_eq(roles.n_broken, 1);
	ck_assert_uint_eq(roles.broken[0].len, roles.der.len - (roles.der.data[1] < 0x80 ? 2 : 3));
	hcrole_free(&roles);
}

START_TEST(real_certificates)
{
	accept(DOCTOR, "Medical Doctor");
	accept(PHARMACIST, "Pharmacist");
}
END_TEST

START_TEST(raw_bytes_are_kept)
{
	struct der d = der_draw(DOCTOR);
	struct hcroles roles;

	ck_assert_int_eq(parse(&d, &roles), E_OK);
	ck_assert_uint_eq(roles.der.len, 40);
	ck_assert_mem_eq(roles.der.data, d.data + 14, 40); /* 31 26 … */
	ck_assert_uint_eq(roles.list[0].der.len, 38);
	ck_assert_mem_eq(roles.list[0].der.data, d.data + 16, 38); /* 30 24 … */
	ck_assert_ptr_null(roles.list[0].code);
	hcrole_free(&roles);
}
END_TEST

START_TEST(every_directory_string)
{
	accept(ROLE("0C{\"Dentist\"}"), "Dentist");
	accept(ROLE("13{\"Dentist\"}"), "Dentist");
	accept(ROLE("14{\"Dentist\"}"), "Dentist");
	accept(ROLE("14{\"Caf\" E9}"), "Caf\xC3\xA9");
	accept(ROLE("1E{0044 0065 006E 0074 0069 0073 0074}"), "Dentist");
	accept(ROLE("1E{533B 5E2B}"), "医師");
	accept(ROLE("1C{0000533B 00005E2B}"), "医師");
	accept(ROLE("0C{E58CBB E5B8AB}"), "医師");
}
END_TEST

START_TEST(bad_text)
{
	breaks(ROLE("0C{}"));
	breaks(ROLE("0C{\"Medical\" 00 \"Doctor\"}"));
	breaks(ROLE("1E{0044 0000 0065}"));
	breaks(ROLE("0C{\"Clerk\" 0A \"Medical Doctor\"}")); /* would be two on a list of lines */
	breaks(ROLE("0C{\"Clerk\" 1B \"[2J\"}"));
	breaks(ROLE("0C{\"Clerk\" 7F}"));
	breaks(ROLE("0C{\"Clerk\" C2 9B \"2J\"}")); /* U+009B begins what ESC [ begins */
	breaks(ROLE("1E{0044 0085}"));
	breaks(ROLE("0C{FF FE}"));
	breaks(ROLE("0C{C0 80}")); /* an overlong NUL */
	breaks(ROLE("1E{0044 00}"));
	breaks(ROLE("1E{D800 0044}"));
	breaks(ROLE("16{\"Dentist\"}")); /* an IA5String is no DirectoryString */
	breaks(ROLE("04{\"Dentist\"}"));
	breaks(ROLE("2C{0C{\"Dentist\"}}")); /* constructed: not DER */
	breaks(ROLE("0C{\"Dentist\"} 0C{\"Dentist\"}"));
	breaks(ROLE(""));
}
END_TEST

START_TEST(any_order_and_code)
{
	struct der d = der_draw(ACTORS(ACTOR("A2{0C{\"Dentist\"}} A1{12{\"12 34\"}}" SCHEME)));
	struct hcroles roles;

	ck_assert_int_eq(parse(&d, &roles), E_OK);
	ck_assert_str_eq(roles.list[0].text, "Dentist");
	ck_assert_str_eq(roles.list[0].code, "12 34");
	hcrole_free(&roles);
	breaks(ACTORS(ACTOR(SCHEME "A1{12{\"1a\"}} A2{0C{\"Dentist\"}}")));
	breaks(ACTORS(ACTOR(SCHEME "A1{0C{\"1\"}} A2{0C{\"Dentist\"}}")));
}
END_TEST

START_TEST(several_actors)
{
	struct der d = der_draw(ACTORS(ACTOR(SCHEME "A2{0C{\"Medical Doctor\"}}")
	                               ACTOR("A2{13{\"Director of Hospital\"}}" SCHEME)));
	struct hcroles roles;

	ck_assert_int_eq(parse(&d, &roles), E_OK);
	ck_assert_uint_eq(roles.n, 2);
	ck_assert_str_eq(roles.list[0].text, "Medical Doctor");
	ck_assert_str_eq(roles.list[1].text, "Director of Hospital");
	ck_assert_ptr_eq(roles.list[1].der.data, roles.list[0].der.data + roles.list[0].der.len);
	hcrole_free(&roles);
}
END_TEST

START_TEST(one_broken_among_others)
{
	struct der d = der_draw(ACTORS(ACTOR(SCHEME "A2{0C{\"Medical Doctor\"}}") ACTOR(SCHEME "A2{16{\"Dentist\"}}")
	                               ACTOR(SCHEME "A2{13{\"Pharmacist\"}}") "04{00}")),
	           actor = der_draw(ACTOR(SCHEME "A2{16{\"Dentist\"}}"));
	struct hcroles roles;

	ck_assert_int_eq(parse(&d, &roles), E_OK);
	ck_assert_uint_eq(roles.n, 2);
	ck_assert_str_eq(roles.list[0].text, "Medical Doctor");
	ck_assert_str_eq(roles.list[1].text, "Pharmacist");
	ck_assert_uint_eq(roles.n_broken, 2);
	ck_assert_uint_eq(roles.broken[0].len, actor.len);
	ck_assert_mem_eq(roles.broken[0].data, actor.data, actor.len);
	ck_assert_mem_eq(roles.broken[1].data, "\4\1", 3); /* 04 01 00 */
	hcrole_free(&roles);
	/* what does not come apart into elements is nothing that could be told one by one */
	refuse(ACTORS(ACTOR(SCHEME "A2{0C{\"Medical Doctor\"}}") "3005"));
}
END_TEST

START_TEST(regional_data_is_skipped)
{
	accept(ACTORS("30{A0{31{" SCHEME "A2{0C{\"Dentist\"}}}} A1{30{30{06{2A03} 0C{\"x\"}}}}}"), "Dentist");
	breaks(ACTORS("30{A0{31{" SCHEME "A2{0C{\"Dentist\"}}}} A2{30{}}}"));
	breaks(ACTORS("30{A0{31{" SCHEME "A2{0C{\"Dentist\"}}}} A1{30{}} A1{30{}}}"));
	breaks(ACTORS("30{A1{30{}} A0{31{" SCHEME "A2{0C{\"Dentist\"}}}}}"));
}
END_TEST

START_TEST(absent)
{
	struct der d = der_draw("30{30{06{550904} 31{13{\"19700101\"}}}}");
	struct hcroles roles;

	ck_assert_int_eq(parse(&d, &roles), E_OK);
	ck_assert_uint_eq(roles.n, 0);
	hcrole_free(&roles);
}
END_TEST

START_TEST(among_other_attributes)
{
	accept("30{30{06{550904} 31{13{\"x\"}}}"
	       "30{06{288185420001} 31{31{" ACTOR(SCHEME "A2{0C{\"Dentist\"}}") "}}}"
	       "30{06{550905} 31{13{\"y\"} 13{\"z\"}}}}", "Dentist");
}
END_TEST

START_TEST(wrong_nesting)
{
	refuse("");
	refuse("30{}");
	refuse("31{30{06{288185420001} 31{31{}}}}");
	refuse("30{30{06{288185420001} 31{31{}}}}");     /* no actor */
	refuse("30{30{06{288185420001} 31{}}}");         /* no value */
	refuse("30{30{06{288185420001} 30{31{}}}}");
	refuse("30{30{06{288185420001}}}");
	refuse("30{30{13{\"x\"} 31{31{}}}}");
	refuse("30{30{06{550904} 31{13{\"x\"}} 31{13{\"y\"}}}}");
	refuse("30{30{31{31{}} 06{288185420001}}}");
	refuse("30{30{06{288185420001} 31{" ACTOR(SCHEME "A2{0C{\"Dentist\"}}") "}}}"); /* a SET too few */
	breaks("30{30{06{288185420001} 31{31{31{" ACTOR(SCHEME "A2{0C{\"Dentist\"}}") "}}}}}");
	breaks(ACTORS("30{31{" SCHEME "A2{0C{\"Dentist\"}}}}"));
	breaks(ACTORS("30{A0{30{" SCHEME "A2{0C{\"Dentist\"}}}}}"));
	breaks(ACTORS("30{A0{31{" SCHEME "A2{0C{\"Dentist\"}}} 31{}}}"));
	breaks(ACTORS(ACTOR("A2{0C{\"Dentist\"}}")));    /* no scheme */
	breaks(ACTORS(ACTOR(SCHEME)));                   /* no text */
	breaks(ACTORS(ACTOR(SCHEME SCHEME "A2{0C{\"Dentist\"}}")));
	breaks(ACTORS(ACTOR(SCHEME "A2{0C{\"Dentist\"}} A2{0C{\"Medical Doctor\"}}")));
	breaks(ACTORS(ACTOR(SCHEME "A1{12{\"1\"}} A1{12{\"2\"}} A2{0C{\"Dentist\"}}")));
	breaks(ACTORS(ACTOR(SCHEME "A2{0C{\"Dentist\"}} A3{0C{\"x\"}}")));
	breaks(ACTORS(ACTOR("A0{06{}} A2{0C{\"Dentist\"}}")));
	breaks(ACTORS(ACTOR("A0{06{80}} A2{0C{\"Dentist\"}}")));
	breaks(ACTORS(ACTOR("80{2A0304} A2{0C{\"Dentist\"}}")));
	breaks(ACTORS(ACTOR(SCHEME "82{\"Dentist\"}"))); /* implicit */
	refuse(DOCTOR "00");
	refuse("3080 30{06{288185420001} 31{}} 0000");   /* indefinite length */
	refuse("30{30{06{288185420001} 31{31{" ACTOR(SCHEME "A2{0C{\"A\"}}") "} 31{" ACTOR(SCHEME "A2{0C{\"B\"}}") "}}}}");
	refuse("30{30{06{288185420001} 31{31{" ACTOR(SCHEME "A2{0C{\"A\"}}") "}}}"
	       "30{06{288185420001} 31{31{" ACTOR(SCHEME "A2{0C{\"B\"}}") "}}}}");
}
END_TEST

START_TEST(cut_at_every_byte)
{
	struct der whole = der_draw(DOCTOR);
	struct hcroles roles;

	for (size_t n = 0; n < whole.len; n++) {
		struct der cut = whole;

		cut.len = n;
		ck_assert_int_eq(parse(&cut, &roles), E_FORMAT);
	}
}
END_TEST

/* Whatever one byte becomes: roles or E_FORMAT, and no read past the end. */
START_TEST(every_byte_changed)
{
	struct der whole = der_draw(DOCTOR);

	for (size_t i = 0; i < whole.len; i++)
		for (unsigned v = 0; v < 256; v++) {
			struct der d = whole;
			struct hcroles roles;
			enum error e;

			d.data[i] = (uint8_t)v;
			e = parse(&d, &roles);
			ck_assert(e == E_OK || e == E_FORMAT);
			hcrole_free(&roles);
		}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("hcrole");
	TCase *t = tcase_create("hcrole");
	SRunner *r = srunner_create(s);
	int failed;

	suite_add_tcase(s, t);
	tcase_add_test(t, real_certificates);
	tcase_add_test(t, raw_bytes_are_kept);
	tcase_add_test(t, every_directory_string);
	tcase_add_test(t, bad_text);
	tcase_add_test(t, any_order_and_code);
	tcase_add_test(t, several_actors);
	tcase_add_test(t, one_broken_among_others);
	tcase_add_test(t, regional_data_is_skipped);
	tcase_add_test(t, absent);
	tcase_add_test(t, among_other_attributes);
	tcase_add_test(t, wrong_nesting);
	tcase_add_test(t, cut_at_every_byte);
	tcase_add_test(t, every_byte_changed);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
