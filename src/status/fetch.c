/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/wait.h>
#include <unistd.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include "base/file.h"
#include "base/i18n.h"
#include "base/log.h"
#include "base/text.h"
#include "status/fetch.h"

#define MINUTE 60L
#define HOUR (60 * MINUTE)
#define FETCHED "fetched" /* FOLDER/fetch/fetched: a line for each URL, its fields between tabs */
#define FIELDS 7
#define SOURCES_MAX 200

extern char **environ;

const char *fetch_outcome_word(enum fetch_outcome outcome)
{
	static const char *const words[] = {
		[FETCHED_NEW] = "new",         [FETCHED_SAME] = "same",           [FETCHED_BY_OTHER] = "by-other",
		[FETCHED_NOT_DUE] = "not-due", [FETCHED_FAILED] = "failed",       [FETCHED_OLDER] = "older",
		[FETCHED_BAD] = "bad",         [FETCHED_UNWRITTEN] = "unwritten",
	};

	return words[outcome];
}

/* ---- Sources */

bool fetch_url_valid(const char *url)
{
	size_t n = strlen(url);
	const char *host = strncasecmp(url, "http://", 7) == 0    ? url + 7
	                   : strncasecmp(url, "https://", 8) == 0 ? url + 8
	                                                          : NULL;

	if (!host || n >= FETCH_URL_MAX)
		return false;
	for (const char *p = url; *p; p++)
		if (*p <= ' ' || *p >= 0x7F)
			return false;
	n = strcspn(host, "/?#");
	return n > 0 && host[0] != ':' && !memchr(host, '@', n);
}

void sources_free(struct sources *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->list[i].url);
	free(s->list);
	*s = (struct sources){0};
}

static struct source *source_of(struct sources *s, const char *url)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->list[i].url, url) == 0)
			return &s->list[i];
	return NULL;
}

enum error sources_add(struct sources *s, const char *url)
{
	struct source *list;

	if (!fetch_url_valid(url))
		return E_ARGUMENT;
	if (source_of(s, url))
		return E_OK;
	if (s->n >= SOURCES_MAX)
		return E_TOO_LONG;
	list = realloc(s->list, (s->n + 1) * sizeof *list);
	if (!list)
		return E_MEMORY;
	s->list = list;
	list[s->n] = (struct source){.url = strdup(url)};
	if (!list[s->n].url)
		return E_MEMORY;
	s->n++;
	return E_OK;
}

/* ldap and what is no URL is passed over. */
static enum error add_names(struct sources *s, const DIST_POINT_NAME *point)
{
	enum error e = E_OK;

	for (int i = 0; point && point->type == 0 && i < sk_GENERAL_NAME_num(point->name.fullname) && e == E_OK; i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(point->name.fullname, i);
		char url[FETCH_URL_MAX];
		size_t n;

		if (name->type != GEN_URI)
			continue;
		n = (size_t)ASN1_STRING_length(name->d.uniformResourceIdentifier);
		if (n >= sizeof url)
			continue;
		memcpy(url, ASN1_STRING_get0_data(name->d.uniformResourceIdentifier), n);
		url[n] = '\0';
		if (strlen(url) == n && fetch_url_valid(url))
			e = sources_add(s, url);
	}
	return e;
}

enum error sources_of_cert(struct sources *s, const struct cert *cert)
{
	CRL_DIST_POINTS *points;
	enum error e = E_OK;

	if (cert->profile->family->lists_closed)
		return E_REFUSED;
	ERR_set_mark();
	points = X509_get_ext_d2i(cert->x509, NID_crl_distribution_points, NULL, NULL);
	for (int i = 0; i < sk_DIST_POINT_num(points) && e == E_OK; i++)
		e = add_names(s, sk_DIST_POINT_value(points, i)->distpoint);
	CRL_DIST_POINTS_free(points);
	ERR_pop_to_mark();
	return e;
}

/* ---- The file */

/* E_NOT_FOUND: there is none, or it is empty. */
static enum error read_text(const char *folder, int dir, struct buf *text)
{
	struct stat st;
	int fd;
	enum error e = file_look(dir, "sources", &fd, &st);

