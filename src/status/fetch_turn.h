/* SPDX-License-Identifier: BSD-2-Clause */
/* What is remembered of a URL between two fetches, and who may fetch now. Both
 * are one file in FOLDER/fetch, named by the URL's SHA-256, locked with flock: of
 * several processes one fetches, the others wait and find its result here. It is
 * written in place; one that is cut short counts as none, which costs a transfer. */
#ifndef INKAN_STATUS_FETCH_TURN_H
#define INKAN_STATUS_FETCH_TURN_H

#include "crypto/crypto.h"
#include "status/fetch.h"

struct fetch_turn {
	int fd;
	bool waited;         /* another process had its turn meanwhile */
	char url[FETCH_URL_MAX];
	struct fetch_state state;
	time_t next_update;  /* of the list that this URL gave last; 0: none */
	uint8_t list[32];    /* SHA-256 of its DER */
};

/* The last of the store's folders that may be written, made when it is missing. */
enum error fetch_folder(const char *const *folders, size_t n, char out[4096]);

/* Waits `patience` seconds for another process at most: then E_BUSY. E_DENIED: a
 * folder or a file that is not this user's; E_IO. */
enum error fetch_turn_take(const struct crypto *c, const char *folder, const char *url, long patience,
                           struct fetch_turn *turn);

/* What is remembered, without a lock; E_NOT_FOUND when nothing is. */
enum error fetch_turn_look(const struct crypto *c, const char *folder, const char *url, struct fetch_turn *turn);

/* Writes it back, and lets the next one in. */
void fetch_turn_end(struct fetch_turn *turn);

#endif
