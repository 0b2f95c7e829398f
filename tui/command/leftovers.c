#include "tui/command/leftovers.h"

#include <stdio.h>

void ui_leftovers_unanswered(const struct xf_transfer_info *info)
{
	if (info->unanswered && !*info->upload_id)
		fprintf(stderr, "xferdb: the service had all of it and did not answer: s3://%s/%s may be stored\n",
			info->bucket, info->key);
	if (info->unanswered && *info->upload_id)
		fprintf(stderr, "xferdb: Complete was not answered: s3://%s/%s may be stored\n", info->bucket, info->key);
	if (info->create_unanswered)
		fprintf(stderr, "xferdb: a Create was not answered: an upload may be left; xferdb uploads s3://%s lists it\n",
			info->bucket);
}

void ui_leftovers_error(const struct xf_transfer_info *info, const struct xf_error *err)
{
	fprintf(stderr, "xferdb: s3://%s/%s: %s\n", info->bucket, info->key, err->message);
	if (info->aborted)
		fprintf(stderr, "xferdb: the multipart upload was aborted%s\n",
			info->create_unanswered ? "" : "; nothing is left on the service");
	if (info->orphaned)
		fprintf(stderr, "xferdb: the multipart upload %s of s3://%s/%s is left on the service%s\n",
			info->upload_id, info->bucket, info->key,
			info->resumed ? ", for --resume to continue" : "");
	ui_leftovers_unanswered(info);
}

void ui_leftovers_resumed(struct xf_manager *m)
{
	struct xf_transfer *t;

	for (uint32_t id = 0; (t = xf_manager_transfer(m, id)); id++) {
		struct xf_transfer_info info;
		xf_future_info(t, &info);
		if (info.resumed)
			fprintf(stderr, "xferdb: s3://%s/%s: continued upload %s: %u part%s (%llu bytes) were there already\n",
				info.bucket, info.key, info.upload_id, info.reused_parts,
				info.reused_parts == 1 ? "" : "s", (unsigned long long)info.reused_bytes);
		else if (*info.upload_id || xf_future_error(t, NULL) == XF_OK)
			fprintf(stderr, "xferdb: s3://%s/%s: nothing to resume: sent from the start\n", info.bucket, info.key);
	}
}
