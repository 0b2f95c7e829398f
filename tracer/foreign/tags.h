/*
 * tags: the text of a few leaf elements of an XML stream, as it goes by.
 *
 * S3's bodies that matter to a tracer (the answers of create and complete, the
 * list of parts) are flat enough for this: an element is reported when its end
 * tag follows its text. Prefixes and attributes are passed over, entities are
 * dropped (in these bodies they are only the quotes around an ETag). Pure.
 */
#ifndef TR_FOREIGN_TAGS_H
#define TR_FOREIGN_TAGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TR_TAGS_NAME_MAX = 32, TR_TAGS_TEXT_MAX = 256 };

/* name's text: borrowed for the call; text that did not fit is cut. */
typedef void (*tr_tags_fn)(void *ctx, const char *name, const char *text);

struct tr_tags {
	bool in_tag, in_name, in_entity;
	uint16_t name_len, text_len;
	char name[TR_TAGS_NAME_MAX]; /* of the tag being read, then of the last one opened */
	char open[TR_TAGS_NAME_MAX];
	char text[TR_TAGS_TEXT_MAX];
};

void tr_tags_init(struct tr_tags *t);
void tr_tags_feed(struct tr_tags *t, const char *bytes, size_t len, tr_tags_fn found, void *ctx);

#endif
