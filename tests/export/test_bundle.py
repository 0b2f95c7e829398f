"""Evidence bundles: an independent program comes to the same verdicts, and notices what was changed."""
import hashlib
import json
import os
import random
import sys

import t

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import check_bundle  # noqa: E402

MiB = t.MiB


def bundle(*args):
    trace, out = os.path.join(t.tmp(), "run.xft"), os.path.join(t.tmp(), "bundle")
    t.xferdb("put", "--local", "-q", "-o", trace, "--part-size", "5MB", t.make_file("f", 24 * MiB), "s3://bucket/k", *args)
    r = t.xferdb("verdict", trace, "-q", "--json", "--bundle", out)
    t.equal(r.status, 0, r)
    with open(out, "rb") as f:
        return f.read(), r.verdict


def holds(data):
    try:
        check_bundle.check(data)
        return True
    except check_bundle.Wrong:
        return False


def sealed(rows):
    body = "".join(json.dumps(row, separators=(",", ":")) + "\n" for row in rows).encode()
    return body + b'{"sha256":"%s"}\n' % hashlib.sha256(body).hexdigest().encode()


def rows_of(data):
    return [json.loads(line) for line in data.split(b"\n")[:-2]]


def expect(answer, *args, outcome="stored"):
    """The checker comes to the same answer and outcome, and to no other outcome."""
    data, verdict = bundle(*args)
    t.equal((verdict["answer"], verdict["outcome"]), (answer, outcome))
    check_bundle.check(data)
    for word in check_bundle.Bundle.BADNESS:
        rows = rows_of(data)
        rows[-1]["outcome"] = word
        t.equal(holds(sealed(rows)), word == outcome, word)
    return data


def test_a_call_that_waits():
    expect("blocks")


def test_one_barrier_is_enough():
    expect("blocks", "--wait", "result")
    expect("blocks", "--wait", "exit")


def test_a_call_that_does_not_wait():
    expect("does-not-block", "--wait", "none", outcome="stored-later")


def test_a_call_whose_work_was_cut_off():
    data = expect("does-not-block", "--wait", "none", "--linger", "0", outcome="lost")
    rows = rows_of(data)
    rows[0]["ended"] = False        # then nobody knows what came of it
    t.true(not holds(sealed(rows)))


def test_uploads_that_failed():
    expect("blocks", "--fault", "part=2,status=403", outcome="failed")
    expect("blocks", "--fault", "op=create,status=403", outcome="failed")
    expect("blocks", "--fault", "op=complete,status=403", outcome="failed")
    expect("blocks", "--fault", "op=put,status=403", "--multipart-threshold", "1GB", outcome="failed")


def test_an_upload_in_one_piece():
    data = expect("blocks", "--multipart-threshold", "1GB")
    rows = rows_of(data)
    for row in rows:
        if row.get("event") == "object_put":
            row["failed"] = True
        elif row.get("event") in ("done", "status"):    # which says so too
            row["state" if row["event"] == "done" else "to"] = "failed"
    t.true(not holds(sealed(rows)))


def test_what_was_held_is_derived():
    trace, out = os.path.join(t.tmp(), "run.xft"), os.path.join(t.tmp(), "bundle")
    t.xferdb("debug", "put", "--local", "-q", "-o", trace, "--part-size", "5MB", t.make_file("f", 24 * MiB), "s3://bucket/k",
             input=b"b part_start 2\nc\nhold part 2\nc\nrelease\nc\nq\n")
    r = t.xferdb("verdict", trace, "-q", "--json", "--bundle", out)
    t.equal(len(r.verdict["holds"]), 1, r)
    with open(out, "rb") as f:
        data = f.read()
    check_bundle.check(data)
    for key, value in (("part", 3), ("hold_ns", 1), ("return_ns", 1), ("evaded", True), ("held", 1), ("released", None)):
        rows = rows_of(data)
        rows[-1]["holds"][0][key] = value
        t.true(not holds(sealed(rows)), key)


def test_everything_on_the_caller():
    expect("blocks", "--no-threads")


def foreign(*command, answer, options=()):
    """Another program's trace: whose its uploads are follows from the order of events."""
    trace, out = os.path.join(t.tmp(), "run.xft"), os.path.join(t.tmp(), "bundle")
    t.xferdb("trace", "--local", "-q", "-o", trace, *options, "--", *command, timeout=100 * t.SLOW)
    r = t.xferdb("verdict", trace, "-q", "--json", "--bundle", out)
    t.equal(r.verdict["answer"], answer, r)
    with open(out, "rb") as f:
        data = f.read()
    check_bundle.check(data)
    for n, row in enumerate(rows_of(data)):
        if "answer" in row:
            rows = rows_of(data)
            rows[n]["answer"] = "unproven" if row["answer"] != "unproven" else "blocks"
            t.true(not holds(sealed(rows)))
    return data


def test_curl_under_trace():
    t.need("curl")
    foreign("sh", "-c", 'curl -sS -T %s "$AWS_ENDPOINT_URL/bucket/k"' % t.make_file("f", 1 * MiB), answer="blocks")


