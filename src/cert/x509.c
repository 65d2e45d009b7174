/* SPDX-License-Identifier: BSD-2-Clause */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include "base/log.h"
#include "base/mem.h"
#include "cert/x509.h"

/* Where the fields lie in the DER that libcrypto has accepted: the PKCS#11
 * attributes are these bytes, not another encoding of them. */
static enum error find_fields(struct cert *cert)
{
	struct bytes in = cert->der;
	struct tlv t[8];
	size_t n = 0;

	if (!tlv_next(&in, &t[0]) || in.len != 0 || t[0].tag != 0x30)
		return E_FORMAT;
	in = t[0].value;
	if (!tlv_next(&in, &t[0]) || t[0].tag != 0x30)
		return E_FORMAT;
	in = t[0].value;
	while (n < 8 && tlv_next(&in, &t[n]))
		n += n > 0 || t[n].tag != 0xA0; /* the version is passed over */
	if (n < 6 || t[0].tag != 0x02)
		return E_FORMAT;
	cert->serial = t[0].whole;
	cert->issuer = t[2].whole;
	cert->subject = t[4].whole;
	cert->spki = t[5].whole;
	return E_OK;
}

static enum error write_date(const ASN1_TIME *time, char out[9])
{
	struct tm tm;

	if (!time || !ASN1_TIME_to_tm(time, &tm) || tm.tm_year < 0 || tm.tm_year > 8099)
		return E_FORMAT;
	return strftime(out, 9, "%Y%m%d", &tm) == 8 ? E_OK : E_FORMAT;
}

static void read_policy(struct cert *cert)
{
	CERTIFICATEPOLICIES *policies = X509_get_ext_d2i(cert->x509, NID_certificate_policies, NULL, NULL);

	cert->profile = &policy_unknown;
	for (int i = 0; cert->profile == &policy_unknown && i < sk_POLICYINFO_num(policies); i++) {
		const POLICYINFO *info = sk_POLICYINFO_value(policies, i);
		int n = OBJ_obj2txt(cert->policy, sizeof cert->policy, info->policyid, 1);

		if (n > 0 && (size_t)n < sizeof cert->policy)
			cert->profile = policy_find(cert->policy, &cert->production);
	}
	cert->kind = cert->profile->kind;
	if (cert->profile == &policy_unknown)
		cert->policy[0] = '\0';
	CERTIFICATEPOLICIES_free(policies);
}

static void read_constraints(struct cert *cert)
{
	BASIC_CONSTRAINTS *bc = X509_get_ext_d2i(cert->x509, NID_basic_constraints, NULL, NULL);

	cert->ca = bc && bc->ca;
	BASIC_CONSTRAINTS_free(bc);
}

/* An hcRole that cannot be read does not take the certificate away: it is
 * said, and who decides by roles finds none. */
static enum error read_roles(struct cert *cert)
{
	int at = X509_get_ext_by_NID(cert->x509, NID_subject_directory_attributes, -1);
	const ASN1_OCTET_STRING *value;
	enum error ok = E_FORMAT;

	if (at < 0)
		return E_OK;
	value = X509_EXTENSION_get_data(X509_get_ext(cert->x509, at));
	if (X509_get_ext_by_NID(cert->x509, NID_subject_directory_attributes, at) < 0)
		ok = hcrole_parse((struct bytes){ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value)},
		                  &cert->roles);
	cert->roles_broken = ok == E_FORMAT;
	return cert->roles_broken ? E_OK : ok;
}

static enum error parse_x509(const struct crypto *c, struct cert *cert)
{
	const uint8_t *p = cert->der.data;

	cert->x509 = X509_new_ex(c->lib, NULL);
	if (!cert->x509)
		return E_MEMORY;
	/* on failure d2i_X509 leaves, or frees and clears, what it was given: both are ours to free */
	if (!d2i_X509(&cert->x509, &p, (long)cert->der.len) || p != cert->der.data + cert->der.len)
		return E_FORMAT;
	return E_OK;
}

static enum error read_all(const struct crypto *c, struct cert *cert)
{
	enum error ok;

	if ((ok = parse_x509(c, cert)) != E_OK || (ok = find_fields(cert)) != E_OK ||
	    (ok = write_date(X509_get0_notBefore(cert->x509), cert->start)) != E_OK ||
	    (ok = write_date(X509_get0_notAfter(cert->x509), cert->end)) != E_OK ||
	    (ok = key_read(c, cert->spki, X509_get0_pubkey(cert->x509), &cert->key)) != E_OK ||
	    (ok = read_roles(cert)) != E_OK)
		return ok;
	read_policy(cert);
	read_constraints(cert);
	return crypto_hash(c, HASH_SHA256, cert->der, cert->sha256);
}

enum error cert_parse(const struct crypto *c, struct bytes der, struct cert **out)
{
	struct cert *cert = calloc(1, sizeof *cert);
	uint8_t *copy = der.len && der.len <= LONG_MAX ? malloc(der.len) : NULL;
	enum error ok = der.len && der.len <= LONG_MAX ? E_MEMORY : E_FORMAT;

	*out = NULL;
	if (!cert || !copy)
		goto fail;
	memcpy(copy, der.data, der.len);
	cert->der = (struct bytes){copy, der.len};
	copy = NULL;
	ERR_set_mark();
	ok = read_all(c, cert);
	ERR_pop_to_mark();
	if (ok != E_OK) {
		log_info("cert_parse: %s", error_text(ok));
		goto fail;
	}
	*out = cert;
	return E_OK;
fail:
	cert_free(&cert);
	free(copy);
	return ok;
}

/* libcrypto's copies of the extensions; that of the whole is out of reach. */
static void wipe_extensions(X509 *x509)
{
	for (int i = 0; i < X509_get_ext_count(x509); i++) {
		ASN1_OCTET_STRING *value = X509_EXTENSION_get_data(X509_get_ext(x509, i));

		/* const is the accessor's word; the bytes are the certificate's, which dies here */
		OPENSSL_cleanse((void *)(uintptr_t)ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value));
	}
}

void cert_free(struct cert **out)
{
	struct cert *cert = *out;

	*out = NULL;
	if (!cert)
		return;
	hcrole_free(&cert->roles);
	if (cert->x509)
		wipe_extensions(cert->x509);
	key_free(&cert->key);
	if (crypto_alive())
		X509_free(cert->x509);
	mem_wipe((void *)(uintptr_t)cert->der.data, cert->der.len);
	free((void *)(uintptr_t)cert->der.data);
	free(cert);
}
