/* SPDX-License-Identifier: BSD-2-Clause */
/* What is done at once with the modules as they are installed; libcrypto must take each signature for that of the
 * certificate shown. MODE TIMES, then for each at work: MODULE, what its token's label begins with, PIN.
 * sign    a thread for each logs in, signs and logs out so often
 * fork    a child in each state of the first, and so many while two threads of it sign
 * reload  so often dlopen, C_Initialize, C_Finalize and dlclose of the first, sometimes with a signature: then there are
 *         as many descriptors, threads and mappings as before */
#include <dirent.h>
#include <dlfcn.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "pkcs11/pkcs11.h"

enum { DESKS = 16, CHILD_SECONDS = 60 };

static struct desk {
	const char *file, *label, *pin;
	void *handle;
	CK_FUNCTION_LIST *p11;
	CK_SLOT_ID slot;
	pthread_t thread;
} desks[DESKS];
static unsigned times, n_desks;
static atomic_bool stop;
static atomic_uint signatures;

static void die(const struct desk *d, const char *format, ...) __attribute__((noreturn, format(printf, 2, 3)));
static void die(const struct desk *d, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "%s, %s: ", d->file, d->label);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	_exit(1);
}

static void must(const struct desk *d, const char *what, CK_RV rv)
{
	if (rv != CKR_OK)
		die(d, "%s: 0x%lx", what, rv);
}

static void load(struct desk *d)
{
	CK_C_GetFunctionList get;

	d->handle = dlopen(d->file, RTLD_NOW | RTLD_LOCAL);
	if (!d->handle)
		die(d, "%s", dlerror());
	*(void **)&get = dlsym(d->handle, "C_GetFunctionList");
	must(d, "C_GetFunctionList", get ? get(&d->p11) : CKR_GENERAL_ERROR);
}

static bool has_token(struct desk *d)
{
	CK_SLOT_ID slots[32];
	CK_TOKEN_INFO info;
	CK_ULONG n = 32;

	must(d, "C_GetSlotList", d->p11->C_GetSlotList(CK_TRUE, slots, &n));
	for (CK_ULONG i = 0; i < n; i++) {
		d->slot = slots[i];
		if (d->p11->C_GetTokenInfo(slots[i], &info) == CKR_OK && memcmp(info.label, d->label, strlen(d->label)) == 0)
			return true;
	}
	return false;
}

/* A card that another program holds just now counts as none. */
static void initialize(struct desk *d)
{
	CK_C_INITIALIZE_ARGS args = {.flags = CKF_OS_LOCKING_OK};
	CK_RV rv = d->p11->C_Initialize(&args);

	if (rv != CKR_CRYPTOKI_ALREADY_INITIALIZED)
		must(d, "C_Initialize", rv);
	for (int i = 0; !has_token(d); i++) {
		if (i == 200)
			die(d, "no token");
		usleep(50000);
	}
}

static CK_SESSION_HANDLE open_session(const struct desk *d)
{
	CK_SESSION_HANDLE session = 0;

	must(d, "C_OpenSession", d->p11->C_OpenSession(d->slot, CKF_SERIAL_SESSION, NULL, NULL, &session));
	return session;
}

static void login(const struct desk *d, CK_SESSION_HANDLE session)
{
	CK_RV rv = d->p11->C_Login(session, CKU_USER, (CK_UTF8CHAR *)d->pin, strlen(d->pin));

	if (rv != CKR_USER_ALREADY_LOGGED_IN) /* by another thread */
		must(d, "C_Login", rv);
}

/* The first of the class, of certificates the holder's; 0: none. */
static CK_OBJECT_HANDLE find(const struct desk *d, CK_SESSION_HANDLE session, CK_OBJECT_CLASS class)
{
	CK_ATTRIBUTE template = {CKA_CLASS, &class, sizeof class};
	CK_OBJECT_HANDLE found = 0;
	CK_ULONG n = 0;

	must(d, "C_FindObjectsInit", d->p11->C_FindObjectsInit(session, &template, 1));
	must(d, "C_FindObjects", d->p11->C_FindObjects(session, &found, 1, &n));
	must(d, "C_FindObjectsFinal", d->p11->C_FindObjectsFinal(session));
	return n ? found : 0;
}

