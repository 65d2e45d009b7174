/* SPDX-License-Identifier: BSD-2-Clause */
/* A hostile card and reader behind the whole module, and random calls around them. The input: which card, how many
 * bytes are calls, the calls, and what becomes of each command's answer; when that is over the virtual card answers. */
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <time.h>
#include "card/apdu.h"
#include "card/gate.h"
#include "cards/profile.h"
#include "fuzz.h"
#include "inkan-pkcs11.h"
#include "pkcs11/functions.h"
#include "pkcs11/module.h"
#include "vcard/vcard.h"

#define READER "Reader"
#define TRANSACTIONS_MAX 16 /* of one call */
#define SESSIONS 4

static const struct row {
	struct vcard_spec spec;
	enum vcard_app app;
	bool jahis;
} rows[] = {
	{{.kind = VCARD_HPKI}, VCARD_AUTH, false},
	{{.kind = VCARD_HPKI}, VCARD_SIGN, false},
	{{.kind = VCARD_JPKI}, VCARD_AUTH, false},
	{{.kind = VCARD_JPKI}, VCARD_SIGN, false},
	{{.kind = VCARD_HPKI, .layout = VCARD_ANNEX_B, .no_extended = true, .get_response = true, .exact_le = true},
	 VCARD_AUTH, true},
	{{.kind = VCARD_HPKI, .dialect = VCARD_OLD, .no_sfi = true, .cut_extended = true}, VCARD_SIGN, true},
	{{.kind = VCARD_JPKI, .phone = true, .no_pss = true, .first_6f00 = true, .no_counter = true}, VCARD_AUTH, false},
	{{.kind = VCARD_JPKI, .wrong_pss = true, .no_state = true, .exact_le = true, .no_sfi = true}, VCARD_SIGN, false},
	{{.kind = VCARD_HPKI, .directory = VCARD_DIR_BROKEN, .reselect_locks = true, .no_counter = true,
	  .refusal_spends = true}, VCARD_AUTH, false},
	{{.kind = VCARD_FOREIGN}, VCARD_AUTH, false},
};
enum { ROWS = sizeof rows / sizeof *rows };

enum news { NOT_SENT, ACCEPTED, NOT_ACCEPTED };

static struct {
	const struct row *row;
	struct vreader *reader;
	uint32_t insertion;        /* 0: no card */
	struct bytes answers, again;
	unsigned honest, repeats;  /* so many commands without and with the same change */
	uint8_t repeated;
	unsigned more_readers;
	bool altered;              /* a file was read wrongly: who the card is, is not certain */
	int64_t clock_ms;

	/* of one call */
	unsigned transactions, verifies;
	enum news verify;
	bool may_change;
	/* of one transaction */
	unsigned commands;
	int64_t began_ms;
	bool open;
	bool counted;              /* the counter was asked for since the last PIN */
	/* of one insertion */
	bool locked;               /* no try is left */
	bool selected;             /* an application was */
	bool unlocked;             /* a PIN was sent, and neither something else selected since nor the power gone */
} world;

static struct profile_set shown;
static struct conventions conventions;

/* ---- The reader */

int __real_clock_gettime(clockid_t id, struct timespec *t);
int __wrap_clock_gettime(clockid_t id, struct timespec *t);
int __wrap___clock_gettime64(clockid_t id, struct timespec *t);

/* Time passes as the input says. */
int __wrap_clock_gettime(clockid_t id, struct timespec *t)
{
	if (id != CLOCK_MONOTONIC)
		return __real_clock_gettime(id, t);
	*t = (struct timespec){.tv_sec = (time_t)(world.clock_ms / 1000), .tv_nsec = (long)(world.clock_ms % 1000) * 1000000};
	return 0;
}

int __wrap___clock_gettime64(clockid_t id, struct timespec *t)
{
	return __wrap_clock_gettime(id, t);
}

static enum error open_self(void **self, bool may_create_threads)
{
	(void)may_create_threads;
	*self = &world;
	return E_OK;
}

static void close_self(void *self)
{
	(void)self;
}

static enum error list(void *self, struct reader_state *states, size_t *count)
{
	size_t n = 0;

