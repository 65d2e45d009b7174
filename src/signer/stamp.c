/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>
#include <openssl/err.h>
#include <openssl/ts.h>
#include <openssl/x509v3.h>
#include "base/i18n.h"
#include "base/log.h"
#include "cert/trust.h"
#include "signer/cms.h"
#include "signer/stamp.h"

#define AUTH_LEVEL 2 /* of libcrypto: 112 bits, which src/cert/chain.c wants too */

/* ---- Anchors */

/* trust_free wipes its certificates, so these are copies. */
enum error stamp_trust_open(const struct crypto *crypto, const char *const *folders, size_t n, struct stamp_trust *out)
{
	struct trust *trust = NULL;
	enum error ok = E_MEMORY;

	*out = (struct stamp_trust){.crypto = crypto, .store = X509_STORE_new(), .others = sk_X509_new_null()};
	if (!out->store || !out->others || (ok = trust_open(crypto, folders, n, &trust)) != E_OK)
		goto fail;
	for (size_t i = 0; i < trust->n; i++) {
		const struct trusted_ca *ca = trust->list[i];
		X509 *copy = X509_dup(ca->cert->x509);
		bool added = copy && (ca->anchor ? X509_STORE_add_cert(out->store, copy) == 1
		                                 : sk_X509_push(out->others, copy) > 0);

		if (!added || ca->anchor)
			X509_free(copy);
		ok = E_MEMORY;
		if (!added)
			goto fail;
		out->n += ca->anchor;
	}
	trust_free(&trust);
	return E_OK;
fail:
	trust_free(&trust);
	stamp_trust_free(out);
	return ok;
}

void stamp_trust_free(struct stamp_trust *t)
{
	X509_STORE_free(t->store);
	sk_X509_pop_free(t->others, X509_free);
	*t = (struct stamp_trust){0};
}

/* ---- One token */

void stamp_clear(struct stamp *s)
{
	CMS_ContentInfo_free(s->cms);
	X509_free(s->authority);
	sk_X509_pop_free(s->certs, X509_free);
	sk_X509_CRL_pop_free(s->crls, X509_CRL_free);
	*s = (struct stamp){0};
}

/* RFC 3161 2.4.2, to be freed; *content: its octets, which were signed. NULL: no token. */
static TS_TST_INFO *read_info(CMS_ContentInfo *cms, struct bytes *content)
{
	ASN1_OCTET_STRING **octets = CMS_get0_content(cms);
	const uint8_t *p;
	TS_TST_INFO *info;

	if (OBJ_obj2nid(CMS_get0_eContentType(cms)) != NID_id_smime_ct_TSTInfo || !octets || !*octets)
		return NULL;
	p = ASN1_STRING_get0_data(*octets);
	*content = (struct bytes){p, (size_t)ASN1_STRING_length(*octets)};
	info = d2i_TS_TST_INFO(NULL, &p, (long)content->len);
	if (info && p == content->data + content->len && TS_TST_INFO_get_version(info) == 1 &&
	    TS_TST_INFO_get_ext_by_critical(info, 1, -1) < 0)
		return info;
	TS_TST_INFO_free(info);
	return NULL;
}

/* RFC 3161 2.3. X509_check_purpose passes over uses that libcrypto has no bit for. */
static bool is_authority(X509 *cert)
{
	EXTENDED_KEY_USAGE *uses = X509_get_ext_d2i(cert, NID_ext_key_usage, NULL, NULL);
	bool alone = sk_ASN1_OBJECT_num(uses) == 1;

	EXTENDED_KEY_USAGE_free(uses);
	return alone && X509_check_purpose(cert, X509_PURPOSE_TIMESTAMP_SIGN, 0) == 1;
}

static bool is_imprint_of(const struct crypto *crypto, TS_MSG_IMPRINT *imprint, struct bytes octets)
{
	const ASN1_OCTET_STRING *hash = TS_MSG_IMPRINT_get_msg(imprint);
	enum hash h = cms_hash(TS_MSG_IMPRINT_get_algo(imprint));
	uint8_t own[EVP_MAX_MD_SIZE];

	return (size_t)ASN1_STRING_length(hash) == crypto_hash_len(h) && crypto_hash(crypto, h, octets, own) == E_OK &&
	       memcmp(ASN1_STRING_get0_data(hash), own, crypto_hash_len(h)) == 0;
}

/* What is wrong with it, or NULL. */
static const char *look(const struct crypto *crypto, struct stamp *s, TS_TST_INFO *info, struct bytes content,
                        struct bytes octets)
{
	STACK_OF(CMS_SignerInfo) *signers = CMS_get0_SignerInfos(s->cms);
	TS_MSG_IMPRINT *imprint = TS_TST_INFO_get_msg_imprint(info);
	uint64_t problems;
	X509 *authority;

	if (!cms_time(TS_TST_INFO_get_time(info), &s->time))
		return N_("its time is no time of the calendar");
	if (sk_CMS_SignerInfo_num(signers) != 1)
		return N_("it has not one signer");
	problems =
		cms_signer_problems(crypto, s->cms, sk_CMS_SignerInfo_value(signers, 0), s->certs, content, &authority);
	if (authority && X509_up_ref(authority))
		s->authority = authority;
	for (enum problem p = 0; p < PROBLEM_COUNT; p++)
		if (problems & PROBLEM(p))
			return problem_text(p);
	if (!is_authority(authority))
		return N_("its certificate is not made for time stamps alone");
	if (cms_hash(TS_MSG_IMPRINT_get_algo(imprint)) == HASH_NONE)
		return problem_text(PROBLEM_ALGORITHM);
	if (octets.data && !is_imprint_of(crypto, imprint, octets))
		return N_("it is of something else, or what it is of has been changed");
	return NULL;
}

