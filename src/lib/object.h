/* SPDX-License-Identifier: BSD-2-Clause */
/* The objects behind inkan.h's names. */
#ifndef INKAN_LIB_OBJECT_H
#define INKAN_LIB_OBJECT_H

#include <stdatomic.h>
#include "card/card.h"
#include "inkan.h"
#include "lib/decide.h"

struct inkan {
	struct crypto *crypto;
	struct trust *trust;
	struct store *store;
};

/* Made when somebody asks, by whichever thread comes first. */
struct cert_texts {
	_Atomic(char *) issuer;
	_Atomic(char *) subject;
	_Atomic(char *) urls;
};

struct inkan_cert {
	const struct cert *cert;
	struct cert *owned;  /* cert; NULL: it is another object's */
	struct trust *trust; /* the context's and the CAs of the card that it came from; NULL: the context's */
	struct cert_texts own, *texts; /* `texts` is `own`: it can be written in a constant certificate */
};

struct inkan_evidence {
	const struct inkan *ctx;
	struct cert **cas;
	size_t n_cas;
	struct trust *trust; /* the context's and these CAs; NULL: nothing was added */
	struct bytes *lists; /* DER, of OPENSSL_malloc */
	size_t n_lists;
	struct snapshot *snapshot; /* those that a CA of `trust` signed */
};

struct inkan_decision {
	struct decision d;
	const struct inkan_cert *cert;
	struct trust *trust; /* these two: made for this decision alone; NULL: none was */
	struct snapshot *lists;
	struct inkan_cert cas[CHAIN_MAX];
};

enum inkan_error inkan_error_of(enum error e);

/* The lists of the evidence that a CA of this trust store signed. Of those from `told` on: E_SIGNATURE: one has the
 * name of a CA, and not its signature; E_FORMAT: one is malformed; both are left out. */
enum error evidence_lists(const struct inkan_evidence *e, size_t told, const struct trust *trust,
                          struct snapshot **out);

/* Messages come from where the library was installed to, whatever the program has bound. */
void inkan_bind_messages(void);

/* Copies what both know of a caller's struct and ours of `known` bytes; the rest of ours must be zero
 * before. False: its size cannot be one, or it has more than ours and that is not zero. */
bool struct_take(void *ours, size_t known, const void *theirs);
bool struct_give(void *theirs, const void *ours, size_t known);

/* The first reader with such a card; of its failures that of a card of ours before one of another kind, and that before
 * an empty reader. out NULL: the card is closed again. */
enum error holder_card(const struct inkan *ctx, const struct card_system *cards, const char *reader,
                       struct profile_set profiles, struct card **out, struct cert **cert, struct trust **trust);

/* A trust store in which the CA certificates on the card help to build chains, too: with those only the anchor
 * must be installed. One that cannot be read is left out. */
enum error trust_with_card(const struct crypto *crypto, const struct trust *base, struct card *card,
                           struct trust **out);

size_t list_count(const char *const *list); /* up to its NULL; 0: NULL */

/* Takes the certificate and the trust store over, also on failure. */
enum inkan_error inkan_cert_wrap(struct cert *cert, struct trust *trust, struct inkan_cert **out);

/* What the functions of inkan.h take, of a certificate that stays another object's; cert_texts_free(out->texts). */
void inkan_cert_view(const struct cert *cert, struct inkan_cert *out);
void cert_texts_free(struct cert_texts *texts);

#endif
