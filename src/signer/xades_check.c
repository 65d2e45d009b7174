/* SPDX-License-Identifier: BSD-2-Clause */
/* XML signatures (XMLDSig) with XAdES properties (TS 101 903, EN 319 132-1). Structure, algorithms and what each
 * reference leads to are looked at here, before xmlsec computes anything; the key is the certificate's. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <libxml/parser.h>
#include <libxml/uri.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <xmlsec/xmlsec.h>
#include <xmlsec/errors.h>
#include <xmlsec/xmldsig.h>
#include <xmlsec/xmltree.h>
#include <xmlsec/openssl/crypto.h>
#include <xmlsec/openssl/evp.h>
#include "base/file.h"
#include "base/i18n.h"
#include "base/log.h"
#include "base/text.h"
#include "signer/stamp.h"
#include "signer/xml.h"

#define REFERENCES_MAX 1024
#define STAMPS_MAX 32
#define BLANKS " \t\r\n"
#define C14N "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
#define EXC_C14N "http://www.w3.org/2001/10/xml-exc-c14n#"
#define MORE "http://www.w3.org/2001/04/xmldsig-more#"
#define ENC "http://www.w3.org/2001/04/xmlenc#"

enum use { DIGEST = 1, SIGNATURE = 2, CANONICAL = 4, ENVELOPED = 8 };

/* All that is allowed, by us and by xmlsec. */
static const struct algorithm {
	const char *uri;
	enum use use;
	enum hash hash;
	xmlSecTransformId (*klass)(void);
} algorithms[] = {
	{ENC "sha256", DIGEST, HASH_SHA256, xmlSecOpenSSLTransformSha256GetKlass},
	{MORE "sha384", DIGEST, HASH_SHA384, xmlSecOpenSSLTransformSha384GetKlass},
	{ENC "sha512", DIGEST, HASH_SHA512, xmlSecOpenSSLTransformSha512GetKlass},
	{MORE "rsa-sha256", SIGNATURE, HASH_SHA256, xmlSecOpenSSLTransformRsaSha256GetKlass},
	{MORE "rsa-sha384", SIGNATURE, HASH_SHA384, xmlSecOpenSSLTransformRsaSha384GetKlass},
	{MORE "rsa-sha512", SIGNATURE, HASH_SHA512, xmlSecOpenSSLTransformRsaSha512GetKlass},
	{C14N, CANONICAL, HASH_NONE, xmlSecTransformInclC14NGetKlass},
	{"http://www.w3.org/2006/12/xml-c14n11", CANONICAL, HASH_NONE, xmlSecTransformInclC14N11GetKlass},
	{EXC_C14N, CANONICAL, HASH_NONE, xmlSecTransformExclC14NGetKlass},
	{NS_DS "enveloped-signature", ENVELOPED, HASH_NONE, xmlSecTransformEnvelopedGetKlass},
};
#define ALGORITHMS (sizeof algorithms / sizeof *algorithms)

struct reference {
	xmlNode *node, *target; /* target NULL: a file, or none; the document as a node: all of it */
	const char *canonical;  /* NULL: not named */
	enum hash hash;
	bool enveloped, verified;
	struct buf octets; /* that the digest is of: of a file, or for archive time stamps */
};

/* One signature. */
struct xades {
	const struct check_input *in;
	struct signature *s;
	xmlDoc *doc;
	xmlNode *signature, *info, *value, *key_info, *canonical, *method;
	xmlNode *properties, *signed_properties, *unsigned_properties; /* Qualifying…, Signed…, UnsignedSignature… */
	xmlNode *document; /* the element that a prescription or a dispensing must sign; NULL: another kind */
	struct reference *list;
	size_t n;
	xmlSecDSigCtx dsig;
	enum error ok;
};

/* ---- Elements */

static xmlNode *element(xmlNode *n)
{
	while (n && n->type != XML_ELEMENT_NODE)
		n = n->next;
	return n;
}

static xmlNode *first(const xmlNode *parent)
{
	return parent ? element(parent->children) : NULL;
}

static bool is(const xmlNode *n, const char *ns, const char *name)
{
	return n && n->type == XML_ELEMENT_NODE && !strcmp((const char *)n->name, name) &&
	       (ns ? n->ns && !strcmp((const char *)n->ns->href, ns) : !n->ns);
}

/* NULL: none, or not one plain text. */
static const char *attribute(const xmlNode *n, const char *name)
{
	const xmlAttr *a = n ? xmlHasNsProp((xmlNode *)(uintptr_t)n, (const xmlChar *)name, NULL) : NULL;

	if (!a || !a->children)
		return a ? "" : NULL;
	return a->children->type == XML_TEXT_NODE && !a->children->next ? (const char *)a->children->content : NULL;
}

static const struct algorithm *algorithm(const xmlNode *method, unsigned uses)
{
	const char *uri = attribute(method, "Algorithm");

	for (size_t i = 0; uri && i < ALGORITHMS; i++)
		if ((algorithms[i].use & uses) && !strcmp(uri, algorithms[i].uri))
			return &algorithms[i];
	return NULL;
}

static bool contains(const void *outer, const xmlNode *n)
{
	while (n && n != outer)
		n = n->parent;
	return n != NULL;
}

static xmlNode *by_id(const struct xades *x, const char *uri)
{
	const xmlAttr *id = uri && *uri == '#' ? xmlGetID(x->doc, (const xmlChar *)uri + 1) : NULL;

	return id ? id->parent : NULL;
}

