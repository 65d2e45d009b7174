/* SPDX-License-Identifier: BSD-2-Clause */
/* JPKI cards by script. */
#include "tests/check_case.h"
#include "card_script.h"

#define QUERY "00200080"
#define VERIFY "00200080 " PIN1234
#define VERIFY_ABC123 "00200080 06 414243313233"
#define PIN_OK {QUERY, "63C3"}, {VERIFY, "9000"}
#define PIN_OK_ABC123 {QUERY, "63C5"}, {VERIFY_ABC123, "9000"}
#define DIGEST_INFO "33 0001FF.."
#define HASH "20 0001FF.."
#define SIGNED "*0:256 9000"
#define LEAVE {LEAVE_JPKI, "9000"}
#define BLOCKS_1573 \
	{"00B00100 00", "*256:256 9000"}, {"00B00200 00", "*512:256 9000"}, {"00B00300 00", "*768:256 9000"}, \
	{"00B00400 00", "*1024:256 9000"}, {"00B00500 00", "*1280:256 9000"}, {"00B00600 00", "*1536:37 9000"}

static const struct step open_auth[] = {OPEN_JPKI_SHORT("*0:256 9000"), BLOCKS_1573, END};

static void setup(void)
{
	make_file(1573);
}

static void teardown(void)
{
	fake_over();
	card_free(&card);
}

static unsigned open_jpki(void)
{
	fake_play(open_auth, sizeof open_auth / sizeof *open_auth);
	ck_assert_int_eq(open_card(profiles_auth), E_OK);
	fake_over();
	card->login_tries = 3; /* for the tests that sign without logging in */
	return fake.apdus;
}

START_TEST(budget)
{
	static const struct step steps[] = {
		BEGIN, {SELECT_JPKI, "9000"}, {FILE_("0018"), "9000"}, PIN_OK, LEAVE, END,
		BEGIN, {SELECT_JPKI, "9000"}, {FILE_("0018"), "9000"}, PIN_OK,
		{"802A0097 " DIGEST_INFO, SIGNED}, LEAVE, END};
	unsigned sent = open_jpki();

	ck_assert_ptr_eq(card->profile, &jpki_auth);
	ck_assert_str_eq(card->model, "Model 2");
	ck_assert_uint_eq(card->certs[0].der_len, 1573);
	ck_assert_mem_eq(card->certs[0].der, fake.file, 1573);
	PLAY(steps);
	ck_assert_int_eq(log_in("1234", false), E_OK);
	ck_assert_int_eq(sign("1234", SCHEME_PKCS1), E_OK);
	ck_assert_uint_eq(sent + fake.apdus, 22); /* the look asks for one application less, and adds two commands */
}
END_TEST

START_TEST(budget_with_extended_length)
{
	static const struct step steps[] = {
		BEGIN, {SELECT_HPKI_AUTH, "6A82"}, {SELECT_JPKI, "9000"}, INFO_JPKI,
		{"00B08A00 00 0000", "*0:3808 6282"}, END,
		BEGIN, {SELECT_JPKI, "9000"}, {FILE_("0018"), "9000"}, PIN_OK, LEAVE, END,
		BEGIN, {SELECT_JPKI, "9000"}, {FILE_("0018"), "9000"}, PIN_OK, {"802A0097 " DIGEST_INFO, SIGNED}, LEAVE, END};

	PLAY(steps);
	ck_assert_int_eq(open_card(profiles_auth), E_OK);
	ck_assert_uint_eq(card->certs[0].der_len, 1573);
	ck_assert_int_eq(log_in("1234", false), E_OK);
	ck_assert_int_eq(sign("1234", SCHEME_PKCS1), E_OK);
	ck_assert_uint_eq(fake.apdus, 15); /* the look asks for one application less, and adds two commands */
}
END_TEST

