/* SPDX-License-Identifier: BSD-2-Clause */
/* XML signatures (XMLDSig) with XAdES properties (TS 101 903, EN 319 132-1). Structure, algorithms and what each
 * reference leads to are looked at here, before xmlsec computes anything; the key is the certificate's. */
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
#include "signer/xades.h"

#define REFERENCES_MAX 1024
#define WORK_MAX (UINT64_C(1) << 30) /* elements in each other are canonicalised once for each reference */
#define BLANKS " \t\r\n"

static const struct algorithm algorithms[] = {
	{ENC "sha256", DIGEST, HASH_SHA256, xmlSecOpenSSLTransformSha256GetKlass},
	{MORE "sha384", DIGEST, HASH_SHA384, xmlSecOpenSSLTransformSha384GetKlass},
	{ENC "sha512", DIGEST, HASH_SHA512, xmlSecOpenSSLTransformSha512GetKlass},
	{MORE "rsa-sha256", SIGNATURE, HASH_SHA256, xmlSecOpenSSLTransformRsaSha256GetKlass},
	{MORE "rsa-sha384", SIGNATURE, HASH_SHA384, xmlSecOpenSSLTransformRsaSha384GetKlass},
	{MORE "rsa-sha512", SIGNATURE, HASH_SHA512, xmlSecOpenSSLTransformRsaSha512GetKlass},
	{C14N, CANONICAL, HASH_NONE, xmlSecTransformInclC14NGetKlass},
	{C14N11, CANONICAL, HASH_NONE, xmlSecTransformInclC14N11GetKlass},
	{EXC_C14N, CANONICAL, HASH_NONE, xmlSecTransformExclC14NGetKlass},
	{NS_DS "enveloped-signature", ENVELOPED, HASH_NONE, xmlSecTransformEnvelopedGetKlass},
};
#define ALGORITHMS (sizeof algorithms / sizeof *algorithms)