static bool is_archive(const xmlNode *n)
{
	return is(n, NS_XADES141, "ArchiveTimeStamp") || is(n, NS_XADES, "ArchiveTimeStamp");
}

/* xmlsec reads attributes by their local names, whatever their namespace: there may be none in one. */
static bool has_foreign_attribute(const xmlNode *n)
{
	bool found = false;

	for (const xmlAttr *a = n->properties; a; a = a->next)
		found |= a->ns != NULL;
	for (const xmlNode *c = first(n); c; c = element(c->next))
		found |= has_foreign_attribute(c);
	return found;
}

static void add(struct xades *x, enum problem p)
{
	x->s->problems |= PROBLEM(p);
}

/* ---- What the signature says: nothing is computed */

/* InclusiveNamespaces of a canonical form; `apex`: what is canonicalised, NULL: in another document. */
static void read_prefixes(struct xades *x, const struct algorithm *a, const xmlNode *method, xmlNode *apex)
{
	const xmlNode *list = first(method);
	const char *value = attribute(list, "PrefixList");
	char prefix[256];

	if (!list)
		return;
	if (strcmp(a->uri, EXC_C14N) || !is(list, EXC_C14N, "InclusiveNamespaces"))
		add(x, PROBLEM_TRANSFORM);
	else if (!value || !apex || element(list->next) || first(list))
		add(x, PROBLEM_PREFIX_LIST);
	for (size_t n; value && apex && *(value += strspn(value, BLANKS)); value += n) {
		n = strcspn(value, BLANKS);
		snprintf(prefix, sizeof prefix, "%.*s", (int)n, value);
		if (n >= sizeof prefix ||
		    !xmlSearchNs(x->doc, apex, strcmp(prefix, "#default") ? (xmlChar *)prefix : NULL))
			add(x, PROBLEM_PREFIX_LIST);
	}
}

/* Where no profile says what is signed: what the signature is in, or what is in it. */
static bool is_own(const struct xades *x, const xmlNode *n)
{
	const xmlNode *object = is(n, NS_DS, "Manifest") ? n->parent : n;

	return contains(n, x->signature->parent) || (is(object, NS_DS, "Object") && object->parent == x->signature);
}

/* The target, and whether it is the element that has to be there. */
static void read_target(struct xades *x, struct reference *r, const char *uri)
{
	const char *type = attribute(r->node, "Type");
	bool properties = type && !strcmp(type, "http://uri.etsi.org/01903#SignedProperties"), right;

	if (*uri && *uri != '#') {
		if (x->document)
			add(x, PROBLEM_EXTERNAL);
		return;
	}
	r->target = !*uri ? (xmlNode *)x->doc : xmlValidateNCName((const xmlChar *)uri + 1, 0) ? NULL : by_id(x, uri);
	right = r->target && (r->target == x->key_info || r->target == x->signed_properties ||
	                      (x->document ? r->target == x->document : is_own(x, r->target)));
	if (!right || (properties && r->target != x->signed_properties))
		add(x, PROBLEM_REFERENCE);
	else if (!properties && r->target == x->signed_properties)
		add(x, PROBLEM_STRUCTURE);
	for (const struct reference *other = x->list; other < r; other++)
		if (r->target && other->target == r->target)
			add(x, PROBLEM_STRUCTURE);
}

/* A reference of SignedInfo, or of a manifest, which has files alone. */
static void read_reference(struct xades *x, xmlNode *node, bool in_manifest, struct reference *r)
{
	const char *uri = attribute(node, "URI");
	const struct algorithm *a;
	xmlNode *c = first(node);

	*r = (struct reference){.node = node, .hash = HASH_NONE};
	if (!uri || !is(node, NS_DS, "Reference"))
		add(x, PROBLEM_STRUCTURE);
	else if (!in_manifest)
		read_target(x, r, uri);
	else if (!*uri || *uri == '#')
		add(x, PROBLEM_REFERENCE);
	for (xmlNode *t = is(c, NS_DS, "Transforms") ? first(c) : NULL; t; t = element(t->next)) {
		a = is(t, NS_DS, "Transform") && !r->canonical ? algorithm(t, CANONICAL | ENVELOPED) : NULL;
		if (a && a->use == CANONICAL) {
			read_prefixes(x, a, t,
			              r->target == (xmlNode *)x->doc ? xmlDocGetRootElement(x->doc) : r->target);
			r->canonical = a->uri;
		} else if (a && !r->enveloped && !first(t) && r->target && contains(r->target, x->signature)) {
			r->enveloped = true;
		} else {
			add(x, PROBLEM_TRANSFORM);
		}
	}
	if (is(c, NS_DS, "Transforms"))
		c = element(c->next);
	a = algorithm(c, DIGEST);
	if (!is(c, NS_DS, "DigestMethod") || !is(element(c->next), NS_DS, "DigestValue"))
		add(x, PROBLEM_STRUCTURE);
	else if (!a || first(c))
		add(x, PROBLEM_ALGORITHM);
	else
		r->hash = a->hash;
}

