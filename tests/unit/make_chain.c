/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/conf.h>
#include <openssl/x509v3.h>
#include "make_chain.h"

#define YEAR ((time_t)365 * 24 * 60 * 60)
#define KEYS 10
#define KEY_STRANGER 4
#define KEY_SMALL 5

static void must(int truth)
{
	if (!truth)
		abort();
}

EVP_PKEY *chain_key(int i)
{
	static EVP_PKEY *keys[KEYS];

	if (!keys[i])
		keys[i] = i == KEY_SMALL ? EVP_RSA_gen(1024) : i == CHAIN_KEY_RSA ? EVP_RSA_gen(2048) :
		          EVP_EC_gen(i == CHAIN_KEY_P384 ? "P-384" : i == CHAIN_KEY_P521 ? "P-521" :
		                     i == CHAIN_KEY_K256 ? "secp256k1" : "P-256");
	must(keys[i] != NULL);
	return keys[i];
}

void chain_plan(struct link *links, size_t n, const char *policy, time_t at)
{
	static const char *const names[LINKS_MAX + 1] = {"Root", "CA one", "CA two", "Holder"};

	for (size_t i = 0; i < n; i++) {
		bool leaf = i + 1 == n;
		size_t above = i ? i - 1 : 0;

		links[i] = (struct link){
			.key = (int)i, .signer = (int)above,
			.subject = leaf ? "Holder" : names[i], .issuer = names[above],
			.basic = leaf ? NULL : "critical,CA:TRUE",
			.usage = !leaf ? "critical,keyCertSign,cRLSign" : strcmp(policy, POLICY_SIGN) == 0 ?
			         "critical,nonRepudiation" : "critical,digitalSignature",
			.policies = i ? policy : NULL, .names = leaf ? "DNS:a.example.jp" : NULL,
			.from = at - YEAR, .to = at + YEAR,
		};
	}
}

static void mutate_policy(struct link *l, enum mutation m)
{
	static const char *const more[] = {POLICY_LOGIN "," POLICY_OTHER, POLICY_SIGN "," POLICY_OTHER};

	if (m == M_NO_POLICY)
		l->policies = NULL;
	else if (m == M_OTHER_POLICY)
		l->policies = POLICY_OTHER;
	else if (m == M_ANY_POLICY)
		l->policies = "2.5.29.32.0";
	else if (m == M_MORE_POLICIES && l->policies && strcmp(l->policies, POLICY_LOGIN) == 0)
		l->policies = more[0];
	else if (m == M_MORE_POLICIES && l->policies && strcmp(l->policies, POLICY_SIGN) == 0)
		l->policies = more[1];
}

static void mutate_time(struct link *l, enum mutation m, time_t at)
{
	if (m == M_EXPIRED)
		l->to = at - 1;
	else if (m == M_FUTURE)
		l->from = at + 1;
	else
		l->to = at;
}

static void mutate_constraint(struct link *l, enum mutation m)
{
	if (m == M_NAMES_IN)
		l->constraints = "critical,permitted;DNS:example.jp";
	else if (m == M_NAMES_OUT)
		l->constraints = "critical,permitted;DNS:example.org";
	else
		l->mapping = m == M_EXPLICIT_POLICY ? "policyConstraints=critical,requireExplicitPolicy:0" :
		             m == M_INHIBIT_ANY ? "inhibitAnyPolicy=critical,0" :
		             "policyMappings=critical," POLICY_OTHER ":" POLICY_LOGIN;
}

static void mutate_signature(struct link *links, size_t n, size_t which, enum mutation m)
{
	struct link *l = &links[which];

	if (m == M_SHA1) {
		l->sha1 = true;
	} else if (m == M_MANGLED) {
		l->mangled = true;
	} else if (m == M_WRONG_SIGNER) {
		l->signer = KEY_STRANGER;
	} else {
		l->key = KEY_SMALL;
		if (which == 0)
			l->signer = KEY_SMALL;
		if (which + 1 < n)
			links[which + 1].signer = KEY_SMALL;
	}
}

static void mutate_rest(struct link *l, enum mutation m)
{
	switch (m) {
	case M_NO_BASIC: l->basic = NULL; break;
	case M_NOT_CA: l->basic = "critical,CA:FALSE"; break;
	case M_PATHLEN_0: l->basic = "critical,CA:TRUE,pathlen:0"; break;
	case M_PATHLEN_1: l->basic = "critical,CA:TRUE,pathlen:1"; break;
	case M_NO_USAGE: l->usage = NULL; break;
	case M_WRONG_USAGE: l->usage = "critical,cRLSign,keyEncipherment"; break;
	case M_EKU_SERVER: l->ext_usage = "serverAuth"; break;
	case M_EKU_CLIENT: l->ext_usage = "critical,clientAuth,emailProtection"; break;
	case M_EKU_ANY: l->ext_usage = "anyExtendedKeyUsage"; break;
	case M_UNKNOWN_CRITICAL: l->unknown = "1.2.3.4.5=critical,DER:0500"; break;
	case M_UNKNOWN: l->unknown = "1.2.3.4.5=DER:0500"; break;
	case M_BROKEN: l->unknown = "extendedKeyUsage=DER:3003020101"; break;
	case M_TWICE: l->twice = true; break;
	case M_WRONG_AKI: l->wrong_aki = true; break;
	case M_NO_KEY_IDS: l->no_key_ids = true; break;
	case M_OTHER_ISSUER: l->issuer = "Nobody"; break;
	case M_VERSION_1: l->version1 = true; break;
	default: break;
	}
}

