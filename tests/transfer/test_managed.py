"""Managed transfers, section by section: what is asked on the wire, by how many, and in which order."""
import base64
import hashlib
import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import schema  # noqa: E402
import scripted  # noqa: E402
import t  # noqa: E402

MIB8 = 8 * t.MiB


def put(server, source, *args, key="key", input=None, **how):
    return t.xferdb("put", source, "s3://bucket/" + key, *args, env=scripted.environment(server, t), input=input, **how)


def get(server, target, *args, **how):
    return t.xferdb("get", "s3://bucket/key", target, *args, env=scripted.environment(server, t), **how)


def ops(server):
    return [r.op for r in server.requests]


def last(server):
    """The last request that was answered. (A request the client has dropped may be read late.)"""
    return [r for r in server.requests if r.answered][-1]


# ---- numbers

def test_the_threshold_is_inclusive():
    for size, expected in ((MIB8 - 1, ["put"]), (MIB8, ["create", "part", "complete"]), (0, ["put"])):
        with scripted.Server() as server:
            r = put(server, t.make_file("f", size))
            t.equal((r.status, ops(server)), (0, expected), r)


def test_parts_are_clamped_to_5_mib_and_the_threshold_is_not():
    with scripted.Server() as server:
        t.equal(put(server, t.make_file("f", 6), "--multipart-threshold", 1, "--part-size", 1).status, 0)
        t.equal([len(r.body) for r in server.ops("part")], [6])
    with scripted.Server() as server:
        t.equal(put(server, t.make_file("f", 11 * t.MiB), "--part-size", "1MB").status, 0)
        t.equal(sorted(len(r.body) for r in server.ops("part")), [t.MiB, 5 * t.MiB, 5 * t.MiB])


def test_without_threads_the_order_is_create_parts_complete():
    with scripted.Server() as server:
        r = put(server, t.make_file("f", 20 * t.MiB), "--no-threads", "--json")
        t.equal([(q.op, q.part) for q in server.requests],
                [("create", 0), ("part", 1), ("part", 2), ("part", 3), ("complete", 0)])
        t.equal(len({q.connection for q in server.requests}), 1)
        t.equal([x["name"] for x in r.json["threads"]], ["main"])


def test_a_file_has_as_many_requests_in_flight_as_threads():
    def hold(r):
        """Nobody is answered until twenty ask, and half a second later: time enough for one too many."""
        if r.op == "part":
            t.wait_until(lambda: server.most >= 20)
            return "hold:0.5"
    with scripted.Server(hold) as server:
        r = put(server, t.make_file("f", 25 * 5 * t.MiB), "--part-size", "5MB", "--max-concurrency", 20, "--no-trace")
        t.equal((r.status, server.most), (0, 20), r)


def test_a_pipe_has_ten_in_flight_and_eleven_chunks_read():
    with scripted.Server(lambda r: "stall" if r.op == "part" else None) as server:
        read, write = os.pipe()
        p = t.Process(t.XFERDB, "put", "-", "s3://bucket/key", "--part-size", "5MB", "--multipart-threshold", "5MB",
                      "--max-concurrency", 20, "--no-trace", env=scripted.environment(server, t), stdin=read)
        os.close(read)
        os.set_blocking(write, False)
        sent, block = 0, b"x" * 65536
        quiet = end = time.monotonic() + 60 * t.SLOW
        while time.monotonic() < min(quiet, end):
            try:
                sent += os.write(write, block)
                quiet = end
            except BlockingIOError:
                if quiet == end and sent >= 55 * t.MiB and len(server.ops("part")) >= 10:
                    quiet = time.monotonic() + 1.5 * t.SLOW     # full, it seems: does it stay so?
                time.sleep(0.01)
        t.true(55 * t.MiB <= sent <= 55 * t.MiB + 65536, "%d bytes were read ahead" % sent)
        t.equal(len(server.ops("part")), 10)
        with open("/proc/%d/status" % p.pid) as f:
            peak = int(re.search(r"VmHWM:\s+(\d+)", f.read()).group(1)) // 1024
        t.true(peak < 110 or t.SLOW > 1, "%d MiB resident" % peak)
        p.signal(signal.SIGINT)
        t.equal(p.wait(), 130, p.text())
        t.equal(last(server).op, "abort")
        os.close(write)


# ---- the source

def test_a_pipe_that_drips_makes_full_parts():
    with scripted.Server() as server:
        source = t.make_file("f", 12 * t.MiB)
        r = t.run("/bin/sh", "-c", "dd if=%s bs=3000 status=none | %s put - s3://bucket/key --part-size 5MB "
                  "--multipart-threshold 5MB --no-trace" % (source, t.XFERDB), env=scripted.environment(server, t))
        t.equal(r.status, 0, r)
        t.equal(sorted(len(q.body) for q in server.ops("part")), [2 * t.MiB, 5 * t.MiB, 5 * t.MiB])
        with open(source, "rb") as f:
            t.true(server.objects["/bucket/key"] == f.read())


def test_a_seekable_input_is_taken_from_where_it_stands_and_left_at_its_end():
    source = t.make_file("f", 9 * t.MiB)
    for threshold in ("5MB", "100MB"):
        with scripted.Server() as server, open(source, "rb") as f:
            f.seek(1000)
            r = put(server, "-", "--multipart-threshold", threshold, "--part-size", "5MB", input=f)
            t.equal(r.status, 0, r)
            t.equal(len(server.objects["/bucket/key"]), 9 * t.MiB - 1000)
            t.equal(os.lseek(f.fileno(), 0, os.SEEK_CUR), 9 * t.MiB)


