"""Every format of `export`, read by its own reader where there is one, else by a strict one written from its rules."""
import csv
import email.utils
import http.server
import io
import json
import os
import re
import stat
import struct
import subprocess
import threading
import time
import xml.etree.ElementTree

import t

MiB = t.MiB
FORMATS = ["perfetto", "perfetto-proto", "otlp", "grafana", "html", "svg", "csv", "jsonl", "speedscope", "folded", "sqlite",
           "dot", "mermaid", "warp"]


def trace(*args):
    """A run with an overlap and a retry."""
    path = os.path.join(t.tmp(), "run.xft")
    r = t.xferdb("put", "--local", "-q", "-o", path, "--part-size", "5MB", "--concurrency", "3", "--fault",
                 "part=2,status=503,times=1", t.make_file("f", 24 * MiB), "s3://bucket/<key>&\"x\"", *args)
    t.equal(r.status, 0, r)
    return path


def export(path, name, *args):
    out = os.path.join(t.tmp(), "out." + name)
    r = t.xferdb("export", path, "--format", name, "-o", out, *args)
    t.equal((r.status, r.err), (0, ""), r)
    with open(out, "rb") as f:
        return f.read()


def events(path, *args):
    return [json.loads(line) for line in export(path, "jsonl", *args).splitlines()]


def order(path, *args):
    return [(e["seq"], e["event"]) for e in events(path, *args)]


def test_jsonl_is_what_events_prints():
    path = trace()
    t.equal(export(path, "jsonl").decode(), t.xferdb("events", path, "--json").out)


def test_csv_has_every_event_and_every_field():
    path = trace()
    rows = list(csv.DictReader(io.StringIO(export(path, "csv").decode(), newline="")))
    common = {"seq", "t_ns", "thread", "event", "object", "file", "line"}
    for row, e in zip(rows, events(path)):
        t.equal(json.loads(row["fields"]), {k: v for k, v in e.items() if k not in common})
    t.equal([(int(r["seq"]), r["event"]) for r in rows], order(path))


def zstd_of_raw_blocks(data):
    """The content of a zstd frame that has raw blocks only (RFC 8878)."""
    t.equal(data[:6], b"\x28\xb5\x2f\xfd\x00\x38")
    at, text, last = 6, b"", False
    while not last:
        head = int.from_bytes(data[at:at + 3], "little")
        last, size = head & 1, head >> 3
        t.true(head >> 1 & 3 == 0 and size <= 128 << 10 and len(data) >= at + 3 + size, head)
        text += data[at + 3:at + 3 + size]
        at += 3 + size
    t.equal(at, len(data))
    return text


