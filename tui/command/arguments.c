#include "tui/command/arguments.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/command/values.h"

/* The words still to be read. */
struct cursor {
	char **next, **end;
	struct ui_arguments *out;
	struct xf_error *err;
	/* options may come before the command they belong to: checked at the end */
	bool spelled[UI_OPT_COUNT];
	char name[64]; /* the option now read, as it was written, without its dashes */
	bool only_operands;
};

/* How much of a word may be repeated in an error: not the query of a URL, not the value of an option. */
static int shown(const char *word)
{
	size_t len = strcspn(word, "?\n\r\t\033");

	return (int)(len < 80 ? len : 80);
}

/* ---- finding, and near misses */

const struct ui_command *ui_command_find(const char *name)
{
	for (size_t i = 0; i < ui_nr_commands; i++)
		if (!strcmp(ui_commands[i].name, name))
			return &ui_commands[i];
	return NULL;
}

static const struct ui_option *option_by_name(const char *name, size_t len)
{
	for (size_t i = 0; i < UI_OPT_COUNT; i++)
		if (strlen(ui_options[i].name) == len && !memcmp(ui_options[i].name, name, len))
			return &ui_options[i];
	return NULL;
}

const struct ui_option *ui_option_find(const char *name, size_t len, const char **value)
{
	const struct ui_option *option;

	*value = "";
	for (size_t i = 0; i < ui_nr_aliases; i++) {
		if (strlen(ui_aliases[i].name) == len && !memcmp(ui_aliases[i].name, name, len)) {
			*value = ui_aliases[i].value;
			return option_by_name(ui_aliases[i].of, strlen(ui_aliases[i].of));
		}
	}
	option = option_by_name(name, len);
	if (option || len < 4 || memcmp(name, "no-", 3))
		return option;
	option = option_by_name(name + 3, len - 3);
	if (!option || option->kind != UI_KIND_SWITCH)
		return NULL;
	*value = "no";
	return option;
}

/* Keeps the name nearest to `word`, when it is near at all. */
struct nearest {
	const char *word, *name;
	unsigned distance;
};

static void nearer(struct nearest *n, const char *name)
{
	unsigned distance = ui_value_distance(n->word, name);
	size_t len = strlen(n->word);

	if (len > 2 && !strncmp(n->word, name, len))
		distance = 1; /* an abbreviation */
	if (distance < n->distance && distance <= (len < 6 ? 2 : len / 3)) {
		n->name = name;
		n->distance = distance;
	}
}

static const char *nearest_option(const struct ui_arguments *a, const char *word)
{
	struct nearest n = { word, NULL, 64 };

	for (size_t i = 0; i < UI_OPT_COUNT; i++)
		if (ui_options[i].group != UI_INTERNAL_BIT &&
		    (!a->command || a->command->takes >> ui_options[i].group & 1))
			nearer(&n, ui_options[i].name);
	for (size_t i = 0; i < ui_nr_aliases; i++)
		nearer(&n, ui_aliases[i].name);
	nearer(&n, "help");
	nearer(&n, "version");
	return n.name;
}

static enum xf_status unknown_option(struct cursor *c, const char *name, size_t len)
{
	char word[64] = "";
	const char *near;

	memcpy(word, name, len < sizeof(word) ? len : sizeof(word) - 1);
	near = nearest_option(c->out, word);
	if (near)
		return xf_fail(c->err, XF_INVALID, "unknown option --%.*s: did you mean --%s?",
			       shown(word), word, near);
	return xf_fail(c->err, XF_INVALID, "unknown option --%.*s: see 'xferdb%s%s --help'", shown(word),
		       word, c->out->command ? " " : "", c->out->command ? c->out->command->name : "");
}

static enum xf_status unknown_command(struct cursor *c, const char *word)
{
	struct nearest n = { word, NULL, 64 };

	for (size_t i = 0; i < ui_nr_commands; i++)
		nearer(&n, ui_commands[i].name);
	if (n.name)
		return xf_fail(c->err, XF_INVALID, "unknown command '%.*s': did you mean %s?", shown(word),
			       word, n.name);
	return xf_fail(c->err, XF_INVALID, "unknown command '%.*s': see 'xferdb --help'", shown(word), word);
}

/* ---- values */

