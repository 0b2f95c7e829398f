#include "tui/command/schema.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "core/event/event.h"
#include "tui/command/options.h"

/* ---- the document's keys, as JSON Schema */

static const struct key {
	const char *command; /* whose document; "": the one of all that judge calls */
	const char *path, *type, *sentence;
} keys[] = {
#define UI_KEY(path, type, sentence) { "", path, type, sentence },
#include "tui/command/json.def"
#undef UI_KEY
#define UI_KEY_OF(command, path, type, sentence) { #command, path, type, sentence },
#include "tui/command/documents.def"
#undef UI_KEY_OF
};
enum { NR_KEYS = sizeof(keys) / sizeof(*keys) };

static json_t *object_schema(const char *sentence)
{
	json_t *schema = json_pack("{s:s, s:{}, s:[], s:b}", "type", "object", "properties", "required",
				   "additionalProperties", 0);

	if (sentence)
		json_object_set_new(schema, "description", json_string(sentence));
	return schema;
}

/* "string:a,b|null" as {"type":[…],"enum":[…]} */
static json_t *type_schema(const char *type, const char *sentence)
{
	json_t *types = json_array(), *words = NULL, *schema = json_object();
	size_t len;

	for (const char *p = type; *p; p += len + (p[len] == '|')) {
		size_t name = strcspn(p, ":|");
		len = strcspn(p, "|");
		json_array_append_new(types, json_stringn(p, name));
		for (const char *w = p + name; *w && w < p + len; w += 1 + strcspn(w + 1, ",|")) {
			words = words ? words : json_array();
			json_array_append_new(words, json_stringn(w + 1, strcspn(w + 1, ",|")));
		}
	}
	if (words && strstr(type, "|null"))
		json_array_append_new(words, json_null());
	json_object_set_new(schema, "description", json_string(sentence));
	if (json_array_size(types) == 1)
		json_object_set(schema, "type", json_array_get(types, 0));
	else
		json_object_set(schema, "type", types);
	json_decref(types);
	if (words)
		json_object_set_new(schema, "enum", words);
	return schema;
}

/* The schema the path's parent stands for, from the document's down; borrowed. */
static json_t *schema_parent(json_t *schema, const char **path)
{
	for (;;) {
		size_t len = strcspn(*path, ".");
		size_t name = len - (len > 2 && !strncmp(*path + len - 2, "[]", 2) ? 2 : 0);
		char key[64] = "";
		if (!(*path)[len])
			return schema;
		memcpy(key, *path, name);
		schema = json_object_get(json_object_get(schema, "properties"), key);
		if (name != len)
			schema = json_object_get(schema, "items");
		*path += len + 1;
	}
}

static void key_add(json_t *document, const struct key *key)
{
	const char *name = key->path;
	json_t *parent = schema_parent(document, &name), *schema = type_schema(key->type, key->sentence);
	bool array = !strncmp(key->type, "array", 5), object = !strncmp(key->type, "object", 6);
	size_t len = strlen(key->path);
	bool open = true; /* no key below it is listed: anything may be there */

	for (size_t i = 0; i < NR_KEYS; i++)
		if (!strcmp(keys[i].command, key->command) && !strncmp(keys[i].path, key->path, len) && strchr(".[", keys[i].path[len]) && keys[i].path[len])
			open = false;
	if (!open && array)
		json_object_set_new(schema, "items", object_schema(NULL));
	if (!open && object)
		json_object_update_new(schema, json_pack("{s:{}, s:[], s:b}", "properties", "required",
							 "additionalProperties", 0));
	json_object_set_new(json_object_get(parent, "properties"), name, schema);
	json_array_append_new(json_object_get(parent, "required"), json_string(name));
}

static json_t *document_schema(void)
{
	json_t *document = object_schema("what --json prints: one compact document, last");

	for (size_t i = 0; i < NR_KEYS; i++)
		if (!*keys[i].command)
			key_add(document, &keys[i]);
	return document;
}

/* Of the commands that judge no call, by name. */
static json_t *documents_schema(void)
{
	json_t *documents = json_object(), *document;

	for (size_t i = 0; i < NR_KEYS; i++) {
		if (!*keys[i].command)
			continue;
		document = json_object_get(documents, keys[i].command);
		if (!document) {
			document = object_schema("what --json prints, where it is a document of the command's own");
			json_object_set_new(documents, keys[i].command, document);
		}
		key_add(document, &keys[i]);
	}
	return documents;
}

