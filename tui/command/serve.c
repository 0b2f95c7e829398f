/* serve: the embedded S3 endpoint as a command. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/endpoint/endpoint.h"
#include "tui/command/arguments.h"

/* A variable that is set and not empty. */
static const char *variable(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

/* Keys and region as a user's environment has them, so that clients started beside it fit. */
static void options_from_environment(struct xf_endpoint_options *o)
{
	o->access_key = variable("AWS_ACCESS_KEY_ID");
	o->secret_key = variable("AWS_SECRET_ACCESS_KEY");
	if (!o->access_key || !o->secret_key)
		o->access_key = o->secret_key = NULL;
	o->session_token = o->access_key ? variable("AWS_SESSION_TOKEN") : NULL;
	o->region = variable("AWS_REGION");
	if (!o->region)
		o->region = variable("AWS_DEFAULT_REGION");
	if (!o->region)
		o->region = "us-east-1";
}

int ui_serve_run(struct ui_arguments *arguments)
{
	const struct ui_settings *s = &arguments->settings;
	struct xf_error err = XF_ERROR_INIT;
	struct xf_endpoint_options options = {
		.port = (uint16_t)s->port, .host = s->bind, .dir = s->dir, .tls = s->tls,
		.auto_bucket = s->auto_bucket, .anonymous = s->anonymous,
		.faults = s->fault.items, .nr_faults = s->fault.nr_items,
	};
	int until_fd = -1;

	/* --local: nothing of the user's own configuration reaches the endpoint of one run */
	if (s->lifeline)
		until_fd = atoi(s->lifeline);
	else
		options_from_environment(&options);
	enum xf_status status = xf_endpoint_serve(&options, STDOUT_FILENO, until_fd, &err);
	if (status == XF_OK)
		return UI_EXIT_DONE;
	fprintf(stderr, "xferdb: %s\n", err.message);
	return status == XF_INVALID ? UI_EXIT_USAGE : UI_EXIT_FAILED;
}
