/* SPDX-License-Identifier: BSD-2-Clause */
/* PKCS#11 5.15, random numbers, and 5.16, parallel functions, of which these tokens
 * have none: what the standard wants them to answer. */
#include "pkcs11/functions.h"
#include "pkcs11/session.h"

static CK_RV no_random(const char *name, CK_SESSION_HANDLE session)
{
	struct call call;
	CK_RV rv = session_enter(&call, name, session);

	return call_leave(&call, rv == CKR_OK ? CKR_RANDOM_NO_RNG : rv);
}

CK_RV inkan_C_SeedRandom(CK_SESSION_HANDLE session, CK_BYTE *seed, CK_ULONG len)
{
	(void)seed;
	(void)len;
	return no_random("C_SeedRandom", session);
}

CK_RV inkan_C_GenerateRandom(CK_SESSION_HANDLE session, CK_BYTE *bytes, CK_ULONG len)
{
	(void)bytes;
	(void)len;
	return no_random("C_GenerateRandom", session);
}

CK_RV inkan_C_GetFunctionStatus(CK_SESSION_HANDLE session)
{
	(void)session;
	return CKR_FUNCTION_NOT_PARALLEL;
}

CK_RV inkan_C_CancelFunction(CK_SESSION_HANDLE session)
{
	(void)session;
	return CKR_FUNCTION_NOT_PARALLEL;
}
