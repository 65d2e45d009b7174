/* SPDX-License-Identifier: BSD-2-Clause */
/* Cards and readers through PC/SC. Each operation on a card has a context, a
 * connection and a transaction of its own, which end with it. An insertion is
 * identified by pcscd's count of events in that reader, together with what pcscd
 * does not count: its own restarts and the times that the reader was unplugged. */
#include "config.h"
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <winscard.h>
#include <reader.h>
#include "base/log.h"
#include "base/os.h"
#include "card/apdu.h"

#define NAMES_MAX (READER_COUNT_MAX * READER_NAME_MAX + 1)
#define SLICE_MS 3000 /* of a wait: pcsc-lite 1.9 sees new readers only while one call lasts */
#define RETRY_MS 1000 /* between attempts to reach a pcscd that is not running */
#define CANCEL_MS 20  /* between SCardCancel calls, until the waiter has returned */
#define CANCEL_ROUNDS 40
#define NEW_READERS "\\\\?PnP?\\Notification"
#define LOOK_MS 20     /* how soon a wait notices pcsc_cancel */
#define MOMENT_MS 1000 /* a caller that waits less than this must not be blocked by another program */
#define FORK_MS 1000   /* how long a fork waits for a call of libpcsclite */
#define POWER_MS 2000  /* pcscd powers off a card that nobody is connected to; readers need up to a second */
#define SHORT_APDU_MAX 261

/* What is remembered of a reader by its name. */
struct pcsc_reader {
	char name[READER_NAME_MAX];
	bool gone;        /* was not in the last list */
	uint16_t plugged; /* how often it came back: pcscd counts from 0 again */
	uint32_t channel; /* where it is plugged in; 0: not known */
	bool asked;       /* for max_apdu */
	size_t max_apdu;
};

/* One operation's connection to a card. */
struct connection {
	char reader[READER_NAME_MAX];
	SCARDCONTEXT context;
	SCARDHANDLE card;
	DWORD protocol;
	bool open, connected, transacting;

	/* of a thread that connects for others, under lock */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool wanted; /* somebody waits for it; otherwise the thread disconnects as soon as it is connected */
	bool owned;  /* somebody will free it; otherwise the thread does */
	bool done;
	enum error result;
};

struct pcsc {
	pthread_mutex_t lock; /* guards everything here; never held while waiting */
	pthread_cond_t woken; /* cancel was called, or the waiter has returned */
	SCARDCONTEXT status;  /* for the state of readers, never for cards */
	bool connected;       /* status is valid */
	uint16_t epoch;       /* counts losses of status: pcscd was restarted */
	struct pcsc_reader readers[READER_COUNT_MAX];
	size_t n_readers;
	SCARDCONTEXT waiter; /* of the one thread that waits */
	bool waiter_open, waiting, cancelled;
	bool may_create_threads;                   /* constant */
	struct connection *left[READER_COUNT_MAX]; /* threads that still wait for a card which nobody wants now */
	_Atomic bool closing;                      /* cancel was called: nobody waits for a card any more */
};

static enum error pcsc_error(LONG rc)
{
	switch (rc) {
	case SCARD_S_SUCCESS: return E_OK;
	case SCARD_E_NO_SERVICE:
	case SCARD_E_SERVICE_STOPPED:
	case SCARD_E_SERVER_TOO_BUSY:
	case SCARD_E_INVALID_HANDLE:
	case SCARD_F_COMM_ERROR: return E_NO_SERVICE;
	case SCARD_E_NO_READERS_AVAILABLE:
	case SCARD_E_UNKNOWN_READER:
	case SCARD_E_READER_UNAVAILABLE: return E_NO_READER;
	case SCARD_E_NO_SMARTCARD:
	case SCARD_W_REMOVED_CARD: return E_NO_CARD;
	case SCARD_W_UNRESPONSIVE_CARD:
	case SCARD_W_UNPOWERED_CARD:
	case SCARD_W_UNSUPPORTED_CARD:
	case SCARD_E_PROTO_MISMATCH: return E_MUTE;
	case SCARD_E_SHARING_VIOLATION: return E_BUSY;
	case SCARD_W_SECURITY_VIOLATION:
	case SCARD_E_NO_ACCESS: return E_DENIED;
	case SCARD_E_NO_MEMORY: return E_MEMORY;
	case SCARD_E_CANCELLED:
	case SCARD_E_SYSTEM_CANCELLED: return E_CANCELLED;
	case SCARD_W_RESET_CARD:
	case SCARD_E_NOT_TRANSACTED:
	case SCARD_E_COMM_DATA_LOST:
	case SCARD_E_TIMEOUT: return E_LINK;
	default: return E_INTERNAL;
	}
}

