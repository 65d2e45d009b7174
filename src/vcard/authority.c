/* SPDX-License-Identifier: BSD-2-Clause */
/* The authorities: hpki.md 3.1 and jpki.md 2, under names that are clearly not theirs. */
#include <string.h>
#include "vcard/pki.h"

#define DAY ((time_t)24 * 60 * 60)
#define YEAR (365 * DAY)

#define COUNTRY {OID_C, "JP"}
#define US {OID_O, "Inkan Virtual Card"}
#define HPKI_SIGN_POLICY "1.2.392.100495.1.5.1.1"
#define HPKI_AUTH_POLICY "1.2.392.100495.1.5.1.2"

const struct pki_ca_row pki_cas[CA_COUNT] = {
	[CA_ROOT] = {"root", CA_ROOT, 1,
		{COUNTRY, US, {OID_OU, "Throw-away PKI for Tests"}, {OID_OU, "Inkan Virtual HPKI Root CA V2"}},
		NULL, "sarl.crl", "SARL"},
	[CA_HPKI_AUTH] = {"hpki-auth-ca", CA_ROOT, 2,
		{COUNTRY, US, {OID_OU, "Inkan Virtual HPKI CA"},
		 {OID_CN, "HPKI-01-InkanVirtualAuthCA2-forAuthentication-forIndividual"}},
		HPKI_AUTH_POLICY ".3.1", "hpki-auth.crl", NULL},
	[CA_HPKI_SIGN] = {"hpki-sign-ca", CA_ROOT, 3,
		{COUNTRY, US, {OID_OU, "Inkan Virtual HPKI CA"},
		 {OID_CN, "HPKI-01-InkanVirtualSignCA2-forNonRepudiation"}},
		HPKI_SIGN_POLICY ".3.1", "hpki-sign.crl", NULL},
	[CA_HPKI_AUTH_TEST] = {"hpki-auth-test-ca", CA_ROOT, 4,
		{COUNTRY, US, {OID_OU, "Inkan Virtual HPKI CA"},
		 {OID_CN, "HPKI-01-InkanVirtualTestAuthCA-forAuthentication-forIndividual"}},
		HPKI_AUTH_POLICY ".0.1", "hpki-auth-test.crl", NULL},
	[CA_HPKI_SIGN_TEST] = {"hpki-sign-test-ca", CA_ROOT, 5,
		{COUNTRY, US, {OID_OU, "Inkan Virtual HPKI CA"},
		 {OID_CN, "HPKI-01-InkanVirtualTestSignCA-forNonRepudiation"}},
		HPKI_SIGN_POLICY ".0.1", "hpki-sign-test.crl", NULL},
	[CA_JPKI_AUTH] = {"jpki-auth-ca", CA_JPKI_AUTH, 1,
		{COUNTRY, US, {OID_OU, "JPKI for user authentication"}, {OID_OU, "Throw-away PKI for Tests"}},
		"1.2.392.200149.8.5.1.3.30", "jpki-auth.crl", "CRL"},
	[CA_JPKI_SIGN] = {"jpki-sign-ca", CA_JPKI_SIGN, 1,
		{COUNTRY, US, {OID_OU, "JPKI for digital signature"}, {OID_OU, "Throw-away PKI for Tests"}},
		"1.2.392.200149.8.5.1.1.20", "jpki-sign.crl", "CRL"},
	[CA_SERVER] = {"server-ca", CA_SERVER, 1,
		{COUNTRY, US, {OID_CN, "Inkan Virtual Card CA for local servers"}},
		NULL, NULL, NULL},
};

bool pki_ca_name(enum pki_ca ca, struct buf *out)
{
	struct der d = {0};

	x_name(&d, pki_cas[ca].name);
	*out = d.b;
	return !d.failed;
}

EVP_PKEY *pki_ca_key(struct folder *s, enum pki_ca ca)
{
	return folder_key(s, pki_cas[ca].stem);
}

bool pki_ca_certificate(struct folder *s, enum pki_ca ca, struct buf *der)
{
	return folder_read_certificate(s, pki_cas[ca].stem, der);
}

void pki_list_name(enum pki_ca ca, const char *cn, struct rdn out[8])
{
	size_t n = 0;

	while (pki_cas[ca].name[n].oid) {
		out[n] = pki_cas[ca].name[n];
		n++;
	}
	out[n] = (struct rdn){OID_CN, cn};
	out[n + 1] = (struct rdn){NULL, NULL};
}

/* Where the authority's own certificate may be found revoked: the root's on its
 * RARL, a subordinate's on the SARL. JPKI's and the server's authorities: nowhere. */
static void put_crl_points(struct der *d, enum pki_ca ca)
{
	struct rdn name[8];
	bool root = ca == CA_ROOT;

	if (pki_cas[ca].issuer != CA_ROOT)
		return;
	pki_list_name(CA_ROOT, root ? "RARL" : "SARL", name);
	x_crl_points(d, name, root ? PKI_URL "rarl.crl" : PKI_URL "sarl.crl");
}