def test_warp_has_every_request_as_an_operation():
    """Read as warp's own reader does (pkg/bench/ops.go)."""
    path = trace()
    text = zstd_of_raw_blocks(export(path, "warp")).decode()
    rows = list(csv.DictReader(io.StringIO(text, newline=""), delimiter="\t", strict=True))
    t.equal(list(rows[0]), "idx thread op client_id n_objects bytes endpoint file error start first_byte last_byte end duration_ns cat".split())
    for n, row in enumerate(rows):
        t.true(int(row["idx"]) == n and 0 <= int(row["thread"]) < 65536 and int(row["n_objects"]) == 1 and row["cat"] == "0", row)
        for key in ("start", "end"):
            t.match(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$", row[key])
        t.true(row["start"] <= row["end"] and row["file"] == "bucket/<key>&\"x\"", row)
        t.match(r"^127\.0\.0\.1:\d+$", row["endpoint"])
        t.equal((int(row["end"][20:29]) - int(row["start"][20:29]) - int(row["duration_ns"])) % 10**9, 0, row)
    requests = [e for e in events(path) if e["event"] == "request_start"]
    t.equal(len(rows), len(requests))
    t.equal(sorted(int(r["bytes"]) for r in rows), sorted(e["bytes"] for e in requests))
    t.equal([r["error"] for r in rows if r["error"]], ["HTTP status 503"])
    t.equal(sum(r["op"] == "PUTPART" for r in rows), 6)


def tsdl_events(text):
    """Of the metadata, by id: name and [(type, field)]."""
    kinds = {}
    for name, number, fields in re.findall(r'event \{\n\tname = "(\w+)";\n\tid = (\d+);\n\tstream_id = 0;\n\tfields := struct \{\n(.*?)\t\};\n\};', text, re.S):
        kinds[int(number)] = name, re.findall(r"\t\t(\w+) _(\w+);\n", fields)
    return kinds


def ctf_events(folder):
    """A stream of packets, by the metadata's own words."""
    with open(os.path.join(folder, "metadata"), encoding="utf-8") as f:
        text = f.read()
    t.true(text.startswith("/* CTF 1.8 */\n"), text[:40])
    kinds = tsdl_events(text)
    context = re.findall(r"\t\t(\w+) _(\w+);\n", text[text.index("event.context"):text.index("\nevent {")])
    numbers = {"uint8_t": "<B", "uint16_t": "<H", "uint32_t": "<I", "int32_t": "<i", "int64_t": "<q", "uint64_t": "<Q", "hex64_t": "<Q"}
    with open(os.path.join(folder, "stream"), "rb") as f:
        data = f.read()
    at, found, clock = 0, [], 0

    def take(kind):
        nonlocal at
        if kind == "string":
            end = data.index(0, at)
            value, at = data[at:end].decode("utf-8"), end + 1
            return value
        value = struct.unpack_from(numbers[kind], data, at)[0]
        at += struct.calcsize(numbers[kind])
        return value

    while at < len(data):
        start = at
        magic, stream, begin, end, content, packet = struct.unpack_from("<IIQQQQ", data, at)
        t.equal((magic, stream, content), (0xc1fc1fc1, 0, packet))
        t.true(clock <= begin <= end, (clock, begin, end))
        at += 40
        while at < start + content // 8:
            number, clock_now = struct.unpack_from("<HQ", data, at)
            at += 10
            t.true(clock <= clock_now and begin <= clock_now <= end, clock_now)
            clock = clock_now
            e = {"event": kinds[number][0]}
            for kind, field in context + kinds[number][1]:
                e.setdefault(field, take(kind))
            found.append(e)
        t.equal(at, start + packet // 8)
    return found


def test_ctf_has_every_event_and_every_field():
    path, folder = trace(), os.path.join(t.tmp(), "ctf")
    r = t.xferdb("export", path, "--format", "ctf", "-o", folder)
    t.equal((r.status, r.err), (0, ""), r)
    t.equal(sorted(os.listdir(folder)), ["metadata", "stream"])
    seen, expected = ctf_events(folder), events(path)
    t.equal([(e["seq"], e["event"], e["t_ns"], e["procname"]) for e in seen], [(e["seq"], e["event"], e["t_ns"], e["thread"]) for e in expected])
    for a, b in zip(seen, expected):
        for key, value in b.items():
            if key not in ("thread", "seq", "t_ns", "event", "object"):
                t.equal(a[key], value if value is not None else 0 if key == "line" else "", (a, b))
    # there already, and not to a stream
    r = t.xferdb("export", path, "--format", "ctf", "-o", folder)
    t.equal(r.status, 3, r)
    t.match("is there already", r.err)
    t.true(not [name for name in os.listdir(t.tmp()) if name.startswith("ctf.")])
    t.equal(t.xferdb("export", path, "--format", "ctf").status, 2)
    os.mkdir(os.path.join(t.tmp(), "empty"))
    t.equal(t.xferdb("export", path, "--format", "ctf", "-o", os.path.join(t.tmp(), "empty") + "/").status, 0)


def check_chrome(items, expected):
    """The rules of Chrome trace events as Perfetto reads them; nothing overlaps, every arrow lies inside spans."""
    stacks, spans, apart, arrows, named = {}, {}, {}, {}, set()
    t.equal([(i["args"]["seq"], i["args"]["event"]) for i in items if "seq" in i.get("args", {})], expected)
    for i in items:
        t.true(0 <= i["pid"] < 2**32 and 0 < i["tid"] < 2**32, i)
        lane = (i["pid"], i["tid"])
        if i["ph"] == "M":
            t.true(i["name"] in ("process_name", "thread_name", "process_sort_index", "thread_sort_index") and "ts" not in i, i)
            named.add(lane)
            continue
        t.true(i["ts"] >= 0 and lane in named and i["name"], i)
        if i["ph"] == "B":
            stacks.setdefault(lane, []).append(i)
        elif i["ph"] == "E":
            begin = stacks[lane].pop()
            t.true(begin["name"] == i["name"] and begin["ts"] <= i["ts"], (begin, i))
            spans.setdefault(lane, []).append((begin["ts"], i["ts"]))
        elif i["ph"] == "b":
            t.true((i["cat"], i["id"]) not in apart, i)
            apart[i["cat"], i["id"]] = i
        elif i["ph"] == "e":
            begin = apart[i["cat"], i["id"]]
            t.true(begin["ts"] <= i["ts"] and begin["name"] == i["name"] and not begin.get("over"), i)
            begin["over"] = True
        elif i["ph"] in "sf":
            t.true(re.fullmatch("0x[0-9a-f]+", i["id"]) and (i["ph"] == "s" or i["bp"] == "e"), i)
            arrows.setdefault((i["cat"], i["id"], i["name"]), []).append(i)
        else:
            t.true(i["ph"] == "C" and isinstance(i["args"]["value"], int) or i["ph"] == "i" and i["s"] == "t", i)
    t.true(not any(stacks.values()) and all(b.get("over") for b in apart.values()))
    for pair in arrows.values():
        t.equal([i["ph"] for i in pair], ["s", "f"], pair)
        t.true(pair[0]["ts"] <= pair[1]["ts"], pair)
        for i in pair:
            t.true(any(a < i["ts"] < b for a, b in spans[i["pid"], i["tid"]]), i)
    return apart, arrows


def test_perfetto_keeps_its_readers_rules():
    path = trace()
    text = export(path, "perfetto").decode()
    document = json.loads(text)
    apart, arrows = check_chrome(document["traceEvents"], order(path))
    t.true(all(re.fullmatch(r"\d+\.\d{3}", ts) for ts in re.findall(r'"ts":([^,}]+)', text)))
    t.equal(document["displayTimeUnit"], "ns")
    attempts = sum(e["event"] == "part_start" for e in events(path))
    t.equal(sum(kind == "part" for kind, _ in apart), attempts)
    t.equal(attempts, 6)  # five parts, one of them twice
    t.true(arrows)


def varint(b, at):
    value = shift = 0
    while True:
        value |= (b[at] & 127) << shift
        shift += 7
        at += 1
        if b[at - 1] < 128:
            return value, at


def fields(b):
    """A protobuf message as (field, wire type, value)."""
    at, found = 0, []
    while at < len(b):
        key, at = varint(b, at)
        if key & 7 == 0:
            value, at = varint(b, at)
        elif key & 7 == 1:
            value, at = struct.unpack_from("<Q", b, at)[0], at + 8
        else:
            t.equal(key & 7, 2)
            n, at = varint(b, at)
            value, at = b[at:at + n], at + n
            t.equal(len(value), n)
        found.append((key >> 3, key & 7, value))
    return found


def test_perfetto_proto_is_the_same_in_protobuf():
    path = trace()
    tracks, seen, stacks, flows, ends = set(), [], {}, set(), set()
    for n, wire, packet in fields(export(path, "perfetto-proto")):
        t.equal((n, wire), (1, 2))
        p = {k: v for k, _, v in fields(packet)}
        t.true(p[10] == 1 and 8 in p)
        if 60 in p:
            d = {k: v for k, _, v in fields(p[60])}
            t.true(5 not in d or d[5] in tracks)
            tracks.add(d[1])
            continue
        e = fields(p[11])
        one = {k: v for k, _, v in e}
        t.true(one[11] in tracks)
        if one[9] == 1:
            stacks.setdefault(one[11], []).append(p[8])
        elif one[9] == 2:
            t.true(stacks[one[11]].pop() <= p[8])
        for k, w, v in e:
            if k in (47, 48):
                t.equal(w, 1)
                (flows if k == 47 else ends).add(v)
            if k == 4:
                note = {a: b for a, _, b in fields(v)}
                if note[10] == b"seq":
                    seen.append(note[3])
    t.equal(seen, [n for n, _ in order(path)])
    t.true(not any(stacks.values()) and flows and flows == ends)


def check_value(v):
    (kind, value), = v.items()
    t.true({"stringValue": str, "boolValue": bool, "intValue": str, "doubleValue": float}[kind] is type(value), v)
    t.true(kind != "intValue" or re.fullmatch(r"-?\d+", value), v)


def check_attributes(attributes):
    for a in attributes:
        t.equal(set(a), {"key", "value"})
        check_value(a["value"])
    t.equal(len({a["key"] for a in attributes}), len(attributes), attributes)
    return {a["key"]: list(a["value"].values())[0] for a in attributes}


def check_otlp(groups):
    """OTLP's rules; the spans, by id."""
    spans = [s for g in groups for scope in g["scopeSpans"] for s in scope["spans"]]
    for g in groups:
        t.true("service.name" in check_attributes(g["resource"]["attributes"]))
    for s in spans:
        t.true(re.fullmatch("[0-9a-f]{32}", s["traceId"]) and re.fullmatch("[0-9a-f]{16}", s["spanId"]) and s["name"], s)
        t.true(isinstance(s["kind"], int) and isinstance(s["startTimeUnixNano"], str), s)
        t.true(0 < int(s["startTimeUnixNano"]) <= int(s["endTimeUnixNano"]), s)
        t.true(s["status"]["code"] in (0, 1, 2) and s["flags"] == 1)
        s["attributes"] = check_attributes(s["attributes"])
        for e in s.get("events", []) + s.get("links", []):
            e["attributes"] = check_attributes(e["attributes"])
    ids = {s["spanId"]: s for s in spans}
    t.equal(len(ids), len(spans))
    for s in spans:
        t.true("parentSpanId" not in s or s["parentSpanId"] in ids, s)
        t.true(all(k["spanId"] in ids and k["attributes"]["xferdb.edge"] for k in s.get("links", [])), s)
    return spans


def seqs_of(spans):
    found = []
    for s in spans:
        found += [s["attributes"][k] for k in ("xferdb.seq", "xferdb.end_seq") if k in s["attributes"]]
        found += [e["attributes"]["xferdb.seq"] for e in s.get("events", [])]
    return sorted(map(int, found))


def test_otlp_and_grafana_keep_the_protocol():
    path = trace()
    spans = check_otlp(json.loads(export(path, "otlp"))["resourceSpans"])
    roots = [s for s in spans if "parentSpanId" not in s]
    t.equal([(s["name"], s["kind"], s["attributes"]["xferdb.verdict.answer"]) for s in roots], [("upload_file", 1, "blocks")])
    parts = [s for s in spans if s["name"] == "S3.UploadPart"]
    t.equal(len(parts), 6)
    t.true(all(s["kind"] == 3 and s["attributes"]["rpc.method"] == "UploadPart" for s in parts))
    t.true(all(s["attributes"]["server.address"] == "127.0.0.1" and int(s["attributes"]["server.port"]) > 0 for s in parts), parts[:1])
    t.equal(sorted(int(s["attributes"]["aws.s3.part_number"]) for s in parts), [1, 2, 2, 3, 4, 5])
    t.equal([s["attributes"]["http.response.status_code"] for s in parts if s["status"]["code"] == 2], ["503"])
    t.equal(seqs_of(spans), [n for n, _ in order(path)])
    t.equal(len(check_otlp(json.loads(export(path, "grafana"))["batches"])), len(spans))


class Collector:
    """Takes /v1/traces and says what answer(number of the request, body) says: (status, headers, body)."""

    def __init__(self, answer):
        outer, self.got, self.answer = self, [], answer

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.got.append((time.monotonic(), self.path, self.headers["Content-Type"], body))
                status, headers, text = outer.answer(len(outer.got) - 1, body)
                self.send_response(status)
                for name, value in [("Content-Length", str(len(text))), *headers]:
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *args):
                pass

        self.server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        self.url = "http://127.0.0.1:%d" % self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *args):
        self.server.shutdown()

    def spans(self, taken=lambda n: True):
        return [s for n, g in enumerate(self.got) if taken(n) for s in
                [s for group in json.loads(g[3])["resourceSpans"] for scope in group["scopeSpans"] for s in scope["spans"]]]


