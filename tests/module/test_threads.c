/* SPDX-License-Identifier: BSD-2-Clause */
/* Many threads on two cards while a third reader's card comes and goes: every
 * signature is right, no call hangs, and C_Finalize waits for those under way. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "tests/check_case.h"
#include "tests/module/rig.h"
#include "tests/vcard_reader.h"

enum { THREADS = 4, SIGNATURES = 25 };

static atomic_bool stop;

struct worker {
	pthread_t thread;
	struct rig *rig;
	unsigned done;
};

static void *sign_and_sign(void *arg)
{
	struct worker *w = arg;
	CK_SESSION_HANDLE session = rig_session(w->rig->slot);

	for (int i = 0; i < SIGNATURES; i++)
		if (rig_sign_checked(w->rig, session, i % 2 ? CKM_SHA256_RSA_PKCS : CKM_SHA256_RSA_PKCS_PSS) == CKR_OK)
			w->done++;
	p11->C_CloseSession(session);
	return NULL;
}

/* What NSS does on its user-interface thread. */
static void *poll_slots(void *arg)
{
	CK_SLOT_INFO info;
	CK_TOKEN_INFO token;
	CK_ULONG n;

	(void)arg;
	while (!stop) {
		p11->C_GetSlotList(CK_FALSE, NULL, &n);
		for (CK_SLOT_ID id = 0; id < 4; id++) {
			p11->C_GetSlotInfo(id, &info);
			p11->C_GetTokenInfo(id, &token);
		}
	}
	return NULL;
}

static void *come_and_go(void *arg)
{
	struct vreader *r = arg;
	struct vcard *card;

	while (!stop) {
		card = vreader_remove(r);
		nanosleep(&(struct timespec){0, 1000 * 1000}, NULL);
		vreader_insert(r, card);
		nanosleep(&(struct timespec){0, 3000 * 1000}, NULL);
	}
	return NULL;
}

static void *wait_for_events(void *arg)
{
	CK_SLOT_ID slot;

	while (p11->C_WaitForSlotEvent(0, &slot, NULL) == CKR_OK)
		++*(unsigned *)arg;
	return NULL;
}

static void run_workers(struct rig *rigs)
{
	struct worker w[THREADS];

	for (int i = 0; i < THREADS; i++) {
		w[i] = (struct worker){.rig = &rigs[i % 2]};
		ck_assert_int_eq(pthread_create(&w[i].thread, NULL, sign_and_sign, &w[i]), 0);
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(w[i].thread, NULL);
		ck_assert_uint_eq(w[i].done, SIGNATURES);
	}
}

START_TEST(test_threads)
{
	static const char *const pins[] = {"1234", "4321"};
	pthread_t poller, plugger, waiter;
	struct vreader *third;
	struct vcard_spec spec;
	struct rig rigs[2];
	CK_SLOT_ID slots[8];
	CK_ULONG n = 8;
	unsigned events = 0;

	rig_profiles(profiles_auth);
	for (int i = 0; i < 2; i++) {
		rig_spec(&spec, i ? VCARD_JPKI : VCARD_HPKI);
		spec.pin[VCARD_AUTH] = pins[i];
		rigs[i].app = VCARD_AUTH;
		rigs[i].reader = rig_reader(i ? "B" : "A", &spec);
		rigs[i].card = vreader_card(rigs[i].reader);
	}
	third = rig_reader("C", &spec);
	ok(p11->C_Initialize(NULL));
	ok(p11->C_GetSlotList(CK_FALSE, slots, &n));
	for (int i = 0; i < 2; i++) {
		rigs[i].slot = slots[i];
		rigs[i].session = rig_session(slots[i]);
		ok(rig_login(&rigs[i], CKU_USER, pins[i]));
	}
	pthread_create(&poller, NULL, poll_slots, NULL);
	pthread_create(&plugger, NULL, come_and_go, third);
	pthread_create(&waiter, NULL, wait_for_events, &events);
	run_workers(rigs);
	stop = true;
	pthread_join(poller, NULL);
	pthread_join(plugger, NULL);
	ok(p11->C_Finalize(NULL));
	pthread_join(waiter, NULL);
	ck_assert_uint_gt(events, 0);
	for (int i = 0; i < 2; i++) {
		ck_assert(rig_is_locked(&rigs[i]));
		vcard_readers_remove(rigs[i].reader);
		vreader_free(rigs[i].reader);
	}
	vcard_readers_remove(third);
	vreader_free(third);
}
END_TEST

static CK_OBJECT_HANDLE finalize_key;
static atomic_uint signed_before;

/* C_Finalize while others sign: each call ends with a code, none with a crash. */
static void *sign_until_the_end(void *arg)
{
	struct rig *r = arg;
	CK_OBJECT_HANDLE key = finalize_key;
	uint8_t signature[256];
	CK_MECHANISM m = {CKM_SHA256_RSA_PKCS, NULL, 0};
	CK_RV rv = CKR_OK;

	while (rv != CKR_CRYPTOKI_NOT_INITIALIZED && rv != CKR_SESSION_HANDLE_INVALID) {
		CK_ULONG len = sizeof signature;

		rv = p11->C_SignInit(r->session, &m, key);
		if (rv == CKR_OK)
			rv = p11->C_Sign(r->session, (CK_BYTE *)"x", 1, signature, &len);
		if (rv == CKR_OK)
			signed_before++;
	}
	return NULL;
}