const struct algorithm *algorithm(const xmlNode *method, unsigned uses)
{
	const char *uri = xml_attribute(method, "Algorithm");

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

xmlNode *by_id(const struct xades *x, const char *uri)
{
	const xmlAttr *id = uri && *uri == '#' ? xmlGetID(x->doc, (const xmlChar *)uri + 1) : NULL;

	return id ? id->parent : NULL;
}

/* xmlsec reads attributes by their local names, whatever their namespace: there may be none in one. */
static bool has_foreign_attribute(const xmlNode *n)
{
	bool found = false;

	for (const xmlAttr *a = n->properties; a; a = a->next)
		found |= a->ns != NULL;
	for (const xmlNode *c = xml_first(n); c; c = xml_element(c->next))
		found |= has_foreign_attribute(c);
	return found;
}

/* ---- What the signature says: nothing is computed */

/* InclusiveNamespaces of a canonical form; `apex`: what is canonicalised, NULL: in another document. */
static void read_prefixes(struct xades *x, const struct algorithm *a, const xmlNode *method, xmlNode *apex)
{
	const xmlNode *list = xml_first(method);
	const char *value = xml_attribute(list, "PrefixList");
	char prefix[256];

	if (!list)
		return;
	if (strcmp(a->uri, EXC_C14N) || !xml_is(list, EXC_C14N, "InclusiveNamespaces"))
		add(x, PROBLEM_TRANSFORM);
	else if (!value || !apex || xml_element(list->next) || xml_first(list))
		add(x, PROBLEM_PREFIX_LIST);
	for (size_t n; value && apex && *(value += strspn(value, BLANKS)); value += n) {
		n = strcspn(value, BLANKS);
		snprintf(prefix, sizeof prefix, "%.*s", (int)n, value);
		if (n >= sizeof prefix ||
		    !xmlSearchNs(x->doc, apex, strcmp(prefix, "#default") ? (xmlChar *)prefix : NULL))
			add(x, PROBLEM_PREFIX_LIST);
	}
}

/* Where no profile says what is signed: what the signature is in, or what is in it. Of another element nobody knows
 * whether it is the one that a reader reads. */
static bool is_own(const struct xades *x, const xmlNode *n)
{
	const xmlNode *object = xml_is(n, NS_DS, "Manifest") ? n->parent : n;

	return contains(n, x->signature->parent) || (xml_is(object, NS_DS, "Object") && object->parent == x->signature);
}

/* The target, and whether it is the element that has to be there. */
static void read_target(struct xades *x, struct reference *r, const char *uri)
{
	const char *type = xml_attribute(r->node, "Type");
	bool properties = type && !strcmp(type, "http://uri.etsi.org/01903#SignedProperties");
	const xmlNode *t;

	if (*uri && *uri != '#') {
		if (x->placed)
			add(x, PROBLEM_EXTERNAL);
		return;
	}
	r->target = !*uri ? (xmlNode *)x->doc : xmlValidateNCName((const xmlChar *)uri + 1, 0) ? NULL : by_id(x, uri);
	t = r->target;
	if (!t || (properties && t != x->signed_properties))
		add(x, PROBLEM_REFERENCE);
	else if (t == x->signed_properties && !properties)
		add(x, PROBLEM_STRUCTURE);
	else if (t == x->signed_properties || t == x->key_info || t == x->document)
		; /* as it must be */
	else if (x->placed)
		add(x, PROBLEM_REFERENCE);
	else if (!is_own(x, t))
		add(x, PROBLEM_ELSEWHERE);
	for (const struct reference *other = x->list; other < r; other++)
		if (t && other->target == t)
			add(x, PROBLEM_STRUCTURE);
}

/* A reference of SignedInfo, or of a manifest, which has files alone. */
static void read_reference(struct xades *x, xmlNode *node, bool in_manifest, struct reference *r)
{
	const char *uri = xml_attribute(node, "URI");
	const struct algorithm *a;
	xmlNode *c = xml_first(node);

	*r = (struct reference){.node = node, .hash = HASH_NONE};
	if (!uri || !xml_is(node, NS_DS, "Reference"))
		add(x, PROBLEM_STRUCTURE);
	else if (!in_manifest)
		read_target(x, r, uri);
	else if (!*uri || *uri == '#')
		add(x, PROBLEM_REFERENCE);
	for (xmlNode *t = xml_is(c, NS_DS, "Transforms") ? xml_first(c) : NULL; t; t = xml_element(t->next)) {
		a = xml_is(t, NS_DS, "Transform") && !r->canonical ? algorithm(t, CANONICAL | ENVELOPED) : NULL;
		if (a && a->use == CANONICAL) {
			read_prefixes(x, a, t,
			              r->target == (xmlNode *)x->doc ? xmlDocGetRootElement(x->doc) : r->target);
			r->canonical = a->uri;
		} else if (a && !r->enveloped && !xml_first(t) && r->target && contains(r->target, x->signature)) {
			r->enveloped = true;
		} else {
			add(x, PROBLEM_TRANSFORM);
		}
	}
	if (xml_is(c, NS_DS, "Transforms"))
		c = xml_element(c->next);
	a = algorithm(c, DIGEST);
	if (!xml_is(c, NS_DS, "DigestMethod") || !xml_is(xml_element(c->next), NS_DS, "DigestValue"))
		add(x, PROBLEM_STRUCTURE);
	else if (!a || xml_first(c))
		add(x, PROBLEM_ALGORITHM);
	else
		r->hash = a->hash;
}

/* Whether there is anything but the signature itself in what a reference leads to; NULL: a file, which is. */
static bool covers_document(const struct xades *x, const xmlNode *t)
{
	if (t == (xmlNode *)x->doc)
		return x->signature->parent != t;
	if (xml_is(t, NS_DS, "Manifest"))
		return xml_first(t) != NULL;
	return t != x->signature && !xml_child(t, NS_XADES, "QualifyingProperties");
}

static void read_signed_info(struct xades *x)
{
	bool properties = false, key_info = false, document = false;
	const size_t n = xmlChildElementCount(x->info);
	const struct algorithm *a;

	x->canonical = xml_first(x->info);
	x->method = x->canonical ? xml_element(x->canonical->next) : NULL;
	if (!x->method || !xml_is(x->canonical, NS_DS, "CanonicalizationMethod") ||
	    !xml_is(x->method, NS_DS, "SignatureMethod") || has_foreign_attribute(x->info)) {
		add(x, PROBLEM_STRUCTURE);
		return;
	}
	a = algorithm(x->canonical, CANONICAL);
	if (a)
		read_prefixes(x, a, x->canonical, x->info);
	else
		add(x, PROBLEM_TRANSFORM);
	if (!algorithm(x->method, SIGNATURE) || xml_first(x->method))
		add(x, PROBLEM_ALGORITHM);
	if (n > REFERENCES_MAX) {
		add(x, PROBLEM_TOO_LONG);
		return;
	}
	x->list = calloc(n, sizeof *x->list);
	if (!x->list) {
		x->ok = E_MEMORY;
		return;
	}
	for (xmlNode *c = xml_element(x->method->next), *t; c; c = xml_element(c->next)) {
		read_reference(x, c, false, &x->list[x->n]);
		t = x->list[x->n++].target;
		*x->work += t ? x->in->data.len : 0;
		if (t && t == x->signed_properties)
			properties = true;
		else if (t && t == x->key_info)
			key_info = true;
		else if (covers_document(x, t))
			document = true;
		if (xml_is(t, NS_DS, "Manifest"))
			x->s->what = "scan";
		else if (!t && !x->placed && strcmp(x->s->what, "scan"))
			x->s->what = "file";
	}
	if (*x->work > WORK_MAX)
		add(x, PROBLEM_TOO_LONG);
	if (!document)
		add(x, PROBLEM_NOT_COMPLETE);
	if (!properties)
		add(x, PROBLEM_SIGNING_CERTIFICATE);
	if (x->placed && !x->countersigns && !key_info)
		add(x, PROBLEM_STRUCTURE);
}

/* Whether each element with the name of one that programs read, whatever its namespace, is in its one place below the
 * root: a second one anywhere may be what a program finds. */
static bool has_no_twin(const xmlNode *root, const xmlNode *n)
{
	static const char *const places[][2] = {
		{"Prescription", "Document"},
		{"Dispensing", "Document"},
		{"ReferencePrescription", "Dispensing"},
		{"PrescriptionDocument", "Prescription"},
		{"PrescriptionDocument", "ReferencePrescription"},
		{"DispensingDocument", "Dispensing"},
	};
	bool known = false, right = false;

	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		if (strcmp((const char *)n->name, places[i][0]) != 0)
			continue;
		known = true;
		right |= xml_is(n->parent, NULL, places[i][1]) && n == xml_child(n->parent, NULL, places[i][0]) &&
		         (n->parent == root) == !strcmp(places[i][1], "Document");
	}
	right |= !known;
	for (const xmlNode *c = xml_first(n); c && right; c = xml_element(c->next))
		right = has_no_twin(root, c);
	if (n == root && xml_child(n, NULL, "Prescription") && xml_child(n, NULL, "Dispensing"))
		return false; /* no signature covers both */
	return right;
}

