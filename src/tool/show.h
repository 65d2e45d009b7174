/* SPDX-License-Identifier: BSD-2-Clause */
/* Certificates and decisions, by libinkan: as text for people and as JSON for programs. */
#ifndef INKAN_TOOL_SHOW_H
#define INKAN_TOOL_SHOW_H

#include <inkan.h>
#include <jansson.h>
#include "find.h"

/* Holder and roles, each on lines of its own: a name cannot pass for a role. With put_field or
 * put_subfield. identity: a My Number Card's person, the whole subject and the serial number, too. */
typedef void put_function(const char *label, const char *fmt, ...);
void text_holder(put_function *put, const struct inkan_cert *cert, bool identity);

/* inkan_cert_issuer, and inkan_cert_subject of a CA; want of memory is marked. */
const char *issuer_text(const struct inkan_cert *cert);
const char *ca_text(const struct inkan_cert *ca);

void text_certificate(const struct inkan_cert *cert, bool identity);
void text_status(put_function *put, const struct inkan_decision *decision); /* of the whole chain */
void text_decision(const struct inkan_cert *cert, const struct inkan_decision *decision);

/* One sentence: what to do about a refusal. To be freed; NULL: nothing, or no memory. */
char *decision_advice(const struct inkan_decision *decision);

/* RFC 5280 4.2.1.3's name of a bit of inkan_cert_key_usage, and a text; false: no such bit. */
bool key_usage_names(unsigned bit, const char **word, const char **text);

/* A role (hcRole) in the person's language; one that is not known as it is. */
const char *role_name(const char *role);

/* CRLReason (RFC 5280 5.3.1): its name, and a text; the name is NULL for none. */
const char *crl_reason_name(int reason, const char **text);

/* The object of design 5: version, certificate, profile, roles, and person when identity. */
json_t *json_certificate(const struct inkan_cert *cert, bool identity);

/* Adds to it what was found out; `decided`: and the decision with its reasons. */
void json_add_decision(json_t *json, const struct inkan_decision *decision, bool identity, bool decided);

/* A string from outside: what is no UTF-8 in it becomes U+FFFD. NULL: null. */
json_t *json_text(const char *text);

json_t *json_base64(const unsigned char *data, size_t n);

/* Reader, label and PIN of a token. */
json_t *json_token(const struct token *t);

/* On standard output, ASCII alone, so that no terminal is told what to do. */
enum exit_code json_print(json_t *json);

#endif
