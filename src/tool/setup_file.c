/* SPDX-License-Identifier: BSD-2-Clause */
/* Files change in one step: the new content in a file beside it, then a rename. */
#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/log.h"
#include "say.h"
#include "setup_plan.h"

#define FILE_LIMIT (16u << 20) /* no settings are longer */

extern char **environ;

enum error file_read_all(const char *path, struct buf *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	uint8_t chunk[8192];
	enum error e = E_OK;
	ssize_t n;

	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR ? E_NOT_FOUND : errno == EACCES ? E_DENIED : E_IO;
	while (e == E_OK && (n = read(fd, chunk, sizeof chunk)) != 0) {
		if (n < 0)
			e = errno == EINTR ? E_OK : E_IO;
		else
			e = out->len > FILE_LIMIT ? E_TOO_LONG : buf_append(out, chunk, (size_t)n);
	}
	close(fd);
	return e;
}

static enum exit_code refuse(const char *path)
{
	int why = errno;

	complain(_("%s could not be written: %s."), path, strerror(why));
	advise(_("What was there stays as it was."));
	return why == EACCES || why == EPERM || why == EROFS ? EXIT_REFUSED : EXIT_OUTPUT;
}

/* ---- Folders */

/* Like mkdir -p for what path stands in; mode: of the folders that are made. */
static bool make_folders(const char *path, mode_t mode)
{
	char *copy = strdup(path);
	bool ok = copy != NULL;

	for (char *p = copy ? copy + 1 : NULL; ok && p && (p = strchr(p, '/')); p++) {
		*p = '\0';
		ok = mkdir(copy, mode) == 0 || errno == EEXIST;
		*p = '/';
	}
	free(copy);
	return ok;
}

/* Else a rename may be lost with the power. Some file systems cannot, and say so. */
static void sync_folder(const char *path)
{
	char *folder = strdup(path), *slash = folder ? strrchr(folder, '/') : NULL;
	int fd;

	if (slash) {
		*slash = '\0';
		fd = open(slash == folder ? "/" : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0 || fsync(fd) != 0)
			log_info("%s: fsync: %s", folder, strerror(errno));
		if (fd >= 0)
			close(fd);
	}
	free(folder);
}

/* ---- One file */

static bool write_all(int fd, const struct buf *b)
{
	for (size_t at = 0; at < b->len;) {
		ssize_t n = write(fd, b->data + at, b->len - at);

		if (n < 0 && errno != EINTR)
			return false;
		at += n > 0 ? (size_t)n : 0;
	}
	return true;
}

/* The owner and mode of the file whose place it takes. */
static bool dress(int fd, const struct change *c)
{
	struct stat st, now;

	if (!c->was)
		return fchmod(fd, c->mode) == 0;
	if (stat(c->real, &st) != 0 || fstat(fd, &now) != 0)
		return false;
	if ((st.st_uid != now.st_uid || st.st_gid != now.st_gid) && fchown(fd, st.st_uid, st.st_gid) != 0)
		return false;
	return fchmod(fd, st.st_mode & 07777) == 0;
}

static bool replace(const struct change *c)
{
	char *temporary = format("%s.inkan-XXXXXX", c->real);
	int fd = temporary ? mkostemp(temporary, O_CLOEXEC) : -1, why;
	bool ok = fd >= 0;

	if (ok) {
		ok = write_all(fd, &c->after) && dress(fd, c) && fsync(fd) == 0;
		why = errno;
		if (close(fd) != 0 && ok) {
			ok = false;
			why = errno;
		}
		errno = why;
		if (ok)
			ok = rename(temporary, c->real) == 0;
		if (!ok) {
			why = errno;
			unlink(temporary);
			errno = why;
		}
	}
	free(temporary);
	return ok;
}

static enum exit_code refuse_changed(const struct change *c)
{
	complain(_("%s has changed in the meantime."), c->path);
	advise(_("Nothing was written to it. Run this again."));
	return EXIT_BUSY;
}

/* While the question stood, somebody may have written it. */
static bool is_as_before(const struct change *c)
{
	struct buf now = {0};
	enum error e = file_read_all(c->real, &now);
	bool same = c->was ? e == E_OK && now.len == c->before.len &&
		    (now.len == 0 || memcmp(now.data, c->before.data, now.len) == 0) : e == E_NOT_FOUND;

	buf_free(&now);
	return same;
}

/* ---- A whole folder */

void folder_clear(const char *folder)
{
	static const char *const names[] = {"cert9.db", "key4.db", "pkcs11.txt", "pkcs11.txu", NSS_MADE};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		char *path = format("%s/%s", folder, names[i]);

		if (path)
			unlink(path);
		free(path);
	}
	rmdir(folder);
}

static enum exit_code make_folder(const struct change *c)
{
	char *temporary = format("%s.inkan-XXXXXX", c->real);
	enum exit_code code;

	if (!temporary)
		return setup_no_memory();
	if (!mkdtemp(temporary)) {
		code = refuse(c->path);
	} else {
		code = c->fill(c, temporary);
		if (code == EXIT_DONE && rename(temporary, c->real) != 0)
			code = refuse(c->path);
		if (code != EXIT_DONE)
			folder_clear(temporary);
	}
	free(temporary);
	return code;
}

enum exit_code change_do(const struct change *c)
{
	bool ok;

	if (c->is && !make_folders(c->real, c->mode | (c->mode & 0444) >> 2))
		return refuse(c->path);
	if (c->fill || c->may_go) {
		enum exit_code code = EXIT_DONE;

		if (c->fill)
			code = make_folder(c);
		else if (c->may_go(c))
			folder_clear(c->real);
		else
			code = refuse_changed(c);
		sync_folder(c->real);
		return code;
	}
	if (!is_as_before(c))
		return refuse_changed(c);
	ok = c->is ? replace(c) : unlink(c->real) == 0;
	if (!ok)
		return refuse(c->path);
	sync_folder(c->real);
	return EXIT_DONE;
}

bool run_quietly(const char *const *argv)
{
	posix_spawn_file_actions_t actions;
	int status = -1;
	pid_t child;

	if (posix_spawn_file_actions_init(&actions) != 0)
		return false;
	if (posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0) != 0 ||
	    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0) != 0 ||
	    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0) != 0 ||
	    posix_spawnp(&child, argv[0], &actions, NULL, (char *const *)(uintptr_t)argv, environ) != 0 ||
	    waitpid(child, &status, 0) != child)
		status = -1;
	posix_spawn_file_actions_destroy(&actions);
	return status == 0;
}
