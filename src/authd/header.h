/* SPDX-License-Identifier: BSD-2-Clause */
/* Certificates as proxies hand them over in a header, or Apache in a variable: percent-encoded PEM, PEM with blanks for
 * newlines, base64 of DER (or of PEM), RFC 9440, and Envoy's x-forwarded-client-cert. */
#ifndef INKAN_AUTHD_HEADER_H
#define INKAN_AUTHD_HEADER_H

#include "authd/conf.h"
#include "base/mem.h"
#include "base/tlv.h"

#define VALUE_MAX ((size_t)64 * 1024)
#define CERTS_MAX 10

struct certs { /* {0}: none */
	struct bytes der[CERTS_MAX];
	struct buf memory[2]; /* where they lie: a header's, a chain header's */
	size_t n, n_memory;
};

enum header { HEADER_READ, HEADER_EMPTY, HEADER_MALFORMED, HEADER_TOO_LONG, HEADER_NO_MEMORY };

/* Adds the certificates of a value, the holder's first, whatever they say: nothing of them is looked at.
 * HEADER_EMPTY: nothing, or what a proxy writes in place of nothing. At most two calls for one struct. */
enum header header_read(enum form form, const char *value, size_t n, struct certs *out);
void certs_free(struct certs *certs); /* wiped: a certificate names a person */

#endif
