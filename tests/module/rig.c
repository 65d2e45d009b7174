/* SPDX-License-Identifier: BSD-2-Clause */
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <fcntl.h>
#include "pkcs11/personality.h"
#include "tests/module/rig.h"
#include "tests/vcard_reader.h"

CK_RV C_GetFunctionList(CK_FUNCTION_LIST **list);

CK_FUNCTION_LIST *p11;

struct profile_set rig_set;

static const char message[] = "A referral letter.";

void rig_profiles(struct profile_set set)
{
	/* named here, so that the linker takes ours: libc has a function of that name */
	ck_assert_ptr_eq(personality.profiles, &rig_set);
	rig_set = set;
	ok(C_GetFunctionList(&p11));
}

void rig_spec(struct vcard_spec *spec, enum vcard_kind kind)
{
	const char *pki = getenv("INKAN_TEST_PKI");

	vcard_spec_init(spec, kind);
	spec->pki = pki ? pki : "tests/pki";
}

struct vcard *rig_card(const struct vcard_spec *spec)
{
	char why[256] = "";
	struct vcard *card = vcard_new(spec, why, sizeof why);

	ck_assert_msg(card != NULL, "%s", why);
	return card;
}

struct vreader *rig_reader(const char *name, const struct vcard_spec *spec)
{
	struct vreader *r = vreader_new(name);

	ck_assert_ptr_nonnull(r);
	if (spec)
		vreader_insert(r, rig_card(spec));
	vcard_readers_add(r);
	return r;
}

CK_SLOT_ID rig_first_slot(void)
{
	CK_SLOT_ID slots[32];
	CK_ULONG n = 32;

	ok(p11->C_GetSlotList(CK_TRUE, slots, &n));
	ck_assert_uint_ge(n, 1);
	return slots[0];
}

CK_SESSION_HANDLE rig_session(CK_SLOT_ID slot)
{
	CK_SESSION_HANDLE session = CK_INVALID_HANDLE;

	ok(p11->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session));
	return session;
}

void rig_start(struct rig *r, const struct vcard_spec *spec, enum vcard_app app)
{
	rig_profiles(app == VCARD_AUTH ? profiles_auth : profiles_sign);
	r->app = app;
	r->reader = rig_reader("Virtual Reader 00", spec);
	r->card = vreader_card(r->reader);
	ok(p11->C_Initialize(NULL));
	r->slot = rig_first_slot();
	r->session = rig_session(r->slot);
}

void rig_stop(struct rig *r)
{
	ok(p11->C_Finalize(NULL));
	vcard_readers_remove(r->reader);
	vreader_free(r->reader);
}

CK_RV rig_login_in(CK_SESSION_HANDLE session, CK_USER_TYPE user, const char *pin)
{
	char copy[300];

	snprintf(copy, sizeof copy, "%s", pin);
	return p11->C_Login(session, user, (CK_UTF8CHAR *)copy, strlen(pin));
}

CK_RV rig_login(struct rig *r, CK_USER_TYPE user, const char *pin)
{
	return rig_login_in(r->session, user, pin);
}

CK_FLAGS rig_token_flags(const struct rig *r)
{
	CK_TOKEN_INFO info;

	ok(p11->C_GetTokenInfo(r->slot, &info));
	return info.flags;
}

CK_ULONG rig_count(CK_SESSION_HANDLE session, CK_ATTRIBUTE *template, CK_ULONG n)
{
	CK_OBJECT_HANDLE found[64];
	CK_ULONG count = 0;

	ok(p11->C_FindObjectsInit(session, template, n));
	ok(p11->C_FindObjects(session, found, 64, &count));
	ok(p11->C_FindObjectsFinal(session));
	return count;
}

