"""The fault matrix: every kind of request against every misfortune, once and for ever.

Asked of each run: the right exit status and error, what was retried, that an upload which failed
was aborted, once and last, that no part of it outlived the program, that Complete came only
behind every part's answer, and that it ended.
"""
import itertools
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import scripted  # noqa: E402
import t  # noqa: E402

MISFORTUNES = ["refused", "reset", "reset-body", "stall", "403", "404", "500", "503", "error200", "cut", "sum", "early:403"]
# What is tried again. An error document in a download's body cannot be told from the object.
RETRIED = {"refused", "reset", "reset-body", "stall", "500", "503", "error200", "cut"}
ATTEMPTS = 2
SIZE = {"put": 300000, "get": 300000}
BIG = 11 * t.MiB + 5
TLS = False                                     # test_faults_tls turns it on


class Case:
    """One run: the misfortune befalls requests of that kind, the first only or all."""

    def __init__(self, kind, misfortune, once):
        self.kind, self.misfortune, self.once = kind, misfortune, once
        self.hits = 0

    def __str__(self):
        return "%s × %s%s" % (self.kind, self.misfortune, ", once" if self.once else "")

    def __call__(self, request):
        wanted = {"abort": ("abort",)}.get(self.kind, (self.kind,))
        if self.kind == "abort" and request.op == "part" and request.part == 2:
            return "403"                        # or there would be nothing to abort
        if request.op not in wanted or (self.kind == "part" and request.part != 2) or \
           (self.kind == "range" and not request.headers["range"].startswith("bytes=8388608-")):
            return None
        self.hits += 1
        return None if self.once and self.hits > 1 else self.misfortune

    def run(self):
        """The server and the result."""
        size = SIZE.get(self.kind, BIG)
        source = t.make_file("source", size)
        # only what stalls is given up: a busy machine may take its time for the rest
        patience = "2s" if self.misfortune == "stall" else "20s"
        knobs = ["--max-attempts", ATTEMPTS, "--read-timeout", patience, "--connect-timeout", "5s",
                 "--num-download-attempts", 2, "--no-trace"]
        tls, cert = scripted.certificate(t) if TLS else (None, None)
        with scripted.Server(self if self.misfortune != "refused" else (lambda r: None), tls=tls) as server:
            env = scripted.environment(server, t, **({"AWS_CA_BUNDLE": cert} if cert else {}))
            if self.misfortune == "refused":
                self.refuse_from(server)
            if self.kind in ("head", "get", "range"):
                with open(source, "rb") as f:
                    server.store("/bucket/key", f.read())
                target = t.tmp("target")
                with open(target, "w") as f:
                    f.write("old")
                r = t.xferdb("get", "s3://bucket/key", target, *knobs, env=env, timeout=60 * t.SLOW)
            else:
                r = t.xferdb("put", source, "s3://bucket/key", *knobs, env=env, timeout=60 * t.SLOW)
            return server, r, source

    def refuse_from(self, server):
        """Nobody listens any more from that kind of request on."""
        if self.kind in ("put", "create", "head"):
            server.close()
            return
        before = {"part": ("create",), "complete": ("part",), "abort": ("part",), "get": ("head",), "range": ("head",)}
        state = {"parts": 0}

        def close_when_due(request):
            if self.kind == "abort" and request.op == "part" and request.part == 2:
                server.close()
                return "403"
            if request.op in before[self.kind]:
                state["parts"] += 1
                if self.kind != "complete" or state["parts"] == 2:
                    server.close()
            return None
        server.misfortune = close_when_due


def check_invariants(case, server, r):
    requests = server.requests
    aborts = [q for q in requests if q.op == "abort"]
    completes = [q for q in requests if q.op == "complete"]
    if aborts:
        t.true(all(q.op in ("abort", "head") for q in requests[requests.index(aborts[0]):]), "%s: abort is last: %r" % (case, requests))
    for q in completes:
        late = [p for p in requests if p.op == "part" and (p.ended is None or p.ended > q.began)]
        t.equal(late, [], "%s: Complete came before parts were over: %r" % (case, requests))
    if case.kind != "abort" and case.misfortune != "refused" and not (case.kind == "create" and r.status == 0):
        t.equal(list(server.uploads), [], "%s: left behind: %r" % (case, requests))


