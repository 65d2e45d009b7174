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

/* E_NOT_FOUND when the card says that the profile's certificate is not there. A card that
 * does not say which certificates it has is assumed to have them. */
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

enum error card_look(const struct card_system *sys, const char *reader, struct profile_set set, uint32_t *insertion,
                     const struct profile **profile)
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

/* ---- What the directories say, over the profile */

static void set_label(char *to, const char *from)
{
	size_t n = strnlen(from, CARD_LABEL_MAX);

	memcpy(to, from, n);
	to[n] = '\0';
}

static struct card_id one_byte_id(uint8_t id)
{
	return (struct card_id){.data = {id}, .len = 1};
}

/* Rows without a file only tell the roles of listed certificates. */
static void certs_from_profile(struct card *card, const struct profile *p)
{
	card->n_certs = 0;
	for (size_t i = 0; i < p->n_certs && card->n_certs < CARD_CERTS_MAX; i++) {
		const struct cert_profile *row = &p->certs[i];
		struct card_cert *c = &card->certs[card->n_certs];

		if (!file_given(row->file))
			continue;
		*c = (struct card_cert){.id = one_byte_id(row->id),
		                        .file = row->file,
		                        .role = row->role,
		                        .pin_protected = row->pin_protected};
		set_label(c->label, row->label);
		card->n_certs++;
	}
}

/* Whether the label without the spaces around it is that one. JAHIS 24-002 prints
 * labels with spaces around them for the card and without for the programs,
 * which compare them byte by byte. */
static bool is_labelled(const char *label, const char *wanted)
{
	size_t n = strlen(wanted);

	label += strspn(label, " ");
	return strncmp(label, wanted, n) == 0 && label[n + strspn(label + n, " ")] == '\0';
}

/* The row with the certificate's label, which loses the spaces around it. */
static const struct cert_profile *find_row(const struct profile *p, struct card_cert *c)
{
	for (size_t i = 0; i < p->n_certs; i++)
		if (is_labelled(c->label, p->certs[i].label)) {
			set_label(c->label, p->certs[i].label);
			return &p->certs[i];
		}
	return NULL;
}

/* The own certificate is the one with the key's iD, else the first without the authority
 * flag. Cards need not set that flag: every other certificate is taken for a CA's. */
static void certs_from_directory(struct card *card, const struct card_cert *found, size_t n, bool key_known)
{
	const struct profile *p = card->profile;
	size_t own = 0, i;

	while (own < n && !(found[own].role == CERT_OWN && cia_same_id(&found[own].id, &card->key.id)))
		own++;
	for (i = 0; own == n && i < n; i++)
		if (found[i].role == CERT_OWN)
			own = i;
	card->n_certs = 1; /* the profile's own certificate stays when the card lists none */
	if (own < n) {
		card->certs[0] = found[own];
		find_row(p, &card->certs[0]);
	}
	for (i = 0; i < n && card->n_certs < CARD_CERTS_MAX; i++) {
		struct card_cert *c = &card->certs[card->n_certs];
		const struct cert_profile *row;

		if (i == own)
			continue;
		*c = found[i];
		row = find_row(p, c);
		c->role = row && row->role == CERT_ROOT ? CERT_ROOT : CERT_CA;
		card->n_certs++;
	}
	if (!card->certs[0].label[0])
		set_label(card->certs[0].label, p->certs[0].label);
	if (own < n && !key_known && card->certs[0].id.len)
		card->key.id = card->certs[0].id;
	if (own == n || !card->certs[0].id.len)
		card->certs[0].id = card->key.id;
}

/* A directory that cannot be read is treated as empty, unless the connection broke. */
static enum error read_dir(struct op *op, struct file_ref f, struct buf *out)
{
	enum error e = file_given(f) ? op_read_file(op, f, CONTENT_ROW, out) : E_NOT_FOUND;

	if (is_fatal(e))
		return e;
	if (e != E_OK)
		out->len = 0;
	return E_OK;
}

