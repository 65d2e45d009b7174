/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include "show.h"
#include "status_verb.h"

static void set_time(json_t *json, const char *key, time_t at)
{
	char text[FACT_TIME_SIZE];

	if (at == 0)
		return;
	status_time(at, false, text);
	json_object_set_new(json, key, json_string(text));
}

static void set_owned(json_t *json, const char *key, char *text)
{
	if (text)
		json_object_set_new(json, key, json_text(text));
	free(text);
}

static void set_list(json_t *json, const struct crl *crl)
{
	char number[2 * sizeof crl->number + 1];
	json_t *defects = json_array();

	set_owned(json, "issuer", fact_dn(crl->name));
	set_owned(json, "name", status_point(crl));
	json_object_set_new(json, "scope", json_string(status_scope(crl)));
	set_time(json, "this_update", crl->this_update);
	set_time(json, "next_update", crl->next_update);
	json_object_set_new(json, "fresh", json_boolean(crl->next_update >= time(NULL)));
	status_hex(crl->number, crl->number_len, number);
	if (number[0])
		json_object_set_new(json, "crl_number", json_string(number));
	json_object_set_new(json, "entries", json_integer((json_int_t)crl->n));
	for (unsigned i = 0; status_defect(crl, i); i++)
		json_array_append_new(defects, json_string(status_defect(crl, i)));
	json_object_set_new(json, "defects", defects);
}

static enum error add_file(void *lists, const struct store_file *file)
{
	json_t *json = json_object();

	json_object_set_new(json, "file", json_text(file->path));
	json_object_set_new(json, "archived", json_boolean(file->archived));
	json_object_set_new(json, "usable", json_boolean(file->crl != NULL));
	if (file->crl)
		set_list(json, file->crl);
	else
		json_object_set_new(json, "why", json_string(error_text(file->why)));
	return json_array_append_new(lists, json) == 0 ? E_OK : E_MEMORY;
}

static json_t *source(const struct status_room *room, const char *url)
{
	json_t *json = json_object();
	struct fetch_turn turn;

	status_look(room, url, &turn);
	json_object_set_new(json, "url", json_text(url));
	set_time(json, "tried", turn.state.tried);
	set_time(json, "succeeded", turn.state.succeeded);
	json_object_set_new(json, "failures", json_integer(turn.state.failures));
	set_time(json, "due", fetch_due(&turn.state, turn.next_update));
	return json;
}

enum exit_code status_list_json(struct status_room *room, const struct fetch_plan *plan)
{
	json_t *lists = json_array(), *sources = json_array();
	enum error e = store_walk(room->store, room->trust, add_file, lists);

	for (size_t i = 0; i < plan->sources.n; i++)
		json_array_append_new(sources, source(room, plan->sources.url[i]));
	if (e == E_OK)
		return json_print(json_pack("{s:i, s:o, s:o}", "version", 1, "lists", lists, "sources", sources));
	json_decref(lists);
	json_decref(sources);
	return status_complain(e);
}
