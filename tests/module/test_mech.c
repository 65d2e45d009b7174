/* SPDX-License-Identifier: BSD-2-Clause */
/* Mechanisms without a card: what sign_begin takes of a profile and a key, and what
 * comes out for card_sign. That the blocks are right is test_scheme's. */
#include <string.h>
#include <openssl/evp.h>
#include "tests/check_case.h"
#include "pkcs11/mech.h"
#include "tests/module/rig.h"

static const struct sign_method block_methods[] = {{.scheme = SCHEME_PKCS1, .input = INPUT_BLOCK},
                                             {.scheme = SCHEME_PSS, .input = INPUT_BLOCK}};
static const struct sign_method card_methods[] = {{.scheme = SCHEME_PKCS1, .input = INPUT_DIGEST_INFO},
                                            {.scheme = SCHEME_PSS, .input = INPUT_HASH,
                                             .input_len = 32, .salt_len = 32}};
static const struct profile blocks = {.methods = block_methods, .n_methods = 2}; /* padded here */
static const struct profile hashes = {.methods = card_methods, .n_methods = 2};  /* by the card */
static const struct key rsa = {.kind = KEY_RSA, .bits = 2048};

static struct crypto *crypto;
static struct sign sign;

static void start(void)
{
	ck_assert_int_eq(crypto_new(&crypto), E_OK);
}

static void stop(void)
{
	sign_clear(&sign);
	crypto_free(&crypto);
}

static CK_RV begin(const struct profile *profile, CK_MECHANISM_TYPE type, void *params, CK_ULONG len)
{
	sign_clear(&sign);
	return sign_begin(&sign, crypto, profile, true, &(CK_MECHANISM){type, params, len}, &rsa);
}

static CK_RV begin_pss(const struct profile *profile, CK_MECHANISM_TYPE type, CK_MECHANISM_TYPE hash,
                       CK_RSA_PKCS_MGF_TYPE mgf, CK_ULONG salt)
{
	CK_RSA_PKCS_PSS_PARAMS params = {hash, mgf, salt};

	return begin(profile, type, &params, sizeof params);
}

START_TEST(parameters)
{
	CK_RSA_PKCS_PSS_PARAMS params[2] = {{CKM_SHA256, CKG_MGF1_SHA256, 32}};

	ok(begin(&blocks, CKM_RSA_PKCS, NULL, 0));
	is(begin(&blocks, CKM_RSA_PKCS, params, sizeof *params), CKR_MECHANISM_PARAM_INVALID);
	is(begin(&blocks, CKM_SHA256_RSA_PKCS, params, 1), CKR_MECHANISM_PARAM_INVALID);
	is(begin(&blocks, CKM_RSA_X_509, NULL, 0), CKR_MECHANISM_INVALID);
	is(begin(&blocks, CKM_SHA256, NULL, 0), CKR_MECHANISM_INVALID);

	ok(begin(&blocks, CKM_RSA_PKCS_PSS, params, sizeof *params));
	is(begin(&blocks, CKM_RSA_PKCS_PSS, params, sizeof *params - 1), CKR_MECHANISM_PARAM_INVALID);
	is(begin(&blocks, CKM_RSA_PKCS_PSS, params, sizeof *params + 1), CKR_MECHANISM_PARAM_INVALID);
	is(begin(&blocks, CKM_RSA_PKCS_PSS, NULL, sizeof *params), CKR_MECHANISM_PARAM_INVALID);
	is(begin(&blocks, CKM_RSA_PKCS_PSS, NULL, 0), CKR_MECHANISM_PARAM_INVALID);
	is(sign_begin(&sign, crypto, &blocks, false, &(CK_MECHANISM){CKM_RSA_PKCS_PSS, params, sizeof *params}, &rsa),
	   CKR_MECHANISM_INVALID);
}
END_TEST

