/* screen: cells, layout and the progress line: arithmetic, no terminal. */
#include "tests/unit/t.h"

#include <locale.h>

#include "tui/command/progress.h"
#include "tui/screen/layout.h"

static void panes_fill_the_screen_without_a_gap(void **state)
{
	(void)state;
	for (int rows = UI_MIN_ROWS; rows < 80; rows++)
		for (int lanes = 1; lanes < 30; lanes += 4)
			for (int sems = 1; sems < 9; sems += 3) {
				struct ui_layout l = ui_layout_make(rows, 80, lanes, sems);
				int y = 0;
				assert_true(l.fits);
				for (int i = 0; i < UI_PANE_COUNT; i++) {
					assert_int_equal(l.panes[i].y, y);
					assert_true(l.panes[i].rows > 0);
					y += l.panes[i].rows;
				}
				assert_int_equal(y, rows);
			}
}

static void a_small_terminal_gets_no_panes(void **state)
{
	(void)state;
	assert_false(ui_layout_make(UI_MIN_ROWS - 1, 80, 5, 5).fits);
	assert_false(ui_layout_make(24, UI_MIN_COLUMNS - 1, 5, 5).fits);
	assert_false(ui_layout_make(0, 0, 0, 0).fits);
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
	assert_int_equal(ui_cells_text(&c, &rect, 0, 0, 0, "abcdefgh"), 5);
	assert_int_equal(ui_cells_text(&c, &rect, 1, 0, 0, "below"), 0);
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
	ui_cells_text(&c, &rect, 0, 0, 0, "a\033[31mb\xff" "c\n\u00e9");
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
	assert_int_equal(ui_cells_text(&c, &rect, 0, 0, 0, "日本語"), 4);
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
	cmocka_unit_test(panes_fill_the_screen_without_a_gap),
	cmocka_unit_test(a_small_terminal_gets_no_panes),
	cmocka_unit_test(text_is_cut_at_its_rectangle),
	cmocka_unit_test(foreign_text_is_harmless),
	cmocka_unit_test(wide_characters_take_two_cells),
	cmocka_unit_test(progress_says_what_is_stored_and_what_only_read),
	cmocka_unit_test(progress_fits_any_width),
	cmocka_unit_test(progress_of_a_pipe_knows_no_end),
};

T_MAIN(tests)
