/* SPDX-License-Identifier: BSD-2-Clause */
/* XAdES (ETSI EN 319 132-1) from one template: references to the document, KeyInfo and SignedProperties by exclusive
 * C14N. Bytes that were handed in stay as they are; what is signed is what the parser reads of the result. The prefixes
 * are xs and xa, since verifiers of prescriptions find signatures by them. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <libxml/uri.h>
#include "base/i18n.h"
#include "base/log.h"
#include "base/text.h"
#include "signer/signer.h"
#include "signer/xml.h"

#define XSI "http://www.w3.org/2001/XMLSchema-instance"
#define DECLARATION "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
#define DOCUMENT DECLARATION "<Document id=\"Document\" xmlns:xsi=\"" XSI "\" xsi:noNamespaceSchemaLocation=\"%s.xsd\">"
#define TRANSFORM(uri) "<xs:Transform Algorithm=\"" uri "\"/>"
#define SHA256 "<xs:DigestMethod Algorithm=\"" ENC "sha256\"/><xs:DigestValue>"

struct reference {
	const char *uri;        /* "#" and an Id; else the digest is known */
	const char *transforms; /* elements, or "" */
	const char *mime;       /* NULL: not told */
	uint8_t digest[32];
	size_t at; /* where the digest is in the text */
};

/* A document with a signature in the making: digests and the value are zeros at first. */
struct draft {
	struct signer *s;
	const char *what;                                       /* struct signature's */
	char id[19];                                            /* with which these begin */
	char info[40], value[40], key_info[40], properties[40]; /* "#" and an Id */
	size_t value_at, stamp_at;
	struct buf text;
	enum error ok; /* the first failure: nothing is done after it */
};

static struct bytes bytes_of(const struct buf *b)
{
	return (struct bytes){b->data, b->len};
}

static void put_bytes(struct draft *d, const void *p, size_t n)
{
	if (d->ok == E_OK)
		d->ok = buf_append(&d->text, p, n);
}

__attribute__((format(printf, 2, 3))) static void put(struct draft *d, const char *fmt, ...)
{
	char text[2048];
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	if (n < 0 || (size_t)n >= sizeof text)
		d->ok = E_TOO_LONG;
	put_bytes(d, text, (size_t)n);
}

/* At `at`, over zeros of the same length, or at the end. */
static void put_base64(struct draft *d, size_t at, const void *p, size_t n)
{
	unsigned char *digits = d->ok == E_OK ? malloc((n + 2) / 3 * 4 + 1) : NULL;
	size_t len = digits ? (size_t)EVP_EncodeBlock(digits, p, (int)n) : 0;

	if (digits && at < d->text.len)
		memcpy(d->text.data + at, digits, len);
	else if (digits)
		put_bytes(d, digits, len);
	else if (d->ok == E_OK)
		d->ok = E_MEMORY;
	free(digits);
}

static void refuse(struct draft *d, const char *sentence, const char *detail)
{
	if (d->ok != E_OK)
		return;
	d->ok = E_FORMAT;
	snprintf(d->s->why, sizeof d->s->why, "%s%s%s", sentence, *detail ? ": " : "", detail);
	log_error("xades: %s", d->s->why);
}

static const char *text_of(uint64_t problems) /* the first one's */
{
	return _(problem_text(problem_at(problems, 0)));
}

/* In UTF-8, since other bytes are put into it. */
static xmlDoc *open_document(struct draft *d, struct bytes in)
{
	enum problem problem = PROBLEM_FORM;
	xmlDoc *doc = NULL;
	enum error ok = d->ok == E_OK ? xml_open(in, &doc, &problem) : E_OK;

	if (ok == E_FORMAT || ok == E_UNSUPPORTED)
		refuse(d, text_of(PROBLEM(problem)), "");
	else if (ok != E_OK)
		d->ok = ok;
	else if (doc && doc->encoding && xmlStrcasecmp(doc->encoding, (const xmlChar *)"UTF-8"))
		refuse(d, _("the document is not in UTF-8"), "");
	return doc;
}

/* The element of that Id, "": the whole document, in a canonical form: its SHA-256 or its octets, if not NULL. */
static void canonical(struct draft *d, struct bytes in, const char *id, const char *form, uint8_t hash[32],
                      struct buf *octets)
{
	xmlDoc *doc = open_document(d, in);
	const xmlAttr *a = doc ? xmlGetID(doc, (const xmlChar *)id) : NULL;
	struct buf b = {0};

