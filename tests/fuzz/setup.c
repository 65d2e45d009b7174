/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines: src/tool/setup_file.c src/tool/setup_clients.c src/tool/setup_places.c */
/* Settings of other programs, whatever is in them: what inkan setup adds and then removes leaves the file as it was, and
 * adding twice adds nothing. */
#include <jansson.h>
#include <openssl/crypto.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"
#include "fuzz.h"
#include "tool/setup.h"

void __wrap_complain(const char *fmt, ...);
void __wrap_advise(const char *fmt, ...);

void __wrap_complain(const char *fmt, ...)
{
	(void)fmt;
}

void __wrap_advise(const char *fmt, ...)
{
	(void)fmt;
}

int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
	(void)fd;
	return 0;
}

static FILE *nowhere;
static enum exit_code put_card(struct setup_job *job);

static const struct row {
	enum setup_client client;
	enum exit_code (*set_up)(struct setup_job *job);
	const char *path, *host; /* below the folder */
	bool system;
} rows[] = {
	{SETUP_SSH, setup_ssh, "/home/.ssh/config", "*.example.jp", false},
	{SETUP_SSH, setup_ssh, "/home/.ssh/config", "*", false},
	{SETUP_CHROME, setup_databases, "/home/.pki/nssdb/pkcs11.txt", NULL, false},
	{SETUP_FIREFOX, setup_firefox, "/etc/firefox/policies/policies.json", NULL, true},
	{SETUP_P11KIT, setup_p11kit, "/etc/pkcs11/modules/inkan.module", NULL, true},
	{SETUP_PAM, put_card, "/home/.config/inkan/inkan.conf", NULL, false},
	{SETUP_SSH, setup_ssh, "/etc/ssh/ssh_config.d/inkan.conf", "*", true},
	{SETUP_FIREFOX, NULL, "/home/.mozilla/firefox/profiles.ini", NULL, false}, /* is read alone */
	{SETUP_OPENSSL, setup_openssl, SYSCONFDIR "/inkan/openssl.cnf", NULL, true},
};

/* As --card does: a section of inkan.conf. */
static enum exit_code put_card(struct setup_job *job)
{
	struct change *c;
	enum exit_code code = change_open(job, setup_path(job->root, "config/inkan/inkan.conf"), 0644, &c);

	return code == EXIT_DONE ? block_put(c, job->client, false, job->undo ? NULL : "[program su]\ncard = hpki\n[general]\n")
	                         : code;
}

/* The text after one call on the file as it is now, which is changed if `make`; NULL: refused, or not there any more. */
static char *call(const struct row *row, bool undo, bool make, bool *refused)
{
	FILE *out = stdout;
	struct setup_job job = {.yes = true, .client = row->client, .undo = undo, .system = row->system, .root = row->system ? fuzz_folder() : "",
	                        .module = strdup("/usr/lib/pkcs11/inkan-pkcs11.so"), .host = row->host};
	char *text = NULL;

	*refused = row->set_up(&job) != EXIT_DONE;
	MUST(job.n == 1 || *refused || undo);
	if (!*refused && job.n == 1 && job.changes[0].after)
		text = strdup(job.changes[0].after);
	stdout = nowhere;
	if (!*refused && make)
		MUST(changes_make(&job) == EXIT_DONE);
	stdout = out;
	changes_free(&job);
	free(job.next);
	free(job.module);
	return text;
}

/* What is said to be set up, after all. */
static void look(const struct row *row)
{
	struct setup_rows found;

	free(setup_setting(row->system ? fuzz_folder() : "", "", row->path, "Host"));
	MUST(setup_registered(row->system ? fuzz_folder() : "", &found) == E_OK);
	for (size_t i = 0; i < found.n; i++)
		MUST(found.list[i].file && (found.list[i].kind == SETUP_NOTHING) == !found.list[i].library);
	setup_rows_free(&found);
}

static char *text_of(const char *path)
{
	struct buf b = {0};

	if (path_read(path, 1 << 20, &b) != E_OK)
		return NULL;
	MUST(buf_append(&b, "", 1) == E_OK);
	return (char *)b.data;
}

static bool same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* Without objects that are empty, which mean nothing in a policy. */
static void strip(json_t *json)
{
	const char *key;
	json_t *value;
	void *next;

	json_object_foreach_safe (json, next, key, value) {
		strip(value);
		if (json_is_object(value) && json_object_size(value) == 0)
			json_object_del(json, key);
	}
}

static size_t without_end(const char *text)
{
	size_t n = strlen(text);

	while (n > 0 && text[n - 1] == '\n')
		n--;
	return n;
}

/* Firefox's policy is written anew by jansson: it means the same. The last entry of an
 * NSS list gets the end that it may have lacked. */
static bool same_for(const struct row *row, const char *a, const char *b)
{
	if (row->client == SETUP_FIREFOX) {
		json_t *x = json_loads(a ? a : "{}", 0, NULL), *y = json_loads(b ? b : "{}", 0, NULL);
		bool equal;

		strip(x);
		strip(y);
		equal = json_equal(x, y);
		json_decref(x);
		json_decref(y);
		return equal;
	}
	if (row->client == SETUP_CHROME) {
		size_t n = a ? without_end(a) : 0, k = b ? without_end(b) : 0;

		return n == k && (n == 0 || memcmp(a, b, n) == 0);
	}
	return same(a, b);
}

static void make_folder(const char *path)
{
	char *folder = strdup(path);

	*strrchr(folder, '/') = '\0';
	MUST(path_make_folders(folder, 0755) == E_OK);
	free(folder);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = {data, size};
	const struct row *row = &rows[feed_byte(&in) % (sizeof rows / sizeof *rows)];
	char path[256], home[128], *before = strndup((const char *)in.data, in.len), *added, *again, *undone;
	bool refused;

	snprintf(home, sizeof home, "%s/home", fuzz_folder());
	setenv("HOME", home, 1);
	unsetenv("XDG_CONFIG_HOME");
	unsetenv("XDG_DATA_HOME");
	if (!nowhere) {
		nowhere = fopen("/dev/null", "w");
		MUST(nowhere != NULL);
		snprintf(path, sizeof path, "%s%s/pkcs11.so", fuzz_folder(), OPENSSL_info(OPENSSL_INFO_ENGINES_DIR));
		make_folder(path);
		fuzz_write(path, (struct bytes){0});
	}
	snprintf(path, sizeof path, "%s%s", fuzz_folder(), row->path);
	make_folder(path);
	fuzz_write(path, in);
	look(row);
	undone = row->set_up ? call(row, true, false, &refused) : NULL;
	if (!row->set_up)
		goto out;
	if (refused || !same_for(row, before, undone)) { /* ours is there already, or the file is none */
		free(call(row, false, false, &refused));
		goto out;
	}
	free(call(row, false, true, &refused));
	added = text_of(path);
	if (!refused) {
		again = call(row, false, false, &refused);
		MUST(!refused && same(again, added));
		free(again);
		free(undone);
		free(call(row, true, true, &refused));
		undone = text_of(path);
		MUST(!refused && (same_for(row, before, undone) || (!before[0] && !undone) || same(before, added)));
	} else {
		MUST(same(before, added));
	}
	free(added);
out:
	unlink(path);
	snprintf(path + strlen(path), sizeof path - strlen(path), ".before-inkan");
	unlink(path);
	free(undone);
	free(before);
	return 0;
}
