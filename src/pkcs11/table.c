/* SPDX-License-Identifier: BSD-2-Clause */
/* The function tables of PKCS#11 2.20, 2.40 and 3.0, and the functions that return them (5.4). */
#include <string.h>
#include "pkcs11/functions.h"
#include "pkcs11/personality.h"

/* Each function of the standard as one that is not supported, which only returns
 * CKR_FUNCTION_NOT_SUPPORTED (PKCS#11 5). The compiler drops those that are not used. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wunused-function"
#define UNSUPPORTED(name, parameters) \
	static CK_RV unsupported_##name parameters \
	{ \
		return CKR_FUNCTION_NOT_SUPPORTED; \
	}
CK_FUNCTIONS_2_40(UNSUPPORTED)
CK_FUNCTIONS_3_0(UNSUPPORTED)
#pragma GCC diagnostic pop

/* Rows of a table. */
#define OURS(name) .name = inkan_##name
#define NONE(name) .name = unsupported_##name

#define EXPORTED __attribute__((visibility("default")))

EXPORTED CK_RV C_GetFunctionList(CK_FUNCTION_LIST **list);
EXPORTED CK_RV C_GetInterfaceList(CK_INTERFACE *list, CK_ULONG *count);
EXPORTED CK_RV C_GetInterface(CK_UTF8CHAR *name, CK_VERSION *version, CK_INTERFACE **out, CK_FLAGS flags);

/* What all tables have, in the order of the standard. MORE: what is beyond the 21 functions
 * of JAHIS 24-002, 5.2.2. */
/* clang-format off */
#define FUNCTIONS_OF_2_40(MORE) \
	OURS(C_Initialize), OURS(C_Finalize), .C_GetFunctionList = C_GetFunctionList, \
	OURS(C_GetSlotList), OURS(C_GetSlotInfo), OURS(C_GetTokenInfo), \
	OURS(C_GetMechanismList), OURS(C_GetMechanismInfo), NONE(C_InitToken), NONE(C_InitPIN), MORE(C_SetPIN), \
	OURS(C_OpenSession), OURS(C_CloseSession), OURS(C_CloseAllSessions), OURS(C_GetSessionInfo), \
	NONE(C_GetOperationState), NONE(C_SetOperationState), OURS(C_Login), OURS(C_Logout), \
	NONE(C_CreateObject), NONE(C_CopyObject), NONE(C_DestroyObject), MORE(C_GetObjectSize), \
	OURS(C_GetAttributeValue), NONE(C_SetAttributeValue), \
	OURS(C_FindObjectsInit), OURS(C_FindObjects), OURS(C_FindObjectsFinal), \
	NONE(C_EncryptInit), NONE(C_Encrypt), NONE(C_EncryptUpdate), NONE(C_EncryptFinal), \
	NONE(C_DecryptInit), NONE(C_Decrypt), NONE(C_DecryptUpdate), NONE(C_DecryptFinal), \
	MORE(C_DigestInit), MORE(C_Digest), MORE(C_DigestUpdate), NONE(C_DigestKey), MORE(C_DigestFinal), \
	OURS(C_SignInit), OURS(C_Sign), MORE(C_SignUpdate), MORE(C_SignFinal), \
	NONE(C_SignRecoverInit), NONE(C_SignRecover), \
	NONE(C_VerifyInit), NONE(C_Verify), NONE(C_VerifyUpdate), NONE(C_VerifyFinal), \
	NONE(C_VerifyRecoverInit), NONE(C_VerifyRecover), \
	NONE(C_DigestEncryptUpdate), NONE(C_DecryptDigestUpdate), \
	NONE(C_SignEncryptUpdate), NONE(C_DecryptVerifyUpdate), \
	NONE(C_GenerateKey), NONE(C_GenerateKeyPair), NONE(C_WrapKey), NONE(C_UnwrapKey), NONE(C_DeriveKey), \
	MORE(C_SeedRandom), MORE(C_GenerateRandom), \
	MORE(C_GetFunctionStatus), MORE(C_CancelFunction), MORE(C_WaitForSlotEvent)
