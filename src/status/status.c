/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"
#include <stdio.h>
#include <string.h>
#include "base/i18n.h"
#include "status/status.h"
#include "status/store_shelf.h"

#define REFUSED (CRL_DELTA | CRL_INDIRECT | CRL_ATTRIBUTES)
#define NEVER_GOOD (CRL_CRITICAL | CRL_NO_NEXT)
#define HOLD_REASON (1U << 6) /* ReasonFlags certificateHold */

/* What the lists said so far, the newest first. */
struct judgement {
	const struct cert *cert;
	const struct status_rules *rules;
	const struct crl *revoked_by, *held_by, *good_by, *old; /* the newest of each; NULL: none */
	const struct crl_entry *revoked, *hold;
	unsigned said;       /* reasons for which it is not listed */
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

/* The entry about the certificate at that time. RFC 5280 6.3.3 (k): removeFromCRL
 * is none. Of now, the date inside does not matter: what is listed is revoked. */
static const struct crl_entry *entry_of(const struct judgement *j, const struct crl *crl)
{
	const struct crl_entry *e = crl_find(crl, j->cert);

	if (!e || e->reason == CRL_REASON_REMOVE_FROM_CRL || (j->rules->historic && e->revoked > j->rules->at))
		return NULL;
	return e;
}

/* A revocation is for ever; a hold lasts until a newer list is silent about it. */
static void note_listed(struct judgement *j, const struct crl *crl, const struct crl_entry *e)
{
	if (e->reason != CRL_REASON_CERTIFICATE_HOLD) {
		if (!j->revoked) {
			j->revoked = e;
			j->revoked_by = crl;
		}
	} else if (!j->hold && !(j->said & HOLD_REASON)) {
		j->hold = e;
		j->held_by = crl;
	}
}

static void note_silent(struct judgement *j, const struct crl *crl, unsigned reasons)
{
	enum status_freshness f = freshness_of(crl, j->rules);

	if (crl->defects & NEVER_GOOD) {
		j->bad = true;
	} else if (crl->this_update > j->rules->at) {
		j->future = true;
	} else if (f == STATUS_EXPIRED) {
		j->old = j->old ? j->old : crl;
	} else if (reasons & ~j->said) {
		j->said |= reasons;
		j->good_by = j->good_by ? j->good_by : crl;
		j->freshness = f > j->freshness ? f : j->freshness;
	}
}

static void ask(struct judgement *j, const struct crl *crl)
{
	unsigned reasons = crl_reasons(crl, j->cert);
	const struct crl_entry *e;

	if (reasons == 0)
		return;
	if (crl->defects & REFUSED) {
		j->bad = true;
		return;
	}
	e = entry_of(j, crl);
	if (e)
		note_listed(j, crl, e);
	else
		note_silent(j, crl, reasons);
}

static bool is_before(const struct held *held, size_t a, size_t b)
{
	time_t left = held->list[a]->this_update, right = held->list[b]->this_update;

	return left > right || (left == right && a < b);
}

/* The newest of those that come after `last`; held->n: from the start, or no more. */
static size_t next_newest(const struct held *held, size_t last)
{
	size_t best = held->n;

	for (size_t i = 0; i < held->n; i++) {
		if ((last == held->n || is_before(held, last, i)) && (best == held->n || is_before(held, i, best)))
			best = i;
	}
	return best;
}

/* Good can be said by it. Without rules: at some time. */
static bool is_usable(const struct crl *crl, const struct status_rules *rules)
{
	if (crl->defects & (REFUSED | NEVER_GOOD))
		return false;
	return !rules || (crl->this_update <= rules->at && freshness_of(crl, rules) != STATUS_EXPIRED);
}

/* A newer list of its scope is held, and can be used. */
static bool is_superseded(const struct held *held, size_t i, const struct status_rules *rules)
{
	const struct crl *mine = held->list[i];

	for (size_t k = 0; k < held->n; k++) {
		const struct crl *other = held->list[k];

		if (memcmp(other->key, mine->key, sizeof mine->key) == 0 && crl_newer(other, mine) &&
		    is_usable(other, rules))
			return true;
	}
	return false;
}

static void ask_all(struct judgement *j, const struct held *held)
{
	for (size_t i = next_newest(held, held->n); i < held->n; i = next_newest(held, i)) {
		if (!is_superseded(held, i, j->rules))
			ask(j, held->list[i]);
	}
}

/* A list of after the signature cannot say that all was well then; but it can
 * date a revocation back. */
static void ask_later(struct judgement *j, const struct held *held)
{
	for (size_t i = 0; i < held->n; i++) {
		const struct crl *crl = held->list[i];
		const struct crl_entry *e;

		if (crl->this_update <= j->rules->at || crl->defects & REFUSED || !crl_covers(crl, j->cert) ||
		    is_superseded(held, i, NULL))
			continue;
		e = entry_of(j, crl);
		if (e)
			note_listed(j, crl, e);
	}
}

static void tell_list(const struct judgement *j, const struct crl *crl, struct status *out)
{
	char hex[129];

	if (!crl)
		return;
	out->freshness = freshness_of(crl, j->rules);
	out->this_update = crl->this_update;
	out->next_update = crl->next_update;
	hex_write(crl->number, crl->number_len, out->crl_number);
	hex_write(crl->key, sizeof crl->key, hex);
	snprintf(out->source, sizeof out->source, "%.64s-%.64s.crl", hex, hex + 64);
}

static void tell_entry(enum status_result result, const struct crl_entry *e, struct status *out)
{
	out->result = result;
	out->reason = e->reason;
	out->revoked = e->revoked;
}

/* A machine whose clock cannot be right cannot call anything good. */
static bool clock_is_wrong(const struct status_rules *rules)
{
	return !rules->historic && rules->at < INKAN_BUILD_TIME;
}

/* Of everything that kept the answer from being good, what helps most. */
static enum status_why why_unknown(const struct judgement *j, enum error store)
{
	if (clock_is_wrong(j->rules))
		return STATUS_BAD_CLOCK;
	if (j->future)
		return STATUS_FUTURE;
	if (j->old)
		return STATUS_TOO_OLD;
	if (j->bad || (store != E_OK && store != E_NOT_FOUND))
		return STATUS_BAD_LIST;
	return j->cert->profile->family->lists_closed ? STATUS_NOT_PERMITTED : STATUS_NO_LIST;
}

static void tell(const struct judgement *j, enum error store, struct status *out)
{
	if (j->revoked) {
		tell_list(j, j->revoked_by, out);
		tell_entry(STATUS_REVOKED, j->revoked, out);
	} else if (j->hold) {
		tell_list(j, j->held_by, out);
		tell_entry(STATUS_ON_HOLD, j->hold, out);
	} else if (j->said == CRL_ALL_REASONS && !clock_is_wrong(j->rules)) {
		tell_list(j, j->good_by, out);
		out->result = STATUS_GOOD;
		out->freshness = j->freshness;
	} else {
		out->why = why_unknown(j, store);
		tell_list(j, out->why == STATUS_TOO_OLD ? j->old : NULL, out);
	}
}

static void answer(struct store *store, const struct cert *cert, const struct trusted_ca *issuer,
                   const struct status_rules *rules, struct status *out)
{
	struct judgement j = {.cert = cert, .rules = rules};
	struct held now, then = {0};

	store_lists(store, issuer, &now);
	if (rules->historic) {
		store_lists_at(store, issuer, rules->at, &then);
		ask_later(&j, &now);
		ask_all(&j, &then);
		tell(&j, then.why, out);
		store_release(&then);
	} else {
		ask_all(&j, &now);
		tell(&j, now.why, out);
	}
	store_release(&now);
}

void status_of(struct store *store, const struct cert *cert, const struct trusted_ca *issuer,
               const struct status_rules *rules, struct status *out)
{
	*out = (struct status){.about = cert, .reason = -1, .freshness = STATUS_EXPIRED};
	if (issuer)
		answer(store, cert, issuer, rules, out);
	else
		out->why = cert->profile->family->lists_closed ? STATUS_NOT_PERMITTED : STATUS_NO_CHAIN;
}

static bool is_worse(const struct status *a, const struct status *b)
{
	static const int weight[] = {
		[STATUS_GOOD] = 0, [STATUS_UNKNOWN] = 1, [STATUS_ON_HOLD] = 2, [STATUS_REVOKED] = 3};

	if (a->result != b->result)
		return weight[a->result] > weight[b->result];
	return a->result == STATUS_GOOD && a->freshness > b->freshness;
}

void status_of_chain(struct store *store, const struct chain *chain, const struct status_rules *rules,
                     struct status *out)
{
	struct status one;

	status_of(store, chain->leaf, chain->n ? chain->cas[0] : NULL, rules, out);
	for (size_t i = 0; i < chain->n && !chain->cas[i]->anchor; i++) {
		status_of(store, chain->cas[i]->cert, i + 1 < chain->n ? chain->cas[i + 1] : NULL, rules, &one);
		if (is_worse(&one, out))
			*out = one;
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
	case STATUS_NO_LIST: return N_("no revocation list for it is held");
	case STATUS_NOT_PERMITTED: return N_("its revocation lists are for registered verifiers only");
	case STATUS_BAD_LIST: return N_("the revocation list that is held cannot be used");
	case STATUS_TOO_OLD: return N_("the revocation list that is held is out of date");
	case STATUS_FUTURE: return N_("the revocation list is dated in the future");
	case STATUS_BAD_CLOCK: return N_("the clock of this machine is wrong");
	case STATUS_NO_CHAIN: break;
	}
	return N_("its issuer is not installed");
}
