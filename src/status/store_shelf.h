/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside the store: what is held of one CA at one moment. A shelf is constant
 * once it is made, and counted, so that readers keep what they have got while
 * the next one is made. */
#ifndef INKAN_STATUS_STORE_SHELF_H
#define INKAN_STATUS_STORE_SHELF_H

#include <pthread.h>
#include <stdatomic.h>
#include "base/file.h"
#include "base/text.h"
#include "status/store.h"

#define STORE_NAME_LEN 133                    /* <64 hex>-<64 hex>.crl */
#define STORE_ARCHIVED_LEN 166                /* <64 hex>-<64 hex>-<time>-<16 hex>.crl */

struct kept {                /* one file, verified */
	struct crl *crl;
	atomic_uint refs;
	size_t folder;
	struct stat st;
	char name[STORE_ARCHIVED_LEN + 1];
};

struct shelf {
	uint8_t spki[32];
	atomic_uint refs;
	uint64_t ticket;         /* which look it was; never replaced by an earlier one's */
	time_t looked;           /* CLOCK_MONOTONIC */
	bool looking;            /* somebody makes the next one */
	enum error why;
	struct kept **kept;
	size_t n;
	const struct crl **lists; /* those of kept */
	struct shelf *next;
};

struct store {
	const struct crypto *crypto;
	char **folders;
	size_t n;
	long interval;
	pthread_mutex_t lock;    /* of everything below; never held across I/O */
	struct shelf *shelves;
	uint64_t tickets;        /* one for each look, in the order of their beginnings */
	uint64_t forgotten;      /* looks up to this one are of no use to others */
};

/* Looks at the folders; what `old` has of files that have not changed is taken over. */
enum error shelf_make(struct store *store, const struct trusted_ca *ca, const struct shelf *old,
                      struct shelf **out);
/* The same for a moment of the past, with the archive. */
enum error shelf_make_at(struct store *store, const struct trusted_ca *ca, time_t at, struct shelf **out);
void shelf_drop(struct shelf *shelf);

/* Opens and verifies one file. */
enum error kept_open(const struct crypto *c, int dir, const char *name, const struct cert *issuer,
                     struct crl **crl, struct stat *st);

/* FOLDER/crl or FOLDER/archive, for reading. */
enum error store_enter(const char *folder, const char *name, int *fd);

/* Forgets what is cached: something has changed on disk. */
void store_forget(struct store *store);

#endif
