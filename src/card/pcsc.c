/* SPDX-License-Identifier: BSD-2-Clause */
/* Cards through PC/SC: a context, a connection and a transaction of its own for
 * each operation, and nothing kept after it. */
#include <reader.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "base/log.h"
#include "card/apdu.h"
#include "card/pcsc.h"

enum error pcsc_error(LONG rc)
{
	switch (rc) {
	case SCARD_S_SUCCESS:
		return E_OK;
	case SCARD_E_NO_SERVICE:
	case SCARD_E_SERVICE_STOPPED:
	case SCARD_E_SERVER_TOO_BUSY:
	case SCARD_E_INVALID_HANDLE:
	case SCARD_F_COMM_ERROR:
		return E_NO_SERVICE;
	case SCARD_E_NO_READERS_AVAILABLE:
	case SCARD_E_UNKNOWN_READER:
	case SCARD_E_READER_UNAVAILABLE:
		return E_NO_READER;
	case SCARD_E_NO_SMARTCARD:
	case SCARD_W_REMOVED_CARD:
		return E_NO_CARD;
	case SCARD_W_UNRESPONSIVE_CARD:
	case SCARD_W_UNPOWERED_CARD:
	case SCARD_W_UNSUPPORTED_CARD:
	case SCARD_E_PROTO_MISMATCH:
		return E_MUTE;
	case SCARD_E_SHARING_VIOLATION:
		return E_BUSY;
	case SCARD_W_SECURITY_VIOLATION:
	case SCARD_E_NO_ACCESS:
		return E_DENIED;
	case SCARD_E_NO_MEMORY:
		return E_MEMORY;
	case SCARD_E_CANCELLED:
	case SCARD_E_SYSTEM_CANCELLED:
		return E_CANCELLED;
	case SCARD_W_RESET_CARD:
	case SCARD_E_NOT_TRANSACTED:
	case SCARD_E_COMM_DATA_LOST:
	case SCARD_E_TIMEOUT:
		return E_LINK;
	default:
		return E_INTERNAL;
	}
}

bool pcsc_is_lost(LONG rc)
{
	return rc == SCARD_E_NO_SERVICE || rc == SCARD_E_SERVICE_STOPPED || rc == SCARD_E_INVALID_HANDLE ||
	       rc == SCARD_F_COMM_ERROR;
}

/* One operation's hold on a card. */
struct hold {
	char reader[READER_NAME_MAX];
	SCARDCONTEXT context;
	SCARDHANDLE card;
	DWORD protocol;
	bool open, connected, transacting;

	/* of a thread that takes hold for others, under lock */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool wanted; /* somebody waits for it; otherwise the card is let go as soon as it is had */
	bool owned;  /* somebody will free it; otherwise the thread does */
	bool done;
	enum error result;
};

static struct hold *hold_new(const char *reader)
{
	struct hold *h = calloc(1, sizeof *h);

	if (!h)
		return NULL;
	memcpy(h->reader, reader, strnlen(reader, sizeof h->reader - 1));
	h->wanted = h->owned = true;
	pthread_mutex_init(&h->lock, NULL);
	pthread_cond_init(&h->changed, NULL);
	return h;
}

static void hold_free(struct hold *h)
{
	pthread_cond_destroy(&h->changed);
	pthread_mutex_destroy(&h->lock);
	free(h);
}

static enum error logged(const char *reader, const char *what, LONG rc)
{
	enum error e = pcsc_error(rc);

	if (e != E_OK)
		log_error("%s: %s: %s (%08lX)", reader, what, error_text(e), (unsigned long)rc & 0xFFFFFFFF);
	return e;
}

/* Another program, or pcscd's power saving, may have reset the card since: that
 * is told once, and a reconnection takes note of it. */
static LONG begin_transaction(struct hold *h)
{
	LONG rc = SCardBeginTransaction(h->card);

	if (rc != SCARD_W_RESET_CARD)
		return rc;
	rc = SCardReconnect(h->card, SCARD_SHARE_SHARED, SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1, SCARD_LEAVE_CARD,
	                    &h->protocol);
	return rc == SCARD_S_SUCCESS ? SCardBeginTransaction(h->card) : rc;
}

static enum error take_hold(struct hold *h)
{
	LONG rc = SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &h->context);

	h->open = rc == SCARD_S_SUCCESS;
	if (!h->open)
		return logged(h->reader, "SCardEstablishContext", rc);
	rc = SCardConnect(h->context, h->reader, SCARD_SHARE_SHARED, SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1,
	                  &h->card, &h->protocol);
	h->connected = rc == SCARD_S_SUCCESS;
	if (!h->connected)
		return logged(h->reader, "SCardConnect", rc);
	rc = begin_transaction(h);
	h->transacting = rc == SCARD_S_SUCCESS;
	return logged(h->reader, "SCardBeginTransaction", rc);
}

