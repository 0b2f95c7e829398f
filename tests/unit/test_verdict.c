/* The table of answers, each row by example, the lucky ones among them. */
#include "tests/unit/t.h"

#include "tracer/trace/write.h"
#include "tracer/verdict/place.h"
#include "tracer/verdict/verdict.h"

struct judged {
	struct tr_log *log;
	struct tr_verdicts all;
	const struct tr_verdict *v; /* the first */
};

static struct judged judge(const char *text)
{
	struct judged j;
	struct xf_error err = XF_ERROR_INIT;
	if (tr_log_from_text(text, &j.log, &err) != XF_OK ||
	    tr_verdicts_compute(j.log, &j.all, &err) != XF_OK)
		fail_msg("%s", err.message);
	j.v = &j.all.list[0];
	return j;
}

static void release(struct judged *j)
{
	tr_verdicts_fini(&j->all);
	tr_log_close(j->log);
}

static void expect(const struct judged *j, const char *answer, const char *basis, const char *outcome)
{
	assert_string_equal(tr_answer_name(j->v->answer), answer);
	assert_string_equal(tr_basis_name(j->v->basis), basis);
	assert_string_equal(tr_outcome_name(j->v->outcome), outcome);
}

static void expect_all(const char *text, const char *answer, const char *basis, const char *outcome)
{
	struct judged j = judge(text);
	expect(&j, answer, basis, outcome);
	release(&j);
}

/* A worker (thread 1) puts one object; what main does meanwhile is the test's. */
#define BEGIN                                                                                      \
	"thread 0 main main\n"                                                                     \
	"thread 1 request-1 request\n"                                                             \
	"object 1 event done signal\n"                                                             \
	"object 2 mutex state lock\n"                                                              \
	"object 3 sem request permit 0\n"                                                          \
	"0 call_enter call=1 label=upload\n"                                                       \
	"0 submit transfer=0 call=1 bucket=b key=k op=PutObject\n"                                 \
	"0 thread_create id=1 label=request-1\n"                                                   \
	"1 plan size=10 part_size=10 transfer=0 parts=1 size_known=true\n"                         \
	"1 part_queued bytes=10 transfer=0 part=1\n"                                               \
	"1 part_start bytes=10 transfer=0 part=1 attempt=1\n"
#define WORK                                                                                       \
	"1 part_done bytes=10 transfer=0 part=1 etag=e1\n"                                         \
	"1 object_put bytes=10 transfer=0 etag=e1 http_status=200\n"
#define DONE "1 event_set #1 :future.c@announce:40\n1 done transfer=0 state=success\n"
#define WAIT "0 event_wait #1 :future.c@xf_future_result:12\n"
#define WOKEN "0 event_woken #1 waited_ns=100 how=woken\n"
#define RETURN "0 call_return call=1\n"
#define END "closed\n"

static void a_wait_for_the_done_event_blocks(void **state)
{
	struct judged j = judge(BEGIN WAIT WORK DONE WOKEN RETURN END);
	(void)state;
	expect(&j, "blocks", "happens-before", "stored");
	assert_int_equal(j.v->parts, 1);
	assert_int_equal(j.v->parts_ordered, 1);
	assert_int_equal(j.v->parts_late, 0);
	assert_int_equal(j.v->barriers.nr, 1);
	assert_string_equal(j.v->barriers.list[0].name, "done");
	assert_true(j.v->barriers.list[0].sufficient);
	assert_int_equal(j.v->barriers.list[0].wait_ns, 100);
	release(&j);
}

static void evidence_leads_from_the_part_to_the_return(void **state)
{
	struct judged j = judge(BEGIN WAIT WORK DONE WOKEN RETURN END);
	const enum xf_kind kinds[] = { XF_EV_part_done, XF_EV_event_set, XF_EV_event_woken, XF_EV_call_return };
	(void)state;
	assert_true(j.v->nr_evidence >= 1);
	assert_int_equal(j.v->evidence[0].nr, 4);
	for (int i = 0; i < 4; i++)
		assert_int_equal(tr_log_kind(j.log, j.v->evidence[0].chain[i].event), kinds[i]);
	struct tr_event set = tr_log_event(j.log, j.v->evidence[0].chain[1].event);
	assert_string_equal(tr_event_site(j.log, &set).file, "future.c");
	assert_int_equal(tr_event_site(j.log, &set).line, 40);
	assert_string_equal(tr_event_site(j.log, &set).function, "announce");
	assert_int_equal(j.v->evidence[0].chain[1].edge, TR_EDGE_SET);
	release(&j);
}

static void a_latch_found_set_is_a_proof_too(void **state)
{
	(void)state;
	expect_all(BEGIN WORK DONE "0 event_wait #1 set=1\n0 event_woken #1 how=at-once\n" RETURN END,
		   "blocks", "happens-before", "stored");
}

static void a_join_blocks(void **state)
{
	(void)state;
	expect_all(BEGIN "0 join_begin id=1\n" WORK DONE "1 thread_exit id=1\n0 join_end id=1 how=woken\n"
		   RETURN END, "blocks", "happens-before", "stored");
}

static void work_on_the_calling_thread_is_inline(void **state)
{
	(void)state;
	expect_all("thread 0 main\n0 call_enter call=1 label=upload\n0 submit transfer=0 call=1 op=PutObject\n"
		   "0 plan size=1 part_size=1 transfer=0 parts=1\n"
		   "0 part_start transfer=0 part=1\n0 part_done transfer=0 part=1 etag=e\n"
		   "0 object_put transfer=0 etag=e\n0 done transfer=0 state=success\n" RETURN END,
		   "blocks", "inline", "stored");
}

static void an_end_after_the_return_is_a_witness(void **state)
{
	struct judged j = judge(BEGIN RETURN WORK DONE END);
	(void)state;
	expect(&j, "does-not-block", "witness", "stored-later");
	assert_int_equal(j.v->parts_late, 1);
	release(&j);
}

/* The sender may lose its processor between its last byte and the record of it: who asks for a list meanwhile sees the object. */
#define LISTED(before, within, behind)                                                                                        \
	BEGIN "1 request_start request=1 op=PutObject transfer=0 part=1\n" before                                             \
	"0 request_start request=2 op=ListObjects transfer=4294967295\n" within                                               \
	"0 response request=2 http_status=200\n" behind RETURN WORK DONE END
#define SENT "1 body_sent request=1\n"

static void a_list_answered_when_the_server_may_have_had_it_may_have_shown_the_object(void **state)
{
	(void)state;
	expect_all(LISTED(SENT, "", ""), "unproven", "timing", "stored");
	expect_all(LISTED("", SENT, ""), "unproven", "timing", "stored");
	expect_all(LISTED("", "", SENT), "does-not-block", "witness", "stored-later");
	expect_all(LISTED("", "", "@900 1 body_sent request=1 going_ns=890\n"), "unproven", "timing", "stored");
}

/* Lines of output begin and end a call, and a Go program prints them on whatever thread it is on. */
static void a_call_may_return_on_another_thread(void **state)
{
	(void)state;
	expect_all(BEGIN "1 call_return call=1\n" WORK DONE END, "does-not-block", "witness", "stored-later");
	expect_all(BEGIN WORK DONE "1 call_return call=1\n" END, "blocks", "happens-before", "stored");
}

static void a_program_that_leaves_loses_its_upload(void **state)
{
	struct judged j = judge(BEGIN "1 multipart_create transfer=0 upload_id=U-1\n" RETURN END);
	(void)state;
	expect(&j, "does-not-block", "witness", "lost");
	assert_string_equal(j.v->orphan, "U-1");
	release(&j);
}

static void a_submit_with_nothing_behind_it_is_lost_work(void **state)
{
	(void)state;
	expect_all("thread 0 main\n0 call_enter call=1\n0 submit transfer=0 call=1 op=PutObject\n" RETURN END,
		   "does-not-block", "witness", "lost");
}

/* ---- luck */

static void luck_by_sleep_is_unproven(void **state)
{
	(void)state;
	expect_all(BEGIN WORK DONE "0 sleep slept_ns=1000\n" RETURN END, "unproven", "timing", "stored");
}

static void luck_by_a_mutex_taken_later_is_unproven(void **state)
{
	(void)state;
	expect_all(BEGIN "1 mutex_lock #2\n" WORK DONE "1 mutex_unlock #2\n0 mutex_lock #2\n0 mutex_unlock #2\n"
		   RETURN END, "unproven", "timing", "stored");
}

static void luck_by_a_contended_mutex_is_unproven(void **state)
{
	(void)state;
	expect_all(BEGIN "1 mutex_lock #2\n0 mutex_wait #2 owner=1\n" WORK DONE
		   "1 mutex_unlock #2 waiters=1\n0 mutex_lock #2 waited_ns=500 how=woken\n" RETURN END,
		   "unproven", "timing", "stored");
}

static void luck_by_a_permit_is_unproven(void **state)
{
	(void)state;
	expect_all(BEGIN "0 sem_wait #3\n" WORK DONE "1 sem_post #3 value=1\n"
		   "0 sem_acquired #3 waited_ns=9 how=woken\n" RETURN END, "unproven", "timing", "stored");
}

/* A lock of a foreign program: nobody declared what it is for. */
static void luck_by_an_undeclared_lock_is_unproven(void **state)
{
	(void)state;
	expect_all(BEGIN "0 sem_init #9 value=1\n1 sem_acquired #9\n0 sem_wait #9\n" WORK DONE
		   "1 sem_post #9\n0 sem_acquired #9 waited_ns=50 how=woken\n" RETURN END,
		   "unproven", "timing", "stored");
}

