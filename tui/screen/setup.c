#include "tui/screen/setup.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/command/style.h"

static const struct ui_theme *theme_for(const struct ui_settings *settings)
{
	const char *no_color = getenv("NO_COLOR");
	bool mono = settings->no_color || (no_color && *no_color);

	return ui_theme_find(mono ? "mono" : settings->theme ? settings->theme : "dark");
}

static char *file_read(const char *path)
{
	FILE *in = fopen(path, "re");
	char *text = in ? calloc(1, 65536) : NULL;

	if (text && fread(text, 1, 65535, in) == 0 && ferror(in)) {
		free(text);
		text = NULL;
	}
	if (in)
		fclose(in);
	return text;
}

static void keys_path(char *buf, size_t cap)
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

	if (config && *config == '/')
		snprintf(buf, cap, "%s/xferdb/keys", config);
	else
		snprintf(buf, cap, "%s/.config/xferdb/keys", home ? home : "");
}

enum xf_status ui_screen_keys(const struct ui_settings *settings, struct ui_keys *keys, struct xf_error *err)
{
	char path[4096];
	char *text;
	enum xf_status status = XF_OK;

	ui_keys_init(keys);
	if (settings->keymap)
		snprintf(path, sizeof(path), "%s", settings->keymap);
	else
		keys_path(path, sizeof(path));
	text = file_read(path);
	if (text)
		status = ui_keys_read(keys, text, path, err);
	else if (settings->keymap)
		status = xf_fail_errno(err, XF_NOT_FOUND, errno, "the key bindings %s cannot be read", path);
	free(text);
	return status;
}

/* A bare console has no font for our marks, whatever the locale says. */
static bool bare_console(void)
{
	static const char *const bare[] = { "linux", "vt100", "vt102", "vt220", "vt52", "ansi", "dumb", "cons25" };
	const char *term = getenv("TERM");

	for (size_t i = 0; term && i < sizeof(bare) / sizeof(*bare); i++)
		if (!strcmp(term, bare[i]))
			return true;
	return false;
}

void ui_screen_setup(struct ui_scene *s, const struct ui_settings *settings, FILE *out)
{
	struct xf_error err = XF_ERROR_INIT;

	ui_scene_init(s, theme_for(settings));
	s->utf8 = ui_style_for(out, settings).utf8 && !settings->no_unicode && (settings->snapshot || !bare_console());
	s->readonly = settings->readonly;
	if (ui_screen_keys(settings, &s->keys, &err))
		ui_scene_tell(s, "%s", err.message);
}
