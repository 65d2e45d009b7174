/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/log.h"
#include "base/text.h"
#include "pinentry.h"

#define LINE_LENGTH 1000 /* of Assuan, with the line feed */

/* The low 16 bits of libgpg-error's codes. */
enum { CODE_CANCELED = 99, CODE_NOT_CONFIRMED = 114, CODE_FULLY_CANCELED = 198 };

/* One command. A text that is too long ends between two characters. */
static bool tell(int fd, const char *command, const char *text)
{
	size_t n = strlen(command), left = strlen(text), took;
	char line[LINE_LENGTH + 1];
	uint32_t c;

	memcpy(line, command, n + 1);
	for (; left > 0; text += took, left -= took) {
		took = utf8_next((const uint8_t *)text, left, &c);
		if (took == 0)
			took = 1;
		if (n + (took > 1 ? took : 3) >= LINE_LENGTH)
			break;
		if (took == 1 && ((uint8_t)*text < ' ' || *text == '%')) /* Assuan's escapes */
			n += (size_t)sprintf(line + n, "%%%02X", (uint8_t)*text);
		else
			memcpy(line + n, text, took), n += took;
	}
	line[n++] = '\n';
	return send(fd, line, n, MSG_NOSIGNAL) == (ssize_t)n;
}

static enum error next_byte(const struct pinentry *p, int fd, uint8_t *byte)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
	enum error e;

	for (;;) {
		int ready = poll(&poll_fd, 1, 200);

		if (ready <= 0 && p->watch && (e = p->watch(p->arg)) != E_OK)
			return e;
		if (ready > 0)
			return read(fd, byte, 1) == 1 ? E_OK : E_IO;
		if (ready < 0 && errno != EINTR)
			return E_IO;
	}
}

static enum error next_line(const struct pinentry *p, int fd, struct secret *line)
{
	uint8_t byte = 0;
	enum error e;

	while ((e = next_byte(p, fd, &byte)) == E_OK && byte != '\n')
		if (secret_append(line, byte) != E_OK)
			return E_PIN_LENGTH;
	mem_wipe(&byte, 1);
	return e;
}

static enum error append_data(struct secret *data, const uint8_t *p, size_t n)
{
	enum error e = E_OK;

	for (size_t i = 0; i < n && e == E_OK; i++) {
		char hex[3] = {0};
		uint8_t byte = p[i];

		if (byte == '%' && i + 2 < n) {
			memcpy(hex, p + i + 1, 2);
			i += hex_read(hex, &byte, 1) ? 2 : 0;
		}
		e = secret_append(data, byte) == E_OK ? E_OK : E_PIN_LENGTH;
		mem_wipe(&byte, 1);
		mem_wipe(hex, sizeof hex);
	}
	return e;
}

/* What an ERR says. */
static enum error error_of_code(const char *line)
{
	unsigned long code = strtoul(line, NULL, 10) & 0xFFFF;

	if (code == CODE_NOT_CONFIRMED)
		return E_REFUSED;
	return code == CODE_CANCELED || code == CODE_FULLY_CANCELED ? E_CANCELLED : E_IO;
}

/* The lines of one answer, up to its OK or ERR; what D lines hold goes into `data`. */
static enum error hear(const struct pinentry *p, int fd, struct secret *data)
{
	enum error e = E_OK;

	for (bool more = true; more && e == E_OK;) {
		struct secret *line;
		const uint8_t *text;
		size_t n;

		if (p->watch && (e = p->watch(p->arg)) != E_OK) /* lines may come without end */
			return e;
		if ((e = secret_new(&line, NULL, 0)) != E_OK)
			return e;
		e = next_line(p, fd, line);
		text = secret_bytes(line, &n);
		more = n > 0 && strchr("DS#", text[0]);
		if (e == E_PIN_LENGTH && text[0] != 'D')
			e = E_IO;
		if (e == E_OK && more && text[0] == 'D')
			e = append_data(data, text + 2, n > 2 ? n - 2 : 0);
		else if (e == E_OK && !more && (n < 2 || memcmp(text, "OK", 2) != 0))
			e = n > 4 && memcmp(text, "ERR ", 4) == 0 && secret_append(line, '\0') == E_OK
			            ? error_of_code((const char *)text + 4)
			            : E_IO;
		secret_free(&line);
	}
	return e;
}

/* The whole talk with a program that runs. */
static enum error talk(const struct pinentry *p, int fd, struct secret *pin)
{
	const struct {
		const char *command, *text;
		bool needed;
	} lines[] = {
		{"OPTION ttyname=", ttyname(STDIN_FILENO), false}, /* one without a terminal refuses that */
		{"SETTIMEOUT ", "0", false},                       /* most would give up after a minute */
		{"SETTITLE ", p->title, true},
		{"SETDESC ", p->text, true},
		{"SETERROR ", p->error, true},
		{"SETOK ", p->ok, true},
		{"SETNOTOK ", p->other, true},
		{"SETCANCEL ", p->cancel, true},
		{"SETPROMPT ", p->prompt, true},
		{p->prompt ? "GETPIN" : "CONFIRM", "", true},
	};
	enum error e = hear(p, fd, pin); /* its greeting */

	for (size_t i = 0; i < sizeof lines / sizeof *lines && e == E_OK; i++) {
		if (!lines[i].text)
			continue;
		e = tell(fd, lines[i].command, lines[i].text) ? hear(p, fd, pin) : E_IO;
		if (!lines[i].needed && e == E_IO)
			e = E_OK;
	}
	if (e == E_REFUSED && !p->other)
		e = E_CANCELLED;
	return e;
}

/* It may be anything, and stay. */
static void end(pid_t child)
{
	const struct timespec pause = {.tv_nsec = 20 * 1000 * 1000};

	kill(child, SIGTERM);
	for (int i = 0; i < 50; i++) {
		if (waitpid(child, NULL, WNOHANG) != 0)
			return;
		nanosleep(&pause, NULL);
	}
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

enum error pinentry_ask(const struct pinentry *p, struct secret **pin)
{
	char *argv[] = {(char *)(uintptr_t)p->program, NULL};
	posix_spawn_file_actions_t files;
	enum error e = E_IO;
	pid_t child;
	int ends[2], error;

	*pin = NULL;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
		log_error("socketpair: %s", strerror(errno));
		return E_IO;
	}
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, ends[1], STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&files, ends[1], STDOUT_FILENO);
	error = posix_spawnp(&child, p->program, &files, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&files);
	close(ends[1]);
	if (error != 0)
		log_error("posix_spawnp %s: %s", p->program, strerror(error));
	else if ((e = secret_new(pin, NULL, 0)) == E_OK)
		e = talk(p, ends[0], *pin);
	close(ends[0]);
	if (error == 0)
		end(child);
	if (e == E_IO && error == 0)
		log_error("%s: no dialog", p->program);
	if (e != E_OK || !p->prompt)
		secret_free(pin);
	return e;
}