def test_otlp_is_sent_and_tried_again_by_the_rules():
    path = trace()
    answers = [(503, [], b""), (200, [], b"{}")]
    with Collector(lambda n, body: answers[min(n, 1)]) as collector:
        r = t.xferdb("export", path, "--format", "otlp", "--to", collector.url)
        t.equal(r.status, 0, r)
        t.equal([g[1:3] for g in collector.got], [("/v1/traces", "application/json")] * 2)
        t.equal(collector.got[0][3], collector.got[1][3])
        t.equal(seqs_of(check_otlp(json.loads(collector.got[1][3])["resourceSpans"])), [n for n, _ in order(path)])


def test_otlp_partly_taken_or_refused_is_not_sent_again():
    path = trace()
    with Collector(lambda n, body: (200, [], b'{"partialSuccess":{"rejectedSpans":"2","errorMessage":"too old"}}')) as collector:
        r = t.xferdb("export", path, "--to", collector.url)
        t.equal((r.status, len(collector.got)), (3, 1), r)
        t.true("too old" in r.err, r)
    with Collector(lambda n, body: (400, [], b"no")) as collector:
        t.equal((t.xferdb("export", path, "--to", collector.url).status, len(collector.got)), (3, 1))


def test_otlp_waits_as_long_as_it_is_told():
    with Collector(lambda n, body: (429, [("Retry-After", "2")], b"") if not n else (200, [], b"{}")) as collector:
        t.equal(t.xferdb("export", trace(), "--to", collector.url).status, 0)
        t.equal(len(collector.got), 2)
        t.true(collector.got[1][0] - collector.got[0][0] >= 2)
    def later(n, _):
        return (429, [("Retry-After", email.utils.formatdate(time.time() + 4, usegmt=True))], b"") if not n else (200, [], b"")
    with Collector(later) as collector:                                   # whole seconds, so three at the least
        t.equal(t.xferdb("export", trace(), "--to", collector.url).status, 0)
        t.true(collector.got[1][0] - collector.got[0][0] >= 2.9)


