/* SPDX-License-Identifier: BSD-2-Clause */
/* The function tables of PKCS#11 2.40 and 3.0, and the ways to get them (5.4). */
#include <stdbool.h>
#include <string.h>
#include "pkcs11/functions.h"
#include "pkcs11/unsupported.h"

static CK_RV inkan_C_GetFunctionList(CK_FUNCTION_LIST **list);
static CK_RV inkan_C_GetInterfaceList(CK_INTERFACE *list, CK_ULONG *count);
static CK_RV inkan_C_GetInterface(CK_UTF8CHAR *name, CK_VERSION *version, CK_INTERFACE **out, CK_FLAGS flags);

/* What both tables have, in the order of the standard; C_GetInfo tells them apart. */
#define FUNCTIONS_OF_2_40 \
	.C_Initialize = inkan_C_Initialize, \
	.C_Finalize = inkan_C_Finalize, \
	.C_GetFunctionList = inkan_C_GetFunctionList, \
	.C_GetSlotList = inkan_C_GetSlotList, \
	.C_GetSlotInfo = inkan_C_GetSlotInfo, \
	.C_GetTokenInfo = inkan_C_GetTokenInfo, \
	.C_GetMechanismList = inkan_C_GetMechanismList, \
	.C_GetMechanismInfo = inkan_C_GetMechanismInfo, \
	.C_InitToken = unsupported_token, \
	.C_InitPIN = unsupported_in, \
	.C_SetPIN = inkan_C_SetPIN, \
	.C_OpenSession = inkan_C_OpenSession, \
	.C_CloseSession = inkan_C_CloseSession, \
	.C_CloseAllSessions = inkan_C_CloseAllSessions, \
	.C_GetSessionInfo = inkan_C_GetSessionInfo, \
	.C_GetOperationState = unsupported_out, \
	.C_SetOperationState = unsupported_state, \
	.C_Login = inkan_C_Login, \
	.C_Logout = inkan_C_Logout, \
	.C_CreateObject = unsupported_create, \
	.C_CopyObject = unsupported_copy, \
	.C_DestroyObject = unsupported_key, \
	.C_GetObjectSize = inkan_C_GetObjectSize, \
	.C_GetAttributeValue = inkan_C_GetAttributeValue, \
	.C_SetAttributeValue = unsupported_set, \
	.C_FindObjectsInit = inkan_C_FindObjectsInit, \
	.C_FindObjects = inkan_C_FindObjects, \
	.C_FindObjectsFinal = inkan_C_FindObjectsFinal, \
	.C_EncryptInit = unsupported_init, \
	.C_Encrypt = unsupported_in_out, \
	.C_EncryptUpdate = unsupported_in_out, \
	.C_EncryptFinal = unsupported_out, \
	.C_DecryptInit = unsupported_init, \
	.C_Decrypt = unsupported_in_out, \
	.C_DecryptUpdate = unsupported_in_out, \
	.C_DecryptFinal = unsupported_out, \
	.C_DigestInit = inkan_C_DigestInit, \
	.C_Digest = inkan_C_Digest, \
	.C_DigestUpdate = inkan_C_DigestUpdate, \
	.C_DigestKey = unsupported_key, \
	.C_DigestFinal = inkan_C_DigestFinal, \
	.C_SignInit = inkan_C_SignInit, \
	.C_Sign = inkan_C_Sign, \
	.C_SignUpdate = inkan_C_SignUpdate, \
	.C_SignFinal = inkan_C_SignFinal, \
	.C_SignRecoverInit = unsupported_init, \
	.C_SignRecover = unsupported_in_out, \
	.C_VerifyInit = unsupported_init, \
	.C_Verify = unsupported_in_in, \
	.C_VerifyUpdate = unsupported_in, \
	.C_VerifyFinal = unsupported_in, \
	.C_VerifyRecoverInit = unsupported_init, \
	.C_VerifyRecover = unsupported_in_out, \
	.C_DigestEncryptUpdate = unsupported_in_out, \
	.C_DecryptDigestUpdate = unsupported_in_out, \
	.C_SignEncryptUpdate = unsupported_in_out, \
	.C_DecryptVerifyUpdate = unsupported_in_out, \
	.C_GenerateKey = unsupported_generate, \
	.C_GenerateKeyPair = unsupported_pair, \
	.C_WrapKey = unsupported_wrap, \
	.C_UnwrapKey = unsupported_unwrap, \
	.C_DeriveKey = unsupported_derive, \
	.C_SeedRandom = unsupported_random, \
	.C_GenerateRandom = unsupported_random, \
	.C_GetFunctionStatus = unsupported_parallel, \
	.C_CancelFunction = unsupported_parallel, \
	.C_WaitForSlotEvent = inkan_C_WaitForSlotEvent