def test_a_shrinking_file_fails_at_once_and_is_aborted():
    source = t.make_file("f", 24 * t.MiB)

    def cut(r):
        if r.op == "create":
            os.truncate(source, 9 * t.MiB)
    with scripted.Server(cut) as server:
        r = put(server, source)
        t.equal(r.status, 3, r)
        t.true(r.seconds < 40 * t.SLOW, r)      # a read limit is 60 s
        t.match("cut|shorter", r.err)
        t.equal(last(server).op, "abort")


def test_an_endless_source_ends_with_the_failure():
    with scripted.Server(lambda r: "403" if r.op == "part" else None) as server:
        with open("/dev/zero", "rb") as zero:
            r = put(server, "-", "--no-trace", input=zero)
        t.equal(r.status, 3, r)
        t.equal(last(server).op, "abort")


# ---- failure

def test_the_first_error_wins_and_queued_parts_are_never_sent():
    with scripted.Server(lambda r: "403" if r.part == 2 else None) as server:
        r = put(server, t.make_file("f", 40 * t.MiB), "--max-concurrency", 1, "--json")
        t.equal(r.status, 3, r)
        t.equal([(q.op, q.part) for q in server.requests],
                [("create", 0), ("part", 1), ("part", 2), ("abort", 0)])
        e = r.call["transfers"][0]["error"]
        t.equal((e["code"], e["http_status"], e["operation"], e["part"]), ("AccessDenied", 403, "UploadPart", 2))


def test_siblings_in_mid_body_stop_and_those_that_wait_are_waited_for():
    def script(r):
        return "403" if r.part == 2 else "slow:40" if r.part == 1 else "hold:0.7" if r.part == 3 else None
    with scripted.Server(script) as server:
        begin = time.monotonic()
        r = put(server, t.make_file("f", 3 * 16 * t.MiB), "--part-size", "16MB", "--max-concurrency", 3, "--no-trace")
        t.equal(r.status, 3, r)
        t.true(time.monotonic() - begin < 35, "part 1 was read to its end")
        third = next(q for q in server.requests if q.part == 3)
        if third.answered:
            t.true(server.ops("abort")[0].began >= third.ended, "the abort came before part 3's answer")
        t.equal(last(server).op, "abort")


def test_200_without_an_etag_is_a_named_error():
    with scripted.Server(lambda r: "noetag" if r.part == 1 else None) as server:
        r = put(server, t.make_file("f", 20 * t.MiB))
        t.equal(r.status, 3, r)
        t.match("without an ETag", r.err)
        t.equal(last(server).op, "abort")


def test_the_original_error_surfaces_when_the_abort_fails_too():
    with scripted.Server(lambda r: "403" if r.part == 2 else "500" if r.op == "abort" else None) as server:
        r = put(server, t.make_file("f", 20 * t.MiB), "--max-attempts", 1)
        t.equal(r.status, 3, r)
        t.match("AccessDenied", r.err)
        t.match("upload u1 .*is left on the service", r.err)


# ---- signals

def interrupted(script, *args, when, number=signal.SIGINT, size=24 * t.MiB):
    """The end of an upload that is signalled when(server). Without the signal it would take a minute or more."""
    server = scripted.Server(script)
    p = t.Process(t.XFERDB, "put", t.make_file("f", size), "s3://bucket/key", "--no-trace", *args,
                  env=scripted.environment(server, t))
    t.wait_until(lambda: when(server))
    begin = time.monotonic()
    p.signal(number)
    status = p.wait(40)
    return server, p, status, time.monotonic() - begin


def test_a_signal_ends_a_stalled_upload_within_a_second():
    for number in (signal.SIGINT, signal.SIGTERM):
        quickest = 60
        for _ in range(8):      # on a busy machine the best of some: that one shows it does not wait for anything
            server, p, status, took = interrupted(lambda r: "stall" if r.part == 2 else None, number=number,
                                                  when=lambda s: any(q.part == 2 for q in s.requests))
            t.equal(status, 130, p.text())
            t.equal((last(server).op, last(server).answered, server.uploads), ("abort", 204, {}), server.requests)
            quickest = min(quickest, took)
            if quickest < 1 * t.SLOW:
                break
        t.true(quickest < 1 * t.SLOW, "%g s" % quickest)


def answers_late(server):
    """Its Complete is carried out and answered when the event is set; returned once a put has come so far."""
    complete, go = server._complete, threading.Event()

    def late(r):
        answer = complete(r)
        server.lock.release()       # the object is there; the answer is not
        go.wait()
        server.lock.acquire()
        return answer
    server._complete = late
    p = t.Process(t.XFERDB, "put", t.make_file("f", 20 * t.MiB), "s3://bucket/key", "--no-trace",
                  env=scripted.environment(server, t))
    t.wait_until(lambda: "/bucket/key" in server.objects)
    return p, go


def is_pending(pid, number):
    with open("/proc/%d/status" % pid) as f:
        return int(re.search(r"ShdPnd:\s+(\w+)", f.read()).group(1), 16) >> (number - 1) & 1


def test_a_complete_in_flight_may_still_succeed():
    server = scripted.Server()
    p, answer = answers_late(server)
    p.signal(signal.SIGINT)
    t.wait_until(lambda: not is_pending(p.pid, signal.SIGINT))
    answer.set()
    # on a machine so busy that half a second is short it is dropped, and settled by the abort's 404
    t.equal((p.wait(), [a for a in server.ops("abort") if a.answered == 204]), (0, []), p.text())
    t.match("too late", p.text())


