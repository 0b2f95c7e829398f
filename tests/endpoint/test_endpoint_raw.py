"""The embedded endpoint, probed with raw requests: each rule with its status and its error code.

The signer is tool/t.py's, which shares no code with ours."""
import base64
import hashlib
import hmac
import os
import socket
import struct
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tool"))
import t

MiB = t.MiB
PART = 5 * MiB


def refused(answer, status, code):
    t.equal((answer.status, answer.xml("Code") if answer.body else None), (status, code), answer.body)
    t.equal(answer.xml("RequestId"), answer.header("x-amz-request-id"))
    t.equal(answer.xml("HostId"), answer.header("x-amz-id-2"))


def ok(answer, status=200):
    t.equal(answer.status, status, answer.body)
    return answer


def etag(data):
    return '"%s"' % hashlib.md5(data).hexdigest()


def create(c, path="/bkt/k", headers=()):
    return ok(c.post(path, query=[("uploads", "")], headers=headers)).xml("UploadId")


def part(c, upload, number, body, path="/bkt/k", **how):
    return c.put(path, body, query=[("partNumber", str(number)), ("uploadId", upload)], **how)


# ---- objects

def test_put_get_head_delete():
    with t.Serve() as s:
        c = s.client()
        r = ok(c.put("/bkt/a/b%20c", b"hello", headers=[
            ("Content-Type", "text/plain"), ("Cache-Control", "no-cache"), ("x-amz-meta-Colour", "blue"),
            ("x-amz-storage-class", "STANDARD_IA"), ("x-amz-tagging", "a=1&b=2"),
            ("Content-Encoding", "gzip"), ("x-amz-server-side-encryption", "AES256")]))
        t.equal(r.header("ETag"), etag(b"hello"))
        t.equal(r.header("x-amz-server-side-encryption"), "AES256")
        for method in "GET", "HEAD":
            r = ok(c.request(method, "/bkt/a/b%20c"))
            t.equal(r.header("Content-Type"), "text/plain")
            t.equal(r.header("Cache-Control"), "no-cache")
            t.equal(r.header("Content-Encoding"), "gzip")
            t.equal(r.header("x-amz-meta-colour"), "blue")
            t.equal(r.header("x-amz-storage-class"), "STANDARD_IA")
            t.equal(r.header("x-amz-tagging-count"), "2")
            t.equal(r.header("Content-Length"), "5")
            t.equal(r.header("Accept-Ranges"), "bytes")
            t.match(r"^\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT$", r.header("Last-Modified"))
            t.equal(r.body, b"hello" if method == "GET" else b"")
        t.match("<Key>a</Key><Value>1</Value>", ok(c.get("/bkt/a/b%20c", query=[("tagging", "")])).body.decode())
        ok(c.delete("/bkt/a/b%20c"), 204)
        ok(c.delete("/bkt/a/b%20c"), 204)
        refused(c.get("/bkt/a/b%20c"), 404, "NoSuchKey")
        t.equal(c.head("/bkt/a/b%20c").status, 404)
        r = ok(c.put("/bkt/empty", b""))
        t.equal(r.header("ETag"), etag(b""))
        t.equal(ok(c.get("/bkt/empty")).body, b"")
        t.equal(ok(c.get("/bkt/empty")).header("Content-Type"), "binary/octet-stream")


def test_names_and_limits():
    with t.Serve(auto_bucket=False) as s:
        c = s.client()
        for name in "ab", "Upper", "a_b", "192.168.1.1", "a..b", "-abc", "x" * 64:
            refused(c.put("/%s" % name), 400, "InvalidBucketName")
        ok(c.put("/bkt"))
        ok(c.put("/bkt"))                   # as in us-east-1, and there only
        refused(c.put("/nosuch/k", b"x"), 404, "NoSuchBucket")
        refused(c.get("/nosuch"), 404, "NoSuchBucket")
        refused(c.delete("/nosuch"), 404, "NoSuchBucket")
        t.equal(c.head("/nosuch").status, 404)
        ok(c.put("/bkt/" + "k" * 1024, b"x"))
        refused(c.put("/bkt/" + "k" * 1025, b"x"), 400, "KeyTooLongError")
        refused(c.put("/bkt/m", b"x", headers=[("x-amz-meta-a", "v" * 2048)]), 400, "MetadataTooLarge")
        ok(c.put("/bkt/m", b"x", headers=[("x-amz-meta-a", "v" * 2047)]))
        refused(c.put("/bkt/m", b"x", headers=[("x-amz-storage-class", "COLD")]), 400, "InvalidStorageClass")
        refused(c.put("/bkt/big", payload=t.UNSIGNED, length=5 * t.GiB + 1), 400, "EntityTooLarge")
        refused(c.put("/bkt/n", b"x", headers=[("x-amz-expected-bucket-owner", "1")]), 403, "AccessDenied")
        refused(c.delete("/bkt"), 409, "BucketNotEmpty")
        for key in "k" * 1024, "m":
            ok(c.delete("/bkt/" + key), 204)
        ok(c.head("/bkt"))
        t.match("<LocationConstraint", ok(c.get("/bkt", query=[("location", "")])).body.decode())
        ok(c.delete("/bkt"), 204)
        refused(c.get("/bkt"), 404, "NoSuchBucket")


def test_buckets_that_are_taken_to_be_there_may_have_older_names():
    folder = t.tmp("kept")
    for restart in False, True:
        with t.Serve("--dir", folder) as s:
            c = s.client()
            for name in "b", "My_Bucket":
                if not restart:
                    ok(c.put("/%s/k" % name, b"x"))
                t.equal(ok(c.get("/%s/k" % name)).body, b"x")
                refused(c.put("/%s" % name), 400, "InvalidBucketName")     # no new one is made with such a name
            refused(c.put("/a..b/k", b"x"), 400, "InvalidBucketName")


def test_keys_that_need_care():
    with t.Serve() as s:
        c = s.client()
        for key in "a//b", "/lead", "dir/", "..", "a/../b", "%25", "%2B", "%C3%A9", "%26%3C%3E%22", "%F0%9F%90%9F":
            ok(c.put("/bkt/" + key, key.encode()))
        for key in "a//b", "/lead", "dir/", "..", "a/../b", "%25", "%2B", "%C3%A9", "%26%3C%3E%22", "%F0%9F%90%9F":
            t.equal(ok(c.get("/bkt/" + key)).body, key.encode(), key)
        text = ok(c.get("/bkt", query=[("list-type", "2")])).body.decode()
        t.equal(text.count("<Contents>"), 10)
        t.match("<Key>&amp;&lt;&gt;&quot;</Key>", text)
        t.match("<Key>%C3%A9</Key>", ok(c.get("/bkt", query=[("encoding-type", "url")])).body.decode())


def test_virtual_host_style():
    with t.Serve() as s:
        c = s.client()
        ok(c.put("/bucket-one/k", b"x"))
        port = s.endpoint.rsplit(":", 1)[1]
        v = s.client(host="bucket-one.localhost:" + port)
        t.equal(ok(v.get("/k")).body, b"x")
        t.match("<Key>k</Key>", ok(v.get("/")).body.decode())
        v = s.client(host="bucket-one.s3.eu-west-1.amazonaws.com")
        t.equal(ok(v.get("/k")).body, b"x")
        ok(s.client(host="s3.us-east-1.amazonaws.com").get("/bucket-one/k"))


