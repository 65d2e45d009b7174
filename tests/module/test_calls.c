/* SPDX-License-Identifier: BSD-2-Clause */
/* Random calls on two readers, and beside them a model of what PKCS#11 3.0 says of
 * presence (5.5), sessions and logins (5.6), objects (5.7), hashing (5.12), signing (5.13)
 * and output buffers (5.2): every result is compared. Where the standard leaves a choice,
 * the comment names it. INKAN_CALLS: how many [100000]; INKAN_SEED. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include "tests/check_case.h"
#include "tests/module/rig.h"
#include "tests/vcard_reader.h"

#define UNUSED __attribute__((unused))

enum { SLOTS = 2, CARDS = 2, SESSIONS = 12, TRACE = 24, DATA_MAX = 1024 };
/* of the standard, and not of the module */
#define AES_CBC 0x1082UL
#define SECRET_KEY 4UL
#define VALUE_LEN 0x161UL

CK_RV C_GetInterface(CK_UTF8CHAR *name, CK_VERSION *version, CK_INTERFACE **out, CK_FLAGS flags);

enum operation { NONE, SIGN, DIGEST, FIND };
enum step { FRESH, WHOLE, PART, FINAL }; /* the last call of the operation */

static struct holder {
	struct vcard *card;
	char pin[17];
} holders[SLOTS][CARDS];

static struct place {
	struct vreader *reader;
	CK_SLOT_ID id;
	struct holder *in; /* NULL: empty */
	CK_OBJECT_HANDLE key;
	bool logged_in, event;
	bool unseen; /* a card was put into an empty reader, and no call has looked since */
} places[SLOTS];

static struct row {
	CK_SESSION_HANDLE handle; /* 0: no session */
	struct place *at;
	bool rw, removed;
	enum operation operation;
	enum step last;
	CK_MECHANISM_TYPE mechanism;
	uint8_t data[DATA_MAX];
	size_t n;
	CK_ULONG found;
	bool consent, bound; /* a PIN for one signature; for that of C_SignInit alone */
} rows[SESSIONS];

static enum vcard_app app;
static bool running;
static uint64_t state;
static unsigned long step_number, by_code[2];
static char trace[TRACE][160];

static unsigned random_below(unsigned n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)((state >> 11) % n);
}

static bool one_in(unsigned n)
{
	return random_below(n) == 0;
}

/* The call is told and its result compared. */
__attribute__((format(printf, 3, 4))) static void compare(CK_RV rv, CK_RV expected, const char *format, ...)
{
	char *line = trace[step_number % TRACE];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(line, sizeof *trace, format, args);
	va_end(args);
	snprintf(line + n, sizeof *trace - (size_t)n, ": 0x%lx", rv);
	by_code[rv == CKR_OK]++;
	if (rv == expected)
		return;
	for (unsigned long i = step_number < TRACE ? 0 : step_number - TRACE + 1; i <= step_number; i++)
		fprintf(stderr, "%8lu %s\n", i, trace[i % TRACE]);
	ck_abort_msg("%s; expected 0x%lx", line, expected);
}

/* ---- The model */

static void close_row(struct row *r)
{
	struct place *at = r->at;

	*r = (struct row){0};
	for (r = rows; r < rows + SESSIONS; r++)
		if (r->handle && r->at == at && !r->removed)
			return;
	at->logged_in = false; /* 5.6.2: the last session with the token */
}

static void close_place(struct place *at, bool removed_alone)
{
	for (struct row *r = rows; r < rows + SESSIONS; r++)
		if (r->handle && r->at == at && (r->removed || !removed_alone))
			*r = (struct row){0};
	if (!removed_alone)
		at->logged_in = false;
}

static void end_operation(struct row *r)
{
	r->operation = NONE;
	r->last = FRESH;
	r->n = 0;
	if (r->bound)
		r->consent = r->bound = false;
}

/* A session of a card that is gone is closed (5.6, 6.7.6): the first call that names one
 * says so, and all of that card end. */
static CK_RV enter(struct row *r)
{
	if (!running)
		return CKR_CRYPTOKI_NOT_INITIALIZED;
	if (!r->handle)
		return CKR_SESSION_HANDLE_INVALID;
	if (!r->removed)
		return CKR_OK;
	close_place(r->at, true);
	return CKR_DEVICE_REMOVED;
}

static CK_RV enter_slot(const struct place *at)
{
	if (!running)
		return CKR_CRYPTOKI_NOT_INITIALIZED;
	if (!at)
		return CKR_SLOT_ID_INVALID;
	return at->in ? CKR_OK : CKR_TOKEN_NOT_PRESENT;
}

