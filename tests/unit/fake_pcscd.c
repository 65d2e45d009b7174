/* SPDX-License-Identifier: BSD-2-Clause */
#include <pthread.h>
#include <stdio.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <reader.h>
#include "fake_pcscd.h"

struct fake_pcscd pcscd;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool cancelled;

/* A context is the generation that it was made in; a card is its slot. */
enum { CARD_BASE = 1000 };

void pcscd_lock(void)
{
	pthread_mutex_lock(&lock);
}

void pcscd_unlock(void)
{
	pthread_mutex_unlock(&lock);
}

void pcscd_reset(void)
{
	pcscd = (struct fake_pcscd){.generation = 1};
	cancelled = false;
}

struct fake_slot *pcscd_slot(const char *name, bool present)
{
	struct fake_slot *s = &pcscd.slots[pcscd.n_slots++];

	*s = (struct fake_slot){.present = present, .events = 1, .max_data = -1, .protocol = SCARD_PROTOCOL_T1};
	snprintf(s->name, sizeof s->name, "%s", name);
	return s;
}

static bool alive(SCARDCONTEXT context)
{
	return pcscd.generation && (unsigned)context == pcscd.generation;
}

static struct fake_slot *find(const char *name)
{
	for (int i = 0; i < pcscd.n_slots; i++)
		if (strcmp(pcscd.slots[i].name, name) == 0)
			return &pcscd.slots[i];
	return NULL;
}

static struct fake_slot *slot_of(SCARDHANDLE card)
{
	return &pcscd.slots[card - CARD_BASE];
}

static void be_busy(int ms)
{
	pcscd.busy = ms > 0;
	nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000L}, NULL);
}

LONG SCardEstablishContext(DWORD scope, LPCVOID a, LPCVOID b, LPSCARDCONTEXT context)
{
	LONG rc = SCARD_E_NO_SERVICE;

	(void)scope, (void)a, (void)b;
	pcscd_lock();
	be_busy(pcscd.establish_ms);
	if (pcscd.generation)
		rc = pcscd.establish;
	*context = (SCARDCONTEXT)pcscd.generation;
	pcscd.contexts += rc == SCARD_S_SUCCESS;
	pcscd_unlock();
	return rc;
}

LONG SCardReleaseContext(SCARDCONTEXT context)
{
	(void)context;
	pcscd_lock();
	pcscd.contexts--;
	pcscd_unlock();
	return SCARD_S_SUCCESS;
}

LONG SCardListReaders(SCARDCONTEXT context, LPCSTR groups, LPSTR names, LPDWORD len)
{
	DWORD at = 0;
	LONG rc = SCARD_E_NO_SERVICE;

	(void)groups;
	pcscd_lock();
	be_busy(pcscd.list_ms);
	if (alive(context)) {
		for (int i = 0; i < pcscd.n_slots; i++) {
			strcpy(names + at, pcscd.slots[i].name);
			at += (DWORD)strlen(pcscd.slots[i].name) + 1;
		}
		names[at++] = '\0';
		rc = pcscd.n_slots ? SCARD_S_SUCCESS : SCARD_E_NO_READERS_AVAILABLE;
	}
	pcscd_unlock();
	*len = at;
	return rc;
}

static bool fill(SCARD_READERSTATE *s)
{
	const struct fake_slot *slot = find(s->szReader);
	DWORD old = s->dwCurrentState;

	if (!slot)
		return false;
	s->dwEventState = (DWORD)slot->events << 16 | (slot->present ? SCARD_STATE_PRESENT : SCARD_STATE_EMPTY) |
			  (slot->mute ? SCARD_STATE_MUTE : 0) | (slot->held ? SCARD_STATE_INUSE : 0);
	/* as pcsc-lite does: a count of zero stands for any, and a card that is used has not changed */
	return (old >> 16 && old >> 16 != s->dwEventState >> 16) ||
	       ((old ^ s->dwEventState) & (SCARD_STATE_PRESENT | SCARD_STATE_EMPTY | SCARD_STATE_MUTE));
}

static LONG look(SCARDCONTEXT context, SCARD_READERSTATE *states, DWORD n, int readers)
{
	bool changed = false;

	if (!alive(context))
		return SCARD_E_NO_SERVICE;
	for (DWORD i = 0; i < n; i++) {
		if (states[i].szReader[0] == '\\')
			changed |= pcscd.n_slots != readers;
		else if (!find(states[i].szReader))
			return SCARD_E_UNKNOWN_READER;
		else
			changed |= fill(&states[i]);
	}
	if (cancelled && !pcscd.deaf) {
		cancelled = false;
		return SCARD_E_CANCELLED;
	}
	return changed ? SCARD_S_SUCCESS : SCARD_E_TIMEOUT;
}

LONG SCardGetStatusChange(SCARDCONTEXT context, DWORD timeout, SCARD_READERSTATE *states, DWORD n)
{
	struct timespec ms = {0, 1000000};
	LONG rc;
	int readers;

	pcscd_lock();
	readers = pcscd.n_slots;
	pcscd.waits += timeout > 0;
	rc = look(context, states, n, readers);
	for (DWORD waited = 0; rc == SCARD_E_TIMEOUT && waited < timeout; waited++) {
		pcscd_unlock();
		nanosleep(&ms, NULL);
		pcscd_lock();
		rc = look(context, states, n, readers);
	}
	pcscd_unlock();
	return rc;
}

