/* SPDX-License-Identifier: BSD-2-Clause */
/* Which kind of certificate a policy stands for, by the rows in cards/. */
#ifndef INKAN_CERT_POLICY_H
#define INKAN_CERT_POLICY_H

#include "cards/family.h"

/* Of a certificate without a policy that Inkan knows: CERT_UNKNOWN, of a family
 * that is nothing in particular. */
extern const struct policy_profile policy_unknown;

/* Never NULL. production: false for a test-level policy (level 0) and for an unknown one. */
const struct policy_profile *policy_find(const char *oid, bool *production);

#endif