/* What is in a reader, before anything is read. */
START_TEST(looks)
{
	static const struct {
		struct step steps[4];
		enum error e;
	} rows[] = {
		{{BEGIN, {SELECT_HPKI_AUTH, "6A82"}, {SELECT_JPKI, "9000"}, END}, E_OK},
		{{BEGIN, {SELECT_HPKI_AUTH, "6A82"}, {SELECT_JPKI, "6A82"}, END}, E_FOREIGN},
		{{BEGIN, {SELECT_HPKI_AUTH, "6982"}, {SELECT_JPKI, "6982"}, END}, E_FOREIGN},
		{{BEGIN, {SELECT_HPKI_AUTH, "ABCD"}, {SELECT_JPKI, "9000"}, END}, E_OK},
		{{BEGIN, {SELECT_HPKI_AUTH, "9404"}, {SELECT_JPKI, NULL}, END}, E_LINK},
		{{{"begin", "busy"}}, E_BUSY},
	};
	static const size_t lengths[] = {4, 4, 4, 4, 4, 1};
	const struct profile *profile = NULL;

	fake_play(rows[_i].steps, lengths[_i]);
	ck_assert_int_eq(look_at_card(profiles_auth, &profile), rows[_i].e);
	if (rows[_i].e == E_OK)
		ck_assert_ptr_eq(profile, &jpki_auth);
}
END_TEST

/* A child's card: there is no signature certificate, and so no PIN to ask for. */
START_TEST(looks_for_a_signature_certificate)
{
	static const char *const files[] = {"008F00 9000", "8F8F00 9000", NULL, "6982"};
	static const enum error wanted[] = {E_NOT_FOUND, E_OK, E_LINK, E_OK};
	struct step steps[] = {BEGIN, {SELECT_HPKI_SIGN, "6A82"}, {SELECT_JPKI, "9000"}, {"00B08800 00", files[_i]},
			       {FILE_("0008"), "6A82"}, END};
	const struct profile *profile = NULL;

	if (_i < 3)
		steps[4] = (struct step)END;
	fake_play(steps, _i < 3 ? 5 : 6);
	ck_assert_int_eq(look_at_card(profiles_sign, &profile), wanted[_i]);
	if (_i > 0)
		return;
	fake_over();
	fake_play(steps, 5);
	ck_assert_int_eq(open_card(profiles_sign), E_NOT_FOUND); /* for those who do not look first */
}
END_TEST

START_TEST(pss_made_by_the_card)
{
	static const struct step steps[] = {BEGIN, {SELECT_JPKI, "9000"}, {FILE_("0018"), "9000"}, PIN_OK,
					    {"802A0497 " HASH, SIGNED}, LEAVE, END};
	static const uint8_t hash[48];
	struct scheme_params params = {.scheme = SCHEME_PSS, .hash = HASH_SHA256, .mgf1 = HASH_SHA256, .salt_len = 20,
				       .signature_len = 256};
	struct encoded other = {.hash = {hash, 32}};
	struct bytes pin = {(const uint8_t *)"1234", 4};

	open_jpki();
	PLAY(steps);
	ck_assert_int_eq(sign("1234", SCHEME_PSS), E_OK);
	/* another salt, another MGF1, another hash, no hash at all: nothing is sent */
	ck_assert_int_eq(card_sign(card, pin, &params, &other, signature, &signature_len), E_UNSUPPORTED);
	params.salt_len = 32;
	params.mgf1 = HASH_SHA1;
	ck_assert_int_eq(card_sign(card, pin, &params, &other, signature, &signature_len), E_UNSUPPORTED);
	params.mgf1 = HASH_SHA256;
	other.hash.len = 48;
	ck_assert_int_eq(card_sign(card, pin, &params, &other, signature, &signature_len), E_UNSUPPORTED);
	other.hash.len = 0;
	ck_assert_int_eq(card_sign(card, pin, &params, &other, signature, &signature_len), E_UNSUPPORTED);
}
END_TEST

START_TEST(a_message_that_cannot_be_padded)
{
	static const uint8_t message[246];
	struct scheme_params params = {.scheme = SCHEME_PKCS1, .signature_len = 256};
	struct encoded in = {.message = {message, 246}};
	struct bytes pin = {(const uint8_t *)"1234", 4};

	open_jpki();
	fake_play(NULL, 0);
	ck_assert_int_eq(card_sign(card, pin, &params, &in, signature, &signature_len), E_UNSUPPORTED);
}
END_TEST