static void change(struct place *at, struct holder *now)
{
	bool nothing = at->unseen && !now; /* happened, as far as anybody can know */

	at->unseen = now && (at->unseen || (!at->in && !at->event));
	if (at->in)
		vreader_remove(at->reader);
	at->in = now;
	if (now)
		vreader_insert(at->reader, now->card);
	at->key = CK_INVALID_HANDLE;
	at->event = !nothing;
	at->logged_in = false;
	for (struct row *r = rows; r < rows + SESSIONS; r++)
		if (r->at == at)
			r->removed = true;
}

/* ---- Arguments */

/* For some time the newest session, so that others are left alone for long; else any, mostly
 * one that is open. */
static struct row *any_row(void)
{
	struct row *r = &rows[random_below(SESSIONS)];

	for (struct row *other = rows; step_number / 64 % 2 == 0 && other < rows + SESSIONS; other++)
		if (other->handle > r->handle)
			r = other;
	for (int i = 0; i < 8 && !r->handle; i++)
		r = &rows[random_below(SESSIONS)];
	return r;
}

/* What a free row stands for: no handle that ever was. */
static CK_SESSION_HANDLE handle_of(const struct row *r)
{
	return r->handle ? r->handle : 0x70000000UL + random_below(9);
}

static struct place *any_place(CK_SLOT_ID *id)
{
	struct place *at = one_in(20) ? NULL : &places[random_below(SLOTS)];

	*id = at ? at->id : 4711;
	return at;
}

/* By the way that the PIN is: right, refused by the card, of wrong length. The cards get
 * their tries back. Right PINs begin with another digit for each card, wrong ones with 0. */
static CK_RV any_pin(const struct holder *who, char pin[48])
{
	size_t len = strlen(who->pin);

	switch (random_below(6)) {
	case 0:
		for (size_t i = 1; i < len; i++)
			pin[i] = (char)('0' + random_below(10));
		pin[0] = '0';
		pin[len] = 0;
		return CKR_PIN_INCORRECT;
	case 1: snprintf(pin, 48, "%s", one_in(2) ? "1" : "1234567890123456789012345678901234567890"); return CKR_PIN_LEN_RANGE;
	default: snprintf(pin, 48, "%s", who->pin); return CKR_OK;
	}
}

static void give_tries_back(void)
{
	struct vcard_spec spec;

	for (int i = 0; i < SLOTS; i++) {
		rig_spec(&spec, i ? VCARD_JPKI : VCARD_HPKI);
		for (int j = 0; j < CARDS; j++)
			vcard_set_tries(holders[i][j].card, app, spec.tries[app]);
	}
}

/* ---- Calls */

static void initialize(UNUSED struct row *r)
{
	CK_RV rv = p11->C_Initialize(NULL);
	CK_SLOT_ID list[16];
	CK_ULONG n = 16;
	CK_SLOT_INFO info;

	compare(rv, running ? CKR_CRYPTOKI_ALREADY_INITIALIZED : CKR_OK, "C_Initialize");
	if (rv != CKR_OK)
		return;
	running = true;
	ok(p11->C_GetSlotList(CK_FALSE, list, &n));
	for (CK_ULONG i = 0; i < n; i++) {
		ok(p11->C_GetSlotInfo(list[i], &info));
		for (struct place *at = places; at < places + SLOTS; at++)
			if (memcmp(info.slotDescription, vreader_name(at->reader), strlen(vreader_name(at->reader))) == 0)
				*at = (struct place){.reader = at->reader, .id = list[i], .in = at->in};
	}
}

static void finalize(UNUSED struct row *r)
{
	CK_RV expected = running ? CKR_OK : CKR_CRYPTOKI_NOT_INITIALIZED;

	if (one_in(3)) {
		compare(p11->C_Finalize(rows), running ? CKR_ARGUMENTS_BAD : expected, "C_Finalize(pointer)");
		return;
	}
	compare(p11->C_Finalize(NULL), expected, "C_Finalize");
	running = false;
	memset(rows, 0, sizeof rows);
}

static void get_slot_list(UNUSED struct row *r)
{
	CK_SLOT_ID list[16];
	CK_ULONG n = one_in(8) ? 0 : 16, room = n, expected = 0;
	bool query = one_in(3);
	CK_RV rv = p11->C_GetSlotList(CK_TRUE, query ? NULL : list, &n);

	for (int i = 0; i < SLOTS; i++)
		expected += places[i].in != NULL;
	if (!running)
		compare(rv, CKR_CRYPTOKI_NOT_INITIALIZED, "C_GetSlotList");
	else
		compare(rv, query || room >= expected ? CKR_OK : CKR_BUFFER_TOO_SMALL, "C_GetSlotList(%s, %lu)",
		        query ? "NULL" : "list", room);
	if (running)
		ck_assert_uint_eq(n, expected);
}