	if (e != E_OK)
		return e;
	e = st.st_size ? file_read(fd, &st, text) : E_NOT_FOUND;
	close(fd);
	if (e == E_OK)
		e = buf_append(text, "", 1);
	if (e != E_OK && e != E_NOT_FOUND)
		log_error("%s/sources cannot be used", folder);
	return e;
}

enum error sources_read(struct sources *s, const char *folder)
{
	struct buf text = {0};
	char *save = NULL;
	enum error e;
	int dir;

	if (dir_open(folder, false, &dir) != E_OK)
		return E_OK;
	e = read_text(folder, dir, &text);
	close(dir);
	if (e == E_OK)
		for (char *line = strtok_r((char *)text.data, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
			line[strcspn(line, " \t\r#")] = '\0';
			e = line[0] ? sources_add(s, line) : E_OK;
			if (e == E_ARGUMENT)
				log_error("%s/sources: \"%s\" is no http or https URL", folder, line);
			else if (e != E_OK)
				break;
			e = E_OK;
		}
	buf_free(&text);
	return e == E_MEMORY || e == E_TOO_LONG ? e : E_OK;
}

/* The last that may be written. */
static enum error fetch_folder(const char *const *folders, size_t n, const char **path, int *dir)
{
	for (size_t i = n; i-- > 0;) {
		*path = folders[i];
		if (dir_open(folders[i], true, dir) != E_OK)
			continue;
		if (faccessat(*dir, ".", W_OK | X_OK, AT_EACCESS) == 0)
			return E_OK;
		close(*dir);
	}
	return E_DENIED;
}

enum error sources_record(const char *const *folders, size_t n, const struct sources *s)
{
	struct sources old = {0};
	struct buf text = {0};
	const char *folder;
	int dir, lock = -1;
	enum error e = fetch_folder(folders, n, &folder, &dir);

	if (e != E_OK)
		return e;
	if ((e = dir_lock(dir, &lock)) != E_OK || (e = sources_read(&old, folder)) != E_OK)
		goto out;
	e = read_text(folder, dir, &text);
	if (e != E_OK && e != E_NOT_FOUND)
		goto out;
	if (e == E_OK)
		text.len--; /* the NUL */
	e = E_OK;
	if (text.len && text.data[text.len - 1] != '\n') /* as an editor may leave the last line */
		e = buf_append(&text, "\n", 1);
	for (size_t i = 0; i < s->n && e == E_OK; i++)
		if (!source_of(&old, s->list[i].url) &&
		    (e = buf_append(&text, s->list[i].url, strlen(s->list[i].url))) == E_OK)
			e = buf_append(&text, "\n", 1);
	if (e == E_OK)
		e = file_write(dir, "sources", (struct bytes){text.data, text.len});
out:
	if (lock >= 0)
		close(lock);
	close(dir);
	buf_free(&text);
	sources_free(&old);
	return e;
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
		}
	close(fd);
	buf_free(&text);
}

static enum error write_fetched(const struct sources *s, int dir)
{
	struct buf text = {0};
	enum error e = E_OK;