static CK_FUNCTION_LIST table_2_40 = {
	.version = {2, 40},
	.C_GetInfo = inkan_C_GetInfo_2_40,
	FUNCTIONS_OF_2_40,
};

static CK_FUNCTION_LIST_3_0 table_3_0 = {
	.version = {3, 0},
	.C_GetInfo = inkan_C_GetInfo_3_0,
	FUNCTIONS_OF_2_40,
	.C_GetInterfaceList = inkan_C_GetInterfaceList,
	.C_GetInterface = inkan_C_GetInterface,
	.C_LoginUser = inkan_C_LoginUser,
	.C_SessionCancel = inkan_C_SessionCancel,
	.C_MessageEncryptInit = unsupported_init,
	.C_EncryptMessage = unsupported_message,
	.C_EncryptMessageBegin = unsupported_message_begin,
	.C_EncryptMessageNext = unsupported_message_next,
	.C_MessageEncryptFinal = unsupported_session,
	.C_MessageDecryptInit = unsupported_init,
	.C_DecryptMessage = unsupported_message,
	.C_DecryptMessageBegin = unsupported_message_begin,
	.C_DecryptMessageNext = unsupported_message_next,
	.C_MessageDecryptFinal = unsupported_session,
	.C_MessageSignInit = unsupported_init,
	.C_SignMessage = unsupported_message_sign,
	.C_SignMessageBegin = unsupported_message_open,
	.C_SignMessageNext = unsupported_message_sign,
	.C_MessageSignFinal = unsupported_session,
	.C_MessageVerifyInit = unsupported_init,
	.C_VerifyMessage = unsupported_message_verify,
	.C_VerifyMessageBegin = unsupported_message_open,
	.C_VerifyMessageNext = unsupported_message_verify,
	.C_MessageVerifyFinal = unsupported_session,
};

static CK_UTF8CHAR name_pkcs11[] = "PKCS 11";

/* The default first. The name is CK_UTF8CHAR * in the standard, char * in
 * p11-kit's header from 0.25 on. */
static CK_INTERFACE interfaces[] = {
	{(void *)name_pkcs11, &table_3_0, 0},
	{(void *)name_pkcs11, &table_2_40, 0},
};

#define N_INTERFACES (sizeof interfaces / sizeof *interfaces)

static CK_RV inkan_C_GetFunctionList(CK_FUNCTION_LIST **list)
{
	if (!list)
		return CKR_ARGUMENTS_BAD;
	*list = &table_2_40;
	return CKR_OK;
}

static CK_RV inkan_C_GetInterfaceList(CK_INTERFACE *list, CK_ULONG *count)
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

/* Both tables begin with their version. */
static bool is_version(const CK_INTERFACE *i, const CK_VERSION *wanted)
{
	const CK_VERSION *have = i->pFunctionList;

	return !wanted || (have->major == wanted->major && have->minor == wanted->minor);
}

static CK_RV inkan_C_GetInterface(CK_UTF8CHAR *name, CK_VERSION *version, CK_INTERFACE **out, CK_FLAGS flags)
{
	if (!out || flags != 0)
		return CKR_ARGUMENTS_BAD;
	if (name && strcmp((const char *)name, (const char *)name_pkcs11) != 0)
		return CKR_ARGUMENTS_BAD;
	for (size_t i = 0; i < N_INTERFACES; i++) {
		if (is_version(&interfaces[i], version)) {
			*out = &interfaces[i];
			return CKR_OK;
		}
	}
	return CKR_ARGUMENTS_BAD;
}

#define EXPORTED __attribute__((visibility("default")))

EXPORTED CK_RV C_GetFunctionList(CK_FUNCTION_LIST **list);
EXPORTED CK_RV C_GetInterfaceList(CK_INTERFACE *list, CK_ULONG *count);
EXPORTED CK_RV C_GetInterface(CK_UTF8CHAR *name, CK_VERSION *version, CK_INTERFACE **out, CK_FLAGS flags);

/* C_GetFunctionList (PKCS#11 5.4): the table of 2.40; may be called before
 * C_Initialize, like the next two. */
CK_RV C_GetFunctionList(CK_FUNCTION_LIST **list)
{
	return inkan_C_GetFunctionList(list);
}

/* C_GetInterfaceList (PKCS#11 3.0, 5.4). */
CK_RV C_GetInterfaceList(CK_INTERFACE *list, CK_ULONG *count)
{
	return inkan_C_GetInterfaceList(list, count);
}

/* C_GetInterface (PKCS#11 3.0, 5.4): without a name the newest. An unknown name,
 * version or flag is refused and *out left as it was. */
CK_RV C_GetInterface(CK_UTF8CHAR *name, CK_VERSION *version, CK_INTERFACE **out, CK_FLAGS flags)
{
	return inkan_C_GetInterface(name, version, out, flags);
}
