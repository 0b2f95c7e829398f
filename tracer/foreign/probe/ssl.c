/*
 * OpenSSL: the plain text under TLS, whoever loaded the library.
 *
 * The next SSL_write in line is not what the caller means: interpreters load
 * libssl privately, where RTLD_NEXT does not look. The caller's own link map
 * does know it. One process may hold two libssl; each caller gets its own.
 */
#include <dlfcn.h>
#include <link.h>

#include "tracer/foreign/probe/probe.h"

enum ssl_function {
	F_WRITE, F_WRITE_EX, F_READ, F_READ_EX, F_HANDSHAKE, F_CONNECT, F_FREE, F_SHUTDOWN, F_COUNT
};
enum { SITES = 256 };

static const char *const names[F_COUNT] = {
	"SSL_write", "SSL_write_ex", "SSL_read", "SSL_read_ex", "SSL_do_handshake", "SSL_connect",
	"SSL_free", "SSL_shutdown",
};

/* Per place it is called at: what a name means there. Filled once, with the loader's lock, then only read, without. */
static struct site {
	_Atomic uintptr_t address;
	_Atomic(void *) functions[F_COUNT];
} sites[SITES];

static struct link_map *map_of(void *address)
{
	struct link_map *map = NULL;
	Dl_info info;

	return dladdr1(address, &info, (void **)&map, RTLD_DL_LINKMAP) ? map : NULL;
}

/* In the scope of the library that calls us, past our own symbol of that name. */
static void *look_up(struct link_map *map, const char *name)
{
	void *handle = dlopen(map->l_name[0] ? map->l_name : NULL, RTLD_LAZY | RTLD_NOLOAD), *found = NULL;
	struct link_map *ours = map_of(look_up);

	if (handle)
		found = dlsym(handle, name);
	if (handle)
		dlclose(handle);
	if (found && map_of(found) == ours)
		found = NULL;
	return found ? found : dlsym(RTLD_NEXT, name);
}

/* NULL: there are more than can be kept. */
static struct site *site_of(uintptr_t address)
{
	for (uintptr_t i = 0; i < SITES; i++) {
		struct site *s = &sites[(address + i) % SITES];
		uintptr_t seen = atomic_load(&s->address);
		if (seen == address || (!seen && atomic_compare_exchange_strong(&s->address, &seen, address)) ||
		    seen == address)
			return s;
	}
	return NULL;
}

static void *ask_loader(enum ssl_function f, void *return_address)
{
	int saved = errno;
	uint8_t inside = probe_tls.inside;
	struct link_map *map;
	void *found;

	probe_tls.inside = 1;
	map = map_of(return_address);
	found = map ? look_up(map, names[f]) : dlsym(RTLD_NEXT, names[f]);
	probe_tls.inside = inside;
	errno = saved;
	return found;
}

/*
 * The function the caller meant. It cannot be missing: the caller was linked
 * against it, only we came first.
 */
static void *real_of(enum ssl_function f, void *return_address)
{
	struct site *site = site_of((uintptr_t)return_address);
	void *found = site ? atomic_load(&site->functions[f]) : NULL;

	if (found)
		return found;
	found = ask_loader(f, return_address);
	if (site)
		atomic_store(&site->functions[f], found);
	return found;
}

#define REAL_SSL(type, f, ...)                                                                     \
	((type(*)(__VA_ARGS__))real_of((f), __builtin_return_address(0)))

/* Bytes that leave or come while `call` runs on this thread are those of ssl. */
#define NESTED(ssl, call)                                                                          \
	__extension__({                                                                            \
		void *outer_ = probe_tls.ssl;                                                      \
		probe_tls.ssl = (ssl);                                                             \
		__typeof__(call) rc_ = (call);                                                     \
		probe_tls.ssl = outer_;                                                            \
		rc_;                                                                               \
	})

int SSL_write(void *ssl, const void *bytes, int len);
int SSL_write_ex(void *ssl, const void *bytes, size_t len, size_t *written);
int SSL_read(void *ssl, void *bytes, int len);
int SSL_read_ex(void *ssl, void *bytes, size_t len, size_t *got);
int SSL_do_handshake(void *ssl);
int SSL_connect(void *ssl);
int SSL_shutdown(void *ssl);
void SSL_free(void *ssl);

PROBE_EXPORT int SSL_write(void *ssl, const void *bytes, int len)
{
	int (*real)(void *, const void *, int) = REAL_SSL(int, F_WRITE, void *, const void *, int);
	int rc;

	PROBE(probe_ssl_will_write(ssl, bytes, len > 0 ? (size_t)len : 0));
	rc = NESTED(ssl, real(ssl, bytes, len));
	if (rc > 0)
		PROBE(probe_ssl_wrote(ssl, bytes, (size_t)rc));
	probe_gate_wait();
	return rc;
}

PROBE_EXPORT int SSL_write_ex(void *ssl, const void *bytes, size_t len, size_t *written)
{
	int (*real)(void *, const void *, size_t, size_t *) =
		REAL_SSL(int, F_WRITE_EX, void *, const void *, size_t, size_t *);
	int rc;

	PROBE(probe_ssl_will_write(ssl, bytes, len));
	rc = NESTED(ssl, real(ssl, bytes, len, written));
	if (rc == 1)
		PROBE(probe_ssl_wrote(ssl, bytes, *written));
	probe_gate_wait();
	return rc;
}

PROBE_EXPORT int SSL_read(void *ssl, void *bytes, int len)
{
	int (*real)(void *, void *, int) = REAL_SSL(int, F_READ, void *, void *, int);
	int rc = NESTED(ssl, real(ssl, bytes, len));

	if (rc > 0)
		PROBE(probe_ssl_read(ssl, bytes, (size_t)rc));
	return rc;
}

PROBE_EXPORT int SSL_read_ex(void *ssl, void *bytes, size_t len, size_t *got)
{
	int (*real)(void *, void *, size_t, size_t *) =
		REAL_SSL(int, F_READ_EX, void *, void *, size_t, size_t *);
	int rc = NESTED(ssl, real(ssl, bytes, len, got));

	if (rc == 1)
		PROBE(probe_ssl_read(ssl, bytes, *got));
	return rc;
}

PROBE_EXPORT int SSL_do_handshake(void *ssl)
{
	int (*real)(void *) = REAL_SSL(int, F_HANDSHAKE, void *);

	return NESTED(ssl, real(ssl));
}

PROBE_EXPORT int SSL_connect(void *ssl)
{
	int (*real)(void *) = REAL_SSL(int, F_CONNECT, void *);

	return NESTED(ssl, real(ssl));
}

PROBE_EXPORT int SSL_shutdown(void *ssl)
{
	int (*real)(void *) = REAL_SSL(int, F_SHUTDOWN, void *);

	return NESTED(ssl, real(ssl));
}

PROBE_EXPORT void SSL_free(void *ssl)
{
	void (*real)(void *) = REAL_SSL(void, F_FREE, void *);

	if (ssl)
		PROBE(probe_ssl_freed(ssl));
	real(ssl);
}
