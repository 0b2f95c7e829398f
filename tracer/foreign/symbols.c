#include "tracer/foreign/symbols.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_LIBRARIES = 64, NEAR_LIMIT = 4 };

/* ---- C++ */

typedef char *(*demangle_fn)(const char *, char *, size_t *, int *);

/* The C++ library's own; not linked, since only C++ programs need it. */
static demangle_fn demangler(void)
{
	static demangle_fn demangle;
	static bool tried;

	if (!tried) {
		void *library = dlopen("libstdc++.so.6", RTLD_LAZY | RTLD_LOCAL);
		demangle = library ? (demangle_fn)dlsym(library, "__cxa_demangle") : NULL;
		tried = true;
	}
	return demangle;
}

static void make_readable(struct tr_symbol *s)
{
	demangle_fn demangle = strncmp(s->name, "_Z", 2) == 0 ? demangler() : NULL;
	char *text = demangle ? demangle(s->name, NULL, NULL, NULL) : NULL;

	snprintf(s->readable, sizeof(s->readable), "%s", text ? text : s->name);
	free(text);
}

/* "a::b(int)" without its parameters and template arguments at the end. */
static void without_parameters(const char *readable, char *to, size_t cap)
{
	size_t len = strcspn(readable, "(");

	snprintf(to, cap, "%.*s", (int)(len ? len : strlen(readable)), readable);
}

bool tr_symbol_fits(const char *pattern, const char *name, const char *readable)
{
	char bare[TR_SYMBOL_NAME];

	without_parameters(readable, bare, sizeof(bare));
	return fnmatch(pattern, name, 0) == 0 || fnmatch(pattern, readable, 0) == 0 ||
	       fnmatch(pattern, bare, 0) == 0;
}

unsigned tr_symbol_distance(const char *a, const char *b, unsigned limit)
{
	enum { LONGEST = 128 };
	unsigned row[LONGEST + 1];
	size_t la = strnlen(a, LONGEST), lb = strnlen(b, LONGEST);

	if ((la > lb ? la - lb : lb - la) >= limit)
		return limit;
	for (size_t j = 0; j <= lb; j++)
		row[j] = (unsigned)j;
	for (size_t i = 1; i <= la; i++) {
		unsigned diagonal = row[0];
		row[0] = (unsigned)i;
		for (size_t j = 1; j <= lb; j++) {
			unsigned above = row[j], best = diagonal + (a[i - 1] != b[j - 1]);
			best = above + 1 < best ? above + 1 : best;
			best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
			diagonal = above;
			row[j] = best;
		}
	}
	return row[lb] < limit ? row[lb] : limit;
}

/* ---- one file */

struct elf_file {
	int fd;
	Elf *elf;
};

static bool file_open(struct elf_file *f, const char *path)
{
	elf_version(EV_CURRENT);
	f->elf = NULL;
	f->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (f->fd >= 0)
		f->elf = elf_begin(f->fd, ELF_C_READ_MMAP, NULL);
	if (f->elf && elf_kind(f->elf) == ELF_K_ELF)
		return true;
	if (f->elf)
		elf_end(f->elf);
	if (f->fd >= 0)
		close(f->fd);
	return false;
}

static void file_close(struct elf_file *f)
{
	elf_end(f->elf);
	close(f->fd);
}

/* Called for each named symbol; true: enough. */
typedef bool (*symbol_fn)(void *ctx, const char *name, const GElf_Sym *symbol, bool dynamic);

static bool visit_section(Elf *elf, Elf_Scn *section, const GElf_Shdr *header, symbol_fn visit,
			  void *ctx)
{
	Elf_Data *data = elf_getdata(section, NULL);
	size_t nr = header->sh_entsize ? header->sh_size / header->sh_entsize : 0;
	GElf_Sym symbol;

	for (size_t i = 1; data && i < nr; i++) {
		if (!gelf_getsym(data, (int)i, &symbol))
			continue;
		const char *name = elf_strptr(elf, header->sh_link, symbol.st_name);
		if (name && *name && visit(ctx, name, &symbol, header->sh_type == SHT_DYNSYM))
			return true;
	}
	return false;
}

static void visit_symbols(Elf *elf, symbol_fn visit, void *ctx)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;

	while ((section = elf_nextscn(elf, section)))
		if (gelf_getshdr(section, &header) &&
		    (header.sh_type == SHT_DYNSYM || header.sh_type == SHT_SYMTAB) &&
		    visit_section(elf, section, &header, visit, ctx))
			return;
}

