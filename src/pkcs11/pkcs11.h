/* SPDX-License-Identifier: BSD-2-Clause */
/* Of OASIS PKCS#11 (Cryptoki) 3.0 the types and constants that the modules use, and the function tables of 2.40 and
 * 3.0 whole, for Unix: structs are aligned naturally, functions have C's own calling convention.
 * Constants stand in the order of their numbers. The C_ functions have types here and no prototypes: they are
 * reached through a table (5.4), and a process may hold many of the same name. */
#ifndef INKAN_PKCS11_PKCS11_H
#define INKAN_PKCS11_PKCS11_H

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Plain data */
typedef unsigned char CK_BYTE, *CK_BYTE_PTR;
typedef unsigned char CK_CHAR, *CK_CHAR_PTR;
typedef unsigned char CK_UTF8CHAR, *CK_UTF8CHAR_PTR;
typedef unsigned char CK_BBOOL, *CK_BBOOL_PTR;
typedef unsigned long CK_ULONG, *CK_ULONG_PTR;
typedef void *CK_VOID_PTR, **CK_VOID_PTR_PTR;

#define CK_FALSE 0
#define CK_TRUE 1
#define CK_UNAVAILABLE_INFORMATION (~0UL) /* where a CK_ULONG is not told */
#define CK_EFFECTIVELY_INFINITE 0UL       /* numbers of sessions */
#define CK_INVALID_HANDLE 0UL             /* never a session's or an object's */

typedef CK_ULONG CK_FLAGS, *CK_FLAGS_PTR;
typedef CK_ULONG CK_RV, *CK_RV_PTR;
typedef CK_ULONG CK_SLOT_ID, *CK_SLOT_ID_PTR;
typedef CK_ULONG CK_SESSION_HANDLE, *CK_SESSION_HANDLE_PTR;
typedef CK_ULONG CK_OBJECT_HANDLE, *CK_OBJECT_HANDLE_PTR;

typedef struct CK_VERSION {
	CK_BYTE major;
	CK_BYTE minor; /* in hundredths: 2.40 is {2, 40}, 3.2 is {3, 2} */
} CK_VERSION, *CK_VERSION_PTR;

/* ---- Return values */
#define CKR_OK 0x000UL
#define CKR_HOST_MEMORY 0x002UL
#define CKR_SLOT_ID_INVALID 0x003UL
#define CKR_GENERAL_ERROR 0x005UL
#define CKR_FUNCTION_FAILED 0x006UL
#define CKR_ARGUMENTS_BAD 0x007UL
#define CKR_NO_EVENT 0x008UL
#define CKR_CANT_LOCK 0x00AUL
#define CKR_ATTRIBUTE_SENSITIVE 0x011UL
#define CKR_ATTRIBUTE_TYPE_INVALID 0x012UL
#define CKR_DATA_LEN_RANGE 0x021UL
#define CKR_DEVICE_ERROR 0x030UL
#define CKR_DEVICE_REMOVED 0x032UL
#define CKR_FUNCTION_NOT_PARALLEL 0x051UL
#define CKR_FUNCTION_NOT_SUPPORTED 0x054UL
#define CKR_KEY_HANDLE_INVALID 0x060UL
#define CKR_KEY_SIZE_RANGE 0x062UL
#define CKR_KEY_TYPE_INCONSISTENT 0x063UL
#define CKR_MECHANISM_INVALID 0x070UL
#define CKR_MECHANISM_PARAM_INVALID 0x071UL
#define CKR_OBJECT_HANDLE_INVALID 0x082UL
#define CKR_OPERATION_ACTIVE 0x090UL
#define CKR_OPERATION_NOT_INITIALIZED 0x091UL
#define CKR_PIN_INCORRECT 0x0A0UL
#define CKR_PIN_INVALID 0x0A1UL
#define CKR_PIN_LEN_RANGE 0x0A2UL
#define CKR_PIN_LOCKED 0x0A4UL
#define CKR_SESSION_CLOSED 0x0B0UL
#define CKR_SESSION_HANDLE_INVALID 0x0B3UL
#define CKR_SESSION_PARALLEL_NOT_SUPPORTED 0x0B4UL
#define CKR_SESSION_READ_ONLY 0x0B5UL
#define CKR_TOKEN_NOT_PRESENT 0x0E0UL
#define CKR_TOKEN_NOT_RECOGNIZED 0x0E1UL
#define CKR_USER_ALREADY_LOGGED_IN 0x100UL
#define CKR_USER_NOT_LOGGED_IN 0x101UL
#define CKR_USER_TYPE_INVALID 0x103UL
#define CKR_RANDOM_SEED_NOT_SUPPORTED 0x120UL
#define CKR_RANDOM_NO_RNG 0x121UL
#define CKR_BUFFER_TOO_SMALL 0x150UL
#define CKR_CRYPTOKI_NOT_INITIALIZED 0x190UL
#define CKR_CRYPTOKI_ALREADY_INITIALIZED 0x191UL
#define CKR_FUNCTION_REJECTED 0x200UL

