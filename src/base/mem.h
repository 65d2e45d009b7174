/* SPDX-License-Identifier: BSD-2-Clause */
/* Buffers that grow, memory that is wiped, and the page that holds a PIN. */
#ifndef INKAN_BASE_MEM_H
#define INKAN_BASE_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/error.h"

/* Overwrites n bytes in a way that the compiler may not drop. */
void mem_wipe(void *p, size_t n);

/* Zeroed bytes for a person's data, in pages of their own that are left out of core dumps. */
void *pages_new(size_t n); /* NULL: no memory */
void pages_free(void *p);  /* wiped; p may be NULL */

/* Bytes that grow. {0} is an empty buffer; free may be called on it. */
struct buf {
	uint8_t *data;
	size_t len;
	size_t size;
	bool hidden; /* set by the caller: data comes from pages_new */
};

enum error buf_append(struct buf *b, const void *p, size_t n);
void buf_wipe(struct buf *b); /* contents overwritten, then freed; b is {0} again */
void buf_free(struct buf *b); /* freed; b is {0} again */

/* A secret in a page of its own: locked in memory (where the limits allow),
 * left out of core dumps, empty in a forked child. One owner, no lock inside.
 * Large enough for a PIN and for a command that carries one. */
#define SECRET_MAX 320

struct secret;

enum error secret_new(struct secret **s, const void *p, size_t n); /* n <= SECRET_MAX, else E_TOO_LONG */
enum error secret_append(struct secret *s, uint8_t byte);          /* E_TOO_LONG when full */
uint8_t *secret_extend(struct secret *s, size_t n); /* n more bytes, zero, to be written; NULL: no room */
const uint8_t *secret_bytes(const struct secret *s, size_t *n);
void secret_free(struct secret **s); /* wiped, unmapped, *s = NULL; *s may be NULL */

#endif
