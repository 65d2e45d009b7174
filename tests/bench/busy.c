/* SPDX-License-Identifier: BSD-2-Clause */
/* busy MODULE, inside inkan-vcard with two cards: how long calls take while another
 * program holds a transaction, with the real pcscd; and what waits that were given
 * up leave in this process and in pcscd. */
#include <dirent.h>
#include <dlfcn.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <winscard.h>
#include "pkcs11/pkcs11.h"

static CK_FUNCTION_LIST *p11;

static void must(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "busy: %s\n", what);
	exit(1);
}

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void pause_ms(int ms)
{
	nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000L}, NULL);
}

/* ---- the other program */

/* HOLD: until another order comes; HOLD_FOR: that long; AGAIN_AND_AGAIN: connects
 * and holds that long, and so on, until another order comes. */
enum what { HOLD, HOLD_FOR, AGAIN_AND_AGAIN, LET_GO };

struct order {
	enum what what;
	int reader, ms;
};

static int orders, answers;

static const char *reader_name(SCARDCONTEXT context, int i)
{
	static char names[2048];
	DWORD len = sizeof names;
	const char *p = names;

	must(SCardListReaders(context, NULL, names, &len) == SCARD_S_SUCCESS, "SCardListReaders");
	while (i-- > 0)
		p += strlen(p) + 1;
	return p;
}

static void begin(SCARDCONTEXT context, int reader, SCARDHANDLE *card)
{
	DWORD protocol;

	must(SCardConnect(context, reader_name(context, reader), SCARD_SHARE_SHARED, SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1,
	                  card, &protocol) == SCARD_S_SUCCESS, "SCardConnect");
	must(SCardBeginTransaction(*card) == SCARD_S_SUCCESS, "SCardBeginTransaction");
}

static void end(SCARDHANDLE card)
{
	SCardEndTransaction(card, SCARD_LEAVE_CARD);
	SCardDisconnect(card, SCARD_LEAVE_CARD);
}

static void other_program(int in, int out)
{
	struct order order;
	SCARDCONTEXT context;
	SCARDHANDLE card = 0;

	must(SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &context) == SCARD_S_SUCCESS, "SCardEstablishContext");
	while (read(in, &order, sizeof order) == sizeof order) {
		if (order.what == LET_GO && card)
			end(card);
		card = 0;
		if (order.what != LET_GO)
			begin(context, order.reader, &card);
		must(write(out, "", 1) == 1, "an answer");
		while (order.what == AGAIN_AND_AGAIN || (order.what == HOLD_FOR && card)) {
			pause_ms(order.ms);
			end(card);
			card = 0;
			if (order.what == HOLD_FOR || poll(&(struct pollfd){.fd = in, .events = POLLIN}, 1, 0) == 1)
				break;
			begin(context, order.reader, &card);
		}
	}
	_exit(0);
}

static void start_other_program(void)
{
	int to[2], from[2];

	must(pipe(to) == 0 && pipe(from) == 0, "pipe");
	if (fork() == 0) {
		close(to[1]);
		other_program(to[0], from[1]);
	}
	orders = to[1];
	answers = from[0];
	close(to[0]);
	close(from[1]);
}

static void tell(enum what what, int reader, int ms)
{
	struct order order = {what, reader, ms};
	char answer;

	must(write(orders, &order, sizeof order) == sizeof order && read(answers, &answer, 1) == 1, "the other program");
}

/* ---- what is left */

/* The pcscd that inkan-vcard, our parent, has started. */
static pid_t pcscd(void)
{
	char path[64], name[16] = "";
	pid_t found = 0, pid;
	FILE *children, *comm;

	snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)getppid(), (int)getppid());
	children = fopen(path, "r");
	must(children != NULL, path);
	while (!found && fscanf(children, "%d", &pid) == 1) {
		snprintf(path, sizeof path, "/proc/%d/comm", (int)pid);
		comm = fopen(path, "r");
		if (comm && fscanf(comm, "%15s", name) == 1 && strcmp(name, "pcscd") == 0)
			found = pid;
		if (comm)
			fclose(comm);
	}
	fclose(children);
	must(found != 0, "no pcscd");
	return found;
}

static int count(pid_t pid, const char *what)
{
	char path[64];
	int n = 0;
	DIR *d;

	snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, what);
	d = opendir(path);
	must(d != NULL, path);
	for (const struct dirent *e; (e = readdir(d)) != NULL;)
		n += e->d_name[0] != '.';
	closedir(d);
	return n;
}

