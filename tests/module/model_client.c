/* SPDX-License-Identifier: BSD-2-Clause */
/* A process of the model: does with its modules what the owner says. */
#include "config.h"
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "pkcs11/pkcs11.h"
#include "tests/module/model.h"

#define EXPORTED __attribute__((visibility("default")))

const char *const reader_names[N_READERS] = {"Model Reader 0", "Model Reader 1"};
int lines[N_PROCESSES][2];
volatile int64_t *model_ms;

extern const struct reader_ops model_reader_ops;
EXPORTED int clock_gettime(clockid_t id, struct timespec *t);

/* Taken by the modules in place of libc's: time goes on when the model says so. */
int clock_gettime(clockid_t id, struct timespec *t)
{
	if (!model_ms || id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE || id == CLOCK_PROCESS_CPUTIME_ID)
		return (int)syscall(SYS_clock_gettime, id, t);
	t->tv_sec = (time_t)(*model_ms / 1000);
	t->tv_nsec = (long)(*model_ms % 1000) * 1000000;
	return 0;
}

bool message_send(int fd, struct message *m)
{
	size_t n = offsetof(struct message, data) + m->len;

	m->pid = getpid();
	return send(fd, m, n, MSG_NOSIGNAL) == (ssize_t)n;
}

bool message_receive(int fd, struct message *m)
{
	return recv(fd, m, sizeof *m, 0) >= (ssize_t)offsetof(struct message, data);
}

static int line; /* to the owner */

static enum error ask(struct message *m, enum what what)
{
	m->what = what;
	if (!message_send(line, m) || !message_receive(line, m))
		_exit(1); /* the owner is gone */
	return (enum error)m->value;
}

/* ---- the way to card readers */

static enum error ops_open(void **self, bool may_create_threads)
{
	(void)may_create_threads;
	*self = (void *)&reader_names;
	return E_OK;
}

static void ops_close(void *self)
{
	(void)self;
}

static enum error ops_list(void *self, struct reader_state *states, size_t *count)
{
	struct message m = {0};
	enum error e = ask(&m, ASK_LIST);

	(void)self;
	*count = *count < N_READERS ? *count : N_READERS;
	memcpy(states, m.data, *count * sizeof *states);
	return e;
}

static enum error ops_wait(void *self, const struct reader_state *seen, size_t count, int timeout_ms)
{
	(void)self, (void)seen, (void)count, (void)timeout_ms;
	return E_CANCELLED;
}

static enum error ops_begin(void *self, const char *reader, int wait_ms, struct reader_link *link)
{
	struct message m = {.reader = strcmp(reader, reader_names[0]) != 0, .wait_ms = wait_ms};
	enum error e = ask(&m, ASK_BEGIN);

	(void)self;
	*link = (struct reader_link){.self = (void *)&reader_names[m.reader], .insertion = m.insertion};
	return e;
}

static int reader_of(const struct reader_link *link)
{
	return (int)((const char *const *)link->self - reader_names);
}

static enum error ops_transmit(struct reader_link *link, const uint8_t *apdu, size_t n, uint8_t *response, size_t *len)
{
	struct message m = {.reader = reader_of(link), .len = n};
	enum error e;

	memcpy(m.data, apdu, n);
	e = ask(&m, ASK_TRANSMIT);
	*len = m.len < *len ? m.len : *len;
	memcpy(response, m.data, *len);
	return e;
}

static void ops_end(struct reader_link *link, bool power_off)
{
	struct message m = {.reader = reader_of(link), .value = power_off};

	ask(&m, ASK_END);
}

EXPORTED const struct reader_ops model_reader_ops = {
	.open = ops_open,
	.close = ops_close,
	.forget = ops_close,
	.list = ops_list,
	.wait = ops_wait,
	.cancel = ops_close,
	.begin = ops_begin,
	.transmit = ops_transmit,
	.end = ops_end,
};

/* ---- a program */

static struct loaded {
	void *handle;
	CK_FUNCTION_LIST *p11;
	CK_SESSION_HANDLE sessions[N_READERS];
} modules[N_MODULES];

static const char *const files[N_MODULES] = {MODULE_DIR "/model-auth.so", MODULE_DIR "/model-sign.so",
                                             MODULE_DIR "/model-auth-2.so"};

static CK_RV load(struct loaded *mod, const char *file)
{
	CK_C_GetFunctionList get;

	mod->handle = dlopen(file, RTLD_NOW | RTLD_LOCAL);
	if (!mod->handle) {
		fprintf(stderr, "%s\n", dlerror());
		return CKR_GENERAL_ERROR;
	}
	*(void **)&get = dlsym(mod->handle, "C_GetFunctionList");
	return get(&mod->p11);
}

/* A session, and the serial number of the token that it is with: the session is still
 * good when the number has been read. */
