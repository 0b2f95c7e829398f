/* store_disk: see store_disk.h; the layout is in store.h. */
#include "core/endpoint/store_disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/endpoint/message.h"
#include "core/endpoint/record.h"

enum { PATH_SIZE = 320 };

static void object_path(char out[PATH_SIZE], const char *bucket, const char *key)
{
	struct xf_digest hash;
	char hex[2 * XF_DIGEST_MAX + 1] = "";

	if (xf_checksum_of(&hash, XF_CHECKSUM_SHA256, key, strlen(key)) == XF_OK)
		xf_digest_hex(&hash, hex);
	snprintf(out, PATH_SIZE, "buckets/%s/o/%s", bucket, hex);
}

/* ---- fields of records */

static void put_sum(struct xf_headers *f, const char *name, const struct xf_ep_sum *sum)
{
	xf_headers_addf(f, name, "%d %d %s", (int)sum->algorithm, (int)sum->type,
			*sum->text ? sum->text : "-");
}

static bool get_sum(const char *text, struct xf_ep_sum *sum)
{
	int algorithm, type;
	char value[128];

	if (!text || sscanf(text, "%d %d %127s", &algorithm, &type, value) != 3 || algorithm < 0 ||
	    strlen(value) >= sizeof(sum->text) || algorithm >= XF_CHECKSUM_COUNT || type < 0 || type > XF_EP_SUM_COMPOSITE)
		return false;
	sum->algorithm = (enum xf_checksum)algorithm;
	sum->type = (enum xf_ep_sum_type)type;
	strcpy(sum->text, strcmp(value, "-") ? value : "");
	return true;
}

static void put_piece(struct xf_headers *f, const struct xf_ep_piece *p)
{
	xf_headers_addf(f, "piece", "%" PRIu32 " %" PRIu64 " %" PRId64 " %s %s %d %d %s", p->number,
			p->size, p->modified_ms, p->etag, xf_ep_blob_name(p->blob),
			(int)p->sum.algorithm, (int)p->sum.type, *p->sum.text ? p->sum.text : "-");
}

static bool get_piece(int dir, const char *text, struct xf_ep_piece *p)
{
	char blob[XF_EP_BLOB_NAME];
	int used = 0;

	*p = (struct xf_ep_piece){ 0 };
	_Static_assert(XF_EP_ETAG_SIZE == 48 && XF_EP_BLOB_NAME == 33, "the widths below");
	if (sscanf(text, "%" SCNu32 " %" SCNu64 " %" SCNd64 " %47s %32s %n", &p->number, &p->size,
		   &p->modified_ms, p->etag, blob, &used) != 5 || !get_sum(text + used, &p->sum))
		return false;
	p->blob = xf_ep_blob_find(dir, blob, p->size);
	return p->blob != NULL;
}

static const char header_mark[] = "header-";

static void put_headers(struct xf_headers *f, const struct xf_headers *headers)
{
	for (size_t i = 0; i < headers->nr; i++) {
		char name[256];
		snprintf(name, sizeof(name), "%s%s", header_mark, headers->items[i].name);
		xf_headers_add(f, name, headers->items[i].value);
	}
}

static void get_headers(const struct xf_headers *f, struct xf_headers *headers)
{
	for (size_t i = 0; i < f->nr; i++)
		if (!strncmp(f->items[i].name, header_mark, sizeof(header_mark) - 1))
			xf_headers_add(headers, f->items[i].name + sizeof(header_mark) - 1,
				       f->items[i].value);
}

static const char *text_of(const struct xf_headers *f, const char *name)
{
	const char *value = xf_headers_get(f, name);

	return value ? value : "";
}

static enum xf_status write_record(struct xf_ep_store *s, const char *path, struct xf_headers *f)
{
	enum xf_status status = xf_headers_ok(f);

	if (!status)
		status = xf_ep_record_write(s->dir, path, f);
	xf_headers_fini(f);
	return status;
}

/* ---- writing */

enum xf_status xf_ep_disk_bucket(struct xf_ep_store *s, const struct xf_ep_bucket *b)
{
	static const char *const folders[] = { "", "/o", "/u" };
	struct xf_headers f = XF_HEADERS_INIT;
	char path[PATH_SIZE];

