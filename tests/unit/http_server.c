/* SPDX-License-Identifier: BSD-2-Clause */
#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "http_server.h"

struct request {
	const char *folder;
	int fd, port;
	char text[16384], path[1024];
};

static void send_bytes(int fd, const void *p, size_t n)
{
	const char *at = p;

	while (n > 0) {
		ssize_t sent = send(fd, at, n, MSG_NOSIGNAL);

		if (sent <= 0)
			_exit(0); /* the client has had enough */
		at += sent;
		n -= (size_t)sent;
	}
}

__attribute__((format(printf, 2, 3)))
static void say(const struct request *r, const char *fmt, ...)
{
	char text[2048];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	send_bytes(r->fd, text, strlen(text));
}

static const char *header(const struct request *r, const char *name, char *out, size_t room)
{
	const char *at = strcasestr(r->text, name);

	out[0] = '\0';
	if (at)
		snprintf(out, room, "%.*s", (int)strcspn(at + strlen(name), "\r\n"), at + strlen(name));
	return out;
}

static void send_file(const struct request *r, const char *name)
{
	char path[1200], etag[64], date[64], asked[128], chunk[4096];
	struct stat st;
	struct tm tm;
	ssize_t n;
	int fd;

	snprintf(path, sizeof path, "%s/%s", r->folder, name);
	fd = open(path, O_RDONLY);
	if (fd < 0 || fstat(fd, &st) != 0) {
		say(r, "HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\nConnection: close\r\n\r\nnone\n");
		return;
	}
	snprintf(etag, sizeof etag, "\"%lld-%lld\"", (long long)st.st_ino, (long long)st.st_mtim.tv_nsec);
	gmtime_r(&st.st_mtime, &tm);
	strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", &tm);
	if (strcmp(header(r, "If-None-Match: ", asked, sizeof asked), etag) == 0) {
		say(r, "HTTP/1.1 304 Not Modified\r\nETag: %s\r\nConnection: close\r\n\r\n", etag);
		return;
	}
	say(r, "HTTP/1.1 200 OK\r\nETag: %s\r\nLast-Modified: %s\r\nSet-Cookie: a=b\r\nContent-Length: %lld\r\n"
	    "Connection: close\r\n\r\n", etag, date, (long long)st.st_size);
	while ((n = read(fd, chunk, sizeof chunk)) > 0)
		send_bytes(r->fd, chunk, (size_t)n);
}

static void redirect(const struct request *r, const char *to)
{
	say(r, "HTTP/1.1 302 Found\r\nLocation: %s\r\nETag: \"hop\"\r\nSet-Cookie: hop=1\r\nContent-Length: 4\r\n"
	    "Connection: close\r\n\r\nhop\n", to);
}

static void redirect_by_file(const struct request *r)
{
	char path[1200], to[1024] = "";
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", r->folder, r->path + 4);
	f = fopen(path, "re");
	if (f && !fgets(to, sizeof to, f))
		to[0] = '\0';
	if (f)
		fclose(f);
	redirect(r, to);
}

static void hop(const struct request *r)
{
	int n = atoi(r->path + 6);
	const char *name = strchr(r->path + 6, '/');
	char to[1200];

	snprintf(to, sizeof to, "/hops/%d%s", n - 1, name ? name : "/");
	if (n > 0)
		redirect(r, to);
	else
		send_file(r, name ? name + 1 : "");
}

static void send_for_ever(const struct request *r, const char *head, const char *unit, unsigned pause)
{
	say(r, "%s", head);
	for (;;) {
		send_bytes(r->fd, unit, strlen(unit));
		sleep(pause);
	}
}

