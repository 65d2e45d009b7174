/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/conf.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "status/store.h"

#define NAME_LEN (CRL_NAME_SIZE - 1) /* <64 hex>-<64 hex>.crl */
#define TIMED_LEN 166 /* <64 hex>-<64 hex>-<time>-<16 hex>.crl: in the archive, and of what has not begun */

struct stored {          /* a file, or a list that was handed in */
	struct crl *crl; /* NULL: it cannot be used, why says */
	enum error why;
	uint8_t spki[32]; /* the CA that its name gives */
	size_t folder;
	struct stat st;
	char name[TIMED_LEN + 1]; /* "": the folder itself, which may not be trusted */
};

/* All lists at one moment. Constant once it is made but for what signatures turn out to be, and counted, so that
 * readers keep theirs while the next one is made. */
struct snapshot {
	atomic_uint refs;
	struct stored *list;
	size_t n;
};

struct store {
	const struct crypto *crypto;
	char **folders;
	size_t n;
	long interval, tolerance;
	pthread_mutex_t lock; /* of what follows */
	struct snapshot *snapshot;
	time_t looked; /* CLOCK_MONOTONIC; 0: look again, something has been written */
	char problem[4200];
};

size_t store_folders(char folders[2][4096])
{
	const char *base = secure_getenv("XDG_CACHE_HOME");
	const char *home = secure_getenv("HOME");
	struct conf conf;
	int n = -1;

	conf_load(&conf);
	snprintf(folders[0], 4096, "%s", conf.system.lists[0] ? conf.system.lists : LOCALSTATEDIR "/cache/inkan");
	if (conf.user.lists[0])
		n = snprintf(folders[1], 4096, "%s", conf.user.lists);
	else if (base && *base == '/')
		n = snprintf(folders[1], 4096, "%s/inkan", base);
	else if (home && *home == '/')
		n = snprintf(folders[1], 4096, "%s/.cache/inkan", home);
	return conf.unread ? 0 : n > 0 && n < 4096 ? 2 : 1;
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
	for (size_t i = 0; s->folders && i < s->n; i++)
		free(s->folders[i]);
	free(s->folders);
	pthread_mutex_destroy(&s->lock);
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

const char *store_problem(const struct store *s)
{
	return s->problem;
}

/* ---- The lists at one moment */

/* Is it the name of a list? Then the CA that it gives. */
static bool list_named(const char *name, uint8_t spki[32])
{
	size_t n = strlen(name);
	char hex[65] = "";

	if ((n != NAME_LEN && n != TIMED_LEN) || name[64] != '-' || strcmp(name + n - 4, ".crl") != 0)
		return false;
	memcpy(hex, name, 64);
	return hex_read(hex, spki, 32);
}

#define TIME_SIZE 16
static bool time_in_name(time_t at, char out[TIME_SIZE])
{
	struct tm tm;

	out[0] = '\0';
	return gmtime_r(&at, &tm) && strftime(out, TIME_SIZE, "%Y%m%d%H%M%SZ", &tm) == 15;
}

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
	list[s->n] = (struct stored){.why = E_OK};
	return &list[s->n++];
}

struct look { /* a walk over one folder */
	struct snapshot *snapshot;
	size_t folder;
	int dir;
	const char *prefix, *time; /* what the names begin with, and the latest time in them; or NULL */
};

/* Which file it is. What is in it is read when any file has changed. */
static enum error note_file(void *arg, const char *name)
{
	struct look *l = arg;
	struct stored *e;
	uint8_t spki[32];
	int fd;

	if (!list_named(name, spki) || (l->prefix && strncmp(name, l->prefix, 64) != 0) ||
	    (l->time && (strlen(name) != TIMED_LEN || strncmp(name + 130, l->time, 15) > 0)))
		return E_OK;
	e = add(l->snapshot);
	if (!e)
		return E_MEMORY;
	memcpy(e->spki, spki, sizeof spki);
	strcpy(e->name, name);
	e->folder = l->folder;
	if (l->time)
		return E_OK;
	e->why = file_look(l->dir, name, &fd, &e->st);
	if (fd >= 0)
		close(fd);
	return E_OK;
}

