/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include "card/cia.h"
#include "card/op.h"

enum error op_read_cert(struct op *op, size_t i)
{
	struct card_cert *c = &op->card->certs[i];
	struct buf b = {0};
	enum error e = op_read_file(op, c->file, CONTENT_OBJECT, &b);

	if (e == E_OK) {
		c->der = b.data;
		c->der_len = b.len;
		return E_OK;
	}
	if (e == E_SECURITY)
		c->pin_protected = true;
	buf_wipe(&b);
	return e;
}

static enum error read_step(struct op *op, void *arg)
{
	const size_t *i = arg;
	enum error e = op_select(op, op->card->profile);

	return e == E_OK ? op_read_cert(op, *i) : e;
}

enum error card_read_cert(struct card *card, size_t i)
{
	if (i >= card->n_certs)
		return E_ARGUMENT;
	if (card->certs[i].der)
		return E_OK;
	if (card->certs[i].pin_protected)
		return E_SECURITY;
	return op_run(card, read_step, &i);
}

static enum error label_step(struct op *op, void *arg)
{
	struct buf *b = arg;
	enum error e = op_select(op, op->card->profile);

	return e == E_OK ? op_read_file(op, op->card->profile->cia_info, CONTENT_OBJECT, b) : e;
}

enum error card_read_label(struct card *card)
{
	struct buf b = {0};
	enum error e = E_OK;

	card->label[0] = '\0';
	if (!card->profile->cia)
		return E_OK;
	e = op_run(card, label_step, &b);
	if (e == E_OK)
		cia_read_label((struct bytes){b.data, b.len}, card->label);
	buf_free(&b);
	return e == E_NOT_FOUND || e == E_FORMAT ? E_OK : e;
}
