/* SPDX-License-Identifier: BSD-2-Clause */
/* The HPKI card against hpki.md 1 and ISO/IEC 7816-4, byte by byte; its
 * signatures against libcrypto. */
#include <string.h>
#include "tests/check_case.h"
#include "tests/unit/test_vcard.h"

#define PIN_AUTH "0020008804 31323334"
#define PIN_SIGN "0020008806 313233343536"
#define PIN_WRONG "0020008804 30303030"
#define MSE "002241B604 8402000C"
#define PSO "002A9E9A"

/* A block that no padding scheme makes, below every modulus. */
static void make_block(uint8_t block[256], bool pkcs1)
{
	for (size_t i = 0; i < 256; i++)
		block[i] = (uint8_t)(i * 7 + 1);
	block[0] = pkcs1 ? 0x00 : 0x2A;
	if (pkcs1) {
		block[1] = 0x01;
		memset(block + 2, 0xFF, 200);
		block[202] = 0x00;
	}
}

static unsigned sign(struct vcard *card, const uint8_t block[256])
{
	return send_extended(card, PSO, block, 256, true);
}

START_TEST(selects_by_whole_and_partial_names)
{
	struct vcard *card = plain_card(VCARD_HPKI);

	is(send_hex(card, "00A4040010" HPKI_AUTH_AID "00"), 0x9000);
	ck_assert(answered("6F128410" HPKI_AUTH_AID));
	is(send_hex(card, "00A4040005E828BD080F00"), 0x9000);
	ck_assert(answered("6F128410" HPKI_SIGN_AID));
	is(send_hex(card, "00A4040205E828BD080F00"), 0x9000);
	ck_assert(answered("6F128410" HPKI_AUTH_AID));
	is(send_hex(card, "00A4040205E828BD080F00"), 0x6A82);
	is(send_hex(card, SELECT_JPKI), 0x6A82);
	is(send_hex(card, SELECT_MANAGER), 0x6A82);
	vcard_free(card);
}
END_TEST

START_TEST(refuses_what_it_does_not_know)
{
	struct vcard *card = plain_card(VCARD_HPKI);

	is(send_hex(card, "00"), 0x6700);
	is(send_hex(card, "00A40400"), 0x6700);
	is(send_hex(card, "00A4040010E828"), 0x6700);
	is(send_hex(card, "00A4040C02 E828 00 00"), 0x6700);
	is(send_hex(card, "01B0000000"), 0x6881);
	is(send_hex(card, "04B0000000"), 0x6882);
	is(send_hex(card, "60B0000000"), 0x6E00);
	is(send_hex(card, "0084000008"), 0x6D00);
	is(send_hex(card, "00B0000000"), 0x6986);
	is(send_hex(card, "00200088"), 0x6A88);
	is(send_hex(card, MSE), 0x6A88);
	is(send_hex(card, SELECT_HPKI_AUTH), 0x9000);
	is(send_hex(card, "0020008131"), 0x6A88);
	is(send_hex(card, "00A4020C021234"), 0x6A82);
	is(send_hex(card, "00C0000000"), 0x6985);
	is(send_hex(card, "00240188 04 31323334"), 0x6D00);
	vcard_free(card);
}
END_TEST

START_TEST(jma_directories_are_those_of_the_standard)
{
	struct vcard *card = plain_card(VCARD_HPKI);
	static const char od[] = "A006300404020002 A106300404020003 A406300404020004 A706300404020005 A806300404020001";
	static const char aod[] = "3026 3009 0C0350494E 03020780 3003 040108 A114 030203C8 0A0102 020104 020100 020110"
	                          "80020088";

	is(send_hex(card, SELECT_HPKI_SIGN), 0x9000);
	is(send_hex(card, "00B0910028"), 0x9000);
	ck_assert(answered(od));
	is(send_hex(card, "00A4020C020001"), 0x9000);
	is(send_hex(card, "00B0000028"), 0x9000);
	ck_assert(answered(aod));
	is(send_hex(card, "00B0002802"), 0x9000);
	ck_assert(answered("FFFF"));
	is(send_hex(card, "00B092001C"), 0x9000);
	ck_assert(answered("3019 020101 8010 48504B49204170706C69636174696F6E 03020560 FF"));
	is(send_hex(card, "00B0010000"), 0x6B00);
	vcard_free(card);
}
END_TEST

