/* SPDX-License-Identifier: BSD-2-Clause */
/* XAdES (ETSI EN 319 132-1) from one template: references to the document, KeyInfo and SignedProperties, elements by
 * exclusive C14N. Bytes that were handed in stay as they are; what is signed is what the parser reads of the result.
 * The prefixes are xs and xa, since verifiers of prescriptions find signatures by them. */
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

#define INCLUSIVE "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
#define EXCLUSIVE "http://www.w3.org/2001/10/xml-exc-c14n#"
#define XSI "http://www.w3.org/2001/XMLSchema-instance"
#define DECLARATION "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
#define DOCUMENT DECLARATION "<Document id=\"Document\" xmlns:xsi=\"" XSI "\" xsi:noNamespaceSchemaLocation=\"%s.xsd\">"
#define TRANSFORM(uri) "<xs:Transform Algorithm=\"" uri "\"/>"
#define SHA256 "<xs:DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"/>"

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
	const char *what; /* struct signature's */
	uint64_t others;  /* problems that another signature of the document had before */
	char id[19];      /* with it most Ids of the signature begin */
	char key_info[40], properties[40];
	size_t value, stamp; /* where the signature's value is, and its time stamp will be */
	struct buf text;
	enum error ok; /* after a failure nothing is put into the text */
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
	char *text = NULL;
	va_list args;
	int n;

	va_start(args, fmt);
	n = vasprintf(&text, fmt, args);
	va_end(args);
	if (n < 0) {
		d->ok = E_MEMORY;
		return;
	}
	put_bytes(d, text, (size_t)n);
	free(text);
}

/* At `at`, over zeros of the same length, or at the end. */
static void put_base64(struct draft *d, size_t at, const void *p, size_t n)
{
	unsigned char *digits = malloc((n + 2) / 3 * 4 + 1);
	size_t len = digits ? (size_t)EVP_EncodeBlock(digits, p, (int)n) : 0;

	if (!digits)
		d->ok = E_MEMORY;
	else if (at == d->text.len)
		put_bytes(d, digits, len);
	else if (d->ok == E_OK)
		memcpy(d->text.data + at, digits, len);
	free(digits);
}

__attribute__((format(printf, 2, 3))) static enum error refuse(struct signer *s, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(s->why, sizeof s->why, fmt, args);
	va_end(args);
	log_error("xades: %s", s->why);
	return E_FORMAT;
}

/* The first one's. */
static const char *text_of(uint64_t problems)
{
	int p = 0;

	while (!(problems & PROBLEM(p)))
		p++;
	return _(problem_text((enum problem)p));
}

/* In UTF-8, since other bytes are put into it. */
static enum error open_document(struct signer *s, struct bytes in, xmlDoc **doc)
{
	enum problem problem = PROBLEM_FORM;
	enum error ok = xml_open(in, doc, &problem);

	if (ok == E_FORMAT || ok == E_UNSUPPORTED)
		return refuse(s, "%s", text_of(PROBLEM(problem)));
	if (ok == E_OK && (*doc)->encoding && xmlStrcasecmp((*doc)->encoding, (const xmlChar *)"UTF-8"))
		return refuse(s, "%s", _("the document is not in UTF-8"));
	return ok;
}

/* The element of that Id in its document. */
static enum error canonical(struct signer *s, struct bytes in, const char *id, const char *form, struct buf *out)
{
	xmlDoc *doc = NULL;
	const xmlAttr *a = NULL;
	enum error ok = open_document(s, in, &doc);

	if (ok == E_OK)
		a = xmlGetID(doc, (const xmlChar *)id);
	if (ok == E_OK)
		ok = a ? xml_canonical(a->parent, form, NULL, out)
		       : refuse(s, "%s", text_of(PROBLEM(PROBLEM_REFERENCE)));
	xmlFreeDoc(doc);
	return ok;
}

static enum error hash_of(const struct draft *d, const char *id, uint8_t hash[32])
{
	struct buf octets = {0};
	enum error ok = d->ok;

	if (ok == E_OK)
		ok = canonical(d->s, bytes_of(&d->text), id, EXCLUSIVE, &octets);
	if (ok == E_OK)
		ok = crypto_hash(d->s->crypto, HASH_SHA256, bytes_of(&octets), hash);
	buf_wipe(&octets);
	return ok;
}

