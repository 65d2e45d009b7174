/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines of ours in a file of somebody's. The first mark says what it takes to leave
 * nothing behind: whether the file was made for them, and whether the line above
 * them had no end. */
#include "config.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "say.h"
#include "setup_plan.h"

#define BEGIN "# Inkan: begin"
#define END   "# Inkan: end"
#define MADE  " (this file was made by inkan setup)"
#define GLUED " (the line above had no end)"

struct block {
	bool there;
	size_t from, inside, inside_end, to; /* offsets: the first mark, the lines, the last mark, after it */
	bool made, glued;
};

static size_t line_length(const char *p, size_t n)
{
	const char *end = memchr(p, '\n', n);

	return end ? (size_t)(end - p) + 1 : n;
}

/* Whether the line is this mark, and what follows on it. */
static bool is_mark(const char *line, size_t n, const char *mark, const char **rest, size_t *rest_n)
{
	size_t len = strlen(mark);

	while (n > 0 && (line[n - 1] == '\n' || line[n - 1] == '\r'))
		n--;
	if (n < len || memcmp(line, mark, len) != 0)
		return false;
	*rest = line + len;
	*rest_n = n - len;
	return true;
}

static bool says(const char *rest, size_t n, const char *what)
{
	return n == strlen(what) && memcmp(rest, what, n) == 0;
}

/* False: the marks do not match. */
static bool find(const struct buf *b, struct block *out)
{
	const char *text = (const char *)b->data, *rest;
	bool open = false;
	size_t rest_n;

	*out = (struct block){.there = false};
	for (size_t at = 0, n; at < b->len; at += n) {
		n = line_length(text + at, b->len - at);
		if (is_mark(text + at, n, BEGIN, &rest, &rest_n)) {
			if (open || out->there)
				return false;
			open = true;
			*out = (struct block){.from = at, .inside = at + n, .made = says(rest, rest_n, MADE),
			                      .glued = says(rest, rest_n, GLUED)};
		} else if (is_mark(text + at, n, END, &rest, &rest_n)) {
			if (!open)
				return false;
			open = false;
			out->there = true;
			out->inside_end = at;
			out->to = at + n;
		}
	}
	return !open;
}

static enum exit_code refuse(const struct change *c)
{
	complain(_("%s has marks of Inkan that do not belong together."), c->path);
	advise(_("It is left alone. Look for \"# Inkan: begin\" and \"# Inkan: end\" with an editor."));
	return EXIT_MALFORMED;
}

char *block_text(const struct change *c)
{
	struct block b;
	char *text;
	size_t n = 0;

	if (!find(&c->after, &b) || !b.there)
		return NULL;
	text = malloc(b.inside_end - b.inside + 1);
	for (size_t i = b.inside; text && i < b.inside_end; i++)
		if (c->after.data[i] != '\r')
			text[n++] = (char)c->after.data[i];
	if (text)
		text[n] = '\0';
	return text;
}

static void cut(struct buf *b, size_t from, size_t to)
{
	memmove(b->data + from, b->data + to, b->len - to);
	b->len -= to - from;
}

static void drop(struct change *c, const struct block *b)
{
	size_t from = b->from;

	/* the end that we gave to the line above, unless another line needs it now */
	if (b->glued && b->to == c->after.len && from > 0) {
		from--;
		if (from > 0 && c->after.data[from - 1] == '\r')
			from--;
	}
	cut(&c->after, from, b->to);
	if (b->made && c->after.len == 0)
		c->is = false;
}

enum exit_code block_drop(struct change *c)
{
	struct block b;

	if (!find(&c->after, &b))
		return refuse(c);
	if (b.there)
		drop(c, &b);
	return EXIT_DONE;
}

static bool ends_with_crlf(const struct buf *b)
{
	const uint8_t *end = b->len > 0 ? memchr(b->data, '\n', b->len) : NULL;

	return end && end > b->data && end[-1] == '\r';
}

/* The block as it stands in the file, with the end of the line above where it lacks one. */
static char *compose(const struct change *c, enum block_place place, const char *text, bool made)
{
	bool crlf = ends_with_crlf(&c->after);
	bool glued = place == BLOCK_LAST && c->after.len > 0 && c->after.data[c->after.len - 1] != '\n';
	char *plain = format("%s%s%s\n%s%s\n", glued ? "\n" : "", BEGIN, made ? MADE : glued ? GLUED : "", text, END);
	char *out = plain && crlf ? malloc(2 * strlen(plain) + 1) : NULL;
	size_t n = 0;

	if (!crlf)
		return plain;
	for (const char *p = plain; out && *p; p++) {
		if (*p == '\n')
			out[n++] = '\r';
		out[n++] = *p;
	}
	if (out)
		out[n] = '\0';
	free(plain);
	return out;
}

static enum error insert(struct buf *b, size_t at, const char *text)
{
	size_t n = strlen(text), old = b->len;
	enum error e = buf_append(b, text, n);

	if (e == E_OK) {
		memmove(b->data + at + n, b->data + at, old - at);
		memcpy(b->data + at, text, n);
	}
	return e;
}

enum exit_code block_set_whole(struct change *c, const char *module, const char *text)
{
	struct block b;

	if (!find(&c->after, &b))
		return refuse(c);
	if (b.there || c->after.len == 0)
		return block_set(c, BLOCK_LAST, text);
	if (memmem(c->after.data, c->after.len, module, strlen(module)))
		return EXIT_DONE;
	complain(_("%s is there already, and not by Inkan."), c->path);
	advise(_("It is left alone. Move it away if it is not needed, then run this again."));
	return EXIT_UNAVAILABLE;
}

enum exit_code block_set(struct change *c, enum block_place place, const char *text)
{
	char *now = block_text(c), *block;
	bool same = now && strcmp(now, text) == 0, made = !c->is;
	enum exit_code code = EXIT_DONE;
	struct block b;

	free(now);
	if (same)
		return EXIT_DONE;
	if (!find(&c->after, &b))
		return refuse(c);
	if (b.there) {
		drop(c, &b);
		made = b.made;
	}
	block = compose(c, place, text, made && c->after.len == 0);
	c->is = true;
	if (!block || insert(&c->after, place == BLOCK_FIRST ? 0 : c->after.len, block) != E_OK)
		code = setup_no_memory();
	free(block);
	return code;
}
