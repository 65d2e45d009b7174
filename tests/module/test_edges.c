/* SPDX-License-Identifier: BSD-2-Clause */
/* The process's edge and other programs: forked children with threads, cancelled
 * threads, C_Finalize under calls that wait, an exit without it, and what is
 * answered while another program holds the card. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "pkcs11/session.h"
#include "pkcs11/token.h"
#include "tests/module/rig.h"
#include "tests/vcard_reader.h"

static void pause_ms(long ms)
{
	nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

static void start(struct rig *r, struct vcard_spec *spec)
{
	rig_spec(spec, VCARD_HPKI);
	spec->layout = VCARD_ANNEX_B;
	rig_start(r, spec, VCARD_AUTH);
}

/* Another program's transaction on the reader. */
struct holder {
	void *self;
	struct reader_link link;
};

static void hold(struct holder *h, const struct rig *r)
{
	ck_assert_int_eq(vcard_reader_ops.open(&h->self, true), E_OK);
	ck_assert_int_eq(vcard_reader_ops.begin(h->self, vreader_name(r->reader), 1000, &h->link), E_OK);
}

static void let_go(struct holder *h)
{
	vcard_reader_ops.end(&h->link, false);
	vcard_reader_ops.close(h->self);
}

static void *initialize(void *arg)
{
	CK_RV rv = p11->C_Initialize(NULL);
	CK_ULONG n;

	if (rv != CKR_OK && rv != CKR_CRYPTOKI_ALREADY_INITIALIZED)
		_exit(1);
	if (p11->C_GetSlotList(CK_TRUE, NULL, &n) != CKR_OK || n != 1)
		_exit(2);
	++*(atomic_uint *)arg;
	return NULL;
}

enum { CHILDREN = 50, THREADS = 6 };

static void threads_in_child(void)
{
	pthread_t threads[THREADS];
	atomic_uint done = 0;

	alarm(20);
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, initialize, &done) != 0)
			_exit(3);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	_exit(done == THREADS && p11->C_Finalize(NULL) == CKR_OK ? 0 : 4);
}

/* One thread forgets the parent, whichever it is. */
START_TEST(test_threads_of_a_child)
{
	struct vcard_spec spec;
	struct rig r;

	start(&r, &spec);
	ok(rig_login(&r, CKU_USER, spec.pin[VCARD_AUTH]));
	for (int i = 0; i < CHILDREN; i++) {
		int status = -1;
		pid_t pid = fork();

		if (pid == 0)
			threads_in_child();
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		ck_assert_msg(status == 0, "child %d: %x", i, status);
	}
	ok(rig_sign_checked(&r, r.session, CKM_SHA256_RSA_PKCS));
	rig_stop(&r);
}
END_TEST

static CK_RV sign_in_thread;

static void *sign(void *arg)
{
	struct rig *r = arg;
	uint8_t signature[256];
	CK_ULONG len = sizeof signature;

	sign_in_thread = rig_sign(r->session, CKM_SHA256_RSA_PKCS, signature, &len);
	for (;;)
		pause();
	return NULL;
}

static void *lists(void *arg)
{
	CK_SLOT_ID slot;
	CK_ULONG n;

	for (;;) {
		p11->C_GetSlotList(CK_FALSE, NULL, &n);
		p11->C_WaitForSlotEvent(CKF_DONT_BLOCK, &slot, NULL);
		++*(atomic_uint *)arg;
		pthread_testcancel();
	}
	return NULL;
}

/* A thread that is cancelled inside a call ends after it: no lock stays behind,
 * no card stays unlocked. */
START_TEST(test_cancelled_threads)
{
	struct vcard_spec spec;
	pthread_t thread;
	struct rig r;

	start(&r, &spec);
	ok(rig_login(&r, CKU_USER, spec.pin[VCARD_AUTH]));
	for (int i = 0; i < 40; i++) {
		atomic_uint rounds = 0;

		ck_assert_int_eq(pthread_create(&thread, NULL, lists, &rounds), 0);
		while (rounds == 0)
			pause_ms(1);
		pthread_cancel(thread);
		pthread_join(thread, NULL);
	}
	vreader_delay(r.reader, 30);
	sign_in_thread = CKR_GENERAL_ERROR;
	ck_assert_int_eq(pthread_create(&thread, NULL, sign, &r), 0);
	pause_ms(60);
	pthread_cancel(thread);
	pthread_join(thread, NULL);
	ok(sign_in_thread);
	vreader_delay(r.reader, 0);
	ck_assert(rig_is_locked(&r));
	ok(rig_sign_checked(&r, r.session, CKM_SHA256_RSA_PKCS));
	rig_stop(&r);
}
END_TEST

