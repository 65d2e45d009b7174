/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/auxv.h>
#include <sys/random.h>
#include <curl/curl.h>
#include "base/i18n.h"
#include "base/log.h"
#include "status/fetch.h"
#include "status/fetch_near.h"

#define MINUTE 60L
#define HOUR (60 * MINUTE)
#define HEAD_MAX ((size_t)64 * 1024) /* of all header lines together */

const struct fetch_limits fetch_defaults = {.seconds = 30, .bytes = (size_t)16 * 1024 * 1024, .redirects = 3};

struct transfer {
	CURL *curl;
	const struct fetch_limits *limits;
	struct fetch_state fresh; /* what the last answer's header lines say */
	struct buf *body;
	size_t head, seen;        /* bytes, of bodies that are not kept too */
	enum nearness near;       /* of the first server, or of the proxy */
	bool answered, inwards;
	bool too_long, no_memory;
};

bool fetch_url_valid(const char *url)
{
	size_t n = strlen(url);
	const char *host = strncasecmp(url, "http://", 7) == 0 ? url + 7 :
			   strncasecmp(url, "https://", 8) == 0 ? url + 8 : NULL;

	if (!host || n >= FETCH_URL_MAX)
		return false;
	for (const char *p = url; *p; p++)
		if (*p <= ' ' || *p >= 0x7F)
			return false;
	n = strcspn(host, "/?#");
	return n > 0 && host[0] != ':' && !memchr(host, '@', n);
}

static size_t take_body(char *data, size_t size, size_t n, void *self)
{
	struct transfer *t = self;
	long code = 0;

	(void)size; /* 1, says libcurl */
	if (n > t->limits->bytes - t->seen) {
		t->too_long = true;
		return 0;
	}
	t->seen += n;
	curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &code);
	if (code == 200 && buf_append(t->body, data, n) != E_OK) {
		t->no_memory = true;
		return 0;
	}
	return n;
}

/* The value of that header line, without blanks around; a longer one than fits
 * is as good as none. */
static void take_value(const char *line, size_t n, const char *name, char *out, size_t room)
{
	size_t skip = strlen(name);

	if (n < skip || strncasecmp(line, name, skip) != 0)
		return;
	for (; skip < n && (line[skip] == ' ' || line[skip] == '\t'); skip++)
		;
	for (; n > skip && strchr(" \t\r\n", line[n - 1]); n--)
		;
	n -= skip;
	if (n >= room || memchr(line + skip, '\0', n))
		n = 0;
	memcpy(out, line + skip, n);
	out[n] = '\0';
}

static size_t take_header(char *line, size_t size, size_t n, void *self)
{
	struct transfer *t = self;

	(void)size;
	t->head += n;
	if (t->head > HEAD_MAX) {
		t->too_long = true;
		return 0;
	}
	if (n > 5 && memcmp(line, "HTTP/", 5) == 0) { /* of a redirect's many answers the last counts */
		t->fresh.etag[0] = '\0';
		t->fresh.last_modified[0] = '\0';
		t->answered = true;
	}
	take_value(line, n, "ETag:", t->fresh.etag, sizeof t->fresh.etag);
	take_value(line, n, "Last-Modified:", t->fresh.last_modified, sizeof t->fresh.last_modified);
	return n;
}

/* The answer to plain http may be anybody's in between: a redirect must not have this
 * machine ask what the first server could not reach by itself. The address decides, not
 * the name, which its owner may point anywhere. */
static curl_socket_t open_socket(void *self, curlsocktype purpose, struct curl_sockaddr *to)
{
	struct transfer *t = self;
	enum nearness near = fetch_nearness(&to->addr);

	(void)purpose;
	if (!t->answered) {
		t->near = near > t->near ? near : t->near;
	} else if (near > t->near) {
		t->inwards = true;
		return CURL_SOCKET_BAD;
	}
	return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

static bool add_line(struct curl_slist **lines, const char *name, const char *value)
{
	char line[300];
	struct curl_slist *more;

	if (!value[0])
		return true;
	snprintf(line, sizeof line, "%s: %s", name, value);
	more = curl_slist_append(*lines, line);
	if (more)
		*lines = more;
	return more != NULL;
}

static CURLcode restrict_protocols(CURL *curl)
{
#if LIBCURL_VERSION_NUM >= 0x075500
	CURLcode done = curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");

	return done ? done : curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
#else
	CURLcode done = curl_easy_setopt(curl, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));

	return done ? done : curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
}

/* Limits that could not be set are a reason not to begin. */
static CURLcode limit(CURL *curl, const struct fetch_limits *l)
{
	CURLcode done = restrict_protocols(curl);

	if (!done)
		done = curl_easy_setopt(curl, CURLOPT_MAXREDIRS, (long)l->redirects);
	if (!done)
		done = curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, l->redirects > 0 ? 1L : 0L);
	if (!done)
		done = curl_easy_setopt(curl, CURLOPT_TIMEOUT, l->seconds);
	if (!done)
		done = curl_easy_setopt(curl, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)l->bytes);
	if (!done)
		done = curl_easy_setopt(curl, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
	if (!done)
		done = curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	return done;
}

/* Nothing of the user's but the environment's proxy: no netrc, no cookie, no
 * content coding (a kilobyte that unpacks to a gigabyte), no signal. */
static CURLcode prepare(struct transfer *t, const char *url, struct curl_slist *lines)
{
	CURL *c = t->curl;

	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(c, CURLOPT_NOPROGRESS, 1L);
	curl_easy_setopt(c, CURLOPT_USERAGENT, PACKAGE_NAME "/" PACKAGE_VERSION);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, lines);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, t);
	if (getauxval(AT_SECURE)) /* set-user-id: the environment is a stranger's */
		curl_easy_setopt(c, CURLOPT_PROXY, "");
	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_OPENSOCKETDATA, t);
	return limit(c, t->limits);
}