def test_ranges():
    with t.Serve() as s:
        c = s.client()
        data = bytes(range(256)) * 4
        ok(c.put("/bkt/k", data))
        for text, first, last in (("0-0", 0, 0), ("10-19", 10, 19), ("1000-", 1000, 1023), ("-5", 1019, 1023),
                                  ("0-99999", 0, 1023), ("-99999", 0, 1023), ("7-" + "9" * 30, 7, 1023)):
            for method in "GET", "HEAD":
                r = ok(c.request(method, "/bkt/k", headers=[("Range", "bytes=" + text)]), 206)
                t.equal(r.header("Content-Range"), "bytes %d-%d/1024" % (first, last))
                t.equal(r.header("Content-Length"), str(last - first + 1))
                t.equal(r.body, data[first:last + 1] if method == "GET" else b"")
        for text in "1024-", "5000-6000", "-0", "9" * 30 + "-":
            r = c.get("/bkt/k", headers=[("Range", "bytes=" + text)])
            refused(r, 416, "InvalidRange")
            t.equal(r.header("Content-Range"), "bytes */1024")
        for text in "bytes=5-2", "bytes=a-b", "lines=1-2", "bytes=0-1,5-6":
            t.equal(ok(c.get("/bkt/k", headers=[("Range", text)])).body, data)
        ok(c.put("/bkt/empty", b""))
        refused(c.get("/bkt/empty", headers=[("Range", "bytes=0-")]), 416, "InvalidRange")


def test_conditions_of_reads():
    with t.Serve() as s:
        c = s.client()
        tag = ok(c.put("/bkt/k", b"x")).header("ETag")
        old, new = "Mon, 01 Jan 2001 00:00:00 GMT", "Fri, 01 Jan 2100 00:00:00 GMT"
        for headers, status in (
                ([("If-Match", tag)], 200), ([("If-Match", "*")], 200), ([("If-Match", '"0"')], 412),
                ([("If-None-Match", tag)], 304), ([("If-None-Match", '"0"')], 200),
                ([("If-Modified-Since", old)], 200), ([("If-Modified-Since", new)], 304),
                ([("If-Unmodified-Since", old)], 412), ([("If-Unmodified-Since", new)], 200),
                ([("If-Match", tag), ("If-Unmodified-Since", old)], 200),
                ([("If-None-Match", '"0"'), ("If-Modified-Since", new)], 200)):
            for method in "GET", "HEAD":
                r = c.request(method, "/bkt/k", headers=headers)
                t.equal(r.status, status, (method, headers))
                if status == 304:
                    t.equal((r.header("ETag"), r.body), (tag, b""))
        refused(c.get("/bkt/k", headers=[("If-Match", '"0"')]), 412, "PreconditionFailed")


def test_conditions_of_writes():
    with t.Serve() as s:
        c = s.client()
        only = [("If-None-Match", "*")]
        tag = ok(c.put("/bkt/k", b"one", headers=only)).header("ETag")
        refused(c.put("/bkt/k", b"two", headers=only), 412, "PreconditionFailed")
        refused(c.put("/bkt/k", b"two", headers=[("If-Match", '"0"')]), 412, "PreconditionFailed")
        refused(c.put("/bkt/none", b"two", headers=[("If-Match", '"0"')]), 404, "NoSuchKey")
        refused(c.put("/bkt/k", b"two", headers=[("If-None-Match", '"0"')]), 501, "NotImplemented")
        t.equal(ok(c.get("/bkt/k")).body, b"one")
        ok(c.put("/bkt/k", b"two", headers=[("If-Match", tag)]))
        upload = create(c)
        tag = ok(part(c, upload, 1, b"p")).header("ETag")
        refused(c.complete("/bkt/k", upload, [(1, tag)], headers=only), 412, "PreconditionFailed")
        ok(c.delete("/bkt/k"), 204)
        ok(c.complete("/bkt/k", upload, [(1, tag)], headers=only))


def test_concurrent_conditional_writers_conflict():
    with t.Serve() as s:
        c = s.client()
        only = [("If-None-Match", "*")]
        head, body = c.build("PUT", "/bkt/slow", body=b"first",
                             headers=[*only, ("Expect", "100-continue")]).split(b"\r\n\r\n", 1)
        with c.connect() as connection:
            connection.send(head + b"\r\n\r\n")
            t.equal(connection.head()[0], 100)          # it may go on: the key was free
            ok(c.put("/bkt/slow", b"second", headers=only))
            connection.send(body)
            refused(connection.receive(), 409, "ConditionalRequestConflict")
        t.equal(ok(c.get("/bkt/slow")).body, b"second")


# ---- multipart

def test_multipart():
    with t.Serve() as s:
        c = s.client()
        bodies = [os.urandom(PART), os.urandom(PART + 1), b"tail"]
        upload = create(c, headers=[("Content-Type", "x/y"), ("x-amz-meta-a", "b")])
        tags = [ok(part(c, upload, n, b)).header("ETag") for n, b in zip((1, 3, 10000), bodies)]
        t.equal(tags, [etag(b) for b in bodies])
        r = ok(c.get("/bkt/k", query=[("uploadId", upload), ("max-parts", "2")]))
        t.equal((r.xml("IsTruncated"), r.xml("NextPartNumberMarker")), ("true", "3"))
        r = ok(c.get("/bkt/k", query=[("uploadId", upload), ("part-number-marker", "3")]))
        t.equal((r.xml("IsTruncated"), r.xml("PartNumber"), r.xml("Size")), ("false", "10000", "4"))
        t.match(upload, ok(c.get("/bkt", query=[("uploads", "")])).body.decode())
        refused(c.get("/bkt/k"), 404, "NoSuchKey")
        parts = list(zip((1, 3, 10000), tags))
        r = ok(c.complete("/bkt/k", upload, parts))
        whole = '"%s-3"' % hashlib.md5(b"".join(hashlib.md5(b).digest() for b in bodies)).hexdigest()
        t.equal((r.xml("ETag"), r.xml("Bucket"), r.xml("Key")), (whole, "bkt", "k"))
        r = ok(c.get("/bkt/k"))
        t.equal((r.body == b"".join(bodies), r.header("ETag"), r.header("Content-Type"), r.header("x-amz-meta-a")),
                (True, whole, "x/y", "b"))
        r = ok(c.get("/bkt/k", query=[("partNumber", "3")]), 206)
        t.equal((r.body == bodies[1], r.header("x-amz-mp-parts-count")), (True, "3"))
        t.equal(r.header("Content-Range"), "bytes %d-%d/%d" % (PART, 2 * PART, 2 * PART + 5))
        r = ok(c.head("/bkt/k", query=[("partNumber", "1")]), 206)
        t.equal(r.header("Content-Length"), str(PART))
        refused(c.get("/bkt/k", query=[("partNumber", "2")]), 416, "InvalidPartNumber")
        refused(c.get("/bkt/k", query=[("partNumber", "1")], headers=[("Range", "bytes=0-1")]), 400, "InvalidRequest")
        r = ok(c.get("/bkt/k", headers=[("Range", "bytes=%d-%d" % (PART - 2, 2 * PART + 2))]), 206)
        t.true(r.body == b"".join(bodies)[PART - 2:2 * PART + 3])
        # the same again gets the same answer, other parts do not
        t.equal(ok(c.complete("/bkt/k", upload, parts)).xml("ETag"), whole)
        refused(c.complete("/bkt/k", upload, parts[:1]), 404, "NoSuchUpload")
        refused(part(c, upload, 1, b"x"), 404, "NoSuchUpload")
        refused(c.delete("/bkt/k", query=[("uploadId", upload)]), 404, "NoSuchUpload")


