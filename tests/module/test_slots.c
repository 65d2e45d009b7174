/* SPDX-License-Identifier: BSD-2-Clause */
/* Slots, hot-plug, events, C_Finalize, fork. */
#include <iconv.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "pkcs11/module.h"
#include "pkcs11/slot.h"
#include "pkcs11/module.h"
#include "pkcs11/slot.h"
#include "pkcs11/token.h"
#include "tests/module/rig.h"
#include "tests/vcard_reader.h"

static CK_ULONG slots(CK_BBOOL present, CK_SLOT_ID *list)
{
	CK_ULONG n = 0, room = 32;

	ok(p11->C_GetSlotList(present, NULL, &n));
	ok(p11->C_GetSlotList(present, list, &room));
	ck_assert_uint_eq(n, room);
	return n;
}

static void start(void)
{
	rig_profiles(profiles_auth);
	ok(p11->C_Initialize(NULL));
}

static void stop(struct vreader *a, struct vreader *b)
{
	p11->C_Finalize(NULL);
	if (a)
		vcard_readers_remove(a);
	if (b)
		vcard_readers_remove(b);
	vreader_free(a);
	vreader_free(b);
}

/* No reader, or no pcscd: one empty slot, removable, and no error. */
START_TEST(test_no_reader)
{
	CK_SLOT_ID list[32];
	CK_SLOT_INFO info;
	CK_TOKEN_INFO token;
	CK_SESSION_HANDLE session;

	vcard_readers_run(_i == 0);
	start();
	ck_assert_uint_eq(slots(CK_FALSE, list), 1);
	ok(p11->C_GetSlotInfo(list[0], &info));
	ck_assert(info.flags & CKF_REMOVABLE_DEVICE);
	ck_assert(!(info.flags & CKF_TOKEN_PRESENT));
	is(p11->C_GetTokenInfo(list[0], &token), CKR_TOKEN_NOT_PRESENT);
	is(p11->C_OpenSession(list[0], CKF_SERIAL_SESSION, NULL, NULL, &session), CKR_TOKEN_NOT_PRESENT);
	is(p11->C_GetSlotInfo(77, &info), CKR_SLOT_ID_INVALID);
	ck_assert_uint_eq(slots(CK_TRUE, list), 0);
	stop(NULL, NULL);
	vcard_readers_run(true);
}
END_TEST

/* pcscd starts after the program did, and is restarted under it. */
START_TEST(test_pcscd_restarts)
{
	CK_SLOT_ID list[32];
	struct vcard_spec spec;
	CK_SESSION_HANDLE session;
	struct vreader *r;

	rig_spec(&spec, VCARD_HPKI);
	r = rig_reader("A", &spec);
	vcard_readers_run(false);
	start();
	ck_assert_uint_eq(slots(CK_TRUE, list), 0);
	vcard_readers_run(true);
	ck_assert_uint_eq(slots(CK_TRUE, list), 1);
	session = rig_session(list[0]);
	ok(rig_login_in(session, CKU_USER, "1234"));
	vcard_readers_run(false);
	vcard_readers_run(true);
	/* its power was gone: who was logged in is no more, and nothing is sent to find out */
	is(rig_login_in(session, CKU_USER, "1234"), CKR_DEVICE_REMOVED);
	session = rig_session(list[0]);
	ok(rig_login_in(session, CKU_USER, "1234"));
	ck_assert_uint_eq(vcard_verifies(vreader_card(r), VCARD_AUTH), 2);
	stop(r, NULL);
}
END_TEST

/* Chromium lists slots once: a reader that comes later is in the empty slot. */
START_TEST(test_reader_takes_the_empty_slot)
{
	CK_SLOT_ID list[32], empty;
	CK_ULONG n = 32;
	CK_SLOT_INFO info;
	struct vcard_spec spec;
	struct vreader *r, *second;

	start();
	ck_assert_uint_eq(slots(CK_FALSE, list), 1);
	empty = list[0];
	rig_spec(&spec, VCARD_HPKI);
	r = rig_reader("A", &spec);
	ok(p11->C_GetSlotInfo(empty, &info));
	ck_assert(info.flags & CKF_TOKEN_PRESENT);
	ck_assert_int_eq(memcmp(info.slotDescription, "A  ", 3), 0);
	/* with a buffer the set does not grow; without one it does */
	second = rig_reader("B", NULL);
	ok(p11->C_GetSlotList(CK_FALSE, list, &n));
	ck_assert_uint_eq(n, 1);
	ck_assert_uint_eq(slots(CK_FALSE, list), 3);
	ck_assert_uint_eq(list[0], empty);
	stop(r, second);
}
END_TEST

