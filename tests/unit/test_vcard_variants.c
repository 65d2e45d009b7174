/* SPDX-License-Identifier: BSD-2-Clause */
/* What cards in the field do otherwise (hpki.md 1.5, jpki.md 1.1): each variant
 * of the virtual card, byte by byte. */
#define _GNU_SOURCE /* memmem */
#include <string.h>
#include "tests/check_case.h"
#include "tests/unit/test_vcard.h"

#define MSE "002241B604"
#define PIN "0020008804 31323334"

static void make_block(uint8_t block[256])
{
	memset(block, 0x5A, 256);
	block[0] = 0;
	block[1] = 1;
	memset(block + 2, 0xFF, 200);
	block[202] = 0;
}

static unsigned pso(struct vcard *card)
{
	uint8_t block[256];

	make_block(block);
	return send_extended(card, "002A9E9A", block, sizeof block, true);
}

static struct vcard *hpki(const struct vcard_spec *spec)
{
	struct vcard *card = card_of(spec);

	is(send_hex(card, SELECT_HPKI_AUTH), 0x9000);
	return card;
}

static struct vcard *jpki(const struct vcard_spec *spec)
{
	struct vcard *card = card_of(spec);

	is(send_hex(card, SELECT_JPKI), 0x9000);
	return card;
}

START_TEST(the_counter_is_told_by_verify_alone)
{
	struct vcard_spec spec = spec_of(VCARD_JPKI);
	struct vcard *card;

	spec.no_counter = true;
	card = jpki(&spec);
	is(send_hex(card, "00A4020C020018"), 0x9000);
	is(send_hex(card, "00200080"), 0x6700);
	is(send_hex(card, "0020008004 39393939"), 0x63C2);
	is(send_hex(card, "00200080"), 0x6700);
	is(send_hex(card, "0020008004 31323334"), 0x9000);
	is(send_hex(card, "00200080"), 0x6700);
	vcard_free(card);
}
END_TEST

START_TEST(short_identifiers_are_refused_in_any_words)
{
	static const uint16_t words[] = {0x6982, 0x6986, 0x6A86, 0x6B00, 0x6300};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		struct vcard_spec spec = spec_of(VCARD_JPKI);
		struct vcard *card;

		spec.sfi_read = i % 2 ? 0x6B00 : 0x6982;
		spec.sfi_sign = words[i];
		card = jpki(&spec);
		is(send_hex(card, "00B08A0000"), spec.sfi_read);
		is(send_hex(card, "00A4020C02000A"), 0x9000);
		is(send_hex(card, "00B0000000"), 0x9000);
		is(send_hex(card, "00A4020C020018"), 0x9000);
		is(send_hex(card, "0020008004 31323334"), 0x9000);
		is(send_hex(card, "802A009701" "31" "00"), words[i]);
		is(send_hex(card, "00A4020C020017"), 0x9000);
		is(send_hex(card, "802A008001" "31" "00"), 0x9000);
		vcard_free(card);
	}
}
END_TEST

START_TEST(extended_length_may_break_the_link)
{
	struct vcard_spec spec = spec_of(VCARD_HPKI);
	struct vcard *card;
	uint8_t command[] = {0x00, 0xB0, 0x91, 0x00, 0x00, 0x00, 0x00}, response[300];
	size_t len = sizeof response;

	spec.cut_extended = true;
	card = hpki(&spec);
	vcard_transmit(card, command, sizeof command, response, &len);
	ck_assert_uint_eq(len, 0);
	is(send_hex(card, "00B0910000"), 0x9000);
	vcard_free(card);
}
END_TEST

START_TEST(a_childs_card_has_no_signature_certificate)
{
	struct vcard_spec spec = spec_of(VCARD_JPKI);
	struct vcard *card;

	spec.no_certificate[VCARD_SIGN] = true;
	spec.file_size = 3808;
	card = jpki(&spec);
	is(send_hex(card, "00B0880000"), 0x9000);
	ck_assert(answered("008F00"));
	is(send_hex(card, "00B0810000"), 0x6982);
	is(send_hex(card, "00A4020C02001B"), 0x9000);
	is(send_hex(card, "0020008006 414243313233"), 0x9000);
	is(send_hex(card, "00B0810004"), 0x9000);
	ck_assert(answered("FFFFFFFF"));
	vcard_free(card);

	spec = spec_of(VCARD_JPKI);
	spec.no_certificate[VCARD_AUTH] = true;
	spec.no_state = true;
	card = jpki(&spec);
	is(send_hex(card, "00B0880000"), 0x6A82);
	is(send_hex(card, "00A4020C020008"), 0x6A82);
	is(send_hex(card, "00B08A0004"), 0x9000);
	ck_assert(answered("FFFFFFFF"));
	vcard_free(card);
}
END_TEST

