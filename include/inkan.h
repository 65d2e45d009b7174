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

/* Of this header. inkan_version() tells that of the library that runs. */
#define INKAN_VERSION_MAJOR 0
#define INKAN_VERSION_MINOR 2
#define INKAN_VERSION_PATCH 0
#define INKAN_VERSION_NUMBER (INKAN_VERSION_MAJOR * 1000000 + INKAN_VERSION_MINOR * 1000 + INKAN_VERSION_PATCH)

#if defined __GNUC__
#define INKAN_API __attribute__((visibility("default")))
#else
#define INKAN_API
#endif

/* RULES FOR ALL FUNCTIONS
 *
 * Threads   Every function may be called from any thread. A context, a certificate
 *           and evidence may be used by many threads at once, a decision and a person
 *           by one at a time; free them when no other thread uses them. There is no
 *           state but in these objects, except for the log.
 * Memory    An object that a function gives out is freed by its own _free, which
 *           takes the address of the pointer and sets it to NULL.
 *           Pointers that an object gives out are its own and live as long as it.
 * NULL      Where an argument may be NULL, its function says so. Every _free takes
 *           NULL and the address of a NULL. Elsewhere, for a NULL, a function that
 *           returns enum inkan_error returns INKAN_E_ARGUMENT, one that returns a
 *           pointer NULL, one that returns a verdict INKAN_VERDICT_BAD_CHAIN, and
 *           one that returns a number 0. On every error *out is NULL. The size_t *n
 *           beside a returned pointer may be NULL and is set to 0 with a NULL.
 * Text      UTF-8, ended by NUL, never NULL unless it says so. Sentences are in the
 *           language of the process (setlocale). What a certificate says holds no
 *           control characters in roles; elsewhere it is as it came.
 * Time      Seconds since 1970-01-01T00:00:00Z.
 * Files     Nothing is written but by a name that says so. No network.
 * Structs   with a member `size` are to be set to zero and size to their sizeof.
 *           A later version may add members at the end: a smaller struct, of an older
 *           program, is taken as if those were zero, and so is a larger one, of a
 *           newer program, as long as what this library does not know is zero.
 *           Everything else is INKAN_E_ARGUMENT. */

struct inkan;          /* a context: the installed CA certificates and the revocation lists */
struct inkan_cert;     /* a certificate, parsed */
struct inkan_person;   /* its holder */
struct inkan_evidence; /* CA certificates and revocation lists that came with a certificate */
struct inkan_decision; /* what was found out about a certificate */

enum inkan_error {
	INKAN_OK = 0,
	INKAN_E_ARGUMENT = 1, /* NULL, a value that does not exist, a struct of a wrong size */
	INKAN_E_MEMORY = 2,
	INKAN_E_FORMAT = 3,          /* no certificate or list, or a malformed one */
	INKAN_E_IO = 4,              /* a file cannot be read: errno says why */
	INKAN_E_NO_CARD = 5,         /* no card in the reader */
	INKAN_E_PIN = 6,             /* the card gives this certificate after its PIN only */
	INKAN_E_CARD = 7,            /* the card refused a command, took too long, or its answer makes no sense */
	INKAN_E_INTERNAL = 8,        /* a library that must work did not */
	INKAN_E_TOO_LONG = 9,        /* over 1 MiB for a certificate, 64 MiB for a list */
	INKAN_E_NO_SERVICE = 10,     /* the smartcard service pcscd is not running */
	INKAN_E_DENIED = 11,         /* pcscd, or the file system, refuses this user */
	INKAN_E_NO_READER = 12,      /* no card reader, or none of this name */
	INKAN_E_FOREIGN = 13,        /* a card, but none that Inkan knows */
	INKAN_E_NO_CERTIFICATE = 14, /* the card has no certificate for this purpose */
	INKAN_E_MUTE = 15,           /* the card does not answer */
	INKAN_E_BUSY = 16,           /* another program has used the card for longer than a minute */
	INKAN_E_LINK = 17,           /* the card was removed, or the connection to it broke: try again */
	INKAN_E_SIGNATURE = 18,      /* a signature does not verify */
	/* of inkan-sign.h: */
	INKAN_E_PIN_WRONG = 19,  /* the card refused the PIN */
	INKAN_E_PIN_LOCKED = 20, /* no try is left */
	INKAN_E_PIN_KEPT = 21,   /* the PIN was not sent: its form, the last try, one that this card refused before */
	INKAN_E_CANCELLED = 22,  /* no PIN was given */
	INKAN_E_TSA = 23,        /* the time stamp authority did not answer, or not with a time stamp to be used */
};

