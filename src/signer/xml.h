/* SPDX-License-Identifier: BSD-2-Clause */
/* XML of strangers: parsed within limits, without network, entities or a DTD. */
#ifndef INKAN_SIGNER_XML_H
#define INKAN_SIGNER_XML_H

#include <libxml/tree.h>
#include <libxml/xmlerror.h>
#include "signer/document.h"

#define NS_DS "http://www.w3.org/2000/09/xmldsig#"
#define NS_XADES "http://uri.etsi.org/01903/v1.3.2#"
#define NS_XADES141 "http://uri.etsi.org/01903/v1.4.1#"

/* E_FORMAT: *problem says why (PROBLEM_TOO_LONG: also 256 attributes of an element, or namespaces, or 100,000 Ids;
 * _FORM: also encodings other than UTF-8, Shift_JIS, EUC-JP and the like; _DOCTYPE, _ID_TWICE). Attributes Id, id and
 * ID are made XML IDs; everything is looked at before libxml2 resolves anything. E_UNSUPPORTED: the bytes do not begin
 * as XML. */
enum error xml_open(struct bytes data, xmlDoc **out, enum problem *problem);

/* The element with its descendants, in the context of its document, in a canonical form by its URI (W3C C14N 1.0, 1.1
 * and exclusive, without comments), appended. A document passed as a node is the whole document. `prefixes`:
 * InclusiveNamespaces, ends with NULL; or NULL. E_UNSUPPORTED: another form. E_FORMAT: none is defined for it, as with
 * relative namespaces; or no memory. */
enum error xml_canonical(const xmlNode *element, const char *uri, xmlChar **prefixes, struct buf *out);

/* libxml2's errors of this thread go nowhere: for xmlSetStructuredErrorFunc. */
void xml_quiet(void *arg, xmlErrorPtr error);

/* The one child element of that name; NULL: none, or several. */
xmlNode *xml_child(const xmlNode *parent, const char *ns, const char *name);

/* What is in the element, decoded from base64 with white space allowed. E_FORMAT. */
enum error xml_base64(const xmlNode *element, struct buf *out);

#endif
