/* SPDX-License-Identifier: BSD-2-Clause */
/* What the folders hold of one CA, verified. */
#include "config.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/log.h"
#include "status/store_shelf.h"

enum error kept_open(const struct crypto *c, int dir, const char *name, const struct cert *issuer,
                     struct crl **crl, struct stat *st)
{
	struct buf der = {0};
	enum error ok;
	int fd;

	*crl = NULL;
	ok = file_look(dir, name, &fd, st);
	if (ok != E_OK)
		return ok;
	ok = file_read(fd, st, &der);
	close(fd);
	if (ok == E_OK)
		ok = crl_open(c, (struct bytes){der.data, der.len}, issuer, crl);
	buf_free(&der);
	return ok == E_NOT_FOUND ? E_SIGNATURE : ok; /* another CA's list under this CA's name */
}

static void kept_drop(struct kept *k)
{
	if (!k || atomic_fetch_sub(&k->refs, 1) != 1)
		return;
	crl_free(&k->crl);
	free(k);
}

void shelf_drop(struct shelf *shelf)
{
	if (!shelf || atomic_fetch_sub(&shelf->refs, 1) != 1)
		return;
	for (size_t i = 0; i < shelf->n; i++)
		kept_drop(shelf->kept[i]);
	free(shelf->kept);
	free(shelf->lists);
	free(shelf);
}

static struct shelf *shelf_new(const struct trusted_ca *ca)
{
	struct shelf *shelf = calloc(1, sizeof *shelf);

	if (!shelf)
		return NULL;
	memcpy(shelf->spki, ca->spki_sha256, sizeof shelf->spki);
	atomic_init(&shelf->refs, 1);
	shelf->why = E_NOT_FOUND;
	return shelf;
}

static enum error shelf_add(struct shelf *shelf, struct kept *k)
{
	struct kept **kept = realloc(shelf->kept, (shelf->n + 1) * sizeof *kept);

	if (!kept)
		return E_MEMORY;
	shelf->kept = kept;
	kept[shelf->n++] = k;
	return E_OK;
}

struct looking {             /* a walk over one folder */
	struct store *store;
	const struct trusted_ca *ca;
	const struct shelf *old; /* NULL: nothing to take over */
	struct shelf *shelf;
	size_t folder;
	int dir;
	char prefix[66];         /* the CA's key and a hyphen */
};

static bool is_ours(const struct looking *l, const char *name, size_t len)
{
	return strlen(name) == len && strncmp(name, l->prefix, 65) == 0 && strcmp(name + len - 4, ".crl") == 0;
}

/* The same file as before, if that has not changed since. */
static struct kept *take_over(const struct looking *l, const char *name)
{
	struct stat st;
	int fd;

	for (size_t i = 0; l->old && i < l->old->n; i++) {
		struct kept *k = l->old->kept[i];

		if (k->folder != l->folder || strcmp(k->name, name) != 0)
			continue;
		if (file_look(l->dir, name, &fd, &st) != E_OK)
			return NULL;
		close(fd);
		if (!file_same(&st, &k->st))
			return NULL;
		atomic_fetch_add(&k->refs, 1);
		return k;
	}
	return NULL;
}

static enum error kept_new(const struct looking *l, const char *name, struct kept **out)
{
	struct kept *k = calloc(1, sizeof *k);
	enum error ok;

	*out = NULL;
	if (!k)
		return E_MEMORY;
	ok = kept_open(l->store->crypto, l->dir, name, l->ca->cert, &k->crl, &k->st);
	if (ok != E_OK) {
		free(k);
		return ok;
	}
	atomic_init(&k->refs, 1);
	k->folder = l->folder;
	memcpy(k->name, name, strlen(name) + 1);
	*out = k;
	return E_OK;
}

/* A file that is no good is said, and does not hide the others. */
static enum error look_at_file(struct looking *l, const char *name)
{
	struct kept *k = take_over(l, name);
	enum error ok = k ? E_OK : kept_new(l, name, &k);

	if (ok == E_NOT_FOUND || ok == E_MEMORY)
		return ok == E_MEMORY ? ok : E_OK; /* gone meanwhile */
	if (ok != E_OK) {
		log_info("store: %s: %s", name, error_text(ok));
		l->shelf->why = ok;
		return E_OK;
	}
	ok = shelf_add(l->shelf, k);
	if (ok != E_OK)
		kept_drop(k);
	return ok;
}

static enum error look_at_name(void *arg, const char *name)
{
	return is_ours(arg, name, STORE_NAME_LEN) ? look_at_file(arg, name) : E_OK;
}

static enum error list_all(struct shelf *shelf)
{
	shelf->lists = calloc(shelf->n ? shelf->n : 1, sizeof *shelf->lists);
	if (!shelf->lists)
		return E_MEMORY;
	for (size_t i = 0; i < shelf->n; i++)
		shelf->lists[i] = shelf->kept[i]->crl;
	if (shelf->n > 0 && shelf->why == E_NOT_FOUND)
		shelf->why = E_OK;
	return E_OK;
}

/* Calls `each` for the names in that folder of every place. A place that is not
 * there is no news; one that may not be believed is. */