/* A short sentence without a full stop. */
INKAN_API const char *inkan_error_text(enum inkan_error e);

/* "0.2.0" */
INKAN_API const char *inkan_version(void);

enum inkan_log_level {
	INKAN_LOG_OFF = 0,
	INKAN_LOG_ERROR = 1, /* what failed, and where */
	INKAN_LOG_INFO = 2,
	INKAN_LOG_DEBUG = 3,
	INKAN_LOG_TRACE = 4, /* the commands to a card, without PINs */
};

/* Sends the log of the whole process, up to this level, to a function: one line per
 * call, without a newline, from the thread that does the work. Not before that: what
 * INKAN_DEBUG in the environment or inkan.conf says. `line` NULL: that again. Call it
 * while no other thread uses the library; `line` must not call it. A line holds no PIN
 * and nothing of a My Number Card's certificate. */
typedef void (*inkan_log_line)(void *arg, enum inkan_log_level level, const char *line);
INKAN_API void inkan_log_to(enum inkan_log_level level, inkan_log_line line, void *arg);

/* ---- The context */

struct inkan_options {
	size_t size;
	/* Folders of CA certificates (.pem, .crt, .cer, .der): a self-signed one is
	 * an anchor, the others help to build chains. Ends with NULL. NULL: where
	 * `inkan trust add` puts them. Files that other users may write are not used. */
	const char *const *anchors;
	/* Folders of revocation lists, as `inkan status` writes them; the last one
	 * is the user's. At most 8. NULL: where `inkan status` writes them. */
	const char *const *lists;
	/* How often the folders of lists are looked at, in seconds, up to 86400; 0: 60. */
	int64_t check_seconds;
};

/* Reads and checks the CA certificates, each once. `options` may be NULL. Make one
 * context, at start; make another one to see anchors that came later. Lists that
 * come later are seen within `check_seconds`. */
INKAN_API enum inkan_error inkan_new(const struct inkan_options *options, struct inkan **out);
INKAN_API void inkan_free(struct inkan **ctx);

/* How many anchors can be used: with 0 nothing can be accepted. */
INKAN_API size_t inkan_anchor_count(const struct inkan *ctx);

/* ---- Certificates. They must be freed before their context. */

/* One certificate, nothing after it (X.690, RFC 5280 4.1). Copied. */
INKAN_API enum inkan_error inkan_cert_from_der(struct inkan *ctx, const void *der, size_t n, struct inkan_cert **out);

/* The first certificate of a PEM text (RFC 7468), whatever stands around it: what
 * nginx's $ssl_client_cert and its like hold. Not ended by NUL. Bytes without a PEM
 * certificate are taken as DER. */
INKAN_API enum inkan_error inkan_cert_from_pem(struct inkan *ctx, const char *pem, size_t n, struct inkan_cert **out);

/* PEM or DER, up to 1 MiB. */
INKAN_API enum inkan_error inkan_cert_from_file(struct inkan *ctx, const char *path, struct inkan_cert **out);

enum inkan_purpose {
	INKAN_PURPOSE_ANY = 0,
	INKAN_PURPOSE_LOGIN = 1, /* digitalSignature; clientAuth where there is an extKeyUsage; no signature profile */
	INKAN_PURPOSE_SIGN = 2,  /* nonRepudiation (RFC 5280 4.2.1.3) */
};

/* The holder's certificate for that purpose (INKAN_PURPOSE_ANY: login) on the card in
 * the reader whose name contains `reader` (NULL: the first with one of our cards). The
 * CA certificates on the card help to build its chain.
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

/* Names as RFC 4514 writes them, with a space behind each comma. The subject is "" unless it is a CA's:
 * a holder's is in struct inkan_person. */
INKAN_API const char *inkan_cert_issuer(const struct inkan_cert *cert);
INKAN_API const char *inkan_cert_subject(const struct inkan_cert *cert);

