/* SPDX-License-Identifier: BSD-2-Clause */
/* Time, the certificates of authorities, and their revocation lists, as far as
 * they are on this machine. */
#include "config.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "doctor.h"
#include "say.h"
#include "status_verb.h"
#include "base/file.h"

#define CLOCK_TOLERANCE 300 /* seconds that two clocks may differ */

/* ---- What is held */

static enum error take_list(void *arg, const struct store_file *file)
{
	struct doctor_lists *lists = arg;
	const struct crl *crl = file->crl;
	size_t i = 0;

	if (file->archived)
		return E_OK;
	if (!crl || crl->defects) {
		lists->unusable++;
		return E_OK;
	}
	while (i < lists->n && memcmp(lists->list[i].key, crl->key, sizeof crl->key) != 0)
		i++;
	if (i == DOCTOR_SCOPES_MAX)
		return E_OK;
	if (i == lists->n)
		memcpy(lists->list[lists->n++].key, crl->key, sizeof crl->key);
	if (crl->this_update > lists->list[i].this_update) {
		lists->list[i].this_update = crl->this_update;
		lists->list[i].next_update = crl->next_update;
	}
	return E_OK;
}

void doctor_look_at_lists(struct doctor *d)
{
	for (size_t i = 0; i < d->find.n && d->judge.trust->n > 0; i++)
		for (size_t k = 0; k < d->find.places[i].n; k++)
			judge_lend_card(d->find.crypto, &d->judge, d->find.places[i].tokens[k].card);
	store_walk(d->judge.store, d->judge.trust, take_list, &d->lists);
}

/* ---- The clock */

void check_clock(struct doctor *d)
{
	struct report *r = &d->report;
	char now[FACT_TIME_SIZE];
	time_t latest = 0;

	status_time(d->now, true, now);
	for (size_t i = 0; i < d->lists.n; i++)
		if (d->lists.list[i].this_update > latest)
			latest = d->lists.list[i].this_update;
	if (d->now < INKAN_BUILD_TIME)
		problem(r, "clock-early", "", _("the clock shows %s; this software is younger"), now);
	else if (d->now + CLOCK_TOLERANCE < latest)
		problem(r, "clock-behind", "", _("the clock shows %s; a revocation list at hand is younger"), now);
	else
		well(r, "clock", "", _("nothing speaks against the clock's time"));
	if (d->now < INKAN_BUILD_TIME || d->now + CLOCK_TOLERANCE < latest)
		remedy(r, _("Set it: sudo timedatectl set-ntp true"));
}

/* ---- Folders that others may write are passed over by everything that reads them */

static bool report_folder(struct report *r, const char *id, const char *path, bool system)
{
	int fd;
	enum error e = dir_open(path, false, &fd);

	if (e == E_OK)
		close(fd);
	if (e != E_DENIED)
		return false;
	problem(r, id, path, _("this folder is passed over: it is another user's, or others may write there"));
	doctor_remedy_others(r, path, system);
	return true;
}

void check_anchors(struct doctor *d)
{
	struct report *r = &d->report;
	const struct trust *trust = d->judge.trust;
	char folders[2][4096];
	size_t n = trust_folders(folders), all = 0, sound = 0;
	bool denied = false;

	for (size_t i = 0; i < n; i++)
		denied |= report_folder(r, "anchors-denied", folders[i], i == 0);
	for (size_t i = 0; i < trust->n; i++) {
		bool lent = !trust->list[i]->file[0]; /* by the card */

		all += !lent;
		sound += !lent && trust->list[i]->sound;
	}
	if (all == 0 && !denied) {
		note(r, "anchors-none", "", _("no CA certificate is installed: inkan cannot verify certificates here"));
		remedy(r, _("If it should: inkan trust add FILE, with the root that the Ministry publishes for HPKI"));
	} else if (sound < all) {
		note(r, "anchors-unsound", "",
		     P_("%zu CA certificate leads to no anchor", "%zu CA certificates lead to no anchor",
		        all - sound), all - sound);
		remedy(r, _("See what it lacks: inkan trust list"));
	} else if (all > 0) {
		well(r, "anchors", "",
		     P_("%zu CA certificate is installed", "%zu CA certificates are installed", all), all);
	}
}