/* Of a prescription, a dispensing and a counter-signature it is known what they sign, and where each element is. */
static void read_place(struct xades *x)
{
	xmlNode *root = xmlDocGetRootElement(x->doc), *sign = x->signature->parent, *holder = sign->parent;
	const xmlNode *outer = holder; /* a child of the root */
	bool right;

	x->placed = true;
	if (xml_is(sign, NULL, "PrescriptionSign")) {
		x->s->what = "prescription";
		x->document = xml_child(holder, NULL, "PrescriptionDocument");
		if (holder == xml_child(holder->parent, NULL, "ReferencePrescription"))
			outer = holder->parent;
		right = outer == xml_child(root, NULL, outer == holder ? "Prescription" : "Dispensing");
	} else if (xml_is(sign, NULL, "DispensingSign")) {
		x->s->what = "dispensing";
		x->document = xml_child(root, NULL, "Dispensing");
		right = holder == root;
	} else if (xml_is(sign, NS_XADES, "CounterSignature")) {
		/* TS 101 903 7.2.4: Object, Qualifying-, Unsigned- and UnsignedSignatureProperties are in between */
		x->s->what = "counter-signature";
		x->countersigns = true;
		for (int levels = 0; levels < 4 && holder; levels++)
			holder = holder->parent;
		x->document = xml_child(holder, NS_DS, "SignatureValue");
		right = xml_is(holder, NS_DS, "Signature");
	} else {
		x->placed = false;
		return;
	}
	if (!right)
		x->document = NULL;
	if (!x->document || x->signature != xml_child(sign, NS_DS, "Signature") ||
	    (!x->countersigns &&
	     (!xml_is(root, NULL, "Document") || sign != xml_child(holder, NULL, (const char *)sign->name) ||
	      !has_no_twin(root, root))))
		add(x, PROBLEM_STRUCTURE);
}

