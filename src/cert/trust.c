/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include "base/log.h"
#include "cert/anchors.h"
#include "cert/chain.h"

#define TRIES_MAX 16 /* CAs of one name whose keys are tried: others may hand certificates in */

static void ca_free(struct trusted_ca *ca)
{
	if (!ca)
		return;
	cert_free(&ca->cert);
	free(ca->issuers);
	free(ca->policies);
	free(ca->file);
	free(ca);
}

void trust_free(struct trust **out)
{
	struct trust *trust = *out;

	*out = NULL;
	if (!trust)
		return;
	for (size_t i = 0; i < trust->n; i++)
		ca_free(trust->list[i]);
	for (size_t i = 0; i < trust->n_passed; i++)
		free(trust->passed[i].path);
	free(trust->passed);
	free(trust->list);
	free(trust);
}

static enum error read_policies(struct trusted_ca *ca)
{
	CERTIFICATEPOLICIES *policies;
	int n;

	ERR_set_mark();
	policies = X509_get_ext_d2i(ca->cert->x509, NID_certificate_policies, NULL, NULL);
	n = policies ? sk_POLICYINFO_num(policies) : 0;
	ca->policies = calloc((size_t)n + 1, sizeof *ca->policies);
	for (int i = 0; ca->policies && i < n; i++) {
		const POLICYINFO *info = sk_POLICYINFO_value(policies, i);
		int len = OBJ_obj2txt(ca->policies[ca->n_policies], sizeof *ca->policies, info->policyid, 1);

		ca->n_policies += len > 0 && (size_t)len < sizeof *ca->policies;
	}
	CERTIFICATEPOLICIES_free(policies);
	ERR_pop_to_mark();
	return ca->policies ? E_OK : E_MEMORY;
}

bool trust_takes(const struct cert *cert)
{
	return cert->ca || ((X509_get_extension_flags(cert->x509) & EXFLAG_KUSAGE) &&
	                    (X509_get_key_usage(cert->x509) & KU_CRL_SIGN));
}

enum error trust_add(struct trust *trust, struct bytes der, const char *file, bool may_anchor)
{
	struct trusted_ca *ca = calloc(1, sizeof *ca), **list;
	enum error ok = E_MEMORY;

	if (!ca || (ok = cert_parse(trust->crypto, der, &ca->cert)) != E_OK)
		goto fail;
	ok = E_OK;
	for (size_t i = 0; i < trust->n; i++)
		if (memcmp(trust->list[i]->cert->sha256, ca->cert->sha256, sizeof ca->cert->sha256) == 0)
			goto fail; /* it is there */
	ok = E_UNSUPPORTED;
	if (!trust_takes(ca->cert))
		goto fail;
	ca->anchor = may_anchor && X509_self_signed(ca->cert->x509, 1) == 1;
	ca->own = chain_own_flaws(ca->cert) | chain_issuing_flaws(ca->cert);
	if ((ok = crypto_hash(trust->crypto, HASH_SHA256, ca->cert->spki, ca->spki_sha256)) != E_OK ||
	    (ok = read_policies(ca)) != E_OK)
		goto fail;
	ok = E_MEMORY;
	if (!(ca->file = strdup(file)) || !(list = realloc(trust->list, (trust->n + 1) * sizeof *list)))
		goto fail;
	trust->list = list;
	list[trust->n++] = ca;
	return E_OK;
fail:
	ca_free(ca);
	return ok;
}

/* Name and key identifier fit (4.1.2.4, 4.2.1.1). The serial number in an authority key
 * identifier is that of one of the issuer's certificates; another one of its key does as well. */
static bool is_named(const struct cert *cert, const struct cert *ca)
{
	int told;

	ERR_set_mark();
	told = X509_check_issued(ca->x509, cert->x509);
	ERR_pop_to_mark();
	/* a key that may not sign certificates and does is the one that was named */
	return told == X509_V_OK || told == X509_V_ERR_AKID_ISSUER_SERIAL_MISMATCH ||
	       told == X509_V_ERR_KEYUSAGE_NO_CERTSIGN;
}

const struct trusted_ca *trust_next_issuer(const struct trust *trust, const struct cert *cert, struct issuers *at)
{
	while (at->next < trust->n) {
		const struct trusted_ca *ca = trust->list[at->next++];
		int told;

		if (!ca->cert->key.pkey || !is_named(cert, ca->cert))
			continue;
		if (at->tried++ == TRIES_MAX) {
			log_info("trust: only %d CA certificates of one name are tried", TRIES_MAX);
			at->next = trust->n;
			return NULL;
		}
		ERR_set_mark();
		told = X509_verify(cert->x509, ca->cert->key.pkey);
		ERR_pop_to_mark();
		if (told == 1)
			return ca;
		at->named = true;
	}
	return NULL;
}

