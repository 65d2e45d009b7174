/* SPDX-License-Identifier: BSD-2-Clause */
/* A family: the cards of one scheme, of all issuers. Other code uses the members of
 * this row and never asks which family it is. Texts for people are marked
 * with N_ and shown through _. doc/CARDS.md says how to add a family. */
#ifndef INKAN_CARDS_FAMILY_H
#define INKAN_CARDS_FAMILY_H

#include "base/i18n.h"
#include "cards/profile.h"

/* What a certificate is by its policy. The numbers are those of CKA_INKAN_PROFILE
 * and of inkan.h, and never change. */
enum cert_kind {
	CERT_UNKNOWN = 0,
	CERT_HPKI_SIGN = 1,
	CERT_HPKI_AUTH_PERSON = 2,
	CERT_HPKI_AUTH_ORGANISATION = 3,
	CERT_JPKI_AUTH = 4,
	CERT_JPKI_SIGN = 5,
};

/* A certificate policy (RFC 5280 4.2.1.4) and the kind of certificate that states it. */
struct policy_profile {
	const struct family *family;
	const char *oid;            /* dotted, with a dot at its end: OIDs that begin so are of this kind */
	bool has_level;             /* exactly <level>.<version> follows; level 0 is for tests */
	enum cert_kind kind;
	const char *word;           /* in JSON: "hpki-sign"; never changes */
	const char *text, *ca_text; /* N_: an end entity's, a CA's */
	enum use use;               /* USE_SIGN: no login, whatever its key usage says */
	bool person_in_san;         /* name, address, birth date, as cert/jpki_san.h reads them */
};

/* A CA whose certificate has been published, with a name for people. It is not trusted
 * for being listed here. */
struct known_ca {
	const char *sha256;         /* of the certificate, hexadecimal, small letters */
	const char *name;           /* N_ */
	enum use use;               /* USE_SIGN: it issues no certificates for logins */
	const char *published;      /* the site of who publishes it */
};

struct family {
	const char *word;           /* what `card =` in the settings takes: "hpki", as in families.c; never changes */
	const char *name;           /* N_("HPKI card") */
	const char *pin_office;     /* N_, a sentence: who sets a new PIN */
	const char *renewal;        /* N_, a sentence: who renews the certificates */
	bool personal;              /* certificates are never logged, never shown unasked */
	bool lists_closed;          /* revocation lists are for registered verifiers only */
	struct profile_set profiles;
	const struct policy_profile *policies;
	size_t n_policies;
	const struct known_ca *cas;
	size_t n_cas;
};

/* All of them; NULL after the last. */
extern const struct family *const families[];

#endif
