"""The prompt: pdb's commands on an upload, driven through standard input and through a terminal."""
import contextlib
import os
import re
import select
import socket
import threading
import time

import t
from prompt import DOCUMENTS, FIVE_PARTS, debug, documented, session_of, stops


def test_stops_before_the_first_event_and_goes_on():
    r = debug("c")
    t.equal(r.status, 0, r)
    lines = r.out.splitlines()
    t.match(r"^> core/transfer/call\.c\(\d+\)xf_call_transfer\(\)$", lines[0])
    t.match(r"^-> XF_FRAME\(", lines[1])
    t.match(r"^\[main frame_enter xf_call_transfer waits=3 uploads=1 downloads=0\]$", lines[2])
    t.true("The program finished and will be restarted" in r.out, r)


def test_the_original_thread_s_commands_unchanged():
    r = debug("s", "s", "l", "s", "l 531", "unt 534", "p config.use_threads", "p config.max_concurrency", "n",
              "l 290, 303", "unt 301", "l 300, 5", "s", "s", "s", "l 440, 10", "l")
    t.equal(r.status in (0, 130), True, r)
    complaints = [line for line in r.out.splitlines() if line.startswith("***")]
    t.true(all(c == '*** "until" line number is smaller than current line number' for c in complaints), r)
    t.true("\nTrue\n10\n" in r.out, r)
    t.match(r"^ *\d+ +->\t\tXF_FRAME", r.out, r)
    t.true(r.out.rstrip().endswith("[EOF]"), r)     # the file ends before line 440
    t.match(r"^--Call--\n> core/transfer/manager\.c\(\d+\)xf_manager_new\(\)\n", r.out, r)


def test_the_caller_waits_for_the_part_that_is_held():
    r = debug("b call_return", "b part_start 3", "c", "hold part 3", "c", "why main", "release part 3", "c")
    t.equal(r.status, 0, r)
    held = r.out.index("Nothing moves any more")
    t.true("call_return" not in stops(r.out[:held])[-1], r)
    why = r.out[held:]
    t.match(r"^main waits for event 'done'$", why, r)
    t.match(r"^    -> xf_latch_wait\(&t->done, XF_FOREVER\);$", why, r)
    t.match(r"^request-\d+ is held, with part 3$", why, r)
    t.equal(stops(r.out)[-1], "main call_return result=0", r)


def test_without_waiting_it_returns_while_the_part_is_held():
    r = debug("b call_return", "b part_start 3", "c", "hold part 3", "c", "p part[3].held", "p part[3].done", "c",
              "release", "c", "verdict", args=["--wait", "none"])
    # the return may come before the part's start; in either order nothing waits for it
    t.true("main call_return result=0" in stops(r.out), r)
    t.match(r"^DOES NOT WAIT", r.out, r)
    t.equal(r.status, 0, r)


def test_breakpoints_are_listed_as_pdb_lists_them():
    r = debug("b part_done 3", "tbreak xf_future_result, transfer == 0", "b sem request == 0", "ignore 1 2",
              "condition 3 1 < 2", "disable 3", "b", "clear 77", "clear x", "clear 3", "enable 3", "ignore 1",
              "condition 2", "b nothing_of_the_kind", "b coordinator.c:1", "b coordinator.c:99999", "clear")
    t.true("""Num Type         Disp Enb   Where
1   breakpoint   keep yes   at part_done 3
	ignore next 2 hits
2   breakpoint   del  yes   at core/transfer/future.c:""" in r.out, r)
    for line in ["Will ignore next 2 crossings of breakpoint 1.", "New condition set for breakpoint 3.",
                 "Disabled breakpoint 3 at sem request == 0", "*** Breakpoint number 77 out of range",
                 "*** Non-numeric breakpoint number x", "Deleted breakpoint 3 at sem request == 0",
                 "*** Breakpoint 3 already deleted", "Will stop next time breakpoint 1 is reached.",
                 "Breakpoint 2 is now unconditional.", "*** Blank or comment", "End of file",
                 "*** The specified object 'nothing_of_the_kind' is not a function or was not found along sys.path."]:
        t.true("\n" + line + "\n" in r.out, (line, r))
    t.match(r"^3   breakpoint   keep no    at sem request == 0\n\tstop only if 1 < 2$", r.out, r)


