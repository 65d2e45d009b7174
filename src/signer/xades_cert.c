/* SPDX-License-Identifier: BSD-2-Clause */
/* The signer's certificate in KeyInfo and the signed reference to it (TS 101 903 7.2.2; EN 319 132-1 5.2.2). */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/x509v3.h>
#include "signer/xades.h"

#define BLANKS " \t\r\n"
#define CERTIFICATES_MAX 64 /* in KeyInfo, and referred to: each is compared with each */

bool read_octets(struct xades *x, const xmlNode *n, struct buf *out)
{
	enum error e = xml_base64(n, out);

	if (e == E_MEMORY)
		x->ok = e;
	return e == E_OK;
}

X509 *read_x509(struct xades *x, const xmlNode *n)
{
	X509 *cert = X509_new_ex(x->in->crypto->lib, NULL);
	struct buf der = {0};
	const uint8_t *p;
	bool read = false;

	if (cert && read_octets(x, n, &der) && der.len) {
		p = der.data;
		read = d2i_X509(&cert, &p, (long)der.len) && p == der.data + der.len;
	}
	buf_free(&der);
	if (!read)
		X509_free(cert); /* d2i has freed and forgotten it where it failed */
	return read ? cert : NULL;
}

bool is_digest(struct xades *x, const xmlNode *value, const uint8_t *digest, size_t n)
{
	struct buf told = {0};
	bool same = value && read_octets(x, value, &told) && told.len == n && !memcmp(told.data, digest, n);

	buf_free(&told);
	return same;
}

/* RFC 4514 and its elders: "," or ";" between, quotes, blanks at every place; one attribute in each part. `last`: the
 * text begins with the last part, as it should. NULL: malformed, or of a type that libcrypto has no name for. */
static X509_NAME *read_name(struct xades *x, const char *text, bool last)
{
	char type[64], *copy = strdup(text), *p = copy;
	X509_NAME *name = X509_NAME_new();
	bool right = copy && name;

	if (!right)
		x->ok = E_MEMORY;
	while (right && *(p += strspn(p, BLANKS))) {
		char *value, *to, *end; /* end: without blanks that are neither escaped nor quoted */
		bool quoted, escaped;
		int n = 0;

		right = sscanf(p, "%63[0-9A-Za-z.] =%n", type, &n) == 1 && n > 0;
		p += n + (int)strspn(p + n, BLANKS);
		quoted = *p == '"';
		value = to = end = p += quoted;
		for (; *p && (quoted ? *p != '"' : !strchr(",;+", *p)); p++) {
			escaped = *p == '\\' && p[1];
			p += escaped;
			if (escaped && isxdigit((unsigned char)p[0]) && isxdigit((unsigned char)p[1]))
				sscanf(p++, "%2hhx", (unsigned char *)to++);
			else
				*to++ = *p;
			if (quoted || escaped || !strchr(BLANKS, *p))
				end = to;
		}
		right = right && (!quoted || *p == '"');
		p += right && quoted ? 1 + strspn(p + 1, BLANKS) : 0;
		for (char *c = type; *c; c++)
			*c = (char)toupper((unsigned char)*c);
		right = right && (!*p || strchr(",;", *p)) &&
		        X509_NAME_add_entry_by_txt(name, strncmp(type, "OID.", 4) ? type : type + 4, MBSTRING_UTF8,
		                                   (uint8_t *)value, (int)(end - value), last ? 0 : -1, 0) == 1;
		p += *p != '\0';
	}
	free(copy);
	if (right && X509_NAME_entry_count(name) > 0)
		return name;
	X509_NAME_free(name);
	return NULL;
}

