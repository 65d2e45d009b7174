/* SPDX-License-Identifier: BSD-2-Clause */
/* What some C libraries have and others, musl among them, do not. */
#ifndef INKAN_BASE_OS_H
#define INKAN_BASE_OS_H

#include <glob.h>
#include <pthread.h>
#include <stdbool.h>
#include <time.h>

/* pthread_cond_timedwait by CLOCK_MONOTONIC, whatever clock the condition was made for. */
int os_cond_wait(pthread_cond_t *cond, pthread_mutex_t *lock, const struct timespec *until);

/* glob(3) of each pattern that {a,b} stands for, in their order; no groups inside of groups. True: paths were found.
 * Call globfree(found) after both. */
bool os_glob(const char *pattern, glob_t *found);

#endif
