/* SPDX-License-Identifier: BSD-2-Clause */
/* inkan.h: the certificate on a card. */
#include <string.h>
#include "base/conf.h"
#include "card/card.h"
#include "lib/object.h"

/* Some cards bring their CAs' certificates: with those only the anchor has to be
 * installed. What cannot be read is not there. */
static enum error lend_cas(const struct inkan *ctx, struct card *card, struct trust **out)
{
	struct cert *cas[CARD_CERTS_MAX];
	enum error e = E_OK;
	size_t n = 0;

	for (size_t i = 0; i < card->n_certs; i++) {
		const struct card_cert *c = &card->certs[i];

		if (c->role != CERT_OWN && card_read_cert(card, i) == E_OK &&
		    cert_parse(ctx->crypto, (struct bytes){c->der, c->der_len}, &cas[n]) == E_OK)
			n++;
	}
	if (n > 0)
		e = trust_with(ctx->crypto, ctx->trust, (const struct cert *const *)cas, n, out);
	while (n > 0)
		cert_free(&cas[--n]);
	return e;
}

static enum error take(const struct inkan *ctx, struct card *card, struct cert **cert, struct trust **trust)
{
	enum error e = card->n_certs > 0 && card->certs[0].role == CERT_OWN ? E_OK : E_NOT_FOUND;

	if (e == E_OK)
		e = card_read_cert(card, 0);
	if (e == E_OK)
		e = cert_parse(ctx->crypto, (struct bytes){card->certs[0].der, card->certs[0].der_len}, cert);
	if (e == E_OK && (e = lend_cas(ctx, card, trust)) != E_OK)
		cert_free(cert);
	return e;
}

struct search {
	const struct inkan *ctx;
	const char *reader; /* part of a name; NULL: any that the settings let through */
	struct profile_set profiles;
	void *pcsc;
};

/* The first reader with such a card. A card of ours that fails says more than one of
 * another kind, and that more than an empty reader. */
static enum error look(const struct search *s, struct cert **cert, struct trust **trust)
{
	struct reader_state states[READER_COUNT_MAX];
	size_t n = READER_COUNT_MAX;
	enum error e = pcsc_reader_ops.list(s->pcsc, states, &n), found = E_NO_CARD;
	struct card_system cards = {&pcsc_reader_ops, s->pcsc, s->ctx->crypto, NULL};
	struct conf conf;

	conf_load(&conf);
	for (size_t i = 0; e == E_OK && found != E_OK && i < n; i++) {
		struct card *card;
		enum error one;

		if (!states[i].present ||
		    (s->reader ? !strstr(states[i].name, s->reader) : !conf_shows_reader(&conf, states[i].name)))
			continue;
		one = card_open(&cards, states[i].name, s->profiles, &card);
		if (one == E_OK) {
			one = take(s->ctx, card, cert, trust);
			card_free(&card);
		}
		if (one == E_OK || found == E_NO_CARD || found == E_FOREIGN)
			found = one;
	}
	return e == E_OK ? found : e;
}

enum inkan_error inkan_cert_from_card(struct inkan *ctx, const char *reader, enum inkan_purpose purpose,
                                      struct inkan_cert **out)
{
	struct search s = {.ctx = ctx, .reader = reader};
	struct cert *cert = NULL;
	struct trust *trust = NULL;
	enum error e;

	if (out)
		*out = NULL;
	if (!ctx || !out || (unsigned)purpose > INKAN_PURPOSE_SIGN)
		return INKAN_E_ARGUMENT;
	s.profiles = purpose == INKAN_PURPOSE_SIGN ? profiles_sign : profiles_auth;
	e = pcsc_reader_ops.open(&s.pcsc, true);
	if (e != E_OK)
		return inkan_error_of(e);
	e = look(&s, &cert, &trust);
	pcsc_reader_ops.close(s.pcsc);
	return e == E_OK ? inkan_cert_wrap(cert, trust, out) : inkan_error_of(e);
}
