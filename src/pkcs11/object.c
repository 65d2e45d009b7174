/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "inkan-pkcs11.h"
#include "pkcs11/module.h"
#include "pkcs11/token.h"

/* ---- The attributes of each kind of object (PKCS#11 4.4 to 4.10) */

static const struct {
	CK_OBJECT_CLASS class;
	const char *name; /* in CKA_UNIQUE_ID */
} kinds[] = {
	[OBJECT_CERTIFICATE] = {CKO_CERTIFICATE, "certificate"},
	[OBJECT_PRIVATE_KEY] = {CKO_PRIVATE_KEY, "private-key"},
	[OBJECT_PUBLIC_KEY] = {CKO_PUBLIC_KEY, "public-key"},
	[OBJECT_PROFILE] = {CKO_PROFILE, "profile"},
	[OBJECT_HCROLE] = {CKO_DATA, "hcrole"},
};

struct flag {
	CK_ATTRIBUTE_TYPE type;
	bool value;
};

static void add_flags(struct attrs *a, const struct flag *flags, size_t n)
{
	for (size_t i = 0; i < n; i++)
		attrs_add_bool(a, flags[i].type, flags[i].value);
}

static void add_name(struct attrs *a, const char *label, const struct card_id *id)
{
	attrs_add_text(a, CKA_LABEL, label);
	attrs_add(a, CKA_ID, id->data, id->len);
}

static void build_certificate(const struct token *token, struct object *o)
{
	const struct card_cert *cert = &token->card->certs[o->index];

	add_name(&o->attrs, cert->label, &cert->id);
	attrs_add_ulong(&o->attrs, CKA_CERTIFICATE_TYPE, CKC_X_509);
	attrs_add_ulong(&o->attrs, CKA_CERTIFICATE_CATEGORY,
	                cert->role == CERT_OWN ? CK_CERTIFICATE_CATEGORY_TOKEN_USER
	                                       : CK_CERTIFICATE_CATEGORY_AUTHORITY);
	attrs_add_bool(&o->attrs, CKA_TRUSTED, false);
}

static void build_key(const struct token *token, struct object *o)
{
	static const struct flag private[] = {
		{CKA_SENSITIVE, true},    {CKA_ALWAYS_SENSITIVE, true},
		{CKA_EXTRACTABLE, false}, {CKA_NEVER_EXTRACTABLE, true},
		{CKA_SIGN, true},         {CKA_SIGN_RECOVER, false},
		{CKA_DECRYPT, false},     {CKA_UNWRAP, false},
		{CKA_DERIVE, false},      {CKA_WRAP_WITH_TRUSTED, false},
		{CKA_LOCAL, false},
	};
	static const struct flag public[] = {
		{CKA_VERIFY, true},  {CKA_VERIFY_RECOVER, false}, {CKA_ENCRYPT, false}, {CKA_WRAP, false},
		{CKA_DERIVE, false}, {CKA_TRUSTED, false},        {CKA_LOCAL, false},
	};
	const struct card_key *key = &token->card->key;
	CK_MECHANISM_TYPE mechs[MECHS_MAX];
	CK_ULONG n;

	add_name(&o->attrs, key->label, &key->id);
	attrs_add_ulong(&o->attrs, CKA_KEY_TYPE, mech_key_type(token->card->profile));
	if (o->kind == OBJECT_PUBLIC_KEY) {
		add_flags(&o->attrs, public, sizeof public / sizeof *public);
		return;
	}
	add_flags(&o->attrs, private, sizeof private / sizeof *private);
	attrs_add_bool(&o->attrs, CKA_ALWAYS_AUTHENTICATE, key->user_consent);
	n = mech_list(token->card->profile, token_offers_pss(token), true, mechs);
	attrs_add(&o->attrs, CKA_ALLOWED_MECHANISMS, mechs, n * sizeof *mechs);
}

