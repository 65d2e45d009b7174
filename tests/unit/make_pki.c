/* SPDX-License-Identifier: BSD-2-Clause */
#include <check.h>
#include <glob.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <openssl/conf.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include "make_pki.h"

#define KEYS 32
#define YEAR ((time_t)365 * 24 * 60 * 60)

struct pki pki;

static EVP_PKEY *key_of(int i)
{
	static EVP_PKEY *keys[KEYS];

	ck_assert(i >= 0 && i < KEYS);
	if (!keys[i])
		keys[i] = EVP_EC_gen("P-256");
	ck_assert_ptr_nonnull(keys[i]);
	return keys[i];
}

void pki_start(void)
{
	strcpy(pki.folder, "/tmp/test-policy-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(pki.folder));
	pki.at = time(NULL) / 60 * 60;
}

void pki_stop(void)
{
	char command[128];

	snprintf(command, sizeof command, "rm -rf %s", pki.folder);
	ck_assert_int_eq(system(command), 0);
}

const char *pki_path(const char *folder)
{
	static char path[256];

	snprintf(path, sizeof path, "%s/%s", pki.folder, folder);
	return path;
}

static void name_it(X509_NAME *name, const char *cn)
{
	ck_assert(X509_NAME_add_entry_by_txt(name, "C", MBSTRING_ASC, (const unsigned char *)"JP", -1, -1, 0));
	ck_assert(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)cn, -1, -1, 0));
}

/* [exts] of the text goes into the certificate or the list. */
static void add_extensions(const char *lines, X509 *x, X509_CRL *crl)
{
	char text[2048];
	CONF *conf = NCONF_new(NULL);
	BIO *bio;
	X509V3_CTX ctx;
	long line;

	snprintf(text, sizeof text, "[exts]\n%s\n", lines);
	bio = BIO_new_mem_buf(text, -1);
	ck_assert(conf && bio && NCONF_load_bio(conf, bio, &line) > 0);
	X509V3_set_ctx(&ctx, x, x, NULL, crl, 0);
	X509V3_set_nconf(&ctx, conf);
	ck_assert_msg(x ? X509V3_EXT_add_nconf(conf, &ctx, "exts", x) : X509V3_EXT_CRL_add_nconf(conf, &ctx, "exts", crl),
	              "%s", text);
	NCONF_free(conf);
	BIO_free(bio);
}

/* SHA-1 of the key, as everybody does it, in the two extensions that name keys (RFC 5280 4.2.1.2). */
static void add_key_ids(X509 *x, int key, int signer, const char *aki_issuer)
{
	unsigned char hash[EVP_MAX_MD_SIZE], *der = NULL;
	AUTHORITY_KEYID *aki = AUTHORITY_KEYID_new();
	ASN1_OCTET_STRING *ski = ASN1_OCTET_STRING_new();
	int len = i2d_PUBKEY(key_of(key), &der);
	unsigned n;

	ck_assert(aki && ski && len > 0 && EVP_Digest(der, (size_t)len, hash, &n, EVP_sha1(), NULL));
	OPENSSL_free(der);
	ck_assert(ASN1_OCTET_STRING_set(ski, hash, (int)n) &&
	          X509_add1_ext_i2d(x, NID_subject_key_identifier, ski, 0, 0) > 0);
	der = NULL;
	len = i2d_PUBKEY(key_of(signer), &der);
	ck_assert(len > 0 && EVP_Digest(der, (size_t)len, hash, &n, EVP_sha1(), NULL));
	OPENSSL_free(der);
	aki->keyid = ski;
	if (aki_issuer) {
		GENERAL_NAME *name = GENERAL_NAME_new();
		X509_NAME *dn = X509_NAME_new();

		name_it(dn, aki_issuer);
		GENERAL_NAME_set0_value(name, GEN_DIRNAME, dn);
		aki->issuer = sk_GENERAL_NAME_new_null();
		aki->serial = ASN1_INTEGER_new();
		ck_assert(sk_GENERAL_NAME_push(aki->issuer, name) > 0 && ASN1_INTEGER_set(aki->serial, 1));
	}
	ck_assert(ASN1_OCTET_STRING_set(ski, hash, (int)n) &&
	          X509_add1_ext_i2d(x, NID_authority_key_identifier, aki, 0, 0) > 0);
	AUTHORITY_KEYID_free(aki);
}

void pki_make(size_t i, const struct pki_cert *spec)
{
	X509 *x = X509_new();

	ck_assert(i < PKI_MAX && !pki.x509[i] && x && X509_set_version(x, X509_VERSION_3));
	ck_assert(ASN1_INTEGER_set(X509_get_serialNumber(x), (long)i + 1));
	ck_assert(ASN1_TIME_set(X509_getm_notBefore(x), spec->from ? spec->from : pki.at - 2 * YEAR) &&
	          ASN1_TIME_set(X509_getm_notAfter(x), spec->to ? spec->to : pki.at + 2 * YEAR));
	name_it(X509_get_issuer_name(x), spec->issuer);
	name_it(X509_get_subject_name(x), spec->subject);
	ck_assert(X509_set_pubkey(x, key_of(spec->key)));
	if (!spec->no_key_ids)
		add_key_ids(x, spec->key, spec->signer, spec->aki_issuer);
	if (spec->exts)
		add_extensions(spec->exts, x, NULL);
	ck_assert_int_gt(X509_sign(x, key_of(spec->signer), EVP_sha256()), 0);
	pki.x509[i] = x;
}

