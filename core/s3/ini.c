#include "core/s3/ini.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/s3/buf.h"

static const char space[] = " \t\r\v\f";

/* Offsets into the pool of strings; 0 is "". */
struct entry {
	size_t section, sub, key, value;
};

struct xf_ini {
	struct xf_buf pool;
	struct entry *entries;
	size_t nr_entries, cap_entries;
	size_t *sections;
	size_t nr_sections, cap_sections;
};

static const char *pooled(const struct xf_ini *ini, size_t at)
{
	return ini->pool.data + at;
}

static size_t pool_add(struct xf_ini *ini, const char *text, size_t len)
{
	size_t at = ini->pool.len;
	xf_buf_add(&ini->pool, text, len);
	xf_buf_char(&ini->pool, '\0');
	return at;
}

void xf_ini_free(struct xf_ini *ini)
{
	if (!ini)
		return;
	xf_buf_wipe(&ini->pool);
	free(ini->entries);
	free(ini->sections);
	free(ini);
}

/* ---- looking up */

static const struct entry *entry_find(const struct xf_ini *ini, const char *section, const char *sub,
				      const char *key)
{
	for (size_t i = 0; i < ini->nr_entries; i++) {
		const struct entry *e = &ini->entries[i];
		if (!strcmp(pooled(ini, e->section), section) && !strcmp(pooled(ini, e->sub), sub) &&
		    !strcmp(pooled(ini, e->key), key))
			return e;
	}
	return NULL;
}

const char *xf_ini_section(const struct xf_ini *ini, size_t index)
{
	return ini && index < ini->nr_sections ? pooled(ini, ini->sections[index]) : NULL;
}

bool xf_ini_has_section(const struct xf_ini *ini, const char *section)
{
	const char *name;
	for (size_t i = 0; (name = xf_ini_section(ini, i)); i++)
		if (!strcmp(name, section))
			return true;
	return false;
}

const char *xf_ini_get(const struct xf_ini *ini, const char *section, const char *sub,
		       const char *key)
{
	if (!xf_ini_has_section(ini, section))
		return NULL;
	const struct entry *e = entry_find(ini, section, sub ? sub : "", key);
	if (!e)
		e = entry_find(ini, "DEFAULT", sub ? sub : "", key);
	return e ? pooled(ini, e->value) : NULL;
}

/* ---- parsing */

struct parser {
	struct xf_ini *ini;
	const char *name;
	struct xf_error *err;
	unsigned line;
	size_t section;         /* in the pool; 0: none yet */
	size_t indent;          /* of the line that deeper ones continue */
	bool in_option;
	struct xf_buf key, value;
};

static enum xf_status bad(const struct parser *p, const char *what)
{
	return xf_fail(p->err, XF_FORMAT, "%s, line %u: %s", p->name, p->line, what);
}

static enum xf_status no_memory(const struct parser *p)
{
	return xf_fail(p->err, XF_NOMEM, "out of memory while reading %s", p->name);
}

static void trim(const char **text, size_t *len)
{
	while (*len && strchr(space, **text) && **text)
		++*text, --*len;
	while (*len && strchr(space, (*text)[*len - 1]) && (*text)[*len - 1])
		--*len;
}

/* Room for one more item; the arrays hold offsets, so nothing needs wiping. */
static bool array_grow(void **items, size_t nr, size_t *cap, size_t size)
{
	if (nr < *cap)
		return true;
	size_t wanted = *cap ? *cap * 2 : 16;
	void *grown = realloc(*items, wanted * size);
	if (!grown)
		return false;
	*items = grown;
	*cap = wanted;
	return true;
}

static enum xf_status entry_add(struct parser *p, const char *sub, const char *key, size_t key_len,
				const char *value, size_t value_len)
{
	struct xf_ini *ini = p->ini;
	if (!array_grow((void **)&ini->entries, ini->nr_entries, &ini->cap_entries, sizeof(*ini->entries)))
		return no_memory(p);
	struct entry e = { .section = p->section };
	e.sub = pool_add(ini, sub, strlen(sub));
	e.key = pool_add(ini, key, key_len);
	e.value = pool_add(ini, value, value_len);
	if (ini->pool.failed)
		return no_memory(p);
	ini->entries[ini->nr_entries++] = e;
	return XF_OK;
}

/* The lines of a nested value, "name = value" each; and the key itself, empty. */
static enum xf_status nested_add(struct parser *p)
{
	const char *text = p->value.data;
	enum xf_status status = entry_add(p, "", p->key.data, p->key.len, "", 0);
	while (*text && !status) {
		size_t len = strcspn(text, "\n");
		const char *line = text, *equals = memchr(text, '=', len);
		text += len + (text[len] == '\n');
		trim(&line, &len);
		if (!len)
			continue;
		if (!equals)
			return bad(p, "a nested setting above it has no '='");
		const char *value = equals + 1;
		size_t value_len = (size_t)(line + len - value);
		size_t key_len = (size_t)(equals - line);
		trim(&line, &key_len);
		trim(&value, &value_len);
		status = entry_add(p, p->key.data, line, key_len, value, value_len);
	}
	return status;
}

