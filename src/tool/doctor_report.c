/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "doctor_report.h"
#include "say.h"
#include "show.h"

static const char *const words[] = {"ok", "note", "problem"};

static void hide(struct report *r, char *folder)
{
	size_t n = folder ? strlen(folder) : 0;

	while (n > 0 && folder[n - 1] == '/')
		folder[--n] = '\0';
	if (n > 0 && r->n_homes < REPORT_HOMES_MAX)
		r->homes[r->n_homes++] = folder;
	else
		free(folder);
}

void report_hide_home(struct report *r, const char *home)
{
	if (!home)
		return;
	hide(r, strdup(home));
	hide(r, realpath(home, NULL));
}

void report_hide_user(struct report *r, const char *name)
{
	free(r->user);
	r->user = strdup(name);
}

void report_free(struct report *r)
{
	for (size_t i = 0; i < r->n; i++) {
		free(r->list[i].subject);
		free(r->list[i].message);
		free(r->list[i].remedy);
	}
	while (r->n_homes > 0)
		free(r->homes[--r->n_homes]);
	free(r->user);
	free(r->list);
	*r = (struct report){.n = 0};
}

/* ---- Nothing that tells who somebody is */

static bool ends_name(char c)
{
	return !isalnum((unsigned char)c) && c != '_' && c != '-' && c != '.';
}

/* How much of the text is that name, all of it; 0: it is another. */
static size_t is_name(const char *text, const char *name)
{
	size_t n = name ? strlen(name) : 0;

	return n > 0 && strncmp(text, name, n) == 0 && ends_name(text[n]) ? n : 0;
}

static size_t is_home(const struct report *r, const char *text)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n_homes && n == 0; i++)
		n = is_name(text, r->homes[i]);
	return n;
}

static size_t is_some_home(const char *text)
{
	size_t n = strlen("/home/");

	return strncmp(text, "/home/", n) == 0 ? n + strcspn(text + n, "/ \"'") : 0;
}

/* What begins here and is not to be seen, and what stands for it; 0: nothing. */
static size_t hidden(const struct report *r, const char *text, const char *from, const char **instead)
{
	bool in_path = from > text && from[-1] == '/';
	size_t n = 0;

	if (from == text || ends_name(from[-1])) {
		*instead = "~";
		n = is_home(r, from);
	}
	if (n == 0 && !in_path) {
		*instead = "/home/\xE2\x80\xA6";
		n = is_some_home(from);
	}
	if (n == 0 && in_path) {
		*instead = "\xE2\x80\xA6";
		n = is_name(from, r->user);
	}
	return n;
}

/* Takes the text and gives another. */
static char *without_names(const struct report *r, char *text)
{
	char *out = text ? calloc(3, strlen(text) + 1) : NULL, *to = out;

	for (const char *p = text; out && *p;) {
		const char *instead;
		size_t n = hidden(r, text, p, &instead);

		if (n > 0)
			to = stpcpy(to, instead);
		else
			*to++ = *p;
		p += n ? n : 1;
	}
	free(text);
	return out;
}

void report_reader_name(const char *name, char *out, size_t room)
{
	size_t n = 0;
	int depth = 0;

	for (; *name && n + 1 < room; name++) {
		depth += *name == '(';
		if (depth == 0 && (*name != ' ' || n == 0 || out[n - 1] != ' '))
			out[n++] = *name;
		depth -= *name == ')' && depth > 0;
	}
	out[n] = '\0';
}

/* ---- Collecting */

__attribute__((format(printf, 2, 0)))
static char *clean_text(const struct report *r, const char *fmt, va_list args)
{
	char *text = NULL;

	return vasprintf(&text, fmt, args) < 0 ? NULL : without_names(r, text);
}

__attribute__((format(printf, 5, 0)))
static void add(struct report *r, enum result result, const char *id, const char *subject, const char *fmt,
                va_list args)
{
	struct finding *list = realloc(r->list, (r->n + 1) * sizeof *list);
	struct finding f = {.id = id, .result = result};

	f.subject = without_names(r, strdup(subject));
	f.message = clean_text(r, fmt, args);
	if (list)
		r->list = list;
	if (list && f.subject && f.message) {
		r->list[r->n++] = f;
		return;
	}
	free(f.subject);
	free(f.message);
	r->incomplete = true;
}