static enum xf_status number_store(struct cursor *c, const struct ui_option *o, const char *text,
				   uint64_t *at)
{
	static const char *(*const parse[])(const char *, uint64_t *) = {
		[UI_KIND_COUNT] = ui_value_count, [UI_KIND_SIZE] = ui_value_size,
		[UI_KIND_RATE] = ui_value_rate, [UI_KIND_TIME] = ui_value_time,
	};
	const char *wrong = parse[o->kind](text, at);

	if (wrong)
		return xf_fail(c->err, XF_INVALID, "--%s: '%.*s' %s", c->name, shown(text), text, wrong);
	if (*at < o->min)
		return xf_fail(c->err, XF_INVALID, "--%s: '%.*s' is too small: at least %llu%s", c->name,
			       shown(text), text, (unsigned long long)o->min,
			       o->kind == UI_KIND_TIME ? " ns" : "");
	if (o->max && *at > o->max)
		return xf_fail(c->err, XF_INVALID, "--%s: '%.*s' is too large: at most %llu%s", c->name,
			       shown(text), text, (unsigned long long)o->max,
			       o->kind == UI_KIND_TIME ? " ns" : "");
	return XF_OK;
}

static enum xf_status bad_word(struct cursor *c, const struct ui_option *o, const char *word, size_t len)
{
	char choices[256] = "";
	size_t n = 0;

	for (const char *p = o->argument; *p && n + 4 < sizeof(choices); p++) {
		if (*p == '|')
			choices[n++] = ' ';
		choices[n++] = *p;
		if (*p == '|')
			choices[n++] = ' ';
	}
	return xf_fail(c->err, XF_INVALID, "--%s: '%.*s' is none of: %s", c->name,
		       (int)len < shown(word) ? (int)len : shown(word), word, choices);
}

static enum xf_status words_check(struct cursor *c, const struct ui_option *o, const char *text)
{
	for (const char *p = text;; p++) {
		size_t len = strcspn(p, ",");
		if (!ui_value_word(o->argument, p, len))
			return bad_word(c, o, p, len);
		p += len;
		if (!*p)
			return XF_OK;
	}
}

/* `--wait exit,result` is `result,exit`: a choice with a comma may be written in any order. */
static const char *word_canonical(const struct ui_option *o, const char *text)
{
	const char *comma = strchr(text, ',');
	static char turned[64];

	if (!comma || strlen(text) >= sizeof(turned) || ui_value_word(o->argument, text, strlen(text)))
		return text;
	memcpy(turned, comma + 1, strlen(comma + 1));
	turned[strlen(comma + 1)] = ',';
	memcpy(turned + strlen(comma + 1) + 1, text, (size_t)(comma - text));
	turned[strlen(text)] = '\0';
	return turned;
}

static enum xf_status list_add(struct cursor *c, struct ui_list *list, const char *text)
{
	const char **items = realloc(list->items, (list->nr_items + 1) * sizeof(*items));

	if (!items)
		return xf_fail(c->err, XF_NOMEM, "out of memory");
	items[list->nr_items++] = text;
	list->items = items;
	return XF_OK;
}

/* Moves a secret out of argv and leaves asterisks. */
static enum xf_status secret_take(struct cursor *c, char *text, char **at)
{
	char *copy = strdup(text);

	memset(text, '*', strlen(text));
	if (!copy)
		return xf_fail(c->err, XF_NOMEM, "out of memory");
	if (*at) {
		explicit_bzero(*at, strlen(*at));
		free(*at);
	}
	*at = copy;
	return XF_OK;
}

/* Header values, names and paths: nothing that could end a line or colour a terminal. */
static enum xf_status text_check(struct cursor *c, const struct ui_option *o, const char *text)
{
	for (const unsigned char *p = (const unsigned char *)text; *p; p++)
		if (iscntrl(*p))
			return xf_fail(c->err, XF_INVALID,
				       "--%s: the value contains a control character (0x%02x)", c->name, *p);
	if (!*text && o->kind != UI_KIND_OUTPUT)
		return xf_fail(c->err, XF_INVALID, "--%s: the value is empty", c->name);
	return XF_OK;
}

static enum xf_status switch_store(struct cursor *c, const char *text,
				   enum ui_switch *at)
{
	if (ui_value_word("|yes|true|on", text, strlen(text)))
		*at = UI_YES;
	else if (ui_value_word("no|false|off", text, strlen(text)))
		*at = UI_NO;
	else
		return xf_fail(c->err, XF_INVALID, "--%s: '%.*s' is neither yes nor no", c->name,
			       shown(text), text);
	return XF_OK;
}

