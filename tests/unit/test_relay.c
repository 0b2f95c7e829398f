/* The relay under a real program (a few lines of Python), against a server that answers at once. */
#include "tests/unit/t.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/event/clock.h"
#include "core/event/segment.h"
#include "tracer/foreign/hold.h"
#include "tracer/foreign/ids.h"
#include "tracer/foreign/launch.h"
#include "tracer/foreign/splice.h"
#include "tracer/foreign/unprobed.h"
#include "tracer/foreign/wire.h"

static int listener;
static _Atomic unsigned served; /* requests it has had in full */
static void *(*serving)(void *); /* another server than serve(); NULL: none */
static struct tr_control *running; /* of the run under way */

/* By the linker's --wrap: the relay's calls are overheard; a server here makes the real one. */
ssize_t __real_recv(int fd, void *buf, size_t len, int flags);
ssize_t __wrap_recv(int fd, void *buf, size_t len, int flags);

/* Answers every request it has read the head and body of; bodies here are 3 bytes. */
static void *serve(void *unused)
{
	static const char answer[] = "HTTP/1.1 200 OK\r\nETag: \"e\"\r\nContent-Length: 0\r\n\r\n";

	for (int fd; (fd = accept(listener, NULL, NULL)) >= 0; close(fd)) {
		char buf[4096];
		size_t used = 0;
		ssize_t n;
		while ((n = __real_recv(fd, buf + used, sizeof(buf) - 1 - used, 0)) > 0) {
			used += (size_t)n;
			buf[used] = 0;
			if (!strstr(buf, "\r\n\r\nabc"))
				continue;
			atomic_fetch_add(&served, 1);
			if (send(fd, answer, sizeof(answer) - 1, MSG_NOSIGNAL) < 0)
				break;
			used = 0;
		}
	}
	return unused;
}

static unsigned start_server(pthread_t *thread)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);

	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&a, len), 0);
	assert_int_equal(listen(listener, 16), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&a, &len), 0);
	assert_int_equal(pthread_create(thread, NULL, serving ? serving : serve, NULL), 0);
	return ntohs(a.sin_port);
}

static void stop_server(pthread_t thread)
{
	shutdown(listener, SHUT_RDWR);
	pthread_join(thread, NULL);
	close(listener);
}

/* Runs a Python program with the server's port as argument; its status. after: what its run left. */
static int run_with(struct tr_launch_options options, const char *code, struct tr_control *after)
{
	struct xf_trace_options recording = { .for_others = true };
	struct xf_error err = XF_ERROR_INIT;
	pthread_t server;
	char port[16];
	snprintf(port, sizeof(port), "%u", start_server(&server));
	char python[] = "/usr/bin/python3", dash_c[] = "-c";
	char *argv[] = { python, dash_c, (char *)(uintptr_t)code, port, NULL };
	struct tr_launch *l;
	int status;

	options.argv = argv;
	options.relay = TR_RELAY_ALL;
	options.no_probe = true;
	options.stdout_to = -1;
	assert_int_equal(xf_trace_start(&recording, &err), XF_OK);
	served = 0;
	assert_int_equal(tr_launch_new(&options, &l, &err), XF_OK);
	running = tr_launch_control(l);
	while (tr_launch_wait(l) != TR_LAUNCH_ENDED)
		;
	status = tr_launch_end(l)->exit_status;
	memcpy(after, tr_launch_control(l), sizeof(*after));
	tr_launch_free(l);
	xf_trace_release();
	stop_server(server);
	return status;
}

/* … under a hold. */
static int run(const char *code, struct tr_control_hold hold, struct tr_control_hold *after, uint64_t *took_ns)
{
	static struct tr_control control;
	uint64_t begin = xf_clock_mono_ns();
	int status = run_with((struct tr_launch_options){ .holds = &hold, .nr_holds = 1 }, code, &control);

	*took_ns = xf_clock_mono_ns() - begin;
	memcpy(after, &control.holds[0], sizeof(*after));
	return status;
}

#define HEAD "import socket, sys, time\n"                                                          \
	"def put(timeout=None):\n"                                                                 \
	"    s = socket.create_connection(('127.0.0.1', int(sys.argv[1])), timeout)\n"             \
	"    s.sendall(b'PUT /b/k?partNumber=2&uploadId=u HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\n'\n"  \
	"              b'Content-Length: 3\\r\\n\\r\\nabc')\n"                                     \
	"    return s\n"

