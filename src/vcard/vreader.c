/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "vcard/vcard.h"

struct vreader {
	char name[128];
	pthread_mutex_t lock; /* guards what follows */
	struct vcard *card;
	struct vcard *pulled; /* taken out by a fault, not asked for yet */
	unsigned events, apdus, delay_ms;
	enum vfault fault;
	unsigned fault_in;    /* 1: the next command */
	uint16_t fault_status;
	void (*line)(void *arg, const char *text);
	void *arg;
};

struct vreader *vreader_new(const char *name)
{
	struct vreader *r = calloc(1, sizeof *r);

	if (!r)
		return NULL;
	snprintf(r->name, sizeof r->name, "%s", name);
	pthread_mutex_init(&r->lock, NULL);
	return r;
}

void vreader_free(struct vreader *r)
{
	if (!r)
		return;
	vcard_free(r->card);
	vcard_free(r->pulled);
	pthread_mutex_destroy(&r->lock);
	free(r);
}

const char *vreader_name(const struct vreader *r)
{
	return r->name;
}

/* The lock is no part of what a const reader promises. */
static void lock(const struct vreader *r)
{
	pthread_mutex_lock((pthread_mutex_t *)&r->lock);
}

static void unlock(const struct vreader *r)
{
	pthread_mutex_unlock((pthread_mutex_t *)&r->lock);
}

void vreader_insert(struct vreader *r, struct vcard *card)
{
	lock(r);
	if (r->pulled != card)
		vcard_free(r->pulled);
	r->pulled = NULL;
	if (r->card && r->card != card) {
		vcard_free(r->card);
		r->events++;
	}
	r->card = card;
	r->events++;
	vcard_power_off(card);
	unlock(r);
}

static void pull(struct vreader *r)
{
	vcard_power_off(r->card);
	r->pulled = r->card;
	r->card = NULL;
	r->events++;
}

struct vcard *vreader_remove(struct vreader *r)
{
	struct vcard *card;

	lock(r);
	if (r->card)
		pull(r);
	card = r->pulled;
	r->pulled = NULL;
	unlock(r);
	return card;
}

struct vcard *vreader_card(const struct vreader *r)
{
	struct vcard *card;

	lock(r);
	card = r->card;
	unlock(r);
	return card;
}

unsigned vreader_events(const struct vreader *r)
{
	unsigned n;

	lock(r);
	n = r->events;
	unlock(r);
	return n;
}

unsigned vreader_apdus(const struct vreader *r)
{
	unsigned n;

	lock(r);
	n = r->apdus;
	unlock(r);
	return n;
}

void vreader_fault(struct vreader *r, unsigned nth, enum vfault fault, uint16_t status)
{
	lock(r);
	r->fault = fault;
	r->fault_in = nth;
	r->fault_status = status;
	unlock(r);
}

void vreader_delay(struct vreader *r, unsigned ms_per_apdu)
{
	lock(r);
	r->delay_ms = ms_per_apdu;
	unlock(r);
}

void vreader_trace(struct vreader *r, void (*line)(void *arg, const char *text), void *arg)
{
	lock(r);
	r->line = line;
	r->arg = arg;
	unlock(r);
}

static size_t put_hex(char *out, size_t room, const uint8_t *p, size_t n)
{
	size_t at = 0;

	for (size_t i = 0; i < n && at + 3 <= room; i++, at += 2)
		snprintf(out + at, room - at, "%02X", p[i]);
	return at;
}

/* The command in hex; a PIN is told by its length alone. */
static void put_command(char *out, size_t room, const uint8_t *apdu, size_t n)
{
	bool pin = n > 5 && (apdu[1] == 0x20 || apdu[1] == 0x21 || apdu[1] == 0x24);
	size_t header = n > 7 && apdu[4] == 0 ? 7 : 5, at;

	out[0] = '\0';
	if (!pin) {
		at = put_hex(out, room - 4, apdu, n);
		snprintf(out + at, room - at, at < 2 * n ? "..." : "");
		return;
	}
	at = put_hex(out, room, apdu, 4);
	snprintf(out + at, room - at, "[%zu]", n - header);
}

