/* SPDX-License-Identifier: BSD-2-Clause */
/* The hashes of a token, against those of libcrypto's default context. */
#include <string.h>
#include <openssl/evp.h>
#include "tests/check_case.h"
#include "tests/module/rig.h"

static const struct {
	CK_MECHANISM_TYPE type;
	const char *name;
} hashes[] = {
	{CKM_SHA_1, "SHA1"},     {CKM_SHA224, "SHA224"}, {CKM_SHA256, "SHA256"},
	{CKM_SHA384, "SHA384"}, {CKM_SHA512, "SHA512"},
};

#define N_HASHES (sizeof hashes / sizeof *hashes)

static uint8_t text[] = "a letter of some length, in one part or in two";

static void start(struct rig *r)
{
	struct vcard_spec spec;

	rig_spec(&spec, VCARD_HPKI);
	rig_start(r, &spec, VCARD_AUTH);
}

static CK_RV init(struct rig *r, CK_MECHANISM_TYPE type)
{
	return p11->C_DigestInit(r->session, &(CK_MECHANISM){type, NULL, 0});
}

/* Without a login, and without a command to the card. */
START_TEST(test_hashes)
{
	uint8_t expected[EVP_MAX_MD_SIZE], got[EVP_MAX_MD_SIZE];
	CK_MECHANISM_INFO info;
	unsigned expected_len;
	CK_ULONG len = 0;
	struct rig r;

	start(&r);
	EVP_Digest(text, sizeof text, expected, &expected_len, EVP_get_digestbyname(hashes[_i].name), NULL);
	ok(p11->C_GetMechanismInfo(r.slot, hashes[_i].type, &info));
	ck_assert_uint_eq(info.flags, CKF_DIGEST);

	ok(init(&r, hashes[_i].type));
	ok(p11->C_Digest(r.session, text, sizeof text, NULL, &len));
	ck_assert_uint_eq(len, expected_len);
	len--;
	is(p11->C_Digest(r.session, text, sizeof text, got, &len), CKR_BUFFER_TOO_SMALL);
	ok(p11->C_Digest(r.session, text, sizeof text, got, &len));
	ck_assert_mem_eq(got, expected, expected_len);

	ok(init(&r, hashes[_i].type));
	ok(p11->C_DigestUpdate(r.session, text, 7));
	ok(p11->C_DigestUpdate(r.session, text + 7, sizeof text - 7));
	len = 0;
	is(p11->C_DigestFinal(r.session, got, &len), CKR_BUFFER_TOO_SMALL);
	ok(p11->C_DigestFinal(r.session, NULL, &len));
	memset(got, 0, sizeof got);
	ok(p11->C_DigestFinal(r.session, got, &len));
	ck_assert_uint_eq(len, expected_len);
	ck_assert_mem_eq(got, expected, expected_len);
	rig_stop(&r);
}
END_TEST

START_TEST(test_order)
{
	uint8_t hash[EVP_MAX_MD_SIZE];
	CK_ULONG len = sizeof hash;
	struct rig r;

	start(&r);
	is(init(&r, CKM_RSA_PKCS), CKR_MECHANISM_INVALID);
	is(p11->C_DigestInit(r.session, &(CK_MECHANISM){CKM_SHA256, hash, 1}), CKR_MECHANISM_PARAM_INVALID);
	is(p11->C_Digest(r.session, text, 1, hash, &len), CKR_OPERATION_NOT_INITIALIZED);
	is(p11->C_DigestUpdate(r.session, text, 1), CKR_OPERATION_NOT_INITIALIZED);
	is(p11->C_DigestFinal(r.session, hash, &len), CKR_OPERATION_NOT_INITIALIZED);

	ok(init(&r, CKM_SHA256));
	is(init(&r, CKM_SHA256), CKR_OPERATION_ACTIVE);
	is(p11->C_FindObjectsInit(r.session, NULL, 0), CKR_OPERATION_ACTIVE);
	is(p11->C_Digest(r.session, NULL, 1, hash, &len), CKR_ARGUMENTS_BAD);
	is(p11->C_DigestFinal(r.session, hash, &len), CKR_OPERATION_NOT_INITIALIZED);

	ok(init(&r, CKM_SHA256));
	ok(p11->C_DigestInit(r.session, NULL));
	is(p11->C_DigestInit(r.session, NULL), CKR_ARGUMENTS_BAD);
	ok(init(&r, CKM_SHA256)); /* left to C_Finalize */
	rig_stop(&r);
}
END_TEST

