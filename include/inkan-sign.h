/* SPDX-License-Identifier: BSD-2-Clause */
/* libinkan: documents signed with the signature key of an HPKI card, and the check of signed documents. The rules of
 * inkan.h hold. See inkan_sign(3) and inkan_check(3). */
#ifndef INKAN_SIGN_H
#define INKAN_SIGN_H

#include <inkan.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Signing */

struct inkan_signer; /* a card and its signature certificate: one thread at a time */

/* A PIN is asked for: the token's name, how many tries are left (-1: not known), how long it may be. Writes the PIN
 * without a NUL and returns its length; -1: cancelled, nothing is signed. The memory is locked, wiped after
 * use and not written to core dumps. */
struct inkan_pin_question {
	const char *token;
	int tries, min, max;
};
typedef int (*inkan_ask_pin)(void *arg, const struct inkan_pin_question *question, char *pin, size_t room);

struct inkan_signer_options {
	size_t size;
	const char *reader;    /* as for inkan_cert_from_card */
	inkan_ask_pin ask_pin; /* never NULL */
	void *arg;             /* of ask_pin */
	unsigned batch;        /* to how many signatures one PIN entry consents; 0: one */
	const char *tsa;       /* http or https URL of a time stamp authority (RFC 3161): level T; NULL: level B */
	const char *const *tsa_anchors; /* folders of its anchors, as inkan_options.anchors; NULL: where
	                                 * `inkan trust add --tsa` puts them */
	int64_t tsa_seconds;            /* how long to wait for it; 0: 30 */
};

/* Opens the card; asks for no PIN. Look at the certificate with inkan_decide before you ask a person to sign with it.
 * The context must outlive the signer. Errors as of inkan_cert_from_card. */
INKAN_API enum inkan_error inkan_signer_new(struct inkan *ctx, const struct inkan_signer_options *options,
                                            struct inkan_signer **out);
INKAN_API void inkan_signer_free(struct inkan_signer **signer);
INKAN_API const struct inkan_cert *inkan_signer_cert(const struct inkan_signer *signer); /* lives as long */

enum inkan_sign_form {
	INKAN_SIGN_CADES_DETACHED = 0, /* part 0: any bytes. A .p7s (ETSI EN 319 122-1) */
	INKAN_SIGN_CADES = 1,          /* the same with the bytes inside: .p7m */
	INKAN_SIGN_XADES = 2,          /* part 0: XML. The signature is its root's last child (ETSI EN 319 132-1) */
	INKAN_SIGN_XADES_DETACHED = 3, /* 1 to 64 files by name. An XML document of its own */
	INKAN_SIGN_PRESCRIPTION = 4,   /* part 0: the CSV of an electronic prescription, or its unsigned XML */
	INKAN_SIGN_DISPENSING = 5,     /* part 0: the prescription as received; part 1: the CSV of what was dispensed */
};

#define INKAN_SIGN_FILES_MAX 64

struct inkan_part {
	const char *name; /* without a folder; NULL where it is not needed */
	const void *data; /* NULL: with n 0 */
	size_t n;         /* up to 64 MiB; of INKAN_SIGN_CADES 63 */
};

/* Makes one signature: one RSASSA-PKCS1-v1_5 with SHA-256 by the card, after a PIN unless an earlier entry consented to
 * it. Every PIN goes through the gate that keeps the last try (hpki.md). The finished document has been
 * verified. *out: to be freed with inkan_sign_free. INKAN_E_FORMAT: inkan_signer_why says what is wrong with a part;
 * INKAN_E_TSA: what with the time stamp; INKAN_E_PIN_…: the PIN. After an error of the card or of the PIN the consent
 * is over. */
INKAN_API enum inkan_error inkan_sign(struct inkan_signer *signer, enum inkan_sign_form form,
                                      const struct inkan_part *parts, size_t n, unsigned char **out, size_t *out_n);
INKAN_API void inkan_sign_free(unsigned char **out);

/* Of the last error: a sentence without a full stop; never NULL. */
INKAN_API const char *inkan_signer_why(const struct inkan_signer *signer);