/* CPython's join: the thread's own lock, taken before it tells its creator that it runs. */
static void a_lock_held_for_life_is_a_join_when_the_joiner_was_told(void **state)
{
	static const char told[] = "1 event_set #8\n", wait[] = "0 event_woken #8 waited_ns=5 how=woken\n";
	static const char begin[] =
		"thread 0 main\nthread 1 worker\nobject 8 event started signal\n0 sem_init #9 value=1\n"
		"0 call_enter call=1\n0 submit transfer=0 call=1 op=PutObject\n0 thread_create id=1\n";
	static const char work[] =
		"1 part_start transfer=0 part=1\n1 part_done transfer=0 part=1 etag=e\n1 object_put transfer=0 etag=e\n"
		"0 sem_wait #9 :lib/threading.py@wait:1\n1 sem_post #9\n0 sem_acquired #9 waited_ns=50 how=woken\n1 thread_exit id=1\n";
	static const char join[] = "0 property key=python-stack number=1 value=\"lib/threading.py:1112 Thread._wait_for_tstate_lock\\n"
				   "lib/threading.py:1092 Thread.join\"\n";
	char text[2048];
	(void)state;
	snprintf(text, sizeof(text), "%s1 sem_acquired #9\n%s%s%s" RETURN END, begin, told, wait, work);
	expect_all(text, "blocks", "happens-before", "stored");
	snprintf(text, sizeof(text), "%s1 sem_acquired #9\n%s" RETURN END, begin, work);
	expect_all(text, "unproven", "timing", "stored");
	/* one who came late found "started" set, and waits where CPython joins */
	snprintf(text, sizeof(text), "%s1 sem_acquired #9\n%s%s" RETURN END, begin, join, work);
	expect_all(text, "blocks", "happens-before", "stored");
}

/* The same object as a signal: its waiter took it, another thread gives it. */
static void an_undeclared_notify_is_a_proof(void **state)
{
	(void)state;
	expect_all(BEGIN "0 sem_init #9 value=1\n0 sem_acquired #9\n0 sem_wait #9\n" WORK DONE
		   "1 sem_post #9\n0 sem_acquired #9 waited_ns=50 how=woken\n" RETURN END,
		   "blocks", "happens-before", "stored");
}

static void a_surplus_post_is_no_proof(void **state)
{
	(void)state;
	expect_all(BEGIN "0 sem_init #9 value=0\n" WORK DONE "1 sem_post #9\n1 sem_post #9\n"
		   "0 sem_acquired #9 how=at-once\n" RETURN END, "unproven", "timing", "stored");
}

static void a_counted_semaphore_is_a_proof_for_every_post(void **state)
{
	(void)state;
	expect_all("thread 0 main\nthread 1 a\nthread 2 b\n0 sem_init #9 value=0\n0 call_enter call=1\n"
		   "0 submit transfer=0 call=1 op=PutObject\n1 multipart_create transfer=0 upload_id=u\n"
		   "1 part_done transfer=0 part=1\n1 sem_post #9\n2 part_done transfer=0 part=2\n"
		   "2 multipart_complete transfer=0 etag=x\n2 sem_post #9\n"
		   "0 sem_acquired #9 how=at-once\n0 sem_acquired #9 how=at-once\n" RETURN END,
		   "blocks", "happens-before", "stored");
}

static void luck_by_waiting_for_something_else_is_unproven(void **state)
{
	(void)state;
	expect_all("thread 2 other\nobject 8 event other signal\n" BEGIN "0 event_wait #8\n" WORK DONE
		   "2 event_set #8\n0 event_woken #8 waited_ns=70 how=woken\n" RETURN END,
		   "unproven", "timing", "stored");
}

/* Nothing of it was sent, and the call's name does not say that it uploads: it stays unknown, with what is known. */
static void a_thread_that_the_end_cut_off_before_it_sent_anything_is_named(void **state)
{
#define REGION(missed) "thread 0 main\nthread 1 uploader\n0 property key=incomplete number=" missed "\n"                      \
		       "0 call_enter call=1 label=region\n0 thread_create id=1 label=uploader\n1 thread_start id=1\n" RETURN
	static const struct {
		const char *text;
		bool named;
	} cases[] = {
		{ REGION("0") "1 sleep slept_ns=5\n" END, true },
		{ REGION("0") "1 sleep slept_ns=5\n1 thread_exit id=1\n" END, false },
		{ REGION("0") END, false },                       /* as a runtime's, which does nothing that is seen */
		{ REGION("8") "1 sleep slept_ns=5\n" END, false },     /* something was missed: who knows what it sent */
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct judged j = judge(cases[i].text);
		expect(&j, "unknown", "none", "unknown");
		assert_true(cases[i].named == !!strstr(j.v->reason, "the program ended while uploader"));
		release(&j);
	}
}

/* A request that the program took back itself was refused by nobody. */
static void what_was_given_up_was_not_refused(void **state)
{
#define GIVEN_UP(status, failed) "thread 0 main main\n0 property key=incomplete number=0\n0 call_enter call=1 label=region\n"   \
		"0 submit transfer=0 op=CreateMultipartUpload\n"                                                                      \
		"0 multipart_create transfer=0 http_status=" status " upload_id=u failed=" failed "\n"
	char sentence[1024];
	struct judged j = judge(GIVEN_UP("200", "false") "0 multipart_abort transfer=0 http_status=204\n" RETURN END);
	(void)state;
	assert_non_null(strstr(tr_verdict_sentence(j.log, &j.all, j.v, sentence, sizeof(sentence)), "given up, before any part"));
	release(&j);
	j = judge(GIVEN_UP("403", "true") RETURN END);
	assert_non_null(strstr(tr_verdict_sentence(j.log, &j.all, j.v, sentence, sizeof(sentence)), "its request had been refused"));
	release(&j);
}

/* ---- time limits */

static void a_timed_wait_blocks_partly(void **state)
{
	struct judged j = judge(BEGIN "0 event_wait #1 limit_ns=1000000000\n" WORK DONE WOKEN RETURN END);
	(void)state;
	expect(&j, "blocks-partly", "happens-before", "stored");
	assert_int_equal(j.v->limit, TR_LIMIT_TIME_OUT);
	assert_int_equal(j.v->at_most_ms, 1000);
	release(&j);
}

/* What it does when a limit runs out is not seen: it may come to a wait without one only if that did not. */
static void a_wait_behind_one_with_a_limit_is_unproven(void **state)
{
#define LIMITED "0 event_wait #1 limit_ns=5000000000\n"
#define JOINED "0 join_begin id=1\n1 thread_exit id=1\n0 join_end id=1 how=woken\n"
	struct judged j = judge(BEGIN LIMITED WORK DONE WOKEN JOINED RETURN END);
	(void)state;
	expect(&j, "unproven", "timing", "stored");
	assert_int_equal(j.v->hinges_ns, 5000000000);
	assert_non_null(strstr(j.v->reason, "5000 ms"));
	release(&j);
	/* the limit ran out once, and it waited on */
	expect_all(BEGIN "0 event_wait #1 limit_ns=5\n0 event_woken #1 how=timed-out\n" LIMITED WORK DONE WOKEN JOINED RETURN END,
		   "blocks", "happens-before", "stored");
	/* the limit was for something else */
	expect_all("object 8 event other signal\n" BEGIN "0 event_wait #8 limit_ns=5000000000\n1 event_set #8\n"
		   "0 event_woken #8 how=woken\n" WORK DONE JOINED RETURN END, "blocks", "happens-before", "stored");
	/* a `with` is left through its __exit__ in any case */
#define LEFT(where) "0 property key=python-stack number=2 value=\"lib/threading.py:9 Thread.join\\n" where ":5 f\"\n"                 \
		    "0 join_begin id=1 :lib/threading.py@join:9\n1 thread_exit id=1\n0 join_end id=1 how=woken\n"
	expect_all(BEGIN LIMITED WORK DONE WOKEN LEFT("futures/_base.py:7 Executor.__exit__\\nup.py") RETURN END,
		   "blocks", "happens-before", "stored");
	expect_all(BEGIN LIMITED WORK DONE WOKEN LEFT("up.py") RETURN END, "unproven", "timing", "stored");
}

/* A futex of the program's own is a lock, as far as anybody knows, and its limit is one all the same. */
static void a_join_behind_a_futex_with_a_limit_is_unproven(void **state)
{
#define FUTEX "object 8 cond futex lock\n"
#define PARKED(limit) "0 cond_wait #8 limit_ns=" limit "\n"
#define UNPARKED "1 cond_signal #8 waiters=1\n0 cond_woken #8 how=woken\n"
	struct judged j = judge(FUTEX BEGIN PARKED("5000000000") WORK UNPARKED JOINED RETURN END);
	(void)state;
	expect(&j, "unproven", "timing", "stored");
	assert_int_equal(j.v->hinge, TR_HINGE_LIMIT);
	assert_int_equal(j.v->hinges_ns, 5000000000);
	release(&j);
	expect_all(FUTEX BEGIN PARKED("5000000000") WORK UNPARKED RETURN END, "unproven", "timing", "stored");
	/* it had no limit; ran out, and was waited for again; was woken before the upload was over */
	expect_all(FUTEX BEGIN PARKED("0") WORK UNPARKED JOINED RETURN END, "blocks", "happens-before", "stored");
	expect_all(FUTEX BEGIN PARKED("5") "0 cond_woken #8 how=timed-out\n" PARKED("5") WORK UNPARKED JOINED RETURN END,
		   "blocks", "happens-before", "stored");
	expect_all(FUTEX BEGIN PARKED("5000000000") UNPARKED WORK JOINED RETURN END, "blocks", "happens-before", "stored");
}

/* What looks at a thread or a child between sleeps, or in a poll with a limit, leaves no trace of it. */
static void what_was_found_ended_behind_a_sleep_may_have_been_looked_for(void **state)
{
#define OVER WORK DONE "1 thread_exit id=1\n"
#define NAPPED "0 sleep asked_ns=50000000 slept_ns=50000000\n"
#define JOINS_IT "0 join_begin id=1\n0 join_end id=1 how=woken\n"
	(void)state;
	expect_all(BEGIN OVER NAPPED JOINS_IT RETURN END, "unproven", "timing", "stored");
	expect_all(BEGIN NAPPED OVER JOINS_IT RETURN END, "unproven", "timing", "stored");
	/* it slept for something else; it waited for the end itself, and has not slept since it waited */
	expect_all(BEGIN NAPPED WAIT WOKEN OVER JOINS_IT RETURN END, "blocks", "happens-before", "stored");
	expect_all(BEGIN NAPPED WORK DONE JOINED RETURN END, "blocks", "happens-before", "stored");
	expect_all(BEGIN OVER JOINS_IT NAPPED RETURN END, "blocks", "happens-before", "stored");
#define POLLS_FOR(limit) "thread 0 main main\nthread 1 main main process=2\n0 call_enter call=1 label=begin\n0 fork pid=1000 child=1002\n" \
		"1 process_start pid=1002\n1 submit transfer=0 op=PutObject\n1 object_put transfer=0 http_status=200 etag=e\n"    \
		"+5000000 1 process_exit pid=1002\n+1000 0 poll waited_ns=3000000 ready=1 limit_ns=" limit "\n+1000 0 process_wait pid=1002\n"
	expect_all(POLLS_FOR("60000000000") RETURN END, "unproven", "timing", "stored");
	expect_all(POLLS_FOR("0") RETURN END, "blocks", "happens-before", "stored");
}

