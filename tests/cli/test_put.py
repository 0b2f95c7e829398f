"""put, from the command line to the verdict: what each way of calling comes to, and what errors look like."""
import http.server
import json
import os
import signal
import stat
import subprocess
import sys
import threading
import time

import schema
import t

MiB = t.MiB


def put(path, *args, key="s3://bkt/k", **how):
    return t.xferdb("put", "--local", "--json", path, key, *args, **how)


def sufficient(verdict):
    return sorted(b["name"] for b in verdict["barriers"] if b["sufficient"])


# ---- the ways to call

def test_the_default_waits_and_it_is_proved():
    r = put(t.make_file("big", 100 * MiB))
    v, j = r.verdict, r.json
    t.equal(r.status, 0, r)
    t.equal((v["answer"], v["basis"], v["outcome"]), ("blocks", "happens-before", "stored"), r)
    t.equal((v["parts"], v["parts_ordered"], v["parts_late"]), (13, 13, 0), r)
    t.equal(sufficient(v), ["manager exit", "result"], r)
    t.equal(v["visible"], True, r)
    t.true(1 < j["peak_concurrency"] <= 10, r)
    t.equal(sorted({e["part"] for e in v["evidence"]}), list(range(1, 14)))
    t.true(all(link["file"] and link["line"] for e in v["evidence"] for link in e["chain"]), r)
    t.equal(j["summary"], {"calls": 1, "blocks": 1, "blocks-partly": 0, "does-not-block": 0, "unproven": 0,
                           "unknown": 0, "not-returned": 0, "lost": 0, "failed": 0})
    t.equal(j["events_dropped"], 0)


def test_fire_and_forget_is_seen_and_stored_later():
    r = put(t.make_file("big", 100 * MiB), "--wait", "none")
    v = r.verdict
    t.equal((v["answer"], v["basis"], v["outcome"]), ("does-not-block", "witness", "stored-later"), r)
    t.true(v["parts_late"] > 0, r)
    t.equal(r.status, 0, r)


def test_fire_and_end_at_once_is_lost_and_the_orphan_is_named():
    big = t.make_file("big", 100 * MiB)
    with t.Serve("--fault", "op=UploadPart,hold=2s") as server:
        r = server.xferdb("put", big, "s3://bkt/k", "--wait=none", "--linger", "300ms", "--json")
        t.equal((r.verdict["answer"], r.verdict["outcome"]), ("does-not-block", "lost"), r)
        upload = r.call["transfers"][0]["upload_id"]
        t.true(upload, r)
        t.true(upload in r.err, r)                                  # the sentence for people names it
        listed = server.client().get("/bkt", query=[("uploads", "")]).body.decode()
        t.true(upload in listed, listed)
        t.equal(server.client().get("/bkt/k").status, 404)
    r = put(big, "--wait", "none", "--linger", "0")
    t.equal((r.verdict["answer"], r.verdict["outcome"], r.status), ("does-not-block", "lost", 0), r)
    t.equal(r.json["command"], "put")


def test_strict_makes_a_loss_status_1():
    big = t.make_file("big", 100 * MiB)
    t.equal(put(big, "--wait", "none", "--linger", "0", "--strict").status, 1)
    t.equal(put(big, "--strict").status, 0)


def test_without_threads_everything_is_inline():
    r = put(t.make_file("big", 100 * MiB), "--no-threads")
    t.equal((r.verdict["answer"], r.verdict["basis"], r.verdict["outcome"]), ("blocks", "inline", "stored"), r)
    t.equal([x["name"] for x in r.json["threads"]], ["main"], r)
    t.equal(r.json["peak_concurrency"], 1, r)


def test_one_barrier_each():
    big = t.make_file("big", 100 * MiB)
    for wait, name in ("result", "result"), ("exit", "manager exit"):
        v = put(big, "--wait", wait).verdict
        t.equal((v["answer"], sufficient(v)), ("blocks", [name]), v["barriers"])


# ---- sizes

