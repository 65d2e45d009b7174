/* SPDX-License-Identifier: BSD-2-Clause */
/* Certificates in files: PEM (RFC 7468) or DER. */
#ifndef INKAN_CERT_FILE_H
#define INKAN_CERT_FILE_H

#include "base/mem.h"
#include "cert/x509.h"

#define CERT_FILE_MAX (1024 * 1024) /* certificates have a few kilobytes */

/* All that is left to read. E_IO: errno says why. E_TOO_LONG: over the maximum. */
enum error cert_file_read(int fd, size_t max, struct buf *b);

/* The next certificate of a PEM text, whatever stands around it; false after the
 * last. The DER is to be freed with OPENSSL_free. */
bool cert_pem_next(BIO *bio, uint8_t **der, size_t *n);

/* The first certificate of a PEM text, else the whole as DER. E_FORMAT: none. */
enum error cert_read(const struct crypto *c, struct bytes in, struct cert **out);

#endif
