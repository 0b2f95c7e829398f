"""Planted bottlenecks are named by `explain`, its causes add up, and its predictions come true."""
import os
import subprocess
import sys
import time

import schema
import t

MiB = t.MiB


def run(*args, size=42 * MiB, input=None, disk=None):
    trace = os.path.join(t.tmp(), "run.xft")
    source = "-" if input else t.make_file("f%d" % size, size)
    command = ["put", "--local", "-q", "-o", trace, "--part-size", "5MB", source, "s3://bucket/k", *args]
    if input:
        program = subprocess.Popen([os.environ["XFERDB"]] + command, stdin=subprocess.PIPE, env=t.environment())
        input(program.stdin)
        program.stdin.close()
        t.equal(program.wait(), 0)
    else:
        slow = {"LD_PRELOAD": os.path.join(t.BUILD, "tests", "slow_disk.so"), "SLOW_DISK": str(disk)} if disk else {}
        r = t.xferdb(*command, env=dict(t.environment(), **slow))
        t.equal(r.status, 0, r)
    return trace


def explain(trace, *args):
    r = t.xferdb("explain", trace, "--json", *args)
    t.equal(r.status, 0, r)
    call = r.json["calls"][0]
    schema.check_document(r.json)
    t.equal(sum(call["causes_ns"].values()), call["wall_ns"])
    at = call["path"][0]["begin_ns"]
    for step in call["path"]:
        t.equal(step["begin_ns"], at)
        at = step["end_ns"]
    t.equal(at - call["path"][0]["begin_ns"], call["wall_ns"])
    for p in call["predictions"]:
        t.true(0 <= p["low_ns"] <= p["ns"] <= p["high_ns"] and p["margin_ns"] == max(p["ns"] - p["low_ns"], p["high_ns"] - p["ns"]), p)
    return call


def test_requests_are_told_in_numbers():
    traffic = explain(run("--concurrency", "2", "--fault", "part=3,status=503,times=1"))["traffic"]
    t.equal((traffic["requests"], traffic["retries"], traffic["failures"]), (9 + 2 + 1, 1, 1), traffic)   # the look of --verify is not among them
    t.equal(traffic["phases"]["whole"]["requests"], traffic["answered"], traffic)
    for phase in traffic["phases"].values():
        t.true(phase["p50_ns"] <= phase["p99_ns"], traffic)
    t.equal(traffic["parts_in_flight_peak"], 2, traffic)
    t.equal(len(traffic["parts_in_flight"]), 20, traffic)
    t.true(max(traffic["parts_in_flight"]) <= 2.0001, traffic)
    t.true(traffic["connections"] + traffic["reused"] == traffic["requests"], traffic)
    t.true(1 <= traffic["slowest"]["part"] <= 9, traffic)


def test_the_processors_of_the_machine_are_known():
    """Those this process may run on; their time for the embedded endpoint counts, for that of another it is not known."""
    with_server = explain(run("--concurrency", "1", "--fault", "latency=20ms"))
    t.equal(with_server["processors"], len(os.sched_getaffinity(0)), with_server)
    with t.Serve() as server:
        trace = t.tmp("run.xft")
        r = server.xferdb("put", "-q", "-o", trace, "--part-size", "5MB", "--concurrency", "1", t.make_file("f", 42 * MiB), "s3://bucket/k")
        t.equal(r.status, 0, r)
    without = explain(trace)
    t.true(0 < without["processors_busy_ns"] < with_server["processors_busy_ns"], (without, with_server))


def test_our_own_look_at_the_object_is_no_request_of_the_call():
    """--verify asks with a HEAD right after the return, which is answered 404 where the call did not wait."""
    path = run("--no-wait", "--verify", "--fault", "latency=300ms")
    events = [e for e in t.xferdb("events", path, "--json").out.splitlines() if '"verify":true' in e]
    t.equal(len(events), 1, events)
    traffic = explain(path)["traffic"]
    t.equal((traffic["requests"], traffic["failures"]), (9 + 2, 0), traffic)


def bound(*args, **how):
    return explain(run(*args, **how))["bound"]


def test_what_a_call_does_not_wait_for_does_not_hold_it_back():
    call = explain(run("--no-wait", "--fault", "latency=300ms"))
    t.equal(call["bound"], "none", call["sentence"])
    t.match(r"^nothing held it back: it returned before 9 of 9 parts were done$", call["sentence"])
    r = t.xferdb("explain", t.tmp("run.xft"))
    t.match(r"^upload_file took [^;]*; nothing held it back: ", r.out)


