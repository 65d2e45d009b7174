/* SPDX-License-Identifier: BSD-2-Clause */
#include "say.h"
#include "verify.h"

enum error judge_open(const struct crypto *crypto, struct judge *out)
{
	char folders[2][4096];
	const char *list[2] = {folders[0], folders[1]};
	enum error e = trust_open(crypto, list, trust_folders(folders), &out->trust);

	if (e == E_OK)
		e = store_open(crypto, list, store_folders(folders), &out->store);
	if (e != E_OK)
		complain("%s", _(error_text(e)));
	return e;
}

void judge_free(struct judge *judge)
{
	store_free(&judge->store);
	trust_free(&judge->trust);
}

enum error judge_lend(const struct crypto *crypto, struct judge *judge, const struct cert *const *more, size_t n)
{
	struct trust *with;
	enum error e = trust_with(crypto, judge->trust, more, n, &with);

	if (e == E_OK) {
		trust_free(&judge->trust);
		judge->trust = with;
	}
	return e;
}

void judge_lend_card(const struct crypto *crypto, struct judge *judge, struct card *card)
{
	struct cert *cas[CARD_CERTS_MAX] = {NULL};
	size_t n = 0;

	for (size_t i = 0; i < card->n_certs; i++) {
		const struct card_cert *c = &card->certs[i];

		if (c->role != CERT_OWN && card_read_cert(card, i) == E_OK &&
		    cert_parse(crypto, (struct bytes){c->der, c->der_len}, &cas[n]) == E_OK)
			n++;
	}
	judge_lend(crypto, judge, (const struct cert *const *)cas, n);
	while (n > 0)
		cert_free(&cas[--n]);
}
