/* SPDX-License-Identifier: BSD-2-Clause */
/* HCActorData ::= SET OF HCActor, the value of one attribute in
 * SubjectDirectoryAttributes (RFC 5280 4.2.1.8); hpki.md 3.3 has the syntax. */
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include "base/log.h"
#include "cert/hcrole.h"

#define CONTEXT(n) (V_ASN1_CONTEXT_SPECIFIC | (n))

struct element {
	int tag; /* CONTEXT(n) for the context's own; -1 for other classes */
	bool constructed;
	struct bytes value;
	struct bytes whole;
};

/* Takes one element off the front of *in. Definite lengths only. */
static bool take(struct bytes *in, struct element *out)
{
	const uint8_t *p = in->data;
	long len;
	int tag, class, form;

	if (in->len == 0 || in->len > LONG_MAX)
		return false;
	form = ASN1_get_object(&p, &len, &tag, &class, (long)in->len);
	if ((form & 0x81) || len < 0)
		return false;
	out->tag = -1;
	if (class == V_ASN1_UNIVERSAL)
		out->tag = tag;
	else if (class == V_ASN1_CONTEXT_SPECIFIC && tag < 31)
		out->tag = CONTEXT(tag);
	out->constructed = (form & V_ASN1_CONSTRUCTED) != 0;
	out->value = (struct bytes){p, (size_t)len};
	out->whole = (struct bytes){in->data, (size_t)(p - in->data) + (size_t)len};
	in->len -= out->whole.len;
	in->data += out->whole.len;
	return true;
}

/* The next element is that one, and constructed. */
static bool enter(struct bytes *in, int tag, struct element *out)
{
	return take(in, out) && out->tag == tag && out->constructed;
}

/* The value of an EXPLICIT tag: one element and nothing after it. */
static bool take_only(struct bytes in, struct element *out)
{
	return take(&in, out) && in.len == 0;
}

static enum error read_oid(const struct element *e, char **out)
{
	const uint8_t *p = e->whole.data;
	ASN1_OBJECT *oid;
	char text[256];
	int n;

	if (e->tag != V_ASN1_OBJECT || e->constructed)
		return E_FORMAT;
	oid = d2i_ASN1_OBJECT(NULL, &p, (long)e->whole.len);
	if (!oid)
		return E_FORMAT;
	n = OBJ_obj2txt(text, sizeof text, oid, 1);
	ASN1_OBJECT_free(oid);
	if (n <= 0 || (size_t)n >= sizeof text)
		return E_FORMAT;
	*out = strdup(text);
	return *out ? E_OK : E_MEMORY;
}

/* A control character would let one text pass for two where texts stand on
 * lines, or move the cursor of who looks at it: no licence has one in its name.
 * U+0080 to U+009F, two bytes of UTF-8, are control characters as well. */
static bool is_plain(const uint8_t *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (text[i] < 0x20 || text[i] == 0x7F || (text[i] == 0xC2 && i + 1 < n && text[i + 1] < 0xA0))
			return false;
	return n > 0;
}

static enum error copy_text(const uint8_t *text, size_t n, char **out)
{
	if (!is_plain(text, n))
		return E_FORMAT;
	*out = strndup((const char *)text, n);
	return *out ? E_OK : E_MEMORY;
}

static enum error read_directory_string(const struct element *e, char **out)
{
	const uint8_t *p = e->whole.data;
	ASN1_STRING *string;
	uint8_t *utf8 = NULL;
	enum error ok = E_FORMAT;
	int n;

	if (e->tag < 0 || e->tag >= V_ASN1_CONTEXT_SPECIFIC || e->constructed)
		return E_FORMAT;
	string = d2i_DIRECTORYSTRING(NULL, &p, (long)e->whole.len);
	if (!string)
		return E_FORMAT;
	n = ASN1_STRING_to_UTF8(&utf8, string);
	if (n > 0)
		ok = copy_text(utf8, (size_t)n, out);
	OPENSSL_free(utf8);
	ASN1_STRING_free(string);
	return ok;
}

static enum error read_code(const struct element *e, char **out)
{
	if (e->tag != V_ASN1_NUMERICSTRING || e->constructed)
		return E_FORMAT;
	for (size_t i = 0; i < e->value.len; i++)
		if (e->value.data[i] != ' ' && (e->value.data[i] < '0' || e->value.data[i] > '9'))
			return E_FORMAT;
	return copy_text(e->value.data, e->value.len, out);
}

/* CodedData ::= SET: its fields in any order, each at most once. */
static enum error read_coded_data(struct bytes in, struct hcrole *role)
{
	enum error ok = E_OK;

