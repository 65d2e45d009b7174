/* SPDX-License-Identifier: BSD-2-Clause */
/* The store: what is kept, what is believed, what was valid when. */
#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "store_rig.h"

static void put_is(struct bytes der, enum error want, enum store_put want_what)
{
	enum store_put what;

	ck_assert_int_eq(rig_put(der, &what), want);
	ck_assert_int_eq(what, want_what);
}

START_TEST(kept)
{
	char path[512];
	struct stat st;
	enum error why;

	umask(077);
	ck_assert_uint_eq(rig_count(0, &why), 0);
	ck_assert_int_eq(why, E_NOT_FOUND);
	put_is(rig_list(0, 5, NULL), E_OK, STORE_NEW);
	ck_assert_uint_eq(rig_count(0, &why), 1);
	ck_assert_int_eq(why, E_OK);
	rig_file(path, 0, NULL);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0644);
	rig_reopen();
	ck_assert_uint_eq(rig_number(0), 5);
	ck_assert_int_eq(unlink(path), 0); /* without the store only time is lost */
	ck_assert_uint_eq(rig_count(0, NULL), 0);
	put_is(rig_list(0, 5, NULL), E_OK, STORE_NEW);
	ck_assert_uint_eq(rig_number(0), 5);
}
END_TEST

/* Everybody may read what is public, nobody else may write, whatever the umask is. */
START_TEST(permissions)
{
	static const mode_t masks[] = {0, 022, 077};
	char command[400];

	umask(masks[_i]);
	put_is(rig_list(0, 5, NULL), E_OK, STORE_NEW);
	ck_assert_int_eq(store_archive(rig.store, &rig.trust), E_OK);
	snprintf(command, sizeof command, "cd %s && test $(find crl archive -name '*.crl' -perm 644 | wc -l) = 2", rig.folder);
	ck_assert_int_eq(system(command), 0);
	snprintf(command, sizeof command, "cd %s && test -z \"$(find . -perm /022)\" && test -z \"$(find . -type f ! -name '*.crl' -perm /077)\"",
	         rig.folder);
	ck_assert_int_eq(system(command), 0);
}
END_TEST

START_TEST(same_bytes)
{
	char path[512];
	uint8_t data[4096];
	struct bytes der = rig_list(0, 5, NULL);
	enum store_put what;
	FILE *f;

	ck_assert_int_eq(store_put(rig.store, &rig.trust, der, &what), E_OK);
	rig_file(path, 0, NULL);
	f = fopen(path, "rb");
	ck_assert_uint_eq(fread(data, 1, sizeof data, f), der.len);
	fclose(f);
	ck_assert_mem_eq(data, der.data, der.len);
	put_is(der, E_OK, STORE_SAME);
}
END_TEST

START_TEST(rollback)
{
	struct list_spec spec = {.issuer = CA, .from = NOW, .to = NOW + DAY, .number = "06"};

	put_is(rig_list(0, 5, NULL), E_OK, STORE_NEW);
	put_is(rig_list(0, 4, NULL), E_OK, STORE_OLDER);
	spec.from = NOW - 2 * DAY; /* a higher number, but older */
	put_is(make_list(&spec), E_OK, STORE_OLDER);
	spec.from = NOW + DAY; /* newer, but a lower number */
	spec.number = "04";
	put_is(make_list(&spec), E_OK, STORE_OLDER);
	rig_reopen();
	put_is(rig_list(0, 4, NULL), E_OK, STORE_OLDER);
	ck_assert_uint_eq(rig_number(0), 5);
	put_is(rig_list(0, 6, NULL), E_OK, STORE_NEW);
	ck_assert_uint_eq(rig_number(0), 6);
}
END_TEST

