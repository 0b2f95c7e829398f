/* loads: a library (late.c) that waits, while it is loaded, for a thread of its own to be ready. */
#include <dlfcn.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	if (argc < 2 || !dlopen(argv[1], RTLD_NOW)) {
		fprintf(stderr, "%s\n", argc < 2 ? "loads LIBRARY" : dlerror());
		return 1;
	}
	puts("good");
	return 0;
}
