/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "base/text.h"
#include "inkan-pkcs11.h"
#include "pkcs11/attr.h"

void attrs_add(struct attrs *a, CK_ATTRIBUTE_TYPE type, const void *value, size_t len)
{
	void *copy = a->n == ATTRS_MAX ? NULL : a->hidden ? pages_new(len) : malloc(len ? len : 1);

	if (!copy) {
		a->failed = true;
		return;
	}
	if (len)
		memcpy(copy, value, len);
	a->list[a->n++] = (CK_ATTRIBUTE){type, copy, len};
}

void attrs_add_bytes(struct attrs *a, CK_ATTRIBUTE_TYPE type, struct bytes value)
{
	attrs_add(a, type, value.data, value.len);
}

void attrs_add_text(struct attrs *a, CK_ATTRIBUTE_TYPE type, const char *value)
{
	attrs_add(a, type, value, strlen(value));
}

void attrs_add_ulong(struct attrs *a, CK_ATTRIBUTE_TYPE type, CK_ULONG value)
{
	attrs_add(a, type, &value, sizeof value);
}

void attrs_add_bool(struct attrs *a, CK_ATTRIBUTE_TYPE type, bool value)
{
	CK_BBOOL b = value ? CK_TRUE : CK_FALSE;

	attrs_add(a, type, &b, sizeof b);
}

const CK_ATTRIBUTE *attrs_find(const struct attrs *a, CK_ATTRIBUTE_TYPE type)
{
	for (size_t i = 0; i < a->n; i++)
		if (a->list[i].type == type)
			return &a->list[i];
	return NULL;
}

static void free_value(const struct attrs *list, CK_ATTRIBUTE *a)
{
	if (list->hidden) {
		pages_free(a->pValue);
		return;
	}
	mem_wipe(a->pValue, a->ulValueLen);
	free(a->pValue);
}

void attrs_remove(struct attrs *a, CK_ATTRIBUTE_TYPE type)
{
	for (size_t i = a->n; i-- > 0;) {
		if (a->list[i].type != type)
			continue;
		free_value(a, &a->list[i]);
		a->list[i] = a->list[--a->n];
	}
}

void attrs_cut(struct attrs *a, size_t n)
{
	for (; a->n > n; a->n--)
		free_value(a, &a->list[a->n - 1]);
	a->failed = false;
}

void attrs_shorten(struct attrs *a, CK_ATTRIBUTE_TYPE type, const void *value, size_t len)
{
	for (size_t i = 0; i < a->n; i++) {
		if (a->list[i].type != type || a->list[i].ulValueLen < len)
			continue;
		memcpy(a->list[i].pValue, value, len);
		a->list[i].ulValueLen = len;
	}
}

void attrs_free(struct attrs *a)
{
	attrs_cut(a, 0);
	*a = (struct attrs){0};
}

static bool equal(struct bytes a, struct bytes b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static struct bytes without_leading_zeros(struct bytes n)
{
	while (n.len > 1 && n.data[0] == 0) {
		n.data++;
		n.len--;
	}
	return n;
}

static bool has_line(struct bytes text, struct bytes wanted)
{
	while (text.len > 0) {
		const uint8_t *end = memchr(text.data, '\n', text.len);
		size_t len = end ? (size_t)(end - text.data) : text.len;

		if (equal((struct bytes){text.data, len}, wanted))
			return true;
		len += end != NULL;
		text.data += len;
		text.len -= len;
	}
	return false;
}

bool attr_matches(const CK_ATTRIBUTE *have, const CK_ATTRIBUTE *wanted)
{
	struct bytes a = {have->pValue, have->ulValueLen}, b = {wanted->pValue, wanted->ulValueLen};

	if (b.len > 0 && !b.data)
		return false;
	switch (have->type) {
	case CKA_MODULUS:
	case CKA_PUBLIC_EXPONENT: return equal(without_leading_zeros(a), without_leading_zeros(b));
	case CKA_INKAN_HCROLE: return has_line(a, b);
	default: return equal(a, b);
	}
}

CK_RV attr_give(const CK_ATTRIBUTE *have, CK_ATTRIBUTE *out)
{
	if (!out->pValue) {
		out->ulValueLen = have->ulValueLen;
		return CKR_OK;
	}
	if (out->ulValueLen < have->ulValueLen) {
		out->ulValueLen = CK_UNAVAILABLE_INFORMATION;
		return CKR_BUFFER_TOO_SMALL;
	}
	if (have->ulValueLen)
		memcpy(out->pValue, have->pValue, have->ulValueLen);
	out->ulValueLen = have->ulValueLen;
	return CKR_OK;
}

void text_pad(CK_UTF8CHAR *field, size_t size, const char *text)
{
	const uint8_t *p = (const uint8_t *)text;
	size_t n = strlen(text), at = 0, len;
	uint32_t c;

	for (; n > 0; p += len, n -= len) {
		len = utf8_next(p, n, &c);
		if (len > size - at || at == size)
			break;
		if (len > 0 && c >= 0x20 && (c < 0x7F || c > 0x9F)) {
			memcpy(field + at, p, len);
			at += len;
		} else {
			field[at++] = '?';
			len = len ? len : 1;
		}
	}
	memset(field + at, ' ', size - at);
}

CK_RV output_room(const void *out, CK_ULONG *room, CK_ULONG needed, bool *done)
{
	bool fits = *room >= needed;

	*room = needed;
	*done = !out || !fits;
	return out && !fits ? CKR_BUFFER_TOO_SMALL : CKR_OK;
}
