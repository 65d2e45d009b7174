/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "inkan-pkcs11.h"
#include "pkcs11/build.h"
#include "pkcs11/cert_status.h"
#include "pkcs11/module.h"
#include "pkcs11/object.h"
#include "pkcs11/token.h"

static bool is_shown(const struct card_cert *cert)
{
	return cert->role != CERT_ROOT || personality.conventions->shows_root;
}

static struct object *add(struct token *token, enum object_kind kind, size_t index, bool private)
{
	struct object *o = &token->objects[token->n_objects++];

	o->kind = kind;
	o->index = index;
	o->private = private;
	return o;
}

/* What is there from the first moment on, in the order in which it is found: the
 * holder's certificate first. */
static void list_objects(struct token *token)
{
	const struct card *card = token->card;
	bool hidden = !token->cert;

	for (size_t i = 0; i < card->n_certs; i++)
		if (is_shown(&card->certs[i]))
			add(token, OBJECT_CERTIFICATE, i, card->certs[i].pin_protected);
	add(token, OBJECT_PRIVATE_KEY, 0, true);
	if (personality.conventions->keys_and_certs_only)
		return;
	add(token, OBJECT_PUBLIC_KEY, 0, hidden);
	if (card->profile->publish_certs && !hidden)
		add(token, OBJECT_PROFILE, 0, false);
	for (size_t i = 0; token->cert && i < token->cert->roles.n; i++)
		add(token, OBJECT_HCROLE, i, false);
}

/* A card that comes back finds its handles again. NSS, when card and PIN are back
 * before it looked for cards, goes on with the key that it had. */
static CK_OBJECT_HANDLE first_handle(const struct token *token)
{
	CK_OBJECT_HANDLE first = 0;

	module_lock();
	for (size_t i = 0; i < KNOWN_MAX; i++)
		if (strcmp(module.known[i].serial, token->serial) == 0 && module.known[i].n == token->n_objects)
			first = module.known[i].first;
	if (first == 0) {
		struct known *known = &module.known[module.n_known++ % KNOWN_MAX];

		memcpy(known->serial, token->serial, sizeof known->serial);
		known->n = token->n_objects;
		known->first = first = module.last_object + 1;
		module.last_object += token->n_objects;
	}
	module_unlock();
	return first;
}

static void number_objects(struct token *token)
{
	CK_OBJECT_HANDLE handle = first_handle(token);

	for (size_t i = 0; i < token->n_objects; i++)
		token->objects[i].handle = handle + i;
}

enum error objects_make(struct token *token)
{
	size_t roles = token->cert ? token->cert->roles.n : 0;

	token->objects = calloc(token->card->n_certs + 3 + roles, sizeof *token->objects);
	if (!token->objects)
		return E_MEMORY;
	list_objects(token);
	number_objects(token);
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

static bool is_own(const struct token *token, const struct object *o)
{
	if (o->kind == OBJECT_CERTIFICATE)
		return token->card->certs[o->index].role == CERT_OWN;
	return o->kind == OBJECT_PRIVATE_KEY || o->kind == OBJECT_PUBLIC_KEY;
}

enum error objects_complete(struct token *token)
{
	for (size_t i = 0; i < token->n_objects; i++) {
		struct object *o = &token->objects[i];

		if (o->complete || !is_own(token, o))
			continue;
		object_build_from_cert(o, token->cert);
		if (o->attrs.failed)
			return E_MEMORY;
		o->complete = true;
	}
	return E_OK;
}

void objects_strip(struct token *token)
{
	for (size_t i = 0; i < token->n_objects; i++) {
		struct object *o = &token->objects[i];

		if (!o->complete || !is_own(token, o))
			continue;
		attrs_free(&o->attrs);
		object_build(token, o);
		o->complete = false;
		o->status_asked = 0;
	}
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
	switch (type) {
	case CKA_VALUE:
	case CKA_SUBJECT:
	case CKA_ISSUER:
	case CKA_SERIAL_NUMBER:
	case CKA_START_DATE:
	case CKA_END_DATE:
	case CKA_CHECK_VALUE:
	case CKA_PUBLIC_KEY_INFO:
	case CKA_INKAN_HCROLE:
	case CKA_INKAN_HCROLE_DER:
	case CKA_INKAN_PROFILE:
	case CKA_INKAN_PRODUCTION:
	case CKA_INKAN_STATUS:
	case CKA_INKAN_STATUS_NEXT_UPDATE:
		return true;
	default:
		return false;
	}
}

/* A CA certificate, the first time that its bytes are asked for. A self-signed
 * one turns out to be the root, which not every module shows. */
static enum error read_ca(struct token *token, struct object *o)
{
	struct card_cert *file = &token->card->certs[o->index];
	struct cert *cert = NULL;
	enum error e = card_read_cert(token->card, o->index);

	if (e != E_OK)
		return e;
	e = cert_parse(module.crypto, (struct bytes){file->der, file->der_len}, &cert);
	if (e != E_OK)
		return e;
	object_build_from_cert(o, cert);
	if (!personality.conventions->shows_root && cert->subject.len == cert->issuer.len &&
	    memcmp(cert->subject.data, cert->issuer.data, cert->subject.len) == 0)
		e = E_NOT_FOUND;
	cert_free(&cert);
	return e;
}

static void complete(struct token *token, struct object *o)
{
	enum error e = read_ca(token, o);

	if (e == E_OK) {
		o->complete = !o->attrs.failed;
		return;
	}
	attrs_free(&o->attrs);
	object_build(token, o);
	o->gone = e == E_NOT_FOUND || e == E_FORMAT;
	log_info("certificate %zu of the card: %s", o->index, error_text(e));
}

const CK_ATTRIBUTE *object_attr(struct token *token, struct object *o, CK_ATTRIBUTE_TYPE type)
{
	if (o->kind == OBJECT_CERTIFICATE && !o->complete && !is_own(token, o) && needs_bytes(type))
		complete(token, o);
	if (o->kind == OBJECT_CERTIFICATE && o->complete && is_status_attribute(type))
		object_ask_status(token, o);
	return attrs_find(&o->attrs, type);
}

static bool matches(struct token *token, struct object *o, const CK_ATTRIBUTE *wanted)
{
	const CK_ATTRIBUTE *have = object_attr(token, o, wanted->type);

	return have && attr_matches(have, wanted);
}

/* First by what costs nothing, so that a certificate is read only when nothing
 * else rules it out. */
bool object_matches(struct token *token, struct object *o, const CK_ATTRIBUTE *template, CK_ULONG count)
{
	for (CK_ULONG i = 0; i < count; i++)
		if (!needs_bytes(template[i].type) && !matches(token, o, &template[i]))
			return false;
	for (CK_ULONG i = 0; i < count; i++)
		if (needs_bytes(template[i].type) && !matches(token, o, &template[i]))
			return false;
	return !o->gone;
}