/* For programs that read data objects. */
static void build_hcrole(const struct hcrole *role, struct object *o)
{
	static const uint8_t oid[] = {0x06, 0x06, 0x28, 0x81, 0x85, 0x42, 0x00, 0x01}; /* 1.0.17090.0.1 */

	attrs_add_text(&o->attrs, CKA_APPLICATION, "HPKI");
	attrs_add_text(&o->attrs, CKA_LABEL, role->text);
	attrs_add(&o->attrs, CKA_OBJECT_ID, oid, sizeof oid);
	attrs_add_bytes(&o->attrs, CKA_VALUE, role->der);
}

/* What is known before any certificate is read: class, label, id, capabilities. */
static void build(const struct token *token, struct object *o)
{
	const struct flag flags[] = {
		{CKA_TOKEN, true},     {CKA_PRIVATE, o->private}, {CKA_MODIFIABLE, false},
		{CKA_COPYABLE, false}, {CKA_DESTROYABLE, false},
	};
	char id[CARD_SERIAL_LEN + 48]; /* PKCS#11 3.0, 4.4: the same for the same object whenever the card is in */

	o->attrs.hidden = o->kind == OBJECT_CERTIFICATE && o->private;
	snprintf(id, sizeof id, "%s-%s-%zu", token->card->serial, kinds[o->kind].name, o->index);
	attrs_add_text(&o->attrs, CKA_UNIQUE_ID, id);
	attrs_add_ulong(&o->attrs, CKA_CLASS, kinds[o->kind].class);
	add_flags(&o->attrs, flags, sizeof flags / sizeof *flags);
	switch (o->kind) {
	case OBJECT_CERTIFICATE: build_certificate(token, o); break;
	case OBJECT_PRIVATE_KEY:
	case OBJECT_PUBLIC_KEY: build_key(token, o); break;
	case OBJECT_PROFILE: attrs_add_ulong(&o->attrs, CKA_PROFILE_ID, o->index); break;
	case OBJECT_HCROLE:
		if (token->cert)
			build_hcrole(&token->cert->roles.list[o->index], o);
		break;
	}
}

static void add_roles(struct attrs *a, const struct hcroles *roles)
{
	struct buf text = {0};
	bool whole = true;

	for (size_t i = 0; i < roles->n; i++) {
		const char *role = roles->list[i].text;

		if (i > 0)
			whole = buf_append(&text, "\n", 1) == E_OK && whole;
		whole = buf_append(&text, role, strlen(role)) == E_OK && whole;
	}
	a->failed |= !whole;
	attrs_add(a, CKA_INKAN_HCROLE, text.data, text.len);
	attrs_add_bytes(a, CKA_INKAN_HCROLE_DER, roles->der);
	buf_free(&text);
}

/* What the certificate says. */
static void build_from_cert(struct object *o, const struct cert *cert)
{
	struct attrs *a = &o->attrs;
	uint8_t digest[EVP_MAX_MD_SIZE];

	attrs_add_bytes(a, CKA_SUBJECT, cert->subject);
	attrs_add_bytes(a, CKA_PUBLIC_KEY_INFO, cert->spki);
	attrs_add_text(a, CKA_START_DATE, cert->start);
	attrs_add_text(a, CKA_END_DATE, cert->end);
	if (o->kind != OBJECT_CERTIFICATE) {
		mech_add_key(a, &cert->key, o->kind == OBJECT_PUBLIC_KEY);
		return;
	}
	attrs_add_bytes(a, CKA_VALUE, cert->der);
	attrs_add_bytes(a, CKA_ISSUER, cert->issuer);
	attrs_add_bytes(a, CKA_SERIAL_NUMBER, cert->serial);
	if (crypto_hash(module.crypto, HASH_SHA1, cert->der, digest) == E_OK)
		attrs_add(a, CKA_CHECK_VALUE, digest, 3); /* the first three bytes of it */
	attrs_add_ulong(a, CKA_INKAN_PROFILE, (CK_ULONG)cert->kind);
	attrs_add_bool(a, CKA_INKAN_PRODUCTION, cert->production);
	if (cert->roles.n > 0)
		add_roles(a, &cert->roles);
}

/* ---- The objects of a token */