void well(struct report *r, const char *id, const char *subject, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add(r, RESULT_OK, id, subject, fmt, args);
	va_end(args);
}

void note(struct report *r, const char *id, const char *subject, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add(r, RESULT_NOTE, id, subject, fmt, args);
	va_end(args);
}

void problem(struct report *r, const char *id, const char *subject, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add(r, RESULT_PROBLEM, id, subject, fmt, args);
	va_end(args);
}

void remedy(struct report *r, const char *fmt, ...)
{
	struct finding *last = r->n ? &r->list[r->n - 1] : NULL;
	va_list args;

	if (!last || last->remedy)
		return;
	va_start(args, fmt);
	last->remedy = clean_text(r, fmt, args);
	va_end(args);
	r->incomplete |= !last->remedy;
}

size_t report_count(const struct report *r, enum result result)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++)
		n += r->list[i].result == result;
	return n;
}

/* ---- For people */

static const char *result_text(enum result result)
{
	return result == RESULT_OK ? _("ok") : result == RESULT_NOTE ? _("note") : _("problem");
}

static int widest(void)
{
	int most = 0;

	for (int i = 0; i < RESULT_COUNT; i++) {
		int n = text_columns(result_text((enum result)i));

		most = n > most ? n : most;
	}
	return most;
}

static void put_finding(const struct finding *f, int column)
{
	const char *result = result_text(f->result);

	printf("%s%*s", result, column - text_columns(result), "");
	put_text(stdout, f->subject);
	fputs(f->subject[0] ? ": " : "", stdout);
	put_text(stdout, f->message);
	if (f->remedy) {
		printf("\n%*s", column, "");
		put_text(stdout, f->remedy);
	}
	putchar('\n');
}

static void put_summary(const struct report *r)
{
	size_t problems = report_count(r, RESULT_PROBLEM), notes = report_count(r, RESULT_NOTE);

	putchar('\n');
	if (problems > 0)
		printf(_("Problems: %zu, notes: %zu.\n"), problems, notes);
	else
		printf(_("Nothing is wrong (notes: %zu).\n"), notes);
}

void report_text(const struct report *r, bool quiet)
{
	int column = widest() + 2;

	if (!quiet)
		printf("%s\n\n",
		       _("Neither names nor serial numbers nor PINs are in this; you can send it to whoever helps "
		         "you."));
	for (size_t i = 0; i < r->n; i++)
		if (!quiet || r->list[i].result != RESULT_OK)
			put_finding(&r->list[i], column);
	if (!quiet)
		put_summary(r);
}

/* ---- For programs */

static json_t *finding_json(const struct finding *f)
{
	json_t *json = json_object();

	json_object_set_new(json, "id", json_string(f->id));
	json_object_set_new(json, "result", json_string(words[f->result]));
	json_object_set_new(json, "subject", json_text(f->subject));
	json_object_set_new(json, "message", json_text(f->message));
	json_object_set_new(json, "remedy", f->remedy ? json_text(f->remedy) : json_null());
	return json;
}

enum exit_code report_json(const struct report *r, bool quiet)
{
	json_t *json = json_object(), *checks = json_array(), *summary = json_object();

	for (size_t i = 0; i < r->n; i++)
		if (!quiet || r->list[i].result != RESULT_OK)
			json_array_append_new(checks, finding_json(&r->list[i]));
	for (int i = 0; i < RESULT_COUNT; i++)
		json_object_set_new(summary, words[i], json_integer((json_int_t)report_count(r, (enum result)i)));
	json_object_set_new(json, "version", json_integer(1));
	json_object_set_new(json, "software", json_string(PACKAGE_VERSION));
	json_object_set_new(json, "checks", checks);
	json_object_set_new(json, "summary", summary);
	return json_print(json);
}
