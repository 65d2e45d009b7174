/* SPDX-License-Identifier: BSD-2-Clause */
/* Card A is out and card B in before anybody has looked, in every state of a session:
 * whichever function is called next, nothing of A comes out of it or is left
 * behind, and A's PIN never reaches B. */
#define _GNU_SOURCE /* memmem */
#include <stdio.h>
#include <string.h>
#include "base/mem.h"
#include "tests/module/rig.h"

CK_RV C_GetInterface(CK_UTF8CHAR *name, CK_VERSION *version, CK_INTERFACE **out, CK_FLAGS flags);

static const struct pair {
	enum vcard_kind a, b;
	enum vcard_app app;
} pairs[] = {
	{VCARD_HPKI, VCARD_HPKI, VCARD_AUTH}, {VCARD_HPKI, VCARD_JPKI, VCARD_AUTH},
	{VCARD_JPKI, VCARD_JPKI, VCARD_AUTH}, {VCARD_JPKI, VCARD_HPKI, VCARD_AUTH},
	{VCARD_HPKI, VCARD_HPKI, VCARD_SIGN}, {VCARD_HPKI, VCARD_JPKI, VCARD_SIGN},
	{VCARD_JPKI, VCARD_JPKI, VCARD_SIGN}, {VCARD_JPKI, VCARD_HPKI, VCARD_SIGN},
};

enum way {
	SAME_READER,
	SAME_NAME,       /* another reader of that name, which counts insertions from the start */
	OTHER_NAME,      /* another reader, with the same number of the insertion, in A's slot */
	OTHER_SLOT,      /* the same, in the slot that is kept free */
	WAYS
};

#define N_PAIRS (sizeof pairs / sizeof *pairs)

enum state { OPEN, LOGGED_IN, SEARCHING, SIGNING, SIGNING_IN_PARTS, DIGESTING, CONSENT, STATES };

static const char *const ways[] = {"same reader", "another reader of that name", "another reader in that slot",
                                   "another reader in another slot"};
static const char *const states[] = {"a session", "logged in", "a search", "a signature", "a signature in parts",
                                     "a hash", "consent given"};

struct scene {
	const struct pair *pair;
	enum way way;
	struct vreader *a_reader, *b_reader, *third;
	struct vcard *a, *b;
	const char *a_pin, *b_pin, *new_pin;
	char a_serial[17];
	const uint8_t *a_cert;
	size_t a_len;
	CK_FUNCTION_LIST_3_0 *v3;

	CK_SLOT_ID slot, b_slot;
	CK_SESSION_HANDLE session, other;
	CK_OBJECT_HANDLE key, cert;
	CK_MECHANISM rsa, sha;
	uint8_t in[64], out[8192]; /* what a call writes */
	CK_ULONG n;
};

/* What may come of a call that is the first after the swap. */
enum kind {
	OF_SLOT,    /* of B, or that there is no card */
	OF_SESSION, /* that the session is gone */
	NOT_DONE,   /* anything but CKR_OK */
};

#define SESSION s->session
#define OUT s->out, &s->n
#define IN s->in, 20
#define PIN (CK_UTF8CHAR *)s->a_pin, strlen(s->a_pin)

