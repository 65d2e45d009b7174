/* SPDX-License-Identifier: BSD-2-Clause */
/* Hexadecimal digits, UTF-8 and points in time as text. */
#ifndef INKAN_BASE_TEXT_H
#define INKAN_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* 2n digits and a NUL; lower case, as fingerprints and file names have them, and upper case, as cards'
 * specifications do. */
void hex_write(const uint8_t *in, size_t n, char *out);
void hex_write_upper(const uint8_t *in, size_t n, char *out);

/* Exactly n bytes, as 2n digits of either case and the end of the text. */
bool hex_read(const char *text, uint8_t *out, size_t n);

/* The character at p and how many of the n bytes it takes; 0: none (RFC 3629: overlong forms,
 * surrogates and values past 10FFFF are none). n > 0. */
size_t utf8_next(const uint8_t *p, size_t n, uint32_t *c);

/* The text with what could deceive a reader made visible: control characters, marks that turn the
 * direction, characters without a shape (Unicode's Default_Ignorable_Code_Point), each as \u200B or \U000E0041,
 * and bytes that are no UTF-8, as \xFF. A variation selector behind an ideograph stays: names are written
 * with them. To be freed; NULL: no memory. */
char *text_visible(const char *text);

/* HOST or HOST:PORT, in an origin SCHEME://HOST or SCHEME://HOST:PORT as browsers write it (RFC 6454 6.2): ASCII in
 * small letters, without the port 443, no slash at the end, at most 255 characters. NULL: it is none. */
const char *origin_host(const char *origin, const char *scheme);

/* 2026-11-20T12:00:00Z; "" for a time that has no such form. */
#define TIME_TEXT_SIZE 21
void time_write(time_t t, char out[TIME_TEXT_SIZE]);

/* RFC 3339 with Z or an offset, or a date alone: its beginning in local time. False: none, no day of the
 * calendar, or not after 1970. */
bool time_read(const char *text, time_t *out);

#endif
