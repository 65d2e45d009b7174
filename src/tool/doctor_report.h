/* SPDX-License-Identifier: BSD-2-Clause */
/* What a check says. It may be sent to others as it is: the home folder is ~,
 * other people's are /home/…, a reader's name is without its serial number, and
 * a check passes neither names nor anything of a My Number Card's certificates. */
#ifndef INKAN_TOOL_DOCTOR_REPORT_H
#define INKAN_TOOL_DOCTOR_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include "tool.h"

#define REPORT_HOMES_MAX 8

enum result { RESULT_OK, RESULT_NOTE, RESULT_PROBLEM, RESULT_COUNT };

struct finding {
	const char *id;      /* as inkan(1) lists it; never changes */
	enum result result;
	char *subject;       /* which reader, token, program or file; "" for the machine */
	char *message;
	char *remedy;        /* NULL: none is needed */
};

struct report {
	struct finding *list;
	size_t n;
	char *homes[REPORT_HOMES_MAX]; /* this user's home folder, by all its names */
	size_t n_homes;
	char *user;          /* NULL: not hidden */
	bool incomplete;     /* there was no memory for all of it */
};

/* Before the first line: home (NULL: none) is shown as ~, a folder that is called
 * as this user as "…". */
void report_hide_home(struct report *r, const char *home);
void report_hide_user(struct report *r, const char *name);
void report_free(struct report *r);

/* Adds a line. */
void well(struct report *r, const char *id, const char *subject, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
void note(struct report *r, const char *id, const char *subject, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
void problem(struct report *r, const char *id, const char *subject, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* What helps against the last one. */
void remedy(struct report *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

size_t report_count(const struct report *r, enum result result);

/* quiet: without what is in order. */
void report_text(const struct report *r, bool quiet);
enum exit_code report_json(const struct report *r, bool quiet);

/* A reader's name without what stands in parentheses: drivers put the serial number there. */
void report_reader_name(const char *name, char *out, size_t room);

#endif
