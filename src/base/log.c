/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "base/log.h"
#include "base/text.h"

#define LINE_MAX_LEN 1024
#define DATA_SHOWN_MAX 300 /* bytes of a command or a response */

static struct {
	pthread_mutex_t lock; /* log_start's; a line is one write and needs none */
	atomic_int level;
	atomic_int fd;
	void (*receiver)(enum log_level level, const char *text); /* NULL: lines go to fd */
	int receiver_level;
	char program[32];
} logger = {.lock = PTHREAD_MUTEX_INITIALIZER, .fd = STDERR_FILENO};

static const char *const names[] = {"off", "error", "info", "debug", "trace"};

bool log_level_of(const char *word, enum log_level *level)
{
	for (int i = LOG_OFF; i <= LOG_TRACE; i++) {
		if (strcmp(word, names[i]) == 0) {
			*level = (enum log_level)i;
			return true;
		}
	}
	return false;
}

/* Under the lock. A file that cannot be opened leaves standard error. */
static void turn_on(enum log_level level, const char *path)
{
	int fd = -1;

	if (logger.level != LOG_OFF || level == LOG_OFF)
		return;
	if (path && *path)
		fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY, 0600);
	logger.fd = fd >= 0 ? fd : STDERR_FILENO;
	logger.level = (int)level;
}

void log_start(const char *program)
{
	const char *word = secure_getenv("INKAN_DEBUG");
	enum log_level level = LOG_OFF;

	if (word)
		log_level_of(word, &level);
	pthread_mutex_lock(&logger.lock);
	if (logger.level == LOG_OFF)
		snprintf(logger.program, sizeof logger.program, "%s", program);
	turn_on(level, secure_getenv("INKAN_DEBUG_FILE"));
	pthread_mutex_unlock(&logger.lock);
}

void log_configure(enum log_level level, const char *path)
{
	if (secure_getenv("INKAN_DEBUG"))
		return;
	pthread_mutex_lock(&logger.lock);
	turn_on(level, path);
	pthread_mutex_unlock(&logger.lock);
}

void log_to(enum log_level level, void (*receiver)(enum log_level level, const char *text))
{
	logger.receiver = receiver;
	logger.receiver_level = (int)level;
}

bool log_on(enum log_level level)
{
	return level != LOG_OFF && (int)level <= (logger.receiver ? logger.receiver_level : atomic_load(&logger.level));
}

static size_t prefix(char *line, size_t size, enum log_level level)
{
	struct timespec now = {0};
	struct tm tm = {0};
	char stamp[32];
	int n;

	clock_gettime(CLOCK_REALTIME, &now);
	localtime_r(&now.tv_sec, &tm);
	strftime(stamp, sizeof stamp, "%F %T", &tm);
	n = snprintf(line, size, "%s.%03ld %s[%ld] %s: ", stamp, now.tv_nsec / 1000000, logger.program, (long)getpid(),
	             names[level]);
	return n < 0 ? 0 : (size_t)n < size ? (size_t)n : size - 1;
}

/* One write per line, so that lines of several threads and processes do not mix.
 * Reader names and labels come from outside: their control characters must not
 * reach a terminal. */
void log_line(enum log_level level, const char *fmt, ...)
{
	char line[LINE_MAX_LEN];
	size_t n;
	va_list ap;

	if (!log_on(level))
		return;
	n = logger.receiver ? 0 : prefix(line, sizeof line - 1, level);
	va_start(ap, fmt);
	vsnprintf(line + n, sizeof line - 1 - n, fmt, ap);
	va_end(ap);
	n = strlen(line);
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)line[i] < 0x20 || line[i] == 0x7F)
			line[i] = '?';
	if (logger.receiver) {
		logger.receiver(level, line);
		return;
	}
	line[n++] = '\n';
	if (write(logger.fd, line, n) < 0)
		return; /* nowhere to report it */
}

/* VERIFY, CHANGE REFERENCE DATA and RESET RETRY COUNTER, by instruction alone:
 * whatever the class, the chaining or the length form, and however malformed. */
static bool holds_secret(const uint8_t *apdu, size_t n)
{
	uint8_t ins = n > 1 ? apdu[1] : 0;

	return ins == 0x20 || ins == 0x21 || ins == 0x24 || ins == 0x25 || ins == 0x2C || ins == 0x2D;
}

void log_command(const char *reader, const uint8_t *apdu, size_t n)
{
	char text[2 * DATA_SHOWN_MAX + 1];
	size_t shown = n < DATA_SHOWN_MAX ? n : DATA_SHOWN_MAX;
	bool secret = holds_secret(apdu, n);

	if (!log_on(LOG_TRACE))
		return;
	if (secret && shown > 4)
		shown = 4;
	hex_write_upper(apdu, shown, text);
	log_line(LOG_TRACE, "%s > %s%s", reader, text, shown == n ? "" : secret ? " (not shown)" : "...");
}

void log_response(const char *reader, const uint8_t *apdu, size_t n, bool secret_answer)
{
	char text[2 * DATA_SHOWN_MAX + 1], sw[5];
	size_t data = n >= 2 ? n - 2 : 0;
	size_t shown = secret_answer ? 0 : data < DATA_SHOWN_MAX ? data : DATA_SHOWN_MAX;

	if (!log_on(LOG_TRACE))
		return;
	hex_write_upper(apdu, shown, text);
	hex_write_upper(n ? apdu + data : apdu, n - data, sw);
	if (secret_answer && data)
		log_line(LOG_TRACE, "%s < (%zu bytes not shown) %s", reader, data, sw);
	else
		log_line(LOG_TRACE, "%s < %s%s %s", reader, text, shown < data ? "..." : "", sw);
}
