/* SPDX-License-Identifier: BSD-2-Clause */
/* The virtual reader: presence, faults, the trace, several threads. */
#include "config.h"
#include <pthread.h>
#include <string.h>
#include <time.h>
#include "tests/check_case.h"
#include "tests/unit/test_vcard.h"

static uint8_t response[65538];
static size_t len;

static bool transmit(struct vreader *r, const char *hex)
{
	uint8_t apdu[512];
	size_t n = from_hex(hex, apdu, sizeof apdu);

	len = sizeof response;
	return vreader_transmit(r, apdu, n, response, &len);
}

static unsigned status(void)
{
	ck_assert_uint_ge(len, 2);
	return (unsigned)response[len - 2] << 8 | response[len - 1];
}

static struct vreader *with_card(enum vcard_kind kind)
{
	struct vreader *r = vreader_new("Reader A");

	vreader_insert(r, plain_card(kind));
	return r;
}

START_TEST(presence)
{
	struct vreader *r = vreader_new("Reader A");
	struct vcard *card = plain_card(VCARD_HPKI);
	uint8_t atr[33];

	ck_assert_str_eq(vreader_name(r), "Reader A");
	ck_assert_uint_eq(vreader_events(r), 0);
	ck_assert_ptr_null(vreader_card(r));
	ck_assert_ptr_null(vreader_remove(r));
	ck_assert_uint_eq(vreader_atr(r, atr, sizeof atr), 0);
	ck_assert(!transmit(r, SELECT_HPKI_AUTH));
	ck_assert_uint_eq(len, 0);
	ck_assert_uint_eq(vreader_apdus(r), 0);
	vreader_insert(r, card);
	ck_assert_uint_eq(vreader_events(r), 1);
	ck_assert_ptr_eq(vreader_card(r), card);
	ck_assert_uint_eq(vreader_atr(r, atr, sizeof atr), 14);
	ck_assert_uint_eq(atr[0], 0x3B);
	ck_assert(transmit(r, SELECT_HPKI_AUTH));
	is(status(), 0x9000);
	ck_assert(transmit(r, "0020008804 31323334"));
	ck_assert_ptr_eq(vreader_remove(r), card);
	ck_assert_uint_eq(vreader_events(r), 2);
	vreader_insert(r, card);
	ck_assert(transmit(r, "00200088"));
	is(status(), 0x6A88); /* nothing is selected after power-up */
	vreader_insert(r, plain_card(VCARD_JPKI));
	ck_assert_uint_eq(vreader_events(r), 5);
	ck_assert(transmit(r, SELECT_JPKI));
	is(status(), 0x9000);
	vreader_free(r);
}
END_TEST

START_TEST(faults)
{
	struct vreader *r = with_card(VCARD_HPKI);

	vreader_fault(r, 2, VFAULT_STATUS, 0x6F12);
	ck_assert(transmit(r, SELECT_HPKI_AUTH));
	is(status(), 0x9000);
	ck_assert(transmit(r, "00A4040010" HPKI_SIGN_AID "00"));
	is(status(), 0x6F12);
	ck_assert(transmit(r, "0020008804 31323334")); /* still in the authentication application */
	is(status(), 0x9000);
	vreader_fault(r, 1, VFAULT_CUT, 0);
	ck_assert(transmit(r, "00A4040010" HPKI_AUTH_AID "00"));
	ck_assert_uint_eq(len, 11);
	vreader_fault(r, 1, VFAULT_NOISE, 0);
	ck_assert(transmit(r, "00A4040010" HPKI_AUTH_AID "00"));
	ck_assert_uint_eq(len, 22);
	ck_assert_uint_ne(response[0], 0x6F);
	vreader_fault(r, 1, VFAULT_RESET, 0);
	ck_assert(transmit(r, "00200088"));
	is(status(), 0x6A88);
	vreader_fault(r, 1, VFAULT_NONE, 0);
	ck_assert(transmit(r, SELECT_HPKI_AUTH));
	is(status(), 0x9000);
	ck_assert_uint_eq(vreader_apdus(r), 7);
	vreader_free(r);
}
END_TEST

START_TEST(a_pulled_card_comes_back)
{
	struct vreader *r = with_card(VCARD_HPKI);
	struct vcard *card = vreader_card(r);

	ck_assert(transmit(r, SELECT_HPKI_AUTH));
	vreader_fault(r, 1, VFAULT_PULL, 0);
	ck_assert(!transmit(r, "0020008804 30303030"));
	ck_assert_uint_eq(len, 0);
	ck_assert_ptr_null(vreader_card(r));
	ck_assert_uint_eq(vreader_events(r), 2);
	ck_assert_ptr_eq(vreader_remove(r), card);
	ck_assert_uint_eq(vcard_tries(card, VCARD_AUTH), 14); /* it was carried out */
	vreader_insert(r, card);
	ck_assert(transmit(r, SELECT_HPKI_AUTH));
	vreader_fault(r, 1, VFAULT_PULL_BEFORE, 0);
	ck_assert(!transmit(r, "0020008804 30303030"));
	ck_assert_uint_eq(vcard_tries(card, VCARD_AUTH), 14); /* it was not */
	ck_assert_uint_eq(vreader_events(r), 4);
	vreader_free(r);
}
END_TEST

