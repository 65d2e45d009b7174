/* SPDX-License-Identifier: BSD-2-Clause */
/* A certificate, parsed once by libcrypto, and what our rooms ask of it. */
#ifndef INKAN_CERT_X509_H
#define INKAN_CERT_X509_H

#include <stdbool.h>
#include <time.h>
#include <openssl/x509.h>
#include "base/error.h"
#include "base/tlv.h"
#include "cert/hcrole.h"
#include "cert/policy.h"
#include "crypto/key.h"

struct cert {
	X509 *x509;                                 /* NULL after cert_parse_private */
	struct key key;                             /* of spki */
	struct bytes der;                           /* owned copy */
	struct bytes subject, issuer, serial, spki; /* DER, inside der; serial with tag and length */
	uint8_t sha256[32];
	char start[9], end[9];                /* YYYYMMDD, as PKCS#11 wants dates */
	time_t not_before, not_after;         /* of a form that RFC 5280 does not allow: never valid */
	const struct policy_profile *profile; /* what its policy says that it is; never NULL */
	enum cert_kind kind;                  /* the profile's */
	char policy[64];                      /* the policy OID that kind was read from, "" without */
	bool production;                      /* false: a test-level policy (level 0), or kind unknown */
	bool ca;                              /* BasicConstraints */
	struct hcroles roles;                 /* n = 0 when absent */
	bool roles_broken;                    /* an hcRole attribute, or one HCActor of it, does not parse */
};

/* E_FORMAT when it is no certificate or bytes follow it. A certificate whose
 * key no scheme knows parses; its kind is KEY_OTHER. */
enum error cert_parse(const struct crypto *c, struct bytes der, struct cert **out);

/* The same for a certificate behind a PIN, without an object of libcrypto for it:
 * that would leave the person in memory which nobody can wipe. Of the rest there
 * are der, subject, issuer, serial, spki, key, the dates, kind, policy and production. */
enum error cert_parse_private(const struct crypto *c, struct bytes der, struct cert **out);
void cert_free(struct cert **cert); /* the DER is wiped: it may be a person's data */

#endif
