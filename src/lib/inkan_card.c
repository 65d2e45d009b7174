/* SPDX-License-Identifier: BSD-2-Clause */
/* inkan.h: the certificate on a card. */
#include <string.h>
#include "base/conf.h"
#include "lib/object.h"

enum error trust_with_card(const struct crypto *crypto, const struct trust *base, struct card *card, struct trust **out)
{
	struct cert *cas[CARD_CERTS_MAX] = {NULL};
	size_t n = 0;
	enum error e;

	for (size_t i = 1; i < card->n_certs; i++) {
		const struct card_cert *c = &card->certs[i];

		if (c->role != CERT_OWN && card_read_cert(card, i) == E_OK &&
		    cert_parse(crypto, (struct bytes){c->der, c->der_len}, &cas[n]) == E_OK)
			n++;
	}
	e = trust_with(crypto, base, (const struct cert *const *)cas, n, out);
	while (n > 0)
		cert_free(&cas[--n]);
	return e;
}

static enum error read_card(const struct inkan *ctx, struct card *card, struct cert **cert, struct trust **trust)
{
	enum error e;

	if (card->n_certs == 0 || card->certs[0].role != CERT_OWN)
		return E_NOT_FOUND;
	e = card_read_cert(card, 0);
	if (e == E_OK)
		e = cert_parse(ctx->crypto, (struct bytes){card->certs[0].der, card->certs[0].der_len}, cert);
	if (e == E_OK && (e = trust_with_card(ctx->crypto, ctx->trust, card, trust)) != E_OK)
		cert_free(cert);
	return e;
}

enum error holder_card(const struct inkan *ctx, const struct card_system *cards, const char *reader,
                       struct profile_set profiles, struct card **out, struct cert **cert, struct trust **trust)
{
	struct reader_state states[READER_COUNT_MAX];
	size_t n = READER_COUNT_MAX;
	enum error e = cards->ops->list(cards->self, states, &n), found = E_NO_READER;
	struct conf conf;

	if (e != E_OK)
		return e;
	conf_load(&conf);
	for (size_t i = 0; found != E_OK && i < n; i++) {
		struct card *card;
		enum error one = states[i].present ? E_OK : E_NO_CARD;

		if (reader ? !strstr(states[i].name, reader) : !conf_shows_reader(&conf, states[i].name))
			continue;
		if (one == E_OK)
			one = card_open(cards, states[i].name, profiles, &card);
		if (one == E_OK) {
			one = read_card(ctx, card, cert, trust);
			if (one == E_OK && out)
				*out = card;
			else
				card_free(&card);
		}
		if (one == E_OK || found == E_NO_READER || found == E_NO_CARD ||
		    (found == E_FOREIGN && one != E_NO_CARD))
			found = one;
	}
	return found;
}

enum inkan_error inkan_cert_from_card(struct inkan *ctx, const char *reader, enum inkan_purpose purpose,
                                      struct inkan_cert **out)
{
	struct cert *cert = NULL;
	struct trust *trust = NULL;
	struct card_system cards = {.ops = &pcsc_reader_ops};
	enum error e;

	if (out)
		*out = NULL;
	if (!ctx || !out || (unsigned)purpose > INKAN_PURPOSE_SIGN)
		return INKAN_E_ARGUMENT;
	e = pcsc_reader_ops.open(&cards.self, true);
	if (e != E_OK)
		return inkan_error_of(e);
	cards.crypto = ctx->crypto;
	e = holder_card(ctx, &cards, reader, purpose == INKAN_PURPOSE_SIGN ? profiles_sign : profiles_auth, NULL, &cert,
	                &trust);
	pcsc_reader_ops.close(cards.self);
	return e == E_OK ? inkan_cert_wrap(cert, trust, out) : inkan_error_of(e);
}
