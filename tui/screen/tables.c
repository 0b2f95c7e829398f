#include "tui/screen/tables.h"

#include <ctype.h>
#include <string.h>

#include "tracer/export/text.h"
#include "tui/screen/view.h"

enum { CELL = 256 };

static const enum ui_pane panes[] = { UI_PANE_THREADS, UI_PANE_SEMAPHORES, UI_PANE_PARTS, UI_PANE_REQUESTS };
enum { NR_PANES = sizeof(panes) / sizeof(*panes) };

struct table {
	struct ui_scene *s;
	enum ui_pane pane;
	const struct ui_view *view;
	FILE *out;
};

struct format {
	const char *word;
	void (*begin)(const struct table *t, const char *sentence);
	void (*table)(const struct table *t);
	void (*end)(const struct table *t);
};

static uint32_t nr_rows(const struct table *t)
{
	return ui_rows_nr(t->s, t->pane);
}

/* Names come from programs: control characters are made harmless. */
static const char *cell(const struct table *t, uint32_t row, int column, char *buf)
{
	char text[CELL];
	const char *said = t->view->text(t->s, ui_rows_item(t->s, t->pane, row), column, text, sizeof(text));

	snprintf(buf, CELL, "%s", said);
	for (char *p = buf; *p; p++)
		if (iscntrl((unsigned char)*p))
			*p = '?';
	return buf;
}

static int nr_columns(const struct table *t)
{
	int nr = 0;

	while (t->view->columns[nr].name)
		nr++;
	return nr;
}

/* ---- for people */

static void pretty_begin(const struct table *t, const char *sentence)
{
	fprintf(t->out, "%s\n", sentence);
}

static void pretty_table(const struct table *t)
{
	int widths[UI_MAX_COLUMNS] = { 0 }, nr = nr_columns(t);
	char buf[CELL];

	for (int i = 0; i < nr; i++) {
		widths[i] = (int)strlen(t->view->columns[i].name);
		for (uint32_t row = 0; row < nr_rows(t); row++) {
			int len = (int)strlen(cell(t, row, i, buf));
			widths[i] = len > widths[i] ? len : widths[i];
		}
	}
	fprintf(t->out, "\n%s\n", t->view->title);
	for (int i = 0; i < nr; i++)
		fprintf(t->out, "  %-*s", i + 1 < nr ? widths[i] : 0, t->view->columns[i].name);
	fputc('\n', t->out);
	for (uint32_t row = 0; row < nr_rows(t); row++) {
		for (int i = 0; i < nr; i++)
			fprintf(t->out, t->view->columns[i].duration ? "  %*s" : "  %-*s",
				i + 1 < nr || t->view->columns[i].duration ? widths[i] : 0, cell(t, row, i, buf));
		fputc('\n', t->out);
	}
}

/* ---- for a page */

static void markdown_begin(const struct table *t, const char *sentence)
{
	fprintf(t->out, "**%s**\n", sentence);
}

static void markdown_cell(FILE *out, const char *text)
{
	fputs(" ", out);
	for (; *text; text++) {
		if (strchr("|\\`*_<>[]", *text))
			fputc('\\', out);
		fputc(*text, out);
	}
	fputs(" |", out);
}

static void markdown_table(const struct table *t)
{
	char buf[CELL];
	int nr = nr_columns(t);

	fprintf(t->out, "\n## %s\n\n|", t->view->title);
	for (int i = 0; i < nr; i++)
		markdown_cell(t->out, t->view->columns[i].name);
	fputs("\n|", t->out);
	for (int i = 0; i < nr; i++)
		fputs(t->view->columns[i].duration ? " ---: |" : " --- |", t->out);
	fputc('\n', t->out);
	for (uint32_t row = 0; row < nr_rows(t); row++) {
		fputc('|', t->out);
		for (int i = 0; i < nr; i++)
			markdown_cell(t->out, cell(t, row, i, buf));
		fputc('\n', t->out);
	}
}

/* ---- for a spreadsheet: one table after the other, each with its own head; the first column names it */

/* "since_ns", "over_time". */
static const char *column_key(const struct table *t, int column, char buf[64])
{
	snprintf(buf, 64, "%s%s", t->view->columns[column].name, t->view->columns[column].duration ? "_ns" : "");
	for (char *p = buf; *p; p++)
		if (*p == ' ')
			*p = '_';
	return buf;
}

static void csv_table(const struct table *t)
{
	char buf[CELL], key[64];
	int nr = nr_columns(t);

	fputs("list", t->out);
	for (int i = 0; i < nr; i++)
		fprintf(t->out, ",%s", column_key(t, i, key));
	fputs("\r\n", t->out);
	for (uint32_t row = 0; row < nr_rows(t); row++) {
		fputs(t->view->title, t->out);
		for (int i = 0; i < nr; i++) {
			fputc(',', t->out);
			tr_put_csv(t->out, cell(t, row, i, buf));
		}
		fputs("\r\n", t->out);
	}
}

/* ---- for a program */

static void json_begin(const struct table *t, const char *sentence)
{
	fputs("{\"verdict\":", t->out);
	tr_put_json(t->out, sentence);
}

/* What is a number stands as one. */
static void json_value(FILE *out, const char *text)
{
	size_t digits = strspn(text + (*text == '-'), "0123456789");

	if (digits && digits < 19 && !text[digits + (*text == '-')])
		fputs(text, out);
	else
		tr_put_json_or_null(out, text);
}

static void json_table(const struct table *t)
{
	char buf[CELL], key[64];
	int nr = nr_columns(t);

	fprintf(t->out, ",\"%s\":[", t->view->title);
	for (uint32_t row = 0; row < nr_rows(t); row++) {
		fputs(row ? ",{" : "{", t->out);
		for (int i = 0; i < nr; i++) {
			fprintf(t->out, "%s\"%s\":", i ? "," : "", column_key(t, i, key));
			json_value(t->out, cell(t, row, i, buf));
		}
		fputc('}', t->out);
	}
	fputc(']', t->out);
}

static void json_end(const struct table *t)
{
	fputs("}\n", t->out);
}

/* ORDER table formats */
static const struct format formats[] = {
	{ "pretty", pretty_begin, pretty_table, NULL },
	{ "markdown", markdown_begin, markdown_table, NULL },
	{ "csv", NULL, csv_table, NULL },
	{ "json", json_begin, json_table, json_end },
};

bool ui_tables_format(const char *word, enum ui_table_format *format)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++)
		if (!strcmp(formats[i].word, word)) {
			*format = (enum ui_table_format)i;
			return true;
		}
	return false;
}

void ui_tables_write(struct ui_scene *s, enum ui_table_format format, FILE *out)
{
	const struct tr_verdict *v = ui_scene_verdict(ui_scene_run(s));
	const struct format *f = &formats[format];
	struct table t = { .s = s, .out = out };
	char sentence[2048], line[1024] = "";

	if (v)
		tr_verdict_sentence(ui_scene_run(s)->log, ui_scene_run(s)->verdicts, v, line, sizeof(line));
	snprintf(sentence, sizeof(sentence), "%s%s%s", v ? tr_answer_heading(v->answer, v->basis) : "no verdict", v ? ": " : "", line);
	s->raw = format == UI_TABLES_CSV || format == UI_TABLES_JSON;
	if (f->begin)
		f->begin(&t, sentence);
	for (int i = 0; i < NR_PANES; i++) {
		t.pane = panes[i];
		t.view = ui_views[panes[i]];
		ui_rows_settle(s, panes[i]);
		f->table(&t);
	}
	if (f->end)
		f->end(&t);
	s->raw = false;
}
