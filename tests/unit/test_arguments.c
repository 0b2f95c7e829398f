/* arguments: command lines in, settings or one sentence out. */
#include "tests/unit/t.h"

#include "tui/command/arguments.h"

/* The commands themselves are not run here. */
#define UI_COMMAND(name, ...)                                                                      \
	int ui_##name##_run(struct ui_arguments *arguments)                                        \
	{                                                                                          \
		(void)arguments;                                                                   \
		return 0;                                                                          \
	}
#include "tui/command/commands.def"

enum { WORDS = 32 };

/* A command line, split at blanks, in memory that may be written to. */
struct line {
	char text[512];
	char *argv[WORDS];
	int argc;
	struct ui_arguments out;
	struct xf_error err;
	enum xf_status status;
};

static void parse(struct line *l, const char *text)
{
	static char program[] = "xferdb";

	*l = (struct line){ .argc = 1, .argv = { program } };
	snprintf(l->text, sizeof(l->text), "%s", text);
	for (char *word = strtok(l->text, " "); word; word = strtok(NULL, " "))
		l->argv[l->argc++] = word;
	l->status = ui_arguments_parse(&l->out, l->argc, l->argv, &l->err);
}

static void options_may_stand_anywhere(void **state)
{
	static const char *const lines[] = {
		"put --part-size 9MB a s3://b/k", "--part-size 9MB put a s3://b/k", "put a --part-size=9MB s3://b/k",
		"put a s3://b/k --multipart-chunksize 9437184", "--part-size=9MiB put a s3://b/k",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		struct line l;
		parse(&l, lines[i]);
		assert_int_equal(l.status, XF_OK);
		assert_string_equal(l.out.command->name, "put");
		assert_int_equal(l.out.settings.multipart_chunksize, 9 << 20);
		assert_int_equal(l.out.nr_operands, 2);
		assert_string_equal(l.out.operands[1], "s3://b/k");
		ui_arguments_fini(&l.out);
	}
}

static void aliases_and_negations_mean_their_option(void **state)
{
	struct line l;

	(void)state;
	parse(&l, "put a s3://b/k --no-threads --no-wait --concurrency 3 --no-verify");
	assert_int_equal(l.status, XF_OK);
	assert_int_equal(l.out.settings.use_threads, UI_NO);
	assert_string_equal(l.out.settings.wait, "none");
	assert_int_equal(l.out.settings.max_concurrency, 3);
	assert_int_equal(l.out.settings.verify, UI_NO);
	assert_int_equal(l.out.settings.tui, UI_UNSET);
	ui_arguments_fini(&l.out);
	parse(&l, "put a s3://b/k --no-threads --use-threads");
	assert_int_equal(l.out.settings.use_threads, UI_YES);
	ui_arguments_fini(&l.out);
	parse(&l, "put a s3://b/k --wait exit,result");
	assert_string_equal(l.out.settings.wait, "result,exit");
	ui_arguments_fini(&l.out);
}

static void two_dashes_end_the_options(void **state)
{
	struct line l;

	(void)state;
	parse(&l, "put -- --json s3://b/k");
	assert_int_equal(l.status, XF_OK);
	assert_string_equal(l.out.operands[0], "--json");
	assert_null(l.out.settings.json);
	ui_arguments_fini(&l.out);
	parse(&l, "put - s3://b/k");
	assert_string_equal(l.out.operands[0], "-");
	ui_arguments_fini(&l.out);
}

static void json_takes_a_file_only_behind_an_equals_sign(void **state)
{
	struct line l;

	(void)state;
	parse(&l, "put --json a s3://b/k");
	assert_string_equal(l.out.settings.json, "");
	assert_int_equal(l.out.nr_operands, 2);
	ui_arguments_fini(&l.out);
	parse(&l, "put --json=v.json a s3://b/k");
	assert_string_equal(l.out.settings.json, "v.json");
	ui_arguments_fini(&l.out);
}

