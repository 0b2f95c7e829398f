/* store: see store.h. Loading and writing of records is in store_disk.c. */
#include "core/endpoint/store.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/endpoint/store_disk.h"
#include "core/endpoint/text.h"

/* Completed uploads that are remembered, so that a repeated Complete gets the same answer. */
enum { REMEMBERED = 256 };

/* Bytes of bodies in memory; what comes after them lies in a temporary file. */
enum { HEAP_LIMIT = 256 << 20 };

/* ---- objects */

struct xf_ep_object *xf_ep_object_new(const char *key)
{
	struct xf_ep_object *o = calloc(1, sizeof(*o));

	if (!o)
		return NULL;
	o->refs = 1;
	o->key = strdup(key);
	o->modified_ms = xf_ep_now_ms();
	if (o->key)
		return o;
	free(o);
	return NULL;
}

struct xf_ep_object *xf_ep_object_acquire(struct xf_ep_object *o)
{
	atomic_fetch_add_explicit(&o->refs, 1, memory_order_relaxed);
	return o;
}

static void pieces_release(struct xf_ep_piece *pieces, size_t count)
{
	for (size_t i = 0; i < count; i++)
		xf_ep_blob_release(pieces[i].blob);
}

void xf_ep_pieces_free(struct xf_ep_piece *pieces, size_t count)
{
	pieces_release(pieces, count);
	free(pieces);
}

void xf_ep_object_release(struct xf_ep_object *o)
{
	/* acq_rel: every holder's use is before the free */
	if (!o || atomic_fetch_sub_explicit(&o->refs, 1, memory_order_acq_rel) != 1)
		return;
	xf_ep_pieces_free(o->pieces, o->nr_pieces);
	xf_headers_fini(&o->headers);
	free(o->key);
	free(o);
}

bool xf_ep_object_add_piece(struct xf_ep_object *o, const struct xf_ep_piece *piece)
{
	struct xf_ep_piece *pieces = realloc(o->pieces, (o->nr_pieces + 1) * sizeof(*pieces));

	if (!pieces) {
		xf_ep_blob_release(piece->blob);
		return false;
	}
	o->pieces = pieces;
	o->pieces[o->nr_pieces++] = *piece;
	o->size += piece->size;
	return true;
}

static void keep_pieces(const struct xf_ep_piece *pieces, size_t count, bool keep)
{
	for (size_t i = 0; i < count; i++)
		xf_ep_blob_keep(pieces[i].blob, keep);
}

/* ---- sorted arrays of pointers */

bool xf_ep_array_insert(struct xf_ep_array *a, size_t at, void *item)
{
	if (a->count == a->room) {
		size_t room = a->room ? a->room * 2 : 16;
		void **items = realloc(a->items, room * sizeof(*items));
		if (!items)
			return false;
		a->items = items;
		a->room = room;
	}
	memmove(a->items + at + 1, a->items + at, (a->count - at) * sizeof(*a->items));
	a->items[at] = item;
	a->count++;
	return true;
}

static void array_remove(struct xf_ep_array *a, size_t at)
{
	a->count--;
	memmove(a->items + at, a->items + at + 1, (a->count - at) * sizeof(*a->items));
}

static const char *bucket_key(const void *ctx, size_t i)
{
	return ((struct xf_ep_bucket *)((const struct xf_ep_array *)ctx)->items[i])->name;
}

static const char *object_key(const void *ctx, size_t i)
{
	return ((struct xf_ep_object *)((const struct xf_ep_array *)ctx)->items[i])->key;
}

static const char *upload_key(const void *ctx, size_t i)
{
	return ((struct xf_ep_upload *)((const struct xf_ep_array *)ctx)->items[i])->key;
}

static size_t find(const struct xf_ep_array *a, xf_ep_key_fn key_at, const char *key, bool *found)
{
	size_t at = xf_ep_list_find(a, a->count, key_at, key, false);

	*found = at < a->count && !strcmp(key_at(a, at), key);
	return at;
}