def requests(server, *args):
    """The operations an upload makes, in order of their begin, from its trace."""
    trace = t.tmp("sizes.xft")
    r = server.xferdb("put", *args, "-o", trace, "--quiet")
    t.equal(r.status, 0, r)
    r = t.xferdb("events", trace, "--json", "--filter", "request_start")
    return [e["op"] for e in r.jsonl if e["event"] == "request_start"]


def test_sizes_take_the_right_requests_and_no_more():
    with t.Serve() as server:
        for size, expected in [(0, ["PutObject"]), (8 * MiB - 1, ["PutObject"]),
                               (8 * MiB, ["CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"])]:
            path = t.make_file("s%d" % size, size)
            t.equal(requests(server, path, "s3://bkt/k"), expected)
            with open(path, "rb") as f:
                t.equal(server.client().get("/bkt/k").body, f.read())


def test_an_empty_file_counts_as_one_part():
    r = put(t.make_file("empty", 0))
    t.equal((r.verdict["answer"], r.verdict["parts"], r.call["transfers"][0]["multipart"]), ("blocks", 1, False), r)


def test_a_pipe_and_several_files():
    with t.Serve() as server:
        a, b = t.make_file("a", 9 * MiB), t.make_file("b", 5, seed=2)
        with open(a, "rb") as f:
            data = f.read()
        t.equal(server.xferdb("put", "-", "s3://bkt/pipe", input=data).status, 0)
        t.equal(server.client().get("/bkt/pipe").body, data)
        r = server.xferdb("put", a, b, "s3://bkt/pre/", "--json")
        t.equal([x["key"] for x in r.call["transfers"]], ["pre/a", "pre/b"], r)
        t.equal(server.client().get("/bkt/pre/a").body, data)


# ---- memory

class Sink(http.server.BaseHTTPRequestHandler):
    """Answers an upload as S3 would and drops the bytes."""
    protocol_version = "HTTP/1.1"
    etag = '"%032x"' % 0

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if "uploadId" in self.path:
            self.answer("<CompleteMultipartUploadResult><ETag>%s</ETag></CompleteMultipartUploadResult>" % self.etag)
        else:
            self.answer("<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>")

    def do_PUT(self):
        left = int(self.headers["Content-Length"])
        while left:
            left -= len(self.rfile.read1(min(left, MiB)))
        self.answer("")

    def answer(self, text):
        self.send_response(200)
        self.send_header("ETag", self.etag)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


# Runs a program and prints its peak of resident memory in KiB; in an interpreter of its own, which is small.
PEAK = ("import os, sys; pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ); "
        "_, status, used = os.wait4(pid, 0); print(used.ru_maxrss); sys.exit(status != 0)")


def test_memory_does_not_grow_with_the_file():
    if t.SLOW > 1:
        t.skip("a sanitizer's memory says nothing")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Sink)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    env = t.environment(AWS_ENDPOINT_URL="http://127.0.0.1:%d" % server.server_port,
                        AWS_ACCESS_KEY_ID="a", AWS_SECRET_ACCESS_KEY="b")
    peaks = []
    for size in 100 * MiB, 4096 * MiB:
        path = t.tmp("holes")
        with open(path, "wb") as f:
            f.truncate(size)
        r = t.run(sys.executable, "-SEc", PEAK, t.XFERDB, "put", path, "s3://bkt/k", "--quiet",
                  "--no-sign-request", env=env)
        t.equal(r.status, 0, r)
        peaks.append(int(r.out))
    # half a KiB a part for Complete, and a trace of 2.4 MiB, none of which is resident
    t.true(peaks[1] < peaks[0] + 1536, "100 MiB: %d KiB resident, 4 GiB: %d KiB" % tuple(peaks))


# ---- outputs

def test_every_document_fits_the_schema():
    documents = schema.load()["document"]
    big = t.make_file("big", 20 * MiB)
    for args in ([], ["--no-threads"], ["--wait=none"], ["--wait=none", "--linger=0"], ["--no-trace"],
                 ["--endpoint-url", "http://127.0.0.1:1", "--max-attempts", "1"]):
        local = [] if "--endpoint-url" in args else ["--local"]
        r = t.xferdb("put", big, "s3://bkt/k", "--json", *local, *args,
                     env=t.environment(AWS_ACCESS_KEY_ID="a", AWS_SECRET_ACCESS_KEY="b"))
        t.equal(r.out.count("\n"), 1, r)
        schema.check(r.json, documents)


