/* SPDX-License-Identifier: BSD-2-Clause */
/* Changes of files: prepared, shown, asked about, made. */
#include "config.h"
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "ask.h"
#include "base/file.h"
#include "say.h"
#include "setup.h"

#define TEXT_MAX ((size_t)16 << 20) /* no settings are longer */
#define BEGIN "# Inkan: begin "
#define END "# Inkan: end "
#define GLUED " (the line above had no end)"

enum exit_code setup_no_memory(void)
{
	complain("%s", _(error_text(E_MEMORY)));
	return EXIT_INTERNAL;
}

static enum exit_code refuse(const char *path, const char *why, enum exit_code code)
{
	complain(_("%s was not changed: %s."), path, why);
	advise(_("Change that, or write the settings by hand."));
	return code;
}

/* *text: NULL when there is no such file. */
static enum exit_code read_text(const char *path, char **text)
{
	struct buf b = {0};
	enum error e = path_read(path, TEXT_MAX, &b);
	const char *why = e == E_DENIED ? strerror(errno) : _(error_text(e));

	*text = NULL;
	if (e == E_OK)
		e = buf_append(&b, "", 1);
	if (e == E_OK && strlen((char *)b.data) + 1 == b.len) {
		*text = (char *)b.data;
		return EXIT_DONE;
	}
	buf_free(&b);
	if (e == E_OK)
		return refuse(path, _("it is not a text file"), EXIT_MALFORMED);
	return e == E_NOT_FOUND ? EXIT_DONE : refuse(path, why, e == E_DENIED ? EXIT_REFUSED : EXIT_NO_INPUT);
}

/* Root writes nowhere that another user can put a link: each folder and link of the path, and of where a link
 * leads, is root's. */
static bool is_safe(const char *path)
{
	char *copy = strdup(path), *real;
	bool safe = copy != NULL;
	struct stat st = {.st_mode = 0};

	for (char *p = copy; safe && p && geteuid() == 0;) {
		if ((p = strchr(p + 1, '/')))
			*p = '\0';
		if (lstat(copy, &st) == 0)
			safe = st.st_uid == 0 &&
			       !(S_ISDIR(st.st_mode) && (st.st_mode & S_IWOTH) && !(st.st_mode & S_ISVTX));
		if (safe && S_ISLNK(st.st_mode) && (real = realpath(copy, NULL))) {
			safe = is_safe(real);
			free(real);
		}
		if (p)
			*p = '/';
	}
	free(copy);
	return safe;
}

enum exit_code change_open(struct setup_job *job, char *path, mode_t mode, struct change **c)
{
	struct change *list = path ? realloc(job->changes, (job->n + 1) * sizeof *list) : NULL;
	enum exit_code code = list ? EXIT_DONE : setup_no_memory();
	struct stat st = {.st_mode = 0};
	char *real = path ? realpath(path, NULL) : NULL;

	if (code != EXIT_DONE)
		goto out;
	job->changes = list;
	*c = &list[job->n++];
	**c = (struct change){.mode = mode};
	if (!real && lstat(path, &st) == 0)
		code = refuse(path, _("it is a link to a file that is not there"), EXIT_NO_INPUT);
	else if (!is_safe(path))
		code = refuse(path, _("it, or a folder or link above it, is another user's"), EXIT_REFUSED);
	else if (real && stat(real, &st) == 0 && !S_ISREG(st.st_mode))
		code = refuse(path, _("it is not an ordinary file"), EXIT_REFUSED);
	else
		code = read_text(real ? real : path, &(*c)->before);
	(*c)->path = real ? real : path;
	*(real ? &real : &path) = NULL;
	if (code == EXIT_DONE && (*c)->before && !((*c)->after = strdup((*c)->before)))
		code = setup_no_memory();
out:
	free(real);
	free(path);
	return code;
}

enum exit_code change_to(struct change *c, char *text)
{
	free(c->after);
	c->after = text;
	if (!text)
		return setup_no_memory();
	if (!text[0]) {
		free(text);
		c->after = NULL;
	}
	return EXIT_DONE;
}

/* ---- Blocks */

struct block {
	char *begin, *lines, *end, *rest; /* the first mark and what follows it, the last one and what follows it */
};

/* b->begin NULL: there is none. */
static enum exit_code find_block(const struct change *c, enum setup_client client, struct block *b)
{
	char begin[40], end[40], *text = c->after;

