"""POST forms, as browsers send them and generate_presigned_post() prepares them: PostObject of the embedded endpoint."""
import base64
import datetime
import hashlib
import hmac
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tool"))
import t
from test_endpoint_raw import etag, ok, refused, rss_kib

BOUNDARY = "a-boundary"


def form(fields, data=b"data", filename="f.txt", behind=()):
    """The body of a form: fields, the file (None: none), and what comes behind it."""
    parts = ['Content-Disposition: form-data; name="%s"\r\n\r\n' % k + v for k, v in fields]
    parts = [p.encode() for p in parts]
    if data is not None:
        name = '; filename="%s"' % filename if filename is not None else ""
        parts.append(b'Content-Disposition: form-data; name="file"%s\r\nContent-Type: a/b\r\n\r\n' % name.encode() + data)
    parts += [('Content-Disposition: form-data; name="%s"\r\n\r\n' % k + v).encode() for k, v in behind]
    mark = b"--" + BOUNDARY.encode()
    return b"".join(mark + b"\r\n" + p + b"\r\n" for p in parts) + mark + b"--\r\n"


def post(c, body, path="/bkt", kind="multipart/form-data; boundary=" + BOUNDARY, headers=()):
    return c.plain("POST", path, body=body, headers=[("Content-Type", kind), *headers])


def at(seconds):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def policy(document):
    return base64.b64encode(json.dumps(document).encode()).decode()


def signed(s, fields, conditions=None, expires=60, document=None, region="us-east-1", secret=None, bucket="bkt"):
    """The fields with those of version 4; conditions: as given, else one for each field."""
    date = t.amz_date()
    signer = t.SigV4(s.access, secret or s.secret, region)
    fields = list(fields) + [("x-amz-algorithm", "AWS4-HMAC-SHA256"), ("x-amz-credential", s.access + "/" + signer.scope(date)),
                             ("x-amz-date", date)]
    if conditions is None:
        conditions = [{k: v} for k, v in fields if k not in ("key",)] + [["starts-with", "$key", ""]]
    else:
        conditions = list(conditions) + [{k: v} for k, v in fields[-3:]]
    text = policy(document or {"expiration": at(expires), "conditions": [{"bucket": bucket}] + conditions})
    return fields + [("policy", text), ("x-amz-signature", hmac.new(signer.key(date), text.encode(), "sha256").hexdigest())]


def signed_by_version_2(s, fields, secret=None):
    text = policy({"expiration": at(60), "conditions": [{"bucket": "bkt"}] + [{k: v} for k, v in fields]})
    mac = hmac.new((secret or s.secret).encode(), text.encode(), "sha1").digest()
    return [*fields, ("AWSAccessKeyId", s.access), ("policy", text), ("signature", base64.b64encode(mac).decode())]


def test_a_form_stores_an_object():
    with t.Serve() as s:
        c = s.client()
        fields = [("key", "dir/a b"), ("Content-Type", "text/x"), ("x-amz-meta-Colour", "blue"), ("acl", "private"),
                  ("x-amz-storage-class", "STANDARD_IA"), ("x-amz-checksum-crc32", t.checksum("crc32", b"hello")),
                  ("tagging", "<Tagging><TagSet><Tag><Key>a</Key><Value>1</Value></Tag></TagSet></Tagging>")]
        r = ok(post(c, form(signed(s, fields), b"hello")), 204)
        t.equal((r.header("ETag"), r.body), (etag(b"hello"), b""))
        t.equal(r.header("Location"), s.endpoint + "/bkt/dir%2Fa%20b")
        r = ok(c.get("/bkt/dir/a%20b"))
        t.equal((r.body, r.header("Content-Type"), r.header("x-amz-meta-colour")), (b"hello", "text/x", "blue"))
        t.equal((r.header("x-amz-storage-class"), r.header("x-amz-tagging-count")), ("STANDARD_IA", "1"))
        refused(post(c, form(signed(s, fields), b"jello")), 400, "BadDigest")
        t.equal(ok(c.get("/bkt/dir/a%20b")).body, b"hello")
        for name, value, code in (("Content-MD5", t.checksum("md5", b"other"), "BadDigest"), ("Content-MD5", "x", "InvalidDigest"),
                                  ("x-amz-checksum-algorithm", "CRC32", "InvalidRequest"),
                                  ("x-amz-checksum-crc32", "x", "InvalidRequest")):
            refused(post(c, form(signed(s, [("key", "m"), (name, value)]))), 400, code)
        ok(post(c, form(signed(s, [("key", "m"), ("content-md5", t.checksum("md5", b"data"))]))), 204)


