/* SPDX-License-Identifier: BSD-2-Clause */
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <openssl/x509_vfy.h>
#include "base/log.h"
#include "cert/path.h"

#define BITS_MIN   112 /* NIST SP 800-57: what is below has been broken, or will be */
#define AUTH_LEVEL 2   /* the same in libcrypto's words */

/* Critical or not, these are processed by RFC 5280 6.1, here or by libcrypto. */
static bool is_processed(int nid)
{
	static const int known[] = {NID_key_usage, NID_basic_constraints, NID_certificate_policies,
	                            NID_crl_distribution_points, NID_ext_key_usage, NID_subject_alt_name,
	                            NID_name_constraints, NID_policy_constraints, NID_policy_mappings,
	                            NID_inhibit_any_policy};

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (known[i] == nid)
			return true;
	return false;
}

static bool extensions_are_sound(const X509 *x509)
{
	for (int i = 0; i < X509_get_ext_count(x509); i++) {
		X509_EXTENSION *e = X509_get_ext(x509, i);
		const ASN1_OBJECT *type = X509_EXTENSION_get_object(e);

		if (X509_get_ext_by_OBJ(x509, type, i) >= 0 ||
		    (X509_EXTENSION_get_critical(e) && !is_processed(OBJ_obj2nid(type))))
			return false;
	}
	return true;
}

unsigned path_own_flaws(const struct cert *cert)
{
	unsigned flaws = 0;
	int bits;

	ERR_set_mark();
	if ((X509_get_extension_flags(cert->x509) & (EXFLAG_INVALID | EXFLAG_PROXY)) ||
	    !extensions_are_sound(cert->x509))
		flaws |= FLAW_CRITICAL;
	if (!cert->key.pkey || EVP_PKEY_get_security_bits(cert->key.pkey) < BITS_MIN ||
	    !X509_get_signature_info(cert->x509, NULL, NULL, &bits, NULL) || bits < BITS_MIN)
		flaws |= FLAW_SIGNATURE;
	ERR_pop_to_mark();
	return flaws;
}

unsigned path_ca_flaws(const struct cert *ca)
{
	/* without the extension every bit is set */
	return ca->ca && (X509_get_key_usage(ca->x509) & KU_KEY_CERT_SIGN) ? 0 : FLAW_CA;
}

/* X509_cmp_time never answers "the same": a time that is equal counts as earlier.
 * 0 is a time that RFC 5280 does not allow. */
unsigned path_time_flaws(const struct cert *cert, time_t at)
{
	time_t before = at - 1;
	unsigned flaws = 0;

	if (X509_cmp_time(X509_get0_notBefore(cert->x509), &at) >= 0)
		flaws |= FLAW_NOT_YET_VALID;
	if (X509_cmp_time(X509_get0_notAfter(cert->x509), &before) <= 0)
		flaws |= FLAW_EXPIRED;
	return flaws;
}

bool path_named(const struct cert *cert, const struct cert *ca)
{
	int told;

	ERR_set_mark();
	told = X509_check_issued(ca->x509, cert->x509);
	ERR_pop_to_mark();
	/* a key that may not sign certificates and does is the one that was named */
	return told == X509_V_OK || told == X509_V_ERR_KEYUSAGE_NO_CERTSIGN;
}

bool path_signed(const struct cert *cert, const struct cert *ca)
{
	int told;

	if (!ca->key.pkey)
		return false;
	ERR_set_mark();
	told = X509_verify(cert->x509, ca->key.pkey);
	ERR_pop_to_mark();
	return told == 1;
}

const struct trusted_ca *path_next_issuer(const struct trust *trust, const struct cert *cert, size_t *i,
                                          bool *named)
{
	while (*i < trust->n) {
		const struct trusted_ca *ca = trust->list[(*i)++];

		if (!path_named(cert, ca->cert))
			continue;
		if (path_signed(cert, ca->cert))
			return ca;
		*named = true;
	}
	return NULL;
}

static unsigned flaw_of(int error)
{
	switch (error) {
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
		return FLAW_NO_ANCHOR;
	case X509_V_ERR_UNABLE_TO_DECRYPT_CERT_SIGNATURE:
	case X509_V_ERR_UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY:
	case X509_V_ERR_CERT_SIGNATURE_FAILURE:
	case X509_V_ERR_SIGNATURE_ALGORITHM_MISMATCH:
	case X509_V_ERR_EE_KEY_TOO_SMALL:
	case X509_V_ERR_CA_KEY_TOO_SMALL:
	case X509_V_ERR_CA_MD_TOO_WEAK:
		return FLAW_SIGNATURE;
	case X509_V_ERR_CERT_NOT_YET_VALID:
	case X509_V_ERR_ERROR_IN_CERT_NOT_BEFORE_FIELD:
	case X509_V_ERR_CERT_HAS_EXPIRED:
	case X509_V_ERR_ERROR_IN_CERT_NOT_AFTER_FIELD:
		return 0; /* path_time_flaws says it, and counts the last second in */
	case X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION:
	case X509_V_ERR_INVALID_EXTENSION:
	case X509_V_ERR_PROXY_CERTIFICATES_NOT_ALLOWED:
		return FLAW_CRITICAL;
	case X509_V_ERR_INVALID_POLICY_EXTENSION:
	case X509_V_ERR_NO_EXPLICIT_POLICY:
		return FLAW_POLICY;
	default:
		return FLAW_CA;
	}
}

static int note(int fine, X509_STORE_CTX *ctx)
{
	unsigned *flaws = X509_STORE_CTX_get_app_data(ctx);
	int error = X509_STORE_CTX_get_error(ctx);

	if (!fine) {
		*flaws |= flaw_of(error);
		log_debug("X509_verify_cert: %s", X509_verify_cert_error_string(error));
	}
	return 1;
}

static bool set_up(X509_STORE_CTX *ctx, const struct path_question *q)
{
	X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);
	ASN1_OBJECT *policy;

	X509_VERIFY_PARAM_set_auth_level(param, AUTH_LEVEL);
	if (q->at)
		X509_VERIFY_PARAM_set_time(param, q->at);
	else
		X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_NO_CHECK_TIME);
	if (!q->policy)
		return true;
	policy = OBJ_txt2obj(q->policy, 1);
	if (!policy || !X509_VERIFY_PARAM_add0_policy(param, policy)) {
		ASN1_OBJECT_free(policy);
		return false;
	}
	return X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_POLICY_CHECK | X509_V_FLAG_EXPLICIT_POLICY);
}

unsigned path_ask_libcrypto(const struct crypto *c, const struct path_question *q)
{
	STACK_OF(X509) *cas;
	X509_STORE_CTX *ctx;
	unsigned flaws = 0;
	bool asked;

	ERR_set_mark();
	cas = sk_X509_new_null();
	ctx = X509_STORE_CTX_new_ex(c->lib, NULL);
	asked = cas && ctx;
	for (size_t i = 0; i < q->n; i++)
		asked = asked && sk_X509_push(cas, q->cas[i]->cert->x509) > 0;
	asked = asked && X509_STORE_CTX_init(ctx, NULL, q->leaf->x509, NULL) && set_up(ctx, q);
	if (asked) {
		X509_STORE_CTX_set0_trusted_stack(ctx, cas);
		X509_STORE_CTX_set_app_data(ctx, &flaws);
		X509_STORE_CTX_set_verify_cb(ctx, note);
		asked = X509_verify_cert(ctx) > 0;
	}
	X509_STORE_CTX_free(ctx);
	sk_X509_free(cas);
	ERR_pop_to_mark();
	return asked ? flaws : flaws | FLAW_CA;
}
