/* SPDX-License-Identifier: BSD-2-Clause */
/* Not read by libinih, which cuts lines at 200 bytes, takes indented lines for continuations, and what follows " ;" for
 * a comment: a role may be any text. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include "authd/conf.h"
#include "authd/log.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/text.h"

struct reading {
	const char *path;
	int line;
	bool bad;
	struct conf *conf;
	enum { NOWHERE, SERVER, RULE } where;
	unsigned seen; /* the settings of this section, by their place in the table */
};

static void fault(struct reading *r, int line, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void fault(struct reading *r, int line, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	r->bad = true;
	if (line)
		tell("%s:%d: %s", r->path, line, text);
	else
		tell("%s: %s", r->path, text);
}

/* ---- Values. Each function takes one to where it belongs; false: it cannot be that. */

#define DIGITS "0123456789"
#define ALNUM DIGITS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

struct word { /* the table ends with a NULL */
	const char *word;
	unsigned value;
};

static bool take_text(void *at, const char *value, const struct word *words)
{
	char **out = at;

	(void)words;
	free(*out);
	*out = strdup(value);
	return *out && value[0];
}

/* A list has ROLES_MAX or LISTEN_MAX or FOLDERS_MAX places: the first of its words says how many. */
static bool take_item(void *at, const char *value, const struct word *most)
{
	char **list = at;
	size_t n = 0;

	while (list[n])
		n++;
	return n < most->value && (most->word[0] != '/' || value[0] == '/') && take_text(&list[n], value, NULL);
}

static bool take_origin(void *at, const char *value, const struct word *most)
{
	return origin_host(value, "https") && take_item(at, value, most);
}

static bool take_path(void *at, const char *value, const struct word *others)
{
	while (others && others->word && strcmp(others->word, value) != 0)
		others++;
	return (value[0] == '/' || (others && others->word)) && take_text(at, value, NULL);
}

/* Words between commas or blanks; the bits of all of them. */
static bool take_bits(void *at, const char *value, const struct word *words)
{
	unsigned *out = at;
	size_t n;

	for (*out = 0; *value; value += n, value += strspn(value, ", \t")) {
		const struct word *w = words;

		n = strcspn(value, ", \t");
		while (w->word && (strlen(w->word) != n || memcmp(w->word, value, n) != 0))
			w++;
		if (!w->word)
			return false;
		*out |= w->value;
	}
	return *out != 0;
}

static bool take_word(void *at, const char *value, const struct word *words)
{
	for (; words->word; words++)
		if (strcmp(words->word, value) == 0) {
			*(unsigned *)at = words->value;
			return true;
		}
	return false;
}

static bool take_number(void *at, const char *value, const struct word *most)
{
	size_t n = strspn(value, DIGITS);
	unsigned long number = strtoul(value, NULL, 10);

	if (n == 0 || n > 9 || value[n] || number > most->value)
		return false;
	*(unsigned *)at = (unsigned)number;
	return true;
}

/* 3600, 12h or 4d */
static bool take_duration(void *at, const char *value, const struct word *words)
{
	size_t n = strspn(value, DIGITS);
	int64_t unit = value[n] == 'h' ? 3600 : value[n] == 'd' ? 86400 : 1;
	int64_t seconds = n <= 9 ? strtol(value, NULL, 10) * unit : -1;

	(void)words;
	if (n == 0 || value[n + (unit > 1)] || seconds < 0 || seconds > (int64_t)366 * 86400)
		return false;
	*(int64_t *)at = seconds;
	return true;
}

/* A name that every proxy hands over as it is: without a `_`. */
static bool take_header(void *at, const char *value, const struct word *words)
{
	return value[strspn(value, ALNUM "-")] == '\0' && strlen(value) < 64 && take_text(at, value, words);
}

/* ---- Settings */

static const struct word forms[] = {{"auto", FORM_AUTO},
                                    {"pem-url", FORM_PEM_URL},
                                    {"pem-blanks", FORM_PEM_BLANKS},
                                    {"der-base64", FORM_DER_BASE64},
                                    {"rfc9440", FORM_RFC9440},
                                    {"xfcc", FORM_XFCC},
                                    {NULL, 0}};
static const struct word logs[] = {{"journal", 0}, {"stdout", 0}, {NULL, 0}};
static const struct word names[] = {{"japanese", 0}, {"latin", 1}, {NULL, 0}};
static const struct word users[] = {{"issuer-id", 0}, {"id", 1}, {NULL, 0}};
static const struct word yes_no[] = {{"no", 0}, {"yes", 1}, {NULL, 0}};
static const struct word statuses[] = {{"require", INKAN_STATUS_REQUIRE},
                                       {"prefer", INKAN_STATUS_PREFER},
                                       {"off", INKAN_STATUS_IGNORE},
                                       {NULL, 0}};
static const struct word parts[] = {{"user", CARRY_USER},
                                    {"name", CARRY_NAME},
                                    {"groups", CARRY_GROUPS},
                                    {"profile", CARRY_PROFILE},
                                    {"status", CARRY_STATUS},
                                    {"certificate", CARRY_CERTIFICATE},
                                    {NULL, 0}};
#define PERSON (1u << INKAN_PROFILE_HPKI_AUTH_PERSON)
#define ORGANISATION (1u << INKAN_PROFILE_HPKI_AUTH_ORGANISATION)
#define PATIENT (1u << INKAN_PROFILE_JPKI_AUTH)
static const struct word kinds[] = {{"hpki", PERSON | ORGANISATION}, {"jpki", PATIENT},
                                    {"hpki-auth-person", PERSON},    {"hpki-auth-organisation", ORGANISATION},
                                    {"jpki-auth", PATIENT},          {NULL, 0}};
static const struct word sockets_most = {"", LISTEN_MAX}, folders_most = {"/", FOLDERS_MAX},
			 origins_most = {"", ORIGINS_MAX}, roles_most = {"", ROLES_MAX}, threads_most = {"", 256};

static const struct setting {
	const char *name;
	bool (*take)(void *at, const char *value, const struct word *words);
	size_t at;
	const struct word *words;
} server_settings[] =
	{
		{"listen", take_item, offsetof(struct conf, listen), &sockets_most},
		{"fastcgi", take_item, offsetof(struct conf, fastcgi), &sockets_most},
		{"header", take_header, offsetof(struct conf, header), NULL},
		{"form", take_word, offsetof(struct conf, form), forms},
		{"chain-header", take_header, offsetof(struct conf, chain_header), NULL},
		{"address-header", take_header, offsetof(struct conf, address_header), NULL},
		{"fastcgi-param", take_text, offsetof(struct conf, fastcgi_param), NULL},
		{"threads", take_number, offsetof(struct conf, threads), &threads_most},
		{"access-log", take_path, offsetof(struct conf, access_log), logs},
		{"pseudonym-key", take_path, offsetof(struct conf, key_file), NULL},
		{"name", take_word, offsetof(struct conf, latin_name), names},
		{"user", take_word, offsetof(struct conf, bare_id), users},
		{"anchors", take_item, offsetof(struct conf, anchors), &folders_most},
		{"lists", take_item, offsetof(struct conf, lists), &folders_most},
		{"web-eid-origin", take_origin, offsetof(struct conf, origins), &origins_most},
		{NULL, NULL, 0, NULL},
},
  rule_settings[] = {
	  {"profile", take_bits, offsetof(struct rule, profiles), kinds},
	  {"role", take_item, offsetof(struct rule, roles), &roles_most},
	  {"status", take_word, offsetof(struct rule, status), statuses},
	  {"grace", take_duration, offsetof(struct rule, grace), NULL},
	  {"allow-test", take_word, offsetof(struct rule, allow_test), yes_no},
	  {"answer", take_bits, offsetof(struct rule, carries), parts},
	  {NULL, NULL, 0, NULL},
};

static bool good_name(const char *name)
{
	size_t n = strspn(name, ALNUM "._-");

	return n > 0 && n <= RULE_NAME_MAX && !name[n];
}

static void enter_section(struct reading *r, char *line)
{
	char *end = line + strlen(line) - 1, *name;
	struct conf *c = r->conf;

	r->where = NOWHERE;
	r->seen = 0;
	if (strcmp(line, "[server]") == 0) {
		r->where = SERVER;
	} else if (*end == ']' && strncmp(line, "[rule", 5) == 0 && (line[5] == ' ' || line[5] == '\t')) {
		*end = '\0';
		name = line + 5 + strspn(line + 5, " \t");
		if (!good_name(name))
			fault(r, r->line, _("a rule cannot be called \"%s\": A-Z a-z 0-9 . _ -, at most %d of them"),
			      name, RULE_NAME_MAX);
		else if (conf_rule(c, name))
			fault(r, r->line, _("there is a rule %s already"), name);
		else if (c->n_rules == RULES_MAX)
			fault(r, r->line, _("there can be at most %d rules"), RULES_MAX);
		else {
			c->rules[c->n_rules] =
				(struct rule){.name = strdup(name), .carries = CARRY_ALL, .line = r->line};
			if (c->rules[c->n_rules].name) {
				c->n_rules++;
				r->where = RULE;
			}
		}
	} else {
		fault(r, r->line, _("%s is not a section: [server] and [rule NAME] are"), line);
	}
}

static void read_line(struct reading *r, char *line)
{
	const struct setting *table = r->where == RULE ? rule_settings : server_settings, *setting = table;
	char *value, *end = line + strlen(line);
	struct conf *c = r->conf;
	unsigned bit;

	while (end > line && strchr(" \t\r\n", end[-1]))
		*--end = '\0';
	line += strspn(line, " \t");
	if (!*line || *line == '#' || *line == ';')
		return;
	if (*line == '[') {
		enter_section(r, line);
		return;
	}
	value = strchr(line, '=');
	if (!value) {
		fault(r, r->line, _("this is neither NAME = VALUE nor a section"));
		return;
	}
	if (r->where == NOWHERE) {
		if (!r->bad) /* else it may belong to the section that was at fault */
			fault(r, r->line, _("this line is above the first section"));
		return;
	}
	for (end = value; end > line && strchr(" \t", end[-1]); end--)
		;
	*end = '\0';
	value += 1 + strspn(value + 1, " \t");
	while (setting->name && strcmp(setting->name, line) != 0)
		setting++;
	bit = 1u << (setting - table);
	if (!setting->name)
		fault(r, r->line, _("there is no setting \"%s\""), line);
	else if ((r->seen & bit) && setting->take != take_item && setting->take != take_origin)
		fault(r, r->line, _("%s is set already"), line);
	else if (!setting->take((r->where == RULE ? (char *)&c->rules[c->n_rules - 1] : (char *)c) + setting->at, value,
	                        setting->words))
		fault(r, r->line, _("%s cannot be \"%s\""), line, value);
	r->seen |= bit;
}

/* What a pseudonym is made with must be nobody's who may not make pseudonyms. systemd shows a credential to the
 * service's user alone, by means that the mode does not tell. */
static void read_key(struct reading *r)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	struct conf *c = r->conf;
	struct buf b = {0};
	char path[4096];
	struct stat st;

	if (!c->key_file && !folder) {
		fault(r, 0,
		      _("a rule admits My Number Cards: pseudonym-key must name a file (inkan-authd --make-key FILE)"));
		return;
	}
	snprintf(path, sizeof path, "%s%s", c->key_file ? c->key_file : folder, c->key_file ? "" : "/authd.key");
	if (stat(path, &st) != 0 || path_read(path, KEY_MAX, &b) != E_OK)
		fault(r, 0, _("the key %s cannot be read: %s"), path, strerror(errno));
	else if (!S_ISREG(st.st_mode) || (c->key_file && (st.st_mode & 077)) ||
	         (st.st_uid != 0 && st.st_uid != geteuid()))
		fault(r, 0, _("the key %s can be read by others: chmod 600"), path);
	else if (b.len < KEY_MIN)
		fault(r, 0, _("the key %s is shorter than %d bytes: inkan-authd --make-key FILE"), path, KEY_MIN);
	c->key = b.data;
	c->key_len = b.len;
}

