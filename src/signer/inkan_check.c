/* SPDX-License-Identifier: BSD-2-Clause */
/* inkan-sign.h: checking. What the bytes tell (cms_check, xades_check), and what the certificates, the revocation
 * lists and the time stamps say about it. */
#include "config.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <inkan-sign.h>
#include "base/i18n.h"
#include "lib/names.h"
#include "lib/object.h"
#include "signer/cms.h"
#include "signer/signer.h"

#define CLOCK_TOLERANCE 300 /* seconds that clocks may differ */
#define EVIDENCE_MAX 128    /* certificates, and lists, in a document: each new one is compared with all */

struct decided {
	struct inkan_cert *cert;
	struct inkan_decision *decision;
	int64_t at;
	bool proven;
};

struct inkan_check {
	struct document document;
	struct inkan_evidence *evidence; /* of all signatures: each proves itself */
	struct decided list[DOCUMENT_SIGNATURES_MAX];
};

/* What a reason of inkan_decide means for a signature. Without a proof of its time, what has happened to the
 * certificate since decides nothing about it. */
static enum problem problem_of(const char *reason, bool proven)
{
	static const struct {
		const char *reason;
		enum problem proven, claimed;
	} rows[] = {
		{"no-issuer", PROBLEM_NO_ANCHOR, PROBLEM_NO_ANCHOR},
		{"no-anchor", PROBLEM_NO_ANCHOR, PROBLEM_NO_ANCHOR},
		{"revoked", PROBLEM_REVOKED, PROBLEM_REVOKED_LATER},
		{"on-hold", PROBLEM_REVOKED, PROBLEM_REVOKED_LATER},
		{"invalid", PROBLEM_REVOKED, PROBLEM_REVOKED_LATER},
		{"not-yet-valid", PROBLEM_VALIDITY, PROBLEM_VALIDITY},
		{"expired", PROBLEM_VALIDITY, PROBLEM_EXPIRED},
		{"test-certificate", PROBLEM_TEST, PROBLEM_TEST},
		{"status-unknown", PROBLEM_NO_STATUS, PROBLEM_NO_STATUS},
		{"status-stale", PROBLEM_NO_STATUS, PROBLEM_NO_STATUS},
		{"role", PROBLEM_NO_ROLE, PROBLEM_NO_ROLE},
		{"roles-malformed", PROBLEM_NO_ROLE, PROBLEM_NO_ROLE},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (strcmp(rows[i].reason, reason) == 0)
			return proven ? rows[i].proven : rows[i].claimed;
	return PROBLEM_CHAIN;
}

/* Each time stamp is decided about at the time that the next archive time stamp proves, which covers all before it; the
 * others at `until`. Returns the earliest time that one proves; 0: none. */
static int64_t decide_stamps(struct signature *s, const struct stamp_trust *trust, int64_t until)
{
	const int64_t ahead = (int64_t)time(NULL) + CLOCK_TOLERANCE;
	int64_t proven = 0;

	for (size_t i = s->n_stamps; i > 0; i--) {
		struct stamp *stamp = &s->stamps[i - 1];

		stamp_decide(stamp, trust, until);
		if (stamp->time > ahead)
			stamp->problems |= PROBLEM(PROBLEM_STAMP_VALIDITY);
		s->problems |= stamp->problems;
		if (stamp->authority)
			stamp->name = name_text(X509_get_subject_name(stamp->authority));
		if (stamp->problems)
			continue;
		if (stamp->archive)
			until = stamp->time;
		if (!proven || stamp->time < proven)
			proven = stamp->time;
	}
	return proven;
}

/* One that cannot be used is none. */
static enum inkan_error add_one(struct inkan_evidence *to, unsigned char *der, int n,
                                enum inkan_error (*put)(struct inkan_evidence *, const void *, size_t))
{
	enum inkan_error e = n > 0 ? put(to, der, (size_t)n) : INKAN_E_MEMORY;

	OPENSSL_free(der);
	return e == INKAN_E_MEMORY || e == INKAN_E_INTERNAL ? e : INKAN_OK;
}

/* left: how many certificates and lists the document may still bring. */
static enum inkan_error add_evidence(struct signature *s, struct inkan_evidence *to, int left[2])
{
	const int certs = sk_X509_num(s->certs), crls = sk_X509_CRL_num(s->crls);
	enum inkan_error e = INKAN_OK;
	unsigned char *der;
	int n;