/* ---- events, from the catalogue */

static json_t *words_schema(const char *(*word)(unsigned), unsigned count)
{
	json_t *words = json_array();

	for (unsigned i = 0; i < count; i++)
		json_array_append_new(words, json_string(word(i)));
	return json_pack("{s:s, s:o}", "type", "string", "enum", words);
}

static const char *class_word(unsigned i) { return xf_class_name((enum xf_class)i); }
static const char *state_word(unsigned i) { return xf_state_name((enum xf_state)i); }
static const char *how_word(unsigned i) { return xf_how_name((enum xf_how)i); }
static const char *op_word(unsigned i) { return xf_op_name((enum xf_op)i); }

static json_t *field_schema(enum xf_type type)
{
	switch (type) {
	case XF_TYPE_text:
	case XF_TYPE_thread:
	case XF_TYPE_object:
		return json_pack("{s:[s,s]}", "type", "string", "null");
	case XF_TYPE_class:
		return words_schema(class_word, XF_CLASS_COUNT);
	case XF_TYPE_state:
		return words_schema(state_word, XF_STATE_COUNT);
	case XF_TYPE_how:
		return words_schema(how_word, XF_HOW_COUNT);
	case XF_TYPE_op:
		return words_schema(op_word, XF_OP_COUNT);
	case XF_TYPE_flag:
		return json_pack("{s:s}", "type", "boolean");
	default:
		return json_pack("{s:s}", "type", "integer");
	}
}

static json_t *kind_schema(enum xf_kind kind)
{
	const struct xf_kind_info *info = xf_kind_info(kind);
	json_t *fields = json_object();

	for (unsigned i = 0; i < info->nr_fields; i++)
		json_object_set_new(fields, info->fields[i].name, field_schema(info->fields[i].type));
	return json_pack("{s:s, s:s, s:o}", "group", xf_group_name(info->group), "description",
			 info->summary, "fields", fields);
}

static json_t *events_schema(void)
{
	json_t *kinds = json_object();
	json_t *common = json_pack("{s:{s:s}, s:{s:s}, s:{s:[s,s]}, s:{s:s}, s:{s:[s,s]}, s:{s:[s,s]}, s:{s:[s,s]}}",
				   "seq", "type", "integer", "t_ns", "type", "integer",
				   "thread", "type", "string", "null", "event", "type", "string",
				   "object", "type", "string", "null", "file", "type", "string", "null",
				   "line", "type", "integer", "null");

	for (unsigned kind = 1; kind < XF_EV_COUNT; kind++)
		if (xf_kind_info(kind)->group != XF_GROUP_META)
			json_object_set_new(kinds, xf_kind_info(kind)->name, kind_schema(kind));
	return json_pack("{s:s, s:o, s:o}", "description",
			 "JSONL: one object a line; these keys, then the kind's own fields", "common",
			 common, "kinds", kinds);
}

/* ---- commands, options, exit statuses */

static const char *const kind_words[] = { /* ORDER option kinds */
	"flag", "switch", "count", "size", "rate", "duration", "text", "secret", "list", "word",
	"words", "output",
};

static void option_range(json_t *row, const struct ui_option *o)
{
	static const char *const units[] = {
		[UI_KIND_COUNT] = "", [UI_KIND_SIZE] = "bytes", [UI_KIND_RATE] = "bytes/s", [UI_KIND_TIME] = "ns",
	};

	if (o->kind < UI_KIND_COUNT || o->kind > UI_KIND_TIME)
		return;
	json_object_set_new(row, "unit", json_string(units[o->kind]));
	json_object_set_new(row, "min", json_integer((json_int_t)o->min));
	json_object_set_new(row, "max", o->max ? json_integer((json_int_t)o->max) : json_null());
}

static void option_words(json_t *row, const struct ui_option *o)
{
	json_t *words = json_array();

	for (const char *p = o->argument; *p;) {
		size_t len = strcspn(p, "|");
		json_array_append_new(words, json_stringn(p, len));
		p += len + (p[len] == '|');
	}
	json_object_set_new(row, "words", words);
}