static CK_RV find(CK_SESSION_HANDLE session, CK_OBJECT_CLASS class, CK_OBJECT_HANDLE *found)
{
	CK_ATTRIBUTE template = {CKA_CLASS, &class, sizeof class};
	CK_ULONG count = 0;
	CK_RV rv = p11->C_FindObjectsInit(session, &template, 1);

	*found = CK_INVALID_HANDLE;
	if (rv != CKR_OK)
		return rv;
	ok(p11->C_FindObjects(session, found, 1, &count));
	ok(p11->C_FindObjectsFinal(session));
	if (count == 0)
		*found = CK_INVALID_HANDLE;
	return CKR_OK;
}

CK_OBJECT_HANDLE rig_find(CK_SESSION_HANDLE session, CK_OBJECT_CLASS class)
{
	CK_OBJECT_HANDLE found;

	ok(find(session, class, &found));
	return found;
}

CK_OBJECT_HANDLE rig_own_certificate(CK_SESSION_HANDLE session)
{
	CK_OBJECT_CLASS class = CKO_CERTIFICATE;
	CK_ULONG user = 1, count = 0;
	CK_ATTRIBUTE own[] = {{CKA_CLASS, &class, sizeof class}, {CKA_CERTIFICATE_CATEGORY, &user, sizeof user}};
	CK_OBJECT_HANDLE found[2];

	ok(p11->C_FindObjectsInit(session, own, 2));
	ok(p11->C_FindObjects(session, found, 2, &count));
	ok(p11->C_FindObjectsFinal(session));
	ck_assert_uint_le(count, 1);
	return count ? found[0] : CK_INVALID_HANDLE;
}

/* What the tests know of the mechanisms, apart from the module's own table. */
static const struct {
	CK_MECHANISM_TYPE type, hash;
	CK_RSA_PKCS_MGF_TYPE mgf;
	const char *name;
	bool pss, hashes;
} rows[] = {
	{CKM_RSA_PKCS, CKM_SHA256, CKG_MGF1_SHA256, "SHA256", false, false},
	{CKM_SHA1_RSA_PKCS, CKM_SHA_1, CKG_MGF1_SHA1, "SHA1", false, true},
	{CKM_SHA224_RSA_PKCS, CKM_SHA224, CKG_MGF1_SHA224, "SHA224", false, true},
	{CKM_SHA256_RSA_PKCS, CKM_SHA256, CKG_MGF1_SHA256, "SHA256", false, true},
	{CKM_SHA384_RSA_PKCS, CKM_SHA384, CKG_MGF1_SHA384, "SHA384", false, true},
	{CKM_SHA512_RSA_PKCS, CKM_SHA512, CKG_MGF1_SHA512, "SHA512", false, true},
	{CKM_RSA_PKCS_PSS, CKM_SHA256, CKG_MGF1_SHA256, "SHA256", true, false},
	{CKM_SHA1_RSA_PKCS_PSS, CKM_SHA_1, CKG_MGF1_SHA1, "SHA1", true, true},
	{CKM_SHA224_RSA_PKCS_PSS, CKM_SHA224, CKG_MGF1_SHA224, "SHA224", true, true},
	{CKM_SHA256_RSA_PKCS_PSS, CKM_SHA256, CKG_MGF1_SHA256, "SHA256", true, true},
	{CKM_SHA384_RSA_PKCS_PSS, CKM_SHA384, CKG_MGF1_SHA384, "SHA384", true, true},
	{CKM_SHA512_RSA_PKCS_PSS, CKM_SHA512, CKG_MGF1_SHA512, "SHA512", true, true},
};

static size_t row_of(CK_MECHANISM_TYPE type)
{
	size_t i = 0;

	while (i < sizeof rows / sizeof *rows && rows[i].type != type)
		i++;
	ck_assert_uint_lt(i, sizeof rows / sizeof *rows);
	return i;
}

static size_t input(size_t row, uint8_t *out)
{
	static const uint8_t sha256_prefix[] = {0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
	                                        0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20};
	size_t prefix = rows[row].pss ? 0 : sizeof sha256_prefix;
	unsigned n = 0;

	if (rows[row].hashes) {
		memcpy(out, message, sizeof message);
		return sizeof message;
	}
	memcpy(out, sha256_prefix, prefix);
	ck_assert_int_eq(EVP_Digest(message, sizeof message, out + prefix, &n, EVP_sha256(), NULL), 1);
	return prefix + n;
}

