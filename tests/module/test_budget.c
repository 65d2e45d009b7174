/* SPDX-License-Identifier: BSD-2-Clause */
/* How many commands a card is sent, and that its directory is obeyed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tests/check_case.h"
#include "tests/module/rig.h"
#include "tests/vcard_reader.h"

static const struct budget {
	const char *name;
	enum vcard_kind kind;
	enum vcard_app app;
	bool no_extended, get_response;
	unsigned whole, further;
} budgets[] = {
	{"HPKI authentication, extended", VCARD_HPKI, VCARD_AUTH, false, false, 22, 7},
	{"HPKI authentication, short", VCARD_HPKI, VCARD_AUTH, true, false, 29, 7},
	{"HPKI signature, extended", VCARD_HPKI, VCARD_SIGN, false, false, 22, 12},
	{"HPKI signature, short", VCARD_HPKI, VCARD_SIGN, true, false, 29, 12},
	{"JPKI authentication, extended", VCARD_JPKI, VCARD_AUTH, false, false, 17, 7},
	{"JPKI authentication, short", VCARD_JPKI, VCARD_AUTH, true, false, 23, 7},
};

static void card_of(struct vcard_spec *spec, const struct budget *b)
{
	rig_spec(spec, b->kind);
	spec->no_extended = b->no_extended;
	spec->certificate_size[0] = spec->certificate_size[1] = b->kind == VCARD_HPKI ? 1414 : 1573;
}

static void read_certificate(CK_SESSION_HANDLE session, size_t expected)
{
	uint8_t der[4096];
	CK_ATTRIBUTE value = {CKA_VALUE, der, sizeof der};

	ok(p11->C_GetAttributeValue(session, rig_find(session, CKO_CERTIFICATE), &value, 1));
	ck_assert_uint_eq(value.ulValueLen, expected);
}

/* A further signature; of a signature token, with its PIN. */
static void sign_again(struct rig *r, const char *pin)
{
	CK_MECHANISM mechanism = {CKM_SHA256_RSA_PKCS, NULL, 0};
	uint8_t signature[512];
	CK_ULONG n = sizeof signature;

	if (r->app == VCARD_AUTH) {
		ok(rig_sign_checked(r, r->session, CKM_SHA256_RSA_PKCS));
		return;
	}
	ok(p11->C_SignInit(r->session, &mechanism, rig_find(r->session, CKO_PRIVATE_KEY)));
	ok(rig_login(r, CKU_CONTEXT_SPECIFIC, pin));
	ok(p11->C_Sign(r->session, (CK_BYTE_PTR)"x", 1, signature, &n));
}

/* What a fresh process does: lists, finds the certificate, logs in, signs. */
START_TEST(test_budget)
{
	const struct budget *b = &budgets[_i];
	CK_TOKEN_INFO info;
	struct vcard_spec spec;
	unsigned first;
	struct rig r;

	card_of(&spec, b);
	rig_profiles(b->app == VCARD_AUTH ? profiles_auth : profiles_sign);
	r.app = b->app;
	r.reader = rig_reader("Virtual Reader 00", &spec);
	r.card = vreader_card(r.reader);
	ok(p11->C_Initialize(NULL));
	ck_assert_uint_eq(vreader_apdus(r.reader), 0);
	r.slot = rig_first_slot();
	ok(p11->C_GetTokenInfo(r.slot, &info));
	r.session = rig_session(r.slot);
	read_certificate(r.session, b->kind == VCARD_HPKI ? 1414 : 1573);
	ok(rig_login(&r, CKU_USER, spec.pin[b->app]));
	ok(rig_sign_checked(&r, r.session, CKM_SHA256_RSA_PKCS));
	first = vreader_apdus(r.reader);
	sign_again(&r, spec.pin[b->app]);
	printf("%s: %u commands, each further signature %u\n", b->name, first, vreader_apdus(r.reader) - first);
	ck_assert_uint_le(first, b->whole);
	ck_assert_uint_le(vreader_apdus(r.reader) - first, b->further);
	ck_assert(rig_is_locked(&r));
	rig_stop(&r);
}
END_TEST

/* JPKI's signature certificate is behind the PIN, and what tells the card from others in another file. */
START_TEST(test_budget_of_a_hidden_certificate)
{
	struct vcard_spec spec;
	unsigned first;
	struct rig r;

	rig_spec(&spec, VCARD_JPKI);
	rig_start(&r, &spec, VCARD_SIGN);
	ok(rig_login(&r, CKU_USER, spec.pin[VCARD_SIGN]));
	ok(rig_sign_checked(&r, r.session, CKM_SHA256_RSA_PKCS));
	first = vreader_apdus(r.reader);
	sign_again(&r, spec.pin[VCARD_SIGN]);
	printf("JPKI signature: %u commands, each further signature %u\n", first, vreader_apdus(r.reader) - first);
	ck_assert_uint_le(vreader_apdus(r.reader) - first, 12);
	rig_stop(&r);
}
END_TEST

