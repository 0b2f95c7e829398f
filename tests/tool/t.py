"""t: what script tests share. Python 3.9 or later, standard library only.

A test is a file tests/.../NAME.py with functions named test_*:

    import t

    def test_put_of_an_empty_file():
        with t.Serve() as server:                         # xferdb serve, on a free port
            path = t.make_file("empty", 0)                # in this test's own folder
            r = server.xferdb("put", path, "s3://bucket/k", "--json")
            t.equal(r.status, 0, r)
            t.equal(r.json["calls"][0]["transfers"][0]["multipart"], False)
            t.equal(server.client().get("/bucket/k").body, b"")

    if __name__ == "__main__":
        t.main()                                          # or: NAME.py test_put_of_an_empty_file

and a line in its folder's CMakeLists.txt; every function becomes a CTest test of its own:

    xf_python(NAME)                                       # see tests/cases.cmake

What is here
    equal(a, b)  true(x)  match(pattern, text)  near(a, b, by)   checks that say what they saw
    skip(reason)            leaves with status 77: ctest shows the test as skipped
    need("rclone", ...)     the programs' paths, or skip
    tmp()                   this test's own folder, removed at the end; short, and private
    make_file(name, size)   pseudo-random bytes, fast, the same for the same seed
    sha256(path)  free_port()  wait_until(function, seconds)
    environment()           a clean one: HOME in tmp(), no AWS_*, no config of the user's
    xferdb(*args)           runs it to its end: Result(.status .out .err .json .seconds)
    Process(*args)          starts something and reads it as it goes; killed at the end
    Serve(*args)            xferdb serve and its KEY=VALUE lines; .client() .xferdb() .stop()
    RealServer("ceph")      one of tests/servers, up for the length of a with; skips where it cannot be
    Client(endpoint, ...)   raw S3 requests with a SigV4 signer that shares no code with ours
    Connection(endpoint)    bytes out, answers in: for requests no HTTP library would send
    Pty(*args)              a program on a terminal of a given size: .expect(regex) .send(text)

XFERDB, T_SOURCE and T_BUILD come from CTest; without them the repository's build/ is used.
"""
import atexit
import base64
import binascii
import contextlib
import datetime
import fcntl
import hashlib
import hmac
import json as json_
import os
import pty
import random
import re
import select
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
import traceback
import urllib.parse

SOURCE = os.environ.get("T_SOURCE") or os.path.dirname(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("T_BUILD") or os.path.join(SOURCE, "build")
XFERDB = os.environ.get("XFERDB") or os.path.join(BUILD, "xferdb")
SLOW = 8 if os.path.basename(BUILD) in ("build-asan", "build-tsan", "build-ubsan") else 1
KiB, MiB, GiB = 1 << 10, 1 << 20, 1 << 30


# ---- checks and running

class Skip(Exception):
    """Raised by skip()."""


def skip(reason):
    raise Skip(reason)


def _cut(value, most=2000):
    """A value as a failure shows it: never pages of it."""
    text = repr(value)
    return text if len(text) <= most else text[:most] + "… (%d characters in all)" % len(text)


def _show(note):
    if isinstance(note, Result):
        return "\n  status %s\n  stdout %s\n  stderr %s" % (note.status, note.out[-2000:], note.err[-2000:])
    return "\n  %s" % (note,) if note is not None else ""


def equal(seen, expected, note=None):
    if seen != expected:
        raise AssertionError("saw %s, expected %s%s" % (_cut(seen), _cut(expected), _show(note)))


def true(value, note=None):
    if not value:
        raise AssertionError("not true: %r%s" % (value, _show(note)))


def match(pattern, text, note=None):
    """The match of a regular expression anywhere in text."""
    found = re.search(pattern, text, re.M)
    if not found:
        raise AssertionError("no /%s/ in %r%s" % (pattern, text[-2000:], _show(note)))
    return found


def near(seen, expected, by, note=None):
    if abs(seen - expected) > by:
        raise AssertionError("saw %r, expected %r within %r%s" % (seen, expected, by, _show(note)))


def need(*programs):
    """Paths of programs that must be there; else the test is skipped. One: a string, more: a list."""
    paths = []
    for name in programs:
        path = shutil.which(name, path="/usr/bin:/bin:/usr/sbin:/sbin:" + os.environ.get("PATH", ""))
        if not path:
            skip("%s is not installed" % name)
        paths.append(path)
    return paths[0] if len(paths) == 1 else paths


def main(cases=None):
    """Runs the test_* functions of the calling script, or those named on its command line."""
    if cases is None:
        module = sys.modules["__main__"]
        cases = [f for name, f in vars(module).items() if name.startswith("test_") and callable(f)]
    wanted = sys.argv[1:]
    unknown = set(wanted) - {f.__name__ for f in cases}
    if unknown or not cases:
        sys.exit("no such test: %s" % ", ".join(sorted(unknown)))
    failed = skipped = 0
    for case in cases:
        if wanted and case.__name__ not in wanted:
            continue
        try:
            case()
            print("ok      %s" % case.__name__)
        except Skip as why:
            skipped += 1
            print("skipped %s: %s" % (case.__name__, why))
        except BaseException:
            failed += 1
            print("FAILED  %s" % case.__name__)
            traceback.print_exc(file=sys.stdout)
        finally:
            _clean()
        sys.stdout.flush()
    ran = len(wanted) or len(cases)
    sys.exit(1 if failed else 77 if skipped == ran else 0)


# ---- files, folders, ports

_folder = None
_open = []      # what is to be closed at a test's end, latest first


def tmp(*names):
    """This test's own folder (or a path in it)."""
    global _folder
    if _folder is None:
        _folder = tempfile.mkdtemp(prefix="xt.")
    return os.path.join(_folder, *names)


def _clean():
    global _folder
    while _open:
        with contextlib.suppress(Exception):
            _open.pop().close()
    if _folder and not os.environ.get("T_KEEP"):
        shutil.rmtree(_folder, ignore_errors=True)
    _folder = None


atexit.register(_clean)
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))     # ctest's time limit: clean up


