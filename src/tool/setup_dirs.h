/* SPDX-License-Identifier: BSD-2-Clause */
/* Where programs keep what they are told. */
#ifndef INKAN_TOOL_SETUP_DIRS_H
#define INKAN_TOOL_SETUP_DIRS_H

#include "setup.h"

/* Each begins with the root; HOME, XDG_CONFIG_HOME and XDG_DATA_HOME count.
 * NULL: there is none (HOME is not set). */
struct setup_dirs {
	char *root; /* "", or --root's folder without a slash at its end */
	char *home, *config, *data;
};

/* root: NULL for none. */
enum error dirs_find(struct setup_dirs *d, const char *root);
void dirs_free(struct setup_dirs *d);

struct names {
	char **list;
	size_t n;
};

/* Takes name (NULL: E_MEMORY); one that is there already is freed. */
enum error names_take(struct names *names, char *name);
void names_free(struct names *names);

/* The files pkcs11.txt of every Firefox profile, and of every NSS database that
 * Chromium and Chrome read. Those of snap and flatpak: path_is_confined. */
enum error firefox_databases(const struct setup_dirs *d, struct names *files);
enum error chrome_databases(const struct setup_dirs *d, struct names *files);
bool path_is_confined(const struct setup_dirs *d, const char *path);

/* The same as setup_registered, below a root. */
enum error rows_read(const struct setup_dirs *d, struct setup_rows *rows);

#endif
