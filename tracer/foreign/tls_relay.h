/*
 * tls_relay: TLS taken off on the program's side and put on again on the far
 * side, with a throw-away CA; only on request (--tls-relay).
 *
 * For programs whose TLS the probe cannot see (Go, Java, rustls, s2n). The
 * program is told to trust the CA through the variables its runtime reads; a
 * program that pins its own CAs refuses the connection, and that is said. The
 * far side is verified as strictly as the program would have done it: against the
 * CAs the environment named before we changed it, else the system's.
 *
 * The CA's key never leaves this process; its certificate lies in a private
 * folder and is removed at the end. The only file of the tracer with OpenSSL.
 *
 * Thread: the loop's, but tr_tls_new().
 */
#ifndef TR_FOREIGN_TLS_RELAY_H
#define TR_FOREIGN_TLS_RELAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/event/status.h"

struct tr_tls;         /* the CA and the certificates made with it */
struct tr_tls_stream;  /* one side of one connection */

/* Errors: XF_IO (folder), XF_TLS, XF_NOMEM. */
enum xf_status tr_tls_new(struct tr_tls **tls, struct xf_error *err);
void tr_tls_free(struct tr_tls *tls);

/* "NAME=VALUE" for the program's environment, NULL-terminated; borrowed. */
const char *const *tr_tls_environment(const struct tr_tls *tls);

/*
 * The program's side of a connection: the certificate is made for the name the
 * program asks for; `otherwise`, the address it connected to, where it names none.
 */
struct tr_tls_stream *tr_tls_accept(struct tr_tls *tls, const char *otherwise);
/* The far side, verified for that name. */
struct tr_tls_stream *tr_tls_connect(struct tr_tls *tls, const char *name);
void tr_tls_stream_free(struct tr_tls_stream *s);

/* The name the program asked for (SNI), once its first bytes are in; "" until then. */
const char *tr_tls_name(const struct tr_tls_stream *s);

/*
 * A stream has no socket: bytes of the wire go in and out by hand, so that the
 * relay's own loop moves them. All return bytes taken or given; 0: nothing now;
 * -1: over, for tr_tls_why().
 */
ssize_t tr_tls_put_wire(struct tr_tls_stream *s, const void *bytes, size_t len);
ssize_t tr_tls_get_wire(struct tr_tls_stream *s, void *buf, size_t cap);
ssize_t tr_tls_write(struct tr_tls_stream *s, const void *bytes, size_t len);
ssize_t tr_tls_read(struct tr_tls_stream *s, void *buf, size_t cap);
void tr_tls_shutdown(struct tr_tls_stream *s);
bool tr_tls_established(const struct tr_tls_stream *s);

/* One sentence: why the stream is over; "" when it ended in order. */
const char *tr_tls_why(const struct tr_tls_stream *s);

#endif
