/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "pkcs11/attr.h"
#include "pkcs11/ckr.h"
#include "pkcs11/token.h"

#define REPEATS_MAX 8

/* The holder's certificate is the first on the card. */
static enum error read_cert(struct token *token)
{
	const struct card_cert *own = &token->card->certs[0];
	enum error e;

	if (!own->der || token->cert)
		return own->der || own->pin_protected ? E_OK : E_NOT_FOUND;
	e = cert_parse(module.crypto, (struct bytes){own->der, own->der_len}, &token->cert);
	if (e == E_OK && token->cert->key.kind == KEY_OTHER)
		e = E_UNSUPPORTED;
	return e;
}

enum error token_load(const char *reader, struct token **out)
{
	struct token *token = calloc(1, sizeof *token);
	enum error e = E_MEMORY;

	if (!token)
		return e;
	module.cards = (struct card_system){personality.readers, module.readers, module.crypto, NULL};
	e = card_open(&module.cards, reader, *personality.profiles, &token->card);
	if (e != E_OK)
		goto fail;
	if (personality.conventions->label_of_card)
		e = card_read_label(token->card);
	if (e != E_OK)
		goto fail;
	e = read_cert(token);
	if (e != E_OK)
		goto fail;
	memcpy(token->serial, token->card->serial, sizeof token->serial);
	e = objects_make(token);
	if (e != E_OK)
		goto fail;
	*out = token;
	return E_OK;
fail:
	token_free(&token);
	return e;
}

void token_free(struct token **token)
{
	if (!*token)
		return;
	secret_free(&(*token)->pin);
	objects_free(*token);
	cert_free(&(*token)->cert);
	card_free(&(*token)->card);
	free(*token);
	*token = NULL;
}

/* PKCS#11 3.2 on the flags; the counter as it was last seen. */
static CK_FLAGS pin_flags(const struct card_pin *pin)
{
	if (pin->tries == 0)
		return CKF_USER_PIN_LOCKED;
	if (pin->tries == 1)
		return CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY;
	return pin->tries > 1 && pin->tries < pin->rule.tries ? CKF_USER_PIN_COUNT_LOW : 0;
}

void token_info(const struct token *token, CK_TOKEN_INFO *info)
{
	const struct card *card = token->card;

	memset(info, 0, sizeof *info);
	text_pad(info->label, sizeof info->label,
	         personality.conventions->label_of_card ? card->label : card->profile->name);
	text_pad(info->manufacturerID, sizeof info->manufacturerID, card->profile->manufacturer);
	text_pad(info->model, sizeof info->model, card->model);
	text_pad(info->serialNumber, sizeof info->serialNumber, token->serial);
	text_pad(info->utcTime, sizeof info->utcTime, "");
	info->flags = personality.conventions->token_flags | pin_flags(&card->pin);
	info->ulMaxSessionCount = CK_EFFECTIVELY_INFINITE;
	info->ulMaxRwSessionCount = CK_EFFECTIVELY_INFINITE;
	info->ulSessionCount = info->ulRwSessionCount = CK_UNAVAILABLE_INFORMATION;
	info->ulMinPinLen = card->pin.rule.min;
	info->ulMaxPinLen = card->pin.rule.max;
	info->ulTotalPublicMemory = info->ulFreePublicMemory = CK_UNAVAILABLE_INFORMATION;
	info->ulTotalPrivateMemory = info->ulFreePrivateMemory = CK_UNAVAILABLE_INFORMATION;
}

bool token_offers_pss(const struct token *token)
{
	bool offered = module.conf.pss == PSS_AUTO;

	if (!offered)
		return module.conf.pss == PSS_ON;
	module_lock();
	for (size_t i = 0; i < WITHDRAWN_MAX; i++)
		if (strcmp(module.withdrawn[i], token->serial) == 0)
			offered = false;
	module_unlock();
	return offered;
}

enum error token_withdraw_pss(struct token *token)
{
	log_info("this card cannot do RSASSA-PSS; it is not offered again. pss = off in inkan.conf settles it");
	module_lock();
	memcpy(module.withdrawn[module.n_withdrawn++ % WITHDRAWN_MAX], token->serial, sizeof token->serial);
	module_unlock();
	objects_strip(token); /* CKA_ALLOWED_MECHANISMS is another now */
	return objects_complete(token);
}

/* With the PIN verified the certificate behind it has come along. */
static enum error objects_behind_pin(struct token *token)
{
	enum error e = read_cert(token);

	return e == E_OK && token->cert ? objects_complete(token) : e;
}

/* A program that takes "incorrect" for "once more" and has but one PIN to give, as
 * pdfsig on NSS, would ask the card for ever: after so many rounds it is told to stop. */
static bool goes_on_for_ever(struct token *token, enum error e)
{
	token->repeats = e == E_PIN_REPEATED ? (token->repeats + 1) % REPEATS_MAX : 0;
	return e == E_PIN_REPEATED && token->repeats == 0;
}

CK_RV token_verify(struct token *token, struct bytes pin)
{
	enum error e = card_check_pin(token->card, pin);

	if (e != E_OK)
		return ckr_of_session(e);
	e = card_login(token->card, pin, module.conf.last_try_allowed);
	if (e == E_OK)
		e = objects_behind_pin(token);
	return goes_on_for_ever(token, e) ? CKR_FUNCTION_REJECTED : ckr_of_session(e);
}

CK_RV token_keep_pin(struct token *token, struct bytes pin)
{
	secret_free(&token->pin);
	if (token->card->key.user_consent)
		return CKR_OK;
	return secret_new(&token->pin, pin.data, pin.len) == E_OK ? CKR_OK : CKR_HOST_MEMORY;
}

void token_logout(struct token *token)
{
	if (!token)
		return;
	secret_free(&token->pin);
	if (!token->card->certs[0].pin_protected)
		return;
	objects_strip(token);
	cert_free(&token->cert);
	card_forget_protected(token->card);
}

CK_RV token_change_pin(struct token *token, struct bytes old_pin, struct bytes new_pin)
{
	enum error e = card_change_pin(token->card, old_pin, module.conf.last_try_allowed, new_pin);

	return e == E_UNSUPPORTED ? CKR_FUNCTION_NOT_SUPPORTED : ckr_of_session(e);
}

enum error token_sign(struct token *token, const struct secret *secret, const struct sign *sign,
                      const struct prepared *prepared, uint8_t *signature, size_t *len)
{
	struct bytes pin;
	enum error e;

	pin.data = secret_bytes(secret, &pin.len);
	e = card_sign(token->card, pin, &prepared->in, signature, len);
	if (e == E_OK)
		e = mech_check(sign, module.crypto, &token->cert->key, prepared, (struct bytes){signature, *len});
	return e;
}