static void explain(const struct transfer *t, CURLcode done, char why[256])
{
	char cut[160];

	snprintf(cut, sizeof cut, "%s", curl_easy_strerror(done));
	if (t->no_memory || done == CURLE_OUT_OF_MEMORY)
		snprintf(why, 256, "%s", _("out of memory"));
	else if (t->too_long || done == CURLE_FILESIZE_EXCEEDED)
		snprintf(why, 256, _("the answer is longer than %zu bytes"), t->limits->bytes);
	else if (t->inwards)
		snprintf(why, 256, "%s", _("the server redirects into this machine's own network"));
	else if (done == CURLE_OPERATION_TIMEDOUT)
		snprintf(why, 256, _("no whole answer within %ld seconds"), t->limits->seconds);
	else if (done == CURLE_TOO_MANY_REDIRECTS)
		snprintf(why, 256, _("the server redirects more than %d times"), t->limits->redirects);
	else if (done == CURLE_UNSUPPORTED_PROTOCOL)
		snprintf(why, 256, "%s", _("the server redirects to something that is neither http nor https"));
	else if (done == CURLE_COULDNT_RESOLVE_HOST || done == CURLE_COULDNT_RESOLVE_PROXY)
		snprintf(why, 256, "%s", _("the host's name is not known"));
	else if (done == CURLE_COULDNT_CONNECT)
		snprintf(why, 256, "%s", _("the server cannot be reached"));
	else
		snprintf(why, 256, "%s", cut);
}

static enum fetch_result judge(struct transfer *t, bool conditional, struct fetch_state *state, char why[256])
{
	long code = 0;

	curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &code);
	if (code == 304 && conditional)
		return FETCH_NOT_MODIFIED;
	if (code != 200) {
		snprintf(why, 256, _("the server answered %ld"), code);
		return FETCH_FAILED;
	}
	if (t->body->len == 0) {
		snprintf(why, 256, "%s", _("the answer is empty"));
		return FETCH_FAILED;
	}
	memcpy(state->etag, t->fresh.etag, sizeof state->etag);
	memcpy(state->last_modified, t->fresh.last_modified, sizeof state->last_modified);
	return FETCH_NEW;
}

static enum fetch_result run(struct transfer *t, const char *url, struct fetch_state *state, char why[256])
{
	bool conditional = state->etag[0] || state->last_modified[0];
	enum fetch_result result = FETCH_FAILED;
	struct curl_slist *lines = NULL;
	CURLcode done = CURLE_OUT_OF_MEMORY;

	if (t->curl && add_line(&lines, "If-None-Match", state->etag) &&
	    add_line(&lines, "If-Modified-Since", state->last_modified))
		done = prepare(t, url, lines);
	if (done == CURLE_OK)
		done = curl_easy_perform(t->curl);
	if (done == CURLE_OK)
		result = judge(t, conditional, state, why);
	else
		explain(t, done, why);
	curl_slist_free_all(lines);
	return result;
}

/* curl_global_init is not safe from two threads; once per process is. */
static void start_curl(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

static void keep_count(struct fetch_state *state, enum fetch_result result)
{
	uint16_t noise = 0;

	if (getrandom(&noise, sizeof noise, GRND_NONBLOCK) != (ssize_t)sizeof noise)
		noise = (uint16_t)(state->tried * 40503); /* at start-up: any spread is better than none */
	state->tried = time(NULL);
	state->jitter = noise;
	if (result == FETCH_FAILED) {
		state->failures++;
		return;
	}
	state->failures = 0;
	state->succeeded = state->tried;
}

enum fetch_result fetch_url(const char *url, const struct fetch_limits *limits, struct fetch_state *state,
                            struct buf *body, char why[256])
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct transfer t = {.limits = limits, .body = body};
	enum fetch_result result = FETCH_FAILED;

	why[0] = '\0';
	if (!fetch_url_valid(url)) {
		snprintf(why, 256, "%s", _("this is no http or https URL"));
	} else {
		pthread_once(&once, start_curl);
		t.curl = curl_easy_init();
		result = run(&t, url, state, why);
		curl_easy_cleanup(t.curl);
	}
	if (result != FETCH_NEW)
		buf_free(body);
	keep_count(state, result);
	log_info("fetch %s: %s", url, why[0] ? why : result == FETCH_NEW ? "new" : "not modified");
	return result;
}

/* n seconds, of which the last `part`-th is by chance. */
static long spread(long n, long part, unsigned jitter)
{
	return n - n / part + n / part * (long)(jitter & 0xFFFF) / 0x10000;
}

/* HPKI's lists are valid for four days and made anew each day: a quarter of what
 * is left of the validity, between one hour and a day. After failures: 1, 2, 4 …
 * minutes, six hours at most, a half of it by chance. */
time_t fetch_due(const struct fetch_state *state, time_t next_update)
{
	long wait;

	if (state->tried == 0)
		return 0;
	if (state->failures > 0) {
		wait = state->failures > 9 ? 6 * HOUR : MINUTE << (state->failures - 1);
		return state->tried + spread(wait < 6 * HOUR ? wait : 6 * HOUR, 2, state->jitter);
	}
	wait = next_update ? (long)(next_update - state->succeeded) / 4 : 24 * HOUR;
	wait = wait < HOUR ? HOUR : wait > 24 * HOUR ? 24 * HOUR : wait;
	return state->succeeded + spread(wait, 4, state->jitter);
}
