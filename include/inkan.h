/* SPDX-License-Identifier: BSD-2-Clause */
/* libinkan: certificates of Japan's HPKI cards (doctors and other health
 * professions) and of the My Number Card (JPKI): who it is, which licences the
 * certificate states (hcRole), and whether to accept it. See libinkan(3). */
#ifndef INKAN_H
#define INKAN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined __GNUC__
#define INKAN_API __attribute__((visibility("default")))
#else
#define INKAN_API
#endif

/* RULES FOR ALL FUNCTIONS
 *
 * Threads   Every function may be called from any thread. A context and a
 *           certificate may be used by many threads at once; free them when no
 *           other thread uses them. There is no state but in these objects.
 * Memory    An object that a function gives out is freed by its own _free, which
 *           takes the address of the pointer, sets it to NULL, and accepts NULL.
 *           On every error *out is NULL.
 *           Pointers that an object gives out are its own and live as long as it.
 * Text      UTF-8, ended by NUL, never NULL unless it says so. What a certificate
 *           says holds no control characters in roles; elsewhere it is as it came.
 * Time      Seconds since 1970-01-01T00:00:00Z.
 * Files     Nothing is written but by a name that says so. No network.
 * Structs   with a member `size` are to be set to zero and size to their sizeof:
 *           a later version may add members at the end. */

struct inkan;          /* a context: the installed CA certificates and the lists */
struct inkan_cert;     /* a certificate, parsed */
struct inkan_decision; /* what was found out about one */

enum inkan_error {
	INKAN_OK = 0,
	INKAN_E_ARGUMENT = 1,    /* NULL, or a value that is none */
	INKAN_E_MEMORY = 2,
	INKAN_E_FORMAT = 3,      /* no certificate, or a malformed one */
	INKAN_E_IO = 4,          /* a file that cannot be read: errno says why */
	INKAN_E_NO_CARD = 5,     /* no pcscd, reader or card, or none of ours */
	INKAN_E_PIN = 6,         /* the card shows this certificate after its PIN only */
	INKAN_E_CARD = 7,        /* the card, or the connection to it, failed: try again */
	INKAN_E_INTERNAL = 8,
};

/* A short sentence, in the language of the process where it is installed. */
INKAN_API const char *inkan_error_text(enum inkan_error e);

/* "0.1.0": of the library that runs, not of this header. */
INKAN_API const char *inkan_version(void);


/* ---- The context */

struct inkan_options {
	size_t size;
	/* Folders of CA certificates (.pem, .crt, .cer, .der): a self-signed one is
	 * an anchor, the others help to build chains. Ends with NULL. NULL: where
	 * `inkan trust add` puts them. Files that others may write are passed over. */
	const char *const *anchors;
	/* Folders of revocation lists, as `inkan status` keeps them; the last one
	 * is the user's. At most 8. NULL: where it keeps them. */
	const char *const *lists;
};

/* Reads and checks the CA certificates, each once. `options` may be NULL. Make one
 * context, at start; make another one to see anchors that came later. Lists that
 * come later are seen within a minute. */
INKAN_API enum inkan_error inkan_new(const struct inkan_options *options, struct inkan **out);
INKAN_API void inkan_free(struct inkan **ctx);

/* How many CA certificates count: 0 means that nothing can be accepted. */
INKAN_API size_t inkan_anchor_count(const struct inkan *ctx);


/* ---- Certificates. They must be freed before their context. */

/* One certificate, nothing after it (X.690, RFC 5280 4.1). Copied. */
INKAN_API enum inkan_error inkan_cert_from_der(struct inkan *ctx, const void *der, size_t n, struct inkan_cert **out);

/* The first certificate of a PEM text (RFC 7468), whatever stands around it: what
 * nginx's $ssl_client_cert and its like hold. Not ended by NUL. */
INKAN_API enum inkan_error inkan_cert_from_pem(struct inkan *ctx, const char *pem, size_t n, struct inkan_cert **out);