/* True when the connection to pcscd is lost. */
static bool is_lost(LONG rc)
{
	return rc == SCARD_E_NO_SERVICE || rc == SCARD_E_SERVICE_STOPPED || rc == SCARD_E_INVALID_HANDLE ||
	       rc == SCARD_F_COMM_ERROR;
}

/* ---- The state of readers */

/* Waits until then (of apdu_now_ms), or until cond is signalled. */
static void pcsc_sleep(pthread_cond_t *cond, pthread_mutex_t *lock, int64_t until_ms)
{
	struct timespec t = {.tv_sec = (time_t)(until_ms / 1000), .tv_nsec = (long)(until_ms % 1000) * 1000000};

	os_cond_wait(cond, lock, &t);
}

/* libpcsclite holds locks of its own all the while that it establishes a context and, since 2.0, while it lists readers
 * and their states. A child that is forked meanwhile would have them locked for ever; so fork waits, though not for a
 * pcscd that hangs. */
static struct {
	pthread_once_t once;
	pthread_mutex_t lock;       /* held during such a call */
	_Atomic(pthread_t) forking; /* the thread that has the lock for a fork; of a child, too */
} no_fork = {.once = PTHREAD_ONCE_INIT, .lock = PTHREAD_MUTEX_INITIALIZER};

static void before_fork(void)
{
	int64_t end = apdu_now_ms() + FORK_MS;
	bool locked;

	while (!(locked = pthread_mutex_trylock(&no_fork.lock) == 0) && apdu_now_ms() < end)
		nanosleep(&(struct timespec){0, 1000 * 1000}, NULL);
	if (locked)
		no_fork.forking = pthread_self();
}

static void after_fork(void)
{
	if (no_fork.forking != pthread_self())
		return;
	no_fork.forking = 0;
	pthread_mutex_unlock(&no_fork.lock);
}

static void begin_child(void)
{
	if (no_fork.forking != pthread_self())
		pthread_mutex_init(&no_fork.lock, NULL);
	after_fork();
}

static void watch_forks(void)
{
	pthread_atfork(before_fork, after_fork, begin_child);
}

static void forbid_fork(void)
{
	pthread_once(&no_fork.once, watch_forks);
	pthread_mutex_lock(&no_fork.lock);
}

static void allow_fork(void)
{
	pthread_mutex_unlock(&no_fork.lock);
}

static LONG establish(SCARDCONTEXT *context)
{
	LONG rc;

	forbid_fork();
	rc = SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, context);
	allow_fork();
	return rc;
}

static enum error open_context(SCARDCONTEXT *context, bool *open)
{
	LONG rc = *open ? SCARD_S_SUCCESS : establish(context);

	*open = rc == SCARD_S_SUCCESS;
	return pcsc_error(rc);
}

/* The record of that reader, with the lock held; NULL when there is no room. */
static struct pcsc_reader *pcsc_known(struct pcsc *p, const char *reader)
{
	struct pcsc_reader *r = NULL;

	if (strlen(reader) >= sizeof r->name)
		return NULL;
	for (size_t i = 0; i < p->n_readers; i++) {
		if (strcmp(p->readers[i].name, reader) == 0)
			return &p->readers[i];
		if (p->readers[i].gone)
			r = &p->readers[i];
	}
	if (p->n_readers < READER_COUNT_MAX)
		r = &p->readers[p->n_readers++];
	if (!r)
		return NULL;
	*r = (struct pcsc_reader){.plugged = (uint16_t)(r->plugged + 1)};
	memcpy(r->name, reader, strlen(reader) + 1);
	return r;
}

/* The identity of the insertion; 0: no card. */
static uint32_t make_insertion(struct pcsc *p, const char *reader, DWORD event_state)
{
	const struct pcsc_reader *r = pcsc_known(p, reader);
	uint32_t epoch = (p->epoch + (r ? r->plugged : 0u)) & 0xFFFF;

	if (!(event_state & SCARD_STATE_PRESENT))
		return 0;
	return (epoch ? epoch : 1) << 16 | ((uint32_t)(event_state >> 16) & 0xFFFF);
}

