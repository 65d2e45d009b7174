/* SPDX-License-Identifier: BSD-2-Clause */
/* Changes of files: prepared, shown, asked about, made. */
#include "config.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "ask.h"
#include "base/file.h"
#include "say.h"
#include "setup_job.h"

#define TEXT_MAX ((size_t)16 << 20) /* no settings are longer */
#define COPY "%s.before-inkan"      /* the original, beside the file */
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

/* *real: the file behind symbolic links, or the path itself where nothing is yet. */
static enum exit_code check_file(const char *path, char **real)
{
	struct stat st = {.st_mode = 0};
	bool there;

	*real = realpath(path, NULL);
	there = *real && lstat(*real, &st) == 0;
	if (!there && lstat(path, &st) == 0)
		return refuse(path, _("it is a link to a file that is not there"), EXIT_NO_INPUT);
	if (!is_safe(path))
		return refuse(path, _("it, or a folder or link above it, is another user's"), EXIT_REFUSED);
	if (there && !S_ISREG(st.st_mode))
		return refuse(path, _("it is not an ordinary file"), EXIT_REFUSED);
	if (there && !(st.st_mode & S_IWUSR))
		return refuse(path, _("it is read-only"), EXIT_REFUSED);
	if (there && st.st_nlink > 1)
		return refuse(path, _("it has a second name (a hard link)"), EXIT_REFUSED);
	if (!there)
		*real = strdup(path);
	return *real ? EXIT_DONE : setup_no_memory();
}

enum exit_code change_open(struct setup_job *job, char *path, mode_t mode, struct change **c)
{
	struct change *list = path ? realloc(job->changes, (job->n + 1) * sizeof *list) : NULL;
	enum exit_code code = list ? EXIT_DONE : setup_no_memory();

	if (list) {
		job->changes = list;
		*c = &list[job->n++];
		**c = (struct change){.mode = mode};
		code = check_file(path, &(*c)->path);
	}
	if (code == EXIT_DONE)
		code = read_text((*c)->path, &(*c)->before);
	if (code == EXIT_DONE && (*c)->before && !((*c)->after = strdup((*c)->before)))
		code = setup_no_memory();
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

/* The line with this mark and what follows it; NULL: none. */
static char *find_line(char *text, const char *mark, const char *word, char **next)
{
	size_t n = strlen(mark), k = strlen(word);

	for (char *p = text; p && *p; p = *next) {
		*next = strchr(p, '\n');
		*next = *next ? *next + 1 : p + strlen(p);
		if (strncmp(p, mark, n) == 0 && strncmp(p + n, word, k) == 0 && strchr(" \r\n", p[n + k]))
			return p;
	}
	return NULL;
}

struct block {
	char *begin, *lines, *end, *rest; /* the first mark and what follows it, the last one and what follows it */
};

/* b->begin NULL: there is none. */
static enum exit_code find_block(const struct change *c, enum setup_client client, struct block *b)
{
	const char *word = setup_client_word(client);
	char *after;

	*b = (struct block){0};
	b->begin = find_line(c->after, BEGIN, word, &b->lines);
	b->end = find_line(c->after, END, word, &b->rest);
	if (!b->begin && !b->end)
		return EXIT_DONE;
	if (b->begin && b->end > b->begin && !find_line(b->lines, BEGIN, word, &after) &&
	    !find_line(b->rest, END, word, &after))
		return EXIT_DONE;
	return refuse(c->path, _("its lines \"# Inkan: begin\" and \"# Inkan: end\" do not match"), EXIT_MALFORMED);
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
		glued = head > 0 && strncmp(b.lines - strlen(GLUED "\n"), GLUED, strlen(GLUED)) == 0;
		head -= glued; /* that line's end is ours */
	}
	if (lines)
		return change_to(c, format("%.*s%s" BEGIN "%s%s\n%s" END "%s\n%s", (int)head, old, glued ? "\n" : "",
		                           word, glued ? GLUED : "", lines, word, rest));
	return change_to(c, format("%.*s%s%s", (int)head, old, glued && *rest ? "\n" : "", rest));
}

enum exit_code block_file(struct setup_job *job, const char *path, const char *lines, bool stay)
{
	struct change *c;
	enum exit_code code = change_open(job, setup_path(job->root, path), 0644, &c);
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

/* ---- Shown, asked about, made */

static bool is_same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static void put_lines(char sign, const char *p, size_t n)
{
	char *text = strndup(p, n), *save = NULL;

	for (size_t i = 0; text && text[i]; i++)
		if (text[i] == '\t' || text[i] == '\r')
			text[i] = ' ';
	for (char *line = text ? strtok_r(text, "\n", &save) : NULL; line; line = strtok_r(NULL, "\n", &save)) {
		printf("  %c ", sign);
		put_text(stdout, line);
		putchar('\n');
	}
	free(text);
}

/* Lines that are the same at the beginning and at the end are not shown. */
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
	put_lines('-', a, n - lines);
	put_lines('+', b, k - lines);
}

static bool write_text(const char *path, const char *text, mode_t mode)
{
	return path_replace(path, (struct bytes){(const uint8_t *)text, strlen(text)}, mode) == E_OK;
}

static enum exit_code make_change(const struct setup_job *job, const struct change *c)
{
	char *copy = format(COPY, c->path), *folder = strdup(c->path), *now = NULL;
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
		done = copied = stat(c->path, &st) == 0 && write_text(copy, c->before, st.st_mode & 07777);
	if (done && !c->nss)
		done = c->after ? write_text(c->path, c->after, c->mode) : unlink(c->path) == 0;
	if (!done)
		code = refuse(c->path, strerror(errno),
		              errno == EACCES || errno == EPERM || errno == EROFS ? EXIT_REFUSED : EXIT_OUTPUT);
	else if (c->nss)
		code = nss_write(job, c->path, c->before != NULL);
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
		if (!is_same(job->changes[i].before, job->changes[i].after)) {
			put_change(&job->changes[i]);
			any = true;
		}
	}
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

enum exit_code setup_replace(const char *path, const struct buf *content, bool yes)
{
	struct setup_job job = {.yes = yes, .root = ""};
	struct change *c;
	enum exit_code code = change_open(&job, strdup(path), 0644, &c);

	if (code == EXIT_DONE)
		code = change_to(c, strndup((const char *)content->data, content->len));
	if (code == EXIT_DONE)
		code = changes_make(&job);
	changes_free(&job);
	return code;
}
