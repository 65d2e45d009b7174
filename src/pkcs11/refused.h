/* SPDX-License-Identifier: BSD-2-Clause */
/* PINs that a card refused, as salted hashes: a program that tries its PIN again
 * and again must not lock the card. */
#ifndef INKAN_PKCS11_REFUSED_H
#define INKAN_PKCS11_REFUSED_H

#include "base/tlv.h"
#include "pkcs11/token.h"

/* What the card's counter said after it refused this PIN; -1: it did not. */
int refused_at(const struct token *token, struct bytes pin);

/* Keeps the PIN's hash with the counter as it is now. */
void refused_remember(const struct token *token, struct bytes pin);

#endif