static void read_signed_info(struct xades *x)
{
	bool properties = false, key_info = false, document = false;
	const struct algorithm *a;
	size_t n = 0;

	x->canonical = first(x->info);
	x->method = x->canonical ? element(x->canonical->next) : NULL;
	if (!x->method || !is(x->canonical, NS_DS, "CanonicalizationMethod") ||
	    !is(x->method, NS_DS, "SignatureMethod") || has_foreign_attribute(x->info)) {
		add(x, PROBLEM_STRUCTURE);
		return;
	}
	a = algorithm(x->canonical, CANONICAL);
	if (a)
		read_prefixes(x, a, x->canonical, x->info);
	else
		add(x, PROBLEM_TRANSFORM);
	if (!algorithm(x->method, SIGNATURE) || first(x->method))
		add(x, PROBLEM_ALGORITHM);
	for (xmlNode *c = element(x->method->next); c; c = element(c->next))
		n++;
	if (n > REFERENCES_MAX)
		add(x, PROBLEM_TOO_LONG);
	x->list = n <= REFERENCES_MAX ? calloc(n + 1, sizeof *x->list) : NULL;
	if (!x->list) {
		x->ok = n <= REFERENCES_MAX ? E_MEMORY : E_OK;
		return;
	}
	for (xmlNode *c = element(x->method->next), *t; c; c = element(c->next)) {
		read_reference(x, c, false, &x->list[x->n]);
		t = x->list[x->n++].target;
		if (t && t == x->signed_properties)
			properties = true;
		else if (t && t == x->key_info)
			key_info = true;
		else if (t == (xmlNode *)x->doc ? x->signature->parent != t
		                                : !xml_child(t, NS_XADES, "QualifyingProperties"))
			document = true;
		if (is(t, NS_DS, "Manifest"))
			x->s->what = "scan";
		else if (!t && !x->document && strcmp(x->s->what, "scan"))
			x->s->what = "file";
	}
	if (!document)
		add(x, PROBLEM_NOT_COMPLETE);
	if (!properties)
		add(x, PROBLEM_SIGNING_CERTIFICATE);
	if (x->document && !key_info)
		add(x, PROBLEM_STRUCTURE);
}

/* Of a prescription and a dispensing it is known what they sign, and where each element is. */
static void read_place(struct xades *x)
{
	xmlNode *root = xmlDocGetRootElement(x->doc), *sign = x->signature->parent, *holder = sign->parent;
	const xmlNode *outer = holder; /* a child of the root */

	if (is(sign, NULL, "PrescriptionSign")) {
		x->s->what = "prescription";
		x->document = xml_child(holder, NULL, "PrescriptionDocument");
		if (holder == xml_child(holder->parent, NULL, "ReferencePrescription"))
			outer = holder->parent;
		if (outer != xml_child(root, NULL, outer == holder ? "Prescription" : "Dispensing") ||
		    (outer == holder && xml_child(root, NULL, "DispensingSign"))) /* which does not cover it */
			x->document = NULL;
	} else if (is(sign, NULL, "DispensingSign")) {
		x->s->what = "dispensing";
		x->document = holder == root ? xml_child(root, NULL, "Dispensing") : NULL;
	} else {
		return;
	}
	if (!x->document || !is(root, NULL, "Document") || sign != xml_child(holder, NULL, (const char *)sign->name) ||
	    x->signature != xml_child(sign, NS_DS, "Signature"))
		add(x, PROBLEM_STRUCTURE);
}

static void read_properties(struct xades *x)
{
	const char *id = attribute(x->signature, "Id"), *target, *p;
	char begin[20], zone[8] = "Z", whole[32];
	const xmlNode *time;
	xmlChar *content;
	time_t t;
	int n = 0;

	for (xmlNode *o = first(x->signature); o; o = element(o->next))
		for (xmlNode *q = is(o, NS_DS, "Object") ? first(o) : NULL; q; q = element(q->next)) {
			if (!is(q, NS_XADES, "QualifyingProperties"))
				continue;
			if (x->properties)
				add(x, PROBLEM_STRUCTURE);
			x->properties = q;
		}
	if (!x->properties)
		return;
	x->s->form = "XAdES";
	x->signed_properties = xml_child(x->properties, NS_XADES, "SignedProperties");
	x->unsigned_properties = xml_child(xml_child(x->properties, NS_XADES, "UnsignedProperties"), NS_XADES,
	                                   "UnsignedSignatureProperties");
	target = attribute(x->properties, "Target");
	if (!id || !target || *target != '#' || strcmp(target + 1, id))
		add(x, PROBLEM_STRUCTURE);
	time = xml_child(xml_child(x->signed_properties, NS_XADES, "SignedSignatureProperties"), NS_XADES,
	                 "SigningTime");
	if (!time)
		return;
	/* xs:dateTime: the fraction is not looked at; without a zone it is taken for UTC */
	content = xmlNodeGetContent(time);
	if (content && sscanf((char *)content, " %19[0-9T:-]%n", begin, &n) == 1) {
		p = (char *)content + n;
		p += *p == '.' ? 1 + strspn(p + 1, "0123456789") : 0;
		sscanf(p, "%7[Z0-9:+-]", zone);
		snprintf(whole, sizeof whole, "%s%s", begin, zone);
		if (time_read(whole, &t))
			x->s->claimed = t;
	}
	xmlFree(content);
	if (!x->s->claimed)
		add(x, PROBLEM_STRUCTURE);
}

static void read_signature(struct xades *x)
{
	xmlNode *c = first(x->signature);

	read_place(x);
	for (const xmlNode *n = x->signature->parent; n; n = n->parent)
		if (is(n, NS_DS, "Signature"))
			add(x, PROBLEM_STRUCTURE);
	x->info = c;
	x->value = c ? element(c->next) : NULL;
	c = x->value ? element(x->value->next) : NULL;
	if (c && is(c, NS_DS, "KeyInfo")) {
		x->key_info = c;
		c = element(c->next);
	}
	while (c && is(c, NS_DS, "Object"))
		c = element(c->next);
	if (c || !is(x->info, NS_DS, "SignedInfo") || !is(x->value, NS_DS, "SignatureValue")) {
		add(x, PROBLEM_STRUCTURE);
		return;
	}
	read_properties(x);
	read_signed_info(x);
}