struct lines {
	char text[16][VREADER_LINE_MAX];
	size_t n;
};

static void keep_line(void *arg, const char *text)
{
	struct lines *l = arg;

	ck_assert_uint_lt(l->n, 16);
	strcpy(l->text[l->n++], text);
}

START_TEST(the_trace_has_no_pin)
{
	static struct lines l;
	struct vreader *r = with_card(VCARD_HPKI);
	uint8_t longest[5 + 4 + 1200] = {0x00, 0x2A, 0x9E, 0x9A, 0x00, 0x04, 0xB0};

	vreader_trace(r, keep_line, &l);
	transmit(r, SELECT_HPKI_AUTH);
	transmit(r, "00200088");
	transmit(r, "0020008804 31323334");
	transmit(r, "1020008804 31323334");
	transmit(r, "00200088000004 31323334");
	transmit(r, "8024018804 31323334");
	vreader_fault(r, 1, VFAULT_CUT, 0);
	transmit(r, "00200088");
	vreader_transmit(r, longest, sizeof longest, response, &(size_t){sizeof response});
	ck_assert_str_eq(l.text[0], "1 Reader A: " SELECT_HPKI_AUTH " 9000");
	ck_assert_str_eq(l.text[1], "2 Reader A: 00200088 63CF");
	ck_assert_str_eq(l.text[2], "3 Reader A: 00200088[4] 9000");
	ck_assert_str_eq(l.text[3], "4 Reader A: 10200088[4] 9000");
	ck_assert_ptr_nonnull(strstr(l.text[4], ": 00200088[4] "));
	ck_assert_ptr_nonnull(strstr(l.text[5], ": 80240188[4] "));
	ck_assert_ptr_nonnull(strstr(l.text[6], ": 00200088 -"));
	ck_assert_ptr_nonnull(strstr(l.text[7], "..."));
	for (size_t i = 0; i < l.n; i++)
		ck_assert_ptr_null(strstr(l.text[i], "31323334"));
	vreader_free(r);
}
END_TEST

static void *verify_slowly(void *arg)
{
	return transmit(arg, "0020008804 30303030") ? arg : NULL;
}

/* A card exchanged while a command is under way never sees that command. */
START_TEST(a_command_is_for_one_card)
{
	const struct timespec soon = {0, 50000000};
	struct vreader *r = with_card(VCARD_HPKI);
	struct vcard *other = plain_card(VCARD_HPKI);
	pthread_t thread;
	void *carried_out;

	transmit(r, SELECT_HPKI_AUTH);
	vreader_delay(r, 300);
	ck_assert_int_eq(pthread_create(&thread, NULL, verify_slowly, r), 0);
	nanosleep(&soon, NULL);
	vreader_insert(r, other);
	pthread_join(thread, &carried_out);
	ck_assert_ptr_null(carried_out);
	ck_assert_uint_eq(len, 0);
	ck_assert_uint_eq(vreader_apdus(r), 1);
	vreader_free(r);
}
END_TEST

START_TEST(a_delay_is_kept)
{
	struct vreader *r = with_card(VCARD_HPKI);
	struct timespec a, b;
	long ms;

	vreader_delay(r, 30);
	clock_gettime(CLOCK_MONOTONIC, &a);
	transmit(r, SELECT_HPKI_AUTH);
	clock_gettime(CLOCK_MONOTONIC, &b);
	ms = (long)(b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000;
	ck_assert_int_ge(ms, 30);
	vreader_free(r);
}
END_TEST

static void *select_often(void *arg)
{
	uint8_t apdu[64], out[64];
	size_t n = from_hex("00A4040010" HPKI_AUTH_AID "00", apdu, sizeof apdu);

	for (int i = 0; i < 500; i++) {
		size_t got = sizeof out;
		vreader_transmit(arg, apdu, n, out, &got);
		if (got != 22 && got != 0)
			return arg;
	}
	return NULL;
}

START_TEST(several_threads)
{
	struct vreader *r = with_card(VCARD_HPKI);
	pthread_t threads[4];

	for (size_t i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, select_often, r), 0);
	for (int i = 0; i < 50; i++)
		vreader_insert(r, vreader_remove(r));
	for (size_t i = 0; i < 4; i++) {
		void *failed;
		pthread_join(threads[i], &failed);
		ck_assert_ptr_null(failed);
	}
	ck_assert_uint_eq(vreader_events(r), 101);
	vreader_free(r);
}
END_TEST

int main(void)
{
	const struct cases cases = {.suite = suite_create("vcard: reader"), .seconds = 120};

	add_case(&cases, presence);
	add_case(&cases, faults);
	add_case(&cases, a_pulled_card_comes_back);
	add_case(&cases, the_trace_has_no_pin);
	add_case(&cases, a_command_is_for_one_card);
	add_case(&cases, a_delay_is_kept);
	add_case(&cases, several_threads);
	return run_suite(cases.suite);
}