/* A reader that is unplugged and comes back has its old slot; slots with a card
 * come first. */
START_TEST(test_ids_are_stable)
{
	CK_SLOT_ID list[32], a, b;
	struct vcard_spec spec;
	struct vreader *first, *second;

	rig_spec(&spec, VCARD_HPKI);
	first = rig_reader("A", NULL);
	second = rig_reader("B", &spec);
	start();
	ck_assert_uint_eq(slots(CK_FALSE, list), 3);
	b = list[0];
	a = list[1];
	ck_assert_uint_ne(a, b);
	ck_assert_uint_eq(slots(CK_TRUE, list), 1);
	ck_assert_uint_eq(list[0], b);
	vcard_readers_remove(second);
	ck_assert_uint_eq(slots(CK_TRUE, list), 0);
	ck_assert_uint_eq(slots(CK_FALSE, list), 3);
	vcard_readers_add(second);
	ck_assert_uint_eq(slots(CK_TRUE, list), 1);
	ck_assert_uint_eq(list[0], b);
	stop(first, second);
}
END_TEST

/* For the life of the process, C_Finalize or not. */
START_TEST(test_ids_outlive_finalize)
{
	CK_SLOT_ID list[32], b;
	struct vcard_spec spec;
	struct vreader *first, *second;

	rig_spec(&spec, VCARD_HPKI);
	first = rig_reader("A", NULL);
	second = rig_reader("B", &spec);
	start();
	slots(CK_TRUE, list);
	b = list[0];
	ok(p11->C_Finalize(NULL));
	vcard_readers_remove(first);
	ok(p11->C_Initialize(NULL));
	ck_assert_uint_eq(slots(CK_TRUE, list), 1);
	ck_assert_uint_eq(list[0], b);
	vcard_readers_add(first);
	ck_assert_uint_eq(slots(CK_FALSE, list), 3);
	stop(first, second);
}
END_TEST

START_TEST(test_removal_ends_sessions)
{
	CK_SESSION_HANDLE session, other;
	CK_SESSION_INFO info;
	CK_SLOT_ID list[32];
	struct vcard_spec spec;
	struct vcard *card;
	struct vreader *r;

	rig_spec(&spec, VCARD_HPKI);
	r = rig_reader("A", &spec);
	start();
	slots(CK_TRUE, list);
	session = rig_session(list[0]);
	other = rig_session(list[0]);
	ok(rig_login_in(session, CKU_USER, "1234"));
	ok(p11->C_GetSessionInfo(other, &info));
	ck_assert_uint_eq(info.state, CKS_RW_USER_FUNCTIONS);
	card = vreader_remove(r);
	is(p11->C_GetSessionInfo(session, &info), CKR_DEVICE_REMOVED);
	is(p11->C_GetSessionInfo(other, &info), CKR_SESSION_HANDLE_INVALID);
	is(p11->C_Logout(session), CKR_SESSION_HANDLE_INVALID);
	vreader_insert(r, card);
	is(p11->C_GetSessionInfo(session, &info), CKR_SESSION_HANDLE_INVALID);
	session = rig_session(list[0]);
	ck_assert_uint_gt(session, other);
	ok(p11->C_GetSessionInfo(session, &info));
	ck_assert_uint_eq(info.state, CKS_RW_PUBLIC_SESSION);
	stop(r, NULL);
}
END_TEST

/* Each session is told of its own card's removal, whoever else was told first. */
START_TEST(test_two_removals)
{
	CK_SESSION_HANDLE sessions[2];
	CK_SESSION_INFO info;
	CK_SLOT_ID list[32];
	struct vcard_spec spec;
	struct vreader *a, *b;

	rig_spec(&spec, VCARD_HPKI);
	a = rig_reader("Reader A", &spec);
	b = rig_reader("Reader B", &spec);
	start();
	ck_assert_uint_eq(slots(CK_TRUE, list), 2);
	for (int i = 0; i < 2; i++)
		sessions[i] = rig_session(list[i]);
	vcard_free(vreader_remove(a));
	vcard_free(vreader_remove(b));
	for (int i = 0; i < 2; i++)
		is(p11->C_GetSessionInfo(sessions[i], &info), CKR_DEVICE_REMOVED);
	for (int i = 0; i < 2; i++)
		is(p11->C_GetSessionInfo(sessions[i], &info), CKR_SESSION_HANDLE_INVALID);
	stop(a, b);
}
END_TEST

