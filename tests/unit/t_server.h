/*
 * t_server: a server on loopback that does what a script says and nothing else,
 * for every way a server can behave badly. One thread, one connection at a time,
 * plain or TLS with a CA made for the test.
 */
#ifndef T_UNIT_T_SERVER_H
#define T_UNIT_T_SERVER_H

#include <stdbool.h>
#include <stddef.h>

/* What the server does next. */
enum t_verb {
	T_END,
	T_ACCEPT,   /* wait for a connection */
	T_HEAD,     /* read up to an empty line */
	T_BODY,     /* read n bytes; 0: what the last Content-Length said */
	T_CHUNKED,  /* read up to the last chunk's end */
	T_SAY,      /* send text */
	T_ANSWER,   /* send a 200 with text as its body */
	T_SAY_BIG,  /* send n bytes 'x' */
	T_PAUSE,    /* n ms */
	T_CLOSE,    /* orderly */
	T_RESET,    /* with RST */
	T_EOF,      /* read until the client closes (what comes is kept) */
};

struct t_act {
	enum t_verb verb;
	const char *text;
	size_t n;
};

struct t_server;

/* script: ends with T_END; borrowed. tls: with a certificate for 127.0.0.1. */
struct t_server *t_server_start(const struct t_act *script, bool tls);
/* Waits for the script's end (a client gone early does not fail it) and frees. */
void t_server_stop(struct t_server *s);
/* Waits for the script's end only: what was read may be looked at then. */
void t_server_join(struct t_server *s);

const char *t_server_url(const struct t_server *s);   /* "http://127.0.0.1:40123" */
const char *t_server_ca(const struct t_server *s);    /* path of the CA's certificate; tls only */
/* Everything read, in order, as text (NUL-terminated). */
const char *t_server_heard(const struct t_server *s);
size_t t_server_heard_len(const struct t_server *s);
unsigned t_server_connections(const struct t_server *s);

#endif
