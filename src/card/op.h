/* SPDX-License-Identifier: BSD-2-Clause */
/* One operation on a card: a connection and one transaction, after which the card is
 * locked. Only for the files of src/card. */
#ifndef INKAN_CARD_OP_H
#define INKAN_CARD_OP_H

#include "card/apdu.h"
#include "card/card.h"

struct op {
	struct card *card;
	struct apdu_link link;
	bool verify_sent; /* the operation must not be repeated from here on */
	bool lock;        /* the card may be unlocked: select something else at the end */
};

/* What is done inside the transaction. It may run twice when the link breaks
 * before a VERIFY, so it clears what an earlier run may have left in arg. */
typedef enum error (*op_step)(struct op *op, void *arg);

/* Selects the card's application (when it has one yet) and runs step, in a
 * transaction on the card's insertion (on any, when that is 0, which then
 * becomes the card's); ends it with the card locked. */
enum error op_run(struct card *card, op_step step, void *arg);

/* As op_run, but once, with no SELECT and a wait for other programs that is too short to
 * be noticed. */
enum error op_run_look(struct card *card, op_step step, void *arg);

/* SELECT of the profile's application. E_REFUSED when the card has none. */
enum error op_select(struct op *op, const struct profile *profile);

/* SELECT of something else: a card that was unlocked stays unlocked for every program until
 * then or until it is powered off. False when the card refuses. */
bool op_leave(struct op *op);

/* SELECT of an elementary file under the current application; nothing is sent for fid 0. */
enum error op_select_file(struct op *op, uint16_t fid, uint16_t *sw);

enum op_content {
	CONTENT_OBJECT, /* one DER object, cut to its length */
	CONTENT_ROW,    /* a row of objects up to the end of the file or to padding */
	CONTENT_BLOCK,  /* what one READ BINARY gives */
};

/* Reads a file into out, which is emptied first. E_NOT_FOUND: no such file, or
 * an empty one; E_SECURITY: the PIN first; E_FORMAT: not such a content. */
enum error op_read_file(struct op *op, struct file_ref file, enum op_content content, struct buf *out);

/* Errors that end an operation; any other may be the card's answer about an optional file. */
static inline bool is_fatal(enum error e)
{
	return e == E_LINK || e == E_MEMORY || e == E_TIMEOUT;
}

static inline bool file_given(struct file_ref f)
{
	return f.fid || f.sfi;
}

#endif