START_TEST(refused)
{
	static const char *const unsupported[] = {"[exts]\n2.5.29.27 = critical,DER:020101\n",
	                                          "[exts]\nissuingDistributionPoint = critical,@i\n[i]\nindirectCRL = TRUE\n",
	                                          "[exts]\nissuingDistributionPoint = critical,@i\n[i]\nonlyAA = TRUE\n"};
	struct list_spec spec = {.issuer = "Nobody", .from = NOW, .to = NOW + DAY};
	struct bytes der;

	put_is(make_list(&spec), E_NOT_FOUND, STORE_BAD);
	spec.issuer = CA;
	spec.key = 3;
	put_is(make_list(&spec), E_SIGNATURE, STORE_BAD);
	spec.key = 0;
	for (size_t i = 0; i < 3; i++) {
		spec.conf = unsupported[i];
		put_is(make_list(&spec), E_UNSUPPORTED, STORE_BAD);
	}
	der = rig_list(0, 1, NULL);
	der.len--;
	put_is(der, E_FORMAT, STORE_BAD);
	rig.cas[0].signs_lists = false;
	put_is(rig_list(0, 1, NULL), E_SIGNATURE, STORE_BAD); /* its namesake's key does not fit */
	rig.cas[1].signs_lists = false;
	put_is(rig_list(0, 1, NULL), E_NOT_FOUND, STORE_BAD);
	ck_assert_int_ne(access(rig.crl, F_OK), 0);
}
END_TEST

/* SARL and RARL: one issuer, one key, two scopes; and two keys of one name. */
START_TEST(side_by_side)
{
	struct store_lists held;

	put_is(rig_list(0, 1, SCOPE("SARL")), E_OK, STORE_NEW);
	put_is(rig_list(0, 2, SCOPE("RARL")), E_OK, STORE_NEW);
	put_is(rig_list(0, 3, NULL), E_OK, STORE_NEW);
	put_is(rig_list(1, 9, NULL), E_OK, STORE_NEW);
	put_is(rig_list(2, 8, NULL), E_OK, STORE_NEW);
	ck_assert_uint_eq(rig_count(0, NULL), 3);
	ck_assert_uint_eq(rig_number(1), 9);
	ck_assert_uint_eq(rig_number(2), 8);
	store_lists(rig.store, &(struct list_query){.ca = &rig.cas[0]}, &held);
	for (size_t i = 0; i < 3; i++)
		for (size_t k = 0; k < i; k++)
			ck_assert_mem_ne(held.list[i]->key, held.list[k]->key, 64);
	put_is(rig_list(0, 4, SCOPE("SARL")), E_OK, STORE_NEW);
	ck_assert_uint_eq(held.n, 3); /* what a reader has stays while it reads */
	ck_assert_uint_le(held.list[0]->number[0], 3);
	store_lists_free(&held);
	ck_assert_uint_eq(rig_count(0, NULL), 3);
}
END_TEST

/* ---- Attack and accident */

static void as_symlink(const char *path)
{
	char real[600];

	snprintf(real, sizeof real, "%s.real", path);
	ck_assert_int_eq(rename(path, real), 0);
	ck_assert_int_eq(symlink(real, path), 0);
}

static void as_group_writable(const char *path)
{
	ck_assert_int_eq(chmod(path, 0664), 0);
}

static void as_world_writable(const char *path)
{
	ck_assert_int_eq(chmod(path, 0646), 0);
}

static void as_truncated(const char *path)
{
	ck_assert_int_eq(truncate(path, 100), 0);
}

static void as_empty(const char *path)
{
	ck_assert_int_eq(truncate(path, 0), 0);
}

static void as_longer(const char *path)
{
	struct stat st;

	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(truncate(path, st.st_size + 1), 0);
}

static void as_sparse_giant(const char *path)
{
	ck_assert_int_eq(truncate(path, (off_t)1 << 33), 0);
}

static void as_pipe(const char *path)
{
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(mkfifo(path, 0644), 0);
}

static void as_folder(const char *path)
{
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(mkdir(path, 0755), 0);
}

static void as_garbage(const char *path)
{
	rig_write(path, (struct bytes){(const uint8_t *)"not a list", 10});
}

