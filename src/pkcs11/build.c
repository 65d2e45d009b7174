/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <string.h>
#include "inkan-pkcs11.h"
#include "pkcs11/module.h"
#include "pkcs11/token.h"

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

static void build_private_key(const struct token *token, struct object *o)
{
	static const struct flag flags[] = {
		{CKA_SENSITIVE, true}, {CKA_ALWAYS_SENSITIVE, true}, {CKA_EXTRACTABLE, false},
		{CKA_NEVER_EXTRACTABLE, true}, {CKA_SIGN, true}, {CKA_SIGN_RECOVER, false},
		{CKA_DECRYPT, false}, {CKA_UNWRAP, false}, {CKA_DERIVE, false},
		{CKA_WRAP_WITH_TRUSTED, false}, {CKA_LOCAL, false},
	};
	const struct card_key *key = &token->card->key;
	CK_MECHANISM_TYPE mechs[MECHS_MAX];
	CK_ULONG n = mech_list(token->card->profile, token_offers_pss(token), true, mechs);

	add_name(&o->attrs, key->label, &key->id);
	attrs_add_ulong(&o->attrs, CKA_KEY_TYPE, mech_key_type(token->card->profile));
	add_flags(&o->attrs, flags, sizeof flags / sizeof *flags);
	attrs_add_bool(&o->attrs, CKA_ALWAYS_AUTHENTICATE, key->user_consent);
	attrs_add(&o->attrs, CKA_ALLOWED_MECHANISMS, mechs, n * sizeof *mechs);
}

static void build_public_key(const struct token *token, struct object *o)
{
	static const struct flag flags[] = {
		{CKA_VERIFY, true}, {CKA_VERIFY_RECOVER, false}, {CKA_ENCRYPT, false}, {CKA_WRAP, false},
		{CKA_DERIVE, false}, {CKA_TRUSTED, false}, {CKA_LOCAL, false},
	};
	const struct card_key *key = &token->card->key;

	add_name(&o->attrs, key->label, &key->id);
	attrs_add_ulong(&o->attrs, CKA_KEY_TYPE, mech_key_type(token->card->profile));
	add_flags(&o->attrs, flags, sizeof flags / sizeof *flags);
}

/* The role alone, for programs that look for data objects. */
static void build_hcrole(const struct token *token, struct object *o)
{
	static const uint8_t oid[] = {0x06, 0x06, 0x28, 0x81, 0x85, 0x42, 0x00, 0x01}; /* 1.0.17090.0.1 */
	const struct hcrole *role = &token->cert->roles.list[o->index];

	attrs_add_text(&o->attrs, CKA_APPLICATION, "HPKI");
	attrs_add_text(&o->attrs, CKA_LABEL, role->text);
	attrs_add(&o->attrs, CKA_OBJECT_ID, oid, sizeof oid);
	attrs_add_bytes(&o->attrs, CKA_VALUE, role->der);
}

void object_build(const struct token *token, struct object *o)
{
	const struct flag flags[] = {
		{CKA_TOKEN, true}, {CKA_PRIVATE, o->private}, {CKA_MODIFIABLE, false},
		{CKA_COPYABLE, false}, {CKA_DESTROYABLE, false},
	};
	char id[CARD_SERIAL_LEN + 48]; /* PKCS#11 3.0, 4.4: the same for the same object whenever the card is in */

	o->attrs.hidden = o->kind == OBJECT_CERTIFICATE && o->private;
	snprintf(id, sizeof id, "%s-%s-%zu", token->card->serial, kinds[o->kind].name, o->index);
	attrs_add_text(&o->attrs, CKA_UNIQUE_ID, id);
	attrs_add_ulong(&o->attrs, CKA_CLASS, kinds[o->kind].class);
	add_flags(&o->attrs, flags, sizeof flags / sizeof *flags);
	switch (o->kind) {
	case OBJECT_CERTIFICATE:
		build_certificate(token, o);
		break;
	case OBJECT_PRIVATE_KEY:
		build_private_key(token, o);
		break;
	case OBJECT_PUBLIC_KEY:
		build_public_key(token, o);
		break;
	case OBJECT_PROFILE:
		attrs_add_ulong(&o->attrs, CKA_PROFILE_ID, o->index);
		break;
	case OBJECT_HCROLE:
		build_hcrole(token, o);
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

static void certificate_from_cert(struct attrs *a, const struct cert *cert)
{
	uint8_t digest[EVP_MAX_MD_SIZE];

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

void object_build_from_cert(struct object *o, const struct cert *cert)
{
	struct attrs *a = &o->attrs;

	attrs_add_bytes(a, CKA_SUBJECT, cert->subject);
	attrs_add_bytes(a, CKA_PUBLIC_KEY_INFO, cert->spki);
	attrs_add_text(a, CKA_START_DATE, cert->start);
	attrs_add_text(a, CKA_END_DATE, cert->end);
	if (o->kind == OBJECT_CERTIFICATE)
		certificate_from_cert(a, cert);
	else
		mech_add_key(a, &cert->key, o->kind == OBJECT_PUBLIC_KEY);
}