/* ---- The certificate */

static bool is_digest(const struct xades *x, enum hash h, struct buf of, const xmlNode *value)
{
	uint8_t own[EVP_MAX_MD_SIZE];
	struct buf told = {0};
	bool same = value && xml_base64(value, &told) == E_OK && told.len == crypto_hash_len(h) &&
	            crypto_hash(x->in->crypto, h, (struct bytes){of.data, of.len}, own) == E_OK &&
	            !memcmp(own, told.data, told.len);

	buf_free(&told);
	return same;
}

/* NULL: no certificate. *der: what was read, the caller's. */
static X509 *read_x509(const struct xades *x, const xmlNode *n, struct buf *der)
{
	X509 *cert = X509_new_ex(x->in->crypto->lib, NULL);
	const uint8_t *p;

	if (cert && xml_base64(n, der) == E_OK && der->len) {
		p = der->data;
		if (d2i_X509(&cert, &p, (long)der->len) && p == der->data + der->len)
			return cert;
	}
	X509_free(cert);
	return NULL;
}

/* RFC 4514 and its elders: "," or ";" between, quotes, blanks at every place. `last`: the text begins with the last
 * part, as it should. NULL: malformed. */
static X509_NAME *read_name(const char *p, bool last)
{
	static const char *const known[][2] = {{"CN", "CN"},
	                                       {"OU", "OU"},
	                                       {"O", "O"},
	                                       {"C", "C"},
	                                       {"ST", "ST"},
	                                       {"S", "ST"},
	                                       {"L", "L"},
	                                       {"DC", "DC"},
	                                       {"E", "emailAddress"},
	                                       {"EMAIL", "emailAddress"},
	                                       {"SERIALNUMBER", "serialNumber"}};
	char type[64], *value = malloc(strlen(p) + 1);
	X509_NAME *name = X509_NAME_new();
	bool right = value && name;
	int set = 0, n = 0;

	for (p += strspn(p, BLANKS); right && *p; p += strspn(p, BLANKS)) {
		size_t len = 0, end = 0; /* end: without blanks that are neither escaped nor quoted */
		bool quoted, escaped;

		right = sscanf(p, "%63[0-9A-Za-z.] =%n", type, &n) == 1 && n && p[n - 1] == '=';
		p += right ? (size_t)n + strspn(p + n, BLANKS) : 0;
		for (size_t i = 0; i < sizeof known / sizeof *known; i++)
			if (!strcasecmp(type, known[i][0]))
				strcpy(type, known[i][1]);
		quoted = *p == '"';
		for (p += quoted; right && *p && (quoted ? *p != '"' : !strchr(",;+", *p)); p++) {
			escaped = *p == '\\' && p[1];
			p += escaped;
			if (escaped && isxdigit((unsigned char)p[0]) && isxdigit((unsigned char)p[1]))
				sscanf(p++, "%2hhx", (unsigned char *)&value[len]);
			else
				value[len] = *p;
			len++;
			if (quoted || escaped || !strchr(BLANKS, *p))
				end = len;
		}
		right = right && (!quoted || *p == '"');
		p += right && quoted ? 1 + strspn(p + 1, BLANKS) : 0;
		right = right &&
		        X509_NAME_add_entry_by_txt(name, strncasecmp(type, "OID.", 4) ? type : type + 4, MBSTRING_UTF8,
		                                   (uint8_t *)value, (int)end, last ? 0 : -1, set) &&
		        (!*p || strchr(",;+", *p));
		set = *p != '+' ? 0 : last ? 1 : -1;
		p += *p != '\0';
	}
	free(value);
	if (right && X509_NAME_entry_count(name) > 0)
		return name;
	X509_NAME_free(name);
	return NULL;
}

/* Issuer and serial of one Cert. PROBLEM_ISSUER_SERIAL: not to be read; PROBLEM_SIGNING_CERTIFICATE: another's. */
static uint64_t issuer_problems(const xmlNode *entry, X509 *cert)
{
	const xmlNode *v1 = xml_child(entry, NS_XADES, "IssuerSerial"),
		      *v2 = xml_child(entry, NS_XADES, "IssuerSerialV2");
	X509_NAME *issuer = X509_get_issuer_name(cert), *name[2] = {NULL};
	bool read = false, same = false;
	GENERAL_NAMES *names = NULL;
	ASN1_INTEGER *serial = NULL;
	struct buf der = {0};
	struct tlv outer;
	const uint8_t *p;

	if (!v1 && !v2)
		return 0;
	if (v1) {
		xmlChar *text = xmlNodeGetContent(xml_child(v1, NS_DS, "X509IssuerName"));
		xmlChar *digits = xmlNodeGetContent(xml_child(v1, NS_DS, "X509SerialNumber"));
		char *rest, *number = digits ? strtok_r((char *)digits, BLANKS, &rest) : NULL;

		serial = number ? s2i_ASN1_INTEGER(NULL, number) : NULL;
		for (int i = 0; text && i < 2; i++) {
			name[i] = read_name((char *)text, i == 0);
			same = same || (name[i] && !X509_NAME_cmp(name[i], issuer));
		}
		read = name[0] && serial;
		xmlFree(text);
		xmlFree(digits);
	} else if (xml_base64(v2, &der) == E_OK && tlv_next(&(struct bytes){der.data, der.len}, &outer)) {
		p = outer.value.data;
		names = d2i_GENERAL_NAMES(NULL, &p, (long)outer.value.len);
		serial = names ? d2i_ASN1_INTEGER(NULL, &p, (long)(der.data + der.len - p)) : NULL;
		read = serial && p == der.data + der.len && sk_GENERAL_NAME_num(names) == 1 &&
		       sk_GENERAL_NAME_value(names, 0)->type == GEN_DIRNAME;
		same = read && !X509_NAME_cmp(sk_GENERAL_NAME_value(names, 0)->d.directoryName, issuer);
	}
	same = same && serial && !ASN1_INTEGER_cmp(serial, X509_get0_serialNumber(cert));
	X509_NAME_free(name[0]);
	X509_NAME_free(name[1]);
	GENERAL_NAMES_free(names);
	ASN1_INTEGER_free(serial);
	buf_free(&der);
	return same ? 0 : PROBLEM(read ? PROBLEM_SIGNING_CERTIFICATE : PROBLEM_ISSUER_SERIAL);
}

