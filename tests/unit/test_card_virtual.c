/* SPDX-License-Identifier: BSD-2-Clause */
/* Every kind of virtual card: opened, logged in to, signed with, left locked;
 * and every command of that going wrong in turn. */
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include "tests/check_case.h"
#include "card_script.h"
#include "tests/vcard_reader.h"

#define READER "Virtual reader"

static struct vcard_spec spec;
static struct vreader *reader;
static struct vcard *inserted; /* valid after it was pulled, too */
static void *self;
static struct card_system sys;

static void annex_b(void) { spec.layout = VCARD_ANNEX_B; }
static void older(void) { spec.dialect = VCARD_OLD; }
static void older_annex_b(void) { spec.layout = VCARD_ANNEX_B, spec.dialect = VCARD_OLD; }
static void no_directory(void) { spec.directory = VCARD_DIR_MISSING; }
static void broken_directory(void) { spec.directory = VCARD_DIR_BROKEN; }
static void tag_84(void) { spec.mse_tag = 0x84; }
static void tag_81(void) { spec.mse_tag = 0x81; }
static void no_extended(void) { spec.no_extended = true; }
static void no_chaining(void) { spec.no_chaining = true; }
static void get_response(void) { spec.get_response = true; }
static void exact_le(void) { spec.exact_le = true; }
static void no_sfi(void) { spec.no_sfi = true; }
static void phone(void) { spec.phone = true; }
static void first_6f00(void) { spec.first_6f00 = true; }
static void plain(void) { }

static void moved(void)
{
	spec.fid_pin_dir = 0x1101;
	spec.fid_key_dir = 0x1102;
	spec.fid_cert_dir = 0x1103;
	spec.fid_key = 0x1104;
	spec.fid_cert = 0x1105;
	spec.pin_reference = 0x91;
}

static void all_at_once(void)
{
	spec.no_extended = spec.get_response = spec.exact_le = spec.first_6f00 = true;
}

static const struct {
	enum vcard_kind kind;
	void (*set)(void);
	bool pss;
} kinds[] = {
	{VCARD_HPKI, plain, true},        {VCARD_HPKI, annex_b, true},          {VCARD_HPKI, older, false},
	{VCARD_HPKI, older_annex_b, false}, {VCARD_HPKI, no_directory, true},   {VCARD_HPKI, broken_directory, true},
	{VCARD_HPKI, tag_84, true},       {VCARD_HPKI, tag_81, true},           {VCARD_HPKI, no_extended, true},
	{VCARD_HPKI, no_chaining, true},  {VCARD_HPKI, get_response, true},     {VCARD_HPKI, exact_le, true},
	{VCARD_HPKI, no_sfi, true},       {VCARD_HPKI, moved, true},            {VCARD_HPKI, all_at_once, true},
	{VCARD_JPKI, plain, true},        {VCARD_JPKI, no_extended, true},      {VCARD_JPKI, no_chaining, true},
	{VCARD_JPKI, get_response, true}, {VCARD_JPKI, exact_le, true},         {VCARD_JPKI, no_sfi, true},
	{VCARD_JPKI, phone, true},        {VCARD_JPKI, first_6f00, true},       {VCARD_JPKI, all_at_once, true},
};

#define KINDS ((int)(sizeof kinds / sizeof *kinds))

static void insert(enum vcard_kind kind, void (*set)(void))
{
	const char *pki = getenv("INKAN_TEST_PKI");
	char why[200] = "";
	vcard_spec_init(&spec, kind);
	spec.pki = pki ? pki : "tests/pki";
	set();
	inserted = vcard_new(&spec, why, sizeof why);
	ck_assert_msg(inserted != NULL, "%s", why);
	vreader_insert(reader, inserted);
}

static void setup(void)
{
	struct crypto *crypto;

	reader = vreader_new(READER);
	vcard_readers_add(reader);
	ck_assert_int_eq(crypto_new(&crypto), E_OK);
	ck_assert_int_eq(vcard_reader_ops.open(&self, true), E_OK);
	sys = (struct card_system){&vcard_reader_ops, self, crypto, NULL, NULL};
}

