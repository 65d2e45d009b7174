/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include "cert/file.h"

bool cert_pem_next(BIO *bio, uint8_t **der, size_t *n)
{
	bool found = false;
	char *type, *header;
	long len;

	ERR_set_mark();
	while (!found && PEM_read_bio(bio, &type, &header, der, &len)) {
		found = strcmp(type, PEM_STRING_X509) == 0 || strcmp(type, PEM_STRING_X509_OLD) == 0;
		*n = (size_t)len;
		OPENSSL_free(type);
		OPENSSL_free(header);
		if (!found)
			OPENSSL_clear_free(*der, *n); /* a private key, perhaps */
	}
	ERR_pop_to_mark();
	return found;
}

enum error cert_read(const struct crypto *c, struct bytes in, struct cert **out)
{
	BIO *bio = NULL;
	enum error ok;
	uint8_t *der;
	size_t n;

	*out = NULL;
	if (in.len == 0 || in.len > CERT_FILE_MAX)
		return E_FORMAT;
	bio = BIO_new_mem_buf(in.data, (int)in.len);
	if (!bio)
		return E_MEMORY;
	if (cert_pem_next(bio, &der, &n)) {
		ok = cert_parse(c, (struct bytes){der, n}, out);
		OPENSSL_clear_free(der, n);
	} else {
		ok = cert_parse(c, in, out);
	}
	BIO_free(bio);
	return ok;
}
