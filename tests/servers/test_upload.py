"""What xferdb uploads to servers that are not ours comes back byte-identical through the AWS CLI."""
import t

# nothing, one request, one byte below the threshold, the threshold itself, three parts
SIZES = (0, 1000, 8 * t.MiB - 1, 8 * t.MiB, 20 * t.MiB + 7)


def upload(name, *options, tls=False, readable=True, sizes=SIZES):
    with t.RealServer(name) as server:
        for size in sizes:
            source, key = t.make_file("source", size, seed=size + 1), "upload/%d" % size
            target = "s3://%s/%s" % (server.bucket, key)
            put = server.xferdb("put", source, target, "--json", "--verify", *options, tls=tls)
            t.equal(put.status, 0, put)
            t.equal((put.verdict["answer"], put.verdict["outcome"], put.verdict["visible"]),
                    ("blocks", "stored", True), put)
            transfer, = put.call["transfers"]
            t.equal((transfer["bytes"], transfer["multipart"]), (size, size >= 8 * t.MiB), put)
            if readable:
                got = server.aws("s3", "cp", "--no-progress", target, t.tmp("got"), tls=tls)
                t.equal(got.status, 0, got)
                t.equal(t.sha256(t.tmp("got")), t.sha256(source))
            else:
                head = server.client().head("/%s/%s" % (server.bucket, key))
                t.equal(head.header("Content-Length"), str(size))


def test_ceph():
    upload("ceph")


def test_ceph_over_tls():
    upload("ceph", tls=True, sizes=SIZES[1:])


def test_ceph_from_the_calling_thread():
    upload("ceph", "--no-threads", sizes=SIZES[3:])


def test_swift():
    upload("swift")


def test_s3rver():
    upload("s3rver")


def test_fauxqs():
    upload("fauxqs", sizes=SIZES[1:])     # an empty body without Content-Type is a 500 there


def test_sink():
    upload("sink", readable=False)


def test_a_server_that_refuses_trailers_is_one_sentence_that_says_what_to_set():
    with t.RealServer("ceph") as server:
        put = t.xferdb("put", t.make_file("source", 1000), "s3://%s/trailer" % server.bucket, "--json",
                       env={**server.environment(tls=True), "AWS_REQUEST_CHECKSUM_CALCULATION": "when_supported"})
        t.equal((put.status, put.call["transfers"][0]["error"]["code"]), (3, "MissingContentLength"), put)
        t.match("AWS_REQUEST_CHECKSUM_CALCULATION=when_required", put.err)


def test_a_wrong_secret_is_one_sentence_and_leaves_nothing():
    with t.RealServer("ceph") as server:
        source = t.make_file("source", 20 * t.MiB)
        put = t.xferdb("put", source, "s3://%s/wrong" % server.bucket, "--json",
                       env=server.environment(AWS_SECRET_ACCESS_KEY="not-the-secret"))
        t.equal(put.status, 3, put)
        t.equal(put.call["transfers"][0]["error"]["http_status"], 403, put)
        t.true("not-the-secret" not in put.out + put.err)
        listing = server.aws("s3api", "list-multipart-uploads", "--bucket", server.bucket)
        t.true('"Uploads"' not in listing.out, listing)
        t.equal(server.client().head("/%s/wrong" % server.bucket).status, 404)


if __name__ == "__main__":
    t.main()
