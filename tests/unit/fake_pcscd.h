/* SPDX-License-Identifier: BSD-2-Clause */
/* libpcsclite and its daemon in one file: linked before the real library, it
 * answers what a test wants pcscd to answer. */
#ifndef INKAN_TESTS_UNIT_FAKE_PCSCD_H
#define INKAN_TESTS_UNIT_FAKE_PCSCD_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <winscard.h>

struct fake_slot {
	char name[MAX_READERNAME];
	bool present, mute;
	bool held;            /* another program's transaction: SCardConnect does not return while it lasts */
	int power_ms;         /* how long SCardConnect takes to give the card its power */
	uint16_t events;
	uint32_t channel;     /* 0: the driver does not tell */
	int64_t max_data;     /* dwMaxAPDUDataSize; -1: the driver does not tell */
	LONG connect;         /* what SCardConnect answers */
	LONG transaction;     /* what the next SCardBeginTransaction answers, once */
	LONG transmit;
	DWORD protocol;
};

extern struct fake_pcscd {
	unsigned generation;  /* 0: not running; another number: restarted */
	LONG establish;       /* what SCardEstablishContext answers while it runs */
	int establish_ms;     /* how long that takes, with the lock held as libpcsclite has it */
	int list_ms;          /* and SCardListReaders */
	_Atomic bool busy;    /* one of both goes on */
	struct fake_slot slots[4];
	int n_slots;
	/* what was seen */
	int contexts, connections, transactions, reconnections;
	DWORD ended, disconnected; /* dispositions of the last end and disconnect */
	uint8_t apdu[300];
	DWORD apdu_len;
	bool signals_blocked; /* in the thread of the last SCardConnect to a card that is held */
	bool deaf;            /* SCardCancel is lost, as it is before the waiter is inside */
	pthread_t connected_by; /* the thread of the last SCardConnect */
	int waits;            /* blocking SCardGetStatusChange begun */
} pcscd;

void pcscd_reset(void);
struct fake_slot *pcscd_slot(const char *name, bool present);

/* For those who change what a waiter sees. */
void pcscd_lock(void);
void pcscd_unlock(void);

#endif