/* Bit i is bit i of RFC 5280 4.2.1.3: 1 << 0 digitalSignature, 1 << 1 nonRepudiation,
 * up to 1 << 8 decipherOnly. 0: without the extension. */
INKAN_API unsigned inkan_cert_key_usage(const struct inkan_cert *cert);

/* "RSA", "EC" …, "" for a key that cannot be used; and its bits. */
INKAN_API const char *inkan_cert_key_type(const struct inkan_cert *cert);
INKAN_API int inkan_cert_key_bits(const struct inkan_cert *cert);

/* The i-th http or https URL of its revocation list (RFC 5280 4.2.1.13), from 0;
 * NULL after the last. */
INKAN_API const char *inkan_cert_list_url(const struct inkan_cert *cert, size_t i);

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
INKAN_API const char *inkan_cert_profile_word(const struct inkan_cert *cert); /* "hpki-auth-person": never changes */
INKAN_API const char *inkan_cert_profile_text(const struct inkan_cert *cert); /* for people */
INKAN_API const char *inkan_cert_policy(const struct inkan_cert *cert);       /* dotted OID; "" without a profile */

/* 0: a test certificate (policy level 0), which proves nothing about anybody, or no
 * profile. 1: of production. */
INKAN_API int inkan_cert_is_production(const struct inkan_cert *cert);

/* 1: of a private person (My Number Card). Show its holder only to who asked for it, and
 * not its fingerprint, by which the card could be followed. */
INKAN_API int inkan_cert_is_personal(const struct inkan_cert *cert);

/* ---- Roles: hcRole (ISO 17090-2, attribute 1.0.17090.0.1). They are what the
 * certificate says of itself; inkan_decide says whether to believe it. */

INKAN_API size_t inkan_role_count(const struct inkan_cert *cert);   /* of those that can be parsed */
INKAN_API int inkan_roles_malformed(const struct inkan_cert *cert); /* 1: one, or all of them, cannot be parsed */

/* Of the i-th, 0 <= i < count; else NULL. The text is compared byte for byte and
 * never checked against a list: "Medical Doctor". No control characters. */
INKAN_API const char *inkan_role_text(const struct inkan_cert *cert, size_t i);
INKAN_API const char *inkan_role_scheme(const struct inkan_cert *cert, size_t i); /* dotted OID */
INKAN_API const char *inkan_role_code(const struct inkan_cert *cert, size_t i);   /* NULL also: no codeDataValue */
INKAN_API const unsigned char *inkan_role_der(const struct inkan_cert *cert, size_t i, size_t *n); /* the HCActor */

/* The i-th HCActor that cannot be parsed, as it came; NULL after the last. It states no role. */
INKAN_API const unsigned char *inkan_role_malformed_der(const struct inkan_cert *cert, size_t i, size_t *n);

INKAN_API int inkan_has_role(const struct inkan_cert *cert, const char *text); /* 1 or 0 */

/* ---- The holder. Nothing of it is looked at before this call, and all of it is wiped
 * by inkan_person_free. It is what the certificate says of itself. */

enum inkan_person_field {
	INKAN_PERSON_NAME = 0,          /* commonName; of a JPKI signature certificate the name on the card */
	INKAN_PERSON_JAPANESE_NAME = 1, /* HPKI: commonName of a directoryName in subjectAltName */
	INKAN_PERSON_ID = 2,            /* HPKI: serialNumber of the subject */
	INKAN_PERSON_ORGANISATION = 3,  /* HPKI: organizationName of the subject */
	INKAN_PERSON_SUBJECT = 4,       /* the whole subject, as RFC 4514 writes it */
	INKAN_PERSON_SERIAL = 5,        /* the certificate's serial number, hexadecimal */
	/* of a JPKI signature certificate: */
	INKAN_PERSON_BIRTH = 6,      /* as stored: the era's digit and YYYYMMDD */
	INKAN_PERSON_BIRTH_DATE = 7, /* "1990-04-01" */
	INKAN_PERSON_SEX = 8,        /* "1" male, "2" female, "9" not applicable */
	INKAN_PERSON_ADDRESS = 9,
	INKAN_PERSON_NAME_SUBSTITUTES = 10, /* '1' for each character that stands for another one, else '0' */
	INKAN_PERSON_ADDRESS_SUBSTITUTES = 11,
};