def test_counts_conditions_and_lists_of_commands():
    r = debug("b part_done, part == 2", "b part_done", "ignore 2 1", "commands 1", "silent", "p part", "end",
              "commands 2", "p 'two'", "c", "c", "b", "clear 1 2", "c")
    t.equal(r.status, 0, r)
    t.match(r"^2$", r.out, r)
    t.match(r"\tbreakpoint already hit \d times?$", r.out, r)
    t.equal("part_done part=2" in " ".join(stops(r.out)), False, r)  # silent


def test_a_temporary_breakpoint_says_that_it_is_gone():
    r = debug("tbreak part_start 2", "c", "b")
    found = t.match(r"^Deleted breakpoint 1 at part_start 2\n> core/transfer/upload\.c\(\d+\)upload_part\(\)\n", r.out)
    t.true(found and "Num Type" not in r.out, r)


def test_values_types_and_errors():
    r = debug("b part_start 2", "c", "p part", "p part[2].attempts", "p part[2].attempts == 1 and len(parts) > 1",
              "p config.max_concurrency * 2 + 1", "p 'a' + 'b'", "p nobody", "p part[2].nothing", "p 1 / 0", "p (1",
              "whatis part[2]", "whatis 1", "whatis upload_part", "whatis part_start", "p semaphores.request.capacity",
              "pp config", "1 + 1", "!$x = 4", "p $x * 2", "args", "p event.kind", "p threads[0].name")
    for line in ["1", "True", "21", "'ab'", "*** NameError: name 'nobody' is not defined",
                 "*** AttributeError: 'part' object has no attribute 'nothing'", "*** ZeroDivisionError: division by zero",
                 "*** SyntaxError: '(' was never closed", "<class 'part'>: a part of a multipart upload",
                 "<class 'int'>", "Function upload_part", "1000", "2", "8", "part = 2", "bytes = 8388608",
                 "'part_start'", "'main'"]:
        t.true("\n" + line + "\n" in r.out, (line, r))
    t.match(r"^Event part_start \(part\): a worker takes the part up$", r.out, r)
    t.match(r"^  max_concurrency +10$", r.out, r)


def test_the_configuration_can_be_set_before_the_manager_has_it():
    r = debug("!config.max_concurrency = 2", "p config.max_concurrency", "!config.max_concurrency = 0", "b part_start 1",
              "c", "p manager.config.max_concurrency", "config.max_concurrency = 7", "b call_return", "c", "threads")
    t.true("\n2\n*** ValueError: it must be greater than 0\n" in r.out, r)
    t.match(r"^\*\*\* the manager has its configuration already", r.out, r)
    t.true("request-2" in r.out and "request-3" not in r.out, r)


def test_frames_lists_and_returns():
    r = debug("tbreak upload_part", "c", "b upload_part", "disable 2", "w", "u", "u", "u 99", "d", "d x", "a", "ll", "rv", "r", "rv", "w", "source xf_sem_post_at",
              "l 1", "l", "", "list 3, 2", "l x", "u -1", "d -1")
    t.match(r"^  core/transfer/executor\.c\(\d+\)work\(\)$|^  core/transfer/upload\.c\(\d+\)run_part\(\)$|"
            r"^> core/transfer/upload\.c\(\d+\)upload_part\(\)$", r.out, r)
    for line in ["*** Oldest frame", "*** Newest frame", "*** Not yet returned!", "--Return--", "None",
                 "*** Error in argument: 'x'"]:
        t.true("\n" + line + "\n" in r.out, (line, r))
    t.match(r"^\d+ +B?->\t\tXF_FRAME\(\"transfer:u32 part:u32 bytes:bytes\"", r.out, r)
    t.match(r"^  3  \t.*\n  4  \t.*\n  5  \t.*\n(?!  6)", r.out, r)      # last below first is a count; count + 1 lines
    t.match(r"^ *\d+  \tvoid xf_sem_post_at\(", r.out, r)


