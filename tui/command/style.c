#include "tui/command/style.h"

#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ORDER tones */
static const struct {
	const char *colour, *glyph, *ascii;
} tones[UI_TONE_COUNT] = {
	[UI_PROOF] = { "\033[1;32m", "✔", "[+]" },
	[UI_WITNESS] = { "\033[1;35m", "✘", "[-]" },
	[UI_LUCK] = { "\033[1;33m", "≈", "[~]" },
	[UI_HANG] = { "\033[1;31m", "■", "[#]" },
	[UI_OPEN] = { "\033[1m", "?", "[?]" },
	[UI_BAD] = { "\033[31m", "!", "[!]" },
	[UI_DIM] = { "\033[2m", "·", "-" },
};

static bool colour_wanted(FILE *out)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(fileno(out)) && !(no_color && *no_color) && term && *term && strcmp(term, "dumb");
}

struct ui_style ui_style_for(FILE *out, const struct ui_settings *settings)
{
	return (struct ui_style){
		.colour = !settings->plain && colour_wanted(out),
		.utf8 = !settings->plain && !strcmp(nl_langinfo(CODESET), "UTF-8"),
	};
}

enum ui_tone ui_tone_of(enum tr_answer answer)
{
	static const enum ui_tone of[TR_ANSWER_COUNT] = {
		[TR_UNKNOWN] = UI_OPEN, [TR_NOT_RETURNED] = UI_HANG, [TR_BLOCKS_PARTLY] = UI_PROOF,
		[TR_DOES_NOT_BLOCK] = UI_WITNESS, [TR_BLOCKS] = UI_PROOF, [TR_UNPROVEN] = UI_LUCK,
	};

	return of[answer];
}

const char *ui_tone_begin(struct ui_style style, enum ui_tone tone)
{
	return style.colour ? tones[tone].colour : "";
}

const char *ui_tone_end(struct ui_style style)
{
	return style.colour ? "\033[0m" : "";
}

const char *ui_tone_mark(struct ui_style style, enum ui_tone tone)
{
	return style.utf8 ? tones[tone].glyph : tones[tone].ascii;
}

const char *ui_time_text(int64_t ns, char *buf, size_t cap)
{
	double s = (double)ns / 1e9;

	if (ns < 0)
		snprintf(buf, cap, "-");
	else if (ns < 1000000)
		snprintf(buf, cap, "%.0f us", s * 1e6);
	else if (ns < 10000000)
		snprintf(buf, cap, "%.1f ms", s * 1e3);
	else if (ns < 1000000000)
		snprintf(buf, cap, "%.0f ms", s * 1e3);
	else if (ns < 60000000000)
		snprintf(buf, cap, "%.2f s", s);
	else
		snprintf(buf, cap, "%lldm%02llds", (long long)(ns / 60000000000),
			 (long long)(ns / 1000000000 % 60));
	return buf;
}

const char *ui_size_text(uint64_t bytes, char *buf, size_t cap)
{
	static const char *const units[] = { "B", "KB", "MB", "GB", "TB", "PB" };
	double value = (double)bytes;
	unsigned u = 0;

	for (; value >= 1024 && u + 1 < sizeof(units) / sizeof(*units); u++)
		value /= 1024;
	snprintf(buf, cap, u ? "%.1f %s" : "%.0f %s", value, units[u]);
	return buf;
}
