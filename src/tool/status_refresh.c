/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <unistd.h>
#include "input.h"
#include "show.h"
#include "status_verb.h"

static enum exit_code record(struct status_room *room, const struct fetch_sources *s)
{
	char folder[4096];
	enum error e = fetch_folder(room->names, room->n, folder);

	if (e == E_OK)
		e = fetch_sources_record(folder, s, NULL);
	return e == E_OK ? EXIT_DONE : status_complain(e);
}

enum exit_code status_add(struct status_room *room, const struct status_wish *wish)
{
	struct fetch_sources s = {0};
	enum exit_code code = EXIT_DONE;
	enum error e = E_OK;

	for (int i = 0; i < wish->n_args && e == E_OK; i++) {
		e = fetch_sources_add(&s, wish->args[i]);
		if (e == E_ARGUMENT) {
			complain(_("\"%s\" is no URL that lists could come from."), wish->args[i]);
			advise(_("It begins with http:// or https://, has no user name, and only ASCII; "
				 "nothing was noted."));
			code = EXIT_USAGE;
		} else if (e != E_OK) {
			code = status_complain(e);
		}
	}
	if (code == EXIT_DONE)
		code = record(room, &s);
	fetch_sources_free(&s);
	return code;
}

static enum exit_code add_certificate(struct status_room *room, const char *file, struct fetch_sources *s)
{
	struct cert *cert = NULL;
	enum exit_code code = input_certificate(room->crypto, file, &cert);
	size_t before = s->n;
	enum error e;

	if (code != EXIT_DONE)
		return code;
	e = fetch_sources_of_cert(s, cert);
	if (e == E_REFUSED) {
		complain(_("The revocation lists of %s are for registered verifiers only."), file);
		advise(_("Nothing of it was noted."));
		code = EXIT_UNAVAILABLE;
	} else if (e != E_OK) {
		code = status_complain(e);
	} else if (s->n == before) {
		complain(_("%s names no place on the web where its lists are."), file);
		advise(_("Ask its issuer, then: inkan status add URL, or: inkan status import FILE"));
		code = EXIT_UNAVAILABLE;
	}
	cert_free(&cert);
	return code;
}

static enum exit_code add_certificates(struct status_room *room, const struct status_wish *wish)
{
	struct fetch_sources s = {0};
	enum exit_code code = EXIT_DONE;

	for (size_t i = 0; i < wish->n_certificates && code == EXIT_DONE; i++) {
		struct fetch_sources one = {0};

		code = add_certificate(room, wish->certificates[i], &one);
		for (size_t k = 0; k < one.n && code == EXIT_DONE; k++)
			if (fetch_sources_add(&s, one.url[k]) != E_OK)
				code = status_complain(E_MEMORY);
		fetch_sources_free(&one);
	}
	if (code == EXIT_DONE && s.n > 0)
		code = record(room, &s);
	fetch_sources_free(&s);
	return code;
}

static const char *outcome_text(enum fetch_outcome o)
{
	return o == FETCHED_NEW ? _("new list") : o == FETCHED_NOT_DUE ? _("not due yet") :
	       o == FETCHED_BY_OTHER ? _("fetched by another process") : _("as held");
}

/* On a terminal the line says what it waits for, and makes room for the result. */
static void put_progress(const struct status_wish *wish, size_t i, size_t n, const char *url)
{
	if (wish->quiet || wish->json || !isatty(STDERR_FILENO))
		return;
	if (url) {
		fprintf(stderr, "[%zu/%zu] ", i + 1, n);
		put_text(stderr, url);
		fflush(stderr);
	} else {
		fputs("\r\033[K", stderr);
	}
}

static void put_report(const struct status_wish *wish, const char *url, const struct fetch_report *r)
{
	char until[FACT_TIME_SIZE];

	if (wish->json || (wish->quiet && r->outcome <= FETCHED_NOT_DUE))
		return;
	if (r->outcome > FETCHED_NOT_DUE) {
		complain("%s: %s.", url, r->why);
		return;
	}
	put_text(stdout, url);
	printf(": %s", outcome_text(r->outcome));
	if (r->next_update) {
		status_time(r->next_update, true, until);
		printf(_(", valid until %s"), until);
	}
	putchar('\n');
}

static json_t *json_report(const char *url, const struct fetch_report *r)
{
	json_t *json = json_object();
	char at[FACT_TIME_SIZE];

	json_object_set_new(json, "url", json_text(url));
	json_object_set_new(json, "result", json_string(fetch_outcome_word(r->outcome)));
	if (r->why[0])
		json_object_set_new(json, "why", json_text(r->why));
	if (r->next_update) {
		status_time(r->next_update, false, at);
		json_object_set_new(json, "next_update", json_string(at));
	}
	if (r->due) {
		status_time(r->due, false, at);
		json_object_set_new(json, "due", json_string(at));
	}
	return json;
}

/* This machine's fault first, then a list that was refused, then no answer. */
static enum exit_code worse(enum exit_code code, enum fetch_outcome o)
{
	if (o == FETCHED_UNWRITTEN || code == EXIT_OUTPUT)
		return EXIT_OUTPUT;
	if (o == FETCHED_OLDER || o == FETCHED_BAD || code == EXIT_MALFORMED)
		return EXIT_MALFORMED;
	return o > FETCHED_NOT_DUE ? EXIT_BUSY : code;
}

static enum exit_code fetch_all(struct status_room *room, const struct status_wish *wish, const struct fetch_plan *plan)
{
	char folder[4096];
	struct fetch_job job = {.crypto = room->crypto, .store = room->store, .trust = room->trust, .folder = folder,
	                        .plan = plan, .limits = &fetch_defaults, .only_due = wish->due};
	enum error e = fetch_folder(room->names, room->n, folder);
	enum exit_code code = EXIT_DONE, printed;
	json_t *reports = wish->json ? json_array() : NULL;

	if (e != E_OK)
		return status_complain(e);
	for (size_t i = 0; i < plan->sources.n; i++) {
		struct fetch_report r;

		put_progress(wish, i, plan->sources.n, plan->sources.url[i]);
		fetch_list(&job, plan->sources.url[i], &r);
		put_progress(wish, i, plan->sources.n, NULL);
		put_report(wish, plan->sources.url[i], &r);
		code = worse(code, r.outcome);
		if (reports)
			json_array_append_new(reports, json_report(plan->sources.url[i], &r));
	}
	if (code != EXIT_DONE && !wish->json)
		advise(_("The lists that are held stay as they are. See: inkan status list"));
	if (!wish->json)
		return code;
	printed = json_print(json_pack("{s:i, s:o}", "version", 1, "sources", reports));
	return printed == EXIT_DONE ? code : printed;
}

enum exit_code status_refresh(struct status_room *room, const struct status_wish *wish)
{
	struct fetch_plan plan = {.n_held = 0};
	enum exit_code code = status_need_trust(room);
	enum error e;

	if (code == EXIT_DONE)
		code = add_certificates(room, wish);
	if (code != EXIT_DONE)
		return code;
	e = fetch_plan_make(room->crypto, room->store, room->trust, room->names, room->n, &plan);
	if (e != E_OK)
		return status_complain(e);
	if (plan.sources.n > 0) {
		code = fetch_all(room, wish, &plan);
	} else {
		complain(_("It is not known from where lists come."));
		advise(_("Name one of the certificates they are about: inkan status refresh --certificate FILE"));
		code = EXIT_UNAVAILABLE;
	}
	fetch_plan_free(&plan);
	return code;
}
