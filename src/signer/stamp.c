/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <openssl/err.h>
#include <openssl/ts.h>
#include <openssl/x509v3.h>
#include "base/file.h"
#include "base/i18n.h"
#include "base/log.h"
#include "base/text.h"
#include "signer/cms.h"
#include "signer/stamp.h"
#include "status/fetch.h"

#define REPLY_MAX 65536L
#define AUTH_LEVEL 2 /* of libcrypto: 112 bits, which src/cert/chain.c wants too */

/* ---- Anchors */

enum error stamp_trust_open(const struct crypto *crypto, const char *const *folders, size_t n, struct stamp_trust *out)
{
	enum error ok;

	*out = (struct stamp_trust){crypto, NULL, sk_X509_new_null(), sk_X509_new_null(), 0};
	ok = out->anchors && out->others ? trust_open(crypto, folders, n, &out->trust) : E_MEMORY;
	for (size_t i = 0; ok == E_OK && i < out->trust->n; i++) {
		const struct trusted_ca *ca = out->trust->list[i];

		if (sk_X509_push(ca->anchor ? out->anchors : out->others, ca->cert->x509) <= 0)
			ok = E_MEMORY;
		out->n += ca->anchor;
	}
	if (ok != E_OK)
		stamp_trust_free(out);
	return ok;
}

void stamp_trust_free(struct stamp_trust *t)
{
	sk_X509_free(t->anchors);
	sk_X509_free(t->others);
	trust_free(&t->trust);
	*t = (struct stamp_trust){0};
}

/* ---- One token */