/* Records which readers are there, and which came back since the last list. */
static void notice_plugging(struct pcsc *p, const SCARD_READERSTATE *found, size_t n)
{
	for (size_t i = 0; i < p->n_readers; i++) {
		struct pcsc_reader *r = &p->readers[i];
		bool there = false;

		for (size_t j = 0; j < n && !there; j++)
			there = strcmp(found[j].szReader, r->name) == 0;
		if (there && r->gone)
			r->plugged++;
		if (!there) {
			r->channel = 0;
			r->asked = false;
		}
		r->gone = !there;
	}
}

/* Lists the readers and their states, with the lock held and status connected. */
static LONG list_readers(struct pcsc *p, char names[NAMES_MAX], SCARD_READERSTATE *found, size_t *n)
{
	DWORD len = NAMES_MAX;
	LONG rc = SCardListReaders(p->status, NULL, names, &len);

	*n = 0;
	if (rc == SCARD_E_NO_READERS_AVAILABLE)
		len = 0;
	else if (rc != SCARD_S_SUCCESS)
		return rc;
	while (*n < READER_COUNT_MAX && len > 1 && *names) {
		DWORD size = (DWORD)strnlen(names, len) + 1;

		found[(*n)++] = (SCARD_READERSTATE){.szReader = names};
		names += size;
		len = size < len ? len - size : 0;
	}
	notice_plugging(p, found, *n);
	return *n ? SCardGetStatusChange(p->status, 0, found, (DWORD)*n) : SCARD_S_SUCCESS;
}

/* Tried twice: pcscd may have been restarted, or a reader may go between the two calls. */
static enum error list_locked(struct pcsc *p, struct reader_state *states, size_t *count)
{
	char names[NAMES_MAX];
	SCARD_READERSTATE found[READER_COUNT_MAX];
	size_t n = 0, room = *count;
	enum error e = E_INTERNAL;

	*count = 0;
	for (int i = 0; e != E_OK && i < 2; i++) {
		LONG rc;

		e = open_context(&p->status, &p->connected);
		if (e != E_OK)
			return e == E_NO_READER ? E_OK : e;
		forbid_fork();
		rc = list_readers(p, names, found, &n);
		allow_fork();
		e = rc == SCARD_E_TIMEOUT ? E_OK : pcsc_error(rc);
		if (!is_lost(rc))
			continue;
		log_info("pcscd has stopped or was restarted");
		SCardReleaseContext(p->status);
		p->connected = false;
		p->epoch++;
	}
	if (e != E_OK)
		return e == E_NO_READER ? E_OK : e;
	for (size_t i = 0; i < n && *count < room; i++) {
		struct reader_state *s = &states[*count];
		size_t len = strlen(found[i].szReader);

		if (len >= sizeof s->name)
			continue;
		*s = (struct reader_state){.insertion = make_insertion(p, found[i].szReader, found[i].dwEventState)};
		memcpy(s->name, found[i].szReader, len + 1);
		s->present = s->insertion != 0;
		s->mute = found[i].dwEventState & SCARD_STATE_MUTE;
		s->atr_len = s->present && found[i].cbAtr <= READER_ATR_MAX ? found[i].cbAtr : 0;
		memcpy(s->atr, found[i].rgbAtr, s->atr_len);
		s->in_use = found[i].dwEventState & (SCARD_STATE_INUSE | SCARD_STATE_EXCLUSIVE);
		(*count)++;
	}
	return E_OK;
}

static enum error pcsc_list(void *self, struct reader_state *states, size_t *count)
{
	struct pcsc *p = self;
	enum error e;

	pthread_mutex_lock(&p->lock);
	e = list_locked(p, states, count);
	pthread_mutex_unlock(&p->lock);
	return e;
}

/* That reader's state now, with the lock held; E_NO_CARD, E_NO_READER,
 * E_NO_SERVICE. channel: where the reader is plugged in; 0: not known. */
static enum error pcsc_state(struct pcsc *p, const char *reader, uint32_t channel, struct reader_state *state)
{
	struct reader_state states[READER_COUNT_MAX];
	struct pcsc_reader *r = pcsc_known(p, reader);
	size_t n = READER_COUNT_MAX;
	enum error e;

