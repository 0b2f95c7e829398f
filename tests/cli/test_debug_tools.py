"""The prompt for tools: the document, expectations, exit statuses, what stays at the service."""
import json
import os
import signal

import t
from prompt import debug, upload_file


def document(r):
    """It is the only thing on standard output, and one line."""
    t.equal(r.out.count("\n"), 1, r)
    return json.loads(r.out)


def test_the_document_is_the_last_run_s_and_alone_on_standard_output():
    r = debug("b part_start 3", "c", "clear 1", "c", args=["--json"])
    d = document(r)
    verdict = d["calls"][0]["verdict"]
    t.equal((r.status, d["command"], verdict["answer"], verdict["outcome"], verdict["visible"], verdict["parts"]),
            (0, "debug", "blocks", "stored", True, 5), r)
    t.true(d["trace"].endswith("/last.xft") and os.path.exists(d["trace"]), d["trace"])
    t.true("[request-" in r.err and "part_start part=3" in r.err, r)        # text goes beside it
    r = debug("c", "run --wait none --max-concurrency 1", "b part_start 1", "c", "hold part 1", "b call_return", "c", "release",
              "c", args=["--json=" + t.tmp("run.json")])
    with open(t.tmp("run.json")) as f:
        d = json.load(f)
    t.equal(d["calls"][0]["verdict"]["answer"], "does-not-block", r)
    t.true("[main call_return result=0]" in r.out, r)


def test_a_run_left_before_it_sent_anything_leaves_the_word_to_the_one_before():
    r = debug("c", "s", "q", args=["--json", "--expect", "blocks,stored"])
    t.equal((r.status, document(r)["calls"][0]["verdict"]["outcome"]), (0, "stored"), r)
    r = debug("s", "q", args=["--json"])
    t.equal((r.status, document(r)["calls"][0]["verdict"]["outcome"]), (0, "cancelled"), r)


def test_the_document_is_printed_on_every_exit_but_two():
    r = debug("b part_done 2", "c", "q", args=["--json"])
    t.equal((r.status, document(r)["calls"][0]["verdict"]["outcome"]), (130, "cancelled"), r)
    r = debug("c", args=["--json", "--fault", "part=3,status=403,code=AccessDenied"])
    d = document(r)
    t.equal((r.status, d["calls"][0]["verdict"]["outcome"], d["calls"][0]["transfers"][0]["error"]["code"]),
            (3, "failed", "AccessDenied"), r)
    r = debug("c", args=["--json", "--no-trace"])
    t.equal((r.status, r.out), (2, ""), r)


def test_expectations_decide_the_exit_status():
    t.equal(debug("c", args=["--expect", "blocks,stored", "--strict"]).status, 0)
    r = debug("c", args=["--expect", "does-not-block"])
    t.equal(r.status, 1, r)
    t.match(r"^xferdb: expected does-not-block, saw blocks,stored$", r.err, r)
    r = debug("c", args=["--expect", "blocks", "--fault", "part=3,status=403"])
    t.equal(r.status, 3, r)                     # a transfer that failed says more


def test_verify_looks_after_the_return_and_can_be_left_out():
    r = debug("b object_head", "c", "p event.verify", "p http_status", "b", args=["--json=" + t.tmp("v.json")])
    t.match(r"^\[main object_head .*http_status=200", r.out, r)
    r = debug("b object_head", "c", args=["--no-verify", "--json"])
    t.equal(document(r)["calls"][0]["verdict"]["visible"], None, r)
    with t.Serve() as server:
        r = debug("c", args=["--verify", "--json"], where=(), env=server.environment())
        t.equal(document(r)["calls"][0]["verdict"]["visible"], True, r)


def test_a_process_that_leaves_at_once_loses_the_object():
    """--linger 0: the run ends with its work undone, the session goes on."""
    r = debug("c", "verdict", "p future.status", "run --linger 60s", "c", "verdict", args=["--wait", "none", "--linger", "0"])
    t.match(r"^DOES NOT WAIT \(seen\): .*object lost", r.out, r)
    t.match(r"^DOES NOT WAIT \(seen\): .*stored", r.out, r)
    t.equal(r.status, 0, r)
    r = debug("b plan", "c", "hold", "clear 1", "hold submit-1", "c", "p call.returned", "q", args=["--wait", "none", "--linger", "0"])
    t.true("\nTrue\n" in r.out and r.status == 0, r)           # what is held does not keep a process


