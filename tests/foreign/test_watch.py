"""trace: whether the object is there (--verify), what events shows of another program, and the live screen."""
import json
import os
import re
import shlex
import signal
import sys
import time

import t

sys.path.insert(0, os.path.join(t.SOURCE, "tests", "screen"))
import test_terminal    # noqa: E402

PYTHON = "/usr/bin/python3"
CORPUS = os.path.join(t.SOURCE, "tests", "foreign", "corpus", "python")


def need_boto3():
    import subprocess
    if subprocess.run([PYTHON, "-c", "import boto3"], capture_output=True).returncode:
        t.skip("%s has no boto3" % PYTHON)


def script(text, name="program.py"):
    path = t.tmp(name)
    with open(path, "w", encoding="utf-8") as f:
        f.write("import sys\nsys.path.insert(0, %r)\nfrom uploads import *\n" % CORPUS + text)
    return path


def judged(path, *options, env=None):
    """The Result, and the verdict of each call."""
    out = t.tmp("v.json")
    r = t.xferdb("trace", "--json=" + out, *options, "--", PYTHON, path, env=env)
    with open(out, encoding="utf-8") as f:
        document = json.load(f)
    return r, document, [c["verdict"] for c in document["calls"]]


PLAIN = "upload(client())\n"
# the object comes into being a while after the call has returned
LATE = """
import time
from s3transfer.manager import TransferManager
m = TransferManager(client(), config=CONFIG)
f = m.upload(data(), "bucket", "key")
f.result()
m.shutdown()
"""


# ---- --verify

def test_the_tracers_own_look_is_told_apart_from_the_program():
    need_boto3()
    judged(script(PLAIN), "--local", "-o", t.tmp("run.xft"))
    t.equal(t.xferdb("export", t.tmp("run.xft"), "--format", "perfetto", "-o", t.tmp("p.json")).status, 0)
    with open(t.tmp("p.json"), encoding="utf-8") as f:
        events = json.load(f)
    events = events["traceEvents"] if isinstance(events, dict) else events
    named = {e["args"]["name"]: e["pid"] for e in events if e.get("name") in ("process_name", "thread_name")}
    t.equal(named["xferdb verify"], named["xferdb, beside the program"])
    t.true(named["main"] != named["xferdb verify"], named)


def test_with_local_the_object_is_looked_for_right_behind_the_return():
    need_boto3()
    r, document, (v,) = judged(script(PLAIN), "--local")
    t.equal((v["answer"], v["outcome"], v["visible"]), ("blocks", "stored", True), r)
    t.true(not [x for x in document["threads"] if "verify" in x["name"]], "our own thread is nobody's")
    r, _, (v,) = judged(script(PLAIN), "--local", "--no-verify")
    t.equal((v["outcome"], v["visible"]), ("stored", None), r)


def test_an_object_that_came_later_was_not_there_at_the_return():
    need_boto3()
    r, _, (v,) = judged(script(LATE), "--local", "--fault", "part=1,hold=1500ms")
    t.equal((v["answer"], v["outcome"], v["visible"]), ("does-not-block", "stored-later", False), r)
    t.true("a HEAD right after the return did not show the object" in r.err, r)


def test_every_backend_and_the_relay_look():
    need_boto3()
    for options in (["--backend", "ptrace"], ["--no-probe"]):
        r, _, (v,) = judged(script(PLAIN), "--local", *options)
        t.equal((v["outcome"], v["visible"]), ("stored", True), (options, r))


def test_the_whole_program_is_looked_at_when_it_has_ended():
    curl = t.need("curl")
    path, out = t.make_file("f", 3 * t.MiB), t.tmp("v.json")
    for more, status, visible in (([], 0, True), (["--fault", "op=put,status=403,times=9"], 22, False)):
        with t.Serve("--anonymous", "--auto-bucket", *more) as server:
            r = t.xferdb("trace", "--verify", "--json=" + out, "--", curl, "-sSf", "-T", path,
                         "%s/bkt/key" % server.endpoint, env=server.environment())
            t.equal(r.status, status, r)
            with open(out, encoding="utf-8") as f:
                (call,) = json.load(f)["calls"]
            t.equal(call["verdict"]["visible"], visible, r)