def test_a_call_goes_on_over_an_exec():
    """What began in a shell ends in the program that took its place: another process of the trace, the same thread."""
    t.need("curl")
    program = 'true; exec sh -c "exec curl -sS -T %s $AWS_ENDPOINT_URL/bucket/k"' % t.make_file("f", 1 * MiB)
    rows = rows_of(foreign("bash", "-c", program, answer="blocks"))
    enter, leave = ([r for r in rows if r.get("event") == kind][0] for kind in ("call_enter", "call_return"))
    t.equal(enter["on"], leave["on"])
    t.true("in" in leave, leave)


def test_lines_stand_once_in_their_order_and_events_know_their_objects():
    rows = rows_of(bundle()[0])
    of = next(r["of"] for r in rows if r.get("event") == "event_set")
    at = {kind: next(i for i, r in enumerate(rows) if kind in r) for kind in ("thread", "object", "seq", "edge", "answer")}
    for kind in ("thread", "object"):
        t.true(not holds(sealed(rows[:at[kind]] + [rows[at[kind]]] + rows[at[kind]:])), kind)
    t.true(not holds(sealed([r for r in rows if not ("kind" in r and r.get("object") == of)])))
    for a, b in (("thread", "object"), ("object", "seq"), ("edge", "answer")):
        turned = list(rows)
        turned[at[a]], turned[at[b]] = turned[at[b]], turned[at[a]]
        t.true(not holds(sealed(turned)), (a, b))


def test_boto3_under_trace_waiting_or_not():
    try:
        import boto3  # noqa: F401
    except ImportError:
        t.skip("boto3 is not here")
    program = os.path.join(t.tmp(), "upload.py")
    with open(program, "w", encoding="utf-8") as out:
        out.write("import boto3, sys, threading, time\n"
                  "c = boto3.client('s3')\n"
                  "w = threading.Thread(target=lambda: c.upload_file(sys.argv[1], 'bucket', 'k'))\n"
                  "c.upload_file(sys.argv[1], 'bucket', 'k') if sys.argv[2] == 'here' else (w.start(), w.join())\n")
    path = t.make_file("f", 24 * MiB)
    data = foreign(sys.executable, program, path, "here", answer="blocks")
    t.equal(sum("answer" in row for row in rows_of(data)), 1)        # the process' end gives way to the call that was named
    data = foreign(sys.executable, program, path, "there", answer="blocks")
    t.equal(sum("answer" in row for row in rows_of(data)), 2)        # on another thread: both


def test_what_else_might_have_ended_a_wait():
    python = "/usr/bin/python3"
    if not os.path.exists(python) or t.run(python, "-c", "import boto3").status:
        t.skip("%s has no boto3" % python)
    os.environ["T_PAUSE"] = "5"      # the lucky are over by then, on a busy machine, too
    for name, answer in (("blocking_executor", "blocks"), ("bounded_join", "blocks-partly"), ("bounded_then_join", "unproven"),
                         ("bounded_await", "unproven"), ("lucky_either", "unproven"), ("lucky_queue", "unproven"), ("lucky_worker", "unproven"),
                         ("lucky_first", "unproven")):
        program = os.path.join(t.SOURCE, "tests", "foreign", "corpus", "python", name + ".py")
        data = foreign(python, program, answer=answer, options=["--call=out:begin:end"])
        rows = rows_of(data)
        rivals = [row for row in rows if "rival" in row]
        t.equal(bool(rivals), name == "lucky_either", rows[-1])
        for row in rivals:
            del row["rival"]
        t.equal(holds(sealed(rows)), not rivals)


PARKS = """
#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static _Atomic unsigned over;

static void *uploads(void *command)
{
	if (system(command))
		_exit(3);
	over = 1;
	syscall(SYS_futex, &over, FUTEX_WAKE_PRIVATE, 1);
	return NULL;
}

int main(int argc, char **argv)
{
	const struct timespec limit = { .tv_sec = 20 };
	pthread_t t;

	setvbuf(stdout, NULL, _IOLBF, 0);
	puts("begin");
	pthread_create(&t, NULL, uploads, argv[argc - 1]);
	if (over || !syscall(SYS_futex, &over, FUTEX_WAIT_PRIVATE, 0, &limit))
		pthread_join(t, NULL);
	puts("end");
}
"""


def test_a_signal_that_was_to_come():
    timeout, curl, path = *t.need("timeout", "curl"), t.make_file("f", MiB)
    rows = rows_of(foreign(timeout, "60", "sh", "-c", "%s -sS -f -T %s $AWS_ENDPOINT_URL/bucket/k" % (curl, path), answer="blocks-partly"))
    t.true(not holds(sealed([row for row in rows if row.get("event") != "timer"])))


def test_a_limit_of_a_wait_that_proves_nothing():
    compiler, curl = t.need("cc", "curl")
    program, source = os.path.join(t.tmp(), "parks"), os.path.join(t.tmp(), "parks.c")
    with open(source, "w", encoding="utf-8") as out:
        out.write(PARKS)
    t.equal(t.run(compiler, "-D_GNU_SOURCE", "-O1", "-o", program, source, "-pthread").status, 0)
    upload = "%s -sS -f -T %s $AWS_ENDPOINT_URL/bucket/k" % (curl, t.make_file("f", MiB))
    rows = rows_of(foreign(program, upload, answer="unproven", options=["--call=out:begin:end"]))
    t.true([row for row in rows if row.get("carries") is False])
    t.true(not holds(sealed([row for row in rows if "carries" not in row])))


