/* SPDX-License-Identifier: BSD-2-Clause */
/* Names in certificates and lists (RFC 5280 4.1.2.4) as text. */
#ifndef INKAN_LIB_NAMES_H
#define INKAN_LIB_NAMES_H

#include <stdbool.h>
#include <openssl/x509.h>

/* The whole name on a line as RFC 4514 writes it, UTF-8: "CN=…, O=…". To be freed; NULL: no memory. */
char *name_text(const X509_NAME *name);

/* The last value of that kind, UTF-8; to be freed; NULL without one, or (*lost, else untouched) without memory. */
char *name_part(const X509_NAME *name, int nid, bool *lost);

/* The http and https URLs in the CRL distribution points (RFC 5280 4.2.1.13), each ended by NUL, an
 * empty one after the last. To be freed; NULL: no memory. */
char *list_urls(const X509 *x509);

#endif
