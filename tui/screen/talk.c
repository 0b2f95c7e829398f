/* talk: keys and the line that is typed, by which requests come; and what they are handed to. */
#include <stdio.h>
#include <string.h>

#include "tracer/debug/command.h"
#include "tui/screen/act.h"
#include "tui/screen/view.h"

void ui_scene_ask(struct ui_scene *s, enum ui_input input, const char *line)
{
	size_t len = strnlen(line, sizeof(s->line) - 1);

	s->input = input;
	memmove(s->line, line, len);
	s->line[len] = '\0';
}

void ui_act_leave(struct ui_scene *s, enum ui_request request)
{
	switch (request) {
	case UI_REQ_quit:
		if (s->focus == UI_PANE_HELP)
			ui_act_list(s, UI_REQ_back, NULL);
		else if (s->debugger.busy && s->debugger.busy(s->debugger.ctx))
			s->asked = request, ui_scene_ask(s, UI_INPUT_CONFIRM, "");
		else
			s->quit = true;
		break;
	case UI_REQ_quit_keep:
		s->keep = true;
		ui_act_leave(s, UI_REQ_quit);
		break;
	case UI_REQ_help:
		if (s->focus != UI_PANE_HELP)
			ui_scene_drill(s, UI_PANE_HELP, NULL, "help");
		break;
	case UI_REQ_command:
		ui_scene_ask(s, UI_INPUT_COMMAND, "");
		break;
	case UI_REQ_redraw:
		s->redraw = true;
		break;
	case UI_REQ_suspend:
		s->suspend = true;
		break;
	case UI_REQ_theme:
		s->theme = s->theme + 1 < ui_themes + ui_nr_themes ? s->theme + 1 : ui_themes;
		s->redraw = true;
		ui_scene_tell(s, "theme %s: %s", s->theme->name, s->theme->summary);
		break;
	case UI_REQ_glyphs:
		s->utf8 = !s->utf8;
		break;
	default:
		break;
	}
}

void ui_scene_request(struct ui_scene *s, enum ui_request request, const char *argument)
{
	switch (ui_request_info(request)->group) {
	case UI_REQUESTS_MOVE:
		ui_act_move(s, request);
		break;
	case UI_REQUESTS_TIME:
		ui_act_time(s, request, argument);
		break;
	case UI_REQUESTS_ZOOM:
		ui_act_zoom(s, request);
		break;
	case UI_REQUESTS_PANE:
		ui_act_pane(s, request);
		break;
	case UI_REQUESTS_LIST:
		ui_act_list(s, request, argument);
		break;
	case UI_REQUESTS_DEBUG:
		ui_act_debug(s, request);
		break;
	default:
		ui_act_leave(s, request);
		break;
	}
}

/* ---- the line that is typed */

static bool is_command(const char *line, size_t len)
{
	char word[32];

	snprintf(word, sizeof(word), "%.*s", (int)len, line);
	return tr_command_find(word) != NULL;
}

/* ":NAME ARGUMENT", a request's name or else a prompt command. */
static void command_run(struct ui_scene *s, const char *line)
{
	size_t len = strcspn(line, " ");
	const char *argument = line + len + strspn(line + len, " ");
	enum ui_request request = ui_request_find(line, len);

	if (!*line)
		return;
	/* 'w' is the prompt's where, not the beginning of wrap */
	if (s->debugger.run && request != UI_REQ_none && len < strlen(ui_request_info(request)->name) && is_command(line, len))
		request = UI_REQ_none;
	if (request != UI_REQ_none)
		ui_scene_request(s, request, *argument ? argument : NULL);
	else if (s->debugger.run)
		ui_scene_prompt(s, line);
	else
		ui_scene_tell(s, "there is no action '%.*s'; '?' lists them", (int)len, line);
}

static void input_done(struct ui_scene *s)
{
	enum ui_input input = s->input;
	char line[sizeof(s->line)];

	memcpy(line, s->line, sizeof(line));
	s->input = UI_INPUT_NONE;
	switch (input) {
	case UI_INPUT_COMMAND:
		command_run(s, line);
		break;
	case UI_INPUT_SEARCH: case UI_INPUT_FILTER:
		if (input == UI_INPUT_SEARCH && ui_views[s->focus]->items && *line)
			break; /* went there with the last letter */
		ui_list_search(s, line, input == UI_INPUT_FILTER);
		break;
	case UI_INPUT_TIME:
		ui_travel_text(s, line);
		break;
	case UI_INPUT_PROMPT:
		s->recalled = 0;
		if (*line)
			ui_scene_prompt(s, line);
		ui_scene_ask(s, UI_INPUT_PROMPT, "");
		break;
	default:
		break;
	}
}

static void confirm_key(struct ui_scene *s, int key)
{
	bool yes = key == 'y' || key == 'Y';

	s->input = UI_INPUT_NONE;
	if (yes && s->asked == UI_REQ_quit)
		s->quit = true;
	else if (yes)
		s->debugger.abort(s->debugger.ctx);
	ui_scene_tell(s, yes ? "it is asked to stop" : "not aborted");
}

/* Searching as one types: the first match from the cursor on is looked for with every letter. */
static void search_typed(struct ui_scene *s)
{
	struct ui_run *run = ui_scene_run(s);
	struct xf_error err = XF_ERROR_INIT;
	uint32_t place;

	if (s->input == UI_INPUT_SEARCH && ui_views[s->focus]->items) {
		struct ui_list_view *l = &s->lists[s->focus];
		snprintf(l->search, sizeof(l->search), "%s", s->line);
		if (!ui_rows_match(s, s->focus, ui_rows_item(s, s->focus, l->row)))
			ui_list_search_go(s, 1);
		s->message[0] = '\0';
		return;
	}
	if (s->input != UI_INPUT_SEARCH || !*s->line || ui_matches_set(&run->search, s->line, &err))
		return;
	ui_matches_advance(&run->search, run->log, 100000);
	place = ui_matches_place(&run->search, run->at);
	if (place < run->search.found.nr)
		ui_scene_go(s, run->search.found.list[place], true);
}

