/* where, up, down, args, retval, list, longlist, source. */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/debug/command.h"

/* ---- frames */

void tr_cmd_where(struct tr_session *s, const char *argument)
{
	struct tr_frame frames[TR_MAX_STACK];
	unsigned nr = tr_session_frames(s, s->thread, frames);
	(void)argument;
	for (unsigned i = nr; i-- > 0;)
		tr_session_show_frame(s, &frames[i], i == s->frame, i == 0);
	if (!nr)
		tr_complain(s, "No stack.");
}

static bool frame_count(struct tr_session *s, const char *argument, long *count)
{
	char *end;
	*count = *argument ? strtol(argument, &end, 10) : 1;
	if (*argument && *end) {
		tr_complain(s, "Invalid frame count (%s)", argument);
		return false;
	}
	return true;
}

static void show_selected(struct tr_session *s)
{
	struct tr_frame frame;
	s->list_next = 0;
	if (tr_session_frame(s, &frame))
		tr_session_show_frame(s, &frame, true, s->frame == 0);
}

void tr_cmd_up(struct tr_session *s, const char *argument)
{
	struct tr_frame frames[TR_MAX_STACK];
	unsigned nr = tr_session_frames(s, s->thread, frames);
	long count;
	if (s->frame + 1 >= nr) {
		tr_complain(s, "Oldest frame");
	} else if (frame_count(s, argument, &count)) {
		bool all = count < 0 || (unsigned long)count >= nr - s->frame;
		s->frame = all ? nr - 1 : s->frame + (unsigned)count;
		show_selected(s);
	}
}

void tr_cmd_down(struct tr_session *s, const char *argument)
{
	long count;
	if (!s->frame) {
		tr_complain(s, "Newest frame");
	} else if (frame_count(s, argument, &count)) {
		s->frame = count < 0 || count > (long)s->frame ? 0 : s->frame - (unsigned)count;
		show_selected(s);
	}
}

void tr_cmd_args(struct tr_session *s, const char *argument)
{
	struct tr_frame frame;
	struct tr_value v;
	char name[64], text[TR_SHOWN_MAX];
	(void)argument;
	if (!tr_session_frame(s, &frame))
		return;
	for (unsigned i = 0; tr_session_argument(s, &frame, i, name, &v); i++)
		tr_say(s, "%s = %s\n", name, tr_value_repr(s, &v, text, sizeof(text)));
}

void tr_cmd_retval(struct tr_session *s, const char *argument)
{
	struct tr_place place;
	(void)argument;
	if (!tr_session_place(s, s->thread, &place) || place.event.kind != XF_EV_frame_leave || s->frame) {
		tr_complain(s, "Not yet returned!");
		return;
	}
	const struct xf_ev_frame_leave *e = TR_PAYLOAD(&place.event, frame_leave);
	if (e->has_result)
		tr_say(s, "%" PRId64 "\n", e->result);
	else
		tr_say(s, "None\n");
}

/* ---- source */

/* ">>" stands where the first failure of the transfer was met. */
static bool failed_here(struct tr_session *s, const char *file, uint32_t line)
{
	for (uint32_t i = 0; s->state && i < s->state->nr_transfers; i++) {
		uint32_t event = s->state->transfers[i].fail_event;
		if (event == TR_NONE)
			continue;
		struct tr_event e = tr_log_event(s->log, event);
		struct tr_site site = tr_event_site(s->log, &e);
		if (site.line == line && strcmp(site.file, file) == 0)
			return true;
	}
	return false;
}

void tr_show_lines(struct tr_session *s, const struct tr_source *source, uint32_t first, uint32_t last)
{
	struct tr_frame frame = { .line = 0 };
	bool here = tr_session_frame(s, &frame) && strcmp(frame.site.file, source->file) == 0;
	const char *line;
	size_t len;
	for (uint32_t n = first ? first : 1; n <= last && (line = tr_source_line(source, n, &len)); n++) {
		const char *arrow = here && n == frame.line ? "->" : failed_here(s, source->file, n) ? ">>" : "";
		while (len && isspace((unsigned char)line[len - 1]))
			len--;
		tr_say(s, "%3u%s%c%s\t%.*s\n", n, n < 1000 ? " " : "",
		       tr_breaks_on(&s->breaks, source->file, n) ? 'B' : ' ', arrow, (int)len, line);
	}
}

