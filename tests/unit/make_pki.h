/* SPDX-License-Identifier: BSD-2-Clause */
/* A PKI in folders, by libcrypto alone, and what libinkan decides about one of its
 * certificates: by inkan.h and the shared library, as any program would. */
#ifndef INKAN_TESTS_MAKE_PKI_H
#define INKAN_TESTS_MAKE_PKI_H

#include <inkan.h>
#include <stdbool.h>
#include <time.h>
#include <openssl/x509.h>

#define PKI_MAX 200
#define PKI_END (-1)

/* One certificate. Keys are numbers, EC keys of the process. */
struct pki_cert {
	const char *subject, *issuer; /* CN; C=JP stands before it */
	int key, signer;
	const char *exts;             /* lines of an OpenSSL configuration; key identifiers are added */
	time_t from, to;              /* 0: two years before and after pki.at */
	bool no_key_ids;
	const char *aki_issuer;       /* its key identifier names the issuer's certificate, too: serial number 1 of that CN */
};

struct pki_list {
	const char *issuer;
	int signer;
	time_t from, to;              /* 0: an hour before pki.at, four days after */
	const char *exts;
	const struct pki_entry {
		long serial;          /* of pki.x509[i]: i + 1; 0: no more */
		time_t revoked;
		int reason;           /* RFC 5280 5.3.1; 0: none given */
		time_t invalidity;    /* 0: none */
	} entries[4];
};

extern struct pki {
	char folder[64];
	time_t at;                    /* a full minute, at most one ago */
	X509 *x509[PKI_MAX];
	size_t length;                /* of the chain that was decided on last, certificates */
	size_t refused;               /* how often lists that came along with it were: malformed, or not signed by their CA */
} pki;

void pki_start(void);                 /* makes the folder, sets `at` */
void pki_stop(void);
void pki_make(size_t i, const struct pki_cert *spec); /* its serial number is i + 1 */
void pki_install(const char *folder, size_t i);       /* as an anchor or another CA, FOLDER/i.pem */
void pki_publish(const char *folder, const struct pki_list *list); /* into FOLDER/crl */
const char *pki_path(const char *folder);             /* the folder's whole name; of one call at a time */

/* "4 usage,expired": the verdict and every reason. */
const char *pki_decide(const char *anchors, const char *const *lists, size_t cert, const struct inkan_rules *rules);

/* The same with what came along with the certificate. */
struct pki_evidence {
	int certs[4];         /* ends with PKI_END, or is full */
	const char *lists[2]; /* folders of pki_publish; ends with NULL, or is full */
};
const char *pki_decide_with(const char *anchors, const char *const *lists, const struct pki_evidence *came, size_t cert,
                            const struct inkan_rules *rules);

#endif