	if (*id && !a)
		refuse(d, text_of(PROBLEM(PROBLEM_REFERENCE)), "");
	if (d->ok == E_OK)
		d->ok = xml_canonical(a ? a->parent : (const xmlNode *)doc, form, &b);
	if (d->ok == E_OK && hash)
		d->ok = crypto_hash(d->s->crypto, HASH_SHA256, bytes_of(&b), hash);
	if (d->ok == E_OK && octets)
		*octets = b;
	else
		buf_wipe(&b);
	xmlFreeDoc(doc);
}

/* Id of the signature, NULL: a random one; r has room for the references to KeyInfo and SignedProperties. */
static void put_signature(struct draft *d, const char *name, struct reference *r, size_t n)
{
	static const uint8_t zeros[1024];
	const struct cert *c = d->s->cert;
	time_t now = time(NULL);
	char when[32];
	uint8_t random[8] = {0};
	struct tm tm;

	if (crypto_random(d->s->crypto, random, sizeof random) != E_OK || !gmtime_r(&now, &tm) ||
	    !strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%S+00:00", &tm))
		d->ok = E_INTERNAL;
	memcpy(d->id, "id", 2);
	hex_write(random, sizeof random, d->id + 2);
	name = name ? name : d->id;
	snprintf(d->info, sizeof d->info, "#%s-SignedInfo", d->id);
	snprintf(d->value, sizeof d->value, "#%s-SignatureValue", d->id);
	snprintf(d->key_info, sizeof d->key_info, "#%s-KeyInfo", d->id);
	snprintf(d->properties, sizeof d->properties, "#%s-SignedProperties", d->id);
	r[n] = (struct reference){d->key_info, TRANSFORM(EXC_C14N), r[0].mime ? "text/xml" : NULL, {0}, 0};
	r[n + 1] = (struct reference){d->properties, TRANSFORM(EXC_C14N), NULL, {0}, 0};
	put(d, "<xs:Signature xmlns:xs=\"" NS_DS "\" Id=\"%s\"><xs:SignedInfo Id=\"%s\">", name, d->info + 1);
	put(d, "<xs:CanonicalizationMethod Algorithm=\"" EXC_C14N "\"/>");
	put(d, "<xs:SignatureMethod Algorithm=\"" MORE "rsa-sha256\"/>");
	for (size_t i = 0; i < n + 2; i++) {
		put(d, "<xs:Reference Id=\"%s-Reference%zu\" URI=\"%s\"", d->id, i + 1, r[i].uri);
		put(d, i > n ? " Type=\"http://uri.etsi.org/01903#SignedProperties\">" : ">");
		put(d, *r[i].transforms ? "<xs:Transforms>%s</xs:Transforms>" SHA256 : "%s" SHA256, r[i].transforms);
		r[i].at = d->text.len;
		put_base64(d, r[i].at, r[i].digest, sizeof r[i].digest);
		put(d, "</xs:DigestValue></xs:Reference>");
	}
	put(d, "</xs:SignedInfo><xs:SignatureValue Id=\"%s\">", d->value + 1);
	d->value_at = d->text.len;
	put_base64(d, d->value_at, zeros, c->key.bits / 8);
	put(d, "</xs:SignatureValue><xs:KeyInfo Id=\"%s\"><xs:X509Data><xs:X509Certificate>", d->key_info + 1);
	put_base64(d, d->text.len, c->der.data, c->der.len);
	put(d, "</xs:X509Certificate></xs:X509Data></xs:KeyInfo><xs:Object>");
	put(d, "<xa:QualifyingProperties xmlns:xa=\"" NS_XADES "\" Target=\"#%s\">", name);
	put(d, "<xa:SignedProperties Id=\"%s\"><xa:SignedSignatureProperties>", d->properties + 1);
	put(d, "<xa:SigningTime>%s</xa:SigningTime><xa:SigningCertificateV2><xa:Cert><xa:CertDigest>" SHA256, when);
	put_base64(d, d->text.len, c->sha256, sizeof c->sha256);
	put(d, "</xs:DigestValue></xa:CertDigest></xa:Cert></xa:SigningCertificateV2></xa:SignedSignatureProperties>");
	put(d, r[0].mime ? "<xa:SignedDataObjectProperties>" : "");
	for (size_t i = 0; i <= n && r[i].mime; i++) {
		put(d, "<xa:DataObjectFormat ObjectReference=\"#%s-Reference%zu\">", d->id, i + 1);
		put(d, "<xa:MimeType>%s</xa:MimeType></xa:DataObjectFormat>", r[i].mime);
	}
	put(d, r[0].mime ? "</xa:SignedDataObjectProperties></xa:SignedProperties>" : "</xa:SignedProperties>");
	d->stamp_at = d->text.len;
	put(d, "</xa:QualifyingProperties></xs:Object></xs:Signature>");
}

/* Nothing is signed, and nothing leaves, that a checker would refuse. */
static void prove(struct draft *d, uint64_t known, size_t n_stamps)
{
	struct check_input in = {.crypto = d->s->crypto, .data = bytes_of(&d->text)};
	uint64_t problems = 0;

	if (!strcmp(d->what, "file")) /* the files were hashed as they were handed in; no folder is known here */
		known |= PROBLEM(PROBLEM_NO_FILE);
	if (d->ok == E_OK)
		d->ok = document_prove(xades_check, &in, d->what, n_stamps, known, &problems);
	if (d->ok == E_OK && problems)
		refuse(d, _("the signed document would not verify"), text_of(problems));
}

static void add_stamp(struct draft *d)
{
	struct buf octets = {0}, token = {0}, text = d->text;

	canonical(d, bytes_of(&text), d->value + 1, C14N, NULL, &octets);
	if (d->ok == E_OK)
		d->ok = stamp_fetch(d->s->stamps, bytes_of(&octets), &token, d->s->why);
	d->text = (struct buf){0};
	put_bytes(d, text.data, d->stamp_at);
	put(d, "<xa:UnsignedProperties><xa:UnsignedSignatureProperties>");
	put(d, "<xa:SignatureTimeStamp Id=\"%s-SignatureTimeStamp\"><xa:EncapsulatedTimeStamp>", d->id);
	put_base64(d, d->text.len, token.data, token.len);
	put(d, "</xa:EncapsulatedTimeStamp></xa:SignatureTimeStamp></xa:UnsignedSignatureProperties>");
	put(d, "</xa:UnsignedProperties>");
	put_bytes(d, text.data + d->stamp_at, text.len - d->stamp_at);
	buf_wipe(&text);
	buf_free(&octets);
	buf_free(&token);
}

/* Everything that can be refused is refused before the signer is asked. */
static enum error sign(struct draft *d, struct reference *r, size_t n, struct buf *out)
{
	uint8_t hash[32], value[1024];
	size_t len = sizeof value;

	for (size_t i = 0; i < n + 2; i++)
		if (r[i].uri[0] == '#') {
			canonical(d, bytes_of(&d->text), r[i].uri + 1, EXC_C14N, hash, NULL);
			put_base64(d, r[i].at, hash, sizeof hash);
		}
	prove(d, PROBLEM(PROBLEM_SIGNATURE), 0);
	canonical(d, bytes_of(&d->text), d->info + 1, EXC_C14N, hash, NULL);
	if (d->ok == E_OK)
		d->ok = d->s->sign(d->s->self, hash, value, &len);
	if (d->ok == E_OK && len != d->s->cert->key.bits / 8)
		d->ok = E_INTERNAL;
	put_base64(d, d->value_at, value, len);
	if (d->s->stamps)
		add_stamp(d);
	prove(d, 0, d->s->stamps ? 1 : 0);
	if (d->ok == E_OK)
		*out = d->text;
	else
		buf_wipe(&d->text);
	return d->ok;
}

/* ---- What is signed */

/* A CSV is opaque but for its first line, which says what it is of. */
static void check_csv(struct draft *d, struct bytes csv, const char *line)
{
	if (csv.len > DOCUMENT_MAX)
		refuse(d, text_of(PROBLEM(PROBLEM_TOO_LONG)), "");
	else if (csv.len >= 3 && !memcmp(csv.data, "\xEF\xBB\xBF", 3))
		refuse(d, _("the CSV begins with a byte order mark"), "");
	else if (csv.len < 5 || memcmp(csv.data, line, 3) || (csv.data[3] != '\n' && memcmp(csv.data + 3, "\r\n", 2)))
		refuse(d, _("the CSV does not begin with the line that it must begin with"), line);
}

/* Whether the document, which is XML, is not signed, or has one good signature, of a prescription. */
static void check_xml(struct draft *d, struct bytes in, bool received)
{
	struct document found = {0};

	if (d->ok == E_OK)
		d->ok = xades_check(&(struct check_input){.crypto = d->s->crypto, .data = in}, &found);
	if (d->ok == E_UNSUPPORTED) { /* no XML */
		d->ok = E_OK;
		found.problems = PROBLEM(PROBLEM_FORM);
	}
	if (received && found.problems)
		refuse(d, _("the received prescription"), text_of(found.problems));
	else if (found.problems & ~PROBLEM(PROBLEM_NOT_SIGNED))
		refuse(d, text_of(found.problems), "");
	else if (!found.problems && !received)
		refuse(d, _("the document is signed already"), "");
	else if (received && (found.n != 1 || strcmp(found.list[0].what, "prescription")))
		refuse(d, _("the received document is no signed prescription"), "");
	else if (received && found.list[0].problems & PROBLEMS_DECIDING)
		refuse(d, _("the prescription's signature"), text_of(found.list[0].problems & PROBLEMS_DECIDING));
	document_free(&found);
}

/* The form that verifiers of prescriptions know, with no name spaces around it that a dispensing document has not. */
static void check_unsigned(struct draft *d, struct bytes in)
{
	xmlDoc *doc = open_document(d, in);
	const xmlNode *root = doc ? xmlDocGetRootElement(doc) : NULL;
	const xmlNode *prescription = xml_child(root, NULL, "Prescription");
	const xmlNode *document = xml_child(prescription, NULL, "PrescriptionDocument");
	struct buf csv = {0};

	check_xml(d, in, false);
	if (!root || !prescription || !document || !xmlGetID(doc, (const xmlChar *)"Document") ||
	    xml_base64(document, &csv) != E_OK)
		refuse(d, _("this is no unsigned Document with a PrescriptionDocument"), "");
	else if (!root->nsDef || root->nsDef->next || strcmp((const char *)root->nsDef->href, XSI) ||
	         prescription->nsDef)
		refuse(d, _("Document must declare the name space xsi and no other"), "");
	else if (memchr(in.data, '\r', in.len))
		refuse(d, _("the document has carriage returns"), "");
	check_csv(d, bytes_of(&csv), "SJ1");
	buf_wipe(&csv);
	xmlFreeDoc(doc);
}

/* Where that end tag is for the last time; in.len: nowhere. A comment is no place for a signature: none is found. */
static size_t last(struct bytes in, const char *tag)
{
	size_t n = strlen(tag);

	for (size_t i = in.len; i-- > 0;)
		if (in.len - i >= n && !memcmp(in.data + i, tag, n))
			return i;
	return in.len;
}

enum error prescription_sign(struct signer *s, struct bytes in, struct buf *out)
{
	struct reference r[3] = {{"#PrescriptionDocument", TRANSFORM(EXC_C14N), NULL, {0}, 0}};
	struct draft d = {.s = s, .what = "prescription"};
	size_t here = last(in, "</PrescriptionSign>"), at = here < in.len ? here : last(in, "</Prescription>");

	s->why[0] = '\0';
	if (in.len && in.data[0] == '<') {
		check_unsigned(&d, in);
		put_bytes(&d, in.data, at);
		put(&d, here < in.len ? "" : "<PrescriptionSign>");
		put_signature(&d, "PrescriptionSign", r, 1);
		put(&d, here < in.len ? "" : "</PrescriptionSign>");
		put_bytes(&d, in.data + at, in.len - at);
	} else {
		check_csv(&d, in, "SJ1");
		put(&d, DOCUMENT "<Prescription><PrescriptionManagement id=\"PrescriptionManagement\">", "EP");
		put(&d, "<Version Value=\"EPS1.0\"/></PrescriptionManagement>");
		put(&d, "<PrescriptionDocument id=\"PrescriptionDocument\">");
		put_base64(&d, d.text.len, in.data, in.len);
		put(&d, "</PrescriptionDocument><PrescriptionSign>");
		put_signature(&d, "PrescriptionSign", r, 1);
		put(&d, "</PrescriptionSign></Prescription></Document>");
	}
	return sign(&d, r, 1, out);
}

enum error prescription_csv(struct bytes document, struct buf *csv)
{
	enum problem problem;
	xmlDoc *doc = NULL;
	const xmlNode *part = NULL;
	enum error ok = xml_open(document, &doc, &problem);

	if (ok == E_OK)
		part = xml_child(xml_child(xmlDocGetRootElement(doc), NULL, "Prescription"), NULL,
		                 "PrescriptionDocument");
	if (ok == E_OK)
		ok = part ? xml_base64(part, csv) : E_FORMAT;
	xmlFreeDoc(doc);
	return ok == E_UNSUPPORTED ? E_FORMAT : ok;
}

enum error dispensing_sign(struct signer *s, struct bytes prescription, struct bytes csv, struct buf *out)
{
	const uint8_t *start = memmem(prescription.data, prescription.len, "<Prescription>", 14);
	const uint8_t *end = prescription.data + last(prescription, "</Prescription>");
	struct reference r[3] = {{"#Dispensing", TRANSFORM(EXC_C14N), NULL, {0}, 0}};
	struct draft d = {.s = s, .what = "dispensing"};
	uint8_t was[32], is[32];

	s->why[0] = '\0';
	check_csv(&d, csv, "CJ1");
	check_xml(&d, prescription, true);
	canonical(&d, prescription, "PrescriptionDocument", C14N, was, NULL);
	put(&d, DOCUMENT "<DispensingManagement><Version Value=\"EPD1.0\"/></DispensingManagement>", "ED");
	put(&d, "<Dispensing id=\"Dispensing\"><ReferencePrescription>");
	if (start && start < end)
		put_bytes(&d, start + 14, (size_t)(end - start) - 14);
	put(&d, "</ReferencePrescription><DispensingDocument>");
	put_base64(&d, d.text.len, csv.data, csv.len);
	put(&d, "</DispensingDocument></Dispensing><DispensingSign>");
	put_signature(&d, "DispensingSign", r, 1);
	put(&d, "</DispensingSign></Document>");
	/* what surrounds it now must not change the octets that were signed; prove verifies that signature once more */
	canonical(&d, bytes_of(&d.text), "PrescriptionDocument", C14N, is, NULL);
	if (d.ok == E_OK && memcmp(was, is, sizeof is))
		refuse(&d, _("the prescription cannot be taken over as it was signed"), "");
	return sign(&d, r, 1, out);
}

enum error xades_sign_enveloped(struct signer *s, struct bytes in, struct buf *out)
{
	struct reference r[3] = {{"", TRANSFORM(NS_DS "enveloped-signature") TRANSFORM(EXC_C14N), "text/xml", {0}, 0}};
	struct draft d = {.s = s, .what = "xml"};
	size_t at = last(in, "</");

	s->why[0] = '\0';
	/* of the document as it came: prove shows that the insertion changes nothing of it */
	canonical(&d, in, "", EXC_C14N, r[0].digest, NULL);
	check_xml(&d, in, false);
	if (at == in.len)
		refuse(&d, _("the root element is empty: the signature has no place in it"), "");
	put_bytes(&d, in.data, at);
	put_signature(&d, NULL, r, 1);
	put_bytes(&d, in.data + at, in.len - at);
	return sign(&d, r, 1, out);
}

enum error xades_sign_detached(struct signer *s, const struct inkan_part *files, size_t n, struct buf *out)
{
	struct reference *r = calloc(n + 2, sizeof *r);
	struct draft d = {.s = s, .what = "file", .ok = n ? E_OK : E_ARGUMENT};

	s->why[0] = '\0';
	if (!r)
		return E_MEMORY;
	for (size_t i = 0; i < n && d.ok == E_OK; i++) {
		const char *name = files[i].name, *uri = (char *)xmlURIEscapeStr((const xmlChar *)name, NULL);

		r[i] = (struct reference){uri, "", "application/octet-stream", {0}, 0};
		d.ok = uri ? crypto_hash(s->crypto, HASH_SHA256, (struct bytes){files[i].data, files[i].n}, r[i].digest)
		           : E_MEMORY;
		if (!*name || strchr(name, '/') || !strcmp(name, ".") || !strcmp(name, ".."))
			refuse(&d, _("not the name of a file"), name);
		for (size_t k = 0; k < i; k++)
			if (strcmp(files[k].name, name) == 0)
				refuse(&d, _("the same file twice"), name);
	}
	if (d.ok == E_OK) {
		put(&d, "%s", DECLARATION);
		put_signature(&d, NULL, r, n);
		sign(&d, r, n, out);
	}
	for (size_t i = 0; i < n; i++)
		xmlFree((void *)(uintptr_t)r[i].uri);
	free(r);
	return d.ok;
}