/* Id of the signature, NULL: a random one; r has room for the references to KeyInfo and SignedProperties. */
static void put_signature(struct draft *d, const char *name, struct reference *r, size_t n)
{
	static const uint8_t zeros[1024];
	const struct cert *c = d->s->cert;
	time_t now = time(NULL);
	uint8_t random[8];
	struct tm tm;
	char text[32];

	if (crypto_random(d->s->crypto, random, sizeof random) != E_OK || !gmtime_r(&now, &tm) ||
	    !strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S+00:00", &tm))
		d->ok = E_INTERNAL;
	memcpy(d->id, "id", 2);
	hex_write(random, sizeof random, d->id + 2);
	if (!name)
		name = d->id;
	snprintf(d->key_info, sizeof d->key_info, "#%s-KeyInfo", d->id);
	snprintf(d->properties, sizeof d->properties, "#%s-SignedProperties", d->id);
	r[n] = (struct reference){d->key_info, TRANSFORM(EXCLUSIVE), r[0].mime ? "text/xml" : NULL, {0}, 0};
	r[n + 1] = (struct reference){d->properties, TRANSFORM(EXCLUSIVE), NULL, {0}, 0};
	put(d, "<xs:Signature xmlns:xs=\"" NS_DS "\" Id=\"%s\"><xs:SignedInfo Id=\"%s-SignedInfo\">", name, d->id);
	put(d, "<xs:CanonicalizationMethod Algorithm=\"" EXCLUSIVE "\"/>");
	put(d, "<xs:SignatureMethod Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256\"/>");
	for (size_t i = 0; i < n + 2; i++) {
		put(d, "<xs:Reference Id=\"%s-Reference%zu\"", d->id, i + 1);
		put(d, "%s", i > n ? " Type=\"http://uri.etsi.org/01903#SignedProperties\"" : "");
		put(d, " URI=\"%s\">", r[i].uri);
		if (*r[i].transforms)
			put(d, "<xs:Transforms>%s</xs:Transforms>", r[i].transforms);
		put(d, SHA256 "<xs:DigestValue>");
		r[i].at = d->text.len;
		put_base64(d, r[i].at, r[i].digest, sizeof r[i].digest);
		put(d, "</xs:DigestValue></xs:Reference>");
	}
	put(d, "</xs:SignedInfo><xs:SignatureValue Id=\"%s-SignatureValue\">", d->id);
	d->value = d->text.len;
	put_base64(d, d->value, zeros, c->key.bits / 8);
	put(d, "</xs:SignatureValue><xs:KeyInfo Id=\"%s\"><xs:X509Data><xs:X509Certificate>", d->key_info + 1);
	put_base64(d, d->text.len, c->der.data, c->der.len);
	put(d, "</xs:X509Certificate></xs:X509Data></xs:KeyInfo><xs:Object>");
	put(d, "<xa:QualifyingProperties xmlns:xa=\"" NS_XADES "\" Target=\"#%s\">", name);
	put(d, "<xa:SignedProperties Id=\"%s\"><xa:SignedSignatureProperties>", d->properties + 1);
	put(d, "<xa:SigningTime>%s</xa:SigningTime><xa:SigningCertificateV2><xa:Cert><xa:CertDigest>", text);
	put(d, SHA256 "<xs:DigestValue>");
	put_base64(d, d->text.len, c->sha256, sizeof c->sha256);
	put(d, "</xs:DigestValue></xa:CertDigest></xa:Cert></xa:SigningCertificateV2></xa:SignedSignatureProperties>");
	put(d, "%s", r[0].mime ? "<xa:SignedDataObjectProperties>" : "");
	for (size_t i = 0; i <= n && r[i].mime; i++) {
		put(d, "<xa:DataObjectFormat ObjectReference=\"#%s-Reference%zu\">", d->id, i + 1);
		put(d, "<xa:MimeType>%s</xa:MimeType></xa:DataObjectFormat>", r[i].mime);
	}
	put(d, "%s</xa:SignedProperties>", r[0].mime ? "</xa:SignedDataObjectProperties>" : "");
	d->stamp = d->text.len;
	put(d, "</xa:QualifyingProperties></xs:Object></xs:Signature>");
}

/* Whether a checker that does not know how it was made finds the signature in its place, with so many time stamps and
 * no problems but `known` ones. */
static enum error prove(const struct draft *d, uint64_t known, size_t n_stamps)
{
	const struct bytes cert = d->s->cert->der;
	uint64_t problems = PROBLEM(PROBLEM_STRUCTURE);
	struct document found = {0};
	enum error ok = d->ok;

	if (!strcmp(d->what, "file")) /* the files were hashed as they were handed in; no folder is known here */
		known |= PROBLEM(PROBLEM_NO_FILE);
	if (ok == E_OK)
		ok = xades_check(&(struct check_input){.crypto = d->s->crypto, .data = bytes_of(&d->text)}, &found);
	for (size_t i = 0; i < found.n; i++) {
		const struct signature *g = &found.list[i];
		bool ours = !strcmp(g->what, d->what);

		if (ours && g->n_stamps == n_stamps && g->cert.len == cert.len &&
		    !memcmp(g->cert.data, cert.data, cert.len))
			problems &= ~PROBLEM(PROBLEM_STRUCTURE);
		problems |= g->problems & ~(ours ? known : d->others);
		for (size_t k = 0; k < g->n_stamps && ours; k++)
			problems |= g->stamps[k].problems;
	}
	problems |= found.problems;
	document_free(&found);
	return ok == E_OK && problems ? refuse(d->s, _("the signed document would not verify: %s"), text_of(problems))
	                              : ok;
}

static enum error add_stamp(struct draft *d)
{
	struct buf octets = {0}, token = {0}, text = d->text;
	char id[40];
	enum error ok;

	snprintf(id, sizeof id, "%s-SignatureValue", d->id);
	ok = canonical(d->s, bytes_of(&text), id, INCLUSIVE, &octets);
	if (ok == E_OK)
		ok = stamp_fetch(d->s->stamps, bytes_of(&octets), &token, d->s->why);
	if (ok == E_OK) {
		d->text = (struct buf){0};
		put_bytes(d, text.data, d->stamp);
		put(d, "<xa:UnsignedProperties><xa:UnsignedSignatureProperties>");
		put(d, "<xa:SignatureTimeStamp Id=\"%s-SignatureTimeStamp\"><xa:EncapsulatedTimeStamp>", d->id);
		put_base64(d, d->text.len, token.data, token.len);
		put(d, "</xa:EncapsulatedTimeStamp></xa:SignatureTimeStamp></xa:UnsignedSignatureProperties>");
		put(d, "</xa:UnsignedProperties>");
		put_bytes(d, text.data + d->stamp, text.len - d->stamp);
		buf_wipe(&text);
	}
	buf_free(&octets);
	buf_free(&token);
	return ok;
}

/* Everything that can be refused is refused before the signer is asked. The draft is emptied. */
static enum error sign(struct draft *d, struct reference *r, size_t n, enum error ok, struct buf *out)
{
	uint8_t hash[32], value[1024];
	size_t len = sizeof value, room = d->s->cert->key.bits / 8;
	char id[40];

	for (size_t i = 0; i < n + 2 && ok == E_OK; i++)
		if (r[i].uri[0] == '#')
			ok = hash_of(d, r[i].uri + 1, r[i].digest);
	for (size_t i = 0; i < n + 2 && ok == E_OK; i++)
		put_base64(d, r[i].at, r[i].digest, sizeof r[i].digest);
	snprintf(id, sizeof id, "%s-SignedInfo", d->id);
	if (ok == E_OK)
		ok = prove(d, PROBLEM(PROBLEM_SIGNATURE), 0);
	if (ok == E_OK)
		ok = hash_of(d, id, hash);
	if (ok == E_OK)
		ok = d->s->sign(d->s->self, hash, value, &len);
	if (ok == E_OK && len != room)
		ok = E_INTERNAL;
	if (ok == E_OK)
		put_base64(d, d->value, value, len);
	if (ok == E_OK && d->s->stamps)
		ok = add_stamp(d);
	if (ok == E_OK)
		ok = prove(d, 0, d->s->stamps ? 1 : 0);
	if (ok == E_OK)
		*out = d->text;
	else
		buf_wipe(&d->text);
	return ok;
}

/* ---- What is signed */

/* A CSV is opaque but for its first line, which says what it is of. */
static enum error csv_check(struct signer *s, struct bytes csv, const char *line)
{
	if (!csv.len)
		return refuse(s, "%s", _("the CSV is empty"));
	if (csv.len > DOCUMENT_MAX)
		return refuse(s, "%s", text_of(PROBLEM(PROBLEM_TOO_LONG)));
	if (csv.len >= 3 && !memcmp(csv.data, "\xEF\xBB\xBF", 3))
		return refuse(s, "%s", _("the CSV begins with a byte order mark"));
	if (csv.len < 5 || memcmp(csv.data, line, 3) || (csv.data[3] != '\n' && memcmp(csv.data + 3, "\r\n", 2)))
		return refuse(s, _("the first line of the CSV is not %s"), line);
	return E_OK;
}

/* An XML document without a signature. */
static enum error open_unsigned(struct signer *s, struct bytes in, xmlDoc **doc)
{
	struct document found = {0};
	enum error ok = open_document(s, in, doc);

	if (ok == E_OK)
		ok = xades_check(&(struct check_input){.crypto = s->crypto, .data = in}, &found);
	if (ok == E_OK && found.problems != PROBLEM(PROBLEM_NOT_SIGNED))
		ok = refuse(s, "%s", _("the document is signed already"));
	document_free(&found);
	return ok;
}

/* The form that verifiers of prescriptions know, with no name spaces around it that a dispensing document has not. */
static enum error check_unsigned(struct signer *s, struct bytes in)
{
	const xmlNode *root, *prescription, *document;
	struct buf csv = {0};
	xmlDoc *doc = NULL;
	enum error ok = open_unsigned(s, in, &doc);

	if (ok != E_OK)
		goto out;
	root = xmlDocGetRootElement(doc);
	prescription = xml_child(root, NULL, "Prescription");
	document = xml_child(prescription, NULL, "PrescriptionDocument");
	if (!xmlGetID(doc, (const xmlChar *)"Document") || !document || xml_base64(document, &csv) != E_OK)
		ok = refuse(s, "%s", _("this is no unsigned Document with a PrescriptionDocument"));
	else if (!root->nsDef || root->nsDef->next || strcmp((const char *)root->nsDef->href, XSI) ||
	         prescription->nsDef)
		ok = refuse(s, "%s", _("Document must declare the name space xsi and no other"));
	else if (memchr(in.data, '\r', in.len))
		ok = refuse(s, "%s", _("the document has carriage returns"));
	else
		ok = csv_check(s, bytes_of(&csv), "SJ1");
out:
	buf_wipe(&csv);
	xmlFreeDoc(doc);
	return ok;
}

/* Where that end tag is for the last time; in.len: nowhere. A comment is no place for a signature: prove finds none. */
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
	struct reference r[3] = {{"#PrescriptionDocument", TRANSFORM(EXCLUSIVE), NULL, {0}, 0}};
	struct draft d = {.s = s, .what = "prescription"};
	bool xml = in.len && in.data[0] == '<';
	size_t here = last(in, "</PrescriptionSign>"), at = here < in.len ? here : last(in, "</Prescription>");
	enum error ok;

	s->why[0] = '\0';
	ok = xml ? check_unsigned(s, in) : csv_check(s, in, "SJ1");
	if (ok != E_OK)
		return ok;
	if (xml) {
		put_bytes(&d, in.data, at);
		put(&d, "%s", here < in.len ? "" : "<PrescriptionSign>");
		put_signature(&d, "PrescriptionSign", r, 1);
		put(&d, "%s", here < in.len ? "" : "</PrescriptionSign>");
		put_bytes(&d, in.data + at, in.len - at);
	} else {
		put(&d, DOCUMENT "<Prescription><PrescriptionManagement id=\"PrescriptionManagement\">", "EP");
		put(&d, "<Version Value=\"EPS1.0\"/></PrescriptionManagement>");
		put(&d, "<PrescriptionDocument id=\"PrescriptionDocument\">");
		put_base64(&d, d.text.len, in.data, in.len);
		put(&d, "</PrescriptionDocument><PrescriptionSign>");
		put_signature(&d, "PrescriptionSign", r, 1);
		put(&d, "</PrescriptionSign></Prescription></Document>");
	}
	return sign(&d, r, 1, ok, out);
}