def test_the_answer_is_what_the_form_asks_for():
    with t.Serve() as s:
        c = s.client()

        def answer(*fields):
            return post(c, form(signed(s, [("key", "a/k"), *fields])))
        for status, seen in (("200", 200), ("204", 204), ("404", 204)):
            t.equal(ok(answer(("success_action_status", status)), seen).body, b"")
        r = ok(answer(("success_action_status", "201")), 201)
        t.equal([r.xml(x) for x in ("Bucket", "Key", "Location")], ["bkt", "a/k", s.endpoint + "/bkt/a%2Fk"])
        t.true(b"xmlns" not in r.body, r.body)
        for name, url, mark in (("success_action_redirect", "http://x.test/done", "?"), ("redirect", "https://x.test/?a=1", "&")):
            r = ok(answer((name, url)), 303)
            t.equal(r.header("Location"), url + mark + "bucket=bkt&key=a%2Fk&etag=%22" + etag(b"data")[1:-1] + "%22")
        ok(answer(("success_action_redirect", "/relative")), 204)


def test_the_key_may_name_the_file():
    with t.Serve() as s:
        c = s.client()
        for filename, key in (("f.txt", "up/f.txt"), ("C:\\\\dir\\\\g.txt", "up/g.txt"), ("/tmp/h", "up/h"), ("", "up/"),
                              (None, "up/${filename}")):
            ok(post(c, form(signed(s, [("key", "up/${filename}")]), filename=filename)), 204)
            t.equal(ok(c.get("/bkt/" + t.quote(key).replace("%2F", "/"))).body, b"data", key)


def test_bytes_that_look_like_a_boundary_are_the_files():
    with t.Serve() as s:
        c = s.client()
        for data in (b"", b"\r\n", b"\r\n--", b"\r\n--a-boundar", b"\r\r\n--a-bound\r\n--\r", b"--a-boundary--\r\n", os.urandom(300000)):
            body = form(signed(s, [("key", "k")]), data) + b"an epilogue"
            ok(post(c, b"a preamble\r\n" + body), 204)
            t.equal(ok(c.get("/bkt/k")).body, data)
        quoted = form(signed(s, [("KEY", "q")])).replace(b"name=\"KEY\"", b"name=KEY")
        ok(post(c, quoted, kind='Multipart/Form-Data; charset=x; boundary="%s"' % BOUNDARY), 204)
        ok(post(c, form(signed(s, [("key", "k")]), behind=[("submit", "x"), ("key", "other")])), 204)
        refused(c.get("/bkt/other"), 404, "NoSuchKey")


def test_forms_that_are_none():
    with t.Serve() as s:
        c = s.client()
        good = form(signed(s, [("key", "k")]))
        r = post(c, good, kind="text/html")
        refused(r, 412, "PreconditionFailed")
        t.equal(r.xml("Condition"), "Bucket POST must be of the enclosure-type multipart/form-data")
        refused(post(c, good, kind="multipart/form-data"), 400, "MalformedPOSTRequest")
        for body in (b"", b"x", good[:-10], good.replace(b'; name="key"', b"")):
            refused(post(c, body), 400, "MalformedPOSTRequest")
        r = post(c, form([], None, behind=[("key", "k")]))
        refused(r, 400, "InvalidArgument")
        t.equal((r.xml("ArgumentName"), r.xml("Message")), ("file", "POST requires exactly one file upload per request."))
        refused(post(c, form(signed(s, [("key", "k")]), behind=[("file", "x")])), 400, "InvalidArgument")
        r = post(c, form([("key", "k"), ("x-ignore-a", "v" * 20480)]))
        refused(r, 400, "MaxPostPreDataLengthExceeded")
        long = [("key", "k"), ("x-ignore-a", "v" * 18000)]
        ok(post(c, form(signed(s, long, [["starts-with", "$key", ""]]))), 204)
        r = post(c, form(signed(s, [("acl", "private")])))
        refused(r, 400, "InvalidArgument")
        t.equal(r.xml("ArgumentName"), "key")
        refused(post(c, form(signed(s, [("key", "")]))), 400, "InvalidArgument")
        refused(post(c, form(signed(s, [("key", "${filename}")]), filename="")), 400, "InvalidArgument")
        refused(post(c, form(signed(s, [("key", "k" * 1025)]))), 400, "KeyTooLongError")
        for name, value in (("x-amz-meta-a", "x\r\nx-amz-meta-b: y"), ("x-amz-meta-a: b", "x"), ("x-amz-meta-a b", "x"), ("x-amz-meta-\xe9", "x")):
            refused(post(c, form(signed(s, [("key", "k"), (name, value)]))), 400, "InvalidArgument")
        refused(post(c, form(signed(s, [("key", "k"), ("tagging", "not-xml")]))), 400, "MalformedXML")
        refused(post(c, form(signed(s, [("key", "k"), ("x-amz-storage-class", "COLD")]))), 400, "InvalidStorageClass")


