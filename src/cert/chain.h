/* SPDX-License-Identifier: BSD-2-Clause */
/* From a certificate to an anchor, and every flaw of that chain: RFC 5280 6.1 with
 * HPKI's critical policies understood. Certificate status is not looked at here. */
#ifndef INKAN_CERT_CHAIN_H
#define INKAN_CERT_CHAIN_H

#include <time.h>
#include "cert/trust.h"

enum purpose { PURPOSE_ANY, PURPOSE_LOGIN, PURPOSE_SIGN };

/* A set of bits: every reason is told, not only the first. */
enum chain_flaw {
	FLAW_NO_ISSUER = 1 << 0, /* no CA certificate of this name and key is installed */
	FLAW_NO_ANCHOR = 1 << 1, /* the chain ends at a certificate that is no anchor */
	FLAW_SIGNATURE = 1 << 2, /* a signature does not verify, or is of less than 112 bits (SHA-1, RSA 1024) */
	FLAW_CA = 1 << 3,        /* an issuer that is no CA, or may not issue this */
	FLAW_NOT_YET_VALID = 1 << 4,
	FLAW_EXPIRED = 1 << 5,  /* the certificate or a CA of its chain, at that time */
	FLAW_POLICY = 1 << 6,   /* no policy of cards/, or one that a CA above may not give */
	FLAW_USAGE = 1 << 7,    /* keyUsage, extKeyUsage or the profile do not allow the purpose */
	FLAW_CRITICAL = 1 << 8, /* an extension that is malformed, or critical and not processed */
	FLAW_TEST = 1 << 9,     /* a test-level policy (level 0) */
	FLAW_IS_CA = 1 << 10,   /* a CA certificate where a person's is asked for */
};

struct chain {
	const struct trust *trust;
	const struct cert *leaf;                 /* not owned */
	const struct trusted_ca *cas[CHAIN_MAX]; /* issuer first, owned by the trust store */
	size_t n;
	unsigned each[CHAIN_MAX + 1]; /* flaws of the leaf, then of each of cas */
	unsigned flaws;               /* all of them; of enum chain_flaw */
};

/* PURPOSE_LOGIN: digitalSignature, clientAuth where there is an extKeyUsage, and no
 * signature profile. PURPOSE_SIGN: nonRepudiation. Of several chains the first without a
 * flaw is taken, else the first that ends at an anchor, else the first. No lock, no
 * allocation but libcrypto's for a signature: may be called from many threads on one store. */
void chain_check(const struct trust *trust, const struct cert *leaf, enum purpose purpose, time_t at,
                 struct chain *out);

/* The last certificate of a chain that ends at no anchor: its issuer is not installed.
 * NULL: the chain ends at an anchor. */
const struct cert *chain_end(const struct chain *chain);

/* A short sentence, marked for gettext. */
const char *flaw_text(enum chain_flaw flaw);

/* Between trust.c and chain.c. Flaws of one certificate at any time: of its extensions, its
 * key and signature; and those that keep it from issuing certificates (6.1.4 (k), (n)). */
unsigned chain_own_flaws(const struct cert *cert);
unsigned chain_issuing_flaws(const struct cert *ca);

/* The best chain from that CA up, with the purpose and the time (0: any) of nobody below. */
void chain_of_ca(const struct trust *trust, const struct trusted_ca *ca, struct chain *out);

#endif