static void get_slot_info(UNUSED struct row *r)
{
	CK_SLOT_INFO info;
	CK_SLOT_ID id;
	const struct place *at = any_place(&id);
	CK_RV expected = enter_slot(at);

	if (expected == CKR_TOKEN_NOT_PRESENT)
		expected = CKR_OK;
	compare(p11->C_GetSlotInfo(id, &info), expected, "C_GetSlotInfo(%lu)", id);
	if (expected == CKR_OK)
		ck_assert_int_eq((info.flags & CKF_TOKEN_PRESENT) != 0, at->in != NULL);
}

static void get_token_info(UNUSED struct row *r)
{
	CK_TOKEN_INFO info;
	CK_SLOT_ID id;
	const struct place *at = any_place(&id);
	CK_RV expected = enter_slot(at);

	compare(p11->C_GetTokenInfo(id, &info), expected, "C_GetTokenInfo(%lu)", id);
	if (expected == CKR_OK)
		ck_assert(rig_is_token(&info, at->in->card, at == places ? VCARD_HPKI : VCARD_JPKI, app));
}

static void get_mechanism_info(UNUSED struct row *r)
{
	static const CK_MECHANISM_TYPE types[] = {CKM_RSA_PKCS, CKM_SHA256, AES_CBC};
	CK_MECHANISM_TYPE type = types[random_below(3)];
	CK_MECHANISM_INFO info;
	CK_SLOT_ID id;
	CK_RV expected = enter_slot(any_place(&id));

	if (expected == CKR_OK && type == AES_CBC)
		expected = CKR_MECHANISM_INVALID;
	compare(p11->C_GetMechanismInfo(id, type, &info), expected, "C_GetMechanismInfo(%lu, 0x%lx)", id, type);
}

static void wait_for_slot_event(UNUSED struct row *r)
{
	CK_SLOT_ID id = 4711;
	CK_RV rv = p11->C_WaitForSlotEvent(CKF_DONT_BLOCK, &id, NULL), expected = CKR_NO_EVENT;
	struct place *first = NULL;

	for (struct place *at = places; at < places + SLOTS; at++)
		if (at->event && (!first || at->id == id))
			first = at; /* which of several comes first is not said */
	if (first)
		expected = CKR_OK;
	compare(rv, running ? expected : CKR_CRYPTOKI_NOT_INITIALIZED, "C_WaitForSlotEvent");
	if (rv != CKR_OK)
		return;
	ck_assert_uint_eq(id, first->id);
	first->event = false;
}

static void open_session(struct row *r)
{
	CK_FLAGS flags = (one_in(10) ? 0 : CKF_SERIAL_SESSION) | (one_in(2) ? CKF_RW_SESSION : 0);
	CK_SESSION_HANDLE handle = 0;
	CK_SLOT_ID id;
	struct place *at = any_place(&id);
	CK_RV expected = enter_slot(at);

	for (r = rows; r < rows + SESSIONS && r->handle;)
		r++;
	if (r == rows + SESSIONS)
		return;
	if (expected == CKR_OK && !(flags & CKF_SERIAL_SESSION))
		expected = CKR_SESSION_PARALLEL_NOT_SUPPORTED;
	compare(p11->C_OpenSession(id, flags, NULL, NULL, &handle), expected, "C_OpenSession(%lu, %lu)", id, flags);
	if (expected != CKR_OK)
		return;
	ck_assert_uint_ne(handle, CK_INVALID_HANDLE);
	for (const struct row *other = rows; other < rows + SESSIONS; other++)
		ck_assert_uint_ne(other->handle, handle);
	*r = (struct row){.handle = handle, .at = at, .rw = flags & CKF_RW_SESSION};
}

static void close_session(struct row *r)
{
	CK_SESSION_HANDLE handle = handle_of(r);
	CK_RV expected = enter(r);

	compare(p11->C_CloseSession(handle), expected, "C_CloseSession(%lu)", handle);
	if (expected == CKR_OK)
		close_row(r);
}

static void close_all_sessions(UNUSED struct row *r)
{
	CK_SLOT_ID id;
	struct place *at = any_place(&id);
	CK_RV expected = enter_slot(at);

	if (expected == CKR_TOKEN_NOT_PRESENT)
		expected = CKR_OK;
	compare(p11->C_CloseAllSessions(id), expected, "C_CloseAllSessions(%lu)", id);
	if (expected == CKR_OK)
		close_place(at, false);
}

