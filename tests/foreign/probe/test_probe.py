"""The preload library in small C programs: what it sees, and that nobody notices it."""
import os
import signal
import subprocess
import sys

import t
from events import program, run


def test_a_program_that_is_not_traced_runs_as_ever():
    out = subprocess.check_output([program("locks")], env={"LD_PRELOAD": os.environ["T_BUILD"] + "/libxferdb-probe.so"})
    t.equal(out, b"good\n")


def test_threads_are_made_ended_and_joined():
    r = run(program("threads"))
    t.equal((r.status, r.out), (0, "1 110\n"), r)
    t.equal(len(r.all("thread_create")), 2006)
    t.equal({e.fields["id"] for e in r.all("thread_start")}, {e.fields["id"] for e in r.all("thread_create")})
    # the one that waits for ever is the only one that never ends
    t.equal(len(r.all("thread_exit")), 2005)
    t.equal(len(r.all("join_end", how="timed-out")), 1)
    joined = {e.fields["id"] for e in r.all("join_end", how="woken")}
    ended = {e.fields["id"]: e for e in r.all("thread_exit")}
    for e in r.all("join_end", how="woken"):
        t.true(ended[e.fields["id"]].ticks < e.ticks, e)
    t.equal(len(joined), 2004)
    t.equal(len(r.all("thread_name", label="uploader")), 1)
    t.equal(r.totals["dropped"], "0")


def test_a_thread_that_is_cancelled_at_once_is_not_cancelled_in_the_probe():
    r = run(program("cancels"))
    t.equal((r.status, r.out), (0, "1000\n"), r)
    t.equal({e.fields["id"] for e in r.all("thread_create")} - {e.fields["id"] for e in r.all("thread_start")}, set())
    t.equal(len(r.all("thread_exit")), 1000)
    t.equal(r.totals["dropped"], "0")


def test_waits_say_how_they_ended_and_keep_errno():
    r = run(program("locks"))
    t.equal((r.status, r.out), (0, "good\n"), r)
    t.equal([e.fields["how"] for e in r.all("sem_acquired")], ["at-once", "timed-out", "timed-out", "woken"])
    limits = [int(e.fields["limit_ns"]) for e in r.all("sem_wait")]
    t.true(0 < limits[0] <= 10**7 and 0 < limits[1] <= 10**7 and limits[2] == 0, limits)
    woken = r.all("sem_acquired")[-1]
    t.true(10**7 < int(woken.fields["waited_ns"]) < 10**9, woken)
    post = r.all("sem_post")[0]
    t.true(post.thread != woken.thread and post.object == woken.object and post.order < woken.order)
    t.equal([e.fields["how"] for e in r.all("cond_woken")], ["timed-out", "woken"])


def test_what_a_runtime_parks_threads_by_is_a_lock_and_a_thread_looked_at_is_not_waited_for():
    r = run(program("parks"))
    t.equal((r.status, r.out), (0, "good\n"), r)
    t.equal([e.fields["class"] for e in r.all("cond_init")], ["0", "3"])     # none, lock
    t.equal((len(r.all("thread_exit")), r.all("join_end"), r.all("fd_read")), (1, [], []))


def test_futexes_of_the_program_s_own_are_conditions_that_prove_nothing():
    r = run(program("futexes"))
    t.equal((r.status, r.out), (0, "good\n"), r)
    t.equal([e.fields["class"] for e in r.all("cond_init")], ["3"])     # lock
    t.equal([e.fields["how"] for e in r.all("cond_woken")], ["interrupted", "timed-out", "timed-out", "woken"])
    t.equal([int(e.fields["limit_ns"]) for e in r.all("cond_wait")], [10**7, 10**7, 1, 0])
    signal, woken = r.one("cond_signal"), r.all("cond_woken")[-1]       # nobody is there for the first
    t.true(signal.thread != woken.thread and signal.object == woken.object and signal.order < woken.order)


def test_an_answer_that_another_thread_reads_before_the_sender_is_back_is_its_requests():
    r = run(program("duplex"))
    t.equal((r.status, r.out), (0, "5\n"), r)
    asked, answered = r.all("request_start"), r.all("response", http_status=200)
    t.equal([e.fields["request"] for e in answered], [e.fields["request"] for e in asked], r)
    t.equal((len(asked), r.all("part_failed")), (5, []), r)
    for request, response in zip(asked, answered):
        t.true(request.thread != response.thread and request.ticks < response.ticks, (request, response))


def test_two_threads_that_come_to_a_connection_at_once_know_it_as_one():
    r = run(program("meets"))
    t.equal(r.status, 0, r)
    t.equal((len(r.all("request_start")), len(r.all("response", http_status=200)), len(r.all("connection_closed"))), (1, 1, 1), r)