struct place {
	struct vreader *before, *now;
	bool replaced;
};

static void replace(void *arg)
{
	struct place *p = arg;

	ck_assert_uint_eq(vreader_events(p->before), vreader_events(p->now));
	vcard_readers_replace(p->before, p->now);
	p->replaced = true;
}

/* Another reader, whose card has the same insertion number, takes the place of the one
 * whose card has just been read, or been logged in to: nothing of that is its. */
START_TEST(test_reader_replaced)
{
	struct place p = {0};
	struct vcard_spec spec;
	struct vreader *third;
	CK_SESSION_HANDLE session = CK_INVALID_HANDLE;
	CK_SESSION_INFO session_info;
	CK_SLOT_INFO slot;
	CK_TOKEN_INFO info;
	CK_SLOT_ID list[32];
	CK_RV rv;

	rig_spec(&spec, VCARD_HPKI);
	p.before = rig_reader("Reader A", &spec);
	spec.name = "HANAKO SAMPLE";
	p.now = vreader_new("Reader B");
	vreader_insert(p.now, rig_card(&spec));
	start();
	ck_assert_uint_eq(slots(CK_TRUE, list), 1);
	third = rig_reader("Reader C", NULL);
	ok(p11->C_GetSlotInfo(list[0], &slot)); /* C takes the empty slot: A's is the only one left for B */
	if (_i) {
		session = rig_session(list[0]);
		ok(rig_login_in(session, CKU_USER, "1234"));
	}
	vcard_readers_listed(_i ? 1 : 2, replace, &p);
	rv = p11->C_GetTokenInfo(list[0], &info);
	ck_assert(p.replaced);
	ck_assert(rv == CKR_TOKEN_NOT_PRESENT ||
	          (rv == CKR_OK && rig_is_token(&info, vreader_card(p.now), VCARD_HPKI, VCARD_AUTH)));
	ok(p11->C_GetSlotInfo(list[0], &slot));
	ck_assert_int_eq(memcmp(slot.slotDescription, "Reader B", 8), 0);
	ok(p11->C_GetTokenInfo(list[0], &info));
	ck_assert(rig_is_token(&info, vreader_card(p.now), VCARD_HPKI, VCARD_AUTH));
	if (_i) {
		is(p11->C_GetSessionInfo(session, &session_info), CKR_DEVICE_REMOVED);
		session = rig_session(list[0]);
		ok(p11->C_GetSessionInfo(session, &session_info));
		ck_assert_uint_eq(session_info.state, CKS_RW_PUBLIC_SESSION);
	}
	stop(p.before, p.now);
	vcard_readers_remove(third);
	vreader_free(third);
}
END_TEST

/* A card of another kind, with the insertion number of the one that was in before
 * C_Finalize, is what it is. */
START_TEST(test_another_kind_after_finalize)
{
	struct vcard_spec spec;
	struct vreader *now;
	CK_TOKEN_INFO info;
	struct rig r;

	rig_spec(&spec, VCARD_HPKI);
	rig_start(&r, &spec, VCARD_AUTH);
	ok(p11->C_Finalize(NULL));
	rig_spec(&spec, VCARD_JPKI);
	now = vreader_new(vreader_name(r.reader));
	vreader_insert(now, rig_card(&spec));
	ck_assert_uint_eq(vreader_events(now), vreader_events(r.reader));
	vcard_readers_replace(r.reader, now);
	ok(p11->C_Initialize(NULL));
	ok(p11->C_GetTokenInfo(r.slot, &info));
	ck_assert(rig_is_token(&info, vreader_card(now), VCARD_JPKI, VCARD_AUTH));
	stop(r.reader, now);
}
END_TEST

struct change {
	struct rig *rig;
	struct vcard *before, *now;
};

static void change_and_look(void *arg)
{
	struct change *c = arg;
	CK_SLOT_INFO info;

	c->before = vreader_remove(c->rig->reader);
	vreader_insert(c->rig->reader, c->now);
	ok(p11->C_GetSlotInfo(c->rig->slot, &info));
}

/* The card is changed at each command of a login, and another call has seen that before
 * the login is over: nobody is logged in to the new one. */
