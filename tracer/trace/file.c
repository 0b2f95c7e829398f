/*
 * file: reads a trace and believes nothing in it.
 *
 * The format stands at the top of core/event/segment.h. What is made of a trace
 * that does not keep to it:
 *
 *   the first page        too short, or another magic: no trace (XF_FORMAT). Another
 *                         version, catalogue or clock: refused (XF_VERSION), as every
 *                         number in it might mean something else.
 *   segments beyond the   the file was cut short. A segment cut in two is read up to its
 *   end of the file       last whole record. Both count as missing, unless the run was
 *                         killed while it made room for more: then nobody can have
 *                         written there, which shows as no thread lacking a segment.
 *   magic missing         never taken: not an error.
 *   header does not fit   another number than its place, a thread or process that was
 *                         never numbered, more records than fit: the segment is not used.
 *   sealed, checksum off  not used: none of its records can be told from a good one.
 *   not sealed            the thread was at work, or killed: read up to the first record
 *                         whose commit word is missing, the torn tail.
 *   same thread and       the second is not used.
 *   generation twice
 *   a generation absent   counted: a hole in that thread's history.
 *   unknown kind          counted and left out.
 *
 * Anything of this (but never taken, and the torn tail) makes the damage not
 * zero, and every verdict `unknown`.
 */
#include "tracer/trace/file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tracer/trace/map.h"

enum {
	WINDOW = 64 << 20,        /* of a mapped file; a multiple of the segment size */
	MAX_PLACES = 1 << 22,     /* 256 GiB: the log numbers segments with 22 bits */
	KEPT_BESIDES = 16,        /* segments of our own that are resident, besides one a thread */
};

#define NOT_KEPT UINT32_MAX

/* What is known about a place in the file. */
enum { PLACE_UNKNOWN, PLACE_REJECTED, PLACE_USED };

struct tr_file {
	/* set by open; one of them: path, memory, or own */
	char *path;
	int fd;
	unsigned char *memory;
	size_t memory_len;
	bool own, copy;
	/* grows */
	struct xf_file_header header;
	uint64_t size;
	bool ended;
	struct tr_segment *segments;
	uint32_t nr_segments, cap_segments;
	uint8_t *places;           /* PLACE_*, by number in the file */
	uint32_t *used;            /* place → segments */
	uint32_t nr_places;
	void **windows;
	uint32_t nr_windows;
	struct tr_map generations; /* (thread, generation) → segment */
	/* own: sealed segments that are resident, by turns */
	uint32_t *kept;
	uint32_t nr_kept, next_kept;
	struct tr_damage damage;
};

/* ---- bytes */

/* Fills buf with what there is at offset and zeros behind it; returns how much there was. */
static size_t read_at(const struct tr_file *f, uint64_t offset, void *buf, size_t len)
{
	size_t got = 0;
	if (f->memory) {
		if (offset < f->memory_len)
			got = f->memory_len - offset < len ? f->memory_len - (size_t)offset : len;
		if (got)
			memcpy(buf, f->memory + offset, got);
	} else {
		ssize_t n;
		while (got < len && (n = pread(f->fd, (char *)buf + got, len - got,
					       (off_t)(offset + got))) != 0) {
			if (n < 0 && errno == EINTR)
				continue;
			if (n < 0)
				break;
			got += (size_t)n;
		}
	}
	memset((char *)buf + got, 0, len - got);
	return got;
}

static uint64_t place_offset(uint32_t place)
{
	return XF_HEADER_SIZE + (uint64_t)place * XF_SEGMENT_SIZE;
}

/* ---- the header */