static void teardown(void)
{
	card_free(&card);
	vcard_reader_ops.close(self);
	vcard_readers_remove(reader);
	vreader_free(reader);
}

static struct bytes pin_of(enum vcard_app app)
{
	return (struct bytes){(const uint8_t *)spec.pin[app], strlen(spec.pin[app])};
}

static enum error open_app(enum vcard_app app)
{
	card_free(&card);
	return card_open(&sys, READER, app == VCARD_SIGN ? profiles_sign : profiles_auth, &card);
}

static enum error log_in_to(enum vcard_app app)
{
	return card_login(card, pin_of(app), false);
}

/* DigestInfo of SHA-256 (RFC 8017, 9.2) with that hash. */
static const uint8_t digest_info[51] = {0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
                                        0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20, 0xA1};
static const uint8_t *const hash = digest_info + 19;

static EVP_PKEY *key_of(enum vcard_app app)
{
	size_t len;
	const uint8_t *der = vcard_certificate(inserted, app, &len);
	X509 *x509 = d2i_X509(NULL, &der, (long)len);
	EVP_PKEY *key = X509_get_pubkey(x509);

	ck_assert_ptr_nonnull(key);
	X509_free(x509);
	return key;
}

/* EMSA-PSS needs an encoder; libcrypto's serves. */
static void make_block(enum vcard_app app, enum scheme scheme, uint8_t block[256])
{
	EVP_PKEY *key = key_of(app);
	RSA *rsa = NULL;

	if (scheme == SCHEME_PKCS1) {
		memset(block, 0xFF, 256);
		block[0] = 0;
		block[1] = 1;
		block[256 - 52] = 0;
		memcpy(block + 256 - 51, digest_info, 51);
	} else {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
		rsa = EVP_PKEY_get1_RSA(key);
		ck_assert_int_eq(RSA_padding_add_PKCS1_PSS(rsa, block, hash, EVP_sha256(), 32), 1);
		RSA_free(rsa);
#pragma GCC diagnostic pop
	}
	EVP_PKEY_free(key);
}

static void check_signature(enum vcard_app app, enum scheme scheme)
{
	EVP_PKEY *key = key_of(app);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);

	ck_assert_int_eq(EVP_PKEY_verify_init(ctx), 1);
	ck_assert_int_eq(EVP_PKEY_CTX_set_rsa_padding(ctx, scheme == SCHEME_PSS ? RSA_PKCS1_PSS_PADDING :
	                                                                          RSA_PKCS1_PADDING), 1);
	ck_assert_int_eq(EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()), 1);
	ck_assert_int_eq(EVP_PKEY_verify(ctx, signature, signature_len, hash, 32), 1);
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(key);
}

static enum error sign_with(enum vcard_app app, enum scheme scheme)
{
	uint8_t block[256];
	struct scheme_params params = {.scheme = scheme, .salt_len = 32, .signature_len = 256};
	struct encoded in = {.block = {block, 256}, .hash = {hash, 32}};
	enum error e;

	if (scheme == SCHEME_PKCS1)
		in.message = (struct bytes){digest_info, sizeof digest_info};
	make_block(app, scheme, block);
	signature_len = sizeof signature;
	e = card_sign(card, pin_of(app), &params, &in, signature, &signature_len);
	if (e == E_OK)
		check_signature(app, scheme);
	return e;
}

static void check_certificate(enum vcard_app app)
{
	size_t len;
	const uint8_t *der = vcard_certificate(inserted, app, &len);

	ck_assert_ptr_nonnull(card->certs[0].der);
	ck_assert_uint_eq(card->certs[0].der_len, len);
	ck_assert_mem_eq(card->certs[0].der, der, len);
}

/* Sends straight to the card, as another program on the machine could. */
static uint16_t send(struct reader_link *link, const char *bytes, size_t n)
{
	uint8_t response[300];
	size_t len = sizeof response;

	ck_assert_int_eq(vcard_reader_ops.transmit(link, (const uint8_t *)bytes, n, response, &len), E_OK);
	return (uint16_t)(response[len - 2] << 8 | response[len - 1]);
}

