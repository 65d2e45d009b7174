/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/log.h"
#include "status/fetch_turn.h"

#define TEXT_MAX 4096
#define HEAD "inkan-fetch 1\n"
#define TAIL "end\n"

static bool path_of(const struct crypto *c, const char *folder, const char *url, char out[4096])
{
	uint8_t digest[32];
	int n = snprintf(out, 4096, "%s/fetch/", folder);

	if (n < 0 || n + 33 > 4096)
		return false;
	if (crypto_hash(c, HASH_SHA256, (struct bytes){(const uint8_t *)url, strlen(url)}, digest) != E_OK)
		return false;
	for (size_t i = 0; i < 16; i++)
		sprintf(out + n + 2 * i, "%02x", digest[i]);
	return true;
}

static bool take_hex(const char *text, uint8_t *out, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (sscanf(text + 2 * i, "%2hhx", &out[i]) != 1)
			return false;
	return true;
}

static void take_line(struct fetch_turn *t, const char *name, const char *value)
{
	if (strcmp(name, "etag") == 0)
		snprintf(t->state.etag, sizeof t->state.etag, "%s", value);
	else if (strcmp(name, "last-modified") == 0)
		snprintf(t->state.last_modified, sizeof t->state.last_modified, "%s", value);
	else if (strcmp(name, "tried") == 0)
		t->state.tried = (time_t)atoll(value);
	else if (strcmp(name, "succeeded") == 0)
		t->state.succeeded = (time_t)atoll(value);
	else if (strcmp(name, "failures") == 0)
		t->state.failures = (unsigned)atoi(value);
	else if (strcmp(name, "jitter") == 0)
		t->state.jitter = (unsigned)atoi(value);
	else if (strcmp(name, "next-update") == 0)
		t->next_update = (time_t)atoll(value);
	else if (strcmp(name, "list") == 0 && strlen(value) == 64 && !take_hex(value, t->list, sizeof t->list))
		memset(t->list, 0, sizeof t->list);
}

/* All or nothing: a killed writer leaves a text without its last line. */
static void parse(struct fetch_turn *t, char *text, size_t n)
{
	char *save = NULL, first[FETCH_URL_MAX + 8];

	text[n] = '\0';
	snprintf(first, sizeof first, "url %s\n", t->url);
	if (strlen(text) != n || strncmp(text, HEAD, strlen(HEAD)) != 0 || n < strlen(HEAD TAIL) ||
	    strcmp(text + n - strlen("\n" TAIL), "\n" TAIL) != 0 ||
	    strncmp(text + strlen(HEAD), first, strlen(first)) != 0)
		return;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *space = strchr(line, ' ');

		if (space) {
			*space = '\0';
			take_line(t, line, space + 1);
		}
	}
}

static enum error load(struct fetch_turn *t)
{
	char text[TEXT_MAX];
	ssize_t n = pread(t->fd, text, sizeof text - 1, 0);

	if (n < 0)
		return E_IO;
	parse(t, text, (size_t)n);
	return E_OK;
}

/* The parents with it, as the store makes them. */
static void make_folders(const char *path)
{
	char part[4096];

	for (size_t i = 1; path[i - 1] && i < sizeof part; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		mkdir(part, 0755);
	}
}

enum error fetch_folder(const char *const *folders, size_t n, char out[4096])
{
	for (size_t i = n; i-- > 0;) {
		make_folders(folders[i]);
		if (strlen(folders[i]) >= 4096 || access(folders[i], W_OK | X_OK) != 0)
			continue;
		strcpy(out, folders[i]);
		return E_OK;
	}
	return E_DENIED;
}

/* A regular file of this user, that nobody else may write or lock. */
static bool is_ours(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid() && (st.st_mode & 077) == 0;
}

static enum error open_file(const struct crypto *c, const char *folder, const char *url, int flags, int *fd)
{
	char path[4096];

	if (!path_of(c, folder, url, path))
		return E_TOO_LONG;
	*fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0600);
	if (*fd < 0)
		return errno == ENOENT ? E_NOT_FOUND : errno == EACCES || errno == ELOOP ? E_DENIED : E_IO;
	if (is_ours(*fd))
		return E_OK;
	close(*fd);
	return E_DENIED;
}

static enum error wait_for(int fd, long patience, bool *waited)
{
	static const struct timespec nap = {.tv_nsec = 50 * 1000 * 1000};

	for (long i = 0; flock(fd, LOCK_EX | LOCK_NB) != 0; i++) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return E_IO;
		if (i >= patience * 20)
			return E_BUSY;
		*waited = true;
		nanosleep(&nap, NULL);
	}
	return E_OK;
}

enum error fetch_turn_take(const struct crypto *c, const char *folder, const char *url, long patience,
                           struct fetch_turn *turn)
{
	char at[4096];
	enum error e;

	*turn = (struct fetch_turn){.fd = -1};
	if (snprintf(turn->url, sizeof turn->url, "%s", url) >= (int)sizeof turn->url ||
	    snprintf(at, sizeof at, "%s/fetch", folder) >= (int)sizeof at)
		return E_TOO_LONG;
	if (mkdir(at, 0700) != 0 && errno != EEXIST)
		return errno == EACCES || errno == EROFS ? E_DENIED : E_IO;
	e = open_file(c, folder, url, O_RDWR | O_CREAT, &turn->fd);
	if (e != E_OK)
		return e;
	e = wait_for(turn->fd, patience, &turn->waited);
	if (e == E_OK)
		e = load(turn);
	if (e != E_OK)
		close(turn->fd);
	return e;
}

enum error fetch_turn_look(const struct crypto *c, const char *folder, const char *url, struct fetch_turn *turn)
{
	enum error e;

	*turn = (struct fetch_turn){.fd = -1};
	snprintf(turn->url, sizeof turn->url, "%s", url);
	e = open_file(c, folder, url, O_RDONLY, &turn->fd);
	if (e != E_OK)
		return e;
	e = load(turn);
	close(turn->fd);
	return e != E_OK ? e : turn->state.tried ? E_OK : E_NOT_FOUND;
}

void fetch_turn_end(struct fetch_turn *turn)
{
	const struct fetch_state *s = &turn->state;
	char text[TEXT_MAX], hex[65] = "";
	int n;

	for (size_t i = 0; i < sizeof turn->list; i++)
		sprintf(hex + 2 * i, "%02x", turn->list[i]);
	n = snprintf(text, sizeof text, HEAD "url %s\netag %s\nlast-modified %s\ntried %lld\nsucceeded %lld\n"
		     "failures %u\njitter %u\nnext-update %lld\nlist %s\n" TAIL, turn->url, s->etag, s->last_modified,
		     (long long)s->tried, (long long)s->succeeded, s->failures, s->jitter,
		     (long long)turn->next_update, hex);
	if (n < 0 || n >= (int)sizeof text || ftruncate(turn->fd, 0) != 0 ||
	    pwrite(turn->fd, text, (size_t)n, 0) != (ssize_t)n)
		log_error("what %s answered could not be written down", turn->url);
	close(turn->fd); /* and with it the lock */
}
