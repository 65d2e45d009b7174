/* SPDX-License-Identifier: BSD-2-Clause */
/* NSS's list of modules, pkcs11.txt. NSS itself (modutil) writes the new line, but
 * on a copy: it would remove the file before it renames the new one to its place.
 * Ours is known by its name; it is taken away as the stanza that it is. */
#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <openssl/sha.h>
#include "say.h"
#include "setup_nss.h"

/* ---- Stanzas: lines up to an empty one */

struct stanza {
	size_t from, to; /* with the empty line, and more of them */
	bool library, name;
};

static bool line_is(const char *line, size_t n, const char *key, const char *value)
{
	size_t k = strlen(key), v = strlen(value);

	while (n > 0 && (line[n - 1] == '\n' || line[n - 1] == '\r'))
		n--;
	return n == k + v && memcmp(line, key, k) == 0 && memcmp(line + k, value, v) == 0;
}

/* The one from `at` on, and whether it names this module and this library. */
static struct stanza read_stanza(const struct buf *b, size_t at, const char *name, const char *library)
{
	const char *text = (const char *)b->data;
	struct stanza s = {.from = at};
	bool ended = false;

	while (at < b->len) {
		const char *end = memchr(text + at, '\n', b->len - at);
		size_t n = end ? (size_t)(end - (text + at)) + 1 : b->len - at;
		bool empty = n == 1 || (n == 2 && text[at] == '\r');

		if (ended && !empty)
			break;
		ended = empty && at > s.from;
		s.name |= line_is(text + at, n, "name=", name);
		s.library |= line_is(text + at, n, "library=", library);
		at += n;
	}
	s.to = at;
	return s;
}

bool nss_names(const struct change *c, const char *name, const char *library)
{
	for (size_t at = 0; at < c->after.len;) {
		struct stanza s = read_stanza(&c->after, at, name ? name : "", library ? library : "");

		if ((!name || s.name) && (!library || s.library))
			return true;
		at = s.to;
	}
	return false;
}

void nss_drop(struct change *c, const char *name)
{
	for (size_t at = 0; at < c->after.len;) {
		struct stanza s = read_stanza(&c->after, at, name, "");

		if (s.name) {
			memmove(c->after.data + s.from, c->after.data + s.to, c->after.len - s.to);
			c->after.len -= s.to - s.from;
		} else {
			at = s.to;
		}
	}
}

/* ---- modutil */

static enum exit_code refuse_tools(void)
{
	complain(_("The program modutil is missing; it writes the databases of Firefox and Chromium."));
	advise(_("Install it (Debian and Ubuntu: the package libnss3-tools; Fedora: nss-tools), then run this again."));
	return EXIT_UNAVAILABLE;
}

static enum exit_code run_modutil(const char *folder, const char *name, const char *library)
{
	char *db = format("sql:%s", folder);
	const char *const argv[] = {"modutil", "-force", "-dbdir", db, "-add", name, "-libfile", library, NULL};
	bool done = db && run_quietly(argv);

	free(db);
	if (done)
		return EXIT_DONE;
	complain(_("NSS (modutil) does not take the module %s."), library);
	advise(_("Is it a module for this machine? Try it: pkcs11-tool --module %s --list-slots"), library);
	return EXIT_UNAVAILABLE;
}

static bool have(const char *program)
{
	const char *const argv[] = {"sh", "-c", "command -v \"$0\"", program, NULL};

	return run_quietly(argv);
}

static bool put_file(const char *folder, const char *name, const void *data, size_t n)
{
	char *path = format("%s/%s", folder, name);
	int fd = path ? open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600) : -1;
	FILE *f = fd >= 0 ? fdopen(fd, "w") : NULL;
	bool ok = f && fwrite(data, 1, n, f) == n;

	if (f)
		ok = fflush(f) == 0 && fsync(fd) == 0 && ok;
	if (f)
		ok = fclose(f) == 0 && ok;
	else if (fd >= 0)
		close(fd);
	free(path);
	return ok;
}

