#include "tui/command/options.h"

#include <stdlib.h>
#include <string.h>

#define COUNT(table) (sizeof(table) / sizeof(*(table)))

const struct ui_option ui_options[UI_OPT_COUNT] = {
#define UI_ALIAS(name, of, value)
#define UI_OPTION(kind_, member, name_, letter_, group_, argument_, min_, max_, standard_, sets_, sentence_) \
	[UI_OPT_##member] = { UI_OPT_##member, UI_KIND_##kind_, name_, letter_, UI_##group_##_BIT,         \
			      argument_, min_, max_, standard_, sets_, sentence_,                          \
			      offsetof(struct ui_settings, member) },
#include "tui/command/options.def"
#undef UI_OPTION
#undef UI_ALIAS
};

const struct ui_alias ui_aliases[] = {
#define UI_OPTION(...)
#define UI_ALIAS(name, of, value) { name, of, value },
#include "tui/command/options.def"
#undef UI_OPTION
#undef UI_ALIAS
};
const size_t ui_nr_aliases = COUNT(ui_aliases);

const struct ui_command ui_commands[] = {
#define UI_COMMAND(name, group, operands, least, most, summary, flags, takes, help)                \
	{ #name, UI_GROUP_##group, operands, least, most, summary, flags, takes, help, ui_##name##_run },
#include "tui/command/commands.def"
#undef UI_COMMAND
};
const size_t ui_nr_commands = COUNT(ui_commands);

const struct ui_exit_info ui_exits[] = {
#define UI_EXIT(name, number, when) { number, #name, when },
#include "tui/command/exits.def"
#undef UI_EXIT
};
const size_t ui_nr_exits = COUNT(ui_exits);

/* ORDER option groups */
static const struct {
	const char *word, *title;
} groups[UI_GROUP_COUNT] = {
	{ "endpoint", "Service and requests" },
	{ "transfer", "Transfer" },
	{ "resume", "Interrupted uploads" },
	{ "object", "Object" },
	{ "access", "Access to the object" },
	{ "read", "Version" },
	{ "leftovers", "Unfinished uploads" },
	{ "call", "The call on trial" },
	{ "local", "Endpoint for the run" },
	{ "fault", "Faults" },
	{ "record", "Recording" },
	{ "screen", "Screen" },
	{ "view", "Pictures" },
	{ "output", "Output" },
	{ "judge", "Judging" },
	{ "events", "Choosing events" },
	{ "all", "How much" },
	{ "serve", "Endpoint" },
	{ "demo", "Demo" },
	{ "file", "File" },
	{ "export", "Format" },
	{ "bundle", "Evidence" },
	{ "explain", "Predictions" },
	{ "program", "The program" },
	{ "prove", "The proof" },
	{ "chance", "Order" },
	{ "consent", "Questions" },
	{ "prompt", "The prompt" },
	{ "experiment", "The experiment" },
	{ "race", "The race" },
	{ "internal", "Internal" },
};

const char *ui_group_word(enum ui_group_bit group)
{
	return groups[group].word;
}

const char *ui_group_title(enum ui_group_bit group)
{
	return groups[group].title;
}

const char *ui_command_group_name(enum ui_command_group group)
{
	static const char *const names[UI_COMMAND_GROUPS] = { "Ask", "Look", "Lab" };

	return names[group];
}

const char *ui_option_implied(const struct ui_option *option, size_t *len)
{
	const char *open = option->kind == UI_KIND_WORD ? strrchr(option->sentence, '[') : NULL;

	*len = open ? strcspn(open + 1, "]") : 0;
	return open ? open + 1 : "";
}

static void list_fini(struct ui_list *list)
{
	free(list->items);
	*list = (struct ui_list){ 0 };
}

void ui_settings_fini(struct ui_settings *settings)
{
	for (size_t i = 0; i < UI_OPT_COUNT; i++) {
		char *at = (char *)settings + ui_options[i].offset;
		if (ui_options[i].kind == UI_KIND_LIST) {
			list_fini((struct ui_list *)at);
		} else if (ui_options[i].kind == UI_KIND_SECRET && *(char **)at) {
			explicit_bzero(*(char **)at, strlen(*(char **)at));
			free(*(char **)at);
			*(char **)at = NULL;
		}
	}
}