/* clang-format on */

static CK_FUNCTION_LIST table_2_20 = {
	.version = {2, 20},
	.C_GetInfo = inkan_C_GetInfo_2_20,
	FUNCTIONS_OF_2_40(NONE),
};

static CK_FUNCTION_LIST table_2_40 = {
	.version = {2, 40},
	.C_GetInfo = inkan_C_GetInfo_2_40,
	FUNCTIONS_OF_2_40(OURS),
};

/* clang-format off */
static CK_FUNCTION_LIST_3_0 table_3_0 = {
	.version = {3, 0},
	.C_GetInfo = inkan_C_GetInfo_3_0,
	FUNCTIONS_OF_2_40(OURS),
	.C_GetInterfaceList = C_GetInterfaceList, .C_GetInterface = C_GetInterface,
	OURS(C_LoginUser), OURS(C_SessionCancel),
	NONE(C_MessageEncryptInit), NONE(C_EncryptMessage), NONE(C_EncryptMessageBegin),
	NONE(C_EncryptMessageNext), NONE(C_MessageEncryptFinal),
	NONE(C_MessageDecryptInit), NONE(C_DecryptMessage), NONE(C_DecryptMessageBegin),
	NONE(C_DecryptMessageNext), NONE(C_MessageDecryptFinal),
	NONE(C_MessageSignInit), NONE(C_SignMessage), NONE(C_SignMessageBegin),
	NONE(C_SignMessageNext), NONE(C_MessageSignFinal),
	NONE(C_MessageVerifyInit), NONE(C_VerifyMessage), NONE(C_VerifyMessageBegin),
	NONE(C_VerifyMessageNext), NONE(C_MessageVerifyFinal),
};
/* clang-format on */

static CK_UTF8CHAR name_pkcs11[] = "PKCS 11";

/* The default first. */
static CK_INTERFACE interfaces[] = {
	{name_pkcs11, &table_3_0, 0},
	{name_pkcs11, &table_2_40, 0},
};

#define N_INTERFACES (sizeof interfaces / sizeof *interfaces)

/* C_GetFunctionList (PKCS#11 5.4; 2.20, 11.4): the table of 2.40 or, for JAHIS, of 2.20,
 * whose modules export this name alone. May be called before C_Initialize, like the next two. */
CK_RV C_GetFunctionList(CK_FUNCTION_LIST **list)
{
	if (!list)
		return CKR_ARGUMENTS_BAD;
	*list = personality.conventions->functions_2_20 ? &table_2_20 : &table_2_40;
	return CKR_OK;
}

/* C_GetInterfaceList (PKCS#11 3.0, 5.4). */
CK_RV C_GetInterfaceList(CK_INTERFACE *list, CK_ULONG *count)
{
	CK_ULONG room;

	if (!count)
		return CKR_ARGUMENTS_BAD;
	room = *count;
	*count = N_INTERFACES;
	if (!list)
		return CKR_OK;
	if (room < N_INTERFACES)
		return CKR_BUFFER_TOO_SMALL;
	memcpy(list, interfaces, sizeof interfaces);
	return CKR_OK;
}

/* C_GetInterface (PKCS#11 3.0, 5.4): without a name the newest. For an unknown name,
 * version or flag it fails and *out stays unchanged. */
CK_RV C_GetInterface(CK_UTF8CHAR *name, CK_VERSION *version, CK_INTERFACE **out, CK_FLAGS flags)
{
	if (!out || flags != 0)
		return CKR_ARGUMENTS_BAD;
	if (name && strcmp((const char *)name, (const char *)name_pkcs11) != 0)
		return CKR_ARGUMENTS_BAD;
	for (size_t i = 0; i < N_INTERFACES; i++) {
		const CK_VERSION *have = interfaces[i].pFunctionList; /* a table begins with its version */

		if (!version || (have->major == version->major && have->minor == version->minor)) {
			*out = &interfaces[i];
			return CKR_OK;
		}
	}
	return CKR_ARGUMENTS_BAD;
}
