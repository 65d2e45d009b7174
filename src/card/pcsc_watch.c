/* SPDX-License-Identifier: BSD-2-Clause */
/* The state of readers. The identity of an insertion is pcscd's count of events
 * in that reader, made whole by what pcscd forgets: its own restarts and the
 * times that the reader was unplugged. */
#include "config.h"
#include <string.h>
#include <time.h>
#include "base/log.h"
#include "card/apdu.h"
#include "card/pcsc.h"

#define NAMES_MAX (READER_COUNT_MAX * READER_NAME_MAX + 1)
#define SLICE_MS 3000   /* of a wait: pcsc-lite 1.9 sees new readers only while one call lasts */
#define RETRY_MS 1000   /* between looks for a pcscd that is not there */
#define CANCEL_MS 20    /* between wake-ups, until the waiter has come out */
#define CANCEL_ROUNDS 40
#define NEW_READERS "\\\\?PnP?\\Notification"

void pcsc_sleep(pthread_cond_t *cond, pthread_mutex_t *lock, int64_t until_ms)
{
	struct timespec t = {.tv_sec = (time_t)(until_ms / 1000), .tv_nsec = (long)(until_ms % 1000) * 1000000};

	pthread_cond_clockwait(cond, lock, CLOCK_MONOTONIC, &t);
}

static enum error open_context(SCARDCONTEXT *context, bool *open)
{
	LONG rc = *open ? SCARD_S_SUCCESS : SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, context);

	*open = rc == SCARD_S_SUCCESS;
	return pcsc_error(rc);
}

static void lose_status(struct pcsc *p)
{
	log_info("pcscd is gone, or began anew");
	SCardReleaseContext(p->status);
	p->connected = false;
	p->epoch++;
}

struct pcsc_reader *pcsc_known(struct pcsc *p, const char *reader)
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

static uint32_t make_insertion(struct pcsc *p, const char *reader, DWORD event_state)
{
	const struct pcsc_reader *r = pcsc_known(p, reader);
	uint32_t epoch = (uint32_t)p->epoch + (r ? r->plugged : 0u);
	uint32_t counter = (uint32_t)(event_state >> 16) & 0xFFFF;

	if (!(event_state & SCARD_STATE_PRESENT))
		return 0;
	epoch &= 0xFFFF;
	return (epoch ? epoch : 1) << 16 | counter;
}

/* Readers that came back since they were last seen. */
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

static size_t split_names(const char *names, DWORD len, SCARD_READERSTATE *found)
{
	size_t n = 0;

	while (n < READER_COUNT_MAX && len > 1 && *names) {
		DWORD size = (DWORD)strnlen(names, len) + 1;

		found[n++] = (SCARD_READERSTATE){.szReader = names};
		names += size;
		len = size < len ? len - size : 0;
	}
	return n;
}

/* With the lock held and status connected. */
static LONG look(struct pcsc *p, char names[NAMES_MAX], SCARD_READERSTATE *found, size_t *n)
{
	DWORD len = NAMES_MAX;
	LONG rc = SCardListReaders(p->status, NULL, names, &len);

	*n = 0;
	if (rc == SCARD_E_NO_READERS_AVAILABLE)
		len = 0;
	else if (rc != SCARD_S_SUCCESS)
		return rc;
	*n = split_names(names, len, found);
	notice_plugging(p, found, *n);
	return *n ? SCardGetStatusChange(p->status, 0, found, (DWORD)*n) : SCARD_S_SUCCESS;
}

/* Twice: pcscd may have begun anew, a reader may go between list and look. */
static enum error look_well(struct pcsc *p, char names[NAMES_MAX], SCARD_READERSTATE *found, size_t *n)
{
	enum error e = E_OK;

	for (int i = 0; i < 2; i++) {
		LONG rc;

		e = open_context(&p->status, &p->connected);
		if (e != E_OK)
			return e;
		rc = look(p, names, found, n);
		if (rc == SCARD_S_SUCCESS || rc == SCARD_E_TIMEOUT)
			return E_OK;
		if (pcsc_is_lost(rc))
			lose_status(p);
		e = pcsc_error(rc);
	}
	return e;
}

static enum error list_locked(struct pcsc *p, struct reader_state *states, size_t *count)
{
	char names[NAMES_MAX];
	SCARD_READERSTATE found[READER_COUNT_MAX];
	size_t n = 0, room = *count;
	enum error e;

	*count = 0;
	e = look_well(p, names, found, &n);
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

enum error pcsc_list(void *self, struct reader_state *states, size_t *count)
{
	struct pcsc *p = self;
	enum error e;

	pthread_mutex_lock(&p->lock);
	e = list_locked(p, states, count);
	pthread_mutex_unlock(&p->lock);
	return e;
}

enum error pcsc_state(struct pcsc *p, const char *reader, uint32_t channel, struct reader_state *state)
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

/* Blocks in pcscd, without the lock, until something is other than seen. */
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
	if (pcsc_is_lost(rc)) {
		SCardReleaseContext(waiter);
		p->waiter_open = false;
	}
}

/* One look and, when nothing is new, one slice of waiting. True: come out. */
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

enum error pcsc_wait(void *self, const struct reader_state *seen, size_t count, int timeout_ms)
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

/* A cancel that comes before the waiter is inside pcscd is lost there: it is repeated until the waiter is out. */
void pcsc_cancel(void *self)
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