static FILE *create(const char *folder, const char *name)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", pki.folder, folder);
	for (char *p = path + strlen(pki.folder) + 1; *p; p++)
		if (*p == '/') {
			*p = '\0';
			mkdir(path, 0755);
			*p = '/';
		}
	mkdir(path, 0755);
	snprintf(path, sizeof path, "%s/%s/%s", pki.folder, folder, name);
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(fchmod(fileno(f), 0644), 0);
	return f;
}

void pki_install(const char *folder, size_t i)
{
	char name[32];
	FILE *f;

	snprintf(name, sizeof name, "%zu.pem", i);
	f = create(folder, name);
	ck_assert(PEM_write_X509(f, pki.x509[i]));
	fclose(f);
}

static void add_entry(X509_CRL *crl, const struct pki_entry *e)
{
	X509_REVOKED *r = X509_REVOKED_new();
	ASN1_INTEGER *serial = ASN1_INTEGER_new();
	ASN1_TIME *when = ASN1_TIME_adj(NULL, e->revoked, 0, 0);

	ck_assert(ASN1_INTEGER_set(serial, e->serial) && X509_REVOKED_set_serialNumber(r, serial) &&
	          X509_REVOKED_set_revocationDate(r, when));
	if (e->reason) {
		ASN1_ENUMERATED *reason = ASN1_ENUMERATED_new();

		ck_assert(ASN1_ENUMERATED_set(reason, e->reason) &&
		          X509_REVOKED_add1_ext_i2d(r, NID_crl_reason, reason, 0, 0) > 0);
		ASN1_ENUMERATED_free(reason);
	}
	if (e->invalidity) {
		ASN1_GENERALIZEDTIME *t = ASN1_GENERALIZEDTIME_set(NULL, e->invalidity);

		ck_assert(X509_REVOKED_add1_ext_i2d(r, NID_invalidity_date, t, 0, 0) > 0);
		ASN1_GENERALIZEDTIME_free(t);
	}
	ck_assert(X509_CRL_add0_revoked(crl, r));
	ASN1_INTEGER_free(serial);
	ASN1_TIME_free(when);
}

/* The store's name for it: SHA-256 of the issuer's key, and of the IssuingDistributionPoint. */
static void store_name(const X509_CRL *crl, int signer, char out[140])
{
	int at = X509_CRL_get_ext_by_NID(crl, NID_issuing_distribution_point, -1), len;
	const ASN1_OCTET_STRING *idp = at < 0 ? NULL : X509_EXTENSION_get_data(X509_CRL_get_ext(crl, at));
	unsigned char hash[64], *der = NULL;

	len = i2d_PUBKEY(key_of(signer), &der);
	ck_assert(len > 0 && EVP_Digest(der, (size_t)len, hash, NULL, EVP_sha256(), NULL));
	ck_assert(EVP_Digest(idp ? ASN1_STRING_get0_data(idp) : NULL, idp ? (size_t)ASN1_STRING_length(idp) : 0, hash + 32,
	                     NULL, EVP_sha256(), NULL));
	for (size_t i = 0; i < 64; i++)
		snprintf(out + 2 * i + (i >= 32), 3, "%02x", hash[i]);
	out[64] = '-';
	strcpy(out + 129, ".crl");
	OPENSSL_free(der);
}

void pki_publish(const char *folder, const struct pki_list *list)
{
	X509_CRL *crl = X509_CRL_new();
	X509_NAME *issuer = X509_NAME_new();
	ASN1_TIME *from = ASN1_TIME_adj(NULL, list->from ? list->from : pki.at - 3600, 0, 0),
	          *to = ASN1_TIME_adj(NULL, list->to ? list->to : pki.at + 4 * 86400, 0, 0);
	ASN1_INTEGER *number = ASN1_INTEGER_new();
	char name[140], path[300];
	FILE *f;

	name_it(issuer, list->issuer);
	ck_assert(X509_CRL_set_version(crl, X509_CRL_VERSION_2) && X509_CRL_set_issuer_name(crl, issuer));
	ck_assert(X509_CRL_set1_lastUpdate(crl, from) && X509_CRL_set1_nextUpdate(crl, to));
	ck_assert(ASN1_INTEGER_set(number, list->from ? (long)list->from : (long)pki.at - 3600) &&
	          X509_CRL_add1_ext_i2d(crl, NID_crl_number, number, 0, 0) > 0);
	if (list->exts)
		add_extensions(list->exts, NULL, crl);
	for (size_t i = 0; i < 4 && list->entries[i].serial; i++)
		add_entry(crl, &list->entries[i]);
	ck_assert_int_gt(X509_CRL_sign(crl, key_of(list->signer), EVP_sha256()), 0);
	store_name(crl, list->signer, name);
	snprintf(path, sizeof path, "%s/crl", folder);
	f = create(path, name);
	ck_assert(i2d_X509_CRL_fp(f, crl));
	fclose(f);
	ASN1_INTEGER_free(number);
	ASN1_TIME_free(from);
	ASN1_TIME_free(to);
	X509_NAME_free(issuer);
	X509_CRL_free(crl);
}

