/* SPDX-License-Identifier: BSD-2-Clause */
/* The HPKI card's files, in the layout of real JMA cards and in that of the
 * example in JAHIS 24-002, Annex B. */
#include <stdio.h>
#include <string.h>
#include "vcard/cia.h"
#include "vcard/iso7816.h"

static const uint8_t hpki_atr[] = {0x3B, 0xF4, 0x13, 0x00, 0x00, 0x81, 0x31, 0xFE, 0x45, 0x00,
                                   0x4E, 0x00, 0x00, 0xA2};

static const uint8_t aids[2][16] = {
	[VCARD_AUTH] = {0xE8, 0x28, 0xBD, 0x08, 0x0F, 0xA0, 0, 0, 0x03, 0x91, 0, 0, 0, 0, 0, 0x02},
	[VCARD_SIGN] = {0xE8, 0x28, 0xBD, 0x08, 0x0F, 0xA0, 0, 0, 0x03, 0x91, 0, 0, 0, 0, 0, 0x01},
};

static const struct cia_layout jma = {
	.od = {0x5031, 0x11}, .info = {0x5032, 0x12},
	.aod = {0x0001, 0}, .prkd = {0x0002, 0}, .pukd = {0x0003, 0}, .cd = {0x0004, 0}, .dcod = {0x0005, 0},
	.key = {0x000C, 0}, .own = {0x0016, 0}, .issuer = {0x0017, 0}, .root = {0x000F, 0},
	.pin_label = "PIN", .pin_flags = CIA_PRIVATE, .pin_stored = 0, .pin_implicit = true,
	.pin_reference = 0x88, .auth_id = 0x08,
	.own_id = 0x17, .issuer_id = 0x1A, .root_id = 0x19,
	.vfile_size = 256, .cert_size = 2048,
};

static const struct cia_layout annex_b = {
	.od = {0x5031, 0x11}, .info = {0x5032, 0x12},
	.aod = {0x0013, 0x13}, .prkd = {0x0014, 0x14}, .cd = {0x0015, 0x15},
	.pin = {0x0016, 0x16}, .key = {0x0017, 0x17},
	.own = {0x0018, 0x18}, .root = {0x0019, 0x19}, .issuer = {0x001A, 0x1A},
	.pin_label = "PIN ", .pin_flags = CIA_MODIFIABLE, .pin_stored = 16,
	.pin_reference = 0x96, .auth_id = 0x16,
	.own_id = 0x17, .issuer_id = 0x1A, .root_id = 0x19,
	.by_sfi = true,
};

static void override(uint16_t *fid, uint16_t other)
{
	if (other)
		*fid = other;
}

static struct cia_layout layout_of(const struct vcard_spec *spec)
{
	struct cia_layout l = spec->layout == VCARD_ANNEX_B ? annex_b : jma;

	if (spec->layout == VCARD_JMA) {
		override(&l.aod.fid, spec->fid_pin_dir);
		override(&l.prkd.fid, spec->fid_key_dir);
		override(&l.cd.fid, spec->fid_cert_dir);
		override(&l.key.fid, spec->fid_key);
		override(&l.own.fid, spec->fid_cert);
		l.own_only = spec->bare;
	}
	if (spec->pin_reference && (spec->files || spec->layout == VCARD_JMA))
		l.pin_reference = spec->pin_reference;
	if (spec->file_size)
		l.cert_size = spec->file_size;
	l.key_reference = spec->key_reference;
	l.label_style = spec->labels;
	return l;
}

static bool add(struct vapp *app, struct cia_place place, enum vfile_kind kind, enum vcard_app owner,
                struct buf *content)
{
	struct vfile f = {.fid = place.fid, .sfi = place.sfi, .kind = kind, .owner = owner};

	if (content) {
		f.data = *content;
		*content = (struct buf){0};
	}
	return vapp_add(app, f);
}

/* A broken directory ends in the middle of its object. */
static void spoil(struct buf *b)
{
	for (size_t i = b->len / 2; i < b->len; i++)
		b->data[i] = 0xFF;
}