LONG SCardCancel(SCARDCONTEXT context)
{
	(void)context;
	pcscd_lock();
	cancelled = !pcscd.deaf;
	pcscd_unlock();
	return SCARD_S_SUCCESS;
}

LONG SCardConnect(SCARDCONTEXT context, LPCSTR reader, DWORD share, DWORD protocols, LPSCARDHANDLE card,
                  LPDWORD protocol)
{
	struct fake_slot *s = find(reader);
	struct timespec ms = {0, 1000000};
	sigset_t mask;

	if (!alive(context))
		return SCARD_E_NO_SERVICE;
	if (!s)
		return SCARD_E_UNKNOWN_READER;
	for (int i = 0; i < s->power_ms; i++)
		nanosleep(&ms, NULL);
	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	pcscd_lock();
	pcscd.connected_by = pthread_self();
	if (s->held)
		pcscd.signals_blocked = sigismember(&mask, SIGINT) && sigismember(&mask, SIGALRM);
	while (s->held) {
		pcscd_unlock();
		nanosleep(&ms, NULL);
		pcscd_lock();
	}
	pcscd_unlock();
	if (share != SCARD_SHARE_SHARED || protocols != (SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1))
		return SCARD_E_INVALID_PARAMETER;
	if (s->connect != SCARD_S_SUCCESS)
		return s->connect;
	if (!s->present)
		return SCARD_E_NO_SMARTCARD;
	*card = (SCARDHANDLE)(CARD_BASE + (s - pcscd.slots));
	*protocol = s->protocol;
	pcscd.connections++;
	return SCARD_S_SUCCESS;
}

LONG SCardReconnect(SCARDHANDLE card, DWORD share, DWORD protocols, DWORD initialization, LPDWORD protocol)
{
	(void)share, (void)protocols, (void)initialization;
	*protocol = slot_of(card)->protocol;
	pcscd.reconnections++;
	return SCARD_S_SUCCESS;
}

LONG SCardBeginTransaction(SCARDHANDLE card)
{
	LONG rc = slot_of(card)->transaction;

	slot_of(card)->transaction = SCARD_S_SUCCESS;
	pcscd.transactions += rc == SCARD_S_SUCCESS;
	return rc;
}

LONG SCardEndTransaction(SCARDHANDLE card, DWORD disposition)
{
	(void)card;
	pcscd.transactions--;
	pcscd.ended = disposition;
	return SCARD_S_SUCCESS;
}

LONG SCardDisconnect(SCARDHANDLE card, DWORD disposition)
{
	(void)card;
	pcscd.connections--;
	pcscd.disconnected = disposition;
	return SCARD_S_SUCCESS;
}

LONG SCardTransmit(SCARDHANDLE card, const SCARD_IO_REQUEST *pci, LPCBYTE apdu, DWORD n, SCARD_IO_REQUEST *out,
                   LPBYTE response, LPDWORD len)
{
	(void)pci, (void)out;
	pcscd.apdu_len = n < sizeof pcscd.apdu ? n : sizeof pcscd.apdu;
	memcpy(pcscd.apdu, apdu, pcscd.apdu_len);
	*len = slot_of(card)->present ? 2 : 0;
	memcpy(response, "\x90\x00", *len);
	return slot_of(card)->transmit;
}

LONG SCardGetAttrib(SCARDHANDLE card, DWORD id, LPBYTE value, LPDWORD len)
{
	if (id != SCARD_ATTR_CHANNEL_ID || !slot_of(card)->channel)
		return SCARD_E_UNSUPPORTED_FEATURE;
	memcpy(value, &slot_of(card)->channel, 4);
	*len = 4;
	return SCARD_S_SUCCESS;
}

LONG SCardControl(SCARDHANDLE card, DWORD code, LPCVOID in, DWORD in_len, LPVOID out, DWORD out_len, LPDWORD len)
{
	static const uint8_t features[] = {0x06, 4, 0x42, 0x00, 0x00, 0x01, FEATURE_GET_TLV_PROPERTIES, 4, 0x42, 0x33,
					   0x00, 0x12};
	int64_t max = slot_of(card)->max_data;
	const uint8_t properties[] = {1, 2, 0, 0, 10, 4, (uint8_t)max, (uint8_t)(max >> 8), (uint8_t)(max >> 16),
					 (uint8_t)(max >> 24)};

	(void)in, (void)in_len, (void)out_len;
	if (max < 0)
		return SCARD_E_UNSUPPORTED_FEATURE;
	*len = code == CM_IOCTL_GET_FEATURE_REQUEST ? sizeof features : sizeof properties;
	memcpy(out, code == CM_IOCTL_GET_FEATURE_REQUEST ? features : properties, *len);
	return code == CM_IOCTL_GET_FEATURE_REQUEST || code == 0x42330012 ? SCARD_S_SUCCESS : SCARD_E_INVALID_PARAMETER;
}