	if (certs > left[0] || crls > left[1]) {
		s->problems |= PROBLEM(PROBLEM_TOO_LONG);
		return INKAN_OK;
	}
	left[0] -= certs > 0 ? certs : 0; /* -1: there are none */
	left[1] -= crls > 0 ? crls : 0;
	for (int i = 0; e == INKAN_OK && i < certs; i++) {
		n = i2d_X509(sk_X509_value(s->certs, i), (der = NULL, &der));
		e = add_one(to, der, n, inkan_evidence_add_certs);
	}
	for (int i = 0; e == INKAN_OK && i < crls; i++) {
		n = i2d_X509_CRL(sk_X509_CRL_value(s->crls, i), (der = NULL, &der));
		e = add_one(to, der, n, inkan_evidence_add_lists);
	}
	return e;
}

static enum error decide_signature(struct inkan *ctx, struct signature *s, struct decided *d, struct inkan_rules rules)
{
	const bool proven = d->proven || rules.at;
	const char *reason;
	enum inkan_error e;

	if (s->cert.len == 0)
		return E_OK;
	e = inkan_cert_from_der(ctx, s->cert.data, s->cert.len, &d->cert);
	if (e == INKAN_E_MEMORY)
		return E_MEMORY;
	if (e != INKAN_OK) {
		s->problems |= PROBLEM(PROBLEM_NO_CERTIFICATE);
		return E_OK;
	}
	rules.at = d->at;
	if (inkan_decide(ctx, d->cert, &rules, &d->decision) != INKAN_OK)
		return E_MEMORY;
	for (size_t i = 0; (reason = inkan_decision_reason(d->decision, i)); i++)
		/* without an anchor, CAs of the document say nothing about policies */
		if (strcmp(reason, "policy") != 0 || !(s->problems & PROBLEM(PROBLEM_NO_ANCHOR)))
			s->problems |= PROBLEM(problem_of(reason, proven));
	if (s->claimed && (s->claimed > d->at + CLOCK_TOLERANCE || s->claimed < inkan_cert_not_before(d->cert) ||
	                   s->claimed > inkan_cert_not_after(d->cert)))
		s->problems |= PROBLEM(PROBLEM_CLAIMED_TIME);
	return E_OK;
}

/* The dispensing's signature covers the prescription's: what proves the time of the outer one proves that the inner one
 * was there. */
static enum error decide_all(struct inkan *ctx, struct inkan_check *check, struct inkan_rules rules,
                             const struct stamp_trust *trust)
{
	struct document *document = &check->document;
	const int64_t now = rules.at ? rules.at : (int64_t)time(NULL);
	int left[2] = {EVIDENCE_MAX, EVIDENCE_MAX};
	int64_t outer = 0;
	enum inkan_error e;
	enum error ok;

	e = inkan_evidence_new(ctx, &check->evidence);
	for (size_t i = 0; e == INKAN_OK && i < document->n; i++)
		e = add_evidence(&document->list[i], check->evidence, left);
	rules.evidence = check->evidence;
	ok = e == INKAN_OK ? E_OK : e == INKAN_E_MEMORY ? E_MEMORY : E_INTERNAL;
	for (int inner = 0; inner < 2; inner++) {
		const int64_t around = outer; /* 0 in the first round */

		for (size_t i = 0; ok == E_OK && i < document->n; i++) {
			struct signature *s = &document->list[i];
			struct decided *d = &check->list[i];
			int64_t proven;

			if (strcmp(s->what, "prescription") == 0 ? inner == 0 : inner == 1)
				continue;
			proven = decide_stamps(s, trust, around ? around : now);
			if (strcmp(s->what, "dispensing") == 0 && outcome_of(s->problems) != OUTCOME_INVALID)
				outer = proven;
			if (!proven || (around && around < proven))
				proven = around;
			d->proven = proven != 0;
			d->at = rules.at ? rules.at : proven ? proven : now;
			ok = decide_signature(ctx, s, d, rules);
		}
	}
	return ok;
}

enum inkan_error inkan_check(struct inkan *ctx, const void *data, size_t n, const struct inkan_check_options *options,
                             struct inkan_check **out)
{
	struct inkan_check_options o = {.size = sizeof o};
	struct inkan_rules rules = {.size = sizeof rules};
	struct stamp_trust trust = {0};
	struct check_input in;
	struct inkan_check *c;
	enum error e;

	if (out)
		*out = NULL;
	if (!ctx || (!data && n > 0) || !out || (options && !struct_take(&o, sizeof o, options)) ||
	    (o.rules && (!struct_take(&rules, sizeof rules, o.rules) || rules.at < 0)))
		return INKAN_E_ARGUMENT;
	inkan_bind_messages();
	rules.purpose = INKAN_PURPOSE_SIGN;
	in = (struct check_input){ctx->crypto,
	                          {data ? data : "", n},
	                          {o.content, o.content ? o.content_n : 0},
	                          o.folder};
	c = calloc(1, sizeof *c);
	if (!c)
		return INKAN_E_MEMORY;
	e = xades_check(&in, &c->document);
	if (e == E_UNSUPPORTED && (e = cms_check(&in, &c->document)) == E_OK && cms_pem_goes_on(in.data)) {
		document_free(&c->document);
		c->document.problems = PROBLEM(PROBLEM_FORM);
	}
	if (e == E_UNSUPPORTED)
		e = E_FORMAT;
	if (e == E_OK)
		e = signer_stamp_trust(ctx->crypto, o.tsa_anchors, &trust);
	if (e == E_OK)
		e = decide_all(ctx, c, rules, &trust);
	stamp_trust_free(&trust);
	if (e != E_OK)
		inkan_check_free(&c);
	*out = c;
	return inkan_error_of(e);
}

void inkan_check_free(struct inkan_check **check)
{
	struct inkan_check *c = check ? *check : NULL;

	if (!c)
		return;
	for (size_t i = 0; i < c->document.n; i++) {
		inkan_decision_free(&c->list[i].decision);
		inkan_cert_free(&c->list[i].cert);
	}
	inkan_evidence_free(&c->evidence);
	document_free(&c->document);
	free(c);
	*check = NULL;
}

/* ---- What was found */

enum inkan_check_result inkan_check_result(const struct inkan_check *check)
{
	uint64_t problems = check ? check->document.problems : PROBLEM(PROBLEM_NOT_SIGNED);

