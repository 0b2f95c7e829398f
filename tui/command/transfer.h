/*
 * transfer: from what the command line says to what core/transfer takes: the
 * knobs, the object's headers, the client's options, and the list of uploads.
 * Shared by every command that transfers.
 */
#ifndef UI_COMMAND_TRANSFER_H
#define UI_COMMAND_TRANSFER_H

#include "core/s3/client.h"
#include "core/transfer/call.h"
#include "tui/command/local.h"
#include "tui/command/options.h"

/* The knobs given, over the defaults. Errors: XF_INVALID. */
enum xf_status ui_transfer_config(const struct ui_settings *settings, struct xf_transfer_config *config,
				  struct xf_error *err);

/* The object's options. *extra is to be fini'd in any case. Errors: XF_INVALID, XF_NOT_FOUND (a key file), XF_NOMEM. */
enum xf_status ui_transfer_extra(const struct ui_settings *settings, struct xf_extra *extra,
				 struct xf_error *err);

/* local: the endpoint of the run, or NULL. Borrows from both. */
struct xf_client_options ui_transfer_client(const struct ui_settings *settings, const struct ui_local *local);

/* The client, which has asked nobody for anything yet. Errors: those of xf_client_new(). */
enum xf_status ui_transfer_client_new(const struct ui_settings *settings, const struct ui_local *local,
				      struct xf_client **client, struct xf_error *err);
/*
 * Looks for credentials, which may take long. Errors: XF_CREDENTIALS when requests
 * would have to be signed and nothing says with what: the message offers --local. What a
 * configured source of credentials did wrong is its own error, XF_UNSUPPORTED among them.
 */
enum xf_status ui_transfer_keys(const struct ui_settings *settings, struct xf_client *client, struct xf_error *err);
/* Both; no client is left when one fails. */
enum xf_status ui_transfer_connect(const struct ui_settings *settings, const struct ui_local *local,
				   struct xf_client **client, struct xf_error *err);

/* Files and where they go. */
struct ui_uploads {
	struct xf_upload_request *list;
	unsigned nr;
	char (*keys)[1025];
	char bucket[256];
};

/*
 * operands: FILE… and the destination last. Every file is looked at (it exists, is readable, is no folder), so
 * that bad input is known before anything is sent. *uploads is to be fini'd in any case; it
 * borrows operands. Errors: XF_INVALID, XF_NOT_FOUND, XF_DENIED, XF_IO, XF_NOMEM.
 */
enum xf_status ui_uploads_init(struct ui_uploads *uploads, char **operands, size_t nr_operands,
			       const struct xf_extra *extra, struct xf_error *err);
/* Every file whose size is known has a plan of parts that S3 takes. Errors: XF_TOO_MANY_PARTS. */
enum xf_status ui_uploads_plan(const struct ui_uploads *uploads, const struct xf_transfer_config *config,
			       struct xf_error *err);
void ui_uploads_fini(struct ui_uploads *uploads);

/* The object, and where it goes. */
struct ui_downloads {
	struct xf_download_request *list;
	unsigned nr;
	char key[1025], bucket[256];
	char path[4096];
	bool to_stdout;
};

/*
 * operands: the source and the file: a name, a folder to put it in under its own name, or - for standard
 * output. As ui_uploads_init().
 */
enum xf_status ui_downloads_init(struct ui_downloads *downloads, char **operands, size_t nr_operands,
				 const struct xf_extra *extra, struct xf_error *err);
void ui_downloads_fini(struct ui_downloads *downloads);

/* --wait as XF_WAIT_*. */
unsigned ui_transfer_waits(const struct ui_settings *settings);

#endif
