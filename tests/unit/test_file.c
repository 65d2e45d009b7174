/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tests/check_case.h"
#include "base/file.h"

static char folder[64], path[96];
static const struct bytes old = {(const uint8_t *)"old", 3}, new = {(const uint8_t *)"new!", 4};

/* The linker puts these between path_replace and the system (--wrap): f a file, d a folder on the disk, r renamed. */
int __real_fsync(int fd);
int __real_rename(const char *from, const char *to);
int __wrap_fsync(int fd);
int __wrap_rename(const char *from, const char *to);

static char steps[32];

int __wrap_fsync(int fd)
{
	struct stat st;

	strcat(steps, fstat(fd, &st) == 0 && S_ISDIR(st.st_mode) ? "d" : "f");
	return __real_fsync(fd);
}

int __wrap_rename(const char *from, const char *to)
{
	strcat(steps, "r");
	return __real_rename(from, to);
}

static void setup(void)
{
	strcpy(folder, "/tmp/inkan-test-file.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/a", folder);
}

static void teardown(void)
{
	char command[128];

	snprintf(command, sizeof command, "rm -rf %s", folder);
	ck_assert_int_eq(system(command), 0);
}

static void expect(const char *file, struct bytes content)
{
	struct buf b = {0};

	ck_assert_int_eq(path_read(file, 100, &b), E_OK);
	ck_assert_uint_eq(b.len, content.len);
	ck_assert_mem_eq(b.data, content.data, content.len);
	buf_free(&b);
}

static int files_in_folder(void)
{
	char command[128], line[16] = "";
	FILE *f;

	snprintf(command, sizeof command, "ls -A %s | wc -l", folder);
	f = popen(command, "r");
	ck_assert_ptr_nonnull(fgets(line, sizeof line, f));
	pclose(f);
	return atoi(line);
}

START_TEST(replaced_in_one_step)
{
	struct stat st, before;
	char beside[112];
	mode_t mask = umask(0077);

	ck_assert_int_eq(path_replace(path, old, 0644), E_OK);
	umask(mask);
	ck_assert_int_eq(stat(path, &before), 0);
	ck_assert_int_eq(before.st_mode & 07777, 0644); /* whatever the umask */
	ck_assert_int_eq(chmod(path, 0640), 0);
	if (geteuid() == 0)
		ck_assert_int_eq(chown(path, 12345, 54321), 0);
	snprintf(beside, sizeof beside, "%s.link", path);
	ck_assert_int_eq(link(path, beside), 0);
	ck_assert_int_eq(path_replace(path, new, 0600), E_OK);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0640); /* as it was */
	ck_assert_int_eq(st.st_uid, geteuid() == 0 ? 12345 : (int)geteuid());
	ck_assert_int_eq(st.st_gid, geteuid() == 0 ? 54321 : (int)before.st_gid);
	expect(path, new);
	expect(beside, old); /* the old file was not written to */
	ck_assert_int_eq(files_in_folder(), 2);
}
END_TEST

/* When the power fails there is the old file or the new one. */
START_TEST(on_the_disk_before_its_name)
{
	ck_assert_int_eq(path_replace(path, new, 0644), E_OK);
	ck_assert_str_eq(steps, "frd");
}
END_TEST