static struct xf_ep_bucket *bucket_locked(struct xf_ep_store *s, const char *name)
{
	bool found;
	size_t at = find(&s->buckets, bucket_key, name, &found);

	return found ? s->buckets.items[at] : NULL;
}

/* ---- the store */

enum xf_status xf_ep_store_open(struct xf_ep_store **out, const char *dir, struct xf_error *err)
{
	struct xf_ep_store *s = calloc(1, sizeof(*s));
	enum xf_status status = XF_OK;

	*out = NULL;
	if (!s)
		return xf_fail(err, XF_NOMEM, "no memory for the store");
	pthread_mutex_init(&s->lock, NULL);
	s->dir = s->lock_fd = -1;
	s->spool = xf_ep_spool_new(HEAP_LIMIT);
	if (!s->spool)
		status = xf_fail(err, XF_NOMEM, "no memory for the store");
	else if (dir)
		status = xf_ep_disk_load(s, dir, err);
	if (status)
		xf_ep_store_close(s);
	else
		*out = s;
	return status;
}

static void bucket_free(struct xf_ep_bucket *b)
{
	for (size_t i = 0; i < b->objects.count; i++)
		xf_ep_object_release(b->objects.items[i]);
	for (size_t i = 0; i < b->uploads.count; i++)
		xf_ep_upload_release(b->uploads.items[i]);
	free(b->objects.items);
	free(b->uploads.items);
	free(b->name);
	free(b->location);
	free(b);
}

struct xf_ep_bucket *xf_ep_bucket_new(const char *name, const char *location, int64_t created_ms)
{
	struct xf_ep_bucket *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->name = strdup(name);
	b->location = strdup(location ? location : "");
	b->created_ms = created_ms;
	if (b->name && b->location)
		return b;
	bucket_free(b);
	return NULL;
}

void xf_ep_store_close(struct xf_ep_store *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->buckets.count; i++)
		bucket_free(s->buckets.items[i]);
	free(s->buckets.items);
	for (size_t i = 0; i < s->completed.count; i++)
		xf_ep_upload_release(s->completed.items[i]);
	free(s->completed.items);
	if (s->dir >= 0)
		close(s->dir);
	if (s->lock_fd >= 0)
		close(s->lock_fd);
	xf_ep_spool_free(s->spool);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

struct xf_ep_blob *xf_ep_store_blob(struct xf_ep_store *s, uint64_t expected)
{
	return xf_ep_blob_new(s->dir, s->spool, expected);
}

/* ---- buckets */

enum xf_status xf_ep_bucket_create(struct xf_ep_store *s, const char *name, const char *location)
{
	struct xf_ep_bucket *b = xf_ep_bucket_new(name, location, xf_ep_now_ms());
	enum xf_status status = XF_OK;
	bool found;

	if (!b)
		return XF_NOMEM;
	pthread_mutex_lock(&s->lock);
	size_t at = find(&s->buckets, bucket_key, name, &found);
	if (found)
		status = XF_STATE;
	else if ((status = xf_ep_disk_bucket(s, b)) == XF_OK &&
		 !xf_ep_array_insert(&s->buckets, at, b))
		status = XF_NOMEM;
	pthread_mutex_unlock(&s->lock);
	if (status)
		bucket_free(b);
	return status;
}

static void drop_upload_locked(struct xf_ep_store *s, struct xf_ep_bucket *b,
			       struct xf_ep_upload *u, enum xf_ep_upload_state state);

enum xf_status xf_ep_bucket_delete(struct xf_ep_store *s, const char *name)
{
	struct xf_ep_bucket *b = NULL;
	enum xf_status status = XF_OK;
	bool found;

	pthread_mutex_lock(&s->lock);
	size_t at = find(&s->buckets, bucket_key, name, &found);
	if (found)
		b = s->buckets.items[at];
	if (!b) {
		status = XF_NOT_FOUND;
	} else if (b->objects.count) {
		status = XF_STATE;
	} else {
		while (b->uploads.count)
			drop_upload_locked(s, b, b->uploads.items[0], XF_EP_UPLOAD_GONE);
		xf_ep_disk_bucket_gone(s, b);
		array_remove(&s->buckets, at);
	}
	pthread_mutex_unlock(&s->lock);
	if (b && !status)
		bucket_free(b);
	return status;
}