/* PEM or DER, up to 1 MiB. */
INKAN_API enum inkan_error inkan_cert_from_file(struct inkan *ctx, const char *path, struct inkan_cert **out);

enum inkan_purpose {
	INKAN_PURPOSE_ANY = 0,
	INKAN_PURPOSE_LOGIN = 1, /* digitalSignature; clientAuth where there is an extKeyUsage; no signature profile */
	INKAN_PURPOSE_SIGN = 2,  /* nonRepudiation (RFC 5280 4.2.1.3) */
};

/* The holder's certificate for that purpose (INKAN_PURPOSE_ANY: login) on the card in the
 * reader whose name holds `reader` (NULL: the first with one of our cards).
 * Blocks for about a second, and while another program is using the card for a minute
 * at the most; needs no PIN and uses no try. */
INKAN_API enum inkan_error inkan_cert_from_card(struct inkan *ctx, const char *reader, enum inkan_purpose purpose,
                                                struct inkan_cert **out);

/* Its memory is wiped: a certificate may be a person's data. */
INKAN_API void inkan_cert_free(struct inkan_cert **cert);

/* The certificate as it came. */
INKAN_API const unsigned char *inkan_cert_der(const struct inkan_cert *cert, size_t *n);
INKAN_API const unsigned char *inkan_cert_sha256(const struct inkan_cert *cert); /* 32 bytes */
INKAN_API int64_t inkan_cert_not_before(const struct inkan_cert *cert);
INKAN_API int64_t inkan_cert_not_after(const struct inkan_cert *cert);
INKAN_API int inkan_cert_is_ca(const struct inkan_cert *cert); /* 1 or 0: basicConstraints, RFC 5280 4.2.1.9 */

/* By certificate policy (HPKI certificate policy; RFC 5280 4.2.1.4). The numbers
 * are those of CKA_INKAN_PROFILE. */
enum inkan_profile {
	INKAN_PROFILE_UNKNOWN = 0,
	INKAN_PROFILE_HPKI_SIGN = 1,
	INKAN_PROFILE_HPKI_AUTH_PERSON = 2,
	INKAN_PROFILE_HPKI_AUTH_ORGANISATION = 3,
	INKAN_PROFILE_JPKI_AUTH = 4,
	INKAN_PROFILE_JPKI_SIGN = 5,
};

INKAN_API enum inkan_profile inkan_cert_profile(const struct inkan_cert *cert);
INKAN_API const char *inkan_cert_policy(const struct inkan_cert *cert); /* dotted OID; "" without a profile */

/* 0: a test certificate (policy level 0), which proves nothing about anybody, or no
 * profile. 1: of production. */
INKAN_API int inkan_cert_is_production(const struct inkan_cert *cert);


/* ---- Roles: hcRole (ISO 17090-2, attribute 1.0.17090.0.1). They are what the
 * certificate says of itself; inkan_decide says whether to believe it. */

INKAN_API size_t inkan_role_count(const struct inkan_cert *cert); /* 0: none, or malformed */
INKAN_API int inkan_roles_malformed(const struct inkan_cert *cert); /* 1: there, and cannot be parsed */

/* Of the i-th, 0 <= i < count; else NULL. The text is compared byte for byte and
 * never checked against a list: "Medical Doctor". No control characters. */
INKAN_API const char *inkan_role_text(const struct inkan_cert *cert, size_t i);
INKAN_API const char *inkan_role_scheme(const struct inkan_cert *cert, size_t i); /* dotted OID */
INKAN_API const char *inkan_role_code(const struct inkan_cert *cert, size_t i);   /* NULL also: no codeDataValue */
INKAN_API const unsigned char *inkan_role_der(const struct inkan_cert *cert, size_t i, size_t *n); /* the HCActor */

INKAN_API int inkan_has_role(const struct inkan_cert *cert, const char *text); /* 1 or 0 */


/* ---- The decision */

enum inkan_status_rule {
	INKAN_STATUS_REQUIRE = 0, /* known not to be revoked, or refused */
	INKAN_STATUS_PREFER = 1,  /* refused when known to be revoked or on hold */
	INKAN_STATUS_IGNORE = 2,  /* not looked at */
};