static void as_namesakes(const char *path)
{
	struct bytes der = rig_list(1, 9, NULL);

	rig_write(path, der);
	made_free(&der);
}

static void as_others(const char *path)
{
	struct bytes der = rig_list(2, 9, NULL);

	rig_write(path, der);
	made_free(&der);
}

static void as_altered(const char *path)
{
	struct bytes der = rig_list(0, 5, NULL);
	uint8_t copy[4096];

	memcpy(copy, der.data, der.len);
	copy[der.len - 5] ^= 1;
	rig_write(path, (struct bytes){copy, der.len});
	made_free(&der);
}

static void as_strangers(const char *path)
{
	ck_assert_int_eq(chown(path, 12345, 12345), 0);
}

static void in_open_folder(const char *path)
{
	(void)path;
	ck_assert_int_eq(chmod(rig.crl, 0777), 0);
}

static void below_open_folder(const char *path)
{
	(void)path;
	ck_assert_int_eq(chmod(rig.folder, 0770), 0);
}

static void in_linked_folder(const char *path)
{
	(void)path;
	as_symlink(rig.crl);
}

static void in_strangers_folder(const char *path)
{
	(void)path;
	ck_assert_int_eq(chown(rig.crl, 12345, 12345), 0);
}

static const struct {
	const char *name;
	void (*harm)(const char *path);
	enum error why;
	bool root, heals; /* needs root; a put makes it good again */
} harms[] = {
	{"symbolic link", as_symlink, E_DENIED, false, true},
	{"writable by the group", as_group_writable, E_DENIED, false, true},
	{"writable by others", as_world_writable, E_DENIED, false, true},
	{"another owner", as_strangers, E_DENIED, true, true},
	{"truncated", as_truncated, E_FORMAT, false, true},
	{"empty", as_empty, E_FORMAT, false, true},
	{"a byte more", as_longer, E_FORMAT, false, true},
	{"8 GiB", as_sparse_giant, E_FORMAT, false, true},
	{"a pipe", as_pipe, E_DENIED, false, true},
	{"a folder", as_folder, E_DENIED, false, false},
	{"garbage", as_garbage, E_FORMAT, false, true},
	{"a list of a namesake", as_namesakes, E_SIGNATURE, false, true},
	{"a list of another CA", as_others, E_SIGNATURE, false, true},
	{"an altered signature", as_altered, E_SIGNATURE, false, true},
	{"a folder that others write", in_open_folder, E_DENIED, false, false},
	{"a store that others write", below_open_folder, E_DENIED, false, false},
	{"a folder by a symbolic link", in_linked_folder, E_DENIED, false, false},
	{"a folder of another owner", in_strangers_folder, E_DENIED, true, false},
};

START_TEST(harm)
{
	enum store_put what;
	char path[512];
	enum error why, ok;

	if (harms[_i].root && geteuid() != 0) {
		printf("%s: not tested: needs root\n", harms[_i].name);
		return;
	}
	put_is(rig_list(0, 5, NULL), E_OK, STORE_NEW);
	ck_assert_uint_eq(rig_number(0), 5);
	rig_file(path, 0, NULL);
	harms[_i].harm(path);
	for (int again = 0; again < 2; again++) { /* of one that knew it before, and of one that did not */
		ck_assert_msg(rig_count(0, &why) == 0, "%s", harms[_i].name);
		ck_assert_msg(why == harms[_i].why, "%s: %d", harms[_i].name, why);
		rig_reopen();
	}
	ok = rig_put(rig_list(0, 6, NULL), &what);
	ck_assert_msg((ok == E_OK) == harms[_i].heals, "%s: %d", harms[_i].name, ok);
	if (harms[_i].heals)
		ck_assert_uint_eq(rig_number(0), 6);
	else
		ck_assert_uint_eq(rig_count(0, NULL), 0);
}
END_TEST