CK_RV rig_sign(CK_SESSION_HANDLE session, CK_MECHANISM_TYPE type, uint8_t *signature, CK_ULONG *len)
{
	size_t row = row_of(type);
	CK_RSA_PKCS_PSS_PARAMS pss = {rows[row].hash, rows[row].mgf,
	                              (CK_ULONG)EVP_MD_get_size(EVP_get_digestbyname(rows[row].name))};
	CK_MECHANISM mechanism = {type, rows[row].pss ? &pss : NULL, rows[row].pss ? sizeof pss : 0};
	uint8_t data[256];
	size_t n = input(row, data);
	CK_OBJECT_HANDLE key;
	CK_RV rv = find(session, CKO_PRIVATE_KEY, &key);

	if (rv == CKR_OK)
		rv = p11->C_SignInit(session, &mechanism, key);
	return rv == CKR_OK ? p11->C_Sign(session, data, n, signature, len) : rv;
}

static EVP_PKEY *card_key(const struct rig *r)
{
	size_t len = 0;
	const struct vcard *in = vreader_card(r->reader); /* none: it was pulled meanwhile */
	const uint8_t *der = vcard_certificate(in ? in : r->card, r->app, &len);
	X509 *x = d2i_X509(NULL, &der, (long)len);
	EVP_PKEY *key = X509_get_pubkey(x);

	ck_assert_ptr_nonnull(key);
	X509_free(x);
	return key;
}

bool rig_verifies(const struct rig *r, CK_MECHANISM_TYPE type, const uint8_t *signature, CK_ULONG len)
{
	size_t row = row_of(type);
	const EVP_MD *md = EVP_get_digestbyname(rows[row].name);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pctx;
	EVP_PKEY *key = card_key(r);
	bool good;

	ck_assert_int_eq(EVP_DigestVerifyInit(ctx, &pctx, md, NULL, key), 1);
	if (rows[row].pss) {
		EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING);
		EVP_PKEY_CTX_set_rsa_mgf1_md(pctx, md);
		EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, EVP_MD_get_size(md));
	}
	good = EVP_DigestVerify(ctx, signature, len, (const uint8_t *)message, sizeof message) == 1;
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
	return good;
}

CK_RV rig_sign_checked(const struct rig *r, CK_SESSION_HANDLE session, CK_MECHANISM_TYPE type)
{
	uint8_t signature[512];
	CK_ULONG len = sizeof signature;
	CK_RV rv = rig_sign(session, type, signature, &len);

	if (rv == CKR_OK)
		ck_assert_msg(rig_verifies(r, type, signature, len), "libcrypto refuses the signature of %lx", type);
	return rv;
}

static uint16_t send(const struct rig *r, const char *hex)
{
	uint8_t apdu[512], response[512];
	size_t n = 0, len = sizeof response;

	for (; hex[2 * n]; n++) {
		unsigned byte;

		sscanf(hex + 2 * n, "%2x", &byte);
		apdu[n] = (uint8_t)byte;
	}
	ck_assert(vreader_transmit(r->reader, apdu, n, response, &len));
	if (len < 2) /* of a card that breaks the link at extended length */
		return 0;
	return (uint16_t)(response[len - 2] << 8 | response[len - 1]);
}

/* Commands of a program that knows the cards and has no PIN; which of them a
 * card takes depends on its kind. */
static void ask_hpki(const struct rig *r)
{
	static const char *const sets[] = {"002241B60484" "02000C", "002241B60481" "02000C", "002241B60484" "020017",
	                                   "002241B60481" "020017"};
	char block[2 * 256 + 1] = "0001", one[600], chained[600];

	for (int i = 0; i < 253; i++)
		strcat(block, "FF");
	strcat(block, "00");
	snprintf(one, sizeof one, "002A9E9A000100%s0000", block);
	snprintf(chained, sizeof chained, "102A9E9AFF%.510s", block);
	for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
		send(r, sets[i]);
		send(r, one);
		send(r, chained);
		send(r, "002A9E9A010000");
	}
	send(r, "00A4020C02000C");
	send(r, "802A008003414243" "00");
}