	(void)self;
	for (unsigned i = 0; i < world.more_readers && n + 1 < *count; i++) {
		struct reader_state *s = &states[n++];

		*s = (struct reader_state){.insertion = i, .present = i % 2, .mute = i % 4 == 3};
		snprintf(s->name, sizeof s->name, "%.*s%u", (int)(i * 40 % (READER_NAME_MAX - 12)),
		         "\xFF\xE3\x81%s%n\x1B[2J/../\t\xED\xA0\x80 a name as long as a reader may have, and then some more of it: "
		         "0123456789012345678901234567890123456789012345678901234567890123456789", i);
	}
	states[n] = (struct reader_state){.name = READER, .present = world.insertion != 0, .insertion = world.insertion};
	*count = n + 1;
	return E_OK;
}

static enum error wait_never(void *self, const struct reader_state *seen, size_t count, int timeout_ms)
{
	(void)self, (void)seen, (void)count, (void)timeout_ms;
	return E_CANCELLED;
}

static enum error begin(void *self, const char *reader, int wait_ms, struct reader_link *link)
{
	(void)self, (void)wait_ms;
	if (strcmp(reader, READER) != 0)
		return E_MUTE;
	if (world.insertion == 0)
		return E_NO_CARD;
	MUST(!world.open && ++world.transactions <= TRANSACTIONS_MAX);
	world.open = true;
	world.commands = 0;
	world.counted = false;
	*link = (struct reader_link){.insertion = world.insertion};
	return E_OK;
}

static void insert(uint32_t insertion)
{
	world.insertion = insertion;
	world.locked = world.unlocked = world.selected = false;
	vreader_power_off(world.reader);
}

enum change { STATUS, REFUSED, WHOLE, XOR, CUT, LONGER, BROKEN, LOST, PULLED, MORE, LATE, FULL, WEDGED, CHANGES };

/* What the input makes of one answer. */
static enum error change(const uint8_t *apdu, size_t n, uint8_t *r, size_t *len)
{
	struct bytes *in = &world.answers;
	uint8_t what = world.repeats ? world.repeated : feed_byte(in);
	enum change kind = what % CHANGES;
	struct bytes with;
	size_t at;

	if (what < 0x80) { /* the next ones are honest */
		world.honest = what;
		return vreader_transmit(world.reader, apdu, n, r, len) ? E_OK : E_LINK;
	}
	if (world.repeats)
		world.repeats--;
	else if (what & 0x40) {
		world.repeats = feed_byte(in) * 32U;
		world.repeated = what;
		world.again = *in;
	}
	if (kind != REFUSED && kind != WHOLE && kind != LOST && !vreader_transmit(world.reader, apdu, n, r, len))
		return E_LINK;
	world.altered |= apdu[1] == 0xB0 || apdu[1] == 0xC0;
	switch (kind) {
	case STATUS:
	case MORE:
		*len = *len < 2 ? 2 : *len;
		at = *len - 2;
		r[at] = kind == MORE ? 0x61 : feed_byte(in);
		r[at + 1] = feed_byte(in);
		break;
	case REFUSED:
		r[0] = feed_byte(in);
		r[1] = feed_byte(in);
		*len = 2;
		break;
	case WHOLE:
		with = feed_take(in, feed_byte(in));
		if (with.len)
			memcpy(r, with.data, with.len);
		*len = with.len;
		break;
	case XOR:
		at = feed_number(in);
		if (*len)
			r[at % *len] ^= feed_byte(in);
		break;
	case CUT:
		at = feed_number(in);
		*len = at < *len ? at : *len;
		break;
	case LONGER:
	case WEDGED:
		with = feed_take(in, feed_byte(in));
		at = kind == LONGER && *len >= 2 ? *len - 2 : 0;
		if (with.len && *len + with.len <= READER_RESPONSE_MAX) {
			memmove(r + at + with.len, r + at, *len - at);
			memcpy(r + at, with.data, with.len);
			*len += with.len;
		}
		break;
	case FULL:
		*len = READER_RESPONSE_MAX;
		memset(r, feed_byte(in), *len);
		memcpy(r + *len - 2, (uint8_t[]){0x90, 0x00}, 2);
		break;
	case LATE:
		world.clock_ms += (int64_t)feed_byte(in) * 1000;
		break;
	case PULLED:
		insert(world.insertion ? world.insertion + 1 + feed_byte(in) % 2 : 0);
		return E_LINK;
	default:
		return E_LINK;
	}
	return E_OK;
}

