#include "tracer/experiment/sweep.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/experiment/statistics.h"

/* ---- axes */

static void axis_fini(struct tr_axis *axis)
{
	for (unsigned i = 0; i < axis->nr_values; i++)
		free(axis->values[i]);
	free(axis->values);
	free(axis->name);
	*axis = (struct tr_axis){ 0 };
}

/* Takes value over. */
static enum xf_status value_add(struct tr_axis *axis, char *value, struct xf_error *err)
{
	enum xf_status status = XF_OK;
	char **values;

	if (!*value)
		status = xf_fail(err, XF_INVALID, "--sweep %.60s: a value is empty", axis->name);
	for (unsigned i = 0; i < axis->nr_values && !status; i++)
		if (!strcmp(axis->values[i], value))
			status = xf_fail(err, XF_INVALID, "--sweep %.60s: %.60s stands there twice", axis->name, value);
	values = status ? NULL : realloc(axis->values, (axis->nr_values + 1) * sizeof(*values));
	if (!values) {
		free(value);
		return status ? status : xf_fail(err, XF_NOMEM, "out of memory");
	}
	axis->values = values;
	values[axis->nr_values++] = value;
	return XF_OK;
}

/* The value at *text, which goes behind it. "\\," is a comma of the value's own. NULL: no memory. */
static char *value_take(const char **text)
{
	const char *p = *text;
	char *value = malloc(strlen(p) + 1);
	size_t len = 0;

	for (; value && *p && *p != ','; p++) {
		p += *p == '\\' && p[1] == ',';
		value[len++] = *p;
	}
	if (value)
		value[len] = '\0';
	*text = p;
	return value;
}

static enum xf_status values_add(struct tr_axis *axis, const char *values, struct xf_error *err)
{
	for (const char *p = values;; p++) {
		char *value = value_take(&p);
		enum xf_status status = value ? value_add(axis, value, err) : xf_fail(err, XF_NOMEM, "out of memory");
		if (status || !*p)
			return status;
	}
}

static enum xf_status axis_allowed(const struct tr_sweep *s, const char *name, struct xf_error *err)
{
	for (const unsigned char *p = (const unsigned char *)name; *p; p++)
		if (iscntrl(*p))
			return xf_fail(err, XF_INVALID, "--sweep: the name contains a control character (0x%02x)", *p);
	for (unsigned i = 0; i < s->nr_axes; i++)
		if (!strcmp(s->axes[i].name, name))
			return xf_fail(err, XF_INVALID, "%.60s is swept twice: put all its values into one list", name);
	if (s->nr_axes == TR_AXES_MAX)
		return xf_fail(err, XF_INVALID, "at most %d axes can be swept together", TR_AXES_MAX);
	return XF_OK;
}

enum xf_status tr_sweep_add_axis(struct tr_sweep *s, const char *name, const char *values, struct xf_error *err)
{
	struct tr_axis axis = { 0 };
	enum xf_status status = axis_allowed(s, name, err);

	if (status)
		return status;
	axis.name = strdup(name);
	status = axis.name ? values_add(&axis, values, err) : xf_fail(err, XF_NOMEM, "out of memory");
	if (!status && (uint64_t)(tr_sweep_cells(s) - 1 + !s->nr_axes) * axis.nr_values >= TR_CELLS_MAX)
		status = xf_fail(err, XF_INVALID, "the sweep has more than %d combinations", TR_CELLS_MAX - 1);
	if (status)
		axis_fini(&axis);
	else
		s->axes[s->nr_axes++] = axis;
	return status;
}

/* Where the values begin: behind the first '=', of a fault's rule behind the last. */
static const char *values_of(const char *text)
{
	const char *at = strncmp(text, "fault:", 6) ? strchr(text, '=') : strrchr(text, '=');

	return at ? at + 1 : NULL;
}

enum xf_status tr_sweep_add(struct tr_sweep *s, const char *text, struct xf_error *err)
{
	const char *values = values_of(text);
	enum xf_status status;
	char *name;

	if (!values || values == text + 1 || !*values)
		return xf_fail(err, XF_INVALID,
			       "--sweep %.60s: write NAME=VALUE,VALUE…, e.g. max-concurrency=1,2,4", text);
	name = strndup(text, (size_t)(values - text) - 1);
	status = name ? tr_sweep_add_axis(s, name, values, err) : xf_fail(err, XF_NOMEM, "out of memory");
	free(name);
	return status;
}

