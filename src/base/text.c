/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"

static void write_digits(const char *digits, const uint8_t *in, size_t n, char *out)
{
	for (size_t i = 0; i < n; i++) {
		*out++ = digits[in[i] >> 4];
		*out++ = digits[in[i] & 15];
	}
	*out = '\0';
}

void hex_write(const uint8_t *in, size_t n, char *out)
{
	write_digits("0123456789abcdef", in, n, out);
}

void hex_write_upper(const uint8_t *in, size_t n, char *out)
{
	write_digits("0123456789ABCDEF", in, n, out);
}

static int digit(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
	                              : -1;
}

bool hex_read(const char *text, uint8_t *out, size_t n)
{
	if (strlen(text) != 2 * n)
		return false;
	for (size_t i = 0; i < n; i++) {
		int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

size_t utf8_next(const uint8_t *p, size_t n, uint32_t *c)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t len = p[0] < 0x80                   ? 1
	             : p[0] >= 0xC2 && p[0] < 0xE0 ? 2
	             : p[0] >= 0xE0 && p[0] < 0xF0 ? 3
	             : p[0] >= 0xF0 && p[0] < 0xF5 ? 4
	                                           : 0;

	*c = p[0];
	if (len < 2 || len > n)
		return len == 1 ? 1 : 0;
	*c &= 0x7Fu >> len;
	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xC0) != 0x80)
			return 0;
		*c = *c << 6 | (p[i] & 0x3F);
	}
	return *c < least[len] || (*c >= 0xD800 && *c < 0xE000) || *c > 0x10FFFF ? 0 : len;
}

struct range {
	uint32_t first, last;
};

static bool is_in(const struct range *r, size_t n, uint32_t c)
{
	for (size_t i = 0; i < n; i++)
		if (c >= r[i].first && c <= r[i].last)
			return true;
	return false;
}

#define IS_IN(ranges, c) is_in(ranges, sizeof ranges / sizeof *(ranges), c)

/* Controls, line and paragraph separators, Default_Ignorable_Code_Point (Unicode 15), annotations, the blank
 * Braille pattern, and values that are no characters. */
static const struct range hidden[] = {
	{0x00, 0x1F},       {0x7F, 0x9F},     {0xAD, 0xAD},     {0x34F, 0x34F},     {0x61C, 0x61C},
	{0x115F, 0x1160},   {0x17B4, 0x17B5}, {0x180B, 0x180F}, {0x200B, 0x200F},   {0x2028, 0x202E},
	{0x2060, 0x206F},   {0x2800, 0x2800}, {0x3164, 0x3164}, {0xFE00, 0xFE0F},   {0xFEFF, 0xFEFF},
	{0xFFA0, 0xFFA0},   {0xFFF0, 0xFFFB}, {0xFFFE, 0xFFFF}, {0x1BCA0, 0x1BCA3}, {0x1D173, 0x1D17A},
	{0xE0000, 0xE0FFF},
};
static const struct range selectors[] = {{0xFE00, 0xFE0F}, {0xE0100, 0xE01EF}};
static const struct range ideographs[] = {{0x3400, 0x9FFF}, {0xF900, 0xFAFF}, {0x20000, 0x3FFFD}};

char *text_visible(const char *text)
{
	size_t n = strlen(text), len;
	char *out = malloc(10 * n + 1), *to = out;
	uint32_t c, before = 0;

	for (const uint8_t *p = (const uint8_t *)text; out && n > 0; p += len, n -= len) {
		len = utf8_next(p, n, &c);
		if (len == 0) {
			len = 1;
			to += sprintf(to, "\\x%02X", p[0]);
			before = 0;
		} else if (IS_IN(hidden, c) && !(IS_IN(selectors, c) && IS_IN(ideographs, before))) {
			to += sprintf(to, len == 1 ? "\\x%02X" : c > 0xFFFF ? "\\U%08X" : "\\u%04X", (unsigned)c);
			before = 0;
		} else {
			memcpy(to, p, len);
			to += len;
			before = c;
		}
	}
	if (out)
		*to = '\0';
	return out;
}

const char *origin_host(const char *origin, const char *scheme)
{
	const size_t n = strlen(scheme);
	const char *host = origin + n + strlen("://"), *port;
	size_t digits;

	if (strncmp(origin, scheme, n) != 0 || strncmp(origin + n, "://", strlen("://")) != 0 || strlen(origin) > 255)
		return NULL;
	port = host + strspn(host, "abcdefghijklmnopqrstuvwxyz0123456789.-_");
	if (host[0] == '[') {
		port = host + 1 + strspn(host + 1, "0123456789abcdef:.");
		if (*port != ']' || port == host + 1)
			return NULL;
		port++;
	}
	if (port == host || host[0] == '.' || strstr(host, ".."))
		return NULL;
	if (!*port)
		return host;
	digits = strspn(port + 1, "0123456789");
	return *port == ':' && digits > 0 && digits <= 5 && !port[digits + 1] && port[1] != '0' &&
	                       atoi(port + 1) <= 65535 && strcmp(port, ":443") != 0
	               ? host
	               : NULL;
}

void time_write(time_t t, char out[TIME_TEXT_SIZE])
{
	struct tm tm;

	if (!gmtime_r(&t, &tm) || strftime(out, TIME_TEXT_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		out[0] = '\0';
}

/* timegm and mktime take the 31st of February for the 3rd of March. */
static bool same_day(const struct tm *asked, time_t t, bool local)
{
	struct tm tm;

	return (local ? localtime_r(&t, &tm) : gmtime_r(&t, &tm)) && tm.tm_mday == asked->tm_mday &&
	       tm.tm_mon == asked->tm_mon && tm.tm_year == asked->tm_year;
}

#define NO_ZONE LONG_MIN

/* Seconds east of Greenwich: "Z", "+09", "+0900", "+09:00", to the end of the text. Not every strptime knows %z. */
static long zone_read(const char *text)
{
	static const char digits[] = "0123456789";
	const char *p = text[0] ? text + 1 : text;
	const size_t n = strspn(p, digits);
	const char *rest = p + n, *minutes = n == 4 ? p + 2 : *rest == ':' ? rest + 1 : *rest ? "" : "00";
	int h, m;

	if (strcmp(text, "Z") == 0)
		return 0;
	if ((text[0] != '+' && text[0] != '-') || (n != 2 && n != 4) || strspn(minutes, digits) != 2 || minutes[2])
		return NO_ZONE;
	h = (p[0] - '0') * 10 + p[1] - '0';
	m = (minutes[0] - '0') * 10 + minutes[1] - '0';
	if (h > 14 || m > 59)
		return NO_ZONE;
	return (text[0] == '-' ? -1 : 1) * (h * 3600L + m * 60L);
}

bool time_read(const char *text, time_t *out)
{
	struct tm tm = {0}, asked;
	const char *end = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	long east;
	time_t t;

	if (end && *end == '.') /* a fraction */
		end += 1 + strspn(end + 1, "0123456789");
	if (end && (east = zone_read(end)) != NO_ZONE) {
		asked = tm; /* timegm sets its argument right, too */
		t = timegm(&tm);
		*out = t - east;
		return same_day(&asked, t, false) && *out > 0;
	}
	tm = (struct tm){.tm_isdst = -1};
	end = strptime(text, "%Y-%m-%d", &tm);
	if (!end || *end)
		return false;
	*out = mktime(&(struct tm){.tm_year = tm.tm_year, .tm_mon = tm.tm_mon, .tm_mday = tm.tm_mday, .tm_isdst = -1});
	return same_day(&tm, *out, true) && *out > 0;
}
