/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/file.h"
#include "input.h"
#include "show.h"
#include "status_verb.h"

#define SECONDS 30L /* for one transfer */

enum exit_code status_add(struct status_run *run)
{
	struct sources s = {0};
	enum error e = E_OK;

	for (int i = 0; i < run->n_args && e == E_OK; i++) {
		e = sources_add(&s, run->args[i]);
		if (e == E_ARGUMENT) {
			complain(_("\"%s\" is not a URL that lists can come from. Nothing was added."), run->args[i]);
			advise(_("It begins with http:// or https://, has no user name, and only ASCII."));
		}
	}
	if (e == E_OK)
		e = sources_record(run->names, run->n, &s);
	sources_free(&s);
	return e == E_OK ? EXIT_DONE : e == E_ARGUMENT ? EXIT_USAGE : status_complain(run, e);
}

/* Of every certificate, or of none. */
static enum exit_code add_certificates(struct status_run *run)
{
	struct sources s = {0};
	enum exit_code code = EXIT_DONE;
	enum error e = E_OK;

	for (size_t i = 0; i < run->n_certificates && code == EXIT_DONE && e == E_OK; i++) {
		const char *file = run->certificates[i];
		struct sources own = {0};
		struct cert *cert = NULL;

		code = input_certificate(run->crypto, file, &cert);
		if (code != EXIT_DONE)
			break;
		e = sources_of_cert(&own, cert);
		if (e == E_REFUSED) {
			complain(_("The revocation lists of %s are for registered verifiers only."), file);
			advise(_("Nothing of it was stored."));
			code = EXIT_UNAVAILABLE;
			e = E_OK;
		} else if (e == E_OK && own.n == 0) {
			complain(_("%s has no URL of its revocation lists."), file);
			advise(_("Ask its issuer, then: inkan status add URL, or: inkan status import FILE"));
			code = EXIT_UNAVAILABLE;
		}
		for (size_t k = 0; k < own.n && e == E_OK; k++)
			e = sources_add(&s, own.list[k].url);
		sources_free(&own);
		cert_free(&cert);
	}
	if (code == EXIT_DONE && e == E_OK && s.n > 0)
		e = sources_record(run->names, run->n, &s);
	sources_free(&s);
	return code == EXIT_DONE && e != E_OK ? status_complain(run, e) : code;
}

static void put_source(void *arg, const struct source *s)
{
	const struct status_run *run = arg;
	const char *text = s->outcome == FETCHED_NEW        ? _("new list")
	                   : s->outcome == FETCHED_NOT_DUE  ? _("not due yet")
	                   : s->outcome == FETCHED_BY_OTHER ? _("fetched by another process")
	                                                    : _("unchanged");
	char until[LOCAL_TIME_SIZE];

	if (run->json || (run->quiet && s->outcome <= FETCHED_NOT_DUE))
		return;
	if (s->outcome > FETCHED_NOT_DUE) {
		complain("%s: %s.", s->url, s->why);
		return;
	}
	put_text(stdout, s->url);
	printf(": %s", text);
	if (s->next_update) {
		status_time(s->next_update, true, until);
		printf(_(", valid until %s"), until);
	}
	putchar('\n');
}

static enum exit_code print_json(const struct sources *s)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->n; i++) {
		const struct source *one = &s->list[i];
		json_t *json =
			json_pack("{s:o, s:s}", "url", json_text(one->url), "result", fetch_outcome_word(one->outcome));
		const struct {
			const char *key;
			time_t at;
		} times[] = {{"next_update", one->next_update}, {"due", source_due(one)}};
		char at[LOCAL_TIME_SIZE];

		if (one->why[0])
			json_object_set_new(json, "why", json_text(one->why));
		for (size_t k = 0; k < 2; k++) {
			status_time(times[k].at, false, at);
			if (times[k].at)
				json_object_set_new(json, times[k].key, json_string(at));
		}
		json_array_append_new(list, json);
	}
	return json_print(json_pack("{s:i, s:o, s:i}", "version", 1, "sources", list, "closed", (int)s->closed));
}

/* This machine's fault first. When some sources are in order and others are not, that is said for itself: a mirror that
 * lags behind is no failure of the whole. */
static enum exit_code exit_of_all(const struct sources *s)
{
	bool good = false, refused = false, failed = false;

	for (size_t i = 0; i < s->n; i++) {
		enum fetch_outcome o = s->list[i].outcome;

		if (o == FETCHED_UNWRITTEN)
			return EXIT_OUTPUT;
		good |= o <= FETCHED_NOT_DUE;
		refused |= o == FETCHED_OLDER || o == FETCHED_BAD;
		failed |= o > FETCHED_NOT_DUE;
	}
	return !failed ? EXIT_DONE : good ? EXIT_PARTLY : refused ? EXIT_MALFORMED : EXIT_BUSY;
}

static enum exit_code fetch(struct status_run *run, struct sources *s)
{
	char path[4096];
	struct fetch_job job = {.program = program_path("inkan-fetch", path),
	                        .store = run->store,
	                        .trust = run->trust,
	                        .folders = run->names,
	                        .n = run->n,
	                        .seconds = SECONDS,
	                        .bytes = run->conf.max_list_size,
	                        .only_due = run->due,
	                        .each = put_source,
	                        .arg = run};
	enum exit_code code, printed;
	enum error e;

	fflush(stdout);
	e = fetch_all(&job, s);
	if (e == E_IO && errno == ENOENT) {
		complain(_("The program %s cannot be run: %s."), job.program, strerror(errno));
		advise(_("Install the package again."));
		return EXIT_INTERNAL;
	}
	if (e != E_OK)
		return status_complain(run, e);
	code = exit_of_all(s);
	if (run->json) {
		printed = print_json(s);
		return printed == EXIT_DONE ? code : printed;
	}
	if (s->closed && !run->quiet)
		printf(P_("%zu CA is passed over: its revocation lists are for registered verifiers only.\n",
		          "%zu CAs are passed over: their revocation lists are for registered verifiers only.\n",
		          s->closed),
		       s->closed);
	if (code != EXIT_DONE)
		advise(_("The lists in the store stay as they are. See: inkan status list"));
	return code;
}

enum exit_code status_refresh(struct status_run *run)
{
	struct sources sources;
	enum exit_code code = fetches();
	enum error e;

	if (code == EXIT_DONE)
		code = status_need_trust(run);
	if (code == EXIT_DONE)
		code = add_certificates(run);
	if (code != EXIT_DONE)
		return code;
	e = sources_collect(run->store, run->trust, run->names, run->n, &sources);
	if (e != E_OK)
		return status_complain(run, e);
	if (sources.n > 0) {
		code = fetch(run, &sources);
	} else {
		complain("%s",
		         sources.closed
		                 ? _("The revocation lists of the installed CAs are for registered verifiers only.")
		                 : _("No URL of a revocation list is known."));
		advise(_("Name a certificate that the lists are about: inkan status refresh --certificate FILE"));
		code = EXIT_UNAVAILABLE;
	}
	sources_free(&sources);
	return code;
}
