/* SPDX-License-Identifier: BSD-2-Clause */
/* Asking for PINs, and trying them; asking whether to go on. */
#ifndef INKAN_TOOL_ASK_H
#define INKAN_TOOL_ASK_H

#include "base/mem.h"
#include "card/card.h"
#include "tool.h"

/* One PIN into *pin (secret_free): from the terminal without echo, or, when
 * standard input is no terminal, the next line of it. Signals find the terminal
 * restored. E_CANCELLED: end of input. E_PIN_LENGTH: longer than any PIN. */
enum error ask_pin(const char *prompt, struct secret **pin);

/* The same from an open file: its next line. */
enum error ask_pin_fd(int fd, struct secret **pin);

enum question {
	ASK_PIN, /* says how many tries are left */
	ASK_NEW,
	ASK_AGAIN,
};

/* The same for a card, the prompt saying whose PIN and of what form; the form is
 * checked. What went wrong has been said. */
enum error ask_card_pin(struct card *card, enum question question, struct secret **pin);

/* "4 digits", "6 to 16 letters and digits": to be freed; NULL when out of memory. */
char *pin_form_text(const struct pin_profile *rule);

/* Whether the answer on the terminal is y, yes or はい. If not, it has been said that
 * nothing was changed; advice is for where standard input is no terminal. */
bool ask_yes(const char *question, const char *advice);

/* Reads the counter; complains when it forbids a VERIFY. */
enum error check_tries(struct card *card, bool last_try);

/* check_tries, ask_card_pin, card_login. What went wrong has been said. */
enum error log_in(struct card *card, bool last_try);

#endif