def test_every_event_fits_the_schema():
    events = schema.load()["events"]
    t.equal(put(t.make_file("big", 20 * MiB)).status, 0)
    for line in t.xferdb("events", "--json").jsonl:
        schema.check_event(line, events)


def judged_keys(first, between):
    """The keys in a run's verdict, after another run has put its trace in the place of this one's."""
    t.wait_until(lambda: "key=first" in t.xferdb("events").out)
    t.equal(between().call["transfers"][0]["key"], "second")
    if first.popen.stdin:
        first.popen.stdin.close()
    first.wait()
    return [x["key"] for x in json.loads(first.lines[0])["calls"][0]["transfers"]]


def test_a_run_is_judged_by_its_own_trace():
    with t.Serve("--fault", "op=CreateMultipartUpload,hold=60s") as server:
        def between():
            return server.xferdb("put", t.make_file("small", 5), "s3://bkt/second", "--json")

        def start(source, *args, **how):
            return t.Process(t.XFERDB, "put", source, "s3://bkt/first", "--json", *args, env=server.environment(), **how)
        with start("-", stdin=subprocess.PIPE) as first:
            t.equal(judged_keys(first, between), ["first"])
        with start(t.make_file("big", 9 * MiB), "--wait=none", "--linger=3s") as first:
            t.equal(judged_keys(first, between), ["first"])


def test_a_recomputed_verdict_is_the_one_printed():
    trace = t.tmp("t.xft")
    for args in [], ["--wait=none"], ["--no-threads"]:
        r = put(t.make_file("big", 20 * MiB), "-o", trace, *args)
        again = t.xferdb("verdict", trace, "--json")
        first, second = r.json, again.json
        t.equal((first.pop("command"), second.pop("command")), ("put", "verdict"))
        t.equal(first, second)
        t.equal(r.err.splitlines(), again.err.splitlines())


def test_json_into_a_file_leaves_stdout_to_people():
    out = t.tmp("v.json")
    r = t.xferdb("put", "--local", t.make_file("a", 9 * MiB), "s3://bkt/k", "--json=" + out)
    t.equal(r.status, 0, r)
    t.match(r"WAITS \(proved\)", r.out)
    with open(out, encoding="utf-8") as f:
        schema.check(json.load(f), schema.load()["document"])
    t.equal([n for n in os.listdir(t.tmp()) if n.startswith("v.json")], ["v.json"])     # nothing temporary is left


def test_json_that_cannot_be_written_stops_the_run_before_it_sends():
    path = t.make_file("a", 5)
    with t.Serve() as server:
        for where, why in ((t.tmp("no/such/v.json"), "No such file"), (t.tmp(), "is a folder")):
            r = server.xferdb("put", path, "s3://bkt/k", "--json=" + where)
            t.equal((r.status, r.out), (2, ""), r)
            t.true(why in r.err, r)
        t.equal(server.client().get("/bkt/k").status, 404)


def test_json_onto_a_device_is_written_into_it():
    path = t.make_file("a", 5)
    r = t.xferdb("put", "--local", "--quiet", path, "s3://bkt/k", "--json=/dev/stdout")
    schema.check(r.json, schema.load()["document"])
    r = t.xferdb("put", "--local", "--quiet", path, "s3://bkt/k", "--json=/dev/full")
    t.equal((r.status, r.err), (3, "xferdb: the JSON could not be written to /dev/full: No space left on device\n"), r)


def test_quiet_says_nothing():
    r = t.xferdb("put", "--local", "--quiet", t.make_file("a", 5), "s3://bkt/k")
    t.equal((r.status, r.out, r.err), (0, "", ""))


