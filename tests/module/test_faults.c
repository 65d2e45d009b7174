/* SPDX-License-Identifier: BSD-2-Clause */
/* Every command of a login and a signature goes wrong in turn, in every way: a
 * fitting code, no crash, no hang, no lost PIN try, and the next insertion works. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tests/check_case.h"
#include "tests/module/rig.h"
#include "tests/vcard_reader.h"

static const struct fault {
	enum vfault kind;
	uint16_t status;
} faults[] = {
	{VFAULT_CUT, 0}, {VFAULT_NOISE, 0}, {VFAULT_PULL, 0}, {VFAULT_PULL_BEFORE, 0}, {VFAULT_RESET, 0},
	{VFAULT_STATUS, 0x9000}, {VFAULT_STATUS, 0x6100}, {VFAULT_STATUS, 0x6110}, {VFAULT_STATUS, 0x6282},
	{VFAULT_STATUS, 0x6300}, {VFAULT_STATUS, 0x63C0}, {VFAULT_STATUS, 0x63C1}, {VFAULT_STATUS, 0x63C2},
	{VFAULT_STATUS, 0x6581}, {VFAULT_STATUS, 0x6700}, {VFAULT_STATUS, 0x6882}, {VFAULT_STATUS, 0x6982},
	{VFAULT_STATUS, 0x6983}, {VFAULT_STATUS, 0x6984}, {VFAULT_STATUS, 0x6985}, {VFAULT_STATUS, 0x6A80},
	{VFAULT_STATUS, 0x6A82}, {VFAULT_STATUS, 0x6A86}, {VFAULT_STATUS, 0x6A88}, {VFAULT_STATUS, 0x6B00},
	{VFAULT_STATUS, 0x6C00}, {VFAULT_STATUS, 0x6C10}, {VFAULT_STATUS, 0x6D00}, {VFAULT_STATUS, 0x6E00},
	{VFAULT_STATUS, 0x6F00}, {VFAULT_STATUS, 0x0000}, {VFAULT_STATUS, 0xFFFF},
};

#define N_FAULTS (sizeof faults / sizeof *faults)

static const struct setting {
	enum vcard_kind kind;
	enum vcard_app app;
	bool no_extended;
} settings[] = {
	{VCARD_HPKI, VCARD_AUTH, false}, {VCARD_HPKI, VCARD_SIGN, true},
	{VCARD_JPKI, VCARD_AUTH, false}, {VCARD_JPKI, VCARD_SIGN, false},
};

/* A program from C_Initialize to the signature; the first code that is not CKR_OK. */
static CK_RV login_and_sign(struct rig *r, const char *pin)
{
	CK_TOKEN_INFO info;
	CK_RV rv;

	r->slot = 0;
	rv = p11->C_GetTokenInfo(r->slot, &info);
	if (rv == CKR_OK)
		rv = p11->C_OpenSession(r->slot, CKF_SERIAL_SESSION, NULL, NULL, &r->session);
	if (rv == CKR_OK)
		rv = rig_login(r, CKU_USER, pin);
	if (rv == CKR_OK)
		rv = rig_sign_checked(r, r->session, CKM_SHA256_RSA_PKCS);
	return rv;
}

static bool fits(CK_RV rv)
{
	switch (rv) {
	case CKR_OK: /* recovered, or it did not matter; a signature has been checked by libcrypto */
	case CKR_DEVICE_ERROR:
	case CKR_DEVICE_REMOVED:
	case CKR_TOKEN_NOT_PRESENT:
	case CKR_TOKEN_NOT_RECOGNIZED:
	case CKR_SESSION_HANDLE_INVALID:
	case CKR_USER_NOT_LOGGED_IN:
	case CKR_PIN_INCORRECT: /* the card said so */
	case CKR_PIN_LOCKED:
	case CKR_FUNCTION_REJECTED:
	case CKR_PIN_LEN_RANGE: /* a directory that noise has changed */
	case CKR_PIN_INVALID:
	case CKR_KEY_HANDLE_INVALID:
		return true;
	default:
		return false;
	}
}

/* "9000" to a command that was not carried out: when that is the SELECT that locks
 * a JPKI card, whose answer holds nothing else, nobody can know. */
static bool is_lie(bool is_jpki, const struct fault *f)
{
	bool success = f->status == 0x9000 || f->status == 0x6282 || f->status >> 8 == 0x61;

	return is_jpki && f->kind == VFAULT_STATUS && success;
}

