/* SPDX-License-Identifier: BSD-2-Clause */
/* Folders and files of a store, as far as they may be believed: no symbolic link,
 * owned by root or this process's user, written by nobody else. E_DENIED is what
 * breaks that, E_NOT_FOUND what is not there. */
#ifndef INKAN_STATUS_STORE_DIR_H
#define INKAN_STATUS_STORE_DIR_H

#include <sys/stat.h>
#include "base/error.h"
#include "base/mem.h"
#include "base/tlv.h"

#define STORE_FILE_MAX ((off_t)256 << 20)

/* An open folder: close(2). With `make` it, and its parents, are made. */
enum error dir_open(const char *path, bool make, int *fd);
enum error dir_enter(int parent, const char *name, bool make, int *fd);

/* Each name in the folder; a callback's error ends the walk. */
enum error dir_each(int fd, enum error (*each)(void *arg, const char *name), void *arg);

/* Which file it is, and whether it has changed since. */
enum error file_look(int dir, const char *name, int *fd, struct stat *st);
bool file_same(const struct stat *a, const struct stat *b);

/* All of a file that file_look has opened. E_FORMAT: cut short, empty or too long. */
enum error file_read(int fd, const struct stat *st, struct buf *out);

/* One writer per store, across processes: close(2) lets the next one in. */
enum error dir_lock(int dir, int *fd);

/* Complete or not at all, under the lock: a temporary file, fsync, rename, fsync
 * of the folder. E_IO: nothing has changed. */
enum error file_write(int dir, const char *name, struct bytes content);

#define STORE_TEMPORARY ".new" /* a single one, for there is a single writer */

#endif
