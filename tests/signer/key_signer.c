/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include "base/file.h"
#include "cert/file.h"
#include "tests/signer/key_signer.h"

unsigned key_signer_used;

static enum error sign(void *self, const uint8_t hash[32], uint8_t *signature, size_t *len)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(self, NULL);
	bool signed_ = ctx && EVP_PKEY_sign_init(ctx) == 1 && EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1 &&
		EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) == 1 && EVP_PKEY_sign(ctx, signature, len, hash, 32) == 1;

	key_signer_used++;
	EVP_PKEY_CTX_free(ctx);
	return signed_ ? E_OK : E_INTERNAL;
}

struct signer *key_signer_new(const struct crypto *crypto, const char *cert, const char *key)
{
	struct signer *s = calloc(1, sizeof *s);
	struct buf pem = {0};
	struct cert *holder = NULL;
	FILE *f = fopen(key, "r");

	if (!s || !f || path_read(cert, CERT_FILE_MAX, &pem) != E_OK ||
		cert_read(crypto, (struct bytes){pem.data, pem.len}, &holder) != E_OK)
		return NULL;
	*s = (struct signer){.crypto = crypto, .cert = holder, .sign = sign, .self = PEM_read_PrivateKey(f, NULL, NULL, NULL)};
	fclose(f);
	buf_free(&pem);
	return s;
}

void key_signer_free(struct signer **s)
{
	struct cert *holder = (struct cert *)(uintptr_t)(*s)->cert;

	EVP_PKEY_free((*s)->self);
	cert_free(&holder);
	free(*s);
	*s = NULL;
}
