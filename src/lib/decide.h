/* SPDX-License-Identifier: BSD-2-Clause */
/* One decision about one certificate: chain, status, validity, roles, and every
 * reason to refuse it. What libinkan and `inkan verify` share. */
#ifndef INKAN_LIB_DECIDE_H
#define INKAN_LIB_DECIDE_H

#include "cert/chain.h"
#include "status/status.h"

/* The numbers are the exit codes of `inkan verify`, enum inkan_verdict in
 * inkan.h, and never change. */
enum verdict {
	VERDICT_ACCEPTED = 0,
	VERDICT_ROLE = 1,
	VERDICT_REVOKED = 2,
	VERDICT_STATUS = 3,
	VERDICT_CHAIN = 4,
	VERDICT_VALIDITY = 5,
	VERDICT_TEST = 6,
	VERDICT_MALFORMED = 7,
};

/* Beside the bits of enum chain_flaw. */
enum {
	REASON_REVOKED = 1 << 16,
	REASON_ON_HOLD = 1 << 17,
	REASON_STATUS_UNKNOWN = 1 << 18,
	REASON_STATUS_STALE = 1 << 19, /* lists are held, and too old */
	REASON_ROLE = 1 << 20,
	REASON_ROLES_BROKEN = 1 << 21, /* roles were asked for, and hcRole does not parse */
	REASON_INVALID = 1 << 22,      /* to sign: revoked later, with an invalidityDate of before (RFC 5280 5.3.2) */
};

enum status_need {
	STATUS_REQUIRE, /* good, by a list in force, or refused */
	STATUS_PREFER,  /* refused when revoked or on hold */
	STATUS_OFF,     /* not looked at */
};

struct rules {
	enum purpose purpose;
	enum status_need need;
	time_t at;                /* 0: now. In the past: the archive is used as well */
	long grace;               /* seconds, of struct status_rules */
	const char *const *roles; /* one of them has to be held, byte for byte; n = 0: none asked for */
	size_t n_roles;
	bool allow_test;        /* a test-level certificate (level 0) is not refused for that */
	struct snapshot *lists; /* that came with the certificate (extra_lists_add), or NULL */
};

struct decision {
	enum verdict verdict;
	unsigned reasons;         /* of enum chain_flaw and REASON_ */
	time_t at;                /* the time that was asked about */
	struct chain chain;       /* FLAW_TEST stands in its flaws whether it is allowed or not */
	struct status status;     /* of all certificates together; each.n = 0: not looked at */
	struct status_chain each; /* of each by itself */
	bool asked;               /* for the status */
};

/* `store` may be NULL: nothing is held. May be called from many threads. */
void decide(const struct trust *trust, struct store *store, const struct cert *cert, const struct rules *rules,
            struct decision *out);

/* The i-th reason, from 0, in the order of the verdicts; 0 after the last. */
unsigned reason_next(unsigned reasons, unsigned i);

/* "expired": never changes. And a short sentence, marked for gettext. */
const char *reason_word(unsigned reason);
const char *reason_text(unsigned reason);

bool cert_holds_role(const struct cert *cert, const char *role);

#endif
