/* SPDX-License-Identifier: BSD-2-Clause */
/* A token: one card application during one insertion, with its objects in
 * memory and, during a login, the PIN. */
#ifndef INKAN_PKCS11_TOKEN_H
#define INKAN_PKCS11_TOKEN_H

#include "base/mem.h"
#include "card/card.h"
#include "cert/x509.h"
#include "pkcs11/mech.h"
#include "pkcs11/module.h"
#include "pkcs11/object.h"

struct token {
	struct card *card; /* I/O with the slot's lock held; its profile, serial number and key are constant */

	/* under the slot's lock */
	struct cert *cert;  /* the holder's own; NULL: behind the PIN */
	struct secret *pin; /* during a login, if the key needs no consent */
	unsigned repeats;   /* logins in a row with PINs that the card has refused */

	/* under the table lock */
	bool gone;              /* the card was removed: freed with the slot's lock held */
	bool no_pss;            /* it cannot do RSASSA-PSS; written with both locks held */
	unsigned bits;          /* of the key; 0: behind the PIN */
	struct object *objects; /* the list is constant */
	size_t n_objects;
};

/* Reads the application of the first profile of the set that is on the card. */
enum error token_load(const char *reader, struct profile_set set, struct token **token);
void token_free(struct token **token);

/* With both locks held: the counter of PIN tries is the card's. */
void token_info(const struct token *token, CK_TOKEN_INFO *info);

/* Whether RSASSA-PSS is offered, by the settings and the card's record. With either lock
 * held. token_withdraw_pss, with both: it is not offered for this card again in this process. */
bool token_offers_pss(const struct token *token);
void token_withdraw_pss(struct token *token);

/* These two with the slot's lock held. VERIFY; on success the certificate behind
 * the PIN has been read. */
enum error token_verify(struct token *token, struct bytes pin);

/* Wipes the PIN and what was behind it; handles stay. */
void token_logout(struct token *token);

#endif
