/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/conf.h>
#include <openssl/ec.h>
#include <openssl/x509v3.h>
#include "make_crl.h"

static void must(int truth)
{
	if (!truth)
		abort();
}

EVP_PKEY *make_ec_key(unsigned i)
{
	static EVP_PKEY *keys[MADE_KEYS];

	must(i < MADE_KEYS);
	if (!keys[i])
		keys[i] = EVP_EC_gen("P-256");
	must(keys[i] != NULL);
	return keys[i];
}

static CONF *conf_of(const char *text)
{
	CONF *conf = NCONF_new(NULL);
	BIO *bio = BIO_new_mem_buf(text, -1);
	long line;

	must(conf && bio && NCONF_load_bio(conf, bio, &line) > 0);
	BIO_free(bio);
	return conf;
}

static void name_it(X509_NAME *name, const char *cn)
{
	must(X509_NAME_add_entry_by_txt(name, "C", MBSTRING_ASC, (const unsigned char *)"JP", -1, -1, 0));
	must(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)cn, -1, -1, 0));
}

struct bytes make_ec_cert(const struct cert_spec *spec)
{
	X509 *x = X509_new();
	unsigned char *der = NULL;
	X509V3_CTX ctx;
	CONF *conf;
	int len;

	must(x && X509_set_version(x, X509_VERSION_3));
	must(ASN1_INTEGER_set(X509_get_serialNumber(x), spec->serial));
	must(ASN1_TIME_set_string(X509_getm_notBefore(x), "200102030405Z"));
	must(ASN1_TIME_set_string(X509_getm_notAfter(x), "20510102030405Z"));
	name_it(X509_get_issuer_name(x), spec->issuer);
	name_it(X509_get_subject_name(x), spec->subject);
	must(X509_set_pubkey(x, make_ec_key(spec->key)));
	if (spec->conf) {
		conf = conf_of(spec->conf);
		X509V3_set_ctx(&ctx, x, x, NULL, NULL, 0);
		X509V3_set_nconf(&ctx, conf);
		must(X509V3_EXT_add_nconf(conf, &ctx, "exts", x));
		NCONF_free(conf);
	}
	must(X509_sign(x, make_ec_key(spec->issuer_key), EVP_sha256()) > 0);
	len = i2d_X509(x, &der);
	must(len > 0);
	X509_free(x);
	return (struct bytes){der, (size_t)len};
}

static void add_entry(X509_CRL *x, const struct entry_spec *spec)
{
	X509_REVOKED *r = X509_REVOKED_new();
	ASN1_INTEGER *serial = ASN1_INTEGER_new();
	ASN1_TIME *when = ASN1_TIME_adj(NULL, spec->revoked, 0, 0);
	ASN1_ENUMERATED *reason;
	X509_EXTENSION *e;
	char name[64];

	must(ASN1_INTEGER_set(serial, spec->serial) && X509_REVOKED_set_serialNumber(r, serial));
	must(X509_REVOKED_set_revocationDate(r, when));
	if (spec->reason >= 0) {
		reason = ASN1_ENUMERATED_new();
		must(ASN1_ENUMERATED_set(reason, spec->reason));
		must(X509_REVOKED_add1_ext_i2d(r, NID_crl_reason, reason, 0, 0) > 0);
		ASN1_ENUMERATED_free(reason);
	}
	if (spec->extension) {
		must(sscanf(spec->extension, "%63s", name) == 1);
		e = X509V3_EXT_nconf(NULL, NULL, name, strchr(spec->extension, '=') + 2);
		must(e && X509_REVOKED_add_ext(r, e, -1));
		X509_EXTENSION_free(e);
	}
	must(X509_CRL_add0_revoked(x, r));
	ASN1_INTEGER_free(serial);
	ASN1_TIME_free(when);
}

static void set_times(X509_CRL *x, const struct list_spec *spec)
{
	ASN1_TIME *t = ASN1_TIME_adj(NULL, spec->from, 0, 0);

	must(X509_CRL_set1_lastUpdate(x, t));
	if (spec->to) {
		must(ASN1_TIME_adj(t, spec->to, 0, 0) != NULL);
		must(X509_CRL_set1_nextUpdate(x, t));
	}
	ASN1_TIME_free(t);
}

static void set_number(X509_CRL *x, const char *hex)
{
	BIGNUM *bn = NULL;
	ASN1_INTEGER *n;

	must(BN_hex2bn(&bn, hex) > 0);
	n = BN_to_ASN1_INTEGER(bn, NULL);
	must(n && X509_CRL_add1_ext_i2d(x, NID_crl_number, n, 0, 0) > 0);
	ASN1_INTEGER_free(n);
	BN_free(bn);
}

struct bytes make_list(const struct list_spec *spec)
{
	X509_CRL *x = X509_CRL_new();
	X509_NAME *name = X509_NAME_new();
	unsigned char *der = NULL;
	X509V3_CTX ctx;
	CONF *conf;
	int len;

	name_it(name, spec->issuer);
	must(X509_CRL_set_version(x, X509_CRL_VERSION_2) && X509_CRL_set_issuer_name(x, name));
	set_times(x, spec);
	if (spec->number)
		set_number(x, spec->number);
	if (spec->conf) {
		conf = conf_of(spec->conf);
		X509V3_set_ctx(&ctx, NULL, NULL, NULL, x, 0);
		X509V3_set_nconf(&ctx, conf);
		must(X509V3_EXT_CRL_add_nconf(conf, &ctx, "exts", x));
		NCONF_free(conf);
	}
	for (size_t i = 0; i < spec->n; i++)
		add_entry(x, &spec->entries[i]);
	must(X509_CRL_sign(x, make_ec_key(spec->key), EVP_sha256()) > 0);
	len = i2d_X509_CRL(x, &der);
	must(len > 0);
	X509_NAME_free(name);
	X509_CRL_free(x);
	return (struct bytes){der, (size_t)len};
}

struct cert *make_person(const struct crypto *c, const struct cert_spec *spec)
{
	struct bytes der = make_ec_cert(spec);
	struct cert *cert;

	must(cert_parse(c, der, &cert) == E_OK);
	made_free(&der);
	return cert;
}

struct trusted_ca make_ca(const struct crypto *c, const char *name, unsigned key, const char *more_conf)
{
	char conf[1024];
	struct trusted_ca ca = {.anchor = true, .sound = true, .signs_lists = true};

	snprintf(conf, sizeof conf, "[exts]\nbasicConstraints = critical,CA:true\n%s\n",
	         more_conf ? more_conf : "keyUsage = critical,keyCertSign,cRLSign\nsubjectKeyIdentifier = hash");
	ca.cert = make_person(c, &(struct cert_spec){name, name, key, key, 1, conf});
	must(crypto_hash(c, HASH_SHA256, ca.cert->spki, ca.spki_sha256) == E_OK);
	return ca;
}

void made_free(struct bytes *der)
{
	OPENSSL_free((void *)(uintptr_t)der->data);
	*der = (struct bytes){0};
}
