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
#define C14N "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
#define C14N11 "http://www.w3.org/2006/12/xml-c14n11"
#define EXC_C14N "http://www.w3.org/2001/10/xml-exc-c14n#"
#define MORE "http://www.w3.org/2001/04/xmldsig-more#"
#define ENC "http://www.w3.org/2001/04/xmlenc#"

/* E_FORMAT: *problem says why (PROBLEM_TOO_LONG: also 256 attributes of an element, or namespaces, or 100,000 Ids;
 * _ENCODING, _DOCTYPE, _ID_TWICE, _FORM). Attributes Id, id and ID are made XML IDs; everything is looked at before
 * libxml2 resolves anything. E_UNSUPPORTED: the bytes do not begin as XML. */
enum error xml_open(struct bytes data, xmlDoc **out, enum problem *problem);

/* The element with its descendants, in the context of its document, in a canonical form by its URI (W3C C14N 1.0, 1.1
 * and exclusive, without comments and prefix lists), appended. A document passed as a node is the whole document.
 * E_UNSUPPORTED: another form. E_FORMAT: none is defined for it, as with relative namespaces; or no memory. */
enum error xml_canonical(const xmlNode *element, const char *uri, struct buf *out);

/* libxml2's errors of this thread go nowhere: for xmlSetStructuredErrorFunc. */
void xml_quiet(void *arg, xmlErrorPtr error);

/* This node or the next sibling that is an element; the first element in it. NULL: none. */
xmlNode *xml_element(xmlNode *n);
xmlNode *xml_first(const xmlNode *parent);

/* Whether it is an element of that name; ns NULL: of no namespace. */
bool xml_is(const xmlNode *n, const char *ns, const char *name);

/* The one child element of that name; NULL: none, or several. */
xmlNode *xml_child(const xmlNode *parent, const char *ns, const char *name);

/* NULL: none, or not one plain text. */
const char *xml_attribute(const xmlNode *n, const char *name);

/* What is in the element, decoded from base64 with white space allowed. E_FORMAT. */
enum error xml_base64(const xmlNode *element, struct buf *out);

#endif
