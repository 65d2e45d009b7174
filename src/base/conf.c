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


/* A section's lines belong to one of these; a file is read once for each that counts. */
enum part { PART_GENERAL, PART_PROGRAM, PART_OTHER, PART_UNKNOWN };

struct target {
	struct conf *conf;
	struct conf_folders *folders; /* of the file that is read */
};

struct reading {
	struct target target;
	const char *path, *executable; /* without its folder; "": not known */
	FILE *file;
	char *text;                   /* the line, for getline */
	size_t room;
	int line;
	enum part wanted, part;       /* what is read now; where the line stands */
	const struct conf_checks *checks;
};

static void tell_line(const struct reading *r, int line)
{
	if (r->checks && r->checks->line)
		r->checks->line(r->checks->arg, line);
}

/* ---- Sections */

/* As p11-kit names programs for enable-in, or the name of the executable: GDM's session worker is called
 * "gdm-session-worker [pam/gdm-password]", which leaves "gdm-password]", and browsers write over their names. */
static bool is_this_program(const struct reading *r, const char *name)
{
	return strcmp(name, program_invocation_short_name) == 0 || strcmp(name, r->executable) == 0;
}

/* A head that is not understood is logged, and what stands below it belongs to nobody: lines that
 * were meant for one program must not count for all. */
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
			if (r->wanted == PART_GENERAL && r->checks && r->checks->program)
				r->checks->program(r->checks->arg, r->line, name);
		}
	if (r->part == PART_UNKNOWN && r->wanted == PART_GENERAL) {
		log_error("%s:%d: this section is not known; what is in it does not count", r->path, r->line);
		tell_line(r, r->line);
	}
}

/* libinih cuts the names of sections, takes what is behind its longest line for another line, and an
 * indented line for more of the one above. So sections are read here, and it sees none of these. */
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
		line = "too long\n"; /* which it does not understand */
	}
	snprintf(text, (size_t)room, "%s", line);
	return text;
}

/* ---- Settings */

/* Which of the words, up to a NULL; -1: none. */
static int which(const char *const *words, const char *value)
{
	for (int i = 0; words[i]; i++)
		if (strcmp(value, words[i]) == 0)
			return i;
	return -1;
}

static bool set_pss(struct target t, const char *value)
{
	static const char *const words[] = {[PSS_AUTO] = "auto", [PSS_ON] = "on", [PSS_OFF] = "off", NULL};
	int i = which(words, value);

	if (i >= 0)
		t.conf->pss = (enum conf_pss)i;
	return i >= 0;
}

static bool set_switch(bool *on, const char *off_word, const char *on_word, const char *value)
{
	bool is_on = strcmp(value, on_word) == 0;

	if (!is_on && strcmp(value, off_word) != 0)
		return false;
	*on = is_on;
	return true;
}

static bool set_last_try(struct target t, const char *value)
{
	return set_switch(&t.conf->last_try_allowed, "keep", "allow", value);
}

static bool set_ca_certificates(struct target t, const char *value)
{
	return set_switch(&t.conf->hide_ca_certificates, "show", "hide", value);
}

static bool set_card(struct target t, const char *value)
{
	int i = which(conf_cards, value);

	if (i >= 0)
		snprintf(t.conf->card, sizeof t.conf->card, "%s", i == 0 ? "" : value);
	return i >= 0;
}

static bool set_reader(struct target t, const char *value)
{
	size_t n = strlen(value);

	if (n >= sizeof t.conf->reader)
		return false;
	memcpy(t.conf->reader, value, n + 1);
	return true;
}

static bool set_path(char out[CONF_PATH_SIZE], const char *value)
{
	size_t n = strlen(value);

	if (value[0] != '/' || n >= CONF_PATH_SIZE)
		return false;
	memcpy(out, value, n + 1);
	return true;
}

static bool set_anchors(struct target t, const char *value)
{
	return set_path(t.folders->anchors, value);
}

static bool set_lists(struct target t, const char *value)
{
	return set_path(t.folders->lists, value);
}

static bool set_number(long *out, const char *value, long least, long most)
{
	char *end;
	long n = strtol(value, &end, 10);

	if (end == value || *end || n < least || n > most)
		return false;
	*out = n;
	return true;
}

static bool set_max_list_size(struct target t, const char *value)
{
	long mebibytes;

	if (!set_number(&mebibytes, value, 1, 256))
		return false;
	t.conf->max_list_size = mebibytes << 20;
	return true;
}

