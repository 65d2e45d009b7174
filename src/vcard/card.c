/* SPDX-License-Identifier: BSD-2-Clause */
/* Making a card, and what tests may ask of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/i18n.h"
#include "vcard/iso7816.h"
#include "vcard/pki.h"

static const uint8_t foreign_atr[] = {0x3B, 0x04, 'C', 'A', 'R', 'D'};

void vcard_spec_init(struct vcard_spec *spec, enum vcard_kind kind)
{
	*spec = (struct vcard_spec){.kind = kind, .name = "TARO SAMPLE"};
	if (kind == VCARD_JPKI) {
		spec->japanese_name = "見本　太郎";
		spec->pin[VCARD_AUTH] = "1234";
		spec->pin[VCARD_SIGN] = "ABC123";
		spec->tries[VCARD_AUTH] = 3;
		spec->tries[VCARD_SIGN] = 5;
	} else {
		spec->roles[0] = "Medical Doctor";
		spec->pin[VCARD_AUTH] = "1234";
		spec->pin[VCARD_SIGN] = "123456";
		spec->tries[VCARD_AUTH] = 15;
		spec->tries[VCARD_SIGN] = 15;
	}
}

bool vapp_add(struct vapp *app, struct vfile file)
{
	if (app->n_files == VCARD_FILES_MAX)
		return false;
	app->files[app->n_files++] = file;
	return true;
}

bool vfile_fill(struct buf *content, size_t size, uint8_t byte)
{
	while (content->len < size)
		if (buf_append(content, &byte, 1) != E_OK)
			return false;
	return true;
}

struct vapp *vcard_add_app(struct vcard *card, const uint8_t *aid, size_t n)
{
	struct vapp *app;

	if (card->n_apps == VCARD_APPS_MAX)
		return NULL;
	app = &card->apps[card->n_apps++];
	memcpy(app->aid, aid, n);
	app->aid_len = n;
	return app;
}

static bool explain(char *why, size_t size, const char *text)
{
	if (why && size)
		snprintf(why, size, "%s", text);
	return false;
}

static bool check_spec(const struct vcard_spec *spec, char *why, size_t size)
{
	for (size_t i = 0; i < 2; i++) {
		if (spec->no_app[i])
			continue;
		if (!spec->pin[i] || !*spec->pin[i] || strlen(spec->pin[i]) > VCARD_PIN_MAX)
			return explain(why, size, _("a PIN has 1 to 16 characters"));
		if (spec->tries[i] > 15)
			return explain(why, size, _("a retry counter goes from 0 to 15"));
		if (spec->certificate_size[i] > 16384)
			return explain(why, size, _("a certificate has at most 16384 bytes"));
	}
	if (spec->file_size > 32768)
		return explain(why, size, _("a file has at most 32768 bytes"));
	if (!spec->name || !*spec->name || strlen(spec->name) > 64)
		return explain(why, size, _("a name has 1 to 64 bytes"));
	return true;
}

static bool personalise(struct vcard *card, const struct vcard_spec *spec, struct folder *s, enum vcard_app which)
{
	struct credential *cred = &card->creds[which];
	struct pki_identity id = {0};
	bool ok;

	if (spec->no_app[which])
		return true;
	ok = pki_issue(s, spec, which, &id);
	cred->present = ok;
	cred->key = id.key;
	cred->certificate = id.certificate;
	cred->issuer = id.issuer;
	cred->root = id.root;
	cred->pin_len = strlen(spec->pin[which]);
	memcpy(cred->pin, spec->pin[which], cred->pin_len);
	cred->limit = spec->tries[which];
	cred->tries = cred->limit;
	return ok;
}

static bool explain_store(const struct folder *s, char *why, size_t size)
{
	return explain(why, size, s->why[0] ? s->why : _("libcrypto refuses to make keys or certificates"));
}

bool vcard_pki(const char *pki, char *why, size_t why_size)
{
	static const enum pki_ca wanted[] = {CA_ROOT, CA_HPKI_AUTH, CA_HPKI_SIGN, CA_JPKI_AUTH, CA_JPKI_SIGN,
	                                     CA_SERVER};
	struct folder s;
	bool ok = folder_open(&s, pki);

	for (size_t i = 0; ok && i < sizeof wanted / sizeof *wanted; i++)
		ok = pki_ca_ready(&s, wanted[i]);
	ok = ok && pki_server_ready(&s);
	folder_close(&s);
	return ok || explain_store(&s, why, why_size);
}

static bool personalise_all(struct vcard *card, const struct vcard_spec *spec, char *why, size_t size)
{
	struct folder s;
	bool ok = folder_open(&s, spec->pki) && personalise(card, spec, &s, VCARD_AUTH) &&
	          personalise(card, spec, &s, VCARD_SIGN);

	folder_close(&s);
	return ok || explain_store(&s, why, size);
}

/* What the caller's strings say is in the certificates and credentials by now. */
static void forget_strings(struct vcard_spec *spec)
{
	spec->pki = spec->name = spec->japanese_name = spec->organisation = NULL;
	memset(spec->roles, 0, sizeof spec->roles);
	memset(spec->pin, 0, sizeof spec->pin);
}