/* ---- The library, slots and tokens */
typedef struct CK_INFO {
	CK_VERSION cryptokiVersion;
	CK_UTF8CHAR manufacturerID[32];
	CK_FLAGS flags;
	CK_UTF8CHAR libraryDescription[32];
	CK_VERSION libraryVersion;
} CK_INFO, *CK_INFO_PTR;

typedef struct CK_SLOT_INFO {
	CK_UTF8CHAR slotDescription[64];
	CK_UTF8CHAR manufacturerID[32];
	CK_FLAGS flags;
	CK_VERSION hardwareVersion;
	CK_VERSION firmwareVersion;
} CK_SLOT_INFO, *CK_SLOT_INFO_PTR;

/* flags of CK_SLOT_INFO */
#define CKF_TOKEN_PRESENT 0x1UL
#define CKF_REMOVABLE_DEVICE 0x2UL
#define CKF_HW_SLOT 0x4UL

typedef struct CK_TOKEN_INFO {
	CK_UTF8CHAR label[32];
	CK_UTF8CHAR manufacturerID[32];
	CK_UTF8CHAR model[16];
	CK_CHAR serialNumber[16];
	CK_FLAGS flags;
	CK_ULONG ulMaxSessionCount;
	CK_ULONG ulSessionCount;
	CK_ULONG ulMaxRwSessionCount;
	CK_ULONG ulRwSessionCount;
	CK_ULONG ulMaxPinLen;
	CK_ULONG ulMinPinLen;
	CK_ULONG ulTotalPublicMemory;
	CK_ULONG ulFreePublicMemory;
	CK_ULONG ulTotalPrivateMemory;
	CK_ULONG ulFreePrivateMemory;
	CK_VERSION hardwareVersion;
	CK_VERSION firmwareVersion;
	CK_CHAR utcTime[16];
} CK_TOKEN_INFO, *CK_TOKEN_INFO_PTR;

/* flags of CK_TOKEN_INFO */
#define CKF_RNG 0x0000001UL
#define CKF_LOGIN_REQUIRED 0x0000004UL
#define CKF_USER_PIN_INITIALIZED 0x0000008UL
#define CKF_TOKEN_INITIALIZED 0x0000400UL
#define CKF_USER_PIN_COUNT_LOW 0x0010000UL
#define CKF_USER_PIN_FINAL_TRY 0x0020000UL
#define CKF_USER_PIN_LOCKED 0x0040000UL

/* of C_WaitForSlotEvent */
#define CKF_DONT_BLOCK 1UL

/* ---- Sessions */
typedef CK_ULONG CK_NOTIFICATION, *CK_NOTIFICATION_PTR;
typedef CK_ULONG CK_USER_TYPE, *CK_USER_TYPE_PTR;
typedef CK_ULONG CK_STATE, *CK_STATE_PTR;

#define CKU_SO 0x0UL
#define CKU_USER 0x1UL
#define CKU_CONTEXT_SPECIFIC 0x2UL
#define CKS_RO_PUBLIC_SESSION 0x0UL
#define CKS_RO_USER_FUNCTIONS 0x1UL
#define CKS_RW_PUBLIC_SESSION 0x2UL
#define CKS_RW_USER_FUNCTIONS 0x3UL

typedef struct CK_SESSION_INFO {
	CK_SLOT_ID slotID;
	CK_STATE state;
	CK_FLAGS flags;
	CK_ULONG ulDeviceError;
} CK_SESSION_INFO, *CK_SESSION_INFO_PTR;

/* flags of CK_SESSION_INFO and C_OpenSession */
#define CKF_RW_SESSION 0x2UL
#define CKF_SERIAL_SESSION 0x4UL

typedef CK_RV (*CK_NOTIFY)(CK_SESSION_HANDLE hSession, CK_NOTIFICATION event, CK_VOID_PTR pApplication);

/* ---- C_Initialize */
typedef CK_RV (*CK_CREATEMUTEX)(CK_VOID_PTR_PTR ppMutex);
typedef CK_RV (*CK_DESTROYMUTEX)(CK_VOID_PTR pMutex);
typedef CK_RV (*CK_LOCKMUTEX)(CK_VOID_PTR pMutex);
typedef CK_RV (*CK_UNLOCKMUTEX)(CK_VOID_PTR pMutex);

typedef struct CK_C_INITIALIZE_ARGS {
	CK_CREATEMUTEX CreateMutex;
	CK_DESTROYMUTEX DestroyMutex;
	CK_LOCKMUTEX LockMutex;
	CK_UNLOCKMUTEX UnlockMutex;
	CK_FLAGS flags;
	CK_VOID_PTR pReserved;
} CK_C_INITIALIZE_ARGS, *CK_C_INITIALIZE_ARGS_PTR;

