/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>
#include <openssl/x509v3.h>
#include "base/i18n.h"
#include "cert/path.h"

static unsigned login_flaws(const struct cert *leaf)
{
	/* without the extension every bit is set */
	bool may = (X509_get_key_usage(leaf->x509) & KU_DIGITAL_SIGNATURE) &&
	           (X509_get_extended_key_usage(leaf->x509) & XKU_SSL_CLIENT);

	/* JPKI's signature certificate has digitalSignature and is no login all the same */
	return may && leaf->profile->use != USE_SIGN ? 0 : FLAW_USAGE;
}

static unsigned usage_flaws(const struct cert *leaf, enum purpose purpose)
{
	if (purpose == PURPOSE_LOGIN)
		return login_flaws(leaf);
	if (purpose == PURPOSE_SIGN)
		return X509_get_key_usage(leaf->x509) & KU_NON_REPUDIATION ? 0 : FLAW_USAGE;
	return 0;
}

static unsigned leaf_flaws(const struct cert *leaf, enum purpose purpose, time_t at)
{
	unsigned flaws = path_own_flaws(leaf) | path_time_flaws(leaf, at) | usage_flaws(leaf, purpose);

	if (leaf->ca)
		flaws |= FLAW_IS_CA;
	if (leaf->kind == CERT_UNKNOWN)
		flaws |= FLAW_POLICY;
	else if (!leaf->production)
		flaws |= FLAW_TEST;
	return flaws;
}

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

/* An EKU in a CA's certificate holds for what is below it, as in libcrypto. */
static unsigned ca_flaws(const struct trusted_ca *ca, const struct cert *leaf, enum purpose purpose, time_t at)
{
	unsigned flaws = path_time_flaws(ca->cert, at);

	if (purpose == PURPOSE_LOGIN && !(X509_get_extended_key_usage(ca->cert->x509) & XKU_SSL_CLIENT))
		flaws |= FLAW_USAGE;
	if (!ca->anchor && !ca->constrained && !allows(ca, leaf))
		flaws |= FLAW_POLICY;
	return flaws;
}

static unsigned constraint_flaws(const struct trust *trust, const struct chain *chain, time_t at)
{
	const struct path_question q = {
		.leaf = chain->leaf, .cas = chain->cas, .n = chain->n, .at = at,
		.policy = chain->leaf->policy[0] ? chain->leaf->policy : NULL,
	};

	if (chain->n == 0 || !chain->cas[0]->constrained || !chain->cas[chain->n - 1]->anchor)
		return 0;
	return path_ask_libcrypto(trust->crypto, &q);
}

static void climb(const struct trust *trust, const struct trusted_ca *issuer, enum purpose purpose, time_t at,
                  struct chain *out)
{
	out->n = 0;
	for (const struct trusted_ca *ca = issuer; ca && out->n < TRUST_DEPTH_MAX; ca = ca->issuer) {
		out->flaws |= ca_flaws(ca, out->leaf, purpose, at);
		out->cas[out->n++] = ca;
	}
	out->flaws |= issuer->flaws | constraint_flaws(trust, out, at);
}

/* A key may have several certificates (a root that was renewed, a cross
 * certificate): the first way without a flaw is taken, else the first. */
void chain_check(const struct trust *trust, const struct cert *leaf, enum purpose purpose, time_t at,
                 struct chain *out)
{
	const unsigned own = leaf_flaws(leaf, purpose, at);
	const struct trusted_ca *ca;
	bool named = false;
	size_t i = 0;

	*out = (struct chain){.leaf = leaf};
	while ((ca = path_next_issuer(trust, leaf, &i, &named))) {
		struct chain way = {.leaf = leaf};

		climb(trust, ca, purpose, at, &way);
		if (out->n == 0 || way.flaws == 0)
			*out = way;
		if (way.flaws == 0)
			break;
	}
	out->flaws |= own;
	if (out->n == 0)
		out->flaws |= named ? FLAW_SIGNATURE : FLAW_NO_ISSUER;
}

const char *flaw_text(enum chain_flaw flaw)
{
	switch (flaw) {
	case FLAW_NO_ISSUER:
		return N_("no CA certificate of its issuer is installed");
	case FLAW_NO_ANCHOR:
		return N_("its chain ends at no installed anchor");
	case FLAW_SIGNATURE:
		return N_("a signature in its chain does not verify or is too weak");
	case FLAW_CA:
		return N_("a CA of its chain may not issue it");
	case FLAW_NOT_YET_VALID:
		return N_("it, or a CA of its chain, is not valid yet");
	case FLAW_EXPIRED:
		return N_("it, or a CA of its chain, has expired");
	case FLAW_POLICY:
		return N_("it has no certificate policy that Inkan knows and its CA may give");
	case FLAW_USAGE:
		return N_("it is not made for this purpose");
	case FLAW_CRITICAL:
		return N_("an extension in its chain is malformed, or critical and not understood");
	case FLAW_TEST:
		return N_("it is a test certificate");
	case FLAW_IS_CA:
		return N_("it is the certificate of a CA, not of a person");
	}
	return N_("something is wrong with it");
}
