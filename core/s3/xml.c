#include "core/s3/xml.h"

#include <expat.h>
#include <stdlib.h>
#include <string.h>

/* ---- the document: nodes and texts in blocks that are freed together */

struct block {
	struct block *next;
	size_t used, cap;
	max_align_t data[];
};

struct xf_xml {
	struct block *blocks;
	struct xf_xml_node *root;
};

static void *arena_take(struct xf_xml *doc, size_t len)
{
	struct block *b = doc->blocks;
	len = (len + sizeof(max_align_t) - 1) & ~(sizeof(max_align_t) - 1);
	if (!b || b->cap - b->used < len) {
		size_t cap = b ? b->cap * 2 : 4096;
		if (cap > 1 << 20)
			cap = 1 << 20;
		if (cap < len)
			cap = len;
		b = malloc(sizeof(*b) + cap);
		if (!b)
			return NULL;
		*b = (struct block){ .next = doc->blocks, .cap = cap };
		doc->blocks = b;
	}
	void *p = (char *)b->data + b->used;
	b->used += len;
	return p;
}

static const char *arena_text(struct xf_xml *doc, const char *text, size_t len)
{
	char *copy = len ? arena_take(doc, len + 1) : NULL;
	if (!copy)
		return len ? NULL : "";
	memcpy(copy, text, len);
	copy[len] = '\0';
	return copy;
}

void xf_xml_free(struct xf_xml *doc)
{
	if (!doc)
		return;
	for (struct block *b = doc->blocks, *next; b; b = next) {
		next = b->next;
		free(b);
	}
	free(doc);
}

/* ---- building it from expat's calls */

struct builder {
	XML_Parser parser;
	struct xf_xml *doc;
	struct xf_xml_node *open;        /* the innermost open element */
	struct xf_xml_node *last[XF_XML_MAX_DEPTH + 1]; /* newest child, by depth */
	struct xf_buf text;              /* since the last tag */
	unsigned depth, nr_nodes;
	enum xf_status status;
	const char *reason;              /* NULL: expat knows */
};

static void give_up(struct builder *b, enum xf_status status, const char *reason)
{
	if (b->status)
		return;
	b->status = status;
	b->reason = reason;
	XML_StopParser(b->parser, XML_FALSE);
}

static const char *local_name(const char *name)
{
	const char *colon = strrchr(name, ':');
	return colon ? colon + 1 : name;
}

/* Hooks the node under the open element, behind its elder sibling. */
static void node_link(struct builder *b, struct xf_xml_node *node)
{
	node->parent = b->open;
	if (b->last[b->depth])
		b->last[b->depth]->next = node;
	else if (b->open)
		b->open->first = node;
	else
		b->doc->root = node;
	b->last[b->depth] = node;
	b->open = node;
	b->last[++b->depth] = NULL;
}

static void XMLCALL on_start(void *ctx, const XML_Char *name, const XML_Char **attributes)
{
	struct builder *b = ctx;
	(void)attributes;
	if (b->depth == XF_XML_MAX_DEPTH) {
		give_up(b, XF_FORMAT, "elements are nested too deeply");
		return;
	}
	if (++b->nr_nodes > XF_XML_MAX_NODES) {
		give_up(b, XF_FORMAT, "there are too many elements");
		return;
	}
	name = local_name(name);
	struct xf_xml_node *node = arena_take(b->doc, sizeof(*node));
	if (node)
		*node = (struct xf_xml_node){ .name = arena_text(b->doc, name, strlen(name)), .text = "" };
	if (!node || !node->name) {
		give_up(b, XF_NOMEM, "out of memory");
		return;
	}
	node_link(b, node);
	xf_buf_reset(&b->text);
}

static void XMLCALL on_end(void *ctx, const XML_Char *name)
{
	struct builder *b = ctx;
	struct xf_xml_node *node = b->open;
	(void)name;
	if (b->status)
		return;
	if (!node->first) {
		node->text = arena_text(b->doc, xf_buf_text(&b->text), b->text.len);
		node->text_len = b->text.len;
	}
	if (!node->text || b->text.failed)
		give_up(b, XF_NOMEM, "out of memory");
	xf_buf_reset(&b->text);
	b->depth--;
	b->open = b->depth ? b->last[b->depth - 1] : NULL;
}

static void XMLCALL on_text(void *ctx, const XML_Char *text, int len)
{
	struct builder *b = ctx;
	xf_buf_add(&b->text, text, (size_t)len);
}

static void XMLCALL on_doctype(void *ctx, const XML_Char *name, const XML_Char *system, const XML_Char *public,
			       int internal)
{
	(void)name, (void)system, (void)public, (void)internal;
	give_up(ctx, XF_FORMAT, "it has a document type declaration");
}

static enum xf_status report(struct builder *b, struct xf_error *err)
{
	enum xf_status status = b->status ? b->status : XF_FORMAT;
	if (status == XF_NOMEM)
		return xf_fail(err, status, "out of memory while reading an XML document");
	return xf_fail(err, status, "the XML document is not usable: %s (line %lu, column %lu)",
		       b->reason ? b->reason : XML_ErrorString(XML_GetErrorCode(b->parser)),
		       (unsigned long)XML_GetCurrentLineNumber(b->parser),
		       (unsigned long)XML_GetCurrentColumnNumber(b->parser));
}

