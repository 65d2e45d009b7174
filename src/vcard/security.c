/* SPDX-License-Identifier: BSD-2-Clause */
/* VERIFY, CHANGE REFERENCE DATA, MANAGE SECURITY ENVIRONMENT and the signature
 * (ISO/IEC 7816-4, 11.6.6; ISO/IEC 7816-8, PSO). */
#include <string.h>
#include <openssl/crypto.h>
#include <openssl/rsa.h>
#include "vcard/iso7816.h"

static struct credential *pin_of(struct vcard *card, uint8_t reference)
{
	if (!card->app)
		return NULL;
	if (reference == 0x80)
		return card->file && card->file->kind == VFILE_PIN ? &card->creds[card->file->owner] : NULL;
	for (size_t i = 0; i < card->app->n_files; i++) {
		const struct vfile *f = &card->app->files[i];
		if (f->kind == VFILE_PIN && card->creds[f->owner].reference == reference)
			return &card->creds[f->owner];
	}
	return NULL;
}

static uint16_t blocked(const struct vcard *card)
{
	return card->spec.kind == VCARD_JPKI ? SW_UNUSABLE : SW_BLOCKED;
}

/* JPKI tells the counter always, ISO/IEC 7816-4 only while a VERIFY is missing. */
static uint16_t tell_tries(const struct vcard *card, const struct credential *cred)
{
	if (cred->tries == 0)
		return blocked(card);
	if (cred->verified && card->spec.kind != VCARD_JPKI)
		return SW_OK;
	return (uint16_t)(SW_TRIES | (cred->tries & 0x0F));
}

static bool same_pin(const struct credential *cred, struct bytes pin)
{
	return pin.len == cred->pin_len && CRYPTO_memcmp(pin.data, cred->pin, pin.len) == 0;
}

uint16_t pin_verify(struct vcard *card, const struct command *c)
{
	struct credential *cred = pin_of(card, c->p2);

	if (c->p1)
		return SW_P1P2;
	if (!cred)
		return SW_NO_REFERENCE;
	if (c->ne)
		return SW_LENGTH;
	if (c->data.len == 0)
		return card->spec.no_counter ? SW_LENGTH : tell_tries(card, cred);
	cred->verifies++;
	cred->verified = false;
	if (cred->tries == 0)
		return blocked(card);
	if (!same_pin(cred, c->data)) {
		cred->tries--;
		return (uint16_t)(SW_TRIES | (cred->tries & 0x0F));
	}
	cred->tries = cred->limit;
	cred->verified = true;
	return SW_OK;
}

/* JPKI's form alone: after VERIFY, 00 24 01 80 with the new PIN. No source
 * tells a command for HPKI. */
uint16_t pin_change(struct vcard *card, const struct command *c)
{
	struct credential *cred = pin_of(card, c->p2);

	if (card->spec.kind != VCARD_JPKI)
		return SW_INS;
	if (c->p1 != 0x01)
		return SW_P1P2;
	if (!cred)
		return SW_NO_REFERENCE;
	if (c->ne)
		return SW_LENGTH;
	if (!cred->verified)
		return SW_SECURITY;
	if (c->data.len < cred->pin_min || c->data.len > sizeof cred->pin)
		return SW_LENGTH;
	mem_wipe(cred->pin, sizeof cred->pin);
	memcpy(cred->pin, c->data.data, c->data.len);
	cred->pin_len = c->data.len;
	return SW_OK;
}

static bool has_pso(const struct vcard *card)
{
	return card->spec.kind == VCARD_HPKI && card->spec.dialect == VCARD_PSO;
}

/* The key that MSE names: by its file's identifier, of which one byte will do,
 * or by the directory's reference. */
static const struct vfile *key_file(const struct vcard *card, const struct vapp *app, struct bytes reference)
{
	uint16_t want = reference.data[0];

	if (reference.len == 2)
		want = (uint16_t)(want << 8 | reference.data[1]);
	for (size_t i = 0; i < app->n_files; i++) {
		const struct vfile *f = &app->files[i];
		uint16_t name = reference.len == 2 ? f->fid : f->fid & 0xFF;
		bool by_file = card->spec.mse != VCARD_MSE_REFERENCE && name == want;
		bool by_reference = card->spec.mse != VCARD_MSE_FILE && card->spec.key_reference == want && want;

		if (f->kind == VFILE_KEY && (by_file || by_reference))
			return f;
	}
	return NULL;
}

static bool key_is_selected(const struct vcard *card)
{
	return card->file && card->file->kind == VFILE_KEY;
}

uint16_t key_manage(struct vcard *card, const struct command *c)
{
	struct bytes in = c->data;
	const struct vfile *file;
	struct tlv crt;
	bool wrong;

	if (!has_pso(card))
		return SW_INS;
	if (c->p1 != 0x41 || c->p2 != 0xB6)
		return SW_P1P2;
	if (c->ne)
		return SW_LENGTH;
	if (!tlv_next(&in, &crt) || in.len || crt.value.len < 1 || crt.value.len > 2)
		return SW_DATA;
	if (card->spec.select_key == VCARD_SELECT_FOR_MSE && !key_is_selected(card))
		return SW_CONDITIONS;
	wrong = (crt.tag != 0x84 && crt.tag != 0x81) || (card->spec.mse_tag && crt.tag != card->spec.mse_tag);
	file = card->app && !wrong ? key_file(card, card->app, crt.value) : NULL;
	card->mse_wrong = !file;
	if (!file && card->spec.mse == VCARD_MSE_ANY)
		return SW_OK;
	if (wrong)
		return card->spec.tag_refusal ? card->spec.tag_refusal : SW_DATA;
	if (!file)
		return card->spec.mse_refusal ? card->spec.mse_refusal : SW_NO_REFERENCE;
	card->mse = &card->creds[file->owner];
	return SW_OK;
}

