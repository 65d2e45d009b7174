/* SPDX-License-Identifier: BSD-2-Clause */
/* What was added to an XML signature without being signed: time stamps and evidence (levels T, XL, A). */
#include <string.h>
#include "signer/stamp.h"
#include "signer/xades.h"

#define STAMPS_MAX 32

bool is_archive_stamp(const xmlNode *n)
{
	return xml_is(n, NS_XADES141, "ArchiveTimeStamp") || xml_is(n, NS_XADES, "ArchiveTimeStamp");
}

static void collect(struct xades *x, const xmlNode *values, STACK_OF(X509) *certs, STACK_OF(X509_CRL) *crls)
{
	for (const xmlNode *n = xml_first(values); n; n = xml_element(n->next)) {
		if (xml_is(n, NS_XADES, "CertificateValues") || xml_is(n, NS_XADES, "RevocationValues") ||
		    xml_is(n, NS_XADES, "CRLValues")) {
			collect(x, n, certs, crls);
		} else if (xml_is(n, NS_XADES, "EncapsulatedX509Certificate")) {
			X509 *cert = read_x509(x, n);

			if (cert && sk_X509_push(certs, cert) <= 0)
				x->ok = E_MEMORY;
		} else if (xml_is(n, NS_XADES, "EncapsulatedCRLValue")) {
			struct buf der = {0};
			const uint8_t *p = read_octets(x, n, &der) ? der.data : NULL;
			X509_CRL *crl = p ? d2i_X509_CRL(NULL, &p, (long)der.len) : NULL;

			if (crl && sk_X509_CRL_push(crls, crl) <= 0)
				x->ok = E_MEMORY;
			buf_free(&der);
		}
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
			ok = r->target && !r->enveloped ? xml_canonical(r->target, form, out) : E_UNSUPPORTED;
	for (size_t i = 0; i < sizeof parts / sizeof *parts && ok == E_OK; i++)
		ok = parts[i] ? xml_canonical(parts[i], form, out) : E_OK;
	for (const xmlNode *n = xml_first(stamp->parent); n != stamp && ok == E_OK; n = xml_element(n->next))
		ok = xml_canonical(n, form, out);
	for (const xmlNode *n = xml_first(x->signature); n && ok == E_OK; n = xml_element(n->next))
		if (xml_is(n, NS_DS, "Object") && n != x->properties->parent)
			ok = xml_canonical(n, form, out);
	return ok;
}

static void add_stamp(struct xades *x, xmlNode *n, bool archive)
{
	const xmlNode *method = xml_is(xml_first(n), NS_DS, "CanonicalizationMethod") ? xml_first(n) : NULL;
	const xmlNode *encapsulated = method ? xml_element(method->next) : xml_first(n);
	const struct algorithm *named = algorithm(method, CANONICAL);
	const char *form = named ? named->uri : C14N;
	struct buf octets = {0}, token = {0};
	struct signature *s = x->s;
	struct bytes known = {(const uint8_t *)"", 0}; /* of nothing: of another octets than these */
	enum error ok = E_UNSUPPORTED;

	if (xml_is(encapsulated, NS_XADES, "EncapsulatedTimeStamp")) {
		read_octets(x, encapsulated, &token);
		if (x->ok == E_OK && (!method || (named && !xml_first(method))))
			ok = archive ? archive_octets(x, n, form, &octets) : xml_canonical(x->value, form, &octets);
	}
	if (ok == E_OK)
		known = (struct bytes){octets.data, octets.len};
	else if (archive)
		known.data = NULL;
	if (x->ok == E_OK)
		x->ok = stamp_add(x->in->crypto, s, archive, (struct bytes){token.data, token.len}, known);
	/* what those of scans are of is not known, nor how the older form was understood */
	if (x->ok == E_OK && known.data && archive &&
	    (!strcmp(s->what, "scan") || xml_is(n, NS_XADES, "ArchiveTimeStamp")) &&
	    (s->stamps[s->n_stamps - 1].problems & PROBLEM(PROBLEM_STAMP))) {
		stamp_clear(&s->stamps[--s->n_stamps]);
		x->ok = stamp_add(x->in->crypto, s, archive, (struct bytes){token.data, token.len}, (struct bytes){0});
	}
	n->_private = (void *)s->n_stamps; /* for its validation data */
	buf_free(&octets);
	buf_free(&token);
}

void read_unsigned(struct xades *x)
{
	struct signature *s = x->s;

	/* in their order: an archive time stamp covers what is before it */
	for (xmlNode *n = xml_first(x->unsigned_properties); n && x->ok == E_OK; n = xml_element(n->next)) {
		if (!is_archive_stamp(n) && !xml_is(n, NS_XADES, "SignatureTimeStamp"))
			continue;
		if (s->n_stamps == STAMPS_MAX)
			add(x, PROBLEM_TOO_LONG);
		else
			add_stamp(x, n, is_archive_stamp(n));
	}
	for (const xmlNode *n = xml_first(x->unsigned_properties), *of; n && x->ok == E_OK; n = xml_element(n->next)) {
		if (!xml_is(n, NS_XADES141, "TimeStampValidationData"))
			continue;
		of = by_id(x, xml_attribute(n, "URI"));
		if (of && of->parent == x->unsigned_properties && of->_private)
			collect(x, n, s->stamps[(size_t)of->_private - 1].certs,
			        s->stamps[(size_t)of->_private - 1].crls);
		else
			collect(x, n, s->certs, s->crls);
	}
	collect(x, x->unsigned_properties, s->certs, s->crls);
}
