#include "tui/screen/keys.h"

#include <stdlib.h>
#include <string.h>

#define CTRL(c) ((c) & 31)

static const struct ui_binding standard[] = {
	{ 'q', 0, UI_REQ_quit }, { UI_KEY_F1 + 9, 0, UI_REQ_quit }, { 'Q', 0, UI_REQ_quit_keep },
	{ '?', 0, UI_REQ_help }, { UI_KEY_F1, 0, UI_REQ_help }, { 'h', 0, UI_REQ_help },
	{ ':', 0, UI_REQ_command }, { CTRL('l'), 0, UI_REQ_redraw }, { CTRL('z'), 0, UI_REQ_suspend },
	{ 'M', 0, UI_REQ_theme }, { 'A', 0, UI_REQ_glyphs },

	{ 'k', 0, UI_REQ_up }, { UI_KEY_UP, 0, UI_REQ_up }, { 'j', 0, UI_REQ_down }, { UI_KEY_DOWN, 0, UI_REQ_down },
	{ 'h', UI_IN_TIMELINE, UI_REQ_left }, { UI_KEY_LEFT, 0, UI_REQ_left },
	{ 'l', 0, UI_REQ_right }, { UI_KEY_RIGHT, 0, UI_REQ_right },
	{ UI_KEY_PAGE_UP, 0, UI_REQ_page_up }, { UI_KEY_PAGE_DOWN, 0, UI_REQ_page_down },
	{ 'g', 0, UI_REQ_first }, { UI_KEY_HOME, 0, UI_REQ_first }, { 'G', 0, UI_REQ_last }, { UI_KEY_END, 0, UI_REQ_last },

	{ 't', 0, UI_REQ_next_event }, { 'T', 0, UI_REQ_previous_event },
	{ '.', 0, UI_REQ_next_of_thread }, { ',', 0, UI_REQ_previous_of_thread },
	{ ')', 0, UI_REQ_next_of_object }, { '(', 0, UI_REQ_previous_of_object },
	{ '}', 0, UI_REQ_next_of_part }, { '{', 0, UI_REQ_previous_of_part },
	{ 'z', 0, UI_REQ_last_zero }, { 'a', 0, UI_REQ_arrow }, { 'r', UI_IN_RECORDING, UI_REQ_begin },
	{ 'Z', 0, UI_REQ_end }, { 'C', 0, UI_REQ_call_return }, { 'V', 0, UI_REQ_next_call }, { 'b', 0, UI_REQ_at_time },

	{ ']', 0, UI_REQ_zoom_in }, { '[', 0, UI_REQ_zoom_out }, { 'f', 0, UI_REQ_zoom_fit }, { 'i', 0, UI_REQ_zoom_call },
	{ 'F', 0, UI_REQ_follow }, { 'p', 0, UI_REQ_freeze }, { CTRL('f'), 0, UI_REQ_freeze }, { 'x', 0, UI_REQ_other_run },

	{ UI_KEY_TAB, 0, UI_REQ_next_pane }, { UI_KEY_BACK_TAB, 0, UI_REQ_previous_pane },
	{ '1', 0, UI_REQ_pane_timeline }, { '2', 0, UI_REQ_pane_threads }, { '3', 0, UI_REQ_pane_semaphores },
	{ '4', 0, UI_REQ_pane_parts }, { '5', 0, UI_REQ_pane_events }, { '6', 0, UI_REQ_pane_join },
	{ '7', 0, UI_REQ_pane_stack }, { '8', 0, UI_REQ_pane_requests }, { '9', 0, UI_REQ_pane_evidence },
	{ '0', 0, UI_REQ_pane_prompt }, { '+', 0, UI_REQ_enlarge }, { '_', 0, UI_REQ_shrink }, { 'O', 0, UI_REQ_maximise },

	{ UI_KEY_ENTER, 0, UI_REQ_enter }, { UI_KEY_ESC, 0, UI_REQ_back }, { UI_KEY_BACKSPACE, 0, UI_REQ_back },
	{ '/', 0, UI_REQ_search }, { 'N', 0, UI_REQ_search_previous }, { '\\', 0, UI_REQ_filter },
	{ UI_KEY_F1 + 3, 0, UI_REQ_filter }, { '!', 0, UI_REQ_filter_invert },
	{ '>', 0, UI_REQ_sort }, { UI_KEY_F1 + 5, 0, UI_REQ_sort }, { '<', 0, UI_REQ_sort_back }, { 'I', 0, UI_REQ_invert },
	{ UI_KEY_F1 + 4, 0, UI_REQ_tree }, { 'w', 0, UI_REQ_wrap }, { ' ', 0, UI_REQ_freeze },
	{ ' ', UI_IN_LIST, UI_REQ_tag }, { 'U', 0, UI_REQ_untag },

	{ 'c', 0, UI_REQ_run_on }, { 'P', 0, UI_REQ_pause }, { 's', 0, UI_REQ_step }, { 'n', 0, UI_REQ_next },
	{ 'n', UI_IN_RECORDING, UI_REQ_search_next }, { 'r', 0, UI_REQ_finish }, { 'u', 0, UI_REQ_frame_up },
	{ 'd', 0, UI_REQ_frame_down }, { 'B', 0, UI_REQ_break_here }, { 'H', 0, UI_REQ_hold }, { 'R', 0, UI_REQ_release },
	{ 'K', 0, UI_REQ_abort },
};