/* One that may be there once: of two nobody knows which one a reader takes. */
static xmlNode *only_child(struct xades *x, const xmlNode *parent, const char *name)
{
	xmlNode *found = xml_child(parent, NS_XADES, name);

	for (const xmlNode *n = found ? NULL : xml_first(parent); n; n = xml_element(n->next))
		if (xml_is(n, NS_XADES, name))
			add(x, PROBLEM_STRUCTURE);
	return found;
}

static void read_properties(struct xades *x)
{
	const char *id = xml_attribute(x->signature, "Id"), *target;
	char text[40], utc[sizeof text + 1];
	const xmlNode *about_signer, *time;
	xmlChar *content;
	time_t t;

	for (xmlNode *o = xml_first(x->signature); o; o = xml_element(o->next))
		for (xmlNode *q = xml_is(o, NS_DS, "Object") ? xml_first(o) : NULL; q; q = xml_element(q->next)) {
			if (!xml_is(q, NS_XADES, "QualifyingProperties"))
				continue;
			if (x->properties)
				add(x, PROBLEM_STRUCTURE);
			x->properties = q;
		}
	if (!x->properties)
		return;
	x->s->form = "XAdES";
	x->signed_properties = only_child(x, x->properties, "SignedProperties");
	x->unsigned_properties =
		only_child(x, only_child(x, x->properties, "UnsignedProperties"), "UnsignedSignatureProperties");
	target = xml_attribute(x->properties, "Target");
	if (!id || !target || *target != '#' || strcmp(target + 1, id))
		add(x, PROBLEM_STRUCTURE);
	about_signer = only_child(x, x->signed_properties, "SignedSignatureProperties");
	only_child(x, about_signer, "SigningCertificate");
	only_child(x, about_signer, "SigningCertificateV2");
	time = only_child(x, about_signer, "SigningTime");
	if (!time)
		return;
	/* xs:dateTime: without a zone it is taken for UTC */
	content = xmlNodeGetContent(time);
	if (content && sscanf((char *)content, "%39s", text) == 1 && strchr(text, 'T') &&
	    snprintf(utc, sizeof utc, "%sZ", text) > 0 && (time_read(text, &t) || time_read(utc, &t)))
		x->s->claimed = t;
	xmlFree(content);
	if (!x->s->claimed)
		add(x, PROBLEM_STRUCTURE);
}

static void read_signature(struct xades *x)
{
	xmlNode *c = xml_first(x->signature);

	read_place(x);
	for (const xmlNode *n = x->signature->parent; n && !x->countersigns; n = n->parent)
		if (xml_is(n, NS_DS, "Signature"))
			add(x, PROBLEM_STRUCTURE);
	x->info = c;
	x->value = c ? xml_element(c->next) : NULL;
	c = x->value ? xml_element(x->value->next) : NULL;
	if (c && xml_is(c, NS_DS, "KeyInfo")) {
		x->key_info = c;
		c = xml_element(c->next);
	}
	while (c && xml_is(c, NS_DS, "Object"))
		c = xml_element(c->next);
	if (c || !xml_is(x->info, NS_DS, "SignedInfo") || !xml_is(x->value, NS_DS, "SignatureValue")) {
		add(x, PROBLEM_STRUCTURE);
		return;
	}
	read_properties(x);
	read_signed_info(x);
}

/* ---- What is computed */

/* A file below the document's folder, to which no link leads. xmlsec follows no reference out of the document. */
static void verify_file(struct xades *x, struct reference *r, enum problem leaves)
{
	static const struct open_how how = {.flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
	                                    .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS};
	const char *uri = xml_attribute(r->node, "URI");
	char *name = xmlURIUnescapeString(uri, 0, NULL);
	enum problem problem = PROBLEM_NO_FILE;
	uint8_t own[EVP_MAX_MD_SIZE] = {0};
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
			x->ok = xml_canonical((xmlNode *)doc, r->canonical, &r->octets);
		}
		xmlFreeDoc(doc);
	}
	if (x->ok == E_OK && problem == PROBLEM_DIGEST)
		x->ok = crypto_hash(x->in->crypto, r->hash, (struct bytes){r->octets.data, r->octets.len}, own);
	r->verified = x->ok == E_OK && problem == PROBLEM_DIGEST &&
	              is_digest(x, xml_child(r->node, NS_DS, "DigestValue"), own, crypto_hash_len(r->hash));
	if (!r->verified)
		add(x, problem);
	if (x->ok != E_MEMORY)
		x->ok = r->verified ? texts_add(&x->s->covered, r->canonical ? _("%s, without comments") : "%s", name)
		                    : texts_add(&x->s->not_covered, "%s: %s", name, _(problem_text(problem)));
	xmlFree(name);
	if (fd >= 0)
		close(fd);
	if (dir >= 0)
		close(dir);
}