/* One good signature of a prescription; *problems: those that change nothing. */
static enum error check_received(struct signer *s, struct bytes in, uint64_t *problems)
{
	struct document found = {0};
	enum error ok = xades_check(&(struct check_input){.crypto = s->crypto, .data = in}, &found);

	if (ok == E_UNSUPPORTED ||
	    (ok == E_OK && (found.problems || found.n != 1 || strcmp(found.list[0].what, "prescription"))))
		ok = refuse(s, "%s", _("the received document is no signed prescription"));
	for (int p = 0; p < PROBLEM_COUNT && ok == E_OK; p++)
		if (found.list[0].problems & PROBLEM(p) && problem_outcome((enum problem)p) != OUTCOME_VALID)
			ok = refuse(s, _("the prescription's signature: %s"), text_of(PROBLEM(p)));
	if (ok == E_OK)
		*problems = found.list[0].problems;
	document_free(&found);
	return ok;
}

enum error dispensing_sign(struct signer *s, struct bytes prescription, struct bytes csv, struct buf *out)
{
	static const char first[] = "<Prescription>", signed_id[] = "PrescriptionDocument";
	const uint8_t *start = memmem(prescription.data, prescription.len, first, sizeof first - 1);
	const uint8_t *end = prescription.data + last(prescription, "</Prescription>");
	struct reference r[3] = {{"#Dispensing", TRANSFORM(EXCLUSIVE), NULL, {0}, 0}};
	struct draft d = {.s = s, .what = "dispensing"};
	struct buf was = {0}, is = {0};
	enum error ok;