/* What is wrong with the signed reference to this certificate: each form that is there must have it. */
static uint64_t reference_problems(const struct xades *x, X509 *cert, struct buf der)
{
	static const char *const forms[] = {"SigningCertificate", "SigningCertificateV2"};
	const xmlNode *properties = xml_child(x->signed_properties, NS_XADES, "SignedSignatureProperties");
	uint64_t problems = 0;
	bool any = false;

	for (size_t i = 0; i < 2; i++) {
		const xmlNode *form = xml_child(properties, NS_XADES, forms[i]);
		uint64_t found = PROBLEM(PROBLEM_SIGNING_CERTIFICATE);

		for (const xmlNode *c = first(form); c; c = element(c->next)) {
			const xmlNode *digest = xml_child(c, NS_XADES, "CertDigest");
			const struct algorithm *a = algorithm(xml_child(digest, NS_DS, "DigestMethod"), DIGEST);

			if (!a)
				problems |= PROBLEM(PROBLEM_ALGORITHM);
			else if (is_digest(x, a->hash, der, xml_child(digest, NS_DS, "DigestValue")))
				found = issuer_problems(c, cert);
		}
		problems |= form ? found : 0;
		any |= form != NULL;
	}
	return any ? problems : PROBLEM(PROBLEM_SIGNING_CERTIFICATE);
}

/* The signer's is the one that is referred to, or else the first. */
static void read_certificates(struct xades *x)
{
	uint64_t told = PROBLEM(PROBLEM_NO_CERTIFICATE), found;
	struct buf *kept = &x->s->cert;
	X509 *signer = NULL, *cert, *before;

	for (const xmlNode *d = first(x->key_info); d; d = element(d->next))
		for (const xmlNode *c = is(d, NS_DS, "X509Data") ? first(d) : NULL; c; c = element(c->next)) {
			struct buf der = {0};

			cert = is(c, NS_DS, "X509Certificate") ? read_x509(x, c, &der) : NULL;
			found = cert ? reference_problems(x, cert, der) : 0;
			if (cert && (!signer || !(found & ~PROBLEM(PROBLEM_ISSUER_SERIAL)))) {
				struct buf other = *kept;

				*kept = der;
				der = other;
				before = signer;
				signer = cert;
				cert = before;
				told = found;
			}
			if (cert && sk_X509_push(x->s->certs, cert) <= 0)
				x->ok = E_MEMORY;
			buf_free(&der);
		}
	X509_free(signer);
	x->s->problems |= told;
}

/* ---- What is computed */

/* A file below the document's folder, to which no link leads. xmlsec follows no reference out of the document. */
static void verify_file(struct xades *x, struct reference *r, enum problem leaves)
{
	static const struct open_how how = {.flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
	                                    .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS};
	const char *uri = attribute(r->node, "URI");
	char *name = xmlURIUnescapeString(uri, 0, NULL);
	enum problem problem = PROBLEM_NO_FILE;
	int dir = -1, fd = -1;
	xmlDoc *doc = NULL;
	struct stat st;

	if (name && (strpbrk(uri, ":?#\\") || strstr(uri, "%00") || *name == '/' || !strncmp(name, "../", 3) ||
	             strstr(name, "/../")))
		problem = leaves;
	else if (name && x->in->folder)
		dir = open(x->in->folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir >= 0)
		fd = (int)syscall(SYS_openat2, dir, name, &how, sizeof how);
	if (dir >= 0 && fd < 0 && (errno == ELOOP || errno == EXDEV))
		problem = leaves;
	x->ok = name ? E_OK : E_MEMORY;
	if (fd >= 0 && !fstat(fd, &st) && S_ISREG(st.st_mode)) {
		x->ok = fd_read(fd, DOCUMENT_MAX, &r->octets);
		problem = x->ok == E_IO ? PROBLEM_NO_FILE : x->ok == E_TOO_LONG ? PROBLEM_TOO_LONG : PROBLEM_DIGEST;
	}
	if (x->ok == E_OK && problem == PROBLEM_DIGEST && r->canonical) {
		x->ok = xml_open((struct bytes){r->octets.data, r->octets.len}, &doc, &problem);
		buf_free(&r->octets);
		if (x->ok == E_OK) {
			problem = PROBLEM_DIGEST;
			x->ok = xml_canonical((xmlNode *)doc, r->canonical, NULL, &r->octets);
		}
		xmlFreeDoc(doc);
	}
	r->verified = x->ok == E_OK && problem == PROBLEM_DIGEST &&
	              is_digest(x, r->hash, r->octets, xml_child(r->node, NS_DS, "DigestValue"));
	if (!r->verified)
		add(x, problem);
	if (x->ok != E_MEMORY)
		x->ok = r->verified ? texts_add(&x->s->covered, "%s", name)
		                    : texts_add(&x->s->not_covered, "%s: %s", name, _(problem_text(problem)));
	xmlFree(name);
	if (fd >= 0)
		close(fd);
	if (dir >= 0)
		close(dir);
}