def test_a_complete_that_stalls_is_dropped_and_aborted():
    server, p, status, took = interrupted(lambda r: "stall" if r.op == "complete" else None,
                                          when=lambda s: s.ops("complete"))
    t.equal((status, server.objects, server.uploads), (130, {}, {}), p.text())


def test_a_complete_carried_out_but_not_answered_is_settled():
    server = scripted.Server()
    p, answer = answers_late(server)
    p.signal(signal.SIGINT)
    status = p.wait(40)
    answer.set()
    t.equal(status, 0, p.text())
    t.true("left on the service" not in p.text(), p.text())
    t.true("aborted" not in p.text(), p.text())
    t.equal(ops(server)[-2:], ["abort", "head"])


def test_a_second_signal_gives_up_the_abort_and_names_the_upload():
    def script(r):
        return "stall" if r.part == 2 or r.op == "abort" else None
    server = scripted.Server(script)
    p = t.Process(t.XFERDB, "put", t.make_file("f", 24 * t.MiB), "s3://bucket/key", "--no-trace",
                  env=scripted.environment(server, t))
    for seen in (lambda: any(q.part == 2 for q in server.requests), lambda: server.ops("abort")):
        t.wait_until(seen)
        p.signal(signal.SIGINT)
    t.equal(p.wait(40), 130, p.text())
    t.match("upload u1 .*is left on the service", p.text())


def test_a_signal_ends_a_bandwidth_sleep_and_a_back_off():
    server, p, status, took = interrupted(lambda r: None, "--max-bandwidth", "100KB",
                                          when=lambda s: s.ops("part"))
    t.equal((status, last(server).op), (130, "abort"), p.text())


def ended_by_a_signal(*args, when, server):
    """The error of a transfer that waits for what never comes, and is interrupted."""
    report = t.tmp("report.json")
    p = t.Process(t.XFERDB, *args, "--json=" + report, env=scripted.environment(server, t))
    t.wait_until(lambda: when(p))
    p.signal(signal.SIGINT)
    t.equal(p.wait(30), 130, p.text())
    with open(report) as f:
        return json.load(f)["calls"][0]["transfers"][0]["error"]


def has_open(p, path):
    """Whether a process has the file open, in any thread: a FIFO's open may block, and is not there yet."""
    folder = "/proc/%d/fd/" % p.pid
    return any(os.path.realpath(folder + fd) == path for fd in os.listdir(folder))


def test_a_signal_ends_the_wait_for_the_other_end_of_a_fifo():
    fifo = t.tmp("fifo")
    os.mkfifo(fifo)
    interrupted_error = {"code": "interrupted", "http_status": None, "operation": None, "part": None,
                         "message": "interrupted (SIGINT)", "request_id": None}
    with scripted.Server() as server:
        for size in (1000, 20 * t.MiB):
            server.store("/bucket/key", t.make_bytes(size))
            asked = len(server.requests)
            error = ended_by_a_signal("get", "s3://bucket/key", fifo, server=server,
                                      when=lambda p: any(r.answered for r in server.ops("get", "range")[asked:]))
            t.equal(error, interrupted_error)
    with scripted.Server() as server: # its own: what a dead get had asked for may still arrive at the other
        error = ended_by_a_signal("put", fifo, "s3://bucket/key", server=server, when=lambda p: has_open(p, fifo))
        t.equal((error, server.requests), (interrupted_error, []))


def test_a_fifo_is_waited_for_until_its_other_end_comes():
    fifo, body = t.tmp("fifo"), t.make_bytes(9 * t.MiB)
    os.mkfifo(fifo)
    with scripted.Server() as server:
        for size in (9 * t.MiB, 0):
            server.store("/bucket/key", body[:size])
            p = t.Process(t.XFERDB, "get", "s3://bucket/key", fifo, env=scripted.environment(server, t))
            t.wait_until(lambda: any(r.answered for r in server.ops("get", "range")))
            with open(fifo, "rb") as f:
                t.true(f.read() == body[:size])
            t.equal(p.wait(), 0, p.text())
            p = t.Process(t.XFERDB, "put", fifo, "s3://bucket/other", env=scripted.environment(server, t))
            t.wait_until(lambda: has_open(p, fifo))
            with open(fifo, "wb") as f:
                f.write(body[:size])
            t.equal(p.wait(), 0, p.text())
            t.true(server.objects["/bucket/other"] == body[:size])
            del server.requests[:]


def download_into(fd, server, *args):
    return subprocess.Popen([t.XFERDB, "get", "s3://bucket/key", "-", "--no-trace", *args], stdout=fd,
                            stderr=subprocess.PIPE, env=scripted.environment(server, t))


def test_a_signal_ends_a_download_whose_reader_stands_still():
    for size in (t.MiB, 20 * t.MiB):
        for make in (os.pipe, lambda: [s.detach() for s in socket.socketpair()]):
            with scripted.Server() as server:
                server.store("/bucket/key", t.make_bytes(size))
                reader, writer = make()
                p = download_into(writer, server)
                t.wait_until(lambda: select.select([reader], [], [], 0)[0])
                p.send_signal(signal.SIGINT)
                _, said = p.communicate(timeout=30 * t.SLOW)
                t.equal(p.returncode, 130, said)
                os.close(reader)
                os.close(writer)


