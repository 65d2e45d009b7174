/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/asn1t.h>
#include <openssl/err.h>
#include "base/log.h"
#include "base/text.h"
#include "status/crl.h"

static bool next_is(struct bytes *in, uint32_t tag, struct tlv *out)
{
	struct bytes rest = *in;

	if (!tlv_next(&rest, out) || out->tag != tag)
		return false;
	*in = rest;
	return true;
}

static bool next_is_time(struct bytes *in, struct tlv *out)
{
	return next_is(in, 0x17, out) || next_is(in, 0x18, out);
}

/* Where things lie in DER that libcrypto has accepted. The two signature algorithms must be one (RFC 5280 5.1.1.2). */
static enum error find_fields(struct crl *crl, struct bytes *entries)
{
	struct bytes in = crl->der, tbs;
	struct tlv t, inner;

	*entries = (struct bytes){0};
	if (!next_is(&in, 0x30, &t) || in.len != 0)
		return E_FORMAT;
	in = t.value;
	if (!next_is(&in, 0x30, &t))
		return E_FORMAT;
	crl->tbs = t.whole;
	tbs = t.value;
	if (!next_is(&in, 0x30, &t))
		return E_FORMAT;
	crl->algorithm = t.whole;
	if (!next_is(&in, 0x03, &t) || t.value.len < 2 || t.value.data[0] != 0)
		return E_FORMAT;
	crl->signature = (struct bytes){t.value.data + 1, t.value.len - 1};
	next_is(&tbs, 0x02, &t);
	if (!next_is(&tbs, 0x30, &inner) || inner.whole.len != crl->algorithm.len ||
	    memcmp(inner.whole.data, crl->algorithm.data, inner.whole.len) != 0)
		return E_FORMAT;
	if (!next_is(&tbs, 0x30, &t) || !next_is_time(&tbs, &t))
		return E_FORMAT;
	next_is_time(&tbs, &t);
	if (next_is(&tbs, 0x30, &t))
		*entries = t.value;
	return E_OK;
}

static bool read_time(const ASN1_TIME *t, time_t *out)
{
	struct tm tm;

	*out = 0;
	if (!t || !ASN1_TIME_to_tm(t, &tm))
		return false;
	*out = timegm(&tm);
	return true;
}

/* Both in the forms of RFC 5280 5.1.2.4: X509_cmp_time takes no others. */
static enum error read_times(struct crl *crl, const X509_CRL *x)
{
	const ASN1_TIME *this = X509_CRL_get0_lastUpdate(x), *next = X509_CRL_get0_nextUpdate(x);

	if (X509_cmp_time(this, NULL) == 0 || !read_time(this, &crl->this_update) ||
	    (next && (X509_cmp_time(next, NULL) == 0 || !read_time(next, &crl->next_update))))
		return E_FORMAT;
	crl->defects |= next ? 0 : CRL_NO_NEXT;
	return E_OK;
}

/* RFC 5280 5.2.3: at most 20 octets, not negative. */
static enum error read_number(struct crl *crl, const X509_CRL *x)
{
	int where;
	ASN1_INTEGER *n = X509_CRL_get_ext_d2i(x, NID_crl_number, &where, NULL);
	enum error ok = where == -1 ? E_OK : E_FORMAT;

	if (n && ASN1_STRING_type(n) == V_ASN1_INTEGER && ASN1_STRING_length(n) <= (int)sizeof crl->number) {
		crl->number_len = (size_t)ASN1_STRING_length(n);
		memcpy(crl->number, ASN1_STRING_get0_data(n), crl->number_len);
		ok = E_OK;
	}
	ASN1_INTEGER_free(n);
	return ok;
}

static enum error read_point(const struct crypto *c, struct crl *crl, const X509_CRL *x)
{
	int where = X509_CRL_get_ext_by_NID(x, NID_issuing_distribution_point, -1);
	const ASN1_OCTET_STRING *value = where >= 0 ? X509_EXTENSION_get_data(X509_CRL_get_ext(x, where)) : NULL;
	struct bytes scope = {0};
	ISSUING_DIST_POINT *p = X509_CRL_get_ext_d2i(x, NID_issuing_distribution_point, &where, NULL);

