/* SPDX-License-Identifier: BSD-2-Clause */
/* A slot is occupied when it is known to hold one of our cards, from the first call
 * on; and nobody waits for a card that another program holds, but who needs it. */
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>
#include "tests/module/rig.h"

#define HOLD 20.0    /* seconds: how long the other program holds the card at most */
#define SOON 2.0 /* seconds, the best of five: far below HOLD on the busiest machine */
#define FINALIZE 8.0 /* two seconds, on an idle machine */

static void sleep_ms(unsigned ms)
{
	nanosleep(&(struct timespec){ms / 1000, (long)(ms % 1000) * 1000000}, NULL);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Two readers: a foreign card in one, one of ours in the other, either first. */
struct desk {
	struct vreader *ours, *foreign;
	struct rig_line line; /* of the foreign one */
	struct vcard_spec spec;
};

static void start(struct desk *d, int i)
{
	struct vcard_spec foreign;
	enum vcard_app app = i & 4 ? VCARD_SIGN : VCARD_AUTH;

	memset(d, 0, sizeof *d);
	rig_profiles(app == VCARD_AUTH ? profiles_auth : profiles_sign);
	rig_spec(&d->spec, i & 2 ? VCARD_JPKI : VCARD_HPKI);
	rig_spec(&foreign, VCARD_FOREIGN);
	if (i & 1)
		d->foreign = rig_reader("A Foreign", &foreign);
	d->ours = rig_reader("B Ours", &d->spec);
	if (!(i & 1))
		d->foreign = rig_reader("C Foreign", &foreign);
	d->line.reader = vreader_name(d->foreign);
	rig_line(&d->line);
	ok(p11->C_Initialize(NULL));
	ck_assert_uint_eq(d->line.commands, 0);
	ck_assert_uint_eq(vreader_apdus(d->ours), 0);
}

static void stop(struct desk *d)
{
	ok(p11->C_Finalize(NULL));
	rig_line(NULL);
	vcard_readers_remove(d->ours);
	vcard_readers_remove(d->foreign);
	vreader_free(d->ours);
	vreader_free(d->foreign);
}

static bool is_in(CK_SLOT_ID slot, const struct vreader *r)
{
	CK_SLOT_INFO info;

	ok(p11->C_GetSlotInfo(slot, &info));
	return memcmp(info.slotDescription, vreader_name(r), strlen(vreader_name(r))) == 0;
}

static bool says_present(CK_SLOT_ID slot)
{
	CK_SLOT_INFO info;

	ok(p11->C_GetSlotInfo(slot, &info));
	return info.flags & CKF_TOKEN_PRESENT;
}

/* Three SELECTs at the most that reach the card and nothing else, however often
 * one asks. */
static void check_foreign_commands(const struct desk *d, unsigned insertions)
{
	ck_assert_uint_ge(vreader_apdus(d->foreign), 1);
	ck_assert_uint_le(vreader_apdus(d->foreign), 3 * insertions);
	ck_assert_uint_eq(d->line.selects, d->line.commands);
}

/* The first question of a process is C_GetSlotList. */
START_TEST(test_first_list)
{
	CK_SLOT_ID list[8];
	CK_ULONG n = 0, room = 8;
	CK_TOKEN_INFO info;
	struct desk d;

	start(&d, _i);
	ok(p11->C_GetSlotList(CK_TRUE, NULL, &n));
	ck_assert_uint_eq(n, 1);
	ok(p11->C_GetSlotList(CK_TRUE, list, &room));
	ck_assert_uint_eq(room, 1);
	ck_assert(is_in(list[0], d.ours));
	ok(p11->C_GetTokenInfo(list[0], &info));
	room = 8;
	ok(p11->C_GetSlotList(CK_FALSE, list, &room));
	ck_assert_uint_eq(room, 3);
	ck_assert(is_in(list[0], d.ours)); /* an occupied slot first */
	for (CK_ULONG i = 1; i < room; i++)
		ck_assert(!says_present(list[i]));
	check_foreign_commands(&d, 1);
	stop(&d);
}
END_TEST

/* It is C_GetSlotInfo, of either slot. */
START_TEST(test_first_info)
{
	CK_SLOT_ID list[8];
	CK_ULONG n = 8;
	CK_TOKEN_INFO info;
	struct desk d;

	start(&d, _i);
	for (CK_SLOT_ID id = 0; id < 3; id++) {
		ck_assert(says_present(id) == is_in(id, d.ours));
		ck_assert(says_present(id) == is_in(id, d.ours));
		is(p11->C_GetTokenInfo(id, &info), is_in(id, d.ours)      ? CKR_OK
		                                   : is_in(id, d.foreign) ? CKR_TOKEN_NOT_RECOGNIZED
		                                                          : CKR_TOKEN_NOT_PRESENT);
	}
	ok(p11->C_GetSlotList(CK_TRUE, list, &n));
	ck_assert_uint_eq(n, 1);
	check_foreign_commands(&d, 1);
	stop(&d);
}
END_TEST

/* Cards that come later: one look per insertion. */
START_TEST(test_one_look_per_insertion)
{
	CK_SLOT_ID list[8];
	struct desk d;

	start(&d, _i);
	for (unsigned insertion = 1; insertion <= 3; insertion++) {
		for (int i = 0; i < 4; i++) {
			CK_ULONG n = 8;

			ok(p11->C_GetSlotList(CK_TRUE, list, &n));
			ck_assert_uint_eq(n, 1);
			for (CK_SLOT_ID id = 0; id < 3; id++)
				ck_assert(says_present(id) == is_in(id, d.ours));
		}
		check_foreign_commands(&d, insertion);
		vreader_insert(d.foreign, vreader_remove(d.foreign));
	}
	stop(&d);
}
END_TEST

/* A foreign card goes and ours comes into that reader, and the other way round. */
START_TEST(test_kinds_change_places)
{
	struct vcard *ours, *foreign;
	CK_SLOT_ID list[8], first;
	CK_ULONG n = 8;
	struct desk d;

	start(&d, _i);
	ok(p11->C_GetSlotList(CK_TRUE, list, &n));
	ck_assert_uint_eq(n, 1);
	first = list[0];
	ours = vreader_remove(d.ours);
	foreign = vreader_remove(d.foreign);
	vreader_insert(d.ours, foreign);
	vreader_insert(d.foreign, ours);
	ck_assert(!says_present(first));
	n = 8;
	ok(p11->C_GetSlotList(CK_TRUE, list, &n));
	ck_assert_uint_eq(n, 1);
	ck_assert_uint_ne(list[0], first);
	ck_assert(is_in(list[0], d.foreign));
	stop(&d);
}
END_TEST

/* A link that breaks at the look settles nothing: the card is asked again. */
START_TEST(test_look_breaks)
{
	struct rig_line lost = {.nth = 1, .broken = 1000, .outcome = VCARD_LOST};
	CK_SLOT_ID list[8];
	CK_TOKEN_INFO info;
	CK_ULONG n = 8;
	struct desk d;

	start(&d, _i);
	rig_line(&lost);
	ok(p11->C_GetSlotList(CK_TRUE, list, &n));
	rig_line(&d.line);
	n = 8;
	ok(p11->C_GetSlotList(CK_TRUE, list, &n));
	ck_assert_uint_eq(n, 1);
	ck_assert(is_in(list[0], d.ours));
	ok(p11->C_GetTokenInfo(list[0], &info));
	stop(&d);
}
END_TEST

/* Another program's transaction, which ends by itself in the end, so that what waits
 * for it fails here instead of hanging. */
struct holder {
	pthread_t thread;
	const struct vreader *reader;
	atomic_bool done, released;
};

static void *hold(void *arg)
{
	struct holder *h = arg;
	double end = now() + HOLD;

	while (!h->done && now() < end)
		sleep_ms(5);
	h->released = true;
	vcard_readers_hold(h->reader, false);
	return NULL;
}

static void begin_hold(struct holder *h, const struct vreader *r)
{
	*h = (struct holder){.reader = r};
	vcard_readers_hold(r, true);
	ck_assert_int_eq(pthread_create(&h->thread, NULL, hold, h), 0);
}

/* False when it was over before. */
static bool end_hold(struct holder *h)
{
	bool in_time = !h->released;

	h->done = true;
	pthread_join(h->thread, NULL);
	return in_time;
}

struct login {
	pthread_t thread;
	CK_SESSION_HANDLE session;
	const char *pin;
	atomic_bool over;
	CK_RV rv;
};

static void *login(void *arg)
{
	struct login *l = arg;

	l->rv = rig_login_in(l->session, CKU_USER, l->pin);
	l->over = true;
	return NULL;
}

static void begin_login(struct login *l, CK_SESSION_HANDLE session, const char *pin)
{
	*l = (struct login){.session = session, .pin = pin};
	ck_assert_int_eq(pthread_create(&l->thread, NULL, login, l), 0);
	sleep_ms(100);
	ck_assert(!l->over);
}

/* The call is answered at once, and while the other program still holds the card. */
#define soon(call) \
	do { \
		double took_ = 2 * SOON; \
		for (int i_ = 0; i_ < 5 && took_ > SOON; i_++) { \
			double begun_ = now(); \
			ck_assert_uint_eq(call, CKR_OK); \
			took_ = now() - begun_; \
		} \
		ck_assert_msg(!h.released && took_ <= SOON, "%s took %.1f s", #call, took_); \
	} while (0)

static CK_RV list_present(CK_SLOT_ID list[8], CK_ULONG *n)
{
	*n = 8;
	return p11->C_GetSlotList(CK_TRUE, list, n);
}

static CK_RV read_value(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE cert)
{
	uint8_t value[4096];
	CK_ATTRIBUTE a = {CKA_VALUE, value, sizeof value};

	return p11->C_GetAttributeValue(session, cert, &a, 1);
}

static CK_RV find_all(CK_SESSION_HANDLE session, CK_ULONG *n)
{
	CK_OBJECT_HANDLE found[8];
	CK_RV rv = p11->C_FindObjectsInit(session, NULL, 0);

	if (rv == CKR_OK)
		rv = p11->C_FindObjects(session, found, 8, n);
	if (rv == CKR_OK)
		rv = p11->C_FindObjectsFinal(session);
	return rv;
}

static CK_RV ask_for_event(void)
{
	CK_SLOT_ID slot;
	CK_RV rv = p11->C_WaitForSlotEvent(CKF_DONT_BLOCK, &slot, NULL);

	return rv == CKR_NO_EVENT ? CKR_OK : CKR_GENERAL_ERROR;
}

enum question { SLOT_LIST, SLOT_INFO, TOKEN_INFO, SESSION_INFO, ATTRIBUTE, FIND, NO_EVENT, QUESTIONS };

/* While a C_Login waits for the other program. */
START_TEST(test_nobody_waits)
{
	CK_OBJECT_HANDLE cert;
	CK_SESSION_HANDLE other;
	CK_SESSION_INFO session_info;
	CK_TOKEN_INFO info;
	CK_SLOT_INFO slot_info;
	CK_SLOT_ID list[8];
	CK_ULONG n = 8;
	struct vcard_spec spec;
	struct holder h;
	struct login l;
	struct rig r;

	rig_spec(&spec, _i / QUESTIONS ? VCARD_JPKI : VCARD_HPKI);
	rig_start(&r, &spec, VCARD_AUTH);
	ok(p11->C_GetTokenInfo(r.slot, &info));
	other = rig_session(r.slot);
	cert = rig_find(other, CKO_CERTIFICATE);
	ok(read_value(other, cert));
	begin_hold(&h, r.reader);
	begin_login(&l, r.session, spec.pin[VCARD_AUTH]);
	switch ((enum question)(_i % QUESTIONS)) {
	case SLOT_LIST:
		soon(list_present(list, &n));
		ck_assert_uint_eq(n, 1); /* it has been looked at */
		break;
	case SLOT_INFO:
		soon(p11->C_GetSlotInfo(r.slot, &slot_info));
		ck_assert(slot_info.flags & CKF_TOKEN_PRESENT);
		break;
	case TOKEN_INFO:
		soon(p11->C_GetTokenInfo(r.slot, &info));
		break;
	case SESSION_INFO:
		soon(p11->C_GetSessionInfo(other, &session_info));
		ck_assert_uint_eq(session_info.state, CKS_RW_PUBLIC_SESSION);
		break;
	case ATTRIBUTE:
		soon(read_value(other, cert));
		break;
	case FIND:
		soon(find_all(other, &n));
		ck_assert_uint_ge(n, 1);
		break;
	case NO_EVENT:
	case QUESTIONS:
		soon(ask_for_event());
		break;
	}
	ck_assert(!l.over);
	ck_assert(end_hold(&h));
	pthread_join(l.thread, NULL);
	ok(l.rv); /* and the login goes on */
	ok(rig_sign_checked(&r, r.session, CKM_SHA256_RSA_PKCS));
	rig_stop(&r);
}
END_TEST

/* C_Finalize ends the wait of the login, which sends nothing. */
START_TEST(test_finalize_does_not_wait)
{
	struct vcard_spec spec;
	struct holder h;
	struct login l;
	struct rig r;
	double begun;

	rig_spec(&spec, _i ? VCARD_JPKI : VCARD_HPKI);
	rig_start(&r, &spec, VCARD_AUTH);
	begin_hold(&h, r.reader);
	begin_login(&l, r.session, spec.pin[VCARD_AUTH]);
	begun = now();
	ok(p11->C_Finalize(NULL));
	ck_assert(!h.released && now() - begun <= FINALIZE);
	pthread_join(l.thread, NULL);
	ck_assert_uint_ne(l.rv, CKR_OK);
	ck_assert(end_hold(&h));
	ck_assert_uint_eq(vcard_verifies(r.card, VCARD_AUTH), 0);
	ok(p11->C_Initialize(NULL)); /* and the next start works */
	r.session = rig_session(rig_first_slot());
	ok(rig_login(&r, CKU_USER, spec.pin[VCARD_AUTH]));
	rig_stop(&r);
}
END_TEST

/* A card that nobody has looked at yet, held by another program: its slot is empty
 * until the next look. */
START_TEST(test_held_card_is_not_known)
{
	CK_SLOT_ID list[8];
	CK_ULONG n = 8;
	CK_SLOT_INFO info;
	struct vcard_spec spec;
	struct vreader *r;
	struct holder h;

	rig_profiles(profiles_auth);
	rig_spec(&spec, _i % 2 ? VCARD_JPKI : VCARD_HPKI);
	r = rig_reader("A", &spec);
	ok(p11->C_Initialize(NULL));
	begin_hold(&h, r);
	for (int i = 0; i < 3; i++) {
		n = 0;
		if (_i / 2 == 0)
			soon(list_present(list, &n));
		ck_assert_uint_eq(n, 0);
		soon(p11->C_GetSlotInfo(0, &info));
		ck_assert(!(info.flags & CKF_TOKEN_PRESENT));
	}
	ck_assert(end_hold(&h));
	ck_assert(says_present(0));
	n = 8;
	ok(p11->C_GetSlotList(CK_TRUE, list, &n));
	ck_assert_uint_eq(n, 1);
	ok(p11->C_Finalize(NULL));
	vcard_readers_remove(r);
	vreader_free(r);
}
END_TEST

/* A card that is known, and to which another program is connected alone: that it cannot
 * be read now says nothing of what it is. */
START_TEST(test_excluded)
{
	CK_SLOT_ID list[8];
	CK_ULONG n = 8;
	CK_TOKEN_INFO info;
	struct vcard_spec spec;
	struct vreader *r;

	rig_profiles(profiles_auth);
	rig_spec(&spec, VCARD_HPKI);
	r = rig_reader("A", &spec);
	ok(p11->C_Initialize(NULL));
	ok(p11->C_GetSlotList(CK_TRUE, list, &n));
	ck_assert_uint_eq(n, 1);
	vcard_readers_refuse(r, E_BUSY);
	is(p11->C_GetTokenInfo(list[0], &info), CKR_DEVICE_ERROR);
	vcard_readers_refuse(r, E_OK);
	ok(p11->C_GetTokenInfo(list[0], &info));
	ok(p11->C_Finalize(NULL));
	vcard_readers_remove(r);
	vreader_free(r);
}
END_TEST

static struct vreader *only;

static enum vcard_outcome exclude_once(void *arg, const char *reader, const uint8_t *apdu, size_t n)
{
	struct vreader **excluded = arg;

	(void)reader, (void)n;
	if (apdu)
		return VCARD_ARRIVES;
	vcard_readers_refuse(*excluded ? *excluded : only, *excluded ? E_BUSY : E_OK);
	*excluded = NULL;
	return VCARD_ARRIVES;
}

/* The card that comes after a known one is of another kind, and cannot be looked at; by
 * the time that it is read it can: as what it is, not as what the other was. */
START_TEST(test_another_kind_not_looked_at)
{
	CK_SLOT_ID list[8];
	CK_ULONG n = 8;
	CK_TOKEN_INFO info;
	struct vcard_spec spec;
	struct vreader *excluded;

	rig_profiles(profiles_auth);
	rig_spec(&spec, VCARD_HPKI);
	excluded = only = rig_reader("A", &spec);
	ok(p11->C_Initialize(NULL));
	ok(p11->C_GetSlotList(CK_TRUE, list, &n));
	ck_assert_uint_eq(n, 1);
	vcard_free(vreader_remove(only));
	rig_spec(&spec, VCARD_JPKI);
	vreader_insert(only, rig_card(&spec));
	vcard_readers_fate(exclude_once, &excluded);
	ok(p11->C_GetTokenInfo(list[0], &info));
	vcard_readers_fate(NULL, NULL);
	ck_assert(rig_is_token(&info, vreader_card(only), VCARD_JPKI, VCARD_AUTH));
	ok(p11->C_Finalize(NULL));
	vcard_readers_remove(only);
	vreader_free(only);
}
END_TEST

/* The held one is in the other reader: ours is seen and used meanwhile. */
START_TEST(test_the_other_is_held)
{
	CK_SESSION_HANDLE session;
	CK_SLOT_ID list[8];
	CK_ULONG n = 8;
	struct holder h;
	struct desk d;

	start(&d, _i);
	begin_hold(&h, d.foreign);
	soon(list_present(list, &n));
	ck_assert_uint_eq(n, 1);
	ck_assert(is_in(list[0], d.ours));
	session = rig_session(list[0]);
	ok(rig_login_in(session, CKU_USER, d.spec.pin[_i & 4 ? VCARD_SIGN : VCARD_AUTH]));
	ok(p11->C_CloseAllSessions(list[0]));
	ck_assert(end_hold(&h));
	n = 8;
	ok(p11->C_GetSlotList(CK_TRUE, list, &n));
	ck_assert_uint_eq(n, 1);
	check_foreign_commands(&d, 1);
	stop(&d);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("occupied");
	TCase *t = tcase_create("occupied");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, test_first_list, 0, 8);
	tcase_add_loop_test(t, test_first_info, 0, 8);
	tcase_add_loop_test(t, test_one_look_per_insertion, 0, 8);
	tcase_add_loop_test(t, test_kinds_change_places, 0, 8);
	tcase_add_loop_test(t, test_look_breaks, 0, 8);
	suite_add_tcase(s, t);
	t = tcase_create("held");
	tcase_set_timeout(t, 60);
	tcase_set_tags(t, "times"); /* not under valgrind, which is too slow for them */
	tcase_add_loop_test(t, test_nobody_waits, 0, 2 * QUESTIONS);
	tcase_add_loop_test(t, test_finalize_does_not_wait, 0, 2);
	tcase_add_test(t, test_excluded);
	tcase_add_test(t, test_another_kind_not_looked_at);
	tcase_add_loop_test(t, test_held_card_is_not_known, 0, 4);
	tcase_add_loop_test(t, test_the_other_is_held, 0, 8);
	suite_add_tcase(s, t);
	return rig_run(s);
}
