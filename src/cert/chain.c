/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include "base/i18n.h"
#include "base/log.h"
#include "cert/chain.h"

#define BITS_MIN 112  /* NIST SP 800-57: what is below has been broken, or will be */
#define STEPS_MAX 256 /* cross certificates make many chains out of few certificates */

/* ---- One certificate */

/* Critical or not, these are processed. policyConstraints asks for what is done anyway:
 * every chain needs a policy, and none is mapped. */
static bool is_processed(int nid)
{
	static const int known[] =
		{NID_key_usage,     NID_basic_constraints, NID_certificate_policies, NID_crl_distribution_points,
	         NID_ext_key_usage, NID_subject_alt_name,  NID_policy_constraints};

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (known[i] == nid)
			return true;
	return false;
}

/* No CA of a health profession or of JPKI has them; RFC 5280 wants the first and the last
 * to be critical: without processing them a chain cannot be said to be good. */
static bool is_refused(int nid)
{
	return nid == NID_name_constraints || nid == NID_policy_mappings || nid == NID_inhibit_any_policy;
}

unsigned chain_own_flaws(const struct cert *cert)
{
	unsigned flaws = 0;
	int bits;

	ERR_set_mark();
	if (X509_get_extension_flags(cert->x509) & (EXFLAG_INVALID | EXFLAG_PROXY))
		flaws |= FLAW_CRITICAL;
	for (int i = 0; i < X509_get_ext_count(cert->x509); i++) {
		X509_EXTENSION *e = X509_get_ext(cert->x509, i);
		const ASN1_OBJECT *type = X509_EXTENSION_get_object(e);
		int nid = OBJ_obj2nid(type);

		/* RFC 5280 4.2: none twice */
		if (X509_get_ext_by_OBJ(cert->x509, type, i) >= 0 || is_refused(nid) ||
		    (X509_EXTENSION_get_critical(e) && !is_processed(nid)))
			flaws |= FLAW_CRITICAL;
	}
	if (!cert->key.pkey || EVP_PKEY_get_security_bits(cert->key.pkey) < BITS_MIN ||
	    !X509_get_signature_info(cert->x509, NULL, NULL, &bits, NULL) || bits < BITS_MIN)
		flaws |= FLAW_SIGNATURE;
	ERR_pop_to_mark();
	return flaws;
}

unsigned chain_issuing_flaws(const struct cert *ca)
{
	/* without the extension every bit is set */
	return ca->ca && (X509_get_key_usage(ca->x509) & KU_KEY_CERT_SIGN) ? 0 : FLAW_CA;
}

/* Both ends belong to the validity (4.1.2.5). */
static unsigned time_flaws(const struct cert *cert, time_t at)
{
	return (at < cert->not_before ? FLAW_NOT_YET_VALID : 0) | (at > cert->not_after ? FLAW_EXPIRED : 0);
}

static unsigned leaf_flaws(const struct cert *leaf, enum purpose purpose, time_t at)
{
	unsigned flaws = chain_own_flaws(leaf) | time_flaws(leaf, at);
	uint32_t usage = X509_get_key_usage(leaf->x509);

	/* JPKI's signature certificate has digitalSignature and is no login all the same */
	if (purpose == PURPOSE_LOGIN &&
	    (!(usage & KU_DIGITAL_SIGNATURE) || !(X509_get_extended_key_usage(leaf->x509) & XKU_SSL_CLIENT) ||
	     leaf->profile->use == USE_SIGN))
		flaws |= FLAW_USAGE;
	if (purpose == PURPOSE_SIGN && !(usage & KU_NON_REPUDIATION))
		flaws |= FLAW_USAGE;
	if (leaf->ca)
		flaws |= FLAW_IS_CA;
	if (leaf->kind == CERT_UNKNOWN)
		flaws |= FLAW_POLICY;
	else if (!leaf->production)
		flaws |= FLAW_TEST;
	return flaws;
}

/* ---- The chain above it */

struct search {
	enum purpose purpose;
	time_t at; /* 0: any */
	unsigned steps;
	struct chain now, *best; /* best->n = 0: none yet */
};

/* Does the CA's certificatePolicies cover the leaf's policy (RFC 5280 6.1.3 (d))?
 * The known test certificates of HPKI lie outside of that tree: their CAs state
 * the production policy alone. They are told by FLAW_TEST; the use has to agree. */
static bool allows(const struct trusted_ca *ca, const struct cert *leaf)
{
	if (leaf->kind != CERT_UNKNOWN && !leaf->production && ca->cert->kind == leaf->kind)
		return true;
	for (size_t i = 0; i < ca->n_policies; i++)
		if (strcmp(ca->policies[i], leaf->policy) == 0 || strcmp(ca->policies[i], "2.5.29.32.0") == 0)
			return true;
	return false;
}

