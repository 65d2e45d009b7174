/* SPDX-License-Identifier: BSD-2-Clause */
/* sign MODULE ID PIN SIGNATURES: what a program does that signs in: lists slots and
 * tokens, reads the certificate with that CKA_ID from the first token, logs in and signs. */
#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "pkcs11/pkcs11.h"

static CK_FUNCTION_LIST *p11;

static void must(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "sign: %s\n", what);
	exit(1);
}

static CK_OBJECT_HANDLE find(CK_SESSION_HANDLE session, CK_OBJECT_CLASS class, CK_BYTE id)
{
	CK_ATTRIBUTE template[] = {{CKA_CLASS, &class, sizeof class}, {CKA_ID, &id, 1}};
	CK_OBJECT_HANDLE found = 0;
	CK_ULONG n = 0;

	must(p11->C_FindObjectsInit(session, template, 2) == CKR_OK &&
	     p11->C_FindObjects(session, &found, 1, &n) == CKR_OK && n == 1 &&
	     p11->C_FindObjectsFinal(session) == CKR_OK, "no such object");
	return found;
}

static void sign(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key)
{
	CK_MECHANISM mechanism = {CKM_SHA256_RSA_PKCS, NULL, 0};
	CK_BYTE signature[512];
	CK_ULONG len = sizeof signature;

	must(p11->C_SignInit(session, &mechanism, key) == CKR_OK &&
	     p11->C_Sign(session, (CK_BYTE *)"A referral letter.", 18, signature, &len) == CKR_OK && len == 256, "C_Sign");
}

int main(int argc, char **argv)
{
	void *module = argc == 5 ? dlopen(argv[1], RTLD_NOW) : NULL;
	CK_C_GetFunctionList get;
	CK_SESSION_HANDLE session;
	CK_BYTE value[8192], id;
	CK_ATTRIBUTE a = {CKA_VALUE, value, sizeof value};
	CK_SLOT_ID slots[32];
	CK_TOKEN_INFO info;
	CK_ULONG n = 32;

	must(module != NULL, "MODULE ID PIN SIGNATURES");
	id = (CK_BYTE)strtoul(argv[2], NULL, 16);
	*(void **)&get = dlsym(module, "C_GetFunctionList");
	must(get && get(&p11) == CKR_OK && p11->C_Initialize(NULL) == CKR_OK, "C_Initialize");
	must(p11->C_GetSlotList(CK_TRUE, slots, &n) == CKR_OK && n > 0, "C_GetSlotList");
	for (CK_ULONG i = 0; i < n; i++)
		must(p11->C_GetTokenInfo(slots[i], &info) == CKR_OK, "C_GetTokenInfo");
	must(p11->C_OpenSession(slots[0], CKF_SERIAL_SESSION, NULL, NULL, &session) == CKR_OK, "C_OpenSession");
	must(p11->C_GetAttributeValue(session, find(session, CKO_CERTIFICATE, id), &a, 1) == CKR_OK, "the certificate");
	must(p11->C_Login(session, CKU_USER, (CK_BYTE *)argv[3], strlen(argv[3])) == CKR_OK, "C_Login");
	for (int i = atoi(argv[4]); i > 0; i--)
		sign(session, find(session, CKO_PRIVATE_KEY, id));
	must(p11->C_Finalize(NULL) == CKR_OK, "C_Finalize");
	return 0;
}