#define CALLS(X) \
	X(C_GetSlotList, OF_SLOT, p11->C_GetSlotList(CK_TRUE, (CK_SLOT_ID *)s->out, &s->n)) \
	X(C_GetSlotInfo, OF_SLOT, p11->C_GetSlotInfo(s->slot, (CK_SLOT_INFO *)s->out)) \
	X(C_GetTokenInfo, OF_SLOT, p11->C_GetTokenInfo(s->slot, (CK_TOKEN_INFO *)s->out)) \
	X(C_GetMechanismList, OF_SLOT, p11->C_GetMechanismList(s->slot, (CK_MECHANISM_TYPE *)s->out, &s->n)) \
	X(C_GetMechanismInfo, OF_SLOT, p11->C_GetMechanismInfo(s->slot, CKM_RSA_PKCS, (CK_MECHANISM_INFO *)s->out)) \
	X(C_OpenSession, OF_SLOT, \
	  p11->C_OpenSession(s->slot, CKF_SERIAL_SESSION, NULL, NULL, (CK_SESSION_HANDLE *)s->out)) \
	X(C_CloseAllSessions, OF_SLOT, p11->C_CloseAllSessions(s->slot)) \
	X(C_WaitForSlotEvent, OF_SLOT, p11->C_WaitForSlotEvent(CKF_DONT_BLOCK, (CK_SLOT_ID *)s->out, NULL)) \
	X(C_InitToken, NOT_DONE, p11->C_InitToken(s->slot, PIN, s->in)) \
	X(C_GetSessionInfo, OF_SESSION, p11->C_GetSessionInfo(SESSION, (CK_SESSION_INFO *)s->out)) \
	X(C_Login, OF_SESSION, p11->C_Login(SESSION, CKU_USER, PIN)) \
	X(C_Login_context, OF_SESSION, p11->C_Login(SESSION, CKU_CONTEXT_SPECIFIC, PIN)) \
	X(C_LoginUser, OF_SESSION, s->v3->C_LoginUser(SESSION, CKU_USER, PIN, NULL, 0)) \
	X(C_Logout, OF_SESSION, p11->C_Logout(SESSION)) \
	X(C_SetPIN, OF_SESSION, p11->C_SetPIN(SESSION, PIN, (CK_UTF8CHAR *)s->new_pin, strlen(s->new_pin))) \
	X(C_FindObjectsInit, OF_SESSION, p11->C_FindObjectsInit(SESSION, NULL, 0)) \
	X(C_SignInit, OF_SESSION, p11->C_SignInit(SESSION, &s->rsa, s->key)) \
	X(C_SignInit_ends, OF_SESSION, p11->C_SignInit(SESSION, NULL, s->key)) \
	X(C_Sign, OF_SESSION, p11->C_Sign(SESSION, IN, OUT)) \
	X(C_Sign_length, OF_SESSION, p11->C_Sign(SESSION, IN, NULL, &s->n)) \
	X(C_SignFinal, OF_SESSION, p11->C_SignFinal(SESSION, OUT)) \
	X(C_CloseSession, OF_SESSION, p11->C_CloseSession(SESSION)) \
	X(C_SessionCancel, OF_SESSION, s->v3->C_SessionCancel(SESSION, CKF_SIGN | CKF_DIGEST | CKF_FIND_OBJECTS)) \
	X(C_GetAttributeValue, OF_SESSION, \
	  p11->C_GetAttributeValue(SESSION, s->cert, &(CK_ATTRIBUTE){CKA_LABEL, s->out, sizeof s->out}, 1)) \
	X(C_GetObjectSize, OF_SESSION, p11->C_GetObjectSize(SESSION, s->cert, (CK_ULONG *)s->out)) \
	X(C_FindObjects, OF_SESSION, p11->C_FindObjects(SESSION, (CK_OBJECT_HANDLE *)s->out, 64, &s->n)) \
	X(C_FindObjectsFinal, OF_SESSION, p11->C_FindObjectsFinal(SESSION)) \
	X(C_SignUpdate, OF_SESSION, p11->C_SignUpdate(SESSION, IN)) \
	X(C_DigestInit, OF_SESSION, p11->C_DigestInit(SESSION, &s->sha)) \
	X(C_Digest, OF_SESSION, p11->C_Digest(SESSION, IN, OUT)) \
	X(C_DigestUpdate, OF_SESSION, p11->C_DigestUpdate(SESSION, IN)) \
	X(C_DigestFinal, OF_SESSION, p11->C_DigestFinal(SESSION, OUT)) \
	X(C_InitPIN, NOT_DONE, p11->C_InitPIN(SESSION, PIN)) \
	X(C_GetOperationState, NOT_DONE, p11->C_GetOperationState(SESSION, OUT)) \
	X(C_SetOperationState, NOT_DONE, p11->C_SetOperationState(SESSION, IN, 0, 0)) \
	X(C_CreateObject, NOT_DONE, p11->C_CreateObject(SESSION, NULL, 0, &s->n)) \
	X(C_CopyObject, NOT_DONE, p11->C_CopyObject(SESSION, s->cert, NULL, 0, &s->n)) \
	X(C_DestroyObject, NOT_DONE, p11->C_DestroyObject(SESSION, s->cert)) \
	X(C_SetAttributeValue, NOT_DONE, \
	  p11->C_SetAttributeValue(SESSION, s->cert, &(CK_ATTRIBUTE){CKA_LABEL, s->in, 1}, 1)) \
	X(C_EncryptInit, NOT_DONE, p11->C_EncryptInit(SESSION, &s->rsa, s->key)) \
	X(C_Encrypt, NOT_DONE, p11->C_Encrypt(SESSION, IN, OUT)) \
	X(C_EncryptUpdate, NOT_DONE, p11->C_EncryptUpdate(SESSION, IN, OUT)) \
	X(C_EncryptFinal, NOT_DONE, p11->C_EncryptFinal(SESSION, OUT)) \
	X(C_DecryptInit, NOT_DONE, p11->C_DecryptInit(SESSION, &s->rsa, s->key)) \
	X(C_Decrypt, NOT_DONE, p11->C_Decrypt(SESSION, IN, OUT)) \
	X(C_DecryptUpdate, NOT_DONE, p11->C_DecryptUpdate(SESSION, IN, OUT)) \
	X(C_DecryptFinal, NOT_DONE, p11->C_DecryptFinal(SESSION, OUT)) \
	X(C_DigestKey, NOT_DONE, p11->C_DigestKey(SESSION, s->key)) \
	X(C_SignRecoverInit, NOT_DONE, p11->C_SignRecoverInit(SESSION, &s->rsa, s->key)) \
	X(C_SignRecover, NOT_DONE, p11->C_SignRecover(SESSION, IN, OUT)) \
	X(C_VerifyInit, NOT_DONE, p11->C_VerifyInit(SESSION, &s->rsa, s->key)) \
	X(C_Verify, NOT_DONE, p11->C_Verify(SESSION, IN, IN)) \
	X(C_VerifyUpdate, NOT_DONE, p11->C_VerifyUpdate(SESSION, IN)) \
	X(C_VerifyFinal, NOT_DONE, p11->C_VerifyFinal(SESSION, IN)) \
	X(C_VerifyRecoverInit, NOT_DONE, p11->C_VerifyRecoverInit(SESSION, &s->rsa, s->key)) \
	X(C_VerifyRecover, NOT_DONE, p11->C_VerifyRecover(SESSION, IN, OUT)) \
	X(C_DigestEncryptUpdate, NOT_DONE, p11->C_DigestEncryptUpdate(SESSION, IN, OUT)) \
	X(C_DecryptDigestUpdate, NOT_DONE, p11->C_DecryptDigestUpdate(SESSION, IN, OUT)) \
	X(C_SignEncryptUpdate, NOT_DONE, p11->C_SignEncryptUpdate(SESSION, IN, OUT)) \
	X(C_DecryptVerifyUpdate, NOT_DONE, p11->C_DecryptVerifyUpdate(SESSION, IN, OUT)) \
	X(C_GenerateKey, NOT_DONE, p11->C_GenerateKey(SESSION, &s->rsa, NULL, 0, &s->n)) \
	X(C_GenerateKeyPair, NOT_DONE, \
	  p11->C_GenerateKeyPair(SESSION, &s->rsa, NULL, 0, NULL, 0, &s->n, (CK_OBJECT_HANDLE *)s->out)) \
	X(C_WrapKey, NOT_DONE, p11->C_WrapKey(SESSION, &s->rsa, s->key, s->key, OUT)) \
	X(C_UnwrapKey, NOT_DONE, p11->C_UnwrapKey(SESSION, &s->rsa, s->key, IN, NULL, 0, &s->n)) \
	X(C_DeriveKey, NOT_DONE, p11->C_DeriveKey(SESSION, &s->rsa, s->key, NULL, 0, &s->n)) \
	X(C_SeedRandom, NOT_DONE, p11->C_SeedRandom(SESSION, IN)) \
	X(C_GenerateRandom, NOT_DONE, p11->C_GenerateRandom(SESSION, s->out, 20)) \
	X(C_GetFunctionStatus, NOT_DONE, p11->C_GetFunctionStatus(SESSION)) \
	X(C_CancelFunction, NOT_DONE, p11->C_CancelFunction(SESSION)) \
	X(C_MessageSignInit, NOT_DONE, s->v3->C_MessageSignInit(SESSION, &s->rsa, s->key)) \
	X(C_SignMessage, NOT_DONE, s->v3->C_SignMessage(SESSION, NULL, 0, IN, OUT)) \
	X(C_MessageSignFinal, NOT_DONE, s->v3->C_MessageSignFinal(SESSION)) \
	X(C_MessageEncryptInit, NOT_DONE, s->v3->C_MessageEncryptInit(SESSION, &s->rsa, s->key)) \
	X(C_MessageDecryptInit, NOT_DONE, s->v3->C_MessageDecryptInit(SESSION, &s->rsa, s->key)) \
	X(C_MessageVerifyInit, NOT_DONE, s->v3->C_MessageVerifyInit(SESSION, &s->rsa, s->key))

