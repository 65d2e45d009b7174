/* SPDX-License-Identifier: BSD-2-Clause */
/* Challenges of inkan-authd: until when, and how many. The clock that they go by is this file's. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "authd/webeid.h"

static time_t later; /* than it is */

int clock_gettime(clockid_t which, struct timespec *now)
{
	long result = syscall(SYS_clock_gettime, which, now);

	if (which == CLOCK_BOOTTIME)
		now->tv_sec += later;
	return (int)result;
}

START_TEST(five_minutes)
{
	static const struct {
		time_t after;
		bool good;
	} cases[] = {{0, true}, {CHALLENGE_SECONDS - 2, true}, {CHALLENGE_SECONDS, false}, {86400, false}};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char nonce[NONCE_SIZE], cookie[COOKIE_SIZE], got[NONCE_SIZE] = "";

		later = 0;
		ck_assert(challenge_new(nonce, cookie));
		ck_assert_uint_eq(strlen(nonce), NONCE_SIZE - 1);
		ck_assert_uint_eq(strlen(cookie), COOKIE_SIZE - 1);
		later = cases[i].after;
		ck_assert(challenge_take(cookie, got) == cases[i].good);
		ck_assert_str_eq(got, cases[i].good ? nonce : "");
		ck_assert(!challenge_take(cookie, got));
	}
}
END_TEST

START_TEST(as_many_as_there_is_room_for)
{
	static char nonces[CHALLENGES + 1][NONCE_SIZE], cookies[CHALLENGES + 1][COOKIE_SIZE];
	char got[NONCE_SIZE];

	for (int i = 0; i <= CHALLENGES; i++)
		ck_assert(challenge_new(nonces[i], cookies[i]));
	ck_assert(!challenge_take(cookies[0], got)); /* the oldest has gone */
	for (int i = 1; i <= CHALLENGES; i++) {
		ck_assert(challenge_take(cookies[i], got));
		ck_assert_str_eq(got, nonces[i]);
		ck_assert(!challenge_take(cookies[i], got));
	}
}
END_TEST

START_TEST(cookies_that_are_none)
{
	char nonce[NONCE_SIZE], cookie[COOKIE_SIZE], other[COOKIE_SIZE + 1], got[NONCE_SIZE];

	memset(other, '0', COOKIE_SIZE - 1); /* of a place that has never been used */
	other[COOKIE_SIZE - 1] = '\0';
	ck_assert(!challenge_take(other, got));
	ck_assert(challenge_new(nonce, cookie));
	for (size_t i = 0; i < strlen(cookie); i++) {
		strcpy(other, cookie);
		other[i] = other[i] == '0' ? '1' : '0';
		ck_assert(!challenge_take(other, got));
		other[i] = '\0';
		ck_assert(!challenge_take(other, got));
	}
	strcat(strcpy(other, cookie), "0");
	ck_assert(!challenge_take(other, got));
	ck_assert(challenge_take(cookie, got));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("authd-web-eid");
	TCase *t = tcase_create("challenges");
	SRunner *runner = srunner_create(s);
	int failed;

	suite_add_tcase(s, t);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, five_minutes);
	tcase_add_test(t, as_many_as_there_is_room_for);
	tcase_add_test(t, cookies_that_are_none);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
