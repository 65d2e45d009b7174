/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>
#include "base/file.h"
#include "base/log.h"

static enum error from_errno(void)
{
	switch (errno) {
	case ENOENT: return E_NOT_FOUND;
	case EACCES:
	case EPERM:
	case EROFS:
	case ELOOP:
	case ENOTDIR: return E_DENIED;
	case ENOMEM: return E_MEMORY;
	default: return E_IO;
	}
}

/* A missing file is often no failure: the caller decides, and nothing is logged. */
static enum error failed(const char *call, const char *path)
{
	const int why = errno;

	if (why != ENOENT)
		log_error("%s: %s: %s", path, call, strerror(why));
	errno = why;
	return from_errno();
}

enum error fd_read(int fd, size_t max, struct buf *out)
{
	const size_t before = out->len;
	uint8_t chunk[65536];
	enum error ok = E_OK;
	ssize_t n = 1;

	while (ok == E_OK && n != 0) {
		n = read(fd, chunk, sizeof chunk);
		if (n < 0)
			ok = errno == EINTR ? E_OK : E_IO;
		else if (out->len - before + (size_t)n > max)
			ok = E_TOO_LONG;
		else
			ok = buf_append(out, chunk, (size_t)n);
	}
	mem_wipe(chunk, sizeof chunk);
	return ok;
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

/* ---- By path */

enum error path_read(const char *path, size_t max, struct buf *out)
{
	const bool standard = strcmp(path, "-") == 0;
	int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK), why;
	enum error ok;

	if (fd < 0)
		return failed("open", path);
	ok = fd_read(fd, max, out);
	why = errno;
	if (!standard)
		close(fd);
	errno = why;
	return ok == E_IO ? failed("read", path) : ok;
}

/* The new file gets the owner and the mode of the one that it replaces. */
static bool take_owner_and_mode(int fd, const char *path, mode_t mode)
{
	struct stat old, new;

	if (lstat(path, &old) != 0 || !S_ISREG(old.st_mode))
		return fchmod(fd, mode) == 0;
	if (fstat(fd, &new) != 0)
		return false;
	if ((old.st_uid != new.st_uid || old.st_gid != new.st_gid) && fchown(fd, old.st_uid, old.st_gid) != 0)
		return false;
	return fchmod(fd, old.st_mode & 07777) == 0;
}

/* Only logged: the rename is done; a file system without fsync of folders may lose it when the power fails. */
static void sync_folder(int fd, const char *name)
{
	if (fsync(fd) != 0)
		log_info("%s: fsync of its folder: %s", name, strerror(errno));
}

enum error path_place(const char *path, char place[PATH_MAX])
{
	struct stat st;
	bool there = lstat(path, &st) == 0;

	if (there && S_ISLNK(st.st_mode)) {
		if (st.st_uid != 0 && st.st_uid != geteuid()) {
			errno = EACCES;
			return E_DENIED;
		}
		if (!realpath(path, place) || stat(place, &st) != 0)
			return from_errno();
	} else if (strlen(path) >= PATH_MAX) {
		errno = ENAMETOOLONG;
		return E_IO;
	} else {
		strcpy(place, path);
	}
	if (!there || S_ISREG(st.st_mode))
		return E_OK;
	errno = S_ISDIR(st.st_mode) ? EISDIR : EEXIST;
	return E_IO;
}

enum error path_replace(const char *path, struct bytes content, mode_t mode)
{
	char place[PATH_MAX], temporary[PATH_MAX + 8], folder[PATH_MAX] = ".", *slash;
	enum error ok;
	int fd = -1, dir = -1, why;

	if (path_place(path, place) != E_OK)
		goto fail;
	slash = strrchr(place, '/');
	sprintf(temporary, "%s.XXXXXX", place);
	if (slash)
		snprintf(folder, sizeof folder, "%.*s", slash == place ? 1 : (int)(slash - place), place);
	dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fd = mkostemp(temporary, O_CLOEXEC);
	if (dir < 0 || fd < 0 || !write_all(fd, content) || !take_owner_and_mode(fd, place, mode) || fsync(fd) != 0)
		goto fail;
	if (close(fd) != 0 || rename(temporary, place) != 0) {
		fd = -2;
		goto fail;
	}
	sync_folder(dir, path);
	close(dir);
	return E_OK;
fail:
	why = errno;
	if (fd != -1)
		unlink(temporary);
	if (fd >= 0)
		close(fd);
	if (dir >= 0)
		close(dir);
	errno = why;
	log_error("%s is not written: %s", path, strerror(why));
	ok = from_errno();
	errno = why;
	return ok == E_NOT_FOUND ? E_IO : ok;
}

