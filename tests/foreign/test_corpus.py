"""The corpus: programs that upload in every way, and what has to be said of them (corpus/table.txt)."""
import os

import t

CORPUS = os.path.join(t.SOURCE, "tests", "foreign", "corpus")
PYTHON = "/usr/bin/python3"


def rows(group):
    with open(os.path.join(CORPUS, "table.txt"), encoding="utf-8") as table:
        for line in table:
            words = line.split()
            if words and words[0] == group:
                yield words[1:]


def need_boto3():
    import subprocess
    if subprocess.run([PYTHON, "-c", "import boto3"], capture_output=True).returncode:
        t.skip("%s has no boto3" % PYTHON)



def check(group):
    need_boto3()
    seen = 0
    for program, options, call, answer, outcome in rows(group):
        seen += 1
        json = os.path.join(t.tmp(), program + ".json")
        r = t.xferdb("trace", "--local", "--json=" + json, *([] if options == "-" else [options]),
                     "--", PYTHON, os.path.join(CORPUS, program + ".py"),
                     env=dict(t.environment(), T_SIZE=str(20 * t.MiB)))
        t.equal(r.status, 0, r)
        with open(json, encoding="utf-8") as f:
            import json as json_
            document = json_.load(f)
        of_call = [c for c in document["calls"] if (c["call"]["name"] or "").endswith(call)]
        t.equal(len(of_call), 1, (program, [c["call"]["name"] for c in document["calls"]], r))
        v = of_call[0]["verdict"]
        t.equal((program, v["answer"], v["outcome"]), (program, answer, outcome), (v["reason"], r))
    t.true(seen > 1, group)


def test_programs_that_wait():
    check("waits")


def test_regions_that_wait_and_how_far():
    check("region")


def test_programs_that_forget():
    check("forgets")


def test_luck_is_not_called_proof():
    check("luck")


if __name__ == "__main__":
    t.main()