	for (size_t i = 0; check && i < check->document.n; i++)
		problems |= check->document.list[i].problems;
	return (enum inkan_check_result)outcome_of(problems);
}

const char *inkan_check_result_word(enum inkan_check_result result)
{
	return result == INKAN_CHECK_VALID ? "valid" : result == INKAN_CHECK_UNDECIDED ? "undecided" : "invalid";
}

size_t inkan_check_count(const struct inkan_check *check)
{
	return check ? check->document.n : 0;
}

static const struct signature *signature_at(const struct inkan_check *check, size_t i)
{
	return check && i < check->document.n ? &check->document.list[i] : NULL;
}

enum inkan_error inkan_check_signature(const struct inkan_check *check, size_t i, struct inkan_signature_info *out)
{
	const struct signature *s = signature_at(check, i);
	struct inkan_signature_info info;

	if (!s || !out)
		return INKAN_E_ARGUMENT;
	info = (struct inkan_signature_info){.result = (enum inkan_check_result)outcome_of(s->problems),
	                                     .form = s->form,
	                                     .what = s->what,
	                                     .cert = check->list[i].cert,
	                                     .decision = check->list[i].decision,
	                                     .claimed = s->claimed,
	                                     .at = check->list[i].at,
	                                     .proven = check->list[i].proven,
	                                     .n_stamps = s->n_stamps};
	return struct_give(out, &info, sizeof info) ? INKAN_OK : INKAN_E_ARGUMENT;
}

enum inkan_error inkan_check_stamp(const struct inkan_check *check, size_t i, size_t k, struct inkan_stamp_info *out)
{
	const struct signature *s = signature_at(check, i);
	const struct stamp *stamp = s && k < s->n_stamps ? &s->stamps[k] : NULL;
	struct inkan_stamp_info info;

	if (!stamp || !out)
		return INKAN_E_ARGUMENT;
	info = (struct inkan_stamp_info){.time = stamp->time,
	                                 .authority = stamp->name ? stamp->name : "",
	                                 .archive = stamp->archive,
	                                 .accepted = !stamp->problems,
	                                 .problem =
	                                         stamp->problems ? problem_word(problem_at(stamp->problems, 0)) : ""};
	return struct_give(out, &info, sizeof info) ? INKAN_OK : INKAN_E_ARGUMENT;
}

const char *inkan_check_covered(const struct inkan_check *check, size_t i, size_t k)
{
	const struct signature *s = signature_at(check, i);

	return s && k < s->covered.n ? s->covered.list[k] : NULL;
}

const char *inkan_check_not_covered(const struct inkan_check *check, size_t i, size_t k)
{
	const struct signature *s = signature_at(check, i);

	return s && k < s->not_covered.n ? s->not_covered.list[k] : NULL;
}

static enum problem found_problem(const struct inkan_check *check, size_t i, size_t k)
{
	const struct signature *s = signature_at(check, i);

	return s                                 ? problem_at(s->problems, k)
	       : check && i == check->document.n ? problem_at(check->document.problems, k)
	                                         : PROBLEM_COUNT;
}

const char *inkan_check_problem(const struct inkan_check *check, size_t i, size_t k, enum inkan_check_result *means)
{
	enum problem p = found_problem(check, i, k);

	if (means)
		*means = p == PROBLEM_COUNT ? INKAN_CHECK_VALID : (enum inkan_check_result)problem_outcome(p);
	return p == PROBLEM_COUNT ? NULL : problem_word(p);
}

const char *inkan_check_problem_text(const struct inkan_check *check, size_t i, size_t k)
{
	enum problem p = found_problem(check, i, k);

	return p == PROBLEM_COUNT ? NULL : _(problem_text(p));
}

const unsigned char *inkan_check_content(const struct inkan_check *check, size_t *n)
{
	size_t len = check ? check->document.content.len : 0;

	if (n)
		*n = len;
	return len > 0 ? check->document.content.data : NULL;
}