static bool add_directory(struct vcard *card, struct vapp *app, enum vcard_app which,
                          const struct cia_layout *l, size_t i)
{
	static void (*const writers[])(struct der *, const struct cia_layout *, bool) = {
		cia_info, cia_od, cia_aod, cia_prkd, cia_pukd, cia_cd, cia_dcod};
	const struct cia_place places[] = {l->info, l->od, l->aod, l->prkd, l->pukd, l->cd, l->dcod};
	struct der d = {0};
	bool ok;

	bool empty = card->spec.directory == VCARD_DIR_EMPTY ||
	             (l->own_only && (writers[i] == cia_pukd || writers[i] == cia_dcod));

	if (places[i].fid == 0)
		return true;
	if (!empty)
		writers[i](&d, l, which == VCARD_SIGN);
	if (card->spec.directory == VCARD_DIR_BROKEN && i >= 1 && !d.failed)
		spoil(&d.b);
	ok = !d.failed && vfile_fill(&d.b, empty ? 256 : l->vfile_size, 0xFF) &&
	     add(app, places[i], VFILE_DATA, which, &d.b);
	buf_free(&d.b);
	return ok;
}

static bool add_certificate(const struct vcard *card, struct vapp *app, struct cia_place place,
                            enum vcard_app which, const struct buf *der, size_t size)
{
	bool own = der == &card->creds[which].certificate;
	bool none = own ? card->spec.no_certificate[which] : card->spec.bare && card->spec.layout == VCARD_JMA;
	struct buf copy = {0};
	bool ok = (none || buf_append(&copy, der->data, der->len) == E_OK) &&
	          vfile_fill(&copy, none && size == 0 ? 2048 : size, none ? 0xFF : card->spec.filler) &&
	          add(app, place, VFILE_DATA, which, &copy);

	buf_free(&copy);
	return ok;
}

/* ISO/IEC 7816-5: 5 to 16 bytes; 0 when the text is not that. */
static size_t aid_of(const struct vcard_spec *spec, enum vcard_app which, uint8_t aid[16])
{
	const char *hex = spec->aid[which];
	size_t n = 0;

	if (!hex) {
		memcpy(aid, aids[which], sizeof aids[which]);
		return sizeof aids[which];
	}
	while (n < 16 && sscanf(hex + 2 * n, "%2hhx", &aid[n]) == 1)
		n++;
	return n >= 5 && strlen(hex) == 2 * n ? n : 0;
}

static bool make_app(struct vcard *card, enum vcard_app which, const struct cia_layout *l)
{
	uint8_t aid[sizeof aids[which]];
	size_t aid_len = aid_of(&card->spec, which, aid);
	struct vapp *app = vcard_add_app(card, aid, aid_len);
	struct credential *cred = &card->creds[which];
	bool ok = app && aid_len > 0;

	cred->pin_min = 4;
	cred->reference = l->pin_reference;
	cred->once = which == VCARD_SIGN;
	if (card->spec.files)
		return ok && vfile_make_all(card, app, which);
	for (size_t i = 0; ok && i < CIA_DIRECTORIES && card->spec.directory != VCARD_DIR_MISSING; i++)
		ok = add_directory(card, app, which, l, i);
	return ok && add(app, l->pin, VFILE_PIN, which, NULL) && add(app, l->key, VFILE_KEY, which, NULL) &&
	       add_certificate(card, app, l->own, which, &cred->certificate, l->cert_size) &&
	       add_certificate(card, app, l->issuer, which, &cred->issuer, l->cert_size) &&
	       add_certificate(card, app, l->root, which, &cred->root, l->cert_size);
}

bool hpki_make(struct vcard *card)
{
	const struct cia_layout l = layout_of(&card->spec);
	static const enum vcard_app order[] = {VCARD_SIGN, VCARD_AUTH};
	bool ok = true;

	memcpy(card->atr, hpki_atr, sizeof hpki_atr);
	card->atr_len = sizeof hpki_atr;
	for (size_t i = 0; ok && i < 2; i++)
		if (card->creds[order[i]].present)
			ok = make_app(card, order[i], &l);
	return ok;
}