/* While the transaction lasts, so that nobody finds the card unlocked between
 * its end and the power-off. */
static void let_go(const struct hold *h, bool power_off)
{
	DWORD disposition = power_off ? SCARD_UNPOWER_CARD : SCARD_LEAVE_CARD;

	if (h->transacting)
		SCardEndTransaction(h->card, disposition);
	if (h->connected)
		SCardDisconnect(h->card, disposition);
	if (h->open)
		SCardReleaseContext(h->context);
}

static void *take_hold_in_thread(void *arg)
{
	struct hold *h = arg;
	enum error e = take_hold(h);
	bool owned;

	pthread_mutex_lock(&h->lock);
	h->result = e;
	h->done = true;
	owned = h->owned;
	if (!h->wanted)
		let_go(h, false);
	pthread_cond_signal(&h->changed);
	pthread_mutex_unlock(&h->lock);
	if (!owned)
		hold_free(h);
	return NULL;
}

/* No signal of the host's is delivered to it. */
static bool start_thread(struct hold *h)
{
	pthread_t thread;
	sigset_t all, before;
	bool started;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	started = pthread_create(&thread, NULL, take_hold_in_thread, h) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (started)
		pthread_detach(thread);
	else
		log_error("%s: pthread_create failed; waiting for other programs without a limit", h->reader);
	return started;
}

#define LOOK_MS 20 /* how soon a wait notices pcsc_cancel */

static void disown(struct hold *h)
{
	bool done;

	pthread_mutex_lock(&h->lock);
	h->owned = false;
	done = h->done;
	pthread_mutex_unlock(&h->lock);
	if (done)
		hold_free(h);
}

/* One thread per reader is left waiting: pcscd has room for two hundred
 * connections, of all programs together. */
static void leave_waiting(struct pcsc *p, struct hold *h)
{
	struct hold **free_place = NULL;
	bool another = false;

	pthread_mutex_lock(&p->lock);
	for (size_t i = 0; i < READER_COUNT_MAX; i++)
		if (!p->left[i])
			free_place = &p->left[i];
		else if (strcmp(p->left[i]->reader, h->reader) == 0)
			another = true;
	if (free_place && !another) {
		*free_place = h;
		h = NULL;
	}
	pthread_mutex_unlock(&p->lock);
	if (h)
		disown(h);
}

/* The one that was left waiting for that reader, if it still does. */
static struct hold *join_waiting(struct pcsc *p, const char *reader)
{
	struct hold *h = NULL;
	bool done;

	pthread_mutex_lock(&p->lock);
	for (size_t i = 0; i < READER_COUNT_MAX && !h; i++)
		if (p->left[i] && strcmp(p->left[i]->reader, reader) == 0) {
			h = p->left[i];
			p->left[i] = NULL;
		}
	pthread_mutex_unlock(&p->lock);
	if (!h)
		return NULL;
	pthread_mutex_lock(&h->lock);
	done = h->done;
	h->wanted = true;
	pthread_mutex_unlock(&h->lock);
	if (done)
		hold_free(h);
	return done ? NULL : h;
}

/* SCardConnect does not return while another program's transaction lasts, and
 * nothing makes it. A thread therefore takes hold for us; when we go away first,
 * it goes on waiting for the next who wants this card, and lets go by itself when
 * there is none. *out: to be let go, with any result; NULL: nothing to let go. */
static enum error take_hold_within(struct pcsc *p, const char *reader, int wait_ms, struct hold **out)
{
	int64_t end = apdu_now_ms() + wait_ms;
	struct hold *h = join_waiting(p, reader);
	bool joined = h != NULL, done;
	enum error e = E_OK;

	if (!h)
		h = hold_new(reader);
	*out = h;
	if (!h)
		return E_MEMORY;
	if (!joined && !start_thread(h))
		return take_hold(h);
	pthread_mutex_lock(&h->lock);
	while (!h->done && e == E_OK) {
		int64_t now = apdu_now_ms(), until = now + LOOK_MS < end ? now + LOOK_MS : end;

		if (p->closing)
			e = E_CANCELLED;
		else if (now >= end)
			e = E_BUSY;
		else
			pcsc_sleep(&h->changed, &h->lock, until);
	}
	done = h->wanted = h->done;
	if (done)
		e = h->result;
	pthread_mutex_unlock(&h->lock);
	if (!done) {
		leave_waiting(p, h);
		*out = NULL;
	}
	return e;
}

/* Where the reader is plugged in (bus and address for USB): another place is
 * another plugging, which pcscd does not tell otherwise. */
static uint32_t ask_channel(const struct hold *h)
{
	uint8_t value[8];
	DWORD len = sizeof value;
	uint32_t channel = 0;

	if (SCardGetAttrib(h->card, SCARD_ATTR_CHANNEL_ID, value, &len) != SCARD_S_SUCCESS || len < sizeof channel)
		return 0;
	memcpy(&channel, value, sizeof channel);
	return channel;
}

