/* SPDX-License-Identifier: BSD-2-Clause */
/* What the daemon writes: messages to standard error, one line of JSON per decision to the access log, and counters.
 * A decision goes on without a log that nobody reads or that is full; a disk that hangs is waited for. */
#ifndef INKAN_AUTHD_LOG_H
#define INKAN_AUTHD_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* One line on standard error, from any thread. */
void tell(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Opens the access log, also anew: a file (appended to, made with mode 0640), or NULL, "stdout" and "journal": standard
 * output. False: it cannot be opened, which has been told, and the one before stays. */
bool access_log_open(const char *file);

/* One line, from any thread, without its newline. One that cannot be written, or not without waiting, is counted as
 * lost; the first of them is told. */
void access_log_write(const char *line);

/* A decision is counted by the rule's name, "" for none, and the number of its reason in answer.h. Names are taken from
 * authd.conf alone, so that they stay few. */
void count_decision(const char *rule, size_t reason, bool remembered);

/* All counters, as Prometheus reads them. To be freed; NULL: no memory. */
char *counters_text(void);

#endif
