#include "tracer/verdict/place.h"

#include <ctype.h>
#include <fcntl.h>
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

const char *tr_place_call(const char *line, char *buf, size_t cap)
{
	static const char *const words[] = { "return ", "await ", "yield ", "if not ", "if ", "while not ",
					     "while ", "with " };
	size_t len;

	buf[0] = '\0';
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
	char line[512];
	FILE *in;

	buf[0] = '\0';
	in = wanted && len > 3 && !strcmp(path + len - 3, ".py") ? open_plain(path) : NULL;
	if (!in)
		return buf;
	for (bool begins = true; fgets(line, sizeof(line), in); begins = strchr(line, '\n') != NULL) {
		at += begins;
		if (begins && at == wanted) {
			tr_place_call(line, buf, cap);
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