static void sign_init(const struct desk *d, CK_SESSION_HANDLE session)
{
	CK_MECHANISM mechanism = {CKM_RSA_PKCS, NULL, 0}; /* the JAHIS modules have no other */

	must(d, "C_SignInit", d->p11->C_SignInit(session, &mechanism, find(d, session, CKO_PRIVATE_KEY)));
}

static void sign(const struct desk *d, CK_SESSION_HANDLE session)
{
	CK_BYTE info[51] = {0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
	                    0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20};
	CK_BYTE der[8192], signature[512];
	const CK_BYTE *p = der;
	unsigned number = ++signatures;
	CK_ULONG len = sizeof signature;
	CK_ATTRIBUTE value = {CKA_VALUE, der, sizeof der};
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	X509 *cert;

	EVP_Digest(&number, sizeof number, info + 19, NULL, EVP_sha256(), NULL);
	must(d, "C_Sign", d->p11->C_Sign(session, info, sizeof info, signature, &len));
	must(d, "CKA_VALUE", d->p11->C_GetAttributeValue(session, find(d, session, CKO_CERTIFICATE), &value, 1));
	cert = d2i_X509(NULL, &p, (long)value.ulValueLen);
	if (!cert || EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, X509_get0_pubkey(cert)) != 1 ||
	    EVP_DigestVerify(ctx, signature, len, (CK_BYTE *)&number, sizeof number) != 1)
		die(d, "libcrypto refuses the signature");
	X509_free(cert);
	EVP_MD_CTX_free(ctx);
}

/* A session of its own. */
static void *work(void *arg)
{
	const struct desk *d = arg;
	CK_SESSION_HANDLE session = open_session(d);

	login(d, session);
	sign_init(d, session);
	sign(d, session);
	must(d, "C_CloseSession", d->p11->C_CloseSession(session));
	return NULL;
}

static void *work_and_log_out(void *arg)
{
	struct desk *d = arg;

	initialize(d);
	for (unsigned i = 0; i < times; i++)
		work(d); /* its session was the last: that logs out */
	return NULL;
}

static void start(struct desk *d, void *(*run)(void *))
{
	if (pthread_create(&d->thread, NULL, run, d) != 0)
		die(d, "no thread");
}

static void sign_at_once(void)
{
	for (unsigned i = 0; i < n_desks; i++)
		start(&desks[i], work_and_log_out);
	for (unsigned i = 0; i < n_desks; i++)
		pthread_join(desks[i].thread, NULL);
	for (unsigned i = 0; i < n_desks; i++)
		desks[i].p11->C_Finalize(NULL); /* several desks may have one module */
}

/* ---- fork */

/* In the child: the module is not initialized; then nobody is logged in; then two threads sign. */
static void *be_child(void *arg)
{
	struct desk *d = arg;
	CK_MECHANISM mechanism = {CKM_RSA_PKCS, NULL, 0};
	CK_SESSION_HANDLE session;
	CK_SESSION_INFO info;
	CK_ULONG n;

	if (d->p11->C_GetSlotList(CK_TRUE, NULL, &n) != CKR_CRYPTOKI_NOT_INITIALIZED)
		die(d, "a child is initialized");
	initialize(d);
	session = open_session(d);
	must(d, "C_GetSessionInfo", d->p11->C_GetSessionInfo(session, &info));
	if (info.state != CKS_RO_PUBLIC_SESSION)
		die(d, "a child is logged in");
	if (d->p11->C_SignInit(session, &mechanism, find(d, session, CKO_PRIVATE_KEY)) == CKR_OK)
		die(d, "a child has a key before it has logged in");
	login(d, session);
	start(d, work);
	work(d);
	pthread_join(d->thread, NULL);
	must(d, "C_Finalize", d->p11->C_Finalize(NULL));
	return NULL;
}

static unsigned children;

static void have_child(struct desk *d, const char *state)
{
	pid_t pid = fork();
	int status = -1;

	if (pid == 0) {
		alarm(CHILD_SECONDS);
		start(d, be_child);
		pthread_join(d->thread, NULL);
		_exit(0);
	}
	if (waitpid(pid, &status, 0) != pid || status != 0)
		die(d, "a child, %s: %x", state, status);
	children++;
}