#define CALL_OF(name, kind, call) \
static CK_RV call_##name(struct scene *s) \
{ \
	return (call); \
}
CALLS(CALL_OF)

#define ROW_OF(name, kind, call) {#name, kind, call_##name},
static const struct call {
	const char *name;
	enum kind kind;
	CK_RV (*make)(struct scene *s);
} calls[] = {CALLS(ROW_OF)};

#define N_CALLS (sizeof calls / sizeof *calls)

/* Where a failure is: the last thing that was done. */
static char what[200];

#define holds(condition) ck_assert_msg(condition, "%s: %s", what, #condition)

static bool is_removed(CK_RV rv)
{
	return rv == CKR_DEVICE_REMOVED || rv == CKR_SESSION_HANDLE_INVALID;
}

static void look(const struct scene *s)
{
	CK_SLOT_INFO info;

	ok(p11->C_GetSlotInfo(s->slot, &info));
}

static void start(struct scene *s, int i)
{
	static CK_UTF8CHAR pkcs11[] = "PKCS 11";
	static const char *const pins[2][3] = {{"1234", "5678", "4321"}, {"AAA111", "BBB222", "CCC333"}};
	struct vcard_spec spec;
	CK_INTERFACE *interface;
	CK_SLOT_ID slots[8];
	CK_ULONG n = 8;

	*s = (struct scene){.pair = &pairs[i / WAYS], .way = (enum way)(i % WAYS)};
	s->rsa.mechanism = CKM_RSA_PKCS;
	s->sha.mechanism = CKM_SHA256;
	s->a_pin = pins[s->pair->app][0];
	s->b_pin = pins[s->pair->app][1];
	s->new_pin = pins[s->pair->app][2];
	rig_profiles(s->pair->app == VCARD_AUTH ? profiles_auth : profiles_sign);
	ok(C_GetInterface(pkcs11, &(CK_VERSION){3, 0}, &interface, 0));
	s->v3 = interface->pFunctionList;
	rig_spec(&spec, s->pair->a);
	spec.pin[s->pair->app] = s->a_pin;
	s->a_reader = rig_reader("Virtual Reader 00", &spec);
	s->a = vreader_card(s->a_reader);
	s->a_cert = vcard_certificate(s->a, s->pair->app, &s->a_len);
	rig_serial(s->a, s->pair->a, s->pair->app, s->a_serial);
	rig_spec(&spec, s->pair->b);
	spec.pin[s->pair->app] = s->b_pin;
	spec.name = "HANAKO SAMPLE";
	s->b = rig_card(&spec);
	if (s->way != SAME_READER) {
		s->b_reader = vreader_new(s->way == SAME_NAME ? "Virtual Reader 00" : "Another Reader 00");
		vreader_insert(s->b_reader, s->b);
	}
	ok(p11->C_Initialize(NULL));
	if (s->way == OTHER_NAME) {
		s->third = rig_reader("Third Reader 00", NULL); /* the free slot is its */
		ok(p11->C_GetSlotList(CK_FALSE, slots, &n));
		ck_assert_uint_eq(n, 2);
	}
	s->slot = rig_first_slot();
}