static void check_locked(enum vcard_app app)
{
	static const char hpki[] = "\x00\xA4\x04\x00\x10\xE8\x28\xBD\x08\x0F\xA0\0\0\x03\x91\0\0\0\0\0";
	static const char jpki[] = "\x00\xA4\x04\x0C\x0A\xD3\x92\xF0\x00\x26\x01\0\0\0\x01";
	static const char sign_auth[] = "\x80\x2A\x00\x97\x01\xAA\x00", sign_sign[] = "\x80\x2A\x00\x9A\x01\xAA\x00";
	char select[21];
	struct reader_link link;

	ck_assert_int_eq(vcard_reader_ops.begin(self, READER, 10000, &link), E_OK);
	if (spec.kind == VCARD_JPKI) {
		ck_assert_uint_eq(send(&link, jpki, 15), 0x9000);
		if (!spec.no_sfi)
			ck_assert_uint_eq(send(&link, app == VCARD_SIGN ? sign_sign : sign_auth, 7), 0x6982);
	} else {
		memcpy(select, hpki, 20);
		select[20] = app == VCARD_SIGN ? 1 : 2;
		ck_assert_uint_eq(send(&link, select, 21), 0x9000);
		if (!spec.pin_reference && spec.layout == VCARD_JMA) /* told only while a VERIFY is missing */
			ck_assert_uint_eq(send(&link, "\x00\x20\x00\x88", 4), 0x63CF);
	}
	vcard_reader_ops.end(&link, false);
}

static void use(enum vcard_app app, bool pss)
{
	ck_assert_int_eq(open_app(app), E_OK);
	ck_assert_int_eq(log_in_to(app), E_OK);
	check_certificate(app);
	check_locked(app);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(sign_with(app, SCHEME_PKCS1), E_OK);
		ck_assert_int_eq(sign_with(app, SCHEME_PSS), pss ? E_OK : E_UNSUPPORTED);
		check_locked(app);
	}
	ck_assert_uint_eq(vcard_tries(inserted, app), spec.tries[app]);
}

START_TEST(every_kind)
{
	insert(kinds[_i].kind, kinds[_i].set);
	use(VCARD_AUTH, kinds[_i].pss);
	use(VCARD_SIGN, kinds[_i].pss);
}
END_TEST

static void one_application(void)
{
	spec.no_app[VCARD_SIGN] = true;
}

/* Nothing to select instead: the card is powered off. */
START_TEST(a_card_with_one_application)
{
	insert(VCARD_HPKI, one_application);
	ck_assert_int_eq(open_app(VCARD_SIGN), E_FOREIGN);
	use(VCARD_AUTH, true);
}
END_TEST

static void no_pss(void)
{
	spec.no_pss = true;
}

START_TEST(pss_refused)
{
	insert(_i ? VCARD_JPKI : VCARD_HPKI, no_pss);
	use(VCARD_AUTH, false);
	use(VCARD_SIGN, false);
}
END_TEST

static void small_pipe(void)
{
	spec.no_chaining = spec.no_extended = true;
}

START_TEST(no_way_to_send_a_block)
{
	insert(VCARD_HPKI, small_pipe);
	ck_assert_int_eq(open_app(VCARD_SIGN), E_OK);
	ck_assert_int_eq(log_in_to(VCARD_SIGN), E_OK);
	ck_assert_int_eq(sign_with(VCARD_SIGN, SCHEME_PKCS1), E_UNSUPPORTED);
	check_locked(VCARD_SIGN);
	ck_assert_uint_eq(vcard_tries(inserted, VCARD_SIGN), spec.tries[VCARD_SIGN]);
}
END_TEST

START_TEST(a_foreign_card)
{
	insert(VCARD_FOREIGN, plain);
	ck_assert_int_eq(open_app(VCARD_AUTH), E_FOREIGN);
	ck_assert_uint_le(vreader_apdus(reader), 3);
}
END_TEST

