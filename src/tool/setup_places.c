/* SPDX-License-Identifier: BSD-2-Clause */
/* Where programs look for modules, and what is registered there. */
#include "config.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <jansson.h>
#include "base/os.h"
#include "setup.h"

#define NSS \
	{ \
		"library" \
	}
#define OPENSSL \
	{ \
		"MODULE_PATH", "pkcs11-module-path" \
	}

/* clang-format off */
static const struct place {
	enum setup_client client;
	bool system, confined;
	const char *folder, *pattern; /* of setup_pattern */
	const char *keys[2];          /* the settings that name a library; none: JSON */
} places[] = {
	{SETUP_FIREFOX, false, false, "~", "/.mozilla/firefox/{*/pkcs11.txt,profiles.ini}", NSS},
	{SETUP_FIREFOX, false, false, "config", "/mozilla/firefox/{*/pkcs11.txt,profiles.ini}", NSS}, /* since 147 */
	{SETUP_FIREFOX, false, true, "~", "/snap/firefox/common/.mozilla/firefox/*/pkcs11.txt", NSS},
	{SETUP_FIREFOX, false, true, "~", "/.var/app/org.mozilla.firefox/{.,config/}mozilla/firefox/*/pkcs11.txt", NSS},
	{SETUP_FIREFOX, true, false, "", "/etc/firefox/policies/policies.json", {NULL}},
	{SETUP_CHROME, false, false, "~", "/.pki/nssdb/pkcs11.txt", NSS},
	{SETUP_CHROME, false, false, "data", "/pki/nssdb/pkcs11.txt", NSS}, /* of some distributions */
	{SETUP_CHROME, false, true, "~", "/snap/chromium/current/.pki/nssdb/pkcs11.txt", NSS},
	{SETUP_CHROME, false, true, "~", "/.var/app/{org.chromium.Chromium,com.google.Chrome}/.pki/nssdb/pkcs11.txt",
	 NSS},
	{SETUP_SSH, false, false, "~", "/.ssh/config", {"PKCS11Provider"}},
	{SETUP_SSH, true, false, "", "/etc/ssh/{ssh_config.d/inkan.conf,ssh_config}", {"PKCS11Provider"}},
	{SETUP_OPENSSL, false, false, "config", "/inkan/openssl{,-sign}.cnf", OPENSSL},
	{SETUP_OPENSSL, true, false, "", SYSCONFDIR "/inkan/openssl{,-sign}.cnf", OPENSSL},
	{SETUP_PAM, true, false, "", "/etc/pam_pkcs11/pam_pkcs11.conf", {"module"}},
	{SETUP_SSSD, true, false, "", "/etc/sssd/{sssd.conf,conf.d/*.conf}", {"p11_uri"}},
	{SETUP_P11KIT, false, false, "config", "/pkcs11/modules/*.module", {"module"}},
	{SETUP_P11KIT, true, false, "", "/{etc/pkcs11,usr/share/p11-kit}/modules/*.module", {"module"}},
	{SETUP_SIGNERS, false, false, "data", "/inkan/nssdb/pkcs11.txt", NSS},
	{SETUP_WEB_EID, false, false, "~", "/.mozilla/native-messaging-hosts/eu.webeid.json", {NULL}},
	{SETUP_WEB_EID, false, false, "config",
	 "/{chromium,google-chrome,microsoft-edge}/NativeMessagingHosts/eu.webeid.json", {NULL}},
	{SETUP_WEB_EID, true, false, "", "/{usr/lib/mozilla,usr/lib64/mozilla,etc/chromium,etc/opt/chrome,etc/opt/edge}"
	 "/native-messaging-hosts/eu.webeid.json", {NULL}},
};
/* clang-format on */

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

char *setup_path(const char *root, const char *file)
{
	static const char *const folders[][3] = {
		{"~", "HOME", ""},
		{"config", "XDG_CONFIG_HOME", "/.config"},
		{"data", "XDG_DATA_HOME", "/.local/share"},
	};

	for (size_t i = 0; i < 3; i++) {
		const char *value = secure_getenv(folders[i][1]), *home = secure_getenv("HOME");
		size_t n = strlen(folders[i][0]);

		if (strncmp(file, folders[i][0], n) != 0 || (file[n] && file[n] != '/'))
			continue;
		if (value && value[0] == '/')
			return format("%s%s%s", root, value, file + n);
		return home && home[0] == '/' ? format("%s%s%s%s", root, home, folders[i][2], file + n) : NULL;
	}
	return format("%s%s", root, file);
}

char *setup_pattern(const char *root, const char *folder, const char *pattern)
{
	char *path = setup_path(root, folder), *out = NULL, *to;

	if (path && (to = out = malloc(2 * strlen(path) + strlen(pattern) + 1))) {
		for (const char *p = path; *p; *to++ = *p++)
			if (strchr("\\*?[]{},~", *p))
				*to++ = '\\';
		strcpy(to, pattern);
	}
	free(path);
	return out;
}