bool xf_ep_bucket_exists(struct xf_ep_store *s, const char *name, char **location)
{
	pthread_mutex_lock(&s->lock);
	struct xf_ep_bucket *b = bucket_locked(s, name);
	if (b && location)
		*location = strdup(b->location);
	pthread_mutex_unlock(&s->lock);
	return b != NULL;
}

void xf_ep_bucket_visit(struct xf_ep_store *s,
			void (*visit)(void *ctx, const char *name, int64_t created_ms), void *ctx)
{
	pthread_mutex_lock(&s->lock);
	for (size_t i = 0; i < s->buckets.count; i++) {
		const struct xf_ep_bucket *b = s->buckets.items[i];
		visit(ctx, b->name, b->created_ms);
	}
	pthread_mutex_unlock(&s->lock);
}

/* ---- objects in buckets */

struct xf_ep_object *xf_ep_object_find(struct xf_ep_store *s, const char *bucket, const char *key)
{
	struct xf_ep_object *o = NULL;
	bool found;

	pthread_mutex_lock(&s->lock);
	struct xf_ep_bucket *b = bucket_locked(s, bucket);
	if (b) {
		size_t at = find(&b->objects, object_key, key, &found);
		if (found)
			o = xf_ep_object_acquire(b->objects.items[at]);
	}
	pthread_mutex_unlock(&s->lock);
	return o;
}

/* What the key held is in *old, for the caller to let go outside the lock. */
static enum xf_status publish_locked(struct xf_ep_store *s, const char *bucket,
				     struct xf_ep_object *o, struct xf_ep_guard guard,
				     struct xf_ep_object **old)
{
	struct xf_ep_bucket *b = bucket_locked(s, bucket);
	enum xf_status status;
	bool found;

	if (!b)
		return XF_NOT_FOUND;
	size_t at = find(&b->objects, object_key, o->key, &found);
	struct xf_ep_object *now = found ? b->objects.items[at] : NULL;
	if (guard.set && guard.serial != (now ? now->serial : 0))
		return XF_CHANGED;
	o->serial = ++s->serial;
	keep_pieces(o->pieces, o->nr_pieces, true);
	status = xf_ep_disk_object(s, b, o);
	if (!status && !found && !xf_ep_array_insert(&b->objects, at, NULL))
		status = XF_NOMEM;
	if (status) {
		keep_pieces(o->pieces, o->nr_pieces, false);
		return status;
	}
	b->objects.items[at] = xf_ep_object_acquire(o);
	if (now)
		keep_pieces(now->pieces, now->nr_pieces, false);
	*old = now;
	return XF_OK;
}

enum xf_status xf_ep_object_publish(struct xf_ep_store *s, const char *bucket,
				    struct xf_ep_object *o, struct xf_ep_guard guard)
{
	struct xf_ep_object *old = NULL;

	pthread_mutex_lock(&s->lock);
	enum xf_status status = publish_locked(s, bucket, o, guard, &old);
	pthread_mutex_unlock(&s->lock);
	xf_ep_object_release(old);
	return status;
}

enum xf_status xf_ep_object_delete(struct xf_ep_store *s, const char *bucket, const char *key,
				   struct xf_ep_guard guard)
{
	struct xf_ep_object *old = NULL;
	enum xf_status status = XF_NOT_FOUND;
	bool found;

	pthread_mutex_lock(&s->lock);
	struct xf_ep_bucket *b = bucket_locked(s, bucket);
	if (b) {
		size_t at = find(&b->objects, object_key, key, &found);
		old = found ? b->objects.items[at] : NULL;
		status = guard.set && guard.serial != (old ? old->serial : 0) ? XF_CHANGED : XF_OK;
		if (status)
			old = NULL;
		if (old) {
			xf_ep_disk_object_gone(s, b, old);
			keep_pieces(old->pieces, old->nr_pieces, false);
			array_remove(&b->objects, at);
		}
	}
	pthread_mutex_unlock(&s->lock);
	xf_ep_object_release(old);
	return status;
}

