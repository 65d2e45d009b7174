/* SPDX-License-Identifier: BSD-2-Clause */
/* One URL's list into the store. Whatever happens, what is held stays until a
 * newer list has been verified. */
#ifndef INKAN_STATUS_FETCH_LIST_H
#define INKAN_STATUS_FETCH_LIST_H

#include "status/fetch_plan.h"

struct fetch_job {
	const struct crypto *crypto;
	struct store *store;
	const struct trust *trust;
	const char *folder;              /* the one that is written */
	const struct fetch_plan *plan;
	const struct fetch_limits *limits;
	bool only_due;                   /* as a timer does: not before fetch_due */
};

/* The first four are fine. */
enum fetch_outcome {
	FETCHED_NEW,      /* a newer list, verified and kept */
	FETCHED_SAME,     /* the one that is held */
	FETCHED_BY_OTHER, /* another process did it while this one waited */
	FETCHED_NOT_DUE,
	FETCHED_FAILED,   /* no answer, or none to use: why says */
	FETCHED_OLDER,    /* refused: older than the one held */
	FETCHED_BAD,      /* refused: no list, or of no CA of the trust store */
	FETCHED_BUSY,     /* another process is at it, and is slow */
	FETCHED_UNWRITTEN, /* this machine's disk or rights */
};

struct fetch_report {
	enum fetch_outcome outcome;
	char why[256];      /* a sentence for people, "" when there is nothing to say */
	time_t next_update; /* of the list that this URL gave; 0: none */
	time_t due;         /* when a timer will ask again */
};

void fetch_list(const struct fetch_job *job, const char *url, struct fetch_report *out);

/* A word for programs and scripts, never translated: "new", "same", … */
const char *fetch_outcome_word(enum fetch_outcome outcome);

#endif
