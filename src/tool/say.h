/* SPDX-License-Identifier: BSD-2-Clause */
/* Words for people. Whatever comes from a card, a file or a reader goes through
 * put_text: no control character reaches the terminal. */
#ifndef INKAN_TOOL_SAY_H
#define INKAN_TOOL_SAY_H

#include <stdbool.h>
#include <stdio.h>
#include <time.h>
#include "base/error.h"
#include "base/i18n.h"
#include "card/card.h"

#define P_(one, many, n) dngettext(INKAN_DOMAIN, one, many, n)

/* As text_visible makes it. */
void put_text(FILE *f, const char *text);

/* There was no memory for a part of the output; whether there ever was none. */
void mark_incomplete(void);
bool is_incomplete(void);

/* Columns on the terminal, where a kanji takes two. */
int text_columns(const char *text);

/* "  Label:   value" on standard output, values in one column; and further in. */
void put_field(const char *label, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void put_subfield(const char *label, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* For people, in local time: "2026-11-20 21:00 JST"; "" when there is none. */
#define LOCAL_TIME_SIZE 32
const char *time_text(time_t t, bool date_only, char out[LOCAL_TIME_SIZE]);

/* On standard error: what happened, one sentence; what to do next, another. */
void complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void advise(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Both go there without the program's name, for a dialog; NULL: to standard error again. */
void say_into(FILE *f);

/* Both sentences about a reader or the card in it ("" when there is none to name). */
void complain_reader(enum error e, const char *reader);

/* "HPKI card, My Number Card": to be freed; NULL when out of memory. */
char *families_text(void);

/* That another program has the card, and that nothing need be done: struct card_system's
 * waiting. */
void say_waiting(const char *reader);

/* The same when a PIN was asked for; tries as card->pin says. */
void complain_pin(enum error e, const struct card *card);

/* A profile's name, as the token's label is, with a word for what it is for where
 * the reader's language has one. */
const char *token_text(const struct profile *p);

/* "3 tries left", "locked", "not known": to be freed; NULL when out of memory. */
char *tries_text(int tries);

#endif
