/* SPDX-License-Identifier: BSD-2-Clause */
/* How long a decision takes, beside libcrypto's bare X509_verify_cert; and what a
 * revocation list costs by its length. Usage: decide PKI-FOLDER, one of
 * inkan-vcard's that has issued an HPKI authentication certificate. */
#include <dirent.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "inkan.h"
#include "status/crl.h"

#define FOR_SECONDS 1.0

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void die(const char *what)
{
	fprintf(stderr, "decide: %s\n", what);
	exit(1);
}

static FILE *open_in(const char *pki, const char *name)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", pki, name);
	f = fopen(path, "rb");
	if (!f)
		die(path);
	return f;
}

static X509 *read_x509(const char *pki, const char *name)
{
	FILE *f = open_in(pki, name);
	X509 *x = PEM_read_X509(f, NULL, NULL, NULL);

	fclose(f);
	if (!x)
		die(name);
	return x;
}

static EVP_PKEY *read_key(const char *pki, const char *name)
{
	FILE *f = open_in(pki, name);
	EVP_PKEY *key = PEM_read_PrivateKey(f, NULL, NULL, NULL);

	fclose(f);
	if (!key)
		die(name);
	return key;
}

/* A holder's certificate: hpki-auth-….pem that is not the CA's. */
static X509 *find_leaf(const char *pki)
{
	DIR *d = opendir(pki);
	struct dirent *e;
	X509 *x = NULL;

	while (d && !x && (e = readdir(d)))
		if (strncmp(e->d_name, "hpki-auth-", 10) == 0 && strstr(e->d_name, ".pem") &&
		    strcmp(e->d_name, "hpki-auth-ca.pem") != 0)
			x = read_x509(pki, e->d_name);
	if (d)
		closedir(d);
	if (!x)
		die("no certificate has been issued in this folder");
	return x;
}

struct leaf {
	struct inkan *ctx;
	struct inkan_cert *cert;
	unsigned char *der;
	size_t len;
	X509 *x;
	X509_STORE *store;
};

static void decide(struct leaf *l, const struct inkan_cert *cert)
{
	struct inkan_rules rules = {.size = sizeof rules, .purpose = INKAN_PURPOSE_LOGIN};
	struct inkan_decision *d = NULL;

	if (inkan_decide(l->ctx, cert, &rules, &d) != INKAN_OK || inkan_decision_verdict(d) != INKAN_VERDICT_ACCEPTED)
		die("the certificate is not accepted");
	inkan_decision_free(&d);
}

static void parsed(struct leaf *l)
{
	decide(l, l->cert);
}

static void from_der(struct leaf *l)
{
	struct inkan_cert *cert = NULL;

	if (inkan_cert_from_der(l->ctx, l->der, l->len, &cert) != INKAN_OK)
		die("inkan_cert_from_der");
	decide(l, cert);
	inkan_cert_free(&cert);
}

static void bare(struct leaf *l)
{
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();

	if (!ctx || !X509_STORE_CTX_init(ctx, l->store, l->x, NULL) || X509_verify_cert(ctx) != 1)
		die("X509_verify_cert");
	X509_STORE_CTX_free(ctx);
}

static double rate(struct leaf *l, void (*step)(struct leaf *))
{
	double begun = now(), took;
	long n = 0;

	do {
		for (int i = 0; i < 100; i++)
			step(l);
		n += 100;
		took = now() - begun;
	} while (took < FOR_SECONDS);
	return (double)n / took;
}

/* In turn, so that a machine that slows down slows all of them. */
static void decisions(struct leaf *l)
{
	double best[3] = {0};

	for (int round = 0; round < 3; round++) {
		double r[] = {rate(l, parsed), rate(l, from_der), rate(l, bare)};

		for (int i = 0; i < 3; i++)
			best[i] = r[i] > best[i] ? r[i] : best[i];
	}
	printf("decisions a second on one core, best of three in turn:\n"
	       "  chain, hcRole and status, parsed    %8.0f\n"
	       "  the same from DER                   %8.0f\n"
	       "  libcrypto, bare X509_verify_cert    %8.0f\n"
	       "  ratio to libcrypto (parsed, DER)    %8.2f %.2f\n",
	       best[0], best[1], best[2], best[0] / best[2], best[1] / best[2]);
}

static void add_entry(X509_CRL *crl, uint64_t serial)
{
	X509_REVOKED *r = X509_REVOKED_new();
	ASN1_INTEGER *number = ASN1_INTEGER_new();

	if (!r || !number || !ASN1_INTEGER_set_uint64(number, serial) || !X509_REVOKED_set_serialNumber(r, number) ||
	    !X509_REVOKED_set_revocationDate(r, (ASN1_TIME *)(uintptr_t)X509_CRL_get0_lastUpdate(crl)) ||
	    !X509_CRL_add0_revoked(crl, r))
		die("no memory for a list");
	ASN1_INTEGER_free(number);
}

