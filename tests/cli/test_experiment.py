"""experiment: sweeps, their order, resuming, what a planted effect looks like, and the report."""
import csv
import html.parser
import json
import os
import re
import signal
import xml.etree.ElementTree as ET

import schema
import t


def experiment(*args, **how):
    return t.xferdb("experiment", *args, timeout=90 * t.SLOW, **how)


def cells(r):
    return {c["label"]: c for c in r.json["cells"]}


def test_bad_input_is_one_sentence_and_nothing_runs():
    path = t.make_file("source", 1000)
    for args, word in (
            ((path,), "where to"),
            ((path, "--local", "--sweep", "max-concurrency=1,x"), "max-concurrency"),
            ((path, "--local", "--sweep", "max-concurency=1,2"), "did you mean --max-concurrency"),
            ((path, "--local", "--sweep", "max-concurrency"), "NAME=VALUE"),
            ((path, "--local", "--sweep", "max-concurrency=1,1"), "twice"),
            ((path, "--local", "--sweep", "json=a,b"), "no option of a transfer"),
            ((path, "--local", "--sweep", "max-concurrency=1", "--sweep", "concurrency=2"), "are the same"),
            ((path, "--local", "--sweep", "latency=1ms", "--sweep", "fault:latency=2ms"), "are the same"),
            ((path, "--local", "--sweep", "endpoint-url=http://localhost:1"), "an endpoint of its own"),
            ((path, "--local", "--sweep", "multipart-chunksize=1MB", "--multipart-threshold", "1"), "5 MB to 5 GB"),
            ((path, "--local", "--sweep", "wait=result\\,nobody"), "result,nobody"),
            ((path, "--local", "--sweep", "fault:op=put,noetag=1"), "without a value"),
            ((path, "--local", "--sweep", "env:1X=a"), "variable"),
            ((path, "--local", "--sweep", "fault:part=3,hlod=1s,2s"), "hlod"),
            ((path, "--local", "--latency", "5parsecs"), "5parsecs"),
            ((path, "s3://bucket/key", "--latency", "5ms"), "--local"),
            ((path, "--local", "--until-ci", "much"), "percentage"),
            ((path + "no", "--local"), "cannot read"),
            ((t.tmp(), "--local"), "regular file"),
            ((path, "a", "b", "--local"), "behind --"),
            ((path, "--local", "--", "true"), "not both"),
            (("--local", "--sweep", "max-concurrency=1,2", "--", "true"), "env:NAME"),
            ((path, "--local", "--html", t.tmp("no", "x.html")), "x.html")):
        r = experiment(*args)
        t.equal((r.status, r.out), (2, ""), r)
        t.true(word in r.err, r)
        t.true(len(r.err.strip().splitlines()) <= 2, r)


def test_the_order_is_that_of_the_seed_and_everything_is_counted():
    path = t.make_file("source", 100000)
    orders = []
    for seed in (5, 5, 6):
        r = experiment(path, "--local", "--sweep", "max-concurrency=1,2", "--sweep", "threads=on,off", "--repeat", "2",
                       "--seed", seed, "--json", "--quiet")
        t.equal(r.status, 0, r)
        t.equal(r.json["seed"], str(seed))
        orders.append([(run["cell"], run["round"]) for run in r.json["runs"]])
    t.equal(orders[0], orders[1])
    t.true(orders[0] != orders[2])
    t.equal(sorted(orders[0]), [(cell, rnd) for cell in range(5) for rnd in range(3)])
    t.equal([rnd for _, rnd in orders[0]], [0] * 5 + [1] * 5 + [2] * 5)   # interleaved, round by round
    for label, cell in cells(r).items():
        t.equal((cell["runs"], cell["failed"], cell["answer"], cell["outcome"]), (2, 0, "blocks", "stored"), label)
        t.true(cell["cpu_ns"]["median"] > 0 and cell["wall_ns"]["median"] > 0 and cell["max_rss"]["median"] > 1 << 20)