static enum error enter(const char *folder, const char *part, int *fd)
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

/* All files of FOLDER/crl or FOLDER/archive. A folder that is not there is no news; one that may not be trusted is. */
static enum error note_files(const struct store *s, const char *part, struct look *l)
{
	struct stored *e;
	enum error ok = E_OK;

	for (l->folder = 0; ok == E_OK && l->folder < s->n; l->folder++) {
		enum error opened = enter(s->folders[l->folder], part, &l->dir);

		if (opened == E_OK) {
			ok = dir_each(l->dir, note_file, l);
			close(l->dir);
		} else if (opened != E_NOT_FOUND && (e = add(l->snapshot))) {
			e->why = opened;
			e->folder = l->folder;
		}
	}
	return ok;
}

/* Reads and parses; the signature is not checked. */
static void read_file(const struct store *s, const char *part, struct stored *e)
{
	struct buf der = {0};
	int dir = -1, fd = -1;

	if (e->why == E_OK && (e->why = enter(s->folders[e->folder], part, &dir)) == E_OK &&
	    (e->why = file_look(dir, e->name, &fd, &e->st)) == E_OK && (e->why = file_read(fd, &e->st, &der)) == E_OK)
		e->why = crl_parse(s->crypto, (struct bytes){der.data, der.len}, e->spki, &e->crl);
	if (e->why != E_OK)
		log_info("%s/%s/%s: %s", s->folders[e->folder], part, e->name, error_text(e->why));
	if (fd >= 0)
		close(fd);
	if (dir >= 0)
		close(dir);
	buf_free(&der);
}