/* A list of n entries by this CA, none of them the leaf's. */
static int make_list(X509 *ca, EVP_PKEY *key, long n, unsigned char **der)
{
	X509_CRL *crl = X509_CRL_new();
	ASN1_TIME *t = X509_gmtime_adj(NULL, -3600);
	ASN1_INTEGER *number = ASN1_INTEGER_new();
	int len;

	X509_CRL_set_version(crl, 1);
	X509_CRL_set_issuer_name(crl, X509_get_subject_name(ca));
	X509_CRL_set1_lastUpdate(crl, t);
	X509_gmtime_adj(t, 4 * 86400);
	X509_CRL_set1_nextUpdate(crl, t);
	ASN1_INTEGER_set(number, 1000000);
	X509_CRL_add1_ext_i2d(crl, NID_crl_number, number, 0, 0);
	for (long i = 0; i < n; i++)
		add_entry(crl, 0x100000000ULL + (uint64_t)i * 7919);
	if (!X509_CRL_sign(crl, key, EVP_sha256()))
		die("X509_CRL_sign");
	len = i2d_X509_CRL(crl, der);
	ASN1_INTEGER_free(number);
	ASN1_TIME_free(t);
	X509_CRL_free(crl);
	return len;
}

static struct cert *parse(const struct crypto *c, X509 *x)
{
	unsigned char *der = NULL;
	int len = i2d_X509(x, &der);
	struct cert *cert = NULL;

	if (cert_parse(c, (struct bytes){der, (size_t)len}, &cert) != E_OK)
		die("cert_parse");
	OPENSSL_free(der);
	return cert;
}

static void list_row(const struct crypto *c, const struct cert *ca, const struct cert *leaf, long n,
                     struct bytes der)
{
	double begun = now(), opened;
	struct crl *crl = NULL;
	long asked = 0;

	if (crl_open(c, der, ca, &crl) != E_OK)
		die("crl_open");
	opened = now() - begun;
	begun = now();
	while (now() - begun < 0.2)
		for (int i = 0; i < 1000; i++, asked++)
			if (crl_find(crl, leaf))
				die("found what is not there");
	printf("  %8ld  %9zu  %10.2f  %9.3f\n", n, der.len, opened * 1e3, (now() - begun) / (double)asked * 1e6);
	crl_free(&crl);
}

static void lists(const char *pki, X509 *leaf)
{
	X509 *ca = read_x509(pki, "hpki-auth-ca.pem");
	EVP_PKEY *key = read_key(pki, "hpki-auth-ca.key");
	struct crypto *c;
	struct cert *ca_cert, *leaf_cert;

	if (crypto_new(&c) != E_OK)
		die("crypto_new");
	ca_cert = parse(c, ca);
	leaf_cert = parse(c, leaf);
	printf("a revocation list by its length:\n   entries      bytes    open, ms  ask, us\n");
	for (long n = 100; n <= 1000000; n *= 100) {
		unsigned char *der = NULL;
		int len = make_list(ca, key, n, &der);

		list_row(c, ca_cert, leaf_cert, n, (struct bytes){der, (size_t)len});
		OPENSSL_free(der);
	}
	cert_free(&ca_cert);
	cert_free(&leaf_cert);
	crypto_free(&c);
	EVP_PKEY_free(key);
	X509_free(ca);
}

/* `decide --list PKI N FILE`: writes a list of N entries, for the shell's part. */
static int write_list(char **argv)
{
	X509 *ca = read_x509(argv[0], "hpki-auth-ca.pem");
	EVP_PKEY *key = read_key(argv[0], "hpki-auth-ca.key");
	unsigned char *der = NULL;
	int len = make_list(ca, key, atol(argv[1]), &der);
	FILE *f = fopen(argv[2], "wb");

	if (!f || fwrite(der, 1, (size_t)len, f) != (size_t)len || fclose(f) != 0)
		die(argv[2]);
	OPENSSL_free(der);
	EVP_PKEY_free(key);
	X509_free(ca);
	return 0;
}

int main(int argc, char **argv)
{
	struct leaf l = {0};

	if (argc == 5 && strcmp(argv[1], "--list") == 0)
		return write_list(argv + 2);
	if (argc != 2)
		die("usage: decide PKI-FOLDER");
	l.x = find_leaf(argv[1]);
	l.len = (size_t)i2d_X509(l.x, &l.der);
	l.store = X509_STORE_new();
	X509_STORE_add_cert(l.store, read_x509(argv[1], "root.pem"));
	X509_STORE_add_cert(l.store, read_x509(argv[1], "hpki-auth-ca.pem"));
	if (inkan_new(NULL, &l.ctx) != INKAN_OK || inkan_cert_from_der(l.ctx, l.der, l.len, &l.cert) != INKAN_OK)
		die("inkan_new");
	decisions(&l);
	lists(argv[1], l.x);
	inkan_cert_free(&l.cert);
	inkan_free(&l.ctx);
	return 0;
}
