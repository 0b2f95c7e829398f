"""trace: the program's own life goes on as if nobody watched; what cannot be seen is said."""
import json
import os
import signal
import socket
import struct
import subprocess
import time

import t

PYTHON = "/usr/bin/python3"


def trace(*args, **how):
    return t.xferdb("trace", *args, **how)


def shell(script, *options, **how):
    return trace(*options, "--", "sh", "-c", script, **how)


# ---- exit statuses, streams

def test_the_exit_status_is_the_programs():
    for status in (0, 1, 3, 125, 255):
        t.equal(shell("exit %d" % status).status, status)


def test_death_by_signal_is_128_and_its_number():
    for number in (signal.SIGTERM, signal.SIGSEGV, signal.SIGKILL, signal.SIGINT):
        t.equal(shell("ulimit -c 0; kill -%d $$" % number).status, 128 + number)


def test_a_killed_program_has_an_end_in_the_trace_and_its_threads_with_it():
    path = t.tmp("killed.xft")
    r = t.xferdb("trace", "-o", path, "--", "sh", "-c", "ulimit -c 0; sleep 0.1; exec python3 -c 'import os; os.kill(os.getpid(), 9)'",
                 timeout=100)
    t.equal(r.status, 137, r)
    ends = [e for e in map(json.loads, t.xferdb("events", path, "--all", "--json").out.splitlines()) if e["event"] == "process_exit"]
    t.equal((ends[-1]["exit_status"], ends[-1]["signal"]), (137, 9), ends)
    table = t.xferdb("view", path, "--mode", "csv").out
    t.true("runs" not in table and ",ended," in table, table)   # also of a process that executed another program


def test_how_a_process_ended_that_was_left_to_the_tracer():
    path, pid = t.tmp("left.xft"), t.tmp("pid")
    r = shell("(sleep 60 & echo $! > %s); sleep 0.3; kill -9 $(cat %s); sleep 0.3" % (pid, pid), "-o", path, timeout=100)
    t.equal(r.status, 0, r)
    (end,) = [e for e in map(json.loads, t.xferdb("events", path, "--all", "--json").out.splitlines())
              if e["event"] == "process_exit" and e["pid"] == int(open(pid).read())]
    t.equal((end["exit_status"], end["signal"]), (137, 9), end)


def test_what_cannot_be_run_is_126_or_127():
    t.equal(trace("--", "./no-such-program").status, 127)
    t.equal(trace("--", "no-such-program-on-path").status, 127)
    path = os.path.join(t.tmp(), "plain")
    open(path, "w").close()
    r = trace("--", path)
    t.equal((r.status, r.err), (126, "xferdb: cannot run %s: Permission denied\n" % path), r)


def test_output_is_untouched_and_ours_goes_to_stderr():
    r = shell("echo out; echo err >&2")
    t.equal(r.out, "out\n", r)
    t.match(r"^err$", r.err)
    t.match("UNKNOWN", r.err)


def test_json_takes_stdout_and_the_programs_goes_to_stderr():
    r = shell("echo out", "--json")
    t.equal(r.json["command"], "trace", r)
    t.equal(len(r.out.splitlines()), 1, r)
    t.match(r"^out$", r.err)


def test_the_local_endpoint_gives_no_session_token():
    """An empty one is sent by some clients (Rust's object_store), and refused."""
    r = t.xferdb("trace", "--local", "--call", "exit", "--", "sh", "-c", 'echo "${AWS_SESSION_TOKEN-none}"',
                 env=dict(t.environment(), AWS_SESSION_TOKEN="mine"))
    t.equal(r.out, "none\n", r)


def test_expect_decides_the_status():
    r = shell("exit 5", "--expect", "unknown")
    t.equal(r.status, 0)
    t.match("(?m)^xferdb: the program ended with status 5; what --expect asks for is met, so ours is 0$", r.err)
    t.equal(shell("exit 0", "--expect", "blocks").status, 1)


def test_usage_errors_are_2():
    t.equal(shell("true", "--call", "nonsense").status, 2)
    t.equal(shell("true", "--call", "sym:").status, 2)
    t.equal(shell("true", "--fault", "part=1").status, 2)
    t.equal(trace("--").status, 2)


# ---- programs that do things