/* The address its first mapping has as linked: that of its first loaded page. */
static uint64_t first_address(Elf *elf)
{
	size_t nr = 0;
	GElf_Phdr p;

	elf_getphdrnum(elf, &nr);
	for (size_t i = 0; i < nr; i++)
		if (gelf_getphdr(elf, (int)i, &p) && p.p_type == PT_LOAD)
			return p.p_vaddr & ~(p.p_align ? p.p_align - 1 : 0);
	return 0;
}

struct wanted {
	const char *name;
	struct tr_symbol *symbol;
	bool found;
};

static bool is_wanted(void *ctx, const char *name, const GElf_Sym *symbol, bool dynamic)
{
	struct wanted *w = ctx;

	if (symbol->st_shndx == SHN_UNDEF || strcmp(name, w->name) != 0)
		return false;
	*w->symbol = (struct tr_symbol){ .value = symbol->st_value, .size = symbol->st_size,
					 .exported = dynamic };
	snprintf(w->symbol->name, sizeof(w->symbol->name), "%s", name);
	snprintf(w->symbol->readable, sizeof(w->symbol->readable), "%s", name);
	return w->found = true;
}

bool tr_symbol_find(const char *path, const char *name, struct tr_symbol *symbol, uint64_t *first)
{
	struct wanted w = { .name = name, .symbol = symbol };
	struct elf_file f;

	if (!file_open(&f, path))
		return false;
	visit_symbols(f.elf, is_wanted, &w);
	*first = first_address(f.elf);
	file_close(&f);
	return w.found;
}

/* ---- a program and what it is linked with */

struct match {
	const char *pattern;
	struct tr_symbols *out;
	unsigned distance[8]; /* of out->near */
	bool no_memory;
};

static bool is_known(const struct tr_symbols *s, const char *name)
{
	for (unsigned i = 0; i < s->nr; i++)
		if (strcmp(s->found[i].name, name) == 0)
			return true;
	return false;
}

static void keep(struct match *m, const struct tr_symbol *s)
{
	struct tr_symbol *more;

	if (is_known(m->out, s->name))
		return;
	more = realloc(m->out->found, (m->out->nr + 1) * sizeof(*more));
	if (!more) {
		m->no_memory = true;
		return;
	}
	m->out->found = more;
	more[m->out->nr++] = *s;
}

/* Keeps the list of near names sorted, nearest first, each once. */
static void keep_near(struct match *m, const char *readable)
{
	char bare[TR_SYMBOL_NAME];
	unsigned d, at, last = sizeof(m->distance) / sizeof(m->distance[0]);

	without_parameters(readable, bare, sizeof(bare));
	d = tr_symbol_distance(m->pattern, bare, NEAR_LIMIT);
	if (d == NEAR_LIMIT && strstr(bare, m->pattern))
		d = NEAR_LIMIT - 1;
	for (unsigned i = 0; i < m->out->nr_near; i++)
		if (strcmp(m->out->near[i], bare) == 0)
			return;
	for (at = 0; at < m->out->nr_near && m->distance[at] <= d; at++)
		;
	if (d >= NEAR_LIMIT || at >= last)
		return;
	m->out->nr_near += m->out->nr_near < last;
	for (unsigned i = m->out->nr_near - 1; i > at; i--) {
		memcpy(m->out->near[i], m->out->near[i - 1], sizeof(bare));
		m->distance[i] = m->distance[i - 1];
	}
	memcpy(m->out->near[at], bare, sizeof(bare));
	m->distance[at] = d;
}

/* Pieces the compiler split off are jumped to, or called by the function itself: no calls of their own. */
static bool is_piece(const char *name)
{
	return strstr(name, ".cold") || strstr(name, ".part.");
}

static bool try_match(void *ctx, const char *name, const GElf_Sym *symbol, bool dynamic)
{
	struct match *m = ctx;
	struct tr_symbol s = { .value = symbol->st_value, .size = symbol->st_size,
			       .exported = dynamic, .imported = symbol->st_shndx == SHN_UNDEF };

	if (GELF_ST_TYPE(symbol->st_info) != STT_FUNC && GELF_ST_TYPE(symbol->st_info) != STT_GNU_IFUNC &&
	    !s.imported)
		return false;
	if (is_piece(name))
		return false;
	snprintf(s.name, sizeof(s.name), "%.*s", (int)strcspn(name, "@"), name);
	make_readable(&s);
	if (tr_symbol_fits(m->pattern, s.name, s.readable))
		keep(m, &s);
	else
		keep_near(m, s.readable);
	return m->no_memory;
}

