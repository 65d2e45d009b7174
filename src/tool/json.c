/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/evp.h>
#include "facts.h"
#include "say.h"
#include "show.h"

json_t *json_text(const char *text)
{
	json_t *json = json_string(text);
	char *fixed = json ? NULL : malloc(3 * strlen(text) + 1);
	size_t n = 0;

	if (!fixed)
		return json;
	for (; *text; text++)
		if (*text & 0x80)
			n += (size_t)sprintf(fixed + n, "\xEF\xBF\xBD");
		else
			fixed[n++] = *text;
	fixed[n] = '\0';
	json = json_string(fixed);
	free(fixed);
	return json;
}

/* Sets it when there is something to set, and frees the text. */
static void set_owned(json_t *object, const char *key, char *text)
{
	if (text)
		json_object_set_new(object, key, json_text(text));
	free(text);
}

static void set_text(json_t *object, const char *key, const char *text)
{
	if (text)
		json_object_set_new(object, key, json_text(text));
}

static json_t *facts(const struct cert *cert)
{
	json_t *json = json_object(), *usages = json_array();
	char hex[2 * sizeof cert->sha256 + 1], from[FACT_TIME_SIZE], to[FACT_TIME_SIZE];
	const char *word, *text;

	for (size_t i = 0; i < sizeof cert->sha256; i++)
		snprintf(hex + 2 * i, 3, "%02x", cert->sha256[i]);
	set_text(json, "sha256", hex);
	if (fact_time(X509_get0_notBefore(cert->x509), from) && fact_time(X509_get0_notAfter(cert->x509), to)) {
		set_text(json, "not_before", from);
		set_text(json, "not_after", to);
	}
	for (unsigned i = 0; fact_key_usage(cert, i, &word, &text); i++)
		json_array_append_new(usages, json_string(word));
	json_object_set_new(json, "key_usage", usages);
	set_owned(json, "issuer", fact_dn(X509_get_issuer_name(cert->x509)));
	json_object_set_new(json, "ca", json_boolean(cert->ca));
	return json;
}

static json_t *profile(const struct cert *cert)
{
	json_t *json = json_object();

	set_text(json, "kind", cert->profile->word);
	json_object_set_new(json, "policy_oid", cert->policy[0] ? json_string(cert->policy) : json_null());
	json_object_set_new(json, "production", json_boolean(cert->production));
	return json;
}

static char *base64(struct bytes in)
{
	char *text = malloc(4 * ((in.len + 2) / 3) + 1);

	if (text)
		EVP_EncodeBlock((unsigned char *)text, in.data, (int)in.len);
	return text;
}

static json_t *roles(const struct cert *cert)
{
	json_t *list = json_array();

	for (size_t i = 0; i < cert->roles.n; i++) {
		const struct hcrole *role = &cert->roles.list[i];
		json_t *json = json_object();

		set_text(json, "text", role->text);
		set_text(json, "coding_scheme", role->coding_scheme);
		set_text(json, "code", role->code);
		set_owned(json, "der", base64(role->der));
		json_array_append_new(list, json);
	}
	return list;
}

static void set_jpki_person(json_t *json, const struct cert *cert)
{
	struct jpki_person p;
	const char *era;
	char iso[11];
	int year;

	if (jpki_person_read(cert, &p) != E_OK)
		return;
	set_text(json, "name", p.name);
	set_text(json, "name_substitutes", p.name_substitutes);
	set_text(json, "sex", p.sex);
	set_text(json, "birth", p.birth);
	if (p.birth && jpki_date(p.birth, iso, &era, &year))
		set_text(json, "birth_date", iso);
	set_text(json, "address", p.address);
	set_text(json, "address_substitutes", p.address_substitutes);
	jpki_person_free(&p);
}

static json_t *person(const struct cert *cert)
{
	json_t *json = json_object();

	if (cert->profile->person_in_san) {
		set_jpki_person(json, cert);
	} else if (!cert->profile->family->personal) {
		set_owned(json, "name", fact_subject_part(cert, NID_commonName));
		set_owned(json, "japanese_name", fact_japanese_name(cert));
		set_owned(json, "organisation", fact_subject_part(cert, NID_organizationName));
		set_owned(json, "id", fact_subject_part(cert, NID_serialNumber));
	}
	set_owned(json, "subject", fact_dn(X509_get_subject_name(cert->x509)));
	set_owned(json, "serial", fact_serial(cert));
	return json;
}

json_t *json_certificate(const struct cert *cert, bool identity)
{
	json_t *json = json_object();

	json_object_set_new(json, "version", json_integer(1));
	json_object_set_new(json, "certificate", facts(cert));
	json_object_set_new(json, "profile", profile(cert));
	json_object_set_new(json, "roles", roles(cert));
	if (cert->roles_broken)
		json_object_set_new(json, "roles_malformed", json_true());
	if (identity)
		json_object_set_new(json, "person", person(cert));
	return json;
}

json_t *json_token(const struct token *t)
{
	const struct card_pin *p = &t->card->pin;
	json_t *json = json_object(), *pin = json_object();

	set_text(json, "label", t->card->profile->name);
	set_text(json, "reader", t->card->reader);
	set_text(json, "serial", t->card->serial);
	json_object_set_new(pin, "tries_left", p->tries < 0 ? json_null() : json_integer(p->tries));
	json_object_set_new(pin, "min", json_integer(p->rule.min));
	json_object_set_new(pin, "max", json_integer(p->rule.max));
	json_object_set_new(json, "pin", pin);
	return json;
}

enum exit_code json_print(json_t *json)
{
	int done = json ? json_dumpf(json, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII) : -1;

	json_decref(json);
	if (done != 0) {
		complain(_("The JSON could not be written."));
		return ferror(stdout) ? EXIT_OUTPUT : EXIT_INTERNAL;
	}
	putchar('\n');
	return EXIT_DONE;
}