START_TEST(test_changed_during_login)
{
	bool by_then = true;

	for (unsigned nth = 1; by_then; nth++) {
		struct change c = {0};
		struct rig_line line = {.call = change_and_look, .arg = &c, .nth = nth};
		struct vcard_spec spec;
		CK_SESSION_INFO info;
		struct rig r;
		CK_RV rv;

		rig_spec(&spec, _i ? VCARD_JPKI : VCARD_HPKI);
		rig_start(&r, &spec, VCARD_AUTH);
		spec.name = "HANAKO SAMPLE";
		c = (struct change){.rig = &r, .now = rig_card(&spec)};
		rig_line(&line);
		rv = rig_login(&r, CKU_USER, "1234");
		rig_line(NULL);
		by_then = line.called;
		ck_assert_int_eq(rv == CKR_OK, !by_then);
		if (by_then) {
			r.session = rig_session(r.slot);
			ok(p11->C_GetSessionInfo(r.session, &info));
			ck_assert_msg(info.state == CKS_RW_PUBLIC_SESSION, "changed at command %u", nth);
			ck_assert_uint_eq(vcard_verifies(c.now, VCARD_AUTH), 0);
		}
		vcard_free(by_then ? c.before : c.now);
		rig_stop(&r);
	}
}
END_TEST

START_TEST(test_sessions)
{
	CK_SESSION_HANDLE a, b;
	CK_SESSION_INFO info;
	struct vcard_spec spec;
	struct rig r;

	rig_spec(&spec, VCARD_HPKI);
	rig_start(&r, &spec, VCARD_AUTH);
	is(p11->C_OpenSession(r.slot, 0, NULL, NULL, &a), CKR_SESSION_PARALLEL_NOT_SUPPORTED);
	is(p11->C_OpenSession(r.slot, CKF_SERIAL_SESSION, NULL, NULL, NULL), CKR_ARGUMENTS_BAD);
	is(p11->C_OpenSession(99, CKF_SERIAL_SESSION, NULL, NULL, &a), CKR_SLOT_ID_INVALID);
	ok(p11->C_OpenSession(r.slot, CKF_SERIAL_SESSION, NULL, NULL, &a));
	ok(rig_login(&r, CKU_USER, "1234"));
	ok(p11->C_GetSessionInfo(a, &info));
	ck_assert_uint_eq(info.state, CKS_RO_USER_FUNCTIONS);
	ck_assert_uint_eq(info.slotID, r.slot);
	ok(p11->C_CloseSession(r.session));
	is(p11->C_CloseSession(r.session), CKR_SESSION_HANDLE_INVALID);
	ok(p11->C_GetSessionInfo(a, &info)); /* still logged in: a session is left */
	ck_assert_uint_eq(info.state, CKS_RO_USER_FUNCTIONS);
	ok(p11->C_CloseSession(a));
	b = rig_session(r.slot);
	ok(p11->C_GetSessionInfo(b, &info)); /* closing the last one has logged out */
	ck_assert_uint_eq(info.state, CKS_RW_PUBLIC_SESSION);
	ok(rig_login_in(b, CKU_USER, "1234"));
	ok(p11->C_CloseAllSessions(r.slot));
	is(p11->C_GetSessionInfo(b, &info), CKR_SESSION_HANDLE_INVALID);
	rig_stop(&r);
}
END_TEST

/* The PIN goes with the card, whichever call looks first. */
START_TEST(test_removal_wipes_pin)
{
	struct vcard_spec spec;
	CK_SLOT_INFO info;
	struct rig r;

	rig_spec(&spec, VCARD_HPKI);
	rig_start(&r, &spec, VCARD_AUTH);
	ok(rig_login(&r, CKU_USER, "1234"));
	ck_assert_ptr_nonnull(module.slots[r.slot].token->pin);
	vcard_free(vreader_remove(r.reader));
	ok(p11->C_GetSlotInfo(r.slot, &info));
	ck_assert_ptr_null(module.slots[r.slot].token); /* freed, with the PIN */
	ck_assert(!module.slots[r.slot].logged_in);
	is(p11->C_Logout(r.session), CKR_DEVICE_REMOVED);
	rig_stop(&r);
}
END_TEST

