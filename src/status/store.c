/* SPDX-License-Identifier: BSD-2-Clause */
/* The store as readers see it. */
#include "config.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/conf.h"
#include "base/log.h"
#include "base/text.h"
#include "status/snapshot.h"

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
	struct conf conf;

	*out = NULL;
	if (!s)
		return E_MEMORY;
	conf_load(&conf);
	s->crypto = c;
	s->interval = 60;
	s->tolerance = conf.clock_tolerance;
	pthread_mutex_init(&s->lock, NULL);
	pthread_mutex_init(&s->looking, NULL);
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

static void snapshot_drop(struct snapshot *s)
{
	if (!s || atomic_fetch_sub(&s->refs, 1) != 1)
		return;
	for (size_t i = 0; i < s->n; i++)
		crl_free(&s->list[i].crl);
	free(s->list);
	free(s);
}

void store_free(struct store **out)
{
	struct store *s = *out;

	*out = NULL;
	if (!s)
		return;
	snapshot_drop(s->snapshot);
	for (size_t i = 0; i < s->n; i++)
		free(s->folders[i]);
	free(s->folders);
	pthread_mutex_destroy(&s->lock);
	pthread_mutex_destroy(&s->looking);
	free(s);
}

void store_check_every(struct store *s, long seconds)
{
	s->interval = seconds;
}

long store_tolerance(const struct store *s)
{
	return s->tolerance;
}

/* ---- Files */

enum error store_enter(const char *folder, const char *part, int *fd)
{
	int parent;
	enum error ok = dir_open(folder, false, &parent);

	*fd = -1;
	if (ok != E_OK)
		return ok;
	ok = dir_enter(parent, part, false, fd);
	close(parent);
	return ok;
}

bool list_named(const char *name, uint8_t spki[32])
{
	size_t n = strlen(name);
	char hex[65] = "";

	if ((n != CRL_NAME_SIZE - 1 && n != STORE_ARCHIVED_LEN) || name[64] != '-' || strcmp(name + n - 4, ".crl") != 0)
		return false;
	memcpy(hex, name, 64);
	return hex_read(hex, spki, 32);
}

enum error list_read(const struct crypto *c, int dir, const char *name, const uint8_t spki[32], struct stat *st,
                     struct crl **crl)
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
		ok = crl_parse(c, (struct bytes){der.data, der.len}, spki, crl);
	buf_free(&der);
	if (ok != E_OK)
		log_info("%s: %s", name, error_text(ok));
	return ok;
}

/* ---- The lists at one moment */

static struct snapshot *snapshot_new(void)
{
	struct snapshot *s = calloc(1, sizeof *s);

	if (s)
		atomic_init(&s->refs, 1);
	return s;
}

static struct stored *add(struct snapshot *s)
{
	struct stored *list = realloc(s->list, (s->n + 1) * sizeof *list);

	if (!list)
		return NULL;
	s->list = list;
	list[s->n] = (struct stored){.why = E_NOT_FOUND};
	return &list[s->n++];
}

struct look {                /* a walk over one folder */
	struct snapshot *snapshot;
	size_t folder;
	int dir;
	const char *prefix, *time; /* of the archive: what the names begin with, and the latest time in them; or NULL */
};

/* Which file it is; its content is read when any has changed. */
static enum error note_file(void *arg, const char *name)
{
	struct look *l = arg;
	struct stored *e;
	uint8_t spki[32];
	int fd;

	if (!list_named(name, spki) || (l->prefix && strncmp(name, l->prefix, 64) != 0) ||
	    (l->time && (strlen(name) != STORE_ARCHIVED_LEN || strncmp(name + 130, l->time, 15) > 0)))
		return E_OK;
	e = add(l->snapshot);
	if (!e)
		return E_MEMORY;
	memcpy(e->spki, spki, sizeof spki);
	strcpy(e->name, name);
	e->folder = l->folder;
	e->why = l->time ? E_OK : file_look(l->dir, name, &fd, &e->st);
	if (!l->time && fd >= 0)
		close(fd);
	return E_OK;
}

/* A folder that is not there is no news; one that may not be trusted is. */
static enum error note_files(const struct store *s, const char *part, struct look *l)
{
	enum error ok = E_OK;

	for (l->folder = 0; ok == E_OK && l->folder < s->n; l->folder++) {
		enum error opened = store_enter(s->folders[l->folder], part, &l->dir);

		if (opened == E_OK) {
			ok = dir_each(l->dir, note_file, l);
			close(l->dir);
		} else if (opened != E_NOT_FOUND) {
			l->snapshot->why = opened;
		}
	}
	return ok;
}