def succeeds(case):
    """Does the transfer come to its end all the same?"""
    if case.kind in ("get", "range") and case.misfortune == "error200":
        return None                             # an object like any other; a range is too short
    if case.kind == "abort":
        return False
    if case.kind == "complete" and case.misfortune in ("cut", "reset-body"):
        return True                             # it was carried out, and the object says so
    if case.kind == "head" and case.misfortune == "error200":
        return True                             # a head has no body to be wrong
    if case.misfortune == "sum" and case.kind not in ("put", "part", "get", "range", "complete"):
        return True                             # no checksum is due there
    return case.once and case.misfortune in RETRIED


def check(case):
    server, r, source = case.run()
    expected = succeeds(case)
    if case.misfortune == "refused" and case.kind in ("part", "complete", "get", "range"):
        return                                  # connections may be kept: either end is fine, a hang is not
    if expected is not None:
        t.equal(r.status, 0 if expected else 3, "%s: %r\n%r" % (case, r, server.requests))
    if expected is False:
        t.match(r"s3://bucket/key", r.err, "%s: %r" % (case, r))
    tries = [q for q in server.requests if q.op == case.kind and
             (case.kind != "part" or q.part == 2) and
             (case.kind != "range" or q.headers["range"].startswith("bytes=8388608-"))]
    silent = case.kind == "abort" and case.misfortune in ("cut", "reset-body")     # 204 has no body to cut
    if expected is False and case.misfortune in RETRIED and case.misfortune != "refused" and not silent:
        most = ATTEMPTS * (2 if case.kind in ("get", "range") and case.misfortune in ("stall", "cut", "reset-body") else 1)
        t.true(ATTEMPTS <= len(tries) <= most, "%s: %d tries: %r" % (case, len(tries), r))
    if expected is False and case.misfortune in ("403", "404", "early:403"):
        t.equal(len(tries), 1, "%s: not tried again: %r" % (case, server.requests))
    check_invariants(case, server, r)
    check_object(case, server, r, source)


def check_object(case, server, r, source):
    """Whole or absent, and only a success is called one; the old target untouched unless the download succeeded."""
    with open(source, "rb") as f:
        whole = f.read()
    if case.kind in ("head", "get", "range"):
        with open(t.tmp("target"), "rb") as f:
            target = f.read()
        if r.status:
            t.equal(target, b"old", str(case))
        elif case.misfortune != "error200":
            t.true(target == whole, "%s: the file differs" % case)
        leftovers = [n for n in os.listdir(t.tmp()) if n.startswith("target.")]
        t.equal(leftovers, [], "%s: temporary files" % case)
        return
    stored = server.objects.get("/bucket/key")
    if r.status == 0:
        t.true(stored == whole, "%s: the object differs" % case)
    t.true(stored in (None, whole), "%s: a torn object" % case)
    if (case.kind, case.misfortune) == ("complete", "sum"):
        return                                  # it is there, and said to be wrong
    if case.kind not in ("put", "abort"):       # a PutObject whose answer is lost cannot be told from one that was
        t.equal(stored is None, r.status != 0, "%s: stored, or not: %r" % (case, r))


def matrix(kind):
    failures = []
    for misfortune, once in itertools.product(MISFORTUNES, (True, False)):
        case = Case(kind, misfortune, once)
        if misfortune == "refused" and once:
            continue                            # who listens again would be another server
        try:
            check(case)
        except AssertionError as why:
            failures.append("%s\n  %s" % (case, str(why)[:1500]))
    t.true(not failures, "\n".join(failures))


def test_put():
    matrix("put")


def test_create():
    matrix("create")


def test_part():
    matrix("part")


def test_complete():
    matrix("complete")


def test_abort():
    matrix("abort")


def test_head():
    matrix("head")


def test_get():
    matrix("get")


def test_range():
    matrix("range")


if __name__ == "__main__":
    t.main()