def test_planted_effects_are_found():
    """Each request 60 ms late: create, 4 parts, complete one after the other, or the parts together."""
    path = t.make_file("source", 20 * t.MiB)
    r = experiment(path, "--local", "--sweep", "max-concurrency=1,4", "--latency", "0,150ms", "--multipart-chunksize", "5MB",
                   "--repeat", "3", "--json", "--quiet")
    t.equal(r.status, 0, r)
    wall = {label: c["wall_ns"]["median"] / 1e9 for label, c in cells(r).items()}
    slow1, slow4 = wall["max-concurrency=1 latency=150ms"], wall["max-concurrency=4 latency=150ms"]
    t.true(slow1 > 6 * 0.150, r)                                      # six requests in a row
    t.true(slow4 > 3 * 0.150, r)                                      # three in a row
    if t.SLOW == 1:
        t.true(slow1 - wall["max-concurrency=1 latency=0"] > 0.5, r)
        t.true(slow1 - slow4 > 0.2, r)                                # concurrency pays under latency
    by = cells(r)
    t.equal(by["max-concurrency=1 latency=150ms"]["peak_concurrency"], 1, r)
    t.true(by["max-concurrency=4 latency=150ms"]["peak_concurrency"] > 1, r)
    causes = by["max-concurrency=4 latency=150ms"]["causes_ns"]
    t.true(causes["server"] > 6 * 0.150e9, r)
    t.true(by["max-concurrency=1 latency=150ms"]["causes_ns"]["queue"] > 0.150e9, r)


def test_a_fault_can_be_swept_and_retries_are_seen():
    path = t.make_file("source", 1000)
    r = experiment(path, "--local", "--sweep", "fault:op=put,status=503,times=none,1", "--repeat", "2", "--json", "--quiet")
    t.equal(r.status, 0, r)
    t.equal([(c["retries"], c["outcome"]) for c in r.json["cells"]], [(0, "stored"), (0, "stored"), (1, "stored")], r)
    t.true(r.json["cells"][2]["causes_ns"]["backoff"] > 0, r)


def test_what_is_swept_is_as_the_cell_has_it():
    """A latency of all runs is not that of the cells that sweep it; a word without a value is on or off."""
    path = t.make_file("source", 1000)
    r = experiment(path, "--local", "--fault", "latency=400ms", "--sweep", "latency=0,1ms", "--sweep", "fault:op=put,error200=on,off",
                   "--sweep", "wait=result\\,exit,none", "--repeat", "1", "--warm-up", "0", "--max-attempts", "1", "--json", "--quiet")
    t.equal(r.status, 0, r)
    by = cells(r)
    t.true(by["control"]["wall_ns"]["median"] > 0.4e9, r)
    for latency in ("0", "1ms"):
        label = "latency=%s fault:op=put,error200=%%s wait=%%s" % latency
        t.equal(by[label % ("on", "result,exit")]["outcome"], "failed", r)
        t.equal(by[label % ("off", "none")]["answer"], "does-not-block", r)
        t.true(by[label % ("off", "result,exit")]["causes_ns"]["server"] < 0.4e9, r)


def test_a_damaged_file_of_results_is_named_with_its_line():
    path, results = t.make_file("source", 1000), t.tmp("results.jsonl")
    args = (path, "--local", "--sweep", "max-concurrency=1,2", "--repeat", "1", "--warm-up", "0", "--results", results)
    t.equal(experiment(*args).status, 0)
    with open(results, encoding="utf-8") as f:
        lines = f.readlines()
    for number, line, word in ((3, lines[1], "stands there already"), (3, '{"cell":7}\n', "no run of this experiment"),
                               (2, lines[1][:-9] + "\n", "not JSON")):
        with open(results, "w", encoding="utf-8") as f:
            f.writelines(lines[:number - 1] + [line] + lines[number:])
        r = experiment(*args)
        t.equal(r.status, 2, r)
        t.true("%s, line %d: " % (results, number) in r.err and word in r.err, r)