#define CKF_LIBRARY_CANT_CREATE_OS_THREADS 0x1UL
#define CKF_OS_LOCKING_OK 0x2UL

/* ---- Objects */
typedef CK_ULONG CK_OBJECT_CLASS, *CK_OBJECT_CLASS_PTR;
typedef CK_ULONG CK_KEY_TYPE, *CK_KEY_TYPE_PTR;
typedef CK_ULONG CK_CERTIFICATE_TYPE, *CK_CERTIFICATE_TYPE_PTR;
typedef CK_ULONG CK_ATTRIBUTE_TYPE, *CK_ATTRIBUTE_TYPE_PTR;

typedef struct CK_ATTRIBUTE {
	CK_ATTRIBUTE_TYPE type;
	CK_VOID_PTR pValue;
	CK_ULONG ulValueLen; /* in bytes */
} CK_ATTRIBUTE, *CK_ATTRIBUTE_PTR;

#define CKO_DATA 0x0UL
#define CKO_CERTIFICATE 0x1UL
#define CKO_PUBLIC_KEY 0x2UL
#define CKO_PRIVATE_KEY 0x3UL
#define CKO_PROFILE 0x9UL

/* CKA_CERTIFICATE_TYPE, CKA_CERTIFICATE_CATEGORY */
#define CKC_X_509 0x0UL
#define CK_CERTIFICATE_CATEGORY_TOKEN_USER 0x1UL
#define CK_CERTIFICATE_CATEGORY_AUTHORITY 0x2UL

/* CKA_PROFILE_ID */
#define CKP_BASELINE_PROVIDER 0x1UL
#define CKP_EXTENDED_PROVIDER 0x2UL
#define CKP_AUTHENTICATION_TOKEN 0x3UL
#define CKP_PUBLIC_CERTIFICATES_TOKEN 0x4UL

/* CKA_KEY_TYPE */
#define CKK_RSA 0x00UL

/* Attributes. Those with CKF_ARRAY_ATTRIBUTE are arrays. */
#define CKF_ARRAY_ATTRIBUTE 0x40000000UL
#define CKA_CLASS 0x000UL
#define CKA_TOKEN 0x001UL
#define CKA_PRIVATE 0x002UL
#define CKA_LABEL 0x003UL
#define CKA_UNIQUE_ID 0x004UL
#define CKA_APPLICATION 0x010UL
#define CKA_VALUE 0x011UL
#define CKA_OBJECT_ID 0x012UL
#define CKA_CERTIFICATE_TYPE 0x080UL
#define CKA_ISSUER 0x081UL
#define CKA_SERIAL_NUMBER 0x082UL
#define CKA_TRUSTED 0x086UL
#define CKA_CERTIFICATE_CATEGORY 0x087UL
#define CKA_CHECK_VALUE 0x090UL
#define CKA_KEY_TYPE 0x100UL
#define CKA_SUBJECT 0x101UL
#define CKA_ID 0x102UL
#define CKA_SENSITIVE 0x103UL
#define CKA_ENCRYPT 0x104UL
#define CKA_DECRYPT 0x105UL
#define CKA_WRAP 0x106UL
#define CKA_UNWRAP 0x107UL
#define CKA_SIGN 0x108UL
#define CKA_SIGN_RECOVER 0x109UL
#define CKA_VERIFY 0x10AUL
#define CKA_VERIFY_RECOVER 0x10BUL
#define CKA_DERIVE 0x10CUL
#define CKA_START_DATE 0x110UL
#define CKA_END_DATE 0x111UL
#define CKA_MODULUS 0x120UL
#define CKA_MODULUS_BITS 0x121UL
#define CKA_PUBLIC_EXPONENT 0x122UL
#define CKA_PRIVATE_EXPONENT 0x123UL
#define CKA_PRIME_1 0x124UL
#define CKA_PRIME_2 0x125UL
#define CKA_EXPONENT_1 0x126UL
#define CKA_EXPONENT_2 0x127UL
#define CKA_COEFFICIENT 0x128UL
#define CKA_PUBLIC_KEY_INFO 0x129UL
#define CKA_EXTRACTABLE 0x162UL
#define CKA_LOCAL 0x163UL
#define CKA_NEVER_EXTRACTABLE 0x164UL
#define CKA_ALWAYS_SENSITIVE 0x165UL
#define CKA_MODIFIABLE 0x170UL
#define CKA_COPYABLE 0x171UL
#define CKA_DESTROYABLE 0x172UL
#define CKA_ALWAYS_AUTHENTICATE 0x202UL
#define CKA_WRAP_WITH_TRUSTED 0x210UL
#define CKA_PROFILE_ID 0x601UL
#define CKA_ALLOWED_MECHANISMS 0x40000600UL
#define CKA_VENDOR_DEFINED 0x80000000UL