/* Issuer and serial of one Cert. PROBLEM_ISSUER_SERIAL: not to be read; PROBLEM_SIGNING_CERTIFICATE: another's. */
static uint64_t issuer_problems(struct xades *x, const xmlNode *entry, X509 *cert)
{
	const xmlNode *v1 = xml_child(entry, NS_XADES, "IssuerSerial"),
		      *v2 = xml_child(entry, NS_XADES, "IssuerSerialV2");
	X509_NAME *issuer = X509_get_issuer_name(cert);
	bool read = false, same = false;
	ASN1_INTEGER *serial = NULL;
	struct buf der = {0};
	struct tlv outer;

	if (!v1 && !v2)
		return 0;
	if (v1) {
		xmlChar *text = xmlNodeGetContent(xml_child(v1, NS_DS, "X509IssuerName"));
		xmlChar *digits = xmlNodeGetContent(xml_child(v1, NS_DS, "X509SerialNumber"));
		char *rest, *number = digits ? strtok_r((char *)digits, BLANKS, &rest) : NULL;

		serial = number ? s2i_ASN1_INTEGER(NULL, number) : NULL;
		for (int last = 0; text && serial && last < 2; last++) {
			X509_NAME *name = read_name(x, (char *)text, last);

			read |= name != NULL;
			same |= name && !X509_NAME_cmp(name, issuer);
			X509_NAME_free(name);
		}
		xmlFree(text);
		xmlFree(digits);
	} else if (read_octets(x, v2, &der) && tlv_next(&(struct bytes){der.data, der.len}, &outer)) {
		const uint8_t *p = outer.value.data, *end = der.data + der.len;
		GENERAL_NAMES *names = d2i_GENERAL_NAMES(NULL, &p, (long)outer.value.len);
		const GENERAL_NAME *name = sk_GENERAL_NAME_num(names) == 1 ? sk_GENERAL_NAME_value(names, 0) : NULL;

		serial = names ? d2i_ASN1_INTEGER(NULL, &p, (long)(end - p)) : NULL;
		read = serial && p == end && name && name->type == GEN_DIRNAME;
		same = read && !X509_NAME_cmp(name->d.directoryName, issuer);
		GENERAL_NAMES_free(names);
	}
	same = same && !ASN1_INTEGER_cmp(serial, X509_get0_serialNumber(cert));
	ASN1_INTEGER_free(serial);
	buf_free(&der);
	return same ? 0 : PROBLEM(read ? PROBLEM_SIGNING_CERTIFICATE : PROBLEM_ISSUER_SERIAL);
}

/* What is wrong with the signed reference to this certificate: each form that is there must have it. */
static uint64_t reference_problems(struct xades *x, X509 *cert)
{
	static const char *const forms[] = {"SigningCertificate", "SigningCertificateV2"};
	const xmlNode *properties = xml_child(x->signed_properties, NS_XADES, "SignedSignatureProperties");
	uint64_t problems = 0;
	bool any = false;

	for (size_t i = 0; i < 2; i++) {
		const xmlNode *form = xml_child(properties, NS_XADES, forms[i]);
		uint64_t found = PROBLEM(PROBLEM_SIGNING_CERTIFICATE);

		if (form && xmlChildElementCount((xmlNode *)(uintptr_t)form) > CERTIFICATES_MAX)
			return PROBLEM(PROBLEM_TOO_LONG);

		for (const xmlNode *c = xml_first(form); c; c = xml_element(c->next)) {
			const xmlNode *digest = xml_child(c, NS_XADES, "CertDigest");
			const struct algorithm *a = algorithm(xml_child(digest, NS_DS, "DigestMethod"), DIGEST);
			uint8_t own[EVP_MAX_MD_SIZE];
			unsigned n;

			if (!a)
				problems |= PROBLEM(PROBLEM_ALGORITHM);
			else if (X509_digest(cert, x->in->crypto->md[a->hash], own, &n) == 1 &&
			         is_digest(x, xml_child(digest, NS_DS, "DigestValue"), own, n))
				found = issuer_problems(x, c, cert);
		}
		problems |= form ? found : 0;
		any |= form != NULL;
	}
	return any ? problems : PROBLEM(PROBLEM_SIGNING_CERTIFICATE);
}

/* The signer's is the one that is referred to, or else the first. */
void read_certificates(struct xades *x)
{
	STACK_OF(X509) *all = x->s->certs;
	uint8_t *der = NULL;
	X509 *signer;
	int at = 0, n;

	for (const xmlNode *d = xml_first(x->key_info); d; d = xml_element(d->next))
		for (const xmlNode *c = xml_is(d, NS_DS, "X509Data") ? xml_first(d) : NULL; c;
		     c = xml_element(c->next)) {
			X509 *cert = xml_is(c, NS_DS, "X509Certificate") ? read_x509(x, c) : NULL;

			if (cert && sk_X509_push(all, cert) <= 0)
				x->ok = E_MEMORY;
			if (sk_X509_num(all) > CERTIFICATES_MAX) {
				add(x, PROBLEM_TOO_LONG);
				return;
			}
		}
	for (int i = sk_X509_num(all) - 1; i >= 0; i--)
		if (!(reference_problems(x, sk_X509_value(all, i)) & ~PROBLEM(PROBLEM_ISSUER_SERIAL)))
			at = i;
	signer = sk_X509_delete(all, at);
	x->s->problems |= signer ? reference_problems(x, signer) : PROBLEM(PROBLEM_NO_CERTIFICATE);
	n = signer ? i2d_X509(signer, &der) : 0;
	if (signer && x->ok == E_OK)
		x->ok = n > 0 ? buf_append(&x->s->cert, der, (size_t)n) : E_MEMORY;
	OPENSSL_free(der);
	X509_free(signer);
}
