/* SPDX-License-Identifier: BSD-2-Clause */
/* The log. Off unless INKAN_DEBUG=error|info|debug|trace (read by
 * secure_getenv once, at log_start) or inkan.conf, to stderr or, appended, to the file that
 * INKAN_DEBUG_FILE names (created 0600, no symlink followed).
 *
 * At no level does the log hold a PIN, the body of a VERIFY or a CHANGE
 * REFERENCE DATA, or the content of a certificate of a JPKI card. Every
 * function may be called from any thread. */
#ifndef INKAN_BASE_LOG_H
#define INKAN_BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_level { LOG_OFF, LOG_ERROR, LOG_INFO, LOG_DEBUG, LOG_TRACE };

void log_start(const char *program); /* reads the environment; safe to call again */

/* Turns the log on as inkan.conf says, after log_start; without effect when the environment
 * has INKAN_DEBUG or the log is on. path "": standard error. */
void log_configure(enum log_level level, const char *path);
bool log_level_of(const char *word, enum log_level *level); /* "off", "error" …; false: none */

/* Sends lines up to this level to a function, without time and program; NULL: back to the file. Not while another
 * thread logs. */
void log_to(enum log_level level, void (*receiver)(enum log_level level, const char *text));

bool log_on(enum log_level level);
void log_line(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...) log_line(LOG_ERROR, __VA_ARGS__)
#define log_info(...) log_line(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_DEBUG, __VA_ARGS__)

/* Logs one command or one response, at LOG_TRACE. The data field of VERIFY (20, 21)
 * and CHANGE REFERENCE DATA (24) is never shown, whatever CLA, chaining or
 * length form it has. With secret_answer only the length of the response's data is
 * shown: used for JPKI's certificates. */
void log_command(const char *reader, const uint8_t *apdu, size_t n);
void log_response(const char *reader, const uint8_t *apdu, size_t n, bool secret_answer);

#endif
