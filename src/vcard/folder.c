/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <openssl/pem.h>
#include "vcard/folder.h"

bool folder_fail(struct folder *s, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(s->why, sizeof s->why, fmt, args);
	va_end(args);
	return false;
}

static bool path_of(struct folder *s, const char *name, char *path)
{
	int n = snprintf(path, PATH_MAX, "%s/%s", s->dir, name);

	return n > 0 && n < PATH_MAX ? true : folder_fail(s, "the path of %s is too long", name);
}

static bool default_dir(struct folder *s)
{
	const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
	int n;

	if (data && *data == '/')
		n = snprintf(s->dir, sizeof s->dir, "%s/inkan-vcard/pki", data);
	else if (home && *home == '/')
		n = snprintf(s->dir, sizeof s->dir, "%s/.local/share/inkan-vcard/pki", home);
	else
		return folder_fail(s, "neither XDG_DATA_HOME nor HOME is set");
	return n < (int)sizeof s->dir ? true : folder_fail(s, "the path of the PKI folder is too long");
}

/* mkdir -p, every new folder for its owner alone. */
static bool make_dirs(struct folder *s)
{
	for (char *p = s->dir + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (mkdir(s->dir, 0700) != 0 && errno != EEXIST && errno != EACCES && errno != EROFS)
			return folder_fail(s, "%s: %s", s->dir, strerror(errno));
		*p = '/';
	}
	if (mkdir(s->dir, 0700) != 0 && errno != EEXIST)
		return folder_fail(s, "%s: %s", s->dir, strerror(errno));
	return true;
}

bool folder_open(struct folder *s, const char *dir)
{
	char path[PATH_MAX];

	*s = (struct folder){.lock = -1};
	if (dir && snprintf(s->dir, sizeof s->dir, "%s", dir) >= (int)sizeof s->dir)
		return folder_fail(s, "the path of the PKI folder is too long");
	if ((!dir && !default_dir(s)) || !make_dirs(s) || !path_of(s, ".lock", path))
		return false;
	s->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (s->lock < 0)
		return folder_fail(s, "%s: %s", path, strerror(errno));
	while (flock(s->lock, LOCK_EX) != 0)
		if (errno != EINTR)
			return folder_fail(s, "%s: %s", path, strerror(errno));
	return true;
}

void folder_close(struct folder *s)
{
	if (s->lock >= 0)
		close(s->lock);
	s->lock = -1;
}

bool folder_has(const struct folder *s, const char *name)
{
	char path[PATH_MAX];
	int n = snprintf(path, sizeof path, "%s/%s", s->dir, name);

	return n > 0 && n < PATH_MAX && access(path, F_OK) == 0;
}

bool folder_read(struct folder *s, const char *name, struct buf *out)
{
	char path[PATH_MAX];
	uint8_t block[4096];
	FILE *f;
	size_t n;
	bool ok;

	if (!path_of(s, name, path))
		return false;
	f = fopen(path, "re");
	if (!f)
		return folder_fail(s, "%s: %s", path, strerror(errno));
	do {
		n = fread(block, 1, sizeof block, f);
		ok = buf_append(out, block, n) == E_OK;
	} while (ok && n == sizeof block);
	ok = ok && !ferror(f);
	fclose(f);
	mem_wipe(block, sizeof block); /* it may have been a key */
	return ok ? true : folder_fail(s, "%s cannot be read", path);
}

static bool write_whole(int fd, const uint8_t *p, size_t n)
{
	while (n) {
		ssize_t done = write(fd, p, n);
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return false;
		p += done;
		n -= (size_t)done;
	}
	return true;
}

/* Under the lock there is one writer, so one temporary name is enough. */
bool folder_write(struct folder *s, const char *name, const void *p, size_t n, unsigned mode)
{
	char path[PATH_MAX], temp[PATH_MAX];
	bool ok;
	int fd;

	if (!path_of(s, name, path) || !path_of(s, ".new", temp))
		return false;
	unlink(temp);
	fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (fd < 0)
		return folder_fail(s, "%s: %s", temp, strerror(errno));
	ok = write_whole(fd, p, n) && fsync(fd) == 0;
	ok = close(fd) == 0 && ok && rename(temp, path) == 0;
	if (!ok) {
		folder_fail(s, "%s: %s", path, strerror(errno));
		unlink(temp);
	}
	return ok;
}

static bool write_bio(struct folder *s, const char *name, BIO *bio, unsigned mode)
{
	char *data;
	long n = BIO_get_mem_data(bio, &data);

	return n > 0 && folder_write(s, name, data, (size_t)n, mode);
}

static EVP_PKEY *make_key(struct folder *s, const char *name)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
	BIO *bio = BIO_new(BIO_s_secmem());
	bool ok = key && bio && PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) > 0 &&
	          write_bio(s, name, bio, 0600);

	BIO_free(bio);
	if (!ok) {
		EVP_PKEY_free(key);
		key = NULL;
	}
	return key;
}

static EVP_PKEY *read_key(struct folder *s, const char *name)
{
	struct buf pem = {0};
	EVP_PKEY *key = NULL;
	BIO *bio;

	if (folder_read(s, name, &pem)) {
		bio = BIO_new_mem_buf(pem.data, (int)pem.len);
		if (bio)
			key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
		BIO_free(bio);
	}
	buf_wipe(&pem);
	return key;
}

EVP_PKEY *folder_key(struct folder *s, const char *stem)
{
	char name[256];
	EVP_PKEY *key;

	snprintf(name, sizeof name, "%s.key", stem);
	key = folder_has(s, name) ? read_key(s, name) : make_key(s, name);
	if (!key && !s->why[0])
		folder_fail(s, "%s/%s is not a key, or cannot be made", s->dir, name);
	return key;
}

X509 *folder_parse(const struct buf *der)
{
	const uint8_t *p = der->data;
	X509 *x = X509_new();

	if (x && !d2i_X509(&x, &p, (long)der->len))
		x = NULL;
	return x;
}

bool folder_read_certificate(struct folder *s, const char *stem, struct buf *der)
{
	char name[256], *kind = NULL, *header = NULL;
	struct buf pem = {0};
	uint8_t *data = NULL;
	long n = 0;
	BIO *bio = NULL;
	bool ok = false;

	snprintf(name, sizeof name, "%s.pem", stem);
	if (!folder_read(s, name, &pem))
		goto out;
	bio = BIO_new_mem_buf(pem.data, (int)pem.len);
	ok = bio && PEM_read_bio(bio, &kind, &header, &data, &n) > 0 && !strcmp(kind, PEM_STRING_X509) &&
	     buf_append(der, data, (size_t)n) == E_OK;
	if (!ok)
		folder_fail(s, "%s/%s is not a certificate", s->dir, name);
out:
	BIO_free(bio);
	buf_free(&pem);
	OPENSSL_free(kind);
	OPENSSL_free(header);
	OPENSSL_free(data);
	return ok;
}

bool folder_write_certificate(struct folder *s, const char *stem, const struct buf *der)
{
	char name[256];
	BIO *bio = BIO_new(BIO_s_mem());
	bool ok;

	snprintf(name, sizeof name, "%s.pem", stem);
	ok = bio && PEM_write_bio(bio, PEM_STRING_X509, "", der->data, (long)der->len) > 0 &&
	     write_bio(s, name, bio, 0644);
	BIO_free(bio);
	return ok;
}