static void swap(void *arg)
{
	struct scene *s = arg;

	switch (s->way) {
	case SAME_READER:
		ck_assert_ptr_eq(vreader_remove(s->a_reader), s->a);
		vreader_insert(s->a_reader, s->b);
		break;
	case SAME_NAME:
		vcard_readers_remove(s->a_reader);
		vcard_readers_add(s->b_reader);
		break;
	default:
		ck_assert_uint_eq(vreader_events(s->a_reader), vreader_events(s->b_reader));
		vcard_readers_replace(s->a_reader, s->b_reader);
	}
}

/* A is in again, and everybody knows it. */
static void swap_back(struct scene *s)
{
	p11->C_CloseAllSessions(s->slot);
	p11->C_CloseAllSessions(s->b_slot);
	if (s->way == SAME_READER) {
		vreader_remove(s->a_reader);
		vreader_insert(s->a_reader, s->a);
	} else if (s->way == SAME_NAME) {
		vcard_readers_remove(s->b_reader);
		vcard_readers_remove(s->a_reader);
		vcard_readers_add(s->a_reader);
	} else {
		vcard_readers_replace(s->b_reader, s->a_reader);
	}
	look(s);
}

static void stop(struct scene *s)
{
	bool b_is_in = vreader_card(s->a_reader) == s->b;

	ok(p11->C_Finalize(NULL));
	vcard_readers_remove(s->a_reader);
	vreader_free(s->a_reader);
	if (s->b_reader) {
		vcard_readers_remove(s->b_reader);
		vreader_free(s->b_reader);
	} else {
		vcard_free(b_is_in ? s->a : s->b);
	}
	if (s->third) {
		vcard_readers_remove(s->third);
		vreader_free(s->third);
	}
}

static bool fits(const struct scene *s, enum state state)
{
	return state != CONSENT || s->pair->app == VCARD_SIGN;
}

static void enter(struct scene *s, enum state state)
{
	s->session = rig_session(s->slot);
	s->other = rig_session(s->slot);
	s->key = s->cert = CK_INVALID_HANDLE;
	if (state == OPEN)
		return;
	ok(rig_login_in(s->session, CKU_USER, s->a_pin));
	s->key = rig_find(s->session, CKO_PRIVATE_KEY);
	s->cert = rig_own_certificate(s->session);
	if (state == SEARCHING)
		ok(p11->C_FindObjectsInit(s->session, NULL, 0));
	if (state == SIGNING || state == SIGNING_IN_PARTS || state == CONSENT)
		ok(p11->C_SignInit(s->session, &s->rsa, s->key));
	if (state == SIGNING_IN_PARTS)
		ok(p11->C_SignUpdate(s->session, s->in, 20));
	if (state == DIGESTING)
		ok(p11->C_DigestInit(s->session, &s->sha));
	if (state == CONSENT)
		ok(rig_login_in(s->session, CKU_CONTEXT_SPECIFIC, s->a_pin));
}

/* A's serial number, or the middle of its certificate. */
static bool tells_of_a(const struct scene *s, const uint8_t *p, size_t n)
{
	return memmem(p, n, s->a_serial, 16) || memmem(p, n, s->a_cert + s->a_len / 2, 32);
}

