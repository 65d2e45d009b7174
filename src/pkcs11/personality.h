/* SPDX-License-Identifier: BSD-2-Clause */
/* How the modules differ. Each module links the same core with one definition of
 * `personality`. */
#ifndef INKAN_PKCS11_PERSONALITY_H
#define INKAN_PKCS11_PERSONALITY_H

#include <stdbool.h>
#include "card/reader.h"
#include "cards/profile.h"
#include "pkcs11/pkcs11.h"

/* What the programs that use a module expect. */
struct conventions {
	const char *slot_manufacturer; /* CK_SLOT_INFO.manufacturerID */
	bool spare_slot;               /* one slot more than readers, for programs that list the slots only once */
	bool label_of_card;            /* the token's label is EF.CIAInfo's, blank without one */
	CK_FLAGS token_flags;          /* but for those of the PIN */
	bool rsa_pkcs_only;            /* only CKM_RSA_PKCS: the program hashes */
	CK_FLAGS mechanism_flags;
	bool shows_root;          /* the self-signed root is an object too */
	bool keys_and_certs_only; /* no public key, profile or hcRole objects */
	bool functions_2_20;      /* the table of 2.20 with the 21 functions of JAHIS 24-002 */
};

/* Browsers, TLS stacks and other programs for PKCS#11 2.40 or 3.0. */
extern const struct conventions conventions_inkan;

/* Japanese medical software: JAHIS 24-002, 5.2.2 and A.4. */
extern const struct conventions conventions_jahis;

struct personality {
	const char *program;     /* in the log */
	const char *description; /* CK_INFO.libraryDescription, at most 32 characters */
	const struct profile_set *profiles;
	const struct reader_ops *readers;
	const struct conventions *conventions;
};

extern const struct personality personality;

#endif
