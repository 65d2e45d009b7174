/* SPDX-License-Identifier: BSD-2-Clause */
#include <stddef.h>
#include "pkcs11/ckr.h"

/* Errors without a row are CKR_DEVICE_ERROR and do not end the login. */
static const struct {
	CK_RV rv;
	bool ends_login;
} rows[] = {
	[E_MEMORY] = {CKR_HOST_MEMORY, false},
	[E_NO_SERVICE] = {CKR_TOKEN_NOT_PRESENT, true},
	[E_NO_READER] = {CKR_TOKEN_NOT_PRESENT, true},
	[E_NO_CARD] = {CKR_TOKEN_NOT_PRESENT, true},
	[E_MUTE] = {CKR_TOKEN_NOT_RECOGNIZED, false},
	[E_FOREIGN] = {CKR_TOKEN_NOT_RECOGNIZED, false},
	[E_TIMEOUT] = {CKR_DEVICE_ERROR, true},
	[E_LINK] = {CKR_DEVICE_ERROR, true},
	[E_CHANGED] = {CKR_TOKEN_NOT_PRESENT, true},
	[E_SECURITY] = {CKR_USER_NOT_LOGGED_IN, true},
	[E_PIN_LENGTH] = {CKR_PIN_LEN_RANGE, false},
	[E_PIN_CHARACTERS] = {CKR_PIN_INVALID, false},
	[E_PIN_WRONG] = {CKR_PIN_INCORRECT, false},
	[E_PIN_REPEATED] = {CKR_PIN_INCORRECT, false},
	[E_PIN_ELSEWHERE] = {CKR_PIN_INCORRECT, false},
	/* PIN_LOCKED would send people to the municipal office, and on PIN_INCORRECT some programs ask for ever */
	[E_PIN_LAST_TRY] = {CKR_FUNCTION_REJECTED, false},
	[E_PIN_STALE] = {CKR_USER_NOT_LOGGED_IN, true},
	[E_PIN_UNCERTAIN] = {CKR_DEVICE_ERROR, true},
	[E_PIN_LOCKED] = {CKR_PIN_LOCKED, true},
	[E_CANCELLED] = {CKR_CRYPTOKI_NOT_INITIALIZED, true}, /* C_Finalize was called meanwhile */
};

#define N_ROWS (sizeof rows / sizeof *rows)

CK_RV ckr_of_card(enum error e)
{
	if (e == E_OK)
		return CKR_OK;
	return (size_t)e < N_ROWS && rows[e].rv != CKR_OK ? rows[e].rv : CKR_DEVICE_ERROR;
}

CK_RV ckr_of_session(enum error e)
{
	CK_RV rv = ckr_of_card(e);

	if (rv == CKR_TOKEN_NOT_RECOGNIZED)
		return CKR_DEVICE_ERROR; /* it was recognised when the session was opened */
	return rv == CKR_TOKEN_NOT_PRESENT ? CKR_DEVICE_REMOVED : rv;
}

bool ends_login(enum error e)
{
	return (size_t)e < N_ROWS && rows[e].ends_login;
}

/* clang-format off */
#define NAME(ckr) {ckr, #ckr}

static const struct {
	CK_RV rv;
	const char *name;
} names[] = {
	NAME(CKR_OK), NAME(CKR_HOST_MEMORY), NAME(CKR_SLOT_ID_INVALID), NAME(CKR_GENERAL_ERROR),
	NAME(CKR_FUNCTION_FAILED), NAME(CKR_ARGUMENTS_BAD), NAME(CKR_NO_EVENT), NAME(CKR_CANT_LOCK),
	NAME(CKR_ATTRIBUTE_SENSITIVE), NAME(CKR_ATTRIBUTE_TYPE_INVALID), NAME(CKR_DATA_LEN_RANGE),
	NAME(CKR_DEVICE_ERROR), NAME(CKR_DEVICE_REMOVED), NAME(CKR_FUNCTION_NOT_SUPPORTED),
	NAME(CKR_KEY_HANDLE_INVALID), NAME(CKR_KEY_SIZE_RANGE), NAME(CKR_MECHANISM_INVALID),
	NAME(CKR_MECHANISM_PARAM_INVALID), NAME(CKR_OBJECT_HANDLE_INVALID), NAME(CKR_OPERATION_ACTIVE),
	NAME(CKR_OPERATION_NOT_INITIALIZED), NAME(CKR_PIN_INCORRECT), NAME(CKR_PIN_INVALID),
	NAME(CKR_PIN_LEN_RANGE), NAME(CKR_PIN_LOCKED), NAME(CKR_SESSION_CLOSED), NAME(CKR_SESSION_HANDLE_INVALID),
	NAME(CKR_SESSION_PARALLEL_NOT_SUPPORTED), NAME(CKR_SESSION_READ_ONLY), NAME(CKR_TOKEN_NOT_PRESENT),
	NAME(CKR_TOKEN_NOT_RECOGNIZED), NAME(CKR_USER_ALREADY_LOGGED_IN), NAME(CKR_USER_NOT_LOGGED_IN),
	NAME(CKR_USER_TYPE_INVALID), NAME(CKR_RANDOM_NO_RNG), NAME(CKR_BUFFER_TOO_SMALL),
	NAME(CKR_CRYPTOKI_NOT_INITIALIZED), NAME(CKR_CRYPTOKI_ALREADY_INITIALIZED), NAME(CKR_FUNCTION_REJECTED),
};
/* clang-format on */

const char *ckr_name(CK_RV rv)
{
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (names[i].rv == rv)
			return names[i].name;
	return "another CKR";
}