static void get_session_info(struct row *r)
{
	static const CK_STATE states[2][2] = {{CKS_RO_PUBLIC_SESSION, CKS_RO_USER_FUNCTIONS},
	                                      {CKS_RW_PUBLIC_SESSION, CKS_RW_USER_FUNCTIONS}};
	CK_SESSION_HANDLE handle = handle_of(r);
	CK_SESSION_INFO info;
	CK_RV expected = enter(r);

	compare(p11->C_GetSessionInfo(handle, &info), expected, "C_GetSessionInfo(%lu)", handle);
	if (expected != CKR_OK)
		return;
	ck_assert_uint_eq(info.slotID, r->at->id);
	ck_assert_uint_eq(info.state, states[r->rw][r->at->logged_in]);
}

static void login(struct row *r)
{
	static const CK_USER_TYPE users[] = {CKU_USER, CKU_USER, CKU_CONTEXT_SPECIFIC, CKU_CONTEXT_SPECIFIC, CKU_SO, 9};
	CK_USER_TYPE user = users[random_below(6)];
	CK_SESSION_HANDLE handle = handle_of(r);
	char pin[48] = "0000";
	CK_RV expected = enter(r);
	bool sent = false;

	if (expected == CKR_OK && user != CKU_USER && user != CKU_CONTEXT_SPECIFIC)
		expected = CKR_USER_TYPE_INVALID;
	else if (expected == CKR_OK && user == CKU_USER && r->at->logged_in)
		expected = CKR_USER_ALREADY_LOGGED_IN;
	else if (expected == CKR_OK && user == CKU_CONTEXT_SPECIFIC && r->operation != SIGN)
		expected = CKR_OPERATION_NOT_INITIALIZED;
	else if (expected == CKR_OK && user == CKU_CONTEXT_SPECIFIC && !r->at->logged_in)
		expected = CKR_USER_NOT_LOGGED_IN;
	else
		sent = expected == CKR_OK;
	if (sent)
		expected = any_pin(r->at->in, pin);
	compare(p11->C_Login(handle, user, (CK_UTF8CHAR *)pin, strlen(pin)), expected, "C_Login(%lu, %lu, %s)", handle,
	        user, pin);
	if (expected == CKR_PIN_INCORRECT)
		give_tries_back();
	if (expected != CKR_OK)
		return;
	r->consent = app == VCARD_SIGN;
	r->bound = user == CKU_CONTEXT_SPECIFIC;
	r->at->logged_in = true;
}

static void logout(struct row *r)
{
	CK_SESSION_HANDLE handle = handle_of(r);
	CK_RV expected = enter(r);

	if (expected == CKR_OK && !r->at->logged_in)
		expected = CKR_USER_NOT_LOGGED_IN;
	compare(p11->C_Logout(handle), expected, "C_Logout(%lu)", handle);
	if (expected != CKR_OK)
		return;
	/* 5.6.8: operations may stay active; signing says then that nobody is logged in */
	r->at->logged_in = false;
	for (struct row *other = rows; other < rows + SESSIONS; other++)
		if (other->at == r->at)
			other->consent = other->bound = false;
}

static void set_pin(struct row *r)
{
	CK_SESSION_HANDLE handle = handle_of(r);
	char old_pin[48] = "0000", new_pin[17] = "1111";
	bool is_short = one_in(4);
	CK_RV expected = enter(r);

	if (expected == CKR_OK && !r->rw)
		expected = CKR_SESSION_READ_ONLY;
	else if (expected == CKR_OK && r->at == places)
		expected = CKR_FUNCTION_NOT_SUPPORTED;
	else if (expected == CKR_OK) {
		strcpy(new_pin, r->at->in->pin);
		new_pin[strlen(new_pin) - 1] = (char)('0' + random_below(10));
		expected = any_pin(r->at->in, old_pin);
		if (is_short) {
			strcpy(new_pin, "1");
			expected = CKR_PIN_LEN_RANGE;
		}
	}
	compare(p11->C_SetPIN(handle, (CK_UTF8CHAR *)old_pin, strlen(old_pin), (CK_UTF8CHAR *)new_pin, strlen(new_pin)),
	        expected, "C_SetPIN(%lu, %s, %s)", handle, old_pin, new_pin);
	if (expected == CKR_PIN_INCORRECT)
		give_tries_back();
	if (expected != CKR_OK)
		return;
	strcpy(r->at->in->pin, new_pin);
	for (struct row *other = rows; other < rows + SESSIONS; other++)
		if (other->at == r->at)
			other->consent = other->bound = false;
}

