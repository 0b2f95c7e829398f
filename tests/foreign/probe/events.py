"""events: runs a program under the probe alone (probe_run) and reads what was recorded."""
import collections
import os
import subprocess

import t

BUILD = os.environ.get("T_BUILD", os.path.join(os.path.dirname(__file__), "../../../build"))
PROBE = os.path.join(BUILD, "libxferdb-probe.so")
SHIM = os.path.join(BUILD, "xferdb-python")

Event = collections.namedtuple("Event", "ticks process thread kind object order site fields")


class Run(object):
    """What one run left: .status .out .err .events (in time's order) .totals"""

    def __init__(self, status, out, err, lines):
        self.status, self.out, self.err = status, out, err
        self.events, self.totals = [], {}
        for line in lines:
            words = line.split("\t")
            if words[0].isdigit():
                fields = dict(word.split("=", 1) for word in words[7:])
                self.events.append(Event(*[int(w) for w in words[:3]], words[3],
                                         *[int(w) for w in words[4:7]], fields))
            else:
                self.totals.update(word.split("=") for word in words)
        self.events.sort(key=lambda e: e.ticks)

    def all(self, kind, **fields):
        return [e for e in self.events if e.kind == kind and
                all(e.fields.get(k) == str(v) for k, v in fields.items())]

    def one(self, kind, **fields):
        found = self.all(kind, **fields)
        t.equal(len(found), 1, "%s %s: %s" % (kind, fields, found))
        return found[0]

    def __repr__(self):
        return "status %d\nout %r\nerr %r\n%s" % (self.status, self.out, self.err[-2000:], self.totals)


def program(name):
    return os.path.join(BUILD, "tests", "probe_" + name)


def run(*argv, seconds=60, options=(), **environment):
    """Runs argv under the probe. environment: more variables."""
    path = os.path.join(t.tmp(), "events")
    env = dict(os.environ, T_PROBE=PROBE, PYTHONPATH=SHIM, PYTHONDONTWRITEBYTECODE="1", **environment)
    command = [os.path.join(BUILD, "tests", "probe_run"), *options, *argv]
    done = subprocess.run(["sh", "-c", 'exec "$@" 3>"$0"', path, *command], env=env, timeout=seconds,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with open(path, errors="replace") as f:
        return Run(done.returncode, done.stdout, done.stderr, f.read().splitlines())