def test_multipart_refusals():
    with t.Serve() as s:
        c = s.client()
        upload = create(c)
        for number in "0", "10001", "-1", "x", "1.5", "":
            refused(c.put("/bkt/k", b"x", query=[("partNumber", number), ("uploadId", upload)]), 400, "InvalidArgument")
        refused(part(c, "nosuch", 1, b"x"), 404, "NoSuchUpload")
        refused(part(c, upload, 1, b"x", path="/bkt/other"), 404, "NoSuchUpload")
        one, two = (ok(part(c, upload, n, b"%d" % n)).header("ETag") for n in (1, 2))
        refused(c.complete("/bkt/k", upload, [(2, two), (1, one)]), 400, "InvalidPartOrder")
        refused(c.complete("/bkt/k", upload, [(1, one), (1, one)]), 400, "InvalidPartOrder")
        refused(c.complete("/bkt/k", upload, [(1, two)]), 400, "InvalidPart")
        refused(c.complete("/bkt/k", upload, [(1, one), (3, two)]), 400, "InvalidPart")
        r = c.complete("/bkt/k", upload, [(1, one), (2, two)])
        refused(r, 400, "EntityTooSmall")
        t.equal((r.xml("PartNumber"), r.xml("ProposedSize"), r.xml("MinSizeAllowed")), ("1", "1", "5242880"))
        for body in b"", b"<x", b"<CompleteMultipartUpload/>", b"<Other><Part/></Other>", b"<!DOCTYPE a><a/>":
            refused(c.post("/bkt/k", body, query=[("uploadId", upload)], length=len(body)), 400, "MalformedXML")
        refused(c.post("/bkt/k", b"<x/>", query=[("uploadId", "no")]), 404, "NoSuchUpload")
        refused(c.complete("/bkt/k", upload, [(1, one)], headers=[("x-amz-mp-object-size", "9")]), 400, "InvalidRequest")
        ok(c.delete("/bkt/k", query=[("uploadId", upload)]), 204)
        refused(c.delete("/bkt/k", query=[("uploadId", upload)]), 404, "NoSuchUpload")
        refused(c.get("/bkt/k", query=[("uploadId", upload)]), 404, "NoSuchUpload")
        refused(c.complete("/bkt/k", upload, [(1, one)]), 404, "NoSuchUpload")
        t.equal(ok(c.get("/bkt", query=[("uploads", "")])).body.count(b"<Upload>"), 0)


def test_a_part_is_replaced():
    with t.Serve() as s:
        c = s.client()
        upload = create(c)
        old = ok(part(c, upload, 1, b"old")).header("ETag")
        new = ok(part(c, upload, 1, b"new")).header("ETag")
        refused(c.complete("/bkt/k", upload, [(1, old)]), 400, "InvalidPart")
        ok(c.complete("/bkt/k", upload, [(1, new.strip('"'))]))
        t.equal(ok(c.get("/bkt/k")).body, b"new")


def test_list_of_uploads_is_paged():
    with t.Serve() as s:
        c = s.client()
        ids = {(key, create(c, "/bkt/" + key)) for key in ("a", "b", "b", "d/1", "d/2")}
        seen, marker = set(), []
        for _ in range(9):
            r = ok(c.get("/bkt", query=[("uploads", ""), ("max-uploads", "2"), *marker]))
            text = r.body.decode()
            seen |= {(k, u) for k, u in ids if "<UploadId>%s</UploadId>" % u in text}
            if r.xml("IsTruncated") == "false":
                break
            marker = [("key-marker", r.xml("NextKeyMarker")), ("upload-id-marker", r.xml("NextUploadIdMarker"))]
        t.equal(seen, ids)
        text = ok(c.get("/bkt", query=[("uploads", ""), ("delimiter", "/")])).body.decode()
        t.equal((text.count("<Upload>"), text.count("<CommonPrefixes>")), (3, 1))
        text = ok(c.get("/bkt", query=[("uploads", ""), ("prefix", "d/")])).body.decode()
        t.equal(text.count("<Upload>"), 2)


def test_copies():
    with t.Serve() as s:
        c = s.client()
        data = os.urandom(PART + 100)
        ok(c.put("/bkt/from", data, headers=[("Content-Type", "a/b"), ("x-amz-meta-x", "y")]))
        source = ("x-amz-copy-source", "/bkt/from")
        r = ok(c.put("/bkt/to", headers=[source]))
        t.equal(r.xml("ETag"), etag(data))
        r = ok(c.get("/bkt/to"))
        t.equal((r.body == data, r.header("Content-Type"), r.header("x-amz-meta-x")), (True, "a/b", "y"))
        ok(c.put("/bkt/to", headers=[source, ("x-amz-metadata-directive", "REPLACE"), ("Content-Type", "c/d")]))
        r = ok(c.head("/bkt/to"))
        t.equal((r.header("Content-Type"), r.header("x-amz-meta-x")), ("c/d", None))
        refused(c.put("/bkt/from", headers=[source]), 400, "InvalidRequest")
        refused(c.put("/bkt/to", headers=[("x-amz-copy-source", "bkt/none")]), 404, "NoSuchKey")
        refused(c.put("/bkt/to", headers=[("x-amz-copy-source", "none/from")]), 404, "NoSuchBucket")
        refused(c.put("/bkt/to", headers=[("x-amz-copy-source", "bkt")]), 400, "InvalidArgument")
        refused(c.put("/bkt/to", headers=[source, ("x-amz-copy-source-if-match", '"0"')]), 412, "PreconditionFailed")
        upload = create(c, "/bkt/mp")
        where = [("partNumber", "1"), ("uploadId", upload)]
        for text in "bytes=0-%d" % len(data), "bytes=5-2", "0-1", "bytes=1-":
            refused(c.put("/bkt/mp", query=where, headers=[source, ("x-amz-copy-source-range", text)]),
                    400, "InvalidArgument")
        r = ok(c.put("/bkt/mp", query=where, headers=[source, ("x-amz-copy-source-range", "bytes=100-%d" % (PART + 99))]))
        t.equal(r.xml("ETag"), etag(data[100:]))
        last = ok(c.put("/bkt/mp", query=[("partNumber", "2"), ("uploadId", upload)], headers=[source])).xml("ETag")
        ok(c.complete("/bkt/mp", upload, [(1, r.xml("ETag")), (2, last)]))
        t.true(ok(c.get("/bkt/mp")).body == data[100:] + data)


# ---- integrity

ALGORITHMS = ("crc32", "crc32c", "crc64nvme", "sha1", "sha256")


def test_checksums_of_a_put():
    with t.Serve() as s:
        c = s.client()
        data = os.urandom(100000)
        for name in ALGORITHMS:
            header = "x-amz-checksum-" + name
            r = ok(c.put("/bkt/k", data, headers=[(header, t.checksum(name, data))]))
            t.equal((r.header(header), r.header("x-amz-checksum-type")), (t.checksum(name, data), "FULL_OBJECT"))
            r = ok(c.head("/bkt/k", headers=[("x-amz-checksum-mode", "ENABLED")]))
            t.equal(r.header(header), t.checksum(name, data))
            t.equal(ok(c.head("/bkt/k")).header(header), None)
            r = c.get("/bkt/k", headers=[("x-amz-checksum-mode", "ENABLED"), ("Range", "bytes=0-9")])
            t.equal((r.status, r.header(header)), (206, None))
            refused(c.put("/bkt/bad", data, headers=[(header, t.checksum(name, b"other"))]), 400, "BadDigest")
            refused(c.put("/bkt/bad", data, headers=[(header, "nonsense")]), 400, "InvalidRequest")
        refused(c.get("/bkt/bad"), 404, "NoSuchKey")
        refused(c.put("/bkt/bad", data, headers=[("x-amz-checksum-crc32", t.checksum("crc32", data)),
                                                 ("x-amz-checksum-sha1", t.checksum("sha1", data))]), 400, "InvalidRequest")
        refused(c.put("/bkt/bad", data, headers=[("x-amz-sdk-checksum-algorithm", "CRC32")]), 400, "InvalidRequest")
        refused(c.put("/bkt/bad", data, headers=[("x-amz-checksum-crc9", "AAAA")]), 400, "InvalidRequest")
        ok(c.put("/bkt/k", data, headers=[("Content-MD5", t.checksum("md5", data))]))
        refused(c.put("/bkt/bad", data, headers=[("Content-MD5", t.checksum("md5", b"x"))]), 400, "BadDigest")
        refused(c.put("/bkt/bad", data, headers=[("Content-MD5", "x")]), 400, "InvalidDigest")
        refused(c.put("/bkt/bad", data, payload="0" * 64), 400, "XAmzContentSHA256Mismatch")
        refused(c.put("/bkt/bad", data, payload="nonsense"), 400, "InvalidArgument")
        ok(c.put("/bkt/k", data, payload=t.UNSIGNED))
        refused(c.get("/bkt/bad"), 404, "NoSuchKey")


