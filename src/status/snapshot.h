/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside the store: all its lists at one moment. Constant once it is made but for what signatures turn out to be, and
 * counted, so that readers keep theirs while the next one is made. */
#ifndef INKAN_STATUS_SNAPSHOT_H
#define INKAN_STATUS_SNAPSHOT_H

#include <pthread.h>
#include <stdatomic.h>
#include "base/file.h"
#include "status/store.h"

#define STORE_ARCHIVED_LEN 166   /* <64 hex>-<64 hex>-<time>-<16 hex>.crl, of the archive and of what has not begun */

struct stored {                  /* a file, or a list that was handed in */
	struct crl *crl;         /* NULL: it cannot be used, why says */
	enum error why;
	uint8_t spki[32];        /* the CA that its name gives */
	size_t folder;
	struct stat st;
	char name[STORE_ARCHIVED_LEN + 1];
};

struct snapshot {
	atomic_uint refs;
	enum error why;          /* E_OK, or what was wrong with a folder */
	struct stored *list;
	size_t n;
};

struct store {
	const struct crypto *crypto;
	char **folders;
	size_t n;
	long interval, tolerance;
	pthread_mutex_t lock;    /* of what follows; never held across I/O */
	struct snapshot *snapshot;
	time_t looked;           /* CLOCK_MONOTONIC */
	unsigned generation;     /* counts our own writes */
	unsigned seen;           /* how many the snapshot has seen */
	pthread_mutex_t looking; /* one looks at the folders at a time */
	char problem[4200];
};

/* FOLDER/crl or FOLDER/archive, for reading. */
enum error store_enter(const char *folder, const char *part, int *fd);

/* Is it the name of a list's file? Then the CA that it gives. */
bool list_named(const char *name, uint8_t spki[32]);

/* Reads and parses; the signature is not checked. */
enum error list_read(const struct crypto *c, int dir, const char *name, const uint8_t spki[32], struct stat *st,
                     struct crl **crl);

/* The sound CA that signed this list. *ca is that one, or the last that came close. */
enum error list_signer(const struct trust *trust, struct bytes der, const struct trusted_ca **ca, struct crl **crl);

#endif
