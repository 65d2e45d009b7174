/* SPDX-License-Identifier: BSD-2-Clause */
/* The one way by which a PIN gets to a card. A wrong try too many means a visit
 * to the registration authority or to the town hall: so the gate reads the
 * counter first, in the same transaction, and may refuse. For the files of this
 * room alone.
 *
 * What the gate remembers is the process's, whichever of our modules or
 * programs put it there: PINs that a card refused (salted hashes), the PIN that
 * was given last, and what each card's counter was when it last told. It stays
 * across C_Finalize and dlclose. */
#ifndef INKAN_CARD_GATE_H
#define INKAN_CARD_GATE_H

#include "card/op.h"

enum pin_use {
	PIN_TYPED, /* by a person, for this card */
	PIN_KEPT,  /* accepted by this card before, and kept since */
};

/* VERIFY, once, or not at all. The PIN's form has been checked.
 * E_PIN_LOCKED     known before, or the counter says so: nothing is sent any more until the card was out
 * E_PIN_UNCERTAIN  an earlier PIN was cut off on its way, and the counter is not told
 * E_PIN_REPEATED   typed, and this card refused it before at this counter or a higher one
 * E_PIN_ELSEWHERE  typed, and given to another card less than three seconds ago
 * E_PIN_LAST_TRY   typed, and one try is left that may not be used
 * E_PIN_STALE      kept, and this card has refused it since the login, or the counter is lower than the login
 *                  left it, or one
 * E_PIN_WRONG, E_PIN_LOCKED: the card's answer. pin.tries says what is left. */
enum error gate_verify(struct op *op, struct bytes pin, enum pin_use use, bool last_try_allowed);

/* CHANGE REFERENCE DATA to this PIN, straight after gate_verify. */
enum error gate_change(struct op *op, struct bytes new_pin);

/* Reads the counter into pin.tries, from the card or, once that has said
 * "locked", from memory. Where the card does not tell: what it said last, or -1. */
enum error gate_tries(struct op *op);

/* After a link that broke when a PIN was on its way: what the counter says now,
 * on a connection of its own. */
void gate_recount(struct card *card);

#endif
