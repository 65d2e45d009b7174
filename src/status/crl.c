/* SPDX-License-Identifier: BSD-2-Clause */
/* What a list says of itself. Whom it is about is crl_scope.c's business. */
#include "config.h"
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/err.h>
#include "base/log.h"
#include "status/crl.h"

/* Where things lie in DER that libcrypto has accepted. */
struct fields {
	struct bytes inner, outer;  /* the two signature algorithms, which must be one */
	struct bytes entries;       /* empty without */
	struct bytes extensions;    /* empty without */
};

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

static enum error find_fields(struct crl *crl, struct fields *f)
{
	struct bytes in = crl->der, tbs;
	struct tlv t, list;

	*f = (struct fields){0};
	if (!next_is(&in, 0x30, &t) || in.len != 0)
		return E_FORMAT;
	in = t.value;
	if (!next_is(&in, 0x30, &t))
		return E_FORMAT;
	tbs = t.value;
	if (!next_is(&in, 0x30, &t))
		return E_FORMAT;
	f->outer = t.whole;
	next_is(&tbs, 0x02, &t);
	if (!next_is(&tbs, 0x30, &t))
		return E_FORMAT;
	f->inner = t.whole;
	if (!next_is(&tbs, 0x30, &t))
		return E_FORMAT;
	crl->issuer = t.whole;
	if (!next_is_time(&tbs, &t))
		return E_FORMAT;
	next_is_time(&tbs, &t);
	if (next_is(&tbs, 0x30, &t))
		f->entries = t.value;
	if (next_is(&tbs, 0xA0, &t) && next_is(&t.value, 0x30, &list))
		f->extensions = list.value;
	return E_OK;
}

/* RFC 5280 5.1.1.2. */
static bool same_algorithm(const struct fields *f)
{
	return f->inner.len == f->outer.len && memcmp(f->inner.data, f->outer.data, f->inner.len) == 0;
}