struct login {
	pthread_t thread;
	struct rig *rig;
	CK_RV rv;
	atomic_bool over;
};

static void *log_in(void *arg)
{
	struct login *l = arg;

	l->rv = rig_login(l->rig, CKU_USER, "1234");
	l->over = true;
	return NULL;
}

static void start_login(struct login *l, struct rig *r)
{
	*l = (struct login){.rig = r, .rv = CKR_GENERAL_ERROR};
	ck_assert_int_eq(pthread_create(&l->thread, NULL, log_in, l), 0);
	pause_ms(100);
}

/* A thread waits for another program's transaction: C_Finalize ends that. */
START_TEST(test_finalize_while_one_waits)
{
	struct vcard_spec spec;
	struct holder other;
	struct login l;
	struct rig r;

	start(&r, &spec);
	hold(&other, &r);
	start_login(&l, &r);
	ok(p11->C_Finalize(NULL));
	pthread_join(l.thread, NULL);
	is(l.rv, CKR_CRYPTOKI_NOT_INITIALIZED);
	ck_assert_uint_eq(vcard_verifies(r.card, VCARD_AUTH), 0);
	let_go(&other);
	ok(p11->C_Initialize(NULL));
	r.session = rig_session(r.slot);
	ok(rig_login(&r, CKU_USER, "1234"));
	rig_stop(&r);
}
END_TEST

/* A card that takes seconds for each command: C_Finalize leaves it to the call
 * that is inside, and C_Initialize works when that is out. */
START_TEST(test_finalize_while_the_card_hangs)
{
	struct vcard_spec spec;
	CK_SESSION_INFO info;
	CK_RV again;
	struct login l;
	struct rig r;

	start(&r, &spec);
	vreader_delay(r.reader, 1200);
	start_login(&l, &r);
	ok(p11->C_Finalize(NULL));
	ck_assert(!l.over);
	is(p11->C_GetSessionInfo(r.session, &info), CKR_CRYPTOKI_NOT_INITIALIZED);
	is(p11->C_Finalize(NULL), CKR_CRYPTOKI_NOT_INITIALIZED);
	again = p11->C_Initialize(NULL);
	ck_assert(again == CKR_OK || again == CKR_FUNCTION_FAILED);
	vreader_delay(r.reader, 0);
	pthread_join(l.thread, NULL);
	if (again != CKR_OK)
		ok(p11->C_Initialize(NULL));
	is(p11->C_GetSessionInfo(r.session, &info), CKR_SESSION_HANDLE_INVALID);
	r.session = rig_session(r.slot);
	ok(rig_login(&r, CKU_USER, "1234"));
	ck_assert_uint_eq(vcard_tries(r.card, VCARD_AUTH), spec.tries[VCARD_AUTH]);
	rig_stop(&r);
}
END_TEST

