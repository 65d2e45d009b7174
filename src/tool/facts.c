/* SPDX-License-Identifier: BSD-2-Clause */
#include "facts.h"
#include "lib/names.h"

char *fact_dn(const X509_NAME *name)
{
	return name_text(name);
}

bool fact_local_time(const ASN1_TIME *time, bool date_only, char out[FACT_TIME_SIZE])
{
	struct tm utc;

	return ASN1_TIME_to_tm(time, &utc) && time_text(timegm(&utc), date_only, out)[0];
}

int fact_validity(const struct cert *cert)
{
	if (X509_cmp_current_time(X509_get0_notBefore(cert->x509)) > 0)
		return -1;
	return X509_cmp_current_time(X509_get0_notAfter(cert->x509)) < 0 ? 1 : 0;
}
