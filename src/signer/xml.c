/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>
#include <libxml/c14n.h>
#include <libxml/parser.h>
#include <libxml/valid.h>
#include <openssl/evp.h>
#include "base/log.h"
#include "signer/xml.h"

#define LEVELS_MAX 256
#define ATTRIBUTES_MAX 256 /* of one tag; and namespaces in scope */
#define IDS_MAX 100000     /* libxml2's table of them does not grow: a million takes a minute */

/* What stopped the parser: in its own context, where libxml2's callbacks find it. */
struct limits {
	enum problem problem; /* PROBLEM_FORM: nothing has */
	startDocumentSAXFunc begin;
	startElementNsSAX2Func start;
	unsigned ids;
};

static void stop(xmlParserCtxt *parser, enum problem problem)
{
	((struct limits *)parser->_private)->problem = problem;
	xmlStopParser(parser);
}

/* Encodings in which a byte of "<", ">" or a quote is nothing else: has_long_tag looks at the bytes. */
static void begin(void *arg)
{
	static const char *const encodings[] = {"UTF-8",     "US-ASCII",    "ISO-8859-1",
	                                        "Shift_JIS", "Windows-31J", "EUC-JP"};
	xmlParserCtxt *parser = arg;
	const xmlChar *told = parser->input->encoding ? parser->input->encoding : parser->encoding;
	bool known = !told;

	((struct limits *)parser->_private)->begin(arg);
	for (size_t i = 0; i < sizeof encodings / sizeof *encodings && !known; i++)
		known = !strcasecmp((const char *)told, encodings[i]);
	if (!known)
		stop(parser, PROBLEM_ENCODING);
}

static void doctype(void *arg, const xmlChar *name, const xmlChar *public_id, const xmlChar *system_id)
{
	(void)name, (void)public_id, (void)system_id;
	stop(arg, PROBLEM_DOCTYPE);
}

static bool is_id(const xmlAttr *a)
{
	const char *name = (const char *)a->name;

	/* libxml2 has registered each xml:id that was not there before */
	return (!strcmp(name, "Id") || !strcmp(name, "id") || !strcmp(name, "ID")) && a->atype != XML_ATTRIBUTE_ID;
}

static void start(void *arg, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri, int n_ns,
                  const xmlChar **ns, int n_attributes, int n_defaulted, const xmlChar **attributes)
{
	xmlParserCtxt *parser = arg;
	struct limits *l = parser->_private;

	for (int i = 0; i < n_attributes; i++)
		l->ids += !strcasecmp((const char *)attributes[5 * i], "id");
	/* nsNr: of a prefix and a name each */
	if (parser->nodeNr >= LEVELS_MAX || parser->nsNr > 2 * ATTRIBUTES_MAX || l->ids > IDS_MAX) {
		stop(parser, PROBLEM_TOO_LONG);
		return;
	}
	l->start(arg, name, prefix, uri, n_ns, ns, n_attributes, n_defaulted, attributes);
	for (xmlAttr *a = parser->node ? parser->node->properties : NULL; a; a = a->next) {
		xmlChar *value = is_id(a) ? xmlNodeListGetString(parser->myDoc, a->children, 1) : NULL;

		if (value && *value && (xmlGetID(parser->myDoc, value) || !xmlAddID(NULL, parser->myDoc, value, a)))
			stop(parser, PROBLEM_ID_TWICE);
		xmlFree(value);
	}
}

/* libxml2 compares each attribute with every other one of its tag, before it tells anybody: a megabyte would take
 * hours. In a value there is no "<"; text, comments and the like are passed over. */
static bool has_long_tag(struct bytes b)
{
	const uint8_t *end = b.data + b.len, *p = b.data;
	uint8_t quote;
	size_t n;

	while ((p = memchr(p, '<', (size_t)(end - p))) && ++p < end) {
		if (strchr("!?/", *p))
			continue;
		for (n = 0, quote = 0; p < end && *p != '<' && (quote || *p != '>'); p++) {
			if (quote ? *p == quote : *p == '"' || *p == '\'')
				quote = quote ? 0 : *p;
			else
				continue;
			n += quote != 0;
		}
		if (n > ATTRIBUTES_MAX)
			return true;
	}
	return false;
}

