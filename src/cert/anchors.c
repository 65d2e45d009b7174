/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>
#include <openssl/bio.h>
#include "base/conf.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/log.h"
#include "cert/anchors.h"
#include "cert/file.h"

const char *passed_over_text(enum error why)
{
	switch (why) {
	case E_DENIED: return N_("it is another user's, or other users may write it");
	case E_UNSUPPORTED: return N_("not the certificate of a CA");
	case E_FORMAT: return N_("it holds no certificate that can be read");
	default: return error_text(why);
	}
}

/* One that there is no memory for is in the log alone. */
static void pass_over(struct trust *trust, const char *path, enum error why)
{
	struct passed_over *list = realloc(trust->passed, (trust->n_passed + 1) * sizeof *list);

	log_error("%s: passed over: %s", path, passed_over_text(why));
	if (!list)
		return;
	trust->passed = list;
	list[trust->n_passed] = (struct passed_over){.path = strdup(path), .why = why};
	trust->n_passed += list[trust->n_passed].path != NULL;
}

/* Whoever may write here decides whom this user trusts. */
static enum error check_owner(int fd)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return E_IO;
	return (st.st_uid == 0 || st.st_uid == geteuid()) && !(st.st_mode & (S_IWGRP | S_IWOTH)) ? E_OK : E_DENIED;
}

/* Each certificate of a PEM text, or the one in DER. One that is of no use, such as a
 * person's at the head of a server's bundle, does not take the others away. */
static enum error add_content(struct trust *trust, struct bytes in, const char *path)
{
	BIO *bio = in.len > 0 ? BIO_new_mem_buf(in.data, (int)in.len) : NULL;
	enum error ok = in.len == 0 ? E_FORMAT : bio ? E_OK : E_MEMORY, useless = E_OK;
	bool pem = false;
	uint8_t *der;
	size_t n;

	while (ok == E_OK && cert_pem_next(bio, &der, &n)) {
		pem = true;
		ok = trust_add(trust, (struct bytes){der, n}, path, true);
		OPENSSL_free(der);
		if (ok == E_FORMAT || ok == E_UNSUPPORTED) {
			useless = ok;
			ok = E_OK;
		}
	}
	if (ok == E_OK && !pem)
		ok = trust_add(trust, in, path, true);
	BIO_free(bio);
	return ok == E_OK ? useless : ok;
}

struct names {
	char **list;
	size_t n;
};

/* The name of a file with certificates, by its end. */
static enum error note_name(void *arg, const char *name)
{
	static const char *const ends[] = {".pem", ".crt", ".cer", ".der"};
	struct names *names = arg;
	const size_t n = strlen(name);
	bool is = false;
	char **list;

	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
		is |= n > 4 && strcasecmp(name + n - 4, ends[i]) == 0;
	if (!is)
		return E_OK;
	if (!(list = realloc(names->list, (names->n + 1) * sizeof *list)))
		return E_MEMORY;
	names->list = list;
	if (!(list[names->n] = strdup(name)))
		return E_MEMORY;
	names->n++;
	return E_OK;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* A symbolic link is followed: packages link to files of other packages. */
enum error anchors_read(struct trust *trust, const char *folder)
{
	int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct names names = {0};
	enum error ok = E_IO;

	if (dir < 0 && errno == ENOENT)
		return E_OK;
	if (dir >= 0 && (ok = check_owner(dir)) == E_OK)
		ok = dir_each(dir, note_name, &names);
	if (ok != E_OK)
		pass_over(trust, folder, ok);
	if (ok != E_MEMORY)
		ok = E_OK;
	if (names.n > 0)
		qsort(names.list, names.n, sizeof *names.list, compare_names);
	for (size_t i = 0; i < names.n; i++) {
		char path[4096];
		struct buf b = {0};
		enum error one = E_IO;
		int fd = -1;

		snprintf(path, sizeof path, "%s/%s", folder, names.list[i]);
		if (ok == E_OK)
			fd = openat(dir, names.list[i], O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
		if (fd >= 0 && (one = check_owner(fd)) == E_OK && (one = fd_read(fd, CERT_FILE_MAX, &b)) == E_OK)
			one = add_content(trust, (struct bytes){b.data, b.len}, path);
		if (fd >= 0)
			close(fd);
		if (ok == E_OK && one != E_OK)
			pass_over(trust, path, one);
		if (one == E_MEMORY || one == E_INTERNAL)
			ok = one; /* one bad file takes nothing else away */
		buf_free(&b);
		free(names.list[i]);
	}
	free(names.list);
	if (dir >= 0)
		close(dir);
	return ok;
}

size_t trust_folders(char folders[2][4096])
{
	const char *base = secure_getenv("XDG_DATA_HOME");
	const char *home = secure_getenv("HOME");
	struct conf conf;
	int n = -1;

	conf_load(&conf);
	snprintf(folders[0], 4096, "%s", conf.system.anchors[0] ? conf.system.anchors : SYSCONFDIR "/inkan/anchors");
	if (conf.user.anchors[0])
		n = snprintf(folders[1], 4096, "%s", conf.user.anchors);
	else if (base && *base == '/')
		n = snprintf(folders[1], 4096, "%s/inkan/anchors", base);
	else if (home && *home == '/')
		n = snprintf(folders[1], 4096, "%s/.local/share/inkan/anchors", home);
	return conf.unread ? 0 : n > 0 && n < 4096 ? 2 : 1;
}

size_t trust_stamp_folders(char folders[2][4096])
{
	size_t n = trust_folders(folders);

	for (size_t i = 0; i < n; i++)
		strncat(folders[i], "/tsa", 4095 - strlen(folders[i]));
	return n;
}
