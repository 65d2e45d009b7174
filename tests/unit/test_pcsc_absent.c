/* SPDX-License-Identifier: BSD-2-Clause */
/* The real libpcsclite without its daemon. */
#include <check.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "card/reader.h"

static const struct reader_ops *const ops = &pcsc_reader_ops;
static void *self;

static void setup(void)
{
	ck_assert_int_eq(ops->open(&self, true), E_OK);
}

static void teardown(void)
{
	ops->close(self);
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

START_TEST(nobody_answers)
{
	struct reader_state states[READER_COUNT_MAX];
	struct reader_link link;
	size_t n = READER_COUNT_MAX;

	ck_assert_int_eq(ops->list(self, states, &n), E_NO_SERVICE);
	ck_assert_uint_eq(n, 0);
	ck_assert_int_eq(ops->begin(self, "Reader", 1000, &link), E_NO_SERVICE);
}
END_TEST

static void *cancel(void *arg)
{
	struct timespec t = {0, 100000000};

	(void)arg;
	nanosleep(&t, NULL);
	ops->cancel(self);
	return NULL;
}

START_TEST(waiting_and_cancelling)
{
	double start = seconds();
	pthread_t thread;

	ck_assert_int_eq(ops->wait(self, NULL, 0, 100), E_OK);
	ck_assert_int_eq(pthread_create(&thread, NULL, cancel, NULL), 0);
	ck_assert_int_eq(ops->wait(self, NULL, 0, -1), E_CANCELLED);
	pthread_join(thread, NULL);
	ops->cancel(self);
	ck_assert_int_eq(ops->wait(self, NULL, 0, -1), E_CANCELLED);
	ck_assert(seconds() - start < 1.0);
}
END_TEST

START_TEST(readers_that_went_with_it)
{
	struct reader_state seen = {.name = "Reader"};

	ck_assert_int_eq(ops->wait(self, &seen, 1, -1), E_OK);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("pcsc without pcscd");
	TCase *tc = tcase_create("absent");
	SRunner *runner = srunner_create(suite);
	int failed;

	setenv("PCSCLITE_CSOCK_NAME", "/nonexistent/pcscd.comm", 1);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, nobody_answers);
	tcase_add_test(tc, waiting_and_cancelling);
	tcase_add_test(tc, readers_that_went_with_it);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
