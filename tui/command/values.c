#include "tui/command/values.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* A unit: `scale` is what one of it is worth. */
struct unit {
	const char *name;
	uint64_t scale;
};

static const struct unit size_units[] = {
	{ "", 1 }, { "b", 1 },
	{ "k", 1ull << 10 }, { "kb", 1ull << 10 }, { "kib", 1ull << 10 },
	{ "m", 1ull << 20 }, { "mb", 1ull << 20 }, { "mib", 1ull << 20 },
	{ "g", 1ull << 30 }, { "gb", 1ull << 30 }, { "gib", 1ull << 30 },
	{ "t", 1ull << 40 }, { "tb", 1ull << 40 }, { "tib", 1ull << 40 },
	{ NULL, 0 },
};

static const struct unit time_units[] = {
	{ "", 1000000000 }, { "ns", 1 }, { "us", 1000 }, { "ms", 1000000 }, { "s", 1000000000 },
	{ "m", 60000000000 }, { "min", 60000000000 }, { "h", 3600000000000 }, { NULL, 0 },
};

static const struct unit *unit_find(const struct unit *units, const char *name)
{
	for (; units->name; units++)
		if (!strcasecmp(units->name, name))
			return units;
	return NULL;
}

/* whole + digits/10^n, times scale. False: more than 64 bits, or not a whole number of what we count. */
static bool scaled(uint64_t whole, uint64_t digits, uint64_t tenth, uint64_t scale, uint64_t *out)
{
	unsigned __int128 value = (unsigned __int128)whole * scale;
	unsigned __int128 rest = (unsigned __int128)digits * scale;

	if (rest % tenth)
		return false;
	value += rest / tenth;
	if (value > UINT64_MAX)
		return false;
	*out = (uint64_t)value;
	return true;
}

/* Reads digits from *p on; false when there are none, or too many for 64 bits (then *p stands at a digit). */
static bool digits_read(const char **p, uint64_t *value)
{
	const char *start = *p;

	for (*value = 0; isdigit((unsigned char)**p); (*p)++)
		if (__builtin_mul_overflow(*value, 10, value) ||
		    __builtin_add_overflow(*value, (uint64_t)(**p - '0'), value))
			return false;
	return *p > start;
}

/* The digits behind a point: at most 18 of them. */
static bool fraction_read(const char **p, uint64_t *digits, uint64_t *tenth)
{
	const char *start = *p;

	if (!digits_read(p, digits) || *p - start > 18)
		return false;
	for (*tenth = 1; start < *p; start++)
		*tenth *= 10;
	return true;
}

enum parsed { PARSED, NOT_A_NUMBER, BAD_UNIT, BAD_VALUE };

static enum parsed quantity(const char *text, const struct unit *units, uint64_t *out)
{
	uint64_t whole, digits = 0, tenth = 1;
	const struct unit *unit;

	if (!digits_read(&text, &whole))
		return isdigit((unsigned char)*text) ? BAD_VALUE : NOT_A_NUMBER;
	if (*text == '.' && (text++, !fraction_read(&text, &digits, &tenth)))
		return NOT_A_NUMBER;
	unit = unit_find(units, text);
	if (!unit)
		return BAD_UNIT;
	return scaled(whole, digits, tenth, unit->scale, out) ? PARSED : BAD_VALUE;
}

const char *ui_value_size(const char *text, uint64_t *bytes)
{
	switch (quantity(text, size_units, bytes)) {
	case PARSED:
		return NULL;
	case BAD_VALUE:
		return "is not a whole number of bytes below 16 EiB";
	case BAD_UNIT:
		return "has a unit we do not know: write KB, MB, GB or TB (powers of two), or nothing for bytes";
	default:
		return "is not a size: write 8MB, 8MiB or 8388608";
	}
}

const char *ui_value_rate(const char *text, uint64_t *bytes_per_s)
{
	char size[64];
	size_t len = strlen(text);

	if (len > 2 && !strcmp(text + len - 2, "/s"))
		len -= 2;
	if (len >= sizeof(size))
		return "is not a rate: write 50MB or 50MB/s";
	memcpy(size, text, len);
	size[len] = '\0';
	if (len > 2 && size[len - 1] == 'b' && strchr("KMGT", size[len - 2]))
		return "looks like bits: write bytes a second, as in 50MB/s";
	return ui_value_size(size, bytes_per_s);
}

const char *ui_value_time(const char *text, uint64_t *ns)
{
	switch (quantity(text, time_units, ns)) {
	case PARSED:
		return NULL;
	case BAD_VALUE:
		return "is not a whole number of nanoseconds below 584 years";
	case BAD_UNIT:
		return "has a unit we do not know: write us, ms, s, m or h";
	default:
		return "is not a duration: write 20ms, 3s or 1m";
	}
}

const char *ui_value_count(const char *text, uint64_t *count)
{
	const char *p = text;

	if (!digits_read(&p, count))
		return isdigit((unsigned char)*p) ? "is too large a number" : "is not a whole number";
	return *p ? "is not a whole number" : NULL;
}

bool ui_value_word(const char *choices, const char *word, size_t len)
{
	for (const char *p = choices; *p;) {
		size_t n = strcspn(p, "|");
		if (n == len && !strncmp(p, word, len))
			return true;
		p += n + (p[n] == '|');
	}
	return false;
}

bool ui_value_listed(const char *list, const char *word)
{
	size_t len = strlen(word);

	for (const char *p = list; p && *p;) {
		size_t n = strcspn(p, ",");
		if (n == len && !strncmp(p, word, len))
			return true;
		p += n + (p[n] == ',');
	}
	return false;
}

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
	unsigned m = a < b ? a : b;
	return m < c ? m : c;
}

unsigned ui_value_distance(const char *a, const char *b)
{
	enum { CAP = 64 };
	size_t la = strlen(a), lb = strlen(b);
	unsigned rows[3][CAP];
	unsigned *before = rows[0], *last = rows[1], *now = rows[2];

	if (la >= CAP || lb >= CAP)
		return CAP;
	for (size_t j = 0; j <= lb; j++)
		last[j] = (unsigned)j;
	for (size_t i = 1; i <= la; i++) {
		now[0] = (unsigned)i;
		for (size_t j = 1; j <= lb; j++) {
			now[j] = min3(last[j] + 1, now[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    before[j - 2] + 1 < now[j])
				now[j] = before[j - 2] + 1;
		}
		unsigned *spare = before;
		before = last;
		last = now;
		now = spare;
	}
	return last[lb];
}