/* below: how many CAs that are not self-issued stand between this one and the leaf. */
static unsigned ca_flaws(const struct search *s, const struct trusted_ca *ca, long below)
{
	const struct cert *leaf = s->now.leaf;
	long most = X509_get_pathlen(ca->cert->x509);
	unsigned flaws = ca->own;

	if (most >= 0 && below > most)
		flaws |= FLAW_CA; /* 6.1.4 (l), (m) */
	if (s->at)
		flaws |= time_flaws(ca->cert, s->at);
	/* an EKU in a CA's certificate holds for what is below it, as in libcrypto */
	if (s->purpose == PURPOSE_LOGIN && !(X509_get_extended_key_usage(ca->cert->x509) & XKU_SSL_CLIENT))
		flaws |= FLAW_USAGE;
	if (leaf && leaf->policy[0] && !ca->anchor && !allows(ca, leaf))
		flaws |= FLAW_POLICY;
	return flaws;
}

static bool stands_in(const struct chain *chain, const struct trusted_ca *ca)
{
	for (size_t i = 0; i < chain->n; i++)
		if (chain->cas[i] == ca)
			return true;
	return false;
}

/* Depth first: a CA may have several certificates, and each several issuers (a root that
 * was renewed, a change of keys, a cross certificate). */
static void climb(struct search *s, const struct trusted_ca *ca, long below)
{
	struct chain *now = &s->now;
	bool ends = true;

	now->each[now->n + 1] = ca_flaws(s, ca, below);
	now->cas[now->n++] = ca;
	if (X509_NAME_cmp(X509_get_subject_name(ca->cert->x509), X509_get_issuer_name(ca->cert->x509)) != 0)
		below++;
	for (size_t i = 0; i < ca->n_issuers && now->n < CHAIN_MAX && s->steps < STEPS_MAX; i++) {
		if (stands_in(now, ca->issuers[i]))
			continue;
		ends = false;
		s->steps++;
		climb(s, ca->issuers[i], below);
		if (s->best->flaws == 0)
			break;
	}
	if (ends) {
		if (!ca->anchor)
			now->each[now->n] |= FLAW_NO_ANCHOR;
		now->flaws = 0;
		for (size_t i = 0; i <= now->n; i++)
			now->flaws |= now->each[i];
		if (s->best->n == 0 || now->flaws == 0 || (s->best->flaws & FLAW_NO_ANCHOR && ca->anchor))
			*s->best = *now;
	}
	now->n--;
}

void chain_of_ca(const struct trust *trust, const struct trusted_ca *ca, struct chain *out)
{
	struct search s = {.now = {.trust = trust}, .best = out};

	*out = (struct chain){.flaws = FLAW_NO_ISSUER};
	climb(&s, ca, ca->own & FLAW_CA ? -1 : 0);
}

void chain_check(const struct trust *trust, const struct cert *leaf, enum purpose purpose, time_t at, struct chain *out)
{
	const unsigned own = leaf_flaws(leaf, purpose, at);
	struct search s = {.purpose = purpose, .at = at, .now = {.trust = trust, .leaf = leaf}, .best = out};
	const struct trusted_ca *ca;
	struct issuers issuers = {0};

	/* what the leaf has no chain can mend: it is added when one has been chosen */
	*out = (struct chain){.trust = trust, .leaf = leaf, .flaws = FLAW_NO_ISSUER};
	while (out->flaws != 0 && (ca = trust_next_issuer(trust, leaf, &issuers)))
		climb(&s, ca, 0);
	out->each[0] = own;
	if (out->n == 0)
		out->each[0] |= issuers.named ? FLAW_SIGNATURE : FLAW_NO_ISSUER;
	out->flaws = out->n == 0 ? out->each[0] : out->flaws | own;
}

const struct cert *chain_end(const struct chain *chain)
{
	if (chain->n == 0)
		return chain->leaf;
	return chain->cas[chain->n - 1]->anchor ? NULL : chain->cas[chain->n - 1]->cert;
}

const char *flaw_text(enum chain_flaw flaw)
{
	switch (flaw) {
	case FLAW_NO_ISSUER: return N_("no CA certificate of its issuer is installed");
	case FLAW_NO_ANCHOR: return N_("its chain ends at no installed anchor");
	case FLAW_SIGNATURE: return N_("a signature in its chain does not verify or is too weak");
	case FLAW_CA: return N_("a CA of its chain may not issue it");
	case FLAW_NOT_YET_VALID: return N_("it, or a CA of its chain, is not valid yet");
	case FLAW_EXPIRED: return N_("it, or a CA of its chain, has expired");
	case FLAW_POLICY: return N_("it has no certificate policy that Inkan knows and its CA may give");
	case FLAW_USAGE: return N_("it is not made for this purpose");
	case FLAW_CRITICAL: return N_("an extension in its chain is malformed, or critical and not understood");
	case FLAW_TEST: return N_("it is a test certificate");
	case FLAW_IS_CA: return N_("it is the certificate of a CA, not of a person");
	}
	return N_("something is wrong with it");
}
