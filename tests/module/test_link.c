/* SPDX-License-Identifier: BSD-2-Clause */
/* The link breaks at the nth command of an operation, once, twice or until it is
 * over, before or after the card has carried the command out: what does the next call say? */
#include <stdio.h>
#include <string.h>
#include "tests/check_case.h"
#include "tests/module/rig.h"

static const struct setting {
	enum vcard_kind kind;
	enum vcard_app app;
	bool no_extended; /* chained commands, and files in many pieces */
	const char *pin, *wrong, *new_pin;
} settings[] = {
	{VCARD_HPKI, VCARD_AUTH, false, "1234", "9999", "4321"},
	{VCARD_HPKI, VCARD_SIGN, true, "1234", "9999", "4321"},
	{VCARD_JPKI, VCARD_AUTH, false, "1234", "9999", "4321"},
	{VCARD_JPKI, VCARD_SIGN, false, "ABC123", "WRONG99", "NEWPIN1"},
};

#define N_SETTINGS (sizeof settings / sizeof *settings)

static const enum vcard_outcome outcomes[] = {VCARD_LOST, VCARD_CUT, VCARD_NO_BYTE, VCARD_ONE_BYTE};
static const char *const outcome_names[] = {[VCARD_LOST] = "lost", [VCARD_CUT] = "cut",
                                            [VCARD_NO_BYTE] = "no byte", [VCARD_ONE_BYTE] = "one byte"};

/* How many commands in a row: recovered from, not recovered from, and for as long
 * as the operation lasts; then so that the next operation's are broken too. */
enum { ONCE = 1, TWICE = 2, TO_THE_END = 1000, NEXT_TOO = 2000 };
static const unsigned lengths[] = {ONCE, TWICE, TO_THE_END, NEXT_TOO};

struct trial {
	const struct setting *set;
	struct rig r;
	struct rig_line line;
	CK_ULONG objects, cas;  /* seen on a whole card */
	size_t ca_sum;          /* of the bytes of the CAs' certificates */
	unsigned verifies;      /* that the card has seen before the operation */
	bool pss_sha384;
	const char *pin;        /* that holds now */
};

static char what[200];

#define holds(condition) ck_assert_msg(condition, "%s: %s", what, #condition)
#define gives(call, rv) expect(call, rv, #call)

static void expect(CK_RV got, CK_RV wanted, const char *call)
{
	ck_assert_msg(got == wanted, "%s: %s: 0x%lx, not 0x%lx", what, call, got, wanted);
}

static unsigned limit(const struct setting *set)
{
	return set->kind == VCARD_HPKI ? 15 : set->app == VCARD_AUTH ? 3 : 5;
}

static unsigned tries(const struct trial *t)
{
	return vcard_tries(t->r.card, t->set->app);
}

static bool logged_in(CK_SESSION_HANDLE session)
{
	CK_SESSION_INFO info;
	CK_RV rv = p11->C_GetSessionInfo(session, &info);

	return rv == CKR_OK && info.state == CKS_RW_USER_FUNCTIONS;
}

/* The CAs' certificates, read: their number and the sum of their bytes. */
static CK_ULONG read_cas(CK_SESSION_HANDLE session, size_t *sum)
{
	CK_OBJECT_CLASS class = CKO_CERTIFICATE;
	CK_ULONG authority = 2, n = 0, count = 0;
	CK_ATTRIBUTE cas[] = {{CKA_CLASS, &class, sizeof class},
	                      {CKA_CERTIFICATE_CATEGORY, &authority, sizeof authority}};
	CK_OBJECT_HANDLE found[8];

	*sum = 0;
	ok(p11->C_FindObjectsInit(session, cas, 2));
	ok(p11->C_FindObjects(session, found, 8, &n));
	ok(p11->C_FindObjectsFinal(session));
	for (CK_ULONG i = 0; i < n; i++) {
		uint8_t value[4096] = {0};
		CK_ATTRIBUTE a = {CKA_VALUE, value, sizeof value};

		if (p11->C_GetAttributeValue(session, found[i], &a, 1) != CKR_OK)
			continue;
		count++;
		for (CK_ULONG j = 0; j < a.ulValueLen; j++)
			*sum += value[j] * (j + 1);
	}
	return count;
}