def test_a_call_and_its_program_both_have_the_look():
    curl, out = t.need("curl"), t.tmp("v.json")
    r = t.xferdb("trace", "--local", "--call", "sym:curl_easy_perform", "--call", "exit", "--json=" + out, "--", curl, "-sSf",
                 "-T", t.make_file("f", t.MiB), "http://s3.example.com/bkt/key")
    t.equal(r.status, 0, r)
    with open(out, encoding="utf-8") as f:
        t.equal([c["verdict"]["visible"] for c in json.load(f)["calls"]], [True, True], r)


def test_somebody_elses_endpoint_is_asked_with_the_users_credentials():
    need_boto3()
    with t.Serve("--auto-bucket") as server:
        plain = script("import boto3\nupload(boto3.client('s3', endpoint_url=%r))\n" % server.endpoint)
        r, _, (v,) = judged(plain, "--verify", env=server.environment())
        t.equal((v["outcome"], v["visible"]), ("stored", True), r)
        r, _, (v,) = judged(plain, env=server.environment())
        t.equal((v["outcome"], v["visible"]), ("stored", None), r)


def test_a_look_that_is_refused_shows_nothing():
    need_boto3()
    with t.Serve("--auto-bucket") as server:
        own = script("""
import boto3
s3 = boto3.client("s3", endpoint_url=%r, aws_access_key_id=%r, aws_secret_access_key=%r, region_name="us-east-1")
upload(s3)
""" % (server.endpoint, server.access, server.secret))
        r, _, (v,) = judged(own, "--verify", env=t.environment())
        t.equal((v["answer"], v["outcome"], v["visible"]), ("blocks", "stored", None), r)
        t.match(r"--verify: s3://bucket/key could not be looked at", r.err)


# ---- nothing is missed that nobody could see

def test_what_nobody_could_read_is_not_lost():
    need_boto3()
    r, _, (v,) = judged(script(PLAIN), "--local", "--no-probe", "--backend", "ptrace")
    t.equal((v["answer"], v["outcome"]), ("unknown", "unknown"), r)
    t.match("nobody could read", r.err)


# ---- events

def test_events_shows_requests_and_all_of_it_when_asked():
    need_boto3()
    env = t.environment()
    r = t.xferdb("trace", "--local", "-o", t.tmp("t.xft"), "--", PYTHON, script(PLAIN), env=env)
    t.equal(r.status, 0, r)
    some = t.xferdb("events", t.tmp("t.xft"), env=env)
    every = t.xferdb("events", t.tmp("t.xft"), "--all", env=env)
    kinds = {line.split()[2] for line in some.out.splitlines()}
    t.true({"call_enter", "request_start", "part_done", "multipart_complete", "call_return"} <= kinds, kinds)
    t.true(not kinds & {"sem_post", "sem_wait", "thread_create", "poll", "exec"}, kinds)
    t.match(r"^xferdb: %d of %d events, those about requests; --all shows them all$" %
            (len(some.out.splitlines()), len(every.out.splitlines())), some.err)
    t.equal(every.err, "")
    lines = every.out.splitlines()
    t.equal([x for x in lines if x in set(some.out.splitlines())], some.out.splitlines(), "the same lines, in their order")
    t.equal(len(t.xferdb("events", t.tmp("t.xft"), "--json", env=env).jsonl), len(lines))
    t.true(t.xferdb("events", t.tmp("t.xft"), "--filter", "sem_post", env=env).out.strip(), "a filter looks at all")


# ---- Ctrl-C

