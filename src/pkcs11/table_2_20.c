/* SPDX-License-Identifier: BSD-2-Clause */
/* The function table of PKCS#11 2.20 with the 21 functions of JAHIS 24-002, 5.2.2.
 * The others answer CKR_FUNCTION_NOT_SUPPORTED, every one. */
#include "pkcs11/functions.h"
#include "pkcs11/unsupported.h"

static CK_RV inkan_C_GetFunctionList(CK_FUNCTION_LIST **list);

static CK_FUNCTION_LIST table_2_20 = {
	.version = {2, 20},
	.C_Initialize = inkan_C_Initialize,
	.C_Finalize = inkan_C_Finalize,
	.C_GetInfo = inkan_C_GetInfo_2_20,
	.C_GetFunctionList = inkan_C_GetFunctionList,
	.C_GetSlotList = inkan_C_GetSlotList,
	.C_GetSlotInfo = inkan_C_GetSlotInfo,
	.C_GetTokenInfo = inkan_C_GetTokenInfo,
	.C_GetMechanismList = inkan_C_GetMechanismList,
	.C_GetMechanismInfo = inkan_C_GetMechanismInfo,
	.C_OpenSession = inkan_C_OpenSession,
	.C_CloseSession = inkan_C_CloseSession,
	.C_CloseAllSessions = inkan_C_CloseAllSessions,
	.C_GetSessionInfo = inkan_C_GetSessionInfo,
	.C_Login = inkan_C_Login,
	.C_Logout = inkan_C_Logout,
	.C_GetAttributeValue = inkan_C_GetAttributeValue,
	.C_FindObjectsInit = inkan_C_FindObjectsInit,
	.C_FindObjects = inkan_C_FindObjects,
	.C_FindObjectsFinal = inkan_C_FindObjectsFinal,
	.C_SignInit = inkan_C_SignInit,
	.C_Sign = inkan_C_Sign,

	.C_InitToken = unsupported_token,
	.C_InitPIN = unsupported_in,
	.C_SetPIN = unsupported_in_in,
	.C_GetOperationState = unsupported_out,
	.C_SetOperationState = unsupported_state,
	.C_CreateObject = unsupported_create,
	.C_CopyObject = unsupported_copy,
	.C_DestroyObject = unsupported_key,
	.C_GetObjectSize = unsupported_size,
	.C_SetAttributeValue = unsupported_set,
	.C_EncryptInit = unsupported_init,
	.C_Encrypt = unsupported_in_out,
	.C_EncryptUpdate = unsupported_in_out,
	.C_EncryptFinal = unsupported_out,
	.C_DecryptInit = unsupported_init,
	.C_Decrypt = unsupported_in_out,
	.C_DecryptUpdate = unsupported_in_out,
	.C_DecryptFinal = unsupported_out,
	.C_DigestInit = unsupported_mechanism,
	.C_Digest = unsupported_in_out,
	.C_DigestUpdate = unsupported_in,
	.C_DigestKey = unsupported_key,
	.C_DigestFinal = unsupported_out,
	.C_SignUpdate = unsupported_in,
	.C_SignFinal = unsupported_out,
	.C_SignRecoverInit = unsupported_init,
	.C_SignRecover = unsupported_in_out,
	.C_VerifyInit = unsupported_init,
	.C_Verify = unsupported_in_in,
	.C_VerifyUpdate = unsupported_in,
	.C_VerifyFinal = unsupported_in,
	.C_VerifyRecoverInit = unsupported_init,
	.C_VerifyRecover = unsupported_in_out,
	.C_DigestEncryptUpdate = unsupported_in_out,
	.C_DecryptDigestUpdate = unsupported_in_out,
	.C_SignEncryptUpdate = unsupported_in_out,
	.C_DecryptVerifyUpdate = unsupported_in_out,
	.C_GenerateKey = unsupported_generate,
	.C_GenerateKeyPair = unsupported_pair,
	.C_WrapKey = unsupported_wrap,
	.C_UnwrapKey = unsupported_unwrap,
	.C_DeriveKey = unsupported_derive,
	.C_SeedRandom = unsupported_in,
	.C_GenerateRandom = unsupported_in,
	.C_GetFunctionStatus = unsupported_session,
	.C_CancelFunction = unsupported_session,
	.C_WaitForSlotEvent = unsupported_event,
};

static CK_RV inkan_C_GetFunctionList(CK_FUNCTION_LIST **list)
{
	if (!list)
		return CKR_ARGUMENTS_BAD;
	*list = &table_2_20;
	return CKR_OK;
}

__attribute__((visibility("default"))) CK_RV C_GetFunctionList(CK_FUNCTION_LIST **list);

/* C_GetFunctionList (PKCS#11 2.20, 11.4), the one name that these modules export;
 * may be called before C_Initialize. */
CK_RV C_GetFunctionList(CK_FUNCTION_LIST **list)
{
	return inkan_C_GetFunctionList(list);
}