	for (size_t i = 0; i < s->n && e == E_OK; i++) {
		const struct source *f = &s->list[i];
		char line[FETCH_URL_MAX + 500], hex[65];
		int n;

		hex_write(f->list, sizeof f->list, hex);
		n = snprintf(line, sizeof line, "%s\t%lld\t%lld\t%u\t%lld\t%s\t%s\n", f->url, (long long)f->tried,
		             (long long)f->succeeded, f->failures, (long long)f->next_update, hex, f->etag);
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

/* ---- All of them */

struct walk {
	struct sources *sources;
	uint8_t (*present)[32];
	size_t n;
};

static enum error note_list(void *arg, const struct store_file *file)
{
	struct walk *w = arg;
	uint8_t(*more)[32];

	if (file->archived || !file->crl)
		return E_OK;
	more = realloc(w->present, (w->n + 1) * sizeof *more);
	if (!more)
		return E_MEMORY;
	w->present = more;
	memcpy(more[w->n++], file->crl->sha256, sizeof *more);
	if (file->issuer->cert->profile->family->lists_closed || !file->crl->point)
		return E_OK; /* whoever is registered has its URL in `sources` */
	return add_names(w->sources, file->crl->point->distpoint);
}

enum error sources_collect(struct store *store, const struct trust *trust, const char *const *folders, size_t n,
                           struct sources *out)
{
	struct walk walk = {.sources = out};
	enum error e = E_OK;
	int dir, turn;

	*out = (struct sources){0};
	for (size_t i = 0; i < trust->n && e == E_OK; i++) {
		e = sources_of_cert(out, trust->list[i]->cert);
		if (e != E_REFUSED)
			continue;
		log_info("%s: its revocation lists are for registered verifiers only", trust->list[i]->file);
		out->closed++;
		e = E_OK;
	}
	for (size_t i = 0; i < n && e == E_OK; i++)
		e = sources_read(out, folders[i]);
	if (e == E_OK)
		e = store_walk(store, trust, note_list, &walk);
	for (size_t i = 0; i < n && e == E_OK; i++)
		if (dir_open(folders[i], false, &dir) == E_OK) {
			if (dir_enter(dir, "fetch", false, &turn) == E_OK) {
				read_fetched(out, turn);
				close(turn);
			}
			close(dir);
		}
	for (size_t i = 0; i < out->n; i++)
		for (size_t k = 0; k < walk.n; k++)
			out->list[i].present |= memcmp(out->list[i].list, walk.present[k], 32) == 0;
	free(walk.present);
	if (e != E_OK)
		sources_free(out);
	return e;
}

/* ---- The program */

enum error fetch_run(const char *program, long seconds, long bytes, FILE *requests, fetch_line *line, void *arg)
{
	char seconds_text[24], bytes_text[24], *text = NULL;
	char *const argv[] = {(char *)(uintptr_t)program, seconds_text, bytes_text, NULL};
	posix_spawn_file_actions_t actions;
	char *field[4];
	size_t room = 0;
	int answers[2], failed, status;
	FILE *in;
	pid_t child;

	snprintf(seconds_text, sizeof seconds_text, "%ld", seconds);
	snprintf(bytes_text, sizeof bytes_text, "%ld", bytes);
	if (fflush(requests) != 0 || lseek(fileno(requests), 0, SEEK_SET) != 0 || pipe2(answers, O_CLOEXEC) != 0)
		return E_IO;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, fileno(requests), STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, answers[1], STDOUT_FILENO);
	failed = posix_spawn(&child, program, &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(answers[1]);
	in = failed ? NULL : fdopen(answers[0], "r");
	while (in && getline(&text, &room, in) > 0)
		if (split(text, field, 4))
			line(arg, (size_t)atol(field[0]), field + 1);
	free(text);
	if (in)
		fclose(in);
	else
		close(answers[0]);
	if (failed) {
		log_error("posix_spawn %s: %s", program, strerror(failed));
		errno = failed;
		return E_IO;
	}
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return E_OK;
}

const char *list_refusal(enum error e)
{
	return e == E_FORMAT      ? _("it is not a revocation list")
	       : e == E_NOT_FOUND ? _("the CA certificate of the list is not installed")
	       : e == E_SIGNATURE ? _("the signature of the list does not verify")
	                          : _("lists of this kind (delta, indirect) cannot be used");
}

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
static void take_body(const struct run *run, struct source *s, FILE *body, const char *etag)
{
	struct buf der = {0};
	enum store_put what = STORE_BAD;
	enum error e =
		lseek(fileno(body), 0, SEEK_SET) == 0 ? fd_read(fileno(body), (size_t)run->job->bytes, &der) : E_IO;

	if (e == E_OK)
		e = store_put(run->job->store, run->job->trust, (struct bytes){der.data, der.len}, &what);
	if (e == E_IO || e == E_DENIED)
		set_outcome(s, FETCHED_UNWRITTEN, store_problem(run->job->store));
	else if (e == E_MEMORY || e == E_INTERNAL)
		set_outcome(s, FETCHED_UNWRITTEN, _(error_text(e)));
	else if (what == STORE_OLDER)
		set_outcome(s, FETCHED_OLDER, _("the server's list is older than the one in the store"));
	else if (e != E_OK)
		set_outcome(s, FETCHED_BAD, list_refusal(e));
	else
		set_outcome(s, what == STORE_NEW ? FETCHED_NEW : FETCHED_SAME, "");
	s->etag[0] = '\0';
	if (e == E_OK && what != STORE_OLDER) {
		snprintf(s->etag, sizeof s->etag, "%s", etag);
		s->next_update = crl_next_update((struct bytes){der.data, der.len});
		crypto_hash(run->job->trust->crypto, HASH_SHA256, (struct bytes){der.data, der.len}, s->list);
		s->present = true;
	}
	buf_free(&der);
}

/* One line for each. */
static void take_line(void *arg, size_t i, char *const field[3])
{
	const struct run *run = arg;
	struct source *s;

	if (i >= run->n || !(s = run->asked[i]))
		return;
	if (strcmp(field[0], "new") == 0)
		take_body(run, s, run->body[i], field[1]);
	else if (strcmp(field[0], "same") == 0)
		set_outcome(s, FETCHED_SAME, "");
	else
		set_outcome(s, FETCHED_FAILED, field[2]);
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
		if (body) {
			run->asked[run->n] = s;
			run->body[run->n++] = body;
		}
		if (!body || fcntl(fileno(body), F_SETFD, 0) != 0) {
			log_error("tmpfile: %s", strerror(errno));
			return E_IO;
		}
		/* what the store has lost is asked for without a condition: "not modified" would help nobody */
		fprintf(requests, "%d\t%s\t%s\n", fileno(body), s->url, s->present ? s->etag : "");
	}
	return E_OK;
}

static enum error ask(const struct fetch_job *job, struct sources *s)
{
	struct run run = {.job = job,
	                  .s = s,
	                  .asked = calloc(s->n + 1, sizeof *run.asked),
	                  .body = calloc(s->n + 1, sizeof *run.body)};
	FILE *requests = tmpfile();
	enum error e = run.asked && run.body ? E_IO : E_MEMORY;
	int why;

