/* SPDX-License-Identifier: BSD-2-Clause */
/* Findings as text for people and as JSON for programs. */
#include "config.h"
#include <stdlib.h>
#include <string.h>
#include "doctor.h"
#include "say.h"
#include "show.h"

/* ---- Names are hidden */

/* The text with the word for each %s, and without names of homes: ours is ~; to be freed. */
static char *text_of(const char *home, const char *text, const char *word)
{
	const size_t n = home ? strlen(home) : 0;
	char *raw = NULL, *out = NULL, *rest;
	size_t size;
	FILE *f = open_memstream(&raw, &size);

	for (; f && (rest = strstr(text, "%s")); text = rest + 2)
		fprintf(f, "%.*s%s", (int)(rest - text), text, word);
	if (!f || fputs(text, f) < 0 || fclose(f) != 0)
		return NULL;
	f = open_memstream(&out, &size);
	for (const char *p = raw; f && *p;) {
		if (n > 1 && strncmp(p, home, n) == 0 && strchr("/ \"'", p[n])) {
			fputs("~", f);
			p += n;
		} else if (strncmp(p, "/home/", 6) == 0) {
			fputs("/home/…", f);
			p += 6 + strcspn(p + 6, "/ \"'");
		} else {
			fputc(*p++, f);
		}
	}
	free(raw);
	return f && fclose(f) == 0 ? out : NULL;
}

/* ---- Text and JSON */

static const char *const words[] = {"ok", "note", "problem"};

enum exit_code findings_print(const struct findings *findings, bool json, bool quiet)
{
	const char *home = getenv("HOME");
	json_t *object = json ? json_object() : NULL, *checks = json_array(), *summary = json_object();
	const char *const results[] = {_("ok"), _("note"), _("problem")};
	size_t count[RESULT_COUNT] = {0};
	int column = 0;
	json_t *check;
	bool incomplete = findings->incomplete;

	if (!json && !quiet)
		printf("%s\n\n", _("There are no names, serial numbers or PINs in this; you can send it to those who "
		                   "help you."));
	for (int i = 0; i < RESULT_COUNT; i++)
		column = text_columns(results[i]) + 2 > column ? text_columns(results[i]) + 2 : column;
	for (size_t i = 0; !incomplete && i < findings->n; i++) {
		const struct finding *finding = &findings->list[i];
		char *subject, *message, *help;

		count[finding->result]++;
		if (quiet && finding->result == OK)
			continue;
		subject = text_of(home, finding->subject, "");
		message = text_of(home, _(finding->message), finding->word);
		help = finding->remedy ? text_of(home, _(finding->remedy), finding->help) : NULL;
		incomplete = !subject || !message || (finding->remedy && !help);
		if (!incomplete && json) {
			check = json_object();
			json_object_set_new(check, "id", json_string(finding->id));
			json_object_set_new(check, "result", json_string(words[finding->result]));
			json_object_set_new(check, "subject", json_text(subject));
			json_object_set_new(check, "message", json_text(message));
			json_object_set_new(check, "remedy", help ? json_text(help) : json_null());
			json_array_append_new(checks, check);
		} else if (!incomplete) {
			const char *result = results[finding->result];

			printf("%s%*s", result, column - text_columns(result), "");
			put_text(stdout, subject);
			fputs(subject[0] ? ": " : "", stdout);
			put_text(stdout, message);
			if (help) {
				printf("\n%*s", column, "");
				put_text(stdout, help);
			}
			putchar('\n');
		}
		free(subject);
		free(message);
		free(help);
	}
	if (!json && !quiet && count[PROBLEM] > 0)
		printf(_("\nProblems: %zu, notes: %zu.\n"), count[PROBLEM], count[NOTE]);
	else if (!json && !quiet)
		printf(_("\nNothing is wrong (notes: %zu).\n"), count[NOTE]);
	for (int i = 0; i < RESULT_COUNT; i++)
		json_object_set_new(summary, words[i], json_integer((json_int_t)count[i]));
	json_object_set_new(object, "version", json_integer(1));
	json_object_set_new(object, "software", json_string(PACKAGE_VERSION));
	json_object_set_new(object, "checks", checks);
	json_object_set_new(object, "summary", summary);
	if ((json && json_print(object) != EXIT_DONE) || incomplete)
		return EXIT_INTERNAL;
	return count[PROBLEM] ? EXIT_TO_MEND : EXIT_DONE;
}
