/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <string.h>
#include <openssl/x509.h>
#include "vcard/x509w.h"

enum { INTEGER = 0x02, BITS = 0x03, OCTETS = 0x04, UTF8 = 0x0C, PRINTABLE = 0x13, IA5 = 0x16, SEQUENCE = 0x30,
       SET = 0x31 };

static void put_rdn(struct der *d, const struct rdn *r)
{
	bool printable = !strcmp(r->oid, OID_C) || !strcmp(r->oid, OID_SERIAL);
	size_t set = der_open(d, SET), pair = der_open(d, SEQUENCE);

	der_oid(d, r->oid);
	der_text(d, printable ? PRINTABLE : UTF8, r->text);
	der_close(d, pair);
	der_close(d, set);
}

void x_name(struct der *d, const struct rdn *rdns)
{
	size_t name = der_open(d, SEQUENCE);

	for (; rdns->oid; rdns++)
		if (rdns->text)
			put_rdn(d, rdns);
	der_close(d, name);
}

struct x_mark x_ext_open(struct der *d, const char *oid, bool critical)
{
	static const uint8_t yes = 0xFF;
	struct x_mark m;

	m.extension = der_open(d, SEQUENCE);
	der_oid(d, oid);
	if (critical)
		der_put(d, 0x01, &yes, 1);
	m.value = der_open(d, OCTETS);
	return m;
}

void x_ext_close(struct der *d, struct x_mark m)
{
	der_close(d, m.value);
	der_close(d, m.extension);
}

/* SHA-1 of the key's bits (RFC 5280, 4.2.1.2, method 1). */
static void put_key_id(struct der *d, uint8_t tag, EVP_PKEY *key)
{
	uint8_t *bits = NULL, id[EVP_MAX_MD_SIZE];
	int n = i2d_PublicKey(key, &bits);
	unsigned len;

	if (n <= 0 || EVP_Digest(bits, (size_t)n, id, &len, EVP_sha1(), NULL) <= 0)
		d->failed = true;
	else
		der_put(d, tag, id, len);
	OPENSSL_free(bits);
}

void x_authority_key(struct der *d, EVP_PKEY *key, const struct buf *name, unsigned serial)
{
	struct x_mark m = x_ext_open(d, "2.5.29.35", false);
	size_t seq = der_open(d, SEQUENCE), names, directory;

	put_key_id(d, 0x80, key);
	if (name) {
		names = der_open(d, 0xA1);
		directory = der_open(d, 0xA4);
		der_raw(d, name->data, name->len);
		der_close(d, directory);
		der_close(d, names);
		der_int(d, 0x82, serial);
	}
	der_close(d, seq);
	x_ext_close(d, m);
}

void x_subject_key(struct der *d, EVP_PKEY *key)
{
	struct x_mark m = x_ext_open(d, "2.5.29.14", false);

	put_key_id(d, OCTETS, key);
	x_ext_close(d, m);
}

void x_basic_ca(struct der *d)
{
	static const uint8_t yes = 0xFF;
	struct x_mark m = x_ext_open(d, "2.5.29.19", true);
	size_t seq = der_open(d, SEQUENCE);

	der_put(d, 0x01, &yes, 1);
	der_close(d, seq);
	x_ext_close(d, m);
}

void x_key_usage(struct der *d, unsigned bits)
{
	struct x_mark m = x_ext_open(d, "2.5.29.15", true);

	der_flags(d, bits);
	x_ext_close(d, m);
}

void x_policy(struct der *d, const char *oid, const char *cps)
{
	struct x_mark m = x_ext_open(d, "2.5.29.32", true);
	size_t policies = der_open(d, SEQUENCE), policy = der_open(d, SEQUENCE), qualifiers, qualifier;

	der_oid(d, oid);
	qualifiers = der_open(d, SEQUENCE);
	qualifier = der_open(d, SEQUENCE);
	der_oid(d, "1.3.6.1.5.5.7.2.1");
	der_text(d, IA5, cps);
	der_close(d, qualifier);
	der_close(d, qualifiers);
	der_close(d, policy);
	der_close(d, policies);
	x_ext_close(d, m);
}

/* DistributionPoint { distributionPoint [0] { fullName [0] { one name } } } */
static void crl_point(struct der *d, const struct rdn *directory, const char *url)
{
	size_t point = der_open(d, SEQUENCE), name = der_open(d, 0xA0), full = der_open(d, 0xA0), inner;

	if (directory) {
		inner = der_open(d, 0xA4);
		x_name(d, directory);
		der_close(d, inner);
	} else {
		der_text(d, 0x86, url);
	}
	der_close(d, full);
	der_close(d, name);
	der_close(d, point);
}

void x_crl_points(struct der *d, const struct rdn *directory, const char *url)
{
	struct x_mark m = x_ext_open(d, "2.5.29.31", false);
	size_t seq = der_open(d, SEQUENCE);

	if (directory)
		crl_point(d, directory, NULL);
	if (url)
		crl_point(d, NULL, url);
	der_close(d, seq);
	x_ext_close(d, m);
}

