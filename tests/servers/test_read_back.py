"""One suite for every server, ours included: what put stores, get, boto3, the AWS CLI and rclone read."""
import os

import t

SIZES = (0, 1, 1000, 8 * t.MiB - 1, 8 * t.MiB, 17 * t.MiB + 3)


class Ours:
    """The embedded endpoint with the face of a RealServer."""

    def __init__(self, *args):
        self.serve, self.bucket = t.Serve(*args), "bucket"
        self.endpoint = self.serve.endpoint

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.serve.stop()

    def environment(self, **extra):
        return self.serve.environment(**extra)

    def xferdb(self, *args, **how):
        return self.serve.xferdb(*args, **how)


def readers(server):
    """name: function(key, path) returning a Result; those whose program is there."""
    env, found = server.environment(), {}
    found["get"] = lambda key, path: server.xferdb("get", "s3://%s/%s" % (server.bucket, key), path, "--no-trace")
    found["get -"] = lambda key, path: t.run("/bin/sh", "-c", "%s get s3://%s/%s - --no-trace > %s" % (
        t.XFERDB, server.bucket, key, path), env=env)
    if os.path.exists("/usr/lib/python3/dist-packages/boto3"):
        script = ("import boto3, sys\nfrom botocore.config import Config\n"
                  "boto3.client('s3', endpoint_url=sys.argv[1], config=Config(s3={'addressing_style': 'path'}))"
                  ".download_file(*sys.argv[2:5])")
        found["boto3"] = lambda key, path: t.run("/usr/bin/python3", "-c", script, server.endpoint, server.bucket, key,
                                                 path, env=env)
    for name, command in (
            ("aws", lambda key, path: ["s3", "cp", "--no-progress", "--endpoint-url", server.endpoint,
                                       "s3://%s/%s" % (server.bucket, key), path]),
            ("rclone", lambda key, path: ["copyto", ":s3,provider=Other,env_auth,endpoint='%s':%s/%s" % (
                server.endpoint, server.bucket, key), path])):
        try:
            program = t.need(name)
        except t.Skip:
            continue
        found[name] = lambda key, path, program=program, command=command: t.run(program, *command(key, path), env=env)
    return found


def read_back(server, sizes=SIZES):
    for size in sizes:
        source, key = t.make_file("source", size, seed=size + 1), "back/%d" % size
        put = server.xferdb("put", source, "s3://%s/%s" % (server.bucket, key), "--no-trace")
        t.equal(put.status, 0, put)
        for name, read in readers(server).items():
            path = t.tmp("got")
            r = read(key, path)
            t.equal(r.status, 0, (name, size, r))
            t.equal(t.sha256(path), t.sha256(source), "%s of %d bytes" % (name, size))
            os.unlink(path)


def resume(server):
    """What an upload left behind is continued where the server lists parts."""
    source = t.make_file("source", 25 * t.MiB)
    r = server.xferdb("put", source, "s3://%s/resumed" % server.bucket, "--resume")
    t.equal(r.status, 0, r)
    r = server.xferdb("uploads", "s3://%s" % server.bucket)
    t.equal(r.status, 0, r)


def test_ours_in_memory():
    with Ours() as server:
        read_back(server)
        resume(server)


def test_ours_in_a_folder():
    with Ours("--dir", t.tmp("store")) as server:
        read_back(server)


def test_ceph():
    with t.RealServer("ceph") as server:
        read_back(server)
        resume(server)


def test_swift():
    with t.RealServer("swift") as server:
        read_back(server)


def test_s3rver():
    with t.RealServer("s3rver") as server:
        read_back(server)


def test_fauxqs():
    with t.RealServer("fauxqs") as server:
        read_back(server, SIZES[1:])      # an empty body without Content-Type is a 500 there


if __name__ == "__main__":
    t.main()