static void *work_until_stopped(void *arg)
{
	while (!stop)
		work(arg);
	return NULL;
}

static void *wait_for_event(void *arg)
{
	struct desk *d = arg;
	CK_SLOT_ID slot;

	while (d->p11->C_WaitForSlotEvent(0, &slot, NULL) == CKR_OK)
		;
	return NULL;
}

static void fork_in_each_state(struct desk *d)
{
	struct desk busy[2], waiter = *d;
	CK_SESSION_HANDLE session;

	have_child(d, "before C_Initialize");
	initialize(d);
	have_child(d, "initialized");
	session = open_session(d);
	have_child(d, "with a session");
	must(d, "C_FindObjectsInit", d->p11->C_FindObjectsInit(session, NULL, 0));
	have_child(d, "in a search");
	must(d, "C_FindObjectsFinal", d->p11->C_FindObjectsFinal(session));
	login(d, session);
	have_child(d, "logged in");
	sign_init(d, session);
	have_child(d, "in a signature");
	sign(d, session);
	waiter = *d;
	start(&waiter, wait_for_event);
	usleep(100000);
	have_child(d, "while one waits for an event");
	for (int i = 0; i < 2; i++) {
		busy[i] = *d;
		start(&busy[i], work_until_stopped);
	}
	for (unsigned i = 0; i < times; i++) {
		usleep(3000 * (i % 7));
		have_child(d, "while others sign");
	}
	stop = true;
	for (int i = 0; i < 2; i++)
		pthread_join(busy[i].thread, NULL);
	sign_init(d, session);
	sign(d, session);
	must(d, "C_Finalize", d->p11->C_Finalize(NULL));
	pthread_join(waiter.thread, NULL);
	printf("%u children, ", children);
}

/* ---- dlopen and dlclose */

static unsigned entries(const char *folder)
{
	DIR *dir = opendir(folder);
	unsigned n = 0;

	while (dir && readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static unsigned mappings(void)
{
	FILE *f = fopen("/proc/self/maps", "r");
	unsigned n = 0;
	int c;

	while (f && (c = fgetc(f)) != EOF)
		n += c == '\n';
	fclose(f);
	return n;
}

static void count(unsigned n[3])
{
	n[0] = entries("/proc/self/fd");
	n[1] = entries("/proc/self/task");
	n[2] = mappings();
}

/* A thread that ends late leaves a stack and a heap for the next one: libc's, a few at the most. */
static bool same(const unsigned a[3], const unsigned b[3])
{
	return a[0] == b[0] && a[1] == b[1] && b[2] <= a[2] + 8;
}

static void reload(struct desk *d)
{
	unsigned before[3], after[3];

	for (unsigned i = 0; i <= times; i++) {
		load(d);
		if (i % 50 == 0) {
			initialize(d);
			work(d);
		} else {
			must(d, "C_Initialize", d->p11->C_Initialize(NULL));
		}
		must(d, "C_Finalize", d->p11->C_Finalize(NULL));
		dlclose(d->handle);
		if (i == 0)
			count(before);
	}
	count(after);
	for (int i = 0; !same(before, after) && i < 100; i++) { /* a thread that has not ended yet */
		usleep(50000);
		count(after);
	}
	printf("%u times: descriptors %u, then %u; threads %u, %u; mappings %u, %u; ", times, before[0], after[0], before[1], after[1],
	       before[2], after[2]);
	if (!same(before, after))
		die(d, "something is left");
}

int main(int argc, char **argv)
{
	if (argc < 6 || argc % 3 != 0 || argc / 3 - 1 > DESKS) {
		fprintf(stderr, "usage: crowd sign|fork|reload TIMES MODULE LABEL PIN...\n");
		return 2;
	}
	times = (unsigned)atoi(argv[2]);
	for (char **a = argv + 3; *a; a += 3)
		desks[n_desks++] = (struct desk){.file = a[0], .label = a[1], .pin = a[2]};
	if (strcmp(argv[1], "reload") == 0) {
		reload(desks);
	} else {
		for (unsigned i = 0; i < n_desks; i++)
			load(&desks[i]);
		if (strcmp(argv[1], "fork") == 0)
			fork_in_each_state(desks);
		else
			sign_at_once();
	}
	printf("%u signatures\n", signatures);
	return 0;
}