	snprintf(begin, sizeof begin, BEGIN "%s", setup_client_word(client));
	snprintf(end, sizeof end, END "%s", setup_client_word(client));
	*b = (struct block){0};
	b->begin = text ? strstr(text, begin) : NULL;
	b->end = text ? strstr(text, end) : NULL;
	if (!b->begin && !b->end)
		return EXIT_DONE;
	if (!b->begin || !b->end || !(b->lines = memchr(b->begin, '\n', (size_t)(strchr(b->begin, 0) - b->begin))) ||
	    ++b->lines > b->end || strstr(b->begin + 1, begin) || strstr(b->end + 1, end))
		return refuse(c->path, _("its lines \"# Inkan: begin\" and \"# Inkan: end\" do not match"),
		              EXIT_MALFORMED);
	b->rest = strchrnul(b->end, '\n');
	b->rest += *b->rest == '\n';
	return EXIT_DONE;
}

char *block_lines(const struct change *c, enum setup_client client)
{
	struct block b;

	return find_block(c, client, &b) == EXIT_DONE && b.begin ? strndup(b.lines, (size_t)(b.end - b.lines)) : NULL;
}

enum exit_code block_put(struct change *c, enum setup_client client, bool first, const char *lines)
{
	const char *old = c->after ? c->after : "", *word = setup_client_word(client), *rest = first ? old : "";
	size_t head = first ? 0 : strlen(old);
	struct block b;
	enum exit_code code = find_block(c, client, &b);
	bool glued = head > 0 && old[head - 1] != '\n';

	if (code != EXIT_DONE || (!lines && !b.begin))
		return code;
	if (b.begin) {
		head = (size_t)(b.begin - old);
		rest = b.rest;
		glued = head > 0 && strncmp(b.begin + strlen(BEGIN) + strlen(word), GLUED "\n", sizeof GLUED) == 0;
		head -= glued; /* that line's end is ours */
	}
	if (lines)
		return change_to(c, format("%.*s%s" BEGIN "%s%s\n%s" END "%s\n%s", (int)head, old, glued ? "\n" : "",
		                           word, glued ? GLUED : "", lines, word, rest));
	return change_to(c, format("%.*s%s%s", (int)head, old, glued && *rest ? "\n" : "", rest));
}

enum exit_code block_file(struct setup_job *job, const char *path, const char *lines, mode_t mode, bool stay)
{
	struct change *c;
	enum exit_code code = change_open(job, setup_path(job->root, path), mode, &c);
	bool ours, names;

	if (code != EXIT_DONE || job->undo)
		return code != EXIT_DONE ? code : block_put(c, job->client, false, NULL);
	ours = !c->before || !c->before[0] || strstr(c->before, BEGIN);
	names = c->before && strstr(c->before, job->module);
	if (names && (!ours || stay))
		return EXIT_DONE;
	return ours ? block_put(c, job->client, false, lines)
	            : refuse(c->path, _("it was not written by inkan setup"), EXIT_UNAVAILABLE);
}

/* ---- Checked, shown, asked about, made */

static bool is_same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* A line of the same text at the beginning or at the end is not shown. */
static void put_change(const struct change *c)
{
	const char *a = c->before ? c->before : "", *b = c->after ? c->after : "";
	size_t n, k, same = 0, lines = 0;

	put_text(stdout, c->path);
	printf("%s:\n", !c->after ? _(" (is removed)") : c->before ? "" : _(" (new)"));
	while (a[same] && a[same] == b[same])
		if (a[same++] == '\n')
			lines = same;
	a += lines;
	b += lines;
	n = strlen(a);
	k = strlen(b);
	for (same = lines = 0; same < n && same < k && a[n - same - 1] == b[k - same - 1];)
		if (++same && (n == same || a[n - same - 1] == '\n') && (k == same || b[k - same - 1] == '\n'))
			lines = same;
	for (int after = 0; after < 2; after++) {
		char *text = strndup(after ? b : a, (after ? k : n) - lines), *save = NULL;

		if (!text)
			mark_incomplete();
		for (size_t i = 0; text && text[i]; i++)
			if (text[i] == '\t' || text[i] == '\r')
				text[i] = ' ';
		for (char *p = text ? strtok_r(text, "\n", &save) : NULL; p; p = strtok_r(NULL, "\n", &save)) {
			printf("  %c ", after ? '+' : '-');
			put_text(stdout, p);
			putchar('\n');
		}
		free(text);
	}
}

/* NSS's certutil makes the files of a database; asked for one that is there, it would ask for its password. What is
 * left of one that it could not make goes. */
static enum exit_code make_database(const char *folder)
{
	char *db = format("sql:%s", folder);
	char *const argv[] = {"certutil", "-N", "-d", db, "-f", "/dev/null", NULL};
	static const char *const parts[] = {"cert9.db", "key4.db", "pkcs11.txt"};
	char *part = format("%s/%s", folder, parts[0]);
	int status = part && access(part, F_OK) == 0 ? 0 : -1;
	pid_t child;

