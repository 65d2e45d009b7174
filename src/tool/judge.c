/* SPDX-License-Identifier: BSD-2-Clause */
/* What a decision needs, and what it says. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "facts.h"
#include "say.h"
#include "show.h"
#include "verify.h"

enum error judge_open(const struct crypto *crypto, struct judge *out)
{
	char folders[2][4096];
	const char *list[2] = {folders[0], folders[1]};
	enum error e = trust_open(crypto, list, trust_folders(folders), &out->trust);

	if (e == E_OK)
		e = store_open(crypto, list, store_folders(folders), &out->store);
	if (e != E_OK)
		complain("%s", _(error_text(e)));
	return e;
}

void judge_free(struct judge *judge)
{
	store_free(&judge->store);
	trust_free(&judge->trust);
}

enum error judge_lend(const struct crypto *crypto, struct judge *judge, const struct cert *const *more, size_t n)
{
	struct trust *with;
	enum error e = trust_with(crypto, judge->trust, more, n, &with);

	if (e == E_OK) {
		trust_free(&judge->trust);
		judge->trust = with;
	}
	return e;
}

void judge_lend_card(const struct crypto *crypto, struct judge *judge, struct card *card)
{
	struct cert *cas[CARD_CERTS_MAX] = {NULL};
	size_t n = 0;

	for (size_t i = 0; i < card->n_certs; i++) {
		const struct card_cert *c = &card->certs[i];

		if (c->role != CERT_OWN && card_read_cert(card, i) == E_OK &&
		    cert_parse(crypto, (struct bytes){c->der, c->der_len}, &cas[n]) == E_OK)
			n++;
	}
	judge_lend(crypto, judge, (const struct cert *const *)cas, n);
	while (n > 0)
		cert_free(&cas[--n]);
}

/* In local time; false for none. */
static bool clock_text(time_t t, char out[FACT_TIME_SIZE])
{
	struct tm tm;

	return t && localtime_r(&t, &tm) && strftime(out, FACT_TIME_SIZE, "%Y-%m-%d %H:%M %Z", &tm) > 0;
}

static const char *const result_words[] = {
	[STATUS_UNKNOWN] = "unknown", [STATUS_GOOD] = "good", [STATUS_REVOKED] = "revoked",
	[STATUS_ON_HOLD] = "on-hold"};
static const char *const freshness_words[] = {
	[STATUS_FRESH] = "fresh", [STATUS_STALE] = "stale", [STATUS_EXPIRED] = "expired"};
static const char *const why_words[] = {
	[STATUS_WHY_NONE] = "none", [STATUS_NO_LIST] = "no-list", [STATUS_NOT_PERMITTED] = "not-permitted",
	[STATUS_BAD_LIST] = "bad-list", [STATUS_TOO_OLD] = "too-old", [STATUS_FUTURE] = "future",
	[STATUS_BAD_CLOCK] = "bad-clock", [STATUS_NO_CHAIN] = "no-chain"};