def test_otlp_is_sent_only_where_a_collector_says_so():
    """A web server that answers every POST with a page; and a rejection whose words have a NUL and colours."""
    path = trace()
    with Collector(lambda n, body: (200, [], b"<html>welcome</html>")) as collector:
        r = t.xferdb("export", path, "--to", collector.url)
        t.equal((r.status, len(collector.got)), (3, 1), r)
        t.true("not as a collector does: <html>welcome" in r.err and "spans sent" not in r.err, r)
    with Collector(lambda n, body: (200, [], rb'{"partialSuccess":{"rejectedSpans":"3","errorMessage":"too\u0000old\u001b[31m"}}')) as collector:
        r = t.xferdb("export", path, "--to", collector.url)
        t.equal((r.status, len(collector.got)), (3, 1), r)
        t.true("rejected 3 spans" in r.err and "\x1b" not in r.err and "\0" not in r.err, r)


def test_otlp_too_large_is_halved_and_nothing_is_lost_or_doubled():
    path, most = trace(), 60000
    with Collector(lambda n, body: (413, [], b"") if len(body) > most else (200, [], b"{}")) as collector:
        r = t.xferdb("export", path, "--to", collector.url)
        t.equal(r.status, 0, r)
        whole = json.loads(export(path, "otlp"))["resourceSpans"]
        taken = collector.spans(lambda n: len(collector.got[n][3]) <= most)
        t.equal(sorted(s["spanId"] for s in taken), sorted(s["spanId"] for s in check_otlp(whole)))
        t.true(len(collector.got) > 3, len(collector.got))


