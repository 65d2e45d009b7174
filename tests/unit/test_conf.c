/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "tests/check_case.h"
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
	char paths[2][4096] = {"/nowhere"};
	struct conf c;

	write_file(text);
	strcpy(paths[1], path);
	conf_load_from(&c, paths, 2);
	return c;
}

static int times_logged(const char *what)
{
	static char text[8192];
	FILE *f = fopen(log_path, "re");
	size_t n = f ? fread(text, 1, sizeof text - 1, f) : 0;
	int times = 0;

	if (f)
		fclose(f);
	text[n] = '\0';
	for (const char *p = text; (p = strstr(p, what)); p++)
		times++;
	return times;
}

static bool logged(const char *what)
{
	return times_logged(what) > 0;
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
	c = read_text("[general]\nlast-try = keep\npss = off\n; the later line wins\npss = auto\n");
	ck_assert_int_eq(c.pss, PSS_AUTO);
	ck_assert(!c.last_try_allowed);
	ck_assert_str_eq(c.reader, "");
	c = read_text("card = hpki\nca-certificates = hide\n");
	ck_assert_str_eq(c.card, "hpki");
	ck_assert(c.hide_ca_certificates);
	c = read_text("card = jpki\ncard = any\nca-certificates = hide\nca-certificates = show\n");
	ck_assert_str_eq(c.card, "");
	ck_assert(!c.hide_ca_certificates);
}
END_TEST

/* From the least to the most that is allowed; whatever else stands there changes nothing. */
START_TEST(numbers)
{
	static const struct {
		const char *text;
		long list_size, tolerance;
	} rows[] = {
		{"", 64L << 20, 300},
		{"max-list-size = 1\nclock-tolerance = 0\n", 1L << 20, 0},
		{"max-list-size = 256\nclock-tolerance = 86400\n", 256L << 20, 86400},
		{"max-list-size = 0\nclock-tolerance = -1\n", 64L << 20, 300},
		{"max-list-size = 257\nclock-tolerance = 86401\n", 64L << 20, 300},
		{"max-list-size = 8M\nclock-tolerance = 60s\n", 64L << 20, 300},
		{"max-list-size =\nclock-tolerance =\n", 64L << 20, 300},
		{"max-list-size = 18446744073709551617\nclock-tolerance = 18446744073709551617\n", 64L << 20, 300},
		{"[program nobody]\nmax-list-size = 2\nclock-tolerance = 2\n", 64L << 20, 300},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct conf c = read_text(rows[i].text);

		ck_assert_msg(c.max_list_size == rows[i].list_size, "row %zu: %ld", i, c.max_list_size);
		ck_assert_msg(c.clock_tolerance == rows[i].tolerance, "row %zu: %ld", i, c.clock_tolerance);
	}
	ck_assert_int_eq(times_logged("max-list-size cannot be"), 5);
	ck_assert_int_eq(times_logged("clock-tolerance cannot be"), 5);
}
END_TEST

START_TEST(paths_begin_with_a_slash)
{
	struct conf c = read_text("anchors = anchors\nlists = ~/lists\nlog-file = log\n");

	ck_assert_str_eq(c.user.anchors, "");
	ck_assert_str_eq(c.user.lists, "");
	ck_assert_str_eq(c.log_file, "");
	ck_assert_int_eq(times_logged(" cannot be "), 3);
	c = read_text("anchors = /a\nlists = /l\nlog-file = /dev/null\n");
	ck_assert_str_eq(c.user.anchors, "/a");
	ck_assert_str_eq(c.user.lists, "/l");
	ck_assert_str_eq(c.log_file, "/dev/null");
}
END_TEST

static void become(const char *name)
{
	program_invocation_name = program_invocation_short_name = (char *)(uintptr_t)name;
}

START_TEST(sections_of_programs)
{
	static const char text[] = "\xEF\xBB\xBF[program ssh,ssh-keygen\tssh-pkcs11-helper a-name-that-is-longer-than-libinih-has-room-for]\n"
	                           "\tcard = hpki\n  reader = ACS*\n"
	                           "[program java ]\ncard=jpki\nca-certificates = hide\n"
	                           "[general]\ncard = any\npss = off\n"
	                           "[program java]\npss = on\n";
	struct conf c;

	become("firefox");
	c = read_text(text);
	ck_assert_str_eq(c.card, "");
	ck_assert_str_eq(c.reader, "");
	ck_assert_int_eq(c.pss, PSS_OFF);
	/* beats the general part, wherever that stands */
	become("ssh-pkcs11-helper");
	c = read_text(text);
	ck_assert_str_eq(c.card, "hpki");
	ck_assert_str_eq(c.reader, "ACS*");
	ck_assert_int_eq(c.pss, PSS_OFF);
	become("a-name-that-is-longer-than-libinih-has-room-for");
	ck_assert_str_eq(read_text(text).card, "hpki");
	become("ssh-key");
	ck_assert_str_eq(read_text(text).card, "");
	become("java");
	c = read_text(text);
	ck_assert_str_eq(c.card, "jpki");
	ck_assert(c.hide_ca_certificates);
	ck_assert_int_eq(c.pss, PSS_ON);
	ck_assert(!logged("inkan.conf:"));
}
END_TEST

/* Called "gdm-session-worker [pam/gdm-password]", or with its arguments written over its name. */
START_TEST(a_program_by_the_name_of_its_executable)
{
	char exe[4096] = "", text[4200];

	ck_assert_int_gt(readlink("/proc/self/exe", exe, sizeof exe - 1), 0);
	snprintf(text, sizeof text, "[program %s]\ncard = jpki\n", strrchr(exe, '/') + 1);
	become("gdm-password]");
	ck_assert_str_eq(read_text(text).card, "jpki");
	ck_assert_str_eq(read_text("[program test]\ncard = jpki\n").card, "");
}
END_TEST

