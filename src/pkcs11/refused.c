/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>
#include "base/mem.h"
#include "pkcs11/refused.h"

/* As the card gets it: where it takes capitals only, "abc123" and "ABC123" are
 * one PIN. */
static enum error hash_pin(const struct token *token, const uint8_t *salt, struct bytes pin, uint8_t *out)
{
	uint8_t in[16 + SECRET_MAX];
	bool raise = token->card->pin.rule.alphabet == PIN_UPPER_ALNUM;
	enum error e;

	if (pin.len > SECRET_MAX)
		return E_TOO_LONG;
	memcpy(in, salt, 16);
	for (size_t i = 0; i < pin.len; i++)
		in[16 + i] = raise && pin.data[i] >= 'a' && pin.data[i] <= 'z' ? (uint8_t)(pin.data[i] - 32)
		                                                               : pin.data[i];
	e = crypto_hash(module.crypto, HASH_SHA256, (struct bytes){in, 16 + pin.len}, out);
	mem_wipe(in, sizeof in);
	return e;
}

static bool is_this(const struct refused *r, const struct token *token, struct bytes pin)
{
	uint8_t hash[32];

	return strcmp(r->serial, token->serial) == 0 && hash_pin(token, r->salt, pin, hash) == E_OK &&
	       memcmp(r->hash, hash, sizeof hash) == 0;
}

int refused_at(const struct token *token, struct bytes pin)
{
	int tries = -1;

	module_lock();
	for (size_t i = 0; i < REFUSED_MAX; i++)
		if (module.refused[i].serial[0] && is_this(&module.refused[i], token, pin) &&
		    module.refused[i].tries > tries)
			tries = module.refused[i].tries;
	module_unlock();
	return tries;
}

void refused_remember(const struct token *token, struct bytes pin)
{
	struct refused r = {.tries = token->card->pin.tries};

	memcpy(r.serial, token->serial, sizeof r.serial);
	if (crypto_random(module.crypto, r.salt, sizeof r.salt) != E_OK ||
	    hash_pin(token, r.salt, pin, r.hash) != E_OK)
		return;
	module_lock();
	module.refused[module.n_refused++ % REFUSED_MAX] = r;
	module_unlock();
}
