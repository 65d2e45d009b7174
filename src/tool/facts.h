/* SPDX-License-Identifier: BSD-2-Clause */
/* What is left for verbs that look into certificates themselves. */
#ifndef INKAN_TOOL_FACTS_H
#define INKAN_TOOL_FACTS_H

#include <stdbool.h>
#include "cert/x509.h"
#include "say.h"

char *fact_dn(const X509_NAME *name);
#define FACT_TIME_SIZE LOCAL_TIME_SIZE
bool fact_local_time(const ASN1_TIME *time, bool date_only, char out[FACT_TIME_SIZE]);
int fact_validity(const struct cert *cert); /* before, within or after it: -1, 0, 1 */

#endif