static enum xf_status text_store(struct cursor *c, const struct ui_option *o, char *text, void *at)
{
	enum xf_status status;

	if (o->kind == UI_KIND_SECRET)
		return secret_take(c, text, at);
	status = text_check(c, o, text);
	if (status)
		return status;
	if (o->kind == UI_KIND_LIST)
		return list_add(c, at, text);
	if (o->kind == UI_KIND_WORDS)
		status = words_check(c, o, text);
	*(const char **)at = o->kind == UI_KIND_WORD ? word_canonical(o, text) : text;
	if (o->kind == UI_KIND_WORD && !ui_value_word(o->argument, *(const char **)at, strlen(*(const char **)at)))
		status = bad_word(c, o, text, strlen(text));
	return status;
}

static enum xf_status store(struct cursor *c, const struct ui_option *o, char *text)
{
	void *at = (char *)&c->out->settings + o->offset;

	c->out->settings.given[o->id] = true;
	switch (o->kind) {
	case UI_KIND_FLAG:
		*(bool *)at = true;
		return XF_OK;
	case UI_KIND_SWITCH:
		return switch_store(c, text, at);
	case UI_KIND_COUNT:
	case UI_KIND_SIZE:
	case UI_KIND_RATE:
	case UI_KIND_TIME:
		return number_store(c, o, text, at);
	default:
		return text_store(c, o, text, at);
	}
}

/* ---- words */

/* Implied words live here, NUL-terminated, as the rows' own text is not. */
static char words[UI_OPT_COUNT][16];

/* The argument of an option that needs one: behind `=`, behind its letter, or the next word. */
static enum xf_status argument_take(struct cursor *c, const struct ui_option *o, char **text)
{
	size_t implied_len;
	const char *implied = ui_option_implied(o, &implied_len);

	if (*text)
		return XF_OK;
	if (implied_len && (c->next == c->end || !ui_value_word(o->argument, *c->next, strlen(*c->next)))) {
		*text = words[o->id];
		memcpy(*text, implied, implied_len);
		return XF_OK;
	}
	if (c->next == c->end || !strncmp(*c->next, "--", 2))
		return xf_fail(c->err, XF_INVALID, "--%s needs a value: --%s %s", c->name, c->name, o->argument);
	*text = *c->next++;
	return XF_OK;
}

static enum xf_status option_apply(struct cursor *c, const struct ui_option *o, const char *own, char *text)
{
	enum xf_status status = XF_OK;
	bool bare = o->kind == UI_KIND_FLAG || (*own && o->kind != UI_KIND_SWITCH);

	c->spelled[o->id] = true;
	if (text && (bare || (*own && o->kind == UI_KIND_SWITCH)))
		return xf_fail(c->err, XF_INVALID, "--%s takes no value", c->name);
	if (*own)
		return store(c, o, (char *)(uintptr_t)own);
	if (o->kind == UI_KIND_FLAG || o->kind == UI_KIND_SWITCH || o->kind == UI_KIND_OUTPUT)
		return store(c, o, text ? text : words[UI_OPT_json]);
	status = argument_take(c, o, &text);
	return status ? status : store(c, o, text);
}

static bool is_general(struct ui_arguments *a, const char *name)
{
	if (!strcmp(name, "help"))
		return a->help = true;
	if (!strcmp(name, "version"))
		return a->version = true;
	if (!strcmp(name, "print-schema"))
		return a->schema = true;
	return false;
}

/* Where two rows bear one name, that of the command counts. */
static const struct ui_option *option_here(const struct ui_command *command, const struct ui_option *option)
{
	if (!command || !option || command->takes >> option->group & 1)
		return option;
	for (size_t i = 0; i < UI_OPT_COUNT; i++)
		if (!strcmp(ui_options[i].name, option->name) && command->takes >> ui_options[i].group & 1)
			return &ui_options[i];
	return option;
}

static enum xf_status long_option(struct cursor *c, char *word)
{
	size_t len = strcspn(word, "=");
	char *text = word[len] ? word + len + 1 : NULL;
	const char *own;
	const struct ui_option *option;