static void start(struct trial *t, const struct setting *set)
{
	struct vcard_spec spec;

	*t = (struct trial){.set = set, .pin = set->pin};
	snprintf(what, sizeof what, "before the first break");
	rig_spec(&spec, set->kind);
	spec.layout = VCARD_ANNEX_B;
	spec.pin[set->app] = set->pin;
	spec.no_extended = set->no_extended;
	rig_start(&t->r, &spec, set->app);
	t->cas = read_cas(t->r.session, &t->ca_sum);
	t->objects = rig_count(t->r.session, NULL, 0);
	if (set->kind == VCARD_HPKI)
		ck_assert_uint_ge(t->cas, 1);
	t->pss_sha384 = rig_lists(t->r.slot, CKM_SHA384_RSA_PKCS_PSS);
}

static void begin(struct trial *t, unsigned nth, unsigned length, enum vcard_outcome outcome)
{
	t->line = (struct rig_line){.nth = nth, .broken = length, .outcome = outcome};
	t->verifies = vcard_verifies(t->r.card, t->set->app);
	rig_line(&t->line);
}

/* With NEXT_TOO, one more operation on the card, all of whose commands are lost. */
static void end(struct trial *t, unsigned length)
{
	struct rig_line lost = {.nth = 1, .broken = TO_THE_END, .outcome = VCARD_LOST};
	CK_SESSION_HANDLE session;

	rig_line(NULL);
	if (length != NEXT_TOO || t->line.commands < t->line.nth)
		return;
	rig_line(&lost);
	if (p11->C_OpenSession(t->r.slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session) == CKR_OK) {
		CK_RV rv = rig_login_in(session, CKU_USER, t->pin);

		/* not sent, or not answered; somebody may be logged in still */
		ck_assert_msg(rv == CKR_DEVICE_ERROR || rv == CKR_USER_ALREADY_LOGGED_IN, "%s: the next login: 0x%lx", what, rv);
		p11->C_CloseSession(session);
	}
	holds(lost.verifies <= 1);
	rig_line(NULL);
}

/* Nothing that was known of the card is lost, and nothing in the module is left
 * over from the broken operation: one whole round of a program. */
static void check_whole(struct trial *t)
{
	CK_SESSION_HANDLE session;
	CK_TOKEN_INFO info;
	CK_SLOT_INFO slot;
	size_t sum;

	holds(rig_is_locked(&t->r));
	ok(p11->C_GetSlotInfo(t->r.slot, &slot));
	holds(slot.flags & CKF_TOKEN_PRESENT);
	gives(p11->C_GetTokenInfo(t->r.slot, &info), CKR_OK);
	holds(rig_is_token(&info, t->r.card, t->set->kind, t->set->app));
	holds(rig_lists(t->r.slot, CKM_RSA_PKCS_PSS));
	holds(rig_lists(t->r.slot, CKM_SHA384_RSA_PKCS_PSS) == t->pss_sha384);
	gives(p11->C_OpenSession(t->r.slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session), CKR_OK);
	if (logged_in(session)) {
		gives(p11->C_Logout(session), CKR_OK);
		holds(!logged_in(session));
	}
	holds(read_cas(session, &sum) == t->cas);
	holds(sum == t->ca_sum);
	holds(rig_count(session, NULL, 0) == t->objects);
	gives(rig_login_in(session, CKU_USER, t->pin), CKR_OK);
	gives(rig_sign_checked(&t->r, session, CKM_RSA_PKCS_PSS), CKR_OK);
	holds(tries(t) == limit(t->set));
	gives(p11->C_Logout(session), CKR_OK);
	gives(p11->C_CloseAllSessions(t->r.slot), CKR_OK);
	holds(rig_is_locked(&t->r));
	t->r.session = rig_session(t->r.slot);
}

/* The PIN was sent once at most, and the card got no more of it than that. */
static void check_verifies(struct trial *t, unsigned at_most)
{
	holds(t->line.verifies <= at_most);
	holds(vcard_verifies(t->r.card, t->set->app) - t->verifies <= t->line.verifies);
	holds(rig_is_locked(&t->r));
}

/* Every place, outcome and length; `one` returns false when the operation was over
 * before the nth command. */
