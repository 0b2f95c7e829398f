"""scripted: an S3 server that keeps objects, writes down every request, and misbehaves when told.

    server = Server(lambda r: "stall" if r.op == "part" and r.part == 2 else None)
    server.requests    [Request], in the order their heads came in
    server.objects     {"/bucket/key": bytes}
    server.uploads     {upload id: {part number: bytes}} of those neither completed nor aborted

A misfortune is a word, given by the function for each request:

    reset        the connection is reset once the head is read
    reset-body   … in the middle of the body (of the answer, where the request has none)
    stall        nothing more is read or said until the client goes
    hold:SECONDS the answer comes late
    403 404 …    that status, with an error document; :CODE names its code; the body is read first
    early:403    the same, at once: the body is not asked for
    error200     200 with an error document
    cut          the answer ends before its Content-Length
    sum          a wrong checksum in the answer
    noetag       200 without an ETag
    mute         the request is carried out and the connection closed without an answer
    late:SECONDS the request is carried out, and the answer comes late
    slow:SECONDS the body of the request is read slowly, in that time
"""
import base64
import binascii
import hashlib
import os
import re
import socket
import ssl
import struct
import subprocess
import threading
import time
import urllib.parse

RESET = struct.pack("ii", 1, 0)


class Request:
    """One request as it came: method, path, query, headers, op, part, body; when, on which
    connection, and what was answered (None: nothing)."""

    def __init__(self, connection, method, target, headers):
        self.connection, self.method, self.headers = connection, method, headers
        self.path, _, query = target.partition("?")
        self.query = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
        self.part = int(self.query.get("partNumber", 0))
        self.op = self._op()
        self.began, self.ended = time.monotonic(), None
        self.body, self.answered, self.trailers = b"", None, {}

    def _op(self):
        q = self.query
        if self.method == "PUT":
            return "part" if "partNumber" in q else "put"
        if self.method == "POST":
            return "create" if "uploads" in q else "complete"
        if self.method == "DELETE":
            return "abort" if "uploadId" in q else "delete"
        if self.method == "HEAD":
            return "head"
        return "uploads" if "uploads" in q else "parts" if "uploadId" in q else "range" if "range" in self.headers else "get"

    def __repr__(self):
        return "%s%s:%s" % (self.op, " %d" % self.part if self.part else "", self.answered)


class Gone(Exception):
    pass