static void bare_words_mean_what_they_imply(void **state)
{
	struct line l;

	(void)state;
	parse(&l, "put --sse a s3://b/k --request-payer");
	assert_int_equal(l.status, XF_OK);
	assert_string_equal(l.out.settings.sse, "AES256");
	assert_string_equal(l.out.settings.request_payer, "requester");
	ui_arguments_fini(&l.out);
	parse(&l, "put --sse aws:kms a s3://b/k");
	assert_string_equal(l.out.settings.sse, "aws:kms");
	ui_arguments_fini(&l.out);
}

static void lists_keep_their_order(void **state)
{
	struct line l;

	(void)state;
	parse(&l, "put --metadata a=1 --metadata b=2 a s3://b/k");
	assert_int_equal(l.out.settings.metadata.nr_items, 2);
	assert_string_equal(l.out.settings.metadata.items[0], "a=1");
	assert_string_equal(l.out.settings.metadata.items[1], "b=2");
	ui_arguments_fini(&l.out);
}

static void a_secret_leaves_the_command_line(void **state)
{
	struct line l;

	(void)state;
	parse(&l, "put --sse-c-key CANARY a s3://b/k");
	assert_string_equal(l.out.settings.sse_c_key, "CANARY");
	assert_string_equal(l.argv[3], "******");
	ui_arguments_fini(&l.out);
	parse(&l, "put --sse-c-key=CANARY a s3://b/k");
	assert_string_equal(l.argv[2], "--sse-c-key=******");
	ui_arguments_fini(&l.out);
}