static void find_objects_init(struct row *r)
{
	CK_OBJECT_CLASS class = one_in(3) ? SECRET_KEY : CKO_PRIVATE_KEY;
	CK_ATTRIBUTE template = {CKA_CLASS, &class, sizeof class};
	CK_SESSION_HANDLE handle = handle_of(r);
	bool no_template = one_in(10);
	CK_RV expected = enter(r);

	if (expected == CKR_OK && no_template)
		expected = CKR_ARGUMENTS_BAD;
	else if (expected == CKR_OK && r->operation != NONE)
		expected = CKR_OPERATION_ACTIVE;
	compare(p11->C_FindObjectsInit(handle, no_template ? NULL : &template, 1), expected,
	        "C_FindObjectsInit(%lu, class %lu)", handle, class);
	if (expected != CKR_OK)
		return;
	r->operation = FIND;
	r->found = class == CKO_PRIVATE_KEY && r->at->logged_in; /* 6.7.3: to be seen after the login */
}

static void find_objects(struct row *r)
{
	CK_SESSION_HANDLE handle = handle_of(r);
	CK_OBJECT_HANDLE found[2] = {0};
	CK_ULONG room = random_below(3), n = 9;
	CK_RV expected = enter(r);

	if (expected == CKR_OK && r->operation != FIND)
		expected = CKR_OPERATION_NOT_INITIALIZED;
	compare(p11->C_FindObjects(handle, found, room, &n), expected, "C_FindObjects(%lu, %lu)", handle, room);
	if (expected != CKR_OK)
		return;
	ck_assert_uint_eq(n, r->found < room ? r->found : room);
	r->found -= n;
	if (n > 0)
		r->at->key = found[0];
}

static void find_objects_final(struct row *r)
{
	CK_SESSION_HANDLE handle = handle_of(r);
	CK_RV expected = enter(r);

	if (expected == CKR_OK && r->operation != FIND)
		expected = CKR_OPERATION_NOT_INITIALIZED;
	compare(p11->C_FindObjectsFinal(handle), expected, "C_FindObjectsFinal(%lu)", handle);
	if (expected == CKR_OK)
		r->operation = NONE;
}

/* 5.7.5: each attribute of the template is processed, also beside one that fails. */
static void get_attribute_value(struct row *r)
{
	static const struct {
		CK_ATTRIBUTE_TYPE type;
		CK_ULONG room;
		CK_RV rv;
	} cases[] = {
		{CKA_CLASS, sizeof(CK_ULONG), CKR_OK}, {CKA_CLASS, 1, CKR_BUFFER_TOO_SMALL},
		{CKA_PRIVATE_EXPONENT, 512, CKR_ATTRIBUTE_SENSITIVE}, {VALUE_LEN, 512, CKR_ATTRIBUTE_TYPE_INVALID},
	};
	size_t i = random_below(4);
	CK_OBJECT_HANDLE object = r->at && !one_in(5) ? r->at->key : one_in(2) ? 0 : 0x7000000;
	CK_BBOOL sign = 9;
	uint8_t value[512];
	CK_ATTRIBUTE template[] = {{cases[i].type, value, cases[i].room}, {CKA_SIGN, &sign, sizeof sign}};
	CK_SESSION_HANDLE handle = handle_of(r);
	CK_RV expected = enter(r);

	if (expected == CKR_OK && (object == CK_INVALID_HANDLE || object != r->at->key || !r->at->logged_in))
		expected = CKR_OBJECT_HANDLE_INVALID;
	else if (expected == CKR_OK)
		expected = cases[i].rv;
	compare(p11->C_GetAttributeValue(handle, object, template, 2), expected, "C_GetAttributeValue(%lu, %lu, 0x%lx)",
	        handle, object, cases[i].type);
	if (expected == cases[i].rv)
		ck_assert_uint_eq(sign, CK_TRUE);
	if (expected == cases[i].rv && expected != CKR_OK)
		ck_assert_uint_eq(template[0].ulValueLen, CK_UNAVAILABLE_INFORMATION);
}

static void digest_init(struct row *r)
{
	static CK_MECHANISM mechanisms[] = {{CKM_SHA256, NULL, 0}, {AES_CBC, NULL, 0}, {CKM_SHA256, "x", 1}};
	CK_MECHANISM *m = one_in(8) ? NULL : &mechanisms[one_in(4) ? random_below(3) : 0];
	CK_SESSION_HANDLE handle = handle_of(r);
	CK_RV expected = enter(r);

	/* 3.0: without a mechanism the operation is cancelled; of what is not said when there is none */
	if (expected == CKR_OK && !m)
		expected = r->operation == DIGEST ? CKR_OK : CKR_ARGUMENTS_BAD;
	else if (expected == CKR_OK && r->operation != NONE)
		expected = CKR_OPERATION_ACTIVE;
	else if (expected == CKR_OK && m->mechanism != CKM_SHA256)
		expected = CKR_MECHANISM_INVALID;
	else if (expected == CKR_OK && m->ulParameterLen)
		expected = CKR_MECHANISM_PARAM_INVALID;
	compare(p11->C_DigestInit(handle, m), expected, "C_DigestInit(%lu, 0x%lx)", handle, m ? m->mechanism : 0);
	if (expected != CKR_OK)
		return;
	end_operation(r);
	if (m)
		r->operation = DIGEST;
}