def test_aliases_two_commands_on_a_line_and_repetition():
    r = debug("alias pv p %1 + %2", "pv 1 2", "alias", "alias pv", "p 1 ;; p 2", "", "unalias pv", "pv 1 2",
              "display event.seq", "display event.seq", "display", "undisplay nothing", "undisplay", "he", "help nothing",
              "h s", "?", "? exec", "s 3")
    for line in ["3", "pv = p %1 + %2", "1\n2\n2", "display event.seq: 0", "Currently displaying:",
                 "*** not displaying nothing", "*** NameError: name 'he' is not defined", "*** No help for 'nothing'",
                 "Usage: s(tep)", "Documented commands (type help <topic>):",
                 "*** Invalid argument: 3\n      Usage: s(tep)"]:
        t.true("\n" + line + "\n" in r.out, (line, r))


def test_display_shows_what_has_changed():
    r = debug("display event.seq", "s", "s")
    t.match(r"^display event\.seq: (?!0)\d+  \[old: 0\]$", r.out, r)


def test_back_in_time_and_forward_again():
    r = debug("b part_done 2", "c", "rs", "back", "rn", "rc", "goto 0", "goto 999999", "s", "b call_enter", "goto 40", "rc",
              "goto end", "p event.kind", "events", "events 0, 3", "jump 1", "verdict")
    t.match(r"^\(The recording; the run itself stays where it is, at its newest event\.\)$", r.out, r)
    t.match(r"^\[main frame_enter xf_call_transfer", r.out, r)
    t.match(r"^\*\*\* the recording has events 0 to \d+$", r.out, r)
    t.match(r"^\[main call_enter label=upload_file\]$", r.out, r)
    t.match(r"^'part_done'$", r.out, r)
    t.match(r"^    0 +\t +\d+\.\d+  main frame_enter", r.out, r)
    t.match(r"^\*\*\* Jump failed: ", r.out, r)
    t.equal(r.status, 130, r)               # it was left in mid-transfer


def test_live_goes_on_from_the_newest_event_only():
    r = debug("b part_done 2", "c", "goto 5", "clear 1", "c", "c")
    t.match(r"^End of the recording: the run goes on from here\.\n> ", r.out, r)
    t.true("The program finished" in r.out, r)
    t.equal(r.status, 0, r)


def test_threads_semaphores_parts_holds():
    r = debug("b part_start 2", "c", "threads", "sems", "parts", "hold", "hold part 4 50ms", "hold", "release part 4",
              "release", "hold nobody", "hold part 4 long", "only request-1", "release", "thread main", "p thread.name",
              "w", "set scheduler on", "set", "set colour on", "clear 1", "c")
    t.match(r"^\* +\d+ request-\d+ +running, part 2 .*stopped after part_start$", r.out, r)
    t.match(r"^request +permit +\d+ +1000 ", r.out, r)
    t.match(r"^    2 started +request-\d+ +1 +8388608 ", r.out, r)
    for line in ["Nothing is held.", "Hold 1: part 4 for 50 ms", "Hold 1: part 4 for 50 ms, not reached yet",
                 "Released 1 hold.", "*** nothing of the kind is held", "*** no thread 'nobody' (see 'threads')",
                 "*** 'long' is no duration: 500ms, 2s", "'main'",
                 "scheduler on: a step runs the selected thread alone"]:
        t.true("\n" + line + "\n" in r.out, (line, r))
    t.equal(r.status, 0, r)