START_TEST(pss_parameters)
{
	const CK_ULONG room = 256 - 32 - 2;

	ok(begin_pss(&blocks, CKM_SHA256_RSA_PKCS_PSS, CKM_SHA256, CKG_MGF1_SHA256, 0));
	ok(begin_pss(&blocks, CKM_SHA256_RSA_PKCS_PSS, CKM_SHA256, CKG_MGF1_SHA1, room));
	ok(begin_pss(&blocks, CKM_RSA_PKCS_PSS, CKM_SHA512, CKG_MGF1_SHA512, 64));
	is(begin_pss(&blocks, CKM_SHA256_RSA_PKCS_PSS, CKM_SHA256, CKG_MGF1_SHA256, room + 1),
	   CKR_MECHANISM_PARAM_INVALID);
	is(begin_pss(&blocks, CKM_SHA256_RSA_PKCS_PSS, CKM_SHA384, CKG_MGF1_SHA384, 32), CKR_MECHANISM_PARAM_INVALID);
	is(begin_pss(&blocks, CKM_RSA_PKCS_PSS, CKM_MD5, CKG_MGF1_SHA256, 32), CKR_MECHANISM_PARAM_INVALID);
	is(begin_pss(&blocks, CKM_RSA_PKCS_PSS, CKM_SHA256, 0, 32), CKR_MECHANISM_PARAM_INVALID);
	if (sizeof (CK_ULONG) > 4) /* not the 32 that is left of it in an int */
		is(begin_pss(&blocks, CKM_RSA_PKCS_PSS, CKM_SHA256, CKG_MGF1_SHA256, ((CK_ULONG)1 << 31 << 1) + 32),
		   CKR_MECHANISM_PARAM_INVALID);

	/* a card that pads has parameters of its own */
	ok(begin_pss(&hashes, CKM_SHA256_RSA_PKCS_PSS, CKM_SHA256, CKG_MGF1_SHA256, 32));
	is(begin_pss(&hashes, CKM_RSA_PKCS_PSS, CKM_SHA256, CKG_MGF1_SHA256, 20), CKR_MECHANISM_PARAM_INVALID);
	is(begin_pss(&hashes, CKM_RSA_PKCS_PSS, CKM_SHA256, CKG_MGF1_SHA1, 32), CKR_MECHANISM_PARAM_INVALID);
	is(begin_pss(&hashes, CKM_RSA_PKCS_PSS, CKM_SHA384, CKG_MGF1_SHA384, 32), CKR_MECHANISM_PARAM_INVALID);
	is(begin_pss(&hashes, CKM_SHA384_RSA_PKCS_PSS, CKM_SHA384, CKG_MGF1_SHA384, 32), CKR_MECHANISM_INVALID);
}
END_TEST

START_TEST(keys)
{
	const struct {
		struct key key;
		CK_RV rv;
	} all[] = {
		{{.kind = KEY_OTHER, .bits = 384}, CKR_KEY_TYPE_INCONSISTENT},
		{{.kind = KEY_RSA, .bits = 1024}, CKR_OK},
		{{.kind = KEY_RSA, .bits = 1023}, CKR_KEY_SIZE_RANGE},
		{{.kind = KEY_RSA, .bits = 512}, CKR_KEY_SIZE_RANGE},
		{{.kind = KEY_RSA, .bits = 8192}, CKR_KEY_SIZE_RANGE},
	};
	static uint8_t modulus[] = {0xC1, 2}, exponent[] = {1, 0, 1};
	const struct key key = {KEY_RSA, 2048, NULL, {{modulus, 2}, {exponent, 3}}};
	struct attrs a = {0};
	CK_ULONG bits = 2048;
	const CK_ATTRIBUTE wanted[] = {{CKA_MODULUS, modulus, 2}, {CKA_PUBLIC_EXPONENT, exponent, 3},
	                               {CKA_MODULUS_BITS, &bits, sizeof bits}};

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		is(sign_begin(&sign, crypto, &blocks, true, &(CK_MECHANISM){CKM_RSA_PKCS, NULL, 0}, &all[i].key),
		   all[i].rv);

	ck_assert_uint_eq(mech_key_type(&blocks), CKK_RSA);
	mech_add_key(&a, &key, false);
	ck_assert_ptr_null(attrs_find(&a, CKA_MODULUS_BITS));
	attrs_free(&a);
	mech_add_key(&a, &key, true);
	for (size_t i = 0; i < 3; i++)
		ck_assert(attr_matches(attrs_find(&a, wanted[i].type), &wanted[i]));
	attrs_free(&a);
}
END_TEST

