/* screen: cells, layout and the progress line: arithmetic, no terminal. */
#include "tests/unit/t.h"

#include <locale.h>

#include "tui/command/progress.h"
#include "tui/screen/view.h"

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

static void words_choose_by_any_column(void **state)
{
	static const struct ui_column columns[] = { { .name = "thread" }, { .name = "state" }, { .name = NULL } };
	static const char *const texts[] = { "request-1", "waits for queue 'request'" };
	static const struct {
		const char *words;
		bool holds;
	} cases[] = {
		{ "request", true }, { "REQUEST-1", true }, { "sends", false }, { "sends|waits", true }, { "sends | waits", true },
		{ "!sends", true }, { "!waits", false }, { "!sends|waits", false }, { "thread=request-*", true },
		{ "thread=request", false }, { "state=waits*|thread=main", true }, { "colour=red", false }, { "Thread=REQUEST-1", true },
		{ "", false }, { "!", true }, { "|", false }, { "||request", true }, { "thread=", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		if (ui_words_match(cases[i].words, columns, texts) != cases[i].holds)
			fail_msg("'%s' should%s hold", cases[i].words, cases[i].holds ? "" : " not");
}

static void lines_of_foreign_origin_are_harmless(void **state)
{
	static struct ui_lines l;
	static const char *const stream[] = { "one\x1b[31", "mred\x1b[0m\r\n", "10%\r20%\r", "100%\n", "\x1b]0;title\a", "a\tb\n",
					      "ab\bc\x01\x7f\n", "\x1b]2;x\x1b\\y\n", "open" };
	static const char *const expected[] = { "onered", "100%", "a       b", "ac", "y", "open" };

	(void)state;
	for (size_t i = 0; i < sizeof(stream) / sizeof(*stream); i++)
		ui_lines_write(&l, stream[i], strlen(stream[i]));
	assert_int_equal(ui_lines_nr(&l), 6);
	for (uint32_t i = 0; i < 6; i++)
		assert_string_equal(ui_lines_get(&l, i), expected[i]);
	ui_lines_say(&l, "said\nmore");
	assert_int_equal(ui_lines_nr(&l), 8);
	assert_string_equal(ui_lines_get(&l, 5), "open");
	assert_string_equal(ui_lines_get(&l, 7), "more");
	for (int i = 0; i < 3 * UI_MAX_LINES; i++)
		ui_lines_say(&l, i % 2 ? "odd" : "even");
	assert_int_equal(ui_lines_nr(&l), UI_MAX_LINES);
	assert_string_equal(ui_lines_get(&l, UI_MAX_LINES - 1), "odd");
	ui_lines_fini(&l);
}

static void names_are_cut_in_their_middle(void **state)
{
	char buf[64];

	(void)state;
	setlocale(LC_ALL, "C.UTF-8");
	assert_string_equal(ui_view_name("main", 12, buf, sizeof(buf)), "main");
	assert_string_equal(ui_view_name("ThreadPoolExecutor-0_3", 14, buf, sizeof(buf)), "Thre~cutor-0_3");
	assert_string_equal(ui_view_name("ThreadPoolExecutor-0_3", 4, buf, sizeof(buf)), "Thre");
	assert_string_equal(ui_view_name("x", 0, buf, sizeof(buf)), "");
	assert_string_equal(ui_view_name("日本語スレッド名-1", 11, buf, sizeof(buf)), "日~ド名-1"); /* two columns each */
	assert_string_equal(ui_view_name("日本語", 5, buf, sizeof(buf)), "日本");
}

const struct CMUnitTest tests[] = {
	cmocka_unit_test(words_choose_by_any_column),
	cmocka_unit_test(lines_of_foreign_origin_are_harmless),
	cmocka_unit_test(names_are_cut_in_their_middle),
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