/* ---- Mechanisms */
typedef CK_ULONG CK_MECHANISM_TYPE, *CK_MECHANISM_TYPE_PTR;

typedef struct CK_MECHANISM {
	CK_MECHANISM_TYPE mechanism;
	CK_VOID_PTR pParameter;
	CK_ULONG ulParameterLen; /* in bytes */
} CK_MECHANISM, *CK_MECHANISM_PTR;

typedef struct CK_MECHANISM_INFO {
	CK_ULONG ulMinKeySize;
	CK_ULONG ulMaxKeySize;
	CK_FLAGS flags;
} CK_MECHANISM_INFO, *CK_MECHANISM_INFO_PTR;

/* flags of CK_MECHANISM_INFO; those of operations are C_SessionCancel's too */
#define CKF_HW 0x00000001UL
#define CKF_FIND_OBJECTS 0x00000040UL
#define CKF_ENCRYPT 0x00000100UL
#define CKF_DECRYPT 0x00000200UL
#define CKF_DIGEST 0x00000400UL
#define CKF_SIGN 0x00000800UL
#define CKF_VERIFY 0x00002000UL

#define CKM_RSA_PKCS 0x0001UL
#define CKM_RSA_X_509 0x0003UL
#define CKM_SHA1_RSA_PKCS 0x0006UL
#define CKM_RSA_PKCS_PSS 0x000DUL
#define CKM_SHA1_RSA_PKCS_PSS 0x000EUL
#define CKM_SHA256_RSA_PKCS 0x0040UL
#define CKM_SHA384_RSA_PKCS 0x0041UL
#define CKM_SHA512_RSA_PKCS 0x0042UL
#define CKM_SHA256_RSA_PKCS_PSS 0x0043UL
#define CKM_SHA384_RSA_PKCS_PSS 0x0044UL
#define CKM_SHA512_RSA_PKCS_PSS 0x0045UL
#define CKM_SHA224_RSA_PKCS 0x0046UL
#define CKM_SHA224_RSA_PKCS_PSS 0x0047UL
#define CKM_MD5 0x0210UL
#define CKM_SHA_1 0x0220UL
#define CKM_SHA256 0x0250UL
#define CKM_SHA224 0x0255UL
#define CKM_SHA384 0x0260UL
#define CKM_SHA512 0x0270UL

typedef CK_ULONG CK_RSA_PKCS_MGF_TYPE, *CK_RSA_PKCS_MGF_TYPE_PTR;

#define CKG_MGF1_SHA1 0x1UL
#define CKG_MGF1_SHA256 0x2UL
#define CKG_MGF1_SHA384 0x3UL
#define CKG_MGF1_SHA512 0x4UL
#define CKG_MGF1_SHA224 0x5UL

typedef struct CK_RSA_PKCS_PSS_PARAMS {
	CK_MECHANISM_TYPE hashAlg;
	CK_RSA_PKCS_MGF_TYPE mgf;
	CK_ULONG sLen; /* of the salt, in bytes */
} CK_RSA_PKCS_PSS_PARAMS, *CK_RSA_PKCS_PSS_PARAMS_PTR;

/* ---- Interfaces */
typedef struct CK_INTERFACE {
	CK_UTF8CHAR_PTR pInterfaceName; /* ends with NUL */
	CK_VOID_PTR pFunctionList;      /* begins with a CK_VERSION */
	CK_FLAGS flags;
} CK_INTERFACE, *CK_INTERFACE_PTR, **CK_INTERFACE_PTR_PTR;

typedef struct CK_FUNCTION_LIST CK_FUNCTION_LIST, *CK_FUNCTION_LIST_PTR, **CK_FUNCTION_LIST_PTR_PTR;
typedef struct CK_FUNCTION_LIST_3_0 CK_FUNCTION_LIST_3_0, *CK_FUNCTION_LIST_3_0_PTR, **CK_FUNCTION_LIST_3_0_PTR_PTR;

/* ---- Functions, in the order of their places in the tables: F(name, parameters). A later table begins with all of
 * the one before it. */