def test_a_hold_with_a_time_ends_by_itself():
    r = debug("b part_start 2", "c", "hold part 2 300ms", "clear 1", "b part_done 2", "c", "p part[2].held", "c")
    t.true("part_done part=2" in " ".join(stops(r.out)), r)
    t.true("Nothing moves" not in r.out, r)
    t.equal(r.status, 0, r)


def test_cancel_drains_and_is_told():
    r = debug("b part_start 2", "c", "clear 1", "cancel", "c", "p future.status", "exceptions")
    t.true("\nCancelled; from here on it drains.\n" in r.out, r)
    t.match(r"^Uncaught exception\. Entering post mortem debugging$", r.out, r)
    t.true("\n'cancelled'\n" in r.out, r)
    t.equal(r.status, 3, r)


def test_quitting_in_mid_transfer_aborts():
    with t.Serve() as server:
        path = t.make_file("file", FIVE_PARTS)
        r = server.xferdb("debug", "put", path, "s3://bucket/key", "--batch", input=b"b part_done 2\nc\nq\n")
        t.equal(r.status, 130, r)
        t.true(b"<Upload>" not in server.client().get("/bucket", query=[("uploads", "")]).body, r)
        t.true(server.client().get("/bucket/key").status in (404,), r)


def test_quitting_before_anything_was_handed_over_sends_nothing():
    with t.Serve() as server:
        path = t.make_file("file", 1000)
        r = server.xferdb("debug", "put", path, "s3://bucket/key", "--batch", input=b"s\nq\n")
        t.equal(r.status, 0, r)
        t.equal(server.client().get("/bucket/key").status, 404)


def test_the_end_restarts_only_at_an_endpoint_of_its_own():
    r = debug("b call_return", "c", "c", "c", "b")
    t.equal(r.out.count("main call_return result=0"), 3, r)      # hit, the end, hit again
    t.match(r"breakpoint already hit 2 times", r.out, r)
    with t.Serve() as server:
        path = t.make_file("file", 1000)
        r = server.xferdb("debug", "put", path, "s3://bucket/key", "--batch", input=b"c\nc\ns\nb call_return\nrun\nc\n")
        t.equal(r.out.count("*** The run is over. 'run' repeats it, and uploads again."), 2, r)
        t.equal(r.out.count("main call_return result=0"), 2, r)


def test_a_failing_upload_is_met_post_mortem():
    r = debug("c", "p future.status", "l", args=["--fault", "part=3,status=403,code=AccessDenied"])
    t.match(r"^AccessDenied: .*\nUncaught exception\. Entering post mortem debugging\n"
            r"Running 'cont' or 'step' will restart the program\n> ", r.out, r)
    t.true("\n'failed'\n" in r.out, r)
    t.equal(r.status, 3, r)


def test_a_long_stop_times_nothing_out():
    commands = ["b part_start 2", "c"] + ["p 1"] * 3
    path = t.make_file("file", FIVE_PARTS)
    limit = "%ds" % (2 * t.SLOW)            # a loaded machine may keep a request waiting by itself
    p = t.Process(t.XFERDB, "debug", "put", path, "s3://bucket/key", "--local", "--batch", "--read-timeout", limit,
                  "--connect-timeout", limit, stdin=-1)
    p.popen.stdin.write(("\n".join(commands) + "\n").encode())
    p.popen.stdin.flush()
    p.wait_line(r"part_start part=2")
    time.sleep(5 * t.SLOW)
    p.popen.stdin.write(b"clear 1\nc\np part[2].attempts + part[1].attempts\nverdict\nevents 0, 100000\n")
    p.popen.stdin.close()
    t.equal(p.wait(), 0, p.text())
    t.true("\n2\n" in p.text() and "part_retry" not in p.text(), p.text())
    waited = t.match(r"^WAITS \(proved\): .*held by result \(([\d.]+) ms\)", p.text())
    t.true(float(waited.group(1)) < 5000 * t.SLOW, waited.group(0))     # the stop is no part of the wait


