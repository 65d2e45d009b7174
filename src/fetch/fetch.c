/* SPDX-License-Identifier: BSD-2-Clause */
/* inkan-fetch SECONDS BYTES: the network, in a program of its own. Each line of standard input asks for a URL:
 * "FD\tURL\tETAG"; each of standard output says how that went: "N\tWORD\tETAG\tWHY", N counting from 0, WORD new, same
 * or failed. What is new has been written to FD. A fourth field is a time stamp query (RFC 3161) in hexadecimal, to be
 * posted. All are asked side by side. */
#include "config.h"
#include <locale.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/auxv.h>
#include <unistd.h>
#include <curl/curl.h>
#include "base/i18n.h"
#include "base/text.h"

#define REDIRECTS 3L
#define HEAD_MAX ((size_t)64 * 1024) /* of all header lines together */
#define FETCH_MAX 1000
#define QUERY_MAX ((size_t)4096)
#define REPLY_TYPE "application/timestamp-reply"

struct transfer {
	CURL *curl;
	struct curl_slist *lines;
	char *text;        /* the line that asked for it */
	char *field[4];    /* FD, URL, ETAG, and of a post its QUERY */
	char etag[256];    /* of the answer */
	int fd, near;      /* how near the first server, or the proxy, is */
	size_t head, seen; /* bytes, of bodies that are not wanted too */
	bool answered, inwards, too_long, unwritten;
};

static long seconds, most;
static struct transfer list[FETCH_MAX];
static size_t n;

/* 0: reached from everywhere, or not known; 1: RFC 1918, 4193, 6598; 2: of this link (RFC 3927, 4291 2.5.6); 3: this
 * machine. */
static int nearness(const struct sockaddr *address)
{
	static const struct {
		uint32_t net;
		int bits, near;
	} nets[] = {{0x00000000, 8, 3},  {0x7F000000, 8, 3},  {0xA9FE0000, 16, 2}, {0x0A000000, 8, 1},
	            {0xAC100000, 12, 1}, {0xC0A80000, 16, 1}, {0x64400000, 10, 1}};
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	uint32_t a;

	if (address->sa_family == AF_INET6) {
		memcpy(&v6, address, sizeof v6);
		if (IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr) || IN6_IS_ADDR_UNSPECIFIED(&v6.sin6_addr))
			return 3;
		if (IN6_IS_ADDR_LINKLOCAL(&v6.sin6_addr))
			return 2;
		if (!IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr))
			return (v6.sin6_addr.s6_addr[0] & 0xFE) == 0xFC || IN6_IS_ADDR_SITELOCAL(&v6.sin6_addr);
		memcpy(&a, v6.sin6_addr.s6_addr + 12, sizeof a);
	} else if (address->sa_family == AF_INET) {
		memcpy(&v4, address, sizeof v4);
		a = v4.sin_addr.s_addr;
	} else {
		return 0;
	}
	for (size_t i = 0; i < sizeof nets / sizeof *nets; i++)
		if ((ntohl(a) ^ nets[i].net) >> (32 - nets[i].bits) == 0)
			return nets[i].near;
	return 0;
}

/* The answer to plain http may be anybody's in between: a redirect must not have this machine ask what the first server
 * could not reach by itself. The address decides, not the name, which its owner may point anywhere. */
static curl_socket_t open_socket(void *self, curlsocktype purpose, struct curl_sockaddr *to)
{
	struct transfer *t = self;
	int near = nearness(&to->addr);

	(void)purpose;
	if (!t->answered && near > t->near)
		t->near = near;
	t->inwards = near > t->near;
	return t->inwards ? CURL_SOCKET_BAD : socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

static size_t take_body(char *data, size_t size, size_t len, void *self)
{
	struct transfer *t = self;
	long code = 0;

	(void)size; /* 1, says libcurl */
	t->seen += len;
	t->too_long = t->seen > (size_t)most;
	if (t->too_long)
		return 0;
	curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &code);
	for (size_t at = 0; code == 200 && at < len && !t->unwritten;) {
		ssize_t got = write(t->fd, data + at, len - at);

		t->unwritten = got <= 0;
		at += got > 0 ? (size_t)got : 0;
	}
	return t->unwritten ? 0 : len;
}