enum error path_make_folders(const char *path, mode_t mode)
{
	const size_t n = strlen(path);
	char part[4096];

	if (n >= sizeof part)
		return E_TOO_LONG;
	for (size_t i = 1; i <= n; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		if (mkdir(part, mode) != 0 && errno != EEXIST && errno != EISDIR)
			return failed("mkdir", part);
	}
	return E_OK;
}

/* ---- In a folder of our own */

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
		return failed("open", path);
	if (fstat(fd, &st) != 0 || !believable(&st)) {
		log_error("%s: it is not used: others may write here, or it is another user's", path);
		close(fd);
		errno = EACCES;
		return E_DENIED;
	}
	*out = fd;
	return E_OK;
}

enum error dir_open(const char *path, bool make, int *fd)
{
	enum error ok = open_folder(AT_FDCWD, path, fd);

	if (ok != E_NOT_FOUND || !make)
		return ok;
	ok = path_make_folders(path, 0755);
	return ok != E_OK ? ok : open_folder(AT_FDCWD, path, fd);
}

enum error dir_enter(int parent, const char *name, bool make, int *fd)
{
	*fd = -1;
	if (make && mkdirat(parent, name, 0755) != 0 && errno != EEXIST)
		return failed("mkdir", name);
	return open_folder(parent, name, fd);
}

enum error dir_each(int fd, enum error (*each)(void *arg, const char *name), void *arg)
{
	int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC); /* a place in the folder of its own */
	DIR *dir = copy >= 0 ? fdopendir(copy) : NULL;
	const struct dirent *entry;
	enum error ok = E_OK;

	if (!dir) {
		log_error("a folder cannot be read: %s", strerror(errno));
		if (copy >= 0)
			close(copy);
		return E_IO;
	}
	while (ok == E_OK && (entry = readdir(dir)))
		ok = each(arg, entry->d_name);
	closedir(dir);
	return ok;
}

enum error dir_lock(int dir, int *out)
{
	int fd = openat(dir, ".lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600), done;

	*out = -1;
	if (fd < 0)
		return failed("open", ".lock");
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

enum error file_look(int dir, const char *name, int *out, struct stat *st)
{
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	*out = -1;
	if (fd < 0)
		return failed("open", name);
	if (fstat(fd, st) != 0 || !S_ISREG(st->st_mode) || !believable(st)) {
		log_error("%s: it is not used: not a file, or others may write it, or it is another user's", name);
		close(fd);
		errno = EACCES;
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
	enum error ok;

	if (st->st_size <= 0 || st->st_size > FILE_SIZE_MAX)
		return E_FORMAT;
	ok = fd_read(fd, (size_t)st->st_size, out);
	return ok == E_TOO_LONG || (ok == E_OK && out->len < (size_t)st->st_size) ? E_FORMAT : ok;
}

enum error file_write(int dir, const char *name, struct bytes content)
{
	int fd;
	bool done;

	unlinkat(dir, FILE_TEMPORARY, 0); /* what a killed writer left */
	fd = openat(dir, FILE_TEMPORARY, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	done = fd >= 0 && write_all(fd, content) && fchmod(fd, 0644) == 0 && fsync(fd) == 0;
	if (fd >= 0)
		done = close(fd) == 0 && done;
	if (!done || renameat(dir, FILE_TEMPORARY, dir, name) != 0) {
		log_error("%s is not written: %s", name, strerror(errno));
		unlinkat(dir, FILE_TEMPORARY, 0);
		return E_IO;
	}
	sync_folder(dir, name);
	return E_OK;
}

const char *program_path(const char *name, char path[4096])
{
	ssize_t n = readlink("/proc/self/exe", path, 4000);
	char *slash, *libs;

	path[n > 0 ? n : 0] = '\0';
	slash = strrchr(path, '/');
	if (slash) {
		*slash = '\0';
		libs = slash - 6 > path && strcmp(slash - 6, "/.libs") == 0 ? slash - 6 : slash; /* libtool's */
		*libs = '\0';
		if (strcmp(path, BINDIR) != 0 && snprintf(libs, 64, "/%s", name) > 0 && access(path, X_OK) == 0)
			return path;
	}
	snprintf(path, 4096, "%s/%s", PKGLIBEXECDIR, name);
	return path;
}
