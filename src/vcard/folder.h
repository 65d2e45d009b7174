/* SPDX-License-Identifier: BSD-2-Clause */
/* The PKI folder: one process at a time writes in it, every file appears whole. */
#ifndef INKAN_VCARD_FOLDER_H
#define INKAN_VCARD_FOLDER_H

#include <limits.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include "base/mem.h"

struct folder {
	char dir[PATH_MAX];
	int lock;
	char why[256];     /* the sentence of the last failure */
};

/* dir NULL: $XDG_DATA_HOME/inkan-vcard/pki, else ~/.local/share/inkan-vcard/pki.
 * Waits for whoever has the folder. */
bool folder_open(struct folder *s, const char *dir);
void folder_close(struct folder *s);

bool folder_fail(struct folder *s, const char *fmt, ...) __attribute__((format(printf, 2, 3))); /* false */

bool folder_has(const struct folder *s, const char *name);
bool folder_read(struct folder *s, const char *name, struct buf *out);
bool folder_write(struct folder *s, const char *name, const void *p, size_t n, unsigned mode);

/* The key in NAME.key, made there (RSA-2048, mode 0600) when it is missing. */
EVP_PKEY *folder_key(struct folder *s, const char *stem);

/* NAME.pem as DER. */
bool folder_read_certificate(struct folder *s, const char *stem, struct buf *der);
bool folder_write_certificate(struct folder *s, const char *stem, const struct buf *der);

X509 *folder_parse(const struct buf *der); /* NULL: not a certificate */

#endif
