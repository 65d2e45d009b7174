/* SPDX-License-Identifier: BSD-2-Clause */
/* Which attributes each kind of object has (PKCS#11 4.4 to 4.10). */
#ifndef INKAN_PKCS11_BUILD_H
#define INKAN_PKCS11_BUILD_H

#include "cert/x509.h"
#include "pkcs11/object.h"

/* What is known before any certificate: class, label, id, capabilities. */
void object_build(const struct token *token, struct object *object);

/* Adds what the certificate says. */
void object_build_from_cert(struct object *object, const struct cert *cert);

#endif