/* SELECT of another application than the one that has the PIN. */
static bool leaves(const uint8_t *apdu, size_t n)
{
	bool other = apdu[1] == 0xA4 && apdu[2] == 0x04 && n > 5;

	for (size_t i = 0; i < shown.n && other; i++) {
		const struct select_cmd *s = &shown.list[i]->select;

		other = n < 5U + s->aid_len || memcmp(apdu + 5, s->aid, s->aid_len) != 0;
	}
	return other;
}

static enum error transmit(struct reader_link *link, const uint8_t *apdu, size_t n, uint8_t *response, size_t *len)
{
	bool pin = n > 5 && apdu[1] == 0x20, counter = apdu[1] == 0x20 && n <= 5;
	enum error e = E_OK;
	unsigned sw;

	MUST(world.open && n >= 4 && *len >= READER_RESPONSE_MAX);
	MUST(++world.commands <= APDU_COMMANDS_MAX);
	world.began_ms = world.commands == 1 ? world.clock_ms : world.began_ms;
	MUST(world.clock_ms - world.began_ms <= APDU_TIME_MAX_MS);
	if (pin) {
		MUST(!world.locked && world.counted);
		world.counted = false;
		MUST(world.verify != NOT_ACCEPTED);
		world.verifies++;
		world.verify = NOT_ACCEPTED;
		world.unlocked = true;
	}
	if (apdu[1] == 0x24) { /* CHANGE REFERENCE DATA: once, directly after the old PIN */
		MUST(world.may_change && world.verify == ACCEPTED);
		world.may_change = false;
		world.unlocked = true;
	}
	world.counted |= counter;
	world.clock_ms++;
	if (link->insertion != world.insertion)
		return E_LINK;
	if (world.repeats)
		world.answers = world.again;
	if (world.honest || (world.answers.len == 0 && !world.repeats)) {
		world.honest -= world.honest > 0;
		e = vreader_transmit(world.reader, apdu, n, response, len) ? E_OK : E_LINK;
	} else {
		e = change(apdu, n, response, len);
	}
	sw = e == E_OK && *len >= 2 ? (unsigned)(response[*len - 2] << 8 | response[*len - 1]) : 0;
	if (leaves(apdu, n) && (sw == 0x9000 || sw >> 8 == 0x61))
		world.unlocked = false;
	world.selected |= apdu[1] == 0xA4 && apdu[2] == 0x04 && (sw >> 8 == 0x90 || sw >> 8 == 0x61 || sw >> 8 == 0x62);
	if (pin)
		world.verify = sw == 0x9000 ? ACCEPTED : NOT_ACCEPTED;
	/* one that tells of no tries when it has just taken the PIN contradicts itself, and is asked again later */
	if ((pin || (counter && world.verify != ACCEPTED)) && (sw == 0x63C0 || sw == 0x6983 || sw == 0x6984))
		world.locked = true;
	return e;
}

/* Whoever has sent a PIN leaves the card locked. */
static void end(struct reader_link *link, bool power_off)
{
	MUST(world.open);
	if (power_off && link->insertion == world.insertion) {
		vreader_power_off(world.reader);
		world.unlocked = false;
	}
	MUST(!world.unlocked);
	world.open = false;
}

static const struct reader_ops ops = {
	.open = open_self,
	.close = close_self,
	.forget = close_self,
	.list = list,
	.wait = wait_never,
	.cancel = close_self,
	.begin = begin,
	.transmit = transmit,
	.end = end,
};

const struct personality personality = {
	.program = "inkan-fuzz",
	.description = "Inkan",
	.profiles = &shown,
	.readers = &ops,
	.conventions = &conventions,
};

/* ---- The program */

static CK_SESSION_HANDLE sessions[SESSIONS];
static CK_SLOT_ID slots[SLOTS_MAX];
static CK_ULONG n_slots;
static CK_OBJECT_HANDLE objects[32];
static CK_ULONG n_objects;

/* Before and after each call. */
static void call_begins(void)
{
	MUST(!world.open);
	world.transactions = world.verifies = 0;
	world.verify = NOT_SENT;
}

static CK_RV called(CK_RV rv, unsigned verifies)
{
	MUST(!world.open);
	MUST(world.verifies <= verifies);
	return rv;
}

#define CALL(call, verifies) (call_begins(), called((call), (verifies)))