static void all_breaks(struct trial *t, const char *name,
                       bool (*one)(struct trial *t, unsigned nth, unsigned length, enum vcard_outcome outcome))
{
	unsigned step = rig_sample(), n = 0, places = 0;

	for (size_t o = 0; o < sizeof outcomes / sizeof *outcomes; o++) {
		for (size_t l = 0; l < sizeof lengths / sizeof *lengths; l++) {
			bool reached = true;

			for (unsigned nth = 1; reached && nth < 100; nth++) {
				if (n++ % step)
					continue;
				snprintf(what, sizeof what, "%s, broken from command %u on, %u commands, %s", name, nth, lengths[l],
				         outcome_names[outcomes[o]]);
				reached = one(t, nth, lengths[l], outcomes[o]);
				places += reached;
			}
			if (step == 1)
				ck_assert_msg(!reached, "%s: no end", what);
		}
	}
	printf("%s: %u breaks\n", name, places);
	if (step == 1)
		ck_assert_uint_ge(places, 16);
}

/* The first look: a module that is started on a card that is in, the slots, the
 * token and the certificate. */
static bool one_first_look(struct trial *t, unsigned nth, unsigned length, enum vcard_outcome outcome)
{
	CK_SESSION_HANDLE session;
	CK_TOKEN_INFO info;
	CK_SLOT_ID slots[8];
	CK_ULONG n = 8;
	CK_RV rv;

	ok(p11->C_Finalize(NULL));
	ok(p11->C_Initialize(NULL));
	begin(t, nth, length, outcome);
	gives(p11->C_GetSlotList(CK_TRUE, slots, &n), CKR_OK);
	rv = p11->C_GetTokenInfo(t->r.slot, &info);
	if (rv == CKR_OK)
		holds(rig_is_token(&info, t->r.card, t->set->kind, t->set->app));
	else /* the card is there: it is not said to be another one's */
		holds(rv == CKR_DEVICE_ERROR || rv == CKR_TOKEN_NOT_PRESENT);
	rv = p11->C_OpenSession(t->r.slot, CKF_SERIAL_SESSION, NULL, NULL, &session);
	holds(rv == CKR_OK || rv == CKR_DEVICE_ERROR || rv == CKR_TOKEN_NOT_PRESENT);
	end(t, length);
	check_verifies(t, 0);
	check_whole(t);
	return t->line.commands >= nth;
}

static bool one_ca(struct trial *t, unsigned nth, unsigned length, enum vcard_outcome outcome)
{
	size_t sum;
	CK_ULONG n;

	ok(p11->C_Finalize(NULL));
	ok(p11->C_Initialize(NULL));
	t->r.session = rig_session(t->r.slot);
	begin(t, nth, length, outcome);
	n = read_cas(t->r.session, &sum);
	end(t, length);
	holds(n <= t->cas && (n < t->cas || sum == t->ca_sum));
	holds(length != ONCE || n == t->cas);
	holds(read_cas(t->r.session, &sum) == t->cas);
	check_verifies(t, 0);
	check_whole(t);
	return t->line.commands >= nth;
}

static bool one_login(struct trial *t, unsigned nth, unsigned length, enum vcard_outcome outcome)
{
	CK_RV rv;

	begin(t, nth, length, outcome);
	rv = rig_login(&t->r, CKU_USER, t->pin);
	holds(rv == CKR_OK || rv == CKR_DEVICE_ERROR);
	holds(logged_in(t->r.session) == (rv == CKR_OK));
	holds(rv != CKR_OK || !t->line.verify_broken);
	holds(t->line.verifies == 1 || rv != CKR_OK);
	holds(tries(t) == limit(t->set));
	check_verifies(t, 1);
	if (rv == CKR_OK && t->set->app == VCARD_AUTH) {
		rig_line(NULL);
		gives(rig_sign_checked(&t->r, t->r.session, CKM_SHA256_RSA_PKCS), CKR_OK);
	}
	end(t, length);
	check_whole(t);
	return t->line.commands >= nth;
}

/* The wrong PIN: when it was carried out, a try is gone, and only one; that is
 * what the token's flags say, and the PIN is not sent again. */
