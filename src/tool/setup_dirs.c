/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"
#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "setup_dirs.h"

char *format(const char *fmt, ...)
{
	char *text = NULL;
	va_list args;
	int n;

	va_start(args, fmt);
	n = vasprintf(&text, fmt, args);
	va_end(args);
	return n < 0 ? NULL : text;
}

enum error names_take(struct names *names, char *name)
{
	char **list;

	if (!name)
		return E_MEMORY;
	for (size_t i = 0; i < names->n; i++) {
		if (strcmp(names->list[i], name) == 0) {
			free(name);
			return E_OK;
		}
	}
	list = realloc(names->list, (names->n + 1) * sizeof *list);
	if (!list) {
		free(name);
		return E_MEMORY;
	}
	list[names->n++] = name;
	names->list = list;
	return E_OK;
}

void names_free(struct names *names)
{
	for (size_t i = 0; i < names->n; i++)
		free(names->list[i]);
	free(names->list);
	*names = (struct names){0};
}

/* As the XDG base directory specification has it: what is not absolute does not count. */
static char *xdg_folder(const struct setup_dirs *d, const char *variable, const char *usual)
{
	const char *value = secure_getenv(variable);

	if (value && value[0] == '/')
		return format("%s%s", d->root, value);
	return d->home ? format("%s/%s", d->home, usual) : NULL;
}

enum error dirs_find(struct setup_dirs *d, const char *root)
{
	const char *home = secure_getenv("HOME");

	*d = (struct setup_dirs){.root = strdup(root ? root : "")};
	if (!d->root)
		return E_MEMORY;
	for (size_t n = strlen(d->root); n > 0 && d->root[n - 1] == '/'; n--)
		d->root[n - 1] = '\0';
	if (home && home[0] == '/')
		d->home = format("%s%s", d->root, home);
	d->config = xdg_folder(d, "XDG_CONFIG_HOME", ".config");
	d->data = xdg_folder(d, "XDG_DATA_HOME", ".local/share");
	return E_OK;
}

void dirs_free(struct setup_dirs *d)
{
	free(d->root);
	free(d->home);
	free(d->config);
	free(d->data);
	*d = (struct setup_dirs){0};
}

static bool is_below(const char *path, const char *home, const char *folder)
{
	size_t n = strlen(home), k = strlen(folder);

	return strncmp(path, home, n) == 0 && strncmp(path + n, folder, k) == 0;
}

bool path_is_confined(const struct setup_dirs *d, const char *path)
{
	return d->home && (is_below(path, d->home, "/snap/") || is_below(path, d->home, "/.var/app/"));
}

/* Under whatever names: a folder may be a link. */
static bool has_file(const struct names *files, const char *file)
{
	struct stat st, other;

	if (stat(file, &st) != 0)
		return false;
	for (size_t i = 0; i < files->n; i++)
		if (stat(files->list[i], &other) == 0 && other.st_dev == st.st_dev && other.st_ino == st.st_ino)
			return true;
	return false;
}

/* A database of NSS's present kind is where pkcs11.txt is. */
static enum error take_database(struct names *files, char *folder)
{
	char *file = folder ? format("%s/pkcs11.txt", folder) : NULL;

	free(folder);
	if (file && (access(file, F_OK) != 0 || has_file(files, file))) {
		free(file);
		return E_OK;
	}
	return names_take(files, file);
}

static enum error take_subfolders(struct names *files, const char *base)
{
	DIR *dir = opendir(base);
	enum error e = E_OK;
	struct dirent *entry;

	while (dir && e == E_OK && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			e = take_database(files, format("%s/%s", base, entry->d_name));
	if (dir)
		closedir(dir);
	return e;
}

/* Path= of profiles.ini; relative to its folder unless it is absolute. */
static enum error take_listed(struct names *files, const struct setup_dirs *d, const char *base)
{
	char *name = format("%s/profiles.ini", base), *line = NULL;
	FILE *f = name ? fopen(name, "re") : NULL;
	enum error e = name ? E_OK : E_MEMORY;
	size_t size = 0;

	while (f && e == E_OK && getline(&line, &size, f) > 0) {
		line[strcspn(line, "\r\n")] = '\0';
		if (strncmp(line, "Path=/", 6) == 0)
			e = take_database(files, format("%s%s", d->root, line + 5));
		else if (strncmp(line, "Path=", 5) == 0)
			e = take_database(files, format("%s/%s", base, line + 5));
	}
	if (f)
		fclose(f);
	free(line);
	free(name);
	return e;
}

static enum error take_profiles(const struct setup_dirs *d, struct names *files, char *base)
{
	enum error e = base ? take_listed(files, d, base) : E_MEMORY;

	if (e == E_OK)
		e = take_subfolders(files, base);
	free(base);
	return e;
}

enum error firefox_databases(const struct setup_dirs *d, struct names *files)
{
	static const char *const bases[] = {
		".mozilla/firefox",
		"snap/firefox/common/.mozilla/firefox",
		".var/app/org.mozilla.firefox/.mozilla/firefox",
		".var/app/org.mozilla.firefox/config/mozilla/firefox",
	};
	enum error e = E_OK;

	/* since Firefox 147, where ~/.mozilla is not there */
	if (d->config)
		e = take_profiles(d, files, format("%s/mozilla/firefox", d->config));
	for (size_t i = 0; d->home && e == E_OK && i < sizeof bases / sizeof *bases; i++)
		e = take_profiles(d, files, format("%s/%s", d->home, bases[i]));
	return e;
}

enum error chrome_databases(const struct setup_dirs *d, struct names *files)
{
	static const char *const folders[] = {
		".pki/nssdb",
		"snap/chromium/current/.pki/nssdb",
		".var/app/org.chromium.Chromium/.pki/nssdb",
		".var/app/com.google.Chrome/.pki/nssdb",
	};
	enum error e = E_OK;

	for (size_t i = 0; d->home && e == E_OK && i < sizeof folders / sizeof *folders; i++)
		e = take_database(files, format("%s/%s", d->home, folders[i]));
	/* where a distribution has moved it to */
	if (d->data && e == E_OK)
		e = take_database(files, format("%s/pki/nssdb", d->data));
	return e;
}

char *setup_path(const char *root, const char *file)
{
	struct setup_dirs d;
	char *path = NULL;

	if (dirs_find(&d, root) == E_OK) {
		if (file[0] == '/')
			path = format("%s%s", d.root, file);
		else if (strncmp(file, "~/", 2) == 0 && d.home)
			path = format("%s%s", d.home, file + 1);
		else if (strncmp(file, "config/", 7) == 0 && d.config)
			path = format("%s%s", d.config, file + 6);
		else if (strncmp(file, "data/", 5) == 0 && d.data)
			path = format("%s%s", d.data, file + 4);
	}
	dirs_free(&d);
	return path;
}
