/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines: src/card/pcsc.c */
/* A hostile pcscd: whatever libpcsclite may answer, and an SCardConnect that does not return. What was opened is closed,
 * once, and nothing goes to a card outside of a transaction. */
#include <errno.h>
#include <pthread.h>
#include <reader.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>
#include <winscard.h>
#include "base/os.h"
#include "card/reader.h"
#include "fuzz.h"

static struct {
	struct bytes in;
	int contexts, cards, transactions;
	bool transacting;
	bool held; /* threads do not come back from SCardConnect */
	pthread_t self;
} world;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of all above */
static pthread_cond_t released = PTHREAD_COND_INITIALIZER;
static atomic_int threads;

static void leave(int *entered)
{
	(void)entered;
	pthread_mutex_unlock(&lock);
}

static int enter(void)
{
	return pthread_mutex_lock(&lock);
}

/* Until the function ends. */
#define LOCKED __attribute__((cleanup(leave), unused)) int entered = enter()

struct started {
	void *(*run)(void *);
	void *arg;
};

static void *count_thread(void *arg)
{
	struct started s = *(struct started *)arg;

	free(arg);
	s.run(s.arg);
	threads--;
	return NULL;
}

int __real_pthread_create(pthread_t *t, const pthread_attr_t *attr, void *(*run)(void *), void *arg);
int __wrap_pthread_create(pthread_t *t, const pthread_attr_t *attr, void *(*run)(void *), void *arg);

int __wrap_pthread_create(pthread_t *t, const pthread_attr_t *attr, void *(*run)(void *), void *arg)
{
	struct started *s = malloc(sizeof *s);

	MUST(s != NULL);
	*s = (struct started){run, arg};
	threads++;
	return __real_pthread_create(t, attr, count_thread, s);
}

/* Who waits for a thread that is held does not wait in vain: its time passes at once. */
static long ahead_ms;

int __real_clock_gettime(clockid_t id, struct timespec *t);
int __wrap_clock_gettime(clockid_t id, struct timespec *t);
int __wrap___clock_gettime64(clockid_t id, struct timespec *t);

int __wrap_clock_gettime(clockid_t id, struct timespec *t)
{
	int done = __real_clock_gettime(id, t);

	t->tv_sec += ahead_ms / 1000;
	return done;
}

int __wrap___clock_gettime64(clockid_t id, struct timespec *t)
{
	return __wrap_clock_gettime(id, t);
}

int __real_os_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex, const struct timespec *until);
int __wrap_os_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex, const struct timespec *until);

int __wrap_os_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex, const struct timespec *until)
{
	struct timespec t = *until;

	t.tv_sec -= ahead_ms / 1000;
	ahead_ms += world.held ? 1000 : 0;
	return world.held ? ETIMEDOUT : __real_os_cond_wait(cond, mutex, &t);
}

static void hold(bool on)
{
	LOCKED;
	world.held = on;
	pthread_cond_broadcast(&released);
}

static uint8_t take(void)
{
	LOCKED;
	return feed_byte(&world.in);
}

/* Success more often than not. */
static LONG answer(void)
{
	static const LONG codes[] = {SCARD_E_NO_SERVICE, SCARD_E_SERVICE_STOPPED, SCARD_E_INVALID_HANDLE, SCARD_F_COMM_ERROR,
	                             SCARD_E_NO_READERS_AVAILABLE, SCARD_E_UNKNOWN_READER, SCARD_E_NO_SMARTCARD,
	                             SCARD_W_REMOVED_CARD, SCARD_W_UNRESPONSIVE_CARD, SCARD_E_SHARING_VIOLATION,
	                             SCARD_W_SECURITY_VIOLATION, SCARD_E_NO_MEMORY, SCARD_E_CANCELLED, SCARD_W_RESET_CARD,
	                             SCARD_E_TIMEOUT, SCARD_E_PROTO_MISMATCH, SCARD_F_INTERNAL_ERROR, SCARD_E_SERVER_TOO_BUSY};
	uint8_t what = feed_byte(&world.in);

	return what < 0x80 ? SCARD_S_SUCCESS : codes[what % (sizeof codes / sizeof *codes)];
}

