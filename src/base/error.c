/* SPDX-License-Identifier: BSD-2-Clause */
#include <stddef.h>
#include "base/error.h"
#include "base/i18n.h"

static const char *const texts[] = {
	[E_OK] = N_("no error"),
	[E_ARGUMENT] = N_("an argument is not valid"),
	[E_MEMORY] = N_("out of memory"),
	[E_INTERNAL] = N_("an internal error occurred"),
	[E_NO_SERVICE] = N_("the smartcard service pcscd is not running"),
	[E_DENIED] = N_("access is denied"),
	[E_NO_READER] = N_("the card reader is not there"),
	[E_NO_CARD] = N_("there is no card in the reader"),
	[E_MUTE] = N_("the card does not answer; it may be the wrong way round"),
	[E_FOREIGN] = N_("Inkan does not support this card"),
	[E_BUSY] = N_("another program holds the card"),
	[E_TIMEOUT] = N_("the card did not answer in time"),
	[E_LINK] = N_("the connection to the card broke"),
	[E_CHANGED] = N_("the card was taken out or exchanged"),
	[E_PROTOCOL] = N_("the card's answer is not valid"),
	[E_REFUSED] = N_("the card refused the command"),
	[E_NOT_FOUND] = N_("it is not there"),
	[E_FORMAT] = N_("the data is malformed"),
	[E_TOO_LONG] = N_("the data is too long"),
	[E_UNSUPPORTED] = N_("the card cannot do that"),
	[E_SECURITY] = N_("the card needs the PIN first"),
	[E_PIN_LENGTH] = N_("the PIN has a wrong length"),
	[E_PIN_CHARACTERS] = N_("the PIN has a character that this card's PINs cannot have"),
	[E_PIN_WRONG] = N_("the PIN is wrong"),
	[E_PIN_REPEATED] = N_("the card refused this PIN before; it was not sent again"),
	[E_PIN_ELSEWHERE] = N_("this PIN was given to another card a moment ago; it was not sent to this one"),
	[E_PIN_LAST_TRY] = N_("only one try is left; it was not used"),
	[E_PIN_STALE] = N_("the PIN was changed, or a try was lost, since the login; it was not sent again"),
	[E_PIN_UNCERTAIN] = N_("the connection broke while a PIN was sent; take the card out before the next try"),
	[E_PIN_LOCKED] = N_("the PIN is locked"),
	[E_SIGNATURE] = N_("the signature does not verify"),
	[E_CANCELLED] = N_("cancelled"),
	[E_IO] = N_("a file could not be read or written"),
};

const char *error_text(enum error e)
{
	size_t i = (size_t)e;

	return i < sizeof texts / sizeof *texts && texts[i] ? texts[i] : N_("an unknown error occurred");
}