	s->why[0] = '\0';
	ok = csv_check(s, csv, "CJ1");
	if (ok == E_OK)
		ok = check_received(s, prescription, &d.others);
	if (ok != E_OK)
		return ok;
	put(&d, DOCUMENT "<DispensingManagement><Version Value=\"EPD1.0\"/></DispensingManagement>", "ED");
	put(&d, "<Dispensing id=\"Dispensing\"><ReferencePrescription>");
	if (start && start < end)
		put_bytes(&d, start + sizeof first - 1, (size_t)(end - start) - (sizeof first - 1));
	put(&d, "</ReferencePrescription><DispensingDocument>");
	put_base64(&d, d.text.len, csv.data, csv.len);
	put(&d, "</DispensingDocument></Dispensing><DispensingSign>");
	put_signature(&d, "DispensingSign", r, 1);
	put(&d, "</DispensingSign></Document>");
	/* what surrounds it now must not change the octets that were signed; prove verifies the signature once more */
	ok = d.ok;
	if (ok == E_OK)
		ok = canonical(s, prescription, signed_id, INCLUSIVE, &was);
	if (ok == E_OK)
		ok = canonical(s, bytes_of(&d.text), signed_id, INCLUSIVE, &is);
	if (ok == E_OK && (was.len != is.len || memcmp(was.data, is.data, is.len)))
		ok = refuse(s, "%s", _("the prescription cannot be taken over as it was signed"));
	buf_wipe(&was);
	buf_wipe(&is);
	return sign(&d, r, 1, ok, out);
}