static size_t take_header(char *line, size_t size, size_t len, void *self)
{
	struct transfer *t = self;
	size_t whole = len;

	(void)size;
	t->head += len;
	t->too_long = t->head > HEAD_MAX;
	if (len > 5 && memcmp(line, "HTTP/", 5) == 0) { /* of a redirect's many answers the last one is meant */
		t->etag[0] = '\0';
		t->answered = true;
	}
	if (len > 5 && strncasecmp(line, "ETag:", 5) == 0) {
		for (line += 5, len -= 5; len > 0 && (*line == ' ' || *line == '\t'); line++)
			len--;
		while (len > 0 && strchr(" \t\r\n", line[len - 1]))
			len--;
		/* one that does not fit is as good as none */
		len = len < sizeof t->etag && !memchr(line, '\0', len) && !memchr(line, '\t', len) ? len : 0;
		memcpy(t->etag, line, len);
		t->etag[len] = '\0';
	}
	return t->too_long ? 0 : whole;
}

#if LIBCURL_VERSION_NUM >= 0x075500
#define PROTOCOLS CURLOPT_PROTOCOLS_STR
#define REDIRECT_PROTOCOLS CURLOPT_REDIR_PROTOCOLS_STR
#define HTTP "http,https"
#else
#define PROTOCOLS CURLOPT_PROTOCOLS
#define REDIRECT_PROTOCOLS CURLOPT_REDIR_PROTOCOLS
#define HTTP (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS)
#endif

/* What is posted (RFC 3161 3.4) goes to no other server. */
static bool prepare_post(struct transfer *t)
{
	uint8_t query[QUERY_MAX];
	size_t len = strlen(t->field[3]) / 2;

	return len <= QUERY_MAX && hex_read(t->field[3], query, len) &&
	       (t->lines = curl_slist_append(NULL, "Content-Type: application/timestamp-query")) &&
	       curl_easy_setopt(t->curl, CURLOPT_POSTFIELDSIZE, (long)len) == CURLE_OK &&
	       curl_easy_setopt(t->curl, CURLOPT_COPYPOSTFIELDS, query) == CURLE_OK &&
	       curl_easy_setopt(t->curl, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK;
}

/* Nothing of the user's but the environment's proxy: no netrc, no cookie, no content coding (a kilobyte that unpacks to
 * a gigabyte), no signal. Limits that could not be set are a reason not to begin. */
static bool prepare(struct transfer *t)
{
	CURL *c = t->curl = curl_easy_init();
	char line[300];

	snprintf(line, sizeof line, "If-None-Match: %s", t->field[2]);
	if (!c || (t->field[2][0] && !(t->lines = curl_slist_append(NULL, line))) ||
	    curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 1L) != CURLE_OK || (t->field[3] && !prepare_post(t)))
		return false;
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(c, CURLOPT_USERAGENT, PACKAGE_NAME "/" PACKAGE_VERSION);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, t->lines);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, t);
	curl_easy_setopt(c, CURLOPT_OPENSOCKETDATA, t);
	curl_easy_setopt(c, CURLOPT_PRIVATE, t);
	if (getauxval(AT_SECURE)) /* the environment is a stranger's */
		curl_easy_setopt(c, CURLOPT_PROXY, "");
	return curl_easy_setopt(c, CURLOPT_URL, t->field[1]) == CURLE_OK &&
	       curl_easy_setopt(c, PROTOCOLS, HTTP) == CURLE_OK &&
	       curl_easy_setopt(c, REDIRECT_PROTOCOLS, HTTP) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_MAXREDIRS, REDIRECTS) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_TIMEOUT, seconds) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)most) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION, open_socket) == CURLE_OK;
}

