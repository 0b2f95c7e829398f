/*
 * server: the HTTP half: libmicrohttpd, one thread a connection. The only file
 * that knows the library is server.c.
 */
#ifndef XF_ENDPOINT_SERVER_H
#define XF_ENDPOINT_SERVER_H

#include "core/endpoint/call.h"

struct xf_ep_server;

struct xf_ep_server_options {
	uint16_t port;         /* 0: any */
	const char *host;      /* a numeric address, IPv4 or IPv6 */
	const char *key_pem;   /* NULL: no TLS */
	const char *cert_pem;
};

/* site is borrowed for the server's life. Errors: XF_INVALID (address), XF_IO (port), XF_TLS. */
enum xf_status xf_ep_server_start(struct xf_ep_server **out, struct xf_ep_site *site,
				  const struct xf_ep_server_options *options, struct xf_error *err);
/* Cuts waits short, closes connections, joins the threads. NULL is fine. */
void xf_ep_server_stop(struct xf_ep_server *s);
uint16_t xf_ep_server_port(const struct xf_ep_server *s);

#endif