void x_ext_usage(struct der *d, const char *oid)
{
	struct x_mark m = x_ext_open(d, "2.5.29.37", false);
	size_t seq = der_open(d, SEQUENCE);

	der_oid(d, oid);
	der_close(d, seq);
	x_ext_close(d, m);
}

void x_ocsp(struct der *d, const char *url)
{
	struct x_mark m = x_ext_open(d, "1.3.6.1.5.5.7.1.1", false);
	size_t list = der_open(d, SEQUENCE), access = der_open(d, SEQUENCE);

	der_oid(d, "1.3.6.1.5.5.7.48.1");
	der_text(d, 0x86, url);
	der_close(d, access);
	der_close(d, list);
	x_ext_close(d, m);
}

void x_time(struct der *d, time_t t)
{
	struct tm tm;
	char text[32];
	bool utc;

	gmtime_r(&t, &tm);
	utc = tm.tm_year < 150;
	strftime(text, sizeof text, "%Y%m%d%H%M%SZ", &tm);
	der_text(d, utc ? 0x17 : 0x18, utc ? text + 2 : text);
}

static void put_algorithm(struct der *d)
{
	size_t seq = der_open(d, SEQUENCE);

	der_oid(d, "1.2.840.113549.1.1.11");
	der_put(d, 0x05, NULL, 0);
	der_close(d, seq);
}

static void put_key(struct der *d, EVP_PKEY *key)
{
	uint8_t *spki = NULL;
	int n = i2d_PUBKEY(key, &spki);

	if (n <= 0)
		d->failed = true;
	else
		der_raw(d, spki, (size_t)n);
	OPENSSL_free(spki);
}

static void put_tbs_certificate(struct der *d, const struct x_certificate *c)
{
	size_t tbs = der_open(d, SEQUENCE), part, inner;

	part = der_open(d, 0xA0);
	der_int(d, INTEGER, 2);
	der_close(d, part);
	der_put(d, INTEGER, c->serial, c->serial_len);
	put_algorithm(d);
	der_raw(d, c->issuer->data, c->issuer->len);
	part = der_open(d, SEQUENCE);
	x_time(d, c->from);
	x_time(d, c->to);
	der_close(d, part);
	der_raw(d, c->subject->data, c->subject->len);
	put_key(d, c->key);
	part = der_open(d, 0xA3);
	inner = der_open(d, SEQUENCE);
	der_raw(d, c->extensions->data, c->extensions->len);
	der_close(d, inner);
	der_close(d, part);
	der_close(d, tbs);
}

/* SEQUENCE { what is in tbs, algorithm, signature } */
static bool sign(const struct der *tbs, EVP_PKEY *ca, struct buf *out)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t bits[1 + 512] = {0};
	size_t n = sizeof bits - 1, seq;
	struct der d = {0};
	bool ok;

	ok = !tbs->failed && ctx && EVP_DigestSignInit_ex(ctx, NULL, "SHA256", NULL, NULL, ca, NULL) > 0 &&
	     EVP_DigestSign(ctx, bits + 1, &n, tbs->b.data, tbs->b.len) > 0;
	EVP_MD_CTX_free(ctx);
	if (!ok)
		return false;
	seq = der_open(&d, SEQUENCE);
	der_raw(&d, tbs->b.data, tbs->b.len);
	put_algorithm(&d);
	der_put(&d, BITS, bits, 1 + n);
	der_close(&d, seq);
	ok = !d.failed && buf_append(out, d.b.data, d.b.len) == E_OK;
	buf_free(&d.b);
	return ok;
}

bool x_certificate_sign(const struct x_certificate *c, EVP_PKEY *ca, struct buf *out)
{
	struct der tbs = {0};
	bool ok;

	put_tbs_certificate(&tbs, c);
	ok = sign(&tbs, ca, out);
	buf_free(&tbs.b);
	return ok;
}

static void put_tbs_crl(struct der *d, const struct x_crl *c)
{
	size_t tbs = der_open(d, SEQUENCE), part, inner;

	der_int(d, INTEGER, 1);
	put_algorithm(d);
	der_raw(d, c->issuer->data, c->issuer->len);
	x_time(d, c->from);
	x_time(d, c->to);
	if (c->entries->len)
		der_put(d, SEQUENCE, c->entries->data, c->entries->len);
	part = der_open(d, 0xA0);
	inner = der_open(d, SEQUENCE);
	der_raw(d, c->extensions->data, c->extensions->len);
	der_close(d, inner);
	der_close(d, part);
	der_close(d, tbs);
}

bool x_crl_sign(const struct x_crl *c, EVP_PKEY *ca, struct buf *out)
{
	struct der tbs = {0};
	bool ok;

	put_tbs_crl(&tbs, c);
	ok = sign(&tbs, ca, out);
	buf_free(&tbs.b);
	return ok;
}