/* The application without a certificate in it is no token, and is looked at once. */
START_TEST(test_no_certificate)
{
	struct vcard_spec spec;
	struct vreader *r;
	CK_TOKEN_INFO info;
	CK_SLOT_ID list[32];
	unsigned apdus;

	rig_spec(&spec, VCARD_HPKI);
	spec.directory = VCARD_DIR_MISSING;
	spec.fid_cert = 0x0026;
	r = rig_reader("A", &spec);
	start();
	ck_assert_uint_ge(slots(CK_FALSE, list), 1);
	is(p11->C_GetTokenInfo(list[0], &info), CKR_TOKEN_NOT_RECOGNIZED);
	apdus = vreader_apdus(r);
	is(p11->C_GetTokenInfo(list[0], &info), CKR_TOKEN_NOT_RECOGNIZED);
	ck_assert_uint_eq(vreader_apdus(r), apdus);
	ck_assert_uint_eq(slots(CK_TRUE, list), 0);
	stop(r, NULL);
}
END_TEST

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

struct waiter {
	pthread_t thread;
	CK_SLOT_ID slot;
	CK_RV rv;
};

static void *wait_for_event(void *arg)
{
	struct waiter *w = arg;

	w->rv = p11->C_WaitForSlotEvent(0, &w->slot, NULL);
	return NULL;
}

static void start_waiter(struct waiter *w)
{
	ck_assert_int_eq(pthread_create(&w->thread, NULL, wait_for_event, w), 0);
	nanosleep(&(struct timespec){0, 100 * 1000 * 1000}, NULL);
}

/* Two threads wait; C_Finalize wakes both within a second. */
START_TEST(test_finalize_wakes)
{
	struct waiter w[2];
	double begun;

	start();
	start_waiter(&w[0]);
	start_waiter(&w[1]);
	begun = now();
	ok(p11->C_Finalize(NULL));
	pthread_join(w[0].thread, NULL);
	pthread_join(w[1].thread, NULL);
	ck_assert(now() - begun < 1.0);
	is(w[0].rv, CKR_CRYPTOKI_NOT_INITIALIZED);
	is(w[1].rv, CKR_CRYPTOKI_NOT_INITIALIZED);
	start(); /* and the next start works */
	ok(p11->C_Finalize(NULL));
}
END_TEST

START_TEST(test_events)
{
	CK_SLOT_ID slot, list[32];
	struct vcard_spec spec;
	struct waiter w;
	struct vreader *r;

	rig_spec(&spec, VCARD_HPKI);
	r = rig_reader("A", &spec);
	start();
	slots(CK_TRUE, list);
	/* what was in at C_Initialize is no event */
	is(p11->C_WaitForSlotEvent(CKF_DONT_BLOCK, &slot, NULL), CKR_NO_EVENT);
	is(p11->C_WaitForSlotEvent(CKF_DONT_BLOCK, NULL, NULL), CKR_ARGUMENTS_BAD);
	start_waiter(&w);
	/* other threads go on meanwhile */
	ok(rig_login_in(rig_session(list[0]), CKU_USER, "1234"));
	vcard_free(vreader_remove(r));
	pthread_join(w.thread, NULL);
	ok(w.rv);
	ck_assert_uint_eq(w.slot, list[0]);
	is(p11->C_WaitForSlotEvent(CKF_DONT_BLOCK, &slot, NULL), CKR_NO_EVENT);
	vreader_insert(r, rig_card(&spec));
	ok(p11->C_WaitForSlotEvent(CKF_DONT_BLOCK, &slot, NULL));
	ck_assert_uint_eq(slot, list[0]);
	stop(r, NULL);
}
END_TEST

START_TEST(test_initialize)
{
	CK_C_INITIALIZE_ARGS args = {.flags = CKF_OS_LOCKING_OK};
	CK_SLOT_ID slot;
	CK_INFO info;

	rig_profiles(profiles_auth);
	is(p11->C_Finalize(NULL), CKR_CRYPTOKI_NOT_INITIALIZED);
	is(p11->C_GetInfo(&info), CKR_CRYPTOKI_NOT_INITIALIZED);
	is(p11->C_WaitForSlotEvent(0, &slot, NULL), CKR_CRYPTOKI_NOT_INITIALIZED);
	args.CreateMutex = (CK_CREATEMUTEX)abort;
	is(p11->C_Initialize(&args), CKR_ARGUMENTS_BAD);
	args.DestroyMutex = (CK_DESTROYMUTEX)abort;
	args.LockMutex = (CK_LOCKMUTEX)abort;
	args.UnlockMutex = (CK_UNLOCKMUTEX)abort;
	args.flags = 0;
	is(p11->C_Initialize(&args), CKR_CANT_LOCK);
	args.flags = CKF_OS_LOCKING_OK;
	args.pReserved = &args;
	is(p11->C_Initialize(&args), CKR_ARGUMENTS_BAD);
	args.pReserved = NULL;
	ok(p11->C_Initialize(&args));
	is(p11->C_Initialize(&args), CKR_CRYPTOKI_ALREADY_INITIALIZED);
	is(p11->C_GetInfo(NULL), CKR_ARGUMENTS_BAD);
	is(p11->C_Finalize(&info), CKR_ARGUMENTS_BAD);
	ok(p11->C_Finalize(NULL));
}
END_TEST

