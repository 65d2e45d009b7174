/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "say.h"
#include "setup_plan.h"

enum exit_code setup_no_memory(void)
{
	complain("%s", _(error_text(E_MEMORY)));
	return EXIT_INTERNAL;
}

static void change_free(struct change *c)
{
	free(c->path);
	free(c->real);
	free(c->module);
	free(c->name);
	buf_free(&c->before);
	buf_free(&c->after);
}

void plan_free(struct plan *p)
{
	for (size_t i = 0; i < p->n; i++)
		change_free(&p->list[i]);
	free(p->list);
	free(p->next);
	*p = (struct plan){0};
}

void plan_next(struct plan *p, const char *fmt, ...)
{
	va_list args;

	free(p->next);
	va_start(args, fmt);
	if (vasprintf(&p->next, fmt, args) < 0)
		p->next = NULL;
	va_end(args);
}

enum exit_code check_whose(const char *path)
{
	char *copy = path ? strdup(path) : NULL, *slash;
	struct stat st = {.st_uid = geteuid()};

	while (copy && stat(copy, &st) != 0 && (slash = strrchr(copy, '/')))
		*slash = '\0';
	free(copy);
	if (st.st_uid == geteuid() || st.st_uid == 0)
		return EXIT_DONE;
	complain(_("%s is another user's."), path);
	advise(_("Run this as that user, without sudo."));
	return EXIT_REFUSED;
}

/* The file behind the links; the path itself where nothing is yet. */
static enum exit_code resolve(struct change *c)
{
	struct stat st;

	c->real = realpath(c->path, NULL);
	c->was = c->real != NULL;
	if (c->was)
		return EXIT_DONE;
	if (errno != ENOENT && errno != ENOTDIR) {
		complain(_("%s cannot be read: %s."), c->path, strerror(errno));
		advise(_("It is left alone."));
		return EXIT_NO_INPUT;
	}
	if (lstat(c->path, &st) == 0) {
		complain(_("%s is a link to a file that is not there."), c->path);
		advise(_("It is left alone. Remove the link, or make the file."));
		return EXIT_NO_INPUT;
	}
	c->real = strdup(c->path);
	return c->real ? EXIT_DONE : setup_no_memory();
}

static enum exit_code refuse_file(const char *path, const char *why)
{
	complain(_("%s is left alone: %s."), path, why);
	advise(_("Nothing was changed."));
	return EXIT_REFUSED;
}

/* A read-only file is so on purpose; another name of the file would keep the old content. */
static enum exit_code check_file(const struct change *c)
{
	struct stat st;

	if (!c->was)
		return EXIT_DONE;
	if (stat(c->real, &st) != 0 || !S_ISREG(st.st_mode))
		return refuse_file(c->path, _("it is no ordinary file"));
	if (!(st.st_mode & S_IWUSR))
		return refuse_file(c->path, _("it is read-only"));
	if (st.st_nlink > 1)
		return refuse_file(c->path, _("it has a second name (a hard link)"));
	return EXIT_DONE;
}

static enum exit_code read_file(struct change *c)
{
	enum error e = c->was ? file_read_all(c->real, &c->before) : E_OK;

	if (e == E_OK && c->before.len > 0)
		e = buf_append(&c->after, c->before.data, c->before.len);
	if (e == E_MEMORY)
		return setup_no_memory();
	if (e != E_OK) {
		complain(_("%s cannot be read: %s."), c->path, _(error_text(e)));
		advise(_("It is left alone."));
		return e == E_DENIED ? EXIT_REFUSED : EXIT_NO_INPUT;
	}
	if (c->before.len > 0 && memchr(c->before.data, '\0', c->before.len)) {
		complain(_("%s is no text."), c->path);
		advise(_("It is left alone."));
		return EXIT_MALFORMED;
	}
	c->is = c->was;
	return EXIT_DONE;
}

enum exit_code plan_file(struct plan *p, char *path, mode_t mode, struct change **c)
{
	struct change *list = path ? realloc(p->list, (p->n + 1) * sizeof *list) : NULL;
	enum exit_code code;

	if (!list) {
		free(path);
		return setup_no_memory();
	}
	p->list = list;
	*c = &list[p->n++];
	**c = (struct change){.path = path, .mode = mode};
	code = resolve(*c);
	if (code == EXIT_DONE)
		code = check_file(*c);
	return code == EXIT_DONE ? read_file(*c) : code;
}

enum error change_to(struct change *c, const char *text, size_t n)
{
	c->after.len = 0;
	c->is = true;
	return n > 0 ? buf_append(&c->after, text, n) : E_OK;
}

/* ---- What is shown */

bool change_matters(const struct change *c)
{
	return c->fill || c->may_go || c->was != c->is || c->before.len != c->after.len ||
	       (c->before.len > 0 && memcmp(c->before.data, c->after.data, c->before.len) != 0);
}