def test_an_interrupted_experiment_goes_on_from_its_file():
    path, results = t.make_file("source", 100000), t.tmp("results.jsonl")
    args = [t.XFERDB, "experiment", path, "--local", "--sweep", "max-concurrency=1,2", "--latency", "100ms", "--repeat", "4",
            "--seed", "3", "--results", results]
    first = t.Process(*args)
    t.wait_until(lambda: os.path.exists(results) and len(open(results, encoding="utf-8").readlines()) >= 4, 30)
    first.signal(signal.SIGINT)
    t.equal(first.wait(), 130)
    t.match(r"the same command goes on from", first.text())
    t.match(r"^control ", "\n".join(x for x in first.lines if x))      # what was measured is shown
    before = open(results, encoding="utf-8").read()
    rows = [json.loads(x) for x in before.splitlines()][1:]
    t.true(3 <= len(rows) < 15, before)
    second = t.run(*args, "--json", timeout=90 * t.SLOW)
    t.equal(second.status, 0, second)
    after = open(results, encoding="utf-8").read()
    t.true(after.startswith(before))                                   # nothing was measured again
    runs = [(x["cell"], x["round"]) for x in map(json.loads, after.splitlines()[1:])]
    t.equal(sorted(runs), [(cell, rnd) for cell in range(3) for rnd in range(5)])
    whole = experiment(*args[2:-1], t.tmp("whole.jsonl"), "--json", "--quiet")
    t.equal(runs, [(x["cell"], x["round"]) for x in whole.json["runs"]], whole)   # and in the same order
    other = t.run(*args, "--max-attempts", "2")
    t.equal(other.status, 2, other)
    t.true("another experiment" in other.err, other)


def test_narrow_cells_are_left_alone():
    path = t.make_file("source", 1000)
    r = experiment(path, "--local", "--latency", "60ms,61ms", "--until-ci", "60%", "--json", "--quiet")
    t.equal(r.status, 0, r)
    for cell in r.json["cells"]:
        if cell["label"] != "control":
            t.true(6 <= cell["runs"] < 30, r)
            wall = cell["wall_ns"]
            t.true(wall["level"] >= 0.95 and (wall["high"] - wall["low"]) / 2 / wall["median"] <= 0.6, r)


def test_a_prediction_is_checked():
    """Six requests a row, 250 ms late each: the control's two at a time foretell one and four."""
    path = t.make_file("source", 20 * t.MiB)
    r = experiment(path, "--local", "--max-concurrency", "2", "--fault", "latency=250ms", "--multipart-chunksize", "5MB",
                   "--predict", "max-concurrency=1,4", "--repeat", "3", "--seed", "2", "--results", t.tmp("results.jsonl"),
                   "--json", "--html", t.tmp("report.html"), "--csv", t.tmp("runs.csv"))
    t.equal(r.status, 0, r)
    by = cells(r)
    for label, low, high in (("max-concurrency=1", 6 * 0.250e9, 9e9), ("max-concurrency=4", 3 * 0.250e9, 4e9)):
        foretold, cell = by[label]["predicted_ns"], by[label]
        t.true(foretold["runs"] == 3 and low <= foretold["median"] <= high * t.SLOW, r)
        t.near(cell["off"], foretold["median"] / cell["wall_ns"]["median"] - 1, 1e-9)
        t.true(foretold["low"] <= 0.95 * foretold["median"] and foretold["high"] >= 1.05 * foretold["median"], r)   # explain's, not how alike three runs are
        t.equal(foretold["held"], foretold["low"] <= cell["wall_ns"]["median"] <= foretold["high"], r)
    t.true(by["max-concurrency=1"]["predicted_ns"]["median"] > by["max-concurrency=4"]["predicted_ns"]["median"] + 0.4e9, r)
    t.equal((by["control"]["predicted_ns"], by["control"]["off"]), (None, None))
    schema.check_document(r.json)
    t.match(r"^  max-concurrency=4 .* measured .* off by [+-]\d", r.err)
    t.match(r"^  \d of 2 within 15 %, \d of 2 between the bounds foretold$", r.err)
    t.match("Predictions, checked", open(t.tmp("report.html"), encoding="utf-8").read())
    with open(t.tmp("runs.csv"), newline="", encoding="utf-8") as source:
        rows = list(csv.DictReader(source))
    t.true(all((row["cell"] == "0") == (row["predicted_ns"] == "") for row in rows), rows)
    # it is in the results: nothing is run again for it
    again = experiment(path, "--local", "--max-concurrency", "2", "--fault", "latency=250ms", "--multipart-chunksize", "5MB",
                       "--predict", "max-concurrency=1,4", "--repeat", "3", "--results", t.tmp("results.jsonl"), "--json", "--quiet")
    t.equal(cells(again)["max-concurrency=4"]["predicted_ns"], by["max-concurrency=4"]["predicted_ns"], again)


