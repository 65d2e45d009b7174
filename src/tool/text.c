/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "cert/jpki_san.h"
#include "facts.h"
#include "say.h"
#include "show.h"

/* Prints and frees; nothing when there is nothing. */
static void put_owned(const char *label, char *value)
{
	if (value && value[0])
		put_field(label, "%s", value);
	free(value);
}

static char *join(char *so_far, char *more)
{
	char *both = NULL;

	if (!so_far)
		return more;
	if (more && asprintf(&both, "%s, %s", so_far, more) < 0)
		both = NULL;
	free(so_far);
	free(more);
	return both;
}

char *text_roles(const struct cert *cert)
{
	char *all = NULL;

	for (size_t i = 0; i < cert->roles.n; i++)
		all = join(all, fact_role_text(&cert->roles.list[i]));
	return all;
}

static char *holder_name(const struct cert *cert)
{
	char *name = fact_subject_part(cert, NID_commonName);

	/* the Ministry's root has no CN */
	return name ? name : fact_subject_part(cert, NID_organizationalUnitName);
}

char *text_headline(const struct cert *cert)
{
	char *name = cert->profile->family->personal ? NULL : holder_name(cert), *roles;

	if (!name)
		return strdup(fact_kind_text(cert));
	roles = text_roles(cert);
	return roles ? join(name, roles) : name;
}

bool jpki_date(const char *birth, char iso[11], const char **era, int *era_year)
{
	static const struct {
		const char *name;
		int before; /* the year before its first */
	} eras[] = {{NULL, 0},
	            {N_("Meiji"), 1867},
	            {N_("Taisho"), 1911},
	            {N_("Showa"), 1925},
	            {N_("Heisei"), 1988},
	            {N_("Reiwa"), 2018}};

	if (strlen(birth) != 9 || strspn(birth, "0123456789") != 9 || birth[0] > '5')
		return false;
	snprintf(iso, 11, "%.4s-%.2s-%.2s", birth + 1, birth + 5, birth + 7);
	*era = eras[birth[0] - '0'].name;
	*era_year = atoi(iso) - eras[birth[0] - '0'].before;
	return true;
}

static void put_birth(const char *birth)
{
	const char *era;
	char iso[11];
	int year;

	if (!jpki_date(birth, iso, &era, &year))
		put_field(_("Born"), "%s", birth);
	else if (era)
		put_field(_("Born"), _("%s (%s, year %d)"), iso, _(era), year);
	else
		put_field(_("Born"), "%s", iso);
	mem_wipe(iso, sizeof iso);
}

static const char *sex_text(const char *code)
{
	return strcmp(code, "1") == 0 ? _("male") : strcmp(code, "2") == 0 ? _("female") :
	       strcmp(code, "9") == 0 ? _("not applicable") : code;
}

static void put_person(const struct cert *cert)
{
	struct jpki_person p;

	if (jpki_person_read(cert, &p) != E_OK) {
		put_field(_("Person"), "%s", _("the entries about the holder are malformed"));
		return;
	}
	if (p.name)
		put_field(_("Name"), "%s", p.name);
	if (p.birth)
		put_birth(p.birth);
	if (p.sex)
		put_field(_("Sex"), "%s", sex_text(p.sex));
	if (p.address)
		put_field(_("Address"), "%s", p.address);
	if ((p.name_substitutes && strchr(p.name_substitutes, '1')) ||
	    (p.address_substitutes && strchr(p.address_substitutes, '1')))
		put_field(_("Note"), "%s", _("some characters stand in for ones that the card cannot write"));
	jpki_person_free(&p);
}

static void put_holder(const struct cert *cert, bool identity)
{
	if (!cert->profile->family->personal) {
		put_owned(_("Holder"), holder_name(cert));
		put_owned(_("In Japanese"), fact_japanese_name(cert));
		put_owned(_("Organisation"), fact_subject_part(cert, NID_organizationName));
	} else if (!identity) {
		put_field(_("Holder"), "%s", _("not shown (--identity shows it)"));
	} else if (cert->profile->person_in_san) {
		put_person(cert);
	}
	if (identity) {
		put_owned(_("Subject"), fact_dn(X509_get_subject_name(cert->x509)));
		put_owned(_("Serial number"), fact_serial(cert));
	}
}

static void put_roles(const struct cert *cert)
{
	for (size_t i = 0; i < cert->roles.n; i++)
		put_owned(_("Role (hcRole)"), fact_role_text(&cert->roles.list[i]));
	if (cert->roles_broken)
		put_field(_("Role (hcRole)"), "%s", _("malformed; it proves no role"));
}

static void put_validity(const struct cert *cert)
{
	int now = fact_validity(cert);
	char from[FACT_TIME_SIZE], to[FACT_TIME_SIZE];

	if (!fact_local_time(X509_get0_notBefore(cert->x509), false, from) ||
	    !fact_local_time(X509_get0_notAfter(cert->x509), false, to))
		return;
	put_field(_("Valid from"), "%s%s", from, now < 0 ? _(" (NOT YET VALID)") : "");
	put_field(_("Valid until"), "%s%s", to, now > 0 ? _(" (EXPIRED)") : "");
}

static void put_usage(const struct cert *cert)
{
	const char *word, *text;
	char *all = NULL;

	for (unsigned i = 0; fact_key_usage(cert, i, &word, &text); i++)
		all = join(all, strdup(text));
	put_owned(_("Key usage"), all);
	if (cert->key.pkey)
		put_field(_("Key"), _("%s, %d bits"), EVP_PKEY_get0_type_name(cert->key.pkey),
			  (int)cert->key.bits);
}

static void put_fingerprint(const struct cert *cert)
{
	char text[sizeof cert->sha256 * 3 + 1];

	for (size_t i = 0; i < sizeof cert->sha256; i++)
		snprintf(text + 3 * i, 4, "%02X:", cert->sha256[i]);
	text[sizeof text - 2] = '\0';
	put_field(_("SHA-256"), "%s", text);
}

void text_certificate(const struct cert *cert, bool identity)
{
	char *headline = text_headline(cert);

	if (headline)
		put_text(stdout, headline);
	putchar('\n');
	free(headline);
	put_holder(cert, identity);
	put_roles(cert);
	put_field(_("Certificate"), "%s", fact_kind_text(cert));
	if (cert->kind != CERT_UNKNOWN)
		put_field(_("Policy"), "%s (%s)", cert->policy,
			  cert->production ? _("production") : _("TEST: it proves nothing about anybody"));
	put_owned(_("Issuer"), fact_dn(X509_get_issuer_name(cert->x509)));
	put_validity(cert);
	put_usage(cert);
	put_fingerprint(cert);
	put_field(_("Verified"), "%s", _("no; this is what the certificate says of itself"));
}
