/* SPDX-License-Identifier: BSD-2-Clause */
/* From where lists come: the http(s) names in the CRL distribution points of the
 * trust store's certificates, in the lists that are held (IssuingDistributionPoint),
 * and in the file `sources` beside the lists: a URL per line, # begins a comment.
 * Only its user writes into that file; verifying a certificate records nothing. */
#ifndef INKAN_STATUS_FETCH_PLAN_H
#define INKAN_STATUS_FETCH_PLAN_H

#include "status/fetch.h"
#include "status/store.h"

struct fetch_sources {
	char **url; /* owned, each once */
	size_t n;
};

void fetch_sources_free(struct fetch_sources *s);

/* E_ARGUMENT: no URL that may be fetched. One that is there already is E_OK. */
enum error fetch_sources_add(struct fetch_sources *s, const char *url);

/* E_REFUSED when its lists are for registered verifiers only (struct family),
 * and nothing of such a card is ever written down. */
enum error fetch_sources_of_cert(struct fetch_sources *s, const struct cert *cert);

/* The file in this folder; E_OK when there is none. */
enum error fetch_sources_read(struct fetch_sources *s, const char *folder);

/* Appends those URLs that are not in the folder's file yet; *added may be NULL. */
enum error fetch_sources_record(const char *folder, const struct fetch_sources *s, size_t *added);

struct fetch_plan {
	struct fetch_sources sources;
	uint8_t (*held)[32]; /* SHA-256 of each list in the store that can be used */
	size_t n_held;
};

enum error fetch_plan_make(const struct crypto *c, struct store *store, const struct trust *trust,
                           const char *const *folders, size_t n, struct fetch_plan *out);
void fetch_plan_free(struct fetch_plan *plan);

#endif