/* The anchors first, then those that are valid for longest. */
static int better_first(const void *a, const void *b)
{
	const struct trusted_ca *l = *(const struct trusted_ca *const *)a, *r = *(const struct trusted_ca *const *)b;

	if (l->anchor != r->anchor)
		return l->anchor ? -1 : 1;
	return (l->cert->not_after < r->cert->not_after) - (l->cert->not_after > r->cert->not_after);
}

static enum error find_issuers(const struct trust *trust, struct trusted_ca *ca)
{
	const struct trusted_ca *issuer;
	struct issuers at = {0};

	while (!ca->anchor && (issuer = trust_next_issuer(trust, ca->cert, &at))) {
		const struct trusted_ca **list = realloc(ca->issuers, (ca->n_issuers + 1) * sizeof *list);

		if (!list)
			return E_MEMORY;
		ca->issuers = list;
		if (issuer != ca) /* self-signed, and no anchor */
			list[ca->n_issuers++] = issuer;
	}
	if (ca->n_issuers > 1)
		qsort(ca->issuers, ca->n_issuers, sizeof *ca->issuers, better_first);
	return E_OK;
}

/* All that is true of a CA whatever the time and whoever is below it. */
static enum error settle(struct trust *trust)
{
	enum error ok = E_OK;

	for (size_t i = 0; i < trust->n && ok == E_OK; i++)
		ok = find_issuers(trust, trust->list[i]);
	for (size_t i = 0; i < trust->n && ok == E_OK; i++) {
		struct trusted_ca *ca = trust->list[i];
		struct chain chain;

		chain_of_ca(trust, ca, &chain);
		ca->flaws = chain.flaws;
		ca->issuer = chain.n > 1 ? chain.cas[1] : NULL;
		ca->top = chain_end(&chain) ? NULL : chain.cas[chain.n - 1];
		ca->sound = chain.flaws == 0;
		chain.each[1] &= ~(unsigned)FLAW_CA;
		ca->signs_lists = true;
		for (size_t k = 0; k <= chain.n; k++)
			ca->signs_lists &= chain.each[k] == 0;
		log_debug("trust: %s: %s, flaws %#x", ca->file, ca->anchor ? "anchor" : "CA", ca->flaws);
	}
	return ok;
}

static enum error trust_new(const struct crypto *crypto, struct trust **out)
{
	*out = calloc(1, sizeof **out);
	if (!*out)
		return E_MEMORY;
	(*out)->crypto = crypto;
	return E_OK;
}

/* Settled, or freed. */
static enum error finish(enum error ok, struct trust **out)
{
	if (ok == E_OK)
		ok = settle(*out);
	if (ok != E_OK)
		trust_free(out);
	return ok;
}

enum error trust_open(const struct crypto *crypto, const char *const *folders, size_t n, struct trust **out)
{
	enum error ok = trust_new(crypto, out);

	for (size_t i = 0; i < n && ok == E_OK; i++)
		ok = anchors_read(*out, folders[i]);
	return finish(ok, out);
}

static enum error add_all(const struct cert *const *cas, size_t n, bool may_anchor, struct trust *out)
{
	enum error ok = E_OK;

	for (size_t i = 0; i < n && cas[i] && (ok == E_OK || ok == E_UNSUPPORTED); i++)
		ok = trust_add(out, cas[i]->der, "", may_anchor);
	return ok == E_UNSUPPORTED ? E_OK : ok;
}

enum error trust_of(const struct crypto *crypto, const struct cert *const *cas, size_t n, struct trust **out)
{
	enum error ok = trust_new(crypto, out);

	return finish(ok == E_OK ? add_all(cas, n, true, *out) : ok, out);
}

enum error trust_with(const struct crypto *crypto, const struct trust *base, const struct cert *const *more, size_t n,
                      struct trust **out)
{
	enum error ok = trust_new(crypto, out);

	for (size_t i = 0; base && i < base->n && ok == E_OK; i++)
		ok = trust_add(*out, base->list[i]->cert->der, base->list[i]->file, base->list[i]->anchor);
	return finish(ok == E_OK ? add_all(more, n, false, *out) : ok, out);
}

size_t trust_signers(const struct trust *trust, const struct trusted_ca *ca, const struct trusted_ca *out[SIGNERS_MAX])
{
	const X509_NAME *name = X509_get_subject_name(ca->cert->x509);
	size_t n = 0;

	out[n++] = ca;
	for (size_t i = 0; i < trust->n && ca->top && n < SIGNERS_MAX; i++) {
		const struct trusted_ca *other = trust->list[i];
		bool known = !other->signs_lists || other->top != ca->top ||
		             X509_NAME_cmp(X509_get_subject_name(other->cert->x509), name) != 0;

		for (size_t k = 0; k < n && !known; k++)
			known = memcmp(out[k]->spki_sha256, other->spki_sha256, sizeof other->spki_sha256) == 0;
		if (!known)
			out[n++] = other;
	}
	return n;
}
