/* SPDX-License-Identifier: BSD-2-Clause */
/* From errors to the return values of PKCS#11. */
#ifndef INKAN_PKCS11_CKR_H
#define INKAN_PKCS11_CKR_H

#include <stdbool.h>
#include "base/error.h"
#include "pkcs11/pkcs11.h"

/* For functions on a slot: a card that is not there is CKR_TOKEN_NOT_PRESENT. */
CK_RV ckr_of_card(enum error e);

/* For functions on a session: it was there, and is CKR_DEVICE_REMOVED. */
CK_RV ckr_of_session(enum error e);

/* True when the error ends the login: the card was removed or accepts no PIN any more,
 * or it is not known whether it received the PIN. */
bool ends_login(enum error e);

/* "CKR_OK", for the log. Never NULL. */
const char *ckr_name(CK_RV rv);

#endif
