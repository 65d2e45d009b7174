/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/evp.h>
#include "base/text.h"
#include "lib/object.h"
#include "say.h"
#include "show.h"

json_t *json_text(const char *text)
{
	json_t *json;
	char *fixed;
	size_t n = 0;

	if (!text)
		return json_null();
	if ((json = json_string(text)))
		return json;
	if (!(fixed = malloc(3 * strlen(text) + 1))) {
		mark_incomplete();
		return NULL;
	}
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

static void set_text(json_t *object, const char *key, const char *text)
{
	json_object_set_new(object, key, json_text(text));
}

/* "" and 0 are null. */
static void set_some(json_t *object, const char *key, const char *text)
{
	set_text(object, key, text[0] ? text : NULL);
}

static void set_time(json_t *object, const char *key, int64_t t)
{
	char text[TIME_TEXT_SIZE] = "";

	if (t)
		time_write((time_t)t, text);
	set_some(object, key, text);
}

static void set_sha256(json_t *object, const struct inkan_cert *cert)
{
	char hex[65];

	hex_write(inkan_cert_sha256(cert), 32, hex);
	set_text(object, "sha256", hex);
}

static json_t *facts(const struct inkan_cert *cert)
{
	json_t *json = json_object(), *usages = json_array();
	const char *word, *text;

	set_sha256(json, cert);
	set_time(json, "not_before", inkan_cert_not_before(cert));
	set_time(json, "not_after", inkan_cert_not_after(cert));
	for (unsigned bit = 0; key_usage_names(bit, &word, &text); bit++)
		if (inkan_cert_key_usage(cert) & 1U << bit)
			json_array_append_new(usages, json_string(word));
	json_object_set_new(json, "key_usage", usages);
	set_text(json, "issuer", issuer_text(cert));
	json_object_set_new(json, "ca", json_boolean(inkan_cert_is_ca(cert)));
	return json;
}

json_t *json_base64(const unsigned char *der, size_t n)
{
	char *text = malloc(4 * ((n + 2) / 3) + 1);
	json_t *json;

	if (!text)
		mark_incomplete();
	else
		EVP_EncodeBlock((unsigned char *)text, der, (int)n);
	json = json_text(text);
	free(text);
	return json;
}

static json_t *roles(const struct inkan_cert *cert)
{
	json_t *list = json_array();

	for (size_t i = 0; i < inkan_role_count(cert); i++) {
		json_t *json = json_object();
		const unsigned char *der;
		size_t n;

		der = inkan_role_der(cert, i, &n);
		set_text(json, "text", inkan_role_text(cert, i));
		set_text(json, "coding_scheme", inkan_role_scheme(cert, i));
		if (inkan_role_code(cert, i))
			set_text(json, "code", inkan_role_code(cert, i));
		json_object_set_new(json, "der", json_base64(der, n));
		json_array_append_new(list, json);
	}
	return list;
}

static json_t *person(const struct inkan_cert *cert)
{
	static const char *const keys[] = {[INKAN_PERSON_NAME] = "name",
	                                   [INKAN_PERSON_JAPANESE_NAME] = "japanese_name",
	                                   [INKAN_PERSON_ID] = "id",
	                                   [INKAN_PERSON_ORGANISATION] = "organisation",
	                                   [INKAN_PERSON_SUBJECT] = "subject",
	                                   [INKAN_PERSON_SERIAL] = "serial",
	                                   [INKAN_PERSON_BIRTH] = "birth",
	                                   [INKAN_PERSON_BIRTH_DATE] = "birth_date",
	                                   [INKAN_PERSON_SEX] = "sex",
	                                   [INKAN_PERSON_ADDRESS] = "address",
	                                   [INKAN_PERSON_NAME_SUBSTITUTES] = "name_substitutes",
	                                   [INKAN_PERSON_ADDRESS_SUBSTITUTES] = "address_substitutes"};
	struct inkan_person *p;
	json_t *json = json_object();

	if (inkan_person_new(cert, &p) != INKAN_OK)
		mark_incomplete();
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		const char *text = inkan_person_get(p, (enum inkan_person_field)i);

		if (text)
			set_text(json, keys[i], text);
	}
	inkan_person_free(&p);
	return json;
}