static enum xf_status check_header(const struct tr_file *f, const struct xf_file_header *h,
				   size_t got, struct xf_error *err)
{
	const char *name = tr_file_path(f);
	if (got < sizeof(h->magic) || memcmp(h->magic, XF_FILE_MAGIC, sizeof(h->magic)) != 0)
		return xf_fail(err, XF_FORMAT, "%s is not an xferdb trace", name);
	if (got < sizeof(*h))
		return xf_fail(err, XF_FORMAT, "%s is cut off within its first page: %zu bytes", name, got);
	if (h->version != XF_TRACE_VERSION)
		return xf_fail(err, XF_VERSION, "%s has trace format %u; this xferdb reads format %u",
			       name, h->version, XF_TRACE_VERSION);
	if (h->layout != xf_layout_hash())
		return xf_fail(err, XF_VERSION, "%s was made by an xferdb with other events "
			       "(layout %08x, here %08x); read it with the one that made it",
			       name, h->layout, xf_layout_hash());
	if (h->clock > 1)
		return xf_fail(err, XF_VERSION, "%s uses clock %u, which this xferdb does not know",
			       name, h->clock);
	return XF_OK;
}

/*
 * A live header is copied field by field. The anchor slot that is written next is
 * left out, it may change under our eyes.
 */
static void copy_live_header(struct xf_file_header *to, const struct xf_file_header *from)
{
	memcpy(to->magic, from->magic, sizeof(to->magic));
	to->version = from->version;
	to->layout = from->layout;
	to->clock = from->clock;
	to->pid = from->pid;
	to->real_ns = from->real_ns;
	atomic_store(&to->nr_segments, atomic_load(&from->nr_segments));
	atomic_store(&to->nr_threads, atomic_load(&from->nr_threads));
	atomic_store(&to->nr_processes, atomic_load(&from->nr_processes));
	atomic_store(&to->closed, atomic_load(&from->closed));
	atomic_store(&to->dropped, atomic_load(&from->dropped));
	uint32_t n = atomic_load_explicit(&from->nr_anchors, memory_order_acquire);
	uint32_t next = xf_anchor_slot(n);
	for (uint32_t i = 0; i < XF_NR_ANCHORS; i++)
		if (i != next && (i < n || n > XF_NR_ANCHORS))
			to->anchors[i] = from->anchors[i];
	to->anchors[next] = n == 0 ? (struct xf_anchor){ 0, 0 } : to->anchors[0];
	atomic_store(&to->nr_anchors, n);
}

/* Is the process that made the file still there? Asked of /proc: a reused number began later. */
static bool writer_alive(const struct xf_file_header *h)
{
	char path[64], line[1024];
	snprintf(path, sizeof(path), "/proc/%u/stat", h->pid);
	FILE *in = fopen(path, "re");
	if (!in)
		return h->pid && kill((pid_t)h->pid, 0) != 0 ? errno == EPERM : h->pid != 0;
	size_t len = fread(line, 1, sizeof(line) - 1, in);
	fclose(in);
	line[len] = '\0';
	char *p = strrchr(line, ')');
	if (p && p[1] && (p[2] == 'Z' || p[2] == 'X'))
		return false;
	unsigned long long ticks = 0; /* field 22: start, since boot */
	for (int field = 2; p && field < 22; field++)
		p = strchr(p + 1, ' ');
	if (!p || sscanf(p, "%llu", &ticks) != 1)
		return true;
	struct timespec boot;
	clock_gettime(CLOCK_BOOTTIME, &boot);
	uint64_t now = xf_clock_real_ns();
	uint64_t up = (uint64_t)boot.tv_sec * 1000000000u + (uint64_t)boot.tv_nsec;
	uint64_t began = now - up + ticks * (1000000000u / (uint64_t)sysconf(_SC_CLK_TCK));
	return began <= h->real_ns + 1000000000u;
}

