/* SPDX-License-Identifier: BSD-2-Clause */
/* The network, in libinkan and the tool alone, never in a module. */
#ifndef INKAN_STATUS_FETCH_H
#define INKAN_STATUS_FETCH_H

#include <stdbool.h>
#include <time.h>
#include "base/error.h"
#include "base/mem.h"

struct fetch_limits {
	long seconds;      /* for one transfer, whole */
	size_t bytes;
	int redirects;     /* <= 3 */
};
extern const struct fetch_limits fetch_defaults; /* 30 s, 16 MiB, 3 */

/* What the last answer said, for a conditional request (RFC 9110 13). */
struct fetch_state {
	char etag[256];
	char last_modified[64];
	time_t tried, succeeded;
	unsigned failures; /* in a row: back-off with jitter */
	unsigned jitter;   /* 0 to 65535, drawn at each try, so that fetch_due answers the same each time */
};

enum fetch_result { FETCH_NEW, FETCH_NOT_MODIFIED, FETCH_FAILED };

/* http and https only, of redirects too; no user name in the URL; no redirect to an
 * address that is nearer to this machine than the first one was. `body` is filled
 * on FETCH_NEW. `why` is a sentence for people, "" on success. An etag or a date in
 * `state` makes the request conditional; clear them when the list is held no more.
 * Safe from many threads, each with a state of its own. */
enum fetch_result fetch_url(const char *url, const struct fetch_limits *limits, struct fetch_state *state,
                            struct buf *body, char why[256]);

/* When the next try is due: after a success a while before next_update, after a
 * failure the back-off. */
time_t fetch_due(const struct fetch_state *state, time_t next_update);

/* http:// or https://, printable ASCII, no user name, shorter than FETCH_URL_MAX. */
#define FETCH_URL_MAX 1024
bool fetch_url_valid(const char *url);

#endif
