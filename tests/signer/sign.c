/* SPDX-License-Identifier: BSD-2-Clause */
/* Signs documents by src/signer with a key in memory: what other people's programs then verify.
 *
 *     sign KEY.pem CERTIFICATE.pem OUT TSA|- ANCHORS FETCH prescription FILE
 *                                                          dispensing PRESCRIPTION CSV
 *                                                          enveloped FILE
 *                                                          detached FILE...
 *
 * The first line of the output is how often the key was used. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include "base/file.h"
#include "base/log.h"
#include "signer/signer.h"

static struct crypto *crypto;
static int used;

static struct bytes take(const char *path)
{
	struct buf b = {0};

	if (path_read(path, DOCUMENT_MAX + 1, &b) != E_OK) {
		perror(path);
		exit(99);
	}
	if (!b.data)
		b.data = calloc(1, 1);
	return (struct bytes){b.data, b.len};
}

static enum error sign(void *self, const uint8_t hash[32], uint8_t *signature, size_t *len)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(crypto->lib, self, NULL);
	enum error ok = E_INTERNAL;

	used++;
	if (ctx && EVP_PKEY_sign_init(ctx) > 0 && EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) > 0 &&
	    EVP_PKEY_CTX_set_signature_md(ctx, crypto->md[HASH_SHA256]) > 0 &&
	    EVP_PKEY_sign(ctx, signature, len, hash, 32) > 0)
		ok = E_OK;
	EVP_PKEY_CTX_free(ctx);
	return ok;
}

int main(int argc, char **argv)
{
	struct stamp_trust trust = {0};
	struct stamp_request request;
	struct signer s = {.sign = sign};
	struct cert *cert = NULL;
	struct bytes in[2] = {{0}};
	struct named files[8];
	struct buf out = {0};
	uint8_t *der = NULL;
	enum error ok = E_ARGUMENT;
	FILE *f;
	X509 *x;
	int n;

	log_start("sign");
	if (argc < 9 || argc > 16 || crypto_new(&crypto) != E_OK)
		return 99;
	f = fopen(argv[1], "r");
	s.self = f ? PEM_read_PrivateKey_ex(f, NULL, NULL, NULL, crypto->lib, NULL) : NULL;
	f = f ? freopen(argv[2], "r", f) : NULL;
	x = f ? PEM_read_X509(f, NULL, NULL, NULL) : NULL;
	n = i2d_X509(x, &der);
	if (!s.self || n <= 0 || cert_parse(crypto, (struct bytes){der, (size_t)n}, &cert) != E_OK)
		return 99;
	fclose(f);
	s.crypto = crypto;
	s.cert = cert;
	if (strcmp(argv[4], "-")) {
		if (stamp_trust_open(crypto, (const char *const[]){argv[5]}, 1, &trust) != E_OK)
			return 99;
		request = (struct stamp_request){crypto, &trust, argv[6], argv[4], 5, 60};
		s.stamps = &request;
	}
	for (int i = 8; i < argc; i++)
		files[i - 8] = (struct named){argv[i], take(argv[i])};
	in[0] = files[0].content;
	if (argc > 9)
		in[1] = files[1].content;
	if (!strcmp(argv[7], "prescription"))
		ok = prescription_sign(&s, in[0], &out);
	else if (!strcmp(argv[7], "dispensing"))
		ok = dispensing_sign(&s, in[0], in[1], &out);
	else if (!strcmp(argv[7], "enveloped"))
		ok = xades_sign_enveloped(&s, in[0], &out);
	else if (!strcmp(argv[7], "detached"))
		ok = xades_sign_detached(&s, files, (size_t)argc - 8, &out);
	printf("%d\n%s\n", used, ok == E_OK ? "signed" : *s.why ? s.why : error_text(ok));
	f = ok == E_OK ? fopen(argv[3], "w") : NULL;
	if (ok == E_OK && (!f || fwrite(out.data, 1, out.len, f) != out.len || fclose(f)))
		return 99;
	for (int i = 8; i < argc; i++)
		free((void *)(uintptr_t)files[i - 8].content.data);
	buf_free(&out);
	EVP_PKEY_free(s.self);
	X509_free(x);
	OPENSSL_free(der);
	cert_free(&cert);
	stamp_trust_free(&trust);
	crypto_free(&crypto);
	return ok != E_OK;
}