static void tell_left(const char *when)
{
	pid_t daemon = pcscd();

	pause_ms(300);
	printf("  %-46s %4d threads %4d files; pcscd %4d threads %4d files\n", when, count(getpid(), "task"),
	       count(getpid(), "fd"), count(daemon, "task"), count(daemon, "fd"));
}

/* ---- the calls */

static double begun;

static void tell_time(const char *what, CK_RV rv)
{
	printf("  %-46s %8.2f ms  0x%lX\n", what, now_ms() - begun, rv);
}

#define TIMED(name, arguments) (begun = now_ms(), tell_time(#name, p11->name arguments))

static CK_SESSION_HANDLE open_session(CK_SLOT_ID slot)
{
	CK_SESSION_HANDLE session;

	must(p11->C_OpenSession(slot, CKF_SERIAL_SESSION, NULL, NULL, &session) == CKR_OK, "C_OpenSession");
	return session;
}

static CK_OBJECT_HANDLE find_certificate(CK_SESSION_HANDLE session)
{
	CK_OBJECT_CLASS class = CKO_CERTIFICATE;
	CK_OBJECT_HANDLE found = 0;
	CK_ULONG n = 0;

	must(p11->C_FindObjectsInit(session, &(CK_ATTRIBUTE){CKA_CLASS, &class, sizeof class}, 1) == CKR_OK &&
	     p11->C_FindObjects(session, &found, 1, &n) == CKR_OK && n == 1 &&
	     p11->C_FindObjectsFinal(session) == CKR_OK, "no certificate");
	return found;
}

static void *log_in(void *session)
{
	p11->C_Login(*(CK_SESSION_HANDLE *)session, CKU_USER, (CK_UTF8CHAR *)"1234", 4);
	return NULL;
}

/* What is in memory, while a login of another thread waits for the other program. */
static void warm_calls(void)
{
	CK_BYTE value[4096];
	CK_ATTRIBUTE a = {CKA_VALUE, value, sizeof value};
	CK_SESSION_HANDLE session, waiting;
	CK_OBJECT_HANDLE cert, found[8];
	CK_SLOT_ID slots[32];
	CK_ULONG n = 32;
	CK_SLOT_INFO slot_info;
	CK_TOKEN_INFO token_info;
	pthread_t thread;

	must(p11->C_Initialize(NULL) == CKR_OK && p11->C_GetSlotList(CK_TRUE, slots, &n) == CKR_OK && n == 2, "two tokens");
	session = open_session(slots[0]);
	waiting = open_session(slots[0]);
	cert = find_certificate(session);
	tell(HOLD, 0, 0);
	pthread_create(&thread, NULL, log_in, &waiting);
	pause_ms(100);
	printf("another program holds the card, which was read before; a thread waits in C_Login:\n");
	TIMED(C_GetAttributeValue, (session, cert, &a, 1));
	TIMED(C_FindObjectsInit, (session, NULL, 0));
	TIMED(C_FindObjects, (session, found, 8, &n));
	TIMED(C_FindObjectsFinal, (session));
	n = 32;
	TIMED(C_GetSlotList, (CK_TRUE, slots, &n));
	TIMED(C_GetSlotInfo, (slots[0], &slot_info));
	TIMED(C_GetTokenInfo, (slots[0], &token_info));
	TIMED(C_Finalize, (NULL));
	pthread_join(thread, NULL);
	tell(LET_GO, 0, 0);
}

/* A card is held to which the module has never looked. */
static void cold_calls(void)
{
	CK_SLOT_ID slots[32];
	CK_SLOT_INFO info;
	CK_ULONG n = 32;

	tell(HOLD, 0, 0);
	printf("another program holds a card that was never looked at:\n");
	TIMED(C_Initialize, (NULL));
	TIMED(C_GetSlotList, (CK_TRUE, slots, &n));
	printf("  %-46s %8lu\n", "tokens", n);
	n = 32;
	TIMED(C_GetSlotList, (CK_FALSE, slots, &n));
	for (CK_ULONG i = 0; i < n; i++) /* that of the other card, that of this one, the spare one */
		TIMED(C_GetSlotInfo, (slots[i], &info));
	tell(LET_GO, 0, 0);
	n = 32;
	TIMED(C_GetSlotList, (CK_TRUE, slots, &n));
	printf("  %-46s %8lu\n", "tokens, when it has let go", n);
	TIMED(C_Finalize, (NULL));
}

