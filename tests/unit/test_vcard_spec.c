/* SPDX-License-Identifier: BSD-2-Clause */
/* Every option of a card changes the card as vcard.h says. */
#include <string.h>
#include "tests/check_case.h"
#include "tests/unit/test_vcard.h"

#define PIN_AUTH "0020008804 31323334"
#define MSE "002241B604 8402000C"
#define DIGEST_INFO "3031300D060960864801650304020105000420" \
	"2A2A2A2A2A2A2A2A2A2A2A2A2A2A2A2A2A2A2A2A2A2A2A2A2A2A2A2A2A2A2A2A"

static uint8_t pss_block[256], pkcs1_block[256];

static void make_blocks(void)
{
	memset(pss_block, 0x2B, sizeof pss_block);
	pss_block[255] = 0xBC;
	memset(pkcs1_block, 0xFF, sizeof pkcs1_block);
	pkcs1_block[0] = 0x00;
	pkcs1_block[1] = 0x01;
	pkcs1_block[204] = 0x00;
	from_hex(DIGEST_INFO, pkcs1_block + 205, 51);
}

/* The authentication application, verified, with its key set. */
static struct vcard *ready(const struct vcard_spec *spec)
{
	struct vcard *card = card_of(spec);

	is(send_hex(card, SELECT_HPKI_AUTH), 0x9000);
	is(send_hex(card, MSE), 0x9000);
	is(send_hex(card, PIN_AUTH), 0x9000);
	return card;
}

static struct vcard *ready_jpki(const struct vcard_spec *spec)
{
	struct vcard *card = card_of(spec);

	is(send_hex(card, SELECT_JPKI), 0x9000);
	is(send_hex(card, "00A4020C020018"), 0x9000);
	is(send_hex(card, "0020008004 31323334"), 0x9000);
	return card;
}

static unsigned sign(struct vcard *card, const uint8_t block[256])
{
	return send_extended(card, "002A9E9A", block, 256, true);
}

/* 255 bytes and one more; tail: what follows the last byte. */
static unsigned sign_chained(struct vcard *card, const uint8_t block[256], const char *tail)
{
	uint8_t first[5 + 255], last[8];
	unsigned sw;

	from_hex("102A9E9AFF", first, sizeof first);
	memcpy(first + 5, block, 255);
	sw = send_bytes(card, first, sizeof first);
	if (sw != 0x9000)
		return sw;
	from_hex("002A9E9A01", last, sizeof last);
	last[5] = block[255];
	return send_bytes(card, last, 6 + from_hex(tail, last + 6, 2));
}

START_TEST(no_extended)
{
	struct vcard_spec spec = spec_of(VCARD_HPKI);
	struct vcard *card;

	spec.no_extended = true;
	card = ready(&spec);
	is(sign(card, pkcs1_block), 0x6700);
	is(send_hex(card, "00B09100 000000"), 0x6700);
	is(sign_chained(card, pkcs1_block, "00"), 0x9000);
	ck_assert(signed_raw(card, VCARD_AUTH, pkcs1_block, 256));
	vcard_free(card);
}
END_TEST

START_TEST(chaining_is_checked)
{
	struct vcard_spec spec = spec_of(VCARD_HPKI);
	struct vcard *card = ready(&spec);

	is(send_hex(card, "102A9E9A03 000102"), 0x9000);
	is(send_hex(card, "00B0910000"), 0x6883);
	is(send_hex(card, "00B0910000"), 0x9000);
	is(send_hex(card, "1020008802 3132"), 0x9000); /* a PIN in two parts, too */
	is(send_hex(card, "0020008802 3334"), 0x9000);
	spec.no_chaining = true;
	vcard_free(card);
	card = ready(&spec);
	is(sign_chained(card, pkcs1_block, "00"), 0x6884);
	is(sign(card, pkcs1_block), 0x9000);
	vcard_free(card);
}
END_TEST

