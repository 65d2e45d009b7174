/* SPDX-License-Identifier: BSD-2-Clause */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "tests/vcard_reader.h"

#define LOOK_EVERY_MS 5 /* a virtual reader does not tell of its events */

struct place {
	struct vreader *reader; /* NULL: free */
	bool taken;             /* a transaction is on it */
	enum error refused;     /* what begin answers; E_OK: it goes on */
};

static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed; /* a transaction ended, or cancel was called */
	struct place places[READER_COUNT_MAX];
	unsigned epoch, begun;
	bool stopped, may_create_threads;
	vcard_fate *fate; /* what becomes of commands; NULL: each arrives */
	void *fate_arg;
	unsigned until_listed;     /* so many lists; 0: listed is not called */
	void (*listed)(void *arg);
	void *listed_arg;
} world = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER, .epoch = 1};

struct self {
	bool cancelled, closing;
};

struct link {
	struct place *place;
	struct vreader *reader;
	uint32_t insertion;
	char name[READER_NAME_MAX]; /* the reader may be freed meanwhile */
};

void vcard_readers_add(struct vreader *r)
{
	size_t i = 0;

	pthread_mutex_lock(&world.lock);
	while (i < READER_COUNT_MAX && world.places[i].reader)
		i++;
	if (i < READER_COUNT_MAX)
		world.places[i].reader = r;
	pthread_mutex_unlock(&world.lock);
}

void vcard_readers_remove(struct vreader *r)
{
	pthread_mutex_lock(&world.lock);
	for (size_t i = 0; i < READER_COUNT_MAX; i++)
		if (world.places[i].reader == r)
			world.places[i].reader = NULL;
	world.epoch++; /* the next reader of that name counts from the start */
	pthread_mutex_unlock(&world.lock);
}

void vcard_readers_run(bool running)
{
	pthread_mutex_lock(&world.lock);
	if (running && world.stopped)
		world.epoch++;
	world.stopped = !running;
	pthread_mutex_unlock(&world.lock);
}

unsigned vcard_readers_begun(void)
{
	unsigned n;

	pthread_mutex_lock(&world.lock);
	n = world.begun;
	pthread_mutex_unlock(&world.lock);
	return n;
}

void vcard_readers_replace(struct vreader *out, struct vreader *in)
{
	pthread_mutex_lock(&world.lock);
	for (size_t i = 0; i < READER_COUNT_MAX; i++)
		if (world.places[i].reader == out)
			world.places[i].reader = in;
	pthread_mutex_unlock(&world.lock);
}

void vcard_readers_fate(vcard_fate *fate, void *arg)
{
	pthread_mutex_lock(&world.lock);
	world.fate = fate;
	world.fate_arg = arg;
	pthread_mutex_unlock(&world.lock);
}

void vcard_readers_listed(unsigned nth, void (*call)(void *arg), void *arg)
{
	pthread_mutex_lock(&world.lock);
	world.until_listed = nth;
	world.listed = call;
	world.listed_arg = arg;
	pthread_mutex_unlock(&world.lock);
}

static enum vcard_outcome ask_fate(const char *reader, const uint8_t *apdu, size_t n)
{
	vcard_fate *fate;
	void *arg;

	pthread_mutex_lock(&world.lock);
	fate = world.fate;
	arg = world.fate_arg;
	pthread_mutex_unlock(&world.lock);
	return fate ? fate(arg, reader, apdu, n) : VCARD_ARRIVES;
}

static uint32_t insertion_of(const struct vreader *r)
{
	return vreader_card(r) ? world.epoch << 16 | (vreader_events(r) & 0xFFFF) : 0;
}

static enum error open_self(void **self, bool may_create_threads)
{
	*self = calloc(1, sizeof(struct self));
	pthread_mutex_lock(&world.lock);
	world.may_create_threads = may_create_threads;
	pthread_mutex_unlock(&world.lock);
	return *self ? E_OK : E_MEMORY;
}

bool vcard_readers_may_create_threads(void)
{
	bool may;

	pthread_mutex_lock(&world.lock);
	may = world.may_create_threads;
	pthread_mutex_unlock(&world.lock);
	return may;
}

/* With the lock held. */
static size_t look(struct reader_state *states, size_t room)
{
	size_t n = 0;

	for (size_t i = 0; i < READER_COUNT_MAX && n < room; i++) {
		const struct vreader *r = world.places[i].reader;

		if (!r)
			continue;
		states[n] = (struct reader_state){.insertion = insertion_of(r)};
		states[n].present = states[n].insertion != 0;
		states[n].in_use = world.places[i].taken;
		snprintf(states[n].name, sizeof states[n].name, "%s", vreader_name(r));
		n++;
	}
	return n;
}

static enum error list(void *self, struct reader_state *states, size_t *count)
{
	enum error e;
	bool now;

	(void)self;
	pthread_mutex_lock(&world.lock);
	now = world.until_listed && --world.until_listed == 0;
	pthread_mutex_unlock(&world.lock);
	if (now)
		world.listed(world.listed_arg);
	pthread_mutex_lock(&world.lock);
	e = world.stopped ? E_NO_SERVICE : E_OK;
	*count = e == E_OK ? look(states, *count) : 0;
	pthread_mutex_unlock(&world.lock);
	return e;
}

/* With the lock held. */
static bool differs(const struct reader_state *seen, size_t count)
{
	struct reader_state now[READER_COUNT_MAX];
	size_t n = world.stopped ? 0 : look(now, READER_COUNT_MAX);

	if (n != count)
		return true;
	for (size_t i = 0; i < n; i++)
		if (strcmp(now[i].name, seen[i].name) != 0 || now[i].insertion != seen[i].insertion)
			return true;
	return false;
}