static void misbehave(const struct request *r)
{
	static char block[65536];
	const char *p = r->path;
	char to[128];

	memset(block, 'x', sizeof block - 1);
	snprintf(to, sizeof to, "http://eve:secret@127.0.0.1:%d/file/list", r->port);
	if (strcmp(p, "/hang") == 0)
		pause();
	else if (strcmp(p, "/drip") == 0)
		send_for_ever(r, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", "x", 1);
	else if (strcmp(p, "/endless") == 0)
		send_for_ever(r, "HTTP/1.1 200 OK\r\n\r\n", block, 0);
	else if (strcmp(p, "/long") == 0)
		send_for_ever(r, "HTTP/1.1 200 OK\r\nContent-Length: 10737418240\r\n\r\n", block, 0);
	else if (strcmp(p, "/heads") == 0)
		send_for_ever(r, "HTTP/1.1 200 OK\r\n", "X-More: and more and more\r\n", 0);
	else if (strcmp(p, "/cut") == 0)
		say(r, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
	else if (strcmp(p, "/noise") == 0)
		say(r, "what is this\n");
	else if (strcmp(p, "/garbage") == 0)
		say(r, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\ngarbage");
	else if (strcmp(p, "/empty") == 0)
		say(r, "HTTP/1.1 200 OK\r\nETag: \"e\"\r\nContent-Length: 0\r\n\r\n");
	else if (strcmp(p, "/bare304") == 0)
		say(r, "HTTP/1.1 304 Not Modified\r\n\r\n");
	else if (strncmp(p, "/code/", 6) == 0)
		say(r, "HTTP/1.1 %s x\r\nConnection: close\r\n\r\nbody", p + 6);
	else
		redirect(r, strcmp(p, "/scheme") == 0 ? "file:///etc/passwd" : strcmp(p, "/user") == 0 ? to :
			    strcmp(p, "/ftp") == 0 ? "ftp://127.0.0.1/list" : strcmp(p, "/turn") == 0 ? "/garbage" : "/loop");
}

/* http://any.host/NAME, as a proxy is asked, is /file/NAME. */
static void take_proxied(struct request *r)
{
	const char *slash = strncmp(r->path, "http://", 7) == 0 ? strchr(r->path + 7, '/') : NULL;
	char path[sizeof r->path];

	if (!slash)
		return;
	snprintf(path, sizeof path, "/file%.*s", (int)sizeof path - 6, slash);
	memcpy(r->path, path, sizeof path);
}

static void answer(struct request *r)
{
	char path[1200];
	ssize_t got;
	size_t n = 0;
	int fd;

	while (n < sizeof r->text - 1 && !strstr(r->text, "\r\n\r\n")) {
		got = recv(r->fd, r->text + n, sizeof r->text - 1 - n, 0);
		if (got <= 0)
			return;
		n += (size_t)got;
	}
	snprintf(path, sizeof path, "%s/requests", r->folder);
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT, 0600);
	if (fd < 0 || write(fd, r->text, n) != (ssize_t)n || sscanf(r->text, "GET %1023s", r->path) != 1)
		return;
	take_proxied(r);
	if (strncmp(r->path, "/slow/", 6) == 0)
		sleep(1);
	if (strncmp(r->path, "/file/", 6) == 0 || strncmp(r->path, "/slow/", 6) == 0)
		send_file(r, r->path + 6);
	else if (strncmp(r->path, "/hops/", 6) == 0)
		hop(r);
	else if (strncmp(r->path, "/to/", 4) == 0)
		redirect_by_file(r);
	else
		misbehave(r);
}

__attribute__((noreturn))
static void serve(const char *folder, int listener, int port, pid_t parent)
{
	signal(SIGCHLD, SIG_IGN);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (getppid() == parent) {
		int fd = accept(listener, NULL, NULL);
		pid_t me = getpid();

		if (fd >= 0 && fork() == 0) {
			static struct request r;

			prctl(PR_SET_PDEATHSIG, SIGKILL);
			if (getppid() != me)
				_exit(0);
			r = (struct request){.folder = folder, .fd = fd, .port = port};
			answer(&r);
			_exit(0);
		}
		close(fd);
	}
	_exit(0);
}

pid_t http_serve(const char *folder, int *port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t n = sizeof at;
	pid_t parent = getpid(), child;

	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) != 0 || listen(fd, 64) != 0 ||
	    getsockname(fd, (struct sockaddr *)&at, &n) != 0)
		return -1;
	*port = ntohs(at.sin_port);
	child = fork();
	if (child == 0)
		serve(folder, fd, *port, parent);
	close(fd);
	return child;
}
