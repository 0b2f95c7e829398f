"""The relay between a program and a server that misbehave: nothing stands still, nothing gets lost."""
import json
import os
import re
import resource
import socket
import ssl
import threading
import time

import t

PYTHON = "/usr/bin/python3"
RECORDS = 40

# A client that hands the kernel many small TLS records at once, reads as many, and says how long that was.
CLIENT = """
import socket, ssl, sys
raw = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
sent, came = ssl.MemoryBIO(), ssl.MemoryBIO()
tls = ssl.create_default_context().wrap_bio(came, sent, server_hostname="127.0.0.1")

def until(action):
    while True:
        try:
            return action()
        except ssl.SSLWantReadError:
            raw.sendall(sent.read())
            data = raw.recv(65536)
            came.write(data) if data else came.write_eof()

until(tls.do_handshake)
raw.sendall(sent.read())
tls.write(b"PUT /bkt/k HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\nContent-Length: %d\\r\\n\\r\\n" % (100 * 40))
for i in range(40):
    tls.write(b"x" * 100)
raw.sendall(sent.read())
answer = b""
while len(answer) < int(sys.argv[2]):
    answer += until(lambda: tls.read(65536))
print(len(answer))
"""
# One that sends a body nobody wants, and then looks what was said.
STUBBORN = """
import socket, sys
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
s.sendall(b"PUT /bkt/k HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\nContent-Length: 50000000\\r\\n\\r\\n")
try:
    for i in range(500):
        s.sendall(b"x" * 100000)
except OSError:
    pass
try:
    print(s.recv(100).decode().split("\\r\\n")[0])
except OSError as e:
    print(e)
"""

# One that closes a download when it has read all that has come so far, and goes on.
ENOUGH = """
import socket, sys, time
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
s.sendall(b"GET /bkt/k HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\n\\r\\n")
got = 0
while got < 1000000:
    got += len(s.recv(1 << 20))
time.sleep(float(sys.argv[2]))
s.close()
time.sleep(float(sys.argv[3]))
print("done")
"""

# One that uploads and downloads bodies of many lengths, in odd pieces, and says whose MD5 is not what it was.
BODIES = """
import hashlib, http.client, random, socket, ssl, sys, time, urllib.parse
url = urllib.parse.urlsplit(sys.argv[1])
rng = random.Random(7)
def connect():
    if url.scheme == "https":
        return http.client.HTTPSConnection(url.hostname, url.port, context=ssl.create_default_context(cafile=sys.argv[2]))
    return http.client.HTTPConnection(url.hostname, url.port)
c = connect()
for i, size in enumerate([1, 65535, 131072, 131073, 196608, 196609, 262144, 300001, 1 << 20, 5 << 20, 20000003]):
    body = rng.randbytes(size)
    md5 = hashlib.md5(body).hexdigest()
    c.putrequest("PUT", "/bkt/k%d" % i)
    c.putheader("Content-Length", str(size))
    c.endheaders()
    at = 0
    while at < size:
        n = rng.choice([1, 1000, 16384, 65536, 100001, 400000])
        c.send(body[at:at + n])
        at += n
        if rng.random() < 0.02:
            time.sleep(0.01)
    answer = c.getresponse()
    answer.read()
    if answer.status != 200 or answer.headers["ETag"] != '"%s"' % md5:
        print("put", size, answer.status, answer.headers["ETag"], md5)
    c.request("GET", "/bkt/k%d" % i)
    answer = c.getresponse()
    got = hashlib.md5()
    while True:
        piece = answer.read(rng.choice([1000, 70000, 500000]))
        if not piece:
            break
        got.update(piece)
    if got.hexdigest() != md5:
        print("get", size, answer.status, got.hexdigest(), md5)
print("done")
"""


