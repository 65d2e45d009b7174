/* SPDX-License-Identifier: BSD-2-Clause */
/* Every allocation from C_Initialize to C_Finalize, the module's and libcrypto's, fails
 * in turn, alone and with all that follow: a fitting code, no lost PIN try, one VERIFY per
 * typed PIN, the card locked, no copy of the PIN, and the next time all is well. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "tests/check_case.h"
#include "tests/module/rig.h"
#include "tests/no_memory.h"

static const struct setting {
	enum vcard_kind kind;
	enum vcard_app app;
	size_t pin_len;
} settings[] = {
	{VCARD_HPKI, VCARD_AUTH, 10}, {VCARD_HPKI, VCARD_SIGN, 10}, {VCARD_JPKI, VCARD_AUTH, 4}, {VCARD_JPKI, VCARD_SIGN, 10},
};

enum { N_SETTINGS = sizeof settings / sizeof *settings };

static const uint8_t masked[] = {'7' ^ RIG_MASK, '3' ^ RIG_MASK, '5' ^ RIG_MASK, '8' ^ RIG_MASK, 'Q' ^ RIG_MASK,
                                 'W' ^ RIG_MASK, '1' ^ RIG_MASK, 'K' ^ RIG_MASK, 'V' ^ RIG_MASK, '9' ^ RIG_MASK};

static size_t pin_len;

static CK_RV done(CK_RV rv)
{
	no_memory.on = false;
	return rv;
}

#define w(call) done(short_of_memory(call))

/* The card's memory is its own. */
bool __real_vreader_transmit(struct vreader *r, const uint8_t *apdu, size_t n, uint8_t *response, size_t *len);
bool __wrap_vreader_transmit(struct vreader *r, const uint8_t *apdu, size_t n, uint8_t *response, size_t *len);
bool __wrap_vreader_transmit(struct vreader *r, const uint8_t *apdu, size_t n, uint8_t *response, size_t *len)
{
	bool on = no_memory.on, there;

	no_memory.on = false;
	there = __real_vreader_transmit(r, apdu, n, response, len);
	no_memory.on = on;
	return there;
}

static CK_RV login(CK_SESSION_HANDLE session, CK_USER_TYPE user)
{
	CK_UTF8CHAR pin[sizeof masked];
	CK_RV rv;

	for (size_t i = 0; i < sizeof pin; i++)
		pin[i] = masked[i] ^ RIG_MASK;
	rv = w(p11->C_Login(session, user, pin, pin_len));
	mem_wipe(pin, sizeof pin);
	return rv;
}

static CK_RV find_key(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *key)
{
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_ATTRIBUTE template = {CKA_CLASS, &class, sizeof class};
	CK_ULONG n = 0;
	CK_RV rv = w(p11->C_FindObjectsInit(session, &template, 1));

	if (rv == CKR_OK)
		rv = w(p11->C_FindObjects(session, key, 1, &n));
	if (rv == CKR_OK)
		rv = w(p11->C_FindObjectsFinal(session));
	if (rv == CKR_OK)
		ck_assert_msg(n == 1, "allocation %u: no key, and no error", no_memory.fail_at);
	return rv;
}

/* A login and a signature; with a key that wants it, a consent and another signature. */
static CK_RV log_in_and_sign(const struct rig *r, CK_SESSION_HANDLE session, unsigned *typed)
{
	static const char message[] = "A referral letter.";
	CK_MECHANISM mechanism = {CKM_SHA256_RSA_PKCS, NULL, 0};
	CK_OBJECT_HANDLE key;
	CK_RV rv;

	++*typed;
	rv = login(session, CKU_USER);
	if (rv == CKR_OK)
		rv = find_key(session, &key);
	for (int i = 0; rv == CKR_OK && i < (r->app == VCARD_SIGN ? 2 : 1); i++) {
		CK_BYTE signature[512];
		CK_ULONG len = sizeof signature;

		rv = w(p11->C_SignInit(session, &mechanism, key));
		if (rv == CKR_OK && i == 1) {
			++*typed;
			rv = login(session, CKU_CONTEXT_SPECIFIC);
		}
		if (rv == CKR_OK)
			rv = w(p11->C_Sign(session, (CK_BYTE *)(uintptr_t)message, sizeof message, signature, &len));
		if (rv == CKR_OK)
			ck_assert(rig_verifies(r, CKM_SHA256_RSA_PKCS, signature, len));
	}
	return rv == CKR_OK ? w(p11->C_Logout(session)) : rv;
}

static CK_RV work(const struct rig *r, unsigned *typed)
{
	CK_SESSION_HANDLE session;
	CK_TOKEN_INFO info;
	CK_SLOT_ID slot;
	CK_ULONG n = 1;
	CK_RV rv = w(p11->C_GetSlotList(CK_TRUE, &slot, &n));

	if (rv == CKR_OK)
		rv = n ? w(p11->C_GetTokenInfo(slot, &info)) : CKR_TOKEN_NOT_PRESENT;
	if (rv == CKR_OK)
		rv = w(p11->C_OpenSession(slot, CKF_SERIAL_SESSION, NULL, NULL, &session));
	if (rv == CKR_OK)
		rv = log_in_and_sign(r, session, typed);
	if (rv == CKR_OK)
		rv = w(p11->C_CloseAllSessions(slot));
	return rv;
}

