/* SPDX-License-Identifier: BSD-2-Clause */
/* Certificates in files: PEM (RFC 7468) or DER. */
#ifndef INKAN_CERT_FILE_H
#define INKAN_CERT_FILE_H

#include "cert/x509.h"

#define CERT_FILE_MAX (1024 * 1024) /* certificates have a few kilobytes */

/* The next certificate of a PEM text, whatever stands around it; false after the
 * last. The DER is to be freed with OPENSSL_free. */
bool cert_pem_next(BIO *bio, uint8_t **der, size_t *n);

/* The first certificate of a PEM text, else the whole as DER. E_FORMAT: none. */
enum error cert_read(const struct crypto *c, struct bytes in, struct cert **out);

#endif
