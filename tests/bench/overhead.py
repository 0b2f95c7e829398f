"""What tracing costs the program traced: CPU seconds of program and tracer together, as ratios to untraced.

    tests/bench/overhead.py [rounds] [MiB] [program…] [--only "technique;…"]    from a release build; prints the table of docs/overhead.md

All techniques take turns within each round, in an order drawn anew for each (what runs behind a heavy one is
slower), so that whatever else the machine does falls on all of them. Each figure is a ratio of medians with the
interval in which 95 % of resampled rounds put it, and "untraced" against itself stands beside it. The
server (`xferdb serve`, storing) is not counted. What is not installed is left out, visibly.
"""
import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tool"))
import t    # noqa: E402

PYTHON = "/usr/bin/python3"
UPLOAD = """
import boto3, sys
s = boto3.client("s3", endpoint_url=sys.argv[1])
with open(sys.argv[2], "rb") as f:
    s.upload_fileobj(f, "bkt", "boto3")
"""
# name, words before the program, the program needed, every n-th round (what takes long)
TECHNIQUES = (
    ("untraced", [], None, 1),
    ("untraced, again", [], None, 1),
    ("probe", [t.XFERDB, "trace", "--quiet", "--backend", "none"], None, 1),
    ("notify", [t.XFERDB, "trace", "--quiet", "--no-probe"], None, 1),
    ("probe and notify", [t.XFERDB, "trace", "--quiet"], None, 1),
    ("probe and ptrace", [t.XFERDB, "trace", "--quiet", "--backend", "ptrace"], None, 1),
    ("strace -f --seccomp-bpf -e %net", ["strace", "-f", "--seccomp-bpf", "-e", "trace=%net", "-o", os.devnull],
     "strace", 1),
    ("strace -f", ["strace", "-f", "-o", os.devnull], "strace", 3),
    ("uftrace --force", ["uftrace", "record", "--force", "--no-libcall", "-d"], "uftrace", 3),
)


def programs(server, path):
    script = t.tmp("up.py")
    with open(script, "w", encoding="utf-8") as f:
        f.write(UPLOAD)
    words = {
        "boto3": (PYTHON, [script, server.endpoint, path]),
        "curl": (shutil.which("curl"), ["-sS", "-T", path, server.endpoint + "/bkt/curl"]),
        "rclone": (shutil.which("rclone"), ["--config", os.devnull, "--s3-provider", "Other", "--s3-env-auth",
                                           "--s3-endpoint", server.endpoint, "--ignore-times", "copyto", path, ":s3:bkt/rclone"]),
    }
    return {name: [program, *rest] for name, (program, rest) in words.items() if program}


def cpu():
    r = resource.getrusage(resource.RUSAGE_CHILDREN)
    return r.ru_utime + r.ru_stime


def measure(words, env):
    """CPU and wall seconds, or None when it failed."""
    before, begin = cpu(), time.monotonic()
    status = subprocess.run(words, env=env, cwd=t.tmp(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL).returncode
    return (cpu() - before, time.monotonic() - begin) if status == 0 else None


def words_of(technique, program):
    prefix = list(technique[1])
    if technique[0].startswith("uftrace"):
        prefix.append(t.tmp("uftrace.%d" % time.monotonic_ns()))
    elif "trace" in prefix:
        prefix.append("--")
    return prefix + program


def ratio(rows, base):
    return statistics.median(rows) / statistics.median(base)


def interval(rows, base, rng):
    """The middle 95 % of the ratios of resampled rounds."""
    many = sorted(ratio(rng.choices(rows, k=len(rows)), rng.choices(base, k=len(base))) for _ in range(2000))
    return many[50], many[-51]


def main():
    args = sys.argv[1:]
    only = args.pop(args.index("--only") + 1).split(";") if "--only" in args else []
    args = [a for a in args if a != "--only"]
    rounds = int(args[0]) if args else 7
    size = int(args[1]) if len(args) > 1 else 100
    rng = random.Random(1)
    techniques = [t for t in TECHNIQUES if not only or t[0] in ("untraced", *only)]
    seen = {}
    with t.Serve("--anonymous") as server:
        env = dict(server.environment())
        path = t.make_file("f", size * t.MiB)
        todo = {name: words for name, words in programs(server, path).items()
                if name in args[2:] or not args[2:]}
        for i in range(rounds):
            for technique in rng.sample(techniques, len(techniques)):
                for name, program in todo.items():
                    if (technique[2] and not shutil.which(technique[2])) or i % technique[3]:
                        continue
                    got = measure(words_of(technique, program), env)
                    if got:
                        seen.setdefault((technique[0], name), []).append(got)
            print("round %d of %d" % (i + 1, rounds), file=sys.stderr)
    print("| | %s |" % " | ".join("%s CPU | %s wall" % (n, n) for n in todo))
    print("| --- |%s" % (" --- |" * 2 * len(todo)))
    for technique in techniques:
        cells = []
        for name in todo:
            rows = seen.get((technique[0], name))
            for k in range(2):
                base = [r[k] for r in seen[("untraced", name)]]
                now = [r[k] for r in rows] if rows else None
                cells.append("-" if now is None else "%.2f s" % statistics.median(now) if technique[0] == "untraced"
                             else "× %.2f (%.2f–%.2f)" % (ratio(now, base), *interval(now, base, rng)))
        print("| %s | %s |" % (technique[0], " | ".join(cells)))


if __name__ == "__main__":
    main()
