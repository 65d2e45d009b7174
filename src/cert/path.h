/* SPDX-License-Identifier: BSD-2-Clause */
/* What trust.c and chain.c share: one certificate judged by itself, one beside its
 * issuer, and libcrypto's own word about a path. All flaws are enum chain_flaw's. */
#ifndef INKAN_CERT_PATH_H
#define INKAN_CERT_PATH_H

#include <time.h>
#include "cert/chain.h"

/* Extensions: none twice, none malformed, none critical but the ones that are
 * processed here (RFC 5280 4.2); strength of key and signature. */
unsigned path_own_flaws(const struct cert *cert);

/* May it issue certificates (RFC 5280 6.1.4 (k), (n))? */
unsigned path_ca_flaws(const struct cert *ca);

/* Before, in or after its validity, both ends of it included (4.1.2.5). */
unsigned path_time_flaws(const struct cert *cert, time_t at);

/* Name and key identifiers fit (4.1.2.4, 4.2.1.1). Says nothing of the signature. */
bool path_named(const struct cert *cert, const struct cert *ca);
bool path_signed(const struct cert *cert, const struct cert *ca);

/* Which of these says that this one signed the certificate, from *i on, and did?
 * NULL: none any more. *named: one was passed over whose name and identifiers fit. */
const struct trusted_ca *path_next_issuer(const struct trust *trust, const struct cert *cert, size_t *i,
                                          bool *named);

struct path_question {
	const struct cert *leaf;
	const struct trusted_ca *const *cas; /* issuer first, anchor last */
	size_t n;
	const char *policy; /* that the path has to allow; NULL: any */
	time_t at;          /* 0: whenever */
};

/* X509_verify_cert, each of its errors as a flaw. */
unsigned path_ask_libcrypto(const struct crypto *c, const struct path_question *q);

#endif
