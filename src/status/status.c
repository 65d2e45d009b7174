/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"
#include <stdio.h>
#include <string.h>
#include "base/i18n.h"
#include "base/text.h"
#include "status/status.h"

#define REFUSED (CRL_DELTA | CRL_INDIRECT | CRL_ATTRIBUTES)
#define NEVER_GOOD (CRL_CRITICAL | CRL_NO_NEXT)
#define HOLD_REASON (1U << 6) /* ReasonFlags certificateHold */

/* What the lists said so far, the newest first. */
struct answer {
	const struct cert *cert;
	const struct status_rules *rules;
	time_t begun;                                           /* a list that was issued by then has begun */
	const struct crl *revoked_by, *hold_by, *good_by, *old; /* the newest of each; NULL: none */
	const struct crl_entry *revoked, *hold;
	time_t invalid; /* of a revocation that came later */
	unsigned said;  /* reasons for which it is not listed */
	enum status_freshness freshness;
	bool bad, future;
};

static enum status_freshness freshness_of(const struct crl *crl, const struct status_rules *rules)
{
	if (crl->next_update == 0)
		return STATUS_EXPIRED;
	if (rules->at <= crl->next_update)
		return STATUS_FRESH;
	return rules->at - crl->next_update <= rules->grace ? STATUS_STALE : STATUS_EXPIRED;
}

/* It is listed, at the time that was asked about. RFC 5280 6.3.3 (k): removeFromCRL is none. Of now, the date inside
 * does not matter: what is listed is revoked. A revocation is for ever; a hold lasts until a newer list does not have
 * it. */
static bool note_listed(struct answer *a, const struct crl *crl)
{
	const struct crl_entry *e = crl_find(crl, a->cert);

	if (!e || e->reason == CRL_REASON_REMOVE_FROM_CRL)
		return false;
	if (a->rules->historic && e->revoked > a->rules->at) {
		if (e->reason != CRL_REASON_CERTIFICATE_HOLD && !a->invalid)
			a->invalid = e->invalid;
		return false;
	}
	if (e->reason != CRL_REASON_CERTIFICATE_HOLD && !a->revoked) {
		a->revoked = e;
		a->revoked_by = crl;
	} else if (e->reason == CRL_REASON_CERTIFICATE_HOLD && !a->hold && !(a->said & HOLD_REASON)) {
		a->hold = e;
		a->hold_by = crl;
	}
	return true;
}

static void ask(struct answer *a, const struct crl *crl)
{
	enum status_freshness f = freshness_of(crl, a->rules);
	unsigned reasons = crl_reasons(crl, a->cert);

	if (reasons == 0)
		return;
	if (crl->defects & REFUSED) {
		a->bad = true;
	} else if (note_listed(a, crl)) {
		return;
	} else if (crl->defects & NEVER_GOOD) {
		a->bad = true;
	} else if (crl->this_update > a->begun) {
		a->future = true;
	} else if (f == STATUS_EXPIRED) {
		a->old = a->old ? a->old : crl;
	} else if (reasons & ~a->said) {
		a->said |= reasons;
		a->good_by = a->good_by ? a->good_by : crl;
		a->freshness = f > a->freshness ? f : a->freshness;
	}
}

/* There is a newer list of its scope that can be used: at that time, or (`ever`) at some time. */
static bool is_superseded(const struct answer *a, const struct store_lists *lists, const struct crl *crl, bool ever)
{
	for (size_t i = 0; i < lists->n; i++) {
		const struct crl *other = lists->list[i];

		if (memcmp(other->key, crl->key, sizeof crl->key) == 0 && crl_newer(other, crl, a->rules->at) &&
		    !(other->defects & (REFUSED | NEVER_GOOD)) &&
		    (ever || (other->this_update <= a->begun && freshness_of(other, a->rules) != STATUS_EXPIRED)))
			return true;
	}
	return false;
}

static void tell_list(const struct answer *a, const struct crl *crl, struct status *out)
{
	out->freshness = freshness_of(crl, a->rules);
	out->this_update = crl->this_update;
	out->next_update = crl->next_update;
	hex_write(crl->number, crl->number_len, out->crl_number);
	crl_name(crl, out->source);
}

static void tell_entry(enum status_result result, const struct crl_entry *e, struct status *out)
{
	out->result = result;
	out->reason = e->reason;
	out->revoked = e->revoked;
	out->invalid = e->invalid;
}

