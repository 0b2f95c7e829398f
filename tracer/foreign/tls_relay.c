/*
 * tls_relay: see tls_relay.h.
 *
 * One key serves the CA and all certificates made with it: it lives as long as
 * the run and in this process only.
 */
#include "tracer/foreign/tls_relay.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

enum { TLS_CERTIFICATES = 64, TLS_VARIABLES = 8, TLS_DAYS = 2, TLS_BUNDLES = 5 };

struct tr_tls {
	EVP_PKEY *key;
	X509 *ca;
	SSL_CTX *client, *server;   /* towards the far side; towards the program */
	char folder[64], bundle[96];
	char *variables[TLS_VARIABLES + 1];
	struct {
		char name[256];
		X509 *certificate;
	} made[TLS_CERTIFICATES];
	unsigned nr_made;           /* ever; the oldest of them give way */
	unsigned long serial;
};

struct tr_tls_stream {
	struct tr_tls *tls;
	SSL *ssl;
	BIO *in, *out;              /* the wire's bytes */
	char name[256], otherwise[256];
	char why[256];
};

/* ---- certificates */

static bool certificate_extend(X509 *x, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *e;
	bool ok;

	X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
	e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	ok = e && X509_add_ext(x, e, -1);
	X509_EXTENSION_free(e);
	return ok;
}

static X509 *certificate_begin(struct tr_tls *tls, const char *name, X509 *issuer)
{
	X509 *x = X509_new();
	X509_NAME *subject = x ? X509_get_subject_name(x) : NULL;

	if (!x)
		return NULL;
	X509_set_version(x, 2);
	ASN1_INTEGER_set_uint64(X509_get_serialNumber(x), ++tls->serial);
	X509_gmtime_adj(X509_getm_notBefore(x), -86400L);
	X509_gmtime_adj(X509_getm_notAfter(x), 86400L * TLS_DAYS);
	X509_set_pubkey(x, tls->key);
	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)name, -1, -1, 0);
	X509_set_issuer_name(x, X509_get_subject_name(issuer ? issuer : x));
	return x;
}

static X509 *certificate_sign(struct tr_tls *tls, X509 *x, bool ok)
{
	if (ok && X509_sign(x, tls->key, EVP_sha256()))
		return x;
	X509_free(x);
	return NULL;
}

static X509 *certificate_ca(struct tr_tls *tls)
{
	unsigned char random[8];
	char name[64];
	X509 *x;

	/* a name of its own: two of that name in one bundle are taken for one another */
	if (RAND_bytes(random, sizeof(random)) != 1)
		return NULL;
	snprintf(name, sizeof(name), "xferdb throw-away CA %02x%02x%02x%02x%02x%02x%02x%02x", random[0], random[1],
		 random[2], random[3], random[4], random[5], random[6], random[7]);
	x = certificate_begin(tls, name, NULL);
	return x ? certificate_sign(tls, x,
				    certificate_extend(x, x, NID_basic_constraints, "critical,CA:TRUE") &&
				    certificate_extend(x, x, NID_key_usage, "critical,keyCertSign,cRLSign") &&
				    certificate_extend(x, x, NID_subject_key_identifier, "hash"))
		 : NULL;
}

/* A name that stands in an extension must not be able to say more than a name. */
static bool name_is_plain(const char *name)
{
	return *name && strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:") ==
				strlen(name);
}

static X509 *certificate_for(struct tr_tls *tls, const char *name)
{
	char alt[300], cn[65];
	unsigned char address[16];
	X509 *x;

	for (unsigned i = 0; i < TLS_CERTIFICATES && i < tls->nr_made; i++)
		if (strcmp(tls->made[i].name, name) == 0)
			return tls->made[i].certificate;
	if (!name_is_plain(name))
		return NULL;
	bool is_address = inet_pton(AF_INET, name, address) == 1 || inet_pton(AF_INET6, name, address) == 1;
	snprintf(alt, sizeof(alt), "%s:%s", is_address ? "IP" : "DNS", name);
	snprintf(cn, sizeof(cn), "%.60s", name);
	x = certificate_begin(tls, cn, tls->ca);
	x = x ? certificate_sign(tls, x,
				 certificate_extend(x, tls->ca, NID_subject_alt_name, alt) &&
				 certificate_extend(x, tls->ca, NID_basic_constraints, "CA:FALSE") &&
				 certificate_extend(x, tls->ca, NID_ext_key_usage, "serverAuth"))
	      : NULL;
	if (!x)
		return NULL;
	unsigned at = tls->nr_made++ % TLS_CERTIFICATES;
	X509_free(tls->made[at].certificate); /* a stream that shows it has a count of its own on it */
	snprintf(tls->made[at].name, sizeof(tls->made[at].name), "%s", name);
	tls->made[at].certificate = x;
	return x;
}