static bool one_wrong_login(struct trial *t, unsigned nth, unsigned length, enum vcard_outcome outcome)
{
	unsigned sent;
	CK_TOKEN_INFO info;
	CK_RV rv;

	begin(t, nth, length, outcome);
	rv = rig_login(&t->r, CKU_USER, t->set->wrong);
	holds(rv == CKR_PIN_INCORRECT || rv == CKR_DEVICE_ERROR);
	holds(!logged_in(t->r.session));
	end(t, length == NEXT_TOO ? TO_THE_END : length);
	check_verifies(t, 1);
	sent = vcard_verifies(t->r.card, t->set->app) - t->verifies;
	holds(tries(t) == limit(t->set) - sent);
	gives(p11->C_GetTokenInfo(t->r.slot, &info), CKR_OK);
	holds(!(info.flags & (CKF_USER_PIN_LOCKED | CKF_USER_PIN_FINAL_TRY)) || tries(t) <= 1);
	/* one cut in a row leaves the counter to be read; two are known when the next PIN comes */
	if (length == ONCE)
		holds(!(info.flags & CKF_USER_PIN_COUNT_LOW) == (sent == 0));
	if (rv == CKR_PIN_INCORRECT) {
		gives(rig_login(&t->r, CKU_USER, t->set->wrong), CKR_PIN_INCORRECT);
		holds(tries(t) == limit(t->set) - sent);
	}
	check_whole(t);
	return t->line.commands >= nth;
}

static bool one_signature(struct trial *t, CK_MECHANISM_TYPE type, unsigned nth, unsigned length,
                          enum vcard_outcome outcome)
{
	uint8_t signature[256] = {0};
	CK_ULONG len = sizeof signature;
	CK_RV rv;

	gives(rig_login(&t->r, CKU_USER, t->pin), CKR_OK);
	begin(t, nth, length, outcome);
	rv = rig_sign(t->r.session, type, signature, &len);
	if (rv == CKR_OK)
		holds(rig_verifies(&t->r, type, signature, len));
	else
		holds(rv == CKR_DEVICE_ERROR || rv == CKR_USER_NOT_LOGGED_IN || rv == CKR_DEVICE_REMOVED);
	holds(rv == CKR_OK || length != ONCE || t->line.verifies == 1); /* a break before the PIN does not show */
	holds(!t->line.verify_broken || (rv != CKR_OK && !logged_in(t->r.session)));
	holds(tries(t) == limit(t->set));
	check_verifies(t, 1);
	end(t, length);
	/* the operation is over, however it ended */
	if (logged_in(t->r.session))
		gives(p11->C_SignFinal(t->r.session, signature, &len), CKR_OPERATION_NOT_INITIALIZED);
	check_whole(t);
	return t->line.commands >= nth;
}

static bool one_pkcs1(struct trial *t, unsigned nth, unsigned length, enum vcard_outcome outcome)
{
	return one_signature(t, CKM_SHA256_RSA_PKCS, nth, length, outcome);
}

static bool one_pss(struct trial *t, unsigned nth, unsigned length, enum vcard_outcome outcome)
{
	return one_signature(t, CKM_RSA_PKCS_PSS, nth, length, outcome);
}

/* Whoever is logged in stays so with the new PIN when the change is known to be
 * done; when it is not known which PIN holds, nobody is. */
static bool one_change(struct trial *t, unsigned nth, unsigned length, enum vcard_outcome outcome)
{
	const char *new_pin = t->pin == t->set->pin ? t->set->new_pin : t->set->pin;
	CK_RV rv;

	gives(rig_login(&t->r, CKU_USER, t->pin), CKR_OK);
	begin(t, nth, length, outcome);
	rv = p11->C_SetPIN(t->r.session, (CK_UTF8CHAR *)t->pin, strlen(t->pin), (CK_UTF8CHAR *)new_pin, strlen(new_pin));
	holds(rv == CKR_OK || rv == CKR_DEVICE_ERROR);
	holds(rv != CKR_OK || t->line.changes_done == 1);
	holds(t->line.changes <= 1);
	holds(!(t->line.verify_broken || t->line.change_broken) || (rv != CKR_OK && !logged_in(t->r.session)));
	holds(tries(t) == limit(t->set));
	check_verifies(t, 1);
	rig_line(NULL);
	if (t->line.changes_done)
		t->pin = new_pin;
	if (logged_in(t->r.session) && t->set->app == VCARD_AUTH) {
		gives(rig_sign_checked(&t->r, t->r.session, CKM_SHA256_RSA_PKCS), CKR_OK);
		holds(tries(t) == limit(t->set));
	}
	end(t, length);
	check_whole(t);
	return t->line.commands >= nth;
}