	if (s->dir < 0)
		return XF_OK;
	for (int i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "buckets/%s%s", b->name, folders[i]);
		if (mkdirat(s->dir, path, 0700) < 0 && errno != EEXIST)
			return XF_IO;
	}
	xf_headers_addf(&f, "created", "%" PRId64, b->created_ms);
	xf_headers_add(&f, "location", b->location);
	snprintf(path, sizeof(path), "buckets/%s/bucket", b->name);
	return write_record(s, path, &f);
}

void xf_ep_disk_bucket_gone(struct xf_ep_store *s, const struct xf_ep_bucket *b)
{
	static const char *const parts[] = { "/bucket", "/o", "/u", "" };
	char path[PATH_SIZE];

	for (int i = 0; s->dir >= 0 && i < 4; i++) {
		snprintf(path, sizeof(path), "buckets/%s%s", b->name, parts[i]);
		unlinkat(s->dir, path, i ? AT_REMOVEDIR : 0);
	}
}

enum xf_status xf_ep_disk_object(struct xf_ep_store *s, const struct xf_ep_bucket *b,
				 const struct xf_ep_object *o)
{
	struct xf_headers f = XF_HEADERS_INIT;
	char path[PATH_SIZE];

	if (s->dir < 0)
		return XF_OK;
	xf_headers_add(&f, "key", o->key);
	xf_headers_addf(&f, "modified", "%" PRId64, o->modified_ms);
	xf_headers_add(&f, "etag", o->etag);
	xf_headers_add(&f, "multipart", o->multipart ? "1" : "0");
	xf_headers_add(&f, "key-md5", o->key_md5);
	put_sum(&f, "sum", &o->sum);
	put_headers(&f, &o->headers);
	for (size_t i = 0; i < o->nr_pieces; i++)
		put_piece(&f, &o->pieces[i]);
	object_path(path, b->name, o->key);
	return write_record(s, path, &f);
}

void xf_ep_disk_object_gone(struct xf_ep_store *s, const struct xf_ep_bucket *b,
			    const struct xf_ep_object *o)
{
	char path[PATH_SIZE];

	if (s->dir < 0)
		return;
	object_path(path, b->name, o->key);
	unlinkat(s->dir, path, 0);
}

enum xf_status xf_ep_disk_upload(struct xf_ep_store *s, const struct xf_ep_bucket *b,
				 const struct xf_ep_upload *u)
{
	struct xf_headers f = XF_HEADERS_INIT;
	char path[PATH_SIZE];

	if (s->dir < 0)
		return XF_OK;
	xf_headers_add(&f, "key", u->key);
	xf_headers_addf(&f, "initiated", "%" PRId64, u->initiated_ms);
	xf_headers_add(&f, "key-md5", u->key_md5);
	put_sum(&f, "sum", &u->sum);
	put_headers(&f, &u->headers);
	snprintf(path, sizeof(path), "buckets/%s/u/%s", b->name, u->id);
	return write_record(s, path, &f);
}

enum xf_status xf_ep_disk_piece(struct xf_ep_store *s, const struct xf_ep_upload *u,
				const struct xf_ep_piece *piece)
{
	struct xf_headers f = XF_HEADERS_INIT;
	char path[PATH_SIZE];

	if (s->dir < 0)
		return XF_OK;
	put_piece(&f, piece);
	snprintf(path, sizeof(path), "buckets/%s/u/%s.%" PRIu32, u->bucket, u->id, piece->number);
	return write_record(s, path, &f);
}

void xf_ep_disk_upload_gone(struct xf_ep_store *s, const struct xf_ep_bucket *b,
			    const struct xf_ep_upload *u)
{
	char path[PATH_SIZE];

	if (s->dir < 0)
		return;
	/* the upload first: parts without their upload are swept at the next start */
	snprintf(path, sizeof(path), "buckets/%s/u/%s", b->name, u->id);
	unlinkat(s->dir, path, 0);
	for (size_t i = 0; i < u->nr_pieces; i++) {
		snprintf(path, sizeof(path), "buckets/%s/u/%s.%" PRIu32, b->name, u->id,
			 u->pieces[i].number);
		unlinkat(s->dir, path, 0);
	}
}

/* ---- loading */

