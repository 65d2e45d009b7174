/* SPDX-License-Identifier: BSD-2-Clause */
/* What xades_check says of files, a line for each signature, fields apart by tabs: kind of the signature ("document": of the
 * whole file), words of the problems, its time stamps' among them ("valid": none), what is covered, what is not. */
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

static int show(struct crypto *crypto, char *path)
{
	struct check_input in = {.crypto = crypto};
	struct document d = {0};
	struct buf data = {0};
	char *copy = strdup(path);
	enum error ok = path_read(path, DOCUMENT_MAX + 1, &data);

	in.data = (struct bytes){data.data, data.len};
	in.folder = dirname(copy);
	if (ok == E_OK)
		ok = xades_check(&in, &d);
	if (ok != E_OK)
		printf("error\t%s\n", error_text(ok));
	if (ok == E_OK && d.problems) {
		print("document", d.problems);
		printf("\t\t\n");
	}
	for (size_t i = 0; i < d.n; i++) {
		uint64_t problems = d.list[i].problems;

		for (size_t k = 0; k < d.list[i].n_stamps; k++)
			problems |= d.list[i].stamps[k].problems;
		print(d.list[i].what, problems);
		print_texts(&d.list[i].covered);
		print_texts(&d.list[i].not_covered);
		putchar('\n');
	}
	document_free(&d);
	buf_free(&data);
	free(copy);
	return ok == E_OK ? 0 : 1;
}

int main(int argc, char **argv)
{
	struct crypto *crypto;
	int bad = 0;

	if (crypto_new(&crypto) != E_OK)
		return 99;
	for (int i = 1; i < argc; i++)
		bad |= show(crypto, argv[i]);
	crypto_free(&crypto);
	return bad;
}
