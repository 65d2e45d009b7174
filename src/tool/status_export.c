/* SPDX-License-Identifier: BSD-2-Clause */
/* The bundle goes to its place by a rename, and only when it has changed. FILE.reload
 * is there from before the rename until the command has succeeded, so that a server
 * that could not be told is told the next time. */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "status_verb.h"

extern char **environ;

static bool is_same(const char *file, const struct buf *text)
{
	FILE *f = fopen(file, "re");
	uint8_t chunk[4096];
	size_t at = 0, n;
	bool same = f != NULL;

	while (same && (n = fread(chunk, 1, sizeof chunk, f)) > 0) {
		same = n <= text->len - at && memcmp(chunk, text->data + at, n) == 0;
		at += n;
	}
	if (f)
		fclose(f);
	return same && at == text->len;
}

static bool write_all(int fd, const struct buf *text)
{
	for (size_t at = 0; at < text->len;) {
		ssize_t n = write(fd, text->data + at, text->len - at);

		if (n < 0 && errno != EINTR)
			return false;
		at += n > 0 ? (size_t)n : 0;
	}
	return fsync(fd) == 0;
}

/* Lists are public: everybody may read them. */
static bool replace(const char *file, const struct buf *text)
{
	char *temporary = NULL;
	bool done = false;
	int fd;

	if (asprintf(&temporary, "%s.XXXXXX", file) < 0)
		return false;
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd >= 0) {
		done = write_all(fd, text) && fchmod(fd, 0644) == 0;
		done = close(fd) == 0 && done && rename(temporary, file) == 0;
		if (!done)
			unlink(temporary);
	}
	free(temporary);
	return done;
}

/* A rename would put a file in the place of /dev/stdout. */
static bool is_replaceable(const char *file)
{
	struct stat st;

	return lstat(file, &st) != 0 || S_ISREG(st.st_mode) || S_ISLNK(st.st_mode);
}

static bool touch(const char *mark)
{
	int fd = open(mark, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);

	return fd >= 0 && close(fd) == 0;
}

static enum exit_code refuse_write(const char *file)
{
	complain(_("%s could not be written: %s."), file, strerror(errno));
	advise(_("What was there stays as it was."));
	return EXIT_OUTPUT;
}

static enum exit_code reload(const char *command, const char *mark)
{
	char *const argv[] = {"sh", "-c", (char *)(uintptr_t)command, NULL};
	int status = -1;
	pid_t child;

	fflush(NULL);
	if (posix_spawn(&child, "/bin/sh", NULL, NULL, argv, environ) != 0 || waitpid(child, &status, 0) != child)
		status = -1;
	if (status == 0) {
		unlink(mark);
		return EXIT_DONE;
	}
	complain(_("The command \"%s\" failed."), command);
	advise(_("The new lists are in place; the next export runs it again."));
	return EXIT_BUSY;
}

static enum exit_code write_bundle(const struct status_wish *wish, const struct bundle *b)
{
	char *mark = NULL;
	enum exit_code code = EXIT_DONE;
	bool same = is_same(wish->output, &b->pem);

	if (asprintf(&mark, "%s.reload", wish->output) < 0)
		return status_complain(E_MEMORY);
	if (!same && ((wish->reload && !touch(mark)) || !replace(wish->output, &b->pem)))
		code = refuse_write(wish->output);
	if (code == EXIT_DONE && !wish->quiet) {
		put_text(stdout, wish->output);
		printf(P_(": %s, %zu list\n", ": %s, %zu lists\n", b->lists),
		       same ? _("unchanged") : _("written"), b->lists);
	}
	if (code == EXIT_DONE && wish->reload && access(mark, F_OK) == 0)
		code = reload(wish->reload, mark);
	free(mark);
	return code;
}

enum exit_code status_export(struct status_room *room, const struct status_wish *wish)
{
	struct bundle b = {.lists = 0};
	enum exit_code code = status_need_trust(room);
	enum error e;

	if (code != EXIT_DONE)
		return code;
	if (!is_replaceable(wish->output)) {
		complain(_("%s is no file that could be replaced."), wish->output);
		advise(_("Name a file of its own for the lists."));
		return EXIT_OUTPUT;
	}
	e = bundle_make(room, &b);
	if (e != E_OK) {
		code = status_complain(e);
	} else if (b.lists == 0) {
		complain(_("No list is held that could be exported."));
		advise(_("Get them: inkan status refresh; %s stays as it was."), wish->output);
		code = EXIT_LACKING;
	} else {
		code = write_bundle(wish, &b);
	}
	if (code == EXIT_DONE && b.lacking)
		code = EXIT_LACKING;
	buf_free(&b.pem);
	return code;
}