def test_ctrl_c_at_a_terminal_tells_what_it_waited_for_before():
    """The terminal interrupts the program, too: by the time anybody looks at it, it no longer waits."""
    path = t.tmp("wait.py")
    with open(path, "w", encoding="utf-8") as f:
        f.write("import threading\nthreading.Timer(600, print).start()\nprint('there', flush=True)\nthreading.Event().wait()\n")
    p = t.Pty(t.XFERDB, "trace", "--", PYTHON, path)
    p.expect("there")
    time.sleep(1)           # so long in its wait that the signal did not find it on the way there
    p.send("\x03")
    p.expect("when the signal came:")
    p.expect(r"main waits for .* in .*wait.py:4\r?$")
    p.expect("by now:")
    p.send("\x03")
    p.expect("KeyboardInterrupt", 60)
    os.kill(p.pid, signal.SIGTERM)
    p.wait()


# ---- the screen

TALKS = PLAIN + """
import os
print("input", os.isatty(0), sys.stdin.read() == "", "output", os.isatty(1), os.isatty(2), os.get_terminal_size(1).columns)
print("to \\033[31mout")
print("to err", file=sys.stderr)
sys.exit(7)
"""


def screen(*options):
    words = [t.XFERDB, "trace", "--local", "--tui", *options]
    return test_terminal.Tmux(" ".join(shlex.quote(w) for w in words), columns=100, rows=40)


def test_the_screen_is_the_tracers_and_the_programs_words_come_after():
    need_boto3()
    with screen("--", PYTHON, script(TALKS)) as s:
        s.wait("run over", 120)
        s.send("0")
        s.wait(r"to .*out")             # in its pane
        s.send("q")
        s.done(7)
        text = s.shown()
        t.match(r"input False True output True True 100", text)
        t.true(text.index("to out") < text.index("to err") < text.index("WAITS (proved)"), text)


def test_ctrl_c_reports_in_the_pane_and_reaches_the_program():
    need_boto3()
    with screen("--fault", "part=1,hold=10s", "--", PYTHON, script(PLAIN)) as s:
        s.send("0")
        s.wait("[1-9] in flight", 120)
        s.send("C-c")
        s.wait("interrupted|signal came|Stack of|inject.py|KeyboardInterrupt|run over", 120)
        s.wait("run over", 120)
        s.send("q")
        s.done(130)


def test_a_screen_that_was_left_gives_the_terminal_to_the_program():
    need_boto3()
    with screen("--fault", "part=1,hold=5s", "--", PYTHON, script("print('early', flush=True)\n" + PLAIN +
                                                                  "print('late', flush=True)\n")) as s:
        s.wait("[1-9] in flight", 120)
        s.send("q")
        s.wait(r"(?m)^early$", 60)
        t.true("late" not in s.shown(), s.shown())
        s.done(0)
        t.match(r"(?m)^late$", s.shown())


ASKS = """
import getpass, os, time
print("leads", os.getpgrp() == os.getpid() == os.tcgetpgrp(1), flush=True)
secret = getpass.getpass("Secret word: ")
print("got", len(secret), os.get_terminal_size(1).columns, flush=True)
try:
    for n in range(1, 600):
        time.sleep(0.1)
        with open(%r, "w") as f:
            f.write(str(n))
        print("tick", n, flush=True)
except KeyboardInterrupt:
    print("interrupted indeed", flush=True)
"""