enum xf_status xf_ep_object_list(struct xf_ep_store *s, const char *bucket,
				 const struct xf_ep_list_query *query, struct xf_ep_object_page *out)
{
	*out = (struct xf_ep_object_page){ 0 };
	out->page.entries = calloc(query->max + 1, sizeof(*out->page.entries));
	out->objects = calloc(query->max + 1, sizeof(*out->objects));
	if (!out->page.entries || !out->objects)
		return XF_NOMEM;
	pthread_mutex_lock(&s->lock);
	struct xf_ep_bucket *b = bucket_locked(s, bucket);
	if (b) {
		xf_ep_list(query, &b->objects, b->objects.count, object_key, &out->page);
		for (size_t i = 0; i < out->page.count; i++)
			out->objects[i] = xf_ep_object_acquire(
				b->objects.items[out->page.entries[i].index]);
	}
	pthread_mutex_unlock(&s->lock);
	return b ? XF_OK : XF_NOT_FOUND;
}

void xf_ep_object_page_fini(struct xf_ep_object_page *page)
{
	for (size_t i = 0; i < page->page.count; i++)
		xf_ep_object_release(page->objects[i]);
	free(page->objects);
	free(page->page.entries);
	*page = (struct xf_ep_object_page){ 0 };
}

/* ---- uploads */

struct xf_ep_upload *xf_ep_upload_new(const char *bucket, const char *key)
{
	struct xf_ep_upload *u = calloc(1, sizeof(*u));

	if (!u)
		return NULL;
	u->refs = 1;
	u->bucket = strdup(bucket);
	u->key = strdup(key);
	u->initiated_ms = xf_ep_now_ms();
	xf_ep_random_hex(u->id, 32);
	if (u->bucket && u->key)
		return u;
	xf_ep_upload_release(u);
	return NULL;
}

static struct xf_ep_upload *upload_acquire(struct xf_ep_upload *u)
{
	atomic_fetch_add_explicit(&u->refs, 1, memory_order_relaxed);
	return u;
}

void xf_ep_upload_release(struct xf_ep_upload *u)
{
	/* acq_rel: every holder's use is before the free */
	if (!u || atomic_fetch_sub_explicit(&u->refs, 1, memory_order_acq_rel) != 1)
		return;
	xf_ep_pieces_free(u->pieces, u->nr_pieces);
	xf_ep_object_release(u->result);
	xf_headers_fini(&u->headers);
	free(u->bucket);
	free(u->key);
	free(u);
}

bool xf_ep_upload_insert_locked(struct xf_ep_bucket *b, struct xf_ep_upload *u)
{
	/* behind those of the same key: in order of time */
	size_t at = xf_ep_list_find(&b->uploads, b->uploads.count, upload_key, u->key, true);

	return xf_ep_array_insert(&b->uploads, at, u);
}

enum xf_status xf_ep_upload_publish(struct xf_ep_store *s, struct xf_ep_upload *u)
{
	enum xf_status status = XF_NOT_FOUND;

	pthread_mutex_lock(&s->lock);
	struct xf_ep_bucket *b = bucket_locked(s, u->bucket);
	if (b)
		status = xf_ep_disk_upload(s, b, u);
	if (b && !status && !xf_ep_upload_insert_locked(b, u))
		status = XF_NOMEM;
	if (!status)
		upload_acquire(u);
	pthread_mutex_unlock(&s->lock);
	return status;
}

static struct xf_ep_upload *among(const struct xf_ep_array *a, const char *bucket, const char *key,
				  const char *id)
{
	for (size_t i = 0; i < a->count; i++) {
		struct xf_ep_upload *u = a->items[i];
		if (!strcmp(u->id, id) && !strcmp(u->key, key) && !strcmp(u->bucket, bucket))
			return upload_acquire(u);
	}
	return NULL;
}