INKAN_API enum inkan_error inkan_person_new(const struct inkan_cert *cert, struct inkan_person **out);
INKAN_API void inkan_person_free(struct inkan_person **person);
/* NULL: the certificate does not have it */
INKAN_API const char *inkan_person_get(const struct inkan_person *person, enum inkan_person_field field);
INKAN_API int inkan_person_malformed(const struct inkan_person *person); /* 1: JPKI's fields cannot be parsed */

/* ---- Evidence that came with a document or a TLS handshake. It is used like what is
 * installed, for the decisions whose rules name it, and stored nowhere: a list counts
 * when the signature of a CA verifies, a CA certificate when an installed anchor is
 * above it; none of them is an anchor. Each function takes DER, or every item of
 * a PEM text. Evidence must be freed after the decisions made with it and before the
 * context. Add everything before the first decision. */

INKAN_API enum inkan_error inkan_evidence_new(struct inkan *ctx, struct inkan_evidence **out);
INKAN_API void inkan_evidence_free(struct inkan_evidence **evidence);

/* INKAN_E_FORMAT: no certificate; other certificates than CAs' and those of keys that sign revocation lists are
 * passed over. */
INKAN_API enum inkan_error inkan_evidence_add_certs(struct inkan_evidence *evidence, const void *data, size_t n);
/* INKAN_E_FORMAT: no list. INKAN_E_SIGNATURE: one names a CA that is installed or was added, and is not
 * signed by it: it is used only if its CA is added later. */
INKAN_API enum inkan_error inkan_evidence_add_lists(struct inkan_evidence *evidence, const void *data, size_t n);

/* ---- The decision */

enum inkan_status_rule {
	INKAN_STATUS_REQUIRE = 0, /* refused unless known not to be revoked */
	INKAN_STATUS_PREFER = 1,  /* refused when known to be revoked or on hold */
	INKAN_STATUS_IGNORE = 2,  /* not looked at */
};

struct inkan_rules {
	size_t size;
	enum inkan_purpose purpose;
	enum inkan_status_rule status;
	int64_t at;               /* 0: now. A time in the past: archived lists are used, too */
	int64_t grace;            /* seconds after nextUpdate during which a list is still used */
	const char *const *roles; /* the certificate must state one of them; ends with NULL. NULL: none asked for */
	const struct inkan_evidence *evidence; /* NULL: none */
	int allow_test;                        /* 1: a test certificate is accepted; inkan_decision_is_test tells */
};

/* The first that applies, in the order 4 2 5 6 3 1 0. The numbers are the exit
 * codes of `inkan verify`. */