def test_a_descriptor_that_does_not_block_is_waited_for():
    body = t.make_bytes(20 * t.MiB)
    for make in (os.pipe, lambda: [s.detach() for s in socket.socketpair()]):
        with scripted.Server() as server:
            server.store("/bucket/key", body)
            reader, writer = make()
            os.set_blocking(writer, False)
            p = download_into(writer, server)
            os.close(writer)
            with open(reader, "rb") as f:
                t.true(f.read() == body)
            t.equal(p.wait(), 0, p.stderr.read())


# ---- an upload whose Create is not answered

def lost_creates(word, times):
    """The first so many Creates are carried out and not answered; part 2 fails."""
    seen = []

    def script(r):
        if r.op == "create":
            seen.append(r)
            return word if len(seen) <= times else None
        return "403" if r.part == 2 else None
    return script


def test_a_create_that_is_cancelled_unanswered_leaves_nothing():
    server, p, status, took = interrupted(lambda r: "late:50" if r.op == "create" else None,
                                          when=lambda s: s.uploads)
    t.equal((status, server.uploads), (130, {}), p.text())
    t.equal(ops(server), ["create", "uploads", "parts", "abort"], p.text())
    t.match("nothing is left on the service", p.text())


def test_creates_that_were_never_answered_leave_nothing():
    source = t.make_file("f", 20 * t.MiB)
    with scripted.Server(lost_creates("mute", 2)) as server:
        r = put(server, source, "--max-attempts", 2)
        t.equal((r.status, server.uploads, len(server.ops("abort"))), (3, {}, 2), r)
    with scripted.Server(lost_creates("mute", 1)) as server:
        r = put(server, source, "--max-attempts", 2)
        t.equal((r.status, server.uploads, len(server.ops("abort"))), (3, {}, 2), r)
        t.equal((ops(server)[-1], server.requests[-1].query["uploadId"]), ("abort", "u2"))
        t.match("AccessDenied", r.err)


def test_uploads_of_others_are_not_taken_for_ones_own():
    with scripted.Server(lost_creates("mute", 2)) as server:
        just_now = time.time() + 2      # or the machine is that slow to begin
        server.uploads = {"old": {}, "theirs": {1: b"x"}, "other": {}}
        server.initiated = {"old": ("/bucket/key", time.time() - 600), "theirs": ("/bucket/key", just_now),
                            "other": ("/bucket/key2", just_now)}
        r = put(server, t.make_file("f", 20 * t.MiB), "--max-attempts", 2)
        t.equal((r.status, server.ops("abort")), (3, []), r)     # three of the key, two of them ours: which?
        t.match("an upload may be left", r.err)
        del server.uploads["theirs"], server.requests[:]
        server.misfortune = lost_creates("mute", 1)
        server.initiated["other"] = ("/bucket/key2", time.time() + 2)
        r = put(server, t.make_file("f", 20 * t.MiB), "--max-attempts", 1, key="key2")
        t.equal((r.status, server.ops("abort")), (3, []), r)     # other was begun just now, too


def test_a_success_behind_a_lost_create_says_so():
    with scripted.Server(lambda r: "mute" if r.op == "create" and not server.ops("create")[1:] else None) as server:
        r = put(server, t.make_file("f", 20 * t.MiB), "--no-trace")
        t.equal((r.status, sorted(server.uploads), ops(server)[-1]), (0, ["u1"], "complete"), r)
        t.match("an upload may be left; xferdb uploads s3://bucket lists it", r.err)


# ---- retries

def test_attempts_are_numbered_and_keep_their_invocation():
    hits = []

    def twice(r):
        hits.append(r)
        return "503" if len(hits) < 3 else None
    with scripted.Server(twice) as server:
        r = put(server, t.make_file("f", 1000), "--max-attempts", 4, "--json")
        t.equal(r.status, 0, r)
        t.equal([q.headers["amz-sdk-request"] for q in server.requests],
                ["attempt=1", "attempt=2; max=4", "attempt=3; max=4"])
        t.equal(len({q.headers["amz-sdk-invocation-id"] for q in server.requests}), 1)
        t.equal(r.call["transfers"][0]["parts"][0]["attempts"], 3)


def test_a_proxy_that_does_not_know_expect_is_asked_without():
    for size in (1000, 20 * t.MiB):
        with scripted.Server(lambda r: "early:417" if "expect" in r.headers else None) as server:
            r = put(server, t.make_file("f", size), "--max-attempts", 1, "--max-concurrency", 1)
            t.equal(r.status, 0, r)
            refused = [q for q in server.requests if q.answered == 417]
            t.equal(len(refused), 1, server.requests)      # once told, the others do not ask
            with open(t.tmp("f"), "rb") as f:
                t.true(server.objects["/bucket/key"] == f.read())


def test_standard_mode_makes_three_tries_and_legacy_five():
    for mode, tries in (("standard", 3), ("legacy", 5)):
        with scripted.Server(lambda r: "500") as server:
            r = put(server, t.make_file("f", 10), "--retry-mode", mode, "--no-trace", timeout=60)
            t.equal((r.status, len(server.requests)), (3, tries), r)


def test_progress_is_exact_over_retries():
    seen = []

    def once(r):
        seen.append(r)
        return "reset-body" if len(seen) == 1 else None
    with scripted.Server(once) as server:
        r = put(server, t.make_file("f", 3 * t.MiB + 17), "-o", t.tmp("x.xft"))
        t.equal(r.status, 0, r)
        events = t.xferdb("events", t.tmp("x.xft"), "--json").jsonl
        steps = [e["bytes"] for e in events if e["event"] == "progress"]
        t.equal(sum(steps), 3 * t.MiB + 17)
        t.true(all(s > 0 for s in steps))
        t.equal(max(steps), 262144)