def test_expectations():
    path = t.make_file("a", 9 * MiB)
    for words, status in [("blocks", 0), ("blocks,stored", 0), ("stored", 0), ("blocks,unproven,stored", 0),
                          ("does-not-block", 1), ("blocks,lost", 1), ("lost", 1), ("unknown", 1)]:
        r = t.xferdb("put", "--local", path, "s3://bkt/k", "--expect", words)
        t.equal(r.status, status, r)
        t.equal("expected " + words in r.err, status == 1, r)


def test_the_trace_goes_to_the_state_folder_and_is_private():
    path = t.make_file("a", 5)
    env = t.environment(XDG_STATE_HOME=None)
    r = t.xferdb("put", "--local", path, "s3://bkt/k", "--json", env=env)
    trace = os.path.join(env["HOME"], ".local/state/xferdb/last.xft")
    t.equal(r.json["trace"], trace)
    t.equal(stat.S_IMODE(os.stat(trace).st_mode), 0o600)
    t.equal(stat.S_IMODE(os.stat(os.path.dirname(trace)).st_mode), 0o700)
    t.match(r"WAITS", t.xferdb("verdict", env=env).out)


def test_colour_only_where_it_is_welcome():
    path = t.make_file("a", 9 * MiB)
    for env, args, coloured in [({}, [], True), ({"NO_COLOR": "1"}, [], False), ({"NO_COLOR": ""}, [], True),
                                ({}, ["--plain"], False), ({"TERM": "dumb"}, [], False)]:
        with t.Pty(t.XFERDB, "put", "--local", path, "s3://bkt/k", *args,
                   env=t.environment(**{"TERM": "xterm-256color", **env})) as p:
            t.equal(p.wait(), 0, p.text)
            t.match(r"WAITS \(proved\)", p.text)
            t.equal("\033[1;32m" in p.text, coloured, (env, args, p.text))


# ---- errors

def failed(r, code=None, says=""):
    t.equal(r.status, 3, r)
    v, x = r.verdict, r.call["transfers"][0]
    t.equal(v["outcome"], "failed", r)
    t.equal(x["status"], "failed", r)
    t.true(x["error"]["message"] and says in x["error"]["message"], r)
    t.true(x["error"]["message"] in r.err, r)
    if code:
        t.equal(x["error"]["code"], code, r)


def test_a_missing_bucket():
    big = t.make_file("big", 20 * MiB)
    with t.Serve(auto_bucket=False) as server:
        for path in big, t.make_file("small", 5):
            failed(server.xferdb("put", path, "s3://nobucket/k", "--json"), "NoSuchBucket", "nobucket")


def test_a_wrong_secret():
    with t.Serve() as server:
        env = server.environment(AWS_SECRET_ACCESS_KEY="CANARY-wrong")
        r = server.xferdb("put", t.make_file("big", 20 * MiB), "s3://bkt/k", "--json", env=env)
        failed(r, "SignatureDoesNotMatch")
        t.true("CANARY" not in r.out + r.err, r)


def test_a_refused_connection():
    env = t.environment(AWS_ACCESS_KEY_ID="a", AWS_SECRET_ACCESS_KEY="b")
    r = t.xferdb("put", t.make_file("a", 5), "s3://bkt/k", "--json", "--max-attempts", "1", "--endpoint-url",
                 "http://127.0.0.1:%d" % t.free_port(), env=env)
    failed(r, says="nobody listens")


def test_what_was_never_sent_is_not_said_to_be_left_behind():
    env = t.environment(AWS_ACCESS_KEY_ID="a", AWS_SECRET_ACCESS_KEY="b")
    r = t.xferdb("put", t.make_file("a", 9 * MiB), "s3://bkt/k", "--json", "--max-attempts", "2", "--endpoint-url",
                 "http://127.0.0.1:%d" % t.free_port(), env=env)
    failed(r, says="nobody listens")
    t.equal(r.call["transfers"][0]["error"]["request_id"], None, r)
    t.true("left" not in r.err and "may be" not in r.err, r)


def test_a_run_that_is_left_says_why_it_failed_so_far():
    with t.Serve("--fault", "op=create,status=403") as server:
        r = server.xferdb("put", t.make_file("b", 9 * MiB), "s3://bkt/k", "--json", "--no-wait", "--linger", "0")
    failed(r, "AccessDenied")
    t.equal(r.verdict["answer"], "does-not-block", r)