def test_what_cannot_be_foretold_is_said():
    path = t.make_file("source", 1000)
    for asked, why in (("checksum-algorithm=CRC32", "--predict checksum-algorithm: a recorded run does not tell what that would change"),
                       ("part-size=big", "--predict part-size: 'big' is not a size"), ("max-concurrency", "it is NAME=VALUE"),
                       ("read-ahead=3", "nothing is read ahead of a regular file"), ("threads=perhaps", "is neither yes nor no"),
                       ("bandwidth=30MB,90MB", "--predict bandwidth=90MB: every run has less"), ("max-attempts=0", "has to be more than 0")):
        r = experiment(path, "--local", "--fault", "bandwidth=60MB", "--predict", asked)
        t.equal((r.status, r.out), (2, ""), r)
        t.match(why, r.err)
    r = experiment(path, "--local", "--predict", "max-concurrency=1", "--sweep", "checksum-algorithm=CRC32,SHA256", "--repeat", "1")
    t.equal(r.status, 0, r)
    t.match(r"Nothing could be foretold", r.out)


def test_what_a_run_tells_is_foretold_whatever_it_is_called():
    """Eight parts, each 250 ms late, one at a time: parts twice as large are half as many waits. The limit is never reached."""
    path = t.make_file("source", 40 * t.MiB)
    r = experiment(path, "--local", "--threads=no", "--fault", "latency=250ms", "--multipart-chunksize", "5MB", "--predict", "max-attempts=5",
                   "--repeat", "1", "--warm-up", "0", "--json")
    cell = cells(r)["max-attempts=5"]
    t.near(cell["predicted_ns"]["median"], cells(r)["control"]["wall_ns"]["median"], 1e6, r)
    r = experiment(path, "--local", "--max-concurrency", "1", "--fault", "latency=250ms", "--multipart-chunksize", "5MB", "--predict",
                   "part-size=10MB", "--repeat", "1", "--warm-up", "0", "--json")
    saved = cells(r)["control"]["wall_ns"]["median"] - cells(r)["part-size=10MB"]["predicted_ns"]["median"]
    t.near(saved, 4 * 0.250e9, 0.5e9 * t.SLOW, r)
    r = experiment(path, "--local", "--max-concurrency", "1", "--multipart-chunksize", "5MB", "--predict", "bandwidth=20MB", "--predict",
                   "latency=100ms", "--repeat", "1", "--warm-up", "0", "--json")
    label = "bandwidth=20MB latency=100ms"
    alone = experiment(path, "--local", "--multipart-chunksize", "5MB", "--predict", "max-concurrency=1,4", "--predict", "threads=no",
                       "--repeat", "1", "--warm-up", "0", "--json")
    t.match("^xferdb: 2 configurations and a control, 1 run each, seed", alone.err)
    t.match("^One run has no interval", alone.err)
    one, four = (cells(alone)["max-concurrency=%d threads=no" % n]["predicted_ns"]["median"] for n in (1, 4))
    t.equal(one, four, "without threads there is one worker whatever is set")
    t.true(cells(r)[label]["predicted_ns"]["median"] > 10 * 0.1e9 + 40 / 20 * 1e9 * 0.95, r)


def test_every_picture_is_a_file_of_its_own():
    """Two axes whose names begin alike: cut to a file's name they are the same."""
    path, folder = t.make_file("source", 1000), t.tmp("svg")
    r = experiment(path, "--local", "--sweep", "fault:op=UploadPart,part=1,hold=0,1ms", "--sweep", "fault:op=UploadPart,part=2,hold=0,1ms",
                   "--latency", "0,1ms", "--repeat", "1", "--warm-up", "0", "--svg", folder, "--html", t.tmp("report.html"))
    t.equal(r.status, 0, r)
    t.equal(sum(name.startswith("heat-") for name in os.listdir(folder)), 6, os.listdir(folder))
    with open(t.tmp("report.html"), encoding="utf-8") as f:
        ids = re.findall(r' id="([^"]*)"', f.read())
    t.equal(len(ids), len(set(ids)), sorted(ids))


def test_another_program_is_swept_by_its_environment():
    program = t.tmp("program.sh")
    with open(program, "w", encoding="utf-8") as out:
        out.write("sleep ${NAP:-0}\n")
    r = experiment("--sweep", "env:NAP=0,0.4", "--repeat", "2", "--json", "--quiet", "--", "sh", program)
    t.equal(r.status, 0, r)
    by = cells(r)
    t.true(by["env:NAP=0.4"]["wall_ns"]["median"] > 0.4e9, r)
    t.true(by["env:NAP=0.4"]["wall_ns"]["median"] - by["env:NAP=0"]["wall_ns"]["median"] > 0.2e9, r)


