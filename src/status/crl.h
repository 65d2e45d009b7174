/* SPDX-License-Identifier: BSD-2-Clause */
/* A certificate revocation list: parsed and its signature checked by libcrypto, the rest is RFC 5280 5 and 6.3.3.
 * Constant once made: many threads may ask. */
#ifndef INKAN_STATUS_CRL_H
#define INKAN_STATUS_CRL_H

#include <stdatomic.h>
#include <time.h>
#include <openssl/x509v3.h>
#include "cert/x509.h"

enum crl_defect {
	CRL_DELTA = 1 << 0,      /* deltaCRLIndicator: refused */
	CRL_INDIRECT = 1 << 1,   /* indirectCRL, or an entry of another issuer: refused */
	CRL_CRITICAL = 1 << 2,   /* an unknown critical extension: good is never said by it; what it
	                          * lists stays revoked */
	CRL_NO_NEXT = 1 << 3,    /* no nextUpdate: RFC 5280 5.1.2.5 */
	CRL_ATTRIBUTES = 1 << 4, /* onlyContainsAttributeCerts */
};

struct crl_entry {
	struct bytes serial; /* content octets of the INTEGER, inside der */
	time_t revoked;
	time_t invalid; /* invalidityDate, RFC 5280 5.3.2; 0: none given */
	int reason;     /* RFC 5280 5.3.1; -1: none given */
};

/* What libcrypto made of the whole is not kept: a million entries stay small. */
struct crl {
	struct bytes der;                       /* owned, as it was received */
	struct bytes tbs, algorithm, signature; /* what is signed, how; the BIT STRING's octets: inside der */
	uint8_t key[64];                        /* issuer and scope: SHA-256 of the issuer's SPKI, SHA-256 of its
	                          * IssuingDistributionPoint (of nothing without one) */
	uint8_t sha256[32];                     /* of der */
	X509_NAME *name;                        /* the issuer */
	ISSUING_DIST_POINT *point;              /* NULL without one */
	time_t this_update, next_update;        /* next_update 0: none */
	uint8_t number[20];                     /* CRLNumber, big-endian */
	size_t number_len;                      /* 0: none */
	bool only_users, only_cas;
	int only_reasons; /* onlySomeReasons as bits; -1: all */
	unsigned defects;
	struct crl_entry *entries; /* sorted by serial; of one listed twice the graver comes first */
	size_t n;
	atomic_bool verified; /* crl_check; a failure is not remembered: libcrypto may have been short of memory */
};

/* Parses. E_FORMAT. The key is that of the issuer whose list it is said to be; no word of it may be believed before
 * crl_check. */
enum error crl_parse(const struct crypto *c, struct bytes der, const uint8_t spki_sha256[32], struct crl **out);

/* RFC 5280 6.3.3 (f), (g): is it this CA's? E_NOT_FOUND: it has another name; E_SIGNATURE: not signed by this key, or
 * the CA may not sign lists. A signature is verified once: ask about the certificates of one key alone. */
enum error crl_check(struct crl *crl, const struct cert *issuer);

/* Both. */
enum error crl_open(const struct crypto *c, struct bytes der, const struct cert *issuer, struct crl **out);
void crl_free(struct crl **crl);

/* The reasons for which this list speaks about that certificate, bits by ReasonFlags, 0: it does not. Same issuer name,
 * CA or user scope, and an IDP name (if any) among the names of any distribution point of the certificate (RFC 5280
 * 6.3.3 (b), (d)). Where it was fetched from does not matter. A certificate is good when none is left. */
#define CRL_ALL_REASONS 0x1FEU
unsigned crl_reasons(const struct crl *crl, const struct cert *cert);
unsigned crl_reason_bits(const ASN1_BIT_STRING *bits);

/* May a take b's place at that time: no lower CRLNumber, no older thisUpdate, one of them later? When b has ended a
 * later thisUpdate is enough: a CA that was set up again may count from one. */
bool crl_newer(const struct crl *a, const struct crl *b, time_t at);

/* NULL: not listed. Binary search. */
const struct crl_entry *crl_find(const struct crl *crl, const struct cert *cert);

/* Of a list that the store has verified; 0: none. */
time_t crl_next_update(struct bytes der);

/* "SPKI-IDP.crl", in hexadecimal: how the store names it. */
#define CRL_NAME_SIZE 134
void crl_name(const struct crl *crl, char out[CRL_NAME_SIZE]);

#endif