static unsigned selects, others;

static void count_selects(void *arg, const char *line)
{
	(void)arg;
	if (strstr(line, "00A404"))
		selects++;
	else
		others++;
}

/* A card of somebody else's: three SELECTs at most, once, and nothing more. */
START_TEST(test_foreign)
{
	CK_SLOT_ID slots[8], slot = 0;
	CK_SLOT_INFO slot_info;
	CK_ULONG n = 8;
	CK_TOKEN_INFO info;
	CK_SESSION_HANDLE session;
	struct vcard_spec spec;
	struct vreader *reader;

	rig_spec(&spec, VCARD_FOREIGN);
	rig_profiles(_i ? profiles_sign : profiles_auth);
	reader = rig_reader("Virtual Reader 00", &spec);
	vreader_trace(reader, count_selects, NULL);
	ok(p11->C_Initialize(NULL));
	for (int i = 0; i < 3; i++) {
		n = 8;
		ok(p11->C_GetSlotList(CK_TRUE, slots, &n));
		ck_assert_uint_eq(n, 0);
		is(p11->C_GetTokenInfo(slot, &info), CKR_TOKEN_NOT_RECOGNIZED);
		is(p11->C_OpenSession(slot, CKF_SERIAL_SESSION, NULL, NULL, &session), CKR_TOKEN_NOT_RECOGNIZED);
	}
	ok(p11->C_GetSlotInfo(slot, &slot_info));
	ck_assert(!(slot_info.flags & CKF_TOKEN_PRESENT));
	ck_assert_uint_ge(selects, 1);
	ck_assert_uint_le(selects, 3);
	ck_assert_uint_eq(others, 0);
	ok(p11->C_Finalize(NULL));
	vcard_readers_remove(reader);
	vreader_free(reader);
}
END_TEST

/* The same card with other file identifiers and references in its directory. */
START_TEST(test_directory_is_obeyed)
{
	struct vcard_spec spec;
	struct rig r;

	rig_spec(&spec, VCARD_HPKI);
	spec.fid_pin_dir = 0x0A01;
	spec.fid_key_dir = 0x0A02;
	spec.fid_cert_dir = 0x0A03;
	spec.fid_key = 0x0B0C;
	spec.fid_cert = 0x0B16;
	spec.pin_reference = 0x85;
	rig_start(&r, &spec, _i ? VCARD_SIGN : VCARD_AUTH);
	ok(rig_login(&r, CKU_USER, spec.pin[r.app]));
	ok(rig_sign_checked(&r, r.session, CKM_SHA256_RSA_PKCS));
	rig_stop(&r);
}
END_TEST

/* The issuing CA's certificate is read when something wants its bytes, once. */
START_TEST(test_ca_is_read_once)
{
	CK_OBJECT_CLASS class = CKO_CERTIFICATE;
	CK_CERTIFICATE_TYPE type = CKC_X_509;
	CK_ATTRIBUTE by_class[] = {{CKA_CLASS, &class, sizeof class}, {CKA_CERTIFICATE_TYPE, &type, sizeof type}};
	CK_ATTRIBUTE by_subject[] = {{CKA_CLASS, &class, sizeof class}, {CKA_SUBJECT, "nobody", 6}};
	struct vcard_spec spec;
	unsigned before, after;
	struct rig r;

	rig_spec(&spec, VCARD_HPKI);
	spec.layout = VCARD_ANNEX_B;
	rig_start(&r, &spec, VCARD_AUTH);
	before = vreader_apdus(r.reader);
	ck_assert_uint_ge(rig_count(r.session, by_class, 2), 2);
	ck_assert_uint_eq(vreader_apdus(r.reader), before);
	ck_assert_uint_eq(rig_count(r.session, by_subject, 2), 0);
	after = vreader_apdus(r.reader);
	ck_assert_uint_gt(after, before);
	ck_assert_uint_eq(rig_count(r.session, by_subject, 2), 0);
	ck_assert_uint_eq(vreader_apdus(r.reader), after);
	rig_stop(&r);
}
END_TEST

int main(void)
{
	const struct cases cases = {.suite = suite_create("budget"), .seconds = 120};

	add_loop_case(&cases, test_budget, sizeof budgets / sizeof *budgets);
	add_case(&cases, test_budget_of_a_hidden_certificate);
	add_loop_case(&cases, test_foreign, 2);
	add_loop_case(&cases, test_directory_is_obeyed, 2);
	add_case(&cases, test_ca_is_read_once);
	return rig_run(cases.suite);
}