static void check_answer(struct scene *s, const struct call *c, CK_RV rv)
{
	switch (c->kind) {
	case OF_SLOT:
		holds(rv == CKR_OK || rv == CKR_TOKEN_NOT_PRESENT || is_removed(rv));
		break;
	case OF_SESSION:
		ck_assert_msg(is_removed(rv), "%s: 0x%lx", what, rv);
		break;
	case NOT_DONE:
		holds(rv != CKR_OK);
		break;
	}
	holds(!tells_of_a(s, s->out, sizeof s->out));
}

/* Before any other call: what this one wrote is B's. */
static void check_output(const struct scene *s, const struct call *c)
{
	const CK_MECHANISM_TYPE *list = (const CK_MECHANISM_TYPE *)s->out;
	bool sha384_pss = false;

	if (c->make == call_C_GetTokenInfo)
		holds(rig_is_token((const CK_TOKEN_INFO *)s->out, s->b, s->pair->b, s->pair->app));
	if (c->make == call_C_GetMechanismList) {
		for (CK_ULONG i = 0; i < s->n; i++)
			sha384_pss |= list[i] == CKM_SHA384_RSA_PKCS_PSS;
		holds(sha384_pss == (s->pair->b == VCARD_HPKI && s->pair->app == VCARD_AUTH));
	}
	if (c->make == call_C_GetSlotInfo && s->way == OTHER_SLOT)
		holds(!(((const CK_SLOT_INFO *)s->out)->flags & CKF_TOKEN_PRESENT));
	if (c->make == call_C_GetSlotInfo && s->way == OTHER_NAME)
		holds(memcmp(s->out, "Another", 7) == 0);
}

static CK_SLOT_ID find_b(struct scene *s)
{
	CK_TOKEN_INFO info;
	CK_SLOT_ID slots[8];
	CK_ULONG n = 8;
	CK_RV rv = p11->C_GetTokenInfo(s->slot, &info);

	if (rv == CKR_OK)
		holds(rig_is_token(&info, s->b, s->pair->b, s->pair->app));
	else
		holds(rv == CKR_TOKEN_NOT_PRESENT && s->way == OTHER_SLOT);
	ok(p11->C_GetSlotList(CK_TRUE, slots, &n));
	holds(n == 1);
	holds((slots[0] == s->slot) == (s->way != OTHER_SLOT));
	ok(p11->C_GetTokenInfo(slots[0], &info));
	holds(rig_is_token(&info, s->b, s->pair->b, s->pair->app));
	return slots[0];
}

/* What a new session shows before and after B's own PIN. */
static void check_b(struct scene *s)
{
	CK_SESSION_HANDLE session = rig_session(s->b_slot);
	uint8_t value[4096];
	CK_ATTRIBUTE a = {CKA_VALUE, value, sizeof value};
	CK_SESSION_INFO info;
	CK_OBJECT_HANDLE cert;
	struct rig r = {.reader = s->b_reader ? s->b_reader : s->a_reader, .card = s->b, .app = s->pair->app,
	                .slot = s->b_slot, .session = session};
	bool hidden = s->pair->app == VCARD_SIGN && s->pair->b == VCARD_JPKI;
	size_t len;
	const uint8_t *der = vcard_certificate(s->b, s->pair->app, &len);

	ok(p11->C_GetSessionInfo(session, &info));
	holds(info.state == CKS_RW_PUBLIC_SESSION);
	holds(rig_find(session, CKO_PRIVATE_KEY) == CK_INVALID_HANDLE);
	cert = rig_own_certificate(session);
	holds((cert == CK_INVALID_HANDLE) == hidden);
	if (!hidden) {
		holds(rig_get(session, cert, CKA_VALUE, value) == len);
		holds(memcmp(value, der, len) == 0);
	}
	if (s->cert != CK_INVALID_HANDLE)
		holds(p11->C_GetAttributeValue(session, s->cert, &a, 1) == CKR_OBJECT_HANDLE_INVALID);
	holds(p11->C_SignInit(session, &s->rsa, s->key) != CKR_OK);
	holds(vcard_verifies(s->b, s->pair->app) == 0);
	r.session = rig_session(s->b_slot);
	ck_assert_msg(rig_login(&r, CKU_USER, s->b_pin) == CKR_OK, "%s: B's own PIN", what);
	cert = rig_own_certificate(r.session);
	holds(rig_get(r.session, cert, CKA_VALUE, value) == len);
	holds(memcmp(value, der, len) == 0);
	ck_assert_msg(rig_sign_checked(&r, r.session, CKM_RSA_PKCS) == CKR_OK, "%s: B's signature", what);
	holds(rig_is_locked(&r));
}

static unsigned tries_of(enum vcard_kind kind, enum vcard_app app)
{
	return kind == VCARD_HPKI ? 15 : app == VCARD_AUTH ? 3 : 5;
}

/* Both readers have counted to the same number. */
static void keep_step(const struct scene *s)
{
	while (s->way != SAME_NAME && vreader_events(s->b_reader) < vreader_events(s->a_reader))
		vreader_insert(s->b_reader, vreader_remove(s->b_reader));
}

