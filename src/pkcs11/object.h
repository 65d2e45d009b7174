/* SPDX-License-Identifier: BSD-2-Clause */
/* The objects of a token: rows of attributes, made from what the card's
 * directory says and, once a certificate has been read, from the certificate.
 * Everything here with the table lock held, but objects_make and objects_free. */
#ifndef INKAN_PKCS11_OBJECT_H
#define INKAN_PKCS11_OBJECT_H

#include <stdbool.h>
#include <time.h>
#include "base/error.h"
#include "cert/x509.h"
#include "pkcs11/attr.h"

struct token;

enum object_kind { OBJECT_CERTIFICATE, OBJECT_PRIVATE_KEY, OBJECT_PUBLIC_KEY, OBJECT_PROFILE, OBJECT_HCROLE };

struct object {
	CK_OBJECT_HANDLE handle;
	enum object_kind kind;
	size_t index;        /* of the certificate on the card, or of the role; CKA_PROFILE_ID */
	bool own;            /* of the holder's own certificate and its keys */
	bool private;        /* seen only while logged in */
	bool complete;       /* attrs holds what the certificate says */
	bool gone;           /* the card has no such certificate after all */
	struct attrs attrs;
	time_t status_asked; /* 0: not yet */
};

/* build.c, which attributes each kind of object has (PKCS#11 4.4 to 4.10): those that
 * are known before any certificate (class, label, id, capabilities), and what the
 * certificate says. */
void object_build(const struct token *token, struct object *object);
void object_build_from_cert(struct object *object, const struct cert *cert);

/* Makes the objects of a token that has just been read. */
enum error objects_make(struct token *token);
void objects_free(struct token *token);

/* With the slot's lock too: after the holder's certificate was read, and before it
 * is forgotten. */
enum error objects_complete(struct token *token);
void objects_strip(struct token *token);

/* With the slot's lock too: a CA certificate that was read. The root, which not
 * every module shows, turns out to be one only now, where a directory has named it;
 * what a profile names is what the profile says. */
void object_complete_ca(struct token *token, struct object *object, const struct cert *cert);

/* NULL: no such object, or not to be seen now. */
struct object *object_find(struct token *token, CK_OBJECT_HANDLE handle, bool logged_in);
bool object_visible(const struct object *object, bool logged_in);

/* The template asks for something that only the bytes of this certificate tell,
 * and they have not been read; it does not rule the object out by anything else. */
bool object_is_unread(const struct object *object, const CK_ATTRIBUTE *template, CK_ULONG count, bool search);

bool object_matches(const struct object *object, const CK_ATTRIBUTE *template, CK_ULONG count);

#endif