START_TEST(files_end_in_four_ways)
{
	static const struct {
		enum vcard_tail tail;
		unsigned sw;
		size_t len;
	} rows[] = {
		{VCARD_TAIL_ISO, 0x9000, 224},
		{VCARD_TAIL_9000, 0x9000, 224},
		{VCARD_TAIL_6282, 0x6282, 224},
		{VCARD_TAIL_6C, 0x6CE0, 0},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct vcard_spec spec = spec_of(VCARD_JPKI);
		struct vcard *card;

		spec.file_size = 3808;
		spec.filler = 0xFF;
		spec.tail = rows[i].tail;
		card = jpki(&spec);
		is(send_hex(card, "00B08A0000"), 0x9000);
		is(send_hex(card, "00B00E0000"), rows[i].sw);
		ck_assert_uint_eq(answer_len, rows[i].len);
		is(send_hex(card, "00B00E00E0"), 0x9000);
		ck_assert_uint_eq(answer[223], 0xFF);
		is(send_hex(card, "00B00EE000"), 0x6B00);
		is(send_hex(card, "00B08A00 000000"), rows[i].tail == VCARD_TAIL_6282 ? 0x6282 : 0x9000);
		ck_assert_uint_eq(answer_len, 3808);
		vcard_free(card);
	}
}
END_TEST

START_TEST(the_directory_has_another_reference_than_mse_takes)
{
	static const char prkd[] = "020200 8C";
	struct vcard_spec spec = spec_of(VCARD_HPKI);
	struct vcard *card;
	uint8_t want[8];
	size_t n = from_hex(prkd, want, sizeof want);

	spec.key_reference = 0x8C;
	spec.mse_refusal = 0x6A82;
	card = hpki(&spec);
	is(send_hex(card, "00A4020C020002"), 0x9000);
	is(send_hex(card, "00B0000000"), 0x9000);
	ck_assert_ptr_nonnull(memmem(answer, answer_len, want, n));
	is(send_hex(card, MSE "8402008C"), 0x6A82);
	is(send_hex(card, MSE "8402000C"), 0x9000);
	vcard_free(card);

	spec.mse = VCARD_MSE_REFERENCE;
	card = hpki(&spec);
	is(send_hex(card, MSE "8402000C"), 0x6A82);
	is(send_hex(card, MSE "8402008C"), 0x9000);
	is(send_hex(card, "002241B60384018C"), 0x9000);
	is(send_hex(card, PIN), 0x9000);
	is(pso(card), 0x9000);
	vcard_free(card);
}
END_TEST

START_TEST(mse_takes_anything_and_pso_refuses)
{
	static const uint16_t words[] = {0x6982, 0x6985, 0x6986, 0x6A88, 0x6B00};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		struct vcard_spec spec = spec_of(VCARD_HPKI);
		struct vcard *card;

		spec.mse = VCARD_MSE_ANY;
		spec.mse_tag = 0x81;
		spec.refusal = words[i];
		spec.refusal_spends = i % 2;
		card = hpki(&spec);
		is(send_hex(card, MSE "8402000C"), 0x9000);
		is(send_hex(card, PIN), 0x9000);
		is(pso(card), words[i]);
		is(send_hex(card, MSE "8102000C"), 0x9000);
		is(pso(card), spec.refusal_spends ? 0x6982 : 0x9000);
		is(send_hex(card, PIN), 0x9000);
		is(pso(card), 0x9000);
		vcard_free(card);
	}
}
END_TEST

START_TEST(the_key_file_must_be_selected)
{
	struct vcard_spec spec = spec_of(VCARD_HPKI);
	struct vcard *card;

	spec.select_key = VCARD_SELECT_FOR_MSE;
	card = hpki(&spec);
	is(send_hex(card, MSE "8402000C"), 0x6985);
	is(send_hex(card, "00A4020C02000C"), 0x9000);
	is(send_hex(card, MSE "8402000C"), 0x9000);
	vcard_free(card);

	spec.select_key = VCARD_SELECT_FOR_PSO;
	spec.refusal_spends = true;
	card = hpki(&spec);
	is(send_hex(card, MSE "8402000C"), 0x9000);
	is(send_hex(card, PIN), 0x9000);
	is(pso(card), 0x6985);
	is(send_hex(card, "00A4020C02000C"), 0x9000);
	is(send_hex(card, MSE "8402000C"), 0x9000);
	is(pso(card), 0x6982);
	is(send_hex(card, PIN), 0x9000);
	is(pso(card), 0x9000);
	vcard_free(card);
}
END_TEST

/* Whether a file of the authentication application holds this text. */
static bool file_has(struct vcard *card, const char *select, const char *text)
{
	is(send_hex(card, select), 0x9000);
	is(send_hex(card, "00B0000000"), 0x9000);
	return memmem(answer, answer_len, text, strlen(text));
}