	if (!text && is_general(c->out, word))
		return XF_OK;
	option = option_here(c->out->command, ui_option_find(word, len, &own));
	snprintf(c->name, sizeof(c->name), "%.*s", (int)len, word);
	return option ? option_apply(c, option, own, text) : unknown_option(c, word, len);
}

static enum xf_status short_option(struct cursor *c, char *word)
{
	if (!strcmp(word, "h"))
		return c->out->help = true, XF_OK;
	if (!strcmp(word, "V"))
		return c->out->version = true, XF_OK;
	for (size_t i = 0; i < UI_OPT_COUNT; i++) {
		const struct ui_option *o = &ui_options[i];
		if (!o->letter || o->letter != word[0])
			continue;
		if (word[1] && o->kind == UI_KIND_FLAG)
			break;
		snprintf(c->name, sizeof(c->name), "%s", o->name);
		return option_apply(c, o, "", word[1] ? word + 1 : NULL);
	}
	return xf_fail(c->err, XF_INVALID, "unknown option -%.*s: see 'xferdb --help'", shown(word), word);
}

static enum xf_status operand(struct cursor *c, char *word)
{
	struct ui_arguments *a = c->out;

	if (!a->command) {
		a->command = ui_command_find(word);
		return a->command ? XF_OK : unknown_command(c, word);
	}
	a->operands[a->nr_operands++] = word;
	/* what follows `put` is ours again, wherever it stands */
	c->only_operands |= (a->command->flags & UI_PROGRAM) != 0 &&
			    !(a->command->takes & UI_TRANSFER && !strcmp(a->operands[0], "put"));
	return XF_OK;
}

static enum xf_status word_read(struct cursor *c)
{
	char *word = *c->next++;

	if (c->only_operands || word[0] != '-' || !word[1])
		return operand(c, word);
	if (word[1] != '-')
		return short_option(c, word + 1);
	if (word[2])
		return long_option(c, word + 2);
	c->out->dashes = c->only_operands = true;
	c->out->first_behind = c->out->nr_operands;
	return XF_OK;
}

/* ---- what fits together */

static enum xf_status options_belong(struct cursor *c)
{
	const struct ui_command *command = c->out->command;

	for (size_t i = 0; i < UI_OPT_COUNT; i++)
		if (c->spelled[i] && !(command->takes >> ui_options[i].group & 1))
			return xf_fail(c->err, XF_INVALID, "--%s means nothing to '%s': see 'xferdb %s --help'",
				       ui_options[i].name, command->name, command->name);
	return XF_OK;
}

static enum xf_status operands_belong(struct cursor *c)
{
	const struct ui_command *command = c->out->command;
	size_t given = c->out->nr_operands;

	if (given < (size_t)command->least)
		return xf_fail(c->err, XF_INVALID, "%s needs %s: xferdb %s %s", command->name,
			       given ? "more" : "operands", command->name, command->operands);
	if (command->most >= 0 && given > (size_t)command->most)
		return xf_fail(c->err, XF_INVALID, "%s takes %s%d operand%s, '%.*s' is one too many",
			       command->name, command->most ? "at most " : "", command->most,
			       command->most == 1 ? "" : "s", shown(c->out->operands[command->most]),
			       c->out->operands[command->most]);
	return XF_OK;
}

enum xf_status ui_arguments_parse(struct ui_arguments *arguments, int argc, char **argv,
				  struct xf_error *err)
{
	struct cursor c = { .next = argv + (argc > 0), .end = argv + argc, .out = arguments, .err = err };
	enum xf_status status = XF_OK;

	*arguments = (struct ui_arguments){ .program = argc > 0 ? argv[0] : "xferdb" };
	arguments->operands = calloc((size_t)argc + 1, sizeof(*arguments->operands));
	if (!arguments->operands)
		return xf_fail(err, XF_NOMEM, "out of memory");
	while (!status && c.next < c.end)
		status = word_read(&c);
	if (status || arguments->help || arguments->version || arguments->schema)
		return status;
	if (!arguments->command)
		return xf_fail(err, XF_INVALID, "no command: see 'xferdb --help'");
	status = options_belong(&c);
	return status ? status : operands_belong(&c);
}

void ui_arguments_fini(struct ui_arguments *arguments)
{
	ui_settings_fini(&arguments->settings);
	free(arguments->operands);
	arguments->operands = NULL;
}