static void check(struct reading *r)
{
	struct conf *c = r->conf;
	unsigned profiles = 0;

	for (size_t i = 0; i < c->n_rules; i++) {
		if (!c->rules[i].profiles)
			fault(r, c->rules[i].line, _("rule %s: profile is missing: hpki, jpki or both"),
			      c->rules[i].name);
		profiles |= c->rules[i].profiles;
	}
	if (c->n_rules == 0)
		fault(r, 0, _("there is no rule, so that nobody would be admitted"));
	if (!c->header && !c->fastcgi[0] && !c->origins[0])
		fault(r, 0, _("header is missing: the name of the header in which the proxy sends the certificate"));
	if (c->header && c->chain_header && strcasecmp(c->header, c->chain_header) == 0)
		fault(r, 0, _("header and chain-header are the same"));
	if (profiles & 1u << INKAN_PROFILE_JPKI_AUTH)
		read_key(r);
}

struct conf *conf_new(const char *path)
{
	struct reading r = {.path = path, .conf = calloc(1, sizeof *r.conf)};
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t room = 0;

	if (!file || !r.conf) {
		tell(_("%s cannot be read: %s"), path, strerror(errno));
		r.bad = true;
	}
	while (r.conf && file && getline(&line, &room, file) >= 0) {
		r.line++;
		read_line(&r, line);
	}
	if (file && ferror(file))
		fault(&r, 0, "%s", strerror(errno));
	if (r.conf && file)
		check(&r);
	if (file)
		fclose(file);
	free(line);
	if (r.bad)
		conf_free(&r.conf);
	return r.conf;
}

const struct rule *conf_rule(const struct conf *c, const char *name)
{
	for (size_t i = 0; i < c->n_rules; i++)
		if (strcmp(c->rules[i].name, name) == 0)
			return &c->rules[i];
	return NULL;
}

static void free_list(char **list)
{
	for (; *list; list++)
		free(*list);
}

void conf_free(struct conf **conf)
{
	struct conf *c = *conf;

	*conf = NULL;
	if (!c)
		return;
	char *texts[] = {c->header, c->chain_header, c->address_header, c->fastcgi_param, c->access_log, c->key_file};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		free(texts[i]);
	free_list(c->listen);
	free_list(c->fastcgi);
	free_list(c->anchors);
	free_list(c->lists);
	free_list(c->origins);
	for (size_t i = 0; i < c->n_rules; i++) {
		free(c->rules[i].name);
		free_list(c->rules[i].roles);
	}
	if (c->key)
		mem_wipe(c->key, c->key_len);
	free(c->key);
	free(c);
}