static bool begins_as_xml(struct bytes b)
{
	if (b.len >= 3 && !memcmp(b.data, "\xEF\xBB\xBF", 3))
		b = (struct bytes){b.data + 3, b.len - 3};
	while (b.len && memchr(" \t\r\n", b.data[0], 4))
		b = (struct bytes){b.data + 1, b.len - 1};
	return b.len && b.data[0] == '<';
}

static bool begins_as_utf16(struct bytes b)
{
	static const char *const begins[] = {"\xFF\xFE", "\xFE\xFF", "<\0", "\0<"};
	bool found = false;

	for (size_t i = 0; i < sizeof begins / sizeof *begins && b.len >= 2; i++)
		found |= !memcmp(b.data, begins[i], 2);
	return found;
}

enum error xml_open(struct bytes data, xmlDoc **out, enum problem *problem)
{
	/* HUGE: a text may be as long as the document. It lifts limits for which the two functions above and the
	 * length stand in; entities are none but XML's own five. */
	static const int options = XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_HUGE;
	struct limits limits = {.problem = PROBLEM_FORM};
	enum error ok = E_MEMORY;
	xmlParserCtxt *parser = NULL;
	xmlDoc *doc = NULL;

	if (begins_as_utf16(data)) {
		*problem = PROBLEM_ENCODING;
		return E_FORMAT;
	}
	if (!begins_as_xml(data))
		return E_UNSUPPORTED;
	if (data.len > DOCUMENT_MAX || has_long_tag(data)) {
		*problem = PROBLEM_TOO_LONG;
		return E_FORMAT;
	}
	if (memchr(data.data, 0, data.len)) { /* libxml2 takes it for the end, and what follows for nothing */
		*problem = PROBLEM_FORM;
		return E_FORMAT;
	}
	parser = xmlNewParserCtxt();
	if (!parser)
		goto fail;
	parser->_private = &limits;
	limits.begin = parser->sax->startDocument;
	limits.start = parser->sax->startElementNs;
	parser->sax->startDocument = begin;
	parser->sax->startElementNs = start;
	parser->sax->internalSubset = doctype;
	parser->vctxt.error = NULL;
	doc = xmlCtxtReadMemory(parser, (const char *)data.data, (int)data.len, NULL, NULL, options);
	if (parser->errNo == XML_ERR_NO_MEMORY)
		goto fail;
	*problem = limits.problem;
	ok = E_FORMAT;
	if (!doc || !parser->wellFormed || !parser->nsWellFormed || limits.problem != PROBLEM_FORM)
		goto fail;
	xmlFreeParserCtxt(parser);
	*out = doc;
	return E_OK;
fail:
	log_error("xml_open: %zu bytes: %s", data.len, ok == E_FORMAT ? problem_word(*problem) : error_text(ok));
	xmlFreeParserCtxt(parser);
	xmlFreeDoc(doc);
	return ok;
}

/* Of attributes and namespaces `parent` is the element. */
static int inside(void *element, xmlNode *node, xmlNode *parent)
{
	if (node == element)
		return 1;
	while (parent && parent != element)
		parent = parent->parent;
	return parent != NULL;
}

void xml_quiet(void *arg, xmlErrorPtr error)
{
	(void)arg, (void)error;
}

struct sink {
	struct buf *out;
	enum error ok;
};

static int append(void *arg, const char *p, int n)
{
	struct sink *sink = arg;

	sink->ok = buf_append(sink->out, p, (size_t)n);
	return sink->ok == E_OK ? n : -1;
}

enum error xml_canonical(const xmlNode *element, const char *uri, struct buf *out)
{
	static const struct {
		const char *uri;
		int mode;
	} forms[] = {
		{C14N, XML_C14N_1_0},
		{C14N11, XML_C14N_1_1},
		{EXC_C14N, XML_C14N_EXCLUSIVE_1_0},
	};
	xmlStructuredErrorFunc before = xmlStructuredError;
	void *before_arg = xmlStructuredErrorContext;
	struct sink sink = {out, E_OK};
	xmlOutputBuffer *to;
	size_t i = 0;
	int n;