def test_an_unreadable_file():
    path = t.make_file("secret", 5)
    os.chmod(path, 0)
    os.chmod(t.tmp(), 0o755)
    env = t.environment()
    if os.geteuid() == 0:
        nobody = 65534
        os.chown(t.tmp(), nobody, nobody)
        r = t.run(t.need("setpriv"), "--reuid=%d" % nobody, "--clear-groups", t.XFERDB, "put", "--local", path,
                  "s3://bkt/k", env=env)
        if r.status in (126, 127):
            t.skip("the program cannot be run by another user here")
    else:
        r = t.xferdb("put", "--local", path, "s3://bkt/k", env=env)
    t.equal(r.status, 2, r)
    t.match("cannot read .*Permission denied", r.err)


def test_a_failing_part_leaves_nothing_behind():
    big = t.make_file("big", 40 * MiB)
    with t.Serve("--fault", "part=3,status=403") as server:
        r = server.xferdb("put", big, "s3://bkt/k", "--json")
        failed(r)
        t.equal(r.call["transfers"][0]["error"]["part"], 3, r)
        t.equal(r.call["transfers"][0]["error"]["http_status"], 403, r)
        t.true(b"<Upload>" not in server.client().get("/bkt", query=[("uploads", "")]).body)
        t.equal(server.client().get("/bkt/k").status, 404)


# ---- the trace cannot be written

def test_no_room_for_the_trace_does_not_fail_the_upload():
    big = t.make_file("big", 20 * MiB)
    with t.Serve() as server:
        for out in "/dev/full", t.tmp("no/such/folder/t.xft"):
            r = server.xferdb("put", big, "s3://bkt/k", "--json", "-o", out)
            t.equal((r.status, r.verdict["answer"], r.json["trace"]), (0, "blocks", None), r)
            t.equal(r.err.count("warning"), 1, r)


def test_leaving_early_is_judged_from_memory_too():
    big = t.make_file("big", 100 * MiB)
    r = put(big, "--wait=none", "--linger=0", "-o", "/dev/full")
    t.equal((r.status, r.verdict["answer"], r.verdict["outcome"], r.json["trace"]),
            (0, "does-not-block", "lost", None), r)
    r = put(big, "--wait=none", "--linger=0", "--no-trace")
    t.equal((r.status, r.json["calls"]), (0, []), r)


def test_closed_streams_do_no_harm():
    path = t.make_file("a", 9 * MiB)
    trace = t.tmp("t.xft")
    r = t.run("/bin/sh", "-c", 'exec "$0" "$@" <&- >&- 2>&-', t.XFERDB, "put", "--local", path, "s3://bkt/k",
              "-o", trace)
    t.equal(r.status, 0, r)
    t.match("WAITS", t.xferdb("verdict", trace).out)


def test_a_fifo_by_name():
    data, fifo = t.make_bytes(9 * MiB), t.tmp("fifo")
    os.mkfifo(fifo)
    with t.Serve() as server:
        writer = subprocess.Popen(["/bin/sh", "-c", 'cat >"$0"', fifo], stdin=subprocess.PIPE)
        p = t.Process(t.XFERDB, "put", fifo, "s3://bkt/k", "--quiet", env=server.environment())
        writer.communicate(data)
        t.equal((p.wait(), writer.returncode), (0, 0), p.text())
        t.equal(server.client().get("/bkt/k").body, data)


def test_a_full_disk_under_the_trace_does_not_fail_the_upload():
    import resource
    big = t.make_file("big", 20 * MiB)
    with t.Serve() as server:
        for limit in 0, 4096, 70000, 300000:
            r = server.xferdb("put", big, "s3://bkt/k", "--json", "-o", t.tmp("t.xft"), preexec_fn=lambda limit=limit: (
                signal.signal(signal.SIGXFSZ, signal.SIG_IGN),
                resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))))
            t.equal((r.status, r.verdict["answer"], r.verdict["outcome"]), (0, "blocks", "stored"), r)


# ---- signals