def test_every_backend_runs_a_program():
    for backend in ("auto", "notify", "ptrace", "none"):
        r = shell("sleep 0.05 & wait; exit 4", "--backend", backend)
        t.equal((backend, r.status), (backend, 4), r)


def test_a_program_that_closes_everything():
    r = trace("--", PYTHON, "-c", "import os; os.closerange(3, 1024); os.execvp('true', ['true'])")
    t.equal(r.status, 0, r)


def test_forks_and_execs_are_followed():
    r = shell("sh -c 'sh -c \"exit 3\"'; exit $(( $? + 1 ))")
    t.equal(r.status, 4, r)


def test_a_straggler_is_waited_for_but_not_a_daemon_that_does_nothing():
    begin = time.monotonic()
    r = shell("sleep 60 >/dev/null 2>&1 & exit 0")
    t.equal(r.status, 0, r)
    t.true(time.monotonic() - begin < 20, r)


def test_what_is_left_still_runs_when_we_are_gone():
    done = os.path.join(t.tmp(), "done")
    # its calls are filtered for ever: somebody has to answer them
    shell("(sleep 6; sh -c 'true' && touch %s) >/dev/null 2>&1 & exit 0" % done)
    t.wait_until(lambda: os.path.exists(done), 20)


def test_io_uring_is_said_not_to_be_seen():
    r = trace("--", PYTHON, "-c", "import ctypes; b = ctypes.create_string_buffer(256); "
              "ctypes.CDLL(None).syscall(425, 8, b)")
    t.equal(r.status, 0, r)
    t.match("io_uring", r.err)


