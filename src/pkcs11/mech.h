/* SPDX-License-Identifier: BSD-2-Clause */
/* Mechanisms and key types as table rows: PKCS#11's names for what src/crypto does. */
#ifndef INKAN_PKCS11_MECH_H
#define INKAN_PKCS11_MECH_H

#include <stdbool.h>
#include <stdint.h>
#include "card/card.h"
#include "crypto/scheme.h"
#include "pkcs11/attr.h"
#include "pkcs11/pkcs11.h"

extern const struct hash_names {
	CK_MECHANISM_TYPE mechanism;
	CK_RSA_PKCS_MGF_TYPE mgf1;
} hash_names[HASH_COUNT];

/* A signature under way. {0}: none. */
struct sign {
	struct scheme_params params;
	EVP_MD_CTX *md;              /* of a mechanism that hashes */
	uint8_t data[SIGNATURE_MAX]; /* else the data so far */
	size_t len;
};

#define MECHS_MAX 32 /* including the hashes */

/* The mechanisms that a profile's methods of signing support; returns how many. `pss`
 * false leaves RSASSA-PSS out, `hashing` false those that hash too. */
CK_ULONG mech_list(const struct profile *profile, bool pss, bool hashing, CK_MECHANISM_TYPE list[MECHS_MAX]);

/* CKR_MECHANISM_INVALID, CKR_MECHANISM_PARAM_INVALID, CKR_KEY_TYPE_INCONSISTENT,
 * CKR_KEY_SIZE_RANGE. */
CK_RV sign_begin(struct sign *sign, const struct crypto *crypto, const struct profile *profile, bool pss,
                 const CK_MECHANISM *mechanism, const struct key *key);

/* CKR_DATA_LEN_RANGE when the data is longer than the mechanism can sign. */
CK_RV sign_add(struct sign *sign, const void *data, size_t len);

/* Hashes to the end and encodes. `out` points into itself and into sign. CKR_DATA_LEN_RANGE. */
CK_RV sign_end(struct sign *sign, const struct crypto *crypto, struct encoded *out);

void sign_clear(struct sign *sign);

/* CKA_KEY_TYPE of the profile's key, and the attributes that are the key itself. */
CK_KEY_TYPE mech_key_type(const struct profile *profile);
void mech_add_key(struct attrs *a, const struct key *key, bool public);

#endif
