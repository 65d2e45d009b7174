/* SPDX-License-Identifier: BSD-2-Clause */
/* The options of inkan-vcard, word by word. */
#include "config.h"
#include <string.h>
#include "tests/check_case.h"
#include "tests/unit/test_vcard.h"
#include "vcard/options.h"

static struct options o;
static char why[256];

static bool parse(char **words)
{
	int n = 0;

	while (words[n])
		n++;
	why[0] = '\0';
	return options_parse(&o, n, words, why, sizeof why);
}

#define WORDS(...) ((char *[]){"inkan-vcard", __VA_ARGS__, NULL})

START_TEST(a_card_has_what_stands_after_it)
{
	ck_assert(parse(WORDS("--trace", "t", "--card", "hpki", "--layout", "annex-b", "--role", "Pharmacist", "--role",
	                      "Dentist", "--pin-auth=9999", "--card", "jpki", "--tries-sign", "2", "--phone", "--card",
	                      "none", "--apdu-delay", "7", "--", "cmd", "--card")));
	ck_assert_uint_eq(o.n_cards, 3);
	ck_assert_int_eq(o.cards[0].spec.kind, VCARD_HPKI);
	ck_assert_int_eq(o.cards[0].spec.layout, VCARD_ANNEX_B);
	ck_assert_str_eq(o.cards[0].spec.roles[0], "Pharmacist");
	ck_assert_str_eq(o.cards[0].spec.roles[1], "Dentist");
	ck_assert_ptr_null(o.cards[0].spec.roles[2]);
	ck_assert_str_eq(o.cards[0].spec.pin[VCARD_AUTH], "9999");
	ck_assert_str_eq(o.cards[1].spec.pin[VCARD_AUTH], "1234");
	ck_assert_uint_eq(o.cards[1].spec.tries[VCARD_SIGN], 2);
	ck_assert(o.cards[1].spec.phone && !o.cards[0].spec.phone);
	ck_assert(o.cards[2].none && !o.cards[1].none);
	ck_assert_str_eq(o.trace, "t");
	ck_assert_uint_eq(o.apdu_delay, 7);
	ck_assert_str_eq(o.command[0], "cmd");
	ck_assert_str_eq(o.command[1], "--card");
}
END_TEST

START_TEST(every_flag_sets_its_member)
{
	const struct vcard_spec *s = &o.cards[0].spec;

	ck_assert(parse(WORDS("--card", "hpki", "--no-pss", "--wrong-pss", "--no-extended", "--no-chaining",
	                      "--get-response", "--exact-le", "--no-sfi", "--phone", "--first-6f00", "--expired",
	                      "--revoked", "--test-level", "--no-auth", "--mse-tag", "81", "--dialect", "old",
	                      "--directory", "broken", "--certificate-size", "1414", "--fid-key", "0a0c",
	                      "--pin-reference", "82", "--role", "")));
	ck_assert(s->no_pss && s->wrong_pss && s->no_extended && s->no_chaining && s->get_response && s->exact_le);
	ck_assert(s->no_sfi && s->phone && s->first_6f00 && s->expired && s->revoked && s->test_level);
	ck_assert(s->no_app[VCARD_AUTH] && !s->no_app[VCARD_SIGN]);
	ck_assert_uint_eq(s->mse_tag, 0x81);
	ck_assert_int_eq(s->dialect, VCARD_OLD);
	ck_assert_int_eq(s->directory, VCARD_DIR_BROKEN);
	ck_assert_uint_eq(s->certificate_size[VCARD_AUTH], 1414);
	ck_assert_uint_eq(s->certificate_size[VCARD_SIGN], 1414);
	ck_assert_uint_eq(s->fid_key, 0x0A0C);
	ck_assert_uint_eq(s->pin_reference, 0x82);
	ck_assert_ptr_null(s->roles[0]);
	ck_assert_ptr_null(o.command);
}
END_TEST

START_TEST(what_makes_no_sense_is_refused)
{
	char **const wrong[] = {
		WORDS("--card"),
		WORDS("--card", "credit"),
		WORDS("--nonsense"),
		WORDS("--phone"),
		WORDS("--card", "jpki", "--tries-auth", "three"),
		WORDS("--card", "jpki", "--tries-auth", "-1"),
		WORDS("--card", "hpki", "--mse-tag", "184"),
		WORDS("--card", "hpki", "--layout", "jm"),
		WORDS("--card", "hpki", "--layout", "jma|annex-b"),
		WORDS("--apdu-delay", "1s"),
		WORDS("--card", "hpki", "--"),
		WORDS("ls"),
		WORDS("--name", "X"),
	};

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		ck_assert_msg(!parse(wrong[i]), "%zu", i);
		ck_assert_str_ne(why, "");
	}
}
END_TEST

START_TEST(a_card_alone)
{
	struct card_options card;

	ck_assert(options_parse_card(&card, 4, (char *[]){"--card", "jpki", "--name", "X", NULL}, why, sizeof why));
	ck_assert_str_eq(card.spec.name, "X");
	ck_assert(!options_parse_card(&card, 4, (char *[]){"--card", "jpki", "--pki", "X", NULL}, why, sizeof why));
	ck_assert(!options_parse_card(&card, 2, (char *[]){"--name", "X", NULL}, why, sizeof why));
	ck_assert(!options_parse_card(&card, 3, (char *[]){"--card", "jpki", "X", NULL}, why, sizeof why));
}
END_TEST

int main(void)
{
	const struct cases cases = {.suite = suite_create("vcard: command line")};

	add_case(&cases, a_card_has_what_stands_after_it);
	add_case(&cases, every_flag_sets_its_member);
	add_case(&cases, what_makes_no_sense_is_refused);
	add_case(&cases, a_card_alone);
	return run_suite(cases.suite);
}
