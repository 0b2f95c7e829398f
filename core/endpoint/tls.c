/* tls: see tls.h. The CA's own key is never written anywhere and is gone when make returns. */
#include "core/endpoint/tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

enum { VALID_S = 30 * 86400 };

static bool extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	bool ok;

	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	ok = e && X509_add_ext(cert, e, -1);
	X509_EXTENSION_free(e);
	return ok;
}

static X509 *blank(EVP_PKEY *key, const char *name)
{
	X509 *cert = X509_new();
	unsigned char serial[8];
	BIGNUM *number = NULL;
	bool ok = cert && RAND_bytes(serial, sizeof(serial)) == 1;

	serial[0] &= 0x7f;
	number = ok ? BN_bin2bn(serial, sizeof(serial), NULL) : NULL;
	ok = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert)) &&
	     X509_set_version(cert, 2) && X509_gmtime_adj(X509_getm_notBefore(cert), -3600) &&
	     X509_gmtime_adj(X509_getm_notAfter(cert), VALID_S) && X509_set_pubkey(cert, key) &&
	     X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC,
					(const unsigned char *)name, -1, -1, 0);
	BN_free(number);
	if (ok)
		return cert;
	X509_free(cert);
	return NULL;
}

static X509 *make_ca(EVP_PKEY *key)
{
	X509 *ca = blank(key, "xferdb throw-away CA");

	if (ca && X509_set_issuer_name(ca, X509_get_subject_name(ca)) &&
	    extension(ca, ca, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
	    extension(ca, ca, NID_key_usage, "critical,keyCertSign,cRLSign") &&
	    extension(ca, ca, NID_subject_key_identifier, "hash") && X509_sign(ca, key, EVP_sha256()))
		return ca;
	X509_free(ca);
	return NULL;
}

static X509 *make_server(EVP_PKEY *key, X509 *ca, EVP_PKEY *ca_key, const char *host)
{
	X509 *cert = blank(key, "localhost");
	char names[256] = "DNS:localhost,DNS:*.localhost,IP:127.0.0.1,IP:::1";
	unsigned char address[16];

	if (host && (inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1) &&
	    strcmp(host, "127.0.0.1") != 0 && strcmp(host, "::1") != 0)
		snprintf(names + strlen(names), sizeof(names) - strlen(names), ",IP:%s", host);
	if (cert && X509_set_issuer_name(cert, X509_get_subject_name(ca)) &&
	    extension(cert, ca, NID_basic_constraints, "critical,CA:FALSE") &&
	    extension(cert, ca, NID_key_usage, "critical,digitalSignature") &&
	    extension(cert, ca, NID_ext_key_usage, "serverAuth") &&
	    extension(cert, ca, NID_subject_key_identifier, "hash") &&
	    extension(cert, ca, NID_authority_key_identifier, "keyid") &&
	    extension(cert, ca, NID_subject_alt_name, names) && X509_sign(cert, ca_key, EVP_sha256()))
		return cert;
	X509_free(cert);
	return NULL;
}

static char *take_text(BIO *bio)
{
	char *data;
	long len = BIO_get_mem_data(bio, &data);

	return len > 0 ? strndup(data, (size_t)len) : NULL;
}

static char *key_text(EVP_PKEY *key)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text = NULL;

	if (bio && PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL))
		text = take_text(bio);
	BIO_free(bio);
	return text;
}

static char *cert_text(X509 *cert)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text = NULL;

	if (bio && PEM_write_bio_X509(bio, cert))
		text = take_text(bio);
	BIO_free(bio);
	return text;
}

static enum xf_status write_ca(struct xf_ep_tls *t, const char *text, struct xf_error *err)
{
	const char *base = getenv("TMPDIR");
	size_t len = strlen(text);

	snprintf(t->dir, sizeof(t->dir), "%s/xferdb-XXXXXX",
		 base && *base && strlen(base) < 40 ? base : "/tmp");
	if (!mkdtemp(t->dir)) {
		t->dir[0] = '\0';
		return xf_fail_errno(err, XF_IO, errno, "no folder for the CA certificate");
	}
	snprintf(t->ca_file, sizeof(t->ca_file), "%s/ca.pem", t->dir);
	int fd = open(t->ca_file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	bool ok = fd >= 0 && write(fd, text, len) == (ssize_t)len;
	if (fd >= 0)
		close(fd);
	return ok ? XF_OK : xf_fail_errno(err, XF_IO, errno, "%s cannot be written", t->ca_file);
}

enum xf_status xf_ep_tls_make(struct xf_ep_tls *t, const char *host, struct xf_error *err)
{
	EVP_PKEY *ca_key = EVP_EC_gen("P-256"), *key = EVP_EC_gen("P-256");
	X509 *ca = NULL, *cert = NULL;
	char *ca_pem = NULL;
	enum xf_status status;

	*t = (struct xf_ep_tls){ 0 };
	if (ca_key && key)
		ca = make_ca(ca_key);
	if (ca)
		cert = make_server(key, ca, ca_key, host);
	if (cert) {
		t->key_pem = key_text(key);
		t->cert_pem = cert_text(cert);
		ca_pem = cert_text(ca);
	}
	if (t->key_pem && t->cert_pem && ca_pem)
		status = write_ca(t, ca_pem, err);
	else
		status = xf_fail(err, XF_TLS, "the throw-away certificate could not be made");
	free(ca_pem);
	X509_free(cert);
	X509_free(ca);
	EVP_PKEY_free(key);
	EVP_PKEY_free(ca_key);
	if (status)
		xf_ep_tls_fini(t);
	return status;
}

void xf_ep_tls_fini(struct xf_ep_tls *t)
{
	if (*t->ca_file)
		unlink(t->ca_file);
	if (*t->dir)
		rmdir(t->dir);
	if (t->key_pem)
		explicit_bzero(t->key_pem, strlen(t->key_pem));
	free(t->key_pem);
	free(t->cert_pem);
	*t = (struct xf_ep_tls){ 0 };
}