static enum error read_directories(struct op *op)
{
	struct card *card = op->card;
	const struct profile *p = card->profile;
	const struct key_profile *key = &p->key;
	struct card_cert found[CARD_CERTS_MAX];
	struct card_id auth_id = {0};
	struct cia_od od;
	struct buf b = {0};
	size_t n = 0;
	bool key_known;
	enum error ok = E_OK;

	card->pin = (struct card_pin){.rule = p->pin, .tries = -1};
	card->key = (struct card_key){.id = one_byte_id(key->id),
	                              .file = key->file,
	                              .reference = key->reference,
	                              .bits = key->bits,
	                              .user_consent = key->user_consent};
	set_label(card->key.label, key->label);
	certs_from_profile(card, p);
	if (!p->cia)
		goto out;
	if ((ok = read_dir(op, p->od, &b)) != E_OK)
		goto out;
	cia_read_od((struct bytes){b.data, b.len}, &od);
	if ((ok = read_dir(op, od.keys, &b)) != E_OK)
		goto out;
	key_known = cia_read_key((struct bytes){b.data, b.len}, &card->key, &auth_id);
	if (is_labelled(card->key.label, key->label))
		set_label(card->key.label, key->label);
	if ((ok = read_dir(op, od.pins, &b)) != E_OK)
		goto out;
	cia_read_pin((struct bytes){b.data, b.len}, &auth_id, &card->pin.rule);
	for (size_t i = 0; i < od.n_certs; i++) {
		if ((ok = read_dir(op, od.certs[i], &b)) != E_OK)
			goto out;
		cia_read_certs((struct bytes){b.data, b.len}, found, &n);
	}
	if (n)
		certs_from_directory(card, found, n, key_known);
	else
		card->certs[0].id = card->key.id;
out:
	buf_free(&b);
	return ok;
}

/* ---- Opening a card */

enum { INFO_LEN = 160, INFO_MODEL = 64, INFO_MODEL_LEN = 16 };

/* The model, from the profile or the token info file, without the padding: spaces by
 * PKCS#15, zeros on some cards. */
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

/* Hashes what distinguishes this card from others: for the serial number and, with the
 * application's name, to identify its PIN in the gate's memory. */
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

/* Fills certs[i].der. */
static enum error read_cert(struct op *op, size_t i)
{
	struct card_cert *c = &op->card->certs[i];
	struct buf b = {.hidden = true};
	enum error e = op_read_file(op, c->file, CONTENT_OBJECT, &b);

	if (e == E_OK) {
		c->der = b.data;
		c->der_len = b.len;
		return E_OK;
	}
	c->pin_protected |= e == E_SECURITY;
	buf_wipe(&b);
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
		e = read_directories(op);
	if (e == E_OK && card->n_certs == 0)
		e = E_NOT_FOUND;
	if (e == E_OK && !own->pin_protected)
		e = read_cert(op, 0);
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
	return read_cert(op, *(const size_t *)arg);
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

/* VERIFY, then the new PIN if there is one, else the certificates behind the PIN: the card's
 * own must be there, others may be missing. */
static enum error login_step(struct op *op, void *arg)
{
	const struct login *login = arg;
	struct card *card = op->card;
	enum error e = gate_verify(op, login->pin, PIN_TYPED, login->last_try_allowed);

	if (e == E_OK && login->new_pin.data)
		return gate_change(op, login->new_pin);
	for (size_t i = 0; e == E_OK && i < card->n_certs; i++)
		if (card->certs[i].pin_protected && !card->certs[i].der) {
			e = read_cert(op, i);
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

enum error card_change_pin(struct card *card, struct bytes old_pin, bool last_try_allowed, struct bytes new_pin)
{
	struct login login = {old_pin, new_pin, last_try_allowed};
	enum error e = card->pin.rule.change ? card_check_pin(card, old_pin) : E_UNSUPPORTED;

	if (e == E_OK)
		e = card_check_pin(card, new_pin);
	return e == E_OK ? op_run(card, login_step, &login) : e;
}