enum inkan_verdict {
	INKAN_VERDICT_ACCEPTED = 0,
	INKAN_VERDICT_NO_ROLE = 1,   /* none of the roles that were asked for */
	INKAN_VERDICT_REVOKED = 2,   /* or on hold; or a CA above */
	INKAN_VERDICT_NO_STATUS = 3, /* not known, and required */
	INKAN_VERDICT_BAD_CHAIN = 4, /* no chain to an anchor, policy, use (RFC 5280 6.1) */
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
INKAN_API int64_t inkan_decision_at(const struct inkan_decision *decision); /* the time that was decided about */

/* 1: a test certificate, accepted or not. Tell it wherever an answer is shown. */
INKAN_API int inkan_decision_is_test(const struct inkan_decision *decision);

/* The reasons to refuse it, i from 0, in the order of the verdicts: a word that never
 * changes ("expired"; inkan(1) lists them) and a short sentence. NULL after the last. */
INKAN_API const char *inkan_decision_reason(const struct inkan_decision *decision, size_t i);
INKAN_API const char *inkan_decision_reason_text(const struct inkan_decision *decision, size_t i);

/* The chain: 0 the certificate itself, 1 its issuer, the anchor last; as far as it goes
 * when it ends at no anchor. NULL after the last. They live as long as the decision and
 * the certificate. */
INKAN_API const struct inkan_cert *inkan_decision_cert(const struct inkan_decision *decision, size_t i);
INKAN_API int inkan_decision_is_anchor(const struct inkan_decision *decision, size_t i); /* 1 or 0 */

/* The name of the CA whose certificate must be installed for the chain to go on; NULL
 * when it ends at an anchor. Lives as long as the decision and the certificate. */
INKAN_API const char *inkan_decision_missing_issuer(const struct inkan_decision *decision);

/* The numbers are those of CKA_INKAN_STATUS. */
enum inkan_status {
	INKAN_STATUS_UNKNOWN = 0,
	INKAN_STATUS_GOOD = 1,
	INKAN_STATUS_REVOKED = 2,
	INKAN_STATUS_ON_HOLD = 3,
};

/* "unknown", "good", "revoked", "on-hold": never changes. */
INKAN_API const char *inkan_status_word(enum inkan_status status);

enum inkan_freshness { INKAN_FRESHNESS_FRESH = 0, INKAN_FRESHNESS_STALE = 1, INKAN_FRESHNESS_EXPIRED = 2 };

struct inkan_status_info {
	size_t size;
	enum inkan_status result;
	enum inkan_freshness freshness;   /* before nextUpdate, within the grace, after it */
	int reason;                       /* CRLReason, RFC 5280 5.3.1; -1: none given */
	int64_t revoked;                  /* when; 0: not */
	int64_t this_update, next_update; /* of the list that says so; 0: none */
	const char *crl_number;           /* hexadecimal; "" without */
	const char *source;               /* the list's name in its folder; "" without */
	const char *why;                  /* of INKAN_STATUS_UNKNOWN: a short sentence; else "" */
	const char *why_word;             /* the same as a word that never changes ("no-list"; inkan(1)); else "" */
	size_t about;                     /* which certificate of the chain, as inkan_decision_cert counts */
	int64_t invalid_from;             /* invalidityDate, RFC 5280 5.3.2; 0: none */
};

/* Of the certificate and the CAs above it together, the anchor excepted: revoked before
 * on hold before unknown before good; of good ones the one whose list is the least fresh,
 * the certificate's own where they are alike. `about` names it. With INKAN_STATUS_IGNORE it
 * is INKAN_STATUS_UNKNOWN, whose freshness is always INKAN_FRESHNESS_EXPIRED. Texts live as long as the decision. */
INKAN_API enum inkan_error inkan_decision_status(const struct inkan_decision *decision, struct inkan_status_info *out);

/* Of the i-th certificate of the chain alone. INKAN_E_ARGUMENT: there is none, it is the
 * anchor, or the status was not looked at. */
INKAN_API enum inkan_error inkan_decision_cert_status(const struct inkan_decision *decision, size_t i,
                                                      struct inkan_status_info *out);

/* ---- Web eID (https://web-eid.eu): what a browser's extension answers to a page's challenge. Parsing
 * its JSON and decoding its base64 is the caller's; so is what a challenge needs: 32 random bytes in
 * base64, of five minutes at the most, used once, bound to the browser's session. */

struct inkan_web_eid {
	size_t size;
	const char *format;      /* "web-eid:1", "web-eid:1.0", … */
	const char *algorithm;   /* RFC 7518 3.1: ES256, ES384, ES512, PS256, PS384, PS512, RS256, RS384, RS512 */
	const void *certificate; /* unverifiedCertificate: DER */
	size_t certificate_len;
	const void *signature; /* of ECDSA r and s (RFC 7518 3.4) */
	size_t signature_len;
	/* the site's own, from its settings and its store, never from the token: */
	const char *origin; /* "https://portal.example.jp", as browsers write it (RFC 6454 6.2) */
	const char *nonce;  /* the challenge's text, as it was sent: 44 to 128 characters */
};

/* Verifies the signature over H(H(origin) || H(nonce)), H being the algorithm's hash, then decides about the
 * certificate as inkan_decide does; the purpose is INKAN_PURPOSE_LOGIN whatever `rules`, which may be NULL,
 * say. INKAN_E_FORMAT: the format or the algorithm is none of the above, or there is no certificate.
 * INKAN_E_SIGNATURE: the signature does not verify, or the algorithm is not for this key. INKAN_E_ARGUMENT: also
 * another form of origin or nonce. Then there is no decision. Both are to be freed, the decision first. */
INKAN_API enum inkan_error inkan_web_eid_decide(struct inkan *ctx, const struct inkan_web_eid *token,
                                                const struct inkan_rules *rules, struct inkan_cert **cert,
                                                struct inkan_decision **out);

#ifdef __cplusplus
}
#endif

#endif
