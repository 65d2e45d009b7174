/* SPDX-License-Identifier: BSD-2-Clause */
/* A signed document, as its bytes tell it: the signatures in it, what each of them covers, and what is wrong with
 * them. cms_check.c and xades_check.c find it; check.c adds certificates, status and time stamps' authorities. */
#ifndef INKAN_SIGNER_DOCUMENT_H
#define INKAN_SIGNER_DOCUMENT_H

#include <stdbool.h>
#include <openssl/cms.h>
#include "base/mem.h"
#include "base/tlv.h"
#include "crypto/crypto.h"

#define DOCUMENT_MAX ((size_t)64 << 20)
#define ENCLOSED_MAX ((size_t)63 << 20) /* of a CMS made here: certificates, signature and time stamp come to it */
#define DOCUMENT_SIGNATURES_MAX 32

/* Sets of these are bits, PROBLEM(x). Each has a row in document.c: its word and a sentence. What it means for the
 * signature is told by its place: those from PROBLEM_NO_CONTENT on decide nothing, those from PROBLEM_STAMP_ANCHOR on
 * are told and change nothing. */
enum problem {
	/* of the whole document; it was not looked at any further */
	PROBLEM_TOO_LONG, /* DOCUMENT_MAX, 256 levels of elements, or another limit of those in inkan-sign(1) */
	PROBLEM_FORM,     /* no XML, no DER, or something behind it */
	PROBLEM_ENCODING,
	PROBLEM_DOCTYPE,      /* a document type declaration, and with it entities */
	PROBLEM_ID_TWICE,     /* two elements of one Id */
	PROBLEM_NOT_SIGNED,   /* a document without a signature */
	PROBLEM_NOT_COMPLETE, /* a signature that covers nothing of its document */
	/* of one signature: refused before a library verifies it */
	PROBLEM_STRUCTURE,   /* an element or attribute that must be there is not, or is there twice */
	PROBLEM_ALGORITHM,   /* MD5, SHA-1, HMAC, or one that is not known */
	PROBLEM_TRANSFORM,   /* other than canonical forms and enveloped-signature */
	PROBLEM_PREFIX_LIST, /* of an exclusive canonical form: prefixes that are not declared, or no list */
	PROBLEM_EXTERNAL,    /* a reference that leaves the document */
	PROBLEM_REFERENCE,   /* a reference to another element than its place in the document has it */
	PROBLEM_NO_CERTIFICATE,
	PROBLEM_SIGNING_CERTIFICATE, /* the signed reference to the certificate is absent, or of another one */
	PROBLEM_MANIFEST,            /* a file name that leaves the document's folder */
	/* … what does not verify */
	PROBLEM_DIGEST,    /* what is covered was changed */
	PROBLEM_SIGNATURE, /* the signature's value */
	PROBLEM_STAMP,     /* a time stamp: its form, signature, imprint, certificate or use */
	/* … what inkan_check.c finds about the certificate */
	PROBLEM_CHAIN,
	PROBLEM_REVOKED,
	PROBLEM_VALIDITY,
	PROBLEM_TEST,
	PROBLEM_NO_ROLE,
	/* … what cannot be decided */
	PROBLEM_NO_CONTENT, /* a detached signature, without its content */
	PROBLEM_NO_FILE,    /* a file of the manifest is not there */
	PROBLEM_ELSEWHERE,  /* a reference to an element of which no profile says whether it is the right one */
	PROBLEM_NO_ANCHOR,
	PROBLEM_REVOKED_LATER, /* before anything proves that the signature was there: it may be older */
	PROBLEM_EXPIRED,       /* as PROBLEM_REVOKED_LATER */
	PROBLEM_NO_STATUS,
	/* … what is told and changes nothing */
	PROBLEM_STAMP_ANCHOR,   /* no path to an installed anchor of time stamp authorities */
	PROBLEM_STAMP_VALIDITY, /* its certificate was not valid, or revoked, at the time that counts */
	PROBLEM_ISSUER_SERIAL,  /* malformed beside a right certificate digest */
	PROBLEM_NOT_RECOMPUTED, /* an archive time stamp whose imprint no known order gives */
	PROBLEM_CLAIMED_TIME, /* claimed later than the time stamp or than now, or outside the certificate's validity */
	PROBLEM_COUNT
};

