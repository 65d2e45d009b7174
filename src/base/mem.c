/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "base/log.h"
#include "base/mem.h"

void mem_wipe(void *p, size_t n)
{
	if (p && n)
		explicit_bzero(p, n);
}

struct pages {
	size_t size;
	max_align_t bytes[];
};

void *pages_new(size_t n)
{
	struct pages *p = MAP_FAILED;

	if (n <= SIZE_MAX - sizeof *p)
		p = mmap(NULL, sizeof *p + n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return NULL;
	madvise(p, sizeof *p + n, MADV_DONTDUMP);
	p->size = sizeof *p + n;
	return p->bytes;
}

void pages_free(void *bytes)
{
	struct pages *p = bytes ? (struct pages *)((char *)bytes - offsetof(struct pages, bytes)) : NULL;
	size_t size = p ? p->size : 0;

	mem_wipe(p, size);
	if (p)
		munmap(p, size);
}

static void buf_release(struct buf *b)
{
	if (b->hidden)
		pages_free(b->data);
	else
		free(b->data);
}

/* Not realloc: it may leave a copy of the old bytes behind. */
static enum error buf_grow(struct buf *b, size_t need)
{
	size_t size = b->size ? b->size : 256;
	uint8_t *data;

	while (size < need) {
		if (size > SIZE_MAX / 2)
			return E_MEMORY;
		size *= 2;
	}
	data = b->hidden ? pages_new(size) : malloc(size);
	if (!data)
		return E_MEMORY;
	if (b->len)
		memcpy(data, b->data, b->len);
	mem_wipe(b->data, b->len);
	buf_release(b);
	b->data = data;
	b->size = size;
	return E_OK;
}

enum error buf_append(struct buf *b, const void *p, size_t n)
{
	if (n > SIZE_MAX - b->len)
		return E_MEMORY;
	if (b->len + n > b->size && buf_grow(b, b->len + n) != E_OK)
		return E_MEMORY;
	if (n)
		memcpy(b->data + b->len, p, n);
	b->len += n;
	return E_OK;
}

void buf_wipe(struct buf *b)
{
	mem_wipe(b->data, b->len);
	buf_free(b);
}

void buf_free(struct buf *b)
{
	buf_release(b);
	*b = (struct buf){0};
}

struct secret {
	size_t page;
	size_t len;
	uint8_t bytes[SECRET_MAX];
};

enum error secret_new(struct secret **out, const void *p, size_t n)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct secret *s;

	*out = NULL;
	if (n > SECRET_MAX)
		return E_TOO_LONG;
	s = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (s == MAP_FAILED)
		return E_MEMORY;
	if (mlock(s, page) != 0)
		log_info("mlock: the limit on locked memory is too low; the PIN may be swapped out");
	madvise(s, page, MADV_DONTDUMP);
	madvise(s, page, MADV_WIPEONFORK);
	s->page = page;
	s->len = n;
	/* byte by byte: memcpy would leave a PIN in the vector registers, which a core dump contains */
	for (size_t i = 0; i < n; i++)
		((volatile uint8_t *)s->bytes)[i] = ((const uint8_t *)p)[i];
	*out = s;
	return E_OK;
}

uint8_t *secret_extend(struct secret *s, size_t n)
{
	uint8_t *more = s->bytes + s->len;

	if (n > SECRET_MAX - s->len)
		return NULL;
	s->len += n;
	return more;
}

enum error secret_append(struct secret *s, uint8_t byte)
{
	uint8_t *more = secret_extend(s, 1);

	if (!more)
		return E_TOO_LONG;
	*more = byte;
	return E_OK;
}

const uint8_t *secret_bytes(const struct secret *s, size_t *n)
{
	*n = s->len;
	return s->bytes;
}

void secret_free(struct secret **s)
{
	size_t page;

	if (!*s)
		return;
	/* in a forked child the page is empty, its size with it */
	page = (*s)->page ? (*s)->page : (size_t)sysconf(_SC_PAGESIZE);
	mem_wipe(*s, page);
	munmap(*s, page);
	*s = NULL;
}