#define CK_FUNCTIONS_2_40(F) \
	F(C_Initialize, (CK_VOID_PTR pInitArgs)) \
	F(C_Finalize, (CK_VOID_PTR pReserved)) \
	F(C_GetInfo, (CK_INFO_PTR pInfo)) \
	F(C_GetFunctionList, (CK_FUNCTION_LIST_PTR_PTR ppFunctionList)) \
	F(C_GetSlotList, (CK_BBOOL tokenPresent, CK_SLOT_ID_PTR pSlotList, CK_ULONG_PTR pulCount)) \
	F(C_GetSlotInfo, (CK_SLOT_ID slotID, CK_SLOT_INFO_PTR pInfo)) \
	F(C_GetTokenInfo, (CK_SLOT_ID slotID, CK_TOKEN_INFO_PTR pInfo)) \
	F(C_GetMechanismList, (CK_SLOT_ID slotID, CK_MECHANISM_TYPE_PTR pMechanismList, CK_ULONG_PTR pulCount)) \
	F(C_GetMechanismInfo, (CK_SLOT_ID slotID, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO_PTR pInfo)) \
	F(C_InitToken, (CK_SLOT_ID slotID, CK_UTF8CHAR_PTR pPin, CK_ULONG ulPinLen, CK_UTF8CHAR_PTR pLabel)) \
	F(C_InitPIN, (CK_SESSION_HANDLE hSession, CK_UTF8CHAR_PTR pPin, CK_ULONG ulPinLen)) \
	F(C_SetPIN, (CK_SESSION_HANDLE hSession, CK_UTF8CHAR_PTR pOldPin, CK_ULONG ulOldLen, CK_UTF8CHAR_PTR pNewPin, \
	             CK_ULONG ulNewLen)) \
	F(C_OpenSession, (CK_SLOT_ID slotID, CK_FLAGS flags, CK_VOID_PTR pApplication, CK_NOTIFY Notify, \
	                  CK_SESSION_HANDLE_PTR phSession)) \
	F(C_CloseSession, (CK_SESSION_HANDLE hSession)) \
	F(C_CloseAllSessions, (CK_SLOT_ID slotID)) \
	F(C_GetSessionInfo, (CK_SESSION_HANDLE hSession, CK_SESSION_INFO_PTR pInfo)) \
	F(C_GetOperationState, \
	  (CK_SESSION_HANDLE hSession, CK_BYTE_PTR pOperationState, CK_ULONG_PTR pulOperationStateLen)) \
	F(C_SetOperationState, (CK_SESSION_HANDLE hSession, CK_BYTE_PTR pOperationState, CK_ULONG ulOperationStateLen, \
	                        CK_OBJECT_HANDLE hEncryptionKey, CK_OBJECT_HANDLE hAuthenticationKey)) \
	F(C_Login, (CK_SESSION_HANDLE hSession, CK_USER_TYPE userType, CK_UTF8CHAR_PTR pPin, CK_ULONG ulPinLen)) \
	F(C_Logout, (CK_SESSION_HANDLE hSession)) \
	F(C_CreateObject, \
	  (CK_SESSION_HANDLE hSession, CK_ATTRIBUTE_PTR pTemplate, CK_ULONG ulCount, CK_OBJECT_HANDLE_PTR phObject)) \
	F(C_CopyObject, (CK_SESSION_HANDLE hSession, CK_OBJECT_HANDLE hObject, CK_ATTRIBUTE_PTR pTemplate, \
	                 CK_ULONG ulCount, CK_OBJECT_HANDLE_PTR phNewObject)) \
	F(C_DestroyObject, (CK_SESSION_HANDLE hSession, CK_OBJECT_HANDLE hObject)) \
	F(C_GetObjectSize, (CK_SESSION_HANDLE hSession, CK_OBJECT_HANDLE hObject, CK_ULONG_PTR pulSize)) \
	F(C_GetAttributeValue, \
	  (CK_SESSION_HANDLE hSession, CK_OBJECT_HANDLE hObject, CK_ATTRIBUTE_PTR pTemplate, CK_ULONG ulCount)) \
	F(C_SetAttributeValue, \
	  (CK_SESSION_HANDLE hSession, CK_OBJECT_HANDLE hObject, CK_ATTRIBUTE_PTR pTemplate, CK_ULONG ulCount)) \
	F(C_FindObjectsInit, (CK_SESSION_HANDLE hSession, CK_ATTRIBUTE_PTR pTemplate, CK_ULONG ulCount)) \
	F(C_FindObjects, (CK_SESSION_HANDLE hSession, CK_OBJECT_HANDLE_PTR phObject, CK_ULONG ulMaxObjectCount, \
	                  CK_ULONG_PTR pulObjectCount)) \
	F(C_FindObjectsFinal, (CK_SESSION_HANDLE hSession)) \
	F(C_EncryptInit, (CK_SESSION_HANDLE hSession, CK_MECHANISM_PTR pMechanism, CK_OBJECT_HANDLE hKey)) \
	F(C_Encrypt, (CK_SESSION_HANDLE hSession, CK_BYTE_PTR pData, CK_ULONG ulDataLen, CK_BYTE_PTR pEncryptedData, \
	              CK_ULONG_PTR pulEncryptedDataLen)) \
	F(C_EncryptUpdate, (CK_SESSION_HANDLE hSession, CK_BYTE_PTR pPart, CK_ULONG ulPartLen, \
	                    CK_BYTE_PTR pEncryptedPart, CK_ULONG_PTR pulEncryptedPartLen)) \
	F(C_EncryptFinal, \
	  (CK_SESSION_HANDLE hSession, CK_BYTE_PTR pLastEncryptedPart, CK_ULONG_PTR pulLastEncryptedPartLen)) \
	F(C_DecryptInit, (CK_SESSION_HANDLE hSession, CK_MECHANISM_PTR pMechanism, CK_OBJECT_HANDLE hKey)) \
	F(C_Decrypt, (CK_SESSION_HANDLE hSession, CK_BYTE_PTR pEncryptedData, CK_ULONG ulEncryptedDataLen, \
	              CK_BYTE_PTR pData, CK_ULONG_PTR pulDataLen)) \
	F(C_DecryptUpdate, (CK_SESSION_HANDLE hSession, CK_BYTE_PTR pEncryptedPart, CK_ULONG ulEncryptedPartLen, \
	                    CK_BYTE_PTR pPart, CK_ULONG_PTR pulPartLen)) \
	F(C_DecryptFinal, (CK_SESSION_HANDLE hSession, CK_BYTE_PTR pLastPart, CK_ULONG_PTR pulLastPartLen)) \
	F(C_DigestInit, (CK_SESSION_HANDLE hSession, CK_MECHANISM_PTR pMechanism)) \
	F(C_Digest, (CK_SESSION_HANDLE hSession, CK_BYTE_PTR pData, CK_ULONG ulDataLen, CK_BYTE_PTR pDigest, \
	             CK_ULONG_PTR pulDigestLen)) \
	F(C_DigestUpdate, (CK_SESSION_HANDLE hSession, CK_BYTE_PTR pPart, CK_ULONG ulPartLen)) \
	F(C_DigestKey, (CK_SESSION_HANDLE hSession, CK_OBJECT_HANDLE hKey)) \
	F(C_DigestFinal, (CK_SESSION_HANDLE hSession, CK_BYTE_PTR pDigest, CK_ULONG_PTR pulDigestLen)) \
	F(C_SignInit, (CK_SESSION_HANDLE hSession, CK_MECHANISM_PTR pMechanism, CK_OBJECT_HANDLE hKey)) \
	F(C_Sign, (CK_SESSION_HANDLE hSession, CK_BYTE_PTR pData, CK_ULONG ulDataLen, CK_BYTE_PTR pSignature, \
	           CK_ULONG_PTR pulSignatureLen)) \
	F(C_SignUpdate, (CK_SESSION_HANDLE hSession, CK_BYTE_PTR pPart, CK_ULONG ulPartLen)) \
	F(C_SignFinal, (CK_SESSION_HANDLE hSession, CK_BYTE_PTR pSignature, CK_ULONG_PTR pulSignatureLen)) \
	F(C_SignRecoverInit, (CK_SESSION_HANDLE hSession, CK_MECHANISM_PTR pMechanism, CK_OBJECT_HANDLE hKey)) \
	F(C_SignRecover, (CK_SESSION_HANDLE hSession, CK_BYTE_PTR pData, CK_ULONG ulDataLen, CK_BYTE_PTR pSignature, \
	                  CK_ULONG_PTR pulSignatureLen)) \
	F(C_VerifyInit, (CK_SESSION_HANDLE hSession, CK_MECHANISM_PTR pMechanism, CK_OBJECT_HANDLE hKey)) \
	F(C_Verify, (CK_SESSION_HANDLE hSession, CK_BYTE_PTR pData, CK_ULONG ulDataLen, CK_BYTE_PTR pSignature, \
	             CK_ULONG ulSignatureLen)) \
	F(C_VerifyUpdate, (CK_SESSION_HANDLE hSession, CK_BYTE_PTR pPart, CK_ULONG ulPartLen)) \
	F(C_VerifyFinal, (CK_SESSION_HANDLE hSession, CK_BYTE_PTR pSignature, CK_ULONG ulSignatureLen)) \
	F(C_VerifyRecoverInit, (CK_SESSION_HANDLE hSession, CK_MECHANISM_PTR pMechanism, CK_OBJECT_HANDLE hKey)) \
	F(C_VerifyRecover, (CK_SESSION_HANDLE hSession, CK_BYTE_PTR pSignature, CK_ULONG ulSignatureLen, \
	                    CK_BYTE_PTR pData, CK_ULONG_PTR pulDataLen)) \
	F(C_DigestEncryptUpdate, (CK_SESSION_HANDLE hSession, CK_BYTE_PTR pPart, CK_ULONG ulPartLen, \
	                          CK_BYTE_PTR pEncryptedPart, CK_ULONG_PTR pulEncryptedPartLen)) \
	F(C_DecryptDigestUpdate, (CK_SESSION_HANDLE hSession, CK_BYTE_PTR pEncryptedPart, CK_ULONG ulEncryptedPartLen, \
	                          CK_BYTE_PTR pPart, CK_ULONG_PTR pulPartLen)) \
	F(C_SignEncryptUpdate, (CK_SESSION_HANDLE hSession, CK_BYTE_PTR pPart, CK_ULONG ulPartLen, \
	                        CK_BYTE_PTR pEncryptedPart, CK_ULONG_PTR pulEncryptedPartLen)) \
	F(C_DecryptVerifyUpdate, (CK_SESSION_HANDLE hSession, CK_BYTE_PTR pEncryptedPart, CK_ULONG ulEncryptedPartLen, \
	                          CK_BYTE_PTR pPart, CK_ULONG_PTR pulPartLen)) \
	F(C_GenerateKey, (CK_SESSION_HANDLE hSession, CK_MECHANISM_PTR pMechanism, CK_ATTRIBUTE_PTR pTemplate, \
	                  CK_ULONG ulCount, CK_OBJECT_HANDLE_PTR phKey)) \
	F(C_GenerateKeyPair, \
	  (CK_SESSION_HANDLE hSession, CK_MECHANISM_PTR pMechanism, CK_ATTRIBUTE_PTR pPublicKeyTemplate, \
	   CK_ULONG ulPublicKeyAttributeCount, CK_ATTRIBUTE_PTR pPrivateKeyTemplate, \
	   CK_ULONG ulPrivateKeyAttributeCount, CK_OBJECT_HANDLE_PTR phPublicKey, CK_OBJECT_HANDLE_PTR phPrivateKey)) \
	F(C_WrapKey, (CK_SESSION_HANDLE hSession, CK_MECHANISM_PTR pMechanism, CK_OBJECT_HANDLE hWrappingKey, \
	              CK_OBJECT_HANDLE hKey, CK_BYTE_PTR pWrappedKey, CK_ULONG_PTR pulWrappedKeyLen)) \
	F(C_UnwrapKey, (CK_SESSION_HANDLE hSession, CK_MECHANISM_PTR pMechanism, CK_OBJECT_HANDLE hUnwrappingKey, \
	                CK_BYTE_PTR pWrappedKey, CK_ULONG ulWrappedKeyLen, CK_ATTRIBUTE_PTR pTemplate, \
	                CK_ULONG ulAttributeCount, CK_OBJECT_HANDLE_PTR phKey)) \
	F(C_DeriveKey, (CK_SESSION_HANDLE hSession, CK_MECHANISM_PTR pMechanism, CK_OBJECT_HANDLE hBaseKey, \
	                CK_ATTRIBUTE_PTR pTemplate, CK_ULONG ulAttributeCount, CK_OBJECT_HANDLE_PTR phKey)) \
	F(C_SeedRandom, (CK_SESSION_HANDLE hSession, CK_BYTE_PTR pSeed, CK_ULONG ulSeedLen)) \
	F(C_GenerateRandom, (CK_SESSION_HANDLE hSession, CK_BYTE_PTR pRandomData, CK_ULONG ulRandomLen)) \
	F(C_GetFunctionStatus, (CK_SESSION_HANDLE hSession)) \
	F(C_CancelFunction, (CK_SESSION_HANDLE hSession)) \
	F(C_WaitForSlotEvent, (CK_FLAGS flags, CK_SLOT_ID_PTR pSlot, CK_VOID_PTR pReserved))

