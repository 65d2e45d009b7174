/* SPDX-License-Identifier: BSD-2-Clause */
/* One XML signature, as its form tells it (xades_check.c), for the checks of its certificate (xades_cert.c) and of
 * what was added to it (xades_stamp.c). */
#ifndef INKAN_SIGNER_XADES_H
#define INKAN_SIGNER_XADES_H

#include <xmlsec/xmlsec.h>
#include <xmlsec/transforms.h>
#include "signer/xml.h"

/* All that is allowed, by us and by xmlsec; NULL: it is not, or not for that use. */
enum algorithm_use { DIGEST = 1, SIGNATURE = 2, CANONICAL = 4, ENVELOPED = 8 };
struct algorithm {
	const char *uri;
	enum algorithm_use use;
	enum hash hash;
	xmlSecTransformId (*klass)(void);
};
const struct algorithm *algorithm(const xmlNode *method, unsigned uses);

struct reference {
	xmlNode *node, *target; /* target NULL: a file, or none; the document as a node: all of it */
	const char *canonical;  /* NULL: not named */
	enum hash hash;
	bool enveloped, verified;
	struct buf octets; /* that the digest is of: of a file, or for archive time stamps */
};

struct xades {
	const struct check_input *in;
	struct signature *s;
	xmlDoc *doc;
	xmlNode *signature, *info, *value, *key_info, *canonical, *method;
	xmlNode *properties, *signed_properties, *unsigned_properties; /* Qualifying…, Signed…, UnsignedSignature… */
	bool placed, countersigns; /* of a prescription, dispensing or counter-signature; of the last */
	xmlNode *document;         /* placed: the element that it must sign; NULL: there is none */
	struct reference *list;
	size_t n;
	uint64_t *work; /* octets that the references of all signatures lead to, at most */
	enum error ok;  /* the first failure: nothing is done after it */
};

static inline void add(struct xades *x, enum problem p)
{
	x->s->problems |= PROBLEM(p);
}

/* The element with that Id; NULL: none, or no "#Id". */
xmlNode *by_id(const struct xades *x, const char *uri);

/* Whether the element's base64 is that digest. */
bool is_digest(struct xades *x, const xmlNode *value, const uint8_t *digest, size_t n);

/* xml_base64; what it had no memory for is the check's failure, not the document's. */
bool read_octets(struct xades *x, const xmlNode *n, struct buf *out);

/* The certificate in the element's base64; NULL: none. */
X509 *read_x509(struct xades *x, const xmlNode *n);

/* The signer's certificate of KeyInfo, the others, and the signed reference to it. */
void read_certificates(struct xades *x);

/* Time stamps and evidence, which nobody has signed. */
bool is_archive_stamp(const xmlNode *n);
void read_unsigned(struct xades *x);

#endif