class Impatient(threading.Thread):
    """Passes connections on to a port, and closes each through which nothing has come for some time."""

    def __init__(self, port, seconds):
        super().__init__()
        self.port, self.seconds, self.ends = port, seconds, {}
        self.over, self.hung_up = threading.Event(), 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(0.05)
        self.endpoint = "http://127.0.0.1:%d" % self.listener.getsockname()[1]

    def close(self, one):
        for end in (one, self.ends[one][0]):
            if self.ends.pop(end, None):
                end.close()

    def accept(self):
        with contextlib.suppress(socket.timeout):
            near = self.listener.accept()[0]
            far = socket.create_connection(("127.0.0.1", self.port))
            self.ends[near], self.ends[far] = [far, time.monotonic()], [near, time.monotonic()]

    def carry(self, one):
        data = b""
        with contextlib.suppress(OSError):
            data = one.recv(1 << 20)
        if not data:
            self.close(one)
            return
        other = self.ends[one][0]
        self.ends[one][1] = self.ends[other][1] = time.monotonic()
        with contextlib.suppress(OSError):
            other.sendall(data)

    def run(self):
        while not self.over.is_set():
            self.accept()
            for one in select.select(list(self.ends), [], [], 0)[0]:
                if one in self.ends:
                    self.carry(one)
            for one in [o for o in self.ends if time.monotonic() - self.ends[o][1] > self.seconds]:
                if one in self.ends:
                    self.close(one)
                    self.hung_up += 1
        for one in list(self.ends):
            if one in self.ends:
                self.close(one)
        self.listener.close()


def test_an_endpoint_that_hangs_up_on_a_long_stop_is_seen_as_that():
    """It closes what has been quiet; the pause itself is nobody's failure, and nothing is tried again for it."""
    with t.Serve() as server:
        relay = Impatient(int(server.endpoint.rsplit(":", 1)[1]), 1 * t.SLOW)
        relay.start()
        try:
            p = t.Process(t.XFERDB, "debug", "put", t.make_file("file", FIVE_PARTS), "s3://bucket/key", "--batch",
                          "--max-concurrency", "1", stdin=-1, env=server.environment(AWS_ENDPOINT_URL=relay.endpoint))
            p.popen.stdin.write(b"b part_done 2\nc\np 'here'\n")
            p.popen.stdin.flush()
            p.wait_line(r"'here'")
            t.wait_until(lambda: relay.hung_up, 30)
            p.popen.stdin.write(b"clear 1\nc\np future.status\nevents 0, 100000\nverdict\n")
            p.popen.stdin.close()
            status = p.wait()
        finally:
            relay.over.set()
            relay.join()
    t.equal(status, 0, p.text())
    t.true("\n'success'\n" in p.text() and "part_retry" not in p.text(), p.text())
    t.match(r"connection_closed", p.text())
    t.match(r"^WAITS \(proved\)", p.text())


def test_start_up_files_and_commands_of_the_command_line():
    os.makedirs(t.tmp("home"), exist_ok=True)
    os.makedirs(t.tmp("here"), exist_ok=True)
    with open(t.tmp("home", ".xferdbrc"), "w") as rc:
        rc.write("# comes first\n\np 'home'\n")
    with open(t.tmp("here", ".xferdbrc"), "w") as rc:
        rc.write("p 'here'\n")
    with open(t.tmp("script"), "w") as script:
        script.write("p 'script'\n")
    r = debug(args=["-c", "p 'first'", "-c", "s", "--command", "p event.kind", "-x", t.tmp("script")], cwd=t.tmp("here"))
    order = re.findall(r"^'(\w+)'$", r.out, re.M)
    t.equal(order, ["home", "here", "first", "call_enter", "script"], r)
    r = debug("p 2", args=["--no-rc"], cwd=t.tmp("here"))
    t.true("'home'" not in r.out and "\n2\n" in r.out, r)


