/* SPDX-License-Identifier: BSD-2-Clause */
/* Certificates from files and cards for the verbs. What went wrong has been said. */
#ifndef INKAN_TOOL_INPUT_H
#define INKAN_TOOL_INPUT_H

#include <inkan.h>
#include "cert/x509.h"
#include "find.h"

/* libinkan, with what is installed on this machine; `bare`: with nothing, to look into certificates alone. */
enum exit_code input_open(bool bare, struct inkan **out);

/* The first certificate in a file, or on standard input for "-": PEM (whatever
 * stands around it) or DER. */
enum exit_code input_cert(struct inkan *ctx, const char *path, struct inkan_cert **out);

/* The holder's certificate on a card; and the CA certificates on it (what cannot be read is left out). */
enum exit_code input_token(struct inkan *ctx, const struct token *t, struct inkan_cert **out);
void input_card_cas(const struct token *t, struct inkan_evidence *evidence);

/* CA certificates or lists in a file, with inkan_evidence_add_certs or inkan_evidence_add_lists. */
enum exit_code input_evidence(struct inkan_evidence *evidence, const char *path,
                              enum inkan_error (*add)(struct inkan_evidence *, const void *, size_t));

/* For the verbs that look into certificates themselves. An exit code of `each` that is not 0 does not end it;
 * the first such one is the answer. */
enum exit_code input_certificate(const struct crypto *c, const char *path, struct cert **out);
enum exit_code input_each_certificate(const struct crypto *c, const char *path,
                                      enum exit_code (*each)(void *arg, const struct cert *cert), void *arg);

/* A file of any kind; `max` as of path_read. */
enum exit_code input_file(const char *path, size_t max, struct buf *out);

/* Whether path_replace would write there, before anything is asked or worked for: EXIT_DONE, EXIT_OUTPUT. */
enum exit_code output_look(const char *path);

/* The value of --status: require, prefer or off. False: another word. */
bool input_status_rule(const char *word, enum inkan_status_rule *rule);

#endif