void tr_sweep_fini(struct tr_sweep *s)
{
	for (unsigned i = 0; i < s->nr_axes; i++)
		axis_fini(&s->axes[i]);
	s->nr_axes = 0;
}

/* ---- cells */

unsigned tr_sweep_cells(const struct tr_sweep *s)
{
	unsigned cells = s->nr_axes ? 1 : 0;

	for (unsigned i = 0; i < s->nr_axes; i++)
		cells *= s->axes[i].nr_values;
	return cells + 1;
}

unsigned tr_sweep_index(const struct tr_sweep *s, unsigned cell, unsigned axis)
{
	unsigned rest = cell - 1;

	for (unsigned i = s->nr_axes; i-- > axis + 1;)
		rest /= s->axes[i].nr_values;
	return rest % s->axes[axis].nr_values;
}

const char *tr_sweep_value(const struct tr_sweep *s, unsigned cell, unsigned axis)
{
	return cell ? s->axes[axis].values[tr_sweep_index(s, cell, axis)] : NULL;
}

unsigned tr_sweep_cell(const struct tr_sweep *s, const unsigned *indices)
{
	unsigned cell = 0;

	for (unsigned i = 0; i < s->nr_axes; i++)
		cell = cell * s->axes[i].nr_values + indices[i];
	return cell + 1;
}

const char *tr_sweep_label(const struct tr_sweep *s, unsigned cell, char *buf, size_t cap)
{
	size_t len = 0;

	snprintf(buf, cap, "control");
	for (unsigned i = 0; cell && i < s->nr_axes && len < cap; i++)
		len += (size_t)snprintf(buf + len, cap - len, "%s%s=%s", i ? " " : "", s->axes[i].name,
					tr_sweep_value(s, cell, i));
	return buf;
}

/* ---- order: Fisher and Yates */

void tr_sweep_order(uint64_t seed, unsigned round, unsigned cells, unsigned *order)
{
	struct tr_random random = { seed ^ (uint64_t)round * 0xd1342543de82ef95u };

	tr_random_next(&random);
	for (unsigned i = 0; i < cells; i++)
		order[i] = i;
	for (unsigned i = cells; i > 1; i--) {
		unsigned k = (unsigned)tr_random_below(&random, i);
		unsigned moved = order[k];
		order[k] = order[i - 1];
		order[i - 1] = moved;
	}
}

/* ---- axes as numbers */

/* A number with a unit, in the unit's base; false for a word. */
static bool number_of(const char *text, double *number)
{
	static const struct {
		const char *unit;
		double factor;
	} units[] = {
		{ "", 1 }, { "ns", 1e-9 }, { "us", 1e-6 }, { "ms", 1e-3 }, { "s", 1 }, { "m", 60 }, { "h", 3600 },
		{ "b", 1 }, { "kb", 1024 }, { "kib", 1024 }, { "mb", 1048576 }, { "mib", 1048576 },
		{ "gb", 1073741824 }, { "gib", 1073741824 }, { "kb/s", 1024 }, { "mb/s", 1048576 }, { "gb/s", 1073741824 },
	};
	char *end;

	*number = strtod(text, &end);
	for (size_t i = 0; end != text && i < sizeof(units) / sizeof(*units); i++)
		if (!strcasecmp(end, units[i].unit)) {
			*number *= units[i].factor;
			return true;
		}
	return false;
}

bool tr_axis_numeric(const struct tr_axis *axis)
{
	double before = 0, value;

	for (unsigned i = 0; i < axis->nr_values; i++) {
		if (!number_of(axis->values[i], &value) || (i && value <= before))
			return false;
		before = value;
	}
	return true;
}

bool tr_axis_circumstance(const struct tr_axis *axis)
{
	return !strcmp(axis->name, "latency") || !strcmp(axis->name, "bandwidth") || !strncmp(axis->name, "fault:", 6);
}

bool tr_sweep_alike(const struct tr_sweep *s, unsigned a, unsigned b)
{
	for (unsigned i = 0; i < s->nr_axes && a && b; i++)
		if (tr_axis_circumstance(&s->axes[i]) && tr_sweep_index(s, a, i) != tr_sweep_index(s, b, i))
			return false;
	return a && b;
}
