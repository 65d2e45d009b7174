/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "pkcs11/attr.h"
#include "pkcs11/ckr.h"
#include "pkcs11/token.h"

/* The holder's certificate is the first on the card. One behind the PIN never
 * becomes an object of libcrypto, whose memory would keep the person's data. */
static enum error read_cert(struct token *token)
{
	const struct card_cert *own = &token->card->certs[0];
	struct bytes der = {own->der, own->der_len};
	enum error e;

	if (!own->der || token->cert)
		return own->der || own->pin_protected ? E_OK : E_NOT_FOUND;
	e = own->pin_protected ? cert_parse_private(module.crypto, der, &token->cert)
	                       : cert_parse(module.crypto, der, &token->cert);
	if (e == E_OK && token->cert->key.kind == KEY_OTHER)
		e = E_UNSUPPORTED;
	return e;
}

enum error token_load(const char *reader, struct profile_set set, struct token **out)
{
	struct token *token = calloc(1, sizeof *token);
	enum error e;

	*out = token;
	if (!token)
		return E_MEMORY;
	e = card_open(&module.cards, reader, set, &token->card);
	if (e == E_OK && personality.conventions->label_of_card)
		e = card_read_label(token->card);
	if (e == E_OK)
		e = read_cert(token);
	if (e == E_OK)
		e = objects_make(token);
	if (e != E_OK)
		token_free(out);
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

void token_info(const struct token *token, CK_TOKEN_INFO *info)
{
	const struct card *card = token->card;
	int tries = card->pin.tries; /* -1: not known */

	memset(info, 0, sizeof *info);
	text_pad(info->label, sizeof info->label,
	         personality.conventions->label_of_card ? card->label : card->profile->name);
	text_pad(info->manufacturerID, sizeof info->manufacturerID, card->profile->manufacturer);
	text_pad(info->model, sizeof info->model, card->model);
	text_pad(info->serialNumber, sizeof info->serialNumber, card->serial);
	text_pad(info->utcTime, sizeof info->utcTime, "");
	info->flags = personality.conventions->token_flags;
	if (tries == 0)
		info->flags |= CKF_USER_PIN_LOCKED;
	else if (tries == 1)
		info->flags |= CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY;
	else if (tries > 1 && tries < card->pin.rule.tries)
		info->flags |= CKF_USER_PIN_COUNT_LOW;
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
	return module.conf.pss == PSS_ON || (module.conf.pss == PSS_AUTO && !token->no_pss);
}

void token_withdraw_pss(struct token *token)
{
	log_info("this card cannot do RSASSA-PSS; it is not offered again. Set pss = off in inkan.conf");
	for (size_t i = 0; i < CARDS_MAX; i++)
		if (strcmp(module.records[i].serial, token->card->serial) == 0)
			module.records[i].no_pss = true;
	token->no_pss = true;
	objects_withdraw_pss(token);
}

enum error token_verify(struct token *token, struct bytes pin)
{
	enum error e = card_login(token->card, pin, module.conf.last_try_allowed);

	if (e == E_OK)
		e = read_cert(token);
	if (e != E_OK || !token->cert)
		return e;
	module_lock();
	e = objects_complete(token);
	module_unlock();
	return e;
}

void token_logout(struct token *token)
{
	secret_free(&token->pin);
	if (!token->card->certs[0].pin_protected)
		return;
	module_lock();
	objects_strip(token);
	module_unlock();
	cert_free(&token->cert);
	card_forget_protected(token->card);
}