static const struct operation {
	const char *name;
	bool (*one)(struct trial *t, unsigned nth, unsigned length, enum vcard_outcome outcome);
	bool hpki, jpki;
} operations[] = {
	{"the first look", one_first_look, true, true},
	{"a CA's certificate", one_ca, true, true},
	{"a login", one_login, true, true},
	{"a login with a wrong PIN", one_wrong_login, true, true},
	{"a signature", one_pkcs1, true, true},
	{"a PSS signature", one_pss, true, true},
	{"a change of PIN", one_change, false, true},
};

#define N_OPERATIONS (sizeof operations / sizeof *operations)

START_TEST(test_link)
{
	const struct setting *set = &settings[_i / (int)N_OPERATIONS];
	const struct operation *o = &operations[_i % (int)N_OPERATIONS];
	struct trial t;

	if (!(set->kind == VCARD_HPKI ? o->hpki : o->jpki) || (rig_sample() > 1 && _i % 3))
		return;
	start(&t, set);
	if (o->one != one_ca || t.cas)
		all_breaks(&t, o->name, o->one);
	rig_stop(&t.r);
}
END_TEST

/* The answer to VERIFY is lost when one try was left but one: a guess would be the
 * last; what is sent next depends on what the card then says. */
START_TEST(test_cut_before_the_last_try)
{
	const struct setting *set = &settings[_i];
	unsigned nth = set->kind == VCARD_JPKI ? 4 : 3; /* SELECT, (the PIN's file), the counter, VERIFY */
	struct trial t;
	CK_RV rv;

	start(&t, set);
	vcard_set_tries(t.r.card, set->app, 2);
	begin(&t, nth, TO_THE_END, VCARD_CUT);
	is(rig_login(&t.r, CKU_USER, set->wrong), CKR_DEVICE_ERROR);
	ck_assert_uint_eq(t.line.verifies, 1);
	rig_line(NULL);
	ck_assert_uint_eq(tries(&t), 1);
	is(rig_login(&t.r, CKU_USER, set->pin), CKR_FUNCTION_REJECTED);
	ck_assert_uint_eq(tries(&t), 1);
	ck_assert(rig_token_flags(&t.r) & CKF_USER_PIN_FINAL_TRY);
	vcard_set_tries(t.r.card, set->app, 1);
	rv = rig_login(&t.r, CKU_USER, set->wrong); /* the last try, or known to have been refused */
	ck_assert(rv == CKR_FUNCTION_REJECTED || rv == CKR_PIN_INCORRECT);
	vcard_set_tries(t.r.card, set->app, 0);
	is(rig_login(&t.r, CKU_USER, set->pin), CKR_PIN_LOCKED);
	ck_assert_uint_eq(vcard_verifies(t.r.card, set->app) - t.verifies, 1);
	rig_stop(&t.r);
}
END_TEST

/* The card is pulled at the nth command and comes back: that is another insertion,
 * and neither session nor login is left. */
START_TEST(test_pulled)
{
	const struct setting *set = &settings[_i];
	bool reached = rig_sample() == 1 || _i == 0;

	for (unsigned nth = 1; reached && nth < 40; nth += rig_sample() > 1 ? 5 : 1) {
		struct trial t;
		uint8_t signature[256];
		CK_ULONG len = sizeof signature;
		CK_SESSION_INFO info;
		unsigned before;
		CK_RV rv;

		start(&t, set);
		snprintf(what, sizeof what, "pulled at command %u of a signature", nth);
		ok(rig_login(&t.r, CKU_USER, set->pin));
		before = vreader_apdus(t.r.reader);
		vreader_fault(t.r.reader, nth, VFAULT_PULL, 0);
		rv = rig_sign(t.r.session, CKM_RSA_PKCS_PSS, signature, &len);
		reached = vreader_apdus(t.r.reader) - before >= nth;
		vreader_fault(t.r.reader, 0, VFAULT_NONE, 0);
		vreader_insert(t.r.reader, reached ? vreader_remove(t.r.reader) : t.r.card);
		holds(!reached || rv == CKR_OK || rv == CKR_DEVICE_REMOVED);
		rv = p11->C_GetSessionInfo(t.r.session, &info);
		holds(rv == CKR_DEVICE_REMOVED || rv == CKR_SESSION_HANDLE_INVALID);
		check_whole(&t);
		rig_stop(&t.r);
	}
	ck_assert(rig_sample() > 1 || !reached);
}
END_TEST

