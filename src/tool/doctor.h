/* SPDX-License-Identifier: BSD-2-Clause */
/* inkan doctor: what is found (doctor_findings.c), and how that is printed (doctor_print.c). */
#ifndef INKAN_TOOL_DOCTOR_H
#define INKAN_TOOL_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>
#include "card/reader.h"
#include "tool.h"

enum result { OK, NOTE, PROBLEM, RESULT_COUNT };

struct finding {
	enum result result;
	const char *id, *message, *remedy; /* N_; remedy NULL: none is needed */
	char *subject;                     /* which reader, token, program or file; "" for the machine */
	char *word;                        /* for each %s of the message */
	char *help;                        /* for each %s of the remedy */
};

struct findings {
	struct finding *list;
	size_t n;
	bool incomplete; /* there was no memory for all of them */
};

/* Sends no PIN, opens no connection to the network, runs nothing of root ("": the machine itself), changes nothing.
 * Without memory findings are incomplete. E_NO_READER: none is named so. */
enum error findings_find(const char *root, const char *reader, struct findings *findings);
void findings_free(struct findings *findings);

/* A reader's name without what stands in parentheses, where drivers put serial numbers. */
void reader_name(const char *name, char out[READER_NAME_MAX]);

/* On standard output; quiet: without what is in order. What is printed may be sent to others: the names of homes
 * are hidden. */
enum exit_code findings_print(const struct findings *findings, bool json, bool quiet);

enum exit_code doctor_try_pss(const char *reader);

/* file NULL: standard output. */
enum exit_code doctor_card_report(const char *reader, const char *file, bool with_signatures);

#endif