	if (e != E_MEMORY && requests && (e = write_requests(&run, requests)) == E_OK && run.n > 0)
		e = fetch_run(job->program, job->seconds, job->bytes, requests, take_line, &run);
	why = errno;
	for (size_t i = 0; i < run.n && e == E_OK; i++)
		if (run.asked[i] &&
		    snprintf(run.asked[i]->why, sizeof run.asked[i]->why, _("%s ended early"), job->program) > 0 &&
		    job->each)
			job->each(job->arg, run.asked[i]);
	for (size_t i = 0; i < run.n; i++)
		fclose(run.body[i]);
	if (requests)
		fclose(requests);
	free(run.body);
	free(run.asked);
	errno = why;
	return e;
}

enum error fetch_all(const struct fetch_job *job, struct sources *s)
{
	int dir, turn = -1, lock = -1, why;
	const char *path;
	enum error e = fetch_folder(job->folders, job->n, &path, &dir);

	if (e != E_OK)
		return e;
	if ((e = dir_enter(dir, "fetch", true, &turn)) != E_OK || (e = dir_lock(turn, &lock)) != E_OK)
		goto out;
	for (size_t i = 0; i < s->n; i++)
		s->list[i].seen = s->list[i].tried;
	read_fetched(s, turn);
	for (size_t i = 0; i < s->n; i++) {
		struct source *one = &s->list[i];
		time_t now = time(NULL); /* a try of the future is of a clock that was ahead, and stops nothing */

		set_outcome(one, FETCHED_FAILED, "");              /* and asked for */
		if (one->tried != one->seen && one->failures == 0) /* while this process waited */
			set_outcome(one, FETCHED_BY_OTHER, "");
		else if (one->tried != one->seen)
			set_outcome(one, FETCHED_FAILED, _("another process has just tried, and failed"));
		else if (job->only_due && one->tried <= now && source_due(one) > now)
			set_outcome(one, FETCHED_NOT_DUE, "");
		else
			continue;
		if (job->each)
			job->each(job->arg, one);
	}
	e = ask(job, s);
	if (e == E_OK)
		e = write_fetched(s, turn);
out:
	why = errno;
	if (lock >= 0)
		close(lock);
	if (turn >= 0)
		close(turn);
	close(dir);
	errno = why;
	return e;
}