static enum xf_status read_header(struct tr_file *f, struct xf_error *err)
{
	if (f->own) {
		const struct xf_file_header *live = xf_trace_header();
		if (!live)
			return xf_fail(err, XF_STATE, "nothing is being recorded");
		copy_live_header(&f->header, live);
	} else {
		struct xf_file_header h;
		size_t got = read_at(f, 0, &h, sizeof(h));
		enum xf_status status = check_header(f, &h, got, err);
		if (status != XF_OK)
			return status;
		f->header = h;
	}
	f->ended = atomic_load(&f->header.closed) || f->memory || (!f->own && !writer_alive(&f->header));
	return XF_OK;
}

/* ---- one segment */

/* What stands in a header from the first. `count` comes with the seal: update_segment() looks at it. */
static bool header_fits(const struct tr_file *f, const struct xf_segment_header *h, uint32_t place)
{
	return h->index == place && h->thread < atomic_load(&f->header.nr_threads) &&
	       h->process < atomic_load(&f->header.nr_processes);
}

/* Whole records from `count` on; those of no known kind are counted as damage. */
static uint32_t count_whole(struct tr_file *f, const struct xf_segment *s, uint32_t count,
			    uint32_t limit)
{
	while (count < limit &&
	       atomic_load_explicit(&s->records[count].commit, memory_order_acquire) == XF_COMMIT) {
		uint16_t kind = s->records[count].kind;
		f->damage.bad_records += kind == XF_EV_none || kind >= XF_EV_COUNT;
		count++;
	}
	return count;
}

static bool take_generation(struct tr_file *f, const struct xf_segment_header *h, bool *repeated)
{
	uint64_t key = tr_pair(h->thread, h->generation);
	*repeated = tr_map_get(&f->generations, key) != TR_MAP_NONE;
	return *repeated || tr_map_set(&f->generations, key, f->nr_segments);
}

/* Brings a segment's count up to date; false: its checksum is off. */
static bool update_segment(struct tr_file *f, struct tr_segment *t)
{
	const struct xf_segment *s = t->segment;
	bool sealed = atomic_load_explicit(&s->header.sealed, memory_order_acquire) == 1;
	if (!sealed) {
		t->count = count_whole(f, s, t->count, XF_SEGMENT_RECORDS);
		return true;
	}
	uint32_t count = s->header.count;
	if (count > XF_SEGMENT_RECORDS ||
	    (!f->own && xf_segment_checksum(s, count) != s->header.checksum))
		return false;
	t->count = count_whole(f, s, t->count, count);
	f->damage.bad_records += count - t->count;
	t->sealed = true;
	return true;
}

/* ---- places in a file */

static void *map_window(struct tr_file *f, uint32_t w)
{
	while (f->nr_windows <= w) {
		void **larger = realloc(f->windows, (f->nr_windows + 1) * sizeof(*larger));
		if (!larger)
			return NULL;
		f->windows = larger;
		f->windows[f->nr_windows++] = NULL;
	}
	if (!f->windows[w]) {
		void *map = mmap(NULL, WINDOW, PROT_READ, MAP_SHARED, f->fd, (off_t)w * WINDOW);
		f->windows[w] = map == MAP_FAILED ? NULL : map;
	}
	return f->windows[w];
}

/* Memory that shows the segment at that place; its bytes beyond the end of the file are zero. */
static struct xf_segment *fetch(struct tr_file *f, uint32_t place)
{
	uint64_t offset = place_offset(place);
	if (!f->copy && offset + XF_SEGMENT_SIZE <= f->size) {
		char *window = map_window(f, (uint32_t)(offset / WINDOW));
		return window ? (void *)(window + offset % WINDOW) : NULL;
	}
	struct xf_segment *s = aligned_alloc(XF_RECORD_SIZE, XF_SEGMENT_SIZE);
	if (s)
		read_at(f, offset, s, sizeof(*s));
	return s;
}

static bool is_mapped(const struct tr_file *f, const struct xf_segment *s)
{
	const char *p = (const char *)s;
	for (uint32_t i = 0; i < f->nr_windows; i++) {
		const char *window = f->windows[i];
		if (window && p >= window && p < window + WINDOW)
			return true;
	}
	return false;
}

