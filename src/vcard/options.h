/* SPDX-License-Identifier: BSD-2-Clause */
/* The options of inkan-vcard, on its command line and, those of a card, in the
 * control command `insert`. Strings are the caller's words, not copied. */
#ifndef INKAN_VCARD_OPTIONS_H
#define INKAN_VCARD_OPTIONS_H

#include "vcard/slot.h"
#include "vcard/vcard.h"

struct card_options {
	bool none;          /* an empty reader */
	struct vcard_spec spec;
	struct vcard_spec *like; /* what --like was read into; to be freed. NULL: none */
};

struct options {
	struct card_options cards[SLOTS_MAX];
	size_t n_cards;
	const char *pki, *trace, *control, *driver, *send;
	unsigned apdu_delay;
	bool verbose, help, version;
	char **command;     /* NULL: none */
};

/* Words from argv[1] on. False with a sentence in why. */
bool options_parse(struct options *o, int argc, char **argv, char *why, size_t why_size);

/* The options of one card; the first word is --card. */
bool options_parse_card(struct card_options *card, int argc, char **argv, char *why, size_t why_size);

/* What options_parse and options_parse_card have read; good for those that failed, too. */
void options_free(struct options *o);

void options_help(void); /* to standard output */

#endif