	if (r && channel && r->channel != channel) {
		if (r->channel)
			r->plugged++;
		r->channel = channel;
	}
	e = list_locked(p, states, &n);
	if (e != E_OK)
		return e;
	for (size_t i = 0; i < n; i++) {
		if (strcmp(states[i].name, reader) != 0)
			continue;
		*state = states[i];
		return state->insertion ? E_OK : E_NO_CARD;
	}
	return E_NO_READER;
}

static bool same(const struct reader_state *a, size_t na, const struct reader_state *b, size_t nb)
{
	if (na != nb)
		return false;
	for (size_t i = 0; i < na; i++)
		if (strcmp(a[i].name, b[i].name) != 0 || a[i].insertion != b[i].insertion ||
		    a[i].present != b[i].present || a[i].mute != b[i].mute)
			return false;
	return true;
}

/* Blocks in pcscd, without the lock, until something differs from `seen`. */
static void block(struct pcsc *p, const struct reader_state *seen, size_t count, int64_t ms)
{
	SCARD_READERSTATE states[READER_COUNT_MAX + 1];
	SCARDCONTEXT waiter = p->waiter;
	LONG rc;

	for (size_t i = 0; i < count; i++) {
		DWORD word = seen[i].present ? SCARD_STATE_PRESENT : SCARD_STATE_EMPTY;

		if (seen[i].present && seen[i].mute)
			word |= SCARD_STATE_MUTE;
		states[i] = (SCARD_READERSTATE){.szReader = seen[i].name,
		                                .dwCurrentState = word | (DWORD)(seen[i].insertion & 0xFFFF) << 16};
	}
	states[count] = (SCARD_READERSTATE){.szReader = NEW_READERS};
	p->waiting = true;
	pthread_mutex_unlock(&p->lock);
	rc = SCardGetStatusChange(waiter, (DWORD)ms, states, (DWORD)count + 1);
	pthread_mutex_lock(&p->lock);
	p->waiting = false;
	pthread_cond_broadcast(&p->woken);
	if (is_lost(rc)) {
		SCardReleaseContext(waiter);
		p->waiter_open = false;
	}
}

/* One look and, when nothing has changed, one slice of waiting. True: something has changed. */
static bool wait_slice(struct pcsc *p, const struct reader_state *seen, size_t count, int64_t ms)
{
	struct reader_state now[READER_COUNT_MAX];
	size_t n = READER_COUNT_MAX;
	enum error e = list_locked(p, now, &n);

	if (!same(now, n, seen, count))
		return true;
	if (e == E_OK)
		e = open_context(&p->waiter, &p->waiter_open);
	if (e == E_OK)
		block(p, seen, count, ms < SLICE_MS ? ms : SLICE_MS);
	else
		pcsc_sleep(&p->woken, &p->lock, apdu_now_ms() + (ms < RETRY_MS ? ms : RETRY_MS));
	return false;
}

static enum error pcsc_wait(void *self, const struct reader_state *seen, size_t count, int timeout_ms)
{
	struct pcsc *p = self;
	int64_t end = timeout_ms < 0 ? INT64_MAX : apdu_now_ms() + timeout_ms;
	enum error e = E_OK;

	if (count > READER_COUNT_MAX)
		return E_ARGUMENT;
	pthread_mutex_lock(&p->lock);
	while (!p->cancelled && apdu_now_ms() < end && !wait_slice(p, seen, count, end - apdu_now_ms()))
		;
	if (p->cancelled)
		e = E_CANCELLED;
	p->cancelled = false;
	pthread_mutex_unlock(&p->lock);
	return e;
}

/* A cancel that arrives before the waiter's request is lost in pcscd: it is repeated until the waiter has returned. */
static void pcsc_cancel(void *self)
{
	struct pcsc *p = self;

	pthread_mutex_lock(&p->lock);
	p->cancelled = true;
	p->closing = true;
	pthread_cond_broadcast(&p->woken);
	for (int i = 0; p->waiting && i < CANCEL_ROUNDS; i++) {
		SCardCancel(p->waiter);
		pcsc_sleep(&p->woken, &p->lock, apdu_now_ms() + CANCEL_MS);
	}
	pthread_mutex_unlock(&p->lock);
}

/* ---- Cards */