static void trace(struct vreader *r, const uint8_t *apdu, size_t n, const uint8_t *response, size_t len)
{
	char text[VREADER_LINE_MAX], command[VREADER_LINE_MAX - 200];

	if (!r->line)
		return;
	put_command(command, sizeof command, apdu, n);
	if (len >= 2)
		snprintf(text, sizeof text, "%u %s: %s %02X%02X", r->apdus, r->name, command, response[len - 2],
		         response[len - 1]);
	else
		snprintf(text, sizeof text, "%u %s: %s -", r->apdus, r->name, command);
	r->line(r->arg, text);
}

/* The fault that this command meets. */
static enum vfault take_fault(struct vreader *r)
{
	enum vfault fault = r->fault;

	if (fault == VFAULT_NONE || r->fault_in == 0 || --r->fault_in > 0)
		return VFAULT_NONE;
	r->fault = VFAULT_NONE;
	return fault;
}

static void make_noise(unsigned seed, uint8_t *p, size_t n)
{
	uint32_t x = 2463534242u + seed;

	for (size_t i = 0; i < n; i++) {
		x ^= x << 13;
		x ^= x >> 17;
		x ^= x << 5;
		p[i] = (uint8_t)x;
	}
}

static void answer_status(uint16_t status, uint8_t *response, size_t *len)
{
	if (*len < 2) {
		*len = 0;
		return;
	}
	response[0] = (uint8_t)(status >> 8);
	response[1] = (uint8_t)status;
	*len = 2;
}

/* With the lock held. */
static void carry_out(struct vreader *r, const uint8_t *apdu, size_t n, uint8_t *response, size_t *len)
{
	enum vfault fault = take_fault(r);

	if (fault == VFAULT_PULL_BEFORE) {
		pull(r);
		*len = 0;
		return;
	}
	if (fault == VFAULT_STATUS) {
		answer_status(r->fault_status, response, len);
		return;
	}
	if (fault == VFAULT_RESET)
		vcard_power_off(r->card);
	vcard_transmit(r->card, apdu, n, response, len);
	if (fault == VFAULT_CUT)
		*len /= 2;
	if (fault == VFAULT_NOISE)
		make_noise(r->apdus, response, *len);
	if (fault == VFAULT_PULL) {
		pull(r);
		*len = 0;
	}
}

static void sleep_ms(unsigned ms)
{
	struct timespec t = {ms / 1000, (long)(ms % 1000) * 1000000};

	if (ms)
		nanosleep(&t, NULL);
}

/* How long a command takes, and the count of events when it begins. */
static unsigned begin(const struct vreader *r, unsigned *events)
{
	unsigned ms;

	lock(r);
	ms = r->delay_ms;
	*events = r->events;
	unlock(r);
	return ms;
}

bool vreader_transmit(struct vreader *r, const uint8_t *apdu, size_t n, uint8_t *response, size_t *len)
{
	unsigned events;
	bool there;

	sleep_ms(begin(r, &events));
	lock(r);
	if (r->card && r->events == events) {
		r->apdus++;
		carry_out(r, apdu, n, response, len);
		trace(r, apdu, n, response, *len);
	} else { /* a command for a card that has gone never reaches the next one */
		*len = 0;
	}
	there = r->card && r->events == events;
	unlock(r);
	return there;
}

void vreader_power_off(struct vreader *r)
{
	lock(r);
	if (r->card)
		vcard_power_off(r->card);
	unlock(r);
}

void vreader_reset(struct vreader *r)
{
	lock(r);
	if (r->card)
		vcard_reset(r->card);
	unlock(r);
}

size_t vreader_atr(struct vreader *r, uint8_t *atr, size_t room)
{
	size_t n;

	lock(r);
	n = r->card ? vcard_atr(r->card, atr, room) : 0;
	unlock(r);
	return n;
}
