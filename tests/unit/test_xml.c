#include "t.h"

#include "core/s3/xml.h"

static struct xf_xml *parse(const char *text)
{
	struct xf_xml *doc;
	assert_int_equal(xf_xml_parse(&doc, text, strlen(text), NULL), XF_OK);
	return doc;
}

static void assert_rejected(const char *text, size_t len, const char *why)
{
	struct xf_xml *doc;
	struct xf_error err = XF_ERROR_INIT;
	assert_int_equal(xf_xml_parse(&doc, text, len, &err), XF_FORMAT);
	assert_null(doc);
	if (!strstr(err.message, why))
		fail_msg("\"%s\" does not say \"%s\"", err.message, why);
}

static void a_reply_becomes_a_tree(void **state)
{
	(void)state;
	struct xf_xml *doc = parse(
		"\n \n<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<s3:ListPartsResult xmlns:s3=\"http://s3.amazonaws.com/doc/2006-03-01/\"><!-- x -->\n"
		"  <UploadId>a&amp;b &#252;<![CDATA[<c>]]></UploadId>\n"
		"  <Part><PartNumber>1</PartNumber><Size>5242880</Size></Part>\n"
		"  <IsTruncated>false</IsTruncated>\n"
		"  <Part a=\"b\"><PartNumber>2</PartNumber><Size/></Part>\n"
		"</s3:ListPartsResult>\n");
	const struct xf_xml_node *root = xf_xml_root(doc);
	assert_string_equal(root->name, "ListPartsResult");
	assert_string_equal(root->text, "");
	assert_null(root->parent);
	assert_string_equal(xf_xml_text(root, "UploadId"), "a&b \xc3\xbc<c>");
	const struct xf_xml_node *part = xf_xml_child(root, "Part");
	uint64_t number;
	assert_true(xf_xml_number(part, "Size", &number));
	assert_int_equal(number, 5242880);
	part = xf_xml_again(part);
	assert_string_equal(xf_xml_text(part, "PartNumber"), "2");
	assert_string_equal(xf_xml_text(part, "Size"), "");
	assert_false(xf_xml_number(part, "Size", &number));
	assert_ptr_equal(part->parent, root);
	assert_null(xf_xml_again(part));
	assert_null(xf_xml_text(part, "ETag"));
	assert_null(xf_xml_text(xf_xml_child(root, "Owner"), "ID"));
	xf_xml_free(doc);
}

static void numbers_are_decimal_and_fit(void **state)
{
	(void)state;
	struct xf_xml *doc = parse("<a><b>18446744073709551615</b><c>18446744073709551616</c><d>-1</d>"
				   "<e>1 </e><f>0x1</f><g>007</g></a>");
	const struct xf_xml_node *root = xf_xml_root(doc);
	uint64_t n = 0;
	assert_true(xf_xml_number(root, "b", &n));
	assert_true(n == UINT64_MAX);
	assert_true(xf_xml_number(root, "g", &n));
	assert_int_equal(n, 7);
	for (const char *name = "c\0d\0e\0f\0z\0"; *name; name += 2)
		assert_false(xf_xml_number(root, name, &n));
	assert_int_equal(n, 7);
	xf_xml_free(doc);
}

static void entities_and_dtds_are_refused(void **state)
{
	(void)state;
	static const char laughs[] = "<!DOCTYPE l [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;\">]><l>&b;</l>";
	static const char file[] = "<!DOCTYPE l SYSTEM \"file:///etc/passwd\"><l/>";
	assert_rejected(laughs, strlen(laughs), "document type declaration");
	assert_rejected(file, strlen(file), "document type declaration");
	assert_rejected("<a>&b;</a>", 10, "undefined entity");
}

static void what_is_not_whole_is_refused(void **state)
{
	(void)state;
	assert_rejected("", 0, "empty");
	assert_rejected(" \r\n", 3, "empty");
	assert_rejected("<a><b></a>", 10, "line 1");
	assert_rejected("<a>", 3, "line 1");
	assert_rejected("<a/><b/>", 8, "line 1");
	assert_rejected("{\"a\":1}", 7, "line 1");
	assert_rejected("<a>\0</a>", 8, "line 1");
	assert_rejected("<a>\xff</a>", 8, "line 1");
}

