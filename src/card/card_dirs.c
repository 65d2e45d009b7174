/* SPDX-License-Identifier: BSD-2-Clause */
/* What a card says of itself, over what its profile says. */
#include <string.h>
#include "card/cia.h"
#include "card/op.h"

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

/* A row without a file serves to tell roles apart, not to find a certificate. */
static void certs_from_profile(struct card *card, const struct profile *p)
{
	card->n_certs = 0;
	for (size_t i = 0; i < p->n_certs && card->n_certs < CARD_CERTS_MAX; i++) {
		const struct cert_profile *row = &p->certs[i];
		struct card_cert *c = &card->certs[card->n_certs];

		if (!file_given(row->file))
			continue;
		*c = (struct card_cert){.id = one_byte_id(row->id), .file = row->file, .role = row->role,
					.pin_protected = row->pin_protected};
		set_label(c->label, row->label);
		card->n_certs++;
	}
}

/* Whether the label, but for spaces around it, is that one. JAHIS 24-002 prints
 * labels with spaces around them for the card and without for the programs,
 * which look for them byte by byte. */
static bool is_labelled(const char *label, const char *wanted)
{
	size_t n = strlen(wanted);

	label += strspn(label, " ");
	return strncmp(label, wanted, n) == 0 && label[n + strspn(label + n, " ")] == '\0';
}

/* The row of that label, which then becomes the certificate's to the letter. */
static const struct cert_profile *find_row(const struct profile *p, struct card_cert *c)
{
	for (size_t i = 0; i < p->n_certs; i++)
		if (is_labelled(c->label, p->certs[i].label)) {
			set_label(c->label, p->certs[i].label);
			return &p->certs[i];
		}
	return NULL;
}

/* The one with the key's iD; else the first that is no authority's; none: n. */
static size_t find_own(const struct card_cert *certs, size_t n, const struct card_id *key)
{
	size_t first = n;

	for (size_t i = 0; i < n; i++) {
		if (certs[i].role != CERT_OWN)
			continue;
		if (cia_same_id(&certs[i].id, key))
			return i;
		if (first == n)
			first = i;
	}
	return first;
}

/* Cards need not set the authority flag: whatever is not the key's own
 * certificate is taken for a CA's. */
static void certs_from_directory(struct card *card, const struct card_cert *found, size_t n, bool key_known)
{
	const struct profile *p = card->profile;
	size_t own = find_own(found, n, &card->key.id);

	card->n_certs = 1; /* the profile's own certificate stays when the card lists none */
	if (own < n) {
		card->certs[0] = found[own];
		find_row(p, &card->certs[0]);
	}
	for (size_t i = 0; i < n && card->n_certs < CARD_CERTS_MAX; i++) {
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

/* A directory that cannot be read is as good as none; a broken link is not. */
static enum error read_dir(struct op *op, struct file_ref f, struct buf *out)
{
	enum error e = file_given(f) ? op_read_file(op, f, CONTENT_ROW, out) : E_NOT_FOUND;

	if (is_fatal(e))
		return e;
	if (e != E_OK)
		out->len = 0;
	return E_OK;
}

static enum error read_all(struct op *op, struct buf *b)
{
	struct card *card = op->card;
	struct card_cert found[CARD_CERTS_MAX];
	struct card_id auth_id = {0};
	struct cia_od od;
	size_t n = 0;
	bool key_known;
	enum error e = read_dir(op, card->profile->od, b);

	if (e != E_OK)
		return e;
	cia_read_od((struct bytes){b->data, b->len}, &od);
	e = read_dir(op, od.keys, b);
	if (e != E_OK)
		return e;
	key_known = cia_read_key((struct bytes){b->data, b->len}, &card->key, &auth_id);
	if (is_labelled(card->key.label, card->profile->key.label))
		set_label(card->key.label, card->profile->key.label);
	e = read_dir(op, od.pins, b);
	if (e != E_OK)
		return e;
	cia_read_pin((struct bytes){b->data, b->len}, &auth_id, &card->pin.rule);
	for (size_t i = 0; i < od.n_certs; i++) {
		e = read_dir(op, od.certs[i], b);
		if (e != E_OK)
			return e;
		cia_read_certs((struct bytes){b->data, b->len}, found, &n);
	}
	if (n)
		certs_from_directory(card, found, n, key_known);
	else
		card->certs[0].id = card->key.id;
	return E_OK;
}

enum error op_read_directories(struct op *op)
{
	struct card *card = op->card;
	const struct key_profile *key = &card->profile->key;
	struct buf b = {0};
	enum error e = E_OK;

	card->pin = (struct card_pin){.rule = card->profile->pin, .tries = -1};
	card->key = (struct card_key){.id = one_byte_id(key->id), .file = key->file, .reference = key->reference,
				      .bits = key->bits, .user_consent = key->user_consent};
	set_label(card->key.label, key->label);
	certs_from_profile(card, card->profile);
	if (card->profile->cia)
		e = read_all(op, &b);
	buf_free(&b);
	return e;
}