static void read_file(const struct store *s, const char *part, struct stored *e)
{
	int dir;

	if (e->why == E_OK)
		e->why = store_enter(s->folders[e->folder], part, &dir);
	if (e->why != E_OK)
		return;
	e->why = list_read(s->crypto, dir, e->name, e->spki, &e->st, &e->crl);
	close(dir);
}

static bool is_unchanged(const struct snapshot *a, const struct snapshot *b)
{
	if (!a || a->n != b->n || a->why != b->why)
		return false;
	for (size_t i = 0; i < a->n; i++) {
		const struct stored *x = &a->list[i], *y = &b->list[i];

		if (x->why == E_IO || x->why == E_MEMORY)
			return false; /* next time it may be read */
		if (x->folder != y->folder || strcmp(x->name, y->name) != 0 || !file_same(&x->st, &y->st))
			return false;
	}
	return true;
}

/* What there is, counted for the caller. *fresh: it is not from before a write of ours; *due: it is time to look. */
static struct snapshot *current(struct store *s, unsigned *generation, bool *fresh, bool *due)
{
	struct snapshot *snapshot;
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	pthread_mutex_lock(&s->lock);
	snapshot = s->snapshot;
	*generation = s->generation;
	*fresh = snapshot && s->seen == s->generation;
	*due = !*fresh || now.tv_sec - s->looked >= s->interval;
	if (snapshot)
		atomic_fetch_add(&snapshot->refs, 1);
	pthread_mutex_unlock(&s->lock);
	return snapshot;
}

/* Reads all files when any has changed. NULL: no memory. */
static struct snapshot *look_again(struct store *s, struct snapshot *old)
{
	struct snapshot *new = snapshot_new();
	struct look look = {.snapshot = new};

	if (!new || note_files(s, "crl", &look) != E_OK) {
		snapshot_drop(new);
		return NULL;
	}
	if (is_unchanged(old, new)) {
		snapshot_drop(new);
		atomic_fetch_add(&old->refs, 1);
		return old;
	}
	for (size_t i = 0; i < new->n; i++)
		read_file(s, "crl", &new->list[i]);
	return new;
}

/* Counted for the caller; NULL: no memory. While one thread looks the others take what there was, unless it is from
 * before a write of ours. One look follows the other, so that nobody sees time go backwards. */
static struct snapshot *snapshot_take(struct store *s)
{
	struct snapshot *snapshot, *new, *old;
	struct timespec now;
	unsigned generation;
	bool fresh, due;

	snapshot = current(s, &generation, &fresh, &due);
	if (!due)
		return snapshot;
	if (!fresh)
		pthread_mutex_lock(&s->looking);
	else if (pthread_mutex_trylock(&s->looking) != 0)
		return snapshot;
	snapshot_drop(snapshot);
	snapshot = current(s, &generation, &fresh, &due); /* another thread may have looked meanwhile */
	if (due) {
		new = look_again(s, snapshot);
		snapshot_drop(snapshot);
		snapshot = new;
		clock_gettime(CLOCK_MONOTONIC, &now);
		pthread_mutex_lock(&s->lock);
		old = s->snapshot;
		s->snapshot = new;
		s->seen = generation;
		s->looked = now.tv_sec;
		if (new)
			atomic_fetch_add(&new->refs, 1);
		pthread_mutex_unlock(&s->lock);
		snapshot_drop(old);
	}
	pthread_mutex_unlock(&s->looking);
	return snapshot;
}

/* ---- Those of one CA */

static int latest_name_first(const void *a, const void *b)
{
	return strcmp(((const struct stored *)b)->name, ((const struct stored *)a)->name);
}

/* Of each scope the last list that was issued by then and can be used. A name says where to look; what counts is
 * inside. */
static enum error read_archive(const struct store *s, const struct trusted_ca *ca, time_t at, struct snapshot *past)
{
	struct snapshot *names = snapshot_new();
	char prefix[65], time[16] = "";
	struct look look = {.snapshot = names, .prefix = prefix, .time = time};
	enum error ok = E_MEMORY;
	bool done = false;
	struct tm tm;

	hex_write(ca->spki_sha256, 32, prefix);
	if (gmtime_r(&at, &tm))
		strftime(time, sizeof time, "%Y%m%d%H%M%SZ", &tm);
	if (!names || (ok = note_files(s, "archive", &look)) != E_OK)
		goto out;
	if (names->n)
		qsort(names->list, names->n, sizeof *names->list, latest_name_first);
	for (size_t i = 0; i < names->n; i++) {
		struct stored *e = &names->list[i], *kept;

		if (done && strncmp(e->name, names->list[i - 1].name, 129) == 0)
			continue;
		read_file(s, "archive", e);
		done = e->crl && crl_check(e->crl, ca->cert) == E_OK && e->crl->this_update <= at;
		if (!done)
			continue;
		if (!(kept = add(past))) {
			ok = E_MEMORY;
			goto out;
		}
		*kept = *e;
		e->crl = NULL;
	}
	past->why = names->why;
out:
	snapshot_drop(names);
	return ok;
}

