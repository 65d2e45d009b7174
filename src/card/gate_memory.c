/* SPDX-License-Identifier: BSD-2-Clause */
/* One memory for all our modules of a process. Each module holds this code and
 * exports none of it; they find each other by an ELF note that says where the
 * pointer to the memory is. The first object in the dynamic linker's list that
 * has the note lends its pointer to all. (-z nodelete keeps that object.) */
#define _GNU_SOURCE
#include <elf.h>
#include <link.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>
#include "base/log.h"
#include "card/gate_memory.h"

#define NOTE_NAME "Inkan"
#define NOTE_TYPE 1 /* the layout of struct gate_memory: another layout, another number */

/* Hidden, so that the note's offset is known to the linker. */
__attribute__((visibility("hidden"), used)) struct gate_memory *_Atomic inkan_gate_memory;

__asm__(".pushsection .note.inkan, \"a\", %note\n"
        ".balign 4\n"
        ".long 6, 4, 1\n"
        ".asciz \"Inkan\"\n"
        ".balign 4\n"
        ".long inkan_gate_memory - .\n"
        ".popsection");

/* The pointer that a note of ours tells; NULL: none of these is ours. */
static void *find_note(const char *notes, size_t size)
{
	ElfW(Nhdr) head;

	while (size >= sizeof head) {
		size_t name_at = sizeof head, desc_at, whole;
		int32_t offset;

		memcpy(&head, notes, sizeof head);
		desc_at = name_at + ((head.n_namesz + 3u) & ~3u);
		whole = desc_at + ((head.n_descsz + 3u) & ~3u);
		if (whole > size)
			return NULL;
		if (head.n_type == NOTE_TYPE && head.n_namesz == sizeof NOTE_NAME && head.n_descsz == sizeof offset &&
		    memcmp(notes + name_at, NOTE_NAME, sizeof NOTE_NAME) == 0) {
			memcpy(&offset, notes + desc_at, sizeof offset);
			return (void *)((uintptr_t)(notes + desc_at) + (uintptr_t)(intptr_t)offset);
		}
		notes += whole;
		size -= whole;
	}
	return NULL;
}

static int look_into(struct dl_phdr_info *info, size_t size, void *found)
{
	void **pointer = found;

	(void)size;
	for (int i = 0; i < info->dlpi_phnum && !*pointer; i++) {
		const ElfW(Phdr) *h = &info->dlpi_phdr[i];

		/* notes that are 8-byte aligned are laid out in another way, and are not ours */
		if (h->p_type == PT_NOTE && h->p_align <= 4)
			*pointer = find_note((const char *)(uintptr_t)(info->dlpi_addr + h->p_vaddr), h->p_memsz);
	}
	return *pointer != NULL;
}

static struct gate_memory *make(void)
{
	struct gate_memory *m = mmap(NULL, sizeof *m, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (m == MAP_FAILED) {
		log_error("mmap: no memory for the PINs that cards have refused");
		return NULL;
	}
	madvise(m, sizeof *m, MADV_DONTDUMP);
	if (getrandom(m->salt, sizeof m->salt, 0) != (ssize_t)sizeof m->salt) {
		log_error("getrandom: no salt for the PINs that cards have refused");
		munmap(m, sizeof *m);
		return NULL;
	}
	for (size_t i = 0; i < COUNTERS_MAX; i++)
		m->counters[i].said = -1;
	return m;
}

struct gate_memory *gate_memory_lock(void)
{
	struct gate_memory *_Atomic *place = NULL;
	struct gate_memory *m, *other = NULL;
	pid_t self = getpid(), holder = 0;

	dl_iterate_phdr(look_into, (void *)&place);
	if (!place)
		place = &inkan_gate_memory;
	m = *place;
	if (!m) {
		m = make();
		if (!m)
			return NULL;
		if (!atomic_compare_exchange_strong(place, &other, m)) {
			munmap(m, sizeof *m);
			m = other;
		}
	}
	/* In a forked child the holder may be a thread of the parent's, which is not here. */
	while (!atomic_compare_exchange_strong(&m->holder, &holder, self)) {
		if (holder == self) {
			sched_yield();
			holder = 0;
		}
	}
	return m;
}

void gate_memory_unlock(struct gate_memory *m)
{
	m->holder = 0;
}
