/* SPDX-License-Identifier: BSD-2-Clause */
/* A token: one card application during one insertion, with its objects in
 * memory and, while somebody is logged in, the PIN. Everything here is called
 * with the slot's lock held, except token_info's copy. */
#ifndef INKAN_PKCS11_TOKEN_H
#define INKAN_PKCS11_TOKEN_H

#include "base/mem.h"
#include "card/card.h"
#include "cert/x509.h"
#include "pkcs11/mech.h"
#include "pkcs11/module.h"
#include "pkcs11/object.h"

struct token {
	struct card *card;
	struct cert *cert;         /* the holder's own; NULL: behind the PIN */
	char serial[SERIAL_LEN + 1];
	struct secret *pin;        /* of a key without user consent, while logged in */
	struct object *objects;
	size_t n_objects;
	unsigned repeats;          /* logins in a row with PINs that the card has refused */
};

enum error token_load(const char *reader, struct token **token);
void token_free(struct token **token);

void token_info(const struct token *token, CK_TOKEN_INFO *info);

/* RSASSA-PSS is offered: settings, and what this card has shown. */
bool token_offers_pss(const struct token *token);

/* VERIFY under the rules of design and settings. On success the objects behind
 * the PIN are there. */
CK_RV token_verify(struct token *token, struct bytes pin);

/* Keeps the PIN while logged in, where the key may sign without consent. */
CK_RV token_keep_pin(struct token *token, struct bytes pin);

/* Wipes the PIN and what was behind it; handles stay. NULL is allowed. */
void token_logout(struct token *token);

/* CHANGE REFERENCE DATA. */
CK_RV token_change_pin(struct token *token, struct bytes old_pin, struct bytes new_pin);

/* The card signs with this PIN, and the signature is checked against the
 * certificate. E_PIN_WRONG, E_PIN_LOCKED: the card no longer takes the PIN;
 * E_SIGNATURE, E_UNSUPPORTED: it cannot do this scheme. */
enum error token_sign(struct token *token, const struct secret *pin, const struct sign *sign,
                      const struct prepared *prepared, uint8_t *signature, size_t *len);

/* RSASSA-PSS is not offered for this card again in this process. */
enum error token_withdraw_pss(struct token *token);

#endif