static void an_answer_is_held_as_long_as_asked(void **state)
{
	struct tr_control_hold after;
	uint64_t took;

	(void)state;
	assert_int_equal(run(HEAD "assert put().recv(99).startswith(b'HTTP/1.1 200')\n",
			     (struct tr_control_hold){ .id = 7, .part = 2, .times = 1, .hold_ns = 400000000 },
			     &after, &took), 0);
	assert_int_equal(after.state, TR_HOLD_RELEASED);
	assert_int_equal(after.evasion, TR_EVADED_NOT);
	assert_int_equal(after.held_part, 2);
	assert_true(after.end_ns - after.begin_ns >= 400000000);
	assert_true(took >= 400000000);
}

static void another_part_is_not_held(void **state)
{
	struct tr_control_hold after;
	uint64_t took;

	(void)state;
	assert_int_equal(run(HEAD "assert put().recv(99).startswith(b'HTTP/1.1 200')\n",
			     (struct tr_control_hold){ .id = 7, .part = 3, .times = 1, .hold_ns = 400000000 },
			     &after, &took), 0);
	assert_int_equal(after.state, TR_HOLD_ARMED);
	assert_int_equal(after.hits, 0);
}

/* A hold that began with the request's first byte would be over before the body is there. */
static void a_hold_begins_when_the_request_is_sent_in_full(void **state)
{
	struct tr_control_hold after;
	uint64_t took;

	(void)state;
	assert_int_equal(run(HEAD "s = socket.create_connection(('127.0.0.1', int(sys.argv[1])))\n"
			     "s.sendall(b'PUT /b/k?partNumber=2&uploadId=u HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\n'\n"
			     "          b'Content-Length: 3\\r\\n\\r\\na')\n"
			     "time.sleep(0.4)\n"
			     "begin = time.monotonic()\n"
			     "s.sendall(b'bc')\n"
			     "assert s.recv(99).startswith(b'HTTP/1.1 200')\n"
			     "assert time.monotonic() - begin > 0.29\n",
			     (struct tr_control_hold){ .id = 7, .part = 2, .times = 1, .hold_ns = 300000000 },
			     &after, &took), 0);
	assert_int_equal(after.state, TR_HOLD_RELEASED);
}

static void a_process_that_ends_does_not_evade(void **state)
{
	struct tr_control_hold after;
	uint64_t took;

	(void)state;
	assert_int_equal(run(HEAD "import os\ns = put()\ntime.sleep(0.2)\nos._exit(0)\n",
			     (struct tr_control_hold){ .id = 7, .part = 2, .times = 1, .hold_ns = 30000000000 },
			     &after, &took), 0);
	assert_int_equal(after.state, TR_HOLD_RELEASED);
	assert_int_equal(after.evasion, TR_EVADED_NOT);
	assert_true(after.end_ns - after.begin_ns < 20000000000);
}

static void a_client_that_closes_evades(void **state)
{
	struct tr_control_hold after;
	uint64_t took;

	(void)state;
	assert_int_equal(run(HEAD "s = put()\ntime.sleep(0.2)\ns.close()\ntime.sleep(0.2)\n",
			     (struct tr_control_hold){ .id = 7, .part = 2, .times = 1, .hold_ns = 30000000000 },
			     &after, &took), 0);
	assert_int_equal(after.state, TR_HOLD_EVADED);
	assert_int_equal(after.evasion, TR_EVADED_CLOSED);
}

/* A process lives as long as its last thread does, and the main one need not be that. */
static void a_client_that_closes_behind_its_main_threads_end_evades(void **state)
{
	struct tr_control_hold after;
	uint64_t took;

	(void)state;
	assert_int_equal(run("import ctypes, os, threading\n" HEAD
			     "def main_lives():\n"
			     "    with open('/proc/self/stat') as f: return f.read().rsplit(')')[1].split()[0] != 'Z'\n"
			     "def upload():\n"
			     "    while main_lives(): time.sleep(0.01)\n"
			     "    s = put()\n    time.sleep(0.2)\n    s.close()\n    time.sleep(0.2)\n    os._exit(0)\n"
			     "threading.Thread(target=upload).start()\n"
			     "ctypes.CDLL(None).syscall({'x86_64': 60}.get(os.uname().machine, 93), 0)\n",
			     (struct tr_control_hold){ .id = 7, .part = 2, .times = 1, .hold_ns = 30000000000 },
			     &after, &took), 0);
	assert_int_equal(after.evasion, TR_EVADED_CLOSED);
}