static const struct {
	int key;
	const char *name;
} names[] = {
	{ UI_KEY_ENTER, "Enter" }, { UI_KEY_ESC, "Esc" }, { UI_KEY_TAB, "Tab" }, { UI_KEY_BACK_TAB, "S-Tab" },
	{ ' ', "Space" }, { UI_KEY_BACKSPACE, "Backspace" }, { UI_KEY_UP, "Up" }, { UI_KEY_DOWN, "Down" },
	{ UI_KEY_LEFT, "Left" }, { UI_KEY_RIGHT, "Right" }, { UI_KEY_PAGE_UP, "PgUp" }, { UI_KEY_PAGE_DOWN, "PgDn" },
	{ UI_KEY_HOME, "Home" }, { UI_KEY_END, "End" }, { UI_KEY_DELETE, "Del" },
};

enum { NR_NAMES = sizeof(names) / sizeof(*names), NR_STANDARD = sizeof(standard) / sizeof(*standard) };
_Static_assert((int)NR_STANDARD < (int)UI_MAX_BINDINGS, "there is room for more");

/* ORDER contexts */
static const char *const contexts[UI_CONTEXTS] = { "", "timeline", "recording", "list" };

void ui_keys_init(struct ui_keys *k)
{
	memcpy(k->list, standard, sizeof(standard));
	k->nr = NR_STANDARD;
}

enum ui_request ui_keys_request(const struct ui_keys *k, int key, unsigned holds)
{
	enum ui_request found = UI_REQ_none;

	for (int i = 0; i < k->nr; i++) {
		if (k->list[i].key != key || !(holds & 1u << k->list[i].context))
			continue;
		if (k->list[i].context != UI_ANYWHERE)
			return k->list[i].request;
		found = k->list[i].request;
	}
	return found;
}

const char *ui_key_name(int key, char *buf, size_t cap)
{
	for (int i = 0; i < NR_NAMES; i++)
		if (names[i].key == key) {
			snprintf(buf, cap, "%s", names[i].name);
			return buf;
		}
	if (key >= UI_KEY_F1 && key <= UI_KEY_F12)
		snprintf(buf, cap, "F%d", key - UI_KEY_F1 + 1);
	else if (key > 0 && key < 32)
		snprintf(buf, cap, "C-%c", key + 'a' - 1);
	else
		snprintf(buf, cap, "%c", key);
	return buf;
}

int ui_key_find(const char *name, size_t len)
{
	for (int i = 0; i < NR_NAMES; i++)
		if (strlen(names[i].name) == len && !strncmp(names[i].name, name, len))
			return names[i].key;
	if (len > 1 && len < 4 && name[0] == 'F') {
		int n = atoi(name + 1);
		return n >= 1 && n <= 12 ? UI_KEY_F1 + n - 1 : UI_KEY_NONE;
	}
	if (len == 3 && !strncmp(name, "C-", 2) && name[2] >= 'a' && name[2] <= 'z')
		return CTRL(name[2]);
	return len == 1 && name[0] > 32 && name[0] < 127 ? name[0] : UI_KEY_NONE;
}