def test_failing_runs_are_counted_with_their_reason():
    path = t.make_file("source", 1000)
    r = experiment(path, "--local", "--sweep", "fault:op=put,status=none,403", "--repeat", "2", "--json")
    t.equal(r.status, 0, r)
    bad = r.json["cells"][2]
    schema.check_document(r.json)
    t.equal((bad["runs"], bad["failed"], bad["outcome"], bad["wall_ns"]), (2, 2, "failed", None), r)
    t.true(all(run["error"] for run in r.json["runs"] if run["cell"] == 2), r)
    all_bad = experiment(path, "--local", "--fault", "op=put,status=403", "--repeat", "1")
    t.equal(all_bad.status, 3, all_bad)
    t.match(r"every run failed: .", all_bad.err)


def test_why_runs_failed_and_that_nothing_was_sent_is_said():
    program = t.tmp("program.sh")
    with open(program, "w", encoding="utf-8") as out:
        out.write('if [ "$BAD" = 1 ]; then echo no paper left >&2; exit 3; fi; if [ "$BAD" = 2 ]; then exit 4; fi\n')
    r = experiment("--sweep", "env:BAD=0,1,2", "--repeat", "1", "--warm-up", "0", "--", "sh", program)
    t.equal(r.status, 0, r)
    t.match(r"^Failed: env:BAD=1, 1 of 1: no paper left$", r.out)
    t.match(r"^Failed: env:BAD=2, 1 of 1: it said nothing; exit status 4$", r.out)
    t.true("No run made a request" not in r.out, r)
    r = experiment("--sweep", "env:BAD=0,3", "--repeat", "1", "--warm-up", "0", "--", "sh", program)
    t.match(r"^No run made a request: ", r.out)
    t.true("<- best" not in r.out, r)                                 # one run each does not tell


class Page(html.parser.HTMLParser):
    """What a strict look at the page finds: addresses, scripts, ids, figures without names."""

    def __init__(self):
        super().__init__()
        self.tags, self.addresses, self.ids, self.named = [], [], [], []

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.tags.append(tag)
        self.addresses += [attrs[k] for k in ("src", "href", "xlink:href", "data", "action") if k in attrs]
        self.ids += [attrs["id"]] if "id" in attrs else []
        if tag == "svg":
            self.named.append((attrs.get("role"), attrs.get("aria-labelledby", "").split()))


def make_report():
    path = t.make_file("source <&>", 11 * t.MiB)
    r = experiment(path, "--local", "--sweep", "max-concurrency=1,2", "--latency", "0,40ms", "--repeat", "2",
                   "--multipart-chunksize", "5MB", "--html", t.tmp("report.html"), "--svg", t.tmp("svg"), "--csv", t.tmp("runs.csv"),
                   "--json=" + t.tmp("result.json"))
    t.equal(r.status, 0, r)
    return r


