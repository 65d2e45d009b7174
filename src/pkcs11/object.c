/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>
#include "inkan-pkcs11.h"
#include "pkcs11/module.h"
#include "pkcs11/token.h"

static void add(struct token *token, enum object_kind kind, size_t index, bool own, bool private)
{
	token->objects[token->n_objects++] =
		(struct object){.kind = kind, .index = index, .own = own, .private = private};
}

static bool is_shown(const struct card_cert *cert)
{
	if (cert->role == CERT_OWN)
		return true;
	return !module.conf.hide_ca_certificates && (cert->role == CERT_CA || personality.conventions->shows_root);
}

/* What is there from the first moment on, in the order in which it is found: the
 * holder's certificate first. Of the profiles of "PKCS #11 Profiles" those whose
 * clauses hold. Baseline Provider: its list of functions ends with
 * C_GetAttributeValue, of attributes with CKA_UNIQUE_ID and CKA_PROFILE_ID.
 * Extended Provider: C_GetMechanismList, C_GetMechanismInfo, C_Login, C_LoginUser,
 * C_Logout. Authentication Token: private and public key, C_SignInit and C_Sign.
 * Public Certificates Token: certificates and public key without a login, so not
 * where the holder's own is behind the PIN. */
static void list_objects(struct token *token)
{
	const struct card *card = token->card;
	bool hidden = !token->cert;

	for (size_t i = 0; i < card->n_certs; i++)
		if (is_shown(&card->certs[i]))
			add(token, OBJECT_CERTIFICATE, i, card->certs[i].role == CERT_OWN,
			    card->certs[i].pin_protected);
	add(token, OBJECT_PRIVATE_KEY, 0, true, true);
	if (personality.conventions->keys_and_certs_only)
		return;
	add(token, OBJECT_PUBLIC_KEY, 0, true, hidden);
	if (card->profile->publish_certs && !hidden)
		add(token, OBJECT_PROFILE, CKP_PUBLIC_CERTIFICATES_TOKEN, false, false);
	add(token, OBJECT_PROFILE, CKP_BASELINE_PROVIDER, false, false);
	add(token, OBJECT_PROFILE, CKP_EXTENDED_PROVIDER, false, false);
	add(token, OBJECT_PROFILE, CKP_AUTHENTICATION_TOKEN, false, false);
	for (size_t i = 0; token->cert && i < token->cert->roles.n; i++)
		add(token, OBJECT_HCROLE, i, false, false);
}

/* A card that comes back finds its handles again. NSS, when card and PIN are back
 * before it looked for cards, goes on with the key that it had. */
static void use_record(struct token *token)
{
	struct card_record *record;
	size_t i = 0;

	module_lock();
	while (i < CARDS_MAX && strcmp(module.records[i].serial, token->card->serial) != 0)
		i++;
	record = &module.records[i < CARDS_MAX ? i : module.n_records++ % CARDS_MAX];
	if (i == CARDS_MAX) {
		*record = (struct card_record){0};
		memcpy(record->serial, token->card->serial, sizeof record->serial);
	}
	if (record->n_objects != token->n_objects) {
		record->n_objects = token->n_objects;
		record->first = module.last_object + 1;
		module.last_object += token->n_objects;
	}
	for (i = 0; i < token->n_objects; i++)
		token->objects[i].handle = record->first + i;
	token->no_pss = record->no_pss;
	module_unlock();
}

enum error objects_make(struct token *token)
{
	size_t roles = token->cert ? token->cert->roles.n : 0;

	token->objects = calloc(token->card->n_certs + 6 + roles, sizeof *token->objects);
	if (!token->objects)
		return E_MEMORY;
	list_objects(token);
	use_record(token);
	for (size_t i = 0; i < token->n_objects; i++) {
		object_build(token, &token->objects[i]);
		if (token->objects[i].attrs.failed)
			return E_MEMORY;
	}
	return token->cert ? objects_complete(token) : E_OK;
}

