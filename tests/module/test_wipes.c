/* SPDX-License-Identifier: BSD-2-Clause */
/* Each buffer of the module is looked at in the moment when it is freed or unmapped:
 * no PIN, no person, nothing of a certificate behind the PIN is in it, whether the
 * call succeeds, the link breaks at any command, or any allocation fails. */
#define _GNU_SOURCE
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "tests/module/rig.h"

#define PIN "QX7Z5W1KV93YJ8HB"
#define NEW_PIN "MG4U6PD2C0TN5RFL"
#define WRONG_PIN "WB5E8QH2ZK71XNV6"

enum { HALF = 8, PIECE = 16, NEEDLES_MAX = 16 };

struct needle {
	const char *what;
	uint8_t bytes[64];
	size_t n;
};

static struct {
	bool on; /* the module is at work: not the card, not the test */
	struct needle needles[NEEDLES_MAX];
	size_t n_needles;
	unsigned looked_at, found;
	const char *what; /* was found first, and where */
	const char *freed_by;
	unsigned allocations, fail_at; /* 0: none fails */
	bool failed;
	int mapped;
} watch;

/* ---- what the module calls instead: -Wl,--wrap */

void *__real_malloc(size_t n);
void *__real_calloc(size_t count, size_t n);
void __real_free(void *p);
void *__real_mmap(void *p, size_t n, int protection, int flags, int fd, off_t offset);
int __real_munmap(void *p, size_t n);
bool __real_vreader_transmit(struct vreader *r, const uint8_t *apdu, size_t n, uint8_t *response, size_t *len);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t count, size_t n);
void __wrap_free(void *p);
void *__wrap_mmap(void *p, size_t n, int protection, int flags, int fd, off_t offset);
int __wrap_munmap(void *p, size_t n);
bool __wrap_vreader_transmit(struct vreader *r, const uint8_t *apdu, size_t n, uint8_t *response, size_t *len);

static void look_at(const void *p, size_t n, const char *freed_by)
{
	if (!watch.on || !p)
		return;
	watch.looked_at++;
	for (size_t i = 0; i < watch.n_needles; i++) {
		if (!memmem(p, n, watch.needles[i].bytes, watch.needles[i].n))
			continue;
		if (watch.found++ == 0) {
			watch.what = watch.needles[i].what;
			watch.freed_by = freed_by;
		}
	}
}

static bool fails(void)
{
	bool now = watch.on && ++watch.allocations == watch.fail_at;

	watch.failed |= now;
	return now;
}

void *__wrap_malloc(size_t n)
{
	void *p = fails() ? NULL : __real_malloc(n);

	if (watch.on && p)
		memset(p, 0, malloc_usable_size(p)); /* it may have been the card's */
	return p;
}

void *__wrap_calloc(size_t count, size_t n)
{
	return fails() ? NULL : __real_calloc(count, n);
}

void __wrap_free(void *p)
{
	look_at(p, p ? malloc_usable_size(p) : 0, "free");
	__real_free(p);
}

void *__wrap_mmap(void *p, size_t n, int protection, int flags, int fd, off_t offset)
{
	if (fails())
		return MAP_FAILED;
	watch.mapped += watch.on;
	return __real_mmap(p, n, protection, flags, fd, offset);
}

int __wrap_munmap(void *p, size_t n)
{
	look_at(p, n, "munmap");
	watch.mapped -= watch.on;
	return __real_munmap(p, n);
}

/* What the card does with its own memory is not ours. */
bool __wrap_vreader_transmit(struct vreader *r, const uint8_t *apdu, size_t n, uint8_t *response, size_t *len)
{
	bool on = watch.on, there;

	watch.on = false;
	there = __real_vreader_transmit(r, apdu, n, response, len);
	watch.on = on;
	return there;
}

/* ---- calls of the module, watched */

static CK_RV watched(CK_RV rv)
{
	watch.on = false;
	return rv;
}

#define w(call) (watch.on = true, watched(call))

static void add_needle(const char *what, const void *bytes, size_t n)
{
	struct needle *needle = &watch.needles[watch.n_needles++];

	ck_assert(watch.n_needles <= NEEDLES_MAX && n <= sizeof needle->bytes);
	*needle = (struct needle){.what = what, .n = n};
	memcpy(needle->bytes, bytes, n);
}