START_TEST(no_short_identifiers)
{
	static const char *const words[] = {"6982", "6986", "6A86", "6B00", "6300"};
	struct step steps[] = {
		BEGIN, {SELECT_HPKI_AUTH, "6A82"}, {SELECT_JPKI, "9000"}, {"00B08600 00", "6A86"},
		{FILE_("0006"), "9000"}, {"00B00000 00", "*2000:160 9000"}, {FILE_("000A"), "9000"},
		{"00B00000 00 0000", "6700"}, {"00B00000 00", "*0:256 9000"}, BLOCKS_1573, END,
		BEGIN, {SELECT_JPKI, "9000"}, {FILE_("0018"), "9000"}, PIN_OK,
		{"802A0097 " DIGEST_INFO, words[_i]}, {FILE_("0017"), "9000"}, {"802A0080 " DIGEST_INFO, SIGNED}, LEAVE,
		END,
		BEGIN, {SELECT_JPKI, "9000"}, {FILE_("0018"), "9000"}, PIN_OK, {FILE_("0017"), "9000"},
		{"802A0080 " DIGEST_INFO, SIGNED}, LEAVE, END};

	PLAY(steps);
	ck_assert_int_eq(open_card(profiles_auth), E_OK);
	ck_assert(card->sfi_refused);
	card->login_tries = 3;
	ck_assert_int_eq(sign("1234", SCHEME_PKCS1), E_OK);
	ck_assert_int_eq(sign("1234", SCHEME_PKCS1), E_OK);
}
END_TEST

START_TEST(waking_up)
{
	static const struct step steps[] = {
		BEGIN, {SELECT_HPKI_AUTH, "6F00"}, {SELECT_JPKI, "9000"}, INFO_JPKI, REFUSED_0A,
		{"00B08A00 00", "*0:256 9000"}, BLOCKS_1573, END,
		BEGIN, {SELECT_JPKI, "6F00"}, {"00A40000", "9000"}, {SELECT_JPKI, "9000"}, {FILE_("0018"), "9000"},
		{QUERY, "63C2"}, END,
		BEGIN, {SELECT_JPKI, "6F00"}, {"00A40000", "9000"}, {SELECT_JPKI, "6F00"}, END};

	PLAY(steps);
	ck_assert_int_eq(open_card(profiles_auth), E_OK);
	ck_assert_int_eq(card_tries(card), E_OK);
	ck_assert_int_eq(card->pin.tries, 2);
	ck_assert_int_eq(card_tries(card), E_PROTOCOL);
}
END_TEST

/* PKCS#15 pads text with spaces, some cards with zeros. */
START_TEST(a_model_padded_with_zeros)
{
	static const struct step steps[] = {
		BEGIN, {SELECT_HPKI_AUTH, "6A82"}, {SELECT_JPKI, "9000"},
		{"00B08600 00", "*2000:64 4D6F64656C2032 000000000000000000 9000"}, REFUSED_0A,
		{"00B08A00 00", "*0:256 9000"}, BLOCKS_1573, END};

	PLAY(steps);
	ck_assert_int_eq(open_card(profiles_auth), E_OK);
	ck_assert_str_eq(card->model, "Model 2");
}
END_TEST

START_TEST(a_phone)
{
	static const struct step steps[] = {
		BEGIN, {SELECT_HPKI_AUTH, "6A82"}, {SELECT_JPKI, "9000"}, INFO_JPKI,
		{"00B08A00 00 0000", "6982"}, {FILE_("000A"), "9000"}, {"00B00000 00 0000", "6982"}, END,
		BEGIN, {SELECT_JPKI, "9000"}, {FILE_("0018"), "9000"}, PIN_OK,
		REFUSED_0A, {"00B08A00 00", "*0:256 9000"}, BLOCKS_1573, LEAVE, END};

	PLAY(steps);
	ck_assert_int_eq(open_card(profiles_auth), E_OK);
	ck_assert(card->certs[0].pin_protected);
	ck_assert_ptr_null(card->certs[0].der);
	ck_assert_int_eq(card_read_cert(card, 0), E_SECURITY);
	ck_assert_int_eq(log_in("1234", false), E_OK);
	ck_assert_uint_eq(card->certs[0].der_len, 1573);
	ck_assert_int_eq(card_read_cert(card, 0), E_OK);
	card_forget_protected(card);
	ck_assert_ptr_null(card->certs[0].der);
}
END_TEST