def make_file(name, size, seed=1):
    """A file of `size` pseudo-random bytes; its path. No two MiB of it are alike."""
    path = name if os.path.isabs(name) else tmp(name)
    block = random.Random(seed).randbytes(MiB)
    with open(path, "wb") as out:
        at = 0
        while at < size:
            stamp = struct.pack("<QQ", at, seed)
            out.write((stamp + block[16:])[:size - at])
            at += MiB
    return path


def make_bytes(size, seed=1):
    return random.Random(seed).randbytes(size)


def sha256(path):
    digest = hashlib.sha256()
    with open(path, "rb") as source:
        for block in iter(lambda: source.read(MiB), b""):
            digest.update(block)
    return digest.hexdigest()


def free_port():
    """A port that nobody listens on now. Prefer letting the program choose (--port 0)."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_until(condition, seconds=60, every=0.01):
    """Waits until condition() is true and returns its value; raises after `seconds` (× SLOW)."""
    end = time.monotonic() + seconds * SLOW
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError("still not true after %g s" % (seconds * SLOW))
        time.sleep(every)


def environment(**extra):
    """A clean environment: nothing of the user's AWS set-up, files only in tmp(). None removes."""
    env = {k: v for k, v in os.environ.items()
           if not k.startswith(("AWS_", "XDG_", "XFERDB", "LC_", "LANG")) and not k.lower().endswith("_proxy")}
    home = tmp("home")
    os.makedirs(os.path.join(home, ".aws"), exist_ok=True)
    env.update(HOME=home, XDG_STATE_HOME=os.path.join(home, "state"), LC_ALL="C.UTF-8", TZ="UTC",
               TERM=env.get("TERM") or "xterm", AWS_EC2_METADATA_DISABLED="true")
    for key, value in extra.items():
        if value is None:
            env.pop(key, None)
        else:
            env[key] = str(value)
    return env


# ---- running programs

class Result:
    """How a program ended. status is negative for a signal; json is parsed from stdout's last line."""

    def __init__(self, args, status, out, err, seconds):
        self.args, self.status, self.seconds = args, status, seconds
        self.out_bytes, self.err_bytes = out, err
        self.out, self.err = out.decode("utf-8", "replace"), err.decode("utf-8", "replace")

    @property
    def json(self):
        lines = self.out.rstrip("\n").split("\n")
        try:
            return json_.loads(lines[-1])
        except ValueError:
            raise AssertionError("no JSON document at the end of stdout%s" % _show(self)) from None

    @property
    def jsonl(self):
        return [json_.loads(line) for line in self.out.splitlines() if line]

    @property
    def call(self):
        """The first call of a --json document."""
        return self.json["calls"][0]

    @property
    def verdict(self):
        return self.call["verdict"]

    def __repr__(self):
        return "%s%s" % (" ".join(self.args), _show(self))