#define PUT "import os\n" HEAD "s = socket.create_connection(('127.0.0.1', int(sys.argv[1])))\n"                          \
	    "s.sendall(b'PUT /b/k HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\nContent-Length: 3\\r\\n\\r\\nabc')\ntime.sleep(0.3)\n"

/* Who asks the server for the object must not find it while its PutObject is held. */
static void what_makes_the_object_is_held_before_the_server_has_it(void **state)
{
	struct tr_control_hold after;
	uint64_t took;

	(void)state;
	assert_int_equal(run(PUT "assert s.recv(99).startswith(b'HTTP/1.1 200')\n",
			     (struct tr_control_hold){ .id = 7, .op = XF_OP_PUT_OBJECT, .times = 1, .hold_ns = 500000000 },
			     &after, &took), 0);
	assert_int_equal(after.state, TR_HOLD_RELEASED);
	assert_int_equal(served, 1);
	assert_true(took >= 500000000);
	assert_int_equal(run(PUT "s.close()\ntime.sleep(0.3)\n",
			     (struct tr_control_hold){ .id = 7, .op = XF_OP_PUT_OBJECT, .times = 1, .hold_ns = 30000000000 },
			     &after, &took), 0);
	assert_int_equal(after.evasion, TR_EVADED_CLOSED);
	assert_int_equal(served, 0);
}

/* Its bytes were on their way: without us the server would have had them. */
static void what_a_process_leaves_behind_is_sent_on(void **state)
{
	struct tr_control_hold after;
	uint64_t took;

	(void)state;
	assert_int_equal(run(PUT "os._exit(0)\n",
			     (struct tr_control_hold){ .id = 7, .op = XF_OP_PUT_OBJECT, .times = 1, .hold_ns = 30000000000 },
			     &after, &took), 0);
	assert_int_equal(after.evasion, TR_EVADED_NOT);
	assert_int_equal(after.state, TR_HOLD_RELEASED);
	assert_int_equal(served, 1);
}

static void the_same_part_sent_again_evades(void **state)
{
	struct tr_control_hold after;
	uint64_t took;

	(void)state;
	assert_int_equal(run(HEAD "s = put()\ntime.sleep(0.2)\nagain = put()\nassert s.recv(99)\n",
			     (struct tr_control_hold){ .id = 7, .part = 2, .times = 1, .hold_ns = 30000000000 },
			     &after, &took), 0);
	assert_int_equal(after.evasion, TR_EVADED_REPEATED);
}

#define TWO(first, second)                                                                                                        \
	HEAD "def send(target):\n    s = socket.create_connection(('127.0.0.1', int(sys.argv[1])))\n"                              \
	     "    s.sendall(b'PUT ' + target + b' HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\nContent-Length: 3\\r\\n\\r\\nabc')\n    return s\n" \
	     "a = send(b'" first "')\ntime.sleep(0.2)\nb = send(b'" second "')\nassert a.recv(99)\na.close()\nassert b.recv(99)\n"

/* A PutObject is its part 1, and so is the part 1 of another upload. The same object again is a retry. */
static void another_uploads_part_evades_nothing(void **state)
{
	struct tr_control_hold after;
	uint64_t took;

	(void)state;
	assert_int_equal(run(TWO("/b/small", "/b/large?partNumber=1&uploadId=u"),
			     (struct tr_control_hold){ .id = 7, .op = XF_OP_PUT_OBJECT, .times = 1, .hold_ns = 600000000 },
			     &after, &took), 0);
	assert_int_equal(after.evasion, TR_EVADED_NOT);
	assert_int_equal(run(TWO("/b/k", "/b/k"),
			     (struct tr_control_hold){ .id = 7, .op = XF_OP_PUT_OBJECT, .times = 1, .hold_ns = 30000000000 },
			     &after, &took), 0);
	assert_int_equal(after.evasion, TR_EVADED_REPEATED);
}

/* Of two objects the one that was asked for. */
static void a_hold_may_be_for_one_object(void **state)
{
	struct tr_control_hold after;
	uint64_t took;

	(void)state;
	assert_int_equal(run(TWO("/b/another", "/b/this"),
			     (struct tr_control_hold){ .id = 7, .op = XF_OP_PUT_OBJECT, .object = tr_ids_object("b", "this"),
						       .times = 9, .hold_ns = 400000000 }, &after, &took), 0);
	assert_int_equal(after.hits, 1);
	assert_int_equal(after.evasion, TR_EVADED_NOT);
}

