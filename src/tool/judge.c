/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/object.h"
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

void judge_lend_card(const struct crypto *crypto, struct judge *judge, struct card *card)
{
	struct trust *with;

	if (trust_with_card(crypto, judge->trust, card, &with) == E_OK) {
		trust_free(&judge->trust);
		judge->trust = with;
	}
}