def run(*args, env=None, input=None, timeout=100 * SLOW, cwd=None, **popen):
    """Runs a program to its end. input: bytes or a file. Nothing is inherited but what is given."""
    args = [str(a) for a in args]
    source = {"input": input} if isinstance(input, bytes) else {"stdin": input or subprocess.DEVNULL}
    begin = time.monotonic()
    with subprocess.Popen(args, env=env or environment(), cwd=cwd or tmp(),
                          stdin=subprocess.PIPE if "input" in source else source["stdin"],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, **popen) as p:
        try:
            out, err = p.communicate(source.get("input"), timeout=timeout)
        except subprocess.TimeoutExpired:
            p.kill()
            out, err = p.communicate()
            raise AssertionError("still running after %g s: %r" % (
                timeout, Result(args, p.returncode, out, err, timeout))) from None
    return Result(args, p.returncode, out, err, time.monotonic() - begin)


def xferdb(*args, **how):
    return run(XFERDB, *args, **how)


class Process:
    """A program that runs beside the test. Lines of stdout and stderr are read as they come."""

    def __init__(self, *args, env=None, cwd=None, stdin=subprocess.DEVNULL, **popen):
        self.args = [str(a) for a in args]
        self.popen = subprocess.Popen(self.args, env=env or environment(), cwd=cwd or tmp(), stdin=stdin,
                                      stdout=subprocess.PIPE, stderr=subprocess.PIPE, **popen)
        self.pid = self.popen.pid
        self.lines, self.errors = [], []
        self._news = threading.Condition()
        self._readers = [threading.Thread(target=self._read, args=pair, daemon=True) for pair in
                         ((self.popen.stdout, self.lines), (self.popen.stderr, self.errors))]
        for reader in self._readers:
            reader.start()
        _open.append(self)

    def _read(self, stream, lines):
        for line in stream:
            with self._news:
                lines.append(line.decode("utf-8", "replace").rstrip("\n"))
                self._news.notify_all()
        with self._news:
            lines.append(None)
            self._news.notify_all()

    def wait_line(self, pattern, seconds=20, stream="out"):
        """The match of the first line (of stdout, or stream="err") that has the pattern."""
        lines = self.lines if stream == "out" else self.errors
        end, seen = time.monotonic() + seconds * SLOW, 0
        with self._news:
            while True:
                for line in lines[seen:]:
                    found = re.search(pattern, line) if line is not None else None
                    if found:
                        return found
                    if line is None:
                        raise AssertionError("ended without /%s/: %s" % (pattern, self.text()))
                seen = len(lines)
                left = end - time.monotonic()
                if left <= 0:
                    raise AssertionError("no /%s/ in %g s: %s" % (pattern, seconds * SLOW, self.text()))
                self._news.wait(left)

    def text(self):
        return "\n".join(line for line in self.lines + self.errors if line is not None)

    def running(self):
        return self.popen.poll() is None

    def signal(self, number):
        self.popen.send_signal(number)

    def wait(self, seconds=60):
        """Its exit status (negative for a signal), after all it said has been read."""
        try:
            status = self.popen.wait(seconds * SLOW)
        except subprocess.TimeoutExpired:
            raise AssertionError("still running after %g s: %s" % (seconds * SLOW, self.text())) from None
        for reader in self._readers:
            reader.join(5)
        return status

    def close(self):
        if self.running():
            self.popen.terminate()
            try:
                self.popen.wait(5)
            except subprocess.TimeoutExpired:
                self.popen.kill()
                self.popen.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Serve(Process):
    """`xferdb serve` on a port of its own choice, with its answers:
    .endpoint .access .secret .ca (None without --tls) and .values, all KEY=VALUE lines."""

    def __init__(self, *args, env=None, port=0, auto_bucket=True, **how):
        flags = ["--auto-bucket"] if auto_bucket and "--auto-bucket" not in args else []
        super().__init__(XFERDB, "serve", "--port", port, *flags, *args, env=env, **how)
        self.wait_line(r"^ENDPOINT_URL=")
        self.wait_line(r"^AWS_SECRET_ACCESS_KEY=")
        if "--tls" in args:
            self.wait_line(r"^CA_FILE=")
        self.values = dict(line.split("=", 1) for line in self.lines if line and "=" in line)
        self.endpoint = self.values["ENDPOINT_URL"]
        self.access = self.values["AWS_ACCESS_KEY_ID"]
        self.secret = self.values["AWS_SECRET_ACCESS_KEY"]
        self.ca = self.values.get("CA_FILE") or None

    def environment(self, **extra):
        """What a client of this endpoint needs; for boto3, the AWS CLI, rclone (env_auth) and ours."""
        known = dict(AWS_ENDPOINT_URL=self.endpoint, AWS_ACCESS_KEY_ID=self.access, AWS_SECRET_ACCESS_KEY=self.secret,
                     AWS_REGION="us-east-1", AWS_DEFAULT_REGION="us-east-1", AWS_CA_BUNDLE=self.ca)
        return environment(**{**known, **extra})

    def xferdb(self, *args, env=None, **how):
        return xferdb(*args, env=env or self.environment(), **how)

    def client(self, **how):
        return Client(self.endpoint, self.access, self.secret, ca=self.ca, **how)

    def stop(self, number=signal.SIGTERM):
        self.signal(number)
        return self.wait()