static bool fits(CK_RV rv)
{
	switch (rv) {
	case CKR_OK: /* it did not matter; libcrypto has checked the signatures */
	case CKR_HOST_MEMORY:
	case CKR_TOKEN_NOT_PRESENT: /* a card that could not be looked at is not there yet */
		return true;
	case CKR_GENERAL_ERROR: /* libcrypto does not say why it does not do */
	case CKR_DEVICE_ERROR:
	case CKR_TOKEN_NOT_RECOGNIZED:
	case CKR_KEY_SIZE_RANGE:
		return no_memory.libcrypto;
	default:
		return false;
	}
}

/* The whole life of a module, with one failure; then the same work with memory again, of the
 * same module or, since a library context that was made without memory stays as it is, of
 * one that begins anew. False: nothing has failed. */
static bool one_failure(struct rig *r, unsigned fail_at, unsigned *begun)
{
	unsigned verifies = vcard_verifies(r->card, r->app), signatures = vcard_signatures(r->card, r->app);
	unsigned tries = vcard_tries(r->card, r->app), typed = 0;
	const char *which = no_memory.lasting ? "all from allocation" : "allocation";
	CK_RV rv, again;

	vreader_power_off(r->reader);
	no_memory.count = 0;
	no_memory.fail_at = fail_at;
	no_memory.failed = false;
	rv = w(p11->C_Initialize(NULL));
	*begun = no_memory.count;
	if (rv == CKR_OK)
		rv = work(r, &typed);
	ck_assert_msg(fits(rv) && (no_memory.failed || rv == CKR_OK), "%s %u: 0x%lx", which, fail_at, rv);
	verifies = vcard_verifies(r->card, r->app) - verifies;
	signatures = vcard_signatures(r->card, r->app) - signatures;
	ck_assert_msg(verifies <= typed + signatures, "%s %u: %u VERIFYs of %u PINs for %u signatures", which, fail_at,
	              verifies, typed, signatures);
	ck_assert_msg(vcard_tries(r->card, r->app) == tries, "%s %u: a PIN try was lost", which, fail_at);
	no_memory.fail_at = 0;
	ck_assert_msg(rig_is_locked(r), "%s %u: 0x%lx, and left unlocked", which, fail_at, rv);
	again = p11->C_CloseAllSessions(0);
	if (no_memory.libcrypto && again != CKR_CRYPTOKI_NOT_INITIALIZED)
		ok(p11->C_Finalize(NULL));
	p11->C_Initialize(NULL); /* done, when it was not that which failed */
	again = work(r, &typed);
	ck_assert_msg(again == CKR_OK, "%s %u: 0x%lx, and then 0x%lx", which, fail_at, rv, again);
	ok(p11->C_Finalize(NULL));
	ck_assert_msg(rig_is_locked(r), "%s %u: left unlocked", which, fail_at);
	return no_memory.failed;
}

/* Of libcrypto's, which are thousands, one in 97 of C_Initialize's and one in eleven of the
 * others; INKAN_TEST_SAMPLE=1: each. */
START_TEST(test_no_memory)
{
	const struct setting *set = &settings[_i % N_SETTINGS];
	bool each = getenv("INKAN_TEST_SAMPLE") && rig_sample() == 1;
	char pin[sizeof masked + 1] = "";
	struct rig r = {.app = set->app};
	struct vcard_spec spec;
	unsigned of_card, n = 1 + (unsigned)_i % N_SETTINGS, begun, runs = 0;

	pin_len = set->pin_len;
	for (size_t i = 0; i < pin_len; i++)
		pin[i] = (char)(masked[i] ^ RIG_MASK);
	rig_spec(&spec, set->kind);
	spec.pin[set->app] = pin;
	rig_profiles(set->app == VCARD_AUTH ? profiles_auth : profiles_sign);
	r.reader = rig_reader("Virtual Reader 00", &spec);
	r.card = vreader_card(r.reader);
	no_memory.ours = true;
	no_memory.libcrypto = _i / N_SETTINGS % 2;
	no_memory.lasting = _i / N_SETTINGS / 2;
	if (!no_memory.libcrypto)
		n = 1;
	ck_assert(!one_failure(&r, 0, &begun));
	of_card = rig_copies(masked, pin_len);
	for (; one_failure(&r, n, &begun); runs++)
		n += each ? 1 : !no_memory.libcrypto ? rig_sample() : SLOW * (n <= begun ? 97 : 11);
	ck_assert_uint_gt(runs, rig_sample() > 1 || SLOW > 1 ? 1 : 100);
	if (pin_len > 4) /* shorter ones are found everywhere */
		ck_assert_uint_eq(rig_copies(masked, pin_len), of_card);
	printf("%u allocations, %u of them failed\n", n, runs);
	vcard_readers_remove(r.reader);
	vreader_free(r.reader);
}
END_TEST

int main(void)
{
	const struct cases cases = {.suite = suite_create("no memory"), .seconds = 600};
	TCase *t = new_case(&cases, "test_no_memory");

	no_memory_init();
	tcase_set_tags(t, "memory"); /* not for valgrind: libcrypto loses some of its own */
	tcase_add_loop_test(t, test_no_memory, 0, 4 * N_SETTINGS);
	return rig_run(cases.suite);
}