/* A bad file hides no good one. */
START_TEST(one_of_two)
{
	char path[512];
	enum error why;

	put_is(rig_list(0, 5, NULL), E_OK, STORE_NEW);
	put_is(rig_list(0, 6, SCOPE("SARL")), E_OK, STORE_NEW);
	rig_file(path, 0, SCOPE("SARL"));
	as_garbage(path);
	ck_assert_uint_eq(rig_number(0), 5);
	ck_assert_uint_eq(rig_count(0, &why), 1);
	ck_assert_int_eq(why, E_FORMAT);
}
END_TEST

/* SARL under the name of RARL and the other way round: still what they say. */
START_TEST(swapped_scopes)
{
	char sarl[512], rarl[512];
	struct bytes der;

	put_is(rig_list(0, 5, SCOPE("SARL")), E_OK, STORE_NEW);
	put_is(rig_list(0, 6, SCOPE("RARL")), E_OK, STORE_NEW);
	rig_file(sarl, 0, SCOPE("SARL"));
	rig_file(rarl, 0, SCOPE("RARL"));
	der = rig_list(0, 5, SCOPE("SARL"));
	rig_write(rarl, der);
	made_free(&der);
	der = rig_list(0, 6, SCOPE("RARL"));
	rig_write(sarl, der);
	made_free(&der);
	ck_assert_uint_eq(rig_count(0, NULL), 2);
	put_is(rig_list(0, 4, SCOPE("SARL")), E_OK, STORE_OLDER);
	put_is(rig_list(0, 7, SCOPE("SARL")), E_OK, STORE_NEW); /* takes RARL's place on disk … */
	put_is(rig_list(0, 7, SCOPE("RARL")), E_OK, STORE_NEW); /* … which the next fetch mends */
	ck_assert_uint_eq(rig_count(0, NULL), 2);
}
END_TEST

/* ---- Several places */

static void open_two(void)
{
	const char *folders[] = {rig.folder, rig.other};

	store_free(&rig.store);
	ck_assert_int_eq(store_open(rig.crypto, folders, 2, &rig.store), E_OK);
	store_check_every(rig.store, 0);
}

START_TEST(two_places)
{
	struct bytes der = rig_list(0, 5, NULL);
	char path[512], moved[512];
	enum store_put what;

	ck_assert_int_eq(store_put(rig.store, &rig.trust, der, &what), E_OK);
	open_two();
	ck_assert_uint_eq(rig_number(0), 5);
	put_is(rig_list(0, 4, NULL), E_OK, STORE_OLDER);
	put_is(der, E_OK, STORE_SAME);
	ck_assert_int_ne(access(rig.other, F_OK), 0);
	put_is(rig_list(0, 6, NULL), E_OK, STORE_NEW);
	ck_assert_uint_eq(rig_number(0), 6);
	rig_file(path, 0, NULL);
	snprintf(moved, sizeof moved, "%s/crl/%s", rig.other, strrchr(path, '/') + 1);
	ck_assert_int_eq(access(moved, F_OK), 0);
	rig_reopen();
	ck_assert_uint_eq(rig_number(0), 5);
	put_is(rig_list(0, 7, NULL), E_OK, STORE_NEW); /* the first place has the newer one now */
	open_two();
	ck_assert_uint_eq(rig_number(0), 7);
}
END_TEST

/* The last that may be written is written. */
START_TEST(second_place_refused)
{
	ck_assert_int_eq(mkdir(strcat(strcpy((char[80]){0}, rig.folder), "/other"), 0755), 0);
	ck_assert_int_eq(mkdir(rig.other, 0755), 0);
	ck_assert_int_eq(chmod(rig.other, 0777), 0);
	open_two();
	put_is(rig_list(0, 5, NULL), E_OK, STORE_NEW);
	rig_reopen();
	ck_assert_uint_eq(rig_number(0), 5);
}
END_TEST

START_TEST(no_place)
{
	store_free(&rig.store);
	ck_assert_int_eq(store_open(rig.crypto, NULL, 0, &rig.store), E_OK);
	ck_assert_uint_eq(rig_count(0, NULL), 0);
	put_is(rig_list(0, 5, NULL), E_DENIED, STORE_BAD);
}
END_TEST

