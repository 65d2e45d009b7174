/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes certificates and CRLs (RFC 5280) byte by byte, signed sha256WithRSA:
 * the profiles of HPKI and JPKI are fixed down to the string types. */
#ifndef INKAN_VCARD_X509W_H
#define INKAN_VCARD_X509W_H

#include <time.h>
#include <openssl/evp.h>
#include "vcard/der.h"

struct rdn {
	const char *oid, *text; /* text NULL: left out; a list ends with oid NULL */
};

#define OID_CN "2.5.4.3"
#define OID_SERIAL "2.5.4.5" /* PrintableString, like ... */
#define OID_C "2.5.4.6"      /* ... this one; the others are UTF8String */
#define OID_L "2.5.4.7"
#define OID_O "2.5.4.10"
#define OID_OU "2.5.4.11"

void x_name(struct der *d, const struct rdn *rdns);

struct x_mark {
	size_t extension, value;
};

struct x_mark x_ext_open(struct der *d, const char *oid, bool critical);
void x_ext_close(struct der *d, struct x_mark m);

/* One extension each, appended to d. */
void x_authority_key(struct der *d, EVP_PKEY *key, const struct buf *name,
                     unsigned serial); /* name NULL: keyid alone */
void x_subject_key(struct der *d, EVP_PKEY *key);
void x_basic_ca(struct der *d);
void x_key_usage(struct der *d, unsigned bits);
void x_policy(struct der *d, const char *oid, const char *cps);
void x_crl_points(struct der *d, const struct rdn *directory, const char *url); /* either may be NULL */
void x_ext_usage(struct der *d, const char *oid);
void x_ocsp(struct der *d, const char *url);

/* Bits of KeyUsage. */
enum {
	X_KU_SIGNATURE = 1 << 0,
	X_KU_NONREPUDIATION = 1 << 1,
	X_KU_KEY_ENCIPHERMENT = 1 << 2,
	X_KU_CERT_SIGN = 1 << 5,
	X_KU_CRL_SIGN = 1 << 6,
};

struct x_certificate {
	const uint8_t *serial; /* big-endian, positive */
	size_t serial_len;
	const struct buf *issuer, *subject; /* Names */
	time_t from, to;
	EVP_PKEY *key;
	const struct buf *extensions;
};

/* Appends the signed object to out. */
bool x_certificate_sign(const struct x_certificate *c, EVP_PKEY *ca, struct buf *out);

struct x_crl {
	const struct buf *issuer;
	time_t from, to;
	const struct buf *entries;    /* revokedCertificates' elements */
	const struct buf *extensions;
};

bool x_crl_sign(const struct x_crl *c, EVP_PKEY *ca, struct buf *out);

void x_time(struct der *d, time_t t); /* UTCTime, from 2050 on GeneralizedTime */

#endif
