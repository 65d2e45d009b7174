/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lib/object.h"
#include "say.h"
#include "show.h"

/* ---- Words */

bool key_usage_names(unsigned bit, const char **word, const char **text)
{
	static const struct {
		const char *word, *text;
	} usages[] = {
		{"digitalSignature", N_("digital signature (login)")},
		{"nonRepudiation", N_("non-repudiation (signing documents)")},
		{"keyEncipherment", N_("key encipherment")},
		{"dataEncipherment", N_("data encipherment")},
		{"keyAgreement", N_("key agreement")},
		{"keyCertSign", N_("signing certificates")},
		{"cRLSign", N_("signing revocation lists")},
		{"encipherOnly", N_("encipher only")},
		{"decipherOnly", N_("decipher only")},
	};

	if (bit >= sizeof usages / sizeof *usages)
		return false;
	*word = usages[bit].word;
	*text = _(usages[bit].text);
	return true;
}

const char *crl_reason_name(int reason, const char **text)
{
	static const struct {
		const char *name, *text;
	} reasons[] = {
		{"unspecified", N_("no reason stated")},
		{"keyCompromise", N_("the key is in other hands")},
		{"cACompromise", N_("the CA's key is in other hands")},
		{"affiliationChanged", N_("name or affiliation has changed")},
		{"superseded", N_("another certificate replaces it")},
		{"cessationOfOperation", N_("it is no longer needed")},
		{"certificateHold", N_("suspended")},
		{NULL, NULL},
		{"removeFromCRL", N_("no longer suspended")},
		{"privilegeWithdrawn", N_("the licence or privilege was withdrawn")},
		{"aACompromise", N_("the attribute authority's key is in other hands")},
	};
	bool known = reason >= 0 && (size_t)reason < sizeof reasons / sizeof *reasons && reasons[reason].name;

	*text = _(reasons[known ? reason : 0].text);
	return known ? reasons[reason].name : NULL;
}

/* The names that certificates are known to state; any other stands as it is. */
const char *role_name(const char *role)
{
	static const char *const known[] = {
		N_("Medical Doctor"),
		N_("Pharmacist"),
		N_("Dentist"),
		N_("Medical Technologist"),
		N_("Radiological Technologist"),
		N_("Director of Hospital"),
		N_("Director of Clinic"),
	};

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (strcmp(role, known[i]) == 0)
			return _(known[i]);
	return role;
}

/* ---- The certificate */

static void put_some(put_function *put, const char *label, const char *value)
{
	if (value && value[0])
		put(label, "%s", value);
}

static void put_birth(put_function *put, const struct inkan_person *p)
{
	static const struct {
		const char *name;
		int before; /* the year before its first */
	} eras[] = {{NULL, 0},           {N_("Meiji"), 1867},  {N_("Taisho"), 1911},
	            {N_("Showa"), 1925}, {N_("Heisei"), 1988}, {N_("Reiwa"), 2018}};
	const char *stored = inkan_person_get(p, INKAN_PERSON_BIRTH);
	const char *date = inkan_person_get(p, INKAN_PERSON_BIRTH_DATE);

	if (date && stored[0] > '0')
		put(_("Born"), _("%s (%s, year %d)"), date, _(eras[stored[0] - '0'].name),
		    atoi(date) - eras[stored[0] - '0'].before);
	else
		put_some(put, _("Born"), date ? date : stored);
}

static void put_jpki_person(put_function *put, const struct inkan_person *p)
{
	const char *sex = inkan_person_get(p, INKAN_PERSON_SEX);
	const char *name = inkan_person_get(p, INKAN_PERSON_NAME_SUBSTITUTES);
	const char *address = inkan_person_get(p, INKAN_PERSON_ADDRESS_SUBSTITUTES);

	if (inkan_person_malformed(p))
		put(_("Holder"), "%s", _("the entries about the holder are malformed"));
	put_some(put, _("Holder"), inkan_person_get(p, INKAN_PERSON_NAME));
	put_birth(put, p);
	if (sex)
		put(_("Sex"), "%s",
		    strcmp(sex, "1") == 0   ? _("male")
		    : strcmp(sex, "2") == 0 ? _("female")
		    : strcmp(sex, "9") == 0 ? _("not applicable")
		                            : sex);
	put_some(put, _("Address"), inkan_person_get(p, INKAN_PERSON_ADDRESS));
	if ((name && strchr(name, '1')) || (address && strchr(address, '1')))
		put(_("Note"), "%s", _("some characters stand in for ones that the card cannot write"));
}