def test_checksums_of_a_multipart_upload():
    with t.Serve() as s:
        c = s.client()
        bodies = [os.urandom(PART), b"tail"]
        for name in ALGORITHMS:
            header, element = "x-amz-checksum-" + name, "Checksum" + name.upper()
            for kind in ("COMPOSITE", "FULL_OBJECT"):
                create_headers = [("x-amz-checksum-algorithm", name.upper()), ("x-amz-checksum-type", kind)]
                if (name.startswith("sha") and kind == "FULL_OBJECT") or (name == "crc64nvme" and kind == "COMPOSITE"):
                    refused(c.post("/bkt/k", query=[("uploads", "")], headers=create_headers), 400, "InvalidRequest")
                    continue
                upload = create(c, headers=create_headers)
                rows, sums = "", []
                for n, body in enumerate(bodies, 1):
                    value = t.checksum(name, body)
                    r = ok(part(c, upload, n, body, headers=[(header, value)]))
                    t.equal(r.header(header), value)
                    sums.append(base64.b64decode(value))
                    rows += "<Part><PartNumber>%d</PartNumber><ETag>%s</ETag><%s>%s</%s></Part>" % (
                        n, r.header("ETag"), element, value, element)
                t.match(element, ok(c.get("/bkt/k", query=[("uploadId", upload)])).body.decode())
                whole = (t.checksum(name, b"".join(sums)) + "-2" if kind == "COMPOSITE"
                         else t.checksum(name, b"".join(bodies)))
                document = "<CompleteMultipartUpload>%s</CompleteMultipartUpload>" % rows
                where = dict(query=[("uploadId", upload)])
                wrong = t.checksum(name, b"wrong") + ("-2" if kind == "COMPOSITE" else "")
                refused(c.post("/bkt/k", document.encode(), headers=[(header, wrong)], **where), 400, "BadDigest")
                r = ok(c.post("/bkt/k", document.encode(), headers=[(header, whole)], **where))
                t.equal((r.xml(element), r.xml("ChecksumType")), (whole, kind))
                r = ok(c.head("/bkt/k", headers=[("x-amz-checksum-mode", "ENABLED")]))
                t.equal((r.header(header), r.header("x-amz-checksum-type")), (whole, kind))
        upload = create(c)                                  # without an algorithm there is nothing to compare with
        r = ok(part(c, upload, 1, b"x"))
        refused(c.complete("/bkt/k", upload, [(1, r.header("ETag"))],
                           headers=[("x-amz-checksum-crc32", t.checksum("crc32", b"x"))]), 400, "InvalidRequest")
        upload = create(c, headers=[("x-amz-checksum-algorithm", "SHA256")])
        refused(part(c, upload, 1, b"x", headers=[("x-amz-checksum-crc32", t.checksum("crc32", b"x"))]),
                400, "InvalidRequest")
        r = ok(part(c, upload, 1, b"x", headers=[("x-amz-checksum-sha256", t.checksum("sha256", b"x"))]))
        refused(c.complete("/bkt/k", upload, [(1, r.header("ETag"))]), 400, "InvalidRequest")


def test_aws_chunked():
    with t.Serve() as s:
        c = s.client()
        data = os.urandom(300000)
        crc = ("x-amz-checksum-crc32", t.checksum("crc32", data))
        for signed, trailer in ((True, None), (True, crc), (False, crc)):
            ok(c.put("/bkt/k", b"old"))
            r = ok(c.chunked("/bkt/k", data, signed=signed, trailer=trailer))
            t.equal(r.header("ETag"), etag(data))
            r = ok(c.get("/bkt/k"))
            t.equal((r.body == data, r.header("Content-Encoding")), (True, None))
        for name in ALGORITHMS:
            trailer = ("x-amz-checksum-" + name, t.checksum(name, data))
            t.equal(ok(c.chunked("/bkt/k", data, signed=False, trailer=trailer)).header(trailer[0]), trailer[1])
        ok(c.chunked("/bkt/k", b""))
        refused(c.chunked("/bkt/bad", data, tamper=1), 403, "SignatureDoesNotMatch")
        refused(c.chunked("/bkt/bad", data, signed=False, trailer=(crc[0], t.checksum("crc32", b"x"))), 400, "BadDigest")
        refused(c.chunked("/bkt/bad", data, trailer=(crc[0], t.checksum("crc32", b"x"))), 400, "BadDigest")
        refused(c.chunked("/bkt/bad", data, chunk=4096), 403, "InvalidChunkSizeError")
        refused(c.put("/bkt/bad", b"0\r\n\r\n", payload=t.STREAMING), 411, "MissingContentLength")
        long = [("x-amz-decoded-content-length", "9")]
        refused(c.put("/bkt/bad", b"not chunked", payload=t.UNSIGNED_TRAILER, headers=long), 400, "IncompleteBody")
        refused(c.put("/bkt/bad", b"5\r\nhello\r\n0\r\n\r\n", payload=t.UNSIGNED_TRAILER, headers=long),
                400, "IncompleteBody")
        refused(c.put("/bkt/bad", b"9\r\nhello", payload=t.UNSIGNED_TRAILER, headers=long), 400, "IncompleteBody")
        refused(c.get("/bkt/bad"), 404, "NoSuchKey")


def test_a_trailer_that_was_announced_has_to_come():
    with t.Serve() as s:
        c = s.client()
        refused(c.put("/bkt/bad", b"5\r\nhello\r\n0\r\n\r\n", payload=t.UNSIGNED_TRAILER,
                      headers=[("x-amz-decoded-content-length", "5"), ("x-amz-trailer", "x-amz-checksum-crc32")]),
                400, "MalformedTrailerError")


def test_a_trailer_that_nobody_announced_is_refused():
    with t.Serve() as s:
        c = s.client()
        wrong = t.checksum("crc32", b"other").encode()
        refused(c.put("/bkt/bad", b"5\r\nhello\r\n0\r\nx-amz-checksum-crc32:" + wrong + b"\r\n\r\n",
                      payload=t.UNSIGNED_TRAILER, headers=[("x-amz-decoded-content-length", "5")]),
                400, "MalformedTrailerError")
        refused(c.get("/bkt/bad"), 404, "NoSuchKey")


def test_a_body_that_ends_early_stores_nothing():
    with t.Serve() as s:
        c = s.client()
        request = c.build("PUT", "/bkt/k", body=b"x" * 1000)
        with c.connect() as connection:
            connection.send(request[:-500])
            connection.socket.shutdown(socket.SHUT_WR)
            refused(connection.receive(), 400, "IncompleteBody")
        with c.connect() as connection:
            connection.send(request[:-500])
        refused(c.get("/bkt/k"), 404, "NoSuchKey")
        # and what comes behind a whole body is not part of it
        with c.connect() as connection:
            connection.send(request + c.build("GET", "/bkt/k"))
            ok(connection.receive())
            t.equal(len(ok(connection.receive()).body), 1000)


