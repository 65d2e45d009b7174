/* SPDX-License-Identifier: BSD-2-Clause */
/* Mechanisms as table rows, and the way from an application's data to the bytes
 * that a card takes. */
#ifndef INKAN_PKCS11_MECH_H
#define INKAN_PKCS11_MECH_H

#include <stdbool.h>
#include <stdint.h>
#include "card/card.h"
#include "cert/pss.h"
#include "cert/x509.h"
#include "pkcs11/compat.h"

#define MODULUS_MAX 512 /* bytes: RSA 4096 */

struct mech {
	CK_MECHANISM_TYPE type;
	enum scheme scheme;
	bool hashes;    /* false: the application has hashed already */
	enum hash hash; /* when it hashes */
};

/* A signature that is being made. {0}: none. */
struct sign {
	const struct mech *mech;
	struct pss pss;
	size_t modulus_len;
	EVP_MD_CTX *md;            /* of a mechanism that hashes */
	uint8_t data[MODULUS_MAX]; /* else what came so far */
	size_t len;
	bool in_parts;             /* C_SignUpdate was called */
};

/* What card_sign and the check of the signature need. */
struct prepared {
	uint8_t block[MODULUS_MAX], message[MODULUS_MAX], hash[EVP_MAX_MD_SIZE];
	size_t message_len, hash_len;
	struct card_sign in;
};

/* The mechanisms that a profile's ways of signing can carry out. `pss` false
 * leaves RSASSA-PSS out, `hashing` false those that hash too. *count: in, the
 * room; out, how many there are. */
void mech_list(const struct profile *profile, bool pss, bool hashing, CK_MECHANISM_TYPE *list, CK_ULONG *count);
bool mech_offered(const struct profile *profile, bool pss, bool hashing, CK_MECHANISM_TYPE type);

/* CKR_MECHANISM_INVALID, CKR_MECHANISM_PARAM_INVALID, CKR_KEY_SIZE_RANGE. */
CK_RV sign_begin(struct sign *sign, const struct crypto *crypto, const struct profile *profile, bool pss,
                 const CK_MECHANISM *mechanism, size_t modulus_len);

/* CKR_DATA_LEN_RANGE when more comes than the mechanism can sign. */
CK_RV sign_add(struct sign *sign, const void *data, size_t len);

/* Hashes to the end and pads (RFC 8017 8.1.1, 8.2.1, 9). */
CK_RV mech_prepare(struct sign *sign, const struct crypto *crypto, struct prepared *out);

/* Against the certificate's key. */
enum error mech_check(const struct sign *sign, const struct crypto *crypto, const struct cert *cert,
                      const struct prepared *prepared, struct bytes signature);

void sign_clear(struct sign *sign);

#endif