static enum exit_code take_result(struct change *c, const char *folder)
{
	char *path = format("%s/pkcs11.txt", folder);
	struct buf text = {0};
	enum error e = path ? file_read_all(path, &text) : E_MEMORY;

	if (e == E_OK)
		e = change_to(c, (const char *)text.data, text.len);
	buf_free(&text);
	free(path);
	return e == E_OK ? EXIT_DONE : setup_no_memory();
}

static enum exit_code refuse_copy(const char *folder)
{
	complain(_("%s could not be written: %s."), folder, strerror(errno));
	advise(_("Nothing was changed."));
	return EXIT_OUTPUT;
}

static enum exit_code add_in_copy(struct change *c, const char *folder, const char *name, const char *library)
{
	enum exit_code code;

	if (!put_file(folder, "pkcs11.txt", c->after.data, c->after.len))
		return refuse_copy(folder);
	code = run_modutil(folder, name, library);
	return code == EXIT_DONE ? take_result(c, folder) : code;
}

enum exit_code nss_add(struct change *c, const char *name, const char *library)
{
	const char *tmp = secure_getenv("TMPDIR");
	char *folder;
	enum exit_code code;

	if (nss_names(c, NULL, library))
		return EXIT_DONE;
	if (!have("modutil"))
		return refuse_tools();
	nss_drop(c, name);
	folder = format("%s/inkan-XXXXXX", tmp && tmp[0] == '/' ? tmp : "/tmp");
	if (!folder)
		return setup_no_memory();
	if (mkdtemp(folder)) {
		code = add_in_copy(c, folder, name, library);
		folder_clear(folder);
	} else {
		code = refuse_copy(folder);
	}
	free(folder);
	return code;
}

/* ---- A database of its own */

/* What it takes to know the database again as nobody has touched it. */
static char *fingerprint(const char *folder)
{
	static const char *const names[] = {"cert9.db", "key4.db"};
	char hex[2][2 * SHA256_DIGEST_LENGTH + 1];

	for (size_t i = 0; i < 2; i++) {
		uint8_t digest[SHA256_DIGEST_LENGTH];
		char *path = format("%s/%s", folder, names[i]);
		struct buf b = {0};
		enum error e = path ? file_read_all(path, &b) : E_MEMORY;

		if (e == E_OK)
			SHA256(b.data, b.len, digest);
		buf_free(&b);
		free(path);
		if (e != E_OK)
			return NULL;
		for (size_t k = 0; k < sizeof digest; k++)
			snprintf(hex[i] + 2 * k, 3, "%02x", digest[k]);
	}
	return format("%s  cert9.db\n%s  key4.db\n", hex[0], hex[1]);
}

/* certutil writes the folder's name into pkcs11.txt, and it was another one. */
static bool rename_inside(const char *folder, const char *real)
{
	char *path = format("%s/pkcs11.txt", folder), *at, *text = NULL;
	struct buf b = {0};
	bool ok = path && file_read_all(path, &b) == E_OK && buf_append(&b, "", 1) == E_OK;

	at = ok ? strstr((char *)b.data, folder) : NULL;
	if (at) {
		text = format("%.*s%s%s", (int)(at - (char *)b.data), (char *)b.data, real, at + strlen(folder));
		ok = text && unlink(path) == 0 && put_file(folder, "pkcs11.txt", text, strlen(text));
	}
	free(text);
	buf_free(&b);
	free(path);
	return ok;
}

static enum exit_code fill(const struct change *c, const char *folder)
{
	char *db = format("sql:%s", folder), *print;
	const char *const argv[] = {"certutil", "-N", "-d", db, "--empty-password", NULL};
	bool done = db && run_quietly(argv);
	enum exit_code code;