#define OPEN_SIGN(identity, ...) \
	BEGIN, {SELECT_HPKI_SIGN, "6A82"}, {SELECT_JPKI, "9000"}, {"00B08800 00", "8F8F00 9000"}, INFO_JPKI, \
	REFUSED_0A, {"00B08A00 00", identity}, __VA_ARGS__

static enum error check_pin(const char *pin)
{
	return card_check_pin(card, (struct bytes){(const uint8_t *)pin, strlen(pin)});
}

START_TEST(the_signature_certificate)
{
	static const struct step steps[] = {
		OPEN_SIGN("*0:256 9000", BLOCKS_1573, END),
		BEGIN, {SELECT_JPKI, "9000"}, {FILE_("001B"), "9000"}, PIN_OK_ABC123,
		{"00B08100 00", "*0:256 9000"}, BLOCKS_1573, LEAVE, END,
		BEGIN, {SELECT_JPKI, "9000"}, {FILE_("001B"), "9000"}, PIN_OK_ABC123,
		{"802A009A " DIGEST_INFO, SIGNED}, LEAVE, END,
		BEGIN, {SELECT_JPKI, "9000"}, {FILE_("001B"), "9000"}, PIN_OK_ABC123, LEAVE, END};

	PLAY(steps);
	ck_assert_int_eq(open_card(profiles_sign), E_OK);
	ck_assert_ptr_eq(card->profile, &jpki_sign);
	ck_assert_ptr_null(card->certs[0].der);
	ck_assert_int_eq(card_read_cert(card, 0), E_SECURITY);
	ck_assert_int_eq(check_pin("azAZ09"), E_OK);
	for (const char *c = "`{@[/:_ "; *c; c++)
		ck_assert_int_eq(check_pin((char[]){'A', 'B', 'C', '1', '2', *c, '\0'}), E_PIN_CHARACTERS);
	ck_assert_int_eq(log_in("abC123", false), E_OK);
	ck_assert_uint_eq(card->certs[0].der_len, 1573);
	ck_assert_int_eq(sign("ABC123", SCHEME_PKCS1), E_OK);
	ck_assert_int_eq(log_in("abc123", false), E_OK); /* and reads it but once */
	card_forget_protected(card);
	ck_assert_ptr_null(card->certs[0].der);
}
END_TEST

/* Tries had been lost, and the card tells none while the PIN is verified; its certificate
 * is about to be read, so nothing else is selected in between. */
START_TEST(a_counter_that_is_not_told_after_the_pin)
{
	static const struct step steps[] = {
		OPEN_SIGN("6982", {FILE_("000A"), "6A82"}, END),
		BEGIN, {SELECT_JPKI, "9000"}, {FILE_("001B"), "9000"}, {QUERY, "63C3"}, {VERIFY_ABC123, "9000"},
		{QUERY, "9000"}, {"00B08100 00", "*0:256 9000"}, BLOCKS_1573, LEAVE, END,
		BEGIN, {SELECT_JPKI, "9000"}, {FILE_("001B"), "9000"}, PIN_OK_ABC123,
		{"802A009A " DIGEST_INFO, SIGNED}, LEAVE, END};

	PLAY(steps);
	ck_assert_int_eq(open_card(profiles_sign), E_OK);
	ck_assert_int_eq(log_in("ABC123", false), E_OK);
	ck_assert_int_eq(card->pin.tries, 3);
	ck_assert_int_eq(sign("ABC123", SCHEME_PKCS1), E_OK);
}
END_TEST

START_TEST(no_identity)
{
	static const struct step behind_the_pin[] = {OPEN_SIGN("6982", {FILE_("000A"), "9000"}, {"00B00000 00", "6982"}, END)};
	static const struct step not_there[] = {OPEN_SIGN("6A82", {FILE_("000A"), "6A82"}, END)};

	if (_i)
		PLAY(behind_the_pin);
	else
		PLAY(not_there);
	ck_assert_int_eq(open_card(profiles_sign), E_OK);
}
END_TEST

