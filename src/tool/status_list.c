/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "show.h"
#include "status_verb.h"

static const struct {
	enum crl_defect bit;
	const char *word;
} defects[] = {{CRL_DELTA, "delta"},
               {CRL_INDIRECT, "indirect"},
               {CRL_CRITICAL, "critical-extension"},
               {CRL_NO_NEXT, "no-next-update"},
               {CRL_ATTRIBUTES, "attribute-certificates"}};
#define N_DEFECTS (sizeof defects / sizeof *defects)

char *status_point(const struct crl *crl)
{
	const DIST_POINT_NAME *point = crl->point ? crl->point->distpoint : NULL;
	char *text = NULL;

	if (!point || point->type != 0)
		return NULL;
	for (int i = 0; i < sk_GENERAL_NAME_num(point->name.fullname) && !text; i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(point->name.fullname, i);
		const ASN1_IA5STRING *uri = name->d.uniformResourceIdentifier;

		if (name->type == GEN_DIRNAME)
			return name_text(name->d.directoryName);
		if (name->type == GEN_URI)
			text = strndup((const char *)ASN1_STRING_get0_data(uri), (size_t)ASN1_STRING_length(uri));
	}
	for (char *p = text; p && *p; p++) /* it stands in a comment of the bundle, too */
		if ((unsigned char)*p < ' ' || *p == 0x7F)
			*p = '?';
	return text;
}

const char *status_scope(const struct crl *crl)
{
	return crl->only_cas ? "ca" : crl->only_users ? "users" : "all";
}

/* ---- Text */

static void put_time(const char *label, time_t at, const char *more)
{
	char text[LOCAL_TIME_SIZE];

	status_time(at, true, text);
	put_field(label, "%s%s", text, more);
}

static void put_list(const struct crl *crl)
{
	char *issuer = name_text(crl->name), *point = status_point(crl), number[2 * sizeof crl->number + 1];

	hex_write_upper(crl->number, crl->number_len, number);
	put_text(stdout, issuer ? issuer : "");
	putchar('\n');
	put_field(_("About"), "%s",
	          crl->only_cas     ? _("CA certificates")
	          : crl->only_users ? _("end entities")
	                            : _("all certificates"));
	if (point)
		put_field(_("Distribution point"), "%s", point);
	put_time(_("Issued"), crl->this_update, crl->this_update > time(NULL) ? _(" (NOT BEGUN)") : "");
	if (crl->next_update)
		put_time(_("Valid until"), crl->next_update, crl->next_update < time(NULL) ? _(" (OUT OF DATE)") : "");
	if (number[0])
		put_field(_("Number"), "%s", number);
	put_field(_("Entries"), "%zu", crl->n);
	for (size_t i = 0; i < N_DEFECTS; i++)
		if (crl->defects & defects[i].bit)
			put_field(_("Cannot be used"), "%s", defects[i].word);
	free(issuer);
	free(point);
}

static enum error put_file(void *arg, const struct store_file *file)
{
	size_t *archived = arg;

	*archived += file->archived;
	if (file->archived)
		return E_OK;
	if (file->crl) {
		put_list(file->crl);
		put_field(_("File"), "%s", file->path);
		return E_OK;
	}
	put_text(stdout, file->path);
	putchar('\n');
	put_field(_("Cannot be used"), "%s",
	          file->why == E_DENIED ? _("it is a link, or another user owns it or may write it")
	          : file->issuer        ? _(error_text(file->why))
	                                : _("its CA certificate is not installed"));
	return E_OK;
}

static enum exit_code list_text(struct status_run *run, const struct sources *sources)
{
	size_t archived = 0;
	enum error e = store_walk(run->store, run->trust, put_file, &archived);

	if (e != E_OK)
		return status_complain(run, e);
	if (archived)
		printf(P_("%zu list in the archive\n", "%zu lists in the archive\n", archived), archived);
	if (sources->n)
		printf("\n%s\n", _("Lists come from:"));
	for (size_t i = 0; i < sources->n; i++) {
		const struct source *s = &sources->list[i];

		put_text(stdout, s->url);
		putchar('\n');
		if (s->succeeded)
			put_time(_("Last answer"), s->succeeded, "");
		else
			put_field(_("Last answer"), "%s", _("none yet"));
		if (s->failures)
			put_field(_("Failures"), "%u", s->failures);
		if (s->tried)
			put_time(_("Next try after"), source_due(s), "");
	}
	return EXIT_DONE;
}

/* ---- JSON */

static void set_time(json_t *json, const char *key, time_t at)
{
	char text[LOCAL_TIME_SIZE];

	status_time(at, false, text);
	if (at)
		json_object_set_new(json, key, json_string(text));
}

static void set_owned(json_t *json, const char *key, char *text)
{
	if (text)
		json_object_set_new(json, key, json_text(text));
	free(text);
}

static enum error add_file(void *lists, const struct store_file *file)
{
	const struct crl *crl = file->crl;
	char number[2 * sizeof crl->number + 1];
	json_t *json = json_pack("{s:o, s:b, s:b}", "file", json_text(file->path), "archived", file->archived, "usable",
	                         crl != NULL),
	       *words;

	if (crl) {
		set_owned(json, "issuer", name_text(crl->name));
		set_owned(json, "name", status_point(crl));
		json_object_set_new(json, "scope", json_string(status_scope(crl)));
		set_time(json, "this_update", crl->this_update);
		set_time(json, "next_update", crl->next_update);
		json_object_set_new(json, "fresh", json_boolean(crl->next_update >= time(NULL)));
		hex_write_upper(crl->number, crl->number_len, number);
		if (number[0])
			json_object_set_new(json, "crl_number", json_string(number));
		json_object_set_new(json, "entries", json_integer((json_int_t)crl->n));
		words = json_array();
		for (size_t i = 0; i < N_DEFECTS; i++)
			if (crl->defects & defects[i].bit)
				json_array_append_new(words, json_string(defects[i].word));
		json_object_set_new(json, "defects", words);
	} else {
		json_object_set_new(json, "why", json_string(error_text(file->why)));
	}
	return json_array_append_new(lists, json) == 0 ? E_OK : E_MEMORY;
}

static enum exit_code list_json(struct status_run *run, const struct sources *sources)
{
	json_t *lists = json_array(), *urls = json_array();
	enum error e = store_walk(run->store, run->trust, add_file, lists);

	for (size_t i = 0; i < sources->n; i++) {
		const struct source *s = &sources->list[i];
		json_t *json = json_pack("{s:o, s:i}", "url", json_text(s->url), "failures", (int)s->failures);

		set_time(json, "tried", s->tried);
		set_time(json, "succeeded", s->succeeded);
		set_time(json, "due", source_due(s));
		json_array_append_new(urls, json);
	}
	if (e == E_OK)
		return json_print(json_pack("{s:i, s:o, s:o}", "version", 1, "lists", lists, "sources", urls));
	json_decref(lists);
	json_decref(urls);
	return status_complain(run, e);
}

enum exit_code status_list(struct status_run *run)
{
	struct sources sources;
	enum error e = sources_collect(run->store, run->trust, run->names, run->n, &sources);
	enum exit_code code;

	if (e != E_OK)
		return status_complain(run, e);
	code = run->json ? list_json(run, &sources) : list_text(run, &sources);
	sources_free(&sources);
	return code;
}