/* A signal that was to come would have ended the wait, perhaps; for certain where nobody handles it, or in timeout(1). */
static void a_timer_that_was_to_send_a_signal_is_a_limit(void **state)
{
#define ALARM(ns, more) "0 timer due_ns=" ns " timer=0 why=alarm " more "\n"
	struct judged j = judge(BEGIN ALARM("5000000000", "") WAIT WORK DONE WOKEN ALARM("0", "") RETURN END);
	(void)state;
	expect(&j, "unproven", "timing", "stored");
	assert_int_equal(j.v->hinge, TR_HINGE_ALARM);
	assert_true(j.v->hinges_ns >= 5000000000 && j.v->hinges_ns < 5001000000);
	release(&j);
	/* stopped before; one that came, and did not end it; its process would have ended, and not returned */
	expect_all(BEGIN ALARM("5000000000", "") ALARM("0", "") WAIT WORK DONE WOKEN RETURN END, "blocks", "happens-before", "stored");
	expect_all(BEGIN ALARM("10", "") WAIT "+1000000 " WORK DONE WOKEN RETURN END, "blocks", "happens-before", "stored");
	expect_all(BEGIN ALARM("5000000000", "deadly=true") WAIT WORK DONE WOKEN RETURN END, "blocks", "happens-before", "stored");
#define HERE(label, deadly) "thread 0 main main\n0 call_enter call=1 label=" label "\n" ALARM("5000000000", deadly) \
		"0 submit transfer=0 op=PutObject\n0 object_put transfer=0 http_status=200 etag=e\n"
	expect_all(HERE("begin", "") RETURN END, "unproven", "timing", "stored");
	expect_all(HERE("begin", "deadly=true") RETURN END, "blocks", "inline", "stored");
	expect_all(HERE("exit", "deadly=true") RETURN END, "blocks-partly", "happens-before", "stored");
}

/* A program may set one for each of its thousands of waits; of those that matter the last to come is told. */
static void of_many_timers_those_that_matter_are_found(void **state)
{
	enum { TIMERS = 20000, LINE = 64 };
	char *text = malloc(2 * TIMERS * LINE + 8192), *at = text;
	(void)state;
	assert_non_null(text);
	at += sprintf(at, "%s", BEGIN);
	for (int i = 0; i < TIMERS; i++)
		at += sprintf(at, "0 timer due_ns=7000000000 why=alarm\n0 timer why=alarm\n");
	sprintf(at, "%s", ALARM("5000000000", "") "0 timer due_ns=9000000000 timer=1 why=timer_settime\n0 timer due_ns=8000000000 timer=2 "
			  "why=timer_settime\n0 timer timer=2 why=timer_settime\n" WAIT WORK DONE WOKEN RETURN END);
	struct judged j = judge(text);
	expect(&j, "unproven", "timing", "stored");
	assert_true(j.v->hinges_ns >= 9000000000 && j.v->hinges_ns < 9100000000);
	release(&j);
	free(text);
}

static void what_timeout_runs_is_waited_for_so_long(void **state)
{
#define RUNS(command) "thread 0 main main\nthread 1 main main process=2\n0 process_start pid=1000 command=" command "\n" \
		"0 call_enter call=1 label=exit\n0 fork pid=1000 child=1002\n" ALARM("60000000000", "")                       \
		"1 process_start pid=1002\n1 submit transfer=0 op=PutObject\n1 object_put transfer=0 http_status=200 etag=e\n" \
		"1 process_exit pid=1002\n0 process_wait pid=1002 waited_ns=90000000\n"
	struct judged j = judge(RUNS("\"/usr/bin/timeout 60\"") RETURN END);
	(void)state;
	expect(&j, "blocks-partly", "happens-before", "stored");
	assert_int_equal(j.v->at_most_ms, 60000);
	release(&j);
	expect_all(RUNS("\"mytimeout 60\"") RETURN END, "unproven", "timing", "stored");
}

/* The uploader sets the flag first; a timer would have, too. */
static void a_wait_that_another_would_have_ended_is_unproven(void **state)
{
	struct judged j = judge("thread 2 timer\n" BEGIN "0 cond_wait #5\n" WORK "1 cond_signal #5 all=true\n0 cond_woken #5 how=woken\n" RETURN
				"+3000000000 2 cond_signal #5 all=true\n" END);
	(void)state;
	expect(&j, "unproven", "timing", "stored");
	assert_int_equal(j.v->hinge, TR_HINGE_RIVAL);
	assert_true(j.v->hinges_ns > 3000000000 && j.v->hinges_ns < 3001000000);
	release(&j);
	/* one of a wait before the call is no matter of its */
	j = judge("thread 2 timer\nthread 3 other\n0 cond_wait #6\n2 cond_signal #6 all=true\n0 cond_woken #6 how=woken\n"
		  "3 cond_signal #6 all=true\n" BEGIN "0 cond_wait #5\n" WORK "1 cond_signal #5 all=true\n0 cond_woken #5 how=woken\n" RETURN
		  "+3000000000 2 cond_signal #5 all=true\n" END);
	assert_int_equal(j.v->hinge, TR_HINGE_RIVAL);
	assert_true(j.v->hinges_ns > 3000000000 && j.v->hinges_ns < 3001000000);
	release(&j);
	expect_all("thread 2 timer\n" BEGIN "0 cond_wait #5\n" WORK "1 cond_signal #5 all=true\n0 cond_woken #5 how=woken\n" RETURN END,
		   "blocks", "happens-before", "stored");
}

/* An event loop that is woken while a timer is due: that may be the limit of what it waits for. */
static void a_loop_with_a_timer_to_come_is_unproven(void **state)
{
#define LOOPED(limit) "1 fd_write inode=3 position=0 bytes=1\n0 poll limit_ns=" limit " waited_ns=400 ready=1 epoll=true\n" \
		      "0 fd_read inode=3 position=0 bytes=1\n"
	struct judged j = judge(BEGIN WORK DONE LOOPED("9000000000") RETURN END);
	(void)state;
	expect(&j, "unproven", "timing", "stored");
	assert_int_equal(j.v->hinge, TR_HINGE_TIMER);
	assert_non_null(strstr(j.v->reason, "timer, due 9"));
	release(&j);
	expect_all(BEGIN WORK DONE LOOPED("0") RETURN END, "blocks", "happens-before", "stored");
	/* one had come before, and it went on */
	expect_all(BEGIN "0 poll limit_ns=5000000 waited_ns=5000000 epoll=true\n" WORK DONE LOOPED("9000000000") RETURN END,
		   "blocks", "happens-before", "stored");
	/* it waits for the same in another way, too */
	expect_all(BEGIN WORK DONE LOOPED("9000000000") WAIT WOKEN RETURN END, "blocks", "happens-before", "stored");
}

static void a_wait_that_ran_out_blocks_partly(void **state)
{
	struct judged j = judge(BEGIN "0 event_wait #1 limit_ns=5000000\n0 event_woken #1 waited_ns=5000000 how=timed-out\n"
				RETURN WORK DONE END);
	(void)state;
	expect(&j, "blocks-partly", "witness", "stored-later");
	assert_int_equal(j.v->at_most_ms, 5);
	release(&j);
}

/* Python's wait that ran out has taken its own lock (8) away; the condition's (9) is what the worker takes. */
#define WITHDRAWN(stack, between, others)                                                          \
	"object 8 sem waiter none 1\nobject 9 sem condition none 1\nobject 10 sem other none 1\n"   \
	BEGIN "0 sem_acquired #9 how=at-once\n0 sem_acquired #8 how=at-once\n0 sem_post #9\n"       \
	"0 property key=python-stack number=1 value=\"" stack "\"\n"                                 \
	"0 sem_wait #8 :lib/threading.py@wait:324 limit_ns=20000000\n"                             \
	"0 sem_acquired #8 waited_ns=20000000 how=timed-out\n" between                             \
	"0 sem_acquired #9 how=at-once\n0 sem_post #8\n0 sem_post #9\n"                            \
	"0 sem_acquired #10 how=at-once\n0 sem_post #10\n" RETURN WORK                            \
	"1 sem_acquired " others " how=at-once\n1 sem_post " others "\n1 done transfer=0 state=success\n" END
#define CONDITION "lib/threading.py:324 Condition.wait\\n"
#define FUTURE_RESULT CONDITION "lib/concurrent/futures/_base.py:451 Future.result"

static void a_python_wait_that_ran_out_waited_for_the_next_notification(void **state)
{
	struct judged j = judge(WITHDRAWN(FUTURE_RESULT, "", "#9"));
	(void)state;
	expect(&j, "blocks-partly", "witness", "stored-later");
	assert_int_equal(j.v->at_most_ms, 20);
	release(&j);
}

/* What both take afterwards says nothing of the wait, unless it goes to every future it had waited for. */
static void a_lock_that_both_take_later_is_none_of_the_wait(void **state)
{
	(void)state;
	expect_all(WITHDRAWN(FUTURE_RESULT, "", "#10"), "does-not-block", "witness", "stored-later");
	expect_all(WITHDRAWN("program.py:3 wait", "", "#9"), "does-not-block", "witness", "stored-later");
	expect_all(WITHDRAWN(CONDITION "lib/threading.py:622 Event.wait\\nlib/concurrent/futures/_base.py:305 wait", "", "#10"),
		   "blocks-partly", "witness", "stored-later");
}