# ---- integrity and options

def test_checksums_go_where_they_belong():
    source = t.make_file("f", 9 * t.MiB)
    for algorithm in ("CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"):
        with scripted.Server() as server:
            r = put(server, source, "--checksum-algorithm", algorithm)
            t.equal(r.status, 0, r)
            create, parts, complete = server.ops("create")[0], server.ops("part"), server.ops("complete")[0]
            t.equal(create.headers["x-amz-checksum-algorithm"], algorithm)
            for part in parts:
                value = part.headers["x-amz-checksum-" + algorithm.lower()]
                if len(part.body) <= t.MiB or algorithm not in ("CRC32C", "CRC64NVME"):
                    t.equal(value, t.checksum(algorithm.lower(), part.body))
                t.match("<Checksum%s>%s<" % (algorithm, re.escape(value)), complete.body.decode())
                t.equal(part.headers["x-amz-content-sha256"], hashlib.sha256(part.body).hexdigest())


def test_parts_checksums_stay_out_of_complete_when_the_service_returns_none():
    with scripted.Server(checksums=False) as server:
        t.equal(put(server, t.make_file("f", 9 * t.MiB)).status, 0)
        t.true(b"Checksum" not in server.ops("complete")[0].body)


def completes_with(value, element):
    """A server whose Complete names that checksum of the whole object."""
    server = scripted.Server()
    complete = server._complete

    def named(r):
        status, body, headers = complete(r)
        return status, body.replace(b"</ETag>", ("</ETag><%s>%s</%s>" % (element, value, element)).encode()), headers
    server._complete = named
    return server


def test_the_checksum_of_the_whole_is_held_against_the_parts():
    size = 5 * t.MiB
    source, knobs = t.make_file("f", size + 10), ["--multipart-threshold", 1, "--part-size", size, "--no-trace"]
    with open(source, "rb") as f:
        body = f.read()
    for name in ("crc32", "crc64nvme", "sha256"):
        of_parts = t.checksum(name, b"".join(base64.b64decode(t.checksum(name, p)) for p in (body[:size], body[size:])))
        right, wrong = [of_parts + "-2", of_parts], [t.checksum(name, b"x") + "-2", of_parts + "-3"]
        if name != "sha256":
            right, wrong = right + [t.checksum(name, body)], wrong + [t.checksum(name, b"x")]
        for value in right + wrong:
            with completes_with(value, "Checksum" + name.upper()) as server:
                r = put(server, source, "--checksum-algorithm", name.upper(), *knobs)
                t.equal(r.status, 0 if value in right else 3, (name, value, r))
                if value in wrong:
                    t.match("other bytes than were sent", r.err)
                    t.true("is left" not in r.err and "nothing" not in r.err, r)
                    t.equal(ops(server)[-1], "abort")
    with completes_with(wrong[0], "ChecksumCRC32") as server:
        env = scripted.environment(server, t, AWS_REQUEST_CHECKSUM_CALCULATION="when_required")
        t.equal(t.xferdb("put", source, "s3://bucket/key", *knobs, env=env).status, 0)     # nothing to hold it against


def test_when_required_means_no_checksum():
    with scripted.Server() as server:
        r = t.xferdb("put", t.make_file("f", 9 * t.MiB), "s3://bucket/key",
                     env=scripted.environment(server, t, AWS_REQUEST_CHECKSUM_CALCULATION="when_required"))
        t.equal(r.status, 0, r)
        t.equal([h for q in server.requests for h in q.headers if "checksum" in h], [])


ROUTES = {
    "--metadata": ("a=b", "x-amz-meta-a", "put create"),
    "--content-type": ("text/plain", "content-type", "put create"),
    "--storage-class": ("STANDARD_IA", "x-amz-storage-class", "put create"),
    "--acl": ("private", "x-amz-acl", "put create"),
    "--tagging": ("a=b", "x-amz-tagging", "put create"),
    "--sse": ("AES256", "x-amz-server-side-encryption", "put create"),
    "--request-payer": ("requester", "x-amz-request-payer", "put create part complete abort"),
    "--expected-bucket-owner": ("123456789012", "x-amz-expected-bucket-owner", "put create part complete abort"),
    "--sse-c-key": ("k" * 32, "x-amz-server-side-encryption-customer-key", "put create part complete"),
    "--if-none-match": ("*", "if-none-match", "put complete"),
    "--mpu-object-size": (str(9 * t.MiB), "x-amz-mp-object-size", "complete"),
    "--checksum-crc32": ("AAAAAA==", "x-amz-checksum-crc32", "put complete"),
}


def test_options_reach_the_calls_they_are_for_and_no_other():
    big, small = t.make_file("big", 9 * t.MiB), t.make_file("small", 9)
    for flag, (value, header, calls) in ROUTES.items():
        seen = set()
        for source, script in ((small, lambda r: None), (big, lambda r: None), (big, lambda r: "403" if r.part == 2 else None)):
            with scripted.Server(script) as server:
                put(server, source, flag, value, "--max-concurrency", 1, "--no-trace")
                seen |= {q.op for q in server.requests if header in q.headers and
                         not (flag == "--content-type" and q.op == "complete")}
        expected = set(calls.split())
        if flag == "--checksum-crc32":
            expected |= {"part"}                # its own, of the same algorithm
        t.equal(seen, expected, flag)


def test_a_lost_race_is_explained_and_aborted():
    for size in (9, 9 * t.MiB):
        with scripted.Server() as server:
            server.store("/bucket/key", b"first")
            r = put(server, t.make_file("f", size), "--if-none-match", "*")
            t.equal((r.status, server.objects["/bucket/key"], server.uploads), (3, b"first", {}), r)
            t.match("exists", r.err)


