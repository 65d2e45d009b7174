/* SPDX-License-Identifier: BSD-2-Clause */
#include <stddef.h>
#include "pkcs11/ckr.h"

CK_RV ckr_of_card(enum error e)
{
	switch (e) {
	case E_OK:
		return CKR_OK;
	case E_MEMORY:
		return CKR_HOST_MEMORY;
	case E_NO_SERVICE:
	case E_NO_READER:
	case E_NO_CARD:
	case E_CHANGED:
		return CKR_TOKEN_NOT_PRESENT;
	case E_FOREIGN:
	case E_MUTE:
		return CKR_TOKEN_NOT_RECOGNIZED;
	case E_SECURITY:
	case E_PIN_STALE:
		return CKR_USER_NOT_LOGGED_IN;
	case E_PIN_LENGTH:
		return CKR_PIN_LEN_RANGE;
	case E_PIN_CHARACTERS:
		return CKR_PIN_INVALID;
	case E_PIN_WRONG:
	case E_PIN_REPEATED:
	case E_PIN_ELSEWHERE:
		return CKR_PIN_INCORRECT;
	case E_PIN_LOCKED:
		return CKR_PIN_LOCKED;
	case E_PIN_LAST_TRY:
		/* PIN_LOCKED would send people to the town hall, and on
		 * PIN_INCORRECT some programs ask for ever. */
		return CKR_FUNCTION_REJECTED;
	case E_CANCELLED:
		return CKR_CRYPTOKI_NOT_INITIALIZED; /* C_Finalize was called meanwhile */
	default:
		return CKR_DEVICE_ERROR;
	}
}

CK_RV ckr_of_session(enum error e)
{
	CK_RV rv = ckr_of_card(e);

	if (rv == CKR_TOKEN_NOT_RECOGNIZED)
		return CKR_DEVICE_ERROR; /* it was recognised before */
	return rv == CKR_TOKEN_NOT_PRESENT ? CKR_DEVICE_REMOVED : rv;
}

bool ends_login(enum error e)
{
	switch (e) {
	case E_LINK:
	case E_TIMEOUT:
	case E_CHANGED:
	case E_NO_CARD:
	case E_NO_READER:
	case E_NO_SERVICE:
	case E_SECURITY:
	case E_CANCELLED:
	case E_PIN_LOCKED:
	case E_PIN_STALE:
	case E_PIN_UNCERTAIN:
		return true;
	default:
		return false;
	}
}

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

const char *ckr_name(CK_RV rv)
{
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (names[i].rv == rv)
			return names[i].name;
	return "a CKR without a name";
}
