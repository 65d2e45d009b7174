/* SPDX-License-Identifier: BSD-2-Clause */
/* What src/signer says of files: the tests compare it with what openssl says. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "signer/stamp.h"

static struct crypto *crypto;

static struct bytes take(const char *path)
{
	struct buf b = {0};

	if (path_read(path, DOCUMENT_MAX * 2, &b) != E_OK) {
		perror(path);
		exit(99);
	}
	if (!b.data)
		b.data = calloc(1, 1);
	return (struct bytes){b.data, b.len};
}

static void words(uint64_t problems)
{
	for (enum problem p = 0; p < PROBLEM_COUNT; p++)
		if (problems & PROBLEM(p))
			printf(" %s", problem_word(p));
}

static void print_stamp(const struct stamp *s)
{
	char text[TIME_TEXT_SIZE];

	time_write((time_t)s->time, text);
	printf("stamp %s", text);
	words(s->problems);
	printf("%s%s\n", s->why ? ": " : "", s->why ? s->why : "");
}

/* stamp TOKEN OCTETS|- ANCHORS [AT] [CRL]: a token, at a time, with a list beside it */
static int stamp(int argc, char **argv)
{
	struct document d = {0};
	struct signature *s = document_add(&d, "CMS", "file");
	const char *folders[] = {argv[4]};
	struct stamp_trust trust;
	time_t at = time(NULL);

	if (stamp_trust_open(crypto, folders, 1, &trust) != E_OK ||
	    stamp_add(crypto, s, false, take(argv[2]), strcmp(argv[3], "-") ? take(argv[3]) : (struct bytes){0}) != E_OK)
		return 99;
	if (argc > 5 && !time_read(argv[5], &at))
		return 99;
	if (argc > 6) {
		struct bytes der = take(argv[6]);
		const uint8_t *p = der.data;
		X509_CRL *crl = d2i_X509_CRL(NULL, &p, (long)der.len);

		if (!crl || !sk_X509_CRL_push(s->stamps[0].crls, crl))
			return 99;
		free((void *)(uintptr_t)der.data);
	}
	stamp_decide(&s->stamps[0], &trust, at);
	printf("%zu anchors\n", trust.n);
	print_stamp(&s->stamps[0]);
	stamp_trust_free(&trust);
	document_free(&d);
	return 0;
}

/* fetch URL FILE ANCHORS OUT PROGRAM */
static int fetch(char **argv)
{
	const char *folders[] = {argv[4]};
	struct stamp_trust trust;
	struct stamp_request r = {crypto, &trust, argv[6], argv[2], 2, 300};
	struct buf token = {0};
	char why[256];
	enum error e;

	if (stamp_trust_open(crypto, folders, 1, &trust) != E_OK)
		return 99;
	e = stamp_fetch(&r, take(argv[3]), &token, why);
	printf("%s\n", e == E_OK ? "granted" : why);
	if (e == E_OK)
		path_replace(argv[5], (struct bytes){token.data, token.len}, 0644);
	stamp_trust_free(&trust);
	buf_free(&token);
	return e == E_OK ? 0 : e == E_REFUSED ? 1 : e == E_IO ? 2 : 3;
}

int main(int argc, char **argv)
{
	int ret = 99;

	log_start("documents");
	if (argc < 3 || crypto_new(&crypto) != E_OK)
		return 99;
	if (strcmp(argv[1], "stamp") == 0 && argc >= 5)
		ret = stamp(argc, argv);
	else if (strcmp(argv[1], "fetch") == 0 && argc == 7)
		ret = fetch(argv);
	crypto_free(&crypto);
	return ret;
}