def test_signatures_of_forms():
    with t.Serve() as s:
        c = s.client()
        fields = [("key", "k")]
        ok(post(c, form(signed_by_version_2(s, fields))), 204)
        refused(post(c, form(signed_by_version_2(s, fields, secret="x"))), 403, "SignatureDoesNotMatch")
        refused(post(c, form(signed(s, fields, secret="x"))), 403, "SignatureDoesNotMatch")

        def changed(name, value):
            given = [(k, value if k == name else v) for k, v in signed(s, fields) if k != name or value is not None]
            return post(c, form(given))
        for name in ("x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-signature", "policy"):
            r = changed(name, None)
            refused(r, 400, "InvalidArgument")
            t.equal(r.xml("ArgumentName").lower(), name)
        scope = t.amz_date()[:8] + "/us-east-1/s3/aws4_request"
        refused(changed("x-amz-credential", "AKIDOTHER/" + scope), 403, "InvalidAccessKeyId")
        for name, value in (("x-amz-algorithm", "AWS4"), ("x-amz-credential", s.access), ("x-amz-date", "today"),
                            ("x-amz-date", "20200101T000000Z"), ("x-amz-credential", s.access + "/" + scope.replace("s3", "sts"))):
            refused(changed(name, value), 400, "InvalidArgument")
        refused(changed("policy", policy({})), 403, "SignatureDoesNotMatch")
        refused(post(c, form(signed(s, fields + [("x-amz-security-token", "t")]))), 400, "InvalidToken")
        ok(post(c, form(signed(s, [("key", "k")])), headers=[("x-amz-meta-of-the-request", "x")]), 204)
        t.equal(ok(c.get("/bkt/k")).header("x-amz-meta-of-the-request"), None)
    with t.Serve(env=t.environment(AWS_REGION="eu-central-1")) as s:
        c = s.client(region="eu-central-1")
        ok(post(c, form(signed(s, fields, region="eu-central-1"))), 204)
        r = post(c, form(signed(s, fields)))
        refused(r, 400, "InvalidArgument")
        t.equal((r.xml("Region"), r.xml("ArgumentName")), ("eu-central-1", "X-Amz-Credential"))
        refused(post(c, form(signed_by_version_2(s, fields))), 400, "InvalidRequest")


def test_without_a_signature_nothing_is_learnt_and_anonymous_ones_are_taken():
    with t.Serve(auto_bucket=False) as s:
        c = s.client()
        ok(c.put("/bkt"))
        for path in "/bkt", "/none", "/BAD":
            refused(post(c, form([("key", "k")]), path), 403, "AccessDenied")
            refused(post(c, form(signed(s, [("key", "k")], secret="x")), path), 403, "SignatureDoesNotMatch")
        refused(post(c, form(signed(s, [("key", "k")], bucket="none")), "/none"), 404, "NoSuchBucket")
        refused(post(c, form(signed(s, [("key", "k")], bucket="BAD")), "/BAD"), 400, "InvalidBucketName")
    with t.Serve("--anonymous") as s:
        ok(post(s.client(), form([("key", "k"), ("Content-Type", "a/c")])), 204)
        t.equal(ok(s.client().get("/bkt/k")).header("Content-Type"), "a/c")
        refused(post(s.client(), form(signed(s, [("key", "k")], secret="x"))), 403, "SignatureDoesNotMatch")