static void start(void)
{
	CALL(inkan_C_Initialize(NULL), 0);
	memset(sessions, 0, sizeof sessions);
	n_slots = n_objects = 0;
	if (world.altered)
		world.locked = false; /* perhaps another card's */
}

/* A slot is called occupied when a look at this very card has said so. */
static void look(bool present)
{
	uint32_t insertion = world.insertion;

	n_slots = SLOTS_MAX;
	if (CALL(inkan_C_GetSlotList(present, slots, &n_slots), 0) != CKR_OK)
		n_slots = 0;
	MUST(n_slots <= SLOTS_MAX);
	MUST(!present || n_slots == 0 || world.selected || insertion != world.insertion);
}

static CK_SLOT_ID slot_at(uint8_t i)
{
	return n_slots ? slots[i % n_slots] : i;
}

static void look_at_slot(uint8_t i)
{
	CK_SLOT_ID slot = slot_at(i);
	CK_SLOT_INFO info;
	CK_TOKEN_INFO token;
	CK_MECHANISM_TYPE types[64];
	CK_MECHANISM_INFO mechanism;
	CK_ULONG n = 64;
	uint32_t insertion = world.insertion;

	if (CALL(inkan_C_GetSlotInfo(slot, &info), 0) == CKR_OK && insertion == world.insertion)
		MUST(!(info.flags & CKF_TOKEN_PRESENT) || world.selected);
	CALL(inkan_C_GetTokenInfo(slot, &token), 0);
	if (CALL(inkan_C_GetMechanismList(slot, types, &n), 0) == CKR_OK && n)
		CALL(inkan_C_GetMechanismInfo(slot, types[i % n], &mechanism), 0);
}

static void find(CK_SESSION_HANDLE session, struct bytes *in)
{
	static const CK_ATTRIBUTE_TYPE types[] = {CKA_CLASS, CKA_LABEL, CKA_ID, CKA_INKAN_HCROLE, CKA_MODULUS, CKA_TOKEN,
	                                          CKA_VALUE, CKA_SUBJECT};
	struct bytes value;
	CK_ATTRIBUTE template;
	CK_ULONG n = feed_byte(in) % 8;
	CK_OBJECT_CLASS class = feed_byte(in) % 8;

	template.type = types[n];
	value = feed_take(in, n ? feed_byte(in) % 16 : 0);
	template.pValue = n ? (void *)(uintptr_t)value.data : &class;
	template.ulValueLen = n ? value.len : sizeof class;
	if (CALL(inkan_C_FindObjectsInit(session, &template, class < 6), 0) == CKR_OK) {
		if (CALL(inkan_C_FindObjects(session, objects, 32, &n_objects), 0) != CKR_OK)
			n_objects = 0;
		MUST(n_objects <= 32);
		CALL(inkan_C_FindObjectsFinal(session), 0);
	}
}

static void get_attributes(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object)
{
	static const CK_ATTRIBUTE_TYPE types[] = {
		CKA_CLASS, CKA_TOKEN, CKA_PRIVATE, CKA_LABEL, CKA_VALUE, CKA_CERTIFICATE_TYPE, CKA_ISSUER, CKA_SERIAL_NUMBER,
		CKA_SUBJECT, CKA_ID, CKA_KEY_TYPE, CKA_MODULUS, CKA_MODULUS_BITS, CKA_PUBLIC_EXPONENT, CKA_ALWAYS_AUTHENTICATE,
		CKA_SIGN, CKA_START_DATE, CKA_END_DATE, CKA_CERTIFICATE_CATEGORY, CKA_CHECK_VALUE, CKA_ALLOWED_MECHANISMS,
		CKA_APPLICATION, CKA_OBJECT_ID, CKA_PROFILE_ID, CKA_PUBLIC_KEY_INFO, CKA_INKAN_HCROLE, CKA_INKAN_HCROLE_DER,
		CKA_INKAN_PROFILE, CKA_INKAN_PRODUCTION, CKA_INKAN_STATUS, CKA_INKAN_STATUS_NEXT_UPDATE, CKA_EXTRACTABLE, 0x12345};
	CK_ULONG size;

	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		CK_ATTRIBUTE a = {types[i], NULL, 0};
		CK_RV rv = CALL(inkan_C_GetAttributeValue(session, object, &a, 1), 0);

		if (rv != CKR_OK || a.ulValueLen == CK_UNAVAILABLE_INFORMATION)
			continue;
		MUST(a.ulValueLen <= 65536);
		size = a.ulValueLen;
		a.pValue = malloc(size ? size : 1);
		MUST(a.pValue != NULL);
		rv = CALL(inkan_C_GetAttributeValue(session, object, &a, 1), 0);
		MUST(rv != CKR_OK || a.ulValueLen <= size);
		free(a.pValue);
	}
	CALL(inkan_C_GetObjectSize(session, object, &size), 0);
}

