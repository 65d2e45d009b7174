/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "tests/check_case.h"
#include "base/mem.h"

START_TEST(buffers_grow)
{
	struct buf b = {0};
	uint8_t block[100];

	for (int i = 0; i < 100; i++) {
		memset(block, i, sizeof block);
		ck_assert_int_eq(buf_append(&b, block, sizeof block), E_OK);
	}
	ck_assert_uint_eq(b.len, 10000);
	for (size_t i = 0; i < b.len; i++)
		ck_assert_uint_eq(b.data[i], i / 100);
	ck_assert_int_eq(buf_append(&b, NULL, 0), E_OK);
	buf_wipe(&b);
	ck_assert(!b.data && !b.len && !b.size);
	buf_free(&b);
	buf_wipe(&b);
}
END_TEST

START_TEST(buffers_have_an_end)
{
	struct buf b = {0};

	ck_assert_int_eq(buf_append(&b, "abc", 3), E_OK);
	ck_assert_int_eq(buf_append(&b, "", SIZE_MAX), E_MEMORY);
	ck_assert_int_eq(buf_append(&b, "", SIZE_MAX - 3), E_MEMORY);
	ck_assert_mem_eq(b.data, "abc", 3);
	buf_free(&b);
}
END_TEST

START_TEST(wiping)
{
	char text[] = "secret";

	mem_wipe(text, 3);
	ck_assert_mem_eq(text, "\0\0\0ret", 7);
	mem_wipe(NULL, 5);
	mem_wipe(text, 0);
}
END_TEST

START_TEST(secrets)
{
	struct secret *s;
	const uint8_t *p;
	uint8_t longest[SECRET_MAX + 1] = {7};
	size_t n;

	ck_assert_int_eq(secret_new(&s, "1234", 4), E_OK);
	p = secret_bytes(s, &n);
	ck_assert_uint_eq(n, 4);
	ck_assert_mem_eq(p, "1234", 4);
	secret_free(&s);
	ck_assert_ptr_null(s);
	secret_free(&s);
	ck_assert_int_eq(secret_new(&s, longest, SECRET_MAX), E_OK);
	secret_free(&s);
	ck_assert_int_eq(secret_new(&s, longest, sizeof longest), E_TOO_LONG);
	ck_assert_ptr_null(s);
}
END_TEST

START_TEST(secrets_as_they_are_typed)
{
	struct secret *s;
	size_t n;

	ck_assert_int_eq(secret_new(&s, NULL, 0), E_OK);
	for (size_t i = 0; i < SECRET_MAX; i++)
		ck_assert_int_eq(secret_append(s, (uint8_t)i), E_OK);
	ck_assert_int_eq(secret_append(s, 0), E_TOO_LONG);
	ck_assert_uint_eq(secret_bytes(s, &n)[SECRET_MAX - 1], (uint8_t)(SECRET_MAX - 1));
	ck_assert_uint_eq(n, SECRET_MAX);
	secret_free(&s);
}
END_TEST

START_TEST(a_child_inherits_no_secret)
{
	struct secret *s;
	size_t n;
	pid_t pid;
	int status;

	ck_assert_int_eq(secret_new(&s, "1234", 4), E_OK);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		const uint8_t *p = secret_bytes(s, &n);
		bool empty = n == 0 && memcmp(p, "\0\0\0\0", 4) == 0;

		secret_free(&s);
		_exit(empty && !s ? 0 : 1);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	ck_assert_mem_eq(secret_bytes(s, &n), "1234", 4);
	secret_free(&s);
}
END_TEST

START_TEST(every_error_has_a_sentence)
{
	for (int e = E_OK; e <= E_IO; e++) {
		const char *text = error_text((enum error)e);

		ck_assert_ptr_nonnull(text);
		ck_assert_str_ne(text, error_text((enum error)1000));
		ck_assert(text[strlen(text) - 1] != '.');
	}
	ck_assert_ptr_nonnull(error_text((enum error)-1));
}
END_TEST

int main(void)
{
	const struct cases cases = {.suite = suite_create("mem")};
	SRunner *runner = srunner_create(cases.suite);
	int failed;

	add_case(&cases, buffers_grow);
	add_case(&cases, buffers_have_an_end);
	add_case(&cases, wiping);
	add_case(&cases, secrets);
	add_case(&cases, secrets_as_they_are_typed);
	add_case(&cases, a_child_inherits_no_secret);
	add_case(&cases, every_error_has_a_sentence);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