START_TEST(get_response)
{
	struct vcard_spec spec = spec_of(VCARD_HPKI);
	uint8_t whole[256];
	struct vcard *card;

	spec.get_response = true;
	card = ready(&spec);
	is(sign_chained(card, pkcs1_block, "00"), 0x6100);
	ck_assert_uint_eq(answer_len, 0);
	is(send_hex(card, "00C0000080"), 0x6180);
	memcpy(whole, answer, 128);
	is(send_hex(card, "00C0000080"), 0x9000);
	memcpy(whole + 128, answer, 128);
	memcpy(answer, whole, sizeof whole);
	answer_len = sizeof whole;
	ck_assert(signed_raw(card, VCARD_AUTH, pkcs1_block, 256));
	is(send_hex(card, "00C0000000"), 0x6985);
	is(send_hex(card, "00A4040010" HPKI_AUTH_AID "00"), 0x6114);
	is(send_hex(card, "00B0910000"), 0x9000);
	is(send_hex(card, "00C0000014"), 0x6985); /* another command came between */
	vcard_free(card);
}
END_TEST

START_TEST(exact_le)
{
	struct vcard_spec spec = spec_of(VCARD_HPKI);
	struct vcard *card;

	spec.exact_le = true;
	card = ready(&spec);
	is(send_hex(card, "00A4040010" HPKI_SIGN_AID "00"), 0x6C14);
	is(send_hex(card, MSE), 0x9000); /* nothing was selected */
	is(sign_chained(card, pkcs1_block, "00"), 0x9000);
	is(send_hex(card, "00A4040010" HPKI_SIGN_AID "14"), 0x9000);
	is(send_hex(card, "00B0910000"), 0x9000);
	is(send_hex(card, "00B0001000"), 0x6CF0);
	is(send_hex(card, "00B0001010"), 0x9000);
	ck_assert_uint_eq(answer_len, 16);
	is(send_hex(card, "00B000000001F0"), 0x6C00);
	is(send_hex(card, "00B00000000000"), 0x9000);
	is(send_hex(card, "00B00010F0"), 0x9000);
	ck_assert_uint_eq(answer_len, 240);
	vcard_free(card);
}
END_TEST

START_TEST(no_sfi)
{
	struct vcard_spec spec = spec_of(VCARD_HPKI);
	struct vcard *card;

	spec.no_sfi = true;
	card = ready(&spec);
	is(send_hex(card, "00B0910000"), 0x6A86);
	is(send_hex(card, "00A4020C025031"), 0x9000);
	is(send_hex(card, "00B0000000"), 0x9000);
	vcard_free(card);
	spec = spec_of(VCARD_JPKI);
	spec.no_sfi = true;
	card = ready_jpki(&spec);
	is(send_hex(card, "00B08A0000"), 0x6A86);
	is(send_hex(card, "802A009733" DIGEST_INFO "00"), 0x6A86);
	is(send_hex(card, "00A4020C020017"), 0x9000);
	is(send_hex(card, "802A008033" DIGEST_INFO "00"), 0x9000);
	vcard_free(card);
}
END_TEST

START_TEST(no_pss_and_wrong_pss)
{
	struct vcard_spec spec = spec_of(VCARD_HPKI);
	struct vcard *card = ready(&spec);

	is(sign(card, pss_block), 0x9000);
	ck_assert(signed_raw(card, VCARD_AUTH, pss_block, 256));
	vcard_free(card);
	spec.no_pss = true;
	card = ready(&spec);
	is(sign(card, pss_block), 0x6A80);
	is(sign(card, pkcs1_block), 0x9000);
	vcard_free(card);
	spec.no_pss = false;
	spec.wrong_pss = true;
	card = ready(&spec);
	is(sign(card, pss_block), 0x9000);
	ck_assert(!signed_raw(card, VCARD_AUTH, pss_block, 256));
	is(sign(card, pkcs1_block), 0x9000);
	ck_assert(signed_raw(card, VCARD_AUTH, pkcs1_block, 256));
	vcard_free(card);
}
END_TEST

START_TEST(no_pss_and_wrong_pss_of_jpki)
{
	struct vcard_spec spec = spec_of(VCARD_JPKI);
	uint8_t hash[32];
	struct vcard *card;

	memset(hash, 0x2A, sizeof hash);
	spec.no_pss = true;
	card = ready_jpki(&spec);
	is(send_hex(card, "802A049720 2A2A2A2A2A2A2A2A2A2A2A2A2A2A2A2A 2A2A2A2A2A2A2A2A2A2A2A2A2A2A2A2A 00"), 0x6A86);
	vcard_free(card);
	spec.no_pss = false;
	spec.wrong_pss = true;
	card = ready_jpki(&spec);
	is(send_hex(card, "802A049720 2A2A2A2A2A2A2A2A2A2A2A2A2A2A2A2A 2A2A2A2A2A2A2A2A2A2A2A2A2A2A2A2A 00"), 0x9000);
	ck_assert(!signed_pss(card, VCARD_AUTH, hash));
	vcard_free(card);
}
END_TEST