START_TEST(known_folders)
{
	static char folders[2][4096];

	setenv("XDG_CACHE_HOME", "/x/cache", 1);
	ck_assert_uint_eq(store_folders(folders), 2);
	ck_assert_str_eq(folders[0], LOCALSTATEDIR "/cache/inkan");
	ck_assert_str_eq(folders[1], "/x/cache/inkan");
	setenv("XDG_CACHE_HOME", "relative", 1);
	setenv("HOME", "/home/y", 1);
	ck_assert_uint_eq(store_folders(folders), 2);
	ck_assert_str_eq(folders[1], "/home/y/.cache/inkan");
	unsetenv("HOME");
	ck_assert_uint_eq(store_folders(folders), 1);
}
END_TEST

START_TEST(settings)
{
	static char folders[2][4096];
	char path[200];

	ck_assert_int_eq(store_tolerance(rig.store), 300);
	setenv("XDG_CONFIG_HOME", rig.folder, 1);
	snprintf(path, sizeof path, "%s/inkan", rig.folder);
	ck_assert_int_eq(mkdir(path, 0755), 0);
	strcat(path, "/inkan.conf");
	rig_write(path, (struct bytes){(const uint8_t *)"clock-tolerance = 10\nlists = /x/lists\n", 38});
	rig_reopen();
	ck_assert_int_eq(store_tolerance(rig.store), 10);
	ck_assert_uint_eq(store_folders(folders), 2);
	ck_assert_str_eq(folders[1], "/x/lists");
}
END_TEST

/* ---- What is cached */

START_TEST(interval)
{
	char path[512];
	struct bytes der;

	store_check_every(rig.store, 3600);
	put_is(rig_list(0, 5, NULL), E_OK, STORE_NEW);
	ck_assert_uint_eq(rig_number(0), 5);
	rig_file(path, 0, NULL);
	der = rig_list(0, 6, NULL); /* another process's */
	rig_write(path, der);
	made_free(&der);
	ck_assert_uint_eq(rig_number(0), 5);
	store_check_every(rig.store, 0);
	ck_assert_uint_eq(rig_number(0), 6);
	store_check_every(rig.store, 3600);
	put_is(rig_list(0, 7, NULL), E_OK, STORE_NEW); /* our own is seen at once */
	ck_assert_uint_eq(rig_number(0), 7);
}
END_TEST

static atomic_bool enough;

static void *read_much(void *arg)
{
	unsigned *last = arg;

	while (!atomic_load(&enough)) {
		unsigned n = rig_number(0);

		if (n < *last)
			return "backwards";
		*last = n;
	}
	return NULL;
}

START_TEST(many_threads)
{
	pthread_t threads[4];
	unsigned last[4] = {0};
	void *complaint;

	rig_clock = NOW + 3 * DAY;
	put_is(rig_list(0, 1, NULL), E_OK, STORE_NEW);
	for (size_t i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, read_much, &last[i]), 0);
	for (unsigned n = 2; n < 60; n++)
		put_is(rig_list(0, n, NULL), E_OK, STORE_NEW);
	atomic_store(&enough, true);
	for (size_t i = 0; i < 4; i++) {
		pthread_join(threads[i], &complaint);
		ck_assert_ptr_null(complaint);
	}
	ck_assert_uint_eq(rig_number(0), 59);
}
END_TEST

/* ---- The archive, the walk, putting in order */

static unsigned number_at(time_t at)
{
	struct store_lists held;

	store_lists(rig.store, &(struct list_query){.ca = &rig.cas[0], .at = at}, &held);
	for (size_t i = 0; i < held.n; i++)
		ck_assert_int_le(held.list[i]->this_update, at);
	return rig_newest(&held);
}