# ---- downloads

def test_a_download_is_ranged_from_the_threshold_on():
    for size, expected in ((MIB8 - 1, [None]), (MIB8, ["bytes=0-"]),
                           (MIB8 + 1, ["bytes=0-8388607", "bytes=8388608-"]), (0, [None])):
        with scripted.Server() as server:
            body = t.make_bytes(size)
            server.store("/bucket/key", body)
            r = get(server, t.tmp("out"))
            t.equal(r.status, 0, r)
            t.equal(server.requests[0].op, "head")
            t.equal(sorted(str(q.headers.get("range")) for q in server.ops("get", "range")), sorted(map(str, expected)))
            t.true(all(q.headers.get("if-match") == server.etags["/bucket/key"] for q in server.ops("range")))
            t.true(all("if-match" not in q.headers for q in server.ops("get")))
            with open(t.tmp("out"), "rb") as f:
                t.true(f.read() == body, size)


def test_a_download_to_a_pipe_is_in_order_and_windowed():
    body = t.make_bytes(30 * t.MiB)
    first = []

    def script(r):
        """The first is answered when ten have been asked for, and a second later: time enough for one too many."""
        if r.op == "range" and r.headers["range"].startswith("bytes=0-"):
            first.append(r)
            t.wait_until(lambda: len(server.ops("range")) >= 10)
            return "hold:1"
        return None
    with scripted.Server(script) as server:
        server.store("/bucket/key", body)
        r = get(server, "-", "--multipart-threshold", "1MB", "--multipart-chunksize", "1MB", "--max-concurrency", 20)
        t.equal(r.status, 0, r)
        t.true(r.out_bytes == body, "%d bytes" % len(r.out_bytes))
        early = [q for q in server.ops("range") if q.began < first[0].ended]
        t.equal(len(early), 10)


def test_a_broken_body_is_asked_for_five_times_at_once():
    with scripted.Server(lambda r: "cut" if r.op == "get" else None) as server:
        server.store("/bucket/key", t.make_bytes(t.MiB))
        with open(t.tmp("out"), "w") as f:
            f.write("old")
        r = get(server, t.tmp("out"), "-o", t.tmp("x.xft"))
        t.equal((r.status, len(server.ops("get"))), (3, 5), r)
        with open(t.tmp("out")) as f:
            t.equal(f.read(), "old")
        events = t.xferdb("events", t.tmp("x.xft"), "--json").jsonl
        t.equal([e for e in events if e["event"] == "backoff"], [])
        steps = [e["bytes"] for e in events if e["event"] == "progress"]
        t.true(min(steps) < 0, steps)


def test_a_changed_object_is_noticed():
    body = t.make_bytes(20 * t.MiB)

    def change(r):
        if r.op == "range":
            server.etags["/bucket/key"] = '"other"'
    with scripted.Server(change) as server:
        server.store("/bucket/key", body)
        r = get(server, t.tmp("out"))
        t.equal(r.status, 3, r)
        t.match("changed", r.err)
        t.true(not os.path.exists(t.tmp("out")))