json_t *json_certificate(const struct inkan_cert *cert, bool identity)
{
	json_t *json = json_object(), *profile = json_object(), *malformed = json_array();
	const unsigned char *der;
	size_t n;

	json_object_set_new(json, "version", json_integer(1));
	json_object_set_new(json, "certificate", facts(cert));
	set_text(profile, "kind", inkan_cert_profile_word(cert));
	set_some(profile, "policy_oid", inkan_cert_policy(cert));
	json_object_set_new(profile, "production", json_boolean(inkan_cert_is_production(cert)));
	json_object_set_new(json, "profile", profile);
	json_object_set_new(json, "roles", roles(cert));
	for (size_t i = 0; (der = inkan_role_malformed_der(cert, i, &n)); i++)
		json_array_append_new(malformed, json_base64(der, n));
	if (inkan_roles_malformed(cert)) {
		json_object_set_new(json, "roles_malformed", json_true());
		json_object_set(json, "malformed_roles", malformed);
	}
	json_decref(malformed);
	if (identity)
		json_object_set_new(json, "person", person(cert));
	return json;
}

static json_t *list_urls(const struct inkan_cert *cert)
{
	json_t *list = json_array();
	const char *url;

	for (size_t i = 0; (url = inkan_cert_list_url(cert, i)); i++)
		json_array_append_new(list, json_text(url));
	if (!cert->texts->urls)
		mark_incomplete();
	return list;
}

static json_t *status(const struct inkan_status_info *s)
{
	static const char *const freshnesses[] = {"fresh", "stale", "expired"};
	json_t *json = json_object();
	const char *text;

	set_text(json, "result", inkan_status_word(s->result));
	set_text(json, "freshness", s->this_update ? freshnesses[s->freshness] : NULL);
	set_some(json, "source", s->source);
	set_time(json, "this_update", s->this_update);
	set_time(json, "next_update", s->next_update);
	set_some(json, "crl_number", s->crl_number);
	if (s->result == INKAN_STATUS_UNKNOWN)
		set_text(json, "why", s->why_word);
	if (s->result == INKAN_STATUS_REVOKED || s->result == INKAN_STATUS_ON_HOLD) {
		set_time(json, "revoked", s->revoked);
		json_object_set_new(json, "reason", s->reason < 0 ? json_null() : json_integer(s->reason));
		set_text(json, "reason_name", crl_reason_name(s->reason, &text));
		set_time(json, "invalid_from", s->invalid_from);
	}
	return json;
}

void json_add_decision(json_t *json, const struct inkan_decision *d, bool identity, bool decided)
{
	json_t *chain = json_array(), *certificates = json_array(), *reasons = json_array();
	struct inkan_status_info info = {.size = sizeof info};
	const struct inkan_cert *cert;
	bool looked = false, accepted = inkan_decision_verdict(d) == INKAN_VERDICT_ACCEPTED;
	char *advice;

	for (size_t i = 0; (cert = inkan_decision_cert(d, i)); i++) {
		json_t *ca = json_object(), *each = json_object();
		bool one = inkan_decision_cert_status(d, i, &info) == INKAN_OK;
		const char *subject = i > 0 ? ca_text(cert) : NULL;
		struct inkan_person *p = NULL;

		looked |= one;
		if (i == 0 && identity && inkan_person_new(cert, &p) == INKAN_OK)
			subject = inkan_person_get(p, INKAN_PERSON_SUBJECT);
		set_text(each, "subject", subject);
		set_text(each, "issuer", issuer_text(cert));
		set_sha256(each, cert);
		json_object_set_new(each, "status", one ? status(&info) : json_null());
		json_object_set_new(each, "list_urls", list_urls(cert));
		json_array_append_new(certificates, each);
		set_text(ca, "subject", subject);
		set_sha256(ca, cert);
		set_time(ca, "not_after", inkan_cert_not_after(cert));
		json_object_set_new(ca, "anchor", json_boolean(inkan_decision_is_anchor(d, i)));
		if (i > 0)
			json_array_append(chain, ca);
		json_decref(ca);
		inkan_person_free(&p);
	}
	json_object_set_new(json, "chain", chain);
	json_object_set_new(json, "certificates", certificates);
	set_text(json, "missing_issuer", inkan_decision_missing_issuer(d));
	json_object_set_new(json, "test_certificate", json_boolean(inkan_decision_is_test(d)));
	inkan_decision_status(d, &info);
	json_object_set_new(json, "status", looked ? status(&info) : json_null());
	if (looked)
		json_object_set_new(json_object_get(json, "status"), "about", json_integer((json_int_t)info.about));
	if (decided) {
		for (size_t i = 0; inkan_decision_reason(d, i); i++)
			json_array_append_new(reasons, json_string(inkan_decision_reason(d, i)));
		set_time(json, "at", inkan_decision_at(d));
		set_text(json, "decision", accepted ? "accepted" : "refused");
		json_object_set(json, "reasons", reasons);
		advice = decision_advice(d);
		set_text(json, "advice", advice);
		free(advice);
	}
	json_decref(reasons);
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