void text_holder(put_function *put, const struct inkan_cert *cert, bool identity)
{
	struct inkan_person *p = NULL;
	const char *name, *japanese;

	if (inkan_cert_is_ca(cert)) {
		put(_("CA"), "%s", ca_text(cert));
		return;
	}
	if (!inkan_cert_is_personal(cert) || identity)
		if (inkan_person_new(cert, &p) != INKAN_OK)
			mark_incomplete();
	name = inkan_person_get(p, INKAN_PERSON_NAME);
	japanese = inkan_person_get(p, INKAN_PERSON_JAPANESE_NAME);
	if (!p)
		put(_("Holder"), "%s", _("not shown (--identity shows it)"));
	else if (inkan_cert_is_personal(cert))
		put_jpki_person(put, p);
	else
		put(_("Holder"), "%s", japanese ? japanese : name ? name : _("no name"));
	if (japanese && name && strcmp(japanese, name) != 0)
		put(_("Common name"), "%s", name);
	put_some(put, _("Organisation"), inkan_person_get(p, INKAN_PERSON_ORGANISATION));
	for (size_t i = 0; i < inkan_role_count(cert); i++) {
		const char *role = inkan_role_text(cert, i), *translated = role_name(role);

		if (strcmp(role, translated) == 0)
			put(_("Role"), "%s", role);
		else
			put(_("Role"), _("%s (%s)"), translated, role);
	}
	if (inkan_roles_malformed(cert))
		put(_("Role"), "%s",
		    inkan_role_count(cert) > 0 ? _("another one is malformed; it proves no role")
		                               : _("malformed; it proves no role"));
	else if (inkan_role_count(cert) == 0)
		put(_("Role"), "%s", _("none"));
	if (identity) {
		put_some(put, _("Subject"), inkan_person_get(p, INKAN_PERSON_SUBJECT));
		put_some(put, _("Serial number"), inkan_person_get(p, INKAN_PERSON_SERIAL));
	}
	inkan_person_free(&p);
}

void text_certificate(const struct inkan_cert *cert, bool identity)
{
	time_t from = (time_t)inkan_cert_not_before(cert), until = (time_t)inkan_cert_not_after(cert), now = time(NULL);
	char text[LOCAL_TIME_SIZE], usages[512] = "", print[3 * 32 + 1];
	const char *word, *usage;

	put_text(stdout, inkan_cert_profile_text(cert));
	putchar('\n');
	text_holder(put_field, cert, identity);
	if (inkan_cert_policy(cert)[0])
		put_field(_("Policy"), _("%s (%s)"), inkan_cert_policy(cert),
		          inkan_cert_is_production(cert) ? _("production")
		                                         : _("TEST: it proves nothing about anybody"));
	put_field(_("Issuer"), "%s", issuer_text(cert));
	put_field(_("Valid from"), "%s%s", time_text(from, false, text), now < from ? _(" (NOT YET VALID)") : "");
	put_field(_("Valid until"), "%s%s", time_text(until, false, text), now > until ? _(" (EXPIRED)") : "");
	for (unsigned bit = 0; key_usage_names(bit, &word, &usage); bit++)
		if (inkan_cert_key_usage(cert) & 1U << bit)
			snprintf(usages + strlen(usages), sizeof usages - strlen(usages), "%s%s", usages[0] ? ", " : "",
			         usage);
	put_some(put_field, _("Key usage"), usages);
	if (inkan_cert_key_bits(cert) > 0)
		put_field(_("Key"), _("%s, %d bits"), inkan_cert_key_type(cert), inkan_cert_key_bits(cert));
	for (size_t i = 0; i < 32; i++)
		snprintf(print + 3 * i, 4, "%02X:", inkan_cert_sha256(cert)[i]);
	print[sizeof print - 2] = '\0';
	put_field(_("SHA-256"), "%s", print);
	put_field(_("Verified"), "%s", _("no; this is what the certificate says of itself (see: inkan verify)"));
}

const char *issuer_text(const struct inkan_cert *cert)
{
	const char *name = inkan_cert_issuer(cert);

	if (!cert->texts->issuer)
		mark_incomplete();
	return name;
}

const char *ca_text(const struct inkan_cert *ca)
{
	const char *name = inkan_cert_subject(ca);

	if (inkan_cert_is_ca(ca) && !ca->texts->subject)
		mark_incomplete();
	return name;
}

/* ---- The decision */

/* Whose list is missing, and where to get it. */
static char *list_advice(const struct inkan_decision *d, const struct inkan_status_info *info)
{
	const struct inkan_cert *cert = inkan_decision_cert(d, info->about);
	const char *url = inkan_cert_list_url(cert, 0), *issuer = issuer_text(cert);
	char *text = NULL;
	int n;

	if (strcmp(info->why_word, "not-permitted") == 0)
		return strdup(_("Only registered verifiers can know this; --status prefer does not ask for it."));
	if (strcmp(info->why_word, "bad-clock") == 0 || strcmp(info->why_word, "future") == 0)
		return strdup(_("See that the clock of this machine is right."));
	if (strcmp(info->why_word, "no-list") != 0)
		n = asprintf(&text, _("Fetch the revocation lists of %s: inkan status refresh"), issuer);
	else if (url)
		n = asprintf(&text, _("Fetch the revocation list of %s: inkan status add %s; inkan status refresh"),
		             issuer, url);
	else
		n = asprintf(&text, _("Get the revocation list of %s from that CA: inkan status import FILE"), issuer);
	return n < 0 ? NULL : text;
}

