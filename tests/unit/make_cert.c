/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <openssl/conf.h>
#include <openssl/x509v3.h>
#include "make_cert.h"

static void must(int truth)
{
	if (!truth)
		abort();
}

EVP_PKEY *make_rsa_key(void)
{
	static EVP_PKEY *key;

	if (!key)
		key = EVP_RSA_gen(2048);
	must(key != NULL);
	return key;
}

static void add_extensions(X509 *x509, const struct made_extension *e)
{
	CONF *conf = NCONF_new(NULL); /* some extensions want one, be it empty */
	X509V3_CTX ctx;

	X509V3_set_ctx(&ctx, x509, x509, NULL, NULL, 0);
	X509V3_set_nconf(&ctx, conf);
	for (; e && e->name; e++) {
		X509_EXTENSION *extension = X509V3_EXT_nconf(conf, &ctx, e->name, e->value);

		must(extension && X509_add_ext(x509, extension, -1));
		X509_EXTENSION_free(extension);
	}
	NCONF_free(conf);
}

static void name_it(X509_NAME *name, const char *cn)
{
	must(X509_NAME_add_entry_by_txt(name, "C", MBSTRING_ASC, (const unsigned char *)"JP", -1, -1, 0));
	must(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)cn, -1, -1, 0));
}

struct bytes make_cert(EVP_PKEY *key, const struct made_extension *extensions)
{
	X509 *x509 = X509_new();
	unsigned char *der = NULL;
	int len;

	must(x509 && X509_set_version(x509, X509_VERSION_3));
	must(ASN1_INTEGER_set(X509_get_serialNumber(x509), 0x1234));
	must(ASN1_TIME_set_string(X509_getm_notBefore(x509), "260102030405Z"));
	must(ASN1_TIME_set_string(X509_getm_notAfter(x509), "20510102030405Z"));
	name_it(X509_get_issuer_name(x509), "Test CA");
	name_it(X509_get_subject_name(x509), "Test Holder");
	must(X509_set_pubkey(x509, key));
	add_extensions(x509, extensions);
	must(X509_sign(x509, key, EVP_sha256()) > 0);
	len = i2d_X509(x509, &der);
	must(len > 0);
	X509_free(x509);
	return (struct bytes){der, (size_t)len};
}