START_TEST(a_swapped_card)
{
	unsigned verifies = 0;

	insert(VCARD_JPKI, plain);
	ck_assert_int_eq(open_app(VCARD_AUTH), E_OK);
	insert(VCARD_JPKI, plain);
	ck_assert_int_eq(log_in_to(VCARD_AUTH), E_CHANGED);
	ck_assert_int_eq(sign_with(VCARD_AUTH, SCHEME_PKCS1), E_CHANGED);
	verifies = vcard_verifies(inserted, VCARD_AUTH);
	ck_assert_uint_eq(verifies, 0);
	vcard_free(vreader_remove(reader));
	ck_assert_int_eq(log_in_to(VCARD_AUTH), E_NO_CARD);
}
END_TEST

/* All that a card is for, with whatever errors come; the first of them. */
static enum error run(enum vcard_app app)
{
	enum error e = open_app(app), first = e;

	if (e == E_OK) {
		e = log_in_to(app);
		first = first == E_OK ? e : first;
		e = sign_with(app, SCHEME_PKCS1);
		first = first == E_OK ? e : first;
	}
	return first;
}

static const struct {
	enum vfault fault;
	uint16_t status;
} faults[] = {
	{VFAULT_STATUS, 0x6F00}, {VFAULT_STATUS, 0x6982}, {VFAULT_STATUS, 0x6A82}, {VFAULT_STATUS, 0x6700},
	{VFAULT_STATUS, 0x6985}, {VFAULT_STATUS, 0x6CFF}, {VFAULT_STATUS, 0x61FF}, {VFAULT_STATUS, 0x9000},
	{VFAULT_CUT, 0},         {VFAULT_NOISE, 0},       {VFAULT_PULL, 0},        {VFAULT_PULL_BEFORE, 0},
	{VFAULT_RESET, 0},
};

#define FAULTS ((int)(sizeof faults / sizeof *faults))

static void put_back(void)
{
	struct vcard *pulled = vreader_card(reader) ? NULL : vreader_remove(reader);

	vreader_fault(reader, 0, VFAULT_NONE, 0);
	if (pulled)
		vreader_insert(reader, pulled);
}

/* What an error is that must not come of a fault. */
static bool fitting(enum error e)
{
	return e != E_MEMORY && e != E_INTERNAL && e != E_ARGUMENT && e != E_PIN_WRONG && e != E_PIN_LOCKED;
}

static void each_command(enum vcard_kind kind, void (*set)(void), enum vcard_app app, int fault)
{
	unsigned commands, verifies;
	enum error e;

	insert(kind, set);
	ck_assert_int_eq(run(app), E_OK);
	commands = vreader_apdus(reader);
	for (unsigned n = 1; n <= commands; n++) {
		verifies = vcard_verifies(inserted, app);
		vreader_fault(reader, n, faults[fault].fault, faults[fault].status);
		e = run(app);
		ck_assert_msg(fitting(e), "command %u of %u: error %d", n, commands, e);
		ck_assert_uint_le(vcard_verifies(inserted, app) - verifies, 3); /* one by login, one and a repeat by sign */
		ck_assert_uint_eq(vcard_tries(inserted, app), spec.tries[app]);
		put_back();
		if (kind == VCARD_HPKI || faults[fault].status != 0x9000) /* JPKI's SELECT tells no more than 9000 */
			check_locked(app);
		ck_assert_int_eq(run(app), E_OK);
	}
}

START_TEST(every_command_goes_wrong)
{
	static const struct {
		enum vcard_kind kind;
		void (*set)(void);
	} cards[] = {{VCARD_HPKI, plain}, {VCARD_HPKI, all_at_once}, {VCARD_HPKI, older}, {VCARD_JPKI, plain}};
	int which = _i / FAULTS;

	each_command(cards[which].kind, cards[which].set, which % 2 ? VCARD_AUTH : VCARD_SIGN, _i % FAULTS);
}
END_TEST

int main(void)
{
	const struct cases cases = {.suite = suite_create("card: every virtual card"), .setup = setup, .teardown = teardown,
	                            .seconds = 300};

	add_loop_case(&cases, every_kind, KINDS);
	add_case(&cases, a_card_with_one_application);
	add_loop_case(&cases, pss_refused, 2);
	add_case(&cases, no_way_to_send_a_block);
	add_case(&cases, a_foreign_card);
	add_case(&cases, a_swapped_card);
	add_loop_case(&cases, every_command_goes_wrong, 4 * FAULTS);
	return run_suite(cases.suite);
}