/* ---- Revocation lists */

static void report_lists(struct doctor *d)
{
	struct report *r = &d->report;
	size_t old = 0;

	for (size_t i = 0; i < d->lists.n; i++)
		old += d->lists.list[i].next_update < d->now;
	if (d->lists.n == 0) {
		note(r, "lists-none", "",
		     _("no revocation list is held: whether a certificate is revoked is not known"));
		remedy(r, _("Fetch them: inkan status refresh"));
	} else if (old > 0) {
		problem(r, "lists-old", "",
		        P_("%zu revocation list is too old", "%zu revocation lists are too old", old), old);
		remedy(r, _("Fetch new ones: inkan status refresh; and daily, see man inkan-status.timer"));
	} else {
		well(r, "lists", "",
		     P_("%zu revocation list is at hand", "%zu revocation lists are at hand", d->lists.n), d->lists.n);
	}
	d->lists.told = d->lists.n == 0 || old > 0;
}

void check_lists(struct doctor *d)
{
	struct report *r = &d->report;
	char folders[2][4096];
	size_t n = store_folders(folders);
	bool denied = false;

	for (size_t i = 0; i < n; i++)
		denied |= report_folder(r, "lists-denied", folders[i], i == 0);
	if (d->judge.trust->n == 0 || denied) {
		d->lists.told = true; /* nothing could be verified */
		return;
	}
	report_lists(d);
	if (d->lists.unusable > 0) {
		note(r, "lists-unusable", "",
		     P_("%zu file in the store cannot be used", "%zu files in the store cannot be used",
		        d->lists.unusable), d->lists.unusable);
		remedy(r, _("See which and why: inkan status list"));
	}
}

/* ---- This card's certificates in them */

static void report_status(struct doctor *d, const struct profile *profile, const struct status *s)
{
	const char *name = token_text(profile);
	struct report *r = &d->report;

	if (s->result == STATUS_REVOKED) {
		problem(r, "status-revoked", name, _("the certificate, or a CA of its chain, has been revoked"));
		remedy(r, "%s", _(profile->family->renewal));
	} else if (s->result == STATUS_ON_HOLD) {
		problem(r, "status-on-hold", name, _("the certificate, or a CA of its chain, is suspended"));
		remedy(r, "%s", _(profile->family->renewal));
	} else if (s->result == STATUS_GOOD) {
		well(r, "status", name, _("the certificate has not been revoked"));
	} else if (s->why == STATUS_NOT_PERMITTED) {
		well(r, "status", name, _("whether it is revoked is told to registered verifiers only"));
	} else if (!d->lists.told && s->why != STATUS_FUTURE && s->why != STATUS_BAD_CLOCK) {
		note(r, "status-unknown", name, _("whether it is revoked is not known: %s"),
		     _(status_why_text(s->why)));
		if (s->why == STATUS_NO_CHAIN)
			remedy(r, _("Install the certificate of its CA: inkan trust add FILE"));
		else
			remedy(r, _("Fetch the lists: inkan status refresh"));
	}
}

void check_revocation(struct doctor *d)
{
	const struct rules rules = {.need = STATUS_REQUIRE};

	for (size_t i = 0; i < d->find.n && d->judge.trust->n > 0; i++)
		for (size_t k = 0; k < d->find.places[i].n; k++) {
			struct token *t = &d->find.places[i].tokens[k];
			struct decision decision;

			if (!t->cert)
				continue;
			decide(d->judge.trust, d->judge.store, t->cert, &rules, &decision);
			report_status(d, t->card->profile, &decision.status);
		}
}