/* The probe names a request before it is numbered: till then it may be anybody's. */
static void what_is_not_numbered_yet_is_no_repetition(void **state)
{
	const struct tr_hold_request held = { .op = XF_OP_UPLOAD_PART, .request = 4, .transfer = 1, .part = 1, .object = 9 };
	struct tr_hold_request r = { .op = XF_OP_UPLOAD_PART, .transfer = TR_NO_TRANSFER, .part = 1, .object = 9 };

	(void)state;
	assert_false(tr_hold_is_repeated(&held, &r));
	r.request = 5, r.transfer = 2;
	assert_false(tr_hold_is_repeated(&held, &r));
	r.transfer = 1;
	assert_true(tr_hold_is_repeated(&held, &r));
}

static void an_unreachable_server_is_the_programs_own_discovery(void **state)
{
	struct tr_control_hold after;
	uint64_t took;

	(void)state;
	assert_int_equal(run(HEAD "s = socket.socket(); s.bind(('127.0.0.1', 0))\n"
			     "port = s.getsockname()[1]\n"
			     "t = socket.socket()\n"
			     "assert t.connect_ex(('127.0.0.1', port)) == 111\n",
			     (struct tr_control_hold){ .id = 7, .hold_ns = 1000000 }, &after, &took), 0);
}

/* What cannot be read is no reason: of a set-uid program's surroundings nothing is known. */
static void of_a_process_that_cannot_be_looked_into_no_reason_is_given(void **state)
{
	(void)state;
	assert_string_equal(tr_unprobed_why(UINT32_MAX), "nobody may look into it to say why");
	assert_string_equal(tr_unprobed_why((uint32_t)getpid()), "it was started without LD_PRELOAD");
}

/* A socket that takes no more is an error, and no signal, which nobody here ignores. */
static void a_broken_socket_raises_no_signal(void **state)
{
	struct tr_splice s = { .open = false };
	int from[2], to[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, from), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, to), 0);
	assert_true(tr_splice_open(&s));
	assert_int_equal(write(from[0], "abc", 3), 3);
	assert_int_equal(tr_splice_take(&s, from[1], 100), 3);
	close(to[1]);
	assert_int_equal(tr_splice_give(&s, to[0]), -1);
	assert_int_equal(s.held, 3);
	tr_splice_close(&s);
	close(from[0]);
	close(from[1]);
	close(to[0]);
}

/* ---- a program whose first bytes come between a look at them and a read behind it */

static int speak[2] = { -1, -1 }; /* the program waits for a byte here before it speaks */

static uint32_t port_of_peer(int fd)
{
	struct sockaddr_in from;
	socklen_t len = sizeof(from);

	assert_int_equal(getpeername(fd, (struct sockaddr *)&from, &len), 0);
	return ntohs(from.sin_port);
}

/* ---- connections that the probe would claim: one as it begins, and never gives it up; one under TLS, and does at once */

static struct {
	bool on;
	uint32_t port; /* of the last that was heard */
} claiming;

static void claims(const char *bytes, bool heard)
{
	struct tr_wire *w = NULL;

	if (memcmp(bytes, "claimed", 6) == 0 && heard)
		tr_wire_new(running, claiming.port, 4711);
	if (memcmp(bytes, "\x16given", 6) == 0 && !heard)
		w = tr_wire_new(running, claiming.port, 4711);
	tr_wire_free(w, "client");
}

/* ---- two requests that the probe would claim, for one part, the second known by its number a moment late */

static struct {
	bool on;
	uint32_t ports[2]; /* of a and b */
} duel;

static void duel_claim(uint32_t i, uint32_t request)
{
	struct tr_control_connection *s = &running->connections[duel.ports[i] % TR_NR_CONNECTIONS];

	s->port = s->claimed = duel.ports[i];
	s->connection = atomic_fetch_add(&running->nr_connections, 1) + 1;
	s->op = XF_OP_UPLOAD_PART;
	s->part = 2;
	s->flags = TR_CONNECTION_SENT;
	s->transfer = request ? 1 : (uint32_t)TR_NO_TRANSFER;
	s->request = request;
	s->pid = 1;
}

/* a and b begin; while c does, what b begins with and what a says then come to lie in one round of the loop. */
static void duel_received(int fd, const char *bytes)
{
	if (bytes[1] == 'c') {
		poll(NULL, 0, 400);
	} else {
		duel.ports[bytes[1] - 'a'] = port_of_peer(fd);
		duel_claim((uint32_t)(bytes[1] - 'a'), bytes[1] == 'a');
	}
}

