/* SPDX-License-Identifier: BSD-2-Clause */
/* The functions of the tables, under names of their own: a process may hold
 * another C_Sign (libp11-kit's, a sister module's), and ours must not be it. */
#ifndef INKAN_PKCS11_FUNCTIONS_H
#define INKAN_PKCS11_FUNCTIONS_H

#include "pkcs11/pkcs11.h"

CK_RV inkan_C_Initialize(void *arguments);
CK_RV inkan_C_Finalize(void *reserved);
CK_RV inkan_C_GetInfo_2_20(CK_INFO *info);
CK_RV inkan_C_GetInfo_2_40(CK_INFO *info);
CK_RV inkan_C_GetInfo_3_0(CK_INFO *info);

CK_RV inkan_C_GetSlotList(CK_BBOOL token_present, CK_SLOT_ID *list, CK_ULONG *count);
CK_RV inkan_C_GetSlotInfo(CK_SLOT_ID id, CK_SLOT_INFO *info);
CK_RV inkan_C_GetTokenInfo(CK_SLOT_ID id, CK_TOKEN_INFO *info);
CK_RV inkan_C_WaitForSlotEvent(CK_FLAGS flags, CK_SLOT_ID *slot, void *reserved);
CK_RV inkan_C_GetMechanismList(CK_SLOT_ID id, CK_MECHANISM_TYPE *list, CK_ULONG *count);
CK_RV inkan_C_GetMechanismInfo(CK_SLOT_ID id, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO *info);
CK_RV inkan_C_SetPIN(CK_SESSION_HANDLE session, CK_UTF8CHAR *old_pin, CK_ULONG old_len, CK_UTF8CHAR *new_pin,
                     CK_ULONG new_len);

CK_RV inkan_C_OpenSession(CK_SLOT_ID id, CK_FLAGS flags, void *application, CK_NOTIFY notify,
                          CK_SESSION_HANDLE *session);
CK_RV inkan_C_CloseSession(CK_SESSION_HANDLE session);
CK_RV inkan_C_CloseAllSessions(CK_SLOT_ID id);
CK_RV inkan_C_GetSessionInfo(CK_SESSION_HANDLE session, CK_SESSION_INFO *info);
CK_RV inkan_C_SessionCancel(CK_SESSION_HANDLE session, CK_FLAGS flags);
CK_RV inkan_C_Login(CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_UTF8CHAR *pin, CK_ULONG len);
CK_RV inkan_C_LoginUser(CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_UTF8CHAR *pin, CK_ULONG len,
                        CK_UTF8CHAR *name, CK_ULONG name_len);
CK_RV inkan_C_Logout(CK_SESSION_HANDLE session);

CK_RV inkan_C_FindObjectsInit(CK_SESSION_HANDLE session, CK_ATTRIBUTE *template, CK_ULONG count);
CK_RV inkan_C_FindObjects(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *objects, CK_ULONG room, CK_ULONG *count);
CK_RV inkan_C_FindObjectsFinal(CK_SESSION_HANDLE session);
CK_RV inkan_C_GetObjectSize(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ULONG *size);
CK_RV inkan_C_GetAttributeValue(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *template,
                                CK_ULONG count);

CK_RV inkan_C_DigestInit(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism);
CK_RV inkan_C_Digest(CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG len, CK_BYTE *digest, CK_ULONG *digest_len);
CK_RV inkan_C_DigestUpdate(CK_SESSION_HANDLE session, CK_BYTE *part, CK_ULONG len);
CK_RV inkan_C_DigestFinal(CK_SESSION_HANDLE session, CK_BYTE *digest, CK_ULONG *digest_len);

CK_RV inkan_C_SignInit(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key);
CK_RV inkan_C_Sign(CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG len, CK_BYTE *signature,
                   CK_ULONG *signature_len);
CK_RV inkan_C_SignUpdate(CK_SESSION_HANDLE session, CK_BYTE *part, CK_ULONG len);
CK_RV inkan_C_SignFinal(CK_SESSION_HANDLE session, CK_BYTE *signature, CK_ULONG *signature_len);

#endif
