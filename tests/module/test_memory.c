/* SPDX-License-Identifier: BSD-2-Clause */
/* PINs and persons in the memory of a program that uses a module, searched from
 * outside by the process that has the card: every page that can be read, freed memory
 * too; and, while a command is on its way to the card, all that a core dump would
 * hold, registers included. */
#include "config.h"
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "tests/check_case.h"
#include "base/error.h"
#include "card/reader.h"
#include "pkcs11/pkcs11.h"
#include "tests/module/memory.h"
#include "vcard/vcard.h"

#define ok(call) ck_assert_uint_eq((call), CKR_OK)

/* PINs that are nowhere by chance, nor is any half of them. */
#define PIN "QX7Z5W1KV93YJ8HB"
#define NEW_PIN "MG4U6PD2C0TN5RFL"
#define WRONG_PIN "WB5E8QH2ZK71XNV6"
#define NAME "鵺野　樗次郎"
#define ADDRESS "見本都見本区見本町１丁目１番１号" /* the virtual card's */
#define BIRTH "319700101"

enum { HALF = 8 };

static const struct needle {
	const char *what, *bytes;
	size_t n;
	bool person;
} needles[] = {
	{"PIN, first half", PIN, HALF, false},
	{"PIN, second half", &PIN[HALF], HALF, false},
	{"new PIN, first half", NEW_PIN, HALF, false},
	{"new PIN, second half", &NEW_PIN[HALF], HALF, false},
	{"wrong PIN, first half", WRONG_PIN, HALF, false},
	{"wrong PIN, second half", &WRONG_PIN[HALF], HALF, false},
	{"name", NAME, sizeof NAME - 1, true},
	{"address", ADDRESS, sizeof ADDRESS - 1, true},
	{"date of birth", BIRTH, sizeof BIRTH - 1, true},
};

enum { N_NEEDLES = sizeof needles / sizeof *needles };

struct found {
	unsigned pins, persons; /* copies of the half, or of the datum, that has most */
};

static struct program {
	pid_t pid;
	int line;
	struct vreader *reader;
	struct vcard *card;
	enum vcard_app app;

	/* the call under way */
	const char *call;
	unsigned commands, sent; /* in this call; since it was set to 0 */
	bool searched_at_commands, told; /* told: where copies are */
	unsigned broken;         /* the nth command sent: its answer is lost, */
	bool before, was_broken; /* or the command is */
	struct found at_worst;   /* in core dumps */
	unsigned dumps;
} p;

/* ---- searching */

static unsigned count(const uint8_t *window, size_t n, const struct needle *needle)
{
	const uint8_t *at = window, *end = window + n;
	unsigned found = 0;

	while ((at = memmem(at, (size_t)(end - at), needle->bytes, needle->n))) {
		found++;
		at++;
	}
	return found;
}

static void count_all(const char *where, const uint8_t *window, size_t n, size_t counted_to, unsigned *counts)
{
	for (size_t i = 0; i < N_NEEDLES; i++) {
		size_t with_tail = counted_to + needles[i].n - 1;

		unsigned found = count(window, with_tail < n ? with_tail : n, &needles[i]);

		counts[i] += found;
		if (found && p.told)
			printf("    %s: %u in %s", needles[i].what, found, where);
	}
}

enum { ROOM = 1 << 20, TAIL = 64 }; /* what straddles two windows is counted once, in the first */

static void search_mapping(int mem, const char *where, unsigned long from, unsigned long to, unsigned *counts)
{
	static uint8_t window[ROOM + TAIL];

	for (unsigned long at = from; at < to; at += ROOM) {
		size_t want = to - at < sizeof window ? to - at : sizeof window;
		ssize_t got = pread(mem, window, want, (off_t)at);

		if (got > 0)
			count_all(where, window, (size_t)got, ROOM, counts);
	}
}

