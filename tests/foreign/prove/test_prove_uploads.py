"""prove on calls that make several uploads: each is judged by its own holds, and the forgotten one is named."""
import os

import t

PYTHON = "/usr/bin/python3"
BEGIN = """
import os, threading, time, boto3
from botocore.config import Config
s3 = boto3.client("s3", region_name="us-east-1")
done = set()

def put(key, size=1000000):
    s3.put_object(Bucket="bucket", Key=key, Body=b"x" * size)
    done.add(key)

def start(*keys):
    for key in keys:
        threading.Thread(target=put, args=(key,)).start()

print("begin", flush=True)
"""


def prove(script, *options, call="out:begin:end", status=0):
    if t.run(PYTHON, "-c", "import boto3").status:
        t.skip("%s has no boto3" % PYTHON)
    path = t.tmp("program.py")
    with open(path, "w", encoding="utf-8") as f:
        f.write(BEGIN + script)
    r = t.xferdb("prove", "--local", "--yes", "--json", "--call=" + call, *options, "--", PYTHON, path,
                 timeout=280 * t.SLOW)
    t.equal(r.status, status, r)
    return r, r.json["calls"][0]["verdict"]


def test_of_two_the_forgotten_one_is_named():
    r, v = prove("start('forgotten'); put('awaited'); time.sleep(.3); print('end', flush=True)\n")
    t.equal((v["answer"], v["basis"]), ("does-not-block", "intervention"), r)
    t.match(r"holds of 'forgotten' had ended", v["reason"])
    t.equal({h["key"] for h in v["holds"]} - {"awaited"}, {"forgotten"}, v)
    for h in v["holds"]:
        t.true(h["key"] == "awaited" or h["return_ms"] < h["hold_ms"], v)


def test_two_that_are_polled_for_are_waited_for():
    r, v = prove("start('a', 'b')\nwhile len(done) < 2: time.sleep(.02)\nprint('end', flush=True)\n")
    t.equal((v["answer"], v["basis"]), ("blocks", "intervention"), r)
    t.equal({h["key"] for h in v["holds"]}, {"a", "b"}, v)


def test_a_large_one_forgotten_beside_a_small_one():
    r, v = prove("def upload(): s3.upload_file(%r, 'bucket', 'large')\n"
                 "threading.Thread(target=upload).start(); put('small'); time.sleep(1); print('end', flush=True)\n"
                 % t.make_file("file", 20 * t.MiB))
    t.equal(v["answer"], "does-not-block", r)
    t.true("'small'" not in v["reason"], v)


def test_of_many_uploads_as_many_are_held_as_there_is_room_for():
    script = "start(*('k%d' % i for i in range(12)))\nwhile len(done) < 12: time.sleep(.02)\nprint('end', flush=True)\n"
    r, v = prove(script, "--runs", "14")
    t.equal(v["answer"], "unproven", r)
    t.match(r"only 5 of 12 uploads were held", v["reason"])
    t.match(r"to settle it: --runs 32", r.err)
    t.true("xferdb prove" not in r.err, r)


def test_objects_that_are_named_anew_in_every_run_are_held_together():
    r, v = prove("start('a%d' % os.getpid(), 'b%d' % os.getpid())\nwhile len(done) < 2: time.sleep(.02)\n"
                 "print('end', flush=True)\n", "--runs", "12")
    t.equal(v["answer"], "unproven", r)
    t.match(r"same request of 2 uploads at once", v["reason"])
    t.match(r"to settle it: give each upload a key of its own, the same in every run", r.err)
    t.equal({h["key"] for h in v["holds"]}, {None}, v)


def test_calls_one_after_the_other_are_held_in_the_same_runs():
    r, v = prove("for key in ('a', 'b', 'c'): s3.upload_file(%r, 'bucket', key)\n" % t.make_file("file", 12 * t.MiB),
                 call="py:boto3.s3.inject:upload_file")
    t.equal([(c["verdict"]["answer"], c["verdict"]["basis"]) for c in r.json["calls"]], [("blocks", "both")] * 3, r)
    t.equal([{h["key"] for h in c["verdict"]["holds"]} for c in r.json["calls"]], [{"a"}, {"b"}, {"c"}], r)
    t.equal({len(c["verdict"]["holds"]) for c in r.json["calls"]}, {len(v["holds"])}, r)


def test_a_call_that_waits_for_what_another_left_does_not_wait_for_its_own():
    with open(t.tmp("up.py"), "w", encoding="utf-8") as f:
        f.write(BEGIN + "kept = []\ndef forget():\n    kept.append(threading.Thread(target=put, args=('one',)))\n"
                "    kept[0].start(); time.sleep(.5)\n"
                "def flush():\n    threading.Thread(target=put, args=('two',)).start(); kept[0].join(); time.sleep(.5)\n")
    r, _ = prove("import sys; sys.path.insert(0, %r)\nimport up; up.forget(); up.flush()\n" % t.tmp(), "--call=py:up:flush",
                 call="py:up:forget")
    t.equal([(c["call"]["name"], c["verdict"]["answer"]) for c in r.json["calls"]],
            [("up:forget", "does-not-block"), ("up:flush", "does-not-block")], r)


def test_an_upload_begun_beside_one_that_is_held_evades_nothing():
    """A PutObject is its part 1, and the other's part 1 no repetition of it."""
    r, v = prove("start('small'); s3.upload_file(%r, 'bucket', 'large')\n"
                 "while not done: time.sleep(.02)\nprint('end', flush=True)\n" % t.make_file("file", 20 * t.MiB))
    t.equal(v["answer"], "blocks", r)
    t.true(not any(h["evaded"] for h in v["holds"]), v)


if __name__ == "__main__":
    t.main()
