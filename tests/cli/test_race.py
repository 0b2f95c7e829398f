"""race: check-then-put loses writes, conditional put does not, and an early return lets turns race."""
import os
import signal

import schema
import t


def race(*args, **how):
    return t.xferdb("race", *args, timeout=90 * t.SLOW, **how)


def by_way(r):
    return {(w["mode"], w["writer"], w["start"]): w for w in r.json["ways"]}


def test_conditional_put_loses_nothing_and_check_then_put_does():
    # a put takes effect after 250 ms; asking takes no time
    r = race("--local", "--rounds", "2", "--clients", "3", "--fault", "op=put,hold=250ms", "--json")
    t.equal(r.status, 0, r)
    ways = by_way(r)
    t.equal(len(ways), 8)
    schema.check_document(r.json)
    for (mode, writer, start), way in ways.items():
        t.equal((way["rounds"], way["failed"], way["none_stored"]), (2, 0, 0), r)
        twice, lost = way["written_twice"], way["newer_lost"]
        t.true(0 <= twice["low"] <= twice["share"] <= twice["high"] <= 1 and lost["hits"] <= twice["hits"], r)
        if mode == "if-none-match":
            t.equal((twice["hits"], lost["hits"], way["refused"], way["lost_race"]), (0, 0, 2 * 2, None), r)
        elif (writer, start) == ("blocking", "turns"):
            t.equal((twice["hits"], way["found"]), (0, 2 * 2), r)      # the one before has stored when it returns
        else:
            t.equal(twice["hits"], 2, r)                               # all asked before any had stored
    example = ways["check-then-put", "fire-and-forget", "turns"]["lost_race"]
    first, second = example["clients"][:2]
    # the second began after the first had returned, and yet did not find it: stored came later
    t.true(first["returned_ns"] <= second["begin_ns"] < first["stored_ns"], r)
    t.true(not second["found"] and first["stored"] and second["stored"], r)


def test_a_lost_race_is_shown_and_so_is_its_cure():
    r = race("--local", "--rounds", "2", "--clients", "2", "--fault", "latency=30ms", "--writer", "blocking", "--start", "together",
             "--mode", "check-then-put,if-none-match,lock-free", "--plain")
    t.equal(r.status, 0, r)
    t.match(r"^check-then-put +blocking +together +2 of 2 \(34\.\.100 %\)", r.out)
    t.match(r"^if-none-match +blocking +together +0 of 2 \(0\.\.66 %\) +0 of 2 .* 0 +2 +0$", r.out)
    t.match(r"^lock-free +blocking +together +2 of 2", r.out)
    t.match(r"^A lost race: ", r.out)
    t.equal(len([x for x in r.out.splitlines() if x.startswith("  client ")]), 2, r)
    t.match(r"<- what is left$", r.out)


def test_a_gap_widens_the_window():
    """Turns with a blocking writer never race; together with a gap always."""
    r = race("--local", "--rounds", "2", "--clients", "2", "--gap", "50ms", "--mode", "check-then-put", "--writer", "blocking", "--json")
    ways = by_way(r)
    t.equal(ways["check-then-put", "blocking", "together"]["written_twice"]["hits"], 2, r)
    t.equal(ways["check-then-put", "blocking", "turns"]["written_twice"]["hits"], 0, r)
    for client in ways["check-then-put", "blocking", "together"]["lost_race"]["clients"]:
        t.true(client["put_ns"] - client["checked_ns"] >= 50e6, r)


def test_failures_are_no_lost_races():
    r = race("--local", "--rounds", "1", "--clients", "2", "--fault", "op=put,status=403", "--json")
    t.equal(r.status, 3, r)
    t.match(r"a put failed: .", r.err)
    for way in r.json["ways"]:
        t.equal((way["written_twice"]["hits"], way["none_stored"], way["failed"]), (0, 1, 2), r)


def test_bad_input_is_one_sentence():
    for args, word in (((), "where"), (("--local", "--clients", "1"), "too small"), (("--local", "--mode", "hope"), "none of"),
                       (("--local", "--rounds", "0"), "too small"), (("s3://bucket/x", "--fault", "latency=1ms"), "--local"),
                       (("nonsense", "--local"), "s3://")):
        r = race(*args)
        t.equal((r.status, r.out), (2, ""), r)
        t.true(word in r.err and len(r.err.strip().splitlines()) <= 2, r)


def test_interrupted_it_shows_what_it_has_and_leaves_nobody():
    p = t.Process(t.XFERDB, "race", "--local", "--rounds", "100000", "--clients", "2", "--fault", "latency=5ms")
    children = "/proc/%d/task/%d/children" % (p.pid, p.pid)
    t.wait_until(lambda: len(open(children, encoding="utf-8").read().split()) == 3)
    pids = open(children, encoding="utf-8").read().split()
    t.wait_until(lambda: p.running() and not t.time.sleep(1.0))
    p.signal(signal.SIGINT)
    t.equal(p.wait(), 130)
    t.match(r"^check-then-put ", p.text())
    t.wait_until(lambda: not [x for x in pids if os.path.exists("/proc/" + x)])


if __name__ == "__main__":
    t.main()