def test_speedscope_is_balanced_and_never_backwards():
    document = json.loads(export(trace(), "speedscope"))
    t.equal(document["$schema"], "https://www.speedscope.app/file-format-schema.json")
    names = [f["name"] for f in document["shared"]["frames"]]
    t.equal(len(names), len({json.dumps(f, sort_keys=True) for f in document["shared"]["frames"]}))
    for p in document["profiles"]:
        t.equal((p["type"], p["unit"]), ("evented", "nanoseconds"))
        stack, at = [], p["startValue"]
        for e in p["events"]:
            t.true(at <= e["at"] <= p["endValue"], e)
            at = e["at"]
            if e["type"] == "O":
                stack.append(e["frame"])
            else:
                t.equal(stack.pop(), e["frame"])
        t.equal(stack, [])
    t.true("upload_file" in names and "wait done" in names, names)


def test_folded_stacks_add_up_to_the_threads_lives():
    path = trace()
    total = {}
    for line in export(path, "folded").decode().splitlines():
        stack, ns = line.rsplit(" ", 1)
        total[stack.split(";")[0]] = total.get(stack.split(";")[0], 0) + int(ns)
    for p in json.loads(export(path, "speedscope"))["profiles"]:
        t.equal(total[p["name"]], p["endValue"] - p["startValue"])