/* Had it waited on, it had never come to the upload that it did itself later, and that led to the signal. */
static void what_the_waiter_did_later_is_not_what_it_waited_for(void **state)
{
	(void)state;
	expect_all("object 8 event other signal\n" BEGIN "0 event_wait #1 limit_ns=5000000\n0 event_woken #1 waited_ns=5000000 how=timed-out\n"
		   RETURN "0 part_done bytes=10 transfer=0 part=1 etag=e1\n0 object_put bytes=10 transfer=0 etag=e1 http_status=200\n"
		   "0 event_set #8\n1 event_wait #8\n1 event_woken #8 how=woken\n1 event_set #1\n1 done transfer=0 state=success\n" END,
		   "does-not-block", "witness", "stored-later");
}

/* A loop's timer may have been the limit of a wait, or a pause: the counter-example stands, and says so. */
static void a_poll_that_ran_out_before_the_return_is_told(void **state)
{
	struct judged j = judge(BEGIN "0 poll limit_ns=50000000 waited_ns=50100000 epoll=true\n" RETURN WORK DONE END);
	(void)state;
	expect(&j, "does-not-block", "witness", "stored-later");
	assert_non_null(strstr(j.v->reason, "until 51 ms had run out"));
	release(&j);
	j = judge(BEGIN "0 poll limit_ns=50000000 waited_ns=50100000 epoll=true\n"
		  "0 poll limit_ns=50000000 waited_ns=100 ready=1 epoll=true\n" RETURN WORK DONE END);
	assert_null(strstr(j.v->reason, "run out"));
	release(&j);
}

static void limits_that_ran_out_one_after_the_other_add_up(void **state)
{
	struct judged j = judge(BEGIN "0 event_wait #1 limit_ns=5000000\n0 event_woken #1 waited_ns=5000000 how=timed-out\n"
				"0 event_wait #1 limit_ns=7000000\n0 event_woken #1 waited_ns=7000000 how=timed-out\n"
				RETURN WORK DONE END);
	(void)state;
	expect(&j, "blocks-partly", "witness", "stored-later");
	assert_int_equal(j.v->at_most_ms, 12);
	release(&j);
}

static void a_wait_that_ran_out_for_something_else_does_not_block(void **state)
{
	(void)state;
	expect_all("object 8 event other signal\n" BEGIN "0 event_wait #8 limit_ns=5000000\n"
		   "0 event_woken #8 waited_ns=5000000 how=timed-out\n" RETURN WORK DONE END,
		   "does-not-block", "witness", "stored-later");
}

static void a_loop_of_timed_waits_blocks(void **state)
{
	(void)state;
	expect_all(BEGIN "0 event_wait #1 limit_ns=5\n0 event_woken #1 how=timed-out\n"
		   "0 event_wait #1 limit_ns=5\n" WORK DONE WOKEN RETURN END,
		   "blocks", "happens-before", "stored");
}

static void a_timed_out_wait_carries_nothing(void **state)
{
	(void)state;
	expect_all(BEGIN "0 event_wait #1 limit_ns=5\n" WORK DONE "0 event_woken #1 how=timed-out\n" RETURN END,
		   "unproven", "timing", "stored");
}

/* CPython's waits for a child (process 2) with a limit: what tells are the places of the first sleep or poll and of what comes behind it. */
#define STACK(number, lines) "0 property key=python-stack number=" number " value=\"" lines "\"\n"
#define POPEN_WAIT "python3.11/subprocess.py:1991 Popen._wait\\npython3.11/subprocess.py:1264 Popen.wait\\n"
#define TRY_WAIT "python3.11/subprocess.py:1953 Popen._try_wait\\n" POPEN_WAIT
#define SELECTS "python3.11/selectors.py:415 PollSelector.select\\n"
#define COMMUNICATES SELECTS "python3.11/subprocess.py:2050 Popen._communicate\\npython3.11/subprocess.py:1209 Popen.communicate\\n"
#define JOINS "multiprocessing/popen_fork.py:40 Popen.wait\\nmultiprocessing/process.py:149 Process.join\\n"
#define JOIN_LIES SELECTS "multiprocessing/connection.py:930 wait\\n" JOINS
#define JOIN_TAKES "multiprocessing/popen_fork.py:27 Popen.poll\\n" JOINS
#define LINE "program.py:9 main"
#define SLEPT "0 sleep :program.py@main:9 asked_ns=50000000 slept_ns=50000000\n"
#define POLLED(ready) "0 poll :program.py@main:9 limit_ns=60000000 waited_ns=50000000 ready=" ready "\n"
#define FOUND(how) "0 process_wait :program.py@wait:8 pid=1002 " how "\n"
#define PUTS "1 submit transfer=0 op=PutObject\n1 object_put transfer=0 http_status=200 etag=e\n1 process_exit pid=1002\n"
#define CHILDS(lies, takes) STACK("1", lies) STACK("2", takes) "thread 0 main main\nthread 1 main main process=2\n" \
	"0 call_enter call=1 label=begin\n0 fork pid=1000 child=1002\n1 process_start pid=1002\n"

static void a_wait_for_a_child_with_a_limit_blocks_partly(void **state)
{
	struct judged j = judge(CHILDS(COMMUNICATES LINE, TRY_WAIT LINE) PUTS POLLED("1") FOUND("asked=1") RETURN END);
	char sentence[512];

	(void)state;
	expect(&j, "blocks-partly", "happens-before", "stored");
	assert_int_equal(j.v->at_most_ms, 60);
	release(&j);
	/* how long the sleeps would have gone on is not known */
	j = judge(STACK("3", TRY_WAIT LINE) CHILDS(POPEN_WAIT LINE, POPEN_WAIT LINE) SLEPT PUTS SLEPT FOUND("asked=1") RETURN END);
	expect(&j, "blocks-partly", "happens-before", "stored");
	assert_int_equal(j.v->at_most_ms, 0);
	tr_verdict_sentence(j.log, &j.all, j.v, sentence, sizeof(sentence));
	assert_non_null(strstr(sentence, "waits only so long: the wait had a time limit, how long is not known; this time all"));
	release(&j);
	/* multiprocessing takes it without asking */
	j = judge(CHILDS(JOIN_LIES LINE, JOIN_TAKES LINE) PUTS POLLED("1") FOUND("") RETURN END);
	expect(&j, "blocks-partly", "happens-before", "stored");
	assert_int_equal(j.v->at_most_ms, 60);
	release(&j);
}

static void a_child_found_ended_by_the_program_itself_stays_luck(void **state)
{
	(void)state;
	/* wait(timeout=0); poll() behind another wait; sleeps of its own; another line's; in a loop that goes on */
	expect_all(CHILDS(TRY_WAIT LINE, "") PUTS FOUND("asked=1") RETURN END, "unproven", "timing", "stored");
	expect_all(CHILDS(POPEN_WAIT LINE, "python3.11/subprocess.py:1934 Popen._internal_poll\\n" LINE) PUTS SLEPT FOUND("asked=1") RETURN END,
		   "unproven", "timing", "stored");
	expect_all(CHILDS(LINE, TRY_WAIT LINE) PUTS SLEPT FOUND("asked=1") RETURN END, "unproven", "timing", "stored");
	expect_all(CHILDS(POPEN_WAIT LINE, TRY_WAIT "program.py:12 main") PUTS SLEPT FOUND("asked=1") RETURN END, "unproven", "timing", "stored");
	expect_all(CHILDS(POPEN_WAIT LINE, TRY_WAIT LINE) PUTS SLEPT "0 sleep slept_ns=50000000\n" FOUND("asked=1") RETURN END,
		   "unproven", "timing", "stored");
	expect_all("0 property key=python-turn number=2 value=while\n" CHILDS(POPEN_WAIT LINE, TRY_WAIT LINE) PUTS SLEPT FOUND("asked=1") RETURN END,
		   "unproven", "timing", "stored");
	/* a limit that ran out, and a join behind it without one */
	expect_all(CHILDS(JOIN_LIES LINE, JOIN_TAKES LINE) POLLED("0") PUTS FOUND("waited_ns=9000000") RETURN END, "blocks", "happens-before", "stored");
}

static void a_wait_for_a_child_that_ran_out_blocks_partly(void **state)
{
	struct judged j = judge(CHILDS(POPEN_WAIT LINE, POPEN_WAIT LINE) "@50000000 " SLEPT "@100000000 " SLEPT RETURN "@200000000 1 process_start pid=1002\n" PUTS END);
	(void)state;
	expect(&j, "blocks-partly", "witness", "stored-later");
	assert_int_equal(j.v->at_most_ms, 100);
	release(&j);
	j = judge(CHILDS(JOIN_LIES LINE, "") POLLED("0") RETURN PUTS END);
	expect(&j, "blocks-partly", "witness", "stored-later");
	assert_int_equal(j.v->at_most_ms, 60);
	release(&j);
	/* of two children nobody knows which; nor of one for which nobody waited so */
	expect_all(CHILDS(POPEN_WAIT LINE, "") "0 fork pid=1000 child=1003\n" SLEPT RETURN PUTS "0 process_exit pid=1003\n" END,
		   "does-not-block", "witness", "stored-later");
	expect_all(CHILDS(LINE, "") SLEPT RETURN PUTS END, "does-not-block", "witness", "stored-later");
	/* it was over, and the work is another's */
	expect_all(CHILDS(POPEN_WAIT LINE, TRY_WAIT LINE) SLEPT "1 process_exit pid=1002\n" FOUND("asked=1") "thread 2 main main process=3\n"
		   "0 fork pid=1000 child=1003\n2 process_start pid=1003\n2 submit transfer=0 op=PutObject\n" RETURN
		   "2 object_put transfer=0 http_status=200 etag=e\n" END, "does-not-block", "witness", "stored-later");
}

static void a_child_that_is_killed_when_its_limit_ran_out_was_waited_for_so_long(void **state)
{
	struct judged j = judge(CHILDS(COMMUNICATES LINE, "program.py:12 main") "1 submit transfer=0 op=PutObject\n"
				"1 request_start request=1 transfer=0 op=PutObject\n" POLLED("0") "1 process_exit pid=1002 exit_status=-1\n"
				FOUND("exit_status=137") RETURN END);
	char sentence[512];

	(void)state;
	expect(&j, "blocks-partly", "happens-before", "lost");
	assert_int_equal(j.v->at_most_ms, 60);
	tr_verdict_sentence(j.log, &j.all, j.v, sentence, sizeof(sentence));
	assert_string_equal(sentence, "waits at most 60 ms: the wait had a time limit of 60 ms, and the process was killed in the midst of its upload; "
			    "object lost");
	release(&j);
}