def seen(wanted):
    """Has such an event been recorded by now? To be waited for."""
    return lambda: t.xferdb("events", t.tmp("t.xft"), "--filter", wanted).out


def start_slow(server, *args):
    """An upload whose parts are all sent and held."""
    if os.path.exists(t.tmp("t.xft")):
        os.unlink(t.tmp("t.xft"))               # what an earlier run sent is not this one's
    big = t.make_file("big", 40 * MiB)
    p = t.Process(t.XFERDB, "put", big, "s3://bkt/k", "--json", "-o", t.tmp("t.xft"), *args, env=server.environment())
    t.wait_until(seen("part_sent"), 60, every=0.1)
    return p


def test_an_interrupt_aborts_and_ends_with_130():
    for number in signal.SIGINT, signal.SIGTERM:
        with t.Serve("--fault", "op=UploadPart,hold=200s") as server:
            p = start_slow(server)
            p.signal(number)
            t.equal(p.wait(30), 130, p.text())      # long before any answer
            t.true(b"<Upload>" not in server.client().get("/bkt", query=[("uploads", "")]).body)
            printed = [line for line in p.lines if line]
            t.equal(len(printed), 1, p.text())
            document = json.loads(printed[-1])
            schema.check(document, schema.load()["document"])
            t.equal(document["calls"][0]["verdict"]["outcome"], "cancelled", document)


def test_an_interrupt_before_anything_began_is_told_as_well():
    small = t.make_file("small", MiB)
    for i in range(12):
        p = t.Process(t.XFERDB, "put", "--local", "--json", small, "s3://bkt/k")
        time.sleep(0.005 * i)
        p.signal(signal.SIGINT)
        status = p.wait(30)
        if status not in (-signal.SIGINT, 0):       # before it listened; when all was done
            t.equal((status, len([line for line in p.lines if line])), (130, 1), p.text())


def test_a_second_interrupt_names_what_is_left():
    with t.Serve("--fault", "op=UploadPart,hold=200s", "--fault", "op=abort,hold=200s") as server:
        p = start_slow(server)
        p.signal(signal.SIGINT)
        t.wait_until(seen("request_start op=AbortMultipartUpload"), 60, every=0.1)
        t.true(p.running(), p.text())
        p.signal(signal.SIGINT)
        t.equal(p.wait(30), 130, p.text())
        t.match(r"multipart upload \S+ of s3://bkt/k is left", p.text())


def test_a_killed_run_can_be_read():
    with t.Serve("--fault", "op=UploadPart,hold=200s") as server:
        p = start_slow(server)
        p.signal(signal.SIGKILL)
        p.wait()
        uploads = server.client().get("/bkt", query=[("uploads", "")]).body.decode()
    r = t.xferdb("verdict", t.tmp("t.xft"), "--json")
    t.equal((r.status, r.verdict["answer"], r.verdict["outcome"]), (0, "not-returned", "lost"), r)
    upload = r.call["transfers"][0]["upload_id"]
    t.true(upload and upload in uploads, r)
    t.true(upload in r.err, r)
    t.true(r.verdict["waiting_on"], r)
    lines = t.xferdb("events", t.tmp("t.xft"), "--json").jsonl
    t.true(len(lines) > 50)
    t.true(not any(line["event"] == "call_return" for line in lines))


# ---- secrets

def test_a_canary_is_in_no_output():
    secret = "CANARYsecretCANARYsecretCANARYse"        # 32 bytes: it is a customer's key, too
    path = t.make_file("big", 20 * MiB)
    trace = t.tmp("t.xft")
    with t.Serve() as server:
        env = server.environment(AWS_SECRET_ACCESS_KEY=secret, AWS_SESSION_TOKEN=secret + "T")
        r = server.xferdb("put", path, "s3://bkt/k", "--json", "-o", trace, "--sse-c-key", secret, env=env)
        good = server.xferdb("put", path, "s3://bkt/k", "--json", "-o", trace + "2")
        outputs = [r.out_bytes, r.err_bytes]
        for file in trace, trace + "2":
            with open(file, "rb") as f:
                outputs.append(f.read())
            for args in ["events"], ["events", "--json"], ["verdict"], ["verdict", "--json"]:
                x = t.xferdb(*args, file)
                outputs += [x.out_bytes, x.err_bytes]
        t.equal(good.status, 0, good)
        for needle in b"CANARY", server.secret.encode(), b"X-Amz-Signature", b"Authorization", b"Signature=":
            for text in outputs:
                t.true(needle not in text, needle)