	while (i < sizeof forms / sizeof *forms && strcmp(uri, forms[i].uri))
		i++;
	if (i == sizeof forms / sizeof *forms)
		return E_UNSUPPORTED;
	to = xmlOutputBufferCreateIO(append, NULL, &sink, NULL);
	if (!to)
		return E_MEMORY;
	xmlSetStructuredErrorFunc(NULL, xml_quiet);
	n = xmlC14NExecute(element->doc, element->type == XML_DOCUMENT_NODE ? NULL : inside, (void *)(uintptr_t)element,
	                   forms[i].mode, NULL, 0, to);
	n = xmlOutputBufferClose(to) < 0 ? -1 : n;
	xmlSetStructuredErrorFunc(before_arg, before);
	if (n < 0)
		log_error("xmlC14NExecute: failed");
	return n >= 0 ? E_OK : sink.ok != E_OK ? sink.ok : E_FORMAT;
}

xmlNode *xml_element(xmlNode *n)
{
	while (n && n->type != XML_ELEMENT_NODE)
		n = n->next;
	return n;
}

xmlNode *xml_first(const xmlNode *parent)
{
	return parent ? xml_element(parent->children) : NULL;
}

bool xml_is(const xmlNode *n, const char *ns, const char *name)
{
	return n && n->type == XML_ELEMENT_NODE && !strcmp((const char *)n->name, name) &&
	       (ns ? n->ns && !strcmp((const char *)n->ns->href, ns) : !n->ns);
}

xmlNode *xml_child(const xmlNode *parent, const char *ns, const char *name)
{
	xmlNode *found = NULL;

	for (xmlNode *n = xml_first(parent); n; n = xml_element(n->next))
		if (xml_is(n, ns, name)) {
			if (found)
				return NULL;
			found = n;
		}
	return found;
}

const char *xml_attribute(const xmlNode *n, const char *name)
{
	const xmlAttr *a = n ? xmlHasNsProp((xmlNode *)(uintptr_t)n, (const xmlChar *)name, NULL) : NULL;

	if (!a || !a->children)
		return a ? "" : NULL;
	return a->children->type == XML_TEXT_NODE && !a->children->next ? (const char *)a->children->content : NULL;
}

enum error xml_base64(const xmlNode *element, struct buf *out)
{
	struct buf digits = {0};
	uint8_t last[5], *bytes = NULL;
	size_t n = 0, pad = 0;
	enum error ok = E_OK;

	for (const xmlNode *c = element->children; c && ok == E_OK; c = c->next)
		if (c->type == XML_TEXT_NODE || c->type == XML_CDATA_SECTION_NODE)
			ok = buf_append(&digits, c->content, strlen((const char *)c->content));
		else if (c->type != XML_COMMENT_NODE && c->type != XML_PI_NODE)
			ok = E_FORMAT;
	for (size_t i = 0; i < digits.len; i++)
		if (!memchr(" \t\r\n", digits.data[i], 4))
			digits.data[n++] = digits.data[i];
	if (ok != E_OK || n == 0)
		goto out;
	while (pad < 2 && digits.data[n - 1 - pad] == '=')
		pad++;
	ok = E_FORMAT;
	if (n % 4 || memchr(digits.data, '=', n - pad))
		goto out;
	bytes = malloc(n / 4 * 3);
	ok = bytes ? E_FORMAT : E_MEMORY;
	if (!bytes || EVP_DecodeBlock(bytes, digits.data, (int)n) != (int)(n / 4 * 3))
		goto out;
	/* one text for each value: the bits of the last digit that no byte takes are zero */
	EVP_EncodeBlock(last, bytes + n / 4 * 3 - 3, 3 - (int)pad);
	if (!memcmp(last, digits.data + n - 4, 4))
		ok = buf_append(out, bytes, n / 4 * 3 - pad);
out:
	buf_free(&digits);
	free(bytes);
	return ok;
}
