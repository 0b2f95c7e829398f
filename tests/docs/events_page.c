/*
 * events_page: prints docs/events.md from the catalogue.
 *
 *     build/tests/events_page > docs/events.md
 *
 * A quick test compares the two, so that the page in the repository is the catalogue.
 */
#include <stdio.h>

#include "core/event/event.h"

/* ORDER field types */
static const struct {
	const char *name, *meaning;
} types[] = {
	[XF_TYPE_u64] = { "u64", "a number" },
	[XF_TYPE_u32] = { "u32", "a number" },
	[XF_TYPE_u16] = { "u16", "a number" },
	[XF_TYPE_u8] = { "u8", "a number" },
	[XF_TYPE_i64] = { "i64", "a signed number" },
	[XF_TYPE_i32] = { "i32", "a signed number" },
	[XF_TYPE_ns] = { "ns", "a length of time in nanoseconds" },
	[XF_TYPE_bytes] = { "bytes", "a size or an offset in bytes" },
	[XF_TYPE_text] = { "text", "a string" },
	[XF_TYPE_thread] = { "thread", "a thread: `main`, `submit-1`, `request-3`" },
	[XF_TYPE_object] = { "object", "a synchronisation object" },
	[XF_TYPE_addr] = { "addr", "an address in the program" },
	[XF_TYPE_class] = { "class", NULL },
	[XF_TYPE_state] = { "state", NULL },
	[XF_TYPE_how] = { "how", NULL },
	[XF_TYPE_op] = { "op", NULL },
	[XF_TYPE_flag] = { "flag", "`true` or `false`" },
};

/* ORDER event roles */
static const char *const roles[] = { "", "release", "acquire", "wait", "init", "destroy" };

/* Meta records serve readers and are never shown as events. */
static bool is_shown(const struct xf_kind_info *kind)
{
	return kind->group != XF_GROUP_META;
}

static void print_fields(const struct xf_kind_info *kind)
{
	for (unsigned i = 0; i < kind->nr_fields; i++)
		printf("%s`%s` %s", i ? ", " : "", kind->fields[i].name,
		       types[kind->fields[i].type].name);
}

static void print_group(enum xf_group group)
{
	printf("\n## %s\n\n| kind | role | what it says | fields |\n| --- | --- | --- | --- |\n",
	       xf_group_name(group));
	for (unsigned k = 1; k < XF_EV_COUNT; k++) {
		const struct xf_kind_info *kind = xf_kind_info(k);
		if (kind->group != group)
			continue;
		printf("| `%s` | %s | %s | ", kind->name, roles[kind->role], kind->summary);
		print_fields(kind);
		printf(" |\n");
	}
}

#define PRINT_WORDS(name, count)                                                                   \
	do {                                                                                       \
		printf("| %s | ", #name);                                                          \
		for (unsigned i_ = 0; i_ < (count); i_++)                                          \
			printf("%s`%s`", i_ ? " " : "", xf_##name##_name(i_));                     \
		printf(" |\n");                                                                    \
	} while (0)

static void print_types(void)
{
	printf("\n## Types of fields\n\n| type | values |\n| --- | --- |\n");
	for (unsigned i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (types[i].meaning)
			printf("| %s | %s |\n", types[i].name, types[i].meaning);
	PRINT_WORDS(class, XF_CLASS_COUNT);
	PRINT_WORDS(state, XF_STATE_COUNT);
	PRINT_WORDS(how, XF_HOW_COUNT);
	PRINT_WORDS(op, XF_OP_COUNT);
}

int main(void)
{
	unsigned shown = 0;
	for (unsigned k = 1; k < XF_EV_COUNT; k++)
		shown += is_shown(xf_kind_info(k));
	printf("# Events\n\n"
	       "Generated from `core/event/event.def` by `tests/docs/events_page.c`; trace layout %u, "
	       "%u kinds.\n\n"
	       "Every event also carries `seq`, `t_ns`, `thread`, `event` (its kind), `object` where "
	       "one is concerned,\nand the `file` and `line` it was recorded at. The names of fields "
	       "are those of JSON, filters,\nbreakpoints and exports.\n\n"
	       "A *release* is recorded before anybody can see it, an *acquire* after it succeeded; "
	       "a *wait* is the\nbegin of an acquire that may block.\n",
	       XF_TRACE_VERSION, shown);
	for (enum xf_group g = XF_GROUP_META + 1; g < XF_GROUP_COUNT; g++)
		print_group(g);
	print_types();
	return 0;
}
