/* SPDX-License-Identifier: BSD-2-Clause */
/* By libmicrohttpd, which decodes a path before it hands it over, takes the first of two headers, and reads a body that
 * is announced in two ways: all that is looked for here, and refused, and the connection closed. */
#include <arpa/inet.h>
#include <microhttpd.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>
#include <time.h>
#include "authd/decision.h"
#include "authd/log.h"
#include "authd/serve.h"
#include "authd/webeid.h"

/* Of a connection: a header of VALUE_MAX and 16 KiB of others; of CONNECTIONS_MAX together 800 MiB. */
#define CONNECTION_MEMORY ((size_t)80 * 1024)

static struct {
	struct MHD_Daemon *daemons[LISTEN_MAX];
	size_t n;
	atomic_bool stopping;
} http;

/* A request on its way. */
struct exchange {
	struct generation *generation;
	const char *at; /* where libmicrohttpd has the target */
	char *target;   /* as it came */
	char address[INET6_ADDRSTRLEN];
	const char *id, *language;
	unsigned certs, chains, lengths, origins, cookies;
	size_t length, got; /* of the body */
	bool odd, begun;    /* odd: it is announced in another way than by one length */
	enum { RULE, CHALLENGE, VERIFY } asked;
	const char *origin;
	char cookie[COOKIE_SIZE + 1]; /* room for what is too long */
	char *token;                  /* room for `length` */
	const char *set_cookie;
	struct request request;
};

static void *begin(void *self, const char *target, struct MHD_Connection *connection)
{
	struct exchange *x = calloc(1, sizeof *x);

	(void)self;
	(void)connection;
	if (x) {
		x->at = target;
		x->target = strdup(target);
	}
	return x;
}

static void end(void *self, struct MHD_Connection *connection, void **slot, enum MHD_RequestTerminationCode how)
{
	struct exchange *x = *slot;

	(void)self;
	(void)connection;
	(void)how;
	if (!x)
		return;
	generation_free(&x->generation);
	free(x->target);
	if (x->token)
		mem_wipe(x->token, x->length);
	free(x->token);
	free(x);
	*slot = NULL;
}

static size_t leave_as_it_is(void *self, struct MHD_Connection *connection, char *text)
{
	(void)self;
	(void)connection;
	return strlen(text);
}

static void take_cookies(struct exchange *x, const char *list)
{
	static const char name[] = CHALLENGE_COOKIE "=";
	const size_t n = sizeof name - 1;

	for (const char *p = list + strspn(list, " "); *p; p += strcspn(p, ";"), p += strspn(p, "; "))
		if (strncmp(p, name, n) == 0) {
			x->cookies++;
			snprintf(x->cookie, sizeof x->cookie, "%.*s", (int)strcspn(p + n, "; "), p + n);
		}
}

static enum MHD_Result take_header(void *self, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct exchange *x = self;
	const struct conf *conf = generation_conf(x->generation);

	(void)kind;
	value = value ? value : "";
	if (conf->header && strcasecmp(name, conf->header) == 0) {
		x->certs++;
		x->request.cert = value;
	} else if (conf->chain_header && strcasecmp(name, conf->chain_header) == 0) {
		x->chains++;
		x->request.chain = value;
	} else if (strcasecmp(name, MHD_HTTP_HEADER_CONTENT_LENGTH) == 0) {
		x->length = strtoul(value, NULL, 10);
		x->odd |= ++x->lengths > 1 || !*value || value[strspn(value, "0123456789")] || strlen(value) > 9 ||
		          (value[0] == '0' && value[1]);
	} else if (strcasecmp(name, MHD_HTTP_HEADER_TRANSFER_ENCODING) == 0) {
		x->odd = true;
	} else if (strcasecmp(name, MHD_HTTP_HEADER_ORIGIN) == 0) {
		x->origins++;
		x->origin = value;
	} else if (strcasecmp(name, MHD_HTTP_HEADER_COOKIE) == 0) {
		take_cookies(x, value);
	} else if (strcasecmp(name, MHD_HTTP_HEADER_ACCEPT_LANGUAGE) == 0) {
		x->language = value;
	} else if (strcasecmp(name, "X-Request-ID") == 0) {
		x->id = value;
	} else if (strcasecmp(name, "X-Original-URI") == 0) {
		x->request.uri = value;
	} else if (conf->address_header && strcasecmp(name, conf->address_header) == 0) {
		const char *last = strrchr(value, ',');

		x->request.address = last ? last + 1 + strspn(last + 1, " ") : value;
	}
	return MHD_YES;
}

static void note_peer(struct exchange *x, struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const struct sockaddr *peer = info ? info->client_addr : NULL;

	if (peer && peer->sa_family == AF_INET)
		inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)peer)->sin_addr, x->address,
		          sizeof x->address);
	else if (peer && peer->sa_family == AF_INET6)
		inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)(const void *)peer)->sin6_addr, x->address,
		          sizeof x->address);
	x->request.address = x->address;
}