class RealServer:
    """A server that is not ours (tests/servers/NAME-up): .endpoint .access .secret .bucket, .tls and
    .ca where it speaks https. Its own state folder; ended at the end of the test."""

    def __init__(self, name, **settings):
        # Ceph's sockets live in the state folder, and their paths must be short
        self._folder = tempfile.mkdtemp(prefix="xs.", dir="/tmp")
        self._script = os.path.join(SOURCE, "tests/servers", name)
        self._env = {**os.environ, "S_DIR": self._folder, **{k: str(v) for k, v in settings.items()}}
        _open.append(self)
        up = subprocess.run([self._script + "-up"], env=self._env, capture_output=True, text=True)
        if up.returncode == 77:
            skip(up.stderr.strip().splitlines()[-1])
        if up.returncode:
            raise AssertionError("%s-up: %s" % (name, up.stderr))
        self.values = dict(line.split("=", 1) for line in up.stdout.splitlines())
        self.endpoint, self.tls, self.ca = (self.values.get(k) for k in ("ENDPOINT", "ENDPOINT_TLS", "CA_FILE"))
        self.access, self.secret, self.bucket = (self.values[k] for k in ("ACCESS_KEY", "SECRET_KEY", "BUCKET"))

    def environment(self, tls=False, **extra):
        # Ceph refuses a checksum behind the body, which is what clients send over https
        when = "when_required" if tls and os.path.basename(self._script) == "ceph" else None
        return environment(**{**dict(
            AWS_ENDPOINT_URL=self.tls if tls else self.endpoint, AWS_CA_BUNDLE=self.ca if tls else None,
            AWS_REQUEST_CHECKSUM_CALCULATION=when,
            AWS_ACCESS_KEY_ID=self.access, AWS_SECRET_ACCESS_KEY=self.secret, AWS_REGION="us-east-1",
            AWS_DEFAULT_REGION="us-east-1"), **extra})

    def xferdb(self, *args, tls=False, **how):
        return xferdb(*args, env=self.environment(tls), **how)

    def aws(self, *args, tls=False, timeout=200):
        """The AWS CLI, the system's own, against this server."""
        return run(need("aws"), "--endpoint-url", self.tls if tls else self.endpoint, *args,
                   env=self.environment(tls), timeout=timeout)

    def client(self, tls=False):
        return Client(self.tls if tls else self.endpoint, self.access, self.secret, ca=self.ca)

    def close(self):
        subprocess.run([self._script + "-down"], env=self._env, stdout=subprocess.DEVNULL)
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


# ---- HTTP, by hand

class Response:
    """An answer as it came. .header(name) is None when absent; .interim: statuses before it (100)."""

    def __init__(self, status, reason, headers, body, interim, raw_head):
        self.status, self.reason, self.headers, self.body = status, reason, headers, body
        self.interim, self.raw_head = interim, raw_head

    def header(self, name):
        values = [v for k, v in self.headers if k.lower() == name.lower()]
        return ", ".join(values) if values else None

    def xml(self, tag):
        """The text of the first element of that name, without namespaces; None when absent."""
        values = self.xml_all(tag)
        return values[0] if values else None

    def xml_all(self, tag):
        import xml.etree.ElementTree as tree
        root = tree.fromstring(self.body)
        return [e.text or "" for e in root.iter() if e.tag.split("}")[-1] == tag]

    @property
    def code(self):
        """S3's error code."""
        return self.xml("Code") if self.body.strip().startswith(b"<") else None

    def __repr__(self):
        return "%s %s\n%s\n%r" % (self.status, self.reason, self.headers, self.body[:1000])