static void drop_fetched(const struct tr_file *f, struct xf_segment *s)
{
	if (!f->own && !is_mapped(f, s))
		free(s);
}

static bool append_segment(struct tr_file *f, const struct tr_segment *t, uint32_t place)
{
	if (!tr_grow(&f->segments, f->nr_segments, &f->cap_segments, sizeof(*f->segments)))
		return false;
	f->segments[f->nr_segments] = *t;
	f->used[place] = f->nr_segments++;
	f->places[place] = PLACE_USED;
	return true;
}

/* A segment nobody had looked at. False: out of memory. */
static bool adopt(struct tr_file *f, const struct xf_segment *s, uint32_t place)
{
	bool repeated = false;
	if (!header_fits(f, &s->header, place)) {
		f->damage.bad_segments++;
	} else if (!take_generation(f, &s->header, &repeated)) {
		return false;
	} else if (repeated) {
		f->damage.repeated_segments++;
	} else {
		struct tr_segment probe = {
			.segment = s, .thread = s->header.thread, .generation = s->header.generation };
		uint64_t bad = f->damage.bad_records;
		if (update_segment(f, &probe))
			return append_segment(f, &probe, place);
		f->damage.bad_records = bad;
		f->damage.bad_segments++;
	}
	f->places[place] = PLACE_REJECTED;
	return true;
}

static bool look_at_place(struct tr_file *f, uint32_t place)
{
	struct xf_segment_header h;
	read_at(f, place_offset(place), &h, sizeof(h));
	if (h.magic != XF_SEGMENT_MAGIC)
		return true;
	struct xf_segment *s = fetch(f, place);
	if (!s)
		return false;
	bool ok = adopt(f, s, place);
	if (f->places[place] != PLACE_USED)
		drop_fetched(f, s);
	return ok;
}

/* More of a segment that was not sealed when last seen. A copy is read again from its first new record. */
static void look_again(struct tr_file *f, uint32_t place)
{
	struct tr_segment *t = &f->segments[f->used[place]];
	if (t->sealed)
		return;
	if (!f->own && !is_mapped(f, t->segment)) {
		struct xf_segment *copy = (struct xf_segment *)(uintptr_t)t->segment;
		uint64_t at = place_offset(place);
		size_t skip = offsetof(struct xf_segment, records) + t->count * sizeof(struct xf_record);
		struct xf_segment_header h;
		/* the header first: a seal seen here covers every record read after it */
		read_at(f, at, &h, sizeof(h));
		read_at(f, at + skip, (char *)copy + skip, sizeof(*copy) - skip);
		copy->header = h;
	}
	if (!update_segment(f, t)) {
		f->damage.bad_segments++;
		t->sealed = true; /* what was handed out stays, no more of it is taken */
	}
}

/* ---- all of them */

static bool reserve_places(struct tr_file *f, uint32_t nr)
{
	if (nr <= f->nr_places)
		return true;
	uint8_t *places = realloc(f->places, nr);
	if (places)
		f->places = places;
	uint32_t *used = realloc(f->used, nr * sizeof(*used));
	if (used)
		f->used = used;
	if (!places || !used)
		return false;
	memset(f->places + f->nr_places, PLACE_UNKNOWN, nr - f->nr_places);
	f->nr_places = nr;
	return true;
}

/* Places that lie in the file, the last perhaps not wholly. */
static uint32_t places_in_file(const struct tr_file *f)
{
	uint64_t bytes = f->size > XF_HEADER_SIZE ? f->size - XF_HEADER_SIZE : 0;
	uint64_t places = (bytes + XF_SEGMENT_SIZE - 1) / XF_SEGMENT_SIZE;
	uint64_t handed_out = atomic_load(&f->header.nr_segments);
	if (handed_out > MAX_PLACES)
		handed_out = MAX_PLACES;
	return (uint32_t)(places < handed_out ? places : handed_out);
}