static void insert_again(struct rig *r)
{
	struct vcard *card = vreader_remove(r->reader);

	if (!card)
		card = r->card; /* pulled by the fault */
	vreader_insert(r->reader, card);
}

static unsigned count_commands(struct rig *r, const char *pin)
{
	unsigned before = vreader_apdus(r->reader);

	ok(p11->C_Initialize(NULL));
	ok(login_and_sign(r, pin));
	ok(p11->C_Finalize(NULL));
	return vreader_apdus(r->reader) - before;
}

static void one_fault(struct rig *r, const struct vcard_spec *spec, unsigned nth, const struct fault *f)
{
	unsigned verifies = vcard_verifies(r->card, r->app);
	char what[100];
	CK_RV rv;

	snprintf(what, sizeof what, "command %u, fault %d %04X", nth, (int)f->kind, f->status);
	vreader_power_off(r->reader);
	ok(p11->C_Initialize(NULL));
	vreader_fault(r->reader, nth, f->kind, f->status);
	rv = login_and_sign(r, spec->pin[r->app]);
	ck_assert_msg(fits(rv), "%s: 0x%lx", what, rv);
	vreader_fault(r->reader, 0, VFAULT_NONE, 0);
	ck_assert_msg(vcard_tries(r->card, r->app) == spec->tries[r->app], "%s: a PIN try was lost", what);
	ck_assert_msg(vcard_verifies(r->card, r->app) - verifies <= 3, "%s: %u VERIFYs", what,
	              vcard_verifies(r->card, r->app) - verifies);
	if (vreader_card(r->reader) && !is_lie(spec->kind == VCARD_JPKI, f))
		ck_assert_msg(rig_is_locked(r), "%s: left unlocked", what);
	insert_again(r);
	ck_assert_msg(rig_is_locked(r), "%s: left unlocked", what);
	verifies = vcard_verifies(r->card, r->app);
	rv = login_and_sign(r, spec->pin[r->app]);
	if (rv != CKR_PIN_INCORRECT) /* the card was made to say that this PIN is wrong */
		ck_assert_msg(rv == CKR_OK, "%s: the next insertion: 0x%lx", what, rv);
	ok(p11->C_Finalize(NULL));
}

/* INKAN_TEST_SAMPLE=N: one case in N, for runs that are slow (valgrind). */
static unsigned sample(void)
{
	const char *n = getenv("INKAN_TEST_SAMPLE");
	int step = n ? atoi(n) : 1;

	return step > 0 ? (unsigned)step : 1;
}

START_TEST(test_faults)
{
	const struct setting *set = &settings[_i];
	struct vcard_spec spec;
	unsigned commands, step = sample();
	struct rig r = {.app = set->app};

	rig_spec(&spec, set->kind);
	spec.no_extended = set->no_extended;
	rig_profiles(set->app == VCARD_AUTH ? profiles_auth : profiles_sign);
	r.reader = rig_reader("Virtual Reader 00", &spec);
	r.card = vreader_card(r.reader);
	commands = count_commands(&r, spec.pin[r.app]);
	ck_assert_uint_gt(commands, 10);
	for (unsigned i = 0; i < commands * N_FAULTS; i += step)
		one_fault(&r, &spec, 1 + i % commands, &faults[i / commands]);
	printf("%u commands, %zu faults each, one case in %u\n", commands, N_FAULTS, step);
	vcard_readers_remove(r.reader);
	vreader_free(r.reader);
}
END_TEST

/* A VERIFY whose answer is lost is never sent again; the counter is what is read. */
START_TEST(test_verify_is_not_repeated)
{
	struct vcard_spec spec;
	struct rig r;

	rig_spec(&spec, _i ? VCARD_JPKI : VCARD_HPKI);
	rig_start(&r, &spec, VCARD_AUTH);
	/* SELECT, (the PIN's file), the counter, VERIFY */
	vreader_fault(r.reader, _i ? 4 : 3, VFAULT_CUT, 0);
	is(rig_login(&r, CKU_USER, "9999"), CKR_DEVICE_ERROR);
	ck_assert_uint_eq(vcard_verifies(r.card, VCARD_AUTH), 1);
	ck_assert(rig_token_flags(&r) & CKF_USER_PIN_COUNT_LOW);
	ck_assert(rig_is_locked(&r));
	rig_stop(&r);
}
END_TEST

int main(void)
{
	const struct cases cases = {.suite = suite_create("faults"), .seconds = 600};

	add_loop_case(&cases, test_faults, sizeof settings / sizeof *settings);
	add_loop_case(&cases, test_verify_is_not_repeated, 2);
	return rig_run(cases.suite);
}
