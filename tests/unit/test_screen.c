/* screen: cells, layout and the progress line: arithmetic, no terminal. */
#include "tests/unit/t.h"

#include <locale.h>

#include "tui/command/progress.h"
#include "tui/screen/layout.h"

static bool overlap(const struct ui_rect *a, const struct ui_rect *b)
{
	return a->y < b->y + b->rows && b->y < a->y + a->rows && a->x < b->x + b->columns && b->x < a->x + a->columns;
}

/* Panes that are shown have lines, lie inside, and none lies over another. */
static void assert_tidy(const struct ui_layout *l, const struct ui_layout_wish *w)
{
	for (int i = 0; i < UI_PANE_COUNT; i++) {
		const struct ui_rect *p = &l->panes[i];
		if (!p->rows)
			continue;
		assert_true(p->rows >= 2 && p->columns > 0 && p->y >= 4 && p->x >= 0);
		assert_true(p->y + p->rows < w->rows && p->x + p->columns <= w->columns);
		for (int k = 0; k < i; k++)
			assert_false(l->panes[k].rows && overlap(p, &l->panes[k]));
	}
}

static void every_focus_fits_every_size(void **state)
{
	struct ui_layout_wish w = { 0 };

	(void)state;
	for (w.rows = UI_MIN_ROWS; w.rows < 90; w.rows += 1)
		for (w.columns = UI_MIN_COLUMNS; w.columns < 220; w.columns += 13)
			for (int focus = 0; focus < UI_PANE_COUNT; focus++)
				for (w.enlarged = -60; w.enlarged <= 60; w.enlarged += 20) {
					struct ui_layout l;
					w.focus = (enum ui_pane)focus;
					w.lanes = focus * 3;
					l = ui_layout_make(&w);
					assert_true(l.fits);
					assert_true(l.panes[focus].rows >= 2);
					assert_tidy(&l, &w);
				}
}

static void a_small_terminal_gets_no_panes(void **state)
{
	const struct ui_layout_wish low = { UI_MIN_ROWS - 1, 80, 0, false, 0, 5 };
	const struct ui_layout_wish narrow = { 24, UI_MIN_COLUMNS - 1, 0, false, 0, 5 }, none = { 0 };

	(void)state;
	assert_false(ui_layout_make(&low).fits);
	assert_false(ui_layout_make(&narrow).fits);
	assert_false(ui_layout_make(&none).fits);
}

/* What the cells show, as text. */
static const char *shown(const struct ui_cells *cells)
{
	static char text[256];
	FILE *out = fmemopen(text, sizeof(text), "w");

	ui_cells_write(cells, out);
	fclose(out);
	return text;
}

static void text_is_cut_at_its_rectangle(void **state)
{
	struct ui_cells c = { .cells = NULL };
	struct ui_rect rect = { 1, 2, 1, 5 };

	(void)state;
	assert_true(ui_cells_resize(&c, 3, 10));
	assert_int_equal(ui_cells_text(&c, &rect, 0, 0, UI_ROLE_PLAIN, "abcdefgh"), 5);
	assert_int_equal(ui_cells_text(&c, &rect, 1, 0, UI_ROLE_PLAIN, "below"), 0);
	assert_string_equal(shown(&c), "\n  abcde\n\n");
	ui_cells_fini(&c);
}

static void foreign_text_is_harmless(void **state)
{
	struct ui_cells c = { .utf8 = true };
	struct ui_rect rect = { 0, 0, 1, 20 };

	(void)state;
	setlocale(LC_ALL, "C.UTF-8");
	assert_true(ui_cells_resize(&c, 1, 20));
	ui_cells_text(&c, &rect, 0, 0, UI_ROLE_PLAIN, "a\033[31mb\xff" "c\n\u00e9");
	assert_string_equal(shown(&c), "a?[31mb?c?\u00e9\n");
	ui_cells_fini(&c);
}

static void wide_characters_take_two_cells(void **state)
{
	struct ui_cells c = { .utf8 = true };
	struct ui_rect rect = { 0, 0, 1, 5 };

	(void)state;
	setlocale(LC_ALL, "C.UTF-8");
	assert_true(ui_cells_resize(&c, 1, 5));
	assert_int_equal(ui_cells_text(&c, &rect, 0, 0, UI_ROLE_PLAIN, "日本語"), 4);
	assert_string_equal(shown(&c), "日本\n");
	ui_cells_fini(&c);
}

static const struct ui_totals half = {
	.bytes = 100 << 20, .read = 80 << 20, .acked = 50 << 20, .parts = 13, .done = 6, .in_flight = 4, .parts_known = true,
};

static void progress_says_what_is_stored_and_what_only_read(void **state)
{
	char line[256];

	(void)state;
	assert_string_equal(ui_progress_line(&half, 2000000000, 200, line, sizeof(line)),
			    " 50%  50.0 MB of 100.0 MB stored  6/13 parts  4 in flight  25.0 MB/s  2.00 s left  read 80.0 MB");
}

static void progress_fits_any_width(void **state)
{
	char line[256];

	(void)state;
	for (unsigned columns = 1; columns < 120; columns++)
		assert_true(strlen(ui_progress_line(&half, 2000000000, columns, line, sizeof(line))) <= columns);
}

static void progress_of_a_pipe_knows_no_end(void **state)
{
	const struct ui_totals pipe = { .read = 9 << 20, .acked = 8 << 20, .done = 1, .in_flight = 1 };
	char line[256];

	(void)state;
	assert_string_equal(ui_progress_line(&pipe, 1000000000, 200, line, sizeof(line)),
			    "8.0 MB stored  1 parts  1 in flight  8.0 MB/s  read 9.0 MB");
}

const struct CMUnitTest tests[] = {
	cmocka_unit_test(every_focus_fits_every_size),
	cmocka_unit_test(a_small_terminal_gets_no_panes),
	cmocka_unit_test(text_is_cut_at_its_rectangle),
	cmocka_unit_test(foreign_text_is_harmless),
	cmocka_unit_test(wide_characters_take_two_cells),
	cmocka_unit_test(progress_says_what_is_stored_and_what_only_read),
	cmocka_unit_test(progress_fits_any_width),
	cmocka_unit_test(progress_of_a_pipe_knows_no_end),
};

T_MAIN(tests)