/* The length of the line that begins at p, its end included. */
static size_t line_at(const uint8_t *p, size_t n)
{
	const uint8_t *end = n > 0 ? memchr(p, '\n', n) : NULL;

	return end ? (size_t)(end - p) + 1 : n;
}

static void put_lines(char sign, const uint8_t *p, size_t n)
{
	for (size_t len; n > 0; p += len, n -= len) {
		size_t end = len = line_at(p, n);
		char *line;

		end -= p[end - 1] == '\n';
		end -= end > 0 && p[end - 1] == '\r';
		line = strndup((const char *)p, end);
		for (char *tab = line; tab && (tab = strchr(tab, '\t'));)
			*tab = ' ';
		printf("  %c ", sign);
		put_text(stdout, line ? line : "");
		putchar('\n');
		free(line);
	}
}

/* Whole lines that both begin with, and that both end with, are not shown: what we
 * change is in one place. */
static void put_difference(const struct change *c)
{
	const uint8_t *a = c->before.data, *b = c->after.data;
	size_t n = c->before.len, k = c->after.len, len;

	while (n > 0 && k > 0 && (len = line_at(a, n)) == line_at(b, k) && memcmp(a, b, len) == 0) {
		a += len;
		b += len;
		n -= len;
		k -= len;
	}
	len = 0;
	while (len < n && len < k && a[n - len - 1] == b[k - len - 1])
		len++;
	while (len > 0 && !((len == n || a[n - len - 1] == '\n') && (len == k || b[k - len - 1] == '\n')))
		len--;
	put_lines('-', a, n - len);
	put_lines('+', b, k - len);
}

static void put_change(const struct change *c)
{
	put_text(stdout, c->path);
	if (strcmp(c->path, c->real) != 0) {
		printf(" -> ");
		put_text(stdout, c->real);
	}
	if (c->fill)
		printf(" (%s)", _("new database without a password"));
	else if (c->may_go)
		printf(" (%s)", _("is removed: Inkan made it, and nothing else is in it"));
	else if (!c->was)
		printf(" (%s)", _("new file"));
	else if (!c->is)
		printf(" (%s)", _("is removed: Inkan made it, and nothing else is in it"));
	printf("%s\n", c->may_go ? "" : ":");
	if (!c->may_go)
		put_difference(c);
}

/* ---- Asked */

static bool is_yes(const char *line)
{
	return strcmp(line, "yes\n") == 0 || strcmp(line, "y\n") == 0 || strcmp(line, "はい\n") == 0;
}

static bool confirm(const struct setup_wish *w)
{
	char line[32] = "";

	if (w->yes)
		return true;
	if (!isatty(STDIN_FILENO)) {
		complain(_("Nothing was changed: standard input is no terminal, so nobody can be asked."));
		advise(_("To do it without a question: --yes. To see it alone: --dry-run."));
		return false;
	}
	printf("%s", _("Do that? [yes/no] "));
	fflush(stdout);
	if (fgets(line, sizeof line, stdin) && is_yes(line))
		return true;
	complain(_("Nothing was changed."));
	return false;
}

static void put_next(const struct plan *p)
{
	char *save = NULL;

	for (char *line = p->next ? strtok_r(p->next, "\n", &save) : NULL; line; line = strtok_r(NULL, "\n", &save)) {
		put_text(stdout, line);
		putchar('\n');
	}
}

static enum exit_code carry_out(const struct plan *p)
{
	for (size_t i = 0; i < p->n; i++) {
		enum exit_code code = change_matters(&p->list[i]) ? change_do(&p->list[i]) : EXIT_DONE;

		if (code != EXIT_DONE)
			return code;
	}
	printf("%s\n", _("Done."));
	return EXIT_DONE;
}

enum exit_code plan_carry_out(const struct plan *p, const struct setup_wish *w)
{
	enum exit_code code = EXIT_DONE;
	size_t n = 0;

	for (size_t i = 0; i < p->n; i++) {
		if (!change_matters(&p->list[i]))
			continue;
		put_change(&p->list[i]);
		n++;
	}
	if (n == 0) {
		printf("%s\n", w->undo ? _("Nothing of Inkan is there: nothing to undo.") :
		       _("Already so: nothing to change."));
		return EXIT_DONE;
	}
	if (w->dry_run) {
		printf("%s\n", _("Nothing was changed (--dry-run)."));
		return EXIT_DONE;
	}
	code = confirm(w) ? carry_out(p) : EXIT_REFUSED;
	if (code == EXIT_DONE && !w->undo)
		put_next(p);
	return code;
}

enum exit_code setup_replace(const char *path, const struct buf *content, bool yes)
{
	struct plan p = {0};
	struct change *c;
	enum exit_code code = check_whose(path);

	if (code == EXIT_DONE)
		code = plan_file(&p, strdup(path), 0644, &c);
	if (code == EXIT_DONE && change_to(c, (const char *)content->data, content->len) != E_OK)
		code = setup_no_memory();
	if (code == EXIT_DONE)
		code = plan_carry_out(&p, &(struct setup_wish){.yes = yes});
	plan_free(&p);
	return code;
}
