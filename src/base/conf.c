/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"
#include <errno.h>
#include <fnmatch.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/conf.h"
#include "base/log.h"

/* A section's lines belong to one of these; a file is read once for the general part and once for this program's. */
enum part { PART_GENERAL, PART_PROGRAM, PART_OTHER, PART_UNKNOWN };

struct target {
	struct conf *conf;
	struct conf_folders *folders; /* of the file that is read */
};

struct reading {
	struct target target;
	const char *path, *executable; /* without its folder; "": not known */
	FILE *file;
	char *text; /* the line, for getline */
	size_t room;
	int line;
	enum part wanted, part;             /* the part that is read now; the part that the line is in */
	void (*wrong)(void *arg, int line); /* of conf_check; NULL: none */
	void *arg;
};

static void tell_line(const struct reading *r, int line)
{
	if (r->wrong)
		r->wrong(r->arg, line);
}

/* ---- Sections */

/* By the name that p11-kit uses for enable-in, or by that of the executable: GDM's session worker calls itself
 * "gdm-session-worker [pam/gdm-password]", whose short name is "gdm-password]", and browsers overwrite their names. */
static bool is_this_program(const struct reading *r, const char *name)
{
	return strcmp(name, program_invocation_short_name) == 0 || strcmp(name, r->executable) == 0;
}

/* A section's name that is not understood is logged, and the lines below it are ignored: lines for one program
 * must not apply to all. */
static void enter_section(struct reading *r, char *head)
{
	char *end = strchr(head, ']'), *save = NULL;

	r->part = PART_UNKNOWN;
	if (end)
		*end = '\0';
	if (end && strcmp(head, "[general") == 0)
		r->part = PART_GENERAL;
	if (end && strncmp(head, "[program", 8) == 0 && strchr(" \t", head[8]))
		for (char *name = strtok_r(head + 8, ", \t", &save); name; name = strtok_r(NULL, ", \t", &save)) {
			if (r->part != PART_PROGRAM)
				r->part = is_this_program(r, name) ? PART_PROGRAM : PART_OTHER;
		}
	if (r->part == PART_UNKNOWN && r->wanted == PART_GENERAL) {
		log_error("%s:%d: this section is not known; its lines are ignored", r->path, r->line);
		tell_line(r, r->line);
	}
}

/* libinih truncates section names, reads the rest of a line that is too long for it as another line, and reads an
 * indented line as a continuation. So this function handles sections, long lines and indentation itself. */
static char *next_line(char *text, int room, void *stream)
{
	struct reading *r = stream;
	ssize_t n = getline(&r->text, &r->room, r->file);
	char *line = r->text;

	if (n < 0)
		return NULL;
	if (r->line++ == 0 && strncmp(line, "\xEF\xBB\xBF", 3) == 0)
		line += 3;
	line += strspn(line, " \t");
	if (*line == '[') {
		enter_section(r, line);
		line = "\n";
	} else if (*line == '#' || *line == ';') {
		line = "\n";
	} else if (strlen(line) >= (size_t)room) {
		line = "too long\n"; /* libinih reports it as an error */
	}
	snprintf(text, (size_t)room, "%s", line);
	return text;
}

/* ---- Settings */

/* Which of the words, up to a NULL, this is. */
static bool read_word(const char *const *words, const char *value, int *which)
{
	for (*which = 0; words[*which]; ++*which)
		if (strcmp(value, words[*which]) == 0)
			return true;
	return false;
}

static bool read_text(char *out, size_t room, const char *value)
{
	size_t n = strlen(value);

	if (n >= room)
		return false;
	memcpy(out, value, n + 1);
	return true;
}

static bool read_path(char out[CONF_PATH_SIZE], const char *value)
{
	return value[0] == '/' && read_text(out, CONF_PATH_SIZE, value);
}

static bool read_number(long *out, const char *value, long least, long most)
{
	char *end;
	long n = strtol(value, &end, 10);

	if (end == value || *end || n < least || n > most)
		return false;
	*out = n;
	return true;
}

enum setting {
	CARD,
	CA_CERTIFICATES,
	PSS,
	LAST_TRY,
	READER,
	ANCHORS,
	LISTS,
	MAX_LIST_SIZE,
	CLOCK_TOLERANCE,
	PINENTRY,
	LEVEL,
	LOG_FILE
};

static const char *const settings[] = {
	[CARD] = "card",
	[CA_CERTIFICATES] = "ca-certificates",
	[PSS] = "pss",
	[LAST_TRY] = "last-try",
	[READER] = "reader",
	[ANCHORS] = "anchors",
	[LISTS] = "lists",
	[MAX_LIST_SIZE] = "max-list-size",
	[CLOCK_TOLERANCE] = "clock-tolerance",
	[PINENTRY] = "pinentry",
	[LEVEL] = "log",
	[LOG_FILE] = "log-file",
	NULL,
};

