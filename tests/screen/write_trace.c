/* write_trace: a trace file from the text form of tracer/trace/write.h: write_trace TEXT OUT */
#include <stdio.h>
#include <stdlib.h>

#include "tracer/trace/write.h"

int main(int argc, char **argv)
{
	static char text[1 << 20];
	struct xf_error err = XF_ERROR_INIT;
	void *bytes;
	size_t len;
	FILE *in = argc == 3 ? fopen(argv[1], "r") : NULL, *out;

	if (!in || !fread(text, 1, sizeof(text) - 1, in) || tr_write_text(text, &bytes, &len, &err)) {
		fprintf(stderr, "write_trace: %s\n", *err.message ? err.message : "usage: write_trace TEXT OUT");
		return 1;
	}
	out = fopen(argv[2], "w");
	if (!out || fwrite(bytes, 1, len, out) != len || fclose(out))
		return 1;
	fclose(in);
	free(bytes);
	return 0;
}