static const char *usual_pin(void)
{
	return world.row->app == VCARD_AUTH ? "1234" : world.row->spec.kind == VCARD_JPKI ? "ABC123" : "123456";
}

static void login(CK_SESSION_HANDLE session, struct bytes *in)
{
	uint8_t how = feed_byte(in);
	const char *pin = usual_pin();
	struct bytes other = feed_take(in, how & 0x10 ? feed_byte(in) % 32 : 0);

	if (how & 0x20)
		pin = world.row->app == VCARD_SIGN ? "987654" : "9876";
	if (!(how & 0x10))
		other = (struct bytes){(const uint8_t *)pin, strlen(pin)};
	CALL(inkan_C_Login(session, how % 4 == 3 ? CKU_CONTEXT_SPECIFIC : CKU_USER, (CK_UTF8CHAR *)(uintptr_t)other.data,
	                   other.len), 1);
}

/* To the same PIN, so that the card stays as it is. */
static void set_pin(CK_SESSION_HANDLE session, bool right)
{
	char pin[8], wrong[] = "987654";
	CK_ULONG n = (CK_ULONG)snprintf(pin, sizeof pin, "%s", usual_pin());

	call_begins();
	world.may_change = true;
	called(inkan_C_SetPIN(session, (CK_UTF8CHAR *)(right ? pin : wrong), n, (CK_UTF8CHAR *)pin, n), 1);
	world.may_change = false;
}

/* Functions that matter less. */
static void other_call(CK_SESSION_HANDLE session, uint8_t which, struct bytes *in)
{
	CK_BYTE out[64] = "1234";
	CK_ULONG n = sizeof out;
	CK_SESSION_INFO session_info;
	CK_INFO info;

	switch (which) {
	case 8: CALL(inkan_C_GetInfo_3_0(&info), 0); break;
	case 9: CALL(inkan_C_SessionCancel(session, CKF_SIGN | CKF_DIGEST | CKF_FIND_OBJECTS), 0); break;
	case 10: CALL(inkan_C_LoginUser(session, CKU_USER, out, 4, NULL, 0), 1); break;
	case 11: CALL(inkan_C_GenerateRandom(session, out, n), 0); break;
	case 12: set_pin(session, feed_byte(in) & 1); break;
	case 13: CALL(inkan_C_DigestUpdate(session, out, 4), 0); break;
	case 14: CALL(inkan_C_DigestFinal(session, out, &n), 0); break;
	case 15: CALL(inkan_C_DigestInit(session, &(CK_MECHANISM){CKM_SHA512, NULL, 0}), 0); break;
	default: CALL(inkan_C_GetSessionInfo(session, &session_info), 0); break;
	}
}

static CK_ULONG get(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, CK_BYTE *out, CK_ULONG room)
{
	CK_ATTRIBUTE a = {type, out, room};

	return CALL(inkan_C_GetAttributeValue(session, object, &a, 1), 0) == CKR_OK ? a.ulValueLen : 0;
}

/* The key's public half by its attributes, big-endian; NULL: the card is gone. */
static EVP_PKEY *public_key(const CK_BYTE *modulus, CK_ULONG n, const CK_BYTE *exponent, CK_ULONG m)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
	BIGNUM *N = BN_bin2bn(modulus, (int)n, NULL), *E = BN_bin2bn(exponent, (int)m, NULL);
	OSSL_PARAM *params;
	EVP_PKEY *key = NULL;

	OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_N, N);
	OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_E, E);
	params = OSSL_PARAM_BLD_to_param(b);
	EVP_PKEY_fromdata_init(ctx);
	EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(b);
	BN_free(N);
	BN_free(E);
	EVP_PKEY_CTX_free(ctx);
	return key;
}

