/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"
#include <fnmatch.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/conf.h"
#include "base/log.h"

struct reading {
	struct conf *conf;
	const char *path;
	FILE *file;
	int line;
	bool inside; /* of a line that did not fit */
	void (*tell)(void *arg, int line);
	void *arg;
};

/* libinih's own count of lines is a choice of its build; this is ours. */
static char *next_line(char *text, int room, void *stream)
{
	struct reading *r = stream;
	char *got = fgets(text, room, r->file);

	if (got && !r->inside)
		r->line++;
	r->inside = got && !strchr(got, '\n');
	return got;
}

static bool set_pss(struct conf *c, const char *value)
{
	static const char *const words[] = {[PSS_AUTO] = "auto", [PSS_ON] = "on", [PSS_OFF] = "off"};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (strcmp(value, words[i]) == 0) {
			c->pss = (enum conf_pss)i;
			return true;
		}
	}
	return false;
}

static bool set_last_try(struct conf *c, const char *value)
{
	bool allow = strcmp(value, "allow") == 0;

	if (!allow && strcmp(value, "keep") != 0)
		return false;
	c->last_try_allowed = allow;
	return true;
}

static bool set_reader(struct conf *c, const char *value)
{
	size_t n = strlen(value);

	if (n >= sizeof c->reader)
		return false;
	memcpy(c->reader, value, n + 1);
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

static bool set_anchors(struct conf *c, const char *value)
{
	return set_path(c->user.anchors, value);
}

static bool set_lists(struct conf *c, const char *value)
{
	return set_path(c->user.lists, value);
}

static bool set_log(struct conf *c, const char *value)
{
	return log_level_of(value, &c->log);
}

static bool set_log_file(struct conf *c, const char *value)
{
	return set_path(c->log_file, value);
}

static const struct {
	const char *name;
	bool (*set)(struct conf *c, const char *value);
} settings[] = {
	{"pss", set_pss},
	{"last-try", set_last_try},
	{"reader", set_reader},
	{"anchors", set_anchors},
	{"lists", set_lists},
	{"log", set_log},
	{"log-file", set_log_file},
};

static void tell(const struct reading *r, int line)
{
	if (r->tell)
		r->tell(r->arg, line);
}

static int take(void *user, const char *section, const char *name, const char *value)
{
	struct reading *r = user;

	(void)section;
	if (!name || !value)
		return 1; /* how some builds of libinih announce a section */
	for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
		if (strcmp(name, settings[i].name) != 0)
			continue;
		if (!settings[i].set(r->conf, value)) {
			log_error("%s:%d: %s cannot be \"%s\"", r->path, r->line, name, value);
			tell(r, r->line);
		}
		return 1;
	}
	log_error("%s:%d: there is no setting \"%s\"", r->path, r->line, name);
	tell(r, r->line);
	return 1;
}

enum error conf_read(struct conf *conf, const char *path)
{
	return conf_check(conf, path, NULL, NULL);
}

enum error conf_check(struct conf *conf, const char *path, void (*tell_line)(void *arg, int line), void *arg)
{
	struct reading r = {.conf = conf, .path = path, .file = fopen(path, "re"), .tell = tell_line, .arg = arg};
	enum error e;
	int bad;

	if (!r.file)
		return E_IO;
	bad = ini_parse_stream(next_line, &r, take, &r);
	if (bad > 0) {
		log_error("%s:%d: this line is not understood", path, bad);
		tell(&r, bad);
	}
	e = ferror(r.file) || bad < 0 ? E_IO : E_OK;
	fclose(r.file);
	return e;
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

void conf_load(struct conf *conf)
{
	char paths[2][4096];
	size_t n = conf_files(paths);

	*conf = (struct conf){.pss = PSS_AUTO};
	conf_read(conf, paths[0]);
	conf->system = conf->user; /* each file speaks of its own folders */
	conf->user = (struct conf_folders){.anchors = ""};
	if (n > 1)
		conf_read(conf, paths[1]);
	log_configure(conf->log, conf->log_file);
}

bool conf_shows_reader(const struct conf *conf, const char *name)
{
	return !conf->reader[0] || fnmatch(conf->reader, name, 0) == 0;
}