def test_sqlite_answers_its_examples():
    path = trace()
    export(path, "sqlite")
    database = os.path.join(t.tmp(), "out.sqlite")
    import sqlite3
    db = sqlite3.connect(database)
    t.equal(db.execute("PRAGMA integrity_check").fetchall(), [("ok",)])
    t.equal(db.execute("SELECT seq, kind FROM events ORDER BY seq").fetchall(), order(path))
    t.equal(db.execute("SELECT part, attempts FROM parts ORDER BY part").fetchall(), [(1, 1), (2, 2), (3, 1), (4, 1), (5, 1)])
    t.equal(db.execute("SELECT answer, outcome FROM verdicts").fetchall(), [("blocks", "stored")])
    examples = db.execute("SELECT query FROM examples").fetchall()
    t.equal(len(examples), 5)
    for query, in examples:
        t.true(db.execute(query).fetchall(), query)
        shell = t.need("sqlite3")
        t.equal(t.run(shell, database, query).status, 0)
        with open(os.path.join(t.SOURCE, "docs/exports.md"), encoding="utf-8") as page:
            t.true(re.sub(r"\s+", " ", query) in re.sub(r"\s+", " ", page.read()), query)


def test_dot_is_drawn_by_graphviz():
    text = export(trace(), "dot")
    r = subprocess.run([t.need("dot"), "-Tsvg"], input=text, capture_output=True, check=False)
    t.equal((r.returncode, r.stderr), (0, b""))
    t.equal(r.stdout.count(b'class="edge"'), text.count(b" -> "))


