/* SPDX-License-Identifier: BSD-2-Clause */
/* Firefox's policies.json. JSON has no comments to mark what is ours, and writing it
 * anew would lose how it was written: so the text is changed, at one place. A member
 * that we add is the first of its object, and behind white space; an object that we
 * add has none, and that is how --undo knows it. jansson has parsed it before, and
 * parses what comes out. */
#include "config.h"
#include <stdlib.h>
#include <string.h>
#include <jansson.h>
#include "say.h"
#include "setup_nss.h"
#include "setup_policy.h"

#define SPACE " \t\r\n"

struct member {
	size_t key, value, end; /* where they begin, and behind the value */
	bool there;
};

/* Behind the string that begins at p. */
static const char *skip_string(const char *p)
{
	for (p++; *p != '"'; p++)
		if (*p == '\\')
			p++;
	return p + 1;
}

static const char *skip_value(const char *p)
{
	int depth = 0;

	if (*p == '"')
		return skip_string(p);
	if (*p != '{' && *p != '[')
		return p + strcspn(p, ",}]" SPACE);
	do {
		if (*p == '"') {
			p = skip_string(p);
			continue;
		}
		depth += *p == '{' || *p == '[' ? 1 : *p == '}' || *p == ']' ? -1 : 0;
		p++;
	} while (depth > 0);
	return p;
}

/* The member of the object whose brace is at `open`. */
static struct member find(const char *text, size_t open, const char *key)
{
	const char *p = text + open + 1;
	struct member m = {.there = false};

	for (;;) {
		p += strspn(p, SPACE ",");
		if (*p != '"')
			return m;
		m.key = (size_t)(p - text);
		p = skip_string(p);
		m.there = (size_t)(p - text) == m.key + strlen(key) + 2 &&
			  strncmp(text + m.key + 1, key, strlen(key)) == 0;
		p += strspn(p, SPACE ":");
		m.value = (size_t)(p - text);
		p = skip_value(p);
		m.end = (size_t)(p - text);
		if (m.there)
			return m;
	}
}

static bool is_empty(const char *text, size_t open)
{
	return text[open + 1 + strspn(text + open + 1, SPACE)] == '}';
}

static enum exit_code splice(struct change *c, const char *text, size_t from, size_t to, const char *with)
{
	char *all = format("%.*s%s%s", (int)from, text, with, text + to);
	enum error e = all ? change_to(c, all, strlen(all)) : E_MEMORY;

	free(all);
	return e == E_OK ? EXIT_DONE : setup_no_memory();
}

/* Behind the brace, as the first member there is written. */
static enum exit_code insert(struct change *c, const char *text, size_t open, const char *member)
{
	size_t space = strspn(text + open + 1, SPACE);
	bool lines = memchr(text + open + 1, '\n', space) != NULL, empty = is_empty(text, open);
	char *with = format("%.*s%s%s", lines && !empty ? (int)space : 1,
			    lines && !empty ? text + open + 1 : " ", member, empty ? "" : ",");
	enum exit_code code = with ? splice(c, text, open + 1, open + 1, with) : setup_no_memory();

	free(with);
	return code;
}

/* With one comma, and the white space before it. */
static enum exit_code cut(struct change *c, const char *text, struct member m)
{
	size_t from = m.key, to = m.end + strspn(text + m.end, SPACE);

	while (strchr(SPACE, text[from - 1]))
		from--;
	if (text[from - 1] == ',')
		return splice(c, text, from - 1, m.end, "");
	return splice(c, text, from, text[to] == ',' ? to + 1 : m.end, "");
}

/* ---- The way to our member: root, policies, SecurityDevices, Add, Inkan */

static const char *const way[] = {"policies", "SecurityDevices", "Add", NSS_NAME};

#define DEPTH 4

/* In the form of older Firefox the modules stand in SecurityDevices itself. */
static bool is_old_form(const char *text, size_t open)
{
	return !is_empty(text, open) && !find(text, open, "Add").there && !find(text, open, "Delete").there;
}

/* How many of the objects there are on the way; opens[i]: the brace of the one in
 * which way[i] is looked for. Past SecurityDevices in the old form: no Add. */
static size_t walk(const char *text, size_t opens[DEPTH], bool *old_form)
{
	size_t n = 0;

	opens[0] = strspn(text, SPACE);
	*old_form = false;
	while (n < DEPTH - 1) {
		struct member m = find(text, opens[n], way[n]);

		if (n == 2 && is_old_form(text, opens[2])) {
			*old_form = true;
			return n;
		}
		if (!m.there)
			return n;
		opens[++n] = m.value;
	}
	return n;
}

static char *quoted(const char *text)
{
	json_t *json = json_string(text);
	char *out = json ? json_dumps(json, JSON_ENCODE_ANY | JSON_ENSURE_ASCII) : NULL;

	json_decref(json);
	return out;
}