def test_ten_thousand_changes_are_noticed():
    data, _ = bundle()
    dice = random.Random(7)
    for n in range(10000):
        changed = bytearray(data)
        at = dice.randrange(len(data))
        how = n % 4
        if how == 0:
            changed[at] ^= 1 << dice.randrange(8)
        elif how == 1:
            del changed[at]
        elif how == 2:
            changed.insert(at, dice.randrange(256))
        else:
            changed[at] = (changed[at] + dice.randrange(1, 256)) % 256
        t.true(not holds(bytes(changed)), (n, at))


def test_changes_that_matter_are_noticed_under_a_new_digest():
    data, _ = bundle()
    rows = rows_of(data)
    t.true(holds(sealed(rows)))
    dice = random.Random(11)
    verdict = rows[-1]
    ret = verdict["return"]
    ends = set(verdict["ends"])
    edges = [i for i, r in enumerate(rows) if "edge" in r]
    part_done = [i for i, r in enumerate(rows) if r.get("event") == "part_done"]
    releases = {r["from"] for r in rows if "edge" in r}
    acquires = {r["to"] for r in rows if "edge" in r}
    of_edge = [i for i, r in enumerate(rows) if r.get("seq") in releases | acquires and "seq" in r]
    with_how = [i for i in of_edge if "how" in rows[i]]
    objects = [i for i in of_edge if rows[i]["of"] is not None]

    def lose_end(new):
        del new[dice.choice(part_done)]

    def other_part(new):
        new[dice.choice(part_done)]["part"] += 100

    def time_out(new):
        new[dice.choice(with_how)]["how"] = "timed-out"

    def other_object(new):
        new[dice.choice(objects)]["of"] += 1000

    def other_kind(new):
        new[dice.choice([i for i in of_edge if new[i]["seq"] in releases])]["event"] = "mark"

    def backwards(new):
        e = new[dice.choice(edges)]
        e["from"], e["to"] = e["to"], e["from"]

    def no_edges_to_the_caller(new):
        caller = next(r["on"] for r in new if r.get("event") == "call_enter")
        on = {r["seq"]: r["on"] for r in new if "seq" in r}
        new[:] = [r for r in new if not ("edge" in r and on[r["to"]] == caller)]

    def limit(new):
        e = new[dice.choice(edges)]
        e["timed"] = not e["timed"]

    def answer(new):
        new[-1]["answer"] = dice.choice(["does-not-block", "unproven", "unknown", "blocks-partly", "not-returned"])

    def basis(new):
        new[-1]["basis"] = dice.choice(["inline", "witness", "timing", "none"])

    def counts(new):
        new[-1][dice.choice(["parts", "parts_ordered", "parts_late"])] += dice.choice([-1, 1])

    def outcome(new):
        new[-1]["outcome"] = dice.choice(["stored-later", "lost", "failed", "cancelled", "unknown"])

    def never_completed(new):
        complete = next(i for i, r in enumerate(new) if r.get("event") == "multipart_complete")
        change = dice.choice([("failed", True), ("skipped", True), ("transfer", 7)])
        new[complete][change[0]] = change[1]
        for row in new:
            if row.get("event") in ("done", "status"):
                row["state" if row["event"] == "done" else "to"] = "failed"

    def other_wait(new):
        waited = dice.choice([i for i in edges if new[i]["wait"] is not None])
        new[waited]["wait"] = dice.choice([r["seq"] for r in rows if "seq" in r and r["seq"] != rows[waited]["wait"]])

    def a_limit(new):
        new[-1]["limit"] = "time-out"

    def of_a_permit(new):
        used = {r["of"] for r in rows if r.get("seq") in releases and r["of"] is not None}
        object = dice.choice([i for i, r in enumerate(rows) if r.get("object") in used and "kind" in r])
        new[object]["class"] = dice.choice(["permit", "lock"])

    def lost(new):
        new[0]["lost"] = dice.randrange(1, 99)

    def no_return(new):
        new[:] = [r for r in new if r.get("seq") != ret]

    def invented(new):
        a, b = sorted(dice.sample([r["seq"] for r in rows if "seq" in r and r["seq"] not in releases | ends], 2))
        new.insert(edges[0], {"edge": dice.choice(["set", "item", "join", "start", "data"]), "from": a, "to": b,
                              "timed": False, "wait": None})

    changes = [lose_end, other_part, time_out, other_object, other_kind, backwards, no_edges_to_the_caller, limit, answer, basis,
               counts, outcome, never_completed, other_wait, a_limit, of_a_permit, lost, no_return, invented]
    for n in range(950):
        new = [dict(r) for r in rows]
        change = changes[n % len(changes)]
        change(new)
        t.true(not holds(sealed(new)), change.__name__)


if __name__ == "__main__":
    t.main()
