/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "store_rig.h"

struct rig rig;
time_t rig_clock = NOW;

time_t __wrap_time(time_t *out)
{
	if (out)
		*out = rig_clock;
	return rig_clock;
}

time_t __wrap___time64(time_t *out)
{
	return __wrap_time(out);
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void rig_reopen(void)
{
	const char *folder = rig.folder;

	store_free(&rig.store);
	ck_assert_int_eq(store_open(rig.crypto, &folder, 1, &rig.store), E_OK);
	store_check_every(rig.store, 0);
}

void rig_start(void)
{
	setenv("XDG_CONFIG_HOME", "/nonexistent", 1);
	ck_assert_int_eq(crypto_new(&rig.crypto), E_OK);
	strcpy(rig.folder, "/tmp/test-store-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(rig.folder));
	snprintf(rig.crl, sizeof rig.crl, "%s/crl", rig.folder);
	snprintf(rig.other, sizeof rig.other, "%s/other/place", rig.folder);
	rig.cas[0] = make_ca(rig.crypto, CA, 0, NULL);
	rig.cas[1] = make_ca(rig.crypto, CA, 1, NULL);
	rig.cas[2] = make_ca(rig.crypto, "Other CA", 2, NULL);
	for (size_t i = 0; i < 3; i++) {
		rig.cas[i].top = &rig.cas[i];
		rig.list[i] = &rig.cas[i];
	}
	rig.trust = (struct trust){.crypto = rig.crypto, .list = rig.list, .n = 3};
	rig_reopen();
}

void rig_stop(void)
{
	store_free(&rig.store);
	for (size_t i = 0; i < 3; i++)
		cert_free(&rig.cas[i].cert);
	nftw(rig.folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
	crypto_free(&rig.crypto);
}

struct bytes rig_list(size_t ca, unsigned n, const char *conf)
{
	char number[16];
	struct list_spec spec = {.issuer = ca == 2 ? "Other CA" : CA, .key = (unsigned)ca, .from = NOW - DAY + (time_t)n * 3600,
	                         .to = NOW + DAY + (time_t)n * 3600, .number = number, .conf = conf};

	snprintf(number, sizeof number, "%04X", n);
	return make_list(&spec);
}

enum error rig_put(struct bytes der, enum store_put *what)
{
	enum error ok = store_put(rig.store, &rig.trust, der, what);

	made_free(&der);
	return ok;
}

void rig_file(char path[512], size_t ca, const char *conf)
{
	struct bytes der = rig_list(ca, 1, conf);
	struct crl *crl;
	int n;

	ck_assert_int_eq(crl_open(rig.crypto, der, rig.cas[ca].cert, &crl), E_OK);
	n = snprintf(path, 512, "%s/", rig.crl);
	for (int i = 0; i < 64; i++)
		n += snprintf(path + n, 512 - (size_t)n, i == 31 ? "%02x-" : "%02x", crl->key[i]);
	snprintf(path + n, 512 - (size_t)n, ".crl");
	crl_free(&crl);
	made_free(&der);
}

void rig_write(const char *path, struct bytes content)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, content.data, content.len), (ssize_t)content.len);
	close(fd);
}

size_t rig_count(size_t ca, enum error *why)
{
	struct store_lists lists;
	size_t n;

	store_lists(rig.store, &(struct list_query){.ca = &rig.cas[ca]}, &lists);
	n = lists.n;
	if (why)
		*why = lists.why;
	store_lists_free(&lists);
	return n;
}

unsigned rig_newest(struct store_lists *lists)
{
	unsigned newest = 0;

	for (size_t i = 0; i < lists->n; i++) {
		unsigned number = 0;

		for (size_t k = 0; k < lists->list[i]->number_len; k++)
			number = number << 8 | lists->list[i]->number[k];
		newest = number > newest ? number : newest;
	}
	store_lists_free(lists);
	return newest;
}

unsigned rig_number(size_t ca)
{
	struct store_lists lists;

	store_lists(rig.store, &(struct list_query){.ca = &rig.cas[ca]}, &lists);
	return rig_newest(&lists);
}
