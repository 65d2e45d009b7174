/* SPDX-License-Identifier: BSD-2-Clause */
/* The store as writers see it: one at a time, and never backwards. */
#include "config.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/log.h"
#include "status/store_shelf.h"

struct desk {                /* where lists are written, locked */
	int folder, lock, crl;
};

static void desk_close(struct desk *d)
{
	if (d->crl >= 0)
		close(d->crl);
	if (d->lock >= 0)
		close(d->lock);
	if (d->folder >= 0)
		close(d->folder);
}

static enum error desk_open_at(const char *path, const char *name, struct desk *d)
{
	enum error ok;

	*d = (struct desk){-1, -1, -1};
	if ((ok = dir_open(path, true, &d->folder)) != E_OK || (ok = dir_lock(d->folder, &d->lock)) != E_OK ||
	    (ok = dir_enter(d->folder, name, true, &d->crl)) != E_OK)
		desk_close(d);
	return ok;
}

/* The last place that may be written. */
static enum error desk_open(const struct store *s, const char *name, struct desk *d)
{
	enum error ok = E_DENIED;

	for (size_t i = s->n; i-- > 0;) {
		enum error opened = desk_open_at(s->folders[i], name, d);

		if (opened == E_OK)
			return E_OK;
		log_info("store: %s: %s", s->folders[i], error_text(opened));
		if (opened != E_NOT_FOUND && opened != E_DENIED)
			ok = opened;
	}
	return ok;
}

/* The CA of this list: the last word is that of the one which came closest. */
static enum error find_signer(const struct store *s, const struct trust *trust, struct bytes der,
                              const struct trusted_ca **ca, struct crl **crl)
{
	enum error ok = E_NOT_FOUND;

	*crl = NULL;
	for (size_t i = 0; i < trust->n; i++) {
		enum error opened;

		*ca = trust->list[i];
		if (!(*ca)->sound)
			continue;
		opened = crl_open(s->crypto, der, (*ca)->cert, crl);
		if (opened == E_OK || opened == E_MEMORY)
			return opened;
		if (opened != E_NOT_FOUND)
			ok = opened;
	}
	return ok;
}

static void name_list(const struct crl *crl, char name[STORE_NAME_LEN + 1])
{
	char hex[129];

	hex_write(crl->key, 64, hex);
	snprintf(name, STORE_NAME_LEN + 1, "%.64s-%.64s.crl", hex, hex + 64);
}

/* Beside what every folder holds now, not what was cached. */
static enum error compare(struct store *s, const struct trusted_ca *ca, const struct crl *crl,
                          enum store_put *what)
{
	struct shelf *shelf;
	enum error ok = shelf_make(s, ca, NULL, &shelf);

	if (ok != E_OK)
		return ok;
	*what = STORE_NEW;
	for (size_t i = 0; i < shelf->n; i++) {
		const struct crl *held = shelf->lists[i];

		if (memcmp(held->key, crl->key, sizeof held->key) != 0)
			continue;
		if (held->der.len == crl->der.len && memcmp(held->der.data, crl->der.data, crl->der.len) == 0)
			*what = STORE_SAME;
		else if (!crl_newer(crl, held))
			*what = STORE_OLDER;
	}
	shelf_drop(shelf);
	return E_OK;
}

static enum error put(struct store *s, const struct trusted_ca *ca, const struct crl *crl, enum store_put *what)
{
	char name[STORE_NAME_LEN + 1];
	struct desk desk;
	enum error ok = compare(s, ca, crl, what); /* needs no folder that may be written */

	if (ok != E_OK || *what != STORE_NEW || (ok = desk_open(s, "crl", &desk)) != E_OK)
		return ok;
	name_list(crl, name);
	ok = compare(s, ca, crl, what);
	if (ok == E_OK && *what == STORE_NEW)
		ok = file_write(desk.crl, name, crl->der);
	desk_close(&desk);
	if (ok == E_OK)
		store_forget(s);
	return ok;
}

enum error store_put(struct store *s, const struct trust *trust, struct bytes der, enum store_put *what)
{
	const struct trusted_ca *ca;
	struct crl *crl;
	enum error ok = find_signer(s, trust, der, &ca, &crl);

	*what = STORE_BAD;
	if (ok == E_OK && crl->defects & (CRL_DELTA | CRL_INDIRECT | CRL_ATTRIBUTES))
		ok = E_UNSUPPORTED;
	if (ok == E_OK)
		ok = put(s, ca, crl, what);
	if (ok != E_OK)
		*what = STORE_BAD;
	crl_free(&crl);
	return ok;
}

/* ---- The archive */

static enum error name_archived(const struct crypto *c, const struct crl *crl, char name[STORE_ARCHIVED_LEN + 1])
{
	char hex[129], time[16] = "", hash[65];
	uint8_t digest[32];
	struct tm tm;
	enum error ok = crypto_hash(c, HASH_SHA256, crl->der, digest);

	if (ok != E_OK)
		return ok;
	if (!gmtime_r(&crl->this_update, &tm) || strftime(time, sizeof time, "%Y%m%d%H%M%SZ", &tm) != 15)
		return E_FORMAT;
	hex_write(crl->key, 64, hex);
	hex_write(digest, 8, hash);
	snprintf(name, STORE_ARCHIVED_LEN + 1, "%.64s-%.64s-%.15s-%.16s.crl", hex, hex + 64, time, hash);
	return E_OK;
}

static enum error archive_one(const struct store *s, int dir, const struct crl *crl)
{
	char name[STORE_ARCHIVED_LEN + 1];
	enum error ok = name_archived(s->crypto, crl, name);

	if (ok != E_OK)
		return ok;
	return faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0 ? E_OK : file_write(dir, name, crl->der);
}

static enum error archive_ca(struct store *s, int dir, const struct trusted_ca *ca)
{
	struct held held;
	enum error ok = E_OK;

	store_lists(s, ca, &held);
	for (size_t i = 0; ok == E_OK && i < held.n; i++)
		ok = archive_one(s, dir, held.list[i]);
	store_release(&held);
	return ok;
}

enum error store_archive(struct store *s, const struct trust *trust)
{
	struct desk desk;
	enum error ok = desk_open(s, "archive", &desk);

	if (ok != E_OK)
		return ok;
	for (size_t i = 0; ok == E_OK && i < trust->n; i++) {
		if (trust->list[i]->sound)
			ok = archive_ca(s, desk.crl, trust->list[i]);
	}
	desk_close(&desk);
	return ok;
}