/* ---- the program's environment */

static void bundle_add(FILE *to, const char *path)
{
	FILE *from = path ? fopen(path, "re") : NULL;
	char buf[16384];
	size_t n;

	while (from && (n = fread(buf, 1, sizeof(buf), from)) > 0)
		fwrite(buf, 1, n, to);
	if (from)
		fclose(from);
}

/* The system's own; NULL: not where it is looked for. */
static const char *bundle_system(void)
{
	static const char *const files[] = { "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
					     "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem" };

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (access(files[i], R_OK) == 0)
			return files[i];
	return NULL;
}

static unsigned bundle_named(const char **files, unsigned n, const char *variable)
{
	const char *file = getenv(variable);

	if (file && access(file, R_OK) == 0)
		files[n++] = file;
	return n;
}

/*
 * What the program trusted before: every file a variable names, for which of them
 * its runtime reads is not known here; where none does, the system's. NULL ends.
 */
static void bundles_before(const char *files[TLS_BUNDLES + 1])
{
	static const char *const instead[] = { "AWS_CA_BUNDLE", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE",
					       "CURL_CA_BUNDLE" };
	unsigned n = 0;

	for (size_t i = 0; i < sizeof(instead) / sizeof(instead[0]); i++)
		n = bundle_named(files, n, instead[i]);
	if (!n && bundle_system())
		files[n++] = bundle_system();
	n = bundle_named(files, n, "NODE_EXTRA_CA_CERTS"); /* in addition to the system's */
	files[n] = NULL;
}

/* The throw-away CA and everything that was trusted: other connections go on as before. */
static bool bundle_write(struct tr_tls *tls)
{
	const char *before[TLS_BUNDLES + 1];
	FILE *f;
	bool ok;

	snprintf(tls->folder, sizeof(tls->folder), "/tmp/xferdb-ca-XXXXXX");
	if (!mkdtemp(tls->folder)) {
		tls->folder[0] = 0;
		return false;
	}
	snprintf(tls->bundle, sizeof(tls->bundle), "%s/ca.pem", tls->folder);
	f = fopen(tls->bundle, "we");
	if (!f)
		return false;
	ok = PEM_write_X509(f, tls->ca) == 1;
	bundles_before(before);
	for (const char **file = before; *file; file++)
		bundle_add(f, *file);
	return fclose(f) == 0 && ok;
}

/*
 * AWS_CA_BUNDLE is changed where it is set, never set: rclone and other users of
 * the AWS SDK for Go with a transport of their own refuse to start with it, and
 * botocore reads REQUESTS_CA_BUNDLE just as well.
 */
static bool variables_set(struct tr_tls *tls)
{
	static const struct {
		const char *name;
		bool if_set;
	} rows[] = {
		{ "SSL_CERT_FILE", false },      /* OpenSSL, Go, rustls' native roots */
		{ "REQUESTS_CA_BUNDLE", false }, /* requests, botocore */
		{ "CURL_CA_BUNDLE", false },
		{ "NODE_EXTRA_CA_CERTS", false },
		{ "GIT_SSL_CAINFO", false },
		{ "DENO_CERT", false },
		{ "AWS_CA_BUNDLE", true },
	};
	unsigned n = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].if_set && !getenv(rows[i].name))
			continue;
		if (asprintf(&tls->variables[n], "%s=%s", rows[i].name, tls->bundle) < 0) {
			tls->variables[n] = NULL;
			return false;
		}
		n++;
	}
	return true;
}

/* ---- contexts */