static enum xf_status build(struct builder *b, const char *data, size_t len, struct xf_error *err)
{
	XML_SetUserData(b->parser, b);
	XML_SetElementHandler(b->parser, on_start, on_end);
	XML_SetCharacterDataHandler(b->parser, on_text);
	XML_SetStartDoctypeDeclHandler(b->parser, on_doctype);
	bool ok = XML_Parse(b->parser, data, (int)len, 1) == XML_STATUS_OK;
	return ok && !b->status ? XF_OK : report(b, err);
}

enum xf_status xf_xml_parse(struct xf_xml **out, const void *data, size_t len, struct xf_error *err)
{
	const char *text = data;
	*out = NULL;
	for (; len && strchr(" \t\r\n", *text) && *text; text++)
		len--;
	if (!len)
		return xf_fail(err, XF_FORMAT, "the XML document is empty");
	if (len > XF_XML_MAX_SIZE)
		return xf_fail(err, XF_FORMAT, "the XML document is larger than %d MiB", XF_XML_MAX_SIZE >> 20);
	struct builder b = { .parser = XML_ParserCreate(NULL), .doc = calloc(1, sizeof(*b.doc)) };
	enum xf_status status = b.parser && b.doc ? build(&b, text, len, err)
						  : xf_fail(err, XF_NOMEM, "out of memory while reading an XML document");
	if (b.parser)
		XML_ParserFree(b.parser);
	xf_buf_fini(&b.text);
	if (status)
		xf_xml_free(b.doc);
	else
		*out = b.doc;
	return status;
}

/* ---- looking things up */

const struct xf_xml_node *xf_xml_root(const struct xf_xml *doc)
{
	return doc ? doc->root : NULL;
}

static const struct xf_xml_node *named(const struct xf_xml_node *node, const char *name)
{
	while (node && strcmp(node->name, name))
		node = node->next;
	return node;
}

const struct xf_xml_node *xf_xml_child(const struct xf_xml_node *node, const char *name)
{
	return node ? named(node->first, name) : NULL;
}

const struct xf_xml_node *xf_xml_again(const struct xf_xml_node *node)
{
	return node ? named(node->next, node->name) : NULL;
}

const char *xf_xml_text(const struct xf_xml_node *node, const char *name)
{
	const struct xf_xml_node *child = xf_xml_child(node, name);
	return child ? child->text : NULL;
}

bool xf_xml_number(const struct xf_xml_node *node, const char *name, uint64_t *out)
{
	const char *text = xf_xml_text(node, name);
	uint64_t value = 0;
	if (!text || !*text)
		return false;
	for (; *text >= '0' && *text <= '9'; text++)
		if (__builtin_mul_overflow(value, 10u, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*text - '0'), &value))
			return false;
	if (*text)
		return false;
	*out = value;
	return true;
}

/* ---- writing */

/* The length of the UTF-8 sequence at p that XML 1.0 can carry; 0 when it is none. */
static size_t xml_character(const unsigned char *p, size_t len)
{
	static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	if (*p < 0x80)
		return *p >= 0x20 || *p == '\t' || *p == '\n' || *p == '\r';
	size_t n = *p >= 0xf0 ? 4 : *p >= 0xe0 ? 3 : *p >= 0xc0 ? 2 : 0;
	if (!n || n > len || *p > 0xf4)
		return 0;
	uint32_t code = *p & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (p[i] & 0x3f);
	}
	bool carried = code >= smallest[n] && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff) &&
		       code != 0xfffe && code != 0xffff;
	return carried ? n : 0;
}

static const char *escape_of(char c)
{
	switch (c) {
	case '&': return "&amp;";
	case '<': return "&lt;";
	case '>': return "&gt;";
	case '"': return "&quot;";
	case '\'': return "&apos;";
	case '\r': return "&#13;";
	default: return NULL;
	}
}

void xf_xml_escape(struct xf_buf *out, const char *text, size_t len)
{
	while (len) {
		const char *escape = escape_of(*text);
		size_t n = xml_character((const unsigned char *)text, len);
		if (escape)
			xf_buf_str(out, escape);
		else
			xf_buf_add(out, n ? text : "?", n ? n : 1);
		n = n ? n : 1;
		text += n;
		len -= n;
	}
}

void xf_xml_begin(struct xf_buf *out)
{
	xf_buf_str(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
}

void xf_xml_open(struct xf_buf *out, const char *name, const char *xmlns)
{
	xf_buf_format(out, "<%s", name);
	if (xmlns) {
		xf_buf_str(out, " xmlns=\"");
		xf_xml_escape(out, xmlns, strlen(xmlns));
		xf_buf_char(out, '"');
	}
	xf_buf_char(out, '>');
}

void xf_xml_close(struct xf_buf *out, const char *name)
{
	xf_buf_format(out, "</%s>", name);
}

void xf_xml_element(struct xf_buf *out, const char *name, const char *text)
{
	xf_xml_open(out, name, NULL);
	xf_xml_escape(out, text, strlen(text));
	xf_xml_close(out, name);
}

void xf_xml_element_u64(struct xf_buf *out, const char *name, uint64_t value)
{
	xf_buf_format(out, "<%s>%llu</%s>", name, (unsigned long long)value, name);
}
