/* SPDX-License-Identifier: BSD-2-Clause */
/* inkan.h: the decision. */
#include <stdlib.h>
#include "base/i18n.h"
#include "lib/object.h"

static const char *const why_words[] =
	{[STATUS_WHY_NONE] = "none",       [STATUS_NO_LIST] = "no-list",  [STATUS_NOT_PERMITTED] = "not-permitted",
         [STATUS_BAD_LIST] = "bad-list",   [STATUS_TOO_OLD] = "too-old",  [STATUS_FUTURE] = "future",
         [STATUS_BAD_CLOCK] = "bad-clock", [STATUS_NO_CHAIN] = "no-chain"};

static bool read_rules(const struct inkan_rules *rules, struct inkan_rules *r)
{
	*r = (struct inkan_rules){.size = sizeof *r};
	if (rules && !struct_take(r, sizeof *r, rules))
		return false;
	return (unsigned)r->purpose <= INKAN_PURPOSE_SIGN && (unsigned)r->status <= INKAN_STATUS_IGNORE && r->at >= 0 &&
	       r->grace >= 0 && (!r->roles || r->roles[0]) && (r->allow_test == 0 || r->allow_test == 1);
}

enum inkan_error inkan_decide(struct inkan *ctx, const struct inkan_cert *cert, const struct inkan_rules *rules,
                              struct inkan_decision **out)
{
	const struct inkan_evidence *evidence;
	const struct trust *trust;
	struct inkan_decision *d;
	struct snapshot *lists;
	struct inkan_rules r;
	struct rules q;
	enum error e;

	if (out)
		*out = NULL;
	if (!ctx || !cert || !out || !read_rules(rules, &r))
		return INKAN_E_ARGUMENT;
	d = calloc(1, sizeof *d);
	if (!d)
		return INKAN_E_MEMORY;
	evidence = r.evidence;
	trust = cert->trust ? cert->trust : evidence && evidence->trust ? evidence->trust : ctx->trust;
	lists = evidence ? evidence->snapshot : NULL;
	if (cert->trust && evidence) { /* the CAs of the card and those of the evidence */
		e = trust_with(ctx->crypto, cert->trust, (const struct cert *const *)evidence->cas, evidence->n_cas,
		               &d->trust);
		if (e == E_OK)
			e = evidence_lists(evidence, evidence->n_lists, d->trust, &d->lists);
		if (e != E_OK) {
			inkan_decision_free(&d);
			return inkan_error_of(e);
		}
		trust = d->trust;
		lists = d->lists;
	}
	q = (struct rules){.purpose = (enum purpose)r.purpose,
	                   .need = (enum status_need)r.status,
	                   .at = (time_t)r.at,
	                   .grace = (long)r.grace,
	                   .roles = r.roles,
	                   .n_roles = list_count(r.roles),
	                   .allow_test = r.allow_test,
	                   .lists = lists};
	decide(trust, ctx->store, cert->cert, &q, &d->d);
	d->cert = cert;
	for (size_t i = 0; i < d->d.chain.n; i++)
		inkan_cert_view(d->d.chain.cas[i]->cert, &d->cas[i]);
	*out = d;
	return INKAN_OK;
}

void inkan_decision_free(struct inkan_decision **decision)
{
	if (!decision || !*decision)
		return;
	for (size_t i = 0; i < (*decision)->d.chain.n; i++)
		cert_texts_free(&(*decision)->cas[i].own);
	extra_lists_free(&(*decision)->lists);
	trust_free(&(*decision)->trust);
	free(*decision);
	*decision = NULL;
}

enum inkan_verdict inkan_decision_verdict(const struct inkan_decision *decision)
{
	return decision ? (enum inkan_verdict)decision->d.verdict : INKAN_VERDICT_BAD_CHAIN;
}

int64_t inkan_decision_at(const struct inkan_decision *decision)
{
	return decision ? decision->d.at : 0;
}

int inkan_decision_is_test(const struct inkan_decision *decision)
{
	return decision ? (decision->d.chain.flaws & FLAW_TEST) != 0 : 0;
}

const char *inkan_decision_reason(const struct inkan_decision *decision, size_t i)
{
	unsigned reason = decision && i < 32 ? reason_next(decision->d.reasons, (unsigned)i) : 0;

	return reason ? reason_word(reason) : NULL;
}

const char *inkan_decision_reason_text(const struct inkan_decision *decision, size_t i)
{
	unsigned reason = decision && i < 32 ? reason_next(decision->d.reasons, (unsigned)i) : 0;

	return reason ? _(reason_text(reason)) : NULL;
}

const struct inkan_cert *inkan_decision_cert(const struct inkan_decision *decision, size_t i)
{
	if (!decision || i > decision->d.chain.n)
		return NULL;
	return i == 0 ? decision->cert : &decision->cas[i - 1];
}

int inkan_decision_is_anchor(const struct inkan_decision *decision, size_t i)
{
	return decision && i > 0 && i <= decision->d.chain.n ? decision->d.chain.cas[i - 1]->anchor : 0;
}

const char *inkan_decision_missing_issuer(const struct inkan_decision *decision)
{
	size_t n = decision ? decision->d.chain.n : 0;

	if (!decision || inkan_decision_is_anchor(decision, n))
		return NULL;
	return inkan_cert_issuer(inkan_decision_cert(decision, n));
}

static enum inkan_error give_status(const struct inkan_decision *decision, const struct status *s,
                                    struct inkan_status_info *out)
{
	bool unknown = s->result == STATUS_UNKNOWN && decision->d.asked;
	struct inkan_status_info info = {
		.result = (enum inkan_status)s->result,
		.freshness = (enum inkan_freshness)s->freshness,
		.reason = s->reason,
		.revoked = s->revoked,
		.this_update = s->this_update,
		.next_update = s->next_update,
		.crl_number = s->crl_number,
		.source = s->source,
		.why = unknown ? _(status_why_text(s->why)) : "",
		.why_word = unknown ? why_words[s->why] : "",
		.invalid_from = s->invalid,
	};

	for (size_t i = 0; i < decision->d.chain.n; i++)
		if (decision->d.chain.cas[i]->cert == s->about)
			info.about = i + 1;
	return struct_give(out, &info, sizeof info) ? INKAN_OK : INKAN_E_ARGUMENT;
}

const char *inkan_status_word(enum inkan_status status)
{
	static const char *const words[] = {[INKAN_STATUS_UNKNOWN] = "unknown",
	                                    [INKAN_STATUS_GOOD] = "good",
	                                    [INKAN_STATUS_REVOKED] = "revoked",
	                                    [INKAN_STATUS_ON_HOLD] = "on-hold"};

	return words[(unsigned)status <= INKAN_STATUS_ON_HOLD ? status : INKAN_STATUS_UNKNOWN];
}

enum inkan_error inkan_decision_status(const struct inkan_decision *decision, struct inkan_status_info *out)
{
	return decision && out ? give_status(decision, &decision->d.status, out) : INKAN_E_ARGUMENT;
}

enum inkan_error inkan_decision_cert_status(const struct inkan_decision *decision, size_t i,
                                            struct inkan_status_info *out)
{
	if (!decision || !out || i >= decision->d.each.n)
		return INKAN_E_ARGUMENT;
	return give_status(decision, &decision->d.each.each[i], out);
}
