/* SPDX-License-Identifier: BSD-2-Clause */
/* The objects of a token: rows of attributes, made from what the card's
 * directory says and, once a certificate has been read, from the certificate. */
#ifndef INKAN_PKCS11_OBJECT_H
#define INKAN_PKCS11_OBJECT_H

#include <stdbool.h>
#include <time.h>
#include "pkcs11/attr.h"

struct token;

enum object_kind { OBJECT_CERTIFICATE, OBJECT_PRIVATE_KEY, OBJECT_PUBLIC_KEY, OBJECT_PROFILE, OBJECT_HCROLE };

struct object {
	CK_OBJECT_HANDLE handle;
	enum object_kind kind;
	size_t index;       /* of the certificate on the card, or of the role */
	bool private;       /* seen only while logged in */
	bool complete;      /* attrs holds what the certificate says */
	bool gone;          /* the card has no such certificate after all */
	struct attrs attrs;
	time_t status_asked; /* 0: not yet */
};

/* Makes the objects of a token that has just been read. */
enum error objects_make(struct token *token);
void objects_free(struct token *token);

/* After the certificate behind the PIN was read, and before it is forgotten. */
enum error objects_complete(struct token *token);
void objects_strip(struct token *token);

/* NULL: no such object, or not to be seen now. */
struct object *object_find(struct token *token, CK_OBJECT_HANDLE handle, bool logged_in);
bool object_visible(const struct object *object, bool logged_in);

/* The attribute; reads the certificate from the card the first time that
 * something needs its bytes. NULL: the object has none of that type. */
const CK_ATTRIBUTE *object_attr(struct token *token, struct object *object, CK_ATTRIBUTE_TYPE type);

bool object_matches(struct token *token, struct object *object, const CK_ATTRIBUTE *template, CK_ULONG count);

#endif