static void bounds_hold(void **state)
{
	(void)state;
	static char text[XF_XML_MAX_SIZE + 2];
	size_t at = 0;
	for (int i = 0; i < XF_XML_MAX_DEPTH + 1; i++)
		at += (size_t)sprintf(text + at, "<a>");
	assert_rejected(text, at, "too deeply");
	at = (size_t)sprintf(text, "<a>");
	for (int i = 0; i < XF_XML_MAX_NODES; i++)
		at += (size_t)sprintf(text + at, "<b/>");
	at += (size_t)sprintf(text + at, "</a>");
	assert_rejected(text, at, "too many");
	memset(text, 'a', sizeof(text));
	assert_rejected(text, XF_XML_MAX_SIZE + 1, "larger than 16 MiB");
}

static void deep_enough_and_long_texts_pass(void **state)
{
	(void)state;
	static char text[300000], open[] = "<a>", close[] = "</a>";
	size_t at = 0;
	for (int i = 0; i < XF_XML_MAX_DEPTH; i++)
		at += (size_t)sprintf(text + at, "%s", open);
	memset(text + at, 'x', 200000);
	at += 200000;
	for (int i = 0; i < XF_XML_MAX_DEPTH; i++)
		at += (size_t)sprintf(text + at, "%s", close);
	struct xf_xml *doc = parse(text);
	const struct xf_xml_node *n = xf_xml_root(doc);
	while (n->first)
		n = n->first;
	assert_int_equal(n->text_len, 200000);
	xf_xml_free(doc);
}

static void what_is_written_is_read_back(void **state)
{
	(void)state;
	static const char key[] = "a<b>&\"c'\r\n\t \xc3\xbc\xf0\x9f\x90\x84";
	struct xf_buf out = XF_BUF_INIT;
	xf_xml_begin(&out);
	xf_xml_open(&out, "Result", XF_S3_XMLNS);
	xf_xml_element(&out, "Key", key);
	xf_xml_element_u64(&out, "Size", UINT64_MAX);
	xf_xml_close(&out, "Result");
	struct xf_xml *doc = parse(xf_buf_text(&out));
	assert_string_equal(xf_xml_text(xf_xml_root(doc), "Key"), key);
	assert_string_equal(xf_xml_text(xf_xml_root(doc), "Size"), "18446744073709551615");
	xf_xml_free(doc);
	xf_buf_fini(&out);
}

static void what_xml_cannot_carry_becomes_a_question_mark(void **state)
{
	(void)state;
	static const char bad[] = "a\x01\x1b[\xff\xc3(\xed\xa0\x80\xc0\xaf\xef\xbf\xbf\xf4\x90\x80\x80\xe2\x82";
	struct xf_buf out = XF_BUF_INIT;
	xf_xml_open(&out, "k", NULL);
	xf_xml_escape(&out, bad, sizeof(bad) - 1);
	xf_xml_close(&out, "k");
	struct xf_xml *doc = parse(xf_buf_text(&out));
	assert_string_equal(xf_xml_root(doc)->text, "a??[?" "?(???" "??" "???" "????" "??");
	xf_xml_free(doc);
	xf_buf_fini(&out);
}

static bool write_and_parse(void *ctx)
{
	(void)ctx;
	struct xf_buf out = XF_BUF_INIT;
	struct xf_xml *doc = NULL;
	xf_xml_open(&out, "a", NULL);
	for (int i = 0; i < 200; i++)
		xf_xml_element(&out, "b", "some text");
	xf_xml_close(&out, "a");
	bool ok = !xf_buf_status(&out) && !xf_xml_parse(&doc, out.data, out.len, NULL);
	xf_xml_free(doc);
	xf_buf_fini(&out);
	return ok;
}

static void survives_every_failed_allocation(void **state)
{
	(void)state;
	assert_true(t_each_alloc_fails(write_and_parse, NULL) > 8);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(a_reply_becomes_a_tree),
	cmocka_unit_test(numbers_are_decimal_and_fit),
	cmocka_unit_test(entities_and_dtds_are_refused),
	cmocka_unit_test(what_is_not_whole_is_refused),
	cmocka_unit_test(bounds_hold),
	cmocka_unit_test(deep_enough_and_long_texts_pass),
	cmocka_unit_test(what_is_written_is_read_back),
	cmocka_unit_test(what_xml_cannot_carry_becomes_a_question_mark),
	cmocka_unit_test(survives_every_failed_allocation),
};
T_MAIN(tests)