static bool refresh_places(struct tr_file *f)
{
	uint32_t nr = places_in_file(f);
	if (!reserve_places(f, nr))
		return false;
	for (uint32_t i = 0; i < f->nr_places; i++) {
		if (f->places[i] == PLACE_USED)
			look_again(f, i);
		else if (f->places[i] == PLACE_UNKNOWN && !look_at_place(f, i))
			return false;
	}
	return true;
}

/* ---- what is resident of our own */

/*
 * A reader that goes through the threads' records by time is in one segment of each at a time. A few more,
 * and it hardly ever comes back to one that went.
 */
static bool reserve_kept(struct tr_file *f)
{
	uint32_t nr = KEPT_BESIDES + atomic_load(&f->header.nr_threads);
	if (nr <= f->nr_kept)
		return true;
	uint32_t *kept = realloc(f->kept, nr * sizeof(*kept));
	if (!kept)
		return false;
	for (uint32_t i = f->nr_kept; i < nr; i++)
		kept[i] = NOT_KEPT;
	f->kept = kept;
	f->nr_kept = nr;
	return true;
}

/* Segment i is looked into and thereby resident, in the place of the one that has been for longest. */
static void keep(struct tr_file *f, uint32_t i)
{
	uint32_t *turn = &f->kept[f->next_kept];
	if (!f->segments[i].sealed)
		return; /* its writer keeps it */
	if (*turn != NOT_KEPT) {
		f->segments[*turn].kept = false;
		xf_segment_let_go(f->segments[*turn].segment);
	}
	*turn = i;
	f->segments[i].kept = true;
	f->next_kept = (f->next_kept + 1) % f->nr_kept;
}

struct visit {
	struct tr_file *file;
	bool failed;
};

static void visit_own(void *ctx, uint32_t place, const struct xf_segment *s)
{
	struct visit *v = ctx;
	struct tr_file *f = v->file;
	if (v->failed || !reserve_places(f, place + 1)) {
		v->failed = true;
		return;
	}
	bool known = f->places[place] == PLACE_USED;
	if (known && f->segments[f->used[place]].sealed)
		return; /* a look would bring its pages back */
	if (known)
		look_again(f, place);
	else if (f->places[place] == PLACE_UNKNOWN)
		v->failed = !adopt(f, s, place);
	if (f->places[place] == PLACE_USED)
		keep(f, f->used[place]);
}

/* ---- what is missing */

struct thread_sum {
	uint32_t segments, last_generation;
	bool last_full;
};

/*
 * A segment is only taken when the thread's last is full, or as a thread's first.
 * So when every numbered thread has one and none of the last is full, nothing was
 * ever written behind the end of the file.
 */
static bool nobody_wrote_more(const struct tr_file *f, const struct thread_sum *sums, uint32_t nr)
{
	if (atomic_load(&f->header.closed) || f->damage.bad_segments)
		return false;
	for (uint32_t i = 0; i < nr; i++)
		if (!sums[i].segments || sums[i].last_full)
			return false;
	return true;
}

static void count_missing(struct tr_file *f, const struct thread_sum *sums, uint32_t nr)
{
	uint64_t handed_out = atomic_load(&f->header.nr_segments), whole = 0;
	if (f->size > XF_HEADER_SIZE)
		whole = (f->size - XF_HEADER_SIZE) / XF_SEGMENT_SIZE;
	uint64_t missing = handed_out > whole ? handed_out - whole : 0;
	f->damage.in_memory = atomic_load(&f->header.nr_in_memory);
	missing = missing > f->damage.in_memory ? missing - f->damage.in_memory : 0;
	bool harmless = !missing || !f->ended || nobody_wrote_more(f, sums, nr);
	f->damage.missing_segments = harmless ? 0 : (uint32_t)missing;
}

