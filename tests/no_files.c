/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls on files that fail when tests/no_memory.h says so, as a broken or a full disk lets them: what is linked with
 * no_files_ldflags (tests/tool/local.mk). A write that fails has written half of it. */
#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>
#include "tests/no_memory.h"

#define CALL(type, name, ...) \
	type __real_##name(__VA_ARGS__); \
	type __wrap_##name(__VA_ARGS__); \
	type __wrap_##name(__VA_ARGS__)

static bool fails(int why)
{
	return no_memory_fails(no_memory.files, why);
}

CALL(int, open, const char *path, int flags, mode_t mode)
{
	return fails(EIO) ? -1 : __real_open(path, flags, mode);
}

CALL(int, openat, int dir, const char *path, int flags, mode_t mode)
{
	return fails(EIO) ? -1 : __real_openat(dir, path, flags, mode);
}

CALL(int, mkostemp, char *path, int flags)
{
	return fails(ENOSPC) ? -1 : __real_mkostemp(path, flags);
}

CALL(ssize_t, read, int fd, void *p, size_t n)
{
	return fails(EIO) ? -1 : __real_read(fd, p, n);
}

CALL(ssize_t, write, int fd, const void *p, size_t n)
{
	bool now = fails(ENOSPC);
	ssize_t done = __real_write(fd, p, now ? n / 2 : n);

	if (now)
		errno = ENOSPC;
	return now ? -1 : done;
}

CALL(int, close, int fd)
{
	bool now = fails(EIO);
	int done = __real_close(fd);

	if (now)
		errno = EIO;
	return now ? -1 : done;
}

CALL(int, rename, const char *a, const char *b)
{
	return fails(EIO) ? -1 : __real_rename(a, b);
}

CALL(int, fsync, int fd)
{
	return fails(EIO) ? -1 : __real_fsync(fd);
}

CALL(int, fchmod, int fd, mode_t mode)
{
	return fails(EIO) ? -1 : __real_fchmod(fd, mode);
}

CALL(int, mkdir, const char *path, mode_t mode)
{
	return fails(ENOSPC) ? -1 : __real_mkdir(path, mode);
}

CALL(FILE *, fopen, const char *path, const char *how)
{
	return fails(EIO) ? NULL : __real_fopen(path, how);
}

/* With 64 bits for a file's size, where these are others. */
int __wrap_open64(const char *path, int flags, mode_t mode);
int __wrap_openat64(int dir, const char *path, int flags, mode_t mode);
int __wrap_mkostemp64(char *path, int flags);
FILE *__wrap_fopen64(const char *path, const char *how);

int __wrap_open64(const char *path, int flags, mode_t mode)
{
	return __wrap_open(path, flags, mode);
}

int __wrap_openat64(int dir, const char *path, int flags, mode_t mode)
{
	return __wrap_openat(dir, path, flags, mode);
}

int __wrap_mkostemp64(char *path, int flags)
{
	return __wrap_mkostemp(path, flags);
}

FILE *__wrap_fopen64(const char *path, const char *how)
{
	return __wrap_fopen(path, how);
}
