/* SPDX-License-Identifier: BSD-2-Clause */
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
