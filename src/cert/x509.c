/* SPDX-License-Identifier: BSD-2-Clause */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include "base/log.h"
#include "base/mem.h"
#include "cert/x509.h"

#define TIME_MAX ((time_t)INT64_MAX)
#define TIME_MIN ((time_t)INT64_MIN)

/* YYYYMMDD of a UTCTime or a GeneralizedTime (RFC 5280 4.1.2.5). */
static bool write_date(struct bytes *in, char out[9])
{
	struct tlv t;
	size_t n;

	if (!tlv_next(in, &t) || (t.tag != 0x17 && t.tag != 0x18))
		return false;
	n = t.tag == 0x17 ? 6 : 8;
	if (t.value.len < n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (t.value.data[i] < '0' || t.value.data[i] > '9')
			return false;
	if (n == 6)
		memcpy(out, t.value.data[0] < '5' ? "20" : "19", 2);
	memcpy(out + 8 - n, t.value.data, n);
	out[8] = '\0';
	return true;
}

/* The object of that tag, whose content is then what is left to read. */
static bool enter(struct bytes *in, uint32_t tag)
{
	struct tlv t;

	if (!tlv_next(in, &t) || t.tag != tag)
		return false;
	*in = t.value;
	return true;
}

/* "1.2.392…" */
static bool write_oid(struct bytes der, char *out, size_t size)
{
	const uint8_t *p = der.data;
	ASN1_OBJECT *oid = d2i_ASN1_OBJECT(NULL, &p, (long)der.len);
	int n = oid ? OBJ_obj2txt(out, (int)size, oid, 1) : 0;

	ASN1_OBJECT_free(oid);
	return n > 0 && (size_t)n < size;
}

/* The first policy of certificatePolicies (RFC 5280 4.2.1.4) that we know. */
static void find_policy(struct cert *cert, struct bytes extensions)
{
	static const uint8_t oid[] = {0x06, 0x03, 0x55, 0x1D, 0x20};
	struct tlv extension, value, t;

	while (tlv_next(&extensions, &extension)) {
		struct bytes in = extension.value;

		if (!tlv_next(&in, &t) || t.whole.len != sizeof oid || memcmp(t.whole.data, oid, sizeof oid) != 0 ||
		    !tlv_find(in, 0x04, &value))
			continue;
		in = value.value;
		if (!enter(&in, 0x30))
			return;
		while (cert->profile == &policy_unknown && tlv_next(&in, &t)) {
			struct bytes policy = t.value;

			if (tlv_next(&policy, &t) && t.tag == 0x06 &&
			    write_oid(t.whole, cert->policy, sizeof cert->policy))
				cert->profile = policy_find(cert->policy, &cert->production);
		}
	}
	if (cert->profile == &policy_unknown)
		cert->policy[0] = '\0';
	cert->kind = cert->profile->kind;
}

/* Where the fields lie in the DER (RFC 5280 4.1): the PKCS#11 attributes are these
 * bytes, not another encoding of them. */
static enum error find_fields(struct cert *cert)
{
	struct bytes in = cert->der;
	struct tlv t[10];
	size_t n = 0;

	if (!tlv_next(&in, &t[0]) || in.len != 0 || t[0].tag != 0x30)
		return E_FORMAT;
	in = t[0].value;
	if (!enter(&in, 0x30))
		return E_FORMAT;
	while (n < 10 && tlv_next(&in, &t[n]))
		n += n > 0 || t[n].tag != 0xA0; /* the version is passed over */
	if (n < 6 || t[0].tag != 0x02)
		return E_FORMAT;
	cert->serial = t[0].whole;
	cert->issuer = t[2].whole;
	cert->subject = t[4].whole;
	cert->spki = t[5].whole;
	in = t[3].value;
	if (!write_date(&in, cert->start) || !write_date(&in, cert->end))
		return E_FORMAT;
	cert->profile = &policy_unknown;
	in = t[n - 1].value;
	if (t[n - 1].tag == 0xA3 && enter(&in, 0x30))
		find_policy(cert, in);
	return E_OK;
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
	cert->roles_broken = ok == E_FORMAT || cert->roles.n_broken > 0;
	return ok == E_FORMAT ? E_OK : ok;
}

/* X509_cmp_time takes the forms of RFC 5280 4.1.2.5 alone. */
static time_t read_time(const ASN1_TIME *t, time_t never)
{
	struct tm tm;

	return X509_cmp_time(t, NULL) != 0 && ASN1_TIME_to_tm(t, &tm) ? timegm(&tm) : never;
}

static enum error read_all(const struct crypto *c, struct cert *cert)
{
	const uint8_t *p = cert->der.data;
	BASIC_CONSTRAINTS *bc;
	enum error ok;

	cert->x509 = X509_new_ex(c->lib, NULL);
	if (!cert->x509) {
		log_error("X509_new_ex: no memory");
		return E_MEMORY;
	}
	/* on failure d2i_X509 leaves, or frees and clears, what it was given: both are ours to free */
	if (!d2i_X509(&cert->x509, &p, (long)cert->der.len)) {
		log_info("d2i_X509: no certificate");
		return E_FORMAT;
	}
	if ((ok = find_fields(cert)) != E_OK ||
	    (ok = key_read(c, cert->spki, X509_get0_pubkey(cert->x509), &cert->key)) != E_OK ||
	    (ok = read_roles(cert)) != E_OK)
		return ok;
	cert->not_before = read_time(X509_get0_notBefore(cert->x509), TIME_MAX);
	cert->not_after = read_time(X509_get0_notAfter(cert->x509), TIME_MIN);
	bc = X509_get_ext_d2i(cert->x509, NID_basic_constraints, NULL, NULL);
	cert->ca = bc && bc->ca;
	BASIC_CONSTRAINTS_free(bc);
	return crypto_hash(c, HASH_SHA256, cert->der, cert->sha256);
}

static enum error parse(const struct crypto *c, struct bytes der, bool private, struct cert **out)
{
	struct cert *cert = calloc(1, sizeof *cert);
	uint8_t *copy = der.len && der.len <= LONG_MAX ? pages_new(der.len) : NULL;
	enum error ok = der.len && der.len <= LONG_MAX ? E_MEMORY : E_FORMAT;

	*out = NULL;
	if (!cert || !copy)
		goto fail;
	memcpy(copy, der.data, der.len);
	cert->der = (struct bytes){copy, der.len};
	copy = NULL;
	ERR_set_mark();
	ok = private ? find_fields(cert) : read_all(c, cert);
	if (ok == E_OK && private)
		ok = key_read(c, cert->spki, NULL, &cert->key);
	ERR_pop_to_mark();
	if (ok != E_OK)
		goto fail;
	*out = cert;
	return E_OK;
fail:
	cert_free(&cert);
	pages_free(copy);
	return ok;
}

enum error cert_parse(const struct crypto *c, struct bytes der, struct cert **out)
{
	return parse(c, der, false, out);
}

enum error cert_parse_private(const struct crypto *c, struct bytes der, struct cert **out)
{
	return parse(c, der, true, out);
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
	pages_free((void *)(uintptr_t)cert->der.data);
	mem_wipe(cert, sizeof *cert);
	free(cert);
}
