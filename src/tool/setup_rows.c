/* SPDX-License-Identifier: BSD-2-Clause */
/* What stands where: five of the six formats are lines of a key and a library. */
#include "config.h"
#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <jansson.h>
#include "base/i18n.h"
#include "setup_dirs.h"

const char *setup_client_word(enum setup_client client)
{
	static const char *const words[] = {"firefox", "chrome", "ssh", "openssl", "pam", "p11-kit", "signers"};

	return words[client];
}

const char *setup_client_name(enum setup_client client)
{
	static const char *const names[] = {"Firefox", "Chromium, Chrome", "OpenSSH", "OpenSSL", "PAM",
		N_("p11-kit (GnuTLS and others)"), N_("programs that sign documents")};

	return _(names[client]);
}

void setup_rows_free(struct setup_rows *rows)
{
	for (size_t i = 0; i < rows->n; i++) {
		free(rows->list[i].file);
		free(rows->list[i].library);
	}
	free(rows->list);
	*rows = (struct setup_rows){0};
}

struct look {                  /* at one file */
	const struct setup_dirs *dirs;
	struct setup_rows *rows;
	enum setup_client client;
	bool system;
	const char *file;
};

/* By its name: a module may stand in several folders. */
static enum setup_kind kind_of(const char *library)
{
	const char *name = strrchr(library, '/');

	name = name ? name + 1 : library;
	if (strncmp(name, "inkan-sign-pkcs11.so", 20) == 0 || strncmp(name, "HpkiSigP11_inkan.so", 19) == 0)
		return SETUP_SIGN;
	if (strncmp(name, "inkan-pkcs11.so", 15) == 0 || strncmp(name, "HpkiAuthP11_inkan.so", 20) == 0)
		return SETUP_AUTH;
	return SETUP_FOREIGN;
}

static bool is_gone(const struct setup_dirs *d, const char *library)
{
	char *path = library[0] == '/' ? format("%s%s", d->root, library) : NULL;
	bool gone = path && access(path, F_OK) != 0;

	free(path);
	return gone;
}

/* library: NULL for none. */
static enum error add_row(const struct look *l, const char *library)
{
	struct setup_row *list = realloc(l->rows->list, (l->rows->n + 1) * sizeof *list);
	struct setup_row *row;

	if (!list)
		return E_MEMORY;
	l->rows->list = list;
	row = &list[l->rows->n];
	*row = (struct setup_row){.client = l->client, .system = l->system};
	row->confined = path_is_confined(l->dirs, l->file);
	row->file = strdup(l->file);
	if (library) {
		row->kind = kind_of(library);
		row->gone = is_gone(l->dirs, library);
		row->library = strdup(library);
	}
	if (!row->file || (library && !row->library)) {
		free(row->file);
		free(row->library);
		return E_MEMORY;
	}
	l->rows->n++;
	return E_OK;
}

/* When none of the rows from `before` on is ours, a row says so. */
static enum error close_place(const struct look *l, size_t before)
{
	for (size_t i = before; i < l->rows->n; i++)
		if (l->rows->list[i].kind != SETUP_FOREIGN)
			return E_OK;
	return add_row(l, NULL);
}

/* The value behind this key in "key = value;", "key: value", "Key value", "key=value". */
static char *value_of(char *line, const char *key)
{
	size_t n = strlen(key), end;

	line += strspn(line, " \t");
	if (strncasecmp(line, key, n) != 0 || !strchr(" \t=:", line[n]) || !line[n])
		return NULL;
	line += n;
	line += strspn(line, " \t=:\"");
	end = strlen(line);
	while (end > 0 && strchr(" \t\r\n;\"", line[end - 1]))
		line[--end] = '\0';
	return line;
}

/* NSS's own module has an empty path, ssh says "none", pam_pkcs11 names its mappers so too. */
static bool is_library(const char *value)
{
	return strstr(value, ".so") && !strstr(value, "_mapper.so");
}

static enum error look_at_lines(const struct look *l, const char *key)
{
	FILE *f = fopen(l->file, "re");
	char *line = NULL, *value;
	size_t size = 0;
	enum error e = E_OK;

	if (!f)
		return E_OK;
	while (e == E_OK && getline(&line, &size, f) > 0)
		if ((value = value_of(line, key)) && is_library(value))
			e = add_row(l, value);
	free(line);
	fclose(f);
	return e;
}

static enum error look_at_place(const struct look *l, const char *key)
{
	size_t before = l->rows->n;
	enum error e = access(l->file, R_OK) == 0 ? look_at_lines(l, key) : E_NOT_FOUND;

	if (e == E_OK)
		e = close_place(l, before);
	return e == E_NOT_FOUND ? E_OK : e;
}

/* Takes the file's name. */
static enum error look_at(struct look l, char *file, const char *key)
{
	enum error e;

	l.file = file;
	e = file ? look_at_place(&l, key) : E_MEMORY;
	free(file);
	return e;
}

static enum error look_at_databases(struct look l, const struct names *files)
{
	enum error e = E_OK;

	for (size_t i = 0; i < files->n && e == E_OK; i++) {
		l.file = files->list[i];
		e = look_at_place(&l, "library");
	}
	return e;
}

/* ---- Each client */

static enum error look_at_policy(struct look l)
{
	char *file = format("%s/etc/firefox/policies/policies.json", l.dirs->root);
	json_t *policy = file ? json_load_file(file, 0, NULL) : NULL, *devices, *add, *path;
	size_t before = l.rows->n;
	enum error e = file ? E_OK : E_MEMORY;
	const char *name;

