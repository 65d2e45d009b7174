/* SPDX-License-Identifier: BSD-2-Clause */
/* A certificate, parsed once by libcrypto, and what our rooms ask of it. */
#ifndef INKAN_CERT_X509_H
#define INKAN_CERT_X509_H

#include <stdbool.h>
#include <openssl/x509.h>
#include "base/error.h"
#include "base/tlv.h"
#include "crypto/crypto.h"
#include "cert/hcrole.h"

/* By certificate policy (hpki: 1.2.392.100495.1.5.1.<use>.<level>.<version>;
 * jpki: 1.2.392.200149.8.5.1.3.30 and .1.1.20). The numbers are those of
 * CKA_INKAN_PROFILE and never change. */
enum cert_kind {
	CERT_UNKNOWN = 0,
	CERT_HPKI_SIGN = 1,
	CERT_HPKI_AUTH_PERSON = 2,
	CERT_HPKI_AUTH_ORGANISATION = 3,
	CERT_JPKI_AUTH = 4,
	CERT_JPKI_SIGN = 5,
};

struct cert {
	X509 *x509;
	EVP_PKEY *key;           /* owned by x509 */
	struct bytes der;        /* owned copy */
	struct bytes subject, issuer, serial, spki; /* DER, inside der; serial with tag and length */
	struct bytes modulus, exponent; /* big-endian, no leading zero, inside der; empty unless RSA */
	uint8_t sha256[32];
	char start[9], end[9];   /* YYYYMMDD, as PKCS#11 wants dates */
	enum cert_kind kind;
	char policy[64];         /* the policy OID that kind was read from, "" without */
	bool production;         /* false: a test-level policy (level 0), or kind unknown */
	bool ca;                 /* BasicConstraints */
	struct hcroles roles;    /* n = 0 when absent */
	bool roles_broken;       /* an hcRole attribute is there and does not parse */
};

/* E_FORMAT when it is no certificate or bytes follow it. A certificate whose
 * key is not RSA parses; modulus is empty. */
enum error cert_parse(const struct crypto *c, struct bytes der, struct cert **out);
void cert_free(struct cert **cert); /* the DER is wiped: it may be a person's data */

/* Verifies an RSASSA-PSS signature over a hash with the certificate's key.
 * E_SIGNATURE when it does not verify. */
enum error cert_check_pss(const struct crypto *c, const struct cert *cert, enum hash h, enum hash mgf1,
                          unsigned salt_len, struct bytes hash, struct bytes signature);

/* The same for RSASSA-PKCS1-v1_5 over any message (a DigestInfo or not). */
enum error cert_check_pkcs1(const struct crypto *c, const struct cert *cert, struct bytes message,
                            struct bytes signature);

#endif
