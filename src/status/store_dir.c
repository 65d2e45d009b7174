/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>
#include "base/log.h"
#include "status/store_dir.h"

static enum error from_errno(void)
{
	switch (errno) {
	case ENOENT: return E_NOT_FOUND;
	case EACCES: case EPERM: case EROFS: case ELOOP: case ENOTDIR: return E_DENIED;
	case ENOMEM: return E_MEMORY;
	default: return E_IO;
	}
}

static bool believable(const struct stat *st)
{
	return (st->st_uid == 0 || st->st_uid == geteuid()) && !(st->st_mode & (S_IWGRP | S_IWOTH));
}

static enum error open_folder(int parent, const char *path, int *out)
{
	int fd = openat(parent, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	*out = -1;
	if (fd < 0)
		return from_errno();
	if (fstat(fd, &st) != 0 || !believable(&st)) {
		log_info("store: %s: others may write here, or it is another user's", path);
		close(fd);
		return E_DENIED;
	}
	*out = fd;
	return E_OK;
}

static enum error make_folders(const char *path)
{
	char part[4096];
	size_t n = strlen(path);

	if (n >= sizeof part)
		return E_TOO_LONG;
	for (size_t i = 1; i <= n; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		if (mkdir(part, 0755) != 0 && errno != EEXIST && errno != EISDIR)
			return from_errno();
	}
	return E_OK;
}

enum error dir_open(const char *path, bool make, int *fd)
{
	enum error ok = open_folder(AT_FDCWD, path, fd);

	if (ok != E_NOT_FOUND || !make)
		return ok;
	ok = make_folders(path);
	return ok != E_OK ? ok : open_folder(AT_FDCWD, path, fd);
}

enum error dir_enter(int parent, const char *name, bool make, int *fd)
{
	*fd = -1;
	if (make && mkdirat(parent, name, 0755) != 0 && errno != EEXIST)
		return from_errno();
	return open_folder(parent, name, fd);
}

enum error dir_each(int fd, enum error (*each)(void *arg, const char *name), void *arg)
{
	int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC); /* a place in the folder of its own */
	DIR *dir = copy >= 0 ? fdopendir(copy) : NULL;
	const struct dirent *entry;
	enum error ok = E_OK;

	if (!dir) {
		if (copy >= 0)
			close(copy);
		return E_IO;
	}
	while (ok == E_OK && (entry = readdir(dir)))
		ok = each(arg, entry->d_name);
	closedir(dir);
	return ok;
}

/* Neither a pipe nor a device keeps us waiting. */
enum error file_look(int dir, const char *name, int *out, struct stat *st)
{
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	*out = -1;
	if (fd < 0)
		return from_errno();
	if (fstat(fd, st) != 0 || !S_ISREG(st->st_mode) || !believable(st)) {
		log_info("store: %s: no file of root's or this user's alone", name);
		close(fd);
		return E_DENIED;
	}
	*out = fd;
	return E_OK;
}

static bool same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

bool file_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       same_time(a->st_mtim, b->st_mtim) && same_time(a->st_ctim, b->st_ctim);
}

enum error file_read(int fd, const struct stat *st, struct buf *out)
{
	uint8_t chunk[65536];

	if (st->st_size <= 0 || st->st_size > STORE_FILE_MAX)
		return E_FORMAT;
	while (out->len < (size_t)st->st_size) {
		ssize_t n = read(fd, chunk, sizeof chunk);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return E_IO;
		if (n == 0)
			return E_FORMAT;
		if (buf_append(out, chunk, (size_t)n) != E_OK)
			return E_MEMORY;
	}
	return E_OK;
}

enum error dir_lock(int dir, int *out)
{
	int fd = openat(dir, ".lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600), done;

	*out = -1;
	if (fd < 0)
		return from_errno();
	do
		done = flock(fd, LOCK_EX);
	while (done != 0 && errno == EINTR);
	if (done != 0) {
		log_error("flock: %s", strerror(errno));
		close(fd);
		return E_IO;
	}
	*out = fd;
	return E_OK;
}

static bool write_all(int fd, struct bytes in)
{
	while (in.len > 0) {
		ssize_t n = write(fd, in.data, in.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		in.data += n;
		in.len -= (size_t)n;
	}
	return true;
}

/* Readable by everybody, whatever the umask: a list is a public thing. */
static bool write_temporary(int dir, struct bytes content)
{
	int fd = openat(dir, STORE_TEMPORARY, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	bool done = fd >= 0 && write_all(fd, content) && fchmod(fd, 0644) == 0 && fsync(fd) == 0;

	return fd >= 0 && close(fd) == 0 && done;
}

enum error file_write(int dir, const char *name, struct bytes content)
{
	unlinkat(dir, STORE_TEMPORARY, 0); /* what a killed writer left */
	if (!write_temporary(dir, content) || renameat(dir, STORE_TEMPORARY, dir, name) != 0) {
		log_error("store: %s is not written: %s", name, strerror(errno));
		unlinkat(dir, STORE_TEMPORARY, 0);
		return E_IO;
	}
	/* from here on it is there for everybody; a folder that takes no fsync loses it at worst */
	if (fsync(dir) != 0)
		log_info("fsync: %s", strerror(errno));
	return E_OK;
}
