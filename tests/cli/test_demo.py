"""demo: every way to call, side by side."""
import schema
import t


def test_the_demo_answers_the_question():
    r = t.xferdb("demo", timeout=90 * t.SLOW)
    t.equal(r.status, 0, r)
    rows = [line for line in r.out.splitlines() if "happens-before" in line or "inline" in line or "witness" in line]
    t.equal(len([x for x in rows if "WAITS (proved)" in x]), 4, r)
    t.equal(len([x for x in rows if "DOES NOT WAIT (seen)" in x]), 2, r)
    t.match(r"fire and forget .*stored-later", r.out)
    t.match(r"end at once .*lost", r.out)
    t.match(r"part_done .*core/transfer/\w+\.c:\d+", r.out)       # the evidence, with source lines
    t.match(r"call_return .*core/transfer/\w+\.c:\d+", r.out)


def test_the_demo_as_json():
    r = t.xferdb("demo", "--json", timeout=90 * t.SLOW)
    t.equal(r.status, 0, r)
    schema.check(r.json, schema.load()["document"])
    t.equal(r.json["command"], "demo")
    t.equal([(c["verdict"]["answer"], c["verdict"]["outcome"]) for c in r.json["calls"]],
            [("blocks", "stored")] * 4 + [("does-not-block", "stored-later"), ("does-not-block", "lost")])
    t.equal(r.json["summary"]["calls"], 6)


if __name__ == "__main__":
    t.main()
