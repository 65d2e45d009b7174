/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <string.h>
#include "cert/policy.h"

static const struct family no_family = {.word = "", .name = ""};

const struct policy_profile policy_unknown = {
	.family = &no_family,
	.oid = "",
	.kind = CERT_UNKNOWN,
	.word = "unknown",
	.text = N_("of no profile that Inkan knows"),
	.ca_text = N_("CA certificate"),
};

/* rest: what goes on after the row's OID. */
static bool matches(const struct policy_profile *row, const char *rest, bool *production)
{
	unsigned level, version;
	char end;

	*production = true;
	if (!row->has_level)
		return true;
	if (sscanf(rest, "%2u.%2u%c", &level, &version, &end) != 2)
		return false;
	*production = level != 0;
	return true;
}

const struct policy_profile *policy_find(const char *oid, bool *production)
{
	for (const struct family *const *f = families; *f; f++)
		for (size_t i = 0; i < (*f)->n_policies; i++) {
			const struct policy_profile *row = &(*f)->policies[i];
			size_t n = strlen(row->oid);

			if (strncmp(oid, row->oid, n) == 0 && matches(row, oid + n, production))
				return row;
		}
	*production = false;
	return &policy_unknown;
}