def test_a_killed_supervisor_does_not_take_the_program_along():
    begun, done = t.tmp("begun"), t.tmp("done")
    p = subprocess.Popen([t.XFERDB, "trace", "--", "sh", "-c", "touch %s; sleep 1; sh -c true && touch %s" % (begun, done)],
                         env=t.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    t.wait_until(lambda: os.path.exists(begun))
    p.send_signal(signal.SIGKILL)
    p.wait()
    t.wait_until(lambda: os.path.exists(done), 20)


def test_lines_that_no_thread_records_and_that_are_too_many_are_said_to_be_missing():
    write = {"x86_64": 1, "aarch64": 64}[os.uname().machine]
    program = "($b, $e) = ('begin', 'end'); for (1..%d) { syscall(%d, 1, $b, 5); syscall(%d, 1, $e, 3); }"
    for times, missing in ((10, False), (40, True)):
        r = trace("--call", "out:begin:end", "--", t.need("perl"), "-e", program % (times, write, write))
        t.equal((r.status, "calls be missing" in r.err), (0, missing), r)


def test_two_hundred_forks():
    for backend in ("auto", "ptrace"):
        r = shell("i=0; while [ $i -lt 200 ]; do (exit 3); i=$((i + 1)); done; exit 9", "--backend", backend)
        t.equal((backend, r.status), (backend, 9), r)


def test_a_chain_of_execs_keeps_the_status_under_every_backend():
    for backend in ("notify", "ptrace", "none"):
        r = shell("exec sh -c 'exec sh -c \"exec sh -c \\\"exit 6\\\"\"'", "--backend", backend)
        t.equal((backend, r.status), (backend, 6), r)


def test_long_words_and_many_of_them():
    r = trace("--", "sh", "-c", "echo $# ${#1}", "sh", "x" * 100000, *["y"] * 3000)
    t.equal((r.status, r.out), (0, "3001 100000\n"), r)


def test_a_bare_script_gets_all_of_its_words():
    path = os.path.join(t.tmp(), "own.py")
    with open(path, "w") as f:
        f.write("import sys\nprint(len(sys.argv), sys.argv[-1])\n")
    os.chmod(path, 0o755)
    r = trace("--", path, *["y"] * 999, "last")
    t.equal((r.status, r.out), (0, "1001 last\n"), r)


def test_a_script_without_an_interpreter_line_gets_all_of_its_words():
    path = os.path.join(t.tmp(), "plain")
    with open(path, "w") as f:
        f.write("for last; do :; done; echo $# $last\n")
    os.chmod(path, 0o755)
    for backend in ("notify", "none"):
        r = trace("--backend", backend, "--", path, *["y"] * 999, "last")
        t.equal((r.status, r.out), (0, "1000 last\n"), r)


def test_many_calls_on_trial_are_all_asked_for():
    calls = ["--call=py:%s:upload" % ("m%03d" % i * 15) for i in range(250)]
    r = trace(*calls, "--", "sh", "-c", 'printf %s "$XFERDB_CALL" | wc -lc | tr -s " "')
    t.equal((r.status, r.out.split()), (0, ["249", str(sum(len(c) - 6 for c in calls) - 1)]), r)


def test_a_call_that_is_not_there_is_said_with_and_without_the_probe():
    path = os.path.join(t.tmp(), "own.py")
    with open(path, "w") as f:
        f.write("def region():\n    return 1\nregion()\n")
    for options in ((), ("--no-probe",)):
        r = trace(*options, "--call", "py:__main__:regoin", "--", PYTHON, path)
        t.match("was never called: __main__ has no regoin; near to it: region", r.err)


def test_standard_streams_are_what_they_were():
    script = "for fd in 0 1; do [ -t $fd ] && echo tty || { [ -p /dev/fd/$fd ] && echo pipe || echo file; }; done"
    t.equal(shell(script).out, "file\npipe\n")                        # /dev/null, a pipe
    t.equal(shell(script, input=b"").out, "pipe\npipe\n")
    with t.Pty(t.XFERDB, "trace", "--quiet", "--", "sh", "-c", script) as terminal:
        terminal.expect("tty\r\ntty\r\n")
        t.equal(terminal.wait(), 0)


def test_an_unprivileged_user():
    if os.geteuid() != 0:
        t.skip("only root can become somebody else")
    home = t.tmp("nobody")
    os.mkdir(home)
    os.chown(home, 65534, 65534)
    os.chmod(t.tmp(), 0o755)
    who = {"user": 65534, "group": 65534, "extra_groups": (), "cwd": "/"}
    if t.run("test", "-x", t.XFERDB, **who).status:
        t.skip("nobody may not run %s" % t.XFERDB)
    env = t.environment(HOME=home, XDG_STATE_HOME=home)
    for backend in ("notify", "ptrace"):
        r = shell("id -u; exit 4", "--backend", backend, env=env, **who)
        t.equal((backend, r.status, r.out), (backend, 4, "65534\n"), r)
        t.match("set-uid programs run without theirs", r.err)


def test_gdb_attaches_beside_the_notifications():
    gdb = t.need("gdb")
    p = t.Process(t.XFERDB, "trace", "--", "sh", "-c", "echo PID=$$; read line; exit 3",
                  stdin=subprocess.PIPE)
    pid = p.wait_line(r"PID=(\d+)").group(1)
    r = t.run(gdb, "-nx", "-batch", "-p", pid, "-ex", "info inferiors", "-ex", "detach")
    t.match("process " + pid, r.out)
    t.true("ptrace: Operation not permitted" not in r.err, r)
    p.popen.stdin.write(b"go on\n")
    p.popen.stdin.close()
    t.equal(p.popen.wait(20), 3)


def test_what_computes_does_not_stand_still():
    script = "import sys, time\nend = time.monotonic() + 4\nwhile time.monotonic() < end:\n    %s\n"
    r = trace("--stall", "1s", "--", PYTHON, "-c", script % "sum(range(10000))")
    t.true("nothing has moved" not in r.err, r)
    t.match("nothing has moved for the time given by --stall", trace("--stall", "1s", "--", PYTHON, "-c", script % "time.sleep(0.2)").err)


def test_a_loop_without_an_end_is_told_after_five_times_as_long():
    r = trace("--stall", "300ms", "--", PYTHON, "-c", "import time\nend = time.monotonic() + 8\nwhile time.monotonic() < end: pass\n")
    t.match("no byte has moved for five times what --stall gives, though the program is at work:\n"
            r"RUNS: main is at work .*: it spins, or computes\.", r.err)
    t.true("nothing has moved" not in r.err, r)


def program_of_32_bits():
    """An ELF file of 32 bits whose only call is exit(7)."""
    code = b"\xb8\x01\x00\x00\x00\xbb\x07\x00\x00\x00\xcd\x80"      # mov eax, 1; mov ebx, 7; int 0x80
    base, head = 0x8048000, 52 + 32
    elf = struct.pack("<16sHHIIIIIHHHHHH", b"\x7fELF\x01\x01\x01", 2, 3, 1, base + head, 52, 0, 0, 52, 32, 1, 0, 0, 0)
    elf += struct.pack("<IIIIIIII", 1, 0, base, base, head + len(code), head + len(code), 5, 0x1000)
    path = t.tmp("small")
    with open(path, "wb") as f:
        f.write(elf + code)
    os.chmod(path, 0o755)
    try:
        if subprocess.run([path]).returncode != 7:
            t.skip("this machine runs no 32-bit programs as they are meant")
    except OSError as e:
        t.skip("this machine runs no 32-bit programs: %s" % e)
    return path


def test_a_32_bit_program_is_said_not_to_be_watched():
    path = program_of_32_bits()
    for options in ((), ("--local",)):
        r = trace(*options, "--", path)
        t.equal(r.status, 7, r)
        t.match("(?m)^xferdb: not seen: a 32-bit program ran: its threads, requests and connections are not watched$", r.err)
    t.match("32-bit program", shell(path).err)
    t.true("32-bit" not in shell("true").err)


# ---- --local

def test_local_refuses_by_name():
    curl = t.need("curl")
    r = trace("--local", "--", curl, "-sS", "-m", "5", "https://192.0.2.1/x")
    t.equal(r.status, 7, r)
    t.match(r"curl tried 192\.0\.2\.1:443: refused, 0 bytes left this machine", r.err)


def test_local_refuses_by_the_hosts_name():
    curl = t.need("curl")
    r = trace("--local", "--", curl, "-sS", "-m", "5", "https://bucket.s3.example.com/x")
    t.equal(r.status, 7, r)
    t.match(r"^xferdb: curl tried bucket\.s3\.example\.com:443: refused, 0 bytes left this machine$", r.err)
    script = t.tmp("upload.py")
    with open(script, "w", encoding="utf-8") as f:
        f.write("import socket\nsocket.create_connection(('s3.example.org', 8443), 5)\n")
    r = trace("--local", "--", PYTHON, script)
    t.equal(r.status, 1, r)
    t.match(r"^xferdb: upload\.py tried s3\.example\.org:8443: refused, 0 bytes left this machine$", r.err)


def test_local_leaves_no_way_out():
    for backend in ("notify", "ptrace"):
        r = trace("--local", "--backend", backend, "--", os.path.join(t.BUILD, "tests", "ways_out"))
        t.equal((r.status, r.out), (0, "tried them all\n"), r)
        t.match(r"ways_out tried 203.0.113.7:4444: refused, 0 bytes left this machine", r.err)
        t.match(r"ways_out tried \[2001:db8::1\]:4444: refused", r.err)


def test_local_takes_no_proxy():
    """A proxy on this machine would be a way off it."""
    curl = t.need("curl")
    env = t.environment(http_proxy="http://127.0.0.1:9", HTTPS_PROXY="http://127.0.0.1:9", ALL_PROXY="socks5://127.0.0.1:9")
    path = t.make_file("f", t.MiB)
    r = trace("--local", "--", curl, "-sSf", "-T", path, "http://s3.example.com/bkt/key", env=env)
    t.equal(r.status, 0, r)
    t.match("object stored", r.err)


def test_local_names_nothing_twice_and_knows_the_machine_itself():
    r = trace("--local", "--", PYTHON, "-c", "import socket; print(socket.getaddrinfo('localhost', 80)[0][4][0])")
    t.true(r.out.strip() in ("127.0.0.1", "::1"), r)
    t.true("refused" not in r.err, r)


RESOLVES = """
import socket, sys, time
began = time.monotonic()
print([a[4][0] for a in socket.getaddrinfo('bucket.localhost', 80, type=socket.SOCK_STREAM)])
try:
    socket.create_connection(('bucket.s3.eu-central-1.amazonaws.com', 443), timeout=60)
except OSError as e:
    print(type(e).__name__)
print('quick' if time.monotonic() - began < 4.5 * %d else 'slow')
"""


def test_local_asks_no_resolver_on_this_machine_either_and_knows_localhost():
    """As systemd-resolved's stub: a name server on loopback, that would ask another."""
    resolv, unshare = t.tmp("resolv.conf"), t.need("unshare")
    with open(resolv, "w") as f:
        f.write("nameserver 127.0.0.53\n")
    own = "mount --bind %s /etc/resolv.conf && exec \"$@\"" % resolv
    if os.geteuid() != 0 or subprocess.run([unshare, "-m", "sh", "-c", own, "sh", "true"], capture_output=True).returncode:
        t.skip("needs to be root, with a name space of mounts")
    asked = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        asked.bind(("127.0.0.53", 53))
    except OSError as e:
        t.skip("somebody is the resolver here: %s" % e)
    asked.setblocking(False)
    r = t.run(unshare, "-m", "sh", "-c", own, "sh", t.XFERDB, "trace", "--local", "--", PYTHON, "-c", RESOLVES % t.SLOW)
    t.equal(r.out.splitlines(), ["['127.0.0.1']", "ConnectionRefusedError", "quick"], r)
    t.match(r"tried bucket\.s3\.eu-central-1\.amazonaws\.com:443: refused, 0 bytes left this machine", r.err)
    try:
        raise AssertionError("the resolver was asked: %r" % asked.recv(512))
    except BlockingIOError:
        pass
    asked.close()


def test_local_takes_plain_http_to_the_endpoint_whatever_the_host():
    curl = t.need("curl")
    r = trace("--local", "--json=" + t.tmp("v.json"), "--", curl, "-sS", "-m", "20", "-T", "/etc/passwd",
              "http://s3.example.com/bkt/k")
    t.equal(r.status, 0, r)
    with open(t.tmp("v.json"), encoding="utf-8") as f:
        v = json.load(f)["calls"][0]["verdict"]
    t.equal((v["answer"], v["outcome"]), ("blocks", "stored"), r)


def test_boto3_s_crt_client_speaks_no_tls_to_the_local_endpoint():
    folder = t.tmp("fake/boto3")
    os.makedirs(folder)
    for name, text in (("__init__", ""), ("crt", "from boto3.other import create_s3_crt_client\n"),
                       ("other", "def create_s3_crt_client(**given):\n    return given\n")):
        with open(os.path.join(folder, name + ".py"), "w", encoding="utf-8") as f:
            f.write(text)
    code = "import boto3.crt as c; print(c.create_s3_crt_client(region='r', use_ssl=True))"
    for options, seen in ((["--local"], False), ([], True)):
        r = trace(*options, "--", PYTHON, "-c", code, env=dict(t.environment(), PYTHONPATH=os.path.dirname(folder)))
        t.equal(r.out.strip(), repr({"region": "r", "use_ssl": seen}), r)


def test_a_posted_form_is_an_upload_of_a_key_that_is_not_known():
    curl = t.need("curl")
    path = t.make_file("big", 1 << 20)
    for asked in "", "-F success_action_redirect=http://127.0.0.1:9/":
        r = trace("--local", "--json", "--", "sh", "-c", "%s -sS -F key=k %s -F file=@%s $AWS_ENDPOINT_URL/bkt"
                  % (curl, asked, path))
        v, transfer = r.verdict, r.call["transfers"][0]
        t.equal((v["answer"], v["outcome"], v["parts"], v["visible"]), ("blocks", "stored", 1, None), r)
        t.equal((transfer["bucket"], transfer["key"], transfer["status"]), ("bkt", None, "success"), r)
    r = trace("--local", "--json", "--", "sh", "-c", "%s -sS -F file=@%s $AWS_ENDPOINT_URL/bkt" % (curl, path))
    t.equal((r.verdict["outcome"], r.call["transfers"][0]["error"]["code"]), ("failed", "InvalidArgument"), r)


def test_a_plain_put_goes_through_and_is_judged():
    curl = t.need("curl")
    path = t.make_file("big", 1 << 20)
    r = trace("--local", "--json", "--", "sh", "-c", "exec %s -sS -T %s $AWS_ENDPOINT_URL/bkt/k" % (curl, path))
    v = r.json["calls"][0]["verdict"]
    t.equal((v["answer"], v["basis"], v["outcome"], v["parts"]), ("blocks", "inline", "stored", 1), r)


def test_no_secret_is_in_the_trace():
    curl = t.need("curl")
    xft = os.path.join(t.tmp(), "t.xft")
    secret = "S3CR3T" + "x" * 20
    trace("--local", "-o", xft, "--", "sh", "-c",
          "%s -sS -T /etc/hostname -H 'Authorization: %s' "
          "\"$AWS_ENDPOINT_URL/bkt/k?X-Amz-Signature=%s\"" % (curl, secret, secret))
    with open(xft, "rb") as f:
        t.true(secret.encode() not in f.read())


if __name__ == "__main__":
    t.main()
