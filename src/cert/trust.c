/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include "base/log.h"
#include "cert/anchors.h"
#include "cert/path.h"

static void ca_free(struct trusted_ca *ca)
{
	if (!ca)
		return;
	cert_free(&ca->cert);
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

static enum error trust_new(const struct crypto *crypto, struct trust **out)
{
	*out = calloc(1, sizeof **out);
	if (!*out)
		return E_MEMORY;
	(*out)->crypto = crypto;
	return E_OK;
}

static bool write_policies(struct trusted_ca *ca, const CERTIFICATEPOLICIES *policies)
{
	int n = sk_POLICYINFO_num(policies);

	if (n <= 0)
		return true;
	ca->policies = calloc((size_t)n, sizeof *ca->policies);
	for (int i = 0; ca->policies && i < n; i++) {
		const POLICYINFO *info = sk_POLICYINFO_value(policies, i);
		int len = OBJ_obj2txt(ca->policies[ca->n_policies], sizeof *ca->policies, info->policyid, 1);

		ca->n_policies += len > 0 && (size_t)len < sizeof *ca->policies;
	}
	return ca->policies != NULL;
}

static bool read_policies(struct trusted_ca *ca)
{
	CERTIFICATEPOLICIES *policies;
	bool ok;

	ERR_set_mark();
	policies = X509_get_ext_d2i(ca->cert->x509, NID_certificate_policies, NULL, NULL);
	ok = write_policies(ca, policies);
	CERTIFICATEPOLICIES_free(policies);
	ERR_pop_to_mark();
	return ok;
}

static bool is_known(const struct trust *trust, const struct cert *cert)
{
	for (size_t i = 0; i < trust->n; i++)
		if (memcmp(trust->list[i]->cert->sha256, cert->sha256, sizeof cert->sha256) == 0)
			return true;
	return false;
}

static enum error append(struct trust *trust, struct trusted_ca *ca)
{
	struct trusted_ca **list = realloc(trust->list, (trust->n + 1) * sizeof *list);

	if (!list)
		return E_MEMORY;
	trust->list = list;
	list[trust->n++] = ca;
	return E_OK;
}

enum error trust_add(struct trust *trust, struct bytes der, const char *file, bool may_anchor)
{
	struct trusted_ca *ca = calloc(1, sizeof *ca);
	enum error ok = E_MEMORY;

	if (!ca || (ok = cert_parse(trust->crypto, der, &ca->cert)) != E_OK)
		goto fail;
	ok = is_known(trust, ca->cert) ? E_OK : E_UNSUPPORTED;
	if (ok == E_OK || !ca->cert->ca)
		goto fail; /* nothing to add */
	ca->anchor = may_anchor && X509_self_signed(ca->cert->x509, 1) == 1;
	ca->file = strdup(file);
	ok = crypto_hash(trust->crypto, HASH_SHA256, ca->cert->spki, ca->spki_sha256);
	if (ok == E_OK && (!ca->file || !read_policies(ca)))
		ok = E_MEMORY;
	if (ok == E_OK && (ok = append(trust, ca)) == E_OK)
		return E_OK;
fail:
	ca_free(ca);
	return ok;
}

/* Of several certificates of the issuer's key: the anchor, else the one that is
 * valid for longest. */
static bool is_better(const struct trusted_ca *a, const struct trusted_ca *b)
{
	if (a->anchor != b->anchor)
		return a->anchor;
	return strcmp(a->cert->end, b->cert->end) > 0;
}

static void link_issuer(const struct trust *trust, struct trusted_ca *ca)
{
	for (size_t i = 0; !ca->anchor && i < trust->n; i++) {
		struct trusted_ca *other = trust->list[i];

		if (other == ca || !path_named(ca->cert, other->cert) || !path_signed(ca->cert, other->cert))
			continue;
		if (!ca->issuer || is_better(other, ca->issuer))
			ca->issuer = other;
	}
}

static bool has_constraints(const struct cert *cert)
{
	static const int nids[] = {NID_name_constraints, NID_policy_constraints, NID_policy_mappings,
	                           NID_inhibit_any_policy};

	for (size_t i = 0; i < sizeof nids / sizeof *nids; i++)
		if (X509_get_ext_by_NID(cert->x509, nids[i], -1) >= 0)
			return true;
	return false;
}

static bool is_self_issued(const struct cert *cert)
{
	return X509_NAME_cmp(X509_get_subject_name(cert->x509), X509_get_issuer_name(cert->x509)) == 0;
}

/* RFC 5280 6.1.4 (l), (m): how many CAs that are not self-issued stand below. */
static unsigned length_flaws(const struct trusted_ca *ca, long below)
{
	long most = X509_get_pathlen(ca->cert->x509);

	return most >= 0 && below > most ? FLAW_CA : 0;
}

/* Everything about a CA and those above it that does not depend on the time or
 * on who is below. libcrypto is asked as well: it knows of name constraints. */
static void judge(const struct trust *trust, struct trusted_ca *ca)
{
	const struct trusted_ca *way[TRUST_DEPTH_MAX];
	const struct trusted_ca *at = ca;
	size_t n = 0;
	long below = 0;

	for (; at && n < TRUST_DEPTH_MAX; at = at->issuer) {
		ca->flaws |= path_own_flaws(at->cert) | path_ca_flaws(at->cert) | length_flaws(at, below);
		ca->constrained = ca->constrained || has_constraints(at->cert);
		below += !is_self_issued(at->cert);
		way[n++] = at;
	}
	if (!way[n - 1]->anchor)
		ca->flaws |= FLAW_NO_ANCHOR;
	else
		ca->flaws |= path_ask_libcrypto(trust->crypto, &(struct path_question){.leaf = ca->cert,
		                                                                      .cas = way, .n = n});
	ca->sound = ca->flaws == 0;
}

static void settle(struct trust *trust)
{
	for (size_t i = 0; i < trust->n; i++)
		link_issuer(trust, trust->list[i]);
	for (size_t i = 0; i < trust->n; i++) {
		judge(trust, trust->list[i]);
		log_debug("trust: %s: %s, flaws %#x", trust->list[i]->file,
		          trust->list[i]->anchor ? "anchor" : "CA", trust->list[i]->flaws);
	}
}

enum error trust_open(const struct crypto *crypto, const char *const *folders, size_t n, struct trust **out)
{
	enum error ok = trust_new(crypto, out);

	for (size_t i = 0; i < n && ok == E_OK; i++)
		ok = anchors_read(*out, folders[i]);
	if (ok == E_OK)
		settle(*out);
	else
		trust_free(out);
	return ok;
}

static enum error copy_all(const struct trust *base, const struct cert *const *more, size_t n, struct trust *out)
{
	enum error ok = E_OK;

	for (size_t i = 0; base && i < base->n && ok == E_OK; i++)
		ok = trust_add(out, base->list[i]->cert->der, base->list[i]->file, base->list[i]->anchor);
	for (size_t i = 0; i < n && more[i] && (ok == E_OK || ok == E_UNSUPPORTED); i++)
		ok = trust_add(out, more[i]->der, "", !base);
	return ok == E_UNSUPPORTED ? E_OK : ok; /* no CA: of no use, and of no harm */
}

enum error trust_with(const struct crypto *crypto, const struct trust *base, const struct cert *const *more,
                      size_t n, struct trust **out)
{
	enum error ok = trust_new(crypto, out);

	if (ok == E_OK)
		ok = copy_all(base, more, n, *out);
	if (ok == E_OK)
		settle(*out);
	else
		trust_free(out);
	return ok;
}

const struct trusted_ca *trust_issuer(const struct trust *trust, const struct cert *cert)
{
	const struct trusted_ca *ca, *first = NULL;
	bool named = false;
	size_t i = 0;

	while ((ca = path_next_issuer(trust, cert, &i, &named))) {
		if (ca->sound)
			return ca;
		if (!first)
			first = ca;
	}
	return first;
}
