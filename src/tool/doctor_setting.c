/* SPDX-License-Identifier: BSD-2-Clause */
/* One setting written into inkan.conf. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "doctor.h"

/* "name = …" or "name:…", as libinih reads it; what is indented may be the line
 * before going on. */
static bool sets(const char *line, const char *name)
{
	size_t n = strlen(name);

	if (strncmp(line, name, n) != 0)
		return false;
	line += n + strspn(line + n, " \t");
	return *line == '=' || *line == ':';
}

/* A name that stands in several lines holds by the last: all of them are replaced. */
static bool copy_lines(FILE *from, FILE *to, const char *name, const char *value)
{
	char *line = NULL;
	size_t size = 0;
	bool there = false;
	ssize_t n;

	while ((n = getline(&line, &size, from)) > 0) {
		bool ours = sets(line, name);

		there |= ours;
		if (ours)
			fprintf(to, "%s = %s\n", name, value);
		else
			fprintf(to, "%s%s", line, line[n - 1] == '\n' ? "" : "\n");
	}
	free(line);
	if (!there)
		fprintf(to, "%s = %s\n", name, value);
	return !ferror(from);
}

static bool make_folders(char *path)
{
	for (char *p = path + 1; *p; p++) {
		int made;

		if (*p != '/')
			continue;
		*p = '\0';
		made = mkdir(path, 0700);
		*p = '/';
		if (made != 0 && errno != EEXIST)
			return false;
	}
	return true;
}

/* With the mode that the file had; a new one is for everybody to read. */
static bool write_beside(FILE *from, const char *name, const char *value, int fd)
{
	FILE *to = fdopen(fd, "w");
	struct stat st = {.st_mode = 0644};
	bool done;

	if (!to) {
		close(fd);
		return false;
	}
	if (from)
		fstat(fileno(from), &st);
	done = from ? copy_lines(from, to, name, value) : fprintf(to, "%s = %s\n", name, value) > 0;
	done = fflush(to) == 0 && !ferror(to) && done && fchmod(fd, st.st_mode & 0777) == 0 && fsync(fd) == 0;
	return fclose(to) == 0 && done;
}

static enum error replace(char *path, const char *name, const char *value)
{
	FILE *from = fopen(path, "re");
	char *temporary = NULL;
	enum error ok = E_IO;
	int fd;

	if ((!from && errno != ENOENT) || !make_folders(path))
		goto out;
	if (asprintf(&temporary, "%s.XXXXXX", path) < 0) {
		temporary = NULL;
		ok = E_MEMORY;
		goto out;
	}
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		goto out;
	if (write_beside(from, name, value, fd) && rename(temporary, path) == 0)
		ok = E_OK;
	else
		unlink(temporary);
out:
	if (from)
		fclose(from);
	free(temporary);
	return ok;
}

enum error doctor_write_setting(const char *path, const char *name, const char *value)
{
	char *real = realpath(path, NULL); /* what a symbolic link leads to is replaced, not the link */
	enum error ok;

	if (!real)
		real = strdup(path);
	if (!real)
		return E_MEMORY;
	ok = replace(real, name, value);
	free(real);
	return ok;
}