	devices = json_object_get(json_object_get(policy, "policies"), "SecurityDevices");
	add = json_object_get(devices, "Add");
	l.file = file;
	l.system = true;
	json_object_foreach(add ? add : devices, name, path)
		if (e == E_OK && json_is_string(path))
			e = add_row(&l, json_string_value(path));
	if (e == E_OK && policy)
		e = close_place(&l, before);
	json_decref(policy);
	free(file);
	return e;
}

static enum error look_at_firefox(struct look l)
{
	struct names files = {0};
	enum error e = firefox_databases(l.dirs, &files);

	if (e == E_OK)
		e = look_at_databases(l, &files);
	names_free(&files);
	return e == E_OK ? look_at_policy(l) : e;
}

static enum error look_at_chrome(struct look l)
{
	struct names files = {0};
	enum error e = chrome_databases(l.dirs, &files);

	if (e == E_OK)
		e = look_at_databases(l, &files);
	names_free(&files);
	return e;
}

static enum error look_at_ssh(struct look l)
{
	enum error e = E_OK;

	if (l.dirs->home)
		e = look_at(l, format("%s/.ssh/config", l.dirs->home), "PKCS11Provider");
	l.system = true;
	if (e == E_OK)
		e = look_at(l, format("%s/etc/ssh/ssh_config.d/inkan.conf", l.dirs->root), "PKCS11Provider");
	return e == E_OK ? look_at(l, format("%s/etc/ssh/ssh_config", l.dirs->root), "PKCS11Provider") : e;
}

/* The engine has one key, the provider another. */
static enum error look_at_openssl_in(struct look l, const char *folder)
{
	static const char *const names[] = {"openssl.cnf", "openssl-sign.cnf"};
	enum error e = E_OK;

	for (size_t i = 0; e == E_OK && i < 2; i++) {
		size_t before = l.rows->n;

		e = look_at(l, format("%s/inkan/%s", folder, names[i]), "MODULE_PATH");
		if (e != E_OK || l.rows->n != before + 1 || l.rows->list[before].kind != SETUP_NOTHING)
			continue;
		free(l.rows->list[--l.rows->n].file);
		e = look_at(l, format("%s/inkan/%s", folder, names[i]), "pkcs11-module-path");
	}
	return e;
}

static enum error look_at_openssl(struct look l)
{
	char *system = format("%s" SYSCONFDIR, l.dirs->root);
	enum error e = system ? E_OK : E_MEMORY;

	if (e == E_OK && l.dirs->config)
		e = look_at_openssl_in(l, l.dirs->config);
	l.system = true;
	if (e == E_OK)
		e = look_at_openssl_in(l, system);
	free(system);
	return e;
}

static enum error look_at_pam(struct look l)
{
	l.system = true;
	return look_at(l, format("%s/etc/pam_pkcs11/pam_pkcs11.conf", l.dirs->root), "module");
}

static enum error look_at_module(struct look l, char *file)
{
	enum error e;

	l.file = file;
	e = file ? look_at_lines(&l, "module") : E_MEMORY;
	free(file);
	return e;
}

/* A file per module: the place is the folder. Takes its name. */
static enum error look_at_modules(struct look l, char *folder)
{
	DIR *dir = folder ? opendir(folder) : NULL;
	enum error e = folder ? E_OK : E_MEMORY;
	size_t before = l.rows->n;
	struct dirent *entry;

	while (dir && e == E_OK && (entry = readdir(dir))) {
		size_t n = strlen(entry->d_name);

		if (n > 7 && strcmp(entry->d_name + n - 7, ".module") == 0)
			e = look_at_module(l, format("%s/%s", folder, entry->d_name));
	}
	l.file = folder;
	if (dir && e == E_OK)
		e = close_place(&l, before);
	if (dir)
		closedir(dir);
	free(folder);
	return e;
}

static enum error look_at_p11kit(struct look l)
{
	enum error e = E_OK;

	if (l.dirs->config)
		e = look_at_modules(l, format("%s/pkcs11/modules", l.dirs->config));
	l.system = true;
	if (e == E_OK)
		e = look_at_modules(l, format("%s/etc/pkcs11/modules", l.dirs->root));
	return e == E_OK ? look_at_modules(l, format("%s/usr/share/p11-kit/modules", l.dirs->root)) : e;
}

static enum error look_at_signers(struct look l)
{
	return l.dirs->data ? look_at(l, format("%s/inkan/nssdb/pkcs11.txt", l.dirs->data), "library") : E_OK;
}

enum error rows_read(const struct setup_dirs *d, struct setup_rows *rows)
{
	static enum error (*const looks[SETUP_CLIENTS])(struct look) = {
		look_at_firefox, look_at_chrome, look_at_ssh, look_at_openssl, look_at_pam, look_at_p11kit,
		look_at_signers,
	};
	enum error e = E_OK;

	*rows = (struct setup_rows){0};
	for (int i = 0; i < SETUP_CLIENTS && e == E_OK; i++)
		e = looks[i]((struct look){.dirs = d, .rows = rows, .client = (enum setup_client)i});
	return e;
}

enum error setup_registered(const char *root, struct setup_rows *rows)
{
	struct setup_dirs dirs;
	enum error e = dirs_find(&dirs, root);

	*rows = (struct setup_rows){0};
	if (e == E_OK)
		e = rows_read(&dirs, rows);
	dirs_free(&dirs);
	return e;
}
