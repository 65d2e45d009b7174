/* SPDX-License-Identifier: BSD-2-Clause */
/* The order of a write's steps; killed in the middle of each; the disk full; a
 * crowd. The linker puts our hands between the store and the system (--wrap). */
#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "store_rig.h"

int __real_openat(int dir, const char *path, int flags, mode_t mode);
ssize_t __real_write(int fd, const void *p, size_t n);
int __real_fsync(int fd);
int __real_fchmod(int fd, mode_t mode);
int __real_renameat(int from, const char *a, int to, const char *b);
int __real_mkdirat(int dir, const char *path, mode_t mode);
int __real_unlinkat(int dir, const char *path, int flags);
int __wrap_openat(int dir, const char *path, int flags, mode_t mode);
int __wrap_openat64(int dir, const char *path, int flags, mode_t mode); /* with 64 bits for a file's size */
ssize_t __wrap_write(int fd, const void *p, size_t n);
int __wrap_fsync(int fd);
int __wrap_fchmod(int fd, mode_t mode);
int __wrap_renameat(int from, const char *a, int to, const char *b);
int __wrap_mkdirat(int dir, const char *path, mode_t mode);
int __wrap_unlinkat(int dir, const char *path, int flags);

enum fate { NOTHING, DIE, FAIL };
static enum fate fate;
static int step, fatal_step; /* steps are counted while there is a fate */
static bool small_writes;
static char steps[400];          /* a letter and a descriptor for each step, while there is no fate */
static bool noting;

static void note(char letter, int fd)
{
	size_t n = strlen(steps);

	if (noting)
		snprintf(steps + n, sizeof steps - n, "%c%d ", letter, fd);
}

/* True: this step fails. */
static bool is_fatal(void)
{
	if (fate == NOTHING || ++step != fatal_step)
		return false;
	if (fate == DIE)
		kill(getpid(), SIGKILL);
	errno = ENOSPC;
	return true;
}

