/* tls: a throw-away certificate authority and a server certificate, for tests on loopback. */
#ifndef XF_ENDPOINT_TLS_H
#define XF_ENDPOINT_TLS_H

#include "core/event/status.h"

struct xf_ep_tls {
	char *key_pem, *cert_pem; /* the server's: localhost, *.localhost, 127.0.0.1, ::1 */
	char dir[64];             /* private folder that holds ca_file; "" when not made */
	char ca_file[96];
};

/* Errors: XF_TLS, XF_IO. Nothing to give back then. */
enum xf_status xf_ep_tls_make(struct xf_ep_tls *t, const char *host, struct xf_error *err);
/* Removes the folder, wipes the key. */
void xf_ep_tls_fini(struct xf_ep_tls *t);

#endif