def test_a_key_given_as_a_flag_leaves_the_process_list():
    secret = "CANARYsecretCANARYsecretCANARYse"
    with t.Serve("--fault", "op=put,hold=3s") as server:
        p = t.Process(t.XFERDB, "put", t.make_file("a", 5), "s3://bkt/k", "--sse-c-key", secret, "--sse-c",
                      env=server.environment())
        t.wait_until(lambda: os.path.exists("/proc/%d/task" % p.pid) and len(os.listdir("/proc/%d/task" % p.pid)) > 2)
        with open("/proc/%d/cmdline" % p.pid, "rb") as f:
            line = f.read()
        t.true(b"--sse-c-key\0****" in line, line)
        t.true(b"CANARY" not in line, line)


# ---- the terminal

def test_progress_is_shown_on_a_terminal_only():
    path = t.make_file("big", 20 * MiB)
    with t.Pty(t.XFERDB, "put", "--local", path, "s3://bkt/k", "--max-bandwidth", "10MB") as p:
        t.equal(p.wait(), 0, p.text)
        t.match(r"parts  .*in flight", p.text)
    r = t.xferdb("put", "--local", path, "s3://bkt/k", "--max-bandwidth", "10MB")
    t.true("in flight" not in r.out + r.err, r)


def test_the_screen_shows_lanes_and_gives_the_terminal_back():
    path = t.make_file("big", 40 * MiB)
    with t.Pty(t.XFERDB, "put", "--local", path, "s3://bkt/k", "--tui", "--max-bandwidth", "20MB", size=(30, 100)) as p:
        before = p.modes()
        p.expect("request-1")
        p.resize(24, 80)
        p.expect(" join ")
        p.resize(5, 20)
        p.expect("too small")
        p.resize(30, 100)
        p.expect(r"WAITS \(proved\)", 30)
        p.send("q")
        t.equal(p.wait(), 0, p.text)
        t.equal(p.modes()[:4], before[:4])
        t.true(p.text.rstrip().rfind("\033[?1049l") > 0, p.text[-500:])
        t.match(r"\033\[\?1049l[\s\S]*WAITS \(proved\)", p.text)    # the line stays on the normal screen


def test_the_screen_is_given_back_on_an_interrupt():
    path = t.make_file("big", 40 * MiB)
    with t.Pty(t.XFERDB, "put", "--local", path, "s3://bkt/k", "--tui", "--max-bandwidth", "5MB", size=(30, 100)) as p:
        before = p.modes()
        p.expect("request-1")
        p.kill(signal.SIGTERM)
        t.equal(p.wait(), 130, p.text[-2000:])
        t.equal(p.modes()[:4], before[:4])
        t.true("\033[?1049l" in p.text, p.text[-500:])


def test_a_pipe_that_nobody_writes_to_is_named_when_it_hangs():
    """Killed in the middle of reading: who waits, and for what, is that thread, at the source."""
    path, trace = t.tmp("pipe"), t.tmp("hang.xft")
    os.mkfifo(path)
    writer = os.open(path, os.O_RDWR)
    with open(path, "rb") as source:
        p = subprocess.Popen([t.XFERDB, "put", "--local", "-q", "-o", trace, "-", "s3://bkt/k"], stdin=source, env=t.environment())
        t.wait_until(lambda: os.path.exists(trace) and "part_reading" in t.xferdb("events", trace, "--json").out, 30)
        p.kill()
        p.wait()
    os.close(writer)
    r = t.xferdb("verdict", trace, "--json")
    t.equal(r.verdict["answer"], "not-returned", r)
    t.match(r"submit-1 is reading the source", r.err + r.out)


if __name__ == "__main__":
    t.main()
