#include "tui/screen/request.h"

#include <stdio.h>
#include <string.h>

/* The names as C has them; people write '-'. */
static const struct ui_request_info requests[UI_REQ_COUNT] = {
	[UI_REQ_none] = { "", UI_REQUESTS_LEAVE, "", "" },
#define UI_REQUEST(name, group, bar, help) [UI_REQ_##name] = { #name, UI_REQUESTS_##group, bar, help },
#include "tui/screen/request.def"
#undef UI_REQUEST
};

const struct ui_request_info *ui_request_info(enum ui_request request)
{
	return &requests[request];
}

static int letter(char c)
{
	return c == '-' ? '_' : c;
}

/* How many letters of name agree. */
static size_t agree(const char *name, const char *text, size_t len)
{
	size_t i = 0;

	while (i < len && name[i] && letter(text[i]) == name[i])
		i++;
	return i;
}

bool ui_request_begins(enum ui_request request, const char *text)
{
	return agree(requests[request].name, text, strlen(text)) == strlen(text);
}

const char *ui_request_name(enum ui_request request, char *buf, size_t cap)
{
	snprintf(buf, cap, "%s", requests[request].name);
	for (char *p = buf; *p; p++)
		if (*p == '_')
			*p = '-';
	return buf;
}

enum ui_request ui_request_find(const char *name, size_t len)
{
	enum ui_request found = UI_REQ_none;
	int nr = 0;

	for (int r = 1; len && r < UI_REQ_COUNT; r++) {
		if (agree(requests[r].name, name, len) != len)
			continue;
		if (!requests[r].name[len])
			return (enum ui_request)r;
		found = (enum ui_request)r;
		nr++;
	}
	return nr == 1 ? found : UI_REQ_none;
}

const char *ui_request_group_title(enum ui_request_group group)
{
	static const char *const titles[UI_REQUESTS_COUNT] = {
		"Screen", "Moving", "Time", "Zoom", "Panes", "Lists", "Debugging",
	};

	return titles[group];
}
