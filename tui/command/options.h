/*
 * options: the tables of commands, options and exit statuses, and the settings
 * an invocation comes to. The rows stand in options.def, commands.def and
 * exits.def; everything that lists or parses options asks the tables here.
 */
#ifndef UI_COMMAND_OPTIONS_H
#define UI_COMMAND_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ORDER option kinds */
enum ui_kind {
	UI_KIND_FLAG, UI_KIND_SWITCH, UI_KIND_COUNT, UI_KIND_SIZE, UI_KIND_RATE, UI_KIND_TIME,
	UI_KIND_TEXT, UI_KIND_SECRET, UI_KIND_LIST, UI_KIND_WORD, UI_KIND_WORDS, UI_KIND_OUTPUT
};

/* ORDER option groups: a bit each; the order is that of help */
enum ui_group_bit {
	UI_ENDPOINT_BIT, UI_TRANSFER_BIT, UI_RESUME_BIT, UI_OBJECT_BIT, UI_ACCESS_BIT, UI_READ_BIT,
	UI_LEFTOVERS_BIT, UI_CALL_BIT, UI_LOCAL_BIT, UI_FAULT_BIT, UI_RECORD_BIT, UI_SCREEN_BIT,
	UI_VIEW_BIT, UI_OUTPUT_BIT, UI_JUDGE_BIT, UI_EVENTS_BIT, UI_ALL_BIT, UI_SERVE_BIT, UI_DEMO_BIT,
	UI_FILE_BIT, UI_EXPORT_BIT, UI_BUNDLE_BIT, UI_EXPLAIN_BIT,
	UI_PROGRAM_BIT, UI_PROVE_BIT, UI_CHANCE_BIT, UI_CONSENT_BIT, UI_PROMPT_BIT, UI_EXPERIMENT_BIT, UI_RACE_BIT, UI_INTERNAL_BIT, UI_GROUP_COUNT
};
enum {
	UI_ENDPOINT = 1 << UI_ENDPOINT_BIT, UI_TRANSFER = 1 << UI_TRANSFER_BIT,
	UI_RESUME = 1 << UI_RESUME_BIT, UI_ACCESS = 1 << UI_ACCESS_BIT, UI_READ = 1 << UI_READ_BIT,
	UI_LEFTOVERS = 1 << UI_LEFTOVERS_BIT,
	UI_OBJECT = 1 << UI_OBJECT_BIT, UI_CALL = 1 << UI_CALL_BIT, UI_LOCAL = 1 << UI_LOCAL_BIT,
	UI_FAULT = 1 << UI_FAULT_BIT, UI_RECORD = 1 << UI_RECORD_BIT | 1 << UI_FILE_BIT, /* what records writes a file */
	
	UI_SCREEN = 1 << UI_SCREEN_BIT, UI_VIEW = 1 << UI_VIEW_BIT, UI_OUTPUT = 1 << UI_OUTPUT_BIT,
	UI_JUDGE = 1 << UI_JUDGE_BIT, UI_EVENTS = 1 << UI_EVENTS_BIT, UI_ALL = 1 << UI_ALL_BIT, UI_SERVE = 1 << UI_SERVE_BIT,
	UI_FILE = 1 << UI_FILE_BIT, UI_EXPORT = 1 << UI_EXPORT_BIT,
	UI_BUNDLE = 1 << UI_BUNDLE_BIT, UI_EXPLAIN = 1 << UI_EXPLAIN_BIT,
	UI_DEMO = 1 << UI_DEMO_BIT, UI_WATCH = 1 << UI_PROGRAM_BIT, UI_PROVE = 1 << UI_PROVE_BIT,
	UI_CHANCE = 1 << UI_CHANCE_BIT, UI_CONSENT = 1 << UI_CONSENT_BIT, UI_PROMPT = 1 << UI_PROMPT_BIT,
	UI_EXPERIMENT = 1 << UI_EXPERIMENT_BIT, UI_RACE = 1 << UI_RACE_BIT, UI_INTERNAL = 1 << UI_INTERNAL_BIT,
};