/* JAHIS 24-002, Annex B, as hpki.md 1.2 tells it. */
START_TEST(annex_b_directories_are_those_of_the_standard)
{
	struct vcard_spec spec = spec_of(VCARD_HPKI);
	static const char od[] = "A0053003 0401A0 A4053003 0401A8 A8053003 040198";
	static const char aod[] = "3029 300A 0C0450494E20 03020640 3003 040116 A116 3014 030203C8 0A0102 020104 020110"
	                          "020110 80020096";
	static const char prkd[] = "3043 302A 0C1350726976617465206B6579206F662048504B49 03020780 040116 020101"
	                           "3009 3007 03020520 040116 3008 040117 0303060040"
	                           "A10B 3009 3003 0401B8 02020800";
	struct vcard *card;

	spec.layout = VCARD_ANNEX_B;
	card = card_of(&spec);
	is(send_hex(card, SELECT_HPKI_SIGN), 0x9000);
	is(send_hex(card, "00B0910000"), 0x9000);
	ck_assert(answered(od));
	is(send_hex(card, "00B0930000"), 0x9000);
	ck_assert(answered(aod));
	is(send_hex(card, "00B0940000"), 0x9000);
	ck_assert(answered(prkd));
	is(send_hex(card, "00B0970000"), 0x6981);
	is(send_hex(card, "00200096"), 0x63CF);
	is(send_hex(card, "0020009606313233343536"), 0x9000);
	is(send_hex(card, "002241B60481020017"), 0x9000);
	is(send_hex(card, "002241B603840117"), 0x9000);
	vcard_free(card);
}
END_TEST

START_TEST(certificates_are_in_their_files)
{
	struct vcard *card = plain_card(VCARD_HPKI);
	size_t len;
	const uint8_t *der = vcard_certificate(card, VCARD_AUTH, &len);

	is(send_hex(card, SELECT_HPKI_AUTH), 0x9000);
	is(send_hex(card, "00A4020C020016"), 0x9000);
	is(send_hex(card, "00B00000000000"), 0x9000);
	ck_assert_uint_ge(answer_len, len);
	ck_assert_mem_eq(answer, der, len);
	is(send_hex(card, "00B0040000"), 0x9000);
	ck_assert_uint_eq(answer_len, 256);
	ck_assert_mem_eq(answer, der + 0x400, len - 0x400 < 256 ? len - 0x400 : 256);
	is(send_hex(card, "00A4020C020017"), 0x9000);
	is(send_hex(card, "00A4020C02000F"), 0x9000);
	vcard_free(card);
}
END_TEST

START_TEST(reads_past_the_end_as_iso_7816_says)
{
	struct vcard *card = plain_card(VCARD_HPKI);

	is(send_hex(card, SELECT_HPKI_AUTH), 0x9000);
	is(send_hex(card, "00B09100FF"), 0x9000);
	is(send_hex(card, "00B0001000"), 0x9000);
	ck_assert_uint_eq(answer_len, 240);
	is(send_hex(card, "00B00010F1"), 0x6282);
	ck_assert_uint_eq(answer_len, 240);
	is(send_hex(card, "00B00100 01"), 0x6B00);
	is(send_hex(card, "00B00000"), 0x6700);
	vcard_free(card);
}
END_TEST

START_TEST(counts_the_tries)
{
	struct vcard *card = plain_card(VCARD_HPKI);

	is(send_hex(card, SELECT_HPKI_AUTH), 0x9000);
	is(send_hex(card, "00200088"), 0x63CF);
	is(send_hex(card, PIN_WRONG), 0x63CE);
	is(send_hex(card, "00200088"), 0x63CE);
	ck_assert_uint_eq(vcard_tries(card, VCARD_AUTH), 14);
	ck_assert_uint_eq(vcard_tries(card, VCARD_SIGN), 15);
	is(send_hex(card, PIN_AUTH), 0x9000);
	is(send_hex(card, "00200088"), 0x9000);
	ck_assert_uint_eq(vcard_tries(card, VCARD_AUTH), 15);
	vcard_set_tries(card, VCARD_AUTH, 1);
	is(send_hex(card, PIN_WRONG), 0x63C0);
	is(send_hex(card, "00200088"), 0x6983);
	is(send_hex(card, PIN_AUTH), 0x6983);
	ck_assert_uint_eq(vcard_verifies(card, VCARD_AUTH), 4);
	ck_assert_uint_eq(vcard_verifies(card, VCARD_SIGN), 0);
	vcard_power_off(card);
	is(send_hex(card, SELECT_HPKI_AUTH), 0x9000);
	is(send_hex(card, "00200088"), 0x6983);
	vcard_free(card);
}
END_TEST