def test_mermaid_arrows_join_nodes_that_are_there():
    text = export(trace(), "mermaid").decode()
    nodes = set(re.findall(r'^ +(e\d+)\["[^"]*"\]$', text, re.M))
    arrows = re.findall(r"^ +(e\d+) (?:---|==>\|\w+\||-\.->\|\w+\|) (e\d+)$", text, re.M)
    t.true(arrows and all(a in nodes and b in nodes for a, b in arrows))
    known = r'flowchart TD|  subgraph t\d+\["[^"]*"\]|  end| +e\d+\["[^"]*"\]| +e\d+ (---|==>\|\w+\||-\.->\|\w+\|) e\d+'
    t.true(all(re.fullmatch(known, line) for line in text.splitlines()))


def test_svg_is_xml_and_shows_every_part():
    text = export(trace(), "svg").decode()
    root = xml.etree.ElementTree.fromstring(text)
    bars = [e for e in root.iter("{http://www.w3.org/2000/svg}rect") if e.get("class") in ("part", "failed")]
    t.equal(len(bars), 6)
    t.true("prefers-color-scheme" in text and "http" not in text.replace("http://www.w3.org/2000/svg", ""))


def test_html_renders_in_a_browser_without_network():
    page = export(trace(), "html").decode()
    t.true(not re.search(r"https?://|url\((?!#)|@import|<link(?! rel=\"icon\" href=\"data:)", page))
    chromium = t.need("chromium")
    path = os.path.join(t.tmp(), "page.html")
    with open(path, "w", encoding="utf-8") as f:
        # the page says at its end whether anything was complained about, asked for, or cannot be reached by keys
        probe = ("<script>window.onload=function(){var b=document.querySelectorAll('.bar');b[0].focus();"
                 "b[0].dispatchEvent(new KeyboardEvent('keydown',{key:'ArrowRight',bubbles:true}));"
                 "document.body.setAttribute('data-seen',[performance.getEntriesByType('resource').length,b.length,"
                 "document.activeElement===b[1],document.getElementById('at').textContent!=''].join());}</script>")
        f.write(page.replace("</body>", probe + "</body>"))
    r = t.run(chromium, "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--v=0",
              "--user-data-dir=" + os.path.join(t.tmp(), "profile"), "--virtual-time-budget=3000", "--dump-dom",
              "file://" + path, timeout=100)
    if "data-seen" not in r.out:
        t.skip("chromium does not run here")
    seen = re.search(r'data-seen="([^"]*)"', r.out).group(1).split(",")
    t.equal(seen[0], "0", "network requests")
    t.true(int(seen[1]) >= 7, seen)
    t.equal(seen[2:], ["true", "true"])
    t.true("CONSOLE" not in r.err, r.err)


def test_colours_can_be_read_in_both_themes():
    page = export(trace(), "html").decode()
    light = dict(re.findall(r"--(\w+):(#[0-9a-f]{6})", page.split("@media (prefers-color-scheme:dark)")[0]))
    dark = dict(re.findall(r"--(\w+):(#[0-9a-f]{6})", page.split("@media (prefers-color-scheme:dark)")[1].split("@media print")[0]))

    def luminance(c):
        parts = [int(c[i:i + 2], 16) / 255 for i in (1, 3, 5)]
        r, g, b = [x / 12.92 if x <= 0.03928 else ((x + 0.055) / 1.055) ** 2.4 for x in parts]
        return 0.2126 * r + 0.7152 * g + 0.0722 * b

    def contrast(a, b):
        high, low = sorted((luminance(a), luminance(b)), reverse=True)
        return (high + 0.05) / (low + 0.05)

    for theme in (light, dark):
        for text, ground in (("fg", "bg"), ("dim", "bg"), ("fg", "band"), ("dim", "band"), ("on", "part")):
            t.true(contrast(theme[text], theme[ground]) >= 4.5, (text, ground, theme))
        for mark in ("part", "request", "bad", "wait", "call", "arrow"):
            t.true(contrast(theme[mark], theme["bg"]) >= 3, (mark, theme))