/* After a typing error in a section's name its lines do not apply to all programs. */
START_TEST(sections_that_are_not_known)
{
	struct conf c;

	become("ssh");
	c = read_text("[progran ssh]\ncard = hpki\n[program ssh\nreader = A*\n[program]\ncard = jpki\n[program ,]\npss = off\n"
	              "[general]\nlast-try = allow\n");
	ck_assert_str_eq(c.card, "");
	ck_assert_str_eq(c.reader, "");
	ck_assert_int_eq(c.pss, PSS_AUTO);
	ck_assert(c.last_try_allowed);
	ck_assert(logged("inkan.conf:1: this section is not known"));
	ck_assert(logged("inkan.conf:3: this section is not known"));
	ck_assert(logged("inkan.conf:5: this section is not known"));
	ck_assert(logged("inkan.conf:7: this section is not known"));
	ck_assert(!logged("inkan.conf:2:"));
}
END_TEST

static int told_lines[8], n_told_lines;

static void tell_line(void *arg, int line)
{
	ck_assert_ptr_eq(arg, told_lines);
	told_lines[n_told_lines++] = line;
}

START_TEST(checked_for_all_programs)
{
	struct conf c;

	become("ssh");
	c = read_text("[program java, ssh]\ncard = hpkii\ncolour = red\n[program java]\nca-certificates = no\n");
	ck_assert_str_eq(c.card, "");
	ck_assert(logged("inkan.conf:2: card cannot be \"hpkii\""));
	ck_assert(logged("inkan.conf:3: there is no setting \"colour\""));
	ck_assert(logged("inkan.conf:5: ca-certificates cannot be \"no\""));
	ck_assert_int_eq(times_logged("inkan.conf:2:"), 1);
	ck_assert_int_eq(times_logged("inkan.conf:3:"), 1);
	ck_assert_int_eq(conf_check(path, tell_line, told_lines), E_OK);
	ck_assert_int_eq(n_told_lines, 3);
	ck_assert_int_eq(told_lines[0], 2);
	ck_assert_int_eq(told_lines[1], 3);
	ck_assert_int_eq(told_lines[2], 5);
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
	struct conf c;

	memset(text + 2, 'x', 900);
	strcpy(text + 902, "\npss = maybe\n");
	read_text(text);
	ck_assert(logged("inkan.conf:2: pss cannot be"));
	ck_assert(!logged("inkan.conf:1:"));
	/* nothing counts by half */
	memset(text, 'x', 300);
	memcpy(text, "anchors = /", 11);
	strcpy(text + 300, "last-try = allow\n");
	c = read_text(text);
	ck_assert_str_eq(c.user.anchors, "");
	ck_assert(!c.last_try_allowed);
	ck_assert(logged("inkan.conf:1: this line is not understood"));
}
END_TEST

START_TEST(files_that_cannot_be_read)
{
	struct conf c;

	ck_assert_int_eq(conf_check(path, NULL, NULL), E_NOT_FOUND);
	conf_load_from(&c, (char[1][4096]){""}, 1);
	ck_assert(!c.unread); /* there is none */
	ck_assert_int_eq(conf_check(folder, NULL, NULL), E_IO);
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

/* The user's before the system's; but what is said of a program before what is said of all. */
START_TEST(two_files)
{
	char files[2][4096];
	struct conf c;
	FILE *f;

	snprintf(files[0], sizeof files[0], "%s/own", folder);
	strcpy(files[1], path);
	ck_assert_ptr_nonnull((f = fopen(files[0], "we")));
	ck_assert_int_ge(fputs("[program ssh]\ncard = hpki\npss = on\nanchors = /one\n[general]\nlists = /lists\n", f), 0);
	ck_assert_int_eq(fclose(f), 0);
	write_file("card = jpki\npss = off\nreader = A*\nanchors = /two\n[program ssh]\npss = auto\n");
	become("ssh");
	conf_load_from(&c, files, 2);
	ck_assert_str_eq(c.card, "hpki");
	ck_assert_int_eq(c.pss, PSS_AUTO);
	ck_assert_str_eq(c.reader, "A*");
	ck_assert_str_eq(c.system.anchors, "/one");
	ck_assert_str_eq(c.system.lists, "/lists");
	ck_assert_str_eq(c.user.anchors, "/two");
	become("java");
	conf_load_from(&c, files, 2);
	ck_assert_str_eq(c.card, "jpki");
	ck_assert_int_eq(c.pss, PSS_OFF);
	ck_assert_str_eq(c.system.anchors, "");
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
	const struct cases cases = {.suite = suite_create("conf"), .setup = setup, .teardown = teardown};
	SRunner *runner = srunner_create(cases.suite);
	int failed;

	add_case(&cases, settings);
	add_case(&cases, numbers);
	add_case(&cases, paths_begin_with_a_slash);
	add_case(&cases, sections_of_programs);
	add_case(&cases, a_program_by_the_name_of_its_executable);
	add_case(&cases, sections_that_are_not_known);
	add_case(&cases, checked_for_all_programs);
	add_case(&cases, two_files);
	add_case(&cases, mistakes_are_passed_over);
	add_case(&cases, a_pattern_that_is_too_long);
	add_case(&cases, long_lines_are_one_line);
	add_case(&cases, files_that_cannot_be_read);
	add_case(&cases, where_the_users_file_is);
	add_case(&cases, readers);
	srunner_set_fork_status(runner, CK_FORK); /* one log per process */
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
