/* SPDX-License-Identifier: BSD-2-Clause */
/* A module in this process on virtual cards, and what the tests need of it.
 * Failures are failed assertions of check; signatures and certificates are
 * checked with libcrypto against the card's own certificate. */
#ifndef INKAN_TESTS_RIG_H
#define INKAN_TESTS_RIG_H

#include <check.h>
#include "cards/profile.h"
#include "pkcs11/pkcs11.h"
#include "tests/vcard_reader.h"
#include "vcard/vcard.h"

extern CK_FUNCTION_LIST *p11; /* the table of 2.40 */

#define ok(call) ck_assert_uint_eq((call), CKR_OK)
#define is(call, rv) ck_assert_uint_eq((call), (rv))

/* The module shows the tokens of this set from the next C_Initialize on. */
extern struct profile_set rig_set;
void rig_profiles(struct profile_set set);

/* A reader, shown to the module, with this card in it (NULL: empty). */
struct vreader *rig_reader(const char *name, const struct vcard_spec *spec);
struct vcard *rig_card(const struct vcard_spec *spec);
void rig_spec(struct vcard_spec *spec, enum vcard_kind kind); /* vcard_spec_init, and the tests' PKI */

/* One reader with one card, C_Initialize, its slot and a session. */
struct rig {
	struct vreader *reader;
	struct vcard *card;
	enum vcard_app app;
	CK_SLOT_ID slot;
	CK_SESSION_HANDLE session;
};
void rig_start(struct rig *r, const struct vcard_spec *spec, enum vcard_app app);
void rig_stop(struct rig *r); /* C_Finalize; the reader goes */

CK_SLOT_ID rig_first_slot(void);
CK_SESSION_HANDLE rig_session(CK_SLOT_ID slot);
CK_RV rig_login(struct rig *r, CK_USER_TYPE user, const char *pin);
CK_RV rig_login_in(CK_SESSION_HANDLE session, CK_USER_TYPE user, const char *pin);
CK_FLAGS rig_token_flags(const struct rig *r);

/* The first object of a class; CK_INVALID_HANDLE when there is none. */
CK_OBJECT_HANDLE rig_find(CK_SESSION_HANDLE session, CK_OBJECT_CLASS class);
CK_OBJECT_HANDLE rig_own_certificate(CK_SESSION_HANDLE session); /* the holder's */
CK_ULONG rig_count(CK_SESSION_HANDLE session, CK_ATTRIBUTE *template, CK_ULONG n);

/* SignInit with the mechanism (PSS parameters: its hash, salt of the hash's
 * length), Sign of a fixed message or, for mechanisms that do not hash, of its
 * DigestInfo or hash. */
CK_RV rig_sign(CK_SESSION_HANDLE session, CK_MECHANISM_TYPE type, uint8_t *signature, CK_ULONG *len);

/* True when libcrypto accepts the signature that rig_sign made. */
bool rig_verifies(const struct rig *r, CK_MECHANISM_TYPE type, const uint8_t *signature, CK_ULONG len);

/* rig_sign and rig_verifies. */
CK_RV rig_sign_checked(const struct rig *r, CK_SESSION_HANDLE session, CK_MECHANISM_TYPE type);

/* True when the card refuses a signature to whoever asks now without a PIN:
 * raw APDUs, the application selected anew. */
bool rig_is_locked(const struct rig *r);

/* Another program's VERIFY: raw APDUs, the status word. */
uint16_t rig_verify_raw(const struct rig *r, const char *pin);

/* Another program's change of a JPKI card's PIN, the card locked afterwards. */
uint16_t rig_change_pin_raw(const struct rig *r, const char *old_pin, const char *new_pin);

/* CKA_VALUE, or another attribute of at most 4096 bytes; the length. */
size_t rig_get(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, uint8_t *out);

/* The token's serial number and label by the card's own certificate and kind. */
void rig_serial(const struct vcard *card, enum vcard_kind kind, enum vcard_app app, char out[17]);
bool rig_is_token(const CK_TOKEN_INFO *info, const struct vcard *card, enum vcard_kind kind, enum vcard_app app);

/* Mechanisms listed. */
bool rig_lists(CK_SLOT_ID slot, CK_MECHANISM_TYPE type);

/* The commands that the module sends from now on, to whichever reader. `call` runs
 * once, before the nth command (1: the next), or before the nth connection or after
 * it. From the nth on, `broken` commands have this outcome. */
enum rig_when { RIG_AT_COMMAND, RIG_AT_CONNECTION, RIG_AFTER_CONNECTION };

struct rig_line {
	unsigned commands, connections, ended;
	unsigned verifies, changes;       /* with a PIN in them */
	unsigned selects;
	bool verify_broken, change_broken; /* the answer to one did not come */
	unsigned changes_done;            /* that reached the card */

	void (*call)(void *arg);
	void *arg;
	enum rig_when when;
	bool called;
	unsigned nth, broken;
	enum vcard_outcome outcome;
	const char *reader;               /* NULL: of all readers */
};
void rig_line(struct rig_line *line); /* NULL: no more */

/* How often these bytes, each XOR RIG_MASK so that they are not here themselves, are
 * in the memory that this process can write to. */
enum { RIG_MASK = 0x5A };
unsigned rig_copies(const uint8_t *masked, size_t n);

/* INKAN_TEST_SAMPLE=N: one case in N, for runs that are slow (valgrind). */
unsigned rig_sample(void);

/* Runs a suite's runner and gives main's return value. */
int rig_run(Suite *suite);

#endif
