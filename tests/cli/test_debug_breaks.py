"""Breakpoints at the prompt: every kind is hit, and what is done at a hit is what pdb does."""
import os
import re

import t
from prompt import debug, said, stops


def first_stop(place, *args):
    """Where a session stops first at a breakpoint there, and its row in the table of breakpoints."""
    r = debug("b " + place, "c", "b", "clear 1", "c", args=args)
    t.true("Breakpoint 1 at " in r.out, r)
    t.true("\tbreakpoint already hit 1 time\n" in r.out, r)
    return stops(r.out)[1]


def test_an_event_is_hit_wherever_it_happens():
    for place, seen in [
            ("call_enter", r"main call_enter label=upload_file"), ("submit", r"main submit bucket=bucket key=key"),
            ("plan", r"submit-1 plan size=\d+ part_size=8388608 parts=5"),
            ("multipart_create", r"request-\d+ multipart_create http_status=200"),
            ("part_queued 4", r"submit-1 part_queued .*part=4"), ("part_done 3", r"request-\d+ part_done part=3 attempt=1"),
            ("multipart_complete", r"request-\d+ multipart_complete"), ("done", r"request-\d+ done state=success"),
            ("thread_exit request-1", r"request-1 thread_exit"), ("status to=success", r"request-\d+ status from=running to=success"),
            ("request_start op=CompleteMultipartUpload", r"request-\d+ request_start .*op=CompleteMultipart")]:
        t.match("^" + seen, first_stop(place), place)


def test_a_line_and_a_function_are_hit_and_a_return():
    t.match(r"^main frame_enter xf_future_result", first_stop("xf_future_result"))
    t.match(r"^request-\d+ frame_enter upload_part", first_stop("upload_part"))
    t.match(r"^main call_enter", first_stop("core/transfer/call.c:55"))
    t.match(r"^main call_enter", first_stop("call.c:55"))           # two files end so: the current one is meant
    t.match(r"^main call_return result=0$", first_stop("return"))
    t.match(r"^main frame_leave xf_future_result", first_stop("return xf_future_result"))
    t.match(r"^request-\d+ frame_leave upload_part", first_stop("frame_leave upload_part"))
    r = debug("b upload.c:1", "b nofile.c:3", "b call.c:x", "b 0", "clear call.c:x", "b xf_call_transfer", "clear call.c:53",
              "b call.c:55", "clear core/transfer/call.c:55", "clear call.c:55", prompts=True)
    t.equal(said(r)[:9], [
        "*** several files end in 'upload.c': name its folder, too", "*** 'nofile.c' not found from sys.path",
        "*** Bad lineno: x", "End of file", "*** Invalid line number (x)", "Breakpoint 1 at core/transfer/call.c:53",
        "Deleted breakpoint 1 at core/transfer/call.c:53", "Breakpoint 2 at core/transfer/call.c:55",
        "Deleted breakpoint 2 at core/transfer/call.c:55"], r)


def test_a_long_filter_is_taken_whole_or_refused():
    t.match(r"^main submit bucket=bucket key=key", first_stop("submit key!=" + "k" * 200))
    r = debug("b submit key=" + "k" * 300, "b submit " + "k " * 900, "b submit" + " size>=0" * 60 + " key=other", "c",
              prompts=True)
    t.match("the word is too long", said(r)[0], r)
    t.equal(said(r)[1], "*** the filter is too long", r)
    t.match("^Breakpoint 1 at submit size>=0", said(r)[2], r)
    t.match("The program finished", said(r)[3], r)


def test_semaphores_threads_joins_and_retries_are_hit():
    t.match(r"sem_acquired request value=0", first_stop("sem request == 0", "--max-request-queue-size", "1"))
    t.match(r"^submit-1 sem_\w+ request value=\d+", first_stop("sem request"))
    t.match(r"request value=99[0-7]", first_stop("sem request < 998"))
    t.match(r"^request-2 thread_start", first_stop("thread request-2"))
    t.match(r"^main join_begin", first_stop("join"))
    fails = ("--fault", "part=2,status=503,times=1")
    t.match(r"^request-\d+ (part_retry|backoff) ", first_stop("retry", *fails))
    t.match(r"^request-\d+ part_retry .*part=2 attempt=1 .*http_status=503", first_stop("part_retry 2", *fails))


