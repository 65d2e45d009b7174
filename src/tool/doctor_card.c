/* SPDX-License-Identifier: BSD-2-Clause */
/* The card in each reader, its PINs' counters, its certificates. Nothing here
 * sends a PIN; of a My Number Card no date is told, for it is a birthday. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cards/family.h"
#include "doctor.h"
#include "facts.h"
#include "say.h"

#define ENDS_SOON (30 * 24 * 60 * 60)

/* ---- The card */

static void report_card(struct report *r, const struct place *p, const char *name)
{
	well(r, "card", name, _("the card in it is known: %s"), _(p->tokens[0].card->profile->family->name));
}

static void report_foreign(struct report *r, const char *name, bool other)
{
	char *known = families_text();

	if (other)
		note(r, "card-foreign", name, _("the card in it is none that Inkan knows (%s)"), known ? known : "");
	else
		problem(r, "card-foreign", name, _("the card in it is none that Inkan knows (%s)"), known ? known : "");
	remedy(r, _("See that it is the right card."));
	free(known);
}

static void report_refused(struct report *r, const char *name)
{
	problem(r, "card-refused", name, _("the smartcard service lets you see the reader, but not use the card"));
	remedy(r, _("Log in at the machine itself, or ask its administrator to allow you "
	            "org.debian.pcsc-lite.access_card (polkit)."));
}

static void report_broken(struct report *r, const char *name, enum error e)
{
	problem(r, "card-broken", name, _("the card in it could not be read: %s"), _(error_text(e)));
	remedy(r, _("Take the card out, put it in again (a contactless one must lie still), and run this again."));
}

static void report_failure(struct report *r, const char *name, enum error e, bool other)
{
	switch (e) {
	case E_OK:
	case E_NO_CARD: /* told once, for all readers */
		break;
	case E_FOREIGN:
		report_foreign(r, name, other);
		break;
	case E_MUTE:
		problem(r, "card-mute", name, _("the card in it does not answer"));
		remedy(r, _("Take it out, see that the chip is clean and on the right side, and put it in again."));
		break;
	case E_BUSY:
		problem(r, "card-busy", name, _("another program holds the card in it for itself"));
		remedy(r, _("Close that program (a browser, a medical or tax application), or wait until it is done."));
		break;
	case E_DENIED:
	case E_NO_SERVICE: /* it answered before: polkit ends such a connection */
		report_refused(r, name);
		break;
	default:
		report_broken(r, name, e);
	}
}

void check_cards(struct doctor *d)
{
	struct report *r = &d->report;
	size_t known = 0, inside = 0;

	for (size_t i = 0; i < d->find.n; i++) {
		known += d->find.places[i].n > 0;
		inside += d->find.places[i].error != E_NO_CARD;
	}
	for (size_t i = 0; i < d->find.n; i++) {
		const struct place *p = &d->find.places[i];
		char name[READER_NAME_MAX];

		report_reader_name(p->state.name, name, sizeof name);
		if (p->n > 0)
			report_card(r, p, name);
		report_failure(r, name, p->error, known > 0);
	}
	if (d->find.n > 0 && inside == 0) {
		problem(r, "card-none", "", _("there is no card in any reader"));
		remedy(r, _("Put the card in, chip first, or lay it on a contactless reader, and run this again."));
	}
}

/* ---- PINs */