struct inkan_rules {
	size_t size;
	enum inkan_purpose purpose;
	enum inkan_status_rule status;
	int64_t at;               /* 0: now. A time in the past: archived lists count as well */
	int64_t grace;            /* seconds after nextUpdate during which a list counts */
	const char *const *roles; /* one of them is to be held; ends with NULL. NULL: none asked for */
};

/* The first that applies, in the order 4 2 5 6 3 1 0. The numbers are the exit
 * codes of `inkan verify`. */
enum inkan_verdict {
	INKAN_VERDICT_ACCEPTED = 0,
	INKAN_VERDICT_NO_ROLE = 1,   /* none of the roles that were asked for */
	INKAN_VERDICT_REVOKED = 2,   /* or on hold; or a CA above */
	INKAN_VERDICT_NO_STATUS = 3, /* not known, and required */
	INKAN_VERDICT_BAD_CHAIN = 4, /* no way to an anchor, policy, use (RFC 5280 6.1) */
	INKAN_VERDICT_NOT_VALID = 5, /* not yet or no longer; or a CA above */
	INKAN_VERDICT_TEST_ONLY = 6, /* a test certificate */
};

/* Decides, and finds every reason, not only the first. `rules` may be NULL. INKAN_OK
 * means that it was decided, not that it was accepted. The decision must be freed
 * before the context. */
INKAN_API enum inkan_error inkan_decide(struct inkan *ctx, const struct inkan_cert *cert,
                                        const struct inkan_rules *rules, struct inkan_decision **out);
INKAN_API void inkan_decision_free(struct inkan_decision **decision);

INKAN_API enum inkan_verdict inkan_decision_verdict(const struct inkan_decision *decision);

/* The reasons against it, i from 0, in the order of the verdicts: a word that never
 * changes ("expired"; inkan(1) lists them) and a short sentence in the language of
 * the process. NULL after the last. */
INKAN_API const char *inkan_decision_reason(const struct inkan_decision *decision, size_t i);
INKAN_API const char *inkan_decision_reason_text(const struct inkan_decision *decision, size_t i);

/* The CAs above the certificate as DER, its issuer first, the anchor last; they
 * live as long as context and certificate. NULL after the last. A chain that ends at no
 * anchor is shown as far as it goes. */
INKAN_API const unsigned char *inkan_decision_chain(const struct inkan_decision *decision, size_t i, size_t *n);

/* The numbers are those of CKA_INKAN_STATUS. */
enum inkan_status {
	INKAN_STATUS_UNKNOWN = 0,
	INKAN_STATUS_GOOD = 1,
	INKAN_STATUS_REVOKED = 2,
	INKAN_STATUS_ON_HOLD = 3,
};

enum inkan_freshness { INKAN_FRESHNESS_FRESH = 0, INKAN_FRESHNESS_STALE = 1, INKAN_FRESHNESS_EXPIRED = 2 };

struct inkan_status_info {
	size_t size;
	enum inkan_status result;       /* of the certificate and the CAs above it, the anchor excepted */
	enum inkan_freshness freshness; /* before nextUpdate, within the grace, after it */
	int reason;                     /* CRLReason, RFC 5280 5.3.1; -1: none given */
	int64_t revoked;                /* when; 0: not */
	int64_t this_update, next_update; /* of the list that says so; 0: none */
	const char *crl_number;         /* hexadecimal; "" without */
	const char *source;             /* the list's name in its folder; "" without */
	const char *why;                /* of INKAN_STATUS_UNKNOWN: a sentence as above; else "" */
};

/* INKAN_E_ARGUMENT: size is not set. With INKAN_STATUS_IGNORE it is INKAN_STATUS_UNKNOWN, whose
 * freshness is always INKAN_FRESHNESS_EXPIRED. */
INKAN_API enum inkan_error inkan_decision_status(const struct inkan_decision *decision,
                                                 struct inkan_status_info *out);

#ifdef __cplusplus
}
#endif

#endif