class Connection:
    """A TCP (or TLS) connection to an endpoint URL: send() bytes, receive() answers."""

    def __init__(self, endpoint, ca=None, timeout=30):
        url = urllib.parse.urlsplit(endpoint)
        self.socket = socket.create_connection((url.hostname, url.port or (443 if url.scheme == "https" else 80)),
                                               timeout * SLOW)
        if url.scheme == "https":
            self.socket = ssl.create_default_context(cafile=ca).wrap_socket(self.socket, server_hostname=url.hostname)
        self._buffer = b""
        _open.append(self)

    def send(self, data):
        self.socket.sendall(data)

    def _more(self):
        data = self.socket.recv(1 << 18)
        self._buffer += data
        return bool(data)

    def _until(self, mark):
        while mark not in self._buffer:
            if not self._more():
                raise ConnectionError("closed after %r" % self._buffer[-500:])
        head, self._buffer = self._buffer.split(mark, 1)
        return head

    def _exactly(self, count):
        chunks, have = [self._buffer], len(self._buffer)
        while have < count:
            data = self.socket.recv(1 << 18)
            if not data:
                raise ConnectionError("closed %d bytes early" % (count - have))
            chunks.append(data)
            have += len(data)
        whole = b"".join(chunks)
        self._buffer = whole[count:]
        return whole[:count]

    def head(self):
        """The next status line and headers: (status, reason, headers, raw)."""
        raw = self._until(b"\r\n\r\n")
        lines = raw.decode("latin-1").split("\r\n")
        _, status, reason = (lines[0] + " ").split(" ", 2)
        headers = [tuple(part.strip() for part in line.split(":", 1)) for line in lines[1:]]
        return int(status), reason.strip(), headers, raw

    def receive(self, method="GET"):
        """The next final answer with its body. Interim answers are kept in .interim."""
        interim = []
        while True:
            status, reason, headers, raw = self.head()
            if status >= 200:
                break
            interim.append(status)
        lower = {k.lower(): v for k, v in headers}
        if method == "HEAD" or status in (204, 304):
            body = b""
        elif lower.get("transfer-encoding", "").lower() == "chunked":
            body = b""
            while True:
                size = int(self._until(b"\r\n").split(b";")[0], 16)
                if not size:
                    while self._until(b"\r\n"):
                        pass
                    break
                body += self._exactly(size)
                self._until(b"\r\n")
        elif "content-length" in lower:
            body = self._exactly(int(lower["content-length"]))
        else:
            while self._more():
                pass
            body, self._buffer = self._buffer, b""
        return Response(status, reason, headers, body, interim, raw)

    def closed(self, seconds=5):
        """True when the other side closes within that time without another byte."""
        self.socket.settimeout(seconds)
        try:
            return not self._buffer and self.socket.recv(1) == b""
        except ConnectionError:
            return True
        except socket.timeout:
            return False

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


UNSIGNED = "UNSIGNED-PAYLOAD"
STREAMING = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
STREAMING_TRAILER = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
UNSIGNED_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()


def quote(text, safe=""):
    """As AWS wants it: all but A-Z a-z 0-9 - . _ ~"""
    return urllib.parse.quote(text, safe=safe + "-._~")


def _hmac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


