/* SPDX-License-Identifier: BSD-2-Clause */
/* What xades_check says of files, a line for each signature, fields apart by tabs: kind of the signature ("document": of the
 * whole file), words of the problems, its time stamps' among them ("valid": none), what is covered, what is not.
 * --content: document.content instead. --flip: each byte of the file with one, or some, of its bits turned over; a line
 * "OFFSET MASK" for each such file without any problem, and in the end how many there were. */
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "signer/document.h"

static void print(const char *what, uint64_t problems)
{
	printf("%s\t", what);
	if (!problems)
		printf("valid");
	for (enum problem p = 0; p < PROBLEM_COUNT; p++)
		if (problems & PROBLEM(p))
			printf("%s%s", problem_word(p), problems >> p >> 1 ? " " : "");
}

static void print_texts(const struct texts *t)
{
	putchar('\t');
	for (size_t i = 0; i < t->n; i++)
		printf("%s%s", i ? "; " : "", t->list[i]);
}

static uint64_t all_problems(const struct signature *s)
{
	uint64_t problems = s->problems;

	for (size_t k = 0; k < s->n_stamps; k++)
		problems |= s->stamps[k].problems;
	return problems;
}

static void show(const struct document *d)
{
	if (d->problems) {
		print("document", d->problems);
		printf("\t\t\n");
	}
	for (size_t i = 0; i < d->n; i++) {
		print(d->list[i].what, all_problems(&d->list[i]));
		print_texts(&d->list[i].covered);
		print_texts(&d->list[i].not_covered);
		putchar('\n');
	}
}

static bool check(const struct check_input *in, struct document *d)
{
	enum error ok;

	*d = (struct document){0};
	ok = xades_check(in, d);
	if (ok != E_OK)
		printf("error\t%s\n", error_text(ok));
	return ok == E_OK;
}

static void flip(const struct check_input *in, uint8_t *data)
{
	static const uint8_t masks[] = {0x01, 0x04, 0x20, 0x80};
	struct document d = {0};
	size_t n = 0;

	for (size_t i = 0; i < in->data.len; i++)
		for (size_t m = 0; m < sizeof masks; m++, n++) {
			uint64_t problems;

			data[i] ^= masks[m];
			if (xades_check(in, &d) == E_OK) { /* of no XML: nothing is said */
				problems = d.problems;
				for (size_t k = 0; k < d.n; k++)
					problems |= all_problems(&d.list[k]);
				if (!problems)
					printf("%zu %u\n", i, masks[m]);
			}
			document_free(&d);
			data[i] ^= masks[m];
		}
	printf("%zu\n", n);
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 && argv[1][0] == '-' ? argv[1] : "";
	struct crypto *crypto;
	int bad = 0;

	if (crypto_new(&crypto) != E_OK)
		return 99;
	for (int i = *mode ? 2 : 1; i < argc; i++) {
		struct check_input in = {.crypto = crypto};
		struct document d = {0};
		struct buf data = {0};
		char *copy = strdup(argv[i]);

		if (path_read(argv[i], 2 * DOCUMENT_MAX, &data) != E_OK)
			return 99;
		in.data = (struct bytes){data.data, data.len};
		in.folder = dirname(copy);
		if (!strcmp(mode, "--flip"))
			flip(&in, data.data);
		else if (!check(&in, &d))
			bad = 1;
		else if (!strcmp(mode, "--content"))
			fwrite(d.content.data, 1, d.content.len, stdout);
		else
			show(&d);
		document_free(&d);
		buf_free(&data);
		free(copy);
	}
	crypto_free(&crypto);
	return bad;
}