static json_t *time_json(time_t t)
{
	char text[FACT_TIME_SIZE];
	struct tm tm;

	if (!t || !gmtime_r(&t, &tm) || strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		return json_null();
	return json_string(text);
}

static json_t *chain_json(const struct chain *chain)
{
	json_t *list = json_array();

	for (size_t i = 0; i < chain->n; i++) {
		const struct cert *ca = chain->cas[i]->cert;
		char *subject = fact_dn(X509_get_subject_name(ca->x509));
		char hex[2 * sizeof ca->sha256 + 1], to[FACT_TIME_SIZE] = "";
		json_t *json = json_object();

		for (size_t k = 0; k < sizeof ca->sha256; k++)
			snprintf(hex + 2 * k, 3, "%02x", ca->sha256[k]);
		json_object_set_new(json, "subject", json_text(subject ? subject : ""));
		json_object_set_new(json, "sha256", json_string(hex));
		if (fact_time(X509_get0_notAfter(ca->x509), to))
			json_object_set_new(json, "not_after", json_string(to));
		json_object_set_new(json, "anchor", json_boolean(chain->cas[i]->anchor));
		json_array_append_new(list, json);
		free(subject);
	}
	return list;
}

static json_t *status_json(const struct status *s)
{
	json_t *json = json_object();

	json_object_set_new(json, "result", json_string(result_words[s->result]));
	json_object_set_new(json, "freshness", s->this_update ?
	                    json_string(freshness_words[s->freshness]) : json_null());
	json_object_set_new(json, "source", s->source[0] ? json_string(s->source) : json_null());
	json_object_set_new(json, "this_update", time_json(s->this_update));
	json_object_set_new(json, "next_update", time_json(s->next_update));
	json_object_set_new(json, "crl_number", s->crl_number[0] ? json_string(s->crl_number) : json_null());
	if (s->result == STATUS_UNKNOWN)
		json_object_set_new(json, "why", json_string(why_words[s->why]));
	if (s->result == STATUS_REVOKED || s->result == STATUS_ON_HOLD) {
		json_object_set_new(json, "revoked", time_json(s->revoked));
		json_object_set_new(json, "reason", s->reason < 0 ? json_null() : json_integer(s->reason));
	}
	return json;
}

void json_add_findings(json_t *json, const struct decision *d)
{
	json_object_set_new(json, "chain", chain_json(&d->chain));
	json_object_set_new(json, "status", d->asked ? status_json(&d->status) : json_null());
}

void json_add_decision(json_t *json, const struct decision *d)
{
	json_t *list = json_array();
	unsigned reason;

	for (unsigned i = 0; (reason = reason_next(d->reasons, i)); i++)
		json_array_append_new(list, json_string(reason_word(reason)));
	json_add_findings(json, d);
	json_object_set_new(json, "at", time_json(d->at));
	json_object_set_new(json, "decision", json_string(d->verdict == VERDICT_ACCEPTED ? "accepted" : "refused"));
	json_object_set_new(json, "reasons", list);
}

/* ---- for people */

static void put_chain(const struct chain *chain)
{
	for (size_t i = 0; i < chain->n; i++) {
		char *name = fact_dn(X509_get_subject_name(chain->cas[i]->cert->x509));

		put_field(i == 0 ? _("Issuer") : _("Above it"), "%s%s", name ? name : "",
			  chain->cas[i]->anchor ? _(" (anchor)") : "");
		free(name);
	}
}

static void put_status(const struct status *s)
{
	char text[FACT_TIME_SIZE];

	if (s->result == STATUS_UNKNOWN)
		put_field(_("Status"), _("unknown: %s"), _(status_why_text(s->why)));
	else
		put_field(_("Status"), "%s (%s)", _(status_result_text(s->result)),
			  _(status_freshness_text(s->freshness)));
	if (s->result != STATUS_GOOD && s->result != STATUS_UNKNOWN && clock_text(s->revoked, text))
		put_field(_("Revoked"), "%s", text);
	if (clock_text(s->this_update, text))
		put_field(_("List of"), "%s", text);
	if (clock_text(s->next_update, text))
		put_field(_("Next list"), "%s", text);
}

void text_decision(const struct cert *cert, const struct decision *d)
{
	char *headline = text_headline(cert);
	char text[FACT_TIME_SIZE];
	unsigned reason;

	if (headline)
		put_text(stdout, headline);
	putchar('\n');
	free(headline);
	put_field(_("Decision"), "%s", d->verdict == VERDICT_ACCEPTED ? _("accepted") : _("REFUSED"));
	for (unsigned i = 0; (reason = reason_next(d->reasons, i)); i++)
		put_field(_("Reason"), "%s", _(reason_text(reason)));
	if (clock_text(d->at, text))
		put_field(_("Judged for"), "%s", text);
	put_field(_("Certificate"), "%s", fact_kind_text(cert));
	put_chain(&d->chain);
	if (d->asked)
		put_status(&d->status);
	else
		put_field(_("Status"), "%s", _("not looked at"));
}
