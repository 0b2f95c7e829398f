#include "tracer/verdict/place.h"

#include <ctype.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LONGEST = 1 << 22 };

static bool is_path_of_names(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)s[i]) && s[i] != '_' && s[i] != '.')
			return false;
	return len > 0;
}

/* What stands before the line's first parenthesis or quote, without words and names in front. */
static const char *first_call(const char *line, char *buf, size_t cap)
{
	static const char *const words[] = { "return ", "await ", "yield ", "if not ", "if ", "while not ",
					     "while ", "with " };
	size_t len;

	line += strspn(line, " \t");
	len = strcspn(line, "('\"#\r\n");
	const char *equals = memchr(line, '=', len);
	if (equals) {
		len -= (size_t)(equals + 1 - line);
		line = equals + 1;
	}
	while (len && *line == ' ')
		line++, len--;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t n = strlen(words[i]);
		if (len > n && memcmp(line, words[i], n) == 0)
			line += n, len -= n;
	}
	while (len && line[len - 1] == ' ')
		len--;
	if (is_path_of_names(line, len) && len < cap)
		snprintf(buf, cap, "%.*s", (int)len, line);
	return buf;
}

static bool is_of_name(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* Where "function(" stands in the line, whole; NULL. */
static const char *call_of(const char *line, const char *function)
{
	size_t len = strlen(function);
	const char *at = len ? strstr(line, function) : NULL;

	while (at && (at[len] != '(' || (at > line && is_of_name(at[-1]))))
		at = strstr(at + 1, function);
	return at;
}

/* Where the brackets open that close at `at`; NULL: not in this line, or there is a quote between. */
static const char *opening(const char *line, const char *at)
{
	int open = 0;

	for (;; at--) {
		open += *at == ')' || *at == ']';
		open -= *at == '(' || *at == '[';
		if (!open)
			return at;
		if (at == line || *at == '\'' || *at == '"')
			return NULL;
	}
}

/* Where the expression begins that is called at `at`: names, dots, and brackets between them. */
static const char *begin_of(const char *line, const char *at)
{
	while (at > line) {
		const char *before = at - 1;
		if (*before == ')' || *before == ']')
			before = opening(line, before);
		else if (!is_of_name(*before) && *before != '.')
			break;
		if (!before)
			return NULL;
		at = before;
	}
	return is_of_name(*at) ? at : NULL;
}

/* "threading.Thread(…).start": what stands between brackets is not told. */
static const char *without_arguments(const char *from, const char *end, char *buf, size_t cap)
{
	size_t at = 0;
	int open = 0;

	for (; from < end && at + sizeof("(…)") < cap; from++) {
		bool opens = *from == '(' || *from == '[', closes = *from == ')' || *from == ']';
		open -= closes;
		if (!open)
			buf[at++] = *from;
		if (opens && !open++ && from[1] != ')' && from[1] != ']')
			at += (size_t)snprintf(buf + at, cap - at, "…");
	}
	buf[from < end ? 0 : at] = '\0';
	return buf;
}

const char *tr_place_call(const char *line, const char *function, char *buf, size_t cap)
{
	const char *at = call_of(line, function), *begin = at ? begin_of(line, at) : NULL;

	buf[0] = '\0';
	if (begin)
		return without_arguments(begin, at + strlen(function), buf, cap);
	return first_call(line, buf, cap);
}

/* The function that was called at a site's line, by the stack: "wait" of "threading.py:622 Event.wait". */
static const char *function_called(const char *stack, uint32_t line, char *buf, size_t cap)
{
	char wanted[16], before[128] = "";

	snprintf(wanted, sizeof(wanted), ":%" PRIu32 " ", line);
	buf[0] = '\0';
	for (; *stack; stack += strcspn(stack, "\n"), stack += *stack == '\n') {
		size_t len = strcspn(stack, "\n");
		if (memmem(stack, len, wanted, strlen(wanted))) {
			const char *name = before + strlen(before);
			while (name > before && is_of_name(name[-1]))
				name--;
			snprintf(buf, cap, "%.*s", (int)cap - 1, name);
			break;
		}
		snprintf(before, sizeof(before), "%.*s", (int)len, stack);
	}
	return buf;
}

/* A file that is a plain file, so that nothing here can wait for ever. */
static FILE *open_plain(const char *path)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd >= 0 && !fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_size < LONGEST)
		return fdopen(fd, "r");
	if (fd >= 0)
		close(fd);
	return NULL;
}

const char *tr_place_source(const struct tr_log *log, const struct tr_event *e, char *buf, size_t cap)
{
	const char *path = tr_log_property_of(log, "python-source", e->process, e->record->site);
	uint32_t wanted = tr_event_site(log, e).line, at = 0;
	size_t len = strlen(path);
	char line[512], function[64];
	FILE *in;

	buf[0] = '\0';
	in = wanted && len > 3 && !strcmp(path + len - 3, ".py") ? open_plain(path) : NULL;
	if (!in)
		return buf;
	for (bool begins = true; fgets(line, sizeof(line), in); begins = strchr(line, '\n') != NULL) {
		at += begins;
		if (begins && at == wanted) {
			tr_place_call(line, function_called(tr_place_stack(log, e), wanted, function, sizeof(function)), buf, cap);
			break;
		}
	}
	fclose(in);
	return buf;
}

const char *tr_place_stack(const struct tr_log *log, const struct tr_event *e)
{
	return e->record->site ? tr_log_property_of(log, "python-stack", e->process, e->record->site) : "";
}

bool tr_place_is_in(const char *stack, unsigned n, const char *file, const char *function)
{
	size_t nf = strlen(file), nn = strlen(function), len;
	while (n-- && *stack)
		stack += strcspn(stack, "\n"), stack += *stack == '\n';
	len = strcspn(stack, "\n");
	const char *colon = memchr(stack, ':', len);
	return colon && len > nn && strchr(" .", stack[len - nn - 1]) && memcmp(stack + len - nn, function, nn) == 0 &&
	       (size_t)(colon - stack) >= nf && memcmp(colon - nf, file, nf) == 0;
}