	crl->point = p;
	crl->only_reasons = -1;
	if (value)
		scope = (struct bytes){ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value)};
	if (crypto_hash(c, HASH_SHA256, scope, crl->key + 32) != E_OK)
		return E_INTERNAL;
	if (!p)
		return where == -1 ? E_OK : E_FORMAT;
	crl->only_users = p->onlyuser > 0;
	crl->only_cas = p->onlyCA > 0;
	if (p->onlysomereasons)
		crl->only_reasons = (int)crl_reason_bits(p->onlysomereasons);
	if (p->indirectCRL > 0)
		crl->defects |= CRL_INDIRECT;
	if (p->onlyattr > 0)
		crl->defects |= CRL_ATTRIBUTES;
	/* the name relative to the issuer is made whole once, here */
	if (p->distpoint && !DIST_POINT_set_dpname(p->distpoint, crl->name))
		return E_FORMAT;
	return E_OK;
}

static void read_criticals(struct crl *crl, const X509_CRL *x)
{
	for (int i = 0; i < X509_CRL_get_ext_count(x); i++) {
		X509_EXTENSION *e = X509_CRL_get_ext(x, i);
		int nid = OBJ_obj2nid(X509_EXTENSION_get_object(e));

		if (nid == NID_delta_crl)
			crl->defects |= CRL_DELTA;
		else if (X509_EXTENSION_get_critical(e) && nid != NID_issuing_distribution_point &&
		         nid != NID_authority_key_identifier && nid != NID_crl_number)
			crl->defects |= CRL_CRITICAL;
	}
}

/* Critical ones may change what an entry means (RFC 5280 5.3): reason and invalidity date are understood;
 * certificateIssuer is that of indirect lists. A reason (an ENUMERATED, 5.3.1) that does not parse, or is there twice,
 * takes no entry away. */
static void read_entry_extensions(struct crl *crl, struct crl_entry *entry, const X509_REVOKED *r)
{
	int reasons = 0;

	entry->reason = -1;
	for (int i = 0; i < X509_REVOKED_get_ext_count(r); i++) {
		X509_EXTENSION *e = X509_REVOKED_get_ext(r, i);
		int nid = OBJ_obj2nid(X509_EXTENSION_get_object(e)), n = ASN1_STRING_length(X509_EXTENSION_get_data(e));
		const uint8_t *p = ASN1_STRING_get0_data(X509_EXTENSION_get_data(e));

		if (nid == NID_crl_reason) {
			bool sound = n == 3 && p[0] == V_ASN1_ENUMERATED && p[1] == 1 && p[2] <= 10;

			entry->reason = sound && reasons++ == 0 ? p[2] : -1;
		} else if (nid == NID_invalidity_date) {
			ASN1_GENERALIZEDTIME *date = X509V3_EXT_d2i(e);

			if (date && ASN1_STRING_type(date) == V_ASN1_GENERALIZEDTIME && X509_cmp_time(date, NULL) != 0)
				read_time(date, &entry->invalid);
			ASN1_GENERALIZEDTIME_free(date);
		} else if (nid == NID_certificate_issuer) {
			crl->defects |= CRL_INDIRECT;
		} else if (X509_EXTENSION_get_critical(e)) {
			crl->defects |= CRL_CRITICAL;
		}
	}
}

/* certificateHold is lighter than a revocation, removeFromCRL than both. */
static int lightness(int reason)
{
	return reason == CRL_REASON_REMOVE_FROM_CRL ? 2 : reason == CRL_REASON_CERTIFICATE_HOLD;
}

static int compare_serials(struct bytes a, struct bytes b)
{
	if (a.len != b.len)
		return a.len < b.len ? -1 : 1;
	return memcmp(a.data, b.data, a.len);
}