/* What was typed at a prompt, whichever, behind it; NULL: the line is no such line. */
static const char *typed_in(const char *line)
{
	const char *word = line + strspn(line, "("), *end = word + strspn(word, "comxferdb");
	const char *behind = end + strspn(end, ")");
	bool known = (end - word == 6 && !strncmp(word, "xferdb", 6)) || (end - word == 3 && !strncmp(word, "com", 3));

	return known && word > line && behind - end == word - line && *behind == ' ' ? behind + 1 : NULL;
}

/* Up and down at the prompt: what was typed before, which stands among what was said. */
static void recall(struct ui_scene *s, int by)
{
	uint32_t nr = ui_lines_nr(&s->lines);

	for (uint32_t i = s->recalled; by > 0 ? i < nr : i > 0;) {
		const char *typed;
		i = by > 0 ? i + 1 : i - 1;
		typed = i ? typed_in(ui_lines_get(&s->lines, nr - i)) : "";
		if (!typed)
			continue;
		ui_scene_ask(s, UI_INPUT_PROMPT, typed);
		s->recalled = i;
		return;
	}
}

/* ---- Tab */

/* Behind ':' stand actions by name, and commands of the prompt. */
static const char *complete_action(void *ctx, const char *line, size_t word_at, unsigned i, char *buf, size_t cap)
{
	const struct ui_scene *s = ctx;
	const char *word = line + word_at;

	for (int r = 1; !word_at && r < UI_REQ_COUNT; r++) {
		if (!ui_request_begins((enum ui_request)r, word) || i-- > 0)
			continue;
		return ui_request_name((enum ui_request)r, buf, cap);
	}
	return s->debugger.complete ? s->debugger.complete(s->debugger.ctx, line, word_at, i, buf, cap) : NULL;
}

static void complete(struct ui_scene *s)
{
	struct ui_completion c;
	char row[UI_MAX_LINE];
	size_t len = strlen(s->line);
	bool action = s->input == UI_INPUT_COMMAND;
	unsigned rows;

	if (!action && !s->debugger.complete)
		return;
	ui_completion_make(&c, action ? complete_action : s->debugger.complete, action ? s : s->debugger.ctx, s->line);
	if (len + strlen(c.added) < sizeof(s->line))
		strcpy(s->line + len, c.added);
	rows = *c.added || c.nr < 2 ? 0 : ui_completion_rows(&c, (unsigned)s->columns);
	for (unsigned i = 0; i < rows; i++)
		ui_lines_say(&s->lines, ui_completion_row(&c, (unsigned)s->columns, i, row, sizeof(row)));
	if (rows && s->focus != UI_PANE_PROMPT)
		ui_scene_tell(s, "%u can stand there: see the pane 0", c.nr);
}

static void input_key(struct ui_scene *s, int key)
{
	size_t len = strlen(s->line);

	if (s->input == UI_INPUT_CONFIRM) {
		confirm_key(s, key);
	} else if (s->input == UI_INPUT_PROMPT && (key == UI_KEY_UP || key == UI_KEY_DOWN)) {
		recall(s, key == UI_KEY_UP ? 1 : -1);
	} else if (key == UI_KEY_TAB && (s->input == UI_INPUT_PROMPT || s->input == UI_INPUT_COMMAND)) {
		complete(s);
	} else if (key == UI_KEY_ESC) {
		s->input = UI_INPUT_NONE;
	} else if (key == UI_KEY_ENTER || key == '\n') {
		input_done(s);
	} else if (key == UI_KEY_BACKSPACE || key == 8) {
		if (len) {
			while (len > 1 && ((unsigned char)s->line[len - 1] & 0xc0) == 0x80)
				len--; /* all of a character */
			s->line[len - 1] = '\0';
		} else
			s->input = UI_INPUT_NONE;
		search_typed(s);
	} else if (key == ('u' & 31)) {
		s->line[0] = '\0';
	} else if (key >= 32 && key < 256 && len + 1 < sizeof(s->line)) {
		s->line[len] = (char)key;
		s->line[len + 1] = '\0';
		search_typed(s);
	}
}

/* ---- keys */

unsigned ui_scene_contexts(const struct ui_scene *s)
{
	bool sideways = s->focus == UI_PANE_TIMELINE || s->focus == UI_PANE_PARTS || s->focus == UI_PANE_EVIDENCE;
	bool list = ui_views[s->focus]->items || s->focus == UI_PANE_EVENTS;

	return 1u << UI_ANYWHERE | (unsigned)sideways << UI_IN_TIMELINE | (unsigned)!s->debugger.run << UI_IN_RECORDING |
	       (unsigned)list << UI_IN_LIST;
}

void ui_scene_key(struct ui_scene *s, int key)
{
	enum ui_request request;
	char name[16];

	if (key == UI_KEY_NONE || key == UI_KEY_RESIZE)
		return;
	s->message[0] = '\0';
	if (s->input != UI_INPUT_NONE) {
		input_key(s, key);
		return;
	}
	request = ui_keys_request(&s->keys, key, ui_scene_contexts(s));
	if (request != UI_REQ_none)
		ui_scene_request(s, request, NULL);
	else if (key < UI_KEY_MOUSE)
		ui_scene_tell(s, "'%s' does nothing here; '?' lists the keys", ui_key_name(key, name, sizeof(name)));
}
