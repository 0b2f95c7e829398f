/*
 * front: hands over what needs the whole program, and stands in for it in the linker's eyes: the
 * doors behind which the heavy libraries are. None of them is ever gone through here.
 */
#include "tui/command/front.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tracer/foreign/own_file.h"
#include "tracer/foreign/tls_relay.h"
#include "tracer/verdict/bundle.h"
#include "tui/command/verify.h"

#define WHOLE_PROGRAM "xferdb-full"

static char **kept; /* NULL-terminated; NULL: no memory */

void ui_front_keep(int argc, char **argv)
{
	kept = calloc((size_t)argc + 1, sizeof(*kept));
	for (int i = 0; kept && i < argc; i++) {
		kept[i] = strdup(argv[i]);
		if (!kept[i])
			ui_front_forget();
	}
}

void ui_front_forget(void)
{
	for (char **word = kept; word && *word; word++) {
		explicit_bzero(*word, strlen(*word));
		free(*word);
	}
	free(kept);
	kept = NULL;
}

bool ui_front_lacks(const struct ui_arguments *arguments)
{
	const struct ui_settings *s = &arguments->settings;

	if (!arguments->command || arguments->help || arguments->version || arguments->schema)
		return false;
	return arguments->command->flags & UI_WHOLE || s->local || s->tls_relay ||
	       s->verify == UI_YES || s->bundle;
}

int ui_front_hand_over(const struct ui_arguments *arguments)
{
	char path[4096];

	errno = ENOMEM;
	if (!tr_own_file(WHOLE_PROGRAM, path, sizeof(path)))
		fprintf(stderr, "xferdb: " WHOLE_PROGRAM " is not installed: '%s' needs it\n", arguments->command->name);
	else if (!kept || execv(path, kept))
		fprintf(stderr, "xferdb: cannot run %s: %s\n", path, strerror(errno));
	ui_front_forget();
	return arguments->command->flags & UI_PROGRAM ? UI_EXIT_TROUBLE : UI_EXIT_FAILED;
}

/* ---- the doors */

#define UNUSED __attribute__((unused))
#define WITHOUT(type, name, ...)                                                                   \
	type name(__VA_ARGS__)                                                                     \
	{                                                                                          \
		abort();                                                                           \
	}
#define WITHOUT_COMMAND(name) WITHOUT(int, ui_##name##_run, UNUSED struct ui_arguments *a)

WITHOUT_COMMAND(prove)
WITHOUT_COMMAND(demo)
WITHOUT_COMMAND(export)
WITHOUT_COMMAND(put)
WITHOUT_COMMAND(debug)
WITHOUT_COMMAND(experiment)
WITHOUT_COMMAND(get)
WITHOUT_COMMAND(race)
WITHOUT_COMMAND(serve)
WITHOUT_COMMAND(uploads)

WITHOUT(struct ui_verifier *, ui_verifier_start, UNUSED struct tr_control *c, UNUSED const struct ui_local *l,
	UNUSED bool quiet)

void ui_verifier_finish(UNUSED struct ui_verifier *verifier, UNUSED FILE *out)
{
}

WITHOUT(enum xf_status, tr_bundle_write, UNUSED const struct tr_log *log, UNUSED const struct tr_verdicts *verdicts,
	UNUSED FILE *out, UNUSED struct xf_error *err)
WITHOUT(enum xf_status, tr_tls_new, UNUSED struct tr_tls **tls, UNUSED struct xf_error *err)
WITHOUT(const char *const *, tr_tls_environment, UNUSED const struct tr_tls *tls)
WITHOUT(struct tr_tls_stream *, tr_tls_accept, UNUSED struct tr_tls *tls, UNUSED const char *otherwise)
WITHOUT(struct tr_tls_stream *, tr_tls_connect, UNUSED struct tr_tls *tls, UNUSED const char *name)
WITHOUT(const char *, tr_tls_name, UNUSED const struct tr_tls_stream *s)
WITHOUT(ssize_t, tr_tls_put_wire, UNUSED struct tr_tls_stream *s, UNUSED const void *bytes, UNUSED size_t len)
WITHOUT(ssize_t, tr_tls_get_wire, UNUSED struct tr_tls_stream *s, UNUSED void *buf, UNUSED size_t cap)
WITHOUT(ssize_t, tr_tls_write, UNUSED struct tr_tls_stream *s, UNUSED const void *bytes, UNUSED size_t len)
WITHOUT(ssize_t, tr_tls_read, UNUSED struct tr_tls_stream *s, UNUSED void *buf, UNUSED size_t cap)
WITHOUT(void, tr_tls_shutdown, UNUSED struct tr_tls_stream *s)
WITHOUT(bool, tr_tls_established, UNUSED const struct tr_tls_stream *s)
WITHOUT(const char *, tr_tls_why, UNUSED const struct tr_tls_stream *s)

void tr_tls_free(UNUSED struct tr_tls *tls)
{
}

void tr_tls_stream_free(UNUSED struct tr_tls_stream *s)
{
}
