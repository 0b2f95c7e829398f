"""Beside the real boto3: the same transfer to the same scripted server, request for request, header
for header. Known to differ and left out: who we are, when it was, whose attempt it is.

BOTO3_PYTHON names an interpreter with boto3 1.36 or newer; else those on PATH are asked.
"""
import base64
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import scripted  # noqa: E402
import t  # noqa: E402

SCRIPT = r"""
import boto3, json, sys
from boto3.s3.transfer import TransferConfig
from botocore import UNSIGNED
from botocore.config import Config
spec = json.loads(sys.argv[1])
settings = {"s3": {"addressing_style": "path"}}
if spec["unsigned"]:
    settings["signature_version"] = UNSIGNED
client = boto3.client("s3", config=Config(**settings))
more = {"ExtraArgs": spec["extra"], "Config": TransferConfig(**spec["config"])}
if spec["how"] == "file":
    client.upload_file(spec["path"], "bucket", "key", **more)
elif spec["how"] == "stdin":
    client.upload_fileobj(sys.stdin.buffer, "bucket", "key", **more)
elif spec["how"] == "get":
    client.download_file("bucket", "key", spec["path"], **more)
else:
    class Pipe:
        def write(self, data):
            sys.stdout.buffer.write(data)
    client.download_fileobj("bucket", "key", Pipe(), **more)
"""
# The first attempt's number is written "attempt=1" in S3TRANSFER's time, "attempt=1; max=M" by newer ones.
APART = {"user-agent", "amz-sdk-invocation-id", "amz-sdk-request", "x-amz-date", "authorization", "host"}
ORDER = ["head", "create", "put", "part", "range", "get", "complete", "abort"]


def boto3_python():
    for python in (os.environ.get("BOTO3_PYTHON"), sys.executable, "/usr/bin/python3"):
        if not python:
            continue
        asked = subprocess.run([python, "-c", "import boto3; print(boto3.__version__)"], capture_output=True, text=True)
        if asked.returncode == 0 and tuple(map(int, asked.stdout.split(".")[:2])) >= (1, 36):
            return python
    t.skip("no python with boto3 1.36 or newer (BOTO3_PYTHON names one)")


def signed(request):
    """The list of signed headers."""
    return request.headers.get("authorization", "").partition("SignedHeaders=")[2].partition(",")[0]


def described(server):
    """Every request, in an order that does not depend on who came first."""
    rows = [(r.op, r.part, r.method, r.path, sorted(r.query.items()), r.headers.get("range"), signed(r),
             {k: v for k, v in r.headers.items() if k not in APART}, r.trailers, len(r.body),
             r.body if r.op == "complete" else b"") for r in server.requests]
    return sorted(rows, key=lambda row: (ORDER.index(row[0]), row[1], row[5] or ""))


class Side:
    """One configuration: flags for us, and what boto3 calls them."""

    def __init__(self, name, flags=(), extra=None, config=None, unsigned=False, checksums=True, **env):
        self.name, self.flags, self.env, self.checksums = name, list(flags), env, checksums
        self.spec = {"extra": extra or {}, "config": config or {}, "unsigned": unsigned}
        if unsigned:
            self.flags.append("--no-sign-request")


def run(side, how, path, tls, store, command, stdin=None):
    context, cert = tls or (None, None)
    with scripted.Server(tls=context, checksums=side.checksums) as server:
        if store is not None:
            server.store("/bucket/key", store)
        env = scripted.environment(server, t, AWS_DEFAULT_REGION="us-east-1", AWS_EC2_METADATA_DISABLED="true", **side.env)
        if cert:
            env["AWS_CA_BUNDLE"] = cert
        r = t.run(*command, env=env, input=stdin() if stdin else None, timeout=60 * t.SLOW)
        t.equal(r.status, 0, (side.name, how, r))
        return described(server)