START_TEST(phone)
{
	struct vcard_spec spec = spec_of(VCARD_JPKI);
	struct vcard *card;

	spec.phone = true;
	card = card_of(&spec);
	is(send_hex(card, SELECT_JPKI), 0x9000);
	is(send_hex(card, "00B08A0000"), 0x6982);
	is(send_hex(card, "00B08B0000"), 0x9000);
	vcard_free(card);
	card = ready_jpki(&spec);
	is(send_hex(card, "00B08A0000"), 0x9000);
	vcard_free(card);
}
END_TEST

START_TEST(first_6f00)
{
	struct vcard_spec spec = spec_of(VCARD_JPKI);
	struct vcard *card;

	spec.first_6f00 = true;
	card = card_of(&spec);
	is(send_hex(card, SELECT_JPKI), 0x6F00);
	is(send_hex(card, "00A40000"), 0x9000);
	is(send_hex(card, SELECT_JPKI), 0x9000);
	vcard_reset(card);
	is(send_hex(card, SELECT_JPKI), 0x9000);
	vcard_power_off(card);
	is(send_hex(card, SELECT_JPKI), 0x6F00);
	vcard_free(card);
}
END_TEST

START_TEST(mse_tag)
{
	struct vcard_spec spec = spec_of(VCARD_HPKI);
	struct vcard *card = ready(&spec);

	is(send_hex(card, "002241B604 8102000C"), 0x9000);
	is(send_hex(card, "002241B603 84010C"), 0x9000);
	is(send_hex(card, "002241B604 8402000D"), 0x6A88);
	is(send_hex(card, "002241B604 8302000C"), 0x6A80);
	is(send_hex(card, "002241B404 8402000C"), 0x6A86);
	vcard_free(card);
	spec.mse_tag = 0x81;
	card = card_of(&spec);
	is(send_hex(card, SELECT_HPKI_AUTH), 0x9000);
	is(send_hex(card, MSE), 0x6A80);
	is(send_hex(card, "002241B604 8102000C"), 0x9000);
	vcard_free(card);
}
END_TEST

START_TEST(the_older_dialect)
{
	struct vcard_spec spec = spec_of(VCARD_HPKI);
	uint8_t message[51];
	struct vcard *card;

	from_hex(DIGEST_INFO, message, sizeof message);
	spec.dialect = VCARD_OLD;
	card = card_of(&spec);
	is(send_hex(card, SELECT_HPKI_AUTH), 0x9000);
	is(send_hex(card, MSE), 0x6D00);
	is(sign(card, pkcs1_block), 0x6D00);
	is(send_hex(card, PIN_AUTH), 0x9000);
	is(send_hex(card, "00A4020C02000C"), 0x9000);
	is(send_hex(card, "802A008033" DIGEST_INFO "00"), 0x9000);
	ck_assert(signed_pkcs1(card, VCARD_AUTH, message, sizeof message));
	is(send_hex(card, "802A048020 2A2A2A2A2A2A2A2A2A2A2A2A2A2A2A2A 2A2A2A2A2A2A2A2A2A2A2A2A2A2A2A2A 00"), 0x6A86);
	vcard_free(card);
	spec.dialect = VCARD_PSO;
	card = ready(&spec);
	is(send_hex(card, "00A4020C02000C"), 0x9000);
	is(send_hex(card, "802A008033" DIGEST_INFO "00"), 0x6E00);
	vcard_free(card);
}
END_TEST

START_TEST(directories_missing_and_broken)
{
	struct vcard_spec spec = spec_of(VCARD_HPKI);
	struct vcard *card;

	spec.directory = VCARD_DIR_MISSING;
	card = ready(&spec);
	is(send_hex(card, "00B0910000"), 0x6A82);
	is(send_hex(card, "00A4020C020001"), 0x6A82);
	is(send_hex(card, "00A4020C020016"), 0x9000);
	vcard_free(card);
	spec.directory = VCARD_DIR_BROKEN;
	card = ready(&spec);
	is(send_hex(card, "00B0910000"), 0x9000);
	ck_assert_uint_eq(answer[0], 0xA0);
	ck_assert_uint_eq(answer[39], 0xFF);
	vcard_free(card);
}
END_TEST

