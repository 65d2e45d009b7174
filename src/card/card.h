/* SPDX-License-Identifier: BSD-2-Clause */
/* One application of one insertion of a card, as its profile and its own
 * directories describe it, and the operations on it.
 *
 * Each function below that takes a struct card is one operation: connect, one
 * transaction that selects the application again, disconnect. An operation that
 * sends VERIFY ends with the card locked again: something else is selected, and
 * the card is powered off when that is refused. An operation whose link breaks
 * before a VERIFY was sent is repeated once if the insertion is still the
 * same; after a VERIFY it is never repeated. An operation that finds another
 * insertion than the card's answers E_CHANGED and has sent nothing. One that has
 * to wait for another program for more than a minute answers E_BUSY, one that
 * takes more than a minute or 4,096 commands E_TIMEOUT.
 *
 * A struct card has no lock: one thread at a time (the slot's lock). */
#ifndef INKAN_CARD_CARD_H
#define INKAN_CARD_CARD_H

#include "base/error.h"
#include "base/mem.h"
#include "base/tlv.h"
#include "card/reader.h"
#include "cards/profile.h"
#include "crypto/scheme.h"

#define CARD_CERTS_MAX 8
#define CARD_LABEL_MAX 64
#define CARD_ID_MAX 16
#define CARD_METHODS_MAX 16
#define CARD_PIN_MAX 64 /* longest PIN that any rule allows */
#define CARD_SERIAL_LEN 16

/* What operations on cards use. Not owned by the cards that are opened with it; it must outlive them. */
struct card_system {
	const struct reader_ops *ops;
	void *self; /* of ops */
	const struct crypto *crypto;
	void (*waiting)(const char *reader); /* called once when another program has used the card for two
	                                      * seconds; or NULL */
	bool (*gone)(void); /* asked when the card is ours, before its first command; true: E_CANCELLED; or NULL */
};

struct card_id {
	uint8_t data[CARD_ID_MAX];
	size_t len;
};

struct card_pin {
	struct pin_profile rule; /* the directory's where it has one, else the profile's */
	int tries;               /* the last value from the card, or counted from it; -1: none yet; 0: locked */
};

struct card_key {
	char label[CARD_LABEL_MAX + 1];
	struct card_id id;
	struct file_ref file;
	uint8_t reference; /* 0: the directory gives none */
	unsigned bits;
	bool user_consent;
};

struct card_cert {
	char label[CARD_LABEL_MAX + 1];
	struct card_id id;
	struct file_ref file;
	enum cert_role role;
	bool pin_protected; /* by profile, or because the card said 6982 */
	uint8_t *der;       /* exactly the certificate, padding cut off, of pages_new; NULL: not read */
	size_t der_len;
};

struct card {
	const struct profile *profile;
	const struct card_system *sys;
	char reader[READER_NAME_MAX];
	uint32_t insertion;

	char label[33];                   /* CIAInfo's, after card_read_label; "" without one */
	char model[17];                   /* profile's, or the token info file's */
	char serial[CARD_SERIAL_LEN + 1]; /* hex of a hash of its own certificate, else of
	                                   * profile->identity, else of the token info file */
	uint8_t pin_id[32];               /* identifies this PIN of this card in the gate's memory */

	struct card_pin pin;
	int login_tries; /* the counter after the last PIN typed and accepted; -1: none */
	struct card_key key;
	struct card_cert certs[CARD_CERTS_MAX]; /* own first */
	size_t n_certs;

	/* learned during this insertion */
	bool short_only;                       /* extended length was refused */
	bool extended_taken;                   /* extended length has worked */
	bool names_itself;                     /* SELECT's answer names the application */
	bool sfi_refused;                      /* short file identifiers were refused */
	bool method_refused[CARD_METHODS_MAX]; /* by index into profile->methods */
};

/* Which profile of the set fits the card in that reader: at most one SELECT per
 * application identifier (and for JPKI the file that says which certificates there are).
 * Never waits for another program. *insertion is that of the card.
 * E_OK: *profile, and the card says that its certificate is there.
 * E_FOREIGN, E_MUTE, E_NOT_FOUND (the application is there and has no
 * certificate): final for this insertion.
 * E_BUSY: another program holds the card. Other errors: try again later. */
enum error card_look(const struct card_system *sys, const char *reader, struct profile_set set, uint32_t *insertion,
                     const struct profile **profile);

/* Finds the first profile of the set that the card in that reader has and reads
 * its directories and its own certificate; where that needs the PIN, the
 * identity file instead (JPKI Signature: the authentication certificate).
 * E_FOREIGN: none; the card got one SELECT per application identifier.
 * E_NOT_FOUND: the application is there and has no certificate in it. */
enum error card_open(const struct card_system *sys, const char *reader, struct profile_set set, struct card **out);
void card_free(struct card **card); /* certificates behind a PIN are wiped */

/* Fills certs[i].der; E_OK at once when it is there. E_SECURITY: needs the PIN.
 * E_NOT_FOUND: no such file, or an empty one. */
enum error card_read_cert(struct card *card, size_t i);

/* Fills label from EF.CIAInfo; "" when there is none. */
enum error card_read_label(struct card *card);

/* Wipes and forgets the certificates that were read behind the PIN. */
void card_forget_protected(struct card *card);

/* Reads the retry counter (free of charge) into pin.tries. Nothing is sent to a
 * card that has said "locked" during this insertion. */
enum error card_tries(struct card *card);

/* Length and alphabet of a PIN by the rule. E_PIN_LENGTH, E_PIN_CHARACTERS or
 * E_OK. Sends nothing. */
enum error card_check_pin(const struct card *card, struct bytes pin);

/* VERIFY with a PIN that a person has typed, through the gate (gate.h); then the certificates behind the PIN are
 * read. After E_LINK with the VERIFY sent, the counter is read on a new connection, if there is one. */
enum error card_login(struct card *card, struct bytes pin, bool last_try_allowed);

/* The same, then CHANGE REFERENCE DATA. E_UNSUPPORTED when the profile knows no
 * command for it. */
enum error card_change_pin(struct card *card, struct bytes old_pin, bool last_try_allowed, struct bytes new_pin);

/* VERIFY through the gate with a PIN that was accepted before in this insertion, and sign. A method of the profile
 * is skipped when its form is missing in `in` or the card would pad in another way. *len: in, the room; out,
 * the signature's length. E_UNSUPPORTED: no method fits, or the card has refused every one. */
enum error card_sign(struct card *card, struct bytes pin, const struct scheme_params *params, const struct encoded *in,
                     uint8_t *signature, size_t *len);

#endif