class Server:
    def __init__(self, misfortune=lambda request: None, tls=None, checksums=True):
        self.misfortune, self.tls, self.checksums = misfortune, tls, checksums
        self.requests, self.objects, self.uploads, self.initiated, self.etags = [], {}, {}, {}, {}
        self.lock, self.connections, self.open, self.most = threading.Lock(), 0, 0, 0
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self.listener.getsockname()[1]
        self.endpoint = "%s://127.0.0.1:%d" % ("https" if tls else "http", self.port)
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def ops(self, *wanted):
        return [r for r in self.requests if not wanted or r.op in wanted]

    def _accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(sock, self.connections), daemon=True).start()

    def _serve(self, sock, number):
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.tls:
                sock = self.tls.wrap_socket(sock, server_side=True)
            stream = Stream(sock)
            while self._one(stream, number):
                pass
        except (OSError, Gone, ValueError):
            pass
        finally:
            sock.close()

    def _one(self, stream, number):
        head = stream.until(b"\r\n\r\n").decode("latin-1")
        lines = head.split("\r\n")
        method, target, _ = lines[0].split(" ", 2)
        headers = {k.strip().lower(): v.strip() for k, v in (line.split(":", 1) for line in lines[1:] if line)}
        request = Request(number, method, target, headers)
        with self.lock:
            self.requests.append(request)
            self.open += 1
            self.most = max(self.most, self.open)
        try:
            return self._handle(stream, request, self.misfortune(request) or "")
        finally:
            with self.lock:
                self.open -= 1
                request.ended = request.ended or time.monotonic()

    def _handle(self, stream, r, word):
        name, _, value = word.partition(":")
        if name == "reset":
            stream.reset()
        if name == "stall":
            stream.wait_for_end()
        if name == "early":
            stream.answer(r, int(value), error("EarlyRefusal", "no"), {"Connection": "close"})
            return False
        self._read_body(stream, r, name, value)
        if name == "hold":
            time.sleep(float(value))
        if name.isdigit():
            code = value or {"403": "AccessDenied", "404": "NoSuchKey", "503": "SlowDown",
                             "500": "InternalError", "412": "PreconditionFailed"}.get(name, "Error")
            stream.answer(r, int(name), error(code, "as the script says"))
            return True
        if name == "error200":
            stream.answer(r, 200, error("InternalError", "as the script says"), etag(b"") if r.op in ("put", "part") else {})
            return True
        status, body, extra = self._do(r)
        if name == "mute":
            raise Gone
        if name == "late":
            time.sleep(float(value))
        if name == "noetag":
            extra.pop("ETag", None)
            body = re.sub(b"<ETag>.*?</ETag>", b"", body)
        if name == "sum":
            extra = {k: v for k, v in extra.items() if not k.startswith("x-amz-checksum")}
            extra["x-amz-checksum-crc32"] = "AAAAAA=="
        if name == "cut" or (name == "reset-body" and r.op in ("get", "range", "head", "create", "complete", "abort")):
            stream.answer(r, status, body, extra, cut=True)
            if name == "reset-body":
                stream.reset()
            return False
        stream.answer(r, status, body, extra)
        return True

    def _read_body(self, stream, r, name, value):
        if r.headers.get("expect", "").lower() == "100-continue":
            stream.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        if "chunked" in r.headers.get("transfer-encoding", ""):
            if name == "reset-body":
                stream.read(int(r.headers.get("x-amz-decoded-content-length", 0)) // 2)
                stream.reset()
            body = stream.chunked()
            r.body = unframe(body, r) if "aws-chunked" in r.headers.get("content-encoding", "") else body
            return
        length = int(r.headers.get("content-length", 0))
        if name == "reset-body" and length > 1 and r.op in ("put", "part"):
            stream.read(length // 2)
            stream.reset()
        if name == "slow":
            begin, r.body = time.monotonic(), b""
            for i in range(20):
                r.body += stream.read(length * (i + 1) // 20 - len(r.body))
                time.sleep(max(0, begin + float(value) * (i + 1) / 20 - time.monotonic()))
            return
        r.body = stream.read(length)

    # ---- S3, in small

    def store(self, path, body, tag=None):
        self.objects[path], self.etags[path] = body, tag or etag(body)["ETag"]

    def _do(self, r):
        with self.lock:
            return getattr(self, "_" + r.op)(r)

    def _sums(self, r):
        found = {k: v for k, v in {**r.headers, **r.trailers}.items()
                 if k.startswith("x-amz-checksum-") and k not in ("x-amz-checksum-mode", "x-amz-checksum-algorithm")}
        return found if self.checksums else {}

    def _put(self, r):
        if r.headers.get("if-none-match") == "*" and r.path in self.objects:
            return 412, error("PreconditionFailed", "it exists"), {}
        self.store(r.path, r.body)
        return 200, b"", {**etag(r.body), **self._sums(r)}

    def _create(self, r):
        upload = "u%d" % (len(self.initiated) + 1)
        self.uploads[upload], self.initiated[upload] = {}, (r.path, time.time())
        return 200, ("<InitiateMultipartUploadResult><UploadId>%s</UploadId></InitiateMultipartUploadResult>"
                     % upload).encode(), {}

    def _part(self, r):
        if r.query["uploadId"] not in self.uploads:
            return 404, error("NoSuchUpload", "gone"), {}
        self.uploads[r.query["uploadId"]][r.part] = r.body
        return 200, b"", {**etag(r.body), **self._sums(r)}

    def _complete(self, r):
        parts = self.uploads.get(r.query["uploadId"])
        if parts is None:
            return 404, error("NoSuchUpload", "gone"), {}
        if r.headers.get("if-none-match") == "*" and r.path in self.objects:
            return 412, error("PreconditionFailed", "it exists"), {}
        numbers = [int(n) for n in re.findall(rb"<PartNumber>(\d+)</PartNumber>", r.body)]
        del self.uploads[r.query["uploadId"]]
        self.store(r.path, b"".join(parts[n] for n in numbers), multipart_etag([parts[n] for n in numbers]))
        return 200, ("<CompleteMultipartUploadResult><ETag>%s</ETag></CompleteMultipartUploadResult>"
                     % self.etags[r.path]).encode(), {}

    def _abort(self, r):
        if self.uploads.pop(r.query["uploadId"], None) is None:
            return 404, error("NoSuchUpload", "gone"), {}
        return 204, b"", {}

    def _uploads(self, r):
        rows = "".join("<Upload><Key>%s</Key><UploadId>%s</UploadId><Initiated>%s</Initiated></Upload>" % (
            path.split("/", 2)[2], upload, time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(at)))
            for upload, (path, at) in self.initiated.items() if upload in self.uploads)
        return 200, ("<ListMultipartUploadsResult>%s<IsTruncated>false</IsTruncated></ListMultipartUploadsResult>"
                     % rows).encode(), {}

    def _parts(self, r):
        parts = self.uploads.get(r.query["uploadId"])
        if parts is None:
            return 404, error("NoSuchUpload", "gone"), {}
        rows = "".join("<Part><PartNumber>%d</PartNumber><ETag>%s</ETag><Size>%d</Size></Part>" % (
            n, etag(parts[n])["ETag"], len(parts[n])) for n in sorted(parts))
        return 200, ("<ListPartsResult>%s<IsTruncated>false</IsTruncated></ListPartsResult>" % rows).encode(), {}

    def _head(self, r):
        body = self.objects.get(r.path)
        if body is None:
            return 404, b"", {}
        return 200, body, {"ETag": self.etags[r.path], "Accept-Ranges": "bytes"}

    def _get(self, r):
        body = self.objects.get(r.path)
        if body is None:
            return 404, error("NoSuchKey", "no such key"), {}
        return 200, body, {"ETag": self.etags[r.path], "x-amz-checksum-crc32": crc32(body)}

    def _range(self, r):
        body = self.objects.get(r.path)
        if body is None:
            return 404, error("NoSuchKey", "no such key"), {}
        if r.headers.get("if-match") not in (None, self.etags[r.path]):
            return 412, error("PreconditionFailed", "it changed"), {}
        first, last = re.fullmatch(r"bytes=(\d+)-(\d*)", r.headers["range"]).groups()
        first, last = int(first), min(int(last or len(body)), len(body) - 1)
        return 206, body[first:last + 1], {"ETag": self.etags[r.path], "Content-Range": "bytes %d-%d/%d" % (first, last, len(body))}

    def _delete(self, r):
        self.objects.pop(r.path, None)
        return 204, b"", {}


class Stream:
    """A socket with a buffer, from the server's side."""

    def __init__(self, sock):
        self.sock, self.buffer = sock, bytearray()

    def _more(self):
        data = self.sock.recv(1 << 18)
        if not data:
            raise Gone
        self.buffer += data

    def until(self, end):
        while end not in self.buffer:
            self._more()
        at = self.buffer.index(end)
        out = bytes(self.buffer[:at])
        del self.buffer[:at + len(end)]
        return out

    def read(self, length):
        while len(self.buffer) < length:
            self._more()
        out = bytes(self.buffer[:length])
        del self.buffer[:length]
        return out

    def chunked(self):
        body = b""
        while True:
            size = int(self.until(b"\r\n").split(b";")[0], 16)
            if not size:
                while self.until(b"\r\n"):
                    pass
                return body
            body += self.read(size)
            self.read(2)

    def send(self, data):
        self.sock.sendall(data)

    def reset(self):
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self.sock.close()
        raise Gone

    def wait_for_end(self):
        while True:
            self.buffer.clear()
            self._more()

    def answer(self, r, status, body=b"", headers=(), cut=False):
        lines = ["HTTP/1.1 %d Scripted" % status, "Content-Length: %d" % (len(body) + (7 if cut and not body else 0)),
                 "x-amz-request-id: R%d" % id(r)]
        lines += ["%s: %s" % pair for pair in dict(headers).items()]
        if r.method == "HEAD":
            body = b""
        if cut and r.method == "HEAD":
            lines = lines[:1]       # a head that never ends
            self.send("\r\n".join(lines).encode())
            return
        r.answered, r.ended = None if cut else status, time.monotonic()
        self.send(("\r\n".join(lines) + "\r\n\r\n").encode() + (body[:len(body) // 2] if cut else body))


def unframe(body, r):
    """What aws-chunked frames; trailers go to the request."""
    out, at = b"", 0
    while True:
        end = body.index(b"\r\n", at)
        size = int(body[at:end].split(b";")[0], 16)
        at = end + 2
        if not size:
            for line in body[at:].split(b"\r\n"):
                if b":" in line:
                    k, v = line.decode().split(":", 1)
                    r.trailers[k.lower()] = v
            return out
        out += body[at:at + size]
        at += size + 2


def error(code, message):
    return ("<Error><Code>%s</Code><Message>%s</Message></Error>" % (code, message)).encode()


def etag(body):
    return {"ETag": '"%s"' % hashlib.md5(body).hexdigest()}


def multipart_etag(parts):
    return '"%s-%d"' % (hashlib.md5(b"".join(hashlib.md5(p).digest() for p in parts)).hexdigest(), len(parts))


def crc32(body):
    return base64.b64encode(struct.pack(">I", binascii.crc32(body))).decode()


def certificate(t):
    """(what Server takes as tls, the file a client trusts), made once a test."""
    cert, key = t.tmp("cert.pem"), t.tmp("key.pem")
    if not os.path.exists(cert):
        subprocess.run([t.need("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert,
                        "-days", "30", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"],
                       check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return context, cert


def environment(server, t, **extra):
    """For a client of the server; t is the test's tool module."""
    return t.environment(AWS_ENDPOINT_URL=server.endpoint, AWS_ACCESS_KEY_ID="AKIDSCRIPTED",
                         AWS_SECRET_ACCESS_KEY="scripted/secret", AWS_REGION="us-east-1", **extra)
