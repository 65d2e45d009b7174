/* SPDX-License-Identifier: BSD-2-Clause */
/* Durations as people type them. */
#ifndef INKAN_TOOL_WHEN_H
#define INKAN_TOOL_WHEN_H

#include <stdbool.h>
#include <time.h>

/* "2026-11-20" (its beginning, local time), "2026-11-20T12:00:00Z", "…+09:00". */

/* "90s", "30m", "12h", "4d", "2w"; at most ten years. */
bool when_duration(const char *text, long *out);

#endif
