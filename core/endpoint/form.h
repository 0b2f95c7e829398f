/*
 * form: multipart/form-data (RFC 7578) while it arrives. Fields are collected; the one named "file" goes to a sink
 * at once, and ends what is looked at: fields behind it are ignored, as S3 has it.
 *
 * What comes before the file is bounded, so memory is, too. Field names are kept as sent; they compare without
 * case, and the values of a name that comes again are joined by commas.
 */
#ifndef XF_ENDPOINT_FORM_H
#define XF_ENDPOINT_FORM_H

#include "core/endpoint/body.h"
#include "core/s3/headers.h"

enum { XF_EP_FORM_MAX = 20480, XF_EP_BOUNDARY_MAX = 70 };

enum xf_ep_form_fault {
	XF_EP_FORM_GOOD,
	XF_EP_FORM_MALFORMED,  /* no multipart/form-data, or an end in its midst */
	XF_EP_FORM_TOO_LARGE,  /* more than XF_EP_FORM_MAX before the file */
	XF_EP_FORM_FILES,      /* no file, or two */
	XF_EP_FORM_NOMEM,
	XF_EP_FORM_SINK,       /* the sink has failed */
};

struct xf_ep_form {
	/* set by init */
	xf_ep_sink_fn sink;
	void (*file_begins)(void *ctx); /* the fields are all there */
	void *ctx;
	/* inside */
	char delimiter[XF_EP_BOUNDARY_MAX + 5];
	size_t delimiter_len, matched;
	int state, part;
	bool behind;                    /* the file has begun */
	char line[2048];
	size_t line_len;
	struct xf_buf name, value, filename;
	bool is_form_data, has_filename;
	uint64_t before;                /* bytes up to the file */
	/* result */
	struct xf_headers fields;
	char *file_name;                /* as sent; NULL: none was */
	uint64_t size;                  /* of the file, so far */
	enum xf_ep_form_fault fault;    /* the first; everything after it is discarded */
};

/* The boundary in a Content-Type, "" when it names none (or one that cannot be). False: no multipart/form-data. */
bool xf_ep_form_boundary(const char *content_type, char out[XF_EP_BOUNDARY_MAX + 1]);

/* boundary as of xf_ep_form_boundary(), not "". */
void xf_ep_form_init(struct xf_ep_form *f, const char *boundary, xf_ep_sink_fn sink,
		     void (*file_begins)(void *ctx), void *ctx);
void xf_ep_form_feed(struct xf_ep_form *f, const void *data, size_t len);
/* There is no more: GOOD, or what was wrong. */
enum xf_ep_form_fault xf_ep_form_end(struct xf_ep_form *f);
void xf_ep_form_fini(struct xf_ep_form *f);

#endif