static void add(struct token *token, enum object_kind kind, size_t index, bool own, bool private)
{
	token->objects[token->n_objects++] =
		(struct object){.kind = kind, .index = index, .own = own, .private = private};
}

/* Lists the objects in the order in which a search finds them: the holder's
 * certificate first. Of the profiles of "PKCS #11 Profiles" those that the module
 * conforms to. Baseline Provider: its list of functions ends with
 * C_GetAttributeValue, of attributes with CKA_UNIQUE_ID and CKA_PROFILE_ID.
 * Extended Provider: C_GetMechanismList, C_GetMechanismInfo, C_Login, C_LoginUser,
 * C_Logout. Authentication Token: private and public key, C_SignInit and C_Sign.
 * Public Certificates Token: certificates and public key without a login, so not
 * where the holder's own is behind the PIN. */
static void list_objects(struct token *token)
{
	const struct card *card = token->card;
	bool hidden = !token->cert;

	for (size_t i = 0; i < card->n_certs; i++) {
		enum cert_role role = card->certs[i].role;

		if (role == CERT_OWN ||
		    (!module.conf.hide_ca_certificates && (role == CERT_CA || personality.conventions->shows_root)))
			add(token, OBJECT_CERTIFICATE, i, role == CERT_OWN, card->certs[i].pin_protected);
	}
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

/* A card that returns gets the same handles. When card and PIN are back before NSS looks
 * for cards, it goes on with the key handle that it has. */
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
		build(token, &token->objects[i]);
		if (token->objects[i].attrs.failed)
			return E_MEMORY;
		token->objects[i].n_built = token->objects[i].attrs.n;
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

static void strip(struct object *o)
{
	attrs_cut(&o->attrs, o->n_built);
	o->complete = false;
	o->status_asked = 0;
}

enum error objects_complete(struct token *token)
{
	token->bits = token->cert->key.bits;
	for (size_t i = 0; i < token->n_objects; i++) {
		struct object *o = &token->objects[i];

		if (o->complete || !o->own)
			continue;
		build_from_cert(o, token->cert);
		if (o->attrs.failed) {
			strip(o);
			return E_MEMORY;
		}
		o->complete = true;
	}
	return E_OK;
}

void objects_strip(struct token *token)
{
	for (size_t i = 0; i < token->n_objects; i++)
		if (token->objects[i].complete && token->objects[i].own)
			strip(&token->objects[i]);
}

void objects_withdraw_pss(struct token *token)
{
	CK_MECHANISM_TYPE mechs[MECHS_MAX];
	CK_ULONG n = mech_list(token->card->profile, false, true, mechs);

	for (size_t i = 0; i < token->n_objects; i++)
		attrs_shorten(&token->objects[i].attrs, CKA_ALLOWED_MECHANISMS, mechs, n * sizeof *mechs);
}

void object_complete_ca(struct token *token, struct object *o, const struct cert *cert)
{
	if (!personality.conventions->shows_root && token->card->profile->cia &&
	    cert->subject.len == cert->issuer.len &&
	    memcmp(cert->subject.data, cert->issuer.data, cert->subject.len) == 0) {
		o->gone = true;
		return;
	}
	build_from_cert(o, cert);
	o->complete = !o->attrs.failed;
	if (!o->complete)
		strip(o);
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

/* Attributes that a certificate object has only once it was read. Any other attribute (NSS
 * asks for some of its own) must not cause a read. */
static bool needs_bytes(CK_ATTRIBUTE_TYPE type)
{
	static const CK_ATTRIBUTE_TYPE types[] = {
		CKA_VALUE,         CKA_SUBJECT,
		CKA_ISSUER,        CKA_SERIAL_NUMBER,
		CKA_START_DATE,    CKA_END_DATE,
		CKA_CHECK_VALUE,   CKA_PUBLIC_KEY_INFO,
		CKA_INKAN_HCROLE,  CKA_INKAN_HCROLE_DER,
		CKA_INKAN_PROFILE, CKA_INKAN_PRODUCTION,
		CKA_INKAN_STATUS,  CKA_INKAN_STATUS_NEXT_UPDATE,
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
