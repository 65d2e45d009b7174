/* SPDX-License-Identifier: BSD-2-Clause */
/* What some C libraries lack. */
#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tests/check_case.h"
#include "base/os.h"

static char folder[20];
static const char *const names[] = {"a.so", "ab.so", "b.so", "c.pem", "{a}"};

static void make_folder(void)
{
	strcpy(folder, "/tmp/inkan-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(chdir(folder), 0);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		ck_assert_int_eq(close(open(names[i], O_CREAT | O_WRONLY, 0600)), 0);
}

static void remove_folder(void)
{
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		unlink(names[i]);
	rmdir(folder);
}

/* The paths, each with a blank after it. */
static const char *globbed(const char *pattern)
{
	static char text[256];
	glob_t found;
	bool any = os_glob(pattern, &found);

	text[0] = '\0';
	for (size_t i = 0; any && i < found.gl_pathc; i++) {
		strcat(text, found.gl_pathv[i]);
		strcat(text, " ");
	}
	ck_assert_int_eq(any, text[0] != '\0');
	globfree(&found);
	return text;
}

START_TEST(groups_of_names)
{
	ck_assert_str_eq(globbed("a*"), "a.so ab.so ");
	ck_assert_str_eq(globbed("{b,a}.so"), "b.so a.so ");
	ck_assert_str_eq(globbed("{x,a,y}{b,}.{so,pem}"), "ab.so a.so ");
	ck_assert_str_eq(globbed("{c,*b}.{pem,so}"), "c.pem ab.so b.so ");
	ck_assert_str_eq(globbed("{,./}{z,c.pem}"), "c.pem ./c.pem ");
	ck_assert_str_eq(globbed("\\{a\\}"), "{a} ");
	ck_assert_str_eq(globbed("\\{{x,a}\\}"), "{a} ");
	ck_assert_str_eq(globbed("{a"), "");
	ck_assert_str_eq(globbed("{x,y}"), "");
	ck_assert_str_eq(globbed("none*"), "");
}
END_TEST

START_TEST(waits_by_the_monotonic_clock)
{
	pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
	struct timespec until, now;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += 30000000;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	pthread_mutex_lock(&lock);
	while (os_cond_wait(&cond, &lock, &until) == 0)
		;
	clock_gettime(CLOCK_MONOTONIC, &now);
	ck_assert(now.tv_sec > until.tv_sec || (now.tv_sec == until.tv_sec && now.tv_nsec >= until.tv_nsec));
	ck_assert_int_eq(os_cond_wait(&cond, &lock, &until), ETIMEDOUT);
	pthread_mutex_unlock(&lock);
}
END_TEST

int main(void)
{
	const struct cases cases = {
		.suite = suite_create("os"), .setup = make_folder, .teardown = remove_folder, .once = true, .seconds = 60};
	SRunner *runner = srunner_create(cases.suite);
	int failed;

	add_case(&cases, groups_of_names);
	add_case(&cases, waits_by_the_monotonic_clock);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
