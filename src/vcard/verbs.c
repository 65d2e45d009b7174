/* SPDX-License-Identifier: BSD-2-Clause */
/* What can be told to a running inkan-vcard. */
#include "config.h"
#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include "vcard/control.h"

#define SETTLE_MS 3000

bool reply_say(struct reply *r, bool ok, const char *fmt, ...)
{
	va_list args;
	int n = snprintf(r->text, sizeof r->text, ok ? "ok " : "error ");

	va_start(args, fmt);
	vsnprintf(r->text + n, sizeof r->text - (size_t)n, fmt, args);
	va_end(args);
	return ok;
}

static bool done(struct reply *r)
{
	strcpy(r->text, "ok");
	return true;
}

static bool count_of(const char *word, unsigned long *n)
{
	char *end;

	if (!word || !isdigit((unsigned char)*word))
		return false;
	*n = strtoul(word, &end, 10);
	return !*end && *n <= 1000000;
}

static struct slot *slot_of(struct world *w, const char *word)
{
	unsigned long n;

	return count_of(word, &n) && n >= 1 && n <= w->n_slots ? &w->slots[n - 1] : NULL;
}

static bool settled(const struct call *c)
{
	slot_changed(c->slot);
	if (c->world->service && !slot_settle(c->slot, SETTLE_MS))
		return reply_say(c->reply, false, "pcscd has not noticed");
	return done(c->reply);
}

static bool do_remove(const struct call *c)
{
	struct vcard *card = vreader_remove(c->slot->reader);

	if (!card)
		return reply_say(c->reply, false, "there is no card in this reader");
	vcard_free(c->slot->out);
	c->slot->out = card;
	return settled(c);
}

static bool insert_other(const struct call *c)
{
	struct card_options card;
	char why[512] = "";
	bool ok = options_parse_card(&card, c->argc - 2, c->argv + 2, why, sizeof why);

	if (ok && card.none)
		snprintf(why, sizeof why, "none is not a card");
	ok = ok && !card.none && slot_insert_new(c->world, c->slot, &card, why, sizeof why);
	vcard_like_free(&card.like);
	return ok ? settled(c) : reply_say(c->reply, false, "%s", why);
}

static bool do_insert(const struct call *c)
{
	struct vcard *card = c->slot->out;

	if (c->argc > 2)
		return insert_other(c);
	if (vreader_card(c->slot->reader))
		return reply_say(c->reply, false, "there is a card in this reader");
	if (!card)
		card = vreader_remove(c->slot->reader); /* one that a fault pulled */
	if (!card)
		return reply_say(c->reply, false, "no card was taken out of this reader");
	c->slot->out = NULL;
	vreader_insert(c->slot->reader, card);
	return settled(c);
}

/* The card loses its power for a moment, and nobody is told. */
static bool do_reset(const struct call *c)
{
	vreader_power_off(c->slot->reader);
	return done(c->reply);
}

static bool do_fault(const struct call *c)
{
	static const char *const kinds[] = {"none", "status", "cut", "noise", "pull", "pull-before", "reset"};
	unsigned long nth, status = 0;
	size_t i = 0;
	char *end;

	if (c->argc < 4 || !count_of(c->argv[2], &nth))
		return reply_say(c->reply, false, "fault N NTH KIND [STATUS WORD]");
	while (i < sizeof kinds / sizeof *kinds && strcmp(kinds[i], c->argv[3]) != 0)
		i++;
	if (i == sizeof kinds / sizeof *kinds)
		return reply_say(c->reply, false, "there is no fault %s", c->argv[3]);
	if (i == VFAULT_STATUS) {
		status = strtoul(c->argc > 4 ? c->argv[4] : "", &end, 16);
		if (c->argc != 5 || *end || status < 0x6000 || status > 0xFFFF)
			return reply_say(c->reply, false, "this fault needs a status word, in hex");
	}
	vreader_fault(c->slot->reader, (unsigned)nth, (enum vfault)i, (uint16_t)status);
	return done(c->reply);
}

/* The card in the reader, or the one that was taken out. */
static struct vcard *card_of(const struct call *c)
{
	struct vcard *card = vreader_card(c->slot->reader);

	return card ? card : c->slot->out;
}

