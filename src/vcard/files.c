/* SPDX-License-Identifier: BSD-2-Clause */
/* SELECT and READ BINARY (ISO/IEC 7816-4, 11.1.1 and 11.2.3). */
#include <string.h>
#include "vcard/iso7816.h"

const struct vfile *vfile_by_fid(const struct vapp *app, uint16_t fid)
{
	for (size_t i = 0; app && i < app->n_files; i++)
		if (app->files[i].fid && app->files[i].fid == fid)
			return &app->files[i];
	return NULL;
}

const struct vfile *vfile_by_sfi(const struct vapp *app, uint8_t sfi)
{
	for (size_t i = 0; app && i < app->n_files; i++)
		if (app->files[i].sfi && app->files[i].sfi == sfi)
			return &app->files[i];
	return NULL;
}

uint16_t sfi_refusal(const struct vcard *card, bool signing)
{
	uint16_t sw = signing ? card->spec.sfi_sign : card->spec.sfi_read;

	if (sw)
		return sw;
	return card->spec.no_sfi ? SW_P1P2 : SW_OK;
}

/* A VERIFY holds until another application is selected. */
static void enter(struct vcard *card, const struct vapp *app)
{
	if (card->trusted != app || card->spec.reselect_locks)
		for (size_t i = 0; i < 2; i++)
			card->creds[i].verified = false;
	card->trusted = app;
	card->app = app;
	card->file = NULL;
	card->mse = NULL;
	card->mse_wrong = false;
}

static size_t write_fci(const struct vapp *app, uint8_t *out)
{
	out[0] = 0x6F;
	out[1] = (uint8_t)(app->aid_len + 2);
	out[2] = 0x84;
	out[3] = (uint8_t)app->aid_len;
	memcpy(out + 4, app->aid, app->aid_len);
	return 4 + app->aid_len;
}

static bool matches(const struct vapp *app, struct bytes name)
{
	return name.len <= app->aid_len && memcmp(app->aid, name.data, name.len) == 0;
}

/* P2 bits 2-1: 0 the first application of that (partial) name, 2 the next one. */
static const struct vapp *find_app(const struct vcard *card, const struct command *c)
{
	size_t i = 0;

	if ((c->p2 & 3) == 2 && card->app)
		i = (size_t)(card->app - card->apps) + 1;
	for (; i < card->n_apps; i++)
		if (matches(&card->apps[i], c->data))
			return &card->apps[i];
	return NULL;
}

/* 6283, a warning: the application is selected all the same. */
static bool warns(struct vcard *card, const struct vapp *app)
{
	bool first = !card->greeted;

	card->greeted = true;
	if (card->spec.select_6283 == VCARD_WARN_SIGNATURE)
		return card->spec.kind == VCARD_HPKI && app->n_files && app->files[0].owner == VCARD_SIGN;
	return card->spec.select_6283 == VCARD_WARN_FIRST && first;
}

static uint16_t select_app(struct vcard *card, const struct command *c, struct answer *a)
{
	const struct vapp *app = find_app(card, c);
	uint16_t sw;

	if ((c->p2 & 3) != 0 && (c->p2 & 3) != 2)
		return SW_P1P2;
	if (!app)
		return SW_NOT_FOUND;
	if ((c->p2 & 0x0C) == 0x00 && c->ne) {
		a->len = write_fci(app, a->data);
		sw = exact_le(card, c, a->len);
		if (sw != SW_OK) {
			a->len = 0;
			return sw;
		}
	}
	enter(card, app);
	return warns(card, app) ? SW_DEACTIVATED : SW_OK;
}

static uint16_t select_file(struct vcard *card, const struct command *c)
{
	const struct vfile *file;

	if (c->data.len != 2)
		return SW_LENGTH;
	file = vfile_by_fid(card->app, (uint16_t)(c->data.data[0] << 8 | c->data.data[1]));
	if (!file)
		return SW_NOT_FOUND;
	card->file = file;
	return SW_OK;
}

uint16_t vfile_select(struct vcard *card, const struct command *c, struct answer *a)
{
	if (c->cla & 0x80)
		return SW_CLA;
	if (c->p2 & ~0x0F)
		return SW_P1P2;
	if (c->p1 == 0x04)
		return c->data.len && c->data.len <= 16 ? select_app(card, c, a) : SW_LENGTH;
	if (card->spec.kind == VCARD_FOREIGN)
		return SW_NOT_FOUND;
	if (c->p1 == 0x00 && c->data.len == 0) { /* the master file: no application is current */
		card->app = NULL;
		card->file = NULL;
		return SW_OK;
	}
	if (c->p1 != 0x00 && c->p1 != 0x02)
		return SW_P1P2;
	return select_file(card, c);
}

static uint16_t check_readable(const struct vcard *card, const struct vfile *file)
{
	if (file->kind != VFILE_DATA)
		return SW_WRONG_FILE;
	if (file->locked && !card->creds[file->owner].verified)
		return SW_SECURITY;
	return SW_OK;
}

static uint16_t copy_out(const struct vcard *card, const struct command *c, size_t offset, struct answer *a)
{
	const struct buf *b = &card->file->data;
	size_t left = offset < b->len ? b->len - offset : 0;
	size_t n = left < c->ne ? left : c->ne;
	uint16_t sw;

	if (left == 0)
		return SW_OFFSET;
	sw = exact_le(card, c, left);
	if (sw == SW_OK && card->spec.tail == VCARD_TAIL_6C && left < c->ne && left <= 256)
		sw = (uint16_t)(SW_EXACT | (left & 0xFF));
	if (sw != SW_OK)
		return sw;
	memcpy(a->data, b->data + offset, n);
	a->len = n;
	if (card->spec.tail == VCARD_TAIL_6282)
		return n < c->ne ? SW_END_OF_FILE : SW_OK;
	return n < c->ne && !c->le_all && card->spec.tail == VCARD_TAIL_ISO ? SW_END_OF_FILE : SW_OK;
}

uint16_t vfile_read(struct vcard *card, const struct command *c, struct answer *a)
{
	size_t offset = (size_t)c->p1 << 8 | c->p2;
	uint16_t sw;

	if (c->p1 & 0x80) {
		if (c->p1 & 0x60)
			return SW_P1P2;
		sw = sfi_refusal(card, false);
		if (sw != SW_OK)
			return sw;
		const struct vfile *file = vfile_by_sfi(card->app, c->p1 & 0x1F);
		if (!file)
			return SW_NOT_FOUND;
		card->file = file;
		offset = c->p2;
	}
	if (c->data.len || c->ne == 0)
		return SW_LENGTH;
	if (!card->file)
		return SW_NO_FILE;
	sw = check_readable(card, card->file);
	return sw != SW_OK ? sw : copy_out(card, c, offset, a);
}