START_TEST(other_identifiers)
{
	struct vcard_spec spec = spec_of(VCARD_HPKI);
	struct vcard *card;

	spec.fid_pin_dir = 0x0A01;
	spec.fid_key_dir = 0x0A02;
	spec.fid_cert_dir = 0x0A04;
	spec.fid_key = 0x0A0C;
	spec.fid_cert = 0x0A16;
	spec.pin_reference = 0x82;
	card = card_of(&spec);
	is(send_hex(card, SELECT_HPKI_AUTH), 0x9000);
	is(send_hex(card, "00B0910028"), 0x9000);
	ck_assert(answered("A006300404020A02 A106300404020003 A406300404020A04 A706300404020005 A806300404020A01"));
	is(send_hex(card, "00A4020C020A01"), 0x9000);
	is(send_hex(card, "00B0002404"), 0x9000);
	ck_assert(answered("80020082"));
	is(send_hex(card, "00A4020C020016"), 0x6A82);
	is(send_hex(card, "00A4020C020A16"), 0x9000);
	is(send_hex(card, PIN_AUTH), 0x6A88);
	is(send_hex(card, "0020008204 31323334"), 0x9000);
	is(send_hex(card, "002241B604 84020A0C"), 0x9000);
	is(sign(card, pkcs1_block), 0x9000);
	vcard_free(card);
}
END_TEST

START_TEST(pins_tries_and_missing_applications)
{
	struct vcard_spec spec = spec_of(VCARD_HPKI);
	struct vcard *card;

	spec.pin[VCARD_AUTH] = "long PIN of 16 c";
	spec.tries[VCARD_AUTH] = 2;
	spec.no_app[VCARD_SIGN] = true;
	card = card_of(&spec);
	is(send_hex(card, SELECT_HPKI_SIGN), 0x6A82);
	is(send_hex(card, SELECT_HPKI_AUTH), 0x9000);
	is(send_hex(card, "00200088"), 0x63C2);
	is(send_hex(card, "0020008810 6C6F6E672050494E206F662031362063"), 0x9000);
	vcard_free(card);
	spec = spec_of(VCARD_JPKI);
	spec.no_app[VCARD_SIGN] = true;
	card = card_of(&spec);
	is(send_hex(card, SELECT_JPKI), 0x9000);
	is(send_hex(card, "00A4020C020001"), 0x6A82);
	is(send_hex(card, "00A4020C02001B"), 0x6A82);
	is(send_hex(card, "00B0880000"), 0x9000);
	ck_assert(answered("008F00"));
	vcard_free(card);
}
END_TEST

START_TEST(what_cannot_be_is_said)
{
	struct vcard_spec spec = spec_of(VCARD_HPKI);
	char why[256] = "";

	spec.pin[VCARD_SIGN] = "seventeen letters";
	ck_assert_ptr_null(vcard_new(&spec, why, sizeof why));
	ck_assert_str_ne(why, "");
	spec = spec_of(VCARD_HPKI);
	spec.certificate_size[VCARD_AUTH] = 300;
	ck_assert_ptr_null(vcard_new(&spec, why, sizeof why));
	ck_assert_ptr_nonnull(strstr(why, "300"));
	spec = spec_of(VCARD_HPKI);
	spec.pki = "/proc/nowhere/pki";
	ck_assert_ptr_null(vcard_new(&spec, why, sizeof why));
	ck_assert_ptr_nonnull(strstr(why, "/proc/nowhere"));
}
END_TEST

int main(void)
{
	const struct cases cases = {.suite = suite_create("vcard: options"), .setup = make_blocks, .once = true, .seconds = 120};

	add_case(&cases, no_extended);
	add_case(&cases, chaining_is_checked);
	add_case(&cases, get_response);
	add_case(&cases, exact_le);
	add_case(&cases, no_sfi);
	add_case(&cases, no_pss_and_wrong_pss);
	add_case(&cases, no_pss_and_wrong_pss_of_jpki);
	add_case(&cases, phone);
	add_case(&cases, first_6f00);
	add_case(&cases, mse_tag);
	add_case(&cases, the_older_dialect);
	add_case(&cases, directories_missing_and_broken);
	add_case(&cases, other_identifiers);
	add_case(&cases, pins_tries_and_missing_applications);
	add_case(&cases, what_cannot_be_is_said);
	return run_suite(cases.suite);
}