static void explain(const struct transfer *t, CURLcode done, char why[256])
{
	if (t->too_long || done == CURLE_FILESIZE_EXCEEDED)
		snprintf(why, 256, _("the answer is longer than %ld bytes"), most);
	else if (t->unwritten)
		snprintf(why, 256, "%s", _("the answer cannot be written to a temporary file"));
	else if (t->inwards)
		snprintf(why, 256, "%s", _("the server redirects to an address of this machine's own network"));
	else if (done == CURLE_OPERATION_TIMEDOUT)
		snprintf(why, 256, _("no complete answer within %ld seconds"), seconds);
	else if (done == CURLE_TOO_MANY_REDIRECTS)
		snprintf(why, 256, _("the server redirects more than %ld times"), REDIRECTS);
	else if (done == CURLE_UNSUPPORTED_PROTOCOL)
		snprintf(why, 256, "%s", _("the server redirects to a URL that is neither http nor https"));
	else if (done == CURLE_COULDNT_RESOLVE_HOST || done == CURLE_COULDNT_RESOLVE_PROXY)
		snprintf(why, 256, "%s", _("the host's name is not known"));
	else if (done == CURLE_COULDNT_CONNECT)
		snprintf(why, 256, "%s", _("the server cannot be reached"));
	else
		snprintf(why, 256, "%.200s", curl_easy_strerror(done));
}

static void report(struct transfer *t, CURLcode done)
{
	const char *word = "failed";
	char why[256] = "", *type = NULL;
	long code = 0;

	if (t->curl) {
		curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &code);
		curl_easy_getinfo(t->curl, CURLINFO_CONTENT_TYPE, &type);
	}
	if (done != CURLE_OK)
		explain(t, done, why);
	else if (code == 304 && t->field[2][0])
		word = "same";
	else if (code != 200)
		snprintf(why, sizeof why, _("the server answered %ld"), code);
	else if (t->seen == 0)
		snprintf(why, sizeof why, "%s", _("the answer is empty"));
	else if (t->field[3] && (!type || strncasecmp(type, REPLY_TYPE, strlen(REPLY_TYPE)) != 0 ||
	                         !strchr("; ", type[strlen(REPLY_TYPE)])))
		snprintf(why, sizeof why, _("the answer's type is not %s"), REPLY_TYPE);
	else
		word = "new";
	printf("%zu\t%s\t%s\t%s\n", (size_t)(t - list), word, t->etag, why);
	fflush(stdout);
}

static bool read_requests(void)
{
	size_t room = 0;

	for (; n < FETCH_MAX && getline(&list[n].text, &room, stdin) > 0; room = 0, n++) {
		char *rest = list[n].text;

		rest[strcspn(rest, "\n")] = '\0';
		for (size_t i = 0; i < 3; i++)
			if (!(list[n].field[i] = strsep(&rest, "\t")))
				return false;
		list[n].field[3] = rest;
		list[n].fd = atoi(list[n].field[0]);
	}
	return true;
}

int main(int argc, char **argv)
{
	int running = 0, left;
	CURLM *multi;
	CURLMsg *m;

	setlocale(LC_ALL, "");
	bindtextdomain(INKAN_DOMAIN, LOCALEDIR);
	if (argc != 3 || (seconds = atol(argv[1])) <= 0 || (most = atol(argv[2])) <= 0 || !read_requests()) {
		fprintf(stderr, "%s\n", _("inkan runs this program; nobody else needs it."));
		return 64;
	}
	curl_global_init(CURL_GLOBAL_DEFAULT);
	multi = curl_multi_init();
	for (size_t i = 0; i < n; i++)
		if (!multi || !prepare(&list[i]) || curl_multi_add_handle(multi, list[i].curl) != CURLM_OK)
			report(&list[i], CURLE_OUT_OF_MEMORY);
	do {
		if (curl_multi_perform(multi, &running) != CURLM_OK)
			return 70;
		while ((m = curl_multi_info_read(multi, &left))) {
			struct transfer *t;

			curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &t);
			if (m->msg == CURLMSG_DONE)
				report(t, m->data.result);
		}
	} while (running && curl_multi_poll(multi, NULL, 0, 1000, NULL) == CURLM_OK);
	for (size_t i = 0; i < n; i++) {
		curl_multi_remove_handle(multi, list[i].curl);
		curl_easy_cleanup(list[i].curl);
		curl_slist_free_all(list[i].lines);
		free(list[i].text);
	}
	curl_multi_cleanup(multi);
	return 0;
}
