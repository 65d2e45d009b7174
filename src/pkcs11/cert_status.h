/* SPDX-License-Identifier: BSD-2-Clause */
/* CKA_INKAN_STATUS and CKA_INKAN_STATUS_NEXT_UPDATE: what the local store of
 * revocation lists says, with issuers from the trust store. No network, no APDU. */
#ifndef INKAN_PKCS11_CERT_STATUS_H
#define INKAN_PKCS11_CERT_STATUS_H

#include "pkcs11/object.h"

bool is_status_attribute(CK_ATTRIBUTE_TYPE type);

/* With the slot lock held: makes the two attributes of a certificate new, unless
 * they were made a moment ago. */
void object_ask_status(struct token *token, struct object *object);

/* At C_Finalize. */
void status_end(void);

#endif
