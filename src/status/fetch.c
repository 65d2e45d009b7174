/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/file.h"
#include "base/i18n.h"
#include "base/log.h"
#include "base/text.h"
#include "status/fetch.h"

#define MINUTE 60L
#define HOUR (60 * MINUTE)
#define FETCHED "fetched" /* a line for each URL, its fields between tabs */
#define FIELDS 8

extern char **environ;

const char *fetch_outcome_word(enum fetch_outcome outcome)
{
	static const char *const words[] = {
		[FETCHED_NEW] = "new", [FETCHED_SAME] = "same", [FETCHED_BY_OTHER] = "by-other",
		[FETCHED_NOT_DUE] = "not-due", [FETCHED_FAILED] = "failed", [FETCHED_OLDER] = "older",
		[FETCHED_BAD] = "bad", [FETCHED_UNWRITTEN] = "unwritten",
	};

	return words[outcome];
}

/* ---- What is remembered */

/* True when there are that many. */
static bool split(char *line, char **field, size_t n)
{
	line[strcspn(line, "\n")] = '\0';
	for (size_t i = 0; i < n; i++)
		if (!(field[i] = strsep(&line, "\t")))
			return false;
	return !line;
}

/* Of several folders the last that knows a URL is believed. */
static void read_fetched(struct sources *s, int dir)
{
	struct buf text = {0};
	char *save = NULL, *field[FIELDS];
	struct source *source;
	struct stat st;
	int fd;

	if (file_look(dir, FETCHED, &fd, &st) != E_OK)
		return;
	if (file_read(fd, &st, &text) == E_OK && buf_append(&text, "", 1) == E_OK)
		for (char *line = strtok_r((char *)text.data, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
			if (!split(line, field, FIELDS) || !(source = source_of(s, field[0])))
				continue;
			source->tried = (time_t)atoll(field[1]);
			source->succeeded = (time_t)atoll(field[2]);
			source->failures = (unsigned)atoi(field[3]);
			source->next_update = (time_t)atoll(field[4]);
			if (!hex_read(field[5], source->list, sizeof source->list))
				memset(source->list, 0, sizeof source->list);
			snprintf(source->etag, sizeof source->etag, "%s", field[6]);
			snprintf(source->last_modified, sizeof source->last_modified, "%s", field[7]);
		}
	close(fd);
	buf_free(&text);
}

void fetched_read(struct sources *s, const char *folder)
{
	int dir;

	if (dir_open(folder, false, &dir) != E_OK)
		return;
	read_fetched(s, dir);
	close(dir);
}

static enum error write_fetched(const struct sources *s, int dir)
{
	struct buf text = {0};
	enum error e = E_OK;

	for (size_t i = 0; i < s->n && e == E_OK; i++) {
		const struct source *f = &s->list[i];
		char line[FETCH_URL_MAX + 600], hex[65];
		int n;

		hex_write(f->list, sizeof f->list, hex);
		n = snprintf(line, sizeof line, "%s\t%lld\t%lld\t%u\t%lld\t%s\t%s\t%s\n", f->url,
		             (long long)f->tried, (long long)f->succeeded, f->failures, (long long)f->next_update,
		             hex, f->etag, f->last_modified);
		if (f->tried)
			e = buf_append(&text, line, (size_t)n);
	}
	if (e == E_OK)
		e = file_write(dir, FETCHED, (struct bytes){text.data, text.len});
	buf_free(&text);
	return e;
}

time_t source_due(const struct source *s)
{
	long wait;

	if (s->tried == 0 || (s->failures == 0 && !s->present))
		return 0;
	if (s->failures > 0) {
		wait = s->failures < 18 ? 20 * MINUTE * (long)s->failures : 6 * HOUR;
		return s->tried + wait;
	}
	wait = s->next_update ? (long)(s->next_update - s->succeeded) / 4 : 24 * HOUR;
	return s->succeeded + (wait < HOUR ? HOUR : wait > 24 * HOUR ? 24 * HOUR : wait);
}

/* ---- The program */

struct run {
	const struct fetch_job *job;
	struct sources *s;
	struct source **asked; /* in the order of the requests */
	FILE **body;           /* temporary files without a name */
	size_t n;
};

static void set_outcome(struct source *s, enum fetch_outcome outcome, const char *why)
{
	s->outcome = outcome;
	snprintf(s->why, sizeof s->why, "%s", why);
}

/* A list that was refused is a failure, too: the server is asked less often, and for the whole list again. */
static void take_body(const struct run *run, struct source *s, FILE *body, const char *etag, const char *last_modified)
{
	struct buf der = {0};
	enum store_put what = STORE_BAD;
	enum error e = lseek(fileno(body), 0, SEEK_SET) == 0 ?
	               fd_read(fileno(body), (size_t)run->job->bytes, &der) : E_IO;
	X509_CRL *crl = NULL;
	const uint8_t *p;
	struct tm tm;

	if (e == E_OK)
		e = store_put(run->job->store, run->job->trust, (struct bytes){der.data, der.len}, &what);
	if (e == E_IO || e == E_DENIED)
		set_outcome(s, FETCHED_UNWRITTEN, store_problem(run->job->store));
	else if (e == E_MEMORY || e == E_INTERNAL)
		set_outcome(s, FETCHED_UNWRITTEN, _(error_text(e)));
	else if (what == STORE_OLDER)
		set_outcome(s, FETCHED_OLDER, _("the server's list is older than the one in the store"));
	else if (e == E_FORMAT)
		set_outcome(s, FETCHED_BAD, _("the answer is not a revocation list"));
	else if (e == E_NOT_FOUND)
		set_outcome(s, FETCHED_BAD, _("the list is of no CA in the trust store"));
	else if (e == E_SIGNATURE)
		set_outcome(s, FETCHED_BAD, _("the signature of the list does not verify"));
	else if (e != E_OK)
		set_outcome(s, FETCHED_BAD, _("lists of this kind (delta, indirect) cannot be used"));
	else
		set_outcome(s, what == STORE_NEW ? FETCHED_NEW : FETCHED_SAME, "");
	s->etag[0] = s->last_modified[0] = '\0';
	if (e == E_OK && what != STORE_OLDER) {
		snprintf(s->etag, sizeof s->etag, "%s", etag);
		snprintf(s->last_modified, sizeof s->last_modified, "%s", last_modified);
		p = der.data;
		crl = d2i_X509_CRL(NULL, &p, (long)der.len);
		s->next_update = 0;
		if (crl && X509_CRL_get0_nextUpdate(crl) && ASN1_TIME_to_tm(X509_CRL_get0_nextUpdate(crl), &tm) == 1)
			s->next_update = timegm(&tm);
		crypto_hash(run->job->trust->crypto, HASH_SHA256, (struct bytes){der.data, der.len}, s->list);
		s->present = true;
	}
	X509_CRL_free(crl);
	buf_free(&der);
}

/* N, new|same|failed, ETAG, LAST-MODIFIED, WHY. */
static void take_line(const struct run *run, char *line)
{
	char *field[5];
	struct source *s;
	size_t i;

	if (!split(line, field, 5) || (i = (size_t)atol(field[0])) >= run->n)
		return;
	s = run->asked[i];
	if (strcmp(field[1], "new") == 0)
		take_body(run, s, run->body[i], field[2], field[3]);
	else if (strcmp(field[1], "same") == 0)
		set_outcome(s, FETCHED_SAME, "");
	else
		set_outcome(s, FETCHED_FAILED, field[4]);
	s->tried = time(NULL);
	if (s->outcome <= FETCHED_SAME)
		s->succeeded = s->tried;
	s->failures = s->outcome <= FETCHED_SAME ? 0 : s->failures + 1;
	log_info("fetch %s: %s %s", s->url, fetch_outcome_word(s->outcome), s->why);
	if (run->job->each)
		run->job->each(run->job->arg, s);
	run->asked[i] = NULL;
}

static enum error write_requests(struct run *run, FILE *requests)
{
	for (size_t i = 0; i < run->s->n; i++) {
		struct source *s = &run->s->list[i];
		FILE *body;

		if (s->outcome != FETCHED_FAILED || s->why[0])
			continue;
		body = tmpfile();
		if (!body || fcntl(fileno(body), F_SETFD, 0) != 0) {
			log_error("tmpfile: %s", strerror(errno));
			return E_IO;
		}
		run->asked[run->n] = s;
		run->body[run->n++] = body;
		/* what the store has lost is asked for without a condition: "not modified" would help nobody */
		fprintf(requests, "%d\t%s\t%s\t%s\n", fileno(body), s->url, s->present ? s->etag : "",
		        s->present ? s->last_modified : "");
	}
	return fflush(requests) == 0 && lseek(fileno(requests), 0, SEEK_SET) == 0 ? E_OK : E_IO;
}

static enum error run_program(struct run *run, FILE *requests)
{
	char seconds[24], bytes[24], *line = NULL;
	char *const argv[] = {(char *)(uintptr_t)run->job->program, seconds, bytes, NULL};
	posix_spawn_file_actions_t actions;
	size_t room = 0;
	int answers[2], failed, status;
	FILE *in;
	pid_t child;

	snprintf(seconds, sizeof seconds, "%ld", run->job->seconds);
	snprintf(bytes, sizeof bytes, "%ld", run->job->bytes);
	if (pipe2(answers, O_CLOEXEC) != 0)
		return E_IO;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, fileno(requests), STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, answers[1], STDOUT_FILENO);
	failed = posix_spawn(&child, run->job->program, &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(answers[1]);
	in = failed ? NULL : fdopen(answers[0], "r");
	while (in && getline(&line, &room, in) > 0)
		take_line(run, line);
	free(line);
	if (in)
		fclose(in);
	else
		close(answers[0]);
	if (failed) {
		log_error("posix_spawn %s: %s", run->job->program, strerror(failed));
		errno = failed;
		return E_IO;
	}
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	for (size_t i = 0; i < run->n; i++)
		if (run->asked[i] && snprintf(run->asked[i]->why, sizeof run->asked[i]->why, _("%s ended early"),
		                              run->job->program) > 0 && run->job->each)
			run->job->each(run->job->arg, run->asked[i]);
	return E_OK;
}

static enum error ask(const struct fetch_job *job, struct sources *s)
{
	struct run run = {.job = job, .s = s, .asked = calloc(s->n + 1, sizeof *run.asked),
	                  .body = calloc(s->n + 1, sizeof *run.body)};
	FILE *requests = tmpfile();
	enum error e = run.asked && run.body ? E_IO : E_MEMORY;
	int why;

	if (e != E_MEMORY && requests && (e = write_requests(&run, requests)) == E_OK && run.n > 0)
		e = run_program(&run, requests);
	why = errno;
	for (size_t i = 0; i < run.n; i++)
		fclose(run.body[i]);
	if (requests)
		fclose(requests);
	free(run.body);
	free(run.asked);
	errno = why;
	return e;
}

/* ---- Whose turn it is */

static enum error wait_for_turn(int dir, long patience, int *lock, bool *waited)
{
	static const struct timespec nap = {.tv_nsec = 50 * 1000 * 1000};

	*lock = openat(dir, ".fetching", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (*lock < 0)
		return E_DENIED;
	for (long i = 0; flock(*lock, LOCK_EX | LOCK_NB) != 0; i++) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return E_IO;
		if (i >= patience * 20)
			return E_BUSY;
		*waited = true;
		nanosleep(&nap, NULL);
	}
	return E_OK;
}

enum error fetch_all(const struct fetch_job *job, struct sources *s)
{
	const time_t start = time(NULL);
	bool waited = false;
	const char *path;
	int dir, lock = -1, why;
	enum error e = fetch_folder(job->folders, job->n, &path, &dir);

	if (e != E_OK)
		return e;
	e = wait_for_turn(dir, job->seconds + 5, &lock, &waited);
	if (e == E_OK)
		read_fetched(s, dir);
	for (size_t i = 0; i < s->n && e == E_OK; i++) {
		struct source *one = &s->list[i];
		time_t now = time(NULL); /* a try of the future is of a clock that was ahead, and stops nothing */

		set_outcome(one, FETCHED_FAILED, ""); /* and asked for */
		if (waited && one->tried >= start && one->tried <= now && one->failures == 0)
			set_outcome(one, FETCHED_BY_OTHER, "");
		else if (waited && one->tried >= start && one->tried <= now)
			set_outcome(one, FETCHED_FAILED, _("another process has just tried, and failed"));
		else if (job->only_due && one->tried <= now && source_due(one) > now)
			set_outcome(one, FETCHED_NOT_DUE, "");
		else
			continue;
		if (job->each)
			job->each(job->arg, one);
	}
	if (e == E_OK)
		e = ask(job, s);
	why = errno;
	if (e == E_OK)
		e = write_fetched(s, dir);
	if (lock >= 0)
		close(lock);
	close(dir);
	errno = why;
	return e;
}