void objects_free(struct token *token)
{
	for (size_t i = 0; i < token->n_objects; i++)
		attrs_free(&token->objects[i].attrs);
	free(token->objects);
	token->objects = NULL;
	token->n_objects = 0;
}

enum error objects_complete(struct token *token)
{
	token->bits = token->cert->key.bits;
	for (size_t i = 0; i < token->n_objects; i++) {
		struct object *o = &token->objects[i];

		if (o->complete || !o->own)
			continue;
		object_build_from_cert(o, token->cert);
		if (o->attrs.failed)
			return E_MEMORY;
		o->complete = true;
	}
	return E_OK;
}

static void strip(struct token *token, struct object *o)
{
	attrs_free(&o->attrs);
	object_build(token, o);
	o->complete = false;
	o->status_asked = 0;
}

void objects_strip(struct token *token)
{
	for (size_t i = 0; i < token->n_objects; i++)
		if (token->objects[i].complete && token->objects[i].own)
			strip(token, &token->objects[i]);
}

void object_complete_ca(struct token *token, struct object *o, const struct cert *cert)
{
	if (!personality.conventions->shows_root && token->card->profile->cia &&
	    cert->subject.len == cert->issuer.len &&
	    memcmp(cert->subject.data, cert->issuer.data, cert->subject.len) == 0) {
		o->gone = true;
		return;
	}
	object_build_from_cert(o, cert);
	o->complete = !o->attrs.failed;
	if (!o->complete)
		strip(token, o);
}

bool object_visible(const struct object *object, bool logged_in)
{
	return !object->gone && (logged_in || !object->private);
}

struct object *object_find(struct token *token, CK_OBJECT_HANDLE handle, bool logged_in)
{
	for (size_t i = 0; i < token->n_objects; i++)
		if (token->objects[i].handle == handle)
			return object_visible(&token->objects[i], logged_in) ? &token->objects[i] : NULL;
	return NULL;
}

/* What a certificate object has only once its bytes are known. Anything else that
 * is asked for (NSS asks for attributes of its own) must not cost a reading. */
static bool needs_bytes(CK_ATTRIBUTE_TYPE type)
{
	static const CK_ATTRIBUTE_TYPE types[] = {
		CKA_VALUE, CKA_SUBJECT, CKA_ISSUER, CKA_SERIAL_NUMBER, CKA_START_DATE, CKA_END_DATE,
		CKA_CHECK_VALUE, CKA_PUBLIC_KEY_INFO, CKA_INKAN_HCROLE, CKA_INKAN_HCROLE_DER,
		CKA_INKAN_PROFILE, CKA_INKAN_PRODUCTION, CKA_INKAN_STATUS, CKA_INKAN_STATUS_NEXT_UPDATE,
	};
	size_t i = 0;

	while (i < sizeof types / sizeof *types && types[i] != type)
		i++;
	return i < sizeof types / sizeof *types;
}

static bool matches(const struct object *o, const CK_ATTRIBUTE *wanted)
{
	const CK_ATTRIBUTE *have = attrs_find(&o->attrs, wanted->type);

	return have && attr_matches(have, wanted);
}

bool object_is_unread(const struct object *o, const CK_ATTRIBUTE *template, CK_ULONG count, bool search)
{
	bool asked = false;

	if (o->kind != OBJECT_CERTIFICATE || o->complete || o->own)
		return false;
	for (CK_ULONG i = 0; i < count; i++) {
		if (needs_bytes(template[i].type))
			asked = true;
		else if (search && !matches(o, &template[i]))
			return false;
	}
	return asked;
}

bool object_matches(const struct object *o, const CK_ATTRIBUTE *template, CK_ULONG count)
{
	for (CK_ULONG i = 0; i < count; i++)
		if (!matches(o, &template[i]))
			return false;
	return true;
}