/* A group's word ("transfer") and its heading in help ("Transfer"). */
const char *ui_group_word(enum ui_group_bit group);
const char *ui_group_title(enum ui_group_bit group);

/* The values of a repeatable option, in the order given. */
struct ui_list {
	const char **items;
	size_t nr_items;
};

enum ui_switch { UI_UNSET, UI_NO, UI_YES };

/* What a setting of each kind is kept as. */
typedef bool ui_t_FLAG;
typedef enum ui_switch ui_t_SWITCH;
typedef uint64_t ui_t_COUNT, ui_t_SIZE, ui_t_RATE, ui_t_TIME; /* TIME: ns */
typedef const char *ui_t_TEXT, *ui_t_SECRET, *ui_t_WORD, *ui_t_WORDS, *ui_t_OUTPUT;
typedef struct ui_list ui_t_LIST;

enum ui_option_id {
#define UI_OPTION(kind, member, ...) UI_OPT_##member,
#define UI_ALIAS(name, of, value)
#include "tui/command/options.def"
#undef UI_OPTION
	UI_OPT_COUNT
};

/*
 * The settings: one member a row, NULL, 0, false or empty until given. Texts are
 * borrowed from argv, but secrets and lists, which ui_settings_fini() frees.
 */
struct ui_settings {
#define UI_OPTION(kind, member, ...) ui_t_##kind member;
#include "tui/command/options.def"
#undef UI_OPTION
#undef UI_ALIAS
	bool given[UI_OPT_COUNT]; /* by enum ui_option_id */
};

void ui_settings_fini(struct ui_settings *settings);

struct ui_option {
	enum ui_option_id id;
	enum ui_kind kind;
	const char *name;
	char letter;              /* 0: none */
	enum ui_group_bit group;
	const char *argument;     /* its name in help; for words the choices */
	uint64_t min, max;        /* numbers only; both 0: any */
	const char *standard;     /* the default, in words */
	const char *sets;
	const char *sentence;
	size_t offset;            /* in struct ui_settings */
};

struct ui_alias {
	const char *name, *of, *value; /* value "": the alias takes the option's argument */
};

extern const struct ui_option ui_options[UI_OPT_COUNT];
extern const struct ui_alias ui_aliases[];
extern const size_t ui_nr_aliases;

/* What a bare WORD option stands for: the [x] at its sentence's end. Length 0: it needs an argument. */
const char *ui_option_implied(const struct ui_option *option, size_t *len);

enum ui_command_group { UI_GROUP_ASK, UI_GROUP_LOOK, UI_GROUP_LAB, UI_COMMAND_GROUPS };
enum { UI_PROGRAM = 1, UI_WHOLE = 2 };

struct ui_arguments;

/* A command. run returns the exit status. */
struct ui_command {
	const char *name;
	enum ui_command_group group;
	const char *operands;
	int least, most;          /* operands; most -1: any number */
	const char *summary;
	unsigned flags;
	unsigned takes;           /* groups of options, by bit */
	const char *help;
	int (*run)(struct ui_arguments *arguments);
};

#define UI_COMMAND(name, ...) int ui_##name##_run(struct ui_arguments *arguments);
#include "tui/command/commands.def"
#undef UI_COMMAND

extern const struct ui_command ui_commands[];
extern const size_t ui_nr_commands;

const char *ui_command_group_name(enum ui_command_group group);

/* Exit statuses: UI_EXIT_DONE, … */
enum ui_exit {
#define UI_EXIT(name, number, when) UI_EXIT_##name = (number),
#include "tui/command/exits.def"
#undef UI_EXIT
};

struct ui_exit_info {
	int number;
	const char *name, *when;
};

extern const struct ui_exit_info ui_exits[];
extern const size_t ui_nr_exits;

#endif