/* ---- not returned, unknown */

static void a_hang_names_the_request(void **state)
{
	struct judged j = judge(BEGIN WAIT "1 request_start request=5 transfer=0 part=1 op=UploadPart\n"
				"1 connected request=5\n1 body_sent request=5\n" END);
	(void)state;
	expect(&j, "not-returned", "none", "lost");
	assert_int_equal(j.v->nr_waiting, 2);
	assert_string_equal(j.v->waiting_on[0].text, "main waits for event 'done'");
	assert_string_equal(j.v->waiting_on[1].text,
			    "request-1 waits for the answer to UploadPart of part 1");
	assert_int_equal(j.v->waiting_on[1].request, 5);
	assert_false(j.v->deadlock);
	release(&j);
}

static void a_deadlock_is_a_circle(void **state)
{
	struct judged j = judge("thread 2 b\nobject 5 mutex m lock\nobject 6 mutex n lock\n" BEGIN
				"1 mutex_lock #5\n2 mutex_lock #6\n1 mutex_wait #6 owner=2\n2 mutex_wait #5 owner=1\n"
				"0 join_begin id=1\n" END);
	(void)state;
	expect(&j, "not-returned", "none", "lost");
	assert_true(j.v->deadlock);
	assert_int_equal(j.v->deadlock_at, 1);
	assert_int_equal(j.v->nr_waiting, 3);
	assert_string_equal(j.v->waiting_on[2].text, "b waits for mutex 'm', held by request-1");
	release(&j);
}

static void no_call_is_unknown(void **state)
{
	(void)state;
	expect_all("thread 0 main\n0 mark label=x\nclosed\n", "unknown", "none", "unknown");
}

static void no_upload_is_unknown(void **state)
{
	(void)state;
	expect_all("thread 0 main\n0 call_enter call=1\n" RETURN END, "unknown", "none", "unknown");
}

static void dropped_records_are_unknown(void **state)
{
	struct judged j = judge(BEGIN WAIT WORK DONE WOKEN RETURN "dropped 7\n" END);
	(void)state;
	expect(&j, "unknown", "none", "stored");
	assert_non_null(strstr(j.v->reason, "7 records were dropped"));
	release(&j);
}

static void a_hole_in_an_objects_history_is_unknown(void **state)
{
	struct judged j = judge(BEGIN WAIT WORK "1 event_set #1 order=4\n" WOKEN RETURN END);
	(void)state;
	expect(&j, "unknown", "none", "stored");
	assert_non_null(strstr(j.v->reason, "missing from the history of done"));
	release(&j);
}

static void an_evaded_hold_is_unknown(void **state)
{
	(void)state;
	expect_all(BEGIN WAIT "1 held hold=1 transfer=0 part=1 thread=1\n1 hold_evaded hold=1 why=time-out\n" WORK
		   DONE WOKEN RETURN END, "unknown", "none", "stored");
}

static void a_return_while_a_part_is_held_does_not_block(void **state)
{
	(void)state;
	expect_all(BEGIN WORK "1 held hold=1 transfer=0 part=1 thread=1\n" RETURN
		   "1 released hold=1 transfer=0 part=1 held_ns=50\n" DONE END,
		   "does-not-block", "intervention", "stored");
}

/* ---- barriers */

#define TWO_BARRIERS(first, second)                                                                \
	BEGIN WORK DONE "1 thread_exit id=1\n" first second RETURN END
#define RESULT                                                                                     \
	"0 frame_enter :f.c@xf_future_result:1\n0 event_wait #1\n0 event_woken #1 waited_ns=7 how=woken\n" \
	"0 frame_leave\n"
#define EXIT                                                                                       \
	"0 frame_enter :m.c@xf_manager_exit:2\n0 join_begin id=1\n0 join_end id=1 how=at-once\n"   \
	"0 frame_leave\n"

static void both_barriers_are_sufficient(void **state)
{
	struct judged j = judge(TWO_BARRIERS(RESULT, EXIT));
	(void)state;
	assert_int_equal(j.v->barriers.nr, 2);
	assert_string_equal(j.v->barriers.list[0].name, "result");
	assert_string_equal(j.v->barriers.list[1].name, "manager exit");
	assert_int_equal(j.v->barriers.list[0].kind, TR_BARRIER_EVENT);
	assert_int_equal(j.v->barriers.list[1].kind, TR_BARRIER_JOIN);
	assert_int_equal(j.v->barriers.list[0].scope, TR_SCOPE_CALL);
	assert_int_equal(j.v->barriers.list[1].scope, TR_SCOPE_BLOCK);
	assert_true(j.v->barriers.list[0].sufficient && j.v->barriers.list[1].sufficient);
	release(&j);
}

static void two_joins_are_needed_for_two_threads(void **state)
{
	struct judged j = judge("thread 0 main\nthread 1 a\nthread 2 b\n0 call_enter call=1\n"
				"0 submit transfer=0 call=1 op=PutObject\n1 multipart_create transfer=0 upload_id=u\n"
				"1 part_done transfer=0 part=1\n1 thread_exit id=1\n"
				"2 part_done transfer=0 part=2\n2 multipart_complete transfer=0\n2 thread_exit id=2\n"
				"0 join_begin id=1\n0 join_end id=1 how=woken\n0 join_begin id=2\n"
				"0 join_end id=2 how=woken\n" RETURN END);
	(void)state;
	expect(&j, "blocks", "happens-before", "stored");
	assert_int_equal(j.v->barriers.nr, 2);
	assert_false(j.v->barriers.list[0].sufficient || j.v->barriers.list[1].sufficient);
	release(&j);
}

/* ---- parts, Complete, visible */

#define MULTIPART(etag2)                                                                           \
	"thread 0 main\nthread 1 a\nthread 2 b\nobject 1 event done signal\n"                      \
	"0 call_enter call=1\n0 submit transfer=0 call=1 op=PutObject\n"                           \
	"1 plan transfer=0 size=20 part_size=10 parts=2 multipart=true size_known=true\n"          \
	"1 multipart_create transfer=0 upload_id=u\n"                                              \
	"1 part_done transfer=0 part=1 bytes=10 etag=e1\n"                                         \
	"2 part_done transfer=0 part=2 bytes=10 " etag2 "\n"                                       \
	"1 multipart_complete transfer=0 etag=x-2 parts=2\n1 event_set #1\n1 done transfer=0 state=success\n" \
	"0 event_wait #1\n0 event_woken #1 how=at-once\n"

static void an_etag_in_complete_orders_the_part(void **state)
{
	(void)state;
	expect_all(MULTIPART("etag=e2") RETURN END, "blocks", "happens-before", "stored");
}

static void without_its_etag_a_part_is_not_ordered(void **state)
{
	struct judged j = judge(MULTIPART("") RETURN END);
	(void)state;
	expect(&j, "unproven", "timing", "stored");
	assert_int_equal(j.v->parts_ordered, 1);
	release(&j);
}

static void a_head_of_the_right_size_makes_it_visible(void **state)
{
	struct judged j = judge(MULTIPART("etag=e2") RETURN "0 object_head transfer=0 call=1 bytes=20 etag=x-2 verify=true\n" END);
	(void)state;
	assert_int_equal(j.v->visible, TR_VISIBLE_YES);
	release(&j);
	j = judge(MULTIPART("etag=e2") RETURN "0 object_head transfer=0 call=1 bytes=19 etag=x-2 verify=true\n" END);
	assert_int_equal(j.v->visible, TR_VISIBLE_NO);
	release(&j);
	j = judge(MULTIPART("etag=e2") RETURN END);
	assert_int_equal(j.v->visible, TR_VISIBLE_UNKNOWN);
	release(&j);
}

static void a_late_look_makes_nothing_visible(void **state)
{
	struct judged j = judge("thread 0 main\nthread 1 a\n0 call_enter call=1\n0 submit transfer=0 call=1 op=PutObject\n"
				"1 plan transfer=0 size=20 part_size=20 parts=1 size_known=true\n" RETURN
				"1 object_put transfer=0 http_status=200 etag=x\n1 done transfer=0 state=success\n"
				"0 object_head transfer=0 call=1 bytes=20 etag=x verify=true\n" END);
	(void)state;
	expect(&j, "does-not-block", "witness", "stored-later");
	assert_int_equal(j.v->visible, TR_VISIBLE_NO);
	release(&j);
}

static void a_failed_transfer_still_waits(void **state)
{
	(void)state;
	expect_all(BEGIN WAIT "1 part_failed transfer=0 part=1 http_status=403\n"
		   "1 object_put transfer=0 failed=true http_status=403\n1 event_set #1\n"
		   "1 done transfer=0 state=failed\n" WOKEN RETURN END, "blocks", "happens-before", "failed");
}

#define CREATE_FAILED(status)                                                                      \
	"thread 0 main main\nthread 1 request-1 request\nobject 1 event done signal\n"              \
	"0 call_enter call=1 label=upload\n0 submit transfer=0 call=1 op=PutObject\n"               \
	"0 thread_create id=1\n1 multipart_create transfer=0 failed=true http_status=" status "\n"

static void a_refused_create_has_failed(void **state)
{
	(void)state;
	expect_all(CREATE_FAILED("400") "1 event_set #1\n" WOKEN "0 call_return call=1 result=-1 error=ClientError\n"
		   END, "blocks", "happens-before", "failed");
}

/* The program ended in the middle of the request: nobody was there to see it fail. */
static void a_create_cut_off_by_the_end_is_lost(void **state)
{
	(void)state;
#define CUT_OFF(status)                                                                            \
	"thread 0 main main\nthread 1 request-1 request\n0 call_enter call=1 label=upload\n"        \
	"0 submit transfer=0 call=1 op=PutObject\n0 thread_create id=1\n0 call_return call=1\n"     \
	"1 multipart_create transfer=0 failed=true http_status=" status "\n" END
	expect_all(CUT_OFF("0"), "does-not-block", "witness", "lost");
	expect_all(CUT_OFF("200"), "does-not-block", "witness", "lost");
	expect_all(CUT_OFF("403"), "does-not-block", "witness", "failed");
}