/* An empty value would be left out by libmicrohttpd; a blank is what is sent of it. False: no memory. */
static bool add_header(struct MHD_Response *response, const char *name, const char *value)
{
	return MHD_add_response_header(response, name, value && *value ? value : " ") == MHD_YES;
}

/* Takes the text over. Without memory for all of it the connection is closed: no answer is no admission. */
static enum MHD_Result send_text(struct MHD_Connection *connection, const struct exchange *x, int status,
                                 const char *type, char *text, const struct outcome *o)
{
	struct MHD_Response *response =
		MHD_create_response_from_buffer(text ? strlen(text) : 0, text, MHD_RESPMEM_MUST_FREE);
	enum MHD_Result sent = MHD_NO;
	bool ok = response && add_header(response, "Cache-Control", "no-store");

	if (!response)
		free(text);
	if (ok && text)
		ok = add_header(response, "Content-Type", type);
	for (size_t i = 0; ok && o && i < FIELDS; i++)
		ok = add_header(response, field_names[i], o->field[i]);
	if (ok && o)
		ok = add_header(response, "Inkan-Reason", o->reason->word) &&
		     add_header(response, "Inkan-Request", x->request.id);
	if (ok && x->set_cookie)
		ok = add_header(response, "Set-Cookie", x->set_cookie);
	if (ok && (status == 400 || atomic_load(&http.stopping)))
		ok = add_header(response, "Connection", "close");
	if (ok)
		sent = MHD_queue_response(connection, (unsigned)status, response);
	if (response)
		MHD_destroy_response(response);
	return sent;
}

static enum MHD_Result send_decision(struct MHD_Connection *connection, struct exchange *x)
{
	struct outcome *o = request_decide(x->generation, &x->request);
	enum MHD_Result sent = MHD_NO;
	char *page = NULL;

	if (!o)
		return send_text(connection, x, 503, "", NULL, NULL);
	if (o->reason->status != 200)
		page = page_text(o->reason, prefers_japanese(x->language), x->request.id);
	sent = send_text(connection, x, o->reason->status, "text/html; charset=utf-8", page, o);
	outcome_free(&o);
	return sent;
}

/* The version follows the target in the same line, one blank behind it: further away, there was a NUL between. */
static bool is_cut(const struct exchange *x, const char *version)
{
	uintptr_t from = (uintptr_t)x->at, to = (uintptr_t)version;

	return to > from && to - from < CONNECTION_MEMORY && to - from != strlen(x->target) + 1;
}

/* The name of the rule, if the target is the prefix, the name and nothing else. */
static const char *rule_in(const char *target, const char *prefix)
{
	const char *name = strncmp(target, prefix, strlen(prefix)) == 0 ? target + strlen(prefix) : "";
	size_t n = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");

	return n > 0 && n <= RULE_NAME_MAX && !name[n] ? name : NULL;
}

/* ---- Web eID. Which origin it is, the Origin header says, which no page can write. */

static const char *web_eid_refusal(const struct exchange *x)
{
	const struct conf *conf = generation_conf(x->generation);

	if (x->origins > 1 || x->cookies > 1)
		return REASON_TWICE;
	for (size_t i = 0; x->origin && conf->origins[i]; i++)
		if (strcmp(conf->origins[i], x->origin) == 0)
			return x->asked == CHALLENGE && x->length > 0 ? REASON_BAD_REQUEST
			       : x->length > TOKEN_MAX                ? REASON_TOO_LONG
			                                              : NULL;
	return REASON_WRONG_ORIGIN;
}

/* The cookie is for this one login, never a session. */
static enum MHD_Result send_challenge(struct MHD_Connection *connection, struct exchange *x)
{
	char nonce[NONCE_SIZE], value[COOKIE_SIZE], cookie[256], *text = NULL;

	if (!challenge_new(nonce, value) || asprintf(&text, "{\"nonce\":\"%s\"}\n", nonce) < 0)
		return send_text(connection, x, 503, "", NULL, NULL);
	snprintf(cookie, sizeof cookie,
	         CHALLENGE_COOKIE "=%s; Max-Age=%d; Path=/web-eid; Secure; HttpOnly; SameSite=Strict", value,
	         CHALLENGE_SECONDS);
	x->set_cookie = cookie;
	return send_text(connection, x, 200, "application/json", text, NULL);
}

/* The challenge is gone, whatever the token is. */
static enum MHD_Result send_verified(struct MHD_Connection *connection, struct exchange *x)
{
	struct token token = {.json = NULL};
	enum MHD_Result sent;
	enum header read;

	if (!challenge_take(x->cookie, token.nonce)) {
		x->request.refusal = REASON_NO_CHALLENGE;
	} else if ((read = token_read(x->token, x->got, &token)) != HEADER_READ) {
		x->request.refusal = read == HEADER_NO_MEMORY ? REASON_INTERNAL : REASON_MALFORMED;
	} else {
		token.parts.origin = x->origin;
		token.parts.nonce = token.nonce;
		x->request.token = &token.parts;
	}
	sent = send_decision(connection, x);
	token_free(&token);
	return sent;
}

