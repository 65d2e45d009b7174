/* SPDX-License-Identifier: BSD-2-Clause */
/* The public key application of the My Number Card, and the one other
 * application that the card is asked for: its manager. */
#include <string.h>
#include "vcard/iso7816.h"

static const uint8_t jpki_atr[] = {0x3B, 0xE0, 0x00, 0xFF, 0x81, 0x31, 0xFE, 0x45, 0x14};
static const uint8_t jpki_aid[] = {0xD3, 0x92, 0xF0, 0x00, 0x26, 0x01, 0x00, 0x00, 0x00, 0x01};
static const uint8_t manager_aid[] = {0xA0, 0x00, 0x00, 0x01, 0x51, 0x00, 0x00};

static bool add(struct vapp *app, uint8_t fid, enum vcard_app owner, struct vfile file, const void *p, size_t n)
{
	bool ok;

	file.fid = fid;
	file.sfi = fid;
	file.owner = owner;
	ok = buf_append(&file.data, p, n) == E_OK && vapp_add(app, file);
	if (!ok)
		buf_free(&file.data);
	return ok;
}

static void put_text(uint8_t *at, size_t size, const char *text)
{
	memset(at, ' ', size);
	memcpy(at, text, strlen(text));
}

/* EF 0006: fixed fields, integers big-endian; what is not known stays zero. */
static bool add_token_info(struct vcard *card, struct vapp *app)
{
	uint8_t info[160] = {0};

	put_text(info, 32, card->spec.phone ? "JPKIAPGPSETOKEN" : "JPKIAPICCTOKEN2");
	put_text(info + 32, 32, "JPKI");
	put_text(info + 64, 16, "Virtual card");
	put_text(info + 80, 16, "0000000000000000");
	info[119] = 16;
	info[123] = 4;
	put_text(info + 144, 16, "2026010100000000");
	return add(app, 0x06, VCARD_AUTH, (struct vfile){0}, info, sizeof info);
}

static bool add_token_state(struct vcard *card, struct vapp *app)
{
	bool there[2];

	if (card->spec.no_state)
		return true;
	for (size_t i = 0; i < 2; i++)
		there[i] = card->creds[i].present && !card->spec.no_certificate[i];

	const uint8_t state[3] = {there[VCARD_SIGN] ? 0x8F : 0, there[VCARD_AUTH] ? 0x8F : 0, 0};
	return add(app, 0x08, VCARD_AUTH, (struct vfile){0}, state, sizeof state);
}

/* The own certificate's file is there without one, too. */
static bool add_certificate(struct vcard *card, struct vapp *app, uint8_t fid, enum vcard_app which, bool locked,
                            const struct buf *der)
{
	bool none = card->spec.no_certificate[which] && der == &card->creds[which].certificate;
	struct buf content = {0};
	bool ok = none || buf_append(&content, der->data, der->len) == E_OK;

	ok = ok && vfile_fill(&content, card->spec.file_size ? card->spec.file_size : none ? 2048 : 0,
	                      none ? 0xFF : card->spec.filler) &&
	     add(app, fid, which, (struct vfile){.locked = locked}, content.data, content.len);
	buf_free(&content);
	return ok;
}

static bool add_credential(struct vcard *card, struct vapp *app, enum vcard_app which)
{
	static const uint8_t fids[2][4] = {/* certificate, its CA, key, PIN */
		[VCARD_AUTH] = {0x0A, 0x0B, 0x17, 0x18},
		[VCARD_SIGN] = {0x01, 0x02, 0x1A, 0x1B},
	};
	const uint8_t *fid = fids[which];
	struct credential *cred = &card->creds[which];
	bool locked = which == VCARD_SIGN || card->spec.phone;

	if (!cred->present)
		return true;
	cred->pin_min = which == VCARD_SIGN ? 6 : 4;
	cred->reference = 0x80; /* the selected file */
	if (card->spec.files)
		return true;
	return add_certificate(card, app, fid[0], which, locked, &cred->certificate) &&
	       add_certificate(card, app, fid[1], which, false, &cred->issuer) &&
	       add(app, fid[2], which, (struct vfile){.kind = VFILE_KEY}, NULL, 0) &&
	       add(app, fid[3], which, (struct vfile){.kind = VFILE_PIN}, NULL, 0);
}

bool jpki_make(struct vcard *card)
{
	struct vapp *app;

	memcpy(card->atr, jpki_atr, sizeof jpki_atr);
	card->atr_len = sizeof jpki_atr;
	if (!vcard_add_app(card, manager_aid, sizeof manager_aid))
		return false;
	app = vcard_add_app(card, jpki_aid, sizeof jpki_aid);
	if (!app || !add_credential(card, app, VCARD_AUTH) || !add_credential(card, app, VCARD_SIGN))
		return false;
	if (card->spec.files)
		return vfile_make_all(card, app, VCARD_AUTH) && vfile_make_all(card, app, VCARD_SIGN);
	return add_token_info(card, app) && add_token_state(card, app);
}