/* A was out and is in again, and nobody has looked. */
static void cool(const struct scene *s)
{
	vreader_insert(s->a_reader, vreader_remove(s->a_reader));
	if (s->way != SAME_READER)
		keep_step(s);
}

/* B, as new: nobody has sent it a PIN. */
static void renew_b(struct scene *s)
{
	struct vcard_spec spec;

	rig_spec(&spec, s->pair->b);
	spec.pin[s->pair->app] = s->b_pin;
	spec.name = "HANAKO SAMPLE";
	if (s->way == SAME_READER) {
		vcard_free(s->b);
		s->b = rig_card(&spec);
		return;
	}
	vreader_free(s->b_reader);
	s->b_reader = vreader_new(s->way == SAME_NAME ? "Virtual Reader 00" : "Another Reader 00");
	vreader_insert(s->b_reader, s->b = rig_card(&spec));
	keep_step(s);
}

static void check_afterwards(struct scene *s, unsigned a_verifies)
{
	CK_SESSION_INFO info;

	holds(is_removed(p11->C_GetSessionInfo(s->session, &info)));
	holds(is_removed(p11->C_GetSessionInfo(s->other, &info)));
	holds(vcard_verifies(s->a, s->pair->app) == a_verifies);
	s->b_slot = find_b(s);
	check_b(s);
	holds(vcard_tries(s->b, s->pair->app) == tries_of(s->pair->b, s->pair->app));
	holds(vcard_tries(s->a, s->pair->app) == tries_of(s->pair->a, s->pair->app));
}

static void play(struct scene *s, enum state state, const struct call *c)
{
	unsigned verifies;
	CK_RV rv;

	snprintf(what, sizeof what, "%s, %s, %s", c->name, states[state], ways[s->way]);
	enter(s, state);
	verifies = vcard_verifies(s->a, s->pair->app);
	memset(s->out, 0, sizeof s->out);
	s->n = 64 * 8;
	if (c->make == call_C_GetSlotList || c->make == call_C_GetMechanismList || c->make == call_C_FindObjects)
		s->n = 64;
	swap(s);
	rv = c->make(s);
	if (rv == CKR_OK)
		check_output(s, c);
	check_answer(s, c, rv);
	check_afterwards(s, verifies);
	swap_back(s);
	renew_b(s);
}

START_TEST(test_swap)
{
	unsigned step = rig_sample(), n = 0;
	struct scene s;

	if (step > 20 && _i % 7)
		return;
	start(&s, _i);
	for (enum state state = OPEN; state < STATES; state++)
		for (size_t i = 0; i < N_CALLS; i++)
			if (fits(&s, state) && (calls[i].kind != NOT_DONE || state == LOGGED_IN) && n++ % step == 0)
				play(&s, state, &calls[i]);
	stop(&s);
}
END_TEST

/* The swap in the middle: before an operation's nth command, and before and after its
 * connections. */
static CK_RV op_login(struct scene *s)
{
	return rig_login_in(s->session, CKU_USER, s->a_pin);
}

static CK_RV op_sign(struct scene *s)
{
	CK_RV rv = p11->C_SignInit(s->session, &s->rsa, s->key);

	return rv == CKR_OK ? p11->C_Sign(s->session, s->in, 20, s->out, &s->n) : rv;
}

static CK_RV op_set_pin(struct scene *s)
{
	return p11->C_SetPIN(s->session, PIN, (CK_UTF8CHAR *)s->new_pin, strlen(s->new_pin));
}

static CK_RV op_first_look(struct scene *s)
{
	return p11->C_OpenSession(s->slot, CKF_SERIAL_SESSION, NULL, NULL, (CK_SESSION_HANDLE *)s->out);
}

static const struct op {
	const char *name;
	CK_RV (*make)(struct scene *s);
	enum state from;
	bool cold; /* the slot has not been looked at */
} ops[] = {
	{"login", op_login, OPEN, false},
	{"signature", op_sign, LOGGED_IN, false},
	{"change of PIN", op_set_pin, LOGGED_IN, false},
	{"first look", op_first_look, OPEN, true},
};

#define N_OPS (sizeof ops / sizeof *ops)

static const char *const when_names[] = {"at command", "at connection", "after connection"};

/* Between the end of a connection and what the call makes of it, another thread sees
 * the swap. */
static void swap_and_look(void *arg)
{
	swap(arg);
	look(arg);
}