static bool is_unchanged(const struct snapshot *a, const struct snapshot *b)
{
	if (!a || a->n != b->n)
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

/* Counted for the caller; NULL: no memory. All is read again when any file has changed. */
static struct snapshot *snapshot_take(struct store *s)
{
	struct look look = {.folder = 0};
	struct snapshot *snapshot;
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	pthread_mutex_lock(&s->lock);
	if (!s->snapshot || s->looked == 0 || now.tv_sec - s->looked >= s->interval) {
		look.snapshot = snapshot_new();
		if (!look.snapshot || note_files(s, "crl", &look) != E_OK || is_unchanged(s->snapshot, look.snapshot)) {
			snapshot_drop(look.snapshot);
		} else {
			for (size_t i = 0; i < look.snapshot->n; i++)
				read_file(s, "crl", &look.snapshot->list[i]);
			snapshot_drop(s->snapshot);
			s->snapshot = look.snapshot;
		}
		s->looked = now.tv_sec;
	}
	snapshot = s->snapshot;
	if (snapshot)
		atomic_fetch_add(&snapshot->refs, 1);
	pthread_mutex_unlock(&s->lock);
	return snapshot;
}

/* Something has been written. */
static void forget(struct store *s)
{
	pthread_mutex_lock(&s->lock);
	s->looked = 0;
	pthread_mutex_unlock(&s->lock);
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
	char prefix[65], time[TIME_SIZE];
	struct look look = {.snapshot = names, .prefix = prefix, .time = time};
	enum error ok = E_MEMORY;
	bool done = false;

	hex_write(ca->spki_sha256, 32, prefix);
	time_in_name(at, time);
	if (!names || (ok = note_files(s, "archive", &look)) != E_OK)
		goto out;
	if (names->n)
		qsort(names->list, names->n, sizeof *names->list, latest_name_first);
	for (size_t i = 0; i < names->n; i++) {
		struct stored *e = &names->list[i], *kept;

		if (done && strncmp(e->name, names->list[i - 1].name, 129) == 0)
			continue;
		if (e->name[0])
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
out:
	snapshot_drop(names);
	return ok;
}

static void collect(const struct snapshot *s, const struct trusted_ca *ca, const struct list_query *q,
                    struct store_lists *out)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct stored *e = &s->list[i];
		enum error why = e->why;

		if (e->name[0] && memcmp(e->spki, ca->spki_sha256, 32) != 0)
			continue;
		if (e->crl && crl_check(e->crl, ca->cert) != E_OK)
			why = E_SIGNATURE; /* or another CA's list under this CA's name */
		if (why == E_OK && (!q->at || e->crl->this_update <= q->at))
			out->list[out->n++] = e->crl;
		else if (why != E_OK && why != E_NOT_FOUND) /* not gone meanwhile */
			out->why = why;
		out->unread |= why == E_MEMORY || why == E_IO;
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
	const struct trusted_ca *signers[SIGNERS_MAX] = {q->ca}; /* and the CA's other keys: RFC 5280 6.3.3 (f) */
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
		out->unread = true;
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

/* The sound CA that signed this list. */
static enum error list_signer(const struct trust *trust, struct bytes der, const struct trusted_ca **ca,
                              struct crl **crl)
{
	enum error ok = E_NOT_FOUND;

	*crl = NULL;
	for (size_t i = 0; i < trust->n; i++) {
		enum error opened = E_NOT_FOUND;

		*ca = trust->list[i];
		if ((*ca)->signs_lists)
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
	strcpy(e->name, "-");
	memcpy(e->spki, ca->spki_sha256, sizeof e->spki);
	return E_OK;
}

void extra_lists_free(struct snapshot **set)
{
	snapshot_drop(*set);
	*set = NULL;
}

/* ---- Writing: one at a time, and never backwards */

static void note_problem(struct store *s, const char *path)
{
	snprintf(s->problem, sizeof s->problem, "%s: %s", path, strerror(errno));
}

struct writer { /* FOLDER/crl or FOLDER/archive, locked */
	const char *path;
	int folder, lock, part;
};

/* errno stays. */
static void writer_close(struct writer *w)
{
	const int why = errno;

	if (w->part >= 0)
		close(w->part);
	if (w->lock >= 0)
		close(w->lock);
	if (w->folder >= 0)
		close(w->folder);
	errno = why;
}

static enum error writer_open(const char *path, const char *part, bool make, struct writer *w)
{
	enum error ok;

	*w = (struct writer){path, -1, -1, -1};
	if ((ok = dir_open(path, make, &w->folder)) != E_OK || (ok = dir_lock(w->folder, &w->lock)) != E_OK ||
	    (ok = dir_enter(w->folder, part, make, &w->part)) != E_OK)
		writer_close(w);
	return ok;
}

/* In the last folder that may be written. */
static enum error writer_open_last(struct store *s, const char *part, struct writer *w)
{
	enum error ok = E_DENIED;

	s->problem[0] = '\0';
	for (size_t i = s->n; i-- > 0;) {
		enum error opened = writer_open(s->folders[i], part, true, w);

		if (opened == E_OK)
			return E_OK;
		if (!s->problem[0])
			note_problem(s, s->folders[i]);
		if (opened != E_NOT_FOUND && opened != E_DENIED)
			ok = opened;
	}
	return ok;
}

static enum error name_by_time(const struct crl *crl, char name[TIMED_LEN + 1])
{
	char scope[CRL_NAME_SIZE], time[TIME_SIZE], hash[17];

	if (!time_in_name(crl->this_update, time))
		return E_FORMAT;
	crl_name(crl, scope);
	hex_write(crl->sha256, 8, hash);
	snprintf(name, TIMED_LEN + 1, "%.129s-%.15s-%.16s.crl", scope, time, hash);
	return E_OK;
}

/* ---- The lists in force */

/* Beside what the folders hold now, not what was in memory. *begun: the latest thisUpdate of its scope that is not in
 * the future, 0 when there is none. A list that has not begun keeps nobody out. */
static enum error compare(struct store *s, const struct trusted_ca *ca, const struct crl *crl, enum store_put *what,
                          time_t *begun)
{
	const time_t now = time(NULL);
	struct store_lists lists;
	enum error ok = E_OK;

	forget(s);
	store_lists(s, &(struct list_query){.ca = ca}, &lists);
	*what = STORE_NEW;
	*begun = 0;
	if (lists.why == E_MEMORY)
		ok = E_MEMORY;
	for (size_t i = 0; i < lists.n && *what != STORE_SAME; i++) {
		const struct crl *other = lists.list[i];

		if (memcmp(other->key, crl->key, sizeof crl->key) != 0)
			continue;
		if (memcmp(other->sha256, crl->sha256, sizeof crl->sha256) == 0) {
			*what = STORE_SAME;
		} else if (other->this_update <= now + s->tolerance) {
			*begun = other->this_update > *begun ? other->this_update : *begun;
			if (!crl_newer(crl, other, now))
				*what = STORE_OLDER;
		}
	}
	store_lists_free(&lists);
	return ok;
}

/* Removes what had not begun when it came, and is older than what is in force now. */
static void sweep(const struct writer *w, const struct crl *crl, time_t begun)
{
	char scope[CRL_NAME_SIZE], time[TIME_SIZE];
	struct look look = {.snapshot = snapshot_new(), .dir = w->part, .prefix = scope, .time = time};

	crl_name(crl, scope);
	time_in_name(begun - 1, time);
	if (look.snapshot && dir_each(w->part, note_file, &look) == E_OK)
		for (size_t i = 0; i < look.snapshot->n; i++)
			if (strncmp(look.snapshot->list[i].name, scope, 129) == 0)
				unlinkat(w->part, look.snapshot->list[i].name, 0);
	snapshot_drop(look.snapshot);
}

/* A list that has not begun lies beside the one in force, under a name with its time. */
static enum error put(struct store *s, const struct trusted_ca *ca, const struct crl *crl, enum store_put *what)
{
	char name[TIMED_LEN + 1];
	struct writer w;
	time_t begun;
	enum error ok = compare(s, ca, crl, what, &begun); /* needs no folder that may be written */

	if (ok != E_OK || *what != STORE_NEW || (ok = writer_open_last(s, "crl", &w)) != E_OK)
		return ok;
	ok = compare(s, ca, crl, what, &begun);
	if (ok == E_OK && *what == STORE_NEW) {
		if (begun == 0 || crl->this_update <= time(NULL) + s->tolerance) {
			begun = crl->this_update;
			crl_name(crl, name);
		} else {
			ok = name_by_time(crl, name);
		}
		if (ok == E_OK)
			ok = file_write(w.part, name, crl->der);
		if (ok == E_IO)
			note_problem(s, w.path);
		if (ok == E_OK)
			sweep(&w, crl, begun);
	}
	writer_close(&w);
	forget(s);
	return ok;
}

enum error store_put(struct store *s, const struct trust *trust, struct bytes der, enum store_put *what)
{
	const struct trusted_ca *ca;
	struct crl *crl;
	enum error ok = list_signer(trust, der, &ca, &crl);

	*what = STORE_BAD;
	if (ok == E_OK && (ok = put(s, ca, crl, what)) != E_OK)
		*what = STORE_BAD;
	crl_free(&crl);
	return ok;
}

/* ---- The archive */

static enum error archive(const struct writer *w, const struct crl *crl)
{
	char name[TIMED_LEN + 1];
	enum error ok = name_by_time(crl, name);

	if (ok != E_OK || faccessat(w->part, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return ok;
	return file_write(w->part, name, crl->der);
}

enum error store_archive_list(struct store *s, const struct trust *trust, struct bytes der)
{
	const struct trusted_ca *ca;
	struct writer w;
	struct crl *crl;
	enum error ok = list_signer(trust, der, &ca, &crl);

	if (ok == E_OK && (ok = writer_open_last(s, "archive", &w)) == E_OK) {
		ok = archive(&w, crl);
		if (ok == E_IO)
			note_problem(s, w.path);
		writer_close(&w);
	}
	crl_free(&crl);
	return ok;
}

enum error store_archive(struct store *s, const struct trust *trust)
{
	struct writer w;
	enum error ok = writer_open_last(s, "archive", &w);

	if (ok != E_OK)
		return ok;
	for (size_t i = 0; ok == E_OK && i < trust->n; i++) {
		struct store_lists lists;

		if (!trust->list[i]->signs_lists)
			continue;
		store_lists(s, &(struct list_query){.ca = trust->list[i]}, &lists);
		for (size_t k = 0; ok == E_OK && k < lists.n; k++)
			ok = archive(&w, lists.list[k]);
		store_lists_free(&lists);
	}
	if (ok == E_IO)
		note_problem(s, w.path);
	writer_close(&w);
	return ok;
}

/* ---- All that there is */

enum error store_walk(struct store *s, const struct trust *trust,
                      enum error (*each)(void *arg, const struct store_file *file), void *arg)
{
	enum error ok = E_OK;

	for (int archived = 0; ok == E_OK && archived < 2; archived++) {
		const char *part = archived ? "archive" : "crl";
		struct look look = {.snapshot = snapshot_new()};

		ok = look.snapshot ? note_files(s, part, &look) : E_MEMORY;
		for (size_t i = 0; ok == E_OK && i < look.snapshot->n; i++) {
			struct stored *e = &look.snapshot->list[i];
			struct store_file file = {.archived = archived, .why = e->why};

			for (size_t k = 0; e->name[0] && k < trust->n && !file.issuer; k++)
				if (trust->list[k]->signs_lists &&
				    memcmp(trust->list[k]->spki_sha256, e->spki, 32) == 0)
					file.issuer = trust->list[k];
			if (file.issuer) {
				read_file(s, part, e);
				file.why = e->crl ? crl_check(e->crl, file.issuer->cert) : e->why;
				file.crl = file.why == E_OK ? e->crl : NULL;
			} else if (e->name[0]) {
				file.why = E_NOT_FOUND;
			}
			snprintf(file.path, sizeof file.path, "%s/%s/%s", s->folders[e->folder], part, e->name);
			ok = each(arg, &file);
			crl_free(&e->crl);
		}
		snapshot_drop(look.snapshot);
	}
	return ok;
}

/* A folder of somebody else's does not keep ours from being put in order; when there is none of ours, that is said.
 * Throwing away needs no signature. */
enum error store_purge(struct store *s, time_t before, size_t *removed)
{
	enum error failed = E_OK, denied = E_OK;
	bool ours = false;

	*removed = 0;
	for (size_t i = 0; i < s->n; i++) {
		struct look look = {.snapshot = snapshot_new(), .folder = i};
		struct writer w;
		enum error ok = look.snapshot ? writer_open(s->folders[i], "crl", false, &w) : E_MEMORY;

		ours |= ok == E_OK || ok == E_NOT_FOUND;
		if (ok == E_DENIED)
			denied = ok;
		else if (ok != E_OK && ok != E_NOT_FOUND)
			failed = ok;
		if (ok == E_DENIED || failed != E_OK)
			note_problem(s, s->folders[i]);
		look.dir = ok == E_OK ? w.part : -1;
		if (ok == E_OK && (ok = dir_each(w.part, note_file, &look)) != E_OK)
			failed = ok;
		for (size_t k = 0; ok == E_OK && k < look.snapshot->n; k++) {
			struct stored *e = &look.snapshot->list[k];

			read_file(s, "crl", e);
			if (e->why != E_FORMAT && !(e->crl && e->crl->next_update && e->crl->next_update < before))
				continue;
			if (unlinkat(w.part, e->name, 0) == 0)
				++*removed;
			else if (errno != ENOENT)
				failed = E_IO;
		}
		if (look.dir >= 0) {
			*removed += unlinkat(w.part, FILE_TEMPORARY, 0) == 0;
			*removed += unlinkat(w.folder, "archive/" FILE_TEMPORARY, 0) == 0;
			writer_close(&w);
		}
		snapshot_drop(look.snapshot);
	}
	forget(s);
	return failed == E_OK && !ours ? denied : failed;
}