/* `"SecurityDevices": {"Add": {"Inkan": …}}`, from that word of the way on. */
static char *member_text(size_t from, bool old_form, const char *path)
{
	static const char *const closing[] = {"}}}", "}}", "}", ""};

	if (old_form)
		from = DEPTH - 1;
	return format("%s%s%s\"%s\": %s%s", from < 1 ? "\"policies\": {" : "",
		      from < 2 ? "\"SecurityDevices\": {" : "", from < 3 ? "\"Add\": {" : "", NSS_NAME, path,
		      closing[from]);
}

static enum exit_code add(struct change *c, const char *text, const char *path)
{
	size_t opens[DEPTH], n;
	bool old_form;
	struct member m;
	enum exit_code code;
	char *member;

	n = walk(text, opens, &old_form);
	m = find(text, opens[n], NSS_NAME);
	if ((n == DEPTH - 1 || old_form) && m.there)
		return splice(c, text, m.value, m.end, path);
	member = member_text(n, old_form, path);
	code = member ? insert(c, text, opens[n], member) : setup_no_memory();
	free(member);
	return code;
}

/* Ours alone, and written by us: no white space around its only member. */
static bool is_wrapping(const char *text, size_t open, struct member m)
{
	return m.key == open + 1 && text[m.end] == '}';
}

static enum exit_code take(struct change *c, const char *text)
{
	size_t opens[DEPTH], n;
	bool old_form;
	struct member m;

	n = walk(text, opens, &old_form);
	m = find(text, opens[n], NSS_NAME);
	if ((n != DEPTH - 1 && !old_form) || !m.there)
		return EXIT_DONE;
	while (n > 0 && is_wrapping(text, opens[n], m)) {
		n--;
		m = find(text, opens[n], way[n]);
	}
	if (n == 0 && is_wrapping(text, opens[0], m)) {
		c->after.len = 0;
		c->is = false;
		return EXIT_DONE;
	}
	return cut(c, text, m);
}

/* ---- Before and after */

static enum exit_code refuse(const struct change *c, const char *why)
{
	complain(_("%s cannot be understood: %s."), c->path, why);
	advise(_("It is left alone. Mend it with an editor, then run this again; about:policies tells what Firefox "
	         "thinks of it."));
	return EXIT_MALFORMED;
}

/* The objects on the way are objects, where they are there. */
static bool is_in_form(const json_t *json)
{
	const json_t *policies = json_object_get(json, "policies");
	const json_t *devices = json_object_get(policies, "SecurityDevices");
	const json_t *modules = json_object_get(devices, "Add");

	return json_is_object(json) && (!policies || json_is_object(policies)) &&
	       (!devices || json_is_object(devices)) && (!modules || json_is_object(modules));
}

static enum exit_code check(const struct change *c)
{
	json_error_t error;
	json_t *json = json_loadb(c->after.data ? (const char *)c->after.data : "", c->after.len,
	                          JSON_REJECT_DUPLICATES, &error);
	enum exit_code code = EXIT_DONE;

	if (!json)
		code = refuse(c, error.text);
	else if (!is_in_form(json))
		code = refuse(c, _("it has not the form of Firefox's policies"));
	json_decref(json);
	return code;
}

/* True when the library is among the modules under some name. */
static bool is_there(const struct change *c, const char *library)
{
	json_t *json = json_loadb((const char *)c->after.data, c->after.len, 0, NULL), *devices, *modules, *value;
	const char *name;
	bool there = false;

	devices = json_object_get(json_object_get(json, "policies"), "SecurityDevices");
	modules = json_object_get(devices, "Add");
	json_object_foreach(modules ? modules : devices, name, value)
		there |= json_is_string(value) && strcmp(json_string_value(value), library) == 0;
	json_decref(json);
	return there;
}

static enum exit_code add_to(struct change *c, const char *library)
{
	char *text = strndup((const char *)c->after.data, c->after.len), *path = quoted(library);
	enum exit_code code = text && path ? add(c, text, path) : setup_no_memory();

	if (code == EXIT_DONE)
		code = check(c);
	free(text);
	free(path);
	return code;
}

static enum exit_code make(struct change *c, const char *library)
{
	char *path = quoted(library), *member = path ? member_text(0, false, path) : NULL;
	char *text = member ? format("{%s}\n", member) : NULL;
	enum error e = text ? change_to(c, text, strlen(text)) : E_MEMORY;

	free(path);
	free(member);
	free(text);
	return e == E_OK ? EXIT_DONE : setup_no_memory();
}

enum exit_code policy_add(struct change *c, const char *library)
{
	enum exit_code code;

	if (!c->is)
		return make(c, library);
	code = check(c);
	return code != EXIT_DONE || is_there(c, library) ? code : add_to(c, library);
}

enum exit_code policy_drop(struct change *c)
{
	enum exit_code code = c->is ? check(c) : EXIT_DONE;
	char *text;

	if (code != EXIT_DONE || !c->is)
		return code;
	text = strndup((const char *)c->after.data, c->after.len);
	code = text ? take(c, text) : setup_no_memory();
	free(text);
	return code;
}
