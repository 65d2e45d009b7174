/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory that runs out: one allocation of the code under test fails, or all from one on.
 * What is linked with no_memory_ldflags (tests/module/local.mk) is counted, and libcrypto. */
#ifndef INKAN_TESTS_NO_MEMORY_H
#define INKAN_TESTS_NO_MEMORY_H

#include <stdbool.h>

#ifdef __SANITIZE_ADDRESS__
enum { SLOW = 10 }; /* so many times fewer of libcrypto's allocations are tried */
#else
enum { SLOW = 1 };
#endif

struct no_memory {
	bool on;                    /* the code under test is at work: not the test, not the card */
	bool ours, libcrypto;       /* whose allocations count; both false: nobody's */
	bool files;                 /* calls on files do: tests/no_files.c */
	bool lasting;               /* from that one on, not that one alone */
	unsigned count, fail_at;    /* 1: the first; 0: none fails */
	bool failed;
};
extern struct no_memory no_memory;

/* First of all in main: libcrypto allocates by us from now on. */
void no_memory_init(void);

/* Counts a call of a kind that counts; true: it is to fail, with errno set to why. */
bool no_memory_fails(bool counts, int why);

/* An expression of the code under test. */
#define short_of_memory(call) (no_memory.on = true, (call))

#endif
