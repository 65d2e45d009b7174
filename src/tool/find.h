/* SPDX-License-Identifier: BSD-2-Clause */
/* Readers, the card in each, and the tokens on it (one per profile). */
#ifndef INKAN_TOOL_FIND_H
#define INKAN_TOOL_FIND_H

#include "base/conf.h"
#include "card/card.h"
#include "cert/x509.h"
#include "tool.h"

#define TOKENS_MAX 4

struct token {
	struct card *card;
	struct cert *cert;     /* the holder's; NULL: not read */
	enum error cert_error; /* why; E_SECURITY: it is behind the PIN */
};

struct place { /* a reader and what is in it */
	struct reader_state state;
	struct token tokens[TOKENS_MAX];
	size_t n;
	const struct profile *empty[TOKENS_MAX]; /* applications that are there and have no certificate */
	size_t n_empty;
	enum error error; /* why there are no tokens: E_NO_CARD, E_FOREIGN, E_BUSY, … */
};

struct find {
	struct conf conf;
	struct crypto *crypto;
	struct card_system cards; /* pcsc_reader_ops, crypto and say_waiting */
	struct place places[READER_COUNT_MAX];
	size_t n;
};

/* Looks at every reader whose name has `name` in it (NULL: every one that the
 * settings let through). E_NO_READER when that is none. A reader that is empty,
 * or whose card is foreign or busy, is no error here. */
enum error find_all(struct find *f, const char *name);
void find_free(struct find *f);

/* Says why no place has a token. */
enum exit_code find_nothing(const struct find *f);

/* find_all, and the one card that is there; what stands in the way (none,
 * several) has been said. */
enum exit_code find_card(struct find *f, const char *name, struct place **out);
/* The same of those that `wanted` says yes to: the others are as if they were not there. */
enum exit_code find_wanted(struct find *f, const char *name, bool (*wanted)(struct place *p), struct place **out);

/* "auth" or "sign", else false. */
bool use_of(const char *word, enum use *use);
bool token_is(const struct token *t, enum use use);
struct token *place_token(struct place *p, enum use use); /* NULL: none such */

/* Say that the card has no token for that, and why a token's certificate was not read
 * (`advice`, if any, where it is behind the PIN). */
enum exit_code refuse_no_token(const struct place *p);
enum exit_code refuse_unread(const struct token *t, const char *advice);

/* Parses the certificate of the card, if it has been read by now. */
void token_read_cert(const struct find *f, struct token *t);

#endif
