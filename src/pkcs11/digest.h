/* SPDX-License-Identifier: BSD-2-Clause */
/* Hashes as mechanisms of their own. No program needs them of a card; but Java lets a
 * token sign RSASSA-PSS, and so log in on TLS 1.3, only with hashes that it lists. */
#ifndef INKAN_PKCS11_DIGEST_H
#define INKAN_PKCS11_DIGEST_H

#include <stdbool.h>
#include "crypto/crypto.h"
#include "pkcs11/pkcs11.h"

/* A hash that is being made. {0}: none. */
struct digest {
	EVP_MD_CTX *md;
	enum hash hash;
};

/* Appends the hashes that are offered to `list` (NULL: none) and counts them in *n. */
void digest_list(CK_MECHANISM_TYPE *list, CK_ULONG *n);
bool digest_offered(CK_MECHANISM_TYPE type);

void digest_clear(struct digest *digest);

#endif