/* What is asked for, and by the headers alone whether it is refused. */
static void begin_request(struct exchange *x, const char *method, const char *version)
{
	bool web_eid = strcmp(method, "POST") == 0 && generation_conf(x->generation)->origins[0];
	const char *verify = web_eid ? rule_in(x->target, "/web-eid/verify/") : NULL;

	if (web_eid && strcmp(x->target, "/web-eid/challenge") == 0)
		x->asked = CHALLENGE;
	else if (verify)
		x->asked = VERIFY;
	x->request.rule = verify ? verify : rule_in(x->target, "/rule/");
	if (x->odd || (x->asked == RULE && (x->length > 0 || !x->request.rule)) || is_cut(x, version))
		x->request.refusal = REASON_BAD_REQUEST;
	else if (x->asked != RULE)
		x->request.refusal = web_eid_refusal(x);
	else if (x->certs > 1 || x->chains > 1)
		x->request.refusal = REASON_TWICE;
	if (x->asked == VERIFY && !x->request.refusal && !(x->token = malloc(x->length + 1)))
		x->request.refusal = REASON_INTERNAL;
}

static enum MHD_Result handle(void *self, struct MHD_Connection *connection, const char *url, const char *method,
                              const char *version, const char *data, size_t *n, void **slot)
{
	struct exchange *x = *slot;
	bool reads = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;

	(void)self;
	(void)url;
	if (!x || !x->target || (*n && (!x->token || *n > x->length - x->got)))
		return MHD_NO;
	if (!x->begun) {
		x->begun = true;
		x->generation = generation_get();
		x->request.form = (enum form)generation_conf(x->generation)->form;
		note_peer(x, connection);
		MHD_get_connection_values(connection, MHD_HEADER_KIND, take_header, x);
		request_name(&x->request, x->id);
		reads = reads && !x->odd && x->length == 0;
		if (reads && strcmp(x->target, "/health") == 0)
			return send_text(connection, x, 200, "text/plain", strdup("ok\n"), NULL);
		if (reads && strcmp(x->target, "/metrics") == 0)
			return send_text(connection, x, 200, "text/plain; version=0.0.4", counters_text(), NULL);
		begin_request(x, method, version);
		/* a refusal ends the request here, so that no body is read; any other one when it is complete */
		if (!x->request.refusal)
			return MHD_YES;
	}
	if (*n) {
		memcpy(x->token + x->got, data, *n);
		x->got += *n;
		*n = 0;
		return MHD_YES;
	}
	if (x->request.refusal || x->asked == RULE)
		return send_decision(connection, x);
	return x->asked == CHALLENGE ? send_challenge(connection, x) : send_verified(connection, x);
}

bool http_start(int listening, unsigned threads)
{
	struct rlimit files = {0};
	unsigned most = CONNECTIONS_MAX;
	struct MHD_OptionItem pool[] = {{threads > 1 ? MHD_OPTION_THREAD_POOL_SIZE : MHD_OPTION_END, (intptr_t)threads,
	                                 NULL},
	                                {MHD_OPTION_END, 0, NULL}};

	if (http.n == LISTEN_MAX)
		return false;
	if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < most + 64)
		most = files.rlim_cur > 128 ? (unsigned)files.rlim_cur - 64 : 64;
	http.daemons[http.n] =
		MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC, 0, NULL, NULL, handle, NULL,
	                         MHD_OPTION_LISTEN_SOCKET, listening, MHD_OPTION_URI_LOG_CALLBACK, begin, NULL,
	                         MHD_OPTION_NOTIFY_COMPLETED, end, NULL, MHD_OPTION_UNESCAPE_CALLBACK, leave_as_it_is,
	                         NULL, MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY,
	                         MHD_OPTION_CONNECTION_LIMIT, most, MHD_OPTION_CONNECTION_TIMEOUT,
	                         (unsigned)IDLE_SECONDS, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_ARRAY, pool,
	                         MHD_OPTION_END);
	return http.daemons[http.n] && ++http.n;
}

void http_stop(void)
{
	const struct timespec moment = {.tv_nsec = 20000000};
	unsigned open = 1;

	atomic_store(&http.stopping, true);
	for (size_t i = 0; i < http.n; i++)
		MHD_quiesce_daemon(http.daemons[i]);
	for (int i = 0; i < 100 && open; i++) {
		open = 0;
		for (size_t k = 0; k < http.n; k++) {
			const union MHD_DaemonInfo *info =
				MHD_get_daemon_info(http.daemons[k], MHD_DAEMON_INFO_CURRENT_CONNECTIONS);

			open += info ? info->num_connections : 0;
		}
		if (open)
			nanosleep(&moment, NULL);
	}
	for (size_t i = 0; i < http.n; i++)
		MHD_stop_daemon(http.daemons[i]);
}
