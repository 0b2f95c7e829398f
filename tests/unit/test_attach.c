/* attach: who waits for whom, decided from pictures made by hand; names near to names. */
#include "tests/unit/t.h"
#include "tracer/foreign/attach.h"
#include "tracer/foreign/symbols.h"

static struct tr_attach_thread threads[8];
static struct tr_attach_socket sockets[4];
static struct tr_attach a;
static char sentence[2048];

/* A picture of one process; threads have the tids 1, 2, … */
static void picture(unsigned nr_threads, unsigned nr_sockets)
{
	memset(threads, 0, sizeof(threads));
	memset(sockets, 0, sizeof(sockets));
	a = (struct tr_attach){ .pid = 1, .threads = threads, .nr_threads = nr_threads,
				.sockets = sockets, .nr_sockets = nr_sockets };
	for (unsigned i = 0; i < nr_threads; i++)
		threads[i] = (struct tr_attach_thread){ .tid = i + 1, .fd = -1, .socket = -1 };
}

static void waits(unsigned thread, enum tr_attach_wait wait, unsigned for_tid)
{
	threads[thread].wait = wait;
	threads[thread].thread = for_tid;
}

static void waits_on_socket(unsigned thread, int socket, uint64_t silent_ms)
{
	threads[thread].wait = TR_AT_ANSWER;
	threads[thread].socket = socket;
	sockets[socket].tcp.last_sent_ms = sockets[socket].tcp.last_received_ms =
		sockets[socket].tcp.last_ack_ms = silent_ms;
	strcpy(sockets[socket].tcp.remote, "10.0.0.1:443");
}

static void expect(enum tr_attach_verdict verdict, const char *chain, const char *in_sentence)
{
	char got[64] = "";

	tr_attach_decide(&a);
	for (unsigned i = 0; i < a.nr_chain; i++)
		snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s%u", i ? " " : "",
			 threads[a.chain[i]].tid);
	assert_string_equal(got, chain);
	assert_int_equal(a.verdict, verdict);
	tr_attach_sentence(&a, sentence, sizeof(sentence));
	if (!strstr(sentence, in_sentence))
		fail_msg("no '%s' in: %s", in_sentence, sentence);
}

static void a_ring_of_mutexes_is_a_deadlock(void **state)
{
	(void)state;
	picture(2, 0);
	waits(0, TR_AT_MUTEX, 2);
	waits(1, TR_AT_MUTEX, 1);
	expect(TR_ATTACH_DEADLOCK, "1 2", "DEADLOCK: main waits for a mutex that thread 2 holds");
}

static void a_ring_elsewhere_is_found_from_main(void **state)
{
	(void)state;
	picture(4, 1);
	waits(0, TR_AT_SIGNAL, 0);
	waits_on_socket(1, 0, 5);
	waits(2, TR_AT_MUTEX, 4);
	waits(3, TR_AT_JOIN, 3);
	expect(TR_ATTACH_DEADLOCK, "1 3 4", "a ring, it will never end");
}

static void a_join_leads_to_the_thread_and_its_request(void **state)
{
	(void)state;
	picture(3, 1);
	waits(0, TR_AT_JOIN, 3);
	waits(1, TR_AT_SLEEP, 0);
	waits_on_socket(2, 0, 842000);
	sockets[0].request = 9;
	sockets[0].part = 2559;
	sockets[0].op = XF_OP_UPLOAD_PART;
	expect(TR_ATTACH_HANGS, "1 3",
	       "HANGS 14m02s: main waits for the end of thread 3, which waits for the answer to part 2559 "
	       "(UploadPart) from 10.0.0.1:443; no byte since 14m02s");
}

static void a_signal_comes_from_the_longest_silent_connection(void **state)
{
	(void)state;
	picture(5, 3);
	waits(0, TR_AT_SIGNAL, 0);
	waits(1, TR_AT_IDLE, 0);
	waits_on_socket(2, 0, 20);
	waits_on_socket(3, 1, 15000);
	waits(4, TR_AT_SLEEP, 0);
	expect(TR_ATTACH_HANGS, "1 4", "main waits for thread 4");
}

static void silence_for_a_moment_is_no_hang(void **state)
{
	(void)state;
	picture(1, 1);
	waits_on_socket(0, 0, 400);
	expect(TR_ATTACH_WAITS, "1", "WAITS: main waits for the answer");
}