static void report_pin(struct report *r, const struct token *t)
{
	const struct card *card = t->card;
	const char *name = token_text(card->profile);
	const char *word = token_is(t, USE_SIGN) ? "sign" : "auth";
	int tries = card->pin.tries;

	if (tries < 0) {
		note(r, "pin-unknown", name, _("how many PIN tries are left could not be read"));
		remedy(r, _("Take the card out, put it in again, and run this again."));
	} else if (tries == 0) {
		problem(r, "pin-locked", name, _("the PIN is locked"));
		remedy(r, "%s", _(card->profile->family->pin_office));
	} else if (tries == 1) {
		problem(r, "pin-last-try", name, _("one PIN try is left; programs are kept from using it"));
		remedy(r,
		       _("If you are sure of the PIN: inkan pin verify --token %s --last-try. A wrong one locks it."),
		       word);
	} else if (tries < card->profile->pin.tries && tries <= 3) {
		note(r, "pin-low", name, P_("%d PIN try is left", "%d PIN tries are left", (unsigned long)tries),
		     tries);
		remedy(r, _("The right PIN brings all tries back: inkan pin verify --token %s"), word);
	} else {
		well(r, "pin", name, P_("%d PIN try is left", "%d PIN tries are left", (unsigned long)tries), tries);
	}
}

void check_pins(struct doctor *d)
{
	for (size_t i = 0; i < d->find.n; i++)
		for (size_t k = 0; k < d->find.places[i].n; k++)
			report_pin(&d->report, &d->find.places[i].tokens[k]);
}

/* ---- Certificates */

static void report_unread(struct report *r, const struct token *t)
{
	const char *name = token_text(t->card->profile);

	if (t->cert_error == E_SECURITY) {
		well(r, "certificate", name, _("the certificate is behind the PIN and was not looked at"));
		return;
	}
	problem(r, "certificate-unreadable", name, _("the certificate could not be read: %s"),
	        _(error_text(t->cert_error)));
	remedy(r, "%s", _(t->card->profile->family->renewal));
}

#define DATE_SIZE (FACT_TIME_SIZE + 3)

/* " (2030-03-31)", or nothing. */
static void put_date(const struct token *t, const ASN1_TIME *time, char out[DATE_SIZE])
{
	char date[FACT_TIME_SIZE];

	out[0] = '\0';
	if (!t->card->profile->family->personal && fact_local_time(time, true, date))
		snprintf(out, DATE_SIZE, " (%s)", date);
}

static bool ends_soon(const struct doctor *d, const struct cert *cert)
{
	time_t then = d->now + ENDS_SOON;

	return X509_cmp_time(X509_get0_notAfter(cert->x509), &then) < 0;
}

static void report_validity(struct doctor *d, const struct token *t)
{
	struct report *r = &d->report;
	const char *name = token_text(t->card->profile);
	char from[DATE_SIZE], until[DATE_SIZE];
	int now = fact_validity(t->cert);

	put_date(t, X509_get0_notBefore(t->cert->x509), from);
	put_date(t, X509_get0_notAfter(t->cert->x509), until);
	if (now > 0) {
		problem(r, "certificate-expired", name, _("the certificate has ended%s"), until);
		remedy(r, "%s", _(t->card->profile->family->renewal));
	} else if (now < 0) {
		problem(r, "certificate-not-yet", name, _("the certificate is not valid yet%s"), from);
		remedy(r, _("See that the clock of this machine is right: timedatectl"));
	} else if (ends_soon(d, t->cert)) {
		note(r, "certificate-ending", name, _("the certificate ends within 30 days%s"), until);
		remedy(r, "%s", _(t->card->profile->family->renewal));
	} else {
		well(r, "certificate", name, _("the certificate is valid by its dates%s"), until);
	}
}

static void report_level(struct report *r, const struct token *t)
{
	if (t->cert->kind == CERT_UNKNOWN || t->cert->production)
		return;
	note(r, "certificate-test", token_text(t->card->profile),
	     _("this is a test certificate: it proves nothing about anybody"));
	remedy(r, _("Use it for tests only; for real work take the card that was issued to you."));
}

void check_certificates(struct doctor *d)
{
	for (size_t i = 0; i < d->find.n; i++)
		for (size_t k = 0; k < d->find.places[i].n; k++) {
			struct token *t = &d->find.places[i].tokens[k];

			if (!t->cert) {
				report_unread(&d->report, t);
				continue;
			}
			report_validity(d, t);
			report_level(&d->report, t);
		}
}