/* The ClientHello has named the host: its certificate is made now. */
static int on_certificate(SSL *ssl, void *unused)
{
	struct tr_tls_stream *s = SSL_get_app_data(ssl);
	const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
	X509 *x;

	(void)unused;
	/* clients name no host that is an address (RFC 6066, 3) */
	snprintf(s->name, sizeof(s->name), "%s", name && *name ? name : s->otherwise);
	x = certificate_for(s->tls, s->name);
	return x && SSL_use_certificate(ssl, x) == 1 && SSL_use_PrivateKey(ssl, s->tls->key) == 1;
}

/* HTTP/1.1 only: what is under it must be readable. */
static int on_protocols(SSL *ssl, const unsigned char **out, unsigned char *out_len,
			const unsigned char *in, unsigned in_len, void *unused)
{
	static const unsigned char http1[] = "\x08http/1.1";

	(void)ssl, (void)unused;
	return SSL_select_next_proto((unsigned char **)(uintptr_t)out, out_len, http1, sizeof(http1) - 1, in,
				     in_len) == OPENSSL_NPN_NEGOTIATED
		       ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

static bool contexts_make(struct tr_tls *tls)
{
	const char *before[TLS_BUNDLES + 1];
	unsigned loaded = 0;

	tls->client = SSL_CTX_new(TLS_client_method());
	tls->server = SSL_CTX_new(TLS_server_method());
	if (!tls->client || !tls->server)
		return false;
	SSL_CTX_set_verify(tls->client, SSL_VERIFY_PEER, NULL);
	bundles_before(before);
	for (const char **file = before; *file; file++)
		loaded += SSL_CTX_load_verify_locations(tls->client, *file, NULL) == 1;
	ERR_clear_error();
	if (!loaded)
		SSL_CTX_set_default_verify_paths(tls->client);
	/* a session that is taken up again shows no certificate: nobody would learn the host's name */
	SSL_CTX_set_session_cache_mode(tls->server, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_options(tls->server, SSL_OP_NO_TICKET);
	SSL_CTX_set_num_tickets(tls->server, 0);
	SSL_CTX_set_cert_cb(tls->server, on_certificate, NULL);
	SSL_CTX_set_alpn_select_cb(tls->server, on_protocols, NULL);
	return true;
}

enum xf_status tr_tls_new(struct tr_tls **out, struct xf_error *err)
{
	struct tr_tls *tls = calloc(1, sizeof(*tls));
	enum xf_status status = XF_OK;

	*out = NULL;
	if (!tls)
		return xf_fail(err, XF_NOMEM, "out of memory");
	tls->key = EVP_EC_gen("P-256");
	tls->ca = tls->key ? certificate_ca(tls) : NULL;
	if (!tls->ca || !contexts_make(tls))
		status = xf_fail(err, XF_TLS, "the throw-away certificate authority could not be made");
	else if (!bundle_write(tls))
		status = xf_fail_errno(err, XF_IO, errno, "no folder for the throw-away certificate authority");
	else if (!variables_set(tls))
		status = xf_fail(err, XF_NOMEM, "out of memory");
	if (status != XF_OK)
		tr_tls_free(tls);
	else
		*out = tls;
	return status;
}

void tr_tls_free(struct tr_tls *tls)
{
	if (!tls)
		return;
	if (tls->bundle[0])
		unlink(tls->bundle);
	if (tls->folder[0])
		rmdir(tls->folder);
	for (unsigned i = 0; i < TLS_CERTIFICATES; i++)
		X509_free(tls->made[i].certificate);
	for (unsigned i = 0; i < TLS_VARIABLES; i++)
		free(tls->variables[i]);
	SSL_CTX_free(tls->client);
	SSL_CTX_free(tls->server);
	X509_free(tls->ca);
	EVP_PKEY_free(tls->key);
	free(tls);
}

const char *const *tr_tls_environment(const struct tr_tls *tls)
{
	return (const char *const *)tls->variables;
}

/* ---- streams */

static struct tr_tls_stream *stream_new(struct tr_tls *tls, SSL_CTX *ctx)
{
	struct tr_tls_stream *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->tls = tls;
	s->ssl = SSL_new(ctx);
	s->in = BIO_new(BIO_s_mem());
	s->out = BIO_new(BIO_s_mem());
	if (!s->ssl || !s->in || !s->out) {
		BIO_free(s->in);
		BIO_free(s->out);
		SSL_free(s->ssl);
		free(s);
		return NULL;
	}
	BIO_set_mem_eof_return(s->in, -1);
	BIO_set_mem_eof_return(s->out, -1);
	SSL_set_bio(s->ssl, s->in, s->out);
	SSL_set_app_data(s->ssl, s);
	return s;
}

struct tr_tls_stream *tr_tls_accept(struct tr_tls *tls, const char *otherwise)
{
	struct tr_tls_stream *s = stream_new(tls, tls->server);

	if (!s)
		return NULL;
	snprintf(s->otherwise, sizeof(s->otherwise), "%s", otherwise);
	SSL_set_accept_state(s->ssl);
	return s;
}

static bool connect_verifies(struct tr_tls_stream *s, const char *name)
{
	static const unsigned char http1[] = "\x08http/1.1";
	unsigned char address[16];

	snprintf(s->name, sizeof(s->name), "%s", name);
	SSL_set_connect_state(s->ssl);
	SSL_set_alpn_protos(s->ssl, http1, sizeof(http1) - 1);
	if (inet_pton(AF_INET, name, address) == 1 || inet_pton(AF_INET6, name, address) == 1)
		return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(s->ssl), name) == 1;
	return SSL_set_tlsext_host_name(s->ssl, name) == 1 && SSL_set1_host(s->ssl, name) == 1;
}

struct tr_tls_stream *tr_tls_connect(struct tr_tls *tls, const char *name)
{
	struct tr_tls_stream *s = stream_new(tls, tls->client);

	if (s && !connect_verifies(s, name)) {
		tr_tls_stream_free(s);
		return NULL;
	}
	if (s)
		SSL_do_handshake(s->ssl); /* its first bytes now wait to be taken */
	return s;
}

void tr_tls_stream_free(struct tr_tls_stream *s)
{
	if (!s)
		return;
	SSL_free(s->ssl);
	free(s);
}

const char *tr_tls_name(const struct tr_tls_stream *s)
{
	return s->name;
}

bool tr_tls_established(const struct tr_tls_stream *s)
{
	return SSL_is_init_finished(s->ssl);
}

const char *tr_tls_why(const struct tr_tls_stream *s)
{
	return s->why;
}

/* What a call of OpenSSL came to: nothing now, or over. */
static ssize_t stream_result(struct tr_tls_stream *s, int n)
{
	int e = SSL_get_error(s->ssl, n);
	long verified = SSL_get_verify_result(s->ssl);

	if (e == SSL_ERROR_WANT_READ || e == SSL_ERROR_WANT_WRITE || e == SSL_ERROR_WANT_X509_LOOKUP) {
		ERR_clear_error();
		return 0;
	}
	if (e != SSL_ERROR_ZERO_RETURN && verified != X509_V_OK)
		snprintf(s->why, sizeof(s->why), "%s", X509_verify_cert_error_string(verified));
	else if (e != SSL_ERROR_ZERO_RETURN)
		ERR_error_string_n(ERR_peek_last_error(), s->why, sizeof(s->why));
	ERR_clear_error();
	return -1;
}

ssize_t tr_tls_put_wire(struct tr_tls_stream *s, const void *bytes, size_t len)
{
	return BIO_write(s->in, bytes, (int)len);
}

ssize_t tr_tls_get_wire(struct tr_tls_stream *s, void *buf, size_t cap)
{
	int n = BIO_read(s->out, buf, (int)cap);

	return n > 0 ? n : 0;
}

ssize_t tr_tls_write(struct tr_tls_stream *s, const void *bytes, size_t len)
{
	int n = SSL_write(s->ssl, bytes, (int)(len > 16384 ? 16384 : len));

	return n > 0 ? n : stream_result(s, n);
}

ssize_t tr_tls_read(struct tr_tls_stream *s, void *buf, size_t cap)
{
	int n = SSL_read(s->ssl, buf, (int)cap);

	return n > 0 ? n : stream_result(s, n);
}

void tr_tls_shutdown(struct tr_tls_stream *s)
{
	SSL_shutdown(s->ssl);
	ERR_clear_error();
}
