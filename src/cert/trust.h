/* SPDX-License-Identifier: BSD-2-Clause */
/* The trust store: CA certificates that the user or the packager has installed.
 * A self-signed one is an anchor. The others help to build chains and are
 * trusted only through an anchor; each has been checked against its issuer when
 * the store was opened. Nothing is compiled in. */
#ifndef INKAN_CERT_TRUST_H
#define INKAN_CERT_TRUST_H

#include <stdbool.h>
#include "cert/x509.h"

#define TRUST_DEPTH_MAX 4 /* CA certificates in a chain, the anchor with them */

struct trusted_ca {
	struct cert *cert;
	struct trusted_ca *issuer; /* NULL: an anchor, or one whose chain ends nowhere */
	bool anchor;
	bool sound;                /* its signatures lead to an anchor, and it may issue certificates
	                            * (RFC 5280 6.1.4: BasicConstraints, path length, keyCertSign) */
	unsigned flaws;            /* of enum chain_flaw, its own and those above it, but for time */
	bool constrained;          /* nameConstraints, policyConstraints, policyMappings or inhibitAnyPolicy
	                            * in its chain: libcrypto is asked about each certificate below */
	char (*policies)[64];      /* of its certificatePolicies, dotted */
	size_t n_policies;
	uint8_t spki_sha256[32];
	char *file;                /* where it lies; "" for one that was handed in */
};

struct passed_over {               /* a file or a folder that does not count */
	char *path;
	enum error why;            /* E_DENIED: others may write it; E_UNSUPPORTED: no CA's certificate in it … */
};

struct trust {
	const struct crypto *crypto;
	struct trusted_ca **list;  /* constant once the store is open: many threads may read */
	size_t n;
	struct passed_over *passed;
	size_t n_passed;
};

/* Reads every .pem, .crt, .cer and .der of these folders (in this order; missing
 * folders are no error). A file that another user may write, or that does not
 * parse, is logged, noted and passed over; so is a certificate that is no CA's. The
 * context must live as long as the store. The folders of this system and this user:
 * trust_folders (the user's not in a set-user-id program). */
enum error trust_open(const struct crypto *crypto, const char *const *folders, size_t n, struct trust **out);
void trust_free(struct trust **trust);

/* A store of the caller's own CA certificates (copied). Without a base those of
 * them that are self-signed are anchors; over a base they help to build chains
 * only: they may have come with the certificate that is to be judged. */
enum error trust_with(const struct crypto *crypto, const struct trust *base, const struct cert *const *more,
                      size_t n, struct trust **out);

/* Why something is passed over: a short sentence, marked for gettext. */
const char *passed_over_text(enum error why);

/* SYSCONFDIR/inkan/anchors and $XDG_DATA_HOME/inkan/anchors, or what inkan.conf says.
 * Returns how many. */
size_t trust_folders(char folders[2][4096]);

/* The CA that signed this certificate: by name, by key identifier where both
 * have one (RFC 5280 4.2.1.1; one DN may have several keys), and by signature.
 * NULL: not here. */
const struct trusted_ca *trust_issuer(const struct trust *trust, const struct cert *cert);

#endif
