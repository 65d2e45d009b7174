/* SPDX-License-Identifier: BSD-2-Clause */
/* The My Number Card's public key application against jpki.md 1. */
#include <string.h>
#include "tests/check_case.h"
#include "tests/unit/test_vcard.h"

#define PIN_FILE_AUTH "00A4020C020018"
#define PIN_FILE_SIGN "00A4020C02001B"
#define PIN_AUTH "0020008004 31323334"
#define PIN_SIGN "0020008006 414243313233"
#define PIN_WRONG "0020008004 30303030"

/* DigestInfo of SHA-256 with a hash of 2A bytes. */
#define HASH "2A2A2A2A2A2A2A2A2A2A2A2A2A2A2A2A2A2A2A2A2A2A2A2A2A2A2A2A2A2A2A2A"
#define DIGEST_INFO "3031300D060960864801650304020105000420" HASH

static void check_digest_info(struct vcard *card, enum vcard_app app)
{
	uint8_t message[64];
	size_t n = from_hex(DIGEST_INFO, message, sizeof message);

	ck_assert_uint_eq(answer_len, 256);
	ck_assert(signed_pkcs1(card, app, message, n));
}

static struct vcard *opened(enum vcard_app app)
{
	struct vcard *card = plain_card(VCARD_JPKI);

	is(send_hex(card, SELECT_JPKI), 0x9000);
	is(send_hex(card, app == VCARD_SIGN ? PIN_FILE_SIGN : PIN_FILE_AUTH), 0x9000);
	is(send_hex(card, app == VCARD_SIGN ? PIN_SIGN : PIN_AUTH), 0x9000);
	return card;
}

START_TEST(reads_what_needs_no_pin)
{
	struct vcard *card = plain_card(VCARD_JPKI);
	size_t len;
	const uint8_t *der = vcard_certificate(card, VCARD_AUTH, &len);

	is(send_hex(card, "00A4020C02000A"), 0x6A82);
	is(send_hex(card, "00A4040C0B D392F00026010000000100"), 0x6A82);
	is(send_hex(card, SELECT_JPKI), 0x9000);
	is(send_hex(card, "00A4020C02000A"), 0x9000);
	is(send_hex(card, "00B0000000"), 0x9000);
	ck_assert_uint_eq(answer_len, 256);
	ck_assert_mem_eq(answer, der, 256);
	is(send_hex(card, "00B08A0000"), 0x9000);
	ck_assert_mem_eq(answer, der, 256);
	is(send_hex(card, "00B0080000"), 0x6B00);
	is(send_hex(card, "00A4020C020001"), 0x9000);
	is(send_hex(card, "00B0000000"), 0x6982);
	is(send_hex(card, "00A4020C020002"), 0x9000);
	is(send_hex(card, "00B0000000"), 0x9000);
	is(send_hex(card, "00A4020C020006"), 0x9000);
	is(send_hex(card, "00B0000000"), 0x9000);
	ck_assert_uint_eq(answer_len, 160);
	ck_assert_mem_eq(answer, "JPKIAPICCTOKEN2 ", 16);
	is(send_hex(card, "00B0880000"), 0x9000);
	ck_assert(answered("8F8F00"));
	is(send_hex(card, "00A4020C020003"), 0x6A82);
	vcard_free(card);
}
END_TEST

START_TEST(counts_the_tries_of_each_pin)
{
	struct vcard *card = plain_card(VCARD_JPKI);

	is(send_hex(card, SELECT_JPKI), 0x9000);
	is(send_hex(card, "00200080"), 0x6A88);
	is(send_hex(card, PIN_FILE_AUTH), 0x9000);
	is(send_hex(card, "00200080"), 0x63C3);
	is(send_hex(card, "0020008000"), 0x6700);
	is(send_hex(card, PIN_WRONG), 0x63C2);
	is(send_hex(card, PIN_AUTH), 0x9000);
	is(send_hex(card, "00200080"), 0x63C3);
	is(send_hex(card, PIN_FILE_SIGN), 0x9000);
	is(send_hex(card, "00200080"), 0x63C5);
	is(send_hex(card, "0020008006 616263313233"), 0x63C4);
	vcard_set_tries(card, VCARD_SIGN, 1);
	is(send_hex(card, PIN_WRONG), 0x63C0);
	is(send_hex(card, PIN_SIGN), 0x6984);
	is(send_hex(card, "00200080"), 0x6984);
	is(send_hex(card, PIN_FILE_AUTH), 0x9000);
	is(send_hex(card, "00200080"), 0x63C3);
	vcard_free(card);
}
END_TEST

