/*
 * embed: at build time, the source files named on the command line become a table
 * in C, so that the prompt can show the line at which a thread stands on any machine.
 *
 *     embed OUTPUT ROOT FILE…       names in the table are relative to ROOT
 */
#include <stdio.h>
#include <string.h>

static void put_char(FILE *out, int c)
{
	if (c == '"' || c == '\\' || c == '?')
		fprintf(out, "\\%c", c);
	else if (c == '\t')
		fputs("\\t", out);
	else if (c >= ' ' && c < 127)
		fputc(c, out);
	else
		fprintf(out, "\\%03o", c & 255);
}

static int embed(FILE *out, const char *root, const char *path)
{
	size_t len = strlen(root);
	const char *name = strncmp(path, root, len) == 0 ? path + len + 1 : path;
	FILE *in = fopen(path, "r");
	if (!in) {
		perror(path);
		return 1;
	}
	fprintf(out, "{ \"%s\",\n\"", name);
	for (int c; (c = fgetc(in)) != EOF;) {
		if (c == '\n')
			fputs("\\n\"\n\"", out);
		else
			put_char(out, c);
	}
	fputs("\" },\n", out);
	return fclose(in) != 0;
}

int main(int argc, char **argv)
{
	FILE *out = argc > 2 ? fopen(argv[1], "w") : NULL;
	int failed = !out;
	for (int i = 3; out && i < argc; i++)
		failed |= embed(out, argv[2], argv[i]);
	return (out && fclose(out)) || failed;
}