def test_a_library_that_waits_for_its_thread_while_it_is_loaded():
    """The loader's lock is held meanwhile: nothing of the probe's may ask for it."""
    r = run(program("loads"), os.path.join(t.BUILD, "tests", "libprobe_late.so"), seconds=20 * t.SLOW)
    t.equal((r.status, r.out), (0, "good\n"), r)
    t.equal((len(r.all("thread_create")), len(r.all("cond_init"))), (3, 1), r)


def test_a_semaphore_made_again_at_the_same_place_is_another():
    r = run(program("locks"))
    first, second = r.all("sem_init")
    t.true(first.object != second.object, (first, second))
    t.equal(r.one("sem_destroy").object, first.object)


def test_only_contended_mutexes_are_recorded_with_their_owner():
    r = run(program("locks"))
    helper = r.one("thread_start").fields["id"]
    waits = r.all("mutex_wait", owner=helper)
    t.true(len(waits) <= 1, waits)
    t.equal(len(r.all("mutex_lock")), len(r.all("mutex_wait")))
    t.true(len(r.all("mutex_lock")) <= 2, r.all("mutex_lock"))


def test_bytes_are_read_where_they_were_written():
    r = run(program("pipes"))
    t.equal((r.status, r.out), (0, "6 5 0 0\n"), r)
    writes, reads = r.all("fd_write"), r.all("fd_read")
    for channel in {e.fields["inode"] for e in reads}:
        w = sorted((int(e.fields["position"]), int(e.fields["bytes"]), e.ticks) for e in writes
                   if e.fields["inode"] == channel)
        d = sorted((int(e.fields["position"]), int(e.fields["bytes"]), e.ticks) for e in reads
                   if e.fields["inode"] == channel)
        # all that was written is read, from the same position on, and later
        t.equal(sum(x[1] for x in w), sum(x[1] for x in d), (w, d))
        t.equal(w[0][0], d[0][0], (w, d))
        t.true(w[0][2] < d[0][2], (w, d))
    t.equal(len({e.fields["inode"] for e in reads}), 3)


def test_processes_are_told_apart_and_their_ends_seen():
    r = run(program("processes"))
    # 8 forks give 1 each, two vforks 2 each, the spawned one 4, the killed one 100
    t.equal((r.status, r.out), (7, "116\nreplaced\n"), r)
    t.equal(sorted(e.fields["exit_status"] for e in r.all("process_wait")),
            sorted(["1"] * 8 + ["2"] * 2 + ["4", "137"]), r)
    t.equal({e.fields["child"] for e in r.all("fork")}, {e.fields["pid"] for e in r.all("process_wait")})
    waited = {e.fields["pid"] for e in r.all("process_wait", exit_status=1)}
    t.equal(waited, {e.fields["pid"] for e in r.all("process_exit", exit_status=1)})
    # what a vforked child does before its exec is nobody's doing
    t.equal(len(r.all("exec")), 1, r.all("exec"))
    t.equal(r.one("exec").fields["pid"], r.all("process_start")[0].fields["pid"])
    t.equal(r.totals["dropped"], "0")


def test_the_c_librarys_own_shells_are_made_and_waited_for():
    r = run(program("shells"), t.tmp("pid"))
    t.equal((r.status, r.out), (0, "good\n"), r)
    main = r.all("process_start")[0]
    forks = {e.fields["child"] for e in r.all("fork") if e.process == main.process}
    waits = {e.fields["pid"]: e for e in r.all("process_wait") if e.process == main.process}
    t.equal(len(forks), 9)                              # system() once in vain, and popen()
    t.equal(len(forks - set(waits)), 1)                 # the cancelled one
    t.equal(sorted(e.fields["exit_status"] for e in waits.values()), sorted(["3", "137", "127", "0", "130", "5", "7", "6"]))
    t.true({e.fields["pid"] for e in r.all("process_start")} >= set(waits), r)


def test_the_killed_child_has_left_its_records():
    r = run(program("processes"))
    killed = r.one("process_wait", exit_status=137).fields["pid"]
    process = [e.process for e in r.all("process_start", pid=killed)]
    t.equal(len([e for e in r.all("thread_exit") if e.process in process]), 1)


def test_a_storm_of_forks():
    r = run(program("processes"), "200")
    t.equal((r.status, r.out.splitlines()[0]), (7, "308"), r)
    t.equal(len(r.all("process_wait", exit_status=1)), 200)
    t.equal(len(r.all("process_exit", exit_status=1)), 200)
    # no two threads share a number, in no process
    starts = [e.thread for e in r.all("process_start")]
    t.equal(len(starts), len(set(starts)))


def test_the_exit_call_spans_the_life_of_the_process_across_exec():
    r = run(program("processes"))
    enter, leave = r.one("call_enter", label="exit"), r.one("call_return")
    t.equal((enter.fields["call"], enter.thread), (leave.fields["call"], leave.thread))
    t.equal(leave.fields["result"], "7")


