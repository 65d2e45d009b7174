/* SPDX-License-Identifier: BSD-2-Clause */
/* From where lists come, and getting them. The network itself is in a program of its own, inkan-fetch. Sources are the
 * http(s) names in the CRL distribution points of the trust store's certificates, in the lists of the store
 * (IssuingDistributionPoint), and in the file `sources` beside the lists: a URL per line, # begins a comment. Only its
 * user writes into that file; verifying a certificate records nothing. */
#ifndef INKAN_STATUS_FETCH_H
#define INKAN_STATUS_FETCH_H

#include <stdio.h>
#include "status/store.h"

/* The first four are fine. */
enum fetch_outcome {
	FETCHED_NEW,      /* a newer list, verified and written */
	FETCHED_SAME,     /* the one that the store has */
	FETCHED_BY_OTHER, /* another process did it while this one waited */
	FETCHED_NOT_DUE,
	FETCHED_FAILED,    /* no answer, or none to use: why says */
	FETCHED_OLDER,     /* refused: older than the store's */
	FETCHED_BAD,       /* refused: no list, or of no CA of the trust store */
	FETCHED_UNWRITTEN, /* this machine's disk or rights */
};

struct source {
	char *url;
	/* what is remembered of it, beside the lists */
	char etag[256];                /* for a conditional request (RFC 9110 13) */
	time_t tried, succeeded, seen; /* seen: tried, as this process knew it before its turn */
	unsigned failures;             /* in a row */
	time_t next_update;            /* of the list that it gave last; 0: none */
	uint8_t list[32];              /* SHA-256 of that list */
	bool present;                  /* which the store has */
	/* how it went this time */
	enum fetch_outcome outcome;
	char why[256]; /* a sentence for people, "" when there is nothing to say */
};

struct sources {
	struct source *list; /* each URL once */
	size_t n, closed;    /* closed: CAs whose lists are for registered verifiers only */
};

/* http:// or https://, printable ASCII, no user name, shorter than FETCH_URL_MAX. */
#define FETCH_URL_MAX 1024
bool fetch_url_valid(const char *url);

/* E_ARGUMENT: no URL that may be fetched. One that is there already is E_OK. */
enum error sources_add(struct sources *s, const char *url);
void sources_free(struct sources *s);

/* E_REFUSED when its lists are for registered verifiers only (struct family): nothing of such a card is ever written
 * down. */
enum error sources_of_cert(struct sources *s, const struct cert *cert);

/* The file of this folder; E_OK when there is none. */
enum error sources_read(struct sources *s, const char *folder);

/* Adds those URLs that are not there yet to the file of the last folder that may be written. */
enum error sources_record(const char *const *folders, size_t n, const struct sources *s);

/* All of them, with what is remembered. */
enum error sources_collect(struct store *store, const struct trust *trust, const char *const *folders, size_t n,
                           struct sources *out);

/* When a timer asks again. After a success: a quarter of what was left of the list's validity, an hour to a day. After
 * failures: 20 minutes for each, six hours at most. A list that the store has lost is due at once. */
time_t source_due(const struct source *s);

struct fetch_job {
	const char *program; /* inkan-fetch, with its path */
	struct store *store;
	const struct trust *trust;
	const char *const *folders;
	size_t n;
	long seconds, bytes; /* for one transfer, whole */
	bool only_due;
	void (*each)(void *arg, const struct source *source); /* as soon as its outcome is known; or NULL */
	void *arg;
};

/* Asks all sources side by side, verifies and writes. Whatever happens, what the store has stays until a newer list has
 * been verified. Of several processes one fetches, the others wait and take its outcomes. E_DENIED, E_IO: no folder
 * can be written, or the program cannot be run (errno). */
enum error fetch_all(const struct fetch_job *job, struct sources *s);

/* Runs inkan-fetch with these requests, a line for each, and calls `line` with every line of its answer: the number of
 * the request, which may be anything; the word, the ETag and why (see src/fetch/fetch.c). E_IO: it cannot be run
 * (errno). */
typedef void fetch_line(void *arg, size_t i, char *const field[3]);
enum error fetch_run(const char *program, long seconds, long bytes, FILE *requests, fetch_line *line, void *arg);

/* Why store_put refused a list: a sentence, translated. */
const char *list_refusal(enum error e);

/* A word for programs and scripts, never translated: "new", "same", … */
const char *fetch_outcome_word(enum fetch_outcome outcome);

#endif
