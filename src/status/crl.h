/* SPDX-License-Identifier: BSD-2-Clause */
/* A certificate revocation list: parsed and its signature checked by libcrypto,
 * judged here by RFC 5280 5 and 6.3.3. Constant once made: many threads may ask. */
#ifndef INKAN_STATUS_CRL_H
#define INKAN_STATUS_CRL_H

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
	struct bytes serial;     /* content octets of the INTEGER, inside der */
	time_t revoked;
	int reason;              /* RFC 5280 5.3.1; -1: none given */
};

/* What libcrypto made of the whole is not kept: a million entries stay small. */
struct crl {
	struct bytes der;        /* owned, as it was received */
	uint8_t key[64];         /* crl_key of it */
	X509_NAME *name;         /* the issuer */
	ISSUING_DIST_POINT *point; /* NULL without one */
	struct bytes issuer;     /* the name's DER, inside der */
	time_t this_update, next_update; /* next_update 0: none */
	uint8_t number[20];      /* CRLNumber, big-endian */
	size_t number_len;       /* 0: none */
	bool has_idp, only_users, only_cas;
	int only_reasons;        /* onlySomeReasons as bits; -1: all */
	struct bytes idp;        /* the extension's value; empty without */
	struct bytes idp_names;  /* DistributionPointName inside it; empty: every name */
	unsigned defects;
	struct crl_entry *entries; /* sorted by serial; of one listed twice the graver comes first */
	size_t n;
};

/* Parses and checks the signature with the issuer's key. E_FORMAT; E_NOT_FOUND:
 * another name's list; E_SIGNATURE: not by this key, or by one that signs no lists
 * (RFC 5280 6.3.3 (f)). */
enum error crl_open(const struct crypto *c, struct bytes der, const struct cert *issuer, struct crl **out);
void crl_free(struct crl **crl);

/* Is this list about that certificate: same issuer name, CA or user scope, and an
 * IDP name (if any) among the names of any distribution point of the certificate
 * (RFC 5280 6.3.3 (b)). Where it was fetched from does not matter. */
bool crl_covers(const struct crl *crl, const struct cert *cert);

/* The same, with the reasons for which it speaks (6.3.3 (d)): bits by ReasonFlags,
 * 0 where it does not cover. A certificate is good once all of them are. */
#define CRL_ALL_REASONS 0x1FEU
unsigned crl_reasons(const struct crl *crl, const struct cert *cert);

/* Whether a takes b's place: no lower CRLNumber, no older thisUpdate, one of them later. */
bool crl_newer(const struct crl *a, const struct crl *b);

/* NULL: not listed. Binary search. */
const struct crl_entry *crl_find(const struct crl *crl, const struct cert *cert);

/* The store's key for a list: SHA-256 of the issuer's SPKI, SHA-256 of the IDP
 * value (of nothing without one). */
enum error crl_key(const struct crypto *c, const struct cert *issuer, struct bytes idp, uint8_t out[64]);

#endif
