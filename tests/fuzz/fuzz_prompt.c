/*
 * Lines at the prompt, before any run: every command has to bear every argument. What would start
 * or wait for a run is left out, as nobody serves one here; places for breakpoints are parsed.
 */
#include "tracer/debug/command.h"
#include "fuzz.h"

static void swallow(void *ctx, const char *text, size_t len)
{
	(void)ctx;
	FUZZ_CHECK(strnlen(text, len) == len);
}

static void nothing(void *ctx)
{
	(void)ctx;
}

static int no_call(void *ctx)
{
	(void)ctx;
	return 0;
}

/* A word of the line, wherever it stands, that would have to wait for main. */
static bool would_run(const char *line)
{
	for (unsigned i = 0; i < tr_nr_commands; i++)
		if (tr_commands[i].group == TR_GROUP_RUN && strstr(line, tr_commands[i].name))
			return true;
	/* short forms may come out of an alias, letter by letter */
	return strstr(line, "alias") || strpbrk(line, "ncrsujq%");
}

/* Complete whatever is there, too. */
static void complete(struct tr_session *s, const char *line)
{
	char buf[256];
	const char *word = strrchr(line, ' ');
	size_t at = word ? (size_t)(word - line) + 1 : 0;
	for (unsigned i = 0; i < 4 && tr_command_complete(s, line, at, i, buf, sizeof(buf)); i++)
		;
}

static void take(struct tr_session *s, const char *line)
{
	struct tr_break parsed;
	char err[320];
	complete(s, line);
	if (!tr_break_parse(line, "core/transfer/call.c", &parsed, err, sizeof(err)))
		tr_filter_free(parsed.filter);
	struct tr_range range;
	tr_parse_range(line, &range);
	tr_command_resumes(s, line);
	if (!would_run(line))
		tr_command_line(s, line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const struct tr_subject subject = { NULL, nothing, no_call, nothing, nothing };
	struct xf_transfer_config config = xf_transfer_config_default();
	const struct tr_target target = { .config = &config };
	const struct tr_sink sink = { NULL, swallow };
	struct tr_session *s;
	char *text = fuzz_text(data, len), *rest;

	FUZZ_CHECK(tr_session_new(&subject, &target, &sink, &s) == XF_OK);
	for (char *line = text; *line; line = rest) {
		rest = fuzz_cut(line);
		take(s, line);
	}
	FUZZ_CHECK(*tr_command_prompt(s));
	tr_session_free(s);
	free(text);
	return 0;
}