static void verify_references(struct xades *x)
{
	for (struct reference *r = x->list; r < x->list + x->n && x->ok == E_OK; r++) {
		xmlNode *file = is(r->target, NS_DS, "Manifest") ? first(r->target) : NULL;
		xmlSecDSigReferenceCtx ctx;
		xmlSecBuffer *octets;

		if (!r->target) {
			verify_file(x, r, PROBLEM_EXTERNAL);
			continue;
		}
		if (xmlSecDSigReferenceCtxInitialize(&ctx, &x->dsig, xmlSecDSigReferenceOriginSignedInfo) < 0) {
			x->ok = E_MEMORY;
			return;
		}
		r->verified = xmlSecDSigReferenceCtxProcessNode(&ctx, r->node) == 0 &&
		              ctx.status == xmlSecDSigStatusSucceeded;
		if (!r->verified)
			add(x, PROBLEM_DIGEST);
		octets = xmlSecDSigReferenceCtxGetPreDigestBuffer(&ctx);
		if (octets)
			x->ok = buf_append(&r->octets, xmlSecBufferGetData(octets), xmlSecBufferGetSize(octets));
		xmlSecDSigReferenceCtxFinalize(&ctx);
		for (; r->verified && file && x->ok == E_OK; file = element(file->next)) {
			uint64_t before = x->s->problems;
			struct reference of;

			x->s->problems = 0;
			read_reference(x, file, true, &of);
			if (!x->s->problems)
				verify_file(x, &of, PROBLEM_MANIFEST);
			x->s->problems |= before;
			buf_free(&of.octets);
		}
	}
}

static void verify_value(struct xades *x)
{
	xmlSecTransformCtx *ctx = &x->dsig.transformCtx;
	xmlSecTransform *canonical = xmlSecTransformCtxNodeRead(ctx, x->canonical, xmlSecTransformUsageC14NMethod);
	xmlSecTransform *method = xmlSecTransformCtxNodeRead(ctx, x->method, xmlSecTransformUsageSignatureMethod);
	xmlSecNodeSet *nodes = xmlSecNodeSetGetChildren(x->doc, x->info, 0, 0);
	xmlSecKey *key = xmlSecKeyCreate();
	const uint8_t *p = x->s->cert.data;
	X509 *cert = d2i_X509(NULL, &p, (long)x->s->cert.len); /* in the library context of xmlsec */
	EVP_PKEY *pkey = cert ? X509_get_pubkey(cert) : NULL;
	xmlSecKeyData *data = pkey ? xmlSecOpenSSLEvpKeyAdopt(pkey) : NULL;
	struct buf value = {0};

	if (!nodes || !key || !canonical || !method)
		x->ok = E_MEMORY;
	else
		method->operation = xmlSecTransformOperationVerify;
	if (x->ok != E_OK || !data || xmlSecKeySetValue(key, data) < 0 || xmlSecTransformSetKey(method, key) < 0 ||
	    xml_base64(x->value, &value) != E_OK || xmlSecTransformCtxXmlExecute(ctx, nodes) < 0 ||
	    xmlSecTransformVerify(method, value.data, (xmlSecSize)value.len, ctx) < 0 ||
	    method->status != xmlSecTransformStatusOk)
		add(x, PROBLEM_SIGNATURE);
	buf_free(&value);
	X509_free(cert);
	if (key)
		xmlSecKeyDestroy(key);
	if (nodes)
		xmlSecNodeSetDestroy(nodes);
}

/* ---- What was added without being signed: time stamps and evidence */

static void collect(struct xades *x, const xmlNode *values, STACK_OF(X509) *certs, STACK_OF(X509_CRL) *crls)
{
	for (const xmlNode *n = first(values); n; n = element(n->next)) {
		struct buf der = {0};

		if (is(n, NS_XADES, "CertificateValues") || is(n, NS_XADES, "RevocationValues") ||
		    is(n, NS_XADES, "CRLValues")) {
			collect(x, n, certs, crls);
		} else if (is(n, NS_XADES, "EncapsulatedX509Certificate")) {
			X509 *cert = read_x509(x, n, &der);

			if (cert && sk_X509_push(certs, cert) <= 0)
				x->ok = E_MEMORY;
		} else if (is(n, NS_XADES, "EncapsulatedCRLValue") && xml_base64(n, &der) == E_OK) {
			const uint8_t *p = der.data;
			X509_CRL *crl = d2i_X509_CRL(NULL, &p, (long)der.len);

			if (crl && sk_X509_CRL_push(crls, crl) <= 0)
				x->ok = E_MEMORY;
		}
		buf_free(&der);
	}
}