def test_a_filter_chooses_the_same_events_everywhere():
    path = trace()
    some = order(path, "--filter", "part_done | sem_post")
    t.true(some and {e for _, e in some} == {"part_done", "sem_post"})
    items = json.loads(export(path, "perfetto", "--filter", "part_done | sem_post"))["traceEvents"]
    t.equal([(i["args"]["seq"], i["args"]["event"]) for i in items if "seq" in i.get("args", {})], some)
    t.equal(seqs_of(check_otlp(json.loads(export(path, "otlp", "--filter", "part_done | sem_post"))["resourceSpans"])),
            [n for n, _ in some])
    for name in FORMATS:
        export(path, name, "--filter", "kind=frame_enter")


def test_unfinished_work_vanishes_nowhere():
    path = trace("--wait", "none", "--linger", "0", "--fault", "part=4,hold=3s")
    check_chrome(json.loads(export(path, "perfetto"))["traceEvents"], order(path))
    check_otlp(json.loads(export(path, "otlp"))["resourceSpans"])
    for name in FORMATS:
        t.true(export(path, name))


def test_stdout_is_the_same_bytes_and_a_failure_leaves_nothing():
    path = trace()
    for name in ("jsonl", "perfetto-proto", "svg"):
        with open(os.path.join(t.tmp(), "piped"), "wb") as out:
            subprocess.run([os.environ["XFERDB"], "export", path, "--format", name], stdout=out, check=True)
        with open(os.path.join(t.tmp(), "piped"), "rb") as f:
            t.equal(f.read(), export(path, name))
    r = t.xferdb("export", path, "--format", "csv", "-o", os.path.join(t.tmp(), "absent", "x"))
    t.equal(r.status, 3, r)
    if os.path.exists("/dev/full"):
        t.equal(t.xferdb("export", path, "--format", "csv", "-o", "/dev/full").status, 3)


def test_the_trace_is_not_written_over_and_a_device_stays_one():
    path = trace()
    with open(path, "rb") as f:
        before = f.read()
    os.symlink(path, t.tmp("link"))
    for place in (path, t.tmp("link")):
        for r in (t.xferdb("export", path, "--format", "jsonl", "-o", place), t.xferdb("verdict", path, "-q", "--bundle", place)):
            t.equal(r.status, 2, r)
            t.true("is the trace itself" in r.err, r)
    with open(path, "rb") as f:
        t.equal(f.read(), before)
    pipe = t.tmp("pipe")
    os.mkfifo(pipe)
    with subprocess.Popen(["cat", pipe], stdout=subprocess.PIPE) as reader:
        t.equal(t.xferdb("verdict", path, "-q", "--bundle", pipe).status, 0)
        t.match(r'"sha256"', reader.stdout.read().decode())
    t.true(stat.S_ISFIFO(os.stat(pipe).st_mode))
    if os.path.exists("/dev/full"):
        for args in (("export", path, "--format", "jsonl", "-o", "/dev/full"), ("verdict", path, "-q", "--bundle", "/dev/full")):
            r = t.xferdb(*args)
            t.equal(r.status, 3, r)
            t.true("No space left" in r.err, r)
        t.true(stat.S_ISCHR(os.stat("/dev/full").st_mode))


def test_what_does_not_fit_is_said():
    path = trace()
    for args in ([], ["--format", "xml"], ["--format", "svg", "--to", "http://localhost:1"], ["--to", "localhost"],
                 ["--format", "csv", "--filter", "part="]):
        r = t.xferdb("export", path, *args)
        t.equal((r.status, r.out), (2, ""), r)
        t.true(r.err.startswith("xferdb: "), r)


if __name__ == "__main__":
    t.main()