START_TEST(archive)
{
	char pattern[600];

	rig.cas[0].sound = false; /* a key that signs lists alone */
	for (unsigned n = 1; n <= 3; n++) {
		put_is(rig_list(0, n, NULL), E_OK, STORE_NEW);
		ck_assert_int_eq(store_archive(rig.store, &rig.trust), E_OK);
		ck_assert_int_eq(store_archive(rig.store, &rig.trust), E_OK);
	}
	put_is(rig_list(0, 4, NULL), E_OK, STORE_NEW);
	put_is(rig_list(1, 9, NULL), E_OK, STORE_NEW);
	ck_assert_uint_eq(number_at(NOW - DAY), 0);
	ck_assert_uint_eq(number_at(NOW - DAY + 3600 - 1), 0);
	ck_assert_uint_eq(number_at(NOW - DAY + 3600), 1);
	ck_assert_uint_eq(number_at(NOW - DAY + 2 * 3600 + 1), 2);
	ck_assert_uint_eq(number_at(NOW - DAY + 4 * 3600 - 1), 3);
	ck_assert_uint_eq(number_at(NOW), 4); /* held, not archived */
	snprintf(pattern, sizeof pattern, "test $(ls %s/archive | wc -l) = 3", rig.folder);
	ck_assert_int_eq(system(pattern), 0);
	/* the names of the archive prove nothing */
	snprintf(pattern, sizeof pattern, "cd %s/archive && for f in *.crl; do echo x >$f; done", rig.folder);
	ck_assert_int_eq(system(pattern), 0);
	ck_assert_uint_eq(number_at(NOW - DAY + 2 * 3600), 0);
}
END_TEST

/* The name of an archived list says where to look, and nothing else. */
START_TEST(archived_under_a_wrong_name)
{
	const time_t first = NOW - DAY + 3600;
	struct bytes late = rig_list(0, 3, NULL), other = rig_list(2, 3, NULL), namesake = rig_list(1, 2, NULL);
	char command[600], name[300], path[400], second[400];
	FILE *ls;

	put_is(rig_list(0, 1, NULL), E_OK, STORE_NEW);
	ck_assert_int_eq(store_archive(rig.store, &rig.trust), E_OK);
	snprintf(command, sizeof command, "ls %s/archive", rig.folder);
	ls = popen(command, "r");
	ck_assert_ptr_nonnull(fgets(name, sizeof name, ls));
	pclose(ls);
	name[strcspn(name, "\n")] = '\0';
	snprintf(path, sizeof path, "%s/archive/%s", rig.folder, name);
	put_is(rig_list(0, 2, NULL), E_OK, STORE_NEW);
	ck_assert_int_eq(store_archive(rig.store, &rig.trust), E_OK);
	put_is(rig_list(0, 4, NULL), E_OK, STORE_NEW);
	ck_assert_uint_eq(number_at(first + 3600), 2);
	snprintf(command, sizeof command, "cd %s/archive && ls | tail -n 1", rig.folder);
	ls = popen(command, "r");
	ck_assert_ptr_nonnull(fgets(name, sizeof name, ls));
	pclose(ls);
	name[strcspn(name, "\n")] = '\0';
	snprintf(second, sizeof second, "%s/archive/%s", rig.folder, name);
	rig_write(second, late); /* what lies below it is looked at then */
	ck_assert_uint_eq(number_at(first + 3600), 1);
	rig_write(second, namesake);
	ck_assert_uint_eq(number_at(first + 3600), 1);
	ck_assert_int_eq(unlink(second), 0);
	ck_assert_uint_eq(number_at(first), 1);
	rig_write(path, late); /* of two hours later than its name says */
	ck_assert_uint_eq(number_at(first), 0);
	ck_assert_uint_eq(number_at(first + 2 * 3600 - 1), 0);
	ck_assert_uint_eq(number_at(first + 2 * 3600), 3);
	rig_write(path, other); /* of another CA */
	ck_assert_uint_eq(number_at(first), 0);
	made_free(&late);
	made_free(&other);
	made_free(&namesake);
}
END_TEST

