"""The command line as users meet it: help, version, what is wrong in one sentence, exit status 2, nothing sent."""
import json
import os
import subprocess

import schema
import t

BAD = [
    (["put"], "put needs operands"),
    (["putt", "a", "b"], "did you mean put"),
    (["frobnicate"], "unknown command 'frobnicate'"),
    ([], "no command"),
    (["put", "--part-sise", "8MB", "F", "s3://bkt/k"], "did you mean --part-size?"),
    (["put", "--part-size", "8XB", "F", "s3://bkt/k"], "--part-size: '8XB'"),
    (["put", "--concurrency", "0", "F", "s3://bkt/k"], "at least 1"),
    (["put", "--wait", "maybe", "F", "s3://bkt/k"], "result,exit | result | exit | none"),
    (["put", "--expect", "blocked", "F", "s3://bkt/k"], "'blocked' is none of"),
    (["put", "--port", "1", "F", "s3://bkt/k"], "--port means nothing to 'put'"),
    (["put", "F", "b/k"], "not an S3 address"),
    (["put", "F", "s3://"], "names no bucket"),
    (["put", "F", "G", "s3://bkt/k"], "need a prefix"),
    (["put", "F", "s3://bkt/" + "k" * 1025], "1024 bytes"),
    (["put", "-", "s3://bkt/p/"], "no name to keep"),
    (["put", "missing", "s3://bkt/k"], "cannot read missing: No such file"),
    (["put", ".", "s3://bkt/k"], "is a folder"),
    (["put", "F", "sub/F", "s3://bkt/p/"], "two of the files would both become s3://bkt/p/F"),
    (["put", "F", "s3://bkt/k", "--fault", "part=1,hold=1s"], "add --local"),
    (["put", "F", "s3://bkt/k", "--local", "--fault", "nonsense"], "nonsense"),
    (["put", "F", "s3://bkt/k", "--local", "--endpoint-url", "http://127.0.0.1:1"], "two endpoints"),
    (["put", "F", "s3://bkt/k", "--endpoint-url", "ftp://h"], "http"),
    (["put", "F", "s3://bkt/k", "--endpoint-url", "http://u:pw@127.0.0.1:1"], "do not belong into a URL"),
    (["put", "F", "s3://bkt/k", "--ca-bundle", "nope.pem"], "nope.pem"),
    (["put", "F", "s3://bkt/k", "--sse-c"], "--sse-c-key"),
    (["put", "F", "s3://bkt/k", "--sse-c-key", "short"], "not 32 bytes"),
    (["put", "F", "s3://bkt/k", "--metadata", "novalue"], "KEY=VALUE"),
    (["put", "F", "s3://bkt/k", "--checksum-crc32", "zzz"], "base64"),
    (["put", "F", "s3://bkt/k"], "--local"),                   # no credentials: offers --local
    (["verdict", "missing.xft"], "missing.xft"),
    (["verdict", "F"], "not an xferdb trace"),
    (["events", "F"], "not an xferdb trace"),
    (["verdict"], "there is no trace yet"),
    (["events", "--filter", "part=="], "--filter: "),
    (["verdict", "a", "b"], "one too many"),
    (["serve", "--port", "99999"], "at most 65535"),
    (["serve", "--bind", "not-an-address"], "not-an-address"),
]


def test_bad_input_is_one_sentence_and_status_2():
    t.make_file("F", 100)
    os.mkdir(t.tmp("sub"))
    t.make_file("sub/F", 100)
    for args, says in BAD:
        r = t.xferdb(*args)
        t.equal(r.status, 2, r)
        t.equal(r.out, "", r)
        t.true(says in r.err, (args, says, r.err))
        first = r.err.splitlines()[0]
        t.true(first.startswith("xferdb: "), r)
        t.true(len(r.err.splitlines()) <= 2, r)


def test_status_2_prints_no_document():
    r = t.xferdb("put", "--json", "missing", "s3://bkt/k", "--local")
    t.equal((r.status, r.out), (2, ""), r)


def test_bad_input_sends_nothing():
    t.make_file("F", 100)
    with t.Serve() as server:
        for args, _ in BAD:
            if args[:1] == ["put"] and "--endpoint-url" not in args and args != ["put", "F", "s3://bkt/k"]:
                server.xferdb(*args)
        t.true(b"<Bucket>" not in server.client().get("/").body)    # --auto-bucket: any request would have made it


def test_help_and_version_go_to_stdout():
    for args in ["--help"], ["--version"], ["put", "--help"], ["--help", "put"], ["-h"], ["serve", "-h"]:
        r = t.xferdb(*args)
        t.equal((r.status, r.err), (0, ""), r)
        t.true(r.out, r)
    t.match(r"^xferdb \d+\.\d+\.\d+$", t.xferdb("--version").out)


def test_output_that_did_not_arrive_is_told_of():
    trace = t.tmp("run.xft")
    t.equal(t.xferdb("put", "--local", "-o", trace, t.make_file("F", 100), "s3://bkt/k").status, 0)
    for args in ["--help"], ["--version"], ["verdict", trace], ["explain", trace], ["events", trace], ["view", "--plain", trace]:
        with open("/dev/full", "wb") as full:
            p = subprocess.run([t.XFERDB, *args], stdout=full, stderr=subprocess.PIPE, env=t.environment(), check=False, timeout=60)
        t.equal((args, p.returncode), (args, 3), p)
        t.match("could not be written", p.stderr.decode())


def test_help_names_every_option_of_the_command():
    document = schema.load()
    for command in document["commands"]:
        text = t.xferdb(command["name"], "--help").out
        for option in command["options"]:
            t.true("--" + option in text, (command["name"], option))
        for line in text.splitlines():
            t.true(len(line) <= 100, line)


def test_the_committed_schema_is_current():
    printed = json.loads(t.xferdb("--print-schema").out)
    t.equal(printed, schema.load(), "regenerate: build/xferdb --print-schema >schema/xferdb.json")


def test_options_stand_anywhere():
    path = t.make_file("F", 100)
    for args in (["--local", "put", path, "s3://bkt/k"], ["put", "--local", path, "s3://bkt/k"],
                 ["put", path, "--local", "s3://bkt/k"], ["put", path, "s3://bkt/k", "--local"],
                 ["--quiet", "put", "--local", "--", path, "s3://bkt/k"]):
        r = t.xferdb(*args)
        t.equal(r.status, 0, r)


if __name__ == "__main__":
    t.main()
