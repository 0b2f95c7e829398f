"""What we write, taken in by the programs it is for: speedscope's importer, mermaid's parser, protoc, OpenTelemetry's
messages, and axe-core on our pages.

npm packages (speedscope, mermaid, axe-core) are looked for in T_NODE_MODULES, in build/node_modules (npm install --prefix
build speedscope mermaid axe-core) and where `npm root -g` says; what is absent is skipped.
"""
import base64
import json
import os
import re
import subprocess

import t

MiB = t.MiB


def module(name, *path):
    places = [os.environ.get("T_NODE_MODULES"), os.path.join(t.BUILD, "node_modules")]
    npm = subprocess.run(["sh", "-c", "npm root -g 2>/dev/null"], capture_output=True, text=True, check=False).stdout.strip()
    for place in places + [npm]:
        if place and os.path.exists(os.path.join(place, name, *path)):
            return os.path.join(place, name, *path)
    return t.skip("the npm package %s is not here" % name)


def browse(page, *flags):
    """The page's DOM, once it has come to rest, and what the browser had to say."""
    chromium = t.need("chromium")
    r = t.run(chromium, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--enable-logging=stderr", "--v=0",
              "--disable-background-networking", "--no-first-run", "--user-data-dir=" + t.tmp("browser"), "--allow-file-access-from-files",
              "--window-size=1200,900", "--virtual-time-budget=20000", "--dump-dom", *flags, page, timeout=300)
    if not r.out.strip():
        t.skip("chromium does not run here")
    return r


def trace(*args):
    path = t.tmp("run.xft")
    r = t.xferdb("put", "--local", "-q", "-o", path, "--part-size", "5MB", "--concurrency", "3", "--fault",
                 "part=2,status=503,times=1", t.make_file("f", 24 * MiB), "s3://bucket/<key>&\"x\"", *args)
    t.equal(r.status, 0, r)
    return path


def export(path, name):
    out = t.tmp("out." + name)
    r = t.xferdb("export", path, "--format", name, "-o", out)
    t.equal((r.status, r.err), (0, ""), r)
    with open(out, "rb") as f:
        return f.read()


def test_babeltrace_reads_ctf():
    reader = t.need("babeltrace2")
    path, folder = trace(), t.tmp("ctf")
    t.equal(t.xferdb("export", path, "--format", "ctf", "-o", folder).status, 0)
    r = t.run(reader, "--clock-gmt", folder)
    t.equal((r.status, r.err), (0, ""), r)
    seen = re.findall(r"^\[.*?\] \(.*?\) (\w+): \{ seq = (\d+), t_ns = (\d+)", r.out, re.M)
    events = [json.loads(line) for line in export(path, "jsonl").splitlines()]
    t.equal(seen, [(e["event"], str(e["seq"]), str(e["t_ns"])) for e in events])


def test_zstd_reads_what_warp_reads():
    reader = t.need("zstd")
    path, out = trace(), t.tmp("out.csv.zst")
    t.equal(t.xferdb("export", path, "--format", "warp", "-o", out).status, 0)
    r = t.run(reader, "-dc", out)
    t.equal((r.status, r.err), (0, ""), r)
    t.equal(r.out.count("\tPUTPART\t"), 6, r)


def seen_by_speedscope(name, data):
    page = module("speedscope", "dist", "release", "index.html")
    loader = t.tmp(name + ".js")
    with open(loader, "w", encoding="utf-8") as out:
        out.write("speedscope.loadFileFromBase64(%s, %s)" % (json.dumps("run." + name), json.dumps(base64.b64encode(data).decode())))
    r = browse("file://%s#localProfilePath=%s" % (page, loader))
    text = re.sub(r"<[^>]*>", "\n", re.sub(r"<style.*?</style>", "", r.out, flags=re.S))
    t.true("Unrecognized" not in text and "went wrong" not in text.lower(), text)
    return text, re.findall(r'CONSOLE:\d+\] "(Importing as [^"]*)"', r.err)


def test_speedscope_imports_three_of_the_formats():
    path = trace()
    text, how = seen_by_speedscope("speedscope", export(path, "speedscope"))
    t.equal(how, ["Importing as speedscope json file"])
    for name in ("main", "submit-1", "request-1", "request-2", "request-3"):
        t.true(re.search(r"^%s$" % name, text, re.M), text)
    text, how = seen_by_speedscope("perfetto", export(path, "perfetto"))
    t.equal(how, ["Importing as Trace Event Format profile"])
    t.match(r"main \(tid \d+\)\s+\(1/5\)", text)
    text, how = seen_by_speedscope("folded", export(path, "folded"))
    t.equal(how, ["Importing as collapsed stack format"])


