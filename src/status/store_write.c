/* SPDX-License-Identifier: BSD-2-Clause */
/* The store as writers see it: one at a time, and never backwards. */
#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "base/log.h"
#include "base/text.h"
#include "status/snapshot.h"

const char *store_problem(const struct store *s)
{
	return s->problem;
}

static void note_problem(struct store *s, const char *path)
{
	snprintf(s->problem, sizeof s->problem, "%s: %s", path, strerror(errno));
}

/* Something has changed on disk. */
static void forget(struct store *s)
{
	pthread_mutex_lock(&s->lock);
	s->generation++;
	pthread_mutex_unlock(&s->lock);
}

struct writer {              /* FOLDER/crl or FOLDER/archive, locked */
	const char *path;
	int folder, lock, part;
};

static void writer_close(struct writer *w)
{
	if (w->part >= 0)
		close(w->part);
	if (w->lock >= 0)
		close(w->lock);
	if (w->folder >= 0)
		close(w->folder);
}

static enum error writer_open(const char *path, const char *part, bool make, struct writer *w)
{
	enum error ok;
	int why;

	*w = (struct writer){path, -1, -1, -1};
	if ((ok = dir_open(path, make, &w->folder)) == E_OK && (ok = dir_lock(w->folder, &w->lock)) == E_OK &&
	    (ok = dir_enter(w->folder, part, make, &w->part)) == E_OK)
		return E_OK;
	why = errno;
	writer_close(w);
	errno = why;
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

static enum error name_by_time(const struct crl *crl, char name[STORE_ARCHIVED_LEN + 1])
{
	char scope[CRL_NAME_SIZE], time[16] = "", hash[17];
	struct tm tm;

	if (!gmtime_r(&crl->this_update, &tm) || strftime(time, sizeof time, "%Y%m%d%H%M%SZ", &tm) != 15)
		return E_FORMAT;
	crl_name(crl, scope);
	hex_write(crl->sha256, 8, hash);
	snprintf(name, STORE_ARCHIVED_LEN + 1, "%.129s-%.15s-%.16s.crl", scope, time, hash);
	return E_OK;
}

static enum error write_list(struct store *s, const struct writer *w, const char *name, const struct crl *crl)
{
	enum error ok = file_write(w->part, name, crl->der);

	if (ok != E_OK)
		note_problem(s, w->path);
	return ok;
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

struct sweep {
	int dir;
	char scope[CRL_NAME_SIZE], time[16];
};

static enum error sweep_one(void *arg, const char *name)
{
	const struct sweep *w = arg;

	if (strlen(name) == STORE_ARCHIVED_LEN && strncmp(name, w->scope, 129) == 0 &&
	    strncmp(name + 130, w->time, 15) < 0)
		unlinkat(w->dir, name, 0);
	return E_OK;
}

/* Removes what had not begun when it came, and is older than what is in force now. */
static void sweep(const struct writer *w, const struct crl *crl, time_t begun)
{
	struct sweep sweep = {.dir = w->part};
	struct tm tm;

	crl_name(crl, sweep.scope);
	if (gmtime_r(&begun, &tm) && strftime(sweep.time, sizeof sweep.time, "%Y%m%d%H%M%SZ", &tm))
		dir_each(w->part, sweep_one, &sweep);
}

/* A list that has not begun lies beside the one in force, under a name with its time. */
static enum error put(struct store *s, const struct trusted_ca *ca, const struct crl *crl, enum store_put *what)
{
	char name[STORE_ARCHIVED_LEN + 1];
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
			ok = write_list(s, &w, name, crl);
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

static enum error archive(struct store *s, const struct writer *w, const struct crl *crl)
{
	char name[STORE_ARCHIVED_LEN + 1];
	enum error ok = name_by_time(crl, name);