/* What a core dump says of the registers, in which memcpy leaves what it has copied. */
static void search_registers(unsigned *counts)
{
	static uint8_t set[1 << 14];
	struct iovec io = {set, sizeof set};
	int status;

	if (ptrace(PTRACE_SEIZE, p.pid, NULL, NULL) != 0) {
		printf("registers are not searched: ptrace: %s\n", strerror(errno));
		return;
	}
	ck_assert_int_eq(ptrace(PTRACE_INTERRUPT, p.pid, NULL, NULL), 0);
	ck_assert_int_eq(waitpid(p.pid, &status, __WALL), p.pid);
	if (ptrace(PTRACE_GETREGSET, p.pid, (void *)NT_X86_XSTATE, &io) == 0 ||
	    ptrace(PTRACE_GETREGSET, p.pid, (void *)NT_PRFPREG, &io) == 0)
		count_all("the registers\n", set, io.iov_len, io.iov_len, counts);
	ck_assert_int_eq(ptrace(PTRACE_DETACH, p.pid, NULL, NULL), 0);
}

/* A sanitizer's own maps are larger than any memory. */
static bool is_searched(unsigned long from, unsigned long to, const char *flags, bool dump)
{
	return to - from <= 1UL << 30 && (!dump || !strstr(flags, " dd"));
}

static struct found search(bool dump)
{
	unsigned counts[N_NEEDLES] = {0}, mappings = 0;
	unsigned long from = 0, to = 0, a, b;
	char path[64], text[512], where[512] = "";
	struct found found = {0};
	FILE *maps;
	int mem;

	snprintf(path, sizeof path, "/proc/%d/smaps", (int)p.pid);
	maps = fopen(path, "r");
	snprintf(path, sizeof path, "/proc/%d/mem", (int)p.pid);
	mem = open(path, O_RDONLY | O_CLOEXEC);
	ck_assert_msg(maps && mem >= 0, "%s: %s", path, strerror(errno));
	while (fgets(text, sizeof text, maps)) {
		if (strncmp(text, "VmFlags:", 8) != 0) {
			if (sscanf(text, "%lx-%lx ", &a, &b) == 2) {
				from = a;
				to = b;
				memcpy(where, text, sizeof where);
			}
			continue;
		}
		mappings++;
		if (is_searched(from, to, text, dump))
			search_mapping(mem, where, from, to, counts);
	}
	fclose(maps);
	close(mem);
	ck_assert_uint_gt(mappings, 10);
	if (dump)
		search_registers(counts);
	for (size_t i = 0; i < N_NEEDLES; i++) {
		unsigned *most = needles[i].person ? &found.persons : &found.pins;

		*most = counts[i] > *most ? counts[i] : *most;
	}
	return found;
}

/* Whatever core dump says of a command but those that read files: a person's
 * certificate is on its way then. */
static void search_at_command(const uint8_t *apdu, bool all)
{
	bool reading = apdu[1] == 0xB0 || apdu[1] == 0xC0;
	struct found found;

	p.dumps++;
	p.told = true;
	found = search(true);
	p.told = false;
	if (found.pins || found.persons)
		printf("%s, command %u (INS %02X): PIN %u, person %u\n", p.call, p.commands, apdu[1], found.pins,
		       found.persons);
	p.at_worst.pins = found.pins > p.at_worst.pins ? found.pins : p.at_worst.pins;
	if ((all || !reading) && found.persons > p.at_worst.persons)
		p.at_worst.persons = found.persons;
}

/* ---- the card's side of the line */

static void answer(enum memory_what what, enum error e, const void *bytes, size_t n)
{
	struct memory_head head = {.what = what, .value = (unsigned long)e};
	struct iovec parts[] = {{&head, sizeof head}, {(void *)(uintptr_t)bytes, n}};
	struct msghdr m = {.msg_iov = parts, .msg_iovlen = 2};

	head.insertion = vreader_card(p.reader) ? vreader_events(p.reader) : 0;
	ck_assert_int_ge(sendmsg(p.line, &m, MSG_NOSIGNAL), 0);
}

static void transmit(const uint8_t *apdu, size_t n)
{
	static uint8_t response[READER_RESPONSE_MAX];
	size_t len = sizeof response;
	bool broken = ++p.sent == p.broken, there;

	p.commands++;
	p.was_broken |= broken;
	if (p.searched_at_commands)
		search_at_command(apdu, false);
	if (broken && p.before) {
		answer(MEMORY_DONE, E_LINK, NULL, 0);
		return;
	}
	there = vreader_transmit(p.reader, apdu, n, response, &len);
	/* the bytes arrive even when the link breaks */
	answer(MEMORY_DONE, there && !broken ? E_OK : E_LINK, response, len);
}

