/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "card/op.h"

static void forget_identity(struct card *card)
{
	mem_wipe(card->identity, card->identity_len);
	free(card->identity);
	card->identity = NULL;
	card->identity_len = 0;
}

static void forget_cert(struct card_cert *c)
{
	mem_wipe(c->der, c->der_len);
	free(c->der);
	c->der = NULL;
	c->der_len = 0;
}

void card_forget_protected(struct card *card)
{
	for (size_t i = 0; i < card->n_certs; i++)
		if (card->certs[i].pin_protected)
			forget_cert(&card->certs[i]);
}

void card_free(struct card **card)
{
	if (!*card)
		return;
	for (size_t i = 0; i < (*card)->n_certs; i++)
		forget_cert(&(*card)->certs[i]);
	forget_identity(*card);
	free(*card);
	*card = NULL;
}

/* Back to what is known before the first command; what was learned of the
 * reader's and the card's ways stays. */
static void start_over(struct card *card)
{
	for (size_t i = 0; i < card->n_certs; i++)
		forget_cert(&card->certs[i]);
	card->n_certs = 0;
	forget_identity(card);
	card->profile = NULL;
}

static enum error find_profile(struct op *op, const struct profile_set *set)
{
	for (size_t i = 0; i < set->n; i++) {
		enum error e = op_select(op, set->list[i]);

		if (e == E_OK)
			op->card->profile = set->list[i];
		if (e != E_REFUSED)
			return e;
	}
	return E_FOREIGN;
}

/* PKCS#15 pads text with spaces, some cards with zeros. */
static void set_model(struct card *card, const uint8_t *text, size_t n)
{
	while (n && (text[n - 1] == ' ' || text[n - 1] == '\0'))
		n--;
	for (size_t i = 0; i < n; i++)
		card->model[i] = text[i] >= 0x20 && text[i] < 0x7F ? (char)text[i] : '?';
	card->model[n] = '\0';
}

enum { INFO_MODEL = 64, INFO_MODEL_LEN = 16 };

static enum error read_token_info(struct op *op)
{
	struct card *card = op->card;
	const struct profile *p = card->profile;
	struct buf b = {0};
	enum error e;

	if (p->model) {
		set_model(card, (const uint8_t *)p->model, strnlen(p->model, sizeof card->model - 1));
		return E_OK;
	}
	e = op_read_file(op, p->token_info, CONTENT_BLOCK, &b);
	if (e == E_OK && b.len) {
		memcpy(card->token_info, b.data, b.len < sizeof card->token_info ? b.len : sizeof card->token_info);
		set_model(card, card->token_info + INFO_MODEL, INFO_MODEL_LEN);
	}
	buf_wipe(&b);
	return e == E_LINK || e == E_MEMORY ? e : E_OK;
}

/* The certificate itself, or why not; one behind the PIN is no failure. */
static enum error read_own(struct op *op)
{
	struct card *card = op->card;
	enum error e;

	if (card->n_certs == 0)
		return E_NOT_FOUND;
	if (card->certs[0].pin_protected)
		return E_OK;
	e = op_read_cert(op, 0);
	return e == E_SECURITY ? E_OK : e;
}

static enum error read_identity(struct op *op)
{
	struct card *card = op->card;
	struct file_ref f = card->profile->identity;
	struct buf b = {0};
	enum error e;

	if (card->certs[0].der || (!f.fid && !f.sfi))
		return E_OK;
	e = op_read_file(op, f, CONTENT_OBJECT, &b);
	if (e == E_OK) {
		card->identity = b.data;
		card->identity_len = b.len;
		return E_OK;
	}
	buf_wipe(&b);
	return e == E_LINK || e == E_MEMORY ? e : E_OK;
}

static enum error open_step(struct op *op, void *arg)
{
	enum error e;

	start_over(op->card);
	e = find_profile(op, arg);
	if (e == E_OK)
		e = read_token_info(op);
	if (e == E_OK)
		e = op_read_directories(op);
	if (e == E_OK)
		e = read_own(op);
	if (e == E_OK)
		e = read_identity(op);
	return e;
}

enum error card_open(const struct reader_ops *ops, void *self, const char *reader,
                     struct profile_set set, struct card **out)
{
	size_t n = strnlen(reader, READER_NAME_MAX);
	struct card *card;
	enum error e;

	*out = NULL;
	if (n == READER_NAME_MAX)
		return E_ARGUMENT;
	card = calloc(1, sizeof *card);
	if (!card)
		return E_MEMORY;
	card->ops = ops;
	card->self = self;
	memcpy(card->reader, reader, n);
	e = op_run(card, open_step, &set);
	if (e == E_OK) {
		log_info("%s: %s", reader, card->profile->name);
		*out = card;
	} else {
		log_info("%s: %s", reader, error_text(e));
		card_free(&card);
	}
	return e;
}
