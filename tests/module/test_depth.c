/* SPDX-License-Identifier: BSD-2-Clause */
/* How many functions lie between C_Sign and the command to the card, as they are
 * written: the module's files in this program are compiled without inlining and
 * without sibling calls. The names are those of this program's own symbol table. */
#define _GNU_SOURCE
#if __has_include(<execinfo.h>)
#include <elf.h>
#include <execinfo.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "tests/check_case.h"
#include "tests/module/rig.h"

enum { DEEPEST = 10, ROOM = 128 };

static struct {
	const char *image; /* of this program's file */
	size_t size;
	uintptr_t base;    /* where it was loaded */
	unsigned deepest, commands, verifies, signatures;
} depth;

static int first_object(struct dl_phdr_info *info, size_t size, void *base)
{
	(void)size;
	*(uintptr_t *)base = info->dlpi_addr;
	return 1; /* the program comes first */
}

static void open_image(void)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct stat st;

	ck_assert_int_eq(fstat(fd, &st), 0);
	depth.size = (size_t)st.st_size;
	depth.image = mmap(NULL, depth.size, PROT_READ, MAP_PRIVATE, fd, 0);
	ck_assert(depth.image != MAP_FAILED);
	close(fd);
	dl_iterate_phdr(first_object, &depth.base);
}

/* The function of this program that the address is in; "" when it is another's. */
static const char *function_at(const void *address)
{
	const ElfW(Ehdr) *head = (const void *)depth.image;
	const ElfW(Shdr) *sections = (const void *)(depth.image + head->e_shoff);
	uintptr_t at = (uintptr_t)address - depth.base - 1; /* a return address: in the call before it */

	for (size_t i = 0; i < head->e_shnum; i++) {
		const ElfW(Sym) *symbols = (const void *)(depth.image + sections[i].sh_offset);

		if (sections[i].sh_type != SHT_SYMTAB)
			continue;
		for (size_t j = 0; j < sections[i].sh_size / sizeof *symbols; j++)
			if ((symbols[j].st_info & 0xF) == STT_FUNC && at >= symbols[j].st_value &&
			    at < symbols[j].st_value + symbols[j].st_size)
				return depth.image + sections[sections[i].sh_link].sh_offset + symbols[j].st_name;
	}
	return "";
}

/* From inkan_C_Sign to the reader's transmit, both included; 0: not inside C_Sign. */
static unsigned chain(char *text, size_t size)
{
	void *frames[ROOM];
	int n = backtrace(frames, ROOM), from = 0, to = -1;
	unsigned count = 0;
	size_t len = 0;

	for (int i = 0; i < n; i++) {
		const char *name = function_at(frames[i]);

		if (strcmp(name, "transmit") == 0)
			from = i;
		if (strcmp(name, "inkan_C_Sign") == 0)
			to = i;
	}
	for (int i = to; i >= from && i >= 0; i--, count++)
		len += (size_t)snprintf(text + len, len < size ? size - len : 0, "%s%s", i == to ? "" : " > ",
		                        function_at(frames[i]));
	return count;
}

static enum vcard_outcome on_command(void *arg, const char *reader, const uint8_t *apdu, size_t n)
{
	char text[1024] = "";
	unsigned count = apdu ? chain(text, sizeof text) : 0;

	(void)arg, (void)reader;
	if (count == 0)
		return VCARD_ARRIVES;
	depth.commands++;
	depth.verifies += apdu[1] == 0x20 && n > 5;
	depth.signatures += apdu[1] == 0x2A;
	if (count > DEEPEST || apdu[1] == 0x2A || (apdu[1] == 0x20 && n > 5))
		printf("INS %02X: %u functions: %s\n", apdu[1], count, text);
	depth.deepest = count > depth.deepest ? count : depth.deepest;
	return VCARD_ARRIVES;
}

static const struct {
	enum vcard_kind kind;
	enum vcard_app app;
	CK_MECHANISM_TYPE mechanism;
	bool short_only;
} signatures[] = {
	{VCARD_HPKI, VCARD_AUTH, CKM_SHA256_RSA_PKCS, false},
	{VCARD_HPKI, VCARD_SIGN, CKM_RSA_PKCS_PSS, true},
	{VCARD_JPKI, VCARD_AUTH, CKM_RSA_PKCS, false},
	{VCARD_JPKI, VCARD_SIGN, CKM_SHA256_RSA_PKCS, true},
};

START_TEST(test_depth)
{
	struct vcard_spec spec;
	struct rig r;

	open_image();
	rig_spec(&spec, signatures[_i].kind);
	spec.no_extended = signatures[_i].short_only;
	rig_start(&r, &spec, signatures[_i].app);
	ok(rig_login(&r, CKU_USER, spec.pin[r.app]));
	vcard_readers_fate(on_command, NULL);
	ok(rig_sign_checked(&r, r.session, signatures[_i].mechanism));
	vcard_readers_fate(NULL, NULL);
	ck_assert_uint_ge(depth.verifies, 1);
	ck_assert_uint_ge(depth.signatures, 1);
	ck_assert_uint_le(depth.deepest, DEEPEST);
	rig_stop(&r);
}
END_TEST

int main(void)
{
	const struct cases cases = {.suite = suite_create("depth"), .seconds = 60};

	setlinebuf(stdout);
	add_loop_case(&cases, test_depth, sizeof signatures / sizeof *signatures);
	return rig_run(cases.suite);
}
#else
#include <stdio.h>

int main(void)
{
	puts("skipped: this C library has no backtrace");
	return 77;
}
#endif