static void sign_init(struct row *r)
{
	static CK_MECHANISM mechanisms[] = {{CKM_RSA_PKCS, NULL, 0}, {CKM_SHA256_RSA_PKCS, NULL, 0},
	                                    {AES_CBC, NULL, 0}, {CKM_RSA_PKCS, "x", 1}};
	CK_MECHANISM *m = one_in(8) ? NULL : &mechanisms[one_in(4) ? random_below(4) : random_below(2)];
	CK_OBJECT_HANDLE key = r->at && !one_in(8) ? r->at->key : 0x7000000;
	CK_SESSION_HANDLE handle = handle_of(r);
	CK_RV expected = enter(r);

	if (expected == CKR_OK && !m)
		expected = r->operation == SIGN ? CKR_OK : CKR_ARGUMENTS_BAD;
	else if (expected == CKR_OK && r->operation != NONE)
		expected = CKR_OPERATION_ACTIVE;
	else if (expected == CKR_OK && !r->at->logged_in)
		expected = CKR_USER_NOT_LOGGED_IN;
	else if (expected == CKR_OK && (key == CK_INVALID_HANDLE || key != r->at->key))
		expected = CKR_KEY_HANDLE_INVALID;
	else if (expected == CKR_OK && m->mechanism == AES_CBC)
		expected = CKR_MECHANISM_INVALID;
	else if (expected == CKR_OK && m->ulParameterLen)
		expected = CKR_MECHANISM_PARAM_INVALID;
	compare(p11->C_SignInit(handle, m, key), expected, "C_SignInit(%lu, 0x%lx, %lu)", handle, m ? m->mechanism : 0,
	        key);
	if (expected != CKR_OK)
		return;
	end_operation(r);
	if (!m)
		return;
	r->operation = SIGN;
	r->mechanism = m->mechanism;
}

/* Of the data collected: libcrypto's hash, and its word on the signature. */
static void check_output(const struct row *r, const uint8_t *out, CK_ULONG len)
{
	const uint8_t *der;
	uint8_t hash[32];
	EVP_PKEY_CTX *ctx;
	EVP_PKEY *key;
	size_t n;
	X509 *x;

	ck_assert_int_eq(EVP_Digest(r->data, r->n, hash, NULL, EVP_sha256(), NULL), 1);
	if (r->operation == DIGEST) {
		ck_assert_uint_eq(len, sizeof hash);
		ck_assert_mem_eq(out, hash, sizeof hash);
		return;
	}
	der = vcard_certificate(r->at->in->card, app, &n);
	x = d2i_X509(NULL, &der, (long)n);
	key = X509_get_pubkey(x);
	ctx = EVP_PKEY_CTX_new(key, NULL);
	ck_assert_int_eq(EVP_PKEY_verify_init(ctx), 1);
	ck_assert_int_eq(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING), 1);
	if (r->mechanism == CKM_SHA256_RSA_PKCS)
		ck_assert_int_eq(EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()), 1);
	if (r->mechanism == CKM_SHA256_RSA_PKCS)
		ck_assert_int_eq(EVP_PKEY_verify(ctx, out, len, hash, sizeof hash), 1);
	else
		ck_assert_int_eq(EVP_PKEY_verify(ctx, out, len, r->data, r->n), 1);
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(key);
	X509_free(x);
}

/* The code of the step that gives data; what it gives is collected. */
static CK_RV add(struct row *r, const uint8_t *data, size_t n)
{
	if (!data && n > 0)
		return CKR_ARGUMENTS_BAD;
	if (r->operation == SIGN && r->mechanism == CKM_RSA_PKCS && r->n + n > 256 - 11)
		return CKR_DATA_LEN_RANGE;
	if (n > 0)
		memcpy(r->data + r->n, data, n);
	r->n += n;
	return CKR_OK;
}

/* 5.2: a question for the length and a buffer that is too small leave the operation. */
static CK_RV finish(const struct row *r, const uint8_t *out, CK_ULONG room, bool *stays)
{
	*stays = !out || room < (r->operation == SIGN ? 256 : 32);
	if (*stays)
		return out ? CKR_BUFFER_TOO_SMALL : CKR_OK;
	if (r->operation == DIGEST)
		return CKR_OK;
	if (!r->at->logged_in || (app == VCARD_SIGN && !r->consent))
		return CKR_USER_NOT_LOGGED_IN;
	return r->mechanism == CKM_RSA_PKCS && r->n == 0 ? CKR_DATA_LEN_RANGE : CKR_OK;
}

static const uint8_t text[300] = "A referral letter.";