/* Where the dynamic linker would find a library; its cache is asked by the way that always works. */
static bool find_library(const char name[256], char *path, size_t cap)
{
	static const char *const folders[] = {
		"/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib/aarch64-linux-gnu",
		"/usr/lib/aarch64-linux-gnu", "/lib64", "/usr/lib64", "/lib", "/usr/lib", "/usr/local/lib",
	};

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		snprintf(path, cap, "%s/%.255s", folders[i], name);
		if (access(path, R_OK) == 0)
			return true;
	}
	return false;
}

/* The names in DT_NEEDED, only those of the program itself: what it calls directly. */
static unsigned needed(Elf *elf, char names[][256], unsigned max)
{
	Elf_Scn *section = NULL;
	unsigned nr = 0;
	GElf_Shdr header;
	GElf_Dyn dyn;

	while ((section = elf_nextscn(elf, section))) {
		if (!gelf_getshdr(section, &header) || header.sh_type != SHT_DYNAMIC)
			continue;
		Elf_Data *data = elf_getdata(section, NULL);
		for (int i = 0; data && nr < max && gelf_getdyn(data, i, &dyn) && dyn.d_tag != DT_NULL; i++) {
			const char *name = dyn.d_tag == DT_NEEDED ?
						   elf_strptr(elf, header.sh_link, dyn.d_un.d_val) : NULL;
			if (name)
				snprintf(names[nr++], 256, "%s", name);
		}
	}
	return nr;
}

static void match_file(const char *path, struct match *m)
{
	struct elf_file f;

	if (!file_open(&f, path))
		return;
	visit_symbols(f.elf, try_match, m);
	file_close(&f);
}

enum xf_status tr_symbols_match(const char *program, const char *pattern, struct tr_symbols *symbols,
				struct xf_error *err)
{
	static _Thread_local char names[MAX_LIBRARIES][256];
	struct match m = { .pattern = pattern, .out = symbols };
	struct elf_file f;
	char path[1024];
	unsigned nr;

	*symbols = (struct tr_symbols){ 0 };
	if (!file_open(&f, program))
		return access(program, R_OK) != 0 ?
			       xf_fail_errno(err, XF_NOT_FOUND, errno, "cannot read %s", program) :
			       xf_fail(err, XF_FORMAT, "%s is no ELF program", program);
	visit_symbols(f.elf, try_match, &m);
	nr = needed(f.elf, names, MAX_LIBRARIES);
	file_close(&f);
	for (unsigned i = 0; i < nr && !m.no_memory; i++)
		if (find_library(names[i], path, sizeof(path)))
			match_file(path, &m);
	return m.no_memory ? xf_fail(err, XF_NOMEM, "no memory for the symbols of %s", program) : XF_OK;
}

static void write_own(FILE *out, const struct tr_symbols *symbols, const struct stat *program)
{
	for (unsigned i = 0; i < symbols->nr; i++) {
		const struct tr_symbol *s = &symbols->found[i];
		if (!s->exported && !s->imported)
			fprintf(out, "%llx %llx %llx %s\n", (unsigned long long)program->st_dev,
				(unsigned long long)program->st_ino, (unsigned long long)s->value,
				s->readable);
	}
}

char *tr_symbols_environment(const char *program, const char *const *calls)
{
	char *text = NULL;
	size_t size = 0;
	struct stat st;
	FILE *out = stat(program, &st) == 0 ? open_memstream(&text, &size) : NULL;

	for (; out && calls && *calls; calls++) {
		struct tr_symbols symbols;
		if (strncmp(*calls, "sym:", 4) != 0)
			continue;
		if (tr_symbols_match(program, *calls + 4, &symbols, NULL) == XF_OK)
			write_own(out, &symbols, &st);
		tr_symbols_fini(&symbols);
	}
	if (out)
		fclose(out);
	if (!size) {
		free(text);
		text = NULL;
	}
	return text;
}

void tr_symbols_fini(struct tr_symbols *symbols)
{
	free(symbols->found);
	*symbols = (struct tr_symbols){ 0 };
}