static int child(CK_SESSION_HANDLE session, CK_SLOT_ID slot, const struct vreader *r)
{
	unsigned apdus = vreader_apdus(r);
	CK_SESSION_INFO info;
	CK_ULONG n = 0;

	if (p11->C_GetSessionInfo(session, &info) != CKR_CRYPTOKI_NOT_INITIALIZED ||
	    p11->C_Finalize(NULL) != CKR_CRYPTOKI_NOT_INITIALIZED || vreader_apdus(r) != apdus)
		return 1;
	if (p11->C_Initialize(NULL) != CKR_OK || p11->C_GetSlotList(CK_TRUE, NULL, &n) != CKR_OK || n != 1)
		return 2;
	if (p11->C_GetSessionInfo(session, &info) != CKR_SESSION_HANDLE_INVALID)
		return 3;
	if (p11->C_OpenSession(slot, CKF_SERIAL_SESSION, NULL, NULL, &session) != CKR_OK)
		return 4;
	if (p11->C_GetSessionInfo(session, &info) != CKR_OK || info.state != CKS_RO_PUBLIC_SESSION)
		return 5;
	return p11->C_Finalize(NULL) == CKR_OK ? 0 : 6;
}

/* Logged in, then fork: the child has nothing of it until its own C_Initialize,
 * and the parent goes on. */
START_TEST(test_fork)
{
	struct vcard_spec spec;
	struct rig r;
	int status = -1;
	pid_t pid;

	rig_spec(&spec, VCARD_HPKI);
	rig_start(&r, &spec, VCARD_AUTH);
	ok(rig_login(&r, CKU_USER, "1234"));
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		_exit(child(r.session, r.slot, r.reader));
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ok(rig_sign_checked(&r, r.session, CKM_SHA256_RSA_PKCS));
	rig_stop(&r);
}
END_TEST

/* The parent's lock is held by a thread that is not in the child: it must not wait. */
START_TEST(test_fork_under_lock)
{
	struct vcard_spec spec;
	struct rig r;
	int status = -1;
	pid_t pid;

	rig_spec(&spec, VCARD_HPKI);
	rig_start(&r, &spec, VCARD_AUTH);
	fflush(NULL);
	pthread_mutex_lock(&module.slots[r.slot].lock);
	module_lock();
	pid = fork();
	if (pid == 0) {
		alarm(10);
		_exit(child(r.session, r.slot, r.reader));
	}
	module_unlock();
	pthread_mutex_unlock(&module.slots[r.slot].lock);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	rig_stop(&r);
}
END_TEST

