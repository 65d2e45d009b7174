/* SPDX-License-Identifier: BSD-2-Clause */
/* Loaded before libpcsclite and libc: another clock, another answer of pcscd, as
 * the environment says. What it does not name is answered by the real ones.
 *
 * WORLD_CLOCK      seconds that the clock is ahead (or, negative, behind)
 * WORLD_ESTABLISH  SCardEstablishContext's answer, hexadecimal
 * WORLD_READERS    the readers, "|" between their names; "": none
 * WORLD_STATE      what SCardGetStatusChange says of each, hexadecimal
 * WORLD_CONNECT    SCardConnect's answer, hexadecimal
 * WORLD_MODULES    the folder in which Inkan's modules are looked for, wherever they should be; an alarm comes after
 *                  a second then */
#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <winscard.h>

static LONG hexadecimal(const char *text)
{
	return (LONG)strtoul(text, NULL, 16);
}

/* The function that would have been called without us. */
static void next(const char *name, void *function)
{
	void *found = dlsym(RTLD_NEXT, name);

	memcpy(function, &found, sizeof found);
}

time_t time(time_t *out)
{
	const char *ahead = getenv("WORLD_CLOCK");
	struct timespec now;
	time_t t;

	clock_gettime(CLOCK_REALTIME, &now);
	t = now.tv_sec + (ahead ? strtol(ahead, NULL, 10) : 0);
	if (out)
		*out = t;
	return t;
}

LONG SCardEstablishContext(DWORD scope, LPCVOID a, LPCVOID b, LPSCARDCONTEXT context)
{
	const char *answer = getenv("WORLD_ESTABLISH");
	LONG (*real)(DWORD, LPCVOID, LPCVOID, LPSCARDCONTEXT);

	next("SCardEstablishContext", &real);
	*context = 1;
	return answer ? hexadecimal(answer) : real(scope, a, b, context);
}

LONG SCardListReaders(SCARDCONTEXT context, LPCSTR groups, LPSTR names, LPDWORD len)
{
	const char *readers = getenv("WORLD_READERS");
	LONG (*real)(SCARDCONTEXT, LPCSTR, LPSTR, LPDWORD);
	size_t n = readers ? strlen(readers) : 0;

	next("SCardListReaders", &real);
	if (!readers)
		return real(context, groups, names, len);
	if (n == 0)
		return SCARD_E_NO_READERS_AVAILABLE;
	if (*len < n + 2)
		return SCARD_E_INSUFFICIENT_BUFFER;
	memcpy(names, readers, n + 1);
	names[n + 1] = '\0';
	for (char *p = names; (p = strchr(p, '|'));)
		*p++ = '\0';
	*len = (DWORD)n + 2;
	return SCARD_S_SUCCESS;
}

LONG SCardGetStatusChange(SCARDCONTEXT context, DWORD timeout, SCARD_READERSTATE *states, DWORD n)
{
	const char *state = getenv("WORLD_STATE");
	LONG (*real)(SCARDCONTEXT, DWORD, SCARD_READERSTATE *, DWORD);

	next("SCardGetStatusChange", &real);
	if (!state)
		return real(context, timeout, states, n);
	for (DWORD i = 0; i < n; i++)
		states[i].dwEventState = strtoul(state, NULL, 16);
	return SCARD_S_SUCCESS;
}

LONG SCardConnect(SCARDCONTEXT context, LPCSTR reader, DWORD share, DWORD protocols, LPSCARDHANDLE card,
                  LPDWORD protocol)
{
	const char *answer = getenv("WORLD_CONNECT");
	LONG (*real)(SCARDCONTEXT, LPCSTR, DWORD, DWORD, LPSCARDHANDLE, LPDWORD);

	next("SCardConnect", &real);
	return answer ? hexadecimal(answer) : real(context, reader, share, protocols, card, protocol);
}

static const char *elsewhere(const char *path, char out[PATH_MAX])
{
	const char *folder = getenv("WORLD_MODULES"), *name = path ? strrchr(path, '/') : NULL;

	if (!folder || !name || !strstr(name, "pkcs11.so"))
		return path;
	snprintf(out, PATH_MAX, "%s%s", folder, name);
	return out;
}

int access(const char *path, int mode)
{
	int (*real)(const char *, int);
	char other[PATH_MAX];

	next("access", &real);
	return real(elsewhere(path, other), mode);
}

void *dlopen(const char *path, int flags)
{
	void *(*real)(const char *, int);
	char other[PATH_MAX];

	next("dlopen", &real);
	return real(elsewhere(path, other), flags);
}

unsigned alarm(unsigned seconds)
{
	unsigned (*real)(unsigned);

	next("alarm", &real);
	return real(getenv("WORLD_MODULES") && seconds > 1 ? 1 : seconds);
}