static void count_absent(struct tr_file *f, const struct thread_sum *sums, uint32_t nr)
{
	uint64_t absent = 0;
	for (uint32_t i = 0; i < nr; i++)
		if (sums[i].segments)
			absent += (uint64_t)sums[i].last_generation + 1 - sums[i].segments;
	f->damage.absent_segments = absent > UINT32_MAX ? UINT32_MAX : (uint32_t)absent;
}

/* How many threads it is worth to look at: a header may claim any number. */
static uint32_t believable_threads(const struct tr_file *f)
{
	uint32_t claimed = atomic_load(&f->header.nr_threads);
	uint32_t most = 1 << 20;
	return claimed < most ? claimed : most;
}

static enum xf_status sum_up(struct tr_file *f, struct xf_error *err)
{
	uint32_t nr = believable_threads(f);
	struct thread_sum *sums = calloc(nr + 1u, sizeof(*sums));
	if (!sums)
		return xf_fail(err, XF_NOMEM, "no memory for the trace");
	for (uint32_t i = 0; i < f->nr_segments; i++) {
		const struct tr_segment *t = &f->segments[i];
		if (t->thread >= nr)
			continue;
		struct thread_sum *s = &sums[t->thread];
		if (!s->segments++ || t->generation >= s->last_generation) {
			s->last_generation = t->generation;
			s->last_full = t->count == XF_SEGMENT_RECORDS;
		}
	}
	if (!f->own)
		count_missing(f, sums, nr);
	if (f->ended)
		count_absent(f, sums, nr);
	free(sums);
	return XF_OK;
}

static enum xf_status find_size(struct tr_file *f, struct xf_error *err)
{
	struct stat st;
	if (f->own)
		return XF_OK;
	if (f->memory) {
		f->size = f->memory_len;
		return XF_OK;
	}
	if (fstat(f->fd, &st) != 0)
		return xf_fail_errno(err, XF_IO, errno, "cannot look at %s", f->path);
	f->size = (uint64_t)st.st_size;
	return XF_OK;
}

enum xf_status tr_file_refresh(struct tr_file *f, struct xf_error *err)
{
	if (f->own && !xf_trace_header())
		return XF_OK;
	enum xf_status status = read_header(f, err);
	if (status == XF_OK)
		status = find_size(f, err);
	if (status != XF_OK)
		return status;
	struct visit v = { .file = f };
	if (f->own && reserve_kept(f))
		xf_trace_visit(visit_own, &v);
	else if (f->own)
		v.failed = true;
	else
		v.failed = !refresh_places(f);
	if (v.failed)
		return xf_fail(err, XF_NOMEM, "no memory for the trace");
	return sum_up(f, err);
}

/* ---- open, close */

static enum xf_status finish_open(struct tr_file *f, struct tr_file **out, struct xf_error *err)
{
	enum xf_status status = tr_file_refresh(f, err);
	if (status != XF_OK) {
		tr_file_close(f);
		return status;
	}
	*out = f;
	return XF_OK;
}

static struct tr_file *new_file(struct xf_error *err)
{
	struct tr_file *f = calloc(1, sizeof(*f));
	if (f)
		f->fd = -1;
	else
		xf_fail(err, XF_NOMEM, "no memory for the trace");
	return f;
}

static enum xf_status open_path(struct tr_file *f, const char *path, struct xf_error *err)
{
	struct stat st;
	f->path = strdup(path);
	if (!f->path)
		return xf_fail(err, XF_NOMEM, "no memory for the trace");
	f->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (f->fd < 0) {
		enum xf_status status = errno == ENOENT ? XF_NOT_FOUND : errno == EACCES ? XF_DENIED : XF_IO;
		return xf_fail_errno(err, status, errno, "cannot open the trace %s", path);
	}
	if (fstat(f->fd, &st) != 0)
		return xf_fail_errno(err, XF_IO, errno, "cannot look at %s", path);
	if (!S_ISREG(st.st_mode))
		return xf_fail(err, XF_INVALID, "%s is no regular file", path);
	f->copy = st.st_size <= TR_COPY_LIMIT;
	return XF_OK;
}

