/* SPDX-License-Identifier: BSD-2-Clause */
/* The trust store: CA certificates that the user or the packager has installed.
 * A self-signed one is an anchor. The others help to build chains and are
 * trusted only through an anchor; each has been checked against its issuers when
 * the store was opened. Nothing is compiled in. */
#ifndef INKAN_CERT_TRUST_H
#define INKAN_CERT_TRUST_H

#include <stdbool.h>
#include "cert/x509.h"

#define CHAIN_MAX 10  /* CA certificates in a chain: eight CAs, and two of a change of keys */
#define SIGNERS_MAX 8 /* keys that sign the revocation lists of one CA */

struct trusted_ca {
	struct cert *cert;
	const struct trusted_ca **issuers; /* whose keys signed it; an anchor has none */
	size_t n_issuers;
	const struct trusted_ca *issuer; /* the next of its best chain; NULL: the chain ends here */
	const struct trusted_ca *top;    /* the anchor of that chain; NULL: it has none */
	bool anchor;
	bool sound;           /* the chain has no flaw, and it may issue certificates */
	bool signs_lists;     /* the same without the latter: a key for revocation lists alone, too */
	unsigned own;         /* flaws of enum chain_flaw that this certificate has at any time */
	unsigned flaws;       /* of the chain, but for time */
	char (*policies)[64]; /* of its certificatePolicies, dotted */
	size_t n_policies;
	uint8_t spki_sha256[32];
	char *file; /* where it lies; "" for one that was handed in */
};

struct passed_over { /* a file or a folder that is not used */
	char *path;
	enum error why; /* E_DENIED: others may write it; E_UNSUPPORTED: no CA's certificate in it … */
};

struct trust {
	const struct crypto *crypto;
	struct trusted_ca **list; /* constant once the store is open: many threads may read */
	size_t n;
	struct passed_over *passed;
	size_t n_passed;
};

/* What a store takes: a CA's certificate, or that of a key for revocation lists alone, which needs no
 * BasicConstraints (RFC 5280 6.3.3 (f)). */
bool trust_takes(const struct cert *cert);

/* Reads every .pem, .crt, .cer and .der of these folders (in this order; missing
 * folders are no error). A file that another user may write, or that does not
 * parse, is logged, noted and passed over; so is a certificate that is no CA's. The
 * context must live as long as the store. The folders of this system and this user:
 * trust_folders (the user's not in a set-user-id program). */
enum error trust_open(const struct crypto *crypto, const char *const *folders, size_t n, struct trust **out);
void trust_free(struct trust **trust);

/* The same of certificates in memory (copied), as if they had been installed. */
enum error trust_of(const struct crypto *crypto, const struct cert *const *cas, size_t n, struct trust **out);

/* All of base's (NULL: none), and CA certificates that came with a card, a document or a
 * TLS handshake (copied): these help to build chains and are never anchors. What is no
 * CA's is ignored. */
enum error trust_with(const struct crypto *crypto, const struct trust *base, const struct cert *const *more, size_t n,
                      struct trust **out);

/* Why something is passed over: a short sentence, marked for gettext. */
const char *passed_over_text(enum error why);

/* SYSCONFDIR/inkan/anchors and $XDG_DATA_HOME/inkan/anchors, or what inkan.conf says.
 * Returns how many; 0: inkan.conf could not be read, and may say otherwise. */
size_t trust_folders(char folders[2][4096]);

/* The same for time stamp authorities, whose anchors vouch for nobody else: the folder tsa in each. */
size_t trust_stamp_folders(char folders[2][4096]);

/* The next of the CAs that signed this certificate: by name, by key identifier where both
 * have one (RFC 5280 4.2.1.1; one DN may have several keys), and by signature. NULL: no more. */
struct issuers {
	size_t next; /* all 0 to begin with */
	unsigned tried;
	bool named; /* one had the name, and did not sign it */
};
const struct trusted_ca *trust_next_issuer(const struct trust *trust, const struct cert *cert, struct issuers *at);

/* Whose keys may sign lists about what that CA has issued (RFC 5280 6.3.3 (f)): itself,
 * then certificates of the same name below the same anchor, of each key one. crl_open
 * looks for cRLSign. Returns how many. */
size_t trust_signers(const struct trust *trust, const struct trusted_ca *ca, const struct trusted_ca *out[SIGNERS_MAX]);

#endif
