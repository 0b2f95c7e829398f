"""Signals at random moments of an upload to a folder store: after it, the object is absent or whole."""
import os
import random
import signal
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import t  # noqa: E402

MOMENTS = 50
SIZE = 12 * t.MiB


def kill_at_random(number, seed):
    source = t.make_file("source", SIZE)
    with open(source, "rb") as f:
        whole = f.read()
    rng = random.Random(seed)
    with t.Serve("--dir", t.tmp("store"), "--fault", "op=part,latency=20ms") as server:
        client, began = server.client(), time.monotonic()
        p = t.Process(t.XFERDB, "put", source, "s3://bucket/warm", "--no-trace", env=server.environment())
        t.equal(p.wait(), 0, p.text())
        length = time.monotonic() - began
        ended = set()
        for i in range(MOMENTS):
            key = "k%d" % i
            p = t.Process(t.XFERDB, "put", source, "s3://bucket/" + key, "--no-trace", env=server.environment())
            time.sleep(rng.random() * length * 1.1)
            p.signal(number)
            status = p.wait(20)
            ended.add(status)
            answer = client.get("/bucket/" + key)
            note = "%s at moment %d: status %s, then GET %s\n%s" % (number, i, status, answer.status, p.text())
            t.true(answer.status in (200, 404), note)
            if answer.status == 200:
                t.true(answer.body == whole, note)
            if number != signal.SIGKILL:
                t.true(status in (0, 130, -number), note)   # -number: before anything had begun
                t.equal(status == 0, answer.status == 200, note)
        if number != signal.SIGKILL:
            r = server.xferdb("uploads", "s3://bucket", "--json", "--quiet")
            t.equal(r.json["uploads"], [], r)
    t.true(len(ended) > 1, "all ended alike: %s; the moments say nothing" % ended)


def test_sigint():
    kill_at_random(signal.SIGINT, 1)


def test_sigterm():
    kill_at_random(signal.SIGTERM, 2)


def test_sigkill():
    kill_at_random(signal.SIGKILL, 3)


if __name__ == "__main__":
    t.main()