START_TEST(a_pin_is_compared_whole)
{
	struct vcard *card = plain_card(VCARD_HPKI);

	is(send_hex(card, SELECT_HPKI_AUTH), 0x9000);
	is(send_hex(card, "0020008803313233"), 0x63CE);
	is(send_hex(card, "00200088053132333400"), 0x63CD);
	is(send_hex(card, PIN_AUTH), 0x9000);
	is(send_hex(card, "00200088 04 31323334 00"), 0x6700);
	vcard_free(card);
}
END_TEST

START_TEST(signs_any_block_after_verify)
{
	struct vcard *card = plain_card(VCARD_HPKI);
	uint8_t block[256];

	make_block(block, false);
	is(send_hex(card, SELECT_HPKI_AUTH), 0x9000);
	is(sign(card, block), 0x6985);
	is(send_hex(card, MSE), 0x9000);
	is(sign(card, block), 0x6982);
	is(send_hex(card, PIN_AUTH), 0x9000);
	for (int i = 0; i < 2; i++) {
		is(sign(card, block), 0x9000);
		ck_assert(signed_raw(card, VCARD_AUTH, block, sizeof block));
	}
	is(send_extended(card, PSO, block, 255, true), 0x6700);
	is(send_extended(card, PSO, block, 256, false), 0x6700);
	memset(block, 0xFF, sizeof block);
	is(sign(card, block), 0x6A80);
	ck_assert_uint_eq(vcard_signatures(card, VCARD_AUTH), 2);
	is(send_hex(card, PIN_WRONG), 0x63CE);
	is(sign(card, block), 0x6982);
	vcard_free(card);
}
END_TEST

START_TEST(the_signature_pin_is_good_for_one)
{
	struct vcard *card = plain_card(VCARD_HPKI);
	uint8_t block[256];

	make_block(block, true);
	is(send_hex(card, SELECT_HPKI_SIGN), 0x9000);
	is(send_hex(card, MSE), 0x9000);
	is(send_hex(card, PIN_SIGN), 0x9000);
	is(send_extended(card, PSO, block, 12, true), 0x6700);
	is(sign(card, block), 0x9000);
	ck_assert(signed_raw(card, VCARD_SIGN, block, sizeof block));
	is(sign(card, block), 0x6982);
	is(send_hex(card, PIN_SIGN), 0x9000);
	is(sign(card, block), 0x9000);
	vcard_free(card);
}
END_TEST

START_TEST(status_stays_in_its_application)
{
	struct vcard *card = plain_card(VCARD_HPKI);
	uint8_t block[256];

	make_block(block, true);
	is(send_hex(card, SELECT_HPKI_AUTH), 0x9000);
	is(send_hex(card, PIN_AUTH), 0x9000);
	is(send_hex(card, SELECT_HPKI_SIGN), 0x9000);
	is(send_hex(card, MSE), 0x9000);
	is(sign(card, block), 0x6982);
	is(send_hex(card, SELECT_HPKI_AUTH), 0x9000);
	is(sign(card, block), 0x6985);
	is(send_hex(card, MSE), 0x9000);
	is(sign(card, block), 0x6982);
	is(send_hex(card, PIN_AUTH), 0x9000);
	is(sign(card, block), 0x9000);
	vcard_reset(card);
	is(send_hex(card, SELECT_HPKI_AUTH), 0x9000);
	is(send_hex(card, "00200088"), 0x63CF);
	vcard_free(card);
}
END_TEST

int main(void)
{
	const struct cases cases = {.suite = suite_create("vcard: HPKI"), .seconds = 120};

	add_case(&cases, selects_by_whole_and_partial_names);
	add_case(&cases, refuses_what_it_does_not_know);
	add_case(&cases, jma_directories_are_those_of_the_standard);
	add_case(&cases, annex_b_directories_are_those_of_the_standard);
	add_case(&cases, certificates_are_in_their_files);
	add_case(&cases, reads_past_the_end_as_iso_7816_says);
	add_case(&cases, counts_the_tries);
	add_case(&cases, a_pin_is_compared_whole);
	add_case(&cases, signs_any_block_after_verify);
	add_case(&cases, the_signature_pin_is_good_for_one);
	add_case(&cases, status_stays_in_its_application);
	return run_suite(cases.suite);
}