/* DigestInfo is what both cards take, whole. */
static size_t any_data(const struct row *r, const uint8_t **data)
{
	static const uint8_t info[51] = {0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
	                                 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20, 0x55};
	unsigned kind = random_below(8);

	*data = kind == 0 ? NULL : text;
	if (kind <= 1)
		return kind == 0 ? random_below(2) * 5 : sizeof text;
	if (r->operation != SIGN || r->mechanism != CKM_RSA_PKCS)
		return random_below(60);
	*data = info;
	return r->n > 0 ? 0 : sizeof info;
}

static void give(struct row *r, bool digest)
{
	enum operation operation = digest ? DIGEST : SIGN;
	CK_SESSION_HANDLE handle = handle_of(r);
	const uint8_t *data;
	size_t n = any_data(r, &data);
	CK_RV expected = enter(r);

	if (expected == CKR_OK && r->operation == operation && r->n + n > sizeof r->data)
		return;
	if (expected == CKR_OK && r->operation != operation)
		expected = CKR_OPERATION_NOT_INITIALIZED;
	else if (expected == CKR_OK) {
		r->last = PART;
		expected = add(r, data, n);
		if (expected != CKR_OK)
			end_operation(r);
	}
	compare((digest ? p11->C_DigestUpdate : p11->C_SignUpdate)(handle, (CK_BYTE *)data, n), expected, "%s(%lu, %s, %zu)",
	        digest ? "C_DigestUpdate" : "C_SignUpdate", handle, data ? "data" : "NULL", n);
}

/* C_Sign, C_Digest, and with whole false C_SignFinal, C_DigestFinal. */
static void complete(struct row *r, bool digest, bool whole)
{
	enum operation operation = digest ? DIGEST : SIGN;
	CK_SESSION_HANDLE handle = handle_of(r);
	uint8_t buffer[512], *out = one_in(5) ? NULL : buffer;
	CK_ULONG room = one_in(5) ? 10 : sizeof buffer, len = room;
	const uint8_t *data;
	size_t n = any_data(r, &data);
	CK_RV rv, expected = enter(r);
	bool stays = false, active = expected == CKR_OK && r->operation == operation;
	struct row before;

	if (!whole)
		rv = (digest ? p11->C_DigestFinal : p11->C_SignFinal)(handle, out, &len);
	else
		rv = (digest ? p11->C_Digest : p11->C_Sign)(handle, (CK_BYTE *)data, n, out, &len);
	if (expected == CKR_OK && !active)
		expected = CKR_OPERATION_NOT_INITIALIZED;
	else if (active && (whole ? r->last == PART || r->last == FINAL : r->last == WHOLE))
		expected = CKR_OPERATION_ACTIVE; /* 5.12, 5.13: one part or several, not both */
	if (active && expected == CKR_OK) {
		r->last = whole ? WHOLE : FINAL;
		if (whole && out && room == sizeof buffer)
			expected = add(r, data, n);
		if (expected == CKR_OK)
			expected = finish(r, out, room, &stays);
	}
	before = *r;
	if (active && !stays && operation == SIGN && expected == CKR_OK)
		r->consent = false;
	if (active && !stays)
		end_operation(r);
	compare(rv, expected, "%s%s(%lu, %s, %zu, %s, %lu)", digest ? "C_Digest" : "C_Sign", whole ? "" : "Final", handle,
	        data ? "data" : "NULL", n, out ? "out" : "NULL", room);
	if (active && stays)
		ck_assert_uint_eq(len, operation == SIGN ? 256 : 32);
	else if (active && expected == CKR_OK)
		check_output(&before, buffer, len);
}

static void session_cancel(struct row *r)
{
	static const CK_FLAGS flags[] = {0, CKF_SIGN, CKF_DIGEST, CKF_FIND_OBJECTS};
	static CK_UTF8CHAR name[] = "PKCS 11";
	CK_SESSION_HANDLE handle = handle_of(r);
	enum operation which = random_below(4);
	CK_INTERFACE *i;
	CK_RV expected = enter(r);

	ok(C_GetInterface(name, &(CK_VERSION){3, 0}, &i, 0));
	compare(((CK_FUNCTION_LIST_3_0 *)i->pFunctionList)->C_SessionCancel(handle, flags[which]), expected,
	        "C_SessionCancel(%lu, 0x%lx)", handle, flags[which]);
	if (expected == CKR_OK && r->operation == which)
		end_operation(r);
}

static void generate_random(struct row *r)
{
	CK_SESSION_HANDLE handle = handle_of(r);
	CK_BYTE out[4];
	CK_RV expected = enter(r);

	compare(p11->C_GenerateRandom(handle, out, sizeof out), expected == CKR_OK ? CKR_RANDOM_NO_RNG : expected,
	        "C_GenerateRandom(%lu)", handle);
}