# One that sends pipelined requests of all kinds from a second thread, ends its half, and prints the MD5 of all that came back.
PIPELINE = """
import hashlib, random, socket, sys, threading, time
rng = random.Random(int(sys.argv[2]))
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
head = b"%s /bkt/k%d HTTP/1.1\\r\\nHost: here\\r\\n"
out = []
for i in range(9):
    body = rng.randbytes(rng.choice([0, 3, 65536, 131073, 700000, 3000000]))
    if i % 3 == 0:
        out.append(head % (b"PUT", i) + b"Expect: 100-continue\\r\\nContent-Length: %d\\r\\n\\r\\n" % len(body) + body)
    elif i % 3 == 1:
        chunks = [body[at:at + 400000] for at in range(0, len(body), 400000)]
        out.append(head % (b"PUT", i) + b"Transfer-Encoding: chunked\\r\\n\\r\\n" +
                   b"".join(b"%x\\r\\n%s\\r\\n" % (len(c), c) for c in chunks) + b"0\\r\\n\\r\\n")
    else:
        out.append(head % (b"GET", i) + b"\\r\\n")
out = b"".join(out)
def send():
    at = 0
    while at < len(out):
        n = rng.choice([1, 1000, 65536, 400000])
        s.sendall(out[at:at + n])
        at += n
    s.shutdown(socket.SHUT_WR)
threading.Thread(target=send).start()
got, length = hashlib.md5(), 0
while True:
    data = s.recv(rng.choice([100, 70000, 500000]))
    if not data:
        break
    got.update(data)
    length += len(data)
print(length, got.hexdigest())
"""