static int compare_entries(const void *left, const void *right)
{
	const struct crl_entry *a = left, *b = right;
	int order = compare_serials(a->serial, b->serial);

	return order ? order : lightness(a->reason) - lightness(b->reason);
}

/* libcrypto's entries in the order of the list, beside their bytes in it. */
static enum error read_entries(struct crl *crl, X509_CRL *x, struct bytes in)
{
	STACK_OF(X509_REVOKED) *list = X509_CRL_get_REVOKED(x);
	size_t n = list ? (size_t)sk_X509_REVOKED_num(list) : 0;
	struct tlv entry, serial;
	bool sorted = true;

	if (n == 0)
		return in.len == 0 ? E_OK : E_FORMAT;
	crl->entries = calloc(n, sizeof *crl->entries);
	if (!crl->entries)
		return E_MEMORY;
	for (; crl->n < n; crl->n++) {
		const X509_REVOKED *r = sk_X509_REVOKED_value(list, (int)crl->n);
		struct crl_entry *e = &crl->entries[crl->n];

		if (!next_is(&in, 0x30, &entry) || !next_is(&entry.value, 0x02, &serial))
			return E_FORMAT;
		e->serial = serial.value;
		read_time(X509_REVOKED_get0_revocationDate(r), &e->revoked);
		read_entry_extensions(crl, e, r);
		sorted = sorted && (crl->n == 0 || compare_entries(e - 1, e) <= 0);
	}
	if (!sorted)
		qsort(crl->entries, n, sizeof *crl->entries, compare_entries);
	return in.len == 0 ? E_OK : E_FORMAT;
}

static enum error read_all(const struct crypto *c, X509_CRL *x, struct crl *crl)
{
	struct bytes entries;
	enum error ok;

	if ((ok = find_fields(crl, &entries)) != E_OK)
		return ok;
	crl->name = X509_NAME_dup(X509_CRL_get_issuer(x));
	if (!crl->name)
		return E_MEMORY;
	read_criticals(crl, x);
	if ((ok = read_times(crl, x)) != E_OK || (ok = read_number(crl, x)) != E_OK ||
	    (ok = read_point(c, crl, x)) != E_OK || (ok = read_entries(crl, x, entries)) != E_OK)
		return ok;
	return crypto_hash(c, HASH_SHA256, crl->der, crl->sha256);
}

enum error crl_parse(const struct crypto *c, struct bytes der, const uint8_t spki_sha256[32], struct crl **out)
{
	struct crl *crl = calloc(1, sizeof *crl);
	bool fits = der.len && der.len <= INT_MAX;
	uint8_t *copy = fits ? malloc(der.len) : NULL;
	enum error ok = fits ? E_MEMORY : E_FORMAT;
	const uint8_t *p = copy;
	X509_CRL *x = NULL;

	*out = NULL;
	ERR_set_mark();
	if (!crl || !copy || !(x = X509_CRL_new_ex(c->lib, NULL)))
		goto fail;
	memcpy(copy, der.data, der.len);
	crl->der = (struct bytes){copy, der.len};
	memcpy(crl->key, spki_sha256, 32);
	copy = NULL;
	/* on failure d2i_X509_CRL leaves, or frees and clears, what it was given */
	if (!d2i_X509_CRL(&x, &p, (long)der.len) || p != crl->der.data + der.len) {
		log_info("d2i_X509_CRL: not a revocation list");
		ok = E_FORMAT;
		goto fail;
	}
	ok = read_all(c, x, crl);
	if (ok != E_OK) {
		log_info("crl_parse: %s", error_text(ok));
		goto fail;
	}
	*out = crl;
	crl = NULL;
fail:
	X509_CRL_free(x);
	ERR_pop_to_mark();
	crl_free(&crl);
	free(copy);
	return ok;
}

