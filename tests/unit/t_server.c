#include "tests/unit/t_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE_MS = 10000, HEARD_MAX = 64 << 20 };

struct t_server {
	const struct t_act *script;
	int listener, fd;
	SSL_CTX *tls;
	SSL *ssl;
	pthread_t thread;
	bool joined;
	char url[64];
	char ca_path[64];
	/* server thread, until the join */
	char *heard;
	size_t len, cap;
	unsigned connections;
};

/* ---- a certificate for 127.0.0.1 that is its own CA */

static X509 *make_certificate(EVP_PKEY *key)
{
	X509 *cert = X509_new();
	X509V3_CTX ctx;
	X509_set_version(cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), (long)time(NULL));
	X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
	X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
	X509_set_pubkey(cert, key);
	X509_NAME *name = X509_get_subject_name(cert);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"xferdb test", -1, -1, 0);
	X509_set_issuer_name(cert, name);
	X509V3_set_ctx(&ctx, cert, cert, NULL, NULL, 0);
	static const struct { int nid; const char *value; } extensions[] = {
		{ NID_basic_constraints, "critical,CA:TRUE" }, { NID_subject_alt_name, "IP:127.0.0.1" },
	};
	for (size_t i = 0; i < 2; i++) {
		X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &ctx, extensions[i].nid, extensions[i].value);
		X509_add_ext(cert, e, -1);
		X509_EXTENSION_free(e);
	}
	X509_sign(cert, key, EVP_sha256());
	return cert;
}

static bool set_up_tls(struct t_server *s)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = make_certificate(key);
	snprintf(s->ca_path, sizeof(s->ca_path), "/tmp/xferdb-test-ca-XXXXXX");
	int fd = mkstemp(s->ca_path);
	FILE *f = fd >= 0 ? fdopen(fd, "w") : NULL;
	bool ok = f && PEM_write_X509(f, cert);
	if (f)
		fclose(f);
	s->tls = SSL_CTX_new(TLS_server_method());
	ok = ok && SSL_CTX_use_certificate(s->tls, cert) == 1 && SSL_CTX_use_PrivateKey(s->tls, key) == 1;
	X509_free(cert);
	EVP_PKEY_free(key);
	return ok;
}

/* ---- what the script may do. false: the connection is gone; the script goes on. */

static bool is_readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	return poll(&p, 1, PATIENCE_MS) == 1;
}

static bool do_accept(struct t_server *s)
{
	if (!is_readable(s->listener))
		return false;
	s->fd = accept(s->listener, NULL, NULL);
	if (s->fd < 0)
		return false;
	s->connections++;
	if (!s->tls)
		return true;
	s->ssl = SSL_new(s->tls);
	SSL_set_fd(s->ssl, s->fd);
	return SSL_accept(s->ssl) == 1;
}

static ssize_t pull(struct t_server *s, char *buf, size_t len)
{
	if (s->fd < 0)
		return -1;
	if (s->ssl && SSL_pending(s->ssl))
		return SSL_read(s->ssl, buf, (int)len);
	if (!is_readable(s->fd))
		return -1;
	return s->ssl ? SSL_read(s->ssl, buf, (int)len) : read(s->fd, buf, len);
}

static bool push(struct t_server *s, const char *buf, size_t len)
{
	while (len > 0 && s->fd >= 0) {
		ssize_t n = s->ssl ? SSL_write(s->ssl, buf, (int)len) : send(s->fd, buf, len, MSG_NOSIGNAL);
		if (n <= 0)
			return false;
		buf += n;
		len -= (size_t)n;
	}
	return s->fd >= 0;
}

static bool hear(struct t_server *s, size_t max)
{
	char buf[65536];
	ssize_t n = pull(s, buf, max < sizeof(buf) ? max : sizeof(buf));
	if (n <= 0)
		return false;
	while (s->len + (size_t)n + 1 > s->cap)
		s->heard = realloc(s->heard, s->cap = s->cap ? 2 * s->cap : 1 << 17);
	memcpy(s->heard + s->len, buf, (size_t)n);
	s->len += (size_t)n;
	s->heard[s->len] = '\0';
	return true;
}

/* Byte by byte: what follows the mark stays in the socket. */
static void hear_until(struct t_server *s, const char *mark)
{
	size_t from = s->len, len = strlen(mark);
	while (hear(s, 1))
		if (s->len - from >= len && !memcmp(s->heard + s->len - len, mark, len))
			return;
}