def echo(connection):
    """Sends each body back, in chunks or not, behind answers that go before; a GET gets a megabyte."""
    stream = connection.makefile("rwb")
    for number in range(9):
        length, chunked, first = 0, False, stream.readline()
        while (line := stream.readline().strip()):
            name, value = line.lower().split(b": ")
            length = int(value) if name == b"content-length" else length
            chunked = chunked or name == b"transfer-encoding"
            if name == b"expect":
                stream.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = stream.read(length)
        while chunked and (size := int(stream.readline(), 16)):
            body += stream.read(size)
            stream.readline()
        if chunked:
            stream.readline()
        body = b"y" * 1000000 if first.startswith(b"GET") else body
        stream.write(b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\n")
        if number % 2:
            chunks = [body[at:at + 300000] for at in range(0, len(body), 300000)]
            stream.write(b"Transfer-Encoding: chunked\r\n\r\n" + b"".join(b"%x;x=y\r\n%s\r\n" % (len(c), c) for c in chunks) + b"0\r\n\r\n")
        else:
            stream.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        stream.flush()


class Server(threading.Thread):
    """Calls serve(connection) once for every connection, one after the other."""

    def __init__(self, serve):
        super().__init__(daemon=True)
        self.serve = serve
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        self.socket.listen(8)
        self.port = str(self.socket.getsockname()[1])
        self.start()

    def run(self):
        while True:
            connection, _ = self.socket.accept()
            try:
                self.serve(connection)
            except OSError:
                pass
            connection.close()


def write(name, text):
    path = t.tmp(name)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    return path


def certificate():
    """A certificate for 127.0.0.1 that vouches for itself, and a server's context with it."""
    path, key = t.tmp("cert.pem"), t.tmp("key.pem")
    made = t.run(t.need("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                 "-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2", "-keyout", key, "-out", path)
    t.equal(made.status, 0, made)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path, key)
    return path, context


def answering(context, length, delay=0):
    """A TLS server that reads one request of CLIENT's and answers in RECORDS records, sent at once."""
    body = b"y" * length
    head = b"HTTP/1.1 200 OK\r\nETag: \"e\"\r\nContent-Length: %d\r\n\r\n" % length

    def serve(raw):
        time.sleep(delay)
        came, sent = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(came, sent, server_side=True)

        def until(action):
            while True:
                try:
                    return action()
                except ssl.SSLWantReadError:
                    raw.sendall(sent.read())
                    data = raw.recv(65536)
                    if not data:
                        raise OSError("closed")
                    came.write(data)
        until(tls.do_handshake)
        raw.sendall(sent.read())
        request = b""
        while not (b"\r\n\r\n" in request and len(request.split(b"\r\n\r\n", 1)[1]) == 100 * RECORDS):
            request += until(lambda: tls.read(65536))
        tls.write(head)
        for at in range(RECORDS):
            tls.write(body[at * length // RECORDS:(at + 1) * length // RECORDS])
        raw.sendall(sent.read())
        raw.recv(1)
    return serve, len(head) + length


def relay(words, *options, **env):
    return t.xferdb("trace", "--no-probe", *options, "--", PYTHON, *words, env=t.environment(**env), timeout=60 * t.SLOW)


def test_records_that_came_at_once_are_all_passed_on():
    path, context = certificate()
    serve, length = answering(context, 4000)
    server = Server(serve)
    r = relay([write("client.py", CLIENT), server.port, str(length)], "--tls-relay", SSL_CERT_FILE=path)
    t.equal((r.status, r.out.strip()), (0, str(length)), r)


def cpu_of(words, *options, **env):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    r = relay(words, *options, **env)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    t.equal(r.status, 0, r)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_a_server_slow_to_shake_hands_is_waited_for_asleep():
    path, context = certificate()
    cpu = {}
    for delay in (0, 3):
        serve, length = answering(context, 400, delay)
        server = Server(serve)
        cpu[delay] = cpu_of([write("client.py", CLIENT), server.port, str(length)], "--tls-relay", SSL_CERT_FILE=path)
    t.true(cpu[3] - cpu[0] < 1, cpu)


def refuse(connection):
    connection.recv(4096)
    connection.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    time.sleep(0.2)


def test_a_refusal_before_the_body_is_there_is_passed_on():
    server = Server(refuse)
    program = write("stubborn.py", STUBBORN)
    direct = t.run(PYTHON, program, server.port)
    if "403" not in direct.out:
        t.skip("even without the relay this kernel drops the answer: %s" % direct.out)
    r = relay([program, server.port])
    t.equal((r.status, r.out.strip()), (0, "HTTP/1.1 403 Forbidden"), r)


def drip(connection):
    connection.recv(4096)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n" + b"x" * 1000000)
    for _ in range(8):
        time.sleep(0.1)
        connection.sendall(b"x" * 100000)


def test_a_download_closed_in_its_midst_ends_nobody():
    """The socket that takes no more raises a signal, which is nobody's."""
    server = Server(drip)
    r = relay([write("enough.py", ENOUGH), server.port, "0", "0.7"])
    t.equal((r.status, r.out), (0, "done\n"), r)


def test_a_download_that_nobody_reads_any_more_is_not_read_to_its_end():
    sent = []

    def flood(connection):
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4000000000\r\n\r\n")
        for _ in range(400):
            connection.sendall(b"x" * 10000000)
            sent.append(10000000)
    server = Server(flood)
    r = relay([write("enough.py", ENOUGH), server.port, "0.3", "1"])
    t.equal((r.status, r.out), (0, "done\n"), r)
    t.true(sum(sent) < 100000000, sum(sent))


def check_bodies(*flags):
    trace = t.tmp("bodies.xft")
    with t.Serve("--anonymous", *flags) as server:
        r = t.xferdb("trace", "--quiet", "--no-probe", "-o", trace, "--", PYTHON, write("bodies.py", BODIES), server.endpoint,
                     server.ca or "-")
    t.equal((r.status, r.out), (0, "done\n"), r.err)
    return t.xferdb("events", "--all", trace).out


def test_pipelined_requests_of_all_kinds_go_through_as_they_are():
    server, program, trace = Server(echo), write("pipeline.py", PIPELINE), t.tmp("t.xft")
    for seed in ("1", "2", "3"):
        direct = t.run(PYTHON, program, server.port, seed)
        t.equal(direct.status, 0, direct)
        r = relay([program, server.port, seed], "-o", trace)
        t.equal((r.status, r.out), (0, direct.out), r)
        events = [json.loads(line) for line in t.xferdb("events", "--all", "--json", trace).out.splitlines()]
        t.equal([len([e for e in events if e["event"] == kind]) for kind in ("object_put", "object_get", "part_failed")], [6, 3, 0])


def test_bodies_of_every_length_go_through_as_they_are():
    events = check_bodies()
    sizes = [int(s) for s in re.findall(r" object_put bytes=(\d+) ", events)]
    t.equal((len(sizes), sizes[-1]), (11, 20000003))
    t.equal([int(s) for s in re.findall(r" object_get bytes=(\d+) ", events)], sizes)


def test_bodies_that_nobody_can_read_go_through_as_they_are():
    check_bodies("--tls")


def test_a_body_that_looks_like_tls_stays_a_body():
    curl, path = t.need("curl"), t.tmp("file")
    with open(path, "wb") as f:
        f.write(b"\x16" * (5 * t.MiB))
    with t.Serve("--auto-bucket", "--anonymous") as server:
        r = t.xferdb("trace", "--no-probe", "--tls-relay", "--", curl, "-sS", "-T", path, server.endpoint + "/bkt/k")
        t.equal(r.status, 0, r)
        t.equal(len(server.client().get("/bkt/k").body), 5 * t.MiB)


def test_many_and_large_bodies_go_through_the_tls_relay():
    curl, path = t.need("curl"), t.make_file("file", 40 * t.MiB)
    with t.Serve("--tls", "--auto-bucket", "--anonymous") as server:
        ca = server.values["CA_FILE"]
        words = [curl, "-sS", "--parallel", "--parallel-max", "4"]
        for i in range(4):
            words += ["-T", path, "%s/bkt/k%d" % (server.endpoint, i)]
        r = t.xferdb("trace", "--no-probe", "--tls-relay", "--", *words, env=t.environment(SSL_CERT_FILE=ca), timeout=100 * t.SLOW)
        t.equal(r.status, 0, r)
        for i in range(4):
            t.equal(server.client().head("/bkt/k%d" % i).header("Content-Length"), str(40 * t.MiB))


# One that gives up in the midst of a body, far ahead of the server, and says so.
GIVES_UP = """
import os, socket, sys
host, port = os.environ["AWS_ENDPOINT_URL"].split("//")[1].split(":")
print("begin", flush=True)
s = socket.create_connection((host, int(port)))
s.sendall(b"PUT /bucket/key HTTP/1.1\\r\\nHost: here\\r\\n" + (b"Content-Length: 50000000\\r\\n\\r\\n" if sys.argv[2] == "length" else
          b"Transfer-Encoding: chunked\\r\\n\\r\\n2faf080\\r\\n") + b"x" * int(sys.argv[1]))
s.close()
print("end", flush=True)
"""


def given_up(words, *options, **env):
    out = t.tmp("v.json")
    r = relay([write("gives_up.py", GIVES_UP), *words], "--call=out:begin:end", "--json=" + out, *options, **env)
    with open(out, encoding="utf-8") as f:
        v = json.load(f)["calls"][0]["verdict"]
    t.equal((v["answer"], v["outcome"], v["parts_late"]), ("unproven", "lost", 0), r)


def test_a_body_given_up_has_ended_then_whatever_the_server_makes_of_it():
    for bandwidth in ([], ["--fault=bandwidth=3MB"]):
        given_up(["3000000", "length"], "--local", *bandwidth)


# Eighty uploads at once, and how many descriptors it may have.
MANY = """
import resource, socket, sys
host, port = sys.argv[1].split("//")[1].split(":")
sockets = [socket.create_connection((host, int(port))) for i in range(80)]
for i, s in enumerate(sockets):
    s.sendall(b"PUT /bkt/k%d HTTP/1.1\\r\\nHost: here\\r\\nContent-Length: 3\\r\\n\\r\\nabc" % i)
print(sum(s.recv(100).startswith(b"HTTP/1.1 200") for s in sockets), resource.getrlimit(resource.RLIMIT_NOFILE)[0])
"""


def test_more_connections_than_descriptors_are_seen_or_said_not_to_be():
    program, trace = write("many.py", MANY), t.tmp("t.xft")
    limited = 'ulimit %s 100; exec "$@"'
    with t.Serve("--anonymous") as server:
        for limit in ("-Sn", "-n"):
            r = t.run("sh", "-c", limited % limit, "sh", t.XFERDB, "trace", "--no-probe", "-o", trace, "--", PYTHON, program, server.endpoint)
            t.equal((r.status, r.out), (0, "80 100\n"), r)
            seen = len(re.findall(" object_put ", t.xferdb("events", "--all", trace).out))
            t.equal((limit, seen == 80, "nobody could read" in r.err), (limit, limit == "-Sn", limit == "-n"), r)


def refuse_torsos(connection):
    """Reads slowly, and answers what has no end."""
    while connection.recv(65536):
        time.sleep(0.02)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


def test_chunks_given_up_have_ended_before_the_server_refuses_them():
    given_up(["3000000", "chunked"], AWS_ENDPOINT_URL="http://127.0.0.1:" + Server(refuse_torsos).port)


if __name__ == "__main__":
    t.main()