/* id-ce-issuingDistributionPoint: the bytes name the list in the store. */
static void find_idp(struct crl *crl, struct bytes extensions)
{
	static const uint8_t oid[] = {0x55, 0x1D, 0x1C};
	struct tlv e, t;

	while (next_is(&extensions, 0x30, &e)) {
		if (!next_is(&e.value, 0x06, &t) || t.value.len != sizeof oid ||
		    memcmp(t.value.data, oid, sizeof oid) != 0)
			continue;
		next_is(&e.value, 0x01, &t);
		if (!next_is(&e.value, 0x04, &t))
			return;
		crl->idp = t.value;
		if (next_is(&t.value, 0x30, &e) && tlv_find(e.value, 0xA0, &t))
			crl->idp_names = t.value;
		return;
	}
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

	if (X509_cmp_time(this, NULL) == 0 || !read_time(this, &crl->this_update))
		return E_FORMAT;
	if (!next) {
		crl->defects |= CRL_NO_NEXT;
		return E_OK;
	}
	if (X509_cmp_time(next, NULL) == 0 || !read_time(next, &crl->next_update))
		return E_FORMAT;
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

static int read_reasons(const ASN1_BIT_STRING *bits)
{
	unsigned mask = 0;

	for (int i = 1; i <= 8; i++) {
		if (ASN1_BIT_STRING_get_bit(bits, i))
			mask |= 1U << i;
	}
	return (int)mask;
}

static enum error read_point(struct crl *crl, const X509_CRL *x)
{
	int where;
	ISSUING_DIST_POINT *p = X509_CRL_get_ext_d2i(x, NID_issuing_distribution_point, &where, NULL);

	crl->only_reasons = -1;
	if (!p)
		return where == -1 ? E_OK : E_FORMAT;
	crl->point = p;
	crl->has_idp = true;
	crl->only_users = p->onlyuser > 0;
	crl->only_cas = p->onlyCA > 0;
	if (p->onlysomereasons)
		crl->only_reasons = read_reasons(p->onlysomereasons);
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
	static const int known[] = {NID_issuing_distribution_point, NID_authority_key_identifier, NID_crl_number,
	                            NID_delta_crl /* a defect of its own */};

	if (X509_CRL_get_ext_by_NID(x, NID_delta_crl, -1) >= 0)
		crl->defects |= CRL_DELTA;
	for (int i = 0; i < X509_CRL_get_ext_count(x); i++) {
		X509_EXTENSION *e = X509_CRL_get_ext(x, i);
		int nid = OBJ_obj2nid(X509_EXTENSION_get_object(e));
		bool found = !X509_EXTENSION_get_critical(e);

		for (size_t k = 0; !found && k < sizeof known / sizeof *known; k++)
			found = nid == known[k];
		if (!found)
			crl->defects |= CRL_CRITICAL;
	}
}

/* ENUMERATED of RFC 5280 5.3.1. One that does not parse takes no entry away. */
static int read_reason(X509_EXTENSION *e)
{
	const ASN1_OCTET_STRING *value = X509_EXTENSION_get_data(e);
	const uint8_t *p = ASN1_STRING_get0_data(value);

	return ASN1_STRING_length(value) == 3 && p[0] == V_ASN1_ENUMERATED && p[1] == 1 && p[2] <= 10 ? p[2] : -1;
}

/* Critical ones may change what an entry means (RFC 5280 5.3): the reason is
 * understood; certificateIssuer is that of indirect lists. */
static void read_entry_extensions(struct crl *crl, struct crl_entry *entry, const X509_REVOKED *r)
{
	int reasons = 0;

	entry->reason = -1;
	for (int i = 0; i < X509_REVOKED_get_ext_count(r); i++) {
		X509_EXTENSION *e = X509_REVOKED_get_ext(r, i);
		int nid = OBJ_obj2nid(X509_EXTENSION_get_object(e));

		if (nid == NID_crl_reason)
			entry->reason = reasons++ ? -1 : read_reason(e);
		else if (nid == NID_certificate_issuer)
			crl->defects |= CRL_INDIRECT;
		else if (X509_EXTENSION_get_critical(e))
			crl->defects |= CRL_CRITICAL;
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

static bool is_sorted(const struct crl_entry *e, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		if (compare_entries(&e[i - 1], &e[i]) > 0)
			return false;
	}
	return true;
}

/* libcrypto's entries in the order of the list, beside their bytes in it. */
static enum error read_entries(struct crl *crl, X509_CRL *x, struct bytes in)
{
	STACK_OF(X509_REVOKED) *list = X509_CRL_get_REVOKED(x);
	size_t n = list ? (size_t)sk_X509_REVOKED_num(list) : 0;
	struct tlv entry, serial;

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
	}
	if (!is_sorted(crl->entries, n))
		qsort(crl->entries, n, sizeof *crl->entries, compare_entries);
	return in.len == 0 ? E_OK : E_FORMAT;
}

/* 6.3.3 (f) and (g): the issuer's name, key usage and signature. */
static enum error check_signer(X509_CRL *x, const struct cert *issuer)
{
	if (X509_NAME_cmp(X509_CRL_get_issuer(x), X509_get_subject_name(issuer->x509)) != 0)
		return E_NOT_FOUND;
	if (!(X509_get_key_usage(issuer->x509) & KU_CRL_SIGN) || !issuer->key.pkey)
		return E_SIGNATURE;
	return X509_CRL_verify(x, issuer->key.pkey) == 1 ? E_OK : E_SIGNATURE;
}

static enum error read_all(const struct crypto *c, X509_CRL *x, const struct cert *issuer, struct crl *crl)
{
	struct fields f;
	enum error ok;

	if ((ok = find_fields(crl, &f)) != E_OK || (ok = check_signer(x, issuer)) != E_OK)
		return ok;
	if (!same_algorithm(&f))
		return E_FORMAT;
	crl->name = X509_NAME_dup(X509_CRL_get_issuer(x));
	if (!crl->name)
		return E_MEMORY;
	find_idp(crl, f.extensions);
	read_criticals(crl, x);
	if ((ok = read_times(crl, x)) != E_OK || (ok = read_number(crl, x)) != E_OK ||
	    (ok = read_point(crl, x)) != E_OK || (ok = read_entries(crl, x, f.entries)) != E_OK)
		return ok;
	return crl_key(c, issuer, crl->idp, crl->key);
}

static enum error parse(const struct crypto *c, const struct cert *issuer, struct crl *crl)
{
	X509_CRL *x = X509_CRL_new_ex(c->lib, NULL);
	const uint8_t *p = crl->der.data;
	enum error ok = x ? E_FORMAT : E_MEMORY;

	/* on failure d2i_X509_CRL leaves, or frees and clears, what it was given */
	if (x && d2i_X509_CRL(&x, &p, (long)crl->der.len) && p == crl->der.data + crl->der.len)
		ok = read_all(c, x, issuer, crl);
	X509_CRL_free(x);
	return ok;
}

enum error crl_open(const struct crypto *c, struct bytes der, const struct cert *issuer, struct crl **out)
{
	struct crl *crl = calloc(1, sizeof *crl);
	uint8_t *copy = der.len && der.len <= LONG_MAX ? malloc(der.len) : NULL;
	enum error ok = der.len && der.len <= LONG_MAX ? E_MEMORY : E_FORMAT;

	*out = NULL;
	if (!crl || !copy)
		goto fail;
	memcpy(copy, der.data, der.len);
	crl->der = (struct bytes){copy, der.len};
	copy = NULL;
	ERR_set_mark();
	ok = parse(c, issuer, crl);
	ERR_pop_to_mark();
	if (ok != E_OK) {
		log_info("crl_open: %s", error_text(ok));
		goto fail;
	}
	*out = crl;
	return E_OK;
fail:
	crl_free(&crl);
	free(copy);
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

enum error crl_key(const struct crypto *c, const struct cert *issuer, struct bytes idp, uint8_t out[64])
{
	enum error ok = crypto_hash(c, HASH_SHA256, issuer->spki, out);

	return ok != E_OK ? ok : crypto_hash(c, HASH_SHA256, idp, out + 32);
}