/* The call is answered while the login still waits for the other program. */
#define QUICK(call) \
	do { \
		ok(call); \
		ck_assert_msg(!l.over, "%s waited for the other program", #call); \
	} while (0)

/* Another program holds a transaction, and a thread of ours waits for it: what is in
 * memory is answered at once. */
START_TEST(test_nobody_freezes_us)
{
	uint8_t value[4096];
	CK_ATTRIBUTE a = {CKA_VALUE, value, sizeof value};
	CK_SESSION_HANDLE other, more;
	CK_OBJECT_HANDLE cert, found[8];
	CK_MECHANISM_TYPE mechanisms[64];
	CK_SLOT_ID slots[8];
	CK_SLOT_INFO slot_info;
	CK_TOKEN_INFO token_info;
	CK_SESSION_INFO session_info;
	CK_ULONG n = 8, m = 64;
	struct vcard_spec spec;
	struct holder h;
	struct login l;
	struct rig r;

	start(&r, &spec);
	other = rig_session(r.slot);
	cert = rig_find(r.session, CKO_CERTIFICATE);
	hold(&h, &r);
	start_login(&l, &r);
	QUICK(p11->C_GetAttributeValue(other, cert, &a, 1));
	QUICK(p11->C_FindObjectsInit(other, NULL, 0));
	QUICK(p11->C_FindObjects(other, found, 8, &n));
	QUICK(p11->C_FindObjectsFinal(other));
	n = 8;
	QUICK(p11->C_GetSlotList(CK_TRUE, slots, &n));
	ck_assert_uint_eq(n, 1);
	QUICK(p11->C_GetSlotInfo(r.slot, &slot_info));
	QUICK(p11->C_GetTokenInfo(r.slot, &token_info));
	QUICK(p11->C_GetSessionInfo(other, &session_info));
	QUICK(p11->C_GetMechanismList(r.slot, mechanisms, &m));
	QUICK(p11->C_GetObjectSize(other, cert, &n));
	QUICK(p11->C_OpenSession(r.slot, CKF_SERIAL_SESSION, NULL, NULL, &more));
	QUICK(p11->C_CloseSession(more));
	QUICK(p11->C_CloseSession(other));
	let_go(&h);
	pthread_join(l.thread, NULL);
	ok(l.rv);
	rig_stop(&r);
}
END_TEST

/* What the application says of threads reaches those who would make one. */
START_TEST(test_threads_forbidden)
{
	CK_C_INITIALIZE_ARGS args = {.flags = CKF_OS_LOCKING_OK};

	rig_profiles(profiles_auth);
	ok(p11->C_Initialize(NULL));
	ck_assert(vcard_readers_may_create_threads());
	ok(p11->C_Finalize(NULL));
	ok(p11->C_Initialize(&args));
	ck_assert(vcard_readers_may_create_threads());
	ok(p11->C_Finalize(NULL));
	args.flags |= CKF_LIBRARY_CANT_CREATE_OS_THREADS;
	ok(p11->C_Initialize(&args));
	ck_assert(!vcard_readers_may_create_threads());
	ok(p11->C_Finalize(NULL));
}
END_TEST

/* All sessions are closed while another thread logs in with one: its login fails,
 * and no PIN is stored. */
START_TEST(test_sessions_closed_during_login)
{
	struct vcard_spec spec;
	CK_SESSION_INFO info;
	struct login l;
	struct rig r;

	start(&r, &spec);
	vreader_delay(r.reader, 50);
	start_login(&l, &r);
	if (_i)
		QUICK(p11->C_CloseAllSessions(r.slot));
	else
		QUICK(p11->C_CloseSession(r.session));
	pthread_join(l.thread, NULL);
	is(l.rv, CKR_SESSION_CLOSED);
	ck_assert_ptr_null(module.slots[r.slot].token->pin);
	r.session = rig_session(r.slot);
	ok(p11->C_GetSessionInfo(r.session, &info));
	ck_assert_uint_eq(info.state, CKS_RW_PUBLIC_SESSION);
	ok(rig_login(&r, CKU_USER, "1234"));
	ck_assert(rig_is_locked(&r));
	rig_stop(&r);
}
END_TEST

static struct {
	char folder[32], path[64];
} settings;

static void write_settings(const char *line)
{
	FILE *f;

	strcpy(settings.folder, "/tmp/inkan-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(settings.folder));
	setenv("XDG_CONFIG_HOME", settings.folder, 1);
	snprintf(settings.path, sizeof settings.path, "%s/inkan", settings.folder);
	ck_assert_int_eq(mkdir(settings.path, 0700), 0);
	snprintf(settings.path, sizeof settings.path, "%s/inkan/inkan.conf", settings.folder);
	f = fopen(settings.path, "w");
	ck_assert_ptr_nonnull(f);
	fputs(line, f);
	fclose(f);
}

static void remove_settings(void)
{
	unlink(settings.path);
	*strrchr(settings.path, '/') = '\0';
	rmdir(settings.path);
	rmdir(settings.folder);
}

/* The settings' own words: a card of another family is a foreign one, no CA certificates
 * are shown, another reader is not there. */
START_TEST(test_settings)
{
	static const char *const lines[] = {"card = hpki\n", "card = jpki\n", "ca-certificates = hide\n",
	                                    "reader = Another\n"};
	static const CK_ULONG cards[] = {1, 0, 1, 0}, certificates[] = {2, 0, 1, 0};
	CK_OBJECT_CLASS class = CKO_CERTIFICATE;
	CK_ATTRIBUTE template = {CKA_CLASS, &class, sizeof class};
	CK_TOKEN_INFO info;
	CK_ULONG n = 0;
	struct vcard_spec spec;
	struct rig r;

	write_settings(lines[_i]);
	rig_profiles(profiles_auth);
	rig_spec(&spec, VCARD_HPKI);
	spec.layout = VCARD_ANNEX_B;
	r.reader = rig_reader("Virtual Reader 00", &spec);
	ok(p11->C_Initialize(NULL));
	ok(p11->C_GetSlotList(CK_TRUE, NULL, &n));
	ck_assert_uint_eq(n, cards[_i]);
	if (n)
		ck_assert_uint_eq(rig_count(rig_session(0), &template, 1), certificates[_i]);
	else
		is(p11->C_GetTokenInfo(0, &info), _i == 1 ? CKR_TOKEN_NOT_RECOGNIZED : CKR_TOKEN_NOT_PRESENT);
	remove_settings();
	rig_stop(&r);
}
END_TEST

/* Who has settled that the card can do RSASSA-PSS keeps it, and the sessions. */
START_TEST(test_settled_pss)
{
	uint8_t signature[256];
	CK_ULONG len = sizeof signature;
	CK_SESSION_INFO info;
	struct vcard_spec spec;
	struct rig r;

	write_settings("pss = on\n");
	rig_spec(&spec, VCARD_HPKI);
	spec.no_pss = true;
	rig_start(&r, &spec, VCARD_AUTH);
	ok(rig_login(&r, CKU_USER, "1234"));
	is(rig_sign(r.session, CKM_SHA256_RSA_PKCS_PSS, signature, &len), CKR_DEVICE_ERROR);
	ok(p11->C_GetSessionInfo(r.session, &info));
	ck_assert_uint_eq(info.state, CKS_RW_USER_FUNCTIONS);
	ck_assert(rig_lists(r.slot, CKM_SHA256_RSA_PKCS_PSS));
	remove_settings();
	rig_stop(&r);
}
END_TEST

/* The last try, once it is allowed. */
START_TEST(test_allowed_last_try)
{
	struct vcard_spec spec;
	struct rig r;

	write_settings(_i ? "last-try = allow\n" : "last-try = keep\n");
	rig_spec(&spec, VCARD_JPKI);
	rig_start(&r, &spec, VCARD_AUTH);
	vcard_set_tries(r.card, VCARD_AUTH, 1);
	is(rig_login(&r, CKU_USER, "1234"), _i ? CKR_OK : CKR_FUNCTION_REJECTED);
	if (_i)
		ok(p11->C_Logout(r.session));
	vcard_set_tries(r.card, VCARD_AUTH, 1);
	is(p11->C_SetPIN(r.session, (CK_UTF8CHAR *)"1234", 4, (CK_UTF8CHAR *)"4321", 4),
	   _i ? CKR_OK : CKR_FUNCTION_REJECTED);
	remove_settings();
	rig_stop(&r);
}
END_TEST

static const struct token *at_exit;

static void check_wiped(void)
{
	if (at_exit->pin || module.slots[0].logged_in)
		_exit(5);
	_exit(0);
}

/* Registered before the module's own destructor is run, and so run after it. */
__attribute__((destructor(101))) static void after_all(void)
{
	if (at_exit)
		check_wiped();
}

/* A process that ends without C_Finalize leaves no PIN. */
START_TEST(test_exit_wipes)
{
	struct vcard_spec spec;
	struct rig r;
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		start(&r, &spec);
		ok(rig_login(&r, CKU_USER, spec.pin[VCARD_AUTH]));
		at_exit = module.slots[r.slot].token;
		if (!at_exit->pin)
			_exit(6);
		exit(7);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}
END_TEST

/* PKCS#11 5.2, 5.13: which errors end a signature, and which do not. */
START_TEST(test_how_signatures_end)
{
	CK_MECHANISM m = {CKM_SHA256_RSA_PKCS, NULL, 0};
	CK_BYTE signature[256], *x = (CK_BYTE *)"x";
	CK_ULONG len = 255;
	struct vcard_spec spec;
	CK_OBJECT_HANDLE key;
	unsigned apdus;
	struct rig r;

	start(&r, &spec);
	ok(rig_login(&r, CKU_USER, spec.pin[VCARD_AUTH]));
	key = rig_find(r.session, CKO_PRIVATE_KEY);
	apdus = vreader_apdus(r.reader);
	/* a question for the length and a small buffer do not */
	ok(p11->C_SignInit(r.session, &m, key));
	is(p11->C_Sign(r.session, x, 1, signature, &len), CKR_BUFFER_TOO_SMALL);
	ck_assert_uint_eq(len, 256);
	ok(p11->C_Sign(r.session, x, 1, NULL, &len));
	/* C_SignFinal would sign the empty message */
	is(p11->C_SignFinal(r.session, signature, &len), CKR_OPERATION_ACTIVE);
	is(p11->C_SignFinal(r.session, signature, &len), CKR_OPERATION_NOT_INITIALIZED);
	/* C_Sign after C_SignUpdate */
	ok(p11->C_SignInit(r.session, &m, key));
	ok(p11->C_SignUpdate(r.session, x, 1));
	is(p11->C_Sign(r.session, x, 1, signature, &len), CKR_OPERATION_ACTIVE);
	is(p11->C_SignFinal(r.session, signature, &len), CKR_OPERATION_NOT_INITIALIZED);
	/* arguments */
	ok(p11->C_SignInit(r.session, &m, key));
	is(p11->C_Sign(r.session, NULL, 1, signature, &len), CKR_ARGUMENTS_BAD);
	is(p11->C_Sign(r.session, x, 1, signature, &len), CKR_OPERATION_NOT_INITIALIZED);
	ok(p11->C_SignInit(r.session, &m, key));
	is(p11->C_Sign(r.session, x, 1, signature, NULL), CKR_ARGUMENTS_BAD);
	is(p11->C_SignUpdate(r.session, x, 1), CKR_OPERATION_NOT_INITIALIZED);
	ok(p11->C_SignInit(r.session, &m, key));
	is(p11->C_SignFinal(r.session, signature, NULL), CKR_ARGUMENTS_BAD);
	is(p11->C_SignFinal(r.session, signature, &len), CKR_OPERATION_NOT_INITIALIZED);
	ok(p11->C_SignInit(r.session, &m, key));
	is(p11->C_SignUpdate(r.session, NULL, 1), CKR_ARGUMENTS_BAD);
	is(p11->C_SignUpdate(r.session, x, 1), CKR_OPERATION_NOT_INITIALIZED);
	/* another operation is not ended by what is not its own */
	ok(p11->C_FindObjectsInit(r.session, NULL, 0));
	is(p11->C_Sign(r.session, x, 1, signature, &len), CKR_OPERATION_NOT_INITIALIZED);
	is(p11->C_SignInit(r.session, &m, key), CKR_OPERATION_ACTIVE);
	ok(p11->C_FindObjectsFinal(r.session));
	ck_assert_uint_eq(vreader_apdus(r.reader), apdus);
	rig_stop(&r);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("edges");
	TCase *t = tcase_create("edges");

	tcase_set_timeout(t, 120);
	tcase_add_test(t, test_threads_of_a_child);
	tcase_add_test(t, test_how_signatures_end);
	tcase_add_loop_test(t, test_settings, 0, 4);
	tcase_add_test(t, test_settled_pss);
	tcase_add_loop_test(t, test_allowed_last_try, 0, 2);
	suite_add_tcase(s, t);
	t = tcase_create("times"); /* valgrind has others */
	tcase_set_timeout(t, 120);
	tcase_set_tags(t, "times");
	tcase_add_test(t, test_finalize_while_one_waits);
	tcase_add_test(t, test_finalize_while_the_card_hangs);
	tcase_add_test(t, test_nobody_freezes_us);
	tcase_add_test(t, test_threads_forbidden);
	tcase_add_loop_test(t, test_sessions_closed_during_login, 0, 2);
	suite_add_tcase(s, t);
	t = tcase_create("cancelled"); /* AddressSanitizer's own end of a thread does not bear it */
	tcase_set_tags(t, "cancelled");
	tcase_set_timeout(t, 60);
	tcase_add_test(t, test_cancelled_threads);
	suite_add_tcase(s, t);
	t = tcase_create("exit");
	tcase_set_tags(t, "leaves-memory");
	tcase_add_test(t, test_exit_wipes);
	suite_add_tcase(s, t);
	return rig_run(s);
}
