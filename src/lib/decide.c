/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>
#include "base/i18n.h"
#include "lib/decide.h"

/* In the order in which one of them gives the verdict. text NULL: flaw_text. */
static const struct {
	unsigned reason;
	enum verdict verdict;
	const char *word, *text;
} reasons[] = {
	{FLAW_NO_ISSUER, VERDICT_CHAIN, "no-issuer", NULL},
	{FLAW_NO_ANCHOR, VERDICT_CHAIN, "no-anchor", NULL},
	{FLAW_SIGNATURE, VERDICT_CHAIN, "signature", NULL},
	{FLAW_CA, VERDICT_CHAIN, "ca", NULL},
	{FLAW_CRITICAL, VERDICT_CHAIN, "critical-extension", NULL},
	{FLAW_IS_CA, VERDICT_CHAIN, "is-ca", NULL},
	{FLAW_POLICY, VERDICT_CHAIN, "policy", NULL},
	{FLAW_USAGE, VERDICT_CHAIN, "usage", NULL},
	{REASON_REVOKED, VERDICT_REVOKED, "revoked", N_("it, or a CA of its chain, has been revoked")},
	{REASON_ON_HOLD, VERDICT_REVOKED, "on-hold", N_("it, or a CA of its chain, is suspended")},
	{REASON_INVALID, VERDICT_REVOKED, "invalid",
         N_("it, or a CA of its chain, was revoked later as invalid since before that time")},
	{FLAW_NOT_YET_VALID, VERDICT_VALIDITY, "not-yet-valid", NULL},
	{FLAW_EXPIRED, VERDICT_VALIDITY, "expired", NULL},
	{FLAW_TEST, VERDICT_TEST, "test-certificate", NULL},
	{REASON_STATUS_UNKNOWN, VERDICT_STATUS, "status-unknown", N_("whether it has been revoked is not known")},
	{REASON_STATUS_STALE, VERDICT_STATUS, "status-stale", N_("the revocation lists at hand are too old")},
	{REASON_ROLES_BROKEN, VERDICT_ROLE, "roles-malformed", N_("its roles (hcRole) cannot be read")},
	{REASON_ROLE, VERDICT_ROLE, "role", N_("it states no role that was asked for")},
};

#define N_REASONS (sizeof reasons / sizeof *reasons)

bool cert_holds_role(const struct cert *cert, const char *role)
{
	for (size_t i = 0; i < cert->roles.n; i++)
		if (strcmp(cert->roles.list[i].text, role) == 0)
			return true;
	return false;
}

static unsigned role_reasons(const struct cert *cert, const struct rules *q)
{
	if (q->n_roles == 0)
		return 0;
	for (size_t i = 0; i < q->n_roles; i++)
		if (cert_holds_role(cert, q->roles[i]))
			return 0;
	return cert->roles_broken ? REASON_ROLE | REASON_ROLES_BROKEN : REASON_ROLE;
}

static unsigned status_reasons(const struct decision *d, const struct rules *q)
{
	const struct status *s = &d->status;

	if (s->result == STATUS_REVOKED)
		return REASON_REVOKED;
	if (s->result == STATUS_ON_HOLD)
		return REASON_ON_HOLD;
	for (size_t i = 0; q->purpose == PURPOSE_SIGN && i < d->each.n; i++)
		if (d->each.each[i].invalid && d->each.each[i].invalid <= d->at)
			return REASON_INVALID;
	for (size_t i = 0; i < d->each.n; i++)
		if (d->each.each[i].unread) /* with any rule: that list may have revoked it */
			return REASON_STATUS_UNKNOWN;
	if (s->result == STATUS_GOOD || q->need != STATUS_REQUIRE)
		return 0;
	return s->why == STATUS_TOO_OLD ? REASON_STATUS_STALE : REASON_STATUS_UNKNOWN;
}

void decide(const struct trust *trust, struct store *store, const struct cert *cert, const struct rules *rules,
            struct decision *out)
{
	const time_t now = time(NULL);
	struct status_rules status = {.grace = rules->grace, .extra = rules->lists};

	*out = (struct decision){.at = rules->at ? rules->at : now,
	                         .asked = rules->need != STATUS_OFF,
	                         .status = {.freshness = STATUS_EXPIRED, .reason = -1}};
	chain_check(trust, cert, rules->purpose, out->at, &out->chain);
	status.at = out->at;
	status.historic = out->at < now;
	if (out->asked && store) {
		status_of_chain(store, trust, &out->chain, &status, &out->each);
		out->status = out->each.all;
	} else if (out->asked) {
		out->status.why = STATUS_NO_LIST;
	}
	out->reasons = out->chain.flaws | status_reasons(out, rules) | role_reasons(cert, rules);
	if (rules->allow_test)
		out->reasons &= ~(unsigned)FLAW_TEST;
	for (size_t i = 0; i < N_REASONS && out->verdict == VERDICT_ACCEPTED; i++)
		if (out->reasons & reasons[i].reason)
			out->verdict = reasons[i].verdict;
}

unsigned reason_next(unsigned set, unsigned i)
{
	for (size_t k = 0; k < N_REASONS; k++)
		if ((set & reasons[k].reason) && i-- == 0)
			return reasons[k].reason;
	return 0;
}

const char *reason_word(unsigned reason)
{
	for (size_t i = 0; i < N_REASONS; i++)
		if (reasons[i].reason == reason)
			return reasons[i].word;
	return "";
}

const char *reason_text(unsigned reason)
{
	for (size_t i = 0; i < N_REASONS; i++)
		if (reasons[i].reason == reason && reasons[i].text)
			return reasons[i].text;
	return flaw_text((enum chain_flaw)reason);
}