	free(db);
	print = done ? fingerprint(folder) : NULL;
	if (!print || !put_file(folder, NSS_MADE, print, strlen(print))) {
		free(print);
		complain(_("NSS (certutil) could not make a database in %s."), c->path);
		advise(_("Is the disk full? Nothing was changed."));
		return EXIT_OUTPUT;
	}
	free(print);
	code = run_modutil(folder, c->name, c->module);
	if (code == EXIT_DONE && !rename_inside(folder, c->real)) {
		complain(_("%s could not be written: %s."), c->path, strerror(errno));
		code = EXIT_OUTPUT;
	}
	return code;
}

enum exit_code nss_make(struct plan *p, const char *folder, const char *name, const char *library)
{
	struct change *c;
	enum exit_code code;
	char *shown;

	if (access(folder, F_OK) == 0) {
		complain(_("The folder %s is there, but no database is in it."), folder);
		advise(_("Start the program once, or make one: certutil -N -d sql:%s --empty-password"), folder);
		return EXIT_UNAVAILABLE;
	}
	if (!have("modutil") || !have("certutil"))
		return refuse_tools();
	code = plan_file(p, strdup(folder), 0600, &c);
	if (code != EXIT_DONE)
		return code;
	c->fill = fill;
	c->is = true;
	c->module = strdup(library);
	c->name = strdup(name);
	shown = format("library=%s\nname=%s\n", library, name);
	if (!c->module || !c->name || !shown || change_to(c, shown, strlen(shown)) != E_OK)
		code = setup_no_memory();
	free(shown);
	return code;
}

/* A browser that runs holds its database open, and would go on writing to what is gone. */
static bool is_open(const char *folder)
{
	size_t n = strlen(folder);
	char target[4096];
	bool open_now = false;
	glob_t files;

	if (glob("/proc/[0-9]*/fd/*", GLOB_NOSORT, NULL, &files) != 0)
		return false;
	for (size_t i = 0; i < files.gl_pathc && !open_now; i++) {
		ssize_t len = readlink(files.gl_pathv[i], target, sizeof target - 1);

		target[len > 0 ? len : 0] = '\0';
		open_now = strncmp(target, folder, n) == 0 && target[n] == '/';
	}
	globfree(&files);
	return open_now;
}

/* As it was made, and in nobody's hands. */
static bool is_untouched(const char *folder)
{
	char *made = format("%s/%s", folder, NSS_MADE), *now = fingerprint(folder);
	struct buf b = {0};
	bool same = made && now && file_read_all(made, &b) == E_OK && b.len == strlen(now) &&
		    memcmp(b.data, now, b.len) == 0;

	buf_free(&b);
	free(made);
	free(now);
	return same && !is_open(folder);
}

/* The list, which is the change's `before`, is in the folder that goes. */
static bool may_go(const struct change *c)
{
	char *path = format("%s/pkcs11.txt", c->real);
	struct buf now = {0};
	bool same = path && file_read_all(path, &now) == E_OK && now.len == c->before.len &&
		    memcmp(now.data, c->before.data, now.len) == 0;

	buf_free(&now);
	free(path);
	return same && is_untouched(c->real);
}

/* Where nothing but NSS's own module is in the database, the change of the list becomes one of its folder. */
static enum exit_code take_folder(struct change *c)
{
	size_t n = strlen("/pkcs11.txt");
	char *folder = strndup(c->path, strlen(c->path) - n), *real = strndup(c->real, strlen(c->real) - n);

	if (!folder || !real || read_stanza(&c->after, 0, "", "").to != c->after.len || !is_untouched(real)) {
		enum exit_code code = folder && real ? EXIT_DONE : setup_no_memory();

		free(folder);
		free(real);
		return code;
	}
	free(c->path);
	free(c->real);
	c->path = folder;
	c->real = real;
	c->after.len = 0;
	c->is = false;
	c->may_go = may_go;
	return EXIT_DONE;
}

enum exit_code nss_undo(struct plan *p, const char *file, const char *name)
{
	struct change *c;
	enum exit_code code = plan_file(p, strdup(file), 0600, &c);

	if (code != EXIT_DONE || !nss_names(c, name, NULL))
		return code;
	nss_drop(c, name);
	return take_folder(c);
}
