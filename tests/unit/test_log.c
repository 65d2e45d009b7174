/* SPDX-License-Identifier: BSD-2-Clause */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "tests/check_case.h"
#include "base/log.h"

static char folder[] = "/tmp/inkan-test-log-XXXXXX", path[64], text[65536];

/* Each test is a process of its own: the level is read once. */
static void start(const char *level)
{
	if (level)
		ck_assert_int_eq(setenv("INKAN_DEBUG", level, 1), 0);
	else
		unsetenv("INKAN_DEBUG");
	setenv("INKAN_DEBUG_FILE", path, 1);
	log_start("test");
}

static const char *logged(void)
{
	FILE *f = fopen(path, "re");
	size_t n = 0;

	if (f) {
		n = fread(text, 1, sizeof text - 1, f);
		fclose(f);
	}
	text[n] = '\0';
	return text;
}

static bool has(const char *what)
{
	return strstr(logged(), what) != NULL;
}

static void setup(void)
{
	strcpy(folder, "/tmp/inkan-test-log-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/log", folder);
}

static void teardown(void)
{
	unlink(path);
	rmdir(folder);
}

START_TEST(levels_of_detail)
{
	static const char *const levels[] = {NULL, "nonsense", "error", "info", "debug", "trace"};
	int shown = _i > 1 ? _i - 1 : 0;

	start(levels[_i]);
	log_error("one %d", 1);
	log_info("two");
	log_debug("three");
	log_line(LOG_TRACE, "four");
	ck_assert_int_eq(has("error: one 1\n"), shown >= 1);
	ck_assert_int_eq(has("info: two\n"), shown >= 2);
	ck_assert_int_eq(has("debug: three\n"), shown >= 3);
	ck_assert_int_eq(has("trace: four\n"), shown >= 4);
	ck_assert_int_eq(log_on(LOG_ERROR), shown >= 1);
	ck_assert(!log_on(LOG_OFF));
}
END_TEST

START_TEST(the_file_is_for_its_owner)
{
	struct stat st;

	start("info");
	log_info("first");
	log_start("again");
	log_info("second");
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
	ck_assert(has("first") && has("second"));
}
END_TEST

START_TEST(no_link_is_followed)
{
	char target[80];

	snprintf(target, sizeof target, "%s/target", folder);
	ck_assert_int_eq(symlink(target, path), 0);
	ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
	start("info");
	log_info("not through a link");
	ck_assert_int_ne(access(target, F_OK), 0);
}
END_TEST

START_TEST(control_characters_and_long_lines)
{
	char longer[5000];

	memset(longer, 'x', sizeof longer);
	longer[sizeof longer - 1] = '\0';
	start("info");
	log_info("evil\nreader\x1B[2J");
	log_info("%s", longer);
	ck_assert(has("evil?reader?[2J\n"));
	ck_assert(text[strlen(text) - 1] == '\n');
	ck_assert_uint_lt(strlen(text), 2500);
}
END_TEST

/* A PIN of 51 51 51 51, in every form that a command can have. */
START_TEST(no_pin_in_any_form)
{
	static const struct {
		uint8_t apdu[20];
		size_t n;
		bool secret;
	} rows[] = {
		{{0x00, 0x20, 0x00, 0x80, 4, 0x51, 0x51, 0x51, 0x51}, 9, true},
		{{0x10, 0x20, 0x00, 0x80, 4, 0x51, 0x51, 0x51, 0x51}, 9, true},
		{{0x00, 0x20, 0x00, 0x80, 0, 0, 4, 0x51, 0x51, 0x51, 0x51}, 11, true},
		{{0x00, 0x20, 0x00, 0x80, 9, 0x51, 0x51, 0x51, 0x51}, 9, true},
		{{0x00, 0x20, 0x00, 0x80, 0x51, 0x51}, 6, true},
		{{0xFF, 0x20, 0x00, 0x80, 4, 0x51, 0x51, 0x51, 0x51}, 9, true},
		{{0x00, 0x21, 0x00, 0x80, 4, 0x51, 0x51, 0x51, 0x51}, 9, true},
		{{0x00, 0x24, 0x01, 0x80, 4, 0x51, 0x51, 0x51, 0x51}, 9, true},
		{{0x00, 0x2C, 0x01, 0x80, 4, 0x51, 0x51, 0x51, 0x51}, 9, true},
		{{0x00, 0xB0, 0x51, 0x51, 0x51, 0x51}, 6, false},
	};

	start("trace");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		log_command("R", rows[i].apdu, rows[i].n);
		ck_assert_int_eq(has("5151"), !rows[i].secret);
	}
	ck_assert(has("R > 00200080 (not shown)\n"));
}
END_TEST

START_TEST(commands_and_responses)
{
	static const uint8_t query[] = {0x00, 0x20, 0x00, 0x80}, data[] = {0xAB, 0xCD, 0x90, 0x00}, odd[] = {0xEF};
	static uint8_t big[1000];

	start("trace");
	log_command("R", query, sizeof query);
	log_command("R", odd, sizeof odd);
	log_command("R", NULL, 0);
	log_command("R", big, sizeof big);
	log_response("R", data, sizeof data, false);
	log_response("R", odd, sizeof odd, false);
	log_response("R", NULL, 0, true);
	log_response("R", big, sizeof big, false);
	ck_assert(has("R > 00200080\n") && has("R > EF\n") && has("R < ABCD 9000\n") && has("...\n"));
}
END_TEST

START_TEST(secret_answers)
{
	static const uint8_t data[] = {0xAB, 0xCD, 0x90, 0x00}, status[] = {0x69, 0x82};

	start("trace");
	log_response("R", data, sizeof data, true);
	log_response("R", status, sizeof status, true);
	ck_assert(!has("ABCD"));
	ck_assert(has("R < (2 bytes not shown) 9000\n"));
	ck_assert(has("6982\n"));
}
END_TEST

START_TEST(commands_only_when_traced)
{
	static const uint8_t data[] = {0xAB, 0xCD, 0x90, 0x00};

	start("debug");
	log_command("R", data, sizeof data);
	log_response("R", data, sizeof data, false);
	ck_assert_str_eq(logged(), "");
}
END_TEST

int main(void)
{
	const struct cases cases = {.suite = suite_create("log"), .setup = setup, .teardown = teardown};
	SRunner *runner = srunner_create(cases.suite);
	int failed;

	add_loop_case(&cases, levels_of_detail, 6);
	add_case(&cases, the_file_is_for_its_owner);
	add_case(&cases, no_link_is_followed);
	add_case(&cases, control_characters_and_long_lines);
	add_case(&cases, no_pin_in_any_form);
	add_case(&cases, commands_and_responses);
	add_case(&cases, secret_answers);
	add_case(&cases, commands_only_when_traced);
	srunner_set_fork_status(runner, CK_FORK); /* one level per process */
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