def test_length_is_required():
    with t.Serve() as s:
        c = s.client()
        refused(c.put("/bkt/k", length=False), 411, "MissingContentLength")
        with c.connect() as connection:
            head = c.build("PUT", "/bkt/k", length=False, payload=t.UNSIGNED).replace(
                b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\n")
            connection.send(head + b"5\r\nhello\r\n0\r\n\r\n")
            refused(connection.receive(), 501, "NotImplemented")
        # where the body ends cannot be told: an answer at once, and the end of the connection
        for line, status, code in (("Transfer-Encoding: gzip", 501, "NotImplemented"),
                                   ("Content-Length: 6", 400, "InvalidRequest")):
            with c.connect() as connection:
                head = c.build("PUT", "/bkt/k", body=b"hello").replace(
                    b"\r\n\r\n", b"\r\n%s\r\n\r\n" % line.encode())
                connection.send(head)
                refused(connection.receive(), status, code)
        r = c.get("/bkt", headers=[("x-large", "a" * 8200)], query=[("list-type", "2")])
        refused(r, 400, "RequestHeaderSectionTooLarge")
        t.equal(r.xml("MaxSizeAllowed"), "8192")
        ok(c.get("/bkt", headers=[("x-large", "a" * 7000)], query=[("list-type", "2")]))
        ok(c.get("/bkt", headers=[("x" * 300, "a name that is nobody's")], query=[("list-type", "2")]))


# ---- authorization

def test_signatures():
    with t.Serve() as s:
        c = s.client()
        ok(c.put("/bkt/k", b"x"))
        wrong = t.Client(s.endpoint, s.access, "wrong")
        refused(wrong.get("/bkt/k"), 403, "SignatureDoesNotMatch")
        refused(t.Client(s.endpoint, "AKIDNOBODY", s.secret).get("/bkt/k"), 403, "InvalidAccessKeyId")
        r = t.Client(s.endpoint, s.access, s.secret, region="eu-west-1").get("/bkt/k")
        refused(r, 400, "AuthorizationHeaderMalformed")
        t.equal(r.xml("Region"), "us-east-1")
        for skew in -16 * 60, 16 * 60:
            refused(c.get("/bkt/k", date=t.amz_date(skew)), 403, "RequestTimeTooSkewed")
        for skew in -14 * 60, 14 * 60:
            ok(c.get("/bkt/k", date=t.amz_date(skew)))
        refused(t.Client(s.endpoint, s.access, s.secret, token="x").get("/bkt/k"), 400, "InvalidToken")
        for value, status, code in (("AWS4-HMAC-SHA256 nonsense", 400, "AuthorizationHeaderMalformed"),
                                    ("AWS %s:c2ln" % s.access, 400, "InvalidRequest"),
                                    ("Basic eDp5", 400, "InvalidArgument")):
            refused(c.get("/bkt/k", sign=False, headers=[("Authorization", value)]), status, code)
        target = b"/bkt/k"
        request = c.build("GET", "/bkt/k")
        refused(c.send(request.replace(target, b"/bkt/j")), 403, "SignatureDoesNotMatch")
        refused(c.send(request.replace(b"GET ", b"PUT ").replace(b"\r\n\r\n", b"\r\nContent-Length: 0\r\n\r\n")),
                403, "SignatureDoesNotMatch")
        refused(c.send(request.replace(b"\r\n\r\n", b"\r\nx-amz-acl: public-read\r\n\r\n")), 403, "AccessDenied")
        lines = request.split(b"\r\n")
        without = [line for line in lines if not line.lower().startswith(b"x-amz-date")]
        refused(c.send(b"\r\n".join(without)), 403, "AccessDenied")
        without = [line for line in lines if not line.lower().startswith(b"x-amz-content-sha256")]
        refused(c.send(b"\r\n".join(without)), 400, "InvalidRequest")


def test_unsigned_requests_learn_nothing():
    with t.Serve(auto_bucket=False) as s:
        c = s.client()
        ok(c.put("/bkt"))
        ok(c.put("/bkt/k", b"x"))
        for path in "/", "/bkt", "/none", "/bkt/k", "/bkt/none", "/none/k", "/BAD", "/bkt/" + "k" * 2000:
            for method in "GET", "PUT", "DELETE", "POST":
                refused(c.request(method, path, sign=False), 403, "AccessDenied")
            r = c.request("HEAD", path, sign=False)
            t.equal((r.status, r.body), (403, b""))


def test_anonymous():
    with t.Serve("--anonymous") as s:
        c = s.client()
        ok(c.put("/bkt/k", b"x", sign=False))
        t.equal(ok(c.get("/bkt/k", sign=False)).body, b"x")
        refused(t.Client(s.endpoint, s.access, "wrong").get("/bkt/k"), 403, "SignatureDoesNotMatch")


def test_presigned():
    with t.Serve() as s:
        c = s.client()
        ok(c.put("/bkt/a%20b", b"data"))
        t.equal(ok(c.plain("GET", c.presign("GET", "/bkt/a%20b"))).body, b"data")
        ok(c.plain("PUT", c.presign("PUT", "/bkt/new"), body=b"put"))
        t.equal(ok(c.get("/bkt/new")).body, b"put")
        r = ok(c.plain("GET", c.presign("GET", "/bkt/new", query=[("response-content-type", "a/b")])))
        t.equal(r.header("Content-Type"), "a/b")
        refused(c.plain("GET", c.presign("GET", "/bkt/new", expires=60, date=t.amz_date(-120))), 403, "AccessDenied")
        refused(c.plain("GET", c.presign("GET", "/bkt/new", expires=604801)), 400, "AuthorizationQueryParametersError")
        refused(c.plain("DELETE", c.presign("GET", "/bkt/new")), 403, "SignatureDoesNotMatch")
        target = c.presign("GET", "/bkt/new")
        refused(c.plain("GET", target.replace("/bkt/new", "/bkt/old")), 403, "SignatureDoesNotMatch")
        refused(c.plain("GET", target[:-1] + ("0" if target[-1] != "0" else "1")), 403, "SignatureDoesNotMatch")
        refused(c.plain("GET", target + "&versionId=1"), 403, "SignatureDoesNotMatch")


def presign_v2(s, method, path, expires=60, headers=(), secret=None, extra=()):
    """A URL of signature version 2, as boto3 and `aws s3 presign` make them unless told otherwise."""
    at = str(int(time.time()) + expires)
    given = {k.lower(): v for k, v in [*headers, *extra]}
    amz = "".join("%s:%s\n" % (k, given[k]) for k in sorted(given) if k.startswith("x-amz-"))
    subresources = sorted((k, v) for k, v in extra if not k.startswith("x-amz-"))
    resource = path + ("?" + "&".join("%s=%s" % p if p[1] else p[0] for p in subresources) if subresources else "")
    text = "\n".join([method, given.get("content-md5", ""), given.get("content-type", ""), at, amz + resource])
    mac = hmac.new((secret or s.secret).encode(), text.encode(), "sha1").digest()
    query = [*extra, ("AWSAccessKeyId", s.access), ("Expires", at), ("Signature", base64.b64encode(mac).decode())]
    return path + "?" + "&".join("%s=%s" % (k, t.quote(v)) for k, v in query)


def test_presigned_by_version_2():
    with t.Serve() as s:
        c = s.client()
        ok(c.put("/bkt/a%20b", b"data"))
        t.equal(ok(c.plain("GET", presign_v2(s, "GET", "/bkt/a%20b"))).body, b"data")
        typed = [("Content-Type", "text/x"), ("x-amz-meta-b", "2"), ("x-amz-meta-a", "1")]
        ok(c.plain("PUT", presign_v2(s, "PUT", "/bkt/new", headers=typed), headers=typed, body=b"put"))
        r = ok(c.get("/bkt/new"))
        t.equal((r.body, r.header("Content-Type"), r.header("x-amz-meta-a")), (b"put", "text/x", "1"))
        both = presign_v2(s, "PUT", "/bkt/new", headers=typed) + "&content-type=text%2Fx&x-amz-meta-a=1"   # boto3 has them twice
        ok(c.plain("PUT", both, headers=typed, body=b"put"))
        r = ok(c.plain("GET", presign_v2(s, "GET", "/bkt/new", extra=[("response-content-type", "a/b")])))
        t.equal(r.header("Content-Type"), "a/b")
        ok(c.plain("GET", presign_v2(s, "GET", "/bkt", extra=[("uploads", "")])))
        refused(c.plain("GET", presign_v2(s, "GET", "/bkt/new", expires=-5)), 403, "AccessDenied")
        refused(c.plain("GET", presign_v2(s, "GET", "/bkt/new", secret="x")), 403, "SignatureDoesNotMatch")
        refused(c.plain("DELETE", presign_v2(s, "GET", "/bkt/new")), 403, "SignatureDoesNotMatch")
        refused(c.plain("GET", presign_v2(s, "GET", "/bkt/new") + "&versionId=1"), 403, "SignatureDoesNotMatch")
        refused(c.plain("GET", presign_v2(s, "GET", "/bkt/new"), headers=typed[1:]), 403, "SignatureDoesNotMatch")
        refused(c.plain("GET", presign_v2(s, "GET", "/bkt/new", extra=[("x-amz-security-token", "x")])), 400, "InvalidToken")
        target = presign_v2(s, "GET", "/bkt/new")
        refused(c.plain("GET", target.replace("AWSAccessKeyId=", "AWSAccessKeyId=x")), 403, "InvalidAccessKeyId")
        refused(c.plain("GET", target.replace("Expires=", "Expires=x")), 403, "AccessDenied")
        refused(c.plain("GET", target.replace("Expires=", "Other=")), 403, "AccessDenied")
        refused(c.plain("GET", target, headers=[("Authorization", "AWS4-HMAC-SHA256 x")]), 400, "InvalidArgument")
        streaming = [("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD")]
        refused(c.plain("PUT", presign_v2(s, "PUT", "/bkt/new", headers=streaming), headers=streaming, body=b"0"),
                400, "InvalidRequest")


def test_another_region_is_stricter():
    with t.Serve(auto_bucket=False, env=t.environment(AWS_REGION="eu-central-1")) as s:
        c = s.client(region="eu-central-1")
        ok(c.put("/bkt"))
        refused(c.put("/bkt"), 409, "BucketAlreadyOwnedByYou")
        refused(c.plain("GET", presign_v2(s, "GET", "/bkt/k")), 400, "InvalidRequest")


def test_sse_c():
    with t.Serve() as s:
        c = s.client()
        prefix = "x-amz-server-side-encryption-customer-"

        def key(byte):
            raw = bytes([byte]) * 32
            return [(prefix + "algorithm", "AES256"), (prefix + "key", base64.b64encode(raw).decode()),
                    (prefix + "key-MD5", base64.b64encode(hashlib.md5(raw).digest()).decode())]

        r = ok(c.put("/bkt/k", b"data", headers=key(1)))
        t.equal((r.header(prefix + "algorithm"), r.header(prefix + "key-MD5")), ("AES256", key(1)[2][1]))
        t.true(r.header("ETag") != etag(b"data"))
        t.equal(ok(c.get("/bkt/k", headers=key(1))).body, b"data")
        refused(c.get("/bkt/k"), 400, "InvalidRequest")
        t.equal(c.head("/bkt/k").status, 400)
        refused(c.get("/bkt/k", headers=key(2)), 403, "AccessDenied")
        ok(c.put("/bkt/plain", b"data"))
        refused(c.get("/bkt/plain", headers=key(1)), 400, "InvalidRequest")
        refused(c.put("/bkt/k", b"x", headers=[key(1)[0], key(1)[1], key(2)[2]]), 400, "InvalidArgument")
        refused(c.put("/bkt/k", b"x", headers=key(1)[:2]), 400, "InvalidArgument")
        refused(c.put("/bkt/k", b"x", headers=[(prefix + "algorithm", "DES"), *key(1)[1:]]),
                400, "InvalidEncryptionAlgorithmError")
        upload = create(c, headers=key(1))
        refused(part(c, upload, 1, b"x"), 400, "InvalidRequest")
        refused(part(c, upload, 1, b"x", headers=key(2)), 400, "InvalidRequest")
        r = ok(part(c, upload, 1, b"x", headers=key(1)))
        ok(c.complete("/bkt/k", upload, [(1, r.header("ETag"))]))
        t.equal(ok(c.get("/bkt/k", headers=key(1))).body, b"x")


# ---- listings

def keys(answer):
    text = answer.body.decode()
    return [piece.split("</Key>")[0] for piece in text.split("<Key>")[1:]]


def prefixes(answer):
    text = answer.body.decode()
    return [piece.split("</Prefix>")[0] for piece in text.split("<CommonPrefixes><Prefix>")[1:]]


def test_list_v2():
    with t.Serve() as s:
        c = s.client()
        names = ["a", "b/1", "b/2", "b/c/3", "c", "d/1", "e"]
        for name in names:
            ok(c.put("/bkt/" + name, b"x"))

        def v2(*query):
            return ok(c.get("/bkt", query=[("list-type", "2"), *query]))

        t.equal(keys(v2()), names)
        r = v2(("delimiter", "/"))
        t.equal((keys(r), prefixes(r), r.xml("KeyCount")), (["a", "c", "e"], ["b/", "d/"], "5"))
        r = v2(("delimiter", "/"), ("prefix", "b/"))
        t.equal((keys(r), prefixes(r)), (["b/1", "b/2"], ["b/c/"]))
        t.equal(keys(v2(("start-after", "b/2"))), names[3:])
        for size in 1, 2, 3, 5, 7, 8:
            for delimiter in "", "/":
                seen, token = [], []
                while True:
                    r = v2(("max-keys", str(size)), ("delimiter", delimiter), *token)
                    page = sorted(keys(r) + prefixes(r))
                    t.true(len(page) <= size)
                    seen += page
                    if r.xml("IsTruncated") == "false":
                        break
                    token = [("continuation-token", r.xml("NextContinuationToken"))]
                t.equal(seen, ["a", "b/", "c", "d/", "e"] if delimiter else names)
        t.equal((keys(v2(("max-keys", "0"))), v2(("max-keys", "0")).xml("IsTruncated")), ([], "false"))
        for bad in ("max-keys", "-1"), ("max-keys", "x"), ("continuation-token", "x"), ("encoding-type", "x"):
            refused(c.get("/bkt", query=[("list-type", "2"), bad]), 400, "InvalidArgument")


def test_list_v1():
    with t.Serve() as s:
        c = s.client()
        for name in "a", "b/1", "b/2", "c", "d":
            ok(c.put("/bkt/" + name, b"x"))
        seen, marker = [], ""
        while True:
            r = ok(c.get("/bkt", query=[("delimiter", "/"), ("max-keys", "2"), ("marker", marker)]))
            seen += sorted(keys(r) + prefixes(r))
            if r.xml("IsTruncated") == "false":
                break
            marker = r.xml("NextMarker")
        t.equal(seen, ["a", "b/", "c", "d"])
        t.equal(keys(ok(c.get("/bkt", query=[("marker", "b/1")]))), ["b/2", "c", "d"])
        t.equal(ok(c.get("/bkt", query=[("max-keys", "2")])).xml("NextMarker"), None)


def test_delete_many():
    with t.Serve() as s:
        c = s.client()
        for name in "a", "b", "c":
            ok(c.put("/bkt/" + name, b"x"))
        body = b"<Delete><Object><Key>a</Key></Object><Object><Key>none</Key></Object></Delete>"
        where = dict(query=[("delete", "")])
        refused(c.post("/bkt", body, **where), 400, "InvalidRequest")
        md5 = [("Content-MD5", t.checksum("md5", body))]
        t.equal(keys(ok(c.post("/bkt", body, headers=md5, **where))), ["a", "none"])
        quiet = b"<Delete><Quiet>true</Quiet><Object><Key>b</Key></Object></Delete>"
        crc = [("x-amz-checksum-crc32", t.checksum("crc32", quiet))]
        t.equal(keys(ok(c.post("/bkt", quiet, headers=crc, **where))), [])
        t.equal(keys(ok(c.get("/bkt"))), ["c"])
        refused(c.post("/bkt", b"<Delete/>", headers=[("Content-MD5", t.checksum("md5", b"<Delete/>"))], **where),
                400, "MalformedXML")
        refused(c.post("/bkt", body, headers=[("Content-MD5", t.checksum("md5", b"x"))], **where), 400, "BadDigest")


def test_small_questions():
    with t.Serve() as s:
        c = s.client()
        ok(c.put("/bkt/k", b"x"))
        for name in "versioning", "acl", "logging", "notification", "requestPayment", "accelerate", "location":
            ok(c.get("/bkt", query=[(name, "")]))
        for name, code in (("policy", "NoSuchBucketPolicy"), ("lifecycle", "NoSuchLifecycleConfiguration"),
                           ("tagging", "NoSuchTagSet"), ("cors", "NoSuchCORSConfiguration"),
                           ("encryption", "ServerSideEncryptionConfigurationNotFoundError")):
            refused(c.get("/bkt", query=[(name, "")]), 404, code)
        refused(c.get("/bkt", query=[("inventory", "")]), 501, "NotImplemented")
        refused(c.put("/bkt/k", b"x", query=[("retention", "")]), 501, "NotImplemented")
        for method, path in (("PUT", "/"), ("POST", "/"), ("POST", "/bkt"), ("POST", "/bkt/k"), ("PATCH", "/bkt/k")):
            refused(c.request(method, path), 405, "MethodNotAllowed")
        t.match("<VersionId>null</VersionId>", ok(c.get("/bkt", query=[("versions", "")])).body.decode())
        r = ok(c.get("/bkt/k", query=[("attributes", "")],
                     headers=[("x-amz-object-attributes", "ETag,ObjectSize,StorageClass")]))
        t.equal((r.xml("ETag"), r.xml("ObjectSize"), r.xml("StorageClass")),
                (etag(b"x").strip('"'), "1", "STANDARD"))
        refused(c.get("/bkt/k", query=[("versionId", "1")]), 404, "NoSuchVersion")


# ---- the wire

def test_expect():
    with t.Serve() as s:
        c = s.client()
        request = c.build("PUT", "/bkt/k", body=b"x" * 1000, headers=[("Expect", "100-continue")])
        head, body = request.split(b"\r\n\r\n", 1)
        with c.connect() as connection:
            connection.send(head + b"\r\n\r\n")
            t.equal(connection.head()[0], 100)
            connection.send(body)
            ok(connection.receive())
        for bad, status, code in (
                (t.Client(s.endpoint, s.access, "wrong"), 403, "SignatureDoesNotMatch"),
                (t.Client(s.endpoint, "AKID", s.secret), 403, "InvalidAccessKeyId")):
            head = bad.build("PUT", "/bkt/k", body=b"x" * 1000, headers=[("Expect", "100-continue")]).split(b"\r\n\r\n")[0]
            with c.connect() as connection:
                connection.send(head + b"\r\n\r\n")
                r = connection.receive()
                t.equal(r.interim, [])
                refused(r, status, code)
                t.equal(r.header("Connection"), "close")
        head = c.build("PUT", "/bkt/k", body=b"x" * 1000,
                       headers=[("Expect", "100-continue"), ("If-None-Match", "*")]).split(b"\r\n\r\n")[0]
        with c.connect() as connection:
            connection.send(head + b"\r\n\r\n")
            r = connection.receive()
            t.equal(r.interim, [])
            refused(r, 412, "PreconditionFailed")


def test_an_early_answer_survives_a_body_under_way():
    with t.Serve() as s:
        wrong = t.Client(s.endpoint, s.access, "wrong")
        refused(wrong.put("/bkt/k", os.urandom(8 * MiB)), 403, "SignatureDoesNotMatch")


def test_keep_alive():
    with t.Serve() as s:
        c = s.client()
        with c.connect() as connection:
            for n in range(20):
                ok(c.put("/bkt/%d" % n, b"%d" % n, connection=connection))
                t.equal(ok(c.get("/bkt/%d" % n, connection=connection)).body, b"%d" % n)
                t.equal(c.get("/bkt/none", connection=connection).status, 404)


def test_ten_parts_at_once():
    with t.Serve() as s:
        c = s.client()
        upload, tags = create(c), {}
        bodies = {n: os.urandom(8 * MiB) for n in range(1, 11)}

        def one(n):
            tags[n] = ok(part(c, upload, n, bodies[n], payload=t.UNSIGNED)).header("ETag")
        threads = [threading.Thread(target=one, args=(n,)) for n in bodies]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        ok(c.complete("/bkt/k", upload, sorted(tags.items())))
        t.true(ok(c.get("/bkt/k")).body == b"".join(bodies[n] for n in sorted(bodies)))


def test_tls():
    with t.Serve("--tls") as s:
        t.match("^https://", s.endpoint)
        c = s.client()
        data = os.urandom(3 * MiB)
        ok(c.put("/bkt/k", data))
        t.true(ok(c.get("/bkt/k")).body == data)
        t.equal(os.stat(s.ca).st_mode & 0o777, 0o600)
        ca = s.ca
    t.true(not os.path.exists(os.path.dirname(ca)))


def test_ready_lines_and_keys():
    with t.Serve() as one, t.Serve() as two:
        t.true(one.access != two.access and one.secret != two.secret)
    env = t.environment(AWS_ACCESS_KEY_ID="AKIDTEST", AWS_SECRET_ACCESS_KEY="secret/test", AWS_REGION="eu-west-3")
    with t.Serve(env=env) as s:
        t.equal((s.access, s.secret, s.values["AWS_REGION"]), ("AKIDTEST", "secret/test", "eu-west-3"))
        ok(s.client(region="eu-west-3").get("/"))
    t.equal(s.wait(), 0)


# ---- a folder

def test_folder_survives_a_restart():
    folder = os.path.join(t.tmp(), "store")
    env = t.environment(AWS_ACCESS_KEY_ID="AKIDTEST", AWS_SECRET_ACCESS_KEY="secret")
    data = os.urandom(PART)
    with t.Serve("--dir", folder, env=env) as s:
        c = s.client()
        ok(c.put("/bkt/k", b"one", headers=[("x-amz-meta-a", "b c"), ("Content-Type", "x/y")]))
        ok(c.put("/bkt/k", b"two", headers=[("x-amz-meta-a", "b c"), ("Content-Type", "x/y")]))
        ok(c.put("/bkt/gone", b"gone"))
        ok(c.delete("/bkt/gone"), 204)
        ok(c.multipart("/bkt/mp", [data, b"tail"]))
        upload = create(c, "/bkt/open")
        tag = ok(part(c, upload, 1, b"part", path="/bkt/open")).header("ETag")
        second = t.Process(t.XFERDB, "serve", "--dir", folder, env=env)
        t.equal(second.wait(), 3)
        s.signal(9)
        s.wait()
    with t.Serve("--dir", folder, env=env) as s:
        c = s.client()
        r = ok(c.get("/bkt/k"))
        t.equal((r.body, r.header("x-amz-meta-a"), r.header("Content-Type")), (b"two", "b c", "x/y"))
        refused(c.get("/bkt/gone"), 404, "NoSuchKey")
        t.true(ok(c.get("/bkt/mp")).body == data + b"tail")
        t.equal(ok(c.get("/bkt/mp", query=[("partNumber", "2")]), 206).body, b"tail")
        r = ok(c.get("/bkt/mp", headers=[("Range", "bytes=%d-%d" % (PART - 3, PART + 1))]), 206)
        t.equal(r.body, data[-3:] + b"ta")
        ok(c.complete("/bkt/open", upload, [(1, tag)]))
        t.equal(ok(c.get("/bkt/open")).body, b"part")
        t.equal(sorted(os.listdir(os.path.join(folder, "temp"))), [])
        t.equal(len(os.listdir(os.path.join(folder, "data"))), 4)


def test_a_kill_in_mid_upload_leaves_an_object_absent_or_whole():
    folder = os.path.join(t.tmp(), "store")
    env = t.environment(AWS_ACCESS_KEY_ID="AKIDTEST", AWS_SECRET_ACCESS_KEY="secret")
    old, new = os.urandom(300000), os.urandom(4 * MiB)
    for delay in 0.0, 0.002, 0.005, 0.01, 0.02, 0.04:
        with t.Serve("--dir", folder, env=env) as s:
            c = s.client()
            ok(c.put("/bkt/k", old))

            def put(name):
                try:
                    c.put("/bkt/" + name, new)
                except (OSError, ConnectionError):
                    pass
            threads = [threading.Thread(target=put, args=(n,)) for n in ("k", "fresh")]
            for thread in threads:
                thread.start()
            time.sleep(delay)
            s.signal(9)
            s.wait()
            for thread in threads:
                thread.join()
        with t.Serve("--dir", folder, env=env) as s:
            c = s.client()
            t.true(ok(c.get("/bkt/k")).body in (old, new))
            r = c.get("/bkt/fresh")
            t.true(r.status == 404 or r.body == new)
            c.delete("/bkt/fresh")


# ---- faults

def test_fault_status_and_times():
    with t.Serve("--fault", "part=2,status=503,times=2,retry-after=1", "--fault", "op=get,after=1,status=403") as s:
        c = s.client()
        upload = create(c)
        ok(part(c, upload, 1, b"x"))
        for _ in range(2):
            r = part(c, upload, 2, b"x")
            refused(r, 503, "SlowDown")
            t.equal(r.header("Retry-After"), "1")
        ok(part(c, upload, 2, b"x"))
        ok(c.put("/bkt/k", b"x"))
        ok(c.get("/bkt/k"))
        refused(c.get("/bkt/k"), 403, "AccessDenied")


def test_fault_hold_and_latency():
    with t.Serve("--fault", "op=put,hold=400ms", "--fault", "op=get,latency=300ms") as s:
        c = s.client()
        start = time.monotonic()
        ok(c.put("/bkt/k", b"x"))
        t.true(time.monotonic() - start >= 0.4)
        start = time.monotonic()
        ok(c.get("/bkt/k"))
        t.true(0.3 <= time.monotonic() - start)


def reset(c, request):
    with c.connect() as connection:
        try:
            connection.send(request)
            connection.receive()
        except ConnectionResetError:
            return True
        except BrokenPipeError:
            return True
    return False


def test_fault_reset():
    with t.Serve("--fault", "key=a,reset", "--fault", "key=b,reset=start", "--fault", "key=c,reset=mid,op=put",
                 "--fault", "key=d,op=get,reset=mid") as s:
        c = s.client()
        for key in "a", "b", "c":
            t.true(reset(c, c.build("PUT", "/bkt/" + key, body=os.urandom(MiB))), key)
        ok(c.put("/bkt/d", os.urandom(MiB)))
        t.true(reset(c, c.build("GET", "/bkt/d")))
        listed = keys(ok(c.get("/bkt")))
        t.equal(listed, ["a", "d"])      # a reset before the answer loses the answer, not the effect


def test_fault_stall_and_truncate():
    with t.Serve("--fault", "key=a,stall", "--fault", "key=b,op=get,truncate", "--fault", "key=c,op=get,stall=mid") as s:
        c = s.client()
        with c.connect() as connection:
            connection.send(c.build("PUT", "/bkt/a", body=b"x"))
            connection.socket.settimeout(0.7)
            try:
                connection.receive()
                t.true(False, "an answer came")
            except socket.timeout:
                pass
        for key in "b", "c":
            ok(c.put("/bkt/" + key, b"x" * 100000))
            with c.connect() as connection:
                connection.send(c.build("GET", "/bkt/" + key))
                connection.socket.settimeout(0.7)
                try:
                    connection.receive()
                    t.true(False, "a whole answer came")
                except socket.timeout:
                    t.equal(key, "c")
                except ConnectionError as why:
                    t.equal(key, "b", why)
        s.stop()                                        # waits for nobody who is stalled


def test_fault_answers():
    with t.Serve("--fault", "key=e,error200", "--fault", "key=t,noetag", "--fault", "key=s,badsum") as s:
        c = s.client()
        r = ok(c.put("/bkt/e", b"x"))
        t.equal(r.xml("Code"), "InternalError")
        refused(c.get("/bkt/e/"), 404, "NoSuchKey")
        t.equal(ok(c.put("/bkt/t", b"x")).header("ETag"), None)
        upload = create(c, "/bkt/t")
        tag = etag(b"x")
        t.equal(ok(part(c, upload, 1, b"x", path="/bkt/t")).header("ETag"), None)
        t.true(b"<ETag></ETag>" in ok(c.complete("/bkt/t", upload, [(1, tag)])).body)
        value = t.checksum("crc32", b"x")
        r = ok(c.put("/bkt/s", b"x", headers=[("x-amz-checksum-crc32", value)]))
        t.true(r.header("x-amz-checksum-crc32") not in (None, value))


def test_fault_early_and_no_continue():
    with t.Serve("--fault", "key=e,early,status=403", "--fault", "key=n,no-continue") as s:
        c = s.client()
        head, body = c.build("PUT", "/bkt/e", body=b"x" * 1000, headers=[("Expect", "100-continue")]).split(b"\r\n\r\n", 1)
        with c.connect() as connection:
            connection.send(head + b"\r\n\r\n")
            r = connection.receive()
            t.equal((r.interim, r.status), ([], 403))
        head, body = c.build("PUT", "/bkt/n", body=b"x" * 1000, headers=[("Expect", "100-continue")]).split(b"\r\n\r\n", 1)
        with c.connect() as connection:
            connection.send(head + b"\r\n\r\n")
            connection.socket.settimeout(0.5)
            try:
                connection.head()
                t.true(False, "100 came")
            except socket.timeout:
                pass
            connection.socket.settimeout(30)
            connection.send(body)
            r = ok(connection.receive())
            t.equal(r.interim, [])


def test_fault_bandwidth():
    with t.Serve("--fault", "bandwidth=4MB") as s:
        c = s.client()
        start = time.monotonic()
        ok(c.put("/bkt/k", os.urandom(2 * MiB), payload=t.UNSIGNED))
        t.true(0.4 <= time.monotonic() - start, "the body came too fast")
        start = time.monotonic()
        t.equal(len(ok(c.get("/bkt/k")).body), 2 * MiB)
        t.true(0.4 <= time.monotonic() - start, "the answer came too fast")


def test_fault_rule_errors():
    for rule, words in (("part=3,hurt", ("hurt", "hold", "bandwidth")), ("part=0,reset", ("part=0", "10000")),
                        ("op=fly,reset", ("op=fly", "complete")), ("hold=soon", ("hold=soon", "200ms")),
                        ("part=3", ("part=3", "does nothing"))):
        r = t.xferdb("serve", "--fault", rule)
        t.equal(r.status, 2, r)
        for word in words:
            t.true(word in r.err, r)


def rss_kib(pid):
    with open("/proc/%d/status" % pid, encoding="ascii") as f:
        return int(next(line for line in f if line.startswith("VmRSS:")).split()[1])


def test_an_object_that_is_replaced_is_not_kept():
    """Completed uploads are remembered for a repeated Complete, their bytes are not."""
    # the address sanitizer holds back 256 MiB of what was freed, unless told otherwise
    options = os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=1"
    with t.Serve(env=t.environment(ASAN_OPTIONS=options)) as server:
        client, part = server.client(), t.make_bytes(5 * t.MiB)
        sizes = []
        for _ in range(24):
            client.multipart("/bucket/key", [part, b"end"])
            sizes.append(rss_kib(server.pid))
        t.true(sizes[-1] - sizes[3] < 60 * 1024, sizes)


if __name__ == "__main__":
    t.main()