/* The lists of a folder, as one PEM text. */
static void add_lists(struct inkan_evidence *evidence, const char *folder)
{
	BIO *pem = BIO_new(BIO_s_mem());
	unsigned char data[8192];
	enum inkan_error e;
	char pattern[256], *text;
	glob_t files;
	long len;

	snprintf(pattern, sizeof pattern, "%s/%s/crl/*.crl", pki.folder, folder);
	ck_assert_int_eq(glob(pattern, GLOB_ERR, NULL, &files), 0);
	for (size_t i = 0; i < files.gl_pathc; i++) {
		FILE *f = fopen(files.gl_pathv[i], "r");
		size_t n = f ? fread(data, 1, sizeof data - 1, f) : 0;

		ck_assert(f && PEM_write_bio(pem, PEM_STRING_X509_CRL, "", data, (long)n));
		fclose(f);
		data[n] = 0;
		ck_assert_int_eq(inkan_evidence_add_lists(evidence, data, n + 1), INKAN_E_FORMAT); /* something after it */
	}
	globfree(&files);
	len = BIO_get_mem_data(pem, &text);
	e = inkan_evidence_add_lists(evidence, text, (size_t)len);
	ck_assert(e == INKAN_OK || e == INKAN_E_SIGNATURE || e == INKAN_E_FORMAT);
	pki.refused += e != INKAN_OK;
	BIO_free(pem);
}

static struct inkan_evidence *evidence_of(struct inkan *ctx, const struct pki_evidence *came)
{
	struct inkan_evidence *evidence;

	pki.refused = 0;
	ck_assert_int_eq(inkan_evidence_new(ctx, &evidence), INKAN_OK);
	for (size_t i = 0; i < 4 && came->certs[i] != PKI_END; i++) {
		unsigned char *der = NULL;
		int n = i2d_X509(pki.x509[came->certs[i]], &der);

		ck_assert_int_eq(inkan_evidence_add_certs(evidence, der, (size_t)n), INKAN_OK);
		OPENSSL_free(der);
	}
	for (size_t i = 0; i < 2 && came->lists[i]; i++)
		add_lists(evidence, came->lists[i]);
	return evidence;
}

const char *pki_decide(const char *anchors, const char *const *lists, size_t i, const struct inkan_rules *rules)
{
	return pki_decide_with(anchors, lists, NULL, i, rules);
}

const char *pki_decide_with(const char *anchors, const char *const *lists, const struct pki_evidence *came, size_t i,
                            const struct inkan_rules *rules)
{
	static char answer[256];
	char folder[128], nothing[128], held[4][128];
	const char *anchor_folders[] = {folder, NULL}, *list_folders[5] = {NULL}, *word;
	struct inkan_options options = {.size = sizeof options, .anchors = anchor_folders, .lists = list_folders};
	struct inkan_rules r = *rules;
	struct inkan_evidence *evidence = NULL;
	struct inkan_decision *d;
	struct inkan_cert *cert;
	struct inkan *ctx;
	unsigned char *der = NULL;
	int len = i2d_X509(pki.x509[i], &der), at;

	snprintf(folder, sizeof folder, "%s/%s", pki.folder, anchors);
	for (size_t k = 0; k < 4 && lists && lists[k]; k++) {
		snprintf(held[k], sizeof held[k], "%s/%s", pki.folder, lists[k]);
		list_folders[k] = held[k];
	}
	snprintf(nothing, sizeof nothing, "%s/nothing-held", pki.folder);
	if (!list_folders[0])
		list_folders[0] = nothing;
	r.size = sizeof r;
	ck_assert(len > 0);
	ck_assert_int_eq(inkan_new(&options, &ctx), INKAN_OK);
	ck_assert_int_eq(inkan_cert_from_der(ctx, der, (size_t)len, &cert), INKAN_OK);
	if (came)
		r.evidence = evidence = evidence_of(ctx, came);
	ck_assert_int_eq(inkan_decide(ctx, cert, &r, &d), INKAN_OK);
	at = snprintf(answer, sizeof answer, "%d", (int)inkan_decision_verdict(d));
	for (size_t k = 0; (word = inkan_decision_reason(d, k)); k++)
		at += snprintf(answer + at, sizeof answer - (size_t)at, "%c%s", k ? ',' : ' ', word);
	for (pki.length = 0; inkan_decision_cert(d, pki.length);)
		pki.length++;
	inkan_decision_free(&d);
	inkan_evidence_free(&evidence);
	inkan_cert_free(&cert);
	inkan_free(&ctx);
	OPENSSL_free(der);
	ck_assert_int_ne(access(nothing, F_OK), 0); /* libinkan writes nothing */
	return answer;
}
