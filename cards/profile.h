/* SPDX-License-Identifier: BSD-2-Clause */
/* How a card is described: const data, no code.
 *
 * A profile is one application on a card, with one PIN, one key and the
 * certificates that belong to it: what PKCS#11 calls a token. Where the card
 * has ISO/IEC 7816-15 directories, these are used, and the profile only
 * where they are missing or broken. doc/CARDS.md says how to add one. */
#ifndef INKAN_CARDS_PROFILE_H
#define INKAN_CARDS_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct family; /* cards/family.h */

/* What an application, or a certificate, is for. */
enum use { USE_ANY, USE_AUTH, USE_SIGN };

/* How to reach an elementary file (ISO/IEC 7816-4, 7.3). 0 = not given. When
 * both are, the short identifier is tried first and the FID when refused. */
struct file_ref {
	uint16_t fid;
	uint8_t sfi; /* 1 to 30 */
};

enum pin_alphabet {
	PIN_ASCII,       /* 20 to 7E, as typed */
	PIN_DIGITS,
	PIN_UPPER_ALNUM, /* A–Z 0–9; a to z are raised before they are sent */
};

struct pin_profile {
	struct file_ref file;   /* select this EF first; {0}: none */
	uint8_t reference;      /* P2 of VERIFY */
	uint8_t min, max;       /* characters */
	uint8_t tries;          /* the counter when no try has been lost */
	uint8_t stored;         /* pad to this length; 0 = no padding */
	uint8_t pad;            /* with this byte */
	enum pin_alphabet alphabet;
	bool change;            /* CHANGE REFERENCE DATA is known (00 24 01 P2, new PIN alone) */
};

struct key_profile {
	const char *label;
	uint8_t id;             /* CKA_ID, one byte on every card seen */
	struct file_ref file;
	uint8_t reference;      /* the directory's keyReference; 0: none */
	uint16_t bits;
	bool user_consent;      /* one signature per PIN: CKA_ALWAYS_AUTHENTICATE */
};

enum cert_role { CERT_OWN, CERT_CA, CERT_ROOT };

struct cert_profile {
	const char *label;
	uint8_t id;
	struct file_ref file;
	enum cert_role role;
	bool pin_protected;     /* 6982 until the PIN has been verified: personal data */
};

enum scheme { SCHEME_PKCS1, SCHEME_PSS };

enum sign_input {
	INPUT_BLOCK,       /* the encoded message, as long as the modulus: padded here */
	INPUT_DIGEST_INFO, /* the card pads, PKCS#1 v1.5 */
	INPUT_HASH,        /* the bare hash: the card pads (RSASSA-PSS) */
};

/* How MANAGE SECURITY ENVIRONMENT names the key. */
enum key_by { KEY_BY_REFERENCE, KEY_BY_FID };

/* One method of signing. Those of a profile are tried in order; after a refusal by
 * status word (not after a broken link) the next is tried, and refused ones are left
 * out for the rest of the insertion. */
struct sign_method {
	enum scheme scheme;
	enum sign_input input;
	uint8_t mse_tag;        /* MSE SET DST (00 22 41 B6) with this tag and the key; 0: none */
	enum key_by key_by;     /* with an mse_tag; by reference: only where the directory gives one */
	bool select_key;        /* SELECT the key's EF: before the MSE, else after VERIFY */
	uint8_t cla, ins, p1, p2;
	uint16_t input_len;     /* exactly this many bytes; 0: any that fits */
	uint8_t salt_len;       /* of SCHEME_PSS by INPUT_HASH */
};

/* SELECT, of the application or, to lock the card again, of something else. */
struct select_cmd {
	uint8_t p1, p2;
	uint8_t aid[16];
	uint8_t aid_len;
	bool le;                /* an Le field is sent and an FCI expected */
};

struct profile {
	const struct family *family;
	enum use use;              /* USE_AUTH or USE_SIGN */
	const char *name;          /* "HPKI Authentication": the token's label; marked with N_ for people */
	const char *manufacturer;  /* CK_TOKEN_INFO.manufacturerID */
	const char *model;         /* NULL: from the token info file */
	struct select_cmd select;
	struct select_cmd leave;
	bool cia;                  /* has ISO/IEC 7816-15 directories */
	struct file_ref cia_info, od;
	struct file_ref token_info; /* JPKI's EF 0006; {0}: none */
	struct file_ref identity;   /* readable file that distinguishes cards when the own certificate needs the PIN */
	struct file_ref certificates; /* JPKI's EF 0008, whose first byte is 8F when the own certificate is there;
	                             * {0}: the certificate is assumed to be there */
	bool wake_on_6f00;         /* the first command after power-up may fail so: send 00A40000 */
	bool extended;             /* try extended length; when refused, short length for the rest of the insertion */
	bool publish_certs;        /* CKO_PROFILE, CKP_PUBLIC_CERTIFICATES_TOKEN */
	struct pin_profile pin;
	struct key_profile key;
	const struct cert_profile *certs;
	size_t n_certs;
	const struct sign_method *methods;
	size_t n_methods;
};

extern const struct profile hpki_auth, hpki_sign, jpki_auth, jpki_sign;

/* Which profiles a module or a tool looks for, in the order of the SELECTs. */
struct profile_set {
	const struct profile *const *list;
	size_t n;
};

extern const struct profile_set profiles_auth, profiles_sign, profiles_hpki_auth, profiles_hpki_sign;

#endif