static void tell(const struct answer *a, enum error store, struct status *out)
{
	/* a machine whose clock cannot be right cannot call anything good */
	bool clock_is_wrong = !a->rules->historic && a->rules->at < INKAN_BUILD_TIME;

	out->invalid = a->invalid;
	if (a->revoked) {
		tell_list(a, a->revoked_by, out);
		tell_entry(STATUS_REVOKED, a->revoked, out);
	} else if (a->hold) {
		tell_list(a, a->hold_by, out);
		tell_entry(STATUS_ON_HOLD, a->hold, out);
	} else if (a->said == CRL_ALL_REASONS && !clock_is_wrong) {
		tell_list(a, a->good_by, out);
		out->result = STATUS_GOOD;
		out->freshness = a->freshness;
	} else if (clock_is_wrong) { /* of all that kept the answer from being good, what helps most */
		out->why = STATUS_BAD_CLOCK;
	} else if (a->future) {
		out->why = STATUS_FUTURE;
	} else if (a->old) {
		out->why = STATUS_TOO_OLD;
		tell_list(a, a->old, out);
	} else if (a->bad || (store != E_OK && store != E_NOT_FOUND)) {
		out->why = STATUS_BAD_LIST;
	} else {
		out->why = a->cert->profile->family->lists_closed ? STATUS_NOT_PERMITTED : STATUS_NO_LIST;
	}
}

void status_of(struct store *store, const struct trust *trust, const struct cert *cert, const struct trusted_ca *issuer,
               const struct status_rules *rules, struct status *out)
{
	struct list_query query = {.ca = issuer, .trust = trust, .extra = rules->extra};
	struct answer a = {.cert = cert, .rules = rules};
	struct store_lists lists;

	*out = (struct status){.about = cert, .reason = -1, .freshness = STATUS_EXPIRED};
	if (!issuer) {
		out->why = cert->profile->family->lists_closed ? STATUS_NOT_PERMITTED : STATUS_NO_CHAIN;
		return;
	}
	out->issuer = issuer->cert;
	a.begun = rules->at + (rules->historic ? 0 : store_tolerance(store));
	store_lists(store, &query, &lists);
	out->unread = lists.unread;
	/* a list of after the signature cannot say that all was well then; but it can date a revocation back */
	for (size_t i = 0; rules->historic && i < lists.n; i++)
		if (lists.list[i]->this_update > rules->at && !(lists.list[i]->defects & REFUSED) &&
		    crl_reasons(lists.list[i], cert) && !is_superseded(&a, &lists, lists.list[i], true))
			note_listed(&a, lists.list[i]);
	if (rules->historic) {
		struct store_lists then;

		query.at = rules->at;
		store_lists(store, &query, &then);
		out->unread |= then.unread;
		for (size_t i = 0; i < then.n; i++)
			if (!is_superseded(&a, &then, then.list[i], false))
				ask(&a, then.list[i]);
		tell(&a, then.why, out);
		store_lists_free(&then);
	} else {
		for (size_t i = 0; i < lists.n; i++)
			if (!is_superseded(&a, &lists, lists.list[i], false))
				ask(&a, lists.list[i]);
		tell(&a, lists.why, out);
	}
	store_lists_free(&lists);
}

void status_of_chain(struct store *store, const struct trust *trust, const struct chain *chain,
                     const struct status_rules *rules, struct status_chain *out)
{
	static const int weight[] =
		{[STATUS_GOOD] = 0, [STATUS_UNKNOWN] = 1, [STATUS_ON_HOLD] = 2, [STATUS_REVOKED] = 3};

	out->n = 0;
	for (size_t i = 0; i == 0 || (i <= chain->n && !chain->cas[i - 1]->anchor); i++) {
		struct status *s = &out->each[out->n++];

		status_of(store, trust, i ? chain->cas[i - 1]->cert : chain->leaf, i < chain->n ? chain->cas[i] : NULL,
		          rules, s);
		if (i == 0 || weight[s->result] > weight[out->all.result] ||
		    (s->result == STATUS_GOOD && out->all.result == STATUS_GOOD && s->freshness > out->all.freshness))
			out->all = *s;
	}
}

const char *status_result_text(enum status_result r)
{
	switch (r) {
	case STATUS_GOOD: return N_("not revoked");
	case STATUS_REVOKED: return N_("revoked");
	case STATUS_ON_HOLD: return N_("on hold");
	case STATUS_UNKNOWN: break;
	}
	return N_("unknown");
}

const char *status_freshness_text(enum status_freshness f)
{
	switch (f) {
	case STATUS_FRESH: return N_("up to date");
	case STATUS_STALE: return N_("overdue, within the grace period");
	case STATUS_EXPIRED: break;
	}
	return N_("out of date");
}

const char *status_why_text(enum status_why w)
{
	switch (w) {
	case STATUS_WHY_NONE: return "";
	case STATUS_NO_LIST: return N_("there is no revocation list for it");
	case STATUS_NOT_PERMITTED: return N_("its revocation lists are for registered verifiers only");
	case STATUS_BAD_LIST: return N_("its revocation list cannot be used");
	case STATUS_TOO_OLD: return N_("its revocation list is out of date");
	case STATUS_FUTURE: return N_("its revocation list is dated in the future");
	case STATUS_BAD_CLOCK: return N_("the clock of this machine is wrong");
	case STATUS_NO_CHAIN: break;
	}
	return N_("its issuer is not installed");
}
