"""Each server for real, with a client that is not ours: what the AWS CLI puts, it gets back."""
import t


SIZES = (0, 1000, 20 * t.MiB)       # nothing, one request, three parts


def round_trip(name, tls=False, readable=True, sizes=SIZES):
    with t.RealServer(name) as server:
        for size in sizes:
            source = t.make_file("source", size, seed=size + 1)
            key = "s3://%s/round/%d" % (server.bucket, size)
            put = server.aws("s3", "cp", "--no-progress", source, key, tls=tls)
            t.equal(put.status, 0, put)
            head = server.aws("s3api", "head-object", "--bucket", server.bucket, "--key", "round/%d" % size, tls=tls)
            t.match(r'"ContentLength": %d\b' % size, head.out, head)
            if readable:
                got = server.aws("s3", "cp", "--no-progress", key, t.tmp("got"), tls=tls)
                t.equal(got.status, 0, got)
                t.equal(t.sha256(t.tmp("got")), t.sha256(source))


def test_ceph():
    round_trip("ceph")


def test_ceph_over_tls():
    round_trip("ceph", tls=True)


def test_swift():
    round_trip("swift")


def test_s3rver():
    round_trip("s3rver")


def test_fauxqs():
    round_trip("fauxqs", sizes=SIZES[1:])     # an empty body without Content-Type is a 500 there


def test_sink():
    round_trip("sink", readable=False)


def test_up_again_prints_the_same_and_down_ends_it():
    server = t.RealServer("sink")
    again = t.run(server._script + "-up", env=server._env)
    t.equal(dict(line.split("=", 1) for line in again.out.splitlines()), server.values)
    down = t.run(server._script + "-down", env=server._env)
    t.equal((down.status, down.out), (0, ""))
    try:
        t.Connection(server.endpoint)
        raise AssertionError("still answers")
    except ConnectionRefusedError:
        pass


if __name__ == "__main__":
    t.main()