/* Calls each(s, ctx, name) for every entry of the folder but those that begin with a dot. */
static void walk(struct xf_ep_store *s, const char *path,
		 void (*each)(struct xf_ep_store *s, void *ctx, const char *name), void *ctx)
{
	int fd = openat(s->dir, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *folder = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;

	if (!folder) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((entry = readdir(folder)))
		if (entry->d_name[0] != '.')
			each(s, ctx, entry->d_name);
	closedir(folder);
}

static void load_object(struct xf_ep_store *s, void *ctx, const char *name)
{
	struct xf_ep_bucket *b = ctx;
	struct xf_headers f = XF_HEADERS_INIT;
	struct xf_ep_object *o = NULL;
	char path[PATH_SIZE];
	bool ok = false;

	snprintf(path, sizeof(path), "buckets/%s/o/%.64s", b->name, name);
	if (xf_ep_record_read(s->dir, path, &f) == XF_OK && *text_of(&f, "key"))
		o = xf_ep_object_new(text_of(&f, "key"));
	if (o) {
		o->serial = ++s->serial;
		o->modified_ms = strtoll(text_of(&f, "modified"), NULL, 10);
		snprintf(o->etag, sizeof(o->etag), "%s", text_of(&f, "etag"));
		snprintf(o->key_md5, sizeof(o->key_md5), "%s", text_of(&f, "key-md5"));
		o->multipart = *text_of(&f, "multipart") == '1';
		get_headers(&f, &o->headers);
		ok = get_sum(xf_headers_get(&f, "sum"), &o->sum) && !xf_headers_ok(&o->headers);
		for (size_t i = 0; ok && i < f.nr; i++) {
			struct xf_ep_piece piece;
			if (!strcmp(f.items[i].name, "piece"))
				ok = get_piece(s->dir, f.items[i].value, &piece) &&
				     xf_ep_object_add_piece(o, &piece);
		}
	}
	if (ok) {
		size_t at = 0;
		for (at = b->objects.count; at > 0; at--)
			if (strcmp(((struct xf_ep_object *)b->objects.items[at - 1])->key, o->key) < 0)
				break;
		ok = xf_ep_array_insert(&b->objects, at, o);
	}
	if (!ok)
		xf_ep_object_release(o);
	xf_headers_fini(&f);
}

static void load_upload(struct xf_ep_store *s, void *ctx, const char *name)
{
	struct xf_ep_bucket *b = ctx;
	struct xf_headers f = XF_HEADERS_INIT;
	struct xf_ep_upload *u = NULL;
	char path[PATH_SIZE];

	if (strchr(name, '.') || strlen(name) >= XF_EP_UPLOAD_ID_SIZE)
		return;
	snprintf(path, sizeof(path), "buckets/%s/u/%s", b->name, name);
	if (xf_ep_record_read(s->dir, path, &f) == XF_OK && *text_of(&f, "key"))
		u = xf_ep_upload_new(b->name, text_of(&f, "key"));
	if (u) {
		snprintf(u->id, sizeof(u->id), "%s", name);
		u->initiated_ms = strtoll(text_of(&f, "initiated"), NULL, 10);
		snprintf(u->key_md5, sizeof(u->key_md5), "%s", text_of(&f, "key-md5"));
		get_headers(&f, &u->headers);
		if (!get_sum(xf_headers_get(&f, "sum"), &u->sum) || xf_headers_ok(&u->headers) ||
		    !xf_ep_upload_insert_locked(b, u))
			xf_ep_upload_release(u);
	}
	xf_headers_fini(&f);
}

static void load_piece(struct xf_ep_store *s, void *ctx, const char *name)
{
	struct xf_ep_bucket *b = ctx;
	struct xf_headers f = XF_HEADERS_INIT;
	const char *dot = strchr(name, '.');
	struct xf_ep_upload *u = NULL;
	struct xf_ep_blob *old = NULL;
	struct xf_ep_piece piece = { 0 };
	char path[PATH_SIZE];

	if (!dot)
		return;
	for (size_t i = 0; i < b->uploads.count && !u; i++) {
		struct xf_ep_upload *each = b->uploads.items[i];
		if (strlen(each->id) == (size_t)(dot - name) && !strncmp(each->id, name, strlen(each->id)))
			u = each;
	}
	snprintf(path, sizeof(path), "buckets/%s/u/%.80s", b->name, name);
	if (!u)
		unlinkat(s->dir, path, 0);
	else if (xf_ep_record_read(s->dir, path, &f) == XF_OK &&
		 get_piece(s->dir, text_of(&f, "piece"), &piece) &&
		 !xf_ep_upload_set_piece_locked(u, &piece, &old))
		xf_ep_blob_release(piece.blob);
	xf_ep_blob_release(old);
	xf_headers_fini(&f);
}

static void load_bucket(struct xf_ep_store *s, void *ctx, const char *name)
{
	struct xf_headers f = XF_HEADERS_INIT;
	struct xf_ep_bucket *b = NULL;
	char path[PATH_SIZE];
	size_t at;

	(void)ctx;
	snprintf(path, sizeof(path), "buckets/%.64s/bucket", name);
	if (xf_ep_bucket_name_old(name) && xf_ep_record_read(s->dir, path, &f) == XF_OK)
		b = xf_ep_bucket_new(name, text_of(&f, "location"),
				     strtoll(text_of(&f, "created"), NULL, 10));
	xf_headers_fini(&f);
	if (!b)
		return;
	for (at = s->buckets.count; at > 0; at--)
		if (strcmp(((struct xf_ep_bucket *)s->buckets.items[at - 1])->name, name) < 0)
			break;
	if (!xf_ep_array_insert(&s->buckets, at, b))
		return;
	snprintf(path, sizeof(path), "buckets/%s/o", name);
	walk(s, path, load_object, b);
	snprintf(path, sizeof(path), "buckets/%s/u", name);
	walk(s, path, load_upload, b);
	walk(s, path, load_piece, b);
}

/* ---- sweeping */

struct names {
	char (*items)[XF_EP_BLOB_NAME];
	size_t count, room;
};

static bool names_add(struct names *n, const struct xf_ep_piece *pieces, size_t count)
{
	if (n->count + count > n->room) {
		size_t room = (n->count + count) * 2;
		void *items = realloc(n->items, room * sizeof(*n->items));
		if (!items)
			return false;
		n->items = items;
		n->room = room;
	}
	for (size_t i = 0; i < count; i++)
		snprintf(n->items[n->count++], XF_EP_BLOB_NAME, "%s", xf_ep_blob_name(pieces[i].blob));
	return true;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void sweep_blob(struct xf_ep_store *s, void *ctx, const char *name)
{
	struct names *n = ctx;
	char path[PATH_SIZE];

	if (n->count && bsearch(name, n->items, n->count, sizeof(*n->items), by_name))
		return;
	snprintf(path, sizeof(path), "data/%.64s", name);
	unlinkat(s->dir, path, 0);
}

static void sweep_temp(struct xf_ep_store *s, void *ctx, const char *name)
{
	char path[PATH_SIZE];

	(void)ctx;
	snprintf(path, sizeof(path), "temp/%.64s", name);
	unlinkat(s->dir, path, 0);
}

/* Removes what no record names; nothing at all when memory does not suffice to be sure. */
static void sweep(struct xf_ep_store *s)
{
	struct names n = { 0 };
	bool sure = true;

	for (size_t i = 0; i < s->buckets.count; i++) {
		struct xf_ep_bucket *b = s->buckets.items[i];
		for (size_t k = 0; k < b->objects.count; k++) {
			struct xf_ep_object *o = b->objects.items[k];
			sure &= names_add(&n, o->pieces, o->nr_pieces);
		}
		for (size_t k = 0; k < b->uploads.count; k++) {
			struct xf_ep_upload *u = b->uploads.items[k];
			sure &= names_add(&n, u->pieces, u->nr_pieces);
		}
	}
	if (sure) {
		if (n.count)
			qsort(n.items, n.count, sizeof(*n.items), by_name);
		walk(s, "data", sweep_blob, &n);
	}
	walk(s, "temp", sweep_temp, NULL);
	free(n.items);
}

enum xf_status xf_ep_disk_load(struct xf_ep_store *s, const char *dir, struct xf_error *err)
{
	static const char *const folders[] = { "temp", "data", "buckets" };

	if (mkdir(dir, 0700) < 0 && errno != EEXIST)
		return xf_fail_errno(err, XF_IO, errno, "the folder %s cannot be made", dir);
	s->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->dir < 0)
		return xf_fail_errno(err, XF_IO, errno, "the folder %s cannot be opened", dir);
	s->lock_fd = openat(s->dir, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (s->lock_fd < 0)
		return xf_fail_errno(err, XF_IO, errno, "the folder %s cannot be written", dir);
	if (flock(s->lock_fd, LOCK_EX | LOCK_NB) < 0)
		return xf_fail(err, XF_STATE, "the folder %s is in use by another endpoint", dir);
	for (int i = 0; i < 3; i++)
		if (mkdirat(s->dir, folders[i], 0700) < 0 && errno != EEXIST)
			return xf_fail_errno(err, XF_IO, errno, "the folder %s cannot be written", dir);
	walk(s, "buckets", load_bucket, NULL);
	sweep(s);
	return XF_OK;
}
