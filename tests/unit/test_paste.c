/* paste: command lines that can be given to a shell again, without their secrets. */
#include "tests/unit/t.h"

#include <stdlib.h>

#include "tui/command/paste.h"

static void pasted(const char *const *words, const char *expected, bool whole)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_int_equal(ui_paste_words(out, words), whole);
	fclose(out);
	assert_string_equal(text, expected);
	free(text);
}

#define WORDS(...) (const char *const[]){ __VA_ARGS__, NULL }

static void words_are_quoted_where_a_shell_needs_it(void **state)
{
	(void)state;
	pasted(WORDS("python3", "up load.py", "--size=5", "it's", ""), "python3 'up load.py' --size=5 'it'\\''s' ''", true);
	pasted(WORDS("sh", "-c", "a | b > \"$c\""), "sh -c 'a | b > \"$c\"'", true);
	pasted(WORDS("x", "a\033[1m"), "x $'a\\x1b[1m'", true);
	pasted(WORDS("aws", "s3", "cp", "f", "s3://bucket/key"), "aws s3 cp f s3://bucket/key", true);
}

static void secrets_are_left_out_whatever_holds_them(void **state)
{
	(void)state;
	pasted(WORDS("s3cmd", "--secret_key=abc", "--access_key", "def", "put"), "s3cmd --secret_key=... --access_key ... put", false);
	pasted(WORDS("env", "AWS_SECRET_ACCESS_KEY=a/b+c", "AWS_SESSION_TOKEN=x", "AWS_REGION=eu", "p"),
	       "env AWS_SECRET_ACCESS_KEY=... AWS_SESSION_TOKEN=... AWS_REGION=eu p", false);
	pasted(WORDS("curl", "-u", "me:pw", "-H", "Authorization: AWS4-HMAC-SHA256 Credential=x, Signature=y", "http://h/k"),
	       "curl -u ... -H 'Authorization: ...' http://h/k", false);
	pasted(WORDS("curl", "https://h/k?partNumber=1&X-Amz-Signature=beef&X-Amz-Date=1"),
	       "curl 'https://h/k?partNumber=1&X-Amz-Signature=...&X-Amz-Date=1'", false);
	pasted(WORDS("curl", "https://me:pw@h/k"), "curl https://...@h/k", false);
	pasted(WORDS("sh", "-c", "exec up --secret-key 'abc def' --token t k"), "sh -c 'exec up --secret-key '\\''...'\\'' --token ... k'", false);
	pasted(WORDS("up", "AKIAIOSFODNN7EXAMPLE"), "up ...", false);
}

static void what_is_no_secret_stays(void **state)
{
	(void)state;
	pasted(WORDS("up", "--key=a/b", "secrets.tar", "-v", "0123456789abcdef0123456789abcdef01234567"),
	       "up --key=a/b secrets.tar -v 0123456789abcdef0123456789abcdef01234567", true);
}

const struct CMUnitTest tests[] = {
	cmocka_unit_test(words_are_quoted_where_a_shell_needs_it),
	cmocka_unit_test(secrets_are_left_out_whatever_holds_them),
	cmocka_unit_test(what_is_no_secret_stays),
};

T_MAIN(tests)
