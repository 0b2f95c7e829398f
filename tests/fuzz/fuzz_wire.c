/* A stream of HTTP gives the same whatever way it is cut, and a whole conversation never leads astray. */
#include <unistd.h>

#include "fuzz.h"
#include "tracer/foreign/http.h"
#include "tracer/foreign/wire.h"

struct sum {
	uint64_t hash;
};

static void mix(struct sum *s, const void *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		s->hash = (s->hash ^ ((const unsigned char *)bytes)[i]) * 0x100000001b3u;
}

static bool on_head(void *ctx, const struct tr_http_head *head)
{
	mix(ctx, head, sizeof(*head));
	return true;
}

static void on_body(void *ctx, const char *bytes, size_t len)
{
	mix(ctx, bytes, len);
}

static void on_end(void *ctx, uint64_t len)
{
	mix(ctx, &len, sizeof(len));
}

static uint64_t feed(bool response, const uint8_t *data, size_t len, size_t piece)
{
	static const struct tr_http_ops ops = { on_head, on_body, on_end };
	struct sum sum = { 0xcbf29ce484222325u };
	struct tr_http h;

	tr_http_init(&h, response);
	for (size_t at = 0; at < len; at += piece)
		tr_http_feed(&h, data + at, len - at < piece ? len - at : piece, &ops, &sum);
	return sum.hash;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct tr_control *control;
	static int fd;
	struct tr_wire *w;

	for (int response = 0; response < 2 && len; response++)
		FUZZ_CHECK(feed(response, data, len, len) == feed(response, data, len, 3));
	if (!control)
		control = tr_control_new(&fd);
	w = tr_wire_new(control, 4000, 0);
	/* the first half is what was sent, the second what came; cut anyhow */
	for (size_t at = 0; at < len; at += 7) {
		size_t n = len - at < 7 ? len - at : 7;
		if (at < len / 2) {
			tr_wire_will_send(w, data + at, n, 0);
			tr_wire_sent(w, data + at, n);
		} else {
			tr_wire_received(w, data + at, n);
		}
	}
	tr_wire_free(w, "client");
	return 0;
}
