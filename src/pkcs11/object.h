/* SPDX-License-Identifier: BSD-2-Clause */
/* The objects of a token: rows of attributes, made from the card's
 * directory and, once a certificate has been read, from the certificate.
 * All functions but objects_make and objects_free need the table lock. */
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
	size_t index;  /* of the certificate on the card, or of the role; CKA_PROFILE_ID */
	bool own;      /* of the holder's own certificate and its keys */
	bool private;  /* visible only while logged in */
	bool complete; /* attrs has what the certificate says */
	bool gone;     /* the card has no such certificate after all */
	struct attrs attrs;
	size_t n_built;      /* of them, those that were there before the certificate's */
	time_t status_asked; /* 0: not yet */
};

/* Makes the objects of a token that has just been read. */
enum error objects_make(struct token *token);
void objects_free(struct token *token);

/* With the slot's lock too: after the holder's certificate was read, and before it
 * is forgotten. */
enum error objects_complete(struct token *token);
void objects_strip(struct token *token); /* needs no memory */

/* CKA_ALLOWED_MECHANISMS is written anew, once RSASSA-PSS is not offered any more. */
void objects_withdraw_pss(struct token *token);

/* With the slot's lock too: a CA certificate that was read. Only now it is known whether a
 * certificate from a directory is the root, which not every module shows; one from a
 * profile has the profile's role. */
void object_complete_ca(struct token *token, struct object *object, const struct cert *cert);

/* NULL: no such object, or not visible now. */
struct object *object_find(struct token *token, CK_OBJECT_HANDLE handle, bool logged_in);
bool object_visible(const struct object *object, bool logged_in);

/* The template asks for something that is in this certificate, which has not been read; with
 * `search`, its other attributes match. */
bool object_is_unread(const struct object *object, const CK_ATTRIBUTE *template, CK_ULONG count, bool search);

bool object_matches(const struct object *object, const CK_ATTRIBUTE *template, CK_ULONG count);

#endif
