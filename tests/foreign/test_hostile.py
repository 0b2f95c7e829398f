"""trace: programs that do what a tracer may not expect go on as ever, and what could not be seen is said."""
import json
import os
import signal
import subprocess
import time

import t

HOSTILE = os.path.join(t.BUILD, "tests", "hostile")


def judged(way, *options, binary=HOSTILE, prefix=(), status=0, **how):
    """The Result, and the program's own verdict."""
    out = t.tmp("v.json")
    r = t.xferdb("trace", "--local", "--json=" + out, *options, "--", *prefix, binary, way, **how)
    t.equal(r.status, status, r)
    with open(out, encoding="utf-8") as f:
        return r, json.load(f)["calls"][0]["verdict"]


def waits(way, *options):
    r, v = judged(way, *options)
    t.equal((v["answer"], v["outcome"], v["visible"]), ("blocks", "stored", True), r)
    return r


def test_one_that_closes_every_descriptor_before():
    waits("close-all-before")


def test_one_that_closes_every_descriptor_in_the_midst():
    waits("close-all-within")


def test_a_connection_that_goes_on_under_another_number():
    waits("copy-within")


def test_one_that_executes_itself_and_that_again():
    waits("execute-itself")


def test_one_with_handlers_for_faults_and_children():
    waits("signals-of-its-own")


def test_one_that_starts_a_hundred_others_by_vfork_and_spawn():
    waits("many-programs")


def test_a_child_without_its_environment_is_seen_by_the_relay():
    r, v = judged("child-without-environment")
    t.equal((v["answer"], v["outcome"]), ("unproven", "stored"), r)
    t.match("(?m)^xferdb: not seen: the threads and waits of hostile: the probe is not in it "
            r"\(it was started without LD_PRELOAD\); its connections are led through the relay$", r.err)


def test_a_static_program_and_child_are_said_to_be_without_the_probe():
    binary, source = t.tmp("static"), os.path.join(t.SOURCE, "tests", "foreign", "hostile.c")
    made = subprocess.run([t.need("cc"), "-static", "-w", "-D_GNU_SOURCE", "-I", t.SOURCE, "-o", binary, source], capture_output=True)
    if made.returncode:
        t.skip("no static programs are made here: %s" % made.stderr[-300:].decode())
    for prefix in ((), ("sh", "-c", '"$0" "$1"; true')):
        r, v = judged("plain", binary=binary, prefix=prefix)
        t.equal(v["outcome"], "stored", r)
        t.equal([x for x in r.err.splitlines() if "not seen" in x],
                ["xferdb: not seen: the threads and waits of static: the probe is not in it "
                 "(it is linked statically); its connections are led through the relay"], r)
    r, v = judged("plain", "--no-probe", binary=binary)
    t.true("not seen" not in r.err, r)


def test_one_that_uploads_in_the_background_after_its_end():
    r, v = judged("background")
    t.equal((v["answer"], v["outcome"]), ("does-not-block", "stored-later"), r)


def test_threads_that_have_ended_leave_little_behind():
    waits("many-threads", "-o", t.tmp("t.xft"))
    t.true(os.stat(t.tmp("t.xft")).st_blocks * 512 < 2000 * 16384, os.stat(t.tmp("t.xft")).st_blocks * 512)


def test_a_sandbox_is_not_broken_and_it_is_said():
    for backend, outcome in (("notify", "stored"), ("ptrace", "unknown")):
        r, v = judged("sandbox", "--backend", backend)      # its status says that it was not killed
        t.match(r"not seen: a program forbade itself system calls \(seccomp\)", r.err)
        t.equal(v["outcome"], outcome, r)
    r, v = judged("sandbox")
    t.equal((v["answer"], v["outcome"]), ("unproven", "stored"), r)     # by the relay


def test_one_that_is_stopped_and_goes_on():
    out = t.tmp("v.json")
    p = t.Process(t.XFERDB, "trace", "--local", "--json=" + out, "--", HOSTILE, "stop-within")

    def stopped():
        for pid in open("/proc/%d/task/%d/children" % (p.pid, p.pid)).read().split():
            stat = open("/proc/%s/stat" % pid).read()
            if stat[stat.rindex(")") + 2] == "T":
                return int(pid)
        return 0
    os.kill(t.wait_until(stopped), signal.SIGCONT)
    t.equal(p.wait(), 0)
    with open(out, encoding="utf-8") as f:
        v = json.load(f)["calls"][0]["verdict"]
    t.equal((v["answer"], v["outcome"]), ("blocks", "stored"), p.text())


def test_a_tracer_killed_in_the_midst_leaves_the_program_and_a_trace():
    done = t.tmp("done")
    with t.Serve("--anonymous") as server:
        env = t.environment(AWS_ENDPOINT_URL=server.endpoint)
        p = t.Process(t.XFERDB, "trace", "-o", t.tmp("t.xft"), "--", "sh", "-c", "%s slow && echo > %s" % (HOSTILE, done), env=env)
        p.wait_line("in its midst")
        p.signal(signal.SIGKILL)
        p.wait()
        t.wait_until(lambda: os.path.exists(done))
    r = t.xferdb("verdict", t.tmp("t.xft"))
    t.match("PutObject|no upload|trace ends|WAITS", r.out + r.err)
    t.true("LOST" not in r.out, r)
    kinds = {e["event"] for e in t.xferdb("events", t.tmp("t.xft"), "--all", "--json").jsonl}
    t.true({"process_start", "request_start"} <= kinds, kinds)