static void ask_jpki(const struct rig *r)
{
	send(r, r->app == VCARD_AUTH ? "00A4020C020017" : "00A4020C02001A");
	send(r, "802A008003414243" "00");
	send(r, r->app == VCARD_AUTH ? "802A009703414243" "00" : "802A009A03414243" "00");
}

bool rig_is_locked(const struct rig *r)
{
	unsigned before = vcard_signatures(vreader_card(r->reader), r->app);

	if (send(r, "00A4040C0AD392F000260100000001") == 0x9000) {
		ask_jpki(r);
	} else {
		send(r, r->app == VCARD_AUTH ? "00A4040C10E828BD080FA000000391000000000002"
		                             : "00A4040C10E828BD080FA000000391000000000001");
		ask_hpki(r);
	}
	return vcard_signatures(vreader_card(r->reader), r->app) == before;
}

static uint16_t send_pin(const struct rig *r, const char *header, const char *pin)
{
	char apdu[64];

	snprintf(apdu, sizeof apdu, "%s%02zX", header, strlen(pin));
	for (size_t i = 0; pin[i]; i++)
		snprintf(apdu + strlen(apdu), 3, "%02X", (unsigned char)pin[i]);
	return send(r, apdu);
}

uint16_t rig_verify_raw(const struct rig *r, const char *pin)
{
	if (send(r, "00A4040C0AD392F000260100000001") == 0x9000) {
		send(r, r->app == VCARD_AUTH ? "00A4020C020018" : "00A4020C02001B");
		return send_pin(r, "00200080", pin);
	}
	send(r, r->app == VCARD_AUTH ? "00A4040C10E828BD080FA000000391000000000002"
	                             : "00A4040C10E828BD080FA000000391000000000001");
	return send_pin(r, "00200088", pin);
}

uint16_t rig_change_pin_raw(const struct rig *r, const char *old_pin, const char *new_pin)
{
	uint16_t sw = rig_verify_raw(r, old_pin);

	if (sw == 0x9000)
		sw = send_pin(r, "00240180", new_pin);
	send(r, "00A4040C07A0000001510000");
	return sw;
}

size_t rig_get(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, uint8_t *out)
{
	CK_ATTRIBUTE a = {type, out, 4096};

	ok(p11->C_GetAttributeValue(session, object, &a, 1));
	return a.ulValueLen;
}

/* JPKI's signature token too is told by the certificate that needs no PIN. */
void rig_serial(const struct vcard *card, enum vcard_kind kind, enum vcard_app app, char out[17])
{
	uint8_t hash[32];
	size_t len;
	const uint8_t *der = vcard_certificate(card, kind == VCARD_JPKI ? VCARD_AUTH : app, &len);

	ck_assert_int_eq(EVP_Digest(der, len, hash, NULL, EVP_sha256(), NULL), 1);
	for (size_t i = 0; i < 8; i++)
		snprintf(out + 2 * i, 3, "%02X", hash[i]);
}

bool rig_is_token(const CK_TOKEN_INFO *info, const struct vcard *card, enum vcard_kind kind, enum vcard_app app)
{
	char label[33], serial[17];

	rig_serial(card, kind, app, serial);
	snprintf(label, sizeof label, "%-32s", kind == VCARD_JPKI ? app == VCARD_AUTH ? "JPKI Authentication" : "JPKI Signature"
	                                                          : app == VCARD_AUTH ? "HPKI Authentication" : "HPKI Signature");
	return memcmp(info->label, label, 32) == 0 && memcmp(info->serialNumber, serial, 16) == 0;
}

bool rig_lists(CK_SLOT_ID slot, CK_MECHANISM_TYPE type)
{
	CK_MECHANISM_TYPE list[64];
	CK_ULONG n = 64;

	ok(p11->C_GetMechanismList(slot, list, &n));
	for (CK_ULONG i = 0; i < n; i++)
		if (list[i] == type)
			return true;
	return false;
}