static CK_RV open_session(struct loaded *mod, struct message *m)
{
	const char *name = reader_names[m->reader];
	CK_SESSION_HANDLE *session = &mod->sessions[m->reader];
	CK_SLOT_ID slots[64];
	CK_ULONG n = 64;
	CK_SESSION_INFO info;
	CK_TOKEN_INFO token;
	CK_SLOT_INFO slot;
	CK_RV rv = mod->p11->C_GetSlotList(CK_FALSE, NULL, &n);

	n = 64;
	if (rv == CKR_OK)
		rv = mod->p11->C_GetSlotList(CK_FALSE, slots, &n);
	for (CK_ULONG i = 0; rv == CKR_OK && i < n; i++) {
		rv = mod->p11->C_GetSlotInfo(slots[i], &slot);
		if (rv != CKR_OK || memcmp(slot.slotDescription, name, strlen(name)) != 0)
			continue;
		rv = mod->p11->C_OpenSession(slots[i], CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, session);
		if (rv == CKR_OK)
			rv = mod->p11->C_GetTokenInfo(slots[i], &token);
		if (rv == CKR_OK)
			rv = mod->p11->C_GetSessionInfo(*session, &info);
		if (rv == CKR_OK)
			memcpy(m->serial, token.serialNumber, sizeof token.serialNumber);
		return rv;
	}
	return rv == CKR_OK ? CKR_SLOT_ID_INVALID : rv;
}

static CK_RV sign_init(const struct loaded *mod, CK_SESSION_HANDLE session)
{
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_ATTRIBUTE template = {CKA_CLASS, &class, sizeof class};
	CK_MECHANISM mechanism = {CKM_RSA_PKCS, NULL, 0};
	CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;
	CK_ULONG n = 0;
	CK_RV rv = mod->p11->C_FindObjectsInit(session, &template, 1);

	if (rv == CKR_OK)
		rv = mod->p11->C_FindObjects(session, &key, 1, &n);
	if (rv == CKR_OK)
		rv = mod->p11->C_FindObjectsFinal(session);
	return rv == CKR_OK ? mod->p11->C_SignInit(session, &mechanism, key) : rv;
}

static CK_RV sign(const struct loaded *mod, CK_SESSION_HANDLE session)
{
	/* the DigestInfo of a SHA-256 hash */
	CK_BYTE data[51] = {0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
	                    0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20};
	CK_BYTE signature[512];
	CK_ULONG len = sizeof signature;

	return mod->p11->C_Sign(session, data, sizeof data, signature, &len);
}

static CK_RV login(const struct loaded *mod, CK_SESSION_HANDLE session, CK_USER_TYPE user, char *pin)
{
	return mod->p11->C_Login(session, user, (CK_UTF8CHAR *)pin, strlen(pin));
}

static CK_RV set_pin(const struct loaded *mod, CK_SESSION_HANDLE session, char *old, char *new)
{
	return mod->p11->C_SetPIN(session, (CK_UTF8CHAR *)old, strlen(old), (CK_UTF8CHAR *)new, strlen(new));
}

static CK_RV carry_out(struct message *m)
{
	struct loaded *mod = &modules[m->module];
	CK_SESSION_HANDLE session = mod->sessions[m->reader];

	switch (m->what) {
	case DO_LOAD:
		return load(mod, files[m->module]);
	case DO_UNLOAD:
		dlclose(mod->handle);
		*mod = (struct loaded){0};
		return CKR_OK;
	case DO_INITIALIZE:
		return mod->p11->C_Initialize(NULL);
	case DO_FINALIZE:
		return mod->p11->C_Finalize(NULL);
	case DO_OPEN:
		return open_session(mod, m);
	case DO_CLOSE:
		return mod->p11->C_CloseSession(session);
	case DO_LOGIN:
		return login(mod, session, CKU_USER, m->pin);
	case DO_LOGOUT:
		return mod->p11->C_Logout(session);
	case DO_SIGN_INIT:
		return sign_init(mod, session);
	case DO_CONSENT:
		return login(mod, session, CKU_CONTEXT_SPECIFIC, m->pin);
	case DO_SIGN:
		return sign(mod, session);
	case DO_SET_PIN:
		return set_pin(mod, session, m->pin, m->new_pin);
	default:
		return CKR_FUNCTION_NOT_SUPPORTED;
	}
}

/* The parent answers with the child's number; the child answers on a line of its own. */
static long fork_to(int process)
{
	pid_t pid = fork();

	if (pid == 0)
		line = lines[process][1];
	return pid;
}

void client_run(int process)
{
	struct message m;

	line = lines[process][1];
	for (int i = 0; i < N_PROCESSES; i++)
		close(lines[i][0]); /* so that this ends when the owner does */
	while (message_receive(line, &m)) {
		m.value = m.what == DO_FORK ? fork_to((int)m.value) : (long)carry_out(&m);
		m.what = DONE;
		m.len = 0;
		message_send(line, &m);
	}
	_exit(0);
}
