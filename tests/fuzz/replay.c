/*
 * A fuzz target without a fuzzer: every seed as it is, cut short at every place,
 * and with bytes changed, dropped, doubled and copied about. The changes come from
 * a fixed seed, so that what fails once fails again.
 */
#include <dirent.h>
#include <sys/stat.h>

#include "fuzz.h"

enum {
	CHANGES = 400,       /* a seed */
	PREFIXES = 1024,     /* a seed longer than this is cut at that many places */
	SEED_MAX = 1 << 20,
};

static uint64_t random_state = 0x2545f4914f6cdd1du;

static uint64_t random_below(uint64_t limit)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return limit ? (random_state >> 11) % limit : 0;
}

/* In memory of exactly this size, so that a sanitizer sees a byte too many. */
static void try(const uint8_t *data, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);
	FUZZ_CHECK(copy);
	memcpy(copy, data, len);
	LLVMFuzzerTestOneInput(copy, len);
	free(copy);
}

static void try_prefixes(const uint8_t *data, size_t len)
{
	size_t step = len / PREFIXES + 1;
	for (size_t at = 0; at < len; at += step)
		try(data, at);
}

/* One small change in place; the length may shrink. */
static void change(uint8_t *data, size_t *len)
{
	static const char telling[] = "\0\n\r\t \"'<>&=:;[]{}%\\/-+,0\xff\x80";
	size_t at = random_below(*len), from = random_below(*len), n = random_below(*len - (at > from ? at : from)) + 1;
	switch (random_below(5)) {
	case 0:
		data[at] ^= (uint8_t)(1u << random_below(8));
		break;
	case 1:
		data[at] = (uint8_t)telling[random_below(sizeof(telling) - 1)];
		break;
	case 2:
		memmove(data + at, data + from, n);
		break;
	case 3:
		memmove(data + at, data + at + 1, *len - at - 1);
		*len -= 1;
		break;
	default:
		data[at] = (uint8_t)random_below(256);
	}
}

static void try_changes(const uint8_t *data, size_t len)
{
	uint8_t *copy = malloc(len);
	FUZZ_CHECK(copy);
	for (int i = 0; i < CHANGES; i++) {
		size_t now = len;
		memcpy(copy, data, len);
		for (uint64_t k = random_below(4) + 1; k && now > 1; k--)
			change(copy, &now);
		try(copy, now);
	}
	free(copy);
}

static void replay(const char *path)
{
	static uint8_t data[SEED_MAX];
	FILE *f = fopen(path, "rb");
	FUZZ_CHECK(f);
	size_t len = fread(data, 1, sizeof(data), f);
	FUZZ_CHECK(!ferror(f) && feof(f));
	fclose(f);
	try(data, len);
	if (!len)
		return;
	try_prefixes(data, len);
	try_changes(data, len);
}

int main(int argc, char **argv)
{
	struct dirent **names;
	int nr_seeds = 0;
	int n = argc == 2 ? scandir(argv[1], &names, NULL, alphasort) : -1;
	for (int i = 0; i < n; i++) {
		char path[4096];
		struct stat st;
		snprintf(path, sizeof(path), "%s/%s", argv[1], names[i]->d_name);
		if (!stat(path, &st) && S_ISREG(st.st_mode)) {
			replay(path);
			nr_seeds++;
		}
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	if (!nr_seeds)
		fprintf(stderr, "usage: replay FOLDER with at least one seed\n");
	return nr_seeds ? 0 : 2;
}
