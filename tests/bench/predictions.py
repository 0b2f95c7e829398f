"""How near predictions come: a matrix of planted bottlenecks and numbers of workers, and other knobs.

    tests/bench/predictions.py [MiB] [repeat] [bottleneck…]    from a release build; prints a line a prediction

Each cell of a bottleneck is measured `repeat` times, all of them in random order, so that whatever else the machine does falls
on all. Every run's trace then foretells the other cells (`explain --predict`). A line says what they foretold in the middle, what was
measured in the middle, and how many runs' intervals held that. Where the runs a prediction is made from lie further
apart themselves than predictions may be off, the line says "noise".
"""
import os
import random
import statistics
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tool"))
import t    # noqa: E402

WORKERS = (1, 2, 4, 8, 10, 20)
NEAR = 0.15
SMALL = {"multipart-chunksize": "5MB"}
BOTTLENECKS = {
    "latency 20 ms": ({"latency": "20ms"}, SMALL),
    "latency 80 ms": ({"latency": "80ms"}, SMALL),
    "bandwidth": ({"bandwidth": "40MB"}, SMALL),
    "bandwidth and latency": ({"bandwidth": "40MB", "latency": "80ms"}, SMALL),
    "slow parts of the server": ({"op=UploadPart,latency": "300ms"}, SMALL),
    "large parts": ({"latency": "150ms"}, {"multipart-chunksize": "16MB"}),
    "limit": ({}, dict(SMALL, **{"max-bandwidth": "40MB"})),
    "this machine": ({}, SMALL),
}
# from four workers: another option's value, or another fault's
KNOBS = {
    "latency 80 ms": (("multipart-chunksize", "8MB"), ("multipart-chunksize", "16MB"), ("latency", "120ms"), ("latency", "200ms"),
                      ("use-threads", "no")),
    "bandwidth": (("bandwidth", "10MB"), ("bandwidth", "20MB")),
    "latency 20 ms": (("max-bandwidth", "10MB"), ("max-bandwidth", "20MB")),
}
FROM = 4


class Cell:
    """Faults and options, and the runs with them: their traces, and how long they took."""

    def __init__(self, label, workers, faults, options):
        self.label, self.workers, self.faults, self.options = label, workers, faults, options
        self.traces, self.walls = [], []

    def run(self, path):
        trace = t.tmp("%s.%d.xft" % (self.label.replace(" ", "-"), len(self.traces)))
        words = ["--max-concurrency=%d" % self.workers] + ["--%s=%s" % option for option in self.options.items()]
        for fault in self.faults.items():
            words += ["--fault", "%s=%s" % fault]
        done = t.xferdb("put", "--local", "--no-verify", "--quiet", "-o", trace, *words, path, "s3://bucket/k")
        if done.status:
            sys.exit(done.err)
        self.traces.append(trace)


def cells_of(name):
    """The cells, and for each what foretells it and how that is asked for."""
    faults, options = BOTTLENECKS[name]
    by = {n: Cell("%d workers" % n, n, faults, options) for n in WORKERS}
    asked = [(by[now], by[then], "max-concurrency=%d" % then) for now in WORKERS for then in WORKERS if now != then]
    for knob, value in KNOBS.get(name, ()):
        is_fault = knob in ("latency", "bandwidth")
        cell = Cell("%s=%s" % (knob, value), FROM, dict(faults, **({knob: value} if is_fault else {})),
                    dict(options, **({} if is_fault else {knob: value})))
        by[knob, value] = cell
        asked.append((by[FROM], cell, "%s=%s" % (knob, value)))
    return list(by.values()), asked


def words_of(asked, cell):
    """What explain calls a latency comes on top of what there was."""
    knob, value = asked.split("=")
    return asked if knob != "latency" else "latency=%dms" % (int(value[:-2]) - int(cell.faults["latency"][:-2]))


def explain(trace, *asked):
    words = [word for one in asked for word in ("--predict", one)]
    return t.xferdb("explain", trace, "--json", *words).json["calls"][0]


class Sums:
    def __init__(self):
        self.near = self.nr = self.held = self.intervals = 0

    def line(self, name, now, then, foretold):
        measured = statistics.median(then.walls)
        held = sum(p["low_ns"] <= measured <= p["high_ns"] for p in foretold)
        off = statistics.median(p["ns"] for p in foretold) / measured - 1
        noise = max(now.walls) / min(now.walls) - 1 > 2 * NEAR or max(then.walls) / min(then.walls) - 1 > 2 * NEAR
        self.nr, self.near = self.nr + 1, self.near + (abs(off) <= NEAR)
        self.held, self.intervals = self.held + held, self.intervals + len(foretold)
        print("%-25s %-11s %-25s foretold %6.2f s  measured %6.2f s  %+4.0f %%%s  held by %d of %d%s" % (
            name, now.label, then.label, (1 + off) * measured / 1e9, measured / 1e9, 100 * off, " " if abs(off) <= NEAR else "*",
            held, len(foretold), "  noise" if noise else ""), flush=True)

    def add(self, other):
        self.near, self.nr = self.near + other.near, self.nr + other.nr
        self.held, self.intervals = self.held + other.held, self.intervals + other.intervals

    def told(self):
        return "%d of %d within %.0f %%, intervals held %.0f %%" % (self.near, self.nr, 100 * NEAR, 100 * self.held / self.intervals)


def bottleneck(name, path, repeat, sums):
    cells, asked = cells_of(name)
    own = Sums()
    jobs = [cell for cell in cells for _ in range(repeat)]
    random.shuffle(jobs)
    for cell in jobs:
        cell.run(path)
    for cell in cells:
        cell.walls = [explain(trace)["wall_ns"] for trace in cell.traces]
    for now, then, knob in asked:
        words = words_of(knob, now)
        own.line(name, now, then, [explain(trace, words)["predictions"][0] for trace in now.traces])
    print("%s: %s" % (name, own.told()), flush=True)
    sums.add(own)


def main():
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    repeat = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    path = t.make_file("predicted", size * t.MiB)
    sums = Sums()
    for name in sys.argv[3:] or BOTTLENECKS:
        bottleneck(name, path, repeat, sums)
    print(sums.told())


if __name__ == "__main__":
    main()
