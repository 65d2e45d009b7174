/* SPDX-License-Identifier: BSD-2-Clause */
/* The PKI folder: one process at a time writes in it, every file appears whole. */
#ifndef INKAN_VCARD_STORE_H
#define INKAN_VCARD_STORE_H

#include <limits.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include "base/mem.h"

struct store {
	char dir[PATH_MAX];
	int lock;
	char why[256];     /* the sentence of the last failure */
};

/* dir NULL: $XDG_DATA_HOME/inkan-vcard/pki, else ~/.local/share/inkan-vcard/pki.
 * Waits for whoever has the folder. */
bool store_open(struct store *s, const char *dir);
void store_close(struct store *s);

bool store_fail(struct store *s, const char *fmt, ...) __attribute__((format(printf, 2, 3))); /* false */

bool store_has(const struct store *s, const char *name);
bool store_read(struct store *s, const char *name, struct buf *out);
bool store_write(struct store *s, const char *name, const void *p, size_t n, unsigned mode);

/* The key in NAME.key, made there (RSA-2048, mode 0600) when it is missing. */
EVP_PKEY *store_key(struct store *s, const char *stem);

/* NAME.pem as DER. */
bool store_read_certificate(struct store *s, const char *stem, struct buf *der);
bool store_write_certificate(struct store *s, const char *stem, const struct buf *der);

X509 *store_parse(const struct buf *der); /* NULL: not a certificate */

#endif
