/* SPDX-License-Identifier: BSD-2-Clause */
/* EMSA-PSS-ENCODE (RFC 8017 9.1.1), for cards that sign a padded block: libcrypto
 * pads only where it also holds the key. Every result is checked by libcrypto
 * after the card has signed it. */
#ifndef INKAN_CERT_PSS_H
#define INKAN_CERT_PSS_H

#include "crypto/crypto.h"

/* RSASSA-PSS parameters (RFC 8017 A.2.3; CK_RSA_PKCS_PSS_PARAMS). */
struct pss {
	enum hash hash, mgf1;
	unsigned salt_len;
};

/* `block` is as long as the modulus, whose top bit is set. E_TOO_LONG when hash
 * and salt do not fit. */
enum error pss_encode(const struct crypto *crypto, const struct pss *pss, struct bytes hash, uint8_t *block,
                      size_t len);

#endif