def compare(python, side, how, path, tls, store=None, stdin=None):
    spec = dict(side.spec, how=how, path=path)
    theirs = run(side, how, path, tls, store, [python, "-c", SCRIPT, json.dumps(spec)], stdin)
    source = "-" if how == "stdin" else path
    ours = run(side, how, path, tls, store,
               [t.XFERDB] + (["put", source, "s3://bucket/key"] if store is None else
                             ["get", "s3://bucket/key", "-" if how == "pipe" else path]) + ["--no-trace"] + side.flags, stdin)
    where = "%s, %s, %s" % (side.name, how, "https" if tls else "http")
    t.equal([row[:6] for row in ours], [row[:6] for row in theirs], where)
    for our, their in zip(ours, theirs):
        t.equal(our, their, where)


def sides():
    yield Side("defaults")
    yield Side("no checksums in answers", checksums=False)
    yield Side("session token", AWS_SESSION_TOKEN="tok/en+")
    yield Side("when_required", AWS_REQUEST_CHECKSUM_CALCULATION="when_required")
    yield Side("unsigned", unsigned=True)
    yield Side("SHA256", ["--checksum-algorithm", "SHA256"], {"ChecksumAlgorithm": "SHA256"})
    yield Side("full object", ["--checksum-algorithm", "CRC32", "--checksum-type", "FULL_OBJECT"],
               {"ChecksumAlgorithm": "CRC32", "ChecksumType": "FULL_OBJECT"})
    crc = base64.b64encode(b"same").decode()
    yield Side("supplied", ["--checksum-crc32", crc, "--mpu-object-size", 9 * t.MiB],
               {"ChecksumCRC32": crc, "MpuObjectSize": 9 * t.MiB}, checksums=False)
    yield Side("customer's key", ["--sse-c-key", "k" * 32], {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": "k" * 32})
    yield Side("many", ["--metadata", "a=b,C=d e", "--content-type", "text/plain", "--storage-class", "STANDARD_IA",
                        "--acl", "private", "--tagging", "a=b&c=d", "--sse", "aws:kms", "--sse-kms-key-id", "k1",
                        "--content-encoding", "gzip", "--cache-control", "no-cache"],
               {"Metadata": {"a": "b", "C": "d e"}, "ContentType": "text/plain", "StorageClass": "STANDARD_IA",
                "ACL": "private", "Tagging": "a=b&c=d", "ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "k1",
                "ContentEncoding": "gzip", "CacheControl": "no-cache"})
    yield Side("requester and owner", ["--request-payer", "requester", "--expected-bucket-owner", "123456789012"],
               {"RequestPayer": "requester", "ExpectedBucketOwner": "123456789012"})


def uploads(tls):
    python = boto3_python()
    files = [t.make_file("small", 1000), t.make_file("big", 9 * t.MiB)]
    for side in sides():
        for path in files:
            compare(python, side, "file", path, tls)
    compare(python, Side("empty"), "file", t.make_file("empty", 0), tls)


def test_uploads_over_http():
    uploads(None)


def test_uploads_over_tls():
    uploads(scripted.certificate(t))


def test_descriptors_and_pipes():
    python = boto3_python()
    small_parts = Side("small parts", ["--multipart-threshold", "1MB", "--part-size", "1MB"],
                       config={"multipart_threshold": t.MiB, "multipart_chunksize": t.MiB})
    for size in (0, 1000, 20 * t.MiB):
        path = t.make_file("f%d" % size, size)
        for side in (Side("defaults"), small_parts):
            compare(python, side, "stdin", path, None, stdin=lambda: open(path, "rb"))
            compare(python, side, "stdin", path, None,
                    stdin=lambda: subprocess.Popen(["cat", path], stdout=subprocess.PIPE).stdout)


def test_downloads():
    python = boto3_python()
    options = Side("options", ["--sse-c-key", "k" * 32, "--request-payer", "requester", "--version-id", "v1"],
                   {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": "k" * 32, "RequestPayer": "requester",
                    "VersionId": "v1"})
    for size in (0, 1000, 8 * t.MiB, 20 * t.MiB):
        for tls in (None, scripted.certificate(t)):
            for how in ("get", "pipe"):
                for side in (Side("defaults"), options):
                    compare(python, side, how, t.tmp("out"), tls, store=t.make_bytes(size))


if __name__ == "__main__":
    t.main()