START_TEST(a_login_without_its_certificate)
{
	static const struct step steps[] = {
		OPEN_SIGN("6982", {FILE_("000A"), "6A82"}, END),
		BEGIN, {SELECT_JPKI, "9000"}, {FILE_("001B"), "9000"}, PIN_OK_ABC123,
		{"00B08100 00", "6A82"}, {FILE_("0001"), "6A82"}, LEAVE, END};

	PLAY(steps);
	ck_assert_int_eq(open_card(profiles_sign), E_OK);
	ck_assert_int_eq(log_in("abc123", false), E_NOT_FOUND);
}
END_TEST

/* Nothing is sent any more, until the card was out. */
START_TEST(blocked_in_three_ways)
{
	static const char *const words[] = {"6983", "6984", "63C0"};
	struct step asked[] = {BEGIN, {SELECT_JPKI, "9000"}, {FILE_("0018"), "9000"}, {QUERY, words[_i % 3]}, END};
	struct step verified[] = {BEGIN, {SELECT_JPKI, "9000"}, {FILE_("0018"), "9000"}, {QUERY, "63C2"},
				  {VERIFY, words[_i % 3]}, LEAVE, END};
	static const struct step after[] = {BEGIN, {SELECT_JPKI, "9000"}, END, BEGIN, {SELECT_JPKI, "9000"}, END,
					    BEGIN, {SELECT_JPKI, "9000"}, END};

	open_jpki();
	if (_i < 3)
		PLAY(asked);
	else
		PLAY(verified);
	ck_assert_int_eq(log_in("1234", true), E_PIN_LOCKED);
	fake_over();
	PLAY(after);
	ck_assert_int_eq(card->pin.tries, 0);
	ck_assert_int_eq(log_in("1234", true), E_PIN_LOCKED);
	ck_assert_int_eq(sign("1234", SCHEME_PKCS1), E_PIN_LOCKED);
	ck_assert_int_eq(card_tries(card), E_OK);
	ck_assert_int_eq(card->pin.tries, 0);
	fake_over();
	card_free(&card);
	fake.insertion++;
	open_jpki();
	PLAY(asked);
	ck_assert_int_eq(log_in("1234", true), E_PIN_LOCKED);
}
END_TEST

/* A card that answers nothing but 6700 to the question for its counter: what it
 * has said itself is not forgotten. */
START_TEST(a_counter_that_is_never_told)
{
	static const struct step steps[] = {
		BEGIN, {SELECT_JPKI, "9000"}, {FILE_("0018"), "9000"}, {QUERY, "6700"}, {VERIFY, "63C2"}, LEAVE, END,
		BEGIN, {SELECT_JPKI, "9000"}, {FILE_("0018"), "9000"}, {QUERY, "6700"}, END,
		BEGIN, {SELECT_JPKI, "9000"}, {FILE_("0018"), "9000"}, {QUERY, "6700"}, {"00200080 04 39393939", "63C1"},
		LEAVE, END,
		BEGIN, {SELECT_JPKI, "9000"}, {FILE_("0018"), "9000"}, {QUERY, "6700"}, END,
		BEGIN, {SELECT_JPKI, "9000"}, {FILE_("0018"), "9000"}, {QUERY, "6700"}, {"00200080 04 38383838", "63C0"},
		LEAVE, END,
		BEGIN, {SELECT_JPKI, "9000"}, END};

	open_jpki();
	PLAY(steps);
	ck_assert_int_eq(log_in("1234", false), E_PIN_WRONG);
	ck_assert_int_eq(log_in("1234", false), E_PIN_REPEATED);
	ck_assert_int_eq(log_in("9999", false), E_PIN_WRONG);
	ck_assert_int_eq(card->pin.tries, 1);
	ck_assert_int_eq(log_in("8888", false), E_PIN_LAST_TRY);
	ck_assert_int_eq(log_in("8888", true), E_PIN_LOCKED);
	ck_assert_int_eq(log_in("7777", true), E_PIN_LOCKED);
}
END_TEST

/* The PIN is for the file that was selected, and for no other. */
START_TEST(a_pin_without_its_file)
{
	static const struct step steps[] = {BEGIN, {SELECT_JPKI, "9000"}, {FILE_("0018"), "6A82"}, END};

	open_jpki();
	PLAY(steps);
	ck_assert_int_eq(log_in("1234", false), E_NOT_FOUND);
}
END_TEST