/* What becomes of pcscd, of the reader or of the card's power at one command or connection; what was there before is
 * there again at once, or when the program's call has returned. */
static void service(const struct trial *t, bool there)
{
	vcard_readers_run(there);
	vreader_power_off(t->r.reader);
}

static void reader(const struct trial *t, bool there)
{
	(there ? vcard_readers_add : vcard_readers_remove)(t->r.reader);
	vreader_power_off(t->r.reader);
}

static void power(const struct trial *t, bool there)
{
	vcard_readers_refuse(t->r.reader, there ? E_OK : E_MUTE);
	vreader_power_off(t->r.reader);
}

static const struct event {
	const char *name;
	void (*set)(const struct trial *t, bool there);
	bool back;       /* at once */
	unsigned broken; /* commands: SCARD_W_RESET_CARD, SCARD_W_UNPOWERED_CARD */
} events[] = {
	{"pcscd has ended", service, false, 0},
	{"pcscd is started anew", service, true, 0},
	{"the reader is gone", reader, false, 0},
	{"the reader is gone and back", reader, true, 0},
	{"the card does not wake up", power, false, 1},
	{"the card has lost its power", power, true, 1},
};

#define N_EVENTS (sizeof events / sizeof *events)

static const struct event *event;

static void happen(void *arg)
{
	event->set(arg, false);
	if (event->back)
		event->set(arg, true);
}

static bool one_event(struct trial *t, enum rig_when when, unsigned nth)
{
	CK_SESSION_INFO info;
	bool came;
	CK_RV rv;

	snprintf(what, sizeof what, "%s at %s %u of a login and a signature", event->name,
	         when == RIG_AT_COMMAND ? "command" : "connection", nth);
	begin(t, nth, when == RIG_AT_COMMAND ? event->broken : 0, VCARD_LOST);
	t->line.when = when;
	t->line.call = happen;
	t->line.arg = t;
	rv = rig_login(&t->r, CKU_USER, t->pin);
	if (rv == CKR_OK)
		rv = rig_sign_checked(&t->r, t->r.session, CKM_SHA256_RSA_PKCS);
	came = t->line.called;
	rig_line(NULL);
	if (came && !event->back)
		event->set(t, true);
	if (came)
		ck_assert_msg(rv == CKR_OK || rv == CKR_DEVICE_ERROR || rv == CKR_DEVICE_REMOVED || rv == CKR_TOKEN_NOT_PRESENT ||
		              rv == CKR_USER_NOT_LOGGED_IN, "%s: 0x%lx", what, rv);
	else
		holds(rv == CKR_OK);
	holds(tries(t) == limit(t->set));
	check_verifies(t, 2);
	rv = p11->C_GetSessionInfo(t->r.session, &info);
	holds(rv == CKR_OK || rv == CKR_DEVICE_REMOVED || rv == CKR_SESSION_HANDLE_INVALID);
	check_whole(t);
	return came;
}

START_TEST(test_events)
{
	struct trial t;
	unsigned places = 0;

	event = &events[_i % (int)N_EVENTS];
	if (rig_sample() > 1 && _i % 3)
		return;
	start(&t, &settings[_i / (int)N_EVENTS]);
	for (unsigned nth = 1; one_event(&t, RIG_AT_COMMAND, nth); nth++)
		places++;
	for (unsigned nth = 1; one_event(&t, RIG_AT_CONNECTION, nth); nth++)
		places++;
	printf("%s: at %u places\n", event->name, places);
	ck_assert_uint_gt(places, 8);
	rig_stop(&t.r);
}
END_TEST

int main(void)
{
	const struct cases cases = {.suite = suite_create("link"), .seconds = 600};

	add_loop_case(&cases, test_link, N_SETTINGS * N_OPERATIONS);
	add_loop_case(&cases, test_cut_before_the_last_try, N_SETTINGS);
	add_loop_case(&cases, test_pulled, N_SETTINGS);
	add_loop_case(&cases, test_events, N_SETTINGS * N_EVENTS);
	return rig_run(cases.suite);
}