/* A program's client that gives its upload up under an ending interpreter: none of its requests was refused. */
/* The program hung up behind the last byte, or another process read the answer: a look of --verify tells. */
static void an_object_that_is_there_after_all_is_not_lost(void **state)
{
	(void)state;
#define HUNG_UP "thread 0 main main\n0 call_enter call=1 label=begin\n0 submit transfer=0 call=0 op=PutObject\n"         \
		"0 part_start bytes=10 transfer=0 part=1 attempt=1\n0 part_failed transfer=0 part=1 attempt=1\n"          \
		"0 object_put transfer=0 failed=true\n" RETURN
#define LOOK(status, size, failed) "0 object_head transfer=0 call=1 verify=true http_status=" status " bytes=" size " failed=" failed "\n"
	expect_all(HUNG_UP END, "blocks", "inline", "lost");
	expect_all(HUNG_UP LOOK("404", "0", "true") LOOK("200", "9", "false") END, "blocks", "inline", "lost");
	expect_all(HUNG_UP LOOK("200", "10", "false") END, "unproven", "timing", "unknown");
	expect_all(HUNG_UP LOOK("404", "0", "true") LOOK("200", "10", "false") END, "does-not-block", "witness", "stored-later");
}

static void an_upload_taken_back_by_the_end_is_lost(void **state)
{
	(void)state;
	expect_all("thread 0 main main\nthread 1 request-1 request\n0 call_enter call=1 label=upload\n0 thread_create id=1\n"
		   "0 call_return call=1\n1 submit transfer=0 call=0 op=CreateMultipartUpload\n"
		   "1 multipart_create transfer=0 http_status=200 upload_id=u\n1 multipart_abort transfer=0 http_status=204\n"
		   "1 status transfer=0 from=running to=failed\n" END, "does-not-block", "witness", "lost");
}

/* It was under way at the return, though no request of it was. */
static void an_upload_given_up_after_the_return_was_not_waited_for(void **state)
{
	(void)state;
#define CREATED "thread 0 main main\n0 call_enter call=1 label=begin\n0 submit transfer=0 call=0 op=CreateMultipartUpload\n" \
		"0 multipart_create transfer=0 http_status=200 upload_id=u\n"
#define ABORTED "0 multipart_abort transfer=0 http_status=204\n0 status transfer=0 from=running to=failed\n"
	expect_all(CREATED "0 call_return call=1\n" ABORTED END, "does-not-block", "witness", "lost");
	expect_all(CREATED "0 call_return call=1\n0 multipart_abort transfer=0 http_status=0 failed=true\n" END, "does-not-block",
		   "witness", "failed");
	/* the program's own thread, before the return: it took it back on purpose */
	expect_all(CREATED ABORTED "0 call_return call=1\n" END, "blocks", "inline", "failed");
}

/* A pool's worker is done with an upload that nobody waits for, and is given something else: somebody waits for that. */
static void what_a_worker_ended_before_it_was_given_something_else_is_not_ordered(void **state)
{
	(void)state;
#define WORKER "thread 0 main main\nthread 1 worker\n0 sem_init #1 value=0\n" \
	       "0 sem_init #2 value=0\n0 call_enter call=1 label=begin\n0 thread_create id=1\n1 thread_start id=1\n"    \
	       "1 submit transfer=0 call=1 op=PutObject\n1 object_put transfer=0 http_status=200 etag=e\n"
#define GIVEN "1 sem_wait #1\n0 sem_post #1 value=1\n1 sem_acquired #1 value=0 how=woken\n"
#define TOLD "1 sem_post #2 value=1\n0 sem_acquired #2 value=0 how=woken\n"
	expect_all(WORKER TOLD RETURN END, "blocks", "happens-before", "stored");
	expect_all(WORKER TOLD GIVEN RETURN END, "blocks", "happens-before", "stored");
	expect_all(WORKER GIVEN TOLD RETURN END, "unproven", "timing", "stored");
	/* an executor's job that was there already, so that it did not wait */
#define JOB "1 queue_get #3 item=0 how=at-once\n"
	expect_all("object 3 queue jobs none\n" WORKER TOLD JOB RETURN END, "blocks", "happens-before", "stored");
	expect_all("object 3 queue jobs none\n" WORKER JOB TOLD RETURN END, "unproven", "timing", "stored");
	expect_all("object 3 queue jobs signal\n" WORKER JOB TOLD RETURN END, "blocks", "happens-before", "stored");
	/* it ends, and is joined: it is done with all it was given */
	expect_all(WORKER GIVEN TOLD "1 thread_exit id=1\n0 join_end id=1 how=woken\n" RETURN END, "blocks", "happens-before", "stored");
}

/* One thread, two uploads: the second is waited for. The first? Only if they came one after the other by the program's own order. */
static void what_a_thread_of_several_requests_ended_earlier_is_not_ordered(void **state)
{
	(void)state;
#define TWO_PUTS "thread 0 main main\n0 call_enter call=1 label=begin\n0 submit transfer=0 call=1 op=PutObject\n" \
		 "0 submit transfer=1 call=1 op=PutObject\n0 request_start request=1 transfer=0 op=PutObject\n"
#define SECOND "0 request_start request=2 transfer=1 op=PutObject\n"
#define ANSWERED(n, t) "0 response request=" n " http_status=200\n0 object_put transfer=" t " http_status=200 etag=e\n"
#define RESTS "0 poll waited_ns=2000000 ready=1\n"
#define RETURNS "0 call_return call=1\n" END
	expect_all(TWO_PUTS SECOND RESTS ANSWERED("1", "0") RESTS ANSWERED("2", "1") RETURNS, "unproven", "timing", "stored");
	expect_all(TWO_PUTS RESTS ANSWERED("1", "0") SECOND RESTS ANSWERED("2", "1") RETURNS, "blocks", "inline", "stored");
	/* a busy thread need not lie down for it to be an accident */
	expect_all(TWO_PUTS SECOND RESTS ANSWERED("1", "0") ANSWERED("2", "1") RETURNS, "unproven", "timing", "stored");
}

/* A loop woken by others' bytes has one request at a time, and ends two uploads: only the second leads on. */
static void what_a_woken_loop_ended_earlier_is_not_ordered(void **state)
{
	(void)state;
#define LOOP_WOKEN "thread 0 main main\nthread 1 loop\n0 call_enter call=1 label=begin\n0 submit transfer=0 call=1 op=PutObject\n" \
		   "0 submit transfer=1 call=1 op=PutObject\n0 fd_write inode=3 position=0 bytes=1\n"            \
		   "1 poll waited_ns=900000000 ready=1\n1 fd_read inode=3 position=0 bytes=1\n"
#define PUT(n, t) "1 request_start request=" n " transfer=" t " op=PutObject\n1 response request=" n " http_status=200\n" \
		  "1 object_put transfer=" t " http_status=200 etag=e\n"
#define TELLS "1 event_set #1\n0 event_woken #1 how=woken\n0 call_return call=1\n" END
	expect_all(LOOP_WOKEN PUT("1", "0") PUT("2", "1") TELLS, "unproven", "timing", "stored");
	expect_all(LOOP_WOKEN PUT("1", "0") "1 event_set #2\n0 event_woken #2 how=woken\n" PUT("2", "1") TELLS,
		   "blocks", "happens-before", "stored");
}

/* An event loop goes on for whatever comes: an upload's end led on if the next thing was begun, or said, there and then. */
static void what_an_event_loop_ended_before_it_lay_down_again_is_not_ordered(void **state)
{
	(void)state;
#define TURNS "0 poll waited_ns=2000000 ready=1 epoll=1\n"
#define FIRST(wait) TWO_PUTS wait ANSWERED("1", "0")
	expect_all(FIRST(TURNS) TURNS SECOND TURNS ANSWERED("2", "1") RETURNS, "unproven", "timing", "stored");
	expect_all(FIRST(TURNS) SECOND TURNS ANSWERED("2", "1") RETURNS, "blocks", "inline", "stored");
	expect_all(FIRST(TURNS) SECOND TURNS ANSWERED("2", "1") TURNS RETURNS, "unproven", "timing", "stored");
	/* what it read first was others' news, and it may have gone on for that */
	expect_all("thread 1 other\n" FIRST(TURNS) "1 fd_write inode=3 position=0 bytes=1\n0 fd_read inode=3 position=0 bytes=1\n"
		   SECOND TURNS ANSWERED("2", "1") RETURNS, "unproven", "timing", "stored");
	/* a timer was due by then, or not yet, or there was none; one had come before, and it went on */
#define CAME "0 poll waited_ns=5000000 limit_ns=5000000 epoll=1\n"
#define TURNED(limit) "0 poll waited_ns=2000000 limit_ns=" limit " ready=1 epoll=1\n"
	expect_all(FIRST(CAME TURNED("2000000")) SECOND TURNS ANSWERED("2", "1") RETURNS, "unproven", "timing", "stored");
	expect_all(FIRST(CAME TURNED("900000000")) SECOND TURNS ANSWERED("2", "1") RETURNS, "blocks", "inline", "stored");
	expect_all(FIRST(CAME TURNED("2000000") TURNED("900000000")) SECOND TURNS ANSWERED("2", "1") RETURNS, "blocks", "inline", "stored");
	/* what it wrote itself is no news */
	expect_all(FIRST(TURNS) "0 fd_write inode=3 position=0 bytes=1\n0 fd_read inode=3 position=0 bytes=1\n"
		   SECOND TURNS ANSWERED("2", "1") RETURNS, "blocks", "inline", "stored");
	/* a thread that waits for its one socket is no loop */
	expect_all(FIRST(RESTS) RESTS SECOND RESTS ANSWERED("2", "1") RETURNS, "blocks", "inline", "stored");
}

/* A timer that is still to come may be the limit of the wait that an answer ended. */
static void a_loop_that_is_answered_with_a_timer_to_come_is_unproven(void **state)
{
	struct judged j = judge(FIRST(TURNED("9000000000")) SECOND TURNS ANSWERED("2", "1") RETURNS);
	(void)state;
	expect(&j, "unproven", "timing", "stored");
	assert_int_equal(j.v->hinge, TR_HINGE_TIMER);
	release(&j);
	expect_all(FIRST(TURNS) SECOND TURNED("9000000000") ANSWERED("2", "1") RETURNS, "unproven", "timing", "stored");
	/* what it lay in for the answer had none */
	expect_all(FIRST(TURNED("9000000000") RESTS) SECOND RESTS ANSWERED("2", "1") RETURNS, "blocks", "inline", "stored");
}