def test_of_a_command_only_a_plain_first_argument_is_kept_however_long_its_name():
    for name, argument, command in (("a" * 250, "A" * 700, "a" * 200), ("a" * 250, "https://h/k?Signature=s", "a" * 200),
                                    ("a" * 1010, "secret" * 3, "a" * 200), ("a" * 250, "b.py", "a" * 200 + " b.py"),
                                    ("name", "-x", "name"), ("name", "dir/b.py", "name dir/b.py")):
        replaced = "import os; os.execv(%r, %r)" % (program("parks"), [name, argument])
        r = run(sys.executable, "-c", replaced)
        t.equal((r.status, r.out), (0, "good\n"), r)
        t.equal(r.one("exec").fields["command"], command)


def test_signal_handlers_may_do_anything_at_any_moment():
    r = run(program("handlers"))
    t.equal((r.status, r.out), (0, "handled 0\n"), r)


def test_a_program_that_closes_everything_loses_nothing():
    r = run(program("closes"), t.tmp())
    t.equal((r.status, r.out), (0, "good\n"), r)
    t.equal(len(r.all("sem_post")), 12000)
    t.equal((r.totals["dropped"], r.totals["in_memory"]), ("0", "0"))
    for i in range(32):
        with open(os.path.join(t.tmp(), "file-%d" % i)) as f:
            t.equal(f.read(), "mine")


SEMAPHORE = ("sem_init", "sem_post", "sem_wait", "sem_acquired", "sem_destroy")


def histories(r):
    """{(process, object): [(kind, thread), …] in its order}; each has no gap and no double."""
    seen = {}
    for e in r.events:
        if e.kind in SEMAPHORE:
            seen.setdefault((e.process, e.object), []).append((e.order, e.kind, e.thread))
    for events in seen.values():
        t.equal(sorted(order for order, _, _ in events), list(range(1, len(events) + 1)), events)
    return {key: [event[1:] for event in sorted(events)] for key, events in seen.items()}


def test_a_lock_of_one_thread_is_recorded_from_when_another_comes():
    r = run(program("unsaid"))
    t.equal((r.status, r.out, r.totals["dropped"]), (0, "good\n", "0"), r)
    started = r.all("process_start")[0]
    main, r.events = started.thread, [e for e in r.events if e.process == started.process]
    # the locks that nobody else ever wanted are not there
    waited, given, forked = histories(r).values()
    t.equal([kind for kind, _ in waited], ["sem_init", "sem_acquired", "sem_wait", "sem_post", "sem_acquired"], waited)
    t.equal([kind for kind, _ in given], ["sem_init", "sem_acquired", "sem_post", "sem_acquired"], given)
    t.equal([kind for kind, _ in forked], ["sem_init", "sem_acquired", "sem_post"], forked)
    t.equal(waited[1][1], main)
    t.true(waited[2][1] == waited[4][1] != main == waited[3][1], waited)
    t.true(given[1][1] == given[3][1] == main != given[2][1], given)


def test_who_holds_what_another_waits_for_is_known_after_a_kill():
    r = run(program("unsaid"), "kill")
    t.equal(r.status, -signal.SIGKILL, r)
    t.equal([[kind for kind, _ in events] for events in histories(r).values()], [["sem_init", "sem_acquired", "sem_wait"]], r)


def test_a_lock_of_many_threads_keeps_its_order_from_the_first():
    r = run(program("unsaid"), "storm")
    t.equal((r.status, r.totals["dropped"]), (0, "0"), r)
    for events in histories(r).values():
        t.equal(events[0][0], "sem_init", events)
        holder, taken = None, 0
        for kind, thread in events:
            if kind == "sem_acquired":
                taken += 1
                holder = thread
            elif kind == "sem_post":
                t.equal(thread, holder, events)
        t.equal(taken, len([1 for kind, _ in events if kind == "sem_post"]), events)
    t.true(histories(r), "the second thread is seen")


def test_orders_of_one_object_have_no_gap_and_no_double():
    r = run(program("handlers"))
    for kinds in (("sem_init", "sem_post", "sem_wait", "sem_acquired", "sem_destroy"),):
        seen = {}
        for e in r.events:
            if e.kind in kinds:
                seen.setdefault(e.object, []).append(e.order)
        for orders in seen.values():
            t.equal(sorted(orders), list(range(1, len(orders) + 1)))


def test_a_program_ended_by_a_signal_ends_by_it():
    r = run("sh", "-c", "kill -TERM $$")
    t.equal(r.status, -signal.SIGTERM, r)


def test_no_argument_that_may_be_secret_is_recorded():
    r = run("sh", "-c", "true", "--secret=AKIAXXXX", "https://h/b/k?X-Amz-Signature=abc")
    t.equal(r.status, 0, r)
    t.true("AKIA" not in repr(r.events) and "Signature" not in repr(r.events))


if __name__ == "__main__":
    t.main()