ssize_t __real_send(int fd, const void *buf, size_t len, int flags);
ssize_t __wrap_send(int fd, const void *buf, size_t len, int flags);

/* b's bytes have gone: now it has its number, and soon its answer. */
ssize_t __wrap_send(int fd, const void *buf, size_t len, int flags)
{
	struct pollfd answer = { .fd = fd, .events = POLLIN };
	ssize_t n = __real_send(fd, buf, len, flags);

	if (claiming.on && n > 5)
		claims(buf, false);
	if (duel.on && n == 2 && memcmp(buf, "\x16" "b", 2) == 0) {
		duel_claim(1, 2);
		assert_int_equal(poll(&answer, 1, 10000), 1);
	}
	return n;
}

/* Who looks and finds nothing has the bytes there directly afterwards. */
ssize_t __wrap_recv(int fd, void *buf, size_t len, int flags)
{
	struct pollfd come = { .fd = fd, .events = POLLIN };
	ssize_t n = __real_recv(fd, buf, len, flags);
	int error = errno;

	if (n < 0 && flags & MSG_PEEK && speak[1] >= 0) {
		assert_int_equal(write(speak[1], "!", 1), 1);
		close(speak[1]);
		speak[1] = -1;
		assert_int_equal(poll(&come, 1, 10000), 1);
	}
	if (duel.on && n == 2 && *(char *)buf == 0x16)
		duel_received(fd, buf);
	if (claiming.on && n > 5) {
		claiming.port = port_of_peer(fd);
		claims(buf, true);
	}
	errno = error;
	return n;
}

/* Answers with a byte, and says no more. */
static void *serve_a_byte(void *unused)
{
	char buf[2];
	int open[8], nr = 0;

	for (int fd; nr < 8 && (fd = accept(listener, NULL, NULL)) >= 0;) {
		open[nr++] = fd;
		if (__real_recv(fd, buf, sizeof(buf), MSG_WAITALL) == sizeof(buf) && send(fd, "x", 1, MSG_NOSIGNAL) == 1)
			shutdown(fd, SHUT_WR);
	}
	while (nr)
		close(open[--nr]);
	return unused;
}

/* Each is the other's repetition: the end of one hold is no end of a connection that is in the midst of its bytes. */
static void holds_that_end_each_other_end_once(void **state)
{
	static struct tr_control after;
	const struct tr_control_hold holds[2] = {
		{ .id = 7, .part = 2, .times = 1, .hold_ns = 30000000000 }, { .id = 8, .part = 2, .times = 1, .hold_ns = 30000000000 },
	};

	(void)state;
	serving = serve_a_byte;
	duel.on = true;
	assert_int_equal(run_with((struct tr_launch_options){ .holds = holds, .nr_holds = 2 },
				  "import socket, sys, time\n"
				  "a, b, c = [socket.create_connection(('127.0.0.1', int(sys.argv[1]))) for _ in range(3)]\n"
				  "time.sleep(0.2)\n"
				  "a.sendall(b'\\x16a')\ntime.sleep(0.2)\n"
				  "c.sendall(b'\\x16c')\ntime.sleep(0.1)\n"
				  "b.sendall(b'\\x16b')\ntime.sleep(0.1)\n"
				  "a.sendall(b'more')\na.close()\n"
				  "time.sleep(1)\n", &after), 0);
	duel.on = false;
	serving = NULL;
	assert_int_equal(after.holds[0].state, TR_HOLD_EVADED);
	assert_int_equal(after.holds[1].state, TR_HOLD_EVADED);
}

#define SPEAK "import socket, struct, sys, time\n"                                                                        \
	      "def speak(*words, own=0):\n"                                                                              \
	      "    s = socket.socket()\n    s.bind(('127.0.0.1', own))\n    s.connect(('127.0.0.1', int(sys.argv[1])))\n" \
	      "    for w in words:\n        s.sendall(w)\n        time.sleep(0.2)\n"                                   \
	      "    own = s.getsockname()[1]\n"                                                                            \
	      "    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))\n    s.close()\n    return own\n" \
	      "PUT = b'PUT /b/k?partNumber=2&uploadId=u HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\nContent-Length: 3\\r\\n\\r\\nabc'\n"

static void speaks(const char *code, struct tr_control *after)
{
	claiming.on = true;
	assert_int_equal(run_with((struct tr_launch_options){ .no_probe = true }, code, after), 0);
	claiming.on = false;
}

