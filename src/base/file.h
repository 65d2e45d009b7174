/* SPDX-License-Identifier: BSD-2-Clause */
/* Files and folders. The functions on an open folder believe only what root or this process's user
 * owns and nobody else may write, and follow no symbolic link: E_DENIED is what breaks that,
 * E_NOT_FOUND what is not there. Each failure is logged with its path; errno is left as it was. */
#ifndef INKAN_BASE_FILE_H
#define INKAN_BASE_FILE_H

#include <limits.h>
#include <sys/stat.h>
#include "base/error.h"
#include "base/mem.h"
#include "base/tlv.h"

/* ---- By path: files of other programs, and those that the user names */

/* The whole file, appended to *out; "-" is standard input. E_NOT_FOUND, E_DENIED, E_IO: errno says
 * why; E_TOO_LONG: more than max bytes. A pipe or a device without content does not block. */
enum error path_read(const char *path, size_t max, struct buf *out);

/* The file that path_replace writes: path itself or, where that is a symbolic link of root's or of this user's, what it
 * leads to, which must be there. E_IO, errno EISDIR or EEXIST: a folder; a device, a pipe or a socket, which nothing
 * replaces. E_DENIED: another user's link. E_NOT_FOUND: a link that leads nowhere. */
enum error path_place(const char *path, char place[PATH_MAX]);

/* Complete or not at all: a temporary file beside it, fsync, rename, fsync of the folder. An existing
 * file's owner, group and mode are kept; a new one gets `mode` whatever the umask. The folder must exist.
 * What path_place refuses stays as it is. */
enum error path_replace(const char *path, struct bytes content, mode_t mode);

/* mkdir -p; a folder that is there stays as it is. */
enum error path_make_folders(const char *path, mode_t mode);

/* What is left of an open file, up to max bytes. E_IO, E_TOO_LONG, E_MEMORY. */
enum error fd_read(int fd, size_t max, struct buf *out);

/* A program of ours that others run: one of a build tree has it beside itself, one that is installed uses the installed
 * one. Returns path. */
const char *program_path(const char *name, char path[4096]);

/* ---- In a folder of our own */

/* An open folder: close(2). With `make` it, and its parents, are made. */
enum error dir_open(const char *path, bool make, int *fd);
enum error dir_enter(int parent, const char *name, bool make, int *fd);

/* Calls `each` with each name in the folder; an error of it ends the walk. */
enum error dir_each(int fd, enum error (*each)(void *arg, const char *name), void *arg);

/* One writer at a time, across processes: close(2) lets the next one in. */
enum error dir_lock(int dir, int *fd);

/* An open regular file, and which one it is. A pipe or a device does not block. */
enum error file_look(int dir, const char *name, int *fd, struct stat *st);

/* Whether two looks saw the same file, unchanged. */
bool file_same(const struct stat *a, const struct stat *b);

/* All of a file that file_look has opened. E_FORMAT: cut short, empty or over FILE_SIZE_MAX. */
#define FILE_SIZE_MAX ((off_t)256 << 20)
enum error file_read(int fd, const struct stat *st, struct buf *out);

/* Under the lock, complete or not at all: FILE_TEMPORARY (one name, for there is one writer), fsync,
 * rename, fsync of the folder. Everybody may read it. E_IO: nothing has changed. */
#define FILE_TEMPORARY ".new"
enum error file_write(int dir, const char *name, struct bytes content);

#endif