#define PROBLEM(p) (UINT64_C(1) << (p))
#define PROBLEMS_DECIDING (PROBLEM(PROBLEM_STAMP_ANCHOR) - 1) /* all but those that are told and change nothing */

enum outcome { OUTCOME_VALID, OUTCOME_UNDECIDED, OUTCOME_INVALID };

const char *problem_word(enum problem p); /* never changes: inkan(1) lists them */
const char *problem_text(enum problem p); /* a sentence without a full stop, marked for gettext */
enum outcome problem_outcome(enum problem p);

/* Of a set the k-th problem, from 0, those that decide most first; PROBLEM_COUNT after the last. And what it means. */
enum problem problem_at(uint64_t set, size_t k);
enum outcome outcome_of(uint64_t set);

/* A time stamp (RFC 3161) on a signature. */
struct stamp {
	bool archive;          /* on the signature and all evidence before it; else on the signature's value */
	CMS_ContentInfo *cms;  /* owned; NULL: none that can be read */
	int64_t time;          /* genTime */
	X509 *authority;       /* owned; the certificate that signed it; NULL: not in the token */
	char *name;            /* of free; its subject, written by inkan_check; NULL */
	STACK_OF(X509) *certs; /* owned: those of the token and of its validation data */
	STACK_OF(X509_CRL) *crls;
	uint64_t problems; /* PROBLEM_STAMP … */
	const char *why;   /* what PROBLEM_STAMP means here, marked for gettext; NULL: nothing */
};

/* Texts of a signature: names of elements and files, and sentences. */
struct texts {
	char **list; /* owned; each of malloc */
	size_t n;
};
enum error texts_add(struct texts *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

struct signature {
	const char *form;         /* "CAdES", "XAdES", "CMS": not translated */
	const char *what;         /* the profile, as inkan-sign.h has it: not translated */
	struct buf cert;          /* DER of the signer's certificate; len 0: none */
	STACK_OF(X509) *certs;    /* owned: other certificates of the document */
	STACK_OF(X509_CRL) *crls; /* owned */
	int64_t claimed;          /* the time that the signer claims; 0: none */
	struct stamp *stamps;     /* of calloc: an archive time stamp is of those before it */
	size_t n_stamps;
	struct texts covered, not_covered; /* for people, translated */
	uint64_t problems;
};

struct document {
	struct signature *list; /* of calloc, up to DOCUMENT_SIGNATURES_MAX */
	size_t n;
	uint64_t problems;  /* of the whole document */
	struct buf content; /* what an enclosing CMS encloses, or a prescription's CSV; len 0: none */
};
void document_free(struct document *d);

/* The next signature of the document, zeroed, or NULL: no memory, or too many (then PROBLEM_TOO_LONG). */
struct signature *document_add(struct document *d, const char *form, const char *what);

struct check_input {
	const struct crypto *crypto;
	struct bytes data;
	struct bytes content; /* of a detached CMS signature; data NULL: not given */
	const char *folder;   /* in which files of a manifest and detached references are looked for; NULL: nowhere */
};

/* E_OK also for a document that is refused: its problems say so. E_UNSUPPORTED: not of this form at all (cms_check: no
 * CMS; xades_check: no XML). E_MEMORY, E_INTERNAL. */
typedef enum error check_function(const struct check_input *in, struct document *out);
check_function cms_check, xades_check;

/* Of what was made here: everything that speaks against it to a checker who does not know how it was made, and
 * PROBLEM_STRUCTURE if there is no signature of that profile with so many time stamps. `known`: is expected of it; of
 * other signatures only what decides counts. 0: nothing. */
enum error document_prove(check_function *check, const struct check_input *in, const char *what, size_t n_stamps,
                          uint64_t known, uint64_t *problems);

#endif
