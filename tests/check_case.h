/* SPDX-License-Identifier: BSD-2-Clause */
/* Each test is a case of its own: CK_RUN_CASE=NAME runs it alone. */
#ifndef INKAN_TESTS_CHECK_CASE_H
#define INKAN_TESTS_CHECK_CASE_H

#include <check.h>
#include <stdbool.h>

/* A suite, and what all its cases have. */
struct cases {
	Suite *suite;
	SFun setup, teardown; /* NULL: none */
	bool once;            /* they run in the parent, before and after a whole case */
	double seconds;       /* 0: what libcheck allows by itself, four */
};

static inline TCase *new_case(const struct cases *cases, const char *name)
{
	TCase *tc = tcase_create(name);

	if (cases->once)
		tcase_add_unchecked_fixture(tc, cases->setup, cases->teardown);
	else
		tcase_add_checked_fixture(tc, cases->setup, cases->teardown);
	if (cases->seconds > 0)
		tcase_set_timeout(tc, cases->seconds);
	suite_add_tcase(cases->suite, tc);
	return tc;
}

#define add_case(cases, test) tcase_add_test(new_case(cases, #test), test)
#define add_loop_case(cases, test, n) tcase_add_loop_test(new_case(cases, #test), test, 0, (int)(n))

#endif