void stamp_clear(struct stamp *s)
{
	free(s->name);
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
	if (problems)
		return problem_text(problem_at(problems, 0));
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
	struct bytes content = {0};

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
	if (ok && X509_STORE_CTX_init(ctx, NULL, s->authority, untrusted) == 1 &&
	    X509_STORE_CTX_set_purpose(ctx, X509_PURPOSE_TIMESTAMP_SIGN) == 1) {
		X509_STORE_CTX_set0_trusted_stack(ctx, trust->anchors);
		X509_STORE_CTX_set_time(ctx, 0, (time_t)at);
		X509_VERIFY_PARAM_set_auth_level(X509_STORE_CTX_get0_param(ctx), AUTH_LEVEL);
		if (X509_verify_cert(ctx) == 1)
			told = X509_V_OK;
		else if (X509_STORE_CTX_get_error(ctx) != X509_V_OK)
			told = X509_STORE_CTX_get_error(ctx);
		if (told == X509_V_OK && ASN1_TIME_cmp_time_t(X509_get0_notBefore(s->authority), (time_t)s->time) > 0)
			told = X509_V_ERR_CERT_NOT_YET_VALID; /* when it made this */
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

/* ---- Asking for one */

struct answer {
	bool here;
	char why[256];
};

static void take_line(void *arg, size_t i, char *const field[3])
{
	struct answer *answer = arg;

	(void)i;
	answer->here = strcmp(field[0], "new") == 0;
	snprintf(answer->why, sizeof answer->why, "%s", field[2]);
}

/* RFC 3161 2.4.1, in hexadecimal: of SHA-256, with a nonce, and the certificate asked for. */
static enum error write_query(const struct crypto *crypto, struct bytes octets, ASN1_INTEGER *nonce, char **hex)
{
	TS_REQ *query = TS_REQ_new();
	TS_MSG_IMPRINT *imprint = TS_MSG_IMPRINT_new();
	X509_ALGOR *algorithm = X509_ALGOR_new();
	uint8_t hash[32], *der = NULL;
	enum error ok = crypto_hash(crypto, HASH_SHA256, octets, hash);
	uint64_t random;
	int n = -1;

	if (ok == E_OK)
		ok = crypto_random(crypto, (uint8_t *)&random, sizeof random);
	if (ok == E_OK && query && imprint && algorithm &&
	    X509_ALGOR_set0(algorithm, OBJ_nid2obj(NID_sha256), V_ASN1_NULL, NULL) == 1 &&
	    TS_MSG_IMPRINT_set_algo(imprint, algorithm) == 1 && TS_MSG_IMPRINT_set_msg(imprint, hash, 32) == 1 &&
	    ASN1_INTEGER_set_uint64(nonce, random) == 1 && TS_REQ_set_version(query, 1) == 1 &&
	    TS_REQ_set_msg_imprint(query, imprint) == 1 && TS_REQ_set_nonce(query, nonce) == 1 &&
	    TS_REQ_set_cert_req(query, 1) == 1)
		n = i2d_TS_REQ(query, &der);
	*hex = n > 0 ? malloc(2 * (size_t)n + 1) : NULL;
	if (*hex)
		hex_write(der, (size_t)n, *hex);
	OPENSSL_free(der);
	X509_ALGOR_free(algorithm);
	TS_MSG_IMPRINT_free(imprint);
	TS_REQ_free(query);
	return ok != E_OK || *hex ? ok : E_MEMORY;
}

/* What is wrong with a reply (2.4.2), or NULL; *token: its own bytes, in the reply. */
static const char *judge(const struct stamp_request *r, struct bytes reply, struct bytes octets,
                         const ASN1_INTEGER *nonce, struct signature *scratch, struct bytes *token)
{
	struct tlv whole, status_info, t;
	TS_STATUS_INFO *status;
	TS_TST_INFO *info;
	int64_t code = -1;
	const uint8_t *p;
	struct stamp *s;
	bool ours;

	if (!tlv_next(&reply, &whole) || reply.len != 0 || !tlv_next(&whole.value, &status_info))
		return N_("it is malformed");
	p = status_info.whole.data;
	status = d2i_TS_STATUS_INFO(NULL, &p, (long)status_info.whole.len);
	if (status)
		ASN1_INTEGER_get_int64(&code, TS_STATUS_INFO_get0_status(status));
	TS_STATUS_INFO_free(status);
	if (code != 0 && code != 1) /* granted, grantedWithMods */
		return N_("the request is refused");
	if (!tlv_next(&whole.value, &t) || whole.value.len != 0)
		return N_("it is malformed");
	*token = t.whole;
	if (stamp_add(r->crypto, scratch, false, *token, octets) != E_OK)
		return error_text(E_MEMORY);
	s = &scratch->stamps[0];
	if (s->why)
		return s->why;
	info = read_info(s->cms, &octets);
	ours = info && TS_TST_INFO_get_nonce(info) && ASN1_INTEGER_cmp(TS_TST_INFO_get_nonce(info), nonce) == 0;
	TS_TST_INFO_free(info);
	if (!ours)
		return N_("its nonce is not the request's");
	if (llabs(s->time - time(NULL)) > r->tolerance)
		return N_("its time and this machine's clock are too far apart");
	stamp_decide(s, r->trust, time(NULL));
	return s->problems ? problem_text(problem_at(s->problems, 0)) : NULL;
}

enum error stamp_fetch(const struct stamp_request *r, struct bytes octets, struct buf *token, char why[256])
{
	struct answer answer = {0};
	ASN1_INTEGER *nonce = ASN1_INTEGER_new();
	FILE *requests = tmpfile(), *body = tmpfile();
	struct document scratch = {0};
	struct signature *s = document_add(&scratch, "", "");
	struct buf reply = {0};
	struct bytes found;
	const char *wrong;
	char *query = NULL;
	enum error ok = E_MEMORY;

	why[0] = '\0';
	ERR_set_mark();
	if (!fetch_url_valid(r->url)) {
		snprintf(why, 256, "%s", _("the time stamp authority's address is no http or https URL"));
		ok = E_ARGUMENT;
		goto out;
	}
	if (!nonce || !s || (ok = write_query(r->crypto, octets, nonce, &query)) != E_OK)
		goto out;
	ok = E_IO;
	if (!requests || !body || fcntl(fileno(body), F_SETFD, 0) != 0) {
		log_error("tmpfile: %s", strerror(errno));
		goto out;
	}
	fprintf(requests, "%d\t%s\t\t%s\n", fileno(body), r->url, query);
	if (fetch_run(r->program, r->seconds, REPLY_MAX, requests, take_line, &answer) != E_OK)
		goto out;
	if (!answer.here) {
		snprintf(why, 256, _("no time stamp: %.180s"), answer.why);
		goto out;
	}
	if (lseek(fileno(body), 0, SEEK_SET) != 0 || (ok = fd_read(fileno(body), REPLY_MAX, &reply)) != E_OK)
		goto out;
	wrong = judge(r, (struct bytes){reply.data, reply.len}, octets, nonce, s, &found);
	ok = wrong ? E_REFUSED : buf_append(token, found.data, found.len);
	if (wrong)
		snprintf(why, 256, _("the time stamp authority's answer cannot be used: %s"), _(wrong));
out:
	if (ok != E_OK && !why[0])
		snprintf(why, 256, "%s", _(error_text(ok)));
	ERR_pop_to_mark();
	free(query);
	buf_free(&reply);
	document_free(&scratch);
	if (body)
		fclose(body);
	if (requests)
		fclose(requests);
	ASN1_INTEGER_free(nonce);
	return ok;
}