static void call_once(struct rig_line *l)
{
	if (!l->call || l->called)
		return;
	l->called = true;
	l->call(l->arg);
}

static enum vcard_outcome on_line(void *arg, const char *reader, const uint8_t *apdu, size_t n)
{
	struct rig_line *l = arg;
	enum vcard_outcome outcome = VCARD_ARRIVES;
	bool verify, change;

	if (l->reader && strcmp(reader, l->reader) != 0)
		return outcome;
	if (!apdu && n == 0 && ++l->connections == l->nth && l->when == RIG_AT_CONNECTION)
		call_once(l);
	if (!apdu && n == 1 && ++l->ended == l->nth && l->when == RIG_AFTER_CONNECTION)
		call_once(l);
	if (!apdu)
		return outcome;
	l->commands++;
	if (l->when == RIG_AT_COMMAND && l->commands == l->nth)
		call_once(l);
	if (l->commands >= l->nth && l->commands - l->nth < l->broken)
		outcome = l->outcome;
	verify = apdu[1] == 0x20 && n > 5;
	change = apdu[1] == 0x24;
	l->verifies += verify;
	l->changes += change;
	l->selects += apdu[1] == 0xA4;
	l->verify_broken |= verify && outcome != VCARD_ARRIVES;
	l->change_broken |= change && outcome != VCARD_ARRIVES;
	l->changes_done += change && outcome != VCARD_LOST;
	return outcome;
}

void rig_line(struct rig_line *line)
{
	vcard_readers_fate(line ? on_line : NULL, line);
}

/* AddressSanitizer of gcc 13 and later keeps the stack frames of functions that have returned:
 * copies of PINs that are in no program without it. */
__attribute__((visibility("default"))) const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_stack_use_after_return=0";
}

static unsigned count_masked(const uint8_t *p, size_t n, const uint8_t *masked, size_t len)
{
	unsigned count = 0;

	for (size_t i = 0; i + len <= n; i++) {
		size_t j = 0;

		while (j < len && (p[i + j] ^ RIG_MASK) == masked[j])
			j++;
		count += j == len;
	}
	return count;
}

/* By /proc/self/mem: it can read what a sanitizer would complain of, and a page that
 * nobody may read. The pages that it is read into are left out. */
unsigned rig_copies(const uint8_t *masked, size_t n)
{
	enum { ROOM = 1 << 20 };
	uint8_t *window = mmap(NULL, ROOM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	FILE *maps = fopen("/proc/self/maps", "r");
	int mem = open("/proc/self/mem", O_RDONLY);
	unsigned count = 0;
	char line[512];

	ck_assert(window != MAP_FAILED && maps && mem >= 0);
	while (fgets(line, sizeof line, maps)) {
		unsigned long from, to;
		char write;

		if (sscanf(line, "%lx-%lx %*c%c", &from, &to, &write) != 3 || write != 'w' || to - from > 1UL << 30)
			continue;
		for (unsigned long at = from, next; at < to; at = next) {
			unsigned long len = to - at < ROOM ? to - at : ROOM, own = (unsigned long)window;
			ssize_t got;

			next = at + len == to ? to : at + len - n + 1; /* a copy may lie across the end */
			if (at < own && at + len > own) {
				len = own - at;
				next = own;
			}
			if (at >= own && at < own + ROOM) {
				next = own + ROOM;
				continue;
			}
			got = pread(mem, window, len, (off_t)at);
			if (got > 0)
				count += count_masked(window, (size_t)got, masked, n);
		}
	}
	close(mem);
	fclose(maps);
	munmap(window, ROOM);
	return count;
}

unsigned rig_sample(void)
{
	const char *n = getenv("INKAN_TEST_SAMPLE");
	int step = n ? atoi(n) : 1;

	return step > 0 ? (unsigned)step : 1;
}

int rig_run(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
