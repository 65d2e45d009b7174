/* SPDX-License-Identifier: BSD-2-Clause */
/* Answers of the readers out of order: one thread's list is on its way while the card
 * changes and another thread looks. The older answer comes after the newer one, and
 * counts for nothing. */
#include <pthread.h>
#include "pkcs11/personality.h"
#include "tests/module/rig.h"

static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool on_its_way, let_go;
} late = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static _Thread_local bool is_late; /* this thread's next answer is */

static enum error list(void *self, struct reader_state *states, size_t *count)
{
	enum error e = vcard_reader_ops.list(self, states, count);

	if (!is_late)
		return e;
	is_late = false;
	pthread_mutex_lock(&late.lock);
	late.on_its_way = true;
	pthread_cond_broadcast(&late.changed);
	while (!late.let_go)
		pthread_cond_wait(&late.changed, &late.lock);
	pthread_mutex_unlock(&late.lock);
	return e;
}

static struct reader_ops ops;

const struct personality personality = {
	.program = "inkan-test",
	.description = "Inkan under test",
	.profiles = &rig_set,
	.readers = &ops,
	.conventions = &conventions_inkan,
};

static struct {
	CK_SLOT_ID slot;
	CK_SLOT_INFO info;
	CK_RV rv;
} asked;

static void *ask_late(void *arg)
{
	(void)arg;
	is_late = true;
	asked.rv = p11->C_GetSlotInfo(asked.slot, &asked.info);
	return NULL;
}

enum what { OUT, IN, ANOTHER };

static void change_card(struct vreader *reader, enum what what, const struct vcard_spec *spec)
{
	if (what != IN)
		vcard_free(vreader_remove(reader));
	if (what != OUT)
		vreader_insert(reader, rig_card(spec));
}

START_TEST(test_older_answer)
{
	enum what what = (enum what)_i;
	CK_SESSION_HANDLE session = CK_INVALID_HANDLE;
	CK_SESSION_INFO info;
	CK_SLOT_INFO slot_info;
	struct vcard_spec spec;
	struct vreader *reader;
	pthread_t thread;
	CK_SLOT_ID slot;

	ops = vcard_reader_ops;
	ops.list = list;
	rig_profiles(profiles_auth);
	rig_spec(&spec, VCARD_HPKI);
	reader = rig_reader("Virtual Reader 00", what == IN ? NULL : &spec);
	ok(p11->C_Initialize(NULL));
	asked.slot = 0;
	ok(p11->C_GetSlotInfo(0, &slot_info));
	if (what != IN)
		session = rig_session(0);

	ck_assert_int_eq(pthread_create(&thread, NULL, ask_late, NULL), 0);
	pthread_mutex_lock(&late.lock);
	while (!late.on_its_way)
		pthread_cond_wait(&late.changed, &late.lock);
	pthread_mutex_unlock(&late.lock);
	change_card(reader, what, &spec);
	ok(p11->C_GetSlotInfo(0, &slot_info));
	ck_assert_int_eq((slot_info.flags & CKF_TOKEN_PRESENT) != 0, what != OUT);
	if (what != IN)
		is(p11->C_GetSessionInfo(session, &info), CKR_DEVICE_REMOVED);
	if (what != OUT) {
		session = rig_session(0);
		ok(rig_login_in(session, CKU_USER, spec.pin[VCARD_AUTH]));
	}
	pthread_mutex_lock(&late.lock);
	late.let_go = true;
	pthread_cond_broadcast(&late.changed);
	pthread_mutex_unlock(&late.lock);
	pthread_join(thread, NULL);

	ok(asked.rv);
	ck_assert_int_eq((asked.info.flags & CKF_TOKEN_PRESENT) != 0, what != OUT);
	if (what != OUT) {
		ok(p11->C_GetSessionInfo(session, &info));
		ck_assert_uint_eq(info.state, CKS_RW_USER_FUNCTIONS);
	}
	ok(p11->C_WaitForSlotEvent(CKF_DONT_BLOCK, &slot, NULL));
	is(p11->C_WaitForSlotEvent(CKF_DONT_BLOCK, &slot, NULL), CKR_NO_EVENT);
	ok(p11->C_Finalize(NULL));
	vcard_readers_remove(reader);
	vreader_free(reader);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("order");
	TCase *t = tcase_create("order");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, test_older_answer, OUT, ANOTHER + 1);
	suite_add_tcase(s, t);
	return rig_run(s);
}