#define CK_FUNCTIONS_3_0(F) \
	F(C_GetInterfaceList, (CK_INTERFACE_PTR pInterfacesList, CK_ULONG_PTR pulCount)) \
	F(C_GetInterface, \
	  (CK_UTF8CHAR_PTR pInterfaceName, CK_VERSION_PTR pVersion, CK_INTERFACE_PTR_PTR ppInterface, CK_FLAGS flags)) \
	F(C_LoginUser, (CK_SESSION_HANDLE hSession, CK_USER_TYPE userType, CK_UTF8CHAR_PTR pPin, CK_ULONG ulPinLen, \
	                CK_UTF8CHAR_PTR pUsername, CK_ULONG ulUsernameLen)) \
	F(C_SessionCancel, (CK_SESSION_HANDLE hSession, CK_FLAGS flags)) \
	F(C_MessageEncryptInit, (CK_SESSION_HANDLE hSession, CK_MECHANISM_PTR pMechanism, CK_OBJECT_HANDLE hKey)) \
	F(C_EncryptMessage, (CK_SESSION_HANDLE hSession, CK_VOID_PTR pParameter, CK_ULONG ulParameterLen, \
	                     CK_BYTE_PTR pAssociatedData, CK_ULONG ulAssociatedDataLen, CK_BYTE_PTR pPlaintext, \
	                     CK_ULONG ulPlaintextLen, CK_BYTE_PTR pCiphertext, CK_ULONG_PTR pulCiphertextLen)) \
	F(C_EncryptMessageBegin, (CK_SESSION_HANDLE hSession, CK_VOID_PTR pParameter, CK_ULONG ulParameterLen, \
	                          CK_BYTE_PTR pAssociatedData, CK_ULONG ulAssociatedDataLen)) \
	F(C_EncryptMessageNext, (CK_SESSION_HANDLE hSession, CK_VOID_PTR pParameter, CK_ULONG ulParameterLen, \
	                         CK_BYTE_PTR pPlaintextPart, CK_ULONG ulPlaintextPartLen, CK_BYTE_PTR pCiphertextPart, \
	                         CK_ULONG_PTR pulCiphertextPartLen, CK_FLAGS flags)) \
	F(C_MessageEncryptFinal, (CK_SESSION_HANDLE hSession)) \
	F(C_MessageDecryptInit, (CK_SESSION_HANDLE hSession, CK_MECHANISM_PTR pMechanism, CK_OBJECT_HANDLE hKey)) \
	F(C_DecryptMessage, (CK_SESSION_HANDLE hSession, CK_VOID_PTR pParameter, CK_ULONG ulParameterLen, \
	                     CK_BYTE_PTR pAssociatedData, CK_ULONG ulAssociatedDataLen, CK_BYTE_PTR pCiphertext, \
	                     CK_ULONG ulCiphertextLen, CK_BYTE_PTR pPlaintext, CK_ULONG_PTR pulPlaintextLen)) \
	F(C_DecryptMessageBegin, (CK_SESSION_HANDLE hSession, CK_VOID_PTR pParameter, CK_ULONG ulParameterLen, \
	                          CK_BYTE_PTR pAssociatedData, CK_ULONG ulAssociatedDataLen)) \
	F(C_DecryptMessageNext, (CK_SESSION_HANDLE hSession, CK_VOID_PTR pParameter, CK_ULONG ulParameterLen, \
	                         CK_BYTE_PTR pCiphertextPart, CK_ULONG ulCiphertextPartLen, \
	                         CK_BYTE_PTR pPlaintextPart, CK_ULONG_PTR pulPlaintextPartLen, CK_FLAGS flags)) \
	F(C_MessageDecryptFinal, (CK_SESSION_HANDLE hSession)) \
	F(C_MessageSignInit, (CK_SESSION_HANDLE hSession, CK_MECHANISM_PTR pMechanism, CK_OBJECT_HANDLE hKey)) \
	F(C_SignMessage, \
	  (CK_SESSION_HANDLE hSession, CK_VOID_PTR pParameter, CK_ULONG ulParameterLen, CK_BYTE_PTR pData, \
	   CK_ULONG ulDataLen, CK_BYTE_PTR pSignature, CK_ULONG_PTR pulSignatureLen)) \
	F(C_SignMessageBegin, (CK_SESSION_HANDLE hSession, CK_VOID_PTR pParameter, CK_ULONG ulParameterLen)) \
	F(C_SignMessageNext, \
	  (CK_SESSION_HANDLE hSession, CK_VOID_PTR pParameter, CK_ULONG ulParameterLen, CK_BYTE_PTR pData, \
	   CK_ULONG ulDataLen, CK_BYTE_PTR pSignature, CK_ULONG_PTR pulSignatureLen)) \
	F(C_MessageSignFinal, (CK_SESSION_HANDLE hSession)) \
	F(C_MessageVerifyInit, (CK_SESSION_HANDLE hSession, CK_MECHANISM_PTR pMechanism, CK_OBJECT_HANDLE hKey)) \
	F(C_VerifyMessage, (CK_SESSION_HANDLE hSession, CK_VOID_PTR pParameter, CK_ULONG ulParameterLen, \
	                    CK_BYTE_PTR pData, CK_ULONG ulDataLen, CK_BYTE_PTR pSignature, CK_ULONG ulSignatureLen)) \
	F(C_VerifyMessageBegin, (CK_SESSION_HANDLE hSession, CK_VOID_PTR pParameter, CK_ULONG ulParameterLen)) \
	F(C_VerifyMessageNext, \
	  (CK_SESSION_HANDLE hSession, CK_VOID_PTR pParameter, CK_ULONG ulParameterLen, CK_BYTE_PTR pData, \
	   CK_ULONG ulDataLen, CK_BYTE_PTR pSignature, CK_ULONG ulSignatureLen)) \
	F(C_MessageVerifyFinal, (CK_SESSION_HANDLE hSession))

/* CK_C_Sign and so on: a pointer to each */
#define CK_POINTER_TO(name, parameters) typedef CK_RV(*CK_##name) parameters;
CK_FUNCTIONS_2_40(CK_POINTER_TO)
CK_FUNCTIONS_3_0(CK_POINTER_TO)
#undef CK_POINTER_TO

#define CK_MEMBER(name, parameters) CK_##name name;
struct CK_FUNCTION_LIST {
	CK_VERSION version;
	CK_FUNCTIONS_2_40(CK_MEMBER)
};

struct CK_FUNCTION_LIST_3_0 {
	CK_VERSION version;
	CK_FUNCTIONS_2_40(CK_MEMBER)
	CK_FUNCTIONS_3_0(CK_MEMBER)
};

#undef CK_MEMBER

#ifdef __cplusplus
}
#endif
#endif
