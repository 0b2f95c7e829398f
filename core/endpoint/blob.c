/* blob: see blob.h. */
#include "core/endpoint/blob.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/endpoint/text.h"

/*
 * Ordinary pages: huge ones were asked for once, and the kernel's compacting for them cost up to
 * four times the system time of the faults they save.
 */
enum { CHUNK = XF_EP_CHUNK };

struct xf_ep_blob {
	atomic_uint refs;
	atomic_bool keep;
	int dir;                  /* -1: memory */
	int fd;                   /* while a file is written */
	bool sealed;
	uint64_t size;
	uint64_t expected;
	struct xf_ep_spool *spool;
	struct xf_ep_chunk *chunks; /* all but the last hold CHUNK bytes */
	size_t nr_chunks;
	size_t room;              /* bytes free in the last chunk */
	char name[XF_EP_BLOB_NAME];
};

static void path_of(const struct xf_ep_blob *b, const char *folder, char out[64])
{
	snprintf(out, 64, "%s/%s", folder, b->name);
}

struct xf_ep_blob *xf_ep_blob_new(int dir, struct xf_ep_spool *spool, uint64_t expected)
{
	struct xf_ep_blob *b = calloc(1, sizeof(*b));
	char path[64];

	if (!b)
		return NULL;
	atomic_init(&b->refs, 1);
	b->dir = dir;
	b->fd = -1;
	b->spool = spool;
	b->expected = expected;
	if (dir < 0)
		return b;
	xf_ep_random_hex(b->name, 16);
	path_of(b, "temp", path);
	b->fd = openat(dir, path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (b->fd >= 0)
		return b;
	free(b);
	return NULL;
}

struct xf_ep_blob *xf_ep_blob_find(int dir, const char *name, uint64_t size)
{
	struct xf_ep_blob *b = calloc(1, sizeof(*b));
	struct stat st;
	char path[64];

	if (!b)
		return NULL;
	atomic_init(&b->refs, 1);
	atomic_init(&b->keep, true);
	b->dir = dir;
	b->fd = -1;
	b->sealed = true;
	b->size = size;
	snprintf(b->name, sizeof(b->name), "%s", name);
	path_of(b, "data", path);
	if (!strchr(name, '/') && fstatat(dir, path, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISREG(st.st_mode) && (uint64_t)st.st_size == size)
		return b;
	free(b);
	return NULL;
}

static struct xf_ep_chunk *last_chunk(struct xf_ep_blob *b)
{
	return &b->chunks[b->nr_chunks - 1];
}

/* A last chunk cut to size that has to grow after all: the sender sent more than it said. */
static bool widen_last(struct xf_ep_blob *b)
{
	struct xf_ep_chunk whole = xf_ep_spool_take(b->spool, CHUNK);

	if (!whole.bytes)
		return false;
	memcpy(whole.bytes, last_chunk(b)->bytes, b->size % CHUNK);
	xf_ep_spool_give(b->spool, last_chunk(b));
	*last_chunk(b) = whole;
	b->room = CHUNK - b->size % CHUNK;
	return true;
}

static bool grow(struct xf_ep_blob *b)
{
	uint64_t left = b->expected > b->size ? b->expected - b->size : CHUNK;
	size_t size = left < CHUNK ? (size_t)left : CHUNK;
	struct xf_ep_chunk *chunks = realloc(b->chunks, (b->nr_chunks + 1) * sizeof(*chunks));

	if (!chunks)
		return false;
	b->chunks = chunks;
	if (b->nr_chunks && b->size % CHUNK)
		return widen_last(b);
	chunks[b->nr_chunks] = xf_ep_spool_take(b->spool, size);
	if (!chunks[b->nr_chunks].bytes)
		return false;
	b->nr_chunks++;
	b->room = size;
	return true;
}

static enum xf_status write_memory(struct xf_ep_blob *b, const uint8_t *data, size_t len)
{
	while (len) {
		if (!b->room && !grow(b))
			return XF_NOMEM;
		size_t now = len < b->room ? len : b->room;
		memcpy(last_chunk(b)->bytes + b->size % CHUNK, data, now);
		b->room -= now;
		b->size += now;
		data += now;
		len -= now;
		if (!b->room)
			xf_ep_spool_settle(last_chunk(b));
	}
	return XF_OK;
}

enum xf_status xf_ep_blob_write(struct xf_ep_blob *b, const void *data, size_t len)
{
	const uint8_t *at = data;

	if (b->dir < 0)
		return write_memory(b, data, len);
	while (len) {
		ssize_t n = write(b->fd, at, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return XF_IO;
		at += n;
		len -= (size_t)n;
		b->size += (uint64_t)n;
	}
	return XF_OK;
}

enum xf_status xf_ep_blob_seal(struct xf_ep_blob *b)
{
	char from[64], to[64];
	int failed;

	if (b->dir < 0 || b->sealed) {
		b->sealed = true;
		return XF_OK;
	}
	path_of(b, "temp", from);
	path_of(b, "data", to);
	failed = fsync(b->fd);
	failed |= close(b->fd);
	b->fd = -1;
	if (failed || renameat(b->dir, from, b->dir, to) < 0)
		return XF_IO;
	b->sealed = true;
	return XF_OK;
}

struct xf_ep_blob *xf_ep_blob_acquire(struct xf_ep_blob *b)
{
	atomic_fetch_add_explicit(&b->refs, 1, memory_order_relaxed);
	return b;
}

void xf_ep_blob_release(struct xf_ep_blob *b)
{
	char path[64];

	/* acq_rel: what every holder did is before the free, libatomic's usual pair */
	if (!b || atomic_fetch_sub_explicit(&b->refs, 1, memory_order_acq_rel) != 1)
		return;
	for (size_t i = 0; i < b->nr_chunks; i++)
		xf_ep_spool_give(b->spool, &b->chunks[i]);
	free(b->chunks);
	if (b->fd >= 0)
		close(b->fd);
	if (b->dir >= 0 && !atomic_load(&b->keep)) {
		path_of(b, b->sealed ? "data" : "temp", path);
		unlinkat(b->dir, path, 0);
	}
	free(b);
}

void xf_ep_blob_keep(struct xf_ep_blob *b, bool keep)
{
	atomic_store(&b->keep, keep);
}

uint64_t xf_ep_blob_size(const struct xf_ep_blob *b)
{
	return b->size;
}

const char *xf_ep_blob_name(const struct xf_ep_blob *b)
{
	return b->dir < 0 ? "-" : b->name;
}

bool xf_ep_blob_in_memory(const struct xf_ep_blob *b)
{
	return b->dir < 0;
}

const void *xf_ep_blob_span(const struct xf_ep_blob *b, uint64_t at, size_t *len)
{
	uint64_t in_chunk = CHUNK - at % CHUNK, left = at < b->size ? b->size - at : 0;

	*len = (size_t)(in_chunk < left ? in_chunk : left);
	return *len ? b->chunks[at / CHUNK].bytes + at % CHUNK : NULL;
}

int xf_ep_blob_open(const struct xf_ep_blob *b)
{
	char path[64];

	path_of(b, "data", path);
	return openat(b->dir, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
}
