/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "base/text.h"
#include "card/cia.h"
#include "card/gate.h"

static void forget_certs(struct card *card, bool protected_alone)
{
	for (struct card_cert *c = card->certs; c < card->certs + card->n_certs; c++) {
		if (protected_alone && !c->pin_protected)
			continue;
		pages_free(c->der);
		c->der = NULL;
		c->der_len = 0;
	}
}

void card_forget_protected(struct card *card)
{
	forget_certs(card, true);
}

void card_free(struct card **card)
{
	if (!*card)
		return;
	forget_certs(*card, false);
	free(*card);
	*card = NULL;
}

static enum error card_new(const struct card_system *sys, const char *reader, struct card **card)
{
	*card = NULL;
	if (strnlen(reader, READER_NAME_MAX) == READER_NAME_MAX)
		return E_ARGUMENT;
	*card = calloc(1, sizeof **card);
	if (!*card)
		return E_MEMORY;
	(*card)->sys = sys;
	(*card)->login_tries = (*card)->pin.tries = -1;
	memcpy((*card)->reader, reader, strlen(reader));
	return E_OK;
}

static enum error find_profile(struct op *op, const struct profile_set *set, const struct profile **found)
{
	for (size_t i = 0; i < set->n; i++) {
		enum error e = op_select(op, set->list[i]);

		*found = set->list[i];
		if (e != E_REFUSED && e != E_PROTOCOL)
			return e;
	}
	return E_FOREIGN;
}

#define CERTIFICATE_THERE 0x8F

/* E_NOT_FOUND when the card says that the profile's certificate is not there. One
 * that does not say which certificates it has is taken to have them. */
static enum error check_certificate(struct op *op)
{
	struct file_ref file = op->card->profile->certificates;
	struct buf b = {0};
	enum error e = E_OK;

	if (!file_given(file))
		return E_OK;
	e = op_read_file(op, file, CONTENT_BLOCK, &b);
	if (e == E_OK && b.len > 0 && b.data[0] != CERTIFICATE_THERE)
		e = E_NOT_FOUND;
	else if (!is_fatal(e))
		e = E_OK;
	buf_free(&b);
	return e;
}

static enum error look_step(struct op *op, void *arg)
{
	enum error e = find_profile(op, arg, &op->card->profile);

	return e == E_OK ? check_certificate(op) : e;
}

enum error card_look(const struct card_system *sys, const char *reader, struct profile_set set,
                     uint32_t *insertion, const struct profile **profile)
{
	struct card *card;
	enum error e = card_new(sys, reader, &card);

	if (e != E_OK)
		return e;
	e = op_run_look(card, look_step, &set);
	*insertion = card->insertion;
	*profile = card->profile;
	log_info("%s: %s", reader, e == E_OK ? card->profile->name : error_text(e));
	card_free(&card);
	return e;
}

enum { INFO_LEN = 160, INFO_MODEL = 64, INFO_MODEL_LEN = 16 };

/* The model: the profile's, or the token info file's. PKCS#15 pads text with spaces,
 * some cards with zeros. */
static enum error read_token_info(struct op *op, struct buf *info)
{
	struct card *card = op->card;
	const char *model = card->profile->model;
	size_t n = model ? strnlen(model, sizeof card->model - 1) : 0;
	enum error e = model ? E_OK : op_read_file(op, card->profile->token_info, CONTENT_BLOCK, info);

	if (e == E_OK && info->len >= INFO_MODEL + INFO_MODEL_LEN) {
		model = (const char *)info->data + INFO_MODEL;
		n = INFO_MODEL_LEN;
	}
	while (n && (model[n - 1] == ' ' || model[n - 1] == '\0'))
		n--;
	for (size_t i = 0; i < n; i++)
		card->model[i] = model[i] >= 0x20 && model[i] < 0x7F ? model[i] : '?';
	card->model[n] = '\0';
	return is_fatal(e) ? e : E_OK;
}

/* Two hashes of what tells this card from others: the serial number, and what
 * names its PIN in the gate's memory, the application included. */
static enum error identify(struct card *card, struct bytes from)
{
	struct buf b = {0};
	uint8_t hash[32];
	enum error e = crypto_hash(card->sys->crypto, HASH_SHA256, from, hash);

	if (e == E_OK)
		hex_write_upper(hash, CARD_SERIAL_LEN / 2, card->serial);
	if (e == E_OK)
		e = buf_append(&b, hash, sizeof hash);
	if (e == E_OK)
		e = buf_append(&b, card->profile->name, strlen(card->profile->name));
	if (e == E_OK)
		e = crypto_hash(card->sys->crypto, HASH_SHA256, (struct bytes){b.data, b.len}, card->pin_id);
	buf_free(&b);
	return e;
}

