/* SPDX-License-Identifier: BSD-2-Clause */
/* terminal LINE... -- COMMAND...: runs the command on a terminal of its own and
 * types a line at each prompt (echo is off, and a space the last that was shown;
 * ^C, ^D and ^Z alone are keys). Copies the screen to standard output. Exit: the
 * command's, 128 + signal, or 99 when a line was left over or the terminal was left
 * without echo. */
#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static bool echoes(int fd)
{
	struct termios t;

	return tcgetattr(fd, &t) != 0 || (t.c_lflag & ECHO);
}

/* Shows what comes within 50 ms, and keeps its last byte; false when the command has closed its side. */
static bool copy_screen(int fd, char *last)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	char text[4096];
	ssize_t n;

	while (poll(&p, 1, 50) > 0) {
		n = read(fd, text, sizeof text);
		if (n <= 0)
			return false;
		fwrite(text, 1, (size_t)n, stdout);
		*last = text[n - 1];
	}
	return true;
}

static void type(int fd, pid_t child, const char *line)
{
	char text[256];
	int n = line[0] == '^' && line[1] && !line[2] ? snprintf(text, sizeof text, "%c", line[1] & 0x1F) :
							snprintf(text, sizeof text, "%s\n", line);

	if (write(fd, text, (size_t)n) != n)
		exit(99);
	if (strcmp(line, "^Z") == 0) { /* nobody else would wake it */
		usleep(200 * 1000);
		kill(child, SIGCONT);
	}
}

/* The lines that were typed. */
static int answer(int fd, pid_t child, char **lines, int n)
{
	int at = 0, waited = 0;
	char last = '\0';

	while (copy_screen(fd, &last) && waited++ < 600) {
		if (at == n || last != ' ' || echoes(fd))
			continue;
		last = '\0'; /* a prompt that has its answer is none any more */
		type(fd, child, lines[at++]);
	}
	return at;
}

int main(int argc, char **argv)
{
	int n = 0, fd, status, typed;
	bool shown;
	pid_t child;

	while (n + 1 < argc && strcmp(argv[n + 1], "--") != 0)
		n++;
	if (n + 2 >= argc)
		return 99;
	child = forkpty(&fd, NULL, NULL, NULL);
	if (child == 0) {
		execvp(argv[n + 2], argv + n + 2);
		_exit(99);
	}
	typed = answer(fd, child, argv + 1, n);
	shown = echoes(fd);
	if (child < 0 || waitpid(child, &status, 0) != child || typed != n || !shown) {
		printf("[%d of %d lines typed, echo %s]\n", typed, n, shown ? "on" : "left off");
		return 99;
	}
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
