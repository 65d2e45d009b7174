/* SPDX-License-Identifier: BSD-2-Clause */
/* The store as readers see it: shelves that are looked over at an interval. */
#include "config.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/conf.h"
#include "status/store_shelf.h"

size_t store_folders(char folders[2][4096])
{
	const char *base = secure_getenv("XDG_CACHE_HOME");
	const char *home = secure_getenv("HOME");
	struct conf conf;
	int n;

	conf_load(&conf);
	snprintf(folders[0], 4096, "%s", conf.system.lists[0] ? conf.system.lists : LOCALSTATEDIR "/cache/inkan");
	if (conf.user.lists[0])
		n = snprintf(folders[1], 4096, "%s", conf.user.lists);
	else if (base && *base == '/')
		n = snprintf(folders[1], 4096, "%s/inkan", base);
	else if (home && *home == '/')
		n = snprintf(folders[1], 4096, "%s/.cache/inkan", home);
	else
		return 1;
	return n > 0 && n < 4096 ? 2 : 1;
}

enum error store_open(const struct crypto *c, const char *const *folders, size_t n, struct store **out)
{
	struct store *s = calloc(1, sizeof *s);

	*out = NULL;
	if (!s)
		return E_MEMORY;
	s->crypto = c;
	s->interval = 60;
	pthread_mutex_init(&s->lock, NULL);
	s->folders = calloc(n ? n : 1, sizeof *s->folders);
	if (!s->folders)
		goto fail;
	for (; s->n < n; s->n++) {
		s->folders[s->n] = strdup(folders[s->n]);
		if (!s->folders[s->n])
			goto fail;
	}
	*out = s;
	return E_OK;
fail:
	store_free(&s);
	return E_MEMORY;
}

static void drop_all(struct shelf *shelf)
{
	while (shelf) {
		struct shelf *next = shelf->next;

		shelf_drop(shelf);
		shelf = next;
	}
}

void store_free(struct store **out)
{
	struct store *s = *out;

	*out = NULL;
	if (!s)
		return;
	drop_all(s->shelves);
	for (size_t i = 0; i < s->n; i++)
		free(s->folders[i]);
	free(s->folders);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

void store_check_every(struct store *s, long seconds)
{
	s->interval = seconds;
}

static time_t ticks(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

/* Where the shelf of this CA hangs, or would. Under the lock. */
static struct shelf **place_of(struct store *s, const uint8_t spki[32])
{
	struct shelf **at = &s->shelves;

	while (*at && memcmp((*at)->spki, spki, 32) != 0)
		at = &(*at)->next;
	return at;
}

/* What is cached, counted for the caller. *due: it is the caller who looks again. */
static struct shelf *take(struct store *s, const uint8_t spki[32], bool *due, uint64_t *ticket)
{
	struct shelf *shelf;
	time_t now = ticks();

	pthread_mutex_lock(&s->lock);
	shelf = *place_of(s, spki);
	*due = !shelf || (!shelf->looking && now - shelf->looked >= s->interval);
	*ticket = *due ? ++s->tickets : 0;
	if (shelf) {
		shelf->looking |= *due;
		atomic_fetch_add(&shelf->refs, 1);
	}
	pthread_mutex_unlock(&s->lock);
	return shelf;
}

/* Puts the shelf where the others find it, unless a later look was quicker: then
 * that one is given back, so that nobody ever sees time go backwards. */
static struct shelf *hang(struct store *s, struct shelf *shelf, uint64_t ticket)
{
	struct shelf **at, *useless = NULL;

	pthread_mutex_lock(&s->lock);
	at = place_of(s, shelf->spki);
	if (*at && (*at)->ticket > ticket) {
		useless = shelf;
		shelf = *at;
		atomic_fetch_add(&shelf->refs, 1);
	} else if (ticket > s->forgotten) {
		useless = *at;
		shelf->next = useless ? useless->next : NULL;
		shelf->ticket = ticket;
		shelf->looked = ticks();
		atomic_fetch_add(&shelf->refs, 1);
		*at = shelf;
	}
	pthread_mutex_unlock(&s->lock);
	shelf_drop(useless);
	return shelf;
}

void store_forget(struct store *s)
{
	struct shelf *all;

	pthread_mutex_lock(&s->lock);
	s->forgotten = s->tickets;
	all = s->shelves;
	s->shelves = NULL;
	pthread_mutex_unlock(&s->lock);
	drop_all(all);
}

static void fill(struct held *out, struct shelf *shelf)
{
	*out = (struct held){shelf->lists, shelf->n, shelf->why, shelf};
}

/* Nobody waits for the one who looks again: the others take what there was. */
void store_lists(struct store *s, const struct trusted_ca *ca, struct held *out)
{
	struct shelf *old, *shelf;
	uint64_t ticket;
	enum error ok;
	bool due;

	old = take(s, ca->spki_sha256, &due, &ticket);
	if (!due) {
		fill(out, old);
		return;
	}
	ok = shelf_make(s, ca, old, &shelf);
	shelf_drop(old);
	if (ok != E_OK) {
		store_forget(s);
		*out = (struct held){.why = ok};
		return;
	}
	fill(out, hang(s, shelf, ticket));
}

void store_lists_at(struct store *s, const struct trusted_ca *ca, time_t at, struct held *out)
{
	struct shelf *shelf;
	enum error ok = shelf_make_at(s, ca, at, &shelf);

	if (ok != E_OK)
		*out = (struct held){.why = ok};
	else
		fill(out, shelf);
}

void store_release(struct held *held)
{
	shelf_drop(held->self);
	*held = (struct held){0};
}

enum error store_enter(const char *folder, const char *name, int *fd)
{
	int parent;
	enum error ok = dir_open(folder, false, &parent);

	*fd = -1;
	if (ok != E_OK)
		return ok;
	ok = dir_enter(parent, name, false, fd);
	close(parent);
	return ok;
}
