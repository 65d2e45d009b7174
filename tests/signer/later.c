/* SPDX-License-Identifier: BSD-2-Clause */
/* LD_PRELOAD: openssl with another clock, $LATER seconds ahead. */
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

int gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
	struct timespec now;

	(void)zone;
	clock_gettime(CLOCK_REALTIME, &now);
	tv->tv_sec = now.tv_sec + atol(getenv("LATER"));
	tv->tv_usec = now.tv_nsec / 1000;
	return 0;
}

time_t time(time_t *out)
{
	struct timeval tv;

	gettimeofday(&tv, NULL);
	if (out)
		*out = tv.tv_sec;
	return tv.tv_sec;
}