/* An event loop is woken by a child's end, whatever it waits for; one that lay in the wait itself was waiting for it. */
static void a_child_that_a_loop_found_ended_is_as_bytes_are(void **state)
{
	(void)state;
#define CHILD(rests, waited) "thread 0 main main\nthread 1 main main 2\n0 call_enter call=1 label=begin\n" TURNS \
	"0 fork pid=1 child=2\n1 process_start pid=2\n1 submit transfer=0 call=1 op=PutObject\n" \
	"1 object_put transfer=0 http_status=200 etag=e\n1 process_exit pid=2\n" TURNS "0 process_wait pid=2 waited_ns=" waited "\n" rests RETURNS
	expect_all(CHILD("", "0"), "blocks", "happens-before", "stored");
	expect_all(CHILD(TURNS, "0"), "unproven", "timing", "stored");
	expect_all(CHILD(TURNS, "900000000"), "blocks", "happens-before", "stored");
	/* asked without waiting; asked behind a sigsuspend for it */
	expect_all(CHILD("", "0 asked=1"), "unproven", "timing", "stored");
	expect_all(CHILD("", "900000000 asked=1"), "blocks", "happens-before", "stored");
	/* taken in passing so, while it waited for another */
	expect_all(CHILD("0 process_wait pid=3 waited_ns=900000000 any=1 asked=1\n", "900000000 any=1 asked=1"), "unproven", "timing", "stored");
	expect_all(CHILD("0 process_wait pid=3 waited_ns=20 any=1 asked=1\n", "900000000 any=1 asked=1"), "blocks", "happens-before", "stored");
}

/* Its work is over with its process if that was killed; one that ends by itself in the midst of it has cut it off. */
static void an_upload_whose_process_was_killed_ended_with_that(void **state)
{
	(void)state;
#define IN_ITS_MIDST(exit, wait) "thread 0 main main\nthread 1 main main process=2\n0 call_enter call=1 label=begin\n0 fork pid=1 child=1002\n" \
	"1 process_start pid=1002\n1 submit transfer=0 op=PutObject\n1 part_start bytes=10 transfer=0 part=1 attempt=1\n" \
	"1 request_start request=1 transfer=0 part=1 op=PutObject\n1 process_exit pid=1002 " exit "\n0 process_wait pid=1002 " wait "\n"
	expect_all(IN_ITS_MIDST("exit_status=137 signal=9", "exit_status=137") RETURNS, "blocks-partly", "happens-before", "lost");
	expect_all(IN_ITS_MIDST("exit_status=-1", "exit_status=137") RETURNS, "blocks-partly", "happens-before", "lost");
	/* by its own fault: nobody would have waited less for it */
	expect_all(IN_ITS_MIDST("exit_status=-1", "exit_status=139") RETURNS, "blocks", "happens-before", "lost");
	/* by itself, with the status that a shell gives such an end, or unseen */
	expect_all(IN_ITS_MIDST("exit_status=137", "exit_status=137") RETURNS, "does-not-block", "witness", "lost");
	expect_all(IN_ITS_MIDST("exit_status=-1", "exit_status=1") RETURNS, "does-not-block", "witness", "lost");
	/* not waited for: found ended, or not yet asked */
	expect_all(IN_ITS_MIDST("exit_status=-1", "exit_status=137 asked=1") RETURNS, "unproven", "timing", "lost");
	expect_all("0 property key=incomplete number=0\n" IN_ITS_MIDST("exit_status=-1", "exit_status=137") END, "not-returned", "none", "lost");
	/* all of it had been sent: it came to be all the same */
#define LOOKS(http_status, more) "0 object_head transfer=0 http_status=" http_status " verify=true " more "\n"
	expect_all(IN_ITS_MIDST("exit_status=-1", "exit_status=137") "0 call_return call=1\n" LOOKS("404", "failed=true") LOOKS("200", "bytes=10") END,
		   "does-not-block", "witness", "stored-later");
	expect_all(IN_ITS_MIDST("exit_status=-1", "exit_status=137") "0 call_return call=1\n" LOOKS("200", "bytes=10") END,
		   "unproven", "timing", "unknown");
}

/* An object of its size was there when all was over: its parts may be in that. */
static void an_upload_whose_object_may_be_there_is_not_left_behind(void **state)
{
#define ALL_SENT CREATED "0 part_start bytes=10 transfer=0 part=1 attempt=1\n0 part_done transfer=0 part=1 attempt=1 etag=e\n" \
		 "0 call_return call=1\n0 request_start request=9 transfer=0 op=CompleteMultipartUpload\n"
	struct judged j = judge(ALL_SENT LOOK("200", "10", "false") END);
	(void)state;
	expect(&j, "does-not-block", "witness", "unknown");
	assert_string_equal(j.v->orphan, "");
	release(&j);
	j = judge(ALL_SENT LOOK("404", "0", "true") END);
	expect(&j, "does-not-block", "witness", "lost");
	assert_string_equal(j.v->orphan, "u");
	release(&j);
}

/* Nothing of its end was seen, and something that nobody could read: that is not where it ended, but where seeing did. */
static void the_rest_of_an_upload_may_have_gone_over_what_nobody_could_read(void **state)
{
	struct judged j;
	(void)state;
#define UNREAD "0 property key=unread value=\"a TLS connection that could not be read (--tls-relay may help)\"\n"
#define BEGUN UNREAD CREATED "0 part_start bytes=10 transfer=0 part=1 attempt=1\n"
#define ENDED "0 part_done transfer=0 part=1 attempt=1 etag=e\n"
	j = judge(BEGUN ENDED RETURN END);
	expect(&j, "unknown", "none", "unknown");
	assert_non_null(strstr(j.v->reason, "may have gone over a TLS connection that could not be read (--tls-relay may help)"));
	assert_string_equal(j.v->orphan, "");
	release(&j);
	/* seen to be under way: that was cut off, or ended too late */
	expect_all(BEGUN RETURN END, "does-not-block", "witness", "lost");
	expect_all(BEGUN RETURN ENDED END, "does-not-block", "witness", "unknown");
	/* looked for when all was over */
#define GONE "0 process_exit pid=1000 exit_status=0\n"
	expect_all(BEGUN ENDED RETURN LOOK("404", "0", "true") GONE END, "unknown", "none", "unknown");
	expect_all(BEGUN ENDED RETURN GONE LOOK("404", "0", "true") END, "does-not-block", "witness", "lost");
	/* all of it was seen */
	expect_all(BEGUN ENDED "0 multipart_complete transfer=0 http_status=200\n" RETURN END, "blocks", "inline", "stored");
}

/* Of a process that makes its children unseen (a static program) the call is taken to have made them. */
static void an_upload_of_a_child_that_was_made_unseen_is_the_calls(void **state)
{
	(void)state;
#define IN_A_CHILD(before, parent) "thread 0 main main\nthread 1 main main process=2\nthread 2 other\n" before \
	"1 process_start pid=1002 parent=" parent "\n1 submit transfer=0 op=PutObject\n1 part_start bytes=10 transfer=0 part=1 attempt=1\n"
#define ENTERS "0 call_enter call=1 label=begin\n"
	expect_all(IN_A_CHILD(ENTERS, "1000") WORK RETURNS, "unproven", "timing", "stored");
	expect_all(IN_A_CHILD(ENTERS, "1000") "0 call_return call=1\n" WORK END, "does-not-block", "witness", "stored-later");
	expect_all(IN_A_CHILD(ENTERS "0 call_return call=1\n", "1000") WORK END, "does-not-block", "witness", "stored-later");
	/* another's child, and one that another thread is seen to have made */
	expect_all(IN_A_CHILD(ENTERS, "7") WORK RETURNS, "unknown", "none", "unknown");
	expect_all(IN_A_CHILD(ENTERS "2 fork pid=1000 child=1002\n", "1000") WORK RETURNS, "unknown", "none", "unknown");
}

static void a_call_whose_process_crashed_does_not_hang(void **state)
{
#define DIES_OF(signal) "thread 0 main main\n0 call_enter call=1 label=begin\n0 submit transfer=0 op=PutObject\n" \
	"0 part_start bytes=10 transfer=0 part=1 attempt=1\n0 process_exit pid=1000 exit_status=-1 signal=" signal "\n" END
	struct judged j = judge(DIES_OF("11"));
	(void)state;
	assert_string_equal(tr_answer_name(j.v->answer), "not-returned");
	assert_non_null(strstr(j.v->reason, "a fault of its own, signal 11"));
	release(&j);
	j = judge(DIES_OF("9"));
	assert_null(strstr(j.v->reason, "fault"));
	release(&j);
}

/* ---- a call of which nothing was sent */

#define UNSENT(more)                                                                               \
	"thread 0 main main\nthread 1 helper\n0 property key=incomplete number=0\n"                 \
	"0 call_enter call=9 label=exit flags=1\n0 thread_create id=1\n"                            \
	"1 call_enter call=1 label=boto3.s3.inject:upload_fileobj\n" more

static void a_call_that_never_came_to_sending_is_lost_with_the_program(void **state)
{
	struct judged j = judge(UNSENT("0 call_return call=9 result=0\n") END);
	char sentence[512];

	(void)state;
	assert_int_equal(j.all.nr, 2);
	expect(&j, "does-not-block", "witness", "lost");
	tr_verdict_sentence(j.log, &j.all, j.v, sentence, sizeof(sentence));
	assert_string_equal(sentence, "it ended, and nothing of the upload of upload_fileobj was ever sent; object lost");
	assert_int_equal(j.all.list[1].answer, TR_NOT_RETURNED);
	assert_int_equal(j.all.list[1].outcome, TR_LOST);
	release(&j);
}

static void an_error_that_nobody_saw_is_a_loss_and_one_with_a_status_is_not(void **state)
{
	struct judged j = judge(UNSENT("1 call_return call=1 result=-1 error=RuntimeError\n"
				       "0 call_return call=9 result=0\n") END);
	(void)state;
	assert_int_equal(j.all.list[1].outcome, TR_LOST);
	release(&j);
	j = judge(UNSENT("1 call_return call=1 result=-1 error=RuntimeError\n"
			 "0 call_return call=9 result=1\n") END);
	assert_int_equal(j.all.list[1].outcome, TR_OUTCOME_UNKNOWN);
	release(&j);
}

