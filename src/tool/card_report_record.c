/* SPDX-License-Identifier: BSD-2-Clause */
/* Readers that record what passes. Of a VERIFY only the header is recorded. */
#include "card/apdu.h"
#include "card_report.h"

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

/* "002241B6 8402000C 9000; ", of the commands that belong to a signature. */
static void write_step(struct recorder *r, const uint8_t *apdu, size_t n, uint16_t sw)
{
	size_t len = n > 5 ? apdu[4] : 0;
	bool shown = apdu[1] == 0x22 || (apdu[1] == 0xA4 && apdu[2] == 0x02);
	bool verify = apdu[1] == 0x20 && n > 5;

	if (apdu[1] != 0xC0)
		r->signing = apdu[1] == 0x2A;
	if (!shown && !verify && !r->signing)
		return;
	put_hex(r->steps, apdu, 4);
	fputs(verify ? " PIN" : shown && len ? " " : "", r->steps);
	if (shown && 5 + len <= n)
		put_hex(r->steps, apdu + 5, len);
	if (sw)
		fprintf(r->steps, " %04X; ", sw);
	else
		fputs(" -; ", r->steps);
}

static enum error record_transmit(struct reader_link *link, const uint8_t *apdu, size_t n, uint8_t *response,
                                  size_t *len)
{
	struct recorder *r = link->self;
	int64_t start = apdu_now_ms();
	enum error e = r->ops->transmit(&r->inner, apdu, n, response, len);
	uint16_t sw = 0;

	r->ms += (unsigned)(apdu_now_ms() - start);
	if (e == E_OK && *len >= 2) {
		sw = (uint16_t)(response[*len - 2] << 8 | response[*len - 1]);
		r->bytes += *len - 2;
	}
	if (r->steps)
		write_step(r, apdu, n, sw);
	if (r->n == 0)
		r->first_len = n;
	if (r->n < RECORDED_MAX)
		r->sw[r->n++] = sw;
	return e;
}

static void record_end(struct reader_link *link, bool power_off)
{
	struct recorder *r = link->self;

	r->ops->end(&r->inner, power_off);
}

const struct reader_ops recording_ops = {.list = record_list,
                                         .begin = record_begin,
                                         .transmit = record_transmit,
                                         .end = record_end};