def test_beside_timeout_nohup_setsid_and_in_a_pipeline():
    timeout, nohup, setsid = t.need("timeout", "nohup", "setsid")
    for prefix in ([timeout, "100"], [nohup], [setsid, "-w"]):
        r, v = judged("plain", prefix=prefix)
        t.equal((v["answer"], v["outcome"]), ("blocks-partly" if timeout in prefix else "blocks", "stored"), (prefix, r))
    # the shell takes it in passing while it waits for the last of them (which a bare `cat` need not be: it may end
    # first): as it would had it been left in the background
    r, v = judged("plain", prefix=["sh", "-c", 'cat /etc/passwd | "$0" "$@" | (cat; sleep 0.3)'])
    t.equal((v["answer"], v["outcome"]), ("unproven", "stored"), r)


def test_local_under_another_listener_fails_closed():
    """The kernel allows one listener: a trace in a trace cannot refuse what leaves the machine."""
    ran = t.tmp("ran")
    for backend in ("auto", "notify", "ptrace"):
        r = t.xferdb("trace", "--", t.XFERDB, "trace", "--local", "--backend", backend, "--", "touch", ran)
        t.equal(r.status, 125, (backend, r))
        t.match("--local cannot keep the program's bytes on this machine here: another program .* hears its system calls first", r.err)
        t.true(not os.path.exists(ran), r)
    r = t.xferdb("trace", "--", t.XFERDB, "trace", "--", "touch", ran)
    t.equal((r.status, os.path.exists(ran)), (0, True), r)


def test_without_any_standard_stream():
    r = t.run("sh", "-c", 'exec "$0" "$@" <&- >&- 2>&-', t.XFERDB, "trace", "--local", "--strict", "--json=" + t.tmp("v.json"), "--",
              HOSTILE, "plain")
    t.equal(r.status, 0, r)
    with open(t.tmp("v.json"), encoding="utf-8") as f:
        t.equal(json.load(f)["calls"][0]["verdict"]["outcome"], "stored")


def test_with_no_home_to_write_to():
    for env in (t.environment(HOME=None, XDG_STATE_HOME=None), t.environment(HOME="/proc/nowhere", XDG_STATE_HOME=None)):
        r, v = judged("plain", env=env)
        t.equal((v["answer"], v["outcome"]), ("blocks", "stored"), r)


def test_a_full_disk_fails_no_upload():
    mount = t.need("mount")
    place = t.tmp("small")
    os.mkdir(place)
    if os.geteuid() != 0 or subprocess.run([mount, "-t", "tmpfs", "-o", "size=128k", "small", place], capture_output=True).returncode:
        t.skip("needs to be root, to mount a small file system")
    try:
        r = t.xferdb("trace", "--local", "-o", os.path.join(place, "t.xft"), "--", HOSTILE, "many-threads")
        t.equal(r.status, 0, r)
        t.match("warning: .*the program runs all the same", r.err)
        t.true("LOST" not in r.err, r)
    finally:
        subprocess.run(["umount", place], check=True)


def test_programs_made_with_sanitizers():
    cc, run = t.need("cc"), 0
    for kind in ("address", "thread"):
        binary = t.tmp(kind)
        if subprocess.run([cc, "-w", "-D_GNU_SOURCE", "-fsanitize=" + kind, "-o", binary,
                           os.path.join(t.SOURCE, "tests", "foreign", "hostile.c"), "-lpthread"], capture_output=True).returncode:
            continue
        run += 1
        r, v = judged("signals-of-its-own", binary=binary)
        t.equal(v["outcome"], "stored", r)
        t.true("runtime does not come first" not in r.err and "WARNING" not in r.err, r)
    if not run:
        t.skip("this compiler has no sanitizers")


def test_a_set_uid_program_of_an_ordinary_user_is_refused_by_local_with_the_reason():
    runuser, binary = t.need("runuser"), t.tmp("privileged")
    if os.geteuid() != 0:
        t.skip("needs to be root, to make a set-uid program")
    with open(HOSTILE, "rb") as source, open(binary, "wb") as copy:
        copy.write(source.read())
    os.chmod(t.tmp(), 0o755)
    os.chmod(binary, 0o4755)
    if subprocess.run([runuser, "-u", "nobody", "--", "test", "-x", t.XFERDB, "-a", "-x", binary]).returncode:
        t.skip("the build cannot be reached by another user")
    own = [runuser, "-u", "nobody", "--", "env", "HOME=/nowhere", "XDG_STATE_HOME=", t.XFERDB, "trace"]
    r = t.run(*own, "--local", "--", binary, "plain")
    t.equal(r.status, 125, r)
    t.match("would lose its privilege: run it as root, or with --backend notify", r.err)
    r = t.run(*own, "--", binary, "plain")
    t.equal(r.status, 9, r)         # its own: it found no endpoint
    t.match("privileged is set-uid and would lose its privilege under a filter: it runs unwatched but for its end", r.err)
    r = t.run(*own, "--local", "--", "sh", "-c", binary + " plain; true")
    t.equal(r.err.count("not seen"), 1, r)
    t.match("not seen: .*set-uid programs run without theirs", r.err)
    t.match("WAITS .proved.: the program", r.err)       # the probe is in it


if __name__ == "__main__":
    t.main()