/* False when the operation is over before the nth command or connection. */
static bool swap_at(struct scene *s, const struct op *op, enum rig_when when, bool looks, unsigned nth)
{
	struct rig_line line = {.call = looks ? swap_and_look : swap, .arg = s, .nth = nth, .when = when};
	bool by_then = true;
	CK_RV rv;

	snprintf(what, sizeof what, "%s, swapped %s %u%s, %s", op->name, when_names[when], nth,
	         looks ? " and looked at" : "", ways[s->way]);
	enter(s, op->from);
	if (op->cold)
		cool(s);
	memset(s->out, 0, sizeof s->out);
	s->n = 64 * 8;
	rig_line(&line);
	rv = op->make(s);
	rig_line(NULL);
	if (!line.called) {
		swap(s);
		by_then = false;
	}
	holds(vcard_verifies(s->b, s->pair->app) == 0);
	holds(vcard_signatures(s->b, s->pair->app) == 0);
	holds(by_then || rv == CKR_OK || op->make == op_set_pin);
	if (op->make == op_first_look && rv == CKR_OK)
		s->other = *(CK_SESSION_HANDLE *)s->out;
	if (looks && !op->cold) { /* before the old sessions are told */
		CK_SESSION_INFO info;

		ok(p11->C_GetSessionInfo(rig_session(find_b(s)), &info));
		holds(info.state == CKS_RW_PUBLIC_SESSION);
	}
	if (!op->cold)
		check_afterwards(s, vcard_verifies(s->a, s->pair->app));
	else
		s->b_slot = find_b(s), check_b(s);
	swap_back(s);
	renew_b(s);
	return by_then;
}

START_TEST(test_swap_in_the_middle)
{
	unsigned step = rig_sample() > 1 ? 7 : 1;
	struct scene s;

	if (_i % (int)rig_sample())
		return;
	start(&s, _i);
	for (size_t i = 0; i < N_OPS; i++) {
		bool by_then = true;

		if (ops[i].make == op_set_pin && s.pair->a == VCARD_JPKI)
			continue; /* A's PIN is another one then: below */
		for (unsigned nth = 1; by_then && nth < 200; nth += step)
			by_then = swap_at(&s, &ops[i], RIG_AT_COMMAND, false, nth);
		for (unsigned nth = 1; nth <= 3; nth++) {
			swap_at(&s, &ops[i], RIG_AT_CONNECTION, false, nth);
			swap_at(&s, &ops[i], RIG_AFTER_CONNECTION, false, nth);
			swap_at(&s, &ops[i], RIG_AFTER_CONNECTION, true, nth);
		}
	}
	stop(&s);
}
END_TEST

/* The PIN change of a JPKI card, with B in at each command: neither PIN reaches it. */
START_TEST(test_swap_in_a_change)
{
	struct scene s;
	bool by_then = _i % WAYS != OTHER_NAME; /* C_Initialize makes a slot for each reader */

	if (rig_sample() > 1 && _i % 7)
		return;
	for (unsigned nth = 1; by_then && nth < 20; nth++) {
		struct rig_line line = {.call = swap, .arg = &s, .nth = nth};
		CK_RV rv;

		start(&s, _i);
		snprintf(what, sizeof what, "change of PIN, swapped at command %u, %s", nth, ways[s.way]);
		enter(&s, LOGGED_IN);
		rig_line(&line);
		rv = op_set_pin(&s);
		rig_line(NULL);
		by_then = line.called;
		if (!by_then)
			swap(&s);
		holds(by_then ? rv != CKR_OK || line.changes_done == 1 : rv == CKR_OK);
		holds(vcard_verifies(s.b, s.pair->app) == 0);
		check_afterwards(&s, vcard_verifies(s.a, s.pair->app));
		stop(&s);
	}
	ck_assert(!by_then); /* the last one was after the operation */
}
END_TEST

/* Both cards are in: what is done in one slot is not done in the other. */
START_TEST(test_two_slots)
{
	CK_SESSION_HANDLE b;
	CK_SESSION_INFO info;
	struct scene s;
	struct rig r;

	start(&s, (int)(_i * WAYS + OTHER_SLOT));
	vcard_readers_add(s.b_reader);
	enter(&s, LOGGED_IN);
	s.b_slot = s.slot + 1;
	b = rig_session(s.b_slot);
	ok(p11->C_GetSessionInfo(b, &info));
	ck_assert_uint_eq(info.state, CKS_RW_PUBLIC_SESSION);
	is(p11->C_SignInit(b, &s.rsa, s.key), CKR_USER_NOT_LOGGED_IN);
	ok(rig_login_in(b, CKU_USER, s.b_pin));
	is(p11->C_SignInit(b, &s.rsa, s.key), CKR_KEY_HANDLE_INVALID);
	ok(p11->C_Logout(b));
	r = (struct rig){.reader = s.a_reader, .card = s.a, .app = s.pair->app, .slot = s.slot, .session = s.session};
	ok(rig_sign_checked(&r, s.session, CKM_RSA_PKCS));
	/* the cards change places: each is another insertion, and nobody is logged in */
	ck_assert_ptr_eq(vreader_remove(s.a_reader), s.a);
	ck_assert_ptr_eq(vreader_remove(s.b_reader), s.b);
	vreader_insert(s.a_reader, s.b);
	vreader_insert(s.b_reader, s.a);
	ck_assert(is_removed(p11->C_GetSessionInfo(s.session, &info)));
	ck_assert(is_removed(p11->C_GetSessionInfo(b, &info)));
	b = rig_session(s.slot);
	is(rig_login_in(b, CKU_CONTEXT_SPECIFIC, s.a_pin), CKR_OPERATION_NOT_INITIALIZED);
	ok(rig_login_in(b, CKU_USER, s.b_pin));
	b = rig_session(s.b_slot);
	ok(p11->C_GetSessionInfo(b, &info));
	ck_assert_uint_eq(info.state, CKS_RW_PUBLIC_SESSION);
	ck_assert_uint_eq(vcard_tries(s.a, s.pair->app), tries_of(s.pair->a, s.pair->app));
	ck_assert_uint_eq(vcard_tries(s.b, s.pair->app), tries_of(s.pair->b, s.pair->app));
	stop(&s);
}
END_TEST

