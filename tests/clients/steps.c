/* SPDX-License-Identifier: BSD-2-Clause */
/* A PKCS#11 program that does one step per line of its standard input and answers
 * each with a line: the return value, or what was asked for. It lets a script
 * look at the card, pull it or kill this process between two steps. With a second
 * argument a signal interrupts each step every millisecond. */
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include "pkcs11/pkcs11.h"

static CK_FUNCTION_LIST *p11;
static CK_SESSION_HANDLE session;
static pthread_t waiter;
static CK_RV waited;
static bool interrupted;

static void tick(int signal)
{
	(void)signal;
}

static void every(suseconds_t microseconds)
{
	setitimer(ITIMER_REAL, &(struct itimerval){{0, microseconds}, {0, microseconds}}, NULL);
}

static CK_RV initialize(const char *arg)
{
	CK_C_INITIALIZE_ARGS args = {.flags = CKF_OS_LOCKING_OK};

	(void)arg;
	return p11->C_Initialize(&args);
}

static CK_RV finalize(const char *arg)
{
	(void)arg;
	return p11->C_Finalize(NULL);
}

/* The first slot with a token; CKR_TOKEN_NOT_PRESENT when there is none. */
static CK_RV open_session(const char *arg)
{
	CK_SLOT_ID slots[32];
	CK_ULONG n = 32;
	CK_RV rv = p11->C_GetSlotList(CK_TRUE, slots, &n);

	(void)arg;
	if (rv == CKR_OK && n == 0)
		rv = CKR_TOKEN_NOT_PRESENT;
	if (rv == CKR_OK)
		rv = p11->C_OpenSession(slots[0], CKF_SERIAL_SESSION, NULL, NULL, &session);
	return rv;
}

static CK_RV login_as(CK_USER_TYPE user, const char *pin)
{
	char copy[64];

	snprintf(copy, sizeof copy, "%s", pin);
	return p11->C_Login(session, user, (CK_UTF8CHAR *)copy, strlen(copy));
}

static CK_RV login(const char *pin)
{
	return login_as(CKU_USER, pin);
}

static CK_RV context(const char *pin)
{
	return login_as(CKU_CONTEXT_SPECIFIC, pin);
}

static CK_RV logout(const char *arg)
{
	(void)arg;
	return p11->C_Logout(session);
}

static CK_RV begin(const char *arg)
{
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_ATTRIBUTE template = {CKA_CLASS, &class, sizeof class};
	CK_MECHANISM mechanism = {CKM_SHA256_RSA_PKCS, NULL, 0};
	CK_OBJECT_HANDLE key = 0;
	CK_ULONG n = 0;
	CK_RV rv = p11->C_FindObjectsInit(session, &template, 1);

	(void)arg;
	if (rv != CKR_OK)
		return rv;
	rv = p11->C_FindObjects(session, &key, 1, &n);
	p11->C_FindObjectsFinal(session);
	return rv == CKR_OK ? p11->C_SignInit(session, &mechanism, key) : rv;
}

static CK_RV end(const char *arg)
{
	CK_BYTE signature[512];
	CK_ULONG len = sizeof signature;

	(void)arg;
	return p11->C_Sign(session, (CK_BYTE *)"x", 1, signature, &len);
}

static CK_RV sign(const char *arg)
{
	CK_RV rv = begin(arg);

	return rv == CKR_OK ? end(arg) : rv;
}

static CK_RV info(const char *arg)
{
	CK_SESSION_INFO i;

	(void)arg;
	return p11->C_GetSessionInfo(session, &i);
}

/* CKR_NO_EVENT, or CKR_OK. */
static CK_RV event(const char *arg)
{
	CK_SLOT_ID slot;

	(void)arg;
	return p11->C_WaitForSlotEvent(CKF_DONT_BLOCK, &slot, NULL);
}

static void *block(void *arg)
{
	CK_SLOT_ID slot;

	(void)arg;
	waited = p11->C_WaitForSlotEvent(0, &slot, NULL);
	return NULL;
}

static CK_RV start_waiter(const char *arg)
{
	(void)arg;
	return pthread_create(&waiter, NULL, block, NULL) == 0 ? CKR_OK : CKR_GENERAL_ERROR;
}

static CK_RV join_waiter(const char *arg)
{
	struct timespec soon;

	(void)arg;
	clock_gettime(CLOCK_REALTIME, &soon);
	soon.tv_sec += 10;
	return pthread_timedjoin_np(waiter, NULL, &soon) == 0 ? waited : CKR_GENERAL_ERROR;
}

static const struct step {
	const char *name;
	CK_RV (*run)(const char *arg);
} steps[] = {
	{"init", initialize}, {"finalize", finalize}, {"open", open_session}, {"login", login},
	{"context", context}, {"logout", logout}, {"begin", begin}, {"end", end}, {"sign", sign},
	{"info", info}, {"event", event}, {"wait", start_waiter}, {"join", join_waiter},
};

static void run(char *line)
{
	char *arg;
	CK_RV rv;

	line[strcspn(line, "\n")] = '\0';
	arg = strchr(line, ' ');
	if (arg)
		*arg++ = '\0';
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		if (strcmp(line, steps[i].name) == 0) {
			every(interrupted ? 1000 : 0);
			rv = steps[i].run(arg ? arg : "");
			every(0);
			printf("%lX\n", rv);
			fflush(stdout);
			return;
		}
	}
	printf("what is %s?\n", line);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	void *module = argc > 1 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : NULL;
	CK_C_GetFunctionList get;
	char line[256];

	if (!module) {
		fprintf(stderr, "usage: steps MODULE [interrupted]; %s\n", argc > 1 ? dlerror() : "");
		return 2;
	}
	interrupted = argc > 2;
	sigaction(SIGALRM, &(struct sigaction){.sa_handler = tick}, NULL); /* without SA_RESTART */
	*(void **)&get = dlsym(module, "C_GetFunctionList");
	if (!get || get(&p11) != CKR_OK)
		return 2;
	while (fgets(line, sizeof line, stdin))
		run(line);
	return 0;
}
