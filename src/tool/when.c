/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "when.h"

#define TEN_YEARS (10L * 366 * 24 * 60 * 60)

static bool is_whole(const char *end)
{
	return end && !*end;
}

/* timegm and mktime take the 31st of February for the 3rd of March. */
static bool same_day(const struct tm *asked, time_t t, bool local)
{
	struct tm tm;

	return (local ? localtime_r(&t, &tm) : gmtime_r(&t, &tm)) && tm.tm_mday == asked->tm_mday &&
	       tm.tm_mon == asked->tm_mon && tm.tm_year == asked->tm_year;
}

bool when_time(const char *text, time_t *out)
{
	struct tm tm = {0}, asked;
	time_t t;

	if (is_whole(strptime(text, "%Y-%m-%dT%H:%M:%S%z", &tm))) {
		asked = tm; /* timegm sets its argument right, too */
		t = timegm(&tm);
		*out = t - asked.tm_gmtoff;
		return same_day(&asked, t, false) && *out > 0;
	}
	tm = (struct tm){.tm_isdst = -1};
	if (!is_whole(strptime(text, "%Y-%m-%d", &tm)))
		return false;
	*out = mktime(&(struct tm){.tm_year = tm.tm_year, .tm_mon = tm.tm_mon, .tm_mday = tm.tm_mday, .tm_isdst = -1});
	return same_day(&tm, *out, true) && *out > 0;
}

bool when_duration(const char *text, long *out)
{
	static const struct {
		char unit;
		long seconds;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800}};
	char *end;
	long n;

	errno = 0;
	n = strtol(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || errno != 0 || end[0] == '\0' || end[1] != '\0')
		return false;
	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		if (end[0] == units[i].unit && n <= TEN_YEARS / units[i].seconds) {
			*out = n * units[i].seconds;
			return true;
		}
	}
	return false;
}
