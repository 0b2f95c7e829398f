#include "tui/screen/glyphs.h"

static const char *const glyphs[UI_GLYPH_COUNT][2] = { /* ASCII, UTF-8 */
	[UI_GLYPH_CALL_BEGIN] = { "[", "┣" }, [UI_GLYPH_CALL_END] = { "]", "┫" }, [UI_GLYPH_INSIDE] = { "_", "▁" },
	[UI_GLYPH_BARRIER] = { "!", "┃" }, [UI_GLYPH_VERTICAL] = { "|", "│" }, [UI_GLYPH_WAKE_FROM] = { "o", "●" },
	[UI_GLYPH_WAKE_UP] = { "^", "▲" }, [UI_GLYPH_WAKE_DOWN] = { "v", "▼" }, [UI_GLYPH_TICK] = { "'", "╵" },
	[UI_GLYPH_HERE] = { "V", "▼" }, [UI_GLYPH_RULE] = { "-", "─" }, [UI_GLYPH_CRUMB] = { ">", "›" },
	[UI_GLYPH_MORE] = { "+", "…" }, [UI_GLYPH_LIVE] = { ">", "▶" }, [UI_GLYPH_FROZEN] = { "=", "■" },
	[UI_GLYPH_RECORDED] = { "@", "●" }, [UI_GLYPH_DOT] = { "-", "·" }, [UI_GLYPH_ARROW] = { "->", "→" },
	[UI_GLYPH_GAUGE_FULL] = { "#", "█" }, [UI_GLYPH_GAUGE_EMPTY] = { ".", "░" },
	[UI_GLYPH_PASSED] = { "+", "✔" }, [UI_GLYPH_WAITING] = { ">", "▶" }, [UI_GLYPH_COMING] = { " ", "·" },
	[UI_GLYPH_TAG] = { "*", "◆" },
};

const char *ui_glyph(bool utf8, enum ui_glyph glyph)
{
	return glyphs[glyph][utf8];
}

/* ORDER thread activities */
static const struct {
	const char *ascii, *utf8, *word;
	enum ui_role role;
} activities[TR_ACTIVITY_COUNT] = {
	[TR_NOT_STARTED] = { " ", " ", "not started", UI_ROLE_DIM },
	[TR_RUNNING] = { "=", "━", "runs", UI_ROLE_RUN },
	[TR_READING] = { "r", "▒", "reads", UI_ROLE_READ },
	[TR_HASHING] = { "#", "▚", "hashes", UI_ROLE_HASH },
	[TR_CONNECTING] = { "c", "╌", "connects", UI_ROLE_CONNECT },
	[TR_SENDING] = { ">", "█", "sends", UI_ROLE_SEND },
	[TR_AWAITING_ANSWER] = { "?", "▄", "awaits answer", UI_ROLE_AWAIT },
	[TR_RECEIVING] = { "<", "▀", "receives", UI_ROLE_RECEIVE },
	[TR_WAITING] = { ".", "┈", "waits", UI_ROLE_WAIT },
	[TR_BACKING_OFF] = { "~", "~", "backs off", UI_ROLE_BACKOFF },
	[TR_SLEEPING] = { "z", "z", "sleeps", UI_ROLE_SLEEP },
	[TR_HELD] = { "H", "H", "held", UI_ROLE_HELD },
	[TR_STOPPED] = { "S", "S", "stopped", UI_ROLE_STOPPED },
	[TR_ENDED] = { " ", " ", "ended", UI_ROLE_DIM },
};

const char *ui_activity_glyph(bool utf8, enum tr_activity a)
{
	return utf8 ? activities[a].utf8 : activities[a].ascii;
}

enum ui_role ui_activity_role(enum tr_activity a)
{
	return activities[a].role;
}

const char *ui_activity_word(enum tr_activity a)
{
	return activities[a].word;
}

/* ORDER part states */
static const struct {
	const char *ascii, *utf8;
	enum ui_role role;
} phases[TR_PART_PHASE_COUNT] = {
	[TR_PART_UNKNOWN] = { " ", " ", UI_ROLE_DIM },
	[TR_PART_QUEUED] = { ".", "·", UI_ROLE_QUEUED },
	[TR_PART_STARTED] = { ">", "▶", UI_ROLE_SEND },
	[TR_PART_SENT] = { "?", "▄", UI_ROLE_AWAIT },
	[TR_PART_BACKOFF] = { "~", "~", UI_ROLE_BACKOFF },
	[TR_PART_DONE] = { "#", "█", UI_ROLE_DONE },
	[TR_PART_FAILED] = { "X", "✘", UI_ROLE_BAD },
	[TR_PART_SKIPPED] = { "-", "─", UI_ROLE_DIM },
};

const char *ui_part_glyph(bool utf8, enum tr_part_phase phase, bool held)
{
	return held ? "H" : utf8 ? phases[phase].utf8 : phases[phase].ascii;
}

enum ui_role ui_part_role(enum tr_part_phase phase, bool held)
{
	return held ? UI_ROLE_HELD : phases[phase].role;
}

const char *ui_level_glyph(bool utf8, int64_t level, int64_t most)
{
	static const char *const steps[2][8] = {
		{ "_", ".", ",", "-", "=", "+", "*", "#" }, { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" },
	};
	int64_t step = most > 0 ? level * 8 / (most + 1) : 0;

	return steps[utf8][level <= 0 ? 0 : step > 7 ? 7 : level > 0 && step == 0 ? 1 : step];
}