/* Each is one sentence that contains the words behind it. */
static void bad_input_is_one_clear_sentence(void **state)
{
	static const struct {
		const char *line, *says;
	} bad[] = {
		{ "", "no command" },
		{ "putt a b", "did you mean put?" },
		{ "frobnicate", "unknown command 'frobnicate'" },
		{ "put", "put needs operands" },
		{ "put a", "put needs more" },
		{ "verdict a b", "'b' is one too many" },
		{ "serve a", "one too many" },
		{ "put --part-sise 8MB a b", "unknown option --part-sise: did you mean --part-size?" },
		{ "put --jsn a b", "did you mean --json?" },
		{ "put --zzzzzzzz a b", "see 'xferdb put --help'" },
		{ "put -z a b", "unknown option -z" },
		{ "put --part-size", "--part-size needs a value" },
		{ "put --part-size --json a b", "--part-size needs a value" },
		{ "put --part-size 8XB a b", "has a unit we do not know" },
		{ "put --part-size= a b", "is not a size" },
		{ "put --part-size 0 a b", "too small" },
		{ "put --part-size 99999999TB a b", "--part-size" },
		{ "put --concurrency 0 a b", "at least 1" },
		{ "put --concurrency 1001 a b", "at most 1000" },
		{ "put --concurrency -3 a b", "is not a whole number" },
		{ "put --concurrency 3.5 a b", "is not a whole number" },
		{ "put --max-bandwidth 8Mb a b", "looks like bits" },
		{ "put --linger soon a b", "is not a duration" },
		{ "put --linger 5d a b", "a unit we do not know" },
		{ "put --wait both a b", "result,exit | result | exit | none" },
		{ "put --no-wait=none a b", "--no-wait takes no value" },
		{ "put --no-threads=1 a b", "--no-threads takes no value" },
		{ "put --quiet=1 a b", "--quiet takes no value" },
		{ "put --use-threads=maybe a b", "neither yes nor no" },
		{ "put --no-json a b", "unknown option --no-json" },
		{ "put --expect blocks,stord a b", "'stord' is none of" },
		{ "put --expect , a b", "is none of" },
		{ "put --retry-mode adaptive a b", "legacy | standard" },
		{ "put --if-none-match etag a b", "--if-none-match" },
		{ "put --port 80 a b", "--port means nothing to 'put'" },
		{ "--port 80 verdict", "--port means nothing to 'verdict'" },
		{ "demo --expect blocks", "--expect means nothing to 'demo'" },
		{ "serve --port 70000", "at most 65535" },
		{ "put --content-type= a b", "the value is empty" },
		{ "put --acl \033[31mred a b", "control character (0x1b)" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct line l;
		parse(&l, bad[i].line);
		if (l.status != XF_INVALID || !strstr(l.err.message, bad[i].says) || strchr(l.err.message, '\n'))
			fail_msg("'%s': status %d, \"%s\"; expected \"%s\"", bad[i].line, l.status, l.err.message,
				 bad[i].says);
		ui_arguments_fini(&l.out);
	}
}

static void a_presigned_query_is_not_repeated(void **state)
{
	struct line l;

	(void)state;
	parse(&l, "https://b.s3.amazonaws.com/k?X-Amz-Signature=CANARY");
	assert_int_equal(l.status, XF_INVALID);
	assert_null(strstr(l.err.message, "CANARY"));
	ui_arguments_fini(&l.out);
	parse(&l, "verdict a https://b/k?X-Amz-Signature=CANARY");
	assert_null(strstr(l.err.message, "CANARY"));
	ui_arguments_fini(&l.out);
}

static void help_needs_no_operands(void **state)
{
	struct line l;

	(void)state;
	parse(&l, "put --help");
	assert_int_equal(l.status, XF_OK);
	assert_true(l.out.help);
	ui_arguments_fini(&l.out);
	parse(&l, "--version");
	assert_true(l.out.version);
	ui_arguments_fini(&l.out);
}

static void every_row_is_sound(void **state)
{
	(void)state;
	for (size_t i = 0; i < UI_OPT_COUNT; i++) {
		const struct ui_option *o = &ui_options[i];
		const char *own;
		const struct ui_option *found = ui_option_find(o->name, strlen(o->name), &own);
		assert_string_equal(found->name, o->name);
		for (size_t c = 0; found != o && c < ui_nr_commands; c++) /* no command takes both */
			assert_false(ui_commands[c].takes >> found->group & ui_commands[c].takes >> o->group & 1);
		assert_true(*o->sentence && *o->standard);
		assert_true(o->kind == UI_KIND_FLAG || o->kind == UI_KIND_SWITCH ? !*o->argument : *o->argument);
		assert_true(!o->max || o->min <= o->max);
	}
	for (size_t i = 0; i < ui_nr_aliases; i++) {
		const char *own;
		assert_non_null(ui_option_find(ui_aliases[i].name, strlen(ui_aliases[i].name), &own));
		assert_string_equal(own, ui_aliases[i].value);
	}
}

static void a_name_of_two_rows_means_that_of_the_command(void **state)
{
	struct line l;

	(void)state;
	parse(&l, "view --mode csv a.xft");
	assert_int_equal(l.status, XF_OK);
	assert_string_equal(l.out.settings.view_mode, "csv");
	assert_null(l.out.settings.mode);
	ui_arguments_fini(&l.out);
	parse(&l, "race --mode lock-free");
	assert_int_equal(l.status, XF_OK);
	assert_string_equal(l.out.settings.mode, "lock-free");
	ui_arguments_fini(&l.out);
}

static void no_memory_is_an_error(void **state)
{
	(void)state;
	for (unsigned long n = 1; n < 10; n++) {
		struct line l;
		bool failed;
		t_fail_alloc(n);
		parse(&l, "put --metadata a=1 --metadata b=2 --sse-c-key SECRET a s3://b/k");
		failed = t_alloc_failed();
		t_fail_alloc(0);
		assert_int_equal(l.status, failed ? XF_NOMEM : XF_OK);
		ui_arguments_fini(&l.out);
	}
}

const struct CMUnitTest tests[] = {
	cmocka_unit_test(options_may_stand_anywhere),
	cmocka_unit_test(aliases_and_negations_mean_their_option),
	cmocka_unit_test(two_dashes_end_the_options),
	cmocka_unit_test(json_takes_a_file_only_behind_an_equals_sign),
	cmocka_unit_test(bare_words_mean_what_they_imply),
	cmocka_unit_test(lists_keep_their_order),
	cmocka_unit_test(a_secret_leaves_the_command_line),
	cmocka_unit_test(bad_input_is_one_clear_sentence),
	cmocka_unit_test(a_presigned_query_is_not_repeated),
	cmocka_unit_test(help_needs_no_operands),
	cmocka_unit_test(every_row_is_sound),
	cmocka_unit_test(a_name_of_two_rows_means_that_of_the_command),
	cmocka_unit_test(no_memory_is_an_error),
};

T_MAIN(tests)
