/* SPDX-License-Identifier: BSD-2-Clause */
/* inkan.h: CA certificates and revocation lists that came with a certificate. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include "cert/file.h"
#include "lib/object.h"

#define LISTS_SIZE_MAX ((size_t)64 << 20)

enum inkan_error inkan_evidence_new(struct inkan *ctx, struct inkan_evidence **out)
{
	if (out)
		*out = NULL;
	if (!ctx || !out)
		return INKAN_E_ARGUMENT;
	*out = calloc(1, sizeof **out);
	if (!*out)
		return INKAN_E_MEMORY;
	(*out)->ctx = ctx;
	return INKAN_OK;
}

void inkan_evidence_free(struct inkan_evidence **evidence)
{
	struct inkan_evidence *e;

	if (!evidence || !*evidence)
		return;
	e = *evidence;
	for (size_t i = 0; i < e->n_cas; i++)
		cert_free(&e->cas[i]);
	for (size_t i = 0; i < e->n_lists; i++)
		OPENSSL_free((void *)(uintptr_t)e->lists[i].data);
	free(e->cas);
	free(e->lists);
	extra_lists_free(&e->snapshot);
	trust_free(&e->trust);
	free(e);
	*evidence = NULL;
}

enum error evidence_lists(const struct inkan_evidence *e, size_t told, const struct trust *trust, struct snapshot **out)
{
	enum error all = E_OK;

	for (size_t i = 0; i < e->n_lists; i++) {
		enum error one = extra_lists_add(out, trust, e->lists[i]);

		if (one == E_MEMORY || (i >= told && (one == E_SIGNATURE || one == E_FORMAT)))
			all = one;
		if (one == E_MEMORY)
			break;
	}
	return all;
}

/* Which CA signed a list may be known only now. */
static enum error settle(struct inkan_evidence *e, size_t told)
{
	struct snapshot *snapshot = NULL;
	struct trust *trust = NULL;
	enum error ok = trust_with(e->ctx->crypto, e->ctx->trust, (const struct cert *const *)e->cas, e->n_cas, &trust);

	if (ok == E_OK)
		ok = evidence_lists(e, told, trust, &snapshot);
	if (ok == E_OK || ok == E_SIGNATURE || ok == E_FORMAT) {
		extra_lists_free(&e->snapshot);
		trust_free(&e->trust);
		e->snapshot = snapshot;
		e->trust = trust;
	} else {
		extra_lists_free(&snapshot);
		trust_free(&trust);
	}
	return ok;
}

static enum error add_cert(struct inkan_evidence *e, struct bytes der)
{
	struct cert **longer, *cert;
	enum error ok = cert_parse(e->ctx->crypto, der, &cert);

	if (ok != E_OK)
		return ok;
	longer = trust_takes(cert) ? realloc(e->cas, (e->n_cas + 1) * sizeof *longer) : NULL;
	if (!longer) {
		ok = trust_takes(cert) ? E_MEMORY : E_OK;
		cert_free(&cert);
		return ok;
	}
	e->cas = longer;
	e->cas[e->n_cas++] = cert;
	return E_OK;
}

enum inkan_error inkan_evidence_add_certs(struct inkan_evidence *evidence, const void *data, size_t n)
{
	const size_t before = evidence ? evidence->n_cas : 0;
	enum error e = E_OK;
	bool pem = false;
	uint8_t *der;
	size_t len;
	BIO *bio;

	if (!evidence || !data)
		return INKAN_E_ARGUMENT;
	if (n > CERT_FILE_MAX)
		return INKAN_E_TOO_LONG;
	bio = BIO_new_mem_buf(data, (int)n);
	if (!bio)
		return INKAN_E_MEMORY;
	while (e == E_OK && cert_pem_next(bio, &der, &len)) {
		e = add_cert(evidence, (struct bytes){der, len});
		pem = true;
		OPENSSL_free(der);
	}
	BIO_free(bio);
	if (!pem)
		e = add_cert(evidence, (struct bytes){data, n});
	if (e == E_OK && evidence->n_cas != before)
		e = settle(evidence, evidence->n_lists);
	return inkan_error_of(e);
}

/* Takes the bytes over, also on failure. */
static enum error add_list(struct inkan_evidence *e, uint8_t *der, size_t n)
{
	const uint8_t *end = der;
	X509_CRL *crl = n <= LONG_MAX ? d2i_X509_CRL(NULL, &end, (long)n) : NULL;
	struct bytes *longer = NULL;
	enum error ok = E_FORMAT;

	if (crl && end == der + n) {
		longer = realloc(e->lists, (e->n_lists + 1) * sizeof *longer);
		ok = longer ? E_OK : E_MEMORY;
	}
	X509_CRL_free(crl);
	if (!longer) {
		OPENSSL_free(der);
		return ok;
	}
	e->lists = longer;
	e->lists[e->n_lists++] = (struct bytes){der, n};
	return E_OK;
}

enum inkan_error inkan_evidence_add_lists(struct inkan_evidence *evidence, const void *data, size_t n)
{
	const size_t before = evidence ? evidence->n_lists : 0;
	enum error e = E_OK;
	char *type, *header;
	bool pem = false;
	uint8_t *der;
	long len;
	BIO *bio;

	if (!evidence || !data)
		return INKAN_E_ARGUMENT;
	if (n > LISTS_SIZE_MAX)
		return INKAN_E_TOO_LONG;
	bio = BIO_new_mem_buf(data, (int)n);
	if (!bio)
		return INKAN_E_MEMORY;
	ERR_set_mark();
	while (e == E_OK && PEM_read_bio(bio, &type, &header, &der, &len)) {
		bool list = strcmp(type, PEM_STRING_X509_CRL) == 0;

		if (list)
			e = add_list(evidence, der, (size_t)len);
		else
			OPENSSL_clear_free(der, (size_t)len); /* a private key, perhaps */
		pem |= list;
		OPENSSL_free(type);
		OPENSSL_free(header);
	}
	BIO_free(bio);
	if (!pem) {
		der = OPENSSL_memdup(data, n);
		e = der ? add_list(evidence, der, n) : n ? E_MEMORY : E_FORMAT;
	}
	if (e == E_OK)
		e = settle(evidence, before);
	ERR_pop_to_mark();
	return inkan_error_of(e);
}
