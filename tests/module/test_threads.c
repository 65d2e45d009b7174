/* SPDX-License-Identifier: BSD-2-Clause */
/* Many threads on two cards while a third reader's card comes and goes: every
 * signature is right, no call hangs, and C_Finalize waits for those under way. */
#include <pthread.h>
#include <stdatomic.h>
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

int main(void)
{
	const struct cases cases = {.suite = suite_create("threads"), .seconds = 60};

	add_case(&cases, test_threads);
	add_loop_case(&cases, test_finalize_under_way, 3);
	return rig_run(cases.suite);
}