static void update(struct row *r)
{
	give(r, one_in(2));
}

static void whole(struct row *r)
{
	complete(r, one_in(2), true);
}

static void final(struct row *r)
{
	complete(r, one_in(2), false);
}

/* What leads somewhere from the session's state. */
static void go_on(struct row *r)
{
	if (!r->handle || r->removed)
		get_session_info(r);
	else if (!r->at->logged_in)
		login(r);
	else if (r->operation == NONE && r->at->key)
		sign_init(r);
	else if (r->operation == NONE)
		find_objects_init(r);
	else if (r->operation == FIND)
		(r->found ? find_objects : find_objects_final)(r);
	else
		complete(r, r->operation == DIGEST, r->last != PART);
}

static void move_card(UNUSED struct row *r)
{
	int i = (int)random_below(SLOTS);
	struct place *at = &places[i];

	change(at, at->in && one_in(2) ? NULL : &holders[i][random_below(CARDS)]);
	snprintf(trace[step_number % TRACE], sizeof *trace, "reader %d: %s", i, at->in ? at->in->pin : "empty");
}

static const struct {
	unsigned weight;
	void (*call)(struct row *r);
	bool blind; /* does not look at the readers */
} calls[] = {
	{2, finalize, true}, {2, initialize, true}, {20, move_card, true}, {70, get_slot_list, false},
	{50, get_slot_info, false}, {50, get_token_info, false}, {20, get_mechanism_info, false},
	{20, wait_for_slot_event, false}, {70, open_session, false}, {10, close_all_sessions, false},
	{30, close_session, false}, {40, get_session_info, false}, {60, login, false}, {10, logout, false},
	{20, set_pin, false}, {40, find_objects_init, false}, {40, find_objects, false},
	{30, find_objects_final, false}, {40, get_attribute_value, false}, {40, digest_init, false},
	{50, sign_init, false}, {60, update, false}, {60, whole, false}, {60, final, false},
	{30, session_cancel, false}, {10, generate_random, false}, {300, go_on, false},
};

static void next_call(void)
{
	unsigned all = 0, chosen, i = 0;

	for (size_t j = 0; j < sizeof calls / sizeof *calls; j++)
		all += calls[j].weight;
	for (chosen = random_below(all); chosen >= calls[i].weight; i++)
		chosen -= calls[i].weight;
	if (!running && !one_in(4))
		i = 1;
	calls[i].call(any_row());
	for (struct place *at = places; !calls[i].blind && at < places + SLOTS; at++)
		at->unseen = false;
}

static unsigned long number(const char *name, unsigned long usual)
{
	const char *value = getenv(name);

	return value ? strtoul(value, NULL, 10) : usual;
}

START_TEST(test_calls)
{
	unsigned long seed = number("INKAN_SEED", 1), n = number("INKAN_CALLS", 100000) / 2 / rig_sample();
	static const char *const pins[2][SLOTS][CARDS] = {{{"1111", "2222"}, {"3333", "4444"}},
	                                                  {{"111111", "222222"}, {"333333", "444444"}}};
	struct vcard_spec spec;

	app = _i ? VCARD_SIGN : VCARD_AUTH;
	state = (seed + 1) * 0x9E3779B97F4A7C15;
	rig_profiles(app == VCARD_AUTH ? profiles_auth : profiles_sign);
	for (int i = 0; i < SLOTS; i++) {
		for (int j = 0; j < CARDS; j++) {
			rig_spec(&spec, i ? VCARD_JPKI : VCARD_HPKI);
			spec.pin[app] = strcpy(holders[i][j].pin, pins[app][i][j]);
			spec.name = j ? "Suzuki Hanako" : spec.name;
			holders[i][j].card = rig_card(&spec);
		}
		places[i].reader = rig_reader(i ? "Reader of a patient" : "Reader of a doctor", NULL);
		change(&places[i], &holders[i][0]);
	}
	initialize(NULL);
	for (step_number = 1; step_number <= n; step_number++)
		next_call();
	printf("seed %lu: %lu calls, %lu of them with CKR_OK\n", seed, by_code[0] + by_code[1], by_code[1]);
	if (running)
		ok(p11->C_Finalize(NULL));
	for (int i = 0; i < SLOTS; i++) {
		vreader_remove(places[i].reader);
		vcard_readers_remove(places[i].reader);
		vreader_free(places[i].reader);
		for (int j = 0; j < CARDS; j++)
			vcard_free(holders[i][j].card);
	}
}
END_TEST

int main(void)
{
	const struct cases cases = {.suite = suite_create("calls"), .seconds = 900};

	add_loop_case(&cases, test_calls, 2);
	return rig_run(cases.suite);
}