/* A signature of years ago brings its lists: whatever is in force, they are for its time. */
START_TEST(archived_one_by_one)
{
	struct bytes old = rig_list(0, 2, NULL), forged = rig_list(0, 3, NULL);
	enum store_put what;

	put_is(rig_list(0, 9, NULL), E_OK, STORE_NEW);
	ck_assert_int_eq(store_put(rig.store, &rig.trust, old, &what), E_OK);
	ck_assert_int_eq(what, STORE_OLDER);
	ck_assert_uint_eq(number_at(NOW - DAY + 3 * 3600), 0);
	ck_assert_int_eq(store_archive_list(rig.store, &rig.trust, old), E_OK);
	ck_assert_uint_eq(number_at(NOW - DAY + 3 * 3600), 2);
	ck_assert_uint_eq(rig_number(0), 9);
	((uint8_t *)(uintptr_t)forged.data)[forged.len - 1] ^= 1;
	ck_assert_int_eq(store_archive_list(rig.store, &rig.trust, forged), E_SIGNATURE);
	ck_assert_uint_eq(number_at(NOW - DAY + 3 * 3600), 2);
	made_free(&old);
	made_free(&forged);
}
END_TEST

/* An error says which folder it was, and what the system said. */
START_TEST(problems_have_names)
{
	char want[200];

	if (geteuid() == 0) {
		snprintf(want, sizeof want, "%s: ", rig.folder);
		ck_assert_int_eq(chmod(rig.folder, 0777), 0);
	} else {
		snprintf(want, sizeof want, "%s: Permission denied", rig.folder);
		ck_assert_int_eq(chmod(rig.folder, 0500), 0);
	}
	put_is(rig_list(0, 9, NULL), E_DENIED, STORE_BAD);
	ck_assert_int_eq(strncmp(store_problem(rig.store), want, strlen(want)), 0);
	ck_assert_int_eq(chmod(rig.folder, 0755), 0);
	put_is(rig_list(0, 9, NULL), E_OK, STORE_NEW);
	ck_assert_str_eq(store_problem(rig.store), "");
}
END_TEST

struct seen {
	unsigned good, bad, archived, no_issuer;
	enum error why;
};

static enum error see(void *arg, const struct store_file *f)
{
	struct seen *s = arg;

	s->good += f->crl != NULL;
	s->bad += f->crl == NULL;
	s->archived += f->archived;
	s->no_issuer += f->issuer == NULL;
	s->why = f->crl ? s->why : f->why;
	ck_assert(f->crl == NULL || f->why == E_OK);
	ck_assert_int_eq(strncmp(f->path, rig.folder, strlen(rig.folder)), 0);
	return E_OK;
}

START_TEST(walk)
{
	struct seen s = {0};
	char path[512];

	put_is(rig_list(0, 5, NULL), E_OK, STORE_NEW);
	put_is(rig_list(2, 5, NULL), E_OK, STORE_NEW);
	ck_assert_int_eq(store_archive(rig.store, &rig.trust), E_OK);
	ck_assert_int_eq(store_walk(rig.store, &rig.trust, see, &s), E_OK);
	ck_assert_uint_eq(s.good, 4);
	ck_assert_uint_eq(s.archived, 2);
	ck_assert_uint_eq(s.bad, 0);
	rig_file(path, 2, NULL);
	as_group_writable(path);
	s = (struct seen){0};
	rig.trust.n = 2; /* Other CA is not installed */
	ck_assert_int_eq(store_walk(rig.store, &rig.trust, see, &s), E_OK);
	ck_assert_uint_eq(s.good, 2);
	ck_assert_uint_eq(s.no_issuer, 2);
	ck_assert_int_eq(s.why, E_NOT_FOUND);
	rig.trust.n = 3;
	s = (struct seen){0};
	ck_assert_int_eq(store_walk(rig.store, &rig.trust, see, &s), E_OK);
	ck_assert_uint_eq(s.bad, 1);
	ck_assert_int_eq(s.why, E_DENIED);
}
END_TEST