/* False, with nothing changed: the setting cannot have this value. */
static bool set(struct target t, enum setting setting, const char *value)
{
	static const char *const ca_words[] = {"show", "hide", NULL}, *const try_words[] = {"keep", "allow", NULL};
	static const char *const pss_words[] = {[PSS_AUTO] = "auto", [PSS_ON] = "on", [PSS_OFF] = "off", NULL};
	struct conf *c = t.conf;
	bool valid = false;
	int which;
	long n;

	switch (setting) {
	case CARD:
		valid = read_word(conf_cards, value, &which);
		return valid && read_text(c->card, sizeof c->card, which == 0 ? "" : value);
	case CA_CERTIFICATES:
		valid = read_word(ca_words, value, &which);
		c->hide_ca_certificates = valid ? which == 1 : c->hide_ca_certificates;
		return valid;
	case PSS:
		valid = read_word(pss_words, value, &which);
		c->pss = valid ? (enum conf_pss)which : c->pss;
		return valid;
	case LAST_TRY:
		valid = read_word(try_words, value, &which);
		c->last_try_allowed = valid ? which == 1 : c->last_try_allowed;
		return valid;
	case READER: return read_text(c->reader, sizeof c->reader, value);
	case ANCHORS: return read_path(t.folders->anchors, value);
	case LISTS: return read_path(t.folders->lists, value);
	case MAX_LIST_SIZE:
		valid = read_number(&n, value, 1, 256);
		c->max_list_size = valid ? n << 20 : c->max_list_size;
		return valid;
	case CLOCK_TOLERANCE: return read_number(&c->clock_tolerance, value, 0, 86400);
	case PINENTRY: return read_text(c->pinentry, sizeof c->pinentry, value);
	case LEVEL: return log_level_of(value, &c->log);
	case LOG_FILE: return read_path(c->log_file, value);
	}
	return false;
}

/* The first reading, of the general part, checks every line, also those for other programs: each mistake is logged
 * once. */
static int take(void *user, const char *section, const char *name, const char *value)
{
	struct reading *r = user;
	bool applies = r->part == r->wanted, known;
	struct conf unused = {0};
	int which;

	(void)section;
	if (!name || !value || (!applies && r->wanted != PART_GENERAL))
		return 1; /* without a name: how some builds of libinih announce a section */
	known = read_word(settings, name, &which);
	if (known && set(applies ? r->target : (struct target){&unused, &unused.user}, (enum setting)which, value))
		return 1;
	if (r->wanted != PART_GENERAL)
		return 1;
	if (known)
		log_error("%s:%d: %s cannot be \"%s\"", r->path, r->line, name, value);
	else
		log_error("%s:%d: there is no setting \"%s\"", r->path, r->line, name);
	tell_line(r, r->line);
	return 1;
}

/* ---- Files */

static enum error read_part(struct target target, const char *path, enum part part, void (*wrong)(void *arg, int line),
                            void *arg)
{
	struct reading r = {.target = target, .path = path, .wanted = part, .wrong = wrong, .arg = arg};
	char exe[4096] = "/";
	enum error e;
	int bad;

	r.file = fopen(path, "re");
	if (!r.file) {
		e = errno == ENOENT || errno == ENOTDIR ? E_NOT_FOUND : errno == EACCES ? E_DENIED : E_IO;
		if (e == E_IO)
			log_error("%s: fopen: %s", path, strerror(errno));
		return e;
	}
	if (readlink("/proc/self/exe", exe, sizeof exe - 1) < 0)
		log_debug("/proc/self/exe: readlink: %s", strerror(errno));
	r.executable = strrchr(exe, '/') + 1;
	bad = ini_parse_stream(next_line, &r, take, &r);
	if (bad > 0 && part == PART_GENERAL) {
		log_error("%s:%d: this line is not understood", path, bad);
		tell_line(&r, bad);
	}
	e = ferror(r.file) || bad < 0 ? E_IO : E_OK;
	if (e == E_IO)
		log_error("%s: it was not read to its end", path);
	fclose(r.file);
	free(r.text);
	return e;
}

enum error conf_check(const char *path, void (*line)(void *arg, int line), void *arg)
{
	struct conf conf = {0};

	return read_part((struct target){&conf, &conf.user}, path, PART_GENERAL, line, arg);
}

/* The user's is below $XDG_CONFIG_HOME where that is absolute, as its specification wants, else below ~/.config. A
 * set-user-id program has none: its environment is not its user's. */
size_t conf_files(char paths[2][4096])
{
	const char *base = secure_getenv("XDG_CONFIG_HOME"), *home = secure_getenv("HOME");
	int n = 0;

	snprintf(paths[0], sizeof paths[0], "%s", SYSCONFDIR "/inkan/inkan.conf");
	if (base && *base == '/')
		n = snprintf(paths[1], sizeof paths[1], "%s/inkan/inkan.conf", base);
	else if (home && *home == '/')
		n = snprintf(paths[1], sizeof paths[1], "%s/.config/inkan/inkan.conf", home);
	return n > 0 && (size_t)n < sizeof paths[1] ? 2 : 1;
}

void conf_load_from(struct conf *conf, char paths[][4096], size_t n)
{
	static const enum part parts[] = {PART_GENERAL, PART_PROGRAM};

	*conf = (struct conf){.pss = PSS_AUTO, .max_list_size = 64L << 20, .clock_tolerance = 300};
	for (size_t k = 0; k < 2; k++)
		for (size_t i = 0; i < n; i++) {
			struct target target = {conf, i == 0 ? &conf->system : &conf->user};

			if (read_part(target, paths[i], parts[k], NULL, NULL) == E_IO)
				conf->unread = true;
		}
	log_configure(conf->log, conf->log_file);
}

void conf_load(struct conf *conf)
{
	char paths[2][4096];

	conf_load_from(conf, paths, conf_files(paths));
}

bool conf_shows_reader(const struct conf *conf, const char *name)
{
	return !conf->reader[0] || fnmatch(conf->reader, name, 0) == 0;
}
