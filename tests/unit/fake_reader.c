/* SPDX-License-Identifier: BSD-2-Clause */
#include <check.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "fake_reader.h"

struct fake fake = {.insertion = 0x10001};

static const struct {
	const char *name;
	enum error e;
} begin_errors[] = {
	{"no card", E_NO_CARD}, {"no reader", E_NO_READER}, {"no service", E_NO_SERVICE},
	{"busy", E_BUSY},       {"link", E_LINK},
};

size_t from_hex(const char *hex, uint8_t *out, size_t room)
{
	size_t n = 0;
	unsigned byte;

	for (; *hex; hex++) {
		if (*hex == ' ')
			continue;
		ck_assert_msg(n < room && sscanf(hex, "%2x", &byte) == 1, "bad hex: %s", hex);
		out[n++] = (uint8_t)byte;
		hex++;
	}
	return n;
}

void fake_play(const struct step *steps, size_t n)
{
	fake.steps = steps;
	fake.n = n;
	fake.at = 0;
	fake.apdus = 0;
}

void fake_over(void)
{
	ck_assert_msg(fake.at == fake.n, "step %zu (%s) was not played", fake.at, fake.steps[fake.at].command);
}

static void print_hex(char *out, size_t room, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n && 2 * i + 3 < room; i++)
		snprintf(out + 2 * i, 3, "%02X", p[i]);
}

static const struct step *next(const char *what)
{
	ck_assert_msg(fake.at < fake.n, "%s after the end of the script", what);
	return &fake.steps[fake.at++];
}

static const struct step *next_named(const char *what)
{
	const struct step *s = next(what);

	ck_assert_msg(strcmp(s->command, what) == 0, "step %zu: %s, not %s", fake.at - 1, what, s->command);
	return s;
}

static void check_command(const char *wanted, const uint8_t *apdu, size_t n)
{
	uint8_t bytes[2048];
	char hex[4100] = "", text[2100];
	size_t len = strlen(wanted);
	bool open = len >= 2 && strcmp(wanted + len - 2, "..") == 0;

	snprintf(text, sizeof text, "%.*s", (int)(open ? len - 2 : len), wanted);
	print_hex(hex, sizeof hex, apdu, n);
	ck_assert_msg(strcmp(text, "begin") && strncmp(text, "end", 3), "step %zu: %s, not %s", fake.at - 1, hex,
	              text);
	len = from_hex(text, bytes, sizeof bytes);
	ck_assert_msg((open ? len <= n : len == n) && memcmp(bytes, apdu, len) == 0, "step %zu: %s, not %s",
	              fake.at - 1, hex, wanted);
}

static size_t make_answer(const char *answer, uint8_t *response, size_t room)
{
	size_t at = 0, from, want;
	int used;

	if (sscanf(answer, "*%zu:%zu%n", &from, &want, &used) == 2) {
		size_t left = from < fake.file_len ? fake.file_len - from : 0;

		at = want < left ? want : left;
		memcpy(response, fake.file + from, at);
		answer += used;
	}
	return at + from_hex(answer, response + at, room - at);
}

static enum error transmit(struct reader_link *link, const uint8_t *apdu, size_t n, uint8_t *response,
                           size_t *len)
{
	const struct step *s = next("a command");

	(void)link;
	fake.apdus++;
	check_command(s->command, apdu, n);
	if (!s->answer)
		return E_LINK;
	*len = make_answer(s->answer, response, *len);
	return E_OK;
}

static enum error begin(void *self, const char *reader, int wait_ms, struct reader_link *link)
{
	const struct step *s = next_named("begin");

	(void)self, (void)wait_ms;
	ck_assert_str_eq(reader, "Fake reader");
	for (size_t i = 0; s->answer && i < sizeof begin_errors / sizeof *begin_errors; i++)
		if (strcmp(s->answer, begin_errors[i].name) == 0)
			return begin_errors[i].e;
	*link = (struct reader_link){.insertion = fake.insertion, .max_apdu = fake.max_apdu};
	return E_OK;
}

static void end(struct reader_link *link, bool power_off)
{
	(void)link;
	next_named(power_off ? "end off" : "end");
}

const struct reader_ops fake_reader_ops = {.begin = begin, .transmit = transmit, .end = end};
