/*
 * t_alloc: stands between our code and malloc by way of the linker's --wrap, which
 * redirects only the calls of objects linked here, not those inside libraries.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "tests/unit/t.h"

static _Thread_local struct {
	unsigned long left; /* until the one that fails; 0: none does */
	bool failed;
} t_alloc;

void t_fail_alloc(unsigned long n)
{
	t_alloc.left = n;
	t_alloc.failed = false;
}

bool t_alloc_failed(void)
{
	return t_alloc.failed;
}

unsigned long t_each_alloc_fails(bool (*body)(void *ctx), void *ctx)
{
	for (unsigned long n = 1;; n++) {
		t_fail_alloc(n);
		bool well = body(ctx);
		bool failed = t_alloc_failed();
		t_fail_alloc(0);
		if (!failed) {
			assert_true(well);
			return n;
		}
	}
}

static bool refuse(void)
{
	if (t_alloc.left == 0 || --t_alloc.left > 0)
		return false;
	t_alloc.failed = true;
	errno = ENOMEM;
	return true;
}

/* WRAP(result, name, parameters, arguments) */
#define WRAP(type, name, params, args)                                                             \
	type __real_##name params;                                                                 \
	type __wrap_##name params;                                                                 \
	type __wrap_##name params                                                                  \
	{                                                                                          \
		return refuse() ? NULL : __real_##name args;                                       \
	}

WRAP(void *, malloc, (size_t size), (size))
WRAP(void *, calloc, (size_t nr, size_t size), (nr, size))
WRAP(void *, realloc, (void *p, size_t size), (p, size))
WRAP(void *, aligned_alloc, (size_t align, size_t size), (align, size))
WRAP(char *, strdup, (const char *text), (text))
WRAP(char *, strndup, (const char *text, size_t len), (text, len))

int __wrap_vasprintf(char **out, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));
int __wrap_asprintf(char **out, const char *format, ...) __attribute__((format(printf, 2, 3)));
int __real_vasprintf(char **out, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));

int __wrap_vasprintf(char **out, const char *format, va_list args)
{
	return refuse() ? -1 : __real_vasprintf(out, format, args);
}

int __wrap_asprintf(char **out, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int len = __wrap_vasprintf(out, format, args);
	va_end(args);
	return len;
}