static void set_atr(struct vcard *card)
{
	if (card->spec.atr_len == 0)
		return;
	memcpy(card->atr, card->spec.atr, card->spec.atr_len);
	card->atr_len = card->spec.atr_len;
}

static bool vfile_make(struct vcard *card, struct vapp *app, const struct vcard_file *from)
{
	const struct credential *cred = &card->creds[from->app];
	const struct buf *const certificates[] = {
		[VCARD_OWN] = &cred->certificate, [VCARD_ISSUER] = &cred->issuer, [VCARD_ROOT] = &cred->root};
	struct vfile file = {.fid = from->fid, .sfi = from->sfi, .owner = from->app, .locked = from->locked};
	bool ok = true;

	if (from->content == VCARD_KEY)
		file.kind = VFILE_KEY;
	else if (from->content == VCARD_PIN)
		file.kind = VFILE_PIN;
	else if (from->content == VCARD_BYTES)
		ok = buf_append(&file.data, from->bytes, from->len) == E_OK;
	else if (from->content != VCARD_OWN || !card->spec.no_certificate[from->app])
		ok = buf_append(&file.data, certificates[from->content]->data,
		                certificates[from->content]->len) == E_OK;
	ok = ok && vfile_fill(&file.data, from->size, from->filler) && vapp_add(app, file);
	if (!ok)
		buf_free(&file.data);
	return ok;
}

bool vfile_make_all(struct vcard *card, struct vapp *app, enum vcard_app which)
{
	bool ok = true;

	for (size_t i = 0; ok && i < card->spec.n_files; i++)
		if (card->spec.files[i].app == which)
			ok = vfile_make(card, app, &card->spec.files[i]);
	return ok;
}

static bool make(struct vcard *card, const struct vcard_spec *spec, char *why, size_t size)
{
	bool ok;

	if (spec->kind == VCARD_FOREIGN) {
		memcpy(card->atr, foreign_atr, sizeof foreign_atr);
		card->atr_len = sizeof foreign_atr;
		set_atr(card);
		return true;
	}
	if (!check_spec(spec, why, size) || !personalise_all(card, spec, why, size))
		return false;
	ok = spec->kind == VCARD_JPKI ? jpki_make(card) : hpki_make(card);
	card->spec.files = NULL;
	set_atr(card);
	return ok ? true : explain(why, size, _("out of memory"));
}

struct vcard *vcard_new(const struct vcard_spec *spec, char *why, size_t why_size)
{
	struct vcard *card = calloc(1, sizeof *card);

	explain(why, why_size, _("out of memory"));
	if (!card)
		return NULL;
	card->spec = *spec;
	forget_strings(&card->spec);
	if (!make(card, spec, why, why_size)) {
		vcard_free(card);
		return NULL;
	}
	return card;
}

void vcard_free(struct vcard *card)
{
	if (!card)
		return;
	for (size_t i = 0; i < card->n_apps; i++)
		for (size_t j = 0; j < card->apps[i].n_files; j++)
			buf_free(&card->apps[i].files[j].data);
	for (size_t i = 0; i < 2; i++) {
		EVP_PKEY_free(card->creds[i].key);
		buf_free(&card->creds[i].certificate);
		buf_free(&card->creds[i].issuer);
		buf_free(&card->creds[i].root);
	}
	buf_wipe(&card->chain);
	buf_wipe(&card->pending);
	mem_wipe(card, sizeof *card);
	free(card);
}

size_t vcard_atr(const struct vcard *card, uint8_t *atr, size_t room)
{
	size_t n = card->atr_len < room ? card->atr_len : room;

	memcpy(atr, card->atr, n);
	return n;
}

void vcard_reset(struct vcard *card)
{
	card->app = NULL;
	card->file = NULL;
	card->mse = NULL;
	card->mse_wrong = false;
	card->greeted = false;
	buf_wipe(&card->chain);
	buf_wipe(&card->pending);
	if (card->spec.kind == VCARD_JPKI)
		return;
	card->trusted = NULL;
	for (size_t i = 0; i < 2; i++)
		card->creds[i].verified = false;
}

void vcard_power_off(struct vcard *card)
{
	vcard_reset(card);
	card->awake = false;
	card->trusted = NULL;
	for (size_t i = 0; i < 2; i++)
		card->creds[i].verified = false;
}

const uint8_t *vcard_certificate(const struct vcard *card, enum vcard_app app, size_t *len)
{
	*len = card->creds[app].certificate.len;
	return card->creds[app].certificate.data;
}

unsigned vcard_tries(const struct vcard *card, enum vcard_app app)
{
	return card->creds[app].tries;
}

void vcard_set_tries(struct vcard *card, enum vcard_app app, unsigned tries)
{
	card->creds[app].tries = tries;
}

unsigned vcard_verifies(const struct vcard *card, enum vcard_app app)
{
	return card->creds[app].verifies;
}

unsigned vcard_signatures(const struct vcard *card, enum vcard_app app)
{
	return card->creds[app].signatures;
}
