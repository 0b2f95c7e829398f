/* attach: what a running process waits for. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/foreign/attach.h"
#include "tui/command/arguments.h"

enum { DEPTH = 4 };

/* The child at the end of the chain, when the process waits for one; 0: none. */
static uint32_t awaited_child(const struct tr_attach *a)
{
	const struct tr_attach_thread *last;
	uint32_t child = 0;

	if (!a->nr_chain)
		return 0;
	last = &a->threads[a->chain[a->nr_chain - 1]];
	if (last->wait != TR_AT_CHILD)
		return 0;
	if (last->child)
		return last->child;
	return tr_proc_children(a->pid, &child, 1) ? child : 0;
}

static int report(uint32_t pid, bool json, FILE *out, int depth)
{
	struct xf_error err = XF_ERROR_INIT;
	struct tr_attach *a;
	enum xf_status status = tr_attach_take(pid, &a, &err);
	uint32_t child = 0;

	if (status == XF_OK && json)
		tr_attach_print_json(a, out);
	else if (status == XF_OK)
		tr_attach_print(a, out);
	else if (!depth)
		fprintf(stderr, "xferdb: %s\n", err.message);
	if (status == XF_OK)
		child = awaited_child(a);
	tr_attach_free(a);
	if (child && !json && depth < DEPTH) {
		fprintf(out, "\nIts child:\n\n");
		report(child, json, out, depth + 1);
	}
	return status == XF_OK ? UI_EXIT_DONE : status == XF_NOT_FOUND ? UI_EXIT_USAGE : UI_EXIT_FAILED;
}

static bool parse_pid(const char *text, uint32_t *pid)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	*pid = (uint32_t)value;
	return *text >= '0' && *text <= '9' && !*end && value > 0 && value <= 4194304;
}

int ui_attach_run(struct ui_arguments *arguments)
{
	const char *json = arguments->settings.json, *operand = arguments->operands[0];
	bool to_file = json && *json && strcmp(json, "-") != 0;
	FILE *out = stdout;
	uint32_t pid;
	int status;

	if (!parse_pid(operand, &pid)) {
		fprintf(stderr, "xferdb: '%.40s' is no process number\n", operand);
		return UI_EXIT_USAGE;
	}
	if (to_file && !(out = fopen(json, "we"))) {
		fprintf(stderr, "xferdb: cannot write %s: %s\n", json, strerror(errno));
		return UI_EXIT_USAGE;
	}
	status = report(pid, json != NULL, out, 0);
	if (json && status == UI_EXIT_DONE)
		fputc('\n', out);
	if (fflush(out) || (to_file && fclose(out)))
		status = UI_EXIT_FAILED;
	return status;
}
