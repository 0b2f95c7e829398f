"""Every export of a trace of ten million events: seconds, and memory that is not the file's own pages.

    tests/bench/bench_export.py [EVENTS]        more than 500 MB of anonymous memory is a failure
"""
import os
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("T_BUILD", os.path.join(ROOT, "build"))
FORMATS = ["jsonl", "csv", "perfetto", "perfetto-proto", "otlp", "speedscope", "folded", "sqlite", "html", "svg", "dot", "mermaid", "grafana", "warp", "ctf"]
LIMIT_KB = 500 * 1024


def measure(trace, name, out):
    """Seconds, the highest anonymous memory seen in KB, and whether it went well."""
    began = time.monotonic()
    child = subprocess.Popen([os.path.join(BUILD, "xferdb"), "export", trace, "--format", name, "-o", out])
    peak = 0
    while child.poll() is None:
        try:
            with open("/proc/%d/status" % child.pid, encoding="ascii") as f:
                peak = max([peak] + [int(line.split()[1]) for line in f if line.startswith("RssAnon")])
        except (FileNotFoundError, ProcessLookupError):
            pass
        time.sleep(0.02)
    return time.monotonic() - began, peak, child.returncode == 0


def size_of(out):
    parts = [os.path.join(out, name) for name in os.listdir(out)] if os.path.isdir(out) else [out]
    return sum(os.path.getsize(part) for part in parts)


def main():
    events = sys.argv[1] if len(sys.argv) > 1 else "10000000"
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        trace, out = os.path.join(folder, "big.xft"), os.path.join(folder, "out")
        subprocess.run([os.path.join(BUILD, "tests/make_trace"), trace, events, "1000"], check=True)
        for name in FORMATS:
            seconds, peak, good = measure(trace, name, out)
            size = size_of(out) if good else 0
            good = good and peak <= LIMIT_KB
            failed |= not good
            print("%-15s %7.1f s %7.1f MB anonymous %9.1f MB written%s" % (name, seconds, peak / 1024, size / 1048576,
                                                                         "" if good else "  FAILED"), flush=True)
            if os.path.isdir(out):
                shutil.rmtree(out)
            elif os.path.exists(out):
                os.unlink(out)
    return failed


if __name__ == "__main__":
    sys.exit(main())
