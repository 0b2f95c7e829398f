/* view_prompt: what was said: commands and their output, the newest at the bottom; and what may be typed. */
#include "tui/screen/view.h"

static void draw(struct ui_scene *s, struct ui_cells *c, const struct ui_rect *r)
{
	uint32_t nr = s->nr_lines < UI_MAX_LINES ? s->nr_lines : UI_MAX_LINES;
	uint32_t shown = nr < (uint32_t)r->rows ? nr : (uint32_t)r->rows;

	s->page[UI_PANE_PROMPT] = r->rows;
	for (uint32_t i = 0; i < shown; i++) {
		const char *line = s->lines[(s->nr_lines - shown + i) % UI_MAX_LINES];
		ui_cells_text(c, r, (int)i, 0, line && line[0] == '(' ? UI_ROLE_STRONG : UI_ROLE_PLAIN, "%s", line ? line : "");
	}
	if (!nr)
		ui_cells_text(c, r, 0, 0, UI_ROLE_DIM, s->debugger.run ? "0 or ':' begins a command; 'help' lists them" :
			      "':' runs an action by name, e.g. :at-time 20ms  :filter part=3  :search part_done; '?' lists them");
}

const struct ui_view ui_view_prompt = { "prompt", false, draw, NULL, NULL, NULL, NULL, 0 };
