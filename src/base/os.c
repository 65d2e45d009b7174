/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/os.h"

int os_cond_wait(pthread_cond_t *cond, pthread_mutex_t *lock, const struct timespec *until)
{
#ifdef HAVE_PTHREAD_COND_CLOCKWAIT
	return pthread_cond_clockwait(cond, lock, CLOCK_MONOTONIC, until);
#else
	/* The same time from now on by the other clock, which musl takes the time to wait from at once. */
	const long second = 1000000000;
	struct timespec now, end;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (now.tv_sec > until->tv_sec || (now.tv_sec == until->tv_sec && now.tv_nsec >= until->tv_nsec))
		return ETIMEDOUT;
	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += until->tv_sec - now.tv_sec;
	end.tv_nsec += until->tv_nsec - now.tv_nsec;
	if (end.tv_nsec < 0) {
		end.tv_sec--;
		end.tv_nsec += second;
	}
	end.tv_sec += end.tv_nsec / second;
	end.tv_nsec %= second;
	return pthread_cond_timedwait(cond, lock, &end);
#endif
}

/* The first group that no backslash hides; NULL: none. */
static const char *find_group(const char *p)
{
	for (; *p && *p != '{'; p++)
		if (*p == '\\' && p[1])
			p++;
	return *p && strchr(p, '}') ? p : NULL;
}

static void add_paths(const char *pattern, glob_t *found)
{
	const char *open = find_group(pattern), *close = open ? strchr(open, '}') : NULL;
	char *one;

	if (!open) {
		glob(pattern, found->gl_pathc ? GLOB_APPEND : 0, NULL, found);
		return;
	}
	for (const char *word = open + 1, *end; word <= close; word = end + 1) {
		end = word + strcspn(word, ",}");
		if (!(one = malloc(strlen(pattern) + 1)))
			return;
		memcpy(one, pattern, (size_t)(open - pattern));
		memcpy(one + (open - pattern), word, (size_t)(end - word));
		strcpy(one + (open - pattern) + (end - word), close + 1);
		add_paths(one, found);
		free(one);
	}
}

bool os_glob(const char *pattern, glob_t *found)
{
	*found = (glob_t){0};
	add_paths(pattern, found);
	return found->gl_pathc > 0;
}