/* TS 101 903 V1.4.1 8.2.1, the stamp being in the signature itself. */
static enum error archive_octets(const struct xades *x, const xmlNode *stamp, const char *form, struct buf *out)
{
	const xmlNode *parts[] = {x->info, x->value, x->key_info};
	enum error ok = E_OK;

	for (const struct reference *r = x->list; r < x->list + x->n && ok == E_OK; r++)
		if (r->target ? r->canonical || !strcmp(form, C14N) : r->verified)
			ok = buf_append(out, r->octets.data, r->octets.len);
		else
			ok = r->target && !r->enveloped ? xml_canonical(r->target, form, NULL, out) : E_UNSUPPORTED;
	for (size_t i = 0; i < sizeof parts / sizeof *parts && ok == E_OK; i++)
		ok = parts[i] ? xml_canonical(parts[i], form, NULL, out) : E_OK;
	for (const xmlNode *n = first(stamp->parent); n != stamp && ok == E_OK; n = element(n->next))
		ok = xml_canonical(n, form, NULL, out);
	for (const xmlNode *n = first(x->signature); n && ok == E_OK; n = element(n->next))
		if (is(n, NS_DS, "Object") && n != x->properties->parent)
			ok = xml_canonical(n, form, NULL, out);
	return ok;
}

static void add_stamp(struct xades *x, xmlNode *n, bool archive)
{
	const xmlNode *method = is(first(n), NS_DS, "CanonicalizationMethod") ? first(n) : NULL;
	const xmlNode *encapsulated = method ? element(method->next) : first(n);
	const struct algorithm *named = algorithm(method, CANONICAL);
	const char *form = named ? named->uri : C14N;
	struct buf octets = {0}, token = {0};
	struct signature *s = x->s;
	struct bytes known = {(const uint8_t *)"", 0}; /* of nothing: of another octets than these */
	enum error ok = E_UNSUPPORTED;

	if (is(encapsulated, NS_XADES, "EncapsulatedTimeStamp")) {
		xml_base64(encapsulated, &token);
		if (!method || (named && !first(method)))
			ok = archive ? archive_octets(x, n, form, &octets)
			             : xml_canonical(x->value, form, NULL, &octets);
	}
	if (ok == E_OK)
		known = (struct bytes){octets.data, octets.len};
	else if (archive)
		known.data = NULL;
	x->ok = stamp_add(x->in->crypto, s, archive, (struct bytes){token.data, token.len}, known);
	/* what those of scans are of is not known, nor how the older form was understood */
	if (x->ok == E_OK && known.data && archive &&
	    (!strcmp(s->what, "scan") || is(n, NS_XADES, "ArchiveTimeStamp")) &&
	    (s->stamps[s->n_stamps - 1].problems & PROBLEM(PROBLEM_STAMP))) {
		stamp_clear(&s->stamps[--s->n_stamps]);
		x->ok = stamp_add(x->in->crypto, s, archive, (struct bytes){token.data, token.len}, (struct bytes){0});
	}
	n->_private = (void *)s->n_stamps; /* for its validation data */
	buf_free(&octets);
	buf_free(&token);
}

static void read_unsigned(struct xades *x)
{
	struct signature *s = x->s;

	/* in their order: an archive time stamp covers what is before it */
	for (xmlNode *n = first(x->unsigned_properties); n && x->ok == E_OK; n = element(n->next)) {
		if (!is_archive(n) && !is(n, NS_XADES, "SignatureTimeStamp"))
			continue;
		if (s->n_stamps == STAMPS_MAX)
			add(x, PROBLEM_TOO_LONG);
		else
			add_stamp(x, n, is_archive(n));
	}
	for (const xmlNode *n = first(x->unsigned_properties), *of; n && x->ok == E_OK; n = element(n->next)) {
		if (!is(n, NS_XADES141, "TimeStampValidationData"))
			continue;
		of = by_id(x, attribute(n, "URI"));
		if (of && of->parent == x->unsigned_properties && of->_private)
			collect(x, n, s->stamps[(size_t)of->_private - 1].certs,
			        s->stamps[(size_t)of->_private - 1].crls);
		else
			collect(x, n, s->certs, s->crls);
	}
	collect(x, x->unsigned_properties, s->certs, s->crls);
}

/* ---- One signature after the other */

static void tell(struct xades *x, struct texts *list, const xmlNode *n)
{
	static const char *const known[][2] = {
		{"PrescriptionDocument", N_("the CSV of the prescription, and nothing else of it")},
		{"PrescriptionManagement", N_("number and version of the prescription")},
		{"AdditionalPrescriptionInformation", N_("codes of the drugs")},
		{"Dispensing", N_("the prescription as it was received, and the CSV of what was dispensed")},
		{"DispensingManagement", N_("number and version of the dispensing")},
		{"DispensingDocument", N_("the CSV of what was dispensed")},
		{"AdditionalDispensedInformation", N_("more about what was dispensed")},
	};
	const char *name = (const char *)n->name, *text = NULL;

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (!strcmp(known[i][0], name))
			text = known[i][1];
	x->ok = text ? texts_add(list, "%s: %s", name, _(text)) : texts_add(list, "%s", name);
}

