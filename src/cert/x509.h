/* SPDX-License-Identifier: BSD-2-Clause */
/* A certificate, parsed once by libcrypto, and what our rooms ask of it. */
#ifndef INKAN_CERT_X509_H
#define INKAN_CERT_X509_H

#include <stdbool.h>
#include <openssl/x509.h>
#include "base/error.h"
#include "base/tlv.h"
#include "cert/hcrole.h"
#include "crypto/key.h"

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
	struct key key;          /* of spki */
	struct bytes der;        /* owned copy */
	struct bytes subject, issuer, serial, spki; /* DER, inside der; serial with tag and length */
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
 * key no scheme knows parses; its kind is KEY_OTHER. */
enum error cert_parse(const struct crypto *c, struct bytes der, struct cert **out);
void cert_free(struct cert **cert); /* the DER is wiped: it may be a person's data */

#endif
