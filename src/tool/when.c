/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "when.h"

#define TEN_YEARS (10L * 366 * 24 * 60 * 60)

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