static void put_extensions(struct der *d, enum pki_ca ca, EVP_PKEY *key, EVP_PKEY *issuer_key,
                           const struct buf *issuer)
{
	const struct pki_ca_row *row = &pki_cas[ca];

	x_authority_key(d, issuer_key, issuer, pki_cas[row->issuer].serial);
	x_subject_key(d, key);
	x_basic_ca(d);
	if (row->policy)
		x_policy(d, row->policy, PKI_CPS);
	x_key_usage(d, X_KU_CERT_SIGN | X_KU_CRL_SIGN);
	put_crl_points(d, ca);
}

static bool make(struct folder *s, enum pki_ca ca)
{
	const uint8_t serial = (uint8_t)pki_cas[ca].serial;
	enum pki_ca above = pki_cas[ca].issuer;
	EVP_PKEY *key = pki_ca_key(s, ca), *issuer_key = pki_ca_key(s, above);
	struct buf subject = {0}, issuer = {0}, der = {0};
	struct der ext = {0};
	time_t now = time(NULL);
	bool ok = false;

	if (!key || !issuer_key || !pki_ca_name(ca, &subject) || !pki_ca_name(above, &issuer))
		goto out;
	put_extensions(&ext, ca, key, issuer_key, &issuer);
	ok = !ext.failed &&
	     x_certificate_sign(&(struct x_certificate){.serial = &serial, .serial_len = 1, .issuer = &issuer,
	                                                .subject = &subject, .from = now - 4 * YEAR,
	                                                .to = now + 20 * YEAR, .key = key,
	                                                .extensions = &ext.b},
	                        issuer_key, &der) &&
	     folder_write_certificate(s, pki_cas[ca].stem, &der);
out:
	EVP_PKEY_free(key);
	EVP_PKEY_free(issuer_key);
	buf_free(&subject);
	buf_free(&issuer);
	buf_free(&ext.b);
	buf_free(&der);
	return ok;
}

bool pki_ca_ready(struct folder *s, enum pki_ca ca)
{
	char file[64];

	snprintf(file, sizeof file, "%s.pem", pki_cas[ca].stem);
	return (folder_has(s, file) || make(s, ca)) && pki_crls_ready(s, ca);
}

static void put_server_extensions(struct der *d, EVP_PKEY *key, EVP_PKEY *ca_key)
{
	static const uint8_t v4[4] = {127, 0, 0, 1}, v6[16] = {[15] = 1};
	struct x_mark m;
	size_t names;

	x_authority_key(d, ca_key, NULL, 0);
	x_subject_key(d, key);
	x_key_usage(d, X_KU_SIGNATURE | X_KU_KEY_ENCIPHERMENT);
	x_ext_usage(d, "1.3.6.1.5.5.7.3.1");
	m = x_ext_open(d, "2.5.29.17", false);
	names = der_open(d, 0x30);
	der_text(d, 0x82, "localhost");
	der_put(d, 0x87, v4, sizeof v4);
	der_put(d, 0x87, v6, sizeof v6);
	der_close(d, names);
	x_ext_close(d, m);
}

/* Browsers refuse servers' certificates that are valid for longer than 398 days. */
static bool make_server(struct folder *s)
{
	static const struct rdn name[] = {COUNTRY, US, {OID_CN, "localhost"}, {NULL, NULL}};
	uint8_t serial[8] = {0x01};
	EVP_PKEY *key = folder_key(s, "server"), *ca_key = pki_ca_key(s, CA_SERVER);
	struct der subject = {0}, ext = {0};
	struct buf issuer = {0}, der = {0};
	time_t now = time(NULL);
	bool ok = false;

	for (size_t i = 1; i < sizeof serial; i++)
		serial[i] = (uint8_t)(now >> 8 * (sizeof serial - 1 - i));
	if (!key || !ca_key || !pki_ca_name(CA_SERVER, &issuer))
		goto out;
	x_name(&subject, name);
	put_server_extensions(&ext, key, ca_key);
	ok = !subject.failed && !ext.failed &&
	     x_certificate_sign(&(struct x_certificate){.serial = serial, .serial_len = sizeof serial,
	                                                .issuer = &issuer, .subject = &subject.b,
	                                                .from = now - DAY, .to = now + 390 * DAY, .key = key,
	                                                .extensions = &ext.b},
	                        ca_key, &der) &&
	     folder_write_certificate(s, "server", &der);
out:
	EVP_PKEY_free(key);
	EVP_PKEY_free(ca_key);
	buf_free(&subject.b);
	buf_free(&ext.b);
	buf_free(&issuer);
	buf_free(&der);
	return ok;
}

bool pki_server_ready(struct folder *s)
{
	struct buf der = {0};
	X509 *x = NULL;
	time_t soon = time(NULL) + 30 * DAY;
	bool ok;

	if (folder_has(s, "server.pem") && folder_read_certificate(s, "server", &der))
		x = folder_parse(&der);
	ok = (x && X509_cmp_time(X509_get0_notAfter(x), &soon) > 0) || make_server(s);
	X509_free(x);
	buf_free(&der);
	return ok;
}