START_TEST(labels_have_spaces_around_them)
{
	static const struct {
		enum vcard_labels style;
		const char *key, *root;
	} rows[] = {
		{VCARD_LABELS_PRINTED, "\x0C\x13Private key of HPKI", "\x0C\x15 MHLW CA CERTIFICATE "},
		{VCARD_LABELS_PLAIN, "\x0C\x13Private key of HPKI", "\x0C\x13MHLW CA CERTIFICATE"},
		{VCARD_LABELS_SPACED, "\x0C\x15 Private key of HPKI ", "\x0C\x15 MHLW CA CERTIFICATE "},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct vcard_spec spec = spec_of(VCARD_HPKI);
		struct vcard *card;

		spec.labels = rows[i].style;
		card = hpki(&spec);
		ck_assert(file_has(card, "00A4020C020002", rows[i].key));
		ck_assert(file_has(card, "00A4020C020004", rows[i].root));
		vcard_free(card);
	}
}
END_TEST

START_TEST(the_first_select_warns)
{
	struct vcard_spec spec = spec_of(VCARD_HPKI);
	struct vcard *card;

	spec.select_6283 = VCARD_WARN_FIRST;
	card = card_of(&spec);
	is(send_hex(card, "00A4040010" HPKI_AUTH_AID "00"), 0x6283);
	ck_assert(answered("6F128410" HPKI_AUTH_AID));
	is(send_hex(card, "00B0910004"), 0x9000);
	is(send_hex(card, SELECT_HPKI_AUTH), 0x9000);
	vcard_reset(card);
	is(send_hex(card, SELECT_HPKI_AUTH), 0x6283);
	vcard_free(card);

	spec.select_6283 = VCARD_WARN_SIGNATURE;
	card = card_of(&spec);
	is(send_hex(card, SELECT_HPKI_AUTH), 0x9000);
	is(send_hex(card, SELECT_HPKI_SIGN), 0x6283);
	is(send_hex(card, SELECT_HPKI_SIGN), 0x6283);
	is(send_hex(card, "00B0910004"), 0x9000);
	vcard_free(card);
}
END_TEST

START_TEST(files_may_be_filled_with_ff)
{
	struct vcard_spec spec = spec_of(VCARD_HPKI);
	struct vcard *card;

	spec.bare = true;
	card = hpki(&spec);
	ck_assert(!file_has(card, "00A4020C020004", "MHLW"));
	ck_assert(file_has(card, "00A4020C020003", "\xFF\xFF\xFF\xFF"));
	ck_assert(file_has(card, "00A4020C020017", "\xFF\xFF\xFF\xFF"));
	is(send_hex(card, "00A4020C020016"), 0x9000);
	is(send_hex(card, "00B0000001"), 0x9000);
	ck_assert(answered("30"));
	vcard_free(card);

	spec.bare = false;
	spec.directory = VCARD_DIR_EMPTY;
	spec.no_certificate[VCARD_AUTH] = true;
	card = hpki(&spec);
	is(send_hex(card, "00B0910004"), 0x9000);
	ck_assert(answered("FFFFFFFF"));
	ck_assert(file_has(card, "00A4020C020016", "\xFF\xFF\xFF\xFF"));
	vcard_free(card);
}
END_TEST

START_TEST(a_verify_outlives_the_same_select_or_not)
{
	struct vcard_spec spec = spec_of(VCARD_JPKI);
	struct vcard *card = jpki(&spec);

	is(send_hex(card, "00A4020C020018"), 0x9000);
	is(send_hex(card, "0020008004 31323334"), 0x9000);
	is(send_hex(card, SELECT_JPKI), 0x9000);
	is(send_hex(card, "802A00970131" "00"), 0x9000);
	vcard_free(card);

	spec.reselect_locks = true;
	card = jpki(&spec);
	is(send_hex(card, "00A4020C020018"), 0x9000);
	is(send_hex(card, "0020008004 31323334"), 0x9000);
	is(send_hex(card, SELECT_JPKI), 0x9000);
	is(send_hex(card, "802A00970131" "00"), 0x6982);
	vcard_free(card);
}
END_TEST

int main(void)
{
	const struct cases cases = {.suite = suite_create("vcard variants"), .seconds = 120};

	add_case(&cases, the_counter_is_told_by_verify_alone);
	add_case(&cases, short_identifiers_are_refused_in_any_words);
	add_case(&cases, extended_length_may_break_the_link);
	add_case(&cases, a_childs_card_has_no_signature_certificate);
	add_case(&cases, files_end_in_four_ways);
	add_case(&cases, the_directory_has_another_reference_than_mse_takes);
	add_case(&cases, mse_takes_anything_and_pso_refuses);
	add_case(&cases, the_key_file_must_be_selected);
	add_case(&cases, labels_have_spaces_around_them);
	add_case(&cases, the_first_select_warns);
	add_case(&cases, files_may_be_filled_with_ff);
	add_case(&cases, a_verify_outlives_the_same_select_or_not);
	return run_suite(cases.suite);
}