static const struct kind {
	const char *name;
	enum vcard_kind kind;
	enum vcard_app app;
	bool person;
} kinds[] = {
	{"HPKI, authentication", VCARD_HPKI, VCARD_AUTH, false},
	{"HPKI, signature", VCARD_HPKI, VCARD_SIGN, false},
	{"JPKI, signature", VCARD_JPKI, VCARD_SIGN, true},
};

enum { N_KINDS = sizeof kinds / sizeof *kinds };

static struct scene {
	const struct kind *kind;
	struct vreader *reader;
	CK_SESSION_HANDLE session;
} s;

static CK_RV login(CK_USER_TYPE user, const char *pin)
{
	return w(p11->C_Login(s.session, user, (CK_UTF8CHAR *)(uintptr_t)pin, strlen(pin)));
}

static CK_RV sign_once(void)
{
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_ATTRIBUTE template = {CKA_CLASS, &class, sizeof class};
	CK_MECHANISM mechanism = {CKM_SHA256_RSA_PKCS, NULL, 0};
	CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;
	CK_BYTE signature[512];
	CK_ULONG n = 0, len = sizeof signature;
	CK_RV rv = w(p11->C_FindObjectsInit(s.session, &template, 1));

	if (rv == CKR_OK)
		rv = w(p11->C_FindObjects(s.session, &key, 1, &n));
	if (rv == CKR_OK)
		rv = w(p11->C_FindObjectsFinal(s.session));
	if (rv == CKR_OK)
		rv = w(p11->C_SignInit(s.session, &mechanism, key));
	return rv == CKR_OK ? w(p11->C_Sign(s.session, (CK_BYTE *)"message", 7, signature, &len)) : rv;
}

static CK_RV log_in_and_sign(void)
{
	CK_RV rv = login(CKU_USER, PIN);

	if (rv == CKR_OK)
		rv = sign_once();
	return rv == CKR_OK ? w(p11->C_Logout(s.session)) : rv;
}

/* A consent that is not used, and what C_Finalize finds. */
static CK_RV stay_logged_in(void)
{
	CK_RV rv = login(CKU_USER, PIN);

	return rv == CKR_OK && s.kind->app == VCARD_AUTH ? sign_once() : rv;
}

static CK_RV card_goes(void)
{
	CK_RV rv = login(CKU_USER, PIN);
	CK_SESSION_INFO info;

	vcard_free(vreader_remove(s.reader));
	if (rv == CKR_OK && w(p11->C_GetSessionInfo(s.session, &info)) == CKR_OK)
		rv = CKR_GENERAL_ERROR;
	return rv;
}

static CK_RV wrong_pin(void)
{
	CK_RV rv = login(CKU_USER, WRONG_PIN);

	return rv == CKR_PIN_INCORRECT ? CKR_OK : rv == CKR_OK ? CKR_GENERAL_ERROR : rv;
}

static CK_RV change_pin(void)
{
	static const char old[] = PIN, new[] = NEW_PIN;
	CK_RV rv = login(CKU_USER, old);

	if (rv == CKR_OK)
		rv = w(p11->C_SetPIN(s.session, (CK_UTF8CHAR *)(uintptr_t)old, strlen(old),
		                     (CK_UTF8CHAR *)(uintptr_t)new, strlen(new)));
	return rv == CKR_FUNCTION_NOT_SUPPORTED ? CKR_OK : rv;
}

static const struct script {
	const char *name;
	CK_RV (*run)(void);
} scripts[] = {
	{"signature", log_in_and_sign}, {"C_Finalize", stay_logged_in}, {"removal", card_goes}, {"wrong PIN", wrong_pin},
	{"change of PIN", change_pin},
};

enum { N_SCRIPTS = sizeof scripts / sizeof *scripts };

static CK_RV open_session(void)
{
	CK_SLOT_ID slot;
	CK_ULONG n = 1;
	CK_RV rv = w(p11->C_Initialize(NULL));

	if (rv == CKR_OK)
		rv = w(p11->C_GetSlotList(CK_TRUE, &slot, &n));
	if (rv == CKR_OK && n == 0)
		rv = CKR_TOKEN_NOT_PRESENT;
	return rv == CKR_OK ? w(p11->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &s.session)) : rv;
}