/* Its process ended with it open, and a port that nobody has any more is soon another's. */
static void a_claim_is_of_one_connection_not_of_its_port(void **state)
{
	static struct tr_control after;

	(void)state;
	speaks(SPEAK "speak(PUT, own=speak(b'claimed'))\n", &after);
	assert_int_equal(after.nr_requests, 1);
}

static void a_claim_that_was_given_up_was_one(void **state)
{
	static struct tr_control after;

	(void)state;
	speaks(SPEAK "speak(b'\\x16given', b'more')\n", &after);
	assert_int_equal(after.incomplete & TR_INCOMPLETE_TLS, 0);
	speaks(SPEAK "speak(b'\\x16other', b'more')\n", &after);
	assert_int_equal(after.incomplete & TR_INCOMPLETE_TLS, TR_INCOMPLETE_TLS);
}

/* ---- many connections at once, and room for few: one that has just been made may not have come to the listener yet */

static bool narrow;

int __real_listen(int fd, int backlog);
int __wrap_listen(int fd, int backlog);

int __wrap_listen(int fd, int backlog)
{
	return __real_listen(fd, narrow ? 1 : backlog);
}

static void those_that_come_at_once_do_not_wait_for_each_other(void **state)
{
	static struct tr_control after;
	uint64_t begin = xf_clock_mono_ns();

	(void)state;
	narrow = true;
	assert_int_equal(run_with((struct tr_launch_options){ .relay = TR_RELAY_ALL },
				  "import threading\n" HEAD
				  "def upload():\n    s = put()\n    s.recv(99)\n    s.close()\n"
				  "threads = [threading.Thread(target=upload) for _ in range(16)]\n"
				  "for t in threads: t.start()\n"
				  "for t in threads: t.join()\n", &after), 0);
	narrow = false;
	assert_int_equal(after.nr_requests, 16);
	assert_true(xf_clock_mono_ns() - begin < 30000000000);
}

static void a_hello_that_comes_behind_the_look_for_it_is_one_all_the_same(void **state)
{
	static struct tr_control after;
	char code[512];

	(void)state;
	assert_int_equal(pipe(speak), 0);
	snprintf(code, sizeof(code),
		 "import os, socket, ssl, sys\n"
		 "s = socket.create_connection(('127.0.0.1', int(sys.argv[1])))\n"
		 "os.read(%d, 1)\n"
		 "c = ssl.create_default_context(cafile=os.environ['SSL_CERT_FILE'])\n"
		 "c.wrap_socket(s, server_hostname='127.0.0.1')\n", speak[0]);
	assert_int_equal(run_with((struct tr_launch_options){ .tls_relay = true }, code, &after), 0);
	assert_int_equal(speak[1], -1);
	assert_int_equal(after.incomplete & TR_INCOMPLETE_TLS, 0);
	close(speak[0]);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(holds_that_end_each_other_end_once),
	cmocka_unit_test(a_claim_is_of_one_connection_not_of_its_port),
	cmocka_unit_test(a_claim_that_was_given_up_was_one),
	cmocka_unit_test(those_that_come_at_once_do_not_wait_for_each_other),
	cmocka_unit_test(a_hello_that_comes_behind_the_look_for_it_is_one_all_the_same),
	cmocka_unit_test(of_a_process_that_cannot_be_looked_into_no_reason_is_given),
	cmocka_unit_test(a_broken_socket_raises_no_signal),
	cmocka_unit_test(an_answer_is_held_as_long_as_asked),
	cmocka_unit_test(another_part_is_not_held),
	cmocka_unit_test(a_hold_begins_when_the_request_is_sent_in_full),
	cmocka_unit_test(a_process_that_ends_does_not_evade),
	cmocka_unit_test(a_client_that_closes_evades),
	cmocka_unit_test(a_client_that_closes_behind_its_main_threads_end_evades),
	cmocka_unit_test(what_makes_the_object_is_held_before_the_server_has_it),
	cmocka_unit_test(what_a_process_leaves_behind_is_sent_on),
	cmocka_unit_test(the_same_part_sent_again_evades),
	cmocka_unit_test(another_uploads_part_evades_nothing),
	cmocka_unit_test(a_hold_may_be_for_one_object),
	cmocka_unit_test(what_is_not_numbered_yet_is_no_repetition),
	cmocka_unit_test(an_unreachable_server_is_the_programs_own_discovery),
};

T_MAIN(tests)
