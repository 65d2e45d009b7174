/* SPDX-License-Identifier: BSD-2-Clause */
/* What a list of 10^2, 10^4, 10^6 entries costs to open and to ask, beside
 * libcrypto alone. Prints; judges nothing. Usage: crl_cost [LARGEST] */
#include "config.h"
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include "make_crl.h"
#include "status/crl.h"

#define NOW ((time_t)1790000000)

static struct crypto *crypto;
static struct trusted_ca ca;
static struct cert *person;
static volatile unsigned long found;

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Serial numbers in no order, as by date of revocation. */
static struct bytes list_of(size_t n)
{
	struct entry_spec *entries = calloc(n, sizeof *entries);
	struct list_spec spec = {.issuer = "Cost CA", .from = NOW, .to = NOW + 86400, .number = "01", .entries = entries, .n = n};
	struct bytes der;

	for (size_t i = 0; i < n; i++)
		entries[i] = (struct entry_spec){.serial = (long)(i * 7368787 % n * 2 + 1), .revoked = NOW - (long)i, .reason = 1};
	der = make_list(&spec);
	free(entries);
	return der;
}

static double open_ours(struct bytes der, struct crl **crl)
{
	double start = seconds();

	if (crl_open(crypto, der, ca.cert, crl) != E_OK)
		exit(1);
	return seconds() - start;
}

/* Parsed, verified, and asked once, for that is when it sorts. */
static double open_theirs(struct bytes der, X509_CRL **x)
{
	const uint8_t *p = der.data;
	double start = seconds();
	X509_REVOKED *r;

	*x = d2i_X509_CRL(NULL, &p, (long)der.len);
	if (!*x || X509_CRL_verify(*x, ca.cert->key.pkey) != 1)
		exit(1);
	found += (unsigned long)X509_CRL_get0_by_cert(*x, &r, person->x509);
	return seconds() - start;
}

static double ask_ours(const struct crl *crl, int times)
{
	double start = seconds();

	for (int i = 0; i < times; i++)
		found += crl_find(crl, person) != NULL;
	return (seconds() - start) / times;
}

static double ask_theirs(X509_CRL *x, int times)
{
	double start = seconds();
	X509_REVOKED *r;

	for (int i = 0; i < times; i++)
		found += (unsigned long)X509_CRL_get0_by_cert(x, &r, person->x509);
	return (seconds() - start) / times;
}

/* 0: this C library does not tell. */
static size_t heap(void)
{
#ifdef __GLIBC__
	struct mallinfo2 m = mallinfo2();

	return m.uordblks + m.hblkhd;
#else
	return 0;
#endif
}

static void row(size_t n)
{
	struct bytes der = list_of(n);
	int times = n < 100000 ? 20 : 1;
	double ours = 0, theirs = 0, our_ask, their_ask;
	size_t our_heap, their_heap, before;
	struct crl *crl;
	X509_CRL *x;

	for (int i = 1; i < times; i++) {
		ours += open_ours(der, &crl);
		crl_free(&crl);
		theirs += open_theirs(der, &x);
		X509_CRL_free(x);
	}
#ifdef __GLIBC__
	malloc_trim(0);
#endif
	before = heap();
	ours += open_ours(der, &crl);
	our_heap = heap() - before;
	our_ask = ask_ours(crl, 100000);
	crl_free(&crl);
	before = heap();
	theirs += open_theirs(der, &x);
	their_heap = heap() - before;
	their_ask = ask_theirs(x, 100000);
	X509_CRL_free(x);
	printf("%8zu %9zu kB | open %10.3f ms (%6.0f ns an entry)  libcrypto %10.3f ms | ask %5.0f ns  libcrypto %5.0f ns"
	       " | keeps %7zu kB  libcrypto %7zu kB\n", n, der.len / 1024, ours / times * 1e3, ours / times / (double)n * 1e9,
	       theirs / times * 1e3, our_ask * 1e9, their_ask * 1e9, our_heap / 1024, their_heap / 1024);
	made_free(&der);
}

int main(int argc, char **argv)
{
	unsigned long largest = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000000;

	if (crypto_new(&crypto) != E_OK)
		return 1;
	ca = make_ca(crypto, "Cost CA", 0, NULL);
	person = make_person(crypto, &(struct cert_spec){"Cost CA", "Person", 0, 1, 43, NULL});
	for (size_t n = 100; n <= largest; n *= 100)
		row(n);
	cert_free(&person);
	cert_free(&ca.cert);
	crypto_free(&crypto);
	return found == 0;
}