static void bytes_not_acknowledged_blame_the_network(void **state)
{
	(void)state;
	picture(1, 1);
	waits_on_socket(0, 0, 60000);
	sockets[0].tcp.retransmits = 7;
	sockets[0].tcp.send_queue = 1448;
	expect(TR_ATTACH_HANGS, "1", "1448 bytes sent are not acknowledged, tried 7 times again: the network");
}

static void nobody_left_is_said(void **state)
{
	(void)state;
	picture(3, 0);
	waits(0, TR_AT_SIGNAL, 0);
	waits(1, TR_AT_IDLE, 0);
	waits(2, TR_AT_SIGNAL, 0);
	expect(TR_ATTACH_ORPHANED, "1", "nobody in this process is left who could");
	threads[0].timed = true;
	expect(TR_ATTACH_WAITS, "1", "WAITS");
}

static void somebody_at_work_runs(void **state)
{
	(void)state;
	picture(2, 0);
	waits(0, TR_AT_SIGNAL, 0);
	waits(1, TR_AT_GIL, 0);
	expect(TR_ATTACH_RUNS, "1 2", "RUNS");
}

static void what_may_not_be_seen_is_unknown(void **state)
{
	(void)state;
	picture(1, 0);
	waits(0, TR_AT_UNKNOWN, 0);
	expect(TR_ATTACH_BLIND, "1", "UNKNOWN");
}

static void a_join_of_a_thread_that_is_gone_ends_the_chain(void **state)
{
	(void)state;
	picture(1, 0);
	waits(0, TR_AT_JOIN, 77);
	expect(TR_ATTACH_WAITS, "1", "main waits for the end of thread 77");
}

static void names_fit_as_people_write_them(void **state)
{
	(void)state;
	assert_true(tr_symbol_fits("Uploader::put", "_ZN8Uploader3putEi", "Uploader::put(int)"));
	assert_true(tr_symbol_fits("Uploader::*", "_ZN8Uploader3putEi", "Uploader::put(int)"));
	assert_true(tr_symbol_fits("curl_*_perform", "curl_easy_perform", "curl_easy_perform"));
	assert_true(tr_symbol_fits("_ZN8Uploader3putEi", "_ZN8Uploader3putEi", "Uploader::put(int)"));
	assert_false(tr_symbol_fits("put", "_ZN8Uploader3putEi", "Uploader::put(int)"));
}

static void distance_counts_letters(void **state)
{
	(void)state;
	assert_int_equal(tr_symbol_distance("put", "put", 4), 0);
	assert_int_equal(tr_symbol_distance("put", "pot", 4), 1);
	assert_int_equal(tr_symbol_distance("perform", "preform", 4), 2);
	assert_int_equal(tr_symbol_distance("", "abc", 4), 3);
	assert_int_equal(tr_symbol_distance("upload", "zzzzzz", 4), 4);
	assert_int_equal(tr_symbol_distance("a", "abcdefgh", 4), 4);
}

static void our_own_main_is_found(void **state)
{
	struct tr_symbols s;
	struct xf_error err = XF_ERROR_INIT;

	(void)state;
	assert_int_equal(tr_symbols_match("/proc/self/exe", "main", &s, &err), XF_OK);
	assert_int_equal(s.nr, 1);
	tr_symbols_fini(&s);
	assert_int_equal(tr_symbols_match("/dev/null", "main", &s, &err), XF_FORMAT);
	tr_symbols_fini(&s);
	err = XF_ERROR_INIT;
	assert_int_equal(tr_symbols_match("/does/not/exist", "main", &s, &err), XF_NOT_FOUND);
	tr_symbols_fini(&s);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(a_ring_of_mutexes_is_a_deadlock),
	cmocka_unit_test(a_ring_elsewhere_is_found_from_main),
	cmocka_unit_test(a_join_leads_to_the_thread_and_its_request),
	cmocka_unit_test(a_signal_comes_from_the_longest_silent_connection),
	cmocka_unit_test(silence_for_a_moment_is_no_hang),
	cmocka_unit_test(bytes_not_acknowledged_blame_the_network),
	cmocka_unit_test(nobody_left_is_said),
	cmocka_unit_test(somebody_at_work_runs),
	cmocka_unit_test(what_may_not_be_seen_is_unknown),
	cmocka_unit_test(a_join_of_a_thread_that_is_gone_ends_the_chain),
	cmocka_unit_test(names_fit_as_people_write_them),
	cmocka_unit_test(distance_counts_letters),
	cmocka_unit_test(our_own_main_is_found),
};

T_MAIN(tests)