def test_a_recorded_session_is_a_trace_like_any_other():
    trace = t.tmp("x.xft")
    r = debug("b part_start 2", "c", "s", "clear 1", "c", args=["-o", trace])
    t.equal(r.status, 0, r)
    r = t.xferdb("verdict", trace, "--json")
    t.equal(r.verdict["answer"], "blocks", r)
    t.equal(r.verdict["outcome"], "stored", r)
    r = t.xferdb("events", trace, "--filter", "stopped or resumed")
    t.true(r.out.count("stopped") >= 3, r)


def test_a_part_can_be_made_to_fail_by_assignment():
    r = debug("fault.part[2] = 503", "p fault.part[2]", "p fault", "b part_retry", "c", "fault.part[2] = None", "p fault", "c",
              "fault.part[0] = 3", "fault.part[2] = 7")
    t.true("\n503\n{2: 503}\n" in r.out and "\n{}\n" in r.out, r)
    t.match(r"^\[request-\d+ part_retry .*part=2 attempt=1 .*http_status=503\]$", r.out, r)
    t.true("*** IndexError: parts are numbered 1 to 10000\n*** ValueError: an HTTP status from 400 to 599, or None" in r.out, r)
    t.equal(r.status, 0, r)
    with t.Serve() as server:
        r = server.xferdb("debug", "put", t.tmp("file"), "s3://bucket/key", "--batch", input=b"fault.part[2] = 503\n")
        t.true("*** only the endpoint of --local can be told to fail\n" in r.out, r)


def test_run_repeats_the_experiment_with_other_arguments():
    other = t.make_file("other", 9 * t.MiB, seed=2)
    r = debug("b call_return", "c", "run --max-concurrency 1 --wait none", "p config.max_concurrency", "c", "p call.returned",
              "run --local", "run nothing-there s3://bucket/k", "restart '%s' s3://bucket/other" % other, "clear 1", "b plan",
              "c", "p future.key", "clear 2", "c")
    t.match(r"^Restarting put with arguments:\n\t--max-concurrency 1 --wait none\n> ", r.out, r)
    t.true("\n1\n" in r.out and "\nTrue\n" in r.out and "\n'other'\n" in r.out, r)
    t.match(r"^\*\*\* Cannot run --local: only options of the transfer and of the call can change", r.out, r)
    t.match(r"^\*\*\* Cannot run nothing-there s3://bucket/k: ", r.out, r)
    t.match(r"^\[submit-1 plan size=9437184 ", r.out, r)
    t.equal(r.status, 0, r)


def test_prompts_stand_where_pdb_has_them():
    r = debug("p 1", "commands", "b part_start 1", "commands", "p 2", "end", prompts=True)
    t.true("\n(xferdb) 1\n(xferdb) *** cannot set commands: Breakpoint number expected\n(xferdb) Breakpoint 1 at part_start 1\n"
           "(xferdb) (com) (com) (xferdb) " in r.out, r)


def test_stepping_a_thousand_parts_stays_instant():
    path = t.tmp("big")
    with open(path, "wb") as f:             # sparse: a thousand parts, nothing on the disk
        f.truncate(1000 * 5 * t.MiB)
    r = t.xferdb("debug", "put", path, "s3://bucket/key", "--local", "--batch", "--part-size", "5MB", "--fault",
                 "status=403", input=("b part_queued 900\nc\n" + "s\n" * 300 + "q\n").encode(), timeout=100)
    t.true(len(stops(r.out)) > 300, r)
    t.true(r.seconds < 20 * t.SLOW, r.seconds)


def test_the_documented_sessions_are_what_the_program_prints():
    for name in DOCUMENTS:
        commands, shown = documented(name)
        t.true(len(commands) < 20, commands)

        def told(text):                         # workers, times and the lines' numbers are this run's and this source's
            text = re.sub(r"request-\d+", "request-N", text)
            text = re.sub(r"\b\d+(\.\d+)? [mu]?s\b|waited_ns=\d+", "T", text)
            return re.sub(r"\((\d+)\)(?=\w+\(\))|\.c:\d+|^ *\d+ (?= )", "#", text, flags=re.M).splitlines()

        now = session_of(commands)
        t.true("***" not in now, now)
        t.equal(told(now), told(shown), "PYTHONPATH=tests/tool python3 tests/cli/prompt.py writes them anew")


