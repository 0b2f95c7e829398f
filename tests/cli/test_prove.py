"""prove: the answer by experiment."""
import schema
import t


def prove_put(*options):
    path = t.make_file("file", 20 * t.MiB)
    r = t.xferdb("prove", "put", path, "s3://bucket/key", "--local", "--json", "--seed", "1", *options,
                 timeout=100 * t.SLOW)
    t.equal(r.status, 0, r)
    schema.check(r.json, schema.load()["document"])
    t.equal(r.json["command"], "prove")
    return r


def test_a_put_that_waits_follows_every_hold():
    v = prove_put().verdict
    t.equal((v["answer"], v["basis"], v["outcome"]), ("blocks", "both", "stored"), v)
    t.true(v["trials"] >= 8, v)
    t.true(v["slope"] >= 0.7 and v["slope_low"] <= v["slope"] <= v["slope_high"], v)
    t.equal({h["part"] for h in v["holds"]}, {1, 2, 3, None}, v)
    for hold in v["holds"]:
        t.equal(hold["evaded"], False, v)
        t.true(hold["return_ms"] > hold["hold_ms"], v)


def test_a_put_without_waits_outruns_every_hold():
    v = prove_put("--wait", "none").verdict
    t.equal((v["answer"], v["basis"], v["outcome"]), ("does-not-block", "intervention", "stored-later"), v)
    t.true(abs(v["slope"]) < 0.2, v)
    for hold in v["holds"]:
        t.true(hold["return_ms"] < hold["hold_ms"], v)


def test_the_callers_own_thread_is_never_held():
    v = prove_put("--no-threads").verdict
    t.equal((v["answer"], v["basis"], v["holds"]), ("blocks", "inline", []), v)


def test_it_says_first_what_it_will_do_and_a_dry_run_does_nothing():
    path = t.make_file("file", 100)
    r = t.xferdb("prove", "--dry-run", "--runs", "9", "--seed", "5", "put", path, "s3://bucket/key")
    t.equal(r.status, 0, r)
    t.match(r"At most 9 runs.*put .*s3://bucket/key", r.out)
    t.match(r"--seed 5", r.out)
    t.true("undisturbed  " not in r.out, r)


def test_against_a_service_it_asks_and_without_an_answer_sends_nothing():
    path = t.make_file("file", 100)
    r = t.xferdb("prove", "put", path, "s3://bucket/key", "--endpoint-url", "http://127.0.0.1:1")
    t.equal(r.status, 2, r)
    t.match("--yes.*--local", r.err)


def test_what_fails_undisturbed_is_not_repeated():
    path = t.make_file("file", 100)
    r = t.xferdb("prove", "put", path, "s3://bucket/key", "--local", "--fault", "op=put,status=403")
    t.equal(r.status, 3, r)
    t.match("undisturbed upload failed", r.out)
    t.equal(len([x for x in r.err.splitlines() if x.startswith("xferdb:")]), 1, r)
    t.equal(len([x for x in r.out.splitlines() if "the call took" in x]), 1, r)


def test_what_never_begins_is_not_judged_by_an_older_trace():
    path = t.make_file("file", 100)
    t.equal(t.xferdb("put", path, "s3://bucket/key", "--local").status, 0)
    r = t.xferdb("prove", "put", t.tmp("absent"), "s3://bucket/key", "--local")
    t.equal((r.status, len(r.err.splitlines())), (2, 1), r)
    t.match("absent", r.err)
    t.true("UNKNOWN" not in r.out and "WAITS" not in r.out, r)
    r = t.xferdb("prove", "put", path, "s3://bucket/key", "--yes", "--endpoint-url", "http://127.0.0.1:1",
                 "--profile", "absent")
    t.equal((r.status, len(r.err.splitlines())), (2, 1), r)


def test_a_program_that_ends_before_it_uploads_is_not_repeated():
    r = t.xferdb("prove", "--local", "--json", "--", "/bin/sh", "-c", "exit 7")
    t.equal(r.status, 3, r)
    t.match("ended with status 7 before anything was uploaded", r.err)
    t.equal(len([x for x in r.err.splitlines() if "the call took" in x]), 1, r)


def test_without_a_trace_the_document_says_why():
    path = t.make_file("file", 100)
    for words, why in ((["--setup", "exit 5"], "--setup ended with status 5"),
                       (["-o", "/nowhere/x.xft"], "left no trace in /nowhere/x.xft")):
        r = t.xferdb("prove", "put", path, "s3://bucket/key", "--local", "--json", *words, timeout=30 * t.SLOW)
        t.equal(r.status, 3, r)
        schema.check(r.json, schema.load()["document"])
        t.equal((r.verdict["answer"], r.json["trace"], r.json["summary"]["unknown"]), ("unknown", None, 1), r)
        t.match(why, r.verdict["reason"])
        t.match(why, r.err)
        r = t.xferdb("prove", "put", path, "s3://bucket/key", "--local", "--expect", "blocks", *words, timeout=30 * t.SLOW)
        t.equal(r.status, 1, r)


def test_another_trace_made_meanwhile_is_not_taken_for_its_own():
    path = t.make_file("file", 100)
    r = t.xferdb("prove", "put", path, "s3://bucket/key", "--local", "--json", "--runs", "3", "--cleanup",
                 "%s put %s s3://other/key --local --quiet" % (t.XFERDB, path), timeout=60 * t.SLOW)
    t.equal(r.status, 0, r)
    t.equal(r.json["calls"][0]["transfers"][0]["bucket"], "bucket", r)


def test_setup_and_cleanup_run_around_every_run():
    log = t.tmp("log")
    path = t.make_file("file", 100)
    r = t.xferdb("prove", "put", path, "s3://bucket/key", "--local", "--runs", "3", "--setup", "echo s >>" + log,
                 "--cleanup", "echo c >>" + log, timeout=60 * t.SLOW)
    t.equal(r.status, 0, r)
    with open(log) as lines:
        t.equal(lines.read(), "s\nc\n" * 3)


def test_expect_is_about_the_proof():
    path = t.make_file("file", 100)
    r = t.xferdb("prove", "put", path, "s3://bucket/key", "--local", "--wait", "none", "--runs", "4", "--expect",
                 "blocks,stored", timeout=60 * t.SLOW)
    t.equal(r.status, 1, r)


if __name__ == "__main__":
    t.main()
