/* SPDX-License-Identifier: BSD-2-Clause */
/* FastCGI 1.0 as far as an authorizer needs it: one connection, one request, as Apache's mod_authnz_fcgi asks. libfcgi
 * waits for a peer without a limit, and allocates what lengths a peer names. */
#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#include "authd/decision.h"
#include "authd/header.h"
#include "authd/serve.h"
#include "base/mem.h"

/* The specification's names and numbers. */
enum { FCGI_BEGIN_REQUEST = 1, FCGI_END_REQUEST = 3, FCGI_PARAMS = 4, FCGI_STDOUT = 6 };
#define FCGI_AUTHORIZER 2
#define FCGI_UNKNOWN_ROLE 3

#define PARAMS_MAX ((size_t)256 * 1024)
#define READ_SECONDS 2 /* a proxy of this machine sends a request in one piece */
#define THREADS_LEAST 16
#define CHAIN_MAX 8

static atomic_int at_work;
static atomic_bool stopping;

struct connection {
	int fd;
	time_t until; /* by then it has sent its request */
	uint8_t id[2];
	struct buf params;
};

static bool read_all(const struct connection *c, void *out, size_t n)
{
	for (size_t got = 0; got < n;) {
		ssize_t now = read(c->fd, (uint8_t *)out + got, n - got);

		if ((now <= 0 && !(now < 0 && errno == EINTR)) || time(NULL) > c->until)
			return false;
		got += now > 0 ? (size_t)now : 0;
	}
	return true;
}

static bool send_record(const struct connection *c, uint8_t type, const void *data, size_t n)
{
	const uint8_t head[8] = {1, type, c->id[0], c->id[1], (uint8_t)(n >> 8), (uint8_t)n, 0, 0};
	const uint8_t *parts[] = {head, data};
	const size_t lengths[] = {sizeof head, n};

	for (size_t i = 0; i < 2; i++)
		for (size_t sent = 0; sent < lengths[i];) {
			ssize_t now = send(c->fd, parts[i] + sent, lengths[i] - sent, MSG_NOSIGNAL);

			if (now <= 0)
				return false;
			sent += (size_t)now;
		}
	return true;
}

/* Everything up to the empty FCGI_PARAMS. */
static bool read_params(struct connection *c, unsigned *role)
{
	uint8_t head[8], body[65535 + 255];

	for (;;) {
		size_t n;

		if (!read_all(c, head, sizeof head) || head[0] != 1)
			return false;
		n = (size_t)head[4] << 8 | head[5];
		if (!read_all(c, body, n + head[6]))
			return false;
		if (head[1] == FCGI_BEGIN_REQUEST && n == 8 && *role == 0) {
			*role = (unsigned)body[0] << 8 | body[1];
			memcpy(c->id, head + 2, 2);
		} else if (head[1] == FCGI_PARAMS && *role && n == 0) {
			return true;
		} else if (head[1] != FCGI_PARAMS || *role == 0 || c->params.len + n > PARAMS_MAX ||
		           buf_append(&c->params, body, n) != E_OK) {
			return false;
		}
	}
}

static bool next_length(struct bytes *in, size_t *n)
{
	size_t width = in->len > 0 && in->data[0] & 0x80 ? 4 : 1;

	if (in->len < width)
		return false;
	*n = in->data[0] & 0x7F;
	for (size_t i = 1; i < width; i++)
		*n = *n << 8 | in->data[i];
	*in = (struct bytes){in->data + width, in->len - width};
	return true;
}

/* The value of a parameter, to be freed; NULL: there is none, or it holds a NUL. Twice: *twice. */
static char *param(const struct connection *c, const char *wanted, bool *twice)
{
	struct bytes in = {c->params.data, c->params.len};
	size_t name, value;
	char *found = NULL;

	while (next_length(&in, &name) && next_length(&in, &value) && name <= in.len && value <= in.len - name) {
		if (name == strlen(wanted) && memcmp(in.data, wanted, name) == 0) {
			*twice |= found != NULL;
			free(found);
			found = memchr(in.data + name, '\0', value) ? NULL
			                                            : strndup((const char *)in.data + name, value);
		}
		in = (struct bytes){in.data + name + value, in.len - name - value};
	}
	return found;
}

/* SSL_CLIENT_CERT_CHAIN_0 and following: PEM, one behind the other. */
static char *chain_of(const struct connection *c, const char *of, bool *twice)
{
	struct buf all = {0};

	for (int i = 0; i < CHAIN_MAX; i++) {
		char name[128], *pem;

		snprintf(name, sizeof name, "%s_CHAIN_%d", of, i);
		pem = param(c, name, twice);
		if (!pem)
			break;
		if (buf_append(&all, pem, strlen(pem)) != E_OK)
			buf_free(&all);
		free(pem);
	}
	if (all.len > 0 && buf_append(&all, "", 1) != E_OK)
		buf_free(&all);
	return (char *)all.data;
}

