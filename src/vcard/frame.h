/* SPDX-License-Identifier: BSD-2-Clause */
/* What inkan-vcard and its reader driver say to each other over a unix socket.
 *
 * The driver opens two connections to a reader's socket. The first begins with
 * FRAME_EVENTS and carries single bytes: from inkan-vcard one whenever presence
 * may have changed, from the driver one whenever it begins to wait for that.
 * The second begins with FRAME_COMMANDS and carries frames: one byte (request:
 * an operation; answer: 1 done, 0 not), four bytes of length, the data. */
#ifndef INKAN_VCARD_FRAME_H
#define INKAN_VCARD_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	FRAME_EVENTS = 'E',
	FRAME_COMMANDS = 'C',
	/* operations */
	FRAME_PRESENT = 'P',    /* done: a card is in */
	FRAME_POWER_UP = 'U',   /* answer: the ATR */
	FRAME_POWER_DOWN = 'D',
	FRAME_RESET = 'R',      /* warm; answer: the ATR */
	FRAME_TRANSMIT = 'T',   /* an APDU; answer: the response. Not done: no card, or pulled */
};

#define FRAME_MAX (65544 + 2) /* longest command or response */

bool frame_send(int fd, uint8_t head, const void *p, size_t n);

/* *n: in, the room; out, the length. False at the connection's end and at a
 * frame that does not fit. */
bool frame_receive(int fd, uint8_t *head, void *p, size_t *n);

#endif