/* Files have told theirs. */
static void tell_coverage(struct xades *x)
{
	const xmlNode *root = xmlDocGetRootElement(x->doc);
	struct signature *s = x->s;

	for (const struct reference *r = x->list; r < x->list + x->n && x->ok == E_OK; r++) {
		const xmlNode *t = r->target == (xmlNode *)x->doc ? root : r->target;
		const char *name = t ? (const char *)t->name : NULL;

		if (!t || t == x->key_info || t == x->signed_properties || is(t, NS_DS, "Manifest"))
			continue;
		if (!r->verified)
			x->ok = texts_add(&s->not_covered, "%s: %s", name, _(problem_text(PROBLEM_DIGEST)));
		else if (x->document)
			tell(x, &s->covered, t);
		else if (t == root)
			x->ok = texts_add(&s->covered,
			                  _("%s: the whole document, except for this signature and comments"), name);
		else
			x->ok = texts_add(&s->covered, _("%s: this element alone, without comments"), name);
		for (const xmlNode *up = t; x->document && up != root; up = up->parent)
			for (const xmlNode *n = first(up->parent); n && x->ok == E_OK; n = element(n->next))
				if (n != up && !is(n, NULL, "PrescriptionSign") && !is(n, NULL, "DispensingSign"))
					tell(x, &s->not_covered, n);
		if (t != root && x->ok == E_OK)
			x->ok = texts_add(&s->not_covered, _("everything outside the element %s"), name);
	}
}

static void check_signature(struct xades *x)
{
	static const uint64_t soft = PROBLEM(PROBLEM_SIGNING_CERTIFICATE) | PROBLEM(PROBLEM_ISSUER_SERIAL);

	x->s->certs = sk_X509_new_null();
	x->s->crls = sk_X509_CRL_new_null();
	if (!x->s->certs || !x->s->crls || xmlSecDSigCtxInitialize(&x->dsig, NULL) < 0) {
		x->ok = E_MEMORY;
		return;
	}
	read_signature(x);
	read_certificates(x);
	if (x->ok == E_OK && !(x->s->problems & ~soft)) {
		x->dsig.operation = xmlSecTransformOperationVerify;
		x->dsig.enabledReferenceUris = xmlSecTransformUriTypeEmpty | xmlSecTransformUriTypeSameDocument;
		for (size_t i = 0; i < ALGORITHMS && x->ok == E_OK; i++)
			if (xmlSecPtrListAdd(&x->dsig.transformCtx.enabledTransforms,
			                     (void *)(uintptr_t)algorithms[i].klass()) < 0)
				x->ok = E_MEMORY;
		for (const xmlNode *n = first(x->unsigned_properties); n; n = element(n->next))
			if (is_archive(n))
				x->dsig.flags |= XMLSEC_DSIG_FLAGS_STORE_SIGNEDINFO_REFERENCES;
		verify_references(x);
		verify_value(x);
		read_unsigned(x);
		tell_coverage(x);
	}
	xmlSecDSigCtxFinalize(&x->dsig);
}

static enum error check_signatures(const struct check_input *in, struct document *out, xmlDoc *doc, xmlNode *n)
{
	enum error ok = E_OK;

	for (; n && ok == E_OK; n = element(n->next)) {
		struct xades x = {.in = in, .doc = doc, .signature = n};

		if (is(n, NS_DS, "Signature")) {
			x.s = document_add(out, "XMLDSig", "xml");
			if (!x.s)
				return out->problems ? E_OK : E_MEMORY;
			check_signature(&x);
			/* the very element that was verified */
			if (x.ok == E_OK && !strcmp(x.s->what, "prescription") && !out->content.len &&
			    !(x.s->problems & ~PROBLEM(PROBLEM_ISSUER_SERIAL)) &&
			    xml_base64(x.document, &out->content) != E_OK)
				add(&x, PROBLEM_STRUCTURE);
			log_info("xades_check: %s, %zu references, problems %llx: %s", x.s->what, x.n,
			         (unsigned long long)x.s->problems, error_text(x.ok));
			for (size_t i = 0; i < x.n; i++)
				buf_free(&x.list[i].octets);
			free(x.list);
			ok = x.ok;
		}
		if (ok == E_OK)
			ok = check_signatures(in, out, doc, first(n));
	}
	return ok;
}

static bool ready;

static void begin(void)
{
	xmlInitParser();
	xmlSecErrorsDefaultCallbackEnableOutput(0);
	/* a second xmlSecInit would take away what the program has */
	ready = (xmlSecPtrListGetSize(xmlSecTransformIdsGet()) > 0 || xmlSecInit() == 0) && xmlSecOpenSSLInit() == 0;
}

enum error xades_check(const struct check_input *in, struct document *out)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	xmlStructuredErrorFunc before = xmlStructuredError;
	void *before_arg = xmlStructuredErrorContext;
	enum problem problem;
	xmlDoc *doc = NULL;
	enum error ok;

	pthread_once(&once, begin);
	if (!ready) {
		log_error("xmlSecInit: failed");
		return E_INTERNAL;
	}
	ok = xml_open(in->data, &doc, &problem);
	if (ok == E_FORMAT)
		out->problems |= PROBLEM(problem);
	if (ok != E_OK)
		return ok == E_FORMAT ? E_OK : ok;
	ERR_set_mark();
	xmlSetStructuredErrorFunc(NULL, xml_quiet);
	ok = check_signatures(in, out, doc, xmlDocGetRootElement(doc));
	xmlSetStructuredErrorFunc(before_arg, before);
	ERR_pop_to_mark();
	if (!out->n && !out->problems)
		out->problems |= PROBLEM(PROBLEM_NOT_SIGNED);
	xmlFreeDoc(doc);
	return ok;
}