def test_a_list_that_goes_on_is_run_at_every_hit():
    """However many: a hit does not nest in the hit before it."""
    path = t.tmp("sparse")
    with open(path, "wb") as f:
        f.truncate(60 * 5 * t.MiB)
    r = t.xferdb("debug", "put", path, "s3://bucket/key", "--local", "--batch", "--part-size", "5MB", timeout=100,
                 input=b"b part_done\ncommands\nsilent\np part\nc\nb call_return\nc\np 'returned'\nb\n")
    t.equal(sorted(int(n) for n in re.findall(r"^\d+$", r.out, re.M)), list(range(1, 61)), r)
    t.match(r"^'returned'$", r.out, r)
    t.match(r"^\tbreakpoint already hit 60 times$", r.out, r)


def test_what_stands_behind_a_list_waits_for_the_prompt():
    r = debug("b part_start 2", "commands", "p 'first'", "c", "b part_done 2", "c ;; p event.kind")
    order = re.findall(r"^(?:'(\w+)'|\[request-\d+ (\w+) part=2)", r.out, re.M)
    t.equal([a or b for a, b in order], ["first", "part_start", "part_done", "part_done"], r)


def test_a_temporary_one_runs_its_list_and_stays_when_its_condition_raises():
    r = debug("tbreak part_start 2", "commands 1", "p 'list'", "end", "tbreak part_done 2, 1 / 0", "c", "c", "b")
    t.match(r"^Deleted breakpoint 1 at part_start 2\n'list'\n> ", r.out, r)
    t.match(r"^2   breakpoint   del  yes   at part_done 2\n\tstop only if 1 / 0\n\tbreakpoint already hit 1 time$", r.out, r)


def test_a_condition_that_raises_stops_and_leaves_the_ignore_count():
    r = debug("b part_done 2, nobody", "ignore 1 2", "c", "b")
    t.match(r"^\[request-\d+ part_done part=2", r.out, r)
    t.match(r"^\tstop only if nobody\n\tignore next 2 hits\n\tbreakpoint already hit 1 time$", r.out, r)


def test_hits_are_counted_in_pdb_s_order():
    """Disabled: not looked at. The count, then the condition, then the ignore count; the first that stops, wins."""
    r = debug("b part_done, part == 99", "b part_done", "b part_done", "disable 3", "ignore 2 1", "c", "b", "clear 1 2 3", "c")
    rows = re.findall(r"^(\d) .*\n((?:\t.*\n)*)", r.out, re.M)
    t.equal({n: re.findall(r"hit (\d+)", more) for n, more in rows}, {"1": ["2"], "2": ["2"], "3": []}, r)


def test_what_is_known_at_the_gate_counts_and_stops_as_what_the_recording_knows():
    """Numbers of the event decide without a stop; names, arguments and variables are asked of the recording."""
    r = debug("b part_done, part == 99", "b part_done, part > 3 and attempt == 1", "b part_queued bytes>=0 offset>8388608",
              "b part_start, part == part[2].number", "b thread request-2", "disable 5", "c", "p event.kind", "p offset", "disable 3",
              "disable 4", "c", "p part > 3", "disable 2", "c", "b")
    t.true("\n'part_queued'\n16777216\n" in r.out and "\nTrue\n" in r.out, r)
    rows = dict(re.findall(r"^(\d) .*\n(?:\tstop only.*\n)?\tbreakpoint already hit (\d+) time", r.out, re.M))
    t.equal(rows.get("1"), "5", r)                  # every one of five parts, none of which it stopped at
    r = debug("part = 3", "b part_done, part == 3", "c", "p event.kind")     # a variable comes first
    t.true("\n'part_done'\n" in r.out, r)
    r = debug("b thread request-2", "tbreak thread submit-1", "c", "c", "run", "c", "p thread.name", "c", "p thread.name")
    t.equal(sorted(set(re.findall(r"^'(.*)'$", r.out, re.M))), ["request-2"], r)


def test_lists_are_given_listed_emptied_and_refused_as_in_pdb():
    r = debug("commands", "b part_start 2", "commands x", "commands 9", "commands", "p 1", "end", "commands 1", "end", "c", "q",
              prompts=True)
    saw = said(r)
    t.equal(saw[0], "*** cannot set commands: Breakpoint number expected", r)
    t.equal(saw[2], "*** Usage: commands [bnum]\n        ...\n        end", r)
    t.equal(saw[3], "*** cannot set commands: Breakpoint number 9 out of range", r)
    t.match(r"\(xferdb\) > core/transfer/upload\.c", r.out, r)
    t.true("\n1\n" not in r.out, r)


if __name__ == "__main__":
    t.main()