LONG SCardEstablishContext(DWORD scope, LPCVOID a, LPCVOID b, LPSCARDCONTEXT context)
{
	LOCKED;
	LONG rc = answer();

	(void)scope, (void)a, (void)b;
	if (rc == SCARD_S_SUCCESS)
		*context = 1 + world.contexts++;
	return rc;
}

LONG SCardReleaseContext(SCARDCONTEXT context)
{
	LOCKED;
	(void)context;
	MUST(--world.contexts >= 0);
	return answer();
}

/* Names as long as they may be, of any bytes but the one that ends them. */
LONG SCardListReaders(SCARDCONTEXT context, LPCSTR groups, LPSTR names, LPDWORD len)
{
	LOCKED;
	size_t n = feed_byte(&world.in) % 20, at = 0;
	LONG rc = answer();

	(void)context, (void)groups;
	for (size_t i = 0; i < n; i++) {
		struct bytes name = feed_take(&world.in, feed_byte(&world.in) % 140);

		if (at + name.len + 8 > *len)
			return SCARD_E_INSUFFICIENT_BUFFER;
		if (name.len && name.data[0] == 0) {
			at += (size_t)sprintf(names + at, "Reader") + 1;
			continue;
		}
		for (size_t k = 0; k < name.len; k++)
			names[at++] = (char)(name.data[k] ? name.data[k] : '?');
		if (name.len)
			names[at++] = '\0';
	}
	names[at++] = '\0';
	*len = (DWORD)at;
	return rc;
}

LONG SCardGetStatusChange(SCARDCONTEXT context, DWORD timeout, SCARD_READERSTATE *states, DWORD n)
{
	LOCKED;
	(void)context, (void)timeout;
	for (DWORD i = 0; i < n; i++) {
		struct bytes atr = feed_take(&world.in, feed_byte(&world.in) % (MAX_ATR_SIZE + 1));

		MUST(states[i].szReader && strlen(states[i].szReader) < 4096);
		states[i].dwEventState = (DWORD)feed_number(&world.in) << 16 | (DWORD)feed_number(&world.in);
		if (atr.len)
			memcpy(states[i].rgbAtr, atr.data, atr.len);
		states[i].cbAtr = atr.len == MAX_ATR_SIZE ? 255 : (DWORD)atr.len;
	}
	return answer();
}

LONG SCardCancel(SCARDCONTEXT context)
{
	LOCKED;
	(void)context;
	return answer();
}

LONG SCardConnect(SCARDCONTEXT context, LPCSTR reader, DWORD share, DWORD protocols, LPSCARDHANDLE card, LPDWORD protocol)
{
	LOCKED;
	LONG rc;

	(void)context, (void)reader, (void)share, (void)protocols;
	while (world.held && !pthread_equal(world.self, pthread_self()))
		pthread_cond_wait(&released, &lock);
	rc = answer();
	if (rc == SCARD_S_SUCCESS) {
		*card = 1 + world.cards++;
		*protocol = feed_byte(&world.in) & 1 ? SCARD_PROTOCOL_T0 : SCARD_PROTOCOL_T1;
	}
	return rc;
}

LONG SCardReconnect(SCARDHANDLE card, DWORD share, DWORD protocols, DWORD initialization, LPDWORD protocol)
{
	LOCKED;
	(void)card, (void)share, (void)protocols;
	MUST(initialization == SCARD_LEAVE_CARD);
	*protocol = SCARD_PROTOCOL_T1;
	return answer();
}

LONG SCardBeginTransaction(SCARDHANDLE card)
{
	LOCKED;
	LONG rc = answer();

	(void)card;
	MUST(!world.transacting);
	world.transacting = rc == SCARD_S_SUCCESS;
	return rc;
}