static bool to_number(const char *text, uint32_t *n)
{
	char *end;
	while (isspace((unsigned char)*text))
		text++;
	unsigned long v = strtoul(text, &end, 10);
	while (isspace((unsigned char)*end))
		end++;
	*n = v < 100000000 ? (uint32_t)v : 100000000;
	return isdigit((unsigned char)*text) && !*end;
}

bool tr_parse_range(const char *text, struct tr_range *out)
{
	char first[32];
	const char *comma = strchr(text, ',');
	*out = (struct tr_range){ .around = strcmp(text, ".") == 0 };
	if (!*text || out->around)
		return true;
	out->given = true;
	if (!comma) {
		if (!to_number(text, &out->first))
			return false;
		out->first = out->first > 6 ? out->first - 5 : 1;
		out->last = out->first + 10;
		return true;
	}
	if (comma - text >= (long)sizeof(first))
		return false;
	snprintf(first, sizeof(first), "%.*s", (int)(comma - text), text);
	if (!to_number(first, &out->first) || !to_number(comma + 1, &out->last))
		return false;
	if (out->last < out->first) /* then it is a count, and count + 1 come: as pdb */
		out->last += out->first;
	return true;
}

static const struct tr_source *current_source(struct tr_session *s, struct tr_frame *frame)
{
	const struct tr_source *source = tr_session_frame(s, frame) ? tr_source_find(frame->site.file) : NULL;
	if (!source)
		tr_complain(s, "no source is known for this place");
	return source;
}

void tr_cmd_list(struct tr_session *s, const char *argument)
{
	struct tr_frame frame;
	struct tr_range range;
	const struct tr_source *source = current_source(s, &frame);
	snprintf(s->last_line, sizeof(s->last_line), "list");
	if (!source)
		return;
	if (!tr_parse_range(argument, &range)) {
		tr_complain(s, "Error in argument: '%s'", argument);
		return;
	}
	if (!range.given && (range.around || !s->list_next)) {
		range.first = frame.line > 6 ? frame.line - 5 : 1;
		range.last = range.first + 10;
	} else if (!range.given) {
		range.first = s->list_next;
		range.last = range.first + 10;
	}
	uint32_t nr = tr_source_nr_lines(source);
	tr_show_lines(s, source, range.first, range.last);
	s->list_next = (range.last < nr ? range.last : nr) + 1;
	if (nr < range.last)
		tr_say(s, "[EOF]\n");
}

void tr_cmd_longlist(struct tr_session *s, const char *argument)
{
	struct tr_frame frame;
	struct tr_extent extent;
	const struct tr_source *source = current_source(s, &frame);
	(void)argument;
	if (!source)
		return;
	if (tr_source_function(source, frame.line, &extent))
		tr_show_lines(s, source, extent.first, extent.last);
	else
		tr_complain(s, "could not get source code");
}

/* The file and lines of a function, by any of its sites, or by its text. */
static const struct tr_source *find_function(const char *name, struct tr_extent *extent)
{
	const struct tr_source *source;
	for (unsigned i = 0; i < xf_nr_sites(); i++) {
		const struct xf_site *site = &__start_xf_sites[i];
		if (strcmp(site->function, name) == 0 && (source = tr_source_find(site->file)) &&
		    tr_source_function(source, site->line, extent))
			return source;
	}
	for (unsigned i = 0; (source = tr_source_at(i)); i++)
		if (tr_source_named(source, name, extent))
			return source;
	return NULL;
}

void tr_cmd_source(struct tr_session *s, const char *argument)
{
	struct tr_extent extent;
	const struct tr_source *source = *argument ? find_function(argument, &extent) : NULL;
	enum xf_kind kind = xf_kind_find(argument);
	if (!*argument || strcmp(argument, "event") == 0) {
		tr_cmd_longlist(s, "");
	} else if (source) {
		tr_show_lines(s, source, extent.first, extent.last);
	} else if (kind != XF_EV_none) {
		for (unsigned i = 0; i < xf_nr_sites(); i++) {
			const struct xf_site *site = &__start_xf_sites[i];
			char text[256];
			if (site->kind == kind && tr_source_find(site->file))
				tr_say(s, "%s(%u)%s()\n-> %s\n", site->file, site->line, site->function,
				       tr_source_text(tr_source_find(site->file), site->line, text,
						      sizeof(text)));
		}
	} else {
		tr_complain(s, "NameError: name '%s' is not defined", argument);
	}
}
