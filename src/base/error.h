/* SPDX-License-Identifier: BSD-2-Clause */
/* The errors of everything below PKCS#11. */
#ifndef INKAN_BASE_ERROR_H
#define INKAN_BASE_ERROR_H

enum error {
	E_OK = 0,
	E_ARGUMENT, /* the caller passed what the function does not take */
	E_MEMORY,
	E_INTERNAL,   /* a library that must work did not */
	E_NO_SERVICE, /* pcscd is not running, or does not answer */
	E_DENIED,     /* pcscd, or the file system, refuses this user */
	E_NO_READER,
	E_NO_CARD,
	E_MUTE,      /* a card that gives no answer to reset */
	E_FOREIGN,   /* a card, but no profile recognises it */
	E_BUSY,      /* another program used the card for longer than we waited */
	E_TIMEOUT,   /* the card took too long, or too many commands */
	E_LINK,      /* the connection broke in the middle: pulled or reset */
	E_CHANGED,   /* the card was removed since the caller last saw it */
	E_PROTOCOL,  /* the card's answer is not valid */
	E_REFUSED,   /* the card refuses the command */
	E_NOT_FOUND, /* no such file, object or entry */
	E_FORMAT,    /* bytes that do not parse */
	E_TOO_LONG,
	E_UNSUPPORTED,    /* the card, or this software, cannot do that */
	E_SECURITY,       /* 6982: the PIN has not been verified */
	E_PIN_LENGTH,     /* never sent to the card */
	E_PIN_CHARACTERS, /* never sent to the card */
	E_PIN_WRONG,
	E_PIN_REPEATED,  /* the card has refused this PIN before: never sent */
	E_PIN_ELSEWHERE, /* the PIN was given to another card seconds ago: never sent */
	E_PIN_LAST_TRY,  /* one try is left and the settings forbid its use: never sent */
	E_PIN_STALE,     /* a PIN stored since a login, and a try has been lost since: never sent */
	E_PIN_UNCERTAIN, /* the link broke during an earlier VERIFY, and the counter cannot be read: never sent */
	E_PIN_LOCKED,
	E_SIGNATURE, /* the card's signature does not verify */
	E_CANCELLED,
	E_IO, /* a file could not be read or written */
};

/* A short English sentence without a full stop, marked for gettext (N_), for
 * logs and, translated by the caller, for people. Never NULL. */
const char *error_text(enum error e);

#endif