/* "Q7Z5X1W9" and its like: not in this program's memory but where it was written. */
static const uint8_t masked_pin[] = {'Q' ^ RIG_MASK, '7' ^ RIG_MASK, 'Z' ^ RIG_MASK, '5' ^ RIG_MASK,
                                     'X' ^ RIG_MASK, '1' ^ RIG_MASK, 'W' ^ RIG_MASK, '9' ^ RIG_MASK};

static void write_pin(char pin[9])
{
	for (size_t i = 0; i < 8; i++)
		pin[i] = (char)(masked_pin[i] ^ RIG_MASK);
	pin[8] = '\0';
}

static CK_RV login_with_it(CK_SESSION_HANDLE session, CK_USER_TYPE user)
{
	char pin[9];
	CK_RV rv;

	write_pin(pin);
	rv = p11->C_Login(session, user, (CK_UTF8CHAR *)pin, 8);
	mem_wipe(pin, sizeof pin);
	return rv;
}

static struct vcard *card_with_it(const struct pair *pair)
{
	struct vcard_spec spec;
	struct vcard *card;
	char pin[9];

	rig_spec(&spec, pair->a);
	write_pin(pin);
	spec.pin[pair->app] = pin;
	card = rig_card(&spec);
	mem_wipe(pin, sizeof pin);
	return card;
}

/* The first call that sees the card gone leaves no copy of its PIN in the process:
 * neither of the login's nor of a consent. */
START_TEST(test_pin_goes_with_the_card)
{
	struct scene s;
	bool consent = _i >= (int)N_PAIRS;
	size_t step = rig_sample() > 1 ? 5 : 1;

	if (pairs[_i % (int)N_PAIRS].a == VCARD_JPKI && pairs[_i % (int)N_PAIRS].app == VCARD_AUTH)
		return; /* four digits are everywhere */
	if (consent && pairs[_i % (int)N_PAIRS].app == VCARD_AUTH)
		return;
	start(&s, _i % (int)N_PAIRS * WAYS + SAME_READER);
	vcard_free(vreader_remove(s.a_reader));
	for (size_t i = 0; i < N_CALLS; i += step) {
		if (calls[i].kind != OF_SLOT && calls[i].kind != OF_SESSION)
			continue;
		vreader_insert(s.a_reader, s.a = card_with_it(s.pair));
		snprintf(what, sizeof what, "%s, %s", calls[i].name, consent ? "consent" : "login");
		s.session = rig_session(s.slot);
		ok(login_with_it(s.session, CKU_USER));
		if (consent) {
			s.key = rig_find(s.session, CKO_PRIVATE_KEY);
			ok(p11->C_SignInit(s.session, &s.rsa, s.key));
			ok(login_with_it(s.session, CKU_CONTEXT_SPECIFIC));
		}
		holds(rig_copies(masked_pin, 8) >= 2); /* the card's, and at least one of the module */
		vcard_free(vreader_remove(s.a_reader));
		s.n = 64;
		calls[i].make(&s);
		holds(rig_copies(masked_pin, 8) == 0);
	}
	ok(p11->C_Finalize(NULL));
	vcard_readers_remove(s.a_reader);
	vreader_free(s.a_reader);
	vcard_free(s.b);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("swap");
	TCase *t = tcase_create("swap");

	tcase_set_timeout(t, 300);
	tcase_add_loop_test(t, test_swap, 0, N_PAIRS * WAYS);
	tcase_add_loop_test(t, test_swap_in_the_middle, 0, N_PAIRS * WAYS);
	tcase_add_loop_test(t, test_swap_in_a_change, 2 * WAYS, 4 * WAYS);
	tcase_add_loop_test(t, test_swap_in_a_change, 6 * WAYS, 8 * WAYS);
	tcase_add_loop_test(t, test_two_slots, 0, N_PAIRS);
	suite_add_tcase(s, t);
	t = tcase_create("memory");
	tcase_set_timeout(t, 300);
	tcase_set_tags(t, "memory"); /* not valgrind's, too */
	tcase_add_loop_test(t, test_pin_goes_with_the_card, 0, 2 * N_PAIRS);
	suite_add_tcase(s, t);
	return rig_run(s);
}