enum error xades_sign_enveloped(struct signer *s, struct bytes in, struct buf *out)
{
	struct reference r[3] = {{"", TRANSFORM(NS_DS "enveloped-signature") TRANSFORM(EXCLUSIVE), "text/xml", {0}, 0}};
	struct draft d = {.s = s, .what = "xml"};
	size_t at = last(in, "</");
	struct buf octets = {0};
	xmlDoc *doc = NULL;
	enum error ok;

	s->why[0] = '\0';
	ok = open_unsigned(s, in, &doc);
	if (ok == E_OK) /* of the document as it came: prove shows that the insertion changes nothing of it */
		ok = xml_canonical((const xmlNode *)doc, EXCLUSIVE, NULL, &octets);
	if (ok == E_OK)
		ok = crypto_hash(s->crypto, HASH_SHA256, bytes_of(&octets), r[0].digest);
	xmlFreeDoc(doc);
	buf_wipe(&octets);
	put_bytes(&d, in.data, at);
	put_signature(&d, NULL, r, 1);
	put_bytes(&d, in.data + at, in.len - at);
	return sign(&d, r, 1, ok, out);
}

enum error xades_sign_detached(struct signer *s, const struct named *files, size_t n, struct buf *out)
{
	struct reference *r = calloc(n + 2, sizeof *r);
	struct draft d = {.s = s, .what = "file"};
	enum error ok = !r ? E_MEMORY : n ? E_OK : E_ARGUMENT;

	s->why[0] = '\0';
	for (size_t i = 0; i < n && ok == E_OK; i++) {
		const char *name = files[i].name;

		r[i] = (struct reference){(char *)xmlURIEscapeStr((const xmlChar *)name, NULL),
		                          "",
		                          "application/octet-stream",
		                          {0},
		                          0};
		ok = r[i].uri ? crypto_hash(s->crypto, HASH_SHA256, files[i].content, r[i].digest) : E_MEMORY;
		if (!*name || strchr(name, '/') || !strcmp(name, ".") || !strcmp(name, ".."))
			ok = refuse(s, _("not the name of a file: %s"), name);
	}
	if (ok == E_OK) {
		put(&d, DECLARATION);
		put_signature(&d, NULL, r, n);
		ok = sign(&d, r, n, ok, out);
	}
	for (size_t i = 0; r && i < n; i++)
		xmlFree((void *)(uintptr_t)r[i].uri);
	free(r);
	return ok;
}
