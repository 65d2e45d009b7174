/* SPDX-License-Identifier: BSD-2-Clause */
/* CKA_INKAN_STATUS and CKA_INKAN_STATUS_NEXT_UPDATE: what the local store of
 * revocation lists says, with issuers from the trust store. No network, no APDU. */
#ifndef INKAN_PKCS11_CERT_STATUS_H
#define INKAN_PKCS11_CERT_STATUS_H

#include "pkcs11/object.h"
#include "status/status.h"

/* With the table lock held: the template asks for one of the two, and they were
 * not made a moment ago. */
bool object_status_is_old(const struct object *object, const CK_ATTRIBUTE *template, CK_ULONG count);

/* With no lock held: files are read. Whose chain does not hold has no status: nobody
 * could vouch for one. Nor has, here, a certificate behind a PIN (der.len 0). */
void status_ask(struct bytes der, struct status *status);

/* With the table lock held. */
void object_put_status(struct object *object, const struct status *status);

/* At C_Finalize. */
void status_end(void);

#endif