/* The option is complete: what follows does not continue it. */
static enum xf_status option_end(struct parser *p)
{
	if (!p->in_option)
		return XF_OK;
	p->in_option = false;
	if (p->key.failed || p->value.failed)
		return no_memory(p);
	const char *value = xf_buf_text(&p->value);
	size_t len = p->value.len;
	while (len && (value[len - 1] == '\n' || strchr(space, value[len - 1])))
		len--;
	if (len && *value == '\n')
		return nested_add(p);
	return entry_add(p, "", p->key.data, p->key.len, value, len);
}

static enum xf_status section_begin(struct parser *p, const char *text, size_t len)
{
	struct xf_ini *ini = p->ini;
	const char *end = memrchr(text, ']', len);
	enum xf_status status = option_end(p);
	if (status)
		return status;
	if (!end || end == text + 1)
		return bad(p, "a section's name does not end with ']'");
	p->section = pool_add(ini, text + 1, (size_t)(end - text - 1));
	if (ini->pool.failed ||
	    !array_grow((void **)&ini->sections, ini->nr_sections, &ini->cap_sections, sizeof(*ini->sections)))
		return no_memory(p);
	if (xf_ini_has_section(ini, pooled(ini, p->section)))
		return bad(p, "the section is there twice");
	ini->sections[ini->nr_sections++] = p->section;
	return XF_OK;
}

static enum xf_status option_begin(struct parser *p, const char *text, size_t len)
{
	enum xf_status status = option_end(p);
	if (status)
		return status;
	if (!p->section)
		return bad(p, "a setting stands before the first [section]");
	size_t key_len = 0;
	while (key_len < len && text[key_len] != '=' && text[key_len] != ':')
		key_len++;
	if (key_len == len || !key_len)
		return bad(p, "it is neither a [section] nor a setting, name = value");
	const char *value = text + key_len + 1;
	size_t value_len = len - key_len - 1;
	trim(&text, &key_len);
	trim(&value, &value_len);
	xf_buf_reset(&p->key);
	xf_buf_reset(&p->value);
	for (size_t i = 0; i < key_len; i++)
		xf_buf_char(&p->key, text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] | 32) : text[i]);
	xf_buf_add(&p->value, value, value_len);
	p->in_option = true;
	if (p->key.failed)
		return no_memory(p);
	const char *section = pooled(p->ini, p->section);
	return entry_find(p->ini, section, "", p->key.data) ? bad(p, "the setting is there twice") : XF_OK;
}

static enum xf_status line_parse(struct parser *p, const char *text, size_t len)
{
	size_t indent = 0;
	while (indent < len && strchr(space, text[indent]))
		indent++;
	trim(&text, &len);
	if (memchr(text, '\0', len))
		return bad(p, "it has a NUL character in it");
	if (!len || *text == '#' || *text == ';')
		return XF_OK;
	if (p->in_option && indent > p->indent) {
		xf_buf_char(&p->value, '\n');
		xf_buf_add(&p->value, text, len);
		return XF_OK;
	}
	p->indent = indent;
	return *text == '[' ? section_begin(p, text, len) : option_begin(p, text, len);
}

static enum xf_status parse(struct parser *p, const char *text, size_t len)
{
	enum xf_status status = XF_OK;
	if (len >= 3 && !memcmp(text, "\xef\xbb\xbf", 3)) /* a byte order mark, as editors on Windows write */
		text += 3, len -= 3;
	while (len && !status) {
		const char *end = memchr(text, '\n', len);
		size_t now = end ? (size_t)(end - text) : len;
		p->line++;
		status = line_parse(p, text, now);
		now += end != NULL;
		text += now;
		len -= now;
	}
	return status ? status : option_end(p);
}

enum xf_status xf_ini_parse(struct xf_ini **out, const char *text, size_t len, const char *name,
			    struct xf_error *err)
{
	struct parser p = { .ini = calloc(1, sizeof(*p.ini)), .name = name, .err = err };
	enum xf_status status = XF_NOMEM;
	*out = NULL;
	if (p.ini)
		pool_add(p.ini, "", 0);
	if (p.ini && !p.ini->pool.failed)
		status = parse(&p, text, len);
	xf_buf_wipe(&p.key);
	xf_buf_wipe(&p.value);
	if (status) {
		xf_ini_free(p.ini);
		return xf_fail(err, status, "out of memory while reading %s", name);
	}
	*out = p.ini;
	return XF_OK;
}