static enum error look_everywhere(struct looking *l, const char *folder,
                                  enum error (*each)(void *arg, const char *name))
{
	enum error ok = E_OK;

	for (l->folder = 0; ok == E_OK && l->folder < l->store->n; l->folder++) {
		enum error opened = store_enter(l->store->folders[l->folder], folder, &l->dir);

		if (opened == E_OK) {
			ok = dir_each(l->dir, each, l);
			close(l->dir);
		} else if (opened != E_NOT_FOUND) {
			l->shelf->why = opened;
		}
	}
	return ok;
}

static void looking_init(struct looking *l, struct store *store, const struct trusted_ca *ca,
                         const struct shelf *old)
{
	*l = (struct looking){.store = store, .ca = ca, .old = old, .shelf = shelf_new(ca)};
	hex_write(ca->spki_sha256, 32, l->prefix);
	l->prefix[64] = '-';
	l->prefix[65] = '\0';
}

enum error shelf_make(struct store *store, const struct trusted_ca *ca, const struct shelf *old,
                      struct shelf **out)
{
	struct looking l;
	enum error ok;

	*out = NULL;
	looking_init(&l, store, ca, old);
	if (!l.shelf)
		return E_MEMORY;
	ok = look_everywhere(&l, "crl", look_at_name);
	if (ok == E_OK)
		ok = list_all(l.shelf);
	if (ok != E_OK)
		shelf_drop(l.shelf);
	else
		*out = l.shelf;
	return ok;
}

/* ---- A moment of the past */

struct names {               /* what the archive has that was issued by then */
	struct looking l;
	char time[16];
	struct archived {
		size_t folder;
		char name[STORE_ARCHIVED_LEN + 1];
	} *list;
	size_t n;
};

static enum error note_name(void *arg, const char *name)
{
	struct names *names = arg;
	struct archived *list;

	if (!is_ours(&names->l, name, STORE_ARCHIVED_LEN) || strncmp(name + 130, names->time, 15) > 0)
		return E_OK;
	list = realloc(names->list, (names->n + 1) * sizeof *list);
	if (!list)
		return E_MEMORY;
	names->list = list;
	list[names->n].folder = names->l.folder;
	memcpy(list[names->n++].name, name, STORE_ARCHIVED_LEN + 1);
	return E_OK;
}

static int latest_first(const void *a, const void *b)
{
	return strcmp(((const struct archived *)b)->name, ((const struct archived *)a)->name);
}

/* Names only say where to look: what counts is inside. */
static enum error open_archived(struct names *names, const struct archived *a, time_t at, bool *done)
{
	struct looking *l = &names->l;
	size_t before = l->shelf->n;
	enum error ok;

	l->folder = a->folder;
	ok = store_enter(l->store->folders[a->folder], "archive", &l->dir);
	if (ok != E_OK)
		return E_OK;
	ok = look_at_file(l, a->name);
	close(l->dir);
	*done = l->shelf->n > before && l->shelf->kept[before]->crl->this_update <= at;
	if (l->shelf->n > before && !*done)
		kept_drop(l->shelf->kept[--l->shelf->n]);
	return ok;
}

/* Of each scope the latest that can be used. */
static enum error open_latest(struct names *names, time_t at)
{
	const char *scope = NULL;
	enum error ok = E_OK;
	bool done = false;

	if (names->n > 1)
		qsort(names->list, names->n, sizeof *names->list, latest_first);
	for (size_t i = 0; ok == E_OK && i < names->n; i++) {
		const char *name = names->list[i].name;

		if (!scope || strncmp(scope, name, 129) != 0)
			done = false;
		scope = name;
		if (!done)
			ok = open_archived(names, &names->list[i], at, &done);
	}
	return ok;
}

static void drop_later(struct shelf *shelf, time_t at)
{
	size_t n = 0;

	for (size_t i = 0; i < shelf->n; i++) {
		if (shelf->kept[i]->crl->this_update <= at)
			shelf->kept[n++] = shelf->kept[i];
		else
			kept_drop(shelf->kept[i]);
	}
	shelf->n = n;
}

static enum error make_past(struct names *names, time_t at)
{
	enum error ok = look_everywhere(&names->l, "crl", look_at_name);

	if (ok != E_OK)
		return ok;
	drop_later(names->l.shelf, at);
	ok = look_everywhere(&names->l, "archive", note_name);
	if (ok == E_OK)
		ok = open_latest(names, at);
	return ok == E_OK ? list_all(names->l.shelf) : ok;
}

enum error shelf_make_at(struct store *store, const struct trusted_ca *ca, time_t at, struct shelf **out)
{
	struct names names = {.n = 0};
	struct tm tm;
	enum error ok;

	*out = NULL;
	looking_init(&names.l, store, ca, NULL);
	if (!names.l.shelf)
		return E_MEMORY;
	if (gmtime_r(&at, &tm))
		strftime(names.time, sizeof names.time, "%Y%m%d%H%M%SZ", &tm);
	ok = make_past(&names, at);
	free(names.list);
	if (ok != E_OK)
		shelf_drop(names.l.shelf);
	else
		*out = names.l.shelf;
	return ok;
}