class SigV4:
    """AWS Signature Version 4 for S3 (the path is encoded once), after AWS's documentation."""

    def __init__(self, access, secret, region="us-east-1", service="s3", token=None):
        self.access, self.secret, self.region, self.service, self.token = access, secret, region, service, token

    def scope(self, amz_date):
        return "%s/%s/%s/aws4_request" % (amz_date[:8], self.region, self.service)

    def key(self, amz_date):
        key = ("AWS4" + self.secret).encode()
        for text in (amz_date[:8], self.region, self.service, "aws4_request"):
            key = _hmac(key, text)
        return key

    @staticmethod
    def canonical_query(pairs):
        return "&".join("%s=%s" % p for p in sorted((quote(k), quote(v or "")) for k, v in pairs))

    def canonical(self, method, path, query, headers, signed, payload):
        """headers: pairs; signed: lower-case names, sorted. path: as on the wire."""
        def value(name):
            return ",".join(" ".join(str(v).split()) for k, v in headers if k.lower() == name)
        return "\n".join([method, path, self.canonical_query(query),
                          "".join("%s:%s\n" % (name, value(name)) for name in signed), ";".join(signed), payload])

    def signature(self, amz_date, canonical):
        text = "\n".join(["AWS4-HMAC-SHA256", amz_date, self.scope(amz_date),
                          hashlib.sha256(canonical.encode()).hexdigest()])
        return _hmac(self.key(amz_date), text).hex()

    def chunk_signature(self, amz_date, previous, data):
        text = "\n".join(["AWS4-HMAC-SHA256-PAYLOAD", amz_date, self.scope(amz_date), previous, EMPTY_SHA256,
                          hashlib.sha256(data).hexdigest()])
        return _hmac(self.key(amz_date), text).hex()

    def trailer_signature(self, amz_date, previous, trailer):
        text = "\n".join(["AWS4-HMAC-SHA256-TRAILER", amz_date, self.scope(amz_date), previous,
                          hashlib.sha256(trailer).hexdigest()])
        return _hmac(self.key(amz_date), text).hex()


def amz_date(offset_seconds=0):
    now = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=offset_seconds)
    return now.strftime("%Y%m%dT%H%M%SZ")


def checksum(algorithm, data):
    """x-amz-checksum-…'s value: base64. crc32, crc32c, crc64nvme, sha1, sha256; and md5."""
    if algorithm == "crc32":
        raw = struct.pack(">I", binascii.crc32(data))
    elif algorithm == "crc32c":
        raw = struct.pack(">I", _crc(data, 0x82F63B78, 32))
    elif algorithm == "crc64nvme":
        raw = struct.pack(">Q", _crc(data, 0x9A6C9329AC4BC9B5, 64))
    else:
        raw = hashlib.new(algorithm, data).digest()
    return base64.b64encode(raw).decode()


_tables = {}