enum error stamp_add(const struct crypto *crypto, struct signature *s, bool archive, struct bytes token,
                     struct bytes octets)
{
	struct stamp *list = realloc(s->stamps, (s->n_stamps + 1) * sizeof *list), *stamp;
	TS_TST_INFO *info = NULL;
	struct bytes content;

	if (!list)
		return E_MEMORY;
	s->stamps = list;
	stamp = &list[s->n_stamps++];
	ERR_set_mark();
	*stamp = (struct stamp){.archive = archive, .cms = cms_read(crypto, token)};
	if (stamp->cms) {
		stamp->certs = CMS_get1_certs(stamp->cms);
		stamp->crls = CMS_get1_crls(stamp->cms);
		info = read_info(stamp->cms, &content);
	}
	stamp->why = info ? look(crypto, stamp, info, content, octets) : N_("it is no time stamp token");
	TS_TST_INFO_free(info);
	if (!stamp->certs)
		stamp->certs = sk_X509_new_null();
	if (!stamp->crls)
		stamp->crls = sk_X509_CRL_new_null();
	ERR_pop_to_mark();
	if (stamp->why)
		stamp->problems |= PROBLEM(PROBLEM_STAMP);
	if (!octets.data)
		stamp->problems |= PROBLEM(PROBLEM_NOT_RECOMPUTED);
	return stamp->certs && stamp->crls ? E_OK : E_MEMORY;
}

/* ---- Its authority */

/* RFC 3161 4: a certificate that was given up without harm (unspecified, affiliationChanged, superseded,
 * cessationOfOperation, and said so) leaves what was stamped before; otherwise nothing does. */
static bool is_revoked(const struct stamp *s, X509 *cert, X509 *issuer)
{
	for (int i = 0; i < sk_X509_CRL_num(s->crls); i++) {
		X509_CRL *crl = sk_X509_CRL_value(s->crls, i);
		ASN1_ENUMERATED *reason;
		X509_REVOKED *entry;
		int64_t when = 0, code = -1;
		bool harmless;

		if (X509_NAME_cmp(X509_CRL_get_issuer(crl), X509_get_subject_name(issuer)) != 0 ||
		    X509_CRL_verify(crl, X509_get0_pubkey(issuer)) != 1 ||
		    X509_CRL_get0_by_cert(crl, &entry, cert) != 1)
			continue;
		reason = X509_REVOKED_get_ext_d2i(entry, NID_crl_reason, NULL, NULL);
		if (reason)
			ASN1_ENUMERATED_get_int64(&code, reason);
		ASN1_ENUMERATED_free(reason);
		harmless = code == 0 || (code >= 3 && code <= 5);
		if (!harmless || !cms_time(X509_REVOKED_get0_revocationDate(entry), &when) || s->time >= when)
			return true;
	}
	return false;
}

void stamp_decide(struct stamp *s, const struct stamp_trust *trust, int64_t at)
{
	STACK_OF(X509) *chain, *untrusted;
	X509_STORE_CTX *ctx;
	int told = X509_V_ERR_UNSPECIFIED;
	bool ok;

	if (s->problems & PROBLEM(PROBLEM_STAMP))
		return;
	ERR_set_mark();
	untrusted = sk_X509_dup(s->certs);
	ctx = X509_STORE_CTX_new_ex(trust->crypto->lib, NULL);
	ok = untrusted && ctx;
	for (int i = 0; i < sk_X509_num(trust->others); i++)
		ok = ok && sk_X509_push(untrusted, sk_X509_value(trust->others, i)) > 0;
	if (ok && X509_STORE_CTX_init(ctx, trust->store, s->authority, untrusted) == 1 &&
	    X509_STORE_CTX_set_purpose(ctx, X509_PURPOSE_TIMESTAMP_SIGN) == 1) {
		X509_STORE_CTX_set_time(ctx, 0, (time_t)at);
		X509_VERIFY_PARAM_set_auth_level(X509_STORE_CTX_get0_param(ctx), AUTH_LEVEL);
		if (X509_verify_cert(ctx) == 1)
			told = X509_V_OK;
		else if (X509_STORE_CTX_get_error(ctx) != X509_V_OK)
			told = X509_STORE_CTX_get_error(ctx);
		chain = X509_STORE_CTX_get0_chain(ctx);
		for (int i = 0; told == X509_V_OK && i + 1 < sk_X509_num(chain); i++)
			if (is_revoked(s, sk_X509_value(chain, i), sk_X509_value(chain, i + 1)))
				told = X509_V_ERR_CERT_REVOKED;
	}
	log_info("time stamp authority: %s", X509_verify_cert_error_string(told));
	if (told == X509_V_ERR_CERT_HAS_EXPIRED || told == X509_V_ERR_CERT_NOT_YET_VALID ||
	    told == X509_V_ERR_CERT_REVOKED)
		s->problems |= PROBLEM(PROBLEM_STAMP_VALIDITY);
	else if (told != X509_V_OK)
		s->problems |= PROBLEM(PROBLEM_STAMP_ANCHOR);
	X509_STORE_CTX_free(ctx);
	sk_X509_free(untrusted);
	ERR_pop_to_mark();
}
