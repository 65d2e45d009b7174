/* SPDX-License-Identifier: BSD-2-Clause */
/* inkan-authd: whether a request with a client certificate may pass, for the proxy that asks. */
#include "config.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <locale.h>
#include <openssl/rand.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>
#include "authd/decision.h"
#include "authd/log.h"
#include "authd/serve.h"
#include "base/i18n.h"
#include "base/mem.h"

#define FIRST_PASSED 3 /* sd_listen_fds(3) */
#define BACKLOG 4096

static void help(void)
{
	puts(_("Usage: inkan-authd [--config FILE] [--check]\n"
	       "       inkan-authd --make-key FILE\n"
	       "Tells a web server whether a request with a card's certificate may pass.\n\n"
	       "  --config FILE      the settings, of inkan-authd.conf(5)\n"
	       "  --check            read them, say what is wrong, and end\n"
	       "  --make-key FILE    make a key for the pseudonyms of My Number Cards\n"
	       "  --help, --version"));
}

static int make_key(const char *path)
{
	uint8_t key[KEY_MIN];
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	bool done = fd >= 0 && RAND_priv_bytes(key, sizeof key) == 1 && write(fd, key, sizeof key) == sizeof key &&
	            fsync(fd) == 0;

	mem_wipe(key, sizeof key);
	if (fd >= 0)
		done = close(fd) == 0 && done;
	if (!done)
		tell(_("the key %s cannot be made: %s"), path, strerror(errno));
	if (!done && fd >= 0)
		unlink(path); /* half a key is none */
	return done ? EX_OK : EX_CANTCREAT;
}

/* ---- Sockets */

/* What stands in a header is believed because only a proxy of this machine can send it. */
static bool is_local(const struct sockaddr *a)
{
	if (a->sa_family == AF_INET)
		return ntohl(((const struct sockaddr_in *)(const void *)a)->sin_addr.s_addr) >> 24 == 127;
	if (a->sa_family == AF_INET6)
		return IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)(const void *)a)->sin6_addr);
	return a->sa_family == AF_UNIX;
}

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	struct sockaddr_un path;
};

/* unix:PATH, 127.0.0.1:PORT, [::1]:PORT. 0: none of them. */
static socklen_t read_address(const char *text, union address *a)
{
	char host[INET6_ADDRSTRLEN] = "";
	const char *colon = strrchr(text, ':');
	long port = colon ? strtol(colon + 1, NULL, 10) : 0;
	size_t n;

	*a = (union address){.path = {.sun_family = AF_UNIX}};
	if (strncmp(text, "unix:", 5) == 0) {
		n = strlen(text + 5);
		if (text[5] != '/' || n >= sizeof a->path.sun_path)
			return 0;
		memcpy(a->path.sun_path, text + 5, n + 1);
		return sizeof a->path;
	}
	n = colon ? (size_t)(colon - text) : 0;
	if (n == 0 || n >= sizeof host || port < 1 || port > 65535 || colon[1 + strspn(colon + 1, "0123456789")])
		return 0;
	memcpy(host, text, n);
	a->v4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	if (inet_pton(AF_INET, host, &a->v4.sin_addr) == 1)
		return sizeof a->v4;
	a->v6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
	host[n - 1] = '\0';
	return text[0] == '[' && colon[-1] == ']' && inet_pton(AF_INET6, host + 1, &a->v6.sin6_addr) == 1 ? sizeof a->v6
	                                                                                                  : 0;
}

/* False, and told: it cannot be one of ours. */
static bool check_address(const char *text)
{
	union address a;

	if (read_address(text, &a) == 0)
		tell(_("%s is no address: unix:/PATH, 127.0.0.1:PORT or [::1]:PORT"), text);
	else if (is_local(&a.any))
		return true;
	else
		tell(_("%s: only addresses of this machine are possible: who can connect can claim any certificate"),
		     text);
	return false;
}

