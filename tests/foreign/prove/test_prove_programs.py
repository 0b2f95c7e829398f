"""prove on programs: none that does not wait is said to, and polling is no way to hide."""
import os
import sys

import t

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import corpus  # noqa: E402

BACK_PRESSURE = """
import queue, threading, time
from uploads import MIB, client
s3, q, parts = client(), queue.Queue(2), []
def worker():
    for n in iter(q.get, None):
        e = s3.upload_part(Bucket="bucket", Key="key", UploadId=u, PartNumber=n, Body=b"x" * (5 * MIB))["ETag"]
        parts.append({"PartNumber": n, "ETag": e})
workers = [threading.Thread(target=worker) for _ in range(2)]
for w in workers:
    w.start()
print("begin", flush=True)
u = s3.create_multipart_upload(Bucket="bucket", Key="key")["UploadId"]
for n in range(1, 9):
    q.put(n)
print("end", flush=True)
for w in workers:
    q.put(None)
for w in workers:
    w.join()
parts.sort(key=lambda p: p["PartNumber"])
s3.complete_multipart_upload(Bucket="bucket", Key="key", UploadId=u, MultipartUpload={"Parts": parts})
"""
CORPUS = os.path.join(t.SOURCE, "tests", "foreign", "corpus", "python")


def prove(script, *options):
    python = t.need("python3")
    if t.run(python, "-c", "import boto3").status:
        t.skip("boto3 is not installed")
    r = t.xferdb("prove", "--local", "--json", "--seed", "3", *options, python, os.path.join(CORPUS, script),
                 timeout=280 * t.SLOW)
    t.equal(r.json["command"], "prove")
    return r


def test_waiting_for_room_is_told_from_waiting_for_the_end():
    path = t.tmp("back_pressure.py")
    with open(path, "w", encoding="utf-8") as f:
        f.write("import sys\nsys.path.insert(0, %r)\n%s" % (CORPUS, BACK_PRESSURE))
    v, r = region(path)
    t.equal((v["answer"], v["basis"], v["limit"]), ("blocks-partly", "intervention", {"kind": "back-pressure"}), r)


POLL_HEAD = """
import threading, time
from uploads import client, upload
s3 = client()
print("begin", flush=True)
threading.Thread(target=upload, args=(s3,), daemon=True).start()
while True:
    try:
        s3.head_object(Bucket="bucket", Key="key")
        break
    except Exception:
        time.sleep(.05)
print("end", flush=True)
"""


def test_asking_the_server_is_waiting():
    path = t.tmp("poll_head.py")
    with open(path, "w", encoding="utf-8") as f:
        f.write("import sys\nsys.path.insert(0, %r)\n%s" % (CORPUS, POLL_HEAD))
    v, r = region(path)
    t.equal((v["answer"], v["basis"]), ("blocks", "intervention"), r)


def region(script, *options):
    r = prove(script, "--call", "out:begin:end", *options)
    calls = [c for c in r.json["calls"] if c["call"]["name"] != "exit"]
    t.equal(len(calls), 1, r)
    return calls[0]["verdict"], r


def test_blocking():
    v = prove("blocking.py").verdict
    t.equal((v["answer"], v["basis"], v["outcome"]), ("blocks", "both", "stored"), v)
    alone = {b["name"]: b["sufficient"] for b in v["barriers"] if b["name"] in ("result", "manager exit")}
    t.equal(alone, {"result": True, "manager exit": True}, v)
    t.equal({h["part"] for h in v["holds"]}, {1, 2, 4, None}, v)


def test_both_waits_of_boto3_are_tried_and_every_hold_strikes():
    r = prove("blocking.py")
    t.true("never struck" not in r.err, r)
    t.match("With manager exit made a no-op it waits all the same", r.err)
    t.match("With result made a no-op it waits all the same", r.err)
    t.match("With both made no-ops it does not wait", r.err)


def test_without_a_relay_the_probe_holds():
    v = prove("blocking.py", "--backend", "ptrace", "--no-ablate").verdict
    t.equal((v["answer"], v["basis"]), ("blocks", "both"), v)
    t.equal({h["part"] for h in v["holds"]}, {1, 2, 4, None}, v)
    v, r = region("forget_thread.py", "--backend", "ptrace")
    t.equal(v["answer"], "does-not-block", r)


def test_forget_thread():
    v, r = region("forget_thread.py")
    t.equal(v["answer"], "does-not-block", r)


def test_lucky_thread():
    v, r = region("lucky_thread.py")
    t.equal((v["answer"], v["basis"]), ("does-not-block", "intervention"), r)


def test_lucky_lock():
    v, r = region("lucky_lock.py")
    t.true(v["answer"] in ("unproven", "does-not-block"), r)


def test_bounded_join():
    v, r = region("bounded_join.py")
    t.equal((v["answer"], v["limit"]), ("blocks-partly", {"kind": "time-out", "at_most_ms": 20000}), r)


def go_with_a_limit(limit, *options):
    """A select with a timer: a limit that no wait of libc's shows."""
    words = corpus.KITS["go-static"]()("upload", "timeout")
    r = t.xferdb("prove", "--local", "--json", "--call=out:begin:end", *options, "--", *words,
                 env=dict(t.environment(), T_LIMIT=str(limit)), timeout=280 * t.SLOW)
    return r.json["calls"][0]["verdict"], r


def test_how_long_was_tested_is_said_where_no_wait_shows_a_limit():
    v, r = go_with_a_limit(60)
    t.equal((v["answer"], v["basis"]), ("blocks", "intervention"), r)
    longest = max(h["hold_ms"] for h in v["holds"] if not h["evaded"])
    t.match(r"it waits at least %.1f s, as long as was tested" % (longest / 1000), r.err)


def test_a_limit_is_met_by_a_hold_that_is_longer():
    v, r = go_with_a_limit(6, "--at-least", "9s", "--budget", "150s")
    t.equal((v["answer"], v["basis"], v["limit"]["kind"]), ("blocks-partly", "intervention", "time-out"), r)
    t.true(6000 <= v["limit"]["at_most_ms"] < 9000, v)


def test_a_posted_form_is_held_though_its_key_is_not_known():
    curl = t.need("curl")
    r = t.xferdb("prove", "--local", "--json", "--", "sh", "-c",
                 "%s -sS -F key=k -F file=@/etc/passwd $AWS_ENDPOINT_URL/bkt; true" % curl, timeout=100 * t.SLOW)
    v = r.json["calls"][0]["verdict"]
    t.equal((v["answer"], v["basis"], v["outcome"]), ("blocks", "both", "stored"), r)


def test_blocking_poll():
    v, r = region("blocking_poll.py")
    t.equal((v["answer"], v["basis"]), ("blocks", "intervention"), r)


if __name__ == "__main__":
    t.main()
