/* SPDX-License-Identifier: BSD-2-Clause */
/* How a program gets the function tables, and their contents. */
#include <string.h>
#include "tests/check_case.h"
#include "tests/module/rig.h"

CK_RV C_GetFunctionList(CK_FUNCTION_LIST **list);
CK_RV C_GetInterfaceList(CK_INTERFACE *list, CK_ULONG *count);
CK_RV C_GetInterface(CK_UTF8CHAR *name, CK_VERSION *version, CK_INTERFACE **out, CK_FLAGS flags);

static CK_UTF8CHAR pkcs11[] = "PKCS 11", vendor[] = "Vendor Example";

START_TEST(test_interfaces)
{
	CK_INTERFACE list[4], *one = (CK_INTERFACE *)list;
	CK_VERSION v3 = {3, 0}, v2 = {2, 40}, v31 = {3, 1}, v220 = {2, 20};
	CK_ULONG n = 1;

	is(C_GetInterfaceList(NULL, NULL), CKR_ARGUMENTS_BAD);
	is(C_GetInterfaceList(list, &n), CKR_BUFFER_TOO_SMALL);
	ok(C_GetInterfaceList(NULL, &n));
	ck_assert_uint_eq(n, 2);
	ok(C_GetInterfaceList(list, &n));
	ok(C_GetInterface(NULL, NULL, &one, 0));
	ck_assert_uint_eq(((CK_VERSION *)one->pFunctionList)->major, 3);
	ok(C_GetInterface(pkcs11, &v2, &one, 0));
	ck_assert_uint_eq(((CK_VERSION *)one->pFunctionList)->major, 2);
	ck_assert_uint_eq(((CK_VERSION *)one->pFunctionList)->minor, 40);
	ok(C_GetInterface(pkcs11, &v3, &one, 0));
	one = (CK_INTERFACE *)list;
	is(C_GetInterface(pkcs11, &v31, &one, 0), CKR_ARGUMENTS_BAD);
	is(C_GetInterface(pkcs11, &v220, &one, 0), CKR_ARGUMENTS_BAD);
	is(C_GetInterface(vendor, NULL, &one, 0), CKR_ARGUMENTS_BAD);
	is(C_GetInterface(pkcs11, NULL, &one, 1), CKR_ARGUMENTS_BAD);
	is(C_GetInterface(pkcs11, NULL, NULL, 0), CKR_ARGUMENTS_BAD);
	ck_assert_ptr_eq(one, list);
}
END_TEST

/* C_GetInfo's version is its table's; the text fields are padded with blanks. */
START_TEST(test_info)
{
	CK_VERSION v3 = {3, 0};
	CK_FUNCTION_LIST_3_0 *f3;
	CK_INTERFACE *i;
	CK_INFO info;

	rig_profiles(profiles_auth);
	ok(C_GetInterface(pkcs11, &v3, &i, 0));
	f3 = i->pFunctionList;
	ok(p11->C_Initialize(NULL));
	ok(p11->C_GetInfo(&info));
	ck_assert_uint_eq(info.cryptokiVersion.major, 2);
	ck_assert_uint_eq(info.cryptokiVersion.minor, 40);
	ck_assert_uint_eq(info.flags, 0);
	ck_assert_int_eq(memcmp(info.manufacturerID, "Inkan                           ", 32), 0);
	ok(f3->C_GetInfo(&info));
	ck_assert_uint_eq(info.cryptokiVersion.major, 3);
	ck_assert_uint_eq(info.cryptokiVersion.minor, 0);
	ok(f3->C_Finalize(NULL));
}
END_TEST

/* No table has a hole: every entry is a function. */
START_TEST(test_no_holes)
{
	CK_VERSION versions[] = {{2, 40}, {3, 0}};
	size_t sizes[] = {sizeof(CK_FUNCTION_LIST), sizeof(CK_FUNCTION_LIST_3_0)};
	CK_INTERFACE *i;

	for (int v = 0; v < 2; v++) {
		void *entry;

		ok(C_GetInterface(pkcs11, &versions[v], &i, 0));
		for (size_t at = sizeof entry; at < sizes[v]; at += sizeof entry) {
			memcpy(&entry, (char *)i->pFunctionList + at, sizeof entry);
			ck_assert_ptr_nonnull(entry);
		}
	}
}
END_TEST

