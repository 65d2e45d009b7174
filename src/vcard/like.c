/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading a card report. Lines and sections that are not known are passed over:
 * a newer report has more of them. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/i18n.h"
#include "vcard/like.h"

#define SIZE_LIMIT 32768  /* of a file on a card */
#define TEXT_LIMIT 1048576

struct reading {
	struct like *like;
	unsigned line;
	enum like_app app;
	bool in_app, in_signing, in_select;
	struct like_file *file;  /* NULL: in none */
	char *why;
	size_t why_size;
};

static bool bad(struct reading *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static bool bad(struct reading *r, const char *fmt, ...)
{
	char text[160];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	snprintf(r->why, r->why_size, _("line %u: %s"), r->line, text);
	return false;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Bytes in hex, blanks between them; ** is a byte that the report keeps to itself. */
static bool hex(const char *text, struct buf *out)
{
	for (; *text; text++) {
		uint8_t byte = 0;

		if (*text == ' ')
			continue;
		if (text[0] == '*' ? text[1] != '*' : digit(text[0]) < 0 || digit(text[1]) < 0)
			return false;
		if (*text != '*')
			byte = (uint8_t)(digit(text[0]) << 4 | digit(text[1]));
		text++;
		if (out->len == SIZE_LIMIT || buf_append(out, &byte, 1) != E_OK)
			return false;
	}
	return true;
}

static bool hex_into(const char *text, size_t n, uint8_t *out, size_t room, size_t *len)
{
	*len = n / 2;
	if (n % 2 || *len > room || n == 0)
		return false;
	for (size_t i = 0; i < n; i += 2) {
		if (digit(text[i]) < 0 || digit(text[i + 1]) < 0)
			return false;
		out[i / 2] = (uint8_t)(digit(text[i]) << 4 | digit(text[i + 1]));
	}
	return true;
}

/* A number of up to four hex digits. */
static bool word(const char *text, size_t n, unsigned *out)
{
	*out = 0;
	for (size_t i = 0; i < n; i++) {
		if (digit(text[i]) < 0)
			return false;
		*out = *out << 4 | (unsigned)digit(text[i]);
	}
	return n >= 1 && n <= 4;
}

static bool decimal(const char *text, size_t *out)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(text, &end, 10);
	*out = n;
	return *text >= '0' && *text <= '9' && errno == 0 && n <= SIZE_LIMIT;
}

/* "9000", "6C14+9000, 20 bytes, 12 ms", "no answer". */
static bool take_answer(struct reading *r, const char *text, struct like_answer *out)
{
	*out = (struct like_answer){.given = true};
	if (!strncmp(text, "no answer", 9)) {
		out->none = true;
		return true;
	}
	for (;;) {
		unsigned sw;

		if (strcspn(text, "+, ") != 4 || !word(text, 4, &sw) || out->n == LIKE_SWS_MAX)
			return bad(r, _("a status word of four digits should stand here"));
		out->sw[out->n++] = (uint16_t)sw;
		if (text[4] != '+')
			return true;
		text += 5;
	}
}

/* ---- Sections */

static const char *const app_names[LIKE_APPS] = {"hpki-auth", "hpki-sign", "jpki"};

static bool add_file(struct reading *r, const char *text)
{
	struct like *l = r->like;
	unsigned fid;

	if (!word(text, strcspn(text, "]"), &fid) || fid == 0)
		return bad(r, _("a file's identifier has four hexadecimal digits"));
	for (size_t i = 0; i < l->n_read; i++)
		if (l->read[i].app == r->app && l->read[i].fid == fid)
			return bad(r, _("file %04X is there twice"), fid);
	if (l->n_read == LIKE_FILES_MAX)
		return bad(r, _("there are too many files"));
	r->file = &l->read[l->n_read++];
	r->file->app = r->app;
	r->file->fid = (uint16_t)fid;
	return true;
}

static bool begin_section(struct reading *r, const char *line)
{
	const char *rest = line + 1;
	size_t n = strcspn(rest, " ]");

	if (!strchr(line, ']'))
		return bad(r, _("a section ends with ]"));
	r->in_app = r->in_signing = r->in_select = false;
	r->file = NULL;
	r->in_select = !strcmp(line, "[select]");
	for (int i = 0; i < LIKE_APPS; i++) {
		if (strlen(app_names[i]) != n || strncmp(rest, app_names[i], n) != 0)
			continue;
		r->app = (enum like_app)i;
		r->in_app = rest[n] == ']';
		r->in_signing = !strcmp(rest + n, " signing]");
		return strncmp(rest + n, " file ", 6) != 0 || add_file(r, rest + n + 6);
	}
	return true;
}

/* ---- Lines */

static bool take_select(struct reading *r, const char *key, const char *value)
{
	static const char *const aids[LIKE_APPS] = {
		"E828BD080FA000000391000000000002", "E828BD080FA000000391000000000001", "D392F000260100000001"};

	for (int i = 0; i < LIKE_APPS; i++)
		if (!strcmp(key, aids[i]))
			return take_answer(r, value, &r->like->parts[i].select);
	return true;
}

static bool take_mse(struct reading *r, const char *text, const char *value)
{
	struct like_part *part = &r->like->parts[r->app];
	struct like_mse *m;

	if (part->n_mse == LIKE_MSE_MAX)
		return bad(r, _("there are too many lines of this kind"));
	m = &part->mse[part->n_mse++];
	m->selected = !strncmp(text, "selected ", 9);
	if (m->selected)
		text += 9;
	return hex_into(text, strlen(text), m->crt, sizeof m->crt, &m->len) ?
	       take_answer(r, value, &m->answer) : bad(r, _("these are no bytes in hexadecimal digits"));
}

/* "counter 88" is HPKI's, "counter 0018" and "counter 001B" are JPKI's. */
static bool take_counter(struct reading *r, const char *text, const char *value)
{
	struct like_part *part = &r->like->parts[r->app];
	unsigned number;
	size_t i;

	if (!word(text, strlen(text), &number))
		return bad(r, _("these are no bytes in hexadecimal digits"));
	i = number == 0x1B && r->app == LIKE_JPKI ? VCARD_SIGN : VCARD_AUTH;
	part->counter_number[i] = number;
	return take_answer(r, value, &part->counter[i]);
}

static bool take_app_line(struct reading *r, const char *key, const char *value)
{
	struct like_part *part = &r->like->parts[r->app];

	if (!strcmp(key, "select again"))
		return take_answer(r, value, &part->again);
	if (!strcmp(key, "extended"))
		return !strncmp(value, "not tried", 9) || take_answer(r, value, &part->extended);
	if (!strncmp(key, "counter ", 8))
		return take_counter(r, key + 8, value);
	return strncmp(key, "mse ", 4) != 0 || take_mse(r, key + 4, value);
}

static bool take_what(struct reading *r, const char *value)
{
	static const char *const whats[] = {"", "own certificate", "CA certificate", "root certificate", "key", "PIN"};

	for (size_t i = 1; i < sizeof whats / sizeof *whats; i++)
		if (!strcmp(value, whats[i]))
			r->file->what = (enum like_what)i;
	return true;
}

static bool take_padding(struct reading *r, const char *value)
{
	const char *byte = strstr(value, " x ");
	unsigned filler;

	if (!decimal(value, &r->file->padding) || !byte || !word(byte + 3, strlen(byte + 3), &filler) || filler > 0xFF)
		return bad(r, _("padding is told as \"%s\""), "216 x FF");
	r->file->filler = (uint8_t)filler;
	return true;
}

static bool take_file_line(struct reading *r, const char *key, const char *value)
{
	struct like_file *f = r->file;
	unsigned sfi;

	if (!strcmp(key, "what"))
		return take_what(r, value);
	if (!strcmp(key, "by id"))
		return take_answer(r, value, &f->by_id);
	if (!strcmp(key, "read"))
		return take_answer(r, value, &f->read);
	if (!strcmp(key, "end"))
		return take_answer(r, value, &f->end);
	if (!strcmp(key, "padding"))
		return take_padding(r, value);
	if (!strcmp(key, "size"))
		return decimal(value, &f->size) || bad(r, _("a size goes up to %d"), SIZE_LIMIT);
	if (!strcmp(key, "certificate"))
		return decimal(value, &f->certificate) || bad(r, _("a size goes up to %d"), SIZE_LIMIT);
	if (!strcmp(key, "content"))
		return (f->content.len == 0 && hex(value, &f->content)) ||
		       bad(r, _("these are no bytes in hexadecimal digits"));
	if (!strcmp(key, "label"))
		snprintf(f->label, sizeof f->label, "%.32s", value);
	if (strncmp(key, "by short id ", 12) != 0)
		return true;
	if (!word(key + 12, strlen(key + 12), &sfi) || sfi < 1 || sfi > 30)
		return bad(r, _("a short identifier goes from 01 to 1E"));
	f->sfi = (uint8_t)sfi;
	return take_answer(r, value, &f->by_sfi);
}

/* "002241B6 8402000C 9000": header, data that may be shown, status word. */
static bool take_step(struct reading *r, struct like_way *way, char *step)
{
	char *save = NULL, *head = strtok_r(step, " ", &save), *second = strtok_r(NULL, " ", &save);
	char *third = strtok_r(NULL, " ", &save), *last = third ? third : second;
	uint8_t header[4];
	size_t n;
	unsigned sw = 0;

	if (!head || !last || strlen(head) != 8 || !hex_into(head, 8, header, sizeof header, &n) ||
	    (strcmp(last, "-") != 0 && (strlen(last) != 4 || !word(last, 4, &sw))))
		return bad(r, _("a command should stand here: header, data, status word"));
	if (header[1] == 0xA4 && header[2] == 0x02)
		way->selected = true;
	if (header[1] == 0x22) {
		if (!third || !hex_into(second, strlen(second), way->crt, sizeof way->crt, &way->crt_len))
			return bad(r, _("these are no bytes in hexadecimal digits"));
		way->mse = (uint16_t)sw;
	}
	if (header[1] == 0x2A) {
		way->cla = header[0];
		way->p1 = header[2];
		way->p2 = header[3];
		way->sign = (uint16_t)sw;
	}
	return true;
}

/* "pkcs1: STEP; STEP; right, 40 ms" */
static bool take_way(struct reading *r, const char *key, char *value)
{
	struct like_part *part = &r->like->parts[r->app];
	struct like_way way = {.pss = !strcmp(key, "pss")};
	char *save = NULL;

	if (!way.pss && strcmp(key, "pkcs1") != 0)
		return true;
	for (char *step = strtok_r(value, ";", &save); step; step = strtok_r(NULL, ";", &save)) {
		step += strspn(step, " ");
		way.right = !strncmp(step, "right", 5);
		way.wrong = !strncmp(step, "wrong", 5);
		if (!way.right && !way.wrong && strncmp(step, "refused", 7) != 0 && !take_step(r, &way, step))
			return false;
	}
	if (part->n_ways == LIKE_WAYS_MAX)
		return bad(r, _("there are too many lines of this kind"));
	part->ways[part->n_ways++] = way;
	return true;
}

static bool take_top_line(struct reading *r, const char *key, const char *value)
{
	if (!strcmp(key, "first command"))
		return take_answer(r, value, &r->like->first);
	if (strcmp(key, "atr") != 0)
		return true;
	return hex_into(value, strlen(value), r->like->atr, sizeof r->like->atr, &r->like->atr_len) ||
	       bad(r, _("an ATR has up to 33 bytes in hexadecimal digits"));
}

static bool take_line(struct reading *r, char *line)
{
	char *colon, *value;

	if (!*line || *line == '#' || *line == ' ')
		return true;
	if (*line == '[')
		return begin_section(r, line);
	colon = strstr(line, ": ");
	if (!colon)
		return bad(r, _("this is neither a section nor \"name: value\""));
	*colon = '\0';
	value = colon + 2 + strspn(colon + 2, " ");
	if (r->file)
		return take_file_line(r, line, value);
	if (r->in_signing)
		return take_way(r, line, value);
	if (r->in_app)
		return take_app_line(r, line, value);
	return r->in_select ? take_select(r, line, value) : take_top_line(r, line, value);
}

static bool parse_lines(struct reading *r, FILE *f)
{
	char *line = NULL;
	size_t size = 0, total = 0;
	ssize_t n;
	bool ok = true;

	while (ok && (n = getline(&line, &size, f)) >= 0) {
		total += (size_t)n;
		r->line++;
		if (memchr(line, '\0', (size_t)n) || total > TEXT_LIMIT) {
			ok = bad(r, _("this is no card report"));
			break;
		}
		while (n && strchr("\r\n \t", line[n - 1]))
			line[--n] = '\0';
		if (r->line == 1)
			ok = !strcmp(line, "Inkan card report 1") || bad(r, _("this is no card report of version 1"));
		else
			ok = take_line(r, line);
	}
	free(line);
	if (ok && r->line == 0)
		return bad(r, _("this is no card report"));
	return ok;
}

bool like_parse(struct like *l, const char *path, char *why, size_t why_size)
{
	struct reading r = {.like = l, .why = why, .why_size = why_size};
	FILE *f = fopen(path, "re");
	bool ok;

	if (!f) {
		snprintf(why, why_size, "%s", strerror(errno));
		return false;
	}
	ok = parse_lines(&r, f);
	if (ok && ferror(f)) {
		snprintf(why, why_size, "%s", strerror(EIO));
		ok = false;
	}
	fclose(f);
	return ok;
}
