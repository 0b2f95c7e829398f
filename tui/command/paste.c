/*
 * paste: see paste.h. A word is searched for names of secrets, wherever they stand in it: what follows
 * such a name is left out up to the next blank, quote or `&`.
 */
#include "tui/command/paste.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define DOTS "..."

/* Parts of names, with `-` and `_` alike. A name ends where its value may begin. */
static const char *const secret_names[] = {
	"secret", "password", "passwd", "passphrase", "token", "credential", "signature", "authorization",
	"access-key", "accesskey", "api-key", "apikey", "sse-c-key", "customer-key", "private-key",
};
/* curl's, short: a name and a password in one word */
static const char *const secret_options[] = { "-u", "--user", "--proxy-user", "-U", "--oauth2-bearer" };


/* ---- names */

static bool is_name_char(char c)
{
	return isalnum((unsigned char)c) || c == '-' || c == '_';
}

static bool same_name(const char *name, size_t len, const char *part)
{
	if (strlen(part) > len)
		return false;
	for (size_t i = 0; part[i]; i++)
		if ((name[i] == '_' ? '-' : tolower((unsigned char)name[i])) != part[i])
			return false;
	return true;
}

/* "access-key" in "--aws_access_key_id" */
static bool names_a_secret(const char *name, size_t len)
{
	for (size_t at = 0; at < len; at++)
		for (size_t i = 0; i < sizeof(secret_names) / sizeof(*secret_names); i++)
			if (same_name(name + at, len - at, secret_names[i]))
				return true;
	return false;
}

/* An option whose value is the next word. */
static bool takes_a_secret(const char *word)
{
	for (size_t i = 0; i < sizeof(secret_options) / sizeof(*secret_options); i++)
		if (!strcmp(word, secret_options[i]))
			return true;
	return word[0] == '-' && word[strspn(word, "-")] && !word[strcspn(word, "=: ")] && names_a_secret(word, strlen(word));
}

/* An access key id, or 40 characters of a secret one. */
static bool is_a_key(const char *word, size_t len)
{
	bool upper = false, lower = false, digit = false;

	if (len == 20 && (!strncmp(word, "AKIA", 4) || !strncmp(word, "ASIA", 4)))
		return true;
	for (size_t i = 0; i < len; i++) {
		if (!isalnum((unsigned char)word[i]) && word[i] != '/' && word[i] != '+')
			return false;
		upper |= isupper((unsigned char)word[i]) != 0;
		lower |= islower((unsigned char)word[i]) != 0;
		digit |= isdigit((unsigned char)word[i]) != 0;
	}
	return len == 40 && upper && lower && digit;
}

/* ---- a word without its secrets */

/* "Authorization: AWS4-HMAC-SHA256 …" has blanks in it, and what stands in quotes may have. */
static const char *value_end(const char *value, bool header)
{
	if (value[-1] == '"')
		return value + strcspn(value, "\"");
	return value + strcspn(value, value[-1] == '\'' ? "'" : header ? "\"'" : " \t\n\"'&;,");
}

/* Where the value of the name that ends here begins; NULL: it has none in this word. */
static const char *value_of(const char *name, size_t len, bool is_option)
{
	const char *at = name + len;

	if (*at == '=' || *at == ':')
		at += 1 + strspn(at + 1, " ");
	else if (is_option && *at == ' ')
		at += strspn(at, " ");
	else
		return NULL;
	at += *at == '"' || *at == '\'';
	return *at ? at : NULL;
}

/* "//name:password@" : the end of the password, NULL: it is none. */
static const char *userinfo_end(const char *at)
{
	size_t len = strcspn(at, "/ \t\n\"'@");

	return at[len] == '@' && memchr(at, ':', len) ? at + len : NULL;
}

static void leave_out(FILE *out, bool *whole)
{
	fputs(DOTS, out);
	*whole = false;
}

/* One name or separator; returns how far it went. */
static const char *step(FILE *out, const char *word, const char *at, bool *whole)
{
	size_t len = 0;

	if (at > word + 1 && at[-1] == '/' && at[-2] == '/' && userinfo_end(at)) {
		leave_out(out, whole);
		return userinfo_end(at);
	}
	while (is_name_char(at[len]))
		len++;
	size_t key = strspn(at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/+");
	if (is_a_key(at, key)) {
		leave_out(out, whole);
		return at + key;
	}
	const char *value = len && names_a_secret(at, len) ? value_of(at, len, at[0] == '-') : NULL;
	if (value) {
		fwrite(at, 1, (size_t)(value - at), out);
		leave_out(out, whole);
		return value_end(value, same_name(at, len, "authorization"));
	}
	fwrite(at, 1, len ? len : 1, out);
	return at + (len ? len : 1);
}

static char *without_secrets(const char *word, bool *whole)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return NULL;
	for (const char *at = word; *at;)
		at = step(out, word, at, whole);
	fclose(out);
	return text;
}

/* ---- words for a shell */

static void put_control(FILE *out, const char *word)
{
	fputs("$'", out);
	for (; *word; word++)
		if (*word == '\'' || *word == '\\')
			fprintf(out, "\\%c", *word);
		else if (iscntrl((unsigned char)*word))
			fprintf(out, "\\x%02x", (unsigned char)*word);
		else
			fputc(*word, out);
	fputc('\'', out);
}

static bool has_control(const char *word)
{
	for (; *word; word++)
		if (iscntrl((unsigned char)*word) && *word != '\n' && *word != '\t')
			return true;
	return false;
}

void ui_paste_word(FILE *out, const char *word)
{
	if (*word && !word[strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_:.,/=+@%-")]) {
		fputs(word, out);
		return;
	}
	if (has_control(word)) {
		put_control(out, word);
		return;
	}
	fputc('\'', out);
	for (; *word; word++)
		*word == '\'' ? fputs("'\\''", out) : fputc(*word, out);
	fputc('\'', out);
}

bool ui_paste_words(FILE *out, const char *const *words)
{
	bool whole = true;

	for (const char *const *word = words; *word; word++) {
		char *text = word > words && takes_a_secret(word[-1]) ? NULL : without_secrets(*word, &whole);
		fputs(word > words ? " " : "", out);
		if (text)
			ui_paste_word(out, text);
		else
			leave_out(out, &whole);
		free(text);
	}
	return whole;
}