def test_policies():
    with t.Serve() as s:
        c = s.client()

        def says(code, conditions, fields=(("key", "user/k"),), message=None, status=403, **how):
            r = post(c, form(signed(s, fields, conditions, **how)))
            refused(r, status, code)
            if message:
                t.equal(r.xml("Message"), message)

        def holds(conditions, *fields, data=b"data"):
            ok(post(c, form(signed(s, [("key", "user/k"), *fields], conditions), data)), 204)
        key = ["starts-with", "$key", "user/"]
        failed = "Invalid according to Policy: Policy Condition failed: "
        holds([key])
        holds([["eq", "$KEY", "user/k"]])
        holds([{"Key": "user/k"}, ["StArTs-WiTh", "$Content-Type", "image/"]], ("content-type", "image/png, image/jpeg"))
        holds([key], ("x-ignore-this", "x"))
        holds([key, ["content-length-range", 4, "4"]])
        says("AccessDenied", [["starts-with", "$key", "home/"]], message=failed + '["starts-with", "$key", "home/"]')
        says("AccessDenied", [{"key": "user/K"}], message=failed + '["eq", "$key", "user/K"]')
        says("AccessDenied", [key, ["starts-with", "$acl", ""]], message=failed + '["starts-with", "$acl", ""]')
        says("AccessDenied", [["eq", "key", "user/k"]], message=failed + '["eq", "key", "user/k"]')
        says("AccessDenied", [key, ["starts-with", "$Content-Type", "image/"]], [("key", "user/k"), ("Content-Type", "image/a,text/b")])
        says("AccessDenied", [key], [("key", "user/k"), ("acl", "private")],
             message="Invalid according to Policy: Extra input fields: acl")
        says("AccessDenied", [key], message="Invalid according to Policy: Policy expired.", expires=-5)
        says("AccessDenied", [key], bucket="other", message=failed + '["eq", "$bucket", "other"]')
        says("EntityTooLarge", [key, ["content-length-range", 0, 3]], status=400)
        says("EntityTooSmall", [key, ["content-length-range", 5, 9]], status=400)
        says("AccessDenied", [key, ["content-length-range", "a", 9]])
        bad = ([{}], [{"a": "1", "b": "2"}], [{"key": 1}], [[]], [["contains", "$key", "u"]], [["eq", "$key"]], ["x"],
               [["content-length-range", 0]], [["content-length-range", -1, 0]], [["content-length-range", 0, 4.0]])
        for conditions in bad:
            says("InvalidPolicyDocument", conditions, status=400)
        expiration = at(60)
        for document in ({"EXPIRATION": expiration, "conditions": []}, {"conditions": []}, {"expiration": expiration},
                         {"expiration": "2099-01-01 00:00:00", "conditions": []}, [1],
                         {"expiration": "2099-01-01T00:00:00+02:00", "conditions": []},
                         {"expiration": expiration, "conditions": {}}):
            says("InvalidPolicyDocument", [], status=400, document=document)
        says("AccessDenied", [], document={"expiration": at(60)[:-1] + ".500Z", "conditions": [key]},
             message="Invalid according to Policy: Extra input fields: bucket")


def test_a_large_file_goes_through_and_not_through_memory():
    folder = os.path.join(t.tmp(), "store")
    with t.Serve("--dir", folder) as s:
        before = rss_kib(s.pid)
        path = t.make_file("large", 200 * t.MiB)
        words = [x for k, v in signed(s, [("key", "large")]) for x in ("-F", "%s=%s" % (k, v))]
        done = subprocess.run([t.need("curl"), "-sS", "-f", *words, "-F", "file=@" + path, s.endpoint + "/bkt"],
                              capture_output=True, timeout=100)
        t.equal(done.returncode, 0, done.stderr)
        t.true(rss_kib(s.pid) - before < 30000, rss_kib(s.pid) - before)
        digest = hashlib.md5(open(path, "rb").read()).hexdigest()
        t.equal(ok(s.client().head("/bkt/large")).header("ETag"), '"%s"' % digest)


BOTO3 = r"""
import os, sys, boto3, requests
from botocore.config import Config
for version in "s3v4", "s3":
    s3 = boto3.client("s3", endpoint_url=os.environ["AWS_ENDPOINT_URL"], config=Config(signature_version=version))
    made = s3.generate_presigned_post("bkt", "up/${filename}", Fields={"acl": "private"},
                                      Conditions=[{"acl": "private"}, ["content-length-range", 1, 100]])
    for data, status in ((b"some bytes", 204), (b"x" * 101, 400)):
        answer = requests.post(made["url"], data=made["fields"], files={"file": ("name.txt", data)})
        assert answer.status_code == status, (version, answer.status_code, answer.text)
    assert boto3.client("s3", endpoint_url=os.environ["AWS_ENDPOINT_URL"]).get_object(Bucket="bkt", Key="up/name.txt")["Body"].read() == b"some bytes"
print("fine")
"""


def test_what_boto3_presigns_requests_posts():
    python = t.need("python3")
    if subprocess.run([python, "-c", "import boto3, requests"], capture_output=True).returncode:
        t.skip("boto3 and requests are not installed")
    with t.Serve() as s:
        done = subprocess.run([python, "-c", BOTO3], env=s.environment(), capture_output=True, text=True, timeout=60)
        t.equal((done.returncode, done.stdout), (0, "fine\n"), done.stderr[-2000:])


def test_faults_meet_forms_too():
    with t.Serve("--fault", "op=post,status=503,times=1") as s:
        refused(post(s.client(), form(signed(s, [("key", "k")]))), 503, "SlowDown")
        refused(s.client().get("/bkt/k"), 404, "NoSuchKey")
        ok(post(s.client(), form(signed(s, [("key", "k")]))), 204)


if __name__ == "__main__":
    t.main()
