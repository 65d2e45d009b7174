/* SPDX-License-Identifier: BSD-2-Clause */
/* Time stamps: RFC 3161 with libcrypto's TS and CMS. */
#ifndef INKAN_SIGNER_STAMP_H
#define INKAN_SIGNER_STAMP_H

#include "cert/trust.h"
#include "signer/document.h"

/* The anchors of time stamp authorities, which are nobody else's, and help for chains (never anchors). Every
 * certificate file of these folders, by trust.h's rules about who may write them. */
struct stamp_trust {
	const struct crypto *crypto;
	struct trust *trust;
	STACK_OF(X509) *anchors, *others; /* certificates of `trust`; anchors are self-signed */
	size_t n;                         /* anchors */
};
enum error stamp_trust_open(const struct crypto *crypto, const char *const *folders, size_t n, struct stamp_trust *out);
void stamp_trust_free(struct stamp_trust *t);

/* Adds a time stamp to a signature and verifies what its bytes tell: its own signature, the one signer, the signing
 * certificate attribute (RFC 5035, v1 or v2), extKeyUsage critical and timeStamping alone, and the imprint of `octets`
 * (data NULL: not known, PROBLEM_NOT_RECOMPUTED). certs and crls that came beside it are pushed onto the stamp's, which
 * are never NULL, by the caller. E_MEMORY; else E_OK, and problems and `why` say it. */
enum error stamp_add(const struct crypto *crypto, struct signature *s, bool archive, struct bytes token,
                     struct bytes octets);
void stamp_clear(struct stamp *s);

/* The path of its authority at a time: PROBLEM_STAMP_ANCHOR, PROBLEM_STAMP_VALIDITY. Revocation is looked at where the
 * stamp brings a list of the issuer. Nothing is added where PROBLEM_STAMP is. */
void stamp_decide(struct stamp *s, const struct stamp_trust *trust, int64_t at);

/* Asks an authority for a time stamp on SHA-256 of the octets, by inkan-fetch, and verifies the answer: status, nonce,
 * imprint, everything of stamp_add and stamp_decide, genTime within `tolerance` seconds of this clock. *why: a sentence
 * for people, translated. E_ARGUMENT: no URL; E_REFUSED: the authority refused, or its answer is not to be used; E_IO:
 * no answer in time; E_MEMORY, E_INTERNAL. The token is appended. */
struct stamp_request {
	const struct crypto *crypto;
	const struct stamp_trust *trust;
	const char *program, *url; /* inkan-fetch, with its path */
	long seconds, tolerance;
};
enum error stamp_fetch(const struct stamp_request *r, struct bytes octets, struct buf *token, char why[256]);

#endif
