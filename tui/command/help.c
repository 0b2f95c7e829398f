#include "tui/command/help.h"

#include <string.h>

enum { COLUMN = 30, WIDTH = 96 };

/* Appends to a bounded string. */
static void add(char *buf, size_t cap, const char *text)
{
	size_t len = strlen(buf);

	if (len + 1 < cap)
		snprintf(buf + len, cap - len, "%s", text);
}

static void add_aliases(const struct ui_option *option, char *buf, size_t cap)
{
	for (size_t i = 0; i < ui_nr_aliases; i++) {
		if (strcmp(ui_aliases[i].of, option->name))
			continue;
		add(buf, cap, ", --");
		add(buf, cap, ui_aliases[i].name);
	}
}

/* A choice too long to be spelled out beside the option. */
static bool many_words(const struct ui_option *option)
{
	return option->kind == UI_KIND_WORD && strlen(option->argument) > 70;
}

const char *ui_help_spelling(const struct ui_option *option, char *buf, size_t cap)
{
	size_t implied;

	buf[0] = '\0';
	if (option->letter)
		snprintf(buf, cap, "-%c, ", option->letter);
	add(buf, cap, "--");
	add(buf, cap, option->name);
	add_aliases(option, buf, cap);
	if (option->kind == UI_KIND_SWITCH && !strstr(buf, "--no-"))
		add(buf, cap, "|--no-"), add(buf, cap, option->name);
	ui_option_implied(option, &implied);
	if (*option->argument)
		add(buf, cap, option->kind == UI_KIND_OUTPUT ? "[=" : implied ? " [" : " ");
	add(buf, cap, option->kind == UI_KIND_WORDS ? "WORD[,WORD…]" : many_words(option) ? "WORD" : option->argument);
	if (*option->argument && (option->kind == UI_KIND_OUTPUT || implied))
		add(buf, cap, "]");
	return buf;
}

/* Prints text from the column on, broken between words. */
static void paragraph(FILE *out, int column, const char *text)
{
	int at = column;

	while (*text) {
		int len = (int)strcspn(text, " ");
		if (at > column && at + len > WIDTH) {
			fprintf(out, "\n%*s", column, "");
			at = column;
		}
		fprintf(out, "%.*s", len, text);
		at += len;
		text += len;
		while (*text == ' ')
			text++;
		if (*text && at < WIDTH)
			fputc(' ', out), at++;
	}
	fputc('\n', out);
}

/* The words a list may hold, as " (of a, b, c)". */
static void words_add(const struct ui_option *option, char *buf, size_t cap)
{
	add(buf, cap, " (of");
	for (const char *p = option->argument; *p;) {
		char word[32];
		size_t len = strcspn(p, "|");
		snprintf(word, sizeof(word), " %.*s%s", (int)len, p, p[len] ? "," : ")");
		add(buf, cap, word);
		p += len + (p[len] == '|');
	}
}

static void option_print(FILE *out, const struct ui_option *option)
{
	char spelling[256], text[512];
	int len = fprintf(out, "  %s", ui_help_spelling(option, spelling, sizeof(spelling)));

	if (len >= COLUMN - 1)
		fprintf(out, "\n%*s", COLUMN, "");
	else
		fprintf(out, "%*s", COLUMN - len, "");
	snprintf(text, sizeof(text), "%s", option->sentence);
	if (option->kind == UI_KIND_WORDS || many_words(option))
		words_add(option, text, sizeof(text));
	add(text, sizeof(text), " (default: ");
	add(text, sizeof(text), option->standard);
	add(text, sizeof(text), ")");
	paragraph(out, COLUMN, text);
}

static void group_print(FILE *out, enum ui_group_bit group)
{
	fprintf(out, "\n%s\n", ui_group_title(group));
	for (size_t i = 0; i < UI_OPT_COUNT; i++)
		if (ui_options[i].group == group)
			option_print(out, &ui_options[i]);
}

static void exits_print(FILE *out, const struct ui_command *command)
{
	fprintf(out, "\nExit status\n");
	for (size_t i = 0; i < ui_nr_exits; i++) {
		int number = ui_exits[i].number;
		if (number >= 125 && number <= 127 && !(command->flags & UI_PROGRAM))
			continue;
		fprintf(out, "  %-4d %s\n", number, ui_exits[i].when);
	}
}

void ui_help_command(FILE *out, const struct ui_command *command)
{
	fprintf(out, "Usage: xferdb %s [options]%s%s\n\n%s\n%s", command->name,
		*command->operands ? " " : "", command->operands, command->summary, command->help);
	for (enum ui_group_bit group = 0; group < UI_INTERNAL_BIT; group++)
		if (command->takes >> group & 1)
			group_print(out, group);
	fprintf(out, "\nSizes: 8MB, 8MiB or 8388608 (powers of two). Durations: 20ms, 3s, 1m.\n"
		     "Options may stand before or after the command's name; -- ends them.\n");
	exits_print(out, command);
}

void ui_help_overview(FILE *out)
{
	fprintf(out, "Usage: xferdb COMMAND [options]\n\n"
		     "A debugger for uploads: does the call wait, where does it hang, why is it slow.\n");
	for (enum ui_command_group group = 0; group < UI_COMMAND_GROUPS; group++) {
		fprintf(out, "\n%s\n", ui_command_group_name(group));
		for (size_t i = 0; i < ui_nr_commands; i++)
			if (ui_commands[i].group == group)
				fprintf(out, "  %-12s %s\n", ui_commands[i].name, ui_commands[i].summary);
	}
	fprintf(out, "\n  xferdb COMMAND --help   a command's options\n"
		     "  xferdb --version        the version\n"
		     "  xferdb --print-schema   commands, options, JSON and exit statuses, for machines\n\n"
		     "To begin: xferdb demo\n");
}