def test_checksums_of_ranges_are_held_against_their_bytes_or_the_whole():
    """Some services name a range's checksum with it, others the object's with each."""
    body = t.make_bytes(18 * t.MiB)
    whole, wrong = t.checksum("crc32", body), t.checksum("crc32", b"x")
    sha = t.checksum("sha256", body)
    cases = ((lambda n, piece: t.checksum("crc32", piece), 0), (lambda n, piece: whole, 0),
             (lambda n, piece: wrong if n == 1 else t.checksum("crc32", piece), 3), (lambda n, piece: wrong, 3),
             (lambda n, piece: wrong if n == 1 else None, 3), (lambda n, piece: wrong + "-3", 0))
    for names, expected in cases:
        with scripted.Server() as server:
            answer = server._range

            def named(r):
                status, piece, headers = answer(r)
                value = names(int(r.headers["range"][6:].split("-")[0]) // MIB8, piece)
                return status, piece, {**headers, "x-amz-checksum-crc32": value} if value else headers
            server._range = named
            server.store("/bucket/key", body)
            target = t.tmp("out")
            with open(target, "wb") as f:
                f.write(b"old")
            r = get(server, target, "--json")
            t.equal(r.status, expected, r)
            with open(target, "rb") as f:
                t.true(f.read() == (b"old" if expected else body))
            if expected:
                error = r.call["transfers"][0]["error"]
                t.equal((error["code"], error["operation"]), ("checksum", "GetObject"))
    with scripted.Server() as server:       # not to be told without reading it all once more
        answer = server._range
        server._range = lambda r: (*answer(r)[:2], {**answer(r)[2], "x-amz-checksum-sha256": sha})
        server.store("/bucket/key", body)
        t.equal(get(server, t.tmp("out")).status, 0)


def test_a_device_and_a_descriptor_are_written_in_place():
    body = t.make_bytes(20 * t.MiB)
    with scripted.Server() as server:
        server.store("/bucket/key", body)
        t.equal(get(server, "/dev/null").status, 0)
        r = get(server, "/dev/full", "--json")
        error = r.call["transfers"][0]["error"]
        t.equal((r.status, error["operation"], error["code"]), (3, "GetObject", "io"), r)
        t.true(error["part"], r)
        path = t.tmp("two")
        r = t.run("/bin/sh", "-c", "(printf before; %s get s3://bucket/key - --no-trace; printf after) > %s" % (
            t.XFERDB, path), env=scripted.environment(server, t))
        t.equal(r.status, 0, r)
        with open(path, "rb") as f:
            t.true(f.read() == b"before" + body + b"after")


def test_a_name_of_a_descriptor_is_the_descriptor():
    """To rename over /dev/stdout would replace it for everybody; these two cannot be renamed over, so that it can be tried."""
    body = t.make_bytes(20 * t.MiB)
    with scripted.Server() as server:
        server.store("/bucket/key", body)
        for name, redirect in (("/dev/fd/7", "7>>"), ("/proc/self/fd/7", "7>>")):
            path = t.tmp("into")
            with open(path, "wb") as f:
                f.write(b"before")
            r = t.run("/bin/sh", "-c", "%s get s3://bucket/key %s --no-trace %s %s" % (t.XFERDB, name, redirect, path),
                      env=scripted.environment(server, t))
            t.equal(r.status, 0, r)
            with open(path, "rb") as f:
                t.true(f.read() == b"before" + body, name)
        r = get(server, "/dev/fd/77")
        t.equal(r.status, 2, r)


def test_a_closed_reader_ends_a_download():
    with scripted.Server() as server:
        server.store("/bucket/key", t.make_bytes(30 * t.MiB))
        r = t.run("/bin/sh", "-c", "%s get s3://bucket/key - --no-trace | head -c 10 >/dev/null" % t.XFERDB,
                  env=scripted.environment(server, t), timeout=30)
        t.match("standard output", r.err)


def test_verdicts_for_downloads():
    with scripted.Server() as server:
        server.store("/bucket/key", t.make_bytes(20 * t.MiB))
        r = get(server, t.tmp("out"), "--json")
        t.equal((r.json["command"], r.call["call"]["name"]), ("get", "download_file"))
        t.equal((r.verdict["answer"], r.verdict["parts"]), ("blocks", 3), r)
        r = get(server, t.tmp("out2"), "--json", "--no-wait")
        t.equal(r.verdict["answer"], "does-not-block", r)


def test_what_cannot_work_is_refused_before_anything_is_sent():
    lambda_arn = "s3://arn:aws:s3-object-lambda:us-east-1:1:accesspoint/x/key"
    with scripted.Server() as server:
        env = scripted.environment(server, t)
        for args in (("get", "s3://bucket/key", t.tmp("absent/out")), ("put", t.make_file("f", 1), lambda_arn),
                     ("put", t.tmp("absent"), "s3://bucket/key"), ("put", t.tmp(), "s3://bucket/key")):
            r = t.xferdb(*args, env=env)
            t.equal((r.status, server.requests), (2, []), r)


def sparse_file(size):
    """A file of that size in a folder whose file system has such files."""
    for folder in (t.tmp(), "/dev/shm"):
        fd, path = tempfile.mkstemp(dir=folder)
        try:
            os.truncate(fd, size)
            return path
        except OSError:
            os.unlink(path)
        finally:
            os.close(fd)
    return t.skip("no file system here takes a file of %d bytes" % size)


def test_what_cannot_be_reached_is_told_from_its_proxy_and_a_ca_bundle_from_other_files():
    source, garbage = t.make_file("f", 10), t.make_file("garbage", 1000)
    with scripted.Server() as server:
        env = scripted.environment(server, t, http_proxy="http://127.0.0.1:1", no_proxy="elsewhere")
        r = t.xferdb("put", source, "s3://bucket/key", "--max-attempts", 1, env=env)
        t.equal((r.status, server.requests), (3, []), r)
        t.match("or to the proxy that http_proxy names", r.err)
        for path, says in ((garbage, "no certificate"), (t.tmp("absent"), "cannot read")):
            env = scripted.environment(server, t, AWS_CA_BUNDLE=path)
            r = t.xferdb("put", source, "s3://bucket/key", "--endpoint-url", server.endpoint.replace("http", "https"), env=env)
            t.equal((r.status, r.err.count("\n"), server.requests), (2, 1, []), r)
            t.match(says, r.err)
            r = t.xferdb("put", source, "s3://bucket/key", env=env)        # no TLS, no matter
            t.equal(r.status, 0, r)
            del server.requests[:]


def test_a_header_line_without_an_end_is_a_bad_answer():
    with scripted.Server() as server:
        server._put = lambda r: (200, b"", {"ETag": '"x"', "X-Long": "a" * 3000000})
        r = put(server, t.make_file("f", 10), "--max-attempts", 1, "--json")
        t.equal((r.status, r.call["transfers"][0]["error"]["code"]), (3, "bad-reply"), r)


def test_more_parts_than_s3_takes_are_refused_before_anything_is_sent():
    path = sparse_file(49 << 40)
    try:
        with scripted.Server() as server, open(path, "rb") as source:
            env = scripted.environment(server, t)
            for r in (t.xferdb("put", path, "s3://bucket/key", "--json", env=env),
                      t.xferdb("put", "-", "s3://bucket/key", input=source, env=env),
                      t.xferdb("debug", "put", path, "s3://bucket/key", env=env)):
                t.equal((r.status, r.out, r.err.count("\n"), server.requests), (2, "", 1, []), r)
                t.match("10036 parts .* 10,000", r.err)
    finally:
        os.unlink(path)


# ---- bandwidth

def test_bandwidth_is_limited_both_ways():
    body = t.make_bytes(6 * t.MiB)
    with scripted.Server() as server:
        server.store("/bucket/key", body)
        path = t.make_file("f", len(body))
        for run in (lambda: put(server, path, "--max-bandwidth", "4MB", "--no-trace", key="up"),
                    lambda: get(server, t.tmp("out"), "--max-bandwidth", "4MB", "--no-trace")):
            r = run()
            t.equal(r.status, 0, r)
            t.true(1.1 < r.seconds < 10 * t.SLOW, "%g s" % r.seconds)


# ---- resume

def leave_unfinished(server, source):
    """An upload killed when part 3 stalls: parts 1 and 2 are stored."""
    server.misfortune = lambda r: "stall" if r.part == 3 else None
    p = t.Process(t.XFERDB, "put", source, "s3://bucket/key", "--max-concurrency", 1, "--no-trace",
                  env=scripted.environment(server, t))
    t.wait_until(lambda: any(r.part == 3 for r in server.requests), 20)
    p.signal(signal.SIGKILL)
    p.wait()
    server.misfortune = lambda r: None
    del server.requests[:]


def test_resume_sends_only_what_is_missing():
    source = t.make_file("f", 30 * t.MiB)
    with scripted.Server() as server:
        leave_unfinished(server, source)
        r = put(server, source, "--resume", "--json")
        t.equal(r.status, 0, r)
        t.equal(sorted(q.part for q in server.ops("part")), [3, 4])
        t.equal(server.ops("create"), [])
        t.match(r"continued upload u1: 2 parts \(16777216 bytes\)", r.err)
        with open(source, "rb") as f:
            t.true(server.objects["/bucket/key"] == f.read())
        t.equal((r.verdict["answer"], r.verdict["parts"]), ("blocks", 4), r)


def test_resume_does_not_trust_parts_that_changed():
    source = t.make_file("f", 30 * t.MiB)
    with scripted.Server() as server:
        leave_unfinished(server, source)
        with open(source, "r+b") as f:
            f.seek(9 * t.MiB)
            f.write(b"changed")
        t.equal(put(server, source, "--resume").status, 0)
        t.equal(sorted(q.part for q in server.ops("part")), [2, 3, 4])
        with open(source, "rb") as f:
            t.true(server.objects["/bucket/key"] == f.read())


def test_resume_without_anything_to_resume_is_an_upload():
    with scripted.Server() as server:
        r = put(server, t.make_file("f", 20 * t.MiB), "--resume")
        t.equal((r.status, len(server.ops("create"))), (0, 1), r)
        t.match("nothing to resume", r.err)
        t.equal(put(server, "-", "--resume", input=b"x").status, 2)


def test_uploads_lists_and_removes_after_asking():
    source = t.make_file("f", 30 * t.MiB)
    with scripted.Server() as server:
        leave_unfinished(server, source)
        env = scripted.environment(server, t)
        r = t.xferdb("uploads", "s3://bucket", env=env)
        t.equal(r.status, 0, r)
        t.match(r"2 parts\s+16777216 bytes\s+u1\s+s3://bucket/key", r.out)
        t.equal(t.xferdb("uploads", "s3://bucket", "--abort", env=env).status, 2)
        t.equal(t.xferdb("uploads", "s3://bucket", "--abort", env=env, input=b"n\n").status, 0)
        t.equal(list(server.uploads), ["u1"])
        r = t.xferdb("uploads", "s3://bucket", "--abort", "--json", env=env, input=b"y\n")
        t.equal((r.status, server.uploads), (0, {}), r)
        schema.check_document(r.json)
        t.equal((r.json["uploads"][0]["aborted"], r.json["error"]), (True, None))


def test_uploads_says_in_its_document_what_went_wrong():
    with scripted.Server(lambda r: "403") as server:
        r = t.xferdb("uploads", "s3://bucket", "--json", env=scripted.environment(server, t))
        schema.check_document(r.json)
        t.equal((r.status, r.json["uploads"], r.json["error"]["code"]), (3, [], "AccessDenied"), r)
        t.equal((r.json["error"]["http_status"], r.json["error"]["operation"]), (403, "ListMultipartUploads"), r)
    with scripted.Server(lambda r: "stall") as server:
        p = t.Process(t.XFERDB, "uploads", "s3://bucket", "--json", env=scripted.environment(server, t))
        t.wait_until(lambda: server.requests)
        p.signal(signal.SIGINT)
        t.equal(p.wait(30), 130, p.text())
        document = json.loads(p.lines[0])
        schema.check_document(document)
        t.equal(document["error"]["code"], "cancelled")
    with scripted.Server() as server:
        leave_unfinished(server, t.make_file("f", 30 * t.MiB))
        keyboard, terminal = os.pipe()
        p = t.Process(t.XFERDB, "uploads", "s3://bucket", "--abort", env=scripted.environment(server, t), stdin=keyboard)
        t.wait_until(lambda: server.ops("parts") and server.ops("parts")[-1].answered)
        p.signal(signal.SIGINT)
        t.equal((p.wait(30), list(server.uploads)), (130, ["u1"]), p.text())
        os.close(terminal)


def test_resume_of_an_upload_that_ends_meanwhile_begins_anew():
    with scripted.Server() as server:
        source = t.make_file("f", 30 * t.MiB)
        leave_unfinished(server, source)
        server.misfortune = lambda r: "404:NoSuchUpload" if r.op == "parts" else None
        r = put(server, source, "--resume")
        t.equal((r.status, len(server.ops("create"))), (0, 1), r)
        server.misfortune = lambda r: "403"
        r = put(server, source, "--resume")
        t.equal((r.status, "nothing to resume" in r.err), (3, False), r)


if __name__ == "__main__":
    t.main()