/* Over the bytes as they came: libcrypto writes an ASN1_SEQUENCE out as it is. */
static bool signature_verifies(const struct crl *crl, EVP_PKEY *key)
{
	const uint8_t *p = crl->algorithm.data;
	X509_ALGOR *algorithm = d2i_X509_ALGOR(NULL, &p, (long)crl->algorithm.len);
	ASN1_STRING *tbs = ASN1_STRING_type_new(V_ASN1_SEQUENCE);
	ASN1_BIT_STRING *signature = ASN1_BIT_STRING_new();
	bool good;

	good = algorithm && tbs && signature && ASN1_STRING_set(tbs, crl->tbs.data, (int)crl->tbs.len) &&
	       ASN1_STRING_set(signature, crl->signature.data, (int)crl->signature.len) &&
	       ASN1_item_verify(ASN1_ITEM_rptr(ASN1_SEQUENCE), algorithm, signature, tbs, key) == 1;
	X509_ALGOR_free(algorithm);
	ASN1_STRING_free(tbs);
	ASN1_BIT_STRING_free(signature);
	return good;
}

enum error crl_check(struct crl *crl, const struct cert *issuer)
{
	bool verified = atomic_load(&crl->verified);

	if (X509_NAME_cmp(crl->name, X509_get_subject_name(issuer->x509)) != 0)
		return E_NOT_FOUND;
	if (!(X509_get_key_usage(issuer->x509) & KU_CRL_SIGN) || !issuer->key.pkey)
		return E_SIGNATURE;
	if (!verified) {
		ERR_set_mark();
		verified = signature_verifies(crl, issuer->key.pkey);
		ERR_pop_to_mark();
		atomic_store(&crl->verified, verified);
	}
	return verified ? E_OK : E_SIGNATURE;
}

enum error crl_open(const struct crypto *c, struct bytes der, const struct cert *issuer, struct crl **out)
{
	uint8_t spki[32];
	enum error ok;

	*out = NULL;
	if ((ok = crypto_hash(c, HASH_SHA256, issuer->spki, spki)) == E_OK &&
	    (ok = crl_parse(c, der, spki, out)) == E_OK && (ok = crl_check(*out, issuer)) != E_OK)
		crl_free(out);
	return ok;
}

void crl_free(struct crl **out)
{
	struct crl *crl = *out;

	*out = NULL;
	if (!crl)
		return;
	if (crypto_alive()) {
		X509_NAME_free(crl->name);
		ISSUING_DIST_POINT_free(crl->point);
	}
	free((void *)(uintptr_t)crl->der.data);
	free(crl->entries);
	free(crl);
}

const struct crl_entry *crl_find(const struct crl *crl, const struct cert *cert)
{
	struct bytes in = cert->serial;
	size_t low = 0, high = crl->n;
	struct tlv serial;

	if (!next_is(&in, 0x02, &serial))
		return NULL;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_serials(crl->entries[middle].serial, serial.value) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == crl->n || compare_serials(crl->entries[low].serial, serial.value) != 0)
		return NULL;
	return &crl->entries[low];
}

time_t crl_next_update(struct bytes der)
{
	const uint8_t *p = der.data;
	X509_CRL *x;
	time_t at = 0;

	ERR_set_mark();
	x = d2i_X509_CRL(NULL, &p, (long)der.len);
	if (x)
		read_time(X509_CRL_get0_nextUpdate(x), &at);
	X509_CRL_free(x);
	ERR_pop_to_mark();
	return at;
}

void crl_name(const struct crl *crl, char out[CRL_NAME_SIZE])
{
	hex_write(crl->key, 32, out);
	out[64] = '-';
	hex_write(crl->key + 32, 32, out + 65);
	memcpy(out + 129, ".crl", 5);
}

/* ---- Which certificates it is about, and which of two is the later */

static bool has_directory_name(const DIST_POINT_NAME *p, const X509_NAME *name)
{
	if (p->type == 1)
		return p->dpname && X509_NAME_cmp(p->dpname, name) == 0;
	for (int i = 0; i < sk_GENERAL_NAME_num(p->name.fullname); i++) {
		const GENERAL_NAME *g = sk_GENERAL_NAME_value(p->name.fullname, i);

		if (g->type == GEN_DIRNAME && X509_NAME_cmp(g->d.directoryName, name) == 0)
			return true;
	}
	return false;
}