bool setup_there(const char *root, const char *folder, const char *pattern)
{
	char *path = setup_pattern(root, folder, pattern);
	glob_t found = {0};
	bool is = path && os_glob(path, &found);

	globfree(&found);
	free(path);
	return is;
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

static enum error add_row(struct setup_rows *rows, const struct place *p, const char *root, const char *file,
                          const char *library)
{
	struct setup_row *list = realloc(rows->list, (rows->n + 1) * sizeof *list), *row;
	char *path = library && library[0] == '/' ? format("%s%s", root, library) : NULL;
	const char *name = library && strrchr(library, '/') ? strrchr(library, '/') + 1 : library;
	enum setup_kind kind = SETUP_FOREIGN; /* by the file's name: a module may stand in several folders */

	if (!name)
		kind = SETUP_NOTHING;
	else if (strncmp(name, "inkan-sign-pkcs11.so", 20) == 0 || strncmp(name, "HpkiSigP11_inkan.so", 19) == 0)
		kind = SETUP_SIGN;
	else if (strncmp(name, "inkan-pkcs11.so", 15) == 0 || strncmp(name, "HpkiAuthP11_inkan.so", 20) == 0 ||
	         strcmp(name, "inkan-web-eid") == 0 || strstr(name, "PKI%20Authentication") ||
	         strstr(name, "library-manufacturer=Inkan"))
		kind = SETUP_AUTH;

	if (list) {
		rows->list = list;
		row = &list[rows->n++];
		*row = (struct setup_row){p->client,
		                          kind,
		                          p->system,
		                          p->confined,
		                          path && access(path, F_OK) != 0,
		                          strdup(file),
		                          library ? strdup(library) : NULL};
	}
	free(path);
	return list && row->file && (!library || row->library) ? E_OK : E_MEMORY;
}

/* The value in "key = value;", "key: value", "Key value", "key=value"; NULL: another line. */
static char *value_of(char *line, const char *key)
{
	size_t n = strlen(key);

	line += strspn(line, " \t");
	if (strncasecmp(line, key, n) != 0 || !line[n] || !strchr(" \t=:", line[n]))
		return NULL;
	line += n + strspn(line + n, " \t=:\"");
	for (n = strlen(line); n > 0 && strchr(" \t\r\n;\"", line[n - 1]);)
		line[--n] = '\0';
	return line;
}

char *setup_setting(const char *root, const char *folder, const char *pattern, const char *key)
{
	char *path = setup_pattern(root, folder, pattern), *line = NULL, *value, *last = NULL;
	glob_t found = {0};
	size_t size = 0;

	if (path)
		os_glob(path, &found);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		FILE *f = fopen(found.gl_pathv[i], "re");

		while (f && getline(&line, &size, f) > 0)
			if ((value = value_of(line, key))) {
				free(last);
				last = strdup(value);
			}
		if (f)
			fclose(f);
	}
	globfree(&found);
	free(path);
	free(line);
	return last;
}

/* A file that has been looked at, under whatever name, is passed over. */
static enum error look_at(struct setup_rows *rows, const struct place *p, const char *root, const char *file)
{
	const size_t before = rows->n;
	const bool profiles = strstr(file, "/profiles.ini");
	struct stat st, other;
	bool ours = false;
	enum error e = E_OK;
	char *line = NULL, *value = NULL, *profile;
	size_t size = 0;
	json_t *policy, *devices, *add, *path;
	const char *name;
	FILE *f;

	if (stat(file, &st) != 0 || !S_ISREG(st.st_mode) || !(f = fopen(file, "re")))
		return E_OK;
	for (size_t i = 0; i < before; i++)
		if (stat(rows->list[i].file, &other) == 0 && other.st_dev == st.st_dev && other.st_ino == st.st_ino)
			goto out;
	if (!p->keys[0]) {
		policy = json_loadf(f, 0, NULL);
		devices = json_object_get(json_object_get(policy, "policies"), "SecurityDevices");
		add = json_object_get(devices, "Add");
		json_object_foreach (add ? add : devices, name, path)
			if (e == E_OK && json_is_string(path))
				e = add_row(rows, p, root, file, json_string_value(path));
		path = json_object_get(policy, "path"); /* of Web eID's program */
		if (e == E_OK && json_is_string(path))
			e = add_row(rows, p, root, file, json_string_value(path));
		json_decref(policy);
	}
	while (p->keys[0] && e == E_OK && getline(&line, &size, f) > 0) {
		if (profiles && (value = value_of(line, "Path"))) { /* absolute, or relative to its folder */
			int n = value[0] == '/' ? 0 : (int)(strrchr(file, '/') + 1 - file);

			profile = format("%s%.*s%s/pkcs11.txt", n ? "" : root, n, file, value);
			e = profile ? look_at(rows, p, root, profile) : E_MEMORY;
			free(profile);
			continue;
		}
		for (size_t i = 0; i < 2 && p->keys[i] && !value; i++)
			value = value_of(line, p->keys[i]);
		/* NSS's own module has an empty name, ssh says "none", and pam_pkcs11 has mappers */
		if (value && (strstr(value, ".so") || strncmp(value, "pkcs11:", 7) == 0) &&
		    !strstr(value, "_mapper.so"))
			e = add_row(rows, p, root, file, value);
		value = NULL;
	}
	for (size_t i = before; i < rows->n; i++)
		ours |= rows->list[i].kind != SETUP_FOREIGN;
	if (e == E_OK && !ours && !profiles)
		e = add_row(rows, p, root, file, NULL);
out:
	fclose(f);
	free(line);
	return e;
}

enum error setup_registered(const char *root, struct setup_rows *rows)
{
	enum error e = E_OK;

	*rows = (struct setup_rows){0};
	for (const struct place *p = places; p < places + sizeof places / sizeof *places && e == E_OK; p++) {
		char *pattern = setup_pattern(root, p->folder, p->pattern);
		glob_t found = {0};

		if (pattern && os_glob(pattern, &found))
			for (size_t i = 0; i < found.gl_pathc && e == E_OK; i++)
				e = look_at(rows, p, root, found.gl_pathv[i]);
		globfree(&found);
		free(pattern);
	}
	return e;
}