enum xf_status tr_file_open(const char *path, struct tr_file **out, struct xf_error *err)
{
	struct tr_file *f = new_file(err);
	if (!f)
		return XF_NOMEM;
	enum xf_status status = open_path(f, path, err);
	if (status != XF_OK) {
		tr_file_close(f);
		return status;
	}
	return finish_open(f, out, err);
}

enum xf_status tr_file_open_own(struct tr_file **out, struct xf_error *err)
{
	struct tr_file *f = new_file(err);
	if (!f)
		return XF_NOMEM;
	f->own = true;
	if (!xf_trace_header()) {
		tr_file_close(f);
		return xf_fail(err, XF_STATE, "nothing is being recorded");
	}
	return finish_open(f, out, err);
}

enum xf_status tr_file_open_memory(const void *bytes, size_t len, struct tr_file **out,
				   struct xf_error *err)
{
	struct tr_file *f = new_file(err);
	if (!f)
		return XF_NOMEM;
	f->memory = malloc(len + 1);
	if (!f->memory) {
		tr_file_close(f);
		return xf_fail(err, XF_NOMEM, "no memory for the trace");
	}
	if (len)
		memcpy(f->memory, bytes, len);
	f->memory_len = len;
	f->copy = true;
	return finish_open(f, out, err);
}

void tr_file_close(struct tr_file *f)
{
	if (!f)
		return;
	for (uint32_t i = 0; i < f->nr_segments; i++)
		drop_fetched(f, (struct xf_segment *)(uintptr_t)f->segments[i].segment);
	for (uint32_t i = 0; i < f->nr_windows; i++)
		if (f->windows[i])
			munmap(f->windows[i], WINDOW);
	if (f->fd >= 0)
		close(f->fd);
	tr_map_fini(&f->generations);
	free(f->windows);
	free(f->kept);
	free(f->segments);
	free(f->places);
	free(f->used);
	free(f->memory);
	free(f->path);
	free(f);
}

/* ---- looking at it */

uint32_t tr_file_nr_segments(const struct tr_file *f)
{
	return f->nr_segments;
}

const struct tr_segment *tr_file_segment(struct tr_file *f, uint32_t i)
{
	if (f->own && !f->segments[i].kept)
		keep(f, i);
	return &f->segments[i];
}

const struct xf_file_header *tr_file_header(const struct tr_file *f)
{
	return &f->header;
}

const char *tr_file_path(const struct tr_file *f)
{
	if (f->own)
		return xf_trace_path() ? xf_trace_path() : "";
	return f->path ? f->path : "";
}

const struct tr_damage *tr_file_damage(const struct tr_file *f)
{
	return &f->damage;
}

bool tr_file_ended(const struct tr_file *f)
{
	return f->ended;
}

const char *tr_damage_sentence(const struct tr_damage *d, char *buf, size_t cap)
{
	const struct { uint64_t n; const char *text; } rows[] = {
		{ d->missing_segments, "cut short: segments missing at its end" },
		{ d->in_memory, "incomplete: segments that its file could not take (a full disk, a size limit, or xferdb was gone)" },
		{ d->bad_segments, "damaged: segments whose checksum or header is wrong" },
		{ d->repeated_segments, "damaged: segments that are there twice" },
		{ d->absent_segments, "damaged: segments missing from a thread's history" },
		{ d->bad_records, "damaged: records of no known kind" },
	};
	size_t len = 0;
	buf[0] = '\0';
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].n && len < cap) {
			int n = snprintf(buf + len, cap - len, "%s%s (%llu)", len ? "; " : "the trace is ",
					 rows[i].text, (unsigned long long)rows[i].n);
			len += n > 0 ? (size_t)n : 0;
		}
	return buf;
}
