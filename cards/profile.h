/* SPDX-License-Identifier: BSD-2-Clause */
/* The language in which a card is described: const data, no code.
 *
 * A profile is one application on a card, with one PIN, one key and the
 * certificates that belong to it: what PKCS#11 calls a token. Where the card
 * carries ISO/IEC 7816-15 directories they are obeyed, and what stands here is
 * what holds when they are missing or broken. doc/CARDS.md tells how to add one. */
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
	uint8_t tries;          /* what the counter says on a card in good order */
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

/* One way of asking for a signature. The list of a profile is tried in order;
 * a refusal by status word (never a broken link) moves on to the next, and the
 * one that worked is kept for the insertion. */
struct sign_way {
	enum scheme scheme;
	enum sign_input input;
	uint8_t mse_tag;        /* MSE SET DST (00 22 41 B6) with this tag and the key; 0: none */
	enum key_by key_by;     /* with an mse_tag; by reference: only where the directory gives one */
	bool select_key;        /* SELECT the key's EF: before the MSE, else after VERIFY */
	uint8_t cla, ins, p1, p2;
	uint16_t input_len;     /* exactly this many bytes; 0: any that fits */
	uint8_t salt_len;       /* of SCHEME_PSS by INPUT_HASH */
};

/* Drops the login: SELECT of something else. */
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
	bool cia;                  /* carries ISO/IEC 7816-15 directories */
	struct file_ref cia_info, od;
	struct file_ref token_info; /* JPKI's EF 0006; {0}: none */
	struct file_ref identity;   /* readable file that tells cards apart when the own certificate needs the PIN */
	struct file_ref certificates; /* JPKI's EF 0008, whose first byte is 8F when the own certificate is there;
	                             * {0}: the certificate is not doubted */
	bool wake_on_6f00;         /* the first command after power-up may fail so: send 00A40000 */
	bool extended;             /* try extended length, fall back for the insertion when refused */
	bool publish_certs;        /* CKO_PROFILE, CKP_PUBLIC_CERTIFICATES_TOKEN */
	struct pin_profile pin;
	struct key_profile key;
	const struct cert_profile *certs;
	size_t n_certs;
	const struct sign_way *ways;
	size_t n_ways;
};

extern const struct profile hpki_auth, hpki_sign, jpki_auth, jpki_sign;

/* Which profiles a module or a tool looks for, in the order of the SELECTs. */
struct profile_set {
	const struct profile *const *list;
	size_t n;
};

extern const struct profile_set profiles_auth, profiles_sign, profiles_hpki_auth, profiles_hpki_sign;

#endif