/* C_Digest and C_DigestFinal end what they cannot do; DigestInit and the functions of
 * other operations end nothing. */
START_TEST(test_ends)
{
	uint8_t hash[EVP_MAX_MD_SIZE], expected[32];
	CK_ULONG len = sizeof hash;
	struct rig r;

	start(&r);
	ok(init(&r, CKM_SHA256));
	ok(p11->C_DigestUpdate(r.session, text, 7));
	is(p11->C_Digest(r.session, text, 1, hash, &len), CKR_OPERATION_ACTIVE);
	is(p11->C_DigestUpdate(r.session, text, 1), CKR_OPERATION_NOT_INITIALIZED);

	ok(init(&r, CKM_SHA256));
	ok(p11->C_DigestUpdate(r.session, text, 7));
	is(p11->C_Digest(r.session, text, 1, NULL, &len), CKR_OPERATION_ACTIVE);
	is(p11->C_DigestFinal(r.session, hash, &len), CKR_OPERATION_NOT_INITIALIZED);

	ok(init(&r, CKM_SHA256));
	is(p11->C_Digest(r.session, text, 1, hash, NULL), CKR_ARGUMENTS_BAD);
	is(p11->C_Digest(r.session, text, 1, hash, &len), CKR_OPERATION_NOT_INITIALIZED);
	ok(init(&r, CKM_SHA256));
	is(p11->C_DigestFinal(r.session, hash, NULL), CKR_ARGUMENTS_BAD);
	is(p11->C_DigestFinal(r.session, hash, &len), CKR_OPERATION_NOT_INITIALIZED);
	ok(init(&r, CKM_SHA256));
	is(p11->C_DigestUpdate(r.session, NULL, 1), CKR_ARGUMENTS_BAD);
	is(p11->C_DigestFinal(r.session, hash, &len), CKR_OPERATION_NOT_INITIALIZED);

	/* not the hash of nothing, where data was shown and its hash not yet made */
	ok(init(&r, CKM_SHA256));
	ok(p11->C_Digest(r.session, text, sizeof text, NULL, &len));
	is(p11->C_DigestFinal(r.session, hash, &len), CKR_OPERATION_ACTIVE);
	is(p11->C_DigestFinal(r.session, hash, &len), CKR_OPERATION_NOT_INITIALIZED);
	ok(init(&r, CKM_SHA256));
	len = 31;
	is(p11->C_Digest(r.session, text, sizeof text, hash, &len), CKR_BUFFER_TOO_SMALL);
	is(p11->C_DigestFinal(r.session, hash, &len), CKR_OPERATION_ACTIVE);

	ok(init(&r, CKM_SHA256));
	is(p11->C_DigestInit(r.session, &(CK_MECHANISM){CKM_RSA_PKCS, NULL, 0}), CKR_OPERATION_ACTIVE);
	is(p11->C_SignFinal(r.session, hash, &len), CKR_OPERATION_NOT_INITIALIZED);
	len = sizeof hash;
	ok(p11->C_Digest(r.session, NULL, 0, hash, &len));
	EVP_Digest("", 0, expected, NULL, EVP_sha256(), NULL);
	ck_assert_mem_eq(hash, expected, sizeof expected);
	rig_stop(&r);
}
END_TEST

int main(void)
{
	const struct cases cases = {.suite = suite_create("digest")};

	add_loop_case(&cases, test_hashes, N_HASHES);
	add_case(&cases, test_order);
	add_case(&cases, test_ends);
	return rig_run(cases.suite);
}