int __wrap_openat(int dir, const char *path, int flags, mode_t mode)
{
	int fd = flags & O_CREAT && is_fatal() ? -1 : __real_openat(dir, path, flags, mode);

	if ((flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
		note('c', fd);
	return fd;
}

int __wrap_openat64(int dir, const char *path, int flags, mode_t mode)
{
	return __wrap_openat(dir, path, flags, mode);
}

ssize_t __wrap_write(int fd, const void *p, size_t n)
{
	note('w', fd);
	return is_fatal() ? -1 : __real_write(fd, p, small_writes && n > 50 ? 50 : n);
}

int __wrap_fsync(int fd)
{
	note('s', fd);
	return is_fatal() ? -1 : __real_fsync(fd);
}

int __wrap_fchmod(int fd, mode_t mode)
{
	note('m', fd);
	return is_fatal() ? -1 : __real_fchmod(fd, mode);
}

int __wrap_renameat(int from, const char *a, int to, const char *b)
{
	note('r', to);
	return is_fatal() ? -1 : __real_renameat(from, a, to, b);
}

int __wrap_mkdirat(int dir, const char *path, mode_t mode)
{
	return is_fatal() ? -1 : __real_mkdirat(dir, path, mode);
}

int __wrap_unlinkat(int dir, const char *path, int flags)
{
	return is_fatal() ? -1 : __real_unlinkat(dir, path, flags);
}

/* Created by this writer alone, written, made readable, on the disk, and only then under its name; then the folder
 * is on the disk. A crash of the machine leaves the old list or the new one. */
START_TEST(order)
{
	char file[32], folder[32], want[64 + 32];
	const char *rest;
	enum store_put what;

	small_writes = true;
	for (int i = 0; i < 2; i++) {
		size_t n = 0;

		noting = true;
		steps[0] = '\0';
		if (i == 0)
			ck_assert_int_eq(rig_put(rig_list(0, 5, NULL), &what), E_OK);
		else
			ck_assert_int_eq(store_archive(rig.store, &rig.trust), E_OK);
		noting = false;
		ck_assert_msg(steps[0] == 'c', "%s", steps);
		ck_assert_int_eq(sscanf(steps + 1, "%31s", file), 1);
		snprintf(want, sizeof want, "w%s ", file);
		for (rest = strchr(steps, ' ') + 1; strncmp(rest, want, strlen(want)) == 0; rest += strlen(want))
			n++;
		ck_assert_uint_gt(n, 3);
		snprintf(want, sizeof want, "m%s s%s r", file, file);
		ck_assert_msg(strncmp(rest, want, strlen(want)) == 0, "%s", steps);
		ck_assert_int_eq(sscanf(rest + strlen(want), "%31s", folder), 1);
		snprintf(want, sizeof want, " r%s s%s ", folder, folder);
		ck_assert_msg(strcmp(strstr(steps, " r"), want) == 0, "%s", steps);
	}
}
END_TEST

/* Puts number n in a child that meets its fate at that step; true if it came through. */
static bool put_in_child(unsigned n, int at, enum fate how)
{
	pid_t pid = fork();
	enum store_put what;
	int status;

	if (pid == 0) {
		fate = how;
		fatal_step = at;
		small_writes = true;
		_exit(rig_put(rig_list(0, n, NULL), &what) != E_OK || what != STORE_NEW);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status)) {
		ck_assert_int_eq(WTERMSIG(status), SIGKILL);
		return false;
	}
	return WEXITSTATUS(status) == 0;
}

static unsigned only_number(void)
{
	enum error why;

	ck_assert_uint_le(rig_count(0, &why), 1);
	ck_assert(why == E_OK || why == E_NOT_FOUND); /* never a file that cannot be used */
	return rig_number(0);
}

/* The old list or the new one after each step, and the next writer gets through. */
START_TEST(killed)
{
	unsigned held = _i ? 1 : 0, old_kept = 0, new_kept = 0;
	enum store_put what;
	int at = 1;

	if (_i)
		ck_assert_int_eq(rig_put(rig_list(0, 1, NULL), &what), E_OK);
	for (;; at++) {
		unsigned n = held + 1, after;
		bool came_through = put_in_child(n, at, DIE);

		after = only_number();
		ck_assert(after == held || after == n);
		ck_assert(!came_through || after == n);
		old_kept += after == held;
		new_kept += after == n;
		held = after;
		if (came_through)
			break;
	}
	printf("killed at each of %d steps: the old list %u times, the new one %u times\n", at - 1, old_kept, new_kept - 1);
	ck_assert_int_gt(at, 10);
	ck_assert_uint_gt(old_kept, 5);
	ck_assert_uint_gt(new_kept, 1); /* after the rename */
}
END_TEST

/* Each system call fails once: the old list stays, and nothing lies about. */
START_TEST(failed)
{
	char path[512];
	unsigned held = 1;
	enum store_put what;
	int at = 1, refused = 0;

	ck_assert_int_eq(rig_put(rig_list(0, 1, NULL), &what), E_OK);
	snprintf(path, sizeof path, "%s/.new", rig.crl);
	for (;; at++) {
		bool came_through = put_in_child(held + 1, at, FAIL);

		ck_assert_uint_eq(only_number(), came_through ? held + 1 : held);
		ck_assert_int_ne(access(path, F_OK), 0);
		held += came_through;
		refused += !came_through;
		if (at > 40)
			break;
	}
	ck_assert_int_gt(refused, 8); /* all but sweeping before and fsync of the folder after */
}
END_TEST

static void limit_files(rlim_t size)
{
	struct rlimit limit = {size, RLIM_INFINITY};

	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

START_TEST(no_room)
{
	enum store_put what;

	ck_assert_int_eq(rig_put(rig_list(0, 1, NULL), &what), E_OK);
	limit_files(100);
	ck_assert_int_eq(rig_put(rig_list(0, 2, NULL), &what), E_IO);
	ck_assert_int_eq(what, STORE_BAD);
	ck_assert_int_eq(store_archive(rig.store, &rig.trust), E_IO);
	ck_assert_uint_eq(only_number(), 1);
	limit_files(RLIM_INFINITY);
	ck_assert_int_eq(rig_put(rig_list(0, 2, NULL), &what), E_OK);
	ck_assert_uint_eq(only_number(), 2);
}
END_TEST

/* A disk of its own, 64 kB, that is full. */
START_TEST(full_disk)
{
	static const uint8_t filler[65536];
	char path[512];
	enum store_put what;
	int fd;

	if (geteuid() != 0 || mount("none", rig.folder, "tmpfs", 0, "size=64k,mode=0755") != 0) {
		printf("full disk: not tested: no tmpfs may be mounted here\n");
		return;
	}
	ck_assert_int_eq(rig_put(rig_list(0, 1, NULL), &what), E_OK);
	snprintf(path, sizeof path, "%s/filler", rig.folder);
	fd = open(path, O_WRONLY | O_CREAT, 0644);
	while (__real_write(fd, filler, 512) > 0)
		;
	close(fd);
	ck_assert_int_eq(rig_put(rig_list(0, 2, NULL), &what), E_IO);
	ck_assert_uint_eq(only_number(), 1);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(rig_put(rig_list(0, 2, NULL), &what), E_OK);
	ck_assert_uint_eq(only_number(), 2);
	ck_assert_int_eq(umount2(rig.folder, MNT_DETACH), 0);
}
END_TEST

/* ---- A crowd */

#define CROWD 16
#define PUTS 40

/* Each writer comes with its own numbers; some will be older than what is there. */
static int write_much(unsigned me)
{
	for (unsigned i = 0; i < PUTS; i++) {
		enum store_put what;

		if (rig_put(rig_list(0, 2 + i * CROWD + me, NULL), &what) != E_OK || (what != STORE_NEW && what != STORE_OLDER))
			return 1;
	}
	return 0;
}

static int crowd_read(int until)
{
	unsigned last = 0;
	char c;

	do {
		enum error why;
		size_t n = rig_count(0, &why);
		unsigned number = rig_number(0);

		if (n != 1 || why != E_OK || number < last)
			return 1;
		last = number;
	} while (read(until, &c, 1) < 0);
	return rig_number(0) != 2 + PUTS * CROWD - 1;
}

START_TEST(crowd)
{
	pid_t writers[CROWD], readers[CROWD];
	enum store_put what;
	int done[2], status;

	ck_assert_int_eq(pipe2(done, O_NONBLOCK), 0);
	ck_assert_int_eq(rig_put(rig_list(0, 1, NULL), &what), E_OK);
	for (unsigned i = 0; i < CROWD; i++) {
		writers[i] = fork();
		if (writers[i] == 0)
			_exit(write_much(i));
		readers[i] = fork();
		if (readers[i] == 0) {
			close(done[1]);
			_exit(crowd_read(done[0]));
		}
	}
	for (unsigned i = 0; i < CROWD; i++) {
		ck_assert_int_eq(waitpid(writers[i], &status, 0), writers[i]);
		ck_assert_int_eq(status, 0);
	}
	ck_assert_uint_eq(only_number(), 2 + PUTS * CROWD - 1);
	close(done[1]);
	for (unsigned i = 0; i < CROWD; i++) {
		ck_assert_int_eq(waitpid(readers[i], &status, 0), readers[i]);
		ck_assert_msg(status == 0, "reader %u: %d", i, status);
	}
}
END_TEST

static void setup(void)
{
	rig_clock = NOW + 40 * DAY; /* all lists of these tests have begun */
	rig_start();
}

int main(void)
{
	Suite *s = suite_create("store, killed");
	TCase *t = tcase_create("store, killed");
	SRunner *r = srunner_create(s);
	int failures;

	suite_add_tcase(s, t);
	tcase_set_timeout(t, 300);
	tcase_add_checked_fixture(t, setup, rig_stop);
	tcase_add_test(t, order);
	tcase_add_loop_test(t, killed, 0, 2);
	tcase_add_test(t, failed);
	tcase_add_test(t, no_room);
	tcase_add_test(t, full_disk);
	tcase_add_test(t, crowd);
	srunner_run_all(r, CK_ENV);
	failures = srunner_ntests_failed(r);
	srunner_free(r);
	return failures != 0;
}