static void wait_a_little(void)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += LOOK_EVERY_MS * 1000000L;
	if (until.tv_nsec >= 1000000000L) {
		until.tv_nsec -= 1000000000L;
		until.tv_sec++;
	}
	pthread_cond_timedwait(&world.changed, &world.lock, &until);
}

static enum error wait(void *self, const struct reader_state *seen, size_t count, int timeout_ms)
{
	struct self *s = self;
	enum error e = E_OK;

	pthread_mutex_lock(&world.lock);
	for (int ms = 0; !s->cancelled && !differs(seen, count); ms += LOOK_EVERY_MS) {
		if (timeout_ms >= 0 && ms >= timeout_ms)
			break;
		wait_a_little();
	}
	if (s->cancelled)
		e = E_CANCELLED;
	s->cancelled = false;
	pthread_mutex_unlock(&world.lock);
	return e;
}

static void cancel(void *self)
{
	struct self *s = self;

	pthread_mutex_lock(&world.lock);
	s->cancelled = s->closing = true;
	pthread_cond_broadcast(&world.changed);
	pthread_mutex_unlock(&world.lock);
}

/* With the lock held. */
static struct place *find(const char *name)
{
	for (size_t i = 0; i < READER_COUNT_MAX; i++) {
		struct place *p = &world.places[i];

		if (p->reader && strcmp(vreader_name(p->reader), name) == 0)
			return p;
	}
	return NULL;
}

void vcard_readers_hold(const struct vreader *r, bool held)
{
	struct place *p = NULL;

	pthread_mutex_lock(&world.lock);
	for (size_t i = 0; i < READER_COUNT_MAX; i++)
		if (world.places[i].reader == r)
			p = &world.places[i];
	while (held && p && p->taken)
		wait_a_little();
	if (p)
		p->taken = held;
	pthread_cond_broadcast(&world.changed);
	pthread_mutex_unlock(&world.lock);
}

void vcard_readers_refuse(const struct vreader *r, enum error why)
{
	pthread_mutex_lock(&world.lock);
	for (size_t i = 0; i < READER_COUNT_MAX; i++)
		if (world.places[i].reader == r)
			world.places[i].refused = why;
	pthread_mutex_unlock(&world.lock);
}

/* With the lock held, which is given up while another transaction is on. */
static enum error take(const struct self *s, const char *name, int wait_ms, struct link *l)
{
	struct place *p = NULL;

	for (int ms = 0; !world.stopped && !s->closing && (p = find(name)) && p->taken; ms += LOOK_EVERY_MS) {
		if (ms >= wait_ms)
			return E_BUSY;
		wait_a_little();
	}
	if (s->closing)
		return E_CANCELLED;
	if (world.stopped)
		return E_NO_SERVICE;
	if (!p)
		return E_NO_READER;
	if (!vreader_card(p->reader))
		return E_NO_CARD;
	if (p->refused != E_OK)
		return p->refused;
	p->taken = true;
	*l = (struct link){.place = p, .reader = p->reader, .insertion = insertion_of(p->reader)};
	world.begun++;
	return E_OK;
}

static enum error begin(void *self, const char *reader, int wait_ms, struct reader_link *link)
{
	struct link *l = calloc(1, sizeof *l);
	enum error e;

	if (!l)
		return E_MEMORY;
	ask_fate(reader, NULL, 0);
	pthread_mutex_lock(&world.lock);
	e = take(self, reader, wait_ms, l);
	pthread_mutex_unlock(&world.lock);
	if (e != E_OK) {
		free(l);
		return e;
	}
	snprintf(l->name, sizeof l->name, "%s", reader);
	*link = (struct reader_link){.self = l, .insertion = l->insertion};
	return E_OK;
}

/* With the lock held: the reader is there and the card is the one of begin. */
static bool holds(const struct link *l)
{
	return !world.stopped && l->place->reader == l->reader && insertion_of(l->reader) == l->insertion;
}

static enum error transmit(struct reader_link *link, const uint8_t *apdu, size_t n, uint8_t *response,
                           size_t *len)
{
	struct link *l = link->self;
	enum vcard_outcome outcome = ask_fate(l->name, apdu, n);
	bool there;

	pthread_mutex_lock(&world.lock);
	there = holds(l);
	pthread_mutex_unlock(&world.lock);
	if (outcome == VCARD_LOST)
		return E_LINK;
	if (!there || !vreader_transmit(l->reader, apdu, n, response, len) || *len < 2)
		return E_LINK;
	if (outcome == VCARD_NO_BYTE || outcome == VCARD_ONE_BYTE)
		*len = outcome == VCARD_ONE_BYTE;
	return outcome == VCARD_CUT ? E_LINK : E_OK;
}

static void end(struct reader_link *link, bool power_off)
{
	struct link *l = link->self;

	pthread_mutex_lock(&world.lock);
	if (power_off && holds(l))
		vreader_power_off(l->reader);
	l->place->taken = false;
	pthread_cond_broadcast(&world.changed);
	pthread_mutex_unlock(&world.lock);
	ask_fate(l->name, NULL, 1);
	free(l);
	link->self = NULL;
}

const struct reader_ops vcard_reader_ops = {
	.open = open_self,
	.close = free,
	.forget = free,
	.list = list,
	.wait = wait,
	.cancel = cancel,
	.begin = begin,
	.transmit = transmit,
	.end = end,
};