	if (ok != E_OK || faccessat(w->part, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return ok;
	return write_list(s, w, name, crl);
}

enum error store_archive_list(struct store *s, const struct trust *trust, struct bytes der)
{
	const struct trusted_ca *ca;
	struct writer w;
	struct crl *crl;
	enum error ok = list_signer(trust, der, &ca, &crl);

	if (ok == E_OK && (ok = writer_open_last(s, "archive", &w)) == E_OK) {
		ok = archive(s, &w, crl);
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
			ok = archive(s, &w, lists.list[k]);
		store_lists_free(&lists);
	}
	writer_close(&w);
	return ok;
}

/* ---- All that there is */

struct walk {
	struct store *store;
	const struct trust *trust;
	enum error (*each)(void *arg, const struct store_file *file);
	void *arg;
	const char *folder, *part;
	int dir;
};

static bool is_list(const char *name)
{
	size_t n = strlen(name);

	return n > 4 && name[0] != '.' && strcmp(name + n - 4, ".crl") == 0;
}

static enum error show(void *arg, const char *name)
{
	struct walk *w = arg;
	struct store_file file = {.archived = strcmp(w->part, "archive") == 0, .why = E_NOT_FOUND};
	struct crl *crl = NULL;
	uint8_t spki[32];
	struct stat st;
	enum error ok;

	if (!is_list(name))
		return E_OK;
	snprintf(file.path, sizeof file.path, "%s/%s/%s", w->folder, w->part, name);
	for (size_t i = 0; list_named(name, spki) && i < w->trust->n && !file.issuer; i++)
		if (w->trust->list[i]->signs_lists && memcmp(w->trust->list[i]->spki_sha256, spki, 32) == 0)
			file.issuer = w->trust->list[i];
	if (file.issuer)
		file.why = list_read(w->store->crypto, w->dir, name, spki, &st, &crl);
	if (crl && crl_check(crl, file.issuer->cert) != E_OK) {
		file.why = E_SIGNATURE;
		crl_free(&crl);
	}
	file.crl = crl;
	ok = w->each(w->arg, &file);
	crl_free(&crl);
	return ok;
}

enum error store_walk(struct store *s, const struct trust *trust,
                      enum error (*each)(void *arg, const struct store_file *file), void *arg)
{
	struct walk w = {.store = s, .trust = trust, .each = each, .arg = arg};
	enum error ok = E_OK;

	for (size_t i = 0; ok == E_OK && i < 2 * s->n; i++) {
		struct store_file file = {.archived = i >= s->n};

		w.folder = s->folders[i % s->n];
		w.part = file.archived ? "archive" : "crl";
		file.why = store_enter(w.folder, w.part, &w.dir);
		if (file.why == E_OK) {
			ok = dir_each(w.dir, show, &w);
			close(w.dir);
		} else if (file.why != E_NOT_FOUND) { /* a folder that may not be trusted is shown like a file */
			snprintf(file.path, sizeof file.path, "%s/%s", w.folder, w.part);
			ok = each(arg, &file);
		}
	}
	return ok;
}

/* ---- Purge */

struct purge {
	const struct crypto *crypto;
	int dir;
	time_t before;
	size_t removed;
	enum error failed;
};

/* Throwing away needs no signature. */
static enum error purge_one(void *arg, const char *name)
{
	static const uint8_t any[32];
	struct purge *p = arg;
	struct crl *crl = NULL;
	bool over = strcmp(name, FILE_TEMPORARY) == 0;
	struct stat st;

	if (is_list(name))
		over = list_read(p->crypto, p->dir, name, any, &st, &crl) == E_FORMAT ||
		       (crl && crl->next_update && crl->next_update < p->before);
	crl_free(&crl);
	if (!over)
		return E_OK;
	if (unlinkat(p->dir, name, 0) == 0)
		p->removed++;
	else if (errno != ENOENT)
		p->failed = E_IO;
	return E_OK;
}

/* A folder of somebody else's does not keep ours from being put in order; when there is none of ours, that is said. */
enum error store_purge(struct store *s, time_t before, size_t *removed)
{
	struct purge p = {.crypto = s->crypto, .before = before};
	enum error denied = E_OK;
	bool ours = false;

	for (size_t i = 0; i < s->n; i++) {
		struct writer w;
		enum error ok = writer_open(s->folders[i], "crl", false, &w);
		int archive;

		ours |= ok == E_OK || ok == E_NOT_FOUND;
		if (ok == E_DENIED)
			denied = ok;
		else if (ok != E_OK && ok != E_NOT_FOUND)
			p.failed = ok;
		if (ok != E_OK) {
			if (ok != E_NOT_FOUND)
				note_problem(s, s->folders[i]);
			continue;
		}
		p.dir = w.part;
		ok = dir_each(w.part, purge_one, &p);
		p.failed = ok != E_OK ? ok : p.failed;
		if (dir_enter(w.folder, "archive", false, &archive) == E_OK) {
			p.removed += unlinkat(archive, FILE_TEMPORARY, 0) == 0;
			close(archive);
		}
		writer_close(&w);
	}
	forget(s);
	*removed = p.removed;
	return p.failed == E_OK && !ours ? denied : p.failed;
}