static struct connection *connection_new(const char *reader)
{
	struct connection *c = calloc(1, sizeof *c);

	if (!c)
		return NULL;
	memcpy(c->reader, reader, strnlen(reader, sizeof c->reader - 1));
	c->wanted = c->owned = true;
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->changed, NULL);
	return c;
}

static void connection_free(struct connection *c)
{
	pthread_cond_destroy(&c->changed);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

static enum error logged(const char *reader, const char *what, LONG rc)
{
	enum error e = pcsc_error(rc);

	if (e != E_OK)
		log_error("%s: %s: %s (%08lX)", reader, what, error_text(e), (unsigned long)rc & 0xFFFFFFFF);
	return e;
}

/* Another program, or pcscd's power saving, may have reset the card after
 * SCardConnect: pcscd reports that once, and SCardReconnect clears it. */
static enum error connect_card(struct connection *c)
{
	LONG rc = establish(&c->context);

	c->open = rc == SCARD_S_SUCCESS;
	if (!c->open)
		return logged(c->reader, "SCardEstablishContext", rc);
	rc = SCardConnect(c->context, c->reader, SCARD_SHARE_SHARED, SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1, &c->card,
	                  &c->protocol);
	c->connected = rc == SCARD_S_SUCCESS;
	if (!c->connected)
		return logged(c->reader, "SCardConnect", rc);
	rc = SCardBeginTransaction(c->card);
	if (rc == SCARD_W_RESET_CARD) {
		rc = SCardReconnect(c->card, SCARD_SHARE_SHARED, SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1,
		                    SCARD_LEAVE_CARD, &c->protocol);
		if (rc == SCARD_S_SUCCESS)
			rc = SCardBeginTransaction(c->card);
	}
	c->transacting = rc == SCARD_S_SUCCESS;
	return logged(c->reader, "SCardBeginTransaction", rc);
}

/* SCardEndTransaction powers off too, so that no program finds the card unlocked before
 * SCardDisconnect. */
static void disconnect_card(const struct connection *c, bool power_off)
{
	DWORD disposition = power_off ? SCARD_UNPOWER_CARD : SCARD_LEAVE_CARD;

	if (c->transacting)
		SCardEndTransaction(c->card, disposition);
	if (c->connected)
		SCardDisconnect(c->card, disposition);
	if (c->open)
		SCardReleaseContext(c->context);
}

static void *connect_in_thread(void *arg)
{
	struct connection *c = arg;
	enum error e = connect_card(c);
	bool owned;

	pthread_mutex_lock(&c->lock);
	c->result = e;
	c->done = true;
	owned = c->owned;
	if (!c->wanted)
		disconnect_card(c, false);
	pthread_cond_signal(&c->changed);
	pthread_mutex_unlock(&c->lock);
	if (!owned)
		connection_free(c);
	return NULL;
}

/* All signals are blocked in it: the program's must not be delivered there. */
static bool start_thread(struct connection *c)
{
	pthread_t thread;
	sigset_t all, before;
	bool started;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	started = pthread_create(&thread, NULL, connect_in_thread, c) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (started)
		pthread_detach(thread);
	else
		log_error("%s: pthread_create failed; waiting for other programs without a limit", c->reader);
	return started;
}

/* The thread frees the connection when it is done; if it is done, this does. */
static void abandon(struct connection *c)
{
	bool done;

	pthread_mutex_lock(&c->lock);
	c->owned = false;
	done = c->done;
	pthread_mutex_unlock(&c->lock);
	if (done)
		connection_free(c);
}

/* Leaves one thread per reader waiting: pcscd has room for two hundred
 * connections, of all programs together. */
static void leave_waiting(struct pcsc *p, struct connection *c)
{
	struct connection **free_place = NULL;
	bool another = false;

	pthread_mutex_lock(&p->lock);
	for (size_t i = 0; i < READER_COUNT_MAX; i++)
		if (!p->left[i])
			free_place = &p->left[i];
		else if (strcmp(p->left[i]->reader, c->reader) == 0)
			another = true;
	if (free_place && !another) {
		*free_place = c;
		c = NULL;
	}
	pthread_mutex_unlock(&p->lock);
	if (c)
		abandon(c);
}

/* The connection that was left waiting for that reader, if it still is; NULL: none. */
static struct connection *join_waiting(struct pcsc *p, const char *reader)
{
	struct connection *c = NULL;
	bool done;

	pthread_mutex_lock(&p->lock);
	for (size_t i = 0; i < READER_COUNT_MAX && !c; i++)
		if (p->left[i] && strcmp(p->left[i]->reader, reader) == 0) {
			c = p->left[i];
			p->left[i] = NULL;
		}
	pthread_mutex_unlock(&p->lock);
	if (!c)
		return NULL;
	pthread_mutex_lock(&c->lock);
	done = c->done;
	c->wanted = true;
	pthread_mutex_unlock(&c->lock);
	if (done)
		connection_free(c);
	return done ? NULL : c;
}

/* SCardConnect does not return while another program's transaction lasts, and
 * cannot be interrupted. A thread therefore connects for us; when the time is over,
 * it goes on waiting for the next caller that wants this card, and disconnects when
 * there is none. *out: to be disconnected and freed, with any result, unless it is NULL. */
static enum error connect_within(struct pcsc *p, const char *reader, int wait_ms, struct connection **out)
{
	int64_t end = apdu_now_ms() + wait_ms;
	struct connection *c = join_waiting(p, reader);
	bool joined = c != NULL, done;
	enum error e = E_OK;

	if (!c)
		c = connection_new(reader);
	*out = c;
	if (!c)
		return E_MEMORY;
	if (!joined && !start_thread(c))
		return connect_card(c);
	pthread_mutex_lock(&c->lock);
	while (!c->done && e == E_OK) {
		int64_t now = apdu_now_ms(), until = now + LOOK_MS < end ? now + LOOK_MS : end;

		if (p->closing)
			e = E_CANCELLED;
		else if (now >= end)
			e = E_BUSY;
		else
			pcsc_sleep(&c->changed, &c->lock, until);
	}
	done = c->wanted = c->done;
	if (done)
		e = c->result;
	pthread_mutex_unlock(&c->lock);
	if (!done) {
		leave_waiting(p, c);
		*out = NULL;
	}
	return e;
}

/* The control code of a feature of PC/SC part 10; 0 when the reader has none. */
static DWORD find_feature(const struct connection *c, uint8_t feature)
{
	uint8_t list[64 * sizeof(PCSC_TLV_STRUCTURE)];
	const uint8_t *p = list;
	DWORD len = 0;

	if (SCardControl(c->card, CM_IOCTL_GET_FEATURE_REQUEST, NULL, 0, list, sizeof list, &len) != SCARD_S_SUCCESS)
		return 0;
	for (; len >= 6 && len <= sizeof list && p[1] == 4; p += 6, len -= 6)
		if (p[0] == feature)
			return (DWORD)p[2] << 24 | (DWORD)p[3] << 16 | (DWORD)p[4] << 8 | p[5];
	return 0;
}

/* Asks the reader, not the card. 0: not known. dwMaxAPDUDataSize is
 * little-endian, as part 10 says; 0 means short APDUs only. */
static size_t ask_longest_apdu(const struct connection *c)
{
	uint8_t properties[256];
	const uint8_t *p = properties;
	DWORD code = find_feature(c, FEATURE_GET_TLV_PROPERTIES), len = 0;

	if (!code || SCardControl(c->card, code, NULL, 0, properties, sizeof properties, &len) != SCARD_S_SUCCESS)
		return 0;
	if (len > sizeof properties)
		return 0;
	while (len >= 2 && len >= 2u + p[1]) {
		if (p[0] == PCSCv2_PART10_PROPERTY_dwMaxAPDUDataSize && p[1] == 4) {
			size_t data = (size_t)p[2] | (size_t)p[3] << 8 | (size_t)p[4] << 16 | (size_t)p[5] << 24;

			/* no command has more data than 64 KiB */
			return data ? (data < 0x10000 ? data : 0x10000) + 4 + 3 + 2 : SHORT_APDU_MAX;
		}
		len -= 2u + p[1];
		p += 2 + p[1];
	}
	return 0;
}

/* Inside the transaction: which insertion this is, and what the reader can do. Where
 * the reader is plugged in (bus and address for USB) shows that it was unplugged and
 * plugged in elsewhere, which pcscd does not report. */
static enum error identify(struct pcsc *p, const struct connection *c, struct reader_link *link)
{
	uint8_t value[8];
	DWORD len = sizeof value;
	uint32_t channel = 0;
	struct reader_state state = {0};
	struct pcsc_reader *r;
	enum error e;

	if (SCardGetAttrib(c->card, SCARD_ATTR_CHANNEL_ID, value, &len) == SCARD_S_SUCCESS && len >= sizeof channel)
		memcpy(&channel, value, sizeof channel);
	pthread_mutex_lock(&p->lock);
	e = pcsc_state(p, c->reader, channel, &state);
	link->insertion = state.insertion;
	r = e == E_OK ? pcsc_known(p, c->reader) : NULL;
	if (r && !r->asked) {
		r->max_apdu = ask_longest_apdu(c);
		r->asked = true;
	}
	link->max_apdu = r ? r->max_apdu : 0;
	pthread_mutex_unlock(&p->lock);
	return e;
}

/* A program may connect between our look at the reader and SCardConnect, as
 * many do when a card is inserted: it must not block a caller that waits briefly. Where
 * threads are forbidden this thread waits: pcscd does not distinguish a program that is
 * merely connected, perhaps for hours, from one in a transaction. */
static enum error pcsc_begin(void *self, const char *reader, int wait_ms, struct reader_link *link)
{
	struct reader_state state = {0};
	struct pcsc *p = self;
	struct connection *c = NULL;
	enum error e;

	if (p->closing)
		return E_CANCELLED;
	pthread_mutex_lock(&p->lock);
	e = pcsc_state(p, reader, 0, &state);
	pthread_mutex_unlock(&p->lock);
	if (e != E_OK)
		return e;
	if (p->may_create_threads && (state.in_use || wait_ms < MOMENT_MS)) {
		if (!state.in_use && wait_ms < POWER_MS)
			wait_ms = POWER_MS;
		e = connect_within(p, reader, wait_ms, &c);
	} else {
		c = connection_new(reader);
		e = c ? connect_card(c) : E_MEMORY;
	}
	*link = (struct reader_link){.self = c};
	if (e == E_OK)
		e = identify(p, c, link);
	if (e != E_OK && c) {
		disconnect_card(c, false);
		connection_free(c);
	}
	return e;
}

static enum error pcsc_transmit(struct reader_link *link, const uint8_t *apdu, size_t n, uint8_t *response, size_t *len)
{
	const struct connection *c = link->self;
	SCARD_IO_REQUEST pci = {c->protocol, sizeof pci};
	DWORD got = (DWORD)*len;
	LONG rc;

	/* T=0 carries no Le beside data: the card answers 61xx instead. */
	if (c->protocol == SCARD_PROTOCOL_T0 && n > 5 && apdu[4] && n == 6u + apdu[4])
		n--;
	rc = SCardTransmit(c->card, &pci, apdu, (DWORD)n, NULL, response, &got);
	*len = rc == SCARD_S_SUCCESS ? got : 0;
	if (rc != SCARD_S_SUCCESS)
		log_error("%s: SCardTransmit: %08lX", c->reader, (unsigned long)rc & 0xFFFFFFFF);
	return *len >= 2 ? E_OK : E_LINK; /* when the card is removed meanwhile: success without data */
}

static void pcsc_end(struct reader_link *link, bool power_off)
{
	disconnect_card(link->self, power_off);
	connection_free(link->self);
	link->self = NULL;
}

static enum error pcsc_open(void **self, bool may_create_threads)
{
	struct pcsc *p = calloc(1, sizeof *p);

	*self = p;
	if (!p)
		return E_MEMORY;
	p->epoch = 1;
	p->may_create_threads = may_create_threads;
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->woken, NULL);
	return E_OK;
}

static void pcsc_close(void *self)
{
	struct pcsc *p = self;

	for (size_t i = 0; i < READER_COUNT_MAX; i++)
		if (p->left[i])
			abandon(p->left[i]);
	if (p->waiter_open)
		SCardReleaseContext(p->waiter);
	if (p->connected)
		SCardReleaseContext(p->status);
	pthread_cond_destroy(&p->woken);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

const struct reader_ops pcsc_reader_ops = {
	.open = pcsc_open,
	.close = pcsc_close,
	.forget = free,
	.list = pcsc_list,
	.wait = pcsc_wait,
	.cancel = pcsc_cancel,
	.begin = pcsc_begin,
	.transmit = pcsc_transmit,
	.end = pcsc_end,
};
