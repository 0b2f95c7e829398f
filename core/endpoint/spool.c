/* spool: see spool.h. */
#include "core/endpoint/spool.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

enum { NOT_TRIED = -1, NO_FILE = -2 };

/* From this size on a chunk is worth a place in the file, and counts. */
enum { COUNTS = XF_EP_CHUNK / 4 };

struct xf_ep_spool {
	uint64_t limit;
	_Atomic uint64_t held; /* on the heap, in chunks that count */
	pthread_mutex_t lock;  /* for what follows */
	int fd;
	uint64_t nr_places;    /* of the file, XF_EP_CHUNK bytes each */
};

struct xf_ep_spool *xf_ep_spool_new(uint64_t limit)
{
	struct xf_ep_spool *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	pthread_mutex_init(&s->lock, NULL);
	s->limit = limit;
	s->fd = NOT_TRIED;
	return s;
}

void xf_ep_spool_free(struct xf_ep_spool *s)
{
	if (!s)
		return;
	if (s->fd >= 0)
		close(s->fd);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

/* ---- the file */

/* One that may not grow as it likes would end in SIGXFSZ. */
static bool files_are_limited(void)
{
	struct rlimit size;

	return getrlimit(RLIMIT_FSIZE, &size) || size.rlim_cur != RLIM_INFINITY;
}

static int open_nameless(void)
{
	const char *folder = getenv("TMPDIR");
	int fd = files_are_limited() ? -1 : open(folder && *folder ? folder : "/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	return fd < 0 ? NO_FILE : fd;
}

/* Room at the end of the file, on the disk already: a full one is an error here and no SIGBUS later. 0: none. */
static uint64_t new_place(struct xf_ep_spool *s)
{
	uint64_t place = 0;

	pthread_mutex_lock(&s->lock);
	if (s->fd == NOT_TRIED)
		s->fd = open_nameless();
	if (s->fd >= 0 && posix_fallocate(s->fd, (off_t)(s->nr_places * XF_EP_CHUNK), XF_EP_CHUNK) == 0)
		place = ++s->nr_places;
	pthread_mutex_unlock(&s->lock);
	return place;
}

static off_t offset_of(uint64_t place)
{
	return (off_t)((place - 1) * XF_EP_CHUNK);
}

static void give_back_place(const struct xf_ep_spool *s, uint64_t place)
{
	fallocate(s->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset_of(place), XF_EP_CHUNK);
}

static struct xf_ep_chunk take_place(struct xf_ep_spool *s)
{
	struct xf_ep_chunk chunk = { .size = XF_EP_CHUNK, .place = new_place(s) };
	void *bytes;

	if (!chunk.place)
		return chunk;
	bytes = mmap(NULL, XF_EP_CHUNK, PROT_READ | PROT_WRITE, MAP_SHARED, s->fd, offset_of(chunk.place));
	if (bytes != MAP_FAILED) {
		chunk.bytes = bytes;
		return chunk;
	}
	give_back_place(s, chunk.place);
	return chunk;
}

/* ---- chunks */

struct xf_ep_chunk xf_ep_spool_take(struct xf_ep_spool *s, size_t size)
{
	bool counts = s && size >= COUNTS;
	struct xf_ep_chunk chunk = { .bytes = NULL };

	if (counts && atomic_load(&s->held) >= s->limit)
		chunk = take_place(s);
	if (chunk.bytes)
		return chunk;
	chunk = (struct xf_ep_chunk){ .bytes = malloc(size), .size = size };
	if (chunk.bytes && counts)
		atomic_fetch_add(&s->held, size);
	return chunk;
}

void xf_ep_spool_settle(const struct xf_ep_chunk *chunk)
{
	if (chunk->place)
		madvise(chunk->bytes, chunk->size, MADV_DONTNEED); /* of a shared file: the file keeps them */
}

void xf_ep_spool_give(struct xf_ep_spool *s, struct xf_ep_chunk *chunk)
{
	if (chunk->place) {
		munmap(chunk->bytes, chunk->size);
		give_back_place(s, chunk->place);
	} else if (chunk->bytes) {
		free(chunk->bytes);
		if (s && chunk->size >= COUNTS)
			atomic_fetch_sub(&s->held, chunk->size);
	}
	*chunk = (struct xf_ep_chunk){ .bytes = NULL };
}