def test_mermaid_parses_the_graph():
    script = module("mermaid", "dist", "mermaid.min.js")
    text = export(trace(), "mermaid").decode()
    page = t.tmp("page.html")
    with open(page, "w", encoding="utf-8") as out:
        out.write("<!DOCTYPE html><meta charset=utf-8><body><script src='file://%s'></script><script>"
                  "mermaid.initialize({maxTextSize: 9e6, maxEdges: 1e5, startOnLoad: false});"
                  "mermaid.parse(%s).then(r => document.body.textContent = 'PARSED ' + r.diagramType,"
                  " e => document.body.textContent = 'REFUSED ' + e)</script>" % (script, json.dumps(text).replace("</", "<\\/")))
    r = browse("file://" + page)
    t.match(r"PARSED flowchart", r.out, r)


def test_protoc_reads_every_packet():
    r = subprocess.run([t.need("protoc"), "--decode_raw"], input=export(trace(), "perfetto-proto"), capture_output=True, check=False)
    t.equal((r.returncode, r.stderr), (0, b""))
    packets = r.stdout.count(b"\n1 {") + r.stdout.startswith(b"1 {")
    t.true(packets > 200 and r.stdout.count(b"\n  8: ") == packets, packets)


def test_opentelemetrys_messages_take_it_all():
    """With the project's own classes: no unknown field, no wrong type, and nothing lost on the way to the wire form."""
    try:
        from google.protobuf import json_format
        from opentelemetry.proto.collector.trace.v1 import trace_service_pb2
    except ImportError:
        t.skip("opentelemetry-proto is not here")
    body = json.loads(export(trace(), "otlp"))
    spans = [s for g in body["resourceSpans"] for scope in g["scopeSpans"] for s in scope["spans"]]
    for s in spans:   # OTLP has these in hex, protobuf's JSON in base64
        for item in [s] + s.get("links", []):
            for key in ("traceId", "spanId", "parentSpanId"):
                if key in item:
                    item[key] = base64.b64encode(bytes.fromhex(item[key])).decode()
    request = json_format.ParseDict(body, trace_service_pb2.ExportTraceServiceRequest(), ignore_unknown_fields=False)
    again = trace_service_pb2.ExportTraceServiceRequest.FromString(request.SerializeToString())
    got = [s for g in again.resource_spans for scope in g.scope_spans for s in scope.spans]
    t.equal(len(got), len(spans))
    for s, g in zip(spans, got):
        t.equal((s["name"], int(s["startTimeUnixNano"]), s["kind"], len(s["attributes"]), len(s.get("events", []))),
                (g.name, g.start_time_unix_nano, g.kind, len(g.attributes), len(g.events)))
        t.true(len(g.trace_id) == 16 and len(g.span_id) == 8)


def check_with_axe(path):
    """Every rule axe-core has for WCAG 2 A and AA and good practice, in light and in dark."""
    script = module("axe-core", "axe.min.js")
    with open(path, encoding="utf-8") as f:
        page = re.sub(r"<meta http-equiv[^>]*>", "", f.read())
    probe = ("<script src='file://%s'></script><script>addEventListener('load', () => {"
             "document.querySelectorAll('details').forEach(d => d.open = true);"
             "axe.run(document).then(r => { const found = {dark: matchMedia('(prefers-color-scheme: dark)').matches, passes: r.passes.length,"
             " bad: r.violations.map(v => v.id + ': ' + v.help + ' ' + v.nodes.slice(0, 3).map(n => n.html + ' ' + n.failureSummary).join(' | '))};"
             "const say = document.createElement('pre'); say.textContent = 'AXE' + btoa(unescape(encodeURIComponent(JSON.stringify(found)))) + 'END';"
             "document.body.appendChild(say) }) })</script></body>" % script)
    checked = path + ".axe.html"
    with open(checked, "w", encoding="utf-8") as out:
        out.write(page.replace("</body>", probe))
    for dark in (False, True):
        r = browse("file://" + checked, "--blink-settings=preferredColorScheme=%d" % (0 if dark else 1))
        found = json.loads(base64.b64decode(t.match(r"AXE([A-Za-z0-9+/=]+)END", r.out, r).group(1)))
        t.equal((found["dark"], found["bad"]), (dark, []))
        t.true(found["passes"] > 15, found)


def test_axe_finds_nothing_in_the_report_of_an_experiment():
    module("axe-core", "axe.min.js")
    r = t.xferdb("experiment", t.make_file("source <&>", 11 * MiB), "--local", "--predict", "max-concurrency=1,2", "--latency", "0,40ms", "--repeat",
                 "2", "--multipart-chunksize", "5MB", "--html", t.tmp("report.html"), "-q", timeout=200 * t.SLOW)
    t.equal(r.status, 0, r)
    check_with_axe(t.tmp("report.html"))


def test_axe_finds_nothing_in_an_exported_page():
    path = trace()
    export(path, "html")
    check_with_axe(t.tmp("out.html"))


if __name__ == "__main__":
    t.main()