static bool verifies(EVP_PKEY *key, bool pss, const CK_BYTE *signature, CK_ULONG len)
{
	uint8_t hash[32];
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	bool good = ctx && EVP_Digest("message", 7, hash, NULL, EVP_sha256(), NULL) == 1 && EVP_PKEY_verify_init(ctx) == 1;

	good = good && EVP_PKEY_CTX_set_rsa_padding(ctx, pss ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING) == 1 &&
	       EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) == 1 && (!pss || EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, 32) == 1) &&
	       EVP_PKEY_verify(ctx, signature, len, hash, sizeof hash) == 1;
	EVP_PKEY_CTX_free(ctx);
	return good;
}

/* In one part or in several, after the length or not; what comes out verifies with the key that the module shows. */
static void sign(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key, struct bytes *in)
{
	uint8_t how = feed_byte(in);
	bool pss = how & 1;
	CK_RSA_PKCS_PSS_PARAMS params = {CKM_SHA256, CKG_MGF1_SHA256, 32};
	CK_MECHANISM mechanism = {pss ? CKM_SHA256_RSA_PKCS_PSS : CKM_SHA256_RSA_PKCS, pss ? &params : NULL,
	                          pss ? sizeof params : 0};
	CK_BYTE message[] = "message", signature[512], modulus[512], exponent[64];
	CK_ULONG len = sizeof signature, n, m;
	CK_RV rv;

	if (how & 0x80) { /* as programs of JAHIS do: the hash is the caller's, and nothing is compared here */
		mechanism.mechanism = CKM_RSA_PKCS;
		mechanism.ulParameterLen = 0;
	}
	n = get(session, key, CKA_MODULUS, modulus, sizeof modulus);
	m = get(session, key, CKA_PUBLIC_EXPONENT, exponent, sizeof exponent);
	if (CALL(inkan_C_SignInit(session, &mechanism, key), 0) != CKR_OK)
		return;
	if (how & 8)
		login(session, in);
	if (how & 2)
		CALL(inkan_C_Sign(session, message, 7, NULL, &len), 0);
	if (how & 4) {
		CALL(inkan_C_SignUpdate(session, message, 3), 0);
		CALL(inkan_C_SignUpdate(session, message + 3, 4), 0);
		rv = CALL(inkan_C_SignFinal(session, signature, &len), 2);
	} else {
		rv = CALL(inkan_C_Sign(session, message, 7, signature, &len), 2);
	}
	if (rv == CKR_OK && !(how & 0x80)) {
		EVP_PKEY *public = n && m ? public_key(modulus, n, exponent, m) : NULL;

		MUST(public && verifies(public, pss, signature, len));
		EVP_PKEY_free(public);
	}
}

static void digest(CK_SESSION_HANDLE session, struct bytes *in)
{
	CK_MECHANISM mechanism = {feed_byte(in) % 2 ? CKM_SHA256 : CKM_SHA_1, NULL, 0};
	struct bytes data = feed_take(in, feed_byte(in));
	CK_BYTE out[64];
	CK_ULONG n = sizeof out;

	CALL(inkan_C_DigestInit(session, &mechanism), 0);
	CALL(inkan_C_Digest(session, (CK_BYTE *)(uintptr_t)data.data, data.len, out, &n), 0);
}

static CK_OBJECT_HANDLE object_at(uint8_t i)
{
	return n_objects ? objects[i % n_objects] : i;
}

/* The first private key, as a program would look for it. */
static CK_OBJECT_HANDLE find_key(CK_SESSION_HANDLE session)
{
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_ATTRIBUTE template = {CKA_CLASS, &class, sizeof class};
	CK_OBJECT_HANDLE key = 1;
	CK_ULONG n = 0;

	if (CALL(inkan_C_FindObjectsInit(session, &template, 1), 0) == CKR_OK) {
		CALL(inkan_C_FindObjects(session, &key, 1, &n), 0);
		CALL(inkan_C_FindObjectsFinal(session), 0);
	}
	return key;
}