def _crc(data, poly, bits):
    """A reflected CRC, slow and plain (a few MB/s)."""
    if poly not in _tables:
        table = []
        for n in range(256):
            for _ in range(8):
                n = (n >> 1) ^ poly if n & 1 else n >> 1
            table.append(n)
        _tables[poly] = table
    table, mask = _tables[poly], (1 << bits) - 1
    crc = mask
    for byte in data:
        crc = table[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ mask


class Client:
    """Raw, signed S3 requests, each on its own connection unless one is given.

        c = Client(endpoint, access, secret)
        c.put("/bucket/k", b"data", headers=[("Content-MD5", t.checksum("md5", b"data"))])
        c.request("POST", "/bucket/k", query=[("uploads", "")])
        c.put("/bucket/k", b"data", payload=t.UNSIGNED)             x-amz-content-sha256
        c.put("/bucket/k", b"data", payload="0" * 64)               a wrong hash
        c.request("GET", "/bucket/k", date=t.amz_date(-3600))       a skewed clock
        c.request("GET", "/bucket/k", sign=False)                   anonymous
        c.build("PUT", "/bucket/k", body=b"data")                   the bytes, to cut or to tamper with
        c.chunked("/bucket/k", b"data", trailer=("x-amz-checksum-crc32", v))   aws-chunked
        c.presign("GET", "/bucket/k", expires=60)                   path and query for a plain request
    """

    def __init__(self, endpoint, access, secret, region="us-east-1", ca=None, token=None, host=None):
        self.endpoint, self.ca = endpoint, ca
        self.host = host or urllib.parse.urlsplit(endpoint).netloc
        self.signer = SigV4(access, secret, region, token=token)

    def _target(self, path, query):
        text = "&".join("%s=%s" % (quote(k), quote(v)) if v is not None else quote(k) for k, v in query)
        return path + ("?" + text if text else "")

    def sign(self, method, path, query, headers, payload, date):
        """headers, with Authorization and what it covers added; and the signature."""
        date = date or amz_date()
        headers = [("Host", self.host), *headers, ("x-amz-date", date), ("x-amz-content-sha256", payload)]
        if self.signer.token:
            headers.append(("x-amz-security-token", self.signer.token))
        signed = sorted({k.lower() for k, _ in headers if k.lower() in ("host", "content-md5", "content-type")
                         or k.lower().startswith("x-amz-")})
        signature = self.signer.signature(date, self.signer.canonical(method, path, query, headers, signed, payload))
        value = "AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%s" % (
            self.signer.access, self.signer.scope(date), ";".join(signed), signature)
        return headers + [("Authorization", value)], signature

    @staticmethod
    def _bytes(method, target, headers, body=b""):
        lines = ["%s %s HTTP/1.1" % (method, target)] + ["%s: %s" % h for h in headers]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8") + body

    def build(self, method, path, query=(), headers=(), body=b"", payload=None, sign=True, date=None,
              length=True, close=False):
        """The request's bytes. length: False leaves Content-Length out, a number is sent as it is."""
        payload = payload or hashlib.sha256(body).hexdigest()
        headers, query = list(headers), list(query)
        if sign:
            headers, _ = self.sign(method, path, query, headers, payload, date)
        else:
            headers = [("Host", self.host), *headers]
        if length is not False and (body or length is not True or method in ("PUT", "POST")):
            headers.append(("Content-Length", len(body) if length is True else length))
        if close:
            headers.append(("Connection", "close"))
        return self._bytes(method, self._target(path, query), headers, body)

    def connect(self, timeout=30):
        return Connection(self.endpoint, self.ca, timeout)

    def send(self, data, method="GET", connection=None):
        """Sends bytes, returns the answer, on a fresh connection unless one is given."""
        if connection:
            connection.send(data)
            return connection.receive(method)
        with self.connect() as c:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):    # refused early: the answer tells
                c.send(data)
            return c.receive(method)

    def request(self, method, path, connection=None, **how):
        return self.send(self.build(method, path, **how), method, connection)

    def get(self, path, **how):
        return self.request("GET", path, **how)

    def head(self, path, **how):
        return self.request("HEAD", path, **how)

    def put(self, path, body=b"", **how):
        return self.request("PUT", path, body=body, **how)

    def post(self, path, body=b"", **how):
        return self.request("POST", path, body=body, **how)

    def delete(self, path, **how):
        return self.request("DELETE", path, **how)

    def build_chunked(self, path, data, chunk=64 * KiB, signed=True, trailer=None, headers=(), query=(), date=None,
                      tamper=None):
        """A PUT whose body is aws-chunked. trailer: (name, value). tamper: the number of a chunk to spoil."""
        date = date or amz_date()
        payload = {(True, False): STREAMING, (True, True): STREAMING_TRAILER,
                   (False, True): UNSIGNED_TRAILER}.get((signed, bool(trailer)), UNSIGNED_TRAILER)
        headers = [*headers, ("x-amz-decoded-content-length", len(data))]
        if trailer:
            headers.append(("x-amz-trailer", trailer[0]))
        headers, previous = self.sign("PUT", path, list(query), headers, payload, date)
        body = b""
        pieces = [data[i:i + chunk] for i in range(0, len(data), chunk)] + [b""]
        for number, piece in enumerate(pieces):
            extension = ""
            if signed:
                previous = self.signer.chunk_signature(date, previous, piece)
                extension = ";chunk-signature=" + previous
            if number == tamper:
                piece = bytes([piece[0] ^ 1]) + piece[1:]
            body += b"%x%s\r\n" % (len(piece), extension.encode()) + piece + (b"\r\n" if piece else b"")
        if trailer:
            line = "%s:%s" % trailer
            body += line.encode() + b"\r\n"
            if signed:
                body += b"x-amz-trailer-signature:%s\r\n" % self.signer.trailer_signature(
                    date, previous, line.encode() + b"\n").encode()
        body += b"\r\n"
        headers += [("Content-Encoding", "aws-chunked"), ("Content-Length", len(body))]
        return self._bytes("PUT", self._target(path, list(query)), headers, body)

    def chunked(self, path, data, connection=None, **how):
        return self.send(self.build_chunked(path, data, **how), "PUT", connection)

    def presign(self, method, path, expires=60, query=(), date=None, headers=()):
        """The target (path?query) of a presigned request; `headers` must then be sent too."""
        date = date or amz_date()
        headers = [("Host", self.host), *headers]
        signed = sorted(k.lower() for k, _ in headers)
        pairs = [*query, ("X-Amz-Algorithm", "AWS4-HMAC-SHA256"),
                 ("X-Amz-Credential", "%s/%s" % (self.signer.access, self.signer.scope(date))),
                 ("X-Amz-Date", date), ("X-Amz-Expires", str(expires)), ("X-Amz-SignedHeaders", ";".join(signed))]
        if self.signer.token:
            pairs.append(("X-Amz-Security-Token", self.signer.token))
        canonical = self.signer.canonical(method, path, pairs, headers, signed, UNSIGNED)
        pairs.append(("X-Amz-Signature", self.signer.signature(date, canonical)))
        return self._target(path, pairs)

    def plain(self, method, target, headers=(), body=b"", connection=None):
        """An unsigned request for a target as it stands (a presigned one)."""
        headers = [("Host", self.host), *headers]
        if body or method in ("PUT", "POST"):
            headers.append(("Content-Length", len(body)))
        return self.send(self._bytes(method, target, headers, body), method, connection)

    def multipart(self, path, parts, headers=()):
        """Creates, uploads parts and completes; the Complete's answer."""
        upload = self.post(path, query=[("uploads", "")], headers=headers).xml("UploadId")
        etags = [self.put(path, body, query=[("partNumber", str(n)), ("uploadId", upload)]).header("ETag")
                 for n, body in enumerate(parts, 1)]
        return self.complete(path, upload, enumerate(etags, 1))

    def complete(self, path, upload, parts, **how):
        """parts: pairs of number and ETag (quoted as it came)."""
        rows = "".join("<Part><PartNumber>%d</PartNumber><ETag>%s</ETag></Part>" % p for p in parts)
        return self.post(path, ("<CompleteMultipartUpload>%s</CompleteMultipartUpload>" % rows).encode(),
                         query=[("uploadId", upload)], **how)


