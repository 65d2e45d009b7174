/* SPDX-License-Identifier: BSD-2-Clause */
/* The throw-away PKI behind the virtual cards: the authorities, their CRLs, and
 * what a card is personalised with. Everything is kept in one folder and found
 * there again, so that the same person has the same card on the next run. */
#ifndef INKAN_VCARD_PKI_H
#define INKAN_VCARD_PKI_H

#include "vcard/folder.h"
#include "vcard/vcard.h"
#include "vcard/x509w.h"

enum pki_ca { /* the order of pki_cas, and that in which they are made */
	CA_ROOT,
	CA_HPKI_AUTH,
	CA_HPKI_SIGN,
	CA_HPKI_AUTH_TEST, /* these two when a test-level card is first asked for */
	CA_HPKI_SIGN_TEST,
	CA_JPKI_AUTH,
	CA_JPKI_SIGN,
	CA_SERVER,         /* for a local TLS server; no part of HPKI or JPKI */
	CA_COUNT
};

/* URL of a file of this PKI. The name never resolves (RFC 2606). */
#define PKI_URL "http://inkan-vcard.invalid/"
#define PKI_CPS PKI_URL "cps/"

struct pki_ca_row {
	const char *stem;    /* of the files */
	enum pki_ca issuer;  /* itself: self-signed */
	unsigned serial;
	struct rdn name[6];
	const char *policy;  /* NULL: none */
	const char *crl;     /* file of the CRL that its certificates name; NULL: none */
	const char *list_cn; /* CN of that CRL's distribution point under the name; NULL: by URL alone */
};

extern const struct pki_ca_row pki_cas[CA_COUNT];

/* Makes what is missing of an authority: key, certificate, CRLs; and renews its
 * CRLs daily. */
bool pki_ca_ready(struct folder *s, enum pki_ca ca);

bool pki_ca_name(enum pki_ca ca, struct buf *out);
bool pki_ca_certificate(struct folder *s, enum pki_ca ca, struct buf *der);
EVP_PKEY *pki_ca_key(struct folder *s, enum pki_ca ca);

/* The name in a CRL's distribution point: the authority's and the list's CN. */
void pki_list_name(enum pki_ca ca, const char *cn, struct rdn out[8]);

/* Puts the certificate on its authority's CRL if it is not there. */
bool pki_revoke(struct folder *s, enum pki_ca ca, const struct buf *der);

/* Writes CRLs that are missing or older than a day. */
bool pki_crls_ready(struct folder *s, enum pki_ca ca);

/* server.pem and server.key, for localhost. */
bool pki_server_ready(struct folder *s);

struct pki_identity { /* what an application is personalised with; owned */
	EVP_PKEY *key;
	struct buf certificate, issuer, root; /* DER; no root in JPKI */
};

/* The person's key and certificate: found in the folder, or made. */
bool pki_issue(struct folder *s, const struct vcard_spec *spec, enum vcard_app which, struct pki_identity *out);

/* Extensions and subject of an end entity. cps_pad: so many characters are
 * added to the CPS URI. */
bool pki_person_name(const struct vcard_spec *spec, enum vcard_app which, struct buf *out);
bool pki_person_extensions(const struct vcard_spec *spec, enum vcard_app which, EVP_PKEY *key, EVP_PKEY *ca,
                           size_t cps_pad, struct buf *out);
enum pki_ca pki_person_ca(const struct vcard_spec *spec, enum vcard_app which);

#endif
