"""How near predictions come: `experiment --predict` over a matrix of planted bottlenecks and numbers of workers.

    tests/bench/predictions.py [MiB] [repeat] [bottleneck…]    from a release build; prints a line a prediction

Each control foretells all other numbers of workers from its own traces, and each is measured; control and
measured runs take turns in random order, so that whatever else the machine does falls on all of them. Where even
the controls of one experiment lie further apart than predictions may be off, the line says "noise".
"""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tool"))
import t    # noqa: E402

WORKERS = (1, 2, 4, 8, 10, 20)
NEAR = 0.15
SMALL = ["--multipart-chunksize", "5MB"]
BOTTLENECKS = {
    "latency 20 ms": ["--fault", "latency=20ms", *SMALL],
    "latency 80 ms": ["--fault", "latency=80ms", *SMALL],
    "bandwidth": ["--fault", "bandwidth=40MB", *SMALL],
    "bandwidth and latency": ["--fault", "bandwidth=40MB", "--fault", "latency=80ms", *SMALL],
    "slow parts of the server": ["--fault", "op=UploadPart,latency=300ms", *SMALL],
    "large parts": ["--fault", "latency=150ms", "--multipart-chunksize", "16MB"],
    "limit": ["--max-bandwidth", "40MB", *SMALL],
    "this machine": SMALL,
}
KNOBS = (("latency 80 ms", ["--max-concurrency", "4"], "multipart-chunksize=8MB,16MB"),
         ("latency 80 ms", ["--max-concurrency", "4"], "latency=20ms,200ms"),
         ("bandwidth", ["--max-concurrency", "4"], "bandwidth=10MB,20MB"),
         ("latency 20 ms", ["--max-concurrency", "4"], "max-bandwidth=10MB,20MB"),
         ("latency 80 ms", ["--max-concurrency", "4"], "use-threads=no"))


def experiment(path, repeat, words, predict):
    out = t.tmp("report.json")
    done = subprocess.run([t.XFERDB, "experiment", path, "--local", "--quiet", "--json=" + out, "--repeat", str(repeat), "--warm-up", "0",
                           "--predict", predict, *words], stderr=subprocess.PIPE, text=True, env=t.environment(), check=False)
    if done.returncode:
        sys.exit(done.stderr)
    with open(out, encoding="utf-8") as f:
        return json.load(f)["cells"]


def lines(cells, name, given):
    """(near, nr) of the experiment's predictions, and a line each."""
    near = nr = 0
    control = cells[0]["wall_ns"]
    noise = control["high"] / control["low"] - 1 > 2 * NEAR
    for cell in cells[1:]:
        if cell["off"] is None:
            print("%-26s %-22s %-28s nothing foretold" % (name, given, cell["label"]))
            continue
        nr += 1
        near += abs(cell["off"]) <= NEAR
        print("%-26s %-22s %-28s foretold %7.2f s  measured %7.2f s  %+5.0f %%%s%s" % (
            name, given, cell["label"], cell["predicted_ns"]["median"] / 1e9, cell["wall_ns"]["median"] / 1e9, 100 * cell["off"],
            "" if abs(cell["off"]) <= NEAR else "  *", "  noise" if noise else ""), flush=True)
    return near, nr


def main():
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    repeat = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    chosen = sys.argv[3:] or list(BOTTLENECKS)
    path = t.make_file("predicted", size * t.MiB)
    near = nr = 0
    for name in chosen:
        for now in WORKERS:
            others = ",".join(str(n) for n in WORKERS if n != now)
            got = lines(experiment(path, repeat, ["--max-concurrency", str(now), *BOTTLENECKS[name]], "max-concurrency=" + others),
                        name, "%d workers" % now)
            near, nr = near + got[0], nr + got[1]
    for name, words, predict in KNOBS:
        if name in chosen:
            got = lines(experiment(path, repeat, [*words, *BOTTLENECKS[name]], predict), name, "4 workers")
            near, nr = near + got[0], nr + got[1]
    print("%d of %d within %.0f %%" % (near, nr, 100 * NEAR))


if __name__ == "__main__":
    main()