static void look_for_card(const struct vcard *card)
{
	size_t n;
	const uint8_t *der;

	watch.n_needles = 0;
	add_needle("PIN, first half", PIN, HALF);
	add_needle("PIN, second half", &PIN[HALF], HALF);
	add_needle("new PIN, first half", NEW_PIN, HALF);
	add_needle("new PIN, second half", &NEW_PIN[HALF], HALF);
	add_needle("wrong PIN, first half", WRONG_PIN, HALF);
	add_needle("wrong PIN, second half", &WRONG_PIN[HALF], HALF);
	if (!s.kind->person)
		return;
	der = vcard_certificate(card, VCARD_SIGN, &n);
	add_needle("name", "見本　太郎", sizeof "見本　太郎" - 1);
	add_needle("address", "見本町１丁目１番１号", sizeof "見本町１丁目１番１号" - 1);
	for (size_t i = 1; i < 5; i++)
		add_needle("certificate", der + n * i / 5, PIECE);
	add_needle("certificate's end", der + n - PIECE, PIECE);
}

/* The whole life of a module, with one fault in the script; false: the fault did not
 * come to pass any more. */
static bool run(const struct script *script, struct rig_line *line, unsigned fail_at, const char *what)
{
	struct vcard_spec spec;
	CK_RV rv;

	rig_spec(&spec, s.kind->kind);
	spec.pin[s.kind->app] = PIN;
	s.reader = rig_reader("Virtual Reader 00", &spec);
	look_for_card(vreader_card(s.reader));
	rv = open_session();
	watch.allocations = 0;
	watch.fail_at = fail_at;
	watch.failed = false;
	rig_line(line);
	if (rv == CKR_OK)
		rv = script->run();
	rig_line(NULL);
	if (fail_at == 0 && (!line || line->commands < line->nth))
		ck_assert_msg(rv == CKR_OK, "%s: %lx", s.kind->name, rv);
	watch.fail_at = 0;
	ok(w(p11->C_Finalize(NULL)));
	ck_assert_msg(watch.found == 0, "%s, %s, %s %u: the %s was in what was given to %s", s.kind->name, script->name,
	              what, line ? line->nth : fail_at, watch.what, watch.freed_by);
	ck_assert_msg(watch.mapped <= 1, "%s, %s %u: pages stay mapped", s.kind->name, what, /* the gate's stays */
	              line ? line->nth : fail_at);
	vcard_readers_remove(s.reader);
	vreader_free(s.reader);
	return line ? line->commands >= line->nth : watch.failed;
}

static void choose(int i)
{
	s.kind = &kinds[i % N_KINDS];
	rig_profiles(s.kind->app == VCARD_AUTH ? profiles_auth : profiles_sign);
}

START_TEST(test_success)
{
	choose(_i);
	run(&scripts[_i / N_KINDS], NULL, 0, "success");
	ck_assert_uint_gt(watch.looked_at, 20);
}
END_TEST

START_TEST(test_link_breaks)
{
	static const enum vcard_outcome outcomes[] = {VCARD_LOST, VCARD_CUT, VCARD_ONE_BYTE};
	unsigned n = 0;
	bool again;

	choose(_i);
	do {
		again = false;
		n += rig_sample() > 1 ? 7 : 1;
		for (size_t i = 0; i < sizeof outcomes / sizeof *outcomes; i++) {
			struct rig_line line = {.nth = n, .broken = 1, .outcome = outcomes[i]};

			again |= run(&scripts[_i / N_KINDS], &line, 0, "the link broken at command");
		}
	} while (again);
	ck_assert_uint_gt(n, 3);
}
END_TEST

START_TEST(test_no_memory)
{
	unsigned n = 0;

	choose(_i);
	do
		n += rig_sample() > 1 ? 7 : 1;
	while (run(&scripts[_i / N_KINDS], NULL, n, "no memory at allocation"));
	ck_assert_uint_gt(n, 3);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("wipes");
	TCase *t = tcase_create("wipes");

	tcase_set_timeout(t, 120);
	tcase_set_tags(t, "memory"); /* not valgrind's: it looks at what was never written, too */
	tcase_add_loop_test(t, test_success, 0, N_KINDS * N_SCRIPTS);
	tcase_add_loop_test(t, test_link_breaks, 0, N_KINDS * N_SCRIPTS);
	tcase_add_loop_test(t, test_no_memory, 0, N_KINDS * N_SCRIPTS);
	suite_add_tcase(suite, t);
	return rig_run(suite);
}
