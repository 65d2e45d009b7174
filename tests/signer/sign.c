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
#include "base/file.h"
#include "base/log.h"
#include "tests/signer/key_signer.h"

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

int main(int argc, char **argv)
{
	struct stamp_trust trust = {0};
	struct stamp_request request;
	struct crypto *crypto = NULL;
	struct inkan_part files[8];
	struct bytes in[8] = {{0}};
	struct buf out = {0};
	struct signer *s;
	enum error ok = E_ARGUMENT;
	FILE *f;

	log_start("sign");
	if (argc < 9 || argc > 16 || crypto_new(&crypto) != E_OK || !(s = key_signer_new(crypto, argv[2], argv[1])))
		return 99;
	if (strcmp(argv[4], "-")) {
		if (stamp_trust_open(crypto, (const char *const[]){argv[5]}, 1, &trust) != E_OK)
			return 99;
		request = (struct stamp_request){crypto, &trust, argv[6], argv[4], 5, 60};
		s->stamps = &request;
	}
	for (int i = 8; i < argc; i++) {
		in[i - 8] = take(argv[i]);
		files[i - 8] = (struct inkan_part){argv[i], in[i - 8].data, in[i - 8].len};
	}
	if (!strcmp(argv[7], "prescription"))
		ok = prescription_sign(s, in[0], &out);
	else if (!strcmp(argv[7], "dispensing"))
		ok = dispensing_sign(s, in[0], in[1], &out);
	else if (!strcmp(argv[7], "enveloped"))
		ok = xades_sign_enveloped(s, in[0], &out);
	else if (!strcmp(argv[7], "detached"))
		ok = xades_sign_detached(s, files, (size_t)argc - 8, &out);
	printf("%u\n%s\n", key_signer_used, ok == E_OK ? "signed" : *s->why ? s->why : error_text(ok));
	f = ok == E_OK ? fopen(argv[3], "w") : NULL;
	if (ok == E_OK && (!f || fwrite(out.data, 1, out.len, f) != out.len || fclose(f)))
		return 99;
	for (int i = 0; i < 8; i++)
		free((void *)(uintptr_t)in[i].data);
	buf_free(&out);
	key_signer_free(&s);
	stamp_trust_free(&trust);
	crypto_free(&crypto);
	return ok != E_OK;
}