/* An authorizer's answer: Variable-NAME of what Apache is to know, or the page. */
static char *answer_text(const struct outcome *o, const struct request *r, const char *language)
{
	char *text = NULL, *page = NULL;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	if (!f)
		return NULL;
	fprintf(f, "Status: %d\r\nCache-Control: no-store\r\nInkan-Reason: %s\r\nInkan-Request: %s\r\n",
	        o->reason->status, o->reason->word, r->id);
	for (size_t i = 0; i < FIELDS; i++) {
		fputs("Variable-", f);
		for (const char *p = field_names[i]; *p; p++)
			fputc(*p == '-' ? '_' : toupper((unsigned char)*p), f);
		fprintf(f, ": %s\r\n", o->field[i] ? o->field[i] : "");
	}
	if (o->reason->status != 200)
		page = page_text(o->reason, prefers_japanese(language), r->id);
	fprintf(f, "Variable-INKAN_REQUEST: %s\r\n%s\r\n%s", r->id,
	        page ? "Content-Type: text/html; charset=utf-8\r\n" : "", page ? page : "");
	free(page);
	if (fclose(f) == 0)
		return text;
	free(text);
	return NULL;
}

static void answer(struct connection *c, unsigned role)
{
	struct generation *generation = generation_get();
	const char *set = generation_conf(generation)->fastcgi_param, *of = set ? set : "SSL_CLIENT_CERT";
	bool twice = false, other = false;
	char *rule = param(c, "INKAN_RULE", &twice), *cert = param(c, of, &twice), *chain = chain_of(c, of, &twice);
	char *address = param(c, "REMOTE_ADDR", &other), *uri = param(c, "REQUEST_URI", &other);
	char *id = param(c, "UNIQUE_ID", &other), *language = param(c, "HTTP_ACCEPT_LANGUAGE", &other), *text = NULL;
	uint8_t end[8] = {0, 0, 0, 0, role == FCGI_AUTHORIZER ? 0 : FCGI_UNKNOWN_ROLE};
	struct request r = {.rule = rule ? rule : "",
	                    .cert = cert,
	                    .chain = chain,
	                    .form = FORM_AUTO,
	                    .address = address,
	                    .uri = uri,
	                    .refusal = twice ? REASON_TWICE : NULL};
	struct outcome *o;

	request_name(&r, id);
	o = role == FCGI_AUTHORIZER ? request_decide(generation, &r) : NULL;
	text = o ? answer_text(o, &r, language) : NULL;
	if (role == FCGI_AUTHORIZER && (!text || strlen(text) > UINT16_MAX)) {
		free(text);
		text = strdup("Status: 503\r\n\r\n");
	}
	if (!text || (send_record(c, FCGI_STDOUT, text, strlen(text)) && send_record(c, FCGI_STDOUT, "", 0)))
		send_record(c, FCGI_END_REQUEST, end, sizeof end);
	outcome_free(&o);
	free(text);
	free(rule);
	free(cert);
	free(chain);
	free(address);
	free(uri);
	free(id);
	free(language);
	generation_free(&generation);
}

static void *serve(void *self)
{
	const struct timeval wait = {.tv_sec = READ_SECONDS};
	struct pollfd listening = {.fd = (int)(intptr_t)self, .events = POLLIN};

	while (!atomic_load(&stopping)) {
		struct connection c = {.fd = -1};
		unsigned role = 0;

		if (poll(&listening, 1, 1000) > 0)
			c.fd = accept4(listening.fd, NULL, NULL, SOCK_CLOEXEC);
		if (c.fd < 0)
			continue;
		atomic_fetch_add(&at_work, 1);
		c.until = time(NULL) + READ_SECONDS;
		setsockopt(c.fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
		setsockopt(c.fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
		if (read_params(&c, &role))
			answer(&c, role);
		buf_free(&c.params);
		close(c.fd);
		atomic_fetch_sub(&at_work, 1);
	}
	return NULL;
}

bool fcgi_start(int listening, unsigned threads)
{
	/* each waits for one slow peer at the most */
	for (unsigned i = 0; i < (threads < THREADS_LEAST ? THREADS_LEAST : threads); i++) {
		pthread_t thread;

		if (pthread_create(&thread, NULL, serve, (void *)(intptr_t)listening) != 0)
			return false;
		pthread_detach(thread);
	}
	return true;
}

void fcgi_stop(void)
{
	const struct timespec moment = {.tv_nsec = 20000000};

	atomic_store(&stopping, true);
	for (int i = 0; i < 100 && atomic_load(&at_work) > 0; i++)
		nanosleep(&moment, NULL);
}
