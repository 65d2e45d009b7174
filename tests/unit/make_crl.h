/* SPDX-License-Identifier: BSD-2-Clause */
/* Authorities, certificates and revocation lists made on the spot with
 * libcrypto's own means, in its default context. EC keys: they are quick. */
#ifndef INKAN_TESTS_MAKE_CRL_H
#define INKAN_TESTS_MAKE_CRL_H

#include <time.h>
#include "cert/trust.h"
#include "base/tlv.h"

#define MADE_KEYS 4

EVP_PKEY *make_ec_key(unsigned i); /* of the process; not to be freed; i < MADE_KEYS */

/* Extensions are the section [exts] of `conf`, in OpenSSL's own language. */
struct cert_spec {
	const char *issuer, *subject; /* CN; C=JP stands before it */
	unsigned issuer_key, key;
	long serial;
	const char *conf;
};

struct entry_spec {
	long serial;
	time_t revoked;
	int reason;           /* -1: none */
	const char *extension; /* "OID = value" of one more, or NULL */
};

struct list_spec {
	const char *issuer;
	unsigned key;
	time_t from, to;      /* to 0: no nextUpdate */
	const char *number;   /* hex; NULL: none */
	const char *conf;     /* as above; NULL: no further extensions */
	const struct entry_spec *entries;
	size_t n;
};

/* OPENSSL_free is the caller's. */
struct bytes make_ec_cert(const struct cert_spec *spec);
struct bytes make_list(const struct list_spec *spec);

/* A sound anchor, its own issuer. */
struct trusted_ca make_ca(const struct crypto *c, const char *name, unsigned key, const char *more_conf);
struct cert *make_person(const struct crypto *c, const struct cert_spec *spec);
void made_free(struct bytes *der);

#endif