static enum error open_step(struct op *op, void *arg)
{
	struct card *card = op->card;
	const struct card_cert *own = &card->certs[0];
	struct buf info = {0}, identity = {0};
	enum error e;

	forget_certs(card, false);
	card->n_certs = 0;
	e = find_profile(op, arg, &card->profile);
	if (e == E_OK)
		e = check_certificate(op);
	if (e == E_OK)
		e = read_token_info(op, &info);
	if (e == E_OK)
		e = op_read_directories(op);
	if (e == E_OK && card->n_certs == 0)
		e = E_NOT_FOUND;
	if (e == E_OK && !own->pin_protected)
		e = op_read_cert(op, 0);
	if (e == E_SECURITY)
		e = E_OK; /* the holder's certificate is behind the PIN */
	if (e == E_OK && !own->der && file_given(card->profile->identity)) {
		e = op_read_file(op, card->profile->identity, CONTENT_OBJECT, &identity);
		e = is_fatal(e) ? e : E_OK;
	}
	if (e == E_OK && own->der)
		e = identify(card, (struct bytes){own->der, own->der_len});
	else if (e == E_OK && identity.len)
		e = identify(card, (struct bytes){identity.data, identity.len});
	else if (e == E_OK)
		e = identify(card, (struct bytes){info.data, info.len < INFO_LEN ? info.len : INFO_LEN});
	if (e != E_OK)
		card->profile = NULL;
	buf_wipe(&info);
	buf_wipe(&identity);
	return e;
}

enum error card_open(const struct card_system *sys, const char *reader, struct profile_set set, struct card **out)
{
	enum error e = card_new(sys, reader, out);

	if (e != E_OK)
		return e;
	e = op_run(*out, open_step, &set);
	log_info("%s: %s", reader, e == E_OK ? (*out)->profile->name : error_text(e));
	if (e != E_OK)
		card_free(out);
	return e;
}

static enum error cert_step(struct op *op, void *arg)
{
	return op_read_cert(op, *(const size_t *)arg);
}

enum error card_read_cert(struct card *card, size_t i)
{
	if (i >= card->n_certs)
		return E_ARGUMENT;
	if (card->certs[i].der)
		return E_OK;
	if (card->certs[i].pin_protected)
		return E_SECURITY;
	return op_run(card, cert_step, &i);
}

static enum error label_step(struct op *op, void *arg)
{
	return op_read_file(op, op->card->profile->cia_info, CONTENT_OBJECT, arg);
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

static enum error tries_step(struct op *op, void *arg)
{
	(void)arg;
	return gate_tries(op);
}

enum error card_tries(struct card *card)
{
	return op_run(card, tries_step, NULL);
}

struct login {
	struct bytes pin, new_pin;
	bool last_try_allowed;
};

/* The card's own certificate must be there; others may be missing. */
static enum error login_step(struct op *op, void *arg)
{
	const struct login *login = arg;
	struct card *card = op->card;
	enum error e = gate_verify(op, login->pin, PIN_TYPED, login->last_try_allowed);

	for (size_t i = 0; e == E_OK && i < card->n_certs; i++)
		if (card->certs[i].pin_protected && !card->certs[i].der) {
			e = op_read_cert(op, i);
			if (i > 0 && !is_fatal(e))
				e = E_OK;
		}
	return e;
}

enum error card_login(struct card *card, struct bytes pin, bool last_try_allowed)
{
	struct login login = {.pin = pin, .last_try_allowed = last_try_allowed};
	enum error e = card_check_pin(card, pin);

	return e == E_OK ? op_run(card, login_step, &login) : e;
}

static enum error change_step(struct op *op, void *arg)
{
	const struct login *login = arg;
	enum error e = gate_verify(op, login->pin, PIN_TYPED, login->last_try_allowed);

	return e == E_OK ? gate_change(op, login->new_pin) : e;
}

enum error card_change_pin(struct card *card, struct bytes old_pin, bool last_try_allowed, struct bytes new_pin)
{
	struct login login = {old_pin, new_pin, last_try_allowed};
	enum error e = card->pin.rule.change ? card_check_pin(card, old_pin) : E_UNSUPPORTED;

	if (e == E_OK)
		e = card_check_pin(card, new_pin);
	return e == E_OK ? op_run(card, change_step, &login) : e;
}
