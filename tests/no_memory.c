/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <openssl/crypto.h>
#include "tests/no_memory.h"

struct no_memory no_memory;

/* LeakSanitizer: libcrypto loses memory of its own when it is short of it. */
__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libcrypto.so";
}

void *__real_malloc(size_t n);
void *__real_calloc(size_t count, size_t n);
void *__real_realloc(void *p, size_t n);
char *__real_strdup(const char *s);
char *__real_strndup(const char *s, size_t n);
void *__real_mmap(void *p, size_t n, int protection, int flags, int fd, off_t offset);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t count, size_t n);
void *__wrap_realloc(void *p, size_t n);
char *__wrap_strdup(const char *s);
char *__wrap_strndup(const char *s, size_t n);
void *__wrap_mmap(void *p, size_t n, int protection, int flags, int fd, off_t offset);

bool no_memory_fails(bool counts, int why)
{
	bool now;

	if (!no_memory.on || !counts)
		return false;
	no_memory.count++;
	now = no_memory.count == no_memory.fail_at ||
	      (no_memory.lasting && no_memory.fail_at && no_memory.count > no_memory.fail_at);
	if (now)
		errno = why;
	no_memory.failed |= now;
	return now;
}

static bool fails(bool counts)
{
	return no_memory_fails(counts, ENOMEM);
}

void *__wrap_malloc(size_t n)
{
	return fails(no_memory.ours) ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t count, size_t n)
{
	return fails(no_memory.ours) ? NULL : __real_calloc(count, n);
}

void *__wrap_realloc(void *p, size_t n)
{
	return fails(no_memory.ours) ? NULL : __real_realloc(p, n);
}

char *__wrap_strdup(const char *s)
{
	return fails(no_memory.ours) ? NULL : __real_strdup(s);
}

char *__wrap_strndup(const char *s, size_t n)
{
	return fails(no_memory.ours) ? NULL : __real_strndup(s, n);
}

void *__wrap_mmap(void *p, size_t n, int protection, int flags, int fd, off_t offset)
{
	return fails(no_memory.ours) ? MAP_FAILED : __real_mmap(p, n, protection, flags, fd, offset);
}

static void *crypto_malloc(size_t n, const char *file, int line)
{
	(void)file, (void)line;
	return fails(no_memory.libcrypto) ? NULL : __real_malloc(n);
}

static void *crypto_realloc(void *p, size_t n, const char *file, int line)
{
	(void)file, (void)line;
	return fails(no_memory.libcrypto) ? NULL : __real_realloc(p, n);
}

static void crypto_free_one(void *p, const char *file, int line)
{
	(void)file, (void)line;
	free(p);
}

void no_memory_init(void)
{
	if (CRYPTO_set_mem_functions(crypto_malloc, crypto_realloc, crypto_free_one) != 1)
		abort(); /* libcrypto has allocated already */
}
