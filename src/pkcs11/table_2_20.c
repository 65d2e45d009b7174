/* SPDX-License-Identifier: BSD-2-Clause */
/* The function table of PKCS#11 2.20 with the 21 functions of JAHIS 24-002, 5.2.2.
 * The others answer CKR_FUNCTION_NOT_SUPPORTED, every one. */
#include "pkcs11/functions.h"
#include "pkcs11/unsupported.h"

__attribute__((visibility("default"))) CK_RV C_GetFunctionList(CK_FUNCTION_LIST **list);

static CK_FUNCTION_LIST table_2_20 = {
	.version = {2, 20},
	.C_GetInfo = inkan_C_GetInfo_2_20,
	OURS(C_Initialize), OURS(C_Finalize), .C_GetFunctionList = C_GetFunctionList,
	OURS(C_GetSlotList), OURS(C_GetSlotInfo), OURS(C_GetTokenInfo),
	OURS(C_GetMechanismList), OURS(C_GetMechanismInfo),
	OURS(C_OpenSession), OURS(C_CloseSession), OURS(C_CloseAllSessions), OURS(C_GetSessionInfo),
	OURS(C_Login), OURS(C_Logout), OURS(C_GetAttributeValue),
	OURS(C_FindObjectsInit), OURS(C_FindObjects), OURS(C_FindObjectsFinal),
	OURS(C_SignInit), OURS(C_Sign),

	NONE(C_InitToken), NONE(C_InitPIN), NONE(C_SetPIN),
	NONE(C_GetOperationState), NONE(C_SetOperationState),
	NONE(C_CreateObject), NONE(C_CopyObject), NONE(C_DestroyObject), NONE(C_GetObjectSize),
	NONE(C_SetAttributeValue),
	NONE(C_EncryptInit), NONE(C_Encrypt), NONE(C_EncryptUpdate), NONE(C_EncryptFinal),
	NONE(C_DecryptInit), NONE(C_Decrypt), NONE(C_DecryptUpdate), NONE(C_DecryptFinal),
	NONE(C_DigestInit), NONE(C_Digest), NONE(C_DigestUpdate), NONE(C_DigestKey), NONE(C_DigestFinal),
	NONE(C_SignUpdate), NONE(C_SignFinal), NONE(C_SignRecoverInit), NONE(C_SignRecover),
	NONE(C_VerifyInit), NONE(C_Verify), NONE(C_VerifyUpdate), NONE(C_VerifyFinal),
	NONE(C_VerifyRecoverInit), NONE(C_VerifyRecover),
	NONE(C_DigestEncryptUpdate), NONE(C_DecryptDigestUpdate),
	NONE(C_SignEncryptUpdate), NONE(C_DecryptVerifyUpdate),
	NONE(C_GenerateKey), NONE(C_GenerateKeyPair), NONE(C_WrapKey), NONE(C_UnwrapKey), NONE(C_DeriveKey),
	NONE(C_SeedRandom), NONE(C_GenerateRandom),
	NONE(C_GetFunctionStatus), NONE(C_CancelFunction), NONE(C_WaitForSlotEvent),
};

/* C_GetFunctionList (PKCS#11 2.20, 11.4), the one name that these modules export;
 * may be called before C_Initialize. */
CK_RV C_GetFunctionList(CK_FUNCTION_LIST **list)
{
	if (!list)
		return CKR_ARGUMENTS_BAD;
	*list = &table_2_20;
	return CKR_OK;
}