/* In parts, none of which is too long alone. */
START_TEST(input)
{
	static const uint8_t data[SIGNATURE_MAX];
	struct encoded p;

	ok(begin(&blocks, CKM_RSA_PKCS, NULL, 0));
	is(sign_end(&sign, crypto, &p), CKR_DATA_LEN_RANGE);
	ok(sign_add(&sign, data, 200));
	is(sign_add(&sign, data, 46), CKR_DATA_LEN_RANGE);
	ok(sign_add(&sign, data, 45));
	is(sign_add(&sign, data, 1), CKR_DATA_LEN_RANGE);
	ok(sign_add(&sign, NULL, 0));
	ok(sign_end(&sign, crypto, &p));
	ck_assert(p.block.len == 256 && p.message.len == 245 && p.hash.len == 0);

	ok(begin_pss(&blocks, CKM_RSA_PKCS_PSS, CKM_SHA256, CKG_MGF1_SHA256, 20));
	ok(sign_add(&sign, data, 31));
	is(sign_end(&sign, crypto, &p), CKR_DATA_LEN_RANGE);
	is(sign_add(&sign, data, 2), CKR_DATA_LEN_RANGE);
	ok(sign_add(&sign, data, 1));
	ok(sign_end(&sign, crypto, &p));
	ck_assert(sign.params.scheme == SCHEME_PSS && sign.params.salt_len == 20 && p.block.len == 256 && p.message.len == 0);
	ck_assert_uint_eq(p.hash.len, 32);
	ck_assert_mem_eq(p.hash.data, data, 32);
}
END_TEST

/* Hashed here; MGF1's hash is told, by which a card that pads itself is passed over. */
START_TEST(hashing)
{
	uint8_t hash[32];
	struct encoded p;

	EVP_Digest("abc", 3, hash, NULL, EVP_sha256(), NULL);
	for (int same = 0; same < 2; same++) {
		ok(begin_pss(&blocks, CKM_SHA256_RSA_PKCS_PSS, CKM_SHA256, same ? CKG_MGF1_SHA256 : CKG_MGF1_SHA1, 32));
		ok(sign_add(&sign, "ab", 2));
		ok(sign_add(&sign, "c", 1));
		ok(sign_end(&sign, crypto, &p));
		ck_assert_mem_eq(p.hash.data, hash, 32);
		ck_assert(sign.params.hash == HASH_SHA256 && (sign.params.mgf1 == HASH_SHA256) == same);
	}
	ok(begin(&hashes, CKM_SHA256_RSA_PKCS, NULL, 0));
	ok(sign_add(&sign, "abc", 3));
	ok(sign_end(&sign, crypto, &p));
	ck_assert_uint_eq(p.message.len, 51);
	ck_assert_mem_eq(p.message.data + 19, hash, 32);
}
END_TEST

START_TEST(clear)
{
	static const struct sign nothing;

	ok(begin(&blocks, CKM_RSA_PKCS, NULL, 0));
	ok(sign_add(&sign, "a secret letter", 15));
	sign_clear(&sign);
	ck_assert_mem_eq(&sign, &nothing, sizeof sign);
	ok(begin(&blocks, CKM_SHA256_RSA_PKCS, NULL, 0));
	sign_clear(&sign);
	ck_assert_mem_eq(&sign, &nothing, sizeof sign);
}
END_TEST

int main(void)
{
	const struct cases cases = {.suite = suite_create("mech"), .setup = start, .teardown = stop};

	add_case(&cases, parameters);
	add_case(&cases, pss_parameters);
	add_case(&cases, keys);
	add_case(&cases, input);
	add_case(&cases, hashing);
	add_case(&cases, clear);
	return rig_run(cases.suite);
}