static bool app_of(const char *word, enum vcard_app *app)
{
	*app = word && !strcmp(word, "sign") ? VCARD_SIGN : VCARD_AUTH;
	return word && (*app == VCARD_SIGN || !strcmp(word, "auth"));
}

static bool do_tries(const struct call *c)
{
	struct vcard *card = card_of(c);
	enum vcard_app app;
	unsigned long n;

	if (!card || c->argc < 3 || !app_of(c->argv[2], &app))
		return reply_say(c->reply, false, "tries N auth|sign [COUNT], of a card");
	if (c->argc == 3)
		return reply_say(c->reply, true, "%u", vcard_tries(card, app));
	if (!count_of(c->argv[3], &n) || n > 15)
		return reply_say(c->reply, false, "a retry counter goes from 0 to 15");
	vcard_set_tries(card, app, (unsigned)n);
	return done(c->reply);
}

static bool do_count(const struct call *c)
{
	struct vcard *card = card_of(c);
	enum vcard_app app;

	if (!card || c->argc != 3 || !app_of(c->argv[2], &app))
		return reply_say(c->reply, false, "%s N auth|sign, of a card", c->argv[0]);
	if (!strcmp(c->argv[0], "verifies"))
		return reply_say(c->reply, true, "%u", vcard_verifies(card, app));
	return reply_say(c->reply, true, "%u", vcard_signatures(card, app));
}

static bool do_apdus(const struct call *c)
{
	return reply_say(c->reply, true, "%u", vreader_apdus(c->slot->reader));
}

static bool do_delay(const struct call *c)
{
	unsigned long ms;

	if (c->argc != 3 || !count_of(c->argv[2], &ms))
		return reply_say(c->reply, false, "delay N MS");
	vreader_delay(c->slot->reader, (unsigned)ms);
	return done(c->reply);
}

static bool do_list(const struct call *c)
{
	static const char *const kinds[] = {"hpki", "jpki", "foreign"};
	size_t at = (size_t)snprintf(c->reply->text, sizeof c->reply->text, "ok");

	for (size_t i = 0; i < c->world->n_slots && at < sizeof c->reply->text; i++) {
		const struct slot *slot = &c->world->slots[i];
		at += (size_t)snprintf(c->reply->text + at, sizeof c->reply->text - at, " %zu:%s", i + 1,
		                       vreader_card(slot->reader) ? kinds[slot->kind] : "none");
	}
	return true;
}

static bool do_mark(const struct call *c)
{
	if (!c->world->trace)
		return reply_say(c->reply, false, "there is no trace: --trace FILE");
	fputc('#', c->world->trace);
	for (int i = 1; i < c->argc; i++)
		fprintf(c->world->trace, " %s", c->argv[i]);
	fputc('\n', c->world->trace);
	fflush(c->world->trace);
	return done(c->reply);
}

static bool do_service(const struct call *c)
{
	if (c->argc == 2 && !strcmp(c->argv[1], "stop"))
		service_stop(c->world);
	else if (c->argc != 2 || strcmp(c->argv[1], "start") != 0)
		return reply_say(c->reply, false, "service stop|start");
	else if (!service_start(c->world))
		return reply_say(c->reply, false, "pcscd does not start");
	return done(c->reply);
}

static const struct verb {
	const char *name;
	bool reader; /* its first argument is a reader's number */
	bool (*run)(const struct call *c);
} verbs[] = {
	{"list", false, do_list},   {"remove", true, do_remove}, {"insert", true, do_insert},
	{"reset", true, do_reset},  {"fault", true, do_fault},   {"tries", true, do_tries},
	{"apdus", true, do_apdus},  {"verifies", true, do_count}, {"signatures", true, do_count},
	{"delay", true, do_delay},  {"trace-mark", false, do_mark}, {"service", false, do_service},
};

bool control_obey(struct call *c)
{
	for (size_t i = 0; c->argc && i < sizeof verbs / sizeof *verbs; i++) {
		if (strcmp(verbs[i].name, c->argv[0]) != 0)
			continue;
		c->slot = verbs[i].reader ? slot_of(c->world, c->argv[1]) : NULL;
		if (verbs[i].reader && !c->slot)
			return reply_say(c->reply, false, "%s needs the number of a reader, from 1", c->argv[0]);
		return verbs[i].run(c);
	}
	return reply_say(c->reply, false, "there is no control command %s", c->argc ? c->argv[0] : "without a name");
}
