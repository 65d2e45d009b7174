/* SPDX-License-Identifier: BSD-2-Clause */
/* The program whose memory test_memory searches. It loads a module of ours whose
 * card is in the other process, and keeps no PIN and no answer of a card itself: a
 * PIN comes into a page that no core dump holds and is wiped after the call, and
 * commands and answers go between the module's own buffers and the socket.
 * Usage: memory-client SOCKET MODULE */
#include "config.h"
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include "card/reader.h"
#include "pkcs11/pkcs11.h"
#include "tests/module/memory.h"

enum { PAGE = 4096 };

static int line;

/* n: in, the room; out, how many bytes came after the head. */
static void receive(struct memory_head *head, void *bytes, size_t *n)
{
	struct iovec parts[] = {{head, sizeof *head}, {bytes, *n}};
	struct msghdr m = {.msg_iov = parts, .msg_iovlen = 2};
	ssize_t got = recvmsg(line, &m, 0);

	if (got < (ssize_t)sizeof *head)
		_exit(0); /* the other process is gone */
	*n = (size_t)got - sizeof *head;
}

static void say(enum memory_what what, unsigned long value, const void *bytes, size_t n)
{
	struct memory_head head = {.what = what, .value = value};
	struct iovec parts[] = {{&head, sizeof head}, {(void *)(uintptr_t)bytes, n}};
	struct msghdr m = {.msg_iov = parts, .msg_iovlen = 2};

	if (sendmsg(line, &m, MSG_NOSIGNAL) < 0)
		_exit(0);
}

/* ---- the way to card readers */

static enum error ask(enum memory_what what, uint32_t *insertion)
{
	struct memory_head head;
	size_t n = 0;

	say(what, 0, NULL, 0);
	receive(&head, NULL, &n);
	*insertion = head.insertion;
	return (enum error)head.value;
}

static enum error ops_open(void **self, bool may_create_threads)
{
	(void)may_create_threads;
	*self = &line;
	return E_OK;
}

static void ops_close(void *self)
{
	(void)self;
}

static enum error ops_list(void *self, struct reader_state *states, size_t *count)
{
	uint32_t insertion;
	enum error e = ask(MEMORY_LIST, &insertion);

	(void)self;
	*count = 1;
	states[0] = (struct reader_state){.name = MEMORY_READER, .present = insertion != 0, .insertion = insertion};
	return e;
}

static enum error ops_wait(void *self, const struct reader_state *seen, size_t count, int timeout_ms)
{
	(void)self, (void)seen, (void)count, (void)timeout_ms;
	return E_CANCELLED;
}

static enum error ops_begin(void *self, const char *reader, int wait_ms, struct reader_link *link)
{
	(void)reader, (void)wait_ms;
	*link = (struct reader_link){.self = self};
	return ask(MEMORY_BEGIN, &link->insertion);
}

static enum error ops_transmit(struct reader_link *link, const uint8_t *apdu, size_t n, uint8_t *response, size_t *len)
{
	struct memory_head head;

	(void)link;
	say(MEMORY_TRANSMIT, 0, apdu, n);
	receive(&head, response, len);
	return (enum error)head.value;
}

static void ops_end(struct reader_link *link, bool power_off)
{
	struct memory_head head;
	size_t n = 0;

	(void)link;
	say(MEMORY_END, power_off, NULL, 0);
	receive(&head, NULL, &n);
}

extern const struct reader_ops model_reader_ops; /* the model's modules ask for it by this name */

__attribute__((visibility("default"))) const struct reader_ops model_reader_ops = {
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

static CK_FUNCTION_LIST *p11;
static CK_SESSION_HANDLE session;

static CK_RV open_session(void)
{
	CK_SLOT_ID slot;
	CK_ULONG n = 1;
	CK_RV rv = p11->C_GetSlotList(CK_TRUE, &slot, &n);

	if (rv != CKR_OK || n == 0)
		return rv == CKR_OK ? CKR_TOKEN_NOT_PRESENT : rv;
	return p11->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session);
}

static CK_RV sign_init(void)
{
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_ATTRIBUTE template = {CKA_CLASS, &class, sizeof class};
	CK_MECHANISM mechanism = {CKM_SHA256_RSA_PKCS, NULL, 0};
	CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;
	CK_ULONG n = 0;
	CK_RV rv = p11->C_FindObjectsInit(session, &template, 1);

	if (rv == CKR_OK)
		rv = p11->C_FindObjects(session, &key, 1, &n);
	if (rv == CKR_OK)
		rv = p11->C_FindObjectsFinal(session);
	return rv == CKR_OK ? p11->C_SignInit(session, &mechanism, key) : rv;
}

static CK_RV carry_out(const struct memory_head *head, uint8_t *bytes, size_t n)
{
	CK_BYTE signature[512];
	CK_ULONG len = sizeof signature;
	CK_SESSION_INFO info;

	switch (head->what) {
	case MEMORY_INITIALIZE:
		return p11->C_Initialize(NULL);
	case MEMORY_OPEN:
		return open_session();
	case MEMORY_LOGIN:
		return p11->C_Login(session, CKU_USER, bytes, n);
	case MEMORY_CONSENT:
		return p11->C_Login(session, CKU_CONTEXT_SPECIFIC, bytes, n);
	case MEMORY_SIGN_INIT:
		return sign_init();
	case MEMORY_SIGN:
		return p11->C_Sign(session, (CK_BYTE *)"message", 7, signature, &len);
	case MEMORY_SET_PIN:
		return p11->C_SetPIN(session, bytes, head->value, bytes + head->value, n - head->value);
	case MEMORY_LOOK:
		return p11->C_GetSessionInfo(session, &info);
	case MEMORY_LOGOUT:
		return p11->C_Logout(session);
	case MEMORY_CLOSE:
		return p11->C_CloseSession(session);
	case MEMORY_FINALIZE:
		return p11->C_Finalize(NULL);
	default:
		return CKR_FUNCTION_NOT_SUPPORTED;
	}
}

int main(int argc, char **argv)
{
	uint8_t *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void *handle = argc == 3 ? dlopen(argv[2], RTLD_NOW | RTLD_LOCAL) : NULL;
	CK_C_GetFunctionList get;
	struct memory_head head;

	if (!handle || page == MAP_FAILED || madvise(page, PAGE, MADV_DONTDUMP) != 0) {
		fprintf(stderr, "%s\n", argc == 3 ? dlerror() : "usage: memory-client SOCKET MODULE");
		return 2;
	}
	line = atoi(argv[1]);
	*(void **)&get = dlsym(handle, "C_GetFunctionList");
	if (!get || get(&p11) != CKR_OK)
		return 2;
	for (;;) {
		size_t n = PAGE;
		CK_RV rv;

		receive(&head, page, &n);
		rv = carry_out(&head, page, n);
		explicit_bzero(page, PAGE);
		say(MEMORY_DONE, rv, NULL, 0);
	}
}
