/* SPDX-License-Identifier: BSD-2-Clause */
/* inkan trust list: what counts, and what lies there and does not. */
#include <stdio.h>
#include <stdlib.h>
#include "facts.h"
#include "lib/object.h"
#include "say.h"
#include "show.h"
#include "trust.h"

static json_t *ca_json(const struct trusted_ca *ca)
{
	const char *name = trust_known_name(ca->cert);
	char *subject = fact_dn(X509_get_subject_name(ca->cert->x509));
	json_t *json, *flaws = json_array();
	struct inkan_cert view;
	unsigned flaw;

	inkan_cert_view(ca->cert, &view);
	json = json_certificate(&view, false);
	cert_texts_free(view.texts);
	for (unsigned i = 0; (flaw = reason_next(ca->flaws, i)); i++)
		json_array_append_new(flaws, json_string(reason_word(flaw)));
	json_object_set_new(json, "subject", json_text(subject ? subject : ""));
	json_object_set_new(json, "file", json_text(ca->file));
	json_object_set_new(json, "anchor", json_boolean(ca->anchor));
	json_object_set_new(json, "sound", json_boolean(ca->sound));
	json_object_set_new(json, "flaws", flaws);
	json_object_set_new(json, "known_as", name ? json_text(name) : json_null());
	free(subject);
	return json;
}

static const char *word_of(enum error why)
{
	return why == E_DENIED ? "writable-by-others" : why == E_UNSUPPORTED ? "not-a-ca" :
	       why == E_FORMAT || why == E_TOO_LONG ? "no-certificate" : "unreadable";
}

static json_t *passed_json(const struct trust *trust)
{
	json_t *list = json_array();

	for (size_t i = 0; i < trust->n_passed; i++) {
		json_t *json = json_object();

		json_object_set_new(json, "file", json_text(trust->passed[i].path));
		json_object_set_new(json, "why", json_string(word_of(trust->passed[i].why)));
		json_array_append_new(list, json);
	}
	return list;
}

enum exit_code trust_list_json(const struct trust *trust)
{
	json_t *json = json_object(), *list = json_array();

	for (size_t i = 0; i < trust->n; i++)
		json_array_append_new(list, ca_json(trust->list[i]));
	json_object_set_new(json, "version", json_integer(1));
	json_object_set_new(json, "certificates", list);
	json_object_set_new(json, "passed_over", passed_json(trust));
	return json_print(json);
}

static void put_passed(const struct passed_over *p)
{
	putchar('\n');
	put_text(stdout, p->path);
	putchar('\n');
	put_field(_("Passed over"), "%s", _(passed_over_text(p->why)));
	if (p->why == E_DENIED)
		put_field(_("What helps"), "%s", _("chmod go-w, and chown where it is another user's"));
}

void trust_list_text(const struct trust *trust)
{
	for (size_t i = 0; i < trust->n; i++) {
		const struct trusted_ca *ca = trust->list[i];
		unsigned flaw;

		if (i > 0)
			putchar('\n');
		trust_put_certificate(ca->cert);
		put_field(_("Used as"), "%s", ca->anchor ? _("anchor") : _("part of chains"));
		put_field(_("File"), "%s", ca->file);
		for (unsigned k = 0; (flaw = reason_next(ca->flaws, k)); k++)
			put_field(_("NOT USABLE"), "%s", _(reason_text(flaw)));
	}
	if (trust->n == 0)
		printf("%s\n", _("No CA certificate is installed; inkan trust add FILE adds one."));
	for (size_t i = 0; i < trust->n_passed; i++)
		put_passed(&trust->passed[i]);
}