START_TEST(purge)
{
	char path[512];
	size_t removed;

	put_is(rig_list(0, 1, NULL), E_OK, STORE_NEW); /* until NOW + 25 h */
	put_is(rig_list(1, 9, NULL), E_OK, STORE_NEW); /* until NOW + 33 h */
	ck_assert_int_eq(store_archive(rig.store, &rig.trust), E_OK);
	snprintf(path, sizeof path, "%s/.new", rig.crl);
	rig_write(path, (struct bytes){(const uint8_t *)"half", 4});
	ck_assert_int_eq(store_purge(rig.store, NOW + DAY, &removed), E_OK);
	ck_assert_uint_eq(removed, 1);
	ck_assert_int_ne(access(path, F_OK), 0);
	ck_assert_uint_eq(rig_number(0), 1);
	ck_assert_int_eq(store_purge(rig.store, NOW + DAY + 3600, &removed), E_OK);
	ck_assert_uint_eq(removed, 0);
	ck_assert_int_eq(store_purge(rig.store, NOW + DAY + 3601, &removed), E_OK);
	ck_assert_uint_eq(removed, 1);
	ck_assert_uint_eq(rig_count(0, NULL), 0);
	ck_assert_uint_eq(rig_number(1), 9);
	ck_assert_uint_eq(number_at(NOW), 1); /* the archive is there for being old */
	rig_file(path, 1, NULL);
	as_garbage(path);
	ck_assert_int_eq(store_purge(rig.store, NOW, &removed), E_OK);
	ck_assert_uint_eq(removed, 1);
	as_garbage(path);
	as_symlink(path);
	ck_assert_int_eq(store_purge(rig.store, NOW, &removed), E_OK);
	ck_assert_uint_eq(removed, 0);
}
END_TEST

/* What a user has beside the system's folder, which is root's to put in order. */
START_TEST(purge_beside_a_folder_of_others)
{
	char shared[128];
	const char *const places[] = {shared, rig.folder};
	struct store *store;
	size_t removed;

	put_is(rig_list(0, 1, NULL), E_OK, STORE_NEW);
	snprintf(shared, sizeof shared, "%s/shared", rig.folder);
	ck_assert_int_eq(mkdir(shared, 0755), 0);
	ck_assert_int_eq(chmod(shared, 0777), 0);
	ck_assert_int_eq(store_open(rig.crypto, places, 2, &store), E_OK);
	ck_assert_int_eq(store_purge(store, NOW + 100 * DAY, &removed), E_OK);
	ck_assert_uint_eq(removed, 1);
	store_free(&store);
	ck_assert_int_eq(store_open(rig.crypto, places, 1, &store), E_OK);
	ck_assert_int_eq(store_purge(store, NOW, &removed), E_DENIED); /* nothing that could be */
	store_free(&store);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("store");
	TCase *t = tcase_create("store");
	SRunner *r = srunner_create(s);
	int failed;

	suite_add_tcase(s, t);
	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, rig_start, rig_stop);
	tcase_add_test(t, kept);
	tcase_add_loop_test(t, permissions, 0, 3);
	tcase_add_test(t, same_bytes);
	tcase_add_test(t, rollback);
	tcase_add_test(t, refused);
	tcase_add_test(t, side_by_side);
	tcase_add_loop_test(t, harm, 0, sizeof harms / sizeof *harms);
	tcase_add_test(t, one_of_two);
	tcase_add_test(t, swapped_scopes);
	tcase_add_test(t, two_places);
	tcase_add_test(t, second_place_refused);
	tcase_add_test(t, no_place);
	tcase_add_test(t, known_folders);
	tcase_add_test(t, settings);
	tcase_add_test(t, interval);
	tcase_add_test(t, many_threads);
	tcase_add_test(t, archive);
	tcase_add_test(t, archived_under_a_wrong_name);
	tcase_add_test(t, archived_one_by_one);
	tcase_add_test(t, problems_have_names);
	tcase_add_test(t, walk);
	tcase_add_test(t, purge);
	tcase_add_test(t, purge_beside_a_folder_of_others);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
