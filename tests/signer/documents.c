/* SPDX-License-Identifier: BSD-2-Clause */
/* What src/signer says of files: the tests compare it with what openssl says. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "tests/signer/key_signer.h"

static struct crypto *crypto;
static struct buf taken[4]; /* files, to the end of the program */

static struct bytes take(const char *path)
{
	static size_t n;
	struct buf *b = &taken[n++];

	if (path_read(path, DOCUMENT_MAX * 2, b) != E_OK) {
		perror(path);
		exit(99);
	}
	if (!b->data)
		b->data = calloc(1, 1);
	return (struct bytes){b->data, b->len};
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
	}
	stamp_decide(&s->stamps[0], &trust, at);
	printf("%zu anchors\n", trust.n);
	print_stamp(&s->stamps[0]);
	stamp_trust_free(&trust);
	document_free(&d);
	return 0;
}

/* fetch URL FILE ANCHORS OUT PROGRAM SECONDS */
static int fetch(char **argv)
{
	const char *folders[] = {argv[4]};
	struct stamp_trust trust;
	struct stamp_request r = {crypto, &trust, argv[6], argv[2], atol(argv[7]), 300};
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

static void print_texts(const char *what, const struct texts *t)
{
	for (size_t i = 0; i < t->n; i++)
		printf(" %s: %s\n", what, t->list[i]);
}

/* check FILE [CONTENT|- [OUT]]: OUT gets what was enclosed */
static int check(int argc, char **argv)
{
	struct check_input in = {.crypto = crypto, .data = take(argv[2])};
	struct document d = {0};
	char text[TIME_TEXT_SIZE];
	enum error e;

	if (argc > 3 && strcmp(argv[3], "-"))
		in.content = take(argv[3]);
	e = cms_check(&in, &d);
	if (e != E_OK) {
		printf("%s\n", error_text(e));
		return e == E_UNSUPPORTED ? 2 : 99;
	}
	printf("document");
	words(d.problems);
	printf("\n");
	for (size_t i = 0; i < d.n; i++) {
		struct signature *s = &d.list[i];

		time_write((time_t)s->claimed, text);
		printf("%s", s->form);
		words(s->problems);
		printf("\n claimed %s, certificates %d, lists %d\n", text, (s->cert.len > 0) + sk_X509_num(s->certs),
			sk_X509_CRL_num(s->crls));
		print_texts("covered", &s->covered);
		print_texts("not covered", &s->not_covered);
		for (size_t k = 0; k < s->n_stamps; k++)
			print_stamp(&s->stamps[k]);
	}
	if (argc > 4 && path_replace(argv[4], (struct bytes){d.content.data, d.content.len}, 0644) != E_OK)
		return 99;
	document_free(&d);
	return 0;
}

/* All that a reader is told, in one text; stamps, which may be lost, last. */
static void tell(const struct document *d, struct buf *out)
{
	buf_append(out, d->content.data, d->content.len);
	for (size_t i = 0; i < d->n; i++) {
		const struct signature *s = &d->list[i];

		buf_append(out, s->form, strlen(s->form));
		buf_append(out, s->cert.data, s->cert.len);
		buf_append(out, &s->claimed, sizeof s->claimed);
		for (size_t k = 0; k < s->n_stamps; k++)
			buf_append(out, &s->stamps[k].time, sizeof s->stamps[k].time);
	}
}

/* flip FILE CONTENT|-: "BYTE MASK STAMPS" for each flipped bit that leaves no problem. 1: another tale was told */
static int flip(char **argv)
{
	struct check_input in = {.crypto = crypto, .data = take(argv[2])};
	uint8_t *data = (uint8_t *)(uintptr_t)in.data.data;
	struct buf first = {0};
	int ret = 0;

	if (strcmp(argv[3], "-"))
		in.content = take(argv[3]);
	for (size_t i = 0; i <= 8 * in.data.len; i++) { /* the first as it is, to begin with */
		const size_t at = i ? (i - 1) / 8 : 0;
		const uint8_t mask = (uint8_t)(i ? 1 << (i - 1) % 8 : 0);
		struct document d = {0};
		struct buf tale = {0};
		uint64_t problems;
		size_t stamps = 0;

		data[at] ^= mask;
		if (cms_check(&in, &d) != E_OK)
			d.problems = PROBLEM(PROBLEM_FORM);
		problems = d.problems;
		for (size_t k = 0; k < d.n; k++) {
			stamps += d.list[k].n_stamps;
			problems |= d.list[k].problems;
			for (size_t m = 0; m < d.list[k].n_stamps; m++)
				problems |= d.list[k].stamps[m].problems;
		}
		tell(&d, &tale);
		if (i == 0)
			buf_append(&first, tale.data, tale.len);
		if (problems == 0)
			printf("%zu %d %zu\n", at, mask, stamps);
		if (problems == 0 && (tale.len > first.len || memcmp(tale.data, first.data, tale.len) != 0)) {
			fprintf(stderr, "another tale with byte %zu, mask %d\n", at, mask);
			ret = 1;
		}
		data[at] ^= mask;
		buf_free(&tale);
		document_free(&d);
	}
	buf_free(&first);
	return ret;
}

/* sign CERT KEY FILE OUT detached|enclosed [URL ANCHORS PROGRAM] */
static int sign(int argc, char **argv)
{
	struct signer *s = key_signer_new(crypto, argv[2], argv[3]);
	struct stamp_trust trust = {0};
	struct stamp_request r = {crypto, &trust, NULL, NULL, 60, 300};
	struct buf out = {0};
	struct bytes content = take(argv[4]);
	enum error e;

	if (!s)
		return 99;
	if (argc > 9) {
		const char *folders[] = {argv[8]};

		if (stamp_trust_open(crypto, folders, 1, &trust) != E_OK)
			return 99;
		r.url = argv[7];
		r.program = argv[9];
		s->stamps = &r;
	}
	e = cades_sign(s, content, strcmp(argv[6], "enclosed") == 0, &out);
	if (e == E_OK)
		path_replace(argv[5], (struct bytes){out.data, out.len}, 0644);
	else
		printf("%s\n", s->why[0] ? s->why : error_text(e));
	stamp_trust_free(&trust);
	buf_free(&out);
	key_signer_free(&s);
	return e == E_OK ? 0 : 1;
}

int main(int argc, char **argv)
{
	int ret = 99;

	log_start("documents");
	if (argc < 3 || crypto_new(&crypto) != E_OK)
		return 99;
	if (strcmp(argv[1], "stamp") == 0 && argc >= 5)
		ret = stamp(argc, argv);
	else if (strcmp(argv[1], "fetch") == 0 && argc == 8)
		ret = fetch(argv);
	else if (strcmp(argv[1], "check") == 0)
		ret = check(argc, argv);
	else if (strcmp(argv[1], "flip") == 0 && argc == 4)
		ret = flip(argv);
	else if (strcmp(argv[1], "sign") == 0 && argc >= 7)
		ret = sign(argc, argv);
	for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
		buf_free(&taken[i]);
	crypto_free(&crypto);
	return ret;
}