LONG SCardEndTransaction(SCARDHANDLE card, DWORD disposition)
{
	LOCKED;
	(void)card, (void)disposition;
	MUST(world.transacting);
	world.transacting = false;
	return answer();
}

LONG SCardDisconnect(SCARDHANDLE card, DWORD disposition)
{
	LOCKED;
	(void)card, (void)disposition;
	MUST(--world.cards >= 0 && !world.transacting);
	return answer();
}

LONG SCardTransmit(SCARDHANDLE card, const SCARD_IO_REQUEST *pci, LPCBYTE apdu, DWORD n, SCARD_IO_REQUEST *out, LPBYTE response,
                   LPDWORD len)
{
	LOCKED;
	struct bytes data = feed_take(&world.in, feed_byte(&world.in));

	(void)card, (void)pci, (void)apdu, (void)out;
	MUST(world.transacting && n >= 4 && *len >= READER_RESPONSE_MAX);
	if (data.len)
		memcpy(response, data.data, data.len);
	*len = (DWORD)data.len;
	return answer();
}

LONG SCardGetAttrib(SCARDHANDLE card, DWORD id, LPBYTE value, LPDWORD len)
{
	LOCKED;
	struct bytes data = feed_take(&world.in, feed_byte(&world.in) % 9);

	(void)card, (void)id;
	if (data.len > *len)
		return SCARD_E_INSUFFICIENT_BUFFER;
	if (data.len)
		memcpy(value, data.data, data.len);
	*len = (DWORD)data.len;
	return answer();
}

LONG SCardControl(SCARDHANDLE card, DWORD code, LPCVOID in, DWORD in_len, LPVOID out, DWORD out_len, LPDWORD len)
{
	LOCKED;
	uint8_t n = feed_byte(&world.in);
	struct bytes data = feed_take(&world.in, n < out_len ? n : out_len);

	(void)card, (void)code, (void)in, (void)in_len;
	if (data.len)
		memcpy(out, data.data, data.len);
	*len = n == 255 ? 0x7FFFFFFF : (DWORD)data.len; /* a driver may say what it likes */
	return answer();
}

const SCARD_IO_REQUEST g_rgSCardT0Pci, g_rgSCardT1Pci;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t response[READER_RESPONSE_MAX];
	static const uint8_t apdu[] = {0x00, 0xA4, 0x04, 0x00, 2, 0x3F, 0x00, 0x00};
	const struct reader_ops *ops = &pcsc_reader_ops;
	struct reader_state states[READER_COUNT_MAX];
	struct reader_link link;
	const int others = threads; /* libFuzzer's own */
	void *self;

	memset(&world, 0, sizeof world);
	world.in = (struct bytes){data, size};
	world.self = pthread_self();
	MUST(ops->open(&self, take() & 1) == E_OK);
	for (size_t i = 0; i < 16 && world.in.len; i++) {
		size_t n = READER_COUNT_MAX, len = sizeof response;
		enum error e = ops->list(self, states, &n);

		MUST(e == E_OK || n == 0);
		MUST(n <= READER_COUNT_MAX);
		for (size_t k = 0; k < n; k++)
			MUST(memchr(states[k].name, 0, READER_NAME_MAX) && states[k].atr_len <= READER_ATR_MAX &&
			     states[k].present == (states[k].insertion != 0));
		hold(take() % 4 == 1);
		if (n && (e = ops->begin(self, states[i % n].name, world.held ? 1 : 60000, &link)) == E_OK) {
			MUST(link.insertion && world.transacting);
			e = ops->transmit(&link, apdu, sizeof apdu, response, &len);
			MUST(len <= sizeof response && (e == E_OK) == (len >= 2));
			ops->end(&link, take() & 1);
		}
		if (take() & 1)
			hold(false);
		ops->wait(self, states, n, 0);
	}
	ops->cancel(self);
	ops->close(self);
	hold(false);
	while (threads != others)
		usleep(100);
	MUST(!world.transacting && world.cards == 0);
	MUST(world.contexts == 0);
	return 0;
}
