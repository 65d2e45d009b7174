/* SPDX-License-Identifier: BSD-2-Clause */
#include "card_script.h"

struct card *card;
static struct card_system cards;
uint8_t signature[512];
size_t signature_len;

static uint8_t file[5000];

void make_file(size_t certificate)
{
	memset(file, 0xFF, sizeof file);
	for (size_t i = 0; i < certificate; i++)
		file[i] = (uint8_t)(i * 11);
	file[0] = 0x30;
	file[1] = 0x82;
	file[2] = (uint8_t)((certificate - 4) >> 8);
	file[3] = (uint8_t)((certificate - 4) & 0xFF);
	memset(file + 2000, ' ', 160);
	memcpy(file + 2000, "JPKIAPICCTOKEN2", 15);
	memcpy(file + 2064, "Model 2", 7);
	fake.file = file;
	fake.file_len = sizeof file;
	fake.insertion = 0x10001;
}

static void make_system(void)
{
	static struct crypto *crypto;

	if (!crypto)
		ck_assert_int_eq(crypto_new(&crypto), E_OK);
	cards = (struct card_system){&fake_reader_ops, NULL, crypto, NULL, NULL};
}

enum error look_at_card(struct profile_set set, const struct profile **profile)
{
	uint32_t insertion = 0;
	enum error e;

	make_system();
	e = card_look(&cards, "Fake reader", set, &insertion, profile);
	ck_assert_uint_eq(insertion, e == E_BUSY ? 0 : fake.insertion);
	return e;
}

enum error open_card(struct profile_set set)
{
	make_system();
	return card_open(&cards, "Fake reader", set, &card);
}

static struct bytes text(const char *s)
{
	return (struct bytes){(const uint8_t *)s, strlen(s)};
}

enum error log_in(const char *pin, bool last_try_allowed)
{
	return card_login(card, text(pin), last_try_allowed);
}

enum error sign(const char *pin, enum scheme scheme)
{
	static const uint8_t bytes[256] = {0x00, 0x01, 0xFF};
	struct scheme_params params = {.scheme = scheme, .salt_len = 32, .signature_len = 256};
	struct encoded in = {.block = {bytes, 256}, .hash = {bytes, 32}};

	if (scheme == SCHEME_PKCS1)
		in.message = (struct bytes){bytes, 51};
	signature_len = sizeof signature;
	return card_sign(card, text(pin), &params, &in, signature, &signature_len);
}

int run_suite(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
