/* SPDX-License-Identifier: BSD-2-Clause */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/conf.h"
#include "base/log.h"

static char folder[] = "/tmp/inkan-test-conf-XXXXXX", path[200], log_path[200];

static void write_file(const char *text)
{
	FILE *f = fopen(path, "we");

	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs(text, f), 0);
	ck_assert_int_eq(fclose(f), 0);
}

static struct conf read_text(const char *text)
{
	struct conf c = {.pss = PSS_AUTO};

	write_file(text);
	ck_assert_int_eq(conf_read(&c, path), E_OK);
	return c;
}

static bool logged(const char *what)
{
	static char text[8192];
	FILE *f = fopen(log_path, "re");
	size_t n;

	ck_assert_ptr_nonnull(f);
	n = fread(text, 1, sizeof text - 1, f);
	fclose(f);
	text[n] = '\0';
	return strstr(text, what) != NULL;
}

static void setup(void)
{
	char at[100];

	strcpy(folder, "/tmp/inkan-test-conf-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(at, sizeof at, "%s/inkan", folder);
	ck_assert_int_eq(mkdir(at, 0700), 0);
	snprintf(path, sizeof path, "%s/inkan/inkan.conf", folder);
	snprintf(log_path, sizeof log_path, "%s/log", folder);
	setenv("INKAN_DEBUG", "error", 1);
	setenv("INKAN_DEBUG_FILE", log_path, 1);
	log_start("test");
}

static void teardown(void)
{
	char command[100];

	snprintf(command, sizeof command, "rm -r %s", folder);
	ck_assert_int_eq(system(command), 0);
}

START_TEST(settings)
{
	struct conf c = read_text("# a comment\npss = on\nlast-try=allow\n\nreader = ACS*\n");

	ck_assert_int_eq(c.pss, PSS_ON);
	ck_assert(c.last_try_allowed);
	ck_assert_str_eq(c.reader, "ACS*");
	c = read_text("[any section]\nlast-try = keep\npss = off\n; the later line wins\npss = auto\n");
	ck_assert_int_eq(c.pss, PSS_AUTO);
	ck_assert(!c.last_try_allowed);
	ck_assert_str_eq(c.reader, "");
}
END_TEST

START_TEST(mistakes_are_passed_over)
{
	struct conf c = read_text("pss = sometimes\nlast-try = yes\nwhat is this\ncolour = red\nlast-try = allow\n");

	ck_assert_int_eq(c.pss, PSS_AUTO);
	ck_assert(c.last_try_allowed);
	ck_assert(logged("inkan.conf:1: pss cannot be \"sometimes\""));
	ck_assert(logged("inkan.conf:2: last-try cannot be \"yes\""));
	ck_assert(logged("inkan.conf:3: this line is not understood"));
	ck_assert(logged("inkan.conf:4: there is no setting \"colour\""));
}
END_TEST

START_TEST(a_pattern_that_is_too_long)
{
	char text[300] = "reader = A*\nreader = ";

	memset(text + strlen(text), 'x', 128);
	ck_assert_str_eq(read_text(text).reader, "A*");
	ck_assert(logged("inkan.conf:2: reader cannot be"));
}
END_TEST

START_TEST(long_lines_are_one_line)
{
	char text[1000] = "# ";

	memset(text + 2, 'x', 900);
	strcpy(text + 902, "\npss = maybe\n");
	read_text(text);
	ck_assert(logged("inkan.conf:2: pss cannot be"));
}
END_TEST

START_TEST(files_that_cannot_be_read)
{
	struct conf c = {.pss = PSS_OFF};

	ck_assert_int_eq(conf_read(&c, path), E_IO);
	ck_assert_int_eq(conf_read(&c, folder), E_IO);
	ck_assert_int_eq(c.pss, PSS_OFF);
}
END_TEST

START_TEST(where_the_users_file_is)
{
	struct conf c;
	char dot_config[200], file[200];

	write_file("pss = off\n");
	setenv("XDG_CONFIG_HOME", folder, 1);
	conf_load(&c);
	ck_assert_int_eq(c.pss, PSS_OFF);
	/* a relative path counts as none; then ~/.config */
	setenv("XDG_CONFIG_HOME", "relative", 1);
	setenv("HOME", folder, 1);
	conf_load(&c);
	ck_assert_int_eq(c.pss, PSS_AUTO);
	snprintf(dot_config, sizeof dot_config, "%s/.config", folder);
	ck_assert_int_eq(symlink(folder, dot_config), 0);
	conf_load(&c);
	ck_assert_int_eq(c.pss, PSS_OFF);
	unsetenv("HOME");
	unsetenv("XDG_CONFIG_HOME");
	conf_load(&c);
	ck_assert_int_eq(c.pss, PSS_AUTO);
	snprintf(file, sizeof file, "%s", dot_config);
	unlink(file);
}
END_TEST

START_TEST(readers)
{
	struct conf c = {.reader = ""};

	ck_assert(conf_shows_reader(&c, "anything"));
	strcpy(c.reader, "ACS*00");
	ck_assert(conf_shows_reader(&c, "ACS ACR39U 00 00"));
	ck_assert(!conf_shows_reader(&c, "SONY FeliCa 00 00"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("conf");
	TCase *tc = tcase_create("conf");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, settings);
	tcase_add_test(tc, mistakes_are_passed_over);
	tcase_add_test(tc, a_pattern_that_is_too_long);
	tcase_add_test(tc, long_lines_are_one_line);
	tcase_add_test(tc, files_that_cannot_be_read);
	tcase_add_test(tc, where_the_users_file_is);
	tcase_add_test(tc, readers);
	suite_add_tcase(suite, tc);
	srunner_set_fork_status(runner, CK_FORK); /* one log per process */
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