static void one_call(struct bytes *in)
{
	uint8_t what = feed_byte(in), which = what >> 4;
	CK_SESSION_HANDLE *session = &sessions[which % SESSIONS];
	CK_SLOT_ID slot;

	switch (what & 0x0F) {
	case 0: look(which & 1); break;
	case 1: look_at_slot(which); break;
	case 2: CALL(inkan_C_OpenSession(slot_at(which >> 3), CKF_SERIAL_SESSION | (which & 4 ? CKF_RW_SESSION : 0), NULL, NULL, session),
	             0); break;
	case 3: CALL(which < 12 ? inkan_C_CloseSession(*session) : inkan_C_CloseAllSessions(slot_at(which)), 0); break;
	case 4: login(*session, in); break;
	case 5: CALL(inkan_C_Logout(*session), 0); break;
	case 6: find(*session, in); break;
	case 7: get_attributes(*session, object_at(feed_byte(in))); break;
	case 8: sign(*session, find_key(*session), in); break;
	case 9: sign(*session, object_at(feed_byte(in)), in); break;
	case 10: insert(which ? world.insertion + which : 0); break;
	case 11: other_call(*session, which, in); break;
	case 12: digest(*session, in); break;
	case 13: CALL(inkan_C_WaitForSlotEvent(CKF_DONT_BLOCK, &slot, NULL), 0); break;
	case 14: world.more_readers = which; break;
	case 15:
		if (which > 8) {
			world.clock_ms += which * 1000;
		} else {
			CALL(inkan_C_Finalize(NULL), 0);
			start();
		}
		break;
	}
}

/* What the module and the gate remember for the process must not go from one input to the next. */
static void forget(void)
{
	struct gate_memory *m = gate_memory_lock();

	MUST(m != NULL);
	memset(m->refused, 0, sizeof m->refused);
	memset(m->given, 0, sizeof m->given);
	for (size_t i = 0; i < COUNTERS_MAX; i++)
		m->counters[i] = (struct counter){.said = -1};
	m->n_refused = m->n_counters = m->n_given = 0;
	gate_memory_unlock(m);
	module.n_records = module.n_slots = 0;
	module.last_object = module.last_session = 0;
	memset(module.slots, 0, sizeof module.slots);
}

static struct vreader *reader_of(const struct row *row)
{
	static struct vreader *readers[ROWS];
	struct vreader **r = &readers[row - rows];
	const char *pki = getenv("INKAN_TEST_PKI");
	struct vcard_spec spec, usual;
	char why[256] = "";

	if (!*r) {
		vcard_spec_init(&usual, row->spec.kind);
		spec = row->spec;
		spec.name = usual.name;
		spec.japanese_name = usual.japanese_name;
		memcpy(spec.roles, usual.roles, sizeof spec.roles);
		memcpy(spec.pin, usual.pin, sizeof spec.pin);
		memcpy(spec.tries, usual.tries, sizeof spec.tries);
		spec.pki = pki ? pki : "tests/pki";
		*r = vreader_new(READER);
		vreader_insert(*r, vcard_new(&spec, why, sizeof why));
		if (!vreader_card(*r))
			fprintf(stderr, "%s\n", why);
		MUST(vreader_card(*r));
	}
	for (enum vcard_app app = VCARD_AUTH; app <= VCARD_SIGN; app++)
		vcard_set_tries(vreader_card(*r), app, row->spec.kind == VCARD_JPKI ? app == VCARD_SIGN ? 5 : 3 : 15);
	return *r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = {data, size}, calls;
	uint8_t which = feed_byte(&in);
	const struct row *row = &rows[which % ROWS];

	setenv("XDG_CONFIG_HOME", "/nowhere", 1);
	setenv("XDG_DATA_HOME", "/nowhere", 1);
	setenv("XDG_CACHE_HOME", "/nowhere", 1);
	calls = feed_take(&in, feed_byte(&in));
	memset(&world, 0, sizeof world);
	world.row = row;
	world.reader = reader_of(row);
	world.clock_ms = 1000000;
	world.answers = in;
	insert(0x10001);
	forget();
	conventions = row->jahis ? conventions_jahis : conventions_inkan;
	shown = row->jahis ? row->app == VCARD_AUTH ? profiles_hpki_auth : profiles_hpki_sign
	                   : row->app == VCARD_AUTH ? profiles_auth : profiles_sign;
	start();
	look(false);
	look(true);
	if (!(which & 0x80)) { /* as most programs begin */
		look_at_slot(0);
		CALL(inkan_C_OpenSession(slot_at(0), CKF_SERIAL_SESSION, NULL, NULL, &sessions[0]), 0);
	}
	while (calls.len)
		one_call(&calls);
	CALL(inkan_C_Finalize(NULL), 0);
	return 0;
}
