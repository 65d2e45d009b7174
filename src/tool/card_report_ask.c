/* SPDX-License-Identifier: BSD-2-Clause */
/* Commands of a card report, each with its answers and the time that they took. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "card_report.h"
#include "say.h"

#define SAY_WAITING_MS 2000 /* of waiting for other programs' transactions */
#define WAIT_MS 20000

/* ---- A way to readers that remembers */

static unsigned milliseconds(const struct timespec *from)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (unsigned)((now.tv_sec - from->tv_sec) * 1000 + (now.tv_nsec - from->tv_nsec) / 1000000);
}

static enum error record_list(void *self, struct reader_state *states, size_t *count)
{
	struct recorder *r = self;

	return r->ops->list(r->self, states, count);
}

static enum error record_begin(void *self, const char *reader, int wait_ms, struct reader_link *link)
{
	struct recorder *r = self;
	enum error e = r->ops->begin(r->self, reader, wait_ms, &r->inner);

	*link = (struct reader_link){.self = r, .insertion = r->inner.insertion, .max_apdu = r->inner.max_apdu};
	return e;
}

/* Of a PIN nothing but its command's header is kept. */
static void remember(struct exchange *x, const uint8_t *apdu, size_t n)
{
	size_t len = n > 5 ? apdu[4] : 0;

	*x = (struct exchange){.sent = n};
	memcpy(x->header, apdu, n < 4 ? n : 4);
	if ((apdu[1] != 0xA4 && apdu[1] != 0x22) || len == 0 || 5 + len > n || len > sizeof x->data)
		return;
	memcpy(x->data, apdu + 5, len);
	x->data_len = len;
}

static enum error record_transmit(struct reader_link *link, const uint8_t *apdu, size_t n, uint8_t *response,
                                  size_t *len)
{
	struct recorder *r = link->self;
	struct exchange spare, *x = r->n < EXCHANGES_MAX ? &r->list[r->n++] : &spare;
	struct timespec from;
	enum error e;

	remember(x, apdu, n);
	clock_gettime(CLOCK_MONOTONIC, &from);
	e = r->ops->transmit(&r->inner, apdu, n, response, len);
	x->ms = milliseconds(&from);
	if (e == E_OK && *len >= 2) {
		x->len = *len - 2;
		x->sw = (uint16_t)(response[*len - 2] << 8 | response[*len - 1]);
	}
	return e;
}

static void record_end(struct reader_link *link, bool power_off)
{
	struct recorder *r = link->self;

	r->ops->end(&r->inner, power_off);
}

const struct reader_ops recording_ops = {
	.list = record_list, .begin = record_begin, .transmit = record_transmit, .end = record_end};

/* ---- Asking */

static enum error begin(struct probe *p)
{
	int64_t start = apdu_now_ms();
	enum error e = recording_ops.begin(&p->recorder, p->link.reader, SAY_WAITING_MS, &p->link.link);

	if (e == E_BUSY && apdu_now_ms() - start >= SAY_WAITING_MS) {
		say_waiting(p->link.reader);
		e = recording_ops.begin(&p->recorder, p->link.reader, WAIT_MS - SAY_WAITING_MS, &p->link.link);
	}
	p->open = e == E_OK;
	return e;
}

/* The card's power is taken first: what it answers to its first command counts. */
enum error probe_open(struct probe *p, const struct find *f, const struct reader_state *reader)
{
	enum error e;

	p->recorder = (struct recorder){.ops = &pcsc_reader_ops, .self = f->cards.self};
	p->link = (struct apdu_link){.ops = &recording_ops, .reader = reader->name};
	p->link.response = malloc(READER_RESPONSE_MAX);
	if (!p->link.response)
		return E_MEMORY;
	e = begin(p);
	if (e == E_OK) {
		recording_ops.end(&p->link.link, true);
		e = begin(p);
	}
	if (e == E_OK && p->link.link.insertion != reader->insertion)
		e = E_CHANGED;
	p->error = e;
	return e;
}

void probe_close(struct probe *p)
{
	if (p->open)
		recording_ops.end(&p->link.link, true);
	p->open = false;
	free(p->link.response);
	p->link.response = NULL;
}

/* On the same insertion, and in the same application. */
static void begin_again(struct probe *p)
{
	uint32_t insertion = p->link.link.insertion;
	struct apdu select = {.ins = 0xA4, .p1 = 0x04};
	uint16_t sw;

	recording_ops.end(&p->link.link, false);
	p->error = begin(p);
	if (p->error == E_OK && p->link.link.insertion != insertion)
		p->error = E_CHANGED;
	if (p->error != E_OK || !p->app)
		return;
	select.p2 = p->app->p2;
	select.data = (struct bytes){p->app->aid, p->app->aid_len};
	p->error = apdu_exchange(&p->link, &select, NULL, &sw) == E_LINK ? E_LINK : E_OK;
}

static uint16_t exchange(struct probe *p, const struct apdu *c, struct buf *out, bool extended)
{
	bool short_only = !extended, taken = true; /* what is refused is not said again in short form */
	struct apdu copy = *c;
	uint16_t sw = 0;
	size_t n;

	p->recorder.n = 0;
	if (p->error != E_OK)
		return 0;
	p->link.extended = extended;
	p->link.short_only = &short_only;
	p->link.extended_taken = &taken;
	copy.personal = true;
	if (apdu_exchange(&p->link, &copy, out, &sw) == E_LINK) {
		n = p->recorder.n;
		begin_again(p);
		p->recorder.n = n;
		return 0;
	}
	return sw;
}

uint16_t ask(struct probe *p, const struct apdu *c, struct buf *out)
{
	return exchange(p, c, out, false);
}

uint16_t ask_extended(struct probe *p, const struct apdu *c, struct buf *out)
{
	return exchange(p, c, out, true);
}

uint16_t ask_select(struct probe *p, const struct select_cmd *app, struct buf *fci)
{
	struct apdu c = {.ins = 0xA4, .p1 = app->p1, .p2 = app->p2, .data = {app->aid, app->aid_len},
	                 .le = app->le ? 256 : 0};

	p->app = app;
	p->link.commands = 0; /* what a transaction may cost is an application's here */
	p->link.deadline_ms = 0;
	return ask(p, &c, app->le ? fci : NULL);
}

uint16_t ask_select_file(struct probe *p, uint16_t fid)
{
	const uint8_t id[] = {(uint8_t)(fid >> 8), (uint8_t)fid};
	struct apdu c = {.ins = 0xA4, .p1 = 0x02, .p2 = 0x0C, .data = {id, sizeof id}};

	return ask(p, &c, NULL);
}

bool sw_is_good(uint16_t sw)
{
	return sw == 0x9000 || sw >> 8 == 0x61 || sw == 0x6282 || sw == 0x6283;
}

void put_answer(struct probe *p, const char *fmt, ...)
{
	const struct recorder *r = &p->recorder;
	size_t bytes = 0;
	unsigned ms = 0;
	va_list args;

	va_start(args, fmt);
	vfprintf(p->out, fmt, args);
	va_end(args);
	fputs(": ", p->out);
	for (size_t i = 0; i < r->n; i++) {
		if (r->list[i].sw)
			fprintf(p->out, "%s%04X", i ? "+" : "", r->list[i].sw);
		bytes += r->list[i].len;
		ms += r->list[i].ms;
	}
	if (r->n == 0 || r->list[r->n - 1].sw == 0)
		fputs("no answer", p->out);
	if (bytes)
		fprintf(p->out, ", %zu bytes", bytes);
	fprintf(p->out, ", %u ms\n", ms);
}
