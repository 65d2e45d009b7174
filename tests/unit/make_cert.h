/* SPDX-License-Identifier: BSD-2-Clause */
/* Certificates made on the spot with libcrypto's own means, in its default
 * context: nothing of src/cert has a hand in them. */
#ifndef INKAN_TESTS_MAKE_CERT_H
#define INKAN_TESTS_MAKE_CERT_H

#include <openssl/x509.h>
#include "base/tlv.h"

/* name = value as in an OpenSSL configuration file; ends with a NULL name. */
struct made_extension {
	const char *name, *value;
};

EVP_PKEY *make_rsa_key(void); /* one for the whole process; not to be freed */

/* Self-signed; the DER is the caller's to free. */
struct bytes make_cert(EVP_PKEY *key, const struct made_extension *extensions);

#endif