void chain_mutate(struct link *links, size_t n, size_t which, enum mutation m, time_t at)
{
	struct link *l = &links[which];

	if (m == M_EXPIRED || m == M_FUTURE || m == M_LAST_SECOND)
		mutate_time(l, m, at);
	else if (m >= M_NO_POLICY && m <= M_MORE_POLICIES)
		mutate_policy(l, m);
	else if (m == M_SHA1 || m == M_MANGLED || m == M_WRONG_SIGNER || m == M_SMALL_KEY)
		mutate_signature(links, n, which, m);
	else if (m >= M_NAMES_IN && m <= M_MAPPING && m != M_VERSION_1)
		mutate_constraint(l, m);
	else if (m == M_SELF_ISSUED && which > 0 && which + 1 < n)
		l->subject = links[which + 1].issuer = l->issuer;
	else
		mutate_rest(l, m);
}

/* "name=value" as in an OpenSSL configuration file, or a name and a value. */
static void add(X509 *x, X509V3_CTX *ctx, CONF *conf, const char *name, const char *value)
{
	const char *cut = value ? NULL : strchr(name, '=');
	char word[64];
	X509_EXTENSION *e;

	if (cut)
		snprintf(word, sizeof word, "%.*s", (int)(cut - name), name);
	e = X509V3_EXT_nconf(conf, ctx, cut ? word : name, cut ? cut + 1 : value);
	must(e && X509_add_ext(x, e, -1));
	X509_EXTENSION_free(e);
}

static void add_key_ids(X509 *x, X509V3_CTX *ctx, CONF *conf, const struct link *l)
{
	if (l->no_key_ids)
		return;
	add(x, ctx, conf, "subjectKeyIdentifier", "hash");
	if (l->wrong_aki)
		add(x, ctx, conf, "authorityKeyIdentifier=DER:30068004DEADBEEF", NULL);
	else if (ctx->issuer_cert && X509_get_ext_by_NID(ctx->issuer_cert, NID_subject_key_identifier, -1) >= 0)
		add(x, ctx, conf, "authorityKeyIdentifier", "keyid:always,issuer:always");
}

static void add_extensions(X509 *x, X509 *issuer, const struct link *l)
{
	const struct {
		const char *name, *value;
	} all[] = {{"basicConstraints", l->basic}, {"keyUsage", l->usage}, {"extendedKeyUsage", l->ext_usage},
	           {"certificatePolicies", l->policies}, {"subjectAltName", l->names},
	           {"nameConstraints", l->constraints}, {"1.2.3.4.6", l->twice ? "DER:0500" : NULL},
	           {"1.2.3.4.6", l->twice ? "DER:0500" : NULL}};
	CONF *conf = NCONF_new(NULL);
	X509V3_CTX ctx;

	X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
	X509V3_set_nconf(&ctx, conf);
	add_key_ids(x, &ctx, conf, l);
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (all[i].value)
			add(x, &ctx, conf, all[i].name, all[i].value);
	if (l->mapping)
		add(x, &ctx, conf, l->mapping, NULL);
	if (l->unknown && !(strncmp(l->unknown, "ext", 3) == 0 && l->ext_usage))
		add(x, &ctx, conf, l->unknown, NULL);
	NCONF_free(conf);
}

static void name_it(X509_NAME *name, const char *cn)
{
	must(X509_NAME_add_entry_by_txt(name, "C", MBSTRING_ASC, (const unsigned char *)"JP", -1, -1, 0));
	must(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)cn, -1, -1, 0));
}

/* A bit of the signature turned over, and parsed again. */
static X509 *mangle(X509 *x)
{
	unsigned char *der = NULL;
	const unsigned char *p;
	int len = i2d_X509(x, &der);
	X509 *out;

	must(len > 0);
	der[len - 9] ^= 4;
	p = der;
	out = d2i_X509(NULL, &p, len);
	must(out != NULL);
	OPENSSL_free(der);
	X509_free(x);
	return out;
}

static X509 *make(const struct link *l, X509 *issuer)
{
	X509 *x = X509_new();

	must(x && X509_set_version(x, l->version1 ? X509_VERSION_1 : X509_VERSION_3));
	must(ASN1_INTEGER_set(X509_get_serialNumber(x), 100 + l->key));
	must(ASN1_TIME_set(X509_getm_notBefore(x), l->from) && ASN1_TIME_set(X509_getm_notAfter(x), l->to));
	name_it(X509_get_issuer_name(x), l->issuer);
	name_it(X509_get_subject_name(x), l->subject);
	must(X509_set_pubkey(x, chain_key(l->key)));
	if (!l->version1)
		add_extensions(x, issuer ? issuer : x, l);
	must(X509_sign(x, chain_key(l->signer), l->sha1 ? EVP_sha1() : EVP_sha256()) > 0);
	return l->mangled ? mangle(x) : x;
}

void chain_make(const struct link *links, size_t n, X509 **out)
{
	for (size_t i = 0; i < n; i++)
		out[i] = make(&links[i], i ? out[i - 1] : NULL);
}
