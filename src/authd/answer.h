/* SPDX-License-Identifier: BSD-2-Clause */
/* What a proxy and a person get to see: reasons, names of headers, pages in Japanese and English. */
#ifndef INKAN_AUTHD_ANSWER_H
#define INKAN_AUTHD_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#define REASONS_MAX 40

/* Reasons that are the daemon's own; those of libinkan have their words (inkan_decision_reason). */
#define REASON_ACCEPTED "accepted"
#define REASON_NO_CERTIFICATE "no-certificate"
#define REASON_NO_RULE "no-rule"
#define REASON_MALFORMED "malformed"
#define REASON_TOO_LONG "too-long"
#define REASON_TWICE "twice"
#define REASON_WRONG_PROFILE "wrong-profile"
#define REASON_BAD_REQUEST "bad-request"
#define REASON_WRONG_ORIGIN "wrong-origin" /* these three: of Web eID */
#define REASON_NO_CHALLENGE "no-challenge"
#define REASON_BAD_TOKEN "bad-token"
#define REASON_INTERNAL "internal"

struct reason {
	const char *word;
	int status; /* of HTTP */
	const char *en, *ja;
};

/* By its word; one that is not known is REASON_INTERNAL, whose status is 503. */
const struct reason *reason_of(const char *word);
const struct reason *reason_at(size_t i);
size_t reason_index(const struct reason *reason);
size_t reason_count(void);

/* The headers that say who it is. All are in each answer, the unknown ones empty: a proxy that copies them overwrites
 * what a client has sent by these names. */
enum field {
	FIELD_USER,
	FIELD_NAME,
	FIELD_GROUPS,
	FIELD_PROFILE,
	FIELD_ROLES,
	FIELD_STATUS,
	FIELD_AS_OF,
	FIELD_CERTIFICATE,
	FIELD_TEST,
	FIELDS
};
extern const char *const field_names[FIELDS];

/* RFC 9110 12.5.4; NULL and no preference: Japanese. */
bool prefers_japanese(const char *accept_language);

/* An HTML page of a refusal. To be freed; NULL: no memory. */
char *page_text(const struct reason *reason, bool japanese, const char *request_id);

#endif
