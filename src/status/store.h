/* SPDX-License-Identifier: BSD-2-Clause */
/* The revocation lists of this machine: the signed DER as it came, a file for each issuer key and scope, read whole and
 * verified. Nothing derived is trusted; with the whole folder nothing is lost but time. Writing is temporary file,
 * fsync, rename; readers take no lock on files. */
#ifndef INKAN_STATUS_STORE_H
#define INKAN_STATUS_STORE_H

#include "cert/trust.h"
#include "status/crl.h"

struct store;

/* LOCALSTATEDIR/cache/inkan and $XDG_CACHE_HOME/inkan, or what inkan.conf says, in this order: all are read, the last
 * that may be written is written. E_OK for folders that are not there. A store keeps in memory what it has read, and
 * looks again (stat) when the interval is over; safe from many threads. */
enum error store_open(const struct crypto *c, const char *const *folders, size_t n, struct store **out);
void store_free(struct store **store);
void store_check_every(struct store *store, long seconds); /* 60 unless told; before threads ask */
size_t store_folders(char folders[2][4096]); /* how many; 0: inkan.conf could not be read, and may say otherwise */

/* Seconds that clocks may differ (inkan.conf): a list whose thisUpdate is that far ahead has begun. */
long store_tolerance(const struct store *store);

/* After an error: "FOLDER: what the system said", of the thread's last call that wrote; "" when there is nothing. */
const char *store_problem(const struct store *store);

/* Lists that came with a document or a TLS handshake: verified as those of the store are, used beside them, never
 * written. One thread adds; then many may ask. *set is NULL at first. Errors as of store_put. */
struct snapshot;
enum error extra_lists_add(struct snapshot **set, const struct trust *trust, struct bytes der);
void extra_lists_free(struct snapshot **set);

struct list_query {
	const struct trusted_ca *ca;
	const struct trust *trust; /* where the CA's other keys are (RFC 5280 6.3.3 (f)), or NULL: below the
	                                 * same anchor, of the same name */
	struct snapshot *extra;    /* or NULL */
	time_t at;                 /* 0: all that the store has; else what was issued by then, the archive's too:
	                                 * of each scope the last */
};

/* The lists that may speak about certificates of this CA, verified; the newest first. Of one scope (crl->key) there may
 * be several. A file that may not be trusted (another owner, writable by others, a symbolic link), that is cut short
 * or whose signature is another's is not among them; `why` then says so (E_DENIED, E_FORMAT, E_SIGNATURE). */
struct store_lists {
	const struct crl **list;
	size_t n;
	enum error why;         /* E_NOT_FOUND: there is none */
	bool unread;            /* one is there, and could not be read for want of memory or files */
	struct snapshot *of[2]; /* where they are, counted */
};
void store_lists(struct store *store, const struct list_query *query, struct store_lists *out);
void store_lists_free(struct store_lists *lists);

enum store_put { STORE_NEW, STORE_SAME, STORE_OLDER /* refused: an older list than the one in force */, STORE_BAD };

/* Verifies with a sound CA of the trust store (found by name and signature) and writes. A list that has not begun lies
 * beside the one in force until then. *what is STORE_BAD on every error: E_FORMAT, E_NOT_FOUND (no CA of that name),
 * E_SIGNATURE, E_UNSUPPORTED (delta, indirect, attribute certificates), E_DENIED (no folder may be written), E_IO:
 * nothing has changed on disk. */
enum error store_put(struct store *store, const struct trust *trust, struct bytes der, enum store_put *what);

/* Lists that were valid at a time, for signatures made then: copies this one, or all that there are, to the archive. */
enum error store_archive_list(struct store *store, const struct trust *trust, struct bytes der);
enum error store_archive(struct store *store, const struct trust *trust);

/* All that lies in the store, usable or not. */
struct store_file {
	char path[4096];
	bool archived;
	const struct crl *crl;           /* NULL: not usable, why says */
	const struct trusted_ca *issuer; /* NULL: its CA is not in the trust store */
	enum error why;
};
enum error store_walk(struct store *store, const struct trust *trust,
                      enum error (*each)(void *arg, const struct store_file *file), void *arg);

/* Removes lists whose nextUpdate was before `before` or that do not parse, and what a killed writer left. The archive
 * stays: it is there for being old. */
enum error store_purge(struct store *store, time_t before, size_t *removed);

#endif