static bool has_name(const DIST_POINT_NAME *p, GENERAL_NAME *name)
{
	if (name->type == GEN_DIRNAME)
		return has_directory_name(p, name->d.directoryName);
	for (int i = 0; p->type == 0 && i < sk_GENERAL_NAME_num(p->name.fullname); i++) {
		if (GENERAL_NAME_cmp(sk_GENERAL_NAME_value(p->name.fullname, i), name) == 0)
			return true;
	}
	return false;
}

/* 6.3.3 (b)(2)(i): one name of the list's is one of the certificate's. */
static bool share_name(const DIST_POINT_NAME *a, const DIST_POINT_NAME *b)
{
	if (b->type == 1)
		return b->dpname && has_directory_name(a, b->dpname);
	for (int i = 0; i < sk_GENERAL_NAME_num(b->name.fullname); i++) {
		if (has_name(a, sk_GENERAL_NAME_value(b->name.fullname, i)))
			return true;
	}
	return false;
}

unsigned crl_reason_bits(const ASN1_BIT_STRING *bits)
{
	unsigned mask = 0;

	for (int i = 1; i <= 8; i++)
		if (ASN1_BIT_STRING_get_bit(bits, i))
			mask |= 1U << i;
	return mask;
}

/* A point with a cRLIssuer leads to an indirect list (6.3.3 (b)(1)), one without
 * a name nowhere (4.2.1.13). */
static unsigned named_reasons(const struct crl *crl, const CRL_DIST_POINTS *points)
{
	unsigned mask = 0;

	for (int i = 0; i < sk_DIST_POINT_num(points); i++) {
		DIST_POINT *p = sk_DIST_POINT_value(points, i);

		if (p->CRLissuer || !p->distpoint || !DIST_POINT_set_dpname(p->distpoint, crl->name))
			continue;
		if (share_name(crl->point->distpoint, p->distpoint))
			mask |= p->reasons ? crl_reason_bits(p->reasons) : CRL_ALL_REASONS; /* (d)(3), (4) */
	}
	return mask;
}

/* A list without a name in its IDP is about everything that its issuer issued,
 * wherever a certificate points to: 6.3.3, last paragraph. By the same paragraph
 * a certificate without distribution points has its issuer's name as one. */
static unsigned reasons_by_name(const struct crl *crl, const struct cert *cert)
{
	int where;
	CRL_DIST_POINTS *points = X509_get_ext_d2i(cert->x509, NID_crl_distribution_points, &where, NULL);
	unsigned mask = 0;

	if (!points && where != -1)
		return 0;
	if (!crl->point || !crl->point->distpoint)
		mask = CRL_ALL_REASONS;
	else if (points)
		mask = named_reasons(crl, points);
	else if (has_directory_name(crl->point->distpoint, crl->name))
		mask = CRL_ALL_REASONS;
	CRL_DIST_POINTS_free(points);
	return mask;
}

unsigned crl_reasons(const struct crl *crl, const struct cert *cert)
{
	unsigned mask;

	if (X509_NAME_cmp(crl->name, X509_get_issuer_name(cert->x509)) != 0)
		return 0;
	if ((cert->ca ? crl->only_users : crl->only_cas) || crl->defects & CRL_ATTRIBUTES)
		return 0;
	ERR_set_mark();
	mask = reasons_by_name(crl, cert);
	ERR_pop_to_mark();
	return crl->only_reasons == -1 ? mask : mask & (unsigned)crl->only_reasons;
}

bool crl_newer(const struct crl *a, const struct crl *b, time_t at)
{
	int number = 0; /* without one in both there is no order */

	if (a->number_len && b->number_len)
		number = a->number_len != b->number_len ? (a->number_len < b->number_len ? -1 : 1)
		                                        : memcmp(a->number, b->number, a->number_len);
	if (b->next_update && b->next_update < at)
		return a->this_update > b->this_update;
	return number >= 0 && a->this_update >= b->this_update && (number > 0 || a->this_update > b->this_update);
}