static json_t *option_aliases(const struct ui_option *o)
{
	json_t *aliases = json_array();

	if (o->kind == UI_KIND_SWITCH) {
		char name[80];
		snprintf(name, sizeof(name), "no-%s", o->name);
		json_array_append_new(aliases, json_pack("{s:s, s:s}", "name", name, "value", "no"));
	}
	for (size_t i = 0; i < ui_nr_aliases; i++)
		if (!strcmp(ui_aliases[i].of, o->name))
			json_array_append_new(aliases,
					      *ui_aliases[i].value ?
					      json_pack("{s:s, s:s}", "name", ui_aliases[i].name, "value", ui_aliases[i].value) :
					      json_pack("{s:s, s:n}", "name", ui_aliases[i].name, "value"));
	return aliases;
}

static json_t *option_commands(const struct ui_option *o)
{
	json_t *commands = json_array();

	for (size_t i = 0; i < ui_nr_commands; i++)
		if (ui_commands[i].takes >> o->group & 1)
			json_array_append_new(commands, json_string(ui_commands[i].name));
	return commands;
}

static json_t *option_schema(const struct ui_option *o)
{
	char letter[2] = { o->letter, '\0' };
	size_t implied_len;
	const char *implied = ui_option_implied(o, &implied_len);
	json_t *row = json_pack("{s:s, s:s*, s:o, s:s, s:s, s:s*}", "name", o->name, "letter",
				o->letter ? letter : NULL, "aliases", option_aliases(o), "group",
				ui_group_word(o->group), "kind", kind_words[o->kind], "argument",
				*o->argument ? o->argument : NULL);

	option_range(row, o);
	if (o->kind == UI_KIND_WORD || o->kind == UI_KIND_WORDS)
		option_words(row, o);
	if (implied_len)
		json_object_set_new(row, "implied", json_stringn(implied, implied_len));
	json_object_set_new(row, "default", json_string(o->standard));
	if (*o->sets)
		json_object_set_new(row, "sets", json_string(o->sets));
	json_object_set_new(row, "description", json_string(o->sentence));
	json_object_set_new(row, "commands", option_commands(o));
	return row;
}

static json_t *command_options(const struct ui_command *command)
{
	json_t *options = json_array();

	for (size_t i = 0; i < UI_OPT_COUNT; i++)
		if (command->takes >> ui_options[i].group & 1 && ui_options[i].group != UI_INTERNAL_BIT)
			json_array_append_new(options, json_string(ui_options[i].name));
	return options;
}

static json_t *commands_schema(void)
{
	json_t *commands = json_array();

	for (size_t i = 0; i < ui_nr_commands; i++) {
		const struct ui_command *c = &ui_commands[i];
		json_array_append_new(commands,
				      json_pack("{s:s, s:s, s:s, s:s, s:s, s:o}", "name", c->name, "group",
						ui_command_group_name(c->group), "operands", c->operands,
						"summary", c->summary, "description", c->help, "options",
						command_options(c)));
	}
	return commands;
}

static json_t *options_schema(void)
{
	json_t *options = json_array();

	for (size_t i = 0; i < UI_OPT_COUNT; i++)
		if (ui_options[i].group != UI_INTERNAL_BIT)
			json_array_append_new(options, option_schema(&ui_options[i]));
	return options;
}

static json_t *groups_schema(void)
{
	json_t *groups = json_object();

	for (enum ui_group_bit g = 0; g < UI_INTERNAL_BIT; g++)
		json_object_set_new(groups, ui_group_word(g), json_string(ui_group_title(g)));
	return groups;
}

static json_t *exits_schema(void)
{
	json_t *exits = json_array();

	for (size_t i = 0; i < ui_nr_exits; i++)
		json_array_append_new(exits, json_pack("{s:i, s:s}", "status", ui_exits[i].number,
						       "when", ui_exits[i].when));
	return exits;
}

enum xf_status ui_schema_print(FILE *out, struct xf_error *err)
{
	json_t *schema = json_pack("{s:s, s:s, s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "$schema",
				   "https://json-schema.org/draft/2020-12/schema", "title",
				   "xferdb: commands, options, JSON, JSONL and exit statuses",
				   "trace_version", (int)XF_TRACE_VERSION, "commands", commands_schema(),
				   "option_groups", groups_schema(), "options", options_schema(),
				   "exit_statuses", exits_schema(), "document", document_schema(),
				   "documents", documents_schema(),
				   "events", events_schema());
	int failed = schema ? json_dumpf(schema, out, JSON_INDENT(1)) || fputc('\n', out) == EOF : 1;

	json_decref(schema);
	return failed ? xf_fail(err, XF_IO, "the schema could not be written") : XF_OK;
}