char *decision_advice(const struct inkan_decision *d)
{
	static const char *const stranger = N_("Do not accept it.");
	static const struct {
		const char *reason, *advice;
	} rows[] = {
		{"policy", N_("Ask for a certificate of an HPKI card or a My Number Card.")},
		{"usage", N_("Ask for the holder's other certificate: there is one for login and one for signatures.")},
		{"is-ca", N_("Ask for the holder's certificate; this is one of a CA.")},
		{"revoked", N_("Do not accept it; the holder needs a new certificate.")},
		{"invalid", N_("Do not accept it; the signature was made when the certificate was no longer valid.")},
		{"on-hold", N_("Do not accept it; the holder can ask the issuer to end the suspension.")},
		{"not-yet-valid", N_("See that the clock of this machine is right; the certificate is for later.")},
		{"expired", N_("See that the clock of this machine is right; the holder needs a new certificate.")},
		{"test-certificate", N_("If you are testing software: --allow-test")},
		{"roles-malformed", N_("Ask the issuer: the roles in this certificate are malformed.")},
		{"role", N_("Ask for a certificate with a role that is asked for.")},
	};
	struct inkan_status_info info = {.size = sizeof info};
	const char *reason = inkan_decision_reason(d, 0), *missing = inkan_decision_missing_issuer(d);
	char *text = NULL;

	if (!reason)
		return NULL;
	if (strcmp(reason, "no-issuer") == 0 || strcmp(reason, "no-anchor") == 0)
		return asprintf(&text, _("Install the certificate of %s: inkan trust add FILE"),
		                missing ? missing : "") < 0
		               ? NULL
		               : text;
	inkan_decision_status(d, &info);
	if (strncmp(reason, "status-", 7) == 0)
		return list_advice(d, &info);
	if (strcmp(reason, "revoked") == 0 && info.about > 0)
		return asprintf(&text, _("Do not accept it: the CA %s was revoked."),
		                ca_text(inkan_decision_cert(d, info.about))) < 0
		               ? NULL
		               : text;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (strcmp(reason, rows[i].reason) == 0)
			return strdup(_(rows[i].advice));
	return strdup(_(stranger));
}

static void put_status(put_function *put, const struct inkan_status_info *s)
{
	static const char *const freshness[] = {N_("up to date"), N_("overdue, within the grace period"),
	                                        N_("out of date")};
	char from[LOCAL_TIME_SIZE], to[LOCAL_TIME_SIZE];
	const char *reason;

	if (s->result == INKAN_STATUS_UNKNOWN)
		put(_("Status"), _("unknown: %s"), s->why);
	else
		put(_("Status"), _("%s (%s)"),
		    s->result == INKAN_STATUS_GOOD      ? _("not revoked")
		    : s->result == INKAN_STATUS_REVOKED ? _("REVOKED")
		                                        : _("ON HOLD"),
		    _(freshness[s->freshness]));
	if (s->result == INKAN_STATUS_REVOKED || s->result == INKAN_STATUS_ON_HOLD) {
		crl_reason_name(s->reason, &reason);
		put(_("Revoked"), _("%s (%s)"), time_text((time_t)s->revoked, false, from), reason);
		if (s->invalid_from)
			put(_("Invalid from"), "%s", time_text((time_t)s->invalid_from, false, from));
	}
	if (s->this_update)
		put(_("List"), _("of %s, the next one due %s"), time_text((time_t)s->this_update, false, from),
		    s->next_update ? time_text((time_t)s->next_update, false, to) : _("at no stated time"));
}

void text_status(put_function *put, const struct inkan_decision *d)
{
	struct inkan_status_info info = {.size = sizeof info};

	if (inkan_decision_status(d, &info) == INKAN_OK)
		put_status(put, &info);
}

void text_decision(const struct inkan_cert *cert, const struct inkan_decision *d)
{
	struct inkan_status_info info = {.size = sizeof info};
	bool accepted = inkan_decision_verdict(d) == INKAN_VERDICT_ACCEPTED;
	char text[LOCAL_TIME_SIZE], *advice = decision_advice(d);
	const struct inkan_cert *ca;

	puts(accepted ? _("accepted") : _("REFUSED"));
	for (size_t i = 0; inkan_decision_reason(d, i); i++)
		put_field(_("Reason"), "%s", inkan_decision_reason_text(d, i));
	put_some(put_field, _("What to do"), advice);
	free(advice);
	if (inkan_decision_is_test(d))
		put_field(_("TEST"), "%s", _("a test certificate: it proves nothing about anybody"));
	text_holder(put_field, cert, false);
	put_field(_("Certificate"), "%s", inkan_cert_profile_text(cert));
	put_field(_("Decided for"), "%s", time_text((time_t)inkan_decision_at(d), false, text));
	if (inkan_decision_cert_status(d, 0, &info) == INKAN_OK)
		put_status(put_field, &info);
	else
		put_field(_("Status"), "%s", _("not looked at"));
	for (size_t i = 1; (ca = inkan_decision_cert(d, i)); i++) {
		put_field(i == 1 ? _("Issuer") : _("Above it"), "%s%s", ca_text(ca),
		          inkan_decision_is_anchor(d, i) ? _(" (anchor)") : "");
		if (inkan_decision_cert_status(d, i, &info) == INKAN_OK)
			put_status(put_subfield, &info);
	}
}