/* ---- Checking */

struct inkan_check; /* what was found out about a document: one thread at a time */

enum inkan_check_result {
	INKAN_CHECK_VALID = 0,
	INKAN_CHECK_UNDECIDED = 1, /* something that would decide it is not at hand */
	INKAN_CHECK_INVALID = 2,
};

struct inkan_check_options {
	size_t size;
	/* For the signers' certificates; NULL: the defaults. The purpose is INKAN_PURPOSE_SIGN. `at` 0: the time that a
	 * time stamp proves, else now. `evidence` is not used: the document's own is. */
	const struct inkan_rules *rules;
	const void *content; /* what a detached CMS signature covers; NULL: not at hand */
	size_t content_n;
	const char *folder;             /* where files that the document names are; NULL: nowhere */
	const char *const *tsa_anchors; /* as for signing */
};

/* Checks CMS (CAdES) in DER, BER or PEM, and XML (XAdES), up to 64 MiB and 256 levels. No network. INKAN_OK means that
 * the document was looked at, whatever was found; INKAN_E_FORMAT: neither CMS nor XML. */
INKAN_API enum inkan_error inkan_check(struct inkan *ctx, const void *data, size_t n,
                                       const struct inkan_check_options *options, struct inkan_check **out);
INKAN_API void inkan_check_free(struct inkan_check **check);

/* The worst of all signatures'; INKAN_CHECK_INVALID without one. */
INKAN_API enum inkan_check_result inkan_check_result(const struct inkan_check *check);
INKAN_API const char *inkan_check_result_word(enum inkan_check_result result); /* "valid", "undecided", "invalid" */
INKAN_API size_t inkan_check_count(const struct inkan_check *check);

struct inkan_signature_info {
	size_t size;
	enum inkan_check_result result;
	const char *form;              /* "CAdES", "XAdES", "CMS", "XMLDSig" */
	const char *what;              /* "prescription", "dispensing", "scan", "counter-signature", "xml", "file" */
	const struct inkan_cert *cert; /* the signer's; NULL: none that can be read */
	const struct inkan_decision *decision; /* about it, at `at`; NULL as well */
	int64_t claimed;                       /* by the signer; 0: not */
	int64_t at;                            /* the time that was decided about */
	int proven;                            /* 1: by a time stamp of an installed authority */
	size_t n_stamps;
};
INKAN_API enum inkan_error inkan_check_signature(const struct inkan_check *check, size_t i,
                                                 struct inkan_signature_info *out);

struct inkan_stamp_info {
	size_t size;
	int64_t time;          /* 0: it cannot be read */
	const char *authority; /* its name as RFC 4514 writes it; "" when it is not known */
	int archive;           /* 1: on the signature with all its evidence */
	int accepted;          /* 1: by an installed authority, and all is well */
	const char *problem;   /* else what is wrong: a word as of inkan_check_problem; "" */
};
INKAN_API enum inkan_error inkan_check_stamp(const struct inkan_check *check, size_t i, size_t k,
                                             struct inkan_stamp_info *out);

/* Of the i-th signature the k-th thing that it covers, that it does not cover (names of elements and files, and
 * sentences), and what speaks against it: a word that never changes (inkan(1)) and a sentence; *means, which may be
 * NULL, tells what the result is because of it (INKAN_CHECK_VALID: it is only told). NULL after the last. The problems
 * of the document itself: i = inkan_check_count. */
INKAN_API const char *inkan_check_covered(const struct inkan_check *check, size_t i, size_t k);
INKAN_API const char *inkan_check_not_covered(const struct inkan_check *check, size_t i, size_t k);
INKAN_API const char *inkan_check_problem(const struct inkan_check *check, size_t i, size_t k,
                                          enum inkan_check_result *means);
INKAN_API const char *inkan_check_problem_text(const struct inkan_check *check, size_t i, size_t k);

/* What a CMS signature encloses, or the CSV of a prescription, exactly as signed; NULL: nothing. */
INKAN_API const unsigned char *inkan_check_content(const struct inkan_check *check, size_t *n);

#ifdef __cplusplus
}
#endif

#endif
