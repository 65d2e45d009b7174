/* SPDX-License-Identifier: BSD-2-Clause */
/* What a certificate says, in the words that both the text and the JSON use. */
#ifndef INKAN_TOOL_FACTS_H
#define INKAN_TOOL_FACTS_H

#include <stdbool.h>
#include <openssl/x509.h>
#include "cert/x509.h"

/* The last value of that kind in a name, UTF-8, to be freed; NULL without one. */
char *fact_name_part(const X509_NAME *name, int nid);
char *fact_subject_part(const struct cert *cert, int nid);

/* CN of a directoryName in subjectAltName: the name in Japanese, where a CA writes one. */
char *fact_japanese_name(const struct cert *cert);

/* The whole name on a line, "CN = …, O = …"; to be freed. */
char *fact_dn(const X509_NAME *name);

/* The certificate's serial number, hexadecimal; to be freed. */
char *fact_serial(const struct cert *cert);

/* What it is by its policy, translated. */
const char *fact_kind_text(const struct cert *cert);

/* The i-th key usage that is set, from 0: RFC 5280's name and a translated one.
 * False after the last. */
bool fact_key_usage(const struct cert *cert, unsigned i, const char **word, const char **text);

/* RFC 3339 in UTC, with its NUL; false when there is no such time. */
#define FACT_TIME_SIZE 32
bool fact_time(const ASN1_TIME *time, char out[FACT_TIME_SIZE]);

/* The same for people, in local time; date_only: without the hour. */
bool fact_local_time(const ASN1_TIME *time, bool date_only, char out[FACT_TIME_SIZE]);

/* Before, within or after its validity, by this machine's clock: -1, 0, 1. */
int fact_validity(const struct cert *cert);

/* "Medical Doctor" with what it is called in the reader's language, where the
 * name is a known one; to be freed. */
char *fact_role_text(const struct hcrole *role);

#endif