def test_a_few_bytes_fill_no_line():
    for size in (0, 1000):
        call = explain(run("--fault", "latency=300ms", size=size))
        t.equal(call["bound"], "server", call["sentence"])


def test_a_latency_is_the_server():
    t.equal(bound("--concurrency", "10", "--fault", "latency=1s"), "server")


def test_a_small_concurrency_is_named():
    t.equal(bound("--concurrency", "1", "--fault", "latency=200ms"), "concurrency")


def test_a_thin_line_is_the_bandwidth():
    t.equal(bound("--concurrency", "4", "--fault", "bandwidth=15MB"), "bandwidth")


def test_one_request_at_a_time_tells_a_thin_line_from_a_slow_answer():
    """All parts alike, one after the other, and answers late in both: the kernel knows when the last byte had arrived."""
    t.equal(bound("--concurrency", "1", "--fault", "bandwidth=10MB", size=20 * MiB), "bandwidth")
    t.equal(bound("--concurrency", "1", "--fault", "op=UploadPart,latency=500ms", size=20 * MiB), "concurrency")


def test_a_limit_of_ones_own_is_told_from_the_line():
    t.equal(bound("--max-bandwidth", "15MB"), "bandwidth-limit")


def test_one_slow_part_is_named():
    call = explain(run("--fault", "part=3,hold=3s"))
    t.equal(call["bound"], "slow-part")
    t.true("part 3" in call["sentence"], call["sentence"])


def test_repeated_requests_are_named():
    t.equal(bound("--fault", "op=UploadPart,part=2,status=503,times=3"), "retries")


def test_a_slow_writer_of_the_pipe_is_the_source():
    def slowly(pipe):
        for _ in range(40):
            pipe.write(b"x" * MiB)
            time.sleep(0.05)
    t.equal(bound(input=slowly), "source")


def test_a_slow_reader_of_the_pipe_is_the_destination():
    with t.Serve() as server:
        t.equal(server.xferdb("put", "-q", t.make_file("f", 20 * MiB), "s3://bucket/k").status, 0)
        reader = "import sys, time\nwhile sys.stdin.buffer.read(1 << 20): time.sleep(0.1)"
        r = t.run("sh", "-c", '"$XFERDB" get s3://bucket/k - -q -o "$0" | "$1" -c "$2"', t.tmp("get.xft"), sys.executable, reader, env=server.environment(XFERDB=t.XFERDB), timeout=60 * t.SLOW)
        t.equal(r.status, 0, r)
    call = explain(t.tmp("get.xft"))
    t.equal(call["bound"], "destination", (call["sentence"], call["causes_ns"]))
    t.true(call["causes_ns"]["writing"] > 0.7 * call["wall_ns"], call["causes_ns"])


def test_a_slow_disk_is_named_signed_or_not():
    """Signed, a first pass hashes what a second one sends; unsigned, reading is a part of sending."""
    for extra in ((), ("--no-sign-request",)):
        for concurrency in ("2", "10"):
            if t.SLOW > 1:
                t.skip("the disk has to be slower than an instrumented program")
            call = explain(run("--concurrency", concurrency, *extra, disk=20))
            t.equal(call["bound"], "disk", call["sentence"])
            t.true(call["causes_ns"]["reading"] > call["wall_ns"] / 2, call["causes_ns"])


def test_a_small_read_ahead_is_named():
    def at_once(pipe):
        for _ in range(40):
            pipe.write(b"x" * MiB)
    t.equal(bound("--max-in-memory-upload-chunks", "1", "--fault", "latency=300ms", input=at_once), "read-ahead")


def test_predictions_come_true_in_nine_of_ten():
    cases = [(fault, now, then) for fault in ("latency=250ms", "latency=400ms", "op=UploadPart,latency=500ms", "bandwidth=20MB",
                                              "bandwidth=12MB") for now, then in ((2, 4), (4, 2))]
    good, seen = 0, []
    for fault, now, then in cases:
        call = explain(run("--concurrency", str(now), "--fault", fault, size=62 * MiB), "--predict", "max-concurrency=%d" % then)
        predicted = call["predictions"][0]["ns"]
        real = explain(run("--concurrency", str(then), "--fault", fault, size=62 * MiB))["wall_ns"]
        seen.append((fault, now, then, predicted / 1e9, real / 1e9))
        good += abs(predicted - real) <= 0.15 * real
    t.true(good >= 9, seen)


