/* A document that is accepted can be written and read back with the same elements. */
#include "core/s3/xml.h"
#include "fuzz.h"

static void write_node(struct xf_buf *out, const struct xf_xml_node *node)
{
	xf_xml_open(out, node->name, NULL);
	xf_xml_escape(out, node->text, node->text_len);
	for (const struct xf_xml_node *child = node->first; child; child = child->next)
		write_node(out, child);
	xf_xml_close(out, node->name);
}

static void same(const struct xf_xml_node *a, const struct xf_xml_node *b)
{
	for (; a && b; a = a->next, b = b->next) {
		FUZZ_CHECK(!strcmp(a->name, b->name));
		FUZZ_CHECK(a->text_len == b->text_len && !memcmp(a->text, b->text, a->text_len));
		same(a->first, b->first);
	}
	FUZZ_CHECK(!a && !b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct xf_xml *doc, *again;
	struct xf_error err = XF_ERROR_INIT;
	struct xf_buf out = XF_BUF_INIT;
	uint64_t number;
	enum xf_status status = xf_xml_parse(&doc, data, len, &err);
	FUZZ_CHECK(!status == (doc != NULL) && status == err.status);
	if (status)
		return 0;
	write_node(&out, xf_xml_root(doc));
	if (!xf_xml_parse(&again, xf_buf_text(&out), out.len, &err))
		same(xf_xml_root(doc), xf_xml_root(again));
	else /* a local part need not be a name: <a:-b/> */
		FUZZ_CHECK(memchr(data, ':', len));
	xf_xml_number(xf_xml_root(doc), "a", &number);
	xf_xml_free(again);
	xf_xml_free(doc);
	xf_buf_fini(&out);
	return 0;
}