const char *ui_keys_of(const struct ui_keys *k, enum ui_request request, bool all, char *buf, size_t cap)
{
	char name[16];
	size_t at = 0;

	buf[0] = '\0';
	for (int i = 0; i < k->nr; i++) {
		if (k->list[i].request != request || (at && !all))
			continue;
		at += (size_t)snprintf(buf + at, cap - at, "%s%s", at ? " " : "", ui_key_name(k->list[i].key, name, sizeof(name)));
		if (at >= cap)
			break;
	}
	return buf;
}

const char *ui_keys_here(const struct ui_keys *k, enum ui_request request, unsigned holds, char *buf, size_t cap)
{
	buf[0] = '\0';
	for (int i = 0; i < k->nr; i++)
		if (k->list[i].request == request && ui_keys_request(k, k->list[i].key, holds) == request)
			return ui_key_name(k->list[i].key, buf, cap);
	return buf;
}

/* ---- the file */

static bool binding_set(struct ui_keys *k, struct ui_binding b)
{
	for (int i = 0; i < k->nr; i++)
		if (k->list[i].key == b.key && k->list[i].context == b.context) {
			k->list[i] = b;
			return true;
		}
	if (k->nr == UI_MAX_BINDINGS)
		return false;
	k->list[k->nr++] = b;
	return true;
}

static enum xf_status line_read(struct ui_keys *k, const char *line, size_t len, const char *name, unsigned number,
				struct xf_error *err)
{
	char key[32] = "", request[64] = "", context[32] = "", text[128];
	struct ui_binding b = { .context = UI_ANYWHERE };

	snprintf(text, sizeof(text), "%.*s", (int)len, line);
	if (sscanf(text, "%31s %63s %31s", key, request, context) < 1 || (key[0] == '#' && key[1]))
		return XF_OK;
	if (key[0] == '#' && (!*request || ui_request_find(request, strlen(request)) == UI_REQ_none))
		return XF_OK; /* "# a comment" */
	b.key = ui_key_find(key, strlen(key));
	if (b.key == UI_KEY_NONE)
		return xf_fail(err, XF_INVALID, "%s, line %u: '%s' is no key (Enter, F5, C-l, x …)", name, number, key);
	b.request = ui_request_find(request, strlen(request));
	if (b.request == UI_REQ_none && strcmp(request, "none"))
		return xf_fail(err, XF_INVALID, "%s, line %u: '%s' is no action; --print-tui-binding-commands lists them",
			       name, number, request);
	for (int c = 1; c < UI_CONTEXTS; c++)
		if (!strcmp(context, contexts[c]))
			b.context = (enum ui_context)c;
	return binding_set(k, b) ? XF_OK : xf_fail(err, XF_INVALID, "%s, line %u: too many bindings", name, number);
}

enum xf_status ui_keys_read(struct ui_keys *k, const char *text, const char *name, struct xf_error *err)
{
	enum xf_status status = XF_OK;
	unsigned number = 1;

	for (const char *p = text; *p && !status; number++) {
		size_t len = strcspn(p, "\n");
		status = line_read(k, p, len, name, number, err);
		p += len + (p[len] == '\n');
	}
	return status;
}

static void binding_print(const struct ui_binding *b, FILE *out)
{
	char key[16], request[64];
	const char *name = b->request == UI_REQ_none ? "none" : ui_request_name(b->request, request, sizeof(request));

	fprintf(out, "%-10s %-20s %-10s # %s\n", ui_key_name(b->key, key, sizeof(key)), name, contexts[b->context],
		ui_request_info(b->request)->help);
}

void ui_keys_print(const struct ui_keys *k, FILE *out)
{
	fputs("# KEY ACTION [timeline|recording|list]; put what you change into $XDG_CONFIG_HOME/xferdb/keys\n", out);
	for (int g = 0; g < UI_REQUESTS_COUNT; g++) {
		fprintf(out, "\n# %s\n", ui_request_group_title((enum ui_request_group)g));
		for (int i = 0; i < k->nr; i++)
			if (ui_request_info(k->list[i].request)->group == (enum ui_request_group)g)
				binding_print(&k->list[i], out);
	}
}