/* In blocks: with the mark the request is over, and no client of ours sends the next before the answer. */
static void hear_to_end(struct t_server *s, const char *mark)
{
	size_t from = s->len, len = strlen(mark);
	while (hear(s, 65536))
		if (s->len - from >= len && !memcmp(s->heard + s->len - len, mark, len))
			return;
}

static void hear_bytes(struct t_server *s, size_t n)
{
	size_t until = s->len + n;
	while (s->len < until && hear(s, until - s->len))
		;
}

static void do_close(struct t_server *s, bool reset)
{
	struct linger linger = { .l_onoff = 1, .l_linger = 0 };
	if (s->fd < 0)
		return;
	if (reset)
		setsockopt(s->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	else if (s->ssl)
		SSL_shutdown(s->ssl);
	SSL_free(s->ssl);
	close(s->fd);
	s->ssl = NULL;
	s->fd = -1;
}

static void say_big(struct t_server *s, size_t n)
{
	char buf[65536];
	memset(buf, 'x', sizeof(buf));
	for (; n; n -= n < sizeof(buf) ? n : sizeof(buf))
		if (!push(s, buf, n < sizeof(buf) ? n : sizeof(buf)))
			return;
}

/* The Content-Length of the last head heard. */
static size_t last_length(const struct t_server *s)
{
	static const char name[] = "Content-Length: ";
	size_t len = 0;
	for (const char *at = s->heard; (at = strstr(at, name)); at++)
		len = strtoul(at + strlen(name), NULL, 10);
	return len;
}

static void answer(struct t_server *s, const char *body)
{
	char head[96];
	snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", strlen(body));
	push(s, head, strlen(head));
	push(s, body, strlen(body));
}

static void act(struct t_server *s, const struct t_act *a)
{
	switch (a->verb) {
	case T_ACCEPT: do_close(s, false); do_accept(s); break;
	case T_HEAD: hear_until(s, "\r\n\r\n"); break;
	case T_BODY: hear_bytes(s, a->n ? a->n : last_length(s)); break;
	case T_CHUNKED: hear_to_end(s, "\r\n0\r\n\r\n"); break;
	case T_SAY: push(s, a->text, strlen(a->text)); break;
	case T_ANSWER: answer(s, a->text); break;
	case T_SAY_BIG: say_big(s, a->n); break;
	case T_PAUSE: nanosleep(&(struct timespec){ (time_t)a->n / 1000, (long)(a->n % 1000) * 1000000 }, NULL); break;
	case T_CLOSE: do_close(s, false); break;
	case T_RESET: do_close(s, true); break;
	case T_EOF: while (hear(s, 65536)); break;
	case T_END: break;
	}
}

static void *serve(void *arg)
{
	struct t_server *s = arg;
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGPIPE); /* OpenSSL writes without MSG_NOSIGNAL */
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	for (const struct t_act *a = s->script; a->verb != T_END; a++)
		act(s, a);
	do_close(s, false);
	return NULL;
}

struct t_server *t_server_start(const struct t_act *script, bool tls)
{
	struct t_server *s = calloc(1, sizeof(*s));
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(address);
	s->script = script;
	s->fd = -1;
	s->heard = calloc(1, s->cap = 1 << 17);
	s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(s->listener, (struct sockaddr *)&address, len) || listen(s->listener, 16) ||
	    getsockname(s->listener, (struct sockaddr *)&address, &len) || (tls && !set_up_tls(s)))
		abort();
	snprintf(s->url, sizeof(s->url), "%s://127.0.0.1:%u", tls ? "https" : "http", ntohs(address.sin_port));
	if (pthread_create(&s->thread, NULL, serve, s))
		abort();
	return s;
}

void t_server_join(struct t_server *s)
{
	if (!s->joined)
		pthread_join(s->thread, NULL);
	s->joined = true;
}

void t_server_stop(struct t_server *s)
{
	t_server_join(s);
	close(s->listener);
	SSL_CTX_free(s->tls);
	if (s->ca_path[0])
		unlink(s->ca_path);
	free(s->heard);
	free(s);
}

const char *t_server_url(const struct t_server *s) { return s->url; }
const char *t_server_ca(const struct t_server *s) { return s->ca_path; }
const char *t_server_heard(const struct t_server *s) { return s->heard; }
size_t t_server_heard_len(const struct t_server *s) { return s->len; }
unsigned t_server_connections(const struct t_server *s) { return s->connections; }