/* ---- where a Python program waited (the barriers' names: tests/foreign/test_sentences.py) */

static void a_line_of_source_is_told_up_to_its_arguments(void **state)
{
	static const struct { const char *line, *function, *told; } rows[] = {
		{ "            self._done_event.wait(MAXINT)\n", "", "self._done_event.wait" },
		{ "            self._done_event.wait(MAXINT)\n", "wait", "self._done_event.wait" },
		{ "\treturn future.result()", "", "future.result" },
		{ "x = yield_it('secret')", "", "yield_it" },
		{ "done = await queue.get()", "", "queue.get" },
		{ "with lock:", "", "" }, { "'secret'.join(x)", "", "" }, { "", "", "" }, { "a[secret].wait()", "", "" },
		{ "with lock:", "wait", "" }, { "'secret'.join(x)", "join", "" },
		/* of several calls the one that waits; what is passed to the others is not told either */
		{ "t = Thread(target=secret); t.start(); t.join()\n", "join", "t.join" },
		{ "threading.Thread(target=secret).start()", "start", "threading.Thread(…).start" },
		{ "x = pool.submit(f, [secret(1)]).result(timeout=30)", "result", "pool.submit(…).result" },
		{ "a[secret].wait()", "wait", "a[…].wait" }, { "f().wait()", "wait", "f().wait" },
		{ "await_it(); wait()", "wait", "wait" },
		{ "f('secret').result()", "result", "f" }, { "g(x, ')secret').result()", "result", "g" },
		{ "h(\"a(secret\").result()", "result", "h" },
		{ "(yield).result()", "result", "" }, { "x).result()", "result", "" },
	};
	char buf[64];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(tr_place_call(rows[i].line, rows[i].function, buf, sizeof(buf)), rows[i].told);
}

/* ---- several calls */

/* The inner call waits, on its thread; the region around it, on main, does not. */
static void a_call_inside_another_is_judged_for_both(void **state)
{
	struct judged j = judge("thread 0 main\nthread 1 helper\nobject 1 event done signal\n"
				"0 call_enter call=1 label=region\n0 thread_create id=1\n"
				"1 call_enter call=2 label=upload_fileobj\n1 submit transfer=0 call=2 op=PutObject\n"
				"1 part_start transfer=0 part=1\n0 call_return call=1\n"
				"1 part_done transfer=0 part=1 etag=e\n1 object_put transfer=0 etag=e\n"
				"1 call_return call=2\nclosed\n");
	(void)state;
	assert_int_equal(j.all.nr, 2);
	assert_int_equal(j.all.list[0].answer, TR_DOES_NOT_BLOCK);
	assert_int_equal(j.all.list[1].answer, TR_BLOCKS);
	assert_int_equal(j.all.list[1].basis, TR_BASIS_INLINE);
	release(&j);
}

static void unrelated_calls_do_not_share_work(void **state)
{
	struct judged j = judge("thread 0 main\nthread 1 other\n0 call_enter call=1\n1 call_enter call=2\n"
				"1 submit transfer=0 call=2 op=PutObject\n0 submit transfer=1 call=1 op=PutObject\n"
				"0 object_put transfer=1 etag=e\n0 call_return call=1\n1 object_put transfer=0 etag=e\n"
				"1 call_return call=2\nclosed\n");
	(void)state;
	assert_int_equal(j.all.list[0].answer, TR_BLOCKS);
	assert_int_equal(j.all.list[0].nr_transfers, 1);
	assert_int_equal(j.all.list[1].answer, TR_BLOCKS);
	release(&j);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(what_a_woken_loop_ended_earlier_is_not_ordered),
	cmocka_unit_test(a_child_that_a_loop_found_ended_is_as_bytes_are),
	cmocka_unit_test(an_upload_whose_process_was_killed_ended_with_that),
	cmocka_unit_test(what_an_event_loop_ended_before_it_lay_down_again_is_not_ordered),
	cmocka_unit_test(a_wait_for_the_done_event_blocks),
	cmocka_unit_test(evidence_leads_from_the_part_to_the_return),
	cmocka_unit_test(a_latch_found_set_is_a_proof_too),
	cmocka_unit_test(a_join_blocks),
	cmocka_unit_test(work_on_the_calling_thread_is_inline),
	cmocka_unit_test(a_list_answered_when_the_server_may_have_had_it_may_have_shown_the_object),
	cmocka_unit_test(an_end_after_the_return_is_a_witness),
	cmocka_unit_test(a_call_may_return_on_another_thread),
	cmocka_unit_test(a_program_that_leaves_loses_its_upload),
	cmocka_unit_test(a_submit_with_nothing_behind_it_is_lost_work),
	cmocka_unit_test(luck_by_sleep_is_unproven),
	cmocka_unit_test(luck_by_a_mutex_taken_later_is_unproven),
	cmocka_unit_test(luck_by_a_contended_mutex_is_unproven),
	cmocka_unit_test(luck_by_a_permit_is_unproven),
	cmocka_unit_test(luck_by_an_undeclared_lock_is_unproven),
	cmocka_unit_test(a_lock_held_for_life_is_a_join_when_the_joiner_was_told),
	cmocka_unit_test(an_undeclared_notify_is_a_proof),
	cmocka_unit_test(a_surplus_post_is_no_proof),
	cmocka_unit_test(a_counted_semaphore_is_a_proof_for_every_post),
	cmocka_unit_test(luck_by_waiting_for_something_else_is_unproven),
	cmocka_unit_test(a_thread_that_the_end_cut_off_before_it_sent_anything_is_named),
	cmocka_unit_test(what_was_given_up_was_not_refused),
	cmocka_unit_test(a_timed_wait_blocks_partly),
	cmocka_unit_test(a_wait_behind_one_with_a_limit_is_unproven),
	cmocka_unit_test(a_join_behind_a_futex_with_a_limit_is_unproven),
	cmocka_unit_test(what_was_found_ended_behind_a_sleep_may_have_been_looked_for),
	cmocka_unit_test(a_timer_that_was_to_send_a_signal_is_a_limit),
	cmocka_unit_test(of_many_timers_those_that_matter_are_found),
	cmocka_unit_test(what_timeout_runs_is_waited_for_so_long),
	cmocka_unit_test(a_wait_that_another_would_have_ended_is_unproven),
	cmocka_unit_test(a_loop_with_a_timer_to_come_is_unproven),
	cmocka_unit_test(an_upload_of_a_child_that_was_made_unseen_is_the_calls),
	cmocka_unit_test(a_call_whose_process_crashed_does_not_hang),
	cmocka_unit_test(a_loop_that_is_answered_with_a_timer_to_come_is_unproven),
	cmocka_unit_test(a_wait_that_ran_out_blocks_partly),
	cmocka_unit_test(a_python_wait_that_ran_out_waited_for_the_next_notification),
	cmocka_unit_test(a_lock_that_both_take_later_is_none_of_the_wait),
	cmocka_unit_test(what_the_waiter_did_later_is_not_what_it_waited_for),
	cmocka_unit_test(a_poll_that_ran_out_before_the_return_is_told),
	cmocka_unit_test(limits_that_ran_out_one_after_the_other_add_up),
	cmocka_unit_test(a_wait_that_ran_out_for_something_else_does_not_block),
	cmocka_unit_test(a_loop_of_timed_waits_blocks),
	cmocka_unit_test(a_timed_out_wait_carries_nothing),
	cmocka_unit_test(a_wait_for_a_child_with_a_limit_blocks_partly),
	cmocka_unit_test(a_child_found_ended_by_the_program_itself_stays_luck),
	cmocka_unit_test(a_wait_for_a_child_that_ran_out_blocks_partly),
	cmocka_unit_test(a_child_that_is_killed_when_its_limit_ran_out_was_waited_for_so_long),
	cmocka_unit_test(a_hang_names_the_request),
	cmocka_unit_test(a_deadlock_is_a_circle),
	cmocka_unit_test(no_call_is_unknown),
	cmocka_unit_test(no_upload_is_unknown),
	cmocka_unit_test(dropped_records_are_unknown),
	cmocka_unit_test(a_hole_in_an_objects_history_is_unknown),
	cmocka_unit_test(an_evaded_hold_is_unknown),
	cmocka_unit_test(a_return_while_a_part_is_held_does_not_block),
	cmocka_unit_test(both_barriers_are_sufficient),
	cmocka_unit_test(two_joins_are_needed_for_two_threads),
	cmocka_unit_test(an_etag_in_complete_orders_the_part),
	cmocka_unit_test(without_its_etag_a_part_is_not_ordered),
	cmocka_unit_test(a_head_of_the_right_size_makes_it_visible),
	cmocka_unit_test(a_late_look_makes_nothing_visible),
	cmocka_unit_test(a_failed_transfer_still_waits),
	cmocka_unit_test(a_refused_create_has_failed),
	cmocka_unit_test(a_create_cut_off_by_the_end_is_lost),
	cmocka_unit_test(an_object_that_is_there_after_all_is_not_lost),
	cmocka_unit_test(an_upload_whose_object_may_be_there_is_not_left_behind),
	cmocka_unit_test(the_rest_of_an_upload_may_have_gone_over_what_nobody_could_read),
	cmocka_unit_test(an_upload_taken_back_by_the_end_is_lost),
	cmocka_unit_test(an_upload_given_up_after_the_return_was_not_waited_for),
	cmocka_unit_test(what_a_worker_ended_before_it_was_given_something_else_is_not_ordered),
	cmocka_unit_test(what_a_thread_of_several_requests_ended_earlier_is_not_ordered),
	cmocka_unit_test(a_call_that_never_came_to_sending_is_lost_with_the_program),
	cmocka_unit_test(an_error_that_nobody_saw_is_a_loss_and_one_with_a_status_is_not),
	cmocka_unit_test(a_line_of_source_is_told_up_to_its_arguments),
	cmocka_unit_test(a_call_inside_another_is_judged_for_both),
	cmocka_unit_test(unrelated_calls_do_not_share_work),
};

T_MAIN(tests)