struct xf_ep_upload *xf_ep_upload_find(struct xf_ep_store *s, const char *bucket, const char *key,
				       const char *id)
{
	struct xf_ep_upload *u = NULL;

	pthread_mutex_lock(&s->lock);
	struct xf_ep_bucket *b = bucket_locked(s, bucket);
	if (b)
		u = among(&b->uploads, bucket, key, id);
	if (!u)
		u = among(&s->completed, bucket, key, id);
	pthread_mutex_unlock(&s->lock);
	return u;
}

/* The position of the first part with a number >= number. */
static size_t piece_at(const struct xf_ep_upload *u, uint32_t number)
{
	size_t low = 0, high = u->nr_pieces;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (u->pieces[middle].number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool xf_ep_upload_set_piece_locked(struct xf_ep_upload *u, const struct xf_ep_piece *piece,
				   struct xf_ep_blob **old)
{
	size_t at = piece_at(u, piece->number);

	*old = NULL;
	if (at < u->nr_pieces && u->pieces[at].number == piece->number) {
		*old = u->pieces[at].blob;
		xf_ep_blob_keep(*old, false);
		u->pieces[at] = *piece;
		return true;
	}
	struct xf_ep_piece *pieces = realloc(u->pieces, (u->nr_pieces + 1) * sizeof(*pieces));
	if (!pieces)
		return false;
	u->pieces = pieces;
	memmove(pieces + at + 1, pieces + at, (u->nr_pieces - at) * sizeof(*pieces));
	pieces[at] = *piece;
	u->nr_pieces++;
	return true;
}

enum xf_status xf_ep_upload_put_part(struct xf_ep_store *s, struct xf_ep_upload *u,
				     const struct xf_ep_piece *piece)
{
	struct xf_ep_blob *old = NULL;
	enum xf_status status = XF_NOT_FOUND;

	pthread_mutex_lock(&s->lock);
	if (u->state == XF_EP_UPLOAD_OPEN) {
		xf_ep_blob_keep(piece->blob, true);
		status = xf_ep_disk_piece(s, u, piece);
		if (!status && !xf_ep_upload_set_piece_locked(u, piece, &old))
			status = XF_NOMEM;
		if (status)
			xf_ep_blob_keep(piece->blob, false);
	}
	pthread_mutex_unlock(&s->lock);
	xf_ep_blob_release(old);
	return status;
}

enum xf_status xf_ep_upload_parts(struct xf_ep_store *s, struct xf_ep_upload *u, uint32_t after,
				  size_t max, struct xf_ep_piece **out, size_t *count, bool *more)
{
	enum xf_status status = XF_NOT_FOUND;

	*out = NULL;
	*count = 0;
	*more = false;
	pthread_mutex_lock(&s->lock);
	if (u->state == XF_EP_UPLOAD_OPEN) {
		size_t at = piece_at(u, after + 1), have = u->nr_pieces - at;
		*more = have > max;
		have = have > max ? max : have;
		*out = calloc(have + 1, sizeof(**out));
		status = *out ? XF_OK : XF_NOMEM;
		for (size_t i = 0; *out && i < have; i++) {
			(*out)[i] = u->pieces[at + i];
			xf_ep_blob_acquire((*out)[i].blob);
			(*count)++;
		}
	}
	pthread_mutex_unlock(&s->lock);
	return status;
}

/* Takes the upload out of its bucket; its parts are let go. */
static void drop_upload_locked(struct xf_ep_store *s, struct xf_ep_bucket *b,
			       struct xf_ep_upload *u, enum xf_ep_upload_state state)
{
	xf_ep_disk_upload_gone(s, b, u);
	u->state = state;
	if (state == XF_EP_UPLOAD_GONE)
		keep_pieces(u->pieces, u->nr_pieces, false);
	xf_ep_pieces_free(u->pieces, u->nr_pieces);
	u->pieces = NULL;
	u->nr_pieces = 0;
	for (size_t i = 0; i < b->uploads.count; i++) {
		if (b->uploads.items[i] == u) {
			array_remove(&b->uploads, i);
			break;
		}
	}
	if (state == XF_EP_UPLOAD_COMPLETED) {
		if (s->completed.count == REMEMBERED) {
			xf_ep_upload_release(s->completed.items[0]);
			array_remove(&s->completed, 0);
		}
		if (xf_ep_array_insert(&s->completed, s->completed.count, u))
			return;
	}
	xf_ep_upload_release(u);
}

enum xf_status xf_ep_upload_abort(struct xf_ep_store *s, struct xf_ep_upload *u)
{
	enum xf_status status = XF_NOT_FOUND;

	pthread_mutex_lock(&s->lock);
	struct xf_ep_bucket *b = bucket_locked(s, u->bucket);
	if (b && u->state == XF_EP_UPLOAD_OPEN) {
		drop_upload_locked(s, b, u, XF_EP_UPLOAD_GONE);
		status = XF_OK;
	}
	pthread_mutex_unlock(&s->lock);
	return status;
}

/* What the answer to a repeated Complete is made of: everything but the bytes, which may be replaced or deleted. */
static struct xf_ep_object *without_bytes(const struct xf_ep_object *o)
{
	struct xf_ep_object *husk = xf_ep_object_new(o->key);

	if (!husk)
		return NULL;
	for (size_t i = 0; i < o->headers.nr; i++)
		xf_headers_add(&husk->headers, o->headers.items[i].name, o->headers.items[i].value);
	husk->serial = o->serial;
	husk->size = o->size;
	husk->modified_ms = o->modified_ms;
	memcpy(husk->etag, o->etag, sizeof(husk->etag));
	husk->sum = o->sum;
	memcpy(husk->key_md5, o->key_md5, sizeof(husk->key_md5));
	husk->multipart = o->multipart;
	return husk;
}

/* Parts the object does not name are not kept. */
static void drop_unused(struct xf_ep_upload *u, const struct xf_ep_object *o)
{
	keep_pieces(u->pieces, u->nr_pieces, false);
	keep_pieces(o->pieces, o->nr_pieces, true);
}

enum xf_status xf_ep_upload_complete(struct xf_ep_store *s, struct xf_ep_upload *u,
				     struct xf_ep_object *o, struct xf_ep_guard guard)
{
	struct xf_ep_object *old = NULL;
	enum xf_status status = XF_STATE;

	pthread_mutex_lock(&s->lock);
	struct xf_ep_bucket *b = bucket_locked(s, u->bucket);
	if (b && u->state == XF_EP_UPLOAD_OPEN) {
		status = publish_locked(s, u->bucket, o, guard, &old);
		if (status) {
			keep_pieces(u->pieces, u->nr_pieces, true);
		} else {
			drop_unused(u, o);
			u->result = without_bytes(o); /* no memory: a repeated Complete finds no upload */
			drop_upload_locked(s, b, u, XF_EP_UPLOAD_COMPLETED);
		}
	}
	pthread_mutex_unlock(&s->lock);
	xf_ep_object_release(old);
	return status;
}

enum xf_ep_upload_state xf_ep_upload_look(struct xf_ep_store *s, struct xf_ep_upload *u,
					  struct xf_ep_object **result)
{
	pthread_mutex_lock(&s->lock);
	enum xf_ep_upload_state state = u->state;
	*result = u->result ? xf_ep_object_acquire(u->result) : NULL;
	pthread_mutex_unlock(&s->lock);
	return state;
}

enum xf_status xf_ep_upload_visit(struct xf_ep_store *s, const char *bucket,
				  bool (*visit)(void *ctx, const struct xf_ep_upload *u), void *ctx)
{
	pthread_mutex_lock(&s->lock);
	struct xf_ep_bucket *b = bucket_locked(s, bucket);
	for (size_t i = 0; b && i < b->uploads.count; i++)
		if (!visit(ctx, b->uploads.items[i]))
			break;
	pthread_mutex_unlock(&s->lock);
	return b ? XF_OK : XF_NOT_FOUND;
}