START_TEST(test_finalize_under_way)
{
	pthread_t thread[2];
	struct vcard_spec spec;
	struct rig r;

	rig_spec(&spec, VCARD_HPKI);
	rig_start(&r, &spec, VCARD_AUTH);
	vreader_delay(r.reader, 1);
	ok(rig_login(&r, CKU_USER, "1234"));
	finalize_key = rig_find(r.session, CKO_PRIVATE_KEY);
	for (int i = 0; i < 2; i++)
		pthread_create(&thread[i], NULL, sign_until_the_end, &r);
	for (int i = 0; i < 4000 && signed_before == 0; i++) /* valgrind takes its time */
		nanosleep(&(struct timespec){0, 5 * 1000 * 1000}, NULL);
	ck_assert_uint_gt(signed_before, 0);
	rig_stop(&r);
	for (int i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
}
END_TEST

/* ---- Random calls of many threads, while cards come and go and the module ends and begins again */

enum { STORM = 16, CALLS = 250, LEFT_OPEN = 4 };

static struct rig desk[2];
static const char *const desk_pins[] = {"1234", "4321"};
static uint8_t expected[2][256]; /* RSASSA-PKCS1-v1_5 has one signature of a message */
static atomic_ulong left_open[2][LEFT_OPEN];
static atomic_uint pins_given, asked, signatures, wrong_signatures;
static atomic_ulong strange_code;

static void note(CK_RV rv)
{
	static const CK_RV fitting[] = {
		CKR_OK, CKR_CRYPTOKI_NOT_INITIALIZED, CKR_CRYPTOKI_ALREADY_INITIALIZED, CKR_SESSION_HANDLE_INVALID,
		CKR_SESSION_CLOSED, CKR_DEVICE_REMOVED, CKR_DEVICE_ERROR, CKR_TOKEN_NOT_PRESENT, CKR_USER_ALREADY_LOGGED_IN,
		CKR_USER_NOT_LOGGED_IN, CKR_OPERATION_ACTIVE, CKR_OPERATION_NOT_INITIALIZED, CKR_KEY_HANDLE_INVALID,
		CKR_NO_EVENT, CKR_SLOT_ID_INVALID,
	};

	for (size_t i = 0; i < sizeof fitting / sizeof *fitting; i++)
		if (rv == fitting[i])
			return;
	strange_code = rv;
}

static CK_OBJECT_HANDLE find_key(CK_SESSION_HANDLE session)
{
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_ATTRIBUTE template = {CKA_CLASS, &class, sizeof class};
	CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;
	CK_ULONG n;

	note(p11->C_FindObjectsInit(session, &template, 1));
	note(p11->C_FindObjects(session, &key, 1, &n));
	note(p11->C_FindObjectsFinal(session));
	return key;
}

static void sign_text(int card, CK_SESSION_HANDLE session)
{
	CK_MECHANISM m = {CKM_SHA256_RSA_PKCS, NULL, 0};
	CK_OBJECT_HANDLE key = find_key(session);
	uint8_t signature[256];
	CK_ULONG len = sizeof signature;
	CK_RV rv = p11->C_SignInit(session, &m, key);

	note(rv);
	if (rv != CKR_OK)
		return;
	asked++;
	rv = p11->C_Sign(session, (CK_BYTE *)"x", 1, signature, &len);
	note(rv);
	if (rv != CKR_OK)
		return;
	signatures++;
	if (len != sizeof signature || memcmp(signature, expected[card], len) != 0)
		wrong_signatures++;
}

static void in_session(int card, CK_SESSION_HANDLE session, unsigned what)
{
	CK_UTF8CHAR pin[5];
	CK_SESSION_INFO info;

	memcpy(pin, desk_pins[card], sizeof pin);
	switch (what) {
	case 0: note(p11->C_Logout(session)); break;
	case 1: note(p11->C_CloseSession(session)); break;
	case 2: note(p11->C_GetSessionInfo(session, &info)); break;
	case 3:
	case 4:
		pins_given++;
		note(p11->C_Login(session, CKU_USER, pin, 4));
		break;
	default: sign_text(card, session);
	}
}

static void on_slot(CK_SLOT_ID slot, unsigned what)
{
	CK_SLOT_ID list[16], event;
	CK_ULONG n = 16;
	CK_TOKEN_INFO token;

	switch (what) {
	case 0: note(p11->C_GetSlotList(CK_TRUE, list, &n)); break;
	case 1: note(p11->C_GetTokenInfo(slot, &token)); break;
	case 2: note(p11->C_WaitForSlotEvent(CKF_DONT_BLOCK, &event, NULL)); break;
	default: note(p11->C_CloseAllSessions(slot));
	}
}

static void *call_at_random(void *arg)
{
	unsigned seed = (unsigned)(uintptr_t)arg, what;

	for (int i = 0; i < CALLS; i++) {
		int card = rand_r(&seed) % 2;
		CK_SESSION_HANDLE session = CK_INVALID_HANDLE;

		what = (unsigned)rand_r(&seed) % 40;
		if (what < 4) {
			on_slot(desk[card].slot, what);
			continue;
		}
		if (what == 4 && seed % 8 == 0) {
			note(p11->C_Finalize(NULL));
			note(p11->C_Initialize(NULL));
			continue;
		}
		note(p11->C_OpenSession(desk[card].slot, CKF_SERIAL_SESSION, NULL, NULL, &session));
		session = atomic_exchange(&left_open[card][what % LEFT_OPEN], session);
		for (int j = 0; j < 4; j++)
			in_session(card, session, (unsigned)rand_r(&seed) % 9);
	}
	return NULL;
}

static void *disturb(void *arg)
{
	(void)arg;
	for (unsigned i = 0; !stop; i++) {
		vreader_insert(desk[i % 2].reader, vreader_remove(desk[i % 2].reader));
		nanosleep(&(struct timespec){0, 20 * 1000 * 1000}, NULL);
	}
	return NULL;
}

START_TEST(test_storm)
{
	pthread_t threads[STORM], disturber;
	unsigned tries[2], verifies;
	CK_SLOT_ID slots[8];
	CK_ULONG n = 8;
	struct vcard_spec spec;

	rig_profiles(profiles_auth);
	for (int i = 0; i < 2; i++) {
		rig_spec(&spec, i ? VCARD_JPKI : VCARD_HPKI);
		spec.pin[VCARD_AUTH] = desk_pins[i];
		desk[i] = (struct rig){.app = VCARD_AUTH, .reader = rig_reader(i ? "B" : "A", &spec)};
		desk[i].card = vreader_card(desk[i].reader);
		tries[i] = vcard_tries(desk[i].card, VCARD_AUTH);
	}
	ok(p11->C_Initialize(NULL));
	ok(p11->C_GetSlotList(CK_FALSE, slots, &n));
	for (int i = 0; i < 2; i++) {
		CK_ULONG len = sizeof expected[i];

		desk[i].slot = slots[i];
		desk[i].session = rig_session(slots[i]);
		ok(rig_login(&desk[i], CKU_USER, desk_pins[i]));
		ok(rig_sign_checked(&desk[i], desk[i].session, CKM_SHA256_RSA_PKCS));
		ok(p11->C_SignInit(desk[i].session, &(CK_MECHANISM){CKM_SHA256_RSA_PKCS, NULL, 0}, find_key(desk[i].session)));
		ok(p11->C_Sign(desk[i].session, (CK_BYTE *)"x", 1, expected[i], &len));
	}
	verifies = vcard_verifies(desk[0].card, VCARD_AUTH) + vcard_verifies(desk[1].card, VCARD_AUTH);
	pthread_create(&disturber, NULL, disturb, NULL);
	for (uintptr_t i = 0; i < STORM; i++)
		pthread_create(&threads[i], NULL, call_at_random, (void *)(i + 1));
	for (int i = 0; i < STORM; i++)
		pthread_join(threads[i], NULL);
	stop = true;
	pthread_join(disturber, NULL);
	verifies = vcard_verifies(desk[0].card, VCARD_AUTH) + vcard_verifies(desk[1].card, VCARD_AUTH) - verifies;
	printf("%u PINs given, %u signatures asked for, %u made, %u VERIFYs\n", pins_given, asked, signatures, verifies);
	ck_assert_uint_le(verifies, pins_given + asked);
	ck_assert_msg(strange_code == 0, "0x%lx", strange_code);
	ck_assert_uint_eq(wrong_signatures, 0);
	ck_assert_uint_gt(signatures, 0);
	p11->C_Finalize(NULL);
	ok(p11->C_Initialize(NULL));
	for (int i = 0; i < 2; i++) {
		ck_assert(rig_is_locked(&desk[i]));
		ck_assert_uint_eq(vcard_tries(desk[i].card, VCARD_AUTH), tries[i]);
		desk[i].session = rig_session(desk[i].slot);
		ok(rig_login(&desk[i], CKU_USER, desk_pins[i]));
		ok(rig_sign_checked(&desk[i], desk[i].session, CKM_SHA256_RSA_PKCS));
		vcard_readers_remove(desk[i].reader);
	}
	ok(p11->C_Finalize(NULL));
	for (int i = 0; i < 2; i++)
		vreader_free(desk[i].reader);
}
END_TEST

int main(void)
{
	const struct cases cases = {.suite = suite_create("threads"), .seconds = 60};

	add_case(&cases, test_threads);
	add_loop_case(&cases, test_finalize_under_way, 3);
	add_case(&cases, test_storm);
	return rig_run(cases.suite);
}