/* One C_ function in the other process, which asks for its card meanwhile. */
static CK_RV call_with(enum memory_what what, const char *name, const char *pin, const char *more)
{
	static uint8_t bytes[1 << 12];
	struct memory_head head = {.what = what, .value = pin ? strlen(pin) : 0};
	struct iovec parts[] = {{&head, sizeof head}, {bytes, sizeof bytes}};
	struct msghdr m = {.msg_iov = parts, .msg_iovlen = 2};

	p.call = name;
	p.commands = 0;
	parts[1].iov_len = (size_t)snprintf((char *)bytes, sizeof bytes, "%s%s", pin ? pin : "", more ? more : "");
	ck_assert_int_ge(sendmsg(p.line, &m, MSG_NOSIGNAL), 0);
	for (;;) {
		ssize_t got;

		parts[1].iov_len = sizeof bytes;
		got = recvmsg(p.line, &m, 0);
		ck_assert_msg(got >= (ssize_t)sizeof head, "%s: the program is gone", name);
		if (head.what == MEMORY_DONE)
			return head.value;
		if (head.what == MEMORY_TRANSMIT)
			transmit(bytes, (size_t)got - sizeof head);
		else if (head.what == MEMORY_BEGIN)
			answer(MEMORY_DONE, vreader_card(p.reader) ? E_OK : E_NO_CARD, NULL, 0);
		else
			answer(MEMORY_DONE, E_OK, NULL, 0);
		if (head.what == MEMORY_END && head.value)
			vreader_power_off(p.reader);
	}
}

#define call(what) call_with(MEMORY_##what, #what, NULL, NULL)
#define call_pin(what, pin) call_with(MEMORY_##what, #what, pin, NULL)

/* ---- cards */

static const struct kind {
	const char *name;
	enum vcard_kind kind;
	enum vcard_app app;
	const char *module, *trace;
	bool consent, person; /* the PIN for each signature; a person behind the PIN */
} kinds[] = {
	{"HPKI, authentication", VCARD_HPKI, VCARD_AUTH, "model-auth.so", NULL, false, false},
	{"HPKI, signature", VCARD_HPKI, VCARD_SIGN, "model-sign.so", "trace", true, false},
	{"JPKI, signature", VCARD_JPKI, VCARD_SIGN, "model-sign.so", NULL, true, true},
	{"JPKI, signature, with a trace", VCARD_JPKI, VCARD_SIGN, "model-sign.so", "trace", true, true},
};

enum { N_KINDS = sizeof kinds / sizeof *kinds };

static void insert(const struct kind *k)
{
	const char *pki = getenv("INKAN_TEST_PKI");
	struct vcard_spec spec;
	char why[256] = "";

	vcard_spec_init(&spec, k->kind);
	spec.pki = pki ? pki : "tests/pki";
	spec.pin[k->app] = PIN;
	if (k->person)
		spec.japanese_name = NAME;
	p.card = vcard_new(&spec, why, sizeof why);
	ck_assert_msg(p.card != NULL, "%s", why);
	p.app = k->app;
	vreader_insert(p.reader, p.card);
}

static void take_out(void)
{
	vcard_free(vreader_remove(p.reader));
}

static void start(const struct kind *k)
{
	char fd[16], module[512];
	int ends[2];

	p = (struct program){.reader = vreader_new(MEMORY_READER)};
	insert(k);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
	ck_assert_int_eq(setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &(int){1 << 18}, sizeof(int)), 0);
	snprintf(fd, sizeof fd, "%d", ends[1]);
	snprintf(module, sizeof module, "%s/%s", MODULE_DIR, k->module);
	p.pid = fork();
	if (p.pid == 0) {
		close(ends[0]);
		if (k->trace) {
			setenv("INKAN_DEBUG", k->trace, 1);
			setenv("INKAN_DEBUG_FILE", "/dev/null", 1);
		}
		setenv("XDG_CONFIG_HOME", "/nowhere", 1);
		execl(CLIENT, CLIENT, fd, module, NULL);
		_exit(127);
	}
	close(ends[1]);
	p.line = ends[0];
	ok(call(INITIALIZE));
	ok(call(OPEN));
}

static void stop(void)
{
	int status = -1;

	close(p.line);
	ck_assert_int_eq(waitpid(p.pid, &status, 0), p.pid);
	ck_assert_int_eq(status, 0);
	take_out();
	vreader_free(p.reader);
}

