/* SPDX-License-Identifier: BSD-2-Clause */
/* Lists of CK_ATTRIBUTE that own their values, and the rules of PKCS#11 for
 * returning values. */
#ifndef INKAN_PKCS11_ATTR_H
#define INKAN_PKCS11_ATTR_H

#include <stdbool.h>
#include "base/tlv.h"
#include "pkcs11/pkcs11.h"

#define ATTRS_MAX 40

/* {0} is an empty list. The caller sets `hidden` for a person's data: added values
 * are left out of core dumps. `failed` is set when an add finds no memory or no
 * room, so that a row of adds is checked once, at its end. */
struct attrs {
	CK_ATTRIBUTE list[ATTRS_MAX];
	size_t n;
	bool hidden, failed;
};

void attrs_add(struct attrs *a, CK_ATTRIBUTE_TYPE type, const void *value, size_t len);
void attrs_add_bytes(struct attrs *a, CK_ATTRIBUTE_TYPE type, struct bytes value);
void attrs_add_text(struct attrs *a, CK_ATTRIBUTE_TYPE type, const char *value);
void attrs_add_ulong(struct attrs *a, CK_ATTRIBUTE_TYPE type, CK_ULONG value);
void attrs_add_bool(struct attrs *a, CK_ATTRIBUTE_TYPE type, bool value);
void attrs_remove(struct attrs *a, CK_ATTRIBUTE_TYPE type); /* nothing, when it is not there */
const CK_ATTRIBUTE *attrs_find(const struct attrs *a, CK_ATTRIBUTE_TYPE type);
void attrs_cut(struct attrs *a, size_t n); /* the first n stay, nothing has failed; needs no memory */
void attrs_shorten(struct attrs *a, CK_ATTRIBUTE_TYPE type, const void *value,
                   size_t len);   /* no longer than before: the same */
void attrs_free(struct attrs *a); /* values are wiped: they may be a person's data */

/* True when the value is what the template asks for. Integers (CKA_MODULUS,
 * CKA_PUBLIC_EXPONENT) compare without leading zeros, CKA_INKAN_HCROLE by line. */
bool attr_matches(const CK_ATTRIBUTE *have, const CK_ATTRIBUTE *wanted);

/* Returns one value as C_GetAttributeValue does (PKCS#11 5.7): length alone,
 * value, or CKR_BUFFER_TOO_SMALL with CK_UNAVAILABLE_INFORMATION as length. */
CK_RV attr_give(const CK_ATTRIBUTE *have, CK_ATTRIBUTE *out);

/* Blank-padded text of the info structures; cut at a character's boundary. A reader's driver may name it as it
 * likes: in place of control characters and bytes that are no UTF-8 there are question marks. */
void text_pad(CK_UTF8CHAR *field, size_t size, const char *text);

/* PKCS#11 5.2, functions that return output in a variable-length buffer: CKR_OK
 * with *done false: there is room, and the caller writes the output. */
CK_RV output_room(const void *out, CK_ULONG *room, CK_ULONG needed, bool *done);

#endif
