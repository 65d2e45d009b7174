/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <openssl/bio.h>
#include <openssl/x509v3.h>
#include "base/i18n.h"
#include "facts.h"

/* A NUL inside must not cut a name short: it becomes SUB, which is shown. */
static char *utf8_copy(const ASN1_STRING *s)
{
	unsigned char *utf8 = NULL;
	int n = ASN1_STRING_to_UTF8(&utf8, s);
	char *copy;

	for (int i = 0; i < n; i++)
		if (utf8[i] == 0)
			utf8[i] = 0x1A;
	copy = n >= 0 ? strndup((const char *)utf8, (size_t)n) : NULL;

	OPENSSL_free(utf8);
	return copy;
}

char *fact_name_part(const X509_NAME *name, int nid)
{
	int at = -1, last = -1;

	while ((at = X509_NAME_get_index_by_NID(name, nid, at)) >= 0)
		last = at;
	return last < 0 ? NULL : utf8_copy(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, last)));
}

char *fact_subject_part(const struct cert *cert, int nid)
{
	return fact_name_part(X509_get_subject_name(cert->x509), nid);
}

char *fact_japanese_name(const struct cert *cert)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(cert->x509, NID_subject_alt_name, NULL, NULL);
	char *found = NULL;

	for (int i = 0; !found && i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

		if (name->type == GEN_DIRNAME)
			found = fact_name_part(name->d.directoryName, NID_commonName);
	}
	GENERAL_NAMES_free(names);
	return found;
}

char *fact_dn(const X509_NAME *name)
{
	const unsigned long flags = XN_FLAG_SEP_CPLUS_SPC | XN_FLAG_DN_REV | XN_FLAG_FN_SN | ASN1_STRFLGS_ESC_2253 |
				    ASN1_STRFLGS_ESC_CTRL | ASN1_STRFLGS_UTF8_CONVERT | ASN1_STRFLGS_DUMP_UNKNOWN |
				    ASN1_STRFLGS_DUMP_DER;
	BIO *bio = BIO_new(BIO_s_mem());
	char *text, *copy = NULL;
	long n;

	if (bio && X509_NAME_print_ex(bio, name, 0, flags) >= 0) {
		n = BIO_get_mem_data(bio, &text);
		copy = n >= 0 ? strndup(n ? text : "", (size_t)n) : NULL;
	}
	BIO_free(bio);
	return copy;
}

char *fact_serial(const struct cert *cert)
{
	BIGNUM *bn = ASN1_INTEGER_to_BN(X509_get0_serialNumber(cert->x509), NULL);
	char *hex = bn ? BN_bn2hex(bn) : NULL, *copy = hex ? strdup(hex) : NULL;

	OPENSSL_free(hex);
	BN_free(bn);
	return copy;
}

const char *fact_kind_text(const struct cert *cert)
{
	return cert->ca ? _(cert->profile->ca_text) : _(cert->profile->text);
}

bool fact_key_usage(const struct cert *cert, unsigned i, const char **word, const char **text)
{
	static const struct {
		const char *word, *text;
	} usages[] = { /* the bits of RFC 5280 4.2.1.3, in their order */
		{"digitalSignature", N_("digital signature (login)")},
		{"nonRepudiation", N_("non-repudiation (signing documents)")},
		{"keyEncipherment", N_("key encipherment")},
		{"dataEncipherment", N_("data encipherment")},
		{"keyAgreement", N_("key agreement")},
		{"keyCertSign", N_("signing certificates")},
		{"cRLSign", N_("signing revocation lists")},
		{"encipherOnly", N_("encipher only")},
		{"decipherOnly", N_("decipher only")},
	};
	ASN1_BIT_STRING *bits = X509_get_ext_d2i(cert->x509, NID_key_usage, NULL, NULL);
	bool found = false;

	for (int bit = 0; bits && !found && bit < (int)(sizeof usages / sizeof *usages); bit++) {
		if (!ASN1_BIT_STRING_get_bit(bits, bit) || i-- > 0)
			continue;
		*word = usages[bit].word;
		*text = _(usages[bit].text);
		found = true;
	}
	ASN1_BIT_STRING_free(bits);
	return found;
}

bool fact_time(const ASN1_TIME *time, char out[FACT_TIME_SIZE])
{
	struct tm tm;

	return ASN1_TIME_to_tm(time, &tm) && strftime(out, FACT_TIME_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm) > 0;
}

bool fact_local_time(const ASN1_TIME *time, bool date_only, char out[FACT_TIME_SIZE])
{
	struct tm utc, local;
	time_t seconds;

	if (!ASN1_TIME_to_tm(time, &utc))
		return false;
	seconds = timegm(&utc);
	if (!localtime_r(&seconds, &local))
		return false;
	return (date_only ? strftime(out, FACT_TIME_SIZE, "%Y-%m-%d", &local) :
			    strftime(out, FACT_TIME_SIZE, "%Y-%m-%d %H:%M %Z", &local)) > 0;
}

int fact_validity(const struct cert *cert)
{
	if (X509_cmp_current_time(X509_get0_notBefore(cert->x509)) > 0)
		return -1;
	return X509_cmp_current_time(X509_get0_notAfter(cert->x509)) < 0 ? 1 : 0;
}

/* The names that certificates are known to carry; any other stands as it is. */
static const char *const roles[] = {
	N_("Medical Doctor"),         N_("Pharmacist"),  N_("Dentist"),
	N_("Medical Technologist"),   N_("Radiological Technologist"),
	N_("Director of Hospital"),   N_("Director of Clinic"),
};

char *fact_role_text(const struct hcrole *role)
{
	const char *translated = role->text;
	char *text = NULL;

	for (size_t i = 0; i < sizeof roles / sizeof *roles; i++)
		if (strcmp(role->text, roles[i]) == 0)
			translated = _(roles[i]);
	if (strcmp(translated, role->text) == 0)
		return strdup(role->text);
	return asprintf(&text, "%s (%s)", translated, role->text) < 0 ? NULL : text;
}
