/* SPDX-License-Identifier: BSD-2-Clause */
/* The revocation lists that are held: the signed DER as it came, one file per
 * issuer key and scope, read whole and verified when opened. Nothing derived is
 * trusted, nothing is lost with the whole folder but time. Writing is temp file,
 * fsync, rename; readers take no lock. */
#ifndef INKAN_STATUS_STORE_H
#define INKAN_STATUS_STORE_H

#include "cert/trust.h"
#include "status/crl.h"

struct store;

/* LOCALSTATEDIR/cache/inkan and $XDG_CACHE_HOME/inkan, or what inkan.conf says, in this
 * order: both are read, the newer list counts (status.c), the last that may be written is written.
 * E_OK for folders that are not there. A store keeps what it has opened and looks
 * again (stat) when the interval is over; safe from many threads. */
enum error store_open(const struct crypto *c, const char *const *folders, size_t n, struct store **out);
void store_free(struct store **store);
void store_check_every(struct store *store, long seconds); /* 60 unless told; before threads ask */
size_t store_folders(char folders[2][4096]);

/* Every list of this CA that is held, verified with its key; of one scope (crl->key)
 * there are several where several folders have one. The list of a folder
 * that may not be trusted (another owner, writable by others, a symbolic link),
 * that is cut short or whose signature is another's is not among them; `why`
 * then says so (E_DENIED, E_FORMAT, E_SIGNATURE, E_NOT_FOUND). References are
 * counted: store_release. */
struct held {
	const struct crl *const *list;
	size_t n;
	enum error why; /* E_OK, or what was wrong with one that is there */
	void *self;
};
void store_lists(struct store *store, const struct trusted_ca *ca, struct held *out);
void store_release(struct held *held);

enum store_put { STORE_NEW, STORE_SAME, STORE_OLDER /* refused: rollback */, STORE_BAD };

/* Verifies with a sound CA of the trust store (found by name and signature) and
 * keeps. *what is STORE_BAD on every error: E_FORMAT, E_NOT_FOUND (no CA of that
 * name), E_SIGNATURE, E_UNSUPPORTED (delta, indirect, attribute certificates),
 * E_DENIED (no folder may be written), E_IO: nothing has changed on disk. */
enum error store_put(struct store *store, const struct trust *trust, struct bytes der, enum store_put *what);

/* Lists that were valid at a time, kept for signatures made then. Copies what is
 * held; store_lists_at gives, of each scope, the last that was issued by then. */
enum error store_archive(struct store *store, const struct trust *trust);
void store_lists_at(struct store *store, const struct trusted_ca *ca, time_t at, struct held *out);

/* A walk over what is there, for `inkan status list`: whatever cannot be used, too. */
struct store_file {
	char path[4096];
	bool archived;
	const struct crl *crl;            /* NULL: not usable, why says */
	const struct trusted_ca *issuer;  /* NULL: its CA is not in the trust store */
	enum error why;
};
enum error store_walk(struct store *store, const struct trust *trust,
                      enum error (*each)(void *arg, const struct store_file *file), void *arg);

/* Removes lists whose nextUpdate was before `before` or that do not parse, and
 * what a killed writer left. The archive stays: it is there for being old. */
enum error store_purge(struct store *store, time_t before, size_t *removed);

#endif