static void collect(const struct snapshot *s, const struct trusted_ca *ca, const struct list_query *q,
                    struct store_lists *out)
{
	if (s->why != E_OK)
		out->why = s->why;
	for (size_t i = 0; i < s->n; i++) {
		const struct stored *e = &s->list[i];
		enum error why = e->why;

		if (memcmp(e->spki, ca->spki_sha256, 32) != 0)
			continue;
		if (e->crl)
			why = crl_check(e->crl, ca->cert);
		if (why == E_OK && (!q->at || e->crl->this_update <= q->at))
			out->list[out->n++] = e->crl;
		else if (why != E_OK && why != E_NOT_FOUND) /* not gone meanwhile */
			out->why = why;
		else if (why == E_NOT_FOUND && e->crl)
			out->why = E_SIGNATURE; /* another CA's list under this CA's name */
	}
}

static int latest_first(const void *a, const void *b)
{
	const struct crl *x = *(const struct crl *const *)a, *y = *(const struct crl *const *)b;

	if (x->this_update != y->this_update)
		return x->this_update > y->this_update ? -1 : 1;
	return memcmp(x->sha256, y->sha256, sizeof x->sha256);
}

void store_lists(struct store *s, const struct list_query *q, struct store_lists *out)
{
	const struct trusted_ca *signers[SIGNERS_MAX] = {q->ca};
	const size_t n = q->trust ? trust_signers(q->trust, q->ca, signers) : 1;
	struct snapshot *now = snapshot_take(s), *past = snapshot_new();
	enum error ok = now && past ? E_OK : E_MEMORY;

	*out = (struct store_lists){.why = E_NOT_FOUND, .of = {now, past}};
	for (size_t i = 0; q->at && i < n && ok == E_OK; i++)
		ok = read_archive(s, signers[i], q->at, past);
	if (ok == E_OK)
		out->list = calloc(now->n + past->n + (q->extra ? q->extra->n : 0) + 1, sizeof *out->list);
	if (!out->list) {
		store_lists_free(out);
		out->why = E_MEMORY;
		return;
	}
	for (size_t i = 0; i < n; i++) {
		collect(now, signers[i], q, out);
		collect(past, signers[i], q, out);
		if (q->extra)
			collect(q->extra, signers[i], q, out);
	}
	if (out->n > 0 && out->why == E_NOT_FOUND)
		out->why = E_OK;
	if (out->n > 1)
		qsort(out->list, out->n, sizeof *out->list, latest_first);
}

void store_lists_free(struct store_lists *lists)
{
	free(lists->list);
	snapshot_drop(lists->of[0]);
	snapshot_drop(lists->of[1]);
	*lists = (struct store_lists){.n = 0};
}

/* ---- Lists from elsewhere */

enum error list_signer(const struct trust *trust, struct bytes der, const struct trusted_ca **ca, struct crl **crl)
{
	enum error ok = E_NOT_FOUND;

	*crl = NULL;
	for (size_t i = 0; i < trust->n; i++) {
		enum error opened;

		if (!trust->list[i]->signs_lists)
			continue;
		*ca = trust->list[i];
		opened = crl_open(trust->crypto, der, (*ca)->cert, crl);
		if (opened == E_OK && (*crl)->defects & (CRL_DELTA | CRL_INDIRECT | CRL_ATTRIBUTES)) {
			crl_free(crl);
			return E_UNSUPPORTED;
		}
		if (opened == E_OK || opened == E_MEMORY || opened == E_FORMAT)
			return opened;
		if (opened != E_NOT_FOUND)
			ok = opened;
	}
	return ok;
}

enum error extra_lists_add(struct snapshot **set, const struct trust *trust, struct bytes der)
{
	const struct trusted_ca *ca;
	struct stored *e = NULL;
	struct crl *crl;
	enum error ok = list_signer(trust, der, &ca, &crl);

	if (ok != E_OK)
		return ok;
	if (!*set)
		*set = snapshot_new();
	if (!*set || !(e = add(*set))) {
		crl_free(&crl);
		return E_MEMORY;
	}
	e->crl = crl;
	memcpy(e->spki, ca->spki_sha256, sizeof e->spki);
	return E_OK;
}

void extra_lists_free(struct snapshot **set)
{
	snapshot_drop(*set);
	*set = NULL;
}