START_TEST(a_link_stays)
{
	char target[112];
	struct stat st;

	snprintf(target, sizeof target, "%s.target", path);
	ck_assert_int_eq(symlink(target, path), 0);
	ck_assert_int_eq(path_replace(path, new, 0644), E_IO); /* nothing is where it leads */
	ck_assert_int_eq(errno, ENOENT);
	ck_assert_int_eq(path_replace(target, old, 0600), E_OK);
	ck_assert_int_eq(path_replace(path, new, 0644), E_OK);
	expect(target, new);
	ck_assert_int_eq(lstat(target, &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0600);
	ck_assert_int_eq(lstat(path, &st), 0);
	ck_assert(S_ISLNK(st.st_mode));
	if (geteuid() == 0) { /* another user's, in a folder for everybody, could lead anywhere */
		ck_assert_int_eq(lchown(path, 12345, 12345), 0);
		ck_assert_int_eq(path_replace(path, old, 0644), E_DENIED);
		expect(target, new);
	}
	ck_assert_int_eq(unlink(target), 0);
	ck_assert_int_eq(files_in_folder(), 1);
}
END_TEST

START_TEST(only_a_file_is_replaced)
{
	char there[112];
	struct stat st;

	snprintf(there, sizeof there, "%s.link", path);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	ck_assert_int_eq(symlink(path, there), 0);
	ck_assert_int_eq(path_replace(path, new, 0644), E_IO);
	ck_assert_int_eq(errno, EEXIST);
	ck_assert_int_eq(path_replace(there, new, 0644), E_IO);
	ck_assert_int_eq(errno, EEXIST);
	ck_assert_int_eq(lstat(path, &st), 0);
	ck_assert(!S_ISREG(st.st_mode));
	ck_assert_int_eq(files_in_folder(), 2);
}
END_TEST

START_TEST(a_failure_leaves_nothing)
{
	char below[112];

	snprintf(below, sizeof below, "%s/nowhere/a", folder);
	ck_assert_int_eq(path_replace(below, new, 0644), E_IO);
	ck_assert_int_eq(errno, ENOENT);
	ck_assert_int_eq(mkdir(path, 0755), 0);
	ck_assert_int_ne(path_replace(path, new, 0644), E_OK); /* a folder is in its place */
	ck_assert_int_eq(errno, EISDIR);
	ck_assert_int_eq(files_in_folder(), 1);
}
END_TEST

START_TEST(reading_has_a_limit)
{
	struct buf b = {0};

	ck_assert_int_eq(path_read(path, 4, &b), E_NOT_FOUND);
	ck_assert_int_eq(errno, ENOENT);
	ck_assert_int_eq(path_replace(path, new, 0644), E_OK);
	ck_assert_int_eq(path_read(path, 4, &b), E_OK);
	ck_assert_int_eq(path_read(path, 3, &b), E_TOO_LONG);
	ck_assert_int_eq(path_read(folder, 3, &b), E_IO);
	ck_assert_int_eq(errno, EISDIR);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	buf_free(&b);
	ck_assert_int_eq(path_read(path, 3, &b), E_OK); /* nobody writes: no waiting */
	ck_assert_uint_eq(b.len, 0);
	buf_free(&b);
}
END_TEST

START_TEST(only_what_may_be_believed)
{
	struct stat st;
	int dir, fd;

	ck_assert_int_eq(dir_open(path, false, &dir), E_NOT_FOUND);
	ck_assert_int_eq(dir_open(path, true, &dir), E_OK);
	ck_assert_int_eq(file_look(dir, "x", &fd, &st), E_NOT_FOUND);
	ck_assert_int_eq(file_write(dir, "x", new), E_OK);
	ck_assert_int_eq(file_look(dir, "x", &fd, &st), E_OK);
	ck_assert_int_eq(st.st_mode & 07777, 0644);
	close(fd);
	ck_assert_int_eq(fchmodat(dir, "x", 0664, 0), 0);
	ck_assert_int_eq(file_look(dir, "x", &fd, &st), E_DENIED);
	ck_assert_int_eq(symlinkat("x", dir, "y"), 0);
	ck_assert_int_eq(file_look(dir, "y", &fd, &st), E_DENIED);
	ck_assert_int_eq(mkfifoat(dir, "z", 0600), 0);
	ck_assert_int_eq(file_look(dir, "z", &fd, &st), E_DENIED);
	close(dir);
	ck_assert_int_eq(chmod(path, 0777), 0);
	ck_assert_int_eq(dir_open(path, true, &dir), E_DENIED);
}
END_TEST

START_TEST(folders_are_made)
{
	char deep[128];
	struct stat st;

	snprintf(deep, sizeof deep, "%s/b/c", path);
	ck_assert_int_eq(path_make_folders(deep, 0700), E_OK);
	ck_assert_int_eq(path_make_folders(deep, 0700), E_OK);
	ck_assert_int_eq(stat(deep, &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0700);
	snprintf(deep, sizeof deep, "%s/b/c/d", path);
	ck_assert_int_eq(path_replace(deep, new, 0644), E_OK);
	snprintf(deep, sizeof deep, "%s/b/c/d/e", path);
	ck_assert_int_eq(path_make_folders(deep, 0700), E_DENIED);
	ck_assert_int_eq(errno, ENOTDIR);
}
END_TEST

int main(void)
{
	const struct cases cases = {.suite = suite_create("file"), .setup = setup, .teardown = teardown};
	SRunner *runner = srunner_create(cases.suite);
	int failed;

	add_case(&cases, replaced_in_one_step);
	add_case(&cases, on_the_disk_before_its_name);
	add_case(&cases, a_link_stays);
	add_case(&cases, only_a_file_is_replaced);
	add_case(&cases, a_failure_leaves_nothing);
	add_case(&cases, reading_has_a_limit);
	add_case(&cases, only_what_may_be_believed);
	add_case(&cases, folders_are_made);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