	free(part);
	if (status != 0 && db && posix_spawnp(&child, argv[0], NULL, NULL, argv, environ) == 0 &&
	    waitpid(child, &status, 0) != child)
		status = -1;
	if (status == 0) {
		free(db);
		return EXIT_DONE;
	}
	for (size_t i = 0; i < 3 && (part = format("%s/%s", folder, parts[i])); i++) {
		unlink(part);
		free(part);
	}
	rmdir(folder);
	free(db);
	complain(_("NSS (certutil) could not make a database in %s."), folder);
	advise(_(
		"Install it (Debian and Ubuntu: libnss3-tools; Fedora: nss-tools), or start the browser once; then run "
		"this again."));
	return EXIT_UNAVAILABLE;
}

static enum exit_code make_change(const struct setup_job *job, const struct change *c)
{
	char *copy = format("%s.before-inkan", c->path), *folder = strdup(c->path), *now = NULL;
	enum exit_code code = copy && folder ? read_text(c->path, &now) : setup_no_memory();
	struct stat st = {.st_mode = 0600};
	bool copied = false, done;

	if (code == EXIT_DONE && !is_same(now, c->before))
		code = refuse(c->path, _("another program has changed it just now"), EXIT_BUSY);
	if (code != EXIT_DONE)
		goto out;
	*strrchr(folder, '/') = '\0';
	done = !c->after || path_make_folders(folder, c->mode | (c->mode & 0444) >> 2) == E_OK;
	if (done && c->before && !job->undo && access(copy, F_OK) != 0)
		done = copied = stat(c->path, &st) == 0 &&
		                path_replace(copy, (struct bytes){(uint8_t *)c->before, strlen(c->before)},
		                             st.st_mode & 07777) == E_OK;
	if (done && c->database && (code = make_database(folder)) != EXIT_DONE)
		goto out;
	if (done)
		done = c->after ? path_replace(c->path, (struct bytes){(uint8_t *)c->after, strlen(c->after)},
		                               c->mode) == E_OK
		                : unlink(c->path) == 0;
	if (!done)
		code = refuse(c->path, strerror(errno),
		              errno == EACCES || errno == EPERM || errno == EROFS ? EXIT_REFUSED : EXIT_OUTPUT);
	if (code == EXIT_DONE ? job->undo && !(c->after && strstr(c->after, BEGIN)) : copied)
		unlink(copy);
out:
	free(copy);
	free(folder);
	free(now);
	return code;
}

enum exit_code changes_make(struct setup_job *job)
{
	enum exit_code code = EXIT_DONE;
	bool any = false;

	for (size_t i = 0; i < job->n; i++) {
		const struct change *c = &job->changes[i];
		struct stat st = {.st_mode = S_IWUSR};

		if (is_same(c->before, c->after))
			continue;
		if (stat(c->path, &st) == 0 && !(st.st_mode & S_IWUSR))
			return refuse(c->path, _("it is read-only"), EXIT_REFUSED);
		if (st.st_nlink > 1)
			return refuse(c->path, _("it has a second name (a hard link)"), EXIT_REFUSED);
		any = true;
	}
	for (size_t i = 0; i < job->n; i++)
		if (!is_same(job->changes[i].before, job->changes[i].after))
			put_change(&job->changes[i]);
	if (is_incomplete()) /* nobody has seen what they would be asked about */
		return setup_no_memory();
	if (!any)
		puts(job->undo ? _("Nothing of Inkan is there: nothing to undo.")
		               : _("Already set up: nothing to change."));
	else if (job->dry_run)
		puts(_("Nothing was changed (--dry-run)."));
	if (!any || job->dry_run)
		return EXIT_DONE;
	if (!job->yes && !ask_yes(_("Make these changes? [yes/no] "), _("To change it without a question: --yes.")))
		return EXIT_REFUSED;
	for (size_t i = 0; i < job->n && code == EXIT_DONE; i++)
		if (!is_same(job->changes[i].before, job->changes[i].after))
			code = make_change(job, &job->changes[i]);
	if (code == EXIT_DONE)
		printf("%s\n%s%s", _("Done."), job->next && !job->undo ? job->next : "",
		       job->next && !job->undo ? "\n" : "");
	return code;
}

void changes_free(struct setup_job *job)
{
	for (size_t i = 0; i < job->n; i++) {
		free(job->changes[i].path);
		free(job->changes[i].before);
		free(job->changes[i].after);
	}
	free(job->changes);
}