# ---- on a terminal

def terminal(*args, size=(24, 80), file_size=FIVE_PARTS):
    path = t.make_file("file", file_size)
    p = t.Pty(t.XFERDB, "debug", "put", path, "s3://bucket/key", "--local", *args, size=size)
    p.expect(r"\(xferdb\) ")
    return p


def test_editing_history_and_completion():
    with terminal() as p:
        p.send("p 1x\x7f + 41\n")           # backspace
        p.expect(r"\n42\r")
        p.send("\x1b[A\n")                  # up: the same again
        p.expect(r"\n42\r")
        p.send("contin\t")
        p.expect(r"ue ")
        p.send("\x15p 2\x01\x0b")           # kill the line; type; to its beginning and kill to the end
        p.send("p config.max_conc\t\n")
        p.expect(r"\n10\r")
        p.send("b part_st\t\n")
        p.expect(r"Breakpoint 1 at part_start")
        p.send("r\t\t")                     # several: a list
        p.expect(r"release +retval|retval +release|return[\s\S]*retval")
        p.send("\x15q\n")
        t.equal(p.wait(), 0)


def test_ctrl_c_at_the_prompt_and_while_it_runs():
    with terminal() as p:
        p.send("p 12")
        p.expect("p 12")
        p.send("\x03")
        p.expect(r"--KeyboardInterrupt--\r\n")
        p.expect(r"\(xferdb\) ")
        p.send("b part_start 2\n")
        p.expect(r"Breakpoint 1")
        p.send("commands\n")
        p.expect(r"\(com\) ")
        p.send("p 1\n")
        p.expect(r"\(com\) ")
        p.send("\x03")
        p.expect(r"\*\*\* command definition aborted, old commands restored")
        p.expect(r"\(xferdb\) ")
        p.send("c\n")
        p.expect(r"part_start part=2 attempt=1")
        p.expect(r"\(xferdb\) ")
        p.send("hold part 2 60s\n")
        p.expect(r"\(xferdb\) ")
        p.send("c\n")
        time.sleep(0.5)
        p.send("\x03")
        p.expect(r"Program interrupted\. \(Use 'cont' to resume\)\.")
        p.expect(r"\(xferdb\) ")
        p.send("release\n")
        p.expect(r"Released 1 hold")
        p.send("c\n")
        p.expect(r"The program finished")
        p.send("\x04")
        t.equal(p.wait(), 0)


def test_end_of_input_in_mid_transfer_gives_130_and_the_terminal_back():
    with terminal() as p:
        before = p.modes()
        p.send("b part_start 2\n")
        p.expect(r"Breakpoint 1")
        p.send("c\n")
        p.expect(r"part_start part=2")
        p.expect(r"\(xferdb\) ")
        p.send("\x04")
        t.equal(p.wait(), 130)
        t.true(before is not None)


def test_a_terminal_of_twenty_columns_and_a_resize():
    with terminal(size=(10, 20)) as p:
        p.send("p config.max_concurrency\n")
        p.expect(r"\n10\r")
        p.resize(24, 100)
        p.send("p 6 * 7\n")
        p.expect(r"\n42\r")
        p.resize(5, 12)
        p.send("p 'still here'\n")
        p.expect(r"'still here'\r")
        p.send("q\n")
        t.equal(p.wait(), 0)


def test_the_terminal_ends_and_the_upload_is_aborted():
    with terminal() as p:
        p.send("b part_start 2\n")
        p.expect(r"Breakpoint 1")
        p.send("c\n")
        p.expect(r"part_start part=2")
        p.kill(15)
        t.equal(p.wait(), 130)


if __name__ == "__main__":
    t.main()