/* The control code of a feature of PC/SC part 10; 0 when the reader has none. */
static DWORD find_feature(const struct hold *h, uint8_t feature)
{
	uint8_t list[64 * sizeof(PCSC_TLV_STRUCTURE)];
	const uint8_t *p = list;
	DWORD len = 0;

	if (SCardControl(h->card, CM_IOCTL_GET_FEATURE_REQUEST, NULL, 0, list, sizeof list, &len) !=
	    SCARD_S_SUCCESS)
		return 0;
	for (; len >= 6 && len <= sizeof list && p[1] == 4; p += 6, len -= 6)
		if (p[0] == feature)
			return (DWORD)p[2] << 24 | (DWORD)p[3] << 16 | (DWORD)p[4] << 8 | p[5];
	return 0;
}

#define SHORT_APDU_MAX 261

/* Asks the reader, not the card. 0 when it does not tell. dwMaxAPDUDataSize is
 * little-endian, as part 10 has it; 0 says short APDUs only. */
static size_t ask_longest_apdu(const struct hold *h)
{
	uint8_t properties[256];
	const uint8_t *p = properties;
	DWORD code = find_feature(h, FEATURE_GET_TLV_PROPERTIES), len = 0;

	if (!code || SCardControl(h->card, code, NULL, 0, properties, sizeof properties, &len) != SCARD_S_SUCCESS)
		return 0;
	if (len > sizeof properties)
		return 0;
	while (len >= 2 && len >= 2u + p[1]) {
		if (p[0] == PCSCv2_PART10_PROPERTY_dwMaxAPDUDataSize && p[1] == 4) {
			size_t data = (size_t)p[2] | (size_t)p[3] << 8 | (size_t)p[4] << 16 | (size_t)p[5] << 24;

			return data ? data + 4 + 3 + 2 : SHORT_APDU_MAX;
		}
		len -= 2u + p[1];
		p += 2 + p[1];
	}
	return 0;
}

/* Inside the transaction: which insertion this is, and what the reader can do. */
static enum error identify(struct pcsc *p, const struct hold *h, struct reader_link *link)
{
	uint32_t channel = ask_channel(h);
	struct reader_state state = {0};
	struct pcsc_reader *r;
	enum error e;

	pthread_mutex_lock(&p->lock);
	e = pcsc_state(p, h->reader, channel, &state);
	link->insertion = state.insertion;
	r = e == E_OK ? pcsc_known(p, h->reader) : NULL;
	if (r && !r->asked) {
		r->max_apdu = ask_longest_apdu(h);
		r->asked = true;
	}
	link->max_apdu = r ? r->max_apdu : 0;
	pthread_mutex_unlock(&p->lock);
	return e;
}

#define MOMENT_MS 1000
#define POWER_MS 2000 /* pcscd has taken a card's power that nobody was connected to; readers need up to a second */

/* A program that connects between our look at the reader and SCardConnect, as
 * many do when a card comes in, must not keep those who have but a moment. Where
 * threads are forbidden we wait ourselves: pcscd does not tell a program that is
 * merely connected, perhaps for hours, from one in a transaction. */
static enum error pcsc_begin(void *self, const char *reader, int wait_ms, struct reader_link *link)
{
	struct reader_state state = {0};
	struct pcsc *p = self;
	struct hold *h = NULL;
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
		e = take_hold_within(p, reader, wait_ms, &h);
	} else {
		h = hold_new(reader);
		e = h ? take_hold(h) : E_MEMORY;
	}
	*link = (struct reader_link){.self = h};
	if (e == E_OK)
		e = identify(p, h, link);
	if (e != E_OK && h) {
		let_go(h, false);
		hold_free(h);
	}
	return e;
}

static enum error pcsc_transmit(struct reader_link *link, const uint8_t *apdu, size_t n, uint8_t *response,
                                size_t *len)
{
	const struct hold *h = link->self;
	SCARD_IO_REQUEST pci = {h->protocol, sizeof pci};
	DWORD got = (DWORD)*len;
	LONG rc;

	/* T=0 carries no Le beside data: the card answers 61xx instead. */
	if (h->protocol == SCARD_PROTOCOL_T0 && n > 5 && apdu[4] && n == 6u + apdu[4])
		n--;
	rc = SCardTransmit(h->card, &pci, apdu, (DWORD)n, NULL, response, &got);
	*len = rc == SCARD_S_SUCCESS ? got : 0;
	if (rc != SCARD_S_SUCCESS)
		log_error("%s: SCardTransmit: %08lX", h->reader, (unsigned long)rc & 0xFFFFFFFF);
	return *len >= 2 ? E_OK : E_LINK; /* a card pulled meanwhile: success, and nothing */
}

static void pcsc_end(struct reader_link *link, bool power_off)
{
	let_go(link->self, power_off);
	hold_free(link->self);
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
			disown(p->left[i]);
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
