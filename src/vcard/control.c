/* SPDX-License-Identifier: BSD-2-Clause */
/* The control socket: a connection is one line in and one line out. */
#include "config.h"
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>
#include "base/i18n.h"
#include "vcard/control.h"

#define WORDS_MAX 64

static bool address_of(const char *path, struct sockaddr_un *address)
{
	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof address->sun_path) {
		errno = ENAMETOOLONG;
		return false;
	}
	memcpy(address->sun_path, path, strlen(path));
	return true;
}

bool control_open(struct world *w, const char *path)
{
	struct sockaddr_un address;
	int fd;

	if (!address_of(path, &address))
		return false;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 8) != 0) {
		close(fd);
		return false;
	}
	memmove(w->control, path, strlen(path) + 1);
	w->control_fd = fd;
	return true;
}

/* The words of a line, cut in place; '…' and "…" keep blanks together. */
static int split(char *line, char *words[WORDS_MAX])
{
	int n = 0;

	while (n < WORDS_MAX - 1) {
		char *out, quote = '\0';
		while (isspace((unsigned char)*line))
			line++;
		if (!*line)
			break;
		words[n++] = out = line;
		for (; *line && (quote || !isspace((unsigned char)*line)); line++) {
			if (!quote && (*line == '\'' || *line == '"'))
				quote = *line;
			else if (quote && *line == quote)
				quote = '\0';
			else
				*out++ = *line;
		}
		line += *line != '\0';
		*out = '\0';
	}
	words[n] = NULL;
	return n;
}

/* A line without its end. False: none came within the time. */
static bool read_line(int fd, char *line, size_t size)
{
	size_t n = 0;

	while (n + 1 < size) {
		ssize_t got = recv(fd, line + n, size - 1 - n, 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		n += (size_t)got;
		if (memchr(line, '\n', n))
			break;
	}
	line[n] = '\0';
	line[strcspn(line, "\n")] = '\0';
	return n > 0;
}

static void set_patience(int fd, long seconds)
{
	struct timeval t = {seconds, 0};

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof t);
}

void control_serve(struct world *w)
{
	char line[CONTROL_LINE_MAX], *words[WORDS_MAX];
	struct reply reply;
	struct call call = {.world = w, .argv = words, .reply = &reply};
	size_t n;
	int fd = accept4(w->control_fd, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		return;
	set_patience(fd, 5);
	if (read_line(fd, line, sizeof line)) {
		call.argc = split(line, words);
		control_obey(&call);
		n = strlen(reply.text);
		if (n > sizeof reply.text - 2)
			n = sizeof reply.text - 2;
		reply.text[n++] = '\n';
		send(fd, reply.text, n, MSG_NOSIGNAL);
	}
	close(fd);
}

int control_send(const char *command)
{
	const char *path = getenv("INKAN_VCARD_CONTROL");
	char line[CONTROL_LINE_MAX];
	struct sockaddr_un address;
	int fd = -1, status = EX_UNAVAILABLE;
	int n = snprintf(line, sizeof line, "%s\n", command);

	if (!path || !address_of(path, &address)) {
		fprintf(stderr, _("inkan-vcard: INKAN_VCARD_CONTROL names no control socket\n"));
		return EX_USAGE;
	}
	if (n >= (int)sizeof line || strchr(command, '\n'))
		return EX_USAGE;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	set_patience(fd, 30);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
	    send(fd, line, (size_t)n, MSG_NOSIGNAL) != n || !read_line(fd, line, sizeof line)) {
		fprintf(stderr, "inkan-vcard: %s: %s\n", path, strerror(errno));
	} else {
		puts(line);
		status = strncmp(line, "ok", 2) ? 1 : 0;
	}
	if (fd >= 0)
		close(fd);
	return status;
}