START_TEST(test_unsupported)
{
	CK_MECHANISM m = {CKM_SHA256, NULL, 0};
	CK_VERSION v3 = {3, 0};
	CK_FUNCTION_LIST_3_0 *f3;
	CK_INTERFACE *i;
	uint8_t bytes[8];

	rig_profiles(profiles_auth);
	ok(C_GetInterface(NULL, &v3, &i, 0));
	f3 = i->pFunctionList;
	is(p11->C_DigestKey(1, 1), CKR_FUNCTION_NOT_SUPPORTED);
	is(p11->C_VerifyInit(1, &m, 1), CKR_FUNCTION_NOT_SUPPORTED);
	is(p11->C_GenerateRandom(1, bytes, 8), CKR_CRYPTOKI_NOT_INITIALIZED);
	is(p11->C_CreateObject(1, NULL, 0, NULL), CKR_FUNCTION_NOT_SUPPORTED);
	is(p11->C_InitToken(0, NULL, 0, NULL), CKR_FUNCTION_NOT_SUPPORTED);
	is(p11->C_InitPIN(1, NULL, 0), CKR_FUNCTION_NOT_SUPPORTED);
	is(p11->C_GetFunctionStatus(1), CKR_FUNCTION_NOT_PARALLEL);
	is(p11->C_CancelFunction(1), CKR_FUNCTION_NOT_PARALLEL);
	is(f3->C_MessageSignInit(1, &m, 1), CKR_FUNCTION_NOT_SUPPORTED);
	is(f3->C_SignMessage(1, NULL, 0, NULL, 0, NULL, NULL), CKR_FUNCTION_NOT_SUPPORTED);
}
END_TEST

START_TEST(test_3_0)
{
	CK_FUNCTION_LIST_3_0 *f3;
	CK_INTERFACE *i;
	CK_BYTE random[8];
	struct vcard_spec spec;
	struct rig r;

	ok(C_GetInterface(NULL, NULL, &i, 0));
	f3 = i->pFunctionList;
	rig_spec(&spec, VCARD_HPKI);
	rig_start(&r, &spec, VCARD_AUTH);
	is(f3->C_SeedRandom(4711, (CK_BYTE *)"x", 1), CKR_SESSION_HANDLE_INVALID);
	is(f3->C_GenerateRandom(4711, random, 8), CKR_SESSION_HANDLE_INVALID);
	is(f3->C_GenerateRandom(r.session, random, 8), CKR_RANDOM_NO_RNG);
	is(f3->C_LoginUser(r.session, CKU_USER, (CK_UTF8CHAR *)"1234", 4, (CK_UTF8CHAR *)"me", 2), CKR_ARGUMENTS_BAD);
	ok(f3->C_LoginUser(r.session, CKU_USER, (CK_UTF8CHAR *)"1234", 4, NULL, 0));
	ok(f3->C_SignInit(r.session, &(CK_MECHANISM){CKM_RSA_PKCS, NULL, 0}, rig_find(r.session, CKO_PRIVATE_KEY)));
	ok(f3->C_SessionCancel(r.session, CKF_FIND_OBJECTS));
	is(f3->C_FindObjectsInit(r.session, NULL, 0), CKR_OPERATION_ACTIVE);
	ok(f3->C_SessionCancel(r.session, CKF_SIGN));
	is(f3->C_SignUpdate(r.session, (CK_BYTE *)"x", 1), CKR_OPERATION_NOT_INITIALIZED);
	ok(rig_sign_checked(&r, r.session, CKM_SHA256_RSA_PKCS));
	rig_stop(&r);
}
END_TEST

int main(void)
{
	const struct cases cases = {.suite = suite_create("tables")};

	add_case(&cases, test_interfaces);
	add_case(&cases, test_info);
	add_case(&cases, test_no_holes);
	add_case(&cases, test_unsupported);
	add_case(&cases, test_3_0);
	return rig_run(cases.suite);
}