static bool set_clock_tolerance(struct target t, const char *value)
{
	return set_number(&t.conf->clock_tolerance, value, 0, 86400);
}

static bool set_log(struct target t, const char *value)
{
	return log_level_of(value, &t.conf->log);
}

static bool set_log_file(struct target t, const char *value)
{
	return set_path(t.conf->log_file, value);
}

static const struct {
	const char *name;
	bool (*set)(struct target t, const char *value);
} settings[] = {
	{"card", set_card},
	{"ca-certificates", set_ca_certificates},
	{"pss", set_pss},
	{"last-try", set_last_try},
	{"reader", set_reader},
	{"anchors", set_anchors},
	{"lists", set_lists},
	{"max-list-size", set_max_list_size},
	{"clock-tolerance", set_clock_tolerance},
	{"log", set_log},
	{"log-file", set_log_file},
};

/* The first reading, of the general part, looks at all lines, whomever they are for: each mistake is told once. */
static int take(void *user, const char *section, const char *name, const char *value)
{
	struct reading *r = user;
	bool counts = r->part == r->wanted;
	const size_t n = sizeof settings / sizeof *settings;
	struct conf unused;
	size_t i = 0;

	(void)section;
	if (!name || !value || (!counts && r->wanted != PART_GENERAL))
		return 1; /* without a name: how some builds of libinih announce a section */
	while (i < n && strcmp(name, settings[i].name) != 0)
		i++;
	if (i < n && settings[i].set(counts ? r->target : (struct target){&unused, &unused.user}, value))
		return 1;
	if (r->wanted != PART_GENERAL)
		return 1;
	if (i == n)
		log_error("%s:%d: there is no setting \"%s\"", r->path, r->line, name);
	else
		log_error("%s:%d: %s cannot be \"%s\"", r->path, r->line, name, value);
	tell_line(r, r->line);
	return 1;
}

/* ---- Files */

static enum error read_part(struct target target, const char *path, enum part part, const struct conf_checks *checks)
{
	struct reading r = {.target = target, .path = path, .wanted = part, .checks = checks};
	char exe[4096] = "/";
	enum error e;
	int bad;

	r.file = fopen(path, "re");
	if (!r.file)
		return E_IO;
	if (readlink("/proc/self/exe", exe, sizeof exe - 1) < 0)
		log_debug("/proc/self/exe: readlink: %s", strerror(errno));
	r.executable = strrchr(exe, '/') + 1;
	bad = ini_parse_stream(next_line, &r, take, &r);
	if (bad > 0 && part == PART_GENERAL) {
		log_error("%s:%d: this line is not understood", path, bad);
		tell_line(&r, bad);
	}
	e = ferror(r.file) || bad < 0 ? E_IO : E_OK;
	fclose(r.file);
	free(r.text);
	return e;
}

enum error conf_check(const char *path, const struct conf_checks *checks)
{
	struct conf conf;

	return read_part((struct target){&conf, &conf.user}, path, PART_GENERAL, checks);
}

/* $XDG_CONFIG_HOME where it is absolute, as its specification wants, else
 * ~/.config. False in set-user-id programs: the environment is not the user's. */
static bool user_path(char *out, size_t room)
{
	const char *base = secure_getenv("XDG_CONFIG_HOME");
	const char *home = secure_getenv("HOME");
	int n;

	if (base && *base == '/')
		n = snprintf(out, room, "%s/inkan/inkan.conf", base);
	else if (home && *home == '/')
		n = snprintf(out, room, "%s/.config/inkan/inkan.conf", home);
	else
		return false;
	return n > 0 && (size_t)n < room;
}

size_t conf_files(char paths[2][4096])
{
	snprintf(paths[0], sizeof paths[0], "%s", SYSCONFDIR "/inkan/inkan.conf");
	return user_path(paths[1], sizeof paths[1]) ? 2 : 1;
}

void conf_load_from(struct conf *conf, char paths[][4096], size_t n)
{
	static const enum part parts[] = {PART_GENERAL, PART_PROGRAM};

	*conf = (struct conf){.pss = PSS_AUTO, .max_list_size = 64L << 20, .clock_tolerance = 300};
	for (size_t k = 0; k < 2; k++)
		for (size_t i = 0; i < n; i++) {
			struct target target = {conf, i == 0 ? &conf->system : &conf->user};

			read_part(target, paths[i], parts[k], NULL);
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
