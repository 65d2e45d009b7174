/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"
#include <stdio.h>
#include <string.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include "base/i18n.h"
#include "base/log.h"
#include "status/fetch_list.h"
#include "status/fetch_turn.h"

const char *fetch_outcome_word(enum fetch_outcome outcome)
{
	static const char *const words[] = {
		[FETCHED_NEW] = "new", [FETCHED_SAME] = "same", [FETCHED_BY_OTHER] = "by-other",
		[FETCHED_NOT_DUE] = "not-due", [FETCHED_FAILED] = "failed", [FETCHED_OLDER] = "older",
		[FETCHED_BAD] = "bad", [FETCHED_BUSY] = "busy", [FETCHED_UNWRITTEN] = "unwritten",
	};

	return words[outcome];
}

static bool is_held(const struct fetch_plan *plan, const uint8_t list[32])
{
	for (size_t i = 0; i < plan->n_held; i++)
		if (memcmp(plan->held[i], list, 32) == 0)
			return true;
	return false;
}

/* nextUpdate of a list that the store has just verified; 0 without one. */
static time_t next_update_of(const struct buf *der)
{
	const uint8_t *p = der->data;
	X509_CRL *crl;
	struct tm tm;
	time_t at = 0;

	ERR_set_mark();
	crl = d2i_X509_CRL(NULL, &p, (long)der->len);
	if (crl && X509_CRL_get0_nextUpdate(crl) && ASN1_TIME_to_tm(X509_CRL_get0_nextUpdate(crl), &tm) == 1)
		at = timegm(&tm);
	X509_CRL_free(crl);
	ERR_pop_to_mark();
	return at;
}

/* A list that was refused counts as a failure: the server is asked less often,
 * and for the whole list again. */
static void refuse(struct fetch_turn *turn, const struct fetch_state *before)
{
	turn->state.etag[0] = '\0';
	turn->state.last_modified[0] = '\0';
	turn->state.succeeded = before->succeeded;
	turn->state.failures = before->failures + 1;
}

static enum fetch_outcome keep(const struct fetch_job *job, struct fetch_turn *turn, const struct buf *body,
                               char why[256])
{
	struct bytes der = {body->data, body->len};
	enum store_put what = STORE_BAD;
	enum error e = store_put(job->store, job->trust, der, &what);

	if (e == E_IO || e == E_DENIED || e == E_MEMORY || e == E_INTERNAL) {
		snprintf(why, 256, "%s", _(error_text(e)));
		return FETCHED_UNWRITTEN;
	}
	if (what == STORE_OLDER) {
		snprintf(why, 256, "%s", _("the server's list is older than the one that is held"));
		return FETCHED_OLDER;
	}
	if (e != E_OK || what == STORE_BAD) {
		snprintf(why, 256, "%s", e == E_FORMAT ? _("the answer is no revocation list") :
			 _("the list is of no CA certificate in the trust store, or is to be refused"));
		return FETCHED_BAD;
	}
	turn->next_update = next_update_of(body);
	if (crypto_hash(job->crypto, HASH_SHA256, der, turn->list) != E_OK)
		turn->state.etag[0] = turn->state.last_modified[0] = '\0';
	return what == STORE_NEW ? FETCHED_NEW : FETCHED_SAME;
}

static enum fetch_outcome ask(const struct fetch_job *job, struct fetch_turn *turn, char why[256])
{
	struct fetch_state before = turn->state;
	struct buf body = {0};
	enum fetch_outcome outcome = FETCHED_FAILED;
	enum fetch_result result;

	if (!is_held(job->plan, turn->list)) /* purged: "not modified" would help nobody */
		turn->state.etag[0] = turn->state.last_modified[0] = '\0';
	result = fetch_url(turn->url, job->limits, &turn->state, &body, why);
	if (result == FETCH_NOT_MODIFIED)
		outcome = FETCHED_SAME;
	else if (result == FETCH_NEW)
		outcome = keep(job, turn, &body, why);
	if (result == FETCH_NEW && outcome > FETCHED_NOT_DUE)
		refuse(turn, &before);
	buf_free(&body);
	return outcome;
}

/* A clock that was in the future when the URL was tried must not stop it for ever. A
 * list that was lost is due at once. */
static bool is_due(const struct fetch_job *job, const struct fetch_turn *turn, time_t now)
{
	if (turn->state.tried > now || (turn->state.failures == 0 && !is_held(job->plan, turn->list)))
		return true;
	return fetch_due(&turn->state, turn->next_update) <= now;
}

static enum fetch_outcome decide(const struct fetch_job *job, struct fetch_turn *turn, time_t start, char why[256])
{
	time_t now = time(NULL);

	if (turn->waited && turn->state.tried >= start && turn->state.tried <= now) {
		if (turn->state.failures == 0)
			return FETCHED_BY_OTHER;
		snprintf(why, 256, "%s", _("another process has just tried, and failed"));
		return FETCHED_FAILED;
	}
	if (job->only_due && !is_due(job, turn, now))
		return FETCHED_NOT_DUE;
	return ask(job, turn, why);
}

void fetch_list(const struct fetch_job *job, const char *url, struct fetch_report *out)
{
	time_t start = time(NULL);
	struct fetch_turn turn;
	enum error e = fetch_turn_take(job->crypto, job->folder, url, job->limits->seconds + 5, &turn);

	*out = (struct fetch_report){.outcome = e == E_BUSY ? FETCHED_BUSY : FETCHED_UNWRITTEN};
	if (e != E_OK) {
		snprintf(out->why, sizeof out->why, "%s", e == E_BUSY ?
			 _("another process is fetching it and does not come to an end") : _(error_text(e)));
		log_error("fetch_turn_take %s: %s", url, error_text(e));
		return;
	}
	out->outcome = decide(job, &turn, start, out->why);
	out->next_update = turn.next_update;
	out->due = fetch_due(&turn.state, turn.next_update);
	fetch_turn_end(&turn);
}
