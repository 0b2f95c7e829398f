/* One end of a connection, with TLS taken off it, against a client of OpenSSL's own. */
#include "tests/unit/t.h"

#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tracer/foreign/relay_end.h"

struct pair {
	struct tr_loop *loop;
	struct tr_tls *tls;
	struct tr_end end;
	SSL_CTX *context;
	SSL *client;
	int fd;
};

static void shake_hands(struct pair *p)
{
	char none;

	for (int round = 0; round < 10 && !tr_tls_established(p->end.tls); round++) {
		SSL_do_handshake(p->client);
		assert_int_equal(tr_end_read(&p->end, &none, 1), 0);
		assert_true(tr_end_flush(&p->end));
	}
	assert_true(tr_tls_established(p->end.tls));
}

static struct pair pair_new(void)
{
	struct pair p = { .loop = tr_loop_new(), .context = SSL_CTX_new(TLS_client_method()) };
	int fd[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd), 0);
	assert_int_equal(tr_tls_new(&p.tls, NULL), XF_OK);
	p.end.loop = p.loop;
	tr_end_open(&p.end, fd[0], NULL);
	assert_true(tr_end_wrap(&p.end, tr_tls_accept(p.tls, "localhost")));
	p.fd = fd[1];
	p.client = SSL_new(p.context);
	SSL_set_connect_state(p.client);
	SSL_set_fd(p.client, p.fd);
	shake_hands(&p);
	return p;
}

static void pair_free(struct pair *p)
{
	tr_end_close(&p->end, false);
	SSL_free(p->client);
	SSL_CTX_free(p->context);
	tr_tls_free(p->tls);
	tr_loop_free(p->loop);
}

/* It takes less than there is for it, sends its last bytes, and is gone. */
static void what_was_sent_counts_though_its_sender_takes_no_answer(void **state)
{
	static const char answer[16384];
	struct pair p = pair_new();
	char buf[16];

	(void)state;
	while (!tr_end_is_full(&p.end))
		assert_true(tr_end_write(&p.end, answer, sizeof(answer)) > 0);
	assert_int_equal(SSL_write(p.client, "abc", 3), 3);
	close(p.fd);
	assert_int_equal(tr_end_read(&p.end, buf, sizeof(buf)), 3);
	assert_memory_equal(buf, "abc", 3);
	assert_int_equal(tr_end_read(&p.end, buf, sizeof(buf)), -1);
	pair_free(&p);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(what_was_sent_counts_though_its_sender_takes_no_answer),
};

T_MAIN(tests)