def test_a_download_is_explained_too():
    """Its bytes come behind the answer's first: they share the line, too."""
    folder = t.tmp("store")
    os.mkdir(folder)
    with t.Serve("--dir", folder) as server:
        t.equal(server.xferdb("put", "-q", "--part-size", "5MB", t.make_file("f", 20 * MiB), "s3://bucket/k").status, 0)
    for fault, expected, one, four in (("bandwidth=5MB", "bandwidth", 4, 4), ("latency=2s", "server", 8, 2)):
        with t.Serve("--dir", folder, "--fault", fault) as server:
            r = server.xferdb("get", "-q", "-o", t.tmp("get.xft"), "--part-size", "5MB", "--concurrency", "4", "s3://bucket/k", t.tmp("got"))
            t.equal(r.status, 0, r)
        call = explain(t.tmp("get.xft"), "--predict", "max-concurrency=1", "--predict", "max-concurrency=4")
        t.equal(call["bound"], expected, (call["sentence"], call["causes_ns"]))
        for p, seconds in zip(call["predictions"], (one, four)):
            t.near(p["ns"] / 1e9, seconds + (2 if expected == "server" else 0), 1.5, call["predictions"])   # and a HEAD


def test_another_programs_upload_is_explained_too():
    """Python polls and locks in the midst of a request: it is the request that takes the time."""
    try:
        import boto3  # noqa: F401
    except ImportError:
        t.skip("boto3 is not here")
    program, path = t.tmp("upload.py"), t.make_file("f", 20 * MiB)
    with open(program, "w", encoding="utf-8") as out:
        out.write("import boto3, sys\n"
                  "from boto3.s3.transfer import TransferConfig\n"
                  "boto3.client('s3').upload_file(sys.argv[1], 'bucket', 'k', Config=TransferConfig(\n"
                  "    max_concurrency=int(sys.argv[2]), multipart_chunksize=5 << 20, multipart_threshold=5 << 20))\n")
    for workers, fault, expected in (("4", "bandwidth=5MB", "bandwidth"), ("1", "latency=1s", "concurrency"), ("4", "latency=2s", "server")):
        trace = t.tmp("run.xft")
        r = t.xferdb("trace", "--local", "-q", "-o", trace, "--fault", fault, "--", sys.executable, program, path, workers)
        t.equal(r.status, 0, r)
        call = explain(trace)
        t.equal(call["bound"], expected, (fault, call["sentence"], call["causes_ns"]))


def test_diff_finds_what_changed_and_only_that():
    import shutil
    for side, latency in (("A", "100ms"), ("B", "400ms")):
        os.mkdir(os.path.join(t.tmp(), side))
        for n in range(3):
            shutil.move(run("--fault", "latency=" + latency), os.path.join(t.tmp(), side, "%d.xft" % n))
    r = t.xferdb("diff", os.path.join(t.tmp(), "A"), os.path.join(t.tmp(), "B"), "--json")
    t.equal(r.status, 0, r)
    measures = {m["measure"]: m for m in r.json["measures"]}
    t.true(measures["wall_ns"]["changed"] and measures["wall_ns"]["b"] > measures["wall_ns"]["a"], measures["wall_ns"])
    t.true(measures["server_ns"]["changed"], measures["server_ns"])
    t.true(not measures["requests"]["changed"] and not measures["retries"]["changed"])
    t.equal((r.json["a"]["runs"], r.json["b"]["runs"]), (3, 3))
    schema.check_document(r.json)
    t.equal(r.json["settings"], [])


def test_diff_says_where_a_side_was_not_set_alike():
    import shutil
    for n, threads in enumerate(("yes", "no")):
        shutil.move(run("--threads=" + threads, size=1000), t.tmp("%d.xft" % n))
    one, other = t.tmp("0.xft"), t.tmp("1.xft")
    r = t.xferdb("diff", one + "," + other, one)
    t.match(r"^set differently: use_threads various, 1$", r.out)


def test_diff_names_what_was_set_differently():
    import shutil
    sides = []
    for n, concurrency in enumerate(("2", "4")):
        sides.append(os.path.join(t.tmp(), "%d.xft" % n))
        shutil.move(run("--concurrency", concurrency, size=1 * MiB), sides[-1])
    r = t.xferdb("diff", *sides, "--json")
    t.equal(r.json["settings"], [{"name": "max_request_concurrency", "a": "2", "b": "4"}], r)
    t.match(r"^set differently: max_request_concurrency 2, 4$", r.err)


if __name__ == "__main__":
    t.main()