/* Somebody changed the PIN: the one that was kept is not sent. */
START_TEST(a_kept_pin_after_a_lost_try)
{
	static const struct step steps[] = {
		BEGIN, {SELECT_JPKI, "9000"}, {FILE_("0018"), "9000"}, PIN_OK, LEAVE, END,
		BEGIN, {SELECT_JPKI, "9000"}, {FILE_("0018"), "9000"}, {QUERY, "63C2"}, END};

	open_jpki();
	card->login_tries = -1;
	PLAY(steps);
	ck_assert_int_eq(log_in("1234", false), E_OK);
	ck_assert_int_eq(sign("1234", SCHEME_PKCS1), E_PIN_STALE);
}
END_TEST

static enum error change(const char *old, const char *new_pin)
{
	return card_change_pin(card, (struct bytes){(const uint8_t *)old, strlen(old)}, false,
	                       (struct bytes){(const uint8_t *)new_pin, strlen(new_pin)});
}

START_TEST(changing_the_pin)
{
	static const struct step steps[] = {
		BEGIN, {SELECT_JPKI, "9000"}, {FILE_("0018"), "9000"}, PIN_OK,
		{"00240180 04 35363738", "9000"}, LEAVE, END,
		BEGIN, {SELECT_JPKI, "9000"}, {FILE_("0018"), "9000"}, PIN_OK,
		{"00240180 04 35363738", "6D00"}, LEAVE, END,
		BEGIN, {SELECT_JPKI, "9000"}, {FILE_("0018"), "9000"}, {QUERY, "63C3"}, {VERIFY, "63C2"}, LEAVE, END};

	open_jpki();
	PLAY(steps);
	ck_assert_int_eq(change("1234", "5678"), E_OK);
	ck_assert_int_eq(change("1234", "5678"), E_REFUSED);
	ck_assert_int_eq(change("1234", "5678"), E_PIN_WRONG);
	ck_assert_int_eq(change("1234", "567"), E_PIN_LENGTH);
	ck_assert_int_eq(change("123", "5678"), E_PIN_LENGTH);
	ck_assert_int_eq(change("1234", "567a"), E_PIN_CHARACTERS);
}
END_TEST

START_TEST(a_card_without_the_certificate)
{
	static const struct step steps[] = {
		OPEN_JPKI_SHORT("6A82"), {FILE_("000A"), "6A82"}, END, OPEN_JPKI_SHORT("FFFFFF 9000"), END,
		OPEN_JPKI_SHORT("6B00"), {FILE_("000A"), "9000"}, {"00B00000 00", "6B00"}, END,
		OPEN_JPKI_SHORT("0000 9000"), END};

	PLAY(steps);
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(open_card(profiles_auth), E_NOT_FOUND);
}
END_TEST

int main(void)
{
	const struct cases cases = {.suite = suite_create("card: JPKI"), .setup = setup, .teardown = teardown};

	add_case(&cases, budget);
	add_case(&cases, pss_made_by_the_card);
	add_case(&cases, a_message_that_cannot_be_padded);
	add_case(&cases, budget_with_extended_length);
	add_loop_case(&cases, looks, 6);
	add_loop_case(&cases, looks_for_a_signature_certificate, 4);
	add_loop_case(&cases, no_short_identifiers, 5);
	add_case(&cases, waking_up);
	add_case(&cases, a_model_padded_with_zeros);
	add_case(&cases, a_phone);
	add_case(&cases, the_signature_certificate);
	add_case(&cases, a_counter_that_is_not_told_after_the_pin);
	add_loop_case(&cases, no_identity, 2);
	add_case(&cases, a_login_without_its_certificate);
	add_loop_case(&cases, blocked_in_three_ways, 6);
	add_case(&cases, a_counter_that_is_never_told);
	add_case(&cases, a_pin_without_its_file);
	add_case(&cases, a_kept_pin_after_a_lost_try);
	add_case(&cases, changing_the_pin);
	add_case(&cases, a_card_without_the_certificate);
	return run_suite(cases.suite);
}