enum padding { PAD_NONE, PAD_PKCS1, PAD_PSS };

static int set_padding(EVP_PKEY_CTX *ctx, enum padding padding)
{
	static const int modes[] = {RSA_NO_PADDING, RSA_PKCS1_PADDING, RSA_PKCS1_PSS_PADDING};

	if (EVP_PKEY_CTX_set_rsa_padding(ctx, modes[padding]) <= 0)
		return 0;
	if (padding != PAD_PSS)
		return 1;
	return EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) > 0 &&
	       EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, 32) > 0;
}

static bool rsa_sign(EVP_PKEY *key, enum padding padding, struct bytes in, struct answer *a)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	bool ok;

	a->len = sizeof a->data;
	ok = ctx && EVP_PKEY_sign_init(ctx) > 0 && set_padding(ctx, padding) &&
	     EVP_PKEY_sign(ctx, a->data, &a->len, in.data, in.len) > 0;
	EVP_PKEY_CTX_free(ctx);
	if (!ok)
		a->len = 0;
	return ok;
}

/* The signature proper, once everything has been checked. */
static uint16_t sign(struct credential *cred, enum padding padding, bool wrong,
                     struct bytes in, struct answer *a)
{
	if (!rsa_sign(cred->key, padding, in, a))
		return SW_DATA;
	if (wrong)
		a->data[a->len / 2] ^= 0x01;
	cred->signatures++;
	if (cred->once)
		cred->verified = false;
	return SW_OK;
}

static bool is_pkcs1_block(struct bytes block)
{
	return block.data[0] == 0x00 && block.data[1] == 0x01 && block.data[2] == 0xFF;
}

/* PSO that this card does not do: after an accepted VERIFY, which that may end. */
static uint16_t refuse(struct vcard *card, uint16_t usual)
{
	if (card->spec.refusal_spends)
		for (size_t i = 0; i < 2; i++)
			card->creds[i].verified = false;
	return card->spec.refusal ? card->spec.refusal : usual;
}

static uint16_t sign_block(struct vcard *card, const struct command *c, struct answer *a)
{
	struct credential *cred = card->mse ? &card->creds[card->mse - card->creds] : NULL;
	size_t size;
	bool odd;
	uint16_t sw;

	if (c->p1 != 0x9E || c->p2 != 0x9A)
		return SW_P1P2;
	if (card->mse_wrong)
		return refuse(card, SW_NO_REFERENCE);
	if (!cred)
		return SW_CONDITIONS;
	if (card->spec.select_key == VCARD_SELECT_FOR_PSO && !key_is_selected(card))
		return refuse(card, SW_CONDITIONS);
	if (!cred->verified)
		return SW_SECURITY;
	size = (size_t)EVP_PKEY_get_size(cred->key);
	if (c->data.len != size || c->ne == 0)
		return SW_LENGTH;
	sw = exact_le(card, c, size);
	if (sw != SW_OK)
		return sw;
	odd = !is_pkcs1_block(c->data);
	if (odd && card->spec.no_pss)
		return refuse(card, SW_DATA);
	return sign(cred, PAD_NONE, odd && card->spec.wrong_pss, c->data, a);
}

static uint16_t sign_by_file(struct vcard *card, const struct command *c, struct answer *a)
{
	const struct vfile *file = c->p2 == 0x80 ? card->file : vfile_by_sfi(card->app, c->p2 & 0x1F);
	bool pss = c->p1 == 0x04;
	struct credential *cred;
	size_t size;
	uint16_t sw;

	if (c->p2 < 0x80)
		return SW_P1P2;
	if (c->p2 != 0x80 && sfi_refusal(card, true) != SW_OK)
		return sfi_refusal(card, true);
	if (pss ? card->spec.kind != VCARD_JPKI || card->spec.no_pss : c->p1 != 0x00)
		return SW_P1P2;
	if (!file || file->kind != VFILE_KEY)
		return SW_NO_FILE;
	cred = &card->creds[file->owner];
	size = (size_t)EVP_PKEY_get_size(cred->key);
	if (!cred->verified)
		return SW_SECURITY;
	if (c->data.len == 0 || c->data.len > size - 11 || (pss && c->data.len != 32) || c->ne == 0)
		return SW_LENGTH;
	sw = exact_le(card, c, size);
	if (sw != SW_OK)
		return sw;
	return sign(cred, pss ? PAD_PSS : PAD_PKCS1, pss && card->spec.wrong_pss, c->data, a);
}

uint16_t key_sign(struct vcard *card, const struct command *c, struct answer *a)
{
	if (card->spec.kind == VCARD_FOREIGN)
		return SW_INS;
	if (c->cla & 0x80)
		return has_pso(card) ? SW_CLA : sign_by_file(card, c, a);
	return has_pso(card) ? sign_block(card, c, a) : SW_INS;
}
