/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines: src/vcard/like.c src/vcard/like_card.c */
/* Card reports as inkan-vcard --like reads them: what is taken makes a card, and the card answers. */
#include <stdlib.h>
#include "fuzz.h"
#include "vcard/vcard.h"

static size_t send(struct vcard *card, const uint8_t *apdu, size_t n)
{
	static uint8_t response[65538];
	size_t len = sizeof response;

	vcard_transmit(card, apdu, n, response, &len);
	MUST(len <= sizeof response && len != 1);
	return len;
}

/* What a driver asks first, in each application, and what the input asks. */
static void talk(struct vcard *card, struct bytes in)
{
	static const uint8_t select[][21] = {
		{0x00, 0xA4, 0x04, 0x00, 16, 0xE8, 0x28, 0xBD, 0x08, 0x0F, 0xA0, 0, 0, 3, 0x91, 0, 0, 0, 0, 0, 2},
		{0x00, 0xA4, 0x04, 0x00, 16, 0xE8, 0x28, 0xBD, 0x08, 0x0F, 0xA0, 0, 0, 3, 0x91, 0, 0, 0, 0, 0, 1},
		{0x00, 0xA4, 0x04, 0x0C, 10, 0xD3, 0x92, 0xF0, 0, 0x26, 1, 0, 0, 0, 1},
	};

	for (size_t i = 0; i < 3; i++) {
		send(card, select[i], 5U + select[i][4]);
		for (uint8_t sfi = 1; sfi < 31; sfi++)
			send(card, (uint8_t[]){0x00, 0xB0, 0x80 | sfi, 0, 0}, 5);
		send(card, (uint8_t[]){0x00, 0x20, 0x00, i == 2 ? 0x80 : 0x88}, 4);
		for (int k = 0; k < 8 && in.len; k++) {
			struct bytes apdu = feed_take(&in, feed_byte(&in));

			if (apdu.len)
				send(card, apdu.data, apdu.len);
		}
	}
	vcard_power_off(card);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = {data, size}, apdus = feed_take(&in, feed_byte(&in));
	const char *pki = getenv("INKAN_TEST_PKI");
	char path[128], why[256] = "";
	struct vcard_spec *spec;
	struct vcard *card;

	snprintf(path, sizeof path, "%s/report", fuzz_folder());
	fuzz_write(path, in);
	spec = vcard_like(path, why, sizeof why);
	if (!spec) {
		MUST(why[0]);
		return 0;
	}
	MUST(spec->atr_len <= sizeof spec->atr);
	for (size_t i = 0; i < spec->n_files; i++)
		MUST(spec->files[i].content != VCARD_BYTES || spec->files[i].bytes || spec->files[i].len == 0);
	spec->pki = pki ? pki : "tests/pki";
	card = vcard_new(spec, why, sizeof why);
	if (card) {
		talk(card, apdus);
		vcard_free(card);
	}
	vcard_like_free(&spec);
	return 0;
}