#define holds(dump, most_pins, most_persons) \
	do { \
		struct found f_ = search(dump); \
		ck_assert_msg(f_.pins <= (most_pins) && f_.persons <= (most_persons), \
		              "after %s, %u commands: PIN %u, person %u", p.call, p.commands, f_.pins, f_.persons); \
	} while (0)

enum { ANY = 1000 };

/* ---- tests */

START_TEST(test_searched)
{
	const struct kind *k = &kinds[_i];
	struct found found;

	start(k);
	holds(false, 0, 0);
	p.searched_at_commands = true;
	ok(call_pin(LOGIN, PIN));
	found = search(false);
	ck_assert_uint_eq(found.pins, 1); /* and the search sees what there is */
	ck_assert_int_eq(found.persons > 0, k->person);
	holds(true, 0, 0);
	for (int i = 0; i < 2; i++) {
		ok(call(SIGN_INIT));
		if (k->consent && i > 0)
			ok(call_pin(CONSENT, PIN));
		ok(call(SIGN));
		holds(false, k->consent ? 0 : 1, ANY);
		holds(true, 0, 0);
	}
	ok(call(LOGOUT));
	holds(false, 0, 0);
	ok(call_pin(LOGIN, PIN)); /* and a consent that nobody uses */
	ok(call(LOGOUT));
	holds(false, 0, 0);
	ok(call_pin(LOGIN, PIN));
	take_out();
	ck_assert_uint_eq(call(LOOK), CKR_DEVICE_REMOVED);
	holds(false, 0, 0);
	insert(k);
	ok(call(OPEN));
	ck_assert_uint_eq(call_pin(LOGIN, WRONG_PIN), CKR_PIN_INCORRECT);
	holds(false, 0, 0);
	ok(call_pin(LOGIN, PIN));
	ok(call(CLOSE));
	holds(false, 0, 0);
	ok(call(OPEN));
	ok(call_pin(LOGIN, PIN));
	ok(call(FINALIZE));
	holds(false, 0, 0);
	printf("%s: %u core dumps: PIN %u, person %u\n", k->name, p.dumps, p.at_worst.pins, p.at_worst.persons);
	ck_assert_uint_eq(p.at_worst.pins, 0);
	ck_assert_uint_eq(p.at_worst.persons, 0);
	stop();
}
END_TEST

static CK_RV log_in_and_sign(void)
{
	CK_RV rv = call_pin(LOGIN, PIN);

	if (rv == CKR_OK)
		rv = call(SIGN_INIT);
	return rv == CKR_OK ? call(SIGN) : rv;
}

static CK_RV change_pin(void)
{
	CK_RV rv = call_with(MEMORY_SET_PIN, "SET_PIN", PIN, NEW_PIN);

	if (rv == CKR_OK)
		holds(false, 0, 0); /* nobody is logged in */
	return rv;
}

/* The same call again and again, with the link broken at its nth command. */
static void break_everywhere(const struct kind *k, CK_RV (*make)(void), unsigned least)
{
	unsigned n = 0;
	CK_RV rv;

	do {
		take_out();
		insert(k);
		call(LOOK);
		ok(call(OPEN));
		n += getenv("INKAN_SANITIZERS") ? 3 : 1; /* a search of their memory takes long */
		p.broken = n;
		p.was_broken = false;
		p.sent = 0;
		rv = make();
		p.broken = 0;
		if (call(CLOSE) != CKR_OK)
			p.call = "a call that ended the session";
		holds(false, 0, 0);
	} while (p.was_broken);
	ok(rv);
	ck_assert_uint_gt(n, least);
}

START_TEST(test_link_breaks)
{
	const struct kind *k = &kinds[_i % N_KINDS];

	start(k);
	p.before = _i >= N_KINDS;
	break_everywhere(k, log_in_and_sign, 5);
	if (k->kind == VCARD_JPKI)
		break_everywhere(k, change_pin, 4);
	stop();
}
END_TEST

int main(void)
{
	const struct cases cases = {.suite = suite_create("memory"), .seconds = 300};
	SRunner *runner;
	int failed;

	setlinebuf(stdout);
	add_loop_case(&cases, test_searched, N_KINDS);
	add_loop_case(&cases, test_link_breaks, 2 * N_KINDS);
	runner = srunner_create(cases.suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