def test_resume_continues_what_an_ended_session_left():
    with t.Serve("--fault", "part=4,hold=300s,times=1") as server:
        p = t.Process(t.XFERDB, "debug", "put", upload_file(), "s3://bucket/key", "--batch", stdin=-1,
                      env=server.environment())
        p.popen.stdin.write(b"b part_done\ncommands\np 'a part'\nc\nc\n")
        p.popen.stdin.flush()
        t.wait_until(lambda: p.text().count("'a part'") >= 4, 30)
        p.signal(signal.SIGKILL)
        p.wait()
        t.equal(server.xferdb("uploads", "s3://bucket", "--json").json["uploads"][0]["key"], "key")
        r = debug("b part_start", "c", "p part", "clear 1", "c", args=["--resume", "--json"], where=(),
                  env=server.environment())
        d = document(r)
        t.equal((r.status, d["calls"][0]["verdict"]["outcome"]), (0, "stored"), r)
        t.match(r"^xferdb: s3://bucket/key: continued upload \S+: 4 parts \(\d+ bytes\) were there already$", r.err, r)
        t.equal(server.xferdb("uploads", "s3://bucket", "--json").json["uploads"], [])
    r = t.xferdb("debug", "get", "s3://bucket/key", t.tmp("x"), "--local", "--resume", input=b"")
    t.equal(r.status, 2, r)


def test_a_download_is_stepped_as_an_upload_is():
    with t.Serve() as server:
        path = upload_file()
        t.equal(server.xferdb("put", path, "s3://bucket/key").status, 0)
        commands = (b"b part_start 2\nc\np part\nw\nl\nhold part 2\nclear 1\nb call_return\nc\nwhy main\nrelease\nc\n"
                    b"p future.status\nverdict\nc\nrun s3://bucket/key again\nclear 2\nc\n")
        folder = t.tmp("folder")
        os.makedirs(folder)
        r = server.xferdb("debug", "get", "s3://bucket/key", folder, "--batch", "--json=" + t.tmp("j"), input=commands,
                          cwd=t.tmp(), timeout=100)
        t.equal(r.status, 0, r)
        t.true("***" not in r.out, r)
        t.match(r"^\[request-\d+ part_start part=2 attempt=1\]$", r.out, r)
        t.match(r"^main waits for event 'done'$", r.out, r)
        t.match(r"^WAITS \(proved\): returned only after 5 of 5 parts", r.out, r)
        t.match(r"^Restarting get with arguments:\n\ts3://bucket/key again$", r.out, r)
        for copy in (os.path.join(folder, "key"), t.tmp("again")):
            t.equal(t.sha256(copy), t.sha256(path))
        with open(t.tmp("j")) as f:
            t.equal(json.load(f)["calls"][0]["call"]["name"], "download_file")


def test_quitting_leaves_no_upload_wherever_it_stood():
    with t.Serve() as server:
        for place, status in [("call_enter", 0), ("submit", 130), ("plan", 130), ("multipart_create", 130),
                              ("part_queued 2", 130), ("part_start 2", 130), ("body_sent", 130), ("part_done 2", 130),
                              ("thread_create", 130), ("request_start op=CompleteMultipartUpload", 130), ("done", 0),
                              ("call_return", 0)]:
            r = debug("b " + place, "c", "q", where=(), env=server.environment())
            t.equal(r.status, status, (place, r))
            t.equal(server.xferdb("uploads", "s3://bucket", "--json").json["uploads"], [], place)


def test_quitting_while_a_part_is_held_or_another_is_stuck_leaves_none_either():
    with t.Serve("--fault", "part=3,stall,times=1") as server:
        r = debug("b part_start 2", "c", "hold part 2", "clear 1", "b part_done 4", "c", "q", where=(),
                  env=server.environment())
        t.equal(r.status, 130, r)
        t.match(r"^xferdb: the multipart upload was aborted; nothing is left on the service$", r.err, r)
        t.equal(server.xferdb("uploads", "s3://bucket", "--json").json["uploads"], [], r)


def test_events_come_as_json_lines_at_the_prompt():
    r = debug("b part_done 2", "c", "events --json 0, 4", "events --json", "events --json 99999", "events --json x")
    lines = [json.loads(line) for line in r.out.splitlines() if line.startswith("{")]
    t.equal([e["seq"] for e in lines[:5]], [0, 1, 2, 3, 4], r)
    t.true(set(lines[0]) >= {"seq", "t_ns", "thread", "event", "object", "file", "line"}, lines[0])
    t.match(r"^\*\*\* Error in argument: 'x'$", r.out, r)


if __name__ == "__main__":
    t.main()
