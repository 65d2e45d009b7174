/* SPDX-License-Identifier: BSD-2-Clause */
/* Making signatures: a card, the documents' forms, and one PIN entry for each unless the person said how many. */
#ifndef INKAN_SIGNER_SIGNER_H
#define INKAN_SIGNER_SIGNER_H

#include <inkan-sign.h>
#include "cert/x509.h"
#include "signer/stamp.h"

/* Who signs. signer.c has the card's; tests have one with a key in memory. */
struct signer {
	const struct crypto *crypto;
	const struct cert *cert; /* the holder's, of a signature profile; RSA */
	/* RSASSA-PKCS1-v1_5 with SHA-256 over these 32 bytes; *len: in, the room; out, the length. Verified with the
	 * certificate's key before it is returned. One call is one consent. */
	enum error (*sign)(void *self, const uint8_t hash[32], uint8_t *signature, size_t *len);
	void *self;
	STACK_OF(X509) *chain;              /* CA certificates that CAdES puts beside the holder's; NULL: none */
	const struct stamp_request *stamps; /* NULL: level B */
	char why[256];                      /* after an error: a sentence for people, translated; "": error_text */
};

/* The anchors of these folders; folders NULL: those of trust_stamp_folders. */
enum error signer_stamp_trust(const struct crypto *crypto, const char *const *folders, struct stamp_trust *out);

/* A detached or enclosing CAdES signature in DER, baseline B (ETSI EN 319 122-1) or, with r.stamps, T: content-type,
 * message-digest, signing-time, ESS signing-certificate-v2 (RFC 5035); the signer's certificate and `chain` in it. */
enum error cades_sign(struct signer *s, struct bytes content, bool enclosed, struct buf *out);

/* From a CSV, or from an unsigned Document with a PrescriptionDocument, to the signed prescription; from a received
 * prescription and a CSV of what was dispensed to the signed dispensing, without changing a byte of what was signed.
 * E_FORMAT: s->why says what is wrong with the input. */
enum error prescription_sign(struct signer *s, struct bytes in, struct buf *out);
enum error dispensing_sign(struct signer *s, struct bytes prescription, struct bytes csv, struct buf *out);

/* The CSV in an unsigned Document, which is what prescription_sign signs of it; E_FORMAT: none. */
enum error prescription_csv(struct bytes document, struct buf *csv);

/* XAdES B or T: enveloped, as the last child of the root; or detached, a document of its own whose references are the
 * names of files beside it. */
enum error xades_sign_enveloped(struct signer *s, struct bytes in, struct buf *out);
enum error xades_sign_detached(struct signer *s, const struct inkan_part *files, size_t n, struct buf *out);

#endif