	while (in.len > 0 && ok == E_OK) {
		struct element field, value;

		if (!take(&in, &field) || !field.constructed || !take_only(field.value, &value))
			return E_FORMAT;
		if (field.tag == CONTEXT(0) && !role->coding_scheme)
			ok = read_oid(&value, &role->coding_scheme);
		else if (field.tag == CONTEXT(1) && !role->code)
			ok = read_code(&value, &role->code);
		else if (field.tag == CONTEXT(2) && !role->text)
			ok = read_directory_string(&value, &role->text);
		else
			return E_FORMAT;
	}
	if (ok == E_OK && (!role->coding_scheme || !role->text))
		ok = E_FORMAT;
	return ok;
}

static enum error read_actor(const struct element *actor, struct hcrole *role)
{
	struct bytes in = actor->value;
	struct element coded, set, regional;

	if (actor->tag != V_ASN1_SEQUENCE || !actor->constructed)
		return E_FORMAT;
	role->der = actor->whole;
	if (!enter(&in, CONTEXT(0), &coded) || !take_only(coded.value, &set) || set.tag != V_ASN1_SET ||
	    !set.constructed)
		return E_FORMAT;
	if (in.len > 0 && (!enter(&in, CONTEXT(1), &regional) || in.len > 0))
		return E_FORMAT;
	return read_coded_data(set.value, role);
}

static void free_role(struct hcrole *role)
{
	free(role->text);
	free(role->coding_scheme);
	free(role->code);
}

static enum error add_actor(const struct element *actor, struct hcroles *out)
{
	struct hcrole role = {0}, *list;
	enum error ok = read_actor(actor, &role);
	struct bytes *broken;

	if (ok == E_OK && (list = realloc(out->list, (out->n + 1) * sizeof *list))) {
		out->list = list;
		list[out->n++] = role;
		return E_OK;
	}
	free_role(&role);
	if (ok != E_FORMAT || !(broken = realloc(out->broken, (out->n_broken + 1) * sizeof *broken)))
		return E_MEMORY;
	log_info("hcrole: an HCActor of %zu bytes does not parse", actor->whole.len);
	out->broken = broken;
	broken[out->n_broken++] = actor->whole;
	return E_OK;
}

/* The attribute is single-valued: its SET of values holds one HCActorData. */
static enum error read_actors(struct bytes values, struct hcroles *out)
{
	struct element data, actor;
	enum error ok = E_OK;
	struct bytes in;

	if (out->der.len > 0 || !take_only(values, &data) || data.tag != V_ASN1_SET || !data.constructed)
		return E_FORMAT;
	out->der = data.whole;
	for (in = data.value; in.len > 0 && ok == E_OK;)
		ok = take(&in, &actor) ? add_actor(&actor, out) : E_FORMAT;
	return ok != E_OK || out->n + out->n_broken > 0 ? ok : E_FORMAT;
}

/* Attribute ::= SEQUENCE { type, SET of values }; others are passed over. */
static enum error read_attribute(struct bytes in, struct hcroles *out)
{
	struct element type, values;
	char *oid = NULL;
	enum error ok;

	if (!take(&in, &type) || !enter(&in, V_ASN1_SET, &values) || in.len > 0)
		return E_FORMAT;
	ok = read_oid(&type, &oid);
	if (ok == E_OK && strcmp(oid, HCROLE_OID) == 0)
		ok = read_actors(values.value, out);
	free(oid);
	return ok;
}

static enum error read_attributes(struct bytes extension, struct hcroles *out)
{
	struct element all, attribute;
	enum error ok = E_OK;
	struct bytes in;

	if (!take_only(extension, &all) || all.tag != V_ASN1_SEQUENCE || !all.constructed || all.value.len == 0)
		return E_FORMAT;
	for (in = all.value; in.len > 0 && ok == E_OK;)
		ok = enter(&in, V_ASN1_SEQUENCE, &attribute) ? read_attribute(attribute.value, out) : E_FORMAT;
	return ok;
}

enum error hcrole_parse(struct bytes extension, struct hcroles *out)
{
	enum error ok;

	*out = (struct hcroles){0};
	ERR_set_mark();
	ok = read_attributes(extension, out);
	ERR_pop_to_mark();
	if (ok != E_OK)
		hcrole_free(out);
	return ok;
}

void hcrole_free(struct hcroles *roles)
{
	for (size_t i = 0; i < roles->n; i++)
		free_role(&roles->list[i]);
	free(roles->list);
	free(roles->broken);
	*roles = (struct hcroles){0};
}
