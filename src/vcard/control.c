/* SPDX-License-Identifier: BSD-2-Clause */
/* The control socket: a connection is one line in and one line out. */
#include "config.h"
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>
#include "base/i18n.h"
#include "vcard/daemon.h"

#define LINE_MAX_BYTES 2048
#define WORDS_MAX 64
#define SETTLE_MS 3000

struct reply {
	char text[LINE_MAX_BYTES];
};

static bool say(struct reply *r, bool ok, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

static bool say(struct reply *r, bool ok, const char *fmt, ...)
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

static bool address_of(const char *path, struct sockaddr_un *address)
{
	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof address->sun_path) {
		errno = ENAMETOOLONG;
		return false;
	}
	memcpy(address->sun_path, path, strlen(path));
	return true;
}

bool control_open(struct world *w, const char *path)
{
	struct sockaddr_un address;

	if (!address_of(path, &address))
		return false;
	memmove(w->control, path, strlen(path) + 1);
	w->control_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	return w->control_fd >= 0 && bind(w->control_fd, (struct sockaddr *)&address, sizeof address) == 0 &&
	       listen(w->control_fd, 8) == 0;
}

/* The words of a line, cut in place; '…' and "…" keep blanks together. */
static int split(char *line, char *words[WORDS_MAX])
{
	int n = 0;

	while (n < WORDS_MAX - 1) {
		char *out, quote = '\0';
		while (isspace((unsigned char)*line))
			line++;
		if (!*line)
			break;
		words[n++] = out = line;
		for (; *line && (quote || !isspace((unsigned char)*line)); line++) {
			if (!quote && (*line == '\'' || *line == '"'))
				quote = *line;
			else if (quote && *line == quote)
				quote = '\0';
			else
				*out++ = *line;
		}
		line += *line != '\0';
		*out = '\0';
	}
	words[n] = NULL;
	return n;
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

/* One command for one reader; words[0] is the verb, words[2] the first argument. */
struct call {
	struct world *world;
	struct slot *slot;
	int argc;
	char **argv;
	struct reply *reply;
};

static bool settled(const struct call *c)
{
	slot_changed(c->slot);
	if (c->world->service && !slot_settle(c->slot, SETTLE_MS))
		return say(c->reply, false, "pcscd has not noticed");
	return done(c->reply);
}

static bool do_remove(const struct call *c)
{
	struct vcard *card = vreader_remove(c->slot->reader);

	if (!card)
		return say(c->reply, false, "there is no card in this reader");
	vcard_free(c->slot->out);
	c->slot->out = card;
	return settled(c);
}

static bool insert_other(const struct call *c)
{
	struct card_options card;
	char why[512] = "";

	if (!options_parse_card(&card, c->argc - 2, c->argv + 2, why, sizeof why))
		return say(c->reply, false, "%s", why);
	if (card.none)
		return say(c->reply, false, "none is not a card");
	if (!slot_insert_new(c->world, c->slot, &card, why, sizeof why))
		return say(c->reply, false, "%s", why);
	return settled(c);
}

static bool do_insert(const struct call *c)
{
	struct vcard *card = c->slot->out;

	if (c->argc > 2)
		return insert_other(c);
	if (vreader_card(c->slot->reader))
		return say(c->reply, false, "there is a card in this reader");
	if (!card)
		card = vreader_remove(c->slot->reader); /* one that a fault pulled */
	if (!card)
		return say(c->reply, false, "no card was taken out of this reader");
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
		return say(c->reply, false, "fault N NTH KIND [STATUS WORD]");
	while (i < sizeof kinds / sizeof *kinds && strcmp(kinds[i], c->argv[3]) != 0)
		i++;
	if (i == sizeof kinds / sizeof *kinds)
		return say(c->reply, false, "there is no fault %s", c->argv[3]);
	if (i == VFAULT_STATUS) {
		status = strtoul(c->argc > 4 ? c->argv[4] : "", &end, 16);
		if (c->argc != 5 || *end || status < 0x6000 || status > 0xFFFF)
			return say(c->reply, false, "this fault needs a status word, in hex");
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
		return say(c->reply, false, "tries N auth|sign [COUNT], of a card");
	if (c->argc == 3)
		return say(c->reply, true, "%u", vcard_tries(card, app));
	if (!count_of(c->argv[3], &n) || n > 15)
		return say(c->reply, false, "a retry counter goes from 0 to 15");
	vcard_set_tries(card, app, (unsigned)n);
	return done(c->reply);
}

static bool do_count(const struct call *c)
{
	struct vcard *card = card_of(c);
	enum vcard_app app;

	if (!card || c->argc != 3 || !app_of(c->argv[2], &app))
		return say(c->reply, false, "%s N auth|sign, of a card", c->argv[0]);
	if (!strcmp(c->argv[0], "verifies"))
		return say(c->reply, true, "%u", vcard_verifies(card, app));
	return say(c->reply, true, "%u", vcard_signatures(card, app));
}

static bool do_apdus(const struct call *c)
{
	return say(c->reply, true, "%u", vreader_apdus(c->slot->reader));
}

static bool do_delay(const struct call *c)
{
	unsigned long ms;

	if (c->argc != 3 || !count_of(c->argv[2], &ms))
		return say(c->reply, false, "delay N MS");
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
		return say(c->reply, false, "there is no trace: --trace FILE");
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
		return say(c->reply, false, "service stop|start");
	else if (!service_start(c->world))
		return say(c->reply, false, "pcscd does not start");
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

static bool obey(struct world *w, char *line, struct reply *reply)
{
	char *words[WORDS_MAX];
	struct call c = {.world = w, .argv = words, .reply = reply};

	c.argc = split(line, words);
	for (size_t i = 0; c.argc && i < sizeof verbs / sizeof *verbs; i++) {
		if (strcmp(verbs[i].name, words[0]) != 0)
			continue;
		c.slot = verbs[i].reader ? slot_of(w, words[1]) : NULL;
		if (verbs[i].reader && !c.slot)
			return say(reply, false, "%s needs the number of a reader, from 1", words[0]);
		return verbs[i].run(&c);
	}
	return say(reply, false, "there is no control command %s", c.argc ? words[0] : "without a name");
}

/* A line without its end. False: none came within the time. */
static bool read_line(int fd, char *line, size_t size)
{
	size_t n = 0;

	while (n + 1 < size) {
		ssize_t got = recv(fd, line + n, size - 1 - n, 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		n += (size_t)got;
		if (memchr(line, '\n', n))
			break;
	}
	line[n] = '\0';
	line[strcspn(line, "\n")] = '\0';
	return n > 0;
}

static void set_patience(int fd, long seconds)
{
	struct timeval t = {seconds, 0};

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof t);
}

void control_serve(struct world *w)
{
	char line[LINE_MAX_BYTES];
	struct reply reply;
	size_t n;
	int fd = accept4(w->control_fd, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		return;
	set_patience(fd, 5);
	if (read_line(fd, line, sizeof line)) {
		obey(w, line, &reply);
		n = strlen(reply.text);
		if (n > sizeof reply.text - 2)
			n = sizeof reply.text - 2;
		reply.text[n++] = '\n';
		send(fd, reply.text, n, MSG_NOSIGNAL);
	}
	close(fd);
}

int control_send(const char *command)
{
	const char *path = getenv("INKAN_VCARD_CONTROL");
	char line[LINE_MAX_BYTES];
	struct sockaddr_un address;
	int fd = -1, status = EX_UNAVAILABLE;
	int n = snprintf(line, sizeof line, "%s\n", command);

	if (!path || !address_of(path, &address)) {
		fprintf(stderr, _("inkan-vcard: INKAN_VCARD_CONTROL names no control socket\n"));
		return EX_USAGE;
	}
	if (n >= (int)sizeof line || strchr(command, '\n'))
		return EX_USAGE;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	set_patience(fd, 30);
	if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0 || send(fd, line, (size_t)n, MSG_NOSIGNAL) != n ||
	    !read_line(fd, line, sizeof line)) {
		fprintf(stderr, "inkan-vcard: %s: %s\n", path, strerror(errno));
	} else {
		puts(line);
		status = strncmp(line, "ok", 2) ? 1 : 0;
	}
	close(fd);
	return status;
}