static void another_can_get_in(void)
{
	SCARDCONTEXT context;
	SCARDHANDLE card;
	DWORD protocol;
	LONG rc = SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &context);

	if (rc == SCARD_S_SUCCESS) {
		rc = SCardConnect(context, reader_name(context, 1), SCARD_SHARE_SHARED, SCARD_PROTOCOL_T1, &card, &protocol);
		if (rc == SCARD_S_SUCCESS)
			SCardDisconnect(card, SCARD_LEAVE_CARD);
		SCardReleaseContext(context);
	}
	printf("  %-46s %08lX\n", "a new program connects to the other card", (unsigned long)rc);
}

/* Polls while one transaction lasts, with and without C_Finalize between. */
static void given_up(int times, bool finalize)
{
	CK_SLOT_ID slots[32];
	CK_ULONG n = 32;
	double longest = 0;
	char when[80];

	must(p11->C_Initialize(NULL) == CKR_OK, "C_Initialize");
	must(p11->C_GetSlotList(CK_FALSE, slots, &n) == CKR_OK, "C_GetSlotList");
	must(p11->C_Finalize(NULL) == CKR_OK, "C_Finalize");
	printf("%d looks%s at a card that another program holds:\n", times, finalize ? " and C_Finalize each time" : "");
	tell_left("before");
	tell(HOLD, 0, 0);
	must(p11->C_Initialize(NULL) == CKR_OK, "C_Initialize");
	for (int i = 0; i < times; i++) {
		double start = now_ms();

		n = 32;
		must(p11->C_GetSlotList(CK_TRUE, slots, &n) == CKR_OK, "C_GetSlotList");
		if (finalize)
			must(p11->C_Finalize(NULL) == CKR_OK && p11->C_Initialize(NULL) == CKR_OK, "C_Finalize");
		longest = now_ms() - start > longest ? now_ms() - start : longest;
	}
	printf("  %-46s %8.2f ms\n", "the longest", longest);
	tell_left("while it is held");
	another_can_get_in();
	must(p11->C_Finalize(NULL) == CKR_OK, "C_Finalize");
	tell(LET_GO, 0, 0);
	snprintf(when, sizeof when, "when it has let go");
	tell_left(when);
}

/* The other program ends when we are about to give up, or holds again and again. */
static void close_calls(const char *what, enum what how, int times)
{
	CK_SLOT_ID slots[32];
	double longest = 0;
	int seen = 0;

	printf("%s:\n", what);
	if (how == AGAIN_AND_AGAIN)
		tell(how, 0, 300);
	for (int i = 0; i < times; i++) {
		CK_ULONG n = 32;
		double start;

		if (how == HOLD_FOR)
			tell(how, 0, 70 + i % 20);
		start = now_ms();
		must(p11->C_Initialize(NULL) == CKR_OK && p11->C_GetSlotList(CK_TRUE, slots, &n) == CKR_OK, "C_GetSlotList");
		longest = now_ms() - start > longest ? now_ms() - start : longest;
		seen += n == 2;
		must(p11->C_Finalize(NULL) == CKR_OK, "C_Finalize");
	}
	if (how == AGAIN_AND_AGAIN)
		tell(LET_GO, 0, 0);
	printf("  %-46s %8.2f ms; the card was seen in %d of %d\n", "the longest C_Initialize and C_GetSlotList", longest,
	       seen, times);
	tell_left("after it");
}

int main(int argc, char **argv)
{
	CK_C_GetFunctionList get;
	void *handle;

	setvbuf(stdout, NULL, _IOLBF, 0);
	start_other_program();
	handle = dlopen(argc == 2 ? argv[1] : "", RTLD_NOW);
	must(handle != NULL, "busy MODULE");
	*(void **)&get = dlsym(handle, "C_GetFunctionList");
	must(get && get(&p11) == CKR_OK, "C_GetFunctionList");
	warm_calls();
	cold_calls();
	given_up(100, false);
	given_up(100, true);
	close_calls("the other program ends after 70 to 89 ms", HOLD_FOR, 200);
	close_calls("the other program connects and holds for 300 ms, again and again", AGAIN_AND_AGAIN, 100);
	return 0;
}
