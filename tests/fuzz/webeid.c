/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines: src/webeid/request.c */
/* Messages to the native messaging host: what is taken names a site and nothing else, and is to be signed as it came. */
#include <openssl/evp.h>
#include "fuzz.h"
#include "webeid/request.h"

static bool gone(void)
{
	return false;
}

static const char *text_of(const json_t *message, const char *name)
{
	return json_string_value(json_object_get(json_object_get(message, "arguments"), name));
}

static void look_at(const json_t *message, const struct request *r)
{
	const struct consent consent = {.signature_len = 256};
	char encoded[100];
	json_t *answer;

	if (r->command == QUIT)
		return;
	MUST(strspn(r->site, "abcdefghijklmnopqrstuvwxyz0123456789.-_[]:") == strlen(r->site) && strlen(r->site) > 0);
	MUST(strncmp(text_of(message, "origin"), "https://", 8) == 0 || strncmp(text_of(message, "origin"), "wss://", 6) == 0);
	MUST(strlen(text_of(message, "origin")) <= 255);
	if (r->command == SIGN) {
		EVP_EncodeBlock((uint8_t *)encoded, r->digest, (int)crypto_hash_len(r->hash));
		MUST(strcmp(encoded, text_of(message, "hash")) == 0);
		MUST(r->cert[0]);
	}
	if (r->command == AUTHENTICATE)
		MUST(strlen(text_of(message, "challengeNonce")) >= 44 && strlen(text_of(message, "challengeNonce")) <= 128);
	answer = request_answer(r, &consent);
	MUST(json_object_size(answer) == (r->command == AUTHENTICATE ? 5 : 2));
	json_decref(answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct request r = {.gone = gone};
	json_t *message = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL);

	if (message && !request_read(message, &r))
		look_at(message, &r);
	json_decref(message);
	return 0;
}
