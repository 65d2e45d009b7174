/* SPDX-License-Identifier: BSD-2-Clause */
/* The answer to "is it revoked?", from the lists that are on this machine: no network. */
#ifndef INKAN_STATUS_STATUS_H
#define INKAN_STATUS_STATUS_H

#include "cert/chain.h"
#include "status/store.h"

/* The numbers are those of CKA_INKAN_STATUS and of inkan.h and never change. */
enum status_result { STATUS_UNKNOWN = 0, STATUS_GOOD = 1, STATUS_REVOKED = 2, STATUS_ON_HOLD = 3 };
enum status_freshness { STATUS_FRESH = 0, STATUS_STALE = 1, STATUS_EXPIRED = 2 };

enum status_why { /* of STATUS_UNKNOWN */
	          STATUS_WHY_NONE,
	          STATUS_NO_LIST,       /* there is none of its issuer and scope */
	          STATUS_NOT_PERMITTED, /* its family's lists are for registered verifiers only, and there is none */
	          STATUS_BAD_LIST,  /* there is one, and it cannot be used: delta, indirect, critical, cut short … */
	          STATUS_TOO_OLD,   /* nextUpdate and the grace are over */
	          STATUS_FUTURE,    /* thisUpdate is in the future */
	          STATUS_BAD_CLOCK, /* this machine's clock is before the software was built */
	          STATUS_NO_CHAIN,  /* no issuer, nobody could sign a list about it */
};

struct status {
	enum status_result result;
	enum status_freshness freshness; /* of STATUS_UNKNOWN: expired */
	enum status_why why;
	bool unread; /* a list is there that could not be read for want of memory or files: it may say otherwise */
	int reason;  /* of a revocation, RFC 5280 5.3.1; -1: none given */
	time_t revoked;
	time_t invalid; /* invalidityDate, RFC 5280 5.3.2: since when the key may have been somebody else's;
	                        * 0: none. Of a time before the revocation it is there beside STATUS_GOOD */
	time_t this_update, next_update; /* of the list that answered; 0: none */
	char crl_number[41];             /* hex; "" without */
	char source[CRL_NAME_SIZE];      /* issuer's key and scope, as the file in the store is named */
	const struct cert *about;        /* which certificate this is about */
	const struct cert *issuer;       /* whose lists speak about it; NULL: not installed */
};

struct status_rules {
	time_t at;              /* now, or the time of a signature */
	bool historic;          /* at is in the past: the archive is used as well */
	long grace;             /* seconds after nextUpdate during which a list is still used (stale) */
	struct snapshot *extra; /* lists that came with what is checked (extra_lists_add), or NULL */
};

/* One certificate, by the lists of its issuer, of all its keys that `trust` has (NULL: of this one). issuer NULL:
 * STATUS_NO_CHAIN. */
void status_of(struct store *store, const struct trust *trust, const struct cert *cert, const struct trusted_ca *issuer,
               const struct status_rules *rules, struct status *out);

/* Each certificate of the chain but the anchor, and all together: revoked before unknown before the least fresh. A
 * revocation stays one when its list is stale or expired. */
struct status_chain {
	struct status each[CHAIN_MAX + 1]; /* the leaf first */
	size_t n;
	struct status all;
};
void status_of_chain(struct store *store, const struct trust *trust, const struct chain *chain,
                     const struct status_rules *rules, struct status_chain *out);

const char *status_result_text(enum status_result r);
const char *status_freshness_text(enum status_freshness f);
const char *status_why_text(enum status_why w);

#endif
