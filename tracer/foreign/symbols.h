/*
 * symbols: names in ELF files: where one lies, which fit a pattern, which are near.
 *
 * A file's names are those it exports and, where it was not stripped, its own.
 * C++ names are compared as people write them when the C++ library is at hand to
 * demangle them ("Uploader::put" fits "Uploader::put(std::string)").
 */
#ifndef TR_FOREIGN_SYMBOLS_H
#define TR_FOREIGN_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/event/status.h"

enum { TR_SYMBOL_NAME = 256 };

struct tr_symbol {
	char name[TR_SYMBOL_NAME];      /* as linked */
	char readable[TR_SYMBOL_NAME];  /* demangled; the same where it is not C++ */
	uint64_t value, size;           /* address as linked */
	bool exported;                  /* others can call it by name */
	bool imported;                  /* it lies elsewhere; value is 0 */
};

/*
 * Where the symbol of that very name lies in the file, as linked, and from where
 * on the file's first mapping counts. False: not there, or no ELF file.
 */
bool tr_symbol_find(const char *path, const char *name, struct tr_symbol *symbol,
		    uint64_t *first_address);

struct tr_symbols {
	struct tr_symbol *found; /* functions that fit, nr of them */
	unsigned nr;
	char near[8][TR_SYMBOL_NAME]; /* when none fits: names that nearly do, best first */
	unsigned nr_near;
};

/*
 * The functions of a program, and of the libraries it is linked with, that fit
 * a pattern: a name, or a glob; of C++ names also without their parameters.
 * Errors: XF_NOT_FOUND (no such file), XF_FORMAT (no ELF file), XF_NOMEM.
 */
enum xf_status tr_symbols_match(const char *program, const char *pattern, struct tr_symbols *symbols,
				struct xf_error *err);
void tr_symbols_fini(struct tr_symbols *symbols);

/*
 * What the probe cannot find by itself: the functions that fit a "sym:" among
 * calls (NULL-terminated) and that the program does not export, for
 * XFERDB_SYMBOLS: "device inode value name", hexadecimal, a line each; inode and
 * device are the program's, since children inherit the variable.
 * Owns: the caller frees; NULL: there are none (or no memory).
 */
char *tr_symbols_environment(const char *program, const char *const *calls);

/* Does a name fit the pattern? readable may be mangled too. */
bool tr_symbol_fits(const char *pattern, const char *name, const char *readable);

/* How many letters must change to make b of a; stops counting at limit. */
unsigned tr_symbol_distance(const char *a, const char *b, unsigned limit);

#endif
