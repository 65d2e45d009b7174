/* SPDX-License-Identifier: BSD-2-Clause */
/* inkan-web-eid: the native messaging host of the Web eID extension. A process answers one request; what is said
 * on standard output is said to the browser. */
#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>
#include "base/log.h"
#include "request.h"
#include "tool/say.h"
#include "tool/tool.h"

/* The protocol's version, which must not be lower than the extension's; strict SemVer. */
#define PROTOCOL_VERSION "2.9.0+inkan." PACKAGE_VERSION

static volatile sig_atomic_t stopped;

static void stop(int number)
{
	stopped = number;
}

/* Firefox sends SIGTERM, Chrome closes standard input. */
static bool gone(void)
{
	struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
	char unwanted[256];

	while (!stopped && poll(&input, 1, 0) > 0)
		stopped = read(STDIN_FILENO, unwanted, sizeof unwanted) <= 0;
	return stopped;
}

/* ---- Messages: a length of 32 bits in the machine's order, and JSON in UTF-8 */

/* Frees the message. */
static enum exit_code send_message(int fd, json_t *message)
{
	char *text = message ? json_dumps(message, JSON_COMPACT) : NULL;
	uint32_t n = text ? (uint32_t)strlen(text) : 0;
	struct buf frame = {0};
	bool sent = text && buf_append(&frame, &n, sizeof n) == E_OK && buf_append(&frame, text, n) == E_OK &&
	            write(fd, frame.data, frame.len) == (ssize_t)frame.len;

	buf_wipe(&frame);
	free(text);
	json_decref(message);
	return sent ? EXIT_DONE : EXIT_OUTPUT;
}

static bool read_exactly(void *to, size_t n)
{
	size_t done = 0;
	ssize_t got;

	while (done < n) {
		got = read(STDIN_FILENO, (char *)to + done, n - done);
		if (got == 0 || (got < 0 && errno != EINTR) || stopped)
			return false;
		done += got > 0 ? (size_t)got : 0;
	}
	return true;
}

static json_t *error_message(const char *code, const char *text)
{
	log_error("%s: %s", code, text);
	return json_pack("{s{ss+ss}}", "error", "code", "ERR_WEBEID_", code, "message", text);
}

static json_t *invalid(const char *text)
{
	return error_message("NATIVE_INVALID_ARGUMENT", text);
}

/* The page's language, where we have it. gettext looks at LANGUAGE in other locales than C alone. */
static void use_language(const char *lang)
{
	const char *locale = setlocale(LC_MESSAGES, NULL);

	if (!lang || (strcmp(lang, "ja") != 0 && strcmp(lang, "en") != 0))
		return;
	setenv("LANGUAGE", lang, 1);
	if (locale && (locale[0] == 'C' || strcmp(locale, "POSIX") == 0) && !setlocale(LC_ALL, "ja_JP.UTF-8"))
		setlocale(LC_ALL, "en_US.UTF-8");
}

/* NULL: nobody waits for an answer. */
static json_t *run(const json_t *message)
{
	struct request r = {.gone = gone};
	struct consent c = {.cert.hidden = true};
	const char *wrong = request_read(message, &r);
	json_t *json = NULL;
	enum error e;

	if (wrong)
		return invalid(wrong);
	if (r.command == QUIT)
		return json_object();
	use_language(r.lang);
	e = consent_ask(&r, &c);
	if (gone())
		log_info("the browser waits no longer: no answer");
	else if (e == E_OK)
		json = request_answer(&r, &c);
	else if (e == E_CANCELLED)
		json = error_message("USER_CANCELLED", "the user did not agree");
	else if (e == E_IO)
		json = error_message("NATIVE_FATAL", "no dialog can be shown: a pinentry is needed");
	else
		json = error_message("NATIVE_FATAL", error_text(e));
	buf_wipe(&c.cert);
	return json;
}

static enum exit_code serve(int out)
{
	char text[REQUEST_MAX];
	json_t *message, *said;
	uint32_t n;
	enum exit_code code = send_message(out, json_pack("{ss}", "version", PROTOCOL_VERSION));

	if (code != EXIT_DONE || !read_exactly(&n, sizeof n))
		return code;
	if (n < 2 || n > sizeof text)
		return send_message(out, error_message("NATIVE_FATAL", "a message has 2 to 8192 bytes"));
	if (!read_exactly(text, n))
		return EXIT_DONE;
	message = json_loadb(text, n, JSON_REJECT_DUPLICATES, NULL);
	said = message ? run(message) : invalid("the message is not JSON");
	json_decref(message);
	return said ? send_message(out, said) : EXIT_DONE;
}

int main(int argc, char **argv)
{
	int out;

	setlocale(LC_ALL, "");
	bindtextdomain(INKAN_DOMAIN, LOCALEDIR);
	bind_textdomain_codeset(INKAN_DOMAIN, "UTF-8");
	log_start("inkan-web-eid");
	if (argc > 1 && strcmp(argv[1], "--version") == 0) {
		printf("inkan-web-eid %s\n", PACKAGE_VERSION);
		return EXIT_DONE;
	}
	if (isatty(STDIN_FILENO)) {
		complain(_("inkan-web-eid is started by a browser, for the Web eID extension."));
		advise(_("See: man inkan-web-eid"));
		return EXIT_USAGE;
	}
	for (size_t i = 0; i < 3; i++)
		sigaction((int[]){SIGTERM, SIGHUP, SIGINT}[i], &(struct sigaction){.sa_handler = stop}, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
	/* jansson's copies of a certificate are not wiped; programs that take core dumps get them whatever the limit */
	setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
	prctl(PR_SET_DUMPABLE, 0);
	out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	if (out < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0) { /* nobody else writes there */
		log_error("standard output: %s", strerror(errno));
		return EXIT_OUTPUT;
	}
	return (int)serve(out);
}