static void verify_references(struct xades *x, xmlSecDSigCtx *dsig)
{
	for (struct reference *r = x->list; r < x->list + x->n && x->ok == E_OK; r++) {
		xmlNode *file = xml_is(r->target, NS_DS, "Manifest") ? xml_first(r->target) : NULL;
		xmlSecDSigReferenceCtx ctx;
		xmlSecBuffer *octets;

		if (!r->target) {
			verify_file(x, r, PROBLEM_EXTERNAL);
			continue;
		}
		if (xmlSecDSigReferenceCtxInitialize(&ctx, dsig, xmlSecDSigReferenceOriginSignedInfo) < 0) {
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
		for (; r->verified && file && x->ok == E_OK; file = xml_element(file->next)) {
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

static void verify_value(struct xades *x, xmlSecDSigCtx *dsig)
{
	xmlSecTransformCtx *ctx = &dsig->transformCtx;
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
	    !read_octets(x, x->value, &value) || xmlSecTransformCtxXmlExecute(ctx, nodes) < 0 ||
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

/* ---- One signature after the other */

static bool is_target(const struct xades *x, const xmlNode *n)
{
	bool found = false;

	for (size_t i = 0; i < x->n; i++)
		found |= x->list[i].target == n;
	return found;
}

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
		{"SignatureValue", N_("the signature around this one, which it confirms, and nothing of the document")},
	};
	const char *name = (const char *)n->name, *text = NULL;

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (!strcmp(known[i][0], name))
			text = known[i][1];
	x->ok = text ? texts_add(list, "%s: %s", name, _(text)) : texts_add(list, "%s", name);
}

/* What else is in the signature, where a reader may take it for signed. */
static void tell_objects(struct xades *x)
{
	bool files = false, other = false;

	for (const xmlNode *o = xml_first(x->signature); o; o = xml_element(o->next)) {
		if (!xml_is(o, NS_DS, "Object"))
			continue;
		other |= o->children && !xml_first(o) && !is_target(x, o);
		for (const xmlNode *n = xml_first(o); n; n = xml_element(n->next))
			if (n == x->properties || is_target(x, n))
				continue;
			else if (xml_is(n, NS_DS, "Manifest"))
				files = true;
			else
				other |= !is_target(x, o);
	}
	if (files)
		x->ok = texts_add(&x->s->not_covered, "%s", _("files of another Manifest in the signature"));
	if (other && x->ok == E_OK)
		x->ok = texts_add(&x->s->not_covered, "%s", _("what else is in an Object of the signature"));
}

/* Files have told theirs. */
static void tell_coverage(struct xades *x)
{
	const xmlNode *root = xmlDocGetRootElement(x->doc);
	struct signature *s = x->s;

	for (const struct reference *r = x->list; r < x->list + x->n && x->ok == E_OK; r++) {
		const xmlNode *t = r->target == (xmlNode *)x->doc ? root : r->target;
		const char *name = t ? (const char *)t->name : NULL;

		if (!t || t == x->key_info || t == x->signed_properties || xml_is(t, NS_DS, "Manifest"))
			continue;
		if (!r->verified)
			x->ok = texts_add(&s->not_covered, "%s: %s", name, _(problem_text(PROBLEM_DIGEST)));
		else if (x->placed)
			tell(x, &s->covered, t);
		else if (t != root)
			x->ok = texts_add(&s->covered, _("%s (%s): this element alone, without comments"), name,
			                  xml_attribute(r->node, "URI"));
		else if (r->target != t)
			x->ok = texts_add(&s->covered,
			                  _("%s: the whole document, except for this signature and comments"), name);
		else
			x->ok = texts_add(&s->covered,
			                  _("%s: the outermost element, except for this signature and comments"), name);
		for (const xmlNode *up = t; x->placed && !x->countersigns && up != root; up = up->parent)
			for (const xmlNode *n = xml_first(up->parent); n && x->ok == E_OK; n = xml_element(n->next))
				if (n != up && !xml_is(n, NULL, "PrescriptionSign") &&
				    !xml_is(n, NULL, "DispensingSign"))
					tell(x, &s->not_covered, n);
		if (r->target != (xmlNode *)x->doc && x->ok == E_OK) /* of the outermost: style sheets */
			x->ok = texts_add(&s->not_covered, _("everything outside the element %s"), name);
	}
	if (x->ok == E_OK && !strcmp(s->what, "dispensing") &&
	    !xml_child(xml_child(xml_child(x->document, NULL, "ReferencePrescription"), NULL, "PrescriptionSign"),
	               NS_DS, "Signature"))
		x->ok = texts_add(&s->not_covered, "%s",
		                  _("PrescriptionSign: there is none, no doctor signed the prescription"));
	if (x->ok == E_OK)
		tell_objects(x);
}

static void check_signature(struct xades *x)
{
	static const uint64_t soft =
		PROBLEM(PROBLEM_SIGNING_CERTIFICATE) | PROBLEM(PROBLEM_ISSUER_SERIAL) | PROBLEM(PROBLEM_ELSEWHERE);
	xmlSecDSigCtx dsig;

	x->s->certs = sk_X509_new_null();
	x->s->crls = sk_X509_CRL_new_null();
	if (!x->s->certs || !x->s->crls || xmlSecDSigCtxInitialize(&dsig, NULL) < 0) {
		x->ok = E_MEMORY;
		return;
	}
	read_signature(x);
	read_certificates(x);
	if (x->ok == E_OK && !(x->s->problems & ~soft)) {
		dsig.operation = xmlSecTransformOperationVerify;
		dsig.enabledReferenceUris = xmlSecTransformUriTypeEmpty | xmlSecTransformUriTypeSameDocument;
		for (size_t i = 0; i < ALGORITHMS && x->ok == E_OK; i++)
			if (xmlSecPtrListAdd(&dsig.transformCtx.enabledTransforms,
			                     (void *)(uintptr_t)algorithms[i].klass()) < 0)
				x->ok = E_MEMORY;
		for (const xmlNode *n = xml_first(x->unsigned_properties); n; n = xml_element(n->next))
			if (is_archive_stamp(n))
				dsig.flags |= XMLSEC_DSIG_FLAGS_STORE_SIGNEDINFO_REFERENCES;
		verify_references(x, &dsig);
		verify_value(x, &dsig);
		read_unsigned(x);
		tell_coverage(x);
	}
	xmlSecDSigCtxFinalize(&dsig);
}

static enum error check_signatures(const struct check_input *in, struct document *out, xmlDoc *doc, xmlNode *n,
                                   uint64_t *work)
{
	enum error ok = E_OK;

	for (; n && ok == E_OK; n = xml_element(n->next)) {
		struct xades x = {.in = in, .doc = doc, .signature = n, .work = work};

		if (xml_is(n, NS_DS, "Signature")) {
			x.s = document_add(out, "XMLDSig", "xml");
			if (!x.s)
				return out->problems ? E_OK : E_MEMORY;
			check_signature(&x);
			/* the very element that was verified */
			if (x.ok == E_OK && !strcmp(x.s->what, "prescription") && !out->content.len &&
			    !(x.s->problems & PROBLEMS_DECIDING) && !read_octets(&x, x.document, &out->content))
				add(&x, PROBLEM_STRUCTURE);
			log_info("xades_check: %s, %zu references, problems %llx: %s", x.s->what, x.n,
			         (unsigned long long)x.s->problems, error_text(x.ok));
			for (size_t i = 0; i < x.n; i++)
				buf_free(&x.list[i].octets);
			free(x.list);
			ok = x.ok;
		}
		if (ok == E_OK)
			ok = check_signatures(in, out, doc, xml_first(n), work);
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
	uint64_t work = 0;
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
	ok = check_signatures(in, out, doc, xmlDocGetRootElement(doc), &work);
	xmlSetStructuredErrorFunc(before_arg, before);
	ERR_pop_to_mark();
	if (!out->n && !out->problems)
		out->problems |= PROBLEM(PROBLEM_NOT_SIGNED);
	xmlFreeDoc(doc);
	return ok;
}