/* PC/SC has room for 16 readers, whose names are their drivers'. */
START_TEST(test_names_of_readers)
{
	static const char *const names[] = {
		"plain", "bad \xFF\xFE\xC0\xAF", "cut \xE3\x83", "\"quote\\ 'back`", "tab\tnew\nline", "\033[31mred", "surrogate \xED\xA0\x80",
		"<b>&amp;", "caf\xC3\xA9", "%3B;token=x", "\x7F", "\xC2\x9B[2J", "\xF8\x88\x80\x80\x80", " ",
		"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80"
		"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80",
		"\xE5\x8D\xB0\xE9\x91\x91\xE5\x8D\xB0\xE9\x91\x91\xE5\x8D\xB0\xE9\x91\x91\xE5\x8D\xB0\xE9\x91\x91\xE5\x8D\xB0\xE9\x91\x91"
		"\xE5\x8D\xB0\xE9\x91\x91\xE5\x8D\xB0\xE9\x91\x91\xE5\x8D\xB0\xE9\x91\x91\xE5\x8D\xB0\xE9\x91\x91\xE5\x8D\xB0\xE9\x91\x91\xE5\x8D\xB0\xE9\x91\x91"};
	enum { N = sizeof names / sizeof *names };
	iconv_t to = iconv_open("UCS-4LE", "UTF-8");
	struct vreader *readers[N];
	struct vcard_spec spec;
	CK_SLOT_ID list[32];
	CK_SLOT_INFO info;
	CK_ULONG n;

	rig_spec(&spec, VCARD_HPKI);
	for (int i = 0; i < N; i++)
		readers[i] = rig_reader(names[i], i == 1 ? &spec : NULL);
	start();
	n = slots(CK_FALSE, list);
	ck_assert_uint_ge(n, N);
	for (CK_ULONG i = 0; i < n; i++) {
		char out[sizeof info.slotDescription * 4], *in_at = (char *)info.slotDescription, *out_at = out;
		size_t left = sizeof info.slotDescription, room = sizeof out;

		ok(p11->C_GetSlotInfo(list[i], &info));
		ck_assert_msg(iconv(to, &in_at, &left, &out_at, &room) == 0, "slot %lu: no UTF-8", i);
		for (size_t k = 0; k < sizeof info.slotDescription; k++)
			ck_assert_msg(info.slotDescription[k] >= 0x20 && info.slotDescription[k] != 0x7F, "slot %lu: a control character", i);
	}
	iconv_close(to);
	ck_assert_uint_eq(slots(CK_TRUE, list), 1);
	ok(p11->C_GetSlotInfo(list[0], &info));
	ck_assert_int_eq(memcmp(info.slotDescription, "bad ????  ", 10), 0);
	n = rig_session(list[0]);
	ok(rig_login_in(n, CKU_USER, spec.pin[VCARD_AUTH]));
	ok(rig_sign_checked(&(struct rig){.app = VCARD_AUTH, .reader = readers[1]}, n, CKM_SHA256_RSA_PKCS));
	p11->C_Finalize(NULL);
	for (int i = 0; i < N; i++) {
		vcard_readers_remove(readers[i]);
		vreader_free(readers[i]);
	}
}
END_TEST

static void finalize(void)
{
	if (p11->C_Finalize(NULL) != CKR_OK)
		_exit(2);
}

/* A program that finalizes in atexit, after libcrypto has cleaned itself up, with a
 * certificate parsed and a signature begun. check runs each test in a process
 * of its own, at whose end this happens. */
START_TEST(test_finalize_at_exit)
{
	CK_MECHANISM m = {CKM_SHA256_RSA_PKCS, NULL, 0};
	struct vcard_spec spec;
	struct rig r;

	atexit(finalize); /* before libcrypto's own, which runs before it */
	rig_spec(&spec, VCARD_HPKI);
	rig_start(&r, &spec, VCARD_AUTH);
	ok(rig_login(&r, CKU_USER, "1234"));
	ok(p11->C_SignInit(r.session, &m, rig_find(r.session, CKO_PRIVATE_KEY)));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("slots");
	TCase *t = tcase_create("slots");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, test_no_reader, 0, 2);
	tcase_add_test(t, test_names_of_readers);
	tcase_add_test(t, test_pcscd_restarts);
	tcase_add_test(t, test_reader_takes_the_empty_slot);
	tcase_add_test(t, test_ids_are_stable);
	tcase_add_test(t, test_ids_outlive_finalize);
	tcase_add_test(t, test_removal_ends_sessions);
	tcase_add_test(t, test_two_removals);
	tcase_add_loop_test(t, test_reader_replaced, 0, 2);
	tcase_add_test(t, test_another_kind_after_finalize);
	tcase_add_loop_test(t, test_changed_during_login, 0, 2);
	tcase_add_test(t, test_sessions);
	tcase_add_test(t, test_no_certificate);
	tcase_add_test(t, test_removal_wipes_pin);
	tcase_add_test(t, test_finalize_wakes);
	tcase_add_test(t, test_events);
	tcase_add_test(t, test_initialize);
	tcase_add_test(t, test_fork);
	tcase_add_test(t, test_fork_under_lock);
	suite_add_tcase(s, t);
	/* what libcrypto has let go of is left, not freed: no test for a leak checker */
	t = tcase_create("exit");
	tcase_set_tags(t, "leaves-memory");
	tcase_add_test(t, test_finalize_at_exit);
	suite_add_tcase(s, t);
	return rig_run(s);
}