def asks(columns, rows):
    """A program that asks at /dev/tty; Ctrl-Z and fg in the screen and behind it; Ctrl-C."""
    path, count = t.tmp("asks.py"), t.tmp("count")
    with open(path, "w", encoding="utf-8") as f:
        f.write(ASKS % count)
    words = [t.XFERDB, "trace", "--tui", "--", PYTHON, path]
    ticks = lambda: int("0" + (open(count).read() if os.path.exists(count) else ""))

    def stands_still():
        before = ticks()
        time.sleep(0.5)
        return ticks() == before
    with test_terminal.Tmux(" ".join(shlex.quote(w) for w in words), columns=columns, rows=rows) as s:
        s.wait("1 timeline")
        s.send("0")
        s.wait("Secret word:")                          # in its pane, where else
        s.size(columns - 10, rows)
        s.wait("leads True")
        s.send("q")
        s.wait(r"(?m)^Secret word: *$")
        s.send("wxyz", "Enter")
        s.wait("got 4 %d" % (columns - 10))
        t.true("wxyz" not in s.shown(), s.shown())
        s.wait("tick 5")
        s.send("C-z")
        s.wait("Stopped")
        t.wait_until(stands_still)                      # the program, too
        t.true(stands_still(), "it goes on")
        s.send("fg", "Enter")
        s.wait(r"(?m)^[$] *fg")                          # the shell had its echo back
        before = ticks()
        t.wait_until(lambda: ticks() > before)
        s.send("C-c")
        s.wait("interrupted; so far")
        s.wait("interrupted indeed")
        s.wait("UNKNOWN")


def test_what_is_typed_in_one_go_with_the_key_that_leaves_is_the_programs():
    path = t.tmp("ask.py")
    with open(path, "w", encoding="utf-8") as f:
        f.write("import getpass\nprint('got', getpass.getpass('Secret word: '), flush=True)\n")
    words = [t.XFERDB, "trace", "--tui", "--", PYTHON, path]
    with test_terminal.Tmux(" ".join(shlex.quote(w) for w in words), columns=80, rows=24) as s:
        s.wait("1 timeline")
        s.send("0")
        s.wait("Secret word:")
        s.send("qwxyz", "Enter")
        s.wait("got wxyz")


def test_a_program_that_asks_at_its_terminal_80_by_24():
    asks(80, 24)


def test_a_program_that_asks_at_its_terminal_200_by_50():
    asks(200, 50)


def test_ctrl_z_in_the_screen_stops_the_program_and_fg_lets_it_go_on():
    count = t.tmp("count")
    with test_terminal.Tmux("%s trace --tui -- sh -c 'while sleep 0.1; do echo x >> %s; done'" % (t.XFERDB, count)) as s:
        size = lambda: os.path.getsize(count) if os.path.exists(count) else 0
        s.wait("1 timeline")
        t.wait_until(size)

        def stands_still():
            before = size()
            time.sleep(0.5)
            return size() == before
        s.send("C-z")
        s.wait("Stopped")
        t.wait_until(stands_still)
        t.true(stands_still(), "it goes on")
        before = size()
        s.send("fg", "Enter")
        s.wait("1 timeline")
        t.wait_until(lambda: size() > before)


def test_what_the_program_leaves_behind_is_not_hung_up_with_its_terminal():
    late = t.tmp("late")
    with test_terminal.Tmux("%s trace --tui -- sh -c '(sleep 2; echo > %s) & exit 5'" % (t.XFERDB, late)) as s:
        s.wait("run over")
        s.send("q")
        s.done(5)
        t.wait_until(lambda: os.path.exists(late))


def test_a_killed_tracer_takes_no_program_of_its_screen_along():
    begun, late = t.tmp("begun"), t.tmp("late")
    with test_terminal.Tmux("%s trace --tui -- sh -c 'echo > %s; sleep 2; echo > %s'" % (t.XFERDB, begun, late)) as s:
        t.wait_until(lambda: os.path.exists(begun))
        os.kill(test_terminal.pid_of(s), signal.SIGKILL)
        t.wait_until(lambda: os.path.exists(late))


def test_a_program_that_cannot_run_leaves_no_screen_behind():
    p = t.Pty(t.XFERDB, "trace", "--tui", "--", "./nothing", env=t.environment(TERM="xterm-256color"))
    p.expect("cannot run ./nothing")
    t.equal(p.wait(), 127)


def test_no_terminal_no_screen():
    r = t.xferdb("trace", "--tui", "--", "sh", "-c", "echo out; exit 3")
    t.equal((r.status, r.out), (3, "out\n"), r)
    t.match("no screen: there is no terminal", r.err)


if __name__ == "__main__":
    t.main()