# ---- a terminal

class Pty:
    """A program on a pseudo-terminal.

        p = Pty(t.XFERDB, "debug", "put", path, "s3://bucket/k", "--local", size=(24, 80))
        p.expect(r"\\(xferdb\\) ")
        p.send("where\\n")
    """

    def __init__(self, *args, env=None, size=(24, 80), cwd=None):
        self.args, self.text, self._at, self.status = [str(a) for a in args], "", 0, None
        env, cwd = env or environment(TERM="xterm-256color"), cwd or tmp()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            try:
                os.chdir(cwd)
                self._set_size(0, size)
                os.execvpe(self.args[0], self.args, env)
            finally:
                os._exit(127)
        self._set_size(self.fd, size)
        _open.append(self)

    @staticmethod
    def _set_size(fd, size):
        fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", size[0], size[1], 0, 0))

    def resize(self, rows, columns):
        """The program gets SIGWINCH from the kernel."""
        self._set_size(self.fd, (rows, columns))

    def send(self, text):
        os.write(self.fd, text.encode())

    def _read(self, seconds):
        if not select.select([self.fd], [], [], max(seconds, 0))[0]:
            return None
        try:
            data = os.read(self.fd, 1 << 16)
        except OSError:         # the other side is gone
            return b""
        self.text += data.decode("utf-8", "replace")
        return data

    def expect(self, pattern, seconds=20):
        """The match of the next output with that pattern; reading goes on behind it."""
        end = time.monotonic() + seconds * SLOW
        while True:
            found = re.search(pattern, self.text[self._at:], re.M)
            if found:
                self._at += found.end()
                return found
            data = self._read(end - time.monotonic())
            if data is None or data == b"":
                raise AssertionError("no /%s/ in %r%s" % (pattern, self.text[self._at:][-3000:],
                                                         "" if data is None else " (ended)"))

    def drain(self, seconds=0.2):
        """Reads until it has been quiet for that long; all text so far."""
        while self._read(seconds):
            pass
        return self.text

    def modes(self):
        """The terminal's settings now (to compare before and after)."""
        return termios.tcgetattr(self.fd)

    def wait(self, seconds=30):
        """Reads to the end; the exit status (negative for a signal)."""
        end = time.monotonic() + seconds * SLOW
        while self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
            elif time.monotonic() > end:
                raise AssertionError("still running after %g s: %r" % (seconds * SLOW, self.text[-3000:]))
            self._read(0.05)
        while self._read(0):
            pass
        return self.status

    def kill(self, number=signal.SIGKILL):
        os.kill(self.pid, number)

    def close(self):
        if self.status is None:
            with contextlib.suppress(ProcessLookupError, ChildProcessError):
                if os.waitpid(self.pid, os.WNOHANG)[0] == 0:
                    os.kill(self.pid, signal.SIGKILL)
                    os.waitpid(self.pid, 0)
            self.status = -signal.SIGKILL
        with contextlib.suppress(OSError):
            os.close(self.fd)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


if __name__ == "__main__":
    print(__doc__)