def contrast(a, b):
    def luminance(c):
        parts = [int(c[i:i + 2], 16) / 255 for i in (1, 3, 5)]
        r, g, b = [x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in parts]
        return 0.2126 * r + 0.7152 * g + 0.0722 * b
    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def check_steps_of_the_heat_map(page):
    """Which steps a report has depends on what was measured; so all of them are looked at, light and dark."""
    style = page.split("</style>")[0]
    grounds = re.findall(r"\.plot \.h(\d)\{fill:(#[0-9a-f]{6})\}", style)
    t.equal([int(n) for n, _ in grounds], 2 * list(range(9)))
    inks = {}
    for theme, at in enumerate(m.start() for m in re.finditer(r"\.plot \.t0,", style)):
        for group, ink in re.findall(r"((?:\.plot \.t\d,?)+)\{fill:(#[0-9a-f]{3,6})\}", style[at:])[:2]:
            for n in re.findall(r"\d", group):
                inks[theme, n] = ink if len(ink) == 7 else "#" + "".join(2 * c for c in ink[1:])
    t.equal(len(inks), 18)
    for place, (n, ground) in enumerate(grounds):
        t.true(contrast(ground, inks[place // 9, n]) >= 4.5, (n, ground))


def test_the_report_needs_nothing_and_names_everything():
    r = make_report()
    text = open(t.tmp("report.html"), encoding="utf-8").read()
    page = Page()
    page.feed(text)
    check_steps_of_the_heat_map(text)
    t.equal([a for a in page.addresses if not a.startswith(("#", "data:"))], [])
    t.true(not {"script", "iframe", "img", "object", "embed"} & set(page.tags))
    t.true("url(" not in text and "@import" not in text and "source &lt;&amp;&gt;" in text and "source <" not in text)
    t.equal(len(page.ids), len(set(page.ids)))
    t.equal(page.tags.count("svg"), 5)                                 # two axes, a heat map, best and worst
    t.equal(page.tags.count("details"), 5)
    for role, ids in page.named:
        t.true(role == "img" and len(ids) == 2 and set(ids) <= set(page.ids))
    t.equal(sorted(os.listdir(t.tmp("svg"))), ["by-latency-1.svg", "by-max-concurrency-1.svg",
            "heat-max-concurrency-latency-1.svg", "timeline-best.svg", "timeline-worst.svg"])
    for name in os.listdir(t.tmp("svg")):
        root = ET.parse(t.tmp("svg", name)).getroot()
        t.equal(root.tag, "{http://www.w3.org/2000/svg}svg")
        t.true(root.find("{http://www.w3.org/2000/svg}title").text)
    with open(t.tmp("runs.csv"), newline="", encoding="utf-8") as source:
        rows = list(csv.DictReader(source))
    t.equal(len(rows), 5 * 3)
    t.equal({(row["max-concurrency"], row["latency"]) for row in rows if row["cell"] != "0"},
            {("1", "0"), ("1", "40ms"), ("2", "0"), ("2", "40ms")})
    with open(t.tmp("result.json"), encoding="utf-8") as source:
        t.equal(len(json.load(source)["runs"]), 15)
    t.match(r"^max-concurrency=2 latency=40ms .* blocks, stored, 2", r.out)


CHECK = """<script>
addEventListener('load', () => { setTimeout(() => {
  const rgb = s => s.match(/[\\d.]+/g).map(Number), lum = c => { const [r,g,b] = c.slice(0,3).map(v => (v/=255) <= .04045 ? v/12.92 : ((v+.055)/1.055)**2.4); return .2126*r+.7152*g+.0722*b };
  const ratio = (a, b) => { const [x, y] = [lum(a), lum(b)].sort((p, q) => q - p); return (x + .05) / (y + .05) };
  document.querySelectorAll('details').forEach(d => d.open = true);
  const paper = getComputedStyle(document.body).backgroundColor, bad = [];
  for (const e of document.querySelectorAll('body *')) {
    if (![...e.childNodes].some(n => n.nodeType == 3 && n.data.trim()) || ['TITLE','DESC','SCRIPT','STYLE'].includes(e.tagName.toUpperCase())) continue;
    const svg = e.closest('svg'), style = getComputedStyle(e), ink = rgb(svg && e.tagName == 'text' ? style.fill : style.color);
    let back = rgb(paper);
    for (let p = e; p && !svg; p = p.parentElement) { const b = rgb(getComputedStyle(p).backgroundColor); if (b.length < 4 || b[3] > 0) { back = b; break } }
    const step = /\\bt(\\d)\\b/.exec(e.getAttribute('class') || '');
    if (step) back = rgb(getComputedStyle(svg.querySelector('.h' + step[1])).fill);
    const inBar = /\\bnum(w?)\\b/.exec(e.getAttribute('class') || '');
    if (inBar) back = rgb(getComputedStyle(svg.querySelector(inBar[1] ? '.wait' : '.send')).fill);
    if (ratio(ink, back) < 4.5) bad.push(e.tagName + '.' + (e.getAttribute('class') || '') + ' ' + ratio(ink, back).toFixed(2));
  }
  const keys = [...document.querySelectorAll('a[href], summary, [tabindex="0"]')], reached = keys.filter(k => { k.focus(); return document.activeElement === k });
  const wide = document.documentElement.scrollWidth > innerWidth;
  const out = { dark: matchMedia('(prefers-color-scheme: dark)').matches, bad: [...new Set(bad)], keys: keys.length, reached: reached.length, wide,
                svgs: [...document.querySelectorAll('svg')].map(s => s.getBoundingClientRect().width > 200 && s.getBoundingClientRect().height > 60),
                outside: [...document.querySelectorAll('svg text')].filter(e => { const b = e.getBBox(), v = e.closest('svg').viewBox.baseVal;
                  return b.x < 0 || b.y < 0 || b.x + b.width > v.width || b.y + b.height > v.height }).map(e => e.textContent),
                loads: performance.getEntriesByType('resource').map(r => r.name) };
  document.body.replaceChildren(); document.body.textContent = 'SEEN' + JSON.stringify(out) + 'END';
}, 50) })
</script></body>"""


def browse(page, *flags):
    chromium = t.need("chromium")
    return t.run(chromium, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--enable-logging=stderr", "--v=0",
                 "--disable-background-networking", "--disable-component-update", "--no-first-run",
                 "--user-data-dir=" + t.tmp("browser"), "--window-size=1100,900", *flags, page, timeout=100)


def looked_at(path, *flags):
    """What a look from inside the page says of it: contrast, keyboard, sizes, requests, labels cut off."""
    with open(path, encoding="utf-8") as page, open(path + ".check.html", "w", encoding="utf-8") as out:
        out.write(re.sub(r"<meta http-equiv[^>]*>\n", "", page.read()).replace("</body>", CHECK))
    seen = browse("file://" + path + ".check.html", "--dump-dom", "--virtual-time-budget=3000", *flags)
    return json.loads(t.match(r"SEEN(\{.*\})END", seen.out, seen).group(1).replace("&amp;", "&"))


def test_long_names_and_failures_can_be_read_in_the_report():
    """Names longer than their place; cells in which all failed, which have no numbers (not: nought); a narrow screen."""
    page, program = t.tmp("report.html"), t.tmp("program.py")
    with open(program, "w", encoding="utf-8") as out:
        out.write("import os, sys, threading, urllib.request\n"
                  "def put(): urllib.request.urlopen(urllib.request.Request(os.environ['AWS_ENDPOINT_URL'] + '/b/k', b'x' * 1000, method='PUT'))\n"
                  "if os.environ.get('WAY_OF_DOING_THINGS_THAT_HAS_A_LONG_NAME', '').startswith('none'): sys.exit('out of <paper>')\n"
                  "worker = threading.Thread(target=put, name='ThreadPoolExecutor-0_0')\nworker.start()\nworker.join()\n")
    r = experiment("--local", "--sweep", "env:WAY_OF_DOING_THINGS_THAT_HAS_A_LONG_NAME=none whatsoever,WITH CAPITALS AND MORE OF THEM,<b>&amp;",
                   "--sweep", "env:OTHER=WWWWWWWWWWWWWWWWWWWWWWWWWWWWW,2", "--repeat", "2", "--warm-up", "0", "--html", page, "--", "python3", program)
    t.equal(r.status, 0, r)
    with open(page, encoding="utf-8") as f:
        text = f.read()
    t.equal(text.count("2 of 2: out of &lt;paper&gt;"), 2)
    row = t.match(r"<th scope=\"row\">env:WAY[^<]*=none whatsoever env:OTHER=2(<td.*)</tr>", text).group(1)
    t.true(row.startswith("<td>failed<td><td>–<td>–<td>–<td>0<td>0<td>–<td>2, 2 failed"), row)
    t.true("every run failed</title>" in text and "A cross: every run failed" in text)
    t.true("the first round warms up" not in text)
    t.need("chromium")
    for size in ("400,900", "1600,900"):
        found = looked_at(page, "--window-size=" + size)
        t.equal((found["outside"], found["wide"]), ([], False), size)
        t.true(all(found["svgs"]), found)


def test_a_browser_shows_the_report_without_complaint():
    t.need("chromium")
    make_report()
    # the page itself: its policy forbids everything, so the browser would complain of any request
    plain = browse("file://" + t.tmp("report.html"), "--dump-dom")
    t.equal(plain.status, 0, plain)
    t.equal([line for line in plain.err.splitlines() if "CONSOLE" in line], [], plain)
    t.equal(plain.out.count("<figure>"), 5, plain)
    # and with a look from inside, light and dark
    for dark in (False, True):
        found = looked_at(t.tmp("report.html"), "--blink-settings=preferredColorScheme=%d" % (0 if dark else 1))
        t.equal(found["dark"], dark)
        t.equal(found["bad"], [])
        t.true(found["keys"] >= 8 and found["reached"] == found["keys"], found)
        t.equal((found["wide"], found["svgs"], found["loads"], found["outside"]), (False, [True] * 5, [], []))


if __name__ == "__main__":
    t.main()
