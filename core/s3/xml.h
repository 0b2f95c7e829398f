/*
 * xml: small documents from the network, and the ones we write.
 *
 * Reading gives a tree of elements with their text: S3's documents have no mixed
 * content and no attributes that matter, so attributes, comments, processing
 * instructions and text beside elements are left out, and of a name with a
 * prefix the local part is kept. A document is not trusted: its size, depth and
 * number of elements are bounded, and a document type declaration is refused, with
 * it every entity but the five of XML.
 *
 * Writing appends to a buffer, escaped. One thread at a time.
 */
#ifndef XF_S3_XML_H
#define XF_S3_XML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/event/status.h"
#include "core/s3/buf.h"

enum {
	XF_XML_MAX_SIZE = 16 << 20,    /* bytes: 10,000 parts with every field fit twice */
	XF_XML_MAX_DEPTH = 24,
	XF_XML_MAX_NODES = 1 << 18,
};

/* One element. Read only; lives as long as its document. */
struct xf_xml_node {
	const char *name;                 /* local name */
	const char *text;                 /* of an element without children; "" otherwise */
	size_t text_len;                  /* without the NUL */
	const struct xf_xml_node *parent; /* NULL: the root */
	const struct xf_xml_node *first;  /* first child */
	const struct xf_xml_node *next;   /* next sibling */
};

struct xf_xml; /* a document */

/*
 * Parses a whole document. *out is yours: xf_xml_free(). A reply may begin with white
 * space: S3 sends some while it works on a Complete.
 * Errors: XF_FORMAT (not well-formed, a DTD, beyond a bound; the message says
 * which, with line and column), XF_NOMEM. *out is NULL then.
 */
enum xf_status xf_xml_parse(struct xf_xml **out, const void *data, size_t len, struct xf_error *err);
void xf_xml_free(struct xf_xml *doc);
const struct xf_xml_node *xf_xml_root(const struct xf_xml *doc);

/* The first child of that name, or NULL; node may be NULL, so that calls can be nested. */
const struct xf_xml_node *xf_xml_child(const struct xf_xml_node *node, const char *name);
/* The next sibling of the same name, or NULL. */
const struct xf_xml_node *xf_xml_again(const struct xf_xml_node *node);
/* The text of the first child of that name, or NULL when there is no such child. */
const char *xf_xml_text(const struct xf_xml_node *node, const char *name);
/* The same as a decimal number; false when absent, not a number, or beyond 64 bits. */
bool xf_xml_number(const struct xf_xml_node *node, const char *name, uint64_t *out);

/* ---- writing */

/* `<?xml version="1.0" encoding="UTF-8"?>` and a newline. */
void xf_xml_begin(struct xf_buf *out);
/* Opens and closes an element; xmlns may be NULL. */
void xf_xml_open(struct xf_buf *out, const char *name, const char *xmlns);
void xf_xml_close(struct xf_buf *out, const char *name);
/* `<name>text</name>`. What XML 1.0 cannot carry (control characters, invalid UTF-8) becomes '?'. */
void xf_xml_element(struct xf_buf *out, const char *name, const char *text);
void xf_xml_element_u64(struct xf_buf *out, const char *name, uint64_t value);
/* Escapes & < > " ' and carriage return, for content and attributes. */
void xf_xml_escape(struct xf_buf *out, const char *text, size_t len);

/* The namespace of every S3 document. */
#define XF_S3_XMLNS "http://s3.amazonaws.com/doc/2006-03-01/"

#endif
