/* SPDX-License-Identifier: BSD-2-Clause */
/* The trust store and the lists, for verbs that look into them. */
#ifndef INKAN_TOOL_VERIFY_H
#define INKAN_TOOL_VERIFY_H

#include "card/card.h"
#include "lib/decide.h"

/* The trust store and the lists of this machine and this user. */
struct judge {
	struct trust *trust;
	struct store *store;
};

/* What went wrong has been said. */
enum error judge_open(const struct crypto *crypto, struct judge *out);
void judge_free(struct judge *judge);

/* HPKI cards bring their CAs' certificates: with those only the anchor has to be
 * installed. What cannot be read is not there. */
void judge_lend_card(const struct crypto *crypto, struct judge *judge, struct card *card);

#endif
