/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include "authd/answer.h"
#include "authd/conf.h"
#include "authd/log.h"
#include "base/i18n.h"

struct row {
	struct row *next;
	char rule[RULE_NAME_MAX + 1];
	atomic_ulong n[REASONS_MAX];
};

static struct {
	pthread_mutex_t lock; /* of the next four */
	int fd;
	bool is_socket, torn; /* torn: the last line was cut */
	bool failing;
	atomic_ulong lost, remembered, made;
	pthread_mutex_t rows_lock; /* to add one */
	_Atomic(struct row *) rows;
} state = {.lock = PTHREAD_MUTEX_INITIALIZER, .fd = -1, .rows_lock = PTHREAD_MUTEX_INITIALIZER};

void tell(const char *format, ...)
{
	char text[1024] = "inkan-authd: ";
	size_t n = strlen(text);
	va_list args;

	va_start(args, format);
	vsnprintf(text + n, sizeof text - n - 1, format, args);
	va_end(args);
	strcat(text, "\n");
	if (write(STDERR_FILENO, text, strlen(text)) < 0)
		return; /* there is nobody to tell that to */
}

/* ---- The access log */

/* A pipe or a terminal is opened once more, so that O_NONBLOCK is ours alone; a socket, as the journal's, is asked per
 * line. */
static int standard_output(void)
{
	int fd = open("/proc/self/fd/1", O_WRONLY | O_APPEND | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	return fd >= 0 ? fd : fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
}

bool access_log_open(const char *file)
{
	bool named = file && file[0] == '/';
	int fd =
		named ? open(file, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0640)
		      : standard_output();
	struct stat st;
	int old;

	if (fd < 0 || fstat(fd, &st) != 0) {
		tell(_("the access log %s cannot be opened: %s"), named ? file : "stdout", strerror(errno));
		return false;
	}
	pthread_mutex_lock(&state.lock);
	old = state.fd;
	state.fd = fd;
	state.is_socket = S_ISSOCK(st.st_mode);
	state.torn = state.failing = false;
	pthread_mutex_unlock(&state.lock);
	if (old >= 0)
		close(old);
	return true;
}

void access_log_write(const char *line)
{
	size_t n = strlen(line);
	char *text = malloc(n + 3);
	ssize_t written = -1;
	bool first = false;
	int why = ENOMEM;

	pthread_mutex_lock(&state.lock);
	if (text) {
		/* what was cut ends its line first */
		n = (size_t)sprintf(text, "%s%s\n", state.torn ? "\n" : "", line);
		written = state.is_socket ? send(state.fd, text, n, MSG_DONTWAIT | MSG_NOSIGNAL)
		                          : write(state.fd, text, n);
		why = written < 0 ? errno : ENOSPC;
		if (written > 0)
			state.torn = (size_t)written < n;
	}
	if (written != (ssize_t)n) {
		atomic_fetch_add(&state.lost, 1);
		first = !state.failing;
		state.failing = true;
	} else if (state.failing) {
		state.failing = false;
		tell(_("the access log is written again; lost since the start: %lu lines"), atomic_load(&state.lost));
	}
	pthread_mutex_unlock(&state.lock);
	if (first)
		tell(_("the access log cannot be written: %s; decisions go on without it"), strerror(why));
	free(text);
}

/* ---- Counters */

static struct row *row_of(const char *rule)
{
	struct row *row = atomic_load(&state.rows);

	while (row && strcmp(row->rule, rule) != 0)
		row = row->next;
	return row;
}

void count_decision(const char *rule, size_t reason, bool remembered)
{
	struct row *row = row_of(rule);

	if (!row) {
		pthread_mutex_lock(&state.rows_lock);
		row = row_of(rule);
		if (!row && (row = calloc(1, sizeof *row))) {
			snprintf(row->rule, sizeof row->rule, "%s", rule);
			row->next = atomic_load(&state.rows);
			atomic_store(&state.rows, row);
		}
		pthread_mutex_unlock(&state.rows_lock);
	}
	if (row)
		atomic_fetch_add(&row->n[reason], 1);
	atomic_fetch_add(remembered ? &state.remembered : &state.made, 1);
}

char *counters_text(void)
{
	char *text = NULL;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	if (!f)
		return NULL;
	fprintf(f, "# HELP inkan_authd_decisions_total Answers, by rule and reason.\n"
	           "# TYPE inkan_authd_decisions_total counter\n");
	for (struct row *row = atomic_load(&state.rows); row; row = row->next)
		for (size_t i = 0; i < reason_count(); i++) {
			unsigned long count = atomic_load(&row->n[i]);

			if (count)
				fprintf(f, "inkan_authd_decisions_total{rule=\"%s\",reason=\"%s\"} %lu\n", row->rule,
				        reason_at(i)->word, count);
		}
	fprintf(f,
	        "# HELP inkan_authd_answers_total Answers, by whether the decision was remembered.\n"
	        "# TYPE inkan_authd_answers_total counter\n"
	        "inkan_authd_answers_total{remembered=\"yes\"} %lu\n"
	        "inkan_authd_answers_total{remembered=\"no\"} %lu\n"
	        "# HELP inkan_authd_log_lines_lost_total Lines of the access log that could not be written.\n"
	        "# TYPE inkan_authd_log_lines_lost_total counter\n"
	        "inkan_authd_log_lines_lost_total %lu\n",
	        atomic_load(&state.remembered), atomic_load(&state.made), atomic_load(&state.lost));
	if (fclose(f) == 0)
		return text;
	free(text);
	return NULL;
}
