/* SPDX-License-Identifier: BSD-2-Clause */
/* CMS SignedData (RFC 5652): what time stamps' tokens and signed documents have in common. */
#ifndef INKAN_SIGNER_CMS_H
#define INKAN_SIGNER_CMS_H

#include "signer/document.h"

/* The whole of `data`, DER or BER. NULL: no SignedData, or octets behind it. */
CMS_ContentInfo *cms_read(const struct crypto *crypto, struct bytes data);

/* The signature of one signer, and what CMS_verify leaves to its caller: signed attributes (11.1, 11.2) that must be
 * there once, content-type, the algorithms, and the ESS signing certificate (RFC 5035; SHA-1 is v1's own reference and
 * stays). Bits of PROBLEM_NO_CERTIFICATE, _STRUCTURE, _ALGORITHM, _TOO_LONG, _SIGNING_CERTIFICATE, _SIGNATURE, _DIGEST
 * and, content.data NULL, _NO_CONTENT. *signer: of certs, not owned, or NULL. */
uint64_t cms_signer_problems(const struct crypto *crypto, CMS_ContentInfo *cms, CMS_SignerInfo *si,
                             STACK_OF(X509) *certs, struct bytes content, X509 **signer);

/* Whether something is behind the first block of PEM. Text in front of it is none of it (RFC 7468 2). */
bool cms_pem_goes_on(struct bytes data);

/* SHA-256, -384 and -512, the hashes that a signature may have; HASH_NONE: another. */
enum hash cms_hash(const X509_ALGOR *algorithm);

/* False: not a time of the calendar. */
bool cms_time(const ASN1_TIME *time, int64_t *out);

#endif