/* -1, and told: it cannot be opened. A socket's file that nobody listens at is what a killed daemon left. */
static int open_socket(const char *text)
{
	const int on = 1;
	union address a;
	socklen_t n = read_address(text, &a);
	int fd = socket(a.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && a.any.sa_family == AF_UNIX) {
		if (connect(fd, &a.any, n) != 0 && errno == ECONNREFUSED)
			unlink(a.path.sun_path);
		close(fd);
		fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	} else if (fd >= 0) {
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	}
	if (fd < 0 || bind(fd, &a.any, n) != 0 || listen(fd, BACKLOG) != 0 ||
	    (a.any.sa_family == AF_UNIX && chmod(a.path.sun_path, 0660) != 0)) {
		tell("%s: %s", text, strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	return fd;
}

struct sockets {
	int http[LISTEN_MAX], fastcgi[LISTEN_MAX];
	size_t n_http, n_fastcgi;
	bool passed; /* by systemd, which keeps them */
};

/* Those that systemd has opened: the one that is called "fastcgi" is for FastCGI. */
static bool take_passed(struct sockets *s)
{
	const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS"), *names = getenv("LISTEN_FDNAMES");
	int n = pid && count && atol(pid) == (long)getpid() ? atoi(count) : 0;
	union address a = {.path = {.sun_family = AF_UNSPEC}};

	for (int i = 0; i < n; i++) {
		int fd = FIRST_PASSED + i;
		socklen_t len = sizeof a;
		size_t width = names ? strcspn(names, ":") : 0;
		bool fastcgi = width == 7 && strncmp(names, "fastcgi", 7) == 0;
		size_t *of = fastcgi ? &s->n_fastcgi : &s->n_http;

		names = names && names[width] ? names + width + 1 : NULL;
		fcntl(fd, F_SETFD, FD_CLOEXEC);
		if (getsockname(fd, &a.any, &len) != 0 || !is_local(&a.any) || *of == LISTEN_MAX) {
			tell(_("socket %d of systemd is none of this machine's own addresses"), fd);
			return false;
		}
		(fastcgi ? s->fastcgi : s->http)[(*of)++] = fd;
		s->passed = true;
	}
	return true;
}

static bool open_sockets(const struct conf *conf, struct sockets *s)
{
	if (!take_passed(s))
		return false;
	for (size_t i = 0; !s->passed && conf->listen[i]; i++)
		if ((s->http[s->n_http++] = open_socket(conf->listen[i])) < 0)
			return false;
	for (size_t i = 0; !s->passed && conf->fastcgi[i]; i++)
		if ((s->fastcgi[s->n_fastcgi++] = open_socket(conf->fastcgi[i])) < 0)
			return false;
	if (s->n_http + s->n_fastcgi == 0)
		tell(_("there is nothing to listen at: no socket of systemd, no listen or fastcgi in the settings"));
	else if (conf->origins[0] && s->n_http == 0)
		tell(_("web-eid-origin is for HTTP, and there is no such socket: a FastCGI authorizer gets no body"));
	return s->n_http + (conf->origins[0] ? 0 : s->n_fastcgi) > 0;
}

static void remove_sockets(const struct conf *conf)
{
	char *const *lists[] = {conf->listen, conf->fastcgi};

	for (size_t k = 0; k < 2; k++)
		for (size_t i = 0; lists[k][i]; i++)
			if (strncmp(lists[k][i], "unix:", 5) == 0)
				unlink(lists[k][i] + 5);
}

/* ---- The process */

/* sd_notify(3) */
static void notify(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	size_t n = path ? strlen(path) : 0;
	int fd;

	if (n == 0 || n >= sizeof to.sun_path)
		return;
	memcpy(to.sun_path, path, n);
	if (*path == '@')
		to.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&to,
	       (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n));
	close(fd);
}

/* libinkan's errors, so that a file that cannot be used is told. What a stranger sends makes errors, too: a few of them
 * are enough. */
static void pass_on(void *self, enum inkan_log_level level, const char *line)
{
	static _Atomic long period;
	static atomic_int lines;
	long now = (long)time(NULL) / 10;

	(void)self;
	(void)level;
	if (atomic_exchange(&period, now) != now)
		atomic_store(&lines, 0);
	if (atomic_fetch_add(&lines, 1) < 10)
		tell("%s", line);
}

static struct generation *read_generation(const char *path)
{
	struct generation *g = generation_new(path);
	const struct conf *conf = g ? generation_conf(g) : NULL;
	bool good = true;

	for (size_t i = 0; g && conf->listen[i]; i++)
		good &= check_address(conf->listen[i]);
	for (size_t i = 0; g && conf->fastcgi[i]; i++)
		good &= check_address(conf->fastcgi[i]);
	if (!good)
		generation_free(&g);
	if (g && generation_anchors(g) == 0)
		tell(_("no CA certificate is installed, so that nobody is admitted: inkan trust add FILE"));
	return g;
}

static void reload(const char *path)
{
	struct generation *g;
	char text[64];
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	snprintf(text, sizeof text, "RELOADING=1\nMONOTONIC_USEC=%lld",
	         (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
	notify(text);
	g = read_generation(path);
	if (g) {
		access_log_open(generation_conf(g)->access_log);
		generation_install(g);
		tell(_("the settings, CA certificates and lists have been read again"));
	} else {
		tell(_("the settings have not been read again: those from before stay in force"));
		g = generation_get();
		access_log_open(generation_conf(g)->access_log);
		generation_free(&g);
	}
	notify("READY=1");
}

static int run(const char *path, const sigset_t *signals)
{
	struct generation *g = read_generation(path);
	struct sockets s = {.n_http = 0};
	const struct conf *conf;
	unsigned threads;
	bool ok;

	if (!g)
		return EX_CONFIG;
	conf = generation_conf(g);
	threads = conf->threads ? conf->threads : (unsigned)sysconf(_SC_NPROCESSORS_ONLN);
	if (!open_sockets(conf, &s) || !access_log_open(conf->access_log)) {
		generation_free(&g);
		return EX_OSERR;
	}
	generation_install(g);
	g = generation_get(); /* kept: it names the sockets */
	ok = true;
	for (size_t i = 0; i < s.n_http; i++)
		ok &= http_start(s.http[i], threads);
	for (size_t i = 0; i < s.n_fastcgi; i++)
		ok &= fcgi_start(s.fastcgi[i], threads);
	if (ok)
		notify("READY=1");
	else
		tell(_("the threads cannot be started: %s"), strerror(errno));
	for (int got = SIGHUP; ok && got == SIGHUP;) {
		if (sigwait(signals, &got) == 0 && got == SIGHUP)
			reload(path);
	}
	notify("STOPPING=1");
	http_stop();
	fcgi_stop();
	if (!s.passed)
		remove_sockets(conf);
	generation_free(&g);
	generation_install(NULL);
	return ok ? EX_OK : EX_OSERR;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"config", required_argument, NULL, 'c'},
	                                        {"check", no_argument, NULL, 'k'},
	                                        {"make-key", required_argument, NULL, 'm'},
	                                        {"help", no_argument, NULL, 'h'},
	                                        {"version", no_argument, NULL, 'v'},
	                                        {NULL, 0, NULL, 0}};
	const char *path = SYSCONFDIR "/inkan/authd.conf";
	struct rlimit files;
	struct generation *g;
	sigset_t signals;
	bool check = false;
	int option;

	setlocale(LC_ALL, "");
	bindtextdomain(INKAN_DOMAIN, LOCALEDIR);
	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1)
		switch (option) {
		case 'c': path = optarg; break;
		case 'k': check = true; break;
		case 'm': return make_key(optarg);
		case 'h': help(); return EX_OK;
		case 'v': puts("inkan-authd " PACKAGE_VERSION); return EX_OK;
		default: return EX_USAGE;
		}
	if (optind < argc) {
		tell(_("%s is not understood: inkan-authd --help"), argv[optind]);
		return EX_USAGE;
	}
	inkan_log_to(INKAN_LOG_ERROR, pass_on, NULL);
	if (check) {
		g = read_generation(path);
		if (g)
			puts("ok");
		option = g ? EX_OK : EX_CONFIG;
		generation_free(&g);
		return option;
	}
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&signals);
	sigaddset(&signals, SIGHUP);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max < CONNECTIONS_MAX + 1024 ? files.rlim_max : CONNECTIONS_MAX + 1024;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	return run(path, &signals);
}
