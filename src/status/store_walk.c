/* SPDX-License-Identifier: BSD-2-Clause */
/* Everything that lies in the store, good or not; and putting it in order. */
#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <openssl/err.h>
#include "base/log.h"
#include "status/store_shelf.h"

struct walk {
	struct store *store;
	const struct trust *trust;
	enum error (*each)(void *arg, const struct store_file *file);
	void *arg;
	const char *folder, *part;
	int dir;
};

static const struct trusted_ca *ca_of_name(const struct trust *trust, const char *name)
{
	char hex[65];

	for (size_t i = 0; i < trust->n; i++) {
		hex_write(trust->list[i]->spki_sha256, 32, hex);
		if (trust->list[i]->sound && strncmp(name, hex, 64) == 0)
			return trust->list[i];
	}
	return NULL;
}

static bool is_list(const char *name)
{
	size_t n = strlen(name);

	return n > 4 && name[0] != '.' && strcmp(name + n - 4, ".crl") == 0;
}

static enum error show(void *arg, const char *name)
{
	struct walk *w = arg;
	struct store_file file = {.archived = strcmp(w->part, "archive") == 0};
	struct crl *crl = NULL;
	struct stat st;
	enum error ok;

	if (!is_list(name))
		return E_OK;
	snprintf(file.path, sizeof file.path, "%s/%s/%s", w->folder, w->part, name);
	file.issuer = ca_of_name(w->trust, name);
	file.why = file.issuer ? kept_open(w->store->crypto, w->dir, name, file.issuer->cert, &crl, &st) : E_NOT_FOUND;
	file.crl = crl;
	ok = w->each(w->arg, &file);
	crl_free(&crl);
	return ok;
}

/* A folder that may not be believed is shown as a file that cannot be used. */
static enum error walk_part(struct walk *w)
{
	struct store_file file = {.archived = strcmp(w->part, "archive") == 0};
	enum error ok;

	file.why = store_enter(w->folder, w->part, &w->dir);
	if (file.why == E_NOT_FOUND)
		return E_OK;
	if (file.why != E_OK) {
		snprintf(file.path, sizeof file.path, "%s/%s", w->folder, w->part);
		return w->each(w->arg, &file);
	}
	ok = dir_each(w->dir, show, w);
	close(w->dir);
	return ok;
}

enum error store_walk(struct store *s, const struct trust *trust,
                      enum error (*each)(void *arg, const struct store_file *file), void *arg)
{
	static const char *const parts[] = {"crl", "archive"};
	struct walk w = {.store = s, .trust = trust, .each = each, .arg = arg};
	enum error ok = E_OK;

	for (size_t p = 0; p < 2; p++) {
		for (size_t i = 0; ok == E_OK && i < s->n; i++) {
			w.folder = s->folders[i];
			w.part = parts[p];
			ok = walk_part(&w);
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

/* Throwing away needs no signature. True for what is no list at all. */
static bool is_over(const struct crypto *c, struct bytes der, time_t before)
{
	const uint8_t *p = der.data;
	const ASN1_TIME *next;
	X509_CRL *x;
	bool over;

	ERR_set_mark();
	x = X509_CRL_new_ex(c->lib, NULL);
	over = x && !d2i_X509_CRL(&x, &p, (long)der.len);
	next = x && !over ? X509_CRL_get0_nextUpdate(x) : NULL;
	over |= next && X509_cmp_time(next, &before) < 0;
	X509_CRL_free(x);
	ERR_pop_to_mark();
	return over;
}

static bool to_remove(const struct purge *p, const char *name)
{
	struct buf der = {0};
	struct stat st;
	bool over = false;
	int fd;

	if (!is_list(name) || file_look(p->dir, name, &fd, &st) != E_OK)
		return false;
	switch (file_read(fd, &st, &der)) {
	case E_OK:
		over = is_over(p->crypto, (struct bytes){der.data, der.len}, p->before);
		break;
	case E_FORMAT:
		over = true;
		break;
	default:
		break;
	}
	close(fd);
	buf_free(&der);
	return over;
}

static enum error purge_one(void *arg, const char *name)
{
	struct purge *p = arg;

	if (strcmp(name, FILE_TEMPORARY) != 0 && !to_remove(p, name))
		return E_OK;
	if (unlinkat(p->dir, name, 0) == 0)
		p->removed++;
	else if (errno != ENOENT)
		p->failed = E_IO;
	return E_OK;
}

/* Under the writers' lock, so that a temporary file is nobody's. */
static enum error purge_folder(const struct crypto *c, const char *path, time_t before, size_t *removed)
{
	struct purge p = {.crypto = c, .before = before};
	int folder, lock = -1;
	enum error ok = dir_open(path, false, &folder);

	if (ok != E_OK)
		return ok == E_NOT_FOUND ? E_OK : ok;
	ok = dir_lock(folder, &lock);
	if (ok == E_OK)
		ok = dir_enter(folder, "crl", false, &p.dir);
	if (ok == E_OK) {
		ok = dir_each(p.dir, purge_one, &p);
		close(p.dir);
	}
	if (ok == E_OK && dir_enter(folder, "archive", false, &p.dir) == E_OK) {
		p.removed += unlinkat(p.dir, FILE_TEMPORARY, 0) == 0;
		close(p.dir);
	}
	if (lock >= 0)
		close(lock);
	close(folder);
	*removed += p.removed;
	return ok == E_OK ? p.failed : ok == E_NOT_FOUND ? E_OK : ok;
}

/* A folder of somebody else's does not keep ours from being put in order; when there is
 * none of ours, that is said. */
enum error store_purge(struct store *s, time_t before, size_t *removed)
{
	enum error failed = E_OK, denied = E_OK;
	bool ours = false;

	*removed = 0;
	for (size_t i = 0; i < s->n; i++) {
		enum error ok = purge_folder(s->crypto, s->folders[i], before, removed);

		ours |= ok == E_OK;
		if (ok == E_DENIED)
			denied = ok;
		else if (failed == E_OK)
			failed = ok;
	}
	store_forget(s);
	return failed == E_OK && !ours ? denied : failed;
}