START_TEST(pads_and_signs)
{
	struct vcard *card = opened(VCARD_AUTH);

	is(send_hex(card, "00A4020C020017"), 0x9000);
	is(send_hex(card, "802A008033" DIGEST_INFO "00"), 0x9000);
	check_digest_info(card, VCARD_AUTH);
	is(send_hex(card, "802A009733" DIGEST_INFO "00"), 0x9000);
	check_digest_info(card, VCARD_AUTH);
	is(send_hex(card, "802A009A33" DIGEST_INFO "00"), 0x6982);
	is(send_hex(card, "802A008033" DIGEST_INFO), 0x6700);
	is(send_hex(card, "802A018033" DIGEST_INFO "00"), 0x6A86);
	is(send_hex(card, "002A008033" DIGEST_INFO "00"), 0x6D00);
	is(send_hex(card, "002241B604 84020017"), 0x6D00);
	is(send_hex(card, PIN_FILE_AUTH), 0x9000);
	is(send_hex(card, "802A008033" DIGEST_INFO "00"), 0x6986);
	ck_assert_uint_eq(vcard_signatures(card, VCARD_AUTH), 2);
	vcard_free(card);
}
END_TEST

START_TEST(makes_pss_of_a_hash)
{
	struct vcard *card = opened(VCARD_AUTH);
	uint8_t hash[32];

	from_hex(HASH, hash, sizeof hash);
	is(send_hex(card, "802A049720" HASH "00"), 0x9000);
	ck_assert(signed_pss(card, VCARD_AUTH, hash));
	is(send_hex(card, "802A049733" DIGEST_INFO "00"), 0x6700);
	vcard_free(card);
}
END_TEST

START_TEST(the_signature_certificate_follows_the_pin)
{
	struct vcard *card = opened(VCARD_SIGN);
	size_t len;
	const uint8_t *der = vcard_certificate(card, VCARD_SIGN, &len);

	is(send_hex(card, "00B0810000"), 0x9000);
	ck_assert_mem_eq(answer, der, 256);
	is(send_hex(card, "802A009A33" DIGEST_INFO "00"), 0x9000);
	check_digest_info(card, VCARD_SIGN);
	is(send_hex(card, "802A009A33" DIGEST_INFO "00"), 0x9000); /* the card asks once */
	is(send_hex(card, "802A009733" DIGEST_INFO "00"), 0x6982);
	vcard_free(card);
}
END_TEST

START_TEST(a_verify_outlives_all_but_another_application)
{
	struct vcard *card = opened(VCARD_AUTH);

	vcard_reset(card);
	is(send_hex(card, "802A009733" DIGEST_INFO "00"), 0x6986);
	is(send_hex(card, SELECT_JPKI), 0x9000);
	is(send_hex(card, "802A009733" DIGEST_INFO "00"), 0x9000);
	is(send_hex(card, "00A40000"), 0x9000);
	is(send_hex(card, "00A4040C06 010203040506"), 0x6A82);
	is(send_hex(card, SELECT_JPKI), 0x9000);
	is(send_hex(card, "802A009733" DIGEST_INFO "00"), 0x9000);
	is(send_hex(card, SELECT_MANAGER), 0x9000);
	is(send_hex(card, SELECT_JPKI), 0x9000);
	is(send_hex(card, "802A009733" DIGEST_INFO "00"), 0x6982);
	is(send_hex(card, PIN_FILE_AUTH), 0x9000);
	is(send_hex(card, PIN_AUTH), 0x9000);
	vcard_power_off(card);
	is(send_hex(card, SELECT_JPKI), 0x9000);
	is(send_hex(card, "802A009733" DIGEST_INFO "00"), 0x6982);
	vcard_free(card);
}
END_TEST

START_TEST(changes_its_pin)
{
	struct vcard *card = plain_card(VCARD_JPKI);

	is(send_hex(card, SELECT_JPKI), 0x9000);
	is(send_hex(card, PIN_FILE_AUTH), 0x9000);
	is(send_hex(card, "0024018004 39393939"), 0x6982);
	is(send_hex(card, PIN_AUTH), 0x9000);
	is(send_hex(card, "0024008008 3132333439393939"), 0x6A86);
	is(send_hex(card, "0024018003 393939"), 0x6700);
	is(send_hex(card, "0024018004 39393939"), 0x9000);
	is(send_hex(card, PIN_AUTH), 0x63C2);
	is(send_hex(card, "0020008004 39393939"), 0x9000);
	vcard_free(card);
}
END_TEST

START_TEST(a_foreign_card_knows_nothing)
{
	struct vcard_spec spec;
	struct vcard *card;

	vcard_spec_init(&spec, VCARD_FOREIGN);
	card = card_of(&spec);
	is(send_hex(card, SELECT_JPKI), 0x6A82);
	is(send_hex(card, SELECT_HPKI_AUTH), 0x6A82);
	is(send_hex(card, SELECT_HPKI_SIGN), 0x6A82);
	is(send_hex(card, "802A009733" DIGEST_INFO "00"), 0x6D00);
	vcard_free(card);
}
END_TEST

int main(void)
{
	const struct cases cases = {.suite = suite_create("vcard: JPKI"), .seconds = 120};

	add_case(&cases, reads_what_needs_no_pin);
	add_case(&cases, counts_the_tries_of_each_pin);
	add_case(&cases, pads_and_signs);
	add_case(&cases, makes_pss_of_a_hash);
	add_case(&cases, the_signature_certificate_follows_the_pin);
	add_case(&cases, a_verify_outlives_all_but_another_application);
	add_case(&cases, changes_its_pin);
	add_case(&cases, a_foreign_card_knows_nothing);
	return run_suite(cases.suite);
}
