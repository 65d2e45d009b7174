/* SPDX-License-Identifier: BSD-2-Clause */
/* CRLs. The list that is there is also the record of what has been revoked. */
#include <string.h>
#include <openssl/x509v3.h>
#include "vcard/pki.h"

#define DAY ((time_t)24 * 60 * 60)

/* One list of an authority. */
struct list {
	enum pki_ca ca;
	const char *file;
	const char *cn;       /* of its IDP's directoryName; NULL: no IDP */
	bool authorities;     /* onlyContainsCACerts */
};

/* The root has two: for subordinate authorities and for itself. */
static const struct list rarl = {CA_ROOT, "rarl.crl", "RARL", true};

static struct list main_list(enum pki_ca ca)
{
	return (struct list){ca, pki_cas[ca].crl, pki_cas[ca].list_cn, ca == CA_ROOT};
}

static X509_CRL *parse(const struct buf *der)
{
	const uint8_t *p = der->data;
	X509_CRL *crl = X509_CRL_new();

	if (crl && !d2i_X509_CRL(&crl, &p, (long)der->len))
		crl = NULL;
	return crl;
}

static X509_CRL *read_list(struct folder *s, const struct list *l)
{
	struct buf der = {0};
	X509_CRL *crl = NULL;

	if (folder_has(s, l->file) && folder_read(s, l->file, &der))
		crl = parse(&der);
	buf_free(&der);
	return crl;
}

static unsigned next_number(const X509_CRL *crl)
{
	ASN1_INTEGER *number = crl ? X509_CRL_get_ext_d2i(crl, NID_crl_number, NULL, NULL) : NULL;
	unsigned next = number ? (unsigned)ASN1_INTEGER_get(number) + 1 : 1;

	ASN1_INTEGER_free(number);
	return next;
}

/* What the old list has stays on the new one. */
static bool copy_entries(X509_CRL *crl, struct der *out)
{
	STACK_OF(X509_REVOKED) *list = crl ? X509_CRL_get_REVOKED(crl) : NULL;

	for (int i = 0; i < sk_X509_REVOKED_num(list); i++) {
		uint8_t *der = NULL;
		int n = i2d_X509_REVOKED(sk_X509_REVOKED_value(list, i), &der);
		if (n > 0)
			der_raw(out, der, (size_t)n);
		else
			out->failed = true;
		OPENSSL_free(der);
	}
	return !out->failed;
}

/* SEQUENCE { serial, revoked yesterday, reason keyCompromise } */
static void put_entry(struct der *d, const ASN1_INTEGER *serial)
{
	static const uint8_t reason = 1;
	uint8_t *der = NULL;
	int n = i2d_ASN1_INTEGER(serial, &der);
	size_t entry = der_open(d, 0x30), list;
	struct x_mark m;

	der_raw(d, der, n > 0 ? (size_t)n : 0);
	OPENSSL_free(der);
	x_time(d, time(NULL) - DAY);
	list = der_open(d, 0x30);
	m = x_ext_open(d, "2.5.29.21", false);
	der_put(d, 0x0A, &reason, 1);
	x_ext_close(d, m);
	der_close(d, list);
	der_close(d, entry);
}

/* Critical, as the Ministry's: { distributionPoint [0] { fullName [0] { directoryName } },
 * onlyContainsCACerts [2] } */
static void put_idp(struct der *d, const struct list *l)
{
	static const uint8_t yes = 0xFF;
	struct x_mark m = x_ext_open(d, "2.5.29.28", true);
	size_t idp = der_open(d, 0x30), name = der_open(d, 0xA0), full = der_open(d, 0xA0),
	       inner = der_open(d, 0xA4);
	struct rdn rdns[8];

	pki_list_name(l->ca, l->cn, rdns);
	x_name(d, rdns);
	der_close(d, inner);
	der_close(d, full);
	der_close(d, name);
	if (l->authorities)
		der_put(d, 0x82, &yes, 1);
	der_close(d, idp);
	x_ext_close(d, m);
}

static void put_extensions(struct der *d, const struct list *l, EVP_PKEY *key, unsigned number)
{
	struct x_mark m;

	x_authority_key(d, key, NULL, 0);
	m = x_ext_open(d, "2.5.29.20", false);
	der_int(d, 0x02, number);
	x_ext_close(d, m);
	if (l->cn)
		put_idp(d, l);
}

/* A new list: the old one's entries and, when given, one more. */
static bool write_list(struct folder *s, const struct list *l, X509_CRL *old, const ASN1_INTEGER *serial)
{
	EVP_PKEY *key = pki_ca_key(s, l->ca);
	struct der entries = {0}, ext = {0};
	struct buf issuer = {0}, der = {0};
	time_t now = time(NULL);
	bool ok = false;

	if (!key || !pki_ca_name(l->ca, &issuer) || !copy_entries(old, &entries))
		goto out;
	if (serial)
		put_entry(&entries, serial);
	put_extensions(&ext, l, key, next_number(old));
	ok = !entries.failed && !ext.failed &&
	     x_crl_sign(&(struct x_crl){.issuer = &issuer, .from = now - 60, .to = now + 4 * DAY,
	                                .entries = &entries.b, .extensions = &ext.b},
	                key, &der) &&
	     folder_write(s, l->file, der.data, der.len, 0644);
out:
	EVP_PKEY_free(key);
	buf_free(&issuer);
	buf_free(&entries.b);
	buf_free(&ext.b);
	buf_free(&der);
	return ok;
}

static bool list_ready(struct folder *s, const struct list *l)
{
	X509_CRL *crl = read_list(s, l);
	time_t yesterday = time(NULL) - DAY;
	bool ok = (crl && X509_cmp_time(X509_CRL_get0_lastUpdate(crl), &yesterday) > 0) ||
	          write_list(s, l, crl, NULL);

	X509_CRL_free(crl);
	return ok;
}

bool pki_crls_ready(struct folder *s, enum pki_ca ca)
{
	struct list l = main_list(ca);

	if (!l.file)
		return true;
	return list_ready(s, &l) && (ca != CA_ROOT || list_ready(s, &rarl));
}

bool pki_revoke(struct folder *s, enum pki_ca ca, const struct buf *der)
{
	struct list l = main_list(ca);
	X509 *x = folder_parse(der);
	X509_CRL *crl = read_list(s, &l);
	X509_REVOKED *entry;
	bool ok = x && crl && X509_CRL_get0_by_cert(crl, &entry, x) > 0;

	if (x && !ok)
		ok = write_list(s, &l, crl, X509_get0_serialNumber(x));
	X509_CRL_free(crl);
	X509_free(x);
	return ok;
}
